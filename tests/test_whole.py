"""Whole numbers in SQL come to what Fractions come to, on every engine, in the type that their ends prove."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from random import Random

import pytest
from engines_fixture import Cluster
from roundings import tried
from sqlglot import exp
from whole_cases import figures, random_ends, trees

from engine.sql.engines import Engine, table_of
from engine.sql.whole import SHORT, WIDE, Arithmetic, Unproved, Whole

# What each engine calls 64 bits, and what it calls wide.
TYPES = {
    "duckdb": ("BIGINT", "HUGEINT"),
    "spark": ("bigint", "decimal(38,0)"),
    "postgres": ("bigint", "numeric"),
}


def table(engine: Engine, name: str, data: Sequence[tuple[int | None, ...]], **columns: Whole) -> exp.Table:
    """A table of an engine whose columns have the types that their ends ask for."""
    arithmetic = Arithmetic(engine.dialect)
    engine.create(name, [(column, arithmetic.type_of(of.low, of.high)) for column, of in columns.items()])
    engine.fill(name, data)
    return table_of(name)


def typed(engine: Engine, sql: exp.Expression) -> exp.Expression:
    """What an engine says of the type of a figure."""
    if engine.dialect == "postgres":
        return exp.cast(exp.Anonymous(this="pg_typeof", expressions=[sql]), exp.DataType.build("TEXT"))
    return exp.Anonymous(this="typeof", expressions=[sql])


def test_roundings_quotients_and_products_are_exact_on_every_engine(every_engine: Engine) -> None:
    done, found = tried(every_engine, 12_000)
    assert found == []
    assert done >= 12_000


def test_a_figure_has_the_type_that_its_ends_prove_on_every_engine(every_engine: Engine) -> None:
    arithmetic = Arithmetic(every_engine.dialect)
    short, wide = TYPES[every_engine.dialect]
    for seed in range(3):
        random = Random(seed)  # noqa: S311 - examples, not secrets
        of = {name: arithmetic.column(name, *random_ends(random)) for name in "abcd"}
        rows = table(every_engine, f"types{seed}", [tuple(column.high for column in of.values())], **of)
        told = [whole for whole, _ in trees(arithmetic, of, 40, seed)]
        asked = [exp.alias_(typed(every_engine, arithmetic.stored(whole)), f"t{n}") for n, whole in enumerate(told)]
        given = next(every_engine.rows(exp.select(*asked).from_(rows)))
        assert given == tuple(short if whole.bits == 64 else wide for whole in told)


def test_no_figure_goes_through_a_type_that_rounds() -> None:
    floating = {exp.DataType.Type.DOUBLE, exp.DataType.Type.FLOAT}
    for dialect in ("duckdb", "spark", "postgres"):
        arithmetic = Arithmetic(dialect)
        for whole, _ in figures(arithmetic):
            assert not {cast.to.this for cast in whole.sql.find_all(exp.Cast)} & floating
            assert not {"DOUBLE", "FLOAT", "ROUND(", "TRUNC(", "SIGN("} & set(whole.sql.sql(dialect).upper().split())


def test_a_sum_past_64_bits_is_exact_over_groups_windows_and_some_rows(every_engine: Engine) -> None:
    arithmetic = Arithmetic(every_engine.dialect)
    of, group = arithmetic.column("v", -SHORT, SHORT), arithmetic.column("g", 0, 9)
    data = [(g, value) for g in range(2) for value in (SHORT, SHORT, SHORT, None, -5)]
    rows = table(every_engine, "long_sums", data, g=group, v=of)
    right, positive = 3 * SHORT - 5, 3 * SHORT
    where = arithmetic.over(of, arithmetic.constant(0))
    some = arithmetic.total(of, 10, where=where)
    grouped = exp.select(arithmetic.total(of, 10).sql, some.sql).from_(rows).group_by(group.sql)
    assert list(every_engine.rows(grouped)) == [(right, positive)] * 2
    over = exp.select(arithmetic.total(of, 10, over=[group.sql]).sql).from_(rows)
    assert list(every_engine.rows(over)) == [(right,)] * 10


def test_a_sum_that_is_proved_short_is_of_64_bits_again(every_engine: Engine) -> None:
    arithmetic = Arithmetic(every_engine.dialect)
    of = arithmetic.column("v", 0, 10**15)
    rows = table(every_engine, "short_sums", [(10**15,)] * 9, v=of)
    for whole in (
        arithmetic.total(of, 9),
        arithmetic.total(of, 9, over=[]),
        arithmetic.total(arithmetic.constant(1), 9),
    ):
        asked = exp.select(whole.sql, typed(every_engine, whole.sql.copy())).from_(rows).limit(1)
        value = 9 if whole.high == 9 else 9 * 10**15
        assert list(every_engine.rows(asked)) == [(value, TYPES[every_engine.dialect][0])]


def test_the_largest_and_the_smallest_leave_blanks_out_and_nothing_gives_null(every_engine: Engine) -> None:
    arithmetic = Arithmetic(every_engine.dialect)
    of = arithmetic.column("v", -WIDE, WIDE)
    rows = table(every_engine, "extremes", [(-WIDE,), (None,), (WIDE,), (0,)], v=of)
    none = exp.false()
    told = [
        arithmetic.largest(of),
        arithmetic.smallest(of),
        arithmetic.largest(of, where=none),
        arithmetic.total(of, 1, where=none),
    ]
    assert list(every_engine.rows(exp.select(*(whole.sql for whole in told)).from_(rows))) == [
        (WIDE, -WIDE, None, None)
    ]


def test_what_was_not_proved_and_does_overflow_is_an_error_and_never_another_number(every_engine: Engine) -> None:
    arithmetic = Arithmetic(every_engine.dialect)
    # Ends that the data do not keep to: whoever claims them is refused by the engine at the latest.
    believed, of = arithmetic.column("v", 0, 10), arithmetic.column("v", -SHORT, SHORT)
    rows = table(every_engine, "overflows", [(SHORT,), (SHORT,)], v=of)
    for whole in (
        arithmetic.add(believed, arithmetic.constant(1)),
        arithmetic.multiply(believed, arithmetic.constant(3)),
        arithmetic.multiply(believed, believed),
        arithmetic.total(believed, 2),
        arithmetic.quotient(arithmetic.multiply(believed, arithmetic.constant(3)), arithmetic.constant(10), "half_up"),
    ):
        with pytest.raises(Exception, match=r"(?i)overflow|out of range"):
            list(every_engine.rows(exp.select(whole.sql).from_(rows)))


def test_a_sum_or_product_is_worked_out_as_it_was_proved_and_not_in_another_order(every_engine: Engine) -> None:
    arithmetic = Arithmetic(every_engine.dialect)
    low = arithmetic.column("low", -SHORT, 0)
    more, less, nil = (
        arithmetic.column(name, *at) for name, at in (("more", (0, 5)), ("less", (-5, 0)), ("nil", (0, 0)))
    )
    five, add, multiply = arithmetic.constant(5), arithmetic.add, arithmetic.multiply
    rows = table(every_engine, "orders", [(-SHORT, 5, -5, 0)], low=low, more=more, less=less, nil=nil)
    told = {
        add(add(low, five), less): -SHORT,
        add(less, add(low, five)): -SHORT,
        add(add(less, add(low, more)), five): -SHORT + 5,
        multiply(multiply(low, arithmetic.constant(0)), low): 0,
        multiply(low, multiply(nil, low)): 0,
        multiply(multiply(low, multiply(low, nil)), five): 0,
    }
    for whole, right in told.items():
        # One at a time, and all on columns: nothing is worked out beforehand.
        assert list(every_engine.rows(exp.select(arithmetic.stored(whole)).from_(rows))) == [(right,)]


def test_a_figure_kept_in_a_table_is_read_again_as_it_was(every_engine: Engine) -> None:
    arithmetic = Arithmetic(every_engine.dialect)
    of = arithmetic.column("v", -(2**62), 2**62)
    rows = table(every_engine, "kept_from", [(2**62,), (-(2**62),)], v=of)
    square = arithmetic.multiply(of, of)
    with_literal = exp.alias_(arithmetic.stored(arithmetic.constant(7)), "seven")
    every_engine.keep("kept", exp.select(exp.alias_(arithmetic.stored(square), "w"), with_literal).from_(rows))
    again, seven = arithmetic.column("w", square.low, square.high), arithmetic.column("seven", 7, 7)
    back = arithmetic.quotient(again, arithmetic.constant(2**62), "half_even")
    asked = exp.select(back.sql, arithmetic.add(again, seven).sql, typed(every_engine, seven.sql)).from_(
        table_of("kept")
    )
    short = TYPES[every_engine.dialect][0]
    assert list(every_engine.rows(asked)) == [(2**62, 2**124 + 7, short)] * 2


def test_what_no_engine_is_proved_to_hold_is_not_lowered() -> None:
    for dialect in ("duckdb", "spark", "postgres"):
        arithmetic = Arithmetic(dialect)
        wide = arithmetic.column("w", -(2**80), 2**80)
        with pytest.raises(Unproved):
            arithmetic.multiply(arithmetic.multiply(wide, wide), arithmetic.constant(2**3)).bits  # noqa: B018 - it raises
        with pytest.raises(Unproved):
            arithmetic.type_of(0, WIDE + 1)


def test_a_cluster_of_spark_rounds_on_both_of_its_workers_as_python_does(spark_cluster: Cluster) -> None:
    script = Path(__file__).with_name("roundings.py")
    asked = [sys.executable, str(script), "--engine", "spark", "--at", spark_cluster.master, "--count", "2000"]
    told = subprocess.run(asked, check=False, capture_output=True, text=True, timeout=300)
    assert told.returncode == 0, told.stdout + told.stderr
    assert told.stdout.rstrip().endswith(" 0 wrong")
    assert all(any(worker.glob("app-*/*")) for worker in spark_cluster.workers)
