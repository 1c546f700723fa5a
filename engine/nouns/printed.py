"""Values as text: exact decimal strings, money with two decimals, ratios to twelve."""

from fractions import Fraction

from engine.nouns import kinds as k
from engine.nouns.kinds import Kind
from engine.nouns.numbers import grouped, money_text, ratio_text
from engine.nouns.possible import Between, Possible


def plain(value: Possible, kind: Kind) -> str | bool | None:
    """A value as JSON carries it: a decimal string, yes/no, a text; None where it is not one value."""
    if isinstance(value, bool):
        return value
    if isinstance(value, int | Fraction):
        return number_text(value, kind)
    if isinstance(value, str):
        return value
    return value.isoformat() if hasattr(value, "isoformat") else None


def exactly(value: Possible, kind: Kind) -> str | None:
    """The fraction beside a ratio that does not end in twelve decimals."""
    if isinstance(value, bool) or not isinstance(value, int | Fraction) or kind.is_money:
        return None
    return ratio_text(Fraction(value, kind.scale))[1]


def ends_text(value: Possible, kind: Kind) -> list[str | None] | None:
    """The two ends of a range; None where nothing is known of either."""
    if not isinstance(value, Between) or (value.low is None and value.high is None):
        return None
    return [None if x is None else number_text(x, kind) for x in (value.low, value.high)]


def number_text(value: int | Fraction, kind: Kind) -> str:
    """A number without its unit: ``3600000.00``, ``0.118``."""
    if kind.is_money:
        return money_text(value)
    return ratio_text(Fraction(value, kind.scale))[0]


def spoken(value: Possible, kind: Kind) -> str:
    """A value as a person reads it, with thousands separators and unit: ``3,600,000.00 元``, ``35%``, ``是``."""
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, int | Fraction):
        if kind.is_money:
            return f"{grouped(money_text(value))} 元"
        if kind.base in {k.Base.RATIO, k.Base.POINTS}:
            per = "" if kind.per is None else "/" + (k.Kind(kind.per).unit or "")
            return _percent(value) + ("%" if kind.base is k.Base.RATIO else " 个百分点") + per
        return f"{grouped(ratio_text(Fraction(value, kind.scale))[0])} {kind.unit or ''}".strip()
    if isinstance(value, Between):
        low, high = (None if x is None else spoken(x, kind) for x in (value.low, value.high))
        return f"{low or '—'} 至 {high or '—'}"
    return str(value) if isinstance(value, str) or hasattr(value, "isoformat") else "—"


def _percent(value: int | Fraction) -> str:
    text, exact = ratio_text(Fraction(value) * 100)
    return text if exact is None else ratio_text(Fraction(round(Fraction(value) * 1_000_000), 10_000))[0] + "…"
