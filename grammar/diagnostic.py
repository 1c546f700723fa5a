"""A finding is data: a code, a place and the values its wording needs; the words are in catalogue.toml."""

from collections.abc import Iterable, Mapping
from dataclasses import field
from functools import cache
from pathlib import Path
from typing import Literal
from unicodedata import east_asian_width

from grammar.frozen import dataclass
from grammar.source import Span

Language = Literal["zh", "en"]
Severity = Literal["error", "warning", "note"]


@dataclass(frozen=True, slots=True)
class Words:
    """One thing said in both languages, for use inside a finding: ``Words("金额", "money")``."""

    zh: str
    en: str

    def say(self, language: Language) -> str:
        """The words of one language."""
        return self.zh if language == "zh" else self.en


@dataclass(frozen=True, slots=True)
class Place:
    """Where in a data file a finding stands: rows and columns from 1; ``key`` is the column's or key's name."""

    file: str
    line: int | None = None
    column: int | None = None
    sheet: str | None = None
    row: int | None = None
    key: str | None = None


Where = Span | Place | None


@dataclass(frozen=True, slots=True)
class Entry:
    """One code of the catalogue: its severity and its wording in both languages."""

    code: str
    severity: Severity
    zh: str
    en: str
    hint_zh: str
    hint_en: str


@cache
def catalogue() -> Mapping[str, Entry]:
    """Every code with its wording, from catalogue.toml."""
    import tomllib

    raw = tomllib.loads(Path(__file__).with_name("catalogue.toml").read_text(encoding="utf-8"))
    return {
        code: Entry(code, e["severity"], e["zh"], e["en"], e.get("hint_zh", ""), e.get("hint_en", ""))
        for code, e in raw.items()
    }


@dataclass(frozen=True, slots=True)
class Finding:
    """Something the author must know: ``Finding("C101", span, name="总费月")``."""

    code: str
    where: Where = None
    values: Mapping[str, object] = field(default_factory=dict)

    @property
    def severity(self) -> Severity:
        """Whether it stops the work (``error``), asks for a look (``warning``) or informs (``note``)."""
        return catalogue()[self.code].severity

    def message(self, language: Language) -> str:
        """The sentence that says what is wrong."""
        entry = catalogue()[self.code]
        return _filled(entry.zh if language == "zh" else entry.en, self.values, language)

    def hint(self, language: Language) -> str:
        """The sentence that says how to mend it; empty where there is nothing to add."""
        entry = catalogue()[self.code]
        template = entry.hint_zh if language == "zh" else entry.hint_en
        suggestion = self.values.get("suggestion")
        if suggestion:
            return _filled("{suggestion}", self.values, language)
        return _filled(template, self.values, language)

    def as_json(self, language: Language) -> dict[str, object]:
        """The contract's shape of a finding; what is not known is null."""
        span = self.where if isinstance(self.where, Span) else None
        place = self.where if isinstance(self.where, Place) else None
        return {
            "code": self.code,
            "severity": self.severity,
            "message": self.message(language),
            "hint": self.hint(language) or None,
            "file": span.source.name if span else place.file if place else None,
            "line": span.line if span else place.line if place else None,
            "column": span.column if span else place.column if place else None,
            "end_line": span.end_line if span else None,
            "end_column": span.end_column if span else None,
            "sheet": place.sheet if place else None,
            "row": place.row if place else None,
            "key": place.key if place else None,
        }


class FindingsError(Exception):
    """A phase stopped at its door; ``findings`` holds everything it found."""

    def __init__(self, findings: Iterable[Finding]) -> None:
        self.findings = tuple(findings)
        super().__init__(", ".join(f.code for f in self.findings))


def has_errors(findings: Iterable[Finding]) -> bool:
    """Whether any of the findings stops the work."""
    return any(f.severity == "error" for f in findings)


def in_order(findings: Iterable[Finding]) -> list[Finding]:
    """The findings by file, line and column, each told once; of those without a place errors come first, the rest last."""
    unique = {(f.code, f.message("zh"), repr(f.where)): f for f in findings}
    # A warning or note about nothing in particular does not stand before what is wrong.
    late: dict[Severity, int] = {"warning": 1, "note": 2}
    return sorted(unique.values(), key=lambda f: (late.get(f.severity, 0) if f.where is None else 0, *_place_key(f)))


def width(text: str) -> int:
    """Columns a text takes on screen; a Chinese character takes two."""
    return sum(2 if east_asian_width(char) in "WF" else 1 for char in text)


def render(finding: Finding, language: Language) -> str:
    """The finding as printed in a terminal: title, place, the line with a caret under the fault, and the hint."""
    word = _SEVERITY_WORDS[finding.severity].say(language)
    colon = "：" if language == "zh" else ": "
    lines = [f"{word}[{finding.code}]{colon}{finding.message(language)}"]
    match finding.where:
        case Span(source=source, line=line, column=column):
            lines.append(f" --> {source.name}:{line}:{column}")
            lines.extend(_excerpt(finding.where))
        case Place() as place:
            lines.append(f" --> {place_words(place, language)}")
        case None:
            pass
    if hint := finding.hint(language):
        lines.append(f"{'提示：' if language == 'zh' else 'hint: '}{hint}")
    return "\n".join(lines)


def place_words(place: Where, language: Language) -> str:
    """A place in words: ``数据.yaml:3:5 · 名称``, ``数据.xlsx 医共体!C5``."""
    if isinstance(place, Span):
        return f"{place.source.name}:{place.line}:{place.column}"
    if place is None:
        return ""
    in_workbook = place.sheet is not None and place.line is None
    parts = [place.file if place.line is None else f"{place.file}:{place.line}:{place.column or 1}"]
    if in_workbook:
        parts = [f"{place.file} {_cell_words(place)}"]
    elif place.sheet is not None:
        parts.append(place.sheet)
    if place.row is not None and not in_workbook:
        parts.append(f"第 {place.row} 行" if language == "zh" else f"row {place.row}")
    if place.key is not None:
        parts.append(place.key)
    return (" · ").join(parts)


_SEVERITY_WORDS: Mapping[Severity, Words] = {
    "error": Words("错误", "error"),
    "warning": Words("警告", "warning"),
    "note": Words("说明", "note"),
}


class _Slots(dict[str, str]):
    """Values for a wording; a slot without a value stays visible instead of raising."""

    def __missing__(self, key: str) -> str:
        return "{" + key + "}"


def _filled(template: str, values: Mapping[str, object], language: Language) -> str:
    said = {k: v.say(language) if isinstance(v, Words) else str(v) for k, v in values.items()}
    return template.format_map(_Slots(said))


def _place_key(finding: Finding) -> tuple[str, int, int, str]:
    match finding.where:
        case Span(source=source, line=line, column=column):
            return (source.name, line, column, finding.code)
        case Place(file=file, line=line_, column=column_, sheet=sheet, row=row):
            return (file if line_ or not sheet else f"{file}\0{sheet}", line_ or row or 0, column_ or 0, finding.code)
        case _:
            return ("", 0, 0, finding.code)


def _cell_words(place: Place) -> str:
    """A place in a workbook as Excel writes it: ``医共体!C5``."""
    letters, rest = "", place.column or 0
    while rest:
        rest, letter = divmod(rest - 1, 26)
        letters = chr(ord("A") + letter) + letters
    row = "" if place.row is None else str(place.row)
    cell = letters + row if letters else f"{row}:{row}" if row else ""
    return f"{place.sheet}!{cell}" if cell else str(place.sheet)


def _excerpt(span: Span) -> list[str]:
    """The source line and a caret line; long lines are cut around the fault."""
    if not 1 <= span.line <= len(span.source.lines):
        return []
    text = span.source.lines[span.line - 1].replace("\t", "    ")
    before = span.source.lines[span.line - 1][: span.column - 1].replace("\t", "    ")
    last = span.end_column - 1 if span.end_line == span.line else len(span.source.lines[span.line - 1])
    fault = span.source.lines[span.line - 1][span.column - 1 : last]
    start = max(0, len(before) - _CONTEXT)
    shown = ("…" if start else "") + text[start : len(before) + len(fault) + _CONTEXT]
    lead = width(("…" if start else "") + before[start:])
    gutter = str(span.line)
    caret = "^" * max(1, min(width(fault), width(shown) - lead))
    return [f"{gutter} | {shown}", f"{' ' * len(gutter)} | {' ' * lead}{caret}"]


_CONTEXT = 60
