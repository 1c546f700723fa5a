"""Write the digests of clauses into the text of a source.yaml, touching nothing else in it."""

import re
from collections.abc import Mapping

from engine.load import yaml_text as y

_LOCATOR, _DIGEST = "条", "指纹"


def stamped(text: str, digests: Mapping[str, str], shown: str) -> str:
    """The text with a 指纹 for each clause that has a digest; a clause that has it already gets the new one.

    A clause is written on one line in braces or as a block. Raises FindingsError where the text is no YAML.
    """
    lines = text.split("\n")
    tree = y.read_tree(text, shown)
    clauses = tree.entries.get("条款") if isinstance(tree, y.Mapping) else None
    # From the end, so that a line put in moves nothing that is still to be found.
    for clause in reversed(clauses.items) if isinstance(clauses, y.Sequence) else ():
        locator = clause.entries.get(_LOCATOR) if isinstance(clause, y.Mapping) else None
        if isinstance(clause, y.Mapping) and isinstance(locator, y.Scalar) and locator.text in digests:
            _stamp(lines, clause, digests[locator.text])
    return "\n".join(lines)


def _stamp(lines: list[str], clause: y.Mapping, digest: str) -> None:
    key, value = clause.keys[_LOCATOR], clause.entries.get(_DIGEST)
    at = (key.line or 1) - 1
    if isinstance(value, y.Scalar) and value.text:
        row, column = (value.place.line or 1) - 1, (value.place.column or 1) - 1
        lines[row] = lines[row][:column] + lines[row][column:].replace(value.text, digest, 1)
    elif _DIGEST in clause.entries:
        row, column = (clause.keys[_DIGEST].line or 1) - 1, (clause.keys[_DIGEST].column or 1) - 1
        head, colon, rest = lines[row][column:].partition(":")
        lines[row] = f"{lines[row][:column]}{head}{colon} {digest}{rest}"
    elif _is_in_braces(lines, clause):
        row = next((row for row in range(at, len(lines)) if _END.search(lines[row])), at)
        end = _END.search(lines[row])
        if end is not None:
            lines[row] = f"{lines[row][: end.start()]}, {_DIGEST}: {digest}{lines[row][end.start() :]}"
    else:
        indent = " " * ((key.column or 1) - 1)
        lines.insert(at + 1, f"{indent}{_DIGEST}: {digest}")


def _is_in_braces(lines: list[str], clause: y.Mapping) -> bool:
    row, column = (clause.place.line or 1) - 1, (clause.place.column or 1) - 1
    return lines[row][column : column + 1] == "{"


_END = re.compile(r"\}\s*(?:#.*)?$")
