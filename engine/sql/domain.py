"""What a value can be on every row of a kind, as SQL: a number, yes/no, text or date, or absent; mirrors nouns/possible.py.

A yes/no, text or date that is not known is NULL; numbers are those of `ranges`.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from sqlglot import exp

from engine.nouns.core import Mode
from engine.nouns.numbers import Number as Exact
from engine.nouns.possible import Scalar
from engine.sql import ranges as n
from engine.sql import rational as r
from engine.sql.conditions import (
    BOOLEAN,
    all_of,
    any_of,
    case,
    certainly,
    coalesced,
    is_given,
    is_null,
    known,
    no,
    own,
    truth,
)
from engine.sql.forms import (
    ALWAYS,
    ANY_NUMBER,
    ANYTHING,
    NEVER,
    PERHAPS,
    Number,
    Plain,
    Possible,
    Rational,
    Sort,
    is_sure,
)
from engine.sql.marks import Mask, chosen, either, when
from engine.sql.marks import differ as unlike
from engine.sql.scope import Scope, Unsayable, once
from grammar.diagnostic import Words

SMALL = exp.DataType.build("SMALLINT")
# Of a value that is exact on every row one tree is read, mostly once; of others several are, each many times.
_MOST_SURE, _MOST_LOOSE = 80, 16


TYPES = {"yes_no": BOOLEAN, "text": exp.DataType.build("VARCHAR"), "date": exp.DataType.build("DATE")}


# ---- making


def exact(s: Scope, value: Scalar) -> Possible:
    """A value known before the run."""
    if isinstance(value, bool):
        return Possible(Plain(truth(value), "yes_no", blank=False, value=value))
    if isinstance(value, str):
        return Possible(Plain(exp.Literal.string(value), "text", blank=False, value=value))
    if isinstance(value, date):
        day = exp.cast(exp.Literal.string(value.isoformat()), TYPES["date"].copy())
        return Possible(Plain(day, "date", blank=False, value=value))
    return point(r.constant(s, value))


def point(number: Rational) -> Possible:
    """One number on every row (or, where it is NULL, any)."""
    return Possible(n.exactly(number))


def answer(sql: exp.Expression, *, blank: bool) -> Possible:
    """A yes/no; NULL is not known."""
    fixed = known(sql)
    if isinstance(sql, exp.Null):
        return unknown("yes_no")
    return Possible(Plain(sql, "yes_no", blank and fixed is None, fixed))


def absent(reads: Mask) -> Possible:
    """No such figure on any row."""
    return Possible(ANY_NUMBER, ALWAYS, reads)


def between(s: Scope, low: Exact | None, high: Exact | None) -> Possible:
    """The same range on every row."""
    if not s.names.ranges and (low is None or low != high):
        return ANYTHING
    low_end, high_end = (None if x is None else r.constant(s, x) for x in (low, high))
    return Possible(Number(low_end, high_end))


def unknown(sort: Sort) -> Possible:
    """A yes/no, text or date that is known on no row."""
    return Possible(_unknown(sort))


def shortened(s: Scope, value: Possible) -> Possible:
    """The same in columns where it is so long that what is made of it would grow with every operation."""
    most = _MOST_SURE if is_sure(value) else _MOST_LOOSE
    if isinstance(value.what, Plain):
        sql = once(s, "holds" if value.what.sort == "yes_no" else "text", value.what.sql, TYPES[value.what.sort], most)
        what: Number | Plain = value.what if sql is value.what.sql else replace(value.what, sql=sql)
    else:
        what = n.settled(s, value.what, most)
    return value if what is value.what else Possible(what, value.gone, value.reads, value.perhaps)


# ---- asking


def is_point(s: Scope, value: Possible) -> exp.Expression:
    """Whether it is one exact value: TRUE or FALSE, never NULL."""
    if value.gone == ALWAYS:
        return truth(False)
    return all_of(is_gone(value, NEVER), _solid_is_point(s, value.what))


def is_gone(value: Possible, how: int) -> exp.Expression:
    """Whether it is absent in this way: never, always or perhaps."""
    if isinstance(value.gone, int):
        return truth(value.gone == how)
    if how == PERHAPS and not value.perhaps:
        return truth(False)
    return exp.EQ(this=own(value.gone), expression=exp.Literal.number(how))


def has_gap(value: Possible) -> exp.Expression:
    """Whether it is or may be absent."""
    return no(is_gone(value, NEVER))


def number(s: Scope, value: Possible) -> Number:
    """The number or range; what is not a number any more may be anything."""
    what = value.what
    if isinstance(what, Plain) or value.gone == ALWAYS:
        return ANY_NUMBER
    return n.choose(s, [(is_gone(value, NEVER), what)], ANY_NUMBER)


def plain(value: Possible, sort: Sort) -> Plain:
    """The yes/no, text or date; what is none any more is not known."""
    what = value.what
    if isinstance(what, Number) or value.gone == ALWAYS:
        return _unknown(sort)
    if value.gone == NEVER:
        return what
    return Plain(case([(is_gone(value, NEVER), what.sql)]), sort, blank=True)


def condition(value: Possible) -> exp.Expression:
    """A yes/no as a condition: TRUE, FALSE, or NULL where it is not known."""
    return plain(value, "yes_no").sql


def is_exactly(s: Scope, value: Possible, number_: Exact) -> exp.Expression:
    """Whether it is exactly this number: TRUE or FALSE."""
    return n.is_exactly(s, number(s, value), number_)


def differ(s: Scope, left: Possible, right: Possible) -> exp.Expression:
    """Whether two are not the same thing, ends and all: TRUE or FALSE."""
    here = all_of(no(is_gone(left, ALWAYS)), no(is_gone(right, ALWAYS)))
    gone: exp.Expression = truth(False)
    if left.gone != right.gone:
        gone = exp.NEQ(this=own(_gone(left)), expression=own(_gone(right)))
        if isinstance(left.gone, int) and isinstance(right.gone, int):
            gone = truth(True)
    reads: exp.Expression = truth(False)
    if left.reads != right.reads:
        reads = all_of(has_gap(left), has_gap(right), unlike(left.reads, right.reads))
    return any_of(gone, reads, all_of(here, _solids_differ(s, left.what, right.what)))


# ---- numbers


def add(s: Scope, left: Possible, right: Possible) -> Possible:
    """Sum."""
    return Possible(n.add(s, number(s, left), number(s, right)))


def subtract(s: Scope, left: Possible, right: Possible) -> Possible:
    """Difference."""
    return Possible(n.subtract(s, number(s, left), number(s, right)))


def negate(s: Scope, value: Possible) -> Possible:
    """The number with its sign turned."""
    return Possible(n.negate(s, number(s, value)))


def multiply(s: Scope, left: Possible, right: Possible) -> Possible:
    """Product; nothing times anything is nothing, even times something without an end."""
    return Possible(n.product(s, number(s, left), number(s, right)))


def divide(s: Scope, left: Possible, right: Possible) -> Possible:
    """Quotient; a divisor that may be zero gives anything. Where it is exactly zero the caller says what comes of it."""
    return Possible(n.quotient(s, number(s, left), number(s, right)))


def least(s: Scope, left: Possible, right: Possible) -> Possible:
    """The lesser of two."""
    return Possible(n.least(s, number(s, left), number(s, right)))


def greatest(s: Scope, left: Possible, right: Possible) -> Possible:
    """The greater of two."""
    return Possible(n.greatest(s, number(s, left), number(s, right)))


def rounded(s: Scope, value: Possible, mode: Mode, step: Exact) -> Possible:
    """Both ends rounded."""
    return Possible(n.rounded(s, number(s, value), mode, step))


def rounded_where_there(s: Scope, value: Possible, mode: Mode, step: Exact) -> Possible:
    """Both ends rounded; what is, or may be, absent stays so, and so does what is no number."""
    if isinstance(value.what, Plain) or value.gone == ALWAYS:
        return value
    return Possible(n.rounded(s, value.what, mode, step), value.gone, value.reads, value.perhaps)


def clip(s: Scope, value: Possible, low: Rational | None, high: Rational | None) -> Possible:
    """A range cut to what it is known to lie in; a point is left for the caller to judge."""
    if isinstance(value.what, Plain) or value.gone == ALWAYS:
        return value
    clipped = n.clip(s, value.what, low, high)
    return value if clipped is value.what else Possible(clipped, value.gone, value.reads, value.perhaps)


def cut_down(s: Scope, amount: Possible) -> Possible:
    """Between nothing and the amount's upper end."""
    if not s.names.ranges:
        return ANYTHING
    high = number(s, amount).high
    return Possible(Number(r.constant(s, 0), high))


# ---- yes and no: TRUE, FALSE, NULL for what is not known


def over(s: Scope, left: Possible, right: Possible) -> Possible:
    """Whether the left is greater, or a later day."""
    if isinstance(left.what, Plain) or isinstance(right.what, Plain):
        return _compared(exp.GT, left, right, "date")
    a, b = number(s, left), number(s, right)
    return answer(n.over(s, a, b), blank=not (a.is_sure and b.is_sure))


def equal(s: Scope, left: Possible, right: Possible) -> Possible:
    """Whether two values are the same."""
    sorts = [x.what.sort for x in (left, right) if isinstance(x.what, Plain)]
    if sorts:
        return _compared(exp.EQ, left, right, sorts[0])
    a, b = number(s, left), number(s, right)
    return answer(n.equal(s, a, b), blank=not (a.is_sure and b.is_sure))


def among(s: Scope, left: Possible, options: Sequence[Possible]) -> Possible:
    """Whether a value is one of some."""
    values = [x.what.sql for x in options if is_sure(x) and isinstance(x.what, Plain) and x.what.value is not None]
    if len(values) == len(options) > 1 and isinstance(left.what, Plain) and left.what.value is None:
        mine = plain(left, left.what.sort)
        return answer(exp.In(this=own(mine.sql), expressions=[own(x) for x in values]), blank=mine.blank)
    found = exact(s, value=False)
    for option in options:
        found = one_of(found, equal(s, left, option))
    return found


def both(left: Possible, right: Possible) -> Possible:
    """Whether both hold; one known no decides."""
    a, b = plain(left, "yes_no"), plain(right, "yes_no")
    return answer(all_of(a.sql, b.sql), blank=a.blank or b.blank)


def one_of(left: Possible, right: Possible) -> Possible:
    """Whether one holds; one known yes decides."""
    a, b = plain(left, "yes_no"), plain(right, "yes_no")
    return answer(any_of(a.sql, b.sql), blank=a.blank or b.blank)


def inverted(value: Possible) -> Possible:
    """The opposite of a yes/no."""
    a = plain(value, "yes_no")
    return answer(no(a.sql), blank=a.blank)


def day(year: Possible, offset: Possible, month: Possible, of_month: Possible) -> date:
    """A day of a year known before the run; 29 February falls on the 28th where there is none."""
    numbers: list[int] = []
    for part in (year, offset, month, of_month):
        what = part.what
        fixed = what.low.static if isinstance(what, Number) and what.is_sure and what.low is not None else None
        if fixed is None or fixed.denominator != 1:
            raise Unsayable(Words("哪一年的日子要逐行才知道", "a day of a year that only the rows tell"))
        numbers.append(int(fixed))
    try:
        return date(numbers[0] + numbers[1], numbers[2], numbers[3])
    except ValueError:
        return date(numbers[0] + numbers[1], numbers[2], numbers[3] - 1)


# ---- choice


def choose(s: Scope, cases: Sequence[tuple[exp.Expression, Possible]], otherwise: Possible) -> Possible:
    """What goes with the first condition that holds."""
    kept: list[tuple[exp.Expression, Possible]] = []
    for holds, value in cases:
        if known(holds) is False:
            continue
        if known(holds):
            otherwise = value
            break
        if kept and kept[-1][1] == value:
            kept[-1] = (any_of(kept[-1][0], holds), value)
        else:
            kept.append((holds, value))
    while kept and kept[-1][1] == otherwise:
        kept.pop()
    if not kept:
        return otherwise
    values = [*(v for _, v in kept), otherwise]
    if all(v.gone == otherwise.gone for v in values):
        gone: exp.Expression | int = otherwise.gone
    else:
        gone = exp.cast(case([(holds, _gone(v)) for holds, v in kept], _gone(otherwise)), SMALL.copy())
    reads = chosen([(holds, v.reads) for holds, v in kept], otherwise.reads)
    perhaps = any(v.perhaps and v.gone not in {NEVER, ALWAYS} for v in values)
    return Possible(_choose_solid(s, kept, otherwise), gone, reads, perhaps)


def may_be_null(value: Possible) -> bool:
    """Whether some row has NULL for it."""
    what = value.what
    return what.blank if isinstance(what, Plain) else what.low is None or what.low.blank


def filled(s: Scope, given: Possible, otherwise: Possible) -> Possible:
    """What is given, and where that is NULL another; of values that are exact or NULL."""
    one, other = given.what, otherwise.what
    if isinstance(one, Number) and isinstance(other, Number):
        if one.low is None or other.low is None:
            return otherwise if one.low is None else given
        found = r.filled(s, one.low, other.low)
        return Possible(Number(found, found))
    if isinstance(one, Plain) and isinstance(other, Plain):
        return Possible(Plain(coalesced(one.sql, other.sql), one.sort, other.blank))
    return given


def hull(s: Scope, items: Sequence[tuple[exp.Expression, Possible]]) -> Possible:
    """The narrowest thing that covers those whose condition holds; on every row one does."""
    items = [(holds, value) for holds, value in items if known(holds) is not False]
    if len(items) == 1:
        return items[0][1]
    items = [(once(s, "live", holds, BOOLEAN), value) for holds, value in items]
    solid = [(all_of(holds, no(is_gone(value, ALWAYS))), value.what) for holds, value in items]
    solid = [(there, what) for there, what in solid if known(there) is not False]
    if all(value.gone == NEVER for _, value in items):
        return Possible(_hull_solid(s, solid))
    gaps = [(all_of(holds, has_gap(value)), value) for holds, value in items]
    some_gone = any_of(*(there for there, _ in gaps))
    some_here = any_of(*(there for there, _ in solid))
    number_of = exp.Literal.number
    gone = case([(no(some_gone), number_of(NEVER)), (some_here, number_of(PERHAPS))], number_of(ALWAYS))
    reads = either(when(there, value.reads) for there, value in gaps)
    if isinstance(gone, exp.Literal):
        return Possible(_hull_solid(s, solid) if solid else ANY_NUMBER, int(gone.this), reads)
    return Possible(_hull_solid(s, solid), exp.cast(gone, SMALL.copy()), reads)


# ---- helpers


def _unknown(sort: Sort) -> Plain:
    return Plain(exp.cast(exp.Null(), TYPES[sort].copy()), sort, blank=True)


def _gone(value: Possible) -> exp.Expression:
    return exp.Literal.number(value.gone) if isinstance(value.gone, int) else value.gone


def _solid_is_point(s: Scope, what: Number | Plain) -> exp.Expression:
    if isinstance(what, Plain):
        return is_given(what.sql) if what.blank else truth(True)
    return n.is_point(s, what)


def _solids_differ(s: Scope, left: Number | Plain, right: Number | Plain) -> exp.Expression:
    if isinstance(left, Number) and isinstance(right, Number):
        return n.differ(s, left, right)
    if isinstance(left, Number) or isinstance(right, Number):
        return truth(True)
    if left == right:
        return truth(False)
    if not (left.blank or right.blank):
        return no(exp.EQ(this=_side(left.sql), expression=_side(right.sql)))
    return exp.NullSafeNEQ(this=_side(left.sql), expression=_side(right.sql))


def _choose_solid(s: Scope, cases: Sequence[tuple[exp.Expression, Possible]], otherwise: Possible) -> Number | Plain:
    values = [*(value for _, value in cases), otherwise]
    sorts = [value.what.sort for value in values if isinstance(value.what, Plain)]
    if not sorts:
        numbers = [(holds, value.what) for holds, value in cases if isinstance(value.what, Number)]
        assert isinstance(otherwise.what, Number)
        return n.choose(s, numbers, otherwise.what)
    plains = [(holds, _plain_in(value, sorts[0])) for holds, value in cases]
    last = _plain_in(otherwise, sorts[0])
    blank = last.blank or any(x.blank for _, x in plains)
    return Plain(case([(holds, x.sql) for holds, x in plains], last.sql), sorts[0], blank)


def _plain_in(value: Possible, sort: Sort) -> Plain:
    return value.what if isinstance(value.what, Plain) else _unknown(sort)


def _hull_solid(s: Scope, items: Sequence[tuple[exp.Expression, Number | Plain]]) -> Number | Plain:
    sorts = [what.sort for _, what in items if isinstance(what, Plain)]
    if not sorts:
        return n.hull(s, [(holds, what) for holds, what in items if isinstance(what, Number)])
    plains = [(holds, what) for holds, what in items if isinstance(what, Plain)]
    if len(plains) < len(items):
        # What may be anything beside a yes/no leaves it unknown.
        others = any_of(*(holds for holds, what in items if isinstance(what, Number)))
        return Plain(case([(no(others), _hull_plain(plains, sorts[0]).sql)]), sorts[0], blank=True)
    return _hull_plain(plains, sorts[0])


def _hull_plain(items: Sequence[tuple[exp.Expression, Plain]], sort: Sort) -> Plain:
    """What all that count agree on."""
    if all(what == items[0][1] for _, what in items):
        return items[0][1]
    chosen_ = case([(holds, what.sql) for holds, what in items])
    apart = []
    for place, (holds, what) in enumerate(items):
        for other_holds, other in items[:place]:
            unlike: exp.Expression = exp.NEQ(this=_side(what.sql), expression=_side(other.sql))
            if what.value is not None and other.value is not None:
                unlike = truth(what.value != other.value)
            apart.append(all_of(holds, other_holds, certainly(unlike, blank=what.blank or other.blank)))
    apart += [all_of(holds, is_null(what.sql)) for holds, what in items if what.blank]
    return Plain(case([(no(any_of(*apart)), chosen_)]), sort, blank=True)


def _compared(kind: type[exp.GT | exp.EQ], left: Possible, right: Possible, sort: Sort) -> Possible:
    a, b = plain(left, sort), plain(right, sort)
    if a.value is not None and b.value is not None:
        fixed = a.value == b.value if kind is exp.EQ else a.value > b.value  # type: ignore[operator]
        return answer(truth(fixed), blank=False)
    if isinstance(left.what, Number) or isinstance(right.what, Number):
        return unknown("yes_no")
    return answer(kind(this=_side(a.sql), expression=_side(b.sql)), blank=a.blank or b.blank)


def _side(sql: exp.Expression) -> exp.Expression:
    tight = isinstance(sql, exp.Column | exp.Literal | exp.Boolean | exp.Cast | exp.Case | exp.Paren)
    return own(sql) if tight else exp.Paren(this=own(sql))
