"""Random material for cases: amounts in every spelling the contract allows, rates, months."""

from __future__ import annotations

import random
from fractions import Fraction
from typing import Any

from casefile import KINDS, WORDS, money_text

Cells = dict[str, str]


def seeded(seed: int) -> random.Random:
    """A generator that gives the same case again."""
    return random.Random(seed)  # noqa: S311  # a test wants the same case again, not a secret one


def yuan(fen: int) -> str:
    """Fen as yuan."""
    return money_text(Fraction(fen, 100))


def amount(rng: random.Random, low: int, high: int) -> str:
    """An amount between two amounts of fen."""
    fen = rng.randint(low, high)
    way = rng.random()
    if way < 0.1:
        return f"{fen // 1_000_000}万元"
    if way < 0.2:
        return f"{fen // 10_000_000_000}.{fen // 100_000_000 % 100:02d}亿元"
    return yuan(fen) + ("元" if way < 0.3 else "")


def signed(rng: random.Random, most: int) -> str:
    """An amount of either sign."""
    fen = rng.randint(-most, most)
    return yuan(fen)


def percent(rng: random.Random, hundredths: int) -> str:
    """So many hundredths of a per cent, as a percentage or a plain decimal."""
    sign, size = ("-" if hundredths < 0 else ""), abs(hundredths)
    if rng.random() < 0.2:
        return f"{sign}{size // 10_000}.{size % 10_000:04d}"
    return f"{sign}{size // 100}.{size % 100:02d}%"


def rate(rng: random.Random, most: int, *, edges: bool) -> str:
    """A rate up to so many hundredths of a per cent; the edges themselves only where asked for."""
    if edges and rng.random() < 0.3:
        return rng.choice(["0%", "100%", "50%"] if most == 10_000 else ["0%", "2.5%"])
    if rng.random() < 0.3:
        return rng.choice(["0.5", "50%", "25%", "12.5%", "66.667%"] if most == 10_000 else ["0.025", "2.5%", "3.125%"])
    return percent(rng, rng.randint(1, most - 1))


def cleared(rng: random.Random, fen: int) -> Cells:
    """The cleared amount, now and then under a header in 万元."""
    if rng.random() < 0.1:
        return {"年度清算总额(万元)": f"{fen // 1_000_000}.{fen % 1_000_000:06d}"}
    return {"年度清算总额": yuan(fen)}


def around(rng: random.Random, fen: int) -> int:
    """The amount itself, one fen beside it, or something of its size."""
    wide = [fen * rng.randint(600, 1300) // 1000 + rng.randint(0, 99) for _ in range(6)]
    return max(0, rng.choice([fen, fen + 1, fen - 1, *wide]))


def months(rng: random.Random, rows: list[Cells], *, complete: bool) -> list[Cells]:
    """Rows of the monthly table for some months of some units."""
    found: list[Cells] = []
    for row in rows:
        for month in rng.sample(range(1, 13), rng.randint(0, 12)):
            cells = {"单位": row["名称"], "月份": f"{row['年度']}-{month:02d}"}
            if complete or rng.random() < 0.99:
                cells["实拨"] = amount(rng, 0, 3_000_000_000)
            found.append(cells)
    rng.shuffle(found)
    return found


def shuffled(rng: random.Random, case: dict[str, Any]) -> dict[str, Any]:
    """The same case with rows and cells in another order, now and then with ids for the words of its head."""
    for part in case.values():
        if isinstance(part, list):
            part[:] = [dict(rng.sample(list(row.items()), len(row))) for row in part]
            rng.shuffle(part)
    words = WORDS | KINDS
    return {words[key]: part for key, part in case.items()} if rng.random() < 0.2 else case
