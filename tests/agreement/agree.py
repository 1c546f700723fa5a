"""The long run: random programs on every engine against the interpreter, and roundings against Fractions; written to REPORT.md.

``python tests/agreement/agree.py --count 100000``: a smaller count is run as asked, and the report says how many there were.
"""

import argparse
import os
import platform
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing, contextmanager, suppress
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

from engines_fixture import postgres_programs, running_postgres  # noqa: E402
from roads import Tally, engine_road, failed, run  # noqa: E402
from roundings import tried  # noqa: E402

from engine.sql.duckdb_engine import DuckDB  # noqa: E402
from engine.sql.engines import Engine, UnusableError  # noqa: E402

REPORT = HERE / "REPORT.md"
_CHUNK = 200
# Which random programs are the long run's own: those of the tests come before them.
_FIRST = 1_000_000


@contextmanager
def opened(name: str) -> Iterator[Engine]:
    """An engine by its name; raises UnusableError where it is not there."""
    match name:
        case "duckdb":
            with closing(DuckDB(threads=1)) as duckdb:
                yield duckdb
        case "spark":
            from engine.sql.spark_engine import Spark

            with closing(Spark("local[*]", memory="2g")) as spark:
                yield spark
        case _:
            from engine.sql.postgres_engine import PostgreSQL

            programs = postgres_programs()
            if programs is None:
                raise UnusableError("PostgreSQL", "not installed")
            with running_postgres(programs) as dsn, closing(PostgreSQL(dsn)) as postgres:
                yield postgres


def chunk(start: int, stop: int) -> tuple[Tally, str]:
    """Some programs on DuckDB, in a process of their own; and the first difference made small."""
    with opened("duckdb") as engine:
        road = engine_road(engine)
        tally = run(road, range(start, stop))
        return tally, failed(tally, road) if tally.different else ""


def on_duckdb(count: int) -> tuple[Tally, str]:
    """As many processes as there are cores."""
    starts = range(_FIRST, _FIRST + count, _CHUNK)
    whole, first = Tally(), ""
    with ProcessPoolExecutor() as pool:
        told = pool.map(chunk, starts, [min(start + _CHUNK, _FIRST + count) for start in starts])
        for tally, difference in told:
            whole.take(tally)
            first = first or difference
            _say(f"duckdb: {whole.text()}")
    return whole, first


def on_one(name: str, count: int) -> tuple[Tally, str]:
    """One process and one connection."""
    with opened(name) as engine:
        road, whole, first = engine_road(engine), Tally(), ""
        for start in range(_FIRST, _FIRST + count, _CHUNK):
            tally = run(road, range(start, min(start + _CHUNK, _FIRST + count)))
            first = first or (failed(tally, road) if tally.different else "")
            whole.take(tally)
            _say(f"{name}: {whole.text()}")
        return whole, first


def machine() -> str:
    """What the run stands on."""
    model = platform.processor() or platform.machine()
    with suppress(OSError):
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        model = next((line.partition(": ")[2] for line in lines if line.startswith("model name")), model)
    versions = []
    for package in ("duckdb", "pyspark", "psycopg", "sqlglot"):
        with suppress(PackageNotFoundError):
            versions.append(f"{package} {version(package)}")
    return f"{model}, {os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}, {', '.join(versions)}"


def main() -> int:
    """Runs what is asked for and writes the report; 1 where anything differs or an engine that must be there is not."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=100_000, help="programs on DuckDB")
    parser.add_argument("--postgres", type=int, default=2_000)
    parser.add_argument("--spark", type=int, default=500)
    parser.add_argument("--roundings", type=int, default=100_000, help="figures on each engine")
    parser.add_argument("--report", type=Path, default=REPORT)
    asked = parser.parse_args()
    lines = ["# Engines against the interpreter", "", f"On {machine()}.", ""]
    lines += ["| engine | asked for | what came of it | time |", "|---|---|---|---|"]
    roads: list[tuple[str, int, Callable[[], tuple[Tally, str]]]] = [
        ("duckdb", asked.count, partial(on_duckdb, asked.count)),
        ("postgres", asked.postgres, partial(on_one, "postgres", asked.postgres)),
        ("spark", asked.spark, partial(on_one, "spark", asked.spark)),
    ]
    wrong, details = 0, []
    for name, count, road in roads:
        start = time.perf_counter()
        try:
            tally, difference = road() if count else (Tally(), "")
        except UnusableError as error:
            lines.append(f"| {name} | {count:,} programs | not run: {error} | |")
            wrong += os.environ.get("CI") == "true"
            continue
        wrong += len(tally.different)
        details += [f"## {name}: a difference", "", "```", difference, "```", ""] if difference else []
        details += _reasons(name, tally)
        lines.append(f"| {name} | {count:,} programs | {tally.text()} | {time.perf_counter() - start:,.0f} s |")
    for name in ("duckdb", "postgres", "spark") if asked.roundings else ():
        start = time.perf_counter()
        try:
            with opened(name) as engine:
                done, found = tried(engine, asked.roundings)
        except UnusableError as error:
            lines.append(f"| {name} | {asked.roundings:,} roundings | not run: {error} | |")
            continue
        wrong += len(found)
        told = f"{done:,} figures worked out, {len(found)} wrong"
        lines.append(f"| {name} | {asked.roundings:,} roundings | {told} | {time.perf_counter() - start:,.0f} s |")
    asked.report.write_text("\n".join([*lines, "", *details]).rstrip("\n") + "\n", encoding="utf-8")
    _say(f"written to {asked.report}")
    return 1 if wrong else 0


def _reasons(name: str, tally: Tally) -> list[str]:
    """Why whole programs were left to the interpreter, the most frequent first."""
    told = [f"- {count}: {why}" for why, count in tally.reasons.most_common(20)]
    return [f"## {name}: why whole programs were handed back", "", *told, ""] if told else []


def _say(text: str) -> None:
    sys.stdout.write(text + os.linesep)
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
