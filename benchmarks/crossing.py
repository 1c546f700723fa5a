"""Where the faster exact road changes (engine/bulk/choose.py): settling by duckdb over settling row by row, by rows and figures a row."""

from collections.abc import Iterator

from county import county
from institutions import institutions
from measure import Line, line, seconds

from engine.api import Policy, bind_data, settle
from engine.api import open_policy as opened
from engine.bulk.choose import chosen_backend
from engine.load.yaml_data import read_yaml
from engine.nouns.dataset import Dataset

PEER = "the same, row by row"
ROUNDS = 3
UNITS = (100, 800, 1_600)
ROWS = (10_000, 45_000)


def lines() -> list[Line]:
    """Both sides of what the choice rests on; told with each is what is chosen there."""
    return [
        line(
            f"by duckdb: {name}, {count:,} rows (chosen unsaid: {chosen_backend(policy.pipeline, data)})",
            PEER, "", lambda p=policy, d=data: _seconds(p, d, "duckdb"), lambda p=policy, d=data: _seconds(p, d, "exact"),  # type: ignore[misc]
            rounds=ROUNDS,
        )
        for name, policy, data in _shapes()
        for count in [sum(map(len, data.rows.values()))]
    ]  # fmt: skip


def _shapes() -> Iterator[tuple[str, Policy, Dataset]]:
    gaotai = opened("gaotai")
    for units in UNITS:
        yield "gaotai", gaotai, bind_data(gaotai, read_yaml("\n".join(county(units)) + "\n", "county.yaml"))
    w1, datasets = institutions(ROWS)
    for dataset in datasets:
        yield "W1", w1, dataset


def _seconds(policy: Policy, data: Dataset, backend: str) -> float:
    return seconds(lambda: settle(policy, data, backend=backend))


if __name__ == "__main__":
    print("\n".join(map(str, lines())))
