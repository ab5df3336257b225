"""Amounts are exact: text in, minor units inside, text out, and shares that add up."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.currencies import EXPONENTS
from domain.money import LARGEST, AmountInvalid, exponent, parse, sample, share, text

CURRENCIES = st.sampled_from(sorted(EXPONENTS))


@pytest.mark.parametrize(
    ("written", "currency", "minor"),
    [
        ("12.50", "EUR", 1250),
        ("12.5", "EUR", 1250),
        ("12", "EUR", 1200),
        ("12.500", "EUR", 1250),
        ("0.01", "EUR", 1),
        ("0", "EUR", 0),
        ("-0.50", "EUR", -50),
        ("007.10", "EUR", 710),
        ("1250", "JPY", 1250),
        ("1250.0", "JPY", 1250),
        ("1.234", "KWD", 1234),
        ("90071992547409.91", "EUR", LARGEST),
    ],
)
def test_decimal_text_becomes_minor_units(written: str, currency: str, minor: int):
    assert parse(written, currency) == minor


@pytest.mark.parametrize(
    "written",
    [
        "", " ", "twelve", "12,50", "1 000", " 12", "12 ", "12\n", "1e3", "1E3", "1_000", "+1", ".5", "5.",
        "--1", "0x10", "NaN", "sNaN", "Infinity", "-inf", "١٢", "1２", "1.2.3", "-",
    ],
)  # fmt: skip
def test_what_is_no_plain_decimal_number_is_refused(written: str):
    with pytest.raises(AmountInvalid, match=r"is not an amount; write it like 12\.50\.$"):
        parse(written, "EUR")


@pytest.mark.parametrize(
    ("written", "currency", "places"),
    [
        ("12.505", "EUR", 2),
        ("0.001", "EUR", 2),
        ("1.5", "JPY", 0),
        ("1.2345", "KWD", 3),
        # More digits than a decimal context keeps: it must not be rounded away.
        ("1." + "0" * 40 + "1", "EUR", 2),
    ],
)
def test_more_decimals_than_the_currency_has_are_refused(written: str, currency: str, places: int):
    with pytest.raises(AmountInvalid, match=rf"has more decimals than {currency} has \({places}\)\.$"):
        parse(written, currency)


@pytest.mark.parametrize("written", ["90071992547409.92", "-90071992547409.92", "9" * 30, "9" * 5000])
def test_an_amount_too_large_to_be_exact_everywhere_is_refused(written: str):
    with pytest.raises(AmountInvalid, match="larger than any amount"):
        parse(written, "EUR")


@pytest.mark.parametrize("currency", ["", "eur", "EURO", "XXX", "BTC"])
def test_an_unknown_currency_is_refused(currency: str):
    for ask in (exponent, sample, lambda c: text(1, c), lambda c: parse("1", c)):
        with pytest.raises(AmountInvalid, match="is not an ISO 4217 currency code"):
            ask(currency)


@pytest.mark.parametrize(
    ("minor", "currency", "written"),
    [
        (1250, "EUR", "12.50"),
        (0, "EUR", "0.00"),
        (5, "EUR", "0.05"),
        (-5, "EUR", "-0.05"),
        (1250, "JPY", "1250"),
        (1, "KWD", "0.001"),
        (LARGEST, "EUR", "90071992547409.91"),
    ],
)
def test_minor_units_become_text_with_the_currencys_decimals(minor: int, currency: str, written: str):
    assert text(minor, currency) == written


@settings(max_examples=50, deadline=None)
@given(st.integers(-LARGEST, LARGEST), CURRENCIES)
def test_text_and_minor_units_are_the_same_amount(minor: int, currency: str):
    assert parse(text(minor, currency), currency) == minor


@pytest.mark.parametrize(
    ("amount", "weights", "parts"),
    [
        (100, (1, 1, 1), (34, 33, 33)),
        (100, (1, 2), (33, 67)),
        (1, (1, 1), (1, 0)),
        (5, (0, 1), (0, 5)),
        (7, (0, 0, 0), (3, 2, 2)),
        (0, (3, 4), (0, 0)),
        (10, (5,), (10,)),
        (0, (), ()),
    ],
)
def test_shares_go_by_weight_and_ties_to_the_earlier_part(
    amount: int, weights: tuple[int, ...], parts: tuple[int, ...]
):
    assert share(amount, weights) == parts


@settings(max_examples=50, deadline=None)
@given(st.integers(0, LARGEST), st.lists(st.integers(0, LARGEST), min_size=1, max_size=8))
def test_shares_add_up_and_none_is_a_whole_unit_off(amount: int, weights: list[int]):
    parts = share(amount, weights)
    assert sum(parts) == amount
    total = sum(weights)
    if total:
        # Exact in integers: |part - amount × weight / total| < 1.
        assert all(abs(p * total - amount * w) < total for p, w in zip(parts, weights, strict=True))
        assert all(p == 0 for p, w in zip(parts, weights, strict=True) if w == 0)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(0, LARGEST), min_size=1, max_size=8), st.data())
def test_no_share_of_what_the_weights_sum_to_is_larger_than_its_weight(
    weights: list[int], data: st.DataObject
):
    amount = data.draw(st.integers(0, sum(weights)))
    parts = share(amount, weights)
    if sum(weights):
        assert all(p <= w for p, w in zip(parts, weights, strict=True))
