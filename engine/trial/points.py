"""What a case can touch in a rule: its branches and its boundaries, found in the checked tree."""

from collections.abc import Iterable, Iterator
from datetime import date
from fractions import Fraction
from typing import Literal, TypeGuard

from engine.nouns import core as c
from engine.nouns import kinds as k
from engine.nouns.core import Core, NoFigure, Scheme
from engine.nouns.numbers import Number
from engine.nouns.pipeline import GIVEN
from engine.nouns.possible import Possible
from grammar.diagnostic import Words
from grammar.frozen import dataclass
from grammar.source import Span, source_text

Key = tuple[object, ...]
Side = Literal["below", "at", "above"]
SIDES: tuple[Side, ...] = ("below", "at", "above")

# The words an analyst has for a comparison, whichever way round it is written.
_COMPARED = frozenset({"over", "up_to", "from", "below"})
_ATOMS = _COMPARED | {"equal", "is", "is_not", "in", "not_in"}


@dataclass(frozen=True, slots=True)
class Boundary:
    """Two amounts that are compared: what stands left and right, one step of their kind, the sides that can be."""

    left: Core
    right: Core
    step: Number
    sides: tuple[Side, ...]
    span: Span

    @property
    def key(self) -> Key:
        """The same comparison written twice, as the edge of two bands is, is one boundary."""
        return ("boundary", self.span.source.name, said(self.left), said(self.right))

    def side(self, left: Possible, right: Possible) -> Side | None:
        """On which side two values stand; None where they are further apart than one step, or not known."""
        if isinstance(left, date) and isinstance(right, date):
            distance = Fraction((left - right).days)
        elif _is_number(left) and _is_number(right):
            distance = Fraction(left) - Fraction(right)
        else:
            return None
        if abs(distance) > self.step:
            return None
        return "at" if distance == 0 else "above" if distance > 0 else "below"

    def words(self, side: Side) -> Words:
        """What is missing where no case stands on a side."""
        left, right = said(self.left), said(self.right)
        money = self.left.kind.is_money
        step, en_step = ("一分", "fen") if money else ("一步", "step")
        zh = {"at": "刚好相等", "below": f"前者少{step}", "above": f"前者多{step}"}
        en = {"at": "exactly equal", "below": f"one {en_step} below", "above": f"one {en_step} above"}
        if self.left.kind.base is k.Base.DATE:
            zh = {"at": "同一天", "below": "前者早一天", "above": "前者晚一天"}
            en = {"at": "the same day", "below": "one day before", "above": "one day after"}
        return Words(f"{left} 与 {right}：{zh[side]}", f"{left} against {right}: {en[side]}")


def boundaries(node: Core, scheme: Scheme) -> Iterator[Boundary]:
    """The boundaries of one node: a comparison, a cap or floor, the edges of a band."""
    match node:
        case c.Apply(operator=operator, args=(left, right)) if operator in _COMPARED:
            yield from _boundary(left, right, node.span, scheme)
        case c.Apply(operator="most" | "least", args=(left, right)):
            yield from _boundary(left, right, node.span, scheme)
        case c.Apply(operator="slice" | "slice_above", args=(subject, *edges)):
            for edge in edges:
                if not (isinstance(edge, c.Constant) and edge.value == 0):
                    yield from _boundary(subject, edge, node.span, scheme)
        case _:
            return


def _boundary(left: Core, right: Core, span: Span, scheme: Scheme) -> Iterator[Boundary]:
    if left.kind.is_number or left.kind.base is k.Base.DATE:
        yield Boundary(left, right, step_of(left, scheme), _sides(left, right, scheme), span)


def step_of(node: Core, scheme: Scheme) -> Number:
    """One step of a value: a fen, 0.01 of a percentage point, the grain of a datum, else one."""
    if isinstance(node, c.Read):
        steps = [i.step for (_, name), i in scheme.inputs.items() if name == node.column and i.step is not None]
        if steps:
            return steps[0]
    if node.kind.base in {k.Base.RATIO, k.Base.POINTS}:
        return Fraction(1, 10_000)
    return 1


def _sides(left: Core, right: Core, scheme: Scheme) -> tuple[Side, ...]:
    """The sides a datum can stand on: its own range may end where it is compared."""
    if not (isinstance(left, c.Read) and isinstance(right, c.Constant) and _is_number(right.value)):
        return SIDES
    ranges = [i.range for (_, name), i in scheme.inputs.items() if name == left.column]
    ranges = ranges or [c.Range(low=0)] if left.kind.base is k.Base.MONEY else ranges
    step, edge = step_of(left, scheme), right.value
    at: dict[Side, Number] = {"below": edge - step, "at": edge, "above": edge + step}
    return tuple(s for s in SIDES if not ranges or any(r.holds(at[s]) for r in ranges))


def atoms(node: Core) -> Iterator[Core]:
    """The single conditions inside an expression: what holds or does not, without 且, 或, 非."""
    for inner in c.walk(node):
        match inner:
            case c.Apply(operator=operator) if operator in _ATOMS:
                yield inner
            case c.Given():
                yield inner
            case c.Read(kind=kind) | c.ReadParameter(kind=kind) if kind.base is k.Base.YES_NO:
                yield inner
            case _:
                pass


def place_key(node: Core | c.Branch | c.Entry) -> Key:
    """Where a node stands in its file, which it keeps through compiling and is the same for every kind of rows."""
    span = node.span
    return (span.source.name, span.line, span.column, span.end_line, span.end_column)


def roots(default: Core | NoFigure, exceptions: Iterable[c.Branch]) -> Iterator[Core]:
    """The expressions of a figure: its default, then each exception's condition and value."""
    if not isinstance(default, NoFigure):
        yield default
    for branch in exceptions:
        yield branch.condition
        if not isinstance(branch.value, NoFigure):
            yield branch.value


def said(node: Core) -> str:
    """A node as the author wrote it; a name that is only understood, as in an indicator's target, by that name."""
    match node:
        case c.Read(column=name) | c.ReadParameter(name=name) if not name.startswith(GIVEN):
            return name
        case _:
            return source_text(node.span)


def _is_number(value: Possible) -> TypeGuard[Number]:
    return isinstance(value, int | Fraction) and not isinstance(value, bool)
