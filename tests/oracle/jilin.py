"""Jilin by hand: every figure the contract names, worked out straight from its words."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any

import draws
from casefile import Case, Figure, Key, Row, ratio, read
from draws import Cells
from spans import (
    ZERO,
    Settled,
    Span,
    admitted,
    any_money,
    any_share,
    described,
    exactly,
    money,
    paid_by_month,
    read_rates,
    share,
    shown,
)

RATES = {
    "中医倾斜比例": "tcm_tilt",
    "扣减系数": "cut_rate",
    "结余留用比例": "retention_rate",
    "超支分担比例": "overspend_share_rate",
}
_TESTS = {"卫健评定": "assessed", "备案": "filed"}
_OWN = {
    "倾斜额": "tcm_addition",
    "异地扣减": "out_of_area_cut",
    "预拨金": "advance",
    "下年预算基数": "next_budget_base",
}
WORDS = {
    "政策调整额": "policy_change",
    "中医牵头": "tcm_led",
    "本年异地占比": "out_share",
    "上年异地占比": "last_out_share",
    "参保人医疗总费用": "insured_cost",
    "合理结余认定": "reasonable_surplus",
    "预拨月数": "advance_months",
    **RATES,
    **_TESTS,
    **_OWN,
}

COVERED: Mapping[str, frozenset[str]] = {
    "alliance": frozenset(
        {
            "admitted",
            "budget",
            "adjusted_budget",
            "balance",
            "surplus",
            "overspend",
            "retained",
            "agency_retained",
            "fund_share",
            "provider_share",
            "entitlement",
            "paid",
            "final_due",
            *_OWN.values(),
        }
    ),
}
"""The figures this calculator speaks for, by kind: one of them that it does not give is absent."""


def figures(case: Mapping[str, Any]) -> dict[Key, str | bool | None]:
    """The value of every figure of the case, none where it is open."""
    return {key: shown(value) for key, value in _by_assumption(read(case, WORDS, {}, None)).items()}


def settled(case: Mapping[str, Any]) -> dict[Key, Figure]:
    """Every figure of the case with its state."""
    return dict(described(_by_assumption, read(case, WORDS, {}, None)))


def random_case(seed: int) -> dict[str, Any]:
    """A case the contract accepts, with every scalar as text, leaning towards ties, equalities and gaps."""
    rng = draws.seeded(seed)
    # Rates of 0 % and 100 % meet nothing open: there two honest interval forms may differ in width.
    complete = rng.random() < 0.4
    rates = {name: _random_rate(rng, name, edges=complete) for name in RATES if complete or rng.random() < 0.75}
    rows: list[Cells] = []
    for unit in rng.sample(["甲县人民医院医共体", "甲县中医院医共体", "乙县医共体", "丙市医共体"], rng.randint(1, 3)):
        of_unit: list[Cells] = []
        for year in sorted(rng.sample(range(2025, 2030), rng.randint(1, 4))):
            _random_year(rng, rates, of_unit, unit, year, complete=complete)
        rows += of_unit
    case: dict[str, Any] = {"方案": "jilin", "假设": rates, "医共体": rows}
    if complete or rng.random() < 0.5:
        case["月度"] = draws.months(rng, rows, complete=complete)
    return draws.shuffled(rng, case)


def _by_assumption(data: Case) -> Settled:
    """Every rate is one the document leaves to others: the assumed one, or any."""
    rates = read_rates(data, RATES)
    return reckon(data, lambda _: rates, lambda _, found: found)


def reckon(
    data: Case,
    rates: Callable[[int], Mapping[str, Span]],
    amended: Callable[[Row, dict[str, Span]], dict[str, Span]],
) -> Settled:
    """All years in order, with the rates of each year and whatever a county changes before the last line is drawn."""
    results: Settled = {}
    rows = {(row.text("name"), row.year): row for _, row in data.rows("alliance")}
    bases: dict[tuple[str, int], Span] = {}
    for (unit, year), row in sorted(rows.items(), key=lambda pair: pair[0][1]):
        answer = admitted(row, _TESTS)
        results["alliance", unit, None, str(year), "admitted"] = answer
        if answer is False:
            continue
        # The floor of one year reaches the next year only; a year without a row breaks the chain.
        floor = bases.get((unit, year - 1), ZERO)
        found = amended(row, _settle(row, floor, _rise(row, rows.get((unit, year - 1))), rates(year)))
        if not row.text("paid"):
            found["paid"] = paid_by_month(data, row)
        owed = found["entitlement"] - money(row, "violations", ZERO)
        found["final_due"] = owed - money(row, "paid", found.get("paid", ZERO))
        if "next_budget_base" in found:
            bases[unit, year] = found["next_budget_base"]
        for name, span in found.items():
            results["alliance", unit, None, str(year), name] = span
    return results


def _rise(row: Row, before: Row | None) -> Span:
    """How far the out-of-area share rose; last year's share is the data's own where it has one."""
    opening = share(row, "last_out_share", any_share("上年异地占比"))
    last = opening if before is None else share(before, "out_share", any_share("本年异地占比"))
    if row.text("last_out_share") and opening != last:
        raise ValueError("last year is in the data and another share is given for it")
    return (share(row, "out_share", any_share("本年异地占比")) - last).at_least(ZERO)


def _settle(row: Row, floor: Span, rise: Span, rates: Mapping[str, Span]) -> dict[str, Span]:
    budget = money(row, "budget", any_money("年度总额预算")).at_least(floor)
    change = money(row, "policy_change", ZERO)
    addition = ((budget + change) * rates["tcm_tilt"]).to_the_fen() if row.answer("tcm_led") else ZERO
    cut = (rates["cut_rate"] * rise * money(row, "insured_cost", any_money("参保人医疗总费用"))).to_the_fen()
    adjusted = budget + money(row, "budget_adjustment", ZERO) + change + addition - cut
    if adjusted.high < 0:
        raise ValueError("an adjusted budget below zero")
    cleared = money(row, "cleared", any_money("年度清算总额"))
    balance = adjusted - cleared
    surplus, overspend = balance.at_least(ZERO), (ZERO - balance).at_least(ZERO)
    retained = (surplus * rates["retention_rate"]).to_the_fen()
    fund_share = (overspend * rates["overspend_share_rate"]).to_the_fen()
    entitlement = adjusted.at_most(cleared) + retained + fund_share
    found = {
        "budget": budget,
        "tcm_addition": addition,
        "out_of_area_cut": cut,
        "adjusted_budget": adjusted,
        "balance": balance,
        "surplus": surplus,
        "overspend": overspend,
        "retained": retained,
        "agency_retained": (surplus - retained).at_least(ZERO),
        "fund_share": fund_share,
        "provider_share": (overspend - fund_share).at_least(ZERO),
        "entitlement": entitlement,
    }
    if row.text("advance_months"):
        found["advance"] = (budget * exactly(Fraction(row.text("advance_months")) / 12)).to_the_fen()
    return found | _next_base(row.answer("reasonable_surplus"), surplus, budget)


def _next_base(judged: bool | None, surplus: Span, budget: Span) -> dict[str, Span]:
    """The budget after a surplus judged reasonable; no such figure where there is no surplus or the judgement is no."""
    if judged is False or surplus.high == 0:
        return {}
    if judged and surplus.low > 0:
        return {"next_budget_base": budget}
    # Not settled whether there is one at all: the floor of next year may also be nothing.
    waits = (set() if judged else {"合理结余认定"}) | surplus.missing | budget.missing
    return {"next_budget_base": Span(ZERO.low, budget.high, frozenset(waits))}


def _random_rate(rng: random.Random, name: str, *, edges: bool) -> str:
    return draws.rate(rng, 500 if name == "中医倾斜比例" else 10_000, edges=edges)


def _random_year(rng: random.Random, rates: Cells, rows: list[Cells], unit: str, year: int, *, complete: bool) -> None:
    """Adds one year of a unit to its rows, choosing amounts by what the figures so far come to."""
    before = next((row for row in rows if row["年度"] == str(year - 1)), None)
    row = {"名称": unit, "年度": str(year)} | _random_answers(rng, complete=complete)
    row |= _random_budget(rng, _reckoned(rates, rows, unit, year - 1).get("budget"), complete=complete)
    row |= _random_shares(rng, before, complete=complete)
    if complete or rng.random() < 0.9:
        row["参保人医疗总费用"] = draws.amount(rng, 5_000_000_000, 60_000_000_000)
    if rng.random() < 0.3:
        row["违规扣款"] = draws.amount(rng, 100, 50_000_000)
    if rng.random() < 0.4:
        row["已拨付"] = draws.amount(rng, 100, 30_000_000_000)
    if rng.random() < 0.5:
        row["预拨月数"] = rng.choice(["1", "2", "3", "1.5", "12"])
    rows.append(row)
    try:
        adjusted = _reckoned(rates, rows, unit, year).get("adjusted_budget")
    except ValueError:
        # The cut went past the whole budget, which the contract calls an error: leave nothing to cut from.
        row["参保人医疗总费用"] = "0.00"
        adjusted = _reckoned(rates, rows, unit, year).get("adjusted_budget")
    if complete or rng.random() < 0.93:
        row |= _random_cleared(rng, adjusted)


def _reckoned(rates: Cells, rows: list[Cells], unit: str, year: int) -> dict[str, Span]:
    results = _by_assumption(read({"假设": rates, "医共体": rows}, WORDS, {}, None))
    return {
        name: span
        for (_, of_unit, _, period, name), span in results.items()
        if (of_unit, period) == (unit, str(year)) and isinstance(span, Span)
    }


def _random_answers(rng: random.Random, *, complete: bool) -> Cells:
    row = {test: rng.choice(["是", "true"]) for test in _TESTS}
    if rng.random() < 0.1:
        row[rng.choice(list(row))] = rng.choice(["否", "false"])
    if not complete and rng.random() < 0.25:
        del row[rng.choice(list(row))]
    if complete or rng.random() < 0.75:
        row["合理结余认定"] = rng.choice(["是", "是", "否"])
    if rng.random() < 0.7:
        row["中医牵头"] = rng.choice(["是", "否"])
    return row


def _random_budget(rng: random.Random, last: Span | None, *, complete: bool) -> Cells:
    row: Cells = {}
    if last is not None and last.settled and rng.random() < 0.6:
        more = rng.choice([0, 1, -1, rng.randint(-900_000_000, 900_000_000)])
        row["年度总额预算"] = draws.yuan(max(100_000_000, (last.low * 100).numerator + more))
    elif complete or rng.random() < 0.95:
        row["年度总额预算"] = draws.amount(rng, 2_000_000_000, 30_000_000_000)
    for name in ("政策调整额", "预算调整额"):
        if rng.random() < 0.35:
            row[name] = draws.signed(rng, 30_000_000)
    return row


def _random_shares(rng: random.Random, before: Cells | None, *, complete: bool) -> Cells:
    last = rng.randint(300, 2500)
    row: Cells = {}
    if before is None:
        if complete or rng.random() < 0.9:
            row["上年异地占比"] = draws.percent(rng, last)
    elif "本年异地占比" in before:
        last = (ratio(before["本年异地占比"]) * 10_000).numerator
        if rng.random() < 0.3:
            row["上年异地占比"] = before["本年异地占比"]
    if complete or rng.random() < 0.92:
        change = rng.choice([0, 1, -1, 250, rng.randint(-400, 0), rng.randint(0, 400), rng.randint(0, 400)])
        row["本年异地占比"] = draws.percent(rng, max(0, last + change))
    return row


def _random_cleared(rng: random.Random, adjusted: Span | None) -> Cells:
    if adjusted is not None and adjusted.settled:
        return draws.cleared(rng, draws.around(rng, (adjusted.low * 100).numerator))
    return draws.cleared(rng, rng.randint(1_500_000_000, 40_000_000_000))
