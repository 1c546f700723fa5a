"""Gaotai by hand: every figure the contract names, worked out straight from its words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from math import floor
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
from casefile import Case, Figure, Key, Row, in_roster_order, read, shown

WORDS = {
    "推诿患者属实": "refusal_verified",
    "服务重大变化": "service_changed",
    "特殊原因超支额": "special_overspend",
    "未按时足额返还预付金": "advance_not_returned",
    "未足额返还预付金": "advance_not_returned",
    "系统对接": "connected",
    "市级下达总额": "county_total",
    "协商确定额": "agreed_budget",
    "留用上限": "retention_cap",
    "次年预付金停拨": "next_advance_stopped",
    "分配差额": "allocation_residual",
    "测算预算": "computed_budget",
    "协商差额": "agreed_difference",
    "市级预算收入": "city_income",
    "大额保险支出": "large_sum_spending",
    "个人账户支出": "personal_account_spending",
    "生育津贴支出": "maternity_allowance_spending",
    "大病保险支出": "serious_illness_spending",
    "DIP调剂金基数": "dip_base",
    "先行扣除支出": "prior_spending",
    "市级可分配预算": "city_distributable",
    "下达未超可分配预算": "issued_within_distributable",
    "测算基数": "pool_base",
    "测算增长率": "pool_growth",
    "单列测算预算": "pool_computed_budget",
    "费用类别": "fee_category",
    "手工报销额": "manual_reimbursement",
    "采购预付金": "procurement_advance",
    "采购预付清算额": "procurement_cleared",
    "采购预付未清额": "procurement_outstanding",
    "留用上限比例": "retention_cap_rate",
    "超支分担比例": "overspend_share_rate",
    "特殊超支分担比例": "special_share_rate",
    "保证金返还比例": "deposit_return_rate",
    "服务量权重": "service_weight",
    "服务量占比": "service_share",
}

ROSTER = ("县人民医院医共体", "县中医医院医共体")

PAYABLE = (
    "县域内住院",
    "日间手术",
    "精神类疾病",
    "谈判药品",
    "门诊慢特病",
    "家庭医生签约服务",
    "两病门诊",
    "门诊统筹",
    "生育住院",
    "产前检查",
    "无第三方意外伤害住院",
)
"""What the pooled fund pays for; a claim of any other category is outside."""

_TENTH = Fraction(10, 100)
_FIRST = {
    "职工": ("large_sum_spending", "personal_account_spending", "maternity_allowance_spending"),
    "居民": ("serious_illness_spending",),
}

_SHARED = {
    "budget",
    "computed_budget",
    "agreed_difference",
    "cleared",
    "adjusted_budget",
    "balance",
    "surplus",
    "overspend",
    "retention_cap",
    "retained",
    "agency_retained",
    "fund_share",
    "provider_share",
    "entitlement",
    "deposit_withheld",
    "deposit_returned",
    "deposit_forfeited",
    "paid",
    "final_due",
}

COVERED: Mapping[str, frozenset[str]] = {
    "alliance": frozenset(
        _SHARED
        | {"pool_surplus_share", "pool_overspend_share", "admitted", "next_advance_stopped", "procurement_outstanding"},
    ),
    "standalone": frozenset(_SHARED),
    "pool": frozenset({"budget", "pool_computed_budget", "adjusted_budget", "balance"}),
    "county": frozenset({"allocation_residual", "prior_spending", "city_distributable", "issued_within_distributable"}),
}
"""The figures this calculator speaks for, by kind: one of them that it does not give is absent."""


def figures(case: Mapping[str, Any]) -> dict[Key, str | bool | None]:
    """The value of every figure of the case, none where it is open."""
    return {key: figure.value for key, figure in settled(case).items()}


def settled(case: Mapping[str, Any]) -> dict[Key, Figure]:
    """Every figure of the case with its state."""
    data = read(case, WORDS, {}, None)
    results: dict[Key, Figure] = {}
    for year, insurance in sorted({(row.year, row.insurance or "") for _, row in data.rows(*COVERED)}):
        for kind, unit, name, figure in _Clearing(data, year, insurance).figures():
            results[kind, unit, insurance, str(year), name] = figure
    return results


@dataclass(frozen=True, slots=True)
class _Clearing:
    """One year of one insurance type; nothing crosses to another."""

    data: Case
    year: int
    insurance: str

    def figures(self) -> Iterator[tuple[str, str, str, Figure]]:
        """Kind, unit, id and figure, for every row of the year."""
        budgets = self._budgets()
        pool = self._pool_shares()
        for row in self._rows("pool"):
            unit = row.text("name")
            if row.text("pool_base"):
                yield "pool", unit, "pool_computed_budget", shown(_pool_computed(row))
            if not row.text("budget"):
                yield "pool", unit, "budget", shown(_pool_budget(row))
            adjusted = total(_pool_budget(row), row.money("budget_adjustment") or ZERO)
            yield "pool", unit, "adjusted_budget", shown(adjusted)
            yield "pool", unit, "balance", shown(self._pool_balance(row))
        for kind in ("alliance", "standalone"):
            for row in self._rows(kind):
                unit = row.text("name")
                admitted = row.answer("connected")
                if kind == "alliance":
                    yield kind, unit, "admitted", _answer(admitted)
                    yield kind, unit, "next_advance_stopped", _answer(row.answer("advance_not_returned") or False)
                if kind == "standalone" or admitted is not False:
                    for name, amount in self._unit(kind, row, budgets[unit], pool.get(unit)).items():
                        yield kind, unit, name, shown(amount)
        for row in self._rows("county"):
            county_total = row.money("county_total")
            if county_total is not None:
                residual = total(county_total, minus(self._pool_budgets()), *map(minus, budgets.values()))
                yield "county", row.text("name"), "allocation_residual", shown(residual)
            if row.text("city_income"):
                yield from self._city(row, county_total)

    def _city(self, row: Row, issued: Amount | None) -> Iterator[tuple[str, str, str, Figure]]:
        """What the city has to distribute: income less a tenth, what is spent first and a tenth of the DIP base."""
        income = row.money("city_income") or ZERO
        first = total(*(row.money(name) or unknown(name) for name in _FIRST[self.insurance]))
        dip = product(row.money("dip_base") or unknown("DIP调剂金基数"), known(_TENTH))
        left = to_the_fen(total(income, minus(product(income, known(_TENTH))), minus(first), minus(dip)))
        yield "county", row.text("name"), "prior_spending", shown(first)
        yield "county", row.text("name"), "city_distributable", shown(left)
        if issued is not None:
            within = True if issued.high <= left.low else False if issued.low > left.high else None
            yield "county", row.text("name"), "issued_within_distributable", _answer(within)

    def _unit(self, kind: str, row: Row, budget: Amount, pool: tuple[Amount, Amount] | None) -> dict[str, Amount]:
        advance_kept = row.answer("advance_not_returned") or False
        result = self._budgeting(row, budget)
        adjusted = total(budget, row.money("budget_adjustment") or ZERO)
        cleared = row.money("cleared")
        if cleared is None:
            cleared = result["cleared"] = self._claims(kind, row)
        balance = total(adjusted, minus(cleared))
        surplus, overspend = positive(balance), positive(minus(balance))
        cap = to_the_fen(product(adjusted, self._parameter("retention_cap_rate", "留用上限比例", Fraction(30, 100))))
        if row.answer("refusal_verified") or row.answer("service_changed") or advance_kept:
            retained = ZERO
        elif surplus.value == 0:
            retained = surplus
        else:
            retained = to_the_fen(product(least(surplus, cap), self._score_factor(row)))
        fund_share = self._fund_share(kind, row, overspend, advance_kept)
        result |= {
            "adjusted_budget": adjusted,
            "balance": balance,
            "surplus": surplus,
            "overspend": overspend,
            "retention_cap": cap,
            "retained": retained,
            "agency_retained": surplus if surplus.value == 0 else total(surplus, minus(retained)),
            "fund_share": fund_share,
            "provider_share": overspend if overspend.value == 0 else total(overspend, minus(fund_share)),
            "entitlement": total(least(cleared, adjusted), retained, fund_share),
        }
        result |= self._deposit(row)
        paid = row.money("paid")
        if paid is None:
            paid = result["paid"] = self._monthly(row, "paid", "实拨")
        owed = [result["entitlement"], minus(result["deposit_forfeited"]), minus(row.money("violations") or ZERO)]
        if kind == "alliance":
            result["pool_surplus_share"], result["pool_overspend_share"] = pool or (unknown("资金池"),) * 2
            owed += [result["pool_surplus_share"], minus(result["pool_overspend_share"])]
        result["final_due"] = total(*owed, minus(paid))
        advanced = row.money("procurement_advance") if kind == "alliance" else None
        if advanced is not None:
            result["procurement_outstanding"] = total(advanced, minus(row.money("procurement_cleared") or ZERO))
        return result

    def _budgeting(self, row: Row, budget: Amount) -> dict[str, Amount]:
        """The budget where the data does not give it, and beside it what history comes to and what was agreed."""
        result = {} if row.text("budget") else {"budget": budget}
        computed = unknown("市级下达总额")
        if any(county.text("county_total") for county in self._rows("county")):
            computed = result["computed_budget"] = self._history()[row.text("name")]
        agreed = row.money("agreed_budget")
        if agreed is not None:
            result["agreed_difference"] = total(agreed, minus(computed))
        return result

    def _claims(self, kind: str, unit: Row) -> Amount:
        """The claims within what the fund pays for, and for an alliance what was reimbursed by hand."""
        if not self.data.supplied("claim"):
            return unknown("年度清算总额")
        parts = [unit.money("manual_reimbursement") or ZERO] if kind == "alliance" else []
        for row in self._rows("claim"):
            if row.text("unit") == unit.text("name") and row.text("fee_category") in (*PAYABLE, ""):
                paid = row.money("fund_paid") or signed_unknown("统筹基金支付")
                parts.append(paid if row.text("fee_category") else product(paid, unknown_rate("费用类别")))
        return total(*parts)

    def _fund_share(self, kind: str, row: Row, overspend: Amount, advance_kept: bool) -> Amount:
        """Rounded once, on the sum; nothing of it is left where the advance was kept."""
        if advance_kept:
            return ZERO
        if overspend.value == 0:
            return overspend
        special = row.money("special_overspend") or ZERO
        share = product(special, self._parameter("special_share_rate", "特殊超支分担比例"))
        if kind == "alliance":
            rest = positive(total(overspend, minus(special)))
            share = total(share, product(rest, self._parameter("overspend_share_rate", "超支分担比例")))
        return to_the_fen(share)

    def _deposit(self, row: Row) -> dict[str, Amount]:
        withheld = self._monthly(row, "withheld", "扣保证金")
        returned = to_the_fen(product(withheld, self._parameter("deposit_return_rate", "保证金返还比例")))
        forfeited = withheld if withheld.value == 0 else total(withheld, minus(returned))
        return {"deposit_withheld": withheld, "deposit_returned": returned, "deposit_forfeited": forfeited}

    def _monthly(self, unit: Row, name: str, word: str) -> Amount:
        if not self.data.supplied("month"):
            return unknown("月度")
        months = [row for row in self._rows("month") if row.text("unit") == unit.text("name")]
        return total(*(month.money(name) or unknown(word) for month in months))

    def _score_factor(self, row: Row) -> Amount:
        """The row's own, else the assumed one for all rows, else no effect at all."""
        return row.ratio("score_factor") or self._parameter("score_factor", "考核系数", Fraction(1))

    def _parameter(self, name: str, word: str, stated: Fraction | None = None) -> Amount:
        if name in self.data.assumptions:
            return assumed(self.data.assumptions[name], word)
        return unknown_rate(word) if stated is None else known(stated)

    def _budgets(self) -> dict[str, Amount]:
        """The budget of every unit: given, agreed, or its part by largest remainder of what history leaves."""
        rows = [*self._rows("alliance"), *self._rows("standalone")]
        computed: dict[str, Amount] = {}
        if not all(row.text("budget") or row.text("agreed_budget") for row in rows):
            computed = self._history()
        return {
            (unit := row.text("name")): row.money("budget") or row.money("agreed_budget") or computed[unit]
            for row in rows
        }

    def _history(self) -> dict[str, Amount]:
        """What each unit would get by largest remainder of what the pools leave."""
        rows = in_roster_order([*self._rows("alliance"), *self._rows("standalone")], ROSTER)
        totals = [row.money("county_total") or unknown("市级下达总额") for row in self._rows("county")]
        whole = total(*(totals or [unknown("市级下达总额")]), minus(self._pool_budgets()))
        use = {row.text("name"): self._three_years_of_use(row.text("name")) for row in rows}
        used = total(*use.values())
        if whole.value is None or used.value is None:
            return dict.fromkeys(use, unknown(*whole.missing, *used.missing))
        share = self._blended(rows, {unit: (part.value or 0) / used.value for unit, part in use.items()})
        exact = {unit: whole.value * 100 * part / sum(share.values()) for unit, part in share.items()}
        fen = {unit: floor(part) for unit, part in exact.items()}
        spare = int(whole.value * 100) - sum(fen.values())
        # A stable sort keeps roster order among equal remainders.
        for unit in sorted(exact, key=lambda unit: fen[unit] - exact[unit])[:spare]:
            fen[unit] += 1
        return {unit: assumed(Fraction(part, 100), "服务量权重") for unit, part in fen.items()}

    def _blended(self, rows: list[Row], used: dict[str, Fraction]) -> dict[str, Fraction]:
        """The share of fund use with that of service volume at its assumed weight, which is nothing where none is given."""
        weight = self.data.assumptions.get("service_weight", Fraction(0))
        served = {row.text("name"): row.ratio("service_share") for row in rows} if weight else {}
        service = {unit: part.value for unit, part in served.items() if part is not None and part.value is not None}
        return {unit: part * (1 - weight) + service.get(unit, Fraction(0)) * weight for unit, part in used.items()}

    def _three_years_of_use(self, unit: str) -> Amount:
        """A year the table covers counts zero for a unit without a row; a year it does not cover is missing."""
        parts = []
        for year in range(self.year - 3, self.year):
            covered = self._rows("history", year)
            own = [row.money("fund_use") or unknown("历年基金使用额") for row in covered if row.text("unit") == unit]
            parts += own if covered else [unknown("历史基金使用")]
        return total(*parts)

    def _pool_budgets(self) -> Amount:
        rows = self._rows("pool")
        return total(*map(_pool_budget, rows)) if rows else unknown("资金池")

    def _pool_balance(self, row: Row) -> Amount:
        adjusted = total(_pool_budget(row), row.money("budget_adjustment") or ZERO)
        return total(adjusted, minus(row.money("cleared") or unknown("年度清算总额")))

    def _pool_shares(self) -> dict[str, tuple[Amount, Amount]]:
        """Surplus and overspend share of each alliance that has a row and is not refused; spare fen in roster order."""
        lines = self._rows("pool")
        if not lines:
            return {}
        net = total(*map(self._pool_balance, lines))
        sharing = [row for row in self._rows("alliance") if row.answer("connected") is not False]
        units = [row.text("name") for row in in_roster_order(sharing, ROSTER)]
        surplus, overspend = (_even_parts(whole, len(units)) for whole in (positive(net), positive(minus(net))))
        return {unit: (surplus[place], overspend[place]) for place, unit in enumerate(units)}

    def _rows(self, kind: str, year: int | None = None) -> list[Row]:
        wanted = (year or self.year, self.insurance)
        return [row for _, row in self.data.rows(kind) if (row.year, row.insurance) == wanted]


def _pool_budget(row: Row) -> Amount:
    return row.money("budget") or (_pool_computed(row) if row.text("pool_base") else unknown("年度总额预算"))


def _pool_computed(row: Row) -> Amount:
    """The base the county measured, grown by the rate it measured."""
    growth = row.ratio("pool_growth")
    base = row.money("pool_base") or ZERO
    return to_the_fen(product(base, unknown("测算增长率") if growth is None else total(known(1), growth)))


def _answer(value: bool | None) -> Figure:
    return Figure(value, "open" if value is None else "stated")


def _even_parts(whole: Amount, parts: int) -> list[Amount]:
    """Equal parts of an amount, the spare fen one each to the first ones."""
    if whole.value is None:
        return [whole] * parts
    even, spare = divmod(int(whole.value * 100), parts) if parts else (0, 0)
    return [known(Fraction(even + (place < spare), 100)) for place in range(parts)]
