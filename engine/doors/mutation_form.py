"""What ``xiance test --mutate`` tells: the changes no case noticed, why where it is written down, and the counts."""

from collections.abc import Iterator
from typing import Any

from engine.trial.edits import KINDS
from engine.trial.mutants import Mutant
from engine.trial.survivors import Held
from grammar.diagnostic import Language


def mutation_text(name: str, held: Held, language: Language) -> str:
    """Each change that was not noticed, then a line with the counts; nothing where none was tried."""
    if not held.tried:
        return ""
    zh = language == "zh"
    lines: list[str] = []
    for mutant in held.survivors:
        if mutant.name not in held.reasons:
            lines += _survivor(mutant, language)
    explained = [m for m in held.survivors if m.name in held.reasons]
    if explained:
        lines.append("没有案例发现、已说明理由的改动：" if zh else "not noticed, with a reason given:")
        lines += [f"  {_place(m)} {m.name}：{held.reasons[m.name].reason}" for m in explained]
    left = len(held.survivors) - len(explained)
    if zh:
        lines.append(
            f"{name}：改动规则 {held.tried} 处，案例发现 {held.noticed} 处（{held.percent}%），"
            f"没有发现、已说明 {len(explained)} 处，没有说明 {left} 处"
        )
    else:
        lines.append(
            f"{name}: {held.tried} changes, {held.noticed} noticed ({held.percent} %), "
            f"{len(explained)} not noticed and explained, {left} not explained"
        )
    return "\n".join(lines) + "\n"


def mutation_json(name: str, held: Held, language: Language) -> dict[str, Any]:
    """The same for programs, with the case that noticed each change."""
    return {
        "policy": name,
        "failed": 0,
        "tried": held.tried,
        "noticed": held.noticed,
        "percent": held.percent,
        "changes": [
            {
                "name": v.mutant.name,
                "kind": KINDS[v.mutant.kind].say(language),
                "file": v.mutant.span.source.name,
                "line": v.mutant.span.line,
                "before": list(v.mutant.lines(language)[0]),
                "after": list(v.mutant.lines(language)[1]),
                "noticed_by": v.noticed_by,
                "reason": held.reasons[v.mutant.name].reason if v.mutant.name in held.reasons else None,
            }
            for v in held.verdicts
        ],
    }


def _survivor(mutant: Mutant, language: Language) -> Iterator[str]:
    zh = language == "zh"
    before, after = mutant.lines(language)
    kind = KINDS[mutant.kind].say(language)
    yield f"{'没有案例发现' if zh else 'not noticed'}：{mutant.name}{'' if zh else f' ({kind})'} {_place(mutant)}"
    yield from (f"    {'原来' if zh else 'was'} {line}" for line in before)
    yield from (
        f"    {'改成' if zh else 'now'} {line}" for line in after or (("（没有这一行）" if zh else "(no such line)"),)
    )


def _place(mutant: Mutant) -> str:
    return f"{mutant.span.source.name}:{mutant.span.line}"
