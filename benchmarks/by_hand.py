"""W1, W2 and the national shape as a person does them with DuckDB alone, from the Parquet files of an office to Parquet files of results.

``python by_hand.py w1 FOLDER OUT`` ``w2`` or ``national``; nothing is checked, nothing is cited, nothing is told of what is not there.
"""

import sys
from pathlib import Path

import duckdb
import shapes

_FEN = "({} * 100)::BIGINT AS {}"


def main(shape: str, folder: Path, out: Path, memory: str = "16GiB") -> None:
    """Read, settle, write."""
    out.mkdir(parents=True, exist_ok=True)
    with duckdb.connect(config={"threads": 2, "memory_limit": memory}) as database:
        {"w1": _w1, "w2": _w2, "national": _national}[shape](database, folder, out)


def _w1(database: duckdb.DuckDBPyConnection, folder: Path, out: Path) -> None:
    rows = (
        f"(SELECT 名称 AS row, {_FEN.format('预算', 'budget')}, {_FEN.format('清算', 'cleared')}, "
        f"(考核系数 * 10000)::BIGINT AS factor, {_FEN.format('特殊超支', 'special')}, 推诿患者 = '是' AS refusal, "
        f"服务变化 = '是' AS change FROM read_parquet('{folder / '机构.parquet'}'))"
    )
    _write(database, shapes.w1_exact(rows), out / "机构.parquet")


def _w2(database: duckdb.DuckDBPyConnection, folder: Path, out: Path) -> None:
    claims = (
        f"(SELECT 单位 AS hospital, 类别 AS category, 支付方 AS payer, {_FEN.format('统筹基金支付', 'paid')} "
        f"FROM read_parquet('{folder / '明细.parquet'}'))"
    )
    hospitals = (
        f"(SELECT 名称 AS hospital, 所属统筹区 AS area, row_number() OVER (PARTITION BY 所属统筹区 ORDER BY 名称) - 1 AS place, "
        f"{_FEN.format('预算', 'budget')}, (考核系数 * 10000)::BIGINT AS factor, {_FEN.format('特殊超支', 'special')}, "
        f"推诿患者 = '是' AS refusal, 服务变化 = '是' AS change FROM read_parquet('{folder / '医院.parquet'}'))"
    )
    _write(database, shapes.w2_exact(claims, hospitals), out / "医院.parquet")


_NATIONAL = """
    WITH monthly AS (
        SELECT m.*, {claimed}, {budget} FROM read_parquet('{folder}/月度.parquet') m
        JOIN read_parquet('{folder}/医院.parquet') h ON m.单位 = h.名称 AND m.险种 = h.险种
    )
    , due AS (SELECT *, (budget + 6) // 12 AS monthly_limit FROM monthly)
    , paid AS (SELECT *, least(claimed, monthly_limit) AS due FROM due)
    , held AS (
        SELECT *, (due * 5 + 50) // 100 AS held,
               sum(claimed) OVER (PARTITION BY 单位, 险种 ORDER BY 月份)::BIGINT AS to_date
        FROM paid
    )
    SELECT 单位, 险种, 月份, monthly_limit, due, to_date, held, due - held AS paid, claimed FROM held
"""
_NATIONAL_YEARS = """
    WITH sums AS (SELECT 单位, 险种, sum(claimed)::BIGINT AS cleared, sum(paid)::BIGINT AS paid FROM months GROUP BY ALL)
    , balanced AS (
        SELECT 名称, 所属统筹区 AS area, h.险种, {budget}, (考核系数 * 10000)::BIGINT AS factor, cleared, paid,
               budget - cleared AS balance
        FROM read_parquet('{folder}/医院.parquet') h JOIN sums ON h.名称 = 单位 AND h.险种 = sums.险种
    )
    , parted AS (SELECT *, greatest(balance, 0) AS surplus, greatest(-balance, 0) AS over FROM balanced)
    , shared AS (
        SELECT *, (least(surplus * 10, budget * 3) * factor + 50000) // 100000 AS retained, (over * 6 + 5) // 10 AS fund
        FROM parted
    )
    , pools AS (SELECT 名称 AS area, 险种, {pool} FROM read_parquet('{folder}/统筹区.parquet'))
    , weighed AS (
        SELECT shared.*, pool, sum(cleared) OVER (PARTITION BY area, shared.险种)::BIGINT AS weights
        FROM shared JOIN pools USING (area, 险种)
    )
    , cut AS (
        SELECT *, (pool::HUGEINT * cleared // weights)::BIGINT AS part, pool::HUGEINT * cleared % weights AS remainder FROM weighed
    )
    , ranked AS (
        SELECT *, row_number() OVER (PARTITION BY area, 险种 ORDER BY remainder DESC, 名称) AS rank,
               pool - sum(part) OVER (PARTITION BY area, 险种) AS spare
        FROM cut
    )
    SELECT 名称, 险种, cleared, paid, balance, surplus, over, retained, surplus - retained AS handed_in, fund,
           over - fund AS own, (part + (rank <= spare)::BIGINT) AS pool_share,
           cleared + retained - (over - fund) + part + (rank <= spare)::BIGINT - paid AS to_pay
    FROM ranked
"""


def _national(database: duckdb.DuckDBPyConnection, folder: Path, out: Path) -> None:
    budget, claimed, pool = (
        _FEN.format(*names) for names in (("预算", "budget"), ("申报额", "claimed"), ("资金池", "pool"))
    )
    database.execute(f"CREATE TABLE months AS {_NATIONAL.format(folder=folder, budget=budget, claimed=claimed)}")
    _write(database, "FROM months", out / "月度.parquet")
    _write(database, _NATIONAL_YEARS.format(folder=folder, budget=budget, pool=pool), out / "医院.parquet")


def _write(database: duckdb.DuckDBPyConnection, query: str, file: Path) -> None:
    columns = [str(row[0]) for row in database.execute(f"DESCRIBE {query}").fetchall()]
    keys = {"row", "名称", "单位", "险种", "月份"}
    told = ", ".join(name if name in keys else f"({name} * 0.01)::DECIMAL(18, 2) AS {name}" for name in columns)
    database.execute(f"COPY (SELECT {told} FROM ({query})) TO '{file}' (FORMAT parquet)")


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]), *sys.argv[4:])
