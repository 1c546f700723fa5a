"""A case in YAML with its rows, the columns of its rows and its tables in another order; the values stay as written."""

import re
from random import Random


def shuffled(text: str, chance: Random) -> str:
    """The same case in another order; rows stand on a line each, in braces."""
    blocks = re.split(r"(?m)^(?=[^\s#-])", text)
    head, rest = blocks[0], blocks[1:]
    chance.shuffle(rest)
    return head + "".join(_block(block, chance) for block in rest)


def _block(block: str, chance: Random) -> str:
    lines = block.rstrip("\n").split("\n")
    rows = [_row(line, chance) for line in lines[1:] if line.lstrip().startswith("- {")]
    if len(rows) != len(lines) - 1:
        return block if block.endswith("\n") else f"{block}\n"
    chance.shuffle(rows)
    return "\n".join([lines[0], *rows]) + "\n"


def _row(line: str, chance: Random) -> str:
    start, _, rest = line.partition("{")
    cells = re.split(r", (?=[^,{}:]+: )", rest.rstrip().removesuffix("}"))
    chance.shuffle(cells)
    return f"{start}{{{', '.join(cells)}}}"
