"""The words of a line: which terminal stands at a place, given the ones the grammar admits there."""

import re
from collections.abc import Container, Mapping, Sequence
from functools import cache
from typing import Final

from grammar.diagnostic import Language
from grammar.frozen import dataclass
from grammar.keywords import SIGN_WORDS, keywords, units
from grammar.layout import Line


@dataclass(slots=True)
class Token:
    """A word of the text: its terminal, what was written, and where (lines and columns from 1)."""

    terminal: str
    text: str
    line: int
    column: int
    end_column: int
    choice: int = 0
    parts: tuple[str, str | None, str | None] | None = None  # of a quantity: number, unit, unit it is per


@dataclass(frozen=True, slots=True)
class _Phrase:
    """A keyword as it is looked for: after its first word, ``rest`` must follow."""

    terminal: str
    choice: int
    rest: re.Pattern[str] | None
    length: int


@dataclass(frozen=True, slots=True)
class Lexicon:
    """What words look like in one language."""

    run: re.Pattern[str]
    phrases: Mapping[str, tuple[_Phrase, ...]]
    timely: tuple[tuple[str, re.Pattern[str]], ...]
    units: tuple[tuple[str, str], ...]


_SIGNS: Final = {
    "+": "PLUS", "-": "MINUS", "×": "TIMES", "*": "TIMES", "÷": "DIVIDE", "/": "DIVIDE", "=": "EQUALS", ".": "DOT",
    "|": "BAR", "(": "LPAR", ")": "RPAR", "{": "LBRACE", "}": "RBRACE", ":": "COLON", ",": "SEP", "、": "SEP",
    **SIGN_WORDS,
}  # fmt: skip

_LOCATOR = re.compile(r"[^\s、,#]+(?: +(?:首段|末段)(?![^\s、,#]))?")
_REST = re.compile(r"\S.*")
_NAME = re.compile(r"[^\W\d]\w*")
_NAME_END = re.compile(r"(?<=\w)的(?=[0-9])")
_STRING = re.compile(r"「[^」]*」")
_DOCTITLE = re.compile(r"《[^》]*》")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?![0-9A-Za-z_])")
_NUMBER = re.compile(r"(?:[0-9]{1,3}(?:,[0-9]{3})+|0|[1-9][0-9]*)(?:\.[0-9]+)?(?![0-9_]|[,.][0-9])")


class Lexer:
    """Reads one file's lines in its language."""

    def __init__(self, language: Language) -> None:
        self._lexicon = lexicon(language)

    def token(self, line: int, code: str, at: int, admitted: Container[str] | None) -> Token | None:
        """The word at a place that a space does not start; None where there is none that fits.

        ``admitted`` are the terminals the grammar takes here; None asks for what the word is by itself.
        """
        if admitted is not None and "LOCATOR" in admitted:
            return _plain("LOCATOR", _LOCATOR.match(code, at), line)
        if admitted is not None and "REST" in admitted:
            return _plain("REST", _REST.match(code, at), line)
        char = code[at]
        if "0" <= char <= "9":
            return self._figure(line, code, at, admitted)
        if char == "「":
            return _plain("STRING", _STRING.match(code, at), line)
        if char == "《":
            return _plain("DOCTITLE", _DOCTITLE.match(code, at), line)
        sign = code[at : at + 2] if code[at : at + 2] in _SIGNS else char
        if sign in _SIGNS:
            return Token(_SIGNS[sign], sign, line, at + 1, at + 1 + len(sign))
        return self._word(line, code, at, admitted)

    def keyword(self, line: int, code: str, at: int) -> Token | None:
        """The keyword that stands at a place, whether the grammar admits it there or not."""
        run = self._lexicon.run.match(code, at)
        return self._keyword(line, code, at, run.group(), None) if run else None

    def _word(self, line: int, code: str, at: int, admitted: Container[str] | None) -> Token | None:
        for terminal, pattern in self._lexicon.timely:
            if (admitted is None or terminal in admitted) and (found := pattern.match(code, at)):
                return _plain(terminal, found, line)
        run = self._lexicon.run.match(code, at)
        if run and (keyword := self._keyword(line, code, at, run.group(), admitted)):
            return keyword
        if admitted is not None and "NAME" not in admitted:
            return None
        found = _NAME.match(code, at)
        if not found:
            return None
        end = found.end()
        if "的" in found.group() and (cut := _NAME_END.search(code, at, end)):
            end = cut.start()
        return Token("NAME", code[at:end], line, at + 1, end + 1)

    def _keyword(self, line: int, code: str, at: int, run: str, admitted: Container[str] | None) -> Token | None:
        """The longest keyword at a place; ``以内的部分`` may be written in one."""
        phrases = self._lexicon.phrases
        if run not in phrases and run.endswith(_SLICE) and run != _SLICE:
            run = run.removesuffix(_SLICE)
        for phrase in phrases.get(run, ()):
            if admitted is not None and phrase.terminal not in admitted:
                continue
            end = at + len(run)
            if phrase.rest is not None:
                found = phrase.rest.match(code, end)
                if not found:
                    continue
                end = found.end()
            return Token(phrase.terminal, code[at:end], line, at + 1, end + 1, phrase.choice)
        return None

    def _figure(self, line: int, code: str, at: int, admitted: Container[str] | None) -> Token | None:
        """A date, a year or a number with its unit."""
        if (admitted is None or "DATE" in admitted) and (found := _DATE.match(code, at)):
            return _plain("DATE", found, line)
        for terminal, pattern in self._lexicon.timely:
            if (admitted is None or terminal in admitted) and (found := pattern.match(code, at)):
                return _plain(terminal, found, line)
        if admitted is not None and "QUANTITY" not in admitted:
            return None
        number = _NUMBER.match(code, at)
        if not number:
            return None
        unit, end = self._unit(code, number.end())
        per = None
        if unit and code.startswith("/", end):
            per, after = self._unit(code, end + 1)
            end = after if per else end
        parts = (number.group().replace(",", ""), unit, per)
        return Token("QUANTITY", code[at:end], line, at + 1, end + 1, parts=parts)

    def _unit(self, code: str, at: int) -> tuple[str | None, int]:
        """The unit after a number, one space between at most."""
        start = at + 1 if code.startswith(" ", at) else at
        for written, unit in self._lexicon.units:
            if code.startswith(written, start) and self._ends(code, start + len(written), written):
                return unit, start + len(written)
        return None, at

    def _ends(self, code: str, at: int, unit: str) -> bool:
        """Whether a unit may end here: no letter follows, or a whole keyword does (``85分以上``)."""
        if unit in "%‰":
            return True
        run = self._lexicon.run.match(code, at)
        return run is None or run.group() in self._lexicon.phrases or run.group().endswith(_SLICE)


@cache
def lexicon(language: Language) -> Lexicon:
    """The words of one language, ready to be looked up."""
    phrases: dict[str, list[_Phrase]] = {}
    for keyword in keywords().values():
        for choice, word in enumerate(keyword.words(language)):
            first, *others = word.split(" ")
            rest = re.compile("".join(rf"[ \t]+{other}" for other in others) + r"(?!\w)") if others else None
            phrases.setdefault(first, []).append(_Phrase(keyword.terminal, choice, rest, len(word)))
    return Lexicon(
        run=re.compile(r"[^\W\d]+" if language == "zh" else r"\w+"),
        phrases={first: tuple(sorted(found, key=lambda p: -p.length)) for first, found in phrases.items()},
        timely=_TIMELY_ZH if language == "zh" else _TIMELY_EN,
        units=tuple((unit.word(language), unit.zh) for unit in units()),
    )


_SLICE = "的部分"
_TIMELY_ZH = (
    ("YEAR", re.compile(r"[0-9]{4}年度(?:(?!\w)|(?=[起至](?!\w)))")),
    ("WINDOW", re.compile(r"前[0-9]{1,2}(?:年|半年|季|月)(?!\w)|本(?:年|半年|季)至今(?!\w)")),
    ("DAY_OF", re.compile(r"[当上次]年[0-9]{1,2}月[0-9]{1,2}日(?!\w)")),
)
_TIMELY_EN = (
    ("YEAR", re.compile(r"year[0-9]{4}(?!\w)")),
    ("WINDOW", re.compile(r"prior[0-9]{1,2}(?:years?|half|halves|quarters?|months?)(?!\w)")),
    ("WINDOW", re.compile(r"(?:year|half|quarter)[ \t]+to[ \t]+date(?!\w)")),
    ("DAY_OF", re.compile(r"(?:this|last|next)year[0-9]{1,2}-[0-9]{1,2}(?!\w)")),
)


def _plain(terminal: str, found: re.Match[str] | None, line: int) -> Token | None:
    return Token(terminal, found.group(), line, found.start() + 1, found.end() + 1) if found else None


def language_of(lines: Sequence[Line]) -> Language:
    """The language of a file: that of the first line that begins with a keyword."""
    for line in lines:
        first = _NAME.match(line.code, line.start)
        for language in _LANGUAGES:
            if first and first.group() in lexicon(language).phrases:
                return language
    return "zh"


_LANGUAGES: tuple[Language, ...] = ("zh", "en")
