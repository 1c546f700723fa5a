"""A source's lines of code: comments put aside, full-width signs folded one character to one, indentation measured."""

import re

from grammar.frozen import dataclass
from grammar.source import Source
from grammar.syntax import Comment

_FOLD: dict[int, str] = {0xFF01 + i: chr(0x21 + i) for i in range(0xFF5E - 0xFF01 + 1)}
_FOLD |= {0x3000: " ", 0xA0: " ", ord("−"): "-", ord("–"): "-", ord("“"): "「", ord("”"): "」"}

# What is not folded, and what ends the code of a line. “…” is a text too: its marks are folded, what is inside is not.
_KEPT = re.compile(r"「[^」\n]*」?|《[^》\n]*》?|“[^”\n]*”?|[#＃].*")
_INDENT = re.compile(r"[ \t\u3000\xa0]*")
TAB = 4


@dataclass(frozen=True, slots=True)
class Line:
    """A line that holds code: ``code`` keeps every column of the line up to the end of its code."""

    number: int
    indent: int
    start: int
    code: str
    tabbed: bool


def fold(text: str) -> str:
    """Full-width letters, digits and signs as the narrow ones they stand for."""
    return text.translate(_FOLD)


def lay_out(source: Source) -> tuple[list[Line], list[Comment]]:
    """The lines with code in them, and the comments."""
    lines: list[Line] = []
    comments: list[Comment] = []
    for number, text in enumerate(source.lines, 1):
        code, comment = _parted(text)
        start = _indent_end(code)
        if comment is not None:
            comments.append(Comment(comment, number, own_line=not code))
        if code:
            lead = text[:start]
            # a full-width space looks like two
            indent = len(lead) + (TAB - 1) * lead.count("\t") + lead.count("\u3000")
            lines.append(Line(number, indent, start, code, "\t" in lead))
    return lines, comments


def _parted(text: str) -> tuple[str, str | None]:
    """The folded code of a line, without spaces at its end, and its comment."""
    pieces: list[str] = []
    done = 0
    for kept in _KEPT.finditer(text):
        pieces.append(fold(text[done : kept.start()]))
        found = kept.group()
        if found[0] in "#＃":
            return "".join(pieces).rstrip(), f"#{found[1:].rstrip()}"
        if found[0] == "“":
            found = "「" + found[1:-1] + "」" if found[-1] == "”" else "「" + found[1:]
        pieces.append(found)
        done = kept.end()
    pieces.append(fold(text[done:]) if done else (text if text.isascii() else fold(text)))
    return "".join(pieces).rstrip(), None


def _indent_end(code: str) -> int:
    found = _INDENT.match(code)
    return found.end() if found else 0
