"""One year against another as text, Markdown and JSON: each unit's figures, and what made the difference step by step."""

from collections.abc import Iterator
from fractions import Fraction
from itertools import groupby
from typing import Any

from engine.doors.case_form import difference_text
from engine.doors.explain_form import escaped
from engine.nouns.numbers import exact, money_text
from engine.nouns.possible import is_point
from engine.nouns.printed import spoken
from engine.nouns.settlement import FigureResult
from engine.trial.between import FigureKey, Share
from engine.trial.years import YearOnYear, YearStep
from grammar.diagnostic import Language


def years_text(told: YearOnYear, language: Language) -> str:
    """What moved from year to year, for a terminal."""
    return "\n".join("  " * depth + text for depth, text in _lines(told, language)) + "\n"


def years_markdown(told: YearOnYear, language: Language) -> str:
    """The same as Markdown."""
    lines = []
    for depth, text in _lines(told, language):
        if not text:
            lines.append("")
        else:
            lines.append(f"# {escaped(text)}" if depth == 0 else f"{'  ' * (depth - 1)}- {escaped(text)}")
    return "\n".join(lines) + "\n"


def years_json(told: YearOnYear, language: Language) -> dict[str, Any]:
    """The same for programs; amounts in yuan with two decimals."""
    return {
        "scheme": told.policy.scheme().id,
        "years": list(told.years),
        "figures": [
            {
                "kind": after.row.table, "unit": after.row.unit, "insurance": after.row.insurance, "figure": after.name,
                "id": after.id, "before": _plain(before), "after": _plain(after), "difference": money_text(_difference(before, after)),
                "steps": [_step_json(step, share, told, language) for step, share in _steps(told, key)],
            }
            for key, before, after in _moved(told)
        ],
    }  # fmt: skip


def _lines(told: YearOnYear, language: Language) -> Iterator[tuple[int, str]]:
    zh = language == "zh"
    one, two = told.years
    yield 0, f"{told.policy.scheme().id}　{one} → {two}"
    moved = list(_moved(told))
    if not moved:
        yield 1, "两年都有的数没有变" if zh else "no figure that both years have has moved"
        return
    for who, group in groupby(moved, key=lambda each: (each[2].row.unit, each[2].row.insurance)):
        yield 1, " · ".join(x for x in who if x)
        for key, before, after in group:
            labels = after.pipeline.scheme.labels
            name = labels.here(after.name) if zh else labels.words(after.name, after.row.table)
            moved_by = _yuan(difference_text(_difference(before, after), language), language)
            yield 2, f"{name} {_amount(before, language)} → {_amount(after, language)}{'，' if zh else ', '}{moved_by}"
            for step, share in _steps(told, key):
                said = _yuan(difference_text(share.in_turn, language), language)
                joint = ("（连同前一步）" if zh else " (with the step before)") if share.joint else ""
                yield 3, f"{_words(step, told, language)}{'：' if zh else ': '}{said}{joint}"
    yield 0, ""
    yield (
        1,
        "次序：先是上年带来的，再逐项换数据，最后逐处换规则；各步相加等于总差，换的次序不同，各步会不同"
        if zh
        else "in order: what the year before brings, each datum, each change of the rules; the steps add up, another order gives other steps",
    )


def _moved(told: YearOnYear) -> Iterator[tuple[FigureKey, FigureResult, FigureResult]]:
    """The amounts known in both years that are not the same, unit by unit."""
    every = [
        (key, before, after)
        for key, (before, after) in told.figures.items()
        if _is_amount(before) and _is_amount(after) and before.value.now != after.value.now
    ]
    order = list(dict.fromkeys((after.row.unit, after.row.insurance) for _, _, after in every))
    yield from sorted(every, key=lambda each: order.index((each[2].row.unit, each[2].row.insurance)))


def _is_amount(result: FigureResult) -> bool:
    now = result.value.now
    return (
        result.kind.is_money
        and is_point(now)
        and result.value.state != "open"
        and isinstance(now, int | Fraction)
        and not isinstance(now, bool)
    )


def _difference(before: FigureResult, after: FigureResult) -> int | Fraction:
    one, two = before.value.now, after.value.now
    assert isinstance(one, int | Fraction)
    assert isinstance(two, int | Fraction)
    return exact(Fraction(two) - one)


def _steps(told: YearOnYear, key: FigureKey) -> list[tuple[YearStep, Share]]:
    return [(step, step.shares[key]) for step in told.steps if key in step.shares and step.shares[key].in_turn]


def _words(step: YearStep, told: YearOnYear, language: Language) -> str:
    zh = language == "zh"
    labels = told.policy.scheme().labels
    name_of = labels.here if zh else labels.words
    said: list[str] = []
    if step.changes:
        for change in step.changes:
            side = change.after if change.after.citations else change.before
            names = ("、" if zh else ", ").join(dict.fromkeys(name_of(x) for x in change.names))
            cited = (
                ("〔" + "、".join(side.citations) + "〕" if zh else f" [{', '.join(side.citations)}]")
                if side.citations
                else ""
            )
            said.append(f"{'规则 ' if zh else 'rule '}{names}{cited}")
        return ("；" if zh else "; ").join(said)
    said = []
    for kind, name in step.data:
        if name is None:
            said.append(f"{name_of(kind)}的行" if zh else f"rows of {name_of(kind)}")
        else:
            word = labels.here(name) if zh else labels.words(name, kind)
            said.append(f"{name_of(kind)}的{word}" if zh else f"{word} of {name_of(kind)}")
    return ("；" if zh else "; ").join(said) or _rest(told, step, language)


def _rest(told: YearOnYear, step: YearStep, language: Language) -> str:
    if step is told.steps[0]:
        return "上年带来的" if language == "zh" else "what the year before brings"
    return "其余" if language == "zh" else "the rest"


def _step_json(step: YearStep, share: Share, told: YearOnYear, language: Language) -> dict[str, Any]:
    return {
        "step": "rules" if step.changes else "data" if step.data else "history" if step is told.steps[0] else "rest",
        "data": [{"kind": kind, "name": name} for kind, name in step.data],
        "words": _words(step, told, language),
        "names": [name for change in step.changes for name in change.names],
        "citations": list(
            dict.fromkeys(
                x for change in step.changes for side in (change.before, change.after) for x in side.citations
            )
        ),
        "difference": money_text(share.in_turn),
        "joint": share.joint,
    }


def _plain(result: FigureResult) -> str:
    now = result.value.now
    assert isinstance(now, int | Fraction)
    return money_text(now)


def _amount(result: FigureResult, language: Language) -> str:
    mark = "※" if result.value.state == "assumed" else ""
    return _yuan(spoken(result.value.now, result.kind), language) + mark


def _yuan(text: str, language: Language) -> str:
    return text if language == "zh" else text.replace(" 元", " yuan")
