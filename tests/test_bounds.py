"""What is proved of every figure before any data: each run keeps to it, and it says as much as a reader would expect."""

import importlib
import json
import sys
from collections.abc import Iterator
from datetime import date
from fractions import Fraction
from pathlib import Path
from typing import Any

import duckdb
import pytest
from test_engine_by_oracle import tree

from engine.api import Policy, bind_data, open_policy
from engine.doors.ranges_form import limits_of, range_words, ranges_json, ranges_text, sign_of
from engine.interpret.bounds import Bounds, Limits, bounds
from engine.interpret.interpret import interpret
from engine.load import parquet
from engine.load.read import read_data
from engine.load.tables import RawData
from engine.load.yaml_data import data_in, read_yaml
from engine.nouns import kinds as k
from engine.nouns.core import Input
from engine.nouns.dataset import Dataset
from engine.nouns.pipeline import Pipeline
from engine.nouns.possible import Between, Possible
from engine.nouns.value import Value
from grammar.diagnostic import FindingsError, Place

sys.path.insert(0, str(Path(__file__).parent / "oracle"))
SCHEMES = ("gaotai", "yunxian", "guangdong", "jilin")
CASES = 25


@pytest.fixture(scope="module", params=SCHEMES)
def scheme(request: pytest.FixtureRequest) -> tuple[str, Policy]:
    return request.param, open_policy(request.param)


def random_dataset(name: str, policy: Policy, seed: int) -> Dataset:
    case: dict[str, Any] = importlib.import_module("generate").random_case(name, seed)
    return bind_data(policy, data_in(tree(case), "random.yaml"))


def sizes_of(policy: Policy, dataset: Dataset) -> Limits:
    """The largest amount and count in the data, and how many rows there are."""
    inputs = policy.scheme().inputs
    money, counts = [0], [0]
    for table, rows in dataset.rows.items():
        for row in rows:
            for name, value in row.cells.items():
                kind = inputs[table, name].kind
                if isinstance(value, int) and (kind.is_money or k.whole_only(kind)):
                    (money if kind.is_money else counts).append(abs(value))
    number = sum(row.count for rows in dataset.rows.values() for row in rows)
    return Limits(max(money), max(counts), max(number, 12))


def outside(policy: Policy, dataset: Dataset, limits: Limits | None) -> Iterator[str]:
    """Every value of a run, of a figure or of an expression, that does not lie in the interval proved for it."""
    proved: dict[int, Bounds] = {}
    for year in interpret(policy.pipeline, dataset, noting=True).years:
        known = proved.setdefault(id(year.pipeline), bounds(year.pipeline, limits))
        of_node = {id(node): bound.value for _, told in known.steps for node, bound in told}
        for table, rows in year.tables.items():
            for row in rows:
                for name, value in row.columns.items():
                    if not holds(known.columns[table, name].value, value):
                        yield f"{table}.{name} {value} not in {known.columns[table, name].value}"
                for name, notes in row.notes.items():
                    for node, value in notes:
                        if id(node) in of_node and not holds(of_node[id(node)], value):
                            yield f"{table}.{name}: {node} {value} not in {of_node[id(node)]}"


def holds(proved: Possible, value: Value) -> bool:
    """Whether a settled number lies in an interval; what is open or no number is not asked."""
    settled = [x for x in (value.now, value.base) if isinstance(x, int | Fraction) and not isinstance(x, bool)]
    low, high = (proved.low, proved.high) if isinstance(proved, Between) else (proved, proved)
    if not isinstance(low, int | Fraction | None) or not isinstance(high, int | Fraction | None):
        return not settled
    return all((low is None or low <= x) and (high is None or x <= high) for x in settled)


def test_every_settled_value_lies_in_its_interval(scheme: tuple[str, Policy]) -> None:
    name, policy = scheme
    wrong = []
    for seed in range(CASES):
        dataset = random_dataset(name, policy, seed)
        for limits in (None, sizes_of(policy, dataset)):
            wrong += [f"seed {seed}: {each}" for each in outside(policy, dataset, limits)]
    assert wrong == []


def test_the_cap_of_gaotai_is_thirty_percent_of_the_largest_budget() -> None:
    pipeline = open_policy("gaotai").pipeline()
    largest = 10**15
    known = bounds(pipeline, Limits(money=largest))
    budget = known.columns["非医共体机构", "调整后预算"].value
    cap = known.columns["非医共体机构", "留用上限"].value
    assert (budget, cap) == (Between(0, 2 * largest), Between(0, 6 * largest // 10))
    # The cap is in the figure too, although the assessment factor may leave nothing of it.
    assert known.columns["非医共体机构", "结余留用"].value == Between(0, 6 * largest // 10)


@pytest.mark.parametrize(
    ("name", "table", "column", "low", "high"),
    [
        ("gaotai", "非医共体机构", "结余", 0, None),
        ("gaotai", "非医共体机构", "结余或超支", None, None),
        ("gaotai", "月度", "序时进度", Fraction(1, 12), 1),
        ("gaotai", "医共体", "牵头考核得分", 0, 100),
    ],
)
def test_a_figure_is_known_as_narrowly_as_its_rule_says(
    name: str, table: str, column: str, low: int | None, high: int | None
) -> None:
    assert bounds(open_policy(name).pipeline()).columns[table, column].value == Between(low, high)


def policy_from(folder: Path, text: str) -> Pipeline:
    (folder / "sample").mkdir()
    (folder / "sample" / "rules.policy").write_text(text, encoding="utf-8")
    return open_policy(folder / "sample").pipeline()


HEAD = """方案 sample 「样例」
  施行 2026-01-01 起
  险种 职工、居民 分别核算
主体 单位 属于 县
主体 台账 属于 单位 按 月
"""


def proved(folder: Path, rules: str, limits: Limits | None = None) -> dict[str, str]:
    known = bounds(policy_from(folder, HEAD + rules), limits)
    return {name: range_words(x.value, k.MONEY, "zh").split("　")[0] for (_, name), x in known.columns.items()}


def test_a_default_outside_the_declared_range_is_in_the_interval(tmp_path: Path) -> None:
    told = proved(
        tmp_path, "数据 单位\n  甲额: 金额, 10元 至 20元, 缺省 0元\n环节 年终清算\n  对 单位:\n    乙额 = 甲额 + 1元\n"
    )
    assert told["乙额"] == "1.00 元 至 21.00 元"


def test_a_datum_may_be_over_what_the_condition_of_its_exception_says_no_less(tmp_path: Path) -> None:
    rules = "数据 单位\n  甲额: 金额, 不超过 90元\n环节 年终清算\n  对 单位:\n    乙额 = 5元\n      除非 甲额 超过 30元: 甲额 - 30元\n"
    assert proved(tmp_path, rules)["乙额"] == "0.00 元 至 60.00 元"


def test_a_sum_has_an_end_only_where_the_rows_have_one(tmp_path: Path) -> None:
    rules = "数据 台账\n  甲额: 金额, 不超过 90元\n环节 年终清算\n  对 单位:\n    乙额 = 合计 台账.甲额\n    丙额 = 最大 台账.甲额\n"
    assert proved(tmp_path, rules)["乙额"] == "0.00 元 至 —"
    (tmp_path / "b").mkdir()
    told = proved(tmp_path / "b", rules, Limits(rows=12))
    assert (told["乙额"], told["丙额"]) == ("0.00 元 至 1,080.00 元", "0.00 元 至 90.00 元")


def test_a_product_beyond_64_bits_is_named(tmp_path: Path) -> None:
    rules = "数据 单位\n  甲额: 金额\n  倍数: 数量, 不超过 100\n环节 年终清算\n  对 单位:\n    乙额 = 甲额 × 倍数\n    丙额 = 甲额 的 30%\n"
    pipeline = policy_from(tmp_path, HEAD + rules)
    known = bounds(pipeline, limits_of("100000亿元", None, "zh"))
    told = ranges_text(pipeline, known, "zh", told_sizes=True)
    wide = [line.strip() for line in told.splitlines() if "：" in line]
    # 10^15 fen times 100 over six decimals is 10^23.
    assert wide == ["超出或未证 64 位：甲额 × 倍数"]
    steps = ranges_json(pipeline, known, told_sizes=True)["steps"]
    assert {f["column"]: f["fits_64_bits"] for s in steps for f in s["figures"]} == {"乙额": True, "丙额": True}
    assert json.dumps(steps)


@pytest.mark.parametrize(
    ("value", "sign"),
    [
        (Between(0, None), "≥0"),
        (Between(1, None), ">0"),
        (0, "=0"),
        (-3, "<0"),
        (Between(None, 0), "≤0"),
        (Between(-1, 1), "±"),
    ],
)
def test_the_sign_is_that_of_every_value(value: Possible, sign: str) -> None:
    assert sign_of(value) == sign


@pytest.mark.parametrize(
    ("cell", "declared"),
    [
        ("甲额: 100.01元", "甲额: 金额, 10元 至 100元"),
        ("甲额: 9.99元", "甲额: 金额, 10元 至 100元"),
        ("甲额: -0.01元", "甲额: 金额"),
        ("甲额: 10元", "甲额: 金额, 超过 10元"),
        ("甲额: -5.01元", "甲额: 正负金额, -5元 至 5元"),
        ("甲额: 100.1%", "甲额: 比率, 0% 至 100%"),
        ("甲额: -0.1%", "甲额: 比率"),
        ("甲额: 5.1个百分点", "甲额: 百分点, 不超过 5个百分点"),
        ("甲额: 101分", "甲额: 分值, 0分 至 100分"),
        ("甲额: -1人", "甲额: 人数"),
        ("甲额: 6人次", "甲额: 人次, 不超过 5人次"),
        ("甲额: -1床日", "甲额: 床日"),
        ("甲额: 3", "甲额: 数量, 不满 3"),
        ("甲额: -1元/人", "甲额: 金额/人数"),
    ],
)
def test_a_datum_outside_its_range_is_told_before_any_figure(cell: str, declared: str, tmp_path: Path) -> None:
    policy_from(tmp_path, f"{HEAD}数据 单位\n  {declared}\n环节 年终清算\n  对 单位:\n    乙额 = 1元\n")
    policy = open_policy(tmp_path / "sample")
    name, _, text = cell.partition(": ")
    data = f"方案: sample\n年度: 2026\n单位:\n  - {{名称: 甲, 险种: 职工, {name}: {text}}}\n"
    with pytest.raises(FindingsError) as refused:
        bind_data(policy, read_yaml(data, "data.yaml"))
    assert [f.code for f in refused.value.findings if f.severity == "error"] == ["D060"]


def test_an_earlier_year_is_held_to_its_own_rules() -> None:
    pipeline = open_policy("gaotai").pipeline(date(2026, 1, 1))
    assert bounds(pipeline).columns["医共体", "上年 年度清算总额"].value == Between(0, None)


def test_an_assumption_for_a_datum_of_several_kinds_keeps_to_every_range(tmp_path: Path) -> None:
    rules = "数据 县\n  甲额: 金额\n数据 单位\n  甲额: 金额, 不超过 10元\n环节 年终清算\n  对 单位:\n    乙额 = 甲额\n  对 县:\n    乙额 = 甲额\n"
    policy_from(tmp_path, HEAD + rules)
    data = read_yaml("方案: sample\n年度: 2026\n假设: {甲额: 11元}\n单位:\n  - {名称: 甲, 险种: 职工}\n", "data.yaml")
    with pytest.raises(FindingsError) as refused:
        bind_data(open_policy(tmp_path / "sample"), data)
    assert [f.code for f in refused.value.findings if f.severity == "error"] == ["D060"]


# ---- what is handed in keeps to the ranges that the proof rests on

HEADS = {
    "县": "名称: 示例县",
    "成员单位": "名称: 甲院, 所属医共体: 甲",
    "月度": "单位: 甲, 月份: 2026-01",
    "历史基金使用": "单位: 甲, 年度: 2025",
}


def beyond(datum: Input) -> Iterator[str]:
    """Values that lie just beyond the ends of a range, as data write them."""
    scale = 1 if datum.kind.base in k.MONEYS or k.whole_only(datum.kind) else Fraction(1, 1000)
    for end, by in ((datum.range.low, -scale), (datum.range.high, scale)):
        if end is not None:
            amount = Fraction(end + by) / datum.kind.scale
            yield f"{float(amount):.3f}" if amount.denominator > 1 else str(amount)


def laid_out(road: str, scheme: str, datum: Input, text: str, folder: Path) -> RawData:
    """One row with one value, as a text, a table or a file too long to be held."""
    head = HEADS.get(datum.table, "单位: 甲, 年度: 2026" if datum.table in {"明细", "用款"} else "名称: 甲")
    row = dict(part.split(": ") for part in head.split(", "))
    row = {"年度": "2026", **row} if datum.table != "月度" else row
    row |= {datum.name: text} if scheme in {"guangdong", "jilin"} else {"险种": "居民", datum.name: text}
    if road == "yaml":
        cells = ", ".join(f"{name}: {value}" for name, value in row.items())
        return read_yaml(f"年度: 2026\n{datum.table}:\n  - {{{cells}}}\n", "data.yaml")
    place = folder / f"{datum.table}.{'csv' if road == 'csv' else 'parquet'}"
    if road == "csv":
        place.write_text(f"{','.join(row)}\n{','.join(row.values())}\n", encoding="utf-8")
    else:
        columns = ", ".join(f"'{value}' AS \"{name}\"" for name, value in row.items())
        duckdb.connect().execute(f"COPY (SELECT {columns}) TO '{place}' (FORMAT parquet)")
    return read_data(folder)


@pytest.mark.parametrize("road", ["yaml", "csv", "parquet"])
def test_no_datum_of_a_shipped_scheme_comes_in_beyond_its_range(
    scheme: tuple[str, Policy], road: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name, policy = scheme
    monkeypatch.setattr(parquet, "ROWS_HELD", 0)
    let_in, tried = [], 0
    for datum in policy.scheme().inputs.values():
        for text in beyond(datum) if datum.kind.is_number else ():
            tried += 1
            try:
                # A long table is looked through where it lies: its file is taken away when that is done.
                bind_data(policy, laid_out(road, name, datum, text, tmp_path))
                told = []
            except FindingsError as error:
                told = [f.where.key for f in error.findings if f.code == "D060" and isinstance(f.where, Place)]
            for file in tmp_path.iterdir():
                file.unlink()
            if told != [datum.name]:
                let_in.append(f"{datum.table}.{datum.name} {text}")
    assert tried > 0
    assert let_in == []


AMENDED = """方案 sample 「样例」
  施行 2026-01-01 起
  险种 职工、居民 分别核算
主体 单位 属于 县
参数 比例: 比率, 不超过 40%, 未定
数据 单位
  甲额: 金额, 不超过 100元
  系数: 比率, 不超过 40%, 暂不计
环节 年终清算
  对 单位:
    乙额 = 甲额 × 系数
    丙额 = 甲额 × 比例
    丁额 = 上年 甲额
"""
AMENDMENT = """修订 sample 「样例二」
  施行 2027-01-01 起
改 参数 比例: 比率, 不超过 90%, 未定
数据 单位
  改 甲额: 金额, 不超过 {most}元
"""


def amended(folder: Path, most: int) -> Policy:
    (folder / "sample").mkdir()
    (folder / "sample" / "rules.policy").write_text(AMENDED, encoding="utf-8")
    (folder / "sample" / "later.policy").write_text(AMENDMENT.format(most=most), encoding="utf-8")
    return open_policy(folder / "sample")


def refused(policy: Policy, text: str) -> list[tuple[str, int | None]]:
    try:
        bind_data(policy, read_yaml(text, "data.yaml"))
    except FindingsError as error:
        return [(f.code, f.where.line) for f in error.findings if f.severity == "error" and isinstance(f.where, Place)]
    return []


def test_a_year_before_an_amendment_is_held_to_the_range_of_its_own_day(tmp_path: Path) -> None:
    policy = amended(tmp_path, 200)
    rows = "险种: 职工\n{assumed}单位:\n  - {{名称: 甲, 年度: {year}, 甲额: 150}}\n"
    assert refused(policy, rows.format(assumed="", year=2026)) == [("D060", 3)]
    assert refused(policy, rows.format(assumed="", year=2027)) == []
    assumed = "假设: {比例: 80%}\n"
    assert refused(policy, rows.format(assumed=assumed, year=2027)) == []
    assert refused(policy, rows.format(assumed=assumed, year=2026)) == [("D060", 2), ("D060", 4)]


def test_what_an_earlier_year_left_may_be_as_large_as_its_own_range_let_it(tmp_path: Path) -> None:
    policy = amended(tmp_path, 50)
    alone = bounds(policy.pipeline()).columns["单位", "丁额"].value
    known = bounds(policy.pipeline(), states=policy.states()).columns["单位", "丁额"].value
    assert (alone, known) == (Between(0, 50_00), Between(0, 100_00))


def test_a_scenario_gives_a_datum_nothing_beyond_its_range(tmp_path: Path) -> None:
    (tmp_path / "sample").mkdir()
    text = f"{AMENDED}情景 高 「试」\n  系数 = 40.1%   理由 「试」\n"
    (tmp_path / "sample" / "rules.policy").write_text(text, encoding="utf-8")
    with pytest.raises(FindingsError) as error:
        open_policy(tmp_path / "sample")
    assert [f.code for f in error.value.findings if f.severity == "error"] == ["C312"]
