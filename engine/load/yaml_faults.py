"""What a broken YAML text is told as: the parser's complaint becomes a numbered finding at the place to mend."""

import re
from collections.abc import Mapping

from ruamel.yaml.error import MarkedYAMLError, StreamMark, YAMLError

from grammar.diagnostic import Finding, Place


def syntax_finding(error: YAMLError, text: str, file: str) -> Finding:
    """The finding for a text the parser gave up on."""
    if not isinstance(error, MarkedYAMLError):
        return Finding("D010", Place(file))
    opening: StreamMark | None = error.context_mark or error.problem_mark
    problem: StreamMark | None = error.problem_mark or error.context_mark
    if opening is None or problem is None:
        return Finding("D010", Place(file))
    complaint = f"{error.context or ''}: {error.problem or ''}"
    code, at_opening = next(_FAULTS[pattern] for pattern in _FAULTS if re.search(pattern, complaint))
    mark = opening if at_opening else problem
    match code:
        case "D005":
            # A line further down only shows that the bracket never closed; the line to mend is the one that opens it.
            never_closed = problem.line != opening.line or "<stream end>" in complaint
            bracket = "[" if "sequence" in complaint else "{"
            return Finding(code, _place(file, opening if never_closed else problem), {"bracket": bracket})
        case "D007":
            return _full_width_colon(text, problem.line, file) or Finding(code, _place(file, mark))
        case _:
            return Finding(code, _place(file, mark))


# Looked through in order: a pattern in «context: problem», the code, and whether the fault lies where it all began.
_FAULTS: Mapping[str, tuple[str, bool]] = {
    r"scanning a quoted scalar": ("D008", True),
    r"parsing a flow (sequence|mapping)|flow node": ("D005", False),
    r"could not find expected ':'": ("D006", True),
    r"are not allowed here|expected <block end>": ("D007", False),
    r"character '\\t'": ("D009", False),
    r"scanning an (alias|anchor)": ("D011", True),
    r"(scanning|parsing) an? tag|tag handle": ("D012", True),
    r"directive|incompatible YAML": ("D015", True),
    r"": ("D010", False),
}
_KEY_WITH_FULL_WIDTH_COLON = re.compile(r"\s*(?:- +)?[^\s:#'\"{\[：]+(：)")


def _full_width_colon(text: str, line: int, file: str) -> Finding | None:
    """The finding for `年度：2026`, which makes the parser stumble over the colon of the line after it."""
    lines = text.split("\n", line + 1)
    for number in (line, line - 1):
        if number >= 0 and (match := _KEY_WITH_FULL_WIDTH_COLON.match(lines[number])):
            return Finding("D006", Place(file, number + 1, match.start(1) + 1))
    return None


def _place(file: str, mark: StreamMark) -> Place:
    return Place(file, mark.line + 1, mark.column + 1)
