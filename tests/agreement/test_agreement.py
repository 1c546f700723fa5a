"""Random programs and worked cases: every engine gives what the interpreter gives, and a wrong engine is found out."""

import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from random import Random
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from agree import main
from checked import policy_of, sound
from constructs import constructs
from edited import edited, settled
from record import APART, is_apart
from roads import (
    Case,
    Tally,
    case_of,
    compared,
    dataset_of,
    differing,
    engine_road,
    failed,
    interpreted,
    run,
    shrunk,
    told,
)
from tables import DAYS, yuan
from worked import SCHEMES, worked

from engine.api import bind_data, settle
from engine.load.yaml_data import read_yaml
from engine.nouns.core import Core, Round, Scheme
from engine.nouns.numbers import Mode
from engine.nouns.operators import OPERATORS
from engine.nouns.pipeline import Derive, Inspect, Ledger, Step
from engine.nouns.possible import Between, Maybe
from engine.nouns.settlement import HandedBack
from engine.sql import domain, rational
from engine.sql.duckdb_engine import DuckDB
from engine.sql.engines import Engine
from engine.sql.whole import Arithmetic
from grammar.diagnostic import FindingsError

HERE = Path(__file__).resolve().parent
CHUNK, DUCKDB, POSTGRES, SPARK = 100, 2_000, 100, 20
# Of the worked cases Spark settles the first, and each that is so many after it; `make agree` has it settle all.
ONE_IN = 100
# Every kind of step, of expression and of operator, and each declaration that rules can make, is in as many programs.
DRAWN, AT_LEAST = 500, 4
# Of the units that engines are given, they settle this share themselves; what they hand back shows nothing.
IN_SQL = 0.25
# Of each shipped scheme this many samples and cases are edited.
EDITED = 8


def agreed(tally: Tally, road: Callable[..., Any]) -> None:
    """Both roads told the same everywhere, and the engine's was taken."""
    assert not tally.different, failed(tally, road)
    assert tally.roots - tally.handed_back >= IN_SQL * tally.roots, tally.text()


@pytest.mark.parametrize("start", range(0, DUCKDB, CHUNK))
def test_duckdb_gives_what_the_interpreter_gives(start: int) -> None:
    with closing(DuckDB(threads=1)) as engine:
        agreed(run(engine_road(engine), range(start, start + CHUNK)), engine_road(engine))


def test_postgresql_gives_what_the_interpreter_gives(postgres_server: str) -> None:
    from engine.sql.postgres_engine import PostgreSQL

    with closing(PostgreSQL(postgres_server)) as engine:
        agreed(run(engine_road(engine), range(POSTGRES)), engine_road(engine))


def test_spark_gives_what_the_interpreter_gives(spark_session: Engine) -> None:
    agreed(run(engine_road(spark_session), range(SPARK)), engine_road(spark_session))


# Rules and data on which an engine once broke off or differed, made small.
DOUBLING = """方案 sample 「试」
  施行 2024-01-01 起
主体 单位 属于 县
主体 成员 属于 单位
数据 县
  额3: 金额   依据 第3条
数据 成员
  率13: 比率, 缺省 30%
环节 留用与分担
  对 成员:
    额21 按 情形:   依据 第16条
      (县.额3 × (1 + 率13) 不满 县.额3 且 (7人 + 1000人) 超过 1000人): 100元
      其余: 无
    额22 = 额21 ÷ 3
    额23 按 情形:   依据 第17条
      额21 × (额21 ÷ (上年 额22 期初用 0.01元)) = (上年 额21 期初用 333.33元): (0元, 最低 0元)
      其余: 无
"""
REFUSED_BEFORE = """方案 sample 「试」
  施行 2024-01-01 起
主体 单位 属于 县
主体 季表 属于 单位 按 季
参数 参额2: 金额, 转引 《办法》
参数 参率3: 比率, 未定   依据 第1条
数据 单位
  率6: 比率
数据 季表
  额9: 金额   依据 第4条
  评10: 分值   依据 第5条
环节 年终清算
  对 季表:
    额18 = 参额2   依据 第11条
    评19 = (额18 ÷ (上季 额18 期初用 1元) - 100%) × 100分   依据 第12条
      除非 50% × 100分 超过 评10: 评10   依据 第13条
      除非 0元 × (1 + 所属.率6) 不满 额9: (评10, 最高 100分)   依据 第14条 先于 第13条
  对 单位:
    准入 全部满足, 不满足时 不结算:
      (唯一 季表.额18 其中 ((参率3 + 参率3) 超过 30% 且 (参率3 + 参率3) 不超过 参率3)) × (100% - 50%) 超过 参额2
"""
ONE = "单位:\n  - {名称: 乙, 年度: 2024, 率6: 50%}\n"


def told_alike(engine: Engine, text: str, data: str) -> HandedBack | None:
    """What an engine hands back of a program that it tells as the interpreter does."""
    policy = policy_of(text)
    dataset = bind_data(policy, read_yaml(data, "data.yaml"))
    right, _ = told(interpreted, policy, dataset)
    found, handed_back = told(engine_road(engine), policy, dataset)
    assert "broke off" not in right
    assert found == right
    return handed_back


def test_levels_that_double_when_each_is_put_into_the_next_are_worked_out_in_spark(spark_session: Engine) -> None:
    told_alike(spark_session, DOUBLING, ONE.replace(", 率6: 50%", ""))


def test_a_quarter_before_of_a_unit_that_a_gate_may_refuse_is_read_in_duckdb() -> None:
    with closing(DuckDB(threads=1)) as engine:
        told_alike(engine, REFUSED_BEFORE, ONE)


BLANK_BEFORE = """方案 sample 「试」
  施行 2024-01-01 起
主体 单位 属于 县
主体 成员 属于 单位
数据 成员
  额9: 金额
  额8: 金额, 缺省 2元
环节 留用与分担
  对 单位:
    额1 = 平均 前2年 成员.额9
    额2 = 合计 前2年 成员.额8
"""
OF_BLANKS = """单位:
  - {名称: 乙, 年度: 2025}
  - {名称: 丙, 年度: 2025}
  - {名称: 丁, 年度: 2025}
成员:
  - {名称: 乙2, 所属单位: 乙, 年度: 2024}
  - {名称: 丙2, 所属单位: 丙, 年度: 2024, 额9: 5}
"""


def test_what_is_blank_in_an_earlier_year_is_waited_for_beside_the_year_that_is_missing(every_engine: Engine) -> None:
    handed_back = told_alike(every_engine, BLANK_BEFORE, OF_BLANKS)
    assert handed_back is not None
    assert handed_back.units == 0


ZEROS = """方案 sample 「试」
  施行 2024-01-01 起
主体 单位 属于 县
参数 参额1: 金额, 不超过 100元, 未定   依据 第1条
数据 单位
  额1: 金额
  额2: 金额
  额3: 金额, 不超过 50元
环节 年终清算
  对 单位:
    率1 = 额1 ÷ 额2   依据 第2条
    率2 = (额1 + 参额1) ÷ (额2 × 2), 最高 300%   依据 第3条
    额4 = 额3 分段, 以 额2 为基数:   依据 第4条
      不超过 10% 的部分: 50%
      超过 10% 的部分: 25%
    额5 = 额4 + 额1
    过半 = 率1 超过 100%
  对 县:
    率3 = (合计 单位.额1) ÷ (合计 单位.额2)   依据 第5条
"""
OF_ZEROS = """单位:
  - {名称: 甲, 年度: 2024, 额1: 10, 额2: 4, 额3: 20}
  - {名称: 乙, 年度: 2024, 额1: 10, 额2: 0, 额3: 20}
  - {名称: 丙, 年度: 2024, 额1: 0, 额2: 0, 额3: 0}
  - {名称: 丁, 年度: 2024, 额2: 0}
  - {名称: 甲, 年度: 2025, 额1: 10, 额2: 0, 额3: 20}
  - {名称: 乙, 年度: 2026, 额1: 1}
"""


def test_divisors_and_bases_of_nothing_are_settled_in_sql(every_engine: Engine) -> None:
    handed_back = told_alike(every_engine, ZEROS, OF_ZEROS)
    assert handed_back is not None
    assert handed_back.units == 0


KEPT_OUT = """方案 sample 「试」
  施行 2024-01-01 起
主体 单位 属于 县
主体 月账 属于 单位 按 月
参数 参倍1: 数量, 转引 《办法》   依据 第1条
环节 年终清算
  对 月账:
    额1 = 100元 × 参倍1
  对 单位:
    额2 = (最大 月账.额1 其中 额1 不满 (100元 × 参倍1)) 的 50%
    额3 = (最小 月账.额1 其中 额1 不满 (100元 × 参倍1)) 的 50%
    额4 = (平均 月账.额1 其中 额1 不满 (100元 × 参倍1)) 的 50%
    额5 = (最大 月账.额1 其中 额1 不满 200元) 的 50%
"""
OF_KEPT_OUT = """假设: {参倍1: 0}
单位:
  - {名称: 甲, 年度: 2024}
"""


@pytest.mark.parametrize("assumed", ["0", "2", "5"])
def test_rows_that_an_assumption_keeps_out_leave_open_what_is_picked_of_them(
    every_engine: Engine, assumed: str
) -> None:
    told_alike(every_engine, KEPT_OUT, OF_KEPT_OUT.replace("参倍1: 0", f"参倍1: {assumed}"))


LATER_YEAR_FIRST = """方案 sample 「试」
  施行 2024-01-01 起
主体 单位 属于 县
主体 单据 属于 单位 按 笔
主体 疗程 合并自 单据
  同 人
  间隔 出 至 入 不超过 1日
数据 单据
  人: 文字
  入: 日期
  出: 日期
  费: 金额
环节 年终清算
  对 单据:
    自付 = 费 的 10%
  对 疗程:
    合计自付 = 合计 单据.自付
  对 单位:
    全部自付 = 合计 疗程.合计自付
"""
OF_LATER_YEAR_FIRST = """单位:
  - {名称: 甲, 年度: 2026}
  - {名称: 甲, 年度: 2027}
单据:
  - {单位: 甲, 年度: 2026, 人: 张三, 入: 2026-12-31, 出: 2026-12-31, 费: 200}
  - {单位: 甲, 年度: 2027, 人: 张三, 入: 2026-12-30, 出: 2026-12-31, 费: 1000}
  - {单位: 甲, 年度: 2026, 人: 李四, 入: 2026-12-31, 出: 2027-01-01, 费: 10}
  - {单位: 甲, 年度: 2027, 人: 李四, 入: 2027-01-02, 出: 2027-01-03, 费: 20}
  - {单位: 甲, 年度: 2026, 人: 王五, 入: 2026-12-31, 出: 2026-12-31, 费: 7}
  - {单位: 甲, 年度: 2027, 人: 王五, 入: 2026-05-30, 出: 2026-05-31, 费: 8}
"""


def test_a_stay_is_of_the_latest_year_of_its_rows_whatever_day_they_begin_on(every_engine: Engine) -> None:
    told_alike(every_engine, LATER_YEAR_FIRST, OF_LATER_YEAR_FIRST)
    policy = policy_of(LATER_YEAR_FIRST)
    told = settle(policy, bind_data(policy, read_yaml(OF_LATER_YEAR_FIRST, "data.yaml"))).figures
    sums = {(r.row.unit, r.row.period.year): r.value.now for r in told if r.name in {"合计自付", "全部自付"}}
    assert sums == {
        ("王五·2026-12-31", 2026): 70, ("甲", 2026): 70, ("张三·2026-12-31", 2027): 12_000,
        ("李四·2027-01-02", 2027): 300, ("王五·2026-05-30", 2027): 80, ("甲", 2027): 12_380,
    }  # fmt: skip


# ---- what every settlement holds to

WHOLE_FIRST, WHOLE_COUNT = 5_020_000, 150


def test_every_amount_is_whole_steps_of_its_rounding_in_whatever_state_it_is() -> None:
    checked = 0
    for seed in range(WHOLE_FIRST, WHOLE_FIRST + WHOLE_COUNT):
        case, policy = case_of(seed)
        try:
            settlement = settle(policy, dataset_of(case, policy))
        except FindingsError:
            continue
        for result in settlement.figures:
            size = result.step.step if isinstance(result.step, Derive) else 1
            if not result.kind.is_money or size is None:
                continue
            for value in (result.value.now, result.value.base):
                inner = value.inner if isinstance(value, Maybe) else value
                for end in (inner.low, inner.high) if isinstance(inner, Between) else (inner,):
                    if isinstance(end, int | Fraction):
                        assert end % Fraction(size) == 0, (seed, result.row.unit, result.name)
                        checked += 1
    assert checked > WHOLE_COUNT


# ---- the worked cases


@pytest.mark.parametrize("scheme", SCHEMES)
def test_worked_cases_come_to_the_same_in_duckdb(scheme: str) -> None:
    with closing(DuckDB(threads=1)) as engine:
        assert worked(engine_road(engine), scheme).different == ()


@pytest.mark.parametrize("scheme", SCHEMES)
def test_worked_cases_come_to_the_same_in_postgresql(postgres_server: str, scheme: str) -> None:
    from engine.sql.postgres_engine import PostgreSQL

    with closing(PostgreSQL(postgres_server)) as engine:
        assert worked(engine_road(engine), scheme).different == ()


@pytest.mark.parametrize("scheme", SCHEMES)
def test_some_worked_cases_come_to_the_same_in_spark(spark_session: Engine, scheme: str) -> None:
    assert worked(engine_road(spark_session), scheme, ONE_IN).different == ()


# ---- data of the shipped schemes that nobody hands in


@pytest.mark.parametrize("scheme", SCHEMES)
def test_edited_data_come_to_the_same_in_duckdb(scheme: str) -> None:
    with closing(DuckDB(threads=1)) as engine:
        found = [settled(engine_road(engine), scheme, *edited(scheme, seed)) for seed in range(EDITED)]
    told_ = [each.told for each in found if each.told is not None]
    assert [number for number, (right, other) in enumerate(told_) if right != other] == []
    assert any("findings" not in right for right, _ in told_)


# ---- the programs


def test_every_construct_is_drawn_and_drawn_again() -> None:
    found: Counter[str] = Counter()
    for seed in range(DRAWN):
        found.update(constructs(sound(seed)[1].pipeline()))
    expected = {f"step {kind.__name__}" for kind in (*Step.__args__, Ledger) if kind is not Inspect}
    expected |= {f"node {kind.__name__}" for kind in Core.__args__ if kind is not Round}
    expected |= {f"operator {name}" for name in OPERATORS}
    expected |= {
        f"aggregate {name}" for name in ("sum", "mean", "largest", "smallest", "count", "only", "every", "some")
    }
    expected |= {
        f"parameter {state}" for state in ("stated", "open", "referred", "assumed", "with a range", "by insurance")
    }
    expected |= {f"allocation {method}" for method in ("equally", "by_weight", "in_order")}
    expected |= {f"spare fen {owner}" for owner in ("largest_remainder", "first_listed", "甲")}
    expected |= {f"rounding {mode}" for mode in ("half_up", "up", "down", "half_even")}
    expected |= {f"figure {sort}" for sort in ("figure", "split", "gate", "indicator", "met")}
    expected |= {"several exceptions", "ranked exceptions", "no figure", "when blank", "unrounded", "gate that refuses"}
    expected |= {
        "datum with a default",
        "datum left out",
        "event",
        "identity",
        "bound by a figure",
        "scenario",
        "roster",
    }
    expected |= {"earlier period with an opening", "given a period earlier", "aggregate with a filter", "row before"}
    assert {name: found[name] for name in sorted(expected) if found[name] < AT_LEAST} == {}


def test_every_edge_of_the_data_is_drawn_and_drawn_again() -> None:
    found: Counter[str] = Counter()
    for seed in range(DRAWN):
        case, policy = case_of(seed)
        found.update(edges(case, policy.scheme()))
    expected = {"no table", "no row", "not given", "a blank row", "several years", "below zero", "0.00", "0.01"}
    expected |= {yuan(2**53), yuan(2**53 - 1), yuan(2**53 + 1), yuan(10**15), yuan(-(2**53)), yuan(-(10**15))}
    expected |= {"0%", "100%", "1/3", "12.5%", *DAYS}
    assert {name: found[name] for name in sorted(expected) if found[name] < AT_LEAST} == {}


def edges(case: Case, scheme: Scheme) -> set[str]:
    """What of a case's data stands at an edge: the values themselves, and what is not there."""
    tables = case.data.tables
    found = {value for rows in tables.values() for row in rows for value in row.values()}
    found |= {"below zero" for value in found if value.startswith("-")}
    found |= {"no table"} if scheme.tables.keys() - tables.keys() else set()
    found |= {"no row"} if any(not rows for rows in tables.values()) else set()
    for name, rows in tables.items():
        declared = {column for table, column in scheme.inputs if table == name}
        found |= {"not given" for row in rows if declared - row.keys()}
        found |= {"a blank row" for row in rows if declared and not declared & row.keys()}
        found |= {"several years"} if len({row["年度"] for row in rows if "年度" in row}) > 1 else set()
    return found


def test_a_seed_draws_the_same_again() -> None:
    assert [case_of(seed)[0].text() for seed in range(20)] == [case_of(seed)[0].text() for seed in range(20)]


def test_the_order_of_rows_makes_no_difference_to_any_figure() -> None:
    def mixed(seed: int) -> Iterator[object]:
        case, policy = case_of(seed)
        chance = Random(seed)  # noqa: S311 - the same chance again
        tables = {name: tuple(chance.sample(rows, len(rows))) for name, rows in case.data.tables.items()}
        for each in (case, Case(case.program, replace(case.data, tables=tables))):
            try:
                dataset = dataset_of(each, policy)
            except FindingsError as error:
                # Data that do not fit do not fit in any order.
                yield {finding.code for finding in error.findings}
                continue
            form, _ = told(interpreted, policy, dataset)
            # Single rows have no name of their own to be put in order by.
            yield [figure for figure in form.get("figures", ()) if figure["kind"] != "单据"]

    wrong = [seed for seed in range(40) if len({str(x) for x in mixed(seed)}) > 1]
    assert wrong == []


# ---- a wrong engine


def rounding_down(s: Any, value: Any, mode: Mode, step: Any) -> Any:
    return _rounded(s, value, "down" if mode == "half_up" else mode, step)


def least_of_the_first(s: Any, left: Any, right: Any) -> Any:
    del s, right
    return left


def at_least_for_over(s: Any, left: Any, right: Any) -> Any:
    return domain.inverted(_over(s, right, left))


def sum_of_no_more_than_the_largest(self: Any, a: Any, *args: Any, **more: Any) -> Any:
    del args, more
    return self.largest(a)


_rounded, _over = rational.rounded, domain.over
PLANTED: list[tuple[str, Any, str, Any]] = [
    ("ties are rounded down", rational, "rounded", rounding_down),
    ("a cap is no cap", domain, "least", least_of_the_first),
    ("over is at least", domain, "over", at_least_for_over),
    ("a sum is its largest part", Arithmetic, "total", sum_of_no_more_than_the_largest),
]


@pytest.mark.parametrize(("module", "name", "wrong"), [pytest.param(*rest, id=what) for what, *rest in PLANTED])
def test_a_planted_fault_is_found_and_made_small(
    module: Any, name: str, wrong: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(DuckDB(threads=1)) as engine:
        road = engine_road(engine)
        right = getattr(module, name)
        monkeypatch.setattr(module, name, wrong)
        seed = next(seed for seed in range(400) if run(road, range(seed, seed + 1)).different)
        case, _ = case_of(seed)
        least = shrunk(case, differing(road))
        policy = policy_of(least.program.text())
        assert compared(least, policy, road).differs
        monkeypatch.setattr(module, name, right)
        assert not compared(least, policy, road).differs
    assert len(least.program.text().splitlines()) <= 20
    assert sum(len(rows) for rows in least.data.tables.values()) <= 2


# ---- the long run


def test_no_road_goes_through_what_is_left_out_of_the_code_that_the_report_names() -> None:
    asked = (
        "import sys; from roads import engine_road, run; from worked import worked; from agree import opened\n"
        "with opened('duckdb') as engine:\n"
        "    run(engine_road(engine), range(60)); worked(engine_road(engine), 'gaotai', 20)\n"
        "print(*(m.__file__ for m in list(sys.modules.values()) if getattr(m, '__file__', None)), sep='\\n')"
    )
    paths = [str(HERE.parents[1]), str(HERE), str(HERE.parent)]
    told = subprocess.run(
        [sys.executable, "-c", asked], env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)}, capture_output=True,
        text=True, check=True, encoding="utf-8",
    ).stdout  # fmt: skip
    root = HERE.parents[1]
    loaded = {path.relative_to(root).as_posix() for path in map(Path, told.splitlines()) if path.is_relative_to(root)}
    assert "engine/bulk/decode.py" in loaded
    assert {file for file in loaded if is_apart(file)} == set()
    assert {name for name in APART if not (root / name).exists()} == set()


def test_the_long_run_tells_what_it_ran_and_goes_on_where_it_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def ran(*more: str) -> tuple[int, str]:
        kept = ["--kept", str(tmp_path), "--report", str(tmp_path / "REPORT.md")]
        few = ["--engines", "duckdb", "--jobs", "1", "--no-cases", "--roundings", "400"]
        monkeypatch.setattr(sys, "argv", ["agree.py", *kept, *few, *more])
        code = main()
        return code, capsys.readouterr().out

    code, said = ran("--count", "3")
    assert (code, said.count("programs 1000000–1000002, 0 differences"), said.count(" wrong")) == (0, 1, 1)
    code, said = ran("--count", "5")
    assert (code, said.count("programs 1000003–1000004, 0 differences"), said.count(" wrong")) == (0, 1, 0)
    told = (tmp_path / "REPORT.md").read_text(encoding="utf-8")
    assert "| DuckDB | 5 of 5 | 1,000,000–1,000,004 |" in told
    assert "| PostgreSQL | 0 of 2,000 |" in told


def test_the_long_run_fails_where_an_engine_differs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rational, "rounded", rounding_down)
    # Making it small is another test's matter, and takes longer than all of this one.
    monkeypatch.setattr("agree.failed", lambda tally, _: f"first of {len(tally.different)}")
    paths = ["--kept", str(tmp_path), "--report", str(tmp_path / "REPORT.md")]
    few = ["--engines", "duckdb", "--jobs", "1", "--no-cases", "--roundings", "0", "--count", "60"]
    monkeypatch.setattr(sys, "argv", ["agree.py", *paths, *few])
    assert main() == 1
    assert "first of " in (tmp_path / "REPORT.md").read_text(encoding="utf-8")
