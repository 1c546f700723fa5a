"""Explain: a settlement's figures in words, in the order conclusion, working, basis, reading, what is open, effect.

Everything said comes of what was executed: the account of a figure is made of the run's own values, and every number
that stands in a sentence is kept in its trace.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from engine.explain.account import Accounts, SettledRow
from engine.explain.effect import effect, threshold
from engine.explain.explanation import Explanation, Section
from engine.explain.headline import headline, title
from engine.explain.inputs import inputs
from engine.explain.makers import Makers, makers_of
from engine.explain.merged import merged
from engine.explain.phrases import Phrases
from engine.explain.remarks import basis, reading, what_is_open
from engine.explain.telling import Background, Kept, Telling
from engine.explain.why_not import passed_over
from engine.explain.working import how
from engine.nouns.pipeline import Pipeline
from engine.nouns.settlement import FigureResult
from engine.nouns.world import Row, RowKey
from grammar.diagnostic import Language


@dataclass(slots=True)
class Explainer:
    """Explains the figures of one settlement; what is worked out for one figure is kept for the next.

    ``wan`` says amounts of ten thousand 元 and more in 万元, in Chinese.
    """

    background: Background
    makers: dict[int, Makers] = field(default_factory=dict)
    accounts: dict[int, Accounts] = field(default_factory=dict)
    kept: Kept | None = None
    wan: bool = False

    def title(self, result: FigureResult, language: Language) -> str:
        """Whose figure it is and for when, without explaining it."""
        return title(self.telling(result, language))

    def explain(
        self, result: FigureResult, language: Language, depth: int | None = 2, *, why_not: bool = False
    ) -> Explanation:
        """One figure; ``depth`` 1 is a line, 2 the steps, None the whole chain down to the data."""
        return _told(self.telling(result, language), depth, why_not=why_not)

    def _settled(self, pipeline: Pipeline) -> SettledRow:
        """A row by its key, where this pipeline settled it."""
        rows: dict[RowKey, Row] = {}

        def settled(key: RowKey) -> Row | None:
            if not rows:
                rows.update((r.row.key, r.row) for r in self.background.settlement.figures if r.pipeline is pipeline)
            return rows.get(key)

        return settled

    def telling(self, result: FigureResult, language: Language) -> Telling:
        """What the parts of an explanation of a figure have at hand."""
        pipeline = result.pipeline
        if id(pipeline) not in self.makers:
            self.makers[id(pipeline)] = makers_of(pipeline)
            self.accounts[id(pipeline)] = Accounts(
                pipeline, self.makers[id(pipeline)], self.background.trace, self._settled(pipeline)
            )
        makers, accounts = self.makers[id(pipeline)], self.accounts[id(pipeline)]
        if self.kept is None or self.kept.row is not result.row:
            self.kept = Kept(result.row)
            accounts.forget()
        phrases = Phrases(pipeline.scheme, makers, result.row, language, wan=self.wan)
        return Telling(self.background, result, language, makers, accounts, phrases, self.kept)


def _told(t: Telling, depth: int | None, *, why_not: bool) -> Explanation:
    row = t.result.row
    steps = t.accounts.chain(row, t.result.name, None if depth is None else depth - 1)
    own = t.accounts.step(row, t.result.name)
    assert own is not None
    notes = [t.whole.clause_of(t.layer(), locator) for locator in t.result.citations]
    first = t.spaced(headline(t))
    sections = [basis(t, notes)]
    if depth != 1:
        sections = [
            merged(t),
            how(t, steps, own),
            *([inputs(t, steps)] if depth is None else []),
            basis(t, notes),
            reading(t, own),
            what_is_open(t, own, notes),
            passed_over(t, own, steps, detailed=why_not),
            effect(t, own),
        ]
    elif t.result.value.state != "stated":
        sections.append(what_is_open(t, own, notes))
    turn = threshold(t) if depth != 1 else None
    if turn is not None:
        sections.append(Section("effect", t.say("heading", "effect"), (turn.words,)))
    kept = tuple(_joined([s for s in sections if s.sentences]))
    numbers = tuple(t.phrases.shown.values())
    return Explanation(t.result, t.language, title(t), first, kept, turn, tuple(notes), numbers, tuple(steps))


def _joined(sections: list[Section]) -> Iterator[Section]:
    """Sections that follow one another under the same heading as one."""
    last: Section | None = None
    for section in sections:
        if last is not None and last.sort == section.sort:
            last = Section(last.sort, last.heading, (*last.sentences, *section.sentences))
            continue
        if last is not None:
            yield last
        last = section
    if last is not None:
        yield last
