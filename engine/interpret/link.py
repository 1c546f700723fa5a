"""Rows linked into others (合并自): who follows whom, by how many days, and which rows are one.

Rows of a unit with equal keys stand in the order of a date. Where it is open whether one joins the one before it, each is
made to end a row of its own that may or may not stand; where it is open even who follows whom, no row is made.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from engine.interpret.evaluate import Evaluator
from engine.nouns import possible as p
from engine.nouns.periods import Period
from engine.nouns.pipeline import OPEN_AT_MOST, Link, Pipeline
from engine.nouns.possible import Possible
from engine.nouns.value import Known, Value, lift
from engine.nouns.world import Joint, Row, Unlinked

_NO_RANK = 10**9


@dataclass(frozen=True, slots=True)
class Linked:
    """A year whose rows are linked: its pipeline, its rows by kind (to which the new ones are added), its expressions."""

    pipeline: Pipeline
    tables: dict[str, tuple[Row, ...]]
    evaluator: Evaluator


def link(years: Sequence[Linked]) -> None:
    """Link the rows of all years at once: a row belongs with those of the year before as with those of its own."""
    steps: dict[tuple[str, str], list[tuple[Linked, Link]]] = {}
    for year in years:
        for step in year.pipeline.steps:
            if isinstance(step, Link):
                steps.setdefault((step.table, step.source), []).append((year, step))
    for found in steps.values():
        _link(found)


@dataclass(frozen=True, slots=True)
class _Entry:
    """A row to be linked, with the year and the step that say how it joins the one before.

    ``place`` counts the rows of all years as they stand there: by year, 序号, 编号, then by all they say, so that no two
    rows of one day that say different things are ever in doubt.
    """

    row: Row
    year: Linked
    step: Link
    place: int


def _link(years: Sequence[tuple[Linked, Link]]) -> None:
    made: list[Row] = []
    for entries in _by_unit(years):
        lacking = frozenset(n for e in entries for n in e.step.keys if not _is_known(e.row.columns[n]))
        if lacking:
            # A row of nobody may be anybody's.
            _unlinked(entries, lacking)
            continue
        groups: dict[object, list[_Entry]] = {}
        for entry in entries:
            key = tuple((n, entry.row.columns[n].base) for n in entry.step.keys)
            groups.setdefault(key, []).append(entry)
        for group in groups.values():
            made.extend(_linked(group))
    for year, step in years:
        rows = [row for row in made if row.period.year == _year_of(year, step)]
        place(year.pipeline.scheme.insurances, year.tables, step.table, rows)


def _by_unit(years: Sequence[tuple[Linked, Link]]) -> Iterator[list[_Entry]]:
    """The rows of a unit and insurance type, of all years together."""
    units: dict[object, list[_Entry]] = {}
    place = 0
    for year, step in years:
        for row in year.tables.get(step.source, ()):
            owner = None if row.parent is None else (row.parent.table, row.parent.unit)
            units.setdefault((owner, row.insurance), []).append(_Entry(row, year, step, place))
            place += 1
    yield from units.values()


def _year_of(year: Linked, step: Link) -> int | None:
    return next((row.period.year for row in year.tables.get(step.source, ())), None)


def place(insurances: Sequence[str], tables: dict[str, tuple[Row, ...]], table: str, rows: Iterable[Row]) -> None:
    """The new rows of a year where they belong: among its kinds, and under their units."""
    tables[table] = ordered(insurances, rows)
    for row in tables[table]:
        if row.parent is not None:
            row.parent.children.setdefault(table, []).append(row)


def ordered(insurances: Sequence[str], rows: Iterable[Row]) -> tuple[Row, ...]:
    """New rows in the order in which results tell them."""
    known = {name: number for number, name in enumerate(insurances)}
    return tuple(
        sorted(rows, key=lambda r: (r.insurance is not None, known.get(r.insurance or "", len(known)), r.order))
    )


def _is_known(value: Value) -> bool:
    return p.is_point(value.base)


# ---- rows with the same keys


def _linked(group: list[_Entry]) -> list[Row]:
    """The rows that the rows of one key are linked into."""
    ends = frozenset(e.step.end for e in group if not _is_known(e.row.columns[e.step.end]))
    if ends:
        _unlinked(group, ends)
        return []
    group.sort(key=lambda e: (e.row.columns[e.step.end].base, e.place))
    joins = list(_joins(group))
    if open_ := _too_open(joins):
        _unlinked(group, open_)
        return []
    return merged([(entry.row, entry.step) for entry in group], joins)


def merged(group: Sequence[tuple[Row, Link]], joins: Sequence[Value]) -> list[Row]:
    """The rows that rows of one key, in their order, are linked into, given whether each joins the one before it."""
    made = []
    names: dict[str, int] = {}
    belongs: dict[int, list[tuple[Row, Value | None]]] = {}
    for index, (last, step) in enumerate(group):
        following = joins[index + 1] if index + 1 < len(group) else _NO
        if _is(following, True):
            continue
        members = list(_members(index, joins))
        # What a year is settled with is known in that year: rows of a later one are of it, whatever day they begin on.
        newest = max((group[j][0] for j, _ in members), key=lambda member: member.period.year)
        row = _row(last, step, newest, names)
        row.standing = None if _is(following, False) else lift(p.inverted, following)
        row.children[step.source] = [group[j][0] for j, _ in reversed(members)]
        row.members = {group[j][0]: value for j, value in members if value is not None} or None
        for j, value in members:
            belongs.setdefault(j, []).append((row, value))
        made.append(row)
    for index, (row, _) in enumerate(group):
        row.joined = tuple(belongs[index])
    return made


def _joins(group: list[_Entry]) -> Iterator[Value]:
    """Whether each row joins the one before it."""
    since: Row | None = None
    latest: date | None = None
    blank: frozenset[str] = frozenset()
    for index, entry in enumerate(group):
        row, step = entry.row, entry.step
        if index == 0:
            yield _NO
        else:
            joint = _joint(group[index - 1].row, entry, since, latest, blank)
            row.joint = joint
            yield joint.joins
        left = row.columns[step.start]
        if isinstance(left.base, date):
            if latest is None or left.base > latest:
                since, latest = row, left.base
        else:
            blank |= left.missing or {step.start}


def _joint(before: Row, entry: _Entry, since: Row | None, latest: date | None, blank: frozenset[str]) -> Joint:
    row, step, evaluator = entry.row, entry.step, entry.year.evaluator
    own = row.columns[step.end].base
    assert isinstance(own, date)
    days = None if latest is None else (own - latest).days
    # A date that is not known may be later than the latest that is: the gap is then at most so many days.
    gap = Known(days) if days is not None and not blank else Value(p.Between(None, days), p.Between(None, days), blank)
    for column, source in step.before.items():
        row.columns[column] = before.columns[source]
    bound = evaluator.of(step.bound)(row)
    apart = tuple(evaluator.of(node)(row) for node in step.unless)
    evaluator.notes.clear()

    def joins(gap: Possible, bound: Possible, *apart: Possible) -> Possible:
        near = p.inverted(p.over(gap, bound)) if step.within else p.over(bound, gap)
        for held in apart:
            near = p.both(near, p.inverted(held))
        return near

    return Joint(before, row, lift(joins, gap, bound, *apart), gap, bound, apart, since)


def _members(index: int, joins: Sequence[Value]) -> Iterator[tuple[int, Value | None]]:
    """The rows that are, or may be, part of what ends with a row: backwards, while each joins the one before it."""
    chain: Value | None = None
    while True:
        yield index, chain
        joined = joins[index]
        if _is(joined, False):
            return
        if not _is(joined, True):
            chain = joined if chain is None else lift(p.both, chain, joined)
            if _is(chain, False):
                return
        index -= 1


def _is(value: Value, answer: bool) -> bool:
    """Whether an answer is certain, with and without assumptions."""
    return value.now is answer and value.base is answer


def _too_open(joins: list[Value]) -> frozenset[str]:
    """What is missing where more rows follow one another than it is worth working out, none known to begin anew."""
    missing: frozenset[str] = frozenset()
    length = 0
    for value in joins:
        open_ = not (_is(value, True) or _is(value, False))
        length = 0 if _is(value, False) else length + open_
        missing = missing | value.missing | value.assumed
        if length > OPEN_AT_MOST:
            return missing
    return frozenset()


# ---- what is made


def _row(last: Row, step: Link, newest: Row, names: dict[str, int]) -> Row:
    """The row that ends with a row of the data; it goes by its keys and the day the last of its rows began.

    It is of the year, and belongs to the unit, of the ``newest`` of its rows: the last of those of the latest year.
    """
    day = last.columns[step.end].base
    name = f"{'、'.join(_text(last.columns[n].base) for n in step.keys)}·{day}"
    names[name] = names.get(name, 0) + 1
    if names[name] > 1:
        name = f"{name}·{names[name]}"
    parent = newest.parent
    order: tuple[object, ...] = (_NO_RANK, _NO_RANK, name, parent.order if parent is not None else (), 1)
    columns: dict[str, Value] = {n: newest.columns[n] for n in ("年度", "期次", "险种")}
    columns["名称"] = Known(name)
    period = Period(newest.period.year, "row")
    return Row(step.table, name, newest.insurance, period, parent, order, columns, frozenset(), True, last.place, {})


def _text(value: Possible) -> str:
    match value:
        case bool():
            return "是" if value else "否"
        case int() | Fraction() | str() | date():
            return str(value)
        case _:
            raise AssertionError(value)


def _unlinked(entries: list[_Entry], missing: frozenset[str]) -> None:
    """Rows of which nobody can say into how many they are linked: their unit is told how many they may come to."""
    last = max(entry.row.period.year for entry in entries)
    owners: dict[int, tuple[Row, str, int]] = {}
    for entry in entries:
        owner = entry.row.parent
        if owner is not None:
            _, _, count = owners.get(id(owner), (owner, "", 0))
            owners[id(owner)] = (owner, entry.step.table, count + 1)
    for owner, table, count in owners.values():
        # The last row of all ends one of them.
        own = Unlinked(int(owner.period.year == last), count, missing)
        known = dict(owner.unlinked or {})
        other = known.get(table)
        if other is not None:
            own = Unlinked(other.least + own.least, other.most + own.most, other.missing | own.missing)
        owner.unlinked = {**known, table: own}


_NO = Known(False)
