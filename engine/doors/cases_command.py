"""The commands ``xiance cases suggest | record``: cases for the places none has tried, and a run kept as a case."""

import sys
from pathlib import Path

import click

from engine.doors.choices import keep_the_data
from engine.doors.telling import fail, language_option, named, stop, tell, write_whole
from engine.doors.usage import Group
from grammar.diagnostic import FindingsError, Language


@click.group(cls=Group)
def cases() -> None:
    """案例：补没有试到的边界，把一次结算记成案例。"""


@cases.command()
@click.argument("name")
@click.option("--data", "data", required=True, metavar="PATH", help="数据：一个文件，或一个文件夹。")
@click.option("--as", "title", required=True, metavar="名称", help="案例的名称，写成一句话。")
@click.option("--unit", "units", multiple=True, metavar="单位", help="只记这家单位的数，可以写多次。")
@click.option("--confirmed-by", "confirmed_by", metavar="姓名", help="谁已经按条款算过；不写则标作待核。")
@click.option("--out", metavar="FILE", help="写到这个文件的末尾；不写则写到方案的 cases.yaml。")
@language_option
def record(
    name: str,
    data: str,
    title: str,
    units: tuple[str, ...],
    confirmed_by: str | None,
    out: str | None,
    language: Language,
) -> None:
    """把一次结算记成案例：数据和全部结果，连同明确、假设、未定。

    记下的数不等于核对过的数，所以先标作“待核”，xiance test 不计；由人按条款算过，把“待核”改成“结果”。
    """
    from engine.api import open_policy
    from engine.load.cases import CASES
    from engine.load.read import read_data
    from engine.trial.case_text import joined
    from engine.trial.record import recorded

    title = title.strip()
    if not title or "\n" in title:
        stop("案例的名称写成一句话" if language == "zh" else "give the case a name, one line")
    keep_the_data(data, [out] if out else [], language)
    try:
        policy = named(lambda: open_policy(name), language)
        raw = named(lambda: read_data(Path(data), data), language)
        path = Path(out) if out else policy.loaded.folder / CASES
        text, count = recorded(policy, raw, data, title, units, (confirmed_by or "").strip() or None)
        content, _ = joined(_content(path), [text], _shown(path))
    except FindingsError as error:
        fail(error.findings, "text", language)
    write_whole(path, content, language)
    mark = "" if confirmed_by else ("，标作待核" if language == "zh" else ", to be confirmed")
    zh = f"已记下案例“{title}”，{count} 个数{mark}：{path}"
    click.echo(zh if language == "zh" else f"recorded `{title}`, {count} figures{mark}: {path}")


@cases.command()
@click.argument("name")
@click.option("--out", metavar="FILE", help="写到这个文件的末尾；不写则写到屏幕。")
@language_option
def suggest(name: str, out: str | None, language: Language) -> None:
    """给没有案例站到的边界和例外写出案例，结果留给人核对。

    每条边界：刚好相等、少一分、多一分；每个例外：单独成立、两两同时成立。数据由规则反算，逐个验证确实到了那里。
    """
    from engine.api import open_policy
    from engine.trial.case_text import joined
    from engine.trial.suggest import suggested

    zh = language == "zh"
    try:
        policy = named(lambda: open_policy(name), language)
        made, findings = suggested(policy)
        path = Path(out) if out else None
        content, _ = joined(_content(path) if path else b"", made, _shown(path) if path else policy.loaded.name)
    except FindingsError as error:
        fail(error.findings, "text", language)
    if path is None:
        click.echo(content.decode(), nl=False)
    elif made:
        write_whole(path, content, language)
        click.echo(f"写出待核的案例 {len(made)} 个：{path}" if zh else f"{len(made)} cases to be confirmed: {path}")
    if not made and not findings:
        click.echo("边界和例外都有案例了" if zh else "every boundary and exception has a case", err=True)
    tell(findings, language)
    sys.exit(0)


def _content(path: Path) -> bytes:
    """The bytes of a file, none where it is not there yet."""
    return path.read_bytes() if path.is_file() else b""


def _shown(path: Path) -> str:
    return f"{path.resolve().parent.name}/{path.name}"
