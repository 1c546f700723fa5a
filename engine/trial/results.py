"""What trying the cases of a policy gives: misses, cases, and measures of what the cases have touched."""

from engine.load.cases import Case
from engine.nouns.numbers import Number
from engine.nouns.settlement import Settlement
from grammar.diagnostic import Finding, Words
from grammar.frozen import dataclass


@dataclass(frozen=True, slots=True)
class Miss:
    """A figure that came out otherwise than expected; both as a person reads them.

    ``difference`` is what came out less what was expected, in fen, where both are amounts; ``rule`` is where the rule stands.
    """

    unit: str
    figure: str
    expected: str
    got: str
    insurance: str | None = None
    period: str | None = None
    difference: Number | None = None
    clauses: tuple[str, ...] = ()
    rule: str | None = None


@dataclass(frozen=True, slots=True)
class CaseResult:
    """What came of a case: what was missed, or the findings that stopped it though none were expected."""

    case: Case
    misses: tuple[Miss, ...]
    findings: tuple[Finding, ...]
    settlement: Settlement | None = None

    @property
    def passed(self) -> bool:
        """Whether everything came out as expected."""
        return not self.misses and not self.findings


@dataclass(frozen=True, slots=True)
class Untouched:
    """Something no case has touched: what it is, and where it stands."""

    what: Words
    file: str
    line: int


@dataclass(frozen=True, slots=True)
class Measure:
    """How many things of one sort there are, how many the cases touched, and the others."""

    total: int
    touched: int
    missing: tuple[Untouched, ...]

    @property
    def percent(self) -> int:
        """The share touched in whole percent, rounded down: 100 only where nothing is missing."""
        return 100 * self.touched // self.total if self.total else 100


@dataclass(frozen=True, slots=True)
class Coverage:
    """What the cases of a policy touch: rules, exceptions, all branches (exceptions among them), clauses, boundaries."""

    rules: Measure
    exceptions: Measure
    branches: Measure
    clauses: Measure
    boundaries: Measure


@dataclass(frozen=True, slots=True)
class Trial:
    """The cases of a policy, run: results, cases that nobody has confirmed yet, what the cases cover."""

    results: tuple[CaseResult, ...]
    unconfirmed: tuple[Case, ...]
    coverage: Coverage
