"""Mutation: the cases of a policy run against each of its mutants, to see which changes they notice."""

import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import field, replace

from engine.api import Policy
from engine.load.policy import LoadedText
from engine.nouns.core import Scheme
from engine.trial.coverage import own_documents
from engine.trial.mutants import Mutant, mutants
from engine.trial.run import Bound, bound, cases_of, judged
from grammar.diagnostic import FindingsError
from grammar.frozen import dataclass

Progress = Callable[[int, int, int], None]


@dataclass(frozen=True, slots=True)
class Verdict:
    """A mutant and the case that noticed it; None where every case passed all the same."""

    mutant: Mutant
    noticed_by: str | None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of the mutants tried; ``names`` are those of every mutant there is, ``failing`` the cases in the way."""

    verdicts: tuple[Verdict, ...]
    names: frozenset[str]
    failing: tuple[str, ...] = field(default=())

    @property
    def survivors(self) -> tuple[Mutant, ...]:
        """The mutants that no case noticed."""
        return tuple(v.mutant for v in self.verdicts if v.noticed_by is None)


def mutate(policy: Policy, *, share: int = 1, progress: Progress | None = None) -> Outcome:
    """Try every mutant of a policy's own rule files, or one of ``share`` of them, chosen by their names alone.

    Where a case already fails nothing is tried: it would notice everything.
    """
    cases = [bound(policy, case) for case in cases_of(policy) if not case.pending]
    failing = tuple(b.case.name for b in cases if not judged(policy, b)[0].passed)
    if failing:
        return Outcome((), frozenset(), failing)
    made = list(_made(policy))
    chosen = list(_checked(policy, (mutant for mutant in made if _chosen(mutant.name, share))))
    verdicts: list[Verdict] = []
    survived = 0
    lately: list[Bound] = []
    for number, (mutant, changed) in enumerate(chosen, 1):
        noticed = _noticed(policy, changed, mutant, cases, lately)
        if noticed is None:
            survived += 1
        else:
            lately = [noticed, *(b for b in lately if b is not noticed)][:_LATELY]
        verdicts.append(Verdict(mutant, noticed.case.name if noticed else None))
        if progress is not None:
            progress(number, len(chosen), survived)
    # Of a sample nobody can say which of the others check.
    names = (mutant.name for mutant, _ in chosen) if share <= 1 else (mutant.name for mutant in made)
    return Outcome(tuple(verdicts), frozenset(names))


_LATELY = 6


def _chosen(name: str, share: int) -> bool:
    """Whether a mutant is in a sample: by its name, so that a new rule does not draw all others anew."""
    return share <= 1 or zlib.crc32(name.encode()) % share == 0


def _made(policy: Policy) -> Iterator[Mutant]:
    scheme = policy.scheme()
    for document in own_documents(policy):
        yield from mutants(document, scheme)


def _checked(policy: Policy, made: Iterable[Mutant]) -> Iterator[tuple[Mutant, Policy]]:
    """The mutants that check and do not come to the same scheme."""
    scheme = policy.scheme()
    for mutant in made:
        changed = with_document(policy, mutant.span.source.name, mutant)
        try:
            changed.findings()
        except FindingsError:
            continue
        if not _same(changed.scheme(), scheme):
            yield mutant, changed


def with_document(policy: Policy, file: str, mutant: Mutant) -> Policy:
    """The policy with one of its rule files exchanged for the mutant's."""

    def text(old: LoadedText) -> LoadedText:
        if old.document.span.source.name != file:
            return old
        return replace(old, document=mutant.document, digest=f"{old.digest} {mutant.name}")

    return Policy(replace(policy.loaded, texts=tuple(text(t) for t in policy.loaded.texts)))


def _same(one: Scheme, other: Scheme) -> bool:
    """Whether two schemes say the same, so that no case could tell them apart."""
    return replace(one, layers=()) == replace(other, layers=())


def _noticed(policy: Policy, changed: Policy, mutant: Mutant, cases: list[Bound], lately: list[Bound]) -> Bound | None:
    """The first case that comes out otherwise; those that expect the figure go first, then those that noticed lately."""
    rebind = _bound_otherwise(policy.scheme(), changed.scheme())
    names = set(mutant.subject.replace("、", " ").replace(".", " ").split())
    likely = [b for b in cases if any(figure.name in names for row in b.case.rows for figure in row.figures)]
    tried: set[int] = set()
    for candidate in (*likely, *lately, *cases):
        if id(candidate) in tried:
            continue
        tried.add(id(candidate))
        here = bound(changed, candidate.case) if rebind else candidate
        if not judged(changed, here)[0].passed:
            return candidate
    return None


def _bound_otherwise(one: Scheme, other: Scheme) -> bool:
    """Whether data may be read otherwise under two schemes."""
    return (one.inputs, one.parameters, one.rosters) != (other.inputs, other.parameters, other.rosters)
