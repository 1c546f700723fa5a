"""The periods a row of data is for: its year, month, quarter or half-year, or every year a membership holds in."""

from datetime import date

from engine.load.bind_cells import may_be_october
from engine.load.binding import END, START, Binding, is_dated
from engine.load.tables import Cell, Row
from engine.load.values import parse_month, parse_year
from engine.nouns import core as c
from engine.nouns.periods import Period
from engine.nouns.possible import Scalar

_ORDINALS = {"1": 1, "2": 2, "3": 3, "4": 4, "一": 1, "二": 2, "三": 3, "四": 4, "上": 1, "下": 2}
_SUB_YEAR = {"month": "月份", "quarter": "季度", "half": "半年"}


def periods_of_row(
    b: Binding,
    kind: c.Table,
    row: Row,
    keys: dict[str, Cell],
    cells: dict[str, Scalar],
    year: int | None,
    years: tuple[int, ...],
) -> list[Period]:
    """The periods of a row; none where it does not say, which is told."""
    if kind.grain in _SUB_YEAR:
        return _sub_year(b, row, keys.get(_SUB_YEAR[kind.grain]), kind.grain, kind.name)
    if "年度" in keys:
        own = parse_year(keys["年度"].text)
        if own is None:
            b.tell("D052", keys["年度"].place, text=keys["年度"].text)
        return [Period(own, kind.grain)] if own is not None else []
    if is_dated(b.scheme, kind.name):
        start, end = cells.get(START), cells.get(END)
        return [
            Period(y, kind.grain)
            for y in years
            if (not isinstance(start, date) or start <= date(y, 1, 1))
            and (not isinstance(end, date) or end >= date(y, 1, 1))
        ]
    if kind.grain == "row" and any(isinstance(v, date) for v in cells.values()) and year is None:
        day = next(v for v in cells.values() if isinstance(v, date))
        return [Period(day.year, "row")]
    if year is None:
        if "年度" not in b.wrong_heads:
            b.tell("D075", row.place)
        return []
    return [Period(year, kind.grain)]


def _sub_year(b: Binding, row: Row, cell: Cell | None, grain: c.Grain, table: str) -> list[Period]:
    if cell is None:
        b.tell("D076", row.place, table=table)
        return []
    if may_be_october(cell):
        b.tell("D125", cell.place, text=cell.text, year=cell.text[:4])
        return []
    if grain == "month":
        month = parse_month(cell.text)
        if month is not None:
            return [Period(month[0], "month", month[1])]
    else:
        marks, most = {"quarter": (("Q", "季度"), 4), "half": (("H", "半年"), 2)}[grain]
        for mark in marks:
            head, found, tail = cell.text.partition(mark)
            if found and not tail.strip():
                head, tail = head[:-1], head[-1:]
            year, number = parse_year(head.strip(" -年第")), _ORDINALS.get(tail.strip())
            if found and year is not None and number is not None and number <= most:
                return [Period(year, grain, number)]
        month = parse_month(cell.text)
        # 2026-4 may be the fourth month or the fourth quarter.
        if month is not None and cell.text[-2:-1].isdigit():
            return [Period(month[0], grain, (month[1] - 1) // (12 // most) + 1)]
    b.tell("D077", cell.place, text=cell.text)
    return []
