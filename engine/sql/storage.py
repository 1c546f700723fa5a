"""How a relation is stored in an engine: its columns with their types."""

from sqlglot import exp

from engine.sql.layout import (
    COUNT,
    FROM_DATA,
    INSURANCE,
    NUMBER,
    PARENT,
    PARENT_KIND,
    PLACE,
    ROW,
    UNIT,
    YEAR,
    Column,
    Relation,
)
from engine.sql.whole import Arithmetic, Dialect, built

_OWN = {
    ROW: "BIGINT",
    PARENT: "BIGINT",
    PARENT_KIND: "SMALLINT",
    YEAR: "INT",
    NUMBER: "INT",
    UNIT: "VARCHAR",
    INSURANCE: "VARCHAR",
    FROM_DATA: "BOOLEAN",
    COUNT: "BIGINT",
    PLACE: "BIGINT",
}
_SORTS = {"yes_no": "BOOLEAN", "date": "DATE", "text": "VARCHAR"}


def columns_of(
    relation: Relation, dialect: Dialect, names: tuple[str, ...] | None = None
) -> list[tuple[str, exp.DataType]]:
    """The columns of a relation in order, with their types; ``names`` where it holds only some."""
    types = {name: built(kind) for name, kind in _OWN.items()}
    types |= {column.sql: type_of(column, dialect) for column in relation.columns.values()}
    return [(name, types[name].copy()) for name in (names if names is not None else types)]


def type_of(column: Column, dialect: Dialect) -> exp.DataType:
    """The type of a column."""
    if column.sort != "whole":
        return built(_SORTS[column.sort]).copy()
    return Arithmetic(dialect).type_of(column.low, column.high)
