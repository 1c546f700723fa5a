"""What every part of an explanation has at hand: the figure, the run behind it, the language, and what was said so far."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from engine.explain.account import Accounts, Step, Trace
from engine.explain.clauses import ClauseOf, locator_text
from engine.explain.explanation import Section
from engine.explain.makers import Makers
from engine.explain.phrases import Phrases, Shown
from engine.explain.slopes import Slopes
from engine.explain.templating import words
from engine.nouns import core as c
from engine.nouns.numbers import Number
from engine.nouns.pipeline import Allocate, Derive, Pipeline
from engine.nouns.settlement import Difference, FigureResult, Settlement
from engine.nouns.world import Row
from grammar.diagnostic import Language

Told = tuple[list[str], dict[str, Shown], dict[tuple[str, str], None]]
EntryOf = Callable[[Pipeline, str, Row], c.Entry | None]


@dataclass(frozen=True, slots=True)
class Trial:
    """A scenario of the rule file tried on the same data: what each figure would be."""

    scenario: c.Scenario
    values: Mapping[tuple[object, str], FigureResult]


@dataclass(frozen=True, slots=True)
class Background:
    """What stands behind all explanations of a run: the run, its other readings and trials, clauses and parameters."""

    settlement: Settlement
    trace: Trace
    entry_of: EntryOf
    clause_of: ClauseOf
    trials: tuple[Trial, ...]
    readings: tuple[str, ...]
    differences: Mapping[tuple[object, str], list[Difference]]


@dataclass(slots=True)
class Kept:
    """What the figures of one row share while they are explained one after another, in any language.

    ``moved`` are the row's states with its cleared amount moved, ``slopes`` their lines, ``told`` the sentences of steps
    with the numbers said in them and the effects left out; all of it goes when the next row comes.
    """

    row: Row
    moved: dict[tuple[Number, bool], tuple[Row, set[str]]] = field(default_factory=dict)
    slopes: dict[tuple[int, int], Slopes] = field(default_factory=dict)
    told: dict[tuple[int, str, Language], Told] = field(default_factory=dict)


@dataclass(slots=True)
class Telling:
    """One figure being explained in one language; ``left_out`` are effects (a kind of rows and a name) that its steps left out."""

    whole: Background
    result: FigureResult
    language: Language
    makers: Makers
    accounts: Accounts
    phrases: Phrases
    kept: Kept
    left_out: dict[tuple[str, str], None] = field(default_factory=dict)

    def phrases_of(self, row: Row) -> Phrases:
        """The names and amounts of a row; what is said of it counts for the whole."""
        if row is self.result.row:
            return self.phrases
        return Phrases(
            self.result.pipeline.scheme, self.makers, row, self.language, self.phrases.shown, self.phrases.wan
        )

    def locator(self, locator: str) -> str:
        """A clause's locator as the reader writes it."""
        return self.phrases.keep(locator_text(locator, self.language))

    def locators(self, clauses: tuple[str, ...]) -> str:
        """Several of them in a sentence; nothing where there is none."""
        return self.phrases.joined([self.locator(x) for x in clauses]) if clauses else ""

    def layer(self) -> str:
        """The name of the text that the figure's rule stands in."""
        step = self.result.step
        return step.allocation.layer if isinstance(step, Allocate) else step.figure.layer

    def say(self, sentence: str, *parts: object) -> str:
        """One of the sentences of the language, filled in."""
        return str(getattr(words("sections", self.language), sentence)(*parts)).strip()

    def section(self, sort: str, sentences: list[str], *, headed: bool = True) -> Section:
        """A section under its heading; nothing said leaves it without sentences."""
        heading = self.say("heading", sort) if headed else ""
        return Section(sort, heading, tuple(self.spaced(s) for s in sentences if s))

    def spaced(self, text: str) -> str:
        """Chinese text with a blank between a bare number and a word, and none between a unit and a word."""
        if self.language == "en":
            return text
        return _NO_BLANK_BEFORE_WORD.sub(r"\1 ", _BLANK_AFTER_UNIT.sub(r"\1", text)).replace(" 约 ", "约 ")


def figure_of(step: Step) -> c.Figure | None:
    """The rule of a step that derives a figure."""
    return step.maker.figure if isinstance(step.maker, Derive) else None


_NO_BLANK_BEFORE_WORD = re.compile("([0-9])(?=加上|减去|乘以|除以|没有|超过|不超过|达到|不满|不少于|等于|不等于)")
_BLANK_AFTER_UNIT = re.compile("(元|%|人|分|次|日|点|条|）) (?=[\u4e00-\u9fff])")
