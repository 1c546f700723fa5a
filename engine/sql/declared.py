"""A scheme's relations where there is no data: what its declarations say of each column, and bounds where they say nothing."""

from collections.abc import Callable, Collection
from fractions import Fraction
from math import ceil, floor

from engine.nouns.core import Given, Input, NoFigure, Parameter, Range, Scheme, walk
from engine.nouns.kinds import Kind
from engine.nouns.pipeline import Carry, Derive, Ledger, Pipeline
from engine.sql.layout import OPEN, OWN, YEAR, Column, Layout, Relation
from engine.sql.names import Called, earlier

# What SQL without data holds for: amounts below 100 billion 元, other numbers below a billion, 100,000 rows below a unit.
MOST_FEN = 10**13
MOST_NUMBER = 10**9
MOST_ROWS = 10**5
_PARTS = 10**6


def declared(scheme: Scheme, pipeline: Pipeline, years: tuple[int, ...], *, blanks: bool = False) -> Layout:
    """The relations of every kind of rows, and of the earlier years that history reads.

    ``blanks``: any datum may be left blank; without it, of those without a default only one that the rules ask about.
    """
    asked = set(scheme.inputs) if blanks else _asked_of(pipeline)
    names = Called(scheme.labels)
    insurances: tuple[str | None, ...] = scheme.insurances if scheme.separate and scheme.insurances else (None,)
    relations: dict[str, Relation] = {}
    for kind, table in scheme.tables.items():
        above = dict.fromkeys(scheme.tables, MOST_ROWS)
        relations[kind] = Relation(
            kind, names.of(kind), table.parents, _columns(scheme, kind, asked), dict.fromkeys(years, MOST_ROWS), insurances,
            above, unique=True,
        )  # fmt: skip
    for step in pipeline.steps:
        for inner in step.steps if isinstance(step, Ledger) else (step,):
            if isinstance(inner, Carry) and inner.child is not None:
                kind = inner.child
                relations[earlier(kind)] = Relation(
                    earlier(kind), names.new(f"{scheme.labels.id(kind)}_years"), (), _columns(scheme, kind, asked), {},
                    insurances, dict.fromkeys(scheme.tables, 12), unique=True,
                )  # fmt: skip
    return Layout(relations, frozenset(scheme.tables), years)


def open_parameters(scheme: Scheme, is_open: Callable[[Parameter], bool], layout: Layout) -> Relation:
    """The relation of one row that gives what the rule file leaves open."""
    own = Called(scheme.labels)
    names = Called(scheme.labels, [relation.sql for relation in layout.relations.values()])
    columns = {
        name: _column_of(name, own.of(name), parameter.kind, parameter.range, blanks=True)
        for name, parameter in scheme.parameters.items()
        if is_open(parameter)
    }
    return Relation(OPEN, names.new(OPEN), (), columns, {})


def _asked_of(pipeline: Pipeline) -> set[tuple[str, str]]:
    """The data of which the rules ask whether they are given (已填)."""
    found: set[tuple[str, str]] = set()
    for step in pipeline.steps:
        for inner in step.steps if isinstance(step, Ledger) else (step,):
            if isinstance(inner, Derive):
                branches = [x for b in inner.exceptions for x in (b.condition, b.value)]
                for core in (inner.default, *branches):
                    nodes = () if isinstance(core, NoFigure) else walk(core)
                    found |= {(inner.table, node.column) for node in nodes if isinstance(node, Given)}
    return found


def _columns(scheme: Scheme, kind: str, asked: Collection[tuple[str, str]]) -> dict[str, Column]:
    names = Called(scheme.labels, [*OWN, YEAR])
    return {
        name: _column(scheme, kind, names.of(name, kind), datum, asked=(kind, name) in asked)
        for (table, name), datum in scheme.inputs.items()
        if table == kind
    }


def _column(scheme: Scheme, kind: str, sql: str, datum: Input, *, asked: bool) -> Column:
    """A column that a row may leave blank where the rules say what then holds, or ask for it."""
    blanks = asked or datum.default is not None or datum.event or datum.left_out or (kind, datum.name) in scheme.figures
    return _column_of(datum.name, sql, datum.kind, datum.range, blanks=blanks)


def _column_of(name: str, sql: str, kind: Kind, limits: Range, *, blanks: bool) -> Column:
    if not kind.is_number:
        return Column(name, sql, kind, blanks=blanks)
    money = kind.is_money and kind.per is None
    scale = 1 if money else _PARTS
    most = MOST_FEN if money else MOST_NUMBER
    low, high = limits.low, limits.high
    return Column(
        name,
        sql,
        kind,
        scale,
        -most * scale if low is None else floor(Fraction(low) * scale),
        most * scale if high is None else ceil(Fraction(high) * scale),
        blanks,
    )
