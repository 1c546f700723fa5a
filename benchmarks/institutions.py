"""One row per institution and year (balance, 30 % cap, exceptions, sharing): the interpreter against bare loops."""

import random
from collections.abc import Iterable
from datetime import date
from fractions import Fraction
from pathlib import Path

from measure import Line, line, seconds
from shapes import W1_FIGURES, Row, by_fractions

from engine.api import Policy, open_policy
from engine.interpret.interpret import interpret
from engine.interpret.world import rows_of
from engine.nouns.dataset import DataRow, Dataset
from engine.nouns.numbers import exact
from engine.nouns.periods import Period
from grammar.diagnostic import Place

HERE = Path(__file__).parent
ROWS = 10_000


def lines() -> list[Line]:
    """The interpreter, without and with notes, and what of it cannot be less."""
    policy = open_policy(HERE / "schemes" / "w1")
    data = _data(ROWS)
    dataset = _dataset(data)
    _agree(policy, dataset, data)
    scheme = policy.scheme(date(2026, 1, 1))
    peer = "a bare Python loop over ints, the same 7 figures"

    def loop() -> float:
        return seconds(lambda: [_by_hand(row) for row in data])

    return [
        line(
            f"interpreter, {ROWS:,} rows", peer, "≤ 5×", lambda: seconds(lambda: interpret(policy.pipeline, dataset)), loop
        ),
        line(
            "the same, every expression noted", peer, "≤ 20×",
            lambda: seconds(lambda: interpret(policy.pipeline, dataset, noting=True)), loop,
        ),
        line(
            "of that: making the rows", peer, "", lambda: seconds(lambda: rows_of(scheme, dataset, 2026)), loop
        ),
        line(
            "a bare loop that keeps fractions, as the rules say", peer, "",
            lambda: seconds(lambda: [by_fractions(row) for row in data]), loop,
        ),
    ]  # fmt: skip


def institutions(counts: Iterable[int]) -> tuple[Policy, list[Dataset]]:
    """The scheme, with as many institutions as asked for, once for every count."""
    return open_policy(HERE / "schemes" / "w1"), [_dataset(_data(count)) for count in counts]


def _data(count: int) -> list[Row]:
    """Budget, cleared, factor in basis points, special overspend (all fen), two events; the same on every run."""
    chance = random.Random(20261123)  # noqa: S311 - invented amounts, not a secret
    rows = []
    for _ in range(count):
        budget = chance.randrange(10**8, 3 * 10**10)
        cleared = budget * chance.randrange(55, 130) // 100 + chance.randrange(100)
        over = max(0, cleared - budget)
        special = chance.randrange(over + 1) if over else 0
        rows.append(
            (budget, cleared, chance.randrange(8000, 10001), special, chance.random() < 0.03, chance.random() < 0.03)
        )
    return rows


def _dataset(data: list[Row]) -> Dataset:
    place = Place("benchmark")
    rows = tuple(
        DataRow(
            "机构", f"机构{n:07}", None, None, Period(2026),
            {"预算": b, "清算": d, "考核系数": exact(Fraction(f, 10_000)), "特殊超支": s, "推诿患者": r, "服务变化": c},
            {}, None, place,
        )
        for n, (b, d, f, s, r, c) in enumerate(data)
    )  # fmt: skip
    return Dataset({"机构": rows}, frozenset({"机构"}), (2026,), {}, (), "")


def _by_hand(row: Row) -> tuple[int, ...]:
    """The seven figures as a person in a hurry would program them: exact, in whole fen, the rates written into it."""
    budget, cleared, factor, special, refusal, change = row
    balance = budget - cleared
    surplus, over = max(balance, 0), max(-balance, 0)
    numerator = min(surplus * 10, budget * 3) * factor
    retained = 0 if refusal or change else (2 * numerator + 100_000) // 200_000
    fund = (special * 17 + (over - special) * 12 + 10) // 20
    return balance, surplus, over, retained, surplus - retained, fund, over - fund


def _agree(policy: Policy, dataset: Dataset, data: list[Row]) -> None:
    """All ways give the same fen, or the comparison would be of different things."""
    run = interpret(policy.pipeline, dataset)
    found = [tuple(row.columns[name].now for name in W1_FIGURES) for row in run.years[0].tables["机构"]]
    if not found == [_by_hand(row) for row in data] == [by_fractions(row) for row in data]:
        raise SystemExit("the interpreter and the loops do not agree")
