"""How a figure is worked out: each step with the numbers put in, and where the numbers were reported."""

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction

from engine.explain.account import Step, counted, whole_row
from engine.explain.explanation import Section
from engine.explain.phrases import Phrases
from engine.explain.sentences import Outcome, Sentences
from engine.explain.telling import Telling
from engine.explain.terms import Leaf, Work, term
from engine.nouns import core as c
from engine.nouns import kinds as k
from engine.nouns.numbers import Number, exact, round_to
from engine.nouns.pipeline import GIVEN, Aggregate, Allocate, Derive
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
    for step in steps:
        if step is own and t.result.value.state == "open":
            continue
        sentences.extend(_worked(t, step))
    sentences.extend(_share_of_base(t, steps, own))
    sentences.extend(_unlimited(t, steps, own))
    if t.result.value.state == "open":
        sentences.extend(_needs(t, own))
        now = t.result.value.now
        if isinstance(now, Between):
            low, high = (None if x is None else t.phrases.amount(x, t.result.kind) for x in (now.low, now.high))
            sentences.append(t.say("range", t.phrases.name(t.result.name), low, high))
    return t.section("how", [s for s in sentences if s])


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
        if other is None or other == t.result.value.now:
            continue
        p, now = t.phrases, t.result.value.now
        gap = p.amount(exact(abs(Fraction(other) - now)), t.result.kind)
        yield t.say("unlimited", p.name(limit), p.name(own.column), p.amount(other, t.result.kind), gap, other > now)


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
    sentences = Sentences(t.phrases)
    reads = [sentences.leaf(leaf) for leaf in own.reads if leaf.kind.base is not k.Base.YES_NO]
    if reads:
        yield t.say("needs", t.phrases.name(t.result.name), reads)


def _worked(t: Telling, step: Step) -> Iterator[str]:
    """The sentences of one step: why an exception decided, then the calculation."""
    phrases = t.phrases_of(step.row)
    sentences = Sentences(phrases)
    name = _owned(t, step, phrases)
    if not is_point(step.value.now) and not isinstance(step.maker, Aggregate):
        return
    if isinstance(step.maker, Aggregate):
        yield from _made_of(t, step, phrases)
        return
    if isinstance(step.maker, Allocate):
        yield _allocated(t, step, sentences, name)
        return
    amount = phrases.amount(step.value.now, step.maker.kind)
    if step.decided:
        conditions = [sentences.condition(e.condition) for e in step.decided]
        if step.term is None or (isinstance(step.term, Leaf) and step.term.name is None):
            yield t.say("fixed", conditions, name, amount)
            if instead := _usual(step, phrases):
                yield t.say("instead", instead)
            return
        yield t.say("because", conditions)
    if step.term is None:
        return
    if step.maker.kind.base is k.Base.YES_NO and isinstance(step.term, Work):
        yield _stop(
            t, f"{sentences.condition(step.term)}{phrases.pick('，', ', ')}{name}{phrases.pick('：', ': ')}{amount}"
        )
        return
    outcome = Outcome(name, step.value, step.maker.kind, _rounding(t, step.maker), _is_last(step.maker))
    yield _stop(t, sentences.calculation(step.term, outcome))
    t.left_out.update(dict.fromkeys((step.row.table, effect) for effect in sentences.left_out))


def _usual(step: Step, phrases: Phrases) -> list[str]:
    """What the rule without its exceptions would have read."""
    assert isinstance(step.maker, Derive)
    if isinstance(step.maker.default, c.NoFigure):
        return []
    names: dict[str, None] = {}
    for node in c.walk(step.maker.default):
        if isinstance(node, c.Read):
            names[phrases.name(node.column)] = None
        elif isinstance(node, c.ReadParameter):
            names[phrases.word(node.name)] = None
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


def _made_of(t: Telling, step: Step, phrases: Phrases) -> Iterator[str]:
    assert isinstance(step.maker, Aggregate)
    if not is_point(step.value.now) or step.maker.function not in {"sum", "mean"}:
        return
    rows = counted(step.maker, step.row)
    if step.maker.where is not None:
        rows = [r for r in rows if t.whole.trace(t.result.pipeline, r)(step.maker.where).now is True]
    shown = [r for r in rows if is_point(r.columns[step.maker.source].now)]
    if len(shown) < 2:  # noqa: PLR2004 # a list of one says nothing new
        return
    parts = [_part(r, step, phrases) for r in shown[:LISTED_AT_MOST]]
    others = phrases.count(len(shown)) if len(shown) > LISTED_AT_MOST else ""
    amount = phrases.amount(step.value.now, step.maker.kind)
    yield t.say("made_of", phrases.name(step.column), amount, parts, others)


def _part(row: Row, step: Step, phrases: Phrases) -> str:
    assert isinstance(step.maker, Aggregate)
    own = row.unit if row.unit != step.row.unit else phrases.period(row.period)
    return f"{own} {phrases.amount(row.columns[step.maker.source].now, step.maker.kind)}"


def _allocated(t: Telling, step: Step, sentences: Sentences, name: str) -> str:
    maker = step.maker
    assert isinstance(maker, Allocate)
    above = whole_row(maker, step.row)
    phrases = sentences.phrases
    outcome = sentences.macro("result", name, phrases.amount(step.value.now, maker.kind), False)
    if above is None or step.term is None:
        return _stop(t, outcome)
    upper = Sentences(t.phrases_of(above))
    whole = upper.operand(step.term)
    lead = "".join(f"{x}{phrases.pick('；', '; ')}" for x in upper.clauses)
    if step.column == maker.left:
        return _stop(t, lead + sentences.macro("left", whole, outcome))
    siblings = [r for t in maker.receivers for r in above.children.get(t, ())]
    sharing = [r for r in siblings if maker.column in r.columns and not r.columns[maker.column].is_absent]
    spare = _spare(t, maker, step.row, sharing)
    if maker.method == "equally":
        count = phrases.count(len(sharing))
        return _stop(
            t, lead + sentences.macro("equally", whole, count, step.row.period.grain != "year", spare, outcome)
        )
    trace = t.whole.trace(t.result.pipeline, step.row)
    if maker.method == "by_weight":
        weight = maker.weight[step.row.table]
        own = sentences.operand(term(weight, trace))
        weights = [t.whole.trace(t.result.pipeline, r)(maker.weight[r.table]).now for r in sharing]
        numbers = [w for w in weights if isinstance(w, int | Fraction)]
        total = phrases.amount(sum(numbers), weight.kind)
        return _stop(t, lead + sentences.macro("by_weight", whole, own, total, spare, outcome))
    limit = maker.each.get(step.row.table)
    said = ""
    if limit is not None:
        said = sentences.operand(term(limit, trace))
    return _stop(t, lead + sentences.macro("in_order", whole, said, outcome))


def _spare(t: Telling, maker: Allocate, row: Row, sharing: list[Row]) -> str:
    values = {r.columns[maker.column].now for r in sharing}
    if len(values) < 2 and maker.method == "equally":  # noqa: PLR2004 # all alike: nothing was left over
        return ""
    key = "earlier" if maker.spare == "first_listed" and row.period.grain != "year" else maker.spare
    return t.say("spare", key)


def _gate(t: Telling, gate: c.GateNote) -> str:
    sentences = Sentences(t.phrases)
    value_of = t.whole.trace(t.result.pipeline, t.result.row)
    tests = []
    for test in gate.tests:
        said = sentences.condition(term(test.condition, value_of))
        where = "、".join(t.locator(x) for x in test.clauses)
        tests.append(f"{said}{t.phrases.pick(f'（{where}）', f' ({where})')}" if where else said)
    return t.say("gate", gate.every, tests)


def inputs(t: Telling, steps: list[Step]) -> Section:
    """Every reported figure and parameter the steps read, with its file, sheet and row, or its dates and clause."""
    told: dict[tuple[int, str], str] = {}
    for step in steps:
        phrases = t.phrases_of(step.row)
        for leaf in step.reads:
            if leaf.name is None or not is_point(leaf.value.now):
                continue
            if leaf.parameter:
                told.setdefault((0, leaf.name), _in_force(t, leaf, step))
            elif leaf.name in step.row.given or leaf.name.removeprefix(GIVEN) in step.row.given:
                place = _place(t, step.row, leaf.name.removeprefix(GIVEN))
                name = phrases.name(leaf.name)
                if step.row is not t.result.row and step.row.unit != t.result.row.unit:
                    name = phrases.pick(f"{step.row.unit}的{name}", f"{name} of {step.row.unit}")
                amount = phrases.amount(leaf.value.now, leaf.kind)
                told.setdefault((id(step.row), leaf.name), t.say("input", name, amount, place))
        if isinstance(step.maker, Aggregate):
            for row in counted(step.maker, step.row):
                source = step.maker.source
                if source in row.given and is_point(row.columns[source].now):
                    below = t.phrases_of(row)
                    name = f"{_part_name(t, row, step.row)} {below.name(source)}"
                    amount = below.amount(row.columns[source].now, step.maker.kind)
                    told.setdefault((id(row), source), t.say("input", name, amount, _place(t, row, source)))
    return t.section("inputs", list(told.values()))


def _part_name(t: Telling, row: Row, above: Row) -> str:
    return row.unit if row.unit != above.unit else t.phrases.period(row.period)


def _in_force(t: Telling, leaf: Leaf, step: Step) -> str:
    assert leaf.name is not None
    parameter = t.result.pipeline.scheme.parameters[leaf.name]
    entry = t.whole.entry_of(t.result.pipeline, leaf.name, step.row)
    p = t.phrases
    since = p.keep(entry.start.isoformat()) if entry is not None and entry.start else ""
    until = p.keep(entry.end.isoformat()) if entry is not None and entry.end else ""
    clauses = (entry.clauses if entry is not None else ()) or parameter.clauses
    where = p.joined([t.locator(x) for x in clauses]) if clauses else ""
    return t.say("value_in_force", p.word(leaf.name, None), p.amount(leaf.value.now, leaf.kind), since, until, where)


def _place(t: Telling, row: Row, column: str) -> str:
    place = row.places.get(column) or row.place
    if place is None or place.file is None:
        return ""
    p = t.phrases
    parts = [place.file]
    table = place.line is None
    if place.sheet and table:
        parts.append(p.pick(f"工作表“{place.sheet}”", f"sheet “{place.sheet}”"))
    if table and place.row:
        parts.append(p.pick(f"第 {p.count(place.row)} 行", f"row {p.count(place.row)}"))
    elif place.line:
        parts.append(p.pick(f"第 {p.count(place.line)} 行", f"line {p.count(place.line)}"))
    p.keep(place.file)
    return p.pick("，", ", ").join(parts)


def _is_last(maker: Derive) -> bool:
    return maker.figure.part is not None and maker.figure.part.last
