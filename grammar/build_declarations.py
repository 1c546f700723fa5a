"""The header and the declarations of the tree; one method for each rule or alias of policy.lark."""
# ruff: noqa: D102 -- a method is named after its rule and gets its parts; the node it builds says the rest

import re
from typing import Any

from grammar import syntax as s
from grammar.build_expressions import ExpressionBuilder
from grammar.diagnostic import Finding
from grammar.lexer import Token
from grammar.source import Span

_YEAR = re.compile(r"[0-9]{4}")

Cite = s.Citation | None
Names = tuple[s.Name, ...]
Texts = tuple[s.Text, ...]


class DeclarationBuilder(ExpressionBuilder):
    """Builds the header and what stands at the left margin, but the stages."""

    def header(self, at: Span, sort: Token, name: Token, title: Token, lines: list[s.Meta] | None) -> s.Header:
        known = {"SCHEME": "scheme", "VOCABULARY": "vocabulary", "AMENDMENT": "amendment"}
        name_, title_ = self.name(self.span(name), name), s.Text(title.text[1:-1], self.span(title))
        return s.Header(known[sort.terminal], name_, title_, tuple(lines or ()), at)  # type: ignore[arg-type]

    def header_word(self, _: Span, token: Token) -> Token:
        return token

    def region(self, at: Span, _: Token, rest: Token) -> s.Region:
        return s.Region(rest.text, at)

    def document_line(self, at: Span, _: Token, rest: Token) -> s.DocumentLine:
        return s.DocumentLine(rest.text, at)

    def effective(
        self, at: Span, _: Token, period: s.Period, cite: Cite, __: Token | None, reason: s.Text | None
    ) -> s.Effective:
        return s.Effective(period, cite, reason, at)

    def insurances(self, at: Span, _: Token, names: Names, word: Token, cite: Cite) -> s.Insurances:
        return s.Insurances(names, word.terminal == "SEPARATE", cite, at)

    def inherits(self, at: Span, _: Token, name: s.Name) -> s.Inherits:
        return s.Inherits(name, at)

    def stage_order(self, at: Span, _: Token, names: Names) -> s.StageOrder:
        return s.StageOrder(names, at)

    def period(
        self, at: Span, start: s.DateText, _: Token, __: Token | None = None, end: s.DateText | None = None
    ) -> s.Period:
        return s.Period(start, end, at)

    def day(self, at: Span, token: Token) -> s.DateText:
        if token.terminal == "YEAR":
            return s.DateText(_YEAR.findall(token.text)[0], True, at)
        return self.date(at, token)

    def kind(self, at: Span, _: Token, names: Names, parts: list[s.KindPart]) -> s.Kind:
        return s.Kind(self._all_declared(names), tuple(parts), at)

    def bare_kind(self, at: Span, _: Token, names: Names) -> s.Kind:
        return s.Kind(self._all_declared(names), (), at)

    def _all_declared(self, names: Names) -> Names:
        return tuple(self.declared(name) for name in names)

    def kind_part(self, at: Span, word: Token, names: Names) -> s.KindPart:
        sorts = {"IN": "in", "COVERS": "covers", "BY": "by"}
        if word.terminal == "BY" and len(names) > 1:
            self.findings.append(Finding("P148", names[1].span))
        return s.KindPart(sorts[word.terminal], names, at)  # type: ignore[arg-type]

    def roster(self, at: Span, _: Token, kind: s.Name, units: Texts, cite: Cite) -> s.Roster:
        return s.Roster(kind, units, cite, at)

    def alias(self, at: Span, word: Token, name: s.Name, words: Texts, cite: Cite) -> s.Alias:
        return s.Alias(word.choice == 0, name, words, cite, at)

    def link(
        self, at: Span, _: Token, name: s.Name, __: Token, source: s.Name, cite: Cite, lines: list[tuple[str, Any]]
    ) -> s.Link | None:
        given = {sort: [part for found, part in lines if found == sort] for sort in ("same", "gap", "unless")}
        if len(given["same"]) != 1 or len(given["gap"]) != 1:
            self.findings.append(Finding("P149", name.span, {"name": name.text}))
            return None
        gap_from, gap_to, bound = given["gap"][0]
        return s.Link(name, source, given["same"][0], gap_from, gap_to, bound, tuple(given["unless"]), cite, at)

    def link_same(self, _: Span, __: Token, names: Names) -> tuple[str, Names]:
        return "same", names

    def link_gap(
        self, _: Span, __: Token, start: s.Name, ___: Token, end: s.Name, bound: s.Bound
    ) -> tuple[str, tuple[s.Name, s.Name, s.Bound]]:
        return "gap", (start, end, bound)

    def link_unless(self, _: Span, __: Token, condition: s.Expr) -> tuple[str, s.Expr]:
        return "unless", condition

    def term(
        self, at: Span, _: Token, name: s.Name, __: Token, type_: s.KindOfValue, attributes: Any, meaning: s.Text | None
    ) -> s.Term:
        return s.Term(self.declared(name), type_, attributes, meaning, at)

    def bare_term(
        self, at: Span, _: Token, name: s.Name, __: Token, type_: s.KindOfValue, meaning: s.Text | None
    ) -> s.Term:
        return s.Term(self.declared(name), type_, (), meaning, at)

    def parameter(
        self, at: Span, override: Token | None, _: Token, name: s.Name, __: Token | None, type_: s.KindOfValue | None,
        ___: Token | None, value: s.Expr | None, attributes: Any, cite: Cite, lines: Any,
    ) -> s.Parameter:  # fmt: skip
        is_override = override is not None
        return s.Parameter(
            is_override, self.declared(name), type_, value, attributes or (), cite, tuple(lines or ()), at
        )

    def dated(self, at: Span, when: s.When, _: Token, value: s.Expr, cite: Cite) -> s.Dated:
        return s.Dated(when, value, cite, at)

    def when_period(self, at: Span, period: s.Period) -> s.When:
        return s.When(period, (), at)

    def when_insurance(self, at: Span, _: Token, names: Names) -> s.When:
        return s.When(None, names, at)

    def when_both(self, at: Span, period: s.Period, _: Token, names: Names) -> s.When:
        return s.When(period, names, at)

    def inputs(self, at: Span, _: Token, kinds: Names, fields: list[s.Field]) -> s.Inputs:
        return s.Inputs(kinds, tuple(fields), at)

    def field(
        self, at: Span, override: Token | None, name: s.Name, _: Token | None, type_: s.KindOfValue | None,
        attributes: Any, cite: Cite,
    ) -> s.Field:  # fmt: skip
        return s.Field(override is not None, self.declared(name), type_, attributes or (), cite, at)

    def event(
        self, at: Span, _: Token, name: s.Name, __: Token | None, kinds: Names | None, ___: Token | None,
        evidence: s.Text | None, cite: Cite,
    ) -> s.Event:  # fmt: skip
        return s.Event(self.declared(name), kinds or (), evidence, cite, at)

    def type(self, at: Span, name: s.Name, _: Token | None, per: s.Name | None) -> s.KindOfValue:
        return s.KindOfValue(name, per, (), at)

    def choice(self, at: Span, _: Token, __: Token, options: Names, ___: Token) -> s.KindOfValue:
        return s.KindOfValue(None, None, self._all_declared(options), at)

    def attributes(self, _: Span, *children: s.Attribute | Token) -> tuple[s.Attribute, ...]:
        return tuple(c for c in children if not isinstance(c, Token))

    def flag(self, at: Span, word: Token) -> s.Flag:
        return s.Flag(word.terminal, at)

    def referred(self, at: Span, _: Token, document: Token) -> s.Referred:
        return s.Referred(document.text[1:-1], at)

    def bounds_attribute(self, at: Span, bounds: list[s.Bound]) -> s.Bounds:
        return s.Bounds(tuple(bounds), at)

    def between(self, at: Span, low: s.Expr, _: Token, high: s.Expr) -> s.Between:
        return s.Between(low, high, at)

    def grain(self, at: Span, _: Token, step: s.Expr) -> s.Grain:
        return s.Grain(step, at)

    def default(self, at: Span, _: Token, value: s.Expr) -> s.Default:
        return s.Default(value, at)

    def assumed(self, at: Span, _: Token, value: s.Expr) -> s.Assumed:
        return s.Assumed(value, at)
