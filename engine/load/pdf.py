"""The lines of a PDF that holds text; the reading itself is done by another process with bounds on memory and time."""

import json
import re
import subprocess
import sys
from collections import Counter
from importlib.util import find_spec
from pathlib import Path

from grammar.diagnostic import Finding, FindingsError, Place

_READER = Path(__file__).with_name("pdf_reader.py")
_SECONDS_AT_MOST = 120


def pdf_lines(path: Path, shown: str) -> list[str]:
    """The lines of a PDF page by page, without what stands at the edge of every page."""
    if find_spec("pypdf") is None:
        raise FindingsError([Finding("S106", Place(shown))])
    # -P: the folder of the script, or the one the user stands in, lends the child no modules.
    command = [sys.executable, "-P", str(_READER), str(path.resolve())]
    try:
        run = subprocess.run(command, capture_output=True, timeout=_SECONDS_AT_MOST, check=True)  # noqa: S603
        pages: list[str] = json.loads(run.stdout)
    except (subprocess.SubprocessError, OSError, ValueError):
        raise FindingsError([Finding("S103", Place(shown))]) from None
    return _without_edges([[_closed_up(line) for line in page.split("\n") if line.strip()] for page in pages])


def _closed_up(line: str) -> str:
    """A line without the blanks that stand between Chinese characters only because each was placed by itself."""
    return _BLANK_BETWEEN.sub("", line.strip())


_WIDE = "[\u2e80-\u2fff\u3001-\u9fff\uf900-\ufaff\uff00-\uffef、-】]"
_BLANK_BETWEEN = re.compile(rf"(?<={_WIDE})[ \u3000]+(?={_WIDE})")


def _without_edges(pages: list[list[str]]) -> list[str]:
    """All lines; the first or last line of a page is left out where most pages have the same but for figures."""
    edges = Counter(edge for page in pages for edge in {_shape(line) for line in (*page[:1], *page[-1:])})
    repeated = {edge for edge, times in edges.items() if times >= _REPEATED and times * 2 > len(pages)}
    lines = []
    for page in pages:
        first = 1 if page and _shape(page[0]) in repeated else 0
        last = len(page) - 1 if len(page) > first and _shape(page[-1]) in repeated else len(page)
        lines.extend(page[first:last])
    return lines


_REPEATED = 3


def _shape(line: str) -> str:
    return re.sub("[0-9]+", "0", line)
