"""What results tell of a figure, as columns in SQL: its value as one whole number or plain thing, its state, what it waits for."""

from collections.abc import Iterable
from functools import partial

from sqlglot import exp

from engine.nouns.kinds import Base, Kind
from engine.sql import domain as d
from engine.sql import values as v
from engine.sql.conditions import all_of, case, certainly, known, no, own
from engine.sql.forms import ALWAYS, PERHAPS, Number, Plain, Possible, Value
from engine.sql.layout import FROM_DATA
from engine.sql.marks import BITS, Mask
from engine.sql.rows import Rows
from engine.sql.scope import Unsayable
from engine.sql.whole import ends
from grammar.diagnostic import Words
from grammar.frozen import dataclass

# The states of a figure as SQL tells them; NULL where the row has no such figure.
STATED, ASSUMED, OPEN = 0, 1, 2
# Decimals that are told of a number that is no amount, and of an amount in fen.
PLACES, FEN_PLACES = 12, 2
# What fits DECIMAL(38) with its decimals behind it.
_MOST = 10**37


@dataclass(frozen=True, slots=True)
class Told:
    """A figure's columns; a number is the whole number of its last told decimal. ``places`` None: it is no number.

    ``missing`` are the words of what it waits for in their order (`marks.Mask`), none where it never waits.
    ``ends`` says whether the told decimals are all it has; None where they always are, or nobody asked.
    """

    name: str
    value: str
    state: str
    missing: tuple[str, ...]
    places: int | None
    sort: str
    ends: str | None = None

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that hold it."""
        return (self.value, self.state, *self.missing, *(() if self.ends is None else (self.ends,)))


def told(rows: Rows, name: str, kind: Kind, *, blank_only: bool, needs_data: bool, ending: bool = False) -> Told:
    """Columns of a figure; raises Unsayable or Unproved where they cannot be exact. ``ending``: ``ends`` is asked for."""
    value = rows.columns[name]
    if rows.standing is not None:
        value = v.lift(rows, partial(_perhaps, rows), rows.standing, value)
    absent = _absent(rows, name, value, kind, blank_only=blank_only, needs_data=needs_data)
    exact = _bound(rows, "told_exact", d.is_point(rows, value.now))
    stated = exact if value.base is value.now else _bound(rows, "told_stated", d.is_point(rows, value.base))
    number = exp.Literal.number
    state = exp.Case(
        ifs=[
            exp.If(this=own(absent), true=exp.Null()),
            exp.If(this=own(stated), true=number(STATED)),
            exp.If(this=own(exact), true=number(ASSUMED)),
        ],
        default=number(OPEN),
    )
    made, places, sort, rest = _value(rows, value, kind)
    shown = exp.Case(ifs=[exp.If(this=own(all_of(no(absent), exact)), true=_paren(made))])
    hint = f"told_{rows.scheme.labels.id(name, rows.table.name)}"
    bound = rows.frame.bind(hint, shown)
    state_column = rows.frame.bind(f"{hint}_state", exp.cast(state, "SMALLINT"))
    missing = _missing(rows, value.missing, hint)
    ends_column = None
    if ending and rest is not None:
        ends_column = rows.frame.bind(f"{hint}_ends", exp.Case(ifs=[exp.If(this=own(exact), true=_paren(rest))])).name
    return Told(name, bound.name, state_column.name, missing, places, sort, ends_column)


def _perhaps(rows: Rows, there: Possible, value: Possible) -> Possible:
    """A figure of a row that may be no row of its own: it is there or it is not."""
    if value.gone == ALWAYS:
        return value
    stands = d.plain(there, "yes_no").sql
    gone = exp.Literal.number(value.gone) if isinstance(value.gone, int) else value.gone
    always = exp.Literal.number(ALWAYS)
    cases = [(d.is_gone(value, ALWAYS), always), (certainly(own(stands)), gone), (certainly(no(stands)), always.copy())]
    tree = case([x for x in cases if known(x[0]) is not False], exp.Literal.number(PERHAPS))
    return Possible(value.what, rows.frame.bind("told_there", exp.cast(tree, "SMALLINT")), value.reads)


def _absent(rows: Rows, name: str, value: Value, kind: Kind, *, blank_only: bool, needs_data: bool) -> exp.Expression:
    """Whether a row tells no such figure: it is absent, taken out by a gate, given as data, or the row is not there."""
    parts = [d.is_gone(value.now, ALWAYS)]
    if kind.is_money and rows.refused is not None:
        parts.append(rows.refused)
    if blank_only:
        parts.append(rows.given(name))
    if needs_data:
        parts.append(no(exp.column(FROM_DATA)))
    kept = [part for part in parts if known(part) is not False]
    if any(known(part) for part in kept):
        return exp.true()
    if not kept:
        return exp.false()
    found: exp.Expression = _paren(certainly(kept[0]))
    for part in kept[1:]:
        found = exp.Or(this=found, expression=_paren(certainly(part)))
    return _bound(rows, "told_absent", found)


def _value(rows: Rows, value: Value, kind: Kind) -> tuple[exp.Expression, int | None, str, exp.Expression | None]:
    """A value as it is stored, its decimals, its type, and whether these are all its decimals where they need not be."""
    what = value.now.what
    if isinstance(what, Plain) or not kind.is_number:
        sort = _SORTS.get(kind.base, "VARCHAR")
        tree = what.sql if isinstance(what, Plain) else exp.Null()
        return exp.cast(_paren(tree), sort), None, sort, None
    places = FEN_PLACES if kind.is_money else PLACES
    assert isinstance(what, Number)
    if what.low is None:
        return exp.cast(exp.Null(), "BIGINT"), places, "BIGINT", None
    n = rows.arithmetic
    # An amount is whole in fen already; of other numbers the twelfth decimal is the last one told.
    above = what.low.above if kind.is_money else n.multiply(what.low.above, n.constant(10**PLACES))
    below = what.low.below if kind.is_money else n.multiply(what.low.below, n.constant(kind.scale))
    whole = above if below.static == 1 else n.quotient(above, below, "half_up")
    low, high = ends(whole)
    if max(abs(low), abs(high)) >= _MOST:
        raise Unsayable(Words("数太大，写不进表", "a number too large for a table"))
    rest = None
    if whole is not above and not kind.is_money:
        rest = n.equal(n.multiply(whole, below), above)
    return n.stored(whole), places, n.type_of(low, high).sql(dialect=n.dialect), rest


_SORTS = {Base.YES_NO: "BOOLEAN", Base.DATE: "DATE", Base.TEXT: "VARCHAR", Base.CHOICE: "VARCHAR"}


def _missing(rows: Rows, mask: Mask, hint: str) -> tuple[str, ...]:
    return tuple(rows.frame.bind(f"{hint}_waits", mask.word(place)).name for place in mask.places)


def mask_of(words: Iterable[object]) -> int:
    """The names' bits in the words that a row has for what it waits for."""
    return sum(int(str(word)) << BITS * place for place, word in enumerate(words))


def _bound(rows: Rows, hint: str, tree: exp.Expression) -> exp.Expression:
    if known(tree) is not None or isinstance(tree, exp.Column):
        return tree
    return rows.frame.bind(hint, tree if tree.parent is None else tree.copy())


def _paren(tree: exp.Expression) -> exp.Expression:
    return (
        own(tree) if isinstance(tree, exp.Column | exp.Literal | exp.Boolean | exp.Null) else exp.Paren(this=own(tree))
    )
