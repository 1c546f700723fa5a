"""The invented county by hand: Jilin's reckoning with the county's own rates, exceptions and rounding."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from math import floor
from typing import Any

import jilin
from casefile import Case, Figure, Key, Row, read
from spans import ZERO, Settled, Span, any_money, described, exactly, money, shown

WORDS = {**jilin.WORDS, "考核不合格": "assessment_failed", "数据造假属实": "data_falsified"}

COVERED = jilin.COVERED
"""The figures this calculator speaks for, by kind: one of them that it does not give is absent."""


def figures(case: Mapping[str, Any]) -> dict[Key, str | bool | None]:
    """The value of every figure of the case, none where it is open."""
    return {key: shown(value) for key, value in _reckon(read(case, WORDS, {}, None)).items()}


def settled(case: Mapping[str, Any]) -> dict[Key, Figure]:
    """Every figure of the case with its state."""
    return dict(described(_reckon, read(case, WORDS, {}, None)))


def _reckon(data: Case) -> Settled:
    if data.assumptions:
        raise ValueError("this calculator knows the county's own rates only")
    return jilin.reckon(data, _rates, _amended)


def _rates(year: int) -> dict[str, Span]:
    return {
        "tcm_tilt": exactly(Fraction(2, 100)),
        "cut_rate": exactly(Fraction(50, 100)),
        "retention_rate": exactly(Fraction(70, 100)),
        "overspend_share_rate": exactly(Fraction(50 if year == 2026 else 40, 100)),
    }


def _amended(row: Row, found: dict[str, Span]) -> dict[str, Span]:
    """Nothing is kept after a failed assessment or falsified data; the entitlement drops what is below a yuan."""
    retained, left = found["retained"], found["agency_retained"]
    if row.answer("assessment_failed") or row.answer("data_falsified"):
        retained, left = ZERO, found["surplus"]
    borne = found["adjusted_budget"].at_most(money(row, "cleared", any_money("年度清算总额")))
    entitlement = borne + retained + found["fund_share"]
    whole = Span(Fraction(floor(entitlement.low)), Fraction(floor(entitlement.high)), entitlement.missing)
    return found | {"retained": retained, "agency_retained": left, "entitlement": whole}
