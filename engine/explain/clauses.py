"""What an explanation says of a clause: its locator as the reader writes it, our summary, the words of an attached copy."""

import re
from collections.abc import Callable, Mapping
from pathlib import Path

from engine.load.attach import attached_clause
from engine.load.numerals import numeral_value
from engine.load.source import Clause, read_index
from grammar.diagnostic import FindingsError, Language, Words
from grammar.frozen import dataclass

_NOTHING = Words("", "")


@dataclass(frozen=True, slots=True)
class ClauseNote:
    """A clause as far as it is known, in both languages: empty texts where the index or the copy lacks it."""

    locator: str
    summary: Words = _NOTHING
    open: tuple[Words, ...] = ()
    quote: str | None = None


ClauseOf = Callable[[str, str], ClauseNote]


def clause_reader(folders: Mapping[str, Path]) -> ClauseOf:
    """A function from a layer's name and a locator to its note; ``folders`` are those of the layers by name."""
    indexes: dict[str, Mapping[str, Clause]] = {}
    notes: dict[tuple[str, str], ClauseNote] = {}

    def clause(layer: str, locator: str) -> ClauseNote:
        if (layer, locator) not in notes:
            notes[layer, locator] = read(layer, locator)
        return notes[layer, locator]

    def read(layer: str, locator: str) -> ClauseNote:
        if layer not in indexes:
            indexes[layer] = _index(folders.get(layer), layer)
        known = indexes[layer].get(_plain(locator))
        quote = attached_clause(layer, locator)
        if known is None:
            return ClauseNote(locator, quote=quote)
        return ClauseNote(locator, known.says, known.leaves_open, quote)

    return clause


def locator_text(locator: str, language: Language) -> str:
    """A locator in a sentence: ``五（四）④``, ``5(4)④``."""
    wide = locator.replace("(", "（").replace(")", "）").replace("） ", "）")
    if language == "zh":
        return wide
    text = re.sub("[一二三四五六七八九十]+", lambda m: str(numeral_value(m.group()) or m.group()), locator)
    for zh, en in _WORDS:
        text = text.replace(zh, en)
    return text


_WORDS = (
    ("补", "supplement "), ("附件", "annex "), ("首段", "opening paragraph"), ("末段", "closing paragraph"), ("第", ""), ("条", ""), ("〔2处〕", " [second occurrence]"),
    ("〔3处〕", " [third occurrence]"),
)  # fmt: skip


def _index(folder: Path | None, layer: str) -> Mapping[str, Clause]:
    if folder is None:
        return {}
    try:
        index = read_index(folder, layer)
    except FindingsError:
        # A faulty index is told by `check`; an explanation goes without summaries.
        return {}
    return {_plain(c.locator): c for c in index.clauses} if index is not None else {}


def _plain(locator: str) -> str:
    return locator.replace("（", "(").replace("）", ")").replace(" ", "")
