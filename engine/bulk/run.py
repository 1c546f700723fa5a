"""A dataset settled by an engine: into relations, through the SQL of each year, and back to the rows of a run."""

from collections.abc import Callable, Mapping
from datetime import date

from engine.bulk.decode import decode
from engine.bulk.fill import Filled, fill
from engine.bulk.hand_over import Root, bound_together, root_of, settle_again
from engine.interpret.interpret import interpret
from engine.interpret.world import input_value, parameter_value
from engine.nouns.core import Input
from engine.nouns.dataset import Dataset
from engine.nouns.periods import Period
from engine.nouns.pipeline import Pipeline
from engine.nouns.settlement import HandedBack
from engine.nouns.value import Value
from engine.nouns.world import Run, Tally, YearRun
from engine.sql.engines import Engine
from engine.sql.program import Program, programmed
from engine.sql.scope import Unsayable
from engine.sql.storage import columns_of
from grammar.diagnostic import FindingsError, in_order
from grammar.frozen import dataclass

PipelineOf = Callable[[date], Pipeline]


@dataclass(frozen=True, slots=True)
class Settled:
    """A run, and what of it the engine left to the interpreter."""

    run: Run
    handed_back: HandedBack


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a run before it: parameters by insurance type and period, data left blank."""

    dataset: Dataset

    def parameter(self, pipeline: Pipeline, name: str, insurance: str | None, period: Period) -> Value:
        """A parameter at an insurance type's row of a period."""
        parameter = pipeline.scheme.parameters[name]
        day = period.last_day if parameter.at_end else period.first_day
        return parameter_value(parameter, self.dataset.assumptions.get(name), day, insurance)

    def blank(self, datum: Input) -> Value:
        """A datum that a row does not give."""
        return input_value(datum, None, self.dataset.assumptions.get(datum.name))


def settle_in(engine: Engine, pipeline_of: PipelineOf, dataset: Dataset) -> Settled:
    """Settle every year of the data in an engine; what it is in doubt of the interpreter settles again.

    Raises FindingsError as interpreting does.
    """
    pipelines = {year: pipeline_of(date(year, 1, 1)) for year in dataset.years}
    try:
        filled = fill(pipelines, dataset)
        program = programmed(pipelines, filled.layout, Facts(dataset), engine.dialect)
    except Unsayable as unsayable:
        return _interpreted(pipeline_of, dataset, str(unsayable))
    _load(engine, filled)
    program.run(engine)
    return _back(engine, program, filled, pipelines, dataset)


def _interpreted(pipeline_of: PipelineOf, dataset: Dataset, why: str) -> Settled:
    run = interpret(pipeline_of, dataset)
    units = {root_of(row) for year in run.years for rows in year.tables.values() for row in rows}
    return Settled(run, HandedBack(len(units), len(units), why))


def _load(engine: Engine, filled: Filled) -> None:
    """The relations with their rows."""
    for relation in filled.layout.relations.values():
        cells = filled.cells[relation.kind]
        engine.create(relation.sql, columns_of(relation, engine.dialect))
        engine.fill(relation.sql, zip(*cells.values(), strict=True))


def _back(
    engine: Engine, program: Program, filled: Filled, pipelines: Mapping[int, Pipeline], dataset: Dataset
) -> Settled:
    """The rows of the run with what the engine made of them; those in doubt as the interpreter makes them."""
    decoded = decode(engine, program, filled.tables)
    groups = bound_together(filled.tables, pipelines)
    doubtful: set[Root] = set()
    for row in decoded.doubtful:
        doubtful |= groups.get(root_of(row), {root_of(row)})
    identities, waiting = decoded.tally(doubtful)
    findings = []
    if doubtful:
        try:
            again = settle_again(pipelines, dataset, filled.tables, doubtful)
        except FindingsError as error:
            raise FindingsError([*dataset.findings, *error.findings]) from None
        identities += again.tally.identities
        waiting += again.tally.waiting
        findings = list(again.findings)
    years = tuple(YearRun(year, pipelines[year], filled.tables[year]) for year in dataset.years)
    scheme = years[-1].pipeline.scheme
    run = Run(scheme, years, tuple(in_order(findings)), dataset.assumptions, Tally(identities, waiting))
    return Settled(run, HandedBack(len(doubtful), len(groups), ""))
