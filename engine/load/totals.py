"""Total rows of a table (合计、小计、总计): they are no data; each is held against the rows it sums."""

import re
from collections.abc import Iterable, Sequence

from engine.load.tables import Cell, Row
from engine.load.values import MONEY_UNITS, header_unit, parse_value
from engine.nouns import kinds as k
from engine.nouns.numbers import decimal_text, grouped, parse_number
from grammar.diagnostic import Finding
from grammar.frozen import dataclass

_TOTAL = re.compile(
    r"(?:[^0-9]{0,12}?(?:合计|小计|总计|共计)(?:数|金额)?|(?:sub-?|grand)?totals?|sum)[：:]?", re.IGNORECASE
)
_SUBTOTAL = re.compile(r"小计|sub-?total", re.IGNORECASE)
_NAMING = frozenset({"名称", "单位", "机构", "机构名称", "单位名称", "name", "unit"})
# Columns that say which row it is, or that nobody adds up.
_NO_AMOUNT = re.compile(
    r".*(?:率|比例|占比|比重|系数|权重|得分|评分|单价|[人次日例床]均|均次|序号|编号|编码|代码|日期|时间).*"
    r"|(?:结算)?(?:年度|年份|年月|月份|季度|半年|期)",
    re.DOTALL,
)
_NO_AMOUNT_ID = re.compile(
    r"(?:.*_)?(?:rate|ratio|share|factor|score|rank|year|month|quarter|half|date|code|no)", re.ASCII
)
_NO_SUM_UNITS = frozenset({"%", "‰", "百分点", "个百分点", "分"})


def without_totals(rows: Sequence[Row]) -> tuple[tuple[Row, ...], list[Finding]]:
    """The rows that are data, and where a total row is not the sum of its rows."""
    totals = [index for index, row in enumerate(rows) if _is_total(row)]
    if not totals:
        return tuple(rows), []
    findings = [finding for index in totals for finding in _judged(rows, index, totals)]
    left = set(totals)
    return tuple(row for index, row in enumerate(rows) if index not in left), findings


def _is_total(row: Row) -> bool:
    for at, (name, cell) in enumerate(row.cells.items()):
        if cell.text and (at < _LABELLED_WITHIN or name in _NAMING) and _label(cell.text):
            return True
    return False


# 序号, 险种 and the like may stand before the name.
_LABELLED_WITHIN = 3


def _label(text: str) -> bool:
    # Most names end otherwise, and the pattern need not look at them.
    return text[-1:] in "计数额：:lmsLMS" and _TOTAL.fullmatch(re.sub(r"\s", "", text)) is not None


@dataclass(frozen=True, slots=True)
class _Miss:
    """A cell of a total row that is not the sum of the cells above."""

    cell: Cell
    name: str
    total: int
    amount: int


def _judged(rows: Sequence[Row], index: int, totals: list[int]) -> list[Finding]:
    """Where a total row misses the sum of the rows it speaks of: those before it, those after it, or all."""
    before = max((i for i in totals if i < index), default=-1)
    after = min((i for i in totals if i > index), default=len(rows))
    data = [i for i in range(len(rows)) if i not in set(totals)]
    above = [rows[i] for i in data if before < i < index]
    below = [rows[i] for i in data if index < i < after]
    whole = [rows[i] for i in data]
    upward = [rows[i] for i in data if i < index]
    told = _text_of(rows[index])
    # What is likely meant comes first: it is told where none of them fits.
    likely = [above, below] if _SUBTOTAL.search(told) else [whole, upward, above, below]
    candidates = [part for part in likely if part]
    best: list[_Miss] | None = None
    for part in candidates:
        misses = list(_missed(rows[index], part))
        if not misses:
            return []
        best = misses if best is None else best
    return [
        Finding("D117", miss.cell.place, {"label": told, "name": miss.name, "total": _said(miss.total),
                                          "sum": _said(miss.amount), "difference": _said(miss.total - miss.amount)})
        for miss in best or ()
    ]  # fmt: skip


def _text_of(row: Row) -> str:
    return next((cell.text for cell in row.cells.values() if cell.text and _label(cell.text)), "")


def _missed(total: Row, rows: list[Row]) -> Iterable[_Miss]:
    for name, cell in total.cells.items():
        plain, unit = header_unit(name)
        if not cell.text or _NO_AMOUNT.fullmatch(plain) or _NO_AMOUNT_ID.fullmatch(plain) or unit in _NO_SUM_UNITS:
            continue
        whole = _amount(cell.text, unit)
        if whole is None:
            continue
        parts = [_amount(row.cells[name].text, unit) for row in rows if name in row.cells and row.cells[name].text]
        # A column that holds anything but amounts has no sum to hold against.
        if any(part is None for part in parts):
            continue
        amount = sum(part for part in parts if part is not None)
        if amount != whole:
            yield _Miss(cell, name, whole, amount)


_SCALE = 10**12


def _amount(text: str, unit: str | None) -> int | None:
    """A number in trillionths, so that sums are whole; words of money count, and all else is none."""
    number = parse_number(text)
    if number is None and text.endswith(("元", "万", "亿")):
        value = parse_value(text, k.SIGNED, unit if unit in MONEY_UNITS else None)
        scale = parse_value("1", k.SIGNED, unit if unit in MONEY_UNITS else None)
        if isinstance(value, int) and isinstance(scale, int):
            return value * _SCALE // scale
    if number is None:
        return None
    scaled = number * _SCALE
    return scaled.numerator if scaled.denominator == 1 else None


def _said(amount: int) -> str:
    text = decimal_text(amount, 0)
    sign, digits = ("-", text[1:]) if text.startswith("-") else ("", text)
    digits = digits.rjust(13, "0")
    return sign + grouped(f"{digits[:-12]}.{digits[-12:]}".rstrip("0").rstrip("."))
