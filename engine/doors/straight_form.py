"""Which way a settlement goes: row by row through here, or long tables from file to file in an engine that writes its tables itself."""

from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from grammar.frozen import dataclass

if TYPE_CHECKING:
    from engine.api import Limits, Policy
    from engine.load.tables import Cell, RawData
    from engine.nouns.dataset import Assumption, Dataset
    from engine.nouns.settlement import Settlement

# What tables are written as, by the form that was asked for.
_FORMS = {"parquet": "parquet", "csv": "csv", "table": "csv"}


@dataclass(frozen=True, slots=True)
class Asked:
    """What a run is asked for: scenarios, assumptions, the years that are told, what works it out and in how much room."""

    scenarios: "Collection[Assumption]"
    assumed: "Mapping[str, Cell]"
    years: Collection[int] | None
    backend: str | None
    limits: "Limits"
    other_readings: bool


Settled = tuple["Settlement", "Dataset", "dict[str, bytes] | None"]


def settled(
    policy: "Policy",
    read: "Callable[[], RawData]",
    asked: Asked,
    form: str | None,
    begin: tuple[Callable[[], None], Callable[[], None]],
) -> Settled:
    """The settlement, its data, and its tables where they were written on the way; ``form`` is None where none are asked for.

    Where they were, the settlement is without its figures and the data without its rows. ``begin`` hears of looking
    through the data, and of settling. Raises FindingsError.
    """
    from engine.api import settle

    looking, settling = begin
    dataset = _bound_or_settled(policy, read(), asked, form, looking)
    if isinstance(dataset, tuple):
        return dataset
    settling()
    settlement = settle(
        policy, dataset, asked.years, other_readings=asked.other_readings, backend=asked.backend, limits=asked.limits
    )
    return settlement, dataset, None


def _bound_or_settled(
    policy: "Policy", raw: "RawData", asked: Asked, form: str | None, looking: Callable[[], None]
) -> "Dataset | Settled":
    """The data of a run, bound; the memory its long tables were looked through in is free when this is done."""
    from engine.api import bind_data
    from engine.bulk.choose import ROWS

    looking()
    long = sum(table.store.count for table in raw.bulk)
    engine = asked.backend == "duckdb" or (asked.backend is None and long > ROWS)
    if form in _FORMS and engine and long and not asked.other_readings:
        found = _to_tables(policy, raw, asked, _FORMS[form])
        if found is not None:
            return found
    return bind_data(policy, raw, asked.scenarios, asked.assumed)


def _to_tables(policy: "Policy", raw: "RawData", asked: Asked, form: str) -> Settled | None:
    from engine.api import settle_to_files

    with TemporaryDirectory(prefix="xiance-") as name:
        found = settle_to_files(
            policy, raw, Path(name), form, asked.scenarios, asked.assumed, asked.years, asked.limits
        )
        if found is None:
            return None
        return found.settlement, found.dataset, {file: path.read_bytes() for file, path in found.files.items()}
