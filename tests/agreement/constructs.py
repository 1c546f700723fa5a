"""Which constructs of the language a program holds: kinds of step, of expression, operators, aggregates, declarations."""

from collections.abc import Iterator

from engine.nouns import core as c
from engine.nouns.core import Core, NoFigure, Scheme
from engine.nouns.pipeline import Ledger, Pipeline, Step


def constructs(pipeline: Pipeline) -> set[str]:
    """The names of all constructs a program holds."""
    scheme = pipeline.scheme
    found = {f"step {type(step).__name__}" for step in _steps(pipeline)}
    found |= {name for step in pipeline.steps if isinstance(step, Ledger) for name in ("step Ledger",)}
    for root in _roots(scheme):
        found |= {name for node in _everywhere(root) for name in _of_node(node)}
    for step in _steps(pipeline):
        for name in ("default", "left", "right"):
            node = getattr(step, name, None)
            if node is not None and not isinstance(node, NoFigure | bool | str):
                found |= {"node LeftOut" for x in c.walk(node) if isinstance(x, c.LeftOut)}
    found |= set(_declared(scheme))
    return found


def _steps(pipeline: Pipeline) -> Iterator[Step]:
    for step in pipeline.steps:
        yield from step.steps if isinstance(step, Ledger) else (step,)


def _roots(scheme: Scheme) -> Iterator[Core]:
    for figure in scheme.figures.values():
        values = (figure.default, *(b.value for b in figure.exceptions))
        yield from (x for x in values if not isinstance(x, NoFigure))
        yield from (b.condition for b in figure.exceptions)
        yield from (test.condition for test in (figure.gate.tests if figure.gate is not None else ()))
        if figure.part is not None:
            yield figure.part.whole
    for allocation in scheme.allocations:
        yield from (allocation.whole, *allocation.weight.values(), *allocation.each.values())
    for identity in scheme.identities:
        yield from (identity.left, identity.right)
    for link in scheme.links.values():
        yield from (link.bound, *link.unless)


def _everywhere(node: Core) -> Iterator[Core]:
    """The expression and all inside it, filters with it."""
    for inner in c.walk(node):
        yield inner
        if isinstance(inner, c.Gather) and inner.where is not None:
            yield from _everywhere(inner.where)


def _of_node(node: Core) -> Iterator[str]:
    yield f"node {type(node).__name__}"
    match node:
        case c.Apply(operator=operator):
            yield f"operator {operator}"
        case c.Gather(function=function, where=where):
            yield f"aggregate {function}"
            yield "aggregate with a filter" if where is not None else "aggregate of all"
        case c.History(function=function):
            yield f"history {function}"
        case c.Before(grain="row"):
            yield "row before"
        case c.Before(opening=opening):
            yield "earlier period with an opening" if opening is not None else "earlier period without one"
        case c.Given(grain=grain):
            yield "given" if grain is None else "given a period earlier"
        case _:
            pass


def _declared(scheme: Scheme) -> Iterator[str]:
    for parameter in scheme.parameters.values():
        yield f"parameter {parameter.state}"
        if parameter.assumed is not None:
            yield "parameter assumed"
        if parameter.range.high is not None:
            yield "parameter with a range"
        if any(entry.insurances for entry in parameter.entries):
            yield "parameter by insurance"
        if any(entry.start is not None and entry.start.year == 2026 for entry in parameter.entries):
            yield "parameter that changes within a year"
    for datum in scheme.inputs.values():
        yield f"datum {datum.kind.base.name}"
        yield from (name for name, has in _marks(datum) if has)
    for figure in scheme.figures.values():
        yield f"figure {figure.sort}"
        yield f"rounding {figure.mode}"
        yield from (name for name, has in _forms(figure) if has)
    for allocation in scheme.allocations:
        yield f"allocation {allocation.method}"
        yield f"spare fen {allocation.spare}"
    yield from (name for name, has in _parts(scheme) if has)


def _marks(datum: c.Input) -> tuple[tuple[str, bool], ...]:
    return (
        ("datum with a default", datum.default is not None and not datum.event),
        ("datum left out", datum.left_out),
        ("datum with a step", datum.step is not None),
        ("event", datum.event),
    )


def _forms(figure: c.Figure) -> tuple[tuple[str, bool], ...]:
    return (
        ("exception", len(figure.exceptions) == 1),
        ("several exceptions", len(figure.exceptions) > 1),
        ("ranked exceptions", any(b.above for b in figure.exceptions)),
        ("no figure", any(isinstance(b.value, NoFigure) for b in _branches(figure))),
        ("when blank", figure.when_blank),
        ("unrounded", figure.unrounded),
        ("gate that refuses", figure.gate is not None and figure.gate.not_settled),
    )


def _branches(figure: c.Figure) -> Iterator[c.Branch]:
    yield from figure.exceptions
    if isinstance(figure.default, c.Choose):
        yield from figure.default.branches


def _parts(scheme: Scheme) -> tuple[tuple[str, bool], ...]:
    return (
        ("identity", bool(scheme.identities)),
        ("bound by a figure", bool(scheme.limits)),
        ("scenario", any(s.values for s in scheme.scenarios.values())),
        ("roster", bool(scheme.rosters)),
        ("insurance types apart", scheme.separate),
        ("several kinds of parents", any(len(t.parents) > 1 for t in scheme.tables.values())),
    )
