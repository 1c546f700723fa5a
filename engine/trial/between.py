"""Between two versions: what moved is put down to single changes, exchanged one after another, to the fen."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction

from engine.api import Policy, bind_data, settle
from engine.compare.changes import Change
from engine.compare.fit import fitted
from engine.compare.mixed import CannotStandError, Key, keys_of, mixed
from engine.load.policy import LoadedText
from engine.load.tables import RawData
from engine.nouns.core import Scheme
from engine.nouns.numbers import Number, exact
from engine.nouns.settlement import FigureResult, Settlement
from grammar import frozen
from grammar.diagnostic import Finding, FindingsError

FigureKey = tuple[object, ...]


@frozen.dataclass(frozen=True, slots=True)
class Share:
    """What one change makes of a figure, in fen: exchanged in its turn, and alone on the old version.

    ``alone`` is None where the figure is not known, or the change cannot stand, by itself; ``joint`` says that the step
    before left the figure open, so that this one takes what both make of it.
    """

    in_turn: Number
    alone: Number | None
    joint: bool = False


@frozen.dataclass(frozen=True, slots=True)
class Turn:
    """One step from the old version to the new that moves a figure: the changes exchanged together, and their shares.

    More than one change stands in a step where they cannot be exchanged apart; no change stands for what no rule says:
    names, kinds of rows, the text's own dates.
    """

    changes: tuple[Change, ...]
    shares: Mapping[FigureKey, Share]


@frozen.dataclass(frozen=True, slots=True)
class Between:
    """The steps in the order of replacement; a figure's shares add up to what it moved by."""

    turns: tuple[Turn, ...]

    def of(self, key: FigureKey) -> list[tuple[Turn, Share]]:
        """The steps that moved a figure, in order."""
        return [(turn, turn.shares[key]) for turn in self.turns if key in turn.shares]


def key_of(result: FigureResult) -> FigureKey:
    """What makes it the same figure in every run: its row and its name."""
    return (*result.row.key, result.name)


def between(before: Policy, after: Policy, raw: RawData, changes: Sequence[Change]) -> Between:
    """Exchange the changes of rules in the order they are listed, and settle the data at each step.

    Figures that are known before and after take part; the rest moved in their state, not by an amount.
    """
    start, end = _amounts(_run(before, after, raw, before)), _amounts(_run(before, after, raw, after))
    told = [change for change in changes if keys_of(change)]
    here = {key: start[key] for key in start if key in end}
    turns: list[Turn] = []
    chosen: frozenset[Key] = frozenset()
    waiting: list[Change] = []
    unknown: set[FigureKey] = set()
    for change in told:
        waiting.append(change)
        chosen |= keys_of(change)
        there = _mixed_amounts(before, after, raw, chosen)
        if there is None:
            # It cannot stand without the next ones: they are exchanged together.
            continue
        mine = frozenset[Key]().union(*map(keys_of, waiting))
        alone = _mixed_amounts(before, after, raw, mine) if len(chosen) > len(mine) else there
        if shares := dict(_shares(here, there, start, alone, unknown)):
            turns.append(Turn(tuple(waiting), shares))
        waiting = []
    rest = dict(_shares(here, end, start, None, unknown))
    return Between((*turns, Turn(tuple(waiting), rest)) if rest else tuple(turns))


def _shares(
    here: dict[FigureKey, Number], there: Mapping[FigureKey, Number], start: Mapping[FigureKey, Number],
    alone: Mapping[FigureKey, Number] | None, unknown: set[FigureKey],
) -> Iterator[tuple[FigureKey, Share]]:  # fmt: skip
    """What a step makes of each figure that it moves; ``here`` goes on to where it leads."""
    for key, value in list(here.items()):
        if key not in there:
            unknown.add(key)
            continue
        joint = key in unknown
        unknown.discard(key)
        delta = exact(Fraction(there[key]) - value)
        by_itself = exact(Fraction(alone[key]) - start[key]) if alone is not None and key in alone else None
        here[key] = there[key]
        if delta or by_itself:
            yield key, Share(delta, by_itself, joint)


def _amounts(settlement: Settlement) -> dict[FigureKey, Number]:
    """Every amount of money that is known; one that is open, or that no row has, is not among them."""
    return {
        key_of(r): r.value.now
        for r in settlement.figures
        if r.kind.is_money and r.value.state != "open" and isinstance(r.value.now, int | Fraction) and not isinstance(r.value.now, bool)
    }


def _mixed_amounts(
    before: Policy, after: Policy, raw: RawData, chosen: frozenset[Key]
) -> dict[FigureKey, Number] | None:
    """The amounts under a mixture; None where it is none that can be settled."""
    try:
        return _amounts(_run(before, after, raw, _Mixed(after.loaded, one=before, two=after, chosen=chosen)))
    except (FindingsError, CannotStandError):
        return None


def _run(before: Policy, after: Policy, raw: RawData, policy: Policy) -> Settlement:
    others = [p.scheme() for p in (before, after) if p is not policy]
    return settle(policy, bind_data(policy, fitted(raw, policy.scheme(), others)[0]))


@dataclass(slots=True)
class _Mixed(Policy):
    """A policy between two: the old one with some statements of the new, in every state over time."""

    one: Policy = field(kw_only=True)
    two: Policy = field(kw_only=True)
    chosen: frozenset[Key] = frozenset()
    sides: dict[tuple[LoadedText, ...], tuple[Scheme, Scheme]] = field(default_factory=dict)

    def _texts(self, day: date | None) -> tuple[LoadedText, ...]:
        return self._states()[-1] if day is None else self._both(day)

    def _states(self) -> list[tuple[LoadedText, ...]]:
        texts = (*self.one.loaded.texts, *self.two.loaded.texts)
        days = sorted({t.start for t in texts if t.is_amendment and t.start is not None})
        return list(dict.fromkeys(self._both(day) for day in (date.min, *days)))

    def _both(self, day: date) -> tuple[LoadedText, ...]:
        texts = tuple(t for p in (self.one, self.two) for t in p._texts(day))  # noqa: SLF001 - its own kind
        if texts not in self.sides:
            self.sides[texts] = self.one.scheme(day), self.two.scheme(day)
        return texts

    def _checked(self, texts: tuple[LoadedText, ...]) -> tuple[Scheme, list[Finding]]:
        if texts not in self.schemes:
            self.schemes[texts] = mixed(*self.sides[texts], self.chosen), []
        return self.schemes[texts]
