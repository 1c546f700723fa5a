"""What ``xiance test`` tells: each case that missed, then a line a policy with what no case has tried."""

from collections.abc import Sequence

from engine.trial import CaseResult, RuleCoverage
from grammar.diagnostic import Language, render


def cases_text(name: str, results: Sequence[CaseResult], coverage: RuleCoverage, language: Language) -> str:
    """The failed cases in full, then the counts."""
    zh = language == "zh"
    lines: list[str] = []
    for result in results:
        if result.passed:
            continue
        place = result.case.place
        lines.append(
            f"{'未通过' if zh else 'failed'}：{result.case.name}〔{result.case.clause}〕 {place.file}:{place.line or place.row}"
        )
        lines.extend(render(finding, language) for finding in result.findings)
        for miss in result.misses:
            wanted, got = ("应为", "得到") if zh else ("expected", "got")
            lines.append(f"    {miss.unit} {miss.figure}：{wanted} {miss.expected}，{got} {miss.got}")
    passed = sum(result.passed for result in results)
    failed = len(results) - passed
    if zh:
        lines.append(
            f"{name}：案例 {len(results)} 个，通过 {passed} 个，未通过 {failed} 个；"
            f"规则 {coverage.rules_hit}/{coverage.rules}，例外 {coverage.branches_hit}/{coverage.branches}"
        )
    else:
        lines.append(
            f"{name}: {len(results)} cases, {passed} passed, {failed} failed; "
            f"rules {coverage.rules_hit}/{coverage.rules}, exceptions {coverage.branches_hit}/{coverage.branches}"
        )
    if coverage.unhit:
        lines.append(("  还没有案例用到：" if zh else "  tried by no case: ") + "、".join(coverage.unhit))
    return "\n".join(lines) + "\n"
