"""Words, citations and expressions of the tree; expressions are kept from growing too deep or too long."""
# ruff: noqa: D102 -- a method is named after its rule and gets its parts; the node it builds says the rest

import datetime as dt
import re

from grammar import syntax as s
from grammar.diagnostic import Finding
from grammar.keywords import is_keyword
from grammar.lexer import Token
from grammar.source import Source, Span

MAX_NESTING = 32
MAX_TERMS = 200

_LETTERS = re.compile(r"[^\W\d]+")
_LEAP_YEAR = 2024
_NUMBERS = re.compile(r"[0-9]+")
_SIGNS = {"PLUS": "+", "MINUS": "-", "TIMES": "×", "DIVIDE": "÷"}
_ROUNDING = {"HALF_UP": "half_up", "UP": "up", "DOWN": "down", "HALF_EVEN": "half_even"}
_GRAIN = re.compile("半年|年|季|月|year|hal|quarter|month")
_GRAINS = {
    "年": "year", "year": "year", "半年": "half", "hal": "half", "季": "quarter", "quarter": "quarter", "月": "month",
    "month": "month",
}  # fmt: skip
_YEARS = {"当": 0, "上": -1, "次": 1, "this": 0, "last": -1, "next": 1}


# The gate's figure is called by its keyword.
_NAMES_TOO = ("准入",)


class ExpressionBuilder:
    """Builds what stands inside a statement."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.findings: list[Finding] = []
        self._sizes: dict[int, tuple[object, int, int]] = {}
        self._told = False

    def span(self, token: Token) -> Span:
        return Span(self.source, token.line, token.column, token.line, token.end_column)

    def end_item(self) -> None:
        """Forget the sizes of expressions that are finished."""
        self._sizes.clear()
        self._told = False

    def declared(self, name: s.Name) -> s.Name:
        """A name at the place that declares it: no keyword, and no keyword with a digit after it."""
        letters = _LETTERS.match(name.text)
        if letters and is_keyword(letters.group()) and name.text not in _NAMES_TOO:
            self.findings.append(Finding("P151", name.span, {"word": name.text}))
        return name

    def name(self, at: Span, token: Token) -> s.Name:
        return s.Name(token.text, at)

    def text(self, at: Span, token: Token) -> s.Text:
        return s.Text(token.text[1:-1], at)

    def names(self, _: Span, *children: s.Name | Token) -> tuple[s.Name, ...]:
        return tuple(c for c in children if isinstance(c, s.Name))

    def texts(self, _: Span, *children: s.Text | Token) -> tuple[s.Text, ...]:
        return tuple(c for c in children if isinstance(c, s.Text))

    def locators(self, _: Span, *children: Token) -> tuple[s.Locator, ...]:
        found = (c for c in children if c.terminal == "LOCATOR")
        return tuple(s.Locator(" ".join(c.text.split()), self.span(c)) for c in found)

    def cite(
        self,
        at: Span,
        _: Token,
        locators: tuple[s.Locator, ...],
        __: Token | None,
        before: tuple[s.Locator, ...] | None,
    ) -> s.Citation:
        return s.Citation(locators, before or (), at)

    def at_most(self, at: Span, value: s.Expr, _: Token, __: Token, limit: s.Expr) -> s.Expr:
        return self._sized(s.Limit("most", value, limit, at), value, limit)

    def at_least(self, at: Span, value: s.Expr, _: Token, __: Token, limit: s.Expr) -> s.Expr:
        return self._sized(s.Limit("least", value, limit, at), value, limit)

    def rounded(self, at: Span, value: s.Expr, _: Token, mode: Token, __: Token, step: s.Expr) -> s.Expr:
        return self._sized(s.Rounded(_ROUNDING[mode.terminal], value, step, at), value, step)  # type: ignore[arg-type]

    def unrounded(self, at: Span, value: s.Expr, _: Token, __: Token) -> s.Expr:
        return self._sized(s.Unrounded(value, at), value)

    def either(self, at: Span, left: s.Expr, _: Token, right: s.Expr) -> s.Expr:
        return self._sized(s.Or(left, right, at), left, right)

    def both(self, at: Span, left: s.Expr, _: Token, right: s.Expr) -> s.Expr:
        return self._sized(s.And(left, right, at), left, right)

    def also(self, at: Span, left: s.Expr, _: Token, bound: s.Bound) -> s.Expr:
        return self._sized(s.Also(left, bound, at), left, bound.value)

    def negated(self, at: Span, _: Token, value: s.Expr) -> s.Expr:
        return self._sized(s.Not(value, at), value, nests=True)

    def compare(self, at: Span, left: s.Expr, bound: s.Bound) -> s.Expr:
        return self._sized(s.Compare(left, bound, at), left, bound.value)

    def equal(self, at: Span, left: s.Expr, _: Token, right: s.Expr) -> s.Expr:
        return self._sized(s.Equal(left, right, at), left, right)

    def same(self, at: Span, left: s.Expr, word: Token, right: s.Expr) -> s.Expr:
        return self._sized(s.Same(left, right, word.terminal == "IS_NOT", at), left, right)

    def member(self, at: Span, left: s.Expr, word: Token, _: Token, names: tuple[s.Name, ...], __: Token) -> s.Expr:
        return self._sized(s.Member(left, names, word.terminal == "NOT_IN", at), left)

    def met(self, at: Span, name: s.Name, _: Token) -> s.Expr:
        return s.Met(name, at)

    def filled(self, at: Span, _: Token, previous: Token | None, name: s.Name) -> s.Expr:
        return s.Filled(s.Word(previous.terminal, previous.choice) if previous else None, name, at)

    def bounds(self, _: Span, *bounds: s.Bound) -> list[s.Bound]:
        return list(bounds)

    def bound(self, at: Span, word: Token, value: s.Expr) -> s.Bound:
        return s.Bound(s.Word(word.terminal, word.choice), value, at)

    def binary(self, at: Span, left: s.Expr, sign: Token, right: s.Expr) -> s.Expr:
        return self._sized(s.Binary(_SIGNS[sign.terminal], left, right, at), left, right)  # type: ignore[arg-type]

    def part(self, at: Span, whole: s.Expr, _: Token, rate: s.Expr) -> s.Expr:
        return self._sized(s.Part(whole, rate, at), whole, rate)

    def negate(self, at: Span, _: Token, value: s.Expr) -> s.Expr:
        return self._sized(s.Negate(value, at), value, nests=True)

    def previous(self, at: Span, word: Token, path: s.Path, _: Token | None, opening: s.Expr | None) -> s.Expr:
        node = s.Previous(s.Word(word.terminal, word.choice), path, opening, at)
        return node if opening is None else self._sized(node, opening)

    def aggregate(self, at: Span, word: Token, window: Token | None, path: s.Path) -> s.Expr:
        return s.Aggregate(s.Word(word.terminal, word.choice), self._window(window), path, None, at)

    def filtered(self, at: Span, word: Token, window: Token | None, path: s.Path, _: Token, where: s.Expr) -> s.Expr:
        node = s.Aggregate(s.Word(word.terminal, word.choice), self._window(window), path, where, at)
        return self._sized(node, where)

    def rank(self, at: Span, _: Token, name: s.Name, order: Token) -> s.Expr:
        return s.Rank(name, order.terminal == "HIGHEST_FIRST", at)

    def _window(self, token: Token | None) -> s.Window | None:
        if token is None:
            return None
        count = _NUMBERS.search(token.text)
        grain = _GRAIN.search(token.text)
        assert grain is not None
        count_ = int(count.group()) if count else None
        return s.Window(count_, _GRAINS[grain.group()], self.span(token))  # type: ignore[arg-type]

    def quantity(self, at: Span, token: Token) -> s.Quantity:
        number, unit, per = token.parts or (token.text, None, None)
        return s.Quantity(number, unit, per, at)

    def date(self, at: Span, token: Token) -> s.DateText:
        year, month, day = (int(number) for number in _NUMBERS.findall(token.text))
        self._real_day(at, token.text, year, month, day)
        return s.DateText(token.text, False, at)

    def day_of(self, at: Span, token: Token) -> s.RelativeDay:
        month, day = (int(n) for n in _NUMBERS.findall(token.text))
        self._real_day(at, token.text, _LEAP_YEAR, month, day)
        year = next(shift for word, shift in _YEARS.items() if token.text.startswith(word))
        return s.RelativeDay(year, month, day, at)

    def _real_day(self, at: Span, text: str, year: int, month: int, day: int) -> None:
        try:
            dt.date(year, month, day)
        except ValueError:
            self.findings.append(Finding("P157", at, {"found": text}))

    def yes_no(self, at: Span, token: Token) -> s.YesNo:
        return s.YesNo(token.terminal == "YES", at)

    def remaining(self, at: Span, _: Token) -> s.Remaining:
        return s.Remaining(at)

    def as_given(self, at: Span, _: Token) -> s.AsGiven:
        return s.AsGiven(at)

    def brackets(self, at: Span, _: Token, inner: s.Expr, __: Token) -> s.Expr:
        return self._sized(s.Brackets(inner, at), inner, nests=True)

    def path(self, at: Span, name: s.Name) -> s.Path:
        return s.Path(False, None, name, at)

    def kind_path(self, at: Span, kind: s.Name, _: Token, name: s.Name) -> s.Path:
        return s.Path(False, kind, name, at)

    def owner_path(self, at: Span, _: Token, __: Token, name: s.Name) -> s.Path:
        return s.Path(True, None, name, at)

    def _sized(self, node: s.Expr, *parts: s.Expr, nests: bool = False) -> s.Expr:
        """A node, or one of its parts and a finding where it would be too deep or too long."""
        known = [self._sizes.get(id(part), (None, 0, 1)) for part in parts]
        nesting = max(size[1] for size in known) + nests
        height = max(size[2] for size in known) + 1
        if nesting > MAX_NESTING or height > MAX_TERMS:
            if not self._told:
                code, most = ("P105", MAX_NESTING) if nesting > MAX_NESTING else ("P106", MAX_TERMS)
                self.findings.append(Finding(code, parts[-1].span, {"most": most}))
            self._told = True
            return parts[0]
        # the node itself is kept, so that its id is not given to another one meanwhile
        self._sizes[id(node)] = (node, nesting, height)
        return node
