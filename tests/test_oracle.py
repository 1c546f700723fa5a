"""What the reference calculators themselves must hold before anything is compared with them."""

from __future__ import annotations

import csv
import sys
from collections import defaultdict
from decimal import Decimal
from importlib import import_module
from pathlib import Path

import pytest

HERE = Path(__file__).parent
CONFORMANCE = HERE / "conformance"
sys.path.insert(0, str(HERE / "oracle"))

import casefile  # noqa: E402
from generate import random_case  # noqa: E402

SCHEMES = ("gaotai", "guangdong", "jilin", "yunxian")
IDENTITIES = (
    ("surplus", ("retained", "carried", "agency_retained")),
    ("overspend", ("fund_share", "provider_share")),
    ("deposit_withheld", ("deposit_returned", "deposit_forfeited")),
    ("reserve", ("reserve_share", "reserve_unused")),
)


@pytest.mark.parametrize("path", sorted(CONFORMANCE.glob("*.yaml")), ids=lambda path: path.stem)
def test_a_reference_calculator_gives_every_figure_of_a_public_case(path: Path) -> None:
    figures = import_module(path.stem.split("-")[0]).figures(casefile.load(path))
    values = {key[1:]: value for key, value in figures.items()}
    with path.with_suffix(".expected.csv").open(encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines))
    assert rows
    for row in rows:
        place = (row["unit"], row["insurance"] or None, row["period"], row["id"])
        assert values[place] == row["value"], place


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_seed_always_gives_the_same_case_and_another_seed_another(scheme: str) -> None:
    assert random_case(scheme, 7) == random_case(scheme, 7)
    assert random_case(scheme, 7) != random_case(scheme, 8)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_the_parts_add_up_to_the_whole_in_every_random_case(scheme: str) -> None:
    checked: dict[str, int] = defaultdict(int)
    for seed in range(60):
        for place, row in _rows(scheme, seed).items():
            for whole, parts in IDENTITIES:
                present = [row[part] for part in parts if part in row]
                if row.get(whole) is not None and present and None not in present:
                    assert sum(map(_yuan, present)) == _yuan(row[whole]), (seed, place, whole)
                    checked[whole] += 1
            if row.get("surplus") is not None and row.get("overspend") is not None:
                assert min(_yuan(row["surplus"]), _yuan(row["overspend"])) == 0, (seed, place)
    assert min(checked["surplus"], checked["overspend"]) > 0


@pytest.mark.parametrize("scheme", SCHEMES)
def test_random_cases_reach_open_figures_and_settled_ones(scheme: str) -> None:
    found = {
        figure.state
        for seed in range(60)
        for figure in import_module(scheme).settled(random_case(scheme, seed)).values()
    }
    assert found >= {"stated", "open"}


def _rows(scheme: str, seed: int) -> dict[tuple[str, str, str | None, str], dict[str, str | bool | None]]:
    rows: dict[tuple[str, str, str | None, str], dict[str, str | bool | None]] = defaultdict(dict)
    for (kind, unit, insurance, period, name), value in (
        import_module(scheme).figures(random_case(scheme, seed)).items()
    ):
        rows[kind, unit, insurance, period][name] = value
    return rows


def _yuan(value: object) -> Decimal:
    return Decimal(str(value))
