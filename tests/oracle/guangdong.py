"""Guangdong by hand: every figure the contract names, worked out straight from its words."""

from __future__ import annotations

import random
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import draws
from casefile import Case, Figure, Key, Row, read
from draws import Cells
from spans import (
    ONE,
    ZERO,
    Settled,
    Span,
    admitted,
    any_growth,
    any_money,
    claims_of,
    described,
    exactly,
    money,
    paid_by_month,
    read_rates,
    share,
    shown,
)

_RATES = {
    "保证金比例": "deposit_rate",
    "风险调节金比例": "reserve_rate",
    "结余留用比例": "retention_rate",
    "统筹分担比例": "pooled_fund_share_rate",
    "普通超支分担比例": "ordinary_share_rate",
    "保证金返还比例": "deposit_return_rate",
}
_TESTS = {
    "市医保核定": "city_verified",
    "批准": "approved",
    "统一组织架构": "unified_organisation",
    "统一法定代表人": "unified_legal_person",
    "统一财务账户": "unified_account",
}
_STARTS = {
    "前一年统筹基金支付": "fund_paid_y1",
    "前二年统筹基金支付": "fund_paid_y2",
    "前三年统筹基金支付": "fund_paid_y3",
}
_OWN = {
    "风险调节金": "reserve",
    "可月拨总额": "monthly_payable_total",
    "月拨付额": "monthly_payment",
    "风险调节金分担": "reserve_share",
    "风险调节金结余": "reserve_unused",
    "统筹基金分担": "pooled_fund_share",
    "普通超支分担": "ordinary_share",
    "下年预算基数": "next_budget_base",
}
WORDS = {
    "拟定增长率": "proposed_growth",
    "核定增长率": "proposed_growth",
    "统筹区支出增长率": "area_growth",
    "上年付费总额": "last_budget",
    "合理超支额": "reasonable_overspend",
    **_RATES,
    **_TESTS,
    **_STARTS,
    **_OWN,
}

COVERED: Mapping[str, frozenset[str]] = {
    "alliance": frozenset(
        {
            "admitted",
            "budget",
            "deposit_withheld",
            "deposit_returned",
            "deposit_forfeited",
            "cleared",
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
        - {"monthly_payment"}
    ),
    "month": frozenset({"monthly_payment"}),
}
"""The figures this calculator speaks for, by kind: one of them that it does not give is absent."""


def figures(case: Mapping[str, Any]) -> dict[Key, str | bool | None]:
    """The value of every figure of the case, none where it is open."""
    return {key: shown(value) for key, value in _reckon(read(case, WORDS, {}, None)).items()}


def settled(case: Mapping[str, Any]) -> dict[Key, Figure]:
    """Every figure of the case with its state."""
    return dict(described(_reckon, read(case, WORDS, {}, None)))


def random_case(seed: int) -> dict[str, Any]:
    """A case the contract accepts, with every scalar as text, leaning towards ties, equalities and gaps."""
    rng = draws.seeded(seed)
    # Rates of 0 % and 100 % meet nothing open: there two honest interval forms may differ in width.
    complete = rng.random() < 0.4
    rates = {name: _random_rate(rng, name, edges=complete) for name in _RATES if complete or rng.random() < 0.75}
    rows: list[Cells] = []
    for unit in rng.sample(["阳西县总医院", "和平县医共体", "德庆县医共体", "陆河县总医院"], rng.randint(1, 3)):
        of_unit: list[Cells] = []
        for year in sorted(rng.sample(range(2025, 2030), rng.randint(1, 4))):
            _random_year(rng, rates, of_unit, unit, year, complete=complete)
        rows += of_unit
    case: dict[str, Any] = {"方案": "guangdong", "假设": rates, "医共体": rows}
    if complete or rng.random() < 0.5:
        case["月度"] = draws.months(rng, rows, complete=complete)
    return draws.shuffled(rng, case)


def _reckon(data: Case) -> Settled:
    rates = read_rates(data, _RATES)
    results: Settled = {}
    budgets: dict[tuple[str, int], Span] = {}
    for _, row in sorted(data.rows("alliance"), key=lambda pair: pair[1].year):
        unit, year = row.text("name"), row.year
        answer = admitted(row, _TESTS)
        results["alliance", unit, None, str(year), "admitted"] = answer
        if answer is False:
            continue
        budgets[unit, year] = _budget(row, budgets.get((unit, year - 1)))
        cleared = money(row, "cleared", claims_of(data, row))
        found = _settle(row, budgets[unit, year], cleared, rates)
        if not row.text("cleared"):
            found["cleared"] = cleared
        if not row.text("paid"):
            found["paid"] = paid_by_month(data, row)
        found["final_due"] -= money(row, "paid", found.get("paid", ZERO))
        for name, span in found.items():
            results["alliance", unit, None, str(year), name] = span
        for month, span in enumerate(_twelfths(found["monthly_payable_total"]), start=1):
            results["month", unit, None, f"{year}-{month:02d}", "monthly_payment"] = span
    return results


def _budget(row: Row, last: Span | None) -> Span:
    """In a start year the three-year mean times the proposed growth, later last year's times the lesser growth."""
    proposed = share(row, "proposed_growth", any_growth("拟定增长率"))
    if any(row.text(name) for name in _STARTS.values()):
        if last is not None or row.text("last_budget"):
            raise ValueError("a start year and a year before it")
        past = [money(row, name, any_money(word)) for word, name in _STARTS.items()]
        return (sum(past, ZERO) * exactly(Fraction(1, 3)) * (ONE + proposed)).to_the_fen()
    opening = money(row, "last_budget", any_money("上年付费总额"))
    if last is not None and row.text("last_budget") and opening != last:
        raise ValueError("last year is in the data and another amount is given for it")
    growth = proposed.at_most(share(row, "area_growth", any_growth("统筹区支出增长率")))
    return ((opening if last is None else last) * (ONE + growth)).to_the_fen()


def _settle(row: Row, budget: Span, cleared: Span, rates: Mapping[str, Span]) -> dict[str, Span]:
    deposit = (budget * rates["deposit_rate"]).to_the_fen()
    reserve = (budget * rates["reserve_rate"]).to_the_fen()
    adjusted = budget - reserve + money(row, "budget_adjustment", ZERO)
    if adjusted.high < 0:
        raise ValueError("an adjusted budget below zero")
    balance = adjusted - cleared
    surplus, overspend = balance.at_least(ZERO), (ZERO - balance).at_least(ZERO)
    retained = (surplus * rates["retention_rate"]).to_the_fen()
    parts = _sharing(overspend, money(row, "reasonable_overspend", ZERO), reserve, rates)
    returned = (deposit * rates["deposit_return_rate"]).to_the_fen()
    forfeited = (deposit - returned).at_least(ZERO)
    entitlement = adjusted.at_most(cleared) + retained + parts["fund_share"]
    return parts | {
        "budget": budget,
        "deposit_withheld": deposit,
        "reserve": reserve,
        "reserve_unused": (reserve - parts["reserve_share"]).at_least(ZERO),
        "monthly_payable_total": budget - deposit - reserve,
        "adjusted_budget": adjusted,
        "balance": balance,
        "surplus": surplus,
        "overspend": overspend,
        "retained": retained,
        "agency_retained": (surplus - retained).at_least(ZERO),
        "deposit_returned": returned,
        "deposit_forfeited": forfeited,
        "entitlement": entitlement,
        "final_due": entitlement - forfeited - money(row, "violations", ZERO),
        "next_budget_base": budget,
    }


def _sharing(overspend: Span, reasonable: Span, reserve: Span, rates: Mapping[str, Span]) -> dict[str, Span]:
    """The reasonable part goes to the reserve first, then to the pooled fund; the rest has a rate of its own."""
    if reasonable.low > overspend.high:
        raise ValueError("more reasonable overspend than overspend")
    reserve_share = reasonable.at_most(reserve)
    beyond_reserve = (reasonable - reserve_share).at_least(ZERO)
    pooled = (beyond_reserve * rates["pooled_fund_share_rate"]).to_the_fen()
    ordinary = ((overspend - reasonable).at_least(ZERO) * rates["ordinary_share_rate"]).to_the_fen()
    fund_share = (reserve_share + pooled + ordinary).at_most(overspend)
    return {
        "reserve_share": reserve_share,
        "pooled_fund_share": pooled,
        "ordinary_share": ordinary,
        "fund_share": fund_share,
        "provider_share": (overspend - fund_share).at_least(ZERO),
    }


def _twelfths(total: Span) -> list[Span]:
    if not total.settled:
        return [Span(ZERO.low, total.high, total.missing)] * 12
    whole, spare = divmod((total.low * 100).numerator, 12)
    return [exactly(Fraction(whole + (month < spare), 100)) for month in range(12)]


def _random_rate(rng: random.Random, name: str, *, edges: bool) -> str:
    return draws.rate(rng, 900 if name in {"保证金比例", "风险调节金比例"} else 10_000, edges=edges)


def _random_year(rng: random.Random, rates: Cells, rows: list[Cells], unit: str, year: int, *, complete: bool) -> None:
    """Adds one year of a unit to its rows, choosing amounts by what the figures so far come to."""
    row = {"名称": unit, "年度": str(year)} | _random_answers(rng, complete=complete)
    row |= _random_growth(rng, complete=complete)
    row |= _random_base(rng, _reckoned(rates, rows, unit, year - 1).get("budget"), complete=complete)
    if rng.random() < 0.3:
        row["违规扣款"] = draws.amount(rng, 100, 50_000_000)
    if rng.random() < 0.4:
        row["已拨付"] = draws.amount(rng, 100, 30_000_000_000)
    if rng.random() < 0.3:
        row["预算调整额"] = draws.signed(rng, 30_000_000)
    rows.append(row)
    row |= _random_cleared(rng, _reckoned(rates, rows, unit, year).get("adjusted_budget"), complete=complete)
    if rng.random() < 0.75:
        row |= _random_reasonable(rng, _reckoned(rates, rows, unit, year))


def _reckoned(rates: Cells, rows: list[Cells], unit: str, year: int) -> dict[str, Span]:
    results = _reckon(read({"假设": rates, "医共体": rows}, WORDS, {}, None))
    return {
        name: span
        for (_, of_unit, _, period, name), span in results.items()
        if (of_unit, period) == (unit, str(year)) and isinstance(span, Span)
    }


def _random_answers(rng: random.Random, *, complete: bool) -> Cells:
    answers = dict.fromkeys(_TESTS, "是")
    if rng.random() < 0.08:
        answers[rng.choice(list(answers))] = rng.choice(["否", "false"])
    if not complete and rng.random() < 0.2:
        del answers[rng.choice(list(answers))]
    return answers


def _random_growth(rng: random.Random, *, complete: bool) -> Cells:
    proposed = rng.choice([rng.randint(-800, 1500), rng.randint(-800, 1500), 5000, -5000, 2500, 1250, 0])
    area = proposed + rng.choice([0, 1, -1, rng.randint(-900, 900), rng.randint(-900, 900)])
    row: Cells = {}
    if complete or rng.random() < 0.95:
        row[rng.choice(["拟定增长率", "核定增长率", "proposed_growth"])] = draws.percent(rng, proposed)
    if complete or rng.random() < 0.9:
        row["统筹区支出增长率"] = draws.percent(rng, area)
    return row


def _random_base(rng: random.Random, last: Span | None, *, complete: bool) -> Cells:
    if last is not None:
        again = last.settled and rng.random() < 0.3
        return {"上年付费总额": draws.yuan((last.low * 100).numerator)} if again else {}
    way = rng.random()
    if way < 0.45:
        row = {name: draws.amount(rng, 5_000_000_000, 30_000_000_000) for name in _STARTS}
        if not complete and rng.random() < 0.1:
            del row[rng.choice(list(row))]
        return row
    if complete or way < 0.9:
        return {"上年付费总额": draws.amount(rng, 5_000_000_000, 30_000_000_000)}
    return {}


def _random_cleared(rng: random.Random, adjusted: Span | None, *, complete: bool) -> Cells:
    if not complete and rng.random() < 0.07:
        return {}
    if adjusted is not None and adjusted.settled:
        return draws.cleared(rng, draws.around(rng, (adjusted.low * 100).numerator))
    return draws.cleared(rng, rng.randint(4_000_000_000, 40_000_000_000))


def _random_reasonable(rng: random.Random, found: Mapping[str, Span]) -> Cells:
    """A part that no value of the open ones makes more than the overspend, often at the edge of the reserve."""
    if not found:
        return {}
    most = (found["overspend"].low * 100).numerator
    reserve = (found["reserve"].low * 100).numerator
    edges = [fen for fen in (reserve - 1, reserve, reserve + 1) if 0 <= fen <= most]
    return {"合理超支额": draws.yuan(rng.choice([0, most, rng.randint(0, most), rng.randint(0, most), *edges]))}
