"""A program as SQL to be read: the tables it reads, one statement for each table it makes, and the identities as queries."""

from collections.abc import Iterator

from sqlglot import exp

from engine.sql.engines import creation
from engine.sql.layout import Layout
from engine.sql.levels import quoted
from engine.sql.program import Program
from engine.sql.storage import columns_of
from engine.sql.whole import Dialect
from grammar.diagnostic import Language


def text_of_program(program: Program, layout: Layout, dialect: Dialect, head: list[str], language: Language) -> str:
    """The whole text."""
    parts = ["\n".join(f"-- {line}".rstrip() for line in head)]
    tables = list(program.tables())
    read = {table.name for _, query in tables for table in query.find_all(exp.Table)}
    for relation in layout.relations.values():
        if relation.sql not in read:
            continue
        told = {column.sql: column for column in relation.columns.values()}
        create = creation(relation.sql, columns_of(relation, dialect))
        for definition in create.find_all(exp.ColumnDef):
            column = told.get(definition.name)
            if column is not None:
                scale = f" × {column.scale:,}" if column.scale != 1 else ""
                definition.add_comments([f"{column.name}{scale}"])
        parts.append(f"-- {relation.kind}\n{_printed(create, dialect)};")
    for table, query in tables:
        temporary = exp.Properties(expressions=[exp.TemporaryProperty()])
        # A session's own tables are views in Spark.
        kind = "VIEW" if dialect == "spark" else "TABLE"
        made = exp.Create(this=exp.to_table(table), kind=kind, expression=query, properties=temporary)
        parts.append(f"{_printed(quoted(made), dialect)};")
    parts += list(_identities(program, dialect, language))
    return "\n\n".join(parts) + "\n"


def _identities(program: Program, dialect: Dialect, language: Language) -> Iterator[str]:
    """Each identity as a query that answers with the rows on which it does not hold."""
    for year, kinds in program.years.items():
        for rows in kinds.values():
            for step, tree in rows.checks:
                query = (
                    exp.select("*")
                    .from_(exp.to_table(rows.frame.source))
                    .where(exp.Not(this=exp.Paren(this=tree.copy())))
                )
                clauses = "、".join(step.clauses)
                what = (
                    f"恒等式 {year}：{step.text} {clauses}"
                    if language == "zh"
                    else f"identity {year}: {step.text} {clauses}"
                )
                yield f"-- {what.strip()}\n{_printed(quoted(query), dialect)};"


def _printed(tree: exp.Expression, dialect: Dialect) -> str:
    return tree.sql(dialect=dialect, pretty=True, max_text_width=110)
