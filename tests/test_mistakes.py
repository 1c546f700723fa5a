"""Every mistake in grammar.mistakes is found by its code, in both languages, and its wording shows no inside word."""

import re

import pytest

from grammar.diagnostic import FindingsError, render
from grammar.mistakes import MISTAKES
from grammar.parse import parse
from grammar.source import Source

_UNDER = {
    "zh": "方案 x 「t」\n环节 年终清算\n  对 某:\n",
    "en": "scheme x 「t」\nstage clearing\n  for alliance:\n",
}
_EXAMPLES = [
    (mistake.code, language, example)
    for mistake in MISTAKES
    for language, examples in (("zh", mistake.zh), ("en", mistake.en))
    for example in examples
]


@pytest.mark.parametrize(("code", "language", "example"), _EXAMPLES)
def test_each_mistake_is_taught_by_its_code(code: str, language: str, example: str) -> None:
    whole = example.startswith(("方案", "scheme"))
    text = f"{example}\n" if whole else f"{_UNDER[language]}    {example}\n"
    with pytest.raises(FindingsError) as caught:
        parse(Source("x.policy", text))
    assert [finding.code for finding in caught.value.findings] == [code]
    for said in ("zh", "en"):
        words = render(caught.value.findings[0], said)
        assert not re.search(r"\{\w+\}|[A-Z]{2,}_|Token|lark|Error|None\b", words), words


def test_every_code_of_a_syntax_error_is_shown_by_an_example_or_a_page() -> None:
    assert len({code for code, _, _ in _EXAMPLES}) >= 20
