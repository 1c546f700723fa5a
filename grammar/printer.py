"""A tree as text in the one canonical layout, in either language."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import assert_never

from grammar import syntax as s
from grammar.diagnostic import Language, width
from grammar.frozen import dataclass
from grammar.print_expressions import ExpressionPrinter
from grammar.source import Span

CITE_COLUMN = 60
INDENT = "  "


def print_document(document: s.Document, language: Language) -> str:
    """The text of a rule file in one language; names stand as they are."""
    lines = list(_Printer(language).document(document))
    return "\n".join(_with_comments(lines, document)) + "\n"


def print_lines(node: s.Item | s.Statement | s.Header | s.Meta, language: Language) -> tuple[str, ...]:
    """The lines of one item, statement, header or line of it, without comments, from the left margin."""
    printer = _Printer(language)
    if isinstance(node, s.Header | s.Meta):
        lines = printer.head(node)
    else:
        lines = printer.item(node) if isinstance(node, s.Item) else printer.statement(node)
    return tuple(INDENT * line.depth + line.text for line in lines)


@dataclass(frozen=True, slots=True)
class _Line:
    """A line to print, and the lines of the source it was written on."""

    depth: int
    text: str
    start: int
    end: int


class _Printer(ExpressionPrinter):
    """Prints the lines of a document."""

    def document(self, document: s.Document) -> Iterator[_Line]:
        """Every line."""
        yield from self._header(document.header)
        for item in document.items:
            yield from self._item(item)

    def head(self, node: s.Header | s.Meta) -> Iterator[_Line]:
        """The lines of the header, or one of them."""
        if isinstance(node, s.Header):
            yield from self._header(node)
        else:
            yield replace(self._meta(node), depth=0)

    def item(self, item: s.Item) -> Iterator[_Line]:
        """The lines of one item."""
        return self._item(item)

    def statement(self, statement: s.Statement) -> Iterator[_Line]:
        """The lines of one statement."""
        return self._statement(0, statement)

    def _line(self, depth: int, at: Span, text: str, cite: s.Citation | None = None, *, after: str = "") -> _Line:
        """A line with its citation at its column; ``at`` is where its last part stands, ``after`` follows all."""
        if cite:
            text += " " * max(CITE_COLUMN - width(INDENT * depth + text), 2) + self.cite(cite)
        return _Line(depth, f"{text} {after}" if after else text, at.line, (cite.span if cite else at).end_line)

    def _header(self, header: s.Header) -> Iterator[_Line]:
        key = self.key({"scheme": "SCHEME", "vocabulary": "VOCABULARY", "amendment": "AMENDMENT"}[header.sort])
        head = header.name.span.to(header.title.span)
        yield self._line(0, head, f"{key} {header.name.text} {self.texts([header.title])}")
        for line in header.lines:
            yield self._meta(line)

    def _meta(self, line: s.Meta) -> _Line:
        at = line.span
        match line:
            case s.Region(text=text):
                return self._line(1, at, f"{self.key('REGION')} {text}")
            case s.DocumentLine(text=text):
                return self._line(1, at, f"{self.key('DOCUMENT')} {text}")
            case s.Effective(period=period, cite=cite, reason=reason):
                return self._line(
                    1, at, f"{self.key('EFFECTIVE')} {self.period(period)}", cite, after=self._reason(reason)
                )
            case s.Insurances(names=names, separate=separate, cite=cite):
                how = self.key("SEPARATE" if separate else "COMBINED")
                return self._line(1, at, f"{self.key('INSURANCE')} {self.names(names)} {how}", cite)
            case s.Inherits(name=name):
                return self._line(1, at, f"{self.key('INHERITS')} {name.text}")
            case s.StageOrder(names=names):
                return self._line(1, at, f"{self.key('ORDER')} {self.names(names)}")
            case _:
                assert_never(line)

    def _reason(self, reason: s.Text | None) -> str:
        return f"{self.key('REASON')} {self.texts([reason])}" if reason else ""

    def _item(self, item: s.Item) -> Iterator[_Line]:
        at = item.span
        match item:
            case s.Kind(names=names, parts=parts):
                words = {"in": "IN", "covers": "COVERS", "by": "BY"}
                rest = (f" {self.key(words[part.sort])} {self.names(part.names)}" for part in parts)
                yield self._line(0, at, f"{self.key('KIND')} {self.names(names)}{''.join(rest)}")
            case s.Roster(kind=kind, units=units, cite=cite):
                yield self._line(0, at, f"{self.key('ROSTER')} {kind.text} {self.texts(units)}", cite)
            case s.Alias(called_here=here, name=name, words=aliases, cite=cite):
                yield self._line(
                    0, at, f"{self.key('ALIAS', 0 if here else 1)} {name.text} {self.texts(aliases)}", cite
                )
            case s.Link():
                yield from self._link(item)
            case s.Term(name=name, type=type_, attributes=attributes, meaning=meaning):
                said = f"{self.key('TERM')} {name.text}: {self.type(type_)}{self._attributes(attributes)}"
                yield self._line(0, at, said, after=self.texts([meaning]) if meaning else "")
            case s.Parameter():
                yield from self._parameter(item)
            case s.Inputs(kinds=kinds, fields=fields):
                yield self._line(0, _head(at, *kinds), f"{self.key('INPUT')} {self.names(kinds)}")
                for field in fields:
                    said = (
                        self._override(field.override)
                        + field.name.text
                        + self._typed(field.type)
                        + self._attributes(field.attributes)
                    )
                    yield self._line(1, field.span, said, field.cite)
            case s.Event(name=name, kinds=kinds, evidence=evidence, cite=cite):
                for_ = f" {self.key('FOR')} {self.names(kinds)}" if kinds else ""
                yield self._line(0, at, f"{self.key('EVENT')} {name.text}{for_}{self._evidence(evidence)}", cite)
            case s.Stage(name=name, blocks=blocks):
                yield self._line(0, _head(at, name), f"{self.key('STAGE')} {name.text}")
                for block in blocks:
                    yield self._line(
                        1, _head(block.span, *block.kinds), f"{self.key('FOR')} {self.names(block.kinds)}:"
                    )
                    for statement in block.statements:
                        yield from self._statement(2, statement)
            case s.Checks(entries=entries):
                yield self._line(0, _head(at), self.key("CHECKS"))
                for entry in entries:
                    yield from self._check(entry)
            case s.Scenario(name=name, title=title, assumptions=assumptions):
                said = f"{self.key('SCENARIO')} {name.text}"
                yield self._line(0, _head(at, title or name), said, after=self.texts([title]) if title else "")
                for given in assumptions:
                    said = f"{given.name.text} = {self.expr(given.value)}"
                    yield self._line(1, given.span, said, after=self._reason(given.reason))
            case s.Translations(lines=lines):
                yield self._line(0, _head(at), self.key("NAMES"))
                for line in lines:
                    kind_ = f"{line.kind.text}." if line.kind else ""
                    said = f"{kind_}{line.name.text} = {line.identifier.text}"
                    yield self._line(1, line.span, said, after=self.texts([line.words]) if line.words else "")
            case _:
                assert_never(item)

    def _typed(self, type_: s.KindOfValue | None) -> str:
        return f": {self.type(type_)}" if type_ else ""

    def _attributes(self, attributes: Iterable[s.Attribute]) -> str:
        return "".join(f", {self.attribute(attribute)}" for attribute in attributes)

    def _evidence(self, evidence: s.Text | None) -> str:
        return f" {self.key('EVIDENCE')} {self.texts([evidence])}" if evidence else ""

    def _link(self, link: s.Link) -> Iterator[_Line]:
        said = f"{self.key('KIND')} {link.name.text} {self.key('MERGED_FROM')} {link.source_kind.text}"
        yield self._line(0, _head(link.span, link.source_kind), said, link.cite)
        yield self._line(1, _head(link.same[0].span, *link.same), f"{self.key('SAME')} {self.names(link.same)}")
        dates = f"{link.gap_from.text} {self.key('UNTIL')} {link.gap_to.text}"
        gap = f"{self.key('GAP')} {dates} {self.bounds([link.bound])}"
        yield self._line(1, link.gap_from.span.to(link.bound.span), gap)
        for condition in link.unless:
            yield self._line(1, condition.span, f"{self.key('UNLESS')} {self.expr(condition)}")

    def _parameter(self, item: s.Parameter) -> Iterator[_Line]:
        said = self._override(item.override) + f"{self.key('PARAMETER')} {item.name.text}{self._typed(item.type)}"
        if item.value:
            said += f" = {self.expr(item.value)}"
        said += self._attributes(item.attributes)
        last = item.attributes[-1] if item.attributes else item.value or item.type or item.name
        yield self._line(0, _head(item.span, last), said, item.cite)
        for line in item.lines:
            if isinstance(line, s.Dated):
                when = [self.period(line.when.period)] if line.when.period else []
                if line.when.insurances:
                    when.append(f"{self.key('INSURANCE')} {self.names(line.when.insurances)}")
                yield self._line(1, line.span, f"{' '.join(when)}: {self.expr(line.value)}", line.cite)
            else:
                yield from self._sub(1, line)

    def _override(self, override: bool) -> str:
        return f"{self.key('OVERRIDE')} " if override else ""

    def _check(self, entry: s.Identity | s.IdentityBlock) -> Iterator[_Line]:
        if isinstance(entry, s.Identity):
            yield self._line(1, entry.span, self.expr(entry.condition), entry.cite)
            return
        yield self._line(1, _head(entry.span, *entry.kinds), f"{self.key('FOR')} {self.names(entry.kinds)}:")
        for identity in entry.identities:
            yield self._line(2, identity.span, self.expr(identity.condition), identity.cite)

    def _statement(self, depth: int, statement: s.Statement) -> Iterator[_Line]:
        at = statement.span
        match statement:
            case s.Figure():
                yield from self._figure(depth, statement)
            case s.Exceptions(names=names, condition=condition, value=value, cite=cite, subs=subs):
                said = f"{self.names(names)} {self.key('UNLESS')} {self.expr(condition)}: {self.value(value)}"
                yield self._line(depth, _head(at, value), said, cite)
                yield from self._subs(depth + 1, subs)
            case s.Split(whole=whole, cite=cite, parts=parts):
                yield self._line(depth, _head(at, whole), f"{self.key('SPLIT')} {self.expr(whole)}:", cite)
                for part in parts:
                    yield from self._figure(depth + 1, part)
            case s.Allocate(cite=cite):
                yield self._line(depth, at, self._allocation(statement), cite)
            case s.Indicator(name=name, value=value, target=target, consequence=consequence, cite=cite):
                aim = self.bounds(target) if target else self.key("OPEN")
                effect = self.key({"none": "NONE", "points": "POINTS", "money": "MONEY_EFFECT"}[consequence])
                said = f"{self.key('INDICATOR')} {name.text} = {self.expr(value)}"
                said += f", {self.key('TARGET')} {aim}, {self.key('CONSEQUENCE')} {effect}"
                yield self._line(depth, at, said, cite)
            case s.Gate(name=name, every=every, not_settled=not_settled, tests=tests, cite=cite):
                said = self.key("GATE") + (f" {name.text}" if name else "")
                said += f" {self.key('ALL_OF' if every else 'ANY_OF')}"
                said += f", {self.key('NOT_SETTLED')}:" if not_settled else ":"
                yield self._line(depth, _head(at), said, cite)
                for test in tests:
                    said = f"{self.expr(test.condition)}{self._evidence(test.evidence)}"
                    yield self._line(depth + 1, test.span, said, test.cite)
            case s.Uses(name=name, allowed=allowed, cite=cite):
                said = f"{self.key('USES')} {name.text} {self.key('LIMITED_TO')} {self.texts(allowed)}"
                yield self._line(depth, at, said, cite)
            case _:
                assert_never(statement)

    def _figure(self, depth: int, figure: s.Figure) -> Iterator[_Line]:
        blank = f" {self.key('WHEN_BLANK')}" if figure.when_blank else ""
        said = f"{self._override(figure.override)}{figure.name.text}{blank}{self._body(figure.body)}"
        yield self._line(depth, _head(figure.span, figure.body), said, figure.cite)
        if isinstance(figure.body, s.Marginal | s.Lookup | s.Cases):
            for row in figure.body.rows:
                cells = " | ".join(self.cell(cell) for cell in row.cells)
                yield self._line(depth + 1, row.span, f"{cells}: {self.value(row.value)}", row.cite)
        yield from self._subs(depth + 1, figure.subs)

    def _body(self, body: s.Expr | s.Table) -> str:
        match body:
            case s.Marginal(subject=subject, base=base):
                on = f", {self.key('WITH')} {self.expr(base)} {self.key('AS_BASE')}" if base else ""
                return f" = {self.expr(subject)} {self.key('MARGINAL')}{on}:"
            case s.Lookup(subjects=subjects):
                by = " | ".join(self.expr(subject) for subject in subjects)
                return f" {self.key('BY')} {by} {self.key('BANDED')}:"
            case s.Cases():
                return f" {self.key('BY')} {self.key('CASES')}:"
            case _:
                return f" = {self.expr(body)}"

    def _subs(self, depth: int, subs: Iterable[s.Sub]) -> Iterator[_Line]:
        for sub in subs:
            yield from self._sub(depth, sub)

    def _sub(self, depth: int, sub: s.Sub) -> Iterator[_Line]:
        match sub:
            case s.Unless(condition=condition, value=value, cite=cite, subs=subs):
                said = f"{self.key('UNLESS')} {self.expr(condition)}: {self.value(value)}"
                yield self._line(depth, _head(sub.span, value), said, cite)
                yield from self._subs(depth + 1, subs)
            case s.Reading(name=name, value=value, cite=cite, subs=subs):
                said = f"{self.key('READING')} {name.text} = {self.expr(value)}"
                yield self._line(depth, _head(sub.span, value), said, cite)
                yield from self._subs(depth + 1, subs)
            case s.Reason(text=text):
                yield self._line(depth, sub.span, self._reason(text))
            case s.Worded(title=title, detail=detail):
                parts = [*([self.texts([title])] if title else ()), *([self.key(detail.upper())] if detail else ())]
                yield self._line(depth, sub.span, f"{self.key('WORDED')} {', '.join(parts)}")
            case s.Locked():
                yield self._line(depth, sub.span, self.key("LOCKED"))
            case _:
                assert_never(sub)

    def _allocation(self, a: s.Allocate) -> str:
        method = {"equally": self.key("EQUALLY"), "in_order": self.key("IN_ORDER"), "by_weight": self.key("BY")}[
            a.method
        ]
        weight = f" {self.expr(a.weight)}" if a.weight else ""
        said = f"{self.key('ALLOCATE')} {self.expr(a.whole)} {self.key('TO')} {a.receiver.text} {method}{weight}"
        if a.each:
            said += f", {self.key('EACH')} {self.bounds([a.each])}"
        if a.part:
            said += f", {self.key('RECORDED_AS')} {a.part.text}"
        if a.spare:
            who = self.texts([a.spare]) if isinstance(a.spare, s.Text) else self.key(a.spare.upper())
            said += f", {self.key('SPARE_FEN')} {self.key('GOES_TO')} {who}"
        if a.left:
            said += f", {self.key('UNALLOCATED')} {self.key('RECORDED_AS')} {a.left.text}"
        return said


def _head(at: Span, *parts: s.Name | s.Expr | s.Table | s.KindOfValue | s.Attribute | s.Absent) -> Span:
    """The head of a statement with lines under it: up to the last of its parts."""
    return at.to(parts[-1].span) if parts else Span(at.source, at.line, at.column, at.line, at.column)


def _with_comments(lines: Sequence[_Line], document: s.Document) -> list[str]:
    """The lines with the comments of the source: before the statement they precede, after the one they end.

    Where something stood at the left margin after an empty line, it does again; after the header there is always one.
    """
    before, ending, last = _placed(lines, document.comments)
    empty = [number for number, text in enumerate(document.span.source.lines, 1) if not text.strip()]
    first_item = next((i for i, line in enumerate(lines) if i and line.depth == 0), len(lines))
    printed: list[str] = []
    seen = 0  # the source line that what is printed goes up to

    def put(depth: int, text: str, start: int, end: int, *, parted: bool = False) -> None:
        nonlocal seen
        skipped = bisect_left(empty, start) - bisect_left(empty, seen)
        if printed and depth == 0 and (skipped or parted):
            printed.append("")
        printed.append(INDENT * depth + text)
        seen = end

    for index, line in enumerate(lines):
        parted = index == first_item
        for comment in before.get(index, ()):
            put(line.depth, comment.text, comment.line, comment.line, parted=parted)
            parted = False
        text = f"{line.text}  {' '.join(ending[index])}" if index in ending else line.text
        put(line.depth, text, line.start, line.end, parted=parted)
    for comment in last:
        put(0, comment.text, comment.line, comment.line)
    return printed


def _placed(
    lines: Sequence[_Line], comments: Iterable[s.Comment]
) -> tuple[dict[int, list[s.Comment]], dict[int, list[str]], list[s.Comment]]:
    """The comments that stand before each line, those that end it, and those after all lines."""
    order = sorted(range(len(lines)), key=lambda index: lines[index].start)
    starts = [lines[index].start for index in order]
    before: dict[int, list[s.Comment]] = {}
    ending: dict[int, list[str]] = {}
    last: list[s.Comment] = []
    for comment in comments:
        place = bisect_right(starts, comment.line) - 1
        if not comment.own_line:
            ending.setdefault(order[place], []).append(comment.text)
        elif place >= 0 and comment.line <= lines[order[place]].end:
            before.setdefault(order[place], []).append(comment)
        elif place + 1 < len(order):
            before.setdefault(order[place + 1], []).append(comment)
        else:
            last.append(comment)
    return before, ending, last
