"""Small changes to an expression of a rule: each other thing that could stand in its place, one at a time."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields, is_dataclass, replace
from datetime import timedelta
from decimal import Decimal
from typing import Any, Literal

from engine.nouns.periods import day_of
from grammar import syntax as s
from grammar.diagnostic import Words
from grammar.source import Span

# A change and what then stands there, with the place it was made at.
Edit = tuple[str, Span, Any]
# For a name standing alone, the names of other amounts of the same row; by the kind of rows for one on other rows.
Others = Callable[[s.Path], Iterator[str]]

KINDS: Mapping[str, Words] = {
    "up": Words("数改大", "number raised"),
    "down": Words("数改小", "number lowered"),
    "later": Words("日期推后", "date put off"),
    "earlier": Words("日期提前", "date brought forward"),
    "end": Words("端点含与不含", "bound in or out"),
    "negate": Words("条件取反", "condition turned round"),
    "joined": Words("且或互换", "and for or"),
    "fewer": Words("少一个条件", "a condition dropped"),
    "sign": Words("加减互换", "plus for minus"),
    "times": Words("乘除互换", "times for divided by"),
    "term": Words("少一项", "a term or factor dropped"),
    "limit": Words("最高最低互换", "cap for floor"),
    "free": Words("去掉封顶保底", "cap or floor dropped"),
    "minus": Words("去掉负号", "sign dropped"),
    "round_up": Words("改成进位", "rounded up"),
    "round_down": Words("改成舍去", "rounded down"),
    "round_half": Words("改成四舍五入", "rounded half up"),
    "rounded": Words("去掉不取整", "rounded after all"),
    "filter": Words("去掉筛选", "filter dropped"),
    "gather": Words("换汇总方法", "another aggregate"),
    "longer": Words("多看一期", "one period more"),
    "shorter": Words("少看一期", "one period less"),
    "now": Words("上期换本期", "this period for the last"),
    "opening": Words("去掉期初", "opening dropped"),
    "is": Words("是与不是互换", "is for is not"),
    "member": Words("少一个选项", "an option dropped"),
    "yes": Words("是否互换", "yes for no"),
    "base": Words("换一个数", "another amount"),
    "rank": Words("名次反过来", "rank turned round"),
    "exception": Words("去掉例外", "exception dropped"),
    "swapped": Words("例外的值互换", "values of exceptions exchanged"),
    "order": Words("先于互换", "precedence exchanged"),
    "row": Words("去掉一行", "a row dropped"),
    "rows": Words("两行的值互换", "values of rows exchanged"),
    "edge_up": Words("分档界限改大", "edge of a band raised"),
    "edge_down": Words("分档界限改小", "edge of a band lowered"),
    "edge": Words("分档端点归上归下", "edge of a band to the other band"),
    "spare": Words("余分换归属", "spare fen to another"),
    "method": Words("换分配方法", "another way to allocate"),
    "test": Words("去掉一项准入", "a test of the gate dropped"),
    "every": Words("全部任一互换", "all for any"),
    "settled": Words("不满足也结算", "settled though refused"),
    "blank": Words("去掉未填时", "computed also where given"),
    "default": Words("去掉缺省", "default dropped"),
    "bound": Words("去掉限度", "bound of a datum dropped"),
    "left_out": Words("去掉暂不计", "left out dropped"),
    "assumed": Words("去掉假设", "assumption dropped"),
    "periods": Words("前后两期的值互换", "values of two periods exchanged"),
    "put_off": Words("换期推后一年", "change put off a year"),
    "roster": Words("名录换序", "roster reordered"),
    "since": Words("间隔换起算的日期", "gap from another date"),
    "key": Words("合并少看一项", "a key of merging dropped"),
}
"""Every kind of change, by its short key."""

_FLIPPED = {"OVER": "FROM", "FROM": "OVER", "UP_TO": "BELOW", "BELOW": "UP_TO"}
_GATHERED = {0: 2, 1: 0, 2: 3, 3: 2, 6: 7, 7: 6}
"""合计 → 最大, 平均 → 合计, 最大 ↔ 最小, 全部 ↔ 任一: by the place of the word in AGGREGATE."""
_MONEYS = {"元": Decimal(1), "万元": Decimal(10_000), "亿元": Decimal(100_000_000)}


def edits(node: Any, others: Others) -> Iterator[Edit]:
    """Every change of a node and of everything inside it; citations, reasons and other readings stay."""
    if isinstance(node, s.Citation | s.Reason | s.Reading | s.Name | s.Word):
        return
    yield from _here(node, others)
    if isinstance(node, s.Rounded):
        inside: tuple[str, ...] = ("value",)
    elif isinstance(node, s.BoundsCell | s.SuffixCell):
        # The edges of bands move together, else there would be a gap.
        return
    else:
        inside = tuple(f.name for f in fields(node) if f.name != "span")
    for name in inside:
        value = getattr(node, name)
        for index, item in enumerate(value if isinstance(value, tuple) else (value,)):
            if not is_dataclass(item):
                continue
            for kind, span, new in edits(item, others):
                whole = (*value[:index], new, *value[index + 1 :]) if isinstance(value, tuple) else new
                yield kind, span, replace(node, **{name: whole})


def _here(node: Any, others: Others) -> Iterator[Edit]:
    """The changes of a node itself."""
    yield from _of_amount(node)
    yield from _of_condition(node)
    yield from _of_rows(node)
    if isinstance(node, s.Path):
        for other_name in others(node):
            yield "base", node.span, replace(node, name=s.Name(other_name, node.name.span))


def _of_amount(node: Any) -> Iterator[Edit]:
    """Other numbers, signs, limits and roundings."""
    match node:
        case s.Quantity():
            yield from ((kind, node.span, new) for kind, new in moved(node))
        case s.DateText(whole_year=False, text=text):
            day = day_of(text, last=False)
            for kind, days in (("later", 1), ("earlier", -1)) if day is not None else ():
                assert day is not None
                yield kind, node.span, replace(node, text=(day + timedelta(days)).isoformat())
        case s.Binary(sign=sign, left=left, right=right):
            turned: dict[str, tuple[str, Literal["+", "-", "×", "÷"]]] = {
                "+": ("sign", "-"), "-": ("sign", "+"), "×": ("times", "÷"), "÷": ("times", "×"),
            }  # fmt: skip
            kind, other = turned[sign]
            yield kind, node.span, replace(node, sign=other)
            yield "term", right.span, left
            if sign == "+":
                yield "term", left.span, right
        case s.Part(whole=whole, rate=rate):
            yield "term", rate.span, whole
        case s.Negate(value=value):
            yield "minus", node.span, value
        case s.Limit(side=side, value=value):
            yield "limit", node.span, replace(node, side="least" if side == "most" else "most")
            yield "free", node.span, value
        case s.Rounded(mode=mode):
            modes: dict[str, Literal["half_up", "up", "down"]] = {
                "round_up": "up", "round_down": "down", "round_half": "half_up",
            }  # fmt: skip
            for kind, other_mode in modes.items():
                if other_mode != mode:
                    yield kind, node.span, replace(node, mode=other_mode)
        case _:
            return


def _of_rows(node: Any) -> Iterator[Edit]:
    """Other rows to gather from, other periods, another order."""
    match node:
        case s.Aggregate(function=function, window=window, where=where):
            if where is not None:
                yield "filter", where.span, replace(node, where=None)
                yield "negate", where.span, replace(node, where=negated(where))
            if function.choice in _GATHERED:
                yield "gather", node.span, replace(node, function=replace(function, choice=_GATHERED[function.choice]))
            if window is not None and window.count is not None:
                yield "longer", window.span, replace(node, window=replace(window, count=window.count + 1))
                if window.count > 1:
                    yield "shorter", window.span, replace(node, window=replace(window, count=window.count - 1))
        case s.Previous(path=path, opening=opening):
            yield "now", node.span, path
            if opening is not None:
                yield "opening", opening.span, replace(node, opening=None)
        case s.Rank(highest_first=highest):
            yield "rank", node.span, replace(node, highest_first=not highest)
        case _:
            return


def _of_condition(node: Any) -> Iterator[Edit]:
    """Other ends, joins and answers."""
    match node:
        case s.Bound():
            yield "end", node.span, other_end(node)
        case s.Or(left=left, right=right) | s.And(left=left, right=right):
            yield "joined", node.span, (s.And if isinstance(node, s.Or) else s.Or)(left, right, node.span)
            yield "fewer", right.span, left
            yield "fewer", left.span, right
        case s.Also(left=left):
            yield "fewer", node.bound.span, left
        case s.Same() | s.Member():
            yield "is", node.span, replace(node, negated=not node.negated)
            if isinstance(node, s.Member) and len(node.names) > 1:
                for index, name in enumerate(node.names):
                    yield "member", name.span, replace(node, names=(*node.names[:index], *node.names[index + 1 :]))
        case s.YesNo(value=yes):
            yield "yes", node.span, replace(node, value=not yes)
        case _:
            return


def other_end(bound: s.Bound) -> s.Bound:
    """The bound with its end in where it was out, and out where it was in."""
    return replace(bound, word=s.Word(_FLIPPED[bound.word.terminal], bound.word.choice))


def edges_moved(table: s.Table) -> Iterator[Edit]:
    """Each edge between bands moved by a step, or given to the other band, in every row that names it."""
    cells = [cell for row in table.rows for cell in row.cells]
    edges = {bound.value: bound.span for cell in cells for bound in _bounds_of(cell)}
    for edge, span in edges.items():
        if isinstance(edge, s.Quantity):
            for kind, new in moved(edge):
                yield f"edge_{kind}", span, _with_edge(table, edge, lambda b, new=new: replace(b, value=new))  # type: ignore[misc]
        # Of an amount cut into bands, what lies on an edge adds nothing to either.
        if not isinstance(table, s.Marginal):
            yield "edge", span, _with_edge(table, edge, other_end)


def _with_edge(table: s.Table, edge: s.Expr, change: Callable[[s.Bound], s.Bound]) -> s.Table:
    def cell(old: s.Cell) -> s.Cell:
        bounds = _bounds_of(old)
        if all(bound.value != edge for bound in bounds):
            return old
        assert isinstance(old, s.BoundsCell | s.SuffixCell)
        changed = tuple(change(bound) if bound.value == edge else bound for bound in bounds)
        return s.BoundsCell(changed, old.slice, old.span)

    return replace(table, rows=tuple(replace(row, cells=tuple(cell(c) for c in row.cells)) for row in table.rows))


def _bounds_of(cell: s.Cell) -> tuple[s.Bound, ...]:
    """The bounds of a cell; 85分 以上 is 达到 85分."""
    if isinstance(cell, s.SuffixCell):
        word = ("UP_TO", "UP_TO", "FROM", "OVER")[cell.word.choice]
        return (s.Bound(s.Word(word, 0), cell.value, cell.span),)
    return cell.bounds if isinstance(cell, s.BoundsCell) else ()


def moved(node: s.Quantity) -> Iterator[tuple[str, s.Quantity]]:
    """A number one step larger and smaller: 1 % of a ratio, a fen of money, else one; nothing falls below zero."""
    money = node.unit in _MONEYS and node.per is None
    amount = Decimal(node.number) * _MONEYS.get(node.unit or "", Decimal(1)) if money else Decimal(node.number)
    step, unit = (Decimal("0.01"), "元") if money else (Decimal(1), node.unit)
    yield "up", replace(node, number=_plain(amount + step), unit=unit)
    if amount >= step:
        yield "down", replace(node, number=_plain(amount - step), unit=unit)


def _plain(number: Decimal) -> str:
    return f"{number.normalize():f}"


def negated(condition: s.Expr) -> s.Expr:
    """The opposite of a condition."""
    match condition:
        case s.Not(value=s.Brackets(inner=inner)):
            return inner
        case s.Not(value=value):
            return value
        case s.Path() | s.Filled() | s.Met() | s.Brackets():
            return s.Not(condition, condition.span)
        case _:
            return s.Not(s.Brackets(condition, condition.span), condition.span)


def divides(value: Any) -> bool:
    """Whether an expression can come to less than a fen: something in it is a share, a product, a quotient or a mean."""
    match value:
        case s.Part() | s.Binary(sign="×" | "÷"):
            return True
        case s.Aggregate(function=function):
            return function.choice == 1
        case s.Citation() | s.Reading() | s.Reason():
            return False
        case _ if is_dataclass(value):
            items = (getattr(value, f.name) for f in fields(value) if f.name != "span")
            return any(divides(x) for item in items for x in (item if isinstance(item, tuple) else (item,)))
        case _:
            return False
