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
    scored = [(distance(name, other, limit), other) for other in sorted(set(known)) if other != name]
    near = [(d, abs(len(o) - len(name)), o) for d, o in scored if d <= limit]
    return min(near)[2] if near else None


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
