"""Default and exceptions, and tables of which exactly one row holds, as SQL: mirrors interpret/choose.py."""

from collections.abc import Callable, Iterator, Sequence
from itertools import product
from typing import Any, Literal

from sqlglot import exp

from engine.sql import domain as d
from engine.sql import marks as m
from engine.sql import values as v
from engine.sql.conditions import BOOLEAN, all_of, any_of, certainly, is_null, known, no, perhaps, truth
from engine.sql.forms import ANYTHING, Plain, Possible, Value
from engine.sql.marks import Mask
from engine.sql.scope import Scope, once
from grammar.frozen import dataclass

# With more conditions than this that some row may leave open, the rows that do are in doubt.
_MOST_OPEN = 4
# What stands in the place of a branch where it is open which branch it is.
_OPEN = -2


@dataclass(frozen=True, slots=True)
class Chosen:
    """The value, and the branches that decide it, each a bit; what clashes is in doubt."""

    value: Value
    decided: Mask


@dataclass(frozen=True, slots=True)
class _Live:
    """When each branch may decide (-1 is the default); where on every row exactly one does, each that may, in order.

    The first of ``ordered`` whose condition holds decides: whichever ranks above it is asked before it.
    """

    when: dict[int, exp.Expression]
    ordered: list[tuple[int, exp.Expression]] | None


def decide(
    s: Scope,
    sort: Literal["unless", "cases"],
    conditions: Sequence[Value],
    value: Callable[[int], Value | None],
    above: Sequence[frozenset[int]],
) -> Chosen:
    """The value of each row; ``value`` gives what a branch comes to, that of -1 None where there is no default."""
    worked: dict[int, Value | None] = {}

    def of(index: int) -> Value | None:
        if index not in worked:
            worked[index] = value(index)
        return worked[index]

    exists = of(-1) is not None
    holds = [_answer(s, c.now) for c in conditions]
    now = _outcomes(s, sort, holds, above, lambda i: _part(of(i), "now"), exists=exists)
    base = now
    if any(c.base is not c.now for c in conditions):
        both = [_answer(s, c.base) for c in conditions]
        base = _outcomes(s, sort, both, above, lambda i: _part(of(i), "base"), exists=exists)
    live = [i for i in range(-1, len(conditions)) if of(i) is not None]
    parts = {i: x for i in live if (x := of(i)) is not None}
    missing = [c.missing for c in conditions] + [m.when(now.when[i], x.missing) for i, x in parts.items()]
    either = {i: any_of(now.when[i], base.when[i]) for i in parts}
    assumed = [c.assumed for c in conditions] + [m.when(either[i], x.assumed) for i, x in parts.items()]
    defaults = [c.defaults for c in conditions] + [m.when(either[i], x.defaults) for i, x in parts.items()]
    value_now = _covered(s, now, {i: x.now for i, x in parts.items()})
    value_base = value_now
    if base is not now or any(x.base is not x.now for x in parts.values()):
        value_base = _covered(s, base, {i: x.base for i, x in parts.items()})
    made = v.tidied(s, value_now, value_base, m.either(missing), m.either(assumed), m.either(defaults))
    return Chosen(made, _decided(sort, holds, above))


def _answer(s: Scope, condition: Possible) -> tuple[exp.Expression, bool]:
    """A condition in a column where it is long, and whether some row may leave it open."""
    plain = d.plain(condition, "yes_no")
    return once(s, "holds", plain.sql, BOOLEAN), plain.blank


def _part(value: Value | None, part: Literal["now", "base"]) -> Possible | None:
    return None if value is None else value.now if part == "now" else value.base


def _covered(s: Scope, live: _Live, values: dict[int, Possible]) -> Possible:
    items = [(live.when[i], x) for i, x in values.items() if known(live.when[i]) is not False]
    if not items:
        return ANYTHING
    if live.ordered is not None:
        values = {_OPEN: _open(values), **values}
        *first, last = [(holds, values[i]) for i, holds in live.ordered if i in values]
        return d.choose(s, first, last[1])
    return d.hull(s, items)


def _open(values: dict[int, Possible]) -> Possible:
    sorts = [x.what.sort for x in values.values() if isinstance(x.what, Plain)]
    return d.unknown(sorts[0]) if sorts else ANYTHING


def _outcomes(
    s: Scope,
    sort: Literal["unless", "cases"],
    holds: Sequence[tuple[exp.Expression, bool]],
    above: Sequence[frozenset[int]],
    value: Callable[[int], Possible | None],
    *,
    exists: bool,
) -> _Live:
    if not s.names.ranges:
        return _in_order(s, sort, holds, above, value, exists=exists)
    open_ones = [i for i, (_, blank) in enumerate(holds) if blank]
    if len(open_ones) > _MOST_OPEN:
        s.doubt(any_of(*(is_null(holds[i][0]) for i in open_ones)))
        holds = [(certainly(c, blank=blank), False) for c, blank in holds]
        open_ones = []
    found: dict[int, list[exp.Expression]] = {i: [] for i in range(-1, len(holds))}
    excludes = False
    for taken in product((False, True), repeat=len(open_ones)):
        which = dict(zip(open_ones, taken, strict=True))
        here = all_of(*(_may(holds[i][0], yes) for i, yes in which.items()))
        sure = [truth(which[i]) if i in which else c for i, (c, _) in enumerate(holds)]
        tops = _tops(sort, sure, above)
        clash = _clash(s, sort, tops, value, exists=exists)
        if not open_ones:
            s.doubt(clash)
            here = truth(True)
        elif known(clash) is not False:
            # What clashes is no outcome.
            excludes = True
            here = all_of(here, no(once(s, "clash", clash, BOOLEAN)))
        for i, first in _firsts(tops):
            found[i].append(all_of(here, first))
    when = {i: once(s, "live", any_of(*each), BOOLEAN) for i, each in found.items()}
    if open_ones:
        if excludes:
            s.doubt(no(any_of(*when.values())))
        return _Live(when, None)
    order = [
        i for i in _ranked(above if sort == "unless" else [frozenset()] * len(holds)) if known(when[i]) is not False
    ]
    return _Live(when, [*((i, holds[i][0]) for i in order), (-1, truth(True))])


def _in_order(
    s: Scope,
    sort: Literal["unless", "cases"],
    holds: Sequence[tuple[exp.Expression, bool]],
    above: Sequence[frozenset[int]],
    value: Callable[[int], Possible | None],
    *,
    exists: bool,
) -> _Live:
    """The outcomes where a condition that is open leaves all that rank below it open."""
    tops = _tops(sort, [certainly(c, blank=blank) for c, blank in holds], above)
    s.doubt(_clash(s, sort, tops, value, exists=True))
    if sort == "cases" and not exists:
        # Where one is open it may be that one.
        s.doubt(all_of(*(no(c) for c, _ in holds)))
    ordered: list[tuple[int, exp.Expression]] = []
    for i in _ranked(above if sort == "unless" else [frozenset()] * len(holds)):
        condition, blank = holds[i]
        if blank:
            ordered.append((_OPEN, is_null(condition)))
        ordered.append((i, condition))
    return _Live(dict.fromkeys(range(-1, len(holds)), truth(True)), [*ordered, (-1, truth(True))])


def _ranked(above: Sequence[frozenset[int]]) -> list[int]:
    """The branches, each after those that rank above it."""
    left, found = list(range(len(above))), list[int]()
    while left:
        first = next((i for i in left if not any(i in above[j] for j in left)), left[0])
        left.remove(first)
        found.append(first)
    return found


def _may(condition: exp.Expression, yes: bool) -> exp.Expression:
    """Whether a condition may hold, or may not: TRUE or FALSE."""
    return perhaps(condition) if yes else no(certainly(condition))


def _tops(
    sort: Literal["unless", "cases"], sure: Sequence[exp.Expression], above: Sequence[frozenset[int]]
) -> list[exp.Expression]:
    """When each branch holds and none that ranks above it does."""
    if sort == "cases":
        return list(sure)
    return [all_of(holds, *(no(sure[j]) for j in range(len(sure)) if i in above[j])) for i, holds in enumerate(sure)]


def _firsts(tops: Sequence[exp.Expression]) -> Iterator[tuple[int, exp.Expression]]:
    yield -1, all_of(*(no(top) for top in tops))
    for i, top in enumerate(tops):
        if known(top) is not False:
            yield i, all_of(top, *(no(other) for other in tops[:i]))


def _clash(
    s: Scope,
    sort: Literal["unless", "cases"],
    tops: Sequence[exp.Expression],
    value: Callable[[int], Possible | None],
    *,
    exists: bool,
) -> exp.Expression:
    """When two that decide differ, or where one must hold none or several do."""
    pairs: list[exp.Expression] = []
    for i, top in enumerate(tops):
        for j in range(i):
            together = all_of(top, tops[j])
            if known(together) is False or _exclude(top, tops[j]):
                continue
            apart: exp.Expression = truth(True)
            if sort == "unless":
                left, right = value(i), value(j)
                apart = d.differ(s, left, right) if left is not None and right is not None else truth(True)
            pairs.append(all_of(together, apart))
    if sort == "cases" and not exists:
        pairs.append(all_of(*(no(top) for top in tops)))
    return any_of(*pairs)


def _exclude(left: exp.Expression, right: exp.Expression) -> bool:
    """Whether one plainly says that a part of the other does not hold."""
    parts: list[Any] = list(left.flatten()) if isinstance(left, exp.And) else [left]
    others: list[Any] = list(right.flatten()) if isinstance(right, exp.And) else [right]
    return any(no(x) == y for x in parts for y in others)


def _decided(
    sort: Literal["unless", "cases"],
    holds: Sequence[tuple[exp.Expression, bool]],
    above: Sequence[frozenset[int]],
) -> Mask:
    """The branches that decide for certain: what holds, with nothing above it that holds or may hold."""
    sure = [certainly(c, blank=blank) for c, blank in holds]
    out = [certainly(no(c), blank=blank) for c, blank in holds]
    tops = [
        all_of(yes, *(out[j] for j in range(len(sure)) if sort == "unless" and i in above[j]))
        for i, yes in enumerate(sure)
    ]
    return m.either(m.when(top, m.fixed(1 << i)) for i, top in enumerate(tops))
