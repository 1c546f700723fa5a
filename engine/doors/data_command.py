"""The commands ``xiance data template | check``: an empty workbook to fill in, and data looked at before they are settled."""

import sys
from pathlib import Path

import click

from engine.doors.telling import fail, format_option, language_option, named, stop, tell_json, write_whole
from engine.doors.usage import Group
from grammar.diagnostic import FindingsError, Language, has_errors


@click.group(cls=Group)
def data() -> None:
    """数据：空白模板，结算前的核对。"""


@data.command()
@click.argument("name")
@click.option("--out", metavar="FILE", help="写到这个 .xlsx 文件；不写则写到当前文件夹的“NAME-数据模板.xlsx”。")
@click.option("--bureau", is_flag=True, help="加上经办机构自己的各张表（机构名录、月度结算等）。")
@language_option
def template(name: str, out: str | None, language: Language, *, bureau: bool) -> None:
    """写出一份空白的数据工作簿，按方案要的数据列好各表各列。"""
    from engine.api import open_policy
    from engine.doors.template_book import template as book
    from engine.load.bureau_layout import read_layout

    zh = language == "zh"
    if out is not None and Path(out).suffix.lower() != ".xlsx":
        stop(f"模板是 .xlsx 文件，而不是 {out}" if zh else f"a template is an .xlsx file, not {out}")
    try:
        policy = named(lambda: open_policy(name), language)
        layout = read_layout(text.folder for text in policy.loaded.texts) if bureau else None
        content = book(policy.scheme(), name, language, layout)
    except FindingsError as error:
        fail(error.findings, "text", language)
    scheme = policy.scheme().id
    path = Path(out or (f"{scheme}-数据模板.xlsx" if zh else f"{scheme}-template.xlsx"))
    # A workbook of this name may be one that has been filled in.
    if path.exists() and not path.is_dir():
        stop(f"{path} 已经有了；用 --out 另写一个" if zh else f"{path} is there already; name another with --out")
    write_whole(path, content, language)
    click.echo(f"已写 {path}" if zh else f"written: {path}")


@data.command()
@click.argument("name")
@click.option("--data", "data_path", required=True, metavar="PATH", help="数据：文件或文件夹，与 settle 的一样。")
@format_option("text", "json")
@language_option
def check(name: str, data_path: str, form: str, language: Language) -> None:
    """核对数据，不列结果：读到了什么、合计多少、有什么错、各家还缺什么。"""
    from engine.api import open_policy
    from engine.doors.data_form import checked_data, data_json, data_text
    from engine.load.read import read_data

    try:
        policy = named(lambda: open_policy(name), language)
        raw = named(lambda: read_data(Path(data_path), data_path), language)
    except FindingsError as error:
        fail(error.findings, form, language)
    found = checked_data(policy, raw)
    if form == "json":
        tell_json(data_json(found, language))
    else:
        click.echo(data_text(found, language), nl=False)
    sys.exit(1 if has_errors(found.findings) else 0)
