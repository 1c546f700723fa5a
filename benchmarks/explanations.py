"""A county's whole settlement in words: one explainer for all figures against a new one for each, and what memory it takes."""

import tracemalloc
from collections.abc import Iterator

from county import county
from measure import Line, line, seconds

from engine.api import bind_data, explainer, open_policy
from engine.doors.explain_form import json_of, text_of
from engine.explain.explain import Explainer
from engine.explain.trace_form import explanation_json
from engine.load.yaml_data import read_yaml

# Of either kind: each explanation takes its time.
FEW = 2


def lines() -> list[Line]:
    """Bulk against one by one; and the peak of memory by depth, which must not grow with it."""
    policy = open_policy("gaotai")
    whole = explainer(policy, bind_data(policy, read_yaml("\n".join(county(FEW)) + "\n", "county.yaml")))
    background = whole.background
    figures = background.settlement.figures

    def in_bulk() -> float:
        one = Explainer(background)
        return seconds(lambda: [None for _ in text_of(one.explain(r, "zh") for r in figures)])

    def one_by_one() -> float:
        return seconds(lambda: [None for _ in text_of(Explainer(background).explain(r, "zh") for r in figures)])

    def peak(depth: int | None) -> float:
        one = Explainer(background)
        bodies = (explanation_json(one.explain(r, "zh", depth), background) for r in figures)
        return _peak(json_of(bodies, escaped=False))

    count = f"{len(figures):,} figures"
    return [
        line(f"explain: a new explainer for each of {count}", "one for all of them", "≥ 2.5×", one_by_one, in_bulk),
        line(f"explain: peak memory, the whole chain of {count} as JSON", "the same, one line each", "≤ 2×",
             lambda: peak(None), lambda: peak(1)),
    ]  # fmt: skip


def _peak(pieces: Iterator[str]) -> float:
    """The most memory in use at once, above what was there before."""
    tracemalloc.start()
    try:
        start = tracemalloc.get_traced_memory()[0]
        for _ in pieces:
            pass
        return float(tracemalloc.get_traced_memory()[1] - start)
    finally:
        tracemalloc.stop()
