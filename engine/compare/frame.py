"""A scheme held against a frame it stands under: which topics of the frame it has, lacks, or puts otherwise."""

from collections.abc import Sequence
from typing import Literal

from engine.compare.matrix import Cell
from engine.compare.topics import Topic
from grammar.frozen import dataclass

Relation = Literal["has", "fills", "lacks", "differs", "beyond"]
RELATIONS: tuple[Relation, ...] = ("has", "fills", "differs", "lacks", "beyond")


@dataclass(frozen=True, slots=True)
class Against:
    """One topic of one scheme against the frame: what it is to it, and both cells."""

    topic: Topic
    frame: Cell
    cell: Cell
    relation: Relation


def against(matrix: Sequence[tuple[Topic, Sequence[Cell]]], frame: str) -> list[Against]:
    """Every topic on which the frame or the scheme says anything, for each scheme but the frame itself.

    ``has``: both say the same; ``fills``: the frame leaves it to others and the scheme says it; ``differs``: both say it,
    in other words; ``lacks``: the frame says it or leaves it to be said, the scheme does not; ``beyond``: only the scheme.
    """
    found = []
    for topic, cells in matrix:
        mine = next(cell for cell in cells if cell.scheme == frame)
        for cell in cells:
            if cell.scheme != frame and (relation := _relation(mine, cell)) is not None:
                found.append(Against(topic, mine, cell, relation))
    return found


def _relation(frame: Cell, cell: Cell) -> Relation | None:
    leaves = frame.state in {"open", "referred"} and bool(frame.citations or frame.open_items)
    if frame.state != "stated" and not leaves:
        return "beyond" if cell.state in {"stated", "referred"} else None
    if cell.state in {"open", "not_applicable"}:
        return "lacks"
    if frame.state == "stated":
        return "has" if (frame.state, frame.value) == (cell.state, cell.value) else "differs"
    return "lacks" if (frame.state, frame.value) == (cell.state, cell.value) else "fills"
