"""A scheme's relations where there is no data: what its declarations say of each column, and bounds where they say nothing."""

from fractions import Fraction
from math import ceil, floor

from engine.nouns.core import Input, Scheme
from engine.nouns.pipeline import Carry, Ledger, Pipeline
from engine.sql.layout import OWN, YEAR, Column, Layout, Relation
from engine.sql.names import Called, earlier

# What SQL without data holds for: amounts below 100 billion 元, other numbers below a billion, 100,000 rows below a unit.
MOST_FEN = 10**13
MOST_NUMBER = 10**9
MOST_ROWS = 10**5
_PARTS = 10**6


def declared(scheme: Scheme, pipeline: Pipeline, years: tuple[int, ...]) -> Layout:
    """The relations of every kind of rows, and of the earlier years that history reads."""
    names = Called(scheme.labels)
    insurances: tuple[str | None, ...] = scheme.insurances if scheme.separate and scheme.insurances else (None,)
    relations: dict[str, Relation] = {}
    for kind, table in scheme.tables.items():
        above = dict.fromkeys(scheme.tables, MOST_ROWS)
        relations[kind] = Relation(
            kind, names.of(kind), table.parents, _columns(scheme, kind), dict.fromkeys(years, MOST_ROWS), insurances,
            above, unique=True,
        )  # fmt: skip
    for step in pipeline.steps:
        for inner in step.steps if isinstance(step, Ledger) else (step,):
            if isinstance(inner, Carry) and inner.child is not None:
                kind = inner.child
                relations[earlier(kind)] = Relation(
                    earlier(kind), names.new(f"{scheme.labels.id(kind)}_years"), (), _columns(scheme, kind), {},
                    insurances, dict.fromkeys(scheme.tables, 12), unique=True,
                )  # fmt: skip
    return Layout(relations, frozenset(scheme.tables), years)


def _columns(scheme: Scheme, kind: str) -> dict[str, Column]:
    names = Called(scheme.labels, [*OWN, YEAR])
    return {
        name: _column(scheme, kind, names.of(name, kind), datum)
        for (table, name), datum in scheme.inputs.items()
        if table == kind
    }


def _column(scheme: Scheme, kind: str, sql: str, datum: Input) -> Column:
    """A column that a row may leave blank only where the rules say what then holds."""
    blanks = datum.default is not None or datum.event or datum.left_out or (kind, datum.name) in scheme.figures
    if not datum.kind.is_number:
        return Column(datum.name, sql, datum.kind, blanks=blanks)
    money = datum.kind.is_money and datum.kind.per is None
    scale = 1 if money else _PARTS
    most = MOST_FEN if money else MOST_NUMBER
    low, high = datum.range.low, datum.range.high
    return Column(
        datum.name,
        sql,
        datum.kind,
        scale,
        -most * scale if low is None else floor(Fraction(low) * scale),
        most * scale if high is None else ceil(Fraction(high) * scale),
        blanks,
    )
