"""A county's claims, 1.3 million rows: what settling them costs over a plain GROUP BY that does the same sums."""

import random
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
from measure import Line, line, seconds

from engine.api import Policy, bind_data, open_policy, settle
from engine.load.read import read_data

ROWS = 1_300_000
UNITS = ("甲医共体", "乙医共体", "云县凯达医院", "云县敬康医院", "云县爱康医院", "云县仁爱医院", "云县康兴医院")
LEFT_OUT = ("大病保险", "医疗救助", "政府兜底")


def lines() -> list[Line]:
    """From file to figures, Parquet and CSV, against duckdb alone on the same file."""
    with TemporaryDirectory() as name:
        root = Path(name)
        made = [(sort, _written(root / sort, sort)) for sort in ("parquet", "csv")]
        policy = open_policy("yunxian")
        return [_line(policy, path, sort) for sort, path in made]


def _line(policy: Policy, path: Path, sort: str) -> Line:
    peer = f"duckdb: the same sums by one GROUP BY over the same {sort} file"
    what = f"claims: {ROWS:,} rows of {sort.upper() if sort == 'csv' else 'Parquet'} to settled figures (yunxian)"
    return line(
        what, peer, "", _seconds(lambda: _settled(policy, path.parent)), _seconds(lambda: _plain(path, sort)), rounds=3
    )


def _seconds(action: Callable[[], object]) -> Callable[[], float]:
    return lambda: seconds(action)


def _settled(policy: Policy, folder: Path) -> object:
    return settle(policy, bind_data(policy, read_data(folder)))


def _plain(path: Path, sort: str) -> object:
    """The sums by hand: nothing checked, nothing placed, the types known beforehand."""
    types = {
        "编号": "VARCHAR", "单位": "VARCHAR", "年度": "VARCHAR", "险种": "VARCHAR", "统筹基金支付": "DECIMAL(18,2)",
        "支付方": "VARCHAR",
    }  # fmt: skip
    source = f"read_csv('{path}', columns = {types}, header = true)" if sort == "csv" else f"read_parquet('{path}')"
    return (
        duckdb.connect(config={"threads": 2})
        .execute(f"SELECT 单位, sum(统筹基金支付) FROM {source} WHERE 支付方 NOT IN {LEFT_OUT} GROUP BY 单位")
        .fetchall()
    )


def _written(folder: Path, sort: str) -> Path:
    """Invented claims, the same on every run: refunds among them, one in ten borne by payers that do not count."""
    folder.mkdir()
    chance = random.Random(20261123)  # noqa: S311 - not a secret
    budgets = [f"{chance.randrange(10**8, 10**9)}.{chance.randrange(100):02}" for _ in UNITS]
    rows = [f"  - {{名称: {unit}, 年度总额预算: {budget}}}\n" for unit, budget in zip(UNITS, budgets, strict=True)]
    text = "年度: 2026\n医共体:\n" + "".join(rows[:2]) + "非医共体机构:\n" + "".join(rows[2:])
    (folder / "案.yaml").write_text(text, encoding="utf-8")
    path = folder / f"明细.{sort}"
    query = (
        f"SELECT 'J' || range AS 编号, ({list(UNITS)})[1 + range % {len(UNITS)}] AS 单位, 2026 AS 年度, "
        "'居民' AS 险种, "
        "CAST((CAST(hash(range) % 200000 AS BIGINT) - 5000) * 0.01 AS DECIMAL(18,2)) AS 统筹基金支付, "
        f"CASE WHEN range % 10 = 0 THEN ({list(LEFT_OUT)})[1 + range // 10 % 3] ELSE '统筹基金' END AS 支付方 "
        f"FROM range({ROWS})"
    )
    duckdb.connect().execute(f"COPY ({query}) TO '{path}' (FORMAT {sort})")
    return path
