"""Another county's rules without what only that county decided: every number and list of its own is open again."""

from collections.abc import Collection, Iterator
from dataclasses import fields, is_dataclass, replace
from typing import Any

from engine.nouns.core import Scheme
from engine.nouns.kinds import Base
from grammar import syntax as s
from grammar.source import Span


def reopened(document: s.Document, scheme: Scheme, code: str, title: str, firm: Collection[str] = ()) -> s.Document:
    """The rule file under a new name: parameters and targets open; no roster, scenario, reading or place of its own.

    ``firm`` are parameters that must have a value for the rules to check, such as the bound of a datum.
    """
    header = document.header
    lines = tuple(_without_ground(line) for line in header.lines if not isinstance(line, s.Region | s.DocumentLine))
    new = replace(header, name=replace(header.name, text=code), title=replace(header.title, text=title), lines=lines)
    gone = {node.name.text for node in _nodes(document.items) if isinstance(node, s.Scenario | s.Reading)}
    items = tuple(_item(item, scheme, firm, gone) for item in document.items if not _is_theirs(item))
    return replace(document, header=new, items=items, comments=())


def _is_theirs(item: s.Item) -> bool:
    """Whether it lists the other county's units, assumes for its sake or gives its document's own words."""
    return isinstance(item, s.Roster | s.Scenario) or (isinstance(item, s.Alias) and item.called_here)


def borrowed_numbers(document: s.Document) -> Iterator[tuple[str, str, s.Citation | None]]:
    """Numbers and days that still stand in a rule itself: the rule's name, the number as written, its clause."""
    for item in document.items:
        if isinstance(item, s.Parameter) and isinstance(item.value, s.Quantity):
            yield item.name.text, f"{item.value.number}{item.value.unit or ''}", item.cite
        if not isinstance(item, s.Stage):
            continue
        for statement in (each for block in item.blocks for each in block.statements):
            name = _name_of(statement)
            cite = getattr(statement, "cite", None)
            for node in _nodes(statement):
                if isinstance(node, s.Quantity) and (node.number, node.unit) not in _PLAIN:
                    yield name, f"{node.number}{node.unit or ''}", cite
                elif isinstance(node, s.DateText):
                    yield name, node.text, cite


# Nought, one, the whole and the months and years of an average decide nothing.
_PLAIN = {("0", "元"), ("0", "%"), ("100", "%"), ("0", "个百分点"), ("0", None), ("1", None), ("12", None), ("3", None)}


def _without_ground(line: s.Meta) -> s.Meta:
    """A day from which rules hold stands without the other document's clause: it is still to be confirmed."""
    return replace(line, cite=None, reason=None) if isinstance(line, s.Effective) else line


def _item(item: s.Item, scheme: Scheme, firm: Collection[str], gone: Collection[str]) -> s.Item:
    match item:
        case s.Parameter(name=name):
            return item if name.text in firm else _parameter(item, scheme)
        case s.Translations(lines=lines):
            return replace(item, lines=tuple(line for line in lines if line.name.text not in gone))
        case s.Stage(blocks=blocks):
            open_blocks = tuple(replace(b, statements=tuple(_statement(x) for x in b.statements)) for b in blocks)
            return replace(item, blocks=open_blocks)
        case _:
            return item


def _parameter(node: s.Parameter, scheme: Scheme) -> s.Parameter:
    if any(isinstance(a, s.Flag) and a.terminal == "NOT_APPLICABLE" for a in node.attributes):
        return node
    known = scheme.parameters[node.name.text]
    kept = tuple(a for a in node.attributes if isinstance(a, s.Between | s.Bounds | s.Grain) or _says(a, "LEFT_OUT"))
    if known.kind.base is Base.RATIO and not any(isinstance(a, s.Between | s.Bounds) for a in kept):
        kept = (s.Between(_percent("0", node.span), _percent("100", node.span), node.span), *kept)
    order = [a for a in kept if not _says(a, "LEFT_OUT")]
    attributes = (*order, s.Flag("OPEN", node.span), *(a for a in kept if _says(a, "LEFT_OUT")))
    type_ = node.type or s.KindOfValue(s.Name(known.kind.words.zh, node.span), None, (), node.span)
    cite = node.cite or next((x.cite for x in node.lines if isinstance(x, s.Dated) and x.cite), None)
    return replace(node, override=False, type=type_, value=None, attributes=attributes, cite=cite, lines=())


def _says(attribute: s.Attribute, terminal: str) -> bool:
    return isinstance(attribute, s.Flag) and attribute.terminal == terminal


def _percent(number: str, span: Span) -> s.Quantity:
    return s.Quantity(number, "%", None, span)


def _statement(statement: s.Statement) -> s.Statement:
    """A statement without a target, and without what was said of how another document is read."""
    match statement:
        case s.Indicator():
            return replace(statement, target=())
        case s.Figure() | s.Exceptions():
            return replace(statement, subs=_plain(statement.subs))
        case s.Split(parts=parts):
            return replace(statement, parts=tuple(replace(part, subs=_plain(part.subs)) for part in parts))
        case _:
            return statement


def _plain(subs: tuple[s.Sub, ...]) -> tuple[s.Sub, ...]:
    kept = (sub for sub in subs if not isinstance(sub, s.Reason | s.Reading))
    return tuple(replace(sub, subs=_plain(sub.subs)) if isinstance(sub, s.Unless) else sub for sub in kept)


def _name_of(statement: s.Statement) -> str:
    match statement:
        case s.Figure(name=name) | s.Indicator(name=name) | s.Uses(name=name):
            return name.text
        case s.Exceptions(names=names):
            return "、".join(name.text for name in names)
        case s.Split(parts=parts):
            return "、".join(part.name.text for part in parts)
        case s.Allocate(part=part, left=left):
            return part.text if part else left.text if left else "分配"
        case s.Gate():
            return "准入"


def _nodes(node: Any) -> Iterator[object]:
    """A node of the tree and everything under it."""
    if isinstance(node, tuple):
        for each in node:
            yield from _nodes(each)
    elif is_dataclass(node) and not isinstance(node, Span):
        yield node
        for field in fields(node):
            if field.name != "span":
                yield from _nodes(getattr(node, field.name))
