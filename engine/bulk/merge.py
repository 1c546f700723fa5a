"""How an engine linked rows (合并自), put on the rows the interpreter would have worked on: who joins whom, and what that makes."""

from collections.abc import Iterator, Mapping
from datetime import date
from itertools import groupby
from typing import Any

from sqlglot import exp

from engine.bulk.decode import Decoder
from engine.bulk.fill import Tables
from engine.interpret.link import merged, place
from engine.nouns.pipeline import Link, Pipeline
from engine.nouns.value import Value
from engine.nouns.world import Joint, Row
from engine.sql.engines import Engine
from engine.sql.layout import ROW
from engine.sql.levels import quoted
from engine.sql.linking import Linked
from engine.sql.program import Program
from engine.sql.whole import Arithmetic

Merged = dict[tuple[int, str], Mapping[int, Row]]


def merge(engine: Engine, program: Program, pipelines: Mapping[int, Pipeline], tables: Mapping[int, Tables]) -> Merged:
    """The rows that the engine made of others, by year and kind, each by its number; they are put among the others."""
    found: Merged = {}
    for kind, linked in program.links.items():
        steps = {year: _step(pipeline, kind) for year, pipeline in pipelines.items()}
        rows = [row for year in tables for row in tables[year].get(linked.source.kind, ())]
        made: dict[int, Row] = {}
        for group in _groups(engine, program, linked):
            made.update(_made(group, rows, steps))
        for year, pipeline in pipelines.items():
            of_year = {number: row for number, row in made.items() if row.period.year == year}
            place(pipeline.scheme.insurances, tables[year], kind, of_year.values())
            found[year, kind] = of_year
    return found


def _step(pipeline: Pipeline, kind: str) -> Link:
    return next(step for step in pipeline.steps if isinstance(step, Link) and step.table == kind)


# A row of the source: its number, that of the row it is part of for certain, and how it meets the one before it.
_Met = tuple[int, int, list[Value]]


def _groups(engine: Engine, program: Program, linked: Linked) -> Iterator[list[_Met]]:
    """The rows of each key in their order; none of those that cannot be linked."""
    asked = sorted(linked.names(Arithmetic(program.dialect)))
    decoder = Decoder(asked, program.names)
    values = [decoder.value(value) for value in linked.met()]
    in_doubt = decoder.answer(linked.doubt)
    number, part, first = (decoder.places[x] for x in (ROW, linked.part.name, linked.first.name))
    select = exp.select(*(exp.column(name) for name in asked)).from_(exp.to_table(linked.source.sql))
    select = select.order_by(linked.first.copy(), linked.end.copy(), exp.column(ROW))
    for _, group in groupby(engine.rows(quoted(select)), key=lambda cells: cells[first]):
        kept: list[tuple[Any, ...]] = list(group)
        if not any(in_doubt(cells) for cells in kept):
            yield [(cells[number], cells[part], [value(cells) for value in values]) for cells in kept]


def _made(group: list[_Met], rows: list[Row], steps: Mapping[int, Link]) -> Iterator[tuple[int, Row]]:
    """The rows made of those of one key, by their numbers."""
    mine = [(rows[number], steps[rows[number].period.year]) for number, _, _ in group]
    parts = {id(row): part for (row, _), (_, part, _) in zip(mine, group, strict=True)}
    since: Row | None = None
    latest: date | None = None
    for index, ((row, step), (_, _, (joins, gap, bound, *apart))) in enumerate(zip(mine, group, strict=True)):
        if index:
            before = mine[index - 1][0]
            row.columns.update((column, before.columns[source]) for column, source in step.before.items())
            row.joint = Joint(before, row, joins, gap, bound, tuple(apart), since)
        left = row.columns[step.start].base
        if isinstance(left, date) and (latest is None or left > latest):
            since, latest = row, left
    for row in merged(mine, [values[0] for _, _, values in group]):
        yield parts[id(row.children[mine[0][1].source][-1])], row
