"""Scenarios: named in the rule file, or a file of values."""

from pathlib import Path

from engine.api import Policy
from engine.load.bind_assumptions import parse_assumption
from engine.load.read import read_data
from engine.nouns.dataset import Assumption
from grammar.diagnostic import Finding, FindingsError


class NoSuchScenarioError(Exception):
    """A name that is neither a file nor a scenario of the rule file; ``known`` are those of the rule file."""

    def __init__(self, name: str, known: tuple[str, ...]) -> None:
        self.name, self.known = name, known
        super().__init__(name)


def assumptions_of(policy: Policy, name: str) -> list[Assumption]:
    """The values of one scenario; raises FindingsError where a file's names or values are wrong."""
    scheme = policy.scheme()
    by_id = {scheme.labels.id(s): s for s in scheme.scenarios}
    scenario = scheme.scenarios.get(by_id.get(name, name))
    if scenario is not None:
        return [Assumption(n, value, scenario.name) for n, value in scenario.values.items()]
    path = Path(name)
    if not path.is_file():
        raise NoSuchScenarioError(name, tuple(scheme.scenarios))
    raw = read_data(path, name)
    findings: list[Finding] = list(raw.findings)
    findings += [Finding("D091", table.place, {"name": table.name}) for table in raw.tables]
    cells = {**raw.heads, **raw.assumptions}
    values = [parse_assumption(scheme, key, cell, path.stem, findings) for key, cell in cells.items()]
    if findings:
        raise FindingsError(findings)
    return [value for value in values if value is not None]
