"""Why a row has no such figure: the exception or the case that takes it away, with what it read and its clause."""

from engine.explain.explain import Explainer
from engine.explain.headline import owner
from engine.explain.sentences import Sentences
from engine.explain.telling import Telling
from engine.explain.terms import term
from engine.nouns import core as c
from engine.nouns.core import Core, NoFigure
from engine.nouns.pipeline import Derive
from engine.nouns.settlement import FigureResult
from grammar.diagnostic import Language


def why_absent(whole: Explainer, beside: FigureResult, name: str, language: Language) -> str:
    """One sentence on a figure that ``beside``'s row has not; empty where no rule takes it away on that row."""
    row = beside.row
    t = whole.telling(beside, language)
    step = t.makers.by.get((row.table, name))
    value = row.columns.get(name)
    if not isinstance(step, Derive) or value is None or not value.is_absent:
        return ""
    said = t.phrases.name(name)
    for index in row.decided.get(name, ()):
        branch = step.exceptions[index]
        if isinstance(branch.value, NoFigure):
            return _taken(t, said, [branch.condition], branch.clauses, holds=True)
    node = step.default
    if isinstance(node, c.Choose) and isinstance(node.otherwise, NoFigure):
        value_of = t.whole.trace(beside.pipeline, row)
        if not any(value_of(b.condition).now is True for b in node.branches):
            clauses = node.branches[0].clauses or step.figure.clauses
            return _taken(t, said, [b.condition for b in node.branches], clauses, holds=False)
    return ""


def _taken(t: Telling, name: str, conditions: list[Core], clauses: tuple[str, ...], *, holds: bool) -> str:
    value_of = t.whole.trace(t.result.pipeline, t.result.row)
    sentences = Sentences(t.phrases)
    read = list(dict.fromkeys(sentences.condition(term(x, value_of)) for x in conditions))
    return t.spaced(t.say("absent", owner(t), name, read, t.locators(clauses), holds))
