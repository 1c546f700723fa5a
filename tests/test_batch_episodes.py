"""Rows merged into episodes in many scenarios at once: every run as it is alone, and told in the same order."""

from pathlib import Path
from random import Random

import pytest
from test_batch import run, same
from test_episodes_in_sql import RULES, SHAPES, data_of, policy_of

from engine.api import bind_data
from engine.load.yaml_data import read_yaml
from engine.nouns.dataset import Assumption
from grammar.diagnostic import FindingsError

DAYS = (None, 0, 1, 3, 3, 12)


@pytest.mark.parametrize("shape", SHAPES)
def test_rows_merged_in_many_scenarios_at_once_are_as_they_are_alone(shape: str) -> None:
    rules, drawn = SHAPES[shape]
    policy = policy_of(*rules)
    settled = 0
    for seed in range(3):
        try:
            dataset = bind_data(policy, read_yaml(data_of(drawn, Random(seed)), "data.yaml"))  # noqa: S311
        except FindingsError:
            continue
        given = [{} if days is None else {"间隔日数": Assumption("间隔日数", days, "batch")} for days in DAYS]
        many = same(policy, dataset, [{**dataset.assumptions, **each} for each in given])
        assert (many.why, many.by_rows) == (None, 0)
        settled += 1
    assert settled


def told(batch: Path, *words: str) -> dict[str, bytes]:
    folder = batch.parent / "out"
    told = run("settle", "--batch", batch, "--format", "csv", "--out", folder, *words)
    assert told.exit_code == 0
    assert "逐行计算" not in told.stdout
    return {file.name: file.read_bytes() for file in folder.glob("*.csv")}


def test_merged_rows_of_a_batch_stand_in_one_order_on_both_roads(tmp_path: Path) -> None:
    (bound, unless, more), drawn = SHAPES["an open bound, two years"]
    (tmp_path / "sample").mkdir()
    (tmp_path / "sample" / "rules.policy").write_text(
        RULES.format(bound=bound, unless=unless, more=more), encoding="utf-8"
    )
    (tmp_path / "data.yaml").write_text(data_of(drawn, Random(4)), encoding="utf-8")  # noqa: S311
    batch = tmp_path / "batch.yaml"
    batch.write_text(
        "- {方案: sample, 数据: data.yaml, 假设: {间隔日数: {从: 0, 到: 12, 步长: 3}}}\n", encoding="utf-8"
    )
    in_engine = told(batch)
    assert any("住院次" in name for name in in_engine)
    assert in_engine == told(batch, "--backend", "exact")
