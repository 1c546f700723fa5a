"""A scheme between two versions: the old one with some of its statements exchanged for the new one's."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from graphlib import CycleError, TopologicalSorter
from typing import TypeVar

from engine.compare.changes import Change
from engine.nouns import core as c
from engine.nouns.core import Core, NoFigure, Scheme

Key = tuple[str, str | None, str]
_Name = TypeVar("_Name")
_Entry = TypeVar("_Entry")
_ALONE = frozenset({"parameter", "input", "figure", "allocation"})


class CannotStandError(Exception):
    """The rules chosen make no scheme by themselves."""


def keys_of(change: Change) -> frozenset[Key]:
    """The parameters, data, figures and allocations that a change exchanges; none where it touches no figure's rule."""
    if change.sort not in _ALONE:
        return frozenset()
    tables: tuple[str | None, ...] = (None,) if change.sort in {"parameter", "allocation"} else change.tables
    return frozenset((change.sort, table, name) for table in tables for name in change.names)


def mixed(old: Scheme, new: Scheme, chosen: Collection[Key]) -> Scheme:
    """The old scheme with what was chosen taken from the new one; names and kinds of rows are those of both.

    What only the new scheme has stands there from the start, as no old rule reads it; what only the old one has stays.
    What only tells of the data (identities, uses) is left out. Raises CannotStandError where the rules chosen read one
    another, or what is not there.
    """
    stages = _stages(old.stages, new.stages)
    tables = {**old.tables, **new.tables}
    figures = {
        key: replace(figure, stage=stages.index(side.stages[figure.stage]))
        for key, (figure, side) in _figures(old, new, chosen).items()
    }
    parameters = _of_both(old.parameters, new.parameters, {name for sort, _, name in chosen if sort == "parameter"})
    taken = {(table, name) for sort, table, name in chosen if sort in {"input", "figure"} and table is not None}
    inputs = {
        key: datum
        for key, datum in _of_both(old.inputs, new.inputs, taken).items()
        if key in old.inputs or key in taken or key not in old.figures
    }
    limits = tuple(
        limit
        for side, mine in ((old, False), (new, True))
        for limit in side.limits
        if ((limit.table, limit.name) in taken or (limit.table, limit.name) not in old.inputs) == mine
    )
    parts = [{a.part for a in side.allocations} for side in (old, new)]
    allocations = tuple(
        replace(a, stage=stages.index(side.stages[a.stage]))
        for side, others, mine in ((old, parts[1], False), (new, parts[0], True))
        for a in side.allocations
        if (("allocation", None, a.part) in chosen) == mine or a.part not in others
    )
    return replace(
        old, stages=stages, tables=tables, parameters=parameters, inputs=inputs, figures=figures, limits=limits,
        allocations=allocations, uses=(), identities=(), order=_order(figures, inputs, allocations, tables, (old, new)),
        labels=_labels(old.labels, new.labels), layers=tuple({x.name: x for x in (*old.layers, *new.layers)}.values()),
    )  # fmt: skip


def _of_both(
    old: "Mapping[_Name, _Entry]", new: "Mapping[_Name, _Entry]", taken: Collection[object]
) -> "dict[_Name, _Entry]":
    return {key: new[key] if key in new and (key in taken or key not in old) else old[key] for key in {**old, **new}}


def _figures(old: Scheme, new: Scheme, chosen: Collection[Key]) -> dict[tuple[str, str], tuple[c.Figure, Scheme]]:
    found: dict[tuple[str, str], tuple[c.Figure, Scheme]] = {}
    for table, name in {**old.figures, **new.figures}:
        key = table, name
        # Whether a target is met goes with its indicator.
        side = new if ("figure", table, name.removesuffix("·达标")) in chosen else old
        for one, other in ((old, new), (new, old)):
            if key in one.figures and key not in other.figures and key not in other.inputs:
                side = one
        figure = side.figures.get((table, name))
        if figure is not None:
            found[table, name] = figure, side
    return found


def _stages(old: tuple[str, ...], new: tuple[str, ...]) -> tuple[str, ...]:
    """The new stages in their order, each old one that is gone after the one it followed."""
    stages = list(new)
    for place, stage in enumerate(old):
        if stage not in stages:
            stages.insert(stages.index(old[place - 1]) + 1 if place else 0, stage)
    return tuple(stages)


def _labels(old: c.Labels, new: c.Labels) -> c.Labels:
    return c.Labels(
        {**old.ids, **new.ids}, {**old.english, **new.english}, {**old.called, **new.called}, {**old.also, **new.also}
    )


def _order(
    figures: Mapping[tuple[str, str], c.Figure], inputs: Mapping[tuple[str, str], c.Input],
    allocations: tuple[c.Allocation, ...], tables: Mapping[str, c.Table], sides: tuple[Scheme, Scheme],
) -> tuple[tuple[str, str], ...]:  # fmt: skip
    """Stage by stage, what is read before what reads it."""
    stages = {key: figure.stage for key, figure in figures.items() if figure.sort != "met"}
    nodes: dict[tuple[str, str], list[tuple[str, Core]]] = {key: [] for key in stages}
    parts: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for key in stages:
        figure = figures[key]
        nodes[key] = [(figure.table, node) for node in _expressions(figure)]
        parts[key] = [(figure.table, name) for name in figure.part.above] if figure.part is not None else []
    for a in allocations:
        own = [(r, m[r]) for r in a.receivers for m in (a.weight, a.each) if r in m]
        for receiver in a.receivers:
            key = receiver, a.part
            stages[key], nodes[key], parts[key] = a.stage, [(a.table, a.whole), *own], []
        if a.left is not None:
            key = a.table, a.left
            stages[key], nodes[key], parts[key] = a.stage, [], [(r, a.part) for r in a.receivers]
    places = list(tables)

    def place(key: tuple[str, str]) -> tuple[int, int, str]:
        return stages[key], places.index(key[0]), key[1]

    named = {key for side in sides for key in (*side.figures, *side.inputs, *_parts_of(side.allocations))}
    there = {*figures, *inputs, *_parts_of(allocations)}
    sorter: TopologicalSorter[tuple[str, str]] = TopologicalSorter()
    for key in sorted(stages, key=place):
        read = [x for table, node in nodes[key] for x in _reads(table, node, tables)]
        if any(x in named and x not in there for x in read):
            raise CannotStandError
        # A later stage is not read: such a scheme does not check, and what is between two need not be held against it.
        sorter.add(key, *(x for x in (*parts[key], *read) if x in stages and x != key and stages[x] <= stages[key]))
    try:
        sorter.prepare()
    except CycleError:
        raise CannotStandError from None
    found: list[tuple[str, str]] = []
    while sorter.is_active():
        ready = sorted(sorter.get_ready(), key=place)
        found += ready
        sorter.done(*ready)
    return tuple(sorted(found, key=stages.__getitem__))


def _parts_of(allocations: tuple[c.Allocation, ...]) -> Iterator[tuple[str, str]]:
    """Every column that allocations make: each receiver's part and what is left."""
    for a in allocations:
        yield from ((receiver, a.part) for receiver in a.receivers)
        if a.left is not None:
            yield a.table, a.left


def _reads(table: str, root: Core, tables: Mapping[str, c.Table]) -> Iterator[tuple[str, str]]:
    for node in c.walk(root):
        match node:
            case c.Read(column=name) | c.Rank(column=name):
                yield table, name.removesuffix("·达标")
            case c.ReadUp(table=above, column=name):
                parents = (above,) if above else tables[table].parents
                # A parent that is no kind of rows is a group of kinds.
                yield from (
                    (kind, name) for kind in tables if kind != table and not {kind, *tables} - {*parents} & {kind}
                )
            case c.Gather(tables=below, column=name, where=where):
                for kind in below:
                    yield kind, name
                    if where is not None:
                        yield from _reads(kind, where, tables)
            case c.History(table=None, column=name, count=None):
                yield table, name
            case _:
                pass


def _expressions(figure: c.Figure) -> Iterator[Core]:
    values = (figure.default, *(branch.value for branch in figure.exceptions))
    yield from (value for value in values if not isinstance(value, NoFigure))
    yield from (branch.condition for branch in figure.exceptions)
    if figure.part is not None:
        yield figure.part.whole
