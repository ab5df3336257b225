"""The schema's own scalars: how each is written and read. Amounts never pass through a float."""

import re
from datetime import UTC, date, datetime
from typing import NewType

import strawberry
from graphql import GraphQLError
from starlette.datastructures import UploadFile
from strawberry.types.scalar import ScalarDefinition

DecimalText = NewType("DecimalText", str)
"""A decimal number as text, such as "12.50"."""

BigInt = NewType("BigInt", int)
"""A whole number that every JSON client can count exactly."""

Cursor = NewType("Cursor", str)
"""A place in a list or in a feed; only the server reads it."""

Upload = NewType("Upload", UploadFile)
"""A file that came with the request; it is closed when the request is answered."""

_LARGEST = 2**53
_DECIMAL = re.compile(r"-?\d{1,30}(\.\d{1,20})?", re.ASCII)
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_TIME = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,9})?(Z|[+-]\d{2}:\d{2})", re.ASCII)


def _decimal(value: object) -> str:
    if not isinstance(value, str) or not _DECIMAL.fullmatch(value):
        raise GraphQLError('An amount is written as text, with a point: "12.50".')
    return value


def _big_int(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or abs(value) > _LARGEST:
        raise GraphQLError("This must be a whole number of at most 2^53.")
    return value


def _date(value: object) -> date:
    problem = GraphQLError('A date is written as text: "2026-01-31".')
    if not isinstance(value, str) or not _DATE.fullmatch(value):
        raise problem
    try:
        return date.fromisoformat(value)
    except ValueError:  # the 31st of February
        raise problem from None


def _date_time(value: object) -> datetime:
    problem = GraphQLError('A time is written as text with its zone: "2026-01-31T12:00:00Z".')
    if not isinstance(value, str) or not _TIME.fullmatch(value):
        raise problem
    try:
        return datetime.fromisoformat(value).astimezone(UTC)
    except (ValueError, OverflowError):
        raise problem from None


def _cursor(value: object) -> str:
    if not isinstance(value, str) or len(value) > 1000:
        raise GraphQLError("A cursor is the text that the server gave.")
    return value


def _upload(value: object) -> UploadFile:
    if not isinstance(value, UploadFile):
        raise GraphQLError("A file comes as a part of a multipart/form-data request, with null in its place.")
    return value


def date_time_text(at: datetime) -> str:
    """Write a UTC time as RFC 3339 with milliseconds: 2026-01-31T12:00:00.000Z."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"


SCALARS: dict[object, ScalarDefinition] = {
    DecimalText: strawberry.scalar(
        name="Decimal",
        description='A decimal number as text, such as "12.50", so that no client rounds it.',
        serialize=str,
        parse_value=_decimal,
    ),
    BigInt: strawberry.scalar(
        name="BigInt",
        description="A whole number of at most 2^53, as a JSON number.",
        serialize=int,
        parse_value=_big_int,
    ),
    Cursor: strawberry.scalar(
        name="Cursor",
        description="A place in a list or in a feed. Opaque: hand back what the server gave.",
        serialize=str,
        parse_value=_cursor,
    ),
    Upload: strawberry.scalar(
        name="Upload",
        description="A file, sent as a part of a GraphQL multipart request. Nothing answers with one.",
        specified_by_url="https://github.com/jaydenseric/graphql-multipart-request-spec",
        parse_value=_upload,
    ),
    datetime: strawberry.scalar(
        name="DateTime",
        description="A moment in UTC as RFC 3339 text, such as 2026-01-31T12:00:00.000Z.",
        specified_by_url="https://scalars.graphql.org/andimarek/date-time",
        serialize=date_time_text,
        parse_value=_date_time,
    ),
    date: strawberry.scalar(
        name="Date",
        description="A day without a time, such as 2026-01-31.",
        specified_by_url="https://scalars.graphql.org/andimarek/local-date",
        serialize=date.isoformat,
        parse_value=_date,
    ),
}
"""For `StrawberryConfig(scalar_map=SCALARS)`."""
