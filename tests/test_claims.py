"""Claims by the million: adding them up before they are bound gives the same as binding each, whatever they hold."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random
from typing import Any

import pytest

from engine.api import Policy, bind_data, open_policy, settle
from engine.doors.json_form import settlement_json
from engine.load import parquet, read, store
from engine.load.claim_reads import reads_of
from engine.load.read import read_data
from engine.load.tables import RawData
from grammar.diagnostic import Finding, FindingsError

RULES = """方案 sample 「试」
  施行 2025-01-01 起
  险种 职工、居民 分别核算

参数 折算比例: 比率, 0% 至 100%, 未定   依据 一
数据 医共体
  年度清算总额
数据 明细
  类别: 选项 {住院、日间、门诊}
  就诊人数: 人数
  出院日期: 日期
  备注金额: 金额
环节 年终清算
  对 医共体:
    年度清算总额 未填时 = 合计 明细.统筹基金支付 其中 支付方 不是 「大病保险」 且 类别 属于 {住院、日间}   依据 二
    门诊额 = 合计 明细.统筹基金支付 其中 类别 是 门诊   依据 二
    有支付方 = 合计 明细.统筹基金支付 其中 已填 支付方   依据 二
    大额 = 合计 明细.统筹基金支付 其中 折算比例 超过 50%   依据 二
    服务人数 = 合计 明细.就诊人数   依据 二
    住院笔数 = 个数 明细.统筹基金支付 其中 类别 是 住院   依据 二
    大病笔数 = 个数 明细.备注金额 其中 支付方 是 「大病保险」   依据 二
    上半年额 = 合计 明细.统筹基金支付 其中 出院日期 不满 当年7月1日 且 支付方 不是 「医疗救助」   依据 二
    新规额 = 合计 明细.统筹基金支付 其中 出院日期 达到 2026-03-01 或 非 已填 出院日期   依据 二

译名
  折算比例 = conversion
  类别 = category
  住院 = inpatient
  日间 = day_case
  门诊 = outpatient
  就诊人数 = treated
  出院日期 = discharged
  备注金额 = noted
  门诊额 = outpatient_amount
  有支付方 = with_payer
  大额 = large
  服务人数 = served
  住院笔数 = inpatient_rows
  大病笔数 = serious_rows
  上半年额 = first_half
  新规额 = under_new_rules
"""
COLUMNS = ["编号", "单位", "年度", "险种", "统筹基金支付", "支付方", "类别", "就诊人数", "出院日期", "备注金额"]
AMOUNTS = ["12.30", "-12.30", "0", "", "1,234.50", "1.5万元", "0.01", "-0.05", "999999999.99", "１２．５", "0007.5"]
Table = list[list[str]]


@pytest.fixture(scope="module")
def policy(tmp_path_factory: pytest.TempPathFactory) -> Policy:
    folder = tmp_path_factory.mktemp("policies") / "sample"
    folder.mkdir()
    (folder / "rules.policy").write_text(RULES, encoding="utf-8")
    return open_policy(folder)


def random_claims(chance: Random, rows: int) -> Table:
    """Rows as bureaus hold them: refunds, blanks, amounts written in many ways, years and insurance types mixed."""
    units = ["甲医共体", "乙医共体", "丙医共体"]
    table: Table = []
    for number in range(rows):
        table.append([
            f"J{number:06}" if chance.random() < 0.95 else "", chance.choice(units), chance.choice(["2025", "2026", "2026年"]),
            chance.choice(["职工", "居民", "resident"]), chance.choice(AMOUNTS),
            chance.choice(["统筹基金", "大病保险", "医疗救助", ""]),
            chance.choice(["住院", "日间", "outpatient", "门诊", ""]), chance.choice(["1", "0", "2人", ""]),
            chance.choice(["2026-03-05", "2026年3月5日", "2026-02-28", "2025-07-01", "2025/6/30", "2026-12-31", ""]), chance.choice(["3", "", "1万元"]),
        ])  # fmt: skip
    return table


def written(table: Table, header: Sequence[str] = COLUMNS, *, quoted: bool = False) -> str:
    def cell(text: str) -> str:
        return f'"{text}"' if quoted or "," in text else text

    return "".join(",".join(map(cell, row)) + "\n" for row in [list(header), *table])


def folder_of(place: Path, claims: bytes, suffix: str = "csv") -> Path:
    place.mkdir(parents=True, exist_ok=True)
    (place / "案.yaml").write_text(
        "医共体:\n"
        + "".join(
            f"  - {{名称: {unit}, 年度: {year}, 险种: {insurance}}}\n"
            for unit in ("甲医共体", "乙医共体", "丙医共体")
            for year in (2025, 2026)
            for insurance in ("职工", "居民")
            if (unit, year, insurance) != ("丙医共体", 2025, "职工")
        ),
        encoding="utf-8",
    )
    (place / f"明细.{suffix}").write_bytes(claims)
    return place


def told(finding: Finding) -> tuple[object, ...]:
    return finding.code, finding.where, tuple(sorted((k, str(v)) for k, v in finding.values.items()))


def outcome(policy: Policy, folder: Path) -> object:
    """What the command would print, without its receipt; or everything found."""
    try:
        raw = read_data(folder, "data")
        said: dict[str, Any] = settlement_json(settle(policy, bind_data(policy, raw)), "zh")
    except FindingsError as error:
        return sorted(map(told, error.findings), key=repr)
    said.pop("receipt")
    return json.loads(json.dumps(said, ensure_ascii=False))


@pytest.fixture
def by_groups(monkeypatch: pytest.MonkeyPatch) -> Callable[[bool], None]:
    """Switches between the two roads."""

    def switch(on: bool) -> None:
        monkeypatch.setattr(read, "CSV_BYTES_HELD", 0 if on else 1 << 30)
        monkeypatch.setattr(parquet, "ROWS_HELD", 0 if on else 1 << 30)

    return switch


def both(policy: Policy, folder: Path, switch: Callable[[bool], None]) -> tuple[object, object]:
    switch(False)
    one_by_one = outcome(policy, folder)
    switch(True)
    raw = read_data(folder, "data")
    assert raw.bulk or raw.findings
    return one_by_one, outcome(policy, folder)


@pytest.mark.parametrize("seed", range(12))
def test_groups_settle_the_same_as_single_rows(
    policy: Policy, tmp_path: Path, by_groups: Callable[[bool], None], seed: int
) -> None:
    chance = Random(seed)  # noqa: S311 - a test wants the same chance again
    text = written(random_claims(chance, chance.choice([150, 400])), quoted=seed % 3 == 0)
    if seed % 4 == 1:
        text = text.replace("\n", "\n\n", 3) + ",,,,,,,,,\n"
    data = text.encode("gb18030" if seed % 2 else "utf-8")
    one_by_one, grouped = both(policy, folder_of(tmp_path / "data", data), by_groups)
    assert isinstance(one_by_one, dict)
    assert grouped == one_by_one


def damaged(chance: Random, table: Table) -> Table:
    """A table with wrong cells here and there."""
    wrong = [
        (1, "丁医院"), (1, ""), (2, "二零"), (3, "生育"), (3, ""), (4, "1.005"), (4, "一百"), (4, "1e5"), (6, "急诊"), (7, "1.5"),
        (7, "-1"), (8, "2026-02-30"), (9, "-3"), (9, "3.001"), (0, "J000001"),
    ]  # fmt: skip
    for row in table:
        if chance.random() < 0.2:
            column, text = chance.choice(wrong)
            row[column] = text
    return table


@pytest.mark.parametrize("seed", range(10))
def test_groups_tell_of_the_same_cells_as_single_rows(
    policy: Policy, tmp_path: Path, by_groups: Callable[[bool], None], seed: int
) -> None:
    chance = Random(seed)  # noqa: S311 - a test wants the same chance again
    text = written(damaged(chance, random_claims(chance, 80)))
    if seed % 3 == 1:
        text = text.replace("\n", ",多\n", 5).replace(",多\n", "\n", 1)
    one_by_one, grouped = both(policy, folder_of(tmp_path / "data", text.encode()), by_groups)
    assert isinstance(one_by_one, list)
    assert grouped == one_by_one


def test_columns_that_are_not_the_table_s_are_told_at_their_header(
    policy: Policy, tmp_path: Path, by_groups: Callable[[bool], None]
) -> None:
    header = [*COLUMNS[:4], "统筹基金支付(%)", "支付放", *COLUMNS[6:]]
    text = written(random_claims(Random(1), 30), header)  # noqa: S311 - a test wants the same chance again
    one_by_one, grouped = both(policy, folder_of(tmp_path / "data", text.encode()), by_groups)
    assert grouped == one_by_one
    assert isinstance(grouped, list)
    assert {(where.line, where.column) for code, where, _ in grouped if code == "D065"} == {(1, 13)}
    assert {(where.line, where.column) for code, where, _ in grouped if code == "D057"} == {(1, 23)}


def test_the_day_of_a_row_says_its_year_where_nothing_else_does(
    policy: Policy, tmp_path: Path, by_groups: Callable[[bool], None]
) -> None:
    header = ["单位", "险种", "统筹基金支付", "类别", "支付方", "出院日期"]
    rows = [["甲医共体", "居民", "10", "住院", "统筹基金", day] for day in ("2025-12-31", "2026-01-01", "2026-05-06")]
    one_by_one, grouped = both(policy, folder_of(tmp_path / "data", written(rows, header).encode()), by_groups)
    assert grouped == one_by_one
    assert isinstance(grouped, dict)
    cleared = {
        f["period"]: f["value"]
        for f in grouped["figures"]
        if (f["id"], f["unit"], f["insurance"]) == ("cleared", "甲医共体", "居民")
    }
    assert cleared == {"2025": "10.00", "2026": "20.00"}


def test_a_claim_exported_twice_is_told_with_both_its_rows(
    policy: Policy, tmp_path: Path, by_groups: Callable[[bool], None]
) -> None:
    table = random_claims(Random(5), 200)  # noqa: S311 - a test wants the same chance again
    table.append(list(next(row for row in table[50:] if row[0])))
    one_by_one, grouped = both(policy, folder_of(tmp_path / "data", written(table).encode()), by_groups)
    assert grouped == one_by_one
    assert isinstance(grouped, list)
    assert [(code, where.row) for code, where, _ in grouped if code == "D220"] == [("D220", 202)]


def bulk_of(folder: Path) -> RawData:
    return read_data(folder, "data")


LARGEST = RULES.replace("服务人数 = 合计 明细.就诊人数", "服务人数 = 最大 明细.就诊人数")
BY_AMOUNT = RULES.replace("其中 折算比例 超过 50%", "其中 统筹基金支付 超过 100元")
BY_NAME = RULES.replace("其中 折算比例 超过 50%", "其中 名称 是 「甲医共体」")
OF_ROWS = RULES.replace(
    "  对 医共体:\n", "  对 明细:\n    计入额 = 统筹基金支付 的 50%   依据 二\n  对 医共体:\n"
).replace("译名\n", "译名\n  计入额 = counted\n")


@pytest.mark.parametrize("rules", [LARGEST, BY_AMOUNT, BY_NAME, OF_ROWS])
def test_rules_that_look_at_each_row_get_each_row(
    tmp_path: Path, by_groups: Callable[[bool], None], rules: str
) -> None:
    folder = tmp_path / "sample"
    folder.mkdir()
    (folder / "rules.policy").write_text(rules, encoding="utf-8")
    other = open_policy(folder)
    assert isinstance(reads_of(other.states(), "明细"), str)
    text = written(random_claims(Random(3), 60))  # noqa: S311 - a test wants the same chance again
    one_by_one, grouped = both(other, folder_of(tmp_path / "data", text.encode()), by_groups)
    assert isinstance(one_by_one, dict)
    assert grouped == one_by_one


def test_a_later_amendment_decides_too_what_may_be_added_up(tmp_path: Path) -> None:
    folder = tmp_path / "sample"
    folder.mkdir()
    (folder / "rules.policy").write_text(RULES, encoding="utf-8")
    (folder / "amendment.policy").write_text(
        "修订 sample 「改」\n  施行 2026-01-01 起\n\n环节 年终清算\n  对 医共体:\n"
        "    改 服务人数 = 最大 明细.就诊人数   依据 三\n",
        encoding="utf-8",
    )
    assert reads_of(open_policy(folder).states(), "明细") == "服务人数"


def test_a_table_too_large_for_the_memory_it_may_have_is_a_finding(
    policy: Policy, tmp_path: Path, by_groups: Callable[[bool], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "MEMORY", "1MB")
    by_groups(True)
    text = written(random_claims(Random(8), 20_000))  # noqa: S311 - a test wants the same chance again
    said = outcome(policy, folder_of(tmp_path / "data", text.encode()))
    assert isinstance(said, list)
    assert [code for code, *_ in said] == ["D201"]


def test_what_is_told_of_many_rows_is_bounded_and_counted(
    policy: Policy, tmp_path: Path, by_groups: Callable[[bool], None]
) -> None:
    table = random_claims(Random(7), 2500)  # noqa: S311 - a test wants the same chance again
    for row in table:
        row[6] = "急诊"
    one_by_one, grouped = both(policy, folder_of(tmp_path / "data", written(table).encode()), by_groups)
    assert grouped == one_by_one
    assert isinstance(grouped, list)
    assert [values for code, _, values in grouped if code == "D043"] == [(("count", "1500"),)]
