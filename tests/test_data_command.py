"""``xiance data``: a template takes everything its scheme takes, and data are looked at before they are settled."""

import csv
import io
import json
import re
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import test_bureau
import xlsxwriter  # type: ignore[import-untyped]
from python_calamine import CalamineWorkbook, SheetVisibleEnum
from test_command import SAMPLES, started, xiance

from engine.api import bind_data, open_policy, settle
from engine.doors.json_form import figure_json
from engine.load.bureau_words import kind_of, spellings
from engine.load.policy import policies_folder
from engine.load.read import read_data
from engine.load.tables import RawData, Table
from engine.load.values import header_unit
from engine.nouns.core import Scheme
from grammar.diagnostic import FindingsError, Place

Book = Mapping[str, Sequence[Sequence[str]]]
POLICIES = (*SAMPLES, "qingshan")
ZH = ("说明", "案", "假设")
EN = ("notes", "case", "assumptions")


def written(folder: Path, name: str, *words: str) -> Path:
    """The template of a policy, written by the command."""
    path = folder / "template.xlsx"
    path.unlink(missing_ok=True)
    ran = xiance("data", "template", name, "--out", str(path), *words)
    assert ran.code == 0, ran.err
    assert str(path) in ran.out
    return path


def book(path: Path) -> dict[str, list[list[str]]]:
    """The sheets of a workbook a reader sees, as text."""
    opened = CalamineWorkbook.from_path(str(path))
    seen = [m.name for m in opened.sheets_metadata if m.visible == SheetVisibleEnum.Visible]
    return {name: [[str(v) for v in row] for row in opened.get_sheet_by_name(name).to_python()] for name in seen}


def parts(path: Path) -> dict[str, str]:
    """The XML of every part of a workbook."""
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name).decode() for name in archive.namelist() if name.endswith((".xml", ".vml"))}


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("name", POLICIES)
def test_every_column_of_a_template_is_taken_by_its_scheme(name: str, language: str, tmp_path: Path) -> None:
    scheme = open_policy(name).scheme()
    sheets = book(written(tmp_path, name, "--lang", language))
    opening = ZH if language == "zh" else EN
    assert tuple(sheets)[:3] == opening
    place = Place("t")
    for sheet, rows in list(sheets.items())[3:]:
        table = Table(sheet, (), place)
        kind = kind_of(scheme, table)
        assert kind is not None, sheet
        assert len(rows) == 1, "a template is empty"
        known = {
            *spellings(scheme, kind),
            *["名称", "年度", "险种", "单位", "月份", "name", "year", "insurance", "unit", "month"],
        }
        known |= {f"所属{p}" for p in scheme.tables[kind].parents} | {
            scheme.labels.id(p) for p in scheme.tables[kind].parents
        }
        known |= {i.evidence for (t, _), i in scheme.inputs.items() if t == kind and i.evidence}
        known |= {
            t.evidence
            for (k, _), f in scheme.figures.items()
            if k == kind and f.gate
            for t in f.gate.tests
            if t.evidence
        }
        assert {header_unit(header)[0] for header in rows[0]} - known == set()


@pytest.mark.parametrize("name", POLICIES)
def test_a_template_has_every_datum_of_the_rules_and_every_open_parameter(name: str, tmp_path: Path) -> None:
    scheme = open_policy(name).scheme()
    sheets = book(written(tmp_path, name))
    words = _words_of(scheme)
    headers = {
        (kind_of(scheme, Table(sheet, (), Place("t"))), words.get(header_unit(h)[0]))
        for sheet, rows in sheets.items()
        for h in rows[0]
    }
    declared = {
        (table, datum)
        for (table, datum), i in scheme.inputs.items()
        if i.clauses and scheme.tables[table].grain == "year"
    }
    assert declared - headers == set()
    open_ones = {p.name for p in scheme.parameters.values() if p.state in {"open", "referred"}}
    assert {row[0] for row in sheets["假设"][1:]} == open_ones
    assert dict(row[:2] for row in sheets["案"][1:])["方案"] == name


def test_a_template_says_what_each_column_is_and_bounds_what_may_stand_there(tmp_path: Path) -> None:
    found = parts(written(tmp_path, "gaotai"))
    comments = "".join(text for part, text in found.items() if "comments" in part)
    assert "依据 五(四)①" in comments
    assert "范围 0% 至 100%" in comments
    assert "不填按 0.00 元" in comments
    sheets = "".join(text for part, text in found.items() if part.startswith("xl/worksheets/sheet"))
    validations = re.findall(r"<dataValidation .*?</dataValidation>", sheets)
    assert any("是,否" in v for v in validations)
    assert any("职工,居民" in v for v in validations)
    assert any("县人民医院医共体,县中医医院医共体" in v and 'errorStyle="warning"' in v for v in validations)
    assert any("<formula1>0</formula1><formula2>1</formula2>" in v for v in validations)
    assert "<f>" not in sheets, "nothing in a template is a formula"
    assert "0.00%" in found["xl/styles.xml"]


def test_a_template_uses_the_documents_own_words(tmp_path: Path) -> None:
    sheets = book(written(tmp_path, "yunxian"))
    assert sheets["非紧密型医共体成员单位"][0][2] == "年度指标(元)"


def test_a_template_leaves_out_what_no_rule_looks_at(tmp_path: Path) -> None:
    assert "历史基金使用" not in book(written(tmp_path, "yunxian"))
    assert {"资金池", "非医共体机构", "用款"}.isdisjoint(book(written(tmp_path, "jilin")))


def test_a_template_has_the_same_bytes_each_time(tmp_path: Path) -> None:
    first = written(tmp_path, "gaotai", "--bureau").read_bytes()
    assert first == written(tmp_path, "gaotai", "--bureau").read_bytes()


def test_a_roster_too_long_for_a_drop_down_stands_in_a_sheet_nobody_sees(tmp_path: Path) -> None:
    names = "、".join(f"「示例县第{number}医院」" for number in range(60))
    rules = f"方案 sample 「试」\n  施行 2026-01-01 起\n名录 医共体 {names}\n数据 医共体\n  年度清算总额\n"
    rules += "环节 年终清算\n  对 医共体:\n    已拨付 = 年度清算总额\n"
    (tmp_path / "sample").mkdir()
    (tmp_path / "sample" / "rules.policy").write_text(rules, encoding="utf-8")
    path = written(tmp_path, str(tmp_path / "sample"))
    found = parts(path)
    assert "<formula1>选项!$A$1:$A$60</formula1>" in "".join(found.values())
    assert 'name="选项" sheetId="5" state="veryHidden"' in found["xl/workbook.xml"]
    assert "选项" not in book(path)


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("name", POLICIES)
def test_a_bureaus_template_is_taken_as_it_is(name: str, language: str, tmp_path: Path) -> None:
    path = written(tmp_path, name, "--bureau", "--lang", language)
    sheets = book(path)
    assert ("机构名录" if language == "zh" else "institutions") in sheets
    folder = tmp_path / "data"
    _as_folder(sheets, folder, keep_empty=True)
    with pytest.raises(FindingsError) as stopped:
        bind_data(open_policy(name), read_data(folder))
    # Nothing is wrong with an empty template but that there is nothing in it.
    assert {f.code for f in stopped.value.findings if f.severity == "error"} == {"D078"}


# ---- a filled-in template is the data it was filled in from


@pytest.mark.parametrize("name", POLICIES)
def test_a_filled_in_template_settles_as_the_data_do(name: str, tmp_path: Path) -> None:
    policy = open_policy(name)
    raw = read_data(policies_folder() / name / "sample.yaml")
    filled = _filled(policy.scheme(), raw, book(written(tmp_path, name)))
    due = _figures(name, raw)
    assert due
    _as_folder(filled, tmp_path / "folder", keep_empty=False)
    assert _figures(name, read_data(tmp_path / "folder")) == due
    _as_workbook(filled, tmp_path / "filled.xlsx")
    assert _figures(name, read_data(tmp_path / "filled.xlsx")) == due


def _words_of(scheme: Scheme) -> dict[str, str]:
    """Every word a column may be headed by, whatever its kind of rows."""
    return {word: name for kind in scheme.tables for word, name in spellings(scheme, kind).items()}


def _filled(scheme: Scheme, raw: RawData, empty: Book) -> dict[str, list[list[str]]]:
    """The sheets of a template with rows put under their headers, as a person would who has only the headers."""
    filled = {name: [list(row) for row in rows] for name, rows in empty.items()}
    words = _words_of(scheme)
    for row in filled["案"][1:]:
        row[1] = next((c.text for key, c in raw.heads.items() if key == row[0]), "")
    for row in filled["假设"][1:]:
        row[1] = raw.assumptions[row[0]].text if row[0] in raw.assumptions else ""
    for table in raw.tables:
        sheet = next(name for name in filled if kind_of(scheme, Table(name, (), table.place)) == kind_of(scheme, table))
        headers = [words.get(header_unit(h)[0], header_unit(h)[0]) for h in filled[sheet][0]]
        for given in table.rows:
            cells = {words.get(key, key): cell.text for key, cell in given.cells.items()}
            assert set(cells) <= {*headers, *(["名称"] if sheet == "县" else [])}, (
                "the template has a place for everything"
            )
            filled[sheet].append([cells.get(header, "") for header in headers])
    return filled


def _as_folder(sheets: Book, folder: Path, *, keep_empty: bool) -> None:
    """The sheets as a folder of CSV; ``案`` and ``假设`` as its YAML file."""
    folder.mkdir()
    heads, assumptions = (
        next(sheets[n] for n in pair if n in sheets) for pair in (("案", "case"), ("假设", "assumptions"))
    )
    lines = [f"{row[0]}: {row[1]}" for row in heads[1:] if row[1]]
    lines += ["假设:", *(f"  {row[0]}: {row[1]}" for row in assumptions[1:] if row[1])]
    (folder / "案.yaml").write_text("\n".join(lines) + "\n", encoding="utf-8")
    for name, rows in sheets.items():
        if name not in (*ZH, *EN) and (keep_empty or len(rows) > 1):
            out = io.StringIO()
            csv.writer(out).writerows(rows)
            (folder / f"{name}.csv").write_text(out.getvalue(), encoding="utf-8")


def _as_workbook(sheets: Book, path: Path) -> None:
    """The sheets as a workbook, every value as text."""
    made = xlsxwriter.Workbook(str(path), {"strings_to_numbers": False, "strings_to_formulas": False})
    for name, rows in sheets.items():
        page = made.add_worksheet(name)
        for at, row in enumerate(rows):
            for column, text in enumerate(row):
                if text:
                    page.write_string(at, column, text)
    made.close()


def _figures(name: str, raw: RawData) -> list[dict[str, Any]]:
    policy = open_policy(name)
    return [figure_json(result) for result in settle(policy, bind_data(policy, raw)).figures]


# ---- how the command ends


def test_a_template_is_an_xlsx_file_and_is_not_written_over_unasked(tmp_path: Path) -> None:
    assert xiance("data", "template", "gaotai", "--out", str(tmp_path / "t.csv")).code == 2
    assert xiance("data", "template", "gaotei", "--out", str(tmp_path / "t.xlsx")).code == 2
    assert started("data", "template", "gaotai", folder=tmp_path).returncode == 0
    assert (tmp_path / "gaotai-数据模板.xlsx").exists()
    again = started("data", "template", "gaotai", folder=tmp_path)
    assert again.returncode == 2
    assert "--out" in again.stderr.decode()


# ---- data looked at before they are settled


@pytest.fixture
def county(tmp_path: Path) -> Path:
    """A bureau's county, its months in GB18030."""
    folder = test_bureau.written(tmp_path / "county", test_bureau.GAOTAI)
    (folder / "月度结算.csv").write_bytes(test_bureau.MONTHS.encode("gb18030"))
    return folder


def test_what_was_read_is_told_back_with_its_encoding_first_row_and_totals(county: Path) -> None:
    ran = xiance("data", "check", "gaotai", "--data", str(county))
    assert ran.code == 0
    assert "月度结算.csv（GB18030），8 行" in ran.out
    assert "第一行 setlym=202603  fixmedins_code=H001" in ran.out
    # 20,000,000 + 1,000,000.10 + 500,000 + 500,000 + 16,000,000 − 12,345.67 + 6,000,000 + 3,000,000
    assert "核定应付 合计 46,987,654.43 元" in ran.out
    assert "下达金额 合计 120,000,000.00 元" in ran.out
    assert "医共体 · 2026 · 居民：2 行" in ran.out
    assert "可以结算" in ran.out


def test_the_same_stands_in_json_alone_on_standard_output(county: Path) -> None:
    told = json.loads(xiance("data", "check", "gaotai", "--data", str(county), "--format", "json").out)
    months = next(table for table in told["tables"] if table["name"] == "月度结算")
    assert (months["encoding"], months["rows"]) == ("GB18030", 8)
    assert {"column": "实拨", "total": "45577654.42", "filled": 8, "blank": 0} in months["totals"]
    alliances = next(rows for rows in told["rows"] if rows["kind_id"] == "alliance")
    assert (alliances["year"], alliances["insurance"], alliances["rows"]) == (2026, "居民", 2)
    assert {"column": "特殊原因超支额", "total": "200000.55", "filled": 1, "blank": 1} in alliances["totals"]
    assert {finding["severity"] for finding in told["findings"]} == {"warning", "note"}


def test_what_is_missing_is_told_by_unit_with_what_it_would_release(tmp_path: Path) -> None:
    path = tmp_path / "case.yaml"
    path.write_text(
        "年度: 2026\n险种: 居民\n医共体:\n  - {名称: 县人民医院医共体, 年度总额预算: 10, 年度清算总额: 12, 系统对接: 是}\n"
        "  - {名称: 县中医医院医共体, 年度总额预算: 10, 系统对接: 是}\n", encoding="utf-8"
    )  # fmt: skip
    told = json.loads(xiance("data", "check", "gaotai", "--data", str(path), "--format", "json").out)
    lacks = {(lack["unit"], lack["name"]): lack["releases"] for lack in told["missing"]}
    assert "结余或超支" in lacks["县中医医院医共体", "年度清算总额"]
    assert ("县人民医院医共体", "年度清算总额") not in lacks
    assert "保证金扣留" in lacks["县人民医院医共体", "月度"]
    rate = next(item for item in told["open"] if item["name"] == "超支分担比例")
    assert rate["clause"] == "五(四)①"
    assert rate["waits"] > 0
    text = xiance("data", "check", "gaotai", "--data", str(path)).out
    assert "缺 年度清算总额：等它的有 " in text
    assert "超支分担比例〔五(四)①〕" in text


def test_wrong_data_are_told_all_at_once_beside_what_was_read(county: Path) -> None:
    (county / "医共体.csv").write_text(
        "名称,险种,年度清算总额\n县人民医院医共体,居民,-5\n县人民医院医共体,居民,1.234\n", encoding="utf-8"
    )
    (county / "预算下达.csv").write_text("年度,险种,下达金额\n2026,居命,1\n", encoding="utf-8")
    ran = xiance("data", "check", "gaotai", "--data", str(county), "--format", "json")
    assert ran.code == 1
    told = json.loads(ran.out)
    assert {f["code"] for f in told["findings"] if f["severity"] == "error"} >= {"D060", "D066", "D054"}
    assert {table["name"] for table in told["tables"]} >= {"医共体", "预算下达"}
    assert (
        xiance("data", "check", "gaotai", "--data", str(county)).out.splitlines()[-1].endswith("改正错误后才能结算。")
    )


def test_errors_that_only_settling_finds_are_told_too(tmp_path: Path) -> None:
    path = tmp_path / "case.yaml"
    path.write_text(
        "年度: 2026\n险种: 居民\n非医共体机构: [{名称: 甲, 年度总额预算: 10, 年度清算总额: 12, 特殊原因超支额: 3}]\n",
        encoding="utf-8",
    )
    ran = xiance("data", "check", "gaotai", "--data", str(path), "--format", "json")
    assert ran.code == 1
    assert [f["code"] for f in json.loads(ran.out)["findings"] if f["severity"] == "error"] == ["R150"]


def test_a_data_check_speaks_english_where_that_is_asked_for(county: Path) -> None:
    out = xiance("data", "check", "gaotai", "--data", str(county), "--lang", "en").out
    assert "月度结算: " in out
    assert "(GB18030), 8 rows" in out
    assert "ready to settle" in out
    assert not re.search(r"读到|合计|还缺|提示|警告", out)


def test_data_that_are_not_there_are_wrong_usage(tmp_path: Path) -> None:
    assert xiance("data", "check", "gaotai", "--data", str(tmp_path / "nothing")).code == 2
    assert xiance("data", "check", "gaotai").code == 2
    assert xiance("data", "chekc", "gaotai").code == 2
