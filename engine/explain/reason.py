"""One line for a figure: what it was worked out from, with the numbers of its own row put in."""

from collections.abc import Callable
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined, Template
from jinja2.sandbox import SandboxedEnvironment

from engine.explain.words import Speaker
from engine.nouns import core as c
from engine.nouns.core import Core, NoFigure
from engine.nouns.pipeline import Allocate, Derive, Pipeline
from engine.nouns.possible import Between
from engine.nouns.settlement import FigureResult
from engine.nouns.value import Value
from engine.nouns.world import Row
from grammar.diagnostic import Language

Trace = Callable[[Pipeline, Row], Callable[[Core], Value]]


def reason(result: FigureResult, language: Language, trace: Trace) -> str:
    """The sentence; ``trace`` gives what every expression of the figure's rule came to on its row."""
    speaker = Speaker(result.pipeline.scheme, result.row, language, trace(result.pipeline, result.row))
    facts = _facts(result, speaker, trace)
    marks: dict[str, object] = {
        "assumptions": [speaker.name(n) for n in sorted(result.value.assumed)],
        "defaults": [],
        "reached": result.reached,
        "target": "",
        "rounding": "",
    }
    if isinstance(result.step, Derive):
        target, figure = result.step.figure.target, result.step.figure
        if target is not None and target.condition is not None:
            marks["target"] = speaker.bound(target.condition)
        usual = (1 if result.kind.is_money else None, "half_up")
        if figure.step is not None and (figure.step, figure.mode) != usual and result.value.state != "open":
            marks["rounding"] = speaker.rounding(figure.mode, figure.step, result.kind)
    return template("reason", language).render({**_NOTHING, **marks, **facts})


@cache
def template(name: str, language: Language) -> Template:
    """One of our own templates, sandboxed; names and values are data to it."""
    return _environment().get_template(f"{name}.{language}.j2")


@cache
def _environment() -> Environment:
    return SandboxedEnvironment(
        loader=PackageLoader("engine.explain"), autoescape=False, undefined=StrictUndefined, keep_trailing_newline=False
    )


_NOTHING: dict[str, object] = {
    "low": None, "high": None, "missing": [], "because": [], "value": "", "whole": "", "count": 0, "spare": "",
    "weight": "", "every": True, "tests": [], "words": "",
}  # fmt: skip


def _facts(result: FigureResult, speaker: Speaker, trace: Trace) -> dict[str, object]:
    if result.value.state == "open":
        return _open(result, speaker)
    step = result.step
    if isinstance(step, Allocate):
        return _allocated(result, step, speaker, trace)
    if step.figure.gate is not None:
        return _gate(step.figure.gate, speaker)
    decided = result.row.decided.get(result.name, ())
    if decided:
        because = [speaker.say(step.exceptions[i].condition) for i in decided]
        value = step.exceptions[decided[0]].value
        said = speaker.number(result.value.now, result.kind)
        if not isinstance(value, NoFigure | c.Constant):
            said = f"{speaker.say(value)}{'，即' if speaker.language == 'zh' else ', that is'} {said}"
        return {"sort": "exception", "because": because, "value": said}
    unsure = [e.condition for e in step.exceptions if not isinstance(speaker.value_of(e.condition).now, bool)]
    if unsure:
        return {"sort": "either", "because": list(dict.fromkeys(speaker.say(condition) for condition in unsure))}
    words = "" if isinstance(step.default, NoFigure) else speaker.say(step.default)
    if result.value.now is False:
        words = f"{'不成立' if speaker.language == 'zh' else 'does not hold'}{'：' if speaker.language == 'zh' else ': '}{words}"
    last = step.figure.part is not None and step.figure.part.last
    told = words if words != speaker.number(result.value.now, result.kind) else ""
    return {"sort": "remaining" if last else "figure", "words": told}


def _open(result: FigureResult, speaker: Speaker) -> dict[str, object]:
    low = high = None
    if isinstance(result.value.now, Between):
        ends = (result.value.now.low, result.value.now.high)
        low, high = (None if x is None else speaker.number(x, result.kind) for x in ends)
    return {
        "sort": "open",
        "low": low,
        "high": high,
        "missing": [speaker.name(n) for n in sorted(result.value.missing)],
    }


def _gate(gate: c.GateNote, speaker: Speaker) -> dict[str, object]:
    words = {True: ("是", "yes"), False: ("否", "no")}
    tests = []
    for test in gate.tests:
        answer = speaker.value_of(test.condition).now
        said = words[answer] if isinstance(answer, bool) else ("未填", "unanswered")
        tests.append(f"{speaker.say(test.condition)} {said[speaker.language == 'en']}")
    return {"sort": "gate", "every": gate.every, "tests": tests}


def _allocated(result: FigureResult, step: Allocate, speaker: Speaker, trace: Trace) -> dict[str, object]:
    row = result.row
    parent = row if result.name == step.left else row.parent
    while parent is not None and parent.table != step.table:
        parent = parent.parent
    whole = ""
    if parent is not None:
        above = Speaker(speaker.scheme, parent, speaker.language, trace(result.pipeline, parent))
        whole = above.say(step.whole)
    if result.name == step.left:
        return {"sort": "left", "whole": whole}
    siblings = [] if parent is None else [r for t in step.receivers for r in parent.children.get(t, ())]
    sharing = [r for r in siblings if step.column in r.columns and not r.columns[step.column].is_absent]
    spare = ""
    values = {r.columns[step.column].now for r in sharing}
    if len(values) > 1 and step.method == "equally":
        key = "earlier" if step.spare == "first_listed" and row.period.grain != "year" else step.spare
        spare = _SPARE.get(key, (key, key))[speaker.language == "en"]
    weight = "" if row.table not in step.weight else speaker.say(step.weight[row.table])
    periods = row.period.grain != "year"
    return {
        "sort": step.method,
        "whole": whole,
        "count": len(sharing),
        "periods": periods,
        "spare": spare,
        "weight": weight,
    }


_SPARE = {
    "earlier": ("前面的各期", "the earlier periods"),
    "first_listed": ("名录在前者", "the first listed"),
    "largest_remainder": ("余数大者", "the largest remainder"),
}
