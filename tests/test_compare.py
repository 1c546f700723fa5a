"""Comparison: the matrix of rules, results on the same data, and differences that add up to the fen."""

import json
import re
import subprocess
import sys
import tomllib
from decimal import Decimal
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.api import Policy, open_policy, side_by_side
from engine.doors.compare_form import comparison_json
from engine.load.read import read_data
from engine.load.yaml_data import read_yaml

ROOT = Path(__file__).resolve().parent.parent
XIANCE = str(Path(sys.executable).with_name("xiance"))
FOUR = ("gaotai", "yunxian", "guangdong", "jilin")
EXPECTED = tomllib.loads((Path(__file__).parent / "matrix.toml").read_text(encoding="utf-8"))
POLICIES: dict[str, Policy] = {name: open_policy(name) for name in (*FOUR, "qingshan")}


def run(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([XIANCE, "compare", *words], capture_output=True, text=True, cwd=ROOT, check=False)


@pytest.fixture(scope="module")
def told() -> dict[str, Any]:
    form = json.loads(run(*FOUR, "--format", "json").stdout)
    assert isinstance(form, dict)
    return form


@pytest.mark.parametrize("topic", EXPECTED)
def test_the_matrix_says_what_the_documents_say(topic: str, told: dict[str, Any]) -> None:
    cells = {c["scheme"]: c for t in told["topics"] if t["id"] == topic for c in t["cells"]}
    for scheme, (state, word) in EXPECTED[topic].items():
        assert cells[scheme]["state"] == state, (scheme, cells[scheme])
        assert word in (cells[scheme]["value"] or cells[scheme]["text"]), (scheme, cells[scheme])


def test_every_cell_has_a_state_and_words_and_is_never_blank(told: dict[str, Any]) -> None:
    for topic in told["topics"]:
        assert [cell["scheme"] for cell in topic["cells"]] == list(FOUR)
        for cell in topic["cells"]:
            assert cell["state"] in {"stated", "referred", "open", "not_applicable"}
            assert cell["text"]
            assert (cell["value"] is None) <= (cell["state"] in {"open", "not_applicable"}), (topic["id"], cell)


def test_the_shape_is_the_contracts(told: dict[str, Any]) -> None:
    assert {"schemes", "topics", "results", "attribution"} <= told.keys()
    assert told["schemes"] == list(FOUR)
    assert told["results"] == told["attribution"] == []
    assert {"topic", "id", "cells"} == told["topics"][0].keys()


def test_bases_that_are_unlike_are_told_and_drafts_are_labelled(told: dict[str, Any]) -> None:
    assert told["unlike"]["gaotai"] == "机构口径"
    assert told["unlike"]["guangdong"] == "人头口径"
    assert "不能直接比高低" in run("gaotai", "guangdong").stdout
    assert "unlike" not in json.loads(run("yunxian", "guangdong", "--format", "json").stdout)


def test_completeness_counts_what_each_scheme_leaves_open(told: dict[str, Any]) -> None:
    counts = {each["scheme"]: each["open"] for each in told["completeness"]}
    assert counts["guangdong"] > counts["yunxian"]
    assert all(each["open"] == len(each["items"]) for each in told["completeness"])


SAME = """年度: 2026
险种: 居民
医共体:
  - {{名称: 甲医共体, 年度总额预算: {budget}, 年度清算总额: {cleared}{gates}{mine}}}
非医共体机构:
  - {{名称: 乙医院, 年度总额预算: {cleared}, 年度清算总额: {budget}}}
假设: {{{assumed}}}
"""
# What each scheme asks for that the others have no word for.
ASKED = {
    "gaotai": (
        ", 系统对接: 是",
        ", 考核系数: {score}, 未按时足额返还预付金: {late}",
        "超支分担比例: 60%, 特殊超支分担比例: 80%",
    ),
    "yunxian": ("", "", ""),
    "jilin": (
        ", 卫健评定: 是, 备案: 是, 本年异地占比: 20%, 上年异地占比: 20%, 参保人医疗总费用: 1",
        "",
        "结余留用比例: 70%, 扣减系数: 50%, 超支分担比例: 60%",
    ),
}


@settings(max_examples=25, deadline=None)
@given(
    budget=st.integers(1, 10**9),
    cleared=st.integers(1, 10**9),
    score=st.integers(0, 100),
    late=st.sampled_from(["是", "否"]),
    pair=st.sampled_from(list(permutations(("gaotai", "yunxian", "jilin"), 2))),
)
def test_the_steps_of_a_difference_add_up_to_it(
    budget: int, cleared: int, score: int, late: str, pair: tuple[str, str]
) -> None:
    gates, mine, assumed = (
        ", ".join(dict.fromkeys(part for name in pair for part in ASKED[name][i].split(", ") if part)) for i in range(3)
    )
    text = SAME.format(
        budget=f"{Decimal(budget) / 100:.2f}",
        cleared=f"{Decimal(cleared) / 100:.2f}",
        gates=f", {gates}" if gates else "",
        mine=f", {mine.format(score=f'{score}%', late=late)}" if mine else "",
        assumed=assumed,
    )
    compared = side_by_side([POLICIES[name] for name in pair], "zh", read_yaml(text, "data.yaml"))
    assert not compared.refused
    form = comparison_json(compared, "zh")
    values = {(r["scheme"], r["unit"], r["id"]): r["value"] for r in form["results"]}
    assert form["attribution"]
    for each in form["attribution"]:
        assert sum((Decimal(step["delta"]) for step in each["steps"]), Decimal(0)) == Decimal(each["total"])
        before = values.get((each["from"], each["unit"], each["id"]))
        after = values.get((each["to"], each["unit"], each["id"]))
        assert Decimal(after or 0) - Decimal(before or 0) == Decimal(each["total"]), each


def test_the_cap_is_named_where_it_makes_the_difference(tmp_path: Path) -> None:
    data = tmp_path / "data.yaml"
    data.write_text(
        "年度: 2026\n险种: 居民\n医共体:\n"
        "  - {名称: 甲医共体, 年度总额预算: 12000000, 年度清算总额: 7800000, 系统对接: 是}\n",
        encoding="utf-8",
    )
    form = json.loads(run("gaotai", "yunxian", "--data", str(data), "--format", "json").stdout)
    kept = next(a for a in form["attribution"] if a["id"] == "retained")
    assert (kept["from"], kept["to"], kept["unit"], kept["total"]) == ("gaotai", "yunxian", "甲医共体", "600000.00")
    assert kept["steps"] == [
        {"topic": "留用上限", "id": "retention_cap", "delta": "600000.00", "citations": ["五(四)④"]}
    ]


def test_what_one_scheme_knows_is_accepted_and_what_none_knows_is_told(tmp_path: Path) -> None:
    data = tmp_path / "data.yaml"
    text = (
        "年度: 2026\n医共体:\n"
        "  - {名称: 甲医共体, 险种: 居民, 年度总额预算: 1000, 年度清算总额: 900, 系统对接: 是}\n"
        "  - {名称: 甲医共体, 险种: 职工, 年度总额预算: 1000, 年度清算总额: 900, 系统对接: 是}\n"
    )
    data.write_text(text, encoding="utf-8")
    form = json.loads(run("gaotai", "yunxian", "--data", str(data), "--format", "json").stdout)
    outside = [r for r in form["results"] if r["state"] == "not_applicable"]
    assert [(r["scheme"], r["unit"], r["insurance"]) for r in outside] == [("yunxian", "甲医共体", "职工")]
    assert {r["insurance"] for r in form["results"] if r["scheme"] == "gaotai"} == {"居民", "职工"}
    data.write_text(text.replace("系统对接", "系统对结"), encoding="utf-8")
    done = run("gaotai", "yunxian", "--data", str(data), "--format", "json")
    assert done.returncode == 1
    refused = json.loads(done.stdout)["refused"]
    assert "D057" in {f["code"] for each in refused for f in each["findings"]}


def test_the_english_table_has_english_signs_and_names(tmp_path: Path) -> None:
    rules = ("--lang", "en", "--data", "policies/gaotai/sample.yaml")
    lines = run(*FOUR, *rules).stdout.splitlines()
    told = {
        line.split("  ")[1]: line
        for line in lines[lines.index("Completeness: what is not stated or referred elsewhere") :][1:5]
    }
    assert told["gaotai"].endswith(
        "annual advance rate, deposit return rate, special share rate, overspend share rate"
    ), told
    assert any("gaotai by institution; yunxian by head; " in line for line in lines)
    assert any("yunxian does not cover 县人民医院医共体 (职工), " in line for line in lines)
    assert any(line.startswith("    events +") for line in lines)
    assert not any("事项" in line for line in lines)
    data = tmp_path / "data.yaml"
    text = "年度: 2026\n医共体:\n  - {名称: 甲医共体, 年度总额预算: 1000, 年度清算总额: 900, 系统对结: 是}\n"
    data.write_text(text, encoding="utf-8")
    said = run("gaotai", "yunxian", "--lang", "en", "--data", str(data)).stdout
    assert re.search(r"gaotai cannot use this data\[D\d{3}\]: ", said), said


def test_a_fifth_scheme_enters_every_table_without_a_line_of_code(tmp_path: Path) -> None:
    made = subprocess.run(
        [XIANCE, "new", "fifth", "--from", "guangdong", "--copy", "--out", str(tmp_path)],
        capture_output=True, text=True, cwd=ROOT, check=False,
    )  # fmt: skip
    assert made.returncode == 0, made.stderr
    form = json.loads(run(*FOUR, str(tmp_path / "fifth"), "--format", "json").stdout)
    assert form["schemes"] == [*FOUR, "fifth"]
    assert all(len(topic["cells"]) == 5 for topic in form["topics"])
    mine = {t["id"]: next(c for c in t["cells"] if c["scheme"] == "fifth") for t in form["topics"]}
    assert mine["deposit"]["state"] == "open"
    assert mine["deposit"]["open"] == ["保证金比例", "保证金返还比例"]


def test_english_cells_hold_no_chinese_but_proper_names() -> None:
    form = json.loads(run("gaotai", "yunxian", "--format", "json", "--lang", "en").stdout)
    by_id = {t["id"]: t for t in form["topics"]}
    assert by_id["retention_cap"]["topic"] == "cap on what is kept"
    assert "retention cap rate 30%" in by_id["retention_cap"]["cells"][0]["value"]


def test_only_differences_leaves_out_topics_on_which_all_agree() -> None:
    whole, some = run("gaotai", "gaotai@2026").stdout, run("gaotai", "gaotai@2026", "--differences").stdout
    assert "【留用上限】" in whole
    assert "【" not in some


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("gaotai",), 2),
        (("gaotai", "nowhere"), 2),
        (("gaotai", "yunxian", "--data", "no.yaml"), 2),
        (("gaotai", "yunxian", "--format", "xlsx"), 2),
    ],
)
def test_wrong_usage_ends_with_its_code(words: tuple[str, ...], code: int) -> None:
    assert run(*words).returncode == code


def test_shipped_samples_compare_with_every_scheme() -> None:
    for name in FOUR:
        raw = read_data(ROOT / "policies" / name / "sample.yaml", "sample.yaml")
        compared = side_by_side([POLICIES[name], *(POLICIES[other] for other in FOUR if other != name)], "zh", raw)
        assert name in compared.settlements
        assert comparison_json(compared, "zh")["results"]
