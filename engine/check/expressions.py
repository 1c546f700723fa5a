"""Expressions: names become reads, every node gets its kind of value, or a finding says why it cannot."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Literal

from engine.check.conditions import Conditions
from engine.check.other_rows import OtherRows
from engine.check.quantities import quantity
from engine.check.scope import Pending, Scope, joined_kind, resolve_pending, tell_unlike
from engine.check.symbols import BUILT_INS, Symbols
from engine.nouns import core as c
from engine.nouns import kinds as k
from engine.nouns.core import Core
from engine.nouns.kinds import Kind
from engine.nouns.suggest import closest, distance
from grammar import syntax as s
from grammar.chinese_numbers import in_figures
from grammar.diagnostic import Words
from grammar.source import Span

_SIGNS: dict[str, Literal["add", "subtract", "multiply", "divide"]] = {
    "+": "add",
    "-": "subtract",
    "×": "multiply",
    "÷": "divide",
}


@dataclass(slots=True)
class Typer:
    """Turns syntax into checked expressions; ``kind_of`` gives the kind of a column, None while it is being worked out."""

    symbols: Symbols
    kind_of: Callable[[str, str], Kind | None]
    parameter_kind: Callable[[str], Kind | None]
    read_parameters: set[str] = field(default_factory=set)
    read_columns: set[tuple[str, str]] = field(default_factory=set)

    def expression(self, node: s.Expr, scope: Scope) -> Core | None:
        """The checked expression; None where a finding was told."""
        return self._known(self._typed(node, scope))

    def _known(self, core: Core | None) -> Core | None:
        """The expression, unless it is a lone column whose kind nothing beside it can tell."""
        if isinstance(core, Pending):
            self.symbols.tell("C215", core.span, name=core.column)
            return None
        return core

    def _typed(self, node: s.Expr, scope: Scope) -> Core | None:
        """The checked expression, or a column whose kind is being worked out, for those who can tell it."""
        match node:
            case s.Brackets(inner=inner):
                return self._typed(inner, scope)
            case s.Quantity():
                return quantity(node, self.symbols)
            case s.Text(text=text, span=span):
                return c.Constant(text, k.TEXT, span)
            case s.YesNo(value=value, span=span):
                return c.Constant(value, k.YES_NO, span)
            case s.DateText():
                return self._date(node)
            case s.RelativeDay(year=year, month=month, day=day, span=span):
                return self._relative_day(year, month, day, span, scope)
            case s.Remaining(span=span):
                if scope.remaining is None:
                    self.symbols.tell("C161", span)
                return replace(scope.remaining, span=span) if scope.remaining else None
            case s.AsGiven(span=span):
                return self._as_given(span, scope)
            case s.Path():
                return self._path(node, scope)
            case s.Binary():
                return self._binary(node, scope)
            case s.Part(whole=whole, rate=rate, span=span):
                return self._pair("part", self._typed(whole, scope), self._typed(rate, scope), span)
            case s.Negate(value=value, span=span):
                return self._negate(self.expression(value, scope), span)
            case s.Limit():
                return self._limit(node, scope)
            case s.Rounded(span=span) | s.Unrounded(span=span):
                self.symbols.tell("C205", span)
                return None
            case s.Aggregate():
                return OtherRows(self).aggregate(node, scope)
            case s.Previous():
                return OtherRows(self).previous(node, scope)
            case s.Rank():
                return OtherRows(self).rank(node, scope)
            case s.Met(name=name, span=span):
                return self.column(scope, s.Name(f"{name.text}·达标", name.span), span)
            case s.Filled():
                return OtherRows(self).filled(node, scope)
            case _:
                return Conditions(self).of(node, scope)

    def condition(self, node: s.Expr, scope: Scope) -> Core | None:
        """A checked yes/no; anything else is told."""
        core = self.expression(node, scope)
        if core is None:
            return None
        if core.kind.base is not k.Base.YES_NO:
            self.symbols.tell("C206", node.span, kind=core.kind.words)
            return None
        return core

    def bound(self, left: Core, bound: s.Bound, scope: Scope) -> Core | None:
        """A comparison of something checked with a bound."""
        return Conditions(self).bound(left, bound, scope)

    def compare(self, left: Core, word: s.Word, right: Core, span: Span) -> Core | None:
        """A comparison; both sides must be of one kind."""
        return Conditions(self).compare(left, word, right, span)

    # ---- values

    def _date(self, node: s.DateText) -> Core | None:
        try:
            return c.Constant(date.fromisoformat(node.text), k.DATE, node.span)
        except ValueError:
            self.symbols.tell("C207", node.span, text=node.text)
            return None

    def _relative_day(self, year: int, month: int, day: int, span: Span, scope: Scope) -> Core | None:
        try:
            date(2024, month, day)
        except ValueError:
            self.symbols.tell("C207", span, text=f"{month}月{day}日")
            return None
        if scope.table is None:
            self.symbols.tell("C208", span)
            return None
        parts = tuple(c.Constant(n, k.NUMBER, span) for n in (year, month, day))
        return c.Apply("day", (c.Read("年度", k.NUMBER, span), *parts), k.DATE, span=span)

    def _as_given(self, span: Span, scope: Scope) -> Core | None:
        if scope.table is None or scope.figure is None or (scope.table, scope.figure) not in self.symbols.inputs:
            figure = scope.figure or ""
            data = [name for table, name in self.symbols.inputs if table == scope.table and len(name) == len(figure)]
            meant = next((name for name in data if distance(figure, name, 1) == 1), None)
            words = Words(f"数据里叫“{meant}”：两处写成一样", f"the input is called `{meant}`: write both alike")
            self.symbols.tell("C163", span, **({"suggestion": words} if meant else {}))
            return None
        kind = self.kind_of(scope.table, scope.figure)
        return c.AsGiven(scope.figure, kind, span) if kind else None

    def _path(self, node: s.Path, scope: Scope) -> Core | None:
        if not node.owner and node.kind is None:
            return self.column(scope, node.name, node.span)
        if scope.table is None:
            self.symbols.tell("C208", node.span)
            return None
        if scope.filtering:
            self.symbols.tell("C211", node.span)
            return None
        if node.owner:
            return self._owner(node, scope.table)
        assert node.kind is not None
        target = node.kind.text
        if target not in self.symbols.tables and target not in self.symbols.groups:
            self.symbols.expand(node.kind)
            return None
        if target in self.symbols.groups and set(self.symbols.parents(scope.table)) <= set(self.symbols.groups[target]):
            return self._owner(node, scope.table)
        if target == scope.table:
            meant = Words(f"这就是本行：直接写“{node.name.text}”", f"this is the row itself: write `{node.name.text}`")
            self.symbols.tell("C213", node.span, name=target, table=scope.table, suggestion=meant)
            return None
        if target not in self.symbols.ancestors(scope.table):
            below = scope.table in self.symbols.ancestors(self.symbols.groups.get(target, (target,))[0])
            self.symbols.tell("C212" if below else "C213", node.span, name=target, table=scope.table)
            return None
        kind = self.known_column(target, node.name)
        return c.ReadUp(target, node.name.text, kind, node.span) if kind else None

    def _owner(self, node: s.Path, table: str) -> Core | None:
        parents = self.symbols.parents(table)
        if not parents:
            self.symbols.tell("C214", node.span, table=table)
            return None
        kinds = [self.known_column(parent, node.name, spelt=parent) for parent in parents]
        kind = joined_kind(self.symbols, [kd for kd in kinds if kd], node.span)
        # A row that is linked into others stays with its unit: what it belongs to is named.
        above = self.symbols.tables[table].merged_into
        return c.ReadUp(above, node.name.text, kind, node.span) if kind and all(kinds) else None

    def known_column(self, table: str, name: s.Name, spelt: str | None = None) -> Kind | None:
        """The kind of a column of another kind of rows; told where there is none, with the owner's name as ``spelt``."""
        if (table, name.text) not in self.symbols.inputs and (table, name.text) not in self.symbols.figures:
            met = name.text.removesuffix("·达标")
            if met == name.text or (table, met) not in self.symbols.figures:
                near = self.symbols.near(name.text, self.symbols.columns(table))
                best = closest(name.text, self.symbols.columns(table)) if spelt else None
                if best is not None:
                    near = {"suggestion": Words(f"是不是“{spelt}.{best}”？", f"did you mean `{spelt}.{best}`?")}
                self.symbols.tell("C210", name.span, name=name.text, table=table, **near)
                return None
        self.read_columns.add((table, name.text))
        kind = self.kind_of(table, name.text)
        if kind is None:
            self.symbols.tell("C215", name.span, name=name.text)
        return kind

    def column(self, scope: Scope, name: s.Name, span: Span) -> Core | None:
        """A bare name: a built-in, a column of the row, a parameter, a value of the subject's choice."""
        text = name.text
        if scope.table is not None:
            if text in BUILT_INS:
                return c.Read(text, self._built_in(text), span)
            met = text.removesuffix("·达标")
            if met != text:
                return self._met(scope.table, met, span)
            if (scope.table, text) in self.symbols.inputs or (scope.table, text) in self.symbols.figures:
                self.read_columns.add((scope.table, text))
                kind = self.kind_of(scope.table, text)
                if kind is None:
                    return Pending(text, span)  # type: ignore[return-value]
                return c.Read(text, kind, span)
        if text in self.symbols.parameters:
            self.read_parameters.add(text)
            kind = self.parameter_kind(text)
            return c.ReadParameter(text, kind, span) if kind else None
        if text in scope.options:
            return c.Constant(text, Kind(k.Base.CHOICE, None, (text,)), span)
        self._unknown(scope, name)
        return None

    def _met(self, table: str, name: str, span: Span) -> Core | None:
        figure = self.symbols.figures.get((table, name))
        if figure is None or figure.sort != "indicator":
            self.symbols.tell("C216", span, name=name)
            return None
        self.read_columns.add((table, name))
        return c.Read(f"{name}·达标", k.YES_NO, span)

    def _built_in(self, name: str) -> Kind:
        if name == "险种":
            return Kind(k.Base.CHOICE, None, self.symbols.insurances)
        return k.TEXT if name == "名称" else k.NUMBER

    def _unknown(self, scope: Scope, name: s.Name) -> None:
        """Say where an unknown name could be: misspelt, on another kind of rows, or a keyword run into a name."""
        known = [*self.symbols.parameters, *(self.symbols.columns(scope.table) if scope.table else ()), *scope.options]
        elsewhere = sorted({t for t, n in (*self.symbols.inputs, *self.symbols.figures) if n == name.text})
        if scope.table is None and elsewhere:
            self.symbols.tell("C208", name.span)
            return
        if elsewhere:
            above = [t for t in elsewhere if scope.table and t in self.symbols.ancestors(scope.table)]
            hint = above[0] if above else elsewhere[0]
            code = "C218" if above else "C219"
            self.symbols.tell(code, name.span, name=name.text, table=scope.table or "", elsewhere=hint)
            return
        near = self.symbols.near(name.text, known)
        meant = _meant(name.text, scope) or _split_hint(name.text, known, both=True) or near
        meant = meant or _split_hint(name.text, known)
        self.symbols.tell("C235" if scope.options else "C201", name.span, name=name.text, **meant)

    # ---- arithmetic

    def _binary(self, node: s.Binary, scope: Scope) -> Core | None:
        left, right = resolve_pending(self._typed(node.left, scope), self._typed(node.right, scope))
        left, right = self._known(left), self._known(right)
        if left is None or right is None:
            return None
        operator = _SIGNS[node.sign]
        if operator == "subtract" and left.kind == right.kind == k.RATIO:
            hundred_less = isinstance(left, c.Constant) and left.value == 1
            less_hundred = isinstance(right, c.Constant) and right.value == 1
            quotient = isinstance(left, c.Apply) and left.operator == "divide"
            if hundred_less or (less_hundred and quotient):
                return c.Apply(operator, (left, right), k.RATIO, span=node.span)
        return self._pair(operator, left, right, node.span)

    def _pair(
        self,
        operator: Literal["add", "subtract", "multiply", "divide", "part"],
        left: Core | None,
        right: Core | None,
        span: Span,
    ) -> Core | None:
        left, right = resolve_pending(left, right)
        left, right = self._known(left), self._known(right)
        if left is None or right is None:
            return None
        match operator:
            case "add" | "subtract":
                kind = k.added(left.kind, right.kind, minus=operator == "subtract")
            case "multiply" | "part":
                kind = k.multiplied(left.kind, right.kind)
            case "divide":
                kind = k.divided(left.kind, right.kind)
        if kind is None:
            sign = _SIGN_WORDS[operator]
            if operator in {"add", "subtract"}:
                tell_unlike(self.symbols, left, right, "C202", span, sign=sign)
            else:
                self.symbols.tell("C202", span, sign=sign, left=left.kind.words, right=right.kind.words)
            return None
        if operator == "part" and right.kind == k.NUMBER and (place := self._plain_number(right)) is not None:
            self.symbols.tell("C302", place, wanted=k.RATIO.words)
            return None
        if operator == "divide" and isinstance(right, c.Constant) and right.value == 0:
            self.symbols.tell("C209", span)
            return None
        return c.Apply(operator, (left, right), kind, span=span)

    def _plain_number(self, core: Core) -> Span | None:
        """Where a number without a unit is written, itself or as a parameter's value; None for any other number."""
        if isinstance(core, c.Constant):
            return core.span
        if isinstance(core, c.ReadParameter):
            written = self.symbols.parameters[core.name].node.value
            return written.span if isinstance(written, s.Quantity) and written.unit is None else None
        return None

    def _negate(self, value: Core | None, span: Span) -> Core | None:
        if value is None:
            return None
        if not value.kind.is_number:
            self.symbols.tell("C225", span, kind=value.kind.words)
            return None
        kind = Kind(k.Base.SIGNED, value.kind.per) if value.kind.base in k.MONEYS else value.kind
        return c.Apply("negate", (value,), kind, span=span)

    def _limit(self, node: s.Limit, scope: Scope) -> Core | None:
        value, limit = resolve_pending(self._typed(node.value, scope), self._typed(node.limit, scope))
        value, limit = self._known(value), self._known(limit)
        if value is None or limit is None:
            return None
        kind = k.limited(value.kind, limit.kind, least=node.side == "least")
        if kind is None:
            tell_unlike(self.symbols, value, limit, "C203", node.limit.span)
            return None
        if node.side == "most" and isinstance(value, c.Apply) and value.operator == "least":
            floor = value.args[1]
            if isinstance(floor, c.Constant) and isinstance(limit, c.Constant) and limit.value < floor.value:  # type: ignore[operator]
                self.symbols.tell("C220", node.limit.span)
        return c.Apply(
            node.side, (value, limit), kind, written="最高" if node.side == "most" else "最低", span=node.span
        )


def _meant(name: str, scope: Scope) -> dict[str, object]:
    """What an unknown name stands for in everyday speech: a number in words, or what remains of a split."""
    if (number := in_figures(name)) is not None:
        return {"suggestion": Words(f"数用阿拉伯数字写：{number}", f"write numbers in figures: {number}")}
    if scope.remaining is not None and name in {"剩余", "剩下", "其余", "余额", "余", "剩余部分", "余下部分"}:
        return {"suggestion": Words("拆分里剩下的写“余下”", "what is left of a split is written `remaining`")}
    return {}


def _split_hint(name: str, known: list[str], *, both: bool = False) -> dict[str, object]:
    """Where an unknown name is two names run together with 的 or a keyword: add a space; ``both`` halves known only."""
    for at in range(1, len(name)):
        if both and (name[:at] not in known or name[at:].removeprefix("的") not in known):
            continue
        if name[:at] in known and name[at:].startswith("的"):
            spaced = f"{name[:at]} 的 {name[at + 1 :]}"
            return {"suggestion": Words(f"在名称和“的”之间加一个空格：{spaced}", f"add a space around 的: {spaced}")}
        if name[:at] in known:
            spaced = f"{name[:at]} {name[at:]}"
            return {"suggestion": Words(f"名称后面加一个空格：{spaced}", f"add a space after the name: {spaced}")}
        if name[at:] in known:
            spaced = f"{name[:at]} {name[at:]}"
            return {"suggestion": Words(f"名称前面加一个空格：{spaced}", f"add a space before the name: {spaced}")}
    return {}


_SIGN_WORDS = {"add": "+", "subtract": "-", "multiply": "×", "divide": "÷", "part": "的"}
