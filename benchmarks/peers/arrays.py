"""W1 and W2 in numpy, on whole numbers: exact while nothing passes 64 bits, silent when something does."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

Made = tuple[Callable[[], Any], Callable[[Any], list[list[int]]]]


def numpy(file: Path) -> Made:
    """One row per institution and year."""
    data = {name: column.to_numpy() for name, column in pl.read_parquet(file).to_dict().items()}
    names = ("budget", "cleared", "factor", "special", "refusal", "change")
    return (lambda: _settled(*(data[name] for name in names))), _whole


def numpy_claims(claims: Path, hospitals: Path) -> Made:
    """Claim rows gathered by hospital and category, settled, and what is handed in split within each area."""
    rows, units = pl.read_parquet(claims), pl.read_parquet(hospitals)
    kinds = rows["category"].cast(pl.Enum(["住院", "日间", "门诊"])).to_physical().to_numpy()
    counts = (
        rows["payer"].to_physical().to_numpy()
        if rows["payer"].dtype == pl.Enum
        else (rows["payer"] == "大病保险").to_numpy()
    )
    owner, paid = rows["hospital"].to_numpy(), rows["paid"].to_numpy()
    given = {name: column.to_numpy() for name, column in units.to_dict().items()}

    def settle() -> list[Any]:
        kept = ~counts
        sums = np.zeros(units.height * 3, dtype=np.int64)
        np.add.at(sums, owner[kept] * 3 + kinds[kept], paid[kept])
        by_kind = sums.reshape(-1, 3)
        cleared = by_kind.sum(axis=1)
        over = np.maximum(cleared - given["budget"], 0)
        special = np.minimum(given["special"], over)
        figures = _settled(given["budget"], cleared, given["factor"], special, given["refusal"], given["change"])
        handed = figures[4]
        area = given["area"]
        pools = np.zeros(int(area.max()) + 1, dtype=np.int64)
        np.add.at(pools, area, handed)
        members = np.bincount(area)
        part, spare = pools // members, pools % members
        shared = part[area] + (given["place"] < spare[area])
        return [by_kind[:, 0], by_kind[:, 1], by_kind[:, 2], *figures, shared]

    return settle, _whole


def _settled(budget: Any, cleared: Any, factor: Any, special: Any, refusal: Any, change: Any) -> list[Any]:
    balance = budget - cleared
    surplus, over = np.maximum(balance, 0), np.maximum(-balance, 0)
    kept = (np.minimum(surplus * 10, budget * 3) * factor + 50_000) // 100_000
    retained = np.where(refusal | change, 0, kept)
    fund = (special * 17 + (over - special) * 12 + 10) // 20
    return [balance, surplus, over, retained, surplus - retained, fund, over - fund]


def _whole(found: list[Any]) -> list[list[int]]:
    return [column.tolist() for column in found]
