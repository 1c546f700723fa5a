"""Mistakes as analysts make them, seeded into the shipped files: what is found, and whether it is told well.

A file of tests/mistakes is a category. Each mistake is one edit (``old`` to ``new`` in a file of policies, or of the
tables beside the categories), the codes that may tell it, the line an analyst would look at (that of the edit, or of
the fragment ``line``), and what the first finding must say (``hint``; several ways of saying it are parted by ``|``).
The code ``CASE`` stands for a worked case that no longer comes out.
"""

import shutil
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from engine.api import Policy, bind_data, open_policy, settle
from engine.doors.check_form import checked
from engine.load.policy import load_policy
from engine.load.read import read_data
from engine.trial.run import try_cases
from grammar.diagnostic import Finding, FindingsError, Place, in_order
from grammar.source import Span

ROOT = Path(__file__).resolve().parent.parent
MISTAKES = Path(__file__).parent / "mistakes"
CASE = "CASE"
_TABLES = "表格"


@dataclass(frozen=True)
class Mistake:
    """One edit and what should be told of it."""

    category: str
    says: str
    file: str
    old: str
    new: str
    codes: tuple[str, ...]
    line: str | None
    hint: tuple[str, ...]


@dataclass(frozen=True)
class Told:
    """One thing told: its code, file and line (None where it has none), and its words."""

    code: str
    file: str
    line: int | None
    words: str


def mistakes() -> Iterator[Mistake]:
    """Every mistake of every category."""
    for path in sorted(MISTAKES.glob("*.toml")):
        for m in tomllib.loads(path.read_text(encoding="utf-8"))["mistake"]:
            line, hint = m.get("line"), tuple(m["hint"].split("|"))
            yield Mistake(path.stem, m["says"], m["in"], m["old"], m["new"], tuple(m["codes"]), line, hint)


def told_of(mistake: Mistake) -> tuple[list[Told], int]:
    """What is told of a mistake that was not told before, in the order it is printed, and the line to look at."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        shutil.copytree(ROOT / "policies", folder / "policies")
        shutil.copytree(MISTAKES / _TABLES, folder / "policies" / _TABLES)
        path = folder / "policies" / mistake.file
        before = path.read_text(encoding="utf-8")
        assert mistake.old in before, mistake
        after = before.replace(mistake.old, mistake.new, 1)
        path.write_text(after, encoding="utf-8")
        known = {(told.code, told.words) for told in _usual(mistake.file)}
        return [told for told in _told(folder, mistake.file) if (told.code, told.words) not in known], _line(
            mistake, before, after
        )


def _line(mistake: Mistake, before: str, after: str) -> int:
    if mistake.line is not None:
        assert mistake.line in after, mistake
        return after[: after.index(mistake.line) + len(mistake.line) - len(mistake.line.lstrip("\n"))].count("\n") + 1
    same = next(at for at, (a, b) in enumerate(zip(before + "\0", after + "\0", strict=False)) if a != b)
    # Lines put in below one begin after its end.
    return after[: same + (after[same : same + 1] == "\n" and len(after) > len(before))].count("\n") + 1


@cache
def _usual(file: str) -> tuple[Told, ...]:
    """What is told of the files as they are shipped."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        shutil.copytree(ROOT / "policies", folder / "policies")
        shutil.copytree(MISTAKES / _TABLES, folder / "policies" / _TABLES)
        return tuple(_told(folder, file))


def _told(folder: Path, file: str) -> list[Told]:
    policy, _, name = file.partition("/")
    if name in {"rules.policy", "source.yaml", "source.en.yaml"}:
        findings = _as_told(checked(str(folder / "policies" / policy)).findings)
        return findings if any(told.code[0] in "PCLD" for told in findings) else _of_cases(folder, policy)
    if name == "cases.yaml":
        return _of_cases(folder, policy)
    data = folder / "policies" / (policy if policy == _TABLES else file)
    return _of_data(data, "gaotai" if policy == _TABLES else policy)


def _of_data(path: Path, policy: str) -> list[Told]:
    opened = _opened(policy)
    try:
        return _as_told(settle(opened, bind_data(opened, read_data(path, path.name))).warnings)
    except FindingsError as error:
        return _as_told(in_order(error.findings))


@cache
def _opened(policy: str) -> Policy:
    return open_policy(policy)


def _of_cases(folder: Path, policy: str) -> list[Told]:
    try:
        results = try_cases(Policy(load_policy(str(folder / "policies" / policy)))).results
    except FindingsError as error:
        return _as_told(error.findings)
    told = []
    for result in results:
        told += _as_told(result.findings)
        place = result.case.place
        told += [Told(CASE, place.file, place.line, f"{m.unit} {m.figure} {m.expected} {m.got}") for m in result.misses]
    return told


def _as_told(findings: "list[Finding] | tuple[Finding, ...]") -> list[Told]:
    told = []
    for finding in findings:
        match finding.where:
            case Span(source=source, line=line):
                file, at = source.name, line
            case Place(file=file, line=at):  # type: ignore[misc]
                pass
            case None:
                file, at = "", None  # type: ignore[assignment]
        told.append(Told(finding.code, file, at, f"{finding.message('zh')}\n{finding.hint('zh')}"))
    return told
