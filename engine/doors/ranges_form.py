"""What every figure can come to, shown: its range, its sign, and whether 64 bits hold what it is worked out with."""

from fractions import Fraction
from typing import Any

from engine.doors.plan_form import numbered, source_of
from engine.doors.telling import stop
from engine.interpret.bounds import Bound, Bounds, Limits
from engine.load.values import Wrong, parse_value
from engine.nouns import kinds as k
from engine.nouns import possible as p
from engine.nouns.kinds import Kind
from engine.nouns.numbers import round_to
from engine.nouns.pipeline import Allocate, Derive, Pipeline, Step
from engine.nouns.possible import Possible
from engine.nouns.printed import number_text, spoken
from grammar.diagnostic import Language, Words
from grammar.source import source_text

# More people than there are on earth; a count beyond that is none.
_COUNTS_AT_MOST = 10**10
_SIGNS = {
    "=0": Words("为零", "nothing"),
    ">0": Words("为正", "positive"),
    "<0": Words("为负", "negative"),
    "≥0": Words("不为负", "never below nothing"),
    "≤0": Words("不为正", "never above nothing"),
    "±": Words("可正可负", "of either sign"),
}
_FITS = {True: Words("64 位以内", "fits 64 bits"), False: Words("超出或未证 64 位", "not proved to fit 64 bits")}


def limits_of(money: str | None, rows: int | None, language: Language) -> Limits:
    """The sizes that the command line takes for granted."""
    if money is None:
        return Limits(rows=rows)
    value = parse_value(money, k.MONEY, "元")
    if isinstance(value, Wrong) or not isinstance(value, int) or value <= 0:
        stop(
            f"最大的金额写成 10000000000000 或 100000亿元，而不是 {money}"
            if language == "zh"
            else f"write the largest amount as 10000000000000 or 100000亿元, not {money}"
        )
    return Limits(value, _COUNTS_AT_MOST, rows)


def ranges_text(pipeline: Pipeline, known: Bounds, language: Language, *, told_sizes: bool) -> str:
    """One line a figure, under its stage; with sizes also the expressions that 64 bits do not hold."""
    zh = language == "zh"
    labels = pipeline.scheme.labels
    lines = [pipeline.scheme.title if zh else pipeline.scheme.id]
    stage: str | None = ""
    for (step, here), (_, told) in zip(numbered(pipeline), known.steps, strict=True):
        own = [_line(pipeline, known, figure, language, told_sizes=told_sizes) for figure in _figures(step)]
        if told_sizes:
            wide = [node for node, bound in told if bound.form is not None and not bound.form.fits]
            texts = dict.fromkeys(" ".join(source_text(node.span).split()) for node in wide)
            own.extend(f"      {_FITS[False].say(language)}：{text}" for text in texts)
        if own and here != stage:
            stage = here
            last = "最后校核" if zh else "checks at the end"
            lines.append(f"\n{last if here is None else here if zh else labels.words(here)}")
        lines.extend(own)
    return "\n".join(lines) + "\n"


def _line(
    pipeline: Pipeline, known: Bounds, figure: tuple[str, str, Kind], language: Language, *, told_sizes: bool
) -> str:
    table, column, kind = figure
    labels = pipeline.scheme.labels
    bound = known.columns[table, column]
    fits = f"　{_fits(bound).say(language)}" if told_sizes and kind.is_number else ""
    name = f"{table}　{column}" if language == "zh" else f"{labels.id(table)}  {labels.id(column, table)}"
    return f"  {name}　{range_words(bound.value, kind, language)}{fits}"


def ranges_json(pipeline: Pipeline, known: Bounds, *, told_sizes: bool) -> dict[str, Any]:
    """Every step with what it makes and the expressions it is made of, each with its range and sign."""
    steps = []
    for (step, stage), (_, told) in zip(numbered(pipeline), known.steps, strict=True):
        made = [
            {"table": table, "column": column, "id": pipeline.scheme.labels.id(column, table)}
            | _json(known.columns[table, column], kind, told_sizes=told_sizes)
            for table, column, kind in _figures(step)
        ]
        expressions = [
            {"text": source_of(node), "line": node.span.line} | _json(bound, node.kind, told_sizes=told_sizes)
            for node, bound in told
        ]
        steps.append({"stage": stage, "table": step.table, "figures": made, "expressions": expressions})
    return {"scheme": pipeline.scheme.id, "steps": steps}


def range_words(value: Possible, kind: Kind, language: Language) -> str:
    """A range with its sign: ``0.00 元 至 —　不为负``."""
    if not kind.is_number:
        return spoken(value, kind) if isinstance(value, bool) else "—"
    value = _cut(value)
    text = spoken(value, kind).replace(" 至 ", " 至 " if language == "zh" else " to ")
    return f"{text}　{_SIGNS[sign_of(value)].say(language)}"


def sign_of(value: Possible) -> str:
    """The sign that every value of a range has."""
    low, high = p.ends(p.number(value))
    if low is not None and low >= 0:
        return "=0" if high == 0 else ">0" if low > 0 else "≥0"
    if high is not None and high <= 0:
        return "<0" if high < 0 else "≤0"
    return "±"


def _figures(step: Step) -> list[tuple[str, str, Kind]]:
    match step:
        case Derive(figure=figure):
            return [(step.table, step.column, step.kind)] if figure.sort != "met" else []
        case Allocate(receivers=receivers, left=left):
            parts = [(table, step.column, step.kind) for table in receivers]
            return [*parts, (step.table, left, step.kind)] if left is not None else parts
        case _:
            return []


def _json(bound: Bound, kind: Kind, *, told_sizes: bool) -> dict[str, Any]:
    if not kind.is_number:
        return {"low": None, "high": None, "sign": None} | ({"fits_64_bits": None} if told_sizes else {})
    low, high = p.ends(p.number(_cut(bound.value)))
    ends = {name: None if x is None else number_text(x, kind) for name, x in (("low", low), ("high", high))}
    sizes = {"fits_64_bits": bound.form.fits if bound.form is not None else None} if told_sizes else {}
    return {**ends, "sign": sign_of(bound.value)} | sizes


def _fits(bound: Bound) -> Words:
    return _FITS[bound.form is not None and bound.form.fits]


def _cut(value: Possible) -> Possible:
    """A range with ends that can be printed, never narrower than it is."""
    low, high = p.ends(p.number(value))
    return p.between(
        None if low is None else -round_to(-low, _FINEST, "up") if low < 0 else round_to(low, _FINEST, "down"),
        None if high is None else round_to(high, _FINEST, "up") if high > 0 else -round_to(-high, _FINEST, "down"),
    )


_FINEST = Fraction(1, 10**12)
