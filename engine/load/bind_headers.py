"""What a column of a table is: a key of the row, its unit, or a datum with the unit its header names."""

from engine.load.binding import Binding
from engine.load.tables import Cell, Table
from engine.load.values import header_unit, unit_fits
from engine.nouns.core import Input
from engine.nouns.suggest import nearest
from grammar.diagnostic import Place
from grammar.frozen import dataclass

_KEYS = {
    "名称": "名称", "name": "名称", "年度": "年度", "year": "年度", "险种": "险种", "insurance": "险种", "序号": "序号",
    "rank": "序号", "单位": "单位", "unit": "单位", "月份": "月份", "month": "月份", "季度": "季度", "quarter": "季度",
    "半年": "半年", "half": "半年", "编号": "编号",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Header:
    """What a column of a table is: ``sort`` is a key, 所属, datum or evidence."""

    sort: str
    name: str
    datum: Input | None = None
    unit: str | None = None


class Headers:
    """The columns of a table by their names as written, each looked up and told of once."""

    def __init__(self, binding: Binding, table: str, raw: Table) -> None:
        self._b = binding
        self._table = table
        self._places = raw.columns
        self.known: dict[str, Header | None] = {}
        for name, place in raw.columns.items():
            self.known[name] = self._looked_up(name, place)

    def __getitem__(self, cell: tuple[str, Cell]) -> Header | None:
        """What the column of a cell is; None where it is nothing the table has."""
        name, first = cell
        if name not in self.known:
            self.known[name] = self._looked_up(name, first.place)
        return self.known[name]

    def _looked_up(self, key: str, place: Place) -> Header | None:
        header = header_of(self._b, self._table, key)
        if header is None:
            _unknown(self._b, self._table, key, place)
        elif header.datum is not None and header.unit is not None and not unit_fits(header.datum.kind, header.unit):
            kind = header.datum.kind.words
            self._b.tell("D065", place, name=header.name, text="", kind=kind, options="", unit=header.unit)
            return None
        return header


def header_of(b: Binding, table: str, key: str) -> Header | None:
    """What a column's name means in a table."""
    name, unit = header_unit(key)
    kind = b.scheme.tables[table]
    if kind.grain != "year" and name in {"年度", "year"} and kind.grain != "row":
        return None
    ids = {b.scheme.labels.id(n, table): n for t, n in b.scheme.inputs if t == table}
    plain = ids.get(name) or (name if (table, name) in b.scheme.inputs else None) or b.words.get(name, name)
    datum = b.scheme.inputs.get((table, plain))
    if datum is not None:
        return Header("datum", plain, datum, unit)
    if name in _KEYS:
        return Header(_KEYS[name], name)
    evidence = next((i for (t, _), i in b.scheme.inputs.items() if t == table and i.evidence == name), None)
    if evidence is not None or any(
        t.evidence == name for (tb, _), f in b.scheme.figures.items() if tb == table and f.gate for t in f.gate.tests
    ):
        return Header("evidence", name)
    parents = {f"所属{p}": p for p in kind.parents} | {f"所属{b.scheme.labels.here(p)}": p for p in kind.parents}
    parents |= {b.scheme.labels.id(p): p for p in kind.parents}
    if name in parents:
        return Header("所属", parents[name])
    return None


def _unknown(b: Binding, table: str, key: str, place: Place) -> None:
    name = b.words.get(header_unit(key)[0], header_unit(key)[0])
    if (table, name) in b.scheme.figures or any(a.part == name for a in b.scheme.allocations if table in a.receivers):
        b.tell("D055", place, name=key, table=table)
        return
    elsewhere = sorted({t for t, n in b.scheme.inputs if n == name})
    if elsewhere:
        b.tell("D056", place, name=key, table=table, elsewhere="、".join(elsewhere))
        return
    known = [n for t, n in b.scheme.inputs if t == table]
    known += [b.scheme.labels.id(n, table) for n in known] + [w for w in b.words if b.words[w] in known] + list(_KEYS)
    b.tell("D057", place, name=key, table=table, **nearest(header_unit(key)[0], known))
