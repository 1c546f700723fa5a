"""The shapes as an office would hand them in: a folder of Parquet files with amounts in yuan, made the same on every run."""

import sys
from collections.abc import Iterator
from pathlib import Path

import duckdb
import shapes

_EVENTS = "CASE WHEN refusal THEN '是' ELSE '否' END AS 推诿患者, CASE WHEN change THEN '是' ELSE '否' END AS 服务变化"
_FACTOR = "(factor * 0.0001)::DECIMAL(5, 4) AS 考核系数"
_AREAS = "SELECT DISTINCT '统筹区' || lpad(area::VARCHAR, 5, '0') AS 名称, 2026 AS 年度{more} FROM {table} ORDER BY 1"
_HOSPITAL = "'医院' || lpad(hospital::VARCHAR, 7, '0')"
_AREA = "'统筹区' || lpad(area::VARCHAR, 5, '0') AS 所属统筹区"
NATIONAL = {"areas": 2_800, "hospitals": 40, "months": 12, "insurances": 2}


def yuan(fen: str, name: str) -> str:
    """An amount in yuan of one in fen."""
    return f"({fen}::DECIMAL(18, 0) * 0.01)::DECIMAL(18, 2) AS {name}"


def w1(folder: Path, count: int) -> Path:
    """One row an institution and year."""
    with shapes.connection() as database:
        shapes.institutions(database, count)
        _write(
            database, folder / "机构.parquet",
            f"SELECT '机构' || lpad(row::VARCHAR, 8, '0') AS 名称, 2026 AS 年度, {yuan('budget', '预算')}, "
            f"{yuan('cleared', '清算')}, {_FACTOR}, {yuan('special', '特殊超支')}, {_EVENTS} FROM rows ORDER BY row",
        )  # fmt: skip
    return folder


def w2(folder: Path, count: int, hospitals: int) -> Path:
    """Claim rows, hospitals, areas."""
    with shapes.connection() as database:
        shapes.claims(database, count, hospitals)
        _write(database, folder / "统筹区.parquet", _AREAS.format(more="", table="hospitals"))
        _write(
            database,
            folder / "医院.parquet",
            f"SELECT {_HOSPITAL} AS 名称, {_AREA}, 2026 AS 年度, {yuan('budget', '预算')}, {_FACTOR}, "
            f"{yuan('special', '特殊超支')}, {_EVENTS} FROM hospitals ORDER BY hospital",
        )
        _write(
            database,
            folder / "明细.parquet",
            f"SELECT 'J' || claim AS 编号, {_HOSPITAL} AS 单位, 2026 AS 年度, category AS 类别, payer AS 支付方, "
            f"{yuan('paid', '统筹基金支付')} FROM claims",
        )
    return folder


def national(folder: Path, scale: int = 1) -> Path:
    """2,800 areas of 40 hospitals, twelve months, two insurance types; or one of ``scale`` parts of them."""
    hospitals = NATIONAL["areas"] // scale * NATIONAL["hospitals"]
    with shapes.connection() as database:
        database.execute(
            f"CREATE TABLE hospitals AS SELECT range AS hospital, range // {NATIONAL['hospitals']} AS area, 险种, "
            f"8000 + (hash(range, 险种) % 2001)::BIGINT AS factor, 120000000 + (hash(range, 险种, 1) % 900000000)::BIGINT AS budget "
            f"FROM range({hospitals}), (VALUES ('职工'), ('居民')) AS insurances (险种)"
        )
        pool = f", 险种, {yuan('(hash(area, 险种) % 1000000000)::BIGINT', '资金池')}"
        _write(database, folder / "统筹区.parquet", _AREAS.format(more=pool, table="hospitals"))
        _write(
            database,
            folder / "医院.parquet",
            f"SELECT {_HOSPITAL} AS 名称, {_AREA}, 2026 AS 年度, 险种, {yuan('budget', '预算')}, {_FACTOR} "
            "FROM hospitals ORDER BY hospital, 险种",
        )
        claimed = yuan("budget * (40 + (hash(hospital, 险种, month) % 90)::BIGINT) // 1200", "申报额")
        _write(
            database,
            folder / "月度.parquet",
            f"SELECT {_HOSPITAL} AS 单位, 险种, '2026-' || lpad(month::VARCHAR, 2, '0') AS 月份, {claimed} "
            f"FROM hospitals, range(1, {NATIONAL['months'] + 1}) AS months (month) ORDER BY hospital, 险种, month",
        )
    return folder


def _write(database: duckdb.DuckDBPyConnection, file: Path, query: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    database.execute(f"COPY ({query}) TO '{file}' (FORMAT parquet)")


def rules_of_many(folder: Path, figures: int = 240, depth: int = 10) -> Path:
    """A scheme of many figures, each of two of the level below, beside a copy of the vocabulary it needs."""
    wide = figures // depth
    words = folder / "common" / "vocabulary.policy"
    words.parent.mkdir(parents=True, exist_ok=True)
    words.write_text((Path(__file__).parent / "schemes" / "common" / "vocabulary.policy").read_text("utf-8"), "utf-8")
    file = folder / "many" / "rules.policy"
    file.parent.mkdir(exist_ok=True)
    file.write_text("\n".join(_many(wide, depth)) + "\n", encoding="utf-8")
    return file.parent


def _many(wide: int, depth: int) -> Iterator[str]:
    yield "方案 many 「二百四十条规则」\n  施行 2026-01-01 起\n\n数据 机构"
    yield from (f"  指标甲0之{n}: 金额" for n in range(wide))
    yield "\n环节 年终清算\n  对 机构:"
    for level in range(1, depth + 1):
        for n in range(wide):
            one, other = (f"指标甲{level - 1}之{m % wide}" for m in (n, n * 7 + level))
            yield f"    指标甲{level}之{n} = {one} 的 {30 + n}% + {other} 的 {20 + level}%, 最高 {one} + {other}"
    yield "\n译名"
    yield from (f"  指标甲{level}之{n} = figure_{level}_{n}" for level in range(depth + 1) for n in range(wide))


def main(shape: str, folder: Path, *sizes: str) -> None:
    """``python folders.py w1 FOLDER COUNT``, ``w2 FOLDER CLAIMS HOSPITALS``, ``national FOLDER``."""
    match shape:
        case "w1":
            w1(folder, int(sizes[0]))
        case "w2":
            w2(folder, int(sizes[0]), int(sizes[1]))
        case _:
            national(folder)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), *sys.argv[3:])
