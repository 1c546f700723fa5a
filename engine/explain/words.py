"""An executed expression in words, with the numbers put in: what each name was worth on the row."""

import re
from collections.abc import Callable

from engine.nouns import core as c
from engine.nouns import kinds as k
from engine.nouns.core import Core, NoFigure, Scheme
from engine.nouns.kinds import Kind
from engine.nouns.numbers import Number
from engine.nouns.operators import OPERATORS
from engine.nouns.pipeline import GIVEN, MET
from engine.nouns.possible import Possible, is_point
from engine.nouns.printed import spoken
from engine.nouns.value import Value
from engine.nouns.world import Row
from grammar.diagnostic import Language
from grammar.frozen import dataclass

# How tightly each operator binds; a looser one inside a tighter one is put in brackets.
_BINDS = {
    "or": 1, "and": 2, "not": 3, "most": 5, "least": 5, "add": 6, "subtract": 6, "multiply": 7, "divide": 7, "part": 8,
    "negate": 9,
}  # fmt: skip
_PREFIXES = {
    "已填 上年 ": "there is last year's ",
    "合计 ": "sum of ", "平均 ": "mean of ", "最大 ": "largest ", "最小 ": "smallest ", "个数 ": "count of ",
    "唯一 ": "the one ", "上年 ": "last year's ", "上月 ": "last month's ", "上季 ": "last quarter's ",
    "上半年 ": "last half-year's ", "排名 ": "rank of ",
}  # fmt: skip
# Periods as they stand before the name of what is missing of them.
_BEFORE = {
    "上半年": ("上半年的", "last half-year's "), "上年": ("上年的", "last year's "), "上季": ("上季的", "last quarter's "),
    "上月": ("上月的", "last month's "),
}  # fmt: skip
_AGAIN = re.compile(r" \(\d+\)$")


def of_before(scheme: Scheme, name: str) -> tuple[str, str, str] | None:
    """What a missing name says of an earlier period, in Chinese and English, and the name it says it of."""
    known = {n for _, n in (*scheme.inputs, *scheme.figures)}
    if name in known or name in scheme.parameters:
        return None
    found = ((*said, name.removeprefix(word)) for word, said in _BEFORE.items() if name.startswith(word))
    return next((each for each in found if each[2] in known), None)


@dataclass(frozen=True, slots=True)
class Speaker:
    """Says expressions of one row in one language; ``value_of`` gives what an expression came to there."""

    scheme: Scheme
    row: Row
    language: Language
    value_of: Callable[[Core], Value]

    def say(self, node: Core, outer: int = 0) -> str:
        """The expression in words; amounts stand beside the names they belong to."""
        match node:
            case c.Constant(value=value, kind=kind):
                return self.number(value, kind)
            case c.Read(column=column) | c.ReadParameter(name=column):
                return self.named(column, node)
            case c.LeftOut(read=read):
                return self.say(read, outer)
            case c.Given(column=column):
                return f"{self._pick('已填', 'given')} {self.name(column)}"
            case c.Round(value=value):
                return self.say(value, outer)
            case c.Choose():
                return self._choice(node)
            case c.Apply():
                return self._applied(node, outer)
            case _:
                raise AssertionError(node)

    def named(self, column: str, node: Core) -> str:
        """A name with its amount: ``结余 4,200,000.00 元``; a yes/no stands alone."""
        value = self.value_of(node)
        name = self.name(column)
        if node.kind.base is k.Base.YES_NO:
            return name
        if not is_point(value.now):
            return f"{name}{self._pick('（未定）', ' (open)')}"
        if self.row.decided.get(column) == ():
            return self._pick(
                f"{name}（没有上期的数，用期初值） ", f"{name} (no earlier figure; the opening value) "
            ) + self.number(value.now, node.kind)
        return f"{name} {self.number(value.now, node.kind)}"

    def name(self, column: str) -> str:
        """A name as the document calls it, or in English; helper columns say what they hold."""
        if column.endswith(MET):
            name = self.name(column.removesuffix(MET))
            return self._pick(f"{name} 达标", f"the target of {name} met")
        given = column.startswith(GIVEN)
        # A second column of one name reads the same with another opening value.
        column = _AGAIN.sub("", column.removeprefix(GIVEN))
        if self.language == "zh":
            return f"填报的{column}" if given else self.scheme.labels.here(column)
        for word, english in _PREFIXES.items():
            if column.startswith(word):
                rest = column.removeprefix(word).partition(" 其中 ")[0]
                table, _, name = rest.rpartition(".")
                return english + self.scheme.labels.words(name or rest, table or None)
        if (before := of_before(self.scheme, column)) is not None:
            return before[1] + self.scheme.labels.words(before[2], self.row.table)
        table, _, name = column.rpartition(".")
        words = self.scheme.labels.words(name, table or self.row.table)
        return f"{words} as given" if given else words

    def number(self, value: Possible, kind: Kind) -> str:
        """A value with its unit in the language of the sentence."""
        text = spoken(value, kind)
        if self.language == "en":
            for zh, en in _UNIT_WORDS:
                text = text.replace(zh, en)
            if kind.base is k.Base.CHOICE:
                text = self.scheme.labels.words(text)
        return text

    def bound(self, node: Core) -> str:
        """A target without what is held against it: ``不超过 12%``."""
        match node:
            case c.Apply(operator="and", args=(left, right)):
                return f"{self.bound(left)}{self._pick('，', ', ')}{self.bound(right)}"
            case c.Apply(operator=operator, args=(_, limit)):
                return f"{OPERATORS[operator].words.say(self.language)} {self.say(limit)}"
            case _:
                return self.say(node)

    def rounding(self, mode: c.Mode, step: Number, kind: Kind) -> str:
        """How a figure is rounded, where its clause says so: ``舍去到 1.00 元``."""
        word = _MODES[mode][self.language == "en"]
        return f"{word} {self.number(step, kind)}"

    def _pick(self, zh: str, en: str) -> str:
        return zh if self.language == "zh" else en

    def _choice(self, node: c.Choose) -> str:
        for branch in node.branches:
            if self.value_of(branch.condition).now is True:
                value = branch.value
                said = self._pick("无", "none") if isinstance(value, NoFigure) else self.say(value)
                condition = self.say(branch.condition)
                return self._pick(f"{condition}，取 {said}", f"{condition}: {said}")
        if node.otherwise is None or isinstance(node.otherwise, NoFigure):
            return self._pick("无", "none")
        return self.say(node.otherwise)

    def _applied(self, node: c.Apply, outer: int) -> str:
        operator, args = node.operator, node.args
        for arg, other in zip(args, reversed(args), strict=True):
            if isinstance(arg, c.LeftOut) and self.value_of(arg.read).state == "open":
                label = self.name(arg.read.column if isinstance(arg.read, c.Read) else _parameter_name(arg.read))
                return self.say(other, outer) + self._pick(f"（{label}暂不计）", f" ({label} left out)")
        binds = _BINDS.get(operator, 4)
        match operator:
            case "slice" | "slice_above":
                bounds = self._pick(" 至 ", " to ").join(self.say(arg) for arg in args[1:])
                subject = self.say(args[0])
                if operator == "slice":
                    return self._pick(f"{subject} 落在 {bounds} 的部分", f"the part of {subject} between {bounds}")
                return self._pick(f"{subject} 超过 {bounds} 的部分", f"the part of {subject} over {bounds}")
            case "negate":
                inner = self.say(args[0], binds)
                return self._pick(f"{inner} 的相反数", f"{inner} with its sign turned")
            case "not":
                return f"{OPERATORS['not'].words.say(self.language)} {self.say(args[0], binds)}"
            case "in" | "not_in":
                options = self._pick("、", ", ").join(self.say(arg) for arg in args[1:])
                return f"{self.say(args[0])} {OPERATORS[operator].words.say(self.language)} {options}"
            case "day":
                return self.number(self.value_of(node).now, node.kind)
            case "most" | "least":
                comma = self._pick("，", ", ")
                word = OPERATORS[operator].words.say(self.language)
                said = f"{self.say(args[0], binds)}{comma}{word} {self.say(args[1], binds + 1)}"
            case _:
                word = OPERATORS[operator].words.say(self.language)
                said = f"{self.say(args[0], binds)} {word} {self.say(args[1], binds + 1)}"
        return self._pick(f"（{said}）", f"({said})") if outer > binds else said


_MODES: dict[c.Mode, tuple[str, str]] = {
    "half_up": ("四舍五入到", "rounded to the nearest"),
    "up": ("进位到", "rounded up to the nearest"),
    "down": ("舍去到", "rounded down to the nearest"),
    "half_even": ("四舍六入到", "rounded half even to the nearest"),
}


def _parameter_name(node: Core) -> str:
    assert isinstance(node, c.ReadParameter)
    return node.name


_UNIT_WORDS = (
    (" 个百分点", " percentage points"), (" 元", " yuan"), (" 人次", " visits"), (" 床日", " bed days"), (" 人", " persons"),
    (" 分", " points"), ("是", "yes"), ("否", "no"), (" 至 ", " to "),
)  # fmt: skip
