"""A province's claims, fifty million rows in many files, settled within a bound of memory: rows, seconds, the most memory held.

The sums of every hospital, insurance type and month are held to those of one plain query over the same files.
"""

import argparse
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
from measure import Process, Starts

ROWS, FILES, HOSPITALS = 50_000_000, 20, 60
MEMORY = "1GiB"
SCHEME = Path(__file__).parent / "schemes" / "claims"
MONTHS = ("一", "二", "三", "四", "五", "六", "七", "八", "九", "十", "十一", "十二")


def lines(rows: int = ROWS, sort: str = "parquet") -> list[str]:
    """The line of the report; raises where a sum is another than the plain query's, or the bound is passed."""
    with TemporaryDirectory() as name:
        root = Path(name)
        _written(root / "数据", rows, sort)
        ran = Starts(name).settled(
            "settle", str(SCHEME), "--data", str(root / "数据"), "--backend", "duckdb", "--memory", MEMORY,
            "--format", "parquet", "--out", str(root / "结果"),
        )  # fmt: skip
        wrong = _wrong(root, sort)
    if wrong or ran.memory > 1 << 20:
        raise SystemExit(f"{rows:,} claims: {wrong} sums differ, {ran.memory >> 10:,} MiB held")
    return [_line(rows, sort, ran)]


def _line(rows: int, sort: str, ran: Process) -> str:
    what = f"{rows:,} claims in {FILES} files ({sort}), filtered by category, payer, place and month, settled under --memory {MEMORY}"
    told = f"{ran.busy:.0f} s of processor, {ran.elapsed:.0f} s by the clock, {ran.memory >> 10:,} MiB held at most"
    return f"| {what} | wrong sums: 0 | {told} | | ≤ 1,024 MiB | yes |"


def _written(folder: Path, rows: int, sort: str) -> None:
    """Invented claims, the same on every run: refunds among them, every month, category, payer and place."""
    inside = folder / "明细"
    inside.mkdir(parents=True)
    hospitals = [f"医院{number:03}" for number in range(HOSPITALS)]
    units = "".join(f"{name},全省,2026,{i},{10**7}.37\n" for name in hospitals for i in ("职工", "居民"))
    (folder / "医院.csv").write_text("名称,所属统筹区,年度,险种,预算\n" + units, encoding="utf-8")
    (folder / "统筹区.csv").write_text("名称,年度,险种\n全省,2026,职工\n全省,2026,居民\n", encoding="utf-8")
    database = duckdb.connect(config={"threads": 2, "memory_limit": MEMORY})
    for number in range(FILES):
        ours = f"range({rows * number // FILES}, {rows * (number + 1) // FILES})"
        query = (
            f"SELECT 'J' || r AS 编号, '医院' || lpad((h % {HOSPITALS})::VARCHAR, 3, '0') AS 单位, 2026 AS 年度, "
            "CASE WHEN h // 60 % 3 = 0 THEN '职工' ELSE '居民' END AS 险种, "
            "((h // 180 % 2000000 - 50000) * 0.01)::DECIMAL(18, 2) AS 统筹基金支付, "
            "(['住院', '日间', '门诊', '其他费用'])[1 + (h // 7) % 4] AS 类别, "
            "(['统筹基金', '统筹基金', '统筹基金', '大病保险', '医疗救助'])[1 + (h // 11) % 5] AS 支付方, "
            "CASE WHEN h // 13 % 5 = 0 THEN '县外' ELSE '县内' END AS 就诊地点, "
            "DATE '2026-01-01' + (h // 17 % 365)::INTEGER AS 结算日期 "
            f"FROM (SELECT range AS r, (hash(range) >> 1)::BIGINT AS h FROM {ours})"
        )
        database.execute(f"COPY ({query}) TO '{inside / f'{number:03}.{sort}'}' (FORMAT {sort})")


def _wrong(root: Path, sort: str) -> int:
    """How many sums of the settlement are not those of the plain query; those that either lacks among them."""
    database = duckdb.connect(config={"threads": 2, "memory_limit": MEMORY})
    source = f"read_{sort}('{root}/数据/明细/*.{sort}')"
    plain = database.execute(
        f"SELECT 单位, 险种, month(结算日期), sum(统筹基金支付) FROM {source} WHERE 类别 <> '其他费用' "
        "AND 支付方 <> '大病保险' AND 就诊地点 = '县内' GROUP BY ALL"
    ).fetchall()
    names = ", ".join(f'"{month}月清算"' for month in MONTHS)
    ours = database.execute(f"SELECT 名称, 险种, {names} FROM read_parquet('{root}/结果/医院.parquet')").fetchall()
    expected = {(unit, insurance, month): Decimal(paid) for unit, insurance, month, paid in plain}
    found = {(unit, i, month): paid for unit, i, *paids in ours for month, paid in enumerate(paids, 1)}
    return sum(expected.get(key, Decimal(0)) != found.get(key) for key in expected.keys() | found.keys())


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=lambda text: int(float(text)), default=ROWS)
    parser.add_argument("--sort", choices=["parquet", "csv"], default="parquet")
    asked = parser.parse_args()
    print("\n".join(lines(asked.rows, asked.sort)))
