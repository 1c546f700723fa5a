"""Conditions as sentences: what was read, whether it held, how far away the other answer was."""

from fractions import Fraction
from typing import Protocol

from engine.explain.phrases import Phrases
from engine.explain.terms import COMPARISONS, Leaf, Term, Work, is_ratio
from engine.nouns import kinds as k
from engine.nouns.kinds import Kind
from engine.nouns.numbers import exact
from engine.nouns.pipeline import MET
from engine.nouns.value import Value


class Speaker(Protocol):
    """What says the terms of a row: names, amounts, operands, a step on the way, and the sentences of the language."""

    phrases: Phrases

    def macro(self, name: str, *args: object) -> str:
        """One of the language's sentences, filled in."""

    def operand(self, term: Term) -> str:
        """A named value, or what was just worked out."""

    def name(self, leaf: Leaf) -> str:
        """What a named value is called."""

    def amount(self, value: Value, kind: Kind) -> str:
        """A value with its unit, or that there is none."""

    def on_the_way(self, term: Work) -> str:
        """A step that is not the last, with what it came to."""


def condition(s: Speaker, term: Term, *, gaps: bool = False) -> str:
    """Whether a condition holds, by the parts of it that settle that; ``gaps``: with the distance to the other answer."""
    return s.phrases.pick("，", ", ").join(_parts(s, term, gaps))


def _parts(s: Speaker, term: Term, gaps: bool) -> list[str]:
    p = s.phrases
    if isinstance(term, Leaf):
        return [_answer(s, term)]
    match term.sort:
        case "given":
            return [s.macro("given", p.name(term.signs[0]), term.value.now is True)]
        case "not":
            return _parts(s, term.parts[0], gaps)
        case "and" | "or":
            return _joined(s, term, gaps)
        case "in" | "not_in" | "is" | "is_not":
            return [_belongs(s, term)]
        case sort if sort in COMPARISONS:
            left, right = term.parts
            return [s.macro("compared", s.operand(left), [_side(s, term, right, gaps=gaps)])]
        case _:
            return [s.on_the_way(term)]


def _joined(s: Speaker, term: Work, gaps: bool) -> list[str]:
    """Of several parts those that settle the answer: any that holds of an or, any that fails of an and, else all."""
    settles = term.sort == "or"
    telling = [part for part in term.parts if part.value.now is settles] or list(term.parts)
    said: dict[str, None] = {}
    bounds: dict[str, list[str]] = {}
    for part in telling:
        if _is_bound(part):
            assert isinstance(part, Work)
            # Both ends of one band are said of one subject.
            subject = s.operand(part.parts[0])
            said.setdefault(subject)
            bounds.setdefault(subject, []).append(_side(s, part, part.parts[1], gaps=gaps))
        else:
            said.update(dict.fromkeys(_parts(s, part, gaps)))
    return [s.macro("compared", x, list(dict.fromkeys(bounds[x]))) if x in bounds else x for x in said]


def _is_bound(part: Term) -> bool:
    return isinstance(part, Work) and part.sort in COMPARISONS and part.sort not in {"is", "is_not"} and isinstance(
        part.parts[0], Leaf
    )  # fmt: skip


def _side(s: Speaker, term: Work, right: Term, *, gaps: bool) -> str:
    now = term.value.now
    holds = now if isinstance(now, bool) else None
    # How far a failed comparison was from holding is part of the reason; of one that held it is not.
    gap = gap_between(s, term.parts[0], right) if gaps or holds is False else ""
    return s.macro("side", term.sort, s.operand(right), holds, gap)


def _answer(s: Speaker, leaf: Leaf) -> str:
    p = s.phrases
    name = p.name(leaf.name) if leaf.name is not None and not leaf.parameter else p.word(leaf.name or "", None)
    now = leaf.value.now
    if leaf.name is not None and leaf.name.endswith(MET):
        indicator = p.name(leaf.name.removesuffix(MET))
        return s.macro("met", indicator, now if isinstance(now, bool) else None)
    if not isinstance(now, bool):
        return s.macro("unanswered", name)
    if leaf.name is not None and (earlier := p.earlier(leaf.name)):
        return s.macro("there_is", earlier, now)
    return s.macro("answer", name, now)


def _belongs(s: Speaker, term: Work) -> str:
    subject, *rest = term.parts
    options = s.phrases.joined([s.operand(part).strip() for part in rest])
    inside = (term.value.now is True) == (term.sort in {"in", "is"})
    name = s.name(subject) if isinstance(subject, Leaf) and subject.name is not None else s.operand(subject)
    if not isinstance(term.value.now, bool):
        return s.macro("unanswered", name)
    return s.macro("belongs", name, s.amount(subject.value, subject.kind), options, inside)


def gap_between(s: Speaker, left: Term, right: Term) -> str:
    """How far two amounts are apart; nothing where they are equal, not known or no amounts."""
    a, b = left.value.now, right.value.now
    if not (isinstance(a, int | Fraction) and isinstance(b, int | Fraction)) or isinstance(a, bool) or a == b:
        return ""
    if isinstance(right, Leaf) and right.name is None and b == 0:
        return ""
    kind = Kind(k.Base.POINTS) if is_ratio(left.kind) else left.kind
    return s.phrases.amount(exact(abs(Fraction(a) - b)), kind)
