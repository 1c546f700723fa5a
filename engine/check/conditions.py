"""Conditions: comparisons, choices and what joins them, each a checked yes/no."""

from dataclasses import replace

from engine.check.scope import Scope, Typing, tell_unlike
from engine.check.symbols import Symbols
from engine.nouns import core as c
from engine.nouns import kinds as k
from engine.nouns.core import Core
from engine.nouns.kinds import Kind
from grammar import syntax as s
from grammar.frozen import dataclass
from grammar.source import Span

_COMPARISONS = {"OVER": "over", "UP_TO": "up_to", "FROM": "from", "BELOW": "below"}


@dataclass(frozen=True, slots=True)
class Conditions:
    """Turns conditions into checked ones."""

    typing: Typing

    @property
    def symbols(self) -> Symbols:
        """What is declared, and where findings go."""
        return self.typing.symbols

    def of(self, node: s.Expr, scope: Scope) -> Core | None:
        """A condition of any form."""
        match node:
            case s.Or(left=left, right=right, span=span):
                return self._logic("or", left, right, span, scope)
            case s.And(left=left, right=right, span=span):
                return self._logic("and", left, right, span, scope)
            case s.Not(value=value, span=span):
                inner = self.typing.condition(value, scope)
                return c.Apply("not", (inner,), k.YES_NO, span=span) if inner else None
            case s.Also(left=left, bound=bound, span=span):
                return self._also(left, bound, span, scope)
            case s.Compare(left=left, bound=bound):
                side = self.typing.expression(left, scope)
                return self.bound(side, bound, scope) if side is not None else None
            case s.Equal(left=left, right=right, span=span):
                return self._equal(left, right, span, scope)
            case s.Same():
                return self._same(node, scope)
            case s.Member():
                return self._member(node, scope)
            case _:
                raise AssertionError(node)

    def _logic(self, operator: str, left: s.Expr, right: s.Expr, span: Span, scope: Scope) -> Core | None:
        one, other = self.typing.condition(left, scope), self.typing.condition(right, scope)
        return c.Apply(operator, (one, other), k.YES_NO, span=span) if one and other else None

    def _also(self, left: s.Expr, bound: s.Bound, span: Span, scope: Scope) -> Core | None:
        one = self.typing.condition(left, scope)
        nearest_side = _nearest_side(left)
        if nearest_side is None:
            self.symbols.tell("C231", bound.span)
            return None
        side = self.typing.expression(nearest_side, scope)
        other = self.bound(side, bound, scope) if side is not None else None
        return c.Apply("and", (one, other), k.YES_NO, span=span) if one and other else None

    def _equal(self, left: s.Expr, right: s.Expr, span: Span, scope: Scope) -> Core | None:
        one, other = self.typing.expression(left, scope), self.typing.expression(right, scope)
        if one is None or other is None:
            return None
        if not (one.kind.is_number or one.kind.base is k.Base.DATE):
            self.symbols.tell("C232" if one.kind.base is k.Base.YES_NO else "C233", span)
            return None
        if not k.alike(one.kind, other.kind):
            tell_unlike(self.symbols, one, other, "C203", span)
            return None
        return c.Apply("equal", (one, other), k.YES_NO, span=span)

    def _same(self, node: s.Same, scope: Scope) -> Core | None:
        one = self.typing.expression(node.left, scope)
        if one is None:
            return None
        if one.kind.base is k.Base.YES_NO:
            self.symbols.tell("C232", node.span)
            return None
        other = self.typing.expression(node.right, replace(scope, options=one.kind.options))
        if other is None:
            return None
        if one.kind.base not in {k.Base.TEXT, k.Base.CHOICE} or not k.fits(other.kind, one.kind):
            self.symbols.tell("C203", node.span, left=one.kind.words, right=other.kind.words)
            return None
        return c.Apply("is_not" if node.negated else "is", (one, other), k.YES_NO, span=node.span)

    def _member(self, node: s.Member, scope: Scope) -> Core | None:
        one = self.typing.expression(node.left, scope)
        if one is None:
            return None
        if one.kind.base is not k.Base.CHOICE:
            self.symbols.tell("C234", node.span, kind=one.kind.words)
            return None
        fine = True
        for name in node.names:
            if name.text not in one.kind.options:
                self.symbols.tell("C235", name.span, name=name.text, **self.symbols.near(name.text, one.kind.options))
                fine = False
        options = tuple(c.Constant(n.text, Kind(k.Base.CHOICE, None, (n.text,)), n.span) for n in node.names)
        return c.Apply("not_in" if node.negated else "in", (one, *options), k.YES_NO, span=node.span) if fine else None

    def bound(self, left: Core, bound: s.Bound, scope: Scope) -> Core | None:
        """A comparison of something checked with a bound."""
        right = self.typing.expression(bound.value, scope)
        return self.compare(left, bound.word, right, left.span.to(bound.span)) if right is not None else None

    def compare(self, left: Core, word: s.Word, right: Core, span: Span) -> Core | None:
        """A comparison; both sides must be of one kind."""
        if left.kind.base is k.Base.YES_NO or not (left.kind.is_number or left.kind.base is k.Base.DATE):
            self.symbols.tell("C203", span, left=left.kind.words, right=right.kind.words)
            return None
        if not k.alike(left.kind, right.kind):
            tell_unlike(self.symbols, left, right, "C203", span)
            return None
        return c.Apply(_COMPARISONS[word.terminal], (left, right), k.YES_NO, span=span)


def _nearest_side(node: s.Expr) -> s.Expr | None:
    """The left side of the comparison nearest to the end of a condition."""
    match node:
        case s.Compare(left=left):
            return left
        case s.Also(left=left):
            return _nearest_side(left)
        case s.And(right=right) | s.Or(right=right):
            return _nearest_side(right)
        case s.Not(value=value):
            return _nearest_side(value)
        case s.Brackets(inner=inner):
            return _nearest_side(inner)
        case _:
            return None
