"""The command ``xiance notice``: a notice of the year-end settlement to each unit, in Word or Markdown."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from engine.doors.choices import assumed_values, keep_the_data, scenarios_named, years_chosen
from engine.doors.telling import fail, format_option, language_option, named, stop, tell, write_whole
from grammar.diagnostic import FindingsError, Language

if TYPE_CHECKING:
    from engine.explain.explain import Explainer
    from engine.explain.notice import Notice
    from engine.nouns.world import Row


@click.command()
@click.argument("name")
@click.option("--data", "data", required=True, metavar="PATH", help="数据：一个文件，或一个文件夹。")
@click.option("--unit", "units", multiple=True, metavar="名称", help="给哪个单位，可以写多次；不写则每个单位一份。")
@click.option("--insurance", metavar="险种", help="只写这个险种的。")
@click.option("--year", type=int, help="哪一年；数据只有一年时可以不写。")
@click.option("--assume", multiple=True, metavar="名=值", help="假设一个值，可以写多次。")
@click.option("--scenario", "scenarios", multiple=True, metavar="FILE", help="情景：文件，或规则文件里情景的名称。")
@click.option("--days", default="", metavar="N", help="几个工作日内可以提出异议；不写则留空。")
@click.option("--contact", default="", help="联系人和电话。")
@format_option("md", "docx")
@click.option("--out", metavar="PATH", help="写到文件；docx 必须写。")
@language_option
def notice(
    name: str,
    data: str,
    units: tuple[str, ...],
    insurance: str | None,
    year: int | None,
    assume: tuple[str, ...],
    scenarios: tuple[str, ...],
    days: str,
    contact: str,
    form: str,
    out: str | None,
    language: Language,
) -> None:
    """写清算通知书：结果、处理、拨付、未尽事项、异议期限，附清算表和说明。"""
    zh = language == "zh"
    if form == "docx" and out is None:
        stop("docx 要写 --out 文件名" if zh else "docx needs --out FILE")
    if days and not (days.isascii() and days.isdigit()):
        stop(f"--days 写工作日的天数，而不是 {days}" if zh else f"--days is a number of working days, not {days}")
    keep_the_data(data, [out] if out else [], language)
    chosen = years_chosen(year, None, language)
    assumed = assumed_values(assume, language)
    from engine.api import bind_data, explainer, open_policy
    from engine.explain import notice as made
    from engine.load.read import read_data

    try:
        policy = named(lambda: open_policy(name), language)
        raw = named(lambda: read_data(Path(data), data), language)
        whole = explainer(policy, bind_data(policy, raw, scenarios_named(policy, scenarios, language), assumed), chosen)
    except FindingsError as error:
        fail(error.findings, "text", language)
    if year is None and len(whole.background.settlement.years) > 1:
        years = "、".join(map(str, whole.background.settlement.years))
        stop(f"数据有几年（{years}），请写 --year" if zh else f"the data has several years ({years}); write --year")
    if absent := [f for f in whole.background.settlement.warnings if f.code == "D093"]:
        stop(f"{absent[0].message(language)}{'；' if zh else '; '}{absent[0].hint(language)}")
    tell((f for f in whole.background.settlement.warnings if f.severity == "warning"), language)
    rows = _rows(whole, units, insurance, language)
    terms = made.NoticeTerms(days, contact)
    notices = [made.notice(whole, row, language, terms) for row in rows]
    if form == "docx":
        _write_docx(notices, str(out), language)
        return
    from engine.doors.notice_form import notice_markdown

    text = notice_markdown(notices)
    write_whole(Path(out), text, language) if out else click.echo(text, nl=False)


def _rows(whole: "Explainer", units: tuple[str, ...], insurance: str | None, language: Language) -> "list[Row]":
    """The rows that get a notice: those of units that are settled, as chosen."""
    rows: dict[int, Row] = {}
    for result in whole.background.settlement.figures:
        row = result.row
        if result.id in {"entitlement", "balance", "admitted"} and row.period.grain == "year" and _is_unit(whole, row):
            rows.setdefault(id(row), row)
    known = list(dict.fromkeys(row.unit for row in rows.values()))
    for unit in units:
        if unit not in known:
            listed = "、".join(known) if language == "zh" else ", ".join(known)
            stop(f"没有“{unit}”这个单位。有：{listed}" if language == "zh" else f"no unit `{unit}`. Known: {listed}")
    chosen = [r for r in rows.values() if (not units or r.unit in units) and insurance in {None, r.insurance}]
    if not chosen:
        stop("没有可以写通知书的单位" if language == "zh" else "there is no unit to notify")
    return chosen


def _is_unit(whole: "Explainer", row: "Row") -> bool:
    """Whether a row is settled with money of its own: a pool without an owner gets no notice."""
    return (row.table, "应得合计") in whole.background.settlement.scheme.figures


def _write_docx(notices: "list[Notice]", out: str, language: Language) -> None:
    from engine.doors.notice_form import notice_docx

    try:
        data = notice_docx(notices)
    except ModuleNotFoundError:
        words = "python-docx 没有安装：pip install 'xiance[documents]'，或者用 --format md"
        stop(
            words
            if language == "zh"
            else "python-docx is not installed: pip install 'xiance[documents]', or use --format md"
        )
    write_whole(Path(out), data, language)
