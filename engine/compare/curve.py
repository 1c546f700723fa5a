"""What a provider gains or bears as its cleared amount goes from 60 % to 120 % of its adjusted budget, turn by turn.

The rules are followed as they were executed, from one turn to the next: every segment is a straight line, every turn
stands exactly where the rule has it. Rounding is left aside. A part that waits for something open is left out.
"""

from collections.abc import Iterable, Iterator
from fractions import Fraction

from engine.compare.attribute import Settled, unit_rows
from engine.compare.matrix import rule_in_english
from engine.explain.makers import Makers, makers_of
from engine.explain.moved import Known, moved
from engine.explain.slopes import NotStraightError, Slopes, Turn
from engine.nouns import core as c
from engine.nouns.core import Core, NoFigure
from engine.nouns.pipeline import Derive, Pipeline
from engine.nouns.world import Row
from grammar.diagnostic import Words
from grammar.frozen import dataclass
from grammar.source import source_text

CLEARED, BUDGET = "年度清算总额", "调整后预算"
GAINS = (("结余留用", 1), ("结余留转", 1), ("机构承担", -1))
LOW, HIGH = Fraction(60, 100), Fraction(120, 100)
_NEAR = Fraction(1, 1_000_000)
_AT_MOST = 200


@dataclass(frozen=True, slots=True)
class Segment:
    """A straight part, both axes as parts of the adjusted budget; where ``slope`` is None it is left out, and ``waits`` says for what."""

    start: Fraction
    end: Fraction
    first: Fraction
    last: Fraction
    slope: Fraction | None
    waits: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Kink:
    """A point at which the line turns or jumps: where, what meets there, by which clauses."""

    x: Fraction
    before: Fraction | None
    after: Fraction | None
    jump: Fraction
    words: Words
    citations: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Curve:
    """A scheme's line for a unit; ``scenario`` is what was assumed for an invented one, ``why`` says why there is no line.

    ``left_out`` are reported amounts that hold for one cleared amount only, and count as not reported.
    """

    scheme: str
    unit: str
    insurance: str | None
    period: str
    budget: int | None
    invented: bool
    scenario: str
    segments: tuple[Segment, ...]
    kinks: tuple[Kink, ...]
    why: Words | None = None
    left_out: tuple[str, ...] = ()


def follow(
    settled: Settled, row: Row, *, invented: bool = False, scenario: str = "", left_out: tuple[str, ...] = ()
) -> Curve:
    """The curve of a unit's row."""
    pipeline = next(p for r, p in unit_rows(settled.settlement) if r is row)
    walk = _Walk(settled, row, pipeline)
    why = walk.refusal()
    segments, kinks = ((), ()) if why is not None else walk.line()
    known = row.columns[BUDGET].now if BUDGET in row.columns else None
    budget = known if isinstance(known, int) and not isinstance(known, bool) else None
    return Curve(
        settled.settlement.scheme.id, row.unit, row.insurance, str(row.period), budget, invented, scenario, segments, kinks, why, left_out
    )  # fmt: skip


def bounded_inputs(pipeline: Pipeline, row: Row) -> tuple[str, ...]:
    """Reported amounts above nothing that may not be more than something the cleared amount moves."""
    makers = makers_of(pipeline)
    found = []
    for limit in pipeline.scheme.limits:
        value = row.columns.get(limit.name)
        if limit.table != row.table or limit.name not in row.given or value is None or value.now == 0:
            continue
        reads = {n.column for n in c.walk(limit.condition) if isinstance(n, c.Read)}
        if any(makers.depends((row.table, name), (row.table, CLEARED)) for name in reads):
            found.append(limit.name)
    return tuple(found)


class _Walk:
    def __init__(self, settled: Settled, row: Row, pipeline: Pipeline) -> None:
        self.row, self.pipeline, self.trace = row, pipeline, settled.trace
        self.makers: Makers = makers_of(pipeline)
        self.known: Known = {}
        self.figures = [(name, sign) for name, sign in GAINS if name in row.columns and not row.columns[name].is_absent]
        self.columns = list(
            dict.fromkeys(
                x for name, _ in self.figures for x in self.makers.between(self._key(name), self._key(CLEARED))
            )
        )

    def refusal(self) -> Words | None:
        """Why the row has no line, if it has none."""
        if self.row.refused:
            return Words("单位没有通过准入，不清算", "the unit is not admitted and not settled")
        budget, cleared = self.row.columns.get(BUDGET), self.row.columns.get(CLEARED)
        if budget is None or cleared is None or not self.figures:
            return Words("规则里没有要画的数", "the rules have none of the figures drawn")
        waits = sorted(budget.missing | cleared.missing)
        if waits:
            labels = self.pipeline.scheme.labels
            zh, en = "、".join(map(labels.here, waits)), ", ".join(map(labels.words, waits))
            return Words(f"预算未定，还缺{zh}", f"the budget is open, it waits for {en}")
        if not isinstance(budget.now, int) or not isinstance(cleared.now, int) or budget.now <= 0:
            return Words("没有大于零的预算", "there is no budget above nothing")
        if self.makers.depends(self._key(BUDGET), self._key(CLEARED)):
            return Words("预算本身随清算总额变动", "the budget itself moves with the cleared amount")
        return None

    def line(self) -> tuple[tuple[Segment, ...], tuple[Kink, ...]]:
        """The segments from the low end to the high end, and the kinks between them."""
        self.budget = Fraction(self.row.columns[BUDGET].now)  # type: ignore[arg-type]
        here, end = self.budget * LOW, self.budget * HIGH
        segments: list[Segment] = []
        kinks: list[Kink] = []
        turns: list[Turn] = []
        for _ in range(_AT_MOST):
            inside = self._inside(here, end)
            row, waits = self._at(inside)
            ahead = self._turns(row, 1)
            distance = min((t.distance for t in ahead), default=end - inside)
            there = min(inside + distance, end)
            segment = self._segment(here, inside, there, row, waits)
            if segments and _goes_on(segments[-1], segment):
                last = segments[-1]
                segments[-1] = Segment(last.start, segment.end, last.first, segment.last, last.slope, last.waits)
            else:
                if segments:
                    kinks.append(self._kink(segments[-1], segment, turns))
                segments.append(segment)
            if there == end:
                return tuple(segments), tuple(kinks)
            turns, here = [t for t in ahead if t.distance == distance], there
        return tuple(segments), tuple(kinks)

    def _inside(self, here: Fraction, end: Fraction) -> Fraction:
        """A point after this one and before the next turn."""
        gap = min(_NEAR, (end - here) / 2)
        for _ in range(_AT_MOST):
            row, _ = self._at(here + gap)
            back = min((t.distance for t in self._turns(row, -1)), default=gap)
            if back >= gap:
                break
            gap = (gap - back) / 2
        return here + gap

    def _at(self, cleared: Fraction) -> tuple[Row, tuple[str, ...] | None]:
        """The row with this cleared amount, and what its figures wait for; None where all are known."""
        by = cleared - Fraction(self.row.columns[CLEARED].now)  # type: ignore[arg-type]
        waits: dict[str, None] = {}
        unknown = False
        row = self.row
        for name in self.columns:
            try:
                row = moved(
                    self.row, name, CLEARED, by, self.makers, self.trace, self.pipeline, self.known, rounded=False
                )  # fmt: skip
            except NotStraightError as stop:
                row, unknown = self.known[by, False][0], True
                waits.update(dict.fromkeys(self._missing(row, str(stop))))
        return row, tuple(waits) if unknown else None

    def _missing(self, row: Row, name: str) -> Iterator[str]:
        step = self.makers.by.get(self._key(name))
        if isinstance(step, Derive) and not isinstance(step.default, NoFigure):
            yield from sorted(self.trace(self.pipeline, row)(step.default).missing)

    def _turns(self, row: Row, sign: int) -> list[Turn]:
        slopes = self._slopes(row, sign)
        found: dict[tuple[Fraction, int], Turn] = {}
        for name in self.columns:
            try:
                turn = slopes.of(name).turn
            except (NotStraightError, KeyError):
                continue
            if turn is not None:
                found.setdefault((turn.distance, id(turn.node)), turn)
        return list(found.values())

    def _segment(
        self, here: Fraction, inside: Fraction, there: Fraction, row: Row, waits: tuple[str, ...] | None
    ) -> Segment:
        start, end = here / self.budget, there / self.budget
        if waits is not None:
            return Segment(start, end, Fraction(0), Fraction(0), None, waits)
        slopes = self._slopes(row, 1)
        value = slope = Fraction(0)
        try:
            for name, sign in self.figures:
                value += sign * Fraction(row.columns[name].now)  # type: ignore[arg-type]
                slope += sign * slopes.of(name).slope
        except NotStraightError:
            return Segment(start, end, Fraction(0), Fraction(0), None, ())
        first, last = value - slope * (inside - here), value + slope * (there - inside)
        return Segment(start, end, first / self.budget, last / self.budget, slope)

    def _kink(self, before: Segment, after: Segment, turns: list[Turn]) -> Kink:
        jump = after.first - before.last if None not in (before.slope, after.slope) else Fraction(0)
        figures = [name for turn in turns for name in self._cited(turn)]
        clauses = [x for name in figures for x in self._clauses(name)]
        return Kink(after.start, before.slope, after.slope, jump, self._met(turns), tuple(dict.fromkeys(clauses)))

    def _cited(self, turn: Turn) -> Iterator[str]:
        """The figure whose rule turns, the limit it names, and the figures drawn that rest on it."""
        yield turn.column
        yield from (n.column for n in c.walk(turn.node.args[-1]) if isinstance(n, c.Read))
        for name, _ in self.figures:
            if turn.column != name and self.makers.depends(self._key(name), self._key(turn.column)):
                yield name

    def _met(self, turns: list[Turn]) -> Words:
        """What meets at a kink: figures that come to nothing, amounts that come to be the same."""
        scheme = self.pipeline.scheme
        nothing: dict[str, str] = {}
        same: dict[str, str] = {}
        for turn in turns:
            left, right = turn.node.args[0], turn.node.args[-1]
            if not (isinstance(right, c.Constant) and right.value == 0):
                said = f"{rule_in_english(left, scheme)} equals {rule_in_english(right, scheme)}"
                same.setdefault(f"{_words(left)}等于{_words(right)}", said)
            elif turn.node.operator == "least":
                nothing.setdefault(scheme.labels.here(turn.column), scheme.labels.words(turn.column))
            else:
                nothing.setdefault(_words(left), rule_in_english(left, scheme))
        zh, en = list(same), list(same.values())
        if nothing:
            zh.append(f"{'、'.join(nothing)}为零")
            en.append(f"{', '.join(nothing.values())} at nothing")
        return Words("；".join(zh), "; ".join(en))

    def _clauses(self, name: str) -> Iterable[str]:
        step = self.makers.by.get(self._key(name))
        return step.figure.clauses if isinstance(step, Derive) else ()

    def _slopes(self, row: Row, sign: int) -> Slopes:
        return Slopes(row, self.makers, CLEARED, sign, self.trace(self.pipeline, row))

    def _key(self, name: str) -> tuple[str, str]:
        return self.row.table, name


def _goes_on(before: Segment, after: Segment) -> bool:
    return (
        before.slope == after.slope
        and before.waits == after.waits
        and (before.slope is None or before.last == after.first)
    )


def _words(node: Core) -> str:
    return node.column if isinstance(node, c.Read) else " ".join(source_text(node.span).split())
