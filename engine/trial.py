"""Trial: the worked cases beside a policy, run and held against the figures a person worked out."""

from collections.abc import Iterable

from engine.api import Policy, bind_data, settle
from engine.load.cases import Case, Expected, ExpectedRow
from engine.load.cases_book import worked_cases
from engine.load.values import Wrong, parse_value
from engine.nouns import kinds as k
from engine.nouns.pipeline import Derive, Pipeline
from engine.nouns.possible import is_point
from engine.nouns.printed import spoken
from engine.nouns.settlement import FigureResult, Settlement
from engine.nouns.value import Value
from grammar.diagnostic import Finding, FindingsError
from grammar.frozen import dataclass

_STATES = {"明确": "stated", "假设": "assumed", "未定": "open"}
_WORDS = {"stated": "明确", "assumed": "假设", "open": "未定"}


@dataclass(frozen=True, slots=True)
class Miss:
    """A figure that came out otherwise than expected; both as a person reads them."""

    unit: str
    figure: str
    expected: str
    got: str


@dataclass(frozen=True, slots=True)
class CaseResult:
    """What came of a case: what was missed, or the findings that stopped it though none were expected."""

    case: Case
    misses: tuple[Miss, ...]
    findings: tuple[Finding, ...]

    @property
    def passed(self) -> bool:
        """Whether everything came out as expected."""
        return not self.misses and not self.findings


@dataclass(frozen=True, slots=True)
class RuleCoverage:
    """Which rules and which of their exceptions at least one case made decide."""

    rules: int
    rules_hit: int
    branches: int
    branches_hit: int
    unhit: tuple[str, ...]


def try_cases(policy: Policy) -> tuple[tuple[CaseResult, ...], RuleCoverage]:
    """Run every case of a policy; raises FindingsError where the file of cases itself is wrong."""
    cases = worked_cases(policy.loaded.folder, policy.loaded.name)
    if not cases:
        return (), RuleCoverage(0, 0, 0, 0, ())
    results: list[CaseResult] = []
    settlements: list[Settlement] = []
    for case in cases:
        try:
            settlement = settle(policy, bind_data(policy, case.data))
        except FindingsError as error:
            codes = {finding.code for finding in error.findings if finding.severity == "error"}
            expected = codes == set(case.findings)
            results.append(CaseResult(case, (), () if expected else error.findings))
            continue
        settlements.append(settlement)
        misses = [miss for row in case.rows for miss in _missed(settlement, row)]
        misses += [Miss("", "发现", code, "没有报出") for code in case.findings]
        results.append(CaseResult(case, tuple(misses), ()))
    return tuple(results), _coverage(policy.pipeline(), settlements)


def _missed(settlement: Settlement, row: ExpectedRow) -> Iterable[Miss]:
    mine = [
        r
        for r in settlement.figures
        if r.row.unit == row.unit
        and str(r.row.period) == row.period
        and (row.insurance is None or r.row.insurance == row.insurance)
    ]
    scheme = settlement.scheme
    known: set[str | None] = {name for _, name in (*scheme.figures, *scheme.labels.ids)}
    known |= {name for a in scheme.allocations for name in (a.part, a.left)}
    for expected in row.figures:
        name = _name(settlement, expected.name)
        if name not in known:
            # Else a misspelt name with 无 would pass for ever.
            yield Miss(row.unit, expected.name, _wanted(expected), "方案里没有这个数")
            continue
        found = [r for r in mine if r.name == name]
        got = _told(found[0]) if len(found) == 1 else ("无" if not found else "不止一个")
        if not _as_expected(expected, found):
            yield Miss(row.unit, expected.name, _wanted(expected), got)


def _name(settlement: Settlement, word: str) -> str:
    called = {w: n for n, words in settlement.scheme.labels.called.items() for w in words}
    return called.get(word, word)


def _as_expected(expected: Expected, found: list[FigureResult]) -> bool:
    if expected.value == "无" and expected.state is None:
        return not found
    if len(found) != 1:
        return False
    result = found[0]
    if expected.reached is not None and result.reached is not expected.reached:
        return False
    if expected.value is None and expected.state is None:
        return True
    state = expected.state or ("未定" if expected.value == "未定" else None)
    if state is not None and result.value.state != _STATES[state]:
        return False
    if expected.missing and not set(expected.missing) <= result.value.missing:
        return False
    if state == "未定":
        return True
    kind = k.SIGNED if result.kind.is_money else result.kind
    value = parse_value(expected.value or "", kind)
    return not isinstance(value, Wrong) and is_point(result.value.now) and result.value.now == value


def _told(result: FigureResult) -> str:
    value = result.value
    if value.state == "open":
        return f"未定（还缺 {'、'.join(sorted(value.missing))}）"
    reached = {True: "，达标", False: "，未达标", None: ""}[result.reached]
    return f"{spoken(value.now, result.kind)}（{_WORDS[value.state]}{reached}）"


def _wanted(expected: Expected) -> str:
    state = f"（{expected.state}）" if expected.state else ""
    missing = f"（还缺 {'、'.join(expected.missing)}）" if expected.missing else ""
    return f"{expected.value or ''}{state}{missing}"


def _coverage(pipeline: Pipeline, settlements: list[Settlement]) -> RuleCoverage:
    """A rule is hit where it gave a known figure, a branch where it decided one."""
    steps = [s for s in pipeline.steps if isinstance(s, Derive) and s.figure.sort != "met"]
    known: set[tuple[str, str]] = set()
    decided: set[tuple[str, str, int]] = set()
    for settlement in settlements:
        for year in _years(settlement):
            for table, rows in year.items():
                for row_columns, row_decided in rows:
                    known |= {(table, name) for name, value in row_columns.items() if is_point(value.now)}
                    decided |= {(table, name, i) for name, hits in row_decided.items() for i in hits}
    rules = [(s.table, s.column) for s in steps]
    branches = [(s.table, s.column, i) for s in steps for i in range(len(s.exceptions))]
    unhit = [f"{t}.{n}" for t, n in rules if (t, n) not in known]
    unhit += [f"{t}.{n} 除非（{i + 1}）" for t, n, i in branches if (t, n, i) not in decided]
    return RuleCoverage(
        len(rules), sum(r in known for r in rules), len(branches), sum(b in decided for b in branches), tuple(unhit)
    )


_Rows = dict[str, list[tuple[dict[str, Value], dict[str, tuple[int, ...]]]]]


def _years(settlement: Settlement) -> list[_Rows]:
    rows: _Rows = {}
    seen: set[int] = set()
    for result in settlement.figures:
        row = result.row
        if id(row) not in seen:
            seen.add(id(row))
            rows.setdefault(row.table, []).append((row.columns, row.decided))
    return [rows]
