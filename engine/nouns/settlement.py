"""What a settlement says: figures in three states, what is still open, what was assumed, what was checked."""

from collections.abc import Mapping
from dataclasses import field

from engine.nouns.core import Scheme
from engine.nouns.dataset import Assumption
from engine.nouns.kinds import Kind
from engine.nouns.pipeline import Allocate, Derive, Pipeline
from engine.nouns.value import Value
from engine.nouns.world import Row, Tally
from grammar.diagnostic import Finding, Words
from grammar.frozen import dataclass


@dataclass(frozen=True, slots=True)
class FigureResult:
    """One figure of one unit: its value with its marks, its clauses, and the step and row it comes from.

    ``reached`` says of an indicator whether its target is met; None for other figures and where that is open.
    """

    row: Row
    name: str
    id: str
    kind: Kind
    value: Value
    citations: tuple[str, ...]
    step: Derive | Allocate
    pipeline: Pipeline
    reached: bool | None = None


@dataclass(frozen=True, slots=True)
class OpenItem:
    """Something the text or the data leaves open, and how many open figures wait for it."""

    name: str
    clause: str
    waits: int
    sort: str


@dataclass(frozen=True, slots=True)
class Difference:
    """What a figure would be under another reading."""

    reading: str
    result: FigureResult
    other: FigureResult | None


@dataclass(frozen=True, slots=True)
class HandedBack:
    """How many of the units that stand alone an engine left to the interpreter, and why where it was all of them."""

    units: int
    of: int
    why: Words | None


@dataclass(frozen=True, slots=True)
class Settlement:
    """A whole run as it is told: the scheme of its last year, figures of the years asked for, and the rest."""

    scheme: Scheme
    years: tuple[int, ...]
    figures: tuple[FigureResult, ...]
    open: tuple[OpenItem, ...]
    assumptions: Mapping[str, Assumption]
    warnings: tuple[Finding, ...]
    tally: Tally
    receipt: Mapping[str, str]
    engine: str = "exact"
    differences: tuple[Difference, ...] = field(default=())
    given: Mapping[tuple[object, ...], Row] = field(default_factory=dict)
    handed_back: HandedBack | None = None
