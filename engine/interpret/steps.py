"""Each kind of step, done once over all rows of its table (or of one period of a ledger)."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TypeVar

from engine.interpret.aggregate import of_answers, of_numbers, over_rows
from engine.interpret.allocate import Spare, in_order, possible_shares
from engine.interpret.choose import decide
from engine.interpret.evaluate import Evaluate, Evaluator, assuming, reads_of
from engine.nouns import core as c
from engine.nouns import kinds as k
from engine.nouns import possible as p
from engine.nouns.core import Core, NoFigure, Scheme
from engine.nouns.numbers import Number, grouped, money_text, round_to
from engine.nouns.periods import Period
from engine.nouns.pipeline import (
    GIVEN,
    SPENT_ON,
    Aggregate,
    Allocate,
    Carry,
    Check,
    Derive,
    Inspect,
    Link,
    Pipeline,
    Sequence,
    Spread,
    Step,
)
from engine.nouns.possible import Absent, Maybe, Possible
from engine.nouns.printed import spoken
from engine.nouns.ranges import range_words
from engine.nouns.value import Known, Marks, Value, lift, marked, readable, stated
from engine.nouns.world import Looked, Row, Unlinked
from grammar.diagnostic import Finding, Place, Words
from grammar.source import Span, source_text

_Step = TypeVar("_Step", bound=Step)


@dataclass(slots=True)
class Doer:
    """Does the steps of one year; ``past`` gives settled rows by key, ``history`` child data of years not settled."""

    pipeline: Pipeline
    tables: Mapping[str, tuple[Row, ...]]
    past: Mapping[tuple[object, ...], Row]
    supplied: frozenset[str]
    history: Callable[[Carry, Row, Period], list[Looked] | None]
    evaluator: Evaluator
    findings: list[Finding]
    identities: int = 0
    waiting: int = 0
    made: dict[int, Evaluate] = field(default_factory=dict)
    begun: dict[str, dict[tuple[object, ...], Period]] = field(default_factory=dict)
    parted: dict[tuple[str, Period], list[Row]] = field(default_factory=dict)

    def do(self, step: Step, period: Period | None = None) -> None:
        """Do a step on every row of its table, or on those of one period."""
        rows = self._rows(step.table, period)
        match step:
            case Derive():
                self._each(step.column, rows, self._once(step, self._derive))
                if step.figure.gate is not None:
                    self._refuse(step, rows)
            case Aggregate():
                self._each(step.column, rows, self._once(step, self._aggregate))
            case Spread():
                self._each(step.column, rows, lambda row: self._spread(step, row))
            case Carry():
                self._each(step.column, rows, self._once(step, self._carry))
            case Sequence():
                self._each(step.column, rows, lambda row: self._place(step, row))
            case Link():
                # Rows were linked before the first year: where one belongs is decided by those of the next.
                pass
            case Allocate():
                for row in rows:
                    self._allocate(step, row)
                # Rows of the kind that lie under another kind of parent get no part.
                for row in (r for table in step.receivers for r in self._rows(table, period)):
                    row.columns.setdefault(step.column, stated(Absent(frozenset({step.column}))))
            case Check():
                for row in rows:
                    self._check(step, row)
            case Inspect():
                for row in rows:
                    self._inspect(step, row)
        self.evaluator.notes.clear()

    def warn(self, step: Step) -> None:
        """Warn of what a step met on rows that are settled already; what it came to stays as it is."""
        rows = self._rows(step.table, None)
        match step:
            case Derive() if step.figure.gate is not None:
                self._refuse(step, rows)
            case Aggregate(function="only"):
                only = self._once(step, self._aggregate)
                for row in rows:
                    only(row)
            case Carry(child=str()):
                for row in rows:
                    self._window(step, row)
            case Allocate():
                for row in rows:
                    self._warn_of_shares(step, row)
            case Inspect():
                for row in rows:
                    self._inspect(step, row)
            case _:
                pass

    def _warn_of_shares(self, step: Allocate, parent: Row) -> None:
        rows = sorted((x for t in step.receivers for x in descendants(parent, t)), key=lambda row: row.order)
        if step.method == "equally":
            rows = self._equal_receivers(step, rows)
        whole = _rounded(self._whole(step.whole), _to_the_fen)(parent)
        if not rows and step.method != "in_order" and not whole.is_absent:
            self._nobody(step, parent, readable(whole))

    def _rows(self, table: str, period: Period | None) -> Iterable[Row]:
        """The rows of a kind, or those that one period of a ledger works on."""
        rows = self.tables.get(table, ())
        if period is None:
            return rows
        if (table, period) not in self.parted:
            self.parted[table, period] = [r for r in rows if _within(r.period, period)]
        return self.parted[table, period]

    def _once(self, step: _Step, make: Callable[[_Step], Evaluate]) -> Evaluate:
        """The function of a step, made once for all periods of a ledger."""
        if id(step) not in self.made:
            self.made[id(step)] = make(step)
        return self.made[id(step)]

    def _each(self, column: str, rows: Iterable[Row], function: Evaluate) -> None:
        for row in rows:
            row.columns[column] = function(row)
            if self.evaluator.noting:
                row.notes[column] = self.evaluator.noted()

    # ---- derive

    def _derive(self, step: Derive) -> Callable[[Row], Value]:
        """Default and exceptions, each rounded where the figure is defined; a part stays within what is left."""
        of = self.evaluator.of
        conditions = [of(b.condition) for b in step.exceptions]
        rounding = _rounding(step)
        values = [
            _rounded(assuming(b.condition, self._branch(b.value, [b.condition])), rounding) for b in step.exceptions
        ]
        default = _rounded(self._branch(step.default, [b.condition for b in step.exceptions]), rounding)
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
        lacking = self.pipeline.scheme.tables.keys() - self.supplied
        read = step.default.column if isinstance(step.default, c.Read) else None
        absent = value.is_absent or (read is not None and row.columns[read].is_absent)
        if not absent and not value.missing <= lacking:
            return value
        datum = self.pipeline.scheme.inputs[step.table, step.column]
        anything = p.Between(datum.range.low, datum.range.high) if datum.kind.is_number else p.UNKNOWN
        return Value(anything, anything, frozenset({step.column}), value.assumed, value.defaults)

    def _branch(self, node: Core | NoFigure, conditions: list[Core]) -> Evaluate:
        if isinstance(node, NoFigure):
            absent = stated(Absent(frozenset(n for x in conditions for n in reads_of(x))))
            return lambda _: absent
        return self.evaluator.of(node)

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
                about = {"value": _yuan(now), "low": _yuan(low), "high": _yuan(high)}
                self._tell("R110", row.place or step.figure.span, row, name=step.column, **about)
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
                    self._tell("R111", row.place or step.figure.span, row, name=step.column, value=_yuan(value.now))
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
        self._tell("R171", row.place or step.figure.span, row, **about)

    def _clash(self, step: Derive, decided: Mapping[int, Value], row: Row) -> None:
        told = [f"{'、'.join(step.exceptions[i].clauses)} {spoken(v.now, step.kind)}" for i, v in decided.items()]
        self._tell(
            "R103", row.place or step.figure.span, row, name=step.column, lines="；".join(x.strip() for x in told)
        )

    def _refuse(self, step: Derive, rows: Iterable[Row]) -> None:
        """A gate that says no: the unit is not settled, and each failed test is told with its document."""
        gate = step.figure.gate
        assert gate is not None
        tests = [(test, self.evaluator.of(test.condition)) for test in gate.tests]
        for row in rows:
            if row.columns[step.column].now is not False:
                continue
            for test, condition in tests:
                if condition(row).now is False and row.standing is None:
                    about = {"unit": row.unit, "period": str(row.period), "insurance": row.insurance or "—"}
                    self.findings.append(refusal(self.pipeline.scheme, step.table, gate, test, row.place, about))
            if gate.not_settled:
                _refuse(row)

    # ---- other rows

    def _aggregate(self, step: Aggregate) -> Callable[[Row], Value]:
        where = self.evaluator.of(step.where) if step.where is not None else None
        hidden = frozenset(t for t in step.tables if self._is_hidden(t, step.source))
        links = self.pipeline.scheme.links
        linked = [t for t in step.tables if t in links]
        supplied = frozenset(links[t].source if t in links else t for t in step.tables)

        def aggregate(row: Row) -> Value:
            children = [x for t in step.tables for x in descendants(row, t) if x.from_data or not step.from_data]
            # What shares nothing because a gate refused it has no part to count.
            children = [x for x in children if not (x.refused and x.columns[step.source].is_absent)]
            if not row.refused and hidden:
                children = [x for x in children if not (x.refused and x.table in hidden)]
            apart = [u for t in linked for u in unlinked(row, t)]
            if not children and not apart and self._is_missing(step, row):
                return _missing(supplied, step.kind)
            pairs = [(where(x) if where is not None else _YES, self._source(step, x)) for x in children]
            if linked or row.members is not None:
                pairs = [(_belonging(row, x, holds), value) for x, (holds, value) in zip(children, pairs, strict=True)]
            self.evaluator.notes.clear()
            if step.function == "count":
                return _counted(
                    [(x.count, *pair) for x, pair in zip(children, pairs, strict=True)], _number_of(step, apart)
                )
            if apart and step.function in {"mean", "only"}:
                return _missing(_lacking(apart), step.kind)
            pairs += [(_perhaps(step, u), _missing(u.missing, step.kind)) for u in apart]
            kept = [
                (holds, _plain(value)) for holds, value in pairs if holds.now is not False or holds.base is not False
            ]
            return self._gathered(step, kept, row)

        return aggregate

    def _source(self, step: Aggregate, row: Row) -> Value:
        """What is gathered of a row; a row of an earlier year may stand under rules that had no such figure."""
        value = row.columns.get(step.source)
        return value if value is not None else _missing(frozenset({step.source}), step.kind)

    def _is_hidden(self, table: str, column: str) -> bool:
        """Whether a gate that refuses takes a column out of the results, so that no total may count it.

        What the data gives stays given, and helpers that weights rest on are no results.
        """
        figure = self.pipeline.scheme.figures.get((table, column))
        return figure is not None and figure.kind.is_money and not figure.also_input and not figure.unrounded

    def _is_missing(self, step: Aggregate, row: Row) -> bool:
        """A table not supplied is missing, and so is a kind of units of which the county has none; else none is 0."""
        units = all(row.table in self.pipeline.scheme.tables[t].parents and row.parent is None for t in step.tables)
        if units and all(self.pipeline.scheme.tables[t].grain == "year" for t in step.tables):
            return True
        return step.from_data and not any(t in self.supplied for t in step.tables)

    def _gathered(self, step: Aggregate, kept: list[tuple[Value, Value]], row: Row) -> Value:
        parts = [x for pair in kept for x in pair]
        sure = [v for h, v in kept if h.now is True]
        match step.function:
            case "count":
                return over_rows(
                    kept, lambda values, perhaps: p.between(len(values), len(values) + len(perhaps)), parts
                )
            case "only":
                if len(sure) == 1 and len(kept) == 1:
                    return sure[0]
                if not kept:
                    self._tell("R132", row.place, row, name="、".join(step.tables))
                    return _missing(step.tables, step.kind)
                if all(h.now is True for h, _ in kept):
                    self._tell("R130", row.place, row, count=len(kept), name="、".join(step.tables))
                return (
                    marked(p.ANYTHING, p.ANYTHING, parts)
                    if step.kind.is_number
                    else marked(p.UNKNOWN, p.UNKNOWN, parts)
                )
            case "every" | "some":
                combine, start = (p.both, True) if step.function == "every" else (p.either, False)
                return over_rows(kept, lambda values, perhaps: of_answers(combine, start, values, perhaps), parts)
            case _:
                if not kept:
                    return stated(0) if step.function == "sum" else _missing(step.tables, step.kind)
                return over_rows(kept, lambda values, perhaps: of_numbers(step.function, values, perhaps), parts)

    def _spread(self, step: Spread, row: Row) -> Value:
        if step.above is not None and step.above in self.pipeline.scheme.links and step.above != row.table:
            return self._of_joined(step, row)
        above = row.parent
        while above is not None and step.above not in {None, above.table}:
            above = above.parent
        if above is None or step.source not in above.columns:
            return Value(p.ANYTHING, p.ANYTHING, frozenset({step.above or "所属"}))
        return above.columns[step.source]

    def _of_joined(self, step: Spread, row: Row) -> Value:
        """A column of what a row is linked into; where that may be one of several, what it is on any of them."""
        assert step.above is not None
        anything: Possible = p.ANYTHING if step.kind.is_number else p.UNKNOWN
        lacking = (row.parent.unlinked or {}).get(step.above) if row.parent is not None else None
        missing = frozenset({step.above}) if lacking is None else lacking.missing
        values = [(holds, x.columns.get(step.source)) for x, holds in row.joined]
        # What ends in a later year is worked out then.
        known = [(_YES if holds is None else holds, value) for holds, value in values if value is not None]
        if not known or len(known) < len(values):
            return Value(anything, anything, missing)
        if len(known) == 1 and known[0][0] is _YES:
            return known[0][1]
        now = p.hull(v.now for h, v in known if h.now is not False)
        base = p.hull(v.base for h, v in known if h.base is not False)
        return marked(now, base, [x for pair in known for x in pair])

    def _carry(self, step: Carry) -> Callable[[Row], Value]:
        opening = self.evaluator.of(step.opening) if step.opening is not None else None
        match step.function:
            case "exists":
                return lambda row: self._exists(step, row)
            case "value":
                return lambda row: self._before(step, row, opening)
            case _:
                return lambda row: self._window(step, row)

    def _earlier(self, step: Carry, row: Row, count: int) -> Value | None:
        """A column of the same unit some periods earlier, as closed; None where there is no such row or datum.

        What a gate took out of the results is no closed figure; what the data gave stays given.
        """
        table, owner, unit, insurance, period = row.key
        found = self.past.get((table, owner, unit, insurance, period.before(step.grain, count)))
        if found is None or step.source not in found.columns:
            return None
        value = found.columns[step.source]
        figure = self.pipeline.scheme.figures.get((step.table, step.source))
        if (step.table, step.source) in self.pipeline.needs_data and self._not_begun(found):
            return None
        if figure is not None:
            return None if found.refused and figure.kind.is_money else value
        return None if value.missing == {step.source} else value

    def _not_begun(self, row: Row) -> bool:
        """Whether up to this period no row of the kind was given for the unit: its months begin with the first given."""
        if row.table not in self.begun:
            first = self.begun[row.table] = {}
            for other in self.past.values():
                if other.table == row.table and other.from_data:
                    key = other.key[:-1]
                    first[key] = min(first.get(key, other.period), other.period)
        begun = self.begun[row.table].get(row.key[:-1])
        return begun is None or row.period < begun

    def _before(self, step: Carry, row: Row, opening: Evaluate | None) -> Value:
        """The closed value; where there is none, or the figure was absent, the opening value."""
        earlier = self._earlier(step, row, 1)
        if earlier is not None and not (_has_gap(earlier.now) or _has_gap(earlier.base)):
            self._same_opening(step, row, earlier)
            return earlier
        label = f"{_PREVIOUS[step.grain]}{step.source}"
        start = opening(row) if opening is not None else Value(p.ANYTHING, p.ANYTHING, frozenset({label}))
        row.decided[step.column] = ()
        if earlier is None:
            return start
        return marked(_filled(earlier.now, start.now), _filled(earlier.base, start.base), (earlier, start))

    def _exists(self, step: Carry, row: Row) -> Value:
        earlier = self._earlier(step, row, 1)
        if earlier is None:
            return stated(False)
        return marked(_present(earlier.now), _present(earlier.base), (earlier,))

    def _same_opening(self, step: Carry, row: Row, earlier: Value) -> None:
        """An opening datum given where the year before is in the data must be the same."""
        if not isinstance(step.opening, c.Read) or step.opening.column not in row.given:
            return
        name = step.opening.column
        given = row.columns[name].now
        if p.equal(given, earlier.now) is False and not isinstance(earlier.now, Maybe):
            place = row.places.get(name, row.place)
            self._tell(
                "R131",
                place,
                row,
                name=name,
                source=step.source,
                given=_told(given, step.kind),
                closed=_told(earlier.now, step.kind),
            )

    def _window(self, step: Carry, row: Row) -> Value:
        windows: list[list[Value] | None]
        if step.count is None:
            windows = [_alone(self._own(step, row, n)) for n in reversed(range(row.period.number))]
        else:
            looked = [self._looked(step, row, n) for n in range(step.count, 0, -1)]
            windows = [None if found is None else [x.value for x in found] for found in looked]
            if None not in windows:
                taken = tuple(x for found in looked if found is not None for x in found)
                row.windows = {**(row.windows or {}), step.column: taken}
        known = [v for values in windows if values is not None for v in values]
        if any(values is None for values in windows):
            label = step.child or (f"前{step.count}期{step.source}" if step.count else step.source)
            return Value(p.ANYTHING, p.ANYTHING, frozenset({label}).union(*(v.missing for v in known)))
        kept = [(_YES, _plain(v)) for v in known]
        tables = (step.child or step.table,)
        aggregate = Aggregate(step.table, step.column, step.function, tables, step.source, None, True, step.kind)  # type: ignore[arg-type]
        return self._gathered(aggregate, kept, row)

    def _looked(self, step: Carry, row: Row, count: int) -> list[Looked] | None:
        """What there is some periods earlier; None where there is none."""
        period = row.period.before(step.grain, count)
        if step.child is not None:
            return self.history(step, row, period)
        value = self._earlier(step, row, count)
        return None if value is None else [Looked(period, value, self.past[*row.key[:-1], period])]

    def _own(self, step: Carry, row: Row, back: int) -> Value | None:
        if back == 0:
            return row.columns[step.source]
        table, owner, unit, insurance, period = row.key
        before = Period(period.year, period.grain, period.number - back)
        found = self.past.get((table, owner, unit, insurance, before))
        return found.columns.get(step.source) if found is not None else None

    def _place(self, step: Sequence, row: Row) -> Value:
        """The place among the rows of the kind under one parent, in the same period and insurance type."""
        siblings = [
            x
            for x in self.tables[row.table]
            if x.parent is row.parent and x.period == row.period and x.insurance == row.insurance
        ]
        values = [_plain(x.columns[step.source]) for x in siblings]
        own = _plain(row.columns[step.source])

        apart = [] if row.parent is None else list(unlinked(row.parent, row.table))
        standing = [x.standing for x in siblings if x.standing is not None]
        if standing or apart:
            most = p.between(1, len(siblings) + sum(u.most for u in apart))
            return marked(most, most, [Value(most, most, _lacking(apart)), *standing, *values])

        def place(mine: Possible, others: list[Possible]) -> Possible:
            if not all(p.is_point(x) for x in others):
                return p.between(1, len(others))
            return (
                1
                + sum(1 for x in others if p.over(x, mine) is True if step.highest_first)
                + sum(1 for x in others if p.over(mine, x) is True if not step.highest_first)
            )

        return marked(place(own.now, [v.now for v in values]), place(own.base, [v.base for v in values]), values)

    # ---- allocate

    def _allocate(self, step: Allocate, parent: Row) -> None:
        whole = _rounded(self._whole(step.whole), _to_the_fen)(parent)
        rows = [x for t in step.receivers for x in descendants(parent, t)]
        rows.sort(key=lambda row: row.order)
        if step.method == "equally":
            rows = self._equal_receivers(step, rows)
        if whole.is_absent:
            for row in rows:
                row.columns[step.column] = stated(Absent(_absent_reads(whole)))
            if step.left is not None:
                parent.columns[step.left] = stated(Absent(_absent_reads(whole)))
            return
        whole = readable(whole)
        if step.method == "in_order":
            self._in_order(step, parent, whole, rows)
            return
        self.evaluator.notes.clear()
        weights, notes = [], []
        for row in rows:
            weights.append(self._weight(step, row))
            notes.append(self.evaluator.noted())
        spare = self._spare(step, rows, parent)
        if not rows:
            self._nobody(step, parent, whole)
            return
        if self._no_weight(step, weights, whole, parent, rows):
            return
        now = possible_shares(whole.now, [w.now for w in weights], spare)
        base = possible_shares(whole.base, [w.base for w in weights], spare)
        for row, x, y, noted in zip(rows, now, base, notes, strict=True):
            row.columns[step.column] = marked(x, y, (whole, *weights))
            row.notes[step.column] = noted
        self.identities += 1
        parts = [x for x in now if isinstance(x, int)]
        if p.is_point(whole.now) and len(parts) == len(now) and sum(parts) != whole.now:
            left, right = _yuan(whole.now), _yuan(sum(parts))
            self._tell("R140", step.allocation.span, parent, left=left, right=right, text=step.column)

    def _whole(self, node: Core) -> Evaluate:
        """What is allocated; a figure that is absent stays absent here, and so are its parts."""
        return (lambda row: row.columns[node.column]) if isinstance(node, c.Read) else self.evaluator.of(node)

    def _equal_receivers(self, step: Allocate, rows: list[Row]) -> list[Row]:
        """Those with a row that are not refused; a unit of the roster without a row is told."""
        for row in rows:
            if row.refused:
                row.columns[step.column] = stated(Absent())
        kept = [row for row in rows if not row.refused]
        for table in step.receivers:
            listed = self.pipeline.scheme.rosters.get(table, ())
            present = {row.unit for row in rows}
            for unit in listed:
                if present & set(listed) and unit not in present and kept:
                    self._tell("R122", None, kept[0], name=step.column, missing=unit)
            for row in kept:
                if row.table == table and present & set(listed) and row.unit not in listed:
                    self._tell("R123", row.place, row, name=step.column)
        return kept

    def _weight(self, step: Allocate, row: Row) -> Value:
        if step.method == "equally":
            return _ONE
        value = self.evaluator.of(step.weight[row.table])(row)
        if isinstance(value.now, int | Fraction) and value.now < 0:
            self._tell("R141", step.allocation.span, row, name=step.column)
            return stated(0)
        return marked(p.clip(value.now, 0, None), p.clip(value.base, 0, None), (value,))

    def _spare(self, step: Allocate, rows: list[Row], parent: Row) -> Spare:
        if step.spare in {"first_listed", "largest_remainder"}:
            return step.spare  # type: ignore[return-value]
        for index, row in enumerate(rows):
            if row.unit == step.spare:
                return index
        if rows:
            self._tell("R142", step.allocation.span, parent, name=step.spare)
        return "first_listed"

    def _nobody(self, step: Allocate, parent: Row, whole: Value) -> None:
        if p.is_point(whole.now) and whole.now != 0 and not parent.refused:
            self._tell("R143", step.allocation.span, parent, name=step.column, value=_yuan(whole.now))

    def _no_weight(self, step: Allocate, weights: list[Value], whole: Value, parent: Row, rows: list[Row]) -> bool:
        """All weights zero: nothing says how to share; an empty whole is shared as nothing to each."""
        if not all(w.now == 0 for w in weights):
            return False
        if whole.now == 0:
            for row in rows:
                row.columns[step.column] = stated(0)
        else:
            self._tell("R144", step.allocation.span, parent, name=step.column, units="、".join(r.unit for r in rows))
            for row in rows:
                row.columns[step.column] = Value(p.ANYTHING, p.ANYTHING, frozenset({step.column}))
        return True

    def _in_order(self, step: Allocate, parent: Row, whole: Value, rows: list[Row]) -> None:
        """Each up to its limit in roster order, what is left recorded on the parent; exact where all is known."""
        limits = [_rounded(self.evaluator.of(step.each[row.table]), _to_the_fen)(row) for row in rows]
        now, left = in_order(whole.now, [p.greatest(limit.now, 0) for limit in limits])
        base, base_left = in_order(whole.base, [p.greatest(limit.base, 0) for limit in limits])
        for number, (row, x, y) in enumerate(zip(rows, now, base, strict=True), 1):
            row.columns[step.column] = marked(x, y, (whole, *limits[:number]))
        if step.left is not None:
            parent.columns[step.left] = marked(left, base_left, (whole, *limits))
        self.identities += 1

    # ---- checks

    def _check(self, step: Check, row: Row) -> None:
        left = self.evaluator.of(step.left)(row)
        if step.sort == "limit":
            if left.now is False and not row.refused:
                given = row.places.get(step.name, row.place)
                self._tell("R150", given, row, name=step.name, text=_text(step.left))
            return
        assert step.right is not None
        right = self.evaluator.of(step.right)(row)
        same = p.equal(left.now, right.now)
        if same is True:
            self.identities += 1
        elif same is False:
            self.identities += 1
            self._tell(
                "R140",
                row.place,
                row,
                text=step.text,
                left=_told(left.now, step.left.kind),
                right=_told(right.now, step.right.kind),
            )
        else:
            self.waiting += 1

    def _inspect(self, step: Inspect, row: Row) -> None:
        uses = step.uses
        for table in uses.spending:
            for child in descendants(row, table):
                use = child.columns[SPENT_ON].now
                if isinstance(use, str) and use not in uses.allowed:
                    self._tell("R160", child.places.get(SPENT_ON, child.place), row, name=uses.name, use=use,
                               allowed="、".join(uses.allowed), clause="、".join(uses.clauses))  # fmt: skip

    def _tell(self, code: str, where: Span | Place | None, row: Row, /, **values: object) -> None:
        if row.standing is not None:
            # Nothing is wrong with a row that may not be there.
            return
        about = {"unit": row.unit, "period": str(row.period), "insurance": row.insurance or "—"}
        self.findings.append(Finding(code, where, {**about, **values}))


def _counted(rows: list[tuple[int, Value, Value]], others: Value) -> Value:
    """How many rows count, a row of the data that stands for many as so many; one whose filter is open may count.

    ``others`` is how many there are beside them.
    """
    kept = [(n, h, _plain(v)) for n, h, v in rows if h.now is not False or h.base is not False]

    def one(holds: Callable[[Value], Possible]) -> Possible:
        sure = sum(n for n, h, _ in kept if holds(h) is True)
        perhaps = sum(n for n, h, _ in kept if holds(h) is not True and holds(h) is not False)
        return p.add(p.between(sure, sure + perhaps), others.now)

    return marked(one(lambda h: h.now), one(lambda h: h.base), [others, *(x for _, h, v in kept for x in (h, v))])


def _belonging(row: Row, child: Row, holds: Value) -> Value:
    """Whether a row counts that may be part of another, or of the one it is counted for."""
    for value in (child.standing, row.members.get(child) if row.members is not None else None):
        if value is not None:
            holds = lift(p.both, value, holds)
    return holds


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


def _number_of(step: Aggregate, apart: list[Unlinked]) -> Value:
    """How many rows those come to that cannot be linked."""
    if not apart:
        return _NONE
    most = sum(u.most for u in apart)
    many = p.between(sum(u.least for u in apart) if step.where is None else 0, most)
    return marked(many, many, [Value(many, many, _lacking(apart))])


def _perhaps(step: Aggregate, apart: Unlinked) -> Value:
    """Whether any of those count that cannot be linked."""
    if step.where is None and apart.least > 0:
        return _YES
    return Value(p.UNKNOWN, p.UNKNOWN, apart.missing)


def _lacking(apart: list[Unlinked]) -> Marks:
    return frozenset[str]().union(*(u.missing for u in apart))


def descendants(row: Row, table: str) -> list[Row]:
    """The rows of a kind that belong to a row, directly or through others."""
    if table in row.children:
        return row.children[table]
    return [x for children in row.children.values() for child in children for x in descendants(child, table)]


_YES = stated(True)
_ONE = stated(1)
_NONE = stated(0)
_PREVIOUS = {"year": "上年", "half": "上半年", "quarter": "上季", "month": "上月", "row": "上年"}


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


def _within(own: Period, period: Period) -> bool:
    return own.grain != period.grain or own == period


def _rounding(step: Derive) -> Callable[[Number], Number] | None:
    if step.step is None:
        return None
    size, mode = step.step, step.mode
    if size == 1 and mode == "half_up":
        return _fen
    return lambda n: round_to(n, size, mode)


def _fen(value: Number) -> Number:
    """To the fen, half away from zero."""
    if type(value) is int:
        return value
    numerator, denominator = value.numerator, value.denominator
    half = (2 * abs(numerator) + denominator) // (2 * denominator)
    return -half if numerator < 0 else half


_to_the_fen: Callable[[Number], Number] = _fen


def _rounded(function: Evaluate, by: Callable[[Number], Number] | None) -> Evaluate:
    if by is None:
        return function

    def rounded(row: Row) -> Value:
        value = function(row)
        now = value.now
        if type(now) is int and by is _fen and value.base is now:
            return value
        if type(value) is Known and type(now) is Fraction:
            return Known(by(now))
        if isinstance(now, Absent | Maybe) or isinstance(value.base, Absent | Maybe):
            return value
        if isinstance(now, bool | str) or not isinstance(now, int | Fraction | p.Between):
            return value
        return lift(lambda v: p.rounded(v, by), value)

    return rounded


def _alone(value: Value | None) -> list[Value] | None:
    return None if value is None else [value]


def _absent_reads(value: Value) -> Marks:
    return frozenset[str]().union(*(v.reads for v in (value.now, value.base) if isinstance(v, Absent | Maybe)))


def _plain(value: Value) -> Value:
    return value if type(value) is Known else readable(value)


def _missing(tables: Iterable[str], kind: k.Kind) -> Value:
    anything: Possible = p.ANYTHING if kind.is_number else p.UNKNOWN
    if kind.base is k.Base.MONEY:
        anything = p.Between(0, None)
    return Value(anything, anything, frozenset(tables))


def _has_gap(value: Possible) -> bool:
    return isinstance(value, Absent | Maybe)


def _filled(value: Possible, start: Possible) -> Possible:
    """A closed value with the opening one where it is, or may be, absent."""
    if isinstance(value, Absent):
        return start
    return p.hull((value.inner, start)) if isinstance(value, Maybe) else value


def _present(value: Possible) -> Possible:
    return p.UNKNOWN if isinstance(value, Maybe) else not isinstance(value, Absent)


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


def _yuan(value: Possible) -> str:
    return grouped(money_text(value)) if isinstance(value, int | Fraction) else "—"


def _told(value: Possible, kind: k.Kind) -> str:
    """A value inside a finding; amounts without their unit."""
    return spoken(value, kind).replace(" 元", "") if kind.is_money else spoken(value, kind)


def _text(node: Core) -> str:
    return source_text(node.span)
