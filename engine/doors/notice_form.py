"""A notice of settlement as Markdown and as a Word document whose bytes depend on nothing but the notice."""

import html
import io
import re
import zipfile
from collections.abc import Iterable

from engine.doors.explain_form import escaped
from engine.explain.explanation import Explanation
from engine.explain.notice import Notice

_STAMP = (2000, 1, 1, 0, 0, 0)


def notice_markdown(notices: Iterable[Notice]) -> str:
    """Notices one after another, with a rule between them."""
    return "\n---\n\n".join(_markdown(notice) for notice in notices)


def notice_docx(notices: list[Notice]) -> bytes:
    """One Word document, each notice on its own page; needs the optional part ``documents``."""
    from docx import Document
    from docx.oxml.ns import qn
    from docx.shared import Cm, Pt

    document = Document()
    style = document.styles["Normal"]
    style.font.name = "FangSong"
    style.font.size = Pt(12)
    style.element.rPr.rFonts.set(qn("w:eastAsia"), "仿宋")
    for section in document.sections:
        section.page_width, section.page_height = Cm(21), Cm(29.7)
        section.left_margin = section.right_margin = Cm(2.7)
    properties = document.core_properties
    properties.author = properties.last_modified_by = properties.comments = ""
    properties.title = notices[0].title if notices else ""
    written = io.BytesIO()
    document.save(written)
    return _filled(written.getvalue(), _PAGE_BREAK.join(_word(notice) for notice in notices))


# The body is written as text: the library looks through all that is there before it adds a paragraph, and thousands of
# notices would take hours.
_PAGE_BREAK = '<w:p><w:r><w:br w:type="page"/></w:r></w:p>'
_TITLE, _CENTRED, _INDENTED, _RIGHT, _BOLD = (
    '<w:b/><w:sz w:val="32"/>',
    '<w:jc w:val="center"/>',
    '<w:ind w:firstLine="480"/>',
    '<w:jc w:val="right"/>',
    "<w:b/>",
)
_CELL = '<w:tc><w:tcPr><w:tcW w:type="dxa" w:w="2211"/></w:tcPr>'
_TABLE = (
    '<w:tbl><w:tblPr><w:tblStyle w:val="TableGrid"/><w:tblW w:type="auto" w:w="0"/><w:tblLook w:firstColumn="1" '
    'w:firstRow="1" w:lastColumn="0" w:lastRow="0" w:noHBand="0" w:noVBand="1" w:val="04A0"/></w:tblPr>'
)


def _word(notice: Notice) -> str:
    """The paragraphs and the table of a notice as Word keeps them."""
    parts = [_paragraph(notice.title, _TITLE, _CENTRED), _paragraph(notice.salutation)]
    parts += [_paragraph(text, about=_INDENTED) for text in notice.paragraphs]
    parts += [_paragraph(line) for line in notice.signatures]
    parts += [_paragraph(notice.table_title, _BOLD), _TABLE]
    parts += ["<w:tblGrid>", '<w:gridCol w:w="2211"/>' * len(notice.columns), "</w:tblGrid>"]
    parts.append(_table_row(notice.columns, ""))
    parts += [_table_row((row.item, row.amount, row.clauses, row.remark), _RIGHT) for row in notice.rows]
    parts += ["</w:tbl>", "<w:p/>", _paragraph(notice.explained_title, _BOLD)]
    for explanation in notice.explanations:
        parts.append(_paragraph(explanation.headline, _BOLD))
        parts += [_paragraph(text) for text in _told(explanation)]
    return "".join(parts)


def _table_row(texts: Iterable[str], amount: str) -> str:
    """One row; the second cell is the amount."""
    cells = (_CELL + _paragraph(text, about=amount if at == 1 else "") + "</w:tc>" for at, text in enumerate(texts))
    return f"<w:tr>{''.join(cells)}</w:tr>"


def _paragraph(text: str, look: str = "", about: str = "") -> str:
    said = "".join(_piece(piece) for piece in _BREAKS.split(text))
    return (
        "<w:p>"
        + (f"<w:pPr>{about}</w:pPr>" if about else "")
        + f"<w:r>{f'<w:rPr>{look}</w:rPr>' if look else ''}{said}</w:r></w:p>"
    )


_BREAKS = re.compile(r"(\t|\r\n|\r|\n)")
# What an XML document cannot hold.
_UNHEARD_OF = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def _piece(text: str) -> str:
    """A tab, the end of a line, or what stands between them."""
    if not text or _BREAKS.fullmatch(text):
        return "" if not text else "<w:tab/>" if text == "\t" else "<w:br/>"
    space = ' xml:space="preserve"' if text != text.strip() else ""
    shown = html.escape(_UNHEARD_OF.sub("\ufffd", text), quote=False)
    return f"<w:t{space}>{shown}</w:t>"


def _markdown(notice: Notice) -> str:
    lines = [f"# {escaped(notice.title)}", "", escaped(notice.salutation), ""]
    for paragraph in notice.paragraphs:
        lines += [escaped(paragraph), ""]
    for signature in notice.signatures:
        lines += [escaped(signature), ""]
    lines += [f"## {escaped(notice.table_title)}", ""]
    lines += ["| " + " | ".join(escaped(c) for c in notice.columns) + " |", "|---|---:|---|---|"]
    for row in notice.rows:
        lines.append("| " + " | ".join(escaped(x) for x in (row.item, row.amount, row.clauses, row.remark)) + " |")
    lines += ["", f"## {escaped(notice.explained_title)}", ""]
    for explanation in notice.explanations:
        lines += [f"**{escaped(explanation.headline)}**", ""]
        for text in _told(explanation):
            lines += [escaped(text), ""]
    return "\n".join(lines)


def _told(explanation: Explanation) -> Iterable[str]:
    colon = "：" if explanation.language == "zh" else ": "
    for section in explanation.sections:
        body = ("" if explanation.language == "zh" else " ").join(section.sentences)
        yield f"{section.heading}{colon}{body}" if section.heading else body


def _filled(data: bytes, body: str) -> bytes:
    """The archive with a body put in, and one fixed date on every member, so that the same notice is the same file."""
    written = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as source, zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as target:
        for name in source.namelist():
            member = source.read(name)
            if name == "word/document.xml":
                start, opened, rest = member.partition(b"<w:body>")
                member = start + opened + body.encode() + rest
            target.writestr(zipfile.ZipInfo(name, _STAMP), member, zipfile.ZIP_DEFLATED)
    return written.getvalue()
