"""Figures of many runs at once (settle --batch), explained from their tables as those of a run by itself."""

import json
from pathlib import Path

import duckdb
import pytest
from test_explain_from import POLICIES, codes, run, units_of

SAMPLE = POLICIES / "gaotai" / "sample.yaml"
UNIT = "县妇幼保健院"


def batch(folder: Path, text: str, form: str = "parquet") -> Path:
    (folder / "清单.yaml").write_text(text, encoding="utf-8")
    told = run("settle", "--batch", folder / "清单.yaml", "--format", form, "--out", folder / "结果")
    assert told.exit_code == 0, told.stderr
    return folder / "结果"


@pytest.mark.parametrize("form", ["parquet", "csv"])
def test_every_run_of_a_batch_is_explained_as_by_itself(form: str, tmp_path: Path) -> None:
    values = "{特殊超支分担比例: [60%, 81.5%], 服务量权重: 5%}"
    out = batch(tmp_path, f"- 方案: gaotai\n  数据: {SAMPLE}\n  假设: {values}\n", form)
    for share in ("60%", "81.5%"):
        label = f"特殊超支分担比例={share}、服务量权重=5%"
        assumed = ["--assume", f"特殊超支分担比例={share}", "--assume", "服务量权重=5%"]
        for unit in units_of("gaotai"):
            stored = run("explain", "--from", out, "--unit", unit, "--scenario", label)
            alone = run("explain", "gaotai", "--all", "--data", SAMPLE, "--unit", unit, *assumed)
            assert (stored.exit_code, stored.stdout) == (0, alone.stdout), stored.stderr


def test_which_of_many_runs_is_asked_for(tmp_path: Path) -> None:
    out = batch(tmp_path, f"- 方案: gaotai\n  数据: {SAMPLE}\n  假设: {{服务量权重: [5%, 6%]}}\n")
    told = run("explain", "--from", out, "--unit", UNIT)
    assert told.exit_code == 2
    assert "这里有 2 个情景，加 --scenario 写明是哪一个：“服务量权重=5%”“服务量权重=6%”" in told.stderr
    told = run("explain", "--from", out, "--unit", UNIT, "--scenario", "服务量权重=7%")
    assert told.exit_code == 2
    assert "“服务量权重=5%”" in told.stderr


def test_of_two_sets_of_data_the_one_is_named_that_is_meant(tmp_path: Path) -> None:
    other = tmp_path / "另一份.yaml"
    other.write_text(SAMPLE.read_text(encoding="utf-8").replace("35412680.50", "35412680.51"), encoding="utf-8")
    out = batch(tmp_path, f"- {{方案: gaotai, 数据: [{SAMPLE}, 另一份.yaml]}}\n")
    told = run("explain", "--from", out, "--unit", UNIT)
    assert told.exit_code == 2
    assert "--policy gaotai --data 另一份.yaml" in told.stderr
    for data in (SAMPLE, other):
        name = "另一份.yaml" if data == other else str(SAMPLE)
        stored = run("explain", "--from", out, "--unit", UNIT, "--data", name)
        assert (stored.exit_code, stored.stdout) == (
            0,
            run("explain", "gaotai", "--all", "--data", data, "--unit", UNIT).stdout,
        )


def test_a_run_listed_for_two_years_tells_both(tmp_path: Path) -> None:
    sample = POLICIES / "qingshan" / "sample.yaml"
    entries = "".join(f"- {{方案: qingshan, 数据: {sample}, 年度: {year}}}\n" for year in (2026, 2027))
    out = batch(tmp_path, entries)
    (job,) = json.loads((out / "回执.json").read_text(encoding="utf-8"))["jobs"]
    assert [(x["label"], x["years"]) for x in job["runs"]] == [("无", [2026, 2027])]
    unit = units_of("qingshan")[0]
    stored = run("explain", "--from", out, "--unit", unit)
    alone = run("explain", "qingshan", "--all", "--data", sample, "--unit", unit, "--years", "2026..2027")
    assert (stored.exit_code, stored.stdout) == (0, alone.stdout), stored.stderr


def test_a_figure_of_one_run_that_was_altered_is_told_and_the_other_run_explained(tmp_path: Path) -> None:
    out = batch(tmp_path, f"- 方案: gaotai\n  数据: {SAMPLE}\n  假设: {{服务量权重: [5%, 6%]}}\n")
    path = out / "gaotai.非医共体机构.parquet"
    other = tmp_path / "new"
    altered = "CASE WHEN 情景 = '服务量权重=6%' THEN 结余留用 + 0.01 ELSE 结余留用 END AS 结余留用"
    duckdb.sql(f"COPY (SELECT * REPLACE ({altered}) FROM '{path}') TO '{other}' (FORMAT parquet)")  # noqa: S608
    other.replace(path)
    told = run("explain", "--from", out, "--unit", UNIT, "--scenario", "服务量权重=6%", "--format", "json")
    assert (told.exit_code, set(codes(told))) == (1, {"S131"})
    assert run("explain", "--from", out, "--unit", UNIT, "--scenario", "服务量权重=5%").exit_code == 0


def test_changed_data_of_a_batch_is_told_and_nothing_is_explained(tmp_path: Path) -> None:
    data = tmp_path / "data.yaml"
    data.write_text(SAMPLE.read_text(encoding="utf-8"), encoding="utf-8")
    out = batch(tmp_path, "- {方案: gaotai, 数据: data.yaml}\n")
    data.write_text(data.read_text(encoding="utf-8").replace("35412680.50", "35412680.51"), encoding="utf-8")
    told = run("explain", "--from", out, "--unit", UNIT, "--format", "json")
    assert (told.exit_code, codes(told)) == (1, ["S123"])


@pytest.mark.parametrize("part", ["jobs", "engine"])
def test_a_damaged_receipt_of_many_runs_is_told(part: str, tmp_path: Path) -> None:
    out = batch(tmp_path, f"- {{方案: gaotai, 数据: {SAMPLE}}}\n")
    form = json.loads((out / "回执.json").read_text(encoding="utf-8"))
    form[part] = 1
    (out / "回执.json").write_text(json.dumps(form), encoding="utf-8")
    told = run("explain", "--from", out, "--unit", UNIT, "--format", "json")
    assert (told.exit_code, codes(told)) == (1, ["S121"])
