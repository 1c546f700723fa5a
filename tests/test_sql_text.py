"""What ``xiance sql`` prints: SQL of a page or a few that a person reads, and that runs."""

import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import date
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import pytest
import sqlglot

sys.path.insert(0, str(Path(__file__).parent / "agreement"))

from roads import case_of, dataset_of

from engine.api import Policy, bind_data, open_policy, sql_of
from engine.bulk.fill import fill
from engine.bulk.print_sql import Said, of_any_data
from engine.interpret.interpret import interpret
from engine.load.read import read_data
from engine.nouns.dataset import Dataset
from engine.nouns.possible import Scalar
from engine.nouns.world import Row
from engine.sql.domain import is_gone
from engine.sql.forms import ALWAYS, Number
from engine.sql.layout import OPEN, Column
from engine.sql.scope import Unsayable
from engine.sql.whole import Dialect
from grammar.diagnostic import FindingsError

POLICIES = Path(__file__).parent.parent / "policies"
SAMPLES = tuple(sorted(path.parent.name for path in POLICIES.glob("*/sample.yaml")))
MOST_LINES, MOST_OF_ALL = 650, 1_650
PROGRAMS = 60
DIALECTS: tuple[Dialect, ...] = ("duckdb", "spark", "postgres")


@cache
def policy_of(name: str) -> Policy:
    return open_policy(name)


@cache
def data_of(name: str) -> Dataset:
    return bind_data(policy_of(name), read_data(POLICIES / name / "sample.yaml", "sample.yaml"))


def stored(value: Scalar | None, column: Column) -> Any:
    """A value as the printed table holds it."""
    if value is None or column.sort != "whole":
        return value
    assert isinstance(value, int | Fraction)
    whole = value * column.scale
    if whole.denominator != 1 or not (column.low or 0) <= whole <= (column.high or 0):
        raise OutsideError
    return int(whole)


def filled(policy: Policy, data: Dataset, said: Said, text: str) -> duckdb.DuckDBPyConnection:
    """The tables of the printed SQL with data in them, and then all it makes of them."""
    database = duckdb.connect()
    statements = [
        tree.sql(dialect="duckdb", comments=False) for tree in sqlglot.parse(text, dialect="duckdb") if tree is not None
    ]
    creates = [x for x in statements if x.startswith("CREATE TABLE")]
    for create in creates:
        database.execute(create)
    given = fill(policy.pipeline, data)
    for kind, relation in said.layout.relations.items():
        try:
            names = [row[0] for row in database.execute(f"DESCRIBE {relation.sql}").fetchall()]
        except duckdb.CatalogException:
            continue
        if kind == OPEN:
            assumed = {x.sql: data.assumptions.get(x.name) for x in relation.columns.values()}
            columns = {x.sql: x for x in relation.columns.values()}
            row = [None if assumed[n] is None else stored(assumed[n].value, columns[n]) for n in names]  # type: ignore[union-attr]
            database.execute(f"INSERT INTO {relation.sql} VALUES ({', '.join('?' * len(names))})", row)  # noqa: S608 - names of our own
            continue
        theirs = given.layout.relations[kind]
        made: dict[str, list[Any]] = {}
        for sql, cells in given.cells[kind].items():
            column = next((x for x in theirs.columns.values() if x.sql == sql), None)
            if column is None:
                made[sql] = list(cells)
                continue
            mine = relation.columns[column.name]
            exact = [Fraction(x, column.scale) if column.sort == "whole" and x is not None else x for x in cells]  # type: ignore[arg-type]
            made[mine.sql] = [stored(x, mine) for x in exact]
        rows = list(zip(*(made[n] for n in names), strict=True))
        if rows:
            quoted = ", ".join(f'"{n}"' for n in names)
            marks = ", ".join("?" * len(names))
            database.executemany(f"INSERT INTO {relation.sql} ({quoted}) VALUES ({marks})", rows)  # noqa: S608 - names of our own
    for statement in statements[len(creates) :]:
        database.execute(statement)
    return database


def told(said: Said, database: duckdb.DuckDBPyConnection, year: int, kind: str, name: str) -> list[tuple[Any, bool]]:
    """A figure of all rows of a kind as the printed SQL has it, and whether the row is in doubt."""
    rows = said.program.years[year][kind]
    value, what = rows.columns[name].now, rows.columns[name].now.what
    below = "1"
    if isinstance(what, Number):
        if what.low is None:
            return []
        above, below = what.low.above.sql.sql(dialect="duckdb"), what.low.below.sql.sql(dialect="duckdb")
    else:
        above = what.sql.sql(dialect="duckdb")
    gone = is_gone(value, ALWAYS).sql(dialect="duckdb")
    doubt = said.program.doubts[year, kind].sql(dialect="duckdb")
    where = "TRUE" if rows.frame.where is None else rows.frame.where.sql(dialect="duckdb", identify=True)
    query = f'SELECT {above}, {below}, {doubt}, {gone} FROM "{rows.frame.source}" WHERE {where} ORDER BY row'  # noqa: S608 - names of our own
    try:
        found = database.execute(query).fetchall()
    except duckdb.CatalogException:
        # Nothing is made of rows of which nothing is told but what is known before.
        return []
    assert all(above is None for above, _, _, absent in found if absent)
    number = isinstance(what, Number)
    return [(None if n is None else Fraction(n, d) if number else n, bool(doubtful)) for n, d, doubtful, _ in found]


def figures(policy: Policy, data: Dataset, year: int) -> Iterator[tuple[str, str, list[Row]]]:
    """What the interpreter settles, row by row, in the order of the rows."""
    run = interpret(policy.pipeline, data)
    (of_year,) = (x for x in run.years if x.year == year)
    for kind, figure in of_year.pipeline.scheme.figures:
        if of_year.tables.get(kind):
            yield kind, figure, list(of_year.tables[kind])


def exact(row: Row, figure: str) -> Scalar | None:
    """What a figure is, None where that is open or there is none."""
    now = row.columns[figure].now
    return now if isinstance(now, int | Fraction | bool | str | date) else None


@pytest.mark.parametrize("name", SAMPLES)
def test_printed_sql_filled_with_the_sample_gives_the_fen_of_the_interpreter_and_null_for_what_is_open(
    name: str,
) -> None:
    policy, data = policy_of(name), data_of(name)
    year = data.years[0]
    said = of_any_data(policy.pipeline, policy.scheme(), "duckdb", year, ranges=False)
    text = sql_of(policy, "duckdb", "zh", year)
    settled = 0
    with filled(policy, data, said, text) as database:
        for kind, figure, rows in figures(policy, data, year):
            cells = told(said, database, year, kind, figure) or [(None, False)] * len(rows)
            for row, (value, doubtful) in zip(rows, cells, strict=True):
                assert (value, doubtful) == (exact(row, figure), False), (kind, row.unit, figure)
                settled += value is not None
    assert settled > 0


@pytest.mark.parametrize("start", range(0, PROGRAMS, 20))
def test_printed_sql_of_random_programs_gives_the_fen_of_the_interpreter_or_null(start: int) -> None:
    same = 0
    for seed in range(start, start + 20):
        with suppress(FindingsError, OutsideError, Unsayable):
            same += agreed(seed)
    assert same > 0


class OutsideError(Exception):
    """A case that printed SQL is not for: it has other numbers than those it is for, or none."""


def agreed(seed: int) -> int:
    """How many figures of a random program the printed SQL gives, each as the interpreter does."""
    case, policy = case_of(seed)
    # What is open stays so: the printed SQL takes what is filled in for stated.
    data = replace(dataset_of(case, policy), assumptions={})
    if not data.years:
        raise OutsideError
    year = data.years[0]
    expected = list(figures(policy, data, year))
    said = of_any_data(policy.pipeline, policy.scheme(), "duckdb", year, ranges=False)
    same = 0
    with filled(policy, data, said, sql_of(policy, "duckdb", "zh", year)) as database:
        found = [(figure, rows, told(said, database, year, kind, figure)) for kind, figure, rows in expected]
        if any(doubtful for _, _, cells in found for _, doubtful in cells):
            return 0
        for figure, rows, cells in found:
            for row, (value, _) in zip(rows, cells or [(None, False)] * len(rows), strict=True):
                assert value in (None, exact(row, figure)), (seed, row.unit, figure)
                same += value is not None
    return same


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("name", SAMPLES)
def test_printed_sql_is_short_and_reads_back_as_statements(name: str, dialect: Dialect) -> None:
    text = sql_of(policy_of(name), dialect, "zh")
    assert text.count("\n") <= (MOST_OF_ALL if name == "gaotai" else MOST_LINES)
    assert all(tree is not None for tree in sqlglot.parse(text, dialect=dialect))


@pytest.mark.parametrize("name", SAMPLES)
def test_postgresql_takes_the_printed_sql_as_it_is(postgres_server: str, name: str) -> None:
    import psycopg

    with psycopg.connect(postgres_server, autocommit=True) as connection:
        connection.execute(f"CREATE SCHEMA printed_{name}")
        connection.execute(f"SET search_path TO printed_{name}")
        connection.execute(sql_of(policy_of(name), "postgres", "zh"))
        made = connection.execute("SELECT count(*) FROM pg_tables WHERE schemaname LIKE 'pg_temp%'").fetchone()
        assert made is not None
        assert made[0] > 0


def test_ranges_are_printed_when_they_are_asked_for() -> None:
    policy = policy_of(SAMPLES[0])
    assert "_high" not in sql_of(policy, "duckdb", "zh")
    assert "_high" in sql_of(policy, "duckdb", "zh", ranges=True)
