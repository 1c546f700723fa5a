"""Columns of earlier periods of the same unit: the one before, a window of them, or whether there was one."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from engine.interpret.amounts import told
from engine.interpret.evaluate import Evaluate
from engine.interpret.gather import YES, Gather, plain
from engine.interpret.work import Work
from engine.nouns import core as c
from engine.nouns import possible as p
from engine.nouns.periods import Period
from engine.nouns.pipeline import Aggregate, Carry
from engine.nouns.possible import Absent, Maybe, Possible
from engine.nouns.value import Value, marked, stated
from engine.nouns.world import Looked, Row


@dataclass(slots=True)
class LookBack:
    """Looks back for the rows of one year; ``past`` gives settled rows by key, ``history`` child data of years not settled."""

    work: Work
    gather: Gather
    past: Mapping[tuple[object, ...], Row]
    history: Callable[[Carry, Row, Period], list[Looked] | None]
    begun: dict[str, dict[tuple[object, ...], Period]] = field(default_factory=dict)

    def carry(self, step: Carry) -> Callable[[Row], Value]:
        """What looks back from a row."""
        opening = self.work.evaluator.of(step.opening) if step.opening is not None else None
        match step.function:
            case "exists":
                return lambda row: self._exists(step, row)
            case "value":
                return lambda row: self._before(step, row, opening)
            case _:
                return lambda row: self.window(step, row)

    def _earlier(self, step: Carry, row: Row, count: int) -> Value | None:
        """A column of the same unit some periods earlier, as closed; None where there is no such row or datum."""
        value = self._closed(step, row, count)
        return None if value is None or self._is_blank(step, value) else value

    def _closed(self, step: Carry, row: Row, count: int) -> Value | None:
        """A column of the same unit some periods earlier, a blank datum too; None where there is no such row.

        What a gate took out of the results is no closed figure; what the data gave stays given.
        """
        table, owner, unit, insurance, period = row.key
        found = self.past.get((table, owner, unit, insurance, period.before(step.grain, count)))
        if found is None or step.source not in found.columns:
            return None
        value = found.columns[step.source]
        figure = self.work.pipeline.scheme.figures.get((step.table, step.source))
        if (step.table, step.source) in self.work.pipeline.needs_data and self._not_begun(found):
            return None
        return None if figure is not None and found.refused and figure.kind.is_money else value

    def _is_blank(self, step: Carry, value: Value) -> bool:
        return (step.table, step.source) not in self.work.pipeline.scheme.figures and value.missing == {step.source}

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
        """The closed value; where there is none, or the figure was absent, the opening value.

        A row that is there and whose datum was left blank is no first period: it is open, and not what one begins with.
        """
        earlier = self._closed(step, row, 1)
        label = f"{_PREVIOUS[step.grain]}{step.source}"
        if earlier is not None and self._is_blank(step, earlier):
            if self._waits(step, row):
                return Value(earlier.now, earlier.base, frozenset({label}))
            earlier = None
        if earlier is not None and not (_has_gap(earlier.now) or _has_gap(earlier.base)):
            self._same_opening(step, row, earlier)
            return earlier
        start = opening(row) if opening is not None else Value(p.ANYTHING, p.ANYTHING, frozenset({label}))
        row.decided[step.column] = ()
        if earlier is None:
            return start
        return marked(_filled(earlier.now, start.now), _filled(earlier.base, start.base), (earlier, start))

    def _waits(self, step: Carry, row: Row) -> bool:
        """Whether a blank datum of the period before stays open: only what the data gives in its place may stand for it."""
        if step.opening is None:
            return False
        name = step.opening.column if isinstance(step.opening, c.Read) else None
        datum = self.work.pipeline.scheme.inputs.get((step.table, name)) if name is not None else None
        return datum is None or (datum.default is not None and name not in row.given)

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
            self.work.tell(
                "R131",
                place,
                row,
                name=name,
                source=step.source,
                given=told(given, step.kind),
                closed=told(earlier.now, step.kind),
            )

    def window(self, step: Carry, row: Row) -> Value:
        """What several periods come to; one of them missing leaves it open."""
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
        kept = [(YES, plain(v)) for v in known]
        tables = (step.child or step.table,)
        aggregate = Aggregate(step.table, step.column, step.function, tables, step.source, None, True, step.kind)  # type: ignore[arg-type]
        return self.gather.gathered(aggregate, kept, row)

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


def _alone(value: Value | None) -> list[Value] | None:
    return None if value is None else [value]


def _has_gap(value: Possible) -> bool:
    return isinstance(value, Absent | Maybe)


def _filled(value: Possible, start: Possible) -> Possible:
    """A closed value with the opening one where it is, or may be, absent."""
    if isinstance(value, Absent):
        return start
    return p.hull((value.inner, start)) if isinstance(value, Maybe) else value


def _present(value: Possible) -> Possible:
    return p.UNKNOWN if isinstance(value, Maybe) else not isinstance(value, Absent)


_PREVIOUS = {"year": "上年", "half": "上半年", "quarter": "上季", "month": "上月", "row": "上年"}
