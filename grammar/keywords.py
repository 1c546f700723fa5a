"""The words of the language: keywords, units and reserved names in both spellings, from keywords.tsv and units.tsv."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path

from grammar.diagnostic import Language
from grammar.frozen import dataclass


@dataclass(frozen=True, slots=True)
class Keyword:
    """A terminal of policy.lark and its words: ``zh[i]`` and ``en[i]`` say the same."""

    terminal: str
    zh: tuple[str, ...]
    en: tuple[str, ...]

    def words(self, language: Language) -> tuple[str, ...]:
        """The words of one language."""
        return self.zh if language == "zh" else self.en


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit of a number: ``万元`` / ``wan_yuan``."""

    zh: str
    en: str

    def word(self, language: Language) -> str:
        """The unit as written in one language."""
        return self.zh if language == "zh" else self.en


# The kinds of value, the grains of rows and the columns every row has: names with a fixed meaning and id, not keywords.
KINDS_OF_VALUE: Mapping[str, str] = {
    "金额": "money", "正负金额": "signed_money", "比率": "ratio", "百分点": "points_of_percent", "分值": "score_points",
    "人数": "heads", "人次": "visit_count", "床日": "bed_day_count", "数量": "number", "是否": "yes_no", "日期": "date",
    "文字": "text",
}  # fmt: skip
GRAINS: Mapping[str, str] = {"月": "monthly", "季": "quarterly", "半年": "half_yearly", "笔": "row_by_row"}
ROW_BUILT_INS: Mapping[str, str] = {
    "年度": "year", "险种": "insurance_type", "名称": "name", "期次": "period_number",
}  # fmt: skip

# ≥ and its like are read as the first word of their terminal.
SIGN_WORDS: Mapping[str, str] = {
    ">=": "FROM", "≥": "FROM", "<=": "UP_TO", "≤": "UP_TO", ">": "OVER", "<": "BELOW", "≠": "IS_NOT",
}  # fmt: skip


@cache
def keywords() -> Mapping[str, Keyword]:
    """Every keyword by its terminal."""
    return {t: Keyword(t, tuple(zh.split("|")), tuple(en.split("|"))) for t, zh, en in _table("keywords.tsv")}


@cache
def units() -> tuple[Unit, ...]:
    """Every unit, longer ones before the ones they end with; a tree holds a unit by its Chinese word."""
    return tuple(Unit(zh, en) for zh, en in _table("units.tsv"))


@cache
def unit_words(language: Language) -> Mapping[str, str]:
    """The word of a unit in one language, by its Chinese word."""
    return {unit.zh: unit.word(language) for unit in units()}


def word(terminal: str, choice: int, language: Language) -> str:
    """One word of a keyword: ``word("PREVIOUS", 0, "en")`` is ``last year``."""
    return keywords()[terminal].words(language)[choice]


def terminals_of(text: str, language: Language) -> tuple[tuple[str, int], ...]:
    """The keywords a text is in one language, as (terminal, choice); ``是`` is two of them."""
    return _terminals(language).get(text, ())


@cache
def _terminals(language: Language) -> Mapping[str, tuple[tuple[str, int], ...]]:
    found: dict[str, tuple[tuple[str, int], ...]] = {}
    for keyword in keywords().values():
        for choice, word_ in enumerate(keyword.words(language)):
            found[word_] = (*found.get(word_, ()), (keyword.terminal, choice))
    return found


def is_keyword(text: str) -> bool:
    """Whether a text is a whole keyword of either language."""
    return bool(terminals_of(text, "zh") or terminals_of(text, "en"))


def _table(name: str) -> list[list[str]]:
    text = Path(__file__).with_name(name).read_text(encoding="utf-8")
    return [line.split("\t") for line in text.splitlines() if line]
