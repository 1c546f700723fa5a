"""The trace of an explanation as data: what was executed, with every number the words use; docs/explanation.schema.json."""

from fractions import Fraction
from typing import Any

from engine.explain.account import Passed, Step, looked_at
from engine.explain.clauses import locator_text
from engine.explain.explanation import Explanation
from engine.explain.merged import merged_json
from engine.explain.telling import Background
from engine.explain.terms import Leaf, Term
from engine.nouns.core import NoFigure
from engine.nouns.dataset import DataRow
from engine.nouns.kinds import Kind
from engine.nouns.pipeline import Aggregate, Allocate, Carry, Derive
from engine.nouns.possible import Possible
from engine.nouns.printed import ends_text, exactly, plain
from engine.nouns.value import Value
from engine.nouns.world import Looked
from grammar.diagnostic import Place
from grammar.source import source_text


def explanation_json(explanation: Explanation, whole: Background) -> dict[str, Any]:
    """One explanation in the contract's shape."""
    result, value = explanation.result, explanation.result.value
    threshold = explanation.threshold
    return {
        "unit": result.row.unit,
        "insurance": result.row.insurance,
        "period": str(result.row.period),
        "figure": result.name,
        "id": result.id,
        "value": None if value.state == "open" else plain(value.now, result.kind),
        "state": value.state,
        "headline": explanation.headline,
        "text": explanation.text,
        "citations": list(result.citations),
        "sections": [
            {"id": s.sort, "heading": s.heading, "sentences": list(s.sentences)} for s in explanation.sections
        ],
        "next_threshold": None
        if threshold is None
        else {
            "words": threshold.words,
            "distance": threshold.distance,
            "direction": "less" if threshold.less else "more",
        },
        "trace": _trace(explanation, whole),
    }


def _trace(explanation: Explanation, whole: Background) -> dict[str, Any]:
    result = explanation.result
    row, scheme = result.row, result.pipeline.scheme
    rule = result.step.allocation if isinstance(result.step, Allocate) else result.step.figure
    differences = whole.differences.get((row.key, result.name), [])
    return {
        "scheme": scheme.id,
        "document": scheme.title,
        "status": scheme.document,
        "kind": row.table,
        "kind_id": scheme.labels.id(row.table),
        "unit": row.unit,
        "insurance": row.insurance,
        "period": str(row.period),
        "figure": result.name,
        "id": result.id,
        **_value(result.value, result.kind),
        "missing": sorted(result.value.missing) if result.value.state == "open" else [],
        "assumptions": [_assumption(whole, n) for n in sorted(result.value.assumed)]
        if result.value.state == "assumed"
        else [],
        "defaults": sorted(result.value.defaults),
        "rule": {
            "layer": rule.layer,
            "file": rule.span.source.name,
            "line": rule.span.line,
            "text": source_text(rule.span),
        },
        "citations": [
            {
                "locator": note.locator,
                "text": locator_text(note.locator, explanation.language),
                "summary": note.summary.say(explanation.language) or note.summary.zh,
                "open": [words.say(explanation.language) or words.zh for words in note.open],
                "quote": note.quote,
            }
            for note in explanation.notes
        ],
        **({"merged": merged_json(row, link, scheme)} if (link := scheme.links.get(row.table)) is not None else {}),
        "steps": [_step(step, whole, explanation) for step in explanation.steps],
        "readings": [
            {
                "name": d.reading,
                "value": None
                if d.other is None or d.other.value.state == "open"
                else plain(d.other.value.now, d.other.kind),
            }
            for d in differences
        ],
        "numbers": [
            {"text": shown.text, "value": shown.value, **({"exact": shown.exact} if shown.exact else {})}
            for shown in explanation.numbers
        ],
    }


def _step(step: Step, whole: Background, explanation: Explanation) -> dict[str, Any]:
    maker, row = step.maker, step.row
    scheme = explanation.result.pipeline.scheme
    form: dict[str, Any] = {
        "operation": _OPERATIONS[type(maker)],
        "figure": step.column,
        "id": scheme.labels.id(step.column, row.table),
        "unit": row.unit,
        "period": str(row.period),
        **_value(step.value, maker.kind),
    }
    if step.term is not None:
        form["expression"] = _term(step.term)
        if isinstance(maker, Derive) and maker.step is not None and maker.kind.is_number:
            form["before_rounding"] = _exact(step.term.value.now, maker.kind)
            form["rounding"] = {"mode": maker.mode, "step": _exact(maker.step, maker.kind)}
    if isinstance(maker, Derive):
        form["citations"] = list(maker.figure.clauses)
        form["branch_taken"] = [_passed(e, maker.kind) for e in step.decided] or None
        form["branches_not_taken"] = [_passed(e, maker.kind) for e in step.passed]
    if isinstance(maker, Allocate):
        form["citations"] = list(maker.allocation.clauses)
        form["method"] = maker.method
        form["spare"] = maker.spare
    if isinstance(maker, Carry):
        form["taken"] = [_taken(looked, maker) for looked in looked_at(step)]
    form["reads"] = [_leaf(leaf, step, whole, explanation) for leaf in step.reads]
    return form


_OPERATIONS = {Derive: "derive", Allocate: "allocate", Aggregate: "aggregate", Carry: "look_back"}


def _passed(exception: Passed, kind: Kind) -> dict[str, Any]:
    branch = exception.branch
    return {
        "condition": _term(exception.condition),
        "words": source_text(branch.condition.span),
        "line": branch.span.line,
        "citations": list(branch.clauses),
        "reason": branch.reason,
        "value": None
        if exception.value is None or isinstance(branch.value, NoFigure)
        else _exact(exception.value.now, kind),
    }


def _term(node: Term) -> dict[str, Any]:
    if isinstance(node, Leaf):
        return {"name": node.name, **_value(node.value, node.kind)}
    form: dict[str, Any] = {"operation": node.sort, "parts": [_term(part) for part in node.parts]}
    if node.signs:
        form["signs"] = list(node.signs)
    if node.left_out:
        form["left_out"] = list(node.left_out)
    return {**form, **_value(node.value, node.kind)}


def _leaf(leaf: Leaf, step: Step, whole: Background, explanation: Explanation) -> dict[str, Any]:
    form: dict[str, Any] = {"name": leaf.name, **_value(leaf.value, leaf.kind)}
    assert leaf.name is not None
    if leaf.parameter:
        parameter = explanation.result.pipeline.scheme.parameters[leaf.name]
        entry = whole.entry_of(explanation.result.pipeline, leaf.name, step.row)
        form["parameter"] = {
            "state": parameter.state,
            "from": entry.start.isoformat() if entry is not None and entry.start else None,
            "to": entry.end.isoformat() if entry is not None and entry.end else None,
            "citations": list((entry.clauses if entry is not None else ()) or parameter.clauses),
        }
        return form
    place = step.row.places.get(leaf.name.removeprefix("填报数·"))
    if place is not None:
        form["source"] = _source(place)
    return form


def _taken(looked: Looked, maker: Carry) -> dict[str, Any]:
    row = looked.row
    unit = (row.parent or row.unit) if isinstance(row, DataRow) else row.unit if row is not None else None
    form: dict[str, Any] = {"unit": unit, "period": str(looked.period), **_value(looked.value, maker.kind)}
    place = row.places.get(maker.source) if row is not None else None
    return {**form, "source": _source(place)} if place is not None else form


def _source(place: Place) -> dict[str, Any]:
    return {
        "file": place.file, "sheet": place.sheet, "row": place.row, "line": place.line, "column": place.column,
        "key": place.key,
    }  # fmt: skip


def _value(value: Value, kind: Kind) -> dict[str, Any]:
    if value.is_absent:
        return {"value": None, "value_unit": kind.unit, "state": "absent"}
    form: dict[str, Any] = {
        "value": None if value.state == "open" else _exact(value.now, kind),
        "value_unit": kind.unit,
        "state": value.state,
    }
    fraction = exactly(value.now, kind)
    if fraction is not None:
        form["exact"] = fraction
    ends = ends_text(value.now, kind)
    if ends is not None:
        form["range"] = ends
    return form


def _exact(value: Possible, kind: Kind) -> str | bool | None:
    """A value as JSON, money on the way to the fen with all its decimals where they end."""
    if isinstance(value, Fraction) and kind.is_money and value.denominator != 1:
        return _decimals(value / 100)
    return plain(value, kind)


def _decimals(value: Fraction) -> str:
    scaled = value * 10**12
    if scaled.denominator != 1:
        return f"{value.numerator}/{value.denominator}"
    whole = abs(scaled.numerator)
    digits = str(whole).rjust(13, "0")
    return f"{'-' if value < 0 else ''}{digits[:-12]}.{digits[-12:].rstrip('0')}"


def _assumption(whole: Background, name: str) -> dict[str, Any]:
    assumption = whole.settlement.assumptions.get(name)
    return {"name": name, "source": assumption.source if assumption is not None else None}
