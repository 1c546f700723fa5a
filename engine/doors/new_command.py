"""The command ``xiance new``: the folder of a new policy, what it leaves undecided and how far it is from ready."""

from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import click

from engine.doors.telling import fail, format_option, language_option, named, stop, tell_json, write_folder
from engine.doors.usage import Command
from grammar.diagnostic import Finding, FindingsError, Language, Place, Words

if TYPE_CHECKING:
    from engine.scaffold.make import Scaffold, Way
    from engine.scaffold.readiness import Readiness
    from engine.scaffold.undecided import Undecided


@click.command(cls=Command)
@click.argument("code")
@click.option("--from", "origin", required=True, metavar="NAME|PATH|blank", help="照哪个方案起头；blank 是最少的一套。")
@click.option("--title", metavar="全称", help="文件的全称。")
@click.option("--start", metavar="2026-01-01", help="施行日；不写则暂用上级的或今年首日。")
@click.option(
    "--document", metavar="FILE", help="本县文件的原文（.txt .md .docx .pdf）：条号列进 source.yaml，原文不存。"
)
@click.option("--out", metavar="FOLDER", help="放在哪个文件夹里；不写则放在这里的 policies/。")
@click.option("--inherit/--copy", "inherit", default=None, help="承接它，或照抄一份；不写则省市承接，县照抄。")
@format_option("text", "json")
@language_option
def new(
    code: str,
    origin: str,
    title: str | None,
    start: str | None,
    document: str | None,
    out: str | None,
    form: str,
    language: Language,
    *,
    inherit: bool | None,
) -> None:
    """新建一个县的方案：建好文件夹，列出还没有定的各项。"""
    from engine.api import open_policy
    from engine.doors.csv_form import is_table
    from engine.scaffold.make import BLANK, make
    from engine.scaffold.readiness import readiness
    from engine.scaffold.undecided import undecided

    place = _place(code, out, language)
    day = _day(start, language)
    way: Way | None = None if inherit is None else "inherit" if inherit else "copy"
    try:
        source = None if origin == BLANK else named(lambda: open_policy(origin), language)
        found = named(lambda: _clauses(document, title or ""), language) if document is not None else ()
        made = make(code, _title(title, language), source, place, day, way, found)
        write_folder(place / code, made.files, language, is_table)
        policy = open_policy(place / code)
        items, ready = undecided(policy, borrowed=made.way == "copy"), readiness(policy)
    except FindingsError as error:
        fail(error.findings, form, language)
    if form == "json":
        tell_json(
            {
                "policy": code,
                "folder": str(place / code),
                "from": origin,
                "way": made.way,
                "files": list(made.files),
                "cases_left_out": made.cases_left_out,
                "undecided": [item.as_json() for item in items],
                "readiness": ready.as_json(),
            }
        )
    else:
        click.echo(_text(place / code, origin, made, items, ready, language))


def ready_text(ready: "Readiness", language: Language) -> str:
    """The score and its parts, with the first of what is left in each."""
    zh = language == "zh"
    head = (
        f"{ready.policy} 就绪度 {ready.score}%（下面各项比例的平均）"
        if zh
        else f"{ready.policy}: {ready.score}% ready (mean of the shares below)"
    )
    lines = [head]
    for part in ready.parts:
        if not part.of:
            continue
        shown = list(part.left[:_SHOWN])
        more = (f"等 {len(part.left)} 项" if zh else f"… {len(part.left)} in all") if len(part.left) > _SHOWN else ""
        left = (("；还差 " if zh else "; left: ") + ("、" if zh else ", ").join(shown) + more) if shown else ""
        lines.append(f"  {part.words.say(language)} {part.done}/{part.of}{left}")
    return "\n".join(lines)


_SHOWN = 6


def _place(code: str, out: str | None, language: Language) -> Path:
    """The folder that gets the new one; ends as wrong usage where the name will not do or is taken."""
    from engine.load.policy import known_policies
    from engine.scaffold.make import is_code

    zh = language == "zh"
    if not is_code(code):
        stop(
            f"代号“{code}”不能用：要小写字母开头，由小写字母、数字、下划线组成，2 到 31 个，不能是系统或规则语言的保留词"
            if zh
            else f"`{code}` will not do as a code: small letters, figures and underlines, a letter first, 2 to 31 of them, "
            "and no word that a system or the language keeps for itself"
        )
    place = Path(out) if out is not None else Path("policies")
    if out is None and not place.is_dir():
        stop(
            "这里没有 policies 文件夹；用 --out 写新方案放在哪个文件夹里"
            if zh
            else "there is no policies folder here; name one with --out"
        )
    if (place / code).exists() or (place / code).is_symlink():
        stop(
            f"{place / code} 已经有了，没有动它；换一个代号"
            if zh
            else f"{place / code} is there already and was left alone; choose another code"
        )
    if code in known_policies():
        stop(
            f"已经有叫“{code}”的方案；换一个代号" if zh else f"there is a policy `{code}` already; choose another code"
        )
    return place


def _clauses(document: str, title: str) -> Sequence[str]:
    """The numbers of a document's clauses, but for those that only head others."""
    from engine.load.clauses_of import clauses_of
    from engine.load.document import read_document

    found = clauses_of(read_document(Path(document), document), title)
    if not found:
        raise FindingsError([Finding("S108", Place(document))])
    parents = {clause.parent for clause in found}
    return [clause.locator for at, clause in enumerate(found) if not (at in parents and clause.is_structure)]


def _day(text: str | None, language: Language) -> date | None:
    try:
        return date.fromisoformat(text) if text is not None else None
    except ValueError:
        stop(
            f"施行日写成 2026-01-01，而不是 {text}" if language == "zh" else f"write the day as 2026-01-01, not {text}"
        )


def _title(title: str | None, language: Language) -> str:
    if title is None:
        return "（文件全称待填）"
    plain = title.strip().strip("「」").strip()
    if not plain or set(plain) & set("「」\n\r") or not plain.isprintable():
        stop(
            "全称写成一行字，里面不能有「」" if language == "zh" else "the title is one line of text without 「」 in it"
        )
    return plain


def _text(
    folder: Path, origin: str, made: "Scaffold", items: "Sequence[Undecided]", ready: "Readiness", language: Language
) -> str:
    zh = language == "zh"
    lines = [
        f"建好了 {folder}：{_WAYS[made.way].say(language).format(origin=origin)}"
        if zh
        else f"made {folder}: {_WAYS[made.way].say(language).format(origin=origin)}"
    ]
    lines.append(f"  {'、'.join(made.files)}")
    if made.cases_left_out:
        lines.append(
            f"  {origin} 有 {made.cases_left_out} 个案例靠它自己的数，没有带过来"
            if zh
            else f"  {made.cases_left_out} cases of {origin} rest on numbers of its own and were left out"
        )
    lines += ["", f"还没有定的 {len(items)} 项：" if zh else f"{len(items)} things are undecided:"]
    lines += _listed(items, language)
    name = folder.name if folder.parent == Path("policies") else str(folder)
    steps = [f"xiance check {name} --ready", f"xiance test {name}"]
    if "sample.yaml" in made.files:
        steps.append(f"xiance settle {name} --data {folder / 'sample.yaml'}")
    lines += ["", ready_text(ready, language), "", "接着：" if zh else "next:", *(f"  {step}" for step in steps)]
    return "\n".join(lines)


_WAYS = {
    "inherit": Words(
        "承接 {origin}，只写本县自己定的", "it inherits {origin} and says only what the county itself decides"
    ),
    "copy": Words(
        "照 {origin} 的规则起草，它的数都重新未定",
        "its rules begin as those of {origin}, every number of it open again",
    ),
    "blank": Words("最少的一套规则，待对照文件", "a plain set of rules, to be held against the document"),
}


def _listed(items: "Iterable[Undecided]", language: Language) -> Iterable[str]:
    for item in items:
        clauses = f"〔{'、'.join(item.clauses)}〕" if item.clauses and item.sort != "clause" else ""
        yield f"  {item.name}{clauses}　{item.words.say(language)}"
