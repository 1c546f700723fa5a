"""The year-end table on a sheet of a workbook, laid out as bureaus sign it, with formulas an auditor can follow."""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from fractions import Fraction

from engine.doors.xlsx_sheet import Sheet
from engine.doors.year_end import insurances_of, is_shown, shown_value, units_of
from engine.nouns import kinds as k
from engine.nouns.numbers import decimal_text
from engine.nouns.possible import is_point
from engine.nouns.printed import spoken
from engine.nouns.settlement import FigureResult, Settlement
from engine.nouns.value import Value
from engine.nouns.world import Row
from grammar.diagnostic import Words
from grammar.frozen import dataclass


@dataclass(frozen=True, slots=True)
class _Column:
    """A column of the form: its letter, its heading, the figure it shows, the columns its formula reads."""

    letter: str
    heading: Words
    name: str
    parts: str = ""
    sort: str = "money"
    is_summed: bool = True


_COLUMNS = (
    _Column("A", Words("年度总额预算", "budget"), "年度总额预算"),
    _Column("B", Words("调整额", "adjustment"), "预算调整额"),
    _Column("C", Words("调整后预算", "adjusted budget"), "调整后预算", "+A+B"),
    _Column("D", Words("年度清算总额", "cleared"), "年度清算总额"),
    _Column("E", Words("结余(+)/超支(−)", "surplus(+)/overspend(−)"), "结余或超支", "+C-D"),
    _Column("F", Words("结余率", "surplus rate"), "", sort="rate", is_summed=False),
    _Column("G", Words("留用上限", "cap"), "留用上限", is_summed=False),
    _Column("H", Words("考核系数", "score factor"), "考核系数", sort="ratio", is_summed=False),
    _Column("I1", Words("留用金额", "kept"), "结余留用"),
    _Column("I2", Words("基金分担", "fund share"), "基金分担"),
    _Column("I3", Words("结余留转", "carried"), "结余留转"),
    _Column("J1", Words("经办机构留用", "agency"), "经办机构留用"),
    _Column("J2", Words("机构承担", "provider share"), "机构承担"),
    _Column("K", Words("应得合计", "entitlement"), "应得合计", "entitlement"),
    _Column("L", Words("已拨付", "paid"), "已拨付"),
    _Column("M", Words("预拨金", "advance"), "预拨金"),
    _Column("N", Words("保证金扣留", "deposit withheld"), "保证金扣留"),
    _Column("O", Words("保证金返还", "deposit returned"), "保证金返还"),
    _Column("P", Words("违规扣款", "violations"), "违规扣款"),
    _Column("S", Words("资金池结余份额", "pool surplus share"), "资金池结余份额"),
    _Column("T", Words("资金池超支份额", "pool overspend share"), "资金池超支份额"),
    _Column("Q", Words("应补拨(+)/应收回(−)", "due(+)/to return(−)"), "最终应补拨", "+K+S-T-N+O-P-L"),
)
_FORMULA_WORDS = {
    "C": Words("=A+B", "=A+B"),
    "E": Words("=C−D", "=C−D"),
    "F": Words("=E/C", "=E/C"),
    "K": Words("=D+I1 或 C+I2", "=D+I1 or C+I2"),
}


def write_year_end(sheet: Sheet, settlement: Settlement) -> None:
    """The table with a block for each year and insurance type, their sums, and the place to sign."""
    _Table(sheet, settlement).write()


class _Table:
    """The form as it is written, row by row."""

    def __init__(self, sheet: Sheet, settlement: Settlement) -> None:
        self.sheet = sheet
        self.settlement = settlement
        self.blocks = [
            (year, insurance, rows)
            for year in settlement.years
            for insurance in insurances_of(settlement, year)
            if (rows := units_of(settlement, year, insurance))
        ]
        every = [row for _, _, rows in self.blocks for row in rows]
        self.columns = [
            column
            for column in _COLUMNS
            if not column.name or any(is_shown(settlement, row, column.name) for row in every)
        ]
        self.has_insurance = any(insurance is not None for _, insurance, _ in self.blocks)
        self.lead = 3 + (1 if self.has_insurance else 0)
        self.at = {column.letter: self.lead + index for index, column in enumerate(self.columns)}
        self.figures: dict[int, list[FigureResult]] = {}
        for result in settlement.figures:
            self.figures.setdefault(id(result.row), []).append(result)

    def write(self) -> None:
        """The whole sheet."""
        sheet, say = self.sheet, self.sheet.say
        scheme = self.settlement.scheme
        last = self.lead + len(self.columns) + 1
        years = self._listed(map(str, self.settlement.years))
        title = say(f"{years} 年度{scheme.title}年终清算表", f"{scheme.title}: year-end settlement {years}")
        sheet.sheet.merge_range(0, 0, 0, last, "", sheet.style("title"))
        sheet.text(0, 0, title, "title")
        sheet.text(1, 0, say(f"文件：{scheme.document}", f"document: {scheme.document}") if scheme.document else "")
        sheet.text(1, last, say("单位：元", "in yuan"), "right")
        self._heading(2)
        row = 3
        for year, insurance, rows in self.blocks:
            row = self._block(row, year, insurance, rows)
        if not self.blocks:
            sheet.text(row, 0, say("没有要清算的单位", "no unit to settle"))
            row += 1
        self._foot(row + 1)
        sheet.sheet.freeze_panes(3, self.lead)
        sheet.page(2)

    def _heading(self, row: int) -> None:
        sheet, say = self.sheet, self.sheet.say
        lead = [(say("序号", "no."), 5), (say("年度", "year"), 7), (say("机构", "unit"), 24)]
        if self.has_insurance:
            lead.append((say("险种", "insurance"), 9))
        heads = [*lead]
        for column in self.columns:
            words = _FORMULA_WORDS.get(column.letter)
            formula = words.say(sheet.language) if words and self._holds_everywhere(column) else ""
            heads.append(
                (f"{column.letter} {column.heading.say(sheet.language)}{formula}", 9 if column.sort != "money" else 18)
            )
        heads += [(say("依据条款", "clauses"), 24), (say("备注（假设值、未定事项）", "remarks (assumed, open)"), 44)]
        sheet.sheet.set_row(row, 32)
        for at, (text, wide) in enumerate(heads):
            sheet.sheet.set_column(at, at, wide)
            sheet.text(row, at, text, "head")

    def _holds_everywhere(self, column: _Column) -> bool:
        """Whether the formula in a heading holds for every row whose figures are known."""
        if column.sort == "rate":
            return True
        rows = [row for _, _, rows in self.blocks for row in rows if self._known(row, column.name) is not None]
        return bool(rows) and all(self._formula(column, row, 0) for row in rows)

    def _block(self, first: int, year: int, insurance: str | None, rows: Sequence[Row]) -> int:
        sheet = self.sheet
        for number, row in enumerate(rows):
            at = first + number
            sheet.sheet.write_number(at, 0, number + 1, sheet.style("cell"))
            sheet.sheet.write_number(at, 1, year, sheet.style("cell"))
            sheet.text(at, 2, row.unit, "cell")
            if insurance is not None or self.has_insurance:
                sheet.text(at, 3, self._word(insurance or ""), "cell")
            for column in self.columns:
                self._cell(at, column, row)
            end = self.lead + len(self.columns)
            results = self.figures.get(id(row), [])
            clauses = dict.fromkeys(c for r in results for c in r.citations)
            sheet.text(at, end, self._listed(clauses), "cell_wrap")
            sheet.text(at, end + 1, self._remark(row, results), "cell_wrap")
        self._sums(first, rows)
        return first + len(rows) + 1

    def _cell(self, at: int, column: _Column, row: Row) -> None:
        sheet, say = self.sheet, self.sheet.say
        place = self.at[column.letter]
        if column.sort == "rate":
            self._rate(at, place, row)
            return
        value = shown_value(row, column.name)
        if value is None or value.is_absent:
            sheet.text(at, place, say("不结算", "not settled") if row.refused else "—", "cell_right")
        elif not is_point(value.now):
            datum = self.settlement.scheme.inputs.get((row.table, column.name))
            left_out = datum is not None and datum.left_out
            sheet.text(at, place, "—" if left_out else say("未定", "open"), "cell_right")
        elif column.sort == "ratio" or not isinstance(value.now, int):
            mark = say("（假设）", " (assumed)") if value.state == "assumed" else ""
            sheet.text(
                at, place, spoken(value.now, k.RATIO if column.sort == "ratio" else k.MONEY) + mark, "cell_right"
            )
        else:
            style = f"cell_assumed_{sheet.language}" if value.state == "assumed" else "cell_money"
            if formula := self._formula(column, row, at):
                sheet.formula(at, place, formula, _yuan(value.now), style)
            else:
                sheet.number(at, place, _yuan(value.now), style)

    def _rate(self, at: int, place: int, row: Row) -> None:
        balance, budget = self._known(row, "结余或超支"), self._known(row, "调整后预算")
        if balance is None or not budget:
            self.sheet.text(at, place, "—", "cell_right")
            return
        formula = f"={_ref(at, self.at['E'])}/{_ref(at, self.at['C'])}"
        self.sheet.formula(at, place, formula, Decimal(decimal_text(Fraction(balance, budget), 15)), "cell_ratio")

    def _known(self, row: Row, name: str) -> int | None:
        """The fen of a figure where it is one amount that the row shows."""
        value = shown_value(row, name) if name else None
        return (
            value.now if value is not None and isinstance(value.now, int) and not isinstance(value.now, bool) else None
        )

    def _formula(self, column: _Column, row: Row, at: int) -> str:
        """The formula of a cell from others of its row; empty where the engine's figure is not just that."""
        value = self._known(row, column.name)
        parts = column.parts
        if value is None or not parts:
            return ""
        if parts == "entitlement":
            balance = self._known(row, "结余或超支")
            if balance is None:
                return ""
            parts = "+D+I1" if balance > 0 else "+C+I2" if balance < 0 else "+D"
        total, formula = 0, ""
        for sign, letter in _terms(parts):
            other = next((c for c in _COLUMNS if c.letter == letter), None)
            amount = self._known(row, other.name) if other is not None and letter in self.at else None
            if amount is None:
                # A term the unit does not have is no term; whether that is so, the sum tells.
                continue
            total += amount if sign == "+" else -amount
            formula += f"{sign}{_ref(at, self.at[letter])}"
        return f"={formula.removeprefix('+')}" if total == value and formula.count("+") + formula.count("-") > 1 else ""

    def _sums(self, first: int, rows: Sequence[Row]) -> None:
        """The sum row of a block: over the units that are settled, and only where every one of them is known."""
        sheet, say = self.sheet, self.sheet.say
        at = first + len(rows)
        for blank in range(self.lead + len(self.columns) + 2):
            sheet.text(at, blank, "", "total_text")
        sheet.text(at, 2, say("合计", "total"), "total_text")
        settled = [(first + number, row) for number, row in enumerate(rows) if not row.refused]
        for column in self.columns:
            if not column.is_summed:
                continue
            place = self.at[column.letter]
            known: list[tuple[int, int]] = []
            assumed = False
            values = [(line, shown_value(row, column.name)) for line, row in settled]
            shown = [(line, value) for line, value in values if value is not None and not value.is_absent]
            for line, value in shown:
                if isinstance(value.now, int):
                    known.append((line, value.now))
                    assumed = assumed or value.state == "assumed"
            if len(known) < len(shown):
                sheet.text(at, place, say("含未定", "not all known"), "total_text")
            elif known:
                style = f"total_assumed_{sheet.language}" if assumed else "total"
                formula = f"=SUM({_ranges([line for line, _ in known], place)})"
                sheet.formula(at, place, formula, _yuan(sum(amount for _, amount in known)), style)

    def _remark(self, row: Row, results: Sequence[FigureResult]) -> str:
        """What a row rests on that the document does not say, and what it waits for."""
        zh = self.sheet.language == "zh"
        values: list[Value] = [r.value for r in results]
        assumed = sorted({name for v in values if v.state == "assumed" for name in v.assumed})
        missing = sorted({name for v in values if v.state == "open" for name in v.missing})
        parts = []
        if row.refused:
            parts.append("未通过准入，不结算" if zh else "refused by the gate, not settled")
        if assumed:
            told = self._listed(f"{self._word(name)}{self._assumed_value(name)}" for name in assumed)
            parts.append(f"假设：{told}" if zh else f"assumed: {told}")
        if missing:
            told = self._listed(self._word(name) for name in missing)
            parts.append(f"未定，还缺：{told}" if zh else f"open, missing: {told}")
        return ("；" if zh else "; ").join(parts)

    def _assumed_value(self, name: str) -> str:
        assumption = self.settlement.assumptions.get(name)
        if assumption is None:
            return ""
        parameter = self.settlement.scheme.parameters.get(name)
        kinds = [i.kind for (_, n), i in self.settlement.scheme.inputs.items() if n == name]
        return f"={spoken(assumption.value, parameter.kind if parameter is not None else kinds[0])}"

    def _word(self, name: str) -> str:
        labels = self.settlement.scheme.labels
        return labels.here(name) if self.sheet.language == "zh" else labels.words(name)

    def _listed(self, names: Iterable[str]) -> str:
        return ("、" if self.sheet.language == "zh" else ", ").join(names)

    def _foot(self, row: int) -> None:
        sheet, say = self.sheet, self.sheet.say
        lines = [
            say(
                "“未定”：文件没有规定或数据没有给出，见“未规定事项与假设值”。“（假设）”：按假设值算出，不是文件规定。",
                'open: not regulated or not in the data, see "Open and assumed". (assumed): worked out from assumed values.',
            )
        ]
        if "I1" in self.at or "I2" in self.at:
            lines.append(
                say(
                    "有结余的：应得合计 = 年度清算总额 + 留用金额；超支的：应得合计 = 调整后预算 + 基金分担。",
                    "with a surplus the entitlement is cleared + kept, with an overspend adjusted budget + fund share.",
                )
            )
        budget = next((column for column in self.columns if column.letter == "C"), None)
        if budget is not None and not self._holds_everywhere(budget):
            lines.append(
                say(
                    "调整后预算除 A、B 外还计入文件规定的其他项，各项见主体的工作表。",
                    "the adjusted budget counts more than A and B, as the document says; see the sheets of the kinds.",
                )
            )
        for number, line in enumerate(lines):
            sheet.text(row + number, 0, line)
        row += len(lines) + 1
        bodies = [
            ("经办机构（盖章）：", "agency (seal):"), ("医保局（盖章）：", "medical insurance bureau (seal):"),
            ("卫健局（盖章）：", "health bureau (seal):"), ("医疗机构（盖章）：", "institution (seal):"),
        ]  # fmt: skip
        step = max(2, (self.lead + len(self.columns)) // len(bodies))
        for number, (zh, en) in enumerate(bodies):
            sheet.text(row, 2 + number * step, say(zh, en))
            sheet.text(row + 2, 2 + number * step, say("日期：      年    月    日", "date:"))


def _ref(row: int, column: int) -> str:
    """A cell as a formula names it; rows and columns from 0."""
    letters, rest = "", column + 1
    while rest:
        rest, letter = divmod(rest - 1, 26)
        letters = chr(ord("A") + letter) + letters
    return f"{letters}{row + 1}"


def _terms(parts: str) -> list[tuple[str, str]]:
    """The signs and letters of a formula: ``+K-T``."""
    found: list[tuple[str, str]] = []
    for char in parts:
        if char in "+-":
            found.append((char, ""))
        else:
            found[-1] = (found[-1][0], found[-1][1] + char)
    return found


def _ranges(rows: Sequence[int], column: int) -> str:
    """Cells of a column as a formula names them, those that stand together as one range."""
    spans: list[list[int]] = []
    for row in rows:
        if spans and spans[-1][1] == row - 1:
            spans[-1][1] = row
        else:
            spans.append([row, row])
    return ",".join(_ref(a, column) if a == b else f"{_ref(a, column)}:{_ref(b, column)}" for a, b in spans)


def _yuan(fen: int) -> Decimal:
    return Decimal(fen).scaleb(-2)
