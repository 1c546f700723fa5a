"""A program as SQL to be read: the tables it reads, one statement for each table it makes, and the identities as queries."""

import re
from collections.abc import Collection, Iterator

from sqlglot import exp

from engine.sql.conditions import known
from engine.sql.layout import INSURANCE, OPEN, OWN, UNIT, YEAR, Layout, Relation
from engine.sql.levels import quoted
from engine.sql.program import Program
from engine.sql.storage import columns_of
from engine.sql.whole import Dialect
from grammar.diagnostic import Language


def text_of_program(program: Program, layout: Layout, dialect: Dialect, head: list[str], language: Language) -> str:
    """The whole text."""
    parts = ["\n".join(f"-- {line}".rstrip() for line in head)]
    tables = list(program.tables())
    identities = list(_identities(program, language))
    queries = [query for _, query in (*tables, *identities) if query is not None]
    read = {table.name for query in queries for table in query.find_all(exp.Table)}
    named = {column.name for query in queries for column in query.find_all(exp.Column)}
    kinds = {kind for of_year in program.years.values() for kind in of_year}
    for relation in layout.relations.values():
        if relation.sql in read:
            # What open parameters and earlier years have is not what rows of a kind have.
            own = OWN if relation.kind in kinds else () if relation.kind == OPEN else (YEAR, UNIT, INSURANCE)
            parts.append(f"-- {relation.kind}\n{_created(relation, named - (set(OWN) - set(own)), dialect)}")
    for table, query in tables:
        temporary = exp.Properties(expressions=[exp.TemporaryProperty()])
        # A session's own tables are views in Spark.
        kind = "VIEW" if dialect == "spark" else "TABLE"
        made = exp.Create(this=exp.to_table(table), kind=kind, expression=query, properties=temporary)
        parts.append(f"{_printed(quoted(made), dialect)};")
    for what, failing in identities:
        parts.append(f"-- {what}" + ("" if failing is None else f"\n{quoted(failing).sql(dialect=dialect)};"))
    return "\n\n".join(parts) + "\n"


def _identities(program: Program, language: Language) -> Iterator[tuple[str, exp.Select | None]]:
    """Each identity as a query that answers with the rows on which it does not hold; None where the rules make it hold."""
    for year, kinds in program.years.items():
        for rows in kinds.values():
            for step, tree in rows.checks:
                clauses = "、".join(step.clauses)
                what = (
                    f"恒等式 {year}：{step.text} {clauses}"
                    if language == "zh"
                    else f"identity {year}: {step.text} {clauses}"
                )
                if known(tree):
                    yield (
                        f"{what.strip()}{'：按规则总是成立' if language == 'zh' else ': the rules make it hold'}",
                        None,
                    )
                    continue
                query = exp.select("*").from_(exp.to_table(rows.frame.source))
                if rows.frame.where is not None:
                    query = query.where(rows.frame.where.copy())
                query = query.where(exp.Not(this=exp.Paren(this=tree.copy())))
                yield what.strip(), query


def _created(relation: Relation, named: Collection[str], dialect: Dialect) -> str:
    """What makes a relation with the columns that are read; what every relation has stands in one line."""
    told = {column.sql: column for column in relation.columns.values()}
    definitions = []
    for name, kind in columns_of(relation, dialect):
        if name in named:
            called = quoted(exp.to_identifier(name)).sql(dialect=dialect)
            definitions.append((told.get(name), f"{called} {kind.sql(dialect=dialect)}"))
    lines = []
    common = [text for column, text in definitions if column is None]
    if common:
        lines.append((", ".join(common), ""))
    for column, text in definitions:
        if column is not None:
            lines.append((text, f" /* {column.name}{f' × {column.scale:,}' if column.scale != 1 else ''} */"))
    body = [f"  {text}{',' if place < len(lines) else ''}{comment}" for place, (text, comment) in enumerate(lines, 1)]
    return "\n".join([f"CREATE TABLE {quoted(exp.to_identifier(relation.sql)).sql(dialect=dialect)} (", *body, ");"])


def _printed(tree: exp.Expression, dialect: Dialect) -> str:
    return gathered(tree.sql(dialect=dialect, pretty=True, max_text_width=_WIDTH))


_WIDTH = 110
_BRACKETS = re.compile(r"^( *)(.*\()\n\s*([^\n]+)\n\s*(\)[^\n]*)$", re.MULTILINE)
_CLAUSE = re.compile(
    r"^( *)(WHERE|GROUP BY|FROM|LEFT JOIN [^\n]+)\n\1  ( *[^ \n][^\n]*)(?=\n(?!\1  )|\Z)", re.MULTILINE
)
_CASE = re.compile(
    r"^( *)([^\n]*\bCASE)\n\s*(WHEN [^\n]+)\n\s*(THEN [^\n]+)\n(?:\s*(ELSE [^\n]+)\n)?\s*(END[^\n]*)$", re.MULTILINE
)


def gathered(text: str) -> str:
    """The text with what is short in one line: the printer breaks every bracket, clause and choice over several."""

    def joined(found: re.Match[str]) -> str:
        indent, first, *rest = found.groups()
        inside = first.endswith("(")
        parts = [part.strip() for part in rest if part]
        line = indent + first + "".join(parts) if inside else " ".join([indent + first, *parts])
        plain = line.partition("/*")[0]
        return line if len(plain) <= _WIDTH and "/*" not in "".join([first, *parts[:-1]]) else found.group()

    before = ""
    while before != text:
        before = text
        for pattern in (_BRACKETS, _CASE, _CLAUSE):
            text = pattern.sub(joined, text)
    return _in_rows(text).replace("SELECT\n  *,\n", "SELECT *,\n").replace("SELECT\n    *,\n", "SELECT *,\n")


_NAME = re.compile(r"( *)((?:\"[^\"]+\"|[a-z_][a-z0-9_]*),)")


def _in_rows(text: str) -> str:
    """Columns taken over as they are, several to a line."""
    lines: list[str] = []
    room = False
    for line in text.split("\n"):
        name = _NAME.fullmatch(line)
        if name and room and lines[-1].startswith(name[1]) and len(lines[-1]) + len(name[2]) < _WIDTH:
            lines[-1] += f" {name[2]}"
        else:
            lines.append(line)
        room = name is not None
    return "\n".join(lines)
