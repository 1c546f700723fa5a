"""Figures that a run wrote to files, explained from there: only where they agree with settling them again, and in the same words."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest
from click.testing import CliRunner, Result

from engine.api import bind_data, data_of_unit, open_policy, settle
from engine.doors.command import cli
from engine.load import parquet
from engine.load.parquet import ROWS_HELD
from engine.load.read import read_data

POLICIES = Path(__file__).resolve().parent.parent / "policies"
SAMPLES = ("gaotai", "yunxian", "guangdong", "jilin", "qingshan")


def run(*words: str | Path) -> Result:
    return CliRunner().invoke(cli, [str(word) for word in words])


def settled(name: str | Path, data: Path, form: str, out: Path, *options: str) -> None:
    result = run("settle", name, "--data", data, "--format", form, "--out", out, *options)
    assert result.exit_code == 0, result.stderr


def codes(result: Result) -> list[str]:
    return [finding["code"] for finding in json.loads(result.stdout)["findings"]]


def units_of(name: str) -> list[str]:
    policy = open_policy(name)
    data = bind_data(policy, read_data(POLICIES / name / "sample.yaml"))
    return list(dict.fromkeys(result.row.unit for result in settle(policy, data).figures))


@pytest.mark.parametrize("form", ["parquet", "csv", "json"])
@pytest.mark.parametrize("name", SAMPLES)
def test_every_unit_of_a_written_run_is_explained_as_from_its_data(name: str, form: str, tmp_path: Path) -> None:
    data, out = POLICIES / name / "sample.yaml", tmp_path / "out"
    settled(name, data, form, out, *(["--backend", "duckdb"] if form == "parquet" else []))
    for unit in units_of(name):
        stored = run("explain", "--from", out, "--unit", unit)
        assert (stored.exit_code, stored.stdout) == (
            0,
            run("explain", name, "--all", "--data", data, "--unit", unit).stdout,
        ), stored.stderr


def test_one_figure_of_one_year_is_chosen(tmp_path: Path) -> None:
    data = POLICIES / "qingshan" / "sample.yaml"
    settled("qingshan", data, "csv", tmp_path / "out", "--assume", "中医倾斜比例=3%")
    unit = units_of("qingshan")[0]
    chosen = run("explain", "--from", tmp_path / "out", "--unit", unit, "--figure", "结余留用", "--year", "2027")
    whole = run(
        "explain",
        "qingshan",
        "结余留用",
        "--data",
        data,
        "--unit",
        unit,
        "--year",
        "2027",
        "--assume",
        "中医倾斜比例=3%",
    )
    assert (chosen.exit_code, chosen.stdout) == (whole.exit_code, whole.stdout)


def _parquet_up_by_a_fen(out: Path) -> None:
    path = out / "医共体.parquet"
    other = path.with_name("new")
    duckdb.sql(f"COPY (SELECT * REPLACE (结余留用 + 0.01 AS 结余留用) FROM '{path}') TO '{other}' (FORMAT parquet)")  # noqa: S608
    other.replace(path)


def _csv_up_by_a_fen(out: Path) -> None:
    path = out / "医共体.csv"
    lines = path.read_text(encoding="utf-8").split("\n")
    at = lines[0].split(",").index("结余留用")
    cells = lines[1].split(",")
    cells[at] = cells[at][:-1] + str((int(cells[at][-1]) + 1) % 10)
    path.write_text("\n".join([lines[0], ",".join(cells), *lines[2:]]), encoding="utf-8")


def _json_without_a_figure(out: Path) -> None:
    form = json.loads(out.read_text(encoding="utf-8"))
    form["figures"] = [x for x in form["figures"] if x["figure"] != "结余留用"]
    out.write_text(json.dumps(form, ensure_ascii=False), encoding="utf-8")


@pytest.mark.parametrize(
    ("form", "tamper"),
    [("parquet", _parquet_up_by_a_fen), ("csv", _csv_up_by_a_fen), ("json", _json_without_a_figure)],
)
def test_a_figure_that_was_altered_is_told_with_its_place_and_nothing_is_explained(
    form: str, tamper: Callable[[Path], None], tmp_path: Path
) -> None:
    settled("gaotai", POLICIES / "gaotai" / "sample.yaml", form, tmp_path / "out")
    tamper(tmp_path / "out")
    figures = json.loads(
        run("settle", "gaotai", "--data", POLICIES / "gaotai" / "sample.yaml", "--format", "json").stdout
    )
    unit = next(x["unit"] for x in figures["figures"] if x["figure"] == "结余留用" and x["kind"] == "医共体")
    told = run("explain", "--from", tmp_path / "out", "--unit", unit, "--format", "json")
    assert told.exit_code == 1
    assert set(codes(told)) == {"S131"}
    assert "explanations" not in json.loads(told.stdout)
    finding = json.loads(told.stdout)["findings"][0]
    assert str(tmp_path / "out") in str(finding)


def test_a_figure_altered_where_nobody_looks_does_not_keep_another_unit_from_being_explained(tmp_path: Path) -> None:
    settled("gaotai", POLICIES / "gaotai" / "sample.yaml", "parquet", tmp_path / "out")
    _parquet_up_by_a_fen(tmp_path / "out")
    assert run("explain", "--from", tmp_path / "out", "--unit", "县妇幼保健院").exit_code == 0


def _moved(tmp_path: Path) -> tuple[Path, Path, Path]:
    shutil.copytree(POLICIES, tmp_path / "policies")
    policy, data, out = tmp_path / "policies" / "gaotai", tmp_path / "data.yaml", tmp_path / "out"
    shutil.copy(policy / "sample.yaml", data)
    settled(policy, data, "parquet", out)
    return policy / "rules.policy", data, out


def _edit(path: Path, before: str, after: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert before in text
    path.write_text(text.replace(before, after, 1), encoding="utf-8")


def test_changed_data_is_told_and_nothing_is_explained(tmp_path: Path) -> None:
    _, data, out = _moved(tmp_path)
    _edit(data, "35412680.50", "35412680.51")
    told = run("explain", "--from", out, "--unit", "县妇幼保健院", "--format", "json")
    assert (told.exit_code, codes(told)) == (1, ["S123"])


def test_changed_rules_are_told_and_nothing_is_explained(tmp_path: Path) -> None:
    rules, _, out = _moved(tmp_path)
    _edit(rules, "先封顶，再乘考核系数", "先封顶，再乘系数")
    told = run("explain", "--from", out, "--unit", "县妇幼保健院", "--format", "json")
    assert (told.exit_code, codes(told)) == (1, ["S122"])


def test_rules_and_data_that_moved_are_named(tmp_path: Path) -> None:
    rules, data, out = _moved(tmp_path)
    before = run("explain", "--from", out, "--unit", "县妇幼保健院").stdout
    (tmp_path / "elsewhere").mkdir()
    data = data.rename(tmp_path / "elsewhere" / "data.yaml")
    policy = rules.parent.parent.rename(tmp_path / "elsewhere" / "policies") / "gaotai"
    named = ("--data", data, "--policy", policy)
    assert run("explain", "--from", out, "--unit", "县妇幼保健院").exit_code == 2
    assert run("explain", "--from", out, "--unit", "县妇幼保健院", *named).stdout == before


def test_an_unknown_unit_is_answered_with_the_one_that_is_meant(tmp_path: Path) -> None:
    settled("gaotai", POLICIES / "gaotai" / "sample.yaml", "json", tmp_path / "out.json")
    told = run("explain", "--from", tmp_path / "out.json", "--unit", "县妇幼保键院")
    assert told.exit_code == 2
    assert "是不是“县妇幼保健院”" in told.stderr


def test_what_holds_no_receipt_is_told(tmp_path: Path) -> None:
    settled("gaotai", POLICIES / "gaotai" / "sample.yaml", "csv", tmp_path / "out")
    (tmp_path / "out" / "回执.json").unlink()
    told = run("explain", "--from", tmp_path / "out", "--unit", "县妇幼保健院", "--format", "json")
    assert (told.exit_code, codes(told)) == (1, ["S130"])


@pytest.mark.parametrize(
    "words",
    [
        ("explain", "--from", "out"),
        ("explain", "gaotai", "结余留用", "--from", "out", "--unit", "甲"),
        ("explain", "--from", "out", "--unit", "甲", "--assume", "a=1"),
        ("explain", "gaotai", "--all"),
        ("explain", "gaotai", "--all", "--data", "x", "--figure", "y"),
    ],
)
def test_options_that_do_not_go_together_are_wrong_usage(words: tuple[str, ...]) -> None:
    assert run(*words).exit_code == 2


CLAIMS = """方案 sample 「试」
  施行 2025-01-01 起
  险种 职工、居民 分别核算

数据 医共体
  年度清算总额
环节 年终清算
  对 医共体:
    统筹支付 = 合计 明细.统筹基金支付   依据 二

译名
  统筹支付 = fund_paid
"""


@pytest.mark.parametrize("parts", [("true",), ("i % 3 = 0", "i % 3 > 0")], ids=["one file", "a short and a long one"])
def test_of_many_claims_only_those_of_the_unit_are_read(tmp_path: Path, parts: tuple[str, ...]) -> None:
    (tmp_path / "sample").mkdir()
    (tmp_path / "sample" / "rules.policy").write_text(CLAIMS, encoding="utf-8")
    (tmp_path / "data").mkdir()
    units = "".join(f"  - {{名称: 医共体{i}, 年度: 2026, 险种: 居民}}\n" for i in range(9))
    (tmp_path / "data" / "案.yaml").write_text(f"方案: sample\n医共体:\n{units}", encoding="utf-8")
    rows, of_one = ROWS_HELD * 3, 7
    source = (
        f"SELECT 'J' || i AS 编号, '医共体' || CASE WHEN i < {of_one} THEN 8 ELSE i % 8 END AS 单位, 2026 AS 年度, "  # noqa: S608
        f"'居民' AS 险种, CAST(i AS DECIMAL(18, 2)) AS 统筹基金支付 FROM range({rows}) t(i)"
    )
    (tmp_path / "data" / "明细").mkdir()
    for number, chosen in enumerate(parts):
        file = tmp_path / "data" / "明细" / f"{number}.parquet"
        duckdb.sql(f"COPY ({source} WHERE {chosen}) TO '{file}' (FORMAT parquet)")
    policy = open_policy(tmp_path / "sample")
    raw = read_data(tmp_path / "data", looked_at=True)
    dataset, left_out = data_of_unit(policy, raw, [], "医共体8", beside=False)
    assert left_out
    assert raw.bulk[0].store.count == of_one
    assert sum(row.count for row in dataset.rows["明细"]) == of_one
    settled(tmp_path / "sample", tmp_path / "data", "parquet", tmp_path / "out", "--backend", "duckdb")
    words = ("--unit", "医共体8")
    stored = run("explain", "--from", tmp_path / "out", *words, "--figure", "统筹支付")
    assert stored.exit_code == 0, stored.stderr
    assert stored.stdout == run("explain", tmp_path / "sample", "统筹支付", "--data", tmp_path / "data", *words).stdout
    assert "21.00" in stored.stdout


STAYS = """方案: gaotai
年度: 2026
险种: 职工
假设: {转诊间隔: 15日, 起付线级别: 较高一级}
医共体:
  - {名称: 县人民医院医共体, 年度总额预算: 1000.00}
  - {名称: 县中医医院医共体, 年度总额预算: 1000.00}
"""
STAY_COLUMNS = ("单位", "参保人", "入院日期", "出院日期", "转诊", "起付标准")
STAY_ROWS = (
    ("县人民医院医共体", "张三", "2026-03-01", "2026-03-10", "否", "200"),
    ("县人民医院医共体", "张三", "2026-03-20", "2026-03-28", "是", "600"),
    ("县人民医院医共体", "张三丰", "2026-03-20", "2026-03-28", "否", "300"),
    ("县人民医院医共体", "李四", "2026-03-01", "2026-03-10", "否", "400"),
    ("县中医医院医共体", "李四", "2026-03-01", "2026-03-05", "否", "500"),
    ("县中医医院医共体", "王五", "2026-03-01", "2026-03-05", "否", "700"),
    ("县中医医院医共体", "王五", "2026-03-01", "2026-03-05", "否", "800"),
)


def _stays(folder: Path, *, long: bool) -> Path:
    """The admissions in one file with all else, or in a long table of a folder."""
    folder.mkdir()
    rows = [dict(zip(STAY_COLUMNS, row, strict=True)) for row in STAY_ROWS]
    if not long:
        lines = "".join(f"  - {{{', '.join(f'{name}: {cell}' for name, cell in row.items())}}}\n" for row in rows)
        (folder / "案.yaml").write_text(f"{STAYS}住院记录:\n{lines}", encoding="utf-8")
        return folder / "案.yaml"
    (folder / "案.yaml").write_text(STAYS, encoding="utf-8")
    cells = ", ".join(str(row) for row in STAY_ROWS)
    named = ", ".join(f'"{name}"' for name in STAY_COLUMNS)
    duckdb.sql(f"COPY (FROM (VALUES {cells}) t({named})) TO '{folder / '住院记录.parquet'}' (FORMAT parquet)")
    return folder


@pytest.mark.parametrize("long", [False, True], ids=["short", "long"])
@pytest.mark.parametrize("form", ["parquet", "csv", "json"])
def test_a_merged_row_is_explained_by_the_name_it_was_given(
    form: str, long: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parquet, "ROWS_HELD", 0)
    data, out = _stays(tmp_path / "data", long=long), tmp_path / "out"
    settled("gaotai", data, form, out)
    for name, amounts in {
        "张三·2026-03-20": ["600.00"],
        "张三丰·2026-03-20": ["300.00"],
        "李四·2026-03-01": ["400.00", "500.00"],
        "王五·2026-03-01·2": ["800.00"],
    }.items():
        stored = run("explain", "--from", out, "--unit", name)
        assert stored.exit_code == 0, stored.stderr
        assert stored.stdout == run("explain", "gaotai", "--all", "--data", data, "--unit", name).stdout
        assert all(amount in stored.stdout for amount in amounts)
    for name in ("赵六·2026-03-01", "张三·2026-03-20·x", "123"):
        unknown = run("explain", "--from", out, "--unit", name)
        assert unknown.exit_code == 2
        assert name in unknown.stderr
