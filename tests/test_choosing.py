"""Which road a run takes where nobody says: told by the engine it names, with the same figures on either."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from engine.api import bind_data, open_policy, settle
from engine.bulk import choose
from engine.doors.command import cli
from engine.doors.json_form import settlement_json
from engine.load.read import read_data

SAMPLES = Path(__file__).parent.parent / "policies"


@pytest.mark.parametrize(("rows", "figures", "engine"), [(0, 10, "duckdb"), (0, 1000, "exact"), (10_000, 10, "exact")])
def test_many_rows_of_many_figures_go_to_duckdb_and_come_to_the_same(
    monkeypatch: pytest.MonkeyPatch, rows: int, figures: int, engine: str
) -> None:
    monkeypatch.setattr(choose, "ROWS", rows)
    monkeypatch.setattr(choose, "FIGURES_A_ROW", figures)
    policy = open_policy("gaotai")
    data = bind_data(policy, read_data(SAMPLES / "gaotai/sample.yaml"))
    settlement = settle(policy, data, backend=None)
    assert settlement.engine == engine
    plain = settlement_json(settle(policy, data), "zh")
    chosen = settlement_json(settlement, "zh")
    differing = {"engine", "receipt"} if engine != "exact" else set()
    assert {key for key in plain if plain[key] != chosen[key]} == differing


def test_data_without_rows_of_a_year_are_left_to_the_interpreter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choose, "ROWS", 0)
    policy = open_policy("gaotai")
    data = replace(bind_data(policy, read_data(SAMPLES / "gaotai/sample.yaml")), years=())
    assert choose.chosen_backend(policy.pipeline, data) == "exact"


@pytest.mark.parametrize(("words", "engine"), [((), "duckdb"), (("--backend", "exact"), "exact")])
def test_who_names_an_engine_gets_it(
    monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], engine: str, tmp_path: Path
) -> None:
    monkeypatch.setattr(choose, "ROWS", 0)
    receipt = tmp_path / "回执.json"
    command = ["settle", "gaotai", "--data", str(SAMPLES / "gaotai/sample.yaml"), "--receipt", str(receipt), *words]
    said = CliRunner().invoke(cli, [*command, "--format", "json"])
    assert json.loads(said.stdout)["engine"] == engine
    assert json.loads(receipt.read_text("utf-8"))["backend"] == engine
