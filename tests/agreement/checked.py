"""Programs that the checker lets through: what it refuses is taken out, and what falls with that, until nothing is left to refuse."""

from collections.abc import Collection
from dataclasses import replace
from datetime import date
from pathlib import Path

from knots import program
from programs import Program

from engine.api import Policy
from engine.load.policy import LoadedPolicy, LoadedText
from grammar.diagnostic import Finding, FindingsError
from grammar.parse import parse
from grammar.source import Source, Span

_VOCABULARY = parse(
    Source("common/vocabulary.policy", "词汇表 common 「共用」\n  环节次序 年终清算、留用与分担\n\n主体 县\n")
)
_SHARED = LoadedText(_VOCABULARY, "common", "sha256:common", None, None, Path())


def policy_of(text: str) -> Policy:
    """A rule text as a policy that checks; raises FindingsError."""
    document = parse(Source("sample/rules.policy", text))
    own = LoadedText(document, "sample", f"sha256:{hash(text)}", date(2024, 1, 1), None, Path())
    policy = Policy(LoadedPolicy("sample", Path(), (_SHARED, own)))
    policy.findings()
    return policy


def sound(seed: int) -> tuple[Program, Policy]:
    """The program of a seed without what the checker refuses."""
    return cleared(program(seed))


def cleared(whole: Program) -> tuple[Program, Policy]:
    """A program without what the checker refuses, and its policy."""
    while True:
        try:
            return whole, policy_of(whole.text())
        except FindingsError as error:
            lines = {f.where.line for f in error.findings if _is_refusal(f) and isinstance(f.where, Span)}
            fewer = _without(whole, lines)
            if fewer == whole:
                raise
            whole = fewer


def _is_refusal(finding: Finding) -> bool:
    return finding.severity == "error"


def _without(whole: Program, lines: Collection[int]) -> Program:
    """The parts that no error lies in; of a part whose lines can be taken apart, only those are taken."""
    owners, text = whole.line_owners(), whole.text().splitlines()
    hit: dict[int, set[str]] = {}
    headed: set[str] = set()
    for line in lines:
        owner = owners[line - 1] if line <= len(owners) else None
        if owner is not None:
            hit.setdefault(owner, set()).add(text[line - 1].strip())
        elif line <= len(owners):
            # A heading over rules of a kind that was taken out before.
            headed.add(text[line - 1].strip().removeprefix("对 ").removesuffix(":"))
    kept = []
    for number, part in enumerate(whole.parts):
        if headed & set(part.section):
            continue
        if number not in hit:
            kept.append(part)
        elif not part.bound and part.head.strip() not in hit[number]:
            kept.append(replace(part, under=tuple(x for x in part.under if x.strip() not in hit[number])))
    return replace(whole, parts=tuple(kept))
