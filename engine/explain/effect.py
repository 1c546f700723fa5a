"""What a figure affects, what one yuan more or less would change, and how far the next turn is."""

from collections.abc import Callable, Iterator
from fractions import Fraction

from engine.explain.account import Step
from engine.explain.explanation import Section, Threshold
from engine.explain.headline import sign_of
from engine.explain.moved import moved
from engine.explain.slopes import NotStraightError, Slopes, Turn
from engine.explain.telling import Telling, figure_of
from engine.explain.terms import Leaf, Work
from engine.explain.working import LISTED_AT_MOST
from engine.nouns import core as c
from engine.nouns import kinds as k
from engine.nouns.numbers import Number, exact
from engine.nouns.pipeline import Derive
from engine.nouns.possible import is_point
from engine.nouns.value import Value
from engine.nouns.world import Row

CLEARED = "年度清算总额"


def effect(t: Telling, own: Step) -> Section:
    """What the figure goes on into, what its money may be used for, what one yuan less spent would change."""
    p = t.phrases
    sentences = []
    figure = figure_of(own)
    if figure is not None and figure.gate is not None and figure.gate.not_settled:
        return t.section("effect", [t.say("gate_effect")])
    if figure is not None and figure.target is not None:
        if figure.target.consequence == "none":
            sentences.append(t.say("no_effect"))
        elif figure.target.consequence == "points":
            sentences.append(t.say("points"))
    uses = [u for u in t.result.pipeline.scheme.uses if (u.table, u.name) == (own.row.table, own.column)]
    if uses and isinstance(t.result.value.now, int | Fraction) and t.result.value.now > 0:
        allowed = [f"“{p.keep(x)}”" for x in uses[0].allowed]
        sentences.append(t.say("uses", allowed))
    readers = t.makers.readers.get((own.row.table, own.column), ())
    names = list(dict.fromkeys(_reader(t, key) for key in readers if _exists(t, key)))
    if names:
        sentences.append(t.say("used", names[:LISTED_AT_MOST]))
    elif not sentences and not t.result.kind.is_money:
        sentences.append(t.say("unused"))
    sentences.extend(_margin(t, own))
    return t.section("effect", sentences)


def _exists(t: Telling, key: tuple[str, str]) -> bool:
    """Whether the reader stands on a row that is told: the row itself, its parents, or other kinds."""
    table, name = key
    if table != t.result.row.table:
        return True
    value = t.result.row.columns.get(name)
    return value is not None and not value.is_absent


def _reader(t: Telling, key: tuple[str, str]) -> str:
    table, name = key
    said = t.phrases.name(name, table)
    if table == t.result.row.table:
        return said
    return t.phrases.pick(f"{t.phrases.kind(table)}的{said}", f"{said} ({t.phrases.kind(table)})")


def _is_moved_by_cleared(t: Telling) -> bool:
    """Whether the figure is a known number that rests on the cleared amount of its own unit, which is known and above nothing."""
    row = t.result.row
    value = row.columns.get(CLEARED)
    if value is None or not isinstance(value.now, int) or value.now <= 0 or not is_point(t.result.value.now):
        return False
    if t.result.name == CLEARED or not t.result.kind.is_number:
        return False
    return t.makers.depends((row.table, t.result.name), (row.table, CLEARED))


def _moved(t: Telling, by: Number, *, rounded: bool) -> Row:
    result = t.result
    known = t.kept.moved
    return moved(result.row, result.name, CLEARED, by, t.makers, t.whole.trace, result.pipeline, known, rounded=rounded)


def _slopes(t: Telling, row: Row, sign: int) -> Slopes:
    key = (id(row), sign)
    if key not in t.kept.slopes:
        t.kept.slopes[key] = Slopes(row, t.makers, CLEARED, sign, t.whole.trace(t.result.pipeline, row))
    return t.kept.slopes[key]


def _margin(t: Telling, own: Step) -> Iterator[str]:
    """What one yuan less spent would change: by the line the figure lies on, or by a jump where there is one."""
    now = t.result.value.now
    if not (t.result.kind.is_money and isinstance(now, int) and _is_moved_by_cleared(t)):
        return
    if _cleared(t) < _YUAN:
        return
    try:
        other = _moved(t, -_YUAN, rounded=True).columns[t.result.name].now
        slope = _slopes(t, t.result.row, -1).of(t.result.name).slope
    except NotStraightError:
        return
    if isinstance(other, bool) or not isinstance(other, int | Fraction):
        return
    change = slope * _YUAN
    if abs(Fraction(other) - now - change) > 1:
        # Within the yuan the rule turns or jumps: what it comes to is said as it is.
        change = Fraction(other) - now
    p = t.phrases
    p.count(1)
    said = p.amount(exact(abs(change)), k.MONEY) if change else ""
    cap = _cap(t, own) if not change and not slope else ""
    yield t.say("margin", p.name(CLEARED), p.name(t.result.name), said, sign_of(change), cap)


def _cap(t: Telling, own: Step) -> str:
    """The named limit that holds the figure, where one does."""
    queue = [own.term]
    while queue:
        node = queue.pop()
        if not isinstance(node, Work):
            continue
        if node.sort == "most" and isinstance(node.parts[1], Leaf) and node.parts[1].name is not None:
            left, right = node.parts[0].value.now, node.parts[1].value.now
            if isinstance(left, int | Fraction) and isinstance(right, int | Fraction) and left > right:
                return t.phrases.name(node.parts[1].name)
        queue.extend(node.parts)
    return ""


def threshold(t: Telling) -> Threshold | None:
    """The nearest turn of the figure as the cleared amount of its unit falls or grows; None where there is none."""
    if not _is_moved_by_cleared(t):
        return None
    found = [(sign, turn) for sign in (-1, 1) if (turn := _turn(t, sign)) is not None]
    if not found:
        return None
    sign, turn = min(found, key=lambda x: x[1].distance)
    fen = -((-turn.distance.numerator) // turn.distance.denominator)
    if not fen:
        return None
    p = t.phrases
    distance = p.amount(fen, k.MONEY)
    what = _meeting(t, turn)
    text = t.say("turn", p.name(CLEARED), sign < 0, distance, what)
    return Threshold(text, f"{fen // 100}.{fen % 100:02d}", sign < 0)


def _turn(t: Telling, sign: int) -> Turn | None:
    """The first point in one direction where the figure itself leaves its line; what turns beneath it only is passed by."""
    gone = Fraction(0)
    name = t.result.name
    try:
        row = _moved(t, 0, rounded=False)
        start, slope = _number(row, name), None
        for _ in range(_TURNS_AT_MOST):
            line = _slopes(t, row, sign).of(name)
            if slope is None:
                slope = line.slope
                near = _moved(t, sign * _JUST_BEYOND, rounded=False)
                if _number(near, name) != start + slope * _JUST_BEYOND:
                    # The figure stands at a turn already; what one yuan changes says so.
                    return None
            if line.turn is None or (sign < 0 and gone + line.turn.distance > _cleared(t)):
                return None
            gone += line.turn.distance
            beyond = gone + _JUST_BEYOND
            row = _moved(t, sign * beyond, rounded=False)
            if _number(row, name) != start + slope * beyond:
                value_of = t.whole.trace(t.result.pipeline, row)
                node = line.turn.node
                sides = tuple(_taken(arg, value_of) for arg in node.args)
                return Turn(gone, c.Apply(node.operator, sides, node.kind, span=node.span), line.turn.column, node)
            gone = beyond
    except NotStraightError:
        return None
    return None


def _taken(node: c.Core, value_of: Callable[[c.Core], Value]) -> c.Core:
    """Of an amount under a limit the side that counts here."""
    while isinstance(node, c.Apply) and node.operator in {"most", "least"}:
        now = value_of(node).now
        node = next((arg for arg in node.args if value_of(arg).now == now), node.args[0])
    return node


def _number(row: Row, name: str) -> Fraction:
    now = row.columns[name].now
    if isinstance(now, bool) or not isinstance(now, int | Fraction):
        raise NotStraightError(name)
    return Fraction(now)


_YUAN = 100
_TURNS_AT_MOST = 12
_JUST_BEYOND = Fraction(1, 10_000)


def _cleared(t: Telling) -> int:
    now = t.result.row.columns[CLEARED].now
    assert isinstance(now, int)
    return now


def _meeting(t: Telling, turn: Turn) -> str:
    p = t.phrases
    left, right = turn.node.args[0], turn.node.args[-1]
    if turn.node.operator == "least" and isinstance(right, c.Constant) and right.value == 0:
        step = t.makers.by.get((t.result.row.table, turn.column))
        if isinstance(step, Derive) and step.default is turn.written:
            here = t.result.row.columns[turn.column].now
            return t.say("vanishes" if here else "begins", p.the(p.name(turn.column)))
        inner = left.args[0] if isinstance(left, c.Apply) and left.operator == "negate" else left
        return t.say("vanishes", p.bare(inner, article=True))
    return t.say("meets", p.bare(left, article=True), p.bare(right, article=True))
