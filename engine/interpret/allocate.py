"""Exact allocation: parts in whole fen that add up to the whole, the spare fen to a named owner."""

from collections.abc import Sequence
from fractions import Fraction
from typing import Literal

from engine.nouns.numbers import Number
from engine.nouns.possible import Possible, between, ends, greatest, is_point, least, negate, number, subtract

Spare = Literal["first_listed", "largest_remainder"] | int


def shared(whole: int, weights: Sequence[Number], spare: Spare) -> list[int]:
    """The whole by weight: each share cut down to the fen, then the spare fen one each.

    To the largest remainders (ties: the earlier in the roster), to the first in the roster, or all to one place.
    A negative whole is shared by its size and the sign put back. The weights' sum must be positive.
    """
    sign, size = (-1, -whole) if whole < 0 else (1, whole)
    total = sum(weights)
    exact = [Fraction(size * w) / total for w in weights]
    parts = [int(x) for x in exact]
    left = size - sum(parts)
    if isinstance(spare, int):
        parts[spare] += left
    else:
        places = list(range(len(parts)))
        if spare == "largest_remainder":
            places.sort(key=lambda i: (parts[i] - exact[i], i))
        else:
            places = [i for i in places if weights[i] > 0]
        for i in places[:left]:
            parts[i] += 1
    return [sign * part for part in parts]


def in_order(whole: Possible, limits: Sequence[Possible]) -> tuple[list[Possible], Possible]:
    """Each filled up to its limit in roster order; what is left over last. A negative whole goes by its size."""
    up, down = greatest(whole, 0), greatest(negate(whole), 0)
    parts = []
    for limit in limits:
        parts.append(subtract(least(up, limit), least(down, limit)))
        up, down = greatest(subtract(up, limit), 0), greatest(subtract(down, limit), 0)
    return parts, subtract(up, down)


def possible_shares(whole: Possible, weights: Sequence[Possible], spare: Spare) -> list[Possible]:
    """The parts as far as they are known: exact where whole and weights are, else ranges that cover them."""
    known = [w for w in weights if isinstance(w, int | Fraction)]
    if len(known) < len(weights):
        low, high = ends(number(whole))
        floor = 0 if low is not None and low >= 0 else low
        ceiling = 0 if high is not None and high <= 0 else high
        return [between(floor, ceiling) for _ in weights]
    if is_point(whole) and isinstance(whole, int):
        return list(shared(whole, known, spare))
    low, high = ends(number(whole))
    total = sum(known)
    return [between(_edge(low, w, total, -1), _edge(high, w, total, 1)) for w in known]


def _edge(end: Number | None, weight: Number, total: Number, side: int) -> Number | None:
    """An end of a share of a whole that is a range: to the fen outward, for the spare fen may fall either way."""
    if end is None:
        return None if weight else 0
    exact = Fraction(end * weight) / total
    return exact.__floor__() if side < 0 else exact.__ceil__()
