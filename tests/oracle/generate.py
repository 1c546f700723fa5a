"""Random valid cases for comparing the engine with the reference calculators."""

from __future__ import annotations

from importlib import import_module
from random import Random
from typing import Any


def random_case(scheme: str, seed: int) -> dict[str, Any]:
    """The case of one scheme that belongs to this seed, every scalar as text."""
    if scheme in {"gaotai", "yunxian"}:
        rng = Random(f"{scheme} {seed}")  # noqa: S311  # a test wants the same case again, not a secret one
        case: dict[str, Any] = import_module(f"random_{scheme}").random_case(rng)
    else:
        case = import_module(scheme).random_case(seed)
    return case
