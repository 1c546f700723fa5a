"""Yunxian by hand: every figure the contract names, worked out straight from its words."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from amounts import (
    ZERO,
    Amount,
    assumed,
    known,
    least,
    minus,
    positive,
    product,
    signed_unknown,
    to_the_fen,
    total,
    unknown,
    unknown_rate,
)
from casefile import Case, Figure, Key, Row, ratio_text, read, shown

WORDS = {
    "年度指标": "budget",
    "期初结转": "opening_carry",
    "新增业务额度": "approved_new_service",
    "下年预算增加额": "next_budget_addition",
    "留转比例": "carry_rate",
    "医疗费用增长率": "cost_growth",
    "住院率": "admission_rate",
    "县域外就诊率": "out_of_county_rate",
    "县域内就诊率": "in_county_rate",
    "基层就诊率": "primary_rate",
    "监管覆盖率": "supervision_coverage",
    "可用指标": "available_index",
    "参保人数": "insured",
    "人均可用指标": "index_per_head",
    "未分配指标": "index_left",
    "非紧密型指标占比": "outside_share",
    "打包人数": "package_heads",
    "人均打包标准": "package_per_head",
    "按人头测算预算": "budget_by_heads",
    "预拨比例": "advance_rate",
    "预拨额": "advance",
    "签约服务费": "signed_service_fee",
    "签约考核合格": "signed_service_passed",
    "签约服务费兑现": "signed_service_paid",
    "推诿拒收查实": "refusal_found",
    "超额转嫁患者查实": "cost_shifting_found",
    "禁止行为有查实": "forbidden_found",
}

KINDS = {"非紧密型医共体成员单位": "standalone"}

_SHARED = {
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
}

_TENTH = Fraction(10, 100)
_AT_MOST = {"cost_growth": _TENTH, "admission_rate": Fraction(12, 100), "out_of_county_rate": _TENTH}
_AT_LEAST = {
    "in_county_rate": Fraction(90, 100),
    "primary_rate": Fraction(65, 100),
    "supervision_coverage": Fraction(1),
}
_INDICATORS = {name: word for word, name in WORDS.items() if name in _AT_MOST | _AT_LEAST}
_OTHER_PAYERS = {"大病保险", "医疗救助", "政府兜底"}

COVERED: Mapping[str, frozenset[str]] = {
    "alliance": frozenset(
        _SHARED
        | {"budget", "budget_by_heads", "advance", "signed_service_paid"}
        | {"carried", "next_budget_addition", "forbidden_found"}
    ),
    "standalone": frozenset(_SHARED | {"carried", "next_budget_addition", "forbidden_found"}),
    "county": frozenset({*_INDICATORS, "index_per_head", "index_left", "outside_share"}),
}
"""The figures this calculator speaks for, by kind: one of them that it does not give is absent."""


def figures(case: Mapping[str, Any]) -> dict[Key, str | bool | None]:
    """The value of every figure of the case, none where it is open."""
    return {key: figure.value for key, figure in settled(case).items()}


def settled(case: Mapping[str, Any]) -> dict[Key, Figure]:
    """Every figure of the case with its state, year after year."""
    data = read(case, WORDS, KINDS, "居民")
    results: dict[Key, Figure] = {}
    additions: dict[tuple[str, str, int], Amount] = {}
    for kind, row in sorted(data.rows("alliance", "standalone"), key=lambda pair: pair[1].year):
        unit = row.text("name")
        before = additions.get((kind, unit, row.year - 1))
        amounts = _alliance(data, row) if kind == "alliance" else _standalone(data, row, before)
        if "next_budget_addition" in amounts:
            additions[kind, unit, row.year] = amounts["next_budget_addition"]
        found = (row.answer("refusal_found") or False) or (row.answer("cost_shifting_found") or False)
        results[kind, unit, row.insurance, str(row.year), "forbidden_found"] = Figure(found, "stated")
        for name, amount in amounts.items():
            results[kind, unit, row.insurance, str(row.year), name] = shown(amount)
    for _, row in data.rows("county"):
        for name, figure in {**_indicators(row), **_index(data, row)}.items():
            results["county", row.text("name"), row.insurance, str(row.year), name] = figure
    return results


def _alliance(data: Case, row: Row) -> dict[str, Amount]:
    """All of a surplus is kept, all of an overspend is borne."""
    amounts, cleared = _balance(data, row, ZERO)
    amounts |= _beside(row)
    amounts["retained"] = amounts["surplus"]
    amounts["agency_retained"] = ZERO
    return amounts | _closing(data, row, amounts, cleared)


def _standalone(data: Case, row: Row, before: Amount | None) -> dict[str, Amount]:
    """Half of a surplus goes into next year's budget, none of it is kept; all of an overspend is borne."""
    opening = row.money("opening_carry") or ZERO
    amounts, cleared = _balance(data, row, opening if before is None else before)
    carried = to_the_fen(product(amounts["surplus"], _carry_rate(data)))
    amounts["retained"] = ZERO
    amounts["carried"] = carried
    amounts["agency_retained"] = carried if amounts["surplus"].value == 0 else total(amounts["surplus"], minus(carried))
    amounts["next_budget_addition"] = total(carried, row.money("approved_new_service") or ZERO)
    return amounts | _closing(data, row, amounts, cleared)


def _balance(data: Case, row: Row, brought: Amount) -> tuple[dict[str, Amount], Amount]:
    budget = _budget(row)
    adjusted = total(budget, row.money("budget_adjustment") or ZERO, brought)
    cleared = row.money("cleared") or _claims(data, row)
    balance = total(adjusted, minus(cleared))
    amounts = {
        "adjusted_budget": adjusted,
        "balance": balance,
        "surplus": positive(balance),
        "overspend": positive(minus(balance)),
    }
    return (amounts if row.text("cleared") else {"cleared": cleared} | amounts), cleared


def _budget(row: Row) -> Amount:
    """As given; an alliance's may be worked out by heads, another unit's may not."""
    return row.money("budget") or (_by_heads(row) if row.text("package_heads") else unknown("年度总额预算"))


def _by_heads(row: Row) -> Amount:
    each = row.per_head("package_per_head") or unknown("人均打包标准")
    return to_the_fen(product(known(row.text("package_heads")), each))


def _beside(row: Row) -> dict[str, Amount]:
    """What an alliance has beside its balance: a budget by heads, an advance, the fee of signed services."""
    found = {}
    if row.text("package_heads"):
        found["budget_by_heads"] = _by_heads(row)
    if not row.text("budget"):
        found["budget"] = _budget(row)
    rate = row.ratio("advance_rate")
    if rate is not None:
        found["advance"] = to_the_fen(product(_budget(row), rate))
    fee, passed = row.money("signed_service_fee"), row.answer("signed_service_passed")
    if fee is not None:
        found["signed_service_paid"] = fee if passed else ZERO if passed is False else unknown("签约考核合格")
    return found


def _closing(data: Case, row: Row, amounts: dict[str, Amount], cleared: Amount) -> dict[str, Amount]:
    closing = {"fund_share": ZERO, "provider_share": amounts["overspend"]}
    closing["entitlement"] = total(least(cleared, amounts["adjusted_budget"]), amounts["retained"])
    paid = row.money("paid")
    if paid is None:
        paid = closing["paid"] = _paid(data, row)
    closing["final_due"] = total(closing["entitlement"], minus(row.money("violations") or ZERO), minus(paid))
    return closing


def _claims(data: Case, unit: Row) -> Amount:
    """What the basic fund pays: the rows whose payer is none of the three others."""
    if not data.supplied("claim"):
        return unknown("年度清算总额")
    parts = []
    for _, row in data.rows("claim"):
        if (row.text("unit"), row.year) == (unit.text("name"), unit.year) and row.text("payer") not in _OTHER_PAYERS:
            paid = row.money("fund_paid") or signed_unknown("统筹基金支付")
            # A row that does not say who paid it may count or not.
            parts.append(paid if row.text("payer") else product(paid, unknown_rate("支付方")))
    return total(*parts)


def _paid(data: Case, unit: Row) -> Amount:
    if not data.supplied("month"):
        return unknown("月度")
    months = [row for _, row in data.rows("month") if (row.text("unit"), row.year) == (unit.text("name"), unit.year)]
    return total(*(month.money("paid") or unknown("实拨") for month in months))


def _index(data: Case, county: Row) -> dict[str, Figure]:
    """What the city made available: per head, what is not allocated, and the part of the units outside."""
    available = county.money("available_index")
    if available is None or available.value is None:
        return {}
    rows = [(kind, row) for kind, row in data.rows("alliance", "standalone") if row.year == county.year]
    outside = total(*(_budget(row) for kind, row in rows if kind == "standalone"))
    heads = county.text("insured")
    part = outside.value
    return {
        "index_per_head": shown(to_the_fen(known(available.value / int(heads))) if heads else unknown("参保人数")),
        "index_left": shown(total(available, *(minus(_budget(row)) for _, row in rows))),
        "outside_share": Figure(None, "open") if part is None else Figure(ratio_text(part / available.value), "stated"),
    }


def _carry_rate(data: Case) -> Amount:
    if "carry_rate" in data.assumptions:
        return assumed(data.assumptions["carry_rate"], "留转比例")
    return known(Fraction(50, 100))


def _indicators(row: Row) -> dict[str, Figure]:
    """The targets; they carry no money."""
    figures: dict[str, Figure] = {}
    for name, word in _INDICATORS.items():
        given = row.ratio(name)
        if given is None or given.value is None:
            figures[name] = Figure(None, "open", frozenset({word}))
        else:
            reached = given.value <= _AT_MOST[name] if name in _AT_MOST else given.value >= _AT_LEAST[name]
            figures[name] = Figure(ratio_text(given.value), "stated", reached=reached)
    return figures
