"""The published shape of `explain --format json`, held against what every sample and page really gives."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from run_pages import explainer_of
from test_explain import POLICIES, explainers

from engine.explain.explain import Explainer
from engine.explain.trace_form import explanation_json

SCHEMA: dict[str, Any] = json.loads(
    (Path(__file__).resolve().parent.parent / "docs" / "explanation.schema.json").read_text(encoding="utf-8")
)
PAGES = Path(__file__).parent / "stages" / "explain"
_FENCE = re.compile(r"(?ms)^```([^\n`]+)\n(.*?)^```")
_TYPES: dict[str, type | tuple[type, ...]] = {
    "object": dict, "array": list, "string": str, "integer": int, "boolean": bool, "null": type(None),
}  # fmt: skip
_JUDGED = {"type", "enum", "pattern", "items", "required", "properties", "additionalProperties", "anyOf", "$ref"}
_SAID = {"$schema", "$id", "$defs", "title", "description"}


def faults(value: Any, schema: dict[str, Any], path: str = "") -> list[str]:  # any JSON
    """What a value has against a schema of the few keywords that ours uses."""
    assert schema.keys() <= _JUDGED | _SAID, schema.keys()
    if "$ref" in schema:
        return faults(value, SCHEMA["$defs"][schema["$ref"].removeprefix("#/$defs/")], path)
    if "anyOf" in schema:
        every = [faults(value, one, path) for one in schema["anyOf"]]
        return [] if [] in every else min(every, key=len)
    if "enum" in schema:
        return [] if value in schema["enum"] else [f"{path}: {value!r} is none of {schema['enum']}"]
    names = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    if not any(isinstance(value, _TYPES[n]) and not (n == "integer" and isinstance(value, bool)) for n in names):
        return [f"{path}: {value!r} is no {names}"]
    found = []
    if isinstance(value, str) and "pattern" in schema and not re.search(schema["pattern"], value):
        found.append(f"{path}: {value!r} is not like {schema['pattern']}")
    if isinstance(value, list):
        found += [f for i, item in enumerate(value) for f in faults(item, schema["items"], f"{path}[{i}]")]
    if isinstance(value, dict):
        known = schema["properties"]
        found += [f"{path}: without {name}" for name in schema["required"] if name not in value]
        found += [f"{path}: {name} is not known" for name in value if name not in known]
        found += [f for n in value if n in known for f in faults(value[n], known[n], f"{path}.{n}")]
    return found


def judged(whole: Explainer, depth: int | None) -> int:
    bodies = [
        explanation_json(whole.explain(result, language, depth, why_not=True), whole.background)
        for result in whole.background.settlement.figures
        for language in ("zh", "en")
    ]
    written = json.loads(json.dumps({"explanations": bodies}))
    assert faults(written, SCHEMA) == []
    return len(bodies)


@pytest.mark.parametrize("name", POLICIES)
def test_what_every_sample_gives_is_of_the_published_shape(name: str) -> None:
    assert judged(next(explainers(name)), None) > 20


def test_what_every_page_gives_is_of_the_published_shape() -> None:
    told = 0
    for page in sorted(PAGES.glob("*.md")):
        for case in re.split(r"\n## ", page.read_text(encoding="utf-8"))[1:]:
            told += judged(explainer_of(dict(_FENCE.findall(case))), 2)
    assert told > 150


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"state": "unknown"}, "is none of"),
        ({"value": 3600000.0}, "is no"),
        ({"period": "2026-13月"}, "is not like"),
        ({"more": 1}, "is not known"),
    ],
)
def test_another_shape_would_be_noticed(change: dict[str, object], told: str) -> None:
    whole = next(explainers("gaotai"))
    body = explanation_json(whole.explain(whole.background.settlement.figures[0], "zh"), whole.background)
    assert faults({"explanations": [body]}, SCHEMA) == []
    assert told in faults({"explanations": [{**body, **change}]}, SCHEMA)[0]
    del body["headline"]
    assert "without headline" in faults({"explanations": [body]}, SCHEMA)[0]
