"""A case as text in the layout of ``cases.yaml``, made of data and of figures that were worked out from it."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping

from engine.load.cases import Case, cases_in
from engine.load.tables import RawData
from engine.nouns.printed import exactly, plain
from engine.nouns.settlement import FigureResult
from grammar.diagnostic import Finding, FindingsError, Place, width

_WIDTH = 118
# What a YAML reader takes for a plain text wherever it stands, between braces too.
_INSIDE = r"[\w.+%()（）〔〕①-⑳、，。；：“”「」/·-]+"
_PLAIN = re.compile(f"{_INSIDE}(?: {_INSIDE})*")
_SIGNS = ("-", "?", ":", "%", "@", "`", "&", "*", "!", "|", ">", "'", '"')
_WORDS = {"stated": "明确", "assumed": "假设", "open": "未定"}
LARGEST = 500


def case_text(
    name: str,
    clauses: Iterable[str],
    working: Iterable[str],
    data: RawData,
    results: Iterable[FigureResult],
    *,
    confirmed_by: str | None = None,
) -> str:
    """The lines of one case; its figures stand under 待核 unless somebody says that they worked them out."""
    lines = [f"- 案例: {_scalar(name)}", f"  依据: {_scalar('、'.join(dict.fromkeys(clauses)))}"]
    if confirmed_by is not None:
        lines.append(f"  核对人: {_scalar(confirmed_by)}")
    lines += ["  算法: |", *(f"    {line}" for line in working), "  数据:"]
    lines += [f"    {line}" for line in _data(data)]
    lines.append("  待核:" if confirmed_by is None else "  结果:")
    lines += [f"    {line}" for line in _figures(list(results))]
    return "\n".join(lines) + "\n"


def rows_in(data: RawData) -> int:
    """How many rows the data has."""
    return sum(len(table.rows) for table in data.tables)


def joined(before: bytes, blocks: Iterable[str], shown: str) -> tuple[bytes, tuple[Case, ...]]:
    """A file of cases with more at its end, its own bytes kept; raises FindingsError where a name is there already."""
    blocks = list(blocks)
    if not blocks:
        return before, ()
    encoding = _encoding(before)
    end = "\r\n" if b"\r\n" in before else "\n"
    text = "\n".join(blocks)
    if before.strip():
        text = ("\n" if before.endswith(b"\n") else "\n\n") + text
    after = before + text.replace("\n", end).encode(encoding)
    try:
        return after, cases_in(after, shown)
    except FindingsError as error:
        twice = [f for f in error.findings if f.code == "L102"]
        if twice:
            raise FindingsError(
                [Finding("L203", Place(shown, int(str(f.values["line"]))), {"name": f.values["name"]}) for f in twice]
            ) from None
        raise


def told_as(result: FigureResult) -> str | None:
    """A figure as a case expects it, with its state; None for a ratio that no decimal can write."""
    value = result.value
    reached = "" if result.reached is None else f", 达标: {'是' if result.reached else '否'}"
    if value.state == "open":
        missing = "、".join(sorted(value.missing)) and f", 还缺: [{', '.join(map(_scalar, sorted(value.missing)))}]"
        return f"{{状态: 未定{missing}{reached}}}"
    if exactly(value.now, result.kind) is not None:
        return None
    text = plain(value.now, result.kind)
    text = ("是" if text else "否") if isinstance(text, bool) else str(text)
    return f"{{值: {_scalar(text)}, 状态: {_WORDS[value.state]}{reached}}}"


def _encoding(before: bytes) -> str:
    try:
        before.decode("utf-8")
    except UnicodeDecodeError:
        return "gb18030"
    return "utf-8"


def _data(data: RawData) -> Iterator[str]:
    for name, cell in data.heads.items():
        if cell.text:
            yield f"{_scalar(name)}: {_scalar(cell.text)}"
    if data.assumptions:
        yield from _flow("假设: ", {name: _scalar(cell.text) for name, cell in data.assumptions.items()}, "  ")
    for table in data.tables:
        if not table.rows:
            yield f"{_scalar(table.name)}: []"
            continue
        yield f"{_scalar(table.name)}:"
        for row in table.rows:
            yield from _flow("  - ", {name: _scalar(c.text) for name, c in row.cells.items() if c.text}, "     ")


def _figures(results: list[FigureResult]) -> Iterator[str]:
    """A row for each unit and period; a figure that two kinds of rows of one name have is left out."""
    rows: dict[tuple[str, str | None, str, str], dict[str, str]] = {}
    seen: dict[tuple[str, str | None, str, str, str], int] = {}
    for result in results:
        row = result.row
        key = (row.unit, row.insurance, "年度" if row.period.grain == "year" else "期", str(row.period))
        seen[*key, result.name] = seen.get((*key, result.name), 0) + 1
        said = told_as(result)
        if said is not None:
            rows.setdefault(key, {})[result.name] = said
    for (unit, insurance, word, period), figures in rows.items():
        once = {n: said for n, said in figures.items() if seen[unit, insurance, word, period, n] == 1}
        if once:
            head = {"单位": _scalar(unit), **({"险种": insurance} if insurance else {}), word: period}
            yield from _flow("- ", {**head, **once}, "   ")


def _flow(start: str, entries: Mapping[str, str], indent: str) -> Iterator[str]:
    """``{a: 1, b: 2}`` over as many lines as it needs."""
    line = start + "{"
    for number, (name, text) in enumerate(entries.items()):
        item = f"{_scalar(name)}: {text}" + ("," if number + 1 < len(entries) else "}")
        if number and width(line + item) > _WIDTH:
            yield line
            line = indent + item
        else:
            line += (" " if number else "") + item
    yield line if entries else start + "{}"


def _scalar(text: str) -> str:
    """A text as YAML reads it back."""
    if _PLAIN.fullmatch(text) and not text.startswith(_SIGNS) and ": " not in text and not text.endswith(":"):
        return text
    if re.fullmatch(r"-[0-9][0-9.,]*%?", text):
        return text
    return json.dumps(text, ensure_ascii=False)
