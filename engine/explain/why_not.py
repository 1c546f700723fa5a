"""Why not: each exception, limit, band and case that did not decide, with what it read and how far away it was."""

from collections.abc import Iterator
from fractions import Fraction

from engine.explain.account import Passed, Step
from engine.explain.conditions import gap_between
from engine.explain.explanation import Section
from engine.explain.sentences import Sentences
from engine.explain.telling import Telling
from engine.explain.terms import Leaf, Work, term
from engine.nouns import core as c
from engine.nouns.core import Core, NoFigure
from engine.nouns.numbers import Number, round_to
from engine.nouns.pipeline import Derive
from engine.nouns.possible import is_point


def passed_over(t: Telling, own: Step, steps: list[Step], *, detailed: bool) -> Section:
    """What did not decide; in short only the exceptions that nothing else in the text speaks of."""
    if not detailed:
        return _in_short(t, own)
    sentences: list[str] = []
    for exception in own.passed:
        sentences.append(_exception(t, own, exception))
    for step in steps:
        if step.row is own.row and isinstance(step.maker, Derive) and not step.decided:
            sentences.extend(_inside(t, step, step.maker.default))
    return t.section("why_not", list(dict.fromkeys(sentences)))


def _in_short(t: Telling, own: Step) -> Section:
    if own.decided:
        return t.section("why_not", [])
    sure = [e for e in own.passed if e.condition.value.now is False and not isinstance(e.branch.value, NoFigure)]
    # An event nobody reported is said among the premises already.
    told = [e for e in sure if not (isinstance(e.condition, Leaf) and e.condition.name in t.result.value.defaults)]
    named = list(dict.fromkeys(t.phrases.bare(e.branch.condition, article=True) for e in told))
    said = [t.say("none_held", named)] if named else []
    return Section("why_not", "", tuple(t.spaced(x) for x in said))


def _exception(t: Telling, own: Step, exception: Passed) -> str:
    sentences = Sentences(t.phrases)
    condition = sentences.condition(exception.condition, gaps=True)
    name = t.phrases.name(own.column)
    where = t.locators(exception.branch.clauses)
    if exception.condition.value.now is True:
        first = t.locators(tuple(dict.fromkeys(x for e in own.decided for x in e.branch.clauses)))
        return t.say("outranked", condition, where, first)
    if exception.value is None:
        return t.say("would_vanish", condition, name, where)
    now = exception.value.now
    known = is_point(now) and exception.condition.value.now is False
    amount = ""
    if known:
        assert isinstance(own.maker, Derive)
        if isinstance(now, int | Fraction) and not isinstance(now, bool):
            amount = t.phrases.amount(_rounded(own.maker, now), t.result.kind)
        else:
            amount = t.phrases.amount(now, t.result.kind)
    return t.say("not_held", condition, name, amount, where)


def _rounded(maker: Derive, value: Number) -> Number:
    return value if maker.step is None else round_to(value, maker.step, maker.mode)


def _inside(t: Telling, step: Step, node: Core | NoFigure) -> Iterator[str]:
    """The limits that did not bind, the rows that did not hold and the bands nothing fell in, within one rule."""
    value_of = t.whole.trace(t.result.pipeline, step.row)
    sentences = Sentences(t.phrases)
    match node:
        case NoFigure():
            return
        case c.Choose(branches=branches):
            taken = next((b for b in branches if value_of(b.condition).now is True), None)
            for branch in branches:
                if branch is not taken and value_of(branch.condition).now is False:
                    said = sentences.condition(term(branch.condition, value_of), gaps=True)
                    yield t.say("row_not_taken", said, t.locators(branch.clauses))
            rest = taken.value if taken is not None else node.otherwise
            if rest is not None:
                yield from _inside(t, step, rest)
            return
        case c.Apply(operator="most" | "least" as sort, args=(left, right)) if not _is_nothing(right):
            limited = term(node, value_of)
            if isinstance(limited, Work) and limited.sort == sort:
                first, second = limited.parts
                gap = gap_between(sentences, first, second)
                if gap and value_of(node).now == value_of(left).now:
                    limit = t.phrases.bare(right, article=True)
                    said_first = t.phrases.bare(left, article=True)
                    a, b = (sentences.amount(x.value, x.kind) for x in (first, second))
                    yield t.say("limit_not_reached", said_first, a, limit, b, gap, sort == "most")
        case c.Apply(operator="slice" | "slice_above", args=(subject, low, *_)):
            if value_of(node).now == 0 and is_point(value_of(low).now):
                inside, bound = term(subject, value_of), term(low, value_of)
                gap = gap_between(sentences, inside, bound)
                own = t.phrases.bare(subject, article=True)
                a, b = (sentences.amount(x.value, x.kind) for x in (inside, bound))
                yield t.say("band_not_reached", own, a, b, gap)
            return
        case _:
            pass
    for child in c.children(node):
        yield from _inside(t, step, child)


def _is_nothing(node: Core) -> bool:
    return isinstance(node, c.Constant) and node.value == 0 and not isinstance(node.value, bool)
