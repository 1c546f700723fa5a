"""The command ``xiance sweep``: a parameter taken through a range on the same data, and the value that reaches a goal."""

import re
from fractions import Fraction
from operator import ge, gt, le, lt
from pathlib import Path
from typing import TYPE_CHECKING

import click

from engine.doors.choices import assumed_values, keep_the_data, scenarios_named, years_chosen
from engine.doors.telling import (
    fail,
    format_option,
    json_text,
    language_option,
    named,
    stop,
    tell,
    tell_json,
    write_whole,
)
from engine.doors.usage import Command
from grammar.diagnostic import Finding, FindingsError, Language, Place

if TYPE_CHECKING:
    from engine.doors.sweep_form import Goal
    from engine.nouns.kinds import Kind
    from engine.nouns.numbers import Number
    from engine.nouns.settlement import FigureResult
    from engine.trial.sweep import Sweep


@click.command("sweep", cls=Command)
@click.argument("name")
@click.argument("parameter", metavar="参数")
@click.argument("bounds", metavar="从..到")
@click.argument("rest", nargs=-1, metavar="[步长 N]")
@click.option(
    "--data", "data", required=True, metavar="PATH", help="数据：一个 YAML 文件、.xlsx 工作簿，或一个文件夹。"
)
@click.option(
    "--for", "figures", multiple=True, metavar="数", help="看哪些数，用顿号或逗号隔开；不写就看留用和分担各数。"
)
@click.option(
    "--until",
    "--goal",
    "until",
    metavar="目标",
    help="取到多少才够，例如 '经办机构留用 达到 100万元' 或 'retained>=1000000'。",
)
@click.option("--unit", metavar="名称", help="只看这一家。")
@click.option("--insurance", metavar="险种", help="只看这一险种。")
@click.option("--year", type=int, help="只看这一年。")
@click.option("--years", metavar="Y..Z", help="只看这几年。")
@click.option("--assume", multiple=True, metavar="名=值", help="另外假设一个值，可以写多次。")
@click.option("--scenario", "scenarios", multiple=True, metavar="FILE", help="情景：文件，或规则文件里情景的名称。")
@format_option("table", "json", "csv")
@click.option("--out", metavar="PATH", help="写到文件，不写到屏幕。")
@language_option
def sweep(
    name: str,
    parameter: str,
    bounds: str,
    rest: tuple[str, ...],
    data: str,
    figures: tuple[str, ...],
    until: str | None,
    unit: str | None,
    insurance: str | None,
    year: int | None,
    years: str | None,
    assume: tuple[str, ...],
    scenarios: tuple[str, ...],
    form: str,
    out: str | None,
    language: Language,
) -> None:
    """同一份数据，把一个参数从低到高逐个取值来算：各数合计多少，各家多少；--until 找出正好达到目标的取值。"""
    ends, step_text = _ends(bounds, rest, language)
    chosen_years = years_chosen(year, years, language)
    assumed = assumed_values(assume, language)
    keep_the_data(data, [out] if out else [], language)
    from engine.api import open_policy
    from engine.doors.sweep_form import Swept, swept_csv, swept_json, swept_text
    from engine.load.read import read_data
    from engine.trial.sweep import Chosen, differs, said_why, sweep_of, values_of

    try:
        policy = named(lambda: open_policy(name), language)
        raw = named(lambda: read_data(Path(data), data), language)
        given = scenarios_named(policy, scenarios, language)
        chosen = Chosen(chosen_years, unit, insurance)
        swept, (low, high) = sweep_of(policy, raw, parameter, ends, (given, assumed), chosen)
        if low > high:
            stop(
                f"范围从小到大写：{ends[1]}..{ends[0]}"
                if language == "zh"
                else f"write the smaller end first: {ends[1]}..{ends[0]}"
            )
        values = values_of(swept.kind, low, high, _step(step_text, swept.kind, language))
        runs = tuple(swept.at(value) for value in values)
        if all(run.refused is not None for run in runs):
            swept.settlement(values[0])
        known = _results(swept, values)
        shown = _figures(figures, known, until, language)
        goal = _goal(until, swept, values, known, language) if until is not None else None
    except FindingsError as error:
        fail(error.findings, form, language)
    if goal is not None and all(f.id != goal.id for f in shown):
        shown = (*shown, known[goal.id])
    moving = frozenset(differs(runs))
    told = Swept(swept, runs, shown, moving, goal)
    notes = [
        Finding(
            "L283",
            Place("sweep", key=swept.name),
            {"name": swept.name, "value": _said(run.value, swept), "why": said_why(run.refused)},
        )
        for run in runs
        if run.refused is not None
    ]
    if not moving and len(runs) > 1:
        notes.append(Finding("L284", Place("sweep", key=swept.name), {"name": swept.name}))
    if form == "json":
        value = {**swept_json(told, language), "warnings": [note.as_json(language) for note in notes]}
        write_whole(Path(out), json_text(value), language) if out else tell_json(value)
        return
    text = swept_csv(told) if form == "csv" else swept_text(told, language)
    if out:
        write_whole(Path(out), ("\ufeff" if form == "csv" else "") + text, language)
    else:
        click.echo(text, nl=False)
    tell(notes, language)


_RANGE = re.compile(r"(.+?)\s*(?:\.\.|…|～|~|至|到)\s*(.+)")
_STEP = re.compile(r"(?:step|by|步长|每)?[\s=:：]*(.+)")
_SIGNS = {
    ">=": (">=", "≥", "达到", "不少于", "不低于", "至少", "reaches", "at least"),
    "<=": ("<=", "≤", "不超过", "不高于", "不多于", "至多", "at most", "up to"),
    ">": (">", "超过", "多于", "高于", "over", "more than", "above"),
    "<": ("<", "低于", "少于", "不满", "不到", "below", "less than", "under"),
}
_HOLDS = {">=": ge, "<=": le, ">": gt, "<": lt}
_WORDS = {
    "zh": {">=": "达到", "<=": "不超过", ">": "超过", "<": "低于"},
    "en": {">=": "at least", "<=": "at most", ">": "over", "<": "below"},
}


def _ends(bounds: str, rest: tuple[str, ...], language: Language) -> tuple[tuple[str, str], str | None]:
    match = _RANGE.fullmatch(bounds.strip())
    words = " ".join(rest).strip()
    if match is None:
        stop(
            f"范围写成 20%..40%，而不是 {bounds}" if language == "zh" else f"write the range as 20%..40%, not {bounds}"
        )
    low, high = match[1].strip(), match[2].strip()
    if low[-1:].isdigit() and not high[-1:].isdigit():
        # 20..40% and 10..30万元: one unit for both.
        low += re.sub(r"^[-−－]?[\d.,，]+\s*", "", high)
    step = _STEP.fullmatch(words)
    return (low, high), step[1] if step is not None and words else None


def _step(text: str | None, kind: "Kind", language: Language) -> "Number | None":
    from engine.load.values import Wrong, parse_value

    if text is None:
        return None
    value = parse_value(text, kind)
    if isinstance(value, Wrong | bool) or not isinstance(value, int | Fraction) or value <= 0:
        stop(
            f"步长写成 步长 1%，要大于零，而不是 {text}"
            if language == "zh"
            else f"write the step as `step 1%`, above zero, not {text}"
        )
    return value


def _results(swept: "Sweep", values: "list[Number]") -> "dict[str, FigureResult]":
    """A result of every figure of the runs, by id."""
    found: dict[str, FigureResult] = {}
    for value in values:
        for result in swept.at(value).rows.values():
            found.setdefault(result.id, result)
    return found


def _figures(
    words: tuple[str, ...], known: "dict[str, FigureResult]", until: str | None, language: Language
) -> "tuple[FigureResult, ...]":
    from engine.trial.sweep import USUAL_FIGURES

    asked = [word.strip() for text in words for word in re.split("[、,，]", text) if word.strip()]
    if asked:
        return tuple({f.id: f for f in (_figure(word, known, language) for word in asked)}.values())
    usual = tuple(known[id_] for id_ in USUAL_FIGURES if id_ in known)
    return usual or (() if until is not None else tuple(f for f in known.values() if f.kind.is_money))


def _figure(word: str, known: "dict[str, FigureResult]", language: Language) -> "FigureResult":
    from engine.nouns.suggest import closest

    for result in known.values():
        called = result.pipeline.scheme.labels.called.get(result.name, ())
        if word in {result.id, result.name, *called}:
            return result
    names = [x for result in known.values() for x in (result.name, result.id)]
    near = closest(word, names)
    zh = f"这份数据的结果里没有“{word}”这个数（是否和选项不算数）。" + (f"是不是“{near}”？" if near else "")
    en = f"the results have no figure `{word}` that is a number." + (f" Did you mean `{near}`?" if near else "")
    return stop(zh if language == "zh" else en)


def _goal(
    text: str, swept: "Sweep", values: "list[Number]", known: "dict[str, FigureResult]", language: Language
) -> "Goal":
    from engine.doors.sweep_form import Goal
    from engine.load.values import Wrong, parse_value
    from engine.trial.goal import stretches
    from engine.trial.sweep import reaches, surely, whole_values

    words = sorted(((word, sign) for sign, all_ in _SIGNS.items() for word in all_), key=lambda x: -len(x[0]))
    pattern = "|".join(re.escape(word) for word, _ in words)
    match = re.fullmatch(rf"\s*(.+?)\s*({pattern})\s*(.+?)\s*(?:yuan)?\s*", text)
    if match is None:
        stop(
            f"目标写成 '经办机构留用 达到 100万元'，而不是 {text}"
            if language == "zh"
            else f"write the goal as 'agency_retained at least 1,000,000 yuan', not {text}"
        )
    result = _figure(match[1], known, language)
    sign = dict(words)[match[2]]
    amount = parse_value(match[3], result.kind)
    if isinstance(amount, Wrong | bool) or not isinstance(amount, int | Fraction):
        stop(
            f"“{match[3]}”不是{result.kind.words.zh}"
            if language == "zh"
            else f"`{match[3]}` is no {result.kind.words.en}"
        )
    holds = _HOLDS[sign]
    reach = reaches(swept, result.id, lambda total: bool(holds(total, amount)))
    certain = surely(swept, result.id, lambda total: bool(holds(total, amount)))
    found = stretches(values, reach, certain, whole=whole_values(swept.kind))
    return Goal(result.id, _WORDS[language][sign], sign, amount, found.stretches, found.doubtful)


def _said(value: "Number", swept: "Sweep") -> str:
    from engine.nouns.printed import spoken

    return spoken(value, swept.kind)
