"""Marks as SQL: a set of names is a whole number, each name a bit; what can be in it is known before the run."""

from collections.abc import Iterable

from sqlglot import exp

from engine.sql.conditions import case as case_
from engine.sql.conditions import known, own
from grammar.frozen import dataclass

MASK = exp.DataType.build("BIGINT")


@dataclass(frozen=True, slots=True)
class Mask:
    """The names in ``always`` on every row, and those that ``sql`` gives on a row; ``may`` covers both."""

    always: int = 0
    sql: exp.Expression | None = None
    may: int = 0

    @property
    def tree(self) -> exp.Expression:
        """The whole set as one tree."""
        fixed = exp.cast(exp.Literal.number(self.always), MASK.copy())
        if self.sql is None:
            return fixed
        return exp.BitwiseOr(this=_operand(self.sql), expression=fixed) if self.always else own(self.sql)


NO_MARKS = Mask()


def fixed(mask: int) -> Mask:
    """The same names on every row."""
    return Mask(mask, None, mask) if mask else NO_MARKS


def either(masks: Iterable[Mask]) -> Mask:
    """The names of all."""
    always = may = 0
    trees: list[exp.Expression] = []
    for mask in masks:
        always |= mask.always
        may |= mask.may
        if mask.sql is not None and mask.sql not in trees:
            trees.append(mask.sql)
    sql: exp.Expression | None = None
    for tree in trees if may != always else []:
        sql = _operand(tree) if sql is None else exp.BitwiseOr(this=sql, expression=_operand(tree))
    return Mask(always, sql, may) if may else NO_MARKS


def when(condition: exp.Expression, mask: Mask) -> Mask:
    """The names where a condition holds, elsewhere none; NULL counts as no."""
    return chosen([(condition, mask)], NO_MARKS)


def chosen(cases: list[tuple[exp.Expression, Mask]], otherwise: Mask) -> Mask:
    """The names that go with the first condition that holds."""
    kept = [(condition, mask) for condition, mask in cases if known(condition) is not False]
    for place, (condition, mask) in enumerate(kept):
        if known(condition):
            kept, otherwise = kept[:place], mask
            break
    masks = [*(mask for _, mask in kept), otherwise]
    may = 0
    for mask in masks:
        may |= mask.may
    if not may:
        return NO_MARKS
    if all(mask == otherwise for mask in masks):
        return otherwise
    return Mask(0, case_([(condition, mask.tree) for condition, mask in kept], otherwise.tree), may)


def gathered(mask: Mask, among: exp.Expression) -> exp.Expression | None:
    """The names on any of some rows, as an aggregate that is NULL over no rows; None where there can be none."""
    return exp.BitwiseOrAgg(this=own(when(among, mask).tree)) if mask.may else None


def _operand(sql: exp.Expression) -> exp.Expression:
    return own(sql) if isinstance(sql, exp.Column | exp.Func | exp.Literal | exp.Paren) else exp.Paren(this=own(sql))
