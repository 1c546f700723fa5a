"""All the values a number can still take; the arithmetic of the calculators whose documents leave rates open."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction

from amounts import known, to_the_fen
from casefile import Case, Figure, Key, Row, money_text

Settled = dict[Key, "Span | bool | None"]

# Past any sum a county can hold, yet finite, so that nothing times it is still nothing.
_FAR = Fraction(10**30)


@dataclass(frozen=True, slots=True)
class Span:
    """The lowest and the highest value a number can still take, one point where it is known, and what it waits for."""

    low: Fraction
    high: Fraction
    missing: frozenset[str] = frozenset()

    @property
    def settled(self) -> bool:
        """Whether only one value is left."""
        return self.low == self.high

    def __add__(self, other: Span) -> Span:
        return _span(self.low + other.low, self.high + other.high, self, other)

    def __sub__(self, other: Span) -> Span:
        return _span(self.low - other.high, self.high - other.low, self, other)

    def __mul__(self, other: Span) -> Span:
        corners = [mine * yours for mine in (self.low, self.high) for yours in (other.low, other.high)]
        return _span(min(corners), max(corners), self, other)

    def at_most(self, other: Span) -> Span:
        """The lesser of the two."""
        return _span(min(self.low, other.low), min(self.high, other.high), self, other)

    def at_least(self, other: Span) -> Span:
        """The greater of the two."""
        return _span(max(self.low, other.low), max(self.high, other.high), self, other)

    def to_the_fen(self) -> Span:
        """Rounded to 0.01, ties away from zero."""
        return _span(_fen(self.low), _fen(self.high), self)


def exactly(number: Fraction | int) -> Span:
    """A number that is known."""
    return Span(Fraction(number), Fraction(number))


ZERO = exactly(0)
ONE = exactly(1)


def any_share(name: str) -> Span:
    """A ratio that nobody has given yet."""
    return Span(Fraction(0), Fraction(1), frozenset({name}))


def any_growth(name: str) -> Span:
    """A growth rate that nobody has given yet."""
    return Span(Fraction(-1), Fraction(1), frozenset({name}))


def any_money(name: str) -> Span:
    """An amount that nobody has given yet."""
    return Span(Fraction(0), _FAR, frozenset({name}))


def money(row: Row, name: str, otherwise: Span) -> Span:
    """The amount in a cell."""
    cell = row.money(name)
    return otherwise if cell is None or cell.value is None else exactly(cell.value)


def share(row: Row, name: str, otherwise: Span) -> Span:
    """The ratio in a cell."""
    cell = row.ratio(name)
    return otherwise if cell is None or cell.value is None else exactly(cell.value)


def admitted(row: Row, tests: Mapping[str, str]) -> bool | None:
    """The gate: one no decides, and before that one answer that is missing."""
    answers = [row.answer(test) for test in tests.values()]
    return False if False in answers else None if None in answers else True


def paid_by_month(data: Case, unit: Row) -> Span:
    """What the months of the year add up to; a table that was not supplied tells nothing."""
    if not data.supplied("month"):
        return any_money("已拨付")
    months = [row for _, row in data.rows("month") if (row.text("unit"), row.year) == (unit.text("name"), unit.year)]
    return sum((money(month, "paid", any_money("实拨")) for month in months), ZERO)


def claims_of(data: Case, unit: Row) -> Span:
    """What the claims of the year add up to; a table that was not supplied tells nothing."""
    if not data.supplied("claim"):
        return any_money("年度清算总额")
    claims = [row for _, row in data.rows("claim") if (row.text("unit"), row.year) == (unit.text("name"), unit.year)]
    return sum((money(claim, "fund_paid", any_money("统筹基金支付")) for claim in claims), ZERO)


def described(reckon: Callable[[Case], Settled], data: Case) -> Iterator[tuple[Key, Figure]]:
    """Every figure with its state: assumptions stand behind a figure that would be open without all of them."""
    without = reckon(Case(data.tables, {}))
    for key, value in reckon(data).items():
        shown_value = shown(value)
        behind: set[str] = set()
        if key not in without or shown(without[key]) is None:
            behind = set(data.assumptions)
        missing = value.missing if isinstance(value, Span) else frozenset[str]()
        if shown_value is None:
            yield key, Figure(None, "open", missing)
        else:
            yield key, Figure(shown_value, "assumed" if behind else "stated", assumptions=frozenset(behind))


def shown(value: Span | bool | None) -> str | bool | None:
    """A value as results show it, none where it is open."""
    if isinstance(value, Span):
        return money_text(value.low) if value.settled else None
    return value


def read_rates(data: Case, names: Mapping[str, str]) -> dict[str, Span]:
    """Each rate the document leaves open, by id: the assumed one or any."""
    return {
        rate: exactly(data.assumptions[rate]) if rate in data.assumptions else any_share(name)
        for name, rate in names.items()
    }


def _span(low: Fraction, high: Fraction, *sources: Span) -> Span:
    return Span(
        low, high, frozenset[str]().union(*(source.missing for source in sources)) if low != high else frozenset()
    )


def _fen(number: Fraction) -> Fraction:
    rounded = to_the_fen(known(number)).value
    assert rounded is not None
    return rounded
