"""The quick ways of the interpreter for what is known: with them and without them a run leaves the same, to the mark."""

import importlib
import os
import sys
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.api import Policy, bind_data, open_policy
from engine.interpret import amounts, choose, derive, evaluate, gather, world
from engine.interpret.interpret import interpret
from engine.load.yaml_data import data_in
from engine.load.yaml_text import Mapping, Node, Scalar, Sequence
from engine.nouns import possible as p
from engine.nouns import value
from engine.nouns.dataset import Dataset
from engine.nouns.value import Known, Value
from engine.nouns.world import Row
from grammar.diagnostic import FindingsError, Place

sys.path.insert(0, str(Path(__file__).parent / "oracle"))
CASES = int(os.environ.get("XIANCE_RANDOM_CASES", "30"))
PLACE = Place("random.yaml", 1, 1)
NUMBERS = st.integers(-(10**14), 10**14) | st.fractions(-(10**6), 10**6, max_denominator=10**4)


@pytest.mark.parametrize("name", ["gaotai", "yunxian", "guangdong", "jilin"])
def test_a_run_leaves_the_same_without_the_quick_ways(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    policy = open_policy(name)
    generate = importlib.import_module("generate")
    quick, slow = [], []
    cases = [bound(policy, generate.random_case(name, seed)) for seed in range(CASES)]
    for case in cases:
        quick.append(left_by(policy, case))
    turn_off_the_quick_ways(monkeypatch)
    for case in cases:
        slow.append(left_by(policy, case))
    assert quick == slow


def test_the_quick_ways_are_off_when_they_are_turned_off(monkeypatch: pytest.MonkeyPatch) -> None:
    turn_off_the_quick_ways(monkeypatch)
    assert type(value.stated(1)) is Value
    assert not p.EXACT


@pytest.mark.parametrize("name", ["add", "subtract", "multiply", "divide", "least", "greatest", "over", "from_"])
@given(left=NUMBERS, right=NUMBERS)
def test_known_numbers_are_worked_out_as_ranges_that_hold_nothing_else(
    name: str, left: int | Fraction, right: int | Fraction
) -> None:
    operation = getattr(p, name)
    assert operation(left, right) == operation(p.Between(left, left), p.Between(right, right))


@given(
    sort=st.sampled_from(["unless", "cases"]),
    branches=st.lists(st.tuples(st.booleans(), st.integers(0, 2), st.frozensets(st.integers(0, 3))), max_size=4),
    otherwise=st.none() | st.integers(0, 2),
)
def test_known_conditions_decide_as_unmarked_ones_do(
    sort: Any, branches: list[tuple[bool, int, frozenset[int]]], otherwise: int | None
) -> None:
    def chosen(make: Any) -> object:
        values = [lambda _, x=x: make(x) for _, x, _ in branches]
        rest = None if otherwise is None else lambda _: make(otherwise)
        conditions = [make(holds) for holds, _, _ in branches]
        # A branch ranks above earlier ones only: nothing ranks above itself, whatever way round.
        ranks = [frozenset(x for x in above if x < place) for place, (*_, above) in enumerate(branches)]
        came = choose.decide(sort, conditions, values, rest, ranks, None)  # type: ignore[arg-type]
        return told(came.value), came.decided, came.clash

    if otherwise is None and sort == "unless":
        return
    assert chosen(Known) == chosen(lambda x: Value(x, x))


def turn_off_the_quick_ways(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no value be of the type and no number of the types that the quick ways look for."""
    for module in (value, amounts, choose, derive, evaluate, gather, world):
        monkeypatch.setattr(module, "Known", lambda now: Value(now, now))
    monkeypatch.setattr(p, "EXACT", frozenset())


def bound(policy: Policy, case: dict[str, Any]) -> Dataset:
    return bind_data(policy, data_in(tree(case), "random.yaml"))


def tree(node: object) -> Node:
    if isinstance(node, dict):
        return Mapping({str(k): tree(v) for k, v in node.items()}, {str(k): PLACE for k in node}, PLACE)
    if isinstance(node, list):
        return Sequence(tuple(tree(v) for v in node), PLACE)
    return Scalar("" if node is None else str(node), PLACE)


def left_by(policy: Policy, data: Dataset) -> list[object]:
    """Everything a run leaves: every column of every row with its marks, what decided, what was found and counted."""
    try:
        run = interpret(policy.pipeline, data)
    except FindingsError as error:
        return [(f.code, f.where, dict(f.values)) for f in error.findings]
    found = [(f.code, f.where, dict(f.values)) for f in run.findings]
    return [*found, run.tally, *(row for year in run.years for rows in year.tables.values() for row in rows_of(rows))]


def rows_of(rows: tuple[Row, ...]) -> Iterator[object]:
    for row in rows:
        yield row.key, row.refused, row.decided, {name: told(column) for name, column in row.columns.items()}


def told(it: Value) -> object:
    return it.now, it.base, it.missing, it.assumed, it.defaults
