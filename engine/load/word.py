"""The lines of a Word file (.docx): paragraphs as a reader sees them, automatic numbers written out.

A .docx is an archive from an unknown hand: sizes are bounded before anything is unpacked, no entity is declared or
followed, nothing in it is run. Deleted text, moved-from text and fallback copies of text boxes are not read.
"""

import io
import struct
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from xml.parsers import expat
from zipfile import BadZipFile, ZipFile

from engine.load.word_numbers import Numbering, Placed
from grammar.diagnostic import Finding, FindingsError, Place


def word_lines(data: bytes, shown: str) -> list[str]:
    """The lines of a .docx; raises FindingsError where it is damaged, no Word file, too large or not to be trusted."""
    try:
        _bound(data)
        with ZipFile(io.BytesIO(data)) as archive:
            numbering = Numbering()
            _walk(_part(archive, "word/numbering.xml"), numbering.start, numbering.end)
            _walk(_part(archive, "word/styles.xml"), numbering.start, numbering.end)
            body = _Body(numbering)
            text = _part(archive, "word/document.xml")
            if not text:
                raise FindingsError([Finding("S103", Place(shown))])
            _walk(text, body.start, body.end, body.text)
    except _TooLargeError:
        raise FindingsError([Finding("S104", Place(shown), {"limit": f"{_PART_AT_MOST >> 20} MiB"})]) from None
    except _EntityError:
        raise FindingsError([Finding("S105", Place(shown))]) from None
    except _DAMAGE:
        raise FindingsError([Finding("S103", Place(shown))]) from None
    return body.lines


# What zipfile and expat raise on broken or encrypted archives and texts.
_DAMAGE = (BadZipFile, expat.ExpatError, zlib.error, struct.error, EOFError, NotImplementedError, RuntimeError,
           KeyError, ValueError, OverflowError, OSError)  # fmt: skip
_PART_AT_MOST = 32 << 20
_DIRECTORY_AT_MOST = 1 << 20
_END_RECORD = 22


class _TooLargeError(Exception):
    """A part larger than any document of this kind."""


class _EntityError(Exception):
    """A document type declaration, which Word never writes; entities are declared in one."""


def _bound(data: bytes) -> None:
    """The list of contents must be small: reading a list of a million entries is itself an attack."""
    at = data.rfind(b"PK\x05\x06", max(0, len(data) - 0xFFFF - _END_RECORD), len(data) - _END_RECORD + 4)
    if at < 0:
        raise BadZipFile
    (size,) = struct.unpack_from("<L", data, at + 12)
    if size > _DIRECTORY_AT_MOST or data[max(0, at - 20) : at].startswith(b"PK\x06\x07"):
        raise _TooLargeError


def _part(archive: ZipFile, name: str) -> bytes:
    """One part unpacked, whatever size it says it has; empty where there is none."""
    if name not in archive.namelist():
        return b""
    with archive.open(name) as part:
        data = part.read(_PART_AT_MOST + 1)
    if len(data) > _PART_AT_MOST:
        raise _TooLargeError
    return data


_Start = Callable[[str, Mapping[str, str]], None]
_End = Callable[[str], None]
_WORDPROCESSING = (
    "http://schemas.openxmlformats.org/wordprocessingml/2006/main}",
    "http://purl.oclc.org/ooxml/wordprocessingml/main}",
)
_FALLBACK = "http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"


def _walk(data: bytes, start: _Start, end: _End, text: _End | None = None) -> None:
    """Go through a part, naming its elements and attributes without their namespace; others keep theirs."""
    if not data:
        return
    parser = expat.ParserCreate(namespace_separator="}")
    parser.StartDoctypeDeclHandler = _refuse
    parser.buffer_text = True
    parser.StartElementHandler = lambda name, attributes: start(
        _local(name), {_local(key): value for key, value in attributes.items()}
    )
    parser.EndElementHandler = lambda name: end(_local(name))
    if text is not None:
        parser.CharacterDataHandler = text
    parser.Parse(data, True)


def _refuse(*_: object) -> None:
    raise _EntityError


def _local(name: str) -> str:
    for namespace in _WORDPROCESSING:
        if name.startswith(namespace):
            return name.removeprefix(namespace)
    return "Fallback" if name == _FALLBACK else name


@dataclass(slots=True)
class _Paragraph:
    """A paragraph being read: its text so far, its style, its place in a list."""

    text: list[str] = field(default_factory=list)
    style: str | None = None
    number: str | None = None
    level: str | None = None


@dataclass(slots=True)
class _Body:
    """One passage over the body; paragraphs nest where a text box stands in one."""

    numbering: Numbering
    lines: list[str] = field(default_factory=list)
    open: list[_Paragraph] = field(default_factory=list)
    skipped: int = 0
    in_text: bool = False

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        if self.skipped or name in _SKIPPED:
            self.skipped += 1
            return
        if name == "p":
            self.open.append(_Paragraph())
        if not self.open:
            return
        here = self.open[-1]
        match name:
            case "t":
                self.in_text = True
            case "tab":
                here.text.append("\t")
            case "br" | "cr":
                here.text.append("\n")
            case "noBreakHyphen":
                here.text.append("-")
            case "pStyle":
                here.style = attributes.get("val")
            case "numId":
                here.number = attributes.get("val")
            case "ilvl":
                here.level = attributes.get("val")
            case _:
                pass

    def end(self, name: str) -> None:
        if self.skipped:
            self.skipped -= 1
        elif name == "t":
            self.in_text = False
        elif name == "p" and self.open:
            done = self.open.pop()
            text = "".join(done.text).strip()
            # An empty paragraph of a list takes a number too.
            label = self.numbering.label(Placed(done.style, done.number, done.level))
            self.lines.extend(f"{label}{text}".split("\n") if text else [""])

    def text(self, text: str) -> None:
        if self.in_text and not self.skipped:
            self.open[-1].text.append(text)


_SKIPPED = frozenset({"del", "moveFrom", "pPrChange", "rPrChange", "Fallback", "tabs"})
