"""A settlement as the contract's JSON: Chinese names and English ids, exact decimal strings, null where open."""

from collections.abc import Iterable, Mapping
from typing import Any

from engine.nouns.printed import ends_text, exactly, plain
from engine.nouns.settlement import Difference, FigureResult, Settlement
from engine.nouns.value import Marks
from grammar.diagnostic import Finding, Language


def settlement_json(settlement: Settlement, language: Language) -> dict[str, Any]:
    """The whole settlement; ``language`` changes the wording of warnings only."""
    form: dict[str, Any] = {
        "scheme": settlement.scheme.id,
        "years": list(settlement.years),
        "engine": settlement.engine,
        "figures": [figure_json(result) for result in settlement.figures],
        "open": [{"name": item.name, "clause": item.clause, "waits": item.waits} for item in settlement.open],
        "assumptions": [
            {"name": a.name, "value": _assumed(settlement, a.name), "source": a.source}
            for a in settlement.assumptions.values()
        ],
        "checks": {"identities": settlement.tally.identities, "broken": 0, "waiting": settlement.tally.waiting},
        "warnings": findings_json(settlement.warnings, language),
        "receipt": dict(settlement.receipt),
    }
    if settlement.differences:
        form["readings"] = [_difference(difference) for difference in settlement.differences]
    return form


def figure_json(result: FigureResult) -> dict[str, Any]:
    """One figure in the contract's shape, with ``range``, ``exact`` and ``reached`` where they say something."""
    row, value, scheme = result.row, result.value, result.pipeline.scheme
    state = value.state
    form: dict[str, Any] = {
        "kind": row.table,
        "kind_id": scheme.labels.id(row.table),
        "unit": row.unit,
        "insurance": row.insurance,
        "period": str(row.period),
        "figure": result.name,
        "id": result.id,
        "value": None if state == "open" else plain(value.now, result.kind),
        "value_unit": result.kind.unit,
        "state": state,
        "citations": list(result.citations),
        "missing": _listed(value.missing) if state == "open" else [],
        "assumptions": _listed(value.assumed) if state == "assumed" else [],
        "defaults": _listed(value.defaults),
    }
    fraction = None if state == "open" else exactly(value.now, result.kind)
    if fraction is not None:
        form["exact"] = fraction
    ends = ends_text(value.now, result.kind) if state == "open" else None
    if ends is not None:
        form["range"] = ends
    if result.reached is not None:
        form["reached"] = result.reached
    return form


def findings_json(findings: Iterable[Finding], language: Language) -> list[dict[str, object]]:
    """Findings in the contract's shape."""
    return [finding.as_json(language) for finding in findings]


def _listed(names: Marks) -> list[str]:
    return sorted(names)


def _assumed(settlement: Settlement, name: str) -> object:
    parameter = settlement.scheme.parameters.get(name)
    kinds = [i.kind for (_, n), i in settlement.scheme.inputs.items() if n == name]
    kind = parameter.kind if parameter is not None else kinds[0]
    return plain(settlement.assumptions[name].value, kind)


def _difference(difference: Difference) -> Mapping[str, object]:
    result, other = difference.result, difference.other
    return {
        "reading": difference.reading,
        "reading_id": result.pipeline.scheme.labels.id(difference.reading),
        "kind": result.row.table,
        "unit": result.row.unit,
        "insurance": result.row.insurance,
        "period": str(result.row.period),
        "figure": result.name,
        "id": result.id,
        "value": figure_json(result)["value"],
        "other": figure_json(other)["value"] if other is not None else None,
        "state": other.value.state if other is not None else None,
    }
