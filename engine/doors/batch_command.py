"""Many runs at once (``settle --batch``): the file read, the runs settled in one plan, tables written, a summary told."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import click

from engine.doors.telling import fail, json_text, stop, tell, tell_json, write_folder, write_whole
from grammar.diagnostic import FindingsError, Language

if TYPE_CHECKING:
    from engine.api import Limits, Policy
    from engine.load.tables import RawData
    from engine.nouns.dataset import Assumption
    from engine.sql.duckdb_engine import DuckDB


def settle_many_runs(
    batch: str, backend: str, limits: "Limits", form: str, out: str | None, language: Language
) -> None:
    """Settle all runs of a file; ends with 1 where a run was refused, the others being told all the same."""
    from engine.doors.batch_form import summary_json, summary_text, tables
    from engine.doors.batch_receipt import batch_receipt
    from engine.doors.receipt_form import BESIDE
    from engine.load.batch_file import read_batch
    from engine.load.read import read_data, room_for
    from engine.trial.batch import jobs_of, settle_batch

    zh = language == "zh"
    if not os.path.isfile(batch):  # noqa: PTH113 - it answers for names that are too long
        stop(f"没有这个文件：{batch}" if zh else f"no such file: {batch}")
    if backend == "spark":
        stop("--batch 用 duckdb 或逐行计算（exact）" if zh else "--batch goes with duckdb or exact")
    if form in {"csv", "parquet"} and not out:
        stop("写成表要有文件夹：加 --out 结果" if zh else "tables are written to a folder: add --out results")
    if form == "xlsx":
        stop("--batch 写成 table、json、csv 或 parquet" if zh else "--batch is told as table, json, csv or parquet")

    def read(path: Path, shown: str) -> "RawData":
        return read_data(path, shown, room_for(path, limits.memory, limits.threads))

    with TemporaryDirectory(prefix="xiance-") as name:
        try:
            jobs = jobs_of(read_batch(Path(batch), batch), Path(batch).parent, _scenario, read)
            with _engine(limits, Path(name)) as engine:
                settle_batch(engine, jobs, in_engine=backend == "duckdb")
                summary = summary_json(engine, batch, backend, jobs, language)
                written: dict[str, str | bytes] = {}
                if out and form != "json":
                    written |= tables(engine, jobs, Path(name), form)
                    written[BESIDE] = json_text(batch_receipt(jobs, batch, backend))
        except FindingsError as error:
            fail(error.findings, form, language)
    if form != "json":
        tell((warning for job in jobs for warning in job.warnings), language)
    if written:
        _write(written, Path(out or ""), language)
    if form == "json":
        write_whole(Path(out), json_text(summary), language) if out else tell_json(summary)
    else:
        click.echo(summary_text(summary, language), nl=False)
    sys.exit(1 if any(job.many.refused for job in jobs) else 0)


def _write(written: dict[str, str | bytes], folder: Path, language: Language) -> None:
    from engine.doors.batch_form import is_batch_table
    from engine.doors.csv_form import is_table
    from engine.doors.parquet_form import is_parquet_table
    from engine.doors.receipt_form import is_receipt

    def ours(path: Path) -> bool:
        return is_batch_table(path) or is_parquet_table(path) or is_table(path) or is_receipt(path)

    write_folder(folder, written, language, ours)


def _scenario(policy: "Policy", name: str) -> "list[Assumption]":
    from engine.doors.scenarios import NoSuchScenarioError, assumptions_of

    try:
        return assumptions_of(policy, name)
    except NoSuchScenarioError as error:
        raise LookupError(*error.known) from None


@contextmanager
def _engine(limits: "Limits", folder: Path) -> "Iterator[DuckDB]":
    """An engine that may write into a folder."""
    import duckdb

    from engine.bulk.run import held
    from engine.sql.duckdb_engine import DuckDB

    try:
        engine = DuckDB(memory=limits.memory, threads=limits.threads, open_to=[folder])
    except duckdb.OutOfMemoryException as error:
        raise MemoryError from error
    with held(engine):
        yield engine
