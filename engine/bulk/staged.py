"""The rows of a long table as typed columns in an engine, none of them ever a row here; what is not plainly right is refused whole."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from fractions import Fraction
from math import lcm
from pathlib import Path

from sqlglot import exp

from engine.bulk.fill import column_of, stored
from engine.load.bind_cells import value_of
from engine.load.bind_headers import Header
from engine.load.bind_periods import periods_of_row
from engine.load.bind_rows import RowBinder, insurance_of
from engine.load.binding import COUNTY, Binding, county_name
from engine.load.tables import BulkTable, Cell, Row
from engine.load.text import name_text
from engine.load.values import parse_year
from engine.nouns import kinds as k
from engine.nouns.core import Input
from engine.nouns.dataset import DataRow
from engine.nouns.possible import Scalar
from engine.sql.duckdb_engine import DuckDB
from engine.sql.layout import Column
from engine.sql.storage import type_of
from grammar.diagnostic import Place
from grammar.frozen import dataclass

# Columns of staged rows beside their data.
N, UNIT, PARENT, INSURANCE, YEAR, NUMBER, RANK, COUNT = (
    "n", "unit", "parent", "insurance", "year", "number", "rank", "count",
)  # fmt: skip
OWN = {
    N: "BIGINT", UNIT: "VARCHAR", PARENT: "VARCHAR", INSURANCE: "VARCHAR", YEAR: "INT", NUMBER: "INT", RANK: "BIGINT",
    COUNT: "BIGINT",
}  # fmt: skip
SUB_YEAR = {"month": "月份", "quarter": "季度", "half": "半年"}
_NAMES = ("名称", "单位", "所属", "编号")
# Decimals of an amount that is whole in fen, by the unit its header names.
_DECIMALS = {None: 2, "元": 2, "万元": 6, "万": 6, "亿元": 10, "亿": 10}
_HUNDREDTHS = {None: 1, "%": 100, "％": 100, "个百分点": 100, "百分点": 100, "‰": 1000}
_DIGITS, _PLACES = 18, 12
# So many ways to write values of a column are looked at one by one.
_WORDS_AT_MOST = 100_000
_MOST = 2**62


class NotPlainError(Exception):
    """Rows of which more is to be said, or may be, than that they are right: each is looked at by itself elsewhere."""


@dataclass(frozen=True, slots=True)
class Staged:
    """The rows of a kind as the data gives them, in a table of an engine; ``columns`` are the data it has."""

    kind: str
    table: str
    columns: Mapping[str, Column]


def staged_rows(
    engine: DuckDB, kind: str, rows: Sequence[DataRow], inputs: Mapping[str, Input], names: Mapping[str, str]
) -> Staged:
    """Rows that were bound one by one."""
    columns: dict[str, Column] = {}
    cells: list[Sequence[object]] = [
        range(len(rows)), [r.unit for r in rows], [r.parent for r in rows], [r.insurance for r in rows],
        [r.period.year for r in rows], [r.period.number for r in rows], [r.rank for r in rows], [r.count for r in rows],
    ]  # fmt: skip
    for name, datum in inputs.items():
        given = [row.cells.get(name) for row in rows]
        column = columns[name] = column_of(name, names[name], datum.kind, given)
        cells.append(stored(given, column))
    table = f"staged {kind}"
    own = [(name, exp.DataType.build(sort)) for name, sort in OWN.items()]
    engine.create(table, [*own, *((column.sql, type_of(column, engine.dialect)) for column in columns.values())])
    if rows:
        engine.fill(table, zip(*cells, strict=True))
    return Staged(kind, table, columns)


class LongTable:
    """A long table of units' rows, on its way from its store to an engine."""

    def __init__(self, b: Binding, kind: str, table: BulkTable, binder: RowBinder, inputs: Mapping[str, Input]) -> None:
        self.b = b
        self.kind = kind
        self.table = table
        self.binder = binder
        self.inputs = inputs
        self.keys: dict[str, int] = {}
        self.data: dict[str, tuple[int, Header]] = {}
        self.evidence: dict[str, int] = {}
        self.words = 0
        for index, name in enumerate(table.columns):
            self._take(index, binder.headers.known.get(name))

    def _take(self, index: int, header: Header | None) -> None:
        if header is None:
            raise NotPlainError("a column nobody knows")
        if header.datum is not None:
            there = header.name in self.data
            self.data[header.name] = (index, header)
        elif header.sort == "evidence":
            there = header.name in self.evidence
            self.evidence[header.name] = index
        else:
            there = header.sort in self.keys
            self.keys[header.sort] = index
        if there:
            raise NotPlainError("two columns for one thing")

    # ---- out of the store

    def hand_over(self) -> Path:
        """The columns that are read, amounts and counts as numbers where they are written plainly."""
        parts = [f"c{index} AS k{index}" for index in self.keys.values()]
        parts += [f"c{index} IS NOT NULL AS e{index}" for index in self.evidence.values()]
        for index, header in self.data.values():
            assert header.datum is not None
            if header.datum.kind.base is k.Base.TEXT:
                parts.append(f"c{index} AS d{index}")
                continue
            number = self._number(index, header.datum, header.unit)
            if number is None:
                parts.append(f"c{index} AS o{index}")
                continue
            parts += [f"{number} AS d{index}", f"CASE WHEN {number} IS NULL THEN c{index} END AS o{index}"]
        return self.table.store.hand_over(f"SELECT n, {', '.join(parts)} FROM held")  # noqa: S608 - our own names

    def _number(self, index: int, datum: Input, unit: str | None) -> str | None:
        """A column's plain numbers in a query; None where each way to write one is looked at by itself."""
        places = self._places(datum, unit)
        if places is None:
            return None
        own = self.table.store.decimals[index]
        if own is not None:
            return f"v{index}" if own <= places else None
        decimals = f"([.][0-9]{{1,{places}}})?" if places else ""
        plain = f"regexp_full_match(c{index}, '-?(0|[1-9][0-9]{{0,{_DIGITS - places - 1}}}){decimals}')"
        return f"CASE WHEN {plain} THEN TRY_CAST(c{index} AS DECIMAL(28, {places})) END"

    def _places(self, datum: Input, unit: str | None) -> int | None:
        kind = datum.kind
        if not kind.is_number or datum.step is not None or (kind.base is k.Base.POINTS and unit is None):
            return None
        if kind.base in k.MONEYS:
            return _DECIMALS.get(unit)
        return 0 if k.whole_only(kind) else _PLACES

    # ---- into the engine

    def stage(self, engine: DuckDB, path: Path, names: Mapping[str, str]) -> Staged:
        """A table of what was handed over, typed; raises NotPlainError where anything of it is to be told."""
        self.engine = engine
        engine.read(f"handed {self.kind}", [path])
        mark = self.b.mark()
        joins: list[str] = []
        told = {N: "s.n", COUNT: "1", **self._own(joins)}
        columns: dict[str, Column] = {}
        for name, (index, header) in self.data.items():
            datum = header.datum
            assert datum is not None
            value, scale = self._value(index, header, joins)
            told[names[name]] = value
            columns[name] = Column(name, names[name], datum.kind, scale)
        query = ", ".join(f"{value} AS {ident(name)}" for name, value in told.items())
        table = f"staged {self.kind}"
        engine.keep(table, f"SELECT {query} FROM {ident(f'handed {self.kind}')} s {' '.join(joins)}")  # noqa: S608
        columns = {name: self._ends(table, column) for name, column in columns.items()}
        self._documents(table, columns)
        if self.b.told_since(mark):
            raise NotPlainError("a cell that is wrong")
        return Staged(self.kind, table, columns)

    def _ask(self, query: str) -> list[tuple[object, ...]]:
        return list(self.engine.rows(query))

    def _own(self, joins: list[str]) -> dict[str, str]:
        """Whose each row is and when, as columns of the staged table."""
        kind = self.binder.kind
        for sort in _NAMES:
            if sort in self.keys:
                self._plain_names(f"k{self.keys[sort]}")
        parent = self._first("单位", "所属")
        if kind.grain == "year":
            unit = self._first("名称", "单位")
            if self.kind == COUNTY:
                unit = f"coalesce({unit}, {literal(county_name(self.b.scheme))})"
        else:
            self._never_blank(parent)
            unit = self._first("编号", "单位", "所属")
        self._never_blank(unit)
        year, number = self._period(joins)
        return {
            UNIT: unit, PARENT: f"CAST({parent} AS VARCHAR)", INSURANCE: self._insurance(joins), YEAR: year, NUMBER: number,
            RANK: self._key("序号", "BIGINT", joins, lambda cell: self.binder.rank({"序号": cell})) or "CAST(NULL AS BIGINT)",
        }  # fmt: skip

    def _first(self, *sorts: str) -> str:
        given = [f"s.k{self.keys[sort]}" for sort in sorts if sort in self.keys]
        return f"coalesce({', '.join(given)})" if given else "NULL"

    def _never_blank(self, value: str) -> None:
        if value == "NULL" or self._ask(f"SELECT 1 FROM {self._handed} s WHERE {value} IS NULL LIMIT 1"):  # noqa: S608
            raise NotPlainError("a row without a name")

    @property
    def _handed(self) -> str:
        return ident(f"handed {self.kind}")

    def _plain_names(self, column: str) -> None:
        """Names as they are compared, without anything that is written otherwise in JSON."""
        odd = f"nfc_normalize(x) <> x OR regexp_matches(x, {literal(_ODD)})"
        if self._ask(f"SELECT 1 FROM (SELECT DISTINCT {column} AS x FROM {self._handed}) WHERE {odd} LIMIT 1"):  # noqa: S608
            raise NotPlainError("a name that is written in another way")

    def _period(self, joins: list[str]) -> tuple[str, str]:
        kind = self.binder.kind
        if kind.grain in SUB_YEAR:
            sort = SUB_YEAR[kind.grain]

            def months(cell: Cell) -> int | None:
                row = Row({}, cell.place)
                found = periods_of_row(self.b, kind, row, {sort: cell}, {}, None, ())
                return found[0].year * 100 + found[0].number if found else None

            month = self._key(sort, "INT", joins, months)
            if month is None:
                raise NotPlainError("rows of no month")
            self._never_blank(f"s.k{self.keys[sort]}")
            return f"{month} // 100", f"{month} % 100"
        year = self._key("年度", "INT", joins, lambda cell: parse_year(cell.text))
        if year is None or self.binder.year is None:
            if self.binder.year is None:
                self._never_blank(f"s.k{self.keys['年度']}" if year else "NULL")
            return year or str(self.binder.year), "1"
        return f"coalesce({year}, {self.binder.year})", "1"

    def _insurance(self, joins: list[str]) -> str:
        """The insurance type of each row: its own, the file's, the scheme's only one."""
        scheme, own = self.b.scheme, "s.k{}".format(self.keys.get("险种"))
        given = self._key("险种", "VARCHAR", joins, lambda cell: insurance_of(self.b, cell))
        default: str | None = self.binder.insurance
        if default is None and scheme.separate:
            if len(scheme.insurances) == 1:
                default = scheme.insurances[0]
            else:
                self._never_blank(own if given else "NULL")
        told = "CAST(NULL AS VARCHAR)" if default is None else literal(default)
        return told if given is None else f"CASE WHEN {own} IS NULL THEN {told} ELSE {given} END"

    def _key(self, sort: str, kind: str, joins: list[str], parse: Callable[[Cell], Scalar | None]) -> str | None:
        """A key whose every way of writing is read by itself; None where there is no such column."""
        if sort not in self.keys:
            return None
        column = f"k{self.keys[sort]}"

        def value(text: str, place: Place) -> Scalar | None:
            if "\n" in text:
                raise NotPlainError("a line end in a name")
            return parse(Cell(name_text(text), place))

        return self._joined(column, kind, self._words(column, value), joins)

    def _words(self, column: str, parse: Callable[[str, Place], Scalar | None]) -> dict[str, Scalar]:
        """The value of every text of a column; raises NotPlainError where one is wrong."""
        query = f"SELECT DISTINCT {column} FROM {self._handed} WHERE {column} IS NOT NULL LIMIT {_WORDS_AT_MOST + 1}"  # noqa: S608
        texts = [str(text) for (text,) in self._ask(query)]
        if len(texts) > _WORDS_AT_MOST:
            raise NotPlainError("too many ways to write a value")
        found: dict[str, Scalar] = {}
        for text in texts:
            value = parse(text, Place(self.table.store.file, key=column))
            if value is None:
                raise NotPlainError("a cell that is wrong")
            found[text] = value
        return found

    def _joined(self, column: str, kind: str, words: Mapping[str, object], joins: list[str]) -> str:
        """The values of texts beside each row."""
        if not words:
            return f"CAST(NULL AS {kind})"
        self.words += 1
        table, alias = f"words {self.kind} {self.words}", f"w{self.words}"
        self.engine.create(table, [("text", exp.DataType.build("VARCHAR")), ("value", exp.DataType.build(kind))])
        self.engine.fill(table, words.items())
        joins.append(f"LEFT JOIN {ident(table)} {alias} ON {alias}.text = s.{column}")
        return f"{alias}.value"

    # ---- data

    def _value(self, index: int, header: Header, joins: list[str]) -> tuple[str, int]:
        """A datum's column and over what its whole numbers stand."""
        datum = header.datum
        assert datum is not None
        if datum.kind.base is k.Base.TEXT:
            self._plain_names(f"d{index}")
            return f"s.d{index}", 1

        def parse(text: str, place: Place) -> Scalar | None:
            return value_of(self.b, datum, Cell(text, place), header.unit)

        words = self._words(f"o{index}", parse)
        if not datum.kind.is_number:
            return self._joined(f"o{index}", _SORTS.get(datum.kind.base, "VARCHAR"), words, joins), 1
        places, unit = self._plain_scale(index, datum, header.unit)
        numbers = {text: Fraction(value) for text, value in words.items() if not isinstance(value, bool | str | date)}
        scale = lcm(unit, *(value.denominator for value in numbers.values()))
        if any(abs(value * scale) > _MOST for value in numbers.values()):
            raise NotPlainError("a number too large")
        odd = self._joined(f"o{index}", "BIGINT", {text: int(value * scale) for text, value in numbers.items()}, joins)
        if places is None:
            return odd, scale
        plain = f"CAST(s.d{index} * {10**places} AS BIGINT)" + (f" * {scale // unit}" if scale != unit else "")
        return (f"coalesce({plain}, {odd})" if numbers else plain), scale

    def _plain_scale(self, index: int, datum: Input, unit: str | None) -> tuple[int | None, int]:
        """How many decimals the plain numbers have, and how many parts of one the last is; None where none is plain."""
        if self._number(index, datum, unit) is None:
            return None, 1
        if datum.kind.base in k.MONEYS:
            return _DECIMALS[unit], 1
        longest = f"max(length(rtrim(split_part(CAST(d{index} AS VARCHAR), '.', 2), '0')))"
        ((most,),) = self._ask(f"SELECT coalesce({longest}, 0) FROM {self._handed}")  # noqa: S608 - our own names
        assert isinstance(most, int)
        ratio = datum.kind.base in {k.Base.RATIO, k.Base.POINTS}
        return most, 10**most * (_HUNDREDTHS[unit] if ratio else 1)

    def _ends(self, table: str, column: Column) -> Column:
        """The column held to what the scheme declares."""
        if column.sort != "whole":
            return column
        ((low, high),) = self._ask(f"SELECT min({ident(column.sql)}), max({ident(column.sql)}) FROM {ident(table)}")  # noqa: S608
        limits = self.inputs[column.name].range
        for end in (low, high):
            if end is not None and not limits.holds(Fraction(int(str(end)), column.scale)):
                raise NotPlainError("a number out of its range")
        return column

    def _documents(self, table: str, columns: Mapping[str, Column]) -> None:
        """An event whose 是 must carry a document number carries one."""
        for name in columns:
            document = self.inputs[name].evidence
            if document is None:
                continue
            index = self.evidence.get(document)
            lacks = f"NOT h.e{index}" if index is not None else "true"
            query = (
                f"SELECT 1 FROM {ident(table)} t JOIN {self._handed} h USING (n) "  # noqa: S608 - our own names
                f"WHERE t.{ident(columns[name].sql)} AND {lacks} LIMIT 1"
            )
            if self._ask(query):
                raise NotPlainError("an event without its document")


_SORTS = {k.Base.YES_NO: "BOOLEAN", k.Base.DATE: "DATE"}
_ODD = r'["\\\x00-\x1f]'


def ident(name: str) -> str:
    """A name in a query."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A text in a query."""
    return "'" + text.replace("'", "''") + "'"
