"""The difference between two schemes for a unit, split by topic: steps that add up to it to the fen.

The first scheme's rule is taken apart from the outside in (events, cap, assessment, rates), down to the whole it is taken
of; the whole is exchanged for the other scheme's; then the other rule is put together from the inside out. Each topic
takes what its taking away and its putting back change. What two topics do only together falls to the one that is
exchanged later; the order is always the same.
"""

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from itertools import pairwise

from engine.nouns import core as c
from engine.nouns import kinds as k
from engine.nouns.core import Core, NoFigure
from engine.nouns.numbers import round_to
from engine.nouns.pipeline import Derive, Ledger, Pipeline
from engine.nouns.settlement import Settlement
from engine.nouns.value import Value
from engine.nouns.world import Row
from grammar.frozen import dataclass

Trace = Callable[[Pipeline, Row], Callable[[Core], Value]]
EVENTS, CAP, SCORE, BUDGET = "events", "retention_cap", "score", "budget"
SCORE_FACTOR = "考核系数"
# Figures that are compared, the topic their rates belong to, and of which figure and of what whole each is a part.
FIGURES: Mapping[str, str] = {
    "结余留用": "retained", "结余留转": "carried", "经办机构留用": "retained", "基金分担": "overspend", "机构承担": "overspend",
    "应得合计": "budget",
}  # fmt: skip
_REST: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "经办机构留用": ("结余", ("结余留用", "结余留转")),
    "机构承担": ("超支", ("基金分担",)),
}


@dataclass(frozen=True, slots=True)
class Part:
    """One step: its topic, what it changes in fen, the clauses of both sides."""

    topic: str
    delta: int
    citations: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Attribution:
    """From one scheme to another for a unit's figure: the whole difference and its steps."""

    source: str
    target: str
    row: Row
    figure: str
    total: int
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Settled:
    """A scheme's run on the data, with what tells every expression's value on a row."""

    settlement: Settlement
    trace: Trace


def attributions(one: Settled, other: Settled) -> list[Attribution]:
    """Every figure both schemes know for the same unit, insurance type and year."""
    theirs = unit_rows(other.settlement)
    found = []
    for row, pipeline in unit_rows(one.settlement):
        match = same_unit(row, theirs)
        if match is None or row.refused or match[0].refused:
            continue
        here, there = _Taken(row, pipeline, one.trace), _Taken(match[0], match[1], other.trace)
        for figure in FIGURES:
            parts = _parts(figure, here, there)
            before, after = here.known(figure), there.known(figure)
            if parts is None or before is None or after is None:
                continue
            assert sum(p.delta for p in parts) == after - before
            found.append(
                Attribution(one.settlement.scheme.id, other.settlement.scheme.id, row, figure, after - before, parts)
            )
    return found


def _parts(figure: str, here: "_Taken", there: "_Taken") -> tuple[Part, ...] | None:
    if figure == "应得合计":
        return _of_entitlement(here, there)
    if figure in _REST:
        return _of_rest(figure, here, there)
    return _of_share(figure, here, there)


def _of_share(figure: str, here: "_Taken", there: "_Taken") -> tuple[Part, ...] | None:
    before, after = here.known(figure), there.known(figure)
    if before is None or after is None:
        return None
    whole = "超支" if figure in {"基金分担", "机构承担"} else "结余"
    down, up = here.layers(figure, whole), there.layers(figure, whole)
    if down is None or up is None:
        return (Part(FIGURES[figure], after - before, _cited(here, there, figure)),) if after != before else ()
    deltas: dict[str, int] = {}
    clauses: dict[str, list[str]] = {}
    for layers, sign in ((down, 1), (up, -1)):
        for (_, outer, _), (topic, inner, cited) in pairwise(layers):
            name = FIGURES[figure] if topic == "rates" else topic
            deltas[name] = deltas.get(name, 0) + sign * (inner - outer)
            if inner != outer:
                clauses.setdefault(name, []).extend(cited)
    deltas[BUDGET] = deltas.get(BUDGET, 0) + up[-1][1] - down[-1][1]
    clauses.setdefault(BUDGET, []).extend((*here.clauses("调整后预算"), *there.clauses("调整后预算")))
    order = (BUDGET, FIGURES[figure], SCORE, CAP, EVENTS)
    return tuple(Part(t, deltas[t], tuple(dict.fromkeys(clauses.get(t, ())))) for t in order if deltas.get(t))


def _of_rest(figure: str, here: "_Taken", there: "_Taken") -> tuple[Part, ...] | None:
    """A rest: what changes the whole, less what changes the parts before it."""
    whole, others = _REST[figure]
    before, after = here.known(whole), there.known(whole)
    if before is None or after is None:
        return None
    deltas = {BUDGET: after - before}
    clauses: dict[str, list[str]] = {BUDGET: [*here.clauses("调整后预算"), *there.clauses("调整后预算")]}
    for other in others:
        parts = _of_share(other, here, there)
        if parts is None:
            return None
        for part in parts:
            deltas[part.topic] = deltas.get(part.topic, 0) - part.delta
            clauses.setdefault(part.topic, []).extend(part.citations)
    total = (there.known(figure) or 0) - (here.known(figure) or 0)
    if sum(deltas.values()) != total:
        return (Part(FIGURES[figure], total, _cited(here, there, figure)),)
    return tuple(Part(t, d, tuple(dict.fromkeys(clauses[t]))) for t, d in deltas.items() if d)


def _of_entitlement(here: "_Taken", there: "_Taken") -> tuple[Part, ...] | None:
    before, after = here.known("应得合计"), there.known("应得合计")
    kept, borne = _of_share("结余留用", here, there), _of_share("基金分担", here, there)
    if before is None or after is None or kept is None or borne is None:
        return None
    deltas: dict[str, int] = {}
    clauses: dict[str, list[str]] = {}
    for part in (*kept, *borne):
        deltas[part.topic] = deltas.get(part.topic, 0) + part.delta
        clauses.setdefault(part.topic, []).extend(part.citations)
    left = after - before - sum(deltas.values())
    deltas[BUDGET] = deltas.get(BUDGET, 0) + left
    clauses.setdefault(BUDGET, []).extend((*here.clauses("调整后预算"), *there.clauses("调整后预算")))
    return tuple(Part(t, d, tuple(dict.fromkeys(clauses[t]))) for t, d in deltas.items() if d)


_Layer = tuple[str, int, tuple[str, ...]]


class _Taken:
    """A unit's row under one scheme, and its rules with features taken away."""

    def __init__(self, row: Row, pipeline: Pipeline, trace: Trace) -> None:
        self.row, self.pipeline = row, pipeline
        self.value_of = trace(pipeline, row)
        self.steps = {s.column: s for s in _derives(pipeline) if s.table == row.table}

    def known(self, figure: str) -> int | None:
        """A figure in fen; a figure the scheme does not know is nothing, one that is open is not known."""
        value = self.row.columns.get(figure)
        if value is None or value.is_absent:
            return 0
        now = value.now
        return now if isinstance(now, int) and not isinstance(now, bool) else None

    def clauses(self, figure: str) -> tuple[str, ...]:
        """The clauses of a figure's rule."""
        step = self.steps.get(figure)
        return step.figure.clauses if step is not None else ()

    def layers(self, figure: str, whole: str) -> list[_Layer] | None:
        """The figure as it is, then with one feature after another taken away, down to its whole."""
        actual, base = self.known(figure), self.known(whole)
        if actual is None or base is None:
            return None
        step = self.steps.get(figure)
        if step is None or isinstance(step.default, NoFigure):
            return [("", actual, ()), ("rates", base, ())]
        layers: list[_Layer] = [("", actual, ())]
        node: Core = step.default
        decided = [x for i in self.row.decided.get(figure, ()) for x in step.exceptions[i].clauses]
        for topic, take, cited in (
            (EVENTS, _as_it_is, tuple(decided)),
            (CAP, _without_caps, self._cap_clauses(node)),
            (SCORE, _without_scores, step.figure.clauses),
            ("rates", _without_rates, step.figure.clauses),
        ):
            node = take(node)
            worked = self.value_of(node).now
            if not isinstance(worked, int | Fraction) or isinstance(worked, bool):
                return None
            layers.append((topic, int(round_to(worked, 1, step.mode)), cited))
        layers.append(("rates", base, step.figure.clauses))
        return layers

    def _cap_clauses(self, node: Core) -> tuple[str, ...]:
        names = [
            limit.column
            for part in c.walk(node)
            if isinstance(part, c.Apply) and part.operator == "most"
            for limit in part.args[1:]
            if isinstance(limit, c.Read)
        ]
        return tuple(x for name in names for x in self.clauses(name))


def _as_it_is(node: Core) -> Core:
    return node


def _without_caps(node: Core) -> Core:
    return _mapped(node, lambda n: n.args[0] if n.operator == "most" else n)


def _without_scores(node: Core) -> Core:
    return _mapped(node, lambda n: _other(n, _is_score))


def _without_rates(node: Core) -> Core:
    return _mapped(node, lambda n: _other(n, _is_rate))


def _other(node: c.Apply, is_factor: Callable[[Core], bool]) -> Core:
    """A product without a factor of a sort."""
    if node.operator not in {"multiply", "part"}:
        return node
    left, right = node.args
    if is_factor(right):
        return left
    return right if is_factor(left) else node


def _is_score(node: Core) -> bool:
    inner = node.read if isinstance(node, c.LeftOut) else node
    return isinstance(inner, c.Read) and inner.column == SCORE_FACTOR


def _is_rate(node: Core) -> bool:
    inner = node.read if isinstance(node, c.LeftOut) else node
    return isinstance(inner, c.ReadParameter | c.Constant) and inner.kind.base is k.Base.RATIO


def _mapped(node: Core, change: Callable[[c.Apply], Core]) -> Core:
    """The expression with every operation changed, innermost first."""
    if not isinstance(node, c.Apply):
        return node
    args = tuple(_mapped(arg, change) for arg in node.args)
    return change(c.Apply(node.operator, args, node.kind, node.written, span=node.span))


def _cited(here: _Taken, there: _Taken, figure: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*here.clauses(figure), *there.clauses(figure))))


def _derives(pipeline: Pipeline) -> Sequence[Derive]:
    steps = [inner for step in pipeline.steps for inner in (step.steps if isinstance(step, Ledger) else (step,))]
    return [step for step in steps if isinstance(step, Derive)]


def unit_rows(settlement: Settlement) -> list[tuple[Row, Pipeline]]:
    """The units' rows of a run, in order."""
    found: dict[int, tuple[Row, Pipeline]] = {}
    for result in settlement.figures:
        if result.name == "结余或超支" and result.row.period.grain == "year":
            found.setdefault(id(result.row), (result.row, result.pipeline))
    return list(found.values())


def same_unit(row: Row, rows: list[tuple[Row, Pipeline]]) -> tuple[Row, Pipeline] | None:
    """The row of the same unit, year and insurance type; where a scheme tells no types apart, of the same unit and year."""
    same = [pair for pair in rows if (pair[0].unit, pair[0].period) == (row.unit, row.period)]
    exact = [pair for pair in same if pair[0].insurance == row.insurance]
    if exact:
        return exact[0]
    alike = [pair for pair in same if pair[0].insurance is None or row.insurance is None]
    return alike[0] if len(alike) == 1 else None
