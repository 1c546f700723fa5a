"""From what a run left on its rows to what it says: figures in a fixed order, open items, warnings, the receipt."""

import hashlib
import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping

from engine.nouns.core import Parameter
from engine.nouns.dataset import Assumption, Dataset
from engine.nouns.pipeline import Allocate, Derive, Ledger, Pipeline, Step
from engine.nouns.possible import Absent, Maybe, Possible
from engine.nouns.printed import plain
from engine.nouns.settlement import Difference, FigureResult, OpenItem, Settlement
from engine.nouns.value import Value, lift
from engine.nouns.world import Row, Run, YearRun
from grammar.diagnostic import Finding

VERSION = "xiance 0.1.0"


def report(run: Run, dataset: Dataset, years: Collection[int] | None = None) -> Settlement:
    """What a run says; ``years`` chooses which of its years are told, not which are settled."""
    told = tuple(y.year for y in run.years if years is None or y.year in years)
    results = tuple(result for year in run.years if year.year in told for result in results_of(year))
    return Settlement(
        scheme=run.scheme,
        years=told,
        figures=results,
        open=open_items(run, results),
        assumptions=assumptions_in_force(run),
        warnings=(*_absent_years(run, years), *dataset.findings, *run.findings),
        tally=run.tally,
        receipt=_receipt(run, dataset, results),
    )


def _absent_years(run: Run, years: Collection[int] | None) -> Iterator[Finding]:
    """A warning where none of the years asked for is in the data."""
    settled = [y.year for y in run.years]
    if years and not set(years) & set(settled):
        asked = "、".join(str(year) for year in sorted(years))
        yield Finding("D093", None, {"asked": asked, "known": "、".join(map(str, settled)) or "—"})


def results_of(year: YearRun) -> Iterator[FigureResult]:
    """The figures of a year: kinds as declared, units in roster order, figures as they stand in the rule file."""
    made = figures_of(year.pipeline)
    for table, rows in year.tables.items():
        mine = [(name, step) for t, name, step in made if t == table]
        for row in rows:
            for name, step in mine:
                result = _result(row, name, step, year.pipeline)
                if result is not None:
                    yield result


def figures_of(pipeline: Pipeline) -> list[tuple[str, str, Derive | Allocate]]:
    """The figures that are told, with their kind of rows and their step, as they stand in the rule files."""
    layers = [layer.name for layer in pipeline.scheme.layers]
    return sorted(_made(pipeline), key=lambda made: _place(made[2], layers))


def _made(pipeline: Pipeline) -> Iterator[tuple[str, str, Derive | Allocate]]:
    for step in _flat(pipeline):
        match step:
            case Derive(figure=figure) if figure.sort != "met" and not figure.unrounded:
                yield step.table, step.column, step
            case Allocate():
                for receiver in step.receivers:
                    yield receiver, step.column, step
                if step.left is not None:
                    yield step.table, step.left, step
            case _:
                pass


def _place(step: Derive | Allocate, layers: list[str]) -> tuple[int, int, int]:
    """Where a figure stands in the rule files: by stage, then parents before the policy itself, then by line."""
    rule = step.allocation if isinstance(step, Allocate) else step.figure
    return rule.stage, layers.index(rule.layer), rule.span.line


def _flat(pipeline: Pipeline) -> Iterator[Step]:
    for step in pipeline.steps:
        if isinstance(step, Ledger):
            yield from step.steps
        else:
            yield step


def _result(row: Row, name: str, step: Derive | Allocate, pipeline: Pipeline) -> FigureResult | None:
    """A figure as told; None where the row has none: absent, taken out by a gate, given as data, or no row at all."""
    value = row.columns.get(name)
    if value is None or value.is_absent:
        return None
    if row.refused and step.kind.is_money:
        return None
    if isinstance(step, Derive) and step.blank_only and name in row.given:
        return None
    if not row.from_data and (row.table, name) in pipeline.needs_data:
        return None
    if row.standing is not None:
        value = _perhaps(value, row.standing)
        if value.is_absent:
            return None
    reached = row.columns.get(f"{name}·达标")
    return FigureResult(
        row=row,
        name=name,
        id=pipeline.scheme.labels.id(name, row.table),
        kind=step.kind,
        value=value,
        citations=_citations(row, name, step),
        step=step,
        pipeline=pipeline,
        reached=reached.now if reached is not None and isinstance(reached.now, bool) else None,
    )


def _perhaps(value: Value, standing: Value) -> Value:
    """A figure of a row that may be no row of its own: it is there or it is not."""

    def one(there: Possible, value: Possible) -> Possible:
        if there is True or isinstance(value, Absent):
            return value
        return Absent() if there is False else Maybe(value)

    return lift(one, standing, value)


def _citations(row: Row, name: str, step: Derive | Allocate) -> tuple[str, ...]:
    """The clauses that decided: those of the exceptions that hold, else the figure's own."""
    if isinstance(step, Allocate):
        return step.allocation.clauses
    decided = row.decided.get(name, ())
    cited = [clause for i in decided for clause in step.exceptions[i].clauses]
    return tuple(dict.fromkeys(cited)) or step.figure.clauses


def open_items(run: Run, results: tuple[FigureResult, ...]) -> tuple[OpenItem, ...]:
    """What is open, most waited for first: parameters without a value, data that is missing, effects left out."""
    waits: dict[str, int] = {}
    for result in results:
        if result.value.state == "open":
            for name in result.value.missing:
                waits[name] = waits.get(name, 0) + 1

    def is_blank(table: str, name: str) -> bool:
        rows = (row for y in run.years for row in y.tables.get(table, ()) if row.from_data)
        return any(name in row.columns and name in row.columns[name].missing for row in rows)

    return open_items_of(run, waits, is_blank)


def open_items_of(run: Run, waits: Mapping[str, int], is_blank: Callable[[str, str], bool]) -> tuple[OpenItem, ...]:
    """The same by how many open figures wait for each name, and whether any row of a kind lacks a datum."""
    items: dict[str, OpenItem] = {}
    for scheme in (y.pipeline.scheme for y in run.years):
        for parameter in scheme.parameters.values():
            if _is_open(parameter) and parameter.name not in run.assumptions:
                clause = "、".join(parameter.clauses)
                items.setdefault(
                    parameter.name, OpenItem(parameter.name, clause, waits.get(parameter.name, 0), "parameter")
                )
        for (table, name), datum in scheme.inputs.items():
            if datum.left_out and name not in run.assumptions and is_blank(table, name):
                items.setdefault(name, OpenItem(name, "、".join(datum.clauses), 0, "left_out"))
            elif name in waits:
                items.setdefault(name, OpenItem(name, "、".join(datum.clauses), waits[name], "data"))
    for name in sorted(set(waits) - set(items)):
        items[name] = OpenItem(name, "", waits[name], "data")
    return tuple(sorted(items.values(), key=lambda item: -item.waits))


def _is_open(parameter: Parameter) -> bool:
    return parameter.state in {"open", "referred"} and parameter.assumed is None


def assumptions_in_force(run: Run) -> dict[str, Assumption]:
    """Assumptions given for the run, then those the rule file itself records."""
    found: dict[str, Assumption] = dict(run.assumptions)
    for year in run.years:
        for parameter in year.pipeline.scheme.parameters.values():
            if parameter.assumed is not None and parameter.state != "stated" and parameter.name not in found:
                found[parameter.name] = Assumption(parameter.name, parameter.assumed, "rules")
    return found


def differences(reading: str, chosen: Settlement, other: Settlement) -> tuple[Difference, ...]:
    """The figures whose value another reading changes."""
    theirs = {(r.row.key, r.name): r for r in other.figures}
    found = []
    for result in chosen.figures:
        match = theirs.get((result.row.key, result.name))
        if match is None or _as_told(match.value) != _as_told(result.value):
            found.append(Difference(reading, result, match))
    return tuple(found)


def _as_told(value: Value) -> object:
    """What another reading must change to be told: the value, not the marks or the width of a range."""
    return "open" if value.state == "open" else value.now


def rules_digest(layers: Iterable[tuple[str, str]]) -> str:
    """One digest of the names and digests of all texts that take part."""
    lines = dict.fromkeys(f"{name} {digest}" for name, digest in layers)
    return f"sha256:{hashlib.sha256(chr(10).join(lines).encode()).hexdigest()}"


def _receipt(run: Run, dataset: Dataset, results: tuple[FigureResult, ...]) -> dict[str, str]:
    """Digests of every text that took part in any year, of the data, of the figures; and the engine."""
    figures = [[list(map(str, r.row.key)), r.name, plain(r.value.now, r.kind), r.value.state] for r in results]
    text = json.dumps(figures, ensure_ascii=False, separators=(",", ":"))
    return {
        "rules": rules_digest((x.name, x.digest) for year in run.years for x in year.pipeline.scheme.layers),
        "data": dataset.digest,
        "engine": VERSION,
        "figures": f"sha256:{hashlib.sha256(text.encode()).hexdigest()}",
    }
