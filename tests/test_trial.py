"""Worked cases measure themselves: what they touch, what they miss and by how much, what moved between two versions."""

from pathlib import Path

import pytest
from trial_desk import CASES, RULES, Desk, desk

MEASURES = ("rules", "exceptions", "branches", "clauses", "boundaries")


@pytest.fixture
def at(tmp_path: Path) -> Desk:
    return desk(tmp_path)


def case(name: str, row: str, expected: str, more: str = "") -> str:
    """A case of one unit."""
    return f"""- 案例: {name}
  依据: 二
  数据:
    年度: 2026
    医共体:
      - {{名称: 甲, {row}}}
  结果:
    - {{单位: 甲, 年度: 2026, {expected}}}
{more}"""


def missing(at: Desk, measure: str) -> set[tuple[str, int]]:
    """What no case touches: the words and the line."""
    told = at.told("test", "NAME")["policies"][0]["coverage"][measure]
    assert told["total"] - told["touched"] == len(told["missing"])
    assert all(m["file"] == "sample/rules.policy" for m in told["missing"])
    return {(m["what"], m["line"]) for m in told["missing"]}


def test_a_branch_that_no_case_takes_is_named_with_its_line(at: Desk) -> None:
    assert missing(at, "rules") == set()
    assert missing(at, "exceptions") == {("医共体.留用 除非 推诿", 23), ("医共体.留用 除非 造假", 24)}
    assert missing(at, "branches") == {
        ("结余：最低 0元 起作用", 16),
        ("留用系数：85分 以上 成立", 19),
        ("留用系数：85分 以上 这一行", 19),
        ("留用系数：达到 60分 不满 85分 不成立", 20),
        ("留用系数：不满 60分 成立", 21),
        ("留用系数：不满 60分 这一行", 21),
        ("留用：最高 上限 起作用", 22),
        ("医共体.留用 除非 推诿", 23),
        ("留用：推诿 成立", 23),
        ("医共体.留用 除非 造假", 24),
        ("留用：造假 成立", 24),
    }


def test_a_clause_is_touched_by_a_case_in_which_one_of_its_rules_decides(at: Desk) -> None:
    assert missing(at, "clauses") == {("四 有情形的不留用", 23)}
    at.write("cases.yaml", CASES + case("推诿的不留用", "预算: 1000, 花费: 800, 得分: 70, 推诿: 是", "留用: 0"))
    assert missing(at, "clauses") == set()


@pytest.mark.parametrize(
    ("spent", "side"), [("700.01", "前者少一分"), ("700.00", "刚好相等"), ("699.99", "前者多一分"), ("699.98", None)]
)
def test_a_boundary_is_touched_exactly_at_it_and_one_fen_either_side(at: Desk, spent: str, side: str | None) -> None:
    sides = {(f"结余 与 上限：{word}", 22) for word in ("前者少一分", "刚好相等", "前者多一分")}
    before = missing(at, "boundaries")
    assert sides <= before
    at.write("cases.yaml", CASES + case("边上", f"预算: 1000, 花费: {spent}, 得分: 70", "上限: 300"))
    assert before - missing(at, "boundaries") == {x for x in sides if side is not None and x[0].endswith(side)}


def test_an_edge_between_two_bands_is_one_boundary(at: Desk) -> None:
    edges = [what for what, _ in missing(at, "boundaries") if what.startswith("得分")]
    assert sorted(edges) == sorted(
        f"得分 与 {e}：{s}" for e in ("60分", "85分") for s in ("前者少一步", "刚好相等", "前者多一步")
    )


def test_a_case_that_fails_touches_nothing(at: Desk) -> None:
    at.write("cases.yaml", CASES.replace("留用: 160.00", "留用: 161.00"))
    told = at.told("test", "NAME")["policies"][0]["coverage"]
    assert [told[m]["touched"] for m in MEASURES] == [0] * len(MEASURES)


def test_each_dated_value_of_a_parameter_wants_a_case_of_its_own(at: Desk) -> None:
    dated = "参数 上限比例: 比率\n  2026年度 起 至 2026年度: 30%  依据 二\n  2027年度 起: 25%  依据 二\n"
    at.write(
        "rules.policy", RULES.replace("参数 上限比例 = 30%                                         依据 二\n", dated)
    )
    assert ("上限比例：2027年度 起: 25%", 6) in missing(at, "branches")
    later = case("第二年", "预算: 1000, 花费: 800, 得分: 70", "上限: 250").replace("2026", "2027")
    at.write("cases.yaml", CASES + later)
    assert not [what for what, _ in missing(at, "branches") if what.startswith("上限比例")]


def test_a_threshold_names_each_measure_under_it(at: Desk) -> None:
    assert at.run("test", "NAME").code == 0
    assert at.run("test", "NAME", "--threshold", "0").code == 0
    ran = at.run("test", "NAME", "--threshold", "50")
    assert ran.code == 1
    assert [line for line in ran.err.splitlines() if "L210" in line] == [
        "错误[L210]：分支 45%，低于要求的 50%",
        "错误[L210]：边界 0%，低于要求的 50%",
    ]
    told = at.told("test", "NAME", "--threshold", "50")
    assert [f["code"] for f in told["findings"]] == ["L210", "L210"]


def test_a_miss_tells_what_was_due_what_came_the_money_between_and_the_rule(at: Desk) -> None:
    at.write("cases.yaml", CASES.replace("留用: 160.00", "留用: 1601.5元"))
    ran = at.run("test", "NAME")
    assert ran.code == 1
    assert (
        "    甲 2026 留用：应为 1,601.50 元，得到 160.00 元（明确），少 1,441.50 元；〔二〕sample/rules.policy:22"
        in ran.out
    )
    figure = at.told("test", "NAME")["policies"][0]["misses"][0]["figures"][0]
    assert (figure["difference"], figure["citations"], figure["rule"]) == ("-1441.50", ["二"], "sample/rules.policy:22")


def test_a_miss_names_the_exception_that_decided(at: Desk) -> None:
    at.write("cases.yaml", case("造假的照样留用", "预算: 1000, 花费: 800, 得分: 70, 造假: 是", "留用: 160"))
    assert "得到 0.00 元（明确），少 160.00 元；〔四〕sample/rules.policy:24" in at.run("test", "NAME").out


def test_a_case_to_be_confirmed_is_listed_and_not_counted(at: Desk) -> None:
    pending = case("引擎算的", "预算: 1000, 花费: 600, 得分: 90", "留用: 999").replace("结果:", "待核:")
    at.write("cases.yaml", CASES + pending)
    ran = at.run("test", "NAME")
    assert ran.code == 0
    assert "案例 1 个，通过 1 个" in ran.out
    assert "待核的案例 1 个，不计在内" in ran.out
    assert "sample/cases.yaml:11 引擎算的" in ran.out
    told = at.told("test", "NAME")["policies"][0]
    assert told["unconfirmed"] == [{"case": "引擎算的", "file": "sample/cases.yaml", "line": 11}]
    at.write("cases.yaml", CASES + pending.replace("待核:", "结果:"))
    assert at.run("test", "NAME").code == 1


def test_a_case_is_either_confirmed_or_not(at: Desk) -> None:
    at.write(
        "cases.yaml", CASES + case("两样都写", "预算: 1", "留用: 0", "  待核:\n    - {单位: 甲, 年度: 2026, 留用: 0}\n")
    )
    ran = at.run("test", "NAME")
    assert ran.code == 1
    assert "L202" in ran.err


def test_without_cases_nothing_is_touched_and_nothing_fails(tmp_path: Path) -> None:
    at = desk(tmp_path, cases=None)
    assert at.run("test", "NAME").code == 0
    assert "案例 0 个" in at.run("test", "NAME").out


def test_figures_that_moved_between_two_versions_are_told_with_their_money(at: Desk, tmp_path: Path) -> None:
    (tmp_path / "old").mkdir()
    old = desk(tmp_path / "old", cases=None)
    at.write("cases.yaml", CASES + case("到上限", "预算: 1000, 花费: 600, 得分: 90", "留用: 300"))
    at.write("rules.policy", RULES.replace("= 30% ", "= 25% "))
    ran = at.run("test", "NAME", "--against", str(old.folder))
    assert ran.code == 0
    assert (
        "    甲 2026 留用：300.00 元（明确） → 250.00 元（明确），少 50.00 元；〔二〕sample/rules.policy:22" in ran.out
    )
    assert "变了的数 3 个；金额合计" in ran.out
    assert "  留用：少 50.00 元（1 处）" in ran.out
    assert "  上限：少 100.00 元（2 处）" in ran.out
    moved = at.told("test", "NAME", "--against", str(old.folder))["policies"][0]["moved"]
    assert [(m["case"], m["figure"], m["difference"]) for m in moved] == [
        ("结余不到上限时乘系数留用", "上限", "-50.00"),
        ("到上限", "上限", "-50.00"),
        ("到上限", "留用", "-50.00"),
    ]
    same = at.run("test", "NAME", "--against", "NAME")
    assert "变了的数 0 个\n" in same.out


def test_data_that_only_one_version_takes_is_told(at: Desk, tmp_path: Path) -> None:
    (tmp_path / "old").mkdir()
    old = desk(tmp_path / "old", RULES.replace("2026-01-01 起", "2027-01-01 起"), cases=None)
    ran = at.run("test", "NAME", "--against", str(old.folder))
    assert (ran.code, "L221" in ran.err) == (0, True)
    old.write("cases.yaml", CASES)
    ran = old.run("test", "NAME", "--against", str(at.folder))
    assert (ran.code, "L220" in ran.err) == (0, True)


def test_everything_is_told_in_english_where_that_is_asked_for(at: Desk) -> None:
    ran = at.run("test", "NAME", "--lang", "en", "--threshold", "100")
    assert "sample: 1 cases, 1 passed, 0 failed; rules 4/4, exceptions 0/2, branches 9/20" in ran.out
    assert "sample/rules.policy:22 结余 against 上限: exactly equal" in ran.out
    assert "error[L210]: boundaries: 0 %, under the 100 % asked for" in ran.err


@pytest.mark.parametrize(
    "words",
    [("--threshold", "101"), ("--threshold", "-1"), ("--mutate", "--against", "NAME"), ("--against", "nowhere")],
)
def test_wrong_options_are_wrong_usage(at: Desk, words: tuple[str, ...]) -> None:
    assert at.run("test", "NAME", *words).code == 2
