"""Holds an engine's roundings, quotients and products against Python's Fractions: ``roundings.py --engine spark --count 100000``."""

import argparse
import os
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from random import Random

from engines_fixture import postgres_programs, running_postgres
from whole_cases import at_ends, columns, figures, random_ends, rows, trees, wrong

from engine.sql.engines import Engine
from engine.sql.whole import Arithmetic

_ROWS, _TREES = 40, 50
_SHOWN = 20


def tried(engine: Engine, count: int, seed: int = 1) -> tuple[int, list[str]]:
    """How many figures were worked out, at least ``count``, and which of them an engine has wrong.

    Nine of ten are roundings, quotients and products near where something turns; the others are operations upon operations with
    every column at the ends it is proved to keep to.
    """
    arithmetic = Arithmetic(engine.dialect)
    told = list(figures(arithmetic))
    told = Random(seed).sample(told, min(len(told), count // _ROWS))  # noqa: S311 - examples, not secrets
    data = rows(count * 9 // 10 // len(told) + 1, seed)
    found = wrong(engine, f"roundings{seed}", columns(arithmetic), data, told)
    done, turn = len(told) * len(data), 0
    while done < count or not turn:
        random = Random(1000 * seed + turn)  # noqa: S311 - examples, not secrets
        of = {name: arithmetic.column(name, *random_ends(random)) for name in "abcd"}
        ended, grown = at_ends(of), list(trees(arithmetic, of, _TREES, 1000 * seed + turn))
        found += wrong(engine, f"ends{seed}_{turn}", of, ended, grown)
        done, turn = done + len(ended) * len(grown), turn + 1
    return done, found


@contextmanager
def opened(name: str, at: str | None) -> Iterator[Engine]:
    """An engine by its name; ``at`` is the master of a cluster or the address of a server, else one is started."""
    if name == "duckdb":
        from engine.sql.duckdb_engine import DuckDB

        with closing(DuckDB(memory="2GB")) as engine:
            yield engine
    elif name == "spark":
        from engine.sql.spark_engine import Spark

        with closing(Spark(at or "local[*]")) as spark:
            yield spark
    else:
        from engine.sql.postgres_engine import PostgreSQL

        if at is not None:
            with closing(PostgreSQL(at)) as postgres:
                yield postgres
            return
        programs = postgres_programs()
        if programs is None:
            raise SystemExit("PostgreSQL is not installed")
        with running_postgres(programs) as dsn, closing(PostgreSQL(dsn)) as postgres:
            yield postgres


def main() -> int:
    """Prints how many were right; 1 where one was wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--engine", choices=("duckdb", "spark", "postgres"), required=True)
    parser.add_argument("--at", help="spark://… or the address of a server")
    parser.add_argument("--count", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    with opened(asked.engine, asked.at) as engine:
        done, found = tried(engine, asked.count, asked.seed)
    sys.stdout.write(f"{asked.engine}: {done} figures, {len(found)} wrong{os.linesep}")
    sys.stdout.writelines(f"  {line}{os.linesep}" for line in found[:_SHOWN])
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
