"""Two versions held against each other: what says the same is no difference, and one change is told as one."""

import json
import shutil
import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from engine.api import Policy, open_policy
from engine.compare.topics import topics_in
from engine.load.policy import folder_documents
from engine.load.read import read_data
from engine.trial.coverage import own_documents
from engine.trial.moved import moved_on
from engine.trial.mutants import Mutant, mutants
from engine.trial.mutate import with_document
from engine.trial.versions import pinned, versions
from grammar.diagnostic import FindingsError
from grammar.printer import print_document
from grammar.respell import names_of, respell

ROOT = Path(__file__).resolve().parent.parent
XIANCE = str(Path(sys.executable).with_name("xiance"))
ALL = ("gaotai", "yunxian", "guangdong", "jilin", "qingshan")
POLICIES: dict[str, Policy] = {name: open_policy(name) for name in ALL}


def run(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([XIANCE, "diff", *words], capture_output=True, text=True, cwd=ROOT, check=False)


def form(*words: str) -> dict[str, Any]:
    done = run(*words, "--format", "json")
    assert done.returncode == 0, done.stderr
    value = json.loads(done.stdout)
    assert isinstance(value, dict)
    return value


def edited(folder: Path, name: str, *changes: tuple[str, str]) -> Path:
    """A copy of a policy with parts of its rule file exchanged."""
    copy = folder / name
    shutil.copytree(ROOT / "policies" / name, copy)
    rules = copy / "rules.policy"
    text = rules.read_text(encoding="utf-8")
    for before, after in changes:
        assert text.count(before) == 1, (before, text.count(before))
        text = text.replace(before, after)
    rules.write_text(text, encoding="utf-8")
    return copy


@pytest.mark.parametrize("name", ALL)
def test_a_version_is_no_different_from_itself(name: str) -> None:
    told = versions(POLICIES[name], open_policy(name), "zh")
    assert (told.changes, told.clauses) == ((), ())


@pytest.mark.parametrize("name", ALL)
def test_english_spelling_comments_and_layout_are_no_difference(name: str, tmp_path: Path) -> None:
    copy = tmp_path / name
    shutil.copytree(ROOT / "policies" / name, copy)
    documents = folder_documents(copy)
    names = names_of(*(text.document for text in POLICIES[name].loaded.texts))
    english = print_document(respell(documents[-1], "en", names), "en")
    spread = english.replace("\nstage ", "\n# a remark\n\nstage ")
    assert spread != english
    (copy / "rules.policy").write_text(spread, encoding="utf-8")
    told = versions(POLICIES[name], open_policy(str(copy)), "zh")
    assert (told.changes, told.clauses) == ((), ())


def some_mutants() -> list[tuple[str, Mutant]]:
    found = []
    for name in ALL:
        for document in own_documents(POLICIES[name]):
            every = list(mutants(document, POLICIES[name].scheme()))
            found += [(name, mutant) for mutant in every[:: max(1, len(every) // 25)]]
    return found


def test_every_change_to_one_statement_is_told_as_exactly_one() -> None:
    tried = 0
    for name, mutant in some_mutants():
        changed = with_document(POLICIES[name], mutant.span.source.name, mutant)
        try:
            changed.findings()
        except FindingsError:
            continue
        told = versions(POLICIES[name], changed, "zh").changes
        if not told:
            # A change that comes to the same rules is none.
            assert changed.scheme().figures == POLICIES[name].scheme().figures, mutant.name
            continue
        assert len(told) == 1, (mutant.name, told)
        before, after = ({" ".join(line.split()) for line in lines} for lines in mutant.lines("zh"))
        assert before & set(told[0].before.lines) or after & set(told[0].after.lines), (mutant.name, told)
        tried += 1
    assert tried > 60


def test_a_rate_is_told_with_both_lines_both_places_and_its_topic(tmp_path: Path) -> None:
    old = edited(tmp_path, "gaotai", ("留用上限比例 = 30%  ", "留用上限比例 = 31%  "))
    told = form(str(old), "gaotai")
    [change] = told["changes"]
    assert (change["id"], change["kind"], change["names"], change["aspects"]) == (
        "retention_cap", "changed", ["留用上限比例"], ["value"],
    )  # fmt: skip
    assert change["before"]["lines"] == ["参数 留用上限比例 = 31% 依据 五(四)④"]
    assert change["after"] == {
        "lines": ["参数 留用上限比例 = 30% 依据 五(四)④"], "file": "gaotai/rules.policy", "line": 18,
        "citations": ["五(四)④"],
    }  # fmt: skip


def test_a_dropped_exception_is_one_change_though_it_holds_for_two_kinds(tmp_path: Path) -> None:
    dropped = (
        "    结余留用 除非 服务重大变化: 0元                         依据 五(四)⑤\n"
        "      理由 「预算怎样折算没有写，决定了的数填在预算调整额里」\n"
    )
    new = edited(tmp_path, "gaotai", (dropped, ""))
    [change] = form("gaotai", str(new))["changes"]
    assert (change["kind"], change["kinds"], change["aspects"]) == (
        "removed", ["医共体", "非医共体机构"], ["exception_removed"],
    )  # fmt: skip
    assert change["before"]["lines"][0] == "结余留用 除非 服务重大变化: 0元 依据 五(四)⑤"
    assert change["after"] is None


@pytest.mark.parametrize(
    ("before", "after", "topic", "aspect"),
    [
        ("系统对接 须附 「系统对接验收记录」 ", "系统对接 ", "gate", "tests"),
        ("记为 资金池结余份额, 余分 归 名录在前者", "记为 资金池结余份额, 余分 归 余数大者", "pools", "spare"),
        ("名录 医共体 「县人民医院医共体」、「县中医医院医共体」", "名录 医共体 「县中医医院医共体」", "scope", "units"),
        ("施行 2026-01-01 起", "施行 2026-01-01 起 至 2028-12-31", "in_force", "in_force"),
        ("    留用上限 = 调整后预算 的 留用上限比例 ", "    留用上限 = 调整后预算 的 留用上限比例, 舍去 到 1元 ", "retention_cap", "rounding"),
        ("比率, 0% 至 100%, 未定, 假设 0%", "比率, 0% 至 50%, 未定, 假设 0%", "budget", "range"),
        ("特殊原因超支额: 金额, 缺省 0元", "特殊原因超支额: 金额", "special_causes", "default"),
        ("「再次分配」、「纳入次年基金预算总额」", "「再次分配」", "uses", "allowed"),
    ],
)  # fmt: skip
def test_each_sort_of_rule_is_told_under_its_topic(
    before: str, after: str, topic: str, aspect: str, tmp_path: Path
) -> None:
    new = edited(tmp_path, "gaotai", (before, after))
    [change] = versions(POLICIES["gaotai"], open_policy(str(new)), "zh").changes
    assert change.topic is not None
    assert (change.topic.id, aspect in change.aspects) == (topic, True), change
    assert change.before.lines != change.after.lines


def test_two_days_of_one_policy_differ_by_the_value_that_changes_between_them() -> None:
    told = form("qingshan", "--at", "2026-12-31", "--and", "2027-01-01")
    [change] = told["changes"]
    assert change["names"] == ["超支分担比例"]
    assert [change[side]["lines"] for side in ("before", "after")] == [
        ["2026年度 起 至 2026年度: 50% 依据 三(二)"], ["2027年度 起: 40% 依据 三(二)"],
    ]  # fmt: skip
    assert form("qingshan", "--at", "2027-01-01", "--and", "2028-01-01")["changes"] == []


def test_a_pinned_policy_settles_every_year_as_on_its_day() -> None:
    raw = read_data(ROOT / "policies" / "qingshan" / "sample.yaml", "sample.yaml")
    policy = POLICIES["qingshan"]
    days = [date(year, 6, 1) for year in (2026, 2027)]
    moves = moved_on(pinned(policy, days[0]), pinned(policy, days[1]), raw, "sample.yaml")
    fund = [m for m in moves.moves if m.result.id == "fund_share"]
    assert {str(m.result.row.period) for m in fund} == {"2026", "2027"}
    for move in fund:
        over = move.result.row.columns["超支"].now
        assert isinstance(over, int)
        assert move.difference is not None
        assert abs(move.difference + over / 10) <= 1


def test_the_money_that_moves_is_told_per_unit_and_in_all(tmp_path: Path) -> None:
    new = edited(tmp_path, "gaotai", ("留用上限比例 = 30%  ", "留用上限比例 = 31%  "))
    told = form("gaotai", str(new), "--data", "policies/gaotai/sample.yaml")
    kept = next(m for m in told["moved"] if m["id"] == "retained")
    assert (kept["unit"], kept["before"]["value"], kept["after"]["value"], kept["difference"]) == (
        "县妇幼保健院", "3600000.00", "3720000.00", "120000.00",
    )  # fmt: skip
    assert "3,720,000.00" in kept["reason"]
    totals = {t["id"]: t["difference"] for t in told["totals"]}
    assert totals["retained"] == "120000.00"
    assert totals["agency_retained"] == "-120000.00"
    text = run("gaotai", str(new), "--data", "policies/gaotai/sample.yaml").stdout
    assert "经办机构留用 600,000.00 元 → 480,000.00 元，少 120,000.00 元" in text


def test_a_clause_that_is_described_otherwise_is_named(tmp_path: Path) -> None:
    new = edited(tmp_path, "gaotai")
    source = new / "source.yaml"
    text = source.read_text(encoding="utf-8")
    first = next(line for line in text.splitlines() if "摘要:" in line)
    source.write_text(text.replace("摘要: ", "摘要: 改过的", 1), encoding="utf-8")
    told = form("gaotai", str(new))
    assert told["changes"] == []
    [clause] = told["clauses"]
    assert clause["kind"] == "changed"
    assert clause["after"].startswith("改过的")
    assert clause["before"] in first


def test_data_that_one_version_refuses_are_told_with_the_version(tmp_path: Path) -> None:
    new = edited(tmp_path, "gaotai", ("特殊原因超支额: 金额, 缺省 0元", "特殊原因超支额: 金额, 缺省 0元, 不超过 1元"))
    done = run("gaotai", str(new), "--data", "policies/gaotai/sample.yaml", "--format", "json")
    assert done.returncode == 1
    findings = json.loads(done.stdout)["findings"]
    assert findings[0]["code"] == "L280"
    assert findings[0]["message"].startswith("新版")


def test_every_topic_of_a_change_is_one_of_the_topics_and_english_speaks_no_chinese_keyword() -> None:
    told = versions(POLICIES["gaotai"], POLICIES["yunxian"], "en")
    topics = set(topics_in(ROOT / "policies" / "common"))
    assert {c.topic for c in told.changes if c.topic} <= topics
    lines = [line for c in told.changes for side in (c.before, c.after) for line in side.lines]
    assert not [line for line in lines if "除非" in line or "参数" in line]


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("gaotai",), 2),
        (("gaotai", "nowhere"), 2),
        (("gaotai", "--at", "2026-01-01"), 2),
        (("gaotai", "gaotai", "--at", "2026-01-01", "--and", "2027-01-01"), 2),
        (("gaotai", "--at", "明天", "--and", "2027-01-01"), 2),
        (("gaotai", "yunxian", "--format", "md", "--lang", "en"), 0),
    ],
)
def test_wrong_usage_ends_with_its_code(words: tuple[str, ...], code: int) -> None:
    done = run(*words)
    assert done.returncode == code
    assert "Traceback" not in done.stderr
