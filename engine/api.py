"""The whole engine as a few short functions: open a policy, settle data, compare readings."""

# Each phase is imported by the function that needs it, so that checking a policy does not load what settles one.

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from engine.check.check import Given, check
from engine.load.policy import LoadedPolicy, LoadedText, load_policy
from engine.nouns.core import Scheme
from grammar.diagnostic import Finding, FindingsError, Words, in_order

if TYPE_CHECKING:
    from engine.explain.explain import Explainer
    from engine.explain.telling import Trial
    from engine.load.tables import Cell, RawData
    from engine.nouns.dataset import Assumption, Dataset
    from engine.nouns.pipeline import Pipeline
    from engine.nouns.settlement import Difference, Settlement


@dataclass(slots=True)
class Policy:
    """A policy that checks: its scheme and pipeline as they stand on any day, each worked out once."""

    loaded: LoadedPolicy
    schemes: dict[tuple[LoadedText, ...], tuple[Scheme, list[Finding]]] = field(default_factory=dict)
    pipelines: "dict[tuple[tuple[LoadedText, ...], str | None], Pipeline]" = field(default_factory=dict)

    def scheme(self, day: date | None = None) -> Scheme:
        """The scheme in force on a day; without a day, with every amendment in force at the end."""
        return self._checked(self._texts(day))[0]

    def pipeline(self, day: date | None = None, reading: str | None = None) -> "Pipeline":
        """The pipeline in force on a day, under the chosen reading or another one."""
        from engine.compile.compile import compile_

        texts = self._texts(day)
        key = (texts, reading)
        if key not in self.pipelines:
            self.pipelines[key] = compile_(self._checked(texts)[0], reading)
        return self.pipelines[key]

    def states(self) -> list[Scheme]:
        """The scheme as it stands before any amendment, and from the day each begins."""
        return [self._checked(texts)[0] for texts in self._states()]

    def findings(self) -> list[Finding]:
        """Warnings and notes of every state the policy takes over time; raises FindingsError where one is an error."""
        found: list[Finding] = []
        wrong: list[Finding] = []
        for texts in self._states():
            try:
                found.extend(self._checked(texts)[1])
            except FindingsError as error:
                wrong.extend(error.findings)
        if wrong:
            raise FindingsError(in_order([*wrong, *found]))
        return in_order(found)

    def _texts(self, day: date | None) -> tuple[LoadedText, ...]:
        return self.loaded.in_force(day) if day is not None else self._states()[-1]

    def _states(self) -> list[tuple[LoadedText, ...]]:
        """The texts in force before any amendment, and from the day each begins."""
        base = tuple(t for t in self.loaded.texts if not t.is_amendment)
        days = sorted(t.start for t in self.loaded.texts if t.is_amendment and t.start is not None)
        return list(dict.fromkeys([base, *(self.loaded.in_force(day) for day in days)]))

    def _checked(self, texts: tuple[LoadedText, ...]) -> tuple[Scheme, list[Finding]]:
        if texts not in self.schemes:
            self.schemes[texts] = check(Given(t.document, t.layer, t.digest, t.start, t.end) for t in texts)
        return self.schemes[texts]


def open_policy(name: str | Path) -> Policy:
    """A policy by name or path, parsed and checked; raises NoSuchPolicyError or FindingsError."""
    policy = Policy(load_policy(str(name)))
    policy.findings()
    return policy


def bind_data(
    policy: Policy, raw: "RawData", scenarios: "Iterable[Assumption]" = (), assume: "Mapping[str, Cell] | None" = None
) -> "Dataset":
    """Data as rows of the policy's scheme; raises FindingsError with everything wrong in it."""
    from engine.load.bind import bind
    from engine.load.bureau_words import is_strange

    scheme = policy.scheme()
    notes: tuple[Finding, ...] = ()
    if any(is_strange(scheme, table) for table in raw.tables):
        from engine.load.bureau import translate

        translation = translate(scheme, raw, (text.folder for text in policy.loaded.texts))
        raw, notes = translation.raw, translation.notes
    try:
        dataset = bind(scheme, raw, scenarios, assume, policy.states())
    except FindingsError as error:
        raise FindingsError(in_order([*notes, *error.findings]) if notes else error.findings) from None
    return replace(dataset, findings=(*notes, *dataset.findings)) if notes else dataset


def settle(
    policy: Policy, dataset: "Dataset", years: Collection[int] | None = None, *, other_readings: bool = False
) -> "Settlement":
    """Settle bound data: every year of it in order; with ``other_readings`` also what each would change."""
    from engine.compile.compile import readings
    from engine.interpret.interpret import interpret
    from engine.interpret.report import differences, report

    chosen = report(interpret(policy.pipeline, dataset), dataset, years)
    if not other_readings:
        return chosen
    found: list[Difference] = []
    refused: list[Finding] = []
    for reading in readings(policy.scheme()):
        try:
            run = interpret(lambda day, name=reading: policy.pipeline(day, name), dataset)  # type: ignore[misc]
        except FindingsError as error:
            # Data that is right under the chosen reading may be out of range under another: that is told, not fatal.
            first = next(f for f in error.findings if f.severity == "error")
            why = Words(first.message("zh"), first.message("en"))
            refused.append(Finding("R170", first.where, {"reading": reading, "why": why}))
            continue
        found.extend(differences(reading, chosen, report(run, dataset, years)))
    return replace(chosen, differences=tuple(found), warnings=(*chosen.warnings, *refused))


def explainer(policy: Policy, dataset: "Dataset", years: Collection[int] | None = None) -> "Explainer":
    """What explains the figures of a run: the run itself, its other readings, and the rule file's scenarios tried."""
    from engine.compile.compile import readings
    from engine.explain.clauses import clause_reader
    from engine.explain.explain import Explainer
    from engine.explain.telling import Background
    from engine.interpret.trace import parameter_entry, tracer

    settlement = settle(policy, dataset, years, other_readings=True)
    folders = {text.layer: text.folder for text in policy.loaded.texts}
    differences: dict[tuple[object, str], list[Difference]] = {}
    for difference in settlement.differences:
        differences.setdefault((difference.result.row.key, difference.result.name), []).append(difference)
    trials = tuple(_trials(policy, dataset, settlement))
    return Explainer(
        Background(
            settlement,
            tracer(settlement),
            parameter_entry,
            clause_reader(folders),
            trials,
            readings(policy.scheme()),
            differences,
        )
    )


def _trials(policy: Policy, dataset: "Dataset", settlement: "Settlement") -> "Iterator[Trial]":
    """The scenarios of the rule file, each on the same data, where anything is open that they give."""
    from engine.explain.telling import Trial
    from engine.nouns.dataset import Assumption

    waiting = {name for result in settlement.figures for name in result.value.missing}
    for scenario in policy.scheme().scenarios.values():
        given = {name: value for name, value in scenario.values.items() if name in waiting}
        if not given:
            continue
        more = {name: Assumption(name, value, scenario.name) for name, value in given.items()}
        try:
            other = settle(policy, replace(dataset, assumptions={**dataset.assumptions, **more}), settlement.years)
        except FindingsError:
            # A trial that contradicts the data says nothing; the run itself stands.
            continue
        yield Trial(scenario, {(r.row.key, r.name): r for r in other.figures})
