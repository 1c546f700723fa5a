"""What values are made of in SQL: trees of numbers, ranges, plain things and absence, and the marks that travel with them."""

from datetime import date
from fractions import Fraction
from typing import Literal

from sqlglot import exp

from engine.nouns.numbers import Number as Exact
from engine.sql.marks import NO_MARKS, Mask
from engine.sql.whole import Whole, ends
from grammar.frozen import dataclass


@dataclass(frozen=True, slots=True)
class Rational:
    """A number on each row: ``above`` over ``below``, which is above zero. ``blank``: NULL on some row, for no number."""

    above: Whole
    below: Whole
    blank: bool = False

    @property
    def static(self) -> Exact | None:
        """The number itself where it is known before the run."""
        if self.above.static is None or self.below.static is None:
            return None
        return Fraction(self.above.static, self.below.static)

    @property
    def is_fixed(self) -> bool:
        """Whether it is so many parts of a size that is known before the run."""
        return self.below.static is not None

    @property
    def is_positive(self) -> bool:
        """Whether it is above zero on every row."""
        return ends(self.above)[0] > 0

    @property
    def is_never_negative(self) -> bool:
        """Whether it is at least zero on every row."""
        return ends(self.above)[0] >= 0

    @property
    def is_never_positive(self) -> bool:
        """Whether it is at most zero on every row."""
        return ends(self.above)[1] <= 0


End = Rational | None


@dataclass(frozen=True, slots=True)
class Number:
    """A number between two ends; None, and NULL on a row, is no end."""

    low: End
    high: End

    @property
    def is_one(self) -> bool:
        """Whether both ends are the same thing on every row."""
        return self.low is self.high

    @property
    def is_sure(self) -> bool:
        """Whether it is exact on every row."""
        return self.low is self.high and self.low is not None and not self.low.blank


ANY_NUMBER = Number(None, None)


Sort = Literal["yes_no", "text", "date"]


# Whether a figure is absent: never, always, perhaps; as numbers in SQL, the same as here.
NEVER, ALWAYS, PERHAPS = 0, 1, 2


@dataclass(frozen=True, slots=True)
class Plain:
    """A yes/no, text or date; NULL where it is not known, if ``blank``. ``value``: what it is, known before the run."""

    sql: exp.Expression
    sort: Sort
    blank: bool
    value: bool | str | date | None = None


@dataclass(frozen=True, slots=True)
class Possible:
    """A number, yes/no, text or date, or ``gone``; ``reads`` names what decided, on rows where it is or may be absent.

    ``perhaps``: some row may have it perhaps absent.
    """

    what: Number | Plain
    gone: exp.Expression | int = NEVER
    reads: Mask = NO_MARKS
    perhaps: bool = True


ANYTHING = Possible(ANY_NUMBER)


def is_sure(value: Possible) -> bool:
    """Whether it is one exact value on every row."""
    if value.gone != NEVER:
        return False
    return not value.what.blank if isinstance(value.what, Plain) else value.what.is_sure


@dataclass(frozen=True, slots=True)
class Value:
    """``now`` counts assumptions, ``base`` does not; they are one object where no assumption in force can reach it."""

    now: Possible
    base: Possible
    missing: Mask = NO_MARKS
    assumed: Mask = NO_MARKS
    defaults: Mask = NO_MARKS

    @property
    def is_known(self) -> bool:
        """Whether it is exact on every row, whatever its marks."""
        return self.now is self.base and is_sure(self.now)

    @property
    def is_certain(self) -> bool:
        """Whether it is exact on every row, with no marks."""
        return self.is_known and not (self.missing.may or self.assumed.may or self.defaults.may)
