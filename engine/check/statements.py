"""Allocations, lists of permitted uses and identities, checked."""

from engine.check.expressions import Typer
from engine.check.parameters import clauses, paths
from engine.check.scope import Scope
from engine.check.symbols import RawAllocation, Symbols
from engine.nouns import core as c
from engine.nouns import kinds as k
from engine.nouns.core import Core
from engine.nouns.pipeline import SPENT_ON
from grammar import syntax as s
from grammar.frozen import dataclass
from grammar.source import source_text


@dataclass(frozen=True, slots=True)
class Statements:
    """Turns the statements that define no figure by an expression of its own into checked ones."""

    typer: Typer

    @property
    def symbols(self) -> Symbols:
        """What is declared, and where findings go."""
        return self.typer.symbols

    def allocation(self, raw: RawAllocation) -> c.Allocation | None:
        """An allocation, checked."""
        node = raw.node
        whole = self.typer.expression(node.whole, Scope(raw.table))
        weight: dict[str, Core] = {}
        each: dict[str, Core] = {}
        for receiver in raw.receivers:
            if node.weight is not None:
                value = self.typer.expression(node.weight, Scope(receiver))
                if value is not None:
                    weight[receiver] = value
                    if not value.kind.is_number:
                        self.symbols.tell("C225", node.weight.span, name="", kind=value.kind.words)
            if node.each is not None:
                limit = self.typer.expression(node.each.value, Scope(receiver))
                if limit is not None:
                    each[receiver] = limit
                    if whole is not None and not k.alike(limit.kind, whole.kind):
                        self.symbols.tell("C203", node.each.span, left=whole.kind.words, right=limit.kind.words)
        if node.each is not None and node.method != "in_order":
            self.symbols.tell("C172", node.each.span)
        if node.each is not None and node.each.word.terminal != "UP_TO":
            self.symbols.tell("C173", node.each.span)
        if node.method == "in_order" and (node.each is None or node.left is None):
            self.symbols.tell("C174", node.span)
            return None
        if node.method != "in_order" and node.spare is None:
            self.symbols.tell("C175", node.span)
            return None
        if node.method == "in_order" and node.spare is not None:
            self.symbols.tell("C179", node.span)
        if node.method != "in_order" and node.left is not None:
            self.symbols.tell("C176", node.left.span)
        if whole is None or node.part is None:
            return None
        if not whole.kind.is_money:
            self.symbols.tell("C177", node.whole.span, got=whole.kind.words)
            return None
        if (node.weight is not None and len(weight) < len(raw.receivers)) or (
            node.each is not None and len(each) < len(raw.receivers)
        ):
            return None
        spare = node.spare.text if isinstance(node.spare, s.Text) else node.spare or "first_listed"
        return c.Allocation(
            raw.table, raw.stage, whole, raw.receivers, node.method, weight, each, node.part.text,
            node.left.text if node.left else None, spare, whole.kind, clauses(node.cite), raw.layer, span=node.span,
        )  # fmt: skip

    def uses(self) -> list[c.Uses]:
        """The lists of permitted uses, each with the kinds of spending rows it is checked on."""
        found = []
        for table, node, _ in self.symbols.uses:
            if (table, node.name.text) not in self.symbols.figures:
                self.symbols.tell("C134", node.name.span, name=node.name.text, table=table)
                continue
            spending = tuple(
                t
                for t in self.symbols.tables
                if (t, SPENT_ON) in self.symbols.inputs and table in self.symbols.ancestors(t)
            )
            if not spending:
                self.symbols.tell("C178", node.span, table=table)
                continue
            texts = tuple(text.text for text in node.allowed)
            found.append(c.Uses(table, node.name.text, texts, spending, clauses(node.cite), node.span))
        return found

    def identities(self) -> list[c.Identity]:
        """Every identity on every kind of rows it can stand on."""
        found: list[c.Identity] = []
        for tables, node, _, vocabulary in self.symbols.identities:
            condition = node.condition
            while isinstance(condition, s.Brackets):
                condition = condition.inner
            if not isinstance(condition, s.Equal):
                self.symbols.tell("C354", node.span)
                continue
            if condition.left == condition.right:
                self.symbols.tell("C355", node.span)
            hits = 0
            told = len(self.symbols.findings)
            for table in tables or tuple(self.symbols.tables):
                identity = self._identity(condition, node, table, named=tables is not None, vocabulary=vocabulary)
                hits += identity is not None
                if identity is not None:
                    found.append(identity)
            known = not (_names(condition.left) | _names(condition.right)) & self.symbols.lost
            if not hits and not vocabulary and tables is None and known and told == len(self.symbols.findings):
                self.symbols.tell("C356", node.span)
        return found

    def _identity(
        self, condition: s.Equal, node: s.Identity, table: str, *, named: bool, vocabulary: bool
    ) -> c.Identity | None:
        here = {n for t, n in (*self.symbols.figures, *self.symbols.inputs) if t == table}
        left: s.Expr | None = condition.left
        right: s.Expr | None = condition.right
        if vocabulary:
            left, right = _pruned(condition.left, here), _pruned(condition.right, here)
            figures = {n for t, n in self.symbols.figures if t == table}
            if left is None or right is None or not (_names(left) | _names(right)) & figures:
                return None
        elif not named and not (_names(condition.left) | _names(condition.right)) <= here | set(
            self.symbols.parameters
        ):
            return None
        assert left is not None
        assert right is not None
        scope = Scope(table)
        one, other = self.typer.expression(left, scope), self.typer.expression(right, scope)
        if one is None or other is None:
            return None
        if not k.alike(one.kind, other.kind):
            self.symbols.tell("C203", node.span, left=one.kind.words, right=other.kind.words)
            return None
        return c.Identity(table, one, other, source_text(condition.span), clauses(node.cite), node.span)


def _names(node: s.Expr) -> set[str]:
    return {p.name.text for p in paths(node) if p.kind is None}


def _pruned(node: s.Expr, here: set[str]) -> s.Expr | None:
    """An expression of the vocabulary without the terms a kind of rows does not have; None where nothing is left."""
    match node:
        case s.Binary(sign="+" | "-" as sign, left=left, right=right, span=span):
            one, other = _pruned(left, here), _pruned(right, here)
            if one is None:
                return other if sign == "+" else (s.Negate(other, span) if other is not None else None)
            return s.Binary(sign, one, other, span) if other is not None else one
        case s.Brackets(inner=inner, span=span):
            kept = _pruned(inner, here)
            return s.Brackets(kept, span) if kept is not None else None
        case _:
            return node if _names(node) <= here else None
