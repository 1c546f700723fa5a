"""Where the rules for figures differ: formula, rounding, exceptions, gate tests, targets, readings."""

from collections.abc import Callable, Iterator
from typing import Any

from engine.compare.point import Point
from engine.compare.sameness import cited, said
from engine.nouns import core as c
from engine.nouns.core import Scheme
from grammar.source import Span


def figure_points(old: Scheme, new: Scheme) -> Iterator[Point]:
    """The points of every rule that either scheme has."""
    for key in dict.fromkeys((*new.figures, *old.figures)):
        one, two = old.figures.get(key), new.figures.get(key)
        # Whether a target is met follows from the indicator.
        if any(f is not None and f.sort == "met" for f in (one, two)):
            continue
        if one is None or two is None:
            aspect = "added" if one is None else "removed"
            yield Point("figure", *key, aspect, one.span if one else None, two.span if two else None)
        else:
            yield from _of_figure(one, two, old, new)


def _of_figure(one: c.Figure, two: c.Figure, old: Scheme, new: Scheme) -> Iterator[Point]:
    for aspect, of in _OF_FIGURE:
        if of(one) != of(two):
            spans = _split(one, two) if aspect == "whole" else (one.span, two.span)
            yield _at(one, aspect, *spans)
    if old.stages[one.stage : one.stage + 1] != new.stages[two.stage : two.stage + 1]:
        yield _at(one, "stage", one.span, two.span)
    is_datum = (one.table, one.name) in old.inputs and (two.table, two.name) in new.inputs
    if one.range != two.range and not is_datum:
        yield _at(one, "range", one.span, two.span)
    if _above(one, new) != _above(two, old):
        yield _at(one, "whole", *_split(one, two))
    yield from _exceptions(one, two)
    yield from _readings(one, two)
    if one.gate is not None and two.gate is not None:
        yield from _tests(one, one.gate, two.gate, two)


def _formula(figure: c.Figure) -> Any:
    # A gate is its tests, each compared by itself.
    return None if figure.gate is not None else (figure.sort, said(figure.default))


_OF_FIGURE: tuple[tuple[str, Callable[[c.Figure], Any]], ...] = (
    ("formula", _formula),
    ("rounding", lambda f: (f.mode, f.step, f.unrounded)),
    ("when_blank", lambda f: f.when_blank),
    ("locked", lambda f: f.locked),
    ("whole", lambda f: f.part and (said(f.part.whole), f.part.last)),
    ("gate", lambda f: f.gate and (f.gate.every, f.gate.not_settled)),
    ("target", lambda f: f.target and (f.target.condition and said(f.target.condition))),
    ("consequence", lambda f: f.target and f.target.consequence),
    ("clauses", lambda f: (f.clauses, cited(f.default))),
    ("reason", lambda f: f.reason),
)


def _split(one: c.Figure, two: c.Figure) -> tuple[Span, Span]:
    """Where a whole is split, or the figure itself where it is no part of one."""
    before, after = (f.part.whole.span if f.part is not None else f.span for f in (one, two))
    return before, after


def _above(figure: c.Figure, other: Scheme) -> list[str]:
    """The parts above it in its split that the other scheme has as well: an added part is a change of its own."""
    if figure.part is None:
        return []
    return [name for name in figure.part.above if (figure.table, name) in other.figures]


def _exceptions(one: c.Figure, two: c.Figure) -> Iterator[Point]:
    """Exceptions are matched by what they say, then by their condition, then by their value."""
    pairs: dict[int, int] = {}
    keys: tuple[Callable[[c.Branch], Any], ...] = (
        lambda b: (said(b.condition), said(b.value), b.clauses),
        lambda b: (said(b.condition), said(b.value)),
        lambda b: said(b.condition),
        lambda b: (said(b.value), b.clauses),
    )
    for key in keys:
        for i, before in enumerate(one.exceptions):
            for j, after in enumerate(two.exceptions):
                if i not in pairs and j not in pairs.values() and key(before) == key(after):
                    pairs[i] = j
    for i, before in enumerate(one.exceptions):
        if i not in pairs:
            yield _at(one, "exception_removed", before.span, None)
            continue
        after = two.exceptions[pairs[i]]
        if (said(before.condition), said(before.value)) != (said(after.condition), said(after.value)):
            yield _at(one, "exception", before.span, after.span)
        if before.clauses != after.clauses:
            yield _at(one, "clauses", before.span, after.span)
        if before.reason != after.reason:
            yield _at(one, "reason", before.span, after.span)
        if {pairs[k] for k in before.above if k in pairs} != {k for k in after.above if k in pairs.values()}:
            yield _at(one, "precedence", before.span, after.span)
    for j, after in enumerate(two.exceptions):
        if j not in pairs.values():
            yield _at(one, "exception_added", None, after.span)


def _readings(one: c.Figure, two: c.Figure) -> Iterator[Point]:
    sides = []
    for figure in (one, two):
        on = [None if r.branch is None else said(figure.exceptions[r.branch].condition) for r in figure.readings]
        sides.append({r.name: (said(r.value), where, r.clauses) for r, where in zip(figure.readings, on, strict=True)})
    kept = {said(b.condition) for f in (one, two) for b in f.exceptions}
    for name in dict.fromkeys((*sides[1], *sides[0])):
        mine, theirs = (side.get(name) for side in sides)
        # A reading of an exception that is gone or new goes or comes with it.
        if mine != theirs and not (mine and mine[1] in kept and theirs is None and _lost(mine[1], two)):
            before = next((r.span for r in one.readings if r.name == name), None)
            after = next((r.span for r in two.readings if r.name == name), None)
            yield _at(one, "reading", before, after)


def _lost(condition: Any, figure: c.Figure) -> bool:
    return condition is not None and all(said(b.condition) != condition for b in figure.exceptions)


def _tests(one: c.Figure, old: c.GateNote, new: c.GateNote, two: c.Figure) -> Iterator[Point]:
    keys = [[(said(t.condition), t.evidence, t.clauses) for t in gate.tests] for gate in (old, new)]
    if sorted(map(repr, keys[0])) != sorted(map(repr, keys[1])):
        yield _at(one, "tests", one.span, two.span)


def _at(figure: c.Figure, aspect: str, before: Any, after: Any) -> Point:
    return Point("figure", figure.table, figure.name, aspect, before, after)
