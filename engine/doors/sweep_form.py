"""A sweep as a table, as JSON and as CSV: totals at every value, units at some, and where a goal is reached."""

from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Any

from engine.doors.csv_form import csv_text
from engine.nouns.kinds import Kind
from engine.nouns.numbers import Number, grouped, ratio_text
from engine.nouns.printed import exactly, number_text, plain, spoken
from engine.nouns.settlement import FigureResult
from engine.trial.goal import End, Stretch
from engine.trial.sweep import At, Sweep, Total
from grammar.diagnostic import Language, width
from grammar.frozen import dataclass

_COLUMNS = 6


@dataclass(frozen=True, slots=True)
class Goal:
    """What is to be reached: a figure in all, the words of the comparison, an amount; and where it is, or may be."""

    id: str
    words: str
    sign: str
    amount: Number
    stretches: tuple[Stretch, ...]
    doubtful: tuple[tuple[Number, Number], ...]


@dataclass(frozen=True, slots=True)
class Swept:
    """All that is told of a sweep: its runs, the figures asked for (one result of each, for its names), its goal."""

    sweep: Sweep
    runs: tuple[At, ...]
    figures: tuple[FigureResult, ...]
    moving: frozenset[tuple[object, ...]]
    goal: Goal | None


def swept_text(told: Swept, language: Language) -> str:
    """Totals at every value; the units whose figures move, at some values; the goal."""
    zh = language == "zh"
    lines = [_title(told, language), ""]
    lines += _totals(told, language)
    units = list(_units(told, language))
    if units:
        lines += ["", *units]
    if told.goal is not None:
        lines += ["", *_goal(told, told.goal, language)]
    notes = []
    present = told.sweep.present()
    if any(run.value == present for run in told.runs):
        notes.append("← 现在的规则" if zh else "← the rules as they are")
    if any(total.open for run in told.runs for total in run.totals.values()):
        notes.append(
            "未定：合计里有单位的数定不下来，括号里是几处，和其余各处的合计"
            if zh
            else "open: some units' figures are open; in brackets how many, and the sum of the others"
        )
    if notes:
        lines += ["", ("；" if zh else "; ").join(notes)]
    return "\n".join(lines) + "\n"


def swept_json(told: Swept, language: Language) -> dict[str, Any]:
    """The same for programs; every value and every unit."""
    kind = told.sweep.kind
    form: dict[str, Any] = {
        "scheme": told.sweep.policy.scheme().id,
        "parameter": told.sweep.name,
        "id": told.sweep.policy.scheme().labels.id(told.sweep.name),
        "present": _value_json(told.sweep.present(), kind),
        "figures": [{"figure": f.name, "id": f.id, "value_unit": f.kind.unit} for f in told.figures],
        "values": [_run_json(run, told) for run in told.runs],
    }
    if told.goal is not None:
        goal = told.goal
        result = next(f for f in told.figures if f.id == goal.id)
        form["goal"] = {
            "id": goal.id,
            "sign": goal.sign,
            "amount": number_text(goal.amount, result.kind),
            "reached": [
                {side: _end_json(getattr(stretch, side), told, goal, result.kind) for side in ("low", "high")}
                for stretch in goal.stretches
            ],
            "doubtful": [[_value(low, kind), _value(high, kind)] for low, high in goal.doubtful],
        }
    del language
    return form


def swept_csv(told: Swept) -> str:
    """One line a value, unit and figure; the totals under the unit 合计."""
    kind = told.sweep.kind
    lines = [["parameter", "at", "kind", "unit", "insurance", "period", "figure", "id", "value", "state"]]
    for run in told.runs:
        at = number_text(run.value, kind)
        for figure in told.figures:
            total = run.totals.get(figure.id)
            if total is not None:
                amount = "" if total.amount is None else number_text(total.amount, figure.kind)
                lines.append([told.sweep.name, at, "", "合计", "", "", figure.name, figure.id, amount, _state(total)])
            for result in _rows(run, figure.id):
                row = result.row
                value = "" if result.value.state == "open" else str(plain(result.value.now, result.kind))
                lines.append(
                    [
                        told.sweep.name, at, row.table, row.unit, row.insurance or "", str(row.period), result.name, result.id,
                        value, result.value.state,
                    ]
                )  # fmt: skip
    return csv_text(lines)


def _title(told: Swept, language: Language) -> str:
    sweep, kind = told.sweep, told.sweep.kind
    labels = sweep.policy.scheme().labels
    low, high = (_say(run.value, kind, language) for run in (told.runs[0], told.runs[-1]))
    if language == "zh":
        return f"{labels.here(sweep.name)}从 {low} 到 {high}，同一份数据算 {len(told.runs)} 遍"
    return f"{labels.words(sweep.name)} from {low} to {high}: the same data settled {len(told.runs)} times"


def _totals(told: Swept, language: Language) -> list[str]:
    zh = language == "zh"
    present = told.sweep.present()
    head = [_word(told, told.sweep.name, language), *(_word(told, f.name, language) for f in told.figures)]
    rows = []
    for run in told.runs:
        mark = " ←" if run.value == present else ""
        cells = [_total(run.totals.get(f.id), f.kind, language) for f in told.figures]
        if run.refused is not None:
            cells = ["算不出" if zh else "refused" for _ in told.figures]
        rows.append([_say(run.value, told.sweep.kind, language) + mark, *cells])
    money = all(f.kind.is_money for f in told.figures)
    title = ("合计（元）" if zh else "in all (yuan)") if money else ("合计" if zh else "in all")
    return [title, *_table([head, *rows])]


def _units(told: Swept, language: Language) -> Iterator[str]:
    """The units whose figures move, at the ends and some values between them."""
    zh = language == "zh"
    runs = [run for run in told.runs if run.refused is None]
    if not runs:
        return
    count = min(_COLUMNS, len(runs))
    shown = [runs[i * (len(runs) - 1) // max(count - 1, 1)] for i in range(count)]
    values = [_say(run.value, told.sweep.kind, language) for run in shown]
    for figure in told.figures:
        keys = [key for run in runs for key in run.rows if key[-1] == figure.id and key in told.moving]
        rows = []
        for key in dict.fromkeys(keys):
            results = [run.rows.get(key) for run in shown]
            one = next(run.rows[key] for run in runs if key in run.rows)
            rows.append([_who(one), *(_amount(r, language) for r in results)])
        if rows:
            name = _word(told, figure.name, language)
            yield f"{name}：随它变的各家" if zh else f"{name}: the units it moves"
            yield from _table([["", *values], *rows])
    if len(shown) < len(runs):
        yield "（只列几个取值；全部在 --format csv）" if zh else "(some values only; all of them in --format csv)"


def _goal(told: Swept, goal: Goal, language: Language) -> Iterator[str]:
    zh = language == "zh"
    figure = next(f for f in told.figures if f.id == goal.id)
    wanted = f"{_word(told, figure.name, language)} {goal.words} {_money(goal.amount, figure.kind, language)}"
    yield f"目标：{wanted}" if zh else f"goal: {wanted}"
    if not goal.stretches:
        totals = [(run.value, t.amount) for run in told.runs if (t := run.totals.get(goal.id)) and t.amount is not None]
        if not totals:
            yield (
                "  没有一个取值算得出合计：有单位的数未定"
                if zh
                else "  no value gives a sum: some units' figures are open"
            )
            return
        best = max(totals, key=lambda x: x[1]) if goal.sign in {">=", ">"} else min(totals, key=lambda x: x[1])
        said, at = _money(best[1], figure.kind, language), _say(best[0], told.sweep.kind, language)
        if goal.doubtful:
            yield (
                f"  试过的取值没有一个达到；其中最接近的是 {at}，{said}"
                if zh
                else f"  no value tried reaches it; nearest of them is {said} at {at}"
            )
        else:
            yield (
                f"  整个范围里没有一个取值达到；试过的里最接近的是 {at}，{said}"
                if zh
                else f"  no value of the range reaches it; nearest of those tried is {said} at {at}"
            )
    for stretch in goal.stretches:
        yield from (
            f"  {line}"
            for side in ("low", "high")
            for line in _end(side, getattr(stretch, side), told, figure, language)
        )
    if goal.doubtful:
        ends = [tuple(_say(value, told.sweep.kind, language) for value in pair) for pair in goal.doubtful]
        said = ("、" if zh else ", ").join(f"{low}～{high}" if zh else f"{low} to {high}" for low, high in ends)
        yield (
            f"  这些取值之间没有逐一算到，可能另有达到或达不到的：{said}"
            if zh
            else f"  not ruled out between values tried: it may be otherwise within {said}"
        )


def _end(side: str, end: End, told: Swept, figure: FigureResult, language: Language) -> Iterator[str]:
    zh = language == "zh"
    value = _exact(end, told.sweep.kind, language)
    total = _money_at(end.value, told, figure, language)
    if end.beside is None:
        word = {"low": ("范围的低端", "the low end of the range"), "high": ("范围的高端", "the high end of the range")}[
            side
        ]
        yield f"{word[0]} {value} 达到：{total}" if zh else f"reached at {word[1]}, {value}: {total}"
        return
    beside = _money_at(end.beside, told, figure, language)
    if end.reached:
        word = {"low": ("最小", "smallest"), "high": ("最大", "largest")}[side]
        more = {"low": ("再小一点", "any less"), "high": ("再大一点", "any more")}[side]
        yield (
            f"{word[0]} {value}：{total}；{more[0]}：{beside}"
            if zh
            else f"{word[1]} {value}: {total}; {more[1]}: {beside}"
        )
    else:
        word = {"low": ("大于", "above"), "high": ("小于", "below")}[side]
        yield (
            f"{word[0]} {value}（不含）：{beside}；正好等于它：{total}"
            if zh
            else f"{word[1]} {value}, itself not included: {beside}; at it: {total}"
        )
    if end.writable is not None and end.writable != end.value:
        said = _say(end.writable, told.sweep.kind, language)
        at = _money_at(end.writable, told, figure, language)
        yield f"  写得出的取值 {said}：{at}" if zh else f"  as it can be written, {said}: {at}"


def _exact(end: End, kind: Kind, language: Language) -> str:
    said = _say(end.value, kind, language)
    if not end.exact:
        return f"约 {said}" if language == "zh" else f"about {said}"
    if (fraction := exactly(end.value, kind)) is not None:
        return f"{said}（精确值 {fraction}）" if language == "zh" else f"{said} (exactly {fraction})"
    return said


def _money_at(value: Number, told: Swept, figure: FigureResult, language: Language) -> str:
    total = told.sweep.at(value).totals.get(figure.id)
    if total is None or total.amount is None:
        return "未定" if language == "zh" else "open"
    return _money(total.amount, figure.kind, language)


def _run_json(run: At, told: Swept) -> dict[str, Any]:
    form: dict[str, Any] = {**_value(run.value, told.sweep.kind)}
    if run.refused is not None:
        return {**form, "refused": run.refused.code, "totals": {}, "units": []}
    form["totals"] = {f.id: _total_json(run.totals[f.id], f.kind) for f in told.figures if f.id in run.totals}
    form["units"] = [
        {
            "kind": r.row.table,
            "unit": r.row.unit,
            "insurance": r.row.insurance,
            "period": str(r.row.period),
            "id": r.id,
            "value": None if r.value.state == "open" else plain(r.value.now, r.kind),
            "state": r.value.state,
        }
        for f in told.figures
        for r in _rows(run, f.id)
    ]
    return form


def _total_json(total: Total, kind: Kind) -> dict[str, Any]:
    return {
        "value": None if total.amount is None else number_text(total.amount, kind),
        "known": number_text(total.known, kind),
        "state": _state(total),
        "rows": total.rows,
        "open": total.open,
    }


def _end_json(end: End, told: Swept, goal: Goal, kind: Kind) -> dict[str, Any]:
    def total(value: Number) -> str | None:
        found = told.sweep.at(value).totals.get(goal.id)
        return None if found is None or found.amount is None else number_text(found.amount, kind)

    at = told.sweep.kind
    return {
        **_value(end.value, at),
        "included": end.reached,
        "is_exact": end.exact,
        "end_of_range": end.beside is None,
        "total": total(end.value),
        "beside": None if end.beside is None else {"exact": str(Fraction(end.beside)), "total": total(end.beside)},
        "writable": None if end.writable is None else {**_value(end.writable, at), "total": total(end.writable)},
    }


def _value(value: Number, kind: Kind) -> dict[str, Any]:
    form: dict[str, Any] = {"value": number_text(value, kind)}
    if (fraction := exactly(value, kind)) is not None:
        form["exact"] = fraction
    return form


def _value_json(value: Number | None, kind: Kind) -> str | None:
    return None if value is None else number_text(value, kind)


def _rows(run: At, id_: str) -> Sequence[FigureResult]:
    return [result for key, result in run.rows.items() if key[-1] == id_]


def _state(total: Total) -> str:
    return "open" if total.open else "assumed" if total.assumed else "stated"


def _total(total: Total | None, kind: Kind, language: Language) -> str:
    if total is None:
        return "—"
    if total.amount is not None:
        return grouped(number_text(total.amount, kind))
    if not total.open:
        return "—"
    known = grouped(number_text(total.known, kind))
    if total.open == total.rows:
        return "未定" if language == "zh" else "open"
    return f"未定（{total.open} 处；{known}）" if language == "zh" else f"open ({total.open}; {known})"


def _amount(result: FigureResult | None, language: Language) -> str:
    if result is None:
        return "—"
    if result.value.state == "open":
        return "未定" if language == "zh" else "open"
    return grouped(str(plain(result.value.now, result.kind)))


def _who(result: FigureResult) -> str:
    row = result.row
    return "·".join(x for x in (row.unit, row.insurance, str(row.period)) if x)


def _word(told: Swept, name: str, language: Language) -> str:
    labels = told.sweep.policy.scheme().labels
    return labels.here(name) if language == "zh" else labels.words(name)


def _money(value: Number, kind: Kind, language: Language) -> str:
    return _english(spoken(value, kind), language)


def _say(value: Number, kind: Kind, language: Language) -> str:
    """A value of the parameter; a ratio to ten decimals of a percent."""
    if kind.base.value == "比率" and kind.per is None:
        text, fraction = ratio_text(Fraction(value) * 100)
        return f"{text.rstrip('0').rstrip('.') if fraction else text}{'…' if fraction else ''}%"
    return _english(spoken(value, kind), language)


def _english(text: str, language: Language) -> str:
    return text if language == "zh" else text.replace(" 元", " yuan").replace(" 个百分点", " percentage points")


def _table(rows: Sequence[Sequence[str]]) -> list[str]:
    """Columns set right, the first left."""
    wide = [max(width(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = []
    for row in rows:
        first = row[0] + " " * (wide[0] - width(row[0]))
        rest = [" " * (w - width(cell)) + cell for cell, w in zip(row[1:], wide[1:], strict=True)]
        lines.append(("  " + "  ".join([first, *rest])).rstrip())
    return lines
