"""Parquet files: exact values, every fault a finding with its place, and the same result as the table in text."""

from pathlib import Path
from random import Random

import duckdb
import pytest
from test_claims import COLUMNS, RULES, folder_of, outcome, random_claims, written

from engine.api import bind_data, open_policy, settle
from engine.load import parquet, read
from engine.load.parquet import read_parquet
from engine.load.read import read_data
from engine.load.store import opened, quoted
from engine.load.tables import BulkTable, Table
from grammar.diagnostic import FindingsError


def made(tmp_path: Path, query: str, options: str = "FORMAT parquet") -> bytes:
    """The bytes of a Parquet file with the answer of a query."""
    path = tmp_path / "made.parquet"
    duckdb.connect().execute(f"COPY ({query}) TO '{path}' ({options})")
    return path.read_bytes()


def texts(data: bytes) -> list[dict[str, str]]:
    table = read_parquet(data, "表.parquet", "表")
    assert isinstance(table, Table)
    return [{key: cell.text for key, cell in row.cells.items()} for row in table.rows]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("12.30::DECIMAL(18,2)", "12.30"),
        ("99999999999999999999999999999999999.99::DECIMAL(38,2)", "99999999999999999999999999999999999.99"),
        ("-0.05::DECIMAL(4,2)", "-0.05"),
        ("1.5000::DECIMAL(18,4)", "1.5"),
        ("100.0000::DECIMAL(18,4)", "100"),
        ("9223372036854775807::BIGINT", "9223372036854775807"),
        ("255::UTINYINT", "255"),
        ("0.1::DOUBLE", "0.1"),
        ("2026.0::DOUBLE", "2026"),
        ("123456789012.34::DOUBLE", "123456789012.34"),
        ("0.25::FLOAT", "0.25"),
        ("true", "true"),
        ("DATE '2026-02-28'", "2026-02-28"),
        ("TIMESTAMP '2026-02-28 00:00:00'", "2026-02-28"),
        ("TIMESTAMP '2026-02-28 10:20:30'", "2026-02-28 10:20:30"),
        ("'　甲 '", "甲"),
        ("'职工'::ENUM('职工', '居民')", "职工"),
        ("NULL", ""),
    ],
)
def test_a_value_is_the_exact_text_of_what_the_file_holds(tmp_path: Path, value: str, text: str) -> None:
    assert texts(made(tmp_path, f"SELECT {value} AS 值, 1 AS 行")) == [{"值": text, "行": "1"}]


def test_rows_that_hold_nothing_are_left_out_and_the_others_keep_their_numbers(tmp_path: Path) -> None:
    table = read_parquet(made(tmp_path, "SELECT * FROM (VALUES ('甲'), (NULL), ('乙')) t(名称)"), "表.parquet", "表")
    assert isinstance(table, Table)
    assert [(row.cells["名称"].text, row.place.row, row.cells["名称"].place.key) for row in table.rows] == [
        ("甲", 1, "名称"),
        ("乙", 3, "名称"),
    ]


def test_a_torn_or_altered_file_is_one_finding(tmp_path: Path) -> None:
    data = made(tmp_path, "SELECT range AS 名称, 'x' || range AS 值 FROM range(3000)")
    chance = Random(3)  # noqa: S311 - a test wants the same chance again
    for _ in range(60):
        torn = bytearray(data)
        if chance.random() < 0.5:
            del torn[chance.randrange(len(torn)) :]
        else:
            for _ in range(40):
                torn[chance.randrange(len(torn))] = chance.randrange(256)
        assert codes(bytes(torn)) <= {"D200", "D201", "D202", "D031", "D032", "D002"}


def codes(data: bytes) -> set[str]:
    try:
        read_parquet(data, "表.parquet", "表")
    except FindingsError as error:
        return {f.code for f in error.findings}
    return set()


def test_a_long_file_torn_further_in_is_one_finding_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "sample").mkdir()
    (tmp_path / "sample/rules.policy").write_text(RULES, encoding="utf-8")
    policy = open_policy(tmp_path / "sample")
    monkeypatch.setattr(parquet, "ROWS_HELD", 0)
    query = (
        "SELECT 'J' || range AS 编号, '甲医共体' AS 单位, 2026 AS 年度, '居民' AS 险种, "
        "range::DECIMAL(18,2) AS 统筹基金支付 FROM range(5000)"
    )
    data = made(tmp_path, query)
    chance = Random(4)  # noqa: S311 - a test wants the same chance again
    found: set[str] = set()
    for _ in range(40):
        torn = bytearray(data)
        for _ in range(200):
            torn[chance.randrange(len(torn) - 2000)] = chance.randrange(256)
        said = outcome(policy, folder_of(tmp_path / "data", bytes(torn), "parquet"))
        found |= {str(code) for code, *_ in said} if isinstance(said, list) else {"settled"}
    assert "D200" in found


def test_a_file_of_too_many_rows_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet, "_ROWS_AT_MOST", 5)
    with pytest.raises(FindingsError) as refused:
        read_parquet(made(tmp_path, "SELECT range AS 名称 FROM range(6)"), "表.parquet", "表")
    assert [f.code for f in refused.value.findings] == ["D201"]


def test_a_parquet_file_alone_is_no_case(tmp_path: Path) -> None:
    (tmp_path / "明细.parquet").write_bytes(made(tmp_path, "SELECT 1 AS 单位"))
    with pytest.raises(FindingsError) as refused:
        read_data(tmp_path / "明细.parquet", "明细.parquet")
    assert "明细.parquet" not in refused.value.findings[0].message("zh")
    assert ".parquet" in refused.value.findings[0].message("zh")


def test_the_store_reads_its_own_copy_and_nothing_else(tmp_path: Path) -> None:
    from engine.load.store import Store

    other = tmp_path / "other.parquet"
    other.write_bytes(made(tmp_path, "SELECT 1 AS x"))
    store, _ = opened(Store, "表.parquet", "parquet", [other.read_bytes()])
    for query in (
        f"SELECT * FROM read_parquet({quoted(str(other))})",  # noqa: S608 - our own path
        f"COPY (SELECT 1) TO {quoted(str(tmp_path / 'out.csv'))}",
        "INSTALL httpfs",
        "SET enable_external_access = true",
    ):
        with pytest.raises(duckdb.Error):
            store.tell(query)


@pytest.mark.parametrize("held", [0, 1 << 30])
def test_parquet_settles_as_the_same_table_in_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, held: int) -> None:
    (tmp_path / "sample").mkdir()
    (tmp_path / "sample/rules.policy").write_text(RULES, encoding="utf-8")
    policy = open_policy(tmp_path / "sample")
    chance = Random(11)  # noqa: S311 - a test wants the same chance again
    table = random_claims(chance, 300)
    for row in table:
        row[2], row[4], row[9] = (
            row[2][:4],
            chance.choice(["12.30", "-0.05", "", "1000", "7.1"]),
            chance.choice(["3", ""]),
        )
        row[7], row[8] = row[7].rstrip("人"), row[8] and "2026-03-05"
    text = written(table)
    as_text = outcome(policy, folder_of(tmp_path / "text", text.encode()))
    (tmp_path / "typed.csv").write_text(text, encoding="utf-8")
    types = dict.fromkeys(COLUMNS, "VARCHAR")
    types |= {
        "年度": "BIGINT", "统筹基金支付": "DOUBLE", "就诊人数": "INTEGER", "出院日期": "DATE", "备注金额": "DECIMAL(18,4)",
    }  # fmt: skip
    data = made(tmp_path, f"SELECT * FROM read_csv('{tmp_path / 'typed.csv'}', columns = {types})")  # noqa: S608 - our own path
    monkeypatch.setattr(parquet, "ROWS_HELD", held)
    assert isinstance(as_text, dict)
    assert isinstance(read_parquet(data, "明细.parquet", "明细"), Table if held else BulkTable)
    as_typed = outcome(policy, folder_of(tmp_path / "typed", data, "parquet"))
    assert isinstance(as_typed, dict)
    # A Parquet file has rows and no lines, so only the places differ.
    assert [w["message"] for w in as_typed.pop("warnings")] == [w["message"] for w in as_text.pop("warnings")]
    assert as_typed == as_text


def test_rows_that_must_be_read_one_by_one_are_told_where_they_are_many(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from engine.load import bind

    (tmp_path / "sample").mkdir()
    rules = RULES.replace("服务人数 = 合计", "服务人数 = 最大")
    (tmp_path / "sample/rules.policy").write_text(rules, encoding="utf-8")
    policy = open_policy(tmp_path / "sample")
    text = written([row for row in random_claims(Random(2), 300) if not row[4].startswith("-")])  # noqa: S311
    monkeypatch.setattr(read, "CSV_BYTES_HELD", 0)
    monkeypatch.setattr(bind, "_MANY", 100)
    raw = read_data(folder_of(tmp_path / "data", text.encode()), "data")
    said = [f for f in settle(policy, bind_data(policy, raw)).warnings if f.code == "D221"]
    assert [f.values["why"] for f in said] == ["服务人数"]
