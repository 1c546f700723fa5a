"""Amounts, rates and spellings drawn at random, with a liking for boundaries."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from random import Random
from typing import Any

from amounts import known, to_the_fen
from casefile import KINDS, WORDS

FEN = Fraction(1, 100)


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in yuan that a case is to spell."""

    yuan: Fraction


@dataclass(frozen=True, slots=True)
class Rate:
    """A ratio that a case is to spell."""

    ratio: Fraction


Cell = Money | Rate | bool | int | str
Table = list[dict[str, Cell]]


def chance(rng: Random, probability: float) -> bool:
    """Whether something happens this time."""
    return rng.random() < probability


def amount(rng: Random, low: int = 0) -> Fraction:
    """Yuan of any size: often some millions with odd fen, at times a few fen, a round figure or billions."""
    match rng.randrange(12):
        case 0:
            fen = rng.randint(low, 500)
        case 1:
            fen = rng.randint(1, 60) * 10**7
        case 2 | 3:
            fen = rng.randint(1, 30_000) * 10**6
        case 4:
            fen = rng.randint(10**10, 10**12)
        case _:
            fen = rng.randint(10**6, 3 * 10**10)
    return fen * FEN


def small(rng: Random) -> Fraction:
    """Yuan of the size of a deduction, at times none."""
    return rng.choice((Fraction(0), rng.randint(0, 10**8) * FEN, rng.randint(0, 10**7) * FEN))


def cleared_against(rng: Random, adjusted: Fraction, share: Fraction) -> Fraction:
    """A cleared amount on, one fen off or far from the points where the rules turn: no balance, and the cap."""
    cap = to_the_fen(known(adjusted * share)).value or Fraction(0)
    step = rng.choice((-FEN, Fraction(0), FEN))
    match rng.randrange(10):
        case 0 | 1:
            cleared = adjusted + step
        case 2 | 3 | 4:
            cleared = adjusted - cap + step
        case 5:
            cleared = Fraction(0)
        case 6 | 7:
            cleared = _part(rng, adjusted)
        case _:
            cleared = adjusted + _part(rng, adjusted) / rng.choice((1, 10, 1000))
    return max(_whole_fen(cleared), Fraction(0))


def part_of(rng: Random, whole: Fraction) -> Fraction:
    """None, all, all but a fen, a fen or anything between."""
    choices = (Fraction(0), whole, whole - FEN, FEN, _part(rng, whole), _part(rng, whole))
    return max(min(rng.choice(choices), whole), Fraction(0))


def rate(rng: Random) -> Fraction:
    """A ratio between none and all, at most eight decimals."""
    match rng.randrange(8):
        case 0:
            return rng.choice((Fraction(0), Fraction(1)))
        case 1 | 2:
            return Fraction(rng.randint(0, 20), 20)
        case 3:
            return Fraction(rng.randint(0, 10**8), 10**8)
        case _:
            return Fraction(rng.randint(0, 10**4), 10**4)


def written(
    rng: Random, scheme: str, heads: Mapping[str, Cell], words: Mapping[str, str], case: Mapping[str, Any]
) -> dict[str, Any]:
    """The case as someone may hand it in: any order, Chinese names or ids, any spelling of an amount."""
    ids = {word: name for word, name in {**WORDS, **words}.items() if name not in _CHINESE_ONLY} | KINDS
    entries: list[tuple[str, Any]] = [(key, spelt(rng, value)) for key, value in heads.items()]
    if chance(rng, 0.8):
        entries.append(("方案", scheme))
    for key, value in case.items():
        if isinstance(value, dict):
            entries.append((key, _line(rng, value, ids, units=False)))
        else:
            rows = [_line(rng, row, ids, units=True) for row in value]
            rng.shuffle(rows)
            entries.append((key, rows))
    rng.shuffle(entries)
    return {(ids.get(key, key) if chance(rng, 0.1) else key): value for key, value in entries}


def plain(heads: Mapping[str, Cell], case: Mapping[str, Any]) -> dict[str, Any]:
    """The case in its plainest spelling, for a calculator to look at while it is being drawn."""
    result: dict[str, Any] = {key: _plainly(value) for key, value in heads.items()}
    for key, value in case.items():
        lines = [value] if isinstance(value, dict) else value
        texts = [{name: _plainly(cell) for name, cell in line.items()} for line in lines]
        result[key] = texts[0] if isinstance(value, dict) else texts
    return result


def spelt(rng: Random, cell: Cell) -> str:
    """One cell as text."""
    match cell:
        case Money(yuan):
            return _money(rng, yuan)
        case Rate(ratio):
            return _rate(rng, ratio)
        case bool():
            return rng.choice(("是", "true", "是")) if cell else rng.choice(("否", "false", "否"))
        case _:
            return str(cell)


def blank(rng: Random, row: dict[str, Cell], column: str) -> None:
    """A cell gone missing: left empty or left out."""
    if chance(rng, 0.5):
        row[column] = ""
    else:
        row.pop(column, None)


def some(rng: Random, items: Sequence[str], least: int) -> list[str]:
    """Some of the items, in their order."""
    chosen = set(rng.sample(range(len(items)), rng.randint(least, len(items))))
    return [item for place, item in enumerate(items) if place in chosen]


def yuan(row: Mapping[str, Cell], column: str) -> Fraction:
    """The amount in a cell, nothing where there is none."""
    cell = row.get(column)
    return cell.yuan if isinstance(cell, Money) else Fraction(0)


def distinct_orders(rng: Random, tables: Iterable[Table]) -> None:
    """A 序号 on every row, the same for the same unit."""
    rows = [row for table in tables for row in table]
    names = sorted({str(row["名称"]) for row in rows})
    numbers = dict(zip(names, rng.sample(range(1, 100), len(names)), strict=True))
    for row in rows:
        row["序号"] = numbers[str(row["名称"])]


# No id is fixed for these, so a case always says them in Chinese.
_CHINESE_ONLY = {"name", "unit", "month", "order"}
_SIZES = {"万元": 10**4, "亿元": 10**8}


def _line(rng: Random, line: Mapping[str, Cell], ids: Mapping[str, str], *, units: bool) -> dict[str, str]:
    columns: list[tuple[str, str]] = []
    for name, cell in line.items():
        key = ids.get(name, name) if chance(rng, 0.06) else name
        if units and isinstance(cell, Money) and chance(rng, 0.04):
            word = rng.choice(tuple(_SIZES))
            bracketed = rng.choice((f"({word})", f"（{word}）"))
            columns.append((key + bracketed, _decimal(cell.yuan / _SIZES[word])))
        else:
            columns.append((key, spelt(rng, cell)))
    rng.shuffle(columns)
    return dict(columns)


def _money(rng: Random, yuan: Fraction) -> str:
    choices = [_decimal(yuan, 2), _decimal(yuan, 2), _decimal(yuan), _decimal(yuan, 2) + "元"]
    word = rng.choice(tuple(_SIZES))
    if (yuan / _SIZES[word] * 10**4).denominator == 1 or chance(rng, 0.05):
        choices += [_decimal(yuan / _SIZES[word]) + word] * 2
    return rng.choice(choices)


def _rate(rng: Random, ratio: Fraction) -> str:
    return _decimal(ratio * 100) + "%" if chance(rng, 0.7) else _decimal(ratio)


def _plainly(cell: Cell) -> str:
    match cell:
        case Money(yuan):
            return _decimal(yuan, 2)
        case Rate(ratio):
            return _decimal(ratio)
        case bool():
            return "是" if cell else "否"
        case _:
            return str(cell)


def _decimal(value: Fraction, places: int = 0) -> str:
    """A number that ends, with at least so many decimals."""
    decimals = places
    while (value * 10**decimals).denominator != 1:
        decimals += 1
    digits = str(abs(int(value * 10**decimals))).rjust(decimals + 1, "0")
    sign = "-" if value < 0 else ""
    return sign + (f"{digits[:-decimals]}.{digits[-decimals:]}" if decimals else digits)


def _part(rng: Random, whole: Fraction) -> Fraction:
    return Fraction(rng.randint(0, int(whole * 100)), 100)


def _whole_fen(value: Fraction) -> Fraction:
    return Fraction(int(value * 100), 100)
