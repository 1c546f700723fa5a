"""The account of a figure: what was executed for it and for what it stands on, in the order of working it out."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from engine.explain.makers import Makers
from engine.explain.terms import Leaf, Term, leaves, term
from engine.nouns import core as c
from engine.nouns.core import Core, NoFigure
from engine.nouns.pipeline import Aggregate, Allocate, Carry, Derive, Pipeline, Spread
from engine.nouns.possible import is_point
from engine.nouns.value import Value
from engine.nouns.world import Looked, Row, RowKey

SettledRow = Callable[[RowKey], Row | None]
Trace = Callable[[Pipeline, Row], Callable[[Core], Value]]


@dataclass(frozen=True, slots=True)
class Passed:
    """An exception of a rule as it stood: its condition with what it read, and what the figure would be if it held."""

    branch: c.Branch
    condition: Term
    value: Value | None


@dataclass(frozen=True, slots=True)
class Step:
    """One figure or helper column of one row, as it came about.

    ``term`` is what was worked out (None where an exception takes the figure away or it is not known how);
    ``decided`` and ``passed`` are the exceptions that held and those that did not. ``either`` are exceptions and rows of a
    table of which nobody knows whether they hold, where the figure is the same all the same: there is no ``term`` then.
    """

    row: Row
    column: str
    value: Value
    maker: "Derive | Allocate | Aggregate | Carry"
    term: Term | None
    decided: tuple[Passed, ...] = ()
    passed: tuple[Passed, ...] = ()
    either: tuple[Passed, ...] = ()

    @property
    def reads(self) -> list[Leaf]:
        """The named values it stands on."""
        terms = [t for t in (self.term, *(e.condition for e in (*self.decided, *self.either))) if t is not None]
        found = {(leaf.name, leaf.parameter): leaf for t in terms for leaf in leaves(t)}
        return list(found.values())


@dataclass(slots=True)
class Accounts:
    """Makes steps for the rows of one pipeline; a row is told apart from others of its name by itself.

    ``settled`` gives a row by its key where the pipeline settled it: what an amendment has changed since is not followed.
    """

    pipeline: Pipeline
    makers: Makers
    trace: Trace
    settled: SettledRow
    made: dict[tuple[int, str], Step | None] = field(default_factory=dict)

    def step(self, row: Row, column: str) -> Step | None:
        """How a column of a row came about; None where it was given, or is neither a figure nor a sum."""
        key = (id(row), column)
        if key not in self.made:
            self.made[key] = self._step(row, column)
        return self.made[key]

    def forget(self) -> None:
        """Let go of steps once there are many: a whole county explained holds no more of them than one unit does."""
        if len(self.made) > _STEPS_KEPT:
            self.made.clear()

    def chain(self, row: Row, column: str, levels: int | None) -> list[Step]:
        """The step of a column after those of what it stands on, ``levels`` deep; None is all the way to the data."""
        found: dict[tuple[int, str], Step] = {}
        self._collect(row, column, levels, found, set())
        if levels is None:
            return list(found.values())
        # Cut off at a level, a step may be met after one that stands on it: the order of the rules puts that right.
        return sorted(found.values(), key=lambda s: (s.row.period.year, self.makers.order[s.row.table, s.column]))

    def _collect(
        self, row: Row, column: str, levels: int | None, found: dict[tuple[int, str], Step], seen: set[tuple[int, str]]
    ) -> None:
        # Depth first without recursion: a ledger of years of months is deeper than Python's own stack.
        stack: list[tuple[Row, str, int | None, bool]] = [(row, column, levels, False)]
        while stack:
            here, name, left, done = stack.pop()
            key = (id(here), name)
            step = self.step(here, name)
            if step is None:
                continue
            if done:
                found.setdefault(key, step)
                continue
            if key in seen:
                continue
            seen.add(key)
            stack.append((here, name, left, True))
            below = [
                (r, n) for r, n in self._below(step, levels is None) if levels is None or self._detail(r, n) != "brief"
            ]
            if left == 0 and not _is_through(step):
                # What its author wants told is told, however far down.
                below = [(r, n) for r, n in below if self._detail(r, n) == "full"]
            inner = left if not left or _is_through(step) else left - 1
            stack.extend((r, n, inner, False) for r, n in reversed(below))

    def _detail(self, row: Row, column: str) -> str | None:
        maker = self.makers.by.get((row.table, column))
        return maker.figure.detail if isinstance(maker, Derive) else None

    def _below(self, step: Step, everything: bool) -> Iterator[tuple[Row, str]]:
        row = step.row
        for leaf in step.reads:
            if leaf.parameter or leaf.name is None:
                continue
            maker = self.makers.by.get((row.table, leaf.name))
            if isinstance(maker, Spread):
                above = owner_of(row, maker.above)
                if above is not None:
                    yield above, maker.source
            elif isinstance(maker, Carry) and not is_window(maker):
                earlier = self._before(row) if everything and maker.function == "value" else None
                if earlier is not None and row.decided.get(leaf.name) != ():
                    yield earlier, maker.source
            else:
                yield row, leaf.name
        if isinstance(step.maker, Aggregate) and everything:
            for child in counted(step.maker, row):
                yield child, step.maker.source
        if isinstance(step.maker, Carry) and everything:
            for looked in looked_at(step):
                if isinstance(looked.row, Row) and self.settled(looked.row.key) is looked.row:
                    yield looked.row, step.maker.source
        if isinstance(step.maker, Allocate):
            above = whole_row(step.maker, row)
            if above is not None:
                for node in c.walk(step.maker.whole):
                    if isinstance(node, c.Read):
                        yield above, node.column
            weight = step.maker.weight.get(row.table)
            if everything and weight is not None and step.column != step.maker.left:
                yield from ((row, node.column) for node in c.walk(weight) if isinstance(node, c.Read))

    def _before(self, row: Row) -> Row | None:
        """The row of the same unit one period earlier."""
        table, owner, unit, insurance, period = row.key
        return self.settled((table, owner, unit, insurance, period.before(period.grain)))

    def _step(self, row: Row, column: str) -> Step | None:
        maker = self.makers.by.get((row.table, column))
        value = row.columns.get(column)
        if value is None or value.is_absent:
            return None
        match maker:
            case Derive():
                if maker.blank_only and column in row.given:
                    return None
                return self._derived(row, maker, value)
            case Allocate():
                above = whole_row(maker, row)
                whole = None if above is None else term(maker.whole, self.trace(self.pipeline, above))
                return Step(row, column, value, maker, whole)
            case Aggregate():
                return Step(row, column, value, maker, None)
            case Carry() if is_window(maker):
                return Step(row, column, value, maker, None)
            case _:
                return None

    def _derived(self, row: Row, maker: Derive, value: Value) -> Step:
        value_of = self.trace(self.pipeline, row)
        hits = row.decided.get(maker.column, ())
        told = [self._exception(b, value_of) for b in maker.exceptions]
        node = maker.exceptions[hits[0]].value if hits else maker.default
        either = tuple(self._either(node, value_of)) if is_point(value.now) else ()
        if not hits and is_point(value.now):
            either = (*(e for e in told if not isinstance(e.condition.value.now, bool)), *either)
        said = None if isinstance(node, NoFigure) or either else term(node, value_of)
        decided = tuple(told[i] for i in hits)
        passed = tuple(e for i, e in enumerate(told) if i not in hits)
        return Step(row, maker.column, value, maker, said, decided, passed, either)

    def _either(self, node: "Core | NoFigure", value_of: Callable[[Core], Value]) -> Iterator[Passed]:
        """Rows of tables inside an expression that may hold or not, where what the table comes to is the same."""
        for inner in () if isinstance(node, NoFigure) else c.walk(node):
            if isinstance(inner, c.Choose) and is_point(value_of(inner).now):
                rows = [self._exception(branch, value_of) for branch in inner.branches]
                if not any(x.condition.value.now is True for x in rows):
                    yield from (x for x in rows if not isinstance(x.condition.value.now, bool))

    def _exception(self, branch: c.Branch, value_of: Callable[[Core], Value]) -> Passed:
        value = None if isinstance(branch.value, NoFigure) else value_of(branch.value)
        return Passed(branch, term(branch.condition, value_of), value)


_STEPS_KEPT = 2_000
WINDOWS = frozenset({"sum", "mean", "largest", "smallest"})


def is_window(maker: object) -> bool:
    """Whether a column gathers values of earlier periods, which are told one by one."""
    return isinstance(maker, Carry) and maker.count is not None and maker.function in WINDOWS


def looked_at(step: Step) -> tuple[Looked, ...]:
    """What a window over earlier periods took in; nothing where one of them is missing."""
    return (step.row.windows or {}).get(step.column, ())


def counted(step: Aggregate, row: Row) -> list[Row]:
    """The rows a sum is made of, before its filter."""
    rows = [x for t in step.tables for x in _descendants(row, t) if x.from_data or not step.from_data]
    return [x for x in rows if step.source in x.columns and not x.columns[step.source].is_absent]


def owner_of(row: Row, table: str | None) -> Row | None:
    """The row above a row whose column it reads; of what it is merged into, where that is one row for certain."""
    if row.joined and row.joined[0][0].table == table:
        return row.joined[0][0] if len(row.joined) == 1 and row.joined[0][1] is None else None
    above = row.parent
    while above is not None and table not in {None, above.table}:
        above = above.parent
    return above


def whole_row(step: Allocate, row: Row) -> Row | None:
    """The row whose amount was shared out to a row, or the row itself where it keeps what is left."""
    above: Row | None = row
    while above is not None and above.table != step.table:
        above = above.parent
    return above


def _descendants(row: Row, table: str) -> Iterator[Row]:
    if table in row.children:
        yield from row.children[table]
        return
    for children in row.children.values():
        for child in children:
            yield from _descendants(child, table)


def _is_through(step: Step) -> bool:
    """Whether a step only passes a value on, so that it is no level of its own."""
    if step.decided or not isinstance(step.maker, Derive) or not is_point(step.value.now):
        return False
    said = step.term
    if isinstance(said, Leaf):
        return said.name is not None
    return said is not None and said.sort == "positive"
