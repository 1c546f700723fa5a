"""What ``xiance test --against`` tells: each figure that moved, by how much, and how much money moved in all."""

from fractions import Fraction
from typing import Any

from engine.doors.case_form import difference_text
from engine.nouns.numbers import exact, money_text
from engine.trial.moved import Move, Moves
from engine.trial.run import rule_of, told
from grammar.diagnostic import Language

_MOST = 200


def moved_text(name: str, moves: Moves, language: Language) -> str:
    """The figures that moved, case by case, then the money by figure."""
    zh = language == "zh"
    lines: list[str] = []
    case = None
    for move in moves.moves[:_MOST]:
        if move.case != case:
            case = move.case
            lines.append(case)
        lines.append(f"    {_line(move, language)}")
    if len(moves.moves) > _MOST:
        more = len(moves.moves) - _MOST
        lines.append(f"    另有 {more} 个数变了" if zh else f"    {more} more figures moved")
    count = len(moves.moves)
    if zh:
        lines.append(
            f"{name}：案例和示例 {moves.cases} 份，变了的数 {count} 个" + ("；金额合计" if _sums(moves) else "")
        )
    else:
        lines.append(
            f"{name}: {moves.cases} cases and samples, {count} figures moved"
            + ("; money in all" if _sums(moves) else "")
        )
    for figure, (total, units) in _sums(moves).items():
        told_ = difference_text(total, language) if total else ("增减相抵" if zh else "nothing on balance")
        lines.append(f"  {figure}：{told_}（{units} 处）" if zh else f"  {figure}: {told_} ({units} places)")
    return "\n".join(lines) + "\n"


def moved_json(name: str, moves: Moves) -> dict[str, Any]:
    """The same for programs."""
    return {
        "policy": name,
        "failed": 0,
        "cases": moves.cases,
        "moved": [
            {
                "case": m.case,
                "unit": m.result.row.unit,
                "insurance": m.result.row.insurance,
                "period": str(m.result.row.period),
                "figure": m.result.name,
                "id": m.result.id,
                "before": told(m.before) if m.before else None,
                "after": told(m.after) if m.after else None,
                "difference": money_text(m.difference) if m.difference is not None else None,
                "citations": list(m.result.citations),
                "rule": rule_of(m.result),
            }
            for m in moves.moves
        ],
    }


def _line(move: Move, language: Language) -> str:
    zh = language == "zh"
    row = move.result.row
    who = " ".join(x for x in (row.unit, row.insurance, str(row.period), move.result.name) if x)
    none = "无" if zh else "none"
    before, after = (told(r) if r is not None else none for r in (move.before, move.after))
    said = f"{who}：{before} → {after}"
    if move.difference is not None:
        said += f"，{difference_text(move.difference, language)}"
    return f"{said}；〔{'、'.join(move.result.citations)}〕{rule_of(move.result)}"


def _sums(moves: Moves) -> "dict[str, tuple[int | Fraction, int]]":
    """The differences in money by figure, and over how many rows."""
    sums: dict[str, tuple[int | Fraction, int]] = {}
    for move in moves.moves:
        if move.difference:
            total, count = sums.get(move.result.name, (0, 0))
            sums[move.result.name] = (exact(Fraction(total) + move.difference), count + 1)
    return sums
