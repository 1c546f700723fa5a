"""Long tables settled in duckdb from file to file: the same as row by row, or left to be settled row by row."""

import sys
from collections.abc import Callable
from pathlib import Path
from random import Random
from shutil import copytree

import duckdb
import pytest
from click.testing import CliRunner

sys.path.insert(0, str(Path(__file__).parent / "agreement"))

from roads import case_of

from engine.api import Policy, bind_data, open_policy, settle, settle_to_files
from engine.doors.command import cli
from engine.doors.csv_form import csv_text, tables_csv
from engine.doors.parquet_form import tables_parquet
from engine.load import parquet, read
from engine.load.read import read_data
from engine.load.tables import RawData
from engine.nouns.settlement import Settlement
from grammar.diagnostic import FindingsError

POLICIES = Path(__file__).parent.parent / "policies"
# Random programs of this test's own, a group of so many at a time; of most the data is settled from file to file.
FIRST, GROUPS, IN_GROUP = 3_000_000, 8, 10
NATIONAL = Path(__file__).parent.parent / "benchmarks" / "schemes" / "national"
Tables = dict[str, list[list[str]]]


@pytest.fixture(autouse=True)
def _every_table_is_long(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tables are long from their first row."""
    monkeypatch.setattr(read, "CSV_BYTES_HELD", 0)
    monkeypatch.setattr(parquet, "ROWS_HELD", 0)


def _written(folder: Path, heads: str, tables: Tables, form: str = "csv") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "案.yaml").write_text(heads, encoding="utf-8")
    for name, lines in tables.items():
        path = folder / f"{name}.csv"
        path.write_text(csv_text(lines), encoding="utf-8")
        if form == "parquet":
            source = f"read_csv('{path}', header = true, all_varchar = true, nullstr = '')"
            duckdb.connect().execute(f"COPY (FROM {source}) TO '{path.with_suffix('.parquet')}' (FORMAT parquet)")
            path.unlink()
    return folder


def _sample(name: str) -> tuple[str, Tables]:
    """A policy's sample as heads and tables."""
    raw = read_data(POLICIES / name / "sample.yaml")
    assumed = ", ".join(f"{key}: {cell.text}" for key, cell in raw.assumptions.items())
    heads = "".join(f"{key}: {cell.text}\n" for key, cell in raw.heads.items()) + f"假设: {{{assumed}}}\n"
    tables: Tables = {}
    for table in raw.tables:
        columns = list(dict.fromkeys(name for row in table.rows for name in row.cells))
        cells = ([row.cells[name].text if name in row.cells else "" for name in columns] for row in table.rows)
        tables[table.name] = [columns, *cells]
    return heads, tables


def _row_by_row(policy: Policy, raw: RawData) -> Settlement | None:
    try:
        return settle(policy, bind_data(policy, raw))
    except FindingsError:
        return None


def _same(policy: Policy, folder: Path, out: Path, form: str) -> bool:
    """Whether data is settled from file to file; if it is, what comes out is what comes out row by row."""
    out.mkdir()
    exact = _row_by_row(policy, read_data(folder))
    try:
        straight = settle_to_files(policy, read_data(folder), out, form)
    except FindingsError:
        assert exact is None
        return False
    if straight is None:
        return False
    assert exact is not None
    told = straight.settlement
    assert told.receipt == {**exact.receipt, "engine": f"{exact.receipt['engine']} duckdb"}
    assert (told.tally, told.open, told.years) == (exact.tally, exact.open, exact.years)
    assert told.assumptions == exact.assumptions
    assert told.warnings == tuple(f for f in exact.warnings if f.code != "D221")
    if form == "csv":
        wanted = {name: f"\ufeff{text}".encode() for name, text in tables_csv(exact).items()}
        assert {name: path.read_bytes() for name, path in straight.files.items()} == wanted
        assert list(straight.files) == list(wanted)
        return True
    tables = tables_parquet(exact)
    assert list(straight.files) == list(tables)
    for name, data in tables.items():
        path = out / f"wanted {name}"
        path.write_bytes(data)
        assert _rows(straight.files[name]) == _rows(path)
    return True


def _rows(path: Path) -> object:
    connection = duckdb.connect()
    described = connection.execute(f"DESCRIBE FROM '{path}'").fetchall()
    return described, connection.execute(f"FROM '{path}'").fetchall()


@pytest.mark.parametrize("form", ["csv", "parquet"])
@pytest.mark.parametrize("name", ["gaotai", "guangdong", "jilin", "qingshan", "yunxian"])
def test_samples_come_out_alike(name: str, form: str, tmp_path: Path) -> None:
    heads, tables = _sample(name)
    folder = _written(tmp_path / "data", heads, tables, form)
    assert _same(open_policy(name), folder, tmp_path / "out", form)


def _chance(seed: int) -> Random:
    return Random(seed)  # noqa: S311 - not a secret


def _nation(chance: Random) -> tuple[str, Tables]:
    """Some areas of some hospitals, twelve months, two insurance types."""

    def yuan() -> str:
        return f"{chance.randrange(10**5, 10**6)}.{chance.randrange(100):02}"

    tables: Tables = {
        "统筹区": [["名称", "险种", "资金池"]],
        "医院": [["名称", "所属统筹区", "险种", "预算", "考核系数"]],
        "月度": [["单位", "险种", "月份", "申报额"]],
    }
    for area in range(2):
        for insurance in ("职工", "居民"):
            tables["统筹区"].append([f"区{area}", insurance, yuan()])
            for hospital in range(2):
                name = f"区{area}院{hospital}"
                tables["医院"].append([name, f"区{area}", insurance, yuan(), f"0.{chance.randrange(80, 100)}"])
                tables["月度"] += [[name, insurance, f"2026-{m:02}", yuan()] for m in range(1, 13)]
    return "年度: 2026\n", tables


# What cells are overwritten with: odd ways to write a value, values of other kinds, and nothing.
_ODD = (
    "", "0", "-1.00", "1,234.50", "1.5万元", "12.345", "１２．５", "0007.5", "abc", "是", "true", "96%", "0.5", "1/3", "120%",
    "2025", "2026-13", "2026年3月", "202604", "2027-02", "居民", "resident", " x ", "县人民医院医共体", "合计", "nan", "1e5",
    "99999999999999999.99", "'=1", " 有 空格", "-0", "+5", "1.000000000001", "0.123456789012345", "e\u0301",
)  # fmt: skip


@pytest.mark.parametrize("seed", range(10))
def test_whatever_cells_hold_nothing_comes_out_otherwise(seed: int, tmp_path: Path) -> None:
    chance = _chance(seed)
    name = chance.choice(["gaotai", "guangdong", "yunxian", "nation"])
    heads, tables = _nation(chance) if name == "nation" else _sample(name)
    for _ in range(chance.choice((0, 1, 1, 2))):
        lines = tables[chance.choice(list(tables))]
        if chance.random() < 0.2:
            lines.append(list(chance.choice(lines[1:])))
        else:
            row = chance.choice(lines[1:])
            row[chance.randrange(len(row))] = chance.choice(_ODD)
    folder = _written(tmp_path / "data", heads, tables, chance.choice(("csv", "parquet")))
    _same(
        open_policy(NATIONAL if name == "nation" else name), folder, tmp_path / "out", chance.choice(("csv", "parquet"))
    )


def test_values_written_in_other_ways_go_straight_as_well(tmp_path: Path) -> None:
    heads, tables = _nation(_chance(1))
    tables["医院"][1][3:] = ["1.5万元", "９６%"]
    tables["医院"][2][3:] = ["1,234.50", "1/3"]
    tables["月度"][1][2:] = ["2026年1月", "0.05亿"]
    tables["统筹区"][1][1] = "employee"
    folder = _written(tmp_path / "data", heads, tables)
    assert _same(open_policy(NATIONAL), folder, tmp_path / "out", "csv")


def test_claims_that_are_added_up_go_with_the_units_they_belong_to(tmp_path: Path) -> None:
    heads, tables = _sample("gaotai")
    columns, *rows = tables["非医共体机构"]
    cleared = columns.index("年度清算总额")
    claims = [["编号", "单位", "险种", "统筹基金支付", "费用类别"]]
    for row in rows:
        amount, row[cleared] = row[cleared], ""
        own = [row[columns.index("名称")], row[columns.index("险种")]]
        claims += [["", *own, amount, "县域内住院"], ["", *own, "12.30", "其他费用"], ["", *own, "-0.30", "两病门诊"]]
    folder = _written(tmp_path / "data", heads, {**tables, "明细": claims})
    assert _same(open_policy("gaotai"), folder, tmp_path / "out", "csv")


def test_months_left_out_are_noted_alike(tmp_path: Path) -> None:
    heads, tables = _nation(_chance(2))
    del tables["月度"][3:6], tables["月度"][20]
    folder = _written(tmp_path / "data", heads, tables)
    assert _same(open_policy(NATIONAL), folder, tmp_path / "out", "csv")
    told = settle(open_policy(NATIONAL), bind_data(open_policy(NATIONAL), read_data(folder))).warnings
    assert "D222" in {finding.code for finding in told}


@pytest.mark.parametrize(
    ("table", "change"),
    [
        ("月度", ["区9院9", "职工", "2026-01", "1.00"]),
        ("月度", ["区0院0", "职工", "2026-01", "1.00"]),
        ("月度", ["", "职工", "2026-01", "1.00"]),
        ("月度", ["区0院0", "", "2026-01", "1.00"]),
        ("月度", ["区0院0", "职工", "2026-13", "1.00"]),
        ("月度", ["区0院0", "职工", "2026-01", "1.005"]),
        ("医院", ["区0院7", "区0", "职工", "10.00", "101%"]),
        ("医院", ["区0院7", "区7", "职工", "10.00", "96%"]),
        ("医院", ["区0院7", "区0", "职工", "-10.00", "96%"]),
    ],
    ids=str,
)
def test_a_fault_is_told_as_row_by_row(table: str, change: list[str], tmp_path: Path) -> None:
    heads, tables = _nation(_chance(3))
    if change[:1] == ["区0院0"] or not change[0]:
        tables[table].pop()
    tables[table].append(change)
    folder = _written(tmp_path / "data", heads, tables)
    words = ["settle", str(NATIONAL), "--data", str(folder), "--out", str(tmp_path / "out"), "--format", "csv"]
    straight, exact = (CliRunner().invoke(cli, [*words, "--backend", backend]) for backend in ("duckdb", "exact"))
    assert (straight.exit_code, straight.output) == (exact.exit_code, exact.output)
    assert exact.exit_code == 1


def test_a_run_from_file_to_file_is_verified_and_explained(tmp_path: Path) -> None:
    heads, tables = _nation(_chance(4))
    folder, out = _written(tmp_path / "data", heads, tables, "parquet"), tmp_path / "out"
    words = ["settle", str(NATIONAL), "--data", str(folder), "--format", "parquet", "--backend", "duckdb"]
    settled = CliRunner().invoke(cli, [*words, "--out", str(out)])
    assert settled.exit_code == 0, settled.stderr
    verified = CliRunner().invoke(cli, ["verify", str(out / "回执.json")])
    assert verified.exit_code == 0, verified.stdout
    explained = CliRunner().invoke(cli, ["explain", "--from", str(out), "--unit", "区1院0", "--figure", "应补拨"])
    assert explained.exit_code == 0, explained.stderr
    assert "区1院0" in explained.stdout


def _without_months(tables: Tables) -> None:
    tables["月度"] = [line for line in tables["月度"] if line[0] != "区0院1" and line[:2] != ["区1院0", "居民"]]


def _an_earlier_year(tables: Tables) -> None:
    tables["月度"] += [["区0院0", "职工", f"2025-{m:02}", "1.00"] for m in (2, 1)] + [
        ["区0院0", "居民", "2024-01", "1.00"]
    ]


def _an_amount_too_large(tables: Tables) -> None:
    tables["月度"][1][3] = "500000万元"


def _an_amount_of_less_than_a_yuan(tables: Tables) -> None:
    for line in tables["月度"][1:13]:
        line[3] = "5000.00"
    tables["月度"][4][3] = "0.50"


def _a_column_too_small(tables: Tables) -> None:
    for line in tables["月度"][1:]:
        line[3] = f"{float(line[3]) / 10_000:.2f}"
    for line in tables["月度"][1:13]:
        line[3] = "500000.00"


def _another_scheme(tables: Tables) -> None:
    del tables["月度"][1]


@pytest.mark.parametrize(
    ("change", "codes"),
    [
        (_without_months, {"D223"}),
        (_an_earlier_year, {"D083"}),
        (_an_amount_too_large, {"D094"}),
        (_an_amount_of_less_than_a_yuan, {"D094"}),
        (_a_column_too_small, set()),
        (_another_scheme, {"D051", "D222"}),
    ],
)
def test_what_is_warned_of_goes_straight_with_its_warning(
    change: Callable[[Tables], None], codes: set[str], tmp_path: Path
) -> None:
    heads, tables = _nation(_chance(5))
    change(tables)
    if change is _another_scheme:
        heads += "方案: 别的\n"
    folder = _written(tmp_path / "data", heads, tables)
    assert _same(open_policy(NATIONAL), folder, tmp_path / "out", "csv")
    assert {f.code for f in bind_data(open_policy(NATIONAL), read_data(folder)).findings} == codes


def test_a_scheme_in_force_for_part_of_a_year_goes_straight_with_its_note(tmp_path: Path) -> None:
    rules = Path(copytree(NATIONAL.parent, tmp_path / "schemes"), NATIONAL.name, "rules.policy")
    rules.write_text(rules.read_text(encoding="utf-8").replace("施行 2026-01-01", "施行 2026-07-01"), encoding="utf-8")
    heads, tables = _nation(_chance(6))
    for line in tables["统筹区"]:
        line.append("年度" if line[0] == "名称" else "2026")
    folder = _written(tmp_path / "data", heads, tables)
    policy = open_policy(rules.parent)
    assert _same(policy, folder, tmp_path / "out", "csv")
    (told,) = bind_data(policy, read_data(folder)).findings
    assert (told.code, getattr(told.where, "row", None)) == ("D085", 2)


def _with_history(tables: Tables, chance: Random) -> None:
    """Three years' fund use of every unit that shares the budget."""
    lines = [["单位", "险种", "年度", "历年基金使用额"]]
    for kind in ("医共体", "非医共体机构"):
        name, insurance = (tables[kind][0].index(x) for x in ("名称", "险种"))
        lines += [
            [row[name], row[insurance], str(year), f"{chance.randrange(10**6, 10**7)}.{chance.randrange(100):02}"]
            for row in tables[kind][1:]
            for year in (2023, 2024, 2025)
        ]
    tables["历史基金使用"] = lines
    for table in ("医共体", "非医共体机构"):
        at = tables[table][0].index("年度总额预算")
        for row in tables[table][1:]:
            row[at] = ""
    tables["县"] = [
        ["名称", "险种", "市级下达总额"],
        ["高台县", "职工", "92000000"],
        ["高台县", "居民", "141000000.01"],
    ]


def _a_year_of_a_unit_left_out(lines: list[list[str]]) -> None:
    lines[:] = [
        line for line in lines if line[:3] not in (["县妇幼保健院", "居民", "2024"], ["高台仁康医院", "职工", "2023"])
    ]


def _a_year_left_out(lines: list[list[str]]) -> None:
    lines[:] = [line for line in lines if line[2] != "2024"]


def _a_year_of_one_insurance_left_out(lines: list[list[str]]) -> None:
    lines[:] = [line for line in lines if line[1:3] != ["居民", "2025"]]


def _a_unit_of_other_years(lines: list[list[str]]) -> None:
    lines += [[*lines[1][:2], "2019", "5.00"], [*lines[1][:2], "2026", "7.00"]]


def _a_blank(lines: list[list[str]]) -> None:
    lines[2][3] = ""


def _a_stranger(lines: list[list[str]]) -> None:
    lines.append(["没有的医院", "职工", "2024", "5.00"])


def _a_row_twice(lines: list[list[str]]) -> None:
    lines.append(list(lines[3]))


def _nothing(lines: list[list[str]]) -> None:
    del lines[1:]


@pytest.mark.parametrize(
    ("change", "goes"),
    [
        (lambda _lines: None, True),
        (_a_year_of_a_unit_left_out, True),
        (_a_year_left_out, True),
        (_a_year_of_one_insurance_left_out, True),
        (_a_unit_of_other_years, True),
        (_a_blank, None),
        (_a_stranger, False),
        (_a_row_twice, False),
        (_nothing, None),
    ],
)
@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_years_before_go_with_the_units_they_belong_to(
    change: Callable[[list[list[str]]], None], goes: bool | None, form: str, tmp_path: Path
) -> None:
    heads, tables = _sample("gaotai")
    _with_history(tables, _chance(7))
    change(tables["历史基金使用"])
    folder = _written(tmp_path / "data", heads, tables, form)
    came = _same(open_policy("gaotai"), folder, tmp_path / "out", "csv")
    assert goes is None or came == goes


def test_a_unit_without_a_row_in_a_year_before_is_noted_on_the_way_too(tmp_path: Path) -> None:
    heads, tables = _sample("gaotai")
    _with_history(tables, _chance(8))
    _a_year_of_a_unit_left_out(tables["历史基金使用"])
    folder = _written(tmp_path / "data", heads, tables)
    straight = settle_to_files(open_policy("gaotai"), read_data(folder), _made(tmp_path / "out"), "csv")
    assert straight is not None
    assert [f.code for f in straight.settlement.warnings].count("R151") == 2


_MEMBERS = (
    ("县人民医院", "县人民医院医共体", "是", "2026-01-01", "", "92.5", "1"),
    ("黑泉镇卫生院", "县人民医院医共体", "否", "2020-01-01", "2030-12-31", "88", "2"),
    ("巷道镇卫生院", "县人民医院医共体", "否", "2026-01-01", "", "80", "3"),
    ("县中医医院", "县中医医院医共体", "是", "", "", "90", ""),
    ("正远分院", "县中医医院医共体", "否", "2020-01-01", "2025-12-31", "60", ""),
)


def _with_members(tables: Tables, *more: tuple[str, ...]) -> None:
    head = ["名称", "所属医共体", "是否牵头", "起始日期", "终止日期", "考核得分", "序号", "险种"]
    lines = [[*line, insurance] for line in (*_MEMBERS, *more) for insurance in ("职工", "居民")]
    tables["成员单位"] = [head, *lines]


@pytest.mark.parametrize(
    ("more", "goes"),
    [
        ((), True),
        ((("正远分院", "县人民医院医共体", "否", "2026-01-01", "", "70", ""),), True),
        ((("县妇幼分院", "没有的医共体", "否", "2026-01-01", "", "70", ""),), False),
        ((("巷道镇卫生院", "县中医医院医共体", "否", "2026-01-01", "", "80", ""),), False),
        ((("第二牵头", "县中医医院医共体", "是", "2026-01-01", "", "80", ""),), False),
        ((("来日才来", "县中医医院医共体", "否", "2027-01-01", "", "80", ""),), True),
        ((("半年才来", "县中医医院医共体", "否", "2026-07-01", "", "80", ""),), True),
        ((("没有日子", "县中医医院医共体", "否", "明天", "", "80", ""),), False),
    ],
)
@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_memberships_go_with_the_units_they_belong_to(
    more: tuple[tuple[str, ...], ...], goes: bool, form: str, tmp_path: Path
) -> None:
    heads, tables = _sample("gaotai")
    _with_members(tables, *more)
    folder = _written(tmp_path / "data", heads, tables, form)
    assert _same(open_policy("gaotai"), folder, tmp_path / "out", "csv") == goes


def test_members_share_what_is_kept(tmp_path: Path) -> None:
    heads, tables = _sample("gaotai")
    _with_members(tables)
    for line, weight in zip(tables["成员单位"], ("内部分配权重", *"3322001155"), strict=True):
        line.append(weight)
    for line in tables["医共体"]:
        line.append("内部分配已定" if line[0] == "名称" else "是")
    folder = _written(tmp_path / "data", heads, tables)
    assert _same(open_policy("gaotai"), folder, tmp_path / "out", "csv")
    told = settle_to_files(open_policy("gaotai"), read_data(folder), _made(tmp_path / "again"), "csv")
    assert told is not None
    assert "成员留用额" in told.files["成员单位.csv"].read_text(encoding="utf-8")


def test_memberships_may_stand_in_the_heads_beside_long_tables(tmp_path: Path) -> None:
    heads, tables = _sample("gaotai")
    _with_members(tables)
    columns, *lines = tables.pop("成员单位")
    members = ({name: cell for name, cell in zip(columns, line, strict=True) if cell} for line in lines)
    heads += "成员单位:\n" + "".join(
        f"  - {{{', '.join(f'{name}: {cell}' for name, cell in member.items())}}}\n" for member in members
    )
    folder = _written(tmp_path / "data", heads, tables)
    assert _same(open_policy("gaotai"), folder, tmp_path / "out", "csv")


def test_an_alliance_that_nobody_leads_is_warned_of_row_by_row(tmp_path: Path) -> None:
    heads, tables = _sample("gaotai")
    _with_members(tables)
    tables["成员单位"][1][2] = "否"
    folder = _written(tmp_path / "data", heads, tables)
    assert not _same(open_policy("gaotai"), folder, tmp_path / "out", "csv")
    told = settle(open_policy("gaotai"), bind_data(open_policy("gaotai"), read_data(folder))).warnings
    assert "R132" in {finding.code for finding in told}


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder


@pytest.mark.parametrize("seed", range(12))
def test_amounts_and_names_that_are_doubted_are_doubted_alike(seed: int, tmp_path: Path) -> None:
    chance = _chance(seed)
    name = chance.choice(["gaotai", "guangdong", "yunxian", "jilin"])
    heads, tables = _sample(name)
    for _ in range(chance.choice((1, 2, 3))):
        columns, *rows = tables[chance.choice(list(tables))]
        at, factor = chance.randrange(len(columns)), chance.choice((10_000, 0.0001, 5_000, 0.00001))
        for row in chance.choice(([chance.choice(rows)], rows)):
            if row[at].replace(".", "").isdigit():
                row[at] = f"{float(row[at]) * factor:.2f}"
            elif columns[at] in ("名称", "单位"):
                row[at] = row[at][:-1]
    folder = _written(tmp_path / "data", heads, tables, chance.choice(("csv", "parquet")))
    _same(open_policy(name), folder, tmp_path / "out", "csv")


@pytest.mark.parametrize("group", range(GROUPS))
def test_random_programs_come_out_alike_or_go_row_by_row(group: int, tmp_path: Path) -> None:
    went = 0
    for seed in range(FIRST + group * IN_GROUP, FIRST + (group + 1) * IN_GROUP):
        case, policy = case_of(seed)
        tables: Tables = {}
        for name, rows in case.data.tables.items():
            columns = list(dict.fromkeys(column for row in rows for column in row))
            if rows:
                tables[name] = [columns, *([row.get(column, "") for column in columns] for row in rows)]
        if tables:
            heads = f"假设: {{{', '.join(f'{name}: {value}' for name, value in case.data.assumptions.items())}}}\n"
            here = _made(tmp_path / str(seed))
            folder = _written(here / "data", heads, tables, "csv" if seed % 2 else "parquet")
            went += _same(policy, folder, here / "out", "parquet" if seed % 3 else "csv")
    assert went


def test_the_county_has_one_row_though_only_one_kind_stands_under_it(tmp_path: Path) -> None:
    scheme = _made(tmp_path / "sample")
    (scheme / "rules.policy").write_text(
        "方案 sample 「试」\n  施行 2025-01-01 起\n主体 单位 属于 县\n数据 单位\n  用量: 金额\n"
        "环节 年终清算\n  对 县:\n    全县用量 = 合计 单位.用量   依据 一\n",
        encoding="utf-8",
    )
    tables = {
        "单位": [["名称", "年度", "用量"], ["甲", "2026", "1.01"], ["乙", "2026", "2.02"], ["丙", "2026", "3.03"]]
    }
    assert _same(open_policy(scheme), _written(tmp_path / "data", "年度: 2026\n", tables), tmp_path / "out", "csv")
    told = settle_to_files(open_policy(scheme), read_data(tmp_path / "data"), _made(tmp_path / "again"), "csv")
    assert told is not None
    assert told.files["县.csv"].read_text(encoding="utf-8").splitlines()[1:] == ["县,,2026,6.06,stated"]


def test_a_number_of_more_than_26_digits_with_its_decimals_is_written_exactly(tmp_path: Path) -> None:
    scheme = _made(tmp_path / "sample")
    (scheme / "rules.policy").write_text(
        "方案 sample 「试」\n  施行 2025-01-01 起\n主体 单位 属于 县\n数据 单位\n  人: 人数\n  倍: 数量\n"
        "环节 年终清算\n  对 单位:\n    人次 = 人 × 倍   依据 一\n",
        encoding="utf-8",
    )
    tables = {
        "单位": [["名称", "年度", "人", "倍"], ["甲", "2026", "173739790000001", "100.25"], ["乙", "2026", "3", "0.5"]]
    }
    for form in ("csv", "parquet"):
        folder = _written(tmp_path / f"data {form}", "年度: 2026\n", tables, form)
        assert _same(open_policy(scheme), folder, tmp_path / f"out {form}", form)


def test_a_whole_that_nobody_shares_is_warned_of_though_others_stand_under_units_of_another_kind(
    tmp_path: Path,
) -> None:
    scheme = _made(tmp_path / "sample")
    (scheme / "rules.policy").write_text(
        "方案 sample 「试」\n  施行 2025-01-01 起\n主体 单位 属于 县\n主体 机构 属于 县\n主体 成员 属于 单位、机构\n"
        "数据 机构\n  额: 金额\n数据 成员\n  权重: 数量\n"
        "环节 年终清算\n  对 机构:\n    分配 额 给 成员 按 权重, 记为 分得额, 余分 归 余数大者   依据 一\n",
        encoding="utf-8",
    )
    tables = {
        "单位": [["名称"], ["甲"]],
        "机构": [["名称", "额"], ["辛", "1.00"]],
        "成员": [["名称", "所属单位", "权重"], ["甲一", "甲", "1"]],
    }
    folder = _written(tmp_path / "data", "年度: 2026\n", tables)
    assert not _same(open_policy(scheme), folder, tmp_path / "out", "csv")
    told = settle(open_policy(scheme), bind_data(open_policy(scheme), read_data(folder))).warnings
    assert "R143" in {finding.code for finding in told}
