"""Every engine keeps what it is given, answers in the same words, stops when asked, and leaves nothing behind."""

import os
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import date
from pathlib import Path
from threading import Thread
from typing import Any

import engines_fixture
import pytest
from sqlglot import exp

from engine.sql.duckdb_engine import DuckDB
from engine.sql.engines import Columns, Engine, UnusableError, table_of
from engine.sql.postgres_engine import PostgreSQL
from engine.sql.whole import WIDE, Arithmetic

NAME = "甲 `\"'表"
ROWS = [
    (1, WIDE, date(2026, 2, 28), True, "某医院 \"甲\"\n\\t\\ 100% '乙'"),
    (2, -WIDE, date(1900, 1, 1), False, ""),
    (3, None, None, None, None),
]


def columns(engine: Engine) -> Columns:
    """A column of every sort."""
    wide = Arithmetic(engine.dialect).type_of(-WIDE, WIDE)
    kinds = [exp.DataType.build(kind) for kind in ("BIGINT", "DATE", "BOOLEAN", "TEXT")]
    return list(zip(("n", "宽", "Day", "yes no", 'a"`b'), [kinds[0], wide, *kinds[1:]], strict=True))


def everything(table: str) -> exp.Select:
    return exp.select("*").from_(table_of(table)).order_by("n")


def test_what_is_given_comes_back_whatever_sort_it_is_and_however_its_column_is_called(every_engine: Engine) -> None:
    every_engine.create(NAME, columns(every_engine))
    assert list(every_engine.rows(everything(NAME))) == []
    every_engine.fill(NAME, iter(ROWS[:2]))
    every_engine.fill(NAME, ROWS[2:])
    every_engine.keep("留下", everything(NAME))
    for table in (NAME, "留下"):
        answer = list(every_engine.rows(everything(table)))
        assert answer == ROWS
        assert [[type(value) for value in row] for row in answer] == [[type(value) for value in row] for row in ROWS]


def test_a_number_that_its_column_does_not_hold_is_refused(every_engine: Engine) -> None:
    every_engine.create("narrow", [("n", exp.DataType.build("BIGINT"))])
    with pytest.raises(Exception, match=r"(?i)malformed|out of range|int64|convert"):
        every_engine.fill("narrow", [(2**63,)])


def test_another_may_be_asked_before_an_answer_is_read_to_its_end(every_engine: Engine) -> None:
    every_engine.create("many", [("n", exp.DataType.build("BIGINT"))])
    every_engine.fill("many", ((n,) for n in range(25_000)))
    answer = every_engine.rows(everything("many"))
    assert next(answer) == (0,)
    assert list(every_engine.rows(exp.select(exp.func("max", exp.column("n"))).from_(table_of("many")))) == [(24_999,)]
    assert list(answer) == [(n,) for n in range(1, 25_000)]


def test_parquet_files_are_read_as_one_table(every_engine: Engine, tmp_path: Path) -> None:
    files = [tmp_path / "一 月[1]{甲,乙}*?%20.parquet", tmp_path / "2.parquet"]
    with closing(DuckDB(open_to=[tmp_path])) as writer:
        for n, file in enumerate(files):
            writer.run(
                f"COPY (SELECT {n}::BIGINT AS n, {WIDE}::DECIMAL(38, 0) AS 宽, DATE '2026-01-01' AS d, NULL::TEXT AS s, "
                f"{n} = 0 AS b) TO '{file}' (FORMAT parquet)"
            )
    every_engine = DuckDB(open_to=[tmp_path]) if every_engine.dialect == "duckdb" else every_engine
    every_engine.read("file", files)
    given = [(n, int(wide), *rest) for n, wide, *rest in every_engine.rows(everything("file"))]
    assert given == [(n, WIDE, date(2026, 1, 1), None, n == 0) for n in range(2)]


def endless(engine: Engine) -> str:
    """A query that nobody waits for to its end."""
    source = {
        "duckdb": "range(1000000000) AS a(n), range(1000000000) AS b(m)",
        "spark": "range(1000000000) AS a(n), range(1000000000) AS b(m)",
        "postgres": "generate_series(1, 1000000000) AS a(n), generate_series(1, 1000000000) AS b(m)",
    }[engine.dialect]
    return f"SELECT sum((n + m) % 7) FROM {source}"  # noqa: S608 - our own words


def test_a_query_stops_when_it_is_interrupted_and_the_next_is_answered(every_engine: Engine) -> None:
    ended: list[BaseException] = []

    def ask() -> None:
        try:
            list(every_engine.rows(endless(every_engine)))
        except Exception as error:  # noqa: BLE001 - each engine has its own
            ended.append(error)

    asking = Thread(target=ask)
    asking.start()
    while asking.is_alive():
        every_engine.interrupt()
        asking.join(0.2)
    assert len(ended) == 1
    assert list(every_engine.rows("SELECT 1")) == [(1,)]


def test_a_session_of_spark_or_postgresql_leaves_no_table_to_the_next(every_engine: Engine, request: Any) -> None:
    if every_engine.dialect == "duckdb":
        first: Engine = DuckDB()
        second: Engine = DuckDB()
    elif every_engine.dialect == "postgres":
        dsn = request.getfixturevalue("postgres_server")
        first, second = PostgreSQL(dsn), PostgreSQL(dsn)
    else:
        from engine.sql.spark_engine import Spark

        first, second = Spark("local[2]"), Spark("local[2]")
    first.create("mine", [("n", exp.DataType.build("BIGINT"))])
    with pytest.raises(Exception, match=r"(?i)mine"):
        list(second.rows(everything("mine")))
    second.create("mine", [("n", exp.DataType.build("BIGINT"))])
    first.close()
    assert list(second.rows(everything("mine"))) == []
    second.close()


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A folder for what spills, which is empty again at the end."""
    path = tmp_path / "spilled"
    path.mkdir()
    yield path
    assert list(path.iterdir()) == []


def test_duckdb_reads_only_what_is_opened_to_it_and_spills_into_a_folder_of_its_own(folder: Path) -> None:
    (folder.parent / "open.csv").write_text("n\n1\n")
    (folder.parent / "shut.csv").write_text("n\n1\n")
    with closing(DuckDB(memory="64MB", threads=1, folder=folder, open_to=[folder.parent / "open.csv"])) as engine:
        assert list(engine.rows(f"FROM read_csv('{folder.parent}/open.csv')")) == [(1,)]
        for refused in (
            f"FROM read_csv('{folder.parent}/shut.csv')",
            "FROM read_csv('https://example.invalid/a.csv')",
            "INSTALL httpfs",
            "SET enable_external_access = true",
            f"COPY (SELECT 1) TO '{folder.parent}/out.csv'",
        ):
            with pytest.raises(Exception, match=r"(?i)permission|disabled|locked|cannot|not allowed"):
                list(engine.rows(refused))
        # More than fits in the memory allowed.
        assert list(engine.rows("SELECT count(*) FROM (SELECT DISTINCT n, n::VARCHAR FROM range(1500000) t(n))")) == [
            (1_500_000,)
        ]
        assert list(folder.iterdir())


def test_a_server_that_does_not_answer_is_told_of(tmp_path: Path) -> None:
    pytest.importorskip("psycopg")
    with pytest.raises(UnusableError) as refused:
        PostgreSQL(f"host={tmp_path} user=nobody")
    assert (refused.value.engine, refused.value.reason) == ("PostgreSQL", "not reached")
    assert refused.value.detail


def test_an_engine_that_is_not_installed_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from engine.sql.spark_engine import Spark

    for module in ("psycopg", "pyspark.core.context", "pyspark.sql"):
        monkeypatch.setitem(__import__("sys").modules, module, None)
    for opened, words in ((PostgreSQL, "pip install 'xiance[postgres]'"), (Spark, "pip install 'xiance[spark]'")):
        with pytest.raises(UnusableError) as refused:
            opened("")
        assert (refused.value.reason, refused.value.detail) == ("not installed", words)


def test_a_spark_that_lets_numbers_wrap_is_refused(spark_session: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    from pyspark.sql import SparkSession

    from engine.sql.spark_engine import Spark

    begun = SparkSession.newSession

    def lax(session: Any) -> Any:
        another = begun(session)
        another.conf.set("spark.sql.ansi.enabled", "false")
        return another

    assert list(spark_session.rows("SELECT 1")) == [(1,)]
    monkeypatch.setattr(SparkSession, "newSession", lax)
    with pytest.raises(UnusableError, match="wraps"):
        Spark("local[2]")


def test_spark_on_this_machine_is_not_taken_for_a_cluster(spark_session: Engine) -> None:
    from engine.sql.spark_engine import Spark

    assert spark_session.dialect == "spark"
    with pytest.raises(UnusableError, match="not reached"):
        Spark("spark://127.0.0.1:1")


def without_postgres(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engines_fixture, "postgres_programs", lambda: None)


def without(module: str) -> Callable[[pytest.MonkeyPatch], None]:
    def hide(monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(engines_fixture, "postgres_programs", lambda: Path("/"))
        monkeypatch.setattr(engines_fixture, "find_spec", lambda name: None if name == module else object())

    return hide


def without_java(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engines_fixture, "find_spec", lambda _: object())
    monkeypatch.setattr("shutil.which", lambda _: None)
    monkeypatch.delenv("JAVA_HOME", raising=False)


@pytest.mark.parametrize(
    ("need", "hide", "words"),
    [
        (engines_fixture.need_postgres, without_postgres, "PostgreSQL is not installed"),
        (engines_fixture.need_postgres, without("psycopg"), "PostgreSQL cannot be reached: pip install"),
        (engines_fixture.need_spark, without("pyspark"), "Spark is not installed"),
        (engines_fixture.need_spark, without_java, "Java is not installed, which Spark needs"),
    ],
    ids=["no server", "no driver", "no spark", "no java"],
)
def test_a_missing_engine_is_skipped_by_name_and_fails_where_changes_are_checked(
    need: Callable[[], object],
    hide: Callable[[pytest.MonkeyPatch], None],
    words: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    hide(monkeypatch)
    monkeypatch.setitem(os.environ, "CI", "")
    with pytest.raises(pytest.skip.Exception, match=words):
        need()
    monkeypatch.setitem(os.environ, "CI", "true")
    with pytest.raises(pytest.fail.Exception, match=words):
        need()
