"""The command ``xiance sql``: the SQL that a policy compiles to, each figure with its clause."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from engine.doors.telling import fail, language_option, named, write_whole
from grammar.diagnostic import FindingsError, Language

if TYPE_CHECKING:
    from engine.sql.whole import Dialect


@click.command()
@click.argument("name")
@click.option(
    "--dialect",
    type=click.Choice(["duckdb", "spark", "postgres"]),
    default="duckdb",
    show_default=True,
    help="哪一种数据库的 SQL。",
)
@click.option("--year", type=int, help="哪一年；不写则为方案施行的那一年。")
@click.option("--data", "data", metavar="PATH", help="照这份数据写：与 settle --backend 执行的相同。")
@click.option("--ranges", is_flag=True, help="待定的数写出可能的范围，读上一年的再写一年；不加只写定了的数。")
@click.option("--out", metavar="PATH", help="写到文件，不写到屏幕。")
@language_option
def sql(
    name: str,
    dialect: "Dialect",
    year: int | None,
    data: str | None,
    out: str | None,
    language: Language,
    *,
    ranges: bool,
) -> None:
    """显示方案编译成的 SQL。"""
    from engine.api import bind_data, open_policy, sql_of
    from engine.load.read import read_data

    try:
        policy = named(lambda: open_policy(name), language)
        dataset = None
        if data is not None:
            raw = named(lambda: read_data(Path(data), data), language)
            dataset = bind_data(policy, raw)
        text = sql_of(policy, dialect, language, year, dataset, ranges=ranges)
    except FindingsError as error:
        fail(error.findings, "text", language)
    if out:
        write_whole(Path(out), text, language)
    else:
        click.echo(text, nl=False)
