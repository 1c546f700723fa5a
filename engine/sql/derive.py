"""A figure from other columns of its row, as SQL: mirrors interpret/derive.py."""

from fractions import Fraction

from sqlglot import exp

from engine.nouns import core as c
from engine.nouns import kinds as k
from engine.nouns.numbers import Number
from engine.nouns.pipeline import GIVEN, Derive
from engine.sql import choices, ranges
from engine.sql import domain as d
from engine.sql import marks as m
from engine.sql import rational as r
from engine.sql import values as v
from engine.sql.carried import settled
from engine.sql.conditions import all_of, any_of, certainly, known, no, truth
from engine.sql.expressions import assuming, beside, branch, evaluate, may_hold
from engine.sql.forms import ALWAYS, NEVER, Plain, Possible, Value
from engine.sql.marks import Mask
from engine.sql.rows import Rows, sort_of
from engine.sql.scope import Scope, Within


def derive(rows: Rows, step: Derive) -> None:
    """Add a figure's column."""
    value = _derived(rows, step)
    limits = step.figure.range
    if limits is not None and step.kind.is_number:
        rows.doubt(_outside(rows, value.now, limits))
    clauses = "、".join(step.figure.clauses)
    rows.put(step.column, value, f"{step.column} {clauses}".strip())


def _derived(rows: Rows, step: Derive) -> Value:
    if not step.blank_only:
        value = _chosen(rows, rows, step)
        # What is known on every row is held to its limits in the figure's own column; a range is cut first.
        return _kept_within(
            rows, step, value, _name(rows, step) if value.is_certain or not rows.names.ranges else "amount"
        )
    given = rows.columns[GIVEN + step.column]
    is_blank = any_of(m.some(given.missing), m.some(given.defaults))
    if not rows.names.ranges:
        is_blank = no(rows.given(step.column))
    if known(is_blank) is False:
        return given
    there = Within(rows, is_blank, {})
    chosen = settled(there, _chosen(rows, there, step, is_blank), f"{_name(rows, step)}_before")
    value = _left_blank(there, step, rows, chosen)
    value = _kept_within(there, step, value, "amount")
    if not rows.names.ranges and value.now.gone == given.now.gone == NEVER and d.may_be_null(given.now):
        return v.stated(d.filled(rows, given.now, value.now))
    return v.choose(rows, [(no(is_blank), given)], value)


def _name(rows: Rows, step: Derive) -> str:
    return rows.scheme.labels.id(step.column, step.table)


def _chosen(rows: Rows, s: Scope, step: Derive, where: exp.Expression | None = None) -> Value:
    """Default and exceptions, each rounded where the figure is defined."""
    nodes = [b.condition for b in step.exceptions]
    if not nodes:
        return rounded(s, branch(s, step.default, []), step.step, step.mode)
    conditions = [evaluate(s, node) for node in nodes]

    def value(index: int) -> Value:
        if index < 0:
            made = branch(beside(s, conditions), step.default, nodes)
        else:
            one = step.exceptions[index]
            made = branch(assuming(s, one.condition, may_hold(s, conditions[index])), one.value, [one.condition])
        return rounded(s, made, step.step, step.mode)

    chosen = choices.decide(s, "unless", conditions, value, [b.above for b in step.exceptions])
    rows.decided[step.column] = chosen.decided if where is None else m.when(where, chosen.decided)
    return chosen.value


def rounded(s: Scope, value: Value, step: Number | None, mode: c.Mode) -> Value:
    """A value rounded; what is, or may be, absent stays as it is, and so does what is no number."""
    if step is None or isinstance(value.now.what, Plain):
        return value
    return v.lift(s, lambda x: d.rounded_where_there(s, x, mode, step), value)


def _left_blank(s: Scope, step: Derive, rows: Rows, value: Value) -> Value:
    """A datum left blank waits for what its rule waits for; where that is nothing handed in, for the datum itself."""
    is_open = v.is_open(s, value)
    if known(is_open) is False or not s.names.ranges:
        return value
    lacking = rows.names.mask(rows.scheme.tables.keys() - rows.supplied)
    waits = m.among(value.missing, value.missing.may & ~lacking)
    absent = d.is_gone(value.now, ALWAYS)
    if isinstance(step.default, c.Read):
        absent = any_of(absent, d.is_gone(rows.column(step.default.column).now, ALWAYS))
    datum = rows.scheme.inputs[step.table, step.column]
    anything = (
        d.between(s, datum.range.low, datum.range.high) if datum.kind.is_number else d.unknown(sort_of(datum.kind))
    )
    name = m.fixed(rows.names.mask([step.column]))
    blank = Value(anything, anything, name, value.assumed, value.defaults)
    return v.choose(s, [(all_of(is_open, any_of(absent, no(waits))), blank)], value)


def _kept_within(s: Scope, step: Derive, value: Value, name: str) -> Value:
    """A part stays within what is left, and money is not negative: where a known one is not, the row is in doubt."""
    if step.remaining is not None:
        value = _within_rest(s, settled(s, value, name), settled(s, evaluate(s, step.remaining), "rest"))
    if step.kind.base is k.Base.MONEY and step.kind.per is None:
        value = _not_negative(s, settled(s, value, name))
    return value


def _within_rest(s: Scope, value: Value, rest: Value) -> Value:
    s.doubt(_beyond(s, value.now, rest.now))
    if (value.is_known and rest.is_known) or not s.names.ranges:
        return value
    now = _clipped(s, value.now, rest.now)
    base = now
    if value.base is not value.now or rest.base is not rest.now:
        base = _clipped(s, value.base, rest.base)
    loose = no(d.is_point(s, value.now))
    masks = [m.either((mine, m.when(loose, theirs))) for mine, theirs in zip(_masks(value), _masks(rest), strict=True)]
    absent = d.is_gone(value.now, ALWAYS)
    made = v.tidied(s, now, base, *masks)
    return made if known(absent) is False else v.choose(s, [(absent, value)], made)


def _masks(value: Value) -> tuple[Mask, Mask, Mask]:
    return value.missing, value.assumed, value.defaults


def _beyond(s: Scope, part: Possible, rest: Possible) -> exp.Expression:
    """Whether a known part does not lie between nothing and what is known to be left, of either sign."""
    fixed = all_of(_is_told(s, part), _is_told(s, rest))
    if known(fixed) is False:
        return truth(value=False)
    x, y = d.number(s, part).low, d.number(s, rest).low
    if x is None or y is None or x == y:
        return truth(value=False)
    x, y, zero = r.settled(s, x, "part"), r.settled(s, y, "rest"), r.constant(s, 0)
    positive = truth(value=True) if y.is_never_negative else r.from_(s, y, zero)
    above = any_of(truth(value=False) if x.is_never_negative else r.over(s, zero, x), r.over(s, x, y))
    below = any_of(r.over(s, y, x), r.over(s, x, zero))
    return all_of(fixed, any_of(all_of(positive, above), all_of(no(positive), below)))


def _is_told(s: Scope, value: Possible) -> exp.Expression:
    """Whether a number that is compared is exact; what is NULL compares to NULL, which is no doubt."""
    return d.is_point(s, value) if s.names.ranges else truth(value=True)


def _clipped(s: Scope, value: Possible, rest: Possible) -> Possible:
    """A range cut to what lies between nothing and what is left."""
    room = ranges.settled(s, d.number(s, rest))
    zero = r.constant(s, 0)
    up = truth(value=False) if room.low is None else certainly(r.from_(s, room.low, zero), room.low.blank)
    down = truth(value=False) if room.high is None else certainly(r.from_(s, zero, room.high), room.high.blank)
    return d.choose(
        s,
        [(up, d.clip(s, value, zero, room.high)), (down, d.clip(s, value, room.low, zero))],
        value,
    )


def _not_negative(s: Scope, value: Value) -> Value:
    zero = r.constant(s, 0)
    low = d.number(s, value.now).low
    if low is not None and not low.is_never_negative:
        s.doubt(all_of(_is_told(s, value.now), r.over(s, zero, low)))
    if value.is_known:
        return value
    now = d.clip(s, value.now, zero, None)
    base = now if value.base is value.now else d.clip(s, value.base, zero, None)
    absent = d.is_gone(value.now, ALWAYS)
    made = v.tidied(s, now, base, *_masks(value))
    return made if known(absent) is False else v.choose(s, [(absent, value)], made)


def _outside(s: Scope, value: Possible, limits: c.Range) -> exp.Expression:
    """Whether a known number is outside what its name is declared to be."""
    number = d.number(s, value).low
    fixed = _is_told(s, value)
    if number is None or known(fixed) is False:
        return truth(value=False)
    outside: list[exp.Expression] = []
    if limits.low is not None:
        end = r.constant(s, _exact(limits.low))
        outside.append(r.from_(s, end, number) if limits.open_low else r.over(s, end, number))
    if limits.high is not None:
        end = r.constant(s, _exact(limits.high))
        outside.append(r.from_(s, number, end) if limits.open_high else r.over(s, number, end))
    return all_of(fixed, any_of(*outside))


def _exact(number: Number) -> Number:
    return number if isinstance(number, int) else Fraction(number)
