"""The command ``xiance test``: the worked cases of policies, what they cover, and what they would not notice."""

import sys
from typing import TYPE_CHECKING, Any

import click

from engine.doors.telling import format_option, language_option, named, stop, tell, tell_json
from engine.doors.usage import Command
from grammar.diagnostic import Finding, FindingsError, Language, Place, Words

if TYPE_CHECKING:
    from engine.api import Policy
    from engine.trial.results import Trial


@click.command("test", cls=Command)
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option(
    "--threshold", type=click.IntRange(0, 100), metavar="N", help="规则、分支、条款、边界的覆盖率都要达到百分之 N。"
)
@click.option("--mutate", is_flag=True, help="逐处改动规则，看案例能不能发现。")
@click.option("--against", metavar="PATH", help="同另一版规则比：这些案例里哪些数变了，变了多少。")
@format_option("text", "json")
@language_option
def test(
    names: tuple[str, ...], threshold: int | None, against: str | None, form: str, language: Language, *, mutate: bool
) -> None:
    """运行方案旁边的案例，说明哪些规则、分支、条款、边界还没有案例用到。"""
    from engine.load.policy import find_policy, known_policies

    if mutate and against is not None:
        stop("--mutate 和 --against 只写一个" if language == "zh" else "give either --mutate or --against")
    findings: list[Finding] = []
    told: list[dict[str, Any]] = []
    failed = False
    for name in names:
        # Before anything is told: a name that is none is wrong usage of the whole command.
        named(lambda name=name: find_policy(name), language)  # type: ignore[misc]
    for name in names or known_policies():
        try:
            policy = named(lambda name=name: _opened(name), language)  # type: ignore[misc]
            if mutate:
                form_, found = _mutated(policy, threshold, form, language)
            elif against is not None:
                form_, found = _against(policy, against, form, language)
            else:
                form_, found = _tried(policy, threshold, form, language)
        except FindingsError as error:
            found, form_ = list(error.findings), None
        if form_ is not None:
            told.append(form_)
            failed = failed or form_["failed"]
        findings.extend(found)
        if form == "text":
            tell(found, language)
    if form == "json":
        tell_json({"findings": [finding.as_json(language) for finding in findings], "policies": told})
    sys.exit(1 if failed or any(finding.severity == "error" for finding in findings) else 0)


def _opened(name: str) -> "Policy":
    from engine.api import open_policy

    return open_policy(name)


def _tried(
    policy: "Policy", threshold: int | None, form: str, language: Language
) -> tuple[dict[str, Any], list[Finding]]:
    from engine.doors.case_form import cases_json, cases_text
    from engine.trial.run import try_cases

    trial = try_cases(policy)
    if form == "text":
        click.echo(cases_text(policy.loaded.name, trial, language), nl=False)
    return cases_json(policy.loaded.name, trial, language), list(_under(policy, trial, threshold))


def _under(policy: "Policy", trial: "Trial", threshold: int | None) -> "list[Finding]":
    """A finding for each measure under the threshold."""
    from engine.doors.case_form import MEASURES

    measures = [(words, getattr(trial.coverage, name)) for name, words in MEASURES.items() if name != "exceptions"]
    return [
        Finding("L210", Place(policy.loaded.name), {"measure": words, "percent": m.percent, "wanted": threshold})
        for words, m in measures
        if threshold is not None and m.percent < threshold
    ]


def _mutated(
    policy: "Policy", threshold: int | None, form: str, language: Language
) -> tuple[dict[str, Any], list[Finding]]:
    from engine.doors.mutation_form import mutation_json, mutation_text
    from engine.trial.mutate import mutate
    from engine.trial.survivors import held_against, read_survivors

    explained = read_survivors(policy)
    watch = _Watch(policy.loaded.name, language) if form == "text" and sys.stderr.isatty() else None
    outcome = mutate(policy, progress=watch)
    if watch is not None:
        watch.done()
    judged = held_against(outcome, explained, policy.loaded.name)
    if form == "text":
        click.echo(mutation_text(policy.loaded.name, judged, language), nl=False)
    findings = list(judged.findings)
    if threshold is not None and judged.tried and judged.percent < threshold:
        measure = Words("改动被发现的比例", "share of changes noticed")
        about = {"measure": measure, "percent": judged.percent, "wanted": threshold}
        findings.append(Finding("L210", Place(policy.loaded.name), about))
    return mutation_json(policy.loaded.name, judged, language), findings


class _Watch:
    """A line on a terminal that says how far the changes are tried."""

    def __init__(self, name: str, language: Language) -> None:
        self.name, self.language = name, language

    def __call__(self, done: int, total: int, survived: int) -> None:
        """Write the line anew."""
        said = Words(
            f"{self.name}：已试 {done}/{total}，没有发现 {survived}",
            f"{self.name}: {done}/{total} tried, {survived} not noticed",
        )
        click.echo(f"\r{said.say(self.language)}", nl=False, err=True)

    def done(self) -> None:
        """Clear the line."""
        click.echo("\r\x1b[K", nl=False, err=True)


def _against(policy: "Policy", other: str, form: str, language: Language) -> tuple[dict[str, Any], list[Finding]]:
    from engine.doors.moved_form import moved_json, moved_text
    from engine.trial.moved import moved

    before = named(lambda: _opened(other), language)
    result = moved(before, policy)
    if form == "text":
        click.echo(moved_text(policy.loaded.name, result, language), nl=False)
    return moved_json(policy.loaded.name, result), list(result.findings)
