"""One unit of a run by itself: its data with all that belongs together with it, and no more of long tables than that."""

from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import date

from engine.bulk.fill import Tables, flat
from engine.bulk.hand_over import Root, bound_together, of_roots, root_of
from engine.explain.makers import Key, Makers, makers_of
from engine.interpret.world import rows_of
from engine.load.bind_headers import header_of
from engine.load.binding import Binding, words_of
from engine.load.tables import BulkTable, RawData
from engine.load.text import name_text
from engine.nouns.core import Scheme, Table
from engine.nouns.dataset import Dataset
from engine.nouns.pipeline import Allocate, Carry, Link, Pipeline, Sequence, Spread
from engine.nouns.possible import Possible
from engine.nouns.world import Row
from grammar.frozen import dataclass

PipelineOf = Callable[[date], Pipeline]


class NoSuchUnitError(Exception):
    """A unit that no row of the data is of; ``known`` are those there are."""

    def __init__(self, unit: str, known: tuple[str, ...]) -> None:
        self.unit, self.known = unit, known
        super().__init__(unit)


@dataclass(frozen=True, slots=True)
class Alone:
    """The data of a unit's roots with all below them; ``own`` are the names of the unit and all below it, ``beside`` of all.

    ``shared`` are the kinds whose rows the unit's figures read of others as well.
    """

    dataset: Dataset
    own: frozenset[str]
    beside: frozenset[str]
    shared: frozenset[str]


def alone(pipeline_of: PipelineOf, dataset: Dataset, unit: str) -> Alone:
    """What a unit's figures are worked out from, of all its insurance types and years; raises NoSuchUnitError."""
    pipelines = {year: pipeline_of(date(year, 1, 1)) for year in dataset.years}
    tables: dict[int, Tables] = {year: rows_of(p.scheme, dataset, year) for year, p in pipelines.items()}
    groups = bound_together(tables, pipelines)
    roots: set[Root] = set()
    own: set[str] = set()
    shared: set[str] = set()
    for year, kinds in tables.items():
        mine = {kind for kind, rows in kinds.items() for row in rows if row.unit == unit}
        for kind in mine:
            shared |= shared_kinds(pipelines[year], kind)
        for rows in kinds.values():
            for row in rows:
                if is_of(row, unit):
                    own.add(row.unit)
                    roots |= groups.get(root_of(row), frozenset({root_of(row)}))
    if not roots:
        raise NoSuchUnitError(unit, _units(tables, pipelines))
    beside = frozenset(
        row.unit for kinds in tables.values() for rows in kinds.values() for row in rows if root_of(row) in roots
    )
    return Alone(of_roots(pipeline_of, dataset, tables, roots), frozenset(own), beside, frozenset(shared))


def owners_of_merged(pipeline_of: PipelineOf, dataset: Dataset, name: str) -> tuple[str, ...]:
    """The units of rows that may be merged (合并自) into one that goes by a name: its keys, the day it begins, a number."""
    found: dict[str, None] = {}
    for year in dataset.years:
        pipeline = pipeline_of(date(year, 1, 1))
        links = [step for step in flat(pipeline) if isinstance(step, Link)]
        tables = rows_of(pipeline.scheme, dataset, year) if links else {}
        for step in links:
            for row in tables.get(step.source, ()):
                own = f"{'、'.join(_text(row.columns[key].base) for key in step.keys)}·{row.columns[step.end].base}"
                if row.parent is not None and (own == name or _is_number(name.removeprefix(own))):
                    found[row.parent.unit] = None
    return tuple(found)


def _is_number(rest: str) -> bool:
    """Whether what is left of a name tells apart two that would be named alike."""
    return rest.startswith("·") and rest[1:].isdecimal()


def _text(value: Possible) -> str:
    return ("否", "是")[value] if isinstance(value, bool) else str(value)


def is_of(row: Row, unit: str) -> bool:
    """Whether a row is a unit's, or of something that belongs to it."""
    above: Row | None = row
    while above is not None and above.unit != unit:
        above = above.parent
    return above is not None


def shared_kinds(pipeline: Pipeline, kind: str) -> set[str]:
    """The kinds of which the figures of a unit of some kind read rows that are not its own: what pools and places are made of."""
    tables = pipeline.scheme.tables
    inside = {kind}
    for name in tables:
        if _is_below(tables, name, kind):
            inside.add(name)
    makers = makers_of(pipeline)
    gates: dict[str, list[Key]] = {}
    for key, figure in pipeline.scheme.figures.items():
        if figure.gate is not None:
            gates.setdefault(key[0], []).append(key)
    own = [key for key in makers.by if key[0] in inside]
    all_of = [key for name in own for key in _of_others(makers, name, inside, kind, pipeline)]
    seen: set[Key] = set()
    while all_of:
        key = all_of.pop()
        if key in seen:
            continue
        seen.add(key)
        # A row that a gate takes out counts nowhere, and what the gate reads decides that.
        all_of += gates.get(key[0], ())
        all_of += makers.reads.get(key, ())
        step = makers.by.get(key)
        if isinstance(step, Carry):
            all_of.append((step.child or step.table, step.source))
    return {table for table, _ in seen}


def _of_others(makers: Makers, key: Key, inside: set[str], kind: str, pipeline: Pipeline) -> Iterator[Key]:
    """What a column of a unit or below it reads of rows that are not the unit's."""
    step = makers.by[key]
    match step:
        case Spread(table=table, above=above, source=source):
            # The rows that stand above one below the unit are the unit's own, up to the unit itself.
            direct = pipeline.scheme.tables[table].parents if table == kind else ()
            for parent in direct if above is None else (above,):
                if parent not in inside:
                    yield parent, source
        case Allocate(table=table):
            if table not in inside:
                yield from makers.reads[key]
        case Sequence(table=table, source=source):
            if table == kind:
                yield table, source
        case _:
            return


def _is_below(tables: Mapping[str, Table], name: str, kind: str) -> bool:
    parents = tables[name].parents
    return kind in parents or any(_is_below(tables, parent, kind) for parent in parents if parent in tables)


def _units(tables: Mapping[int, Tables], pipelines: Mapping[int, Pipeline]) -> tuple[str, ...]:
    found = {
        row.unit: None
        for year, kinds in tables.items()
        for kind, rows in kinds.items()
        if pipelines[year].scheme.tables[kind].grain == "year"
        for row in rows
    }
    return tuple(found)


@dataclass(frozen=True, slots=True)
class Long:
    """A long table of a kind whose rows may be left out where they are of other units, with its columns that name a unit.

    ``keys`` are columns that the names of what its rows are merged into begin with.
    """

    kind: str
    table: BulkTable
    columns: tuple[int, ...]
    keys: tuple[int, ...]

    def leave_only(self, names: frozenset[str]) -> None:
        """Leave the rows of some units, and those that name none."""
        self.table.store.leave_only(self.columns, lambda text: name_text(text.replace("\n", "")) in names)

    def leave_only_merged(self, name: str) -> None:
        """Leave the rows that may be merged into one that goes by a name."""
        if self.keys:
            self.table.store.leave_only(self.keys, lambda text: name.startswith(name_text(text.replace("\n", ""))))
        else:
            self.leave_only(frozenset())

    def leave_all(self) -> None:
        """Leave every row."""
        self.table.store.leave_only(self.columns, lambda _: True)


def long_tables(states: list[Scheme], pipelines: Collection[Pipeline], raw: RawData) -> Iterator[Long]:
    """The long tables of rows below units: nothing belongs to such a row, and no history asks whether others have some."""
    scheme = states[-1]
    words = words_of(scheme)
    read = {step.child for p in pipelines for step in flat(p) if isinstance(step, Carry) and step.child is not None}
    for table in raw.bulk:
        kind = words.get(table.name, table.name)
        if kind not in scheme.tables or scheme.tables[kind].grain == "year" or kind in read:
            continue
        if any(kind in other.parents for state in states for other in state.tables.values()):
            continue
        b = Binding(scheme, raw, words=words)
        found = [header_of(b, kind, name) for name in table.columns]
        naming = tuple(i for i, header in enumerate(found) if header is not None and header.sort in _NAMING)
        keys = {step.keys[0] for p in pipelines for step in flat(p) if isinstance(step, Link) and step.source == kind}
        by_key = tuple(
            i
            for i, header in enumerate(found)
            if header is not None and header.datum is not None and header.name in keys
        )
        if naming:
            yield Long(kind, table, naming, by_key)


_NAMING = frozenset({"单位", "所属"})
