"""The rules of states, one by one: what is stated, assumed or open, what it waits for, and what is not there at all."""

from functools import cache
from typing import Any

import pytest

from engine.api import Policy, bind_data, open_policy, settle
from engine.doors.json_form import settlement_json
from engine.load.tables import Cell
from engine.load.yaml_data import read_yaml
from grammar.diagnostic import FindingsError, Place

Told = dict[str, Any]


@cache
def policy_of(scheme: str) -> Policy:
    return open_policy(scheme)


def told(scheme: str, text: str, **assume: str) -> Told:
    """The JSON of a case written as YAML."""
    values = {name: Cell(value, Place("--assume")) for name, value in assume.items()}
    dataset = bind_data(policy_of(scheme), read_yaml(text, "case.yaml"), (), values)
    return settlement_json(settle(policy_of(scheme), dataset), "zh")


def refused(scheme: str, text: str) -> list[str]:
    """The codes of the errors a case is refused for."""
    with pytest.raises(FindingsError) as caught:
        told(scheme, text)
    return [finding.code for finding in caught.value.findings if finding.severity == "error"]


def figures(run: Told, unit: str | None = None, period: str | None = None, insurance: str | None = None) -> Told:
    """The figures of a unit by id; for several rows of it the period or insurance type says which."""
    chosen: Told = {}
    for figure in run["figures"]:
        row = {"unit": unit, "period": period, "insurance": insurance}
        if all(wanted is None or figure[name] == wanted for name, wanted in row.items()):
            chosen.setdefault(figure["id"], figure)
    return chosen


def value(figure: Told) -> tuple[object, str]:
    return figure["value"], figure["state"]


def waits(run: Told) -> dict[str, int]:
    return {item["name"]: item["waits"] for item in run["open"]}


GAOTAI = "年度: 2026\n险种: 居民\n"
KEPT = GAOTAI + "非医共体机构: [{名称: 甲, 年度总额预算: 100.00, 年度清算总额: 90.00, 已拨付: 80.00}]\n月度: []\n"


def gaotai(row: str, rest: str = "月度: []\n") -> str:
    return f"{GAOTAI}医共体:\n  - {{名称: 县人民医院医共体, 系统对接: 是, {row}}}\n{rest}"


# ---- defaults, missing data, child tables


def test_a_declared_default_leaves_a_figure_stated_and_is_listed() -> None:
    kept = figures(told("gaotai", KEPT), "甲")["retained"]
    assert value(kept) == ("10.00", "stated")
    assert {"推诿患者属实", "服务重大变化"} <= set(kept["defaults"])
    adjusted = figures(told("gaotai", KEPT), "甲")["adjusted_budget"]
    assert value(adjusted) == ("100.00", "stated")
    assert adjusted["defaults"] == ["预算调整额"]


def test_what_is_given_is_no_default() -> None:
    text = KEPT.replace("年度清算总额", "预算调整额: 5.00, 推诿患者属实: 否, 服务重大变化: 否, 年度清算总额")
    found = figures(told("gaotai", text), "甲")
    assert (found["adjusted_budget"]["defaults"], found["retained"]["defaults"]) == ([], [])


def test_missing_data_makes_a_figure_open_and_never_zero() -> None:
    run = told("gaotai", KEPT.replace(", 年度清算总额: 90.00", ""))
    for name in ("balance", "surplus", "overspend", "retained", "agency_retained", "entitlement", "final_due"):
        figure = figures(run, "甲")[name]
        assert value(figure) == (None, "open")
        assert "年度清算总额" in figure["missing"]


def test_an_empty_cell_a_null_and_no_cell_are_the_same_missing() -> None:
    texts = [KEPT.replace("90.00", blank) for blank in ("", "''", "~", "null", "'  '")]
    runs = [told("gaotai", text)["figures"] for text in (*texts, KEPT.replace(", 年度清算总额: 90.00", ""))]
    assert all(run == runs[0] for run in runs)


def test_a_child_table_that_is_not_supplied_is_missing() -> None:
    run = told("gaotai", KEPT.replace("月度: []\n", "").replace(", 已拨付: 80.00", ""))
    found = figures(run, "甲")
    assert {
        found[name]["state"]
        for name in ("deposit_withheld", "deposit_returned", "deposit_forfeited", "paid", "final_due")
    } == {"open"}
    assert found["deposit_withheld"]["missing"] == ["月度"]


def test_a_child_table_without_rows_for_a_unit_sums_to_nothing() -> None:
    for rows in ("月度: []", "月度: [{单位: 乙, 月份: 2026-01, 扣保证金: 5.00, 实拨: 7.00}]"):
        other = "年度清算总额: 90.00}, {名称: 乙, 年度总额预算: 1.00, 年度清算总额: 1.00}]"
        text = KEPT.replace(", 已拨付: 80.00", "").replace("年度清算总额: 90.00}]", other).replace("月度: []", rows)
        found = figures(told("gaotai", text), "甲")
        assert value(found["deposit_withheld"]) == ("0.00", "stated")
        assert value(found["paid"]) == ("0.00", "stated")


def test_a_month_without_a_cell_leaves_the_sum_open_and_names_the_cell() -> None:
    text = KEPT.replace("月度: []", "月度: [{单位: 甲, 月份: 2026-01, 扣保证金: 5.00}, {单位: 甲, 月份: 2026-02}]")
    withheld = figures(told("gaotai", text), "甲")["deposit_withheld"]
    assert (withheld["state"], withheld["missing"]) == ("open", ["扣保证金"])


def test_an_event_belongs_to_its_unit_its_insurance_type_and_its_year() -> None:
    rows = [
        f"  - {{名称: {unit}, 险种: {insurance}, 年度: {year}, 年度总额预算: 100.00, 年度清算总额: 90.00{event}}}\n"
        for unit, insurance, year, event in (
            ("甲", "居民", 2026, ", 推诿患者属实: 是"),
            ("甲", "职工", 2026, ""),
            ("甲", "居民", 2027, ""),
            ("乙", "居民", 2026, ""),
        )
    ]
    run = told("gaotai", "非医共体机构:\n" + "".join(rows))
    kept = {(f["unit"], f["insurance"], f["period"]): f["value"] for f in run["figures"] if f["id"] == "retained"}
    assert kept.pop(("甲", "居民", "2026")) == "0.00"
    assert set(kept.values()) == {"10.00"}


# ---- a known zero decides


def test_no_surplus_keeps_nothing_and_no_overspend_shares_nothing_whatever_is_open() -> None:
    at_balance = "年度总额预算: 100.00, 年度清算总额: 100.00"
    found = figures(told("gaotai", gaotai(at_balance)), "县人民医院医共体")
    for name in ("surplus", "overspend", "retained", "agency_retained", "fund_share", "provider_share"):
        assert value(found[name]) == ("0.00", "stated")
    assert value(found["entitlement"]) == ("100.00", "stated")
    jilin = figures(
        told(
            "jilin",
            "年度: 2026\n医共体: [{名称: 甲, 年度总额预算: 100.00, 年度清算总额: 100.00, 本年异地占比: 1%, 上年异地占比: 1%}]",
        )
    )
    for name in ("retained", "agency_retained", "fund_share", "provider_share"):
        assert value(jilin[name]) == ("0.00", "stated")


def test_no_special_part_needs_no_rate_of_it() -> None:
    text = GAOTAI + "非医共体机构: [{名称: 甲, 年度总额预算: 100.00, 年度清算总额: 120.00}]"
    found = figures(told("gaotai", text), "甲")
    assert (value(found["fund_share"]), value(found["provider_share"])) == (("0.00", "stated"), ("20.00", "stated"))
    special = figures(told("gaotai", text.replace("120.00", "120.00, 特殊原因超支额: 5.00")), "甲")["fund_share"]
    assert (special["state"], special["missing"], special["range"]) == ("open", ["特殊超支分担比例"], ["0.00", "5.00"])


def test_no_reasonable_part_takes_nothing_from_a_reserve_of_unknown_size() -> None:
    text = "年度: 2026\n医共体: [{名称: 甲, 上年付费总额: 100.00, 拟定增长率: 0, 统筹区支出增长率: 0, 年度清算总额: 120.00}]"
    found = figures(told("guangdong", text), "甲")
    for name in ("reserve_share", "pooled_fund_share"):
        assert value(found[name]) == ("0.00", "stated")
    assert found["ordinary_share"]["state"] == "open"
    assert "普通超支分担比例" in found["ordinary_share"]["missing"]


def test_no_rise_of_the_share_cuts_nothing_and_who_is_not_led_by_a_tcm_hospital_gets_nothing_added() -> None:
    row = "名称: 甲, 年度总额预算: 100.00, 年度清算总额: 90.00, 本年异地占比: 3%, 上年异地占比: 3%"
    found = figures(told("jilin", f"年度: 2026\n医共体: [{{{row}}}]"), "甲")
    assert (value(found["out_of_area_cut"]), value(found["tcm_addition"])) == (("0.00", "stated"), ("0.00", "stated"))
    assert value(found["adjusted_budget"]) == ("100.00", "stated")


def test_what_is_forfeited_is_nothing_whatever_rate_is_open() -> None:
    for event in ("推诿患者属实", "服务重大变化", "未按时足额返还预付金", "未足额返还预付金"):
        row = f"年度总额预算: 100.00, 年度清算总额: 90.00, {event}: 是"
        found = figures(told("gaotai", gaotai(row)), "县人民医院医共体")
        assert (value(found["retained"]), value(found["agency_retained"])) == (("0.00", "stated"), ("10.00", "stated"))
    row = "年度总额预算: 100.00, 年度清算总额: 130.00, 特殊原因超支额: 5.00, 未按时足额返还预付金: 是"
    found = figures(told("gaotai", gaotai(row)), "县人民医院医共体")
    assert (value(found["fund_share"]), value(found["provider_share"])) == (("0.00", "stated"), ("30.00", "stated"))
    assert value(found["next_advance_stopped"]) == (True, "stated")


def test_nothing_withheld_is_nothing_returned() -> None:
    found = figures(told("gaotai", KEPT), "甲")
    for name in ("deposit_withheld", "deposit_returned", "deposit_forfeited"):
        assert value(found[name]) == ("0.00", "stated")
    assert value(found["final_due"]) == ("20.00", "stated")


# ---- open parameters and assumptions


def test_open_names_the_clause_and_counts_the_figures_that_wait() -> None:
    run = told("gaotai", gaotai("年度总额预算: 100.00, 年度清算总额: 120.00, 已拨付: 1.00"))
    assert {"name": "超支分担比例", "clause": "五(四)①", "waits": waits(run)["超支分担比例"]} in run["open"]
    for name, count in waits(run).items():
        assert count == sum(name in f["missing"] for f in run["figures"] if f["state"] == "open"), name
    assert waits(run)["超支分担比例"] == 4  # fund_share, provider_share, entitlement, final_due


def test_an_open_parameter_that_nothing_waits_for_is_listed_all_the_same() -> None:
    assert waits(told("gaotai", KEPT))["超支分担比例"] == 0


def test_the_open_list_and_every_missing_are_chinese_and_a_stated_figure_misses_nothing() -> None:
    run = told("gaotai", gaotai("年度总额预算: 100.00, 年度清算总额: 120.00", ""))
    for figure in run["figures"]:
        assert bool(figure["missing"]) is (figure["state"] == "open")
        assert bool(figure["assumptions"]) is (figure["state"] == "assumed")
        assert (figure["value"] is None) is (figure["state"] == "open")
        assert not any(name.isascii() for name in (*figure["missing"], *figure["assumptions"], *figure["defaults"]))


def test_an_assumed_rate_marks_what_rests_on_it_and_only_that() -> None:
    text = gaotai("年度总额预算: 100.00, 年度清算总额: 120.00, 已拨付: 1.00")
    run = told("gaotai", text, 超支分担比例="60%")
    found = figures(run, "县人民医院医共体")
    assert value(found["fund_share"]) == ("12.00", "assumed")
    assert found["fund_share"]["assumptions"] == ["超支分担比例"]
    assert value(found["overspend"]) == ("20.00", "stated")
    assert "超支分担比例" not in waits(run)


def test_an_assumption_over_a_stated_parameter_marks_its_dependents() -> None:
    found = figures(told("gaotai", KEPT.replace("90.00", "50.00"), 留用上限比例="20%"), "甲")
    assert value(found["retention_cap"]) == ("20.00", "assumed")
    assert value(found["retained"]) == ("20.00", "assumed")
    assert value(found["surplus"]) == ("50.00", "stated")


def test_a_figure_that_would_be_the_same_without_the_assumption_is_stated() -> None:
    found = figures(told("gaotai", KEPT.replace("90.00", "100.00"), 留用上限比例="20%"), "甲")
    assert value(found["retained"]) == ("0.00", "stated")


def test_a_score_factor_may_be_assumed_for_all_rows_and_a_row_keeps_its_own() -> None:
    text = KEPT.replace("年度清算总额: 90.00", "考核系数: 50%, 年度清算总额: 90.00")
    text = text.replace("}]\n", "}, {名称: 乙, 年度总额预算: 100.00, 年度清算总额: 90.00}]\n", 1)
    run = told("gaotai", text, 考核系数="80%")
    assert value(figures(run, "甲")["retained"]) == ("5.00", "stated")
    assert value(figures(run, "乙")["retained"]) == ("8.00", "assumed")


# ---- effects whose function the text does not give


def test_a_score_that_is_missing_has_no_effect_and_is_listed_with_nothing_waiting() -> None:
    run = told("gaotai", KEPT)
    assert value(figures(run, "甲")["retained"]) == ("10.00", "stated")
    assert waits(run)["考核系数"] == 0


@pytest.mark.parametrize(
    ("scheme", "effects"),
    [("yunxian", ["考核挂钩系数"]), ("guangdong", ["考核挂钩系数"]), ("jilin", ["考核挂钩系数", "占比调整系数"])],
)
def test_an_effect_without_a_function_is_open_and_holds_nothing_back(scheme: str, effects: list[str]) -> None:
    run = told(scheme, "年度: 2026\n医共体: [{名称: 甲, 年度清算总额: 90.00}]")
    assert {name: waits(run)[name] for name in effects} == dict.fromkeys(effects, 0)
    assert not any(set(effects) & set(figure["missing"]) for figure in run["figures"])


# ---- gates

GATES = {
    "gaotai": ("年度: 2026\n险种: 居民\n", "年度总额预算: 100.00", ("系统对接",)),
    "guangdong": (
        "年度: 2026\n",
        "上年付费总额: 100.00, 拟定增长率: 0, 统筹区支出增长率: 0",
        ("市医保核定", "批准", "统一组织架构", "统一法定代表人", "统一财务账户"),
    ),
    "jilin": ("年度: 2026\n", "年度总额预算: 100.00, 本年异地占比: 1%, 上年异地占比: 1%", ("卫健评定", "备案")),
}


def gated(scheme: str, answers: dict[str, str]) -> Told:
    head, row, _ = GATES[scheme]
    cells = "".join(f", {test}: {answer}" for test, answer in answers.items())
    return told(scheme, f"{head}医共体: [{{名称: 甲, {row}, 年度清算总额: 90.00{cells}}}]")


GATED = [(scheme, test) for scheme, (_, _, tests) in GATES.items() for test in tests]


@pytest.mark.parametrize(("scheme", "test"), GATED)
def test_one_no_takes_the_money_away_and_a_warning_names_the_test(scheme: str, test: str) -> None:
    run = gated(scheme, dict.fromkeys(GATES[scheme][2], "是") | {test: "否"})
    found = figures(run, "甲")
    assert value(found["admitted"]) == (False, "stated")
    assert not [name for name, figure in found.items() if figure["value_unit"] == "元"]
    assert [test in w["message"] and w["severity"] == "warning" for w in run["warnings"] if w["code"] == "R120"] == [
        True
    ]


@pytest.mark.parametrize(("scheme", "test"), GATED)
def test_an_unanswered_test_leaves_admission_open_and_holds_nothing_back(scheme: str, test: str) -> None:
    answers = dict.fromkeys(GATES[scheme][2], "是")
    full = figures(gated(scheme, answers), "甲")
    del answers[test]
    some = figures(gated(scheme, answers), "甲")
    assert (some["admitted"]["state"], some["admitted"]["missing"]) == ("open", [test])
    assert value(full["admitted"]) == (True, "stated")
    assert {n: value(f) for n, f in some.items() if n != "admitted"} == {
        n: value(f) for n, f in full.items() if n != "admitted"
    }


def test_a_no_decides_beside_what_is_unanswered() -> None:
    assert value(figures(gated("guangdong", {"批准": "否"}), "甲")["admitted"]) == (False, "stated")


def test_a_refused_alliance_takes_no_part_of_the_pools_and_the_rest_share_them() -> None:
    rows = "".join(
        f"  - {{名称: {unit}, 系统对接: {answer}, 年度总额预算: 100.00, 年度清算总额: 90.00}}\n"
        for unit, answer in (("县人民医院医共体", "否"), ("县中医医院医共体", "是"))
    )
    run = told("gaotai", f"{GAOTAI}医共体:\n{rows}资金池: [{{名称: 异地就医, 年度总额预算: 10.01, 年度清算总额: 0}}]\n")
    assert "pool_surplus_share" not in figures(run, "县人民医院医共体")
    assert value(figures(run, "县中医医院医共体")["pool_surplus_share"]) == ("10.01", "stated")


# ---- what every settled row has, what is nought and what is absent

ALWAYS = {
    "adjusted_budget", "balance", "surplus", "overspend", "retained", "agency_retained", "fund_share",
    "provider_share", "entitlement",
}  # fmt: skip
BARE = {
    "gaotai": "年度: 2026\n险种: 居民\n医共体: [{名称: 甲}]\n非医共体机构: [{名称: 乙}]\n",
    "yunxian": "年度: 2026\n医共体: [{名称: 甲}]\n非医共体机构: [{名称: 乙}]\n",
    "guangdong": "年度: 2026\n医共体: [{名称: 甲}]\n",
    "jilin": "年度: 2026\n医共体: [{名称: 甲}]\n",
}


@pytest.mark.parametrize("scheme", BARE)
def test_every_settled_row_has_the_figures_of_a_settlement_however_little_is_given(scheme: str) -> None:
    run = told(scheme, BARE[scheme])
    for unit in {figure["unit"] for figure in run["figures"] if figure["kind"] in {"医共体", "非医共体机构"}}:
        assert ALWAYS | {"final_due"} <= figures(run, unit).keys()


def test_a_part_that_the_text_excludes_is_nought_and_stated() -> None:
    run = told("yunxian", BARE["yunxian"])
    assert [value(figures(run, "甲")[name]) for name in ("fund_share", "agency_retained")] == [("0.00", "stated")] * 2
    assert [value(figures(run, "乙")[name]) for name in ("fund_share", "retained")] == [("0.00", "stated")] * 2
    assert value(figures(told("gaotai", BARE["gaotai"]), "乙")["fund_share"]) == ("0.00", "stated")


@pytest.mark.parametrize(
    ("scheme", "unit", "absent"),
    [
        ("gaotai", "甲", {"carried", "reserve", "next_budget_base"}),
        ("gaotai", "乙", {"carried", "pool_surplus_share", "pool_overspend_share", "admitted", "next_advance_stopped"}),
        ("yunxian", "甲", {"carried", "next_budget_addition", "deposit_withheld", "pool_surplus_share", "admitted"}),
        ("yunxian", "乙", {"deposit_withheld", "deposit_returned", "pool_surplus_share", "admitted"}),
        ("guangdong", "甲", {"carried", "pool_surplus_share", "retention_cap", "advance"}),
        ("jilin", "甲", {"carried", "pool_surplus_share", "deposit_withheld", "reserve", "advance"}),
    ],
)
def test_a_figure_that_a_scheme_does_not_use_is_absent(scheme: str, unit: str, absent: set[str]) -> None:
    assert not absent & figures(told(scheme, BARE[scheme]), unit).keys()


def test_data_is_not_listed_unless_it_was_computed() -> None:
    given = figures(told("gaotai", KEPT), "甲")
    assert not {"budget", "cleared", "paid", "violations", "budget_adjustment"} & given.keys()
    assert "paid" in figures(told("gaotai", KEPT.replace(", 已拨付: 80.00", "")), "甲")


@pytest.mark.parametrize(
    ("scheme", "insurance"), [("gaotai", "居民"), ("yunxian", "居民"), ("guangdong", None), ("jilin", None)]
)
def test_the_insurance_type_is_the_rows_the_schemes_only_one_or_null(scheme: str, insurance: str | None) -> None:
    assert {figure["insurance"] for figure in told(scheme, BARE[scheme])["figures"]} == {insurance}


def test_a_gaotai_row_without_an_insurance_type_is_an_error() -> None:
    assert refused("gaotai", BARE["gaotai"].replace("险种: 居民\n", "")) == ["D074", "D074"]


# ---- gaotai


def test_pool_shares_and_what_is_finally_due_are_open_without_pool_rows() -> None:
    found = figures(
        told("gaotai", gaotai("年度总额预算: 100.00, 年度清算总额: 90.00, 已拨付: 1.00")), "县人民医院医共体"
    )
    for name in ("pool_surplus_share", "pool_overspend_share", "final_due"):
        assert found[name]["state"] == "open"
        assert "资金池" in found[name]["missing"]
    assert value(found["entitlement"]) == ("100.00", "stated")


def test_without_monthly_rows_the_deposit_and_what_is_finally_due_are_open() -> None:
    pool = "资金池: [{名称: 异地就医, 年度总额预算: 1.00, 年度清算总额: 1.00}]\n"
    text = gaotai("年度总额预算: 100.00, 年度清算总额: 90.00, 已拨付: 1.00", pool)
    found = figures(told("gaotai", text), "县人民医院医共体")
    for name in ("deposit_withheld", "deposit_returned", "deposit_forfeited", "final_due"):
        assert (found[name]["state"], "月度" in found[name]["missing"]) == ("open", True)
    whole = figures(told("gaotai", text + "月度: []\n"), "县人民医院医共体")
    assert value(whole["final_due"]) == ("99.00", "stated")


def test_no_event_changes_a_pool_share() -> None:
    pool = "资金池: [{名称: 异地就医, 年度总额预算: 10.00, 年度清算总额: 0}]\n"
    events = ", 推诿患者属实: 是, 服务重大变化: 是, 未按时足额返还预付金: 是"
    for event in ("", events):
        found = figures(
            told("gaotai", gaotai(f"年度总额预算: 1.00, 年度清算总额: 1.00{event}", pool)), "县人民医院医共体"
        )
        assert value(found["pool_surplus_share"]) == ("10.00", "stated")


def test_the_spare_fen_of_the_pools_goes_to_the_first_of_the_roster() -> None:
    units = ("县中医医院医共体", "县人民医院医共体")
    rows = "".join(f"  - {{名称: {unit}, 年度总额预算: 1.00, 年度清算总额: 1.00}}\n" for unit in units)
    for cleared, name in (("0.00", "pool_surplus_share"), ("20.02", "pool_overspend_share")):
        run = told(
            "gaotai",
            f"{GAOTAI}医共体:\n{rows}资金池: [{{名称: 异地就医, 年度总额预算: 10.01, 年度清算总额: {cleared}}}]\n",
        )
        assert [figures(run, unit)[name]["value"] for unit in units] == ["5.00", "5.01"]


HISTORY = (
    GAOTAI
    + "县: [{市级下达总额: 1000.00}]\n医共体: [{名称: 县人民医院医共体}, {名称: 县中医医院医共体}]\n"
    + "资金池: [{名称: 异地就医, 年度总额预算: 100.00, 年度清算总额: 100.00}]\n历史基金使用:\n"
    + "".join(
        f"  - {{年度: {year}, 单位: {unit}, 历年基金使用额: {use}}}\n"
        for year in (2023, 2024, 2025)
        for unit, use in (("县人民医院医共体", "2.00"), ("县中医医院医共体", "1.00"))
    )
)


def test_budgets_from_history_rest_on_a_recorded_assumption() -> None:
    run = told("gaotai", HISTORY)
    budget = figures(run, "县人民医院医共体")["budget"]
    assert (value(budget), budget["assumptions"]) == (("600.00", "assumed"), ["服务量权重"])
    assert value(figures(run, "县中医医院医共体")["adjusted_budget"]) == ("300.00", "assumed")
    assert (figures(run, "高台县") or figures(run))["allocation_residual"]["value"] == "0.00"


def test_an_agreed_budget_replaces_its_own_unit_s_only_and_is_stated() -> None:
    text = HISTORY.replace("{名称: 县中医医院医共体}]", "{名称: 县中医医院医共体, 协商确定额: 250.00}]")
    run = told("gaotai", text)
    assert value(figures(run, "县中医医院医共体")["budget"]) == ("250.00", "stated")
    assert value(figures(run, "县人民医院医共体")["budget"]) == ("600.00", "assumed")
    assert [f["value"] for f in run["figures"] if f["id"] == "allocation_residual"] == ["50.00"]


def test_a_budget_that_nothing_is_handed_in_for_waits_for_itself() -> None:
    adjusted = figures(told("gaotai", BARE["gaotai"]), "甲")["adjusted_budget"]
    assert (adjusted["state"], adjusted["missing"]) == ("open", ["年度总额预算"])


def test_a_year_of_use_that_the_table_does_not_cover_leaves_budgets_open() -> None:
    lines = [line for line in HISTORY.splitlines() if "年度: 2024" not in line]
    budget = figures(told("gaotai", "\n".join(lines)), "县人民医院医共体")["budget"]
    assert (budget["state"], "历史基金使用" in budget["missing"]) == ("open", True)


# ---- yunxian


def test_what_is_carried_is_added_next_year_and_an_opening_is_used_only_in_the_first() -> None:
    text = "非医共体机构:\n" + "".join(
        f"  - {{名称: 甲, 年度: {year}, 年度总额预算: 100.00, 年度清算总额: 90.01{more}}}\n"
        for year, more in ((2024, ", 期初结转: 1.00"), (2025, ", 新增业务额度: 2.00"), (2026, ""))
    )
    run = told("yunxian", text)
    assert [figures(run, "甲", str(year))["adjusted_budget"]["value"] for year in (2024, 2025, 2026)] == [
        "101.00",
        "105.50",
        "109.75",
    ]
    # Half of 10.99 rounds up to 5.50; half of 15.49 to 7.75.
    assert [figures(run, "甲", str(year))["carried"]["value"] for year in (2024, 2025)] == ["5.50", "7.75"]


def test_an_opening_that_agrees_with_the_year_before_is_no_error_and_another_is() -> None:
    def case(opening: str) -> str:
        return (
            "非医共体机构:\n  - {名称: 甲, 年度: 2025, 年度总额预算: 100.00, 年度清算总额: 90.00}\n"
            f"  - {{名称: 甲, 年度: 2026, 年度总额预算: 100.00, 年度清算总额: 90.00, 期初结转: {opening}}}\n"
        )

    assert figures(told("yunxian", case("5.00")), "甲", "2026")["adjusted_budget"]["value"] == "105.00"
    assert refused("yunxian", case("5.01")) == ["R131"]


def test_claims_of_the_payers_that_are_left_out_do_not_count() -> None:
    claims = "".join(
        f"  - {{单位: 甲, 年度: 2026, 统筹基金支付: 1.00, 支付方: {payer}}}\n"
        for payer in ("基本医保", "大病保险", "医疗救助", "政府兜底", "其他")
    )
    found = figures(told("yunxian", f"年度: 2026\n医共体: [{{名称: 甲, 年度总额预算: 9.00}}]\n明细:\n{claims}"), "甲")
    assert value(found["cleared"]) == ("2.00", "stated")


@pytest.mark.parametrize(
    ("name", "indicator", "reaching", "missing_it"),
    [
        ("医疗费用增长率", "cost_growth", "10%", "10.01%"),
        ("住院率", "admission_rate", "0.12", "0.1201"),
        ("县域外就诊率", "out_of_county_rate", "10%", "10.01%"),
        ("县域内就诊率", "in_county_rate", "90%", "89.99%"),
        ("基层就诊率", "primary_rate", "65%", "64.99%"),
    ],
)
def test_an_indicator_reaches_its_target_at_the_bound(
    name: str, indicator: str, reaching: str, missing_it: str
) -> None:
    for text, reached in ((reaching, True), (missing_it, False)):
        run = told("yunxian", f"年度: 2026\n县: [{{{name}: {text}}}]\n医共体: [{{名称: 甲}}]\n")
        (figure,) = [f for f in run["figures"] if f["id"] == indicator]
        assert (figure["kind"], figure["state"], figure["reached"]) == ("县", "stated", reached)
        assert figure["value_unit"] is None


# ---- guangdong

GUANGDONG = "名称: 甲, 拟定增长率: 5%, 统筹区支出增长率: 3%, 年度清算总额: 90.00"


def test_a_budget_without_a_base_is_open_and_with_two_bases_an_error() -> None:
    budget = figures(told("guangdong", f"年度: 2026\n医共体: [{{{GUANGDONG}}}]"), "甲")["budget"]
    assert (budget["state"], budget["missing"]) == ("open", ["上年付费总额"])
    years = "前一年统筹基金支付: 100.00, 前二年统筹基金支付: 100.00, 前三年统筹基金支付: 100.00"
    assert refused("guangdong", f"年度: 2026\n医共体: [{{{GUANGDONG}, {years}, 上年付费总额: 1.00}}]") == ["R102"]
    last = f"医共体:\n  - {{{GUANGDONG}, 年度: 2025, 上年付费总额: 100.00}}\n  - {{{GUANGDONG}, 年度: 2026, {years}}}\n"
    assert refused("guangdong", last) == ["R102"]


def test_growth_is_capped_by_the_area_s_only_after_the_start_year() -> None:
    years = "前一年统筹基金支付: 100.00, 前二年统筹基金支付: 100.00, 前三年统筹基金支付: 100.01"
    text = f"医共体:\n  - {{{GUANGDONG}, 年度: 2025, {years}}}\n  - {{{GUANGDONG}, 年度: 2026}}\n"
    run = told("guangdong", text)
    # 300.01 ÷ 3 × 1.05 = 105.0035; 105.00 × 1.03 = 108.15.
    assert value(figures(run, "甲", "2025")["budget"]) == ("105.00", "stated")
    assert value(figures(run, "甲", "2026")["budget"]) == ("108.15", "stated")
    assert value(figures(run, "甲", "2026")["next_budget_base"]) == ("108.15", "stated")


def test_months_are_paid_the_spare_fen_first() -> None:
    text = f"年度: 2026\n医共体: [{{{GUANGDONG}, 上年付费总额: 97.10}}]"
    run = told("guangdong", text, 保证金比例="0%", 风险调节金比例="0%")
    months = [f for f in run["figures"] if f["id"] == "monthly_payment"]
    # 97.10 × 1.03 = 100.013 → 100.01 = 12 × 8.33 + 0.05.
    assert [f["value"] for f in months] == ["8.34"] * 5 + ["8.33"] * 7
    assert [f["period"] for f in months] == [f"2026-{month:02d}" for month in range(1, 13)]
    assert {f["kind"] for f in months} == {"月度"}


def test_a_year_before_that_was_refused_brings_no_budget() -> None:
    text = (
        f"医共体:\n  - {{{GUANGDONG}, 年度: 2025, 上年付费总额: 100.00, 批准: 否}}\n"
        f"  - {{{GUANGDONG}, 年度: 2026, 批准: 是}}\n"
    )
    budget = figures(told("guangdong", text), "甲", "2026")["budget"]
    assert (budget["state"], budget["missing"]) == ("open", ["上年付费总额"])


# ---- jilin

JILIN = "名称: 甲, 本年异地占比: 1%, 上年异地占比: 1%, 年度总额预算: 100.00"


@pytest.mark.parametrize(
    ("cells", "base"),
    [
        ("年度清算总额: 90.00, 合理结余认定: 是", ("100.00", "stated")),
        ("年度清算总额: 90.00, 合理结余认定: 否", None),
        ("年度清算总额: 100.00, 合理结余认定: 是", None),
        ("年度清算总额: 110.00", None),
        ("年度清算总额: 90.00", (None, "open")),
    ],
)
def test_next_year_s_base_is_there_only_for_a_reasonable_surplus(
    cells: str, base: tuple[str | None, str] | None
) -> None:
    found = figures(told("jilin", f"年度: 2026\n医共体: [{{{JILIN}, {cells}}}]"), "甲")
    assert (value(found["next_budget_base"]) if "next_budget_base" in found else None) == base


def test_a_lower_budget_is_raised_to_the_base_and_the_floor_lasts_one_year() -> None:
    rows = "".join(
        f"  - {{名称: 甲, 年度: {year}, 本年异地占比: 1%{more}, 年度清算总额: 90.00}}\n"
        for year, more in (
            (2025, ", 上年异地占比: 1%, 年度总额预算: 100.00, 合理结余认定: 是"),
            (2026, ", 年度总额预算: 95.00, 合理结余认定: 否"),
            (2027, ", 年度总额预算: 92.00"),
        )
    )
    run = told("jilin", f"医共体:\n{rows}")
    budgets = [figures(run, "甲", str(year))["budget"]["value"] for year in (2025, 2026, 2027)]
    assert budgets == ["100.00", "100.00", "92.00"]
    assert figures(run, "甲", "2026")["surplus"]["value"] == "10.00"


def test_an_advance_is_there_only_where_its_months_are_given() -> None:
    for cells, advance in (("", None), (", 预拨月数: 1", ("8.33", "stated")), (", 预拨月数: 1.5", ("12.50", "stated"))):
        found = figures(told("jilin", f"年度: 2026\n医共体: [{{{JILIN}{cells}}}]"), "甲")
        assert (value(found["advance"]) if "advance" in found else None) == advance


def test_the_share_of_the_year_before_is_taken_from_the_data() -> None:
    rows = "  - {名称: 甲, 年度: 2025, 本年异地占比: 1%, 上年异地占比: 1%, 年度总额预算: 100.00}\n"
    rows += "  - {名称: 甲, 年度: 2026, 本年异地占比: 3%, 参保人医疗总费用: 50.00, 年度总额预算: 100.00}\n"
    found = figures(told("jilin", f"医共体:\n{rows}", 扣减系数="50%"), "甲", "2026")
    assert value(found["out_of_area_cut"]) == ("0.50", "assumed")
    assert value(found["adjusted_budget"]) == ("99.50", "assumed")


# ---- what is impossible


@pytest.mark.parametrize(
    ("scheme", "text"),
    [
        ("gaotai", gaotai("年度总额预算: 1.00, 预算调整额: -1.01, 年度清算总额: 0")),
        ("yunxian", "年度: 2026\n医共体: [{名称: 甲, 年度总额预算: 1.00, 预算调整额: -1.01}]"),
        (
            "guangdong",
            f"年度: 2026\n医共体: [{{{GUANGDONG}, 上年付费总额: 1.00, 预算调整额: -9.00}}]\n假设: {{风险调节金比例: 0%}}",
        ),
        ("jilin", f"年度: 2026\n医共体: [{{{JILIN}, 政策调整额: -100.01}}]"),
    ],
)
def test_an_adjusted_budget_below_nothing_is_an_error(scheme: str, text: str) -> None:
    assert "R111" in refused(scheme, text)


@pytest.mark.parametrize(
    ("scheme", "text"),
    [
        ("gaotai", gaotai("年度总额预算: 100.00, 年度清算总额: 105.00, 特殊原因超支额: 5.01")),
        ("gaotai", gaotai("年度总额预算: 100.00, 年度清算总额: 90.00, 特殊原因超支额: 0.01")),
        (
            "guangdong",
            f"年度: 2026\n医共体: [{{{GUANGDONG}, 上年付费总额: 80.00, 合理超支额: 9.00}}]\n假设: {{风险调节金比例: 0%}}",
        ),
    ],
)
def test_a_part_of_an_overspend_above_the_overspend_is_an_error(scheme: str, text: str) -> None:
    assert "R150" in refused(scheme, text)


def test_identities_are_counted_and_none_is_broken() -> None:
    checks = told("gaotai", KEPT)["checks"]
    assert checks["broken"] == 0
    assert checks["identities"] >= 4
