"""Exact numbers as text and back; no float takes part."""

import re
from fractions import Fraction
from typing import Literal

Number = int | Fraction
Mode = Literal["half_up", "up", "down", "half_even"]


def parse_number(text: str) -> Number | None:
    """The number a text writes out in digits, or None: ``1,234.50``, ``－１２．５``."""
    match = _NUMBER.fullmatch(text)
    if match is None:
        return None
    sign, whole, decimals = match.groups()
    # `int` alone takes the digits of any script; the pattern has let only our own through.
    whole = whole.replace(",", "").replace("，", "")
    decimals = decimals or ""
    if len(whole) + len(decimals) > _DIGITS_AT_MOST:
        return None
    value = exact(Fraction(int(whole + decimals), 10 ** len(decimals)))
    return -value if sign else value


def exact(value: Number) -> Number:
    """The same number, as an int where it is whole."""
    return value.numerator if value.denominator == 1 else value


def product(left: Number, right: Number) -> Number:
    """The product of two exact numbers."""
    if type(left) is int and type(right) is int:
        return left * right
    return ratio(left.numerator * right.numerator, left.denominator * right.denominator)


def quotient(left: Number, right: Number) -> Number:
    """The first exact number over the second, which is not zero."""
    return ratio(left.numerator * right.denominator, left.denominator * right.numerator)


def ratio(above: int, below: int) -> Number:
    """One whole number over another that is not zero, as an int where it is whole."""
    # Most are whole, as 30% of a budget in whole 元 is; and a Fraction's own `*` looks for common divisors twice.
    return Fraction(above, below) if above % below else above // below


def round_to(value: Number, step: Number, mode: Mode) -> Number:
    """The multiple of a positive step that the mode chooses; ties of ``half_up`` go away from zero, as ``up`` does."""
    if step <= 0:
        raise ValueError("a rounding step is positive")
    # value ÷ step as numerator over denominator; a Fraction would look for a common divisor we have no use for.
    numerator = value.numerator * step.denominator
    denominator = value.denominator * step.numerator
    whole, rest = divmod(abs(numerator), denominator)
    if rest and _away_from_zero(whole, 2 * rest, denominator, mode):
        whole += 1
    return exact((-whole if numerator < 0 else whole) * step)


def decimal_text(value: Number, places: int) -> str:
    """The number with exactly so many decimals, ties away from zero: ``0.10``."""
    scaled = int(round_to(value * 10**places, 1, "half_up"))
    digits = str(abs(scaled)).rjust(places + 1, "0")
    sign = "-" if scaled < 0 else ""
    return f"{sign}{digits[:-places]}.{digits[-places:]}" if places else f"{sign}{digits}"


def ratio_text(value: Number) -> tuple[str, str | None]:
    """A plain decimal, and ``p/q`` as well where twelve decimals do not hold it: ``("0.118", None)``."""
    text = decimal_text(value, _RATIO_PLACES)
    if (value * 10**_RATIO_PLACES).denominator != 1:
        return text, f"{value.numerator}/{value.denominator}"
    return text.rstrip("0").rstrip("."), None


def money_text(fen: Number) -> str:
    """Fen as 元 with two decimals: ``3600000.00``."""
    if type(fen) is int:
        whole, rest = divmod(abs(fen), 100)
        return f"{'-' if fen < 0 else ''}{whole}.{rest:02d}"
    return decimal_text(Fraction(fen, 100), 2)


def grouped(text: str) -> str:
    """A decimal text with a comma between each three digits: ``3,600,000.00``."""
    whole, point, decimals = text.partition(".")
    sign = "-" if whole.startswith("-") else ""
    return f"{sign}{int(whole.removeprefix('-')):,}{point}{decimals}"


_DIGIT = "[0-9０-９]"
_NUMBER = re.compile(rf"([-−－]?)({_DIGIT}{{1,3}}(?:[,，]{_DIGIT}{{3}})+|{_DIGIT}+)(?:[.．]({_DIGIT}+))?")
_DIGITS_AT_MOST = 40
_RATIO_PLACES = 12


def _away_from_zero(whole: int, twice_rest: int, denominator: int, mode: Mode) -> bool:
    match mode:
        case "half_up":
            return twice_rest >= denominator
        case "up":
            return True
        case "down":
            return False
        case "half_even":
            return twice_rest > denominator or (twice_rest == denominator and whole % 2 == 1)
