"""A notice of settlement as Markdown and as a Word document whose bytes depend on nothing but the notice."""

import io
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
    from docx.enum.text import WD_ALIGN_PARAGRAPH
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
    for number, notice in enumerate(notices):
        if number:
            document.add_page_break()  # type: ignore[no-untyped-call]
        title = document.add_paragraph()
        title.alignment = WD_ALIGN_PARAGRAPH.CENTER
        run = title.add_run(notice.title)
        run.bold, run.font.size = True, Pt(16)
        document.add_paragraph(notice.salutation)
        for paragraph in notice.paragraphs:
            body = document.add_paragraph(paragraph)
            body.paragraph_format.first_line_indent = Pt(24)
        for line in notice.signatures:
            document.add_paragraph(line)
        document.add_paragraph().add_run(notice.table_title).bold = True
        table = document.add_table(rows=1, cols=len(notice.columns))
        table.style = "Table Grid"
        for cell, text in zip(table.rows[0].cells, notice.columns, strict=True):
            cell.text = text
        for row in notice.rows:
            cells = table.add_row().cells
            for cell, text in zip(cells, (row.item, row.amount, row.clauses, row.remark), strict=True):
                cell.text = text
            cells[1].paragraphs[0].alignment = WD_ALIGN_PARAGRAPH.RIGHT
        document.add_paragraph()
        document.add_paragraph().add_run(notice.explained_title).bold = True
        for explanation in notice.explanations:
            document.add_paragraph().add_run(explanation.headline).bold = True
            for text in _told(explanation):
                document.add_paragraph(text)
    properties = document.core_properties
    properties.author = properties.last_modified_by = properties.comments = ""
    properties.title = notices[0].title if notices else ""
    written = io.BytesIO()
    document.save(written)
    return _undated(written.getvalue())


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


def _undated(data: bytes) -> bytes:
    """The same archive with one fixed date on every member, so that the same notice is the same file."""
    written = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as source, zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as target:
        for name in source.namelist():
            target.writestr(zipfile.ZipInfo(name, _STAMP), source.read(name), zipfile.ZIP_DEFLATED)
    return written.getvalue()
