"""Long tables of units settled in duckdb from end to end: staged, laid out, worked out, counted and told without rows here.

Whatever it cannot be sure to do as the interpreter does it refuses with NotPlainError; the whole run then goes the usual way.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

from sqlglot import exp

from engine.bulk.lay_out import LayOut
from engine.bulk.plain_data import PlainBinder, looked_back_by
from engine.bulk.run import PipelineOf, facts_of, held
from engine.bulk.staged import NotPlainError, ident
from engine.bulk.warned import Warned, text_of
from engine.bulk.wide import Wide
from engine.interpret.report import figures_of, open_items_of, report
from engine.load.tables import Cell, RawData
from engine.nouns.core import Scheme
from engine.nouns.dataset import Assumption, Dataset
from engine.nouns.pipeline import Allocate, Pipeline
from engine.nouns.settlement import HandedBack, Settlement
from engine.nouns.world import Run, Tally, YearRun
from engine.sql.duckdb_engine import DuckDB
from engine.sql.forms import ALWAYS, NEVER
from engine.sql.layout import ROW
from engine.sql.levels import quoted
from engine.sql.program import programmed
from engine.sql.rows import Facts, Rows
from engine.sql.scope import Unsayable
from grammar.diagnostic import FindingsError
from grammar.frozen import dataclass


@dataclass(frozen=True, slots=True)
class Straight:
    """A settlement whose figures stand in files, and the data it was made of, without its rows."""

    settlement: Settlement
    dataset: Dataset
    files: Mapping[str, Path]


@dataclass(frozen=True, slots=True)
class Rules:
    """What a policy is asked for here: its scheme at the end, every state of it, and what is in force on a day."""

    scheme: Scheme
    states: Sequence[Scheme]
    in_force: PipelineOf


def settle_straight(
    rules: Rules,
    raw: RawData,
    given: Iterable[Assumption],
    extra: Mapping[str, Cell] | None,
    years: Collection[int] | None,
    folder: Path,
    form: str,
    limits: tuple[str | None, int | None] = (None, None),
) -> Straight:
    """Settle data and write a table for each kind of rows into a folder, as Parquet or CSV; raises NotPlainError."""
    import duckdb

    binder = PlainBinder(rules.scheme, raw, given, extra, rules.states)
    try:
        paths = binder.hand_over()
        engine = DuckDB(memory=limits[0], threads=limits[1], open_to=[*paths.values(), folder])
        with held(engine):
            return _Settler(engine, rules, binder, paths, years).settle(folder, form)
    except (Unsayable, FindingsError) as error:
        raise NotPlainError(str(error)) from error
    except (duckdb.ConversionException, duckdb.OutOfRangeException) as error:
        # A number that no column holds here is bound and settled where numbers have no ends.
        raise NotPlainError(str(error)) from error


class _Settler:
    def __init__(
        self, engine: DuckDB, rules: Rules, binder: PlainBinder, paths: Mapping[str, Path], years: Collection[int] | None
    ) -> None:  # fmt: skip
        self.engine = engine
        self.rules = rules
        self.asked = years
        self.data = binder.stage(engine, paths, lambda day: rules.in_force(day).scheme)
        dataset = self.data.dataset
        self.pipelines: dict[int, Pipeline] = {y: rules.in_force(date(y, 1, 1)) for y in dataset.years}
        self.told = {year: figures_of(pipeline) for year, pipeline in self.pipelines.items()}

    def settle(self, folder: Path, form: str) -> Straight:
        """Every step in its order."""
        dataset, scheme = self.data.dataset, self.rules.scheme
        looked_back = tuple(dict.fromkeys(looked_back_by(self.pipelines.values())))
        laid = LayOut(self.engine, scheme, self.data.staged, self.data.names, dataset.years)
        layout = self.layout = laid.layout(dataset.supplied, looked_back)
        for staged in self.data.staged.values():
            self.engine.run(f"DROP TABLE {ident(staged.table)}")
        facts = facts_of(dataset)
        there = self.data.there
        facts = Facts(facts.parameter, facts.assumptions, lambda kind, i, year: (kind, i, year) in there)
        self.program = programmed(self.pipelines, layout, facts, self.engine.dialect, figures=self.told, tallied=True)
        for table, query in self.program.tables():
            self.engine.keep(table, quoted(query))
        self._certain()
        found = Warned(self.engine, scheme, layout, self.program, self.data).told(self.pipelines)
        years = tuple(YearRun(year, pipeline, {}) for year, pipeline in self.pipelines.items())
        run = Run(scheme, years, found, dataset.assumptions, self._tally())
        settlement = report(run, dataset, self.asked)
        wide = Wide(self.engine, self.program, self.pipelines, settlement.years)
        open_ = open_items_of(run, wide.waits(), self._is_blank)
        units = sum(relation.rows for relation in layout.relations.values() if not relation.parents)
        receipt = {**settlement.receipt, "figures": wide.digest()}
        settlement = replace(
            settlement,
            open=open_,
            receipt={**receipt, "engine": f"{receipt['engine']} duckdb"},
            engine="duckdb",
            handed_back=HandedBack(0, units, None),
        )
        return Straight(settlement, dataset, wide.write(folder, form))

    def _ask(self, query: str) -> list[tuple[object, ...]]:
        return list(self.engine.rows(query))

    def _some(self, query: str) -> bool:
        return bool(self._ask(f"SELECT 1 FROM ({query}) LIMIT 1"))  # noqa: S608 - our own names

    def _count(self, query: str) -> int:
        return int(str(self._ask(query)[0][0]))

    # ---- nothing is left to the interpreter

    def _certain(self) -> None:
        """No row is in doubt."""
        for (year, kind), doubt in self.program.doubts.items():
            if isinstance(doubt, exp.Boolean) and not doubt.this:
                continue
            source = ident(self.program.years[year][kind].frame.source)
            if self._some(f"SELECT 1 FROM {source} WHERE {text_of(doubt)}"):  # noqa: S608 - our own names
                raise NotPlainError("rows in doubt")

    # ---- what is counted

    def _tally(self) -> Tally:
        """How many identities were checked, and how many wait."""
        checked = waiting = 0
        shared: dict[int, list[str]] = {}
        for kinds in self.program.years.values():
            for rows in kinds.values():
                source = ident(rows.frame.source)
                for _, tree in rows.checks:
                    query = f"SELECT count(*), count(*) FILTER (({text_of(tree)}) IS NULL) FROM {source}"  # noqa: S608
                    ((all_, open_),) = self._ask(query)
                    checked += int(str(all_)) - int(str(open_))
                    waiting += int(str(open_))
                for step, tree in rows.shared:
                    shared.setdefault(id(step), []).append(self._shared(rows, step, tree))
        for parts in shared.values():
            checked += self._count(f"SELECT count(DISTINCT up) FROM ({' UNION ALL '.join(parts)})")  # noqa: S608
        return Tally(checked, waiting)

    def _shared(self, rows: Rows, step: Allocate, tree: exp.Expression) -> str:
        """The rows that shared something out, by what the rows of one kind that share say."""
        source = ident(rows.frame.source)
        if rows.table.name == step.table:
            return f"SELECT {ROW} AS up FROM {source} WHERE {text_of(tree)}"  # noqa: S608 - our own names
        gone = rows.columns[step.column].now.gone
        there = "true"
        if isinstance(gone, exp.Expression):
            there = f"({text_of(gone)}) <> {ALWAYS}"
        elif gone != NEVER:
            there = str(gone != ALWAYS).lower()
        return f"SELECT {text_of(rows.ups[step.table][0])} AS up FROM {source} WHERE ({text_of(tree)}) AND {there}"  # noqa: S608

    def _is_blank(self, kind: str, name: str) -> bool:
        """Whether any row of the data lacks a datum that nothing stands for."""
        datum = self.rules.scheme.inputs[kind, name]
        if name in self.data.dataset.assumptions or datum.event or datum.default is not None:
            return False
        laid = self.layout.relations[kind]
        query = f"SELECT 1 FROM {ident(laid.sql)} WHERE from_data AND {ident(laid.columns[name].sql)} IS NULL"  # noqa: S608
        return self._some(query)
