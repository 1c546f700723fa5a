"""Rows gathered to the row they belong to, and what a row above gives to those below."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from engine.interpret.aggregate import of_answers, of_numbers, over_rows
from engine.interpret.work import Work, descendants, unlinked
from engine.nouns import kinds as k
from engine.nouns import possible as p
from engine.nouns.pipeline import Aggregate, Sequence, Spread
from engine.nouns.possible import Possible
from engine.nouns.value import Known, Marks, Value, lift, marked, readable, stated
from engine.nouns.world import Row, Unlinked


@dataclass(slots=True)
class Gather:
    """Gathers for the rows of one year."""

    work: Work

    def aggregate(self, step: Aggregate) -> Callable[[Row], Value]:
        """What gathers the rows below a row: those that count, and those that may."""
        where = self.work.evaluator.of(step.where) if step.where is not None else None
        hidden = frozenset(t for t in step.tables if self._is_hidden(t, step.source))
        links = self.work.pipeline.scheme.links
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
            pairs = [(where(x) if where is not None else YES, self._source(step, x)) for x in children]
            if linked or row.members is not None:
                pairs = [(_belonging(row, x, holds), value) for x, (holds, value) in zip(children, pairs, strict=True)]
            self.work.evaluator.notes.clear()
            if step.function == "count":
                return _counted(
                    [(x.count, *pair) for x, pair in zip(children, pairs, strict=True)], _number_of(step, apart)
                )
            if apart and step.function in {"mean", "only"}:
                return _missing(_lacking(apart), step.kind)
            pairs += [(_perhaps(step, u), _missing(u.missing, step.kind)) for u in apart]
            kept = [
                (holds, plain(value)) for holds, value in pairs if holds.now is not False or holds.base is not False
            ]
            return self.gathered(step, kept, row)

        return aggregate

    def _source(self, step: Aggregate, row: Row) -> Value:
        """What is gathered of a row; a row of an earlier year may stand under rules that had no such figure."""
        value = row.columns.get(step.source)
        return value if value is not None else _missing(frozenset({step.source}), step.kind)

    def _is_hidden(self, table: str, column: str) -> bool:
        """Whether a gate that refuses takes a column out of the results, so that no total may count it.

        What the data gives stays given, and helpers that weights rest on are no results.
        """
        figure = self.work.pipeline.scheme.figures.get((table, column))
        return figure is not None and figure.kind.is_money and not figure.also_input and not figure.unrounded

    def _is_missing(self, step: Aggregate, row: Row) -> bool:
        """A table not supplied is missing, and so is a kind of units of which the county has none; else none is 0."""
        units = all(
            row.table in self.work.pipeline.scheme.tables[t].parents and row.parent is None for t in step.tables
        )
        if units and all(self.work.pipeline.scheme.tables[t].grain == "year" for t in step.tables):
            return True
        return step.from_data and not any(t in self.work.supplied for t in step.tables)

    def gathered(self, step: Aggregate, kept: list[tuple[Value, Value]], row: Row) -> Value:
        """What values come to, each with whether it counts."""
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
                    self.work.tell("R132", row.place, row, name="、".join(step.tables))
                    return _missing(step.tables, step.kind)
                if all(h.now is True for h, _ in kept):
                    self.work.tell("R130", row.place, row, count=len(kept), name="、".join(step.tables))
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

    def spread(self, step: Spread, row: Row) -> Value:
        """A column of a row above, or of what the row is linked into."""
        if step.above is not None and step.above in self.work.pipeline.scheme.links and step.above != row.table:
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
        known = [(YES if holds is None else holds, value) for holds, value in values if value is not None]
        if not known or len(known) < len(values):
            return Value(anything, anything, missing)
        if len(known) == 1 and known[0][0] is YES:
            return known[0][1]
        now = p.hull(v.now for h, v in known if h.now is not False)
        base = p.hull(v.base for h, v in known if h.base is not False)
        return marked(now, base, [x for pair in known for x in pair])

    def place(self, step: Sequence, row: Row) -> Value:
        """The place among the rows of the kind under one parent, in the same period and insurance type."""
        siblings = [
            x
            for x in self.work.tables[row.table]
            if x.parent is row.parent and x.period == row.period and x.insurance == row.insurance
        ]
        values = [plain(x.columns[step.source]) for x in siblings]
        own = plain(row.columns[step.source])

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


def _counted(rows: list[tuple[int, Value, Value]], others: Value) -> Value:
    """How many rows count, a row of the data that stands for many as so many; one whose filter is open may count.

    ``others`` is how many there are beside them.
    """
    kept = [(n, h, plain(v)) for n, h, v in rows if h.now is not False or h.base is not False]

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
        return YES
    return Value(p.UNKNOWN, p.UNKNOWN, apart.missing)


def _lacking(apart: list[Unlinked]) -> Marks:
    return frozenset[str]().union(*(u.missing for u in apart))


def plain(value: Value) -> Value:
    """A value as what gathers it reads it."""
    return value if type(value) is Known else readable(value)


def _missing(tables: Iterable[str], kind: k.Kind) -> Value:
    anything: Possible = p.ANYTHING if kind.is_number else p.UNKNOWN
    if kind.base is k.Base.MONEY:
        anything = p.Between(0, None)
    return Value(anything, anything, frozenset(tables))


YES = stated(True)
_NONE = stated(0)
