"""A policy as SQL to be read: of two years, the second of which reads the first, for given data or for any."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date

from engine.bulk.fill import fill, flat
from engine.bulk.run import facts_of
from engine.nouns.core import Parameter, Scheme
from engine.nouns.dataset import Dataset
from engine.nouns.periods import Period, periods_of
from engine.nouns.pipeline import Carry, Pipeline
from engine.nouns.possible import Between, Unknown
from engine.nouns.value import Value
from engine.sql.declared import MOST_FEN, MOST_NUMBER, MOST_ROWS, declared, open_parameters
from engine.sql.layout import OPEN, Layout
from engine.sql.program import Program, programmed
from engine.sql.rows import Facts
from engine.sql.scope import Unsayable
from engine.sql.text import text_of_program
from engine.sql.whole import Dialect
from grammar.diagnostic import Finding, FindingsError, Language
from grammar.frozen import dataclass


@dataclass(frozen=True, slots=True)
class Said:
    """What the SQL of a policy was made of."""

    program: Program
    layout: Layout
    pipelines: Mapping[int, Pipeline]


def print_sql(
    pipeline_of: Callable[[date], Pipeline],
    scheme: Scheme,
    dialect: Dialect,
    language: Language,
    year: int | None,
    dataset: Dataset | None,
    *,
    ranges: bool = False,
) -> str:
    """The SQL of the years of the data, or of a year; FindingsError where SQL cannot say a figure.

    ``ranges``: what is open is told as a range, and the year after is said as well where it reads the one before.
    """
    try:
        if dataset is not None:
            said = _of_data(pipeline_of, dialect, dataset)
        else:
            first = year if year is not None else (scheme.start.year if scheme.start is not None else 1)
            said = of_any_data(pipeline_of, scheme, dialect, first, ranges=ranges)
    except Unsayable as unsayable:
        about = {"what": unsayable.figure or scheme.title, "why": unsayable.why}
        raise FindingsError([Finding("R183", None, about)]) from unsayable
    head = _head(scheme, said.pipelines, language, any_data=dataset is None, ranges=ranges)
    return text_of_program(said.program, said.layout, dialect, head, language)


def _of_data(pipeline_of: Callable[[date], Pipeline], dialect: Dialect, dataset: Dataset) -> Said:
    pipelines = {y: pipeline_of(date(y, 1, 1)) for y in dataset.years}
    layout = fill(pipeline_of, dataset).layout
    return Said(programmed(pipelines, layout, facts_of(dataset), dialect), layout, pipelines)


def of_any_data(
    pipeline_of: Callable[[date], Pipeline], scheme: Scheme, dialect: Dialect, first: int, *, ranges: bool
) -> Said:
    """The SQL for what a scheme declares of its data."""
    pipelines = _years(pipeline_of, first) if ranges else {first: pipeline_of(date(first, 1, 1))}
    layout = declared(scheme, pipelines[first], tuple(pipelines), blanks=not ranges)
    parameter = facts_of(_nothing(tuple(pipelines))).parameter
    waiting = None if ranges else open_parameters(scheme, _is_open(parameter, scheme, first), layout)
    if waiting is not None:
        layout = replace(layout, relations={waiting.kind: waiting, **layout.relations})
    facts = Facts(parameter, {}, lambda _kind, _insurance, _year: True, waiting)
    return Said(programmed(pipelines, layout, facts, dialect, whole=False, ranges=ranges), layout, pipelines)


def _years(pipeline_of: Callable[[date], Pipeline], first: int) -> Mapping[int, Pipeline]:
    """The first year, and the next where it reads the one before."""
    pipeline = pipeline_of(date(first, 1, 1))
    reads = any(isinstance(step, Carry) and step.child is None and step.count is not None for step in flat(pipeline))
    years = (first, first + 1) if reads else (first,)
    return {year: pipeline_of(date(year, 1, 1)) for year in years}


def _is_open(
    parameter: Callable[[Parameter, str | None, Period], Value], scheme: Scheme, year: int
) -> Callable[[Parameter], bool]:
    """Whether a parameter has no value of its own somewhere in a year."""
    insurances = (None, *scheme.insurances)

    def is_open(declared: Parameter) -> bool:
        found = (parameter(declared, i, p) for i in insurances for p in periods_of(year, "month"))
        return any(isinstance(x.now, Between | Unknown) for x in found)

    return is_open


def _nothing(years: tuple[int, ...]) -> Dataset:
    return Dataset({}, frozenset(), years, {}, (), "")


def _head(
    scheme: Scheme, pipelines: Mapping[int, Pipeline], language: Language, *, any_data: bool, ranges: bool
) -> list[str]:
    years = "、".join(map(str, pipelines))
    if language == "zh":
        head = [
            f"{scheme.title}（{scheme.id}）：{years} 年",
            "金额以分为单位；比率按列注明的倍数存为整数。每个数旁边是条款。",
        ]
        if any_data:
            given = "；各种表都已交来，没有默认值的数据都已给出" if ranges else ""
            head += [
                f"适用于：金额不超过 {MOST_FEN // 10**10} 亿元，其他数不超过 {MOST_NUMBER // 10**8} 亿，一个单位下不超过 {MOST_ROWS // 10**4} 万行{given}。",
                "有一行 doubt 为真，它所在的最上一级单位上下各行就都不在此列，由逐行计算处理。要看某份数据实际执行的 SQL，加 --data。",
            ]
        if any_data and not ranges:
            head.append(
                f"还待定的、没有这一项的都是 NULL；要看待定的可能范围，加 --ranges。没给的数据填 NULL，一行也没有的表当作没有交来，待定参数填在表 {OPEN} 里。读以前年度结果的，按数据的第一年算。"
            )
        return head
    head = [
        f"{scheme.labels.words(scheme.id)} ({scheme.id}): {years.replace('、', ', ')}",
        "Amounts are in fen; ratios are stored as whole numbers, times what the column says. Beside each figure is its clause.",
    ]
    if any_data:
        head += [
            f"Holds for amounts up to {MOST_FEN // 100:,} yuan, other numbers up to {MOST_NUMBER:,}, up to {MOST_ROWS:,} rows",
            "below a unit, all tables handed in, and data given wherever it has no default."
            if ranges
            else "below a unit.",
            "Where doubt is true of a row, all rows below the same topmost unit are settled row by row. Add --data for the SQL that is run for some data.",
        ]
    if any_data and not ranges:
        head += [
            "What is open or absent is NULL; add --ranges for what may be. Data that is not given is NULL as well, a table without",
            f"rows is not handed in, and what the rule file leaves open is filled in one row of the table {OPEN}.",
            "What reads results of earlier years is worked out as in the first year of the data.",
        ]
    return head
