"""Two roads over one program and its data: what each settles or refuses, and where they differ."""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import field, replace
from typing import Any

from checked import cleared, policy_of, sound
from constructs import constructs
from programs import Part, Program
from tables import Data, Row, tables

from engine.api import Policy, bind_data, settle
from engine.bulk.run import settle_in
from engine.doors.json_form import settlement_json
from engine.interpret.report import report
from engine.load.yaml_data import read_yaml
from engine.nouns.dataset import Assumption, Dataset
from engine.nouns.settlement import HandedBack, Settlement
from engine.sql.engines import Engine
from grammar.diagnostic import FindingsError
from grammar.frozen import dataclass

Road = Callable[[Policy, Dataset], Settlement]
Told = Mapping[str, Any]
_BROKE_OFF = "broke off"


@dataclass(frozen=True, slots=True)
class Case:
    """A program and its data."""

    program: Program
    data: Data

    def text(self) -> str:
        """Both as a reader can try them."""
        return f"{self.program.text()}\n---\n\n{self.data.text()}"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What two roads told of a case, and what the second left to the first."""

    told: tuple[Told, Told]
    handed_back: HandedBack | None

    @property
    def differs(self) -> bool:
        """Whether they did not tell the same; who breaks off tells nothing, though both do."""
        return self.told[0] != self.told[1] or _BROKE_OFF in self.told[0]


def case_of(seed: int) -> tuple[Case, Policy]:
    """The case of a seed, and its policy."""
    program, policy = sound(seed)
    return Case(program, tables(policy.scheme(), seed)), policy


def dataset_of(case: Case, policy: Policy) -> Dataset:
    """The data bound to the program; raises FindingsError."""
    scenarios = policy.scheme().scenarios.items() if case.data.scenario else ()
    given = [Assumption(n, v, name) for name, scenario in scenarios for n, v in scenario.values.items()]
    return bind_data(policy, read_yaml(case.data.text(), "data.yaml"), given)


def interpreted(policy: Policy, dataset: Dataset) -> Settlement:
    """The road that says what is right."""
    return settle(policy, dataset)


def told(road: Road, policy: Policy, dataset: Dataset) -> tuple[Told, HandedBack | None]:
    """What a road says but of its engine; where it refuses, what it finds."""
    try:
        settlement = road(policy, dataset)
    except FindingsError as error:
        return {"findings": sorted((f.as_json("zh") for f in error.findings), key=str)}, None
    except Exception as error:  # noqa: BLE001 - a road that breaks off differs, whatever it broke off with
        return {_BROKE_OFF: f"{type(error).__name__}: {error}"}, None
    form = settlement_json(settlement, "zh")
    for name in ("engine", "receipt", "handed_back"):
        form.pop(name, None)
    return form, settlement.handed_back


def compared(case: Case, policy: Policy, road: Road) -> Outcome:
    """A case by the interpreter and by another road."""
    dataset = dataset_of(case, policy)
    right, _ = told(interpreted, policy, dataset)
    other, handed_back = told(road, policy, dataset)
    return Outcome((right, other), handed_back)


# ---- the least that still differs


def shrunk(case: Case, differs: Callable[[Case], bool]) -> Case:
    """A case from which nothing can be taken without the roads agreeing."""
    size = None
    while size != (size := len(case.text())):
        for smaller in _smaller(case):
            if smaller is not None and len(smaller.text()) < len(case.text()) and differs(smaller):
                case = smaller
                break
        else:
            continue
        size = None
    return case


def differing(road: Road) -> Callable[[Case], bool]:
    """Whether a road differs on a case; one that does not check, or whose data do not fit, does not count."""

    def differs(case: Case) -> bool:
        try:
            policy = policy_of(case.program.text())
            return compared(case, policy, road).differs
        except FindingsError:
            return False

    return differs


def _smaller(case: Case) -> Iterator[Case | None]:
    """The case with less in it: large pieces first."""
    program, data = case.program, case.data
    count = len(program.parts)
    for size in (count // 2, count // 4, 3, 2, 1):
        for start in range(0, count, size) if size else ():
            yield _cleared(program, (*program.parts[:start], *program.parts[start + size :]), data)
    for number, part in enumerate(program.parts):
        for line in range(len(part.under)):
            fewer = replace(part, under=(*part.under[:line], *part.under[line + 1 :]))
            yield Case(replace(program, parts=_with(program.parts, number, fewer)), data)
    for name, rows in data.tables.items():
        yield Case(program, replace(data, tables={n: r for n, r in data.tables.items() if n != name}))
        for size in (len(rows) // 2, 1):
            for start in range(0, len(rows), size) if size else ():
                yield _with_rows(case, name, (*rows[:start], *rows[start + size :]))
    for name in data.assumptions:
        yield Case(program, replace(data, assumptions={n: v for n, v in data.assumptions.items() if n != name}))
    if data.scenario:
        yield Case(program, replace(data, scenario=False))
    for name, rows in data.tables.items():
        for number, row in enumerate(rows):
            for key in row:
                less = {k: v for k, v in row.items() if k != key}
                yield _with_rows(case, name, (*rows[:number], less, *rows[number + 1 :]))


def _cleared(program: Program, parts: tuple[Part, ...], data: Data) -> Case | None:
    """A program of fewer parts without what fell with them, and data of what is left."""
    try:
        fewer, policy = cleared(replace(program, parts=parts))
    except FindingsError:
        return None
    scheme = policy.scheme()
    known = {name: {n for t, n in scheme.inputs if t == name} for name in data.tables}
    ours = {n for _, n in scheme.inputs}
    gone = {key for rows in data.tables.values() for row in rows for key in row if key[-1].isdigit()} - ours
    kept = {
        name: tuple({k: v for k, v in row.items() if k not in gone or k in known[name]} for row in rows)
        for name, rows in data.tables.items()
        if name in scheme.tables
    }
    assumed = {n: v for n, v in data.assumptions.items() if n in scheme.parameters or n in ours}
    return Case(fewer, replace(data, tables=kept, assumptions=assumed))


def _with(parts: tuple[Part, ...], number: int, part: Part) -> tuple[Part, ...]:
    return (*parts[:number], part, *parts[number + 1 :])


def _with_rows(case: Case, name: str, rows: tuple[Row, ...]) -> Case:
    return Case(case.program, replace(case.data, tables={**case.data.tables, name: rows}))


# ---- many cases

_COUNTS = ("cases", "settled", "refused", "roots", "handed_back", "whole_cases_handed_back", "unsound")
_COUNTERS = ("figures", "reasons", "constructs")


@dataclass(slots=True)
class Tally:
    """What came of many cases: how many agreed, differed, were refused by both; what was settled in the engine itself."""

    cases: int = 0
    settled: int = 0
    refused: int = 0
    roots: int = 0
    handed_back: int = 0
    whole_cases_handed_back: int = 0
    unsound: int = 0
    figures: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    constructs: Counter[str] = field(default_factory=Counter)
    different: list[int] = field(default_factory=list)

    def add(self, seed: int, outcome: Outcome, held: Collection[str] = ()) -> None:
        """Count a case; ``held`` are the constructs that its program holds."""
        self.cases += 1
        self.constructs.update(held)
        right = outcome.told[0]
        self.refused += "findings" in right
        self.settled += "findings" not in right
        self.figures.update(figure["state"] for figure in right.get("figures", ()))
        if outcome.handed_back is not None:
            self.roots += outcome.handed_back.of
            self.handed_back += outcome.handed_back.units
            self.whole_cases_handed_back += bool(outcome.handed_back.why)
            if outcome.handed_back.why:
                # What SQL cannot say, without the name of the figure in which it stands.
                self.reasons.update([outcome.handed_back.why.zh.rpartition("：")[2]])
        if outcome.differs:
            self.different.append(seed)

    def take(self, other: "Tally") -> None:
        """Count the cases of another tally as well."""
        for name in _COUNTS:
            setattr(self, name, getattr(self, name) + getattr(other, name))
        for name in _COUNTERS:
            getattr(self, name).update(getattr(other, name))
        self.different.extend(other.different)

    def as_json(self) -> dict[str, Any]:
        """The counts to be kept."""
        return {name: getattr(self, name) for name in (*_COUNTS, *_COUNTERS, "different")}

    @staticmethod
    def from_json(kept: Mapping[str, Any]) -> "Tally":
        """The counts as they were kept."""
        told: dict[str, Any] = {n: Counter(value) if n in _COUNTERS else value for n, value in kept.items()}
        return Tally(**told)

    def text(self) -> str:
        """The counts as a line."""
        own = self.roots - self.handed_back
        share = f"{own / self.roots:.1%}" if self.roots else "—"
        return (
            f"{self.cases:,} programs ({self.settled:,} settled, {self.refused:,} refused by the rules"
            f"{f', {self.unsound:,} more with data that do not fit' if self.unsound else ''}), "
            f"{', '.join(f'{n:,} figures {state}' for state, n in sorted(self.figures.items()))}; "
            f"{len(self.different)} differences; "
            f"settled in SQL: {share} of {self.roots:,} units that stand alone; "
            f"{self.whole_cases_handed_back:,} programs handed back whole"
        )


def run(road: Road, seeds: Iterable[int], tally: Tally | None = None) -> Tally:
    """Many cases by the interpreter and by another road."""
    tally = tally or Tally()
    for seed in seeds:
        case, policy = case_of(seed)
        try:
            tally.add(seed, compared(case, policy, road), constructs(policy.pipeline()))
        except FindingsError:
            # Data that binding refuses never reach a road.
            tally.unsound += 1
    return tally


def failed(tally: Tally, road: Road) -> str:
    """The counts, and the first difference made small: the rules, the data, what each road told."""
    seed = tally.different[0]
    case, _ = case_of(seed)
    least = shrunk(case, differing(road))
    right, other = compared(least, policy_of(least.program.text()), road).told
    lines = [
        tally.text(),
        f"seeds that differ: {tally.different[:20]}",
        "",
        f"seed {seed} made small:",
        "",
        least.text(),
    ]
    for name in dict.fromkeys([*right, *other]):
        one, two = right.get(name), other.get(name)
        if one == two:
            continue
        if isinstance(one, list) and isinstance(two, list):
            one, two = [x for x in one if x not in two][:3], [x for x in two if x not in one][:3]
        lines += [f"{name}", f"  interpreter: {one}", f"  engine:      {two}"]
    return "\n".join(lines)


def engine_road(engine: Engine) -> Road:
    """The road through an engine that is opened once: what a case leaves in it is taken away."""

    def road(policy: Policy, dataset: Dataset) -> Settlement:
        try:
            settled = settle_in(engine, policy.pipeline, dataset)
        finally:
            forget(engine)
        return replace(report(settled.run, dataset, None), handed_back=settled.handed_back)

    return road


def forget(engine: Engine) -> None:
    """Leave the engine as it was when it was opened; opening one takes longer than a case."""
    match engine.dialect:
        case "postgres":
            engine.run("DISCARD TEMP")
        case "spark":
            for _, name, _ in list(engine.rows("SHOW TABLES")):
                engine.run(f"DROP VIEW `{name}`")
        case _:
            for name, sort in list(engine.rows("SELECT table_name, table_type FROM information_schema.tables")):
                word = "VIEW" if sort == "VIEW" else "TABLE"
                engine.run(f'DROP {word} "{name}"')
