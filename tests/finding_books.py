"""Workbooks of the examples of findings: sheets that a page shows as text, and files that are wrong as files."""

import io
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile

from books import WRITER

from grammar.example import EXAMPLES, example_of

if TYPE_CHECKING:
    from finding_surroundings import Surround

_COUNTY = "方案 county 「某县试行办法」\n  施行 2026-01-01 起   依据 一\n数据 医共体\n  结余\n环节 年终清算\n  对 医共体:\n    结余留用 = 结余   依据 一\n"
_INDEX = "文件:\n  名称: 某县医共体总额付费试行办法\n条款:\n  - {条: 一, 摘要: 施行日期, 作用: [计算]}\n"
_GOOD = """\
  │ A            │ B    │ C    │ D            │ E
1 │ 名称         │ 年度 │ 险种 │ 年度总额预算 │ 年度清算总额
2 │ 县妇幼保健院 │ 2026 │ 居民 │ 12000000     │ 7800000
"""
_NUMBER = re.compile(r"-?[0-9]+(?:\.[0-9]+)?")
_OLD = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ENTITIES = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'

BOOKS: dict[str, "Surround"] = {}


def workbook(sheets: Mapping[str, str], change: Callable[[Any], object] | None = None) -> bytes:
    """A workbook of sheets as a page shows them: letters above, row numbers before, ``=formula → result``, ``'text``."""
    target = io.BytesIO()
    with WRITER.Workbook(target, {"in_memory": True}) as book:
        for name, text in sheets.items():
            sheet = book.add_worksheet(name)
            for line in text.splitlines()[1:]:
                number, *cells = (cell.strip() for cell in line.split("│"))
                for column, cell in enumerate(cells):
                    _put(sheet, int(number) - 1, column, cell)
        if change:
            change(book)
    return target.getvalue()


def _put(sheet: Any, row: int, column: int, cell: str) -> None:
    if cell.startswith("="):
        formula, _, result = cell.partition(" → ")
        sheet.write_formula(row, column, formula, None, float(result) if _NUMBER.fullmatch(result) else result)
    elif _NUMBER.fullmatch(cell):
        sheet.write_number(row, column, float(cell))
    elif cell:
        sheet.write_string(row, column, cell.removeprefix("'"))


def _shown(code: str, change: Callable[[Any], object] | None = None, part: tuple[str, str, str] | None = None) -> None:
    """The workbooks whose sheets stand on the page; a change, or a part written otherwise, is on the wrong side only."""

    def make(folder: Path, *, right: bool) -> None:
        books: dict[str, dict[str, str]] = {}
        for key in {**example_of(code).wrong, **example_of(code).right}:
            # What a page takes away on the right side was not laid out.
            if key.startswith("sheet ") and (laid := folder / key.removeprefix("sheet ")).is_file():
                book, _, sheet = key.removeprefix("sheet ").partition(" ")
                books.setdefault(book, {})[sheet] = laid.read_text(encoding="utf-8")
                laid.unlink()
        if any(book.startswith("某县/") for book in books):
            _write(folder / "某县/rules.policy", _COUNTY)
            _write(folder / "某县/source.yaml", _INDEX)
        for book, sheets in books.items():
            data = workbook(sheets, None if right else change)
            _write(folder / book, _with_part(data, *part) if part and not right else data)

    BOOKS[code] = make


def _file(code: str, wrong: Callable[[], bytes], name: str = "数据.xlsx") -> None:
    """A file that is wrong as a file; on the right side the same saved as a workbook."""

    def make(folder: Path, *, right: bool) -> None:
        if right:
            _write(folder / "数据.xlsx", _good())
        else:
            _write(folder / name, wrong())

    BOOKS[code] = make


def _write(path: Path, content: str | bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))


def _good() -> bytes:
    return workbook({"非医共体机构": _GOOD})


def _with_part(data: bytes, name: str, pattern: str, written: str) -> bytes:
    """The same workbook with one of its parts written otherwise."""
    out = io.BytesIO()
    with ZipFile(io.BytesIO(data)) as old, ZipFile(out, "w", ZIP_DEFLATED) as new:
        for member in old.namelist():
            text = old.read(member)
            if member == name:
                changed = re.sub(pattern, lambda _: written, text.decode("utf-8"), count=1)
                assert changed.encode("utf-8") != text
                text = changed.encode("utf-8")
            new.writestr(member, text)
    return out.getvalue()


def _with_members(members: Mapping[str, bytes]) -> bytes:
    """The workbook with more in its archive, nothing of it packed, so that its size is the same everywhere."""
    out = io.BytesIO()
    with ZipFile(io.BytesIO(_good())) as old, ZipFile(out, "w", ZIP_STORED) as new:
        for name, content in ({member: old.read(member) for member in old.namelist()} | dict(members)).items():
            new.writestr(name, content)
    return out.getvalue()


_SHEET = "xl/worksheets/sheet1.xml"
_file("D100", lambda: _good()[: len(_good()) * 2 // 3])
_file("D101", lambda: _OLD + bytes(600) + "EncryptedPackage".encode("utf-16-le"))
_file("D102", lambda: _OLD + bytes(600), "数据.xls")
_file("D103", lambda: _with_members({f"xl/media/image{n}.png": b"" for n in range(2_500)}))
_file("D104", lambda: _with_members({"../../start.bat": b"echo"}))
_file("D105", lambda: _with_part(_good(), _SHEET, "<worksheet", f"{_ENTITIES}<worksheet"))
# Room for four thousand million texts is asked for, and none is there.
_file("D107", lambda: _with_part(_good(), "xl/sharedStrings.xml", r'uniqueCount="\d+"', 'uniqueCount="4294967295"'))

for _page in EXAMPLES.glob("*.md"):
    if "```sheet " in _page.read_text(encoding="utf-8"):
        _shown(_page.stem)
_shown("D109", lambda book: book.get_worksheet_by_name("资金池").hide())
_shown("D114", part=(_SHEET, '<c r="E2".*?</c>', '<c r="E2"><v>NaN</v></c>'))
_shown("D116", lambda book: book.get_worksheet_by_name("非医共体机构").merge_range("D2:D3", 12_000_000))
_shown("D123", lambda book: book.get_worksheet_by_name("非医共体机构").set_row(2, None, None, {"hidden": True}))
_shown("D126", part=("xl/workbook.xml", "<workbookPr ", '<workbookPr date1904="1" '))
