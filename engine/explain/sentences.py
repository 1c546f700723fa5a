"""An executed expression as sentences: each step with the numbers put in, in the order a person would work it out."""

from dataclasses import dataclass, field
from fractions import Fraction

from engine.explain.phrases import Phrases
from engine.explain.templating import words
from engine.explain.terms import COMPARISONS, Leaf, Term, Work, is_ratio
from engine.nouns import kinds as k
from engine.nouns.kinds import Kind
from engine.nouns.numbers import exact
from engine.nouns.possible import is_point
from engine.nouns.value import Value


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a calculation gave: a name, the value as it stands, and how it was rounded where that changed it."""

    name: str
    value: Value
    kind: Kind
    rounding: str = ""
    remaining: bool = False


@dataclass(frozen=True, slots=True)
class Result:
    """How a step ends: the whole ending, and apart the name it gives (none for a step on the way) and the amount."""

    text: str
    name: str = ""
    amount: str = ""


@dataclass(slots=True)
class Sentences:
    """Says the terms of one row."""

    phrases: Phrases
    clauses: list[str] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)

    def calculation(self, term: Term, outcome: Outcome) -> str:
        """The whole calculation of a figure, the figure named at its end; left-out effects are kept beside it."""
        self.clauses = []
        self.left_out = []
        if isinstance(term, Leaf):
            return self.macro("copied", self.leaf(term), term.name is None, self._result(outcome, term.value))
        last = self._clause(term, self._result(outcome, term.value))
        separator = self.phrases.pick("；", "; ")
        return separator.join([*self.clauses, last])

    def condition(self, term: Term) -> str:
        """Whether a condition holds, with what it read and how far away the other answer is."""
        p = self.phrases
        if isinstance(term, Leaf):
            name = p.name(term.name) if term.name is not None and not term.parameter else p.word(term.name or "", None)
            if not isinstance(term.value.now, bool):
                return self.macro("unanswered", name)
            if term.name is not None and (earlier := p.earlier(term.name)):
                return self.macro("there_is", earlier, term.value.now)
            return self.macro("answer", name, term.value.now)
        match term.sort:
            case "given":
                return self.macro("given", p.name(term.signs[0]), term.value.now is True)
            case "not":
                return self.condition(term.parts[0])
            case "and" | "or":
                return p.pick("，", ", ").join(self.condition(part) for part in term.parts)
            case "in" | "not_in" | "is" | "is_not":
                subject, *rest = term.parts
                options = p.joined([self.operand(part).strip() for part in rest])
                inside = (term.value.now is True) == (term.sort in {"in", "is"})
                named = isinstance(subject, Leaf) and subject.name is not None
                name = self._name(subject) if named and isinstance(subject, Leaf) else self.operand(subject)
                return self.macro("belongs", name, self._amount(subject.value, subject.kind), options, inside)
            case sort if sort in COMPARISONS:
                left, right = term.parts
                return str(
                    self.macro(
                        "compared", sort, self.operand(left), self.operand(right), term.value.now is True,
                        self._gap(left, right),
                    )
                )  # fmt: skip
            case _:
                return self._clause(term, self._plain(term))

    # ---- one step

    def _clause(self, term: Work, result: Result) -> str:
        for name in term.left_out:
            self.left_out.append(name)
        p = self.phrases
        match term.sort:
            case "sum":
                return self._sum(term, result)
            case "product":
                return self._product(term, result)
            case "most" | "least":
                left, right = term.parts
                gap = self._gap(left, right)
                over = self._over(left, right)
                binds = (over is True) if term.sort == "most" else (over is False)
                first = self.operand(left)
                second = self.operand(right)
                return self.macro(term.sort, first, second, binds, gap, result)
            case "positive":
                subject = term.parts[0]
                negated = isinstance(subject, Work) and subject.sort == "negate"
                inner = subject.parts[0] if negated and isinstance(subject, Work) else subject
                now = inner.value.now
                sign = (
                    "open"
                    if not isinstance(now, int | Fraction)
                    else "zero"
                    if now == 0
                    else "plus"
                    if now > 0
                    else "minus"
                )
                return self.macro("positive", self.operand(inner), sign, negated, result)
            case "negate":
                return self.macro("negate", self.operand(term.parts[0]), result)
            case "slice":
                said_of, *bounds = (self.operand(part) for part in term.parts)
                return self.macro("slice", said_of, bounds, result)
            case "otherwise":
                *conditions, other = term.parts
                failed = [self.condition(condition) for condition in conditions]
                if isinstance(other, Work):
                    ending = self._clause(other, result)
                else:
                    ending = self.macro("copied", self.leaf(other), other.name is None, result)
                return self.macro("otherwise", failed, ending)
            case "choice":
                condition = self.condition(term.parts[0])
                chosen = term.parts[1]
                if isinstance(chosen, Leaf):
                    value = self.macro("copied", self.leaf(chosen), chosen.name is None, result)
                else:
                    value = self._clause(chosen, result)
                return self.macro("chosen", condition, value)
            case _:
                now = term.value.now
                holds = p.amount(now, k.YES_NO) if isinstance(now, bool) else p.pick("未定", "open")
                return self.macro("answered", self.condition(term), holds, result)

    def _sum(self, term: Work, result: Result) -> str:
        inner = [part for part in term.parts if isinstance(part, Work)]
        if len(term.parts) == 1:
            return self.macro("sum", self.operand(term.parts[0]), [], False, result)
        if len(inner) == len(term.parts) > 1 and set(term.signs) == {"plus"}:
            for part in inner:
                self.clauses.append(self._inner(part))
            return self.macro("added_up", self.phrases.count(len(inner)), result)
        first, again = self._first(term)
        rest = [(sign, self.operand(part)) for sign, part in zip(term.signs[1:], term.parts[1:], strict=True)]
        sign = term.signs[0]
        if sign == "minus":
            first = self.macro("minus", first)
        return self.macro("sum", first, rest, again, result)

    def _product(self, term: Work, result: Result) -> str:
        first, again = self._first(term)
        steps = []
        for sign, part in zip(term.signs[1:], term.parts[1:], strict=True):
            share = sign == "part" or (sign == "multiply" and is_ratio(part.kind) and not isinstance(part, Work))
            if share and isinstance(part, Leaf) and is_point(part.value.now):
                name = "" if part.name is None else self._name(part)
                steps.append(("share", self.phrases.amount(part.value.now, part.kind), name))
            else:
                steps.append(("multiply" if sign == "part" else sign, self.operand(part), ""))
        return self.macro("product", first, steps, again, result)

    def _first(self, term: Work) -> tuple[str, bool]:
        """The first operand; where it was worked out just before, nothing: the step goes on from there."""
        head, *rest = term.parts
        if isinstance(head, Work):
            alone = not any(isinstance(part, Work) for part in rest)
            self.clauses.append(self._inner(head, going_on=alone))
            return ("", True) if alone else (self._back(head), False)
        return self.operand(head), False

    def operand(self, term: Term) -> str:
        """A named value, or what was just worked out."""
        if isinstance(term, Leaf):
            return self.leaf(term)
        self.clauses.append(self._inner(term))
        return self._back(term)

    def _inner(self, term: Work, *, going_on: bool = False) -> str:
        now = term.value.now
        exact = (
            isinstance(now, int | Fraction) and not isinstance(now, bool) and self.phrases.ends_exactly(now, term.kind)
        )
        if going_on and not exact and term.sort in {"sum", "product"}:
            return self._clause(term, Result(""))
        return self._clause(term, self._plain(term))

    def _plain(self, term: Work) -> Result:
        amount = self._amount(term.value, term.kind)
        return Result(self.macro("plain", amount), amount=amount)

    def _back(self, term: Work) -> str:
        return self.macro("back", self._amount(term.value, term.kind))

    def leaf(self, leaf: Leaf) -> str:
        """A named value with its amount."""
        if leaf.name is None:
            return self.phrases.pick(" ", "") + self._amount(leaf.value, leaf.kind)
        name = self._name(leaf) + ("" if leaf.parameter else self.phrases.opening(leaf.name))
        return self.macro("named", name, self._amount(leaf.value, leaf.kind), is_point(leaf.value.now))

    def _name(self, leaf: Leaf) -> str:
        p = self.phrases
        assert leaf.name is not None
        return p.word(leaf.name, None) if leaf.parameter else p.name(leaf.name)

    def _amount(self, value: Value, kind: Kind) -> str:
        if value.is_absent:
            return self.phrases.pick("没有这个数", "no such figure")
        if not is_point(value.now):
            return self.phrases.pick("未定", "open")
        return self.phrases.amount(value.now, kind)

    def _gap(self, left: Term, right: Term) -> str:
        """How far two amounts are apart; nothing where they are equal, not known or no amounts."""
        a, b = left.value.now, right.value.now
        if not (isinstance(a, int | Fraction) and isinstance(b, int | Fraction)) or isinstance(a, bool) or a == b:
            return ""
        if isinstance(right, Leaf) and right.name is None and b == 0:
            return ""
        kind = Kind(k.Base.POINTS) if is_ratio(left.kind) else left.kind
        return self.phrases.amount(exact(abs(Fraction(a) - b)), kind)

    def _over(self, left: Term, right: Term) -> bool | None:
        a, b = left.value.now, right.value.now
        if not (isinstance(a, int | Fraction) and isinstance(b, int | Fraction)) or a == b:
            return None
        return a > b

    def _result(self, outcome: Outcome, before: Value) -> Result:
        p = self.phrases
        now, was = outcome.value.now, before.now
        changed = (
            outcome.rounding and isinstance(now, int | Fraction) and isinstance(was, int | Fraction) and now != was
        )
        amount = self._amount(outcome.value, outcome.kind)
        if changed and isinstance(was, int | Fraction):
            unrounded = p.amount(was, outcome.kind) if p.ends_exactly(was, outcome.kind) else ""
            return Result(self.macro("rounded", unrounded, outcome.rounding, outcome.name, amount), "", amount)
        return Result(self.macro("result", outcome.name, amount, outcome.remaining), outcome.name, amount)

    def macro(self, name: str, *args: object) -> str:
        """One of the language's sentences, filled in."""
        return str(getattr(words("sentences", self.phrases.language), name)(*args)).strip()
