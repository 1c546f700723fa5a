"""W1 row by row in two rules engines: zen's compiled expressions, zen's decision model, and CEL's Rust implementation."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cel as cel_rust
import polars as pl
import zen as zen_engine

Made = tuple[Callable[[], Any], Callable[[Any], list[list[int]]]]
SURPLUS, OVER = "max([budget - cleared, 0])", "max([cleared - budget, 0])"
RETAINED = f"(refusal or change ? 0 : round(min([{SURPLUS}, budget * 0.3]) * factor / 10000))"
FUND = f"round(special * 0.85 + ({OVER} - special) * 0.6)"
# One list of all figures is quicker than seven expressions that hand on what they found.
WHOLE = f"[budget - cleared, {SURPLUS}, {OVER}, {RETAINED}, {SURPLUS} - {RETAINED}, {FUND}, {OVER} - {FUND}]"
STEPS = {
    "balance": "budget - cleared",
    "surplus": "max([$.balance, 0])",
    "over": "max([-$.balance, 0])",
    "retained": "refusal or change ? 0 : round(min([$.surplus, budget * 0.3]) * factor / 10000)",
    "handed_in": "$.surplus - $.retained",
    "fund_share": "round(special * 0.85 + ($.over - special) * 0.6)",
    "own_share": "$.over - $.fund_share",
}


def zen(file: Path) -> Made:
    """Compiled expressions."""
    rows = pl.read_parquet(file).to_dicts()
    compiled = zen_engine.compile_expression(WHOLE)
    return (lambda: [compiled.evaluate(row) for row in rows]), _fen


def jdm(file: Path) -> Made:
    """A decision model: an input, a node of seven expressions, an output."""
    rows = pl.read_parquet(file).to_dicts()
    place = {"x": 0, "y": 0}
    expressions = [{"id": name, "key": name, "value": text} for name, text in STEPS.items()]
    nodes = [
        {"id": "in", "type": "inputNode", "name": "in", "position": place},
        {
            "id": "w1",
            "type": "expressionNode",
            "name": "w1",
            "position": place,
            "content": {"expressions": expressions},
        },
        {"id": "out", "type": "outputNode", "name": "out", "position": place},
    ]
    edges = [{"id": a + b, "sourceId": a, "targetId": b} for a, b in (("in", "w1"), ("w1", "out"))]
    decision = zen_engine.ZenEngine().create_decision(json.dumps({"nodes": nodes, "edges": edges}))
    return (lambda: [list(decision.evaluate(row)["result"].values()) for row in rows]), _fen


def cel(file: Path) -> Made:
    """CEL on whole numbers: it has no names for what is used twice."""
    surplus = "(budget > cleared ? budget - cleared : 0)"
    over = "(cleared > budget ? cleared - budget : 0)"
    least = f"({surplus} * 10 < budget * 3 ? {surplus} * 10 : budget * 3)"
    retained = f"(refusal || change ? 0 : ({least} * factor + 50000) / 100000)"
    fund = f"((special * 17 + ({over} - special) * 12 + 10) / 20)"
    rows = pl.read_parquet(file).to_dicts()
    text = f"[budget - cleared, {surplus}, {over}, {retained}, {surplus} - {retained}, {fund}, {over} - {fund}]"
    program = cel_rust.compile(text)
    return (lambda: [program.execute(row) for row in rows]), _fen


def _fen(found: list[list[float]]) -> list[list[int]]:
    return [[round(value) for value in column] for column in zip(*found, strict=True)]
