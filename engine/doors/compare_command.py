"""The command ``xiance compare``: schemes side by side, rule by rule and, with data, fen by fen."""

import sys
from pathlib import Path

import click

from engine.doors.choices import keep_the_data
from engine.doors.telling import fail, format_option, json_text, language_option, named, stop, tell_json, write_whole
from grammar.diagnostic import FindingsError, Language

_TWO = 2


@click.command()
@click.argument("names", nargs=-1, required=True, metavar="NAME NAME...")
@click.option("--data", "data", metavar="PATH", help="同一份数据，在每个方案下各算一遍。")
@click.option("--differences", is_flag=True, help="只列各方案不同的项目。")
@click.option("--curve", is_flag=True, help="曲线：清算总额从预算的 60% 到 120%，机构得失多少，拐点在哪一条。")
@format_option("table", "json", "html", "xlsx", "md")
@click.option("--out", metavar="PATH", help="写到文件，不写到屏幕。")
@language_option
def compare(
    names: tuple[str, ...],
    data: str | None,
    form: str,
    out: str | None,
    language: Language,
    *,
    differences: bool,
    curve: bool,
) -> None:
    """并排比较几个方案：逐项规则，同一份数据的结果，差异归到哪一条。"""
    if len(names) < _TWO:
        stop("至少写两个方案" if language == "zh" else "name at least two policies")
    if form == "xlsx" and out is None:
        stop("工作簿要写到文件：加上 --out 文件名.xlsx" if language == "zh" else "a workbook needs --out FILE.xlsx")
    if data is not None:
        keep_the_data(data, [out] if out else [], language)
    from engine.api import open_policy, side_by_side
    from engine.doors.compare_form import comparison_json, comparison_markdown, comparison_text
    from engine.load.read import read_data

    try:
        policies = [named(lambda name=name: open_policy(name), language) for name in names]  # type: ignore[misc]
        raw = named(lambda: read_data(Path(data), data), language) if data is not None else None
        told = side_by_side(policies, language, raw, curve=curve)
    except FindingsError as error:
        fail(error.findings, form, language)
    if form == "xlsx" and out is not None:
        from engine.doors.compare_book import comparison_book

        write_whole(Path(out), comparison_book(told, language), language)
    elif form == "html":
        from engine.doors.compare_page import comparison_page

        page = comparison_page(told, language, only_differences=differences)
        write_whole(Path(out), page, language) if out else click.echo(page, nl=False)
    elif form == "json":
        text = json_text(comparison_json(told, language))
        write_whole(Path(out), text, language) if out else tell_json(comparison_json(told, language))
    else:
        text = (
            comparison_markdown(told, language)
            if form == "md"
            else comparison_text(told, language, only_differences=differences)
        )
        write_whole(Path(out), text, language) if out else click.echo(text, nl=False)
    sys.exit(1 if told.refused else 0)
