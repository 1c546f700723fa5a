"""Cases as the contract writes them, read into rows; and figures as the contract names them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from math import floor
from pathlib import Path
from typing import Any

from amounts import Amount, known
from ruamel.yaml import YAML

Key = tuple[str, str, str | None, str, str]
"""Kind, unit, insurance type, period and id of one figure."""

KINDS = {
    "县": "county",
    "医共体": "alliance",
    "成员单位": "member",
    "非医共体机构": "standalone",
    "资金池": "pool",
    "月度": "month",
    "明细": "claim",
    "历史基金使用": "history",
}

WORDS = {
    "名称": "name",
    "单位": "unit",
    "年度": "year",
    "险种": "insurance",
    "序号": "order",
    "月份": "month",
    "假设": "assumptions",
    "方案": "scheme",
    "年度总额预算": "budget",
    "预算调整额": "budget_adjustment",
    "调整后预算": "adjusted_budget",
    "年度清算总额": "cleared",
    "结余或超支": "balance",
    "结余": "surplus",
    "超支": "overspend",
    "结余留用": "retained",
    "结余留转": "carried",
    "经办机构留用": "agency_retained",
    "基金分担": "fund_share",
    "机构承担": "provider_share",
    "资金池结余份额": "pool_surplus_share",
    "资金池超支份额": "pool_overspend_share",
    "考核系数": "score_factor",
    "保证金扣留": "deposit_withheld",
    "保证金返还": "deposit_returned",
    "保证金不返还": "deposit_forfeited",
    "应得合计": "entitlement",
    "违规扣款": "violations",
    "已拨付": "paid",
    "最终应补拨": "final_due",
    "准入": "admitted",
    "核定应付": "payable",
    "扣保证金": "withheld",
    "实拨": "paid",
    "统筹基金支付": "fund_paid",
    "支付方": "payer",
    "历年基金使用额": "fund_use",
}

_UNITS = {"元": Fraction(1), "万元": Fraction(10_000), "亿元": Fraction(100_000_000)}
_HEADER = re.compile(r"^(?P<name>.*?)\s*[(（](?P<unit>万元|亿元|元)[)）]$")
_MONEY = re.compile(r"^(?P<number>-?\d+(?:\.\d+)?)\s*(?P<unit>元|万元|亿元)?$")
_RATIO = re.compile(r"^(?P<number>-?\d+(?:\.\d+)?)\s*(?P<percent>[%％])?$")


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a table: its year, its insurance type and its cells, keyed by id, still text."""

    year: int
    insurance: str | None
    cells: Mapping[str, str]

    def text(self, name: str) -> str:
        """The cell, empty where it is missing."""
        return self.cells.get(name, "")

    def money(self, name: str) -> Amount | None:
        """The cell in yuan, or none where it is missing."""
        text = self.text(name)
        return known(money(text)) if text else None

    def per_head(self, name: str) -> Amount | None:
        """The cell in yuan a head, which may be finer than a fen, or none where it is missing."""
        text = self.text(name)
        return known(money(text, finer=True)) if text else None

    def ratio(self, name: str) -> Amount | None:
        """The cell as a ratio, or none where it is missing."""
        text = self.text(name)
        return known(ratio(text)) if text else None

    def answer(self, name: str) -> bool | None:
        """The cell as yes or no, or none where it is missing."""
        text = self.text(name)
        return yes(text) if text else None


@dataclass(frozen=True, slots=True)
class Case:
    """A case: its tables, those supplied only, and its assumptions by id."""

    tables: Mapping[str, list[Row]]
    assumptions: Mapping[str, Fraction]

    def rows(self, *kinds: str) -> Iterator[tuple[str, Row]]:
        """Every row of the named kinds with its kind."""
        return ((kind, row) for kind in kinds for row in self.tables.get(kind, []))

    def supplied(self, kind: str) -> bool:
        """Whether the data has this table at all."""
        return kind in self.tables


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure as results show it; `reached` belongs to indicators, `words` and `assumptions` are Chinese names."""

    value: str | bool | None
    state: str
    missing: frozenset[str] = frozenset()
    assumptions: frozenset[str] = frozenset()
    reached: bool | None = None


def load(path: Path) -> Any:
    """A YAML file with every scalar as text."""
    return YAML(typ="base").load(path)


def read(case: Mapping[str, Any], words: Mapping[str, str], kinds: Mapping[str, str], insurance: str | None) -> Case:
    """The case with the words of a scheme turned into ids; `insurance` is what a row has that says nothing."""
    names = {**WORDS, **words}
    head = {names.get(key, key): value for key, value in case.items()}
    kind_ids = {**KINDS, **kinds}
    tables: dict[str, list[Row]] = {}
    for key, value in case.items():
        kind = kind_ids.get(key, key)
        if kind in KINDS.values():
            tables[kind] = [_row(entry, names, head, insurance) for entry in value or []]
    given = head.get("assumptions") or {}
    return Case(tables, {names.get(key, key): ratio(_scalar(value)) for key, value in given.items()})


def money(text: str, *, finer: bool = False) -> Fraction:
    """Yuan, from text such as `1200万元`; finer than a fen is refused where that is not asked for."""
    match = _MONEY.match(text)
    if not match:
        raise ValueError(f"not an amount: {text}")
    value = Fraction(match["number"]) * _UNITS[match["unit"] or "元"]
    if not finer and (value * 100).denominator != 1:
        raise ValueError(f"finer than a fen: {text}")
    return value


def ratio(text: str) -> Fraction:
    """A ratio, from text such as `30%` or `0.3`."""
    match = _RATIO.match(text)
    if not match:
        raise ValueError(f"not a ratio: {text}")
    return Fraction(match["number"]) / (100 if match["percent"] else 1)


def yes(text: str) -> bool:
    """Yes or no, from 是, 否, true or false."""
    return {"是": True, "否": False, "true": True, "false": False}[text.lower()]


def money_text(value: Fraction) -> str:
    """Yuan with two decimals."""
    fen = value * 100
    if fen.denominator != 1:
        raise ValueError(f"finer than a fen: {value}")
    sign = "-" if fen < 0 else ""
    yuan, rest = divmod(abs(fen.numerator), 100)
    return f"{sign}{yuan}.{rest:02d}"


def ratio_text(value: Fraction) -> str:
    """A ratio as a plain decimal without idle zeros, to 12 decimals where it does not end."""
    sign = "-" if value < 0 else ""
    whole, rest = divmod(floor(abs(value) * 10**12 + Fraction(1, 2)), 10**12)
    return sign + f"{whole}.{rest:012d}".rstrip("0").rstrip(".")


def shown(amount: Amount) -> Figure:
    """An amount as results show it."""
    value = None if amount.value is None else money_text(amount.value)
    return Figure(value, amount.state, amount.missing, frozenset() if value is None else amount.assumptions)


def in_roster_order(rows: list[Row], roster: tuple[str, ...]) -> list[Row]:
    """Rows by the roster of the rule file, then by 序号, then by name."""

    def place(row: Row) -> tuple[int, int, str]:
        name = row.text("name")
        listed = roster.index(name) if name in roster else len(roster)
        return (listed, int(row.text("order") or 0), name)

    return sorted(rows, key=place)


def _row(entry: Mapping[str, Any], names: Mapping[str, str], head: Mapping[str, Any], insurance: str | None) -> Row:
    cells: dict[str, str] = {}
    for key, value in entry.items():
        header = _HEADER.match(key)
        name = header["name"] if header else key
        text = _scalar(value)
        cells[names.get(name, name)] = text + header["unit"] if header and text else text
    dated = cells.get("month") or cells.get("起始日期") or ""
    year = cells.get("year") or dated[:4] or _scalar(head["year"])
    return Row(int(year), cells.get("insurance") or _scalar(head.get("insurance")) or insurance, cells)


def _scalar(value: object) -> str:
    """Text; anything a reader has already turned into a number may have lost a fen."""
    if value is None:
        return ""
    if not isinstance(value, str):
        raise TypeError(f"a case is read with every scalar as text, not {value!r}")
    return value.strip()
