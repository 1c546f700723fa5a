"""Where two checked schemes differ: parameter by parameter, datum by datum, rule by rule, each with its aspect."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, TypeVar

from engine.compare.figure_differences import figure_points
from engine.compare.point import Point
from engine.compare.sameness import said
from engine.nouns import core as c
from engine.nouns.core import Scheme

_Key = TypeVar("_Key")
_Entry = TypeVar("_Entry")


def differences(old: Scheme, new: Scheme) -> Iterator[Point]:
    """Every point in which the schemes say different things; empty where only their text differs."""
    yield from _header(old, new)
    yield from _tables(old, new)
    yield from _parameters(old, new)
    yield from _inputs(old, new)
    yield from figure_points(old, new)
    yield from _allocations(old, new)
    yield from _uses(old, new)
    yield from _identities(old, new)
    yield from _scenarios(old, new)
    yield from _names(old, new)


_HEADER: tuple[tuple[str, str, Callable[[Scheme], Any]], ...] = (
    ("代号", "id", lambda s: s.id), ("名称", "title", lambda s: s.title), ("地区", "region", lambda s: s.region),
    ("文件", "document", lambda s: s.document), ("施行", "in_force", lambda s: (s.start, s.end)),
    ("险种", "insurances", lambda s: (s.insurances, s.separate)),
)  # fmt: skip


def _header(old: Scheme, new: Scheme) -> Iterator[Point]:
    for name, aspect, of in _HEADER:
        if of(old) != of(new):
            yield Point("header", None, name, aspect, None, None)
    if old.stages != new.stages and [x for x in old.stages if x in new.stages] != [
        x for x in new.stages if x in old.stages
    ]:
        yield Point("header", None, "环节次序", "order", None, None)


def _tables(old: Scheme, new: Scheme) -> Iterator[Point]:
    for name, one, two in _pairs(old.tables, new.tables):
        if one is None or two is None:
            yield _present("table", None, name, one, two)
        elif (one.parents, one.grain) != (two.parents, two.grain):
            yield Point("table", None, name, "kind", one.span, two.span)
    for name, units, others in _pairs(old.rosters, new.rosters):
        if units != others:
            aspect = "added" if units is None else "removed" if others is None else "units"
            yield Point("roster", name, name, aspect, None, None)


def _parameters(old: Scheme, new: Scheme) -> Iterator[Point]:
    for name, one, two in _pairs(old.parameters, new.parameters):
        if one is None or two is None:
            yield _present("parameter", None, name, one, two)
            continue
        for aspect, of in _OF_PARAMETER:
            if of(one) != of(two):
                before, after = _entries(one, two)
                yield Point("parameter", None, name, aspect, before, after)


_OF_PARAMETER: tuple[tuple[str, Callable[[c.Parameter], Any]], ...] = (
    ("value", lambda p: [(e.value, e.insurances) for e in p.entries]),
    ("dates", lambda p: [(e.start, e.end) for e in p.entries]),
    ("state", lambda p: (p.state, p.referred)),
    ("range", lambda p: p.range),
    ("kind", lambda p: p.kind),
    ("assumed", lambda p: p.assumed),
    ("left_out", lambda p: (p.left_out, p.at_end)),
    ("reading", lambda p: sorted((r.name, repr(r.value)) for r in p.readings)),
    ("clauses", lambda p: (p.clauses, [e.clauses for e in p.entries])),
    ("reason", lambda p: p.reason),
)


def _entries(one: c.Parameter, two: c.Parameter) -> tuple[Any, Any]:
    """Where the values that differ stand: the line of a dated value, else the parameter itself."""
    keys = [[(e.value, e.start, e.end, e.insurances, e.clauses) for e in p.entries] for p in (one, two)]
    before = [e.span for e, key in zip(one.entries, keys[0], strict=True) if key not in keys[1]]
    after = [e.span for e, key in zip(two.entries, keys[1], strict=True) if key not in keys[0]]
    return (before[0] if before else one.span), (after[0] if after else two.span)


def _inputs(old: Scheme, new: Scheme) -> Iterator[Point]:
    for (table, name), one, two in _pairs(old.inputs, new.inputs):
        if one is None or two is None:
            yield _present("input", table, name, one, two)
            continue
        for aspect, of in _OF_INPUT:
            if of(one) != of(two):
                yield Point("input", table, name, aspect, one.span, two.span)
    limits = [{(x.table, x.name, repr(said(x.condition))): x for x in scheme.limits} for scheme in (old, new)]
    for (table, name, _), mine, theirs in _pairs(*limits):
        if mine is None or theirs is None:
            spans = [(x or s.inputs.get((table, name))) for x, s in ((mine, old), (theirs, new))]
            if all(s is not None for s in spans):
                yield Point("input", table, name, "range", *(s.span for s in spans if s is not None))


_OF_INPUT: tuple[tuple[str, Callable[[c.Input], Any]], ...] = (
    ("kind", lambda d: (d.kind, d.event)),
    ("range", lambda d: (d.range, d.step)),
    ("default", lambda d: d.default),
    ("left_out", lambda d: (d.left_out, d.all_insurances)),
    ("evidence", lambda d: d.evidence),
    ("clauses", lambda d: d.clauses),
)


def _allocations(old: Scheme, new: Scheme) -> Iterator[Point]:
    sides = [{(a.table, a.part): a for a in scheme.allocations} for scheme in (old, new)]
    for (table, name), one, two in _pairs(*sides):
        if one is None or two is None:
            yield _present("allocation", table, name, one, two)
            continue
        for aspect, of in _OF_ALLOCATION:
            if of(one) != of(two):
                yield Point("allocation", table, name, aspect, one.span, two.span)


_OF_ALLOCATION: tuple[tuple[str, Callable[[c.Allocation], Any]], ...] = (
    ("formula", lambda a: (said(a.whole), a.receivers, a.left)),
    ("method", lambda a: (a.method, said(a.weight), said(a.each))),
    ("spare", lambda a: a.spare),
    ("clauses", lambda a: a.clauses),
)


def _uses(old: Scheme, new: Scheme) -> Iterator[Point]:
    sides = [{(u.table, u.name): u for u in scheme.uses} for scheme in (old, new)]
    for (table, name), one, two in _pairs(*sides):
        if one is None or two is None:
            yield _present("uses", table, name, one, two)
        elif (one.allowed, one.spending) != (two.allowed, two.spending):
            yield Point("uses", table, name, "allowed", one.span, two.span)
        elif one.clauses != two.clauses:
            yield Point("uses", table, name, "clauses", one.span, two.span)


def _identities(old: Scheme, new: Scheme) -> Iterator[Point]:
    """An identity has no name: what is gone from a place and what is new there are one change, where the left is one."""
    keys = [[(i.table, said(i.left), said(i.right)) for i in scheme.identities] for scheme in (old, new)]
    gone = [i for i, key in zip(old.identities, keys[0], strict=True) if key not in keys[1]]
    come = [i for i, key in zip(new.identities, keys[1], strict=True) if key not in keys[0]]
    for one in gone:
        two = next((x for x in come if x.table == one.table and said(x.left) == said(one.left)), None)
        if two is not None:
            come.remove(two)
        yield (
            _present("identity", one.table, one.text, one, two)
            if two is None
            else Point("identity", one.table, one.text, "formula", one.span, two.span)
        )
    for two in come:
        yield _present("identity", two.table, two.text, None, two)


def _scenarios(old: Scheme, new: Scheme) -> Iterator[Point]:
    for name, one, two in _pairs(old.scenarios, new.scenarios):
        if one is None or two is None:
            yield Point("scenario", None, name, "added" if one is None else "removed", None, None)
        elif dict(one.values) != dict(two.values):
            yield Point("scenario", None, name, "value", None, None)


def _names(old: Scheme, new: Scheme) -> Iterator[Point]:
    """Words that data may use: the document's own and others."""
    for here in ("called", "also"):
        for name, one, two in _pairs(getattr(old.labels, here), getattr(new.labels, here)):
            if one != two:
                aspect = "added" if one is None else "removed" if two is None else "words"
                yield Point("alias", None, name, aspect, None, None)


def _present(sort: str, table: str | None, name: str, one: Any, two: Any) -> Point:
    """Something that only one side has."""
    if one is None:
        return Point(sort, table, name, "added", None, two.span)
    return Point(sort, table, name, "removed", one.span, None)


def _pairs(
    old: Mapping[_Key, _Entry], new: Mapping[_Key, _Entry]
) -> Iterable[tuple[_Key, _Entry | None, _Entry | None]]:
    """Every key of either side with what each has under it: the new order, then what is gone."""
    for key in dict.fromkeys((*new, *old)):
        yield key, old.get(key), new.get(key)
