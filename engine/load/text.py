"""Bytes of unknown encoding to text, and the characters that no data file may hold."""

import codecs
import mmap as maps
import re
from collections.abc import Iterator
from mmap import mmap
from pathlib import Path
from unicodedata import normalize

from grammar.diagnostic import Finding, FindingsError, Place


def read_text(data: bytes, file: str) -> str:
    """The text of a file with LF line ends: by its byte order mark, else UTF-8, else GB18030, else a finding."""
    text = _decoded(data)
    if text is None:
        raise FindingsError([Finding("D001", Place(file))])
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if findings := list(_refusals(text, file)):
        raise FindingsError(findings)
    return text


def plain_pieces(data: bytes | mmap, file: str) -> Iterator[str]:
    """The same text piece by piece, so that a long file never lies in memory as a whole."""
    mark, encoding = next(((m, e) for m, e in _MARKS if data[:4].startswith(m)), (b"", ""))
    chosen = next((e for e in ((encoding,) if encoding else _LADDER) if _reads(data, e, len(mark))), "")
    if not chosen:
        raise FindingsError([Finding("D001", Place(file))])
    held = ""
    for piece in _pieces(data, chosen, len(mark)):
        text = held + piece
        # A line end may lie across two pieces.
        held = "\r" if text.endswith("\r") else ""
        text = text.removesuffix(held).replace("\r\n", "\n").replace("\r", "\n")
        if REFUSED_PATTERN.search(text):
            # Told with its place, for which the whole is looked at.
            read_text(data[:], file)
        yield text
    if held:
        yield "\n"


def read_beside(path: Path, shown: str) -> str:
    """The text of a file of a policy's folder, bounded in size and never from outside the policies around it."""
    refuse_outside(path, shown)
    try:
        with path.open("rb") as file:
            data = file.read(_BYTES_AT_MOST + 1)
    except OSError:
        raise FindingsError([Finding("D004", Place(shown))]) from None
    if len(data) > _BYTES_AT_MOST:
        raise FindingsError([Finding("D003", Place(shown), {"limit": f"{_BYTES_AT_MOST >> 20} MiB"})])
    return read_text(data, shown)


_BYTES_AT_MOST = 16 << 20


def refuse_outside(path: Path, shown: str) -> None:
    """Refuse a file that is a link out of the folder its policy's folder lies in: findings would quote what it holds."""
    around = path.parent.resolve().parent
    if not path.resolve().is_relative_to(around):
        raise FindingsError([Finding("L232", Place(shown), {"file": path.name})])


def refused_character(text: str) -> str | None:
    """The code point of the first character that cannot be seen or would reorder what is seen: ``U+200B``."""
    match = REFUSED_PATTERN.search(text)
    return f"U+{ord(match[0]):04X}" if match else None


def name_text(text: str) -> str:
    """A key or column name in the one form names are compared in: composed, without the blanks around it."""
    return normalize("NFC", text).strip()


_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# No statistical guess follows: a short GB18030 file is easily taken for Korean.
_LADDER = ("utf-8", "gb18030")

# Controls but tab and line ends, soft hyphen, zero width, bidirectional, line and paragraph separators, halves of
# pairs, the replacement character (something was lost already) and invisible tags.
REFUSED_PATTERN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f"
    "\ud800-\udfff\ufeff\ufff9-\uffff\U000e0000-\U000e007f]"
)
_REFUSALS_TOLD = 20
_PIECE = 4 << 20


def _decoded(data: bytes) -> str | None:
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return _strictly(data[len(mark) :], encoding)
    for encoding in _LADDER:
        if (text := _strictly(data, encoding)) is not None:
            return text
    return None


def _pieces(data: bytes | mmap, encoding: str, begin: int = 0) -> Iterator[str]:
    decoder = codecs.getincrementaldecoder(encoding)("strict")
    for start in range(0, len(data), _PIECE):
        yield decoder.decode(data[max(start, begin) : start + _PIECE])
        if isinstance(data, mmap):
            forget(data, start, min(_PIECE, len(data) - start))
    yield decoder.decode(b"", final=True)


def forget(data: mmap, start: int, length: int) -> None:
    """Let go of what was read of a long file; its bytes are read again where they are asked for."""
    advice = getattr(maps, "MADV_DONTNEED", None)
    if advice is not None:
        data.madvise(advice, start, length)


def _reads(data: bytes | mmap, encoding: str, begin: int) -> bool:
    try:
        return all(True for _ in _pieces(data, encoding, begin))
    except UnicodeDecodeError:
        return False


def _strictly(data: bytes, encoding: str) -> str | None:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError:
        return None


def _refusals(text: str, file: str) -> Iterator[Finding]:
    line, line_start = 1, 0
    for told, match in enumerate(REFUSED_PATTERN.finditer(text)):
        if told == _REFUSALS_TOLD:
            return
        line += text.count("\n", line_start, match.start())
        line_start = text.rfind("\n", 0, match.start()) + 1
        place = Place(file, line, match.start() - line_start + 1)
        yield Finding("D002", place, {"code_point": f"U+{ord(match[0]):04X}"})


def encoding_of(data: bytes) -> str | None:
    """The encoding a file's bytes are read in, as a person calls it; None where it is none of ours."""
    marked = next((_CALLED[encoding] for mark, encoding in _MARKS if data.startswith(mark)), None)
    if marked is not None:
        return f"{marked} BOM" if marked == "UTF-8" else marked
    return next((_CALLED[encoding] for encoding in _LADDER if _strictly(data, encoding) is not None), None)


_CALLED = {"utf-8": "UTF-8", "utf-16-le": "UTF-16", "utf-16-be": "UTF-16", "gb18030": "GB18030"}
