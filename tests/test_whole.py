"""Whole numbers in SQL come to what Fractions come to, in the type that their ends prove; each engine is asked once."""

from collections.abc import Iterator, Mapping
from itertools import product
from random import Random

import pytest
from sqlglot import exp
from whole_cases import ENDS, Figure, columns, figures, rows, trees

from engine.sql.duckdb_engine import DuckDB
from engine.sql.engines import Engine, table_of
from engine.sql.whole import SHORT, WIDE, Arithmetic, Unproved, Whole


@pytest.fixture(scope="module")
def duckdb() -> Iterator[Engine]:
    engine = DuckDB(memory="1GB", threads=1)
    yield engine
    engine.close()


def wrong(
    engine: Engine, table: str, of: Mapping[str, Whole], data: list[dict[str, int]], told: list[Figure]
) -> list[str]:
    """What an engine makes of figures over rows where Python makes something else, and how many there were."""
    arithmetic = Arithmetic(engine.dialect)
    engine.create(
        table,
        [
            ("n", exp.DataType.build("BIGINT")),
            *((name, arithmetic.type_of(of[name].low, of[name].high)) for name in of),
        ],
    )
    engine.fill(table, [(n, *(row[name] for name in of)) for n, row in enumerate(data)])
    asked = [exp.alias_(arithmetic.stored(whole), f"f{n}") for n, (whole, _) in enumerate(told)]
    query = exp.select("n", *asked).from_(table_of(table)).order_by("n")
    found = []
    for n, *values in engine.rows(query):
        for (whole, meaning), value in zip(told, values, strict=True):
            right = meaning(data[n])
            low, high = whole.low, whole.high
            assert low is not None
            assert high is not None
            if value != right or type(value) is not int or not low <= right <= high:
                found.append(f"{whole.sql.sql(engine.dialect)} = {value!r}, not {right} for {data[n]}")
    return found


def test_a_hundred_thousand_roundings_quotients_and_products_are_exact(duckdb: Engine) -> None:
    arithmetic = Arithmetic("duckdb")
    told = list(figures(arithmetic))
    data = rows(100_000 // len(told) + 1, 1)
    assert len(told) * len(data) >= 100_000
    assert wrong(duckdb, "roundings", columns(arithmetic), data, told) == []


def random_ends(random: Random) -> tuple[int, int]:
    """Ends of a column: of few bits or of many, of one sign or of both."""
    low, high = sorted(
        random.choice((-1, 1)) * random.randrange(2 ** random.choice((1, 8, 31, 32, 53, 62, 63, 80))) for _ in "lh"
    )
    return random.choice([(low, high), (0, abs(high)), (-abs(low), 0), (-SHORT, SHORT), (high, high)])


def test_nothing_that_is_proved_overflows_with_every_column_at_its_ends(duckdb: Engine) -> None:
    arithmetic = Arithmetic("duckdb")
    for seed in range(16):
        random = Random(seed)  # noqa: S311 - examples, not secrets
        of = {name: arithmetic.column(name, *random_ends(random)) for name in "abcd"}
        data = at_ends(of)
        told = list(trees(arithmetic, of, 100, seed))
        assert wrong(duckdb, f"ends{seed}", of, data, told) == []
        types = [exp.func("typeof", arithmetic.stored(whole)) for whole, _ in told]
        given = next(duckdb.rows(exp.select(*types).from_(table_of(f"ends{seed}"))))
        assert given == tuple("BIGINT" if whole.bits == 64 else "HUGEINT" for whole, _ in told)


def at_ends(of: Mapping[str, Whole]) -> list[dict[str, int]]:
    """Every column at its ends, next to them, and next to nothing, each with each."""
    turns = [
        sorted({column.low or 0, column.high or 0, min(max(0, column.low or 0), column.high or 0)})
        for column in of.values()
    ]
    return [dict(zip(of, values, strict=True)) for values in product(*turns)]
