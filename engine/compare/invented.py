"""A unit made up for a scheme: a budget of a hundred million yuan, wholly used, with what the rules cannot do without."""

from collections.abc import Mapping

from engine.load.tables import Cell, RawData, Row, Table
from engine.nouns import core as c
from engine.nouns import kinds as k
from engine.nouns.core import Scheme
from grammar.diagnostic import Place

BUDGET = "100000000"
_PLACE = Place("")
_NEEDED = ("年度总额预算", "年度清算总额")
_VALUES: Mapping[k.Base, str] = {k.Base.MONEY: BUDGET, k.Base.SIGNED: "0", k.Base.RATIO: "0%", k.Base.YES_NO: "否"}


def kind_of_unit(scheme: Scheme) -> str | None:
    """The first kind of rows that is settled at the year's end; a county alliance before others."""
    found = [t for t in scheme.tables if (t, "结余或超支") in scheme.figures]
    return "医共体" if "医共体" in found else next(iter(found), None)


def first_cells(scheme: Scheme, table: str) -> dict[str, str]:
    """The amounts every unit has, and what its gates ask for."""
    cells = {name: BUDGET for name in _NEEDED if (table, name) in scheme.inputs}
    for figure in scheme.figures.values():
        if figure.gate is None or figure.table != table:
            continue
        names = {n.column for t in figure.gate.tests for n in c.walk(t.condition) if isinstance(n, c.Read)}
        asked = [scheme.inputs[table, name] for name in sorted(names) if (table, name) in scheme.inputs]
        cells.update({i.name: "是" for i in asked if i.kind.base is k.Base.YES_NO})
    return cells


def more_cells(scheme: Scheme, table: str, missing: frozenset[str]) -> dict[str, str]:
    """Values for data that figures wait for, where there is one that changes nothing by itself."""
    found = (scheme.inputs.get((table, name)) for name in sorted(missing))
    return {i.name: _VALUES[i.kind.base] for i in found if i is not None and i.kind.base in _VALUES}


def as_data(scheme: Scheme, table: str, name: str, cells: Mapping[str, str]) -> RawData:
    """The unit as data."""
    year = 2026 if scheme.start is None else scheme.start.year + ((scheme.start.month, scheme.start.day) != (1, 1))
    heads = {"年度": str(year)}
    if scheme.insurances and (scheme.separate or len(scheme.insurances) == 1):
        heads["险种"] = "居民" if "居民" in scheme.insurances else scheme.insurances[0]
    row = Row({key: Cell(text, _PLACE) for key, text in {"名称": name, **cells}.items()}, _PLACE)
    return RawData({key: Cell(text, _PLACE) for key, text in heads.items()}, {}, (Table(table, (row,), _PLACE),))
