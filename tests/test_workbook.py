"""Workbooks as data: what stands on a sheet is read as an Excel user sees it, and whatever cannot be is told with its cell."""

import io
import json
import random
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from books import WRITER, Sheets, Value, book, cells, yaml_as_book

from engine.api import bind_data, open_policy, settle
from engine.doors.json_form import settlement_json
from engine.load.csv_text import read_rows
from engine.load.read import read_data
from engine.load.tables import RawData
from engine.load.values import Wrong, parse_month, parse_value
from engine.load.workbook import read_workbook
from engine.load.workbook_numbers import number_text
from engine.nouns import kinds as k
from grammar.diagnostic import Finding, FindingsError, catalogue, render

CONFORMANCE = sorted((Path(__file__).parent / "conformance").glob("*.yaml"))
HEAD = ["名称", "年度总额预算", "年度清算总额"]


def read(sheets: Sheets) -> RawData:
    return read_workbook(book(sheets), "数据.xlsx")


def made(write: Callable[[Any], None]) -> bytes:
    """A workbook that a function writes with xlsxwriter."""
    target = io.BytesIO()
    with WRITER.Workbook(target, {"in_memory": True}) as workbook:
        write(workbook)
    return target.getvalue()


def texts(data: RawData, table: int = 0) -> list[list[str]]:
    return [[cell.text for cell in row.cells.values()] for row in data.tables[table].rows]


def told(data: RawData) -> list[tuple[str, str]]:
    """Every finding as its code and its place in Excel's words."""
    return [(f.code, where(f)) for f in data.findings]


def where(finding: Finding) -> str:
    line = render(finding, "zh").splitlines()[1]
    return line.removeprefix(" --> 数据.xlsx ").split(" · ")[0]


def refused(data: bytes) -> list[Finding]:
    with pytest.raises(FindingsError) as caught:
        read_workbook(data, "数据.xlsx")
    return list(caught.value.findings)


@pytest.mark.parametrize("path", CONFORMANCE, ids=lambda path: path.stem)
def test_a_public_case_as_a_workbook_gives_the_figures_of_its_yaml(path: Path, tmp_path: Path) -> None:
    policy = open_policy(path.stem.split("-")[0])
    workbook = tmp_path / f"{path.stem}.xlsx"
    workbook.write_bytes(yaml_as_book(path))
    forms = [settlement_json(settle(policy, bind_data(policy, read_data(p))), "zh") for p in (path, workbook)]
    assert forms[0]["figures"]
    for part in ("figures", "open", "assumptions", "checks", "years"):
        assert forms[0][part] == forms[1][part]


def test_a_sheet_is_a_table_and_the_sheets_of_heads_and_assumptions_are_their_own() -> None:
    data = read(
        {
            "案": [["项目", "取值"], ["方案", "gaotai"], ["年度", 2026], ["险种", "居民"]],
            "假设": [["名称", "取值"], ["超支分担比例", 0.6]],
            "医共体": [HEAD, ["县人民医院医共体", 96000000, 99360000.01]],
        }
    )
    assert {name: cell.text for name, cell in data.heads.items()} == {"方案": "gaotai", "年度": "2026", "险种": "居民"}
    assert {name: cell.text for name, cell in data.assumptions.items()} == {"超支分担比例": "0.6"}
    assert list(cells(data)) == [
        ("医共体", "名称", "县人民医院医共体"),
        ("医共体", "年度总额预算", "96000000"),
        ("医共体", "年度清算总额", "99360000.01"),
    ]
    place = data.tables[0].rows[0].cells["年度清算总额"].place
    assert (place.sheet, place.row, place.column, place.key, place.line) == ("医共体", 2, 3, "年度清算总额", None)


def test_heads_may_stand_side_by_side() -> None:
    data = read({"案": [["年度", "险种"], [2026, "居民"]]})
    assert {name: cell.text for name, cell in data.heads.items()} == {"年度": "2026", "险种": "居民"}


def test_a_head_given_twice_or_without_a_name_is_told() -> None:
    data = read({"案": [["年度", 2026], ["年度", 2027], [3, 4]], "医共体": [HEAD, ["甲院", 1, 2]]})
    assert told(data) == [("D127", "案!A2"), ("D124", "案!A3")]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (123.0, "123"),
        (0.1, "0.1"),
        (-0.0, "0"),
        (0.29, "0.29"),
        (1e-3, "0.001"),
        (99360000.01, "99360000.01"),
        (-4500.5, "-4500.5"),
        (9999999999999.99, "9999999999999.99"),
        (123456789012345.0, "123456789012345"),
        (0.118000000000012, "0.118000000000012"),
    ],
)
def test_up_to_fifteen_digits_a_number_is_what_was_typed(value: float, text: str) -> None:
    assert number_text(value) == (text, None, False)


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.1 + 0.2, "0.3"), (1234567.89 - 1000000.01, "234567.88"), (3 * 1.1, "3.3"), (4.35 * 100, "435")],
)
def test_the_error_of_a_calculation_that_excel_does_not_show_is_left_off(value: float, text: str) -> None:
    assert number_text(value) == (text, None, True)


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (100 / 3, "D112"),
        (1234567890123.456, "D112"),
        (1.4551915228366852e-11, "D112"),
        (1e-300, "D112"),
        (1.23e17, "D113"),
        (1234567890123456.0, "D113"),
        (1e300, "D113"),
    ],
)
def test_a_number_that_lost_digits_is_refused(value: float, code: str) -> None:
    assert number_text(value)[1] == code


def test_every_amount_to_the_fen_comes_back_through_a_workbook() -> None:
    amounts = [round(1e9 * k / 997 + k, 2) for k in range(1, 400)]
    rows: list[list[Value]] = [[f"单位{i}", x] for i, x in enumerate(amounts)]
    data = read({"医共体": [["名称", "年度总额预算"], *rows]})
    assert [float(row[1]) for row in texts(data)] == amounts
    assert all(len(row[1].partition(".")[2]) <= 2 for row in texts(data))


def test_dates_yes_and_no_and_percent_are_told_as_text() -> None:
    def write(workbook: Any) -> None:
        sheet = workbook.add_worksheet("成员单位")
        sheet.write_row(0, 0, ["名称", "所属医共体", "是否牵头", "起始日期", "终止日期", "比率"])
        sheet.write_row(1, 0, ["甲院", "乙院", True])
        sheet.write_datetime(1, 3, _day(2026, 1, 31), workbook.add_format({"num_format": "yyyy-m-d"}))
        sheet.write_datetime(1, 4, _day(2026, 3, 1), workbook.add_format({"num_format": 'yyyy"年"m"月"'}))
        sheet.write_number(1, 5, 0.3, workbook.add_format({"num_format": "0%"}))

    data = read_workbook(made(write), "数据.xlsx")
    assert texts(data) == [["甲院", "乙院", "是", "2026-01-31", "2026-03-01", "0.3"]]


def _day(year: int, month: int, day: int) -> Any:
    from datetime import UTC, datetime

    return datetime(year, month, day, tzinfo=UTC).replace(tzinfo=None)


def test_a_month_may_be_a_date_a_text_or_a_number_but_not_one_that_may_be_october() -> None:
    rows: list[list[Value]] = [
        ["甲院", "2025.3", 1],
        ["甲院", "2025年4月", 1],
        ["甲院", "2025-05-01", 1],
        ["甲院", 202506, 1],
        ["甲院", 2025.7, 1],
    ]
    assert [f.code for f in monthly(rows)] == []
    assert [(f.code, where(f)) for f in monthly([["甲院", 2025.1, 1]])] == [("D125", "月度!B2")]
    assert [f.code for f in monthly([["甲院", "2025.1", 1]])] == []


def test_a_month_that_may_be_october_is_told_with_months_of_its_own_year() -> None:
    assert [f.hint("zh") for f in monthly([["甲院", 2026.1, 1]])] == ["把这一列设为“文本”，写作 2026-01 或 2026-10"]


def monthly(rows: list[list[Value]]) -> list[Finding]:
    """What gaotai finds wrong with rows of the table of months."""
    data = read(
        {
            "案": [["年度", 2025], ["险种", "居民"]],
            "非医共体机构": [HEAD, ["甲院", 100, 100]],
            "月度": [["单位", "月份", "实拨"], *rows],
        }
    )
    try:
        return [f for f in bind_data(open_policy("gaotai"), data).findings if f.severity == "error"]
    except FindingsError as error:
        return [f for f in error.findings if f.code != "D084"]


def test_titles_unit_lines_column_letters_and_footnotes_are_no_rows() -> None:
    data = read(
        {
            "医共体": [
                ["高台县2026年医共体预算表"],
                ["编制单位：高台县医保局", None, "单位：万元"],
                ["名 称*", "年度总额预算", "年度清算\n总额（元）"],
                ["甲", "A", "B=A"],
                [],
                ["县人民医院", 9600, 99360000],
                ["注：清算总额为初审数"],
                ["填表人：某某", None, "审核人：某某"],
            ]
        }
    )
    (table,) = data.tables
    assert texts(data) == [["县人民医院", "9600", "99360000"]]
    assert list(table.rows[0].cells) == ["名称", "年度总额预算", "年度清算总额（元）"]
    assert [cell.unit for cell in table.rows[0].cells.values()] == ["万元"] * 3
    assert told(data) == [("D121", "医共体!7:7"), ("D121", "医共体!8:8")]


@pytest.mark.parametrize(
    "above",
    [
        [["2026年度", None, "单位：万元"]],
        [["附件1"], ["编制单位：", None, "单位：万元"]],
        [["医共体预算表（单位：万元）"], ["填报日期：2026-01-05", "金额单位：万元"]],
        [[None, "单位: 人民币万元"], []],
    ],
)
def test_what_stands_above_a_table_is_no_heading_of_it(above: list[list[Value]]) -> None:
    (row,) = read({"医共体": [*above, ["名称：", "年度总额预算*", "备注"], ["甲院", 5, "x"]]}).tables[0].rows
    assert {name: (cell.text, cell.unit) for name, cell in row.cells.items()} == {
        "名称": ("甲院", "万元"), "年度总额预算": ("5", "万元"), "备注": ("x", "万元"),
    }  # fmt: skip


def test_the_unit_above_the_table_counts_for_money_unless_the_header_or_the_value_says_otherwise() -> None:
    policy = open_policy("gaotai")
    data = read(
        {
            "案": [["年度", 2026], ["险种", "居民"]],
            "医共体": [
                ["单位：万元"],
                ["名称", "年度总额预算", "年度清算总额（元）", "违规扣款", "考核系数"],
                ["县人民医院医共体", 9600, 99360000, "12.5元", 0.9],
            ],
        }
    )
    (row,) = bind_data(policy, data).rows["医共体"]
    assert (row.cells["年度总额预算"], row.cells["年度清算总额"], row.cells["违规扣款"]) == (
        9_600_000_000,
        9_936_000_000,
        1250,
    )


@pytest.mark.parametrize("line", ["单位：百元", "单位：元、万元"])
def test_a_unit_that_is_none_or_two_is_refused(line: str) -> None:
    assert told(read({"医共体": [[line, None], HEAD, ["甲院", 1, 2]]})) == [("D119", "医共体!1:1")]


def test_a_merged_heading_gives_its_unit_and_a_name_that_stands_twice_its_group() -> None:
    def write(workbook: Any) -> None:
        sheet = workbook.add_worksheet("医共体")
        sheet.merge_range("A1:F1", "年终清算表")
        sheet.merge_range("A2:A3", "名称")
        sheet.merge_range("B2:C2", "预算（万元）")
        sheet.merge_range("D2:E2", "清算")
        sheet.write("F2", "备注")
        sheet.write_row("B3", ["年度总额预算", "合并数", "年度清算总额", "合并数"])
        sheet.write_row("A4", ["甲院", 1, 2, 3, 4, "x"])

    data = read_workbook(made(write), "数据.xlsx")
    assert list(data.tables[0].rows[0].cells) == [
        "名称", "年度总额预算(万元)", "预算合并数(万元)", "年度清算总额", "清算合并数", "备注",
    ]  # fmt: skip
    assert texts(data) == [["甲院", "1", "2", "3", "4", "x"]]


def test_group_titles_that_were_not_merged_are_read_alike_in_csv() -> None:
    text = "2026年预算表,,,\n单位：万元,,,\n名称,预算,,清算\n,年度总额预算,预算调整额,年度清算总额\n甲院,1,2,3\n合计,1,2,3\n"
    table, findings = read_rows(text, "医共体.csv", "医共体")
    assert findings == []
    assert [{name: (c.text, c.unit) for name, c in row.cells.items()} for row in table.rows] == [
        {
            "名称": ("甲院", "万元"),
            "年度总额预算": ("1", "万元"),
            "预算调整额": ("2", "万元"),
            "年度清算总额": ("3", "万元"),
        }
    ]


def test_a_merged_cell_says_of_every_row_which_it_is_and_of_none_how_much() -> None:
    def write(workbook: Any) -> None:
        sheet = workbook.add_worksheet("医共体")
        sheet.write_row(0, 0, ["名称", "险种", "年度", "年度总额预算"])
        sheet.merge_range("A2:A3", "县人民医院")
        sheet.write_column("B2", ["职工", "居民"])
        sheet.merge_range("C2:C3", 2026)
        sheet.merge_range("D2:D3", 500)

    data = read_workbook(made(write), "数据.xlsx")
    assert texts(data) == [["县人民医院", "职工", "2026", ""], ["县人民医院", "居民", "2026", ""]]
    assert told(data) == [("D116", "医共体!D2")]


@pytest.mark.parametrize("label", ["合计", "合　计", "总计：", "县级小计", "Total"])
def test_a_total_row_is_no_unit(label: str) -> None:
    data = read({"医共体": [HEAD, ["甲院", 100.1, 90], ["乙院", 200.2, 80], [label, 300.3, 170]]})
    assert [row[0] for row in texts(data)] == ["甲院", "乙院"]
    assert data.findings == ()


def test_a_total_that_is_not_the_sum_of_its_rows_is_an_error_at_its_cell() -> None:
    data = read({"医共体": [HEAD, ["甲院", 100.1, 90], ["乙院", 200.2, None], ["合计", 300.31, 90]]})
    assert told(data) == [("D117", "医共体!B4")]
    assert data.findings[0].message("zh") == "“合计”的“年度总额预算”是 300.31，各行相加是 300.3，差 0.01"


def test_subtotals_grand_totals_and_a_total_on_top_are_each_held_against_their_own_rows() -> None:
    rows: list[list[Value]] = [
        ["甲院", 1, 2],
        ["乙院", 3, 4],
        ["小计", 4, 6],
        ["丙", 5, 6],
        ["小计", 5, 6],
        ["总计", 9, 12],
    ]
    assert told(read({"医共体": [HEAD, *rows]})) == []
    assert told(read({"医共体": [HEAD, rows[5], *rows[:2], rows[3]]})) == []
    assert told(read({"医共体": [HEAD, *rows[:4], ["小计", 5, 7], rows[5]]})) == [("D117", "医共体!C6")]


def test_a_total_says_nothing_of_rates_years_and_text() -> None:
    header: list[Value] = ["名称", "年度", "考核系数", "年度总额预算", "备注"]
    data = read({"医共体": [header, ["甲院", 2026, 0.9, 100, "x"], ["合计", 2026, 0.95, 100, "y"]]})
    assert told(data) == []


def test_hidden_sheets_and_sheets_for_readers_are_told_and_not_read() -> None:
    def write(workbook: Any) -> None:
        for name in ("填表说明", "医共体", "资金池", "Sheet3"):
            sheet = workbook.add_worksheet(name)
            if name != "Sheet3":
                sheet.write_row(0, 0, HEAD)
                sheet.write_row(1, 0, ["甲院", 1, 2])
                sheet.write_row(2, 0, ["乙院", 1, 2])
        workbook.get_worksheet_by_name("资金池").hide()
        workbook.get_worksheet_by_name("医共体").set_row(2, None, None, {"hidden": True})

    data = read_workbook(made(write), "数据.xlsx")
    assert [table.name for table in data.tables] == ["医共体"]
    assert len(data.tables[0].rows) == 2
    assert told(data) == [("D120", "填表说明"), ("D109", "资金池"), ("D123", "医共体!3:3")]


def test_a_form_nobody_filled_in_is_missing_and_not_nought() -> None:
    data = read({"医共体": [HEAD, ["甲院", 1, 2]], "月度": [["单位", "月份", "实拨"]]})
    assert [table.name for table in data.tables] == ["医共体"]
    assert told(data) == [("D122", "月度!1:1")]


@pytest.mark.parametrize("name", ["1.医共体", "2、医共体", "表3 医共体", "附表1 医共体", " 医共体 "])
def test_a_number_before_a_sheets_name_is_no_part_of_it(name: str) -> None:
    assert [table.name for table in read({name: [HEAD, ["甲院", 1, 2]]}).tables] == ["医共体"]


def test_a_workbook_without_data_is_refused() -> None:
    assert [f.code for f in refused(book({"Sheet1": []}))] == ["D108"]


def test_columns_that_cannot_be_told_apart_are_refused_with_their_cells() -> None:
    data = read({"医共体": [["名称", "预算", "预算", None], ["甲院", 1, 2, 3]]})
    assert told(data) == [("D031", "医共体!C1"), ("D032", "医共体!D1")]


def test_errors_formulas_without_a_result_and_numbers_that_lost_digits_are_told_with_their_cells() -> None:
    def write(workbook: Any) -> None:
        sheet = workbook.add_worksheet("医共体")
        sheet.write_row(0, 0, ["名称", "一", "二", "三", "四", "五", "六"])
        sheet.write_row(1, 0, ["甲院"])
        sheet.write_formula(1, 1, "=1/0", None, "#DIV/0!")
        sheet.write_formula(1, 2, "=A1", None, "")
        # The value a program writes that has not worked the formula out.
        sheet.write_formula(1, 3, "=1+1")
        sheet.write_number(1, 4, 123456789012345678)
        sheet.write_number(1, 5, 100 / 7)
        sheet.write_formula(1, 6, "=5", None, 5)

    data = read_workbook(made(write), "数据.xlsx")
    assert told(data) == [
        ("D110", "医共体!B2"), ("D111", "医共体!C2"), ("D111", "医共体!D2"), ("D113", "医共体!E2"),
    ] + ([("D112", "医共体!F2")] if number_text(float(f"{100 / 7:.16G}"))[1] else [])  # fmt: skip
    assert texts(data)[0][6] == "5"


def test_a_wrong_cell_stops_the_run_and_its_finding_names_file_sheet_row_and_column() -> None:
    data = read({"案": [["年度", 2026], ["险种", "居民"]], "医共体": [["甲表"], HEAD, ["县人民医院医共体", 1, -2]]})
    with pytest.raises(FindingsError) as caught:
        bind_data(open_policy("gaotai"), data)
    (finding,) = caught.value.findings
    form = finding.as_json("zh")
    assert {name: form[name] for name in ("file", "sheet", "row", "column", "key", "line")} == {
        "file": "数据.xlsx", "sheet": "医共体", "row": 3, "column": 3, "key": "年度清算总额", "line": None,
    }  # fmt: skip
    assert " --> 数据.xlsx 医共体!C3 · 年度清算总额" in render(finding, "zh")


def test_an_unknown_sheet_is_told_with_the_nearest_name() -> None:
    data = read({"医共休": [HEAD, ["甲院", 1, 2]]})
    with pytest.raises(FindingsError) as caught:
        bind_data(open_policy("gaotai"), data)
    finding = next(f for f in caught.value.findings if f.code == "D050")
    assert "医共体" in finding.hint("zh")
    assert where(finding) == "医共休!1:1"


def test_a_note_about_a_sheet_does_not_silence_a_row_of_an_unknown_unit() -> None:
    data = read(
        {
            "说明": [["x", "y"]],
            "案": [["年度", 2026], ["险种", "居民"]],
            "医共体": [HEAD, ["县人民医院医共体", 1, 1]],
            "月度": [["单位", "月份", "实拨"], ["县人民医院医共休", "2026-01", 5]],
        }
    )
    with pytest.raises(FindingsError) as caught:
        bind_data(open_policy("gaotai"), data)
    assert "D081" in {f.code for f in caught.value.findings}


def test_a_workbook_in_a_folder_adds_its_sheets_and_a_single_unnamed_one_is_the_files_table(tmp_path: Path) -> None:
    (tmp_path / "案.yaml").write_text("年度: 2026\n险种: 居民\n", encoding="utf-8")
    (tmp_path / "医共体.xlsx").write_bytes(book({"Sheet1": [HEAD, ["甲院", 1, 2]], "Sheet2": []}))
    (tmp_path / "其他.xlsx").write_bytes(
        book({"资金池": [HEAD, ["乙院", 1, 2]], "月度": [["单位", "月份"], ["甲院", "2026-01"]]})
    )
    data = read_data(tmp_path, "数据")
    assert sorted(table.name for table in data.tables) == ["医共体", "月度", "资金池"]
    assert len(data.files) == 3


def test_invisible_characters_and_the_blanks_of_all_widths_are_met() -> None:
    data = read(
        {"医共体": [["名称", "年度总额预算"], ["\u00a0甲院\u3000", "１２００．５０"], ["乙院\u200b", "\u00a05"]]}
    )
    assert texts(data) == [["甲院", "1200.50"], ["", "5"]]
    assert told(data) == [("D002", "医共体!A3")]


# Files from an unknown hand.

_TYPES = (
    '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" '
    'ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" '
    'ContentType="application/xml"/><Override PartName="/xl/workbook.xml" ContentType="application/vnd.'
    'openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/></Types>'
)
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"


def by_hand(
    sheet: str | bytes, strings: str | bytes = "", extra: dict[str, bytes] | None = None, book_part: str = ""
) -> bytes:
    """A workbook of one sheet 医共体, its parts written as given."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", _TYPES)
        archive.writestr(
            "_rels/.rels",
            f'<Relationships xmlns="{_PACKAGE}"><Relationship Id="r" Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/>'
            "</Relationships>",
        )
        archive.writestr(
            "xl/workbook.xml",
            f'<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}">{book_part}<sheets><sheet name="医共体" sheetId="1" r:id="s"/>'
            "</sheets></workbook>",
        )
        archive.writestr(
            "xl/_rels/workbook.xml.rels",
            f'<Relationships xmlns="{_PACKAGE}"><Relationship Id="s" Type="{_OFFICE}/worksheet" '
            f'Target="worksheets/sheet1.xml"/><Relationship Id="t" Type="{_OFFICE}/sharedStrings" '
            'Target="sharedStrings.xml"/></Relationships>',
        )
        archive.writestr("xl/worksheets/sheet1.xml", sheet)
        archive.writestr("xl/sharedStrings.xml", strings or f'<sst xmlns="{_MAIN}"/>')
        for name, data in (extra or {}).items():
            archive.writestr(name, data)
    return target.getvalue()


def sheet_of(*inner: str, before: str = "") -> str:
    return f'{before}<worksheet xmlns="{_MAIN}"><sheetData>{"".join(inner)}</sheetData></worksheet>'


ROWS = "".join(
    f'<row r="{r}"><c r="A{r}" t="inlineStr"><is><t>{a}</t></is></c><c r="B{r}"{b}</c></row>'
    for r, a, b in ((1, "名称", ' t="inlineStr"><is><t>年度总额预算</t></is>'), (2, "甲院", "><v>5</v>"))
)
CORNER = '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'
ENTITIES = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'


def cut(data: bytes) -> bytes:
    return data[: len(data) * 2 // 3]


def locked(data: bytes) -> bytes:
    """The same archive with its members marked as encrypted."""
    found, at = bytearray(data), 0
    while (at := data.find(b"PK\x01\x02", at)) >= 0:
        found[at + 8] |= 1
        at += 4
    return bytes(found)


def _other_archive() -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr("word/document.xml", "<x/>")
    return target.getvalue()


HOSTILE: dict[str, tuple[Callable[[], bytes], str]] = {
    "a value in the last corner": (lambda: by_hand(sheet_of(ROWS, CORNER)), "D106"),
    "a corner without references": (
        lambda: by_hand(sheet_of(ROWS, '<row r="1048576">', "<c><v>1</v></c>" * 16384, "</row>")), "D106"),
    "two cells a table apart": (
        lambda: by_hand(sheet_of(ROWS, '<row r="1000000"><c r="S1000000"><v>1</v></c></row>')), "D106"),
    "a merged cell over everything": (
        lambda: by_hand(sheet_of(ROWS, *(f'<row r="{r}"><c r="A{r}"><v>1</v></c></row>' for r in range(3, 60_000))).replace(
            "</sheetData>", "</sheetData><mergeCells>" + '<mergeCell ref="A2:B1048576"/>' * 9 + "</mergeCells>")), "D106"),
    "a row beyond the last": (lambda: by_hand(sheet_of(ROWS, '<row r="9999999"><c><v>1</v></c></row>')), "D106"),
    "a reference that is none": (lambda: by_hand(sheet_of(ROWS, '<row r="3"><c r="ZZZZ3"><v>1</v></c></row>')), "D100"),
    "a bomb of spaces": (lambda: by_hand(sheet_of(ROWS, " " * (64 << 20))), "D103"),
    "a bomb of strings": (
        lambda: by_hand(sheet_of(ROWS), f'<sst xmlns="{_MAIN}"><si><t>{"a" * (64 << 20)}</t></si></sst>'), "D103"),
    "more members than a workbook has": (
        lambda: by_hand(sheet_of(ROWS), "", {f"xl/media/{i}.png": b"" for i in range(3000)}), "D103"),
    "entities in a sheet": (lambda: by_hand(sheet_of(ROWS, before=ENTITIES)), "D105"),
    "entities in the strings": (lambda: by_hand(sheet_of(ROWS), f'{ENTITIES}<sst xmlns="{_MAIN}"/>'), "D105"),
    "a name that leads out": (lambda: by_hand(sheet_of(ROWS), "", {"../../etc/passwd": b"x"}), "D104"),
    "a name from the root": (lambda: by_hand(sheet_of(ROWS), "", {"/etc/passwd": b"x"}), "D104"),
    "a truncated archive": (lambda: cut(book({"医共体": [HEAD, ["甲院", 1, 2]]})), "D100"),
    "broken XML": (lambda: by_hand(sheet_of(ROWS)[:-30]), "D100"),
    "no archive": (lambda: b"name,budget\n1,2\n" * 50, "D100"),
    "nothing": (lambda: b"", "D100"),
    "a web page": (lambda: b"<html><table><tr><td>1</td></tr></table></html>", "D100"),
    "the old format": (lambda: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "D102"),
    "a workbook under a password": (
        lambda: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600 + "EncryptedPackage".encode("utf-16-le"), "D101"),
    "members under a password": (lambda: locked(by_hand(sheet_of(ROWS))), "D101"),
    "macros": (lambda: by_hand(sheet_of(ROWS), "", {"xl/vbaProject.bin": b"x"}), "D102"),
    "another archive": (_other_archive, "D100"),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_is_a_finding_with_its_place_within_five_seconds(name: str) -> None:
    make, code = HOSTILE[name]
    data = make()
    start = time.monotonic()
    try:
        findings = list(read_workbook(data, "数据.xlsx").findings)
    except FindingsError as error:
        findings = list(error.findings)
    assert time.monotonic() - start < 5
    assert {f.code for f in findings} == {code}
    for finding in findings:
        assert finding.as_json("zh")["file"] == "数据.xlsx"
        assert finding.hint("zh")
        assert finding.hint("en")


def test_the_far_cell_is_named() -> None:
    (finding,) = refused(by_hand(sheet_of(ROWS, CORNER)))
    assert where(finding) == "医共体!XFD1048576"


def test_a_reader_that_dies_is_a_finding(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for ending in ("import os; os.abort()", "import sys; sys.exit(3)", "print('{')", "while True: pass"):
        dying = tmp_path / "dying.py"
        dying.write_text(
            f"import resource; resource.setrlimit(resource.RLIMIT_CPU, (1, 1))\n{ending}\n", encoding="utf-8"
        )
        monkeypatch.setattr("engine.load.workbook._READER", dying)
        assert [f.code for f in refused(book({"医共体": [HEAD, ["甲院", 1, 2]]}))] == ["D107"]


@pytest.mark.parametrize(
    "said", ['<dimension ref="A1:XFD1048576"/>', '<cols><col min="1" max="16384" hidden="1"/></cols>']
)
def test_sizes_that_are_only_said_are_not_believed(said: str) -> None:
    sheet = sheet_of(ROWS).replace("<sheetData>", f"{said}<sheetData>")
    assert texts(read_workbook(by_hand(sheet), "数据.xlsx")) == [["甲院", "5"]]


def test_room_for_strings_that_are_not_there_ends_the_reader_and_not_us() -> None:
    strings = f'<sst xmlns="{_MAIN}" count="4294967295" uniqueCount="4294967295"/>'
    assert [f.code for f in refused(by_hand(sheet_of(ROWS), strings))] == ["D107"]


def test_of_very_many_faults_the_first_are_told_and_the_rest_counted() -> None:
    rows: list[list[Value]] = [[f"院{i}", 1.0e17 + i * 1e9] for i in range(1500)]
    data = read({"医共体": [["名称", "编码"], *rows]})
    assert [f.code for f in data.findings] == ["D113"] * 1000 + ["D043"]


def test_rows_that_are_only_numbered_are_not_filled_in() -> None:
    data = read({"医共体": [["序号", *HEAD], [1, "甲院", 1, 2], [2], [3], [None, "合计", 1, 2]]})
    assert [row[1] for row in texts(data)] == ["甲院"]
    assert data.findings == ()


def test_a_number_that_is_none_is_refused() -> None:
    data = read_workbook(by_hand(sheet_of(ROWS.replace("<v>5</v>", "<v>NaN</v>"))), "数据.xlsx")
    assert told(data) == [("D114", "医共体!B2")]


def test_digits_that_only_the_file_shows_are_not_taken_for_typed_ones() -> None:
    data = read_workbook(by_hand(sheet_of(ROWS.replace("<v>5</v>", "<v>0.28999999999999998</v>"))), "数据.xlsx")
    assert texts(data) == [["甲院", "0.29"]]
    data = read_workbook(by_hand(sheet_of(ROWS.replace("<v>5</v>", "<v>234567.87999999989</v>"))), "数据.xlsx")
    assert texts(data) == [["甲院", "234567.88"]]
    assert told(data) == [("D115", "医共体!B2")]


def test_a_workbook_that_counts_days_from_1904_is_told() -> None:
    data = read_workbook(by_hand(sheet_of(ROWS), book_part='<workbookPr date1904="1"/>'), "数据.xlsx")
    assert [f.code for f in data.findings] == ["D126"]


def test_blank_cells_that_are_only_formatted_do_not_reach_out() -> None:
    far = '<row r="1048576"><c r="XFD1048576" s="0"/></row>'
    assert texts(read_workbook(by_hand(sheet_of(ROWS, far)), "数据.xlsx")) == [["甲院", "5"]]


def test_the_command_settles_a_workbook_and_names_the_cell_of_what_is_wrong(tmp_path: Path) -> None:
    sheets: dict[str, list[list[Value]]] = {
        "案": [["年度", 2026], ["险种", "居民"]],
        "非医共体机构": [[*HEAD], ["县妇幼保健院", "1200万元", 7800000]],
    }
    (tmp_path / "好.xlsx").write_bytes(book(sheets))
    sheets["非医共体机构"][1][2] = -1
    (tmp_path / "坏.xlsx").write_bytes(book(sheets))
    good, bad = (
        command(tmp_path, "settle", "gaotai", "--data", name, "--format", "json") for name in ("好.xlsx", "坏.xlsx")
    )
    assert good.returncode == 0
    figures = {(f["unit"], f["id"]): f["value"] for f in json.loads(good.stdout)["figures"]}
    assert figures["县妇幼保健院", "retained"] == "3600000.00"
    assert bad.returncode == 1
    (finding,) = json.loads(bad.stdout)["findings"]
    assert (finding["file"], finding["sheet"], finding["row"], finding["column"]) == ("坏.xlsx", "非医共体机构", 2, 3)


def command(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    run = [sys.executable, "-c", "from engine.doors.command import main; main()", *words]
    return subprocess.run(run, cwd=folder, capture_output=True, text=True, encoding="utf-8", check=False)


def test_a_bare_number_is_a_day_only_in_a_column_of_dates() -> None:
    assert parse_value("46023", k.Kind(k.Base.DATE)) == _day(2026, 1, 1).date()
    assert parse_value("73050", k.Kind(k.Base.DATE)) == _day(2099, 12, 31).date()
    for text in ("20251", "36525", "73051", "460230", "46023.5"):
        assert parse_value(text, k.Kind(k.Base.DATE)) == Wrong("D063")
    assert parse_month("46023") is None


@pytest.mark.parametrize("seed", range(60))
def test_a_workbook_with_a_few_bytes_changed_is_read_or_refused_with_a_code(seed: int) -> None:
    draw = random.Random(seed)  # noqa: S311 - the same on every run
    data = bytearray(
        by_hand(sheet_of(ROWS)) if seed % 2 else book({"医共体": [HEAD, ["甲院", 1, 2.5], ["合计", 1, 2.5]]})
    )
    for _ in range(draw.randint(1, 12)):
        data[draw.randrange(len(data))] = draw.randrange(256)
    answered(bytes(data))


@pytest.mark.parametrize("seed", range(60))
def test_a_sheet_with_its_text_changed_is_read_or_refused_with_a_code(seed: int) -> None:
    draw = random.Random(seed)  # noqa: S311 - the same on every run
    text = sheet_of(ROWS, *(f'<row r="{r}"><c r="A{r}"><v>{r}</v></c></row>' for r in range(3, 9)))
    for _ in range(draw.randint(1, 4)):
        at = draw.randrange(len(text))
        text = (
            text[:at]
            + draw.choice(["<", ">", '"', "&", "/", "9", "Z", "<v>", "</c>", "1e999", "\u0000", "合计"])
            + text[at + 1 :]
        )
    answered(by_hand(text))


def answered(data: bytes) -> None:
    """Whatever it is, it gives data or findings; anything else is our fault."""
    try:
        told = read_workbook(data, "数据.xlsx").findings
    except FindingsError as error:
        told = error.findings
        assert told
    for finding in told:
        assert "{" not in finding.message("zh") + finding.message("en") + finding.hint("zh") + finding.hint("en")


def test_every_finding_of_workbooks_is_met_in_a_test() -> None:
    here = Path(__file__)
    text = here.read_text(encoding="utf-8") + here.with_name("test_cases_book.py").read_text(encoding="utf-8")
    assert [code for code in catalogue() if "D100" <= code < "D150" and f'"{code}"' not in text] == []
