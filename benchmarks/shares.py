"""What an exact split costs: largest remainders by windows against each part rounded by itself, which seldom add up."""

from collections.abc import Iterator

import duckdb
import shapes
from generated import Generated
from measure import Line, line, seconds

UNITS, AREAS = 1_000_000, 20_000
_NAIVE = """
    CREATE OR REPLACE TEMP TABLE naive AS
    SELECT u.row, round(a.pool * u.weight / sum(u.weight) OVER (PARTITION BY a.row))::BIGINT AS share
    FROM units u JOIN areas a ON a.row = u.area
"""


def lines() -> Iterator[Line]:
    """Processor time of both on rows in memory; told with it is in how many areas the parts of each miss the whole."""
    with shapes.connection() as database:
        database.execute(
            f"CREATE TABLE areas AS SELECT range AS row, (hash(range) % 10000000000)::BIGINT AS pool FROM range({AREAS})"
        )
        database.execute(
            "CREATE TABLE units AS SELECT range AS row, (hash(range, 1) % "
            f"{AREAS})::BIGINT AS area, (1 + hash(range, 2) % 100000)::BIGINT AS weight FROM range({UNITS})"
        )
        made = Generated.of_shares(database)

        def naive() -> None:
            database.execute(_NAIVE)

        naive()
        database.execute("CREATE TABLE exact (row BIGINT, share BIGINT)")
        shares = (None if told is None else told[0] for told in made.answers())
        made.connection.fill("exact", enumerate(shares))
        if missed := _missed(database, "exact"):
            raise SystemExit(f"{missed:,} wholes are not what their shares add up to")
        rounded = _missed(database, "naive")
        what = f"{UNITS:,} shares of {AREAS:,} wholes by largest remainder, as the rules say it (wholes missed: 0)"
        peer = f"each share rounded by itself (wholes missed: {rounded:,})"
        yield line(what, peer, "≤ 5×", lambda: seconds(made.run), lambda: seconds(naive))


def _missed(database: duckdb.DuckDBPyConnection, table: str) -> int:
    """How many wholes are not what their shares add up to; a share left to the interpreter is no share."""
    query = (
        f"SELECT count(*) FROM (SELECT area, sum(share) AS shared FROM {table} JOIN units USING (row) GROUP BY area) s "
        "JOIN areas a ON a.row = s.area WHERE s.shared IS DISTINCT FROM a.pool"
    )
    ((count,),) = database.execute(query).fetchall()
    return int(count)
