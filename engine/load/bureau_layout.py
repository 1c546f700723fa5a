"""How bureaus lay out their tables: sheets, columns and what each column becomes, from workbook.toml."""

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import field, replace
from pathlib import Path
from typing import Any

from engine.load.policy import policies_folder
from engine.nouns.core import Scheme
from grammar.diagnostic import Finding, FindingsError, Place
from grammar.frozen import dataclass

WORKBOOK = "workbook.toml"
SORTS = ("county", "roster", "history", "months", "scores", "events", "shares", "parameters")
_ROLES = frozenset(
    [
        "year",
        "month",
        "insurance",
        "code",
        "name",
        "type",
        "alliance",
        "lead",
        "start",
        "end",
        "since",
        "category",
        "object",
        "indicator",
        "weight",
        "points",
        "event",
        "amount",
        "evidence",
        "parameter",
        "value",
        "state",
    ]
)
_KINDS = frozenset(["text", "money", "signed", "ratio", "number", "date", "yes_no", "score"])
_BYTES_AT_MOST = 1 << 20


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a bureau's sheet: its words, its part in the row, the inputs it may become, best first."""

    name: str
    id: str
    also: tuple[str, ...]
    role: str | None
    kind: str
    to: tuple[str, ...]
    to_of: Mapping[str, tuple[str, ...]]
    needed: bool

    @property
    def words(self) -> tuple[str, ...]:
        """Every word a header may use for it."""
        return (self.name, self.id, *self.also)


@dataclass(frozen=True, slots=True)
class Sum:
    """What a column of a row should come to: the columns added less those taken away."""

    total: str
    plus: tuple[str, ...]
    minus: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Sheet:
    """A bureau's sheet: what sort of rows it holds, its columns, the sums that should hold in a row."""

    name: str
    id: str
    en: str
    sort: str
    columns: tuple[Column, ...]
    sums: tuple[Sum, ...]

    def column(self, word: str) -> Column | None:
        """The column a header names."""
        return next((column for column in self.columns if word in column.words), None)


@dataclass(frozen=True, slots=True)
class EventType:
    """A type of special case: yes/no or an amount, the inputs it may become; ``lead`` where the lead speaks for all."""

    name: str
    also: tuple[str, ...]
    to: tuple[str, ...]
    amount: bool
    lead: bool


@dataclass(frozen=True, slots=True)
class Share:
    """A share worked out from two amounts of a row, and the inputs it may become this year and the next."""

    to: tuple[str, ...]
    before: tuple[str, ...]
    part: str
    whole: str


@dataclass(frozen=True, slots=True)
class Layout:
    """Everything a bureau's workbook may hold, and the files that say so; ``kinds`` are the scheme's names of kinds of rows."""

    kinds: Mapping[str, str] = field(default_factory=dict)
    insurance_codes: Mapping[str, str] = field(default_factory=dict)
    sheets: tuple[Sheet, ...] = ()
    events: tuple[EventType, ...] = ()
    shares: tuple[Share, ...] = ()
    pool_of_type: Mapping[str, str] = field(default_factory=dict)
    files: tuple[tuple[str, bytes], ...] = ()

    def sheet(self, name: str) -> Sheet | None:
        """The sheet of a name or id."""
        return next((sheet for sheet in self.sheets if name in {sheet.name, sheet.id}), None)


def read_layout(folders: Iterable[Path]) -> Layout:
    """The layout of the installed policies, with what policy folders add; raises FindingsError where a file is wrong."""
    layout = Layout()
    common = policies_folder() / "common"
    for folder in dict.fromkeys([common, *(folder.resolve() for folder in folders)]):
        path = folder / WORKBOOK
        if path.is_file():
            layout = _with(layout, path)
    return layout


def target(scheme: Scheme, kind: str, column: Column, insurance: str | None) -> str | None:
    """The input of a kind that a column becomes, for an insurance type; None where the scheme has no use for it."""
    names = (*column.to, *column.to_of.get(insurance or "", ()))
    return first_input(scheme, kind, names) or first_input(scheme, kind, (column.name,))


def first_input(scheme: Scheme, kind: str, names: Iterable[str]) -> str | None:
    """The first of some names that is an input of a kind."""
    return next((name for name in names if (kind, name) in scheme.inputs), None)


class _FaultyError(Exception):
    """What is not as it should be, and where."""


def _with(layout: Layout, path: Path) -> Layout:
    shown = f"{path.resolve().parent.name}/{path.name}"
    try:
        if path.stat().st_size > _BYTES_AT_MOST:
            raise FindingsError([Finding("D003", Place(shown, 1, 1), {"limit": f"{_BYTES_AT_MOST >> 20} MiB"})])
        data = path.read_bytes()
        return replace(_added(layout, tomllib.loads(data.decode("utf-8-sig"))), files=(*layout.files, (shown, data)))
    except UnicodeDecodeError:
        raise FindingsError([Finding("D001", Place(shown, 1, 1))]) from None
    except (tomllib.TOMLDecodeError, _FaultyError) as error:
        raise FindingsError([Finding("D189", Place(shown, 1, 1), {"why": str(error)})]) from None


def _added(layout: Layout, raw: dict[str, Any]) -> Layout:
    _only(raw, {"kinds", "insurance_codes", "sheet", "event", "share", "pool_of_type"}, "workbook")
    sheets = {sheet.name: sheet for sheet in layout.sheets}
    for item in _list(raw, "sheet"):
        sheet = _sheet(item, sheets.get(str(item.get("name"))))
        sheets[sheet.name] = sheet
    return Layout(
        {**layout.kinds, **_texts(raw.get("kinds", {}), "kinds")},
        {**layout.insurance_codes, **_texts(raw.get("insurance_codes", {}), "insurance_codes")},
        tuple(sheets.values()),
        (*(_event(item) for item in _list(raw, "event")), *layout.events),
        (*layout.shares, *(_share(item) for item in _list(raw, "share"))),
        {**layout.pool_of_type, **_texts(raw.get("pool_of_type", {}), "pool_of_type")},
    )


def _sheet(raw: dict[str, Any], known: Sheet | None) -> Sheet:
    """A sheet, or what a policy's own file adds to one that is known."""
    _only(raw, {"name", "id", "en", "sort", "columns", "sums"}, "sheet")
    name = _text(raw, "name")
    columns = tuple(_column(item) for item in _list(raw, "columns"))
    sums = tuple(_sum(item) for item in _list(raw, "sums"))
    if known:
        return Sheet(known.name, known.id, known.en, known.sort, (*columns, *known.columns), (*known.sums, *sums))
    sort = _text(raw, "sort")
    if sort not in SORTS:
        raise _FaultyError(f"{name}: sort = {sort}")
    return Sheet(name, _text(raw, "id"), str(raw.get("en", name)), sort, columns, sums)


def _column(raw: dict[str, Any]) -> Column:
    _only(raw, {"name", "id", "also", "role", "kind", "to", "to_of", "needed"}, "columns")
    name = _text(raw, "name")
    role, kind = raw.get("role"), raw.get("kind", "text")
    if (role is not None and role not in _ROLES) or kind not in _KINDS:
        raise _FaultyError(f"{name}: role = {role}, kind = {kind}")
    to_of = raw.get("to_of", {})
    if not isinstance(to_of, dict):
        raise _FaultyError(f"{name}: to_of")
    return Column(
        name,
        str(raw.get("id", name)),
        _words(raw, "also"),
        role,
        kind,
        _words(raw, "to"),
        {insurance: _words(to_of, insurance) for insurance in to_of},
        raw.get("needed") is True,
    )


def _sum(raw: dict[str, Any]) -> Sum:
    _only(raw, {"is", "plus", "minus"}, "sums")
    return Sum(_text(raw, "is"), _words(raw, "plus"), _words(raw, "minus"))


def _event(raw: dict[str, Any]) -> EventType:
    _only(raw, {"name", "also", "to", "amount", "lead"}, "event")
    amount, lead = raw.get("amount") is True, raw.get("lead") is True
    return EventType(_text(raw, "name"), _words(raw, "also"), _words(raw, "to"), amount, lead)


def _share(raw: dict[str, Any]) -> Share:
    _only(raw, {"to", "before", "part", "whole"}, "share")
    return Share(_words(raw, "to"), _words(raw, "before"), _text(raw, "part"), _text(raw, "whole"))


def _only(raw: dict[str, Any], known: set[str], where: str) -> None:
    for key in raw:
        if key not in known:
            raise _FaultyError(f"{where}: {key}")


def _list(raw: dict[str, Any], key: str) -> list[dict[str, Any]]:
    items = raw.get(key, [])
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise _FaultyError(key)
    return items


def _text(raw: dict[str, Any], key: str) -> str:
    value = raw.get(key)
    if not isinstance(value, str) or not value:
        raise _FaultyError(f"{raw.get('name', '')} {key}".strip())
    return value


def _words(raw: dict[str, Any], key: str) -> tuple[str, ...]:
    value = raw.get(key, [])
    if not isinstance(value, list) or not all(isinstance(word, str) for word in value):
        raise _FaultyError(f"{raw.get('name', '')} {key}".strip())
    return tuple(value)


def _texts(raw: object, where: str) -> dict[str, str]:
    if not isinstance(raw, dict) or not all(isinstance(value, str) for value in raw.values()):
        raise _FaultyError(where)
    return {str(key): value for key, value in raw.items()}
