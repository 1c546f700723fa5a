"""From what the grammar recognised to the tree: one method for each rule or alias of policy.lark, called bottom up.

A method gets where its rule stands and the rule's parts in order; a part that was left out is None.
"""
# ruff: noqa: D102 -- a method is named after its rule and gets its parts; the node it builds says the rest

from typing import Any

from grammar import syntax as s
from grammar.build_declarations import Cite, DeclarationBuilder, Names, Texts
from grammar.diagnostic import Finding
from grammar.lexer import Token
from grammar.source import Span


class Builder(DeclarationBuilder):
    """Builds one source's tree; what it finds on the way goes to ``findings``."""

    def start(self, at: Span, header: s.Header, *items: s.Item) -> tuple[Span, s.Header, tuple[s.Item, ...]]:
        return at, header, items

    def _lines(self, _: Span, *children: Any) -> list[Any]:
        return list(children)

    metas = link_lines = parameter_lines = fields = kind_parts = _lines
    blocks = statements = rows = subs = notes = parts = tests = _lines
    entries = identities = assumptions = translation_lines = _lines

    def stage(self, at: Span, _: Token, name: s.Name, blocks: list[s.Block]) -> s.Stage:
        return s.Stage(self.declared(name), tuple(blocks), at)

    def block(self, at: Span, _: Token, kinds: Names, __: Token, statements: list[s.Statement]) -> s.Block:
        return s.Block(kinds, tuple(statements), at)

    def figure(
        self, at: Span, override: Token | None, name: s.Name, blank: Token | None, _: Token, value: s.Expr,
        cite: Cite, subs: list[s.Sub] | None,
    ) -> s.Figure:  # fmt: skip
        return self._figure(at, override, name, blank, value, cite, subs)

    def marginal(
        self, at: Span, override: Token | None, name: s.Name, blank: Token | None, equals: Token, subject: s.Expr,
        _: Token, __: Token | None, ___: Token | None, base: s.Expr | None, ____: Token | None, colon: Token,
        cite: Cite, lines: tuple[Any, Any],
    ) -> s.Figure:  # fmt: skip
        rows, subs = lines
        table = s.Marginal(subject, base, rows, self.span(equals).to(self.span(colon)))
        return self._figure(at, override, name, blank, table, cite, subs)

    def lookup(
        self, at: Span, override: Token | None, name: s.Name, blank: Token | None, by: Token,
        subjects: tuple[s.Expr, ...], _: Token, colon: Token, cite: Cite, lines: tuple[Any, Any],
    ) -> s.Figure:  # fmt: skip
        rows, subs = lines
        table = s.Lookup(subjects, rows, self.span(by).to(self.span(colon)))
        return self._figure(at, override, name, blank, table, cite, subs)

    def cases(
        self, at: Span, override: Token | None, name: s.Name, blank: Token | None, by: Token, _: Token,
        colon: Token, cite: Cite, lines: tuple[Any, Any],
    ) -> s.Figure:  # fmt: skip
        rows, subs = lines
        table = s.Cases(rows, self.span(by).to(self.span(colon)))
        return self._figure(at, override, name, blank, table, cite, subs)

    def _figure(
        self, at: Span, override: Token | None, name: s.Name, blank: Token | None, body: s.Expr | s.Table,
        cite: Cite, subs: list[s.Sub] | None,
    ) -> s.Figure:  # fmt: skip
        return s.Figure(override is not None, self.declared(name), blank is not None, body, cite, tuple(subs or ()), at)

    def subjects(self, _: Span, *children: s.Expr | Token) -> tuple[s.Expr, ...]:
        return tuple(c for c in children if not isinstance(c, Token))

    def table_lines(self, _: Span, rows: list[s.Row], subs: list[s.Sub] | None) -> tuple[tuple[s.Row, ...], Any]:
        return tuple(rows), subs

    def row(self, at: Span, cells: tuple[s.Cell, ...], _: Token, value: s.Expr | s.Absent, cite: Cite) -> s.Row:
        return s.Row(cells, value, cite, at)

    def cells(self, _: Span, *children: s.Cell | Token) -> tuple[s.Cell, ...]:
        return tuple(c for c in children if not isinstance(c, Token))

    def bounds_cell(self, at: Span, bounds: list[s.Bound], part: Token | None) -> s.BoundsCell:
        return s.BoundsCell(tuple(bounds), part is not None, at)

    def suffix_cell(self, at: Span, value: s.Expr, word: Token, part: Token | None) -> s.SuffixCell:
        return s.SuffixCell(value, s.Word(word.terminal, word.choice), part is not None, at)

    def values_cell(self, at: Span, *children: s.Expr | Token) -> s.ValuesCell:
        return s.ValuesCell(tuple(c for c in children if not isinstance(c, Token)), at)

    def any_cell(self, at: Span, _: Token) -> s.AnyCell:
        return s.AnyCell(at)

    def otherwise_cell(self, at: Span, _: Token) -> s.OtherwiseCell:
        return s.OtherwiseCell(at)

    def absent(self, at: Span, _: Token) -> s.Absent:
        return s.Absent(at)

    def unless(
        self, at: Span, _: Token, condition: s.Expr, __: Token, value: s.Expr | s.Absent, cite: Cite, notes: Any
    ) -> s.Unless:
        return s.Unless(condition, value, cite, tuple(notes or ()), at)

    def reading(
        self, at: Span, _: Token, name: s.Name, __: Token, value: s.Expr, cite: Cite, subs: list[s.Sub] | None
    ) -> s.Reading:
        return s.Reading(self.declared(name), value, cite, tuple(subs or ()), at)

    def reason(self, at: Span, _: Token, text: s.Text) -> s.Reason:
        return s.Reason(text, at)

    def worded(self, at: Span, _: Token, title: s.Text, __: Token | None, detail: s.Detail | None) -> s.Worded:
        return s.Worded(title, detail, at)

    def worded_only(self, at: Span, _: Token, detail: s.Detail) -> s.Worded:
        return s.Worded(None, detail, at)

    def detail(self, _: Span, word: Token) -> s.Detail:
        return "brief" if word.terminal == "BRIEF" else "full"

    def locked(self, at: Span, _: Token) -> s.Locked:
        return s.Locked(at)

    def exceptions(
        self, at: Span, names: Names, _: Token, condition: s.Expr, __: Token, value: s.Expr | s.Absent, cite: Cite,
        notes: Any,
    ) -> s.Exceptions:  # fmt: skip
        return s.Exceptions(names, condition, value, cite, tuple(notes or ()), at)

    def split(self, at: Span, _: Token, whole: s.Expr, __: Token, cite: Cite, parts: list[s.Figure]) -> s.Split:
        return s.Split(whole, cite, tuple(parts), at)

    def allocate(
        self, at: Span, _: Token, whole: s.Expr, __: Token, receiver: s.Name, method: tuple[Any, s.Expr | None],
        shares: dict[str, Any] | None, cite: Cite,
    ) -> s.Allocate:  # fmt: skip
        how, weight = method
        given = shares or {}
        return s.Allocate(
            whole, receiver, how, weight, given.get("part"), given.get("spare"), given.get("each"), given.get("left"),
            cite, at,
        )  # fmt: skip

    def method(self, _: Span, word: Token) -> tuple[str, None]:
        return ("equally" if word.terminal == "EQUALLY" else "in_order"), None

    def by_weight(self, _: Span, __: Token, weight: s.Expr) -> tuple[str, s.Expr]:
        return "by_weight", weight

    def shares(self, _: Span, *children: Token | tuple[str, Any, Token]) -> dict[str, Any]:
        given: dict[str, Any] = {}
        for child in children:
            if isinstance(child, Token):
                continue
            sort, value, word = child
            if sort in given:
                self.findings.append(Finding("P150", self.span(word), {"word": word.text}))
            given[sort] = value
        return given

    def share_part(self, _: Span, word: Token, name: s.Name) -> tuple[str, s.Name, Token]:
        return "part", self.declared(name), word

    def share_spare(self, _: Span, word: Token, __: Token, who: Token | s.Text) -> tuple[str, Any, Token]:
        return "spare", who.terminal.lower() if isinstance(who, Token) else who, word

    def share_each(self, _: Span, word: Token, bound: s.Bound) -> tuple[str, s.Bound, Token]:
        return "each", bound, word

    def share_left(self, _: Span, word: Token, __: Token, name: s.Name) -> tuple[str, s.Name, Token]:
        return "left", self.declared(name), word

    def indicator(
        self, at: Span, _: Token, name: s.Name, __: Token, value: s.Expr, ___: Token, ____: Token,
        target: list[s.Bound] | Token, _____: Token, ______: Token, word: Token, cite: Cite,
    ) -> s.Indicator:  # fmt: skip
        consequences = {"NONE": "none", "POINTS": "points", "MONEY_EFFECT": "money"}
        bounds = () if isinstance(target, Token) else tuple(target)
        return s.Indicator(self.declared(name), value, bounds, consequences[word.terminal], cite, at)  # type: ignore[arg-type]

    def gate(
        self, at: Span, _: Token, name: s.Name | None, word: Token, __: Token | None, settled: Token | None, ___: Token,
        cite: Cite, tests: list[s.Test],
    ) -> s.Gate:  # fmt: skip
        name = name and self.declared(name)
        return s.Gate(name, word.terminal == "ALL_OF", settled is not None, tuple(tests), cite, at)

    def test(self, at: Span, condition: s.Expr, _: Token | None, evidence: s.Text | None, cite: Cite) -> s.Test:
        return s.Test(condition, evidence, cite, at)

    def uses(self, at: Span, _: Token, name: s.Name, __: Token, allowed: Texts, cite: Cite) -> s.Uses:
        return s.Uses(name, allowed, cite, at)

    def checks(self, at: Span, _: Token, entries: list[s.Identity | s.IdentityBlock]) -> s.Checks:
        return s.Checks(tuple(entries), at)

    def identity_block(
        self, at: Span, _: Token, kinds: Names, __: Token, identities: list[s.Identity]
    ) -> s.IdentityBlock:
        return s.IdentityBlock(kinds, tuple(identities), at)

    def identity(self, at: Span, condition: s.Expr, cite: Cite) -> s.Identity:
        return s.Identity(condition, cite, at)

    def scenario(
        self, at: Span, _: Token, name: s.Name, title: s.Text | None, assumptions: list[s.Assumption]
    ) -> s.Scenario:
        return s.Scenario(self.declared(name), title, tuple(assumptions), at)

    def assumption(
        self, at: Span, name: s.Name, _: Token, value: s.Expr, __: Token | None, reason: s.Text | None
    ) -> s.Assumption:
        return s.Assumption(name, value, reason, at)

    def translations(self, at: Span, _: Token, lines: list[s.Translation]) -> s.Translations:
        return s.Translations(tuple(lines), at)

    def translation(self, at: Span, name: s.Name, _: Token, identifier: s.Name, words: s.Text | None) -> s.Translation:
        return s.Translation(None, name, self.declared(identifier), words, at)

    def kind_translation(
        self, at: Span, kind: s.Name, _: Token, name: s.Name, __: Token, identifier: s.Name, words: s.Text | None
    ) -> s.Translation:
        return s.Translation(kind, name, self.declared(identifier), words, at)
