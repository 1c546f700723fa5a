"""What the structure of the SQL costs: many rules, planned; in milliseconds of processor time, for here the goal is absolute."""

import statistics
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import folders
import shapes
from generated import Generated
from measure import ROUNDS, figure

from engine.sql.levels import quoted

FIGURES, DEPTH = 240, 10
GOAL = 100
ROWS = 1_000


def lines() -> list[str]:
    """240 figures in ten levels: making the SQL, and planning it."""
    with TemporaryDirectory() as folder, shapes.connection() as database:
        scheme = folders.rules_of_many(Path(folder), FIGURES, DEPTH)
        made = Generated.of_many(database, scheme, FIGURES // DEPTH, ROWS)
        texts = [quoted(query).sql(dialect="duckdb") for _, query in made.program.tables()]
        made.run()

        def plan() -> None:
            for text in texts:
                database.execute(f"EXPLAIN {text}").fetchall()

        what = f"{FIGURES} figures, {DEPTH} deep"
        return [
            _line(f"{what}: DuckDB plans their SQL", f"≤ {GOAL} ms", plan),
            _line(f"{what}: making their SQL of the rules", "", made.programmed),
        ]


def _line(what: str, goal: str, action: Callable[[], object]) -> str:
    times = []
    for _ in range(ROUNDS):
        start = time.process_time()
        action()
        times.append((time.process_time() - start) * 1000)
    middle = statistics.median(times)
    met = "" if not goal else "yes" if middle <= GOAL else "**no**"
    return f"| {what} | | {figure(middle)} ms | {figure(min(times))}–{figure(max(times))} | {goal} | {met} |"
