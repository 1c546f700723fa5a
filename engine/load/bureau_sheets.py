"""Sheets of amounts (预算下达, 历史基金使用, 月度结算) become rows of the kinds of rows they hold."""

from collections.abc import Callable
from datetime import date, timedelta

from engine.load.bureau_layout import target
from engine.load.bureau_roster import Unit
from engine.load.bureau_rows import BureauRow, Taken, is_unclear, number_of, year_of
from engine.load.bureau_work import Whose, Work, place_row
from engine.load.tables import Cell, Row
from engine.load.values import parse_month
from engine.nouns import kinds as k
from engine.nouns.numbers import Number, money_text
from grammar.diagnostic import Place
from grammar.frozen import dataclass

TOTALS = frozenset({"合计", "小计", "总计", "总分"})
_WHO = ("机构编码", "机构名称")


@dataclass(frozen=True, slots=True)
class Mention:
    """That a sheet speaks of a unit in a year, under an insurance type."""

    unit: Unit
    year: int
    insurance: str | None
    place: Place


def take_issues(work: Work) -> None:
    """预算下达: one row of the county for each year and insurance type."""
    kind, first = work.kind("county"), dict[tuple[int, str | None], BureauRow]()
    for row in work.rows("county"):
        year = year_of(row, work.told, work.head_year)
        takes_part, insurance = work.insurance(row, "county")
        if year is None or not takes_part:
            continue
        if (year, insurance) in first:
            work.told.tell("D165", row.place, year=year, insurance=insurance or "—",
                           other=place_row(first[year, insurance].place))  # fmt: skip
            continue
        first[year, insurance] = row
        given = [(c, row.cells[c.name]) for c in work.sheets["county"][0].columns if c.name in row.cells]
        found = [(name, t) for c, t in given if (name := target(work.scheme, kind, c, insurance)) is not None]
        found += list(row.direct.items())
        if found:
            draft = work.draft(kind, "", year, insurance, row.place)
            for name, taken in found:
                work.give(draft, name, taken)


def take_months(work: Work) -> list[Mention]:
    """月度结算: one row a month for each unit; the months of members add up to their alliance of that month."""
    kind = work.kind("month")
    groups: dict[tuple[str, str, str | None], list[BureauRow]] = {}
    seen: dict[tuple[str, str, str, str], Place] = {}
    mentions = []
    for row in work.rows("months"):
        month = _month(work, row)
        takes_part, insurance = work.insurance(row, "months")
        if month is None or not takes_part:
            continue
        first = date(*month, 1)
        whose = work.whose(row, _WHO, first, last_day(first))
        if whose is None or not _holds(work, whose, kind, row, "months"):
            continue
        period = f"{month[0]}-{month[1]:02d}"
        once = (_institution(whose), period, row.text("险种"), row.text("清算类别"))
        if once in seen:
            work.told.tell("D079", row.place, unit=once[0], period=period, insurance=once[2] or "—",
                           other=place_row(seen[once]))  # fmt: skip
            continue
        seen[once] = row.place
        groups.setdefault((whose.unit.name, period, insurance), []).append(row)
        mentions.append(Mention(whose.unit, month[0], insurance, row.place))
    if "months" in work.sheets and kind in work.scheme.tables:
        rows = work.tables.setdefault(kind, [])
        blanks: dict[tuple[str, str], list[tuple[str, Place]]] = {}
        for (unit, month_text, insurance), group in groups.items():
            rows.append(_month_row(work, (unit, month_text, insurance), group, blanks))
        for (unit, name), months in blanks.items():
            listed = "、".join(dict.fromkeys(month for month, _ in months))
            work.told.tell("D167", months[0][1], unit=unit, name=name, periods=listed)
    return mentions


def take_history(work: Work) -> list[Mention]:
    """历史基金使用: a row for each institution and category, under the unit it belongs to in the year that is settled."""
    kind = work.kind("history")
    groups: dict[tuple[int, str, str | None, str], list[tuple[BureauRow, Whose]]] = {}
    mentions: list[Mention] = []
    for row in work.rows("history"):
        year = year_of(row, work.told)
        takes_part, insurance = work.insurance(row, "history")
        if year is None or not takes_part:
            continue
        whose = _history_unit(work, row, year)
        if whose is None or not _holds(work, whose, kind, row, "history"):
            continue
        groups.setdefault((year, _institution(whose), insurance, row.text("险种")), []).append((row, whose))
        later = [y for y in work.years if year < y <= year + _WINDOW]
        mentions += [Mention(whose.unit, y, insurance, row.place) for y in later]
    if "history" in work.sheets and kind in work.scheme.tables:
        rows = work.tables.setdefault(kind, [])
        for (year, institution, insurance, _), group in groups.items():
            for row, whose in _without_totals(work, group, institution, year):
                rows.append(_history_row(work, row, whose, year, insurance))
    return mentions


def last_day(first: date) -> date:
    """The last day of a month that begins on a day."""
    following = date(first.year + first.month // 12, first.month % 12 + 1, 1)
    return following - timedelta(days=1)


_WINDOW = 3


def _month(work: Work, row: BureauRow) -> tuple[int, int] | None:
    text = row.text("结算年月")
    month = parse_month(text) if text else None
    if not text:
        work.told.tell("D076", row.place, table=work.sheets["months"][2].name)
    elif month is None:
        work.told.tell("D077", row.at("结算年月"), text=text)
    return month


def _holds(work: Work, whose: Whose, kind: str, row: BureauRow, sort: str) -> bool:
    """Whether a kind of rows may belong to a unit under the scheme; told once by the kind of unit where it may not."""
    table = work.scheme.tables.get(kind)
    unit = whose.unit
    if not unit.kind or (table is not None and unit.kind in table.parents and unit.kind in work.unit_kinds):
        return table is not None
    work.leave_out(sort, unit.kind, row.place)
    return False


def _month_row(
    work: Work,
    key: tuple[str, str, str | None],
    group: list[BureauRow],
    blanks: dict[tuple[str, str], list[tuple[str, Place]]],
) -> Row:
    unit, month, insurance = key
    place = group[0].place
    # The month as it was written, the least clear one first: what is wrong with it is told where rows are bound.
    written = min((row.cells["结算年月"].cell for row in group), key=lambda cell: not is_unclear(cell))
    cells = {"单位": Cell(unit, place), "月份": written}
    if insurance is not None:
        cells["险种"] = Cell(insurance, place)
    sources: dict[str, Callable[[BureauRow], Taken | None]] = {}
    for column in work.sheets["months"][0].columns:
        name = target(work.scheme, work.kind("month"), column, insurance)
        if name is not None:
            sources[name] = lambda row, source=column.name: row.cells.get(source)  # type: ignore[misc]
    for name in dict.fromkeys(name for row in group for name in row.direct):
        sources[name] = lambda row, source=name: row.direct.get(source)  # type: ignore[misc]
    for name, source in sources.items():
        found = [(row, source(row)) for row in group]
        given = [taken for _, taken in found if taken is not None]
        if given and len(given) < len(group):
            blanks.setdefault((unit, name), []).extend((month, row.place) for row, t in found if t is None)
        elif len(given) == 1:
            cells[f"{name}({given[0].unit})" if given[0].unit else name] = given[0].cell
        elif given:
            amounts = [number_of(taken, k.SIGNED, name, work.told) for taken in given]
            if all(amount is not None for amount in amounts):
                total: Number = sum((amount for amount in amounts if amount is not None), 0)
                cells[name] = Cell(money_text(total), given[0].cell.place)
    return Row(cells, place)


def _history_unit(work: Work, row: BureauRow, year: int) -> Whose | None:
    """The unit an institution belongs to in the years that are settled with this row; they must agree."""
    later = [y for y in work.years if year < y <= year + _WINDOW] or [year]
    if not work.roster.given:
        return work.whose(row, _WHO, date(year, 1, 1), date(year, 12, 31))
    found = [work.whose(row, _WHO, date(y, 1, 1), date(y, 12, 31), "D193") for y in later]
    units = {whose.unit for whose in found if whose is not None}
    if len(units) > 1:
        names = "、".join(sorted(unit.name for unit in units))
        work.told.tell("D158", row.place, name=row.text("机构名称") or row.text("机构编码"), units=names)
        return None
    return next((whose for whose in found if whose is not None), None)


def _institution(whose: Whose) -> str:
    return whose.spell.code if whose.spell is not None else whose.unit.name


def _without_totals(
    work: Work, group: list[tuple[BureauRow, Whose]], institution: str, year: int
) -> list[tuple[BureauRow, Whose]]:
    """The rows of an institution's year less its total row, which must be the sum of the others."""
    totals = [(row, whose) for row, whose in group if row.text("类别") in TOTALS]
    parts = [(row, whose) for row, whose in group if row.text("类别") not in TOTALS]
    if not totals or not parts:
        return group
    if all("统筹基金支付" in row.cells for row, _ in group):
        values = [number_of(row.cells["统筹基金支付"], k.MONEY, "统筹基金支付", work.told) for row, _ in parts]
        if all(value is not None for value in values):
            due: Number = sum((value for value in values if value is not None), 0)
            for row, _ in totals:
                told = number_of(row.cells["统筹基金支付"], k.MONEY, "统筹基金支付", work.told)
                if told is not None and told != due:
                    work.told.tell("D185", row.at("统筹基金支付"), unit=institution, period=year,
                                   text=row.text("统筹基金支付"), due=money_text(due))  # fmt: skip
    return parts


def _history_row(work: Work, row: BureauRow, whose: Whose, year: int, insurance: str | None) -> Row:
    place = row.place
    # Each institution and category is a row of its own, so that every amount keeps its cell.
    label = " ".join(t for t in (_institution(whose), row.text("类别")) if t)
    if work.combined and row.text("险种"):
        label = f"{label} {row.text('险种')}"
    cells = {
        "名称": Cell(label, place),
        "单位": Cell(whose.unit.name, place),
        "年度": Cell(str(year), row.at("年度")),
    }
    if insurance is not None:
        cells["险种"] = Cell(insurance, place)
    for column in work.sheets["history"][0].columns:
        name = target(work.scheme, work.kind("history"), column, insurance)
        if name is not None and column.name in row.cells:
            taken = row.cells[column.name]
            cells[f"{name}({taken.unit})" if taken.unit else name] = taken.cell
    return Row(cells, place)
