"""Every construct the documents need has a page on each floor it passes through."""

import re
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

PAGES = Path(__file__).parent / "stages"


class Construct(NamedTuple):
    """What the documents need, by what words of the rules it is known, and the floors it passes through.

    ``figures`` is what a page of the settlement must have besides: the construct as documents use it.
    """

    name: str
    words: tuple[str, ...]
    floors: str
    figures: tuple[str, ...] = ()


# What a text is parsed and printed to is one floor, for every page of it goes through both.
ALL = "grammar check compile settle reason"
# What leaves no step of its own, or shows no number of its own, is not among pipelines or reasons.
DECLARED = "grammar check settle"

CONSTRUCTS = {
    "C1": Construct("a parameter in four states", ("参数 .+ = ", "转引 《", "未定", "不适用"), DECLARED),
    "C2": Construct(
        "months, quarters, half-years, earlier years", (r"按 (月|季|半年)|前\d年",), ALL, ("按 季", "按 半年")
    ),
    "C3": Construct("values of one insurance type", (r"\n +险种 职工: ", "分别核算"), ALL, ("合并核算",)),
    "C4": Construct("kinds, groups, a lead", ("主体 .+ 包括 ",), ALL, ("唯一 成员单位.+ 是否牵头", "终止日期: ")),
    "C5": Construct("a filter on rows", ("合计 .+ 其中 ",), ALL, ("支付方 不是 「大病保险」",)),
    "C6": Construct("deductions, each a share of a base it names", (r"\w - .*\w",), ALL, (r"- \w+ 的 \w+ - ",)),
    "C7": Construct(
        "sums and means of earlier years", (r"(合计|平均) 前\d年 ",), ALL, ("前3年 历史", r"÷ 合计 前3年 ")
    ),
    "C8": Construct("growth under a cap", (", 最高 ", ", 最低 "), ALL, (r"增长率 = .+, 最高 县\.\w+, 最低 0%",)),
    "C9": Construct(
        "an amount shared by weight", ("分配 .+ 按 .+",), ALL, ("余数大者", r"的 55% \+ .+ 的 45%", "- 单列")
    ),
    "C10": Construct("an agreed figure over the one worked out", ("已填 ", "未填时"), ALL, ("除非 已填 协商确定额",)),
    "C11": Construct("a multiplier of open strength", ("参数 .+, 未定", " × "), ALL, (r"× \(1 \+ 中医倾斜\)",)),
    "C12": Construct("an advance", ("除非 ", " ÷ "), ALL, ("预付月数", "除非 预付未还", "应得 - 预付金")),
    "C13": Construct(
        "what a month pays and what it puts off", ("上月 ", "月度"), ALL, ("待付额, 最高 可用限额", "正负金额")
    ),
    "C14": Construct("a deposit", ("拆分 ",), ALL, ("当月扣留 = 余下", "年度保证金 = 余下 的 5%")),
    "C15": Construct(
        "a score of parts, overridden and ranked", ("排名 ", "得分"), ALL, (r"的 35% \+", "除非 造假: 0分")
    ),
    "C16": Construct("a score curve", ("得分 定档",), ALL, (r"85分 - 得分\) × 2%/分", "进位 到 1分", ", 到 1分")),
    "C17": Construct("a balance with a sign", ("最低 0元",), ALL, ("结余或超支 = ", "-结余或超支, 最低 0元")),
    "C18": Construct("marginal and whole bands", ("分段, 以 .+ 为基数", "定档:"), ALL, ("10元/人",)),
    "C19": Construct("two caps with named bases", (", 最高 ", r"的 \d+%"), ALL, (r"的 \d+%, 最高 \w+ 的 \d+%",)),
    "C20": Construct("a ceiling in place of a rate", (r"比率, 不超过 \d+%, 未定",), ALL),
    "C21": Construct(
        "what is carried into the next year", ("上年 .*期初用",), ALL, ("当年应付 = .+上年", "当年预算 = .+上年")
    ),
    "C22": Construct("payers in turn", ("拆分 ", "余下 的 "), ALL, ("储备金承担 = 余下, 最高 储备额",)),
    "C23": Construct("equal parts and a spare fen", ("平均分, 记为", "名录在前者"), ALL, ("池差额",)),
    "C24": Construct("an event that switches a rule off", ("事项 ", "除非 "), ALL, ("须附 ",)),
    "C25": Construct("only the part an event caused", (r"不超过 \w*(超支|多用|节余)",), "grammar check compile settle"),
    "C26": Construct(
        "a claw-back above a limit", ("最低 0个百分点",), "grammar compile settle reason", ("自费比例上限",)
    ),
    "C27": Construct("change against last year", ("上年 ",), ALL, (r"- 上年 异地占比, 最低 0个百分点",)),
    "C28": Construct(
        "an indicator with a target", ("指标 .+ 目标 .+ 后果 ",), ALL, ("后果 无", "后果 影响金额", " 达标: ")
    ),
    "C29": Construct("a gate", ("准入 ",), ALL, ("全部满足, 不满足时 不结算", "任一满足", "须附 ")),
    "C30": Construct(
        "rows linked into episodes",
        ("合并自",),
        ALL,
        ("不超过 10日", "不满 10日", "除非 等级 不超过 上笔 等级", "最大 明细", "转诊间隔: 数量, .*未定", "年度: 2027"),
    ),
    "C31": Construct("a point value for all", ("到 0.0001元/分",), "grammar compile settle", (r"÷ 合计 .+总点数",)),
    "C32": Construct("an order of rules", ("先于 ",), ALL),
    "C33": Construct("another reading", ("另解 ", "理由 「"), "grammar check compile settle"),
    "C34": Construct("an assumption apart from what is stated", ("情景 ",), DECLARED, (", 假设 0%", "\n假设: {")),
    "C35": Construct("clauses cited", ("依据 ",), ALL),
    "C36": Construct("from when a text holds", ("施行 ", "修订 "), DECLARED),
    "C37": Construct("what money may be spent on", ("用途 .+ 限于 ",), "grammar check compile settle"),
    "C38": Construct(
        "where and how is rounded", ("不取整", "(舍去|进位) 到 "), "grammar compile settle", ("余分 归 「", "四舍六入")
    ),
}
FLOORS = {"grammar": ("parse", "print")}


def test_the_table_has_every_construct() -> None:
    assert list(CONSTRUCTS) == [f"C{number}" for number in range(1, 39)]


@pytest.mark.parametrize(
    ("number", "floor"), [(number, floor) for number, of in CONSTRUCTS.items() for floor in of.floors.split()]
)
def test_a_construct_has_a_page_on_every_floor_it_passes_through(number: str, floor: str) -> None:
    construct = CONSTRUCTS[number]
    given = [case.partition("```result")[0] for case in _cases(floor)]
    for mark in (*construct.words, *(construct.figures if floor == "settle" else ())):
        assert any(re.search(mark, text) for text in given), f"{construct.name}: no page of {floor} has {mark}"


@cache
def _cases(floor: str) -> tuple[str, ...]:
    """What goes in and what comes of it, case by case, on every page of a floor."""
    found: list[str] = []
    for folder in FLOORS.get(floor, (floor,)):
        for page in sorted((PAGES / folder).glob("*.md")):
            found += re.split(r"(?m)^## ", page.read_text(encoding="utf-8"))[1:]
    return tuple(found)
