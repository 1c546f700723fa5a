"""The worked cases of every shipped scheme through an engine: each comes to what it says and to what the interpreter says."""

from functools import cache
from pathlib import Path

from roads import Road, interpreted, told

from engine.api import Policy, open_policy
from engine.trial.run import bound, cases_of
from grammar.frozen import dataclass

_POLICIES = Path(__file__).resolve().parents[2] / "policies"
SCHEMES = tuple(sorted(path.parent.name for path in _POLICIES.glob("*/cases.yaml")))


@dataclass(frozen=True, slots=True)
class Worked:
    """How many cases were tried, the names of those that differ, and what of them the engine left to the interpreter."""

    tried: int
    different: tuple[str, ...]
    units: int
    handed_back: int


@cache
def policy_of(name: str) -> Policy:
    """A shipped scheme."""
    return open_policy(name)


def worked(road: Road, name: str, every: int = 1) -> Worked:
    """The cases of a scheme, or one in so many, by the interpreter and by another road."""
    policy = policy_of(name)
    different: list[str] = []
    tried = units = handed_back = 0
    for case in cases_of(policy)[::every]:
        dataset = bound(policy, case).dataset
        if case.pending or dataset is None:
            continue
        tried += 1
        right, _ = told(interpreted, policy, dataset)
        found, left = told(road, policy, dataset)
        if found != right:
            different.append(case.name)
        if left is not None:
            units, handed_back = units + left.of, handed_back + left.units
    return Worked(tried, tuple(different), units, handed_back)
