"""The pipeline: an ordered list of steps over tables of rows, with few kinds of step; data, not code.

Expressions in steps read columns of the row itself and parameters only: what comes from other rows (aggregates,
ancestors, earlier periods, ranks) is a step of its own into a helper column, whose name says what it holds.
"""

from collections.abc import Mapping
from typing import Literal

from engine.nouns import core as c
from engine.nouns.core import Core, Function, Grain, Mode, NoFigure, Scheme
from engine.nouns.kinds import Kind
from engine.nouns.numbers import Number
from grammar.frozen import dataclass

GIVEN = "填报数·"
SPENT_ON = "资金用途"
MET = "·达标"
# Rows to be linked of which none is known to begin anew: beyond so many in a row, what each may be part of is not worth
# working out.
OPEN_AT_MOST = 100


@dataclass(frozen=True, slots=True)
class Derive:
    """A column of a row from other columns of the row: a default, its exceptions, one rounding.

    ``remaining`` is what a part of a split may not exceed. ``blank_only``: what the data gives is taken as it is.
    """

    table: str
    column: str
    default: Core | NoFigure
    exceptions: tuple[c.Branch, ...]
    kind: Kind
    mode: Mode
    step: Number | None
    remaining: Core | None
    blank_only: bool
    figure: c.Figure


@dataclass(frozen=True, slots=True)
class Aggregate:
    """Child rows to their parent: the rows of ``tables`` for which ``where`` holds.

    ``from_data``: only rows the data gives take part, and a table not supplied is missing, not zero.
    """

    table: str
    column: str
    function: Function
    tables: tuple[str, ...]
    source: str
    where: Core | None
    from_data: bool
    kind: Kind


@dataclass(frozen=True, slots=True)
class Spread:
    """A parent's column to its children; ``above`` None is the direct parent."""

    table: str
    column: str
    above: str | None
    source: str
    kind: Kind


@dataclass(frozen=True, slots=True)
class Allocate:
    """A whole on the parent to the rows of ``receivers``, exactly; ``weight`` and ``each`` are columns of receivers."""

    table: str
    column: str
    whole: Core
    receivers: tuple[str, ...]
    method: Literal["equally", "by_weight", "in_order"]
    weight: Mapping[str, Core]
    each: Mapping[str, Core]
    left: str | None
    spare: str
    kind: Kind
    allocation: c.Allocation


@dataclass(frozen=True, slots=True)
class Carry:
    """A column of earlier periods of the same unit: one period back, a window of them, or whether there is one.

    ``count`` None with a window is this year's periods up to the row's own. ``child`` is a kind of child rows.
    """

    table: str
    column: str
    function: Function | Literal["value", "exists"]
    grain: Grain
    count: int | None
    source: str
    child: str | None
    opening: Core | None
    kind: Kind


@dataclass(frozen=True, slots=True)
class Sequence:
    """The place of each row among its siblings by a column; equal values share the better place."""

    table: str
    column: str
    source: str
    highest_first: bool
    kind: Kind


@dataclass(frozen=True, slots=True)
class Link:
    """Rows of ``source`` linked into rows of ``table``, before any figure: in the order of a date, with equal keys.

    ``bound`` and ``unless`` read data of the row, parameters, and ``before``: columns that hold what the row before it
    in that order has, with the names of those.
    """

    table: str
    source: str
    keys: tuple[str, ...]
    start: str
    end: str
    bound: Core
    within: bool
    unless: tuple[Core, ...]
    before: Mapping[str, str]
    link: c.Link


@dataclass(frozen=True, slots=True)
class Check:
    """What must hold on every row: an identity (``right``), or a bound of a datum that names a figure."""

    table: str
    sort: Literal["identity", "limit"]
    left: Core
    right: Core | None
    text: str
    name: str
    clauses: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Inspect:
    """Spending rows against the list of permitted uses; it makes no money and stops nothing."""

    table: str
    uses: c.Uses


Step = Derive | Aggregate | Spread | Allocate | Carry | Sequence | Link | Check | Inspect


@dataclass(frozen=True, slots=True)
class Ledger:
    """Steps that read their own earlier periods of the same year: done period by period, not column by column."""

    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Pipeline:
    """A scheme as steps; ``stages`` gives the stage of each step, in order, None for links first and checks at the end."""

    scheme: Scheme
    steps: tuple[Step | Ledger, ...]
    stages: tuple[str | None, ...]
    needs_data: frozenset[tuple[str, str]]
