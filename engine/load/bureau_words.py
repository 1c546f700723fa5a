"""Which tables are a scheme's own kind tables, by name and columns, and which must be something else."""

from collections.abc import Iterator

from engine.load.tables import Table
from engine.load.text import name_text
from engine.load.values import header_unit
from engine.nouns.core import Scheme

_KEY_WORDS = frozenset(
    [
        "名称",
        "name",
        "年度",
        "year",
        "险种",
        "insurance",
        "序号",
        "rank",
        "单位",
        "unit",
        "月份",
        "month",
        "季度",
        "quarter",
        "半年",
        "half",
        "编号",
    ]
)


def is_strange(scheme: Scheme, table: Table) -> bool:
    """Whether a table is no kind table, or one with a column that the kind does not have."""
    kind = kind_of(scheme, table)
    return kind is None or bool(table.rows and strange_columns(scheme, kind, table))


def kind_of(scheme: Scheme, table: Table) -> str | None:
    """The kind of rows a table is named after; None where it is named after none."""
    labels = scheme.labels
    words = {word: kind for kind in scheme.tables for word in (kind, labels.id(kind), *labels.called.get(kind, ()))}
    return words.get(table.name)


def strange_columns(scheme: Scheme, kind: str, table: Table) -> list[str]:
    """The columns of a table's first row that the kind does not have."""
    known = {*spellings(scheme, kind), *_KEY_WORDS, *_owners(scheme, kind), *_documents(scheme, kind)}
    return [word for key in table.rows[0].cells if (word := header_unit(name_text(key))[0]) not in known]


def _owners(scheme: Scheme, kind: str) -> Iterator[str]:
    """What the column is headed by that names the unit a row is under."""
    for parent in scheme.tables[kind].parents:
        yield from (f"所属{parent}", f"所属{scheme.labels.here(parent)}", scheme.labels.id(parent))


def _documents(scheme: Scheme, kind: str) -> Iterator[str]:
    """What the columns are headed by that name the document of an event."""
    yield from (datum.evidence for (table, _), datum in scheme.inputs.items() if table == kind and datum.evidence)
    for (table, _), figure in scheme.figures.items():
        if table == kind and figure.gate is not None:
            yield from (test.evidence for test in figure.gate.tests if test.evidence)


def spellings(scheme: Scheme, kind: str) -> dict[str, str]:
    """Every word a column of a kind may be headed by, and the input it means."""
    words: dict[str, str] = {}
    for table, name in scheme.inputs:
        if table == kind:
            labels = scheme.labels
            for word in (name, labels.id(name, kind), *labels.called.get(name, ()), *labels.also.get(name, ())):
                words.setdefault(word, name)
    return words
