"""What ``xiance check`` tells: findings, and how much of each document the rules cover."""

from collections.abc import Iterable
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from engine.api import Policy
from engine.check.clauses import Indexed, cover
from engine.load.policy import LoadedText, load_policy
from engine.load.source import read_index
from grammar.diagnostic import Finding, FindingsError, Language, Words, in_order, render
from grammar.frozen import dataclass

if TYPE_CHECKING:
    from engine.scaffold.readiness import Readiness


@dataclass(frozen=True, slots=True)
class Checked:
    """A policy as checked: every finding, and the coverage of its own document (None without a clause index)."""

    name: str
    findings: list[Finding]
    coverage: dict[str, Any] | None


def checked(name: str) -> Checked:
    """Check a policy by name or path; raises NoSuchPolicyError only."""
    try:
        loaded = load_policy(name)
    except FindingsError as error:
        return Checked(name, list(error.findings), None)
    findings: list[Finding] = []
    try:
        findings.extend(Policy(loaded).findings())
    except FindingsError as error:
        findings.extend(error.findings)
    coverage = None
    for text in loaded.texts:
        if text.document.header.sort == "vocabulary" or text.is_amendment:
            continue
        found, told = _covered(text)
        if text is loaded.own:
            findings.extend(told)
            coverage = found
    return Checked(loaded.name, in_order(findings), coverage)


def readiness_of(names: Iterable[str], findings: list[Finding]) -> "dict[str, Readiness]":
    """How far each policy is from ready; what hinders the count is added to the findings."""
    from engine.api import open_policy
    from engine.scaffold.readiness import readiness

    counted = {}
    for name in names:
        try:
            policy = open_policy(name)
            if policy.loaded.own.document.header.sort == "scheme":
                counted[policy.loaded.name] = readiness(policy)
        except FindingsError as error:
            findings.extend(error.findings)
    return counted


def _covered(text: LoadedText) -> tuple[dict[str, Any] | None, list[Finding]]:
    try:
        index = read_index(text.folder, text.folder.resolve().name)
    except FindingsError as error:
        return None, list(error.findings)
    if index is None:
        return None, [Finding("C404", text.document.header.span, {"name": text.layer})]
    clauses = [Indexed(c.locator, c.roles == ("仅作要求",), c.later) for c in index.clauses]
    coverage, findings = cover(text.document, clauses)
    return asdict(coverage), findings


def _unchecked(findings: list[Finding]) -> Words:
    """Why the clauses of a policy were not checked: there is no index, or its texts could not be read."""
    if any(finding.code == "C404" for finding in findings):
        return Words("没有条款目录，未核对条款", "no clause index, clauses not checked")
    return Words("改好以后再核对条款", "clauses are checked once this is mended")


def check_text(findings: list[Finding], coverage: dict[str, Any], language: Language) -> str:
    """Findings as text, then a line a policy."""
    zh = language == "zh"
    parts = [render(finding, language) + "\n" for finding in findings]
    for name, cover_ in coverage.items():
        if cover_ is None:
            parts.append(f"{name}：{_unchecked(findings).say(language)}")
            continue
        later = f"；缓办 {len(cover_['later'])} 条" if cover_["later"] else ""
        if zh:
            line = (
                f"{name}：条款 {cover_['clauses']} 条，规则引用 {cover_['cited']} 条，仅作要求 {cover_['instructs']} 条{later}；"
                f"未引用 {len(cover_['uncovered'])} 条，没有依据的规则 {len(cover_['uncited'])} 条"
            )
        else:
            line = (
                f"{name}: {cover_['clauses']} clauses, {cover_['cited']} cited, {cover_['instructs']} instruct only, "
                f"{len(cover_['later'])} put off, {len(cover_['uncovered'])} without a rule, "
                f"{len(cover_['uncited'])} rules without a clause"
            )
        parts.append(line)
    errors = sum(f.severity == "error" for f in findings)
    warnings = sum(f.severity == "warning" for f in findings)
    parts.append(f"错误 {errors} 处，警告 {warnings} 处。" if zh else f"{errors} errors, {warnings} warnings.")
    return "\n".join(parts) + "\n"
