"""Where the columns of a table are named: below its title and its unit, in one row or in groups over several."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from unicodedata import normalize

from engine.load.values import MONEY_UNITS, header_unit
from grammar.frozen import dataclass

Spans = Mapping[tuple[int, int], tuple[int, int]]

ROWS_LOOKED_AT = 40
_DEEPEST = 3
_BLANKS = re.compile(r"[\s\u00a0\u3000]+")
_WIDE = "\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef"
_BLANK_WITHIN = re.compile(rf"(?<=[{_WIDE}])\s+(?=[{_WIDE}])|\s*\n\s*|\s+(?=[（(])")
_CARRIAGE = re.compile(r"_x000[dD]_|\r")
_SIGNS = str.maketrans({0xFF10 + d: str(d) for d in range(10)} | {"．": ".", "－": "-", "−": "-", "％": "%", "，": ","})
_WIDE_NUMBER = re.compile(r"(?=.*[０-９．－％])[-−－]?[0-9０-９,，]+(?:[.．][0-9０-９]+)?[%％]?", re.ASCII)
_NUMBER = re.compile(r"[-−－+]?[0-9０-９][0-9０-９,，.．]*\s*(?:%|％|‰|元|万元|亿元|万|亿)?")
# 编制单位：县医保局; a heading has no colon within.
_LABELLED = re.compile(r"[^：:]{1,12}[：:].*", re.DOTALL)
_UNIT = re.compile(r"(?:^|[（(，,；;\s])(?:金额|计量|货币)?单位\s*[：:]\s*([^）)；;]+)")
_UNIT_WORD = re.compile(r"[^、，,/\s和及]*元")
_NUMERAL = re.compile(r"[(（]?(?:甲|乙|丙|丁|戊|己|栏次|行次|[A-Z]|[0-9]{1,2})['′]?(?:\s*[=＝].*)?[)）]?", re.DOTALL)
_NUMERAL_SURELY = re.compile(r".*[甲乙丙丁戊己栏行A-Z=＝].*", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Heading:
    """The names of the columns ("" where there is none), the first and last row of them, the row the data begin in.

    ``unit`` is the money's; ``unclear`` is what stands for a unit of money above the table and is none, or more than one; ``unit_row`` where.
    """

    names: tuple[str, ...]
    row: int
    last: int
    data: int
    unit: str | None
    unclear: str | None
    unit_row: int


def clean(text: str) -> str:
    """A value without the blanks of any width around it, and with its digits narrow where it is a number."""
    text = _CARRIAGE.sub("", text).replace("\u00a0", " ").strip()
    return text.translate(_SIGNS) if _WIDE_NUMBER.fullmatch(text) else text


def column_name(text: str) -> str:
    """A heading as a name: without line breaks, blanks between its characters, or a mark that it must be filled."""
    name = normalize("NFC", _BLANKS.sub(" ", clean(text)))
    return _BLANK_WITHIN.sub("", name).strip("*＊ ").rstrip("：:")


def looks_like_number(text: str) -> bool:
    """Whether a text is a number, with a unit or without."""
    return _NUMBER.fullmatch(text) is not None


def heading(rows: Sequence[Sequence[str]], spans: Spans) -> Heading | None:
    """The heading of a table; ``spans`` says of a cell within a merged one where that begins. None without any text."""

    def at(row: int, column: int) -> str:
        up, left = spans.get((row, column), (row, column))
        return rows[up][left] if 0 <= up < len(rows) else ""

    def cells(row: int) -> list[tuple[int, int]]:
        """The cells with text that a row shows, each merged one once."""
        found = (spans.get((row, c), (row, c)) for c in range(len(rows[row])) if at(row, c))
        return list(dict.fromkeys(found))

    counts = [len(cells(row)) for row in range(len(rows))]
    if not any(counts):
        return None
    covered = [sum(1 for c in range(len(rows[r])) if at(r, c)) for r in range(len(rows))]
    most = max(covered)
    first = next((r for r in range(len(rows)) if _is_heading(rows, cells(r), 3 * covered[r] >= most)), None)
    if first is None:
        first = next((r for r, n in enumerate(counts) if n and not _UNIT.search(at(r, cells(r)[0][1]))), 0)
    last = _last(rows, spans, first, at)
    unit, unclear, unit_row = _unit([at(r, c) for _, c in cells(r)] for r in range(first))
    return Heading(_names(rows, spans, first, last, at), first, last, _data(rows, last + 1), unit, unclear, unit_row)


def _is_heading(rows: Sequence[Sequence[str]], cells: list[tuple[int, int]], wide: bool) -> bool:
    texts = [rows[row][column] for row, column in cells]
    if len(texts) < len(("名称", "金额")) or not wide or any(_UNIT.match(text) for text in texts):
        return False
    # 编制单位：县医保局 is no name of a column; 名称： may be one.
    return not (all(map(_LABELLED.fullmatch, texts)) and any(text[-1] not in "：:" for text in texts))


_At = Callable[[int, int], str]


def _last(rows: Sequence[Sequence[str]], spans: Spans, first: int, at: _At) -> int:
    """The last row of the heading: names below group titles, as far as cells merged downwards reach."""
    last = first
    while last + 1 < len(rows) and last - first < _DEEPEST - 1:
        below = [text for text in rows[last + 1] if text]
        if not below or any(looks_like_number(text) for text in below):
            break
        width = range(len(rows[last]))
        downwards = any(spans.get((last + 1, c), (last + 1, c))[0] <= last for c in width)
        grouped = any(spans.get((last, c), (last, c))[1] < c and rows[last + 1][c] for c in width)
        if not (downwards or grouped or _stands_over(rows[last], rows[last + 1])):
            break
        if downwards and not any(at(last, c) for c in width):
            break
        last += 1
    return last


def _stands_over(upper: Sequence[str], lower: Sequence[str]) -> bool:
    """Whether a row holds group titles that were not merged: gaps where the row below has names, and the other way."""
    pairs = [(up, low) for up, low in zip(upper, lower, strict=False) if up or low]
    lead = next((low for up, low in pairs if up), "")
    return not lead and any(low and not up for up, low in pairs)


def _names(rows: Sequence[Sequence[str]], spans: Spans, first: int, last: int, at: _At) -> tuple[str, ...]:
    paths: list[list[str]] = []
    for column in range(len(rows[first])):
        path: list[str] = []
        for row in range(first, last + 1):
            name = column_name(at(row, column))
            if not name and row < last and column and rows[last][column] and paths[column - 1][: row - first + 1]:
                # A group title that was written over its first column only.
                name = paths[column - 1][row - first] if row - first < len(paths[column - 1]) else ""
            if row == last and spans.get((row, column), (row, column))[1] < column:
                name = ""
            path.append(name)
        paths.append(path)
    leaves = [_leaf(path) for path in paths]
    plain = [header_unit(leaf)[0] for leaf in leaves]
    return tuple(
        _joined(path) if plain.count(name) > 1 and len(_distinct(path)) > 1 else leaf
        for path, leaf, name in zip(paths, leaves, plain, strict=True)
    )


def _distinct(path: list[str]) -> list[str]:
    return list(dict.fromkeys(name for name in path if name))


def _leaf(path: list[str]) -> str:
    """The name nearest the data, with the unit its group names."""
    names = _distinct(path)
    if not names:
        return ""
    unit = next((u for name in reversed(names) if (u := header_unit(name)[1])), None)
    return names[-1] if unit is None or header_unit(names[-1])[1] else f"{names[-1]}({unit})"


def _joined(path: list[str]) -> str:
    names = _distinct(path)
    return "".join(header_unit(name)[0] for name in names[:-1]) + _leaf(path)


def _data(rows: Sequence[Sequence[str]], row: int) -> int:
    """The row after the heading, or after the letters and formulas of columns that stand under it: A, B, C=A+B."""
    texts = [text for text in rows[row] if text] if row < len(rows) else []
    if len(texts) < _NUMERALS_AT_LEAST or not all(_NUMERAL.fullmatch(text) for text in texts):
        return row
    digits = [int(text) for text in texts if text.isascii() and text.isdigit()]
    surely = any(map(_NUMERAL_SURELY.fullmatch, texts)) and digits == list(range(1, len(digits) + 1))
    return row + 1 if surely else row


_NUMERALS_AT_LEAST = 3


def _unit(rows: Iterable[list[str]]) -> tuple[str | None, str | None, int]:
    """The unit of money named above a table, or what stands for one and is none, with its row."""
    found: dict[str, int] = {}
    for row, texts in enumerate(rows):
        for match in (m for text in texts for m in _UNIT.finditer(text)):
            for word in _UNIT_WORD.findall(match[1].strip()):
                found.setdefault(word.removeprefix("人民币"), row)
    if not found:
        return None, None, 0
    unit, row = next(iter(found.items()))
    if len(found) > 1 or unit not in MONEY_UNITS:
        return None, "、".join(found), row
    return unit, None, row
