"""A dataset into relations: the rows the interpreter itself would work on, with what is known of each column."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date
from itertools import count
from math import lcm

from engine.interpret.world import rows_of
from engine.nouns.core import Input, Scheme
from engine.nouns.dataset import Dataset
from engine.nouns.kinds import Kind
from engine.nouns.pipeline import Carry, Ledger, Pipeline, Step
from engine.nouns.possible import Scalar
from engine.nouns.world import Row
from engine.sql.layout import (
    COUNT,
    FROM_DATA,
    INSURANCE,
    NUMBER,
    OWN,
    PARENT,
    PARENT_KIND,
    PLACE,
    ROW,
    UNIT,
    YEAR,
    Column,
    Layout,
    Relation,
)
from engine.sql.names import Called, earlier
from engine.sql.scope import Unsayable
from grammar.diagnostic import Words
from grammar.frozen import dataclass

Cell = int | bool | str | date | None
Tables = dict[str, tuple[Row, ...]]


@dataclass(frozen=True, slots=True)
class Filled:
    """A run's relations, their rows column by column, and the rows themselves by year and kind for what comes back."""

    layout: Layout
    cells: Mapping[str, Mapping[str, list[Cell]]]
    tables: Mapping[int, Tables]


def fill(pipeline_of: Callable[[date], Pipeline], dataset: Dataset) -> Filled:
    """The relations of every kind of rows, all settled years together, and of what history reads besides."""
    pipelines = {year: pipeline_of(date(year, 1, 1)) for year in dataset.years}
    tables = {year: rows_of(pipeline.scheme, dataset, year) for year, pipeline in pipelines.items()}
    schemes = [pipeline.scheme for pipeline in pipelines.values()]
    names = Called(schemes[-1].labels)
    relations: dict[str, Relation] = {}
    cells: dict[str, Mapping[str, list[Cell]]] = {}
    numbers, places = _numbered(tables), _places(tables)
    for kind in dict.fromkeys(kind for scheme in schemes for kind in scheme.tables):
        own = Called(schemes[-1].labels, OWN)
        filler = _Filler(kind, _same_table(schemes, kind), _inputs(schemes, kind), numbers, places, own)
        rows = {year: tables[year].get(kind, ()) for year in tables}
        relations[kind] = filler.relation(names.of(kind), rows)
        cells[kind] = filler.cells
    for kind in dict.fromkeys(
        step.child for p in pipelines.values() for step in histories(p) if step.child is not None
    ):
        relation, held = _earlier(kind, schemes, dataset, names)
        relations[relation.kind], cells[relation.kind] = relation, held
    return Filled(Layout(relations, dataset.supplied, dataset.years), cells, tables)


def histories(pipeline: Pipeline) -> Iterator[Carry]:
    """The steps that read data of child rows of years that need not be settled."""
    for step in flat(pipeline):
        if isinstance(step, Carry) and step.child is not None and (step.child, step.source) in pipeline.scheme.inputs:
            yield step


def flat(pipeline: Pipeline) -> Iterator[Step]:
    """All steps in order, those of ledgers among them."""
    for step in pipeline.steps:
        if isinstance(step, Ledger):
            yield from step.steps
        else:
            yield step


def _same_table(schemes: list[Scheme], kind: str) -> tuple[str, ...]:
    """The parents of a kind, which no amendment may have changed."""
    parents = {scheme.tables[kind].parents for scheme in schemes if kind in scheme.tables}
    grains = {scheme.tables[kind].grain for scheme in schemes if kind in scheme.tables}
    if len(parents) > 1 or len(grains) > 1:
        raise Unsayable(Words("修订前后不是同一种行", "other rows before an amendment than after it"), kind)
    return parents.pop()


def _inputs(schemes: list[Scheme], kind: str) -> Mapping[str, Input]:
    return {name: datum for scheme in schemes for (table, name), datum in scheme.inputs.items() if table == kind}


def _numbered(tables: Mapping[int, Tables]) -> Mapping[int, int]:
    """The number of every row in its relation, by the row's identity: years ascending, then as the results stand."""
    numbers: dict[int, int] = {}
    counters: dict[str, Iterator[int]] = {}
    for year in tables.values():
        for kind, rows in year.items():
            counter = counters.setdefault(kind, count())
            numbers.update((id(row), next(counter)) for row in rows)
    return numbers


class _Filler:
    """Fills the relation of one kind."""

    def __init__(
        self,
        kind: str,
        parents: tuple[str, ...],
        inputs: Mapping[str, Input],
        numbers: Mapping[int, int],
        places: Mapping[int, int],
        names: Called,
    ) -> None:
        self.kind = kind
        self.parents = parents
        self.inputs = inputs
        self.numbers = numbers
        self.places = places
        self.names = names
        self.cells: dict[str, list[Cell]] = {}

    def relation(self, sql: str, years: Mapping[int, tuple[Row, ...]]) -> Relation:
        """The relation of all rows; what they hold goes into ``cells``."""
        rows = [row for of_year in years.values() for row in of_year]
        kinds = {parent: place for place, parent in enumerate(self.parents)}
        above = [row.parent for row in rows]
        self.cells = {
            ROW: list(range(len(rows))),
            PARENT: [None if x is None else self.numbers[id(x)] for x in above],
            PARENT_KIND: [None if x is None else kinds[x.table] for x in above],
            YEAR: [row.period.year for row in rows],
            NUMBER: [row.period.number for row in rows],
            UNIT: [row.unit for row in rows],
            INSURANCE: [row.insurance for row in rows],
            FROM_DATA: [row.from_data for row in rows],
            COUNT: [row.count for row in rows],
            PLACE: [self.places[id(row)] for row in rows],
        }
        columns: dict[str, Column] = {}
        for name, datum in self.inputs.items():
            given = [row.columns[name].now if name in row.given else None for row in rows]
            column = column_of(name, self.names.of(name, self.kind), datum.kind, given)  # type: ignore[arg-type]
            columns[name] = column
            self.cells[column.sql] = stored(given, column)  # type: ignore[arg-type]
        insurances = tuple(dict.fromkeys(row.insurance for row in rows)) or (None,)
        unique = len({(row.unit, row.insurance, row.period) for row in rows}) == len(rows)
        return Relation(
            self.kind,
            sql,
            self.parents,
            columns,
            {y: len(r) for y, r in years.items()},
            insurances,
            _most(rows),
            unique,
            one_year=len(years) == 1,
            all_from_data=all(row.from_data for row in rows),
        )


def column_of(name: str, sql: str, kind: Kind, given: list[Scalar | None]) -> Column:
    """What is known of a column from what the rows give."""
    there = [x for x in given if x is not None]
    blanks, some = len(there) < len(given), bool(there)
    if not kind.is_number:
        return Column(name, sql, kind, blanks=blanks, given=some)
    scale = lcm(*(x.denominator for x in there))  # type: ignore[union-attr]
    whole = [int(x * scale) for x in there]  # type: ignore[operator]
    low, high = (min(whole), max(whole)) if whole else (0, 0)
    return Column(name, sql, kind, scale, low, high, blanks, some)


def stored(given: Iterable[Scalar | None], column: Column) -> list[Cell]:
    """What is given, as the column stores it."""
    if column.sort != "whole":
        return list(given)  # type: ignore[arg-type]
    return [None if x is None else int(x * column.scale) for x in given]  # type: ignore[operator]


def _places(tables: Mapping[int, Tables]) -> Mapping[int, int]:
    """The place of every row among all of its year, as allocations go through them; equal ones share it."""
    places: dict[int, int] = {}
    for year in tables.values():
        place, before = -1, None
        for row in sorted((row for rows in year.values() for row in rows), key=lambda row: row.order):
            place, before = place + (row.order != before), row.order
            places[id(row)] = place
    return places


def _earlier(
    kind: str, schemes: list[Scheme], dataset: Dataset, names: Called
) -> tuple[Relation, Mapping[str, list[Cell]]]:
    """The rows of a kind in all years of the data, settled or not, as history reads them: by the unit they belong to."""
    rows = dataset.rows.get(kind, ())
    units = {r.unit for parent in _same_table(schemes, kind) for r in dataset.rows.get(parent, ())}
    strays = [r for r in rows if (r.parent or r.unit) not in units]
    # Rows that name no unit belong to the only one there is.
    named = not any(r.parent is None for r in strays)
    own = Called(schemes[-1].labels, OWN)
    cells: dict[str, list[Cell]] = {
        YEAR: [row.period.year for row in rows],
        UNIT: [row.parent or row.unit for row in rows],
        INSURANCE: [row.insurance for row in rows],
    }
    columns: dict[str, Column] = {}
    for name, datum in _inputs(schemes, kind).items():
        given = [row.cells.get(name) for row in rows]
        column = columns[name] = column_of(name, own.of(name, kind), datum.kind, given)
        cells[column.sql] = stored(given, column)
    counts: dict[tuple[object, ...], int] = {}
    for row in rows:
        key = (row.period.year, row.parent or row.unit, row.insurance)
        counts[key] = counts.get(key, 0) + 1
    years = {year: sum(r.period.year == year for r in rows) for year in sorted({r.period.year for r in rows})}
    most = {parent: max(counts.values(), default=0) for parent in _same_table(schemes, kind)}
    insurances = tuple(dict.fromkeys(row.insurance for row in rows)) or (None,)
    return Relation(
        earlier(kind), names.new(f"{schemes[-1].labels.id(kind)}_years"), (), columns, years, insurances, most, named
    ), cells


def _most(rows: list[Row]) -> Mapping[str, int]:
    """How many rows one row of each kind above has at most."""
    counts: dict[str, dict[int, int]] = {}
    for row in rows:
        above = row.parent
        while above is not None:
            of_kind = counts.setdefault(above.table, {})
            of_kind[id(above)] = of_kind.get(id(above), 0) + 1
            above = above.parent
    return {kind: max(each.values()) for kind, each in counts.items()}
