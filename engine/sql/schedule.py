"""The order in which a pipeline's steps go into SQL: as few tables as may be, and no reader before what it reads."""

from collections.abc import Iterator

from engine.compile.compile import columns_of
from engine.nouns import core as c
from engine.nouns.core import Core, NoFigure, Scheme
from engine.nouns.pipeline import (
    GIVEN,
    SPENT_ON,
    Aggregate,
    Allocate,
    Carry,
    Check,
    Derive,
    Inspect,
    Ledger,
    Pipeline,
    Sequence,
    Spread,
    Step,
)

Key = tuple[str, str]
# Whether a gate refuses a row, as if it were a column: what a gate does goes down to everything below.
REFUSED = "·不结算"


def scheduled(pipeline: Pipeline) -> list[Step | Ledger]:
    """The steps by how often rows of one kind must wait for those of another; else as they stand in the pipeline."""
    waves: list[int] = []
    made: dict[Key, int] = {}
    read: dict[Key, int] = {}
    for step in pipeline.steps:
        wave = 0
        for key, elsewhere in _reads(step, pipeline.scheme):
            # Data lies ready: only what is worked out has to be put down for others.
            wave = max(wave, made[key] + elsewhere if key in made else 0)
        columns = list(_columns(step, pipeline.scheme))
        # Who read a datum before the figure of the same name is made read the datum.
        wave = max([wave, *(read.get(key, 0) for key in columns), *(made.get(key, 0) for key in columns)])
        # Whatever a gate decides it decides for the steps after it.
        for key, _ in _reads(step, pipeline.scheme):
            read[key] = max(read.get(key, 0), wave)
        made.update(dict.fromkeys(columns, wave))
        waves.append(wave)
    order = sorted(range(len(waves)), key=lambda i: (waves[i], i))
    return [pipeline.steps[i] for i in order]


def _columns(step: Step | Ledger, scheme: Scheme) -> Iterator[Key]:
    """The columns a step makes, a gate's refusal among them."""
    for inner in step.steps if isinstance(step, Ledger) else (step,):
        yield from columns_of(inner)
        if isinstance(inner, Derive) and inner.figure.gate is not None and inner.figure.gate.not_settled:
            yield from ((table, REFUSED) for table in below(inner.table, scheme))


def below(table: str, scheme: Scheme) -> tuple[str, ...]:
    """A kind of rows and all that belong to it, directly or through others."""
    found = [table]
    for name in found:
        found += [t.name for t in scheme.tables.values() if name in t.parents and t.name not in found]
    return tuple(found)


def _reads(step: Step | Ledger, scheme: Scheme) -> Iterator[tuple[Key, bool]]:
    """The columns a step reads in the same year, and whether they are of rows of another kind."""
    nodes: list[tuple[str, Core | NoFigure, bool]] = []
    match step:
        case Ledger(steps=steps):
            own = {key for inner in steps for key in columns_of(inner)}
            for inner in steps:
                yield from ((key, True) for key, _ in _reads(inner, scheme) if key not in own)
        case Derive(table=table, default=default, exceptions=exceptions, remaining=remaining):
            values = [default, *(b.value for b in exceptions), *((remaining,) if remaining is not None else ())]
            nodes = [(table, node, False) for node in (*values, *(b.condition for b in exceptions))]
            yield (table, REFUSED), False
        case Aggregate(table=table, tables=tables, source=source, where=where):
            for t in tables:
                yield (t, source), True
                yield (t, REFUSED), True
            yield (table, REFUSED), False
            nodes = [(t, where, True) for t in tables if where is not None]
        case Spread(above=above, source=source, table=table):
            yield from (((t, source), True) for t in ((above,) if above is not None else scheme.tables[table].parents))
        case Carry(table=table, source=source, opening=opening, child=child):
            if child is None:
                yield (table, source), False
            nodes = [(table, opening, False)] if opening is not None else []
        case Sequence(table=table, source=source):
            yield (table, source), False
        case Allocate(table=table, whole=whole, receivers=receivers, weight=weight, each=each):
            nodes = [(table, whole, True)]
            nodes += [(t, node, False) for t, node in (*weight.items(), *each.items())]
            for t in receivers:
                yield (t, REFUSED), False
            yield (table, REFUSED), True
        case Check(table=table, left=left, right=right):
            nodes = [(table, node, False) for node in (left, right) if node is not None]
            yield (table, REFUSED), False
        case Inspect(table=table, uses=uses):
            yield from (((t, SPENT_ON), True) for t in uses.spending)
    for table, root, elsewhere in nodes:
        if not isinstance(root, NoFigure):
            yield from (((table, name), elsewhere) for name in _read(root))


def _read(root: Core) -> Iterator[str]:
    for node in c.walk(root):
        if isinstance(node, c.Read | c.Given):
            yield node.column.removeprefix(GIVEN)
            yield node.column
