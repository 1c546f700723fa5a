"""The pages for readers: every command on them runs and tells what is shown, every rule on them checks, every path is there.

On a page, a block with a file's name beside its kind (``policy linxi/rules.policy``) is that file, or its next part;
``policy from FILE`` quotes a file as it stands, ``in en`` in its English spelling. In a ``console`` block a line ``$ …``
is a command and the lines after it are what it tells; an ellipsis stands for what is left out.
"""

import ast
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

import pytest

from engine.doors.check_form import checked
from engine.doors.command import cli
from engine.interpret import choose
from engine.load import policy, read, yaml_text
from engine.load.policy import folder_documents
from engine.nouns import numbers
from engine.nouns.pipeline import Ledger, Step
from grammar import build_expressions
from grammar import parse as parse_
from grammar.keywords import keywords
from grammar.parse import parse
from grammar.printer import print_document
from grammar.respell import names_of, respell
from grammar.source import Source

ROOT = Path(__file__).resolve().parent.parent
PAGES = ("README.md", "docs/language.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md")
XIANCE = Path(sys.executable).with_name("xiance")
GAP = "…"


@dataclass(frozen=True)
class Block:
    """A fenced block of a page: its kind, what stands beside the kind, its text."""

    page: str
    kind: str
    about: str
    text: str


def text_of(page: str) -> str:
    return (ROOT / page).read_text(encoding="utf-8")


def blocks(page: str) -> list[Block]:
    return [Block(page, *found) for found in _FENCE.findall(text_of(page))]


def prose(page: str) -> str:
    return _FENCE.sub("", text_of(page))


_FENCE = re.compile(r"(?ms)^```(\w+)(?: ([^\n]+))?\n(.*?)^```$")


def files(page: str) -> dict[str, str]:
    """The files that stand on a page, their parts put together in order."""
    found: dict[str, list[str]] = {}
    for block in blocks(page):
        if block.about and block.kind in {"policy", "yaml"} and not block.about.startswith("from "):
            found.setdefault(block.about, []).append(block.text)
    return {name: "\n".join(parts) for name, parts in found.items()}


@pytest.fixture(scope="module")
def desks(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A folder per page with the page's own files, where a reader would type its commands."""
    made = {}
    for page in PAGES:
        made[page] = tmp_path_factory.mktemp(Path(page).stem)
        shutil.copytree(ROOT / "policies", made[page] / "policies")
        for name, text in files(page).items():
            path = made[page] / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    return made


def typed() -> Iterator[tuple[Block, str, tuple[str, ...], int]]:
    """Every command of every page: where it stands, what is shown of its output, its exit code."""
    for page in PAGES:
        for block in blocks(page):
            if block.kind == "console":
                code = int(block.about.removeprefix("exit ") or 0)
                for part in re.split(r"(?m)^\$ ", block.text)[1:]:
                    command, *shown = part.rstrip("\n").split("\n")
                    yield block, command, tuple(shown), code


@pytest.mark.parametrize(
    ("block", "command", "shown", "code"), [pytest.param(*each, id=f"{each[0].page}: {each[1]}") for each in typed()]
)
def test_a_command_on_a_page_tells_what_is_shown(
    block: Block, command: str, shown: tuple[str, ...], code: int, desks: dict[str, Path]
) -> None:
    name, *words = command.split()
    assert name == "xiance"
    run = subprocess.run(
        [str(XIANCE), *words],
        cwd=desks[block.page],
        env={**os.environ, "COLUMNS": "240", "PYTHONUTF8": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        check=False,
    )
    assert run.returncode == code, run.stdout
    missed = first_difference(shown, run.stdout.rstrip("\n").split("\n")) if shown else None
    assert missed is None, f"not told in its place: {missed}\n\n{run.stdout}"


def first_difference(shown: Sequence[str], told: Sequence[str]) -> str | None:
    """The first shown line that was not told in its place; None where all were, with more only where a gap is shown."""
    runs: list[list[str]] = [[]]
    for line in shown:
        if line.strip() == GAP:
            runs.append([])
        else:
            runs[-1].append(line)
    place = 0
    for number, run in enumerate(runs):
        latest = len(told) - len(run)
        if number == 0:
            starts = range(min(1, latest + 1))
        elif run and number == len(runs) - 1:
            starts = range(max(place, latest), latest + 1)
        else:
            starts = range(place, latest + 1)
        found = next((at for at in starts if all(map(same, run, told[at : at + len(run)]))), None)
        if found is None:
            return run[0]
        place = found + len(run)
    return None if len(runs) > 1 or place == len(told) else told[place]


def same(shown: str, told: str) -> bool:
    """Whether a line is as shown, an ellipsis standing for anything."""
    return re.fullmatch(".*".join(map(re.escape, shown.rstrip().split(GAP))), told.rstrip()) is not None


@pytest.mark.parametrize(
    ("shown", "told", "right"),
    [
        (("a", "b"), ["a", "b"], True),
        (("a",), ["a", "b"], False),
        (("a", "c"), ["a", "b"], False),
        ((GAP, "b", GAP), ["a", "b", "c"], True),
        (("b", GAP), ["a", "b"], False),
        ((GAP, "b"), ["a", "b", "c"], False),
        (("a", GAP, "c"), ["a", "b", "c"], True),
        (("a", GAP, "c", "b"), ["a", "b", "c"], False),
        ((f"a{GAP}c",), ["abc"], True),
        ((f"a{GAP}c",), ["abd"], False),
        ((GAP, "a", "c", GAP), ["a", "b", "c"], False),
    ],
)
def test_what_is_shown_is_held_against_what_is_told(shown: tuple[str, ...], told: list[str], *, right: bool) -> None:
    assert (first_difference(shown, told) is None) == right


@pytest.mark.parametrize("page", PAGES)
def test_rules_on_a_page_check_unless_the_page_says_they_are_wrong(page: str, desks: dict[str, Path]) -> None:
    wrong = {command.split()[-1] for block, command, _, code in typed() if block.page == page and code}
    folders = {name.split("/")[0] for name in files(page) if name.endswith(".policy")} - wrong
    told = {
        name: [f.code for f in checked(str(desks[page] / name)).findings if f.severity != "note"] for name in folders
    }
    assert {name: codes for name, codes in told.items() if codes} == {}


@pytest.mark.parametrize("page", PAGES)
def test_rules_on_a_page_stand_as_the_printer_lays_them_out(page: str) -> None:
    for name, text in files(page).items():
        if name.endswith(".policy"):
            document = parse(Source(name, text))
            assert print_document(document, document.language) == text


def quotes() -> list[Block]:
    return [block for page in PAGES for block in blocks(page) if block.about.startswith("from ")]


@pytest.mark.parametrize("block", [pytest.param(block, id=f"{block.page}: {block.about}") for block in quotes()])
def test_a_quoted_rule_stands_in_its_file(block: Block, desks: dict[str, Path]) -> None:
    name, _, language = block.about.removeprefix("from ").partition(" in ")
    path = desks[block.page] / name
    text = path.read_text(encoding="utf-8")
    if language:
        document = parse(Source(name, text))
        text = print_document(respell(document, "en", names_of(*folder_documents(path.parent), document)), "en")
    assert f"\n{block.text}" in text


def test_every_kind_of_block_on_the_pages_is_looked_at() -> None:
    for page in PAGES:
        for block in blocks(page):
            assert block.kind in {"console", "policy", "yaml", "sh", "text", "mermaid"}, block
            assert block.kind not in {"policy", "yaml"} or block.about, block


@pytest.mark.parametrize("page", PAGES)
def test_every_path_named_on_a_page_is_there(page: str) -> None:
    named = [name.removesuffix("/") for name in re.findall(r"`([^`\n]+)`", prose(page)) if _PATH.fullmatch(name)]
    there = {name for path in files(page) for name in (path, path.split("/")[0])} | _OF_A_COUNTY
    assert [name for name in named if not (name in there or any(ROOT.glob(name)))] == []


_PATH = re.compile(r"[\w.*-]+(/[\w.*-]+)+/?|[\w*-]+/|[\w.*-]+\.(py|md|policy|yaml|toml|lark|tsv|j2)", re.ASCII)
_OF_A_COUNTY = {
    "rules.policy",
    "source.yaml",
    "source.en.yaml",
    "cases.yaml",
    "sample.yaml",
    "survivors.yaml",
    "workbook.toml",
}


@pytest.mark.parametrize("page", PAGES)
def test_every_link_on_a_page_leads_somewhere(page: str) -> None:
    links = re.findall(r"\]\(([^)\s]+)\)", prose(page))
    inside = {link for link in links if link.startswith("#")}
    assert [
        link for link in links if link not in inside and not ((ROOT / page).parent / link.split("#")[0]).exists()
    ] == []
    assert inside <= {f"#{anchor(title)}" for title in re.findall(r"(?m)^#+ (.+)$", prose(page))}


def anchor(title: str) -> str:
    """Where a heading is linked to: in lower case, without punctuation, blanks as hyphens."""
    return re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")


def test_the_readme_opens_with_the_two_commands_that_set_everything_up() -> None:
    first = blocks("README.md")[0]
    assert [line.split("#")[0].strip() for line in first.text.splitlines()] == ["make demo", "make test"]


def test_make_demo_settles_the_sample_the_readme_shows() -> None:
    recipe = re.search(r"(?m)^demo:.*\n\t(.+)$", text_of("Makefile"))
    assert recipe is not None
    demo = recipe[1].replace("$(BIN)/", "")
    assert demo in [command for block, command, _, _ in typed() if block.page == "README.md"]


def test_the_readme_shows_every_command_and_owns_up_to_those_that_are_not_there() -> None:
    shown = {command.split()[1] for block, command, _, _ in typed() if block.page == "README.md"}
    assert shown >= set(cli.commands)
    missing = re.search(r"(?ms)^## 还没有的$(.+?)^## ", text_of("README.md"))
    assert missing is not None
    assert set(re.findall(r"`xiance (\w+)", missing[1])) == _PROMISED - set(cli.commands)


_PROMISED = {"explain", "compare", "sql", "new", "source", "verify"}


def test_the_readme_is_short() -> None:
    assert len(text_of("README.md").splitlines()) < 365


def test_architecture_says_of_every_module_what_the_module_says(request: pytest.FixtureRequest) -> None:
    page = text_of("ARCHITECTURE.md")
    told = re.sub(
        r"(?ms)^<!-- modules of (\S+) -->\n.*?^<!-- end -->$",
        lambda found: f"<!-- modules of {found[1]} -->\n{modules(found[1])}<!-- end -->",
        page,
    )
    if request.config.getoption("--accept"):
        (ROOT / "ARCHITECTURE.md").write_text(told, encoding="utf-8")
    else:
        assert told == page, "if this is right, run: pytest tests/test_docs.py --accept"


def modules(folder: str) -> str:
    """The modules of a folder, each with its first sentence."""
    lines = []
    for path in sorted((ROOT / folder).glob("*.py")):
        sentence = (ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or "").split("\n")[0]
        if path.name != "__init__.py":
            lines.append(f"- `{path.relative_to(ROOT).as_posix()}` — {sentence}\n")
    return "".join(lines)


def test_architecture_leaves_no_folder_out() -> None:
    folders = {path.parent for package in ("grammar", "engine") for path in (ROOT / package).rglob("*.py")}
    told = re.findall(r"(?m)^<!-- modules of (\S+) -->$", text_of("ARCHITECTURE.md"))
    assert sorted(told) == sorted(folder.relative_to(ROOT).as_posix() for folder in folders)


def test_architecture_names_every_kind_of_step() -> None:
    named = set(re.findall(r"(?m)^\| \*\*(\w+)\*\* \|", text_of("ARCHITECTURE.md")))
    assert named == {kind.__name__.lower() for kind in (*get_args(Step), Ledger)}


@pytest.mark.parametrize(
    "limit",
    [
        f"{parse_.MAX_BYTES >> 20} MiB, {parse_.MAX_LINES:,} lines, {parse_.MAX_WORDS:,} words",
        f"a statement | {parse_.MAX_STATEMENT:,} words, {parse_.MAX_JOINED} lines",
        f"of an expression | {parse_.MAX_DEPTH}, {build_expressions.MAX_NESTING}",
        f"terms of one sum or list | {build_expressions.MAX_TERMS}",
        f"a chain of 承接 | {policy.LONGEST_CHAIN}",
        f"a YAML file, its depth | {read._YAML_BYTES_AT_MOST >> 20} MiB, {yaml_text._DEPTH_AT_MOST}",
        f"a CSV file | {read._CSV_BYTES_AT_MOST >> 20} MiB",
        f"digits of a number | {numbers._DIGITS_AT_MOST}",
        f"one by one | {choose.MOST_OPEN}",
        f"one file's syntax | {parse_.MAX_FINDINGS}",
    ],
)
def test_architecture_tells_the_limits_in_force(limit: str) -> None:
    assert f"{limit} |" in text_of("ARCHITECTURE.md")


def test_the_guides_list_of_words_pairs_both_spellings() -> None:
    table = prose("docs/language.md").split("\n## 词汇速查\n")[1].strip().split("\n\n")[0]
    pairs = {pair for each in keywords().values() for pair in zip(each.zh, each.en, strict=True)}
    for row in table.splitlines()[2:]:
        zh, en = (cell.strip() for cell in row.split("|")[1:3])
        assert set(zip(zh.split("、"), en.split(", "), strict=True)) <= pairs, row
