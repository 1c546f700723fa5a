"""The grammar itself: one meaning for every text, a builder's method for every rule, tables that are kept safely."""

import logging
import os
import re
import subprocess
import sys
from dataclasses import is_dataclass
from pathlib import Path

import pytest
from lark import logger

from grammar import syntax
from grammar.build import Builder
from grammar.keywords import is_keyword, keywords, terminals_of, units, word
from grammar.tables import LAYOUT, LITERALS, SIGNS, build, tables

ROOT = Path(__file__).parent.parent


def test_the_grammar_has_no_conflict(caplog: pytest.LogCaptureFixture) -> None:
    logger.setLevel(logging.DEBUG)
    logger.addHandler(caplog.handler)
    try:
        build()
    finally:
        logger.removeHandler(caplog.handler)
    assert [record.message for record in caplog.records if "conflict" in record.message.lower()] == []


def test_every_terminal_is_used_in_the_grammar() -> None:
    used = {terminal for row in tables().actions for terminal in row}
    assert {*keywords(), *SIGNS, *LITERALS, *LAYOUT} - used == set()


def test_every_rule_has_a_method_that_builds_it() -> None:
    methods = {p.method for p in tables().productions if not p.unit and not p.is_list}
    assert {method for method in methods if not callable(getattr(Builder, method, None))} == set()


def test_every_method_of_the_builder_builds_a_rule() -> None:
    methods = {p.method for p in tables().productions}
    public = {name for name in dir(Builder) if not name.startswith("_")}
    assert public - methods - {"span", "declared", "end_item"} == set()


def test_every_node_of_the_tree_stands_on_a_page() -> None:
    pages = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "tests" / "stages" / "parse").glob("*.md"))
    nodes = {name for name, node in vars(syntax).items() if isinstance(node, type) and is_dataclass(node)}
    shown = {name for name in nodes if re.search(rf"\b{name}[( ]|\b{name}$", pages, re.MULTILINE)}
    # words print as themselves
    assert nodes - shown == {"Document", "Name", "Text", "Locator", "Word", "Quantity", "YesNo", "Comment", "Span"}


def test_a_word_stands_for_one_keyword_but_for_yes_and_is() -> None:
    words = [text for keyword in keywords().values() for text in keyword.zh]
    assert {text for text in words if len(terminals_of(text, "zh")) > 1} == {"是"}


def test_every_keyword_has_as_many_words_in_both_languages() -> None:
    assert [k.terminal for k in keywords().values() if len(k.zh) != len(k.en)] == []
    assert word("PREVIOUS", 0, "en") == "last year"
    assert is_keyword("除非")
    assert not is_keyword("结余")


def test_a_unit_stands_before_those_it_ends_with_or_begins_with() -> None:
    order = [unit.zh for unit in units()]
    assert [(a, b) for i, a in enumerate(order) for b in order[i + 1 :] if b.startswith(a)] == []


_READ = """
import sys
from pathlib import Path
from grammar.parse import parse, read_source
assert len(parse(read_source(Path(sys.argv[1]), "x")).items) > 5
print("lark" in sys.modules)
"""


def _read_with_cache(folder: Path) -> str:
    path = ROOT / "policies" / "gaotai" / "rules.policy"
    run = subprocess.run(
        [sys.executable, "-c", _READ, str(path)],
        cwd=ROOT,
        env={**os.environ, "XDG_CACHE_HOME": str(folder), "LOCALAPPDATA": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.stderr == ""
    return run.stdout.strip()


def test_the_tables_are_worked_out_once(tmp_path: Path) -> None:
    assert _read_with_cache(tmp_path) == "True"
    assert _read_with_cache(tmp_path) == "False"


@pytest.mark.parametrize("spoilt", ["", "{}", "[1", '{"digest": "x"}', "\x00"])
def test_a_spoilt_cache_is_worked_out_anew(tmp_path: Path, spoilt: str) -> None:
    _read_with_cache(tmp_path)
    (kept,) = (tmp_path / "xiance").iterdir()
    kept.write_text(spoilt, encoding="utf-8")
    assert _read_with_cache(tmp_path) == "True"
    assert _read_with_cache(tmp_path) == "False"


def test_a_folder_that_cannot_be_written_is_no_hindrance(tmp_path: Path) -> None:
    blocked = tmp_path / "a file"
    blocked.write_text("", encoding="utf-8")
    assert _read_with_cache(blocked) == "True"
