"""Which road a run takes where nobody says: told by the engine it names, with the same figures on either."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from engine.api import bind_data, open_policy, settle
from engine.bulk import choose
from engine.doors.command import cli
from engine.doors.json_form import settlement_json
from engine.doors.receipt_form import BESIDE
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


SAMPLE = ["settle", "gaotai", "--data", str(SAMPLES / "gaotai/sample.yaml")]


@pytest.mark.parametrize(("words", "engine"), [((), "duckdb"), (("--backend", "exact"), "exact")])
def test_who_names_an_engine_gets_it(
    monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], engine: str, tmp_path: Path
) -> None:
    monkeypatch.setattr(choose, "ROWS", 0)
    receipt = tmp_path / "回执.json"
    said = CliRunner().invoke(cli, [*SAMPLE, "--receipt", str(receipt), *words, "--format", "json"])
    assert json.loads(said.stdout)["engine"] == engine
    assert json.loads(receipt.read_text("utf-8"))["backend"] == engine


def test_few_rows_by_name_are_settled_by_the_engine_named() -> None:
    said = CliRunner().invoke(cli, [*SAMPLE, "--backend", "duckdb", "--format", "json"])
    assert json.loads(said.stdout)["engine"] == "duckdb"
    assert said.stderr == ""


@pytest.mark.parametrize(("language", "told"), [("zh", "用 duckdb 清算"), ("en", "settled by duckdb")])
def test_an_engine_that_nobody_named_is_told_of(monkeypatch: pytest.MonkeyPatch, language: str, told: str) -> None:
    assert CliRunner().invoke(cli, [*SAMPLE, "--lang", language]).stderr == ""
    monkeypatch.setattr(choose, "ROWS", 0)
    said = CliRunner().invoke(cli, [*SAMPLE, "--lang", language]).stderr.splitlines()
    assert [told in line for line in said] == [True]


@pytest.mark.parametrize("form", ["table", "csv", "csv folder", "parquet folder"])
def test_either_road_writes_the_same_bytes(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, form: str) -> None:
    words = ["--format", form.split(maxsplit=1)[0], *(["--out", str(tmp_path / "结果")] if "folder" in form else [])]
    found = []
    for rows, more in ((choose.ROWS, ()), (0, ()), (choose.ROWS, ("--backend", "duckdb"))):
        monkeypatch.setattr(choose, "ROWS", rows)
        said = CliRunner().invoke(cli, [*SAMPLE, *words, *more])
        tables = {path.name: path.read_bytes() for path in tmp_path.rglob("*.*") if path.name != BESIDE}
        found.append((said.exit_code, said.stdout_bytes, tables))
    assert found[0] == found[1] == found[2]
    assert found[0][0] == 0
    assert found[0][1] or found[0][2]


def test_a_short_run_waits_for_no_database_and_no_sql() -> None:
    code = (
        f"import sys; sys.argv = {['xiance', *SAMPLE, '--format', 'json']!r}; from engine.doors.command import main\n"
        "try: main()\n"
        "finally: print(sorted({'duckdb', 'sqlglot'} & set(sys.modules)), file=sys.stderr)"
    )
    ran = subprocess.run([sys.executable, "-c", code], cwd=SAMPLES.parent, capture_output=True, text=True, check=True)
    assert ran.stderr == "[]\n"
