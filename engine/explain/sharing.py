"""A part of an allocation in words: the whole, this row's share of it, and who got the fen that could not be divided."""

from fractions import Fraction

from engine.explain.account import Step, whole_row
from engine.explain.sentences import Sentences
from engine.explain.telling import Telling
from engine.explain.terms import term
from engine.nouns.numbers import Number, exact
from engine.nouns.pipeline import Allocate
from engine.nouns.world import Row

NAMED_AT_MOST = 3


def shared_out(t: Telling, step: Step, name: str) -> list[str]:
    """The sentences of one part, or of what is left of the whole."""
    maker = step.maker
    assert isinstance(maker, Allocate)
    p = t.phrases_of(step.row)
    amount = p.amount(step.value.now, maker.kind)
    above = whole_row(maker, step.row)
    if above is None or step.term is None:
        return [t.say("gets", name, amount, False)]
    upper = Sentences(t.phrases_of(above))
    whole = upper.operand(step.term)
    lead = [f"{clause}{p.pick('。', '.')}" for clause in upper.clauses]
    sharing = _sharing(maker, above)
    if step.column == maker.left:
        total = sum(x for x in (_part(maker, r) for r in sharing) if x is not None)
        return [*lead, t.say("left", whole, p.amount(exact(total), maker.kind), name, amount)]
    total_now = step.term.value.now
    size = total_now if isinstance(total_now, int) and not isinstance(total_now, bool) else None
    if size == 0:
        return [*lead, t.say("nothing_to_share", whole, name, amount)]
    match maker.method:
        case "equally":
            told = _equally(t, maker, step.row, sharing, whole, size)
        case "by_weight":
            told = _by_weight(t, maker, step.row, sharing, whole, size)
        case _:
            told = _in_order(t, maker, step.row, sharing, whole, size)
    return [*lead, *told, t.say("gets", name, amount, True)]


def _sharing(maker: Allocate, above: Row) -> list[Row]:
    """The rows that have a part of the whole."""
    rows = [r for table in maker.receivers for r in _below(above, table)]
    return [r for r in rows if maker.column in r.columns and not r.columns[maker.column].is_absent]


def _below(above: Row, table: str) -> list[Row]:
    if table in above.children:
        return above.children[table]
    return [r for rows in above.children.values() for child in rows for r in _below(child, table)]


def _part(maker: Allocate, row: Row) -> int | None:
    now = row.columns[maker.column].now
    return now if isinstance(now, int) and not isinstance(now, bool) else None


def _equally(t: Telling, maker: Allocate, row: Row, sharing: list[Row], whole: str, size: int | None) -> list[str]:
    p = t.phrases
    periods = row.period.grain not in {"year", "row"}
    count = len(sharing)
    cut = "" if size is None or not count else p.amount(_down(Fraction(size, count)), maker.kind)
    told = [t.say("equally", whole, p.count(count), periods, cut)]
    if size is not None and count:
        told.extend(_spare(t, maker, sharing, [Fraction(size, count)] * count))
    return told


def _by_weight(t: Telling, maker: Allocate, row: Row, sharing: list[Row], whole: str, size: int | None) -> list[str]:
    p = t.phrases
    weight = maker.weight[row.table]
    said = Sentences(t.phrases_of(row))
    own = said.operand(term(weight, t.whole.trace(t.result.pipeline, row)))
    weights = [t.whole.trace(t.result.pipeline, r)(maker.weight[r.table]).now for r in sharing]
    # A weight that is not known leaves all parts open, and those are not explained here.
    numbers: list[Number] = [w for w in weights if isinstance(w, int | Fraction) and not isinstance(w, bool)]
    total = Fraction(sum(numbers))
    if len(numbers) < len(weights) or not total:
        return [t.say("by_weight", whole, own, "", "", "", "", list(said.clauses))]
    mine = next((n for r, n in zip(sharing, numbers, strict=True) if r is row), None)
    due = cut = percent = ""
    if mine is not None and size is not None:
        share = Fraction(size) * mine / total
        percent = p.percent(exact(Fraction(mine) / total))
        due = p.amount(exact(share), maker.kind)
        cut = "" if share.denominator == 1 else p.amount(_down(share), maker.kind)
    told = [t.say("by_weight", whole, own, p.amount(exact(total), weight.kind), percent, due, cut, list(said.clauses))]
    if size is not None:
        told.extend(_spare(t, maker, sharing, [Fraction(size) * n / total for n in numbers]))
    return told


def _in_order(t: Telling, maker: Allocate, row: Row, sharing: list[Row], whole: str, size: int | None) -> list[str]:
    p = t.phrases
    said = Sentences(t.phrases_of(row))
    limit = maker.each.get(row.table)
    own = said.operand(term(limit, t.whole.trace(t.result.pipeline, row))) if limit is not None else ""
    place = next((i for i, r in enumerate(sharing) if r is row), 0)
    parts = [_part(maker, r) for r in sharing[:place]]
    told = [t.say("in_order", whole)]
    if size is not None and all(x is not None for x in parts):
        gone = sum(x for x in parts if x is not None)
        ahead = [p.keep(r.unit) for r in sharing[:place]] if place <= NAMED_AT_MOST else []
        count = p.count(place) if place > NAMED_AT_MOST else ""
        told.append(
            t.say("turn_in_order", ahead, count, p.amount(gone, maker.kind), p.amount(size - gone, maker.kind), own)
        )
    elif own:
        told.append(t.say("limit_in_order", own))
    return told


def _spare(t: Telling, maker: Allocate, sharing: list[Row], shares: list[Fraction]) -> list[str]:
    """How many fen were left once every share was cut down to the fen, by which rule they go, and to whom they went."""
    p = t.phrases
    got = [r for r, share in zip(sharing, shares, strict=True) if _part(maker, r) not in {None, _down(share)}]
    left = abs(int(sum(shares, Fraction(0))) - sum(_down(s) for s in shares))
    if not got or not left:
        return []
    periods = sharing[0].period.grain not in {"year", "row"}
    names = [p.period(r.period) if periods else p.keep(r.unit) for r in got]
    several = len(names) > NAMED_AT_MOST
    shown = [names[0], names[-1]] if several else names
    key = "earlier" if periods and maker.spare == "first_listed" else maker.spare
    fen = p.count(left)
    return [t.say("spare", fen, t.say("spare_rule", key), shown, p.count(len(names)) if several else "", periods)]


def _down(share: Fraction) -> int:
    """A share cut down to the fen, by its size."""
    return int(share)
