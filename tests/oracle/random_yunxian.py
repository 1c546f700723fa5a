"""Random Yunxian cases of several years, all of them valid."""

from __future__ import annotations

from fractions import Fraction
from random import Random
from typing import Any

from materials import (
    Cell,
    Money,
    Rate,
    Table,
    amount,
    blank,
    chance,
    cleared_against,
    part_of,
    plain,
    small,
    some,
    written,
    yuan,
)
from yunxian import WORDS, figures

_STANDALONE = ("云县凯达医院", "云县敬康医院", "云县爱康医院", "云县仁爱医院", "云县康兴医院")
_PAYERS = ("基本医保", "基本医保", "基本医保", "大病保险", "医疗救助", "政府兜底", "其他")
_BOUNDS = {
    "医疗费用增长率": 10,
    "住院率": 12,
    "县域外就诊率": 10,
    "县域内就诊率": 90,
    "基层就诊率": 65,
    "监管覆盖率": 100,
}


def random_case(rng: Random) -> dict[str, Any]:
    """One case as a bureau may hand it in."""
    years = list(range(first := rng.choice((2020, 2021, 2024)), first + rng.choice((1, 2, 2, 3, 3, 4))))
    case: dict[str, Any] = {"医共体": [], "非医共体机构": [], "明细": []}
    by_claims = chance(rng, 0.35)
    units = [("医共体", "云县紧密型医共体"), *(("非医共体机构", name) for name in some(rng, _STANDALONE, 1))]
    for kind, name in units:
        for year in years:
            # A unit may be new, may pause and may leave; somebody is there in the first year.
            if chance(rng, 0.85) or (kind == "医共体" and year == first):
                _add_year(rng, case, kind, {"名称": name, "年度": year}, by_claims=by_claims)
    if not by_claims:
        del case["明细"]
    _lose(rng, case)
    _months(rng, case)
    if chance(rng, 0.6):
        case["县"] = [_indicators(rng, year) for year in years]
    heads = _heads(rng, case, years)
    if not case["非医共体机构"]:
        del case["非医共体机构"]
    elif chance(rng, 0.2):
        case["非紧密型医共体成员单位"] = case.pop("非医共体机构")
    if chance(rng, 0.2):
        _in_its_own_words(case)
    words = {word: name for word, name in WORDS.items() if word != "年度指标"}
    return written(rng, "yunxian", heads, words, case)


def _add_year(rng: Random, case: dict[str, Any], kind: str, row: dict[str, Cell], *, by_claims: bool) -> None:
    """One unit's year, cleared around the budget that the years before leave it."""
    brought = _brought(rng, case, row) if kind == "非医共体机构" else Fraction(0)
    row["年度总额预算"] = Money(amount(rng))
    budget = yuan(row, "年度总额预算")
    if chance(rng, 0.3):
        row["预算调整额"] = Money(rng.choice((part_of(rng, budget), -part_of(rng, budget))))
    adjusted = budget + yuan(row, "预算调整额") + brought
    cleared = cleared_against(rng, adjusted, Fraction(rng.choice((50, 100)), 100))
    if by_claims and chance(rng, 0.7):
        case["明细"] += _claims(rng, row, cleared)
    else:
        row["年度清算总额"] = Money(cleared)
    if chance(rng, 0.3):
        row["违规扣款"] = Money(small(rng))
    if chance(rng, 0.4):
        row["已拨付"] = Money(amount(rng))
    if chance(rng, 0.1):
        row[rng.choice(("推诿拒收查实", "超额转嫁患者查实"))] = chance(rng, 0.6)
    if kind == "医共体":
        _beside(rng, row)
    case[kind].append(row)


def _beside(rng: Random, row: dict[str, Cell]) -> None:
    """Heads, an advance and the fee of signed services, each of them at times."""
    if chance(rng, 0.15):
        row["打包人数"] = rng.randint(1, 400_000)
        row["人均打包标准"] = Money(Fraction(rng.randint(1, 10**5), 100))
    if chance(rng, 0.2):
        row["预拨比例"] = Rate(Fraction(rng.randint(0, 10**4), 10**4))
    if chance(rng, 0.2):
        row["签约服务费"] = Money(small(rng))
        if chance(rng, 0.8):
            row["签约考核合格"] = chance(rng, 0.6)


def _brought(rng: Random, case: dict[str, Any], row: dict[str, Cell]) -> Fraction:
    """What the year before adds to the budget, or the opening figure where that year is not in the data."""
    if chance(rng, 0.35):
        row["新增业务额度"] = Money(small(rng))
    seen = figures(plain({}, {"非医共体机构": case["非医共体机构"], "明细": case["明细"]}))
    year_before = str(int(str(row["年度"])) - 1)
    before = seen.get(("standalone", str(row["名称"]), "居民", year_before, "next_budget_addition"))
    if isinstance(before, str):
        if chance(rng, 0.1):
            row["期初结转"] = Money(Fraction(before))
        return Fraction(before)
    if chance(rng, 0.4):
        row["期初结转"] = Money(small(rng))
    return yuan(row, "期初结转")


def _claims(rng: Random, unit: dict[str, Cell], cleared: Fraction) -> Table:
    """Rows of which the counted ones add up to the cleared amount; the last counted one takes what is left."""
    if chance(rng, 0.1):
        return []
    rows: Table = []
    left = cleared
    for _ in range(rng.randint(0, 8)):
        payer = rng.choice(_PAYERS)
        paid = part_of(rng, left)
        if payer in {"基本医保", "其他"}:
            left -= paid
        rows.append({"单位": unit["名称"], "年度": unit["年度"], "统筹基金支付": Money(paid), "支付方": payer})
    rows.append({"单位": unit["名称"], "年度": unit["年度"], "统筹基金支付": Money(left), "支付方": "基本医保"})
    return rows


def _lose(rng: Random, case: dict[str, Any]) -> None:
    """Cells gone missing, never before a row that rests on the figure they leave open."""
    for kind in ("医共体", "非医共体机构"):
        for row in case[kind]:
            if yuan(row, "预算调整额") >= 0 and _nothing_after(case[kind], row) and chance(rng, 0.08):
                blank(rng, row, rng.choice(("年度总额预算", "年度清算总额")))
    rows: Table = case.get("明细", [])
    if rows and chance(rng, 0.08):
        row = rng.choice(rows)
        unit = {"名称": row["单位"], "年度": row["年度"]}
        if _nothing_after(case["非医共体机构"], unit):
            blank(rng, row, rng.choice(("支付方", "统筹基金支付")))


def _nothing_after(rows: Table, row: dict[str, Cell]) -> bool:
    """Whether no later row of the unit says itself what this one is to bring it."""
    return not any(
        "期初结转" in other and other["名称"] == row["名称"] and int(str(other["年度"])) > int(str(row["年度"]))
        for other in rows
    )


def _months(rng: Random, case: dict[str, Any]) -> None:
    """What was paid month by month."""
    if chance(rng, 0.4):
        return
    table: Table = []
    for unit in [*case["医共体"], *case["非医共体机构"]]:
        for month in sorted(rng.sample(range(1, 13), rng.choice((0, 1, 2, 4)))):
            paid = Money(Fraction(rng.randint(0, 10**10), 100))
            row: dict[str, Cell] = {"单位": unit["名称"], "月份": f"{unit['年度']}-{month:02d}", "实拨": paid}
            if chance(rng, 0.01):
                blank(rng, row, "实拨")
            table.append(row)
    case["月度"] = table


def _indicators(rng: Random, year: int) -> dict[str, Cell]:
    """The targets of a year: on the bound, a hair off, anything, or not reported."""
    row: dict[str, Cell] = {"名称": "云县", "年度": year}
    for name, bound in _BOUNDS.items():
        if chance(rng, 0.9):
            step = Fraction(rng.choice((-1, 0, 0, 1)), rng.choice((10**4, 10**6)))
            anything = Fraction(rng.randint(0, 10**4), 10**4)
            row[name] = Rate(min(Fraction(bound, 100) + step, Fraction(1)) if chance(rng, 0.6) else anything)
    if chance(rng, 0.2) and isinstance(row.get("医疗费用增长率"), Rate):
        row["医疗费用增长率"] = Rate(-Fraction(rng.randint(0, 10**4), 10**4))
    return row


def _heads(rng: Random, case: dict[str, Any], years: list[int]) -> dict[str, Cell]:
    heads: dict[str, Cell] = {"险种": "居民"} if chance(rng, 0.6) else {}
    if len(years) == 1 and chance(rng, 0.7):
        heads["年度"] = years[0]
        for table in case.values():
            for row in table:
                row.pop("年度", None)
    return heads


def _in_its_own_words(case: dict[str, Any]) -> None:
    """年度指标 is what the document calls a budget."""
    for kind, table in case.items():
        own_word = {"年度总额预算": "年度指标"}
        case[kind] = [{own_word.get(name, name): cell for name, cell in row.items()} for row in table]
