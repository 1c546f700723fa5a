"""Tables: bands of an amount (分段), one row of many (定档), conditions (情形), each lowered to what it means."""

from dataclasses import replace
from typing import Literal

from engine.check.expressions import Typer
from engine.check.parameters import clauses
from engine.check.scope import Scope
from engine.check.symbols import Symbols
from engine.nouns import core as c
from engine.nouns import kinds as k
from engine.nouns.core import Core, NoFigure
from engine.nouns.kinds import Kind
from grammar import syntax as s
from grammar.frozen import dataclass
from grammar.source import Span


@dataclass(frozen=True, slots=True)
class Tables:
    """Turns tables into checked expressions."""

    typer: Typer

    @property
    def symbols(self) -> Symbols:
        """What is declared, and where findings go."""
        return self.typer.symbols

    def marginal(self, node: s.Marginal, scope: Scope) -> Core | None:
        """Bands of an amount: the sum over rows of the part of the amount in the row times the row's rate."""
        subject = self.typer.expression(node.subject, scope)
        base = self.typer.expression(node.base, scope) if node.base is not None else None
        if subject is None or (node.base is not None and base is None):
            return None
        total: Core | None = None
        for row in node.rows:
            slice_ = self._slice(row, subject, base, scope, node.span)
            rate = self._row_value(row, scope)
            if slice_ is None or rate is None or isinstance(rate, NoFigure):
                continue
            kind = k.multiplied(slice_.kind, rate.kind)
            if kind is None or rate.kind.is_money:
                self.symbols.tell("C330", row.value.span, got=rate.kind.words)
                continue
            product = c.Apply("part", (slice_, rate), kind, written="分段", span=row.span)
            joined = total and c.Apply("add", (total, product), kind, written="分段", span=node.span)
            total = joined or product
        return total

    def _slice(self, row: s.Row, subject: Core, base: Core | None, scope: Scope, head: Span) -> Core | None:
        cell = row.cells[0]
        if len(row.cells) > 1 or not isinstance(cell, s.BoundsCell | s.SuffixCell) or not cell.slice:
            self.symbols.tell("C331", cell.span)
            return None
        low: Core = c.Constant(0, subject.kind, cell.span)
        high: Core | None = None
        for word, node in _bounds(cell):
            value = self._band_bound(node, subject, base, scope, head)
            if value is None:
                return None
            if word in {"OVER", "FROM"}:
                low = value
            else:
                high = value
        if high is None:
            return c.Apply("slice_above", (subject, low), subject.kind, span=cell.span)
        return c.Apply("slice", (subject, low, high), subject.kind, span=cell.span)

    def _band_bound(self, node: s.Expr, subject: Core, base: Core | None, scope: Scope, head: Span) -> Core | None:
        value = self.typer.expression(node, scope)
        if value is None:
            return None
        if k.alike(value.kind, subject.kind):
            return value
        if value.kind.base is not k.Base.RATIO:
            self.symbols.tell("C203", node.span, left=subject.kind.words, right=value.kind.words)
            return None
        if base is None:
            self.symbols.tell("C332", head)
            return None
        if not k.alike(base.kind, subject.kind):
            self.symbols.tell("C203", base.span, left=subject.kind.words, right=base.kind.words)
            return None
        return c.Apply("part", (base, value), base.kind, written="为基数", span=node.span)

    def lookup(self, node: s.Lookup, scope: Scope) -> Core | None:
        """定档: the one row the subjects fall in."""
        subjects = [self.typer.expression(subject, scope) for subject in node.subjects]
        if any(x is None for x in subjects):
            return None
        known = [x for x in subjects if x is not None]
        branches: list[c.Branch] = []
        otherwise: Core | NoFigure | None = None
        for row in node.rows:
            value = self._row_value(row, scope)
            if any(isinstance(cell, s.OtherwiseCell) for cell in row.cells):
                if len(row.cells) > 1 or otherwise is not None or row is not node.rows[-1]:
                    self.symbols.tell("C333", row.span)
                otherwise = value
                continue
            if len(row.cells) != len(known):
                self.symbols.tell("C334", row.span, got=len(row.cells), wanted=len(known))
                continue
            conditions = [self._cell(cell, x, scope) for cell, x in zip(row.cells, known, strict=True)]
            if value is None or any(x is None for x in conditions):
                continue
            holds = all_of([x for x in conditions if isinstance(x, c.Apply | c.Read | c.Constant)], row.span)
            branches.append(c.Branch(holds, value, clauses(row.cite), span=row.span))
        return self._choice(branches, otherwise, node.span)

    def _cell(self, cell: s.Cell, subject: Core, scope: Scope) -> Core | None:
        match cell:
            case s.AnyCell(span=span):
                return c.Constant(True, k.YES_NO, span)
            case s.BoundsCell(slice=slice_) | s.SuffixCell(slice=slice_):
                if slice_:
                    self.symbols.tell("C335", cell.span)
                    return None
                parts = []
                for word, node in _bounds(cell):
                    right = self.typer.expression(node, scope)
                    holds = (
                        self.typer.compare(subject, s.Word(word, 0), right, cell.span) if right is not None else None
                    )
                    if holds is None:
                        return None
                    parts.append(holds)
                return all_of(parts, cell.span)
            case s.ValuesCell(values=values):
                return self._values(values, subject, scope, cell.span)
            case s.OtherwiseCell():
                return None

    def _values(self, values: tuple[s.Expr, ...], subject: Core, scope: Scope, span: Span) -> Core | None:
        options = replace(scope, options=subject.kind.options)
        hits: list[Core] = []
        for node in values:
            value = self.typer.expression(node, options)
            if value is None:
                return None
            if not k.fits(value.kind, subject.kind):
                self.symbols.tell("C203", node.span, left=subject.kind.words, right=value.kind.words)
                return None
            hits.append(c.Apply("equal" if value.kind.is_number else "is", (subject, value), k.YES_NO, span=node.span))
        total = hits[0]
        for hit in hits[1:]:
            total = c.Apply("or", (total, hit), k.YES_NO, span=span)
        return total

    def cases(self, node: s.Cases, scope: Scope) -> Core | None:
        """情形: the one row whose condition holds."""
        branches: list[c.Branch] = []
        otherwise: Core | NoFigure | None = None
        for row in node.rows:
            value = self._row_value(row, scope)
            cell = row.cells[0]
            if isinstance(cell, s.OtherwiseCell):
                if otherwise is not None or row is not node.rows[-1]:
                    self.symbols.tell("C333", row.span)
                otherwise = value
                continue
            if len(row.cells) > 1 or not isinstance(cell, s.ValuesCell) or len(cell.values) > 1:
                self.symbols.tell("C336", cell.span)
                continue
            condition = self.typer.condition(cell.values[0], scope)
            if condition is not None and value is not None:
                branches.append(c.Branch(condition, value, clauses(row.cite), span=row.span))
        return self._choice(branches, otherwise, node.span)

    def _row_value(self, row: s.Row, scope: Scope) -> Core | NoFigure | None:
        if isinstance(row.value, s.Absent):
            return NoFigure(row.value.span)
        return self.typer.expression(row.value, scope)

    def _choice(self, branches: list[c.Branch], otherwise: Core | NoFigure | None, span: Span) -> Core | None:
        values = [v for v in (*(b.value for b in branches), otherwise) if v is not None and not isinstance(v, NoFigure)]
        if not values:
            if branches:
                self.symbols.tell("C337", span)
            return None
        kind: Kind | None = values[0].kind
        for value in values[1:]:
            kind = k.joined(kind, value.kind) if kind else None
            if kind is None:
                self.symbols.tell("C301", value.span, got=value.kind.words, wanted=values[0].kind.words)
                return None
        assert kind is not None
        return c.Choose("cases", tuple(branches), otherwise, kind, span)


def all_of(parts: list[Core], span: Span) -> Core:
    """The conditions joined by 且; those that always hold are left out."""
    solid = [p for p in parts if not (isinstance(p, c.Constant) and p.value is True)]
    if not solid:
        return c.Constant(True, k.YES_NO, span)
    total = solid[0]
    for part in solid[1:]:
        total = c.Apply("and", (total, part), k.YES_NO, span=span)
    return total


def _bounds(cell: s.BoundsCell | s.SuffixCell) -> list[tuple[Literal["OVER", "FROM", "UP_TO", "BELOW"], s.Expr]]:
    """The bounds of a cell as comparisons: 以内 and 以下 are ≤, 以上 is ≥, 以外 is >."""
    if isinstance(cell, s.SuffixCell):
        words: tuple[Literal["OVER", "FROM", "UP_TO", "BELOW"], ...] = ("UP_TO", "UP_TO", "FROM", "OVER")
        return [(words[cell.word.choice], cell.value)]
    return [(bound.word.terminal, bound.value) for bound in cell.bounds]  # type: ignore[misc]
