"""Texts that nobody writes by accident: reading ends soon, with a tree or with findings that stand in the text."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from grammar.diagnostic import Finding, FindingsError, Language, Place, Where, render
from grammar.keywords import keywords, units
from grammar.parse import MAX_BYTES, MAX_FINDINGS, parse, read_source
from grammar.source import Source, Span
from grammar.syntax import Document

_HEAD = "方案 x 「t」\n"
_RULE = f"{_HEAD}环节 年终清算\n  对 甲:\n"


def _filled(start: str, unit: str) -> str:
    return start + unit * ((MAX_BYTES - len(start.encode()) - 10) // len(unit.encode()))


def _deeper(most: int) -> str:
    return f"{_HEAD}环节 甲\n 对 乙:\n  a = b\n" + "\n".join(f"{' ' * (3 + i)}另解 a = b" for i in range(most))


# By name: a text of about a megabyte, and a code that stands among what is found.
_HUGE = {
    "open brackets": (_filled(f"{_RULE}    甲 = ", "("), "P105"),
    "minus signs": (_filled(f"{_RULE}    甲 = ", "-"), "P105"),
    "negations": (_filled(f"{_RULE}    甲 除非 ", "非 "), "P105"),
    "one chain": (_filled(f"{_RULE}    甲 = ", "a+"), "P106"),
    "conditions": (_filled(f"{_RULE}    甲 除非 ", "a 且 "), "P106"),
    "many chains": (_RULE + f"    a = {'a+' * 38}a\n" * 11_000, "P107"),
    "columns": (_filled(f"{_RULE}    甲 按 ", "a | "), "P113"),
    "a list": (_filled(f"{_HEAD}主体 ", "甲、"), "P113"),
    "clauses": (_filled(f"{_RULE}    甲 = 1 依据 ", "五、"), "P113"),
    "zero-width spaces": (_filled(_HEAD, "\u200b"), "P109"),
    "open texts": (_filled(_HEAD, "「"), "P133"),
    "one word": (_filled(_HEAD, "甲"), "P152"),
    "digits": (_filled(f"{_HEAD}参数 甲 = ", "1,111"), "P145"),
    "emoji": (_filled(_HEAD, "😀"), "P112"),
    "faulty lines": (_RULE + "    甲 = = 1\n" * 11_000, "P199"),
    "open lists": (_HEAD + "参数 甲: 选项 {a、\n" * 11_000, "P131"),
    "open brackets on lines": (_RULE + "    a = (b\n" + "    + c\n" * 11_000, "P131"),
    "ever deeper": (_deeper(900), "P104"),
    "stairs": ("".join([_RULE, *(f"{' ' * (4 + i % 700)}a = b\n" for i in range(2_000))]), "P122"),
    "empty lines": ("\n" * MAX_BYTES, "P101"),
    "too many bytes": (_HEAD + "#" * MAX_BYTES, "P101"),
}  # fmt: skip


@pytest.mark.parametrize("name", _HUGE)
def test_a_huge_text_is_answered_soon(name: str, tmp_path: Path) -> None:
    text, code = _HUGE[name]
    path = tmp_path / "huge.policy"
    path.write_text(text, encoding="utf-8")
    run = subprocess.run(
        [sys.executable, "-c", _READ, str(path)], capture_output=True, text=True, timeout=30, check=False
    )
    assert run.stderr == ""
    codes = run.stdout.split()
    assert code in codes
    assert len(codes) <= MAX_FINDINGS


_READ = """
import sys
from pathlib import Path
from grammar.diagnostic import Finding, FindingsError, Language, Place, Where, render
from grammar.parse import parse, read_source
try:
    parse(read_source(Path(sys.argv[1]), "huge.policy"))
except FindingsError as error:
    for finding in error.findings:
        render(finding, "zh")
        print(finding.code)
"""


def test_a_long_file_of_plain_statements_is_taken() -> None:
    assert len(parse(Source("x", _HEAD + "参数 甲 = 30%   依据 五(四)④\n" * 11_000)).items) == 11_000


def test_a_chain_of_two_hundred_terms_is_taken_and_one_more_is_not() -> None:
    assert parse(Source("x", f"{_RULE}    甲 = {' + '.join(['乙'] * 200)}\n"))
    with pytest.raises(FindingsError) as caught:
        parse(Source("x", f"{_RULE}    甲 = {' + '.join(['乙'] * 201)}\n"))
    assert [finding.code for finding in caught.value.findings] == ["P106"]


def test_thirty_two_brackets_are_taken() -> None:
    assert parse(Source("x", f"{_RULE}    甲 = {'(' * 32}乙{')' * 32}\n"))


def test_brackets_do_not_make_a_long_chain_short() -> None:
    nested = "乙"
    for _ in range(10):
        nested = f"({nested + ' + 乙' * 30})"
    with pytest.raises(FindingsError) as caught:
        parse(Source("x", f"{_RULE}    甲 = {nested}\n"))
    assert [finding.code for finding in caught.value.findings] == ["P106"]


@pytest.mark.parametrize(
    "char",
    ["\u200b", "\u200d", "\u202e", "\u2066", "\ufeff", "\x00", "\x1b", "\r", "\u2028", "\ufe0f", "\u3164", "\xad"],
)
@pytest.mark.parametrize("where", ["方案 x 「t」 # {}", "方案 x 「{}」", "方案 x{} 「t」", "{}方案 x 「t」"])
def test_a_character_that_cannot_be_seen_is_told_by_its_number(char: str, where: str) -> None:
    with pytest.raises(FindingsError) as caught:
        parse(Source("x", where.format(char) + "\n"))
    assert [finding.code for finding in caught.value.findings] == ["P109"]
    assert f"U+{ord(char):04X}" in caught.value.findings[0].message("en")


def test_a_file_is_read_with_bom_and_windows_line_ends(tmp_path: Path) -> None:
    path = tmp_path / "x.policy"
    path.write_bytes("\ufeff方案 x 「t」\r\n参数 甲 = 3%\r\n".encode())
    assert read_source(path, "x").text == "方案 x 「t」\n参数 甲 = 3%\n"


def test_a_file_in_another_encoding_is_refused_at_the_byte(tmp_path: Path) -> None:
    path = tmp_path / "x.policy"
    path.write_bytes("方案 x 「t」\n".encode("gb18030"))
    with pytest.raises(FindingsError) as caught:
        read_source(path, "x.policy")
    (finding,) = caught.value.findings
    assert (finding.code, finding.where, finding.values) == ("P108", Place("x.policy"), {"byte": 1})


def test_a_file_that_is_too_big_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "x.policy"
    with path.open("wb") as file:
        file.truncate(1 << 32)
    with pytest.raises(FindingsError) as caught:
        read_source(path, "x.policy")
    assert [finding.code for finding in caught.value.findings] == ["P101"]


_WORDS = [word for keyword in keywords().values() for word in (*keyword.zh, *keyword.en)]
_SIGNS = [*"+-×÷=.:,、(){}|<>≥≠「」《》“”#'\"%¥的 \t\n", "\n", "\n  ", "\n    ", "\n      "]
_NUMBERS = [
    "0", "3", "12,000.5", "30%", "1e5", "2026-01-01", "2026年度", "前3年", "次年3月1日", "year2026", "1_0", "3.",
]  # fmt: skip
_NAMES = ["甲", "结余留用", "budget", "月度.实拨", "аb", "甲①", "_"]
_PIECES = st.one_of(
    st.sampled_from(_WORDS),
    st.sampled_from(_SIGNS),
    st.sampled_from([*_NUMBERS, *(unit.zh for unit in units())]),
    st.sampled_from(_NAMES),
    st.text(max_size=3),
)
_TEXTS = st.builds(
    lambda start, pieces: start + "".join(pieces),
    st.sampled_from(["", _HEAD, _RULE, f"{_RULE}    ", "scheme x 「t」\n", "scheme x 「t」\nstage s\n  for k:\n    "]),
    st.lists(st.builds(lambda piece, space: piece + space, _PIECES, st.sampled_from(["", " "])), max_size=40),
)


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(_TEXTS)
def test_any_text_gives_a_tree_or_findings_in_the_text(text: str) -> None:
    document, findings = _answer(Source("x.policy", text))
    assert (document is None) == bool(findings)
    assert len(findings) <= MAX_FINDINGS
    for finding in findings:
        _stands_in(finding.where)
        for language in _LANGUAGES:
            assert "{" in text or not _SLOT.search(render(finding, language))
    if document:
        _stands_in(document.span)


def _answer(source: Source) -> tuple[Document | None, tuple[Finding, ...]]:
    try:
        return parse(source), ()
    except FindingsError as error:
        return None, error.findings


_LANGUAGES: tuple[Language, ...] = ("zh", "en")
_SLOT = re.compile(r"\{[a-z_]+\}")


def _stands_in(span: Where) -> None:
    assert isinstance(span, Span)
    lines = span.source.lines
    assert 1 <= span.line <= span.end_line <= len(lines)
    assert 1 <= span.column <= len(lines[span.line - 1]) + 1
    # a finding at the end of a line may point one column past it
    assert 1 <= span.end_column <= len(lines[span.end_line - 1]) + 2
    assert (span.line, span.column) <= (span.end_line, span.end_column)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_a_rule_file_with_a_stretch_cut_out_is_answered(data: st.DataObject) -> None:
    text = _VOCABULARY.read_text(encoding="utf-8")
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, min(len(text), start + 60)))
    _, findings = _answer(Source("x.policy", text[:start] + text[end:]))
    for finding in findings:
        _stands_in(finding.where)


_VOCABULARY = Path(__file__).parent.parent / "policies" / "common" / "vocabulary.policy"
