"""Rows that SQL is in doubt of, settled again by the interpreter: each with all that belongs together with it."""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import replace
from datetime import date

from engine.bulk.fill import Tables, flat, histories
from engine.interpret.interpret import interpret
from engine.interpret.link import ordered
from engine.nouns.dataset import DataRow, Dataset
from engine.nouns.pipeline import Carry, Pipeline, Sequence
from engine.nouns.world import Joint, Row, Run

# What tells a unit that stands alone from every other, over the years: its kind, its name, its insurance type.
Root = tuple[str, str, str | None]


def root_of(row: Row) -> Root:
    """The unit a row belongs to that belongs to none itself."""
    while row.parent is not None:
        row = row.parent
    return (row.table, row.unit, row.insurance)


def settle_again(
    pipeline_of: Callable[[date], Pipeline], dataset: Dataset, tables: Mapping[int, Tables], roots: Collection[Root]
) -> Run:
    """The run of some roots alone, whose rows take the place of theirs in ``tables``; raises what interpreting raises."""
    run = interpret(pipeline_of, of_roots(pipeline_of, dataset, tables, roots))
    same: dict[int, Row] = {}
    for year in run.years:
        for kind, rows in year.tables.items():
            if kind in year.pipeline.scheme.links:
                continue
            mine = [row for row in tables[year.year].get(kind, ()) if root_of(row) in roots]
            for row, other in zip(mine, rows, strict=True):
                assert row.key == other.key
                row.columns, row.decided, row.refused = other.columns, other.decided, other.refused
                same[id(other)] = row
    _take_over_merged(run, tables, same, roots)
    return run


def _take_over_merged(run: Run, tables: Mapping[int, Tables], same: Mapping[int, Row], roots: Collection[Root]) -> None:
    """The rows that others are merged into take the place of those of the same roots."""
    for year in run.years:
        for kind in year.pipeline.scheme.links:
            rows = year.tables.get(kind, ())
            others = [row for row in tables[year.year].get(kind, ()) if root_of(row) not in roots]
            for row in tables[year.year].get(kind, ()):
                if row.parent is not None and root_of(row) in roots:
                    row.parent.children.pop(kind, None)
            for row in rows:
                if row.parent is not None:
                    parent = row.parent = same[id(row.parent)]
                    parent.children.setdefault(kind, []).append(row)
                members = row.members
                row.children = {below: [same[id(x)] for x in each] for below, each in row.children.items()}
                row.members = members and {same[id(x)]: holds for x, holds in members.items()}
            tables[year.year][kind] = ordered(year.pipeline.scheme.insurances, [*others, *rows])
        for made in year.tables.values():
            for other in made:
                mine = same.get(id(other))
                if mine is not None:
                    mine.joined, mine.unlinked = other.joined, other.unlinked
                    mine.joint = other.joint and _among(other.joint, same)


def _among(joint: Joint, same: Mapping[int, Row]) -> Joint:
    since = None if joint.since is None else same[id(joint.since)]
    return replace(joint, before=same[id(joint.before)], row=same[id(joint.row)], since=since)


def of_roots(
    pipeline_of: Callable[[date], Pipeline], dataset: Dataset, tables: Mapping[int, Tables], roots: Collection[Root]
) -> Dataset:
    """The data of some roots alone; of rows that history reads all stay, for it asks whether others have some."""
    kept = {_key(row) for year in tables.values() for rows in year.values() for row in rows if root_of(row) in roots}
    read = {step.child for year in dataset.years for step in histories(pipeline_of(date(year, 1, 1)))}
    rows = {
        kind: tuple(r for r in of_kind if kind in read or _data_key(r) in kept or r.period.year not in dataset.years)
        for kind, of_kind in dataset.rows.items()
    }
    return replace(dataset, rows=rows, findings=())


def _key(row: Row) -> tuple[object, ...]:
    return (row.table, row.unit, row.insurance, row.period, id(row.place))


def _data_key(row: DataRow) -> tuple[object, ...]:
    return (row.table, row.unit, row.insurance, row.period, id(row.place))


def bound_together(tables: Mapping[int, Tables], pipelines: Mapping[int, Pipeline]) -> Mapping[Root, frozenset[Root]]:
    """Each unit that stands alone with those it is held against, by place or by an earlier row of one name."""
    together = _Together()
    named: dict[tuple[str, str, str | None], Root] = {}
    carried = {kind for pipeline in pipelines.values() for kind in _carried(pipeline)}
    for year in tables.values():
        for kind, rows in year.items():
            for row in rows:
                if row.parent is None:
                    together.join(root_of(row), root_of(row))
                elif kind in carried:
                    # Who stood under another last year, or has one of its name under another, is looked for by name.
                    together.join(named.setdefault((kind, row.unit, row.insurance), root_of(row)), root_of(row))
    owners: dict[tuple[str, str, str, str | None], Root] = {}
    for number, pipeline in pipelines.items():
        for link in pipeline.scheme.links.values():
            for row in tables[number].get(link.source, ()):
                if row.parent is not None and row.parent.parent is not None:
                    # Rows of units of one name are linked, whatever these belong to.
                    owner = (link.source, row.parent.table, row.parent.unit, row.insurance)
                    together.join(owners.setdefault(owner, root_of(row)), root_of(row))
        for step in flat(pipeline):
            if isinstance(step, Sequence) and not pipeline.scheme.tables[step.table].parents:
                roots = [root_of(row) for row in tables[number].get(step.table, ())]
                for other in roots[1:]:
                    together.join(roots[0], other)
    return together.groups()


def _carried(pipeline: Pipeline) -> Iterator[str]:
    """The kinds of rows that read those of the same unit in an earlier period."""
    for step in flat(pipeline):
        if isinstance(step, Carry) and step.child is None:
            yield step.table


class _Together:
    """Units joined to others, and through them to theirs."""

    def __init__(self) -> None:
        self.of: dict[Root, Root] = {}

    def join(self, one: Root, other: Root) -> None:
        """Two are settled together from now on, or one is there."""
        self.of[self.first(one)] = self.first(other)

    def first(self, root: Root) -> Root:
        """The one that stands for all that a unit is joined to."""
        while (other := self.of.setdefault(root, root)) != root:
            self.of[root] = self.of.get(other, other)
            root = other
        return root

    def groups(self) -> Mapping[Root, frozenset[Root]]:
        """Each unit with those it is joined to."""
        found: dict[Root, set[Root]] = {}
        for root in self.of:
            found.setdefault(self.first(root), set()).add(root)
        return {root: frozenset(group) for group in found.values() for root in group}
