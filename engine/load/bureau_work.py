"""A bureau's tables on their way to kind tables: rows of units being put together, and who and when a row speaks of."""

from collections.abc import Iterable, Mapping
from dataclasses import field
from datetime import date
from fractions import Fraction

from engine.load.bureau_layout import Layout, Sheet, first_input
from engine.load.bureau_roster import Roster, Spell, Unit
from engine.load.bureau_rows import BureauRow, Taken, Told
from engine.load.bureau_words import spellings
from engine.load.tables import Cell, RawData, Row, Table
from engine.load.values import Wrong, header_unit, parse_value, parse_year
from engine.nouns.core import Scheme
from engine.nouns.suggest import nearest
from grammar.diagnostic import Place
from grammar.frozen import dataclass

INSURANCES = ("职工", "居民")
_KEYS = {
    "name": "名称", "单位": "名称", "unit": "名称", "year": "年度", "insurance": "险种", "month": "月份"
}  # fmt: skip


@dataclass(slots=True)
class Draft:
    """A row of a kind of units: as handed in, or put together from a bureau's sheets."""

    kind: str
    unit: str
    year: int | None
    insurance: str | None
    cells: dict[str, Cell]
    place: Place


@dataclass(frozen=True, slots=True)
class Whose:
    """Who a row speaks of: a unit, or a member of one (``spell``)."""

    unit: Unit
    spell: Spell | None = None


@dataclass(slots=True)
class Work:
    """What is known while tables are taken one after another."""

    scheme: Scheme
    layout: Layout
    raw: RawData
    told: Told
    roster: Roster
    sheets: Mapping[str, tuple[Sheet, list[BureauRow], Table]]
    drafts: dict[tuple[str, str, int | None, str | None], Draft] = field(default_factory=dict)
    tables: dict[str, list[Row]] = field(default_factory=dict)
    years: tuple[int, ...] = ()
    combined: bool = False
    head_year: int | None = None
    head_insurance: str | None = None
    outside: dict[tuple[str, str], tuple[int, Place]] = field(default_factory=dict)

    def kind(self, role: str) -> str:
        """The scheme's name of a kind of rows."""
        return self.layout.kinds[role]

    def rows(self, sort: str) -> list[BureauRow]:
        """The rows of the sheet of a sort; none where it was not handed in."""
        return self.sheets[sort][1] if sort in self.sheets else []

    @property
    def unit_kinds(self) -> tuple[str, ...]:
        """The kinds of units under the county for which the scheme works anything out."""
        settled = {table for table, _ in self.scheme.figures}
        return tuple(self.kind(role) for role in ("alliance", "standalone", "pool") if self.kind(role) in settled)

    def insurance(self, row: BureauRow, sort: str) -> tuple[bool, str | None]:
        """Whether a row takes part, and its insurance type; None where it has none, or where all are taken together."""
        text = row.text("险种")
        if not text:
            only = self.scheme.insurances[0] if len(self.scheme.insurances) == 1 and self.scheme.separate else None
            return True, None if self.combined else self.head_insurance or only
        by_id = {self.scheme.labels.id(name): name for name in INSURANCES}
        name = self.layout.insurance_codes.get(text, by_id.get(text, text))
        known = self.scheme.insurances or INSURANCES
        if name in known:
            return True, None if self.combined else name
        if name in INSURANCES:
            self.leave_out(sort, name, row.at("险种"))
        else:
            names = [*known, *self.layout.insurance_codes]
            self.told.tell("D054", row.at("险种"), text=text, known="、".join(known), **nearest(text, names))
        return False, None

    def leave_out(self, sort: str, what: str, place: Place) -> None:
        """Count a row that is outside the scheme."""
        count, first = self.outside.get((sort, what), (0, place))
        self.outside[sort, what] = (count + 1, first)

    def whose(
        self, row: BureauRow, columns: tuple[str, ...], first: date, last: date, code: str = "D157"
    ) -> Whose | None:
        """Who a row speaks of in a period; None where that cannot be said, which is told with ``code`` or its own."""
        given = [row.cells[column] for column in columns if column in row.cells]
        if not given:
            self.told.tell("D190", row.place, name=columns[0])
            return None
        if not self.roster.given:
            return self._by_name(row, columns, given)
        taken = given[0]
        errors = len(self.told.errors)
        found = self.roster.code(taken, self.told)
        if found is None:
            return None if len(self.told.errors) > errors else self._by_unit(taken)
        for other in given[1:]:
            if other.cell.text not in {spell.name for spell in self.roster.spells[found]}:
                self.told.tell(
                    "D188", other.cell.place, code=found, name=self.roster.names[found], text=other.cell.text
                )
        spell = self.roster.spell(found, first, last)
        if spell is None:
            period = (
                f"{first.year}-{first.month:02d}"
                if (first.year, first.month) == (last.year, last.month)
                else first.year
            )
            self.told.tell(code, taken.cell.place, name=self.roster.names[found], period=period)
            return None
        return Whose(self.roster.unit(spell), spell)

    def _by_unit(self, taken: Taken) -> Whose | None:
        """A unit named as such: an alliance, a pool, or a unit of the kind tables."""
        text = taken.cell.text
        kind = self.roster.units.get(text) or next((d.kind for d in self.drafts.values() if d.unit == text), None)
        if kind is None:
            self.roster.unknown(taken, self.told)
            return None
        return Whose(Unit(kind, text))

    def _by_name(self, row: BureauRow, columns: tuple[str, ...], given: list[Taken]) -> Whose | None:
        """Without a roster a name is what it says; a code alone says nothing."""
        named = [row.cells[column] for column in columns if column in row.cells and column != "机构编码"]
        if not named:
            self.told.tell("D194", given[0].cell.place, text=given[0].cell.text)
            return None
        name = named[0].cell.text
        kinds = {d.kind for d in self.drafts.values() if d.unit == name}
        kinds |= {kind for kind, names in self.scheme.rosters.items() if name in names}
        if not kinds and "对象" in columns:
            known = {d.unit for d in self.drafts.values()}
            self.told.tell("D153", named[0].cell.place, text=name, **nearest(name, known))
            return None
        return Whose(Unit(min(kinds), name)) if kinds else Whose(Unit("", name))

    def drafts_of(self, unit: Unit, year: int, insurance: str | None) -> list[Draft]:
        """The rows of a unit in a year: of one insurance type, or of all."""
        return [
            draft
            for draft in self.drafts.values()
            if (draft.kind, draft.unit, draft.year) == (unit.kind, unit.name, year)
            and (insurance is None or draft.insurance == insurance)
        ]

    def draft(self, kind: str, unit: str, year: int, insurance: str | None, place: Place) -> Draft:
        """The row of a unit, made where there is none yet."""
        key = (kind, unit, year, insurance)
        if key not in self.drafts:
            cells = {"名称": Cell(unit, place)} if unit else {}
            cells["年度"] = Cell(str(year), place)
            if insurance is not None:
                cells["险种"] = Cell(insurance, place)
            self.drafts[key] = Draft(kind, unit, year, insurance, cells, place)
        return self.drafts[key]

    def give(self, draft: Draft, name: str, taken: Taken) -> None:
        """Put a value on a row; where the row has it already the two must be the same."""
        words = spellings(self.scheme, draft.kind)
        for key, cell in draft.cells.items():
            word, unit = header_unit(key)
            if words.get(word) == name and cell.text:
                datum = self.scheme.inputs[draft.kind, name]
                values = [
                    parse_value(cell.text, datum.kind, unit),
                    parse_value(taken.cell.text, datum.kind, taken.unit),
                ]
                if values[0] != values[1] and not any(isinstance(v, Wrong) for v in values):
                    self.told.tell("D164", taken.cell.place, unit=draft.unit or draft.kind, name=name, one=cell.text,
                                   other=taken.cell.text, file=cell.place.file, row=place_row(cell.place))  # fmt: skip
                return
        draft.cells[f"{name}({taken.unit})" if taken.unit else name] = taken.cell

    def given(self, draft: Draft, name: str) -> bool:
        """Whether a row gives a datum."""
        words = spellings(self.scheme, draft.kind)
        return any(words.get(header_unit(key)[0]) == name and cell.text for key, cell in draft.cells.items())

    def input_of(self, kind: str, names: Iterable[str]) -> str | None:
        """The first of some names that is an input of a kind."""
        return first_input(self.scheme, kind, names)


def key_cell(row: Row, key: str) -> Cell | None:
    """The cell of a row that says whose it is or when, under any of its words."""
    return next((cell for word, cell in row.cells.items() if _KEYS.get(word, word) == key and cell.text), None)


def own_year(row: Row, otherwise: int | None) -> int | None:
    """The year of a kind table's row."""
    cell = key_cell(row, "年度")
    return parse_year(cell.text) if cell is not None else otherwise


def place_row(place: Place) -> int | str:
    """The row of a place as a reader counts it."""
    return place.row or place.line or "—"


def exact_text(value: Fraction) -> str:
    """A number written out exactly: a decimal where it ends, else ``p/q``."""
    twos, fives, rest = 0, 0, value.denominator
    while rest % 2 == 0:
        rest, twos = rest // 2, twos + 1
    while rest % 5 == 0:
        rest, fives = rest // 5, fives + 1
    if rest != 1:
        return f"{value.numerator}/{value.denominator}"
    places = max(twos, fives)
    digits = str(abs(value.numerator) * 10**places // value.denominator).rjust(places + 1, "0")
    sign = "-" if value < 0 else ""
    return f"{sign}{digits[: len(digits) - places]}{'.' if places else ''}{digits[len(digits) - places :]}"
