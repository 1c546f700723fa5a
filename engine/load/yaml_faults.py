"""What a broken YAML text is told as: the parser's complaint becomes a numbered finding at the place to mend."""

import re
from collections.abc import Mapping

from ruamel.yaml.error import MarkedYAMLError, StreamMark, YAMLError

from grammar.diagnostic import Finding, Place, Words


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
            found = _full_width_colon(text, problem.line, file) or _row_out_of_line(text, problem.line, file)
            return found or Finding(code, _place(file, mark))
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


def _row_out_of_line(text: str, line: int, file: str) -> Finding | None:
    """The finding for a row that is unlike the rows around it: its brackets, its dash, its blanks on the left."""
    lines = text.split("\n")
    here = lines[line] if line < len(lines) else ""
    above = next(
        (at for at in range(line - 1, -1, -1) if lines[at].strip() and not lines[at].lstrip().startswith("#")), None
    )
    if re.match(r"\s*- *[(（｛]", here):
        return _told(file, line, here, _ROUND)
    if here.count("}") > here.count("{"):
        return _told(file, line, here[: here.rindex("}")] + "}", _ONE_TOO_MANY, at=here.rindex("}"))
    if above is None or not here.lstrip().startswith("- "):
        return None
    before = lines[above]
    if before.lstrip().startswith("{"):
        return _told(file, above, before, _NO_DASH)
    if _blanks(before) < _blanks(here) and re.match(r"\s*[^-\s#][^:]*: +\S", before):
        return _told(file, above, before, _VALUE_BEFORE_ROWS)
    below = lines[line + 1] if line + 1 < len(lines) else ""
    rows = all(each.lstrip().startswith("- ") for each in (before, below))
    if rows and _blanks(before) != _blanks(here) == _blanks(below):
        return Finding("D007", Place(file, above + 1, _blanks(before) + 1))
    return None


_ROUND = Words("一行写在半角花括号里：`- {名称: 甲, …}`", "a row stands in braces: `- {name: A, …}`")
_ONE_TOO_MANY = Words("多了一个 `}`：删去它", "there is a `}` too much: delete it")
_NO_DASH = Words("这一行前面加 `- `", "put `- ` before this row")
_VALUE_BEFORE_ROWS = Words(
    "冒号后面不写值；各行另起，以 `- ` 开头", "nothing stands after the colon; rows follow below, each with `- `"
)


def _told(file: str, line: int, text: str, fix: Words, at: int | None = None) -> Finding:
    return Finding("D007", Place(file, line + 1, (_blanks(text) if at is None else at) + 1), {"suggestion": fix})


def _blanks(text: str) -> int:
    return len(text) - len(text.lstrip())


def _place(file: str, mark: StreamMark) -> Place:
    return Place(file, mark.line + 1, mark.column + 1)
