"""Moved: the figures of a policy's cases and of its sample that come out otherwise under another version of its rules."""

from collections.abc import Iterator, Sequence
from fractions import Fraction

from engine.api import Policy, bind_data, settle
from engine.compare.changes import Change
from engine.compare.fit import fitted
from engine.load.read import read_data
from engine.load.tables import RawData
from engine.nouns.numbers import Number, exact
from engine.nouns.settlement import FigureResult, Settlement
from engine.trial.between import Between, between, key_of
from engine.trial.run import cases_of, told
from grammar.diagnostic import Finding, FindingsError, Place, Words
from grammar.frozen import dataclass

SAMPLE = "sample.yaml"


@dataclass(frozen=True, slots=True)
class Move:
    """A figure that is no longer the same; None where it is not there before or after."""

    case: str
    before: FigureResult | None
    after: FigureResult | None

    @property
    def result(self) -> FigureResult:
        """The figure as it stands, or stood."""
        result = self.after or self.before
        assert result is not None
        return result

    @property
    def difference(self) -> Number | None:
        """What it is more than before, in fen, where both are amounts that are known."""
        if self.before is None or self.after is None:
            return None
        # What was a share and is now an amount has changed what it is, not by how much.
        if not (self.before.kind.is_money and self.after.kind.is_money):
            return None
        old, new = self.before.value.now, self.after.value.now
        if not isinstance(old, int | Fraction) or not isinstance(new, int | Fraction):
            return None
        return exact(Fraction(new) - Fraction(old))


@dataclass(frozen=True, slots=True)
class Moves:
    """All that moved; ``cases`` counts what was settled both ways, ``findings`` say what could not be.

    ``runs`` are the two runs where one set of data was settled; ``between`` puts what moved down to ``changes``.
    """

    cases: int
    moves: tuple[Move, ...]
    findings: tuple[Finding, ...]
    runs: tuple[Settlement, Settlement] | None = None
    between: Between | None = None
    changes: tuple[Change, ...] = ()


def moved(before: Policy, after: Policy) -> Moves:
    """Settle the data of every case, and of the sample, under both versions."""
    moves: list[Move] = []
    findings: list[Finding] = []
    count = 0
    for name, data, expected_wrong in _data(after):
        sides = [_settled(policy, data) for policy in (before, after)]
        old, new = sides
        if isinstance(old, Settlement) and isinstance(new, Settlement):
            count += 1
            moves.extend(_moves(name, old, new))
        elif isinstance(old, Settlement) != isinstance(new, Settlement) or not expected_wrong:
            wrong = next(side for side in sides if isinstance(side, FindingsError))
            code = "L220" if isinstance(old, Settlement) else "L221"
            first = next(f for f in wrong.findings if f.severity == "error")
            why = Words(first.message("zh"), first.message("en"))
            findings.append(Finding(code, Place(after.loaded.name), {"case": name, "why": why}))
    return Moves(count, tuple(moves), tuple(findings))


def moved_on(before: Policy, after: Policy, raw: RawData, name: str, changes: Sequence[Change] = ()) -> Moves:
    """Settle one set of data under both versions; what only one of them has a word for is left out for the other.

    With the changes between them, what moved is put down to each.
    """
    one, two = before.scheme(), after.scheme()
    old = _settled(before, fitted(raw, one, [two])[0])
    new = _settled(after, fitted(raw, two, [one])[0])
    if isinstance(old, Settlement) and isinstance(new, Settlement):
        steps = between(before, after, raw, changes) if changes else None
        return Moves(1, tuple(_moves(name, old, new)), (), (old, new), steps, tuple(changes))
    refused = [
        (words, side.findings)
        for words, side in zip(_VERSIONS, (old, new), strict=True)
        if isinstance(side, FindingsError)
    ]
    raise FindingsError([f for words, found in refused for f in (Finding("L280", None, {"side": words}), *found)])


_VERSIONS = (Words("旧版", "the old version"), Words("新版", "the new version"))


def _data(policy: Policy) -> Iterator[tuple[str, RawData, bool]]:
    for case in cases_of(policy):
        yield case.name, case.data, bool(case.findings)
    sample = policy.loaded.folder / SAMPLE
    if sample.is_file():
        yield SAMPLE, read_data(sample, SAMPLE), False


def _settled(policy: Policy, data: RawData) -> Settlement | FindingsError:
    try:
        return settle(policy, bind_data(policy, data))
    except FindingsError as error:
        return error


def _moves(case: str, old: Settlement, new: Settlement) -> Iterator[Move]:
    before, after = ({key_of(r): r for r in s.figures} for s in (old, new))
    for key in dict.fromkeys((*after, *before)):
        one, two = before.get(key), after.get(key)
        if one is None or two is None or told(one) != told(two):
            yield Move(case, one, two)
