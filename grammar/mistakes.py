"""Mistakes that are common in rule files: the question that finds each, its code, and examples that a test reads."""

from collections.abc import Callable

from grammar import mistakes_in_signs as signs
from grammar import mistakes_in_words as words
from grammar.diagnostic import Finding
from grammar.faults import Fault
from grammar.frozen import dataclass


@dataclass(frozen=True, slots=True)
class Mistake:
    """A mistake; ``zh`` and ``en`` are lines with it, as they may stand under ``对 甲:``, or whole files."""

    code: str
    question: Callable[[Fault], Finding | None]
    zh: tuple[str, ...]
    en: tuple[str, ...] = ()


def explained(fault: Fault) -> Finding:
    """The finding for a place where reading stopped: of the first mistake that it is."""
    for mistake in MISTAKES:
        found = mistake.question(fault)
        if found is not None:
            return found
    return words.unexpected(fault)


_ZH = "方案 x 「t」\n"
_EN = "scheme x 「t」\n"

# The order matters: what is certain stands before what is likely.
MISTAKES = (
    Mistake(
        "P113",
        signs.too_big,
        ("用途 甲 限于 " + "「乙」、" * 3000 + "「丙」",),
        ("uses a limited to " + "「b」, " * 3000 + "「c」",),
    ),
    Mistake("P105", signs.too_big, ("甲 = " + "(" * 400,), ("a = " + "- " * 400,)),
    Mistake("P110", words.foreign_letter_in_name, ("甲 = 乙 аbc", "甲 = 乙 + β"), ("а = b", "a = b c①")),
    Mistake(
        "P131",
        signs.bracket_left_open,
        (
            "甲 = (乙 + 丙   依据 三(一)",
            "甲 = (乙 + 丙\n    丁 = 戊",
            "甲 = ((乙 + 丙) × 丁",
            "甲 除非 乙 属于 {丙、丁: 0元",
        ),
        ("a = (b + c  per 三(一)", "a = (b + c", "a unless b in {c, d: 0 yuan"),
    ),
    Mistake("P132", signs.bracket_not_opened, ("甲 = 乙 + 丙)", "甲 = (乙 + 丙}"), ("a = b)",)),
    Mistake(
        "P133",
        signs.text_left_open,
        ("甲 除非 乙 是 「丙: 0元", _ZH + "参数 甲: 比率, 转引 《某办法   依据 三"),
        ("a unless b is 「c: 0 yuan", _EN + "parameter a: ratio, referred to 《b"),
    ),
    Mistake(
        "P134",
        signs.other_quotes,
        ('甲 除非 乙 是 "丙": 0元', "甲 除非 乙 是 ‘丙’: 0元", "甲 = 乙\n      理由 '丙'"),
        ('a unless b is "c": 0 yuan',),
    ),
    Mistake("P143", signs.currency, ("甲 = ¥100", "甲 = 乙, 最高 ￥12,000.5"), ("a = $100",)),
    Mistake(
        "P155",
        signs.operator,
        (
            "甲 == 乙",
            "甲 除非 乙 != 丙: 0元",
            "甲 除非 乙 && 丙: 0元",
            "甲 = 乙 ** 2",
            "甲 := 乙",
            "甲 除非 乙 => 3元: 0元",
        ),
        ("a == b", "a unless b && c: 0 yuan", "a unless !b: 0 yuan", "a = b ^ 2"),
    ),
    Mistake(
        "P156",
        signs.date,
        (
            "方案 x 「t」\n  施行 2026年1月1日 起",
            "方案 x 「t」\n  施行 2026-1-1 起",
            "方案 x 「t」\n  施行 2026/01/01 起",
            "方案 x 「t」\n  施行 2026 起",
            _ZH + "参数 甲: 比率\n  2027年 起: 3%",
            "甲 除非 乙 早于 2026年3月1日: 0元",
        ),
        ("scheme x 「t」\n  effective 2026/1/1 onward", "scheme x 「t」\n  effective 2026 onward"),
    ),
    Mistake(
        "P145",
        signs.number,
        (
            "甲 = 1e5",
            "甲 = 1_000",
            "甲 = 3.",
            "甲 = .5",
            "甲 = 12,00元",
            "甲 = 007",
            "甲 = 1.2.3",
            "甲 = 乙, 最高 1.5E+3元",
        ),
        ("a = 1e5 yuan", "a = 1_000 yuan", "a = 3. yuan"),
    ),
    Mistake("P145", signs.letters_in_number, ("甲 = 乙, 最高 3O元", "甲 = 乙 × 3 0%", "甲 = 乙, 舍去 到 1(元)")),
    Mistake("P153", words.locator, ("甲 = 乙 依据", "甲 = 乙   依据 # 待补", "甲 = 乙   依据 三 先于"), ("a = b per",)),
    Mistake(
        "P146",
        words.other_language,
        ("甲 unless 停业: 0元", "split 结余:", "甲 = 乙, at most 3元", _ZH + "parameter 甲 = 3%"),
        ("a = b, 最高 3 yuan", "拆分 a:", "a 除非 b: 0 yuan"),
    ),
    Mistake(
        "P159",
        words.misplaced,
        ("参数 甲 = 3", "理由 「甲」", _ZH + "拆分 甲:", _ZH + "施行 2026-01-01 起", "环节 乙"),
        ("parameter a = 3", _EN + "split a:"),
    ),
    Mistake(
        "P147",
        words.everyday,
        (
            "甲 除非 乙 大于 3元: 0元",
            "甲 = 乙, 不高于 3元",
            "甲 = 乙   根据 三",
            "甲 = 乙 x 丙",
            "甲 除非 乙 并且 丙: 0元",
        ),
    ),
    Mistake("P154", words.glued_here, ("甲 除非乙: 0元", _ZH + "参数甲 = 3%")),
    Mistake("P147", words.opening_word, ("折分 结余:\n      甲 = 余下", "分派 甲 给 乙 平均分, 记为 丙")),
    Mistake("P154", words.glued, ("甲 = 节约额的 45%", "甲 除非 结余超过 0元: 0元")),
    Mistake(
        "P147",
        words.half_keyword,
        ("甲 除 停业: 0元", "甲 = 乙, 最 3元", "甲 = 乙, 四舍 到 1元", _ZH + "参量 甲 = 3%"),
        ("a unles b: 0 yuan", _EN + "paramter a = 3%"),
    ),
    Mistake("P144", signs.unit, ("甲 = 3箱", "甲 = 乙, 最高 12 元钱", "甲 = 3圆"), ("a = 3 yuans", "a = 3 boxes")),
    Mistake(
        "P158",
        words.text,
        ("甲 = 乙\n      理由 基数是预算", "用途 甲 限于 人才培养"),
        ("a = b\n      because it is so",),
    ),
    Mistake("P159", words.figure_outside, (_ZH + "甲 = 乙 + 丙",), (_EN + "a = b + c",)),
    Mistake(
        "P151",
        words.keyword_as_name,
        ("用途 限于 「甲」", "甲 = 除非 乙 + 丙"),
        ("uses limited to 「a」", "a = unless b"),
    ),
    Mistake(
        "P141",
        words.colon,
        (
            "甲 除非 停业 0元",
            "拆分 结余\n      甲 = 余下",
            "甲 按 乙 定档 依据 三\n      其余: 0元",
            "甲 按 情形:\n      乙 3元",
        ),
        ("a unless b 0 yuan", "split a\n      b = remaining"),
    ),
    Mistake(
        "P142", words.equals, ("甲 乙 + 丙", _ZH + "参数 甲 30%", _ZH + "译名\n  甲 a"), (_EN + "parameter a 30%",)
    ),
    Mistake("P152", words.first_word, (_ZH + "随便写写", "3元"), (_EN + "whatever", "3 yuan")),
    Mistake("P112", signs.character, ("甲 = 乙；", "甲 = [乙 + 丙]", "甲 = 乙·丙", "甲 = ⼈均"), ("a = b;", "a = [b]")),
    Mistake(
        "P164",
        words.unfinished,
        ("甲 =", "甲 = 乙 +", "甲 = 乙,", "分配 甲 给 乙", _ZH + "参数 甲 = 3%,"),
        ("a =", "a = b at", _EN + "event"),
    ),
    Mistake("P161", words.chained, ("甲 除非 乙 超过 1元 超过 2元: 0元", "甲 = 乙 = 丙 = 丁"), ("a = b = c = d",)),
    Mistake("P160", words.too_much, ("甲 = 乙 「丙」", "甲 = 乙 依据 三 理由 「丁」"), ("a = b 「c」",)),
    Mistake("P147", words.half_keyword_before, ("甲 按 情况:\n      其余: 0元",)),
)
