"""One cell's text to a value of a kind: 1200万元, 30%, 是, 2026-01-01; or the code of what is wrong with it."""

import re
from datetime import date, timedelta
from fractions import Fraction

from engine.nouns import kinds as k
from engine.nouns.kinds import Kind
from engine.nouns.numbers import Number, exact, parse_number
from engine.nouns.possible import Scalar
from grammar.frozen import dataclass

_YES = frozenset({"是", "true", "True", "TRUE", "yes"})
_NO = frozenset({"否", "false", "False", "FALSE", "no"})
_MONEY = {"元": 100, "万元": 1_000_000, "亿元": 10_000_000_000, "万": 1_000_000, "亿": 10_000_000_000}
_RATIO = {"%": 100, "％": 100, "‰": 1000, "个百分点": 100, "百分点": 100}
MONEY_UNITS = frozenset(_MONEY)
_UNITS = {
    k.Base.HEADS: ("人",),
    k.Base.VISITS: ("人次",),
    k.Base.BED_DAYS: ("床日",),
    k.Base.SCORE: ("分",),
    k.Base.NUMBER: ("个月", "次", "日", "年", "天"),
}
# As a share that does not end in decimals is printed: 1/3.
_FRACTION = re.compile(r"(-?\d{1,20})/([1-9]\d{0,19})", re.ASCII)
_DAY = re.compile(r"(\d{4})(?:[-./年](\d{1,2})(?:[-./月](\d{1,2})日?)?月?|(\d{2})(\d{2}))")


@dataclass(frozen=True, slots=True)
class Wrong:
    """What is wrong with a text: the code of the finding."""

    code: str


def parse_value(text: str, kind: Kind, unit: str | None = None) -> Scalar | Wrong:
    """The value a text stands for; ``unit`` is the one its column's header names. Money in fen."""
    match kind.base:
        case k.Base.YES_NO:
            return True if text in _YES else False if text in _NO else Wrong("D061")
        case k.Base.TEXT:
            return text
        case k.Base.CHOICE:
            return text if text in kind.options else Wrong("D062")
        case k.Base.DATE:
            return parse_day(text) or _serial_day(text) or Wrong("D063")
        case k.Base.MONEY | k.Base.SIGNED:
            return _money(text, kind, unit)
        case k.Base.RATIO | k.Base.POINTS:
            return _ratio(text, kind, unit)
        case _:
            return _count(text, kind, unit)


def parse_day(text: str) -> date | None:
    """A day: 2026-01-01, 2026.1.1, 2026年1月1日, 20260101; the first of the month where no day is written."""
    match = _DAY.fullmatch(text) if text.isascii() or "年" in text else None
    if match is None:
        return None
    year, month, day, short_month, _ = match.groups()
    if short_month is not None:
        return None
    try:
        return date(int(year), int(month), int(day or 1))
    except (ValueError, TypeError):
        return None


def _serial_day(text: str) -> date | None:
    """The day of this century that a workbook's bare number stands for: days after 1899-12-30."""
    number = int(text) if re.fullmatch(r"[0-9]{5}", text) else 0
    return _DAY_NOUGHT + timedelta(days=number) if _FIRST_SERIAL <= number <= _LAST_SERIAL else None


_DAY_NOUGHT = date(1899, 12, 30)
# The years 2000 to 2099: 20251 would be a slip for a month of 2025.
_FIRST_SERIAL, _LAST_SERIAL = 36526, 73050


def parse_month(text: str) -> tuple[int, int] | None:
    """A month: 2026-01, 2026.1, 2026年1月, 202601, or a day of it."""
    if (day := _ISO_DAY.fullmatch(text)) and parse_day(text):
        text = day[1]
    if re.fullmatch(r"\d{6}", text, re.ASCII):
        text = f"{text[:4]}-{text[4:]}"
    match = re.fullmatch(r"(\d{4})[-./年](\d{1,2})月?", text, re.ASCII if "年" not in text else 0)
    if match is None or not (text.isascii() or "年" in text):
        return None
    year, month = int(match[1]), int(match[2])
    return (year, month) if 1 <= month <= 12 else None  # noqa: PLR2004 - months of a year


_ISO_DAY = re.compile(r"(\d{4}-\d{2})-\d{2}", re.ASCII)


def parse_year(text: str) -> int | None:
    """A year: 2026, 2026年, 2026年度."""
    match = re.fullmatch(r"([12]\d{3})(?:年度?)?", text)
    return int(match[1]) if match and match[1].isascii() else None


def unit_fits(kind: Kind, unit: str | None) -> bool:
    """Whether a unit that a header names can be one of a kind of value; text and dates have none to be wrong."""
    match kind.base:
        case k.Base.MONEY | k.Base.SIGNED:
            return unit is None or unit in _MONEY
        case k.Base.RATIO | k.Base.POINTS:
            return unit is None or unit in _RATIO
        case k.Base.YES_NO | k.Base.TEXT | k.Base.CHOICE | k.Base.DATE:
            return True
        case _:
            return unit is None or unit in _UNITS.get(kind.base, ())


def header_unit(header: str) -> tuple[str, str | None]:
    """A column's name and the unit its header names in brackets: ``年度总额预算(万元)``."""
    match = re.fullmatch(r"(.+?)\s*[(（]\s*([^()（）]+?)\s*[)）]", header)
    if match and (
        match[2] in _MONEY or match[2] in {"%", "‰", "百分点", "个百分点", *(u for us in _UNITS.values() for u in us)}
    ):
        return match[1], match[2]
    return header, None


def _split(text: str, units: tuple[str, ...]) -> tuple[Number | None, str | None]:
    for unit in sorted(units, key=len, reverse=True):
        if text.endswith(unit):
            return parse_number(text[: -len(unit)].strip()), unit
    return parse_number(text), None


def _money(text: str, kind: Kind, header: str | None) -> Scalar | Wrong:
    if kind.per is not None and "/" in text:
        text = text.partition("/")[0]
    value, unit = _split(text, tuple(_MONEY))
    if value is None:
        return Wrong("D064")
    if header is not None and header not in _MONEY:
        return Wrong("D065")
    fen = exact(Fraction(value) * _MONEY[unit or header or "元"])
    return fen if isinstance(fen, int) or kind.per is not None else Wrong("D066")


def _ratio(text: str, kind: Kind, header: str | None) -> Scalar | Wrong:
    if kind.per is not None and "/" in text:
        text = text.partition("/")[0]
    if kind.per is None and header is None and (match := _FRACTION.fullmatch(text)):
        return exact(Fraction(int(match[1]), int(match[2])))
    value, unit = _split(text, ("%", "％", "‰", "个百分点", "百分点"))
    if value is None:
        return Wrong("D067")
    if kind.base is k.Base.POINTS and unit is None and header is None:
        return Wrong("D068")
    word = unit or header
    if word is not None and word not in _RATIO:
        return Wrong("D065")
    return exact(Fraction(value) / _RATIO.get(word or "", 1))


def _count(text: str, kind: Kind, header: str | None) -> Scalar | Wrong:
    units = _UNITS.get(kind.base, ())
    value, _ = _split(text, units)
    if value is None:
        return Wrong("D064" if not text else "D069")
    if header is not None and header not in units:
        return Wrong("D065")
    if k.whole_only(kind) and not isinstance(value, int):
        return Wrong("D070")
    return value
