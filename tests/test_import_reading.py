"""Files as people and attackers upload them: each is read, or refused with a sentence, in bounded memory."""

import random
import tempfile
import tracemalloc
from collections.abc import Mapping
from io import BytesIO
from typing import BinaryIO, cast

import pytest

from graph.imports import reading
from graph.imports.reading import LONGEST_LINE, LONGEST_ROW, Columns, read
from graph.imports.rows import FileRefused, Row, RowOutcome, RowProblem, RowResult, invalid_row
from graph.imports.sorting import MOST_OF_ONE_ORDER, Sorter


def order_of(values: Mapping[str, str]) -> str:
    if values.get("event") == "fly":
        raise RowProblem("Nothing flies here.", "event")
    return values["order_reference"].upper()


COLUMNS = Columns(("order_reference", "event", "carrier", "tracking_number"), ("order_reference",), order_of)
HEADER = b"order_reference,event,carrier\n"


def rows(data: bytes, columns: Columns = COLUMNS) -> list[Row | RowResult]:
    return list(read(BytesIO(data), columns))


def refusal(data: bytes, columns: Columns = COLUMNS) -> str:
    with pytest.raises(FileRefused) as refused:
        rows(data, columns)
    return str(refused.value)


def invalid(data: bytes) -> RowResult:
    """The result of the one row of `data`, which must be invalid."""
    (result,) = rows(HEADER + data)
    assert isinstance(result, RowResult)
    assert (result.outcome, result.code, result.number) == (RowOutcome.INVALID, "INVALID_INPUT", 2)
    return result


def test_a_row_has_the_texts_that_are_not_empty_without_blanks_around_them() -> None:
    assert rows(HEADER + b" k7qw-2m9x , ship,\n") == [
        Row(2, "K7QW-2M9X", {"order_reference": "k7qw-2m9x", "event": "ship"})
    ]


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("ends", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_each_separator_and_line_break_is_read_with_and_without_a_bom(
    separator: str, ends: str, mark: str
) -> None:
    lines = (("order_reference", "event", "carrier"), ("A", "ship", '"München, ""a; b"""'), ("B", "", "x"))
    text = mark + ends.join(separator.join(line) for line in lines)
    first, second = rows(text.encode())
    assert first == Row(2, "A", {"order_reference": "A", "event": "ship", "carrier": 'München, "a; b"'})
    assert second == Row(3, "B", {"order_reference": "B", "carrier": "x"})


def test_a_header_is_understood_in_any_case_with_blanks_for_underscores_and_in_any_order() -> None:
    (row,) = rows(b'"Event";Order Reference;tracking-number\nship;A;1\n')
    assert row == Row(2, "A", {"event": "ship", "order_reference": "A", "tracking_number": "1"})


def test_a_report_can_be_read_again_without_what_it_says_and_its_apostrophes() -> None:
    report = (
        b"row,order_reference,event,carrier,outcome,message,code,column,possible\n"
        b"2,A,ship,'=1+1,invalid,no,X,carrier,ship cancel\n"
    )
    (row,) = rows(report)
    assert row == Row(2, "A", {"order_reference": "A", "event": "ship", "carrier": "=1+1"})
    (untouched,) = rows(HEADER + b"A,ship,'=1+1\n")
    assert isinstance(untouched, Row)
    assert untouched.values["carrier"] == "'=1+1"


def test_the_separator_may_be_told_in_a_line_of_its_own_which_does_not_count() -> None:
    (row,) = rows(b"sep=;\r\norder_reference;event\r\nA;ship\r\n")
    assert row == Row(2, "A", {"order_reference": "A", "event": "ship"})
    assert "The first row is blank" in refusal(b"sep=;\n")


def test_the_columns_of_the_file_are_known_also_where_nothing_stands_in_them() -> None:
    found = read(BytesIO(b"event,row,order_reference,message\nship,2,A,\n"), COLUMNS)
    assert found.names == {"event", "order_reference"}


def test_blank_lines_are_skipped_and_counted_as_spreadsheets_count() -> None:
    found = rows(HEADER + b"\n  \nA,ship,\n,,\n\r\nB,ship,")
    assert [row.number for row in found] == [4, 7]


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "The file is empty"),
        (b"\xef\xbb\xbf", "The first row is blank"),
        (HEADER, "no rows below its header"),
        (HEADER + b"\n,,\n\n", "no rows below its header"),
        (b"event,carrier\nship,x\n", "It lacks 'order_reference'."),
        (b"order_reference,event,event\n", "It has 'event' more than once."),
        (b"Event,order_reference,event\n", "It has 'event' more than once."),
        (b"order_reference,evnt\n", "There is no column 'evnt'. Is 'evnt' meant to be 'event'?"),
        (b"order_reference,<b>\x1b[31m\n", r"no column '<b>\x1b[31m'."),
        (b"order_reference," + b"x" * 1000 + b"\n", f"no column '{'x' * 40}…'."),
        (b"order_reference," + b"a,b,c,d,e,f,g\n", "'a', 'b', 'c', 'd', 'e' and 2 more"),
        (b"order_reference,event,\n", "Column 3 has no name."),
        (b"order_reference event\n", "There is no column 'order_reference_event'."),
        (b'order_reference,"event\n', "There is no column '\"event'."),
        (b"\n" + HEADER, "The first row is blank"),
        (b" ; ;\n", "The first row is blank"),
        (b"PK\x03\x04\x14\x00\x06\x00", "is a workbook or a ZIP archive. Save it as CSV with UTF-8"),
        ("order_reference\nA\n".encode("utf-16"), "is UTF-16. Save it as CSV with UTF-8"),
        ("order_reference\nA\n".encode("utf-16-le"), "NUL characters, as UTF-16 does. Save it as"),
        (b"order_reference,event\rA,ship\rB,ship\r", "end with a carriage return alone. Save it as"),
        (HEADER + b"A,ship,x\nB,ship,Caf\xe9\n", "Row 3 is not UTF-8: byte 50 of the file is 0xE9. Save it"),
        (b"\xef\xbb\xbf" + HEADER + b"\xe9\n", "Row 2 is not UTF-8: byte 34 of the file is 0xE9."),
        (b"order_reference,\xe9v\n", "Row 1 is not UTF-8: byte 17 of the file is 0xE9."),
        (HEADER + b"A,ship,x\n\nB,sh\xed\xa0\x80ip,x\n", "Row 4 is not UTF-8"),
        (HEADER + b'A,ship,x\nB,ship,"x\nC,ship,x\n', "A quote opens in row 3 and is never closed."),
        (HEADER + b'A,ship,"', "A quote opens in row 2 and is never closed."),
        (HEADER + b'A,ship,"x\n' + b"B,ship,x\n" * 20_000, "Row 2 is longer than 64 KiB, over several lines"),
        (HEADER + b"A,ship," + b"x" * LONGEST_LINE, "Row 2 is longer than 64 KiB."),
        (b"x" * (LONGEST_LINE + 1), "Row 1 is longer than 64 KiB."),
        (b"\xff\xd8\xff\xe0\x00\x10JFIF\n", "NUL characters"),
    ],
    ids=lambda value: repr(value[-30:]),
)
def test_a_file_that_is_none_of_ours_is_refused_with_what_is_wrong(data: bytes, says: str) -> None:
    message = refusal(data)
    assert says in message
    assert message.isprintable()
    assert len(message) < 600


def test_a_header_that_is_refused_is_told_all_that_is_wrong_and_which_columns_there_are() -> None:
    message = refusal(b"evnt;carrier;carrier\n")
    for part in ("'evnt'", "lacks 'order_reference'", "'carrier' more than once", ", ".join(COLUMNS.names)):
        assert part in message


def test_of_columns_that_may_stand_for_each_other_one_is_enough() -> None:
    columns = Columns(("a", "b", "c"), (), lambda _: "x", either=("a", "b"))
    assert rows(b"b,c\n1,2\n", columns) == [Row(2, "x", {"b": "1", "c": "2"})]
    assert "It lacks 'a' or 'b'." in refusal(b"c\n1\n", columns)


def test_the_header_is_refused_before_the_first_row_is_asked_for() -> None:
    with pytest.raises(FileRefused):
        read(BytesIO(b"nonsense\n"), COLUMNS)


@pytest.mark.parametrize(
    ("data", "says", "column"),
    [
        (b"A,ship\n", "The row has 2 values and the header 3 columns.", None),
        (b"A,ship,x,\n", "The row has 4 values and the header 3 columns.", None),
        (b",ship,x\n", "Every row needs a value in order_reference.", "order_reference"),
        (b"A,fly,x\n", "Nothing flies here.", "event"),
        (b"A,ship,x\0y\n", "carrier holds a control character", "carrier"),
        (b"A,\x1b[31mship,x\n", "event holds a control character", "event"),
        (b'A,ship,"x\ny"\n', "carrier holds a control character", "carrier"),
        (b"A,ship,\xc2\x85\n", "carrier holds a control character", "carrier"),
        (b'A,ship,"x"y\n', "goes on after they close", None),
        (b"A,sh\rip,x\n", "a line break outside of quotes", None),
    ],
    ids=repr,
)
def test_a_row_that_cannot_be_used_is_invalid_and_names_its_column(
    data: bytes, says: str, column: str | None
) -> None:
    result = invalid(data)
    assert says in (result.message or "")
    assert result.column == column


def test_the_rows_behind_an_invalid_one_are_read() -> None:
    found = rows(HEADER + b'A,ship,"x"y"\nB,ship\nC,sh\rip,x\nD,ship,x\n')
    assert [(row.number, isinstance(row, Row)) for row in found] == [
        (2, False),
        (3, False),
        (4, False),
        (5, True),
    ]


def test_a_row_as_long_as_allowed_is_read_and_a_longer_one_is_invalid() -> None:
    start = b"A,ship,"
    good, bad, *_ = rows(
        HEADER
        + (start + b"x" * (LONGEST_ROW - len(start) - 1) + b"\n")
        + (start + b"x" * (LONGEST_ROW - len(start)) + b"\n")
        + (start + b"x" * (LONGEST_LINE - len(start) - 1) + b"\n")
    )
    assert isinstance(good, Row)
    assert bad == invalid_row(3, "The row is longer than 6 KiB.")


def test_rows_past_the_most_are_refused_blank_ones_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "MOST_ROWS", 3)
    assert len(rows(HEADER + b"A,ship,x\n" * 3)) == 3
    assert "more than 3 rows" in refusal(HEADER + b"A,ship,x\n" * 4)
    assert "more than 3 rows" in refusal(HEADER + b"\n" * 4)
    assert "more than 3 rows" in refusal(HEADER + b'"x"y\n' * 4)


class Endless:
    """A file whose one line never ends; it knows how much of it was read."""

    def __init__(self, start: bytes) -> None:
        self.taken = 0
        self._start = BytesIO(start)

    def readline(self, size: int) -> bytes:
        assert size > 0, "such a line must never be read whole"
        line = self._start.readline(size) or b"x" * size
        self.taken += len(line)
        return line


@pytest.mark.parametrize("start", [b"", HEADER, HEADER + b'A,ship,"\n'])
def test_a_line_that_never_ends_is_refused_after_the_longest_that_may_be(start: bytes) -> None:
    file = Endless(start)
    with pytest.raises(FileRefused, match="longer than 64 KiB"):
        list(read(cast("BinaryIO", file), COLUMNS))
    assert file.taken <= len(start) + LONGEST_LINE + 1


def test_rows_come_back_by_order_and_within_it_as_in_the_file() -> None:
    given = [Row(number, f"K{number * 7 % 10}", {"event": "ship"}) for number in range(2, 1_500)]
    results = [
        invalid_row(5_000, "no", "event"),
        RowResult(3, RowOutcome.REFUSED, "no", "X", None, ("a", "b")),
    ]
    with Sorter() as sorter:
        for each in random.Random(1).sample([*given, *results], len(given) + 2):
            sorter.add(each)
        found = list(sorter)
    by_order = sorted(given, key=lambda row: (row.order, row.number))
    assert found == [*by_order, results[1], results[0]]


def test_rows_of_one_order_past_the_most_are_invalid_and_the_others_are_not() -> None:
    with Sorter() as sorter:
        for number in range(2, MOST_OF_ONE_ORDER + 4):
            sorter.add(Row(number, "A", {}))
        sorter.add(Row(9_999, "B", {}))
        found = list(sorter)
    assert [each.number for each in found if isinstance(each, RowResult)] == [2002, 2003]
    assert [each.number for each in found if isinstance(each, Row)][-2:] == [2001, 9_999]
    with Sorter(most=None) as sorter:
        for number in range(2, MOST_OF_ONE_ORDER + 4):
            sorter.add(Row(number, "", {}))
        assert all(isinstance(each, Row) for each in sorter)


def test_many_rows_are_read_and_sorted_without_being_kept() -> None:
    count = 20_000
    with tempfile.TemporaryFile() as file, Sorter() as sorter:
        file.write(HEADER)
        file.writelines(b"K%d,ship,carrier of row %d\n" % (n * 7919 % count, n) for n in range(count))
        file.seek(0)
        tracemalloc.start()
        try:
            for each in read(file, COLUMNS):
                sorter.add(each)
            last, found = "", 0
            for each in sorter:
                assert isinstance(each, Row)
                assert each.order >= last
                last, found = each.order, found + 1
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert found == count
    assert peak < 4_000_000, "the rows themselves take three times as much"
