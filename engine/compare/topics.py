"""The topics schemes are compared by, from policies/common/topics.toml."""

import tomllib
from functools import cache
from pathlib import Path

from grammar.diagnostic import Words
from grammar.frozen import dataclass

TOPICS = "topics.toml"


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic: what it is called, and the ids or the part of a scheme that it looks at."""

    id: str
    words: Words
    figures: frozenset[str]
    parameters: frozenset[str]
    inputs: frozenset[str]
    rows: frozenset[str]
    kinds: tuple[str, ...]
    structure: str


@cache
def topics_in(folder: Path) -> tuple[Topic, ...]:
    """The topics of a common folder, in their order."""
    with (folder / TOPICS).open("rb") as file:
        entries = tomllib.load(file)["topic"]
    return tuple(
        Topic(
            entry["id"],
            Words(entry["zh"], entry["en"]),
            frozenset(entry.get("figures", ())),
            frozenset(entry.get("parameters", ())),
            frozenset(entry.get("inputs", ())),
            frozenset(entry.get("rows", ())),
            tuple(entry.get("kinds", ())),
            entry.get("structure", ""),
        )
        for entry in entries
    )
