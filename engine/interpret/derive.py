"""Figures from other columns of their row: the default, the exceptions, and what the amount must keep within."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction

from engine.interpret.amounts import rounded, rounding_of, yuan
from engine.interpret.choose import decide
from engine.interpret.evaluate import Evaluate, assuming, reads_of
from engine.interpret.work import Work
from engine.nouns import core as c
from engine.nouns import kinds as k
from engine.nouns import possible as p
from engine.nouns.core import Core, NoFigure, Scheme
from engine.nouns.pipeline import GIVEN, Derive
from engine.nouns.possible import Absent, Possible
from engine.nouns.printed import spoken
from engine.nouns.ranges import range_words
from engine.nouns.value import Known, Value, marked, stated
from engine.nouns.world import Row
from grammar.diagnostic import Finding, Place, Words


@dataclass(slots=True)
class Deriving:
    """Derives for the rows of one year."""

    work: Work

    def derive(self, step: Derive) -> Callable[[Row], Value]:
        """Default and exceptions, each rounded where the figure is defined; a part stays within what is left."""
        of = self.work.evaluator.of
        conditions = [of(b.condition) for b in step.exceptions]
        rounding = rounding_of(step)
        values = [
            rounded(assuming(b.condition, self._branch(b.value, [b.condition])), rounding) for b in step.exceptions
        ]
        default = rounded(self._branch(step.default, [b.condition for b in step.exceptions]), rounding)
        above = [b.above for b in step.exceptions]
        remaining = of(step.remaining) if step.remaining is not None else None

        money = step.kind.base is k.Base.MONEY and step.kind.per is None
        limits = step.figure.range

        def derive(row: Row) -> Value:
            value = derived(row)
            if limits is not None and isinstance(value.now, int | Fraction) and not limits.holds(value.now):
                self._out_of_range(step, limits, value, row)
            return value

        def derived(row: Row) -> Value:
            if step.blank_only:
                given = row.columns.get(GIVEN + step.column)
                if given is not None and not given.missing and not given.defaults:
                    return given
            if conditions:
                chosen = decide("unless", [f(row) for f in conditions], values, default, above, row)
                if chosen.clash:
                    self._clash(step, {i: values[i](row) for i in chosen.decided}, row)
                if chosen.decided:
                    row.decided[step.column] = chosen.decided
                value = chosen.value
            else:
                value = default(row)
            if step.blank_only and (value.is_absent or value.state == "open"):
                value = self._left_blank(step, value, row)
            if remaining is not None:
                value = self._within_rest(step, value, remaining(row), row)
            if not money or (type(value) is Known and isinstance(value.now, int) and value.now >= 0):
                return value
            return self._not_negative(step, value, row)

        return derived if limits is None else derive

    def _left_blank(self, step: Derive, value: Value, row: Row) -> Value:
        """A datum left blank waits for what its rule waits for; where that is nothing handed in, for the datum itself.

        The datum may then still be given, so it is all that its range admits, not what the rule would make of it.
        """
        lacking = self.work.pipeline.scheme.tables.keys() - self.work.supplied
        read = step.default.column if isinstance(step.default, c.Read) else None
        absent = value.is_absent or (read is not None and row.columns[read].is_absent)
        if not absent and not value.missing <= lacking:
            return value
        datum = self.work.pipeline.scheme.inputs[step.table, step.column]
        anything = p.Between(datum.range.low, datum.range.high) if datum.kind.is_number else p.UNKNOWN
        return Value(anything, anything, frozenset({step.column}), value.assumed, value.defaults)

    def _branch(self, node: Core | NoFigure, conditions: list[Core]) -> Evaluate:
        if isinstance(node, NoFigure):
            absent = stated(Absent(frozenset(n for x in conditions for n in reads_of(x))))
            return lambda _: absent
        return self.work.evaluator.of(node)

    def _within_rest(self, step: Derive, value: Value, rest: Value, row: Row) -> Value:
        """A part lies between nothing and what is left; where that is not so the run stops and names the row."""
        now, base = value.now, value.base
        if type(value) is Known and type(rest) is Known and _outside_ok(now, rest.now):
            return value
        if value.is_absent:
            return value
        if p.is_point(now) and p.is_point(rest.now) and not _outside_ok(now, rest.now):
            low, high = sorted((0, rest.now), key=Fraction)  # type: ignore[arg-type]
            if not row.refused:
                about = {"value": yuan(now), "low": yuan(low), "high": yuan(high)}
                self.work.tell("R110", row.place or step.figure.span, row, name=step.column, **about)
            return rest
        return marked(
            _clip_to(now, rest.now), _clip_to(base, rest.base), (value, *((rest,) if not p.is_point(now) else ()))
        )

    def _not_negative(self, step: Derive, value: Value, row: Row) -> Value:
        """Money is not negative: a known amount that is stops the run, a range is cut."""
        if value.is_absent:
            return value
        if isinstance(value.now, int | Fraction):
            if value.now < 0:
                if not row.refused:
                    self.work.tell("R111", row.place or step.figure.span, row, name=step.column, value=yuan(value.now))
                # Told once; what rests on it is not to be told as well.
                return stated(0)
            if value.base is value.now:
                return value
        return marked(p.clip(value.now, 0, None), p.clip(value.base, 0, None), (value,))

    def _out_of_range(self, step: Derive, limits: c.Range, value: Value, row: Row) -> None:
        """A figure outside what its name is declared to be: the data or the rule is wrong, and nothing is settled."""
        # An amount below nothing was told already, and a unit that is not settled has no figure.
        negative = step.kind.base is k.Base.MONEY and isinstance(value.now, int | Fraction) and value.now < 0
        if isinstance(value.now, bool) or row.refused or negative:
            return
        shown = spoken(value.now, step.kind)
        about = {"name": step.column, "value": shown, "range": range_words(limits, step.kind)}
        self.work.tell("R171", row.place or step.figure.span, row, **about)

    def _clash(self, step: Derive, decided: Mapping[int, Value], row: Row) -> None:
        told = [f"{'、'.join(step.exceptions[i].clauses)} {spoken(v.now, step.kind)}" for i, v in decided.items()]
        self.work.tell(
            "R103", row.place or step.figure.span, row, name=step.column, lines="；".join(x.strip() for x in told)
        )

    def refuse(self, step: Derive, rows: Iterable[Row]) -> None:
        """A gate that says no: the unit is not settled, and each failed test is told with its document."""
        gate = step.figure.gate
        assert gate is not None
        tests = [(test, self.work.evaluator.of(test.condition)) for test in gate.tests]
        for row in rows:
            if row.columns[step.column].now is not False:
                continue
            for test, condition in tests:
                if condition(row).now is False and row.standing is None:
                    about = {"unit": row.unit, "period": str(row.period), "insurance": row.insurance or "—"}
                    self.work.findings.append(
                        refusal(self.work.pipeline.scheme, step.table, gate, test, row.place, about)
                    )
            if gate.not_settled:
                _refuse(row)


def refusal(
    scheme: Scheme, table: str, gate: c.GateNote, test: c.Test, place: Place | None, about: Mapping[str, object]
) -> Finding:
    """What is told of a row that fails a test of a gate."""
    document = Words(f"；应有文件：{test.evidence}", f"; document due: {test.evidence}")
    document = document if test.evidence else Words("", "")
    clause = "、".join(test.clauses) or "—"
    words = {"test": _test_words(scheme, table, test), "document": document, "clause": clause}
    return Finding("R120" if gate.not_settled else "R121", place, {**about, **words})


def _test_words(scheme: Scheme, table: str, test: c.Test) -> Words:
    """A test in both languages: the name it reads, else the author's words."""
    if isinstance(test.condition, c.Read) and (table, test.condition.column) in (*scheme.figures, *scheme.inputs):
        name = test.condition.column
        return Words(name, scheme.labels.words(name, table))
    return Words(test.text, test.text)


def _refuse(row: Row) -> None:
    """A unit that is not settled, with everything that belongs to it."""
    row.refused = True
    for children in row.children.values():
        for child in children:
            # A row of the year before may be part of one of this year: its own year is closed.
            if child.period.year == row.period.year:
                _refuse(child)


def _outside_ok(part: Possible, rest: Possible) -> bool:
    """Whether a part lies between nothing and what is left (either sign)."""
    assert isinstance(part, int | Fraction)
    assert isinstance(rest, int | Fraction)
    return 0 <= part <= rest if rest >= 0 else rest <= part <= 0


def _clip_to(value: Possible, rest: Possible) -> Possible:
    low, high = p.ends(p.number(rest))
    if low is not None and low >= 0:
        return p.clip(value, 0, high)
    if high is not None and high <= 0:
        return p.clip(value, low, 0)
    return value
