"""What an expression reads from other rows: aggregates, earlier periods, ranks, and whether the data gives a value."""

from engine.check.scope import Pending, Scope, Typing, joined_kind, resolve_pending
from engine.check.symbols import BUILT_INS, Symbols
from engine.nouns import core as c
from engine.nouns import kinds as k
from engine.nouns.core import Core, Grain
from engine.nouns.kinds import Kind
from grammar import syntax as s
from grammar.frozen import dataclass

PREVIOUS: tuple[Grain, ...] = ("year", "half", "quarter", "month", "row")
FUNCTIONS: tuple[c.Function, ...] = ("sum", "mean", "largest", "smallest", "count", "only", "every", "some")
_FINER: dict[Grain, int] = {"year": 0, "half": 1, "quarter": 2, "month": 3, "row": 4}


@dataclass(frozen=True, slots=True)
class OtherRows:
    """Turns readings of other rows into checked ones."""

    typing: Typing

    @property
    def symbols(self) -> Symbols:
        """What is declared, and where findings go."""
        return self.typing.symbols

    def aggregate(self, node: s.Aggregate, scope: Scope) -> Core | None:
        """An aggregate over child rows, or over earlier periods."""
        function = FUNCTIONS[node.function.choice]
        if scope.table is None or scope.filtering:
            self.symbols.tell("C208" if scope.table is None else "C211", node.span)
            return None
        if node.window is not None:
            return self._history(node, function, scope.table)
        if node.path.owner or node.path.kind is None:
            self.symbols.tell("C221", node.path.span, name=node.path.name.text)
            return None
        tables = self.symbols.expand(node.path.kind)
        kinds: list[Kind] = []
        for table in tables:
            if scope.table not in self.symbols.ancestors(table):
                self.symbols.tell("C222", node.path.kind.span, name=table, table=scope.table)
                return None
            kind = self.typing.known_column(table, node.path.name)
            if kind is None:
                return None
            kinds.append(kind)
        joined = joined_kind(self.symbols, kinds, node.span)
        if joined is None or not self._countable(function, joined, node):
            return None
        where = None
        if node.where is not None:
            filters = [self.typing.condition(node.where, Scope(table, filtering=True)) for table in tables]
            if any(f is None for f in filters) or not filters:
                return None
            where = filters[0]
        return c.Gather(function, tables, node.path.name.text, where, _result(function, joined), node.span)

    def _history(self, node: s.Aggregate, function: c.Function, table: str) -> Core | None:
        window = node.window
        assert window is not None
        own = self.symbols.tables[table].grain
        if node.where is not None:
            self.symbols.tell("C223", node.where.span)
            return None
        if _FINER[window.grain] > _FINER[own] or own == "row" or (window.count is None and own == "year"):
            self.symbols.tell("C224", window.span, table=table)
            return None
        child = None
        if node.path.kind is not None:
            child = node.path.kind.text
            children = self.symbols.expand(node.path.kind)
            if not children:
                return None
            if table not in self.symbols.ancestors(children[0]):
                self.symbols.tell("C222", node.path.kind.span, name=child, table=table)
                return None
            if window.count is None or window.grain != "year" or child in self.symbols.groups:
                self.symbols.tell("C224", window.span, table=table)
                return None
        kind = self.typing.known_column(child or table, node.path.name)
        if kind is None or not self._countable(function, kind, node):
            return None
        grain: Grain = own if window.count is None else window.grain
        return c.History(function, window.count, grain, child, node.path.name.text, _result(function, kind), node.span)

    def _countable(self, function: c.Function, kind: Kind, node: s.Aggregate) -> bool:
        if function in {"count", "only"}:
            return True
        fine = kind.base is k.Base.YES_NO if function in {"every", "some"} else kind.is_number
        if not fine:
            self.symbols.tell("C225", node.span, name=node.path.name.text, kind=kind.words)
        return fine

    def previous(self, node: s.Previous, scope: Scope) -> Core | None:
        """A column one period earlier, with its opening value."""
        grain = PREVIOUS[node.word.choice]
        if scope.table is None or scope.filtering:
            self.symbols.tell("C208" if scope.table is None else "C211", node.span)
            return None
        if node.path.owner or node.path.kind is not None:
            self.symbols.tell("C227", node.path.span, name=node.path.name.text)
            return None
        if grain == "row":
            return self._row_before(node, scope)
        if (
            _FINER[grain] > _FINER[self.symbols.tables[scope.table].grain]
            or self.symbols.tables[scope.table].grain == "row"
        ):
            self.symbols.tell("C228", node.span, table=scope.table)
            return None
        opening = self.typing.expression(node.opening, scope) if node.opening is not None else None
        if node.opening is not None and opening is None:
            return None
        read = self.typing.column(scope, node.path.name, node.path.span)
        read, opening = resolve_pending(read, opening) if opening is not None else (read, None)
        if read is None:
            return None
        if isinstance(read, Pending):
            self.symbols.tell("C215", node.path.span, name=node.path.name.text)
            return None
        if not isinstance(read, c.Read) or read.column in BUILT_INS:
            self.symbols.tell("C229", node.path.span, name=node.path.name.text)
            return None
        kind: Kind | None = read.kind
        if opening is not None:
            kind = k.joined(read.kind, opening.kind)
            if kind is None:
                self.symbols.tell("C203", opening.span, left=read.kind.words, right=opening.kind.words)
                return None
        return c.Before(grain, read.column, opening, kind or read.kind, node.span)

    def _row_before(self, node: s.Previous, scope: Scope) -> Core | None:
        """A column of the row before, which only the linking of rows knows."""
        if not scope.linking:
            self.symbols.tell("C190", node.span)
            return None
        if node.opening is not None:
            self.symbols.tell("C189", node.opening.span)
            return None
        read = self.typing.column(scope, node.path.name, node.path.span)
        if isinstance(read, c.Read) and read.column not in BUILT_INS:
            return c.Before("row", read.column, None, read.kind, node.span)
        if isinstance(read, Pending):
            self.symbols.tell("C215", node.path.span, name=node.path.name.text)
        elif read is not None:
            self.symbols.tell("C229", node.path.span, name=node.path.name.text)
        return None

    def rank(self, node: s.Rank, scope: Scope) -> Core | None:
        """The place of the row among its siblings."""
        if scope.table is None:
            self.symbols.tell("C208", node.span)
            return None
        read = self.typing.column(scope, node.name, node.span)
        if isinstance(read, Pending):
            self.symbols.tell("C215", node.span, name=node.name.text)
            return None
        if not isinstance(read, c.Read):
            return None
        if not read.kind.is_number:
            self.symbols.tell("C225", node.span, name=node.name.text, kind=read.kind.words)
            return None
        return c.Rank(read.column, node.highest_first, k.NUMBER, node.span)

    def filled(self, node: s.Filled, scope: Scope) -> Core | None:
        """Whether the data gives a value, or an earlier period closed one."""
        if scope.table is None:
            self.symbols.tell("C208", node.span)
            return None
        if node.previous is not None and PREVIOUS[node.previous.choice] == "row":
            self.symbols.tell("C190", node.span)
            return None
        key = (scope.table, node.name.text)
        known = self.symbols.inputs if node.previous is None else {**self.symbols.inputs, **self.symbols.figures}
        if key not in known:
            code = "C230" if key in self.symbols.figures else "C210"
            here = [n for t, n in known if t == scope.table]
            near = self.symbols.near(node.name.text, here)
            self.symbols.tell(code, node.span, name=node.name.text, table=scope.table, **near)
            return None
        self.typing.read_columns.add(key)
        grain = PREVIOUS[node.previous.choice] if node.previous is not None else None
        return c.Given(node.name.text, grain, k.YES_NO, node.span)


def _result(function: c.Function, kind: Kind) -> Kind:
    return k.NUMBER if function == "count" else kind
