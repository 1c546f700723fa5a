"""Worked cases beside a policy: data, and the figures a person worked out for it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Literal, TypeGuard

from engine.load import yaml_text as y
from engine.load.tables import RawData
from engine.load.text import read_beside, read_text
from engine.load.yaml_data import data_in
from engine.load.yaml_text import read_tree
from grammar.diagnostic import Finding, FindingsError, Place
from grammar.frozen import dataclass

CASES = "cases.yaml"
State = Literal["明确", "假设", "未定"]
_KEYS = frozenset({"案例", "依据", "算法", "数据", "结果", "待核", "核对人", "发现"})
_ROW_KEYS = frozenset({"单位", "险种", "年度", "期"})


@dataclass(frozen=True, slots=True)
class Expected:
    """What a figure must be: a value as text, ``未定`` (open), ``无`` (absent), a state, what it waits for."""

    name: str
    value: str | None
    state: State | None
    missing: tuple[str, ...]
    reached: bool | None
    place: Place


@dataclass(frozen=True, slots=True)
class ExpectedRow:
    """The expected figures of one unit in one period."""

    unit: str
    insurance: str | None
    period: str
    figures: tuple[Expected, ...]
    place: Place


@dataclass(frozen=True, slots=True)
class Case:
    """A worked case: its name is a sentence, ``working`` shows how the figures were worked out by hand.

    ``pending`` where its figures (待核) are the engine's own and nobody has worked them out yet: no case to go by.
    """

    name: str
    clause: str
    working: str
    data: RawData
    rows: tuple[ExpectedRow, ...]
    findings: tuple[str, ...]
    place: Place
    pending: bool = False
    confirmed_by: str = ""


def read_cases(path: Path, shown: str) -> tuple[Case, ...]:
    """The cases of a file; raises FindingsError where its shape is wrong."""
    return _cases(read_tree(read_beside(path, shown), shown), shown)


def cases_in(content: bytes, shown: str) -> tuple[Case, ...]:
    """The cases that the bytes of a file hold; raises FindingsError where their shape is wrong."""
    return _cases(read_tree(read_text(content, shown), shown), shown)


def _cases(tree: y.Node, shown: str) -> tuple[Case, ...]:
    findings: list[Finding] = []
    if not isinstance(tree, y.Sequence):
        raise FindingsError([Finding("L101", tree.place)])
    cases = [case for item in tree.items if (case := _case(item, shown, findings)) is not None]
    names: dict[str, Place] = {}
    for case in cases:
        if case.name in names:
            findings.append(Finding("L102", case.place, {"name": case.name, "line": names[case.name].line}))
        names.setdefault(case.name, case.place)
    if findings:
        raise FindingsError(findings)
    return tuple(cases)


def _case(item: y.Node, shown: str, findings: list[Finding]) -> Case | None:
    if not isinstance(item, y.Mapping):
        findings.append(Finding("L103", item.place))
        return None
    for key in item.entries:
        if key not in _KEYS:
            findings.append(Finding("L104", item.keys[key], {"name": key, "known": "、".join(sorted(_KEYS))}))
    name, data = _text(item, "案例"), item.entries.get("数据")
    if not name or data is None:
        findings.append(Finding("L105", item.place))
        return None
    pending = "待核" in item.entries
    if pending and "结果" in item.entries:
        findings.append(Finding("L202", item.keys["待核"], {"name": name}))
        return None
    rows = item.entries.get("待核" if pending else "结果")
    codes = item.entries.get("发现")
    # A case that expects nothing would pass whatever comes of it.
    if not (_filled(rows) or _filled(codes)) or any(x is not None and not _filled(x) for x in (rows, codes)):
        findings.append(Finding("L106", item.place, {"name": name}))
        return None
    try:
        raw = data_in(data, shown)
    except FindingsError as error:
        findings.extend(error.findings)
        return None
    expected = [_row(row, findings) for row in rows.items] if _filled(rows) else []
    return Case(
        name,
        _text(item, "依据"),
        _text(item, "算法"),
        raw,
        tuple(row for row in expected if row is not None),
        tuple(x.text for x in codes.items if isinstance(x, y.Scalar)) if _filled(codes) else (),
        item.place,
        pending,
        _text(item, "核对人"),
    )


def _filled(node: y.Node | None) -> TypeGuard[y.Sequence]:
    return isinstance(node, y.Sequence) and bool(node.items)


def _text(item: y.Mapping, key: str) -> str:
    node = item.entries.get(key)
    return node.text.strip() if isinstance(node, y.Scalar) else ""


def _row(item: y.Node, findings: list[Finding]) -> ExpectedRow | None:
    if not isinstance(item, y.Mapping):
        findings.append(Finding("L107", item.place))
        return None
    unit, period = _text(item, "单位"), _text(item, "期") or _text(item, "年度")
    if not unit or not period:
        findings.append(Finding("L107", item.place))
        return None
    figures = tuple(
        _expected(name, node, item.keys[name], findings) for name, node in item.entries.items() if name not in _ROW_KEYS
    )
    if not figures:
        findings.append(Finding("L107", item.place))
    return ExpectedRow(unit, _text(item, "险种") or None, period, figures, item.place)


def _expected(name: str, node: y.Node, place: Place, findings: list[Finding]) -> Expected:
    match node:
        case y.Scalar(text=text):
            return Expected(name, text.strip(), None, (), None, place)
        case y.Mapping(entries=entries):
            state = _text(node, "状态")
            missing = entries.get("还缺")
            reached = _text(node, "达标")
            if (
                not entries
                or not (missing is None or _filled(missing))
                or set(entries) - {"值", "状态", "还缺", "达标"}
                or state not in {"", "明确", "假设", "未定"}
                or reached not in {"", "是", "否"}
            ):
                findings.append(Finding("L108", place, {"name": name}))
            names = tuple(x.text for x in missing.items if isinstance(x, y.Scalar)) if _filled(missing) else ()
            met = {"是": True, "否": False}.get(reached)
            return Expected(name, _text(node, "值") or None, _STATES.get(state), names, met, place)
        case _:
            findings.append(Finding("L108", place, {"name": name}))
            return Expected(name, None, None, (), None, place)


_STATES: Mapping[str, State] = {"明确": "明确", "假设": "假设", "未定": "未定"}
