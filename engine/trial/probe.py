"""Probing: data with one value changed is settled, to see where the two sides of a boundary then stand."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date, timedelta
from fractions import Fraction

from engine.api import Policy, bind_data
from engine.interpret.interpret import interpret
from engine.interpret.report import report
from engine.interpret.trace import tracer
from engine.load.tables import Cell, RawData, Row, Table
from engine.nouns import core as c
from engine.nouns import kinds as k
from engine.nouns.kinds import Kind
from engine.nouns.numbers import Number, money_text, ratio_text
from engine.nouns.pipeline import Aggregate, Check, Derive, Pipeline, Step
from engine.nouns.possible import Possible
from engine.nouns.settlement import Settlement
from engine.nouns.value import Value
from engine.nouns.world import Row as WorldRow
from engine.nouns.world import RowKey, Run
from engine.trial.coverage import steps_of
from engine.trial.points import Boundary, Key, boundaries, roots
from grammar.diagnostic import FindingsError, Place
from grammar.frozen import dataclass

_HERE = Place("")


@dataclass(frozen=True, slots=True)
class Knob:
    """One value of the data that can be turned: its table, row, column and kind."""

    table: int
    row: int
    column: str
    kind: Kind

    def turned(self, data: RawData, value: Number | date | bool) -> RawData:
        """The data with another value there."""
        table = data.tables[self.table]
        row = table.rows[self.row]
        cells = {**row.cells, self.column: Cell(cell_text(value, self.kind), _HERE)}
        rows = (*table.rows[: self.row], Row(cells, row.place), *table.rows[self.row + 1 :])
        tables = (*data.tables[: self.table], Table(table.name, rows, table.place), *data.tables[self.table + 1 :])
        return replace(data, tables=tables)


@dataclass(frozen=True, slots=True)
class Ran:
    """Data settled, with what every expression came to."""

    run: Run
    settlement: Settlement


def ran(policy: Policy, data: RawData) -> Ran | None:
    """The data settled; None where it is refused."""
    try:
        dataset = bind_data(policy, data)
        run = interpret(policy.pipeline, dataset, noting=True)
    except FindingsError:
        return None
    return Ran(run, report(run, dataset))


def stands(here: Ran, boundary: Boundary) -> Iterator[tuple[RowKey, Possible, Possible]]:
    """Where the two sides of a boundary stand, on each row that works it out."""
    trace = tracer(here.settlement)
    for year in here.run.years:
        for step, found in _places(year.pipeline).get(boundary.key, ()):
            for row in year.tables.get(_table(step), ()):
                pair = _pair(step, row, found, trace(year.pipeline, row))
                if pair is not None:
                    yield row.key, *pair


def _places(pipeline: Pipeline) -> Mapping[Key, list[tuple[Step, Boundary]]]:
    """Where in a pipeline each boundary is worked out; found once for the pipeline asked for last."""
    if _last and _last[0][0] is pipeline:
        return _last[0][1]
    found: dict[Key, list[tuple[Step, Boundary]]] = {}
    for step in steps_of(pipeline):
        for node in _nodes(step):
            for boundary in boundaries(node, pipeline.scheme):
                found.setdefault(boundary.key, []).append((step, boundary))
    _last[:] = [(pipeline, found)]
    return found


_last: list[tuple[Pipeline, Mapping[Key, list[tuple[Step, Boundary]]]]] = []


def _pair(step: Step, row: WorldRow, found: Boundary, value_of: object) -> tuple[Possible, Possible] | None:
    if row.refused:
        return None
    if isinstance(step, Derive):
        notes = {id(node): value for node, value in row.notes.get(step.column, ())}
        left, right = notes.get(id(found.left)), notes.get(id(found.right))
    else:
        assert callable(value_of)
        if isinstance(step, Check) and step.name not in row.given:
            return None
        left, right = value_of(found.left), value_of(found.right)
    return (left.now, right.now) if isinstance(left, Value) and isinstance(right, Value) else None


def _nodes(step: Step) -> Iterator[c.Core]:
    match step:
        case Derive():
            for root in roots(step.default, step.exceptions):
                yield from c.walk(root)
        case Check(sort="limit"):
            yield from c.walk(step.left)
        case Aggregate(where=where) if where is not None:
            yield from c.walk(where)
        case _:
            return


def _table(step: Step) -> str:
    return step.tables[0] if isinstance(step, Aggregate) else step.table


def cell_text(value: Number | date | bool, kind: Kind) -> str:
    """A value as a cell of a file writes it."""
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, date):
        return value.isoformat()
    if kind.base in k.MONEYS:
        return money_text(value)
    if kind.base is k.Base.RATIO:
        return ratio_text(Fraction(value) * 100)[0] + "%"
    return ratio_text(Fraction(value))[0]


def moved_by(value: Number | date, steps: int, kind: Kind) -> Number | date:
    """A value so many of its kind's smallest steps further."""
    if isinstance(value, date):
        return value + timedelta(days=steps)
    return value + steps * (Fraction(1, 10_000) if kind.base is k.Base.RATIO else 1)
