"""What the schema promises as a whole: described throughout, exact amounts, one way to name an order."""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLError,
    GraphQLField,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    get_named_type,
)

from graph.schema import build_schema, schema
from graph.types.ids import decode, decode_as, encode
from graph.types.scalars import SCALARS, BigInt, DecimalText

GRAPH = schema._schema
OURS = [kind for name, kind in GRAPH.type_map.items() if not name.startswith("__")]
BUILT_IN = {"Int", "Float", "String", "Boolean", "ID"}
AMOUNTS = re.compile(
    r"amount|price|total$|discount|tax$|shipping|captured|refunded|refundable|reserved|^due$|minor",
    re.IGNORECASE,
)


def _fields(kind: GraphQLNamedType) -> dict[str, GraphQLField | GraphQLInputField]:
    if isinstance(kind, GraphQLObjectType | GraphQLInterfaceType | GraphQLInputObjectType):
        return dict(kind.fields)
    return {}


def _everything() -> Iterator[tuple[str, str | None]]:
    """Whatever can have a description, by its name."""
    for kind in OURS:
        yield kind.name, kind.description
        for name, field in _fields(kind).items():
            yield f"{kind.name}.{name}", field.description
            for argument_name, argument in getattr(field, "args", {}).items():
                yield f"{kind.name}.{name}({argument_name})", argument.description
        if isinstance(kind, GraphQLEnumType):
            for name, value in kind.values.items():
                yield f"{kind.name}.{name}", value.description


def test_everything_in_the_schema_is_described():
    assert [name for name, description in _everything() if not (description or "").strip()] == []


def test_a_description_is_a_sentence():
    assert [name for name, text in _everything() if not re.search(r"[.:?]\s*$|\)\.?$", text or "")] == []


def test_nothing_is_a_float():
    assert "Float" not in GRAPH.type_map


def test_every_amount_is_exact_money():
    amounts = {
        f"{kind.name}.{name}": get_named_type(field.type).name
        for kind in OURS
        for name, field in _fields(kind).items()
        if AMOUNTS.search(name)
    }
    assert len(amounts) > 30
    exact = {"Money", "MoneyInput", "Decimal", "BigInt"}
    # Lists of what has amounts inside, and what only sounds like an amount.
    inside = {"Totals", "ShippingInput", "Boolean"}
    assert {name: kind for name, kind in amounts.items() if kind not in exact | inside} == {}


def test_enum_values_are_in_upper_case():
    values = [v for kind in OURS if isinstance(kind, GraphQLEnumType) for v in kind.values]
    assert [value for value in values if not re.fullmatch(r"[A-Z][A-Z0-9_]*", value)] == []


def test_our_scalars_are_the_only_ones():
    scalars = {kind.name for kind in OURS if type(kind).__name__ == "GraphQLScalarType"}
    assert scalars - BUILT_IN == {"BigInt", "Cursor", "Date", "DateTime", "Decimal", "Upload"}


@pytest.mark.parametrize(("interface", "types"), [
    ("OrderView", {"Order", "MerchantOrder", "CustomerOrder", "PaymentsOrder", "LogisticsOrder"}),
    ("LineView", {"Line", "MerchantLine", "CustomerLine", "PaymentsLine", "LogisticsLine"}),
])  # fmt: skip
def test_every_application_has_its_own_type_behind_a_shared_interface(interface: str, types: set[str]):
    kind = GRAPH.type_map[interface]
    assert isinstance(kind, GraphQLInterfaceType)
    assert {each.name for each in GRAPH.get_possible_types(kind)} == types


@pytest.mark.parametrize("name", ["MerchantOrder", "MerchantLine"])
def test_a_merchants_type_has_no_field_for_the_marketplaces_side(name: str):
    for_marketplace = {
        "merchantOrders", "payment", "captured", "refunded", "customer", "policies",
        "externalReference", "channel",
    }  # fmt: skip
    assert not for_marketplace & _fields(GRAPH.type_map[name]).keys()


@pytest.mark.parametrize("name", ["CustomerOrder", "CustomerLine"])
def test_a_customers_type_shows_no_states(name: str):
    shown = {get_named_type(field.type).name for field in _fields(GRAPH.type_map[name]).values()}
    assert not shown & {"State", "PartyState", "AudienceStatus", "MerchantOrder"}


@pytest.mark.parametrize("name", ["LogisticsOrder", "LogisticsLine"])
def test_carriers_are_shown_no_money(name: str):
    shown = {get_named_type(field.type).name for field in _fields(GRAPH.type_map[name]).values()}
    assert not shown & {"Money", "Totals", "OrderPayment"}


@pytest.mark.parametrize(
    ("selector", "sentence"),
    [
        ("{}", "OneOf"),
        ('{id: "x", reference: "y"}', "OneOf"),
        ("{reference: null}", "non-null"),
    ],
)
def test_an_order_is_named_in_exactly_one_way(selector: str, sentence: str):
    query = f"{{ marketplace {{ order(by: {selector}) {{ id }} }} }}"
    [problem] = schema.read(query).problems
    assert sentence in problem.message


def test_production_has_no_test_clock_and_no_demo():
    production = build_schema(development=False)._schema
    assert schema._schema.mutation_type is not None
    assert production.mutation_type is not None
    more = schema._schema.mutation_type.fields.keys() - production.mutation_type.fields.keys()
    assert more == {"advanceTestClock", "demoCheckout"}


# Scalars


def _parse(python_type: object, value: object) -> object:
    scalar = SCALARS[python_type]
    assert scalar.parse_value is not None
    return scalar.parse_value(value)


@pytest.mark.parametrize("text", ["0", "12.50", "-3.1", "9007199254740993"])
def test_a_decimal_is_taken_as_it_is_written(text: str):
    assert _parse(DecimalText, text) == text


@pytest.mark.parametrize(
    "value", [12.5, 12, "", "1e3", "NaN", "1,50", "1_000", " 1", "٣", ".5", "5.", True, None]
)
def test_a_decimal_is_never_a_number_or_anything_that_could_be_rounded(value: object):
    with pytest.raises(GraphQLError):
        _parse(DecimalText, value)


@pytest.mark.parametrize("value", [0, -1, 2**31, 2**53])
def test_a_big_int_passes_the_32_bits_of_an_int(value: int):
    assert _parse(BigInt, value) == value


@pytest.mark.parametrize("value", [2**53 + 1, 1.0, "1", True, None])
def test_a_big_int_is_a_whole_number_that_every_client_can_count(value: object):
    with pytest.raises(GraphQLError):
        _parse(BigInt, value)


def test_a_time_is_shown_in_utc_whatever_its_zone():
    serialize = SCALARS[datetime].serialize
    assert serialize is not None
    there = datetime(2026, 1, 31, 14, 0, 0, 5_000, timezone(timedelta(hours=2)))
    assert serialize(there) == "2026-01-31T12:00:00.005Z"


def test_a_time_is_read_with_its_zone():
    assert _parse(datetime, "2026-01-31T14:00:00+02:00") == datetime(2026, 1, 31, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    "value", ["2026-01-31T12:00:00", "2026-01-31", "2026-02-30T00:00:00Z", "0001-01-01T00:00:00+12:00", 5]
)
def test_a_time_without_a_zone_or_that_never_was_is_refused(value: object):
    with pytest.raises(GraphQLError):
        _parse(datetime, value)


def test_a_day_is_a_day_of_the_calendar():
    assert _parse(date, "2028-02-29") == date(2028, 2, 29)
    for value in ("2026-02-29", "20260131", "2026-1-31", 20260131):
        with pytest.raises(GraphQLError):
            _parse(date, value)


# Ids


def test_an_id_tells_its_type_and_what_storage_calls_it():
    assert decode(encode("Line", "01abc-1")) == ("Line", "01abc-1")
    assert decode_as("Line", encode("Line", "01abc-1")) == "01abc-1"
    assert decode_as("Order", encode("Line", "01abc-1")) is None


@pytest.mark.parametrize(
    "text", ["", "x", "%%%", "Order:1", "T3JkZXI", "OjE", "T3JkZXI6", "/////w", "ünïcode", "\0", "A" * 10_000]
)
def test_what_is_no_id_is_nobodys(text: str):
    assert decode(text) is None


def test_an_id_has_one_spelling():
    given = encode("Order", "1")
    for other in (given + "=", given + "==", given + "\n", given[:2] + "*" + given[2:]):
        assert decode(other) is None
