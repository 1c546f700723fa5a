"""Word and PDF files made by hand for the tests, as small as they may be."""

import io
import struct
from collections.abc import Iterable, Mapping, Sequence
from xml.sax.saxutils import escape
from zipfile import ZIP_DEFLATED, ZipFile

_W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_XML = '<?xml version="1.0" encoding="UTF-8"?>'


def word_file(paragraphs: Iterable[str], parts: Mapping[str, str | bytes] | None = None) -> bytes:
    """A .docx of paragraphs; one that begins with ``<`` is its own XML, and ``parts`` are further files in it."""
    body = "".join(
        paragraph if paragraph.startswith("<") else f"<w:p><w:r><w:t>{escape(paragraph)}</w:t></w:r></w:p>"
        for paragraph in paragraphs
    )
    return archive(
        {"word/document.xml": f'{_XML}<w:document xmlns:w="{_W}"><w:body>{body}</w:body></w:document>'}
        | dict(parts or {})
    )


def archive(parts: Mapping[str, str | bytes]) -> bytes:
    """A zip file."""
    out = io.BytesIO()
    with ZipFile(out, "w", ZIP_DEFLATED) as file:
        for name, data in parts.items():
            file.writestr(name, data)
    return out.getvalue()


def word_lists(levels: Mapping[int, tuple[str, str]], style: str | None = None) -> dict[str, str]:
    """The numbering of a .docx: one list, each level's form and text; with a style, that puts its paragraphs on level 0."""
    declared = "".join(
        f'<w:lvl w:ilvl="{level}"><w:start w:val="1"/><w:numFmt w:val="{form}"/><w:lvlText w:val="{text}"/></w:lvl>'
        for level, (form, text) in levels.items()
    )
    numbering = (
        f'{_XML}<w:numbering xmlns:w="{_W}"><w:abstractNum w:abstractNumId="7">{declared}</w:abstractNum>'
        '<w:num w:numId="3"><w:abstractNumId w:val="7"/></w:num></w:numbering>'
    )
    styles = (
        f'{_XML}<w:styles xmlns:w="{_W}"><w:style w:styleId="{style}"><w:pPr><w:numPr><w:numId w:val="3"/></w:numPr></w:pPr>'
        f'</w:style><w:style w:styleId="{style}Below"><w:basedOn w:val="{style}"/></w:style></w:styles>'
    )
    return {"word/numbering.xml": numbering} | ({"word/styles.xml": styles} if style else {})


def listed(text: str, level: int) -> str:
    """A paragraph on a level of the list."""
    place = f'<w:numPr><w:ilvl w:val="{level}"/><w:numId w:val="3"/></w:numPr>'
    return f"<w:p><w:pPr>{place}</w:pPr><w:r><w:t>{escape(text)}</w:t></w:r></w:p>"


def pdf_file(pages: Sequence[Sequence[str]]) -> bytes:
    """A PDF of lines, in the Chinese font every reader knows by name and with its own encoding."""
    font = len(pages) * 2 + 3
    kids = " ".join(f"{3 + 2 * at} 0 R" for at in range(len(pages)))
    objects = [b"<</Type/Catalog/Pages 2 0 R>>", f"<</Type/Pages/Kids[{kids}]/Count {len(pages)}>>".encode()]
    for at, lines in enumerate(pages):
        shown = "\n".join(f"<{line.encode('utf-16-be').hex()}> Tj T*" for line in lines)
        content = f"BT /F1 12 Tf 16 TL 50 800 Td\n{shown}\nET".encode()
        objects.append(
            f"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents {4 + 2 * at} 0 R"
            f"/Resources<</Font<</F1 {font} 0 R>>>>>>".encode()
        )
        objects.append(b"<</Length %d>>stream\n%s\nendstream" % (len(content), content))
    objects.append(
        f"<</Type/Font/Subtype/Type0/BaseFont/STSong-Light/Encoding/UniGB-UCS2-H/DescendantFonts[{font + 1} 0 R]>>".encode()
    )
    objects.append(
        f"<</Type/Font/Subtype/CIDFontType0/BaseFont/STSong-Light/CIDSystemInfo<</Registry(Adobe)/Ordering(GB1)"
        f"/Supplement 2>>/DW 1000/FontDescriptor {font + 2} 0 R>>".encode()
    )
    objects.append(b"<</Type/FontDescriptor/FontName/STSong-Light/Flags 4/ItalicAngle 0/Ascent 880/Descent -120>>")
    out, places = bytearray(b"%PDF-1.4\n"), []
    for number, text in enumerate(objects, start=1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, text)
    begin = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    out += b"trailer <</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, begin)
    return bytes(out)


def archive_of_many(count: int) -> bytes:
    """A zip file whose list of contents alone is large: empty entries that all share one name."""
    name = b"word/document.xml"
    entry = struct.pack("<4s6H3L5H2L", b"PK\x01\x02", 20, 20, 0, 0, 0, 0, 0, 0, 0, len(name), 0, 0, 0, 0, 0, 0) + name
    local = struct.pack("<4s5H3L2H", b"PK\x03\x04", 20, 0, 0, 0, 0, 0, 0, 0, len(name), 0) + name
    listed_ = entry * count
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, count & 0xFFFF, count & 0xFFFF, len(listed_), len(local), 0)
    return local + listed_ + end
