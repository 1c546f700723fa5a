"""A sheet of a workbook that is written: texts stay texts, amounts are numbers, in one language."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from grammar.diagnostic import Language

# Excel keeps fifteen digits: thirteen of 元 and two of 分.
_DIGITS = 15
_FORMATS: Mapping[str, dict[str, Any]] = {
    "": {},
    "right": {"align": "right"},
    "wrap": {"text_wrap": True, "valign": "top"},
    "head": {
        "bold": True,
        "border": 1,
        "text_wrap": True,
        "align": "center",
        "valign": "vcenter",
        "bg_color": "#E7E6E6",
    },
    "title": {"bold": True, "font_size": 16, "align": "center"},
    "plain": {"num_format": "0.############"},
    "money": {"num_format": "#,##0.00"},
    "cell": {"border": 1, "valign": "vcenter"},
    "cell_wrap": {"border": 1, "text_wrap": True, "valign": "vcenter"},
    "cell_right": {"border": 1, "align": "right", "valign": "vcenter"},
    "cell_money": {"border": 1, "num_format": "#,##0.00", "valign": "vcenter"},
    "cell_assumed_zh": {"border": 1, "num_format": '#,##0.00"（假设）"', "valign": "vcenter"},
    "cell_assumed_en": {"border": 1, "num_format": '#,##0.00" (assumed)"', "valign": "vcenter"},
    "cell_ratio": {"border": 1, "num_format": "0.00%", "valign": "vcenter"},
    "total": {"border": 1, "bold": True, "num_format": "#,##0.00", "valign": "vcenter"},
    "total_assumed_zh": {"border": 1, "bold": True, "num_format": '#,##0.00"（含假设）"', "valign": "vcenter"},
    "total_assumed_en": {"border": 1, "bold": True, "num_format": '#,##0.00" (incl. assumed)"', "valign": "vcenter"},
    "total_text": {"border": 1, "bold": True, "align": "right", "valign": "vcenter"},
}


class Sheet:
    """A sheet that is written to: texts as texts, amounts as numbers, in one language."""

    def __init__(self, workbook: Any, name: str, language: Language) -> None:
        self.language = language
        self.sheet = workbook.add_worksheet(name)
        self._workbook = workbook
        if not hasattr(workbook, "xiance_formats"):
            workbook.xiance_formats = {}
        self._formats: dict[str, Any] = workbook.xiance_formats

    def say(self, zh: str, en: str) -> str:
        """The words of the sheet's language."""
        return zh if self.language == "zh" else en

    def style(self, name: str) -> Any:
        """A format by its name, made once for a workbook."""
        if name not in self._formats:
            self._formats[name] = self._workbook.add_format(dict(_FORMATS[name]))
        return self._formats[name]

    def text(self, row: int, column: int, text: str, style: str = "") -> None:
        """A text as it stands, whatever sign it begins with."""
        if text or style.startswith(("cell", "total")):
            self.sheet.write_string(row, column, text, self.style(style))

    def number(self, row: int, column: int, value: Decimal, style: str) -> None:
        """A number where Excel keeps all its digits, else its digits as text."""
        if len(value.normalize().as_tuple().digits) > _DIGITS:
            self.text(row, column, f"{value:f}", "cell_right" if style.startswith("cell") else "right")
        else:
            # At most fifteen digits come back the same through the binary number of the format.
            self.sheet.write_number(row, column, float(value), self.style(style))

    def formula(self, row: int, column: int, formula: str, value: Decimal, style: str) -> None:
        """A formula with the engine's figure as the result that stands beside it in the file."""
        self.sheet.write_formula(row, column, formula, self.style(style), value)

    def heading(self, heads: Sequence[tuple[str, int]]) -> None:
        """A first row of headings with the widths of the columns; it stays when the rest is scrolled, and is printed on each page."""
        for column, (text, wide) in enumerate(heads):
            self.sheet.set_column(column, column, wide)
            self.text(0, column, text, "head")
        self.sheet.freeze_panes(1, 0)
        self.page(0)

    def filter(self, rows: int, columns: int) -> None:
        """Buttons in the headings to choose rows by."""
        self.sheet.autofilter(0, 0, max(1, rows), columns - 1)

    def page(self, headed: int) -> None:
        """Printed on A4 across, as wide as a page, the heading repeated."""
        self.sheet.set_landscape()
        self.sheet.set_paper(9)
        self.sheet.fit_to_pages(1, 0)
        self.sheet.repeat_rows(headed)
        self.sheet.set_margins(left=0.4, right=0.4, top=0.6, bottom=0.6)
        self.sheet.set_footer(self.say("&C第 &P 页，共 &N 页", "&CPage &P of &N"))
