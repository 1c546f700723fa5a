"""The command line: ``xiance check | settle | test | fmt | plan``; heavy parts are imported inside the commands."""

import gc
import os
import re
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from engine.doors.cases_command import cases
from engine.doors.choices import assumed_values, keep_the_data, limits_chosen, scenarios_named, years_chosen
from engine.doors.compare_command import compare
from engine.doors.data_command import data
from engine.doors.diff_command import diff
from engine.doors.explain_command import explain
from engine.doors.finding_command import finding
from engine.doors.new_command import new
from engine.doors.notice_command import notice
from engine.doors.source_command import source
from engine.doors.sql_command import sql
from engine.doors.sweep_command import sweep
from engine.doors.telling import (
    WRONG_USAGE,
    fail,
    format_option,
    json_text,
    language_option,
    named,
    stop,
    tell,
    tell_json,
    write_folder,
    write_whole,
)
from engine.doors.test_command import test
from engine.doors.usage import Group, language_of, usage_text
from engine.doors.verify_command import verify
from grammar.diagnostic import Finding, FindingsError, Language, Words, has_errors

if TYPE_CHECKING:
    from rich.console import Console

    from engine.nouns.settlement import Settlement


# As a shell reports a program whose reader has gone away, one that was interrupted, and one that was told to end.
_CLOSED_PIPE, _INTERRUPTED, _TERMINATED = 141, 130, 143
_OUR_FAULT = 70


def main() -> None:
    """Run the command line; no traceback reaches a user."""
    # A command makes trees and rows, uses them to the end and leaves: there is next to no garbage to look for.
    gc.set_threshold(200_000)
    if signal.getsignal(signal.SIGTERM) == signal.SIG_DFL:
        # What is told to end takes back what is under way, as what is interrupted does.
        signal.signal(signal.SIGTERM, _end)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            # A character the console lacks stands as an escape: a name never turns into another one's.
            stream.reconfigure(errors="backslashreplace")
    language = language_of(sys.argv[1:])
    try:
        _run()
    except click.UsageError as error:
        stop(usage_text(error, language))
    except (click.Abort, KeyboardInterrupt):
        sys.exit(_TERMINATED if _ended else _INTERRUPTED)
    except (MemoryError, RecursionError):
        fail([Finding("L230", None, {})], "json" if "json" in sys.argv else "text", language)
    except OSError as error:
        from engine.doors.whole import why

        said = "读写出错：" if language == "zh" else "cannot read or write: "
        _leave(f"{said}{why(error, language)}", WRONG_USAGE)
    except Exception as error:
        if os.environ.get("XIANCE_DEBUG"):
            raise
        words = (
            "程序出错，这不是数据的问题，请把命令和数据发给维护者"
            if language == "zh"
            else "a fault of the program, please report it"
        )
        _leave(f"{words}（{type(error).__name__}: {error}）", _OUR_FAULT)


_ended: list[int] = []


def _end(number: int, _: object) -> NoReturn:
    _ended.append(number)
    raise KeyboardInterrupt


def _run() -> None:
    """Run a command and hand over all it says; a reader that has gone away ends it without a word."""
    stdout = sys.stdout
    try:
        try:
            cli(standalone_mode=False)
        finally:
            stdout.flush()
    except (SystemExit, BrokenPipeError) as ending:
        # Where a pipe is closed click puts another stream in its place and leaves with 1, as if something were wrong.
        if isinstance(ending, SystemExit) and sys.stdout is stdout:
            raise
        os.dup2(os.open(os.devnull, os.O_WRONLY), stdout.fileno())
        sys.exit(_CLOSED_PIPE)


def _leave(message: str, code: int) -> NoReturn:
    click.echo(message, err=True)
    sys.exit(code)


@click.group(cls=Group, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="xiance", prog_name="xiance")
def cli() -> None:
    """县策：县域医保总额付费的规则语言和清算引擎。"""


@cli.command()
@click.argument("names", nargs=-1, metavar="[NAME|PATH]...")
@click.option("--ready", is_flag=True, help="再算就绪度：参数、条款、原文、案例各做到几成。")
@format_option("text", "json")
@language_option
def check(names: tuple[str, ...], form: str, language: Language, *, ready: bool) -> None:
    """检查规则文件：语法、含义、条款覆盖。不写名称则检查全部自带的方案。"""
    from engine.doors.check_form import checked, readiness_of

    findings: list[Finding] = []
    coverage: dict[str, Any] = {}
    for name in names or _known():
        result = named(lambda name=name: checked(name), language)  # type: ignore[misc]
        findings.extend(result.findings)
        coverage[result.name] = result.coverage
    counted = readiness_of(names or _known(), findings) if ready and not has_errors(findings) else {}
    if form == "json":
        from engine.doors.json_form import findings_json

        more = {"readiness": {name: each.as_json() for name, each in counted.items()}} if ready else {}
        tell_json({"findings": findings_json(findings, language), "coverage": coverage, **more})
    else:
        from engine.doors.check_form import check_text

        click.echo(check_text(findings, coverage, language), nl=False)
        for each in counted.values():
            from engine.doors.new_command import ready_text

            click.echo(ready_text(each, language))
    sys.exit(1 if has_errors(findings) else 0)


@cli.command()
@click.argument("name", required=False)
@click.option("--data", "data", metavar="PATH", help="数据：一个 YAML 文件、.xlsx 工作簿，或一个文件夹。")
@click.option(
    "--batch", metavar="FILE", help="一次算许多：清单里的方案、数据、情景、假设逐一组合；不写 NAME 和 --data。"
)
@click.option("--year", type=int, help="只显示这一年。")
@click.option("--years", metavar="Y..Z", help="只显示这几年。")
@click.option("--assume", multiple=True, metavar="名=值", help="假设一个值，可以写多次。")
@click.option("--scenario", "scenarios", multiple=True, metavar="FILE", help="情景：文件，或规则文件里情景的名称。")
@click.option(
    "--backend",
    type=click.Choice(["exact", "duckdb", "spark"]),
    help="引擎；不写时逐行计算（exact），八万行以上、每行十个数以上的和 --batch 用 duckdb，结果相同。",
)
@click.option("--memory", metavar="大小", help="整个程序最多用多少内存，例如 1GiB；放不下的写到临时文件。")
@click.option("--threads", type=click.IntRange(1), metavar="N", help="duckdb 用几个线程。")
@format_option("table", "json", "csv", "xlsx", "parquet")
@click.option("--out", metavar="PATH", help="写到文件（json、xlsx）或文件夹（csv、parquet），不写到屏幕。")
@click.option("--readings", "other_readings", is_flag=True, help="同时按另一种理解计算，列出会变的数。")
@click.option("--receipt", "receipt", metavar="PATH", help="把回执写到这个文件。")
@language_option
def settle(
    name: str | None,
    data: str | None,
    batch: str | None,
    year: int | None,
    years: str | None,
    assume: tuple[str, ...],
    scenarios: tuple[str, ...],
    backend: str | None,
    memory: str | None,
    threads: int | None,
    form: str,
    out: str | None,
    receipt: str | None,
    language: Language,
    *,
    other_readings: bool,
) -> None:
    """按方案清算数据里的各年。"""
    if batch is not None:
        from engine.doors.batch_command import settle_many_runs

        if name or data or year or years or assume or scenarios or receipt or other_readings:
            stop(
                "--batch 的方案、数据、年度、情景、假设都写在清单里"
                if language == "zh"
                else "with --batch the file names scheme, data, years, scenarios and assumptions"
            )
        keep_the_data(batch, [out] if out else [], language)
        chosen_engine = backend or "duckdb"
        limits = limits_chosen(chosen_engine, memory, threads, language)
        settle_many_runs(batch, chosen_engine, limits, form, out, language)
        return
    if name is None:
        raise click.MissingParameter(param=click.Argument(["name"]))
    if data is None:
        raise click.MissingParameter(param=click.Option(["--data"]))
    if form == "xlsx" and not out:
        stop(
            "工作簿要写到文件：加 --out 清算结果.xlsx"
            if language == "zh"
            else "a workbook is written to a file: add --out settlement.xlsx"
        )
    if form == "parquet" and not out:
        stop(
            "Parquet 要写到文件夹：加 --out 结果"
            if language == "zh"
            else "Parquet is written to a folder: add --out results"
        )
    limits = limits_chosen(backend, memory, threads, language)
    chosen = years_chosen(year, years, language)
    assumed = assumed_values(assume, language)
    keep_the_data(data, [path for path in (out, receipt) if path], language)
    if out and receipt and os.path.realpath(out) == os.path.realpath(receipt):
        stop(
            "--out 和 --receipt 是同一个文件；各写一个"
            if language == "zh"
            else "--out and --receipt name the same file; write each to its own"
        )
    from engine.api import open_policy
    from engine.doors.progress import progress_bar
    from engine.doors.straight_form import Asked, settled
    from engine.load.read import read_data, room_for

    try:
        with progress_bar(3, language) as step:
            step(_READING)
            policy = named(lambda: open_policy(name), language)
            given = scenarios_named(policy, scenarios, language)
            asked = Asked(given, assumed, chosen, backend, limits, other_readings=other_readings)
            settlement, dataset, tables = settled(
                policy,
                lambda: named(
                    lambda: read_data(Path(data), data, room_for(Path(data), limits.memory, limits.threads)), language
                ),
                asked,
                form if out else None,
                (lambda: step(_BINDING), lambda: step(_SETTLING)),
            )
    except FindingsError as error:
        fail(error.findings, form, language)
    if form == "csv" or out:
        # A table shows its warnings and JSON carries them; a CSV has no room for them.
        tell((f for f in settlement.warnings if f.severity == "warning" and form != "json"), language)
    _tell_engine(settlement, backend, language)
    run: dict[str, object] = {}
    if receipt or out:
        from engine.doors.receipt_form import receipt_json

        run = receipt_json(settlement, policy, dataset, name=name, data=data, scenarios=scenarios, assume=assume)
    if receipt:
        write_whole(Path(receipt), json_text(run), language)
    _tell_settlement(settlement, run, form, out, language, tables)


def _tell_engine(settlement: "Settlement", backend: str | None, language: Language) -> None:
    """Which engine was chosen where nobody named one, and what it left to be settled row by row."""
    if backend is None and settlement.engine != "exact":
        from engine.doors.telling import chosen_words

        click.echo(chosen_words(settlement.engine, language), err=True)
    if settlement.handed_back is not None and settlement.handed_back.units:
        from engine.doors.telling import handed_back_words

        click.echo(handed_back_words(settlement.handed_back, settlement.engine, language), err=True)


def _tell_settlement(
    settlement: "Settlement",
    run: dict[str, object],
    form: str,
    out: str | None,
    language: Language,
    tables: dict[str, bytes] | None,
) -> None:
    """The settlement in its form, on the screen or where ``out`` names; ``tables`` where they are made already."""
    if form == "json":
        from engine.doors.json_form import settlement_json

        # What is written to a file can be explained from it long after.
        form_ = {**settlement_json(settlement, language), **({"run": run} if out else {})}
        write_whole(Path(out), json_text(form_), language) if out else tell_json(form_)
    elif form == "xlsx":
        from engine.doors.xlsx_form import settlement_book

        write_whole(Path(out or ""), settlement_book(settlement, language), language)
    elif form in {"csv", "parquet"} or out:
        if out:
            _write_tables(settlement, run, Path(out), form, language, tables)
        else:
            from engine.doors.csv_form import long_csv

            click.echo(long_csv(settlement), nl=False)
    else:
        from engine.doors.table_form import print_settlement

        with _console() as console:
            print_settlement(settlement, language, console)


_READING, _BINDING = Words("读数据", "reading"), Words("核对数据", "looking through")
_SETTLING = Words("清算", "settling")


def _write_tables(
    settlement: "Settlement",
    run: dict[str, object],
    folder: Path,
    form: str,
    language: Language,
    made: dict[str, bytes] | None,
) -> None:
    """A table per kind of rows and the run's receipt; one run's tables are never left beside another's, whatever form those have."""
    from engine.doors.csv_form import is_table, tables_csv
    from engine.doors.parquet_form import is_parquet_table, tables_parquet
    from engine.doors.receipt_form import BESIDE, is_receipt

    tables: dict[str, str | bytes] = {}
    if made is not None:
        tables |= made
    elif form == "parquet":
        tables |= tables_parquet(settlement)
    else:
        tables |= {name: "\ufeff" + text for name, text in tables_csv(settlement).items()}
    tables[BESIDE] = json_text(run)
    write_folder(folder, tables, language, lambda path: is_table(path) or is_parquet_table(path) or is_receipt(path))


@cli.command()
@click.argument("paths", nargs=-1, metavar="[PATH]...")
@click.option("--check", "only_check", is_flag=True, help="只检查，不改文件；有文件会变时退出码为 1。")
@click.option("--lang", "target", type=click.Choice(["zh", "en"]), help="改写成中文或英文写法；不写则保持原来的写法。")
def fmt(paths: tuple[str, ...], target: Language | None, *, only_check: bool) -> None:
    """把规则文件改成统一的排版。"""
    from engine.doors.format_files import formatted, rule_files

    changed = False
    wrong = False
    for path in named(lambda: rule_files(paths or _known()), "zh"):
        try:
            before, after = formatted(path, target)
        except FindingsError as error:
            tell(error.findings, target or "zh")
            wrong = True
            continue
        if before == after:
            continue
        changed = True
        click.echo(f"{'需要改写' if only_check else '已改写'}：{path}")
        if not only_check:
            write_whole(path, after, target or "zh")
    sys.exit(1 if wrong or (only_check and changed) else 0)


@cli.command()
@click.argument("name")
@click.option(
    "--ranges", is_flag=True, help="再列每个数的范围和正负，由数据和参数声明的范围推出；json 里每个式子都有。"
)
@click.option(
    "--money-at-most",
    metavar="AMOUNT",
    help="每个金额数据最大多少（10 万亿元写 100000亿元），再列哪些数超出 64 位。",
)
@click.option("--rows-at-most", type=click.IntRange(min=1), metavar="N", help="一行之下最多多少行，合计才有上限。")
@format_option("text", "json", "mermaid")
@language_option
def plan(
    name: str, form: str, language: Language, money_at_most: str | None, rows_at_most: int | None, *, ranges: bool
) -> None:
    """显示清算的步骤和次序。"""
    from engine.api import open_policy
    from engine.doors.plan_form import plan_json, plan_mermaid, plan_text

    try:
        policy = named(lambda: open_policy(name), language)
        pipeline = policy.pipeline()
    except FindingsError as error:
        fail(error.findings, form, language)
    if ranges or money_at_most is not None or rows_at_most is not None:
        from engine.doors.ranges_form import limits_of, ranges_json, ranges_text
        from engine.interpret.bounds import bounds

        known = bounds(pipeline, limits_of(money_at_most, rows_at_most, language), policy.states())
        if form == "mermaid":
            stop("图里不列范围" if language == "zh" else "a drawing shows no ranges")
        if form == "json":
            tell_json(ranges_json(pipeline, known, told_sizes=money_at_most is not None))
        else:
            click.echo(ranges_text(pipeline, known, language, told_sizes=money_at_most is not None), nl=False)
    elif form == "json":
        tell_json(plan_json(pipeline))
    else:
        click.echo(plan_mermaid(pipeline) if form == "mermaid" else plan_text(pipeline, language), nl=False)


cli.add_command(finding)
cli.add_command(compare)
cli.add_command(diff)
cli.add_command(explain)
cli.add_command(notice)
cli.add_command(new)
cli.add_command(data)
cli.add_command(source)
cli.add_command(sql)
cli.add_command(sweep)
cli.add_command(test)
cli.add_command(cases)
cli.add_command(verify)


# What a command is told and what it tells.


def _known() -> tuple[str, ...]:
    from engine.load.policy import known_policies

    return known_policies()


@contextmanager
def _console() -> "Iterator[Console]":
    """A terminal to print on as it comes; for anything else plain text, handed over whole."""
    from io import StringIO

    from rich.console import Console

    if sys.stdout.isatty():
        yield Console(highlight=False)
        return
    given = os.environ.get("COLUMNS", "")
    columns = max(_NARROWEST, int(given)) if re.fullmatch("[0-9]{1,4}", given) else _WIDTH
    text = StringIO()
    yield Console(file=text, highlight=False, width=columns, force_terminal=False, color_system=None)
    click.echo(text.getvalue(), nl=False)


_WIDTH, _NARROWEST = 160, 60
