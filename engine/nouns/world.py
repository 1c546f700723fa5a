"""Rows as they are worked on: columns of values, the parent, the children; and what a run leaves behind."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import field

from engine.nouns.core import Core, Scheme
from engine.nouns.dataset import Assumption, DataRow
from engine.nouns.periods import Period
from engine.nouns.pipeline import Pipeline
from engine.nouns.value import Value
from grammar.diagnostic import Finding, Place
from grammar.frozen import dataclass

RowKey = tuple[str, str | None, str, str | None, Period]
Notes = list[tuple[Core, Value]]


@dataclass(slots=True, eq=False)
class Row:
    """A row of a kind: ``columns`` fill up as steps are done; ``from_data`` is False for a period no row was given for.

    ``decided`` keeps which exceptions decided a figure, and () for an earlier period's value that the opening stands for; ``notes`` what each expression came to.
    ``count`` is how many rows of the data it stands for.

    Rows linked into others (合并自): ``standing`` says of a row made of others whether it is one by itself (None:
    certainly), ``members`` of its children whether they are part of it where that is not certain, ``joined`` of a row
    which rows it is, or may be, part of; ``joint`` where it meets the row before it; ``unlinked`` gives, by kind, what
    of a unit's rows cannot be linked.

    ``windows`` keeps what a column over earlier periods (前3年) took in, where all of them are there.
    """

    table: str
    unit: str
    insurance: str | None
    period: Period
    parent: "Row | None"
    order: tuple[object, ...]
    columns: dict[str, Value]
    given: AbstractSet[str]
    from_data: bool
    place: Place | None
    places: Mapping[str, Place]
    children: dict[str, list["Row"]] = field(default_factory=dict)
    decided: dict[str, tuple[int, ...]] = field(default_factory=dict)
    notes: dict[str, Notes] = field(default_factory=dict)
    refused: bool = False
    count: int = 1
    standing: Value | None = None
    members: "Mapping[Row, Value] | None" = None
    joined: "tuple[tuple[Row, Value | None], ...]" = ()
    joint: "Joint | None" = None
    unlinked: "Mapping[str, Unlinked] | None" = None
    windows: "Mapping[str, tuple[Looked, ...]] | None" = None

    @property
    def key(self) -> RowKey:
        """What tells the row from every other: its kind, owner, unit, insurance type and period."""
        owner = self.parent.unit if self.parent is not None and self.period.grain != "year" else None
        return (self.table, owner, self.unit, self.insurance, self.period)


@dataclass(frozen=True, slots=True)
class Joint:
    """Where a row meets the one before it with the same keys: whether it joins it, the days between, what keeps it apart.

    ``apart`` are the answers of the conditions (除非), in their order; ``since`` is the row whose date the gap runs from.
    """

    before: Row
    row: Row
    joins: Value
    gap: Value
    bound: Value
    apart: tuple[Value, ...]
    since: Row | None


@dataclass(frozen=True, slots=True)
class Looked:
    """A value of an earlier period, and the row it stands on: one of the data where that period was not settled.

    ``row`` None: there is no row, and nothing was counted.
    """

    period: Period
    value: Value
    row: Row | DataRow | None


@dataclass(frozen=True, slots=True)
class Unlinked:
    """Rows of a unit of which it is not known into how many they are linked: at least and at most, and what they lack."""

    least: int
    most: int
    missing: frozenset[str]


@dataclass(frozen=True, slots=True)
class YearRun:
    """One settled year: its pipeline and its rows by kind, in roster order."""

    year: int
    pipeline: Pipeline
    tables: Mapping[str, tuple[Row, ...]]


@dataclass(frozen=True, slots=True)
class Tally:
    """How many identities were checked, and how many waited for something open."""

    identities: int
    waiting: int


@dataclass(frozen=True, slots=True)
class Run:
    """Everything a run leaves: its years, what it found, what it assumed; ``scheme`` is that of the last year."""

    scheme: Scheme
    years: tuple[YearRun, ...]
    findings: tuple[Finding, ...]
    assumptions: Mapping[str, Assumption]
    tally: Tally
