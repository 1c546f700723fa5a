"""Two versions of a policy held against each other: their rules, their clauses, and a policy as it stands on one day."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date

from engine.api import Policy
from engine.compare.changes import Change, Version, changes
from engine.compare.topics import topics_in
from engine.load.policy import LoadedText, policies_folder
from engine.load.source import Clause, read_index
from engine.nouns.core import Scheme
from grammar import frozen
from grammar.diagnostic import Finding, Language


@frozen.dataclass(frozen=True, slots=True)
class ClauseChange:
    """A clause of the document's index that is new, gone, or described otherwise; ``reworded`` where its text differs."""

    locator: str
    before: Clause | None
    after: Clause | None

    @property
    def reworded(self) -> bool:
        """Whether the document's own words changed, as far as both digests are known."""
        digests = {x.digest for x in (self.before, self.after) if x is not None and x.digest}
        return len(digests) > 1


@frozen.dataclass(frozen=True, slots=True)
class Versions:
    """What differs between two versions: rules by topic, clauses by locator."""

    old: Policy
    new: Policy
    changes: tuple[Change, ...]
    clauses: tuple[ClauseChange, ...]


def versions(old: Policy, new: Policy, language: Language) -> Versions:
    """Compare two versions of a policy as checked schemes: layout, comments and spelling are no difference."""
    topics = topics_in(policies_folder() / "common")
    before, after = (Version(p.scheme(), tuple(text.document for text in _texts(p))) for p in (old, new))
    return Versions(old, new, tuple(changes(before, after, topics, language)), tuple(_clauses(old, new)))


@dataclass(slots=True)
class _Pinned(Policy):
    """A policy as it stands on one day, whatever the year that is settled: its amendments, its parameters' values."""

    day: date = date.max

    def _texts(self, day: date | None) -> tuple[LoadedText, ...]:
        del day
        return self.loaded.in_force(self.day)

    def _states(self) -> list[tuple[LoadedText, ...]]:
        return [self.loaded.in_force(self.day)]

    def _checked(self, texts: tuple[LoadedText, ...]) -> tuple[Scheme, list[Finding]]:
        if texts not in self.schemes:
            # The zero-argument `super` does not find its class in one that was made anew with slots.
            scheme, findings = Policy._checked(self, texts)  # noqa: SLF001 - its own
            self.schemes[texts] = (_on(scheme, self.day), findings)
        return self.schemes[texts]


def pinned(policy: Policy, day: date) -> Policy:
    """The policy as it stands on a day, used for every year."""
    return _Pinned(policy.loaded, day=day)


def _on(scheme: Scheme, day: date) -> Scheme:
    """The scheme with those values of its parameters that hold on a day, for all days."""
    parameters = {
        name: replace(
            parameter,
            entries=tuple(
                replace(entry, start=None, end=None)
                for entry in parameter.entries
                if (entry.start is None or entry.start <= day) and (entry.end is None or day <= entry.end)
            ),
        )
        for name, parameter in scheme.parameters.items()
    }
    return replace(scheme, parameters=parameters)


def _texts(policy: Policy) -> Sequence[LoadedText]:
    """The texts that a policy's scheme is made of."""
    return policy._texts(None)  # noqa: SLF001 - the texts behind `scheme()`


def _clauses(old: Policy, new: Policy) -> Iterator[ClauseChange]:
    before, after = ({x.locator: x for x in _index(policy)} for policy in (old, new))
    for locator in dict.fromkeys((*after, *before)):
        one, two = before.get(locator), after.get(locator)
        if one != two:
            yield ClauseChange(locator, one, two)


def _index(policy: Policy) -> Iterator[Clause]:
    folders = {text.folder: text.layer for text in policy.loaded.texts if not text.is_amendment}
    for folder, layer in folders.items():
        index = read_index(folder, layer)
        if index is not None:
            yield from index.clauses
