"""One year against another: what a unit's figures moved by, put down to its data and to the rules, to the fen."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import date

from engine.api import Policy, bind_data, settle
from engine.compare.changes import Change
from engine.compare.mixed import CannotStandError, Key
from engine.load.tables import RawData
from engine.nouns.dataset import DataRow, Dataset
from engine.nouns.numbers import Number
from engine.nouns.periods import Period
from engine.nouns.settlement import FigureResult, Settlement
from engine.trial.between import FigureKey, Mixed, Share, amounts, exchanged, shares
from engine.trial.versions import pinned, versions
from grammar.diagnostic import FindingsError, Language
from grammar.frozen import dataclass


@dataclass(frozen=True, slots=True)
class YearStep:
    """One step from the earlier year to the later: data by kind and name (None: the kind's rows), or changes of the rules.

    More than one thing stands in a step where they cannot be exchanged apart; nothing for what the year before brings.
    """

    data: tuple[tuple[str, str | None], ...]
    changes: tuple[Change, ...]
    shares: Mapping[FigureKey, Share]


@dataclass(frozen=True, slots=True)
class YearOnYear:
    """The figures of both years that are known amounts, and the steps between them in their order.

    ``figures`` are by kind of rows, unit, insurance type and name; a figure's shares add up to what it moved by.
    """

    policy: Policy
    years: tuple[int, int]
    figures: Mapping[FigureKey, tuple[FigureResult, FigureResult]]
    steps: tuple[YearStep, ...]


class NoSuchYearError(Exception):
    """The data has no rows of a year; ``years`` are those it has."""

    def __init__(self, year: int, years: tuple[int, ...]) -> None:
        self.year, self.years = year, years
        super().__init__(year)


def year_on_year(policy: Policy, raw: RawData, one: int, two: int, language: Language) -> YearOnYear:
    """From one year's figures to another's: first what the year before brings, then each datum, then each change of the rules.

    Raises NoSuchYearError, and FindingsError where the data cannot be settled.
    """
    dataset = bind_data(policy, raw)
    for year in (one, two):
        if year not in dataset.years:
            raise NoSuchYearError(year, dataset.years)
    whole = settle(policy, dataset)
    start, end = _of_year(whole, one), _of_year(whole, two)
    since = date(two, 1, 1)
    before, after = pinned(policy, date(one, 1, 1)), pinned(policy, since)

    def under(chosen: frozenset[Key]) -> Policy:
        return Mixed(policy.loaded, one=before, two=after, chosen=chosen, since=since, own=policy)

    def with_(chosen: frozenset[Key]) -> Mapping[FigureKey, Number] | None:
        return _settled(lambda: settle(under(chosen), bind_data(under(chosen), raw)), two)

    steps: list[YearStep] = []
    here = {key: start[key] for key in start if key in end}
    unknown: set[FigureKey] = set()
    old = under(frozenset())
    bound = bind_data(old, raw)
    waiting: list[tuple[str, str | None]] = []

    def settled(data: Dataset) -> Mapping[FigureKey, Number] | None:
        return _settled(lambda: settle(old, data), two)

    for what, data in _exchanged_data(bound, one, two, lambda data: settled(data) is not None):
        waiting += [what] if what is not None else []
        there = settled(data)
        if there is None:
            # It contradicts what has not been exchanged yet: they go together.
            continue
        if found := dict(shares(here, there, start, None, unknown)):
            steps.append(YearStep(tuple(waiting), (), found))
        waiting = []
    told = versions(before, after, language).changes
    rules = exchanged(here, end, told, with_)
    steps += [YearStep((), turn.changes, turn.shares) for turn in rules.turns]
    return YearOnYear(policy, (one, two), dict(_both(whole, one, two)), tuple(steps))


def _settled(run: Callable[[], Settlement], year: int) -> Mapping[FigureKey, Number] | None:
    """A year's amounts; None where nothing can be settled."""
    try:
        return _of_year(run(), year)
    except (FindingsError, CannotStandError):
        return None


def _of_year(settlement: Settlement, year: int) -> dict[FigureKey, Number]:
    """Known amounts of rows of a whole year, by what is the same in another year."""
    own = replace(settlement, figures=tuple(r for r in settlement.figures if _is_of(r, year)))
    return {_plain(key): value for key, value in amounts(own).items()}


def _is_of(result: FigureResult, year: int) -> bool:
    return result.row.period.grain == "year" and result.row.period.year == year


def _both(settlement: Settlement, one: int, two: int) -> Iterator[tuple[FigureKey, tuple[FigureResult, FigureResult]]]:
    by_key = {
        year: {_plain((*r.row.key, r.name)): r for r in settlement.figures if _is_of(r, year)} for year in (one, two)
    }
    for key, result in by_key[two].items():
        if key in by_key[one]:
            yield key, (by_key[one][key], result)


def _plain(key: FigureKey) -> FigureKey:
    """What makes it the same figure in another year."""
    return tuple(part for part in key if not isinstance(part, Period))


def _exchanged_data(
    dataset: Dataset, one: int, two: int, works: Callable[[Dataset], bool]
) -> Iterator[tuple[tuple[str, str | None] | None, Dataset]]:
    """The data with the later year's rows as the earlier year's, then with one thing after another its own again."""
    mine = {kind: [row for row in rows if row.period.year == two] for kind, rows in dataset.rows.items()}
    theirs = {kind: [row for row in rows if row.period.year == one] for kind, rows in dataset.rows.items()}
    here = {kind: _moved(theirs[kind], mine[kind], two) for kind in mine}

    def with_rows() -> Dataset:
        rows = {
            kind: tuple(row for row in every if row.period.year != two) + tuple(here[kind])
            for kind, every in dataset.rows.items()
        }
        return replace(dataset, rows=rows)

    if not works(with_rows()):
        # What opens the earlier year, and the later one takes from the year before, cannot be given in both.
        here = {kind: [_without(row, mine[kind]) for row in rows] for kind, rows in here.items()}
    yield None, with_rows()
    for kind, own in mine.items():
        if here[kind] == own:
            continue
        if [_place(row) for row in here[kind]] == [_place(row) for row in own]:
            for name in dict.fromkeys(name for rows in (own, here[kind]) for row in rows for name in row.cells):
                changed = [_with(row, other, name) for row, other in zip(here[kind], own, strict=True)]
                if changed != here[kind]:
                    here[kind] = changed
                    yield (kind, name), with_rows()
        if here[kind] != own:
            # Rows that only one of the years has come and go together.
            here[kind] = own
            yield (kind, None), with_rows()


def _moved(theirs: list[DataRow], mine: list[DataRow], year: int) -> list[DataRow]:
    """The earlier rows as rows of the later year, in the later year's order where it has them too."""
    moved = {_place(row): replace(row, period=replace(row.period, year=year)) for row in theirs}
    order = [_place(row) for row in mine]
    first = [moved[place] for place in order if place in moved]
    return [*first, *(row for place, row in moved.items() if place not in order)]


def _place(row: DataRow) -> tuple[object, ...]:
    return row.unit, row.parent, row.insurance, row.period.grain, row.period.number


def _without(row: DataRow, others: list[DataRow]) -> DataRow:
    """A row with only such cells as any of the others has."""
    names = {name for other in others for name in other.cells}
    return replace(row, cells={name: value for name, value in row.cells.items() if name in names})


def _with(row: DataRow, other: DataRow, name: str) -> DataRow:
    """A row with one cell of another, or without it where the other has none."""
    cells = {key: value for key, value in row.cells.items() if key != name}
    if name in other.cells:
        cells[name] = other.cells[name]
    ordered = {key: cells[key] for key in (*other.cells, *cells) if key in cells}
    places = {**row.places, **{key: place for key, place in other.places.items() if key == name}}
    return replace(row, cells=ordered, places=places)
