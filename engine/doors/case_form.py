"""What ``xiance test`` tells: each case that missed and by how much, then what no case has touched."""

from collections.abc import Iterator, Mapping
from typing import Any

from engine.nouns.numbers import Number, grouped, money_text
from engine.trial.results import CaseResult, Measure, Miss, Trial
from grammar.diagnostic import Language, Words, render

MEASURES: Mapping[str, Words] = {
    "rules": Words("规则", "rules"),
    "exceptions": Words("例外", "exceptions"),
    "branches": Words("分支", "branches"),
    "clauses": Words("条款", "clauses"),
    "boundaries": Words("边界", "boundaries"),
}


def cases_text(name: str, trial: Trial, language: Language) -> str:
    """The failed cases in full, the counts, the cases to be confirmed, and what is touched by none."""
    zh = language == "zh"
    lines = [line for result in trial.results if not result.passed for line in _failed(result, language)]
    passed = sum(result.passed for result in trial.results)
    count, failed = len(trial.results), len(trial.results) - passed
    measures = {key: (words, getattr(trial.coverage, key)) for key, words in MEASURES.items()}
    counts = [f"{words.say(language)} {m.touched}/{m.total}" for words, m in measures.values()]
    if zh:
        lines.append(f"{name}：案例 {count} 个，通过 {passed} 个，未通过 {failed} 个；{'，'.join(counts)}")
    else:
        lines.append(f"{name}: {count} cases, {passed} passed, {failed} failed; {', '.join(counts)}")
    if trial.unconfirmed:
        lines.append(
            f"  待核的案例 {len(trial.unconfirmed)} 个，不计在内；由人算过，把“待核”改成“结果”："
            if zh
            else f"  {len(trial.unconfirmed)} cases to be confirmed, not counted; work them out, then turn 待核 into 结果:"
        )
        lines += [f"    {case.place.file}:{case.place.line} {case.name}" for case in trial.unconfirmed]
    for key, (words, measure) in measures.items():
        if key != "exceptions":
            lines += _missing(words, measure, language)
    return "\n".join(lines) + "\n"


def cases_json(name: str, trial: Trial, language: Language) -> dict[str, Any]:
    """The same for programs."""
    failed = [result for result in trial.results if not result.passed]
    return {
        "policy": name,
        "cases": len(trial.results),
        "passed": len(trial.results) - len(failed),
        "failed": len(failed),
        "misses": [_case_json(result, language) for result in failed],
        "unconfirmed": [
            {"case": case.name, "file": case.place.file, "line": case.place.line} for case in trial.unconfirmed
        ],
        "coverage": {key: _measure_json(getattr(trial.coverage, key), language) for key in MEASURES},
    }


def difference_text(difference: Number, language: Language) -> str:
    """A difference in money with its sign: ``多 600,000.00 元``."""
    amount = grouped(money_text(-difference if difference < 0 else difference))
    if language == "zh":
        return f"{'多' if difference > 0 else '少'} {amount} 元"
    return f"{amount} 元 {'more' if difference > 0 else 'less'}"


def _failed(result: CaseResult, language: Language) -> Iterator[str]:
    zh = language == "zh"
    place = result.case.place
    yield f"{'未通过' if zh else 'failed'}：{result.case.name}〔{result.case.clause}〕 {place.file}:{place.line or place.row}"
    for finding in result.findings:
        yield render(finding, language)
    for miss in result.misses:
        yield f"    {_miss(miss, language)}"


def _miss(miss: Miss, language: Language) -> str:
    zh = language == "zh"
    wanted, got = ("应为", "得到") if zh else ("expected", "got")
    who = " ".join(x for x in (miss.unit, miss.insurance, miss.period, miss.figure) if x)
    said = f"{who}：{wanted} {miss.expected}，{got} {miss.got}"
    if miss.difference is not None:
        said += f"，{difference_text(miss.difference, language)}"
    if miss.rule is not None:
        said += f"；〔{'、'.join(miss.clauses)}〕{miss.rule}"
    return said


def _missing(words: Words, measure: Measure, language: Language) -> Iterator[str]:
    if not measure.missing:
        return
    said = words.say(language)
    yield f"  还没有案例用到的{said}：" if language == "zh" else f"  {said} touched by no case:"
    for missing in measure.missing:
        yield f"    {missing.file}:{missing.line} {missing.what.say(language)}"


def _case_json(result: CaseResult, language: Language) -> dict[str, Any]:
    return {
        "case": result.case.name,
        "file": result.case.place.file,
        "line": result.case.place.line,
        "findings": [finding.as_json(language) for finding in result.findings],
        "figures": [
            {
                "unit": miss.unit,
                "insurance": miss.insurance,
                "period": miss.period,
                "figure": miss.figure,
                "expected": miss.expected,
                "got": miss.got,
                "difference": money_text(miss.difference) if miss.difference is not None else None,
                "citations": list(miss.clauses),
                "rule": miss.rule,
            }
            for miss in result.misses
        ],
    }


def _measure_json(measure: Measure, language: Language) -> dict[str, Any]:
    return {
        "total": measure.total,
        "touched": measure.touched,
        "percent": measure.percent,
        "missing": [{"what": m.what.say(language), "file": m.file, "line": m.line} for m in measure.missing],
    }
