"""Printing gives a text that means the same, once and for all, in both spellings."""

import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from grammar import syntax as s
from grammar.diagnostic import FindingsError, Language
from grammar.parse import parse
from grammar.printer import print_document
from grammar.respell import names_of, respell
from grammar.source import Source

ROOT = Path(__file__).parent.parent
PAGES = sorted((ROOT / "tests" / "stages").glob("*/*.md"))
POLICIES = sorted((ROOT / "policies").rglob("*.policy"))
_FENCE = re.compile(r"(?ms)^```policy\n(.*?)^```")


def _tree(text: str) -> s.Document | None:
    try:
        return parse(Source("x.policy", text))
    except FindingsError:
        return None


SAMPLES = [
    pytest.param(text, id=f"{page.parent.name}/{page.stem} {number}")
    for page in PAGES
    for number, text in enumerate(_FENCE.findall(page.read_text(encoding="utf-8")), 1)
    if _tree(text)
] + [pytest.param(path.read_text(encoding="utf-8"), id=str(path.relative_to(ROOT))) for path in POLICIES]


def _parsed(text: str) -> s.Document:
    return parse(Source("x.policy", text))


def _keeps_its_meaning(document: s.Document, language: Language) -> None:
    printed = print_document(document, language)
    again = _parsed(printed)
    assert (again.header, again.items) == (document.header, document.items)
    assert again.language == language
    assert print_document(again, language) == printed


@pytest.mark.parametrize("text", SAMPLES)
def test_what_is_printed_means_what_was_read(text: str) -> None:
    document = _parsed(text)
    _keeps_its_meaning(document, "zh")
    _keeps_its_meaning(document, "en")


@pytest.mark.parametrize("text", SAMPLES)
def test_no_comment_is_lost(text: str) -> None:
    document = _parsed(text)
    again = _parsed(print_document(document, document.language))
    assert " ".join(c.text for c in again.comments) == " ".join(c.text for c in document.comments)


@pytest.mark.parametrize("text", SAMPLES)
def test_the_way_through_the_other_spelling_leads_back(text: str) -> None:
    document = _parsed(text)
    language = document.language
    other: Language = "en" if language == "zh" else "zh"
    names = names_of(_parsed(POLICIES_COMMON.read_text(encoding="utf-8")), document)
    # A name written in the other spelling from the start is brought home first.
    home = respell(document, language, names)
    there = print_document(respell(home, other, names), other)
    back = print_document(respell(_parsed(there), language, names), language)
    assert back == print_document(home, language)


POLICIES_COMMON = ROOT / "policies" / "common" / "vocabulary.policy"


@pytest.mark.parametrize("path", POLICIES, ids=lambda path: str(path.relative_to(ROOT)))
def test_the_english_spelling_of_a_policy_has_no_chinese_name_with_an_id(path: Path) -> None:
    documents = {p.parent.name: _parsed(p.read_text(encoding="utf-8")) for p in POLICIES}
    document = documents[path.parent.name]
    inherited = [documents[line.name.text] for line in document.header.lines if isinstance(line, s.Inherits)]
    english = respell(document, "en", names_of(documents["common"], *inherited, document))
    lines = print_document(english, "en").split("\nnames\n")[0].splitlines()
    # what stays Chinese is text: titles and reasons, documents, clauses, the region and the document's number
    texts = re.compile(r"「[^」]*」|《[^》]*》|  per \S.*|^  (region|document) .*|#.*")
    left = {word for line in lines for word in re.findall(r"[\u4e00-\u9fff]\w*", texts.sub("", line))}
    assert left == set()


def test_a_name_is_respelt_by_the_kind_it_is_read_on() -> None:
    names = names_of(
        _parsed(
            "方案 x 「t」\n主体 月度 属于 医共体 按 月\n主体 单位 包括 医共体、资金池\n译名\n"
            "  月度 = month\n  月度.实拨 = paid\n  已拨付 = paid\n  医共体.甲 = a\n  资金池.甲 = b\n"
        )
    )
    assert names.id_of("实拨", ("月度",)) == "paid"
    assert names.id_of("实拨") is None
    assert names.chinese_of("paid", ("月度",)) == "实拨"
    assert names.chinese_of("paid", ("医共体",)) == "已拨付"
    assert names.parents_of(("月度",)) == ("医共体",)
    assert names.id_of("甲", ("医共体",)) == "a"
    # a group whose members differ has no id for it
    assert names.id_of("甲", ("单位",)) is None


def test_the_longest_expression_that_is_read_is_respelt_and_printed() -> None:
    nested = "乙"
    for _ in range(30):
        nested = f"({nested})"
    document = _parsed(f"方案 x 「t」\n环节 s\n  对 k:\n    甲 = {nested}{' + 乙' * 169}\n译名\n  乙 = b\n")
    english = respell(document, "en", names_of(document))
    assert print_document(english, "en").count(" + b") == 169
    _keeps_its_meaning(document, "zh")


_NAMES = st.sampled_from(["甲", "乙", "结余留用", "的", "a", "在_的", "budget2"])
_NUMBERS = st.sampled_from(["0", "3", "0.5", "1000", "12345", "12345.60", "1,234,567"])
_UNITS = st.sampled_from(["", "元", "万元", "%", "分", "个百分点", "元/人", "%/分", "日"])
_ATOMS = st.one_of(
    _NAMES,
    st.builds(lambda number, unit: number + unit, _NUMBERS, _UNITS),
    st.sampled_from(["余下", "填报数", "「文」", "2026-01-01", "次年3月1日", "是", "否", "所属.甲", "县.乙"]),
)


def _longer(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    amounts = st.sampled_from(
        ["{} + {}", "{} - {}", "{} × {}", "{} ÷ {}", "{} 的 {}", "{}, 最高 {}", "{}, 四舍五入 到 {}"]
    )
    tests = st.sampled_from(
        ["{} 或 {}", "{} 且 {}", "{} 超过 {}", "{} 不晚于 {}", "{} = {}", "{} 不是 {}", "{} 且 不满 {}"]
    )
    single = st.sampled_from(
        [
            "({})",
            "-{}",
            "非 {}",
            "{}, 不取整",
            "上年 甲 期初用 ({})",
            "合计 前3年 月度.甲 其中 {}",
            "{} 属于 {{甲、乙}}",
        ]
    )
    return st.one_of(
        st.builds(lambda form, one, other: form.format(one, other), st.one_of(amounts, tests), inner, inner),
        st.builds(lambda form, one: form.format(one), single, inner),
    )


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow])
@given(st.recursive(_ATOMS, _longer, max_leaves=8), st.sampled_from(["甲 = {}", "甲 除非 {}: 无", "甲 除非 乙: {}"]))
def test_any_expression_that_is_read_is_printed_with_the_same_meaning(expression: str, form: str) -> None:
    document = _tree(f"方案 x 「t」\n环节 s\n  对 k:\n    {form.format(expression)}\n")
    assume(document is not None)
    assert document is not None
    _keeps_its_meaning(document, "zh")
    _keeps_its_meaning(document, "en")
