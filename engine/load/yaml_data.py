"""A case in one YAML text: its single values, its assumptions and its tables."""

from collections import abc
from dataclasses import replace

from engine.load.tables import Cell, RawData, Row, Table
from engine.load.yaml_text import Mapping, Node, Scalar, Sequence, walk
from engine.nouns.suggest import nearest
from grammar.diagnostic import Finding, FindingsError, Place


def read_yaml(text: str, file: str) -> RawData:
    """The data of a YAML text; whatever is not a value, a row or a table in its place is a finding."""
    data = read_shapes(text, file)
    if data.findings:
        raise FindingsError(data.findings)
    return data


def read_shapes(text: str, file: str) -> RawData:
    """The same, with the findings beside what could be read; raises only where the text breaks off."""
    tree, findings = walk(text, file)
    if tree is None:
        raise FindingsError(findings)
    shaper = _Shaper(file, findings)
    data = shaper.data(tree)
    if not isinstance(tree, Mapping):
        raise FindingsError(shaper.findings)
    return replace(data, findings=tuple(shaper.findings))


def data_in(tree: Node, file: str) -> RawData:
    """The data of a part of a YAML text that was read already, such as the data of a worked case."""
    shaper = _Shaper(file, [])
    data = shaper.data(tree)
    if shaper.findings:
        raise FindingsError(shaper.findings)
    return data


_ASSUMPTIONS = ("假设", "assumptions")
_SINGLE = frozenset({"方案", "scheme", "年度", "year", "险种", "insurance"})


class _Shaper:
    """One passage over a tree, giving each node its place in the data and gathering those that have none."""

    def __init__(self, file: str, findings: list[Finding]) -> None:
        self.file = file
        self.findings = findings

    def data(self, tree: Node) -> RawData:
        heads: dict[str, Cell] = {}
        assumptions: dict[str, Cell] = {}
        tables: list[Table] = []
        if not isinstance(tree, Mapping):
            self._tell("D021", tree.place)
            return RawData(heads, assumptions, ())
        for name, node in tree.entries.items():
            if name in _ASSUMPTIONS:
                self._assume(node, tree.keys[name], assumptions)
            elif isinstance(node, Scalar):
                heads[name] = self._cell(node, None, None, name)
            elif name in _SINGLE:
                self._tell("D022", tree.keys[name], name=name)
            elif isinstance(node, Sequence):
                tables.append(self._table(name, node, tree.keys[name]))
            else:
                near = nearest(name, _ASSUMPTIONS)
                self._tell("D053" if near else "D024", tree.keys[name], name=name, **near)
        return RawData(heads, assumptions, tuple(tables))

    def _assume(self, node: Node, key: Place, assumptions: dict[str, Cell]) -> None:
        if isinstance(node, Mapping):
            for name in node.entries.keys() & assumptions.keys():
                self._tell("D018", node.keys[name], name=name, line=assumptions[name].place.line)
            assumptions.update(self._cells(node, None, None))
        elif not (isinstance(node, Scalar) and not node.text):
            self._tell("D025", key, name=key.key)

    def _table(self, name: str, node: Sequence, key: Place) -> Table:
        rows = []
        for number, item in enumerate(node.items, start=1):
            place = Place(self.file, item.place.line, item.place.column, name, number)
            if isinstance(item, Mapping):
                rows.append(Row(self._cells(item, name, number), place))
            else:
                self._tell("D023", place, table=name)
        return Table(name, tuple(rows), Place(self.file, key.line, key.column, name))

    def _cells(self, node: Mapping, sheet: str | None, row: int | None) -> abc.Mapping[str, Cell]:
        cells = {}
        for name, value in node.entries.items():
            if isinstance(value, Scalar):
                cells[name] = self._cell(value, sheet, row, name)
            else:
                place = Place(self.file, value.place.line, value.place.column, sheet, row, name)
                self._tell("D022", place, name=name)
        return cells

    def _cell(self, value: Scalar, sheet: str | None, row: int | None, name: str) -> Cell:
        return Cell(value.text.strip(), Place(self.file, value.place.line, value.place.column, sheet, row, name))

    def _tell(self, code: str, place: Place, **values: object) -> None:
        self.findings.append(Finding(code, place, values))
