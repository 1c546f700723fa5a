"""The order of figures: stages as declared, inside a stage by what reads what; loops and readings of later stages are told."""

from collections.abc import Iterator, Mapping
from dataclasses import field
from graphlib import CycleError, TopologicalSorter

from engine.check.symbols import Symbols
from engine.nouns import core as c
from engine.nouns.core import Core, NoFigure
from grammar.frozen import dataclass
from grammar.source import Span

Key = tuple[str, str]
_WITHIN_YEAR = frozenset({"half", "quarter", "month"})


@dataclass(frozen=True, slots=True)
class Edge:
    """A figure reads another; ``earlier`` where it reads the period before in the same year."""

    target: Key
    earlier: bool
    span: Span


@dataclass(slots=True)
class Graph:
    """What reads what: figures and parts of allocations, by kind of rows and name."""

    symbols: Symbols
    figures: Mapping[Key, c.Figure]
    allocations: tuple[c.Allocation, ...]
    edges: dict[Key, list[Edge]] = field(default_factory=dict)
    stages: dict[Key, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for key, figure in self.figures.items():
            self.stages[key] = figure.stage
            self.edges[key] = [edge for node in expressions(figure) for edge in self._reads(figure.table, node)]
            if figure.part is not None:
                self.edges[key] += [Edge((figure.table, name), False, figure.span) for name in figure.part.above]
        for allocation in self.allocations:
            whole = list(self._reads(allocation.table, allocation.whole))
            for receiver in allocation.receivers:
                key = (receiver, allocation.part)
                self.stages[key] = allocation.stage
                nodes = [m[receiver] for m in (allocation.weight, allocation.each) if receiver in m]
                own = [e for node in nodes for e in self._reads(receiver, node)]
                self.edges[key] = [*whole, *own]
                for other in allocation.receivers:
                    others = [m[other] for m in (allocation.weight, allocation.each) if other in m]
                    self.edges[key] += [e for node in others for e in self._reads(other, node)]
            if allocation.left is not None:
                key = (allocation.table, allocation.left)
                self.stages[key] = allocation.stage
                self.edges[key] = [Edge((r, allocation.part), False, allocation.span) for r in allocation.receivers]

    def _reads(self, table: str, node: Core) -> Iterator[Edge]:
        for inner in c.walk(node):
            match inner:
                case c.Read(column=name, span=span):
                    yield Edge((table, name.removesuffix("·达标")), False, span)
                case c.ReadUp(table=above, column=name, span=span):
                    for parent in (above,) if above else self.symbols.tables[table].parents:
                        for member in self.symbols.groups.get(parent, (parent,)):
                            yield Edge((member, name), False, span)
                case c.Gather(tables=tables, column=name, where=where, span=span):
                    for child in tables:
                        yield Edge((child, name), False, span)
                        if where is not None:
                            yield from self._reads(child, where)
                case c.History(table=child, column=name, count=count, grain=grain, span=span):
                    if child is None and (count is None or grain in _WITHIN_YEAR):
                        yield Edge((table, name), count is not None, span)
                case c.Before(grain=grain, column=name, span=span) | c.Given(grain=grain, column=name, span=span):
                    if grain in _WITHIN_YEAR:
                        yield Edge((table, name), True, span)
                case c.Rank(column=name, span=span):
                    yield Edge((table, name), False, span)
                case _:
                    pass

    def order(self) -> tuple[Key, ...]:
        """Figures in the order they are worked out; loops in one period and later stages are told."""
        tables = list(self.symbols.tables)
        keys = sorted(self.edges, key=lambda key: (self.stages[key], tables.index(key[0]), key[1]))
        sorter: TopologicalSorter[Key] = TopologicalSorter()
        for key in keys:
            sorter.add(key)
            for edge in self.edges[key]:
                if edge.target not in self.edges or edge.earlier:
                    continue
                if self.stages[edge.target] > self.stages[key]:
                    self.symbols.tell(
                        "C370",
                        edge.span,
                        name=edge.target[1],
                        stage=self.symbols.stages[self.stages[edge.target]],
                        here=self.symbols.stages[self.stages[key]],
                    )
                    continue
                sorter.add(key, edge.target)
        try:
            sorter.prepare()
        except CycleError as error:
            loop: list[Key] = error.args[1]
            # The sorter walks the loop from what is read to what reads it; an author reads it the other way round.
            names = " ← ".join(f"{t}.{n}" for t, n in loop)
            # The loop is told where it first shows to who reads the file from its top.
            span = min((self._span(key) for key in loop), key=lambda span: (span.source.name, span.line, span.column))
            self.symbols.tell("C371", span, loop=names)
            return ()
        self._across_grains(keys)
        result: list[Key] = []
        while sorter.is_active():
            ready = sorted(sorter.get_ready(), key=lambda key: (self.stages[key], tables.index(key[0]), key[1]))
            result.extend(ready)
            sorter.done(*ready)
        return tuple(sorted(result, key=lambda key: self.stages[key]))

    def _across_grains(self, keys: list[Key]) -> None:
        """A loop through 上月 that also goes through what is of the year, and so needs all months, never comes to an end."""
        # A part of what a unit allots is made with all other parts, of all months.
        whole_of = {(r, a.part): a.table for a in self.allocations for r in a.receivers}
        inside = {key: {e.target for e in self.edges[key] if e.target in self.edges} for key in keys}
        told: set[Key] = set()
        for key in keys:
            for target in (e.target for e in self.edges[key] if e.earlier and e.target in self.edges):
                way = _way(target, key, inside)
                tables = {table for step in way for table in (step[0], whole_of.get(step, step[0]))}
                if len({self.symbols.tables[t].grain for t in tables}) > 1 and not told & set(way):
                    told.update(way)
                    names = " ← ".join(f"{t}.{n}" for t, n in (*reversed(way), key))
                    self.symbols.tell("C371", self._span(key), loop=names)

    def _span(self, key: Key) -> Span:
        figure = self.figures.get(key)
        if figure is not None:
            return figure.span
        return next(a.span for a in self.allocations if a.part == key[1] or a.left == key[1])

    def money_that_depends_on(self, key: Key) -> list[Key]:
        """The money figures that read a figure, directly or not."""
        readers: dict[Key, set[Key]] = {}
        for reader, edges in self.edges.items():
            for edge in edges:
                readers.setdefault(edge.target, set()).add(reader)
        seen: set[Key] = set()
        queue = list(readers.get(key, ()))
        while queue:
            here = queue.pop()
            if here not in seen:
                seen.add(here)
                queue.extend(readers.get(here, ()))
        return sorted(x for x in seen if x not in self.figures or self.figures[x].kind.is_money)


def _way(start: Key, end: Key, edges: Mapping[Key, set[Key]]) -> list[Key]:
    """A way from what is read to what reads it, none where there is none."""
    came: dict[Key, Key | None] = {start: None}
    queue = [start]
    for here in queue:
        if here == end:
            break
        for target in sorted(edges[here] - came.keys()):
            came[target] = here
            queue.append(target)
    if end not in came:
        return []
    way = [end]
    while (previous := came[way[-1]]) is not None:
        way.append(previous)
    return way[::-1]


def expressions(figure: c.Figure) -> Iterator[Core]:
    """Every expression of a figure's rule: default, exceptions, the whole of its split, its readings."""
    if not isinstance(figure.default, NoFigure):
        yield figure.default
    for branch in figure.exceptions:
        yield branch.condition
        if not isinstance(branch.value, NoFigure):
            yield branch.value
    if figure.part is not None:
        yield figure.part.whole
    for reading in figure.readings:
        yield reading.value
