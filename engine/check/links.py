"""Rows linked into others (合并自): keys and dates that are data, a bound in days, conditions the rows themselves answer."""

from collections.abc import Iterator

from engine.check.parameters import Declared, clauses
from engine.check.scope import Scope
from engine.check.symbols import BUILT_INS, RawLink, Symbols
from engine.nouns import core as c
from engine.nouns import kinds as k
from engine.nouns.core import Core, Range
from engine.nouns.possible import Scalar
from grammar import syntax as s
from grammar.frozen import dataclass
from grammar.source import Span

_DAY = "日"
_OF_THE_ROW = (c.Constant, c.ReadParameter, c.Apply)


@dataclass(frozen=True, slots=True)
class Links:
    """Turns declared links into checked ones."""

    symbols: Symbols
    declared: Declared

    def all(self) -> Iterator[tuple[str, c.Link]]:
        """Every link in which nothing is wrong, by the kind it makes."""
        for name, raw in self.symbols.links.items():
            link = self._link(raw)
            if link is not None:
                yield name, link

    def _link(self, raw: RawLink) -> c.Link | None:
        node = raw.node
        source = node.source_kind.text
        known = [self._known(source, name) for name in node.same]
        self.symbols.once([(name.text, name.span) for name in node.same])
        known += [self._is_date(source, name) for name in (node.gap_from, node.gap_to)]
        bound = self._bound(node.bound, source)
        unless = [self._condition(condition, source) for condition in node.unless]
        kept = tuple(condition for condition in unless if condition is not None)
        if not all(known) or bound is None or len(kept) < len(unless):
            return None
        return c.Link(
            node.name.text, source, tuple(name.text for name in node.same), node.gap_from.text, node.gap_to.text, bound,
            node.bound.word.terminal == "UP_TO", kept, clauses(node.cite), raw.layer, span=node.span,
        )  # fmt: skip

    def _known(self, source: str, name: s.Name) -> bool:
        """Whether the rows are given a column: links are made before any figure is worked out."""
        key = (source, name.text)
        if key in self.symbols.inputs and key not in self.symbols.figures:
            self.declared.typer.read_columns.add(key)
            return True
        near = self.symbols.near(name.text, [n for t, n in self.symbols.inputs if t == source])
        self.symbols.tell("C183", name.span, name=name.text, table=source, **near)
        return False

    def _is_date(self, source: str, name: s.Name) -> bool:
        if not self._known(source, name):
            return False
        kind = self.declared.kind_of(source, name.text)
        if kind is not None and kind.base is not k.Base.DATE:
            self.symbols.tell("C184", name.span, name=name.text, kind=kind.words)
            return False
        return kind is not None

    # ---- the bound

    def _bound(self, bound: s.Bound, source: str) -> Core | None:
        """Whole days, none below zero, whatever the value of a parameter comes to."""
        if bound.word.terminal not in {"UP_TO", "BELOW"}:
            self.symbols.tell("C185", bound.span)
            return None
        core = self.declared.typer.expression(bound.value, Scope(source, linking=True))
        if core is None or not self._of_the_row(core, source, bound.value.span):
            return None
        written = bound.value
        days = core.kind == k.NUMBER and not (isinstance(written, s.Quantity) and written.unit != _DAY)
        if not days:
            self.symbols.tell("C186", written.span)
            return None
        match core:
            case c.Constant(value=value):
                return core if self._whole(value, written.span) else None
            case c.ReadParameter(name=name):
                return core if self._parameter(name, written.span) else None
            case _:
                self.symbols.tell("C186", written.span)
                return None

    def _parameter(self, name: str, span: Span) -> bool:
        parameter = self.declared.parameter(name)
        if parameter is None:
            return False
        given: list[Scalar | None] = [entry.value for entry in parameter.entries]
        given += [parameter.assumed, *(reading.value for reading in parameter.readings)]
        if not _from_zero(parameter.range):
            self.symbols.tell("C186", span)
            return False
        return all(self._whole(value, span) for value in given if value is not None)

    def _whole(self, value: Scalar, span: Span) -> bool:
        fine = isinstance(value, int) and value >= 0
        if not fine:
            self.symbols.tell("C186", span)
        return fine

    # ---- conditions

    def _condition(self, node: s.Expr, source: str) -> Core | None:
        core = self.declared.typer.condition(node, Scope(source, linking=True))
        return core if core is not None and self._of_the_row(core, source, node.span) else None

    def _of_the_row(self, core: Core, source: str, span: Span) -> bool:
        """Whether an expression asks nothing but data of the row and of the row before, and parameters."""
        fine = True
        for node in c.walk(core):
            match node:
                case c.Read(column=column) | c.Before(grain="row", column=column) | c.Given(column=column, grain=None):
                    datum = (source, column) in self.symbols.inputs and (source, column) not in self.symbols.figures
                    fine = fine and (datum or column in BUILT_INS)
                case _:
                    fine = fine and isinstance(node, _OF_THE_ROW)
        if not fine:
            self.symbols.tell("C189", span)
        return fine


def _from_zero(limits: Range) -> bool:
    return limits.low is not None and limits.low >= 0
