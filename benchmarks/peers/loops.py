"""W1 and W2 as a loop in Python: over whole numbers, and over decimals."""

from collections.abc import Callable
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

import polars as pl

Made = tuple[Callable[[], Any], Callable[[Any], list[list[int]]]]
Row = tuple[int, int, int, int, bool, bool]
NAMES = ("budget", "cleared", "factor", "special", "refusal", "change")
FEN, CAP, SPECIAL, PLAIN, POINTS = Decimal(1), Decimal("0.3"), Decimal("0.85"), Decimal("0.6"), Decimal("0.0001")


def ints(file: Path) -> Made:
    """One row per institution and year, in whole fen."""
    rows = pl.read_parquet(file).select(NAMES).rows()
    return (lambda: [_by_ints(*row) for row in rows]), _turned


def decimals(file: Path) -> Made:
    """The same in Decimal."""
    rows = [
        (Decimal(budget), Decimal(cleared), factor * POINTS, Decimal(special), refusal, change)
        for budget, cleared, factor, special, refusal, change in pl.read_parquet(file).select(NAMES).rows()
    ]
    return (lambda: [_by_decimals(*row) for row in rows]), _turned


def ints_claims(claims: Path, hospitals: Path) -> Made:
    """Claim rows gathered by hospital and category, settled, and what is handed in split within each area."""
    rows = pl.read_parquet(claims).select("hospital", "category", "payer", "paid").rows()
    units = pl.read_parquet(hospitals).select(
        "hospital", "area", "place", "budget", "factor", "special", "refusal", "change"
    )
    given = units.rows()

    def settle() -> list[tuple[int, ...]]:
        sums = {(unit[0], kind): 0 for unit in given for kind in ("住院", "日间", "门诊")}
        for hospital, category, payer, paid in rows:
            if payer != "大病保险":
                sums[hospital, category] += paid
        found: list[tuple[int, ...]] = []
        pools: dict[int, int] = {}
        members: dict[int, int] = {}
        for hospital, area, _, budget, factor, special, refusal, change in given:
            parts = (sums[hospital, "住院"], sums[hospital, "日间"], sums[hospital, "门诊"])
            cleared = sum(parts)
            figures = _by_ints(budget, cleared, factor, min(special, max(cleared - budget, 0)), refusal, change)
            pools[area] = pools.get(area, 0) + figures[4]
            members[area] = members.get(area, 0) + 1
            found.append((*parts, *figures))
        return [
            (*figures, pools[unit[1]] // members[unit[1]] + (unit[2] < pools[unit[1]] % members[unit[1]]))
            for figures, unit in zip(found, given, strict=True)
        ]

    return settle, _turned


def _by_ints(budget: int, cleared: int, factor: int, special: int, refusal: bool, change: bool) -> tuple[int, ...]:
    balance = budget - cleared
    surplus, over = max(balance, 0), max(-balance, 0)
    retained = 0 if refusal or change else (min(surplus * 10, budget * 3) * factor + 50_000) // 100_000
    fund = (special * 17 + (over - special) * 12 + 10) // 20
    return balance, surplus, over, retained, surplus - retained, fund, over - fund


def _by_decimals(
    budget: Decimal, cleared: Decimal, factor: Decimal, special: Decimal, refusal: bool, change: bool
) -> tuple[Decimal, ...]:
    nothing = Decimal(0)
    balance = budget - cleared
    surplus, over = max(balance, nothing), max(-balance, nothing)
    kept = min(surplus, budget * CAP) * factor
    retained = nothing if refusal or change else kept.quantize(FEN, ROUND_HALF_UP)
    fund = (special * SPECIAL + (over - special) * PLAIN).quantize(FEN, ROUND_HALF_UP)
    return balance, surplus, over, retained, surplus - retained, fund, over - fund


def _turned(found: list[tuple[Any, ...]]) -> list[list[int]]:
    return [[int(value) for value in column] for column in zip(*found, strict=True)]
