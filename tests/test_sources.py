"""What every policy's list of clauses must hold."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent
POLICIES = HERE.parent / "policies"
sys.path.insert(0, str(HERE / "oracle"))

import casefile  # noqa: E402

ROLES = {"计算", "校验", "准入", "仅作要求"}
HEAD = {"名称", "文号", "状态", "地区", "机关", "印发", "施行"}
ROWS = {"gaotai": ("GT", 33), "guangdong": ("GD", 14), "jilin": ("JL", 21), "yunxian": ("YX", 22)}
SOURCES = sorted(path.parent.name for path in POLICIES.glob("*/source.yaml"))


@pytest.mark.parametrize("policy", SOURCES)
def test_a_source_tells_where_the_document_comes_from(policy: str) -> None:
    head = _source(policy)["文件"]
    assert set(head) >= HEAD
    assert [name for name in ("名称", "状态", "地区", "机关", "施行") if not head[name]] == []


@pytest.mark.parametrize("policy", SOURCES)
def test_no_two_clauses_of_a_source_share_a_locator(policy: str) -> None:
    locators = [clause["条"] for clause in _source(policy)["条款"]]
    assert sorted(locators) == sorted(set(locators))


@pytest.mark.parametrize("policy", SOURCES)
def test_every_clause_has_a_summary_and_roles_that_are_known(policy: str) -> None:
    for clause in _source(policy)["条款"]:
        assert clause["摘要"].strip(), clause["条"]
        assert clause["作用"], clause["条"]
        assert set(clause["作用"]) <= ROLES, clause["条"]


@pytest.mark.parametrize("policy", SOURCES)
def test_a_clause_that_only_instructs_has_no_other_role(policy: str) -> None:
    for clause in _source(policy)["条款"]:
        assert "仅作要求" not in clause["作用"] or clause["作用"] == ["仅作要求"], clause["条"]


@pytest.mark.parametrize("policy", ROWS)
def test_every_row_of_the_documents_analysis_stands_under_a_clause(policy: str) -> None:
    prefix, count = ROWS[policy]
    carried = set(_carried(_source(policy)))
    assert carried == {f"{prefix}-{number:02d}" for number in range(1, count + 1)}


@pytest.mark.parametrize("policy", SOURCES)
def test_every_clause_is_summarised_in_english_and_what_it_leaves_open_item_for_item(policy: str) -> None:
    english = casefile.load(POLICIES / policy / "source.en.yaml")
    clauses = _source(policy)["条款"]
    assert list(english) == [clause["条"] for clause in clauses]
    for clause in clauses:
        said = english[clause["条"]]
        assert said["summary"].isascii()
        assert len(said.get("open", ())) == len(clause.get("未定") or ()), clause["条"]


def _source(policy: str) -> Any:
    return casefile.load(POLICIES / policy / "source.yaml")


def _carried(source: Mapping[str, Any]) -> Iterator[str]:
    for clause in source["条款"]:
        yield from clause.get("规则", [])
