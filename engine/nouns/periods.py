"""Periods: a year, half-year, quarter or month, its first and last day, and the one before it."""

from dataclasses import dataclass
from datetime import date, timedelta

from engine.nouns.core import Grain

_PER_YEAR: dict[Grain, int] = {"year": 1, "half": 2, "quarter": 4, "month": 12}


@dataclass(frozen=True, slots=True, order=True)
class Period:
    """The ``number``-th period of a grain in a year, from 1; a row (按 笔) takes its year."""

    year: int
    grain: Grain = "year"
    number: int = 1

    @property
    def first_day(self) -> date:
        """Its first day."""
        months = 12 // _PER_YEAR.get(self.grain, 1)
        return date(self.year, (self.number - 1) * months + 1, 1)

    @property
    def last_day(self) -> date:
        """Its last day."""
        months = 12 // _PER_YEAR.get(self.grain, 1)
        month = self.number * months
        following = date(self.year + 1, 1, 1) if month == 12 else date(self.year, month + 1, 1)  # noqa: PLR2004 - December
        return following - timedelta(days=1)

    def before(self, grain: Grain, count: int = 1) -> "Period":
        """The period of the same kind ``count`` grains earlier: the month a year before, the month before."""
        if self.grain == "row":
            return Period(self.year - count, "row", self.number)
        per = _PER_YEAR[self.grain]
        index = self.year * per + self.number - 1 - count * per // _PER_YEAR[grain]
        return Period(index // per, self.grain, index % per + 1)

    def __str__(self) -> str:
        match self.grain:
            case "month":
                return f"{self.year:04d}-{self.number:02d}"
            case "quarter":
                return f"{self.year:04d}-Q{self.number}"
            case "half":
                return f"{self.year:04d}-H{self.number}"
            case _:
                return f"{self.year:04d}"


def periods_of(year: int, grain: Grain) -> tuple[Period, ...]:
    """All periods of a grain in a year; one for a year or single rows."""
    return tuple(Period(year, grain, n) for n in range(1, _PER_YEAR.get(grain, 1) + 1))


def periods_within(period: Period, grain: Grain) -> tuple[Period, ...]:
    """All periods of a grain inside a period: the months of a quarter, the quarters of a year."""
    return tuple(p for p in periods_of(period.year, grain) if period.first_day <= p.first_day <= period.last_day)


def day_of(text: str, *, last: bool) -> date | None:
    """A date as written, or the first or last day of a year (``2026年度``); None where there is no such day."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        digits = text[:4]
        if not (digits.isascii() and digits.isdigit()) or int(digits) == 0:
            return None
        return date(int(digits), 12, 31) if last else date(int(digits), 1, 1)
