"""Values put into columns, and read again from another table: the same value over other trees."""

from collections.abc import Callable, Iterator

from sqlglot import exp

from engine.sql.conditions import BOOLEAN
from engine.sql.forms import Number, Plain, Possible, Rational, Value
from engine.sql.marks import MASK, Mask
from engine.sql.scope import Scope, once
from engine.sql.whole import Arithmetic, Whole, ends

# What is done with a tree: it is told what it is of a value, and the type it has.
Change = Callable[[exp.Expression, str, exp.DataType], exp.Expression]
_GONE = exp.DataType.build("SMALLINT")
_PLAIN = {"yes_no": BOOLEAN, "text": exp.DataType.build("VARCHAR"), "date": exp.DataType.build("DATE")}


def changed(value: Value, arithmetic: Arithmetic, change: Change) -> Value:
    """The value with every tree changed; what is one object stays one."""
    changer = _Changer(arithmetic, change)
    now = changer.possible(value.now, "")
    base = now if value.base is value.now else changer.possible(value.base, "base")
    return Value(
        now,
        base,
        changer.mask(value.missing, "missing"),
        changer.mask(value.assumed, "assumed"),
        changer.mask(value.defaults, "defaults"),
    )


def settled(s: Scope, value: Value, hint: str) -> Value:
    """The value in columns where its trees are long, for those who write them out more than once."""
    return changed(
        value, s.arithmetic, lambda tree, part, kind: once(s, f"{hint}_{part}" if part else hint, tree, kind)
    )


class _Changer:
    def __init__(self, arithmetic: Arithmetic, change: Change) -> None:
        self.arithmetic = arithmetic
        self.change = change

    def possible(self, possible: Possible, part: str) -> Possible:
        what = possible.what
        gone = possible.gone
        return Possible(
            self.number(what, part) if isinstance(what, Number) else self.plain(what, part),
            gone if isinstance(gone, int) else self.change(gone, _named(part, "gone"), _GONE),
            self.mask(possible.reads, _named(part, "reads")),
            possible.perhaps,
        )

    def number(self, number: Number, part: str) -> Number:
        if number.low is number.high:
            both = self.rational(number.low, part)
            return Number(both, both)
        return Number(self.rational(number.low, _named(part, "low")), self.rational(number.high, _named(part, "high")))

    def rational(self, rational: Rational | None, part: str) -> Rational | None:
        if rational is None:
            return None
        above = self.whole(rational.above, part)
        return Rational(above, self.whole(rational.below, _named(part, "below")), rational.blank)

    def whole(self, whole: Whole, part: str) -> Whole:
        if whole.static is not None:
            return whole
        made = self.change(whole.sql, part, self.arithmetic.type_of(*ends(whole)))
        return whole if made is whole.sql else Whole(made, whole.low, whole.high)

    def plain(self, plain: Plain, part: str) -> Plain:
        if plain.value is not None or (isinstance(plain.sql, exp.Cast) and isinstance(plain.sql.this, exp.Null)):
            return plain
        return Plain(self.change(plain.sql, part, _PLAIN[plain.sort]), plain.sort, plain.blank)

    def mask(self, mask: Mask, part: str) -> Mask:
        return mask.each(lambda tree, at: self.change(tree, f"{part}_{at + 1}" if at else part, MASK))


def _named(part: str, more: str) -> str:
    return f"{part}_{more}" if part else more


def trees(value: Value, arithmetic: Arithmetic) -> Iterator[exp.Expression]:
    """Every tree of a value that rows can tell apart."""
    found: list[exp.Expression] = []

    def keep(tree: exp.Expression, _part: str, _kind: exp.DataType) -> exp.Expression:
        found.append(tree)
        return tree

    changed(value, arithmetic, keep)
    return iter(found)
