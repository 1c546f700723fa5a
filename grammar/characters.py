"""Characters a rule file must not hold: those that cannot be seen, and letters that look like others."""

import re
import unicodedata
from collections.abc import Iterator

from grammar.diagnostic import Finding, Words
from grammar.source import Source, Span

# Control characters, marks without width or that turn the direction of writing, blanks that are letters, lone
# surrogates: nobody can see them, so nobody can review them.
_UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u034f\u061c\u0600-\u0605\u06dd\u070f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f"
    "\u2028-\u202e\u2060-\u206f\u2800\u3164\ud800-\udfff\ufe00-\ufe0f\ufeff\uffa0\ufff0-\uffff"
    "\U0001d173-\U0001d17a\U000e0000-\U000e01ef]"
)

# A letter or digit that no name may hold: not ASCII, not a Chinese character.
_FOREIGN = re.compile("[^\\W0-9A-Za-z_\u3007\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U000323af]")

# Cyrillic and Greek letters, each before the Latin letter or digit it is taken for.
_TWINS = {
    pair[0]: pair[1]
    for pair in (
        "аa", "еe", "оo", "рp", "сc", "уy", "хx", "іi", "јj", "ѕs", "һh", "ԁd", "ԛq", "ԝw", "гr",
        "АA", "ВB", "ЕE", "З3", "ІI", "ЈJ", "КK", "МM", "НH", "ОO", "РP", "ЅS", "СC", "ТT", "УY",
        "ХX", "οo", "αa", "νv", "ιi", "κk", "ρp", "τt", "υu", "χx", "γy", "ωw", "ΑA", "ΒB", "ΕE",
        "ΖZ", "ΗH", "ΙI", "ΚK", "ΜM", "ΝN", "ΟO", "ΡP", "ΤT", "ΥY", "ΧX", "ıi",
    )
}  # fmt: skip


def unseen_characters(source: Source) -> Iterator[Finding]:
    """Every character of a text that cannot be seen, wherever it stands."""
    for number, line in enumerate(source.lines, 1):
        if line.isascii() and line.isprintable():
            continue
        for found in _UNSEEN.finditer(line):
            at = Span(source, number, found.start() + 1, number, found.start() + 2)
            yield Finding("P109", at, {"code_point": code_point(found.group())})


def foreign_letter(name: str, at: Span) -> Finding | None:
    """The first letter of a name that is neither Chinese nor ASCII, if there is one."""
    if name.isascii():
        return None
    found = _FOREIGN.search(name)
    if found is None:
        return None
    char = found.group()
    place = Span(at.source, at.line, at.column + found.start(), at.line, at.column + found.start() + 1)
    values = {"char": char, "code_point": code_point(char), "name": name} | likeness(char)
    return Finding("P110", place, values)


def likeness(char: str) -> dict[str, object]:
    """The hint that names the common letter a character looks like; nothing where it looks like none."""
    twin = _TWINS.get(char) or unicodedata.normalize("NFKC", char)
    if twin == char or len(twin) != 1:
        return {}
    return {"suggestion": Words(f"它看起来像 `{twin}`，请改用 `{twin}`", f"it looks like `{twin}`; write `{twin}`")}


def code_point(char: str) -> str:
    """A character by number and name: ``U+200B ZERO WIDTH SPACE``."""
    return f"U+{ord(char):04X} {unicodedata.name(char, '')}".rstrip()
