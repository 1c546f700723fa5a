"""The engine against an independent calculator written from the contract, on thousands of random cases."""

import importlib
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from engine.api import Policy, bind_data, open_policy, settle
from engine.load.yaml_data import data_in
from engine.load.yaml_text import Mapping, Node, Scalar, Sequence
from engine.nouns.printed import plain
from grammar.diagnostic import FindingsError, Place

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE / "oracle"))
SCHEMES = ("gaotai", "yunxian", "guangdong", "jilin")
CASES = int(os.environ.get("XIANCE_RANDOM_CASES", "150"))
PLACE = Place("random.yaml", 1, 1)


def tree(value: object) -> Node:
    if isinstance(value, dict):
        return Mapping({str(k): tree(v) for k, v in value.items()}, {str(k): PLACE for k in value}, PLACE)
    if isinstance(value, list):
        return Sequence(tuple(tree(v) for v in value), PLACE)
    return Scalar("" if value is None else str(value), PLACE)


@pytest.fixture(scope="module", params=SCHEMES)
def scheme(request: pytest.FixtureRequest) -> tuple[str, Policy]:
    return request.param, open_policy(request.param)


def differences(name: str, policy: Policy, case: dict[str, Any]) -> list[str]:
    """Every figure the oracle covers that the engine has otherwise: value, state, or presence."""
    oracle = importlib.import_module(name)
    expected = oracle.settled(case)
    try:
        settlement = settle(policy, bind_data(policy, data_in(tree(case), "random.yaml")))
    except FindingsError as error:
        return [f"refused: {f.code} {dict(f.values)}" for f in error.findings]
    ids = policy.scheme().labels
    found = {
        (ids.id(r.row.table), r.row.unit, r.row.insurance, str(r.row.period), r.id): r
        for r in settlement.figures
        if r.id in oracle.COVERED.get(ids.id(r.row.table), ())
    }
    wrong = [f"extra {key}: {plain(found[key].value.now, found[key].kind)}" for key in found.keys() - expected.keys()]
    wrong += [f"lacking {key}: {expected[key]}" for key in expected.keys() - found.keys()]
    for key in found.keys() & expected.keys():
        result, wanted = found[key], expected[key]
        state = result.value.state
        value = plain(result.value.now, result.kind) if state != "open" else None
        if _contradicts(value, state, wanted.value, wanted.state):
            wrong.append(f"{key}: {value} {state} {sorted(result.value.missing)} but {wanted.value} {wanted.state}")
    return sorted(wrong)


def _contradicts(value: object, state: str, wanted: object, wanted_state: str) -> bool:
    """Whether two answers cannot both be right.

    The engine may know what the oracle's looser ranges leave open or resting on an assumption, never the other way
    round; that it is right there is the claim of ``test_filling_in_what_is_open_changes_no_stated_figure``.
    """
    sharper = _SURE.index(state) < _SURE.index(wanted_state)
    return not sharper and (value, state) != (wanted, wanted_state)


_SURE = ("stated", "assumed", "open")


def test_random_cases_agree_to_the_fen_and_in_state(scheme: tuple[str, Policy]) -> None:
    name, policy = scheme
    generate = importlib.import_module("generate")
    for seed in range(CASES):
        case = generate.random_case(name, seed)
        assert not differences(name, policy, case), f"{name} seed {seed}"
