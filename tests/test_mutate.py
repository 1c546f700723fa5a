"""Changes to the rules that cases notice or do not: the shipped policies' score, each kind of change, the reasons given."""

from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from trial_desk import CASES, RULES, Desk, desk

from engine.api import open_policy
from engine.load.policy import known_policies, policies_folder
from engine.trial.edits import KINDS
from engine.trial.mutants import Mutant, mutants
from engine.trial.mutate import Outcome, mutate
from engine.trial.survivors import Held, held_against, read_survivors

# One change of so many is tried here; `make mutate` tries all.
SHARE = 3


@cache
def sampled(name: str) -> tuple[Outcome, Held]:
    """A sample of a shipped policy's changes, the same each time, beside its explanations."""
    policy = open_policy(name)
    outcome = mutate(policy, share=SHARE)
    return outcome, held_against(outcome, read_survivors(policy), name)


@pytest.mark.parametrize("name", known_policies())
def test_the_cases_of_a_shipped_policy_notice_19_changes_in_20_and_the_others_are_explained(name: str) -> None:
    _, held = sampled(name)
    assert held.tried >= 10
    assert held.percent >= 95
    assert [m.name for m in held.survivors if m.name not in held.reasons] == []
    assert [f.code for f in held.findings] == []


@pytest.mark.parametrize("name", [p.parent.name for p in sorted(policies_folder().glob("*/survivors.yaml"))])
def test_every_explanation_is_of_a_change_there_is(name: str) -> None:
    outcome, _ = sampled(name)
    assert read_survivors(open_policy(name)).keys() <= outcome.names


def changes(rules: str, folder: Path) -> Iterator[Mutant]:
    """The changes of a rule file."""
    policy = open_policy(desk(folder, rules, cases=None).folder)
    yield from mutants(policy.loaded.own.document, policy.scheme())


@pytest.mark.parametrize(
    ("line", "name", "becomes"),
    [
        ("留用上限 = 预算 的 30%", "医共体.留用上限 数改大 1", "留用上限 = 预算 的 31%"),
        ("留用上限 = 预算 的 30%", "医共体.留用上限 数改小 1", "留用上限 = 预算 的 29%"),
        ("留用上限 = 预算 的 30%", "医共体.留用上限 换一个数 1", "留用上限 = 花费 的 30%"),
        ("留用上限 = 预算 的 30%", "医共体.留用上限 改成舍去 1", "留用上限 = 预算 的 30%, 舍去 到 0.01元"),
        ("超出 = 花费 - 1.2万元, 最低 0元", "医共体.超出 数改大 1", "超出 = 花费 - 12,000.01元, 最低 0元"),
        ("超出 = 花费 - 1.2万元, 最低 0元", "医共体.超出 加减互换 1", "超出 = 花费 + 1.2万元, 最低 0元"),
        ("超出 = 花费 - 预算, 最低 0元", "医共体.超出 最高最低互换 1", "超出 = 花费 - 预算, 最高 0元"),
        ("超出 = 花费 - 预算, 最低 0元", "医共体.超出 去掉封顶保底 1", "超出 = 花费 - 预算"),
        ("有余 = 预算 超过 花费", "医共体.有余 端点含与不含 1", "有余 = 预算 达到 花费"),
        ("有余 = 预算 不超过 花费", "医共体.有余 端点含与不含 1", "有余 = 预算 不满 花费"),
        ("有余 = 推诿 或 造假", "医共体.有余 且或互换 1", "有余 = 推诿 且 造假"),
        ("有余 = 推诿 或 造假", "医共体.有余 少一个条件 1", "有余 = 推诿"),
        ("上年数 = 上年 预算 期初用 花费", "医共体.上年数 上期换本期 1", "上年数 = 预算"),
        ("上年数 = 上年 预算 期初用 花费", "医共体.上年数 去掉期初 1", "上年数 = 上年 预算"),
        ("整数 = 花费 ÷ 3, 舍去 到 1元", "医共体.整数 改成四舍五入 1", "整数 = 花费 ÷ 3, 四舍五入 到 1元"),
    ],
)
def test_a_change_is_named_and_printed_in_the_language(line: str, name: str, becomes: str, tmp_path: Path) -> None:
    rules = RULES.replace("    结余 = 预算", f"    {line}\n    结余 = 预算")
    found = {mutant.name: mutant.lines("zh") for mutant in changes(rules, tmp_path)}
    assert found[name] == ((line,), (becomes,))


def test_exceptions_are_dropped_turned_round_exchanged_and_their_precedence_too(tmp_path: Path) -> None:
    rules = RULES.replace(
        "除非 推诿: 0元                                        依据 四", "除非 推诿: 1元  依据 四 先于 三"
    )
    rules = rules.replace("除非 造假: 0元                                        依据 四", "除非 造假: 0元  依据 三")
    made = list(changes(rules, tmp_path))
    found = {m.name: [line.split("  ")[0] for line in m.lines("zh")[1]] for m in made}
    assert found["医共体.留用 去掉例外 1"] == []
    assert found["医共体.留用 条件取反 1"] == ["除非 非 推诿: 1元"]
    assert found["医共体.留用 例外的值互换 1"] == ["除非 推诿: 0元", "除非 造假: 1元"]
    (order,) = (m for m in made if m.kind == "order")
    assert [line.split("依据")[1] for line in order.lines("zh")[1]] == [" 四", " 三 先于 四"]


def test_the_edge_of_a_band_moves_in_both_rows_so_that_no_gap_comes_of_it(tmp_path: Path) -> None:
    found = {m.name: m.lines("zh")[1] for m in changes(RULES, tmp_path)}
    assert found["医共体.留用系数 分档界限改大 1"] == ("达到 86分: 100%", "达到 60分 不满 86分: 80%")
    assert found["医共体.留用系数 分档端点归上归下 1"] == ("超过 85分: 100%", "达到 60分 不超过 85分: 80%")


@pytest.mark.parametrize("name", known_policies())
def test_names_are_distinct_and_outlive_moved_lines(name: str, tmp_path: Path) -> None:
    policy = open_policy(name)
    document = policy.loaded.own.document
    names = [m.name for m in mutants(document, policy.scheme())]
    assert len(names) == len(set(names))
    assert {m.kind for m in mutants(document, policy.scheme())} <= KINDS.keys()
    text = document.span.source.text.replace("\n环节 ", "\n# 新的一行\n\n环节 ")
    for other in ("common", "jilin"):
        (tmp_path / other).symlink_to(policies_folder() / other)
    folder = tmp_path / "moved"
    folder.mkdir()
    (folder / "rules.policy").write_text(text, encoding="utf-8")
    moved = open_policy(folder)
    assert [m.name for m in mutants(moved.loaded.own.document, moved.scheme())] == names


@pytest.fixture
def at(tmp_path: Path) -> Desk:
    return desk(tmp_path)


def test_what_no_case_notices_is_told_with_the_rule_as_it_was_and_as_it_is(at: Desk) -> None:
    ran = at.run("test", "NAME", "--mutate")
    assert ran.code == 0
    assert "没有案例发现：医共体.上限 换一个数 1 sample/rules.policy:17\n    原来 上限 = 预算 的 上限比例" in ran.out
    assert "L214" in ran.err
    told = at.told("test", "NAME", "--mutate")["policies"][0]
    noticed = {c["name"]: c["noticed_by"] for c in told["changes"]}
    assert noticed["医共体.结余 加减互换 1"] == "结余不到上限时乘系数留用"
    assert noticed["医共体.上限 换一个数 1"] is None
    assert told["noticed"] == sum(x is not None for x in noticed.values()) == 16


def test_a_case_at_the_edge_notices_that_the_edge_moved(at: Desk) -> None:
    edge = (
        CASES.replace("结余不到上限时乘系数留用", "得分刚好到线")
        .replace("得分: 70", "得分: 85")
        .replace("留用: 160.00", "留用: 200.00")
    )
    at.write("cases.yaml", CASES + edge)
    noticed = {c["name"]: c["noticed_by"] for c in at.told("test", "NAME", "--mutate")["policies"][0]["changes"]}
    assert noticed["医共体.留用系数 分档端点归上归下 1"] == "得分刚好到线"
    assert noticed["医共体.留用系数 分档界限改大 1"] == "得分刚好到线"
    assert noticed["医共体.留用系数 分档界限改小 1"] is None


def test_the_share_noticed_may_be_held_to_a_threshold(at: Desk) -> None:
    assert at.run("test", "NAME", "--mutate", "--threshold", "40").code == 0
    ran = at.run("test", "NAME", "--mutate", "--threshold", "41")
    assert ran.code == 1
    assert "改动被发现的比例 40%，低于要求的 41%" in ran.err


def test_reasons_are_shown_and_those_that_no_longer_hold_are_told(at: Desk) -> None:
    at.write(
        "survivors.yaml",
        "- 改动: [医共体.上限 换一个数 1, 医共体.上限 改成进位 1]\n  理由: 试\n"
        "- 改动: 医共体.结余 加减互换 1\n  理由: 其实能发现\n"
        "- 改动: 医共体.没有的数 数改大 1\n  理由: 已经删去\n",
    )
    ran = at.run("test", "NAME", "--mutate")
    assert "sample/rules.policy:17 医共体.上限 换一个数 1：试" in ran.out
    assert "已说明 2 处，没有说明 22 处" in ran.out
    codes = {f["code"]: f for f in at.told("test", "NAME", "--mutate")["findings"]}
    assert codes.keys() == {"L212", "L213", "L214"}
    assert (codes["L213"]["line"], codes["L212"]["line"]) == (3, 5)


@pytest.mark.parametrize(
    "text",
    [
        "改动: 一\n理由: 二\n",
        "- 改动: 一\n",
        "- 改动: 一\n  理由: ''\n",
        "- 改动: []\n  理由: 二\n",
        "- 改动: 一\n  理由: 二\n  别的: 三\n",
    ],
)
def test_a_file_of_reasons_of_another_shape_is_told(at: Desk, text: str) -> None:
    at.write("survivors.yaml", text)
    ran = at.run("test", "NAME", "--mutate")
    assert (ran.code, "L211" in ran.err) == (1, True)


def test_with_a_failing_case_nothing_is_tried(at: Desk) -> None:
    at.write("cases.yaml", CASES.replace("留用: 160.00", "留用: 161.00"))
    ran = at.run("test", "NAME", "--mutate", "--threshold", "95")
    assert (ran.code, ran.out) == (1, "")
    assert ran.err.count("错误[") == 1
    assert "L215" in ran.err
