"""What makes each column of a pipeline, and which figures read it: where an explanation goes on, up or down."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from engine.nouns import core as c
from engine.nouns.core import Core, NoFigure
from engine.nouns.pipeline import (
    Aggregate,
    Allocate,
    Carry,
    Derive,
    Ledger,
    Pipeline,
    Sequence,
    Spread,
    Step,
)

Key = tuple[str, str]
Maker = Derive | Aggregate | Spread | Carry | Sequence | Allocate


@dataclass(frozen=True, slots=True)
class Makers:
    """``by`` gives the step that makes a column; ``readers`` the told figures that read it, through helpers as well.

    ``order`` is the place of that step in the pipeline.
    """

    by: Mapping[Key, Maker]
    order: Mapping[Key, int]
    readers: Mapping[Key, tuple[Key, ...]]
    reads: Mapping[Key, frozenset[Key]]
    below: dict[Key, frozenset[Key]] = field(default_factory=dict)
    ways: dict[tuple[Key, Key], tuple[str, ...]] = field(default_factory=dict)

    def depends(self, key: Key, on: Key) -> bool:
        """Whether a column rests on another of the same year, however far."""
        return on in self.rests_on(key)

    def rests_on(self, key: Key) -> frozenset[Key]:
        """All columns of the same year that a column rests on, however far."""
        if key not in self.below:
            seen, queue = {key}, [key]
            while queue:
                for other in self.reads.get(queue.pop(), ()):
                    if other not in seen:
                        seen.add(other)
                        queue.append(other)
            self.below[key] = frozenset(seen - {key})
        return self.below[key]

    def between(self, key: Key, driver: Key) -> tuple[str, ...]:
        """The columns of a kind of rows that lie on the way from a driver up to a column, in the order of working them out."""
        if (key, driver) not in self.ways:
            way = [k for k in (*self.rests_on(key), key) if k[0] == key[0] and k in self.by and self.depends(k, driver)]
            self.ways[key, driver] = tuple(name for _, name in sorted(way, key=self.order.__getitem__))
        return self.ways[key, driver]


def makers_of(pipeline: Pipeline) -> Makers:
    """The index of a pipeline."""
    by: dict[Key, Maker] = {}
    reads: dict[Key, frozenset[Key]] = {}
    for step in _flat(pipeline):
        for key in _columns(step):
            by[key] = step  # type: ignore[assignment]
            reads[key] = frozenset(_reads(step, key, pipeline))
    readers: dict[Key, list[Key]] = {}
    for key, others in reads.items():
        for other in others:
            readers.setdefault(other, []).append(key)
    return Makers(
        by,
        {key: place for place, key in enumerate(by)},
        {key: tuple(_told(key, readers, by)) for key in list(readers)},
        reads,
    )


def _told(key: Key, readers: Mapping[Key, list[Key]], by: Mapping[Key, Maker]) -> Iterator[Key]:
    """The figures that read a column, straight or through columns that are not told themselves."""
    seen: set[Key] = {key}
    queue = [key]
    while queue:
        for reader in readers.get(queue.pop(0), ()):
            if reader in seen:
                continue
            seen.add(reader)
            step = by[reader]
            if isinstance(step, Allocate) or (isinstance(step, Derive) and not step.figure.unrounded):
                if isinstance(step, Derive) and step.figure.sort == "met":
                    queue.append(reader)
                else:
                    yield reader
            else:
                queue.append(reader)


def _flat(pipeline: Pipeline) -> Iterator[Step]:
    for step in pipeline.steps:
        if isinstance(step, Ledger):
            yield from step.steps
        else:
            yield step


def _columns(step: Step) -> Iterator[Key]:
    match step:
        case Derive() | Aggregate() | Spread() | Carry() | Sequence():
            yield step.table, step.column
        case Allocate(receivers=receivers, column=column, table=table, left=left):
            for receiver in receivers:
                yield receiver, column
            if left is not None:
                yield table, left
        case _:
            return


def _reads(step: Step, key: Key, pipeline: Pipeline) -> Iterator[Key]:
    match step:
        case Derive(table=table, default=default, exceptions=exceptions):
            nodes = [b.condition for b in exceptions]
            nodes += [v for v in (default, *(b.value for b in exceptions)) if not isinstance(v, NoFigure)]
            for node in nodes:
                yield from ((table, name) for name in _columns_in(node))
        case Aggregate(tables=tables, source=source, where=where):
            for table in tables:
                yield table, source
                if where is not None:
                    yield from ((table, name) for name in _columns_in(where))
        case Spread(table=table, above=above, source=source):
            parents = (above,) if above is not None else pipeline.scheme.tables[table].parents
            yield from ((t, source) for t in parents)
        case Carry(table=table, source=source, child=child, grain=grain):
            if grain != "year":
                yield child or table, source
        case Sequence(table=table, source=source):
            yield table, source
        case Allocate(table=table, whole=whole, weight=weight, each=each):
            yield from ((table, name) for name in _columns_in(whole))
            if key[0] != table or key[1] != step.left:
                for receiver in (*weight, *each):
                    for read in (weight.get(receiver), each.get(receiver)):
                        if read is not None:
                            yield from ((receiver, name) for name in _columns_in(read))
        case _:
            return


def _columns_in(node: Core) -> Iterator[str]:
    for inner in c.walk(node):
        if isinstance(inner, c.Read | c.Given):
            yield inner.column
