"""Survivors: the changes no case notices, explained in ``survivors.yaml`` beside a policy, and held against a run."""

from collections.abc import Mapping
from pathlib import Path

from engine.api import Policy
from engine.load import yaml_text as y
from engine.load.text import read_text
from engine.load.yaml_text import read_tree
from engine.trial.mutants import Mutant
from engine.trial.mutate import Outcome, Verdict
from grammar.diagnostic import Finding, FindingsError, Place
from grammar.frozen import dataclass

SURVIVORS = "survivors.yaml"


@dataclass(frozen=True, slots=True)
class Explained:
    """Why a change is not noticed, and where that is written."""

    reason: str
    place: Place


@dataclass(frozen=True, slots=True)
class Held:
    """The outcome of a mutation run beside its explanations."""

    verdicts: tuple[Verdict, ...]
    reasons: Mapping[str, Explained]
    findings: tuple[Finding, ...]

    @property
    def tried(self) -> int:
        """How many changes were tried."""
        return len(self.verdicts)

    @property
    def noticed(self) -> int:
        """How many of them a case noticed."""
        return sum(v.noticed_by is not None for v in self.verdicts)

    @property
    def percent(self) -> int:
        """The share noticed in whole percent, rounded down."""
        return 100 * self.noticed // self.tried if self.tried else 0

    @property
    def survivors(self) -> tuple[Mutant, ...]:
        """The changes no case noticed."""
        return tuple(v.mutant for v in self.verdicts if v.noticed_by is None)


def read_survivors(policy: Policy) -> Mapping[str, Explained]:
    """The explanations beside a policy by the name of the change; raises FindingsError where the file is wrong."""
    path = policy.loaded.folder / SURVIVORS
    return _read(path, f"{policy.loaded.name}/{SURVIVORS}") if path.is_file() else {}


def held_against(outcome: Outcome, explained: Mapping[str, Explained], file: str) -> Held:
    """What is told of a run: changes without a reason, and reasons that no longer hold."""
    findings: list[Finding] = []
    if outcome.failing:
        findings.append(Finding("L215", Place(file), {"count": len(outcome.failing), "name": outcome.failing[0]}))
        return Held((), explained, tuple(findings))
    noticed = {v.mutant.name: v.noticed_by for v in outcome.verdicts if v.noticed_by is not None}
    for name, why in explained.items():
        if name in noticed:
            findings.append(Finding("L213", why.place, {"name": name, "case": noticed[name]}))
        elif name not in outcome.names:
            findings.append(Finding("L212", why.place, {"name": name}))
    bare = [m for m in outcome.survivors if m.name not in explained]
    if bare:
        findings.append(Finding("L214", Place(file), {"count": len(bare)}))
    return Held(outcome.verdicts, explained, tuple(findings))


def _read(path: Path, shown: str) -> Mapping[str, Explained]:
    tree = read_tree(read_text(path.read_bytes(), shown), shown)
    found: dict[str, Explained] = {}
    findings: list[Finding] = []
    if not isinstance(tree, y.Sequence):
        raise FindingsError([Finding("L211", tree.place)])
    for item in tree.items:
        names, reason = _entry(item)
        if not names or not reason:
            findings.append(Finding("L211", item.place))
        for name in names:
            found[name] = Explained(reason, item.place)
    if findings:
        raise FindingsError(findings)
    return found


def _entry(item: y.Node) -> tuple[tuple[str, ...], str]:
    """The changes of one entry, one or a list, and their reason."""
    if not isinstance(item, y.Mapping) or set(item.entries) != {"改动", "理由"}:
        return (), ""
    named, why = item.entries["改动"], item.entries["理由"]
    nodes = named.items if isinstance(named, y.Sequence) else (named,)
    names = tuple(node.text.strip() for node in nodes if isinstance(node, y.Scalar))
    return names, why.text.strip() if isinstance(why, y.Scalar) else ""
