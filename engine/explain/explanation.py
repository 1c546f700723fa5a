"""What an explanation is: a figure's conclusion and its sections of sentences, and the numbers and steps behind them."""

from engine.explain.account import Step
from engine.explain.clauses import ClauseNote
from engine.explain.phrases import Shown
from engine.nouns.settlement import FigureResult
from grammar.diagnostic import Language
from grammar.frozen import dataclass


@dataclass(frozen=True, slots=True)
class Section:
    """A part of an explanation: what it answers, its heading, its sentences."""

    sort: str
    heading: str
    sentences: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Threshold:
    """The nearest point where the figure turns: how far, in which direction of what, in words."""

    words: str
    distance: str
    less: bool


@dataclass(frozen=True, slots=True)
class Explanation:
    """A figure explained in one language; ``numbers`` are all that stand in it, ``steps`` what was executed."""

    result: FigureResult
    language: Language
    title: str
    headline: str
    sections: tuple[Section, ...]
    threshold: Threshold | None
    notes: tuple[ClauseNote, ...]
    numbers: tuple[Shown, ...]
    steps: tuple[Step, ...]

    @property
    def text(self) -> str:
        """The whole in one paragraph."""
        joint = "" if self.language == "zh" else " "
        colon = "：" if self.language == "zh" else ": "
        parts = [self.headline]
        for section in self.sections:
            body = joint.join(section.sentences)
            named = section.heading and section.sort in {"basis", "reading", "open", "why_not", "inputs"}
            parts.append(f"{section.heading}{colon}{body}" if named else body)
        return joint.join(parts)
