"""Every code has a page with an example that gives it and one that is right; both are run here.

``pytest tests/test_finding_pages.py --accept`` writes anew what the wrong examples are told, and docs/findings.
"""

import json
import re

import pytest
from click.testing import CliRunner
from finding_examples import ROOT, told

from engine.doors.command import cli
from engine.doors.finding_form import FLOORS, docs
from grammar.diagnostic import catalogue
from grammar.example import EXAMPLES, example_of

CODES = sorted(catalogue())
DOCS = ROOT / "docs" / "findings"
# Found where something is missing as a whole, or in a Parquet file: there is no line to look at.
NO_LINE = frozenset(
    re.findall(
        r"\w+",
        """
        D100 D101 D102 D103 D104 D105 D107 D108 D109 D120 D126
        C404 D001 D003 D004 D034 D036 D038 D039 D040 D041 D042 D043 D078 D093 D222 D223 P101
        P102 P108 R122 R170 R180 R181 R182 R183 S101 S102 S103 S104 S105 S106 S107 S108 S109 S110 S111 S114 S115 S116
        S121 S122 S123 S124 S125 S126 S127 S128 S129 S130 S131 S132
        D200 D201 D202 D203 D204 D205 L280 L281 L282 L283 L284 L204 L205 L210 L214 L215 L220 L221 L230 L231 L232
        """,
    )
)


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
    zh, en = (told(example, language, right=False) for language in ("zh", "en"))
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
    found = told(example_of(code), "zh", right=True)
    # A note on what is right is no fault, unless it is the one the page is about.
    assert {other: texts for other, texts in found.items() if other == code or severity(other) != "note"} == {}


def severity(code: str) -> str:
    return catalogue()[code].severity


@pytest.mark.parametrize("code", sorted(set(CODES) - NO_LINE))
def test_the_wrong_example_is_told_at_a_line(code: str) -> None:
    assert re.search(r"(?m)^ --> \S.*?(?:[:!]\d+:\d+|![A-Z]+\d+)", example_of(code).told.zh)


@pytest.mark.parametrize("code", CODES)
def test_a_page_says_why_in_a_sentence_and_leads_only_to_codes_there_are(code: str) -> None:
    example = example_of(code)
    assert 6 <= len(example.why.zh) <= 60
    assert 15 <= len(example.why.en) <= 130
    assert not example.why.zh.endswith("。")
    assert {*example.related, *example.also} <= catalogue().keys() - {code}


@pytest.mark.parametrize("code", CODES)
def test_a_finding_says_how_to_mend_it(code: str) -> None:
    assert catalogue()[code].hint_zh
    assert catalogue()[code].hint_en


@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize("form", ["text", "md", "json"])
@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_command_prints_the_page_of_every_code(code: str, form: str, language: str) -> None:
    result = CliRunner().invoke(cli, ["finding", code.lower(), "--format", form, "--lang", language])
    assert result.exit_code == 0
    example = example_of(code)
    told_, why = (example.told.zh, example.why.zh) if language == "zh" else (example.told.en, example.why.en)
    if form == "json":
        page = json.loads(result.stdout)
        assert (page["code"], page["why"], page["told"]) == (code, why, told_.rstrip("\n"))
        assert page["hint"]
    else:
        assert result.stdout.startswith(code if form == "text" else f"# {code}")
        assert why in result.stdout
        assert told_.split("\n")[0] in result.stdout
    assert not re.search(r"\{[a-z_]+\}", result.stdout.split(told_.split("\n")[0])[0])


@pytest.mark.parametrize("form", ["text", "md", "json"])
def test_without_a_code_every_finding_is_listed_by_floor(form: str) -> None:
    result = CliRunner().invoke(cli, ["finding", "--format", form])
    assert result.exit_code == 0
    listed = re.findall(r"\b[A-Z][0-9]{3}\b", result.stdout)
    order = [code for letter in FLOORS for code in CODES if code[0] == letter]
    assert list(dict.fromkeys(listed)) == order


@pytest.mark.parametrize(("typed", "meant"), [("C2O0", "C200"), ("X101", "C101"), ("D80", "D080")])
def test_an_unknown_code_is_wrong_usage_and_the_nearest_is_named(typed: str, meant: str) -> None:
    result = CliRunner().invoke(cli, ["finding", typed])
    assert result.exit_code == 2
    assert meant in result.stderr
    assert "是不是" in result.stderr


def test_the_pages_for_readers_are_those_of_the_catalogue(request: pytest.FixtureRequest) -> None:
    pages = docs()
    if request.config.getoption("--accept"):
        DOCS.mkdir(parents=True, exist_ok=True)
        for path in DOCS.glob("*.md"):
            path.unlink()
        for name, text in pages.items():
            (DOCS / name).write_text(text, encoding="utf-8")
    else:
        there = {path.name: path.read_text(encoding="utf-8") for path in DOCS.glob("*.md")}
        assert there == pages, "run: pytest tests/test_finding_pages.py --accept"
