from decimal import ROUND_DOWN, ROUND_HALF_EVEN, ROUND_HALF_UP, ROUND_UP, Decimal, localcontext
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.nouns.numbers import Mode, Number, decimal_text, grouped, money_text, parse_number, ratio_text, round_to

_DECIMAL_MODES: dict[Mode, str] = {
    "half_up": ROUND_HALF_UP,
    "up": ROUND_UP,
    "down": ROUND_DOWN,
    "half_even": ROUND_HALF_EVEN,
}
_FULL_WIDTH = str.maketrans("0123456789-.,", "０１２３４５６７８９－．，")

modes = st.sampled_from(sorted(_DECIMAL_MODES))
decimals = st.decimals(min_value=Decimal(-(10**18)), max_value=Decimal(10**18), places=6)
fractions = st.fractions(min_value=-(10**15), max_value=10**15)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0", 0),
        ("-0", 0),
        ("96000000.00", 96_000_000),
        ("1,234,567.5", Fraction(2_469_135, 2)),
        ("１，２３４．５０", Fraction(2469, 2)),
        ("−3", -3),
        ("－３", -3),
        ("0.1", Fraction(1, 10)),
        ("0123", 123),
        ("9" * 40, int("9" * 40)),
    ],
)
def test_digits_as_people_write_them_are_read(text: str, value: Number) -> None:
    assert parse_number(text) == value


@pytest.mark.parametrize(
    "text",
    [
        "", " 1", "1 ", "+1", "--1", "-", ".5", "3.", "1e3", "1E3", "NaN", "inf", "1_000", "٣", "१२", "²", "½", "三",
        "1,23", "1234,567", "12,345,67", "1,,234", ",123", "1.2,345", "1.2.3", "0x10", "1\n", "9" * 41, "0." + "1" * 40,
    ],
)  # fmt: skip
def test_anything_else_is_no_number(text: str) -> None:
    assert parse_number(text) is None


@given(decimals)
def test_every_plain_decimal_is_read_exactly(value: Decimal) -> None:
    assert parse_number(f"{value:f}") == Fraction(value)
    assert parse_number(f"{value:,f}".translate(_FULL_WIDTH)) == Fraction(value)


@given(st.text(alphabet="0123456789０１٣.,，-−－eE_+ 亿", max_size=12))
def test_what_is_read_as_a_number_holds_only_our_own_signs(text: str) -> None:
    if parse_number(text) is not None:
        assert set(text) <= set("0123456789０１.,，-−－")


@given(st.integers(-(10**18), 10**18), fractions)
def test_a_number_without_a_fraction_is_an_int(whole: int, other: Fraction) -> None:
    assert type(parse_number(f"{whole}.000")) is int
    assert type(round_to(other, 1, "half_up")) is int


@given(decimals, st.integers(0, 5), modes)
def test_rounding_agrees_with_decimal(value: Decimal, places: int, mode: Mode) -> None:
    with localcontext(prec=60):
        expected = value.quantize(Decimal(1).scaleb(-places), rounding=_DECIMAL_MODES[mode])
    assert round_to(Fraction(value), Fraction(1, 10**places), mode) == Fraction(expected)


@given(fractions, st.fractions(min_value=Fraction(1, 1000), max_value=1000), modes)
def test_a_rounded_value_is_the_nearest_multiple_on_the_side_the_mode_chooses(
    value: Fraction, step: Fraction, mode: Mode
) -> None:
    rounded = Fraction(round_to(value, step, mode))
    assert (rounded / step).denominator == 1
    assert abs(rounded - value) < step
    if mode == "up":
        assert abs(rounded) >= abs(value)
    elif mode == "down":
        assert abs(rounded) <= abs(value)
    else:
        assert abs(rounded - value) <= step / 2


@pytest.mark.parametrize(
    ("mode", "up", "down"), [("half_up", 3, -3), ("up", 3, -3), ("down", 2, -2), ("half_even", 2, -2)]
)
def test_a_tie_goes_where_the_mode_says_on_both_sides_of_zero(mode: Mode, up: int, down: int) -> None:
    assert round_to(Fraction(5, 2), 1, mode) == up
    assert round_to(Fraction(-5, 2), 1, mode) == down


def test_a_step_that_is_not_positive_is_refused() -> None:
    with pytest.raises(ValueError, match="positive"):
        round_to(1, 0, "half_up")


@given(st.integers(-(10**18), 10**18))
def test_money_text_reads_back_as_the_same_fen(fen: int) -> None:
    text = money_text(fen)
    assert parse_number(text) == Fraction(fen, 100)
    assert len(text.partition(".")[2]) == 2


@given(fractions, st.integers(0, 15))
def test_decimal_text_is_the_half_up_rounding_with_so_many_decimals(value: Fraction, places: int) -> None:
    text = decimal_text(value, places)
    assert parse_number(text) == round_to(value, Fraction(1, 10**places), "half_up")
    assert len(text.partition(".")[2]) == places


def test_zero_has_no_sign() -> None:
    assert decimal_text(Fraction(-1, 1000), 2) == "0.00"
    assert money_text(0) == "0.00"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Fraction(118, 1000), ("0.118", None)),
        (1, ("1", None)),
        (0, ("0", None)),
        (100, ("100", None)),
        (Fraction(-1, 8), ("-0.125", None)),
        (Fraction(1, 3), ("0.333333333333", "1/3")),
        (Fraction(-2, 3), ("-0.666666666667", "-2/3")),
        (Fraction(1, 10**12), ("0.000000000001", None)),
        (Fraction(1, 10**13), ("0.000000000000", "1/10000000000000")),
    ],
)
def test_a_ratio_is_a_plain_decimal_and_exact_where_that_ends_too_late(
    value: Number, text: tuple[str, str | None]
) -> None:
    assert ratio_text(value) == text


@given(fractions)
def test_a_ratio_text_never_loses_the_ratio(value: Fraction) -> None:
    text, quotient = ratio_text(value)
    assert (Fraction(quotient) if quotient else parse_number(text)) == value


@given(st.integers(-(10**18), 10**18))
def test_grouping_adds_only_commas(fen: int) -> None:
    text = grouped(money_text(fen))
    assert text == f"{Decimal(fen).scaleb(-2):,.2f}"
    assert parse_number(text) == Fraction(fen, 100)


def test_grouping_keeps_the_decimals_it_is_given() -> None:
    assert grouped("3600000.00") == "3,600,000.00"
    assert grouped("-1234567") == "-1,234,567"
    assert grouped("0.118") == "0.118"
    assert grouped("-0.50") == "-0.50"
