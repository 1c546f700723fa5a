"""An executed expression as sentences: each step with the numbers put in, in the order a person would work it out."""

from dataclasses import dataclass, field
from fractions import Fraction

from engine.explain.conditions import condition, gap_between
from engine.explain.phrases import Phrases
from engine.explain.templating import words
from engine.explain.terms import Leaf, Term, Work, is_ratio
from engine.nouns import kinds as k
from engine.nouns.kinds import Kind
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
        last = self.clause(term, self._result(outcome, term.value))
        separator = self.phrases.pick("；", "; ")
        return separator.join([*self.clauses, last])

    def condition(self, term: Term, *, gaps: bool = False) -> str:
        """Whether a condition holds, with what it read."""
        return condition(self, term, gaps=gaps)

    # ---- one step

    def clause(self, term: Work, result: Result) -> str:
        """A step and how it ends; what had to be worked out first stands in ``clauses``."""
        for name in term.left_out:
            self.left_out.append(name)
        p = self.phrases
        match term.sort:
            case "sum":
                return self._sum(term, result)
            case "product":
                return self._product(term, result)
            case "most" | "least":
                return self._limited(term, result)
            case "positive":
                return self._positive(term, result)
            case "negate":
                return self.macro("negate", self.operand(term.parts[0]), result)
            case "slice":
                subject, low, *high = term.parts
                bottom = "" if low.value.now == 0 else self._bound(low)
                top = self._bound(high[0]) if high else ""
                return self.macro(
                    "slice", self.operand(subject), bottom, top, self.amount(term.value, term.kind), result
                )
            case "otherwise":
                *conditions, other = term.parts
                failed = list(dict.fromkeys(self.condition(condition) for condition in conditions))
                return self._chosen(self.phrases.pick("，", ", ").join(failed), other, result)
            case "choice":
                return self._chosen(self.condition(term.parts[0]), term.parts[1], result)
            case _:
                now = term.value.now
                holds = p.amount(now, k.YES_NO) if isinstance(now, bool) else p.pick("未定", "open")
                return self.macro("answered", self.condition(term), holds, result)

    def _bound(self, term: Term) -> str:
        """The end of a band: a share of a base is said as such, with what it comes to."""
        if isinstance(term, Work) and term.sort == "product" and term.signs[-1] == "part":
            base, *rest = term.parts
            if len(rest) == 1 and isinstance(base, Leaf) and base.name is not None and is_point(term.value.now):
                rate = self.amount(rest[0].value, rest[0].kind)
                return self.macro("bound", self.phrases.the(self.name(base)), rate, self.amount(term.value, term.kind))
        return self.operand(term)

    def _chosen(self, condition: str, chosen: Term, result: Result) -> str:
        """What a condition leads to; what takes more than one step begins after the condition is said."""
        if isinstance(chosen, Leaf):
            if chosen.name is None and result.name:
                return self.macro("chosen", condition, self.macro("fixed_at", result.name, result.amount))
            return self.macro("chosen", condition, self.macro("copied", self.leaf(chosen), chosen.name is None, result))
        before = len(self.clauses)
        value = self.clause(chosen, result)
        if len(self.clauses) == before:
            return self.macro("chosen", condition, value)
        self.clauses.insert(before, self.macro("led", condition))
        return value

    def _limited(self, term: Work, result: Result) -> str:
        left, right = term.parts
        over = self._over(left, right)
        binds = (over is True) if term.sort == "most" else (over is False)
        first, second = self.operand(left), self.operand(right)
        limit = self.phrases.the(self.name(right)) if isinstance(right, Leaf) and right.name is not None else ""
        amount = self.amount(right.value, right.kind)
        return self.macro(term.sort, first, second, limit, amount, binds, gap_between(self, left, right), result)

    def _positive(self, term: Work, result: Result) -> str:
        subject = term.parts[0]
        negated = isinstance(subject, Work) and subject.sort == "negate"
        inner = subject.parts[0] if negated and isinstance(subject, Work) else subject
        now = inner.value.now
        known = isinstance(now, int | Fraction)
        sign = "open" if not known else "zero" if now == 0 else "plus" if now > 0 else "minus"  # type: ignore[operator]
        if isinstance(inner, Work) and sign == "plus" and not negated:
            # More than nothing: the amount itself is the result, and nothing is left to say.
            return self.clause(inner, result)
        return self.macro("positive", self.operand(inner), sign, negated, isinstance(inner, Leaf), result)

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
                name = "" if part.name is None else self.name(part)
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
            return self.clause(term, Result(""))
        return self.clause(term, self._plain(term))

    def on_the_way(self, term: Work) -> str:
        """A step that is not the last, with what it came to."""
        return self.clause(term, self._plain(term))

    def _plain(self, term: Work) -> Result:
        amount = self.amount(term.value, term.kind)
        return Result(self.macro("plain", amount), amount=amount)

    def _back(self, term: Work) -> str:
        return self.macro("back", self.amount(term.value, term.kind))

    def leaf(self, leaf: Leaf) -> str:
        """A named value with its amount."""
        if leaf.name is None:
            return self.amount(leaf.value, leaf.kind)
        name = self.name(leaf) + ("" if leaf.parameter else self.phrases.opening(leaf.name))
        return self.macro("named", self.phrases.the(name), self.amount(leaf.value, leaf.kind), is_point(leaf.value.now))

    def name(self, leaf: Leaf) -> str:
        """What a named value is called."""
        p = self.phrases
        assert leaf.name is not None
        return p.word(leaf.name, None) if leaf.parameter else p.name(leaf.name)

    def amount(self, value: Value, kind: Kind) -> str:
        """A value with its unit, or that there is none."""
        if value.is_absent:
            return self.phrases.pick("没有这个数", "no such figure")
        if not is_point(value.now):
            return self.phrases.pick("未定", "open")
        return self.phrases.amount(value.now, kind)

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
        amount = self.amount(outcome.value, outcome.kind)
        if changed and isinstance(was, int | Fraction):
            unrounded = p.amount(was, outcome.kind) if p.ends_exactly(was, outcome.kind) else ""
            return Result(self.macro("rounded", unrounded, outcome.rounding, outcome.name, amount), "", amount)
        return Result(self.macro("result", outcome.name, amount, outcome.remaining), outcome.name, amount)

    def macro(self, name: str, *args: object) -> str:
        """One of the language's sentences, filled in."""
        return str(getattr(words("sentences", self.phrases.language), name)(*args)).strip()
