"""The institutions of a bureau's roster (机构名录): codes and names, and which unit each belongs to when."""

import itertools
from dataclasses import field
from datetime import date

from engine.load.bureau_layout import Layout
from engine.load.bureau_rows import BureauRow, Taken, Told, day_of
from engine.load.text import name_text
from engine.nouns.core import Scheme
from engine.nouns.suggest import nearest
from grammar.diagnostic import Place
from grammar.frozen import dataclass


@dataclass(frozen=True, slots=True)
class Spell:
    """What the roster says of an institution from a day to a day."""

    code: str
    name: str
    alliance: str | None
    lead: bool
    pool: str | None
    start: date | None
    end: date | None
    since: date | None
    row: BureauRow

    def covers(self, day: date) -> bool:
        """Whether it holds on a day."""
        return (self.start is None or self.start <= day) and (self.end is None or day <= self.end)


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit that is settled, or a pool: its kind and its name."""

    kind: str
    name: str


@dataclass(slots=True)
class Roster:
    """The spells by code, the present name of each code, and which codes a name may mean; ``units`` stand by themselves."""

    layout: Layout
    spells: dict[str, list[Spell]] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    codes: dict[str, list[str]] = field(default_factory=dict)
    units: dict[str, str] = field(default_factory=dict)
    given: bool = False

    def code(self, taken: Taken, told: Told) -> str | None:
        """The code of an institution named by code or name; None where the text names none of the roster."""
        text = name_text(taken.cell.text)
        if text in self.spells:
            return text
        codes = self.codes.get(text, [])
        if len(codes) > 1:
            told.tell("D154", taken.cell.place, name=text, codes="、".join(codes))
            return None
        return codes[0] if codes else None

    def unknown(self, taken: Taken, told: Told) -> None:
        """Tell that a text names nothing that is known."""
        text = taken.cell.text
        known = [*self.spells, *self.codes, *self.units]
        told.tell("D153", taken.cell.place, text=text, **nearest(text, known))

    def spell(self, code: str, first: date, last: date) -> Spell | None:
        """The spell that holds on the first day of a period, else the first one that begins within it."""
        spells = self.spells[code]
        holding = next((spell for spell in spells if spell.covers(first)), None)
        return holding or next((s for s in spells if s.start is not None and first <= s.start <= last), None)

    def unit(self, spell: Spell) -> Unit:
        """The unit that an institution's money belongs to under a spell."""
        kinds = self.layout.kinds
        if spell.pool is not None:
            return Unit(kinds["pool"], spell.pool)
        if spell.alliance is not None:
            return Unit(kinds["alliance"], spell.alliance)
        return Unit(kinds["standalone"], self.names[spell.code])

    def members(self, alliance: str, day: date) -> list[Spell]:
        """The institutions of an alliance on a day, in the order of their codes."""
        found = [s for spells in self.spells.values() for s in spells if s.alliance == alliance and s.covers(day)]
        return sorted(found, key=lambda spell: spell.code)

    def canonical(self, text: str) -> str:
        """The present name of an institution named by an earlier name or by its code; any other text as it is."""
        name = name_text(text)
        if name in self.units:
            return text
        code = name if name in self.spells else self.codes[name][0] if len(self.codes.get(name, [])) == 1 else None
        return self.names[code] if code is not None else text


def read_roster(rows: list[BureauRow], layout: Layout, scheme: Scheme, told: Told) -> Roster:
    """The roster of a sheet's rows; what contradicts itself is told."""
    roster = Roster(layout, given=True)
    pools = set(scheme.rosters.get(layout.kinds["pool"], ()))
    for row in rows:
        code = name_text(row.text("机构编码"))
        name = name_text(row.text("机构名称"))
        if not code or not name:
            told.tell("D190", row.place, name="机构名称" if code else "机构编码")
            continue
        start, end = day_of(row, "起始日期", told), day_of(row, "终止日期", told)
        # A pharmacy is no unit of its own, also where the scheme knows no pool for it.
        pool = layout.pool_of_type.get(row.text("类型")) or (row.text("类型") if row.text("类型") in pools else None)
        since = day_of(row, "系统对接日期", told)
        alliance = name_text(row.text("所属医共体")) or None
        spell = Spell(code, name, alliance, _yes(row, told), pool, start, end, since, row)
        roster.spells.setdefault(code, []).append(spell)
    for code, spells in roster.spells.items():
        spells.sort(key=lambda spell: (spell.start or date.min, spell.end or date.max, spell.name))
        _judge(code, spells, told)
        roster.names[code] = _present_name(code, spells, scheme, layout, told)
        for name in dict.fromkeys(spell.name for spell in spells):
            roster.codes.setdefault(name, []).append(code)
        for spell in spells:
            if spell.alliance is not None:
                roster.units[spell.alliance] = layout.kinds["alliance"]
            if spell.pool is not None:
                roster.units[spell.pool] = layout.kinds["pool"]
    for name in pools:
        roster.units[name] = layout.kinds["pool"]
    return roster


def _yes(row: BureauRow, told: Told) -> bool:
    text = row.text("是否牵头")
    if text not in {"", "是", "否", "true", "false"}:
        told.tell("D061", row.at("是否牵头"), name="是否牵头", text=text)
    return text in {"是", "true"}


def _judge(code: str, spells: list[Spell], told: Told) -> None:
    """One institution is in one place at a time, and changes its name at a time."""
    for earlier, later in itertools.pairwise(spells):
        if later.start is None or earlier.end is None or later.start <= earlier.end:
            if earlier.alliance != later.alliance or earlier.pool != later.pool:
                told.tell("D156", later.row.place, code=code, name=later.name, one=earlier.alliance or "—",
                          other=later.alliance or "—")  # fmt: skip
            elif earlier.name != later.name and later.start is None:
                told.tell("D159", later.row.place, code=code, one=earlier.name, other=later.name)
            elif earlier.name == later.name:
                told.tell("D192", later.row.place, code=code, name=later.name, other=_row(earlier.row.place))


def _row(place: Place) -> int | None:
    return place.row if place.row is not None else place.line


def _present_name(code: str, spells: list[Spell], scheme: Scheme, layout: Layout, told: Told) -> str:
    """The name a code is settled under: one the rule file lists, else the latest; told where there was another."""
    names = list(dict.fromkeys(spell.name for spell in spells))
    listed = [name for name in names if name in scheme.rosters.get(layout.kinds["standalone"], ())]
    name = listed[-1] if listed else spells[-1].name
    if len(names) > 1:
        others = "、".join(other for other in names if other != name)
        told.tell("D155", spells[-1].row.at("机构名称"), code=code, others=others, name=name)
    return name
