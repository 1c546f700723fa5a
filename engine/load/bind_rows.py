"""Rows of text to rows of a scheme's kinds: whose each is, for which insurance types and periods, and what it gives."""

from engine.load.bind_cells import value_of
from engine.load.bind_headers import Headers
from engine.load.bind_periods import periods_of_row
from engine.load.binding import COUNTY, END, START, Binding, county_name, is_dated
from engine.load.tables import Cell, Row, Table
from engine.load.text import name_text
from engine.load.values import Wrong, parse_value
from engine.nouns import kinds as k
from engine.nouns.dataset import DataRow
from engine.nouns.possible import Scalar
from engine.nouns.suggest import nearest
from grammar.diagnostic import Place


class RowBinder:
    """Binds the rows of one table: ``year`` and ``insurance`` are those of the heads, ``years`` those of the units."""

    def __init__(
        self, b: Binding, table: str, raw: Table, year: int | None, insurance: str | None, years: tuple[int, ...] = ()
    ) -> None:
        self.b = b
        self.table = table
        self.kind = b.scheme.tables[table]
        self.headers = Headers(b, table, raw)
        self.year = year
        self.insurance = insurance
        self.years = years

    def bind(self, row: Row) -> list[DataRow]:
        """The rows of the scheme that a row of the table stands for."""
        b = self.b
        keys: dict[str, Cell] = {}
        cells: dict[str, Scalar] = {}
        places: dict[str, Place] = {}
        evidence: dict[str, Cell] = {}
        for key, cell in row.cells.items():
            header = self.headers[key, cell]
            if header is None:
                continue
            if header.datum is not None:
                if not cell.text:
                    continue
                if header.name in cells or header.name in places:
                    b.tell("D058", cell.place, name=header.name)
                    continue
                places[header.name] = cell.place
                value = value_of(b, header.datum, cell, header.unit)
                if value is not None:
                    cells[header.name] = value
            elif header.sort == "evidence":
                evidence[header.name] = cell
            elif cell.text:
                if "\n" in cell.text:
                    b.tell("D096", cell.place, name=header.sort)
                keys[header.sort] = Cell(name_text(cell.text.replace("\n", "")), cell.place, cell.number)
        self._evidence(cells, evidence, row)
        return self._row(row, keys, cells, places)

    def _evidence(self, cells: dict[str, Scalar], given: dict[str, Cell], row: Row) -> None:
        """An event whose 是 must carry a document number, where the scheme asks for one."""
        for name, value in cells.items():
            document = self.b.scheme.inputs[(self.table, name)].evidence
            if document is not None and value is True and not (document in given and given[document].text):
                self.b.tell("D059", row.place, name=name, document=document)

    def _row(
        self, row: Row, keys: dict[str, Cell], cells: dict[str, Scalar], places: dict[str, Place]
    ) -> list[DataRow]:
        b, kind = self.b, self.kind
        insurances = self._insurances(row, keys, cells)
        periods = periods_of_row(b, kind, row, keys, cells, self.year, self.years)
        parent = keys.get("单位") or keys.get("所属")
        if kind.grain != "year":
            unit = keys["编号"].text if "编号" in keys else (parent.text if parent else "")
        else:
            named = keys.get("名称") or keys.get("单位")
            unit = named.text if named else (county_name(b.scheme) if self.table == COUNTY else "")
        if not unit and kind.grain == "year":
            b.tell("D072", row.place, table=self.table)
            return []
        if kind.grain != "year" and parent is None:
            b.tell("D073", row.place, table=self.table)
            return []
        rank = self.rank(keys)
        if "年度" in keys:
            places["年度"] = keys["年度"].place
        return [
            DataRow(self.table, unit, parent.text if parent else None, i, p, cells, places, rank, row.place)
            for p in periods
            for i in insurances
        ]

    def rank(self, keys: dict[str, Cell]) -> int | None:
        """The place the column 序号 gives a row."""
        if "序号" not in keys:
            return None
        number = parse_value(keys["序号"].text, k.NUMBER)
        if isinstance(number, int):
            return number
        code = "D069" if isinstance(number, Wrong) else "D070"
        self.b.tell(code, keys["序号"].place, name="序号", text=keys["序号"].text)
        return None

    def _insurances(self, row: Row, keys: dict[str, Cell], cells: dict[str, Scalar]) -> list[str | None]:
        """The insurance types a row counts for: its own, the file's, the scheme's only one; all for what meets all."""
        b, scheme = self.b, self.b.scheme
        if "险种" in keys:
            found = insurance_of(b, keys["险种"])
            return [found] if found is not None else []
        if self.insurance is not None:
            return [self.insurance]
        if not scheme.separate:
            return [None]
        if len(scheme.insurances) == 1:
            return [scheme.insurances[0]]
        data = [scheme.inputs[(self.table, name)] for name in cells]
        if (data or is_dated(scheme, self.table)) and all(
            d.all_insurances for d in data if d.name not in {START, END, "是否牵头"}
        ):
            return list(scheme.insurances)
        if "险种" not in b.wrong_heads:
            b.tell("D074", row.place, known="、".join(scheme.insurances))
        return []


def insurance_of(b: Binding, cell: Cell) -> str | None:
    """The insurance type a cell names; None where the scheme has none of that name, which is told."""
    known = b.scheme.insurances or ("职工", "居民")
    by_id = {b.scheme.labels.id(name): name for name in known}
    name = by_id.get(cell.text, cell.text)
    if name in known:
        return name
    b.tell("D054", cell.place, text=cell.text, known="、".join(known), **nearest(cell.text, known))
    return None
