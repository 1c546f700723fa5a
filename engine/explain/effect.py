"""What a figure affects, what one yuan more or less would change, and how far the next turn is."""

from collections.abc import Iterator
from fractions import Fraction

from engine.explain.account import Step
from engine.explain.explanation import Section, Threshold
from engine.explain.headline import sign_of
from engine.explain.slopes import NotStraightError, Slopes, Turn
from engine.explain.telling import Telling, figure_of
from engine.explain.terms import Leaf, Work
from engine.explain.working import LISTED_AT_MOST
from engine.nouns import core as c
from engine.nouns import kinds as k
from engine.nouns.possible import is_point

CLEARED = "年度清算总额"


def effect(t: Telling, own: Step) -> Section:
    """What the figure goes on into, what its money may be used for, what one yuan less spent would change."""
    p = t.phrases
    sentences = []
    figure = figure_of(own)
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
        sentences.append(t.say("no_effect"))
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


def _slopes(t: Telling, sign: int) -> Slopes | None:
    row = t.result.row
    value = row.columns.get(CLEARED)
    if value is None or not isinstance(value.now, int) or value.now <= 0 or not is_point(t.result.value.now):
        return None
    if t.result.name == CLEARED or not t.result.kind.is_number:
        return None
    if not t.makers.depends((row.table, t.result.name), (row.table, CLEARED)):
        return None
    return Slopes(row, t.makers, CLEARED, sign, t.whole.trace(t.result.pipeline, row))


def _margin(t: Telling, own: Step) -> Iterator[str]:
    if not t.result.kind.is_money:
        return
    slopes = _slopes(t, -1)
    if slopes is None:
        return
    try:
        line = slopes.of(t.result.name)
    except NotStraightError:
        return
    p = t.phrases
    change = line.slope * 100
    p.count(1)
    said = p.amount(abs(change), k.MONEY) if change else ""
    name, driver = p.name(t.result.name), p.name(CLEARED)
    cap = _cap(t, own) if not line.slope else ""
    yield t.say("margin", driver, name, said, sign_of(line.slope), cap)


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
    found: list[tuple[int, Turn]] = []
    for sign in (-1, 1):
        slopes = _slopes(t, sign)
        if slopes is None:
            return None
        try:
            turn = slopes.of(t.result.name).turn
        except NotStraightError:
            continue
        if turn is not None and not (sign < 0 and turn.distance > _cleared(t)):
            found.append((sign, turn))
    if not found:
        return None
    sign, turn = min(found, key=lambda x: x[1].distance)
    fen = -((-turn.distance.numerator) // turn.distance.denominator)
    p = t.phrases
    distance = p.amount(fen, k.MONEY)
    what = _meeting(t, turn)
    text = t.say("turn", p.name(CLEARED), sign < 0, distance, what)
    return Threshold(text, f"{fen // 100}.{fen % 100:02d}", sign < 0)


def _cleared(t: Telling) -> int:
    now = t.result.row.columns[CLEARED].now
    assert isinstance(now, int)
    return now


def _meeting(t: Telling, turn: Turn) -> str:
    p = t.phrases
    left, right = turn.node.args[0], turn.node.args[-1]
    if turn.node.operator == "least" and isinstance(right, c.Constant) and right.value == 0:
        inner = left.args[0] if isinstance(left, c.Apply) and left.operator == "negate" else left
        return t.say("vanishes", p.bare(inner))
    return t.say("meets", p.bare(left), p.bare(right))
