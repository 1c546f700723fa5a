"""Many runs settled in one plan (settle --batch): each scheme's data is read and filled once, its runs are told side by side."""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass as mutable
from dataclasses import field, replace
from fractions import Fraction
from itertools import product
from pathlib import Path

from engine.api import Policy, bind_data, open_policy
from engine.bulk.many import Many, settle_many
from engine.load.batch_file import NONE, Entry, Span
from engine.load.bind_assumptions import assumptions, parse_assumption
from engine.load.bind_in_force import held_to_their_years
from engine.load.binding import Binding, words_of
from engine.load.policy import NoSuchPolicyError, find_policy
from engine.load.read import NoSuchFileError, read_data
from engine.load.tables import Cell, RawData
from engine.load.values import parse_value
from engine.nouns.dataset import Assumption, Dataset
from engine.nouns.printed import spoken
from engine.nouns.suggest import nearest
from engine.sql.duckdb_engine import DuckDB
from engine.trial.sweep import kind_of, values_of
from grammar.diagnostic import Finding, FindingsError, Place, Words
from grammar.frozen import dataclass

RUNS_AT_MOST = 200_000
# The values of one scenario by its name, and the names there are; raises LookupError with them where there is none.
Named = Callable[[Policy, str], list[Assumption]]
# The data at a path, and what findings call it.
Read = Callable[[Path, str], RawData]


@dataclass(frozen=True, slots=True)
class Run:
    """One run: what it is called, what it assumes beside the data's own, which years are told (None: all)."""

    label: str
    assumed: Mapping[str, Assumption]
    years: frozenset[int] | None


@mutable(slots=True)
class Job:
    """A scheme on some data with all its runs, and what came of them; ``name`` and ``at`` are where the two were found."""

    policy: Policy
    data: str
    raw: RawData
    name: str
    at: str
    runs: list[Run] = field(default_factory=list)
    dataset: Dataset | None = None
    many: Many = field(default_factory=Many)
    warnings: list[Finding] = field(default_factory=list)


def jobs_of(entries: Sequence[Entry], folder: Path, scenario: Named, read: Read = read_data) -> list[Job]:
    """The runs of a batch by scheme and data, each pair read once; raises FindingsError with all that is wrong."""
    reader = _Reader(folder, scenario, read)
    for entry in entries:
        reader.read(entry)
    if reader.findings:
        raise FindingsError(reader.findings)
    return list(reader.jobs.values())


def settle_batch(engine: DuckDB, jobs: Sequence[Job], *, in_engine: bool = True) -> None:
    """Settle every job; each has its tables in the engine from here on."""
    findings: list[Finding] = []
    for job in jobs:
        named = {name: assumption for run in job.runs for name, assumption in run.assumed.items()}
        try:
            job.dataset = bind_data(job.policy, job.raw, named.values())
        except FindingsError as error:
            findings += error.findings
            continue
        findings += _out_of_force(job, job.dataset.years)
        job.warnings = [*_absent_years(job), *(f for f in job.dataset.findings if f.severity == "warning")]
    if findings:
        raise FindingsError(findings)
    for number, job in enumerate(jobs):
        assert job.dataset is not None
        own = _own(job)
        runs = [{**own, **run.assumed} for run in job.runs]
        job.many = settle_many(engine, f"job {number}", job.policy.pipeline, job.dataset, runs, in_engine=in_engine)
        for table in job.many.tables.values():
            _only_years(engine, table, job.runs)


def _own(job: Job) -> dict[str, Assumption]:
    """What the data itself assumes."""
    scheme = job.policy.scheme()
    return assumptions(Binding(scheme, job.raw, words=words_of(scheme)), (), {})


def _absent_years(job: Job) -> Iterator[Finding]:
    """A warning for years asked for of which none is in the data, each told once."""
    assert job.dataset is not None
    for years in dict.fromkeys(run.years for run in job.runs):
        if years and not years & set(job.dataset.years):
            asked = "、".join(map(str, sorted(years)))
            known = "、".join(map(str, job.dataset.years)) or "—"
            yield Finding("D093", Place(job.data), {"asked": asked, "known": known})


def _out_of_force(job: Job, years: Sequence[int]) -> Iterator[Finding]:
    """Values outside the ranges that were in force in a year, each told once."""
    scheme = job.policy.scheme()
    told = {(name, assumption.value): assumption for run in job.runs for name, assumption in run.assumed.items()}
    for (name, _), assumption in told.items():
        b = Binding(scheme, job.raw, words=words_of(scheme))
        held_to_their_years(b, job.policy.scheme, years, {name: assumption}, {})
        yield from b.errors


def _only_years(engine: DuckDB, table: str, runs: Sequence[Run]) -> None:
    """Take out the years that a run does not tell."""
    start = 0
    for number in range(1, len(runs) + 1):
        if number < len(runs) and runs[number].years == runs[start].years:
            continue
        years = runs[start].years
        if years is not None:
            kept = ", ".join(map(str, sorted(years)))
            engine.run(f'DELETE FROM "{table}" WHERE run BETWEEN {start} AND {number - 1} AND year NOT IN ({kept})')  # noqa: S608
        start = number


def _join(known: list[Run], runs: Sequence[Run]) -> None:
    """Add runs to others: one that is there already tells the years of both, and no two that differ go by one name."""
    places = {run.label: number for number, run in enumerate(known)}
    for run in runs:
        label, count = run.label, 1
        while label in places:
            other = known[places[label]]
            if other.assumed == run.assumed:
                years = None if other.years is None or run.years is None else other.years | run.years
                known[places[label]] = replace(other, years=years)
                break
            count += 1
            label = f"{run.label}（{count}）"
        else:
            places[label] = len(known)
            known.append(replace(run, label=label))


def _is_policy(name: str) -> bool:
    try:
        find_policy(name)
    except (NoSuchPolicyError, OSError, ValueError):
        return False
    return True


class _Reader:
    """Goes through the entries of a file."""

    def __init__(self, folder: Path, scenario: Named, read: Read) -> None:
        self.folder = folder
        self.scenario = scenario
        self.read_from = read
        self.findings: list[Finding] = []
        self.jobs: dict[tuple[str, str], Job] = {}
        self.policies: dict[str, Policy | None] = {}
        self.raws: dict[str, RawData | None] = {}
        self.count = 0

    def read(self, entry: Entry) -> None:
        """The runs of an entry."""
        for scheme in entry.schemes:
            policy = self.policy(scheme)
            runs = self.runs(entry, policy) if policy is not None else []
            for data in entry.data:
                raw = self.data(data)
                self.count += len(runs)
                if self.count > RUNS_AT_MOST:
                    about = {"count": f"{self.count:,}", "limit": f"{RUNS_AT_MOST:,}"}
                    raise FindingsError([Finding("L292", entry.place, about)])
                if policy is not None and raw is not None:
                    key = (scheme.text, data.text)
                    found = Job(policy, data.text, raw, self.found(scheme.text), self.near(data.text))
                    _join(self.jobs.setdefault(key, found).runs, runs)

    def policy(self, cell: Cell) -> Policy | None:
        """A scheme, by name or by a path from the file."""
        if cell.text not in self.policies:
            self.policies[cell.text] = None
            try:
                self.policies[cell.text] = open_policy(self.found(cell.text))
            except NoSuchPolicyError as error:
                self.none(cell, Words("方案", "scheme"), error.known)
            except FindingsError as error:
                self.findings += error.findings
        return self.policies[cell.text]

    def found(self, scheme: str) -> str:
        """Where a scheme is: a folder beside the file may go by its name and be none, results are often called so."""
        beside = self.near(scheme)
        return beside if _is_policy(beside) else scheme

    def data(self, cell: Cell) -> RawData | None:
        """Data, by a path from the file."""
        if cell.text not in self.raws:
            self.raws[cell.text] = None
            try:
                self.raws[cell.text] = self.read_from(Path(self.near(cell.text)), cell.text)
            except NoSuchFileError:
                self.none(cell, Words("数据", "data"), ())
            except FindingsError as error:
                self.findings += error.findings
        return self.raws[cell.text]

    def near(self, name: str) -> str:
        """A path from the file where there is something, else the name as it stands."""
        beside = self.folder / name
        return str(beside) if os.path.exists(beside) else name  # noqa: PTH110 - it answers for names that are too long

    def none(self, cell: Cell, sort: Words, known: Sequence[str]) -> None:
        """Tell of a name that nothing goes by."""
        self.findings.append(
            Finding("L293", cell.place, {"sort": sort, "name": cell.text, **nearest(cell.text, list(known))})
        )

    def runs(self, entry: Entry, policy: Policy) -> list[Run]:
        """Every combination of scenarios and values."""
        scenarios: list[tuple[str, dict[str, Assumption]]] = []
        for cell in entry.scenarios:
            if cell.text in NONE:
                scenarios.append(("", {}))
                continue
            try:
                known = policy.scheme().scenarios
                values = self.scenario(policy, cell.text if cell.text in known else self.near(cell.text))
            except LookupError as error:
                self.none(cell, Words("情景", "scenario"), error.args)
                continue
            except FindingsError as error:
                self.findings += error.findings
                continue
            scenarios.append((cell.text, {value.name: value for value in values}))
        choices: list[list[tuple[str, Assumption]]] = []
        count = max(1, len(scenarios))
        for name, given in entry.values.items():
            chosen = (
                self.span(policy, entry, name, given) if isinstance(given, Span) else self.cells(policy, name, given)
            )
            choices.append(chosen)
            count *= max(1, len(chosen))
        if count > RUNS_AT_MOST:
            raise FindingsError([Finding("L292", entry.place, {"count": f"{count:,}", "limit": f"{RUNS_AT_MOST:,}"})])
        return [
            Run(
                "、".join([*([named] if named else []), *(text for text, _ in values)]) or NONE[0],
                {**base, **{assumption.name: assumption for _, assumption in values}},
                entry.years,
            )
            for named, base in scenarios or [("", {})]
            for values in product(*choices)
        ]

    def cells(self, policy: Policy, name: str, cells: Sequence[Cell]) -> list[tuple[str, Assumption]]:
        """Values as they are written."""
        made = [(cell, parse_assumption(policy.scheme(), name, cell, "batch", self.findings)) for cell in cells]
        return [(f"{name}={cell.text}", assumption) for cell, assumption in made if assumption is not None]

    def span(self, policy: Policy, entry: Entry, name: str, span: Span) -> list[tuple[str, Assumption]]:
        """Values from one to another, said as values are written."""
        ends = [parse_assumption(policy.scheme(), name, cell, "batch", self.findings) for cell in (span.low, span.high)]
        low, high = ends
        if low is None or high is None:
            return []
        kind = kind_of(policy, low.name)
        step = parse_value(span.step.text, kind)
        numbers = [
            Fraction(x) for x in (low.value, high.value, step) if isinstance(x, int | Fraction) and x is not True
        ]
        if not kind.is_number or len(numbers) < len((low, high, step)):
            self.findings.append(Finding("L281", entry.keys[name], {"name": low.name, "kind": kind.words}))
            return []
        one, other, by = numbers
        if by <= 0 or other < one:
            said = {"low": span.low.text, "high": span.high.text, "step": span.step.text}
            self.findings.append(Finding("L294", entry.keys[name], said))
            return []
        if (other - one) / by >= RUNS_AT_MOST:
            count = f"{int((other - one) / by) + 1:,}"
            self.findings.append(Finding("L292", entry.keys[name], {"count": count, "limit": f"{RUNS_AT_MOST:,}"}))
            return []
        values = values_of(kind, one, other, by, limit=RUNS_AT_MOST)
        return [(f"{name}={spoken(value, kind)}", Assumption(low.name, value, "batch")) for value in values]
