"""What every expression of a figure came to on its row, worked out again by the interpreter's own functions.

Values do not change once a run is over, so what is read here is what the run itself read: a trace cannot drift.
"""

from collections.abc import Callable, Mapping
from datetime import date

from engine.interpret.evaluate import Evaluator
from engine.interpret.world import entry_at, parameter_value
from engine.nouns.core import Core, Entry
from engine.nouns.dataset import Assumption
from engine.nouns.pipeline import Pipeline
from engine.nouns.settlement import Settlement
from engine.nouns.value import Value
from engine.nouns.world import Row


def tracer(settlement: Settlement) -> Callable[[Pipeline, Row], Callable[[Core], Value]]:
    """A function that gives, for a row of a pipeline, the value of any expression on it."""
    evaluators: dict[int, Evaluator] = {}

    def trace(pipeline: Pipeline, row: Row) -> Callable[[Core], Value]:
        evaluator = evaluators.get(id(pipeline))
        if evaluator is None:
            evaluator = Evaluator(pipeline.scheme, _parameters(pipeline, settlement.assumptions), [])
            evaluators[id(pipeline)] = evaluator
        return lambda node: evaluator.of(node)(row)

    return trace


def parameter_entry(pipeline: Pipeline, name: str, row: Row) -> Entry | None:
    """The dated value of a parameter that a row reads; None where it has none."""
    parameter = pipeline.scheme.parameters[name]
    return entry_at(parameter, _day(pipeline, name, row), row.insurance)


def _parameters(pipeline: Pipeline, assumptions: Mapping[str, Assumption]) -> Callable[[str, Row], Value]:
    def parameter(name: str, row: Row) -> Value:
        given = assumptions.get(name)
        own = given if given is not None and given.source != "rules" else None
        return parameter_value(pipeline.scheme.parameters[name], own, _day(pipeline, name, row), row.insurance)

    return parameter


def _day(pipeline: Pipeline, name: str, row: Row) -> date:
    return row.period.last_day if pipeline.scheme.parameters[name].at_end else row.period.first_day
