"""A value on every row of a kind, as SQL: what it is, what it would be without assumptions, its marks (nouns/value.py).

What is known before the run stands in Python: a value that is exact on every row is one plain tree and nothing else.
"""

from collections.abc import Callable, Iterable, Sequence

from sqlglot import exp

from engine.nouns.core import Input, Parameter
from engine.nouns.dataset import Assumption
from engine.nouns.possible import Scalar
from engine.sql import domain as d
from engine.sql import marks as m
from engine.sql import rational as r
from engine.sql.conditions import BOOLEAN, any_of, coalesced, known, no, truth
from engine.sql.forms import ANYTHING, NEVER, Number, Plain, Possible, Rational, Sort, Value, is_sure
from engine.sql.marks import Mask
from engine.sql.scope import Scope, once


def stated(value: Possible) -> Value:
    """A value that nothing open takes part in."""
    return Value(value, value)


def exactly(s: Scope, value: Scalar) -> Value:
    """A value known before the run."""
    return stated(d.exact(s, value))


def marked(s: Scope, now: Possible, base: Possible, parts: Iterable[Value]) -> Value:
    """A result with the marks of its parts; a known result waits for nothing and rests on no assumption."""
    parts = list(parts)
    return tidied(
        s,
        now,
        base,
        m.either(x.missing for x in parts),
        m.either(x.assumed for x in parts),
        m.either(x.defaults for x in parts),
    )


def tidied(s: Scope, now: Possible, base: Possible, missing: Mask, assumed: Mask, defaults: Mask) -> Value:
    """A value without the marks that do not count where it is exact."""
    if is_sure(base):
        return Value(base, base, defaults=defaults)
    if now is base:
        if not (missing.may or assumed.may):
            return Value(now, now, defaults=defaults)
        fixed = no(_bound(s, "exact", d.is_point(s, now)))
        return Value(now, now, m.when(fixed, missing), m.when(fixed, assumed), defaults)
    fixed = _bound(s, "exact", d.is_point(s, base))
    now = d.choose(s, [(fixed, base)], now)
    here = _bound(s, "exact", d.is_point(s, now)) if missing.may else truth(False)
    return Value(now, base, m.when(no(here), missing), m.when(no(fixed), assumed), defaults)


def lift(s: Scope, operation: Callable[..., Possible], *parts: Value) -> Value:
    """An operation on what values can be, done with and without the assumptions."""
    now = d.shortened(s, operation(*[p.now for p in parts]))
    if all(p.base is p.now for p in parts):
        return marked(s, now, now, parts)
    return marked(s, now, d.shortened(s, operation(*[p.base for p in parts])), parts)


def readable(s: Scope, value: Value) -> Value:
    """The value as an expression reads it: an absent figure may be anything and waits for what decided its absence."""
    both = (value.now,) if value.base is value.now else (value.now, value.base)
    if all(x.gone == NEVER for x in both):
        return value
    gap = _bound(s, "gap", any_of(*(d.has_gap(x) for x in both)))
    reads = m.either(m.when(d.has_gap(x), x.reads) for x in both)
    here = [_here(s, gap, x) for x in both]
    return Value(here[0], here[-1], m.either((value.missing, reads)), value.assumed, value.defaults)


def is_open(s: Scope, value: Value) -> exp.Expression:
    """Whether it is neither stated nor assumed."""
    exact = d.is_point(s, value.now)
    return no(exact if value.base is value.now else any_of(exact, d.is_point(s, value.base)))


def choose(s: Scope, cases: Sequence[tuple[exp.Expression, Value]], otherwise: Value) -> Value:
    """What goes with the first condition that holds, with its marks and no others."""
    cases = [(holds, value) for holds, value in cases if known(holds) is not False]
    if not cases:
        return otherwise
    values = [*(value for _, value in cases), otherwise]
    now = d.choose(s, [(holds, x.now) for holds, x in cases], otherwise.now)
    base = now
    if any(x.base is not x.now for x in values):
        base = d.choose(s, [(holds, x.base) for holds, x in cases], otherwise.base)
    return Value(
        now,
        base,
        m.chosen([(holds, x.missing) for holds, x in cases], otherwise.missing),
        m.chosen([(holds, x.assumed) for holds, x in cases], otherwise.assumed),
        m.chosen([(holds, x.defaults) for holds, x in cases], otherwise.defaults),
    )


# ---- where values come from


def datum(s: Scope, given: Possible, declared: Input, assumed: Possible | None) -> Value:
    """A datum: as given (NULL where not), as ``assumed``, its declared default, or every value its range admits."""
    if is_sure(given):
        return stated(given)
    name = m.fixed(s.names.mask([declared.name]))
    everything = _everything(s, declared, given)
    there = d.is_point(s, given)
    lacking = m.when(no(there), name)
    if assumed is not None:
        return Value(d.choose(s, [(there, given)], assumed), everything, assumed=lacking)
    default = False if declared.event else declared.default
    if default is not None:
        filled = stated(_filled(s, given, default))
        return Value(filled.now, filled.base, defaults=lacking)
    return Value(everything, everything, missing=lacking)


def parameter(s: Scope, declared: Parameter, value: Scalar | None, assumption: Assumption | None) -> Value:
    """A parameter where its dated lines give a value or none: assumed, or every value its range admits."""
    numeric = declared.kind.is_number
    sort = _sort(declared.kind.base.name)
    everything = d.between(s, declared.range.low, declared.range.high) if numeric else d.unknown(sort)
    name = m.fixed(s.names.mask([declared.name]))
    if assumption is not None:
        return Value(d.exact(s, assumption.value), everything, assumed=name)
    if value is not None:
        return exactly(s, value)
    if declared.assumed is not None:
        return Value(d.exact(s, declared.assumed), everything, assumed=name)
    return Value(everything, everything, missing=name)


def _sort(base: str) -> Sort:
    match base:
        case "YES_NO":
            return "yes_no"
        case "DATE":
            return "date"
        case _:
            return "text"


def _everything(s: Scope, declared: Input, given: Possible) -> Possible:
    """What is given, and where nothing is every value the range admits."""
    if isinstance(given.what, Plain) or not s.names.ranges:
        return given
    low, high = declared.range.low, declared.range.high
    column = given.what.low
    ends = [_or(s, column, end) for end in (low, high)]
    return given if ends[0] is ends[1] is column else Possible(Number(ends[0], ends[1]))


def _or(s: Scope, column: Rational | None, end: Scalar | None) -> Rational | None:
    if end is None or isinstance(end, bool | str) or not hasattr(end, "numerator"):
        return column
    number = r.constant(s, end)  # type: ignore[arg-type]
    return number if column is None else r.filled(s, column, number)


def _filled(s: Scope, given: Possible, default: Scalar) -> Possible:
    other = d.exact(s, default)
    if isinstance(given.what, Plain) and isinstance(other.what, Plain):
        return Possible(Plain(coalesced(given.what.sql, other.what.sql), given.what.sort, blank=False))
    assert isinstance(given.what, Number)
    assert isinstance(other.what, Number)
    assert other.what.low is not None
    return other if given.what.low is None else d.point(r.filled(s, given.what.low, other.what.low))


# ---- helpers


def _here(s: Scope, gap: exp.Expression, value: Possible) -> Possible:
    """The value where nothing is absent, else anything."""
    if value.gone == NEVER and known(gap) is False:
        return value
    if isinstance(value.what, Plain):
        return d.choose(s, [(gap, d.unknown(value.what.sort))], Possible(value.what))
    return d.choose(s, [(gap, ANYTHING)], Possible(value.what))


def _bound(s: Scope, hint: str, holds: exp.Expression) -> exp.Expression:
    return once(s, hint, holds, BOOLEAN)
