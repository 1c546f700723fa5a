"""Rows of which it is open whether they join the one before: each beside all that it is, or may be, part of, as SQL."""

from collections.abc import Iterator, Mapping, Sequence

from sqlglot import exp

from engine.nouns.pipeline import OPEN_AT_MOST
from engine.sql import marks as m
from engine.sql.conditions import all_of, case, certainly, is_null, no, truth
from engine.sql.forms import Plain, Possible, Value
from engine.sql.layout import (
    ROW,
    Relation,
)
from engine.sql.levels import Frame, own
from engine.sql.marks import Mask
from engine.sql.whole import Arithmetic
from engine.sql.windows import SO_FAR, Windows, bound_in
from grammar.frozen import dataclass

_NULL = exp.cast(exp.Null(), "BOOLEAN")


@dataclass(frozen=True, slots=True)
class Pairs:
    """Where the pairs lie, the columns they have, which row of the made ones each is about, and whether it belongs to it."""

    sql: str
    stored: tuple[str, ...]
    whole: exp.Column
    holds: Value


class Open:
    """Rows of which it may be open whether they join the one before: running counts of these, by what they wait for."""

    def __init__(self, windows: Windows, arithmetic: Arithmetic, joins: Value, base: Plain, now: Plain) -> None:
        self.windows = windows
        self.arithmetic = arithmetic
        self.joins = joins
        self.is_open = is_null(base.sql)
        self.apart = certainly(no(base.sql))
        self.now = now
        self.assumes = joins.now is not joins.base
        self.too_many: exp.Expression
        self.marks: tuple[Mask, Mask, Mask] = (joins.missing, joins.assumed, joins.defaults)

    def counted(self, number: exp.Column) -> dict[str, str]:
        """The columns that hold the counts, by what is counted."""
        count, frame = self.windows.count, self.windows.frame
        counts = {"parts": number.name, "stretch": count("stretches", self.apart).name}
        begun = exp.Case(ifs=[exp.If(this=self.apart.copy(), true=number.copy())])
        since = frame.bind("parts_before", self.windows.over(exp.Max(this=begun), SO_FAR))
        open_ = exp.Sub(this=number.copy(), expression=since)
        self.too_many = exp.GT(this=open_, expression=exp.Literal.number(OPEN_AT_MOST))
        # Where too many are open each row is only part of what it is part of for certain.
        least = case([(self.too_many.copy(), number.copy())], exp.Literal.number(0))
        counts["least"] = frame.bind("least_part", least).name
        if self.assumes:
            counts["no"] = count("kept_apart", all_of(self.is_open, certainly(no(self.now.sql)))).name
            counts["unknown"] = count("unknown", all_of(self.is_open, is_null(self.now.sql))).name
        for which, mask in enumerate(self.marks):
            for bit in _bits(mask.may):
                counts[f"{which} {bit}"] = count("waits", all_of(self.is_open, m.among(mask, bit))).name
        return counts

    def pairs(
        self, source: Relation, stored: Sequence[str], table: str, first: str, counts: Mapping[str, str]
    ) -> Pairs:
        """Each row beside every row made that it is, or may be, part of."""
        frame = Frame(
            f"{source.sql}_in", source.sql, None, stored, self.windows.frame.program, self.windows.frame.tables_of
        )

        def theirs(name: str) -> exp.Column:
            return exp.column(name, table="whole")

        # Nothing but comparisons: beside anything else an engine would try every row against every other.
        parts = counts["parts"]
        on: exp.Expression = exp.EQ(this=theirs(first), expression=own(first))
        on = exp.And(this=on, expression=exp.EQ(this=theirs(counts["stretch"]), expression=own(counts["stretch"])))
        on = exp.And(this=on, expression=exp.GTE(this=theirs(parts), expression=own(parts)))
        on = exp.And(this=on, expression=exp.LTE(this=theirs(counts["least"]), expression=own(parts)))
        frame.join("whole", table, on)
        whole = frame.bind("whole", exp.column(ROW, table="whole"))

        def between(what: str) -> exp.Expression:
            """How many there are from after the row to the last of the other."""
            name = counts[what]
            return frame.bind(
                f"{name}_between", exp.Sub(this=exp.column(name, table="whole"), expression=exp.column(name))
            )

        def some(what: str) -> exp.Expression:
            return exp.GT(this=between(what), expression=exp.Literal.number(0))

        further = some("parts")
        base = Possible(Plain(case([(no(further), truth(value=True))], _NULL.copy()), "yes_no", blank=True))
        now = base
        is_unknown = further
        if self.assumes:
            apart, unknown = some("no"), some("unknown")
            is_unknown = all_of(no(apart), unknown)
            answer = case([(apart, truth(value=False)), (unknown, _NULL)], truth(value=True))
            now = Possible(Plain(answer, "yes_no", blank=True))
        masks = []
        for which, mask in enumerate(self.marks):
            masks.append(m.either(m.when(some(f"{which} {bit}"), m.fixed(bit)) for bit in _bits(mask.may)))
        missing = m.when(is_unknown, masks[0])
        holds = bound_in(frame, self.arithmetic, "belongs", Value(now, base, missing, masks[1], masks[2]))
        frame.put_down()
        return Pairs(frame.source, tuple(frame.stored), whole, holds)


def _bits(mask: int) -> Iterator[int]:
    bit = 1
    while bit <= mask:
        if mask & bit:
            yield bit
        bit <<= 1
