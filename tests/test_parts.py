"""Tables in many files, and runs within bounds: the same figures, every finding in its own file."""

import json
from collections.abc import Callable
from pathlib import Path
from random import Random

import duckdb
import pytest
from click.testing import CliRunner
from test_claims import COLUMNS, RULES, damaged, folder_of, outcome, random_claims, written

from engine.api import Policy, open_policy
from engine.doors.command import cli
from engine.load import parquet, parts, read
from engine.load.read import read_data


@pytest.fixture(scope="module")
def policy(tmp_path_factory: pytest.TempPathFactory) -> Policy:
    folder = tmp_path_factory.mktemp("policies") / "sample"
    folder.mkdir()
    (folder / "rules.policy").write_text(RULES, encoding="utf-8")
    return open_policy(folder)


@pytest.fixture(params=[True, False], ids=["in a room", "as cells"])
def lengths(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Callable[[], bool]:
    """What is long: nothing, or every table."""
    is_long: bool = request.param
    monkeypatch.setattr(read, "CSV_BYTES_HELD", 0 if is_long else 1 << 30)
    monkeypatch.setattr(parquet, "ROWS_HELD", 0 if is_long else 1 << 30)
    monkeypatch.setattr(parts, "ROWS_HELD", 0 if is_long else 1 << 30)
    return lambda: is_long


def split(folder: Path, table: list[list[str]], *, mixed: bool) -> Path:
    """The claims of a folder in three files, one of them with its columns the other way round."""
    (folder / "明细.csv").unlink()
    inside = folder / "明细"
    inside.mkdir()
    third = len(table) // 3
    (inside / "a.csv").write_text(written(table[:third]), encoding="utf-8")
    turned = [row[::-1] for row in table[third : 2 * third]]
    (inside / "b.csv").write_text(written(turned, COLUMNS[::-1]), encoding="utf-8")
    last = inside / "c.csv"
    last.write_text(written(table[2 * third :]), encoding="utf-8")
    if mixed:
        source = f"read_csv('{last}', all_varchar = true, nullstr = '', header = true)"
        duckdb.connect().execute(f"COPY (FROM {source}) TO '{inside / 'c.parquet'}' (FORMAT parquet)")
        last.unlink()
    return folder


@pytest.mark.parametrize("mixed", [False, True], ids=["csv", "csv and parquet"])
def test_a_table_in_many_files_settles_as_one(
    policy: Policy, tmp_path: Path, lengths: Callable[[], bool], mixed: bool
) -> None:
    claims = random_claims(Random(5), 240)  # noqa: S311 - a test wants the same chance again
    folder = folder_of(tmp_path / "data", written(claims).encode())
    whole = outcome(policy, folder)
    assert isinstance(whole, dict)
    folder = split(folder, claims, mixed=mixed)
    assert bool(read_data(folder, "data").bulk) is lengths()
    parted = outcome(policy, folder)
    assert isinstance(parted, dict)
    assert [parted[name] for name in ("figures", "open", "checks")] == [
        whole[name] for name in ("figures", "open", "checks")
    ]


def test_what_is_wrong_in_one_of_many_files_is_told_there(
    policy: Policy, tmp_path: Path, lengths: Callable[[], bool]
) -> None:
    claims = random_claims(Random(6), 90)  # noqa: S311 - the same
    claims[40][1] = "丁医共体"
    folder = split(folder_of(tmp_path / "data", written(claims).encode()), claims, mixed=False)
    found = outcome(policy, folder)
    assert isinstance(found, list)
    # The 41st claim is the 11th row of data of the second file, under its header.
    assert [(where.file, where.row) for code, where, _ in found if code == "D081"] == [("data/明细/b.csv", 12)], (
        lengths()
    )


def test_damaged_files_are_told_alike_however_long(
    policy: Policy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chance = Random(7)  # noqa: S311 - the same
    claims = damaged(chance, random_claims(chance, 120))
    folder = split(folder_of(tmp_path / "data", written(claims).encode()), claims, mixed=False)
    found = []
    for held in (0, 1 << 30):
        monkeypatch.setattr(read, "CSV_BYTES_HELD", held)
        monkeypatch.setattr(parts, "ROWS_HELD", held)
        found.append(outcome(policy, folder))
    assert isinstance(found[0], list)
    assert found[0] == found[1]


def test_what_a_run_wrote_inside_the_data_is_no_data(policy: Policy, tmp_path: Path) -> None:
    folder = folder_of(tmp_path / "data", written(random_claims(Random(8), 30)).encode())  # noqa: S311 - the same
    before = outcome(policy, folder)
    (folder / "结果").mkdir()
    (folder / "结果" / "医共体.csv").write_text("名称,险种,期\n", encoding="utf-8")
    (folder / "结果" / read.RESULTS).write_text("{}", encoding="utf-8")
    assert outcome(policy, folder) == before


def test_limits_change_no_figure(tmp_path: Path) -> None:
    data = Path(__file__).parent.parent / "policies/gaotai/sample.yaml"
    (tmp_path / "案.yaml").write_bytes(data.read_bytes())
    (tmp_path / "明细").mkdir()
    (tmp_path / "明细" / "一.csv").write_text(
        "单位,年度,险种,统筹基金支付,费用类别\n县妇幼保健院,2026,居民,1.00,门诊统筹\n", encoding="utf-8"
    )
    said = [
        CliRunner().invoke(cli, ["settle", "gaotai", "--data", str(tmp_path), "--format", "json", *more])
        for more in ([], ["--backend", "duckdb", "--memory", "512MiB", "--threads", "1"])
    ]
    figures = [json.loads(each.stdout)["figures"] for each in said]
    assert figures[0] == figures[1] != []


@pytest.mark.parametrize("memory", ["viel", "10MB", "-1GiB", "1,5GB"])
def test_memory_that_is_no_size_is_wrong_usage(memory: str) -> None:
    said = CliRunner().invoke(cli, ["settle", "gaotai", "--data", "x", "--backend", "duckdb", "--memory", memory])
    assert (said.exit_code, memory in said.stderr) == (2, True)
