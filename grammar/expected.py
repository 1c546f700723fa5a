"""What could stand at a place, in words, and the word that is meant by another."""

from collections.abc import Iterable

from grammar.diagnostic import Words
from grammar.keywords import keywords

_AMOUNT = frozenset({"NAME", "QUANTITY", "LPAR", "MINUS", "AGGREGATE", "OWNER"})


_VALUE = _AMOUNT | {
    "STRING",
    "DATE",
    "DAY_OF",
    "YES",
    "NO",
    "REMAINING",
    "AS_GIVEN",
    "PREVIOUS",
    "RANK",
    "FILLED",
    "NOT",
}


_SIGNS = frozenset({"PLUS", "MINUS", "TIMES", "DIVIDE", "OF", "DOT", "MET"})


COMPARISONS = frozenset({"OVER", "UP_TO", "FROM", "BELOW", "IS", "IS_NOT", "IN", "NOT_IN", "AND", "OR"})


def said(expected: frozenset[str]) -> Words:
    """What could follow, in words: values, operators and comparisons told as groups."""
    left = set(expected)
    zh: list[str] = []
    en: list[str] = []
    for group, words in (
        (_VALUE if left >= _AMOUNT else frozenset(), Words("一个数或式子", "a value")),
        (_SIGNS if left >= {"PLUS", "TIMES"} else frozenset(), Words("运算符", "an operator")),
        (COMPARISONS if left >= {"OVER", "UP_TO"} else frozenset(), Words("比较", "a comparison")),
    ):
        if group:
            left -= group
            zh.append(words.zh)
            en.append(words.en)
    for terminal in (*keywords(), *_LITERAL_WORDS):
        if terminal in left:
            words = _LITERAL_WORDS.get(terminal) or Words(
                *(" / ".join(f"`{text}`" for text in keywords()[terminal].words(each)) for each in ("zh", "en"))
            )
            zh.append(words.zh)
            en.append(words.en)
    return Words("、".join(zh), ", ".join(en))


_LITERAL_WORDS = {
    "NAME": Words("名称", "a name"), "QUANTITY": Words("数", "a number"),
    "STRING": Words("「文字」", "a 「text」"),
    "DOCTITLE": Words("《文件》", "a 《document》"),
    "LOCATOR": Words("条款", "a clause"), "REST": Words("文字", "text"),
    "DATE": Words("日期", "a date"), "YEAR": Words("年度", "a year"),
    "COLON": Words("`:`", "`:`"), "EQUALS": Words("`=`", "`=`"),
    "SEP": Words("`,` 或 `、`", "`,`"),
    "LBRACE": Words("`{`", "`{`"), "RBRACE": Words("`}`", "`}`"), "LPAR": Words("`(`", "`(`"),
    "RPAR": Words("`)`", "`)`"),
    "BAR": Words("`|`", "`|`"), "DOT": Words("`.`", "`.`"),
}  # fmt: skip


def nearest(text: str, words: Iterable[str]) -> str | None:
    """The word that is a slip away from a text, two for a longer one; of two letters, the first must be right."""
    most = 1 if len(text) < _LONG else 2
    near = [(_slips(text, each), each) for each in words if len(each) > _SHORT or each[0] == text[0]]
    slips, word = min(near, default=(most + 1, ""))
    return word if slips <= most else None


_SHORT, _LONG = 2, 4


def _slips(one: str, other: str) -> int:
    """The least number of letters put in, left out or changed between two words."""
    row = list(range(len(other) + 1))
    for i, a in enumerate(one, 1):
        before, row[0] = row[0], i
        for j, b in enumerate(other, 1):
            before, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, before + (a != b))
    return row[-1]
