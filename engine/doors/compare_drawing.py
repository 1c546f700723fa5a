"""Where the marks of a comparison's drawings stand: lines of curves, bars of a difference taken step by step."""

from collections.abc import Callable
from fractions import Fraction

from engine.api import SideBySide
from engine.compare.attribute import Attribution
from engine.compare.curve import HIGH, LOW, Curve
from engine.doors.compare_form import signed, topic_words
from engine.doors.curve_form import percent
from engine.nouns.numbers import decimal_text, grouped, money_text
from grammar.diagnostic import Language
from grammar.frozen import dataclass

# Lines are told apart by their dashes, so that they read in black and white.
DASHES = ("", "9 5", "2 4", "12 4 2 4", "5 3", "12 3 2 3 2 3", "1 2", "18 6")
BAR, BAR_LEFT, BAR_WIDE, BAR_RIGHT = 24, 150, 320, 190
_NEAR, _GRID_LINES = 15, 10


@dataclass(frozen=True, slots=True)
class Frame:
    """The size of a plot and its margins; ``tenths`` is how many tenths of the budget lie between two marks below it."""

    wide: int
    tall: int
    left: int
    right: int
    top: int
    bottom: int
    tenths: int


LARGE = Frame(760, 380, 62, 130, 16, 44, 1)
SMALL = Frame(330, 210, 48, 24, 14, 24, 2)


@dataclass(frozen=True, slots=True)
class Mark:
    """A text or a point at a place."""

    x: str
    y: str
    text: str


@dataclass(frozen=True, slots=True)
class DrawnLine:
    """A scheme's line: its runs of points, its dashes, its label, its kinks; ``end`` is where the line itself ends."""

    dash: str
    runs: tuple[str, ...]
    label: Mark
    end: Mark
    kinks: tuple[Mark, ...]


@dataclass(frozen=True, slots=True)
class Plot:
    """All lines over one grid; ``zero`` is the height at which nothing is gained or borne."""

    lines: tuple[DrawnLine, ...]
    across: tuple[Mark, ...]
    up: tuple[Mark, ...]
    zero: str
    frame: Frame


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar of a waterfall: ``sort`` is whole, more or less."""

    label: str
    value: str
    sort: str
    x: str
    y: int
    wide: str


@dataclass(frozen=True, slots=True)
class Waterfall:
    """A difference step by step: the bars, and the height of the drawing."""

    bars: tuple[Bar, ...]
    tall: int
    zero: str


def drawn_curves(told: SideBySide) -> list[Curve]:
    """The curves that have at least one part to draw."""
    return [curve for curve in told.curves if any(s.slope is not None for s in curve.segments)]


def plot(told: SideBySide, frame: Frame = LARGE) -> Plot | None:
    """The curves that can be drawn, over one grid; None where there are none."""
    drawn = drawn_curves(told)
    if not drawn:
        return None
    values = [y for curve in drawn for s in curve.segments if s.slope is not None for y in (s.first, s.last)]
    low, high = min(*values, Fraction(0)), max(*values, Fraction(0))
    step = _step(high - low)
    low, high = (low // step) * step, -((-high) // step) * step
    if low == high:
        high = low + step

    def x(part: Fraction) -> Fraction:
        return frame.left + (part - LOW) / (HIGH - LOW) * (frame.wide - frame.left - frame.right)

    def y(part: Fraction) -> Fraction:
        return frame.top + (high - part) / (high - low) * (frame.tall - frame.top - frame.bottom)

    lines = []
    taken: list[Fraction] = []
    marked: set[Mark] = set()
    for place, curve in enumerate(drawn):
        known = [s for s in curve.segments if s.slope is not None]
        end_x, end_y = x(known[-1].end), y(known[-1].last)
        label_y = _free(end_y, taken)
        taken.append(label_y)
        lines.append(
            DrawnLine(
                DASHES[place % len(DASHES)],
                tuple(
                    f"{_at(x(s.start))},{_at(y(s.first))} {_at(x(s.end))},{_at(y(s.last))}" for s in known
                ),
                Mark(_at(Fraction(frame.wide - frame.right + 14)), _at(label_y), curve.scheme),
                Mark(_at(end_x), _at(end_y), ""),
                tuple(mark for mark in _kinks(curve, x, y) if frame is SMALL or mark not in marked),
            )
        )  # fmt: skip
        marked.update(lines[-1].kinks)
    tenths = range(int(LOW * 10), int(HIGH * 10) + 1, frame.tenths)
    across = tuple(
        Mark(_at(x(Fraction(t, 10))), _at(Fraction(frame.tall - frame.bottom)), percent(Fraction(t, 10)))
        for t in tenths
    )
    count = int((high - low) / step)
    up = tuple(
        Mark(_at(Fraction(frame.left)), _at(y(low + n * step)), percent(low + n * step)) for n in range(count + 1)
    )
    return Plot(tuple(lines), across, up, _at(y(Fraction(0))), frame)


def waterfall(a: Attribution, names: dict[str, str], language: Language) -> Waterfall:
    """The figure under the first scheme, each step, the figure under the other."""
    value = a.row.columns.get(a.figure)
    now = value.now if value is not None and not value.is_absent else 0
    start = now if isinstance(now, int) else 0
    rows: list[tuple[str, str, str, int, int]] = [(a.source, _yuan(start, language), "whole", 0, start)]
    here = start
    for part in a.parts:
        sort = "more" if part.delta > 0 else "less"
        rows.append((topic_words(part, names), signed(part.delta, language), sort, here, here + part.delta))
        here += part.delta
    rows.append((a.target, _yuan(here, language), "whole", 0, here))
    low = min(min(one, other) for *_, one, other in rows)
    high = max(max(one, other) for *_, one, other in rows)
    size = Fraction(max(high - low, 1))

    def x(fen: int) -> Fraction:
        return BAR_LEFT + (fen - low) / size * BAR_WIDE

    bars = tuple(
        Bar(label, said, sort, _at(x(min(one, other))), BAR * place, _at(max(abs(x(one) - x(other)), Fraction(1))))
        for place, (label, said, sort, one, other) in enumerate(rows)
    )
    return Waterfall(bars, BAR * len(bars), _at(x(0)))


def _kinks(curve: Curve, x: Callable[[Fraction], Fraction], y: Callable[[Fraction], Fraction]) -> list[Mark]:
    found = []
    for kink in curve.kinks:
        near = [s for s in curve.segments if s.slope is not None and kink.x in {s.start, s.end}]
        for value in dict.fromkeys(s.last if s.end == kink.x else s.first for s in near):
            found.append(Mark(_at(x(kink.x)), _at(y(value)), percent(kink.x)))
    return found


def _free(wanted: Fraction, taken: list[Fraction]) -> Fraction:
    """A height for a label that no other label covers."""
    here = wanted
    while any(abs(here - other) < _NEAR for other in taken):
        here += 1
    return here


def _step(span: Fraction) -> Fraction:
    steps = (Fraction(1, 20), Fraction(1, 10), Fraction(1, 5), Fraction(1, 2))
    return next((step for step in steps if span / step <= _GRID_LINES), Fraction(1))


def _yuan(fen: int, language: Language) -> str:
    return f"{grouped(money_text(fen))} {'元' if language == 'zh' else 'yuan'}"


def _at(number: Fraction) -> str:
    return decimal_text(number, 1)
