"""A policy as SQL to be read: of two years, the second of which reads the first, for given data or for any."""

from collections.abc import Callable, Mapping
from datetime import date

from engine.bulk.fill import fill, flat
from engine.bulk.run import facts_of
from engine.nouns.core import Scheme
from engine.nouns.dataset import Dataset
from engine.nouns.pipeline import Carry, Pipeline
from engine.sql.declared import MOST_FEN, MOST_NUMBER, MOST_ROWS, declared
from engine.sql.program import programmed
from engine.sql.rows import Facts
from engine.sql.scope import Unsayable
from engine.sql.text import text_of_program
from engine.sql.whole import Dialect
from grammar.diagnostic import Finding, FindingsError, Language


def print_sql(
    pipeline_of: Callable[[date], Pipeline],
    scheme: Scheme,
    dialect: Dialect,
    language: Language,
    year: int | None,
    dataset: Dataset | None,
) -> str:
    """The SQL of the years of the data, or from a year on; FindingsError where SQL cannot say a figure."""
    try:
        if dataset is not None:
            pipelines: Mapping[int, Pipeline] = {y: pipeline_of(date(y, 1, 1)) for y in dataset.years}
            layout = fill(pipeline_of, dataset).layout
            facts = facts_of(dataset)
        else:
            first = year if year is not None else (scheme.start.year if scheme.start is not None else 1)
            pipelines = _years(pipeline_of, first)
            layout = declared(scheme, pipelines[first], tuple(pipelines))
            facts = Facts(facts_of(_nothing(tuple(pipelines))).parameter, {}, lambda _kind, _insurance, _year: True)
        program = programmed(pipelines, layout, facts, dialect, whole=dataset is not None)
    except Unsayable as unsayable:
        about = {"what": unsayable.figure or scheme.title, "why": unsayable.why}
        raise FindingsError([Finding("R183", None, about)]) from unsayable
    return text_of_program(
        program, layout, dialect, _head(scheme, pipelines, language, any_data=dataset is None), language
    )


def _years(pipeline_of: Callable[[date], Pipeline], first: int) -> Mapping[int, Pipeline]:
    """The first year, and the next where it reads the one before."""
    pipeline = pipeline_of(date(first, 1, 1))
    reads = any(isinstance(step, Carry) and step.child is None and step.count is not None for step in flat(pipeline))
    years = (first, first + 1) if reads else (first,)
    return {year: pipeline_of(date(year, 1, 1)) for year in years}


def _nothing(years: tuple[int, ...]) -> Dataset:
    return Dataset({}, frozenset(), years, {}, (), "")


def _head(scheme: Scheme, pipelines: Mapping[int, Pipeline], language: Language, *, any_data: bool) -> list[str]:
    years = "、".join(map(str, pipelines))
    if language == "zh":
        head = [
            f"{scheme.title}（{scheme.id}）：{years} 年",
            "金额以分为单位；比率按列注明的倍数存为整数。每个数旁边是条款。",
        ]
        if any_data:
            head += [
                f"适用于：金额不超过 {MOST_FEN // 10**10} 亿元，其他数不超过 {MOST_NUMBER // 10**8} 亿，一个单位下不超过 {MOST_ROWS // 10**4} 万行；没有默认值的数据都已给出。",
                "doubt 为真的行不在此列，由逐行计算处理。要看某份数据实际执行的 SQL，加 --data。",
            ]
        return head
    head = [
        f"{scheme.labels.words(scheme.id)} ({scheme.id}): {years.replace('、', ', ')}",
        "Amounts are in fen; ratios are stored as whole numbers, times what the column says. Beside each figure is its clause.",
    ]
    if any_data:
        head += [
            f"Holds for amounts up to {MOST_FEN // 100:,} yuan, other numbers up to {MOST_NUMBER:,}, up to {MOST_ROWS:,} rows",
            "below a unit, and data given wherever it has no default.",
            "Rows whose doubt is true are settled row by row. Add --data for the SQL that is run for some data.",
        ]
    return head
