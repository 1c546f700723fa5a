"""Two versions of a policy as text, Markdown and JSON: what changed by topic, clauses, and the figures that moved."""

from collections.abc import Iterator
from fractions import Fraction
from itertools import groupby
from typing import Any

from engine.compare.changes import Change, Side
from engine.compare.point import ASPECTS
from engine.doors.case_form import difference_text
from engine.doors.explain_form import escaped
from engine.explain.reason import reason
from engine.interpret.trace import tracer
from engine.load.source import Clause
from engine.nouns.numbers import Number, exact, money_text
from engine.nouns.printed import plain, spoken
from engine.nouns.settlement import FigureResult
from engine.trial.between import Share, Turn, key_of
from engine.trial.moved import Move, Moves
from engine.trial.run import rule_of
from engine.trial.versions import ClauseChange, Versions
from grammar.diagnostic import Language, Words

_MOST = 400
_KINDS = {"added": Words("新增", "added"), "removed": Words("删去", "removed"), "changed": Words("改了", "changed")}
_STATES = {
    "stated": Words("明确", "stated"), "assumed": Words("假设", "assumed"), "open": Words("未定", "open"),
}  # fmt: skip


def versions_text(told: Versions, titles: tuple[str, str], moves: Moves | None, language: Language) -> str:
    """What changed, for a terminal."""
    return "\n".join(text for _, text in _lines(told, titles, moves, language)) + "\n"


def versions_markdown(told: Versions, titles: tuple[str, str], moves: Moves | None, language: Language) -> str:
    """The same as Markdown."""
    marks = {"title": "# ", "topic": "\n## ", "change": "\n- ", "side": "  - ", "blank": "", "line": "- "}
    lines = [
        f"{marks[sort]}{escaped(text.strip(' 【】'))}" for sort, text in _lines(told, titles, moves, language) if text
    ]
    return "\n".join(lines) + "\n"


def versions_json(told: Versions, titles: tuple[str, str], moves: Moves | None, language: Language) -> dict[str, Any]:
    """The same for programs."""
    form: dict[str, Any] = {
        "old": {"scheme": told.old.scheme().id, "version": titles[0]},
        "new": {"scheme": told.new.scheme().id, "version": titles[1]},
        "changes": [_change_json(change, language) for change in told.changes],
        "clauses": [
            {
                "clause": x.locator,
                "kind": _kind(x),
                "reworded": x.reworded,
                "before": _said(x.before, language) if x.before else None,
                "after": _said(x.after, language) if x.after else None,
            }
            for x in told.clauses
        ],
    }
    if moves is not None:
        form["moved"] = [_move_json(move, moves, language) for move in moves.moves]
        form["totals"] = [
            {"figure": name, "id": id_, "difference": money_text(total), "units": count}
            for (name, id_), (total, count) in _totals(moves.moves).items()
        ]
    return form


def _lines(
    told: Versions, titles: tuple[str, str], moves: Moves | None, language: Language
) -> Iterator[tuple[str, str]]:
    zh = language == "zh"
    counts = len(told.changes), len(told.clauses)
    yield "title", f"{titles[0]} → {titles[1]}"
    if not any(counts):
        yield "line", "两版说的是一回事：规则和条款没有不同" if zh else "both versions say the same"
    else:
        yield (
            "line",
            f"规则 {counts[0]} 处不同，条款 {counts[1]} 条不同"
            if zh
            else f"{counts[0]} differences in the rules, {counts[1]} in the clauses",
        )
    for topic, group in groupby(told.changes, key=lambda x: x.topic):
        yield "blank", ""
        name = topic.words.say(language) if topic else ("其他" if zh else "other")
        yield "topic", f"【{name}】"
        for change in group:
            yield from _change(change, told, language)
    if told.clauses:
        yield "blank", ""
        yield "topic", "【条款目录】" if zh else "【index of clauses】"
        for clause in told.clauses:
            yield "change", f"  {_clause(clause, language)}"
    if moves is not None:
        yield from _moved(moves, language)


def _change(change: Change, told: Versions, language: Language) -> Iterator[tuple[str, str]]:
    zh = language == "zh"
    labels = told.new.scheme().labels
    name_of = labels.here if zh else labels.words
    joint = "、" if zh else ", "
    names = joint.join(dict.fromkeys(name_of(x) for x in change.names))
    tables = joint.join(dict.fromkeys(name_of(x) for x in change.tables if change.sort != "roster"))
    whose = (f"（{tables}）" if zh else f" ({tables})") if tables else ""
    aspects = [ASPECTS[x].say(language) for x in change.aspects if x not in {"added", "removed"}]
    kind = _KINDS[change.kind].say(language)
    what = joint.join(aspects) if aspects else kind
    yield "change", f"  {names}{whose}{'：' if zh else ': '}{what}"
    sides = (("旧", "old"), change.before), (("新", "new"), change.after)
    for (word_zh, word_en), side in sides:
        for index, line in enumerate(side.lines):
            at = f"{side.place}  " if side.place and index == 0 else ""
            yield "side", f"    {word_zh if zh else word_en} {at}{line}"


def _clause(clause: ClauseChange, language: Language) -> str:
    zh = language == "zh"
    kind = _KINDS[_kind(clause)].say(language)
    more = (
        ("，原文改了" if zh else ", its text is another") if clause.before and clause.after and clause.reworded else ""
    )
    shown = clause.after or clause.before
    said = shown.says.say(language) if shown is not None else ""
    summary = f"{'：' if zh else ': '}{said}" if said else ""
    return f"{clause.locator} {kind}{more}{summary}"


def _said(clause: Clause, language: Language) -> str:
    return clause.says.say(language) or clause.summary


def _kind(clause: ClauseChange) -> str:
    return "added" if clause.before is None else "removed" if clause.after is None else "changed"


def _moved(moves: Moves, language: Language) -> Iterator[tuple[str, str]]:
    zh = language == "zh"
    yield "blank", ""
    count = len(moves.moves)
    yield "topic", f"【数据：变了的数 {count} 个】" if zh else f"【data: {count} figures moved】"
    if not count:
        yield "change", "  这份数据的结果没有变" if zh else "  the results on these data are the same"
        return
    shown = moves.moves[:_MOST]
    for who, group in groupby(shown, key=lambda m: _who(m.result)):
        here = list(group)
        yield "change", f"  {who}"
        for move in here:
            yield "side", f"    {_move(move, moves, language)}"
            yield from (("side", f"      {line}") for line in _steps(move, moves, language))
    if count > _MOST:
        more = count - _MOST
        yield "change", f"  另有 {more} 个，用 --format json 看全" if zh else f"  {more} more: --format json gives all"
    totals = _totals(moves.moves)
    if totals:
        yield "blank", ""
        yield "topic", "【合计】" if zh else "【in all】"
        labels = moves.moves[0].result.pipeline.scheme.labels
        for (name, _), (total, units) in totals.items():
            said = difference_text(total, language) if total else ("增减相抵" if zh else "nothing on balance")
            where = f"（{units} 处）" if zh else f" ({units} places)"
            word = labels.here(name) if zh else labels.words(name)
            yield "change", f"  {word}{'：' if zh else ': '}{_yuan(said, language)}{where}"
            for step, part, places in _totals_by_step(moves, name):
                said = _yuan(difference_text(part, language) if part else ("不变" if zh else "no change"), language)
                at = f"（{places} 处）" if zh else f" ({places} places)"
                yield "side", f"    {_step_words(step, moves, language)}{'：' if zh else ': '}{said}{at}"
    if moves.between is not None and len(moves.between.turns) > 1:
        yield "blank", ""
        yield (
            "change",
            "  归因按上面改动的次序逐处换成新版；“单独”是只换这一处，两者之差是几处改动合在一起才有的"
            if zh
            else "  the changes are exchanged one after another in the order above; alone: only that one; the rest is what several make together",
        )


def _who(result: FigureResult) -> str:
    row = result.row
    return " · ".join(x for x in (row.unit, row.insurance, str(row.period)) if x)


def _move(move: Move, moves: Moves, language: Language) -> str:
    zh = language == "zh"
    result = move.result
    labels = result.pipeline.scheme.labels
    name = labels.here(result.name) if zh else labels.words(result.name, result.row.table)
    before, after = (_value(r, language) for r in (move.before, move.after))
    said = f"{name} {before} → {after}"
    if move.difference is not None:
        said += f"{'，' if zh else ', '}{_yuan(difference_text(move.difference, language), language)}"
    why = _reason(move, moves, language)
    cited = f"〔{'、'.join(result.citations)}〕" if zh else f" [{', '.join(result.citations)}]"
    return f"{said}{f'：{why}' if zh and why else f': {why}' if why else ''}{cited if result.citations else ''}"


def _steps(move: Move, moves: Moves, language: Language) -> Iterator[str]:
    """What each change makes of a figure, where more than one does; they add up to what it moved by."""
    steps = _parts(move, moves)
    if len(steps) < _SEVERAL and not any(share.in_turn != share.alone for _, share in steps):
        return
    zh = language == "zh"
    for turn, share in steps:
        said = _yuan(
            difference_text(share.in_turn, language) if share.in_turn else ("不变" if zh else "no change"), language
        )
        if share.joint:
            said += "（连同前面使它未定的改动）" if zh else " (with the change before, which left it open)"
        elif share.alone is not None and share.alone != share.in_turn:
            alone = _yuan(
                difference_text(share.alone, language) if share.alone else ("不变" if zh else "no change"), language
            )
            said += f"（单独换：{alone}）" if zh else f" (alone: {alone})"
        yield f"{_step_words(turn, moves, language)}{'：' if zh else ': '}{said}"


_SEVERAL = 2


def _parts(move: Move, moves: Moves) -> list[tuple[Turn, Share]]:
    if moves.between is None or move.difference is None:
        return []
    return moves.between.of(key_of(move.result))


def _step_words(turn: Turn, moves: Moves, language: Language) -> str:
    """The changes of a step by their names and clauses."""
    zh = language == "zh"
    if not turn.changes:
        return "其余（名称、类别、日期）" if zh else "the rest (names, kinds, dates)"
    labels = moves.moves[0].result.pipeline.scheme.labels
    name_of = labels.here if zh else labels.words
    said = []
    for change in turn.changes:
        side = change.after if change.after.citations else change.before
        cited = (
            ("〔" + "、".join(side.citations) + "〕" if zh else f" [{', '.join(side.citations)}]")
            if side.citations
            else ""
        )
        said.append(f"{('、' if zh else ', ').join(dict.fromkeys(name_of(x) for x in change.names))}{cited}")
    return ("；" if zh else "; ").join(said)


def _totals_by_step(moves: Moves, name: str) -> list[tuple[Turn, Number, int]]:
    """What each step makes of a figure over all rows of whole years, where there is more than one step."""
    sums: dict[int, tuple[Turn, Number, int]] = {}
    for move in moves.moves:
        if move.result.name != name or not move.difference or move.result.row.period.grain != "year":
            continue
        for turn, share in _parts(move, moves):
            _, total, count = sums.get(id(turn), (turn, 0, 0))
            sums[id(turn)] = turn, exact(Fraction(total) + share.in_turn), count + 1
    return list(sums.values()) if len(sums) > 1 else []


def _reason(move: Move, moves: Moves, language: Language) -> str:
    """The line that says what the figure, as it stands now, was worked out from."""
    if moves.runs is None:
        return ""
    run = moves.runs[0] if move.after is None else moves.runs[1]
    return reason(move.result, language, tracer(run)).strip("；; ")


def _value(result: FigureResult | None, language: Language) -> str:
    if result is None:
        return "没有这个数" if language == "zh" else "no such figure"
    state = _STATES[result.value.state].say(language)
    if result.value.state == "open":
        return state
    said = _yuan(spoken(result.value.now, result.kind), language)
    if result.reached is not None:
        met = Words("达标", "met") if result.reached else Words("未达标", "not met")
        said += f"{'，' if language == 'zh' else ', '}{met.say(language)}"
    if result.value.state == "assumed":
        return f"{said}※"
    return said


def _yuan(text: str, language: Language) -> str:
    return text if language == "zh" else text.replace(" 元", " yuan").replace("是", "yes").replace("否", "no")


def _totals(moves: tuple[Move, ...]) -> dict[tuple[str, str], tuple[int | Fraction, int]]:
    """The differences in money of whole years, by figure, and over how many rows."""
    sums: dict[tuple[str, str], tuple[int | Fraction, int]] = {}
    for move in moves:
        if move.difference and move.result.row.period.grain == "year":
            total, count = sums.get((move.result.name, move.result.id), (0, 0))
            sums[move.result.name, move.result.id] = (exact(Fraction(total) + move.difference), count + 1)
    return sums


def _change_json(change: Change, language: Language) -> dict[str, Any]:
    return {
        "topic": change.topic.words.say(language) if change.topic else None,
        "id": change.topic.id if change.topic else None,
        "kind": change.kind,
        "sort": change.sort,
        "kinds": list(change.tables),
        "names": list(change.names),
        "aspects": list(change.aspects),
        "before": _side_json(change.before),
        "after": _side_json(change.after),
    }


def _side_json(side: Side) -> dict[str, Any] | None:
    if side.place is None and not side.lines:
        return None
    file, _, line = (side.place or "").rpartition(":")
    return {
        "lines": list(side.lines),
        "file": file or None,
        "line": int(line) if line else None,
        "citations": list(side.citations),
    }


def _move_json(move: Move, moves: Moves, language: Language) -> dict[str, Any]:
    result = move.result
    return {
        "kind": result.row.table,
        "unit": result.row.unit,
        "insurance": result.row.insurance,
        "period": str(result.row.period),
        "figure": result.name,
        "id": result.id,
        "before": _result_json(move.before),
        "after": _result_json(move.after),
        "difference": money_text(move.difference) if move.difference is not None else None,
        "steps": [_step_json(turn, share, moves) for turn, share in _parts(move, moves)],
        "citations": list(result.citations),
        "rule": rule_of(result),
        "reason": _reason(move, moves, language),
    }


def _step_json(turn: Turn, share: Share, moves: Moves) -> dict[str, Any]:
    return {
        "changes": [moves.changes.index(change) for change in turn.changes],
        "names": [name for change in turn.changes for name in change.names],
        "citations": list(
            dict.fromkeys(
                x for change in turn.changes for side in (change.before, change.after) for x in side.citations
            )
        ),
        "difference": money_text(share.in_turn),
        "alone": money_text(share.alone) if share.alone is not None else None,
        "joint": share.joint,
    }


def _result_json(result: FigureResult | None) -> dict[str, Any] | None:
    if result is None:
        return None
    is_open = result.value.state == "open"
    return {"value": None if is_open else plain(result.value.now, result.kind), "state": result.value.state}
