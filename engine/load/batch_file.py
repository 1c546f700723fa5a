"""A file that lists many runs (settle --batch): entries, each standing for every combination of what it names."""

import re
from collections.abc import Mapping
from pathlib import Path

from engine.load import yaml_text as y
from engine.load.tables import Cell
from engine.load.text import read_beside
from engine.nouns.suggest import nearest
from grammar.diagnostic import Finding, FindingsError, Place, Words
from grammar.frozen import dataclass

_KEYS = {
    "方案": "方案", "scheme": "方案", "数据": "数据", "data": "数据", "年度": "年度", "year": "年度",
    "情景": "情景", "scenario": "情景", "假设": "假设", "assume": "假设",
}  # fmt: skip
_FROM, _TO, _STEP = ("从", "from"), ("到", "to"), ("步长", "step")
NONE = ("无", "none")
_YEARS = re.compile(r"([0-9]{4})(?:\.\.([0-9]{4}))?")


@dataclass(frozen=True, slots=True)
class Span:
    """Every value from one to another by a step."""

    low: Cell
    high: Cell
    step: Cell


@dataclass(frozen=True, slots=True)
class Entry:
    """Schemes, data, scenarios and values of names: every combination is a run; ``years`` None tells all of them."""

    schemes: tuple[Cell, ...]
    data: tuple[Cell, ...]
    scenarios: tuple[Cell, ...]
    values: Mapping[str, tuple[Cell, ...] | Span]
    keys: Mapping[str, Place]
    years: frozenset[int] | None
    place: Place


def read_batch(path: Path, shown: str) -> tuple[Entry, ...]:
    """The entries of a file; raises FindingsError with everything wrong in its shape."""
    tree = y.read_tree(read_beside(path, shown), shown)
    findings: list[Finding] = []
    if not isinstance(tree, y.Sequence) or not tree.items:
        raise FindingsError(
            [_wrong(tree.place, "一个清单，每一项写 方案 和 数据", "a list whose items name `scheme` and `data`")]
        )
    entries = [entry for item in tree.items if (entry := _entry(item, findings)) is not None]
    if findings:
        raise FindingsError(findings)
    return tuple(entries)


def _wrong(place: Place, zh: str, en: str) -> Finding:
    return Finding("L290", place, {"due": Words(zh, en)})


def _entry(item: y.Node, findings: list[Finding]) -> Entry | None:
    if not isinstance(item, y.Mapping):
        findings.append(
            _wrong(item.place, "方案、数据、年度、情景、假设", "`scheme`, `data`, `year`, `scenario`, `assume`")
        )
        return None
    found: dict[str, y.Node] = {}
    before = len(findings)
    for key, node in item.entries.items():
        name = _KEYS.get(key)
        if name is None or name in found:
            findings.append(Finding("L291", item.keys[key], {"name": key, **nearest(key, list(_KEYS))}))
        else:
            found[name] = node
    schemes, data = (_listed(found.get(name), item.place, name, findings) for name in ("方案", "数据"))
    scenarios = _listed(found["情景"], item.place, "情景", findings) if "情景" in found else ()
    values: dict[str, tuple[Cell, ...] | Span] = {}
    keys: dict[str, Place] = {}
    given = found.get("假设")
    if isinstance(given, y.Mapping):
        keys = dict(given.keys)
        for name, node in given.entries.items():
            chosen = _values(node, name, findings)
            if chosen is not None:
                values[name] = chosen
    elif given is not None:
        findings.append(_wrong(given.place, "名称: 值", "`name: value`"))
    years = _years(found.get("年度"), findings)
    if len(findings) > before:
        return None
    return Entry(schemes, data, scenarios, values, keys, years, item.place)


def _listed(node: y.Node | None, place: Place, name: str, findings: list[Finding]) -> tuple[Cell, ...]:
    """One word or a list of them."""
    items = node.items if isinstance(node, y.Sequence) else (node,)
    cells = [Cell(x.text.strip(), x.place) for x in items if isinstance(x, y.Scalar) and x.text.strip()]
    if not items or len(cells) < len(items):
        findings.append(
            _wrong(
                node.place if node is not None else place, f"{name}: 一个名称或几个", f"`{name}`: one name or several"
            )
        )
    return tuple(cells)


def _values(node: y.Node, name: str, findings: list[Finding]) -> tuple[Cell, ...] | Span | None:
    if not isinstance(node, y.Mapping):
        return _listed(node, node.place, name, findings) or None
    ends = [next((node.entries[w] for w in words if w in node.entries), None) for words in (_FROM, _TO, _STEP)]
    cells = [Cell(x.text.strip(), x.place) for x in ends if isinstance(x, y.Scalar) and x.text.strip()]
    if len(cells) < len(ends) or len(node.entries) > len(ends):
        findings.append(_wrong(node.place, "{从: 0%, 到: 100%, 步长: 1%}", "{from: 0%, to: 100%, step: 1%}"))
        return None
    return Span(*cells)


def _years(node: y.Node | None, findings: list[Finding]) -> frozenset[int] | None:
    if node is None:
        return None
    years: set[int] = set()
    items = node.items if isinstance(node, y.Sequence) else (node,)
    for item in items:
        match = _YEARS.fullmatch(item.text.strip()) if isinstance(item, y.Scalar) else None
        if match is None or int(match[2] or match[1]) < int(match[1]):
            findings.append(_wrong(item.place, "2026 或 2025..2027", "2026 or 2025..2027"))
            continue
        years.update(range(int(match[1]), int(match[2] or match[1]) + 1))
    return frozenset(years)
