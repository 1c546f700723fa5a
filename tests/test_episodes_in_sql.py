"""Rows merged into episodes by engines: what each row joins, what that makes and every figure of it, as the interpreter has it."""

import sys
from collections.abc import Callable
from contextlib import closing
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import NamedTuple

import pytest
from test_backends import columns

sys.path.insert(0, str(Path(__file__).parent / "agreement"))

from roads import forget

from engine.api import Policy, bind_data, open_policy
from engine.bulk.run import Settled, settle_in
from engine.interpret.interpret import interpret
from engine.load.policy import policies_folder
from engine.load.yaml_data import read_yaml
from engine.nouns.dataset import Dataset
from engine.nouns.value import Value
from engine.nouns.world import Joint, Row, Run
from engine.sql.duckdb_engine import DuckDB
from engine.sql.engines import Engine
from engine.trial.run import bound, cases_of
from grammar.diagnostic import FindingsError

RULES = """方案 sample 「试」
  施行 2025-01-01 起
  险种 职工、居民 分别核算

参数 间隔日数: 数量, 0日 至 12日, 未定
参数 逐年间隔: 数量, 0日 至 30日
  2025-01-01 起: 2日
  2026-01-01 起: 5日

数据 医共体
  额度: 金额
数据 明细
  参保人: 文字
  机构: 文字
  等级: 数量
  转诊: 是否
  急诊: 是否, 缺省 否
  入院日期: 日期
  出院日期: 日期
  起付标准: 金额
主体 住院次 合并自 明细
  同 参保人
  间隔 出院日期 至 入院日期 {bound}
{unless}
环节 年终清算
  对 明细:
    折后 = 起付标准 的 50%
  对 住院次:
    应收 = 最大 明细.起付标准
    较低 = 最小 明细.起付标准 其中 等级 超过 1
    均收 = 平均 明细.起付标准
    笔数 = 个数 明细.起付标准
    折后合计 = 合计 明细.折后 其中 非 急诊
    都急 = 全部 明细.急诊
    有急 = 任一 明细.急诊
    收取 按 情形:
      有急: 较低
      其余: 应收
  对 明细:
    所在应收 = 住院次.应收
    所在有急 = 住院次.有急
    多收 = 所在应收 - 折后
  对 医共体:
    应收合计 = 合计 住院次.应收
    多笔合计 = 合计 住院次.折后合计 其中 笔数 超过 1
    次数 = 个数 住院次.应收
    最多 = 最大 住院次.笔数
    均次 = 平均 住院次.笔数
    有过 = 任一 住院次.有急
    多收合计 = 合计 明细.多收
{more}
译名
  住院次 = episode
  参保人 = patient
  转诊 = referred
"""
REFERRED = "  除非 非 转诊\n  除非 急诊\n  除非 机构 是 上笔 机构 且 等级 不超过 上笔 等级"
RANKED = "  对 住院次:\n    名次 = 排名 应收 从高到低\n"
# What rules there are: the bound, what keeps rows apart, and what more is asked of the rows that are made.
FIXED = ("不超过 3日", "", RANKED)
KEPT_APART = ("不满 4日", REFERRED, "")
OPEN = ("不超过 间隔日数", REFERRED, "")
ALL_OPEN = ("不满 间隔日数", "", "")
BY_YEAR = ("不超过 逐年间隔", "  除非 急诊", "")


class Drawn(NamedTuple):
    """What the data are drawn to have."""

    years: tuple[int, ...] = (2026,)
    insurances: tuple[str, ...] = ("居民",)
    blanks: float = 0.0
    assumed: int | None = None


@cache
def policy_of(bound: str, unless: str, more: str) -> Policy:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "sample" / "rules.policy"
        path.parent.mkdir()
        path.write_text(RULES.format(bound=bound, unless=unless, more=more), encoding="utf-8")
        return open_policy(path.parent)


def data_of(drawn: Drawn, rng: Random) -> str:
    """Stays close enough together to be of one day, to touch, to lie within one another, to run over a year's end."""
    units = [
        f"{{名称: {u}, 年度: {y}, 险种: {i}, 额度: 1}}" for u in "甲乙" for y in drawn.years for i in drawn.insurances
    ]
    rows = []
    for number in range(rng.randint(1, 24)):
        year = rng.choice(drawn.years)
        first = date(year, 1, 1) if rng.random() < 1 / 2 else date(year, 12, 20)
        admitted = first + timedelta(rng.randint(0, 11))
        discharged = admitted + timedelta(rng.choice([0, 0, 1, 3, 9, 30]))
        cells: dict[str, object] = {
            "单位": rng.choice("甲乙"), "年度": year, "险种": rng.choice(drawn.insurances),
            "编号": f"{rng.choice('AB')}{number}" if rng.random() < 3 / 4 else None,
            "序号": rng.randint(1, 3) if rng.random() < 1 / 4 else None,
            "参保人": rng.choice("张李"), "机构": rng.choice("一二"), "等级": rng.randint(1, 3),
            "转诊": rng.choice("是是否"), "急诊": rng.choice(["是", "否", "否", None]),
            "入院日期": admitted, "出院日期": discharged, "起付标准": rng.choice([0, 200, 300, "600.01"]),
        }  # fmt: skip
        for name, often in (("参保人", 0.05), ("入院日期", 0.05), ("出院日期", 0.5), ("转诊", 0.5), ("起付标准", 0.2)):
            if rng.random() < often * drawn.blanks:
                cells[name] = None
        rows.append("{" + ", ".join(f"{k}: {v}" for k, v in cells.items() if v is not None) + "}")
    lines = ["医共体:", *(f"  - {x}" for x in units), "明细:", *(f"  - {x}" for x in rows)]
    if drawn.assumed is not None:
        lines = ["假设:", f"  间隔日数: {drawn.assumed}日", *lines]
    return "\n".join(lines) + "\n"


# ---- what a run leaves of the linking


def told(value: Value | None) -> object:
    return None if value is None else (value.now, value.base, value.missing, value.assumed, value.defaults)


def name_of(row: Row | None) -> object:
    return None if row is None else (row.key, id(row.place))


def met(joint: Joint | None) -> object:
    if joint is None:
        return None
    values = (joint.joins, joint.gap, joint.bound, *joint.apart)
    return (name_of(joint.before), name_of(joint.row), name_of(joint.since), *map(told, values))


def linked(run: Run) -> list[object]:
    """Of every row where it stands, what it is part of, what is part of it, and how it meets the row before it."""
    return [
        (
            name_of(row), name_of(row.parent), met(row.joint), told(row.standing),
            [(name_of(x), told(holds)) for x, holds in row.joined],
            {kind: [name_of(x) for x in each] for kind, each in row.children.items()},
            None if row.members is None else [(name_of(x), told(holds)) for x, holds in row.members.items()],
            row.unlinked,
        )
        for year in run.years
        for kind in year.tables
        for row in year.tables[kind]
    ]  # fmt: skip


def left(run: Run) -> object:
    return columns(run), linked(run), run.tally, run.findings


def compared(engine: Engine, policy: Policy, text: str) -> Settled | None:
    """The same run from both, or the same refusal."""
    dataset = bind_data(policy, read_yaml(text, "data.yaml"))
    expected = outcome(lambda: interpret(policy.pipeline, dataset))
    settled: Settled | None = None

    def in_engine() -> Run:
        nonlocal settled
        settled = settle_in(engine, policy.pipeline, dataset)
        return settled.run

    try:
        assert outcome(in_engine) == expected, text
    finally:
        forget(engine)
    assert settled is None or settled.handed_back.why is None
    return settled


def outcome(settle: Callable[[], Run]) -> object:
    try:
        return left(settle())
    except FindingsError as error:
        return error.findings


SHAPES = {
    "one year": (FIXED, Drawn()),
    "kept apart, two insurance types": (KEPT_APART, Drawn(insurances=("居民", "职工"))),
    "two years": (KEPT_APART, Drawn(years=(2025, 2026))),
    "a bound of each year, two insurance types": (BY_YEAR, Drawn(years=(2025, 2026), insurances=("居民", "职工"))),
    "an open bound": (OPEN, Drawn()),
    "an open bound, two years": (OPEN, Drawn(years=(2025, 2026))),
    "an assumed bound": (OPEN, Drawn(assumed=5)),
    "an assumed bound, nothing else known": (ALL_OPEN, Drawn(years=(2025, 2026), blanks=0.5, assumed=3)),
    "blanks": (KEPT_APART, Drawn(blanks=1.0)),
    "blanks, two years": (KEPT_APART, Drawn(years=(2025, 2026), blanks=0.6)),
    "everything open": (ALL_OPEN, Drawn(blanks=0.6)),
    "ranked, with blanks": (FIXED, Drawn(blanks=0.6)),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_duckdb_links_rows_as_the_interpreter_does(shape: str) -> None:
    rules, drawn = SHAPES[shape]
    with closing(DuckDB(threads=1)) as engine:
        for seed in range(2):
            settled = compared(engine, policy_of(*rules), data_of(drawn, Random(seed)))  # noqa: S311 - test data
            assert settled is not None
            if not drawn.blanks:
                assert settled.handed_back.units == 0


def test_postgresql_links_rows_as_the_interpreter_does(postgres_server: str) -> None:
    from engine.sql.postgres_engine import PostgreSQL

    with closing(PostgreSQL(postgres_server)) as engine:
        for seed, (rules, drawn) in enumerate(SHAPES.values()):
            assert compared(engine, policy_of(*rules), data_of(drawn, Random(seed))) is not None  # noqa: S311 - test data


@pytest.mark.parametrize("shape", ["two years", "an assumed bound"])
def test_spark_links_rows_as_the_interpreter_does(spark_session: Engine, shape: str) -> None:
    rules, drawn = SHAPES[shape]
    settled = compared(spark_session, policy_of(*rules), data_of(drawn, Random(5)))  # noqa: S311 - test data
    assert settled is not None
    assert settled.handed_back.units == 0


def test_only_the_unit_is_handed_back_of_which_somebody_s_day_is_not_known() -> None:
    text = """年度: 2026
医共体:
  - {名称: 甲, 险种: 居民, 额度: 1}
  - {名称: 甲, 险种: 职工, 额度: 1}
明细:
  - {单位: 甲, 险种: 居民, 参保人: 张, 转诊: 是, 出院日期: 2026-03-01, 起付标准: 300}
  - {单位: 甲, 险种: 居民, 参保人: 张, 转诊: 是, 入院日期: 2026-03-02, 出院日期: 2026-03-04, 起付标准: 200}
  - {单位: 甲, 险种: 职工, 参保人: 张, 转诊: 是, 入院日期: 2026-03-02, 起付标准: 300}
  - {单位: 甲, 险种: 职工, 参保人: 张, 转诊: 是, 入院日期: 2026-03-09, 出院日期: 2026-03-11, 起付标准: 600}
"""
    with closing(DuckDB(threads=1)) as engine:
        settled = compared(engine, policy_of(*KEPT_APART), text)
    assert settled is not None
    assert (settled.handed_back.units, settled.handed_back.of) == (1, 2)


def test_more_open_days_in_a_row_than_are_worked_out_are_handed_back() -> None:
    days = [date(2026, 1, 1) + timedelta(2 * number) for number in range(103)]
    rows = [f"  - {{单位: 甲, 险种: 居民, 参保人: 张, 入院日期: {day}, 出院日期: {day}, 起付标准: 1}}" for day in days]
    head = "年度: 2026\n医共体:\n  - {名称: 甲, 险种: 居民, 额度: 1}\n明细:\n"
    with closing(DuckDB(threads=1)) as engine:
        few, many = (
            compared(engine, policy_of(*ALL_OPEN), head + "\n".join(rows[:count]) + "\n") for count in (20, 103)
        )
    assert few is not None
    assert many is not None
    assert (few.handed_back.units, many.handed_back.units) == (0, 1)


def worked() -> dict[str, Dataset]:
    """The shipped policies' cases with admissions."""
    found = {}
    for name in sorted(path.parent.name for path in policies_folder().glob("*/rules.policy")):
        policy = open_policy(name)
        for case in cases_of(policy):
            dataset = bound(policy, case).dataset
            if dataset is not None and dataset.rows.get("住院记录"):
                found[f"{name}: {case.name}"] = dataset
    return found


@pytest.mark.parametrize(("title", "dataset"), worked().items(), ids=list(worked()))
def test_a_shipped_county_s_deductibles_are_settled_wholly_in_sql(title: str, dataset: Dataset) -> None:
    policy = open_policy(title.partition(":")[0])
    with closing(DuckDB(threads=1)) as engine:
        settled = settle_in(engine, policy.pipeline, dataset)
    assert settled.handed_back.units == 0
    assert left(settled.run) == left(interpret(policy.pipeline, dataset))
