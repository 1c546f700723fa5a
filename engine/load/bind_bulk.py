"""The rows of a long table bound by groups: what rules sum is added up first, exactly; what is wrong is told by its row."""

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Any

from engine.load.bind_cells import value_of
from engine.load.bind_headers import Header
from engine.load.bind_rows import RowBinder
from engine.load.binding import TOLD_AT_MOST, Binding
from engine.load.claim_reads import Reads, adds_up
from engine.load.repeated import Repeated, Written
from engine.load.tables import BulkTable, Cell
from engine.load.told_apart import WAYS_AT_MOST, alike, years_written
from engine.nouns import kinds as k
from engine.nouns.dataset import DataRow
from grammar.diagnostic import Place
from grammar.frozen import dataclass

# Decimals of an amount that is whole in fen, by the unit its header names.
_DECIMALS = {None: 2, "元": 2, "万元": 6, "万": 6, "亿元": 10, "亿": 10}
_KEYS = frozenset({"单位", "所属", "年度", "险种"})
_DOUBTFUL_AT_MOST = 200_000


@dataclass(frozen=True, slots=True)
class _Column:
    """A column of the table: its place among them, its name as written, what it is."""

    index: int
    name: str
    header: Header

    @property
    def text(self) -> str:
        """The column in a query."""
        return f"c{self.index}"


@dataclass(frozen=True, slots=True)
class _Part:
    """A part of the query for groups: what it says of a column (``text``, ``blank``, ``sign``, ``odd``, ``any``, ``sum``)."""

    query: str
    sort: str
    column: _Column


class GroupBinder:
    """Binds a long table by groups of rows that agree in all that rules and filters ask of them."""

    def __init__(self, b: Binding, name: str, table: BulkTable, binder: RowBinder, reads: Reads) -> None:
        self.b = b
        self.name = name
        self.table = table
        self.store = table.store
        self.binder = binder
        self.reads = reads
        known = binder.headers.known
        self.columns = [_Column(i, n, h) for i, n in enumerate(table.columns) if (h := known.get(n)) is not None]
        self.doubtful: set[int] = set()
        self.expected = 0
        # INVARIANT: `source` has every row once, beside it the columns `alike` names, for columns written in ways that no filter tells apart.
        self.source = "held"
        self.alike: dict[int, str] = {}

    @property
    def can(self) -> bool:
        """Whether each thing stands in one column only, so that groups can be told apart by columns."""
        sorts = [(c.header.sort, c.header.name if c.header.datum is not None else "") for c in self.columns]
        return len(set(sorts)) == len(sorts)

    def bind(self) -> list[DataRow]:
        """The groups as rows; every row in which something is wrong is told of by itself."""
        self.source += "".join(self._told_apart())
        by, made = self._parts()
        numbers = ", ".join(str(i + 1) for i in range(len(by))) or "ALL"
        parts = "count(*), min(n), min(line)"
        select = ", ".join([*(part.query for part in by), parts, *(part.query for part in made)])
        query = f"SELECT {select} FROM {self.source} GROUP BY {numbers} ORDER BY {len(by) + 2}"  # noqa: S608 - our own names
        rows = [row for values in self.store.ask(query) if values[len(by)] for row in self._group(by, made, values)]
        for column in self.columns:
            self._check(column)
        self._tell()
        columns = [Written(c.index, c.text, c.header, *self._written_plainly(c)) for c in self.columns]
        Repeated(self.b, self.name, self.table, self.binder, columns).tell()
        return rows

    # ---- groups

    def _parts(self) -> tuple[list[_Part], list[_Part]]:
        """What tells groups apart, and what is made of each."""
        by: list[_Part] = []
        made: list[_Part] = []
        own_year = next((c.text for c in self.columns if c.header.sort == "年度"), None)
        for column in self.columns:
            datum, text = column.header.datum, column.text
            if column.header.sort in _KEYS or (datum is not None and datum.name in self.reads.asked):
                by.append(_Part(self.alike.get(column.index, text), "text", column))
            elif datum is None:
                continue
            elif datum.name in self.reads.summed:
                plain, number = self._number(column)
                # Amounts of either sign stand apart: where a filter cannot be answered, each may count or not.
                by.append(_Part(f"CASE WHEN {plain} THEN {number} < 0 END", "sign", column))
                by.append(_Part(f"CASE WHEN NOT {plain} THEN {text} END", "odd", column))
                made.append(_Part(f"sum(CASE WHEN {plain} THEN {number} END)", "sum", column))
            elif datum.kind.base is k.Base.DATE and self.binder.year is None:
                # Where nothing else says the year of a row, its day does.
                by.append(
                    _Part(text if own_year is None else f"CASE WHEN {own_year} IS NULL THEN {text} END", "text", column)
                )
            elif datum.name in self.reads.noticed:
                by.append(_Part(f"{text} IS NULL", "blank", column))
                made.append(_Part(f"any_value({text})", "any", column))
        return by, made

    def _told_apart(self) -> Iterator[str]:
        """Tables to join, of what a column is written as and the first way of writing what no filter tells from it."""
        own_year = next((c.text for c in self.columns if c.header.sort == "年度"), None)
        years = years_written(self.binder.year, self._written(own_year) if own_year else ())
        for column in self.columns:
            datum = column.header.datum
            if datum is None or datum.kind.is_number or not (asked := self.reads.questions.get(datum.name)):
                continue
            texts = self._written(column.text)
            found = alike(self.b, datum, column.header.unit, texts, asked, years) if len(texts) < WAYS_AT_MOST else {}
            if len(set(found.values())) == len(found):
                continue
            table = f"alike{column.index}"
            self.store.tell(
                f"CREATE OR REPLACE TEMP TABLE {table} AS SELECT unnest(?) AS written, unnest(?) AS first_written",
                [list(found), list(found.values())],
            )
            self.alike[column.index] = f"{table}.first_written"
            yield f" LEFT JOIN {table} ON {column.text} = {table}.written"

    def _written(self, text: str) -> list[str]:
        """The ways in which a column is written, as far as they are few."""
        query = f"SELECT DISTINCT {text} FROM held WHERE {text} IS NOT NULL LIMIT {WAYS_AT_MOST}"  # noqa: S608 - our own names
        return sorted(str(written) for (written,) in self.store.ask(query))

    def _written_plainly(self, column: _Column) -> tuple[str, str]:
        is_number = column.header.datum is not None and column.header.datum.kind.is_number
        return self._number(column) if is_number else ("", "")

    def _number(self, column: _Column) -> tuple[str, str]:
        """When a column holds an amount written plainly, and the amount; all that is written otherwise is read as text."""
        datum = column.header.datum
        assert datum is not None
        most = _DECIMALS.get(column.header.unit, 0) if datum.kind.is_money else 0
        own = self.store.decimals[column.index]
        if own is not None and own <= most:
            return f"v{column.index} IS NOT NULL", f"v{column.index}"
        decimals = f"([.][0-9]{{1,{most}}})?" if most else ""
        plain = f"regexp_full_match({column.text}, '-?[0-9]{{1,15}}{decimals}')"
        return plain, f"TRY_CAST({column.text} AS DECIMAL(28, {most}))"

    def _group(self, by: list[_Part], made: list[_Part], values: tuple[Any, ...]) -> list[DataRow]:
        """A group as a row of text, bound as any row is; the amounts in it are sums."""
        count, number, line = values[len(by) : len(by) + 3]
        texts: dict[str, str] = {}
        odd: set[str] = set()
        noticed: list[tuple[_Column, str]] = []
        for part, value in zip([*by, *made], (*values[: len(by)], *values[len(by) + 3 :]), strict=True):
            if value is None or part.sort in {"sign", "blank"}:
                continue
            if part.sort == "any":
                noticed.append((part.column, str(value)))
                continue
            if part.sort == "odd":
                assert part.column.header.datum is not None
                odd.add(part.column.header.datum.name)
            texts[part.column.name] = format(value, "f") if isinstance(value, Decimal) else str(value)
        columns = [c.name for c in self.columns if c.name in texts]
        row = self.store.row(columns, number, line, [texts[name] for name in columns])
        mark = self.b.mark()
        rows = self.binder.bind(row)
        if told := self.b.told_since(mark):
            self.b.back_to(mark)
            self.expected += told * count
            same = " AND ".join(f"({part.query}) IS NOT DISTINCT FROM ?" for part in by) or "true"
            self._doubt(same, list(values[: len(by)]))
        # An amount written otherwise than plainly was no part of a sum: it stands for itself, as often as it was written.
        cells = {name: v * count if name in odd else v for name, v in rows[0].cells.items()} if rows else {}
        # Of these it only matters that there is a value; whether each is right is looked at by itself.
        for column, text in noticed:
            assert column.header.datum is not None
            known = value_of(self.b, column.header.datum, Cell(text, row.place), column.header.unit)
            cells |= {column.header.datum.name: known} if known is not None else {}
            self.b.back_to(mark)
        return [replace(r, cells=cells, count=count) for r in rows]

    # ---- what is wrong

    def _check(self, column: _Column) -> None:
        """Hold what no rule reads against its kind as well: every way it is written, once."""
        datum, text = column.header.datum, column.text
        if datum is not None and (datum.kind.base is k.Base.TEXT or datum.name in self.reads.asked | self.reads.summed):
            return
        if datum is None and column.header.sort != "序号":
            return
        plain = "false"
        if datum is None:
            plain = f"regexp_full_match({text}, '[0-9]{{1,15}}')"
        elif adds_up(datum):
            plain = f"({self._number(column)[0]} AND NOT starts_with({text}, '-'))"
        query = f"SELECT {text}, count(*) FROM held WHERE {text} IS NOT NULL AND NOT {plain} GROUP BY 1"  # noqa: S608 - our own names
        for written, count in self.store.ask(query):
            cell = Cell(str(written), Place(self.store.file, key=column.name))
            mark = self.b.mark()
            if datum is None:
                self.binder.rank({"序号": cell})
            else:
                value_of(self.b, datum, cell, column.header.unit)
            if told := self.b.told_since(mark):
                self.b.back_to(mark)
                self.expected += told * count
                self._doubt(f"{text} = ?", [written])

    def _doubt(self, where: str, values: list[object]) -> None:
        """Keep the rows of a group in which something is wrong."""
        if len(self.doubtful) < _DOUBTFUL_AT_MOST:
            query = f"SELECT n FROM {self.source} WHERE {where} ORDER BY n LIMIT {TOLD_AT_MOST}"  # noqa: S608 - our own names
            self.doubtful.update(int(n) for (n,) in self.store.ask(query, values))

    def _tell(self) -> None:
        """Tell of the first rows in which something is wrong, each with its cells; of the rest, how many."""
        if self.doubtful:
            mark = self.b.mark()
            for row in self.store.rows(self.table.columns, sorted(self.doubtful)[:TOLD_AT_MOST]):
                self.binder.bind(row)
            self.b.untold += max(0, self.expected - self.b.told_since(mark))
