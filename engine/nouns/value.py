"""A value as it stands on a row: what it is, what it would be without assumptions, the marks that travel with it."""

from collections.abc import Callable, Iterable
from typing import Literal

from engine.nouns.possible import ANYTHING, Absent, Maybe, Possible, is_point

Marks = frozenset[str]
NO_MARKS: Marks = frozenset()
# What a value waits for whose divisor is zero: the divisor's name and this.
ZERO_DIVISOR = "（分母为零）"
# What a part of an amount waits for whose base of shares is zero: the base's name and this.
ZERO_BASE = "（基数为零）"
State = Literal["stated", "assumed", "open"]


class Value:
    """``now`` counts assumptions, ``base`` does not; where they are the same thing no assumption takes part.

    ``missing`` names what the value waits for, ``assumed`` the assumptions in it, ``defaults`` the declared defaults.
    A value is never changed.
    """

    # Written out, not a frozen dataclass: a run makes one for every expression on every row, and this is made four
    # times as fast.

    __slots__ = ("assumed", "base", "defaults", "missing", "now")

    def __init__(
        self,
        now: Possible,
        base: Possible,
        missing: Marks = NO_MARKS,
        assumed: Marks = NO_MARKS,
        defaults: Marks = NO_MARKS,
    ) -> None:
        self.now = now
        self.base = base
        self.missing = missing
        self.assumed = assumed
        self.defaults = defaults

    def __repr__(self) -> str:
        return f"Value({self.now!r}, {self.base!r}, {set(self.missing)}, {set(self.assumed)}, {set(self.defaults)})"

    @property
    def state(self) -> State:
        """Stated where one value holds whatever is open; assumed where an assumption decides; else open."""
        if is_point(self.base):
            return "stated"
        return "assumed" if is_point(self.now) else "open"

    @property
    def is_absent(self) -> bool:
        """Whether the row has no such figure."""
        return type(self.now) is Absent


class Known(Value):
    """One exact value that nothing open, assumed or left to a default takes part in: by far the most values are such."""

    __slots__ = ()
    missing = assumed = defaults = NO_MARKS

    def __init__(self, now: Possible) -> None:
        self.now = self.base = now


def stated(value: Possible) -> Value:
    """A value that nothing open takes part in."""
    return Known(value) if is_point(value) else Value(value, value)


def marked(now: Possible, base: Possible, parts: Iterable[Value]) -> Value:
    """A result with the marks of its parts; a known result waits for nothing and rests on no assumption."""
    missing = assumed = defaults = NO_MARKS
    for part in parts:
        if type(part) is Known:
            continue
        missing = missing | part.missing if part.missing else missing
        assumed = assumed | part.assumed if part.assumed else assumed
        defaults = defaults | part.defaults if part.defaults else defaults
    if is_point(base):
        return Value(base, base, NO_MARKS, NO_MARKS, defaults) if defaults else Known(base)
    if is_point(now):
        return Value(now, base, NO_MARKS, assumed, defaults)
    return Value(now, base, missing, assumed, defaults)


def lift(operation: Callable[..., Possible], *parts: Value) -> Value:
    """An operation on what values can be, done with and without the assumptions."""
    now = operation(*[p.now for p in parts])
    for part in parts:
        if part.base is not part.now:
            return marked(now, operation(*[p.base for p in parts]), parts)
    return marked(now, now, parts)


def readable(value: Value) -> Value:
    """The value as an expression reads it: an absent figure may be anything and waits for what decided its absence."""
    if isinstance(value.now, Absent | Maybe) or isinstance(value.base, Absent | Maybe):
        reads = frozenset[str]().union(*(v.reads for v in (value.now, value.base) if isinstance(v, Absent | Maybe)))
        return Value(ANYTHING, ANYTHING, value.missing | reads, value.assumed, value.defaults)
    return value
