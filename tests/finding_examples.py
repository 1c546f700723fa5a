"""The example of a finding, run through the engine: its files laid out in a folder, its command typed there."""

import os
import re
import shlex
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest.mock import patch

import click
from click.testing import CliRunner
from finding_surroundings import SURROUNDINGS
from samples import found_by_check, found_by_run

from engine.api import bind_data, open_policy, settle
from engine.doors.command import main
from engine.load.cases import read_cases
from engine.load.read import read_data
from grammar.diagnostic import Finding, FindingsError, Language, in_order, render
from grammar.example import Example

ROOT = Path(__file__).resolve().parent.parent
# An example leaves out the English ids of its names: they are the matter of C393 and nothing else.
NOT_ITS_MATTER = frozenset({"C393"})


def told(example: Example, language: Language, *, right: bool) -> dict[str, list[str]]:
    """What the engine tells of an example, by code: each finding as it is printed."""
    files = {**example.wrong, **(example.right if right else {})}
    if example.command:
        texts = list(_typed(example, files, language, right=right))
    else:
        texts = [(finding.code, render(finding, language)) for finding in _found(files)]
    by_code: dict[str, list[str]] = {}
    for code, text in texts:
        if code == example.code or code not in NOT_ITS_MATTER:
            by_code.setdefault(code, []).append(text)
    return by_code


def _found(files: Mapping[str, str]) -> list[Finding]:
    sorts = {name.split()[0] for name in files}
    if "cases" in files:
        return _of_cases(files["cases"])
    if sorts & {"yaml", "csv"} and "policy" in files:
        return found_by_run(files)
    return _of_data(files) if sorts & {"yaml", "csv"} else found_by_check(files)


def _of_cases(text: str) -> list[Finding]:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "cases.yaml"
        path.write_text(text, encoding="utf-8")
        try:
            read_cases(path, path.name)
        except FindingsError as error:
            return list(error.findings)
    return []


def _of_data(files: Mapping[str, str]) -> list[Finding]:
    """Data alone is settled under the policy of Gaotai."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        _lay_out(files, folder)
        data = "data.yaml" if (folder / "data.yaml").is_file() else "data"
        policy = open_policy("gaotai")
        years = [int(year) for year in files.get("years", "").split()] or None
        try:
            settlement = settle(policy, bind_data(policy, read_data(folder / data, data)), years)
        except FindingsError as error:
            return in_order(error.findings)
        return list(settlement.warnings)


def _typed(example: Example, files: Mapping[str, str], language: Language, *, right: bool) -> Iterator[tuple[str, str]]:
    """The command as the page shows it, typed in a folder with the example's files and its surroundings."""
    assert example.command is not None
    words = shlex.split(example.command[right], comments=True)
    assert words.pop(0) == "xiance"
    with _desk() as folder, ExitStack() as after:
        _lay_out(files, folder)
        if surround := SURROUNDINGS.get(example.code):
            after.callback(surround(folder, right=right) or _nothing)
        # As it is typed: through the one entry that turns what cannot be worked on into a finding.
        after.enter_context(patch.object(sys, "argv", ["xiance", *words, "--lang", language]))
        run = CliRunner().invoke(click.Command("xiance", callback=main), [])
    assert run.exception is None or isinstance(run.exception, SystemExit), run.exception
    text = (run.stderr + "\n" + run.stdout).strip() + "\n\n"
    for match in re.finditer(r"(?ms)^\S+?\[([A-Z]\d{3})\].*?(?=\n\n|^\S+?\[[A-Z]\d{3}\]|^\S+：条款)", text):
        yield match[1], match[0].replace(str(folder) + "/", "").rstrip()


def _nothing() -> None:
    """There is nothing to undo."""


@contextmanager
def _desk() -> Iterator[Path]:
    """A folder as a user's own, with the shipped policies beside; the texts of documents are kept in it too."""
    before, kept = Path.cwd(), os.environ.get("XDG_DATA_HOME")
    with TemporaryDirectory() as name:
        folder = Path(name).resolve()
        (folder / "policies").symlink_to(ROOT / "policies")
        os.chdir(folder)
        os.environ["XDG_DATA_HOME"] = str(folder / "kept")
        try:
            yield folder
        finally:
            os.chdir(before)
            os.environ.pop("XDG_DATA_HOME")
            if kept is not None:
                os.environ["XDG_DATA_HOME"] = kept


def _lay_out(files: Mapping[str, str], folder: Path) -> None:
    for key, body in files.items():
        sort, _, name = key.partition(" ")
        path = folder / (f"data/{name}.csv" if sort == "csv" else name or f"data.{sort}")
        # A file that is empty on the right side is one to take away.
        if body:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(body, encoding="utf-8")
