"""Whose the bound rows are: no row twice, every child row under one unit of the data, memberships without overlap."""

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet

from engine.load.binding import COUNTY, Binding, is_dated, where
from engine.nouns import core as c
from engine.nouns.core import Scheme
from engine.nouns.dataset import DataRow
from engine.nouns.periods import Period
from engine.nouns.suggest import nearest
from grammar.diagnostic import has_errors
from grammar.frozen import dataclass

_Owner = tuple[str, str | None, int]


def duplicates(b: Binding) -> None:
    """Tell of rows given twice; of single rows (按 笔) those that say the same under one number of their own (编号)."""
    for name in b.rows:
        duplicates_among(b, name, b.rows[name])


def duplicates_among(b: Binding, name: str, rows: list[DataRow]) -> None:
    """Tell of every row of a kind that has the place of an earlier one."""
    grain = b.scheme.tables[name].grain
    seen: dict[tuple[object, ...], DataRow] = {}
    for row in rows:
        # A row without a number of its own goes by its unit: such rows may be as many as they like.
        if grain == "row" and row.unit == (row.parent or ""):
            continue
        owner = row.parent if grain != "year" else None
        key: tuple[object, ...] = (row.unit, owner, row.insurance, row.period)
        if grain == "row":
            # One number may stand on several rows: a part for each payer, and what was taken back later.
            key = (*key, *sorted(row.cells.items(), key=lambda cell: cell[0]))
        if key in seen:
            code = "D080" if is_dated(b.scheme, name) and seen[key].parent != row.parent else "D079"
            if grain == "row":
                code = "D220"
            b.tell(code, row.place, unit=row.unit, period=str(row.period), insurance=row.insurance or "—",
                   owner=row.parent or "—", other=where(seen[key].place))  # fmt: skip
        seen.setdefault(key, row)


def rosters(b: Binding) -> None:
    """Tell of a unit that is not on the roster of its kind, but all but bears a name that is."""
    for table, roster in b.scheme.rosters.items():
        rows = b.rows.get(table, ())
        nearly_listed(b, roster, rows, {(row.unit, row.insurance, row.period) for row in rows})


def nearly_listed(
    b: Binding,
    roster: Sequence[str],
    rows: Iterable[DataRow],
    given: AbstractSet[tuple[str, str | None, Period]],
) -> None:
    """Tell of the first row of each unit that is not on a roster, but all but bears a name that nobody else has then."""
    told: set[str] = set()
    for row in rows:
        if row.unit in roster or row.unit in told:
            continue
        absent = [name for name in roster if (name, row.insurance, row.period) not in given]
        if near := nearest(row.unit, absent):
            told.add(row.unit)
            b.tell("D095", row.place, unit=row.unit, **near)


def parents(b: Binding) -> None:
    """Every child row must belong to one unit of the data; rows of years that are not settled may stand alone."""
    for name in b.rows:
        kinds = unit_parents(b.scheme, name)
        if not kinds or kinds == (COUNTY,):
            continue
        units: dict[_Owner, list[DataRow]] = {}
        for row in (r for p in kinds for r in b.rows.get(p, ())):
            units.setdefault((row.unit, row.insurance, row.period.year), []).append(row)
        names = {unit for unit, _, _ in units}
        known = _Units(units, frozenset(names), frozenset(year for _, _, year in units))
        if is_dated(b.scheme, name):
            # A membership stands for every year its dates allow; a row that names its year is kept for what looks back.
            b.rows[name] = [
                r
                for r in b.rows[name]
                if "年度" in r.places or r.parent not in names or (r.parent, r.insurance, r.period.year) in units
            ]
        told: set[_Owner] = set()
        for row in b.rows[name]:
            owner = row.parent or (row.unit if b.scheme.tables[name].grain == "year" else None)
            if row.parent is None and b.scheme.tables[name].grain == "year" and len(names) == 1:
                continue
            key = (owner or "", row.insurance, row.period.year)
            if key not in told:
                _judge(b, name, row, key, known)
            told.add(key)


def unit_parents(scheme: Scheme, table: str) -> tuple[str, ...]:
    """The kinds of units rows belong to; of months that stand in a quarter, those the quarter belongs to."""
    found: list[str] = []
    for parent in scheme.tables[table].parents:
        within = scheme.tables[parent].grain in {"month", "quarter", "half"}
        found.extend(unit_parents(scheme, parent) if within else (parent,))
    return tuple(dict.fromkeys(found))


@dataclass(frozen=True, slots=True)
class _Units:
    """The units that rows may belong to, their names, and the years they stand in."""

    by: Mapping[_Owner, list[DataRow]]
    names: frozenset[str]
    years: frozenset[int]


def _judge(b: Binding, name: str, row: DataRow, key: _Owner, units: _Units) -> None:
    """Tell of a child row whose unit is not in the data, not in that year, or stands in two tables at once."""
    owner, insurance, year = key
    kinds = unit_parents(b.scheme, name)
    about = {"unit": owner or "—", "period": str(year), "insurance": insurance or "—"}
    if owner not in units.names:
        listed = any(owner in b.scheme.rosters.get(p, ()) for p in kinds)
        # A table of which something could not be read may hold the unit.
        if not has_errors(b.raw.findings):
            code = "D082" if year not in units.years else "D083" if listed else "D081"
            b.tell(code, row.place, **about, **({} if listed else nearest(owner, units.names)))
    elif len(found := units.by.get(key, [])) > 1 and len({r.table for r in found}) > 1:
        b.tell("D079", found[1].place, **about, other=where(found[0].place))
    elif (
        not (found or has_errors(b.raw.findings))
        and not looked_back(b.scheme, name)
        and (year in units.years or b.scheme.tables[name].grain != "year")
    ):
        b.tell("D083", row.place, **about)


def looked_back(scheme: Scheme, table: str) -> bool:
    """Whether a rule reads rows of a kind in years before its own (前3年), in which the unit need not stand in the data."""
    values = (f.default for f in scheme.figures.values() if not isinstance(f.default, c.NoFigure))
    return any(isinstance(n, c.History) and n.table == table for value in values for n in c.walk(value))
