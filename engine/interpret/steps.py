"""Each kind of step, done once over all rows of its table (or of one period of a ledger)."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from engine.interpret.amounts import told
from engine.interpret.derive import Deriving
from engine.interpret.evaluate import Evaluate, Evaluator
from engine.interpret.gather import Gather
from engine.interpret.look_back import LookBack
from engine.interpret.share_out import ShareOut
from engine.interpret.work import Work, descendants
from engine.nouns import possible as p
from engine.nouns.core import Core
from engine.nouns.periods import Period
from engine.nouns.pipeline import (
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
from engine.nouns.possible import Absent
from engine.nouns.value import stated
from engine.nouns.world import Looked, Row
from grammar.diagnostic import Finding
from grammar.source import source_text

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
    checked: int = 0
    waiting: int = 0
    made: dict[int, Evaluate] = field(default_factory=dict)
    parted: dict[tuple[str, Period], list[Row]] = field(default_factory=dict)
    work: Work = field(init=False)
    deriving: Deriving = field(init=False)
    gather: Gather = field(init=False)
    look_back: LookBack = field(init=False)
    share_out: ShareOut = field(init=False)

    def __post_init__(self) -> None:
        self.work = Work(self.pipeline, self.tables, self.supplied, self.evaluator, self.findings)
        self.deriving = Deriving(self.work)
        self.gather = Gather(self.work)
        self.look_back = LookBack(self.work, self.gather, self.past, self.history)
        self.share_out = ShareOut(self.work)

    @property
    def identities(self) -> int:
        """How many identities were checked, those of allocations among them."""
        return self.checked + self.share_out.identities

    def do(self, step: Step, period: Period | None = None) -> None:
        """Do a step on every row of its table, or on those of one period."""
        rows = self._rows(step.table, period)
        match step:
            case Derive():
                self._each(step.column, rows, self._once(step, self.deriving.derive))
                if step.figure.gate is not None:
                    self.deriving.refuse(step, rows)
            case Aggregate():
                self._each(step.column, rows, self._once(step, self.gather.aggregate))
            case Spread():
                self._each(step.column, rows, lambda row: self.gather.spread(step, row))
            case Carry():
                self._each(step.column, rows, self._once(step, self.look_back.carry))
            case Sequence():
                self._each(step.column, rows, lambda row: self.gather.place(step, row))
            case Link():
                # Rows were linked before the first year: where one belongs is decided by those of the next.
                pass
            case Allocate():
                for row in rows:
                    self.share_out.allocate(step, row)
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
                self.deriving.refuse(step, rows)
            case Aggregate(function="only"):
                only = self._once(step, self.gather.aggregate)
                for row in rows:
                    only(row)
            case Carry(child=str()):
                for row in rows:
                    self.look_back.window(step, row)
            case Allocate():
                for row in rows:
                    self.share_out.warn(step, row)
            case Inspect():
                for row in rows:
                    self._inspect(step, row)
            case _:
                pass

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

    # ---- checks

    def _check(self, step: Check, row: Row) -> None:
        left = self.evaluator.of(step.left)(row)
        if step.sort == "limit":
            if left.now is False and not row.refused:
                given = row.places.get(step.name, row.place)
                self.work.tell("R150", given, row, name=step.name, text=_text(step.left))
            return
        assert step.right is not None
        right = self.evaluator.of(step.right)(row)
        same = p.equal(left.now, right.now)
        if same is True:
            self.checked += 1
        elif same is False:
            self.checked += 1
            self.work.tell(
                "R140",
                row.place,
                row,
                text=step.text,
                left=told(left.now, step.left.kind),
                right=told(right.now, step.right.kind),
            )
        else:
            self.waiting += 1

    def _inspect(self, step: Inspect, row: Row) -> None:
        uses = step.uses
        for table in uses.spending:
            for child in descendants(row, table):
                use = child.columns[SPENT_ON].now
                if isinstance(use, str) and use not in uses.allowed:
                    self.work.tell("R160", child.places.get(SPENT_ON, child.place), row, name=uses.name, use=use,
                               allowed="、".join(uses.allowed), clause="、".join(uses.clauses))  # fmt: skip


def _within(own: Period, period: Period) -> bool:
    return own.grain != period.grain or own == period


def _text(node: Core) -> str:
    return source_text(node.span)
