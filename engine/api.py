"""The whole engine as a few short functions: open a policy, settle data, compare readings."""

# Each phase is imported by the function that needs it, so that checking a policy does not load what settles one.

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING

from engine.check.check import Given, check
from engine.load.policy import LoadedPolicy, LoadedText, load_policy
from engine.nouns.core import Scheme
from grammar.diagnostic import Finding, FindingsError, Language, Words, in_order

if TYPE_CHECKING:
    from engine.bulk.straight import Straight
    from engine.compare.attribute import Attribution, Settled
    from engine.compare.curve import Curve
    from engine.compare.fit import Mapped, Outside
    from engine.compare.matrix import Cell as TopicCell
    from engine.compare.topics import Topic
    from engine.explain.explain import Explainer
    from engine.explain.telling import Trial
    from engine.load.tables import Cell, RawData
    from engine.nouns.dataset import Assumption, DataRow, Dataset
    from engine.nouns.pipeline import Pipeline
    from engine.nouns.settlement import Difference, Settlement
    from engine.nouns.world import Row
    from engine.sql.whole import Dialect


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
        dataset = bind(scheme, raw, scenarios, assume, policy.states(), policy.scheme)
    except FindingsError as error:
        raise FindingsError(in_order([*notes, *error.findings]) if notes else error.findings) from None
    return replace(dataset, findings=(*notes, *dataset.findings)) if notes else dataset


@dataclass(frozen=True, slots=True)
class Limits:
    """How much memory (``1GiB``) and how many threads an engine may take; None is its own choice."""

    memory: str | None = None
    threads: int | None = None


def settle(
    policy: Policy,
    dataset: "Dataset",
    years: Collection[int] | None = None,
    *,
    other_readings: bool = False,
    backend: str | None = "exact",
    limits: Limits | None = None,
) -> "Settlement":
    """Settle bound data: every year of it in order; with ``other_readings`` also what each would change.

    ``backend`` is what works the figures out; the others come to the same as ``exact``, whose meaning is the rule; with
    None it is chosen by how much there is to settle.
    ``limits`` are for duckdb.
    """
    from engine.compile.compile import readings
    from engine.interpret.interpret import interpret
    from engine.interpret.report import differences, report

    if backend is None:
        from engine.bulk.choose import chosen_backend

        backend = chosen_backend(policy.pipeline, dataset)
    if backend == "exact":
        chosen = report(interpret(policy.pipeline, dataset), dataset, years)
    else:
        from engine.bulk.run import engine_named, settle_in

        limits = limits or Limits()
        with engine_named(backend, limits.memory, limits.threads) as engine:
            settled = settle_in(engine, policy.pipeline, dataset)
        chosen = report(settled.run, dataset, years)
        receipt = {**chosen.receipt, "engine": f"{chosen.receipt['engine']} {backend}"}
        chosen = replace(chosen, engine=backend, receipt=receipt, handed_back=settled.handed_back)
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


def settle_to_files(
    policy: Policy,
    raw: "RawData",
    folder: Path,
    form: str,
    scenarios: "Iterable[Assumption]" = (),
    assume: "Mapping[str, Cell] | None" = None,
    years: Collection[int] | None = None,
    limits: Limits | None = None,
) -> "Straight | None":
    """Settle long tables in duckdb from end to end, into a table of each kind of rows in a folder, as ``parquet`` or ``csv``.

    None where more is to be said of the data, or done with it, than can be without its rows: then it is to be bound and settled.
    """
    from engine.bulk.staged import NotPlainError
    from engine.bulk.straight import Rules, settle_straight
    from engine.load.bureau_words import is_strange

    scheme, limits = policy.scheme(), limits or Limits()
    if not raw.bulk or any(is_strange(scheme, table) for table in raw.tables):
        return None
    rules = Rules(scheme, policy.states(), policy.pipeline)
    try:
        return settle_straight(rules, raw, scenarios, assume, years, folder, form, (limits.memory, limits.threads))
    except NotPlainError:
        return None


def sql_of(
    policy: Policy,
    dialect: "Dialect",
    language: Language,
    year: int | None = None,
    dataset: "Dataset | None" = None,
    *,
    ranges: bool = False,
) -> str:
    """The SQL of a policy, for the data or for what the scheme declares; FindingsError names what SQL cannot say."""
    from engine.bulk.print_sql import print_sql

    return print_sql(policy.pipeline, policy.scheme(), dialect, language, year, dataset, ranges=ranges)


def data_of_unit(
    policy: Policy, raw: "RawData", given: "Collection[Assumption]", unit: str, *, beside: bool = True
) -> "tuple[Dataset, bool]":
    """The data that one unit's figures are worked out from, bound; of long tables only its rows are read where that is enough.

    ``beside``: rows of the units that stand beside it are read in any case. Also gives whether any were left out.
    The data must be such as binds as a whole. Raises NoSuchUnitError where no row is of the unit.
    """
    from engine.bulk.one_unit import alone, long_tables

    states = policy.states()
    pipelines = [policy.pipeline(state.start) for state in states if state.start is not None]
    long = list(long_tables(states, [*pipelines, policy.pipeline()], raw))
    for table in long:
        table.leave_only(frozenset())
    found = alone(policy.pipeline, bind_data(policy, raw, given), unit)
    if not long:
        return found.dataset, False
    # Whose rows are wanted is known only now: units stand in short tables.
    some = [] if beside else [table for table in long if table.kind not in found.shared]
    for table in long:
        table.leave_only(found.own if table in some else found.beside)
    return alone(policy.pipeline, bind_data(policy, raw, given), unit).dataset, bool(some)


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


@dataclass(slots=True)
class SideBySide:
    """Schemes compared: the matrix of rules, and with data each scheme's run, what lies outside it, what makes the difference.

    ``refused`` are findings of schemes that the data does not fit; the others are compared all the same.
    """

    policies: list[Policy]
    matrix: "list[tuple[Topic, list[TopicCell]]]"
    settlements: "dict[str, Settlement]" = field(default_factory=dict)
    outside: "dict[str, tuple[Outside, ...]]" = field(default_factory=dict)
    attributions: "list[Attribution]" = field(default_factory=list)
    refused: dict[str, tuple[Finding, ...]] = field(default_factory=dict)
    curves: "list[Curve]" = field(default_factory=list)
    frame: str | None = None
    mapped: "dict[str, tuple[Mapped, ...]]" = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Asked:
    """What a comparison is asked for beside the rules.

    ``curve``: each scheme's line of what a provider gains or bears, on a unit of the data or an invented one. ``pairs``:
    differences between every two schemes, not only from the first. ``frame``: the scheme the others are held against topic
    by topic. ``kinds``: by kind of rows in the data, the kind that a scheme without that kind takes it for. ``given``: by
    scheme, assumptions it is settled under.
    """

    curve: bool = False
    pairs: bool = False
    frame: str | None = None
    kinds: Mapping[str, str] = field(default_factory=dict)
    given: "Mapping[str, tuple[Assumption, ...]]" = field(default_factory=dict)


def side_by_side(
    policies: Iterable[Policy], language: Language, raw: "RawData | None" = None, asked: Asked | None = None
) -> SideBySide:
    """Compare schemes by their rules and, with ``raw``, on the same data; the first is what the others are held against."""
    from engine.compare.attribute import Settled, attributions
    from engine.compare.fit import fitted, mapped
    from engine.compare.matrix import Side, matrix
    from engine.compare.topics import topics_in
    from engine.interpret.trace import tracer
    from engine.load.policy import policies_folder
    from engine.load.source import read_index

    policies, asked = list(policies), asked or Asked()
    sides = [
        Side(p.scheme(), tuple(i for t in reversed(p.loaded.texts) if (i := read_index(t.folder, t.layer)) is not None))
        for p in policies
    ]
    told = SideBySide(policies, matrix(topics_in(policies_folder() / "common"), sides, language), frame=asked.frame)
    if raw is None:
        if asked.curve:
            told.curves.extend(_invented_curve(p, asked.given.get(p.scheme().id, ())) for p in policies)
        return told
    schemes = [policy.scheme() for policy in policies]
    settled: dict[str, Settled] = {}
    for policy, scheme in zip(policies, schemes, strict=True):
        others = [other for other in schemes if other is not scheme]
        data, told.mapped[scheme.id] = mapped(raw, scheme, asked.kinds)
        data, told.outside[scheme.id] = fitted(data, scheme, others)
        try:
            settlement = settle(policy, bind_data(policy, data, asked.given.get(scheme.id, ())))
        except FindingsError as error:
            told.refused[scheme.id] = tuple(error.findings)
            continue
        told.settlements[scheme.id] = settlement
        settled[scheme.id] = Settled(settlement, tracer(settlement))
    for one, other in combinations([scheme.id for scheme in schemes], 2):
        if one in settled and other in settled and (asked.pairs or one == schemes[0].id):
            told.attributions.extend(attributions(settled[one], settled[other]))
    if asked.curve:
        told.curves.extend(_curves(policies, raw, settled, asked))
    return told


def _curves(
    policies: Iterable[Policy], raw: "RawData", settled: "Mapping[str, Settled]", asked: Asked
) -> "Iterator[Curve]":
    """A line for each scheme: on the first unit that all of them settle, else each on its own first unit."""
    from engine.compare.attribute import Settled, same_unit, unit_rows
    from engine.compare.curve import Curve, bounded_inputs, follow
    from engine.compare.fit import fitted, mapped
    from engine.interpret.trace import tracer

    policies = list(policies)
    every = {name: unit_rows(each.settlement) for name, each in settled.items()}
    # A unit that is not admitted has no line; it is drawn on only where there is no other.
    rows = {name: [pair for pair in pairs if not pair[0].refused] or pairs for name, pairs in every.items()}
    first = next(iter(rows.values()), [])
    common = next((row for row, _ in first if all(same_unit(row, others) for others in rows.values())), None)
    for policy in policies:
        scheme = policy.scheme()
        mine = rows.get(scheme.id)
        if not mine:
            why = Words("这份数据里没有它清算的单位", "it settles no unit of this data")
            yield Curve(scheme.id, "", None, "", None, False, "", (), (), why)
            continue
        here = (same_unit(common, mine) if common is not None else None) or mine[0]
        row, pipeline = here
        each, left_out = settled[scheme.id], bounded_inputs(pipeline, row)
        if left_out:
            data, _ = mapped(raw, scheme, asked.kinds)
            data, _ = fitted(data, scheme, [p.scheme() for p in policies if p is not policy])
            bound = bind_data(policy, data, asked.given.get(scheme.id, ()))
            settlement = settle(policy, _without(bound, row, left_out))
            each = Settled(settlement, tracer(settlement))
            row = next(r for r, _ in unit_rows(settlement) if r.key == row.key)
        yield follow(each, row, left_out=left_out)


def _without(dataset: "Dataset", row: "Row", names: Collection[str]) -> "Dataset":
    """The data with some cells of a row left blank."""

    def is_it(other: "DataRow") -> bool:
        return (other.unit, other.insurance, other.period) == (row.unit, row.insurance, row.period)

    rows = tuple(
        replace(r, cells={n: v for n, v in r.cells.items() if n not in names}) if is_it(r) else r
        for r in dataset.rows[row.table]
    )
    return replace(dataset, rows={**dataset.rows, row.table: rows})


def _invented_curve(policy: Policy, assumed: "Collection[Assumption]" = ()) -> "Curve":
    """The line of a made-up unit, under what is assumed, else under the first scenario of the rule file."""
    from engine.compare.attribute import Settled, unit_rows
    from engine.compare.curve import BUDGET, GAINS, Curve, follow
    from engine.compare.invented import as_data, first_cells, kind_of_unit, more_cells
    from engine.interpret.trace import tracer
    from engine.nouns.dataset import Assumption

    scheme = policy.scheme()
    scenario = next(iter(scheme.scenarios.values()), None) if not assumed else None
    given = [Assumption(n, v, scenario.name) for n, v in scenario.values.items()] if scenario else list(assumed)
    named = scenario.name if scenario else "+".join(dict.fromkeys(a.source for a in assumed))
    table = kind_of_unit(scheme)
    why = Words("没有可清算的单位", "there is no unit to settle")
    cells = first_cells(scheme, table) if table is not None else {}
    for _ in range(_TRIES):
        if table is None:
            break
        name = next(iter(scheme.rosters.get(table, ())), "示例单位")
        try:
            settlement = settle(policy, bind_data(policy, as_data(scheme, table, name, cells), given))
        except FindingsError as error:
            first = next(f for f in error.findings if f.severity == "error")
            why = Words(first.message("zh"), first.message("en"))
            break
        row = next((r for r, _ in unit_rows(settlement) if r.table == table), None)
        if row is None:
            break
        names = [BUDGET, *(n for n, _ in GAINS)]
        missing = frozenset(m for n in names if n in row.columns for m in row.columns[n].missing)
        more = {n: v for n, v in more_cells(scheme, table, missing).items() if n not in cells}
        if not more:
            return follow(Settled(settlement, tracer(settlement)), row, invented=True, scenario=named)
        cells.update(more)
    return Curve(scheme.id, "", None, "", None, True, named, (), (), why)


_TRIES = 8
