"""The command ``xiance diff``: two versions of a policy or two of its years, what changed and what moved in the money."""

import re
from datetime import date
from pathlib import Path

import click

from engine.doors.choices import keep_the_data
from engine.doors.telling import fail, format_option, json_text, language_option, named, stop, tell_json, write_whole
from engine.doors.usage import Command
from grammar.diagnostic import FindingsError, Language


@click.command("diff", cls=Command)
@click.argument("old", metavar="OLD")
@click.argument("new", required=False, metavar="[NEW]")
@click.option("--at", "at", metavar="DAY", help="只写一个方案时：比它在这一天的样子，")
@click.option("--and", "and_", metavar="DAY", help="和它在这一天的样子。")
@click.option("--years", metavar="Y..Z", help="只写一个方案时：数据里这两年的数差在哪里，数据几项、规则几处。")
@click.option("--data", "data", metavar="PATH", help="同一份数据按两版各算一遍，列出变了的数，归到每一处改动。")
@format_option("text", "json", "md")
@click.option("--out", metavar="PATH", help="写到文件，不写到屏幕。")
@language_option
def diff(
    old: str,
    new: str | None,
    at: str | None,
    and_: str | None,
    years: str | None,
    data: str | None,
    form: str,
    out: str | None,
    language: Language,
) -> None:
    """两版规则：哪一条、哪条规则变了，同一份数据的哪些数变了、变了多少。排版、注释、中英写法不算不同。"""
    zh = language == "zh"
    days = _days(at, and_, language)
    if years is not None:
        _years(old, new, years, data, form, out, language)
        return
    if (new is None) == (days is None):
        stop(
            "写两个方案，或者一个方案加 --at 和 --and 两个日子，或者加 --years 两个年度"
            if zh
            else "name two policies, or one with two days (--at and --and) or two years (--years)"
        )
    if data is not None:
        keep_the_data(data, [out] if out else [], language)
    from engine.api import open_policy
    from engine.doors.diff_form import versions_json, versions_markdown, versions_text
    from engine.load.read import read_data
    from engine.trial.moved import moved_on
    from engine.trial.versions import pinned, versions

    try:
        one = named(lambda: open_policy(old), language)
        if days is None:
            two = named(lambda: open_policy(new or old), language)
            titles = old, new or old
        else:
            one, two = pinned(one, days[0]), pinned(one, days[1])
            titles = f"{old} {days[0]}", f"{old} {days[1]}"
        told = versions(one, two, language)
        moves = None
        if data is not None:
            raw = named(lambda: read_data(Path(data), data), language)
            moves = moved_on(one, two, raw, data, told.changes)
    except FindingsError as error:
        fail(error.findings, form, language)
    if form == "json":
        value = versions_json(told, titles, moves, language)
        write_whole(Path(out), json_text(value), language) if out else tell_json(value)
        return
    make = versions_markdown if form == "md" else versions_text
    text = make(told, titles, moves, language)
    write_whole(Path(out), text, language) if out else click.echo(text, nl=False)


def _years(
    name: str, new: str | None, years: str, data: str | None, form: str, out: str | None, language: Language
) -> None:
    """One policy's figures of two years, and what made the difference."""
    zh = language == "zh"
    found = re.fullmatch(r"(\d{4})\.\.(\d{4})", years)
    if found is None or found[1] == found[2]:
        stop(f"--years 写成 2026..2027，不是“{years}”" if zh else f"write --years 2026..2027, not `{years}`")
    if new is not None or data is None:
        stop("--years 只同一个方案一起写，并且要 --data" if zh else "--years goes with one policy, and needs --data")
    keep_the_data(data, [out] if out else [], language)
    from engine.api import open_policy
    from engine.doors.years_form import years_json, years_markdown, years_text
    from engine.load.read import read_data
    from engine.trial.years import NoSuchYearError, year_on_year

    try:
        policy = named(lambda: open_policy(name), language)
        raw = named(lambda: read_data(Path(data), data), language)
        told = year_on_year(policy, raw, int(found[1]), int(found[2]), language)
    except NoSuchYearError as error:
        known = ("、" if zh else ", ").join(map(str, error.years))
        stop(
            f"数据里没有 {error.year} 年；有的是 {known}"
            if zh
            else f"the data has no year {error.year}; it has {known}"
        )
    except FindingsError as error:
        fail(error.findings, form, language)
    if form == "json":
        value = years_json(told, language)
        write_whole(Path(out), json_text(value), language) if out else tell_json(value)
        return
    text = (years_markdown if form == "md" else years_text)(told, language)
    write_whole(Path(out), text, language) if out else click.echo(text, nl=False)


def _days(at: str | None, and_: str | None, language: Language) -> tuple[date, date] | None:
    if at is None and and_ is None:
        return None
    from engine.load.values import parse_day

    found = [parse_day(text or "") for text in (at, and_)]
    if found[0] is None or found[1] is None:
        stop(
            "--at 和 --and 一起写，都写成 2026-12-31"
            if language == "zh"
            else "give both --at and --and, each as 2026-12-31"
        )
    return found[0], found[1]
