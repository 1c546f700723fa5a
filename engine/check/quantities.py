"""Numbers with units as written in a rule file: 12,000.5万元, 2%/分; money in fen."""

from fractions import Fraction

from engine.check.symbols import Symbols
from engine.nouns import core as c
from engine.nouns import kinds as k
from engine.nouns.kinds import Kind
from engine.nouns.numbers import Number
from grammar import syntax as s

_UNITS: dict[str, tuple[k.Base, Fraction]] = {
    "元": (k.Base.MONEY, Fraction(100)),
    "万元": (k.Base.MONEY, Fraction(1_000_000)),
    "亿元": (k.Base.MONEY, Fraction(10_000_000_000)),
    "%": (k.Base.RATIO, Fraction(1, 100)),
    "‰": (k.Base.RATIO, Fraction(1, 1000)),
    "个百分点": (k.Base.POINTS, Fraction(1, 100)),
    "人": (k.Base.HEADS, Fraction(1)),
    "人次": (k.Base.VISITS, Fraction(1)),
    "床日": (k.Base.BED_DAYS, Fraction(1)),
    "分": (k.Base.SCORE, Fraction(1)),
    "次": (k.Base.NUMBER, Fraction(1)),
    "个月": (k.Base.NUMBER, Fraction(1)),
    "日": (k.Base.NUMBER, Fraction(1)),
    "年": (k.Base.NUMBER, Fraction(1)),
}


def quantity(node: s.Quantity, symbols: Symbols) -> c.Constant | None:
    """A literal with its unit; money in fen."""
    plain = Fraction(node.number)
    per = None
    if node.per is not None:
        if node.per not in _UNITS or _UNITS[node.per][1] != 1:
            symbols.tell("C236", node.span, unit=node.per)
            return None
        per = _UNITS[node.per][0]
    if node.unit is None:
        value, kind = plain, Kind(k.Base.NUMBER, per)
    else:
        base, factor = _UNITS[node.unit]
        value, kind = plain * factor, Kind(base, per)
    number: Number = int(value) if value.denominator == 1 else value
    if kind.is_money and not isinstance(number, int):
        symbols.tell("C237", node.span)
        return None
    return c.Constant(number, kind, node.span)
