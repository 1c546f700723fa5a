"""YAML as text with places: every scalar stays as written, and what only a programmer would write is refused."""

import re
from collections import abc
from collections.abc import Iterator
from typing import TypeAlias

from engine.load.text import name_text, refused_character
from engine.load.yaml_events import Event, plain_events
from grammar.diagnostic import Finding, FindingsError, Place
from grammar.frozen import dataclass


@dataclass(frozen=True, slots=True)
class Scalar:
    """One value as written; empty where the file says null, ``~`` or nothing."""

    text: str
    place: Place


@dataclass(frozen=True, slots=True)
class Sequence:
    """A list of nodes."""

    items: "tuple[Node, ...]"
    place: Place


@dataclass(frozen=True, slots=True)
class Mapping:
    """Nodes by their keys in the order written, and the place of each key."""

    entries: "abc.Mapping[str, Node]"
    keys: abc.Mapping[str, Place]
    place: Place


Node: TypeAlias = Scalar | Sequence | Mapping
Plain: TypeAlias = "str | list[Plain] | dict[str, Plain]"


def read_tree(text: str, file: str) -> Node:
    """The tree of a YAML text, whatever its shape; an empty text is an empty scalar."""
    tree, findings = walk(text, file)
    if tree is None or findings:
        raise FindingsError(findings)
    return tree


def as_plain(node: Node) -> Plain:
    """The tree without its places: dict, list and str."""
    match node:
        case Scalar(text=text):
            return text
        case Sequence(items=items):
            return [as_plain(item) for item in items]
        case Mapping(entries=entries):
            return {key: as_plain(value) for key, value in entries.items()}


def walk(text: str, file: str) -> tuple[Node | None, list[Finding]]:
    """The tree with all that was found on the way; no tree where the text could not be followed to its end."""
    if len(text) > _CHARACTERS_AT_MOST:
        return None, [Finding("D003", Place(file), {"limit": f"{_CHARACTERS_AT_MOST >> 20} MiB"})]
    plain = plain_events(text)
    passage = _Walk(file, iter(plain) if plain is not None else _parsed(text, file))
    try:
        return passage.document(), passage.findings
    except _StopError:
        return None, passage.findings
    except FindingsError as error:
        return None, [*passage.findings, *error.findings]


def _parsed(text: str, file: str) -> Iterator[Event]:
    from engine.load.yaml_parser import parsed_events

    return parsed_events(text, file)


_CHARACTERS_AT_MOST = 16 << 20
_DEPTH_AT_MOST = 8
_NULLS = frozenset(("", "~", "null", "Null", "NULL"))
# `{名称：甲}` and `{名称:甲}` are one long key to YAML, `{预算: 1,200,000}` is three keys; nobody means that.
_COLON = re.compile("[:：]")
_THOUSANDS = re.compile(r"[0-9]{3}(\.[0-9]+)?")


class _StopError(Exception):
    """A finding after which reading on makes no sense."""


class _Walk:
    """One passage over the events of a text, building the tree and gathering findings."""

    def __init__(self, file: str, events: Iterator[Event]) -> None:
        self.file = file
        self.findings: list[Finding] = []
        self._events = events

    def document(self) -> Node:
        root: Node | None = None
        for event in self._events:
            if event.sort == "document":
                if event.tagged:
                    self._tell("D015", self._place(event))
                if root is not None:
                    self._tell("D014", self._place(event))
                    return root
                root = self._node(next(self._events), 1)
        return root or Scalar("", Place(self.file, 1, 1))

    def _node(self, event: Event, depth: int) -> Node:
        place = self._place(event)
        if event.anchored:
            self._tell("D011", place)
        if event.tagged:
            self._tell("D012", place)
        match event.sort:
            case "scalar":
                return Scalar(self._text(event, place), place)
            case "mapping":
                self._refuse_depth(depth, place)
                return self._mapping(place, depth + 1, in_braces=event.in_braces)
            case "sequence":
                self._refuse_depth(depth, place)
                return self._sequence(place, depth + 1)
            case _:
                return Scalar("", place)

    def _text(self, event: Event, place: Place) -> str:
        if not event.quoted:
            return "" if event.text in _NULLS else event.text
        # An escape brings in what the file itself could not hold.
        if code_point := refused_character(event.text):
            self._tell("D002", place, code_point=code_point)
        return event.text

    def _sequence(self, place: Place, depth: int) -> Sequence:
        items = []
        while (event := next(self._events)).sort != "end":
            items.append(self._node(event, depth))
        return Sequence(tuple(items), place)

    def _mapping(self, place: Place, depth: int, *, in_braces: bool) -> Mapping:
        entries: dict[str, Node] = {}
        keys: dict[str, Place] = {}
        while (event := next(self._events)).sort != "end":
            key = self._node(event, depth)
            value = self._node(next(self._events), depth)
            if not isinstance(key, Scalar):
                self._tell("D017", key.place)
                continue
            name = name_text(key.text)
            lone = in_braces and isinstance(value, Scalar) and not value.text
            if lone and _THOUSANDS.fullmatch(name):
                self._tell("D020", key.place, digits=name)
            elif lone and _COLON.search(name):
                self._tell("D006", key.place)
            elif not name:
                self._tell("D019", key.place)
            elif name == "<<":
                self._tell("D013", key.place)
            elif name in keys:
                self._tell("D018", key.place, name=name, line=keys[name].line)
            else:
                entries[name] = value
                keys[name] = Place(self.file, key.place.line, key.place.column, key=name)
        return Mapping(entries, keys, place)

    def _refuse_depth(self, depth: int, place: Place) -> None:
        if depth > _DEPTH_AT_MOST:
            self._tell("D016", place, limit=_DEPTH_AT_MOST)
            raise _StopError

    def _place(self, event: Event) -> Place:
        return Place(self.file, event.line, event.column)

    def _tell(self, code: str, place: Place, **values: object) -> None:
        self.findings.append(Finding(code, place, values))
