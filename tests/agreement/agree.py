"""The long run: random programs on every engine against the interpreter, worked cases, and roundings; told in REPORT.md.

``nice -n 10 python tests/agreement/agree.py --count 100000 --jobs 2``. It may be ended at any time: the report tells what was run,
and the next run over the same code goes on from there.
"""

import argparse
import gc
import os
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing, contextmanager, nullcontext, suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

from engines_fixture import postgres_programs, running_postgres  # noqa: E402
from record import ENGINES, Piece, Record, report  # noqa: E402
from roads import engine_road, failed, run  # noqa: E402
from roundings import tried  # noqa: E402
from worked import SCHEMES, worked  # noqa: E402

from engine.sql.duckdb_engine import DuckDB  # noqa: E402
from engine.sql.engines import Engine, UnusableError  # noqa: E402

REPORT = HERE / "REPORT.md"
KEPT = HERE.parents[1] / "build" / "agree"
# Programs in a piece of the run, and figures in one of the roundings.
_PIECE = {"duckdb": 200, "postgres": 100, "spark": 25}
_FIGURES = 10_000
# Which random programs are the long run's own: those of the tests come before them.
_FIRST = 1_000_000


class _OutOfTimeError(Exception):
    pass


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


@contextmanager
def uncollected() -> Iterator[None]:
    """What a piece leaves behind is looked through once, at its end: doing so all along costs a third of the time."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
        gc.collect()


def programs(engine: Engine, start: int, stop: int) -> Piece:
    """Some programs on an engine, and the first difference made small."""
    begun = time.perf_counter()
    road = engine_road(engine)
    # What Spark holds for this process it holds until it is collected here.
    with nullcontext() if engine.dialect == "spark" else uncollected():
        tally = run(road, range(start, stop))
        first = failed(tally, road) if tally.different else ""
    result = {"tally": tally.as_json(), "first": first}
    return Piece("programs", engine.dialect, start, stop, time.perf_counter() - begun, result)


def apart(start: int, stop: int) -> Piece:
    """Some programs on DuckDB in a process of their own."""
    with opened("duckdb") as engine:
        return programs(engine, start, stop)


def roundings(engine: Engine, seed: int, count: int) -> Piece:
    """Some roundings, quotients and products of a seed."""
    begun = time.perf_counter()
    done, wrong = tried(engine, count, seed)
    result = {"done": done, "different": wrong}
    return Piece("roundings", engine.dialect, seed, seed + 1, time.perf_counter() - begun, result)


def cases(engine: Engine, scheme: str) -> Piece:
    """All worked cases of a scheme."""
    begun = time.perf_counter()
    result = asdict(worked(engine_road(engine), scheme))
    return Piece("cases", engine.dialect, 0, 0, time.perf_counter() - begun, result, scheme)


class _Run:
    """All that is asked for, piece after piece."""

    def __init__(self, asked: argparse.Namespace, record: Record) -> None:
        self.asked = asked
        self.record = record
        self.absent: dict[str, str] = {}
        self.until = time.monotonic() + asked.minutes * 60 if asked.minutes else None
        self.counts: dict[tuple[str, str], int] = {("programs", engine): getattr(asked, engine) for engine in ENGINES}
        self.counts |= {("roundings", engine): asked.roundings for engine in ENGINES}

    def everything(self) -> None:
        """Each engine in turn; one that is not there is told of and left out."""
        for engine in ENGINES:
            if engine not in self.asked.engines:
                continue
            try:
                with opened(engine) as opened_:
                    self._on(opened_)
            except UnusableError as error:
                self.absent[engine] = str(error)

    def _on(self, engine: Engine) -> None:
        name = engine.dialect
        if self.asked.cases:
            done = {piece.name for piece in self.record.of("cases", name)}
            for scheme in SCHEMES:
                if scheme not in done:
                    self._keep(cases(engine, scheme))
        slices = -(-self.asked.roundings // _FIGURES)
        for left in self.record.left("roundings", name, range(1, slices + 1)):
            self._keep(roundings(engine, left.start, min(_FIGURES, self.asked.roundings)))
        seeds = range(_FIRST, _FIRST + self.counts["programs", name], _PIECE[name])
        pieces = list(self.record.left("programs", name, seeds))
        if name == "duckdb" and self.asked.jobs > 1:
            self._apart(pieces)
        else:
            for left in pieces:
                self._keep(programs(engine, left.start, left.stop))

    def _apart(self, pieces: list[range]) -> None:
        """The programs on DuckDB in several processes."""
        with ProcessPoolExecutor(self.asked.jobs) as pool:
            try:
                for piece in pool.map(apart, [x.start for x in pieces], [x.stop for x in pieces]):
                    self._keep(piece)
            finally:
                pool.shutdown(cancel_futures=True)

    def _keep(self, piece: Piece) -> None:
        self.record.add(piece)
        self.told()
        sys.stdout.write(f"{_line(piece)} ({piece.seconds:,.0f} s){os.linesep}")
        sys.stdout.flush()
        if self.until is not None and time.monotonic() > self.until:
            raise _OutOfTimeError

    def told(self) -> None:
        """The report as it stands."""
        self.asked.report.write_text(report(self.record, self.counts, self.absent), encoding="utf-8")


def _line(piece: Piece) -> str:
    result: dict[str, Any] = piece.result
    match piece.sort:
        case "programs":
            return f"{piece.engine}: programs {piece.start}–{piece.stop - 1}, {len(result['tally']['different'])} differences"
        case "roundings":
            return f"{piece.engine}: {result['done']:,} figures, {len(result['different'])} wrong"
        case _:
            return f"{piece.engine}: {result['tried']} cases of {piece.name}, {len(result['different'])} differences"


def main() -> int:
    """Runs what is asked for and is not done yet; 1 where anything differs or an engine that must be there is not."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", dest="duckdb", type=int, default=100_000, help="programs on DuckDB")
    parser.add_argument("--postgres", type=int, default=2_000)
    parser.add_argument("--spark", type=int, default=500)
    parser.add_argument("--roundings", type=int, default=100_000, help="figures on each engine")
    parser.add_argument("--no-cases", dest="cases", action="store_false", help="leave out the worked cases")
    parser.add_argument("--engines", nargs="+", choices=tuple(ENGINES), default=tuple(ENGINES))
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes for DuckDB")
    parser.add_argument("--minutes", type=float, help="stop after this time, to go on another day")
    parser.add_argument("--kept", type=Path, default=KEPT, help="where what is done is kept")
    parser.add_argument("--report", type=Path, default=REPORT)
    going = _Run(parser.parse_args(), Record(parser.parse_args().kept))
    with suppress(KeyboardInterrupt, _OutOfTimeError):
        going.everything()
    going.told()
    missing = going.absent and os.environ.get("CI") == "true"
    return 1 if going.record.wrong() or missing else 0


if __name__ == "__main__":
    sys.exit(main())
