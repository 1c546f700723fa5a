"""The commands ``xiance source attach | digest``: a user's copy of a document beside the index of its clauses."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from engine.doors.telling import fail, format_option, language_option, named, tell, tell_json, write_whole
from engine.doors.usage import Group
from grammar.diagnostic import Finding, FindingsError, Language, Place, Words, has_errors

if TYPE_CHECKING:
    from engine.load.attach import Comparison, State
    from engine.load.document import Line
    from engine.load.policy import LoadedPolicy
    from engine.load.source import SourceIndex


@click.group(cls=Group)
def source() -> None:
    """文件原文：附上自己的一份，与条款目录核对。"""


@source.command()
@click.argument("name")
@click.argument("file")
@format_option("text", "json")
@language_option
def attach(name: str, file: str, form: str, language: Language) -> None:
    """附上文件原文（.txt .md .docx .pdf），逐条与目录核对。

    存下的各条文字放在本机的用户数据里，不进方案文件夹。规则引用的条款都找到时退出码为 0。
    """
    from engine.check.clauses import citations
    from engine.load.attach import compare, keep

    try:
        policy, index, lines = _read(name, file, language)
        cites = citations(policy.own.document)
        cited = {locator.text for cite in cites for locator in (*cite.locators, *cite.before)}
        comparison = compare(index, sorted(cited), lines, file)
        kept = None if has_errors(comparison.findings) else keep(policy.name, comparison)
    except FindingsError as error:
        fail(error.findings, form, language)
    if form == "json":
        tell_json(_as_json(policy.name, index, comparison, kept, language))
    else:
        tell(comparison.findings, language)
        click.echo(_as_text(policy.name, index, comparison, kept, language))
    sys.exit(1 if kept is None else 0)


@source.command()
@click.argument("name")
@click.argument("file")
@click.option("--write", is_flag=True, help="写进 source.yaml 的“指纹”，别的都不改。")
@format_option("text", "json")
@language_option
def digest(name: str, file: str, form: str, language: Language, *, write: bool) -> None:
    """算出目录里各条在原文中的指纹；写新方案时用。"""
    from engine.load.attach import digests_of
    from engine.load.source import SOURCE
    from engine.load.stamp import stamped

    try:
        policy, index, lines = _read(name, file, language)
        digests = digests_of(index, lines)
        if write:
            path = policy.folder / SOURCE
            text = path.read_bytes().decode("utf-8")
            write_whole(path, stamped(text, digests, f"{policy.name}/{SOURCE}"), language)
    except UnicodeDecodeError:
        fail([Finding("D001", Place(f"{policy.name}/{SOURCE}"))], form, language)
    except FindingsError as error:
        fail(error.findings, form, language)
    missing = [clause.locator for clause in index.clauses if clause.locator not in digests]
    if form == "json":
        tell_json({"policy": policy.name, "digests": dict(digests), "missing": missing})
    else:
        for locator, found in digests.items():
            click.echo(f"{locator}\t{found}")
        for locator in missing:
            click.echo(f"{locator}\t{Words('没有找到', 'not found').say(language)}")


def _read(name: str, file: str, language: Language) -> "tuple[LoadedPolicy, SourceIndex, Sequence[Line]]":
    """The policy, the index beside it and the lines of the copy."""
    from engine.load.document import read_document
    from engine.load.policy import load_policy
    from engine.load.source import read_index

    policy = named(lambda: load_policy(name), language)
    index = read_index(policy.folder, policy.name)
    if index is None:
        raise FindingsError([Finding("S114", Place(policy.name), {"name": policy.name})])
    return policy, index, named(lambda: read_document(Path(file), file), language)


_STATES: "dict[State, Words]" = {
    "same": Words("相同", "unchanged"),
    "changed": Words("有变化", "changed"),
    "found": Words("找到（目录里没有指纹可比）", "found (no digest to compare)"),
    "missing": Words("没有找到", "missing"),
    "new": Words("目录以外", "not in the index"),
}


def _as_json(
    name: str, index: "SourceIndex", comparison: "Comparison", kept: Path | None, language: Language
) -> dict[str, object]:
    return {
        "policy": name,
        "title": index.title,
        "number": index.number,
        "counts": {state: comparison.count(state) for state in _STATES},
        "clauses": [
            {"locator": clause.locator, "state": clause.state, "cited": clause.cited, "line": clause.line}
            for clause in comparison.clauses
        ],
        "findings": [finding.as_json(language) for finding in comparison.findings],
        "kept": str(kept) if kept is not None else None,
    }


def _as_text(name: str, index: "SourceIndex", comparison: "Comparison", kept: Path | None, language: Language) -> str:
    zh = language == "zh"
    counted = [(words.say(language), comparison.count(state)) for state, words in _STATES.items()]
    counts = ("，" if zh else ", ").join(f"{word} {count}{' 条' if zh else ''}" for word, count in counted if count)
    cited = [clause for clause in comparison.clauses if clause.cited]
    present = sum(clause.state != "missing" for clause in cited)
    if zh:
        first = f"{name}：{index.title}\n{counts}；规则引用的 {len(cited)} 条找到 {present} 条"
        last = f"各条文字已存到 {kept}" if kept else "没有存下"
    else:
        first = f"{name}: {index.title}\n{counts}; of {len(cited)} clauses that rules cite, {present} are there"
        last = f"the texts are kept at {kept}" if kept else "nothing was kept"
    return f"{first}\n{last}"
