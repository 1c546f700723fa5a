"""Which road a run takes where nobody says: the interpreter, but for many rows of many figures, which an engine settles sooner."""

from collections.abc import Callable
from datetime import date
from importlib.util import find_spec

from engine.compile.compile import columns_of
from engine.nouns.dataset import Dataset
from engine.nouns.pipeline import Pipeline

# As measured (benchmarks/crossing.py): an engine draws level at half as many rows of fourteen figures, and nowhere at seven.
ROWS, FIGURES_A_ROW = 80_000, 10


def chosen_backend(pipeline_of: Callable[[date], Pipeline], dataset: Dataset) -> str:
    """``exact`` or ``duckdb``, by the rows of the data and the figures that rules make on each."""
    rows = sum(len(of_kind) for of_kind in dataset.rows.values())
    if rows <= ROWS or not dataset.years or find_spec("duckdb") is None:
        return "exact"
    # A short run need not wait until what writes SQL is there.
    from engine.bulk.fill import flat

    made: dict[str, int] = {}
    for step in flat(pipeline_of(date(dataset.years[-1], 1, 1))):
        for kind, _ in columns_of(step):
            made[kind] = made.get(kind, 0) + 1
    figures = sum(len(of_kind) * made.get(kind, 0) for kind, of_kind in dataset.rows.items())
    return "duckdb" if figures > rows * FIGURES_A_ROW else "exact"
