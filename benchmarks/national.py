"""A nation: 2,800 jurisdictions of 40 units, twelve months, two insurance types, from files to files.

Two schemes: ``national``, which a person can write by hand in SQL, and Gaotai's own rules over as many units. ``python
national.py`` prints the lines of the report; ``python national.py FOLDER SCALE [csv]`` writes the data for Gaotai's rules.
"""

import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
import folders
from measure import Line, Process, Starts, line

JURISDICTIONS, ALLIANCES, UNITS = 2_800, 2, 40
INSURANCES = ("职工", "居民")
HERE = Path(__file__).resolve().parent
# How many parts of the nation are settled where all of it would take too long, by hand and row by row.
TENTH, FIFTIETH = 10, 50


def lines() -> Iterator[Line | str]:
    """Processor time of whole processes: file to file against SQL by hand, and against row by row."""
    with TemporaryDirectory() as name:
        root, starts = Path(name), Starts(name)
        for scale, rounds in ((TENTH, 3), (1, 1)):
            data = folders.national(root / f"national{scale}", scale)
            what = f"a nation, {_size(scale)}, Parquet to Parquet"
            peer = "SQL by hand over the same files, nothing checked, nothing told beside"
            ours = _ours(starts, HERE / "schemes" / "national", data, "duckdb", root / "out")
            yield line(what, peer, "", lambda: ours().busy, lambda: _by_hand(starts, data, root).busy, rounds)  # noqa: B023
        for sort in ("parquet", "csv"):
            data = gaotai(root / f"gaotai {sort}", FIFTIETH, sort)
            ours = _ours(starts, "gaotai", data, "duckdb", root / "out")
            rows = _ours(starts, "gaotai", data, "exact", root / "out")
            what = f"a nation under Gaotai's rules, {_size(FIFTIETH)}, {sort.upper() if sort == 'csv' else 'Parquet'} to Parquet"
            yield line(what, "row by row", "", lambda: ours().busy, lambda: rows().busy, rounds=2)  # noqa: B023
        data = gaotai(root / "gaotai", 1)
        for bound in ([], ["--memory", "1GiB"]):
            ran = _ours(starts, "gaotai", data, "duckdb", root / "out", bound)()
            what = f"a nation under Gaotai's rules, {_size(1)}{''.join(f', {x}' for x in bound[1:])}"
            told = f"{ran.busy:.0f} s of processor, {ran.elapsed:.0f} s by the clock, {ran.memory >> 10:,} MiB held at most"
            yield f"| {what} | | {told} | | | |"


def _size(scale: int) -> str:
    units = JURISDICTIONS // scale * UNITS * len(INSURANCES)
    return f"{12 * units:,} months of {units:,} units"


def _ours(
    starts: Starts, scheme: object, data: Path, backend: str, out: Path, more: Sequence[str] = ()
) -> Callable[[], Process]:
    words = ["settle", str(scheme), "--data", str(data), "--backend", backend, "--format", "parquet", "--out", str(out)]
    words += more
    return lambda: starts.settled(*words)


def _by_hand(starts: Starts, data: Path, root: Path) -> Process:
    return starts.whole([sys.executable, str(HERE / "by_hand.py"), "national", str(data), str(root / "by hand")])


def gaotai(folder: Path, scale: int, sort: str = "parquet") -> Path:
    """One of ``scale`` parts of the nation as Gaotai's rules want it: alliances, other units, a pool, every month."""
    folder.mkdir(parents=True, exist_ok=True)
    heads = "方案: gaotai\n年度: 2026\n假设: {特殊超支分担比例: 80%, 保证金返还比例: 95%, 超支分担比例: 60%}\n"
    (folder / "案.yaml").write_text(heads, encoding="utf-8")
    yuan = folders.yuan
    own = (
        f"名称, 险种, {yuan('budget', '年度总额预算')}, {yuan('budget * used // 100', '年度清算总额')}, "
        "(80 + used % 21) || '%' AS 考核系数"
    )
    tables = {
        "医共体": f"SELECT {own}, '是' AS 系统对接 FROM units WHERE u < {ALLIANCES} ORDER BY j, u, 险种",
        "非医共体机构": f"SELECT {own} FROM units WHERE u >= {ALLIANCES} ORDER BY j, u, 险种",
        "资金池": (
            f"SELECT '异地就医' AS 名称, 险种, {yuan('(sum(budget) // 20)', '年度总额预算')}, "
            f"{yuan('(sum(budget) // 21)', '年度清算总额')} FROM units GROUP BY 险种"
        ),
        "月度": (
            f"SELECT 名称 AS 单位, 险种, '2026-' || lpad(m::VARCHAR, 2, '0') AS 月份, {yuan('due', '核定应付')}, "
            f"{yuan('(due * 3 // 100)', '扣保证金')}, {yuan('(due - due * 3 // 100)', '实拨')} FROM (SELECT *, "
            "budget * (used + (hash(j, u, 险种, m) % 20)::BIGINT - 10) // 1200 AS due FROM units, range(1, 13) AS ms (m)) "
            "ORDER BY j, u, 险种, m"
        ),
    }
    with duckdb.connect(config={"threads": 2}) as database:
        database.execute(
            "CREATE TABLE units AS SELECT j, u, 险种, '县' || lpad(j::VARCHAR, 4, '0') || "
            f"CASE WHEN u < {ALLIANCES} THEN '医共体' ELSE '医院' END || lpad(u::VARCHAR, 2, '0') AS 名称, "
            "120000000 + (hash(j, u, 险种) % 900000000)::BIGINT AS budget, 80 + (hash(u, j, 险种, 1) % 41)::BIGINT AS used "
            f"FROM range({JURISDICTIONS // scale}) AS js (j), range({UNITS}) AS us (u), "
            f"(SELECT unnest({list(INSURANCES)}) AS 险种)"
        )
        for name, query in tables.items():
            database.execute(f"COPY ({query}) TO '{folder / name}.{sort}' (FORMAT {sort})")
    return folder


if __name__ == "__main__":
    if len(sys.argv) > 1:
        gaotai(Path(sys.argv[1]), int(sys.argv[2]), *sys.argv[3:])
    else:
        for each in lines():
            print(each, flush=True)
