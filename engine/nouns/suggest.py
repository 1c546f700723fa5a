"""The nearest known name to a word that is unknown."""

from collections.abc import Iterable

from grammar.diagnostic import Words


def nearest(name: str, known: Iterable[str]) -> dict[str, object]:
    """A ``suggestion`` for a finding where a known name is near enough; empty otherwise."""
    best = closest(name, known)
    return {"suggestion": Words(f"是不是“{best}”？", f"did you mean `{best}`?")} if best else {}


def closest(name: str, known: Iterable[str]) -> str | None:
    """The known name with the fewest changes; None where none is near enough."""
    limit = max(1, min(3, len(name) // 2))
    scored = [(_cost(name, other, limit), other) for other in sorted(set(known)) if other != name]
    near = [(cost, abs(len(other) - len(name)), other) for cost, other in scored if cost is not None]
    return min(near)[2] if near else None


def _cost(name: str, other: str, limit: int) -> int | None:
    """How unlikely one is meant by the other: four for a change; letters only moved about or left out come cheaper."""
    if sorted(name) == sorted(other):
        return _CHANGE - 1
    short, long = sorted((name, other), key=len)
    left_out = len(long) - len(short)
    if len(short) >= _SHORTEST and left_out <= len(short) and _within(short, long):
        # People write less than the name more often than more.
        return _CHANGE - 1 + left_out * (1 if len(name) < len(other) else 2)
    changes = distance(name, other, limit)
    return changes * _CHANGE if changes <= limit else None


_CHANGE, _SHORTEST = 4, 3


def _within(short: str, long: str) -> bool:
    """Whether all letters of one stand in the other in their order."""
    letters = iter(long)
    return all(letter in letters for letter in short)


def distance(one: str, other: str, limit: int) -> int:
    """How many letters must be put in, left out, changed or swapped; ``limit`` + 1 where more than the limit."""
    if abs(len(one) - len(other)) > limit:
        return limit + 1
    before: list[int] = []
    last = list(range(len(other) + 1))
    for i, a in enumerate(one, 1):
        row = [i]
        for j, b in enumerate(other, 1):
            cost = min(last[j] + 1, row[j - 1] + 1, last[j - 1] + (a != b))
            if i > 1 and j > 1 and a == other[j - 2] and one[i - 2] == b:
                cost = min(cost, before[j - 2] + 1)
            row.append(cost)
        if min(row) > limit:
            return limit + 1
        before, last = last, row
    return last[-1]
