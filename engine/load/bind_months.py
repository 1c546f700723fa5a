"""Months, quarters and half-years that a unit's rows leave out: sums take the rows there are, and that is told."""

from engine.load.binding import Binding
from engine.nouns import core as c
from engine.nouns.core import Grain, Scheme
from engine.nouns.periods import Period, periods_of
from grammar.diagnostic import Words

_WITHIN: frozenset[Grain] = frozenset({"month", "quarter", "half"})
_NAMED = 3


def missing_periods(b: Binding, years: tuple[int, ...]) -> None:
    """Note which periods of a settled year units leave out that have rows for others; what no rule sums is passed over."""
    for name, rows in b.rows.items():
        grain = b.scheme.tables[name].grain
        if grain not in _WITHIN or not _is_summed(b.scheme, name):
            continue
        given: dict[tuple[str, str | None, int], set[Period]] = {}
        for row in rows:
            if row.period.year in years:
                given.setdefault((row.parent or "", row.insurance, row.period.year), set()).add(row.period)
        lacking: dict[tuple[Period, ...], dict[str, None]] = {}
        for (unit, insurance, year), periods in given.items():
            left = tuple(p for p in periods_of(year, grain) if p not in periods)
            lacking.setdefault(left, {})[_called(unit, insurance)] = None
        for left, units in sorted(lacking.items()):
            if left:
                b.tell("D222", None, table=name, periods=_runs(left), units=_listed(sorted(units)))


def _called(unit: str, insurance: str | None) -> str:
    return f"{unit}（{insurance}）" if insurance else unit


def _is_summed(scheme: Scheme, table: str) -> bool:
    """Whether a rule adds the rows of a kind up for the unit they belong to."""
    values = (f.default for f in scheme.figures.values() if not isinstance(f.default, c.NoFigure))
    return any(isinstance(n, c.Gather) and table in n.tables for value in values for n in c.walk(value))


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
