"""A row as it would stand if one of its reported amounts were another: the same rules worked out again, nothing settled."""

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction

from engine.explain.account import Trace
from engine.explain.makers import Makers
from engine.explain.slopes import NotStraightError
from engine.nouns.core import Core, NoFigure
from engine.nouns.numbers import Number, exact, round_to
from engine.nouns.pipeline import Derive, Pipeline
from engine.nouns.possible import is_point
from engine.nouns.value import Value, stated
from engine.nouns.world import Row

ValueOf = Callable[[Core], Value]
Known = dict[tuple[Number, bool], tuple[Row, set[str]]]


def moved(
    row: Row,
    figure: str,
    driver: str,
    by: Number,
    makers: Makers,
    trace: Trace,
    pipeline: Pipeline,
    known: Known,
    *,
    rounded: bool,
) -> Row:
    """The row with ``driver`` moved, and what ``figure`` needs worked out again; NotStraightError where it cannot be known.

    ``known`` keeps the rows by how far they moved, so that the figures of one row share what was worked out.
    """
    if (by, rounded) not in known:
        start = row.columns[driver].now
        if isinstance(start, bool) or not isinstance(start, int | Fraction):
            raise NotStraightError(driver)
        columns = dict(row.columns)
        columns[driver] = stated(exact(Fraction(start) + by))
        known[by, rounded] = (replace(row, columns=columns, decided=dict(row.decided)), set())
    trial, done = known[by, rounded]
    columns, value_of = trial.columns, trace(pipeline, trial)
    for name in makers.between((row.table, figure), (row.table, driver)):
        if name in row.given or name in done:
            continue
        step = makers.by.get((row.table, name))
        if not isinstance(step, Derive):
            raise NotStraightError(name)
        columns[name] = _worked(step, trial, value_of, rounded=rounded)
        done.add(name)
    return trial


def _worked(step: Derive, trial: Row, value_of: ValueOf, *, rounded: bool) -> Value:
    hits = []
    for index, branch in enumerate(step.exceptions):
        holds = value_of(branch.condition).now
        if not isinstance(holds, bool):
            raise NotStraightError(step.column)
        if holds:
            hits.append(index)
    above = {i: step.exceptions[i].above for i in hits}
    winners = [i for i in hits if not any(i in above[j] for j in hits)]
    trial.decided[step.column] = tuple(winners)
    chosen = step.exceptions[winners[0]].value if winners else step.default
    if isinstance(chosen, NoFigure):
        raise NotStraightError(step.column)
    value = value_of(chosen)
    now = value.now
    if not is_point(now):
        raise NotStraightError(step.column)
    if not rounded or step.step is None or isinstance(now, bool) or not isinstance(now, int | Fraction):
        return value
    return stated(round_to(now, step.step, step.mode))
