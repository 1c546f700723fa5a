"""A dataset settled by an engine: into relations, through the SQL of each year, and back to the rows of a run."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from types import FrameType

from engine.bulk.decode import decode, tally
from engine.bulk.fill import Filled, fill
from engine.bulk.hand_over import Root, bound_together, root_of, settle_again
from engine.bulk.merge import merge
from engine.interpret.interpret import interpret, warnings_of
from engine.interpret.world import parameter_value
from engine.nouns import core as c
from engine.nouns.dataset import Dataset
from engine.nouns.periods import Period
from engine.nouns.pipeline import Pipeline
from engine.nouns.settlement import HandedBack
from engine.nouns.value import Value
from engine.nouns.world import Run, Tally, YearRun
from engine.sql.engines import Engine, UnusableError
from engine.sql.levels import quoted
from engine.sql.program import programmed
from engine.sql.rows import Facts
from engine.sql.scope import Unsayable
from engine.sql.storage import columns_of
from grammar.diagnostic import Finding, FindingsError, Words, in_order
from grammar.frozen import dataclass

PipelineOf = Callable[[date], Pipeline]


@dataclass(frozen=True, slots=True)
class Settled:
    """A run, and what of it the engine left to the interpreter."""

    run: Run
    handed_back: HandedBack


@contextmanager
def engine_named(name: str, memory: str | None = None, threads: int | None = None) -> Iterator[Engine]:
    """An engine as long as it is needed; where it is not there, FindingsError says what it needs.

    Raises MemoryError where the memory it may take is not enough, KeyboardInterrupt where a user ends it.
    """
    import duckdb

    try:
        engine = _opened(name, memory, threads)
    except UnusableError as error:
        about: dict[str, object] = {"engine": error.engine}
        match error.reason:
            case "not installed":
                finding = Finding("R180", None, {**about, "needs": error.detail})
            case "not reached":
                finding = Finding("R181", None, {**about, "why": error.detail or "—"})
            case "wraps":
                finding = Finding("R182", None, about)
        raise FindingsError([finding]) from error
    except duckdb.OutOfMemoryException as error:
        raise MemoryError from error
    with held(engine):
        yield engine


@contextmanager
def held(engine: Engine) -> Iterator[None]:
    """Have an engine stop where a user ends the program, and close it; want of memory and an end are told as Python's own.

    Raises MemoryError and KeyboardInterrupt.
    """
    import duckdb

    try:
        with _interruptible(engine):
            yield
    except duckdb.OutOfMemoryException as error:
        raise MemoryError from error
    except duckdb.InterruptException as error:
        raise KeyboardInterrupt from error
    except RuntimeError as error:
        # This is how duckdb hands on an interruption that came while it worked.
        if str(error) == "Query interrupted":
            raise KeyboardInterrupt from error
        raise
    finally:
        engine.close()


@contextmanager
def _interruptible(engine: Engine) -> Iterator[None]:
    """Have the engine stop as well where a user ends the program: its other threads hear of no signal."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def end(number: int, frame: FrameType | None) -> None:
        engine.interrupt()
        handler = before[signal.Signals(number)]
        assert callable(handler)
        handler(number, frame)

    ours = [number for number, handler in before.items() if callable(handler)]
    for number in ours:
        signal.signal(number, end)
    try:
        yield
    finally:
        for number in ours:
            signal.signal(number, before[number])


def _opened(name: str, memory: str | None = None, threads: int | None = None) -> Engine:
    if name == "spark":
        from engine.sql.spark_engine import Spark

        return Spark()
    from engine.sql.duckdb_engine import DuckDB

    return DuckDB(memory=memory, threads=threads)


def settle_in(engine: Engine, pipeline_of: PipelineOf, dataset: Dataset) -> Settled:
    """Settle every year of the data in an engine; what it is in doubt of the interpreter settles again.

    Raises FindingsError as interpreting does.
    """
    pipelines = {year: pipeline_of(date(year, 1, 1)) for year in dataset.years}
    if not pipelines:
        return _interpreted(pipeline_of, dataset, None)
    try:
        filled = fill(pipeline_of, dataset)
        program = programmed(pipelines, filled.layout, facts_of(dataset), engine.dialect)
    except Unsayable as unsayable:
        where = f"{unsayable.figure}：" if unsayable.figure else ""
        why = Words(where + unsayable.why.zh, where.replace("：", ": ") + unsayable.why.en)
        return _interpreted(pipeline_of, dataset, why)
    load(engine, filled)
    for table, query in program.tables():
        engine.keep(table, quoted(query))
    merged = merge(engine, program, pipelines, filled.tables)
    decoded = decode(engine, program, pipelines, filled.tables, merged)
    groups = bound_together(filled.tables, pipelines)
    doubtful: set[Root] = set()
    for row in decoded.doubtful:
        doubtful |= groups.get(root_of(row), frozenset({root_of(row)}))
    identities, waiting = tally(decoded, lambda row: bool(doubtful) and root_of(row) in doubtful)
    if doubtful:
        try:
            again = settle_again(pipeline_of, dataset, filled.tables, doubtful)
        except FindingsError:
            # What is wrong is told with all that is, whichever unit it is about.
            return _interpreted(pipeline_of, dataset, None)
        identities += again.tally.identities
        waiting += again.tally.waiting
    years = tuple(YearRun(year, pipelines[year], filled.tables[year]) for year in dataset.years)
    run = Run(years[-1].pipeline.scheme, years, (), dataset.assumptions, Tally(identities, waiting))
    found = in_order(warnings_of(run, dataset))
    return Settled(replace(run, findings=tuple(found)), HandedBack(len(doubtful), len(groups), None))


def facts_of(dataset: Dataset) -> Facts:
    """What is known of a run before it."""

    def parameter(declared: c.Parameter, insurance: str | None, period: Period) -> Value:
        day = period.last_day if declared.at_end else period.first_day
        return parameter_value(declared, dataset.assumptions.get(declared.name), day, insurance)

    there = {(kind, r.insurance, r.period.year) for kind, rows in dataset.rows.items() for r in rows}
    return Facts(parameter, dataset.assumptions, lambda kind, insurance, year: (kind, insurance, year) in there)


def load(engine: Engine, filled: Filled) -> None:
    """The relations with their rows."""
    for relation in filled.layout.relations.values():
        cells = filled.cells[relation.kind]
        engine.create(relation.sql, columns_of(relation, engine.dialect, tuple(cells)))
        rows = list(zip(*cells.values(), strict=True))
        if rows:
            engine.fill(relation.sql, rows)


def _interpreted(pipeline_of: PipelineOf, dataset: Dataset, why: Words | None) -> Settled:
    run = interpret(pipeline_of, dataset)
    units = {root_of(row) for year in run.years for rows in year.tables.values() for row in rows}
    return Settled(run, HandedBack(len(units), len(units), why))
