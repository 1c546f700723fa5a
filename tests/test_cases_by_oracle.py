"""What worked cases expect, worked out a second time by the reference calculators."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping
from decimal import Decimal
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import pytest

HERE = Path(__file__).parent
POLICIES = HERE.parent / "policies"
sys.path.insert(0, str(HERE / "oracle"))

import casefile  # noqa: E402

STATES = {"明确": "stated", "假设": "assumed", "未定": "open"}
NO_FIGURES = {"单位", "险种", "年度", "期"}
WORKED = sorted(path.parent.name for path in POLICIES.glob("*/cases.yaml"))

_WATCHED = "only watched: nothing is reckoned from it"
_INSIDE = "shared inside the alliance by the lead's own plan"
_MONTHS = "listed month by month: nothing is reckoned from it"
_STAYS = "a patient's own, no money of the alliance; worked out a second time in tests/test_episodes.py"
_OF_JILIN = {
    "应收起付线": _STAYS,
    "五统一": _WATCHED,
    "按期启动": _WATCHED,
    "医共体费用占比": _WATCHED,
    "基层费用占比": _WATCHED,
    "医共体占比变动": _WATCHED,
    "保底年有扣减": _WATCHED,
}
BEYOND: Mapping[str, Mapping[str, str]] = {
    "gaotai": {
        "基金使用增长率": _WATCHED,
        "可分配总额": "on the way to the budgets, which are reckoned",
        "适用考核得分": "the lead's score handed on as it is",
        "可内部分配额": _INSIDE,
        "成员留用额": _INSIDE,
        "累计核定应付": _MONTHS,
        "累计扣保证金": _MONTHS,
        "累计实拨": _MONTHS,
        "累计未拨": _MONTHS,
        "预算执行进度": _MONTHS,
        "序时进度": _MONTHS,
        "应收起付线": _STAYS,
    },
    "guangdong": {
        "基金使用率": _WATCHED,
        "参保人住院率": _WATCHED,
        "医疗费用增长率": _WATCHED,
        "群众满意度": _WATCHED,
        "县外就医率": _WATCHED,
        "双向转诊比例": _WATCHED,
        "负面清单有查实": _WATCHED,
        "应收起付线": _STAYS,
    },
    "jilin": _OF_JILIN,
    "qingshan": _OF_JILIN,
    "yunxian": {},
}
"""Figures that worked cases give and the reference calculators leave out, each with the reason."""


class Oracle(Protocol):
    """What each reference calculator offers."""

    WORDS: Mapping[str, str]

    def figures(self, case: Mapping[str, Any]) -> dict[casefile.Key, str | bool | None]:
        """Values."""

    def settled(self, case: Mapping[str, Any]) -> dict[casefile.Key, casefile.Figure]:
        """Values with their states."""


class Expected(NamedTuple):
    """One figure that a worked case gives."""

    title: str
    place: dict[str, str]
    name: str
    claim: dict[str, Any]


def oracle_of(scheme: str) -> Any:
    """The reference calculator of a scheme."""
    return import_module(scheme)


@pytest.mark.parametrize("scheme", WORKED)
def test_the_reference_calculator_gives_what_every_worked_case_expects(scheme: str) -> None:
    wrong = []
    for case in casefile.load(POLICIES / scheme / "cases.yaml"):
        if all(expected.name in BEYOND[scheme] for expected in _expectations(case)):
            continue
        settled = oracle_of(scheme).settled(case["数据"])
        wrong += [
            f"{expected.title}: {expected.place} {expected.name} is {found}, not {expected.claim}"
            for expected in _expectations(case)
            if expected.name not in BEYOND[scheme]
            if not _holds(expected.claim, found := _find(settled, expected, oracle_of(scheme)))
        ]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("scheme", WORKED)
def test_what_the_reference_calculator_leaves_out_is_in_a_worked_case_and_unknown_to_it(scheme: str) -> None:
    cases = casefile.load(POLICIES / scheme / "cases.yaml")
    given = {expected.name for case in cases for expected in _expectations(case)}
    assert BEYOND[scheme].keys() <= given
    assert not BEYOND[scheme].keys() & {**casefile.WORDS, **oracle_of(scheme).WORDS}.keys()


@pytest.mark.parametrize("scheme", WORKED)
def test_worked_cases_cite_clauses_that_the_source_has_and_say_each_claim_once(scheme: str) -> None:
    cases = casefile.load(POLICIES / scheme / "cases.yaml")
    clauses = {clause["条"] for clause in casefile.load(POLICIES / scheme / "source.yaml")["条款"]}
    titles = [case["案例"] for case in cases]
    assert len(titles) == len(set(titles))
    assert [case["案例"] for case in cases if not case["算法"].strip()] == []
    cited = {locator for case in cases for locator in case["依据"].split("、")}
    assert cited <= clauses


def _expectations(case: Mapping[str, Any]) -> Iterator[Expected]:
    """What a case expects of figures; one of wrong data expects findings instead."""
    for row in case.get("结果", ()):
        place = {name: row[name] for name in row if name in NO_FIGURES}
        for name, claim in row.items():
            if name not in NO_FIGURES:
                yield Expected(case["案例"], place, name, claim if isinstance(claim, dict) else {"值": claim})


def _find(
    settled: Mapping[casefile.Key, casefile.Figure], expected: Expected, oracle: Oracle
) -> casefile.Figure | None:
    """The one figure at that place, or none where the results lack it."""
    names = {**casefile.WORDS, **oracle.WORDS}
    period = expected.place.get("期") or expected.place["年度"]
    found = [
        figure
        for (_, unit, insurance, when, name), figure in settled.items()
        if (unit, when, name) == (expected.place["单位"], period, names[expected.name])
        and expected.place.get("险种", insurance) == insurance
    ]
    if len(found) > 1:
        raise LookupError(f"more than one figure at {expected.place}")
    return found[0] if found else None


def _holds(claim: Mapping[str, Any], figure: casefile.Figure | None) -> bool:
    state = "未定" if claim.get("值") == "未定" else claim.get("状态")
    if figure is None or claim.get("值") == "无":
        return figure is None and claim.get("值") == "无"
    if "还缺" in claim and set(claim["还缺"]) != figure.missing:
        return False
    if "达标" in claim and casefile.yes(claim["达标"]) is not figure.reached:
        return False
    if state == "未定":
        return figure.state == "open" and figure.value is None
    return (state is None or STATES[state] == figure.state) and _same(claim["值"], figure.value)


def _same(text: str, value: str | bool | None) -> bool:
    if isinstance(value, bool):
        return text in {"是", "否"} and casefile.yes(text) is value
    return value is not None and bool(re.fullmatch(r"-?[\d.]+", text)) and Decimal(text) == Decimal(value)
