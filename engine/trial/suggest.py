"""Suggesting: cases for boundaries and exceptions that none stands on, their data solved from the rules."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import date
from fractions import Fraction
from itertools import combinations

from engine.api import Policy
from engine.load.read import read_data
from engine.load.tables import Cell, RawData, Row, Table
from engine.load.values import Wrong, parse_value
from engine.nouns import core as c
from engine.nouns import kinds as k
from engine.nouns.core import Core
from engine.nouns.numbers import Number
from engine.nouns.pipeline import Derive
from engine.nouns.world import RowKey
from engine.trial.case_text import case_text, rows_in
from engine.trial.coverage import steps_of
from engine.trial.moved import SAMPLE
from engine.trial.points import Boundary, Key, Side
from engine.trial.probe import Knob, Ran, moved_by, ran, stands
from engine.trial.results import Untouched
from engine.trial.run import cases_of, covered, rule_of
from grammar.diagnostic import Finding, Place, Words
from grammar.frozen import dataclass
from grammar.source import source_text

# How many places to begin from, how many values of each to turn, how often to draw nearer, how far to look around.
_PLACES, _KNOBS, _DRAWN, _NEAR = 5, 20, 6, 4


@dataclass(frozen=True, slots=True)
class _Start:
    """Data to begin from."""

    data: RawData
    here: Ran


def suggested(policy: Policy) -> tuple[list[str], list[Finding]]:
    """The text of a case for each missing place, and a finding for each that no data was found for."""
    _, coverer = covered(policy)
    starts = list(_starts(policy))
    lately: dict[Key, _Solved] = {}
    made: list[str] = []
    missed: list[Finding] = []
    names = {case.name for case in cases_of(policy)}
    for key, untouched in coverer.boundaries.items():
        if key in coverer.touched:
            continue
        if untouched.what.zh in names:
            continue
        if key not in coverer.edges:
            # How far two rows lie apart is no figure of a row: nothing of one row leads there.
            missed.append(_missed(untouched))
            continue
        boundary, side = coverer.edges[key]
        solved = _on_boundary(policy, boundary, side, lately.get(boundary.key), starts)
        if solved is None:
            missed.append(_missed(untouched))
            continue
        lately[boundary.key] = solved
        names.add(untouched.what.zh)
        made.append(_case(untouched, solved.data, solved.here, solved.key))
    for wanted in _exceptions(policy, coverer.held, coverer.files):
        if wanted.untouched.what.zh in names:
            continue
        answered = _with_exceptions(policy, wanted, starts)
        if answered is None:
            missed.append(_missed(wanted.untouched))
            continue
        made.append(_case(wanted.untouched, *answered))
    return made, missed


def _missed(untouched: Untouched) -> Finding:
    return Finding("L222", Place(untouched.file, untouched.line), {"what": untouched.what})


def _starts(policy: Policy) -> Iterator[_Start]:
    """The data of cases, the smallest first, then the sample."""
    datas = [case.data for case in cases_of(policy) if not case.findings]
    datas.sort(key=rows_in)
    sample = policy.loaded.folder / SAMPLE
    if sample.is_file():
        datas.append(read_data(sample, SAMPLE))
    for data in datas:
        here = ran(policy, data)
        if here is not None:
            yield _Start(data, here)


def _case(untouched: Untouched, data: RawData, here: Ran, key: RowKey) -> str:
    """The case: what it stands on, its data, the figures of its unit as they came out."""
    unit = key[2]
    mine = [r for r in here.settlement.figures if r.row.unit == unit and r.row.insurance == key[3]]
    # What is open says nothing to work out here.
    results = [r for r in mine if r.value.state != "open"] or mine or list(here.settlement.figures)
    place = f"{untouched.file}:{untouched.line}"
    clauses = [x for r in mine if rule_of(r) == place for x in r.citations] or [x for r in results for x in r.citations]
    working = [
        f"为这一处写的：{untouched.file} 第 {untouched.line} 行，{untouched.what.zh}（{unit}）。",
        "下面的数由引擎算出，不算核对过：请按条款算一遍，把算法写在这里，再把“待核”改成“结果”。",
    ]
    return case_text(untouched.what.zh, clauses, working, data, results)


# ---- boundaries


def _on_boundary(
    policy: Policy, boundary: Boundary, side: Side, lately: "_Solved | None", starts: Iterable[_Start]
) -> "_Solved | None":
    """Data on which the boundary stands on a side: one value of some case is solved for."""
    if lately is not None:
        # What led to one side of a boundary leads to the others.
        found = _solved(policy, boundary, side, lately.data, lately.knob, lately.key)
        if found is not None:
            return found
    near: list[tuple[Fraction, int, RowKey, RawData]] = []
    for number, start in enumerate(starts):
        for key, left, right in stands(start.here, boundary):
            gap = _gap(left, right)
            if gap is not None:
                near.append((abs(gap), number, key, start.data))
    # The nearer two amounts stand, the likelier one value brings them together within what the rules allow.
    near.sort(key=lambda place: place[:2])
    for _, _, key, data in near[:_PLACES]:
        for knob in _knobs(policy, data, key)[:_KNOBS]:
            found = _solved(policy, boundary, side, data, knob, key)
            if found is not None:
                return found
    return None


@dataclass(frozen=True, slots=True)
class _Solved:
    """Data that stands where it should: which value was turned, how it was settled, on which row."""

    data: RawData
    knob: Knob
    here: Ran
    key: RowKey


def _solved(policy: Policy, boundary: Boundary, side: Side, data: RawData, knob: Knob, key: RowKey) -> _Solved | None:
    """The data with the knob where the boundary is on the side: by secants, then by the values around."""
    start = _value(data, knob)
    if start is None:
        return None
    seen: dict[int, tuple[Fraction | None, _Solved | None]] = {}
    target = {"at": Fraction(0), "below": -Fraction(boundary.step), "above": Fraction(boundary.step)}[side]

    def at(steps: int) -> tuple[Fraction | None, _Solved | None]:
        if steps not in seen:
            there = knob.turned(data, moved_by(start, steps, knob.kind))
            here = ran(policy, there)
            distances = [
                (_gap(left, right), boundary.side(left, right))
                for found, left, right in (stands(here, boundary) if here is not None else ())
                if found == key
            ]
            solved = here is not None and any(found == side for _, found in distances)
            seen[steps] = (
                distances[0][0] if distances else None,
                _Solved(there, knob, here, key) if solved and here is not None else None,
            )
        return seen[steps]

    for steps in _approached(lambda steps: at(steps)[0], target):
        found = at(steps)[1]
        if found is not None:
            return found
    return None


def _approached(gap: Callable[[int], Fraction | None], target: Fraction) -> Iterator[int]:
    """The steps to look at: towards the target by secants, each with its neighbours."""
    near, first = 0, gap(0)
    for push in (100, -100, 1, -1):
        other = gap(push)
        if first is None or other == first:
            # The value has no part in the boundary.
            return
        if other is not None:
            break
    else:
        return
    far, second = push, other
    for _ in range(_DRAWN):
        assert first is not None
        assert second is not None
        if second == first:
            return
        there = near + round((target - first) * (far - near) / (second - first))
        value = gap(there)
        if value is None or there == far:
            return
        yield there
        # Rounding on the way may put the place itself a few steps off.
        if abs(value - target) <= abs(second - first) / abs(far - near) * _NEAR:
            yield from (there + sign * n for n in range(1, _NEAR + 1) for sign in (1, -1))
        near, first, far, second = far, second, there, value


def _gap(left: object, right: object) -> Fraction | None:
    if isinstance(left, date) and isinstance(right, date):
        return Fraction((left - right).days)
    if isinstance(left, int | Fraction) and isinstance(right, int | Fraction):
        return Fraction(left) - Fraction(right)
    return None


def _knobs(policy: Policy, data: RawData, key: RowKey) -> list[Knob]:
    """The values that may be turned: those of the unit's own rows, then one of each column of other rows."""
    scheme = policy.scheme()
    words = _words(policy)
    own: list[Knob] = []
    others: dict[tuple[bool, str, str], Knob] = {}
    for t, table in enumerate(data.tables):
        name = words.get(table.name, table.name)
        for r, row in enumerate(table.rows):
            texts = {cell.text for cell in row.cells.values()}
            for column in row.cells:
                datum = scheme.inputs.get((name, words.get(column, column)))
                if datum is None or datum.kind.per is not None:
                    continue
                if not (datum.kind.is_number or datum.kind.base is k.Base.DATE):
                    continue
                knob = Knob(t, r, column, datum.kind)
                if key[2] in texts:
                    own.append(knob)
                else:
                    others.setdefault((key[3] is not None and key[3] not in texts, name, column), knob)
    return [*own, *(others[place] for place in sorted(others, key=lambda place: place[0]))]


def _words(policy: Policy) -> dict[str, str]:
    """Other words for names: ids, and the document's own."""
    labels = policy.scheme().labels
    words = {identifier: name for (_, name), identifier in labels.ids.items()}
    for name, others in (*labels.called.items(), *labels.also.items()):
        words.update(dict.fromkeys(others, name))
    return words


def _value(data: RawData, knob: Knob) -> Number | date | None:
    value = parse_value(data.tables[knob.table].rows[knob.row].cells[knob.column].text, knob.kind)
    return None if isinstance(value, Wrong | bool | str) else value


# ---- exceptions


@dataclass(frozen=True, slots=True)
class _Wanted:
    """Exceptions of a figure that should hold together, and no other of it."""

    step: Derive
    holding: frozenset[int]
    untouched: Untouched


def _exceptions(
    policy: Policy, held: dict[tuple[str, str], set[frozenset[int]]], files: frozenset[str]
) -> Iterator[_Wanted]:
    """Each exception alone and each two together, where no case has them so."""
    for step in steps_of(policy.pipeline()):
        if not isinstance(step, Derive):
            continue
        own = [i for i, b in enumerate(step.exceptions) if b.span.source.name in files]
        for size in (1, 2):
            for chosen in combinations(own, size):
                holding = frozenset(chosen)
                if holding in held.get((step.table, step.column), set()):
                    continue
                said = "”和“".join(source_text(step.exceptions[i].condition.span) for i in chosen)
                tail = ("只有“{}”成立" if size == 1 else "“{}”同时成立").format(said)
                en = f"{step.table}.{step.column}: {'only' if size == 1 else 'both'} {' and '.join(source_text(step.exceptions[i].condition.span) for i in chosen)}"
                span = step.exceptions[chosen[-1]].span
                what = Words(f"{step.table}的{step.column}，{tail}", en)
                yield _Wanted(step, holding, Untouched(what, span.source.name, span.line))


def _with_exceptions(policy: Policy, wanted: _Wanted, starts: Iterable[_Start]) -> tuple[RawData, Ran, RowKey] | None:
    """Data on which exactly those exceptions hold: yes/no data of a unit's row set as their conditions ask."""
    step = wanted.step
    answers: dict[str, bool] = {}
    for index, branch in enumerate(step.exceptions):
        asked = _answers(branch.condition, index in wanted.holding)
        if asked is None or any(answers.get(name, yes) is not yes for name, yes in asked.items()):
            return None
        answers.update(asked)
    words = _words(policy)
    for start in starts:
        for t, table in enumerate(start.data.tables):
            if words.get(table.name, table.name) != step.table:
                continue
            for r in range(len(table.rows)):
                data = _answered(start.data, t, r, answers, words)
                here = ran(policy, data)
                key = _holding(here, wanted) if here is not None else None
                if here is not None and key is not None:
                    return data, here, key
    return None


def _answers(condition: Core, holds: bool) -> dict[str, bool] | None:
    """The yes/no data that make a condition hold or not; None where that takes more than yes/no data."""
    match condition:
        case c.Read(column=column, kind=kind) if kind.base is k.Base.YES_NO:
            return {column: holds}
        case c.Apply(operator="not", args=(inner,)):
            return _answers(inner, not holds)
        case c.Apply(operator="and" | "or" as operator, args=args):
            parts = [_answers(arg, holds) for arg in args]
            if (operator == "and") is holds:
                return None if None in parts else {n: v for part in parts if part for n, v in part.items()}
            return next((part for part in parts if part is not None), None)
        case _:
            return {} if not holds else None


def _answered(data: RawData, t: int, r: int, answers: dict[str, bool], words: dict[str, str]) -> RawData:
    """The data with the answers on one row; an answer of no that is not written is left so."""
    table = data.tables[t]
    row = table.rows[r]
    cells = {n: cell for n, cell in row.cells.items() if words.get(n, n) not in answers}
    cells |= {name: Cell("是", row.place) for name, yes in answers.items() if yes}
    rows = (*table.rows[:r], Row(cells, row.place), *table.rows[r + 1 :])
    return replace(data, tables=(*data.tables[:t], Table(table.name, rows, table.place), *data.tables[t + 1 :]))


def _holding(here: Ran, wanted: _Wanted) -> RowKey | None:
    """The row on which exactly the exceptions hold, if any."""
    step = wanted.step
    for year in here.run.years:
        for other in steps_of(year.pipeline):
            if not isinstance(other, Derive) or (other.table, other.column) != (step.table, step.column):
                continue
            for row in year.tables.get(step.table, ()):
                notes = {id(node): value.now for node, value in row.notes.get(step.column, ())}
                known = [notes.get(id(b.condition)) for b in other.exceptions]
                if frozenset(i for i, now in enumerate(known) if now is True) == wanted.holding and all(
                    isinstance(now, bool) for now in known
                ):
                    return row.key
    return None
