"""Constants worked out at check time: what a parameter, a range or a bound is worth when only known values take part."""

from collections.abc import Callable

from engine.nouns import core as c
from engine.nouns.operators import OPERATORS
from engine.nouns.possible import Possible, Scalar, is_point

Lookup = Callable[[c.Core], Possible | None]


def evaluate(node: c.Core, look: Lookup) -> Possible | None:
    """The value of an expression where ``look`` gives what stands on the row; None where it cannot be worked out."""
    known = look(node)
    if known is not None:
        return known
    match node:
        case c.Constant(value=value):
            return value
        case c.Apply(operator=operator, args=args):
            values = [evaluate(arg, look) for arg in args]
            if any(v is None for v in values):
                return None
            return OPERATORS[operator].apply(*values)
        case c.Round(value=value):
            return evaluate(value, look)
        case _:
            return None


def fold(node: c.Core, stated: Callable[[str], Scalar | None]) -> Scalar | None:
    """The one value of an expression of constants and stated parameters; None where it has none."""

    def look(inner: c.Core) -> Possible | None:
        return stated(inner.name) if isinstance(inner, c.ReadParameter) else None

    value = evaluate(node, look)
    return value if value is not None and is_point(value) else None  # type: ignore[return-value]
