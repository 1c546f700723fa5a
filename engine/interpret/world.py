"""The rows of one year, made from the data: units in roster order, full sets of months, parents and children."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field
from datetime import date
from fractions import Fraction

from engine.nouns import core as c
from engine.nouns.core import Grain, Input, Scheme
from engine.nouns.dataset import Assumption, DataRow, Dataset
from engine.nouns.periods import Period, periods_within
from engine.nouns.pipeline import GIVEN
from engine.nouns.possible import UNKNOWN, Between, Possible, Scalar
from engine.nouns.value import Known, Value, stated
from engine.nouns.world import Row
from grammar.frozen import dataclass

COUNTY = "县"
_NO_RANK = 10**9
_NO_CELLS: Mapping[str, Scalar] = {}
_NO_INSURANCE = Value(UNKNOWN, UNKNOWN, frozenset({"险种"}))


def rows_of(scheme: Scheme, dataset: Dataset, year: int) -> dict[str, tuple[Row, ...]]:
    """Every row of a year by kind: parents before children, each kind in roster order."""
    tables: dict[str, list[Row]] = {}
    maker = _Maker(scheme, dataset, year)
    for name in _parents_first(scheme):
        tables[name] = maker.table(name, tables)
    return {name: tuple(rows) for name, rows in tables.items()}


def parameter_value(
    parameter: c.Parameter, assumption: Assumption | Between | None, day: date, insurance: str | None
) -> Value:
    """A parameter on a row: its value at the day and insurance type, or every value its range admits."""
    entry = entry_at(parameter, day, insurance)
    everything = _anything(parameter.kind.is_number, parameter.range)
    if isinstance(assumption, Between):
        return Value(assumption, assumption, missing=frozenset({parameter.name}))
    if assumption is not None:
        return Value(assumption.value, everything, assumed=frozenset({parameter.name}))
    if entry is not None:
        return stated(entry.value)
    if parameter.assumed is not None:
        return Value(parameter.assumed, everything, assumed=frozenset({parameter.name}))
    return Value(everything, everything, missing=frozenset({parameter.name}))


def entry_at(parameter: c.Parameter, day: date, insurance: str | None) -> c.Entry | None:
    """The dated value that holds on a day for an insurance type; a line without 险种 is for those without their own."""
    own = [e for e in parameter.entries if insurance is not None and insurance in e.insurances]
    for entry in own or [e for e in parameter.entries if not e.insurances]:
        if (entry.start is None or entry.start <= day) and (entry.end is None or day <= entry.end):
            return entry
    return None


@dataclass(slots=True)
class _Maker:
    scheme: Scheme
    dataset: Dataset
    year: int
    made: dict[str, "_Form"] = field(default_factory=dict)

    def table(self, name: str, tables: Mapping[str, list[Row]]) -> list[Row]:
        table = self.scheme.tables[name]
        data = [r for r in self.dataset.rows.get(name, ()) if r.period.year == self.year]
        parents = [row for p in table.parents for row in tables.get(p, ())]
        if name == COUNTY:
            rows = list(self._counties(data))
        elif table.grain in {"month", "quarter", "half"}:
            rows = list(self._periods(table, data, parents))
        else:
            rows = list(self._units(table, data, parents))
        if table.merged_into is not None:
            # Rows on one day are linked in the order they have here: which of two it is must not hang on the file.
            blanks = self._form(name).blanks
            rows.sort(key=lambda row: tuple(_told(row.columns[column].base) for column, _ in blanks))
        rows.sort(key=lambda row: (row.insurance is not None, self._insurance(row.insurance), *row.order))
        for row in rows:
            if row.parent is not None:
                row.parent.children.setdefault(name, []).append(row)
        return rows

    def _insurance(self, insurance: str | None) -> int:
        known = self.scheme.insurances
        return known.index(insurance) if insurance in known else len(known)

    def _counties(self, data: list[DataRow]) -> Iterator[Row]:
        """The county has a row for every insurance type of the year's data, given or not."""
        units = [
            r
            for name, rows in self.dataset.rows.items()
            if COUNTY in self.scheme.tables[name].parents or name == COUNTY
            for r in rows
            if r.period.year == self.year
        ]
        insurances = sorted({r.insurance for r in units}, key=lambda i: (i is not None, self._insurance(i)))
        names = list(dict.fromkeys(r.unit for r in data)) or [_county_name(self.scheme)]
        period = Period(self.year)
        given = {(r.unit, r.insurance): r for r in data}
        for unit in names:
            for insurance in insurances:
                row = given.get((unit, insurance))
                yield self._row(COUNTY, unit, insurance, period, None, row)

    def _units(self, table: c.Table, data: list[DataRow], parents: list[Row]) -> Iterator[Row]:
        """Each row of the data with the row it belongs to: the one it names, else the only one there is."""
        by_insurance: dict[str | None, list[Row]] = {}
        named: dict[tuple[str, str | None], Row] = {}
        for above in parents:
            by_insurance.setdefault(above.insurance, []).append(above)
            named.setdefault((above.unit, above.insurance), above)
        for row in data:
            mine = by_insurance.get(row.insurance, [])
            if table.parents == (COUNTY,):
                parent = mine[0] if mine else None
            else:
                parent = named.get((row.parent or row.unit, row.insurance))
                if parent is None and row.parent is None and len(mine) == 1:
                    parent = mine[0]
            # A row whose unit has none this year was told to be of no use; it must not fall to another unit.
            if parent is not None or not table.parents:
                yield self._row(table.name, row.unit, row.insurance, row.period, parent, row)

    def _periods(self, table: c.Table, data: list[DataRow], parents: list[Row]) -> Iterator[Row]:
        given = {(r.parent, r.insurance, r.period): r for r in data}
        for parent in parents:
            for period in periods_within(parent.period, table.grain):
                row = given.get((parent.unit, parent.insurance, period))
                yield self._row(table.name, parent.unit, parent.insurance, period, parent, row)

    def _row(
        self, table: str, unit: str, insurance: str | None, period: Period, parent: Row | None, data: DataRow | None
    ) -> Row:
        form = self._form(table)
        columns: dict[str, Value] = {
            "年度": form.year,
            "名称": Known(unit),
            "期次": Known(period.number),
            "险种": Known(insurance) if insurance is not None else _NO_INSURANCE,
        }
        cells = data.cells if data is not None else _NO_CELLS
        for column, blank in form.blanks:
            given = cells.get(column)
            columns[column] = blank if given is None else Known(given)
        for column in form.figures:
            columns[GIVEN + column] = columns[column]
        listed = form.roster.get(unit, _NO_RANK)
        rank = data.rank if data is not None and data.rank is not None else _NO_RANK
        order: tuple[object, ...] = (listed, rank, unit, parent.order if parent is not None else (), period.number)
        if period.grain not in {"year", "row"} and parent is not None:
            order = (*parent.order[:3], parent.order, period.number)
        return Row(
            table, unit, insurance, form.period(period), parent, order, columns, cells.keys(), data is not None,
            data.place if data is not None else None, data.places if data is not None else {},
            count=data.count if data is not None else 1,
        )  # fmt: skip

    def _form(self, table: str) -> "_Form":
        """What all rows of a kind have in common, made once."""
        if table not in self.made:
            data = {n: datum for (t, n), datum in self.scheme.inputs.items() if t == table}
            self.made[table] = _Form(
                stated(self.year),
                [(n, input_value(datum, None, self.dataset.taken(n))) for n, datum in data.items()],
                [n for n in data if (table, n) in self.scheme.figures],
                {unit: place for place, unit in enumerate(self.scheme.rosters.get(table, ()))},
            )
        return self.made[table]


@dataclass(frozen=True, slots=True)
class _Form:
    """What the rows of a kind have in common: data as they are where a row gives none, data that are figures too.

    Rows of one period share the period itself, so that a parameter read on one row after another is looked up once.
    """

    year: Value
    blanks: Sequence[tuple[str, Value]]
    figures: Sequence[str]
    roster: Mapping[str, int]
    periods: dict[tuple[Grain, int], Period] = field(default_factory=dict)

    def period(self, period: Period) -> Period:
        """The one period that stands for all that are the same."""
        return self.periods.setdefault((period.grain, period.number), period)


def _told(value: Possible) -> tuple[object, ...]:
    """A value as something that values of one datum can be ordered by, what is not known last."""
    return (0, value) if isinstance(value, bool | int | Fraction | str | date) else (1,)


def input_value(datum: Input, given: Scalar | None, assumption: Assumption | Between | None) -> Value:
    """What a datum is on a row: as given, assumed, its declared default, or every value its range admits."""
    if given is not None:
        return stated(given)
    everything = _anything(datum.kind.is_number, datum.range)
    if isinstance(assumption, Between):
        return Value(assumption, assumption, missing=frozenset({datum.name}))
    if assumption is not None:
        return Value(assumption.value, everything, assumed=frozenset({datum.name}))
    if datum.event:
        return Value(False, False, defaults=frozenset({datum.name}))
    if datum.default is not None:
        return Value(datum.default, datum.default, defaults=frozenset({datum.name}))
    return Value(everything, everything, missing=frozenset({datum.name}))


def _anything(numeric: bool, limits: c.Range) -> Possible:
    return Between(limits.low, limits.high) if numeric else UNKNOWN


def _county_name(scheme: Scheme) -> str:
    return scheme.region.split()[-1] if scheme.region else COUNTY


def _parents_first(scheme: Scheme) -> list[str]:
    names: list[str] = []

    def visit(name: str) -> None:
        for parent in scheme.tables[name].parents:
            visit(parent)
        if name not in names:
            names.append(name)

    for name in scheme.tables:
        visit(name)
    return names
