"""What the evaluator asks of those who lay out rows: the columns of a row, names for marks, a place for what is used twice."""

from collections.abc import Iterable, Iterator
from typing import Protocol

from sqlglot import exp

from engine.sql.conditions import all_of, own
from engine.sql.forms import Value
from engine.sql.whole import Arithmetic
from grammar.diagnostic import Words
from grammar.frozen import dataclass


class Unsayable(Exception):  # noqa: N818 - it says what SQL cannot, as a finding does
    """What SQL cannot say in a scheme; the interpreter settles it instead. ``figure`` is where, once it is known."""

    def __init__(self, why: Words, figure: str | None = None) -> None:
        self.why, self.figure = why, figure
        super().__init__(why.en if figure is None else f"{figure}: {why.en}")


class Names:
    """The names that marks of a run can carry, each with its bit.

    ``ranges``: what is open is worked out as a range, with its marks; without them it is NULL, and has none.
    """

    def __init__(self, *, ranges: bool = True) -> None:
        self._bits: dict[str, int] = {}
        self.ranges = ranges

    def mask(self, names: Iterable[str]) -> int:
        """The bits of some names; a new name takes the next."""
        mask = 0
        if not self.ranges:
            return mask
        for name in sorted(names):
            if name not in self._bits:
                self._bits[name] = len(self._bits)
            mask |= 1 << self._bits[name]
        return mask

    def of(self, mask: int) -> frozenset[str]:
        """The names of some bits."""
        return frozenset(name for name, bit in self._bits.items() if mask >> bit & 1)


class Scope(Protocol):
    """A row of some kind, as SQL sees it, and what can be asked of it."""

    @property
    def arithmetic(self) -> Arithmetic:
        """Whole numbers in the engine's dialect."""

    @property
    def names(self) -> Names:
        """The names that marks carry in this run."""

    def column(self, name: str) -> Value:
        """A column of the row as it stands (`Row.columns`): a figure, a datum, a helper column or a built-in."""

    def parameter(self, name: str) -> Value:
        """A parameter at the row's date and insurance type."""

    def given(self, name: str) -> exp.Expression:
        """Whether the data gives a column of the row (`Row.given`): TRUE or FALSE, never NULL."""

    def bind(self, hint: str, sql: exp.Expression, kind: exp.DataType) -> exp.Expression:
        """A column that holds what a tree comes to, so that it can be used more than once."""

    def doubt(self, condition: exp.Expression) -> None:
        """Rows for which a condition holds are settled again by the interpreter; where it is NULL they are not."""


@dataclass(frozen=True, slots=True)
class Within:
    """The same row as long as a condition holds: where it does not, nothing said here is worth a doubt."""

    outer: Scope
    condition: exp.Expression
    columns: dict[str, Value]

    @property
    def arithmetic(self) -> Arithmetic:
        """Whole numbers in the engine's dialect."""
        return self.outer.arithmetic

    @property
    def names(self) -> Names:
        """The names that marks carry in this run."""
        return self.outer.names

    def column(self, name: str) -> Value:
        """A column of the row, narrowed where the condition says more of it."""
        return self.columns.get(name) or self.outer.column(name)

    def parameter(self, name: str) -> Value:
        """A parameter at the row's date and insurance type."""
        return self.outer.parameter(name)

    def given(self, name: str) -> exp.Expression:
        """Whether the data gives a column of the row."""
        return self.outer.given(name)

    def bind(self, hint: str, sql: exp.Expression, kind: exp.DataType) -> exp.Expression:
        """A column of its own for a tree that is used more than once."""
        return self.outer.bind(hint, sql, kind)

    def doubt(self, condition: exp.Expression) -> None:
        """A doubt about rows for which the condition of the whole holds as well."""
        self.outer.doubt(all_of(self.condition, condition))


# A column, a constant, or one operation on such.
LIGHT = 4


def once(scope: Scope, hint: str, sql: exp.Expression, kind: exp.DataType, most: int = LIGHT) -> exp.Expression:
    """A tree that may be written out again wherever it is needed: itself where it is short, else a column."""
    return sql if is_light(sql, most) else scope.bind(hint, own(sql), kind)


def is_light(sql: exp.Expression, most: int = LIGHT) -> bool:
    """Whether a tree has no more nodes than this that are not mere spelling."""
    left = most
    for node in nodes(sql):
        if not isinstance(node, exp.Identifier | exp.Paren | exp.DataType | exp.DataTypeParam):
            left -= 1
            if left < 0:
                return False
    return True


def nodes(sql: exp.Expression) -> Iterator[exp.Expression]:
    """All nodes of a tree in no order that matters: the walks that SQLGlot offers would take most of the time here."""
    waiting = [sql]
    while waiting:
        node = waiting.pop()
        yield node
        for value in node.args.values():
            if isinstance(value, exp.Expression):
                waiting.append(value)
            elif isinstance(value, list):
                waiting.extend(x for x in value if isinstance(x, exp.Expression))
