"""A place where reading a statement stopped, and the questions to ask about it."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from grammar.diagnostic import Language, Words
from grammar.keywords import keywords
from grammar.layout import Line
from grammar.lexer import Lexer, Token
from grammar.reader import admits
from grammar.source import Source, Span
from grammar.tables import LITERALS, SIGNS


@dataclass(frozen=True)
class Fault:
    """Where reading a statement stopped.

    ``trail`` are its words before the place, ``states`` the machine's states before each of them and at the place,
    ``open_`` the brackets not closed yet; ``line`` is None where the statement ended too early. ``too_big`` is
    the code and the limit where nothing is wrong but the size.
    """

    source: Source
    language: Language
    lines: Sequence[Line]
    trail: Sequence[Token]
    states: Sequence[Sequence[int]]
    open_: Sequence[Token]
    line: Line | None
    at: int
    too_big: tuple[str, int] | None = None

    @cached_property
    def found(self) -> Token | None:
        """The word that stands there by itself; None at the end of a statement and where no word can be read."""
        return Lexer(self.language).token(self.line.number, self.line.code, self.at, None) if self.line else None

    @property
    def rest(self) -> str:
        """The line from there on."""
        return self.line.code[self.at :] if self.line else ""

    @property
    def terminal(self) -> str:
        """The terminal of the word found, or of the end of the line; empty where there is no word."""
        return "_NL" if self.line is None else self.found.terminal if self.found else ""

    @property
    def previous(self) -> Token | None:
        """The word before, in the same statement."""
        return self.trail[-1] if self.trail else None

    @property
    def touched(self) -> Token | None:
        """The word before, where no space stands between."""
        last = self.previous
        touches = last and self.line and last.line == self.line.number and last.end_column == self.at + 1
        return last if touches else None

    @cached_property
    def expected(self) -> frozenset[str]:
        """The terminals that can follow."""
        return frozenset(t for t in (*keywords(), *SIGNS, *LITERALS) if self.admits(t))

    def admits(self, *terminals: str, back: int = 0) -> bool:
        """Whether these could follow, here or some words earlier."""
        return admits(self.states[-1 - back], terminals)

    def keyword(self, language: Language, token: Token | None) -> Token | None:
        """The keyword that a name is in a language."""
        if token is None or token.terminal != "NAME":
            return None
        code = next((line.code for line in self.lines if line.number == token.line), "")
        return Lexer(language).keyword(token.line, code, token.column - 1)

    @property
    def here(self) -> Span:
        """The word or the character found, or the place after the last word."""
        if self.line is None:
            last = self.trail[-1]
            return Span(self.source, last.line, last.end_column, last.line, last.end_column + 1)
        if self.found is not None:
            return self.span(self.found)
        return Span(self.source, self.line.number, self.at + 1, self.line.number, self.at + 2)

    def stretch(self, length: int, back: int = 0) -> Span:
        """So many characters from the place on, or from some before it."""
        assert self.line is not None
        start = self.at - back
        return Span(self.source, self.line.number, start + 1, self.line.number, start + length + 1)

    def span(self, token: Token) -> Span:
        """Where a word stands."""
        return Span(self.source, token.line, token.column, token.line, token.end_column)


# The words with which a statement begins, and where such a statement stands. 险种 and 准入 are names elsewhere.
_TOP = Words("顶格写，不缩进", "it stands at the left margin")
_HEADER = Words("写在第一句（方案、词汇表、修订）之下，缩进两格", "it stands under the first line, indented by two")
_RULE = Words("写在 `环节` 之下的 `对 …:` 里", "it stands under `for …:` in a `stage`")
_UNDER = Words("写在它所说的那一个数之下，再缩进两格", "it stands under the figure it is about, two deeper")
_FOR = Words("写在 `环节` 或 `校核` 之下，缩进两格", "it stands under `stage` or `identities`, indented by two")
PLACES = (
    dict.fromkeys(("REGION", "DOCUMENT", "EFFECTIVE", "INHERITS", "ORDER"), _HEADER)
    | dict.fromkeys(("SCHEME", "VOCABULARY", "AMENDMENT", "KIND", "ROSTER", "ALIAS", "TERM", "PARAMETER"), _TOP)
    | dict.fromkeys(("INPUT", "EVENT", "STAGE", "CHECKS", "SCENARIO", "NAMES"), _TOP)
    | dict.fromkeys(("SPLIT", "ALLOCATE", "INDICATOR", "GATE", "USES"), _RULE)
    | dict.fromkeys(("UNLESS", "READING", "REASON", "LOCKED"), _UNDER)
    | {"FOR": _FOR}
)
_OPENERS = frozenset(PLACES) - {"GATE"} | {"OVERRIDE"}


def is_opener(line: Line, language: Language) -> bool:
    """Whether a line begins with a word that only begins statements, so that no bracket can be open before it."""
    found = Lexer(language).keyword(line.number, line.code, line.start)
    return found is not None and found.terminal in _OPENERS
