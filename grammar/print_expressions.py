"""Expressions and the other small parts of a statement, printed in one language; names stand as they are."""

from collections.abc import Iterable
from typing import assert_never

from grammar import syntax as s
from grammar.diagnostic import Language
from grammar.keywords import unit_words, word

_ROUNDING = {"half_up": "HALF_UP", "up": "UP", "down": "DOWN", "half_even": "HALF_EVEN"}
_GRAINS = {"year": "年", "half": "半年", "quarter": "季", "month": "月"}
_YEARS = {-1: ("上年", "lastyear"), 0: ("当年", "thisyear"), 1: ("次年", "nextyear")}
_GROUPED_FROM = 5  # digits before the point from which they are printed in groups of three


class ExpressionPrinter:
    """Prints what stands inside a line."""

    def __init__(self, language: Language) -> None:
        self.language: Language = language

    def key(self, terminal: str, choice: int = 0) -> str:
        """A keyword."""
        return word(terminal, choice, self.language)

    def word(self, written: s.Word) -> str:
        """A keyword that has several words."""
        return word(written.terminal, written.choice, self.language)

    def listed(self, parts: Iterable[str]) -> str:
        """A list, with 、 or a comma."""
        return ("、" if self.language == "zh" else ", ").join(parts)

    def names(self, names: Iterable[s.Name]) -> str:
        """A list of names."""
        return self.listed(name.text for name in names)

    def texts(self, texts: Iterable[s.Text]) -> str:
        """A list of texts in their brackets."""
        return self.listed(f"「{text.text}」" for text in texts)

    def cite(self, cite: s.Citation) -> str:
        """``依据 五(四)⑤ 先于 五(四)④``."""
        before = f" {self.key('BEFORE')} {self._locators(cite.before)}" if cite.before else ""
        return f"{self.key('CITE')} {self._locators(cite.locators)}{before}"

    def _locators(self, locators: Iterable[s.Locator]) -> str:
        return self.listed(locator.text for locator in locators)

    def day(self, day: s.DateText) -> str:
        """A date, or a whole year."""
        if not day.whole_year:
            return day.text
        return f"{day.text}年度" if self.language == "zh" else f"year{day.text}"

    def period(self, period: s.Period) -> str:
        """``2026-01-01 起 至 2028-12-31``."""
        end = f" {self.key('UNTIL')} {self.day(period.end)}" if period.end else ""
        return f"{self.day(period.start)} {self.key('SINCE')}{end}"

    def bounds(self, bounds: Iterable[s.Bound]) -> str:
        """Bounds one after another."""
        return " ".join(f"{self.word(bound.word)} {self.expr(bound.value)}" for bound in bounds)

    def type(self, kind: s.KindOfValue) -> str:
        """A kind of value."""
        if kind.name is None:
            return f"{self.key('CHOICE')} {{{self.names(kind.options)}}}"
        return kind.name.text + (f"/{kind.per.text}" if kind.per else "")

    def attribute(self, attribute: s.Attribute) -> str:
        """An attribute of a parameter, a datum or a term."""
        match attribute:
            case s.Flag(terminal=terminal):
                return self.key(terminal)
            case s.Referred(document=document):
                return f"{self.key('REFERRED')} 《{document}》"
            case s.Bounds(bounds=bounds):
                return self.bounds(bounds)
            case s.Between(low=low, high=high):
                return f"{self.expr(low)} {self.key('UNTIL')} {self.expr(high)}"
            case s.Grain(step=step):
                return f"{self.key('STEP')} {self.expr(step)}"
            case s.Default(value=value):
                return f"{self.key('DEFAULT')} {self.expr(value)}"
            case s.Assumed(value=value):
                return f"{self.key('ASSUMED')} {self.expr(value)}"
            case _:
                assert_never(attribute)

    def cell(self, cell: s.Cell) -> str:
        """A cell of a table's row."""
        match cell:
            case s.BoundsCell(bounds=bounds, slice=slice_):
                return self.bounds(bounds) + (f" {self.key('PART')}" if slice_ else "")
            case s.SuffixCell(value=value, word=word_, slice=slice_):
                space = "" if self.language == "zh" else " "
                return f"{self.expr(value)} {self.word(word_)}" + (f"{space}{self.key('PART')}" if slice_ else "")
            case s.ValuesCell(values=values):
                return self.listed(self.expr(value) for value in values)
            case s.AnyCell():
                return self.key("ANYTHING")
            case s.OtherwiseCell():
                return self.key("OTHERWISE")
            case _:
                assert_never(cell)

    def value(self, value: s.Expr | s.Absent) -> str:
        """A value, or the word that there is none."""
        return self.key("NONE") if isinstance(value, s.Absent) else self.expr(value)

    def expr(self, e: s.Expr) -> str:
        """An expression; its brackets are in the tree, so nothing is to be put in brackets here."""
        match e:
            case s.Path():
                return self._path(e)
            case s.Quantity():
                return self._quantity(e)
            case s.Text(text=text):
                return f"「{text}」"
            case s.DateText():
                return self.day(e)
            case s.RelativeDay(year=year, month=month, day=day):
                zh, en = _YEARS[year]
                return f"{zh}{month}月{day}日" if self.language == "zh" else f"{en}{month}-{day}"
            case s.Remaining():
                return self.key("REMAINING")
            case s.AsGiven():
                return self.key("AS_GIVEN")
            case s.YesNo(value=yes):
                return self.key("YES" if yes else "NO")
            case s.Brackets(inner=inner):
                return f"({self.expr(inner)})"
            case s.Binary(sign=sign, left=left, right=right):
                return f"{self.expr(left)} {sign} {self.expr(right)}"
            case s.Part(whole=whole, rate=rate):
                return f"{self.expr(whole)} {self.key('OF')} {self.expr(rate)}"
            case s.Negate(value=value):
                return f"-{self.expr(value)}"
            case s.Limit(side=side, value=value, limit=limit):
                return f"{self.expr(value)}, {self.key('AT_MOST' if side == 'most' else 'AT_LEAST')} {self.expr(limit)}"
            case s.Rounded(mode=mode, value=value, step=step):
                return f"{self.expr(value)}, {self.key(_ROUNDING[mode])} {self.key('STEP')} {self.expr(step)}"
            case s.Unrounded(value=value):
                return f"{self.expr(value)}, {self.key('UNROUNDED')}"
            case s.Aggregate(function=function, window=window, path=path, where=where):
                of = f"{self._window(window)} {self._path(path)}" if window else self._path(path)
                chosen = f" {self.key('WHERE')} {self.expr(where)}" if where else ""
                return f"{self.word(function)} {of}{chosen}"
            case s.Previous(word=word_, path=path, opening=opening):
                start = f" {self.key('OPENING')} {self.expr(opening)}" if opening else ""
                return f"{self.word(word_)} {self._path(path)}{start}"
            case s.Rank(name=name, highest_first=highest):
                order = self.key("HIGHEST_FIRST" if highest else "LOWEST_FIRST")
                return f"{self.key('RANK')} {name.text} {order}"
            case s.Or(left=left, right=right):
                return f"{self.expr(left)} {self.key('OR')} {self.expr(right)}"
            case s.And(left=left, right=right):
                return f"{self.expr(left)} {self.key('AND')} {self.expr(right)}"
            case s.Also(left=left, bound=bound):
                return f"{self.expr(left)} {self.key('AND')} {self.bounds([bound])}"
            case s.Not(value=value):
                return f"{self.key('NOT')} {self.expr(value)}"
            case s.Compare(left=left, bound=bound):
                return f"{self.expr(left)} {self.bounds([bound])}"
            case s.Equal(left=left, right=right):
                return f"{self.expr(left)} = {self.expr(right)}"
            case s.Same(left=left, right=right, negated=negated):
                return f"{self.expr(left)} {self.key('IS_NOT' if negated else 'IS')} {self.expr(right)}"
            case s.Member(left=left, names=names, negated=negated):
                return f"{self.expr(left)} {self.key('NOT_IN' if negated else 'IN')} {{{self.names(names)}}}"
            case s.Met(name=name):
                return f"{name.text} {self.key('MET')}"
            case s.Filled(previous=previous, name=name):
                before = f"{self.word(previous)} " if previous else ""
                return f"{self.key('FILLED')} {before}{name.text}"
            case _:
                assert_never(e)

    def _path(self, path: s.Path) -> str:
        if path.owner:
            return f"{self.key('OWNER')}.{path.name.text}"
        return f"{path.kind.text}.{path.name.text}" if path.kind else path.name.text

    def _window(self, window: s.Window) -> str:
        zh = _GRAINS[window.grain]
        if window.count is None:
            return f"本{zh}至今" if self.language == "zh" else f"{window.grain} to date"
        if self.language == "zh":
            return f"前{window.count}{zh}"
        plural = "halves" if window.grain == "half" else f"{window.grain}s"
        return f"prior{window.count}{window.grain if window.count == 1 else plural}"

    def _quantity(self, quantity: s.Quantity) -> str:
        whole, point, decimals = quantity.number.partition(".")
        number = (f"{int(whole):,}" if len(whole) >= _GROUPED_FROM else whole) + point + decimals
        if quantity.unit is None:
            return number
        units = unit_words(self.language)
        unit = units[quantity.unit]
        per = f"/{units[quantity.per]}" if quantity.per else ""
        return f"{number}{' ' if unit.isascii() and unit.isidentifier() else ''}{unit}{per}"
