"""What a figure can come to before any data is seen: the interpreter's own arithmetic over everything that may be handed in.

Each kind of rows is one row whose data are all that their declared ranges admit; every step is done once over it. An interval
holds every value a run settles, and may be wider than that. It counts with assumptions for what is open, not with values that
are assumed over a stated parameter.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import field
from fractions import Fraction

from engine.interpret import wholes
from engine.interpret.evaluate import Evaluate, Evaluator, assuming
from engine.interpret.wholes import Form, Forms
from engine.nouns import core as c
from engine.nouns import kinds as k
from engine.nouns import possible as p
from engine.nouns.core import Core, NoFigure
from engine.nouns.kinds import Kind
from engine.nouns.numbers import Number, round_to
from engine.nouns.operators import OPERATORS
from engine.nouns.periods import Period
from engine.nouns.pipeline import (
    GIVEN,
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
from engine.nouns.possible import Possible
from engine.nouns.value import Value, stated
from engine.nouns.world import Row
from grammar.frozen import dataclass

_LAST_YEAR, _PERIODS = 9999, 12


@dataclass(frozen=True, slots=True)
class Limits:
    """What data are taken to keep to beyond their declared ranges; None is no such end.

    ``money`` in fen, ``counts`` for heads, visits and bed days, ``rows`` under one row; ratios have at most ``decimals``.
    """

    money: int | None = None
    counts: int | None = None
    rows: int | None = None
    decimals: int = 6


@dataclass(frozen=True, slots=True)
class Bound:
    """What an expression or a figure can be, and how large the whole numbers grow that it is worked out with."""

    value: Possible
    form: Form | None


@dataclass(frozen=True, slots=True)
class Bounds:
    """The columns a pipeline makes, by kind of rows and name, and the expressions of each of its steps."""

    columns: Mapping[tuple[str, str], Bound]
    steps: tuple[tuple[Step, tuple[tuple[Core, Bound], ...]], ...]


def bounds(pipeline: Pipeline, limits: Limits | None = None, states: Iterable[c.Scheme] = ()) -> Bounds:
    """What every figure and expression of a pipeline can come to.

    ``states`` are the scheme before and after each amendment: data of earlier years keep to the ranges of theirs.
    """
    return _Bounding(pipeline, limits or Limits(), tuple(states)).run()


@dataclass(slots=True, eq=False)
class _Bounding:
    pipeline: Pipeline
    limits: Limits
    states: tuple[c.Scheme, ...]
    rows: dict[str, Row] = field(default_factory=dict)
    forms: dict[str, Forms] = field(default_factory=dict)
    steps: list[tuple[Step, tuple[tuple[Core, Bound], ...]]] = field(default_factory=list)
    told: list[tuple[Core, Bound]] = field(default_factory=list)
    refusing: set[str] = field(default_factory=set)
    done: dict[str, set[str]] = field(default_factory=dict)

    def run(self) -> Bounds:
        """Every step once, in order; what reads an earlier period reads all that its kind admits."""
        scheme = self.pipeline.scheme
        evaluator = _Evaluator(scheme, self._parameter, [], noting=True)
        for table in scheme.tables:
            self.forms[table] = Forms(scheme, table, self.limits.decimals)
            self.rows[table] = self._row(table)
        steps = [x for step in self.pipeline.steps for x in (step.steps if isinstance(step, Ledger) else (step,))]
        gates = {s.table for s in steps if isinstance(s, Derive) and s.figure.gate and s.figure.gate.not_settled}
        self.refusing = {table for table in scheme.tables if gates & set(self._with_those_above(table))}
        for step in steps:
            self.told.clear()
            self._do(step, evaluator)
            self._note(step.table, evaluator)
            self.steps.append((step, tuple(self.told)))
        columns = {
            (table, name): Bound(value.now, self.forms[table].columns.get(name))
            for table, row in self.rows.items()
            for name, value in row.columns.items()
        }
        return Bounds(columns, tuple(self.steps))

    def _note(self, table: str, evaluator: "_Evaluator") -> None:
        """What the expressions worked out on a kind of rows came to."""
        for node, value in evaluator.noted():
            self.told.append((node, Bound(value.now, self.forms[table].of(node, value.now))))

    def _with_those_above(self, table: str) -> Iterator[str]:
        yield table
        for parent in self.pipeline.scheme.tables[table].parents:
            yield from self._with_those_above(parent)

    # ---- what is handed in

    def _row(self, table: str) -> Row:
        columns: dict[str, Value] = {
            "年度": stated(p.Between(1, _LAST_YEAR)),
            "期次": stated(p.Between(1, _PERIODS)),
            "名称": stated(p.UNKNOWN),
            "险种": stated(p.UNKNOWN),
        }
        for name in ("年度", "期次"):
            self.forms[table].columns[name] = wholes.static(columns[name].now, 1)
        for (of, name), datum in self.pipeline.scheme.inputs.items():
            if of == table:
                value = self._datum(datum)
                columns[name] = columns[GIVEN + name] = stated(value)
                form = self.forms[table].datum(datum, value)
                self.forms[table].columns |= {name: form, GIVEN + name: form}
        return Row(table, table, None, Period(1), None, (), columns, frozenset(), True, None, {})

    def _datum(self, datum: c.Input) -> Possible:
        """All a datum can be: what is outside its range is told of before the first figure; a default may lie outside."""
        if not datum.kind.is_number:
            return p.UNKNOWN
        value = self._limited(p.between(datum.range.low, datum.range.high), datum.kind)
        default = datum.default
        return p.hull((value, default)) if isinstance(default, int | Fraction) else value

    def _limited(self, value: Possible, kind: Kind) -> Possible:
        """A range cut to what data of the kind are taken to keep to."""
        most = self.limits.money if kind.is_money else self.limits.counts if k.whole_only(kind) else None
        return value if most is None else p.clip(value, -most, most)

    def _parameter(self, name: str, row: Row) -> Value:
        """All the values of a parameter, at any date and for any insurance type; any its range admits where it is open."""
        del row
        parameter = self.pipeline.scheme.parameters[name]
        if not parameter.kind.is_number:
            return stated(p.UNKNOWN)
        values: list[Possible] = [entry.value for entry in parameter.entries]
        if parameter.state != "stated" or not self._is_whole(parameter):
            values.append(self._limited(p.between(parameter.range.low, parameter.range.high), parameter.kind))
            values += [parameter.assumed] if parameter.assumed is not None else []
        return stated(p.hull(values))

    def _is_whole(self, parameter: c.Parameter) -> bool:
        """Whether every row of every insurance type has a value."""
        general = any(not entry.insurances for entry in parameter.entries)
        own = {insurance for entry in parameter.entries for insurance in entry.insurances}
        return general or (bool(own) and own >= set(self.pipeline.scheme.insurances))

    # ---- steps

    def _do(self, step: Step, evaluator: "_Evaluator") -> None:
        row = self.rows[step.table]
        match step:
            case Derive():
                self._derive(step, evaluator)
            case Aggregate():
                if step.where is not None:
                    for table in step.tables:
                        evaluator.of(step.where)(self.rows[table])
                        self._note(table, evaluator)
                source = p.hull(self._column(t, step.source) for t in step.tables)
                value = _gathered(step.function, source, self.limits.rows)
                self._put(step, value, wholes.gathered(step.function, self._form(step.tables, step.source), value))
            case Spread():
                above = (step.above,) if step.above is not None else self.pipeline.scheme.tables[step.table].parents
                value = p.hull(self._column(t, step.source) for t in above)
                self._put(step, value, wholes.joined([self._form(above, step.source)], value))
            case Carry():
                self._carry(step, evaluator)
            case Sequence():
                value = p.Between(1, self.limits.rows)
                self._put(step, value, wholes.static(value, 1))
            case Allocate():
                self._allocate(step, evaluator)
            case Check():
                evaluator.of(step.left)(row)
                if step.right is not None:
                    evaluator.of(step.right)(row)
            case Inspect():
                pass

    def _put(self, step: Derive | Aggregate | Spread | Carry | Sequence, value: Possible, form: Form) -> None:
        self.rows[step.table].columns[step.column] = stated(value)
        self.done.setdefault(step.table, set()).add(step.column)
        if step.kind.is_number:
            self.forms[step.table].columns[step.column] = form

    def _form(self, tables: Iterable[str], column: str) -> Form:
        """The form of a column that rows of several kinds have."""
        forms = [self.forms[table].columns.get(column, wholes.UNKNOWN) for table in tables]
        return forms[0] if len(forms) == 1 else wholes.joined(forms, p.hull(self._column(t, column) for t in tables))

    def _column(self, table: str, column: str) -> Possible:
        value = self.rows[table].columns.get(column)
        return value.now if value is not None else p.ANYTHING

    def _derive(self, step: Derive, evaluator: "_Evaluator") -> None:
        """Default and exceptions, rounded; then what is known of every figure that a run lets stand."""
        row, forms = self.rows[step.table], self.forms[step.table]
        value = evaluator.decided(step.exceptions, step.default, row, "unless")
        rest = evaluator.of(step.remaining)(row).now if step.remaining is not None else None
        self._note(step.table, evaluator)
        if step.kind.is_number:
            if step.step is not None:
                size, mode = step.step, step.mode
                value = p.rounded(value, lambda n: round_to(n, size, mode))
            if rest is not None:
                low, high = p.ends(p.number(rest))
                part = p.between(None if low is None else min(0, low), None if high is None else max(0, high))
                # On a unit that is not settled the rest stands in the place of a part that is above it.
                value = part if step.table in self.refusing else _inside(value, *p.ends(part))
            value = self._let_stand(step, value)
        own = [
            forms.known(x) for x in (step.default, *(b.value for b in step.exceptions)) if not isinstance(x, NoFigure)
        ]
        form = wholes.static(value, step.step.denominator) if step.step is not None else wholes.joined(own, value)
        if step.blank_only:
            given = self._column(step.table, GIVEN + step.column)
            value = p.hull((value, given))
            form = wholes.joined([form, self._form((step.table,), GIVEN + step.column)], value)
        self._put(step, value, form)

    def _let_stand(self, step: Derive, value: Possible) -> Possible:
        """Money below zero and a figure outside its declared range stop a run, or are the figure of a unit not settled."""
        if step.kind.base is k.Base.MONEY and step.kind.per is None:
            value = p.greatest(value, 0)
        limits = step.figure.range
        if limits is None or step.table in self.refusing:
            return value
        return _inside(value, limits.low, limits.high)

    def _carry(self, step: Carry, evaluator: "_Evaluator") -> None:
        opening = evaluator.of(step.opening)(self.rows[step.table]).now if step.opening is not None else None
        self._note(step.table, evaluator)
        earlier, form = self._earlier(step.child or step.table, step.source, step.kind)
        if step.child is None and step.count is None and step.source in self.done.get(step.table, ()):
            # This year's periods are worked out by the rule that stands here.
            earlier, form = self._column(step.table, step.source), self._form((step.table,), step.source)
        match step.function:
            case "exists":
                self._put(step, p.UNKNOWN, wholes.UNKNOWN)
            case "value":
                values, forms = [earlier], [form]
                if opening is not None:
                    values.append(opening)
                    forms.append(self.forms[step.table].known(step.opening))
                value = p.hull(values)
                self._put(step, value, wholes.joined(forms, value))
            case function:
                # A unit of which a table of an earlier year has no row has nothing in it.
                source = earlier if step.child is None else p.hull((earlier, 0)) if step.kind.is_number else p.UNKNOWN
                most = self.limits.rows if step.child is not None else step.count or _PERIODS
                value = _gathered(function, source, most)
                number = step.count if step.child is None else None
                self._put(step, value, wholes.gathered(function, form, value, number))

    def _earlier(self, table: str, column: str, kind: Kind) -> tuple[Possible, Form]:
        """What an earlier period left: as the data gives it, or all that a figure of its kind may be.

        The earlier year may have been settled before an amendment, so that its rule is not looked at.
        """
        datum = self.pipeline.scheme.inputs.get((table, column))
        figure = self.pipeline.scheme.figures.get((table, column))
        if figure is None and datum is not None:
            others = [d for state in self.states if (d := state.inputs.get((table, column))) is not None]
            value = p.hull(self._datum(each) for each in (datum, *others))
            return value, self.forms[table].datum(datum, value)
        if not kind.is_number:
            return p.UNKNOWN, wholes.UNKNOWN
        value = p.Between(0, None) if kind.base is k.Base.MONEY and kind.per is None else p.ANYTHING
        rounded = figure is None or (figure.step is not None and not figure.unrounded)
        return value, wholes.static(value, self._places(figure)) if rounded else wholes.UNKNOWN

    @staticmethod
    def _places(figure: c.Figure | None) -> int:
        return figure.step.denominator if figure is not None and figure.step is not None else 1

    def _allocate(self, step: Allocate, evaluator: "_Evaluator") -> None:
        """Parts and what is left lie between nothing and the whole."""
        whole = p.rounded(evaluator.of(step.whole)(self.rows[step.table]).now, lambda n: round_to(n, 1, "half_up"))
        self._note(step.table, evaluator)
        low, high = p.ends(p.number(whole))
        part = p.between(None if low is None else min(0, low), None if high is None else max(0, high))
        for table in step.receivers:
            each = {"by_weight": step.weight, "in_order": step.each}.get(step.method, {}).get(table)
            limit = evaluator.of(each)(self.rows[table]).now if each is not None else None
            self._note(table, evaluator)
            value = _up_to(part, limit) if step.method == "in_order" and limit is not None else part
            self.rows[table].columns[step.column] = stated(value)
            self.forms[table].columns[step.column] = wholes.static(value, 1)
        if step.left is not None:
            self.rows[step.table].columns[step.left] = stated(part)
            self.forms[step.table].columns[step.left] = wholes.static(part, 1)


class _Evaluator(Evaluator):
    """The interpreter's functions where nothing is known for certain of what is handed in.

    A figure that may be absent is read as what it is where it is there: where it is not, a run settles nothing by it.
    """

    def _make(self, node: Core) -> Evaluate:
        match node:
            case c.Read(column=column):
                return lambda row: row.columns.get(column) or _ANYTHING
            case c.Given():
                return lambda _: _UNKNOWN
            case c.LeftOut(read=read, neutral=neutral):
                inner = self.of(read)
                return lambda row: stated(p.hull((inner(row).now, neutral)))
            case c.Apply(operator="divide", args=(left, right)):
                above, below = self.of(left), self.of(right)
                return lambda row: stated(_quotient(above(row).now, below(row).now))
            case c.Apply(operator="slice" | "slice_above" as operator, args=args):
                parts = [self.of(arg) for arg in args]
                return lambda row: stated(OPERATORS[operator].apply(*[f(row).now for f in parts]) or 0)
            case c.Choose(sort=sort, branches=branches, otherwise=otherwise):
                return lambda row: stated(self.decided(branches, otherwise, row, sort))
            case _:
                return super()._make(node)

    def decided(
        self, branches: tuple[c.Branch, ...], otherwise: Core | NoFigure | None, row: Row, sort: str
    ) -> Possible:
        """All that the branches that may hold give, and the default where none need hold."""
        holds = [self.of(branch.condition)(row).now for branch in branches]
        sure = [i for i, x in enumerate(holds) if x is True]
        found: list[Possible] = []
        for i, branch in enumerate(branches):
            ranked_below = sort == "unless" and any(i in branches[j].above for j in sure)
            may_decide = holds[i] is True or (holds[i] is not False and not (sort == "cases" and sure))
            value = branch.value
            if may_decide and not ranked_below and not isinstance(value, NoFigure):
                found.append(assuming(branch.condition, self.of(value))(row).now)
        if not sure and otherwise is not None and not isinstance(otherwise, NoFigure):
            found.append(self.of(otherwise)(row).now)
        return p.hull(found) if found else p.ANYTHING


_ANYTHING, _UNKNOWN = stated(p.ANYTHING), stated(p.UNKNOWN)


def _quotient(above: Possible, below: Possible) -> Possible:
    """A quotient whose divisor is not zero: where it is, a run settles nothing by it."""
    low, high = p.ends(p.number(below))
    if low == 0 and high != 0:
        inverse = p.Between(Fraction(0) if high is None else 1 / Fraction(high), None)
        return p.multiply(above, inverse)
    if high == 0 and low != 0:
        return p.negate(_quotient(above, p.negate(below)))
    value = p.divide(above, below)
    return p.ANYTHING if value is None else value


def _gathered(function: str, source: Possible, rows: int | None) -> Possible:
    """What an aggregate of some rows can be, none or any number up to ``rows``."""
    match function:
        case "sum":
            low, high = p.ends(p.number(source))
            return p.between(
                0 if low is not None and low >= 0 else None if low is None or rows is None else low * rows,
                0 if high is not None and high <= 0 else None if high is None or rows is None else high * rows,
            )
        case "count":
            return p.Between(0, rows)
        case "every":
            return True if source is True else p.UNKNOWN
        case "some":
            return False if source is False else p.UNKNOWN
        case _:
            return p.hull((source,))


def _inside(value: Possible, low: Number | None, high: Number | None) -> Possible:
    """The values a range leaves of a range; an end of it where none is left."""
    value = value if low is None else p.greatest(value, low)
    return value if high is None else p.least(value, high)


def _up_to(part: Possible, each: Possible) -> Possible:
    """A part in order: its size is at most its limit."""
    _, most = p.ends(p.number(p.rounded(p.greatest(each, 0), lambda n: round_to(n, 1, "half_up"))))
    return part if most is None else _inside(part, -most, most)
