"""W1 and W2 raced: the SQL made of the rules against a person's SQL, the same on DOUBLE, and everyone else; wrong fen counted."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import shapes
from generated import Generated
from measure import Line, figure
from race import Entrant, Peers, Race, RefusedError, race, timed

from engine.sql.scope import Unsayable
from engine.sql.whole import Unproved

HAND, DOUBLE, MADE = "hand", "double", "generated"
NAMES = {
    MADE: "SQL made of the rules, DuckDB",
    HAND: "SQL by hand, whole fen, DuckDB",
    DOUBLE: "the same by hand on DOUBLE",
    "polars": "Polars, whole fen",
    "polars_floats": "Polars, floats",
    "numpy": "numpy, whole fen",
    "pandas": "pandas, floats",
    "openfisca": "OpenFisca-Core, inputs set",
    "ints": "a Python loop over ints",
    "decimals": "a Python loop over Decimal",
    "cel": "CEL (Rust), compiled",
    "zen": "zen, compiled expressions",
    "jdm": "zen, decision model",
}
# What goes row by row is raced on fewer rows and told per row.
SLOW = {"ints": 100_000, "decimals": 100_000, "cel": 50_000, "zen": 50_000, "jdm": 5_000}
CASES = 100_000
# Within 64 bits all the way; and past it, where 64 bits are not enough for what is in between.
SHORT_AMOUNT, LONG_AMOUNT = 3 * 10**14, 10**16
HOSPITALS = 4_000
Answers = Sequence[Sequence[int] | None]


@dataclass
class Findings:
    """What the contests came to: races by shape and size, and wrong rows by entrant and case."""

    races: dict[tuple[str, int], Race] = field(default_factory=dict)
    wrong: dict[str, dict[str, str]] = field(default_factory=dict)


def run(folder: Path) -> Findings:
    """Every race and every count."""
    found = Findings()
    _count(found, folder)
    _count_claims(found, folder)
    for size, rounds in ((10_000, 15), (1_000_000, 7), (10_000_000, 5)):
        found.races["W1", size] = _w1(folder, size, rounds)
    for size, rounds in ((1_000_000, 7), (10_000_000, 5)):
        found.races["W2", size] = _w2(folder, size, rounds)
    return found


def _w1(folder: Path, size: int, rounds: int) -> Race:
    with Peers(folder) as peers, shapes.connection() as database:
        shapes.institutions(database, size)
        file = shapes.told(database, "rows", folder / "rows.parquet")
        shapes.doubles(database, "rows", "doubles")
        entrants: dict[str, Entrant] = {
            HAND: timed(_keeping(database, shapes.w1_exact())),
            DOUBLE: timed(_keeping(database, shapes.w1_double())),
            **_made(lambda: Generated.of_w1(database)),
        }
        rows = dict.fromkeys(entrants, size)
        for name in ("numpy", "polars", "polars_floats", "pandas", "openfisca"):
            rows[name] = size
            entrants[name] = peers.enter(name, file).run
        if size == 1_000_000:
            for name, few in SLOW.items():
                rows[name] = few
                part = shapes.told(database, f"(FROM rows LIMIT {few})", folder / f"rows{few}.parquet")
                entrants[name] = peers.enter(name, part).run
        return race(entrants, rows, rounds)


def _w2(folder: Path, size: int, rounds: int) -> Race:
    with Peers(folder) as peers, shapes.connection() as database:
        shapes.claims(database, size, HOSPITALS)
        files = [shapes.told(database, name, folder / f"{name}.parquet") for name in ("claims", "hospitals")]
        shapes.doubles(database, "claims", "claim_doubles")
        shapes.doubles(database, "hospitals", "hospital_doubles")
        entrants: dict[str, Entrant] = {
            HAND: timed(_keeping(database, shapes.w2_exact())),
            DOUBLE: timed(_keeping(database, shapes.w2_double())),
            **_made(lambda: Generated.of_w2(database)),
        }
        rows = dict.fromkeys(entrants, size)
        for name in ("numpy", "polars", "pandas"):
            rows[name] = size
            entrants[name] = peers.enter(f"{name}_claims", *files).run
        if size == 1_000_000:
            few = SLOW["ints"]
            rows["ints"] = few
            part = shapes.told(database, f"(FROM claims LIMIT {few})", folder / "few.parquet")
            entrants["ints"] = peers.enter("ints_claims", part, files[1]).run
        return race(entrants, rows, rounds)


def _made(generated: Callable[[], Generated]) -> dict[str, Entrant]:
    """The SQL made of the rules, where SQL can say them; the interpreter settles what it cannot, and is raced elsewhere."""
    try:
        return {MADE: timed(generated().run)}
    except Unsayable:
        return {}


def _keeping(database: duckdb.DuckDBPyConnection, query: str) -> Callable[[], object]:
    """Settle into a table, as what is to be read afterwards is."""
    return lambda: database.execute(f"CREATE OR REPLACE TEMP TABLE answers AS {query}")


# ---- wrong fen


def _count(found: Findings, folder: Path) -> None:
    """W1 on three sets of rows, each entrant against fractions."""
    for case, rows in _cases():
        right = [shapes.by_fractions(row) for row in rows]
        with Peers(folder) as peers, shapes.connection() as database:
            shapes.given(database, rows)
            file = shapes.told(database, "rows", folder / "rows.parquet")
            shapes.doubles(database, "rows", "doubles")
            ways: dict[str, Callable[[], Answers]] = {
                HAND: lambda: _asked(database, shapes.w1_exact()),
                DOUBLE: lambda: _asked(database, shapes.w1_double()),
                MADE: lambda: Generated.of_w1(database).answers(),
            }
            for name in NAMES:
                # The decision model reckons as zen's expressions do, and takes longest: one set is enough for it.
                if name not in ways and (name != "jdm" or case == "adversarial"):
                    ways[name] = _answering(peers, name, file)
            for name, way in ways.items():
                found.wrong.setdefault(name, {})[case] = _wrong(way, right)
                peers.leave()


def _cases() -> Iterator[tuple[str, list[shapes.Row]]]:
    with shapes.connection() as database:
        shapes.institutions(database, CASES)
        names = "budget, cleared, factor, special, refusal, change"
        yield "as invented", database.execute(f"SELECT {names} FROM rows ORDER BY row").fetchall()
    yield "adversarial", shapes.adversarial(CASES, SHORT_AMOUNT)
    yield "past 64 bits", shapes.adversarial(CASES, LONG_AMOUNT)


def _count_claims(found: Findings, folder: Path) -> None:
    """W2 on claims as invented: how many hospitals have a figure that is off."""
    with Peers(folder) as peers, shapes.connection() as database:
        shapes.claims(database, CASES, HOSPITALS)
        claims = database.execute("SELECT hospital, category, payer, paid FROM claims").fetchall()
        right = shapes.w2_by_fractions(claims, database.execute("FROM hospitals ORDER BY hospital").fetchall())
        files = [shapes.told(database, name, folder / f"{name}.parquet") for name in ("claims", "hospitals")]
        shapes.doubles(database, "claims", "claim_doubles")
        shapes.doubles(database, "hospitals", "hospital_doubles")
        ways: dict[str, Callable[[], Answers]] = {
            HAND: lambda: _asked(database, shapes.w2_exact()),
            DOUBLE: lambda: _asked(database, shapes.w2_double()),
            MADE: lambda: Generated.of_w2(database).answers(),
        }
        for name in ("polars", "numpy", "pandas", "ints"):
            ways[name] = _answering(peers, f"{name}_claims", *files)
        for name, way in ways.items():
            found.wrong.setdefault(name, {})["W2"] = _wrong(way, right)
            peers.leave()


def _answering(peers: Peers, name: str, *files: Path) -> Callable[[], Answers]:
    def answers() -> Answers:
        peer = peers.enter(name, *files)
        peer.run()
        return peer.answers()

    return answers


def _asked(database: duckdb.DuckDBPyConnection, query: str) -> Answers:
    return [_whole(row[1:]) for row in database.execute(f"{query} ORDER BY row").fetchall()]


def _whole(row: tuple[Any, ...]) -> tuple[int, ...]:
    return tuple(round(value) for value in row)


def _wrong(way: Callable[[], Answers], right: Answers) -> str:
    """How many rows have a figure that is not the right one; or that the entrant stopped, and said so."""
    try:
        answers = way()
    except (RefusedError, duckdb.Error, Unproved):
        return "stops"
    except Unsayable:
        return "not in SQL"
    assert len(answers) == len(right)
    pairs = zip(answers, right, strict=True)
    wrong = sum(mine is not None and tuple(mine) != tuple(other or ()) for mine, other in pairs)
    doubt = sum(mine is None for mine in answers)
    return f"{wrong:,}" + (f" ({doubt:,} handed back)" if doubt else "")


# ---- told


def goals(found: Findings) -> Iterator[Line]:
    """The goals that the races decide: SQL against SQL by processor time, against those of one core by the clock."""
    for (shape, size), told in found.races.items():
        if size < 1_000_000 or MADE not in told.times:
            continue
        what = f"{shape}, {size:,} {'rows' if shape == 'W1' else 'claims'}: "
        for peer in (HAND, DOUBLE):
            yield Line(what + NAMES[MADE], NAMES[peer], "≤ 1.1×", told.ratios(MADE, peer, "busy"))
        for name, goal in _AGAINST.get((shape, size), {}).items():
            yield Line(f"{what}{NAMES[name]}, by the clock", NAMES[MADE], goal, told.ratios(name, MADE, "elapsed"))


_AGAINST = {
    ("W1", 1_000_000): {"openfisca": "≥ 1×", "zen": "≥ 100×", "cel": "≥ 100×", "jdm": "≥ 1000×"},
    ("W1", 10_000_000): {"openfisca": "≥ 3×"},
}


def wrong_of(found: Findings, name: str) -> str:
    """How many wrong rows an entrant gave, case by case."""
    return ", ".join(f"{case}: {count}" for case, count in found.wrong[name].items())


def lines(found: Findings) -> Iterator[str]:
    """Tables: a race each, then the wrong fen."""
    for (shape, size), told in found.races.items():
        yield from ("", f"### {shape}, {size:,} {'rows' if shape == 'W1' else 'claims'}", "")
        yield "| who | time by the clock | min–max | processor time | rows raced |"
        yield "|---|---|---|---|---|"
        for name, who in NAMES.items():
            if name in told.times:
                ratio, busy = told.elapsed(name, HAND), told.busy(name, HAND)
                yield f"| {who} | {ratio} | {figure(busy.median)}× | {told.rows[name]:,} |"
    cases: Mapping[str, None] = dict.fromkeys(case for counts in found.wrong.values() for case in counts)
    yield from ("", "### Wrong fen", "")
    yield "| who | " + " | ".join(cases) + " |"
    yield "|---" * (len(cases) + 1) + "|"
    for name, who in NAMES.items():
        counts = found.wrong.get(name, {})
        yield f"| {who} | " + " | ".join(counts.get(case, "") for case in cases) + " |"
