"""How a figure is worked out: each step with the numbers put in, and where the numbers were reported."""

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction

from engine.explain.account import Step, counted, is_window, looked_at, whole_row
from engine.explain.explanation import Section
from engine.explain.phrases import Phrases
from engine.explain.sentences import Outcome, Sentences
from engine.explain.sharing import shared_out
from engine.explain.telling import Telling
from engine.explain.terms import Leaf, Work, term
from engine.nouns import core as c
from engine.nouns import kinds as k
from engine.nouns.numbers import Number, exact, round_to
from engine.nouns.pipeline import MET, Aggregate, Allocate, Carry, Derive, Sequence
from engine.nouns.possible import Between, is_point
from engine.nouns.value import stated
from engine.nouns.world import Row

LISTED_AT_MOST = 8
_PAIR = 2


def how(t: Telling, steps: list[Step], own: Step) -> Section:
    """The steps in the order of working them out; of an open figure, what it needs and what it lies between."""
    sentences: list[str] = []
    if isinstance(own.maker, Derive) and own.maker.figure.gate is not None:
        sentences.append(_gate(t, own.maker.figure.gate))
        return t.section("how", sentences)
    also = _said_with_another(steps, own)
    sums = _summed(t, steps)
    for step in steps:
        if id(step) in sums:
            said = sums[id(step)]
            sentences.extend([said] if said else [])
            continue
        if (step is own and t.result.value.state == "open") or id(step) in also.values():
            continue
        told = _worked(t, step)
        for other in (s for s in steps if also.get(id(step)) == id(s)):
            told[-1] = _with(t, told[-1], other)
        sentences.extend(told)
    sentences.extend(_share_of_base(t, steps, own))
    sentences.extend(_unlimited(t, steps, own))
    if t.result.value.state == "open":
        sentences.extend(_needs(t, own))
        now = t.result.value.now
        if isinstance(now, Between):
            low, high = (None if x is None else t.phrases.amount(x, t.result.kind) for x in (now.low, now.high))
            sentences.append(t.say("range", t.phrases.name(t.result.name), low, high))
    return t.section("how", [s for s in sentences if s])


def _said_with_another(steps: list[Step], own: Step) -> dict[int, int]:
    """Steps that only turn a balance into a surplus or an overspend are said in the sentence of the balance."""
    by = {(id(s.row), s.column): s for s in steps}
    found: dict[int, int] = {}
    for step in steps:
        said = step.term
        if not (isinstance(said, Work) and said.sort == "positive") or step.decided or not _is_known(step):
            continue
        inner = said.parts[0]
        inner = inner.parts[0] if isinstance(inner, Work) and inner.sort == "negate" else inner
        before = by.get((id(step.row), inner.name)) if isinstance(inner, Leaf) and inner.name is not None else None
        plain = before is not None and isinstance(before.maker, Derive) and not before.decided and _is_known(before)
        if plain and before is not None and isinstance(before.term, Work) and step.value.now and before is not own:
            found.setdefault(id(before), id(step))
    return found


def _summed(t: Telling, steps: list[Step]) -> dict[int, str]:
    """A figure that is nothing but a sum over other rows is said in one sentence with it."""
    by = {(id(s.row), s.column): s for s in steps}
    told: dict[int, str] = {}
    for step in steps:
        if not (isinstance(step.maker, Derive) and isinstance(step.term, Leaf) and step.term.name) or step.decided:
            continue
        below = by.get((id(step.row), step.term.name))
        if below is None or not isinstance(below.maker, Aggregate | Carry) or step.value.now != below.value.now:
            continue
        phrases = t.phrases_of(step.row)
        said = list(_gathered(t, below, phrases, _owned(t, step, phrases)))
        if said:
            told[id(below)] = ""
            told[id(step)] = said[0]
    return told


def _is_known(step: Step) -> bool:
    now = step.value.now
    return isinstance(now, int | Fraction) and not isinstance(now, bool)


def _with(t: Telling, sentence: str, other: Step) -> str:
    phrases = t.phrases_of(other.row)
    amount = phrases.amount(other.value.now, other.maker.kind)
    said = Sentences(phrases).macro("also", _owned(t, other, phrases), amount)
    return sentence[:-1] + said + t.phrases.pick("。", ".")


def _share_of_base(t: Telling, steps: list[Step], own: Step) -> Iterator[str]:
    """Where a limit is a share of a base: what share of it the limited amount is."""
    said = own.term
    while isinstance(said, Work) and said.sort in {"product", "sum"} and isinstance(said.parts[0], Work):
        said = said.parts[0]
    if not (isinstance(said, Work) and said.sort == "most" and isinstance(own.maker, Derive)):
        return
    left, right = said.parts
    limit = next((s for s in steps if isinstance(right, Leaf) and s.row is own.row and s.column == right.name), None)
    product = limit.term if limit is not None else None
    if not (isinstance(product, Work) and product.sort == "product" and product.signs[-1] == "part"):
        return
    base, rate = product.parts[0], product.parts[-1]
    amount, whole = left.value.now, base.value.now
    if not (
        isinstance(left, Leaf) and left.name and isinstance(base, Leaf) and base.name and len(product.parts) == _PAIR
    ):
        return
    if isinstance(amount, int) and isinstance(whole, int) and amount > 0 and whole > 0:
        p = t.phrases
        share = p.percent(Fraction(amount, whole))
        yield t.say("share", p.name(left.name), p.name(base.name), share, p.amount(rate.value.now, rate.kind))


def _unlimited(t: Telling, steps: list[Step], own: Step) -> Iterator[str]:
    """What the figure would be if a limit that binds on the way were not there."""
    row = t.result.row
    for place, step in enumerate(steps):
        limited = _limited(step) if step.row is row else None
        if limited is None or not isinstance(t.result.value.now, int | Fraction):
            continue
        value, limit = limited
        other = _again(t, steps[place:], own, value)
        # A limit of nothing is no limit worth a question, and less than nothing is no answer to one.
        if other is None or other == t.result.value.now or other < 0 or step.value.now == 0:
            continue
        p, now = t.phrases, t.result.value.now
        gap = p.amount(exact(abs(Fraction(other) - now)), t.result.kind)
        yield t.say(
            "unlimited", p.the(p.name(limit)), p.name(own.column), p.amount(other, t.result.kind), gap, other > now
        )


def _limited(step: Step) -> tuple[Number, str] | None:
    """What a step was before a named limit cut it, and the limit's name."""
    said = step.term
    if not (isinstance(said, Work) and said.sort in {"most", "least"} and isinstance(step.maker, Derive)):
        return None
    left, right = said.parts
    before, after = left.value.now, said.value.now
    if not (isinstance(before, int | Fraction) and isinstance(right, Leaf) and right.name) or before == after:
        return None
    return before, right.name


def _again(t: Telling, steps: list[Step], own: Step, value: Number) -> Number | None:
    """The figure worked out again from a step whose value is another; None where it cannot be known."""
    row = t.result.row
    first = steps[0]
    assert isinstance(first.maker, Derive)
    columns = dict(row.columns)
    columns[first.column] = stated(_rounded_as(first.maker, value))
    for step in steps[1:]:
        if step.row is not row or not isinstance(step.maker, Derive) or step.decided:
            continue
        if isinstance(step.maker.default, c.NoFigure):
            continue
        trial = replace(row, columns=columns)
        worked = t.whole.trace(t.result.pipeline, trial)(step.maker.default).now
        if not isinstance(worked, int | Fraction) or isinstance(worked, bool):
            return None
        columns[step.column] = stated(_rounded_as(step.maker, worked))
    found = columns[own.column].now
    return found if isinstance(found, int | Fraction) else None


def _rounded_as(maker: Derive, value: Number) -> Number:
    return value if maker.step is None else round_to(value, maker.step, maker.mode)


def _needs(t: Telling, own: Step) -> Iterator[str]:
    """What an open figure is worked out from, with what is known of it."""
    # What is shared out is worked out on the row above, and its parts have their names there.
    above = whole_row(own.maker, own.row) if isinstance(own.maker, Allocate) else None
    sentences = Sentences(t.phrases if above is None else t.phrases_of(above))
    reads = [sentences.leaf(leaf) for leaf in own.reads if leaf.kind.base is not k.Base.YES_NO]
    if reads:
        yield t.say("needs", t.phrases.name(t.result.name), reads)


def _worked(t: Telling, step: Step) -> list[str]:
    """The sentences of one step, made once for the figures of a row; the numbers in them are said again by each."""
    key = (id(step.row), step.column, t.language)
    if key not in t.kept.told:
        before, t.phrases.shown = t.phrases.shown, {}
        effects, t.left_out = t.left_out, {}
        try:
            told = list(_sentences_of(t, step))
            t.kept.told[key] = (told, t.phrases.shown, t.left_out)
        finally:
            t.phrases.shown, t.left_out = before, effects
    told, shown, left_out = t.kept.told[key]
    t.phrases.shown.update(shown)
    t.left_out.update(left_out)
    return list(told)


def _sentences_of(t: Telling, step: Step) -> Iterator[str]:
    """The sentences of one step: why an exception decided, then the calculation."""
    phrases = t.phrases_of(step.row)
    sentences = Sentences(phrases)
    name = _owned(t, step, phrases)
    if not is_point(step.value.now) and not isinstance(step.maker, Aggregate):
        return
    if isinstance(step.maker, Aggregate | Carry):
        yield from _gathered(t, step, phrases, "")
        return
    if isinstance(step.maker, Allocate):
        yield from shared_out(t, step, name)
        return
    if _is_rank(t, step):
        yield _ranked(t, step, phrases, name)
        return
    amount = phrases.amount(step.value.now, step.maker.kind)
    if step.either:
        conditions = list(dict.fromkeys(phrases.bare(e.branch.condition, article=True) for e in step.either))
        yield t.say("either", conditions, name, amount)
        return
    if step.decided:
        conditions = [sentences.condition(e.condition) for e in step.decided]
        if step.term is None or isinstance(step.term, Leaf):
            by = "" if step.term is None or step.term.name is None else phrases.the(sentences.name(step.term))
            yield t.say("fixed", conditions, name, amount, by)
            yield from _instead(t, step, phrases, name)
            return
        yield t.say("because", conditions)
    if step.term is None:
        return
    if step.maker.kind.base is k.Base.YES_NO:
        holds = step.value.now is True
        met = phrases.name(step.column.removesuffix(MET)) if step.column.endswith(MET) else ""
        yield _stop(t, t.say("so", sentences.condition(step.term, gaps=True), met or name, bool(met), holds))
        return
    outcome = Outcome(name, step.value, step.maker.kind, _rounding(t, step.maker), _is_last(step.maker))
    yield _stop(t, sentences.calculation(step.term, outcome))
    t.left_out.update(dict.fromkeys((step.row.table, effect) for effect in sentences.left_out))
    if step.decided:
        yield from _instead(t, step, phrases, name)


def _is_rank(t: Telling, step: Step) -> bool:
    return isinstance(step.term, Leaf) and isinstance(t.makers.by.get((step.row.table, step.term.name or "")), Sequence)


def _ranked(t: Telling, step: Step, phrases: Phrases, name: str) -> str:
    """A place among the rows of its kind, by what, and among how many."""
    assert isinstance(step.term, Leaf)
    maker = t.makers.by[step.row.table, step.term.name or ""]
    assert isinstance(maker, Sequence)
    siblings = _ranked_with(t, step.row)
    source = step.row.columns[maker.source]
    kind = next((d.kind for key, d in t.result.pipeline.scheme.inputs.items() if key[1] == maker.source), None)
    made = t.makers.by.get((step.row.table, maker.source))
    own, alike = "", 0
    if not is_point(source.now):
        own = phrases.pick("（未定）", "open")
    elif kind is not None or isinstance(made, Derive):
        own = phrases.amount(source.now, kind or made.kind)  # type: ignore[union-attr]
        alike = sum(1 for r in siblings if r.columns[maker.source].now == source.now) - 1
    place = phrases.amount(step.value.now, step.maker.kind)
    count = phrases.count(len(siblings))
    others = phrases.count(alike) if alike else ""
    return t.say("ranked", phrases.word(maker.source), own, maker.highest_first, count, name, place, others)


def _ranked_with(t: Telling, row: Row) -> list[Row]:
    """The rows of a kind under one parent, in the same period and insurance type: those a place is among."""
    if row.parent is not None:
        rows = row.parent.children.get(row.table, [])
    else:
        alone = (r.row for r in t.whole.settlement.figures if r.row.table == row.table and r.row.parent is None)
        rows = list({id(x): x for x in alone}.values())
    return [x for x in rows if x.period == row.period and x.insurance == row.insurance]


def _instead(t: Telling, step: Step, phrases: Phrases, name: str) -> Iterator[str]:
    """What the exception puts aside: the usual working, and what it would have come to where that is known."""
    usual = _usual(step, phrases)
    if not usual:
        return
    assert isinstance(step.maker, Derive)
    assert not isinstance(step.maker.default, c.NoFigure)
    value = t.whole.trace(t.result.pipeline, step.row)(step.maker.default).now
    said = ""
    if isinstance(value, int | Fraction) and not isinstance(value, bool):
        other = _rounded_as(step.maker, value)
        said = phrases.amount(other, step.maker.kind) if other != step.value.now else ""
    yield t.say("instead", usual, name, said)


def _usual(step: Step, phrases: Phrases) -> list[str]:
    """What the rule without its exceptions would have read."""
    assert isinstance(step.maker, Derive)
    if isinstance(step.maker.default, c.NoFigure):
        return []
    names: dict[str, None] = {}
    for node in c.walk(step.maker.default):
        if isinstance(node, c.Read):
            names[phrases.the(phrases.name(node.column))] = None
        elif isinstance(node, c.ReadParameter):
            names[phrases.the(phrases.word(node.name))] = None
    return list(names)


def _stop(t: Telling, text: str) -> str:
    text = text if t.language == "zh" else text[:1].upper() + text[1:]
    return text + t.phrases.pick("。", ".")


def _owned(t: Telling, step: Step, phrases: Phrases) -> str:
    """A figure's name, with its owner where that is another row."""
    name = phrases.name(step.column)
    row = t.result.row
    if step.row is row:
        return name
    if step.row.unit == row.unit:
        if step.row.period == row.period:
            return name
        if step.row.period.year == row.period.year and step.row.period.grain == "year":
            return phrases.pick(f"全年{name}", f"{name} of the year")
        period = phrases.period(step.row.period)
        return phrases.pick(f" {period}{name}", f"{name} in {period}")
    return phrases.pick(f"{step.row.unit}的{name}", f"{name} of {step.row.unit}")


def _rounding(t: Telling, maker: Derive) -> str:
    if maker.step is None or not maker.kind.is_number:
        return ""
    fen = maker.kind.is_money and maker.step == 1
    step = "fen" if fen else t.phrases.amount(maker.step, maker.kind)
    return t.say("rounding", maker.mode, step)


def _gathered(t: Telling, step: Step, phrases: Phrases, final: str) -> Iterator[str]:
    """What a sum of other rows, or of other periods, is made of."""
    if is_window(step.maker):
        yield from _looked(t, step, phrases, final)
    elif isinstance(step.maker, Aggregate):
        yield from _made_of(t, step, phrases, final)


def _looked(t: Telling, step: Step, phrases: Phrases, final: str) -> Iterator[str]:
    assert isinstance(step.maker, Carry)
    taken = [x for x in looked_at(step) if not x.value.is_absent and is_point(x.value.now)]
    if not taken or not is_point(step.value.now):
        return
    name = phrases.name(step.column) if final else _owned(t, step, phrases)
    parts = [
        t.say("of_period", phrases.period(x.period), phrases.amount(x.value.now, step.maker.kind), x.row is None)
        for x in taken[:LISTED_AT_MOST]
    ]
    others = phrases.count(len(taken)) if len(taken) > LISTED_AT_MOST else ""
    amount = phrases.amount(step.value.now, step.maker.kind)
    yield t.say("made_of", name, amount, parts, others, final, step.maker.function)


def _made_of(t: Telling, step: Step, phrases: Phrases, final: str) -> Iterator[str]:
    assert isinstance(step.maker, Aggregate)
    if not is_point(step.value.now) or step.maker.function not in {"sum", "mean"}:
        return
    rows = counted(step.maker, step.row)
    if step.maker.where is not None:
        rows = [r for r in rows if t.whole.trace(t.result.pipeline, r)(step.maker.where).now is True]
    shown = [r for r in rows if is_point(r.columns[step.maker.source].now)]
    if len(shown) < 2:  # noqa: PLR2004 # a list of one says nothing new
        return
    unnamed = all(r.period.grain == "row" and r.unit == step.row.unit for r in shown)
    parts = [_part(r, step, phrases, unnamed=unnamed) for r in shown[:LISTED_AT_MOST]]
    others = phrases.count(len(shown)) if len(shown) > LISTED_AT_MOST or unnamed else ""
    amount = phrases.amount(step.value.now, step.maker.kind)
    yield t.say("made_of", phrases.name(step.column), amount, parts, others, final, step.maker.function)


def _part(row: Row, step: Step, phrases: Phrases, *, unnamed: bool) -> str:
    assert isinstance(step.maker, Aggregate)
    if unnamed:
        return phrases.amount(row.columns[step.maker.source].now, step.maker.kind)
    own = row.unit if row.unit != step.row.unit else phrases.period(row.period)
    return f"{own} {phrases.amount(row.columns[step.maker.source].now, step.maker.kind)}"


def _gate(t: Telling, gate: c.GateNote) -> str:
    sentences = Sentences(t.phrases)
    value_of = t.whole.trace(t.result.pipeline, t.result.row)
    tests = []
    for test in gate.tests:
        said = sentences.condition(term(test.condition, value_of))
        where = "、".join(t.locator(x) for x in test.clauses)
        tests.append(f"{said}{t.phrases.pick(f'（{where}）', f' ({where})')}" if where else said)
    return t.say("gate", gate.every, tests)


def _is_last(maker: Derive) -> bool:
    return maker.figure.part is not None and maker.figure.part.last
