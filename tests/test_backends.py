"""Whatever settles, the figures are the same: every shipped sample, worked case and public case through SQL as through the interpreter."""

import json
from collections import Counter
from collections.abc import Callable
from contextlib import closing, suppress
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from run_pages import figured
from samples import cases as pages
from samples import found_by_run

from engine.api import Policy, bind_data, open_policy, settle
from engine.bulk.run import Settled, settle_in
from engine.doors.command import cli
from engine.doors.json_form import settlement_json
from engine.interpret.interpret import interpret
from engine.load.read import read_data
from engine.nouns.dataset import Dataset
from engine.nouns.world import Run
from engine.sql.duckdb_engine import DuckDB
from engine.sql.engines import Engine
from engine.sql.scope import Unsayable
from engine.trial.run import bound, cases_of
from grammar.diagnostic import FindingsError, Words

HERE = Path(__file__).parent
POLICIES = HERE.parent / "policies"
NAMES = tuple(sorted(path.parent.name for path in POLICIES.glob("*/rules.policy")))
PUBLIC = sorted((HERE / "conformance").glob("*.yaml"))


@cache
def policy_of(name: str) -> Policy:
    return open_policy(name)


def data_of(name: str, path: Path) -> Dataset:
    return bind_data(policy_of(name), read_data(path, path.name))


def as_told(name: str, dataset: Dataset, backend: str) -> Any:
    """The contract's JSON, without what names the engine."""
    form = settlement_json(settle(policy_of(name), dataset, backend=backend), "zh")
    del form["engine"]
    form["receipt"] = {key: value for key, value in form["receipt"].items() if key != "engine"}
    return form


def columns(run: Run) -> list[tuple[object, ...]]:
    """Every column of every row, with its marks, what decided it and whether the row is refused."""
    return [
        (
            year.year,
            row.key,
            row.refused,
            sorted(row.decided.items()),
            [(n, v.now, v.base, v.missing, v.assumed, v.defaults) for n, v in sorted(row.columns.items())],
        )
        for year in run.years
        for rows in year.tables.values()
        for row in rows
    ]


def assert_same_in(engine: Engine, policy: Policy, dataset: Dataset) -> None:
    """An engine leaves the same run as the interpreter, or refuses the data with the same findings."""
    expected, found = (
        outcome(lambda: interpret(policy.pipeline, dataset)),
        outcome(lambda: settle_in(engine, policy.pipeline, dataset).run),
    )
    assert found == expected


def outcome(settled: Callable[[], Run]) -> object:
    """All that a run leaves, or what refused it."""
    try:
        run = settled()
    except FindingsError as error:
        return error.findings
    return columns(run), run.tally, run.findings


@pytest.mark.parametrize("name", NAMES)
def test_a_sample_settles_wholly_in_sql_to_the_same_json(name: str) -> None:
    dataset = data_of(name, POLICIES / name / "sample.yaml")
    assert as_told(name, dataset, "duckdb") == as_told(name, dataset, "exact")
    settlement = settle(policy_of(name), dataset, backend="duckdb")
    assert settlement.handed_back is not None
    assert settlement.handed_back.units == 0


@pytest.mark.parametrize("path", PUBLIC, ids=[path.stem for path in PUBLIC])
def test_a_public_case_settles_wholly_in_sql_to_the_same_json(path: Path) -> None:
    name = path.stem.split("-")[0]
    dataset = data_of(name, path)
    assert as_told(name, dataset, "duckdb") == as_told(name, dataset, "exact")
    settlement = settle(policy_of(name), dataset, backend="duckdb")
    assert settlement.handed_back is not None
    assert settlement.handed_back.units == 0


@pytest.mark.parametrize("name", NAMES)
def test_every_twelfth_worked_case_leaves_the_same_columns_marks_and_findings(name: str) -> None:
    policy = policy_of(name)
    for case in cases_of(policy)[::12]:
        dataset = bound(policy, case).dataset
        if dataset is not None:
            engine = DuckDB()
            assert_same_in(engine, policy, dataset)
            engine.close()


def on_both_roads(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """Have what is interpreted settled in SQL as well; counts what was tried, what was settled, what SQL could not say."""
    counted: Counter[str] = Counter()

    def both(pipeline_of: Any, dataset: Dataset, *, noting: bool = False) -> Run:
        with monkeypatch.context() as patch, closing(DuckDB()) as engine:
            patch.setattr("engine.interpret.interpret.interpret", interpret)
            found = outcome(lambda: counting(settle_in(engine, pipeline_of, dataset)))
        assert found == outcome(lambda: interpret(pipeline_of, dataset, noting=noting))
        counted["tried"] += 1
        run = interpret(pipeline_of, dataset, noting=noting)
        counted["settled"] += 1
        return run

    def counting(settled: Settled) -> Run:
        if settled.handed_back.why is not None:
            counted[settled.handed_back.why.en.rpartition(": ")[2]] += 1
        return settled.run

    monkeypatch.setattr("engine.interpret.interpret.interpret", both)
    return counted


def test_every_construct_of_the_pages_of_settlements_is_settled_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    counted = on_both_roads(monkeypatch)
    for _, blocks in pages("settle"):
        with suppress(FindingsError):
            figured(blocks)
    assert counted["settled"] > len(NAMES)
    # What SQL cannot say of them at all: months that read the month before and shares in order are no longer among it.
    assert counted.keys() - {"tried", "settled"} == {"figures of earlier child rows"}


def test_what_is_found_on_the_pages_of_data_is_found_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    counted = on_both_roads(monkeypatch)
    for _, blocks in pages("data"):
        found_by_run(blocks)
    assert min(counted["settled"], counted["tried"] - counted["settled"]) > len(NAMES)


def test_what_sql_cannot_say_is_settled_by_the_interpreter_and_said_to_be(monkeypatch: pytest.MonkeyPatch) -> None:
    def unsayable(*_: object) -> None:
        raise Unsayable(Words("本月读上月", "each month reads the month before"), "月度.待付额")

    monkeypatch.setattr("engine.bulk.run.programmed", unsayable)
    plain, told = (of_command("--backend", backend) for backend in ("exact", "duckdb"))
    assert json.loads(told.stdout)["figures"] == json.loads(plain.stdout)["figures"]
    assert told.stderr == "duckdb：1 个独立单位中有 1 个交回逐行计算（SQL 说不了：月度.待付额：本月读上月）\n"


def test_the_command_settles_in_sql_without_a_word_more() -> None:
    plain, told = (of_command("--backend", backend) for backend in ("exact", "duckdb"))
    assert json.loads(told.stdout)["engine"] == "duckdb"
    assert json.loads(told.stdout)["figures"] == json.loads(plain.stdout)["figures"]
    assert told.stderr == ""


def of_command(*more: str) -> Result:
    data = str(POLICIES / "jilin" / "sample.yaml")
    result = CliRunner().invoke(cli, ["settle", "jilin", "--data", data, "--format", "json", *more])
    assert result.exit_code == 0
    return result


@pytest.mark.parametrize("name", NAMES)
def test_a_sample_leaves_the_same_columns_in_every_engine(fresh_engine: Engine, name: str) -> None:
    policy = policy_of(name)
    dataset = data_of(name, POLICIES / name / "sample.yaml")
    settled = settle_in(fresh_engine, policy.pipeline, dataset)
    assert settled.handed_back.units == 0
    assert outcome(lambda: settled.run) == outcome(lambda: interpret(policy.pipeline, dataset))
