"""A data template as a workbook: headers with notes, drop-downs, formats and bounds; every cell as text says it."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from fractions import Fraction
from io import BytesIO
from typing import TYPE_CHECKING, Any, TypeAlias

from engine.doors.template_bureau import bureau_sheets, replaced_kinds
from engine.doors.template_form import ColumnForm, SheetForm, assumed, kind_sheets, parameter_note
from engine.nouns import kinds as k
from engine.nouns.core import Scheme
from engine.nouns.numbers import money_text, ratio_text
from grammar.diagnostic import Language, width

if TYPE_CHECKING:
    from engine.load.bureau_layout import Layout

# xlsxwriter says nothing of its types.
_Book: TypeAlias = Any
_Page: TypeAlias = Any
_Format: TypeAlias = Any
_ROWS = 5000
_LONGEST_LIST = 255
_FORMATS = {
    k.Base.MONEY: "#,##0.00", k.Base.SIGNED: "#,##0.00", k.Base.RATIO: "0.00%", k.Base.DATE: "yyyy-mm-dd",
    k.Base.HEADS: "#,##0", k.Base.VISITS: "#,##0", k.Base.BED_DAYS: "#,##0", k.Base.SCORE: "0.00##", k.Base.TEXT: "@",
}  # fmt: skip
_ZH = (
    "先填“案”：年度写一次，各表的年度就可以空着；只有一个险种的，险种也写一次。",
    "深色表头的列应当填，浅色的没有就不填；鼠标停在表头上，看这一列是什么、依据哪一条、范围和不填会怎样。",
    "金额的单位是元，至多两位小数；要按万元填，把表头的(元)改成(万元)，整列都按万元。",
    "空格子是没有填，不等于 0；确实没有发生的填 0。",
    "用不到的表空着不动：只有表头的表按没有交算。",
    "“假设”只填测算要用的值；文件没有写的不填，结果就是未定，不会当成 0。",
    "同一家的名称，各表写法要一样；一张表里一家不要写两行。",
)
_EN = (
    "Begin with `case`: a year given there need not stand in the sheets; where there is one insurance type, nor does it.",
    (
        "Columns with a dark header are due, the others only where there is something; rest on a header for what it is, its clause, "
        "its range and what comes of a blank."
    ),
    "Money is in yuan (元) with two decimals at most; write (万元) in the header to give the whole column in ten thousands.",
    "A blank cell is not given, which is not 0; write 0 where there was none.",
    "Leave sheets that you do not need as they are: a sheet with its header alone counts as not handed in.",
    "`assumptions` holds trial values only; what the document does not say stays open, and is never taken as 0.",
    "A unit has the same name in every sheet, and one row in each.",
)


def template(scheme: Scheme, name: str, language: Language, layout: "Layout | None" = None) -> bytes:
    """An empty workbook for a scheme; with ``layout`` the bureau's own sheets stand in it too."""
    import xlsxwriter  # type: ignore[import-untyped]

    without = replaced_kinds(scheme, layout) if layout is not None else frozenset()
    sheets = kind_sheets(scheme, language, without)
    bureau = bureau_sheets(scheme, layout, language) if layout is not None else []
    data = BytesIO()
    book = xlsxwriter.Workbook(data, {
        "in_memory": True, "strings_to_numbers": False, "strings_to_formulas": False, "strings_to_urls": False,
    })  # fmt: skip
    # The same template has the same bytes, whenever it is written.
    book.set_properties({"title": scheme.title, "created": datetime(2000, 1, 1, tzinfo=UTC)})
    writer = _Writer(book, language)
    writer.notes(scheme, name, [*sheets, *bureau])
    writer.heads(scheme)
    writer.assumptions(scheme)
    for sheet in (*sheets, *bureau):
        writer.sheet(sheet)
    writer.lists()
    book.close()
    return data.getvalue()


class _Writer:
    """One passage over a workbook; long lists of choices stand in a sheet that nobody sees."""

    def __init__(self, book: _Book, language: Language) -> None:
        self.book = book
        self.zh = language == "zh"
        self.language: Language = language
        self.title = book.add_format({"bold": True, "font_size": 14})
        self.plain = book.add_format({"text_wrap": True, "valign": "top"})
        head = {"bold": True, "border": 1, "text_wrap": True, "valign": "vcenter", "align": "center"}
        self.due = book.add_format({**head, "bg_color": "#1F4E79", "font_color": "#FFFFFF"})
        self.other = book.add_format({**head, "bg_color": "#DDEBF7"})
        self.text = book.add_format({"num_format": "@"})
        self.formats: dict[str, _Format] = {}
        self.long: list[tuple[str, ...]] = []

    def notes(self, scheme: Scheme, name: str, sheets: Iterable[SheetForm]) -> None:
        """The first sheet: how to fill the others in."""
        page = self.book.add_worksheet("说明" if self.zh else "notes")
        page.set_column(0, 0, 28, self.plain)
        page.set_column(1, 1, 100, self.plain)
        lines: list[tuple[str, str]] = [
            (f"{scheme.title}：数据模板" if self.zh else f"data template: {name}", ""),
            ("", ""),
            ("方案" if self.zh else "scheme", f"{scheme.id}　{scheme.title}"),
            ("文件" if self.zh else "document", scheme.document or "—"),
            ("施行" if self.zh else "in force", f"{scheme.start or '—'} {'起' if self.zh else 'on'}"),
            ("", ""),
            ("怎样填" if self.zh else "how to fill it in", ""),
            *((str(number), line) for number, line in enumerate(_ZH if self.zh else _EN, 1)),
            (
                "填好以后" if self.zh else "afterwards",
                f"xiance data check {name} --data {'这个文件' if self.zh else 'FILE'}",
            ),
            ("", ""),
            ("各张表" if self.zh else "sheets", ""),
            *((sheet.name, sheet.about) for sheet in sheets),
        ]
        for row, (first, second) in enumerate(lines):
            page.write_string(row, 0, first, self.title if row == 0 else self.plain)
            page.write_string(row, 1, second, self.plain)

    def heads(self, scheme: Scheme) -> None:
        """The sheet of what holds for all sheets."""
        only = scheme.insurances[0] if len(scheme.insurances) == 1 else ""
        known = scheme.insurances or ("职工", "居民")
        rows = (("方案", "scheme", scheme.id), ("年度", "year", ""), ("险种", "insurance", only))
        page = self._pairs("案" if self.zh else "case", "项目" if self.zh else "item")
        for row, (chinese, english, value) in enumerate(rows, 1):
            page.write_string(row, 0, chinese if self.zh else english)
            page.write_string(row, 1, value, self.text)
        page.write_comment(
            2,
            0,
            "要结算的年度，如 2026；各表自己有年度的空着"
            if self.zh
            else "the year to settle; blank where the sheets have it",
        )
        page.write_comment(
            3, 0, "全部数据是一个险种的才填" if self.zh else "only where all data are of one insurance type"
        )
        page.data_validation(3, 1, 3, 1, {"validate": "list", "source": list(known), "ignore_blank": True})

    def assumptions(self, scheme: Scheme) -> None:
        """The sheet of trial values: every parameter the document leaves open."""
        page = self._pairs("假设" if self.zh else "assumptions", "名称" if self.zh else "name")
        for row, parameter in enumerate(assumed(scheme), 1):
            page.write_string(row, 0, parameter.name if self.zh else scheme.labels.id(parameter.name))
            page.write_blank(row, 1, None, self._format(parameter.kind))
            page.write_comment(row, 0, parameter_note(parameter, self.language), _COMMENT)
            column = ColumnForm("", False, "", parameter.kind, (), False, parameter.range.low, parameter.range.high)
            self._validate(page, (row, 1, row, 1), column)

    def sheet(self, form: SheetForm) -> None:
        """A sheet of a kind of rows: its header, and what its columns may hold."""
        page = self.book.add_worksheet(form.name)
        page.freeze_panes(1, 1)
        page.set_row(0, 36)
        for at, column in enumerate(form.columns):
            page.set_column(at, at, max(10, min(30, width(column.header) + 3)), self._format(column.kind))
            page.write_string(0, at, column.header, self.due if column.due else self.other)
            if column.note:
                page.write_comment(0, at, column.note, _COMMENT)
            self._validate(page, (1, at, _ROWS, at), column)
        for number, row in enumerate(form.rows, 1):
            for at, text in enumerate(row):
                if text:
                    page.write_string(number, at, text, self.text)

    def lists(self) -> None:
        """The lists too long to stand in a validation."""
        if self.long:
            page = self.book.add_worksheet(_LISTS)
            for at, items in enumerate(self.long):
                page.write_column(0, at, items)
            page.very_hidden()

    def _pairs(self, name: str, first: str) -> _Page:
        page = self.book.add_worksheet(name)
        page.set_column(0, 0, 32)
        page.set_column(1, 1, 24, self.text)
        page.write_string(0, 0, first, self.due)
        page.write_string(0, 1, "取值" if self.zh else "value", self.due)
        page.freeze_panes(1, 0)
        return page

    def _format(self, kind: k.Kind) -> _Format:
        pattern = "General" if kind.per is not None else _FORMATS.get(kind.base, "General")
        if pattern not in self.formats:
            self.formats[pattern] = self.book.add_format({"num_format": pattern})
        return self.formats[pattern]

    def _validate(self, page: _Page, area: tuple[int, int, int, int], column: ColumnForm) -> None:
        rule = self._rule(column)
        if rule:
            page.data_validation(*area, {**rule, "ignore_blank": True, **self._said(column)})

    def _rule(self, column: ColumnForm) -> Mapping[str, Any] | None:
        from xlsxwriter.utility import xl_col_to_name  # type: ignore[import-untyped]

        kind = column.kind
        if column.choices:
            words = ",".join(column.choices)
            if len(words) <= _LONGEST_LIST:
                source: object = list(column.choices)
            else:
                self.long.append(column.choices)
                letter = xl_col_to_name(len(self.long) - 1)
                source = f"={_LISTS}!${letter}$1:${letter}${len(column.choices)}"
            return {"validate": "list", "source": source}
        if kind.base is k.Base.DATE:
            return {"validate": "date", "criteria": ">=", "value": _FIRST_DAY}
        if kind.is_number and kind.per is None and (column.low is not None or column.high is not None):
            low, high = _end(column.low, kind), _end(column.high, kind)
            if low is not None and high is not None:
                return {"validate": "decimal", "criteria": "between", "minimum": low, "maximum": high}
            return {
                "validate": "decimal",
                "criteria": ">=" if high is None else "<=",
                "value": low if high is None else high,
            }
        return None

    def _said(self, column: ColumnForm) -> Mapping[str, Any]:
        """What a wrong entry is told; names, amounts and days may also be written otherwise (1200万元), so they only ask."""
        lax = column.free or column.kind.is_money or column.kind.base is k.Base.DATE
        title = "请核对" if self.zh else "please look"
        message = column.note or column.header
        return {"error_type": "warning" if lax else "stop", "error_title": title, "error_message": message[:200]}


_COMMENT = {"x_scale": 2.2, "y_scale": 1.4}
_LISTS = "选项"
_FIRST_DAY = "=DATE(2000,1,1)"


def _end(value: int | Fraction | None, kind: k.Kind) -> str | None:
    """An end of a range as a validation holds it: written out, never a float."""
    if value is None:
        return None
    return "=" + (money_text(value) if kind.is_money else ratio_text(Fraction(value, kind.scale))[0])
