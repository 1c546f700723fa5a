"""Values given for open names: by the data, by scenarios, on the command line; each as the rule file declares it."""

from collections.abc import Iterable, Mapping
from datetime import date
from fractions import Fraction

from engine.load.bind_cells import per_cent
from engine.load.binding import Binding, short, where, words_of
from engine.load.tables import Cell
from engine.load.values import Wrong, parse_value
from engine.nouns.core import Scheme
from engine.nouns.dataset import Assumption
from engine.nouns.ranges import range_words
from engine.nouns.suggest import nearest
from grammar.diagnostic import Finding


def assumptions(b: Binding, given: Iterable[Assumption], extra: Mapping[str, Cell]) -> dict[str, Assumption]:
    """Assumptions as the rule file declares what they stand for; the data's give way to scenarios', these to ``extra``."""
    found: dict[str, Assumption] = {}
    cells: dict[str, Cell] = {}
    for key, cell in b.raw.assumptions.items():
        name = b.words.get(key, key)
        if name in cells:
            b.tell("D018", cell.place, name=key, line=where(cells[name].place))
        cells.setdefault(name, cell)
        _assume(b, found, key, cell, "data")
    for assumption in given:
        if assumption.name in found and found[assumption.name].value != assumption.value:
            place = cells[assumption.name].place if assumption.name in cells else None
            b.tell("D090", place, name=assumption.name, source=assumption.source)
        found[assumption.name] = assumption
    for key, cell in extra.items():
        _assume(b, found, key, cell, "command")
    declared = dict.fromkeys([*b.scheme.parameters, *(name for _, name in b.scheme.inputs)])
    return {name: found[name] for name in declared if name in found}


def _assume(b: Binding, found: dict[str, Assumption], key: str, cell: Cell, source: str) -> None:
    wrong: list[Finding] = []
    assumption = parse_assumption(b.scheme, key, cell, source, wrong)
    for finding in wrong:
        b.tell(finding.code, cell.place, **finding.values)
    if assumption is not None:
        found[assumption.name] = assumption


def parse_assumption(scheme: Scheme, key: str, cell: Cell, source: str, findings: list[Finding]) -> Assumption | None:
    """A value given for a parameter or datum; None where it is blank or wrong (told in ``findings``)."""
    name = words_of(scheme).get(key, key)
    parameter = scheme.parameters.get(name)
    data = [i for (_, n), i in scheme.inputs.items() if n == name]
    if parameter is None and not data:
        known = [*scheme.parameters, *(scheme.labels.id(p) for p in scheme.parameters)]
        known += sorted({n for _, n in scheme.inputs})
        findings.append(Finding("D091", cell.place, {"name": short(key), **nearest(key, known)}))
        return None
    if not cell.text:
        return None
    if parameter is not None and parameter.state == "not_applicable":
        findings.append(Finding("D092", cell.place, {"name": name}))
        return None
    kind, limits = (parameter.kind, parameter.range) if parameter else (data[0].kind, data[0].range)
    value = parse_value(cell.text, kind)
    about = {
        "name": name,
        "text": short(cell.text),
        "kind": kind.words,
        "options": "、".join(kind.options),
        "unit": "",
    }
    if isinstance(value, Wrong):
        findings.append(Finding(value.code, cell.place, {**about, **per_cent(cell.text, kind, limits)}))
        return None
    # A name may be a datum of several kinds of rows, each with a range of its own.
    limits = next((d.range for d in data if isinstance(value, int | Fraction) and not d.range.holds(value)), limits)
    if kind.is_number and not isinstance(value, str | date) and not limits.holds(value):
        near = per_cent(cell.text, kind, limits)
        findings.append(Finding("D060", cell.place, {**about, "range": range_words(limits, kind), **near}))
        return None
    return Assumption(name, value, source)
