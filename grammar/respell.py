"""A rule file's names in the other spelling: Chinese names as English ids and back."""

from collections.abc import Iterable, Mapping
from dataclasses import is_dataclass, replace
from operator import is_not
from typing import Any

from grammar import syntax as s
from grammar.diagnostic import Language
from grammar.frozen import dataclass
from grammar.keywords import GRAINS, KINDS_OF_VALUE, ROW_BUILT_INS, units

Kinds = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Names:
    """Names with their ids.

    ``ids`` is by (kind, Chinese name) and ``chinese`` by (kind, id), the kind None where it does not matter;
    ``words`` are the English words of a name. ``members`` are the kinds of a group, ``parents`` those a kind is in.
    """

    ids: Mapping[tuple[str | None, str], str]
    chinese: Mapping[tuple[str | None, str], str]
    words: Mapping[tuple[str | None, str], str]
    members: Mapping[str, Kinds]
    parents: Mapping[str, Kinds]

    def id_of(self, name: str, kinds: Kinds = ()) -> str | None:
        """The id of a Chinese name on a row of one of these kinds; None where it has none."""
        return self._found(self.ids, name, kinds)

    def chinese_of(self, identifier: str, kinds: Kinds = ()) -> str | None:
        """The Chinese name behind an id on a row of one of these kinds; None where it is no id."""
        return self._found(self.chinese, identifier, kinds)

    def as_chinese(self, name: str) -> str:
        """A name that belongs to no kind, in Chinese."""
        return self.chinese.get((None, name), name)

    def _found(self, table: Mapping[tuple[str | None, str], str], name: str, kinds: Kinds) -> str | None:
        each = {table.get((kind, name)) for kind in self._spread(kinds)}
        if len(each) == 1 and None not in each:
            return each.pop()
        return None if each - {None} else table.get((None, name))

    def _spread(self, kinds: Kinds) -> Kinds:
        return tuple(member for kind in kinds for member in self.members.get(kind, (kind,)))

    def parents_of(self, kinds: Kinds) -> Kinds:
        """The kinds whose rows the rows of these kinds belong to."""
        return tuple(dict.fromkeys(parent for kind in self._spread(kinds) for parent in self.parents.get(kind, ())))


def names_of(*documents: s.Document) -> Names:
    """The names that 译名 gives in these documents, the earlier ones first; reserved names have ids of their own."""
    found: dict[tuple[str | None, str], str] = {
        (None, name): identifier
        for table in (KINDS_OF_VALUE, GRAINS, ROW_BUILT_INS)
        for name, identifier in table.items()
    }
    words: dict[tuple[str | None, str], str] = {}
    lines = [line for d in documents for item in d.items if isinstance(item, s.Translations) for line in item.lines]
    for line in lines:
        if line.kind is None:
            found.setdefault((None, line.name.text), line.identifier.text)
    plain = {identifier: name for (_, name), identifier in reversed(found.items())}
    for line in lines:
        kind = plain.get(line.kind.text, line.kind.text) if line.kind else None
        found.setdefault((kind, line.name.text), line.identifier.text)
        if line.words:
            words.setdefault((kind, line.name.text), line.words.text)
    members: dict[str, Kinds] = {}
    parents: dict[str, Kinds] = {}
    for kind_ in (item for d in documents for item in d.items if isinstance(item, s.Kind)):
        for part in kind_.parts:
            others = tuple(plain.get(other.text, other.text) for other in part.names)
            for name in kind_.names if part.sort != "by" else ():
                table = members if part.sort == "covers" else parents
                table.setdefault(plain.get(name.text, name.text), others)
    chinese = {(kind, identifier): name for (kind, name), identifier in reversed(found.items())}
    return Names(found, chinese, words, members, parents)


def respell(document: s.Document, language: Language, names: Names) -> s.Document:
    """The document with every name that has an id in the spelling of a language; a name without an id stays."""
    respelt = _Respelling(language, names)
    return replace(
        document,
        language=language,
        header=respelt.tree(document.header, ()),
        items=tuple(respelt.tree(item, ()) for item in document.items),
    )


class _Respelling:
    """Goes through a tree knowing the kinds of the row that each name is read on."""

    def __init__(self, language: Language, names: Names) -> None:
        self._language = language
        self._names = names
        english = {unit.zh: unit.en for unit in units()}
        self._units = english if language == "en" else {en: zh for zh, en in english.items()}

    def tree(self, node: Any, kinds: Kinds) -> Any:
        """A node with its names respelt; ``kinds`` are those of the row it speaks of."""
        if isinstance(node, s.Name):
            return self._name(node, kinds)
        elsewhere = self._elsewhere(node, kinds)
        changed: dict[str, Any] = {}
        for field in node.__dataclass_fields__:
            part = getattr(node, field)
            inner = elsewhere.get(field, kinds)
            if inner is None or field == "span":
                continue
            respelt = part
            if isinstance(part, tuple):
                each = [self.tree(each, inner) for each in part]
                respelt = tuple(each) if any(map(is_not, each, part)) else part
            elif isinstance(node, s.KindOfValue) and field == "per" and part and part.text in self._units:
                respelt = replace(part, text=self._units[part.text])
            elif is_dataclass(part):
                respelt = self.tree(part, inner)
            if respelt is not part:
                changed[field] = respelt
        return replace(node, **changed) if changed else node

    def _elsewhere(self, node: Any, kinds: Kinds) -> Mapping[str, Kinds | None]:
        """The parts of a node whose names are read on rows of other kinds, and those (None) that are no names."""
        match node:
            case s.Header():
                return {"name": None}
            case s.Inherits():
                return {"name": None}
            case s.Translations():
                return {"lines": None}
            case s.Block() | s.IdentityBlock() | s.Inputs() | s.Event():
                there = self._chinese(node.kinds)
                return {"kinds": (), "statements": there, "identities": there, "fields": there, "name": there}
            case s.Path(owner=True):
                return {"name": self._names.parents_of(kinds)}
            case s.Path(kind=s.Name() as kind):
                return {"kind": (), "name": self._chinese((kind,))}
            case s.Aggregate(path=s.Path(kind=s.Name() as kind)):
                return {"where": self._chinese((kind,))}
            case s.Allocate():
                there = self._chinese((node.receiver,))
                return {"receiver": (), "weight": there, "each": there, "part": there}
            case s.Link():
                there = self._chinese((node.source_kind,))
                outside: dict[str, Kinds | None] = {"name": (), "source_kind": ()}
                return dict.fromkeys(("same", "gap_from", "gap_to", "bound", "unless"), there) | outside
            case s.Reading():
                return {"name": ()}
            case s.KindOfValue():
                return {"name": (), "per": (), "options": ()}
            case _:
                return {}

    def _chinese(self, kinds: Iterable[s.Name]) -> Kinds:
        return tuple(self._names.as_chinese(kind.text) for kind in kinds)

    def _name(self, name: s.Name, kinds: Kinds) -> s.Name:
        """A name in the other spelling, where the way back gives it again."""
        known = self._names
        there, back = (known.id_of, known.chinese_of) if self._language == "en" else (known.chinese_of, known.id_of)
        other = there(name.text, kinds)
        if other is None or back(other, kinds) != name.text:
            return name
        return replace(name, text=other)
