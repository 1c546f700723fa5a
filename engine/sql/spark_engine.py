"""Spark, in this process or on a cluster: for rows that outgrow a machine. It must refuse what overflows, and is tried for it."""

import json
import logging
import os
import re
import shutil
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from decimal import Decimal
from functools import reduce
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import urlsplit

from sqlglot import exp

from engine.sql.engines import Columns, Statement, UnusableError, text_of
from engine.sql.whole import SHORT, Dialect

_FILLED = 10_000
_LOOPBACK = "127.0.0.1"


class Spark:
    """A session of Spark; ``master`` is ``local[*]`` or ``spark://…``.

    Where this process has Spark already, this is one more session of it, with tables of its own; else Spark is started here
    and ends with this session. ``memory`` is the driver's, which is all there is on one machine.
    """

    dialect: Dialect = "spark"

    def __init__(
        self, master: str = "local[*]", *, memory: str | None = None, folder: Path | None = None, progress: bool = False
    ) -> None:
        try:
            from pyspark.core.context import SparkContext
            from pyspark.sql import SparkSession
        except ImportError as error:
            raise UnusableError("Spark", "not installed", "pip install 'xiance[spark]'") from error
        if shutil.which("java") is None and "JAVA_HOME" not in os.environ:
            raise UnusableError("Spark", "not installed", "Java 17")
        running = SparkContext._active_spark_context  # noqa: SLF001 - there is no other way to ask
        if running is not None and running.master != master and _is_cluster(str(running.master), master):
            raise UnusableError("Spark", "not reached", f"{running.master} ≠ {master}")
        self._ours = running is None
        self._folder = TemporaryDirectory(prefix="xiance-", dir=folder)
        # Every refusal is an exception already; its whole stack beside it helps nobody.
        logging.getLogger("SQLQueryContextLogger").setLevel(logging.CRITICAL)
        builder = SparkSession.builder.master(master).appName("xiance")
        for key, value in _settings(master, memory, Path(self._folder.name), progress=progress).items():
            builder = builder.config(key, value)
        try:
            with _words_into(Path(self._folder.name, "words")):
                session = builder.getOrCreate()
        except Exception as error:
            self._folder.cleanup()
            raise UnusableError("Spark", "not reached", _first_line(error)) from error
        self._sql = session if self._ours else session.newSession()
        if not self._refuses_overflow():
            self.close()
            raise UnusableError("Spark", "wraps")

    def create(self, table: str, columns: Columns) -> None:
        """An empty table."""
        self._named(table, self._sql.createDataFrame([], _fields(columns)))

    def fill(self, table: str, rows: Iterable[Sequence[Any]]) -> None:
        """Add rows to a table."""
        empty = self._sql.table(_quoted(table))
        # As text: rows handed over as objects would go through processes of Python on every machine of a cluster.
        names = empty.columns
        form = f"array<struct<{', '.join(f'{_quoted(field.name)}: {field.dataType.simpleString()}' for field in empty.schema)}>>"
        parts = [empty]
        rest = iter(rows)
        while batch := [dict(zip(names, row, strict=True)) for row in islice(rest, _FILLED)]:
            text = json.dumps(batch, default=_as_text, ensure_ascii=False)
            parts.append(
                self._sql.sql(
                    "SELECT inline(from_json(:rows, :form, map('mode', 'FAILFAST')))", {"rows": text, "form": form}
                )
            )
        self._named(table, reduce(lambda one, more: one.unionAll(more), parts).localCheckpoint())

    def read(self, table: str, files: Sequence[Path]) -> None:
        """A table of what Parquet files hold."""
        self._named(table, self._sql.read.parquet(*map(_as_address, files)))

    def keep(self, table: str, query: Statement) -> None:
        """A table of what a query answers."""
        # A table that only was remembered would be planned again, with all below it, by every query over it.
        made = self._sql.sql(text_of(query, self.dialect, spent=True))
        self._named(table, made.localCheckpoint())

    def run(self, statement: Statement) -> None:
        """Run what answers nothing."""
        self._answer(statement)

    def rows(self, query: Statement) -> Iterator[tuple[Any, ...]]:
        """What a query answers."""
        answer = self._answer(query)
        wide = [n for n, field in enumerate(answer.schema.fields) if field.dataType.typeName() == "decimal"]
        for row in answer.toLocalIterator(prefetchPartitions=True):
            yield _with_whole(row, wide) if wide else tuple(row)

    def interrupt(self) -> None:
        """Stop what runs at this moment."""
        self._sql.sparkContext.cancelAllJobs()

    def close(self) -> None:
        """Give back memory and folder."""
        if self._ours:
            self._sql.stop()
        else:
            for table in self._sql.catalog.listTables():
                self._sql.catalog.dropTempView(table.name)
        self._folder.cleanup()

    def _answer(self, query: Statement) -> Any:
        return self._sql.sql(text_of(query, self.dialect))

    def _named(self, table: str, answer: Any) -> None:
        answer.createOrReplaceTempView(_quoted(table))

    def _refuses_overflow(self) -> bool:
        """Whether whole numbers past 64 bits are an error, as the standard has it, and not another number."""
        if self._sql.conf.get("spark.sql.ansi.enabled") != "true":
            return False
        try:
            self._sql.sql("SELECT :n + 1", {"n": SHORT}).collect()
        except Exception as error:  # noqa: BLE001 - its kind is the message
            return "ARITHMETIC_OVERFLOW" in str(error)
        return False


def _settings(master: str, memory: str | None, folder: Path, *, progress: bool) -> Mapping[str, str]:
    local = not _is_cluster(master) or urlsplit(master).hostname in ("localhost", _LOOPBACK)
    return {
        "spark.sql.ansi.enabled": "true",
        "spark.sql.session.timeZone": "UTC",
        # A level that is put into the next one, and that into its next, doubles with each: some plans would fill any memory.
        "spark.sql.optimizer.excludedRules": "org.apache.spark.sql.catalyst.optimizer.CollapseProject",
        # So would what is known of a column by every name it ever had.
        "spark.sql.constraintPropagation.enabled": "false",
        "spark.sql.catalogImplementation": "in-memory",
        "spark.sql.warehouse.dir": (folder / "warehouse").as_uri(),
        "spark.local.dir": str(folder),
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "true" if progress else "false",
        "spark.log.level": "OFF",
        **({"spark.driver.host": _LOOPBACK, "spark.driver.bindAddress": _LOOPBACK} if local else {}),
        **({"spark.driver.memory": memory} if memory is not None else {}),
        # As many parts as there are cores are enough for one machine; a cluster chooses for itself.
        **({"spark.sql.shuffle.partitions": str(os.cpu_count() or 1)} if not _is_cluster(master) else {}),
    }


def _is_cluster(*masters: str) -> bool:
    """Whether one of them is more than this machine."""
    return any(not master.startswith("local") for master in masters)


@contextmanager
def _words_into(file: Path) -> Iterator[None]:
    """What Java says while it starts is no answer to the person at the keyboard."""
    sys.stderr.flush()
    kept = os.dup(2)
    with file.open("wb") as words:
        os.dup2(words.fileno(), 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


def _as_address(file: Path) -> str:
    """A file as Hadoop names it: nothing is encoded, and signs of patterns are their own."""
    return "file://" + re.sub(r"[*?{}\[\]\\]", r"\\\g<0>", str(file.absolute()))


def _first_line(error: Exception) -> str:
    return next(iter(str(error).strip().splitlines()), type(error).__name__)


def _quoted(table: str) -> str:
    return exp.to_identifier(table, quoted=True).sql(dialect="spark")


def _fields(columns: Columns) -> str:
    return ", ".join(
        f"{exp.to_identifier(name, quoted=True).sql(dialect='spark')} {kind.sql(dialect='spark')}"
        for name, kind in columns
    )


def _as_text(value: object) -> str:
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} is no value of a column")


def _with_whole(row: Sequence[Any], wide: Sequence[int]) -> tuple[Any, ...]:
    """A row with its wide whole numbers as ints."""
    values = list(row)
    for n in wide:
        if isinstance(values[n], Decimal):
            values[n] = _whole(values[n])
    return tuple(values)


def _whole(value: Decimal) -> int:
    number = int(value)
    if number != value:
        raise ArithmeticError(f"{value} is no whole number")
    return number
