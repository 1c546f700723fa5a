"""Conditions as SQL, folded where they are known before the run; TRUE, FALSE, and NULL for what is open."""

from collections.abc import Collection
from functools import reduce

from sqlglot import exp

BOOLEAN = exp.DataType.build("BOOLEAN")


def truth(value: bool) -> exp.Expression:
    """A condition that is known before the run."""
    return exp.Boolean(this=value)


def known(condition: exp.Expression) -> bool | None:
    """What a condition is known to be before the run; None where only the rows can tell."""
    return bool(condition.this) if isinstance(condition, exp.Boolean) else None


def own(sql: exp.Expression) -> exp.Expression:
    """A tree to be put under another: a copy where it stands under one already."""
    return sql if sql.parent is None else sql.copy()


def all_of(*conditions: exp.Expression) -> exp.Expression:
    """Whether all hold."""
    return _joined(exp.And, conditions, decides=False)


def any_of(*conditions: exp.Expression) -> exp.Expression:
    """Whether one holds."""
    return _joined(exp.Or, conditions, decides=True)


def no(condition: exp.Expression) -> exp.Expression:
    """Whether a condition does not hold; NULL stays NULL."""
    fixed = known(condition)
    if fixed is not None:
        return truth(not fixed)
    match condition:
        case exp.Not():
            return bare(condition.this).copy()
        case exp.GT() | exp.GTE() | exp.LT() | exp.LTE() | exp.EQ() | exp.NEQ():
            return _OPPOSITE[type(condition)](this=condition.this.copy(), expression=condition.expression.copy())
    return exp.Not(this=own(condition) if isinstance(condition, exp.Is) else _operand(condition))


def certainly(condition: exp.Expression, blank: bool = True) -> exp.Expression:
    """Whether a condition holds for certain: NULL counts as no."""
    return coalesced(condition, truth(False)) if blank else condition


def perhaps(condition: exp.Expression, blank: bool = True) -> exp.Expression:
    """Whether a condition holds or may hold: NULL counts as yes."""
    return coalesced(condition, truth(True)) if blank else condition


def coalesced(first: exp.Expression, *others: exp.Expression) -> exp.Expression:
    """The first that is not NULL."""
    if known(first) is not None:
        return first
    return exp.Coalesce(this=own(first), expressions=[own(x) for x in others])


def is_null(sql: exp.Expression) -> exp.Expression:
    """Whether a tree comes to NULL."""
    if isinstance(sql.this if isinstance(sql, exp.Cast) else sql, exp.Literal | exp.Boolean):
        return truth(False)
    if isinstance(sql, exp.Null) or (isinstance(sql, exp.Cast) and isinstance(sql.this, exp.Null)):
        return truth(True)
    return exp.Is(this=_operand(sql), expression=exp.Null())


def is_given(sql: exp.Expression) -> exp.Expression:
    """Whether a tree does not come to NULL."""
    return no(is_null(sql))


def same(left: exp.Expression, right: exp.Expression) -> exp.Expression:
    """Whether two trees come to the same, NULL being the same as NULL."""
    return exp.NullSafeEQ(this=_operand(left), expression=_operand(right))


def never_null(sql: exp.Expression, given: Collection[str]) -> bool:
    """Whether a tree is plainly never NULL over rows whose ``given`` columns are not."""
    match sql:
        case exp.Column():
            return not sql.table and sql.name in given
        case exp.Literal() | exp.Boolean() | exp.Is() | exp.NullSafeEQ() | exp.NullSafeNEQ():
            return True
        case exp.Coalesce():
            return any(never_null(x, given) for x in (sql.this, *sql.expressions))
        case exp.Case():
            parts = [branch.args["true"] for branch in sql.args["ifs"]]
            return sql.this is None and all(
                never_null(x, given) for x in (*parts, sql.args.get("default") or exp.Null())
            )
        case exp.IntDiv() | exp.Div() | exp.Mod():
            return isinstance(sql.expression, exp.Literal) and never_null(sql.this, given)
        case exp.Paren() | exp.Neg() | exp.Not() | exp.Cast() | exp.Abs():
            return never_null(sql.this, given)
        case (
            exp.Add()
            | exp.Sub()
            | exp.Mul()
            | exp.And()
            | exp.Or()
            | exp.GT()
            | exp.GTE()
            | exp.LT()
            | exp.LTE()
            | exp.EQ()
            | exp.NEQ()
        ):
            return never_null(sql.this, given) and never_null(sql.expression, given)
        case exp.In():
            return all(never_null(x, given) for x in (sql.this, *sql.expressions))
        case _:
            return False


def case(cases: list[tuple[exp.Expression, exp.Expression]], otherwise: exp.Expression | None = None) -> exp.Expression:
    """What goes with the first condition that holds; without an ``otherwise`` NULL where none does."""
    kept: list[tuple[exp.Expression, exp.Expression]] = []
    for condition, value in cases:
        if known(condition) is False:
            continue
        if known(condition):
            otherwise = value
            break
        kept.append((condition, value))
    while kept and otherwise is not None and kept[-1][1] == otherwise:
        kept.pop()
    if not kept:
        return otherwise if otherwise is not None else exp.Null()
    return exp.Case(
        ifs=[exp.If(this=own(condition), true=own(value)) for condition, value in kept],
        default=None if otherwise is None else own(otherwise),
    )


def bare(sql: exp.Expression) -> exp.Expression:
    """A tree without the parentheses around it."""
    while isinstance(sql, exp.Paren):
        sql = sql.this
    return sql


def _joined(kind: type[exp.And | exp.Or], conditions: tuple[exp.Expression, ...], *, decides: bool) -> exp.Expression:
    kept: list[exp.Expression] = []
    for condition in conditions:
        fixed = known(condition)
        if fixed is decides:
            return truth(decides)
        if fixed is None and condition not in kept:
            kept.append(condition)
    if not kept:
        return truth(not decides)
    return reduce(lambda left, right: kind(this=_side(left, kind), expression=_side(right, kind)), kept)


def _side(sql: exp.Expression, kind: type[exp.Expression]) -> exp.Expression:
    loose = isinstance(sql, exp.And | exp.Or) and not isinstance(sql, kind)
    return exp.Paren(this=own(sql)) if loose else own(sql)


def _operand(sql: exp.Expression) -> exp.Expression:
    tight = isinstance(sql, exp.Column | exp.Func | exp.Literal | exp.Paren | exp.Boolean | exp.Case | exp.Cast)
    return own(sql) if tight and not isinstance(sql, exp.And | exp.Or) else exp.Paren(this=own(sql))


_OPPOSITE: dict[type[exp.Expression], type[exp.Expression]] = {
    exp.GT: exp.LTE,
    exp.LTE: exp.GT,
    exp.GTE: exp.LT,
    exp.LT: exp.GTE,
    exp.EQ: exp.NEQ,
    exp.NEQ: exp.EQ,
}
