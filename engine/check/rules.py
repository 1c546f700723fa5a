"""Rules: figures with their exceptions and readings, parts of splits, indicators and gates."""

from dataclasses import dataclass, field
from fractions import Fraction

from engine.check.expressions import Typer
from engine.check.parameters import Declared, clauses
from engine.check.scope import Scope
from engine.check.symbols import RawException, RawFigure, Symbols
from engine.check.tables import Tables, all_of
from engine.nouns import core as c
from engine.nouns import kinds as k
from engine.nouns.core import Core, NoFigure
from engine.nouns.kinds import Kind
from engine.nouns.numbers import Number
from grammar import syntax as s
from grammar.source import source_text

GATE = "准入"


@dataclass(slots=True)
class Ruled:
    """Works out the kind of every column on demand and the rule of every figure once."""

    symbols: Symbols
    declared: Declared = field(init=False)
    columns: dict[tuple[str, str], Kind | None] = field(default_factory=dict)
    busy: set[tuple[str, str]] = field(default_factory=set)
    bodies: dict[tuple[str, str], Core | NoFigure | None] = field(default_factory=dict)

    @property
    def typer(self) -> Typer:
        """The typer of expressions."""
        return self.declared.typer

    # ---- kinds of columns

    def kind_of(self, table: str, name: str) -> Kind | None:
        """The kind of a column; of a group, the kind its members share. None where it is not known (yet)."""
        if table in self.symbols.groups:
            kinds = [self.kind_of(member, name) for member in self.symbols.groups[table]]
            joined = kinds[0] if kinds else None
            for kind in kinds[1:]:
                joined = k.joined(joined, kind) if joined and kind else None
            return joined
        if name.endswith("·达标"):
            return k.YES_NO
        key = (table, name)
        if key in self.columns:
            return self.columns[key]
        if key in self.busy:
            return None
        self.busy.add(key)
        kind = self._kind(key)
        self.busy.discard(key)
        self.columns[key] = kind
        return kind

    def _kind(self, key: tuple[str, str]) -> Kind | None:
        _table, name = key
        term = self.symbols.terms.get(name)
        raw = self.symbols.inputs.get(key)
        if raw is not None and raw.event is not None:
            return k.YES_NO
        if raw is not None and raw.node.type is not None:
            kind = self.declared.kind_of_value(raw.node.type)
            if term is not None and kind is not None:
                wanted = self.declared.kind_of_value(term.type)
                if wanted is not None and wanted.base is not kind.base:
                    self.symbols.tell("C320", raw.node.name.span, name=name, wanted=wanted.words)
            return kind
        if term is not None:
            return self.declared.kind_of_value(term.type)
        figure = self.symbols.figures.get(key)
        if figure is not None:
            return self._figure_kind(figure)
        if raw is not None:
            self.symbols.tell("C321", raw.node.name.span, name=name)
        return None

    def _figure_kind(self, raw: RawFigure) -> Kind | None:
        match raw.node:
            case s.Gate():
                return k.YES_NO
            case s.Indicator():
                return k.RATIO
            case s.Allocate():
                return self._allocated_kind(raw)
            case s.Figure():
                body = self.body(raw)
                if isinstance(body, NoFigure):
                    return None
                return body.kind if body is not None else None

    def _allocated_kind(self, raw: RawFigure) -> Kind | None:
        for allocation in self.symbols.allocations:
            if allocation.node is raw.node:
                whole = self.typer.expression(allocation.node.whole, Scope(allocation.table))
                return whole.kind if whole is not None else None
        return None

    # ---- figures

    def body(self, raw: RawFigure) -> Core | NoFigure | None:
        """The default of a figure without its rounding, checked once."""
        key = (raw.table, raw.name)
        if key not in self.bodies:
            assert isinstance(raw.node, s.Figure)
            self.bodies[key] = self._body(raw.node.body, self._scope(raw))
        return self.bodies[key]

    def _scope(self, raw: RawFigure) -> Scope:
        if raw.part is None:
            return Scope(raw.table, raw.name)
        split, index = raw.part.split, raw.part.index
        whole = self.typer.expression(split.whole, Scope(raw.table))
        above = []
        for part in split.parts[:index]:
            kind = self.kind_of(raw.table, part.name.text)
            above.append(c.Read(part.name.text, kind or k.MONEY, part.name.span))
        if whole is None:
            return Scope(raw.table, raw.name)
        return Scope(raw.table, raw.name, c.Remaining(whole, tuple(above), whole.kind, split.span))

    def _body(self, node: s.Expr | s.Table, scope: Scope) -> Core | NoFigure | None:
        match node:
            case s.Marginal():
                return Tables(self.typer).marginal(node, scope)
            case s.Lookup():
                return Tables(self.typer).lookup(node, scope)
            case s.Cases():
                return Tables(self.typer).cases(node, scope)
            case _:
                return self.typer.expression(_peeled(node)[0], scope)

    def figure(self, raw: RawFigure) -> c.Figure | None:
        """The rule of a figure; None where it is wrong (told already) or it is a part of an allocation."""
        match raw.node:
            case s.Figure():
                return self._figure(raw, raw.node)
            case s.Indicator():
                return self._indicator(raw, raw.node)
            case s.Gate():
                return self._gate(raw, raw.node)
            case s.Allocate():
                return None

    def _figure(self, raw: RawFigure, node: s.Figure) -> c.Figure | None:
        self._datum_or_rule(raw, node)
        default = self.body(raw)
        scope = self._scope(raw)
        exceptions, readings = self._exceptions(raw, scope)
        reason: str | None = None
        kind = self.kind_of(raw.table, raw.name)
        if default is None:
            return None
        if isinstance(default, NoFigure):
            kind = kind or next((e.value.kind for e in exceptions if not isinstance(e.value, NoFigure)), None)
        if kind is None:
            self.symbols.tell("C215", node.name.span, name=raw.name)
            return None
        self._values_fit(kind, [default, *(e.value for e in exceptions)], raw.name)
        for sub in node.subs:
            match sub:
                case s.Reason(text=text):
                    reason = text.text
                case s.Reading():
                    reading = self._reading(sub, None, scope, kind)
                    if reading is not None:
                        readings.append(reading)
                case _:
                    pass
        if any(r.branch is None for r in readings) and not any(isinstance(sub, s.Reason) for sub in node.subs):
            self.symbols.tell("C307", node.name.span, name=raw.name)
        if isinstance(default, c.ReadParameter) and default.kind == k.RATIO and not exceptions:
            self.symbols.tell("C610", node.name.span, name=raw.name, parameter=default.name)
        for branch in (None, *range(len(exceptions))):
            self.symbols.once((r.name, r.span) for r in readings if r.branch == branch)
        mode, step, unrounded = self._rounding(node, kind)
        if unrounded and (raw.name in self.symbols.terms or raw.part is not None):
            self.symbols.tell("C350", node.name.span, name=raw.name)
        return c.Figure(
            table=raw.table,
            name=raw.name,
            kind=kind,
            stage=raw.stage,
            default=default,
            exceptions=tuple(exceptions),
            mode=mode,
            step=step,
            unrounded=unrounded,
            when_blank=node.when_blank,
            also_input=(raw.table, raw.name) in self.symbols.inputs,
            locked=any(isinstance(sub, s.Locked) for sub in node.subs),
            clauses=clauses(node.cite) or (clauses(raw.part.split.cite) if raw.part else ()),
            sort="split" if raw.part is not None else "figure",
            part=self._part(raw, scope),
            readings=tuple(readings),
            reason=reason,
            range=self.declared.declared_range(raw.table, raw.name, kind),
            title=next((sub.title.text for sub in node.subs if isinstance(sub, s.Worded) and sub.title), None),
            detail=next((sub.detail for sub in node.subs if isinstance(sub, s.Worded) and sub.detail), None),
            layer=raw.layer,
            span=node.name.span,
        )

    def _datum_or_rule(self, raw: RawFigure, node: s.Figure) -> None:
        key = (raw.table, raw.name)
        is_input = key in self.symbols.inputs
        if node.when_blank and not is_input:
            self.symbols.tell("C138", node.name.span, name=raw.name)
        if is_input and not node.when_blank and not _uses_given(node.body):
            self.symbols.tell("C137", node.name.span, name=raw.name)

    def _part(self, raw: RawFigure, scope: Scope) -> c.SplitPart | None:
        if raw.part is None:
            return None
        split, index = raw.part.split, raw.part.index
        last = index == len(split.parts) - 1
        own = raw.node
        assert isinstance(own, s.Figure)
        if last and not isinstance(own.body, s.Remaining):
            self.symbols.tell("C160", own.span, name=raw.name)
        if scope.remaining is None:
            return None
        return c.SplitPart(scope.remaining.whole, tuple(p.name.text for p in split.parts[:index]), last)

    def _values_fit(self, kind: Kind, values: list[Core | NoFigure], name: str) -> None:
        for value in map(_first_row, values):
            if not isinstance(value, NoFigure) and not k.fits(value.kind, kind):
                ratio = value.kind.base is k.Base.RATIO and kind.is_money
                number = isinstance(value, c.Constant) and value.kind.base is k.Base.NUMBER and kind.is_number
                self.symbols.tell("C200" if ratio else "C302" if number else "C301", value.span, got=value.kind.words, wanted=kind.words, name=name,
                                  left=kind.words, right=value.kind.words)  # fmt: skip

    def _rounding(self, node: s.Figure, kind: Kind) -> tuple[c.Mode, Number | None, bool]:
        """How a figure is rounded: as its rule says, else money to the fen, half away from zero, and nothing else."""
        natural: Number | None = 1 if kind.is_money else None
        if isinstance(node.body, s.Marginal | s.Lookup | s.Cases):
            return "half_up", natural, False
        _, rounded, unrounded = _peeled(node.body)
        if unrounded is not None:
            return "half_up", None, True
        if rounded is None:
            return "half_up", natural, False
        step = self.declared.constant(rounded.step, kind if not kind.is_money else None)
        core = self.typer.expression(rounded.step, Scope(None))
        if core is not None and not k.alike(core.kind, kind):
            self.symbols.tell("C301", rounded.step.span, got=core.kind.words, wanted=kind.words)
            return rounded.mode, natural, False
        if not isinstance(step, int | Fraction):
            return rounded.mode, natural, False
        if step <= 0:
            self.symbols.tell("C351", rounded.span)
            return rounded.mode, natural, False
        return rounded.mode, step, False

    # ---- exceptions and readings

    def _exceptions(self, raw: RawFigure, scope: Scope) -> tuple[list[c.Branch], list[c.Reading]]:
        branches: list[c.Branch] = []
        readings: list[c.Reading] = []
        nodes: list[RawException] = []
        kind = self.kind_of(raw.table, raw.name)
        for exception in raw.exceptions:
            node = exception.node
            condition = self.typer.condition(node.condition, scope)
            value: Core | NoFigure | None
            value = (
                NoFigure(node.value.span)
                if isinstance(node.value, s.Absent)
                else self.typer.expression(node.value, scope)
            )
            if condition is None or value is None:
                continue
            nodes.append(exception)
            own_reason = next((sub.text.text for sub in node.subs if isinstance(sub, s.Reason)), None)
            branches.append(c.Branch(condition, value, clauses(node.cite), reason=own_reason, span=node.span))
            for sub in node.subs:
                if isinstance(sub, s.Reading):
                    reading = self._reading(sub, len(branches) - 1, scope, kind)
                    if reading is not None:
                        readings.append(reading)
                    if not own_reason:
                        self.symbols.tell("C307", node.span, name=raw.name)
        return self._ranked(branches, nodes, raw), readings

    def _ranked(self, branches: list[c.Branch], nodes: list[RawException], raw: RawFigure) -> list[c.Branch]:
        """先于: each locator named must be cited by another exception; the order must not turn on itself."""
        direct: list[set[int]] = []
        for index, exception in enumerate(nodes):
            above: set[int] = set()
            for locator in exception.node.cite.before if exception.node.cite else ():
                hit = {
                    j
                    for j, b in enumerate(branches)
                    if j != index and any(same_clause(x, locator.text) for x in b.clauses)
                }
                if not hit and not self._named_elsewhere(exception.node, locator.text):
                    self.symbols.tell("C340", locator.span, locator=locator.text, name=raw.name)
                above |= hit
            direct.append(above)
        closed = [set(a) for a in direct]
        for _ in branches:
            closed = [a | {x for j in a for x in closed[j]} for a in closed]
        circles = []
        for index, above in enumerate(closed):
            if index in above:
                closed[index] = set()
                circles.append(nodes[index].node.span)
        if circles:
            self.symbols.tell("C341", circles[0], name=raw.name)
        return [
            c.Branch(b.condition, b.value, b.clauses, frozenset(closed[i]), b.reason, span=b.span)
            for i, b in enumerate(branches)
        ]

    def _named_elsewhere(self, node: s.Unless | s.Exceptions, locator: str) -> bool:
        """Whether another figure named by the same exception has an exception that cites the locator."""
        if not isinstance(node, s.Exceptions):
            return False
        names = {n.text for n in node.names}
        return any(
            same_clause(cited, locator)
            for (_, name), raw in self.symbols.figures.items()
            if name in names
            for other in raw.exceptions
            if other.node is not node
            for cited in clauses(other.node.cite)
        )

    def _reading(self, node: s.Reading, branch: int | None, scope: Scope, kind: Kind | None) -> c.Reading | None:
        value = self.typer.expression(node.value, scope)
        if value is None:
            return None
        branches = []
        for sub in node.subs:
            match sub:
                case s.Unless(condition=condition, value=other):
                    holds = self.typer.condition(condition, scope)
                    then = NoFigure(other.span) if isinstance(other, s.Absent) else self.typer.expression(other, scope)
                    if holds is not None and then is not None:
                        branches.append(c.Branch(holds, then, clauses(sub.cite), span=sub.span))
                case s.Reason():
                    pass
                case _:
                    self.symbols.tell("C311", sub.span)
        if kind is not None and not k.fits(value.kind, kind):
            self.symbols.tell("C301", node.value.span, got=value.kind.words, wanted=kind.words)
            return None
        if branches:
            value = c.Choose("unless", tuple(branches), value, value.kind, node.span)
        return c.Reading(node.name.text, branch, value, clauses(node.cite), node.span)

    # ---- indicators, gates

    def _indicator(self, raw: RawFigure, node: s.Indicator) -> c.Figure | None:
        scope = Scope(raw.table, raw.name)
        value = self.typer.expression(_peeled(node.value)[0], scope)
        if value is None:
            return None
        if value.kind.base not in {k.Base.RATIO, k.Base.POINTS}:
            self.symbols.tell("C353", node.value.span, name=raw.name, got=value.kind.words)
            return None
        if not isinstance(value, c.AsGiven) and not _is_quotient(value):
            self.symbols.tell("C352", node.value.span, name=raw.name)
        self.columns[(raw.table, raw.name)] = value.kind
        if isinstance(value, c.AsGiven) is not ((raw.table, raw.name) in self.symbols.inputs):
            self.symbols.tell("C137", node.name.span, name=raw.name)
        parts = [self.typer.bound(c.Read(raw.name, value.kind, bound.span), bound, scope) for bound in node.target]
        met = all_of([x for x in parts if x is not None], node.span) if node.target else None
        text = "".join(_bound_text(bound) for bound in node.target)
        return c.Figure(
            raw.table, raw.name, value.kind, raw.stage, value, (), "half_up", None, False, False,
            (raw.table, raw.name) in self.symbols.inputs, False, clauses(node.cite), "indicator",
            target=c.Target(met, text, node.consequence),
            range=self.declared.declared_range(raw.table, raw.name, value.kind), layer=raw.layer, span=node.name.span,
        )  # fmt: skip

    def _gate(self, raw: RawFigure, node: s.Gate) -> c.Figure | None:
        scope = Scope(raw.table, raw.name)
        tests: list[c.Test] = []
        for test in node.tests:
            condition = self.typer.condition(test.condition, scope)
            if condition is not None:
                evidence = test.evidence.text if test.evidence else None
                tests.append(
                    c.Test(condition, evidence, clauses(test.cite), source_text(test.condition.span), test.span)
                )
        if len(tests) != len(node.tests):
            return None
        total = tests[0].condition
        for item in tests[1:]:
            total = c.Apply("and" if node.every else "or", (total, item.condition), k.YES_NO, span=node.span)
        return c.Figure(
            raw.table, raw.name, k.YES_NO, raw.stage, total, (), "half_up", None, False, False, False, False,
            clauses(node.cite), "gate", gate=c.GateNote(node.every, node.not_settled, tuple(tests)), layer=raw.layer,
            span=node.span,
        )  # fmt: skip


def same_clause(one: str, other: str) -> bool:
    """Whether two locators name one clause: brackets of either width are the same."""
    return fold_locator(one) == fold_locator(other)


def fold_locator(text: str) -> str:
    """A locator with its brackets narrow and its spaces gone."""
    return text.translate(_NARROW)


_NARROW = str.maketrans({"（": "(", "）": ")", " ": None, "\u3000": None, "．": "."})


def _peeled(node: s.Expr) -> tuple[s.Expr, s.Rounded | None, s.Unrounded | None]:
    """A figure's expression without the rounding that may stand last in it."""
    match node:
        case s.Rounded(value=value):
            return value, node, None
        case s.Unrounded(value=value):
            return value, None, node
        case _:
            return node, None, None


def _first_row(value: Core | NoFigure) -> Core | NoFigure:
    """The value of a table's first row that has one: where a finding about all of them is best shown."""
    while isinstance(value, c.Choose):
        rows = [*(b.value for b in value.branches), *([value.otherwise] if value.otherwise is not None else [])]
        value = next((row for row in rows if not isinstance(row, NoFigure)), NoFigure(value.span))
    return value


def _uses_given(node: s.Expr | s.Table) -> bool:
    if isinstance(node, s.AsGiven):
        return True
    for _, value in c.node_fields(node):
        for item in value if isinstance(value, tuple) else (value,):
            if hasattr(item, "__dataclass_fields__") and _uses_given(item):
                return True
    return False


def _is_quotient(value: Core) -> bool:
    if not isinstance(value, c.Apply):
        return False
    if value.operator == "subtract":
        less = value.args[1]
        return isinstance(less, c.Constant) and less.value == 1 and _is_quotient(value.args[0])
    return value.operator == "divide"


def _bound_text(bound: s.Bound) -> str:
    return source_text(bound.span)
