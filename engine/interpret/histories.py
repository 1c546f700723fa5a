"""Rows of the data as rules that look back ask for them: by kind, year and insurance type, and by whom they belong to."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from engine.interpret.world import COUNTY
from engine.nouns.core import Scheme
from engine.nouns.dataset import DataRow, Dataset

# Of which year and insurance type.
_When = tuple[int, str | None]
# A row with its place among those of its kind.
_Placed = tuple[int, DataRow]
# The kinds that units of one level are of, and those of them that are met on this level first.
_Unnamed = tuple[tuple[str, ...], frozenset[str]]
IsAlone = Callable[[tuple[str, ...]], bool]


@dataclass(slots=True)
class _Kind:
    """The rows of one kind and when: by the kind and name of a unit, and those that name none by the kinds it may be of."""

    all: list[_Placed] = field(default_factory=list)
    by_unit: dict[tuple[str, str], list[_Placed]] = field(default_factory=dict)
    unnamed: dict[_Unnamed, list[_Placed]] = field(default_factory=dict)


@dataclass(slots=True)
class Histories:
    """Goes through the rows of a kind once, however many units look back at them."""

    scheme: Scheme
    dataset: Dataset
    kinds: dict[str, dict[_When, _Kind]] = field(default_factory=dict)
    units: dict[str, dict[tuple[str, str | None, int], list[DataRow]]] = field(default_factory=dict)

    def are_there(self, kind: str, year: int, insurance: str | None) -> bool:
        """Whether the data has any row of a kind in a year."""
        return (year, insurance) in self._of(kind)

    def rows(
        self, kind: str, year: int, insurance: str | None, table: str, unit: str, is_alone: IsAlone
    ) -> list[DataRow]:
        """The rows that are a unit's, directly or through the unit they are under, in the order of the data.

        ``is_alone`` says whether the unit is the only one of some kinds, so that rows need not name it.
        """
        found = self._of(kind).get((year, insurance))
        if found is None:
            return []
        if table == COUNTY:
            return [row for _, row in found.all]
        placed = list(found.by_unit.get((table, unit), ()))
        for (kinds, tables), unnamed in found.unnamed.items():
            if table in tables and is_alone(kinds):
                placed += unnamed
        return [row for _, row in sorted(dict(placed).items())]

    def _of(self, kind: str) -> dict[_When, _Kind]:
        if kind not in self.kinds:
            made = self.kinds[kind] = {}
            for place, row in enumerate(self.dataset.rows.get(kind, ())):
                of_kind = made.setdefault((row.period.year, row.insurance), _Kind())
                of_kind.all.append((place, row))
                for key in dict.fromkeys(self._owners(row, frozenset())):
                    of_kind.by_unit.setdefault(key, []).append((place, row))
                for kinds in dict.fromkeys(self._unnamed(row, frozenset())):
                    of_kind.unnamed.setdefault(kinds, []).append((place, row))
        return self.kinds[kind]

    def _owners(self, row: DataRow, met: frozenset[str]) -> Iterator[tuple[str, str]]:
        """Whom a row belongs to by name: the units it may be directly under, and units of other kinds that these are under."""
        parents = self.scheme.tables[row.table].parents
        owner = row.parent or row.unit
        yield from ((parent, owner) for parent in parents if parent not in met)
        for above in self._above(row):
            yield from self._owners(above, met.union(parents))

    def _unnamed(self, row: DataRow, met: frozenset[str]) -> Iterator[_Unnamed]:
        """The kinds of units that a row may belong to without naming any."""
        parents = self.scheme.tables[row.table].parents
        if row.parent is None:
            yield parents, frozenset(parents) - met
        for above in self._above(row):
            yield from self._unnamed(above, met.union(parents))

    def _above(self, row: DataRow) -> Iterator[DataRow]:
        key = (row.parent or row.unit, row.insurance, row.period.year)
        for parent in self.scheme.tables[row.table].parents:
            yield from self._units(parent).get(key, ())

    def _units(self, kind: str) -> dict[tuple[str, str | None, int], list[DataRow]]:
        if kind not in self.units:
            made = self.units[kind] = {}
            for row in self.dataset.rows.get(kind, ()):
                made.setdefault((row.unit, row.insurance, row.period.year), []).append(row)
        return self.units[kind]
