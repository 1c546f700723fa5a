"""Data bound to a scheme: typed values on rows of known kinds, before any rule is run."""

from collections.abc import Mapping
from dataclasses import field

from engine.nouns.periods import Period
from engine.nouns.possible import Between, Scalar
from grammar.diagnostic import Finding, Place
from grammar.frozen import dataclass


@dataclass(frozen=True, slots=True)
class DataRow:
    """A row of the data: whose it is, when, and what it gives; ``rank`` is the column 序号.

    ``count`` is how many rows of the file it stands for: their amounts are summed, all else is the same in each.
    """

    table: str
    unit: str
    parent: str | None
    insurance: str | None
    period: Period
    cells: Mapping[str, Scalar]
    places: Mapping[str, Place]
    rank: int | None
    place: Place
    count: int = 1


@dataclass(frozen=True, slots=True)
class Assumption:
    """A value given for an open name: by the rule file, the data, a scenario or the command line."""

    name: str
    value: Scalar
    source: str


@dataclass(frozen=True, slots=True)
class Dataset:
    """All rows by kind, the kinds that were supplied, the years that are settled, and the assumptions in force.

    ``within`` are names left open between two ends, so that what holds of a run holds of every value between them.
    """

    rows: Mapping[str, tuple[DataRow, ...]]
    supplied: frozenset[str]
    years: tuple[int, ...]
    assumptions: Mapping[str, Assumption]
    findings: tuple[Finding, ...]
    digest: str
    within: Mapping[str, Between] = field(default_factory=dict)

    def taken(self, name: str) -> Assumption | Between | None:
        """What is given for an open name: a value, or all between two ends; None where nothing is."""
        return self.within.get(name) or self.assumptions.get(name)
