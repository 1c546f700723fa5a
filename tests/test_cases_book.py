"""Worked cases in a workbook: the same as in YAML, and every slip in the sheets told with its cell."""

import shutil
from pathlib import Path

import pytest
from books import Value, book

from engine.api import open_policy
from engine.doors.case_form import cases_text
from engine.load.cases import Case, read_cases
from engine.load.cases_book import read_cases_book, worked_cases
from engine.trial.run import try_cases
from grammar.diagnostic import FindingsError, render

POLICIES = Path(__file__).resolve().parent.parent / "policies"
WORKED = sorted(path.parent.name for path in POLICIES.glob("*/cases.yaml"))
Sheets = dict[str, list[list[Value]]]


def as_book(cases: tuple[Case, ...]) -> bytes:
    """Cases as an Excel person would lay them out."""
    about: list[list[Value]] = [["案例", "依据", "算法", "方案", "年度", "险种", "发现"]]
    assumed: list[list[Value]] = [["案例", "名称", "取值"]]
    expected: list[list[Value]] = [["案例", "单位", "险种", "期间", "项目", "数值", "状态", "还缺", "达标"]]
    columns: dict[str, dict[str, None]] = {}
    for case in cases:
        for table in case.data.tables:
            for row in table.rows:
                columns.setdefault(table.name, {}).update(dict.fromkeys(row.cells))
    data: dict[str, list[list[Value]]] = {name: [["案例", *names]] for name, names in columns.items()}
    for case in cases:
        heads = [case.data.heads[n].text if n in case.data.heads else None for n in ("方案", "年度", "险种")]
        about.append([case.name, case.clause, case.working, *heads, "、".join(case.findings)])
        assumed += [[case.name, name, cell.text] for name, cell in case.data.assumptions.items()]
        for table in case.data.tables:
            for row in table.rows:
                texts = [row.cells[n].text if n in row.cells else None for n in columns[table.name]]
                data[table.name].append([case.name, *texts])
        for wanted in case.rows:
            for x in wanted.figures:
                met = {True: "是", False: "否", None: None}[x.reached]
                line = [case.name, wanted.unit, wanted.insurance, wanted.period, x.name, x.value, x.state]
                expected.append([*line, "、".join(x.missing), met])
    return book({"案例": about, "假设": assumed, **data, "预期": expected})


@pytest.mark.parametrize("name", WORKED)
def test_the_cases_of_a_policy_pass_as_a_workbook_too(name: str, tmp_path: Path) -> None:
    cases = read_cases(POLICIES / name / "cases.yaml", "cases.yaml")
    told_by_tables = tuple(case for case in cases if all(table.rows for table in case.data.tables))
    shutil.copytree(POLICIES, tmp_path / "policies")
    folder = tmp_path / "policies" / name
    (folder / "cases.yaml").unlink()
    (folder / "cases.xlsx").write_bytes(as_book(told_by_tables))
    policy = open_policy(str(folder))
    trial = try_cases(policy)
    assert [result.case.name for result in trial.results] == [case.name for case in told_by_tables]
    assert [r for r in trial.results if not r.passed] == [], cases_text(name, trial, "zh")
    assert sum(len(x.figures) for r in trial.results for x in r.case.rows) == sum(
        len(x.figures) for case in told_by_tables for x in case.rows
    )


GOOD: Sheets = {
    "案例": [["案例", "依据", "年度", "险种"], ["结余不到三成全部留用", "五(四)④", 2026, "居民"]],
    "非医共体机构": [
        ["案例", "名称", "年度总额预算", "年度清算总额"],
        ["结余不到三成全部留用", "县妇幼保健院", 1000, 900],
    ],
    "预期": [
        ["案例", "单位", "项目", "数值", "状态"],
        ["结余不到三成全部留用", "县妇幼保健院", "结余留用", 100, "明确"],
    ],
}


def read(tmp_path: Path, sheets: Sheets) -> tuple[Case, ...]:
    (tmp_path / "cases.xlsx").write_bytes(book(sheets))
    return read_cases_book(tmp_path / "cases.xlsx", "cases.xlsx")


def told(tmp_path: Path, sheets: Sheets) -> list[tuple[str, str]]:
    with pytest.raises(FindingsError) as caught:
        read(tmp_path, sheets)
    lines = [(f.code, render(f, "zh").splitlines()[1]) for f in caught.value.findings]
    return [(code, line.removeprefix(" --> cases.xlsx ").split(" · ")[0]) for code, line in lines]


def test_a_case_is_put_together_from_the_sheets(tmp_path: Path) -> None:
    (case,) = read(tmp_path, GOOD)
    assert (case.name, case.clause) == ("结余不到三成全部留用", "五(四)④")
    assert {name: cell.text for name, cell in case.data.heads.items()} == {"年度": "2026", "险种": "居民"}
    assert [(t.name, list(t.rows[0].cells)) for t in case.data.tables] == [
        ("非医共体机构", ["名称", "年度总额预算", "年度清算总额"])
    ]
    (row,) = case.rows
    assert (row.unit, row.period, row.figures[0].name, row.figures[0].value, row.figures[0].state) == (
        "县妇幼保健院", "2026", "结余留用", "100", "明确",
    )  # fmt: skip


def test_figures_may_stand_as_columns_and_data_may_be_for_all_cases(tmp_path: Path) -> None:
    sheets: Sheets = {
        "案": [["年度", 2026], ["险种", "居民"]],
        "假设": [["名称", "取值"], ["考核系数", "90%"]],
        "非医共体机构": [["案例", "名称", "年度总额预算", "年度清算总额"], ["全部", "甲院", 1000, 900]],
        "预期": [
            ["单位：万元"],
            ["案例", "单位", "结余留用", "基金分担"],
            ["一", "甲院", 0.009, None],
            ["二", "甲院", "未定", "0"],
        ],
    }
    one, two = read(tmp_path, sheets)
    assert [len(case.data.tables[0].rows) for case in (one, two)] == [1, 1]
    assert [(x.name, x.value) for x in one.rows[0].figures] == [("结余留用", "0.009万元")]
    assert [(x.name, x.value) for x in two.rows[0].figures] == [("结余留用", "未定"), ("基金分担", "0万元")]
    assert one.data.assumptions["考核系数"].text == "90%"


def test_a_wrong_figure_in_a_workbook_fails_and_names_its_row(tmp_path: Path) -> None:
    shutil.copytree(POLICIES, tmp_path / "policies")
    folder = tmp_path / "policies" / "gaotai"
    (folder / "cases.yaml").unlink()
    sheets = {**GOOD, "预期": [GOOD["预期"][0], [*GOOD["预期"][1][:3], 101, "明确"]]}
    (folder / "cases.xlsx").write_bytes(book(sheets))
    policy = open_policy(str(folder))
    trial = try_cases(policy)
    assert not trial.results[0].passed
    assert "cases.xlsx:2" in cases_text("gaotai", trial, "zh")


def with_sheet(name: str, *rows: list[Value]) -> Sheets:
    return {**GOOD, name: [GOOD[name][0], *GOOD[name][1:], *rows]}


@pytest.mark.parametrize(
    ("sheets", "expected"),
    [
        (with_sheet("非医共体机构", [None, "甲院", 1, 1]), [("D140", "非医共体机构!3:3")]),
        (with_sheet("非医共体机构", ["结余不到三成全部留", "甲院", 1, 1]), [("D141", "非医共体机构!A3")]),
        (with_sheet("案例", ["只有名字", "五(四)④", 2026, "居民"]), [("D142", "案例!3:3")]),
        ({**GOOD, "资金池": [["名称", "年度总额预算"], ["甲院", 1]]}, [("D143", "资金池!1:1")]),
        ({**GOOD, "预期": [["案例", "单位", "项目", "数置"], ["结余不到三成全部留用", "县妇幼保健院", "结余留用", 1]]},
         [("D144", "预期!D1"), ("D143", "预期!1:1"), ("D146", "案例!2:2")]),
        ({**GOOD, "预期": []}, [("D146", "案例!2:2")]),
        (with_sheet("预期", ["结余不到三成全部留用", None, "基金分担", 0, None]), [("D147", "预期!3:3")]),
        (with_sheet("预期", ["结余不到三成全部留用", "县妇幼保健院", "基金分担", 0, "大概"]), [("D148", "预期!3:3")]),
    ],
)  # fmt: skip
def test_a_slip_in_a_workbook_of_cases_is_told_with_its_place(
    sheets: Sheets, expected: list[tuple[str, str]], tmp_path: Path
) -> None:
    assert told(tmp_path, sheets) == expected


def test_a_case_of_one_name_in_both_files_is_refused(tmp_path: Path) -> None:
    (tmp_path / "cases.xlsx").write_bytes(book(GOOD))
    text = "- 案例: 结余不到三成全部留用\n  数据: {年度: 2026, 医共体: []}\n  发现: [D001]\n"
    (tmp_path / "cases.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(FindingsError) as caught:
        worked_cases(tmp_path, "试")
    assert [f.code for f in caught.value.findings] == ["D145"]
