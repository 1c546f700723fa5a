"""What the steps of one year work with: the pipeline, its rows, what evaluates, and where findings go."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from engine.interpret.evaluate import Evaluator
from engine.nouns.pipeline import Pipeline
from engine.nouns.world import Row, Unlinked
from grammar.diagnostic import Finding, Place
from grammar.source import Span


@dataclass(slots=True)
class Work:
    """One year's pipeline and rows; ``supplied`` are the kinds that were handed in."""

    pipeline: Pipeline
    tables: Mapping[str, tuple[Row, ...]]
    supplied: frozenset[str]
    evaluator: Evaluator
    findings: list[Finding]

    def tell(self, code: str, where: Span | Place | None, row: Row, /, **values: object) -> None:
        """Tell of something about a row."""
        if row.standing is not None:
            # Nothing is wrong with a row that may not be there.
            return
        about = {"unit": row.unit, "period": str(row.period), "insurance": row.insurance or "—"}
        self.findings.append(Finding(code, where, {**about, **values}))


def unlinked(row: Row, table: str) -> Iterator[Unlinked]:
    """What of the rows under a row cannot be linked into rows of a kind."""
    if row.unlinked is not None and table in row.unlinked:
        yield row.unlinked[table]
    elif table not in row.children:
        for children in row.children.values():
            # Only what lies above rows of the kind has such; the rows of one kind are alike in that.
            for child in children:
                if child.unlinked is not None or child.children:
                    yield from unlinked(child, table)


def descendants(row: Row, table: str) -> list[Row]:
    """The rows of a kind that belong to a row, directly or through others."""
    if table in row.children:
        return row.children[table]
    return [x for children in row.children.values() for child in children for x in descendants(child, table)]
