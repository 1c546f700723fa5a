"""Exact whole numbers as SQL: integers of 64 bits where the ends of the figures prove that they fit, wider ones where not."""

from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from functools import cache
from itertools import product
from math import gcd
from typing import Literal

from sqlglot import exp

from engine.nouns.numbers import Mode, round_to
from grammar.frozen import dataclass

Dialect = Literal["duckdb", "spark", "postgres"]

# Both signs alike, so that a negated figure fits wherever the figure does.
SHORT = 2**63 - 1
# The widest that each engine holds: HUGEINT ends at 2**127, DECIMAL(38, 0) at 10**38, and both stand above this.
WIDE = 2**126 - 1


@cache
def built(kind: str) -> exp.DataType:
    """A type by its name; whoever puts it into a tree takes a copy."""
    # Built anew for every figure, types would take a fifth of what making the SQL takes.
    return exp.DataType.build(kind)


class Unproved(ArithmeticError):  # noqa: N818 - it says what is missing, as a finding does
    """No engine is proved to hold a figure: it has no known end, or one past 126 bits. ``most``: how large it may be."""

    def __init__(self, what: str, most: int | None = None) -> None:
        self.most = most
        super().__init__(what)


@dataclass(frozen=True, slots=True)
class Whole:
    """A whole number in SQL and the ends it is proved to lie between; None is no end known.

    Its SQL has the type that its ends ask for (`Arithmetic.type_of`), save a bare literal; it is NULL only where a column in
    it is.
    """

    sql: exp.Expression
    low: int | None
    high: int | None

    @property
    def bits(self) -> int:
        """64 or 128: what holds it for certain."""
        return 64 if _is_short(*ends(self)) else 128

    @property
    def static(self) -> int | None:
        """The number itself, where it is written out."""
        return _literal(self.sql)


def ends(whole: Whole) -> tuple[int, int]:
    """Both ends, where they are known and an engine holds them."""
    low, high = whole.low, whole.high
    if low is None or high is None or low < -WIDE or high > WIDE:
        most = None if low is None or high is None else max(-low, high)
        raise Unproved(f"{whole.sql.sql()} lies between {low} and {high}", most)
    return low, high


class Arithmetic:
    """What can be done with whole numbers in one dialect; each result carries its proved ends.

    Quotients lean on the dialects' whole division, which drops the rest on both sides of zero; `numbers.round_to` says what
    they must come to.
    """

    def __init__(self, dialect: Dialect) -> None:
        self.dialect = dialect

    def constant(self, number: int) -> Whole:
        """A number written out."""
        sql = _number(number)
        if not _is_short(number, number):
            # A long literal has whatever type an engine gives it: for -2**63 that is 64 bits on DuckDB.
            sql = _cast(sql, self.type_of(number, number))
        return Whole(sql, number, number)

    def column(self, name: str, low: int | None, high: int | None, relation: str | None = None) -> Whole:
        """A column of the type that its ends ask for; an end that is not known is the end of 64 bits."""
        sql = exp.column(exp.to_identifier(name, quoted=True), table=exp.to_identifier(relation, quoted=True))
        return Whole(sql, -SHORT if low is None else low, SHORT if high is None else high)

    def stored(self, whole: Whole) -> exp.Expression:
        """Its SQL with the type of the column that is to hold it: a literal has none of its own."""
        return _cast(whole.sql, self.type_of(*ends(whole))) if _is_bare(whole.sql) else _own(whole.sql)

    def type_of(self, low: int | None, high: int | None) -> exp.DataType:
        """The type of a column for numbers between the ends; an end that is not known is the end of 64 bits."""
        low, high = -SHORT if low is None else low, SHORT if high is None else high
        if max(-low, high) > WIDE:
            raise Unproved(f"a column between {low} and {high}", max(-low, high))
        return built("BIGINT" if _is_short(low, high) else _WIDE_TYPES[self.dialect]).copy()

    def within(self, a: Whole, low: int, high: int) -> Whole:
        """The same, which is known to lie between closer ends."""
        if not _is_short(*ends(a)):
            return Whole(_cast(a.sql, self.type_of(low, high)), low, high)
        return Whole(a.sql, low, high)

    def add(self, a: Whole, b: Whole) -> Whole:
        """The sum of two."""
        (a_low, a_high), (b_low, b_high) = ends(a), ends(b)
        if a.static is not None:
            a, b = b, a
        match a.static, b.static:
            case int(left), int(right):
                return self.constant(left + right)
            case _, 0:
                return a
            case None, int(more):
                a, more = self._without_constant(a, more)
                return self._shifted(a, more)
        if isinstance(b.sql, exp.Neg):
            return self.subtract(a, self.negate(b))
        return self._binary(exp.Add, a, b, a_low + b_low, a_high + b_high)

    def subtract(self, a: Whole, b: Whole) -> Whole:
        """The first less the second."""
        (a_low, a_high), (b_low, b_high) = ends(a), ends(b)
        if b.static is not None:
            return self.add(a, self.constant(-b.static))
        if a.static == 0:
            return self.negate(b)
        if isinstance(b.sql, exp.Neg):
            return self.add(a, self.negate(b))
        return self._binary(exp.Sub, a, b, a_low - b_high, a_high - b_low)

    def multiply(self, a: Whole, b: Whole) -> Whole:
        """The product of two."""
        if a.static is not None:
            a, b = b, a
        match a.static, b.static:
            case int(left), int(right):
                return self.constant(left * right)
            case None, int(times):
                a, factor = self._without_factor(a)
                return self._times(a, factor * times)
        corners = [x * y for x, y in product(ends(a), ends(b))]
        return self._binary(exp.Mul, a, b, min(corners), max(corners))

    def negate(self, a: Whole) -> Whole:
        """The same with the other sign."""
        low, high = ends(a)
        match a.sql:
            case exp.Neg():
                return self._made(_unwrapped(a.sql.this), -high, -low, wide=_is_wide(a))
            case exp.Sub():
                turned = exp.Sub(this=_own(a.sql.expression), expression=_operand(a.sql.this, _ADDITIVE, right=True))
                return self._made(turned, -high, -low, wide=_is_wide(a))
        if a.static is not None:
            return self.constant(-a.static)
        base, factor = self._without_factor(a)
        if factor != 1:
            return self._times(base, -factor)
        return self._made(exp.Neg(this=_operand(a.sql, _SIGNED)), -high, -low, wide=_is_wide(a))

    def absolute(self, a: Whole) -> Whole:
        """The same without its sign."""
        low, high = ends(a)
        if low >= 0:
            return a
        if high <= 0:
            return self.negate(a)
        return self._made(exp.Abs(this=_own(a.sql)), 0, max(-low, high), wide=_is_wide(a))

    def least(self, a: Whole, b: Whole) -> Whole:
        """The smaller of two that are given: for NULL the engines would take the other, whatever its ends."""
        (a_low, a_high), (b_low, b_high) = ends(a), ends(b)
        if a_high <= b_low:
            return a
        if b_high <= a_low:
            return b
        return self._either(exp.Least, a, b, min(a_low, b_low), min(a_high, b_high))

    def greatest(self, a: Whole, b: Whole) -> Whole:
        """The larger of two that are given: for NULL the engines would take the other, whatever its ends."""
        (a_low, a_high), (b_low, b_high) = ends(a), ends(b)
        if a_low >= b_high:
            return a
        if b_low >= a_high:
            return b
        return self._either(exp.Greatest, a, b, max(a_low, b_low), max(a_high, b_high))

    def quotient(self, n: Whole, d: Whole, mode: Mode) -> Whole:
        """The whole number that the mode chooses for ``n / d``; the caller sees to it that ``d`` is never 0."""
        n, d = self._reduced(n, d)
        if d.static == 1:
            return n
        if n.static is not None and d.static is not None:
            return self.constant(_rounded(n.static, d.static, mode))
        low, high = _quotient_ends(n, d, mode)
        return self._truncated(*self._to_truncate(n, d, mode), low, high)

    def floor(self, n: Whole, d: Whole, between: tuple[int, int] | None = None) -> Whole:
        """``n / d`` toward minus infinity, where ``d`` is above 0; ``between``: ends that it is known to lie between."""
        n, d = self._reduced(n, d)
        if d.static == 1:
            return n
        if n.static is not None and d.static is not None:
            return self.constant(n.static // d.static)
        corners = [x // y for x, y in product(ends(n), _divisors(d)) if y > 0]
        away = self.subtract(d, self.constant(1))
        shift = self._by_sign(n, self.constant(0), self.negate(away))
        low, high = min(corners), max(corners)
        if between is not None:
            low, high = max(low, between[0]), min(high, between[1])
        return self._truncated(self.add(n, shift), d, low, high)

    def over(self, a: Whole, b: Whole) -> exp.Expression:
        """Whether the first is the larger."""
        return self._compared(exp.GT, a, b)

    def from_(self, a: Whole, b: Whole) -> exp.Expression:
        """Whether the first is at least the second."""
        return self._compared(exp.GTE, a, b)

    def equal(self, a: Whole, b: Whole) -> exp.Expression:
        """Whether the two are the same."""
        return self._compared(exp.EQ, a, b)

    def choose(self, cases: Sequence[tuple[exp.Expression, Whole]], otherwise: Whole | None) -> Whole:
        """The figure of the first condition that holds; without an ``otherwise``, NULL where none does."""
        branches: list[tuple[exp.Expression, Whole]] = []
        for condition, figure in cases:
            if isinstance(condition, exp.Boolean):
                if condition.this:
                    otherwise = figure
                    break
                continue
            branches.append((condition, figure))
        # What the last conditions give is no matter of choice where the rest gives the same.
        while otherwise is not None and branches and branches[-1][1].sql == otherwise.sql:
            branches.pop()
        figures = [figure for _, figure in branches] + ([otherwise] if otherwise is not None else [])
        if not figures:
            raise ValueError("nothing to choose from")
        if not branches:
            return figures[-1]
        both = [ends(figure) for figure in figures]
        low, high = min(low for low, _ in both), max(high for _, high in both)
        case = exp.Case(
            ifs=[exp.If(this=_own(condition), true=_own(figure.sql)) for condition, figure in branches],
            default=None if otherwise is None else _own(otherwise.sql),
        )
        # Engines give literals alone their narrowest type, and would overflow on what is then done with them.
        if all(_is_bare(figure.sql) for figure in figures):
            return Whole(_cast(case, self.type_of(low, high)), low, high)
        return self._made(case, low, high, wide=_is_wide(*figures))

    def total(
        self,
        a: Whole,
        rows_at_most: int,
        *,
        over: Sequence[exp.Expression] | None = None,
        where: exp.Expression | None = None,
        before: exp.Order | None = None,
    ) -> Whole:
        """The sum over rows: of a group, or of the rows alike in ``over``; NULL over no rows.

        ``before``: of those that come before a row in that order.
        """
        low, high = min(0, ends(a)[0] * rows_at_most), max(0, ends(a)[1] * rows_at_most)
        wide = not _is_short(low, high)
        # Spark sums 64 bits in 64 bits; the others give more by themselves.
        inner = self._widened(a) if wide and self.dialect == "spark" else a.sql
        summed = _aggregate(exp.Sum(this=_own(inner)), over, where)
        if before is not None:
            summed = ordered(summed, before, itself=False)
        return self._made(summed, low, high, wide=wide or self.dialect != "spark")

    def largest(
        self, a: Whole, *, over: Sequence[exp.Expression] | None = None, where: exp.Expression | None = None
    ) -> Whole:
        """The largest over rows; NULL over no rows."""
        return Whole(_aggregate(exp.Max(this=self.stored(a)), over, where), *ends(a))

    def smallest(
        self, a: Whole, *, over: Sequence[exp.Expression] | None = None, where: exp.Expression | None = None
    ) -> Whole:
        """The smallest over rows; NULL over no rows."""
        return Whole(_aggregate(exp.Min(this=self.stored(a)), over, where), *ends(a))

    def _to_truncate(self, n: Whole, d: Whole, mode: Mode) -> tuple[Whole, Whole]:
        """A numerator and a divisor whose quotient, its rest dropped, is the number that the mode chooses.

        What is added to the numerator lies on its own side of zero, so that it makes the quotient larger whatever the
        divisor's sign.
        """
        one, two = self.constant(1), self.constant(2)
        size = self.absolute(d)
        match mode:
            case "down":
                return n, d
            case "up":
                return self.add(n, self._on_side_of(n, self.subtract(size, one))), d
            case "half_up" if size.static is not None:
                return self.add(n, self._on_side_of(n, self.constant(size.static // 2))), d
            case "half_up":
                return self.add(self.multiply(n, two), self._on_side_of(n, size)), self.multiply(d, two)
            case "half_even" if size.static is not None and size.static % 2:
                return self._to_truncate(n, d, "half_up")
        # Just short of a half more, and the last bit of the whole part: together a half where that part is odd.
        whole = self._truncated(n, size, *_quotient_ends(n, size, "down"))
        low, high = ends(whole)
        last = self._made(
            exp.Mod(this=_operand(whole.sql, _MULTIPLICATIVE), expression=_number(2)),
            -1 if low < 0 else 0,
            1 if high > 0 else 0,
            wide=_is_wide(whole),
        )
        if size.static is not None:
            short = self._on_side_of(n, self.constant(size.static // 2 - 1))
            return self.add(self.add(n, short), last), d
        short = self._on_side_of(n, self.subtract(size, one))
        return self.add(self.add(self.multiply(n, two), short), last), self.multiply(d, two)

    def _on_side_of(self, n: Whole, size: Whole) -> Whole:
        """The size with the sign of ``n``."""
        return self._by_sign(n, size, self.negate(size))

    def _by_sign(self, n: Whole, positive: Whole, negative: Whole) -> Whole:
        low, high = ends(n)
        if low >= 0 or positive.sql == negative.sql:
            return positive
        if high <= 0:
            return negative
        base, factor = self._without_factor(n)
        below = self._compared(exp.LT if factor > 0 else exp.GT, base, self.constant(0))
        (p_low, p_high), (n_low, n_high) = ends(positive), ends(negative)
        # Literals stay bare here: what they are added to is no narrower than 64 bits.
        case = exp.Case(ifs=[exp.If(this=below, true=_own(negative.sql))], default=_own(positive.sql))
        return self._made(case, min(p_low, n_low), max(p_high, n_high), wide=_is_wide(positive, negative))

    def _truncated(self, n: Whole, d: Whole, low: int, high: int) -> Whole:
        """``n / d`` without its rest, between the ends given."""
        if not _is_wide(n, d):
            # PostgreSQL's `/` on integers is whole division; what SQLGlot prints for `IntDiv` there goes through NUMERIC.
            kind = exp.Div if self.dialect == "postgres" else exp.IntDiv
            return self._made(_divided(kind, n.sql, d.sql), low, high, wide=False)
        if self.dialect == "duckdb":
            return self._made(_divided(exp.IntDiv, n.sql, d.sql), low, high, wide=True)
        if self.dialect == "postgres":
            # Printed as a call of `div`, so its operands need no parentheses.
            return self._made(exp.IntDiv(this=_own(n.sql), expression=_own(d.sql)), low, high, wide=True)
        # Spark's `div` of decimals wraps at 64 bits. Without the rest its `/` is exact, but keeps 6 decimals of the 38.
        if max(-low, high) >= _SPARK_QUOTIENT:
            raise Unproved(f"a quotient between {low} and {high}", max(-low, high))
        rest = exp.Mod(this=_operand(n.sql, _MULTIPLICATIVE), expression=_operand(d.sql, _MULTIPLICATIVE, right=True))
        even = exp.Sub(this=_operand(n.sql, _ADDITIVE), expression=rest)
        whole = _cast(_divided(exp.Div, even, d.sql), self.type_of(low, high))
        return Whole(whole, low, high)

    def _reduced(self, n: Whole, d: Whole) -> tuple[Whole, Whole]:
        """The same quotient with a positive divisor and no common factor, as far as the two are written out."""
        if d.static is not None and d.static < 0:
            n, d = self.negate(n), self.constant(-d.static)
        elif d.static is None and ends(d)[1] <= 0:
            n, d = self.negate(n), self.negate(d)
        base, times = self._without_factor(n)
        below, by = (self.constant(1), d.static) if d.static is not None else self._without_factor(d)
        common = gcd(times, by)
        if n.static is not None or common == 1:
            return n, d
        return self._times(base, times // common), self._times(below, by // common)

    def _shifted(self, a: Whole, by: int) -> Whole:
        low, high = ends(a)
        if by == 0:
            return a
        kind = exp.Add if by > 0 else exp.Sub
        return self._binary(kind, a, self.constant(abs(by)), low + by, high + by)

    def _times(self, a: Whole, factor: int) -> Whole:
        if a.static is not None:
            return self.constant(a.static * factor)
        if factor == 1:
            return a
        if factor == -1:
            return self.negate(a)
        low, high = sorted(end * factor for end in ends(a))
        return self._binary(exp.Mul, a, self.constant(factor), low, high)

    def _without_factor(self, a: Whole) -> tuple[Whole, int]:
        """What a number written out multiplies, and that number."""
        low, high = ends(a)
        if isinstance(a.sql, exp.Neg) and a.static is None:
            base, factor = self._without_factor(self.negate(a))
            return base, -factor
        if not isinstance(a.sql, exp.Mul) or not (factor := _literal(a.sql.expression) or 0):
            return a, 1
        low, high = sorted((low // factor, high // factor))
        return self._made(*self._narrowed(a.sql.this, low, high)), factor

    def _without_constant(self, a: Whole, more: int) -> tuple[Whole, int]:
        """What a number written out is added to, and that number added to ``more``."""
        low, high = ends(a)
        if not isinstance(a.sql, exp.Add | exp.Sub) or (by := _literal(a.sql.expression)) is None:
            return a, more
        by = by if isinstance(a.sql, exp.Add) else -by
        return self._made(*self._narrowed(a.sql.this, low - by, high - by)), more + by

    def _narrowed(self, sql: exp.Expression, low: int, high: int) -> tuple[exp.Expression, int, int, bool]:
        """An operand taken out again, without the cast that made it wide for a wider result."""
        sql = _unwrapped(sql)
        if isinstance(sql, exp.Cast) and sql.to == built(_WIDE_TYPES[self.dialect]) and _is_short(low, high):
            return _unwrapped(sql.this), low, high, False
        return sql, low, high, not _is_short(low, high)

    def _binary(self, kind: type[exp.Expression], a: Whole, b: Whole, low: int, high: int) -> Whole:
        """Two operands under an operator, one of them widened where the result asks for more than either has."""
        wide = not _is_short(low, high)
        left, right = a.sql, b.sql
        if wide and not _is_wide(a, b):
            if _is_bare(left):
                right = self._widened(b)
            else:
                left = self._widened(a)
        if self.dialect == "spark" and not wide:
            if kind is exp.Mul and low == high == 0:
                return self._nothing(a, b)
            kind, left, right = _kept_in_order(kind, left, right)
        level = _LEVELS[kind]
        sql = kind(this=_operand(left, level, kind), expression=_operand(right, level, kind, right=True))
        return self._made(sql, low, high, wide=wide or _is_wide(a, b))

    def _nothing(self, a: Whole, b: Whole) -> Whole:
        """A product that is 0 whatever its factors are, or NULL, as a sum: Spark would multiply the other factors first."""
        of, nil = (b, a) if ends(a) == (0, 0) else (a, b)
        none = self._made(
            exp.Sub(this=_operand(of.sql, _ADDITIVE), expression=_operand(of.sql, _ADDITIVE, right=True)),
            0,
            0,
            wide=_is_wide(of),
        )
        return none if nil.static is not None else self._binary(exp.Add, nil, none, 0, 0)

    def _either(self, kind: type[exp.Least | exp.Greatest], a: Whole, b: Whole, low: int, high: int) -> Whole:
        if self.dialect == "duckdb" and all(_is_brief(x.sql) for x in (a, b)):
            # DuckDB takes three times as long over LEAST and GREATEST; NULL does not come into it where both are given.
            compared = self._compared(exp.LT if kind is exp.Least else exp.GT, a, b)
            chosen = exp.Case(ifs=[exp.If(this=compared, true=_own(a.sql).copy())], default=_own(b.sql).copy())
            return self._made(chosen, low, high, wide=_is_wide(a, b))
        # Unless told so, SQLGlot spells out for DuckDB that NULL makes NULL, each operand twice.
        sql = kind(this=_own(a.sql), expressions=[_own(b.sql)], ignore_nulls=True)
        return self._made(sql, low, high, wide=_is_wide(a, b))

    def _compared(self, kind: type[exp.Expression], a: Whole, b: Whole) -> exp.Expression:
        if a.static is not None and b.static is not None:
            return exp.Boolean(this=_COMPARED[kind](a.static, b.static))
        # A difference against nothing is its two parts against one another.
        if b.static == 0 and isinstance(a.sql, exp.Sub):
            return kind(this=_compared_part(a.sql.this), expression=_compared_part(a.sql.expression))
        if a.static == 0 and isinstance(b.sql, exp.Sub):
            return kind(this=_compared_part(b.sql.expression), expression=_compared_part(b.sql.this))
        return kind(this=_operand(a.sql, _COMPARING), expression=_operand(b.sql, _COMPARING, right=True))

    def _widened(self, a: Whole) -> exp.Expression:
        return _own(a.sql) if _is_wide(a) else _cast(a.sql, built(_WIDE_TYPES[self.dialect]).copy())

    def _made(self, sql: exp.Expression, low: int, high: int, wide: bool) -> Whole:
        """A result whose SQL is wide or not, brought to the type that its ends ask for."""
        made = Whole(sql, low, high)
        if wide and not _is_wide(made):
            return Whole(_cast(sql, built("BIGINT").copy()), low, high)
        return made


def _compared_part(sql: exp.Expression) -> exp.Expression:
    return _operand(_unwrapped(sql), _COMPARING, right=True)


def _is_brief(sql: exp.Expression) -> bool:
    """Whether a tree may be written a second time: a column, a literal, or one operation on the two."""
    return sum(1 for _ in sql.find_all(exp.Column, exp.Literal)) <= _MOST_REPEATED


_MOST_REPEATED = 2
_WIDE_TYPES = {"duckdb": "INT128", "spark": "DECIMAL(38, 0)", "postgres": "DECIMAL"}
_SPARK_QUOTIENT = 10**32

_COMPARING, _ADDITIVE, _MULTIPLICATIVE, _SIGNED, _PRIMARY = 1, 2, 3, 4, 5
_LEVELS: dict[type[exp.Expression], int] = {
    exp.Add: _ADDITIVE,
    exp.Sub: _ADDITIVE,
    exp.Mul: _MULTIPLICATIVE,
    exp.Div: _MULTIPLICATIVE,
    exp.IntDiv: _MULTIPLICATIVE,
    exp.Mod: _MULTIPLICATIVE,
    exp.Neg: _SIGNED,
}
_PRIMARIES = (exp.Column, exp.Literal, exp.Func, exp.Case, exp.Paren, exp.Subquery, exp.Window, exp.Filter)
_COMPARED: dict[type[exp.Expression], Callable[[int, int], bool]] = {
    exp.GT: int.__gt__,
    exp.GTE: int.__ge__,
    exp.LT: int.__lt__,
    exp.EQ: int.__eq__,
}


def _is_short(low: int, high: int) -> bool:
    return low >= -SHORT and high <= SHORT


def _is_wide(*wholes: Whole) -> bool:
    """Whether any of them has the wide type."""
    return not all(_is_short(*ends(whole)) for whole in wholes)


def _rounded(n: int, d: int, mode: Mode) -> int:
    return int(round_to(Fraction(n, d), 1, mode))


def _quotient_ends(n: Whole, d: Whole, mode: Mode) -> tuple[int, int]:
    """The ends of a quotient: rounding keeps the order, so they lie at the ends of what is divided."""
    corners = [_rounded(x, y, mode) for x, y in product(ends(n), _divisors(d))]
    if not corners:
        raise Unproved("a divisor that is always 0")
    return min(corners), max(corners)


def _divisors(d: Whole) -> Iterator[int]:
    """The outermost and innermost values of a divisor that is not 0."""
    low, high = ends(d)
    return iter({x for x in (low, high, -1, 1) if low <= x <= high and x != 0})


def _number(number: int) -> exp.Expression:
    literal = exp.Literal.number(abs(number))
    return exp.Neg(this=literal) if number < 0 else literal


def _literal(sql: exp.Expression) -> int | None:
    """The whole number that a literal writes out, or a cast of one."""
    if isinstance(sql, exp.Cast):
        sql = sql.this
    sign, literal = (-1, sql.this) if isinstance(sql, exp.Neg) else (1, sql)
    return sign * int(literal.this) if isinstance(literal, exp.Literal) and literal.is_int else None


def _is_bare(sql: exp.Expression) -> bool:
    """Whether a tree is a literal, to which engines give the narrowest type that holds it."""
    return not isinstance(sql, exp.Cast) and _literal(sql) is not None


def _kept_in_order(
    kind: type[exp.Expression], left: exp.Expression, right: exp.Expression
) -> tuple[type[exp.Expression], exp.Expression, exp.Expression]:
    """A sum that Spark works out as it is written.

    It takes numbers written out to the end of a chain of sums, and what is left from the left: sums that nobody proved. It leaves
    differences where they are. (Of products no part is larger than the whole, unless that is 0.)
    """
    if kind is not exp.Add:
        return kind, left, right
    if (number := _literal(right)) is not None:
        return (kind, left, right) if _is_plain_chain(left) else (exp.Sub, left, _number(-number))
    return kind, _as_difference(left), _as_difference(right)


def _is_plain_chain(sql: exp.Expression) -> bool:
    """Whether a sum is written from the left, with no number among what it adds."""
    sql = _inside(sql)
    while isinstance(sql, exp.Add):
        if isinstance(_inside(sql.expression), exp.Add) or _literal(sql.expression) is not None:
            return False
        sql = _inside(sql.this)
    return _literal(sql) is None


def _as_difference(sql: exp.Expression) -> exp.Expression:
    """``x + 5`` as ``x - -5``."""
    inner = _inside(sql)
    if not isinstance(inner, exp.Add) or (number := _literal(inner.expression)) is None:
        return sql
    return exp.Sub(this=inner.this.copy(), expression=_number(-number))


def _own(sql: exp.Expression) -> exp.Expression:
    """A tree to be put under another: a copy where it stands under one already."""
    return sql if sql.parent is None else sql.copy()


def _inside(sql: exp.Expression) -> exp.Expression:
    while isinstance(sql, exp.Paren):
        sql = sql.this
    return sql


def _unwrapped(sql: exp.Expression) -> exp.Expression:
    return _inside(sql).copy()


def _cast(sql: exp.Expression, to: exp.DataType) -> exp.Expression:
    return exp.Cast(this=_own(sql), to=to)


def _level(sql: exp.Expression) -> int:
    """How tightly a tree holds together; 0 where it is nothing that is known here."""
    if (level := _LEVELS.get(type(sql))) is not None:
        return level
    return _PRIMARY if isinstance(sql, _PRIMARIES) and not isinstance(sql, exp.Binary) else 0


def _operand(
    sql: exp.Expression, level: int, kind: type[exp.Expression] | None = None, *, right: bool = False
) -> exp.Expression:
    """An operand under an operator of a level, in parentheses where it binds no tighter: SQLGlot sets none by itself."""
    own = _level(sql)
    # A chain of sums or of products reads from the left as it is meant; quotients among products would need a second look.
    chained = not right and own == level and (level == _ADDITIVE or type(sql) is kind is exp.Mul)
    if own > level or chained:
        return _own(sql)
    return exp.Paren(this=_own(sql))


def _divided(kind: type[exp.Expression], n: exp.Expression, d: exp.Expression) -> exp.Expression:
    divided = kind(this=_operand(n, _MULTIPLICATIVE), expression=_operand(d, _MULTIPLICATIVE, right=True))
    if kind is exp.Div:
        divided.set("typed", True)
    return divided


def ordered(window: exp.Expression, order: exp.Order, *, itself: bool) -> exp.Expression:
    """A window over the rows before each row in an order, with the row itself or without it."""
    last: dict[str, object] = {"end": "CURRENT ROW"} if itself else {"end": _number(1), "end_side": "PRECEDING"}
    window.set("order", order.copy())
    window.set("spec", exp.WindowSpec(kind="ROWS", start="UNBOUNDED", start_side="PRECEDING", **last))
    return window


def _aggregate(
    function: exp.Expression, over: Sequence[exp.Expression] | None, where: exp.Expression | None
) -> exp.Expression:
    if where is not None:
        function = exp.Filter(this=function, expression=exp.Where(this=_own(where)))
    if over is not None:
        function = exp.Window(this=function, partition_by=[_own(column) for column in over])
    return function
