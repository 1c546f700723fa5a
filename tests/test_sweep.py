"""Sweeps and goals: every value is what settling with it gives, and a goal's end is exact to the fen on both sides."""

import csv
import io
import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.api import Policy, open_policy
from engine.load.read import read_data
from engine.load.yaml_data import read_yaml
from engine.nouns.numbers import Number
from engine.trial.goal import NEAR, Found, simplest_between, stretches
from engine.trial.sweep import Chosen, Sweep, reaches, surely, sweep_of, values_of

ROOT = Path(__file__).resolve().parent.parent
XIANCE = str(Path(sys.executable).with_name("xiance"))
SAMPLE = "policies/gaotai/sample.yaml"
GAOTAI: Policy = open_policy("gaotai")


def run(*words: str, command: str = "sweep") -> subprocess.CompletedProcess[str]:
    return subprocess.run([XIANCE, command, *words], capture_output=True, text=True, cwd=ROOT, check=False)


def form(*words: str) -> dict[str, Any]:
    done = run(*words, "--format", "json")
    assert done.returncode == 0, done.stderr
    value = json.loads(done.stdout)
    assert isinstance(value, dict)
    return value


def opened(text: str, name: str = "留用上限比例", ends: tuple[str, str] = ("0%", "100%")) -> Sweep:
    return sweep_of(GAOTAI, read_yaml(text, "data.yaml"), name, ends, ((), {}), Chosen())[0]


def sought(swept: Sweep, holds: Callable[[Any], bool], values: Sequence[Number] = ()) -> Found:
    values = values or values_of(swept.kind, 0, 1, Fraction(1, 10))
    return stretches(values, reaches(swept, "retained", holds), surely(swept, "retained", holds), whole=False)


@pytest.mark.parametrize(
    ("name", "parameter", "value"),
    [("gaotai", "留用上限比例", "33.3%"), ("gaotai", "超支分担比例", "1/3"), ("jilin", "retention_rate", "70%")],
)
def test_a_value_of_a_sweep_is_what_settling_with_it_assumed_gives(name: str, parameter: str, value: str) -> None:
    data = f"policies/{name}/sample.yaml"
    swept = form(name, parameter, f"{value}..{value}", "--data", data)
    done = run(name, "--data", data, "--assume", f"{parameter}={value}", "--format", "json", command="settle")
    assert done.returncode == 0, done.stdout
    settled = {
        (f["kind"], f["unit"], f["insurance"], f["period"], f["id"]): (f["value"], f["state"])
        for f in json.loads(done.stdout)["figures"]
    }
    [at] = swept["values"]
    assert at["units"]
    for each in at["units"]:
        key = (each["kind"], each["unit"], each["insurance"], each["period"], each["id"])
        assert (each["value"], each["state"]) == settled[key]


def test_a_stated_parameter_may_be_swept_and_its_dependents_are_then_assumed() -> None:
    told = form("gaotai", "留用上限比例", "20%..40%", "step", "10%", "--data", SAMPLE, "--for", "retained")
    assert [v["value"] for v in told["values"]] == ["0.2", "0.3", "0.4"]
    assert [v["totals"]["retained"]["value"] for v in told["values"]] == ["6106513.39", "7306513.39", "7906513.39"]
    assert told["present"] == "0.3"
    states = {u["state"] for v in told["values"] for u in v["units"] if u["unit"] == "县妇幼保健院"}
    assert "assumed" in states


def test_an_open_figure_leaves_no_sum_and_is_never_counted_as_nothing() -> None:
    told = form("gaotai", "留用上限比例", "30%..30%", "--data", SAMPLE, "--for", "基金分担")
    total = told["values"][0]["totals"]["fund_share"]
    assert (total["value"], total["state"], total["open"]) == (None, "open", 1)
    assert "未定（1 处；0.00）" in run("gaotai", "留用上限比例", "30%..30%", "--data", SAMPLE).stdout


def test_totals_are_the_sums_of_the_units_and_the_csv_says_the_same() -> None:
    words = ("gaotai", "超支分担比例", "50%..70%", "步长", "5%", "--data", SAMPLE, "--for", "fund_share、机构承担")
    told = form(*words)
    lines = list(csv.DictReader(io.StringIO(run(*words, "--format", "csv").stdout)))
    for at in told["values"]:
        for id_ in ("fund_share", "provider_share"):
            units = [Fraction(u["value"]) for u in at["units"] if u["id"] == id_]
            assert Fraction(at["totals"][id_]["value"]) == sum(units)
            [whole] = [x for x in lines if (x["at"], x["id"], x["unit"]) == (at["value"], id_, "合计")]
            assert whole["value"] == at["totals"][id_]["value"]
    assert len(told["values"]) == 5


def test_steps_are_exact_and_both_ends_are_there() -> None:
    swept = sweep_of(GAOTAI, read_data(ROOT / SAMPLE, SAMPLE), "留用上限比例", ("0%", "100%"), ((), {}), Chosen())[0]
    third = Fraction(1, 3)
    assert values_of(swept.kind, 0, 1, third) == [0, third, 2 * third, 1]
    assert values_of(swept.kind, 0, 1, Fraction(3, 10)) == [0, Fraction(3, 10), Fraction(6, 10), Fraction(9, 10), 1]
    assert len(values_of(swept.kind, 0, 1, None)) == 101


ONE = "年度: 2026\n险种: 居民\n非医共体机构:\n  - {{名称: 乙医院, 年度总额预算: {budget}, 年度清算总额: {cleared}}}\n"
TWO = ONE + "  - {{名称: 丙医院, 年度总额预算: {other}, 年度清算总额: 0.01}}\n"


def yuan(fen: int) -> str:
    return f"{fen // 100}.{fen % 100:02d}"


@settings(max_examples=10, deadline=None)
@given(budget=st.integers(1_000, 10**10), other=st.integers(1_000, 10**10), share=st.integers(1, 999))
def test_a_goal_is_reached_at_its_end_and_not_beside_it(budget: int, other: int, share: int) -> None:
    text = TWO.format(budget=yuan(budget), cleared="0.01", other=yuan(other))
    swept = opened(text)
    most = swept.at(1).totals["retained"].amount
    assert most is not None
    wanted = int(most) * share // 1000
    reach = reaches(swept, "retained", lambda total: total >= wanted)
    found = sought(swept, lambda total: total >= wanted)
    assert found.doubtful == ()
    [stretch] = found.stretches
    assert stretch.high.value == 1
    end = stretch.low
    if end.beside is None:
        assert wanted == 0
        return
    assert end.exact
    assert end.reached
    assert reach(end.value)
    assert not reach(Fraction(end.value) - NEAR)
    short = swept.at(end.beside).totals["retained"].amount
    # Beside it the rounding of one unit, or of both at once, is not there yet.
    assert short is not None
    assert wanted - 2 <= short < wanted
    assert end.writable is not None
    assert reach(end.writable)
    assert 0 <= end.writable - end.value <= Fraction(1, 10**6)


def test_the_end_of_a_goal_is_the_fraction_that_paper_gives() -> None:
    # 30 % of 100 yuan in fen, half a fen up: 3333.5 ÷ 10000.
    swept = opened(ONE.format(budget="100.00", cleared="0.00"))
    [stretch] = sought(swept, lambda total: total >= 3334).stretches
    assert stretch.low.value == Fraction(33335, 100000)
    [stretch] = sought(swept, lambda total: total < 3334).stretches
    assert (stretch.high.value, stretch.high.reached) == (Fraction(33335, 100000), False)


@given(edge=st.fractions(0, 1, max_denominator=10**12), included=st.booleans(), rising=st.booleans())
def test_any_edge_is_found_exactly_whether_it_belongs_or_not(edge: Fraction, included: bool, rising: bool) -> None:
    def reach(value: Number) -> bool:
        if value == edge:
            return included
        return (value > edge) == rising

    def certain(low: Number, high: Number) -> bool | None:
        answers = {reach(low), reach(high)} | ({included} if low <= edge <= high else set())
        return answers.pop() if len(answers) == 1 else None

    found = stretches([-1, 0, Fraction(1, 2), 1, 2], reach, certain, whole=False)
    assert found.doubtful == ()
    [stretch] = found.stretches
    end = stretch.low if rising else stretch.high
    assert (end.value, end.reached, end.exact) == (edge, included, True)


@given(a=st.fractions(-5, 5), b=st.fractions(-5, 5))
def test_the_simplest_fraction_between_two_lies_between_them_and_has_no_simpler(a: Fraction, b: Fraction) -> None:
    low, high = min(a, b), max(a, b)
    if low == high:
        return
    found = simplest_between(low, high)
    assert low < found < high
    for below in range(1, min(found.denominator, 50)):
        first = (low * below).__floor__() + 1
        assert not low < Fraction(first, below) < high


def test_amounts_are_found_to_the_fen() -> None:
    def certain(low: Number, high: Number) -> bool | None:
        return True if low >= 123 else False if high < 123 else None

    [stretch] = stretches([0, 500, 1000], lambda value: value >= 123, certain, whole=True).stretches
    assert (stretch.low.value, stretch.low.beside, stretch.high.value) == (123, 122, 1000)


def test_a_goal_is_told_in_both_languages_with_the_total_on_both_sides() -> None:
    words = ("gaotai", "留用上限比例", "20%..40%", "步长", "5%", "--data", SAMPLE)
    zh = run(*words, "--until", "经办机构留用 达到 100万元").stdout
    assert "小于 30.043369791667…%（精确值 5768327/19200000）（不含）：1,000,000.00 元；正好等于它：999,999.99 元" in zh
    en = run(*words, "--until", "agency_retained at least 1,000,000 yuan", "--lang", "en").stdout
    assert "below 30.043369791667…% (exactly 5768327/19200000), itself not included: 1,000,000.00 yuan" in en
    told = form(*words, "--until", "agency_retained>=1000000")["goal"]["reached"]
    [stretch] = told
    assert (stretch["low"]["value"], stretch["low"]["end_of_range"]) == ("0.2", True)
    assert (stretch["high"]["exact"], stretch["high"]["included"], stretch["high"]["total"]) == (
        "5768327/19200000", False, "999999.99",
    )  # fmt: skip
    # What is told can be given back: settled there and a step beside.
    for value, total in (("30.0433%", "1000008.37"), (stretch["high"]["exact"], "999999.99")):
        at = form("gaotai", "留用上限比例", f"{value}..{value}", "--data", SAMPLE, "--for", "agency_retained")
        assert at["values"][0]["totals"]["agency_retained"]["value"] == total


def test_a_goal_that_no_value_reaches_names_the_nearest() -> None:
    said = run("gaotai", "留用上限比例", "20%..40%", "--data", SAMPLE, "--until", "经办机构留用 达到 1亿元").stdout
    assert "整个范围里没有一个取值达到；试过的里最接近的是 20%，2,205,204.37 元" in said
    told = form("gaotai", "留用上限比例", "20%..40%", "--data", SAMPLE, "--until", "retained>100000000000")
    assert told["goal"]["reached"] == []


PEAK = """方案 demo 「甲县办法」
  施行 2026-01-01 起
参数 留用比例 = 10%
数据 医共体
  年度总额预算
环节 年终清算
  对 医共体:
    结余留用 = 年度总额预算 的 留用比例, 最高 年度总额预算 × (100% - 留用比例 × 2)
"""


def peaked(folder: Path) -> Sweep:
    path = folder / "rules.policy"
    path.write_text(PEAK, encoding="utf-8")
    data = "年度: 2026\n险种: 居民\n医共体:\n  - {名称: 甲, 年度总额预算: 100.00}\n"
    return sweep_of(open_policy(str(path)), read_yaml(data, "d.yaml"), "留用比例", ("0%", "50%"), ((), {}), Chosen())[0]


def test_a_goal_reached_only_between_two_values_that_miss_it_is_found(tmp_path: Path) -> None:
    # The lesser of p and 1 - 2p of 100 yuan: 33.33 at a third, less at 30 % and at 40 %.
    found = sought(peaked(tmp_path), lambda total: total >= 3300, [0, Fraction(3, 10), Fraction(4, 10)])
    [stretch] = found.stretches
    assert found.doubtful == ()
    # Half a fen up: from 32.995 % on, and up to (100 - 32.995) ÷ 2 %.
    assert (stretch.low.value, stretch.low.reached) == (Fraction(32995, 100000), True)
    assert (stretch.high.value, stretch.high.reached) == (Fraction(67005, 200000), True)


def test_a_goal_missed_only_between_two_values_that_reach_it_is_found(tmp_path: Path) -> None:
    found = sought(peaked(tmp_path), lambda total: total <= 3300, [0, Fraction(3, 10), Fraction(4, 10)])
    assert [x.high.value for x in found.stretches] == [Fraction(33005, 100000), Fraction(4, 10)]
    assert found.doubtful == ()


def test_what_no_value_reaches_is_proved_and_not_only_tried(tmp_path: Path) -> None:
    # The most there is: 33.33, at a third.
    assert sought(peaked(tmp_path), lambda total: total > 3333, [0, Fraction(1, 2)]) == Found((), ())
    [stretch] = sought(peaked(tmp_path), lambda total: total >= 3333, [0, Fraction(1, 2)]).stretches
    assert stretch.low.value < Fraction(1, 3) < stretch.high.value


def test_one_unit_may_be_looked_at_alone() -> None:
    words = ("gaotai", "留用上限比例", "30%..30%", "--data", SAMPLE, "--unit", "县妇幼保健院", "--insurance", "居民")
    assert form(*words)["values"][0]["totals"]["retained"]["value"] == "3600000.00"


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("nowhere", "留用上限比例", "20%..40%"), 2),
        (("gaotai", "留用上限比例", "20%"), 2),
        (("gaotai", "留用上限比例", "40%..20%"), 2),
        (("gaotai", "留用上限比例", "20%..40%", "步长", "0%"), 2),
        (("gaotai", "留用上限比例", "20%..40%", "--for", "结余留"), 2),
        (("gaotai", "留用上限比例", "20%..40%", "--until", "很多"), 2),
        (("gaotai", "留用上限比例", "20%..40%", "--until", "retained>=好多"), 2),
        (("gaotai", "没有这个", "20%..40%"), 1),
        (("gaotai", "超支分担比例", "20%..140%"), 1),
        (("gaotai", "留用上限比例", "0%..100%", "步长", "0.001%"), 1),
        (("gaotai", "留用上限比例", "20..40%", "step", "10%"), 0),
        (("gaotai", "retention_cap_rate", "20%至40%", "步长1%", "--years", "2026..2026"), 0),
    ],
)
def test_wrong_usage_and_wrong_values_end_with_their_codes(words: tuple[str, ...], code: int) -> None:
    done = run(*words, "--data", SAMPLE)
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    assert "TypeError" not in done.stderr
