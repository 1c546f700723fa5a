"""The page of a finding as text, Markdown or JSON, and the list of all of them by floor."""

import re
from collections.abc import Mapping
from typing import Any

from grammar.diagnostic import Entry, Language, Severity, Words, catalogue
from grammar.example import Example, example_of

# Where a finding comes from, by the letter of its code: the name of its page, and what it is about.
FLOORS: Mapping[str, tuple[str, Words]] = {
    "P": ("text", Words("规则文件的写法", "how a rule file is written")),
    "C": ("meaning", Words("规则的含义", "what the rules mean")),
    "D": ("data", Words("数据", "data")),
    "R": ("run", Words("结算", "settling")),
    "L": ("cases", Words("案例、目录和命令", "worked cases, indexes and commands")),
    "S": ("sources", Words("原文和回执", "documents and receipts")),
}


def finding_text(code: str, language: Language) -> str:
    """The page of a finding for a terminal; in what is right, the lines that were changed are marked."""
    entry, example = catalogue()[code], example_of(code)
    words = _HEADINGS[language]
    head = f"{code}  {_SEVERITIES[entry.severity].say(language)}  {floor_of(code).say(language)}"
    parts = [f"{head}\n  {message_of(entry, language)}", f"{words['why']}\n  {example.why.say(language)}"]
    if hint := _fix(entry, example, language):
        parts.append(f"{words['how']}\n  {hint}")
    wrong, right = (
        [_text_of(files, language, example.wrong if files is example.right else files)]
        for files in (example.wrong, example.right)
    )
    if example.setting:
        wrong.insert(0, f"  {example.setting.say(language)}\n")
    if example.command:
        wrong.append(f"  $ {example.command[0]}\n")
        right.append(f"  $ {example.command[1]}\n")
    parts.append(f"{words['wrong']}\n{''.join(wrong).rstrip()}")
    parts.append(f"{words['told']}\n{_indented(example.told.say(language).rstrip(), '  ')}")
    parts.append(f"{words['right']}\n{''.join(right).rstrip()}")
    if near := _near(example):
        parts.append(f"{words['near']}  {'  '.join(near)}")
    return "\n\n".join(parts) + "\n"


def _text_of(files: Mapping[str, str], language: Language, before: Mapping[str, str]) -> str:
    """Files with their names, each line behind a bar; a line that was not there before is marked."""
    parts = []
    for (key, text), (name, shown) in zip(files.items(), shown_files(files, language), strict=True):
        old = before.get(key, text).split("\n")
        lines = [f"  {'│' if line in old else '>'} {line}".rstrip() for line in shown.split("\n")]
        parts.append("\n".join([f"  {name}", *lines]) + "\n")
    return "".join(parts)


def finding_markdown(code: str, language: Language, depth: int = 1) -> str:
    """The page of a finding in Markdown, its headings beginning at a depth."""
    entry, example = catalogue()[code], example_of(code)
    words = _HEADINGS[language]
    parts = [
        f"{'#' * depth} {code}\n",
        f"**{_SEVERITIES[entry.severity].say(language)}** · {message_of(entry, language)}\n",
    ]
    if depth > 1:
        parts.append(f"*{_plain(entry.en)}*\n")
    parts.append(f"{words['why']}{_colon(language)}{example.why.say(language)}\n")
    if hint := _fix(entry, example, language):
        parts.append(f"{words['how']}{_colon(language)}{hint}\n")
    parts.append(f"**{words['wrong']}**\n")
    if example.setting:
        parts.append(f"{example.setting.say(language)}\n")
    parts += [_fenced(name, text) for name, text in shown_files(example.wrong, language)]
    if example.command:
        parts.append(f"```text\n$ {example.command[0]}\n```\n")
    parts.append(f"```text\n{example.told.say(language)}```\n")
    parts.append(f"**{words['right']}**\n")
    parts += [_fenced(name, text) for name, text in shown_files(example.right, language)]
    if example.command:
        parts.append(f"```text\n$ {example.command[1]}\n```\n")
    if near := _near(example):
        links = [f"[{other}]({_page(code, other)}#{other.lower()})" if depth > 1 else other for other in near]
        parts.append(f"{words['near']}{_colon(language)}{' '.join(links)}\n")
    return "\n".join(parts)


def finding_json(code: str, language: Language) -> dict[str, Any]:
    """The page of a finding as data."""
    example = example_of(code)
    return {
        **_listed(code, language),
        "why": example.why.say(language),
        "setting": example.setting.say(language) if example.setting else None,
        "wrong": {"files": dict(example.wrong), "command": example.command[0] if example.command else None},
        "told": example.told.say(language).rstrip("\n"),
        "right": {"files": dict(example.right), "command": example.command[1] if example.command else None},
        "also": list(example.also),
        "related": _near(example),
    }


def list_text(language: Language) -> str:
    """Every finding by floor, a line each, for a terminal."""
    parts = []
    for letter, codes in by_floor().items():
        parts.append(
            f"{FLOORS[letter][1].say(language)}（{len(codes)}）"
            if language == "zh"
            else f"{FLOORS[letter][1].en} ({len(codes)})"
        )
        entries = [catalogue()[code] for code in codes]
        parts += [f"  {e.code}  {_SEVERITIES[e.severity].say(language)}  {message_of(e, language)}" for e in entries]
        parts.append("")
    ending = "看一项的说明和例子：xiance finding C200" if language == "zh" else "the page of one: xiance finding C200"
    return "\n".join([*parts, ending]) + "\n"


def list_markdown(language: Language) -> str:
    """Every finding by floor, a row each, in Markdown."""
    parts = []
    for letter, codes in by_floor().items():
        parts += [f"## {FLOORS[letter][1].say(language)}\n", "| | | |\n|---|---|---|"]
        entries = [catalogue()[code] for code in codes]
        rows = [
            f"| {e.code} | {_SEVERITIES[e.severity].say(language)} | {_cell(message_of(e, language))} |"
            for e in entries
        ]
        parts += [*rows, ""]
    return "\n".join(parts)


def list_json(language: Language) -> list[dict[str, Any]]:
    """Every finding by floor as data."""
    return [_listed(code, language) for codes in by_floor().values() for code in codes]


def docs() -> dict[str, str]:
    """The pages of docs/findings: one a floor, and the one that leads to them."""
    pages = {}
    leads = ["# 发现一览\n", _INTRODUCTION]
    for letter, codes in by_floor().items():
        name, about = FLOORS[letter]
        leads += [f"## [{about.zh}]({name}.md)\n", f"{about.en}\n", "| 编号 | | 意思 |\n|---|---|---|"]
        entries = [catalogue()[code] for code in codes]
        leads += [
            f"| [{e.code}]({name}.md#{e.code.lower()}) | {_SEVERITIES[e.severity].zh} | {_cell(message_of(e, 'zh'))} |"
            for e in entries
        ]
        leads.append("")
        table = " · ".join(f"[{code}](#{code.lower()})" for code in codes)
        bodies = "\n".join(finding_markdown(code, "zh", 2) for code in codes)
        pages[f"{name}.md"] = f"# {about.zh}\n\n{about.en} · [全部发现](README.md)\n\n{table}\n\n{bodies}"
    return {"README.md": "\n".join(leads), **pages}


_INTRODUCTION = (
    "检查、结算和核对时会报出的每一项：说的是什么，为什么要紧，怎样改，一个错的例子和改对以后的样子。\n"
    "在命令行看一项：`xiance finding C200`（`--lang en` for English）。\n\n"
    "这些页由 `grammar/catalogue.toml` 和 `grammar/examples/` 写成，不要手改：`pytest tests/test_finding_pages.py --accept`。\n"
)


def by_floor() -> dict[str, list[str]]:
    """Every code by the letter of its floor, in the order of the floors."""
    return {letter: sorted(code for code in catalogue() if code[0] == letter) for letter in FLOORS}


def floor_of(code: str) -> Words:
    """What the floor of a code is about."""
    return FLOORS[code[0]][1]


def message_of(entry: Entry, language: Language) -> str:
    """The sentence of a finding with its values left open."""
    return _plain(entry.zh if language == "zh" else entry.en)


def hint_of(entry: Entry, language: Language) -> str:
    """The hint of a finding with its values left open."""
    return _plain(entry.hint_zh if language == "zh" else entry.hint_en)


def _fix(entry: Entry, example: Example, language: Language) -> str:
    """How to mend it: the hint as it stands, or as the example is told where it lives by its values."""
    hint = hint_of(entry, language)
    told = re.findall(r"(?m)^(?:提示：|hint: )(.+)$", example.told.say(language))
    return told[0] if "…" in hint and told else hint


def shown_files(files: Mapping[str, str], language: Language) -> list[tuple[str, str]]:
    """Files as a reader knows them: by the names they would have beside one another."""
    shown = []
    for key, text in files.items():
        sort, _, name = key.partition(" ")
        name = (
            f"{name}.csv"
            if sort == "csv"
            else name.removeprefix("data/") or _NAMES.get(sort, Words(sort, sort)).say(language)
        )
        shown.append(
            (
                name,
                text.rstrip("\n") if text.strip() else ("（没有这个文件）" if language == "zh" else "(no such file)"),
            )
        )
    return shown


_NAMES = {
    "policy": Words("rules.policy", "rules.policy"),
    "yaml": Words("data.yaml", "data.yaml"),
    "source": Words("source.yaml", "source.yaml"),
    "english": Words("source.en.yaml", "source.en.yaml"),
    "cases": Words("cases.yaml", "cases.yaml"),
    "scenario": Words("--scenario", "--scenario"),
    "years": Words("--year", "--year"),
    "readings": Words("--readings", "--readings"),
}
_SEVERITIES: Mapping[Severity, Words] = {
    "error": Words("错误", "error"),
    "warning": Words("警告", "warning"),
    "note": Words("说明", "note"),
}
_HEADINGS: Mapping[Language, Mapping[str, str]] = {
    "zh": {"why": "为什么", "how": "怎样改", "wrong": "错的例子", "told": "报出", "right": "改对以后", "near": "相关"},
    "en": {
        "why": "Why it matters",
        "how": "How to fix it",
        "wrong": "Wrong",
        "told": "Told",
        "right": "Put right",
        "near": "Related",
    },
}


def _listed(code: str, language: Language) -> dict[str, Any]:
    entry = catalogue()[code]
    return {
        "code": code,
        "severity": entry.severity,
        "floor": floor_of(code).say(language),
        "message": message_of(entry, language),
        "hint": hint_of(entry, language) or None,
    }


def _near(example: Example) -> list[str]:
    return list(dict.fromkeys([*example.related, *example.also]))


def _page(code: str, other: str) -> str:
    return "" if code[0] == other[0] else f"{FLOORS[other[0]][0]}.md"


def _plain(template: str) -> str:
    """A wording with an ellipsis for each value."""
    return re.sub(r"(?<!\{)\{[a-z_]+\}(?!\})", "…", template).replace("{{", "{").replace("}}", "}")


def _fenced(name: str, text: str) -> str:
    return f"`{name}`\n\n```text\n{text}\n```\n"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _colon(language: Language) -> str:
    return "：" if language == "zh" else ": "


def _indented(text: str, lead: str) -> str:
    return "\n".join(f"{lead}{line}".rstrip() for line in text.split("\n"))
