"""How DuckDB joins what it is asked: by keys, never every row against every other, which no small case would show."""

from contextlib import closing
from random import Random

import pytest
from test_episodes_in_sql import SHAPES, data_of, policy_of

from engine.api import Policy, bind_data, open_policy
from engine.bulk.run import settle_in
from engine.load.policy import policies_folder
from engine.load.read import read_data
from engine.load.yaml_data import read_yaml
from engine.nouns.dataset import Dataset
from engine.sql.duckdb_engine import DuckDB
from engine.sql.engines import Statement, text_of

EVERY_ROW = ("NESTED_LOOP_JOIN", "BLOCKWISE_NL_JOIN", "CROSS_PRODUCT")


class Planned(DuckDB):
    """An engine that notes how each table is made."""

    def keep(self, table: str, query: Statement) -> None:
        """A table of what a query answers, and its plan."""
        self.plans = getattr(self, "plans", "")
        self.plans += "".join(plan for _, plan in self.rows(f"EXPLAIN (FORMAT json) {text_of(query, self.dialect)}"))
        super().keep(table, query)


def held(policy: Policy, dataset: Dataset) -> None:
    with closing(Planned(threads=1)) as engine:
        assert settle_in(engine, policy.pipeline, dataset).handed_back.why is None
        assert "HASH_JOIN" in engine.plans
        assert not [word for word in EVERY_ROW if word in engine.plans]


@pytest.mark.parametrize("name", ["gaotai", "yunxian", "guangdong", "jilin", "qingshan"])
def test_no_scheme_has_every_row_tried_against_every_other(name: str) -> None:
    policy = open_policy(name)
    held(policy, bind_data(policy, read_data(policies_folder() / name / "sample.yaml")))


@pytest.mark.parametrize("shape", ["two years", "an open bound, two years", "everything open"])
def test_merged_rows_are_joined_by_their_keys(shape: str) -> None:
    rules, drawn = SHAPES[shape]
    policy = policy_of(*rules)
    held(policy, bind_data(policy, read_yaml(data_of(drawn, Random(1)), "data.yaml")))  # noqa: S311
