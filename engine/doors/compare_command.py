"""The command ``xiance compare``: schemes side by side, rule by rule and, with data, fen by fen."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from engine.doors.choices import keep_the_data
from engine.doors.telling import fail, format_option, json_text, language_option, named, stop, tell_json, write_whole
from engine.doors.usage import Command
from grammar.diagnostic import FindingsError, Language

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.api import Policy, SideBySide
    from engine.doors.compare_pictures import PictureForm
    from engine.doors.operands import Operand

_TWO = 2


@click.command(cls=Command)
@click.argument("names", nargs=-1, required=True, metavar="NAME[@年度][+情景] NAME...")
@click.option("--data", "data", metavar="PATH", help="同一份数据，在每个方案下各算一遍。")
@click.option("--differences", is_flag=True, help="只列各方案不同的项目。")
@click.option("--curve", is_flag=True, help="曲线：清算总额从预算的 60% 到 120%，机构得失多少，拐点在哪一条。")
@click.option("--pairs", is_flag=True, help="任意两个方案之间的差额都归因；不写就只同第一个比。")
@click.option(
    "--map", "kinds", multiple=True, metavar="类=类", help="数据里的类，没有这一类的方案按哪一类算，可以写多次。"
)
@click.option("--frame", metavar="NAME", help="省里的框架：其余方案逐项看有没有、缺不缺、同不同。")
@format_option("table", "json", "html", "xlsx", "md", "svg", "png")
@click.option("--out", metavar="PATH", help="写到文件，不写到屏幕；svg 和 png 写到文件夹，一图一个文件。")
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
    pairs: bool,
    kinds: tuple[str, ...],
    frame: str | None,
) -> None:
    """并排比较几个方案：逐项规则，同一份数据的结果，差异归到哪一条。

    NAME@2027 是方案在那一年（或那一天）的样子，NAME+情景 按规则文件里的情景来算。
    """
    if len(names) + (frame is not None and frame not in names) < _TWO:
        stop("至少写两个方案" if language == "zh" else "name at least two policies")
    if form == "xlsx" and out is None:
        stop("工作簿要写到文件：加上 --out 文件名.xlsx" if language == "zh" else "a workbook needs --out FILE.xlsx")
    if form in {"svg", "png"} and out is None:
        stop("图要写到文件夹：加上 --out 文件夹" if language == "zh" else "pictures need a folder: --out FOLDER")
    if data is not None:
        keep_the_data(data, [out] if out else [], language)
    from engine.api import Asked, side_by_side
    from engine.doors.compare_form import comparison_json, comparison_markdown, comparison_text
    from engine.doors.operands import operands
    from engine.load.read import read_data

    try:
        chosen = operands((*names, frame) if frame is not None and frame not in names else names, language)
        raw = named(lambda: read_data(Path(data), data), language) if data is not None else None
        given = {operand.name: operand.given for operand in chosen}
        held = _frame(frame, names, chosen) if frame is not None else None
        asked = Asked(curve, pairs, held, _kinds(kinds, [operand.policy for operand in chosen], language), given)
        told = side_by_side([operand.policy for operand in chosen], language, raw, asked)
    except FindingsError as error:
        fail(error.findings, form, language)
    if form == "xlsx" and out is not None:
        from engine.doors.compare_book import comparison_book

        write_whole(Path(out), comparison_book(told, language), language)
    elif form in {"svg", "png"} and out is not None:
        _write_pictures(told, "svg" if form == "svg" else "png", Path(out), language)
    elif form == "html":
        from engine.doors.compare_page import comparison_page

        page = comparison_page(told, language, only_differences=differences)
        write_whole(Path(out), page, language) if out else click.echo(page, nl=False)
    elif form == "json":
        text = json_text(comparison_json(told, language))
        write_whole(Path(out), text, language) if out else tell_json(comparison_json(told, language))
    else:
        text = (
            comparison_markdown(told, language, only_differences=differences)
            if form == "md"
            else comparison_text(told, language, only_differences=differences)
        )
        write_whole(Path(out), text, language) if out else click.echo(text, nl=False)
    sys.exit(1 if told.refused else 0)


def _frame(frame: str, names: tuple[str, ...], chosen: "Sequence[Operand]") -> str:
    """What the frame is called beside the others."""
    return chosen[names.index(frame) if frame in names else -1].name


def _kinds(declared: tuple[str, ...], policies: "Sequence[Policy]", language: Language) -> dict[str, str]:
    """Kinds of rows in the data by the kind they are taken for where a scheme does not have them."""
    from engine.load.binding import words_of

    found = {}
    for text in declared:
        kind, equals, other = (part.strip() for part in text.partition("="))
        if not (kind and equals and other):
            stop(
                f"--map 写成 数据里的类=方案里的类，不是“{text}”"
                if language == "zh"
                else f"write --map KIND=KIND, not `{text}`"
            )
        schemes = [policy.scheme() for policy in policies]
        if not any(words_of(scheme).get(other, other) in scheme.tables for scheme in schemes):
            known = "、".join(dict.fromkeys(table for scheme in schemes for table in scheme.tables))
            stop(
                f"没有一个方案有“{other}”这一类。有的是：{known}"
                if language == "zh"
                else f"no scheme has a kind of rows `{other}`. There are: {known}"
            )
        found[kind] = other
    return found


def _write_pictures(told: "SideBySide", form: "PictureForm", folder: Path, language: Language) -> None:
    """Every picture as a file of its own; the names of what was written on the screen."""
    from engine.doors.compare_pictures import NoPictureError, pictures

    zh = language == "zh"
    try:
        made = pictures(told, language, form)
    except NoPictureError as error:
        if error.lacking == "library":
            stop(
                "先装 pip install 'xiance[pictures]'，或者写 --format svg"
                if zh
                else "install xiance[pictures] first, or take --format svg"
            )
        stop(
            "这台机器没有中文字体，图里的字出不来；写 --format svg"
            if zh
            else "no font here has Chinese letters: take --format svg"
        )
    if not made:
        stop(
            "没有可画的图：加上 --curve，或者用 --data 给数据"
            if zh
            else "there is nothing to draw: give --curve or --data"
        )
    if folder.is_file():
        stop(f"{folder} 是文件，不是文件夹" if zh else f"{folder} is a file, not a folder")
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in made.items():
        write_whole(folder / name, data, language)
        click.echo(str(folder / name))
