"""Default and exceptions, and tables of which exactly one row holds: what decides, also where conditions are open."""

from collections.abc import Callable, Iterator, Sequence
from itertools import product
from typing import Literal, NamedTuple

from engine.nouns.possible import ANYTHING, Possible, hull
from engine.nouns.value import NO_MARKS, Known, Value, marked
from engine.nouns.world import Row

# With more open conditions than this the result covers every branch: wider than the truth, never narrower.
MOST_OPEN = 8


class Chosen(NamedTuple):
    """The value, the branches that decide it, and whether they clash (or none holds where one must)."""

    value: Value
    decided: tuple[int, ...]
    clash: bool = False


def decide(
    sort: Literal["unless", "cases"],
    conditions: Sequence[Value],
    values: Sequence[Callable[[Row], Value]],
    otherwise: Callable[[Row], Value] | None,
    above: Sequence[frozenset[int]],
    row: Row,
) -> Chosen:
    """The value a row takes; branches that cannot hold are not worked out."""
    worked: dict[int, Value] = {}

    def value(index: int) -> Value:
        if index not in worked:
            worked[index] = values[index](row) if index >= 0 else _default(otherwise, row)
        return worked[index]

    if set(map(type, conditions)) == {Known}:
        holding = tuple([i for i, x in enumerate(conditions) if x.now])
        # One branch alone or the default: where its value is known too there is nothing to weigh.
        if len(holding) == 1 or (not holding and otherwise is not None):
            only = value(holding[0] if holding else -1)
            if type(only) is Known:
                return Chosen(only, holding)
    now = _outcomes(sort, [x.now for x in conditions], above, lambda i: value(i).now, exists=otherwise is not None)
    if all(x.base is x.now for x in conditions):
        base = now
    else:
        base = _outcomes(
            sort, [x.base for x in conditions], above, lambda i: value(i).base, exists=otherwise is not None
        )
    if now.clash:
        return Chosen(Value(ANYTHING, ANYTHING), now.decided, clash=True)
    live = sorted({*now.live, *base.live})
    parts = [*conditions, *(value(i) for i in live)]
    base_value = hull(value(i).base for i in base.live) if base.live else ANYTHING
    result = marked(hull(value(i).now for i in now.live), base_value, parts)
    missing = NO_MARKS.union(*(x.missing for x in (*conditions, *(value(i) for i in now.live))))
    if result.missing != missing and result.state == "open":
        result = Value(result.now, result.base, missing, result.assumed, result.defaults)
    return Chosen(result, now.decided)


def _default(otherwise: Callable[[Row], Value] | None, row: Row) -> Value:
    return otherwise(row) if otherwise is not None else Value(ANYTHING, ANYTHING)


class _Outcome(NamedTuple):
    """Which branches can decide (-1 is the default or 其余), and whether what certainly holds clashes."""

    live: tuple[int, ...]
    decided: tuple[int, ...]
    clash: bool = False


def _outcomes(
    sort: Literal["unless", "cases"],
    conditions: Sequence[Possible],
    above: Sequence[frozenset[int]],
    value: Callable[[int], Possible],
    *,
    exists: bool,
) -> _Outcome:
    holding = [i for i, x in enumerate(conditions) if x is True]
    open_ones = [i for i, x in enumerate(conditions) if not isinstance(x, bool)]
    if not open_ones:
        return _outcome(sort, holding, above, value, exists=exists)
    if len(open_ones) > MOST_OPEN:
        return _Outcome((*range(-1 if exists else 0, len(conditions)),), ())
    live: dict[int, None] = {}
    for extra in _subsets(open_ones):
        outcome = _outcome(sort, sorted([*holding, *extra]), above, value, exists=exists)
        if not outcome.clash:
            live.update(dict.fromkeys(outcome.live))
    if not live:
        # What holds for certain clashes, whatever else holds.
        return _outcome(sort, holding, above, value, exists=exists)._replace(live=())
    # What holds for certain, with nothing above it that may hold, decides whatever else is open.
    sure = tuple(
        i for i in holding if sort == "cases" or all(x is False for j, x in enumerate(conditions) if i in above[j])
    )
    return _Outcome(tuple(live), sure)


def _subsets(items: list[int]) -> Iterator[list[int]]:
    for choice in product((False, True), repeat=len(items)):
        yield [item for item, taken in zip(items, choice, strict=True) if taken]


def _outcome(
    sort: Literal["unless", "cases"],
    holding: list[int],
    above: Sequence[frozenset[int]],
    value: Callable[[int], Possible],
    *,
    exists: bool,
) -> _Outcome:
    """What decides when it is known which conditions hold."""
    if not holding:
        return _Outcome((-1,), (), clash=sort == "cases" and not exists)
    if sort == "cases":
        return _Outcome((holding[0],), tuple(holding), clash=len(holding) > 1)
    top = tuple(i for i in holding if not any(i in above[j] for j in holding))
    clash = any(value(i) != value(top[0]) for i in top[1:])
    return _Outcome(top[:1], top, clash=clash)
