"""Random Gaotai cases, all of them valid."""

from __future__ import annotations

from fractions import Fraction
from random import Random
from typing import Any

from gaotai import PAYABLE, ROSTER, WORDS, figures
from materials import (
    FEN,
    Cell,
    Money,
    Rate,
    Table,
    amount,
    blank,
    chance,
    cleared_against,
    distinct_orders,
    part_of,
    plain,
    rate,
    small,
    some,
    written,
    yuan,
)

_THIRD = "高台县中部医共体"
_STANDALONE = ("县妇幼保健院", "高台丝路慈仁医院", "高台仁康医院")
_POOLS = ("个体诊所", "零售药店", "异地就医")
_UNITS = {"医共体": "alliance", "非医共体机构": "standalone"}
_CAP = Fraction(30, 100)
_MEMBERS: Table = [
    {"名称": "巷道镇卫生院", "所属医共体": ROSTER[0], "是否牵头": False, "起始日期": "2026-01-01"},
    {"名称": "巷道镇卫生院正远分院", "所属医共体": ROSTER[1], "是否牵头": False, "起始日期": "2026-01-01"},
]


def random_case(rng: Random) -> dict[str, Any]:
    """One case as a bureau may hand it in."""
    heads, case = _rows(rng)
    _clear(rng, heads, case)
    _special(rng, heads, case)
    _lose(rng, case)
    _claims(rng, case)
    _months(rng, case)
    _assume(rng, case)
    if chance(rng, 0.05):
        case["成员单位"] = [dict(row) for row in _MEMBERS]
    return written(rng, "gaotai", heads, WORDS, case)


def _rows(rng: Random) -> tuple[dict[str, Cell], dict[str, Any]]:
    """Who is in the data, with budgets given or to come from history."""
    years = [2026, 2027] if chance(rng, 0.15) else [2026]
    insurances = ["职工", "居民"] if chance(rng, 0.6) else [rng.choice(("职工", "居民"))]
    alliances = [*ROSTER, _THIRD] if chance(rng, 0.1) else list(ROSTER)
    standalone = some(rng, _STANDALONE, 0)
    case: dict[str, Any] = {"医共体": [], "非医共体机构": [], "资金池": [], "县": [], "历史基金使用": []}
    for year in years:
        for insurance in insurances:
            present = some(rng, alliances, 1) if chance(rng, 0.15) else alliances
            own: dict[str, Cell] = {"年度": year, "险种": insurance}
            case["医共体"] += [{"名称": name} | own for name in present]
            case["非医共体机构"] += [{"名称": name} | own for name in standalone]
            if chance(rng, 0.88):
                lines = some(rng, _POOLS, 1)
                case["资金池"] += [{"名称": name} | own | {"年度总额预算": Money(amount(rng))} for name in lines]
            _budgets(rng, case, own)
    _lose_history(rng, case)
    if chance(rng, 0.2):
        distinct_orders(rng, (case["医共体"], case["非医共体机构"]))
    if not case["县"]:
        _gate(rng, case["医共体"])
        _measured(rng, case["资金池"])
    heads = _heads(rng, case, years, insurances)
    return heads, {kind: rows for kind, rows in case.items() if rows}


def _budgets(rng: Random, case: dict[str, Any], own: dict[str, Cell]) -> None:
    """Budgets of one year and insurance type: given, or left to the three years of use before."""
    units = [row for kind in _UNITS for row in case[kind] if row.items() >= own.items()]
    # Where a third alliance stands among units outside the roster is not fixed, so nothing of history hangs on it.
    from_history = chance(rng, 0.25) and not any(row["名称"] == _THIRD for row in units)
    if from_history or chance(rng, 0.1):
        pooled = sum((yuan(row, "年度总额预算") for row in case["资金池"] if row.items() >= own.items()), Fraction(0))
        case["县"].append({"名称": "高台县"} | own | {"市级下达总额": Money(pooled + amount(rng, low=1))})
    if from_history:
        _history(rng, case["历史基金使用"], units, own)
    for row in units:
        if not from_history or chance(rng, 0.1):
            row["年度总额预算"] = Money(amount(rng))
        elif chance(rng, 0.15):
            row["协商确定额"] = Money(amount(rng))


def _history(rng: Random, history: Table, units: Table, own: dict[str, Cell]) -> None:
    """Three years of use, at times alike for all units so that remainders tie, at times with a row missing."""
    year = int(str(own["年度"]))
    alike = amount(rng, low=1) if chance(rng, 0.35) else None
    told = {(row["年度"], row["单位"], row["险种"]) for row in history}
    for place, row in enumerate(units):
        for past in range(year - 3, year):
            if (past, row["名称"], own["险种"]) in told:
                continue
            # The first unit has all its rows, so that every year is covered; each unit has one at least.
            if place == 0 or past == year - 3 or chance(rng, 0.95):
                use = Money(alike or amount(rng, low=1))
                history.append({"年度": past, "单位": row["名称"], "险种": own["险种"], "历年基金使用额": use})


def _lose_history(rng: Random, case: dict[str, Any]) -> None:
    """At times a whole year, a cell, a pool budget or the county's total is missing, and with it the shares."""
    history: Table = case["历史基金使用"]
    if history and chance(rng, 0.07):
        gone = rng.choice([row["年度"] for row in history])
        case["历史基金使用"] = [row for row in history if row["年度"] != gone]
    elif history and chance(rng, 0.05):
        blank(rng, rng.choice(history), "历年基金使用额")
    if case["县"] and chance(rng, 0.05):
        blank(rng, rng.choice(case["县"]), "市级下达总额")
    if case["县"] and case["资金池"] and chance(rng, 0.05):
        blank(rng, rng.choice(case["资金池"]), "年度总额预算")


def _gate(rng: Random, alliances: Table) -> None:
    """One answer a unit and year, the same on both rows of it, or none."""
    answers: dict[tuple[Cell, Cell], Cell | None] = {}
    for row in alliances:
        answer = answers.setdefault((row["名称"], row["年度"]), rng.choice((None, None, None, True, True, True, False)))
        if answer is not None:
            row["系统对接"] = answer


def _measured(rng: Random, pools: Table) -> None:
    """Pool lines that the county only measured a base and a growth for."""
    for row in pools:
        if chance(rng, 0.1):
            del row["年度总额预算"]
            row["测算基数"] = Money(amount(rng))
            row["测算增长率"] = Rate(rate(rng) - Fraction(rng.choice((0, 1)), 2))


def _heads(rng: Random, case: dict[str, Any], years: list[int], insurances: list[str]) -> dict[str, Cell]:
    """What all rows share may stand at the head instead."""
    heads: dict[str, Cell] = {}
    if len(years) == 1 and chance(rng, 0.8):
        heads["年度"] = years[0]
        _without(rng, "年度", case["医共体"], case["非医共体机构"], case["资金池"], case["县"])
    if len(insurances) == 1 and chance(rng, 0.7):
        heads["险种"] = insurances[0]
        _without(rng, "险种", *case.values())
    return heads


def _without(rng: Random, column: str, *tables: Table) -> None:
    for table in tables:
        for row in table:
            if chance(rng, 0.9):
                del row[column]


def _clear(rng: Random, heads: dict[str, Cell], case: dict[str, Any]) -> None:
    """Adjustments, and cleared amounts around the budget they leave."""
    seen = figures(plain(heads, case))
    for kind, kind_id in (*_UNITS.items(), ("资金池", "pool")):
        for row in case.get(kind, []):
            # The gate may hide the figure of a budget that the row itself gives.
            told = isinstance(row.get("年度总额预算"), Money)
            budget = yuan(row, "年度总额预算") if told else _figure(seen, kind_id, heads, row, "adjusted_budget")
            if chance(rng, 0.3):
                row["预算调整额"] = Money(_adjustment(rng, budget))
            adjusted = (amount(rng, low=1) if budget is None else budget) + yuan(row, "预算调整额")
            row["年度清算总额"] = Money(cleared_against(rng, adjusted, _CAP))
            if kind in _UNITS:
                _happen(rng, kind, row)


def _adjustment(rng: Random, budget: Fraction | None) -> Fraction:
    """A decision of either sign that leaves something of a budget; upward where nobody knows the budget."""
    if budget is None:
        return small(rng)
    return rng.choice((part_of(rng, budget), -part_of(rng, budget), -min(small(rng), budget)))


def _happen(rng: Random, kind: str, row: dict[str, Cell]) -> None:
    """Events, and what was paid and deducted."""
    events = ["推诿患者属实", "服务重大变化"]
    if kind == "医共体":
        events.append(rng.choice(("未按时足额返还预付金", "未足额返还预付金")))
    for event in events:
        if chance(rng, 0.14):
            row[event] = chance(rng, 0.6)
    if chance(rng, 0.3):
        row["违规扣款"] = Money(small(rng))
    if chance(rng, 0.3):
        row["已拨付"] = Money(amount(rng))


def _special(rng: Random, heads: dict[str, Cell], case: dict[str, Any]) -> None:
    """The part of an overspend that a special cause made."""
    seen = figures(plain(heads, case))
    for kind, kind_id in _UNITS.items():
        for row in case.get(kind, []):
            overspend = _figure(seen, kind_id, heads, row, "overspend")
            if overspend is not None and chance(rng, 0.5):
                row["特殊原因超支额"] = Money(part_of(rng, overspend))


def _lose(rng: Random, case: dict[str, Any]) -> None:
    """Cells gone missing, never beside a special part or a cut whose limit they would leave open."""
    for kind in (*_UNITS, "资金池"):
        for row in case.get(kind, []):
            bounded = yuan(row, "特殊原因超支额") > 0 or yuan(row, "预算调整额") < 0
            if not bounded and chance(rng, 0.05):
                blank(rng, row, rng.choice(("年度总额预算", "年度清算总额")) if not case.get("县") else "年度清算总额")


def _claims(rng: Random, case: dict[str, Any]) -> None:
    """At times claims in place of cleared amounts, which the counted ones add up to."""
    if not chance(rng, 0.12):
        return
    table: Table = []
    for kind in _UNITS:
        for row in case.get(kind, []):
            if isinstance(row.get("年度清算总额"), Money) and chance(rng, 0.6):
                left = yuan(row, "年度清算总额")
                del row["年度清算总额"]
                if kind == "医共体" and chance(rng, 0.5):
                    row["手工报销额"] = Money(part_of(rng, left))
                    left -= yuan(row, "手工报销额")
                table += _split_up(rng, row, left)
    case["明细"] = table


def _split_up(rng: Random, unit: dict[str, Cell], left: Fraction) -> Table:
    """Claims that add up to an amount, some outside what the fund pays for among them."""
    rows: Table = []
    own: dict[str, Cell] = {"单位": unit["名称"]} | {key: unit[key] for key in ("年度", "险种") if key in unit}
    for _ in range(rng.randint(0, 5)):
        paid = part_of(rng, left) * rng.choice((1, 1, -1))
        counts = chance(rng, 0.8)
        left -= paid if counts else 0
        rows.append(own | {"统筹基金支付": Money(paid), "费用类别": rng.choice(PAYABLE) if counts else "其他费用"})
    rows.append(own | {"统筹基金支付": Money(left), "费用类别": PAYABLE[0]})
    return rows


def _months(rng: Random, case: dict[str, Any]) -> None:
    """Monthly rows for most units, some of them with gaps."""
    if chance(rng, 0.3):
        return
    table: Table = []
    with_paid = chance(rng, 0.93)
    for kind in _UNITS:
        for row in case.get(kind, []):
            months = sorted(rng.sample(range(1, 13), rng.choice((0, 1, 2, 3, 12))))
            table += [_month(rng, row, month, with_paid=with_paid) for month in months]
    case["月度"] = table


def _month(rng: Random, unit: dict[str, Cell], month: int, *, with_paid: bool) -> dict[str, Cell]:
    row: dict[str, Cell] = {"单位": unit["名称"], "月份": f"{unit.get('年度', 2026)}-{month:02d}"}
    if "险种" in unit:
        row["险种"] = unit["险种"]
    if chance(rng, 0.3):
        row["核定应付"] = Money(amount(rng))
    row["扣保证金"] = Money(rng.choice((Fraction(0), rng.randint(0, 10**8) * FEN, rng.randint(0, 99) * FEN)))
    if with_paid:
        row["实拨"] = Money(rng.randint(0, 10**10) * FEN)
    if chance(rng, 0.01):
        blank(rng, row, rng.choice(("扣保证金", "实拨")))
    return row


def _assume(rng: Random, case: dict[str, Any]) -> None:
    """Some of the open parameters get a value, and at times all rows a score factor."""
    names = [name for name in ("超支分担比例", "特殊超支分担比例", "保证金返还比例") if chance(rng, 0.6)]
    if chance(rng, 0.12):
        names.append("考核系数")
    else:
        for row in (row for kind in _UNITS for row in case.get(kind, [])):
            if chance(rng, 0.25):
                row["考核系数"] = Rate(rate(rng))
    if names:
        case["假设"] = {name: Rate(rate(rng)) for name in names}


def _figure(
    seen: dict[Any, Any], kind: str, heads: dict[str, Cell], row: dict[str, Cell], name: str
) -> Fraction | None:
    insurance, year = row.get("险种", heads.get("险种")), row.get("年度", heads.get("年度"))
    value = seen.get((kind, row["名称"], insurance, str(year), name))
    return None if value is None else Fraction(value)
