"""Amounts that look as if 元 and 万元 were mixed up: ten thousand times off what stands beside them or came before."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from fractions import Fraction

from engine.nouns.core import Input, Scheme
from engine.nouns.dataset import DataRow
from engine.nouns.kinds import MONEY
from engine.nouns.printed import spoken
from grammar.diagnostic import Finding, Place, Words
from grammar.frozen import dataclass

# Amounts of one unit lie within a few tens of one another; mixed up they lie about ten thousand times apart.
FAR_APART, _MOST = 3_300, 30_000
# A deposit is some hundredths of what it is taken from: so far apart may two amounts of one row well be.
_FAR = 100
# What a column gives from period to period where its unit is the same throughout.
_ALIKE = 10
_WAN = 10_000
_COLUMN = 2


# A column by its table and its name.
Column = tuple[str, str]


@dataclass(frozen=True, slots=True)
class _Amount:
    """One amount that was given, by whose column of which table it is."""

    row: DataRow
    name: str
    size: int

    @property
    def column(self) -> Column:
        return (self.row.table, self.name)

    @property
    def owner(self) -> tuple[str, str | None]:
        return (self.row.parent or self.row.unit, self.row.insurance)


def doubtful(
    scheme: Scheme, rows: Mapping[str, Iterable[DataRow]], headers: Mapping[str, Mapping[str, Place]]
) -> Iterator[Finding]:
    """A warning for each amount that is about ten thousand times off all that it can be held against.

    ``headers`` are the places of the columns' names by table: where a whole column is off, its header is told.
    """
    amounts = list(_amounts(scheme, rows))
    yield from _doubtful(amounts, lambda: _usual(amounts), headers)


@dataclass(frozen=True, slots=True)
class Usual:
    """How many amounts each column gives, and the size in the middle of each (of all under None), put in order."""

    given: Mapping[Column, int]
    middle: Mapping[Column | None, int]


def doubtful_among(
    scheme: Scheme,
    rows: Mapping[str, Iterable[DataRow]],
    usual: Callable[[], Usual],
    headers: Mapping[str, Mapping[str, Place]],
) -> Iterator[Finding]:
    """The same where ``rows`` are all of some units alone, among which each that may be told of is; ``usual`` knows the rest."""
    yield from _doubtful(list(_amounts(scheme, rows)), usual, headers)


def _doubtful(
    amounts: list[_Amount], usual_of: Callable[[], Usual], headers: Mapping[str, Mapping[str, Place]]
) -> Iterator[Finding]:
    groups = [near for near in _groups(amounts) if not _are_near(near)]
    apart = {id(each): others for near in groups for each in near if (others := _apart_from(each, near))}
    off = [each for each in amounts if id(each) in apart]
    if not off:
        return
    usual = usual_of()
    wrong = [each for each in off if not any(_farther(other, each, usual) for other in apart[id(each)])]
    columns: dict[Column, list[_Amount]] = {}
    for each in wrong:
        columns.setdefault(each.column, []).append(each)
    for (table, name), found in columns.items():
        given = usual.given[table, name]
        header = next((p for key, p in headers.get(table, {}).items() if key.startswith(name)), None)
        if header is not None and len(found) == given >= _COLUMN:
            yield _finding(found[0], apart[id(found[0])][0], header)
        else:
            yield from (_finding(each, apart[id(each)][0], each.row.places[name]) for each in found)


def _amounts(scheme: Scheme, rows: Mapping[str, Iterable[DataRow]]) -> Iterator[_Amount]:
    """The amounts that are always there: what has a default may be small or nothing, and single claims are of any size."""
    for table, given in rows.items():
        if scheme.tables[table].grain == "row":
            continue
        for row in given:
            for name, value in row.cells.items():
                if (
                    is_held_against(scheme.inputs[(table, name)])
                    and isinstance(value, int | Fraction)
                    and value != 0
                    and not isinstance(value, bool)
                ):
                    yield _Amount(row, name, abs(int(value)))


def is_held_against(datum: Input) -> bool:
    """Whether what a column gives is held against amounts beside it."""
    return datum.kind.is_money and datum.kind.per is None and datum.default is None


def _groups(amounts: list[_Amount]) -> Iterator[list[_Amount]]:
    """The amounts of one unit in one kind of rows."""
    groups: dict[object, list[_Amount]] = {}
    for each in amounts:
        groups.setdefault((each.row.table, each.owner), []).append(each)
    yield from groups.values()


def _apart_from(one: _Amount, near: list[_Amount]) -> list[_Amount]:
    """What an amount is apart from: its own column in other periods or the others of its row, with none of them near."""
    others = [other for other in near if other is not one]
    before = [other for other in others if other.name == one.name]
    beside = [other for other in others if other.row is one.row]
    if before and not all(_ratio(one.size, other.size) >= _FAR for other in before):
        # Its own column knows amounts like it: only where those are wrong as well do the others of the row count.
        alike = any(_ratio(one.size, other.size) <= _ALIKE for other in before)
        before, beside = [], beside if alike else []
    alone = (group for group in (before, beside) if group and all(_ratio(one.size, o.size) >= _FAR for o in group))
    return next((far for group in alone if (far := [other for other in group if _apart(one, other)])), [])


def _apart(one: _Amount, other: _Amount) -> bool:
    return FAR_APART <= _ratio(one.size, other.size) <= _MOST


def _are_near(near: list[_Amount]) -> bool:
    """Whether no two amounts of a group are far enough from each other to be doubted, as of almost every unit."""
    sizes = [each.size for each in near]
    return max(sizes) < FAR_APART * max(1, min(sizes))


def _ratio(one: int, other: int) -> Fraction:
    return Fraction(max(one, other), max(1, min(one, other)))


def _usual(amounts: list[_Amount]) -> Usual:
    columns: dict[Column, list[int]] = {}
    for each in amounts:
        columns.setdefault(each.column, []).append(each.size)
    middle: dict[Column | None, int] = {column: _middle(sizes) for column, sizes in columns.items()}
    given = {column: len(sizes) for column, sizes in columns.items()}
    return Usual(given, middle | {None: _middle([each.size for each in amounts])})


def _middle(sizes: list[int]) -> int:
    return sorted(sizes)[len(sizes) // 2]


def _farther(other: _Amount, one: _Amount, usual: Usual) -> bool:
    """Whether of two amounts that are apart the other one is farther from what is usual."""
    # What is usual of a column only several amounts say.
    columns = [usual.middle[each.column if usual.given[each.column] > _COLUMN else None] for each in (other, one)]
    first, second = (_ratio(each.size, common) for each, common in zip((other, one), columns, strict=True))
    if max(first, second) < FAR_APART:
        # A whole column may be off: then each looks usual beside its like, and all that was given decides.
        first, second = (_ratio(each.size, usual.middle[None]) for each in (other, one))
    return first > second


def _finding(one: _Amount, other: _Amount, place: Place) -> Finding:
    small = one.size < other.size
    meant = one.size * _WAN if small else one.size // _WAN
    said = spoken(meant, MONEY)
    fix = (
        Words(f"是不是漏了“万元”，应是 {said}？", f"is 万元 missing, and {said} meant?")
        if small
        else Words(f"是不是多写了“万元”，应是 {said}？", f"is 万元 too much, and {said} meant?")
    )
    same = other.name == one.name
    period = str(other.row.period)
    values: dict[str, object] = {
        "unit": one.row.unit or one.row.parent or "—",
        "name": one.name,
        "value": spoken(one.size, MONEY),
        "other": Words(f"{period} 的", f"that of {period}") if same else Words(f"“{other.name}”", f"`{other.name}`"),
        "reference": spoken(other.size, MONEY),
        "suggestion": fix,
    }
    return Finding("D094", place, values)
