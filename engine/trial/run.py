"""Running the worked cases beside a policy and holding them against the figures a person worked out."""

from collections.abc import Iterator
from fractions import Fraction

from engine.api import Policy, bind_data
from engine.interpret.interpret import interpret
from engine.interpret.report import report
from engine.load.cases import Case, Expected, ExpectedRow
from engine.load.cases_book import worked_cases
from engine.load.values import Wrong, parse_value
from engine.nouns import kinds as k
from engine.nouns.dataset import Dataset
from engine.nouns.numbers import Number, exact
from engine.nouns.pipeline import Allocate
from engine.nouns.possible import Scalar, is_point
from engine.nouns.printed import spoken
from engine.nouns.settlement import FigureResult, Settlement
from engine.nouns.world import Run
from engine.trial.coverage import Coverer
from engine.trial.results import CaseResult, Miss, Trial
from grammar.diagnostic import FindingsError
from grammar.frozen import dataclass

_STATES = {"明确": "stated", "假设": "assumed", "未定": "open"}
_WORDS = {"stated": "明确", "assumed": "假设", "open": "未定"}


@dataclass(frozen=True, slots=True)
class Bound:
    """A case with its data bound to the scheme; ``findings`` where the data is wrong."""

    case: Case
    dataset: Dataset | None
    findings: FindingsError | None


def cases_of(policy: Policy) -> tuple[Case, ...]:
    """Every case beside a policy, those nobody has confirmed among them; raises FindingsError for a wrong file."""
    return worked_cases(policy.loaded.folder, policy.loaded.name)


def try_cases(policy: Policy) -> Trial:
    """Run every case of a policy; raises FindingsError where the file of cases itself is wrong."""
    return covered(policy)[0]


def covered(policy: Policy) -> tuple[Trial, Coverer]:
    """The same, with what the cases touched point by point."""
    coverer = Coverer(policy)
    results: list[CaseResult] = []
    cases = cases_of(policy)
    for case in cases:
        if case.pending:
            continue
        result, run = judged(policy, bound(policy, case), noting=True)
        results.append(result)
        if run is not None and result.passed:
            assert result.settlement is not None
            coverer.add(run, result.settlement)
    return Trial(tuple(results), tuple(case for case in cases if case.pending), coverer.coverage()), coverer


def bound(policy: Policy, case: Case) -> Bound:
    """A case with its data bound."""
    try:
        return Bound(case, bind_data(policy, case.data), None)
    except FindingsError as error:
        return Bound(case, None, error)


def judged(policy: Policy, bound_: Bound, *, noting: bool = False) -> tuple[CaseResult, Run | None]:
    """What came of a case, and the run where there was one."""
    case = bound_.case
    try:
        if bound_.dataset is None:
            assert bound_.findings is not None
            raise bound_.findings
        run = interpret(policy.pipeline, bound_.dataset, noting=noting)
    except FindingsError as error:
        codes = {finding.code for finding in error.findings if finding.severity == "error"}
        expected = codes == set(case.findings)
        return CaseResult(case, (), () if expected else error.findings), None
    settlement = report(run, bound_.dataset)
    misses = [miss for row in case.rows for miss in _missed(settlement, row)]
    misses += [Miss("", "发现", code, "没有报出") for code in case.findings]
    return CaseResult(case, tuple(misses), (), settlement), run


def _missed(settlement: Settlement, row: ExpectedRow) -> Iterator[Miss]:
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
        about = (row.insurance, row.period)
        if name not in known:
            # Else a misspelt name with 无 would pass for ever.
            yield Miss(row.unit, expected.name, _wanted(expected), "方案里没有这个数", *about)
            continue
        found = [r for r in mine if r.name == name]
        if _as_expected(expected, found):
            continue
        if len(found) != 1:
            yield Miss(row.unit, expected.name, _wanted(expected), "无" if not found else "不止一个", *about)
            continue
        result = found[0]
        yield Miss(
            row.unit,
            expected.name,
            _wanted(expected, result),
            told(result),
            *about,
            difference=_difference(expected, result),
            clauses=result.citations,
            rule=rule_of(result),
        )


def rule_of(result: FigureResult) -> str:
    """Where the rule of a figure stands, or the exception that decided it: ``gaotai/rules.policy:163``."""
    step = result.step
    if isinstance(step, Allocate):
        span = step.allocation.span
    else:
        decided = result.row.decided.get(result.name, ())
        span = step.exceptions[decided[0]].span if decided else step.figure.span
    return f"{span.source.name}:{span.line}"


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
    value = _value(expected, result)
    return not isinstance(value, Wrong) and is_point(result.value.now) and result.value.now == value


def _value(expected: Expected, result: FigureResult) -> Scalar | Wrong:
    return parse_value(expected.value or "", k.SIGNED if result.kind.is_money else result.kind)


def _difference(expected: Expected, result: FigureResult) -> Number | None:
    """What came out less what was expected, where both are amounts."""
    value, now = _value(expected, result), result.value.now
    if not result.kind.is_money or not isinstance(value, int | Fraction) or not isinstance(now, int | Fraction):
        return None
    return exact(Fraction(now) - Fraction(value))


def told(result: FigureResult) -> str:
    """A figure as a person reads it, with its state."""
    value = result.value
    if value.state == "open":
        return f"未定（还缺 {'、'.join(sorted(value.missing))}）"
    reached = {True: "，达标", False: "，未达标", None: ""}[result.reached]
    return f"{spoken(value.now, result.kind)}（{_WORDS[value.state]}{reached}）"


def _wanted(expected: Expected, result: FigureResult | None = None) -> str:
    """What was expected, read as the figure it was expected of."""
    value = _value(expected, result) if result is not None and expected.value else None
    if value is None or isinstance(value, Wrong) or result is None:
        text = expected.value or ""
    else:
        text = spoken(value, result.kind)
    state = f"（{expected.state}）" if expected.state else ""
    missing = f"（还缺 {'、'.join(expected.missing)}）" if expected.missing else ""
    return f"{text}{state}{missing}"
