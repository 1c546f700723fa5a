"""A text with a name, and places in it."""

from dataclasses import field
from functools import cached_property

from grammar.frozen import dataclass


@dataclass(frozen=True)
class Source:
    """A file's text: ``name`` is what findings call it, ``text`` is as read (LF line ends, no BOM)."""

    name: str
    text: str = field(repr=False)

    @cached_property
    def lines(self) -> tuple[str, ...]:
        """The lines without their ends."""
        return tuple(self.text.split("\n"))


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of a source: lines and columns from 1, in characters; the end column is the one after the last."""

    source: Source
    line: int
    column: int
    end_line: int
    end_column: int

    def to(self, other: "Span") -> "Span":
        """The stretch from the start of this one to the end of the other."""
        return Span(self.source, self.line, self.column, other.end_line, other.end_column)

    def __repr__(self) -> str:
        return f"{self.source.name}:{self.line}:{self.column}"


def source_text(span: Span) -> str:
    """The author's own words at a place; only its first line."""
    line = span.source.lines[span.line - 1]
    end = span.end_column - 1 if span.end_line == span.line else len(line)
    return line[span.column - 1 : end].strip()
