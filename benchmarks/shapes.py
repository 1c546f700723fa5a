"""The two shapes that are raced, made the same on every run: data, the SQL a person writes for them, and the right answers.

W1 is a row an institution and year: balance, cap of 30 %, exceptions, sharing, seven figures. W2 gathers claim rows by
category first, and splits what is handed in within each area afterwards. Amounts are whole fen, factors basis points.
"""

import random
from fractions import Fraction
from pathlib import Path
from typing import Any

import duckdb

AREA = 40
W1_FIGURES = ("结余或超支", "结余", "超支", "留用", "上缴", "基金分担", "机构承担")
W2_FIGURES = ("住院额", "日间额", "门诊额", *W1_FIGURES, "再分配额")
LEFT_OUT = "大病保险"
CAP, SPECIAL, PLAIN = Fraction(3, 10), Fraction(85, 100), Fraction(6, 10)
Row = tuple[int, int, int, int, bool, bool]


def connection(threads: int = 2) -> duckdb.DuckDBPyConnection:
    """A database in memory."""
    return duckdb.connect(config={"threads": threads})


def institutions(database: duckdb.DuckDBPyConnection, count: int) -> None:
    """The table ``rows``: invented amounts from one to three hundred million yuan, one in thirty with an event."""
    database.execute(f"""
        CREATE OR REPLACE TABLE rows AS
        WITH drawn AS (
            SELECT range AS row, 100000000 + (hash(range) % 29900000000)::BIGINT AS budget, hash(range, 1) AS chance,
                   8000 + (hash(range, 2) % 2001)::BIGINT AS factor
            FROM range({count})
        ), cleared AS (
            SELECT *, budget * (55 + (chance % 75)::BIGINT) // 100 + (chance // 75 % 100)::BIGINT AS cleared FROM drawn
        )
        SELECT row, budget, cleared, factor,
               CASE WHEN cleared > budget THEN (chance // 7500)::HUGEINT % (cleared - budget + 1) ELSE 0 END::BIGINT AS special,
               hash(row, 3) % 33 = 0 AS refusal, hash(row, 4) % 33 = 0 AS change
        FROM cleared
    """)


def claims(database: duckdb.DuckDBPyConnection, count: int, hospitals: int) -> None:
    """The tables ``hospitals`` and ``claims``: refunds among the claims, one in ten of a payer that does not count."""
    database.execute(f"""
        CREATE OR REPLACE TABLE hospitals AS
        SELECT range AS hospital, range // {AREA} AS area, range % {AREA} AS place,
               ({count} // {hospitals} * (60000 + hash(range) % 80000))::BIGINT AS budget,
               8000 + (hash(range, 2) % 2001)::BIGINT AS factor, (hash(range, 5) % 100000000)::BIGINT AS special,
               hash(range, 3) % 33 = 0 AS refusal, hash(range, 4) % 33 = 0 AS change
        FROM range({hospitals})
    """)
    database.execute(f"""
        CREATE OR REPLACE TABLE claims AS
        SELECT range AS claim, (hash(range) % {hospitals})::BIGINT AS hospital,
               (['住院', '日间', '门诊'])[1 + (hash(range, 1) % 3)::INT] AS category,
               CASE WHEN hash(range, 2) % 10 = 0 THEN '{LEFT_OUT}' ELSE '统筹基金' END AS payer,
               (hash(range, 3) % 200000)::BIGINT - 5000 AS paid
        FROM range({count})
    """)


def told(database: duckdb.DuckDBPyConnection, table: str, file: Path) -> Path:
    """A table as a Parquet file, in whole numbers as it is."""
    database.execute(f"COPY {table} TO '{file}' (FORMAT parquet)")
    return file


# What a person writes who knows the data: whole fen, 64 bits, the rates reduced by hand.
_SETTLED = """
    , parted AS (SELECT *, greatest(balance, 0) AS surplus, greatest(-balance, 0) AS over FROM balanced)
    , shared AS (
        SELECT *, CASE WHEN refusal OR change THEN 0
                       ELSE (least(surplus * 10, budget * 3) * factor + 50000) // 100000 END AS retained,
               (special * 17 + (over - special) * 12 + 10) // 20 AS fund
        FROM parted
    )
    , settled AS (SELECT *, surplus - retained AS handed_in, over - fund AS own FROM shared)
"""
_SETTLED_DOUBLE = """
    , parted AS (SELECT *, greatest(balance, 0) AS surplus, greatest(-balance, 0) AS over FROM balanced)
    , shared AS (
        SELECT *, CASE WHEN refusal OR change THEN 0
                       ELSE round(least(surplus, budget * 0.3::DOUBLE) * factor) END AS retained,
               round(special * 0.85::DOUBLE + (over - special) * 0.6::DOUBLE) AS fund
        FROM parted
    )
    , settled AS (SELECT *, surplus - retained AS handed_in, over - fund AS own FROM shared)
"""
_W1 = "WITH balanced AS (SELECT *, budget - cleared AS balance FROM {rows})"
_W1_OUT = "SELECT row, balance, surplus, over, retained, handed_in, fund, own FROM settled"
_W2 = """
    WITH sums AS (
        SELECT hospital, {sums}
        FROM {claims} WHERE payer <> '大病保险' GROUP BY hospital
    )
    , joined AS (SELECT h.*, {given} FROM {hospitals} h LEFT JOIN sums USING (hospital))
    , gathered AS (
        SELECT * REPLACE (least(special, greatest(inpatient + day_case + outpatient - budget, 0)) AS special),
               inpatient + day_case + outpatient AS cleared
        FROM joined
    )
    , balanced AS (SELECT *, budget - cleared AS balance FROM gathered)
"""
_SUMS = ("inpatient", "住院"), ("day_case", "日间"), ("outpatient", "门诊")
_POOLED = """
    , pooled AS (SELECT *, sum(handed_in) OVER (PARTITION BY area){whole} AS pool,
                        count(*) OVER (PARTITION BY area) AS members FROM settled)
"""
_W2_OUT = """
    SELECT hospital AS row, inpatient, day_case, outpatient, balance, surplus, over, retained, handed_in, fund, own,
           {share} AS shared
    FROM pooled
"""


def w1_exact(rows: str = "rows") -> str:
    """W1 by hand, exact while nothing passes 64 bits; DuckDB stops where something does."""
    return _W1.format(rows=rows) + _SETTLED + _W1_OUT


def w1_double(rows: str = "doubles") -> str:
    """The same SQL on DOUBLE columns; see `doubles`."""
    return _W1.format(rows=rows) + _SETTLED_DOUBLE + _W1_OUT


def w2_exact(claims: str = "claims", hospitals: str = "hospitals") -> str:
    """W2 by hand: the spare fen to the first in the area."""
    sums = ", ".join(f"sum(paid) FILTER (category = '{kind}')::BIGINT AS {name}" for name, kind in _SUMS)
    given = ", ".join(f"coalesce({name}, 0) AS {name}" for name, _ in _SUMS)
    head = _W2.format(sums=sums, given=given, claims=claims, hospitals=hospitals)
    share = "pool // members + (place < pool % members)::BIGINT"
    return head + _SETTLED + _POOLED.format(whole="::BIGINT") + _W2_OUT.format(share=share)


def w2_double(claims: str = "claim_doubles", hospitals: str = "hospital_doubles") -> str:
    """The same on DOUBLE columns, its equal parts rounded."""
    sums = ", ".join(f"sum(paid) FILTER (category = '{kind}') AS {name}" for name, kind in _SUMS)
    given = ", ".join(f"coalesce({name}, 0) AS {name}" for name, _ in _SUMS)
    head = _W2.format(sums=sums, given=given, claims=claims, hospitals=hospitals)
    return head + _SETTLED_DOUBLE + _POOLED.format(whole="") + _W2_OUT.format(share="round(pool / members)")


def doubles(database: duckdb.DuckDBPyConnection, table: str, name: str) -> None:
    """A copy of a table whose amounts are DOUBLE and whose factor is a fraction."""
    columns = [str(row[0]) for row in database.execute(f"DESCRIBE {table}").fetchall()]
    amounts = [f"{c}::DOUBLE AS {c}" for c in columns if c in {"budget", "cleared", "special", "paid"}]
    factors = ["(factor / 10000)::DOUBLE AS factor"] if "factor" in columns else []
    database.execute(
        f"CREATE OR REPLACE TABLE {name} AS SELECT * REPLACE ({', '.join([*amounts, *factors])}) FROM {table}"
    )


def by_fractions(row: Row) -> tuple[int, ...]:
    """The seven figures with the rates as the numbers they are, each rounded once, half away from zero."""
    budget, cleared, factor, special, refusal, change = row
    balance = budget - cleared
    surplus, over = max(balance, 0), max(-balance, 0)
    cap = budget * CAP
    kept = cap if cap < surplus else Fraction(surplus)
    retained = 0 if refusal or change else _fen(kept * Fraction(factor, 10_000))
    fund = _fen(special * SPECIAL + (over - special) * PLAIN)
    return balance, surplus, over, retained, surplus - retained, fund, over - fund


def _fen(amount: Fraction) -> int:
    return (2 * amount.numerator + amount.denominator) // (2 * amount.denominator)


def adversarial(count: int, most: int) -> list[Row]:
    """Rows up to an amount where figures fall on half a fen, on a cap to the fen, or beside either; nothing and one fen too.

    Half of them tie by construction: what is retained where there is a surplus, what the fund bears where there is none.
    """
    chance = random.Random(20261123)  # noqa: S311 - invented amounts, not a secret
    edges = (0, 1, 2, 99, 100, 2**31, 2**53 - 1, 2**53, 2**53 + 1, most // 2, most)

    def amount() -> int:
        if chance.random() < 0.2:
            return min(most, chance.choice(edges))
        return chance.randrange(10 ** chance.randrange(1, len(str(most)))) + chance.randrange(3)

    rows = []
    for _ in range(count):
        factor = chance.choice(
            (0, 1, 125, 625, 1250, 2500, 5000, 6250, 9375, 9625, 9999, 10_000, chance.randrange(10_001))
        )
        refusal, change = chance.random() < 0.02, chance.random() < 0.02
        if chance.random() < 0.5:
            surplus = _tie(factor, amount())
            budget = min(most, max(surplus, amount(), surplus * 10 // 3 + chance.randrange(-1, 3)))
            surplus = min(surplus, budget)
            rows.append((budget, budget - surplus, factor, 0, refusal, change))
        else:
            budget, over = amount(), amount()
            special = min(over, amount() // 4 * 4 + 2)
            if over >= special + 5:
                over -= next((n for n in range(5) if (17 * special + 12 * (over - n - special)) % 20 == 10), 0)
            rows.append((budget, budget + over, factor, special, refusal, change))
    return rows


def _tie(factor: int, near: int) -> int:
    """An amount near another whose share by the factor ends on half a fen, where the factor allows one."""
    for amount in range(near, near + 32):
        if amount * factor % 10_000 == 5_000:
            return amount
    return near


def ties(rows: list[Row]) -> int:
    """How many rows have a figure that falls on half a fen before it is rounded."""
    found = 0
    for budget, cleared, factor, special, _, _ in rows:
        surplus, over = max(budget - cleared, 0), max(cleared - budget, 0)
        kept = min(Fraction(surplus), budget * CAP) * Fraction(factor, 10_000)
        found += 2 in {kept.denominator, (special * SPECIAL + (over - special) * PLAIN).denominator}
    return found


def given(database: duckdb.DuckDBPyConnection, rows: list[Row]) -> None:
    """Rows of one's own as the table ``rows``."""
    columns = list(zip(*rows, strict=True))
    names = ("budget", "cleared", "factor", "special", "refusal", "change")
    kinds = ("BIGINT",) * 4 + ("BOOLEAN",) * 2
    picked = ", ".join(f"unnest(?::{kind}[]) AS {name}" for name, kind in zip(names, kinds, strict=True))
    database.execute(
        f"CREATE OR REPLACE TABLE rows AS SELECT row_number() OVER () - 1 AS row, * FROM (SELECT {picked})",
        [list(column) for column in columns],
    )


def w2_by_fractions(claim_rows: list[tuple[Any, ...]], hospitals: list[tuple[Any, ...]]) -> list[tuple[int, ...]]:
    """W2 with fractions: (hospital, category, payer, paid) and (hospital, area, place, budget, factor, special, …)."""
    sums = {(unit[0], kind): 0 for unit in hospitals for _, kind in _SUMS}
    for hospital, category, payer, paid in claim_rows:
        if payer != LEFT_OUT:
            sums[hospital, category] += paid
    found, pools, members = [], dict[int, int](), dict[int, int]()
    for hospital, area, _, budget, factor, special, refusal, change in hospitals:
        parts = tuple(sums[hospital, kind] for _, kind in _SUMS)
        part = min(special, max(sum(parts) - budget, 0))
        figures = by_fractions((budget, sum(parts), factor, part, refusal, change))
        pools[area] = pools.get(area, 0) + figures[4]
        members[area] = members.get(area, 0) + 1
        found.append((*parts, *figures))
    shares = {area: divmod(pool, members[area]) for area, pool in pools.items()}
    return [
        (*figures, shares[unit[1]][0] + (unit[2] < shares[unit[1]][1]))
        for figures, unit in zip(found, hospitals, strict=True)
    ]
