"""A table that lies in many files of one folder (明细/甲县.parquet, 明细/乙县.csv): one table, each row with its own file."""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import accumulate

from engine.load.store import Room, Store
from engine.load.tables import BulkTable, Cell, Row, Table
from grammar.diagnostic import Finding, FindingsError, Place

# More rows than these are kept in a room.
ROWS_HELD = 20_000


def one_table(name: str, parts: Sequence[Table | BulkTable], place: Place, room: Room) -> Table | BulkTable:
    """The parts as one table; raises FindingsError where one of them has other columns than the first."""
    first = parts[0]
    findings = [
        Finding("D205", part.place, {"first": first.place.file, "names": "、".join(differing)})
        for part in parts[1:]
        if (differing := sorted({*names_of(first)} ^ {*names_of(part)}))
    ]
    if findings:
        raise FindingsError(findings)
    short = [part for part in parts if isinstance(part, Table)]
    if len(short) == len(parts) and sum(len(part.rows) for part in short) <= ROWS_HELD:
        return Table(name, tuple(row for part in short for row in part.rows), place, short[0].columns)
    store = Parts.of([_held(part, room) for part in parts], room, place.file)
    return BulkTable(name, names_of(first), store, place, dict(zip(names_of(first), _headers(first), strict=True)))


def names_of(table: Table | BulkTable) -> tuple[str, ...]:
    """The columns of a table by name."""
    return table.columns if isinstance(table, BulkTable) else tuple(table.columns)


def _headers(table: Table | BulkTable) -> list[Place]:
    places = table.headers if isinstance(table, BulkTable) else table.columns
    return [places[name] for name in names_of(table)]


def _held(part: Table | BulkTable, room: Room) -> BulkTable:
    """A part whose rows are in the room, as those of all others are."""
    if isinstance(part, BulkTable):
        return part
    store = room.store(RowStore, part.place.file)
    store.take(part)
    return BulkTable(part.name, tuple(part.columns), store, part.place, part.columns)


class RowStore(Store):
    """The rows of a short table, kept beside those of long ones; they are given back as they were read."""

    table: Table

    def take(self, table: Table) -> None:
        """Keep the rows of a table."""
        self.table = table
        blank = Cell("", table.place)
        lines = [row.place.line for row in table.rows]
        given = [[row.cells.get(name, blank).text or None for row in table.rows] for name in table.columns]
        texts = "".join(f", unnest(?::VARCHAR[]) AS c{i}" for i in range(len(given)))
        held = f"unnest(?::BIGINT[]) AS n, unnest(?::BIGINT[]) AS line{texts}"
        self.tell(f"CREATE TABLE {self.called} AS SELECT {held}", [list(range(1, len(lines) + 1)), lines, *given])
        self.tell(f"CREATE TEMP VIEW held AS FROM {self.called}")
        self.count = len(table.rows)
        self.decimals = (None,) * len(table.columns)
        self.held = True

    def rows(self, columns: Sequence[str], numbers: Iterable[int] | None = None) -> Iterator[Row]:
        """Rows as they were read, their columns called as they are now."""
        chosen = [n for (n,) in self.ask("SELECT n FROM held ORDER BY n")] if numbers is None else sorted(set(numbers))
        now = dict(zip(self.table.columns, columns, strict=True))
        for number in chosen:
            row = self.table.rows[number - 1]
            yield Row({now[name]: cell for name, cell in row.cells.items()}, row.place)

    def found(self, number: int) -> tuple[str, int]:
        """The file of a row, and its number there."""
        place = self.table.rows[number - 1].place
        return self.file, place.row or number


class Parts(Store):
    """The rows of several stores one after another; those of the second go on counting where the first ended."""

    parts: Sequence[BulkTable]
    ends: Sequence[int]
    orders: Sequence[Sequence[int]]

    @classmethod
    def of(cls, parts: Sequence[BulkTable], room: Room, file: str) -> "Parts":
        """All rows of some tables of the same columns, in whatever order each has them."""
        store = room.store(cls, file)
        columns = parts[0].columns
        stores = [_store(part) for part in parts]
        store.parts = parts
        # INVARIANT: `orders[p][i]` is the place in part p of the column that is the i-th of all.
        store.orders = [[part.columns.index(name) for name in columns] for part in parts]
        lasts = [each.ask("SELECT coalesce(max(n), 0) FROM held")[0][0] for each in stores]
        store.ends = list(accumulate(lasts))
        store.count = sum(each.count for each in stores)
        store.decimals = tuple(store._decimals(index) for index in range(len(columns)))  # noqa: SLF001 - of its own class
        selects = []
        for each, order, end, last in zip(stores, store.orders, store.ends, lasts, strict=True):
            texts = [f"c{own} AS c{index}" for index, own in enumerate(order)]
            numbers = [f"v{own} AS v{i}" for i, own in enumerate(order) if store.decimals[i] is not None]
            held = ", ".join([f"n + {end - last} AS n", "line", *texts, *numbers])
            selects.append(f"SELECT {held} FROM {each.called}")  # noqa: S608 - our own names
        store.hold("VIEW", " UNION ALL ".join(selects))
        store.held = True
        return store

    def leave_only(self, columns: Sequence[int], named: Callable[[str], bool]) -> None:
        """The same in every part, for single rows are read from there."""
        for part, order in zip(self.parts, self.orders, strict=True):
            part.store.leave_only([order[i] for i in columns], named)
        super().leave_only(columns, named)

    def rows(self, columns: Sequence[str], numbers: Iterable[int] | None = None) -> Iterator[Row]:
        """Rows as cells with their places, each in its file."""
        wanted = None if numbers is None else sorted(set(numbers))
        start = 0
        for part, order, end in zip(self.parts, self.orders, self.ends, strict=True):
            mine = None if wanted is None else [number - start for number in wanted if start < number <= end]
            start = end
            if mine is None or mine:
                names = {own: columns[index] for index, own in enumerate(order)}
                yield from part.store.rows([names[own] for own in range(len(order))], mine)

    def found(self, number: int) -> tuple[str, int]:
        """The file of a row, and its number there."""
        at = bisect_left(self.ends, number)
        start = self.ends[at - 1] if at else 0
        return _store(self.parts[at]).found(number - start)

    def _decimals(self, index: int) -> int | None:
        """The decimals that a column has in all parts alike; where they differ its text is read."""
        found = {part.store.decimals[order[index]] for part, order in zip(self.parts, self.orders, strict=True)}
        return found.pop() if len(found) == 1 else None


def _store(part: BulkTable) -> Store:
    assert isinstance(part.store, Store)
    return part.store
