"""What someone who knows Excel and the README runs into on the first day."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
XIANCE = str(Path(sys.executable).with_name("xiance"))
SAMPLE = str(ROOT / "policies" / "gaotai" / "sample.yaml")
ALLIANCES = "名称,险种,年度总额预算(万元),年度清算总额(元),系统对接,已拨付\n甲医共体,居民,5420,52864310.25,是,1.00\n乙医共体,居民,3360,34000000,是,\n"


def run(*words: str, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    return subprocess.run([XIANCE, *words], capture_output=True, text=True, cwd=cwd, check=False)


def folder(place: Path, **tables: str) -> str:
    place.mkdir()
    (place / "案.yaml").write_text("方案: gaotai\n年度: 2026\n", encoding="utf-8")
    for name, text in tables.items():
        (place / f"{name}.csv").write_text(text, encoding="gb18030")
    return str(place)


def test_schemes_are_compared_on_tables_with_columns_only_one_of_them_knows(tmp_path: Path) -> None:
    ran = run("compare", "gaotai", "yunxian", "--data", folder(tmp_path / "data", 医共体=ALLIANCES), "--format", "json")
    told = json.loads(ran.stdout)
    assert ran.returncode == 0
    assert {each["scheme"] for each in told["results"]} == {"gaotai", "yunxian"}


def test_a_column_no_scheme_knows_is_still_told_when_comparing(tmp_path: Path) -> None:
    text = ALLIANCES.replace("系统对接", "系统对结")
    ran = run("compare", "gaotai", "yunxian", "--data", folder(tmp_path / "data", 医共体=text))
    assert (ran.returncode, "D057" in ran.stdout + ran.stderr) == (1, True)


@pytest.mark.parametrize(("paid", "told"), [("1.00", False), ("", True)])
def test_a_unit_without_months_is_told_only_where_a_sum_of_them_counts(tmp_path: Path, paid: str, told: bool) -> None:
    months = "单位,险种,月份,扣保证金,实拨\n甲医共体,居民,2026-12,0,1.00\n"
    rules = (ROOT / "policies" / "yunxian" / "rules.policy").read_text(encoding="utf-8")
    assert "已拨付 未填时 = 合计 月度.实拨" in rules
    data = folder(
        tmp_path / "data",
        医共体=f"名称,年度总额预算,年度清算总额,已拨付\n甲医共体,9,9,1\n乙医共体,9,9,{paid}\n",
        月度=months,
    )
    (tmp_path / "data" / "案.yaml").write_text("方案: yunxian\n年度: 2026\n", encoding="utf-8")
    warnings = json.loads(run("settle", "yunxian", "--data", data, "--format", "json").stdout)["warnings"]
    said = [each["message"] for each in warnings if each["code"] == "D223"]
    assert bool(said) == told, warnings
    assert all("乙医共体" in message and "甲医共体" not in message for message in said)


@pytest.mark.parametrize(
    "words",
    [
        ("explain", "gaotai", "--all"),
        ("notice", "gaotai"),
        ("compare", "gaotai", "yunxian"),
        ("diff", "gaotai", "gaotai"),
        ("sweep", "gaotai", "留用上限比例", "20%..40%"),
        ("cases", "record", "gaotai", "--as", "一次结算"),
        ("settle", "gaotai", "--format", "json"),
    ],
)
def test_no_command_writes_over_the_data_it_reads(tmp_path: Path, words: tuple[str, ...]) -> None:
    data = tmp_path / "数据.yaml"
    data.write_bytes(Path(SAMPLE).read_bytes())
    ran = run(*words, "--data", str(data), "--out", str(data))
    assert (ran.returncode, "不能写在上面" in ran.stderr) == (2, True)
    assert data.read_bytes() == Path(SAMPLE).read_bytes()


def test_a_template_does_not_take_the_place_of_a_workbook_that_may_be_filled_in(tmp_path: Path) -> None:
    book = tmp_path / "高台.xlsx"
    assert run("data", "template", "gaotai", "--out", str(book)).returncode == 0
    book.write_bytes(book.read_bytes() + b"filled in")
    again = run("data", "template", "gaotai", "--out", str(book))
    assert (again.returncode, "已经有了" in again.stderr) == (2, True)
    assert book.read_bytes().endswith(b"filled in")


def test_a_notice_is_given_along_with_the_warnings_of_its_data(tmp_path: Path) -> None:
    months = "单位,险种,月份,扣保证金,实拨\n甲医共体,居民,2026-12,0,1.00\n"
    ran = run("notice", "gaotai", "--data", folder(tmp_path / "data", 医共体=ALLIANCES, 月度=months))
    assert ran.returncode == 0
    assert "D223" in ran.stderr
    assert "D223" not in ran.stdout


def test_a_result_and_its_receipt_are_not_written_to_one_file(tmp_path: Path) -> None:
    out = tmp_path / "结果.json"
    ran = run("settle", "gaotai", "--data", SAMPLE, "--format", "json", "--out", str(out), "--receipt", str(out))
    assert (ran.returncode, "同一个文件" in ran.stderr, out.exists()) == (2, True, False)
