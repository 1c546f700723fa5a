"""Attach: hold a user's copy of a document against the index of its clauses, and keep the clauses' texts for quotation.

The texts are kept with the user's own data, never with the policies: the project holds no sentence of a document.
"""

import json
import os
import tempfile
from collections.abc import Collection, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Literal

from engine.load.clauses_of import FIRST, LAST, FoundClause, clauses_of, has_title
from engine.load.document import Line
from engine.load.folded import digest_of, folded
from engine.load.source import SourceIndex
from grammar.diagnostic import Finding, FindingsError, Place, Words
from grammar.frozen import dataclass

State = Literal["same", "changed", "found", "missing", "new"]


@dataclass(frozen=True, slots=True)
class Compared:
    """One clause held against the index: ``found`` is there but has no digest to compare, ``new`` is not in the index."""

    locator: str
    state: State
    cited: bool
    text: str
    line: int | None


@dataclass(frozen=True, slots=True)
class Comparison:
    """A copy held against an index: every clause of either, and what is to be told."""

    clauses: tuple[Compared, ...]
    findings: tuple[Finding, ...]

    def count(self, state: State) -> int:
        """How many clauses are in a state."""
        return sum(clause.state == state for clause in self.clauses)


def compare(index: SourceIndex, cited: Collection[str], lines: Sequence[Line], shown: str) -> Comparison:
    """Hold the lines of a document against the index; ``cited`` are the locators that rules cite.

    A cited clause that is missing is an error: a rule would stand on a sentence that is not there. So is a document
    that neither bears the title nor has a single clause as the index knows it.
    """
    copy = _Copy(clauses_of(lines, index.title), {_key(clause.locator) for clause in index.clauses})
    if not copy.found:
        raise FindingsError([Finding("S108", Place(shown))])
    keys = {_key(locator) for locator in cited}
    known = {_key(clause.locator) for clause in index.clauses}
    entries = [(clause.locator, clause.digest) for clause in index.clauses]
    entries += [(locator, "") for locator in cited if _key(locator) not in known]
    compared = [_compared(copy, locator, digest, cited=_key(locator) in keys) for locator, digest in entries]
    compared += [
        Compared(copy.found[at].locator, "new", False, copy.text(at, whole=False), copy.found[at].line)
        for at in copy.uncovered()
    ]
    moved = {digest_of(copy.text(at, whole=False)): clause.locator for at, clause in enumerate(copy.found)}
    digests = dict(entries)
    titled = has_title(lines, index.title)
    if not titled and any(digests.values()) and not any(clause.state == "same" for clause in compared):
        return Comparison(tuple(compared), (Finding("S116", Place(shown), {"title": index.title}),))
    findings = [] if titled else [Finding("S109", Place(shown), {"title": index.title})]
    for clause in compared:
        now = moved.get(digests.get(clause.locator, ""))
        findings.extend(_told(clause, None if now == clause.locator else now, shown))
    return Comparison(tuple(compared), tuple(findings))


def digests_of(index: SourceIndex, lines: Sequence[Line]) -> Mapping[str, str]:
    """The digest of each clause of the index that the document holds, by its locator."""
    copy = _Copy(clauses_of(lines, index.title), {_key(clause.locator) for clause in index.clauses})
    texts = ((clause.locator, copy.named(clause.locator)) for clause in index.clauses)
    return {locator: digest_of(found[0]) for locator, found in texts if found is not None}


def keep(name: str, comparison: Comparison) -> Path:
    """Keep the texts of a policy's document in the user's own data, whole or not at all; readable by the user alone."""
    path = _kept_at(name)
    clauses = {
        clause.locator: {"text": clause.text, "state": clause.state} for clause in comparison.clauses if clause.text
    }
    text = json.dumps({"policy": name, "clauses": clauses}, ensure_ascii=False, indent=1) + "\n"
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
                file.write(text)
            Path(temporary).replace(path)
        except OSError:
            Path(temporary).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise FindingsError([Finding("S115", Place(str(path)), {"reason": error.strerror or ""})]) from None
    return path


def attached_clause(name: str, locator: str) -> str | None:
    """The words of a clause from the copy that the user attached to a policy; None without a copy or such a clause."""
    path = _kept_at(name)
    try:
        stamp = path.stat()
    except (OSError, ValueError):
        return None
    return _kept(path, stamp.st_mtime_ns, stamp.st_size).get(_key(locator))


def data_folder() -> Path:
    """The folder of the user's own data; a relative XDG_DATA_HOME is no folder, as its specification says."""
    named = Path(os.environ.get("XDG_DATA_HOME", ""))
    return (named if named.is_absolute() else Path.home() / ".local" / "share") / "xiance"


def _kept_at(name: str) -> Path:
    return data_folder() / f"{name}.json"


@lru_cache(maxsize=16)
def _kept(path: Path, _changed: int, _size: int) -> Mapping[str, str]:
    """The texts of a kept copy by their locators as compared; none where the file is not one that was kept here."""
    try:
        clauses = json.loads(path.read_bytes())["clauses"]
        return {_key(locator): str(clause["text"]) for locator, clause in clauses.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return {}


# ---- finding a locator's text


def _key(locator: str) -> str:
    """A locator as compared: brackets narrow, blanks gone."""
    return folded(locator)


class _Copy:
    """The clauses of a copy as the index parts them.

    A clause covers all that stands under it, unless the index lists something under it: then it is its own words only.
    """

    def __init__(self, found: Sequence[FoundClause], listed: Collection[str]) -> None:
        self.found = found
        self.places = {_key(clause.locator): at for at, clause in enumerate(found)}
        self.listed = {at for key, at in self.places.items() if any(key + part in listed for part in ("", FIRST, LAST))}
        self.below: list[list[int]] = [[] for _ in found]
        for at in range(len(found)):
            for above in self._around(at):
                self.below[above].append(at)
        self.parted = {above for at in self.listed for above in self._around(at)}

    def named(self, locator: str) -> tuple[str, int] | None:
        """The text a locator stands for, and its line; ``五 首段`` is the words of 五 before its first number."""
        at = self.places.get(_key(locator))
        if at is not None:
            return self.text(at, whole=at not in self.parted), self.found[at].line
        for part, paragraph in ((FIRST, None), (LAST, -1)):
            at = self.places.get(_key(locator).removesuffix(part)) if _key(locator).endswith(part) else None
            if at is not None and self.found[at].words:
                words = self.found[at].words
                return words if paragraph is None else words.split("\n")[paragraph], self.found[at].line
        return None

    def text(self, at: int, *, whole: bool) -> str:
        """The text of a clause, with all that stands under it or its own only."""
        parts = [self.found[at].own]
        for below in self.below[at] if whole else ():
            clause = self.found[below]
            parts.append(f"{clause.label}{clause.own}")
        return "\n".join(part for part in parts if part)

    def uncovered(self) -> list[int]:
        """The clauses that say something and that no entry of the index covers."""
        return [
            at
            for at, clause in enumerate(self.found)
            if at not in self.listed
            and not (self.below[at] and clause.is_structure)
            and not any(above in self.listed and above not in self.parted for above in self._around(at))
        ]

    def _around(self, at: int) -> list[int]:
        above: list[int] = []
        parent = self.found[at].parent
        while parent is not None:
            above.append(parent)
            parent = self.found[parent].parent
        return above


def _compared(copy: _Copy, locator: str, digest: str, *, cited: bool) -> Compared:
    named = copy.named(locator)
    if named is None:
        return Compared(locator, "missing", cited, "", None)
    text, line = named
    state: State = "found" if not digest else "same" if digest_of(text) == digest else "changed"
    return Compared(locator, state, cited, text, line)


def _told(clause: Compared, moved: str | None, shown: str) -> list[Finding]:
    """What is to be told of one clause; ``moved`` is where the words now stand that the index knows by its locator."""
    values: dict[str, object] = {"locator": clause.locator}
    if moved is not None:
        values["suggestion"] = Words(
            f"原来的文字现在是“{moved}”，编号改了；改 source.yaml 和规则里的条号",
            f"its words now stand under `{moved}`: the numbers have moved; mend them in source.yaml and the rules",
        )
    place = Place(shown, clause.line)
    match clause.state:
        case "missing":
            return [Finding("S110" if clause.cited else "S111", place, values)]
        case "changed":
            return [Finding("S112", place, values)]
        case "new":
            return [Finding("S113", place, values)]
        case _:
            return []
