"""A value on every row of a kind, as SQL: what it is, what it would be without assumptions, its marks (nouns/value.py).

What is known before the run stands in Python: a value that is exact on every row is one plain tree and nothing else.
"""

from collections.abc import Callable, Iterable
from typing import Protocol

from sqlglot import exp

from engine.nouns.possible import Scalar
from engine.sql.conditions import BOOLEAN, all_of, any_of, case, known, no, truth
from engine.sql.domain import NEVER, Number, Plain, Possible, anything, choose, exact, is_gone, is_point, through
from engine.sql.marks import NO_MARKS, Mask, either, when
from engine.sql.scope import Scope, is_light
from grammar.frozen import dataclass


@dataclass(frozen=True, slots=True)
class Value:
    """``now`` counts assumptions, ``base`` does not; they are one object where no assumption in force can reach it.

    ``tidy``: where it is exact, the marks that `marked` clears are clear.
    """

    now: Possible
    base: Possible
    missing: Mask = NO_MARKS
    assumed: Mask = NO_MARKS
    defaults: Mask = NO_MARKS
    tidy: bool = True

    @property
    def is_known(self) -> bool:
        """Whether it is exact on every row, whatever its marks."""
        return self.now is self.base and known(is_point_known(self.now)) is True

    @property
    def is_certain(self) -> bool:
        """Whether it is exact on every row, with no marks."""
        return self.is_known and not (self.missing.may or self.assumed.may or self.defaults.may)
