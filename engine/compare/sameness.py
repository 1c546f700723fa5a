"""What a rule says, stripped of how and where it is written, so that two spellings of one rule are equal."""

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from typing import Any

from engine.nouns import core as c

# What a node keeps only for its author's words, or what follows from what it is made of.
_NOT_SAID = frozenset({"span", "kind", "written", "text", "clauses", "reason", "above"})


def said(node: Any) -> Any:
    """A comparable form of an expression: layout, spelling, citations and derived kinds left aside."""
    match node:
        case c.Constant(value=value, kind=kind):
            return ("Constant", value, kind)
        case c.Remaining():
            # The whole and the parts above are the split's own.
            return ("Remaining",)
        case c.Branch(condition=condition, value=value):
            return ("Branch", said(condition), said(value))
        case tuple():
            return tuple(said(item) for item in node)
        case Mapping():
            return tuple(sorted((key, said(value)) for key, value in node.items()))
        case _ if is_dataclass(node):
            name = type(node).__name__
            return (name, *(said(getattr(node, f.name)) for f in fields(node) if f.name not in _NOT_SAID))
        case _:
            return node


def cited(node: Any) -> tuple[str, ...]:
    """The clauses cited inside an expression, in order: those of the rows of its tables."""
    return tuple(dict.fromkeys(_cited(node)))


def _cited(node: Any) -> Iterator[str]:
    if isinstance(node, c.Choose):
        for branch in node.branches:
            yield from branch.clauses
    if not isinstance(node, c.NoFigure) and node is not None:
        for child in c.children(node):
            yield from _cited(child)
