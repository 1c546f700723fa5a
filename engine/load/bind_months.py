"""Months, quarters and half-years that units' rows leave out: sums take the rows there are, and that is told."""

from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet

from engine.load.binding import COUNTY, Binding
from engine.nouns import core as c
from engine.nouns.core import Grain, Scheme
from engine.nouns.periods import Period, periods_of
from grammar.diagnostic import Words

_WITHIN: frozenset[Grain] = frozenset({"month", "quarter", "half"})
_NAMED = 3
_Owner = tuple[str, str | None, int]


def missing_periods(b: Binding, years: tuple[int, ...]) -> None:
    """Note which periods of a settled year units leave out that have rows for others, and which units have no row at all."""
    for name, rows in b.rows.items():
        if not is_summed(b.scheme, name):
            continue
        given: dict[_Owner, set[Period]] = {}
        for row in rows:
            if row.period.year in years:
                given.setdefault((row.parent or "", row.insurance, row.period.year), set()).add(row.period)
        left_out(b, name, given)
        if given:
            without_any(b, name, _without(b, name, years, given.keys()))


def left_out(b: Binding, name: str, given: Mapping[_Owner, AbstractSet[Period]]) -> None:
    """Note the periods of a kind that units leave out, of those they have rows for."""
    grain = b.scheme.tables[name].grain
    lacking: dict[tuple[Period, ...], dict[str, None]] = {}
    for (unit, insurance, year), periods in given.items():
        left = tuple(p for p in periods_of(year, grain) if p not in periods) if grain in _WITHIN else ()
        lacking.setdefault(left, {})[_called(unit, insurance)] = None
    for left, units in sorted(lacking.items()):
        if left:
            b.tell("D222", None, table=name, periods=_runs(left), units=_listed(sorted(units)))


def without_any(b: Binding, name: str, units: Iterable[_Owner]) -> None:
    """Note the units that have none of a kind's rows where others have: a sum over them is 0, though nobody wrote a 0."""
    found: dict[int, set[str]] = {}
    for unit, insurance, year in units:
        found.setdefault(year, set()).add(_called(unit, insurance))
    for year, named in sorted(found.items()):
        b.tell("D223", None, table=name, year=year, units=_listed(sorted(named)))


def _without(b: Binding, table: str, years: tuple[int, ...], given: AbstractSet[_Owner]) -> Iterator[_Owner]:
    """The units that have none of a kind's rows."""
    for parent in (p for p in b.scheme.tables[table].parents if p != COUNTY):
        sums = sums_over(b.scheme, parent, table)
        for row in b.rows.get(parent, ()):
            asked = any(not (figure.also_input and figure.name in row.cells) for figure in sums)
            owner = (row.unit, row.insurance, row.period.year)
            if asked and row.period.year in years and not given & {owner, (row.unit, None, row.period.year)}:
                yield owner


def _called(unit: str, insurance: str | None) -> str:
    return f"{unit}（{insurance}）" if insurance else unit


def sums_over(scheme: Scheme, parent: str, table: str) -> list[c.Figure]:
    """The figures of a kind of units that add the rows of a kind up."""
    return [f for f in scheme.figures.values() if f.table == parent and _sums(f, table)]


def is_summed(scheme: Scheme, table: str) -> bool:
    """Whether a rule adds the rows of a kind up for the unit they belong to."""
    return any(_sums(figure, table) for figure in scheme.figures.values())


def _sums(figure: c.Figure, table: str) -> bool:
    if isinstance(figure.default, c.NoFigure):
        return False
    return any(isinstance(n, c.Gather) and table in n.tables for n in c.walk(figure.default))


def _runs(periods: tuple[Period, ...]) -> Words:
    """Periods as a reader lists them: those that follow one another by their first and last."""
    runs: list[list[Period]] = []
    for period in periods:
        if runs and period.number == runs[-1][-1].number + 1:
            runs[-1].append(period)
        else:
            runs.append([period])

    def said(to: str) -> list[str]:
        return [str(run[0]) if len(run) == 1 else f"{run[0]}{to}{run[-1]}" for run in runs]

    return Words("、".join(said(" 至 ")), ", ".join(said(" to ")))


def _listed(units: list[str]) -> Words:
    shown, more = units[:_NAMED], len(units) - _NAMED
    if more <= 0:
        return Words("、".join(shown), ", ".join(shown))
    return Words(f"{'、'.join(shown)} 等 {len(units)} 个", f"{', '.join(shown)} and {more} more")
