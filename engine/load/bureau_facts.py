"""Sheets of facts about units (机构名录, 考核得分, 特殊情形, 异地与占比) become values on the units' rows."""

from collections.abc import Iterable
from datetime import date
from fractions import Fraction

from engine.load.bureau_layout import EventType, Share
from engine.load.bureau_roster import Spell, Unit
from engine.load.bureau_rows import BureauRow, Taken, number_of, year_of
from engine.load.bureau_sheets import TOTALS
from engine.load.bureau_work import Draft, Whose, Work, exact_text, place_row
from engine.load.tables import Cell, Row
from engine.nouns import kinds as k
from engine.nouns.numbers import Number, money_text
from engine.nouns.suggest import nearest
from grammar.diagnostic import Place

_WHO = ("对象",)
_SCORE = k.Kind(k.Base.SCORE)


def take_roster(work: Work) -> None:
    """机构名录: members of alliances year by year, and whether an alliance's lead was connected by then."""
    alliance = work.kind("alliance")
    drafts = [draft for draft in work.drafts.values() if draft.kind == alliance and draft.year is not None]
    judged: set[tuple[str, int]] = set()
    for draft in drafts:
        assert draft.year is not None
        first = date(draft.year, 1, 1)
        members = work.roster.members(draft.unit, first)
        leads = [spell for spell in members if spell.lead]
        if len(leads) > 1 and (draft.unit, draft.year) not in judged:
            names = "、".join(spell.name for spell in leads)
            work.told.tell("D161", leads[1].row.place, unit=draft.unit, year=draft.year, names=names)
        if len(leads) == 1:
            _connect(work, draft, leads[0], tell=(draft.unit, draft.year) not in judged)
        judged.add((draft.unit, draft.year))
        _members(work, draft, members)
    for year in work.years:
        _movers(work, year)


def take_scores(work: Work) -> None:
    """考核得分: the points of each object, weighted, become its score, or a factor of so many per cent."""
    groups: dict[tuple[str, int, str | None], list[BureauRow]] = {}
    owners: dict[tuple[str, int, str | None], Whose] = {}
    for row in work.rows("scores"):
        found = _whose_year(work, row, "scores")
        if found is not None:
            whose, year, insurance = found
            key = (whose.spell.code if whose.spell else whose.unit.name, year, insurance)
            groups.setdefault(key, []).append(row)
            owners[key] = whose
    for key, group in groups.items():
        points = _points(work, group, key[0], key[1])
        if points is not None:
            _score(work, owners[key], key[1], key[2], points, group[0])


def take_events(work: Work) -> None:
    """特殊情形: a yes, or an amount, on the rows of the object."""
    sums: dict[tuple[str, str, int, str | None, str], list[tuple[Draft, Taken]]] = {}
    for row in work.rows("events"):
        found = _whose_year(work, row, "events")
        if found is None:
            continue
        whose, year, insurance = found
        event = _event_type(work, row)
        if event is None:
            continue
        unit = _event_unit(work, row, whose, event)
        if unit is None:
            continue
        name = work.input_of(unit.kind, event.to)
        if name is None:
            work.told.tell("D172", row.at("类型"), what=row.text("类型"), unit=unit.name, kind=unit.kind or "—")
            continue
        drafts = _drafts(work, row, unit, year, insurance, amount=event.amount)
        taken = _event_value(work, row, event)
        for draft in drafts if taken is not None else []:
            assert taken is not None
            sums.setdefault((draft.kind, draft.unit, year, draft.insurance, name), []).append((draft, taken))
            datum = work.scheme.inputs[draft.kind, name]
            if datum.evidence is not None and "认定文号" in row.cells:
                draft.cells.setdefault(datum.evidence, row.cells["认定文号"].cell)
    for (*_, name), values in sums.items():
        draft, taken = values[0]
        if len(values) > 1 and work.scheme.inputs[draft.kind, name].kind.is_number:
            amounts = [number_of(value, k.MONEY, name, work.told) for _, value in values]
            if any(amount is None for amount in amounts):
                continue
            total: Number = sum((amount for amount in amounts if amount is not None), 0)
            taken = Taken(Cell(money_text(total), taken.cell.place), None)
        work.give(draft, name, taken)


def take_shares(work: Work) -> None:
    """异地与占比: amounts and the exact shares of them, on the county's row and on the alliance's."""
    rows: dict[tuple[str, int, str | None], BureauRow] = {}
    alliance = work.kind("alliance")
    for row in work.rows("shares"):
        year = year_of(row, work.told, work.head_year)
        takes_part, insurance = work.insurance(row, "shares")
        if year is None or not takes_part:
            continue
        unit = ""
        if "对象" in row.cells:
            whose = work.whose(row, _WHO, date(year, 1, 1), date(year, 12, 31))
            if whose is None:
                continue
            unit = whose.unit.name
        key = (unit, year, insurance)
        if key in rows:
            work.told.tell("D165", row.place, year=year, insurance=insurance or "—",
                           other=place_row(rows[key].place))  # fmt: skip
        rows.setdefault(key, row)
    for (unit, year, insurance), row in rows.items():
        if year not in work.years:
            if year + 1 not in work.years:
                work.leave_out("shares", str(year), row.place)
            continue
        before = rows.get((unit, year - 1, insurance))
        county = work.kind("county")
        if not unit and any(work.input_of(county, names) for names in _share_names(work, row)):
            _share_row(work, [work.draft(county, "", year, insurance, row.place)], row, None)
        drafts = [
            draft
            for draft in work.drafts.values()
            if draft.kind == alliance
            and draft.year == year
            and unit in {"", draft.unit}
            and insurance in {None, draft.insurance}
        ]
        wanted = any(work.input_of(alliance, names) for names in _share_names(work, row))
        if wanted and len({draft.unit for draft in drafts}) > 1:
            names = "、".join(dict.fromkeys(draft.unit for draft in drafts))
            work.told.tell("D183", row.place, year=year, units=names)
        elif wanted:
            _share_row(work, drafts, row, before)


def _connect(work: Work, draft: Draft, lead: Spell, *, tell: bool) -> None:
    """Connected before the year: yes; after it: no; within it a person has to say."""
    name = work.input_of(draft.kind, next(c.to for c in work.sheets["roster"][0].columns if c.role == "since"))
    if lead.since is None or draft.year is None or name is None:
        return
    cell = lead.row.cells["系统对接日期"].cell
    if lead.since <= date(draft.year, 1, 1):
        work.give(draft, name, Taken(Cell("是", cell.place), None))
    elif lead.since > date(draft.year, 12, 31):
        work.give(draft, name, Taken(Cell("否", cell.place), None))
    elif tell and not work.given(draft, name):
        work.told.tell("D160", cell.place, unit=draft.unit, year=draft.year, day=cell.text, name=name)


def _members(work: Work, draft: Draft, members: Iterable[Spell]) -> None:
    kind = work.kind("member")
    used = any(table == kind for table, _ in work.scheme.figures)
    if not used or draft.kind not in work.scheme.tables[kind].parents:
        return
    own = {table.name for table in work.raw.tables} & {kind, work.scheme.labels.id(kind)}
    if own:
        return
    rows = work.tables.setdefault(kind, [])
    for spell in members:
        place = spell.row.place
        cells = {"名称": Cell(work.roster.names[spell.code], spell.row.at("机构名称")),
                 "所属" + draft.kind: Cell(draft.unit, spell.row.at("所属医共体")),
                 "年度": Cell(str(draft.year), place)}  # fmt: skip
        if draft.insurance is not None:
            cells["险种"] = Cell(draft.insurance, place)
        if "是否牵头" in spell.row.cells:
            cells["是否牵头"] = spell.row.cells["是否牵头"].cell
        rows.append(Row(cells, place))


def _movers(work: Work, year: int) -> None:
    """Institutions that change their unit within a year: how their months and their year are taken is told."""
    first, last = date(year, 1, 1), date(year, 12, 31)
    for spells in work.roster.spells.values():
        here = [s for s in spells if (s.start or first) <= last and (s.end or last) >= first]
        units = list(dict.fromkeys(work.roster.unit(spell).name for spell in here))
        if len(units) > 1:
            work.told.tell("D191", here[-1].row.place, name=here[0].name, year=year, one=units[0], other=units[-1])


def _whose_year(work: Work, row: BureauRow, sort: str) -> tuple[Whose, int, str | None] | None:
    year = year_of(row, work.told, work.head_year)
    takes_part, insurance = work.insurance(row, sort)
    if year is None or not takes_part:
        return None
    if year not in work.years:
        work.leave_out(sort, str(year), row.place)
        return None
    whose = work.whose(row, _WHO, date(year, 1, 1), date(year, 12, 31))
    return (whose, year, insurance) if whose is not None else None


def _points(work: Work, group: list[BureauRow], name: str, year: int) -> Fraction | None:
    """The points of an object: the one row's, or each row's times its weight; None where that is not defined."""
    rows = [row for row in group if row.text("指标") not in TOTALS] or group
    place = rows[0].at("得分")
    if any("得分" not in row.cells for row in rows):
        blank = next(row for row in rows if "得分" not in row.cells)
        work.told.tell("D167", blank.place, unit=name, name="得分", periods=year)
        return None
    points = [number_of(row.cells["得分"], _SCORE, "得分", work.told) for row in rows]
    weights = [number_of(row.cells["权重"], k.RATIO, "权重", work.told) for row in rows if "权重" in row.cells]
    if any(value is None for value in (*points, *weights)):
        return None
    scores, shares = [Fraction(p or 0) for p in points], [Fraction(w or 0) for w in weights]
    if len(rows) == 1 and not weights:
        return scores[0]
    whole = sum(shares, Fraction())
    if len(shares) != len(rows) or whole not in {1, 100}:
        told = f"{exact_text(whole * 100 if whole < _POINTS else whole)}%" if shares else "—"
        work.told.tell("D168", place, unit=name, year=year, whole=told)
        return None
    shares = [share / whole for share in shares]
    if len(rows) > 1 and any(scores) and all(s <= w * 100 for s, w in zip(scores, shares, strict=True)):
        work.told.tell("D195", place, unit=name, year=year)
        return None
    result = sum((s * w for s, w in zip(scores, shares, strict=True)), Fraction())
    for row in group:
        if row not in rows and "得分" in row.cells:
            given = number_of(row.cells["得分"], _SCORE, "得分", work.told)
            if given is not None and given != result:
                work.told.tell("D185", row.at("得分"), unit=name, period=year, text=row.text("得分"),
                               due=exact_text(result))  # fmt: skip
    return result


_POINTS = 10


def _score(work: Work, whose: Whose, year: int, insurance: str | None, points: Fraction, row: BureauRow) -> None:
    member = whose.spell is not None and whose.spell.alliance is not None
    kind = work.kind("member") if member else whose.unit.kind
    to = next(c.to for c in work.sheets["scores"][0].columns if c.role == "points")
    name = work.input_of(kind, to)
    if name is None:
        if any(work.input_of(other, to) for other in work.layout.kinds.values()):
            unit = whose.spell.name if whose.spell else whose.unit.name
            work.told.tell("D172", row.at("对象"), what="得分", unit=unit, kind=kind or "—")
        return
    ratio = work.scheme.inputs[kind, name].kind.base is k.Base.RATIO
    taken = Taken(Cell(exact_text(points / 100 if ratio else points), row.at("得分")), None)
    if member:
        assert whose.spell is not None
        _give_member(work, whose.spell, year, insurance, name, taken.cell)
        return
    drafts = work.drafts_of(whose.unit, year, insurance)
    if not drafts:
        work.told.tell("D177", row.place, unit=whose.unit.name, year=year)
    for draft in drafts:
        work.give(draft, name, taken)
    if drafts and ratio:
        work.told.tell("D169", row.place, unit=whose.unit.name, year=year, points=exact_text(points),
                       factor=exact_text(points) + "%", name=name)  # fmt: skip


def _give_member(work: Work, spell: Spell, year: int, insurance: str | None, name: str, cell: Cell) -> None:
    """A value for a member, on its rows of the year."""
    rows = work.tables.get(work.kind("member"), [])
    present = work.roster.names[spell.code]
    found = False
    for index, row in enumerate(rows):
        mine = row.cells["名称"].text == present and row.cells["年度"].text == str(year)
        if mine and (insurance is None or row.cells.get("险种", cell).text == insurance):
            rows[index] = Row({**row.cells, name: cell}, row.place)
            found = True
    if not found:
        work.told.tell("D177", cell.place, unit=spell.name, year=year)


def _event_type(work: Work, row: BureauRow) -> EventType | None:
    """The type a row names: one of the layout, or an event of the scheme under its own name."""
    text = row.text("类型")
    known = [event for event in work.layout.events if text in {event.name, *event.also}]
    if known:
        useful = [e for e in known if any(work.input_of(kind, e.to) for kind in work.layout.kinds.values())]
        return (useful or known)[0]
    datum = next((d for (_, name), d in work.scheme.inputs.items() if name == text and d.event), None)
    if datum is not None:
        return EventType(text, (), (text,), amount=False, lead=False)
    names = [
        event.name
        for event in work.layout.events
        if any(work.input_of(kind, event.to) for kind in work.layout.kinds.values())
    ]
    words = [*names, *(word for event in work.layout.events for word in event.also)]
    work.told.tell("D171", row.at("类型"), text=text, known="、".join(dict.fromkeys(names)), **nearest(text, words))
    return None


def _event_unit(work: Work, row: BureauRow, whose: Whose, event: EventType) -> Unit | None:
    """The unit an event stands on; what a member did is the alliance's only where a person says so."""
    spell = whose.spell
    if spell is None or spell.alliance is None or (event.lead and spell.lead):
        return whose.unit
    work.told.tell("D173", row.at("对象"), name=spell.name, unit=spell.alliance, what=row.text("类型"))
    return None


def _event_value(work: Work, row: BureauRow, event: EventType) -> Taken | None:
    if event.amount:
        if "认定金额" not in row.cells:
            work.told.tell("D174", row.at("类型"), what=row.text("类型"))
        return row.cells.get("认定金额")
    if "认定金额" in row.cells:
        work.told.tell("D186", row.at("认定金额"), what=row.text("类型"), text=row.text("认定金额"))
    return Taken(Cell("是", row.at("类型")), None)


def _drafts(work: Work, row: BureauRow, unit: Unit, year: int, insurance: str | None, *, amount: bool) -> list[Draft]:
    """The rows an event stands on; without an insurance type a yes is for all, an amount for the only one."""
    drafts = work.drafts_of(unit, year, insurance)
    if not drafts:
        work.told.tell("D177", row.place, unit=unit.name, year=year)
    elif insurance is None and len(drafts) > 1:
        insurances = "、".join(draft.insurance or "—" for draft in drafts)
        work.told.tell("D176" if amount else "D175", row.place, unit=unit.name, what=row.text("类型"),
                       insurances=insurances)  # fmt: skip
        return [] if amount else drafts
    return drafts


def _share_names(work: Work, row: BureauRow) -> Iterable[tuple[str, ...]]:
    """The inputs a row of shares could become."""
    for share in work.layout.shares:
        if share.part in row.cells and share.whole in row.cells:
            yield share.to
    for column in work.sheets["shares"][0].columns:
        if column.to and column.name in row.cells:
            yield column.to
    for name in row.direct:
        yield (name,)


def _share_row(work: Work, drafts: list[Draft], row: BureauRow, before: BureauRow | None) -> None:
    for draft in drafts:
        for share in work.layout.shares:
            if name := work.input_of(draft.kind, share.to):
                _give_share(work, draft, name, share, row)
            earlier = work.input_of(draft.kind, share.before)
            settled = draft.year is not None and work.drafts_of(Unit(draft.kind, draft.unit), draft.year - 1, None)
            if earlier and before is not None and not settled:
                _give_share(work, draft, earlier, share, before)
        for column in work.sheets["shares"][0].columns:
            name = work.input_of(draft.kind, column.to)
            if name and column.name in row.cells:
                work.give(draft, name, row.cells[column.name])
        for name, taken in row.direct.items():
            if (draft.kind, name) in work.scheme.inputs:
                work.give(draft, name, taken)


def _give_share(work: Work, draft: Draft, name: str, share: Share, row: BureauRow) -> None:
    if share.part not in row.cells or share.whole not in row.cells:
        return
    part = number_of(row.cells[share.part], k.MONEY, share.part, work.told)
    whole = number_of(row.cells[share.whole], k.MONEY, share.whole, work.told)
    if part is None or whole is None:
        return
    place: Place = row.at(share.part)
    if whole <= 0 or not 0 <= part <= whole:
        work.told.tell("D184", place, name=name, part=share.part, whole=share.whole,
                       part_text=row.text(share.part), whole_text=row.text(share.whole))  # fmt: skip
        return
    work.give(draft, name, Taken(Cell(exact_text(Fraction(part) / Fraction(whole)), place), None))
