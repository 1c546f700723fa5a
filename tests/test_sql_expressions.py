"""An expression comes to the same in SQL as in the interpreter, on every row that is not in doubt."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from random import Random
from typing import Literal

import pytest
from small_rows import (
    CHOICES,
    DAYS,
    PARAMETERS,
    SIZES,
    SPAN,
    alike,
    by_engine,
    by_interpreter,
    cells,
    laid_out,
    rows_of,
)

from engine.nouns import core as c
from engine.nouns import kinds as k
from engine.nouns.core import Core
from engine.nouns.possible import Between
from engine.nouns.value import ZERO_DIVISOR
from engine.sql.duckdb_engine import DuckDB
from engine.sql.scope import Unsayable
from engine.sql.whole import Unproved

_NUMBERS = ("甲数", "甲数", "乙数", "乙数", "丙数", "丁率", "戊数", "空数")
_ANSWERS = ("甲否", "乙否", "丙否", "丁否", "空否")
_MODES: tuple[c.Mode, ...] = ("half_up", "up", "down", "half_even")
_SORTS: tuple[Literal["unless", "cases"], ...] = ("unless", "unless", "cases")
_BOUNDS = ("over", "from", "below", "up_to")


@dataclass(frozen=True, slots=True)
class Expressions:
    """Makes expressions at random, of so many levels at most."""

    random: Random

    def number(self, depth: int) -> Core:
        """A number."""
        pick = self.random.choice
        if depth == 0:
            return self._plain_number()
        inner = depth - 1
        match self.random.randrange(12):
            case 0 | 1:
                return self.apply(pick(("add", "subtract")), self._term(inner), self._term(inner))
            case 2 | 3:
                return self.apply(pick(("multiply", "part")), self._term(inner), self._term(inner))
            case 4:
                return self.apply("divide", self.number(inner), self.number(inner))
            case 5 | 6:
                return self.apply(pick(("most", "least")), self.number(inner), self.number(inner))
            case 7:
                return self.apply("negate", self.number(inner))
            case 8:
                mode = pick(_MODES)
                step = pick((1, 100, Fraction(1, 100), Fraction(1, 2)))
                return c.Round(self.number(inner), mode, step, k.NUMBER, SPAN)
            case 9:
                low, high = sorted(self.random.sample(SIZES, 2))
                ends = [c.Constant(x, k.NUMBER, SPAN) for x in (low, high)]
                if self.random.random() < 0.5:
                    return self.apply("slice", self.number(inner), *ends)
                return self.apply("slice_above", self.number(inner), ends[0])
            case _:
                return self.choice(inner, self.number, k.NUMBER)

    def answer(self, depth: int) -> Core:
        """A yes/no."""
        pick = self.random.choice
        if depth == 0:
            return c.Read(pick(_ANSWERS), k.YES_NO, SPAN)
        inner = depth - 1
        match self.random.randrange(10):
            case 0 | 1 | 2:
                end = c.Constant(pick(SIZES), k.NUMBER, SPAN)
                return self.truth(pick(_BOUNDS), c.Read(pick(_NUMBERS), k.NUMBER, SPAN), end)
            case 3 | 4:
                return self.truth(pick((*_BOUNDS, "equal")), self.number(inner), self.number(inner))
            case 5:
                options = [c.Constant(x, CHOICES, SPAN) for x in self.random.sample(CHOICES.options, 2)]
                read = c.Read(pick(("甲文", "乙文")), CHOICES, SPAN)
                if self.random.random() < 0.5:
                    return self.truth(pick(("is", "is_not")), read, options[0])
                return self.truth(pick(("in", "not_in")), read, *options)
            case 6:
                day, other = c.Read(pick(("甲日", "乙日")), k.DATE, SPAN), c.Constant(pick(DAYS), k.DATE, SPAN)
                return self.truth(pick((*_BOUNDS, "equal")), day, other)
            case 7:
                return c.Given(pick(("乙数", "丁率", "乙否", "甲数")), None, k.YES_NO, SPAN)
            case 8:
                return self.truth(pick(("and", "or")), self.answer(inner), self.answer(inner))
            case _:
                return self.truth("not", self.answer(inner))

    def choice(self, depth: int, value: Callable[[int], Core], kind: k.Kind) -> Core:
        """A choice by condition."""
        count = self.random.choice((1, 1, 2, 2, 3))
        sort = self.random.choice(_SORTS)
        above = [frozenset[int]()] * count
        if sort == "unless" and count > 1:
            ranked = self.random.choice(("none", "all", "some"))
            above = [
                frozenset(j for j in range(i) if ranked == "all" or (ranked == "some" and self._half()))
                for i in range(count)
            ]
        branches = tuple(
            c.Branch(
                self.answer(self.random.randrange(depth + 1)), self._branch(depth, value), (), above[i], None, span=SPAN
            )
            for i in range(count)
        )
        otherwise = None if sort == "cases" and self._half() else self._branch(depth, value)
        return c.Choose(sort, branches, otherwise, kind, SPAN)

    def apply(self, operator: str, *args: Core) -> Core:
        """An operator on numbers."""
        return c.Apply(operator, args, k.NUMBER, span=SPAN)

    def truth(self, operator: str, *args: Core) -> Core:
        """An operator that answers yes or no."""
        return c.Apply(operator, args, k.YES_NO, span=SPAN)

    def _half(self) -> bool:
        return self.random.random() < 0.5

    def _branch(self, depth: int, value: Callable[[int], Core]) -> "Core | c.NoFigure":
        return c.NoFigure(SPAN) if self.random.random() < 0.2 else value(depth)

    def _term(self, depth: int) -> Core:
        if self.random.random() < 0.2:
            read = self.random.choice((c.Read("乙数", k.MONEY, SPAN), c.ReadParameter("未参", k.RATIO, SPAN)))
            return c.LeftOut(read, self.random.choice((0, 1)), read.kind, SPAN)
        return self.number(depth)

    def _plain_number(self) -> Core:
        pick = self.random.choice
        match self.random.randrange(5):
            case 0:
                return c.Constant(pick((*SIZES, -1, Fraction(1, 3), Fraction(85, 100))), k.NUMBER, SPAN)
            case 1:
                return c.ReadParameter(pick(tuple(PARAMETERS)), k.RATIO, SPAN)
            case _:
                return c.Read(pick(_NUMBERS), k.NUMBER, SPAN)


@pytest.fixture(scope="module")
def engine() -> Iterator[DuckDB]:
    made = DuckDB(memory="1GB", threads=1)
    yield made
    made.close()


def compared(engine: DuckDB, seed: int, kind: k.Kind) -> tuple[int, int]:
    """How many rows an expression of a seed was compared on, and how many are in doubt."""
    random = Random(seed)  # noqa: S311 - test cases, no secrets
    data = cells(random, 40)
    made = Expressions(random)
    node = (made.number if kind is k.NUMBER else made.answer)(random.choice((1, 2, 3)))
    told = alike(kind)
    table = f"rows_{kind.base.name.lower()}_{seed}"
    small = laid_out(engine, table, data)
    try:
        mine = by_engine(engine, table, small, node)
    except (Unsayable, Unproved):
        return 0, len(data)
    finally:
        engine.run(f"DROP TABLE IF EXISTS {table}")
    in_doubt = 0
    for given, (value, findings), (other, doubt) in zip(data, by_interpreter(node, rows_of(data)), mine, strict=True):
        if doubt:
            in_doubt += 1
            continue
        assert value is not None, (node, given)
        assert not findings, (node, given)
        assert told(other) == told(value), (node, given)
    return len(data) - in_doubt, in_doubt


# Beyond the first: clashes in what an assumption passes over, divisors that are nothing, a default beside one exception.
SEEDS = (*range(40), 134, 172, 207, 425, 453)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("kind", [k.NUMBER, k.YES_NO], ids=["number", "answer"])
def test_an_expression_comes_to_the_same(engine: DuckDB, seed: int, kind: k.Kind) -> None:
    compared(engine, seed, kind)


def test_few_rows_are_in_doubt(engine: DuckDB) -> None:
    counts = [compared(engine, seed, kind) for seed in range(20) for kind in (k.NUMBER, k.YES_NO)]
    assert sum(same for same, _ in counts) > 2 * sum(doubt for _, doubt in counts)


GIVEN = cells(Random(0), 1)[0]  # noqa: S311 - test cases, no secrets


def test_a_default_is_not_narrowed_by_the_condition_that_does_not_hold() -> None:
    read = c.Read("乙数", k.MONEY, SPAN)
    over = c.Apply("over", (read, c.Constant(100, k.MONEY, SPAN)), k.YES_NO, span=SPAN)
    branch = c.Branch(over, c.Constant(100, k.MONEY, SPAN), (), span=SPAN)
    node = c.Choose("unless", (branch,), read, k.MONEY, SPAN)
    (row,) = rows_of([{**GIVEN, "乙数": None}])
    ((value, _),) = by_interpreter(node, [row])
    assert value is not None
    assert value.now == Between(0, None)


def test_a_row_whose_divisor_is_nothing_is_open_and_waits_for_it(engine: DuckDB) -> None:
    node = c.Apply("divide", (c.Read("甲数", k.SIGNED, SPAN), c.Constant(0, k.NUMBER, SPAN)), k.NUMBER, span=SPAN)
    data = [GIVEN] * 3
    small = laid_out(engine, "divided", data)
    found = list(by_engine(engine, "divided", small, node))
    assert [doubt for _, doubt in found] == [False] * 3
    right = [value for value, _ in by_interpreter(node, rows_of(data)) if value is not None]
    assert [alike(k.NUMBER)(value) for value, _ in found] == [alike(k.NUMBER)(value) for value in right]
    assert all(any(name.endswith(ZERO_DIVISOR) for name in value.missing) for value, _ in found)


def test_what_clashes_where_no_assumption_is_made_puts_the_row_in_doubt(engine: DuckDB) -> None:
    both = tuple(
        c.Branch(c.Read("甲否", k.YES_NO, SPAN), c.Constant(value, k.NUMBER, SPAN), (), span=SPAN) for value in (1, 2)
    )
    inner = c.Choose("unless", both, c.Constant(3, k.NUMBER, SPAN), k.NUMBER, SPAN)
    assumed = c.Branch(c.Read("丙否", k.YES_NO, SPAN), c.Constant(4, k.NUMBER, SPAN), (), span=SPAN)
    node = c.Choose("unless", (assumed,), inner, k.NUMBER, SPAN)
    data = [{**GIVEN, "甲否": clashes, "丙否": None} for clashes in (True, False)]
    small = laid_out(engine, "clashing", data)
    assert [doubt for _, doubt in by_engine(engine, "clashing", small, node)] == [True, False]
