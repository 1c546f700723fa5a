"""Many runs at once: each comes to what it comes to alone, in its figures, states and what they wait for."""

import json
import random
import sys
from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import duckdb
import pytest
from click.testing import CliRunner, Result

sys.path.insert(0, str(Path(__file__).parent / "agreement"))

from roads import case_of, dataset_of

from engine.api import Policy, bind_data, open_policy, settle
from engine.bulk.many import Many, settle_many
from engine.doors.command import cli
from engine.load.read import read_data
from engine.load.yaml_data import read_yaml
from engine.nouns import kinds as k
from engine.nouns.core import Parameter
from engine.nouns.dataset import Assumption, Dataset
from engine.nouns.printed import plain
from engine.sql.duckdb_engine import DuckDB
from grammar.diagnostic import FindingsError

# Random programs of this test's own, a group of so many at a time, and the runs of each.
FIRST, GROUPS, IN_GROUP, RUNS = 3_100_000, 4, 10, 5
POLICIES = Path(__file__).resolve().parent.parent / "policies"
STATES = ("stated", "assumed", "open")
Figure = tuple[str | bool | None, str, str]
# Merged rows of two units may have one name: all figures of a name are held to each other, in any order.
Told = dict[tuple[object, ...], list[Figure]]


def run(*words: str | Path) -> Result:
    return CliRunner().invoke(cli, [str(word) for word in words])


def value_of(chance: random.Random, parameter: Parameter) -> Any:
    kind, limits = parameter.kind, parameter.range
    if kind.base is k.Base.YES_NO:
        return chance.random() < 0.5
    if kind.base is k.Base.CHOICE:
        return chance.choice(kind.options)
    if not kind.is_number:
        return None
    low = Fraction(0 if limits.low is None else limits.low)
    high = Fraction(low + 10**6 if limits.high is None else limits.high)
    if kind.base in {k.Base.RATIO, k.Base.POINTS}:
        value = low + (high - low) * Fraction(chance.randint(0, 1000), 1000)
    else:
        value = Fraction(chance.randint(int(low), int(high)))
    return value if limits.holds(value) else None


def told_alone(policy: Policy, dataset: Dataset, assumed: Mapping[str, Assumption]) -> Told | None:
    """The figures of a run by itself, by the interpreter; None where it is refused."""
    try:
        run = settle(policy, replace(dataset, assumptions=assumed))
    except FindingsError:
        return None
    found: Told = {}
    for r in run.figures:
        key = (r.row.table, r.row.unit, r.row.insurance, str(r.row.period), r.name)
        value = plain(r.value.now, r.kind) if r.value.state != "open" else None
        waits = "、".join(sorted(r.value.missing)) if r.value.state == "open" else ""
        found.setdefault(key, []).append((value, r.value.state, waits))
    return found


def told_together(engine: DuckDB, many: Many, runs: int) -> list[Told]:
    """The figures of every run of a batch, as its tables hold them."""
    found: list[Told] = [{} for _ in range(runs)]
    for kind, table in many.tables.items():
        for number, _, _, unit, insurance, period, *cells in engine.rows(f'FROM "{table}"'):
            for i, figure in enumerate(many.figures[kind]):
                value, state, waits = cells[3 * i : 3 * i + 3]
                if state is None:
                    continue
                if figure.places is not None and value is not None:
                    value = f"{value:f}" if figure.is_money else f"{value:f}".rstrip("0").rstrip(".")
                elif hasattr(value, "isoformat"):
                    value = value.isoformat()
                key = (kind, unit, insurance, period, figure.name)
                found[number].setdefault(key, []).append((value, STATES[state], waits or ""))
    return found


def same(policy: Policy, dataset: Dataset, runs: list[dict[str, Assumption]], *, in_engine: bool = True) -> Many:
    """Hold a batch to each of its runs alone."""
    engine = DuckDB(threads=1)
    try:
        many = settle_many(engine, "out", policy.pipeline, dataset, runs, in_engine=in_engine)
        together = told_together(engine, many, len(runs))
    finally:
        engine.close()
    for number, assumed in enumerate(runs):
        alone = told_alone(policy, dataset, assumed)
        assert (number in many.refused) == (alone is None)
        expected = {key: sorted(map(_loose, x), key=str) for key, x in (alone or {}).items()}
        assert {key: sorted(map(_loose, x), key=str) for key, x in together[number].items()} == expected
    return many


def _loose(told: Figure) -> tuple[object, str, str]:
    """A number by its value: a table of decimals keeps no account of zeros behind them."""
    value, state, waits = told
    try:
        return (value if isinstance(value, bool) or value is None else Fraction(value), state, waits)
    except ValueError:
        return told


@pytest.mark.parametrize("name", ["gaotai", "yunxian", "guangdong", "jilin", "qingshan"])
def test_every_run_of_a_batch_is_as_it_is_alone(name: str) -> None:
    policy = open_policy(name)
    dataset = bind_data(policy, read_data(POLICIES / name / "sample.yaml"))
    undecided = [p for p in policy.scheme().parameters.values() if p.state in {"open", "referred"}]
    chance = random.Random(name)  # noqa: S311
    runs: list[dict[str, Assumption]] = []
    for number in range(12):
        # Some assume everything, some one name, some nothing: those that are alike are settled together.
        some = [undecided, undecided[:1], []][number % 3]
        values = {p.name: value_of(chance, p) for p in some}
        given = {name: Assumption(name, value, "batch") for name, value in values.items() if value is not None}
        runs.append({**dataset.assumptions, **given})
    assert same(policy, dataset, runs).why is None


def _random_runs(policy: Policy, dataset: Dataset, seed: int) -> list[dict[str, Assumption]]:
    """Runs that take everything open, half of it, a little, nothing."""
    undecided = [p for p in policy.scheme().parameters.values() if p.state in {"open", "referred"}]
    chance = random.Random(f"batch {seed}")  # noqa: S311
    runs = []
    for number in range(RUNS):
        share = (1, 0.5, 0.5, 0.2, 0)[number % 5]
        values = {p.name: value_of(chance, p) for p in undecided if chance.random() < share}
        given = {name: Assumption(name, value, "batch") for name, value in values.items() if value is not None}
        runs.append({**dataset.assumptions, **given})
    return runs


def _random_case(seed: int) -> tuple[Policy, Dataset] | None:
    case, policy = case_of(seed)
    try:
        return policy, dataset_of(case, policy)
    except FindingsError:
        return None


# The number of a group, or a program that once broke off: its heads have 29 digits with the decimals they are told with.
@pytest.mark.parametrize("group", [*range(GROUPS), 3_100_235])
def test_every_run_of_a_random_program_is_as_it_is_alone(group: int) -> None:
    seeds = range(FIRST + group * IN_GROUP, FIRST + (group + 1) * IN_GROUP) if group < GROUPS else [group]
    found = {seed: case for seed in seeds if (case := _random_case(seed)) is not None}
    assert found
    # Every program is held to its runs alone, and not only up to the first that is settled together.
    many = [same(policy, data, _random_runs(policy, data, seed)) for seed, (policy, data) in found.items()]
    assert any(each.why is None for each in many)


RULES = """方案 sample 「试」
  施行 2025-01-01 起

参数 奖励比例: 比率, 0% 至 100%, 未定   依据 一
参数 计入奖励: 是否, 未定   依据 一
数据 医共体
  结余额: 金额
  系数: 比率, 0% 至 100%
  期初累计: 金额
环节 年终清算
  对 医共体:
    奖励额 = 结余额 的 奖励比例   依据 一
    实得 = 奖励额 的 系数   依据 一
      除非 计入奖励: 0元   依据 一
    累计 = 上年 累计 期初用 期初累计 + 实得   依据 一
    名次 = 排名 结余额 从高到低   依据 一
"""
DATA = """医共体:
  - {名称: 甲, 年度: 2025, 结余额: 100.01, 系数: 90%, 期初累计: 0}
  - {名称: 乙, 年度: 2025, 结余额: 333.33, 期初累计: 1.00}
  - {名称: 甲, 年度: 2026, 结余额: 0.01, 系数: 100%}
  - {名称: 乙, 年度: 2026, 结余额: 77.70, 系数: 50%}
"""


def small(folder: Path) -> tuple[Policy, Dataset]:
    (folder / "sample").mkdir()
    (folder / "sample" / "rules.policy").write_text(RULES, encoding="utf-8")
    policy = open_policy(folder / "sample")
    return policy, bind_data(policy, read_yaml(DATA, "data.yaml"))


def test_last_year_places_blanks_and_conditions_keep_to_their_own_scenario(tmp_path: Path) -> None:
    policy, dataset = small(tmp_path)
    runs = [
        {
            "奖励比例": Assumption("奖励比例", Fraction(share, 7), "batch"),
            "计入奖励": Assumption("计入奖励", share % 2 == 0, "batch"),
            "系数": Assumption("系数", Fraction(share, 9), "batch"),
        }
        for share in range(8)
    ]
    same(policy, dataset, [*runs, {}, {"系数": runs[3]["系数"]}])


def test_scenarios_taken_in_turns_are_as_those_taken_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    policy, dataset = small(tmp_path)
    monkeypatch.setattr("engine.bulk.many._ROWS_AT_ONCE", 20)
    same(policy, dataset, [{"奖励比例": Assumption("奖励比例", Fraction(i, 30), "batch")} for i in range(30)])


def test_the_interpreter_fills_the_same_tables(tmp_path: Path) -> None:
    policy, dataset = small(tmp_path)
    runs = [{"奖励比例": Assumption("奖励比例", Fraction(i, 3), "batch")} for i in range(3)]
    same(policy, dataset, runs, in_engine=False)


# ---- the command


def batch(folder: Path, text: str, *words: str | Path) -> Result:
    (folder / "清单.yaml").write_text(text, encoding="utf-8")
    (folder / "数据.yaml").write_text(DATA, encoding="utf-8")
    return run("settle", "--batch", folder / "清单.yaml", *words)


LIST = """- 方案: sample
  数据: 数据.yaml
  年度: 2026
  假设:
    奖励比例: {从: 0%, 到: 100%, 步长: 25%}
    计入奖励: [是, 否]
- {方案: sample, 数据: 数据.yaml}
"""


def test_a_batch_is_written_with_scheme_year_and_scenario(tmp_path: Path) -> None:
    small(tmp_path)
    assert batch(tmp_path, LIST, "--format", "parquet", "--out", tmp_path / "out").exit_code == 0
    path = tmp_path / "out" / "sample.医共体.parquet"
    rows = duckdb.connect().execute(f"SELECT 方案, 年度, 情景, 名称, 奖励额, \"奖励额·状态\" FROM '{path}'").fetchall()  # noqa: S608
    assert len(rows) == 2 * 10 + 4
    assert {row[1] for row in rows if row[2] != "无"} == {2026}
    half = {row[3]: row[4:] for row in rows if row[2] == "奖励比例=50%、计入奖励=否"}
    assert {name: (str(value), state) for name, (value, state) in half.items()} == {
        "甲": ("0.01", "assumed"),
        "乙": ("38.85", "assumed"),
    }
    assert {row[5] for row in rows if row[2] == "无"} == {"open"}


def test_a_batch_as_csv_holds_the_same(tmp_path: Path) -> None:
    small(tmp_path)
    assert batch(tmp_path, LIST, "--format", "csv", "--out", tmp_path / "out").exit_code == 0
    lines = (tmp_path / "out" / "sample.医共体.csv").read_text(encoding="utf-8-sig").splitlines()
    assert lines[0].startswith("方案,年度,情景,数据,名称,险种,期,奖励额,奖励额·状态")
    assert "sample,2026,奖励比例=50%、计入奖励=否,数据.yaml,乙,,2026,38.85,assumed" in "\n".join(lines)


def test_a_batch_in_short_counts_its_runs(tmp_path: Path) -> None:
    small(tmp_path)
    told = batch(tmp_path, LIST, "--format", "json")
    assert told.exit_code == 0
    summary = json.loads(told.stdout)
    assert summary["runs"] == 11
    assert summary["schemes"][0]["refused"] == []


def test_what_is_wrong_with_a_batch_is_told_all_at_once_with_its_lines(tmp_path: Path) -> None:
    small(tmp_path)
    text = (
        "- {方案: sample, 数据: 数据.yaml, 备注: 甲}\n"
        "- {方案: sample, 数据: 数据.yaml, 年度: 今年}\n"
        "- {方案: sample}\n"
        "- 甲\n"
    )
    told = batch(tmp_path, text, "--format", "json")
    findings = json.loads(told.stdout)["findings"]
    assert (told.exit_code, [f["code"] for f in findings]) == (1, ["L291", "L290", "L290", "L290"])
    assert [f["line"] for f in findings] == [1, 2, 3, 4]


def test_names_and_values_of_a_batch_are_held_to_the_rules(tmp_path: Path) -> None:
    small(tmp_path)
    text = (
        "- {方案: samplé, 数据: 数据.yaml}\n"
        "- {方案: sample, 数据: 没有.yaml}\n"
        "- {方案: sample, 数据: 数据.yaml, 情景: 没有}\n"
        "- {方案: sample, 数据: 数据.yaml, 假设: {奖励比例: [50%, 150%], 奖励: 1%}}\n"
    )
    told = batch(tmp_path, text, "--format", "json")
    assert told.exit_code == 1
    codes = [(f["line"], f["code"]) for f in json.loads(told.stdout)["findings"]]
    assert codes == [(1, "L293"), (2, "L293"), (3, "L293"), (4, "D060"), (4, "D091")]


@pytest.mark.parametrize(
    ("span", "code"),
    [
        ("{从: 0%, 到: 100%, 步长: 0%}", "L294"),
        ("{从: 100%, 到: 0%, 步长: 1%}", "L294"),
        ("{从: 0%, 到: 100%, 步长: 0.0001%}", "L292"),
    ],
)
def test_a_span_that_reaches_nothing_is_not_told_as_one_too_long(tmp_path: Path, span: str, code: str) -> None:
    data = POLICIES / "gaotai" / "sample.yaml"
    batch = tmp_path / "b.yaml"
    batch.write_text(f"- {{方案: gaotai, 数据: {data}, 假设: {{超支分担比例: {span}}}}}\n", encoding="utf-8")
    told = run("settle", "--batch", batch, "--format", "json")
    assert [f["code"] for f in json.loads(told.stdout)["findings"]] == [code]


def test_years_of_a_batch_that_the_data_lacks_are_told(tmp_path: Path) -> None:
    data = POLICIES / "yunxian" / "sample.yaml"
    batch = tmp_path / "b.yaml"
    batch.write_text(f"- {{方案: yunxian, 数据: {data}, 年度: 2031}}\n", encoding="utf-8")
    told = run("settle", "--batch", batch)
    assert told.exit_code == 0
    assert "警告[D093]：数据里没有 2031 年" in told.stderr
    [job] = json.loads(run("settle", "--batch", batch, "--format", "json").stdout)["schemes"]
    assert [warning["code"] for warning in job["warnings"]] == ["D093"]


MERGED = """方案 demo 「甲县办法」
  施行 2026-01-01 起
参数 留用比例: 比率, 0% 至 100%, 未定
数据 医共体
  年度总额预算
数据 明细
  参保人: 文字
  入院日期: 日期
  出院日期: 日期
  起付线: 金额
主体 住院次 合并自 明细
  同 参保人
  间隔 出院日期 至 入院日期 不超过 10日
环节 年终清算
  对 住院次:
    应收 = 最大 明细.起付线
  对 医共体:
    结余留用 = 年度总额预算 的 留用比例
"""
GATE = """    准入 全部满足, 不满足时 不结算:
      应收 超过 100元
"""


def test_runs_that_are_settled_one_by_one_are_counted_as_such(tmp_path: Path) -> None:
    gated = MERGED.replace("  对 医共体:\n", f"{GATE}  对 医共体:\n")
    (tmp_path / "r.policy").write_text(gated, encoding="utf-8")
    stay = "{单位: 甲, 编号: 1, 参保人: 张, 入院日期: 2026-03-01, 出院日期: 2026-03-10, 起付线: 100}"
    data = f"年度: 2026\n医共体:\n  - {{名称: 甲, 年度总额预算: 100.01}}\n明细:\n  - {stay}\n"
    (tmp_path / "d.yaml").write_text(data, encoding="utf-8")
    batch = tmp_path / "b.yaml"
    entry = "- {方案: r.policy, 数据: d.yaml, 假设: {留用比例: {从: 0%, 到: 100%, 步长: 33.3%}}}\n"
    batch.write_text(entry, encoding="utf-8")
    told = run("settle", "--batch", batch)
    assert "  5 次没有一起算，逐行计算：住院次.准入：合并的行上的准入\n" in told.stdout
    assert "交回" not in told.stdout


def test_what_no_clause_leaves_out_has_no_empty_brackets(tmp_path: Path) -> None:
    (tmp_path / "r.policy").write_text(MERGED, encoding="utf-8")
    data = tmp_path / "d.yaml"
    data.write_text("年度: 2026\n医共体:\n  - {名称: 甲, 年度总额预算: 100.01}\n", encoding="utf-8")
    for language, said in (("zh", "· 留用比例：1 个数等它"), ("en", "留用比例: 1 figures wait")):
        told = run("settle", tmp_path / "r.policy", "--data", data, "--lang", language).stdout
        assert said in told
        assert "〔〕" not in told
        assert "[]" not in told


@pytest.mark.parametrize(
    "words",
    [
        ("settle", "--batch", "清单.yaml", "gaotai"),
        ("settle", "--batch", "没有.yaml"),
        ("settle", "--batch", "没有.yaml", "--assume", "a=1"),
        ("settle", "gaotai"),
        ("settle",),
    ],
)
def test_a_batch_and_a_single_run_are_not_mixed(words: tuple[str, ...]) -> None:
    assert run(*words).exit_code == 2
