"""Rows of a long table given twice: found by digests, slice by slice in bounded memory, and told where the rows are the same."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from heapq import nsmallest

from engine.load.bind_cells import value_of
from engine.load.bind_headers import Header
from engine.load.bind_owners import duplicates_among
from engine.load.bind_rows import RowBinder, insurance_of
from engine.load.binding import TOLD_AT_MOST, Binding
from engine.load.tables import BulkTable, Cell
from engine.load.told_apart import WAYS_AT_MOST
from engine.load.values import parse_value, parse_year
from engine.nouns import kinds as k
from engine.nouns.dataset import DataRow
from grammar.diagnostic import Place
from grammar.frozen import dataclass

# Digests looked through at a time: each takes some fifty bytes while they are.
SLICE = 2_000_000
# Rows read at a time where more may be alike by their digests than are the same.
READ = 10_000
_KEYS = {"编号", "单位", "所属"}


@dataclass(frozen=True, slots=True)
class Written:
    """A column in a query: its text, and of a number also when it is written plainly, and as what."""

    index: int
    text: str
    header: Header
    plain: str = ""
    number: str = ""


class Repeated:
    """Looks for rows with the same number of their own (编号) that say the same; the others of that number may stand."""

    def __init__(self, b: Binding, name: str, table: BulkTable, binder: RowBinder, columns: Sequence[Written]) -> None:
        self.b = b
        self.name = name
        self.table = table
        self.store = table.store
        self.binder = binder
        self.columns = columns
        self.joins = ""
        self.left_out = False

    def tell(self) -> None:
        """Tell of every row that says what an earlier one of its number said; of more than anybody reads, how many."""
        texts = {c.header.sort: c.text for c in self.columns if c.header.sort in _KEYS}
        owners = [f"nfc_normalize({texts[sort]})" for sort in ("单位", "所属") if sort in texts]
        if "编号" not in texts or not owners:
            return
        number, owner = f"nfc_normalize({texts['编号']})", f"coalesce({', '.join(owners)})"
        # A row without a number of its own goes by its unit: such rows may be as many as they like.
        where = f"{number} <> {owner}"
        # A number is seldom used twice; only where one is, it is worth reading what those rows say.
        if not self._any_alike(f"hash({number}) AS h", where):
            return
        said = [part for column in self.columns if column.header.sort not in _KEYS for part in self._said(column)]
        if not self._any_alike(f"n, hash({', '.join([number, owner, *said])}) AS h", where):
            return
        count = sum(self._count(each) for each in self._slices(SLICE))
        if not self.left_out:
            self._tell_of(self._pairs(2 * TOLD_AT_MOST))
            self.b.untold += max(0, count - 2 * TOLD_AT_MOST)
            return
        mark = self.b.mark()
        for each in self._slices(max(1, SLICE * READ // max(SLICE, count))):
            if self.b.told_since(mark) < TOLD_AT_MOST and self._count(each):
                self._tell_of(self.store.ask(_alike_an_earlier(each)))

    # ---- what a row says

    def _said(self, column: Written) -> Iterator[str]:
        """What a column says of each row, in a query: the same for every way of writing the same; nothing of what is no part of it."""
        header = column.header
        datum = header.datum
        if datum is not None and datum.kind.base is k.Base.TEXT:
            yield column.text
        elif datum is not None and datum.kind.is_number:
            otherwise = self._ways(column, f"NOT {column.plain}")
            if otherwise is None:
                return
            amounts = {text: self._amount(column, value) for text, value in otherwise.items()}
            numbers = {text: amount for text, amount in amounts.items() if isinstance(amount, Decimal)}
            others = {text: str(amount) for text, amount in amounts.items() if isinstance(amount, str)}
            plainly = f"CASE WHEN {column.plain} THEN {column.number} END::{_EXACT}"
            yield f"coalesce({plainly}, {self._looked_up(column, 'number', numbers, _EXACT)})"
            if others:
                yield self._looked_up(column, "other", others, "VARCHAR")
        elif datum is not None or header.sort in {"年度", "险种"}:
            ways = self._ways(column)
            if ways is None:
                return
            first: dict[object, str] = {}
            known = {text: first.setdefault(value, text) for text, value in ways.items() if value is not None}
            # Where every way of writing it says another thing, the text itself tells them apart.
            yield column.text if len(first) == len(ways) else self._looked_up(column, "same", known, "VARCHAR")

    def _ways(self, column: Written, condition: str = "true") -> dict[str, object] | None:
        """Every way in which a column is written, with what it says, None where it is wrong; or None where they are too many."""
        where = f"{column.text} IS NOT NULL AND {condition}"
        query = f"SELECT DISTINCT {column.text} FROM held WHERE {where} LIMIT {WAYS_AT_MOST}"  # noqa: S608 - our own names
        texts = sorted(str(text) for (text,) in self.store.ask(query))
        if len(texts) == WAYS_AT_MOST:
            self.left_out = True
            return None
        mark = self.b.mark()
        found = {text: self._value(column.header, Cell(text, Place(""))) for text in texts}
        self.b.back_to(mark)
        return found

    def _value(self, header: Header, cell: Cell) -> object:
        if header.datum is not None:
            return value_of(self.b, header.datum, cell, header.unit)
        return parse_year(cell.text) if header.sort == "年度" else insurance_of(self.b, cell)

    def _amount(self, column: Written, value: object) -> Decimal | str | None:
        """An amount not written plainly as it would be plainly; as text where no plain one comes to it."""
        datum = column.header.datum
        assert datum is not None
        one = parse_value("1", datum.kind, column.header.unit)
        if value is None or not (isinstance(value, int | Fraction) and isinstance(one, int | Fraction)):
            return None if value is None else str(value)
        plain = Fraction(value) / one * _PARTS
        return Decimal(plain.numerator) / _PARTS if plain.denominator == 1 and abs(plain) < _LARGE else str(value)

    def _looked_up(self, column: Written, name: str, found: Mapping[str, object], sort: str) -> str:
        """What is found for the text of a column, in a query; of every other text nothing."""
        if not found:
            return f"NULL::{sort}"
        table = f"{name}{column.index}"
        self.store.tell(
            f"CREATE OR REPLACE TEMP TABLE {table} AS SELECT unnest(?) AS written, unnest(?)::{sort} AS said",
            [list(found), list(found.values())],
        )
        self.joins += f" LEFT JOIN {table} ON {column.text} = {table}.written"
        return f"{table}.said"

    # ---- which rows are alike

    def _any_alike(self, digests: str, where: str) -> bool:
        """Whether two rows have the same digest; those of all rows are kept in ``digests`` until others are."""
        # Those kept before go first: there is not room for both.
        self.store.tell("DROP TABLE IF EXISTS digests")
        self.store.tell(f"CREATE TEMP TABLE digests AS SELECT {digests} FROM held{self.joins} WHERE {where}")  # noqa: S608 - our own names
        twice = (f"SELECT 1 FROM digests WHERE {each} {_TWICE} LIMIT 1" for each in self._slices(SLICE))  # noqa: S608
        return any(self.store.ask(query) for query in twice)

    def _count(self, each: str) -> int:
        """How many rows of a slice are alike an earlier one."""
        more = f"SELECT count(*) - 1 AS more FROM digests WHERE {each} {_TWICE}"  # noqa: S608 - our own names
        ((found,),) = self.store.ask(f"SELECT coalesce(sum(more), 0) FROM ({more})")  # noqa: S608 - the same
        return int(found)

    def _pairs(self, most: int) -> list[tuple[int, int]]:
        """The first rows that are alike an earlier one, each with the first of its kind."""
        pairs: list[tuple[int, int]] = []
        for each in self._slices(SLICE):
            found = self.store.ask(f"{_alike_an_earlier(each)} ORDER BY n LIMIT {most}")
            pairs = nsmallest(most, [*pairs, *((n, first) for n, first in found)])
        return pairs

    def _slices(self, rows: int) -> Iterator[str]:
        """Conditions that part the digests into pieces of about so many rows, each with all rows of its digests."""
        ((count,),) = self.store.ask("SELECT count(*) FROM digests")
        slices = count // rows + 1
        return (f"h % {slices} = {each}" for each in range(slices))

    def _tell_of(self, pairs: Iterable[tuple[int, ...]]) -> None:
        """Tell of rows alike by their digests that are the same."""
        mark = self.b.mark()
        rows = list(self._bound(sorted({n for pair in pairs for n in pair})))
        self.b.back_to(mark)
        duplicates_among(self.b, self.name, rows)

    def _bound(self, numbers: list[int]) -> Iterator[DataRow]:
        for row in self.store.rows(self.table.columns, numbers):
            yield from self.binder.bind(row)


def _alike_an_earlier(each: str) -> str:
    """A query for the rows of a slice that are alike an earlier one, with the first of its kind."""
    first = f"SELECT n, min(n) OVER (PARTITION BY h) AS first_n FROM digests WHERE {each}"  # noqa: S608 - our own names
    return f"SELECT n, first_n FROM ({first}) WHERE n > first_n"  # noqa: S608 - the same


_TWICE = "GROUP BY h HAVING count(*) > 1"
_EXACT = "DECIMAL(38, 10)"
_PARTS = 10**10
_LARGE = 10**38
