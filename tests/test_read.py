from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.load.csv_text import read_csv
from engine.load.read import NoSuchFileError, read_data
from engine.load.tables import RawData, Table
from engine.load.text import read_text
from engine.load.yaml_data import read_yaml
from engine.load.yaml_text import Mapping, Scalar, as_plain, read_tree
from grammar.diagnostic import Finding, FindingsError, Place, render

_CASE = """\
方案: gaotai
年度: 2026   # the year settled
险种: 居民
假设: {超支分担比例: 60%}
医共体:
  - {名称: 县医院, 年度总额预算: 1200万元, 编号: 0123, 备注: 1_000}
  - 名称: "乙"
    年度总额预算: ~
    编号:
月度: []
"""


def findings_of(text: str) -> list[tuple[str, int | None, int | None]]:
    with pytest.raises(FindingsError) as caught:
        read_yaml(text, "案.yaml")
    return [(f.code, f.where.line, f.where.column) for f in caught.value.findings if isinstance(f.where, Place)]


def csv_findings_of(text: str) -> list[tuple[str, int | None, int | None, int | None]]:
    with pytest.raises(FindingsError) as caught:
        read_csv(text, "医共体.csv", "医共体")
    places = [(f.code, f.where) for f in caught.value.findings]
    return [(code, p.line, p.column, p.row) for code, p in places if isinstance(p, Place)]


def folder_findings(folder: Path) -> list[tuple[str, str]]:
    with pytest.raises(FindingsError) as caught:
        read_data(folder, "数据")
    return [(f.code, f.where.file) for f in caught.value.findings if isinstance(f.where, Place)]


def texts(table: Table) -> list[dict[str, str]]:
    return [{name: cell.text for name, cell in row.cells.items()} for row in table.rows]


def plain(data: RawData) -> dict[str, object]:
    return {
        "heads": {name: cell.text for name, cell in data.heads.items()},
        "assumptions": {name: cell.text for name, cell in data.assumptions.items()},
        "tables": {table.name: texts(table) for table in data.tables},
    }


def test_a_case_is_heads_assumptions_and_tables_of_text_as_written() -> None:
    assert plain(read_yaml(_CASE, "案.yaml")) == {
        "heads": {"方案": "gaotai", "年度": "2026", "险种": "居民"},
        "assumptions": {"超支分担比例": "60%"},
        "tables": {
            "医共体": [
                {"名称": "县医院", "年度总额预算": "1200万元", "编号": "0123", "备注": "1_000"},
                {"名称": "乙", "年度总额预算": "", "编号": ""},
            ],
            "月度": [],
        },
    }


def test_every_cell_knows_its_line_its_column_its_table_and_its_row() -> None:
    alliance = read_yaml(_CASE, "案.yaml").tables[0]
    assert alliance.rows[0].cells["年度总额预算"].place == Place("案.yaml", 6, 23, "医共体", 1, "年度总额预算")
    assert alliance.rows[1].cells["名称"].place == Place("案.yaml", 7, 9, "医共体", 2, "名称")
    assert alliance.rows[1].place == Place("案.yaml", 7, 5, "医共体", 2)
    assert alliance.place == Place("案.yaml", 5, 1, "医共体")


def test_nothing_written_is_missing_and_a_quoted_null_is_a_text() -> None:
    data = read_yaml("甲: null\n乙: ~\n丙:\n丁: ''\n戊: 'null'\n己: NULL\n", "案.yaml")
    assert plain(data)["heads"] == {"甲": "", "乙": "", "丙": "", "丁": "", "戊": "null", "己": ""}


def test_keys_are_compared_composed_and_without_blanks() -> None:
    data = read_yaml('"\u3000Cafe\u0301 ": 1\n', "案.yaml")
    assert list(data.heads) == ["Caf\u00e9"]


def test_assumptions_may_be_left_empty() -> None:
    assert read_yaml("假设:\n年度: 2026\n", "案.yaml").assumptions == {}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        pytest.param("甲: {乙: 1, 丙: 2\n丁: 3\n", ("D005", 1, 4), id="a bracket that never closes, where it opens"),
        pytest.param("甲: [1, 2\n", ("D005", 1, 4), id="a bracket that never closes before the end"),
        pytest.param("甲: {乙: 1 丙: 2}\n", ("D005", 1, 11), id="a missing comma"),
        pytest.param("甲: {乙: 1，丙: 2}\n", ("D005", 1, 11), id="a full-width comma"),
        pytest.param("甲：1\n乙: 2\n", ("D006", 1, 2), id="a full-width colon"),
        pytest.param("表:\n- 甲：1\n  乙: 2\n", ("D006", 2, 4), id="a full-width colon in a row"),
        pytest.param("甲: 1\n乙\n丙: 2\n", ("D006", 2, 1), id="a name without a value"),
        pytest.param("表: [{乙：1, 丙: 2}]\n", ("D006", 1, 6), id="a full-width colon in braces"),
        pytest.param("表: [{乙:1, 丙: 2}]\n", ("D006", 1, 6), id="no space after the colon in braces"),
        pytest.param("甲: 1\n 乙: 2\n", ("D007", 2, 3), id="an indentation that fits nothing"),
        pytest.param("甲: 乙: 1\n", ("D007", 1, 5), id="two colons in a line"),
        pytest.param("甲: 'x\n乙: 2\n", ("D008", 1, 4), id="a quote that never closes"),
        pytest.param("甲:\n\t乙: 1\n", ("D009", 2, 1), id="a tab"),
        pytest.param("甲: %x\n", ("D010", 1, 4), id="a sign that cannot begin a value"),
        pytest.param('甲: "\\q"\n', ("D010", 1, 6), id="an unknown escape"),
        pytest.param('甲: "\\UFFFFFFFF"\n', ("D010", None, None), id="an escape beyond all characters"),
        pytest.param("甲: &x 1\n", ("D011", 1, 4), id="an anchor"),
        pytest.param("甲: *x\n", ("D011", 1, 4), id="an alias"),
        pytest.param("甲: *\n", ("D011", 1, 4), id="a lone star"),
        pytest.param("甲: !!int 1\n", ("D012", 1, 4), id="a tag"),
        pytest.param("甲: !x!y 1\n", ("D012", 1, 4), id="a tag of an unknown family"),
        pytest.param("<<: 1\n", ("D013", 1, 1), id="a merge key"),
        pytest.param("甲: 1\n---\n乙: 2\n", ("D014", 2, 1), id="a second document"),
        pytest.param("甲: 1\n...\n乙: 2\n", ("D014", 3, 1), id="a second document after an end mark"),
        pytest.param("%YAML 1.1\n---\n甲: 1\n", ("D015", 2, 1), id="a directive"),
        pytest.param("甲: " + "[" * 8 + "]" * 8 + "\n", ("D016", 1, 11), id="a ninth level"),
        pytest.param("甲: " + "[" * 5000, ("D016", 1, 11), id="five thousand levels"),
        pytest.param("? [甲]\n: 1\n", ("D017", 1, 3), id="a list as a name"),
        pytest.param("甲: 1\n乙: 2\n甲: 3\n", ("D018", 3, 1), id="a name given twice"),
        pytest.param("假设: {甲: 1}\nassumptions: {甲: 2}\n", ("D018", 2, 15), id="an assumption given twice"),
        pytest.param(": 1\n", ("D019", 1, 1), id="no name"),
        pytest.param("甲: 1\n'': 1\n", ("D019", 2, 1), id="an empty name"),
        pytest.param("表: [{预算: 1,200}]\n", ("D020", 1, 12), id="a thousands separator in braces"),
        pytest.param("- 甲\n", ("D021", 1, 1), id="a list at the top"),
        pytest.param("", ("D021", 1, 1), id="an empty file"),
        pytest.param("表:\n- {甲: [1, 2]}\n", ("D022", 2, 7), id="a list where a value is due"),
        pytest.param("假设: {甲: {乙: 1}}\n", ("D022", 1, 9), id="a group where an assumption is due"),
        pytest.param("表:\n- 甲\n", ("D023", 2, 3), id="a row that is a single value"),
        pytest.param("表: {甲: 1}\n", ("D024", 1, 1), id="a table without rows' dashes"),
        pytest.param("假设: 60%\n", ("D025", 1, 1), id="an assumption without a name"),
        pytest.param('甲: "\\u200b"\n', ("D002", 1, 4), id="an invisible character behind an escape"),
    ],
)
def test_a_faulty_case_is_told_with_code_line_and_column(text: str, found: tuple[str, int, int]) -> None:
    assert findings_of(text) == [found]


def test_faults_that_can_be_passed_over_are_told_together() -> None:
    text = "甲: &x 1\n乙: !t 2\n表:\n  - {丙: [1]}\n  - 丁\n戊: {己: 1}\n甲: 3\n"
    assert [code for code, _, _ in findings_of(text)] == ["D011", "D012", "D018", "D022", "D023", "D024"]


def test_what_was_found_before_the_text_breaks_is_told_too() -> None:
    assert [code for code, _, _ in findings_of("甲: &x 1\n乙: {丙: 1\n")] == ["D011", "D005"]


def test_a_broken_text_is_told_in_words_of_our_own() -> None:
    with pytest.raises(FindingsError) as caught:
        read_yaml("甲: {乙: 1\n", "案.yaml")
    (finding,) = caught.value.findings
    assert render(finding, "zh").splitlines()[:2] == [
        "错误[D005]：`{` 没有闭合，或括号里两项之间缺半角逗号",
        " --> 案.yaml:1:4",
    ]
    assert render(finding, "en").startswith("error[D005]: `{` is never closed")


@given(st.text(alphabet="甲乙:：,，{}[]\"'-#&*!|>%@`~?<. \n\t\\x0U1", max_size=60))
def test_no_text_gets_past_the_findings(text: str) -> None:
    # Any other exception fails the test.
    with suppress(FindingsError):
        read_yaml(text, "案.yaml")


def test_a_long_table_is_read_to_its_end() -> None:
    rows = "".join(f"  - {{名称: 医院{n}, 年度总额预算: {n}.00}}\n" for n in range(500))
    (table,) = read_yaml(f"医共体:\n{rows}", "案.yaml").tables
    assert texts(table)[499] == {"名称": "医院499", "年度总额预算": "499.00"}


def test_a_tree_of_any_shape_comes_out_plain() -> None:
    tree = read_tree("- 名: |\n    一\n    二\n  列: [1, [2, ~]]\n- 三\n", "cases.yaml")
    assert as_plain(tree) == [{"名": "一\n二\n", "列": ["1", ["2", ""]]}, "三"]
    assert as_plain(read_tree("# nothing\n", "cases.yaml")) == ""


def test_a_tree_knows_the_places_of_keys_and_values() -> None:
    tree = read_tree("甲:\n  乙: 丙\n", "source.yaml")
    assert isinstance(tree, Mapping)
    inner = tree.entries["甲"]
    assert isinstance(inner, Mapping)
    assert inner.keys["乙"] == Place("source.yaml", 2, 3, key="乙")
    assert inner.entries["乙"] == Scalar("丙", Place("source.yaml", 2, 6))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_the_encodings_people_save_in_give_the_same_text(encoding: str) -> None:
    assert read_text("名称,金额\r\n县医院,1\r".encode(encoding), "表.csv") == "名称,金额\n县医院,1\n"


def test_bytes_that_are_no_text_are_a_finding() -> None:
    with pytest.raises(FindingsError, match="D001"):
        read_text(b"\xff\xff\x80", "表.csv")


@pytest.mark.parametrize("character", ["\u200b", "\u202e", "\ufeff", "\x00", "\x85", "\u2028", "\ufffd", "\U000e0041"])
def test_a_character_nobody_sees_is_told_with_its_code_point_and_place(character: str) -> None:
    with pytest.raises(FindingsError) as caught:
        read_text(f"甲\n乙丙{character}丁".encode(), "表.csv")
    (finding,) = caught.value.findings
    assert finding == Finding("D002", Place("表.csv", 2, 3), {"code_point": f"U+{ord(character):04X}"})


def test_a_csv_table_is_text_with_places() -> None:
    table = read_csv(' 名称 ,年度总额预算\n\n甲," 1,200.00 "\n"乙\n丙",\n,\n', "医共体.csv", "医共体")
    assert texts(table) == [{"名称": "甲", "年度总额预算": "1,200.00"}, {"名称": "乙\n丙", "年度总额预算": ""}]
    first, second = table.rows
    assert first.cells["年度总额预算"].place == Place("医共体.csv", 3, 3, row=3, key="年度总额预算")
    assert second.place == Place("医共体.csv", 4, 1, row=4)
    assert second.cells["年度总额预算"].place == Place("医共体.csv", 5, 4, row=4, key="年度总额预算")


def test_a_header_alone_is_a_table_without_rows() -> None:
    assert read_csv("名称,金额\n", "月度.csv", "月度").rows == ()


@pytest.mark.parametrize(
    ("text", "found"),
    [
        pytest.param("甲,乙\n1,2\n3\n", ("D030", 3, 1, 3), id="a short row"),
        pytest.param("甲,乙\n1,2,3\n", ("D030", 2, 1, 2), id="a long row"),
        pytest.param("甲,乙, 甲\n1,2,3\n", ("D031", 1, 5, 1), id="a header given twice"),
        pytest.param("甲,,乙\n1,2,3\n", ("D032", 1, 3, 1), id="a column without a header"),
        pytest.param('甲,乙\n1,"2\n3,4\n', ("D033", 2, 3, 2), id="a quote that never closes"),
        pytest.param('甲,乙\n1,"2"x\n', ("D033", 2, 3, 2), id="text after a closing quote"),
        pytest.param("", ("D034", None, None, None), id="an empty file"),
        pytest.param("\n,,\n", ("D034", None, None, None), id="nothing but commas"),
    ],
)
def test_a_faulty_table_is_told_with_line_column_and_row(text: str, found: tuple[str, int, int, int]) -> None:
    assert csv_findings_of(text) == [found]


def test_all_faults_of_a_table_are_told_together() -> None:
    assert [code for code, *_ in csv_findings_of("甲,,甲\n1\n1,2\n")] == ["D032", "D031", "D030", "D030"]


@given(st.lists(st.lists(st.text(alphabet='甲1,"\n ', max_size=5), min_size=2, max_size=2), max_size=5))
def test_every_cell_of_a_csv_stands_where_its_place_says(values: list[list[str]]) -> None:
    quoted = [[f'"{text.replace(chr(34), chr(34) * 2)}"' for text in row] for row in values]
    source = "\n".join(",".join(row) for row in [["甲", "乙"], *quoted]) + "\n"
    lines = source.split("\n")
    kept = [row for row in values if any(text.strip() for text in row)]
    table = read_csv(source, "表.csv", "表")
    assert texts(table) == [{"甲": row[0].strip(), "乙": row[1].strip()} for row in kept]
    for row in table.rows:
        for cell in row.cells.values():
            assert cell.place.line
            assert cell.place.column
            assert lines[cell.place.line - 1][cell.place.column - 1] == '"'


def test_one_yaml_file_is_read_with_its_bytes(tmp_path: Path) -> None:
    (tmp_path / "案例.yml").write_bytes(_CASE.encode("gb18030"))
    data = read_data(tmp_path / "案例.yml", "案例.yml")
    assert plain(data) == plain(read_yaml(_CASE, "案例.yml"))
    assert data.files == (("案例.yml", _CASE.encode("gb18030")),)


def test_a_folder_is_one_table_a_file_with_the_heads_beside(tmp_path: Path) -> None:
    (tmp_path / "案.yaml").write_text("年度: 2026\n假设: {甲: 1}\n", encoding="utf-8")
    (tmp_path / "资金池.csv").write_bytes("名称,年度总额预算\r\n异地就医,5\r\n".encode("gb18030"))
    (tmp_path / "alliance.CSV").write_bytes("\ufeff名称\n甲\n".encode())
    (tmp_path / "说明.md").write_text("a note beside the data", encoding="utf-8")
    (tmp_path / "~$资金池.xlsx").write_bytes(b"a lock of the office program")
    data = read_data(tmp_path)
    assert plain(data) == {
        "heads": {"年度": "2026"},
        "assumptions": {"甲": "1"},
        "tables": {"alliance": [{"名称": "甲"}], "资金池": [{"名称": "异地就医", "年度总额预算": "5"}]},
    }
    assert [name for name, _ in data.files] == ["alliance.CSV", "案.yaml", "资金池.csv"]
    assert data.tables[0].rows[0].place.file == f"{tmp_path}/alliance.CSV"


def test_faults_of_all_files_of_a_folder_are_told_together(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("甲,\n", encoding="utf-8")
    (tmp_path / "b.xlsx").write_bytes(b"PK")
    (tmp_path / "c.parquet").write_bytes(b"PAR1")
    (tmp_path / "d.json").write_text("{}", encoding="utf-8")
    (tmp_path / "e.yaml").write_text("年度: 2026\n", encoding="utf-8")
    assert folder_findings(tmp_path) == [
        ("D032", "数据/a.csv"),
        ("D100", "数据/b.xlsx"),
        ("D200", "数据/c.parquet"),
        ("D038", "数据/d.json"),
        ("D041", "数据/e.yaml"),
    ]


def test_a_folder_without_a_table_is_a_finding(tmp_path: Path) -> None:
    assert folder_findings(tmp_path) == [("D039", "数据")]


def test_a_table_and_heads_come_from_one_file_only(tmp_path: Path) -> None:
    for name in ("案.yaml", "case.yaml"):
        (tmp_path / name).write_text("年度: 2026\n医共体: []\n", encoding="utf-8")
    assert folder_findings(tmp_path) == [("D042", "数据/案.yaml"), ("D040", "数据/案.yaml")]


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("医共体.csv", "D036"),
        ("案.xlsx", "D100"),
        ("案.xls", "D102"),
        ("明细.parquet", "D036"),
        ("案.docx", "D038"),
        ("案", "D038"),
    ],
)
def test_a_file_that_is_not_a_case_says_what_to_do_instead(tmp_path: Path, name: str, code: str) -> None:
    (tmp_path / name).write_bytes(b"PK\x03\x04")
    with pytest.raises(FindingsError) as caught:
        read_data(tmp_path / name)
    (finding,) = caught.value.findings
    assert finding.code == code
    assert finding.hint("zh")
    assert finding.hint("en")


@pytest.mark.parametrize("name", ["没有.yaml", "x" * 5000, "a\0b"])
def test_a_path_without_a_file_is_wrong_usage_and_not_wrong_data(tmp_path: Path, name: str) -> None:
    with pytest.raises(NoSuchFileError) as caught:
        read_data(tmp_path / name, name)
    assert caught.value.path == name


def test_a_file_too_large_is_refused_unread(tmp_path: Path) -> None:
    with (tmp_path / "案.yaml").open("wb") as file:
        file.truncate((64 << 20) + 1)
    with pytest.raises(FindingsError, match="D003"):
        read_data(tmp_path / "案.yaml")
