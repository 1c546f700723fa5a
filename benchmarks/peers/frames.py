"""W1 and W2 in Polars and pandas: Polars on whole numbers and on floats, pandas on floats, as tables of yuan are kept."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import polars as pl

Made = tuple[Callable[[], Any], Callable[[Any], list[list[int]]]]
FIGURES = ("balance", "surplus", "over", "retained", "handed_in", "fund_share", "own_share")
SUMS = ("inpatient", "day_case", "outpatient")
KINDS = ("住院", "日间", "门诊")


def polars(file: Path) -> Made:
    """One row per institution and year, in whole fen."""
    data = pl.read_parquet(file)
    return (lambda: _settled(data).select(FIGURES)), _columns


def polars_floats(file: Path) -> Made:
    """The same in yuan and floats."""
    data = _yuan(pl.read_parquet(file))
    return (lambda: _settled_floats(data).select(FIGURES)), _fen


def polars_claims(claims: Path, hospitals: Path) -> Made:
    """Claim rows gathered by hospital and category, settled, and what is handed in split within each area."""
    rows, units = pl.read_parquet(claims), pl.read_parquet(hospitals)
    rows = rows.with_columns(pl.col("category").cast(pl.Enum(KINDS)), pl.col("payer").cast(pl.Categorical))

    def settle() -> pl.DataFrame:
        sums = (
            rows.lazy()
            .filter(pl.col("payer") != "大病保险")
            .group_by("hospital")
            .agg(
                *(
                    pl.col("paid").filter(pl.col("category") == k).sum().alias(n)
                    for n, k in zip(SUMS, KINDS, strict=True)
                )
            )
        )
        gathered = (
            units.lazy()
            .join(sums, on="hospital", how="left", maintain_order="left")
            .with_columns(*(pl.col(name).fill_null(0) for name in SUMS))
            .with_columns(cleared=pl.sum_horizontal(SUMS))
            .with_columns(
                special=pl.min_horizontal("special", pl.max_horizontal(pl.col("cleared") - pl.col("budget"), 0))
            )
        )
        pool, members = pl.col("handed_in").sum().over("area"), pl.len().over("area").cast(pl.Int64)
        spare = (pl.col("place") < pool % members).cast(pl.Int64)
        return (
            _settled(gathered.collect()).with_columns(shared=pool // members + spare).select(*SUMS, *FIGURES, "shared")
        )

    return settle, _columns


def pandas(file: Path) -> Made:
    """One row per institution and year, in yuan and floats."""
    data = _yuan(pl.read_parquet(file)).to_pandas()

    def settle() -> pd.DataFrame:
        return _pandas(data)

    return settle, _fen


def pandas_claims(claims: Path, hospitals: Path) -> Made:
    """Claim rows gathered by hospital and category, settled, and what is handed in split within each area, rounded."""
    rows, units = pl.read_parquet(claims), pl.read_parquet(hospitals)
    table = rows.with_columns(pl.col("paid") / 100).to_pandas()
    table["category"] = pd.Categorical(table["category"], categories=list(KINDS))
    table["payer"] = table["payer"].astype("category")
    given = _yuan(units).to_pandas()

    def settle() -> pd.DataFrame:
        kept = table[table["payer"] != "大病保险"]
        sums = kept.pivot_table("paid", "hospital", "category", aggfunc="sum", fill_value=0.0, observed=False).round(2)
        data = given.join(sums.rename(columns=dict(zip(KINDS, SUMS, strict=True))), on="hospital").fillna(0.0)
        data["cleared"] = data[list(SUMS)].sum(axis=1)
        data["special"] = data["special"].clip(upper=(data["cleared"] - data["budget"]).clip(lower=0))
        figures = _pandas(data)
        areas = figures["handed_in"].groupby(data["area"])
        return pd.concat([data[list(SUMS)], figures], axis=1).assign(
            shared=(areas.transform("sum") / areas.transform("size")).round(2)
        )

    return settle, _fen


def _settled(data: pl.DataFrame) -> pl.DataFrame:
    fund = (pl.col("special") * 17 + (pl.col("over") - pl.col("special")) * 12 + 10) // 20
    kept = (pl.min_horizontal(pl.col("surplus") * 10, pl.col("budget") * 3) * pl.col("factor") + 50_000) // 100_000
    return (
        data.lazy()
        .with_columns(balance=pl.col("budget") - pl.col("cleared"))
        .with_columns(surplus=pl.max_horizontal("balance", 0), over=pl.max_horizontal(-pl.col("balance"), 0))
        .with_columns(retained=pl.when(pl.col("refusal") | pl.col("change")).then(0).otherwise(kept), fund_share=fund)
        .with_columns(
            handed_in=pl.col("surplus") - pl.col("retained"), own_share=pl.col("over") - pl.col("fund_share")
        )
        .collect()
    )  # fmt: skip


def _settled_floats(data: pl.DataFrame) -> pl.DataFrame:
    fund = pl.col("special") * 0.85 + (pl.col("over") - pl.col("special")) * 0.6
    kept = pl.min_horizontal("surplus", pl.col("budget") * 0.3) * pl.col("factor")
    return (
        data.lazy()
        .with_columns(balance=pl.col("budget") - pl.col("cleared"))
        .with_columns(surplus=pl.max_horizontal("balance", 0), over=pl.max_horizontal(-pl.col("balance"), 0))
        .with_columns(
            retained=pl.when(pl.col("refusal") | pl.col("change")).then(0).otherwise(kept).round(2, mode="half_away_from_zero"),
            fund_share=fund.round(2, mode="half_away_from_zero"),
        )
        .with_columns(
            handed_in=pl.col("surplus") - pl.col("retained"), own_share=pl.col("over") - pl.col("fund_share")
        )
        .collect()
    )  # fmt: skip


def _pandas(data: pd.DataFrame) -> pd.DataFrame:
    balance = data["budget"] - data["cleared"]
    surplus, over = balance.clip(lower=0), (-balance).clip(lower=0)
    kept = surplus.clip(upper=data["budget"] * 0.3) * data["factor"]
    retained = kept.round(2).mask(data["refusal"] | data["change"], 0.0)
    fund = (data["special"] * 0.85 + (over - data["special"]) * 0.6).round(2)
    columns = (balance, surplus, over, retained, surplus - retained, fund, over - fund)
    return pd.DataFrame(dict(zip(FIGURES, columns, strict=True)))


def _yuan(data: pl.DataFrame) -> pl.DataFrame:
    amounts = [name for name in ("budget", "cleared", "special") if name in data.columns]
    return data.with_columns(*(pl.col(name) / 100 for name in amounts), pl.col("factor") / 10_000)


def _columns(found: Any) -> list[list[int]]:
    return [column.to_list() for column in found.get_columns()]


def _fen(found: Any) -> list[list[int]]:
    """To the nearest fen: what is left of the right figure counts as right."""
    return [[round(value * 100) for value in found[name].to_list()] for name in found.columns]
