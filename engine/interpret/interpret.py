"""Interpret: a dataset through the pipeline of each of its years, in order; the definition of meaning."""

import gc
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from functools import partial

from engine.interpret.evaluate import Evaluator
from engine.interpret.histories import Histories
from engine.interpret.link import Linked, link
from engine.interpret.steps import Doer
from engine.interpret.work import descendants, unlinked
from engine.interpret.world import input_value, parameter_value, rows_of
from engine.nouns.dataset import Dataset
from engine.nouns.periods import Period, periods_of
from engine.nouns.pipeline import Carry, Ledger, Pipeline
from engine.nouns.value import Value, stated
from engine.nouns.world import Looked, Row, Run, Tally, YearRun
from grammar.diagnostic import Finding, FindingsError, has_errors, in_order

PipelineOf = Callable[[date], Pipeline]


def interpret(pipeline_of: PipelineOf, dataset: Dataset, *, noting: bool = False) -> Run:
    """Settle every year of the data; ``pipeline_of`` gives the pipeline in force on a year's first day.

    ``noting`` keeps what every expression came to on every row, for explanations. Raises FindingsError where a row
    contradicts the rules (a part above its whole, a negative amount, an identity broken): wrong data yields no figure.
    """
    with _uncollected():
        return _interpret(pipeline_of, dataset, noting)


def _interpret(pipeline_of: PipelineOf, dataset: Dataset, noting: bool) -> Run:
    past: dict[tuple[object, ...], Row] = {}
    findings: list[Finding] = []
    years: list[YearRun] = []
    identities = waiting = 0
    runs = [_Year(pipeline_of(date(year, 1, 1)), dataset, year, past, findings, noting) for year in dataset.years]
    for run in runs:
        run.tables = rows_of(run.pipeline.scheme, dataset, run.year)
    # Rows of one year may be linked to rows of the next: all are there before the first is settled.
    link([Linked(run.pipeline, run.tables, run.evaluator) for run in runs])
    for run in runs:
        years.append(run.settle())
        identities += run.doer.identities
        waiting += run.doer.waiting
    findings = in_order(findings)
    if has_errors(findings):
        raise FindingsError([*dataset.findings, *findings])
    scheme = years[-1].pipeline.scheme if years else pipeline_of(date(1, 1, 1)).scheme
    return Run(scheme, tuple(years), tuple(findings), dataset.assumptions, Tally(identities, waiting))


def warnings_of(run: Run, dataset: Dataset) -> list[Finding]:
    """What settling warned of, told again from the rows a run left, whoever settled them; in the order it is found."""
    past: dict[tuple[object, ...], Row] = {}
    findings: list[Finding] = []
    for year in run.years:
        _Year(year.pipeline, dataset, year.year, past, findings, noting=False).warn(year.tables)
    return findings


@contextmanager
def _uncollected() -> Iterator[None]:
    """A stretch without the search for circles of garbage."""
    # A run keeps all it makes: searching it over and over, for nothing, costs as much as the run itself.
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()


@dataclass(slots=True)
class _Year:
    """One year: its rows, its parameters, its steps in order."""

    pipeline: Pipeline
    dataset: Dataset
    year: int
    past: dict[tuple[object, ...], Row]
    findings: list[Finding]
    noting: bool
    doer: Doer = field(init=False)
    tables: dict[str, tuple[Row, ...]] = field(default_factory=dict)
    evaluator: Evaluator = field(init=False)
    parameters: dict[tuple[str, str | None, Period], Value] = field(default_factory=dict)
    counts: dict[tuple[tuple[str, ...], str | None], int] = field(default_factory=dict)
    histories: Histories = field(init=False)

    def __post_init__(self) -> None:
        self.histories = Histories(self.pipeline.scheme, self.dataset)
        self.evaluator = Evaluator(self.pipeline.scheme, self._parameter, self.findings, self.noting)

    def settle(self) -> YearRun:
        self._begin(self.tables)
        for step in self.pipeline.steps:
            if isinstance(step, Ledger):
                self._ledger(step)
            else:
                self.doer.do(step)
        return YearRun(self.year, self.pipeline, self.tables)

    def warn(self, tables: Mapping[str, tuple[Row, ...]]) -> None:
        """Warn of rows that are settled already."""
        self._begin(tables)
        for rows in tables.values():
            for row in rows:
                # A gate refuses from its own step on.
                row.refused = False
        for step in self.pipeline.steps:
            for inner in step.steps if isinstance(step, Ledger) else (step,):
                self.doer.warn(inner)

    def _begin(self, tables: Mapping[str, tuple[Row, ...]]) -> None:
        for rows in tables.values():
            self.past.update((row.key, row) for row in rows)
        links = self.pipeline.scheme.links.values()
        # What is made of rows of the data is there where those are.
        supplied = self.dataset.supplied | {k.table for k in links if k.source in self.dataset.supplied}
        self.doer = Doer(self.pipeline, tables, self.past, supplied, self._history, self.evaluator, self.findings)

    def _ledger(self, ledger: Ledger) -> None:
        """Period by period: each reads the one before, closed."""
        grain = next(
            self.pipeline.scheme.tables[s.table].grain
            for s in ledger.steps
            if self.pipeline.scheme.tables[s.table].grain != "year"
        )
        for period in periods_of(self.year, grain):
            for step in ledger.steps:
                self.doer.do(step, period)

    def _parameter(self, name: str, row: Row) -> Value:
        key = (name, row.insurance, row.period)
        value = self.parameters.get(key)
        if value is None:
            parameter = self.pipeline.scheme.parameters[name]
            day = row.period.last_day if parameter.at_end else row.period.first_day
            value = parameter_value(parameter, self.dataset.taken(name), day, row.insurance)
            self.parameters[key] = value
        return value

    def _history(self, step: Carry, row: Row, period: Period) -> list[Looked] | None:
        """The child rows of a period, which need not be settled; nothing counted with a note where only others have some."""
        assert step.child is not None
        datum = self.pipeline.scheme.inputs.get((step.child, step.source))
        if (step.child, step.source) in self.pipeline.scheme.figures:
            closed = self._closed(step, row, period)
            if closed is not None or datum is None:
                return closed
        assert datum is not None
        if not self._has_rows(step.child, row, period):
            return None
        own = self.histories.rows(
            step.child, period.year, row.insurance, row.table, row.unit, partial(self._is_alone, row)
        )
        if not own:
            about = {"unit": row.unit, "period": str(period), "insurance": row.insurance or "—", "name": step.child}
            self.findings.append(Finding("R151", row.place, about))
            return [Looked(period, stated(0), None)] if step.function in _AMOUNTS else []
        assumption = self.dataset.taken(step.source)
        return [Looked(period, input_value(datum, r.cells.get(step.source), assumption), r) for r in own]

    def _closed(self, step: Carry, row: Row, period: Period) -> list[Looked] | None:
        """A figure of the child rows of an earlier year, as that year left it; None where it was not settled."""
        assert step.child is not None
        table, owner, unit, insurance, _ = row.key
        found = self.past.get((table, owner, unit, insurance, period))
        figure = self.pipeline.scheme.figures.get((step.child, step.source))
        if found is None or (found.refused and figure is not None and figure.kind.is_money):
            return None
        needs_data = (step.child, step.source) in self.pipeline.needs_data
        rows = [r for r in descendants(found, step.child) if r.from_data or not needs_data]
        if any(r.standing is not None for r in rows) or any(unlinked(found, step.child)):
            return None
        if not rows and not self._has_rows(step.child, row, period):
            return None
        return [Looked(period, r.columns[step.source], r) for r in rows if step.source in r.columns]

    def _has_rows(self, table: str, row: Row, period: Period) -> bool:
        link = self.pipeline.scheme.links.get(table)
        return self.histories.are_there(table if link is None else link.source, period.year, row.insurance)

    def _is_alone(self, row: Row, tables: tuple[str, ...]) -> bool:
        """Whether a unit is the only one of its kinds and insurance type, so that rows need not name it."""
        key = (tables, row.insurance)
        if key not in self.counts:
            self.counts[key] = sum(r.insurance == row.insurance for table in tables for r in self.doer.tables[table])
        return self.counts[key] == 1


_AMOUNTS = frozenset({"sum", "mean", "largest", "smallest"})
