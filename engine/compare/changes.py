"""What changed between two versions of a scheme, statement by statement, in the rule language's own words, by topic."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from engine.compare.differences import differences
from engine.compare.point import Point
from engine.compare.statements import Statement, Statements
from engine.compare.topics import Topic
from engine.nouns import core as c
from engine.nouns.core import NoFigure, Scheme
from grammar.diagnostic import Language
from grammar.frozen import dataclass
from grammar.respell import names_of, respell
from grammar.source import Span
from grammar.syntax import Dated, Document, Parameter


@dataclass(frozen=True, slots=True)
class Version:
    """A scheme and the documents it was checked from."""

    scheme: Scheme
    documents: tuple[Document, ...]


@dataclass(frozen=True, slots=True)
class Side:
    """What a version says: the lines that the other has not, where they stand, the clauses it rests on."""

    lines: tuple[str, ...]
    place: str | None
    citations: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Change:
    """One statement that says something else, is new, or is gone: whom it is about, in which respects, both sides.

    ``kind`` is "added", "removed" or "changed"; ``topic`` is None where no topic speaks of it.
    """

    topic: Topic | None
    kind: str
    sort: str
    tables: tuple[str, ...]
    names: tuple[str, ...]
    aspects: tuple[str, ...]
    before: Side
    after: Side


def changes(old: Version, new: Version, topics: Sequence[Topic], language: Language) -> list[Change]:
    """Every change, in the order of the topics; what no topic speaks of comes last."""
    told = _Telling(old, new, topics, language)
    groups: dict[object, list[tuple[Point, Statement | None, Statement | None]]] = {}
    for point in differences(old.scheme, new.scheme):
        before, after = told.statements(point)
        key = (id(before), id(after)) if before or after else (point.sort, point.name)
        groups.setdefault(key, []).append((point, before, after))
    found = [told.change(group) for group in groups.values() if not _follows(group)]
    places = {topic.id: index for index, topic in enumerate(topics)}
    return sorted(found, key=lambda x: places[x.topic.id] if x.topic else len(places))


def _follows(group: "Sequence[tuple[Point, Statement | None, Statement | None]]") -> bool:
    """Whether a statement says the same in both, and what differs follows from a change that is told by itself."""
    _, before, after = group[0]
    is_same = before is not None and after is not None and before.node == after.node
    return is_same and all(point.sort != "parameter" and point.aspect in _FOLLOWING for point, _, _ in group)


_FOLLOWING = frozenset({"range", "rounding", "kind"})


class _Telling:
    def __init__(self, old: Version, new: Version, topics: Sequence[Topic], language: Language) -> None:
        self.old, self.new, self.topics, self.language = old, new, topics, language
        self._before, self._after = (Statements(_respelt(version, language)) for version in (old, new))
        self._readers = _readers(old.scheme), _readers(new.scheme)

    def statements(self, point: Point) -> tuple[Statement | None, Statement | None]:
        """The statements a point lies in; where an exception came or went, the rule that it stands in."""
        if point.before is None and point.after is None:
            return self._by_name(self._before, point), self._by_name(self._after, point)
        before, after = self._before.at(point.before), self._after.at(point.after)
        if point.aspect in {"exception_added", "exception_removed", "reading"} and (before is None or after is None):
            key = (point.table or "", point.name)
            here, there = (x.figures.get(key) for x in (self.old.scheme, self.new.scheme))
            mine, theirs = (side.at(f.span if f else None) for side, f in ((self._before, here), (self._after, there)))
            # One written by itself, away from the rule, comes and goes by itself.
            before = mine if before is None and after is theirs else before
            after = theirs if after is None and before is mine else after
        return before, after

    def change(self, group: list[tuple[Point, Statement | None, Statement | None]]) -> Change:
        """One statement's change from its points."""
        points = [point for point, _, _ in group]
        _, before, after = group[0]
        aspects = tuple(dict.fromkeys(point.aspect for point in points))
        kind = "changed"
        if before is None or after is None:
            kind = "added" if before is None and after is not None else "removed" if before is not None else "changed"
        if set(aspects) <= {"added"} or set(aspects) <= {"removed"}:
            kind = aspects[0]
        before, after, lines = self._lines(points, before, after)
        return Change(
            self._topic(points),
            kind,
            points[0].sort,
            tuple(dict.fromkeys(p.table for p in points if p.table is not None)),
            tuple(dict.fromkeys(p.name for p in points)),
            aspects,
            Side(lines[0], before.place if before else None, self._cited(self.old.scheme, points, new=False)),
            Side(lines[1], after.place if after else None, self._cited(self.new.scheme, points, new=True)),
        )

    def _lines(
        self, points: list[Point], before: Statement | None, after: Statement | None
    ) -> tuple[Statement | None, Statement | None, tuple[tuple[str, ...], tuple[str, ...]]]:
        """The lines that differ, and the statements they stand in."""
        old, new = (x.lines(self.language) if x else () for x in (before, after))
        mine, theirs = tuple(x for x in old if x not in new), tuple(x for x in new if x not in old)
        if mine or theirs or not (old and new):
            return before, after, (mine, theirs)
        # The same words on both sides: other days' values of one parameter, or another place for the same rule.
        spans = [(p.before, p.after) for p in points]
        for one, two in spans:
            ours, others = _dated(before, one), _dated(after, two)
            if ours is not None and others is not None and ours.node != others.node:
                return ours, others, (ours.lines(self.language)[1:], others.lines(self.language)[1:])
        return before, after, (old[:1], new[:1])

    def _by_name(self, side: Statements, point: Point) -> Statement | None:
        if point.sort == "header":
            return side.named("header", point.name) or (
                side.named("header", "") if point.aspect in {"id", "title"} else None
            )
        return side.named(point.sort, self._word(point.name))

    def _word(self, name: str) -> str:
        """A name as the documents are spelt that are printed from."""
        return name if self.language == "zh" else self.new.scheme.labels.id(name)

    def _cited(self, scheme: Scheme, points: Iterable[Point], *, new: bool) -> tuple[str, ...]:
        found: list[str] = []
        for point in points:
            span = point.after if new else point.before
            node: c.Parameter | c.Input | None = None
            if point.sort == "parameter":
                node = scheme.parameters.get(point.name)
            elif point.sort == "input":
                node = scheme.inputs.get((point.table or "", point.name))
            figure = scheme.figures.get((point.table or "", point.name)) if point.sort == "figure" else None
            branch = next((b for b in figure.exceptions if b.span == span), None) if figure else None
            source = branch or figure or node
            if source is not None and (
                span is not None or point.aspect not in {"exception_added", "exception_removed"}
            ):
                found += source.clauses
            if isinstance(source, c.Parameter):
                found += [x for e in source.entries for x in e.clauses]
            if point.sort == "allocation":
                found += [x for a in scheme.allocations if a.part == point.name for x in a.clauses]
            if point.sort == "uses":
                found += [x for u in scheme.uses if u.name == point.name for x in u.clauses]
        return tuple(dict.fromkeys(found))

    # ---- topics

    def _topic(self, points: Iterable[Point]) -> Topic | None:
        for point in points:
            structure = _STRUCTURES.get(point.sort) or _STRUCTURES.get(f"{point.sort} {point.name}")
            figure = self._figure(point)
            if figure is not None and figure.gate is not None:
                structure = "gates"
            if figure is not None and figure.sort == "indicator":
                structure = "indicators"
            found = self._of_structure(structure) or self._nearest(point.name)
            if found is not None:
                return found
        return None

    def _figure(self, point: Point) -> c.Figure | None:
        key = (point.table or "", point.name)
        return self.new.scheme.figures.get(key) or self.old.scheme.figures.get(key)

    def _of_structure(self, structure: str | None) -> Topic | None:
        return next((t for t in self.topics if structure and t.structure == structure), None)

    def _nearest(self, name: str) -> Topic | None:
        """The topic that names it; else that of the nearest rule which reads it."""
        seen, queue = {name}, [name]
        while queue:
            here = queue.pop(0)
            ids = {version.scheme.labels.id(here) for version in (self.old, self.new)}
            topic = next((t for t in self.topics if ids & (t.figures | t.parameters | t.inputs)), None)
            if topic is not None:
                return topic
            for readers in self._readers:
                queue += [x for x in readers.get(here, ()) if x not in seen]
                seen.update(readers.get(here, ()))
        return None


_STRUCTURES = {
    "table": "units", "roster": "units", "uses": "uses", "header 文件": "document", "header 施行": "dates",
    "header 险种": "insurances",
}  # fmt: skip


def _dated(statement: Statement | None, span: Span | None) -> Statement | None:
    """The parameter with only the dated value that stands at a place."""
    if statement is None or span is None or not isinstance(statement.node, Parameter):
        return None
    here = tuple(
        x
        for x in statement.node.lines
        if isinstance(x, Dated) and (x.span.line, x.span.source.name) == (span.line, span.source.name)
    )
    return Statement(replace(statement.node, lines=here), here[0].span) if here else None


def _respelt(version: Version, language: Language) -> Iterator[Document]:
    names = names_of(*version.documents)
    for document in version.documents:
        yield document if language == "zh" else respell(document, language, names)


def _readers(scheme: Scheme) -> dict[str, list[str]]:
    """By name, the figures whose rules read it, in order."""
    found: dict[str, list[str]] = {}
    for figure in scheme.figures.values():
        nodes = [b.condition for b in figure.exceptions]
        nodes += [x for x in (figure.default, *(b.value for b in figure.exceptions)) if not isinstance(x, NoFigure)]
        for name in _read(nodes):
            found.setdefault(name, []).append(figure.name)
    for a in scheme.allocations:
        for name in _read([a.whole, *a.weight.values(), *a.each.values()]):
            found.setdefault(name, []).append(a.part)
    return found


def _read(roots: Iterable[c.Core]) -> Iterator[str]:
    for root in roots:
        for node in c.walk(root):
            if isinstance(node, c.ReadParameter):
                yield node.name
            elif isinstance(node, c.Read | c.ReadUp | c.Gather | c.History | c.Before | c.Given):
                yield node.column
            if isinstance(node, c.Gather) and node.where is not None:
                yield from _read([node.where])
