"""A user's copy of a document as lines of text, whether plain text, Markdown, Word or PDF."""

import os
from collections.abc import Iterable
from pathlib import Path
from unicodedata import category

from engine.load.pdf import pdf_lines
from engine.load.read import NoSuchFileError
from engine.load.text import read_text
from engine.load.word import word_lines
from grammar.diagnostic import Finding, FindingsError, Place
from grammar.frozen import dataclass


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a document with anything in it; ``number`` counts lines of a text, paragraphs of Word, lines of a PDF."""

    text: str
    number: int


def read_document(path: Path, display: str | None = None) -> tuple[Line, ...]:
    """The lines of a document; ``display`` is what findings call it. What a file is shows in its first bytes."""
    shown = display or str(path)
    # `Path.exists` raises on names too long for the file system; this one answers.
    if not os.path.exists(path):  # noqa: PTH110
        raise NoSuchFileError(shown)
    data = _read_bytes(path, shown)
    suffix = path.suffix.lower()
    if data.startswith(b"%PDF-"):
        lines: Iterable[str] = pdf_lines(path, shown)
    elif data.startswith(_ARCHIVE):
        lines = word_lines(data, shown)
    elif data.startswith(_OLD_OFFICE) or suffix not in _TEXTS:
        raise FindingsError([Finding("S101", Place(shown), {"suffix": suffix or path.name})])
    else:
        lines = _text_lines(data, shown)
    visible = (_visible(text) for text in lines)
    found = tuple(Line(text, number) for number, text in enumerate(visible, start=1) if text.strip())
    if not found:
        raise FindingsError([Finding("S107", Place(shown))])
    if len(found) > _LINES_AT_MOST:
        raise FindingsError([Finding("S102", Place(shown), {"limit": f"{_LINES_AT_MOST:,}"})])
    return found


_TEXTS = (".txt", ".md", ".markdown", ".text")
_ARCHIVE = (b"PK\x03\x04", b"PK\x05\x06")
# The container of Word before 2007; an encrypted .docx is one too.
_OLD_OFFICE = b"\xd0\xcf\x11\xe0"
_BYTES_AT_MOST = 32 << 20
_LINES_AT_MOST = 100_000


def _read_bytes(path: Path, shown: str) -> bytes:
    # A pipe or a device has no end to read to.
    if not path.is_file():
        raise FindingsError([Finding("D004", Place(shown))])
    try:
        with path.open("rb") as file:
            data = file.read(_BYTES_AT_MOST + 1)
    except OSError:
        raise FindingsError([Finding("D004", Place(shown))]) from None
    if len(data) > _BYTES_AT_MOST:
        raise FindingsError([Finding("S102", Place(shown), {"limit": f"{_BYTES_AT_MOST >> 20} MiB"})])
    return data


def _visible(text: str) -> str:
    """A line without the controls, marks and halves of pairs that Word and PDF files carry unseen."""
    if text.isprintable():
        return text
    return "".join(char for char in text if char == "\t" or category(char) not in _UNSEEN)


_UNSEEN = frozenset({"Cc", "Cf", "Cs"})


def _text_lines(data: bytes, shown: str) -> list[str]:
    # A text taken from a PDF marks its pages with form feeds; in UTF-16 the byte may be half of a character.
    if not data.startswith((b"\xff\xfe", b"\xfe\xff")):
        data = data.replace(b"\x0c", b"\n")
    return read_text(data, shown).split("\n")
