"""How a figure answers when the cleared amount of its unit moves: by how much each yuan counts, and how far that holds.

The rules are followed as they were executed, with every value a straight line in the amount that moves. Rounding is
left aside, so distances are exact before rounding. What is no straight line is not answered, never guessed.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction

from engine.explain.makers import Makers
from engine.nouns import core as c
from engine.nouns.core import Core, NoFigure
from engine.nouns.numbers import Number
from engine.nouns.pipeline import Derive
from engine.nouns.possible import is_point
from engine.nouns.value import Value
from engine.nouns.world import Row


class NotStraightError(Exception):
    """The figure is no straight line in what moves, or something on the way is not known."""


@dataclass(frozen=True, slots=True)
class Turn:
    """Where a line turns: how far away, and the two sides that meet there (a limit and what it limits, or a comparison).

    ``written`` is the whole as the rule has it, where ``node`` names only the sides that count.
    """

    distance: Fraction
    node: c.Apply
    column: str
    written: c.Apply | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """A value and how it goes on for each step of what moves, up to the first turn."""

    value: Number | bool | str
    slope: Fraction
    turn: Turn | None = None


@dataclass(slots=True)
class Slopes:
    """Lines of a row's columns where ``driver`` grows by ``sign`` times a distance."""

    row: Row
    makers: Makers
    driver: str
    sign: int
    value_of: Callable[[Core], Value]
    lines: dict[str, Line] = field(default_factory=dict)

    def of(self, column: str) -> Line:
        """The line of a column of the row."""
        if column not in self.lines:
            self.lines[column] = self._column(column)
        return self.lines[column]

    def _column(self, column: str) -> Line:
        value = self.row.columns[column]
        if not is_point(value.now):
            raise NotStraightError(column)
        now = value.now
        if column == self.driver:
            return Line(now, Fraction(self.sign))  # type: ignore[arg-type]
        step = self.makers.by.get((self.row.table, column))
        if step is None or column in self.row.given:
            return Line(now, Fraction(0))  # type: ignore[arg-type]
        if not self.makers.depends((self.row.table, column), (self.row.table, self.driver)):
            return Line(now, Fraction(0))  # type: ignore[arg-type]
        if not isinstance(step, Derive):
            raise NotStraightError(column)
        return self._derived(step)

    def _derived(self, step: Derive) -> Line:
        """The branch that decided, within the first turn of any condition."""
        decided = self.row.decided.get(step.column, ())
        turns = [self._node(b.condition, step.column).turn for b in step.exceptions]
        value = step.exceptions[decided[0]].value if decided else step.default
        if isinstance(value, NoFigure):
            raise NotStraightError(step.column)
        line = self._node(value, step.column)
        return Line(self.row.columns[step.column].now, line.slope, _first(line.turn, *turns))  # type: ignore[arg-type]

    def _node(self, node: Core, column: str) -> Line:
        match node:
            case c.Read(column=name):
                return self.of(name)
            case c.LeftOut(read=read):
                value = self.value_of(read)
                if value.state == "open":
                    return Line(node.neutral, Fraction(0))
                return self._node(read, column)
            case c.Round(value=value):
                return self._node(value, column)
            case c.Choose():
                return self._choose(node, column)
            case c.Apply():
                return self._apply(node, column)
            case _:
                value = self.value_of(node)
                if not is_point(value.now):
                    raise NotStraightError(column)
                return Line(value.now, Fraction(0))  # type: ignore[arg-type]

    def _choose(self, node: c.Choose, column: str) -> Line:
        turns = [self._node(b.condition, column).turn for b in node.branches]
        chosen = next((b.value for b in node.branches if self.value_of(b.condition).now is True), node.otherwise)
        if chosen is None or isinstance(chosen, NoFigure):
            raise NotStraightError(column)
        line = self._node(chosen, column)
        return Line(line.value, line.slope, _first(line.turn, *turns))

    def _apply(self, node: c.Apply, column: str) -> Line:
        nothing = self._nothing(node, column)
        if nothing is not None:
            return nothing
        parts = [self._node(arg, column) for arg in node.args]
        turn = _first(*(p.turn for p in parts))
        value = self.value_of(node).now
        if not is_point(value):
            raise NotStraightError(column)
        match node.operator:
            case "add":
                slope = parts[0].slope + parts[1].slope
            case "subtract":
                slope = parts[0].slope - parts[1].slope
            case "negate":
                slope = -parts[0].slope
            case "multiply" | "part":
                if parts[0].slope and parts[1].slope:
                    raise NotStraightError(column)
                slope = parts[0].slope * Fraction(_number(parts[1])) + parts[1].slope * Fraction(_number(parts[0]))
            case "divide":
                if parts[1].slope:
                    raise NotStraightError(column)
                slope = parts[0].slope / Fraction(_number(parts[1]))
            case "most" | "least":
                return self._limited(node, parts, turn, column)
            case "slice" | "slice_above":
                return self._sliced(node, parts, turn, column)
            case _:
                return Line(value, Fraction(0), self._compared(node, parts, turn, column))  # type: ignore[arg-type]
        return Line(value, slope, turn)  # type: ignore[arg-type]

    def _nothing(self, node: c.Apply, column: str) -> Line | None:
        """A product of nothing with what is open: nothing, as long as the one side stays nothing."""
        if node.operator not in {"multiply", "part"}:
            return None
        for known, other in (node.args, node.args[::-1]):
            if is_point(self.value_of(other).now):
                continue
            line = self._node(known, column)
            if line.value == 0 and line.slope == 0:
                return Line(0, Fraction(0), line.turn)
        return None

    def _limited(self, node: c.Apply, parts: list[Line], turn: Turn | None, column: str) -> Line:
        left, right = parts
        gap = Fraction(_number(left)) - Fraction(_number(right))
        lean = left.slope - right.slope
        least = node.operator == "least"
        takes_left = gap > 0 if least else gap < 0
        if gap == 0:
            takes_left = lean > 0 if least else lean < 0
        line = left if takes_left else right
        return Line(line.value, line.slope, _first(turn, _meeting(gap, lean, node, column)))

    def _sliced(self, node: c.Apply, parts: list[Line], turn: Turn | None, column: str) -> Line:
        subject, *bounds = parts
        if any(b.slope for b in bounds):
            raise NotStraightError(column)
        value, slope = Fraction(_number(subject)), subject.slope
        turns = [_meeting(value - Fraction(_number(b)), slope, node, column) for b in bounds]
        low = Fraction(_number(bounds[0]))
        inside = value > low or (value == low and slope > 0)
        if len(bounds) > 1:
            high = Fraction(_number(bounds[1]))
            inside = inside and (value < high or (value == high and slope < 0))
        return Line(self.value_of(node).now, slope if inside else Fraction(0), _first(turn, *turns))  # type: ignore[arg-type]

    def _compared(self, node: c.Apply, parts: list[Line], turn: Turn | None, column: str) -> Turn | None:
        """A comparison of amounts turns where they meet; other answers turn where what they read does."""
        if node.operator in _ORDERED and len(parts) == 2 and (parts[0].slope or parts[1].slope):  # noqa: PLR2004 # two sides
            gap = Fraction(_number(parts[0])) - Fraction(_number(parts[1]))
            return _first(turn, _meeting(gap, parts[0].slope - parts[1].slope, node, column))
        if any(p.slope for p in parts):
            raise NotStraightError(column)
        return turn


_ORDERED = frozenset({"over", "up_to", "from", "below", "equal"})


def _number(line: Line) -> Number:
    if isinstance(line.value, bool) or not isinstance(line.value, int | Fraction):
        raise NotStraightError
    return line.value


def _meeting(gap: Fraction, lean: Fraction, node: c.Apply, column: str) -> Turn | None:
    """Where two lines meet ahead; where they meet here already there is nothing ahead."""
    if lean == 0 or gap == 0:
        return None
    distance = -gap / lean
    return Turn(distance, node, column) if distance > 0 else None


def _first(*turns: Turn | None) -> Turn | None:
    ahead = [t for t in turns if t is not None]
    return min(ahead, key=lambda t: t.distance) if ahead else None
