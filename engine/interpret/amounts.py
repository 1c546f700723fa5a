"""Amounts as a step rounds them and as a finding says them."""

from collections.abc import Callable
from fractions import Fraction

from engine.interpret.evaluate import Evaluate
from engine.nouns import kinds as k
from engine.nouns import possible as p
from engine.nouns.numbers import Number, grouped, money_text, round_to
from engine.nouns.pipeline import Derive
from engine.nouns.possible import Absent, Maybe, Possible
from engine.nouns.printed import spoken
from engine.nouns.value import Known, Value, lift
from engine.nouns.world import Row


def rounding_of(step: Derive) -> Callable[[Number], Number] | None:
    """How a figure is rounded; None where it is not."""
    if step.step is None:
        return None
    size, mode = step.step, step.mode
    if size == 1 and mode == "half_up":
        return to_the_fen
    return lambda n: round_to(n, size, mode)


def to_the_fen(value: Number) -> Number:
    """To the fen, half away from zero."""
    if type(value) is int:
        return value
    numerator, denominator = value.numerator, value.denominator
    half = (2 * abs(numerator) + denominator) // (2 * denominator)
    return -half if numerator < 0 else half


def rounded(function: Evaluate, by: Callable[[Number], Number] | None) -> Evaluate:
    """A function whose value is rounded, in whatever state it is."""
    if by is None:
        return function

    def one(row: Row) -> Value:
        value = function(row)
        now = value.now
        if type(now) is int and by is to_the_fen and value.base is now:
            return value
        if type(value) is Known and type(now) is Fraction:
            return Known(by(now))
        return lift(lambda v: _where_there(v, by), value)

    return one


def _where_there(value: Possible, by: Callable[[Number], Number]) -> Possible:
    """A number or range rounded; what is, or may be, absent stays so, and so does what is no number."""
    if isinstance(value, Maybe):
        return Maybe(_where_there(value.inner, by), value.reads)
    if isinstance(value, Absent | bool | str) or not isinstance(value, int | Fraction | p.Between):
        return value
    return p.rounded(value, by)


def yuan(value: Possible) -> str:
    """An amount inside a finding."""
    return grouped(money_text(value)) if isinstance(value, int | Fraction) else "—"


def told(value: Possible, kind: k.Kind) -> str:
    """A value inside a finding; amounts without their unit."""
    return spoken(value, kind).replace(" 元", "") if kind.is_money else spoken(value, kind)
