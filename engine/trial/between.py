"""Between two versions: what moved is put down to single changes, exchanged one after another, to the fen."""

from collections.abc import Callable, Iterator, Mapping, Sequence
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


Amounts = Callable[[frozenset[Key]], Mapping[FigureKey, Number] | None]


def between(before: Policy, after: Policy, raw: RawData, changes: Sequence[Change]) -> Between:
    """Exchange the changes of rules in the order they are listed, and settle the data at each step.

    Figures that are known before and after take part; the rest moved in their state, not by an amount.
    """
    start, end = amounts(_run(before, after, raw, before)), amounts(_run(before, after, raw, after))

    def with_(chosen: frozenset[Key]) -> Mapping[FigureKey, Number] | None:
        try:
            return amounts(_run(before, after, raw, Mixed(after.loaded, one=before, two=after, chosen=chosen)))
        except (FindingsError, CannotStandError):
            return None

    return exchanged(start, end, changes, with_)


def exchanged(
    start: Mapping[FigureKey, Number], end: Mapping[FigureKey, Number], changes: Sequence[Change], with_: Amounts
) -> Between:
    """The steps from some amounts to others; ``with_`` gives those under the changes chosen, None where none can be settled."""
    told = [change for change in changes if keys_of(change)]
    here = {key: start[key] for key in start if key in end}
    turns: list[Turn] = []
    chosen: frozenset[Key] = frozenset()
    waiting: list[Change] = []
    unknown: set[FigureKey] = set()
    for change in told:
        waiting.append(change)
        chosen |= keys_of(change)
        there = with_(chosen)
        if there is None:
            # It cannot stand without the next ones: they are exchanged together.
            continue
        mine = frozenset[Key]().union(*map(keys_of, waiting))
        alone = with_(mine) if len(chosen) > len(mine) else there
        if found := dict(shares(here, there, start, alone, unknown)):
            turns.append(Turn(tuple(waiting), found))
        waiting = []
    rest = dict(shares(here, end, start, None, unknown))
    return Between((*turns, Turn(tuple(waiting), rest)) if rest else tuple(turns))


def shares(
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


def amounts(settlement: Settlement) -> dict[FigureKey, Number]:
    """Every amount of money that is known; one that is open, or that no row has, is not among them."""
    return {
        key_of(r): r.value.now
        for r in settlement.figures
        if r.kind.is_money
        and r.value.state != "open"
        and isinstance(r.value.now, int | Fraction)
        and not isinstance(r.value.now, bool)
    }


def _run(before: Policy, after: Policy, raw: RawData, policy: Policy) -> Settlement:
    others = [p.scheme() for p in (before, after) if p is not policy]
    return settle(policy, bind_data(policy, fitted(raw, policy.scheme(), others)[0]))


@dataclass(slots=True)
class Mixed(Policy):
    """A policy between two: the old one with some statements of the new, in every state over time.

    Before the day ``since`` both are as they are: only what is settled later is between them.
    """

    one: Policy = field(kw_only=True)
    two: Policy = field(kw_only=True)
    chosen: frozenset[Key] = frozenset()
    since: date = date.min
    own: Policy | None = None
    before: dict[tuple[LoadedText, ...], Scheme] = field(default_factory=dict)
    sides: dict[tuple[LoadedText, ...], tuple[Scheme, Scheme]] = field(default_factory=dict)

    def _texts(self, day: date | None) -> tuple[LoadedText, ...]:
        return self._states()[-1] if day is None else self._both(day)

    def _states(self) -> list[tuple[LoadedText, ...]]:
        texts = (*self.one.loaded.texts, *self.two.loaded.texts)
        days = sorted({t.start for t in texts if t.is_amendment and t.start is not None})
        return list(dict.fromkeys(self._both(day) for day in sorted({date.min, *days, self.since})))

    def _both(self, day: date) -> tuple[LoadedText, ...]:
        if self.own is not None and day < self.since:
            texts = self.own._texts(day)  # noqa: SLF001 - its own kind
            self.before.setdefault(texts, self.own.scheme(day))
            return texts
        texts = tuple(t for p in (self.one, self.two) for t in p._texts(day))  # noqa: SLF001 - its own kind
        if texts not in self.sides:
            self.sides[texts] = self.one.scheme(day), self.two.scheme(day)
        return texts

    def _checked(self, texts: tuple[LoadedText, ...]) -> tuple[Scheme, list[Finding]]:
        if texts not in self.schemes:
            own = self.before.get(texts)
            self.schemes[texts] = own if own is not None else mixed(*self.sides[texts], self.chosen), []
        return self.schemes[texts]
