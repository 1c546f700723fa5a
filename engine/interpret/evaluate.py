"""The value of an expression on a row: this page is what the language means.

Each node becomes a function from a row to a value; with ``noting`` every function also writes down what it came to.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction

from engine.interpret.choose import Chosen, decide
from engine.nouns import core as c
from engine.nouns import possible as p
from engine.nouns.core import Core, NoFigure, Scheme
from engine.nouns.numbers import Number, round_to
from engine.nouns.operators import OPERATORS
from engine.nouns.periods import Period
from engine.nouns.possible import Absent, Possible
from engine.nouns.value import ZERO_BASE, ZERO_DIVISOR, Known, Marks, Value, lift, marked, readable, stated
from engine.nouns.world import Notes, Row
from grammar.diagnostic import Finding

Evaluate = Callable[[Row], Value]


@dataclass(slots=True)
class Evaluator:
    """Makes functions of expressions, each once; ``parameter`` gives a parameter's value on a row."""

    scheme: Scheme
    parameter: Callable[[str, Row], Value]
    findings: list[Finding]
    noting: bool = False
    notes: Notes = field(default_factory=list)
    made: dict[int, Evaluate] = field(default_factory=dict)
    kept: list[Core] = field(default_factory=list)

    def of(self, node: Core) -> Evaluate:
        """The function that works an expression out."""
        function = self.made.get(id(node))
        if function is None:
            function = self._noted(node, self._make(node)) if self.noting else self._make(node)
            self.made[id(node)] = function
            self.kept.append(node)
        return function

    def noted(self) -> Notes:
        """What was noted since this was asked last."""
        taken = self.notes.copy()
        self.notes.clear()
        return taken

    def _noted(self, node: Core, function: Evaluate) -> Evaluate:
        note = self.notes.append

        def noted(row: Row) -> Value:
            value = function(row)
            note((node, value))
            return value

        return noted

    def _make(self, node: Core) -> Evaluate:
        match node:
            case c.Constant(value=value):
                constant = stated(value)
                return lambda _: constant
            case c.Read(column=column):
                return _reader(column)
            case c.ReadParameter(name=name):
                return _parameter(self.parameter, name)
            case c.Given(column=column):
                yes, no = stated(True), stated(False)
                return lambda row: yes if column in row.given else no
            case c.LeftOut(read=read, neutral=neutral):
                return _left_out(self.of(read), stated(neutral))
            case c.Apply(operator="divide", args=(left, right)):
                return self._divide(self.of(left), self.of(right), c.label_of(right))
            case c.Apply(operator="slice" | "slice_above"):
                return self._slice(node)
            case c.Apply(operator=operator, args=args):
                return _apply(OPERATORS[operator].apply, tuple(self.of(arg) for arg in args))
            case c.Round(value=inner, mode=mode, step=step):
                return _apply(lambda v: p.rounded(v, lambda n: round_to(n, step, mode)), (self.of(inner),))
            case c.Choose():
                return self._choose(node)
            case _:
                raise AssertionError(node)

    def _divide(self, left: Evaluate, right: Evaluate, label: str) -> Evaluate:
        """A quotient; a divisor of exactly zero makes it open, naming the divisor."""

        def divide(row: Row) -> Value:
            a, b = left(row), right(row)
            now = p.divide(a.now, b.now)
            base = now if a.base is a.now and b.base is b.now else p.divide(a.base, b.base)
            if now is None or base is None:
                return Value(
                    p.ANYTHING, p.ANYTHING, a.missing | b.missing | {label + ZERO_DIVISOR}, a.assumed | b.assumed
                )
            return marked(now, base, (a, b))

        return divide

    def _slice(self, node: c.Apply) -> Evaluate:
        """The part of an amount in a band; a base of zero says nothing about bounds that are shares of it."""
        bases = [arg.args[0] for arg in node.args[1:] if isinstance(arg, c.Apply) and arg.written == "为基数"]
        plain = _apply(OPERATORS[node.operator].apply, tuple(self.of(arg) for arg in node.args))
        if not bases:
            return plain
        base_of, subject_of, label = self.of(bases[0]), self.of(node.args[0]), c.label_of(bases[0])

        def sliced(row: Row) -> Value:
            if base_of(row).now != 0:
                return plain(row)
            subject = subject_of(row)
            part = p.between(0, p.ends(p.number(subject.now))[1])
            return marked(part, part, (Value(p.ANYTHING, p.ANYTHING, frozenset({label + ZERO_BASE})), subject))

        return sliced

    def _choose(self, node: c.Choose) -> Evaluate:
        conditions = [self.of(branch.condition) for branch in node.branches]
        values = [
            assuming(branch.condition, self._value_of(branch.value, [branch.condition])) for branch in node.branches
        ]
        all_conditions = [branch.condition for branch in node.branches]
        otherwise = self._value_of(node.otherwise, all_conditions) if node.otherwise is not None else None
        above = [branch.above for branch in node.branches]

        def choose(row: Row) -> Value:
            chosen = decide(node.sort, [f(row) for f in conditions], values, otherwise, above, row)
            if chosen.clash and row.standing is None:
                self.findings.append(_clash(node, chosen, row))
            return chosen.value

        return choose

    def _value_of(self, node: "Core | NoFigure", conditions: list[Core]) -> Evaluate:
        if isinstance(node, NoFigure):
            absent = stated(Absent(frozenset(name for x in conditions for name in reads_of(x))))
            return lambda _: absent
        return self.of(node)


def assuming(condition: Core, function: Evaluate) -> Evaluate:
    """The function on rows for which a condition holds: a column that is open lies within what the condition says."""
    bounds = tuple(_bounds(condition))

    def assumed(row: Row) -> Value:
        kept: dict[str, Value] = {}
        for column, low, high in bounds:
            value = row.columns[column]
            if type(value) is Known:
                continue
            if isinstance(value.now, p.Between) or isinstance(value.base, p.Between):
                kept.setdefault(column, value)
                now, base = p.clip(value.now, low, high), p.clip(value.base, low, high)
                row.columns[column] = Value(now, base, value.missing, value.assumed, value.defaults)
        try:
            return function(row)
        finally:
            row.columns.update(kept)

    return assumed if bounds else function


def _bounds(condition: Core) -> Iterator[tuple[str, Number | None, Number | None]]:
    match condition:
        case c.Apply(operator="and", args=args):
            for arg in args:
                yield from _bounds(arg)
        case c.Apply(
            operator="over" | "from", args=(c.Read(column=column), c.Constant(value=int() | Fraction() as end))
        ):
            yield column, end, None
        case c.Apply(
            operator="below" | "up_to", args=(c.Read(column=column), c.Constant(value=int() | Fraction() as end))
        ):
            yield column, None, end
        case _:
            return


def reads_of(node: Core) -> Marks:
    """The names a condition reads, for those who wait for what it decides."""
    names = set()
    for inner in c.walk(node):
        match inner:
            case c.Read(column=name) | c.Given(column=name) | c.ReadParameter(name=name):
                names.add(name)
            case _:
                pass
    return frozenset(names)


def _reader(column: str) -> Evaluate:
    def read(row: Row) -> Value:
        value = row.columns[column]
        return value if type(value) is Known else readable(value)

    return read


def _parameter(parameter: Callable[[str, Row], Value], name: str) -> Evaluate:
    """A parameter; rows that follow one another mostly share their period and insurance type, and so the value."""
    period: Period | None = None
    insurance: str | None = None
    value: Value = stated(0)

    def read(row: Row) -> Value:
        nonlocal period, insurance, value
        if row.period is not period or row.insurance is not insurance:
            value = parameter(name, row)
            period, insurance = row.period, row.insurance
        return value

    return read


def _left_out(read: Evaluate, neutral: Value) -> Evaluate:
    """While the datum is missing its effect is left out; an assumption counts, against everything it could be."""

    def left_out(row: Row) -> Value:
        value = read(row)
        return value if value.state != "open" else neutral

    return left_out


def _apply(operation: Callable[..., Possible | None], parts: tuple[Evaluate, ...]) -> Evaluate:
    """An operation on its parts, straight where all of them are known."""
    sure: Callable[..., Possible] = operation  # type: ignore[assignment] # only `divide` gives None
    match parts:
        case (part,):

            def one(row: Row) -> Value:
                a = part(row)
                return Known(sure(a.now)) if type(a) is Known else lift(sure, a)

            return one
        case (first, second):

            def two(row: Row) -> Value:
                a, b = first(row), second(row)
                if type(a) is Known and type(b) is Known:
                    return Known(sure(a.now, b.now))
                return lift(sure, a, b)

            return two
        case _:
            return lambda row: lift(sure, *[part(row) for part in parts])


def _clash(node: c.Choose, chosen: Chosen, row: Row) -> Finding:
    lines = "、".join(str(node.branches[i].span.line) for i in chosen.decided)
    rule = f"{node.span.source.name}:{node.span.line}"
    values = {
        "unit": row.unit,
        "period": str(row.period),
        "insurance": row.insurance or "—",
        "lines": lines,
        "rule": rule,
    }
    code = "R103" if node.sort == "unless" else "R102" if chosen.decided else "R101"
    return Finding(code, row.place or node.span, values)
