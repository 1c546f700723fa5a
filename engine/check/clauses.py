"""Clauses both ways: every citation stands in the document's index, and every clause that does something has a rule."""

import re
from collections.abc import Iterable, Iterator, Sequence

from engine.check.rules import fold_locator
from engine.nouns.core import node_fields
from engine.nouns.suggest import nearest
from grammar import syntax as s
from grammar.diagnostic import Finding
from grammar.frozen import dataclass


@dataclass(frozen=True, slots=True)
class Indexed:
    """A clause of the index as the coverage needs it."""

    locator: str
    instructs_only: bool
    later: str


@dataclass(frozen=True, slots=True)
class Coverage:
    """How much of a document the rules cover: clauses cited, stated as instructions, put off, and left without a word."""

    clauses: int
    cited: int
    instructs: int
    later: tuple[str, ...]
    uncovered: tuple[str, ...]
    uncited: tuple[str, ...]


def _numbered(locator: str) -> str:
    """A locator with its circled numbers and its brackets as plain numbers: ``五(四)③`` and ``五(四)(3)`` are one."""
    plain = "".join(f"({ord(char) - 0x245F})" if "①" <= char <= "⑳" else char for char in locator)
    return re.sub(r"[()（）\s.、]+", " ", plain).strip()


def cover(document: s.Document, index: Sequence[Indexed]) -> tuple[Coverage, list[Finding]]:
    """The coverage of one document by one rule file, and a finding for each unknown or missing citation."""
    known = {fold_locator(clause.locator): clause for clause in index}
    findings: list[Finding] = []
    cited: set[str] = set()
    for citation in citations(document):
        for locator in (*citation.locators, *citation.before):
            key = fold_locator(locator.text)
            cited.add(key)
            if key not in known:
                listed = [clause.locator for clause in index]
                same = [each for each in listed if _numbered(each) == _numbered(locator.text)]
                hint = nearest(locator.text, same or listed)
                findings.append(Finding("C401", locator.span, {"locator": locator.text, **hint}))
    uncovered = tuple(
        clause.locator
        for key, clause in known.items()
        if key not in cited and not clause.instructs_only and not clause.later and not _within(key, cited)
    )
    findings.extend(Finding("C402", document.header.span, {"locator": locator}) for locator in uncovered)
    uncited = tuple(_without_clause(document))
    findings.extend(Finding("C403", name.span, {"name": name.text}) for name in uncited)
    return (
        Coverage(
            clauses=len(index),
            cited=sum(key in cited for key in known),
            instructs=sum(clause.instructs_only for clause in index),
            later=tuple(clause.locator for clause in index if clause.later),
            uncovered=uncovered,
            uncited=tuple(name.text for name in uncited),
        ),
        findings,
    )


def citations(node: object) -> Iterator[s.Citation]:
    """Every citation in a tree."""
    if isinstance(node, s.Citation):
        yield node
        return
    for _, value in node_fields(node) if hasattr(node, "__dataclass_fields__") else ():
        for item in value if isinstance(value, tuple) else (value,):
            if hasattr(item, "__dataclass_fields__"):
                yield from citations(item)


def _within(key: str, cited: Iterable[str]) -> bool:
    """Whether a clause is cited through a part of it: 五(四) is covered by 五(四)④."""
    return any(other.startswith(key) and other != key for other in cited)


def _without_clause(document: s.Document) -> Iterator[s.Name]:
    """Figures and parameters that cite no clause, neither themselves nor through what they stand in."""
    for item in document.items:
        match item:
            case s.Parameter(name=name, cite=None, lines=lines):
                if not any(isinstance(line, s.Dated) and line.cite is not None for line in lines):
                    yield name
            case s.Stage(blocks=blocks):
                for block in blocks:
                    for statement in block.statements:
                        yield from _uncited(statement)
            case _:
                pass


def _uncited(statement: s.Statement) -> Iterator[s.Name]:
    match statement:
        case s.Figure(name=name, cite=None, body=body):
            rows = body.rows if isinstance(body, s.Marginal | s.Lookup | s.Cases) else ()
            if not rows or any(row.cite is None for row in rows):
                yield name
        case s.Split(cite=None, parts=parts):
            yield from (part.name for part in parts if part.cite is None)
        case s.Indicator(name=name, cite=None):
            yield name
        case _:
            return
