"""Every code has a page with an example that gives it and one that is right; both are run here.

``pytest tests/test_finding_pages.py --accept`` writes anew what the wrong examples are told, and docs/findings.
"""

import re

import pytest
from finding_examples import told

from grammar.diagnostic import catalogue
from grammar.examples import EXAMPLES, example_of

CODES = sorted(catalogue())


def test_every_code_has_an_example_and_every_example_a_code() -> None:
    there = {path.stem for path in EXAMPLES.glob("*.md")}
    missing = "、".join(sorted(catalogue().keys() - there))
    assert not missing, f"write grammar/examples/CODE.md for: {missing} (see CONTRIBUTING.md)"
    assert sorted(there - catalogue().keys()) == []


@pytest.mark.parametrize("code", CODES)
def test_the_wrong_example_gives_this_code_and_is_told_as_the_page_says(
    code: str, request: pytest.FixtureRequest
) -> None:
    example = example_of(code)
    zh, en = (told(example, language, right=False) for language in ("zh", "en"))  # type: ignore[arg-type]
    assert code in zh, f"found instead: {sorted(zh)}"
    assert set(zh) - {code} == set(example.also), "codes beside it are listed under 同时报出"
    if request.config.getoption("--accept"):
        path = EXAMPLES / f"{code}.md"
        text = re.sub(r"(?ms)^```(zh|en)\n.*?^```\n\n", "", path.read_text(encoding="utf-8"))
        blocks = "".join(f"```{language}\n{said[code][0]}\n```\n\n" for language, said in (("zh", zh), ("en", en)))
        path.write_text(text.replace("## 对\n", f"{blocks}## 对\n"), encoding="utf-8")
    else:
        said = [words.rstrip("\n") for words in (example.told.zh, example.told.en)]
        assert [zh[code][0], en[code][0]] == said, "run: pytest tests/test_finding_pages.py --accept"


@pytest.mark.parametrize("code", CODES)
def test_the_right_example_is_clean(code: str) -> None:
    assert told(example_of(code), "zh", right=True) == {}
