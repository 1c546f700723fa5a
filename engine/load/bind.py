"""Bind: tables of text become typed rows of a scheme's kinds; everything wrong is told at once, with its cell."""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date
from mmap import mmap

from engine.load.bind_assumptions import assumptions
from engine.load.bind_in_force import held_to_their_years
from engine.load.bind_months import missing_periods
from engine.load.bind_owners import duplicates, parents, rosters
from engine.load.bind_rows import RowBinder, insurance_of
from engine.load.binding import COUNTY, Binding, is_dated, line_of, spot, where, words_of
from engine.load.doubtful import doubtful
from engine.load.tables import BulkTable, Cell, RawData, Table
from engine.load.text import forget
from engine.load.values import parse_year
from engine.nouns.core import Scheme
from engine.nouns.dataset import Assumption, DataRow, Dataset
from engine.nouns.suggest import nearest
from grammar.diagnostic import FindingsError, Place, has_errors
from grammar.frozen import dataclass

_HEADS = {"方案": "方案", "scheme": "方案", "年度": "年度", "year": "年度", "险种": "险种", "insurance": "险种"}
# Rows that are worth a word where each is bound by itself.
_MANY = 100_000


def bind(
    scheme: Scheme,
    raw: RawData,
    given: Iterable[Assumption] = (),
    extra: Mapping[str, Cell] | None = None,
    states: Iterable[Scheme] = (),
    in_force: Callable[[date], Scheme] | None = None,
) -> Dataset:
    """The data as rows of the scheme; ``given`` are assumptions of scenarios, ``extra`` those of the command line.

    ``states`` are the scheme as it stands before and after each amendment: what any of them reads is kept apart.
    ``in_force`` gives the one that a day is settled by, whose ranges its data and the assumptions keep to as well.

    Raises FindingsError where anything is wrong; warnings and notes are kept with the data.
    """
    prepared = prepare(scheme, raw, given, extra, states)
    b, tables = prepared.b, prepared.tables
    dated = [name for name in tables if is_dated(scheme, name)]
    for name in tables:
        if name not in dated:
            b.rows.setdefault(name, []).extend(prepared.rows(name))
    years = _years(b)
    for name in dated:
        b.rows.setdefault(name, []).extend(prepared.rows(name, years))
    duplicates(b)
    parents(b)
    rosters(b)
    force(b, years)
    assumed = assumptions(b, prepared.given, prepared.extra)
    if in_force is not None:
        held_to_their_years(b, in_force, years, assumed, {**raw.assumptions, **prepared.extra})
    b.others.extend(doubtful(scheme, b.rows, {name: head_of(table).columns for name, table in tables.items()}))
    if not b.errors:
        missing_periods(b, years)
    findings = b.findings()
    if has_errors(findings):
        raise FindingsError(findings)
    rows = {name: tuple(rows) for name, rows in b.rows.items()}
    return Dataset(rows, frozenset(tables), years, assumed, tuple(findings), digest_of(raw))


def _head_at(place: object) -> str | None:
    """The head that stands at a place; None where there is none."""
    return _HEADS.get(place.key or "") if isinstance(place, Place) and place.sheet is None else None


def _table_name(b: Binding, table: Table | BulkTable) -> str | None:
    name = b.words.get(table.name, table.name)
    if name in b.scheme.links:
        b.tell("D224", table.place, name=table.name, source=b.scheme.links[name].source)
        return None
    if name in b.scheme.tables:
        return name
    if table.name in _HEADS:
        b.wrong_heads.add(_HEADS[table.name])
        b.tell("D022", table.place, name=table.name)
        return None
    given = [t for t in b.scheme.tables if t not in b.scheme.links]
    known = [*given, *(b.scheme.labels.id(t) for t in given), "假设"]
    b.tell("D050", table.place, name=table.name, **nearest(table.name, known))
    return None


def _heads(b: Binding) -> tuple[int | None, str | None]:
    year, insurance = None, None
    first: dict[str, Cell] = {}
    for key, cell in b.raw.heads.items():
        name = _HEADS.get(key, key)
        if name in first and name in _HEADS:
            b.tell("D018", cell.place, name=key, line=where(first[name].place))
            continue
        first[name] = cell
        match name:
            case "方案":
                if cell.text and cell.text not in {b.scheme.id, b.scheme.title}:
                    b.tell("D051", cell.place, got=cell.text, name=b.scheme.id)
            case "年度":
                year = parse_year(cell.text)
                if cell.text and year is None:
                    b.wrong_heads.add(name)
                    b.tell("D052", cell.place, text=cell.text)
            case "险种":
                insurance = insurance_of(b, cell) if cell.text else None
                if cell.text and insurance is None:
                    b.wrong_heads.add(name)
            case _ if b.words.get(key, key) in b.scheme.tables:
                # A table's name with nothing after it is a table not handed in.
                if cell.text:
                    b.tell("D024", cell.place, name=key)
            case _:
                known = [*_HEADS, *b.scheme.tables, "假设"]
                b.tell("D053", cell.place, name=key, **nearest(key, known))
    return year, insurance


def head_of(table: Table | BulkTable) -> Table:
    """A table's columns."""
    return table if isinstance(table, Table) else Table(table.name, (), table.place, table.headers)


@dataclass(frozen=True, slots=True)
class _Long:
    """What decides whether rows may be added up before they are bound: the scheme's states, the names assumed."""

    states: tuple[Scheme, ...]
    assumed: frozenset[str]


@dataclass(frozen=True, slots=True)
class Prepared:
    """What is settled before any row is bound: the tables by their kinds, the heads, and what is given besides."""

    b: Binding
    tables: Mapping[str, Table | BulkTable]
    year: int | None
    insurance: str | None
    given: tuple[Assumption, ...]
    extra: Mapping[str, Cell]
    long: _Long

    def binder(self, name: str, years: tuple[int, ...] = ()) -> RowBinder:
        """What binds the rows of a table."""
        return RowBinder(self.b, name, head_of(self.tables[name]), self.year, self.insurance, years)

    def rows(self, name: str, years: tuple[int, ...] = ()) -> Iterator[DataRow]:
        """The rows of a table, bound; of a long one by groups where that is the same."""
        table, binder = self.tables[name], self.binder(name, years)
        if isinstance(table, BulkTable):
            yield from _long_rows(self.b, name, table, binder, self.long)
            return
        for row in table.rows:
            yield from binder.bind(row)


def prepare(
    scheme: Scheme,
    raw: RawData,
    given: Iterable[Assumption] = (),
    extra: Mapping[str, Cell] | None = None,
    states: Iterable[Scheme] = (),
) -> Prepared:
    """The tables by the kinds they hold, and the heads; what is wrong with either is told."""
    wrong = [f for f in raw.findings if isinstance(f.where, Place) and f.severity == "error"]
    faulty = frozenset(told(f.where) for f in wrong for told in (spot, line_of) if isinstance(f.where, Place))
    b = Binding(scheme, raw, words=words_of(scheme), faulty_rows=faulty)
    # A head that was given in a shape of its own was told as such, and is not missing.
    b.wrong_heads |= {head for f in raw.findings if f.code == "D022" and (head := _head_at(f.where)) is not None}
    year, insurance = _heads(b)
    given, extra = tuple(given), extra or {}
    assumed_names = {*raw.assumptions, *extra, *(assumption.name for assumption in given)}
    long = _Long(tuple(states) or (scheme,), frozenset(b.words.get(name, name) for name in assumed_names))
    tables: dict[str, Table | BulkTable] = {}
    given_tables: list[Table | BulkTable] = [*raw.tables, *raw.bulk]
    for table in given_tables:
        name = _table_name(b, table)
        if name in tables:
            b.tell("D040", table.place, name=table.name, file=tables[name].place.file)
        elif name is not None:
            tables[name] = table
    return Prepared(b, tables, year, insurance, given, extra, long)


def _long_rows(b: Binding, name: str, table: BulkTable, binder: RowBinder, long: _Long) -> Iterator[DataRow]:
    """A long table by groups where its rows are only added up, else row by row."""
    from engine.load.bind_bulk import GroupBinder
    from engine.load.claim_reads import reads_of

    reads = reads_of(long.states, name)
    if not isinstance(reads, str) and not reads.summed & long.assumed:
        groups = GroupBinder(b, name, table, binder, reads)
        if groups.can:
            yield from groups.bind()
            return
    if table.store.count > _MANY:
        why = reads if isinstance(reads, str) else "、".join(sorted(reads.summed & long.assumed)) or table.name
        b.tell("D221", table.place, table=name, count=f"{table.store.count:,}", why=why)
    for row in table.store.rows(table.columns):
        yield from binder.bind(row)


def _years(b: Binding) -> tuple[int, ...]:
    """Every year in which a unit under the county, or the county itself, has a row."""
    found = {
        row.period.year
        for name, rows in b.rows.items()
        if b.scheme.tables[name].grain == "year" and (name == COUNTY or COUNTY in b.scheme.tables[name].parents)
        for row in rows
    }
    if not (found or b.errors or has_errors(b.raw.findings)):
        b.tell("D078", None)
    return tuple(sorted(found))


def force(b: Binding, years: tuple[int, ...], first_of: Callable[[int], DataRow | None] | None = None) -> None:
    """A year of which no day is in force is an error; one partly in force is noted.

    ``first_of`` gives the first row of a year that belongs to the county, where the rows are not all here.
    """
    start, end = b.scheme.start, b.scheme.end
    for year in years:
        first, last = date(year, 1, 1), date(year, 12, 31)
        head = next((cell.place for key, cell in b.raw.heads.items() if _HEADS.get(key) == "年度"), None)
        row = _first_of(b, year) if first_of is None else first_of(year)
        place = None if row is None else row.places.get("年度", head or row.place)
        if (start is not None and last < start) or (end is not None and first > end):
            b.tell("D084", place, year=year, start=str(start or "—"), end=str(end or "—"))
        elif (start is not None and first < start) or (end is not None and last > end):
            b.tell("D085", place, year=year, start=str(start or "—"), end=str(end or "—"))


def _first_of(b: Binding, year: int) -> DataRow | None:
    tables = b.scheme.tables
    rows = (r for rows in b.rows.values() for r in rows)
    return next((r for r in rows if r.period.year == year and COUNTY in (*tables[r.table].parents, r.table)), None)


_PIECE = 16 << 20


def _digest_of_file(data: bytes | mmap) -> bytes:
    """The digest of one file's bytes, read piece by piece: of a long file nothing need stay in memory."""
    digest = hashlib.sha256()
    for start in range(0, len(data), _PIECE):
        digest.update(data[start : start + _PIECE])
        if isinstance(data, mmap):
            forget(data, start, min(_PIECE, len(data) - start))
    return digest.digest()


def digest_of(raw: RawData) -> str:
    """The digest of all files that data was read from, their names included."""
    digest = hashlib.sha256()
    for name, data in sorted(raw.files):
        digest.update(name.encode())
        digest.update(b"\0")
        digest.update(_digest_of_file(data))
    return "sha256:" + digest.hexdigest()
