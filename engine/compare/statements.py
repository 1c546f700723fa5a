"""The statements of rule files, found by a place in them and printed in one language's own words."""

from collections.abc import Iterable, Iterator
from dataclasses import fields, is_dataclass, replace
from typing import Any

from grammar import syntax as s
from grammar.diagnostic import Language
from grammar.frozen import dataclass
from grammar.printer import print_lines
from grammar.source import Span


@dataclass(frozen=True, slots=True)
class Statement:
    """The smallest thing that can be printed by itself: a statement, a line of 数据, a declaration, a header's line."""

    node: s.Item | s.Statement | s.Meta | s.Header
    span: Span

    @property
    def place(self) -> str:
        """Where it stands."""
        return f"{self.span.source.name}:{self.span.line}"

    def lines(self, language: Language) -> tuple[str, ...]:
        """It as the language prints it, one space where the printer puts columns."""
        return tuple(" ".join(line.split()) for line in print_lines(self.node, language))


class Statements:
    """All statements of a scheme's documents, by the place where anything inside them begins."""

    def __init__(self, documents: Iterable[s.Document]) -> None:
        self._by_place: dict[tuple[str, int, int], Statement] = {}
        self._by_name: dict[tuple[str, str], Statement] = {}
        for document in documents:
            self._header(document.header)
            for item in document.items:
                self._item(item)

    def at(self, span: Span | None) -> Statement | None:
        """The statement that something at a place belongs to."""
        return None if span is None else self._by_place.get((span.source.name, span.line, span.column))

    def named(self, sort: str, name: str) -> Statement | None:
        """A roster, a scenario, an alias or a line of the header by what it is about; the last that speaks of it."""
        return self._by_name.get((sort, name))

    def _header(self, header: s.Header) -> None:
        if header.sort != "scheme":
            return
        self._by_name["header", ""] = Statement(header, header.name.span)
        for line in header.lines:
            word = _HEADER_LINES.get(type(line))
            if word is not None:
                self._by_name["header", word] = Statement(line, line.span)

    def _item(self, item: s.Item) -> None:
        match item:
            case s.Stage(blocks=blocks):
                for block in blocks:
                    for statement in block.statements:
                        self._statement(statement)
            case s.Inputs(fields=lines):
                for line in lines:
                    self._register(line, Statement(replace(item, fields=(line,)), line.span))
            case s.Checks(entries=entries):
                for entry in entries:
                    for identity in entry.identities if isinstance(entry, s.IdentityBlock) else (entry,):
                        one = replace(entry, identities=(identity,)) if isinstance(entry, s.IdentityBlock) else entry
                        self._register(identity, Statement(replace(item, entries=(one,)), identity.span))
            case _:
                self._register(item, Statement(item, item.span))
                if isinstance(item, s.Roster):
                    self._by_name["roster", item.kind.text] = Statement(item, item.span)
                if isinstance(item, s.Scenario | s.Alias):
                    sort = "scenario" if isinstance(item, s.Scenario) else "alias"
                    self._by_name[sort, item.name.text] = Statement(item, item.span)

    def _statement(self, node: s.Statement) -> None:
        self._register(node, Statement(node, node.span))
        if isinstance(node, s.Split):
            for part in node.parts:
                self._register(part, Statement(part, part.span))

    def _register(self, node: Any, owner: Statement) -> None:
        for span in _spans(node):
            self._by_place[span.source.name, span.line, span.column] = owner


_HEADER_LINES: dict[type, str] = {
    s.Region: "地区", s.DocumentLine: "文件", s.Effective: "施行", s.Insurances: "险种", s.StageOrder: "环节次序",
}  # fmt: skip


def _spans(node: Any) -> Iterator[Span]:
    """The spans of a node and of everything inside it."""
    if isinstance(node, tuple):
        for item in node:
            yield from _spans(item)
    elif isinstance(node, Span):
        yield node
    elif is_dataclass(node):
        for field in fields(node):
            yield from _spans(getattr(node, field.name))
