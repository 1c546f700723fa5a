"""What the checker, the data and a run can find: every code is shown by a page, worded in both languages and placed."""

import re
from collections.abc import Mapping
from datetime import date
from functools import cache
from itertools import chain
from pathlib import Path

import pytest
from samples import cases, found_by_check, found_by_run

from engine.check.check import Given, check
from engine.doors.check_form import checked
from engine.nouns.periods import day_of
from grammar.diagnostic import Entry, Finding, FindingsError, Language, catalogue, render, width
from grammar.parse import parse
from grammar.source import Source, Span
from grammar.syntax import Document, Effective

POLICIES = Path(__file__).resolve().parent.parent / "policies"
OURS = {code: entry for code, entry in catalogue().items() if code[0] in "CR" or (code[0] == "D" and code >= "D050")}
# Told of engines that are not there and of what SQL cannot say: their own pages show them.
OF_ENGINES = frozenset({"R180", "R181", "R182", "R183"})
# Found in workbooks; tests/test_workbook.py shows each.
OF_WORKBOOKS = {code for code in OURS if "D100" <= code < "D150"}
# Found where something is missing altogether, or outside every file.
# Shown in tests/test_parquet.py, tests/test_claims.py and tests/finding_surroundings.py: they want more rows, or files, than a page holds.
MANY_ROWS = {"D201", "D205", "D221"}
NOWHERE = {"D078", "D093", "D222", "D223", "R122"}


@cache
def found() -> Mapping[str, tuple[Finding, ...]]:
    """What every case of the pages of the checker and of data finds, by title."""
    by_check = ((f"check/{title}", found_by_check(blocks)) for title, blocks in cases("check"))
    by_run = ((f"data/{title}", found_by_run(blocks)) for title, blocks in cases("data"))
    return {title: tuple(findings) for title, findings in chain(by_check, by_run)}


def every_finding() -> list[Finding]:
    """All findings of all pages."""
    return [finding for findings in found().values() for finding in findings]


def test_every_code_is_shown_by_a_page_or_a_test_here() -> None:
    shown = {finding.code for finding in every_finding()} | {"C404"} | MANY_ROWS
    assert sorted(OURS.keys() - shown - OF_WORKBOOKS - OF_ENGINES) == []


def test_a_policy_without_an_index_of_clauses_is_told_so(tmp_path: Path) -> None:
    folder = tmp_path / "sample"
    folder.mkdir()
    (folder / "rules.policy").write_text("方案 sample 「试」\n  施行 2026-01-01 起\n", encoding="utf-8")
    assert [finding.code for finding in checked(str(folder)).findings] == ["C404"]


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_finding_leaves_no_slot_open_and_shows_no_inside_word(language: Language) -> None:
    for finding in every_finding():
        if finding.code in OURS:
            words = f"{finding.message(language)}\n{finding.hint(language)}"
            assert not re.search(r"\{[a-z_]+\}|None|Fraction|\w+\(\w+=|Kind\.|Base\.|[A-Z]{2,}_", words), words
            assert words.strip() == words.strip("\n ."), words


@pytest.mark.parametrize("entry", OURS.values(), ids=OURS.keys())
def test_a_wording_is_one_short_sentence_in_lower_key(entry: Entry) -> None:
    assert re.match(r"[“一-鿿{]", entry.zh), entry.zh
    assert not re.search(r"[。！!]|请勿|错误地|非法", entry.zh + entry.hint_zh)
    assert not re.match(r"[A-Z]", entry.en), entry.en
    assert not re.search(r"\.$|illegal|invalid|!", entry.en + entry.hint_en)
    assert width(entry.zh) <= _LONGEST
    assert len(entry.en) <= _LONGEST
    assert bool(entry.hint_zh) == bool(entry.hint_en)
    assert entry.hint_zh or entry.severity == "note"


_LONGEST = 150


@pytest.mark.parametrize("entry", OURS.values(), ids=OURS.keys())
def test_both_languages_name_the_same_things(entry: Entry) -> None:
    slots = [set(re.findall(r"\{([a-z_]+)\}", words)) for words in (entry.zh, entry.en)]
    assert slots[0] == slots[1]
    hints = [set(re.findall(r"\{([a-z_]+)\}", words)) for words in (entry.hint_zh, entry.hint_en)]
    assert hints[0] == hints[1]


def test_every_finding_has_a_place_and_its_caret_stands_under_words_of_the_line() -> None:
    for finding in every_finding():
        match finding.where:
            case None:
                assert finding.code in NOWHERE, finding
            case Span() as span:
                assert 1 <= span.line <= len(span.source.lines)
                assert span.source.lines[span.line - 1][span.column - 1].strip(), render(finding, "zh")
            case place:
                # A Parquet file is no text: its rows and columns have numbers and names, no lines.
                assert place.line is not None or place.file.endswith(".parquet")
                assert place.column is not None or place.file.endswith(".parquet")


def test_no_place_is_told_the_same_code_twice() -> None:
    many = {
        title: [finding.code for finding in findings]
        for title, findings in found().items()
        if len({(finding.code, repr(finding.where)) for finding in findings}) != len(findings)
    }
    assert many == {}


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("数据 结算单位\n", "数据 结算单伟\n", {"C101"}),
        ("  对 医共体:\n    结余留用 除非", "  对 医共休:\n    结余留用 除非", {"C101"}),
        ("环节 预算\n", "环节 预标\n", {"C130"}),
        ("参数 留用上限比例 = 30%", "参数 留用上限笔例 = 30%", {"C201", "C392"}),
        ("调整后预算 = 年度总额预算 + 预算调整额", "调整后预算 = 年度总额预标 + 预算调整额", {"C201"}),
        ("    三年使用合计 = 合计", "    三年使用合计额 = 合计", {"C210", "C392", "C393"}),
        ("名录 医共体 ", "名录 医共休 ", {"C101"}),
    ],
)
def test_a_slip_in_a_real_policy_is_told_without_its_echoes(old: str, new: str, expected: set[str]) -> None:
    text = (POLICIES / "gaotai" / "rules.policy").read_text(encoding="utf-8")
    assert text.count(old) >= 1
    found_here = found_by_check({"policy": text.replace(old, new, 1)})
    assert {finding.code for finding in found_here} == expected, [render(finding, "zh") for finding in found_here]


@pytest.mark.parametrize("policy", sorted(path.parent.name for path in POLICIES.glob("*/rules.policy")))
def test_the_checker_answers_whatever_word_is_misspelt(policy: str) -> None:
    text = (POLICIES / policy / "rules.policy").read_text(encoding="utf-8")
    others = _others(policy)
    names = list(re.finditer(r"[一-鿿]{2,}", text))
    told = {
        code
        for name in names[:: max(1, len(names) // _WORDS)]
        for code in _codes(others, f"{text[: name.end()]}错{text[name.end() :]}")
    }
    assert "C201" in told


def _codes(others: list[Document], text: str) -> set[str]:
    """What is found in a rule file beside others; empty where it is right."""
    try:
        return {finding.code for finding in check(_given([*others, parse(Source("p", text))]))[1]}
    except FindingsError as error:
        return {finding.code for finding in error.findings}


_WORDS = 60


def _others(policy: str) -> list[Document]:
    """The vocabulary, and what the policy inherits, each parsed once."""
    parents = re.findall(r"(?m)^  承接 (\w+)", (POLICIES / policy / "rules.policy").read_text(encoding="utf-8"))
    files = [POLICIES / "common" / "vocabulary.policy", *(POLICIES / name / "rules.policy" for name in parents)]
    return [parse(Source(file.parent.name, file.read_text(encoding="utf-8"))) for file in files]


def _given(documents: list[Document]) -> list[Given]:
    return [Given(document, document.header.name.text, "", _start(document), None) for document in documents]


def _start(document: Document) -> date | None:
    lines = [line for line in document.header.lines if isinstance(line, Effective)]
    return day_of(lines[0].period.start.text, last=False) if lines else None
