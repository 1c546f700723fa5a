"""Names and amounts as an explanation says them in one language; every number said is kept beside what it stands for."""

from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction

from engine.explain.makers import Makers
from engine.nouns import core as c
from engine.nouns import kinds as k
from engine.nouns.core import Core, Scheme
from engine.nouns.kinds import Kind
from engine.nouns.numbers import Number, decimal_text, grouped
from engine.nouns.operators import OPERATORS
from engine.nouns.periods import Period
from engine.nouns.pipeline import GIVEN, MET, Aggregate, Carry, Derive, Sequence, Spread
from engine.nouns.possible import Possible
from engine.nouns.printed import plain, spoken
from engine.nouns.world import Row
from grammar.diagnostic import Language

_PLACES = 12
# 10,000.00 元 in fen; smaller amounts stay in 元.
_WAN = 1_000_000


@dataclass(frozen=True, slots=True)
class Shown:
    """A number as it stands in the text, and what it is: a decimal, exact where it ends, with its fraction where not."""

    text: str
    value: str
    exact: str | None = None


@dataclass(slots=True)
class Phrases:
    """What a row's names and amounts are called; ``shown`` grows with every number that is said."""

    scheme: Scheme
    makers: Makers
    row: Row
    language: Language
    shown: dict[str, Shown] = field(default_factory=dict)
    wan: bool = False

    def pick(self, zh: str, en: str) -> str:
        """One of two wordings."""
        return zh if self.language == "zh" else en

    def joined(self, parts: list[str]) -> str:
        """A list in a sentence."""
        if self.language == "zh":
            return "、".join(parts)
        return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}" if parts else ""

    # ---- amounts

    def amount(self, value: Possible, kind: Kind) -> str:
        """A value with its unit: money with all the decimals it has, at least two."""
        if isinstance(value, bool):
            return self.pick("是", "yes") if value else self.pick("否", "no")
        if isinstance(value, int | Fraction):
            in_wan = self.wan and self.language == "zh" and kind.is_money and abs(Fraction(value)) >= _WAN
            text, exact = self._digits(value, kind, in_wan=in_wan)
            self.shown[text] = Shown(text, str(plain(value, kind)) if exact is None else text.replace(",", ""), exact)
            said = self._with_unit(text, kind, in_wan=in_wan)
            return said if exact is None else self.pick(f"约 {said}", f"about {said}")
        if kind.base is k.Base.CHOICE and isinstance(value, str):
            return self.pick(value, self.scheme.labels.words(value))
        if isinstance(value, date):
            return self.keep(value.isoformat())
        return self.keep(spoken(value, kind))

    def ends_exactly(self, value: Number, kind: Kind) -> bool:
        """Whether all decimals of a value can be written out."""
        scale = 100 if kind.base is k.Base.RATIO else 1
        return bool((Fraction(value) * scale / kind.scale * 10**_PLACES).denominator == 1)

    def percent(self, value: Number) -> str:
        """A share of something, to four decimals of a percent where it does not end."""
        return self.amount(value, k.RATIO)

    def count(self, number: int) -> str:
        """A number of things."""
        self.shown[str(number)] = Shown(str(number), str(number))
        return str(number)

    def keep(self, text: str) -> str:
        """A text that is said as it stands; its digits are kept with the numbers."""
        if any(ch.isdigit() for ch in text):
            self.shown[text] = Shown(text, text)
        return text

    def _digits(self, value: Number, kind: Kind, *, in_wan: bool = False) -> tuple[str, str | None]:
        ratio = kind.base in {k.Base.RATIO, k.Base.POINTS}
        shown = Fraction(value) * 100 if ratio else Fraction(value, kind.scale)
        least = 2 if kind.base in k.MONEYS else 0
        if in_wan:
            shown, least = shown / 10_000, 0
        if (shown * 10**_PLACES).denominator == 1:
            text = decimal_text(shown, _PLACES).rstrip("0")
            whole, _, decimals = text.partition(".")
            return grouped(f"{whole}.{decimals.ljust(least, '0')}".rstrip(".")), None
        return grouped(decimal_text(shown, max(least, 4))), f"{shown.numerator}/{shown.denominator}"

    def _with_unit(self, text: str, kind: Kind, *, in_wan: bool = False) -> str:
        """Digits with their unit; what is counted for each of something says so: ``610.50 元/人``, ``每分 2%``."""
        ratio = kind.base is k.Base.RATIO
        zh = "%" if ratio else "万元" if in_wan else (k.Kind(kind.base).unit or "")
        en = "%" if ratio else (_ONE.get(zh, zh) if text in {"1", "-1"} else _UNITS.get(zh, zh))
        unit = self.pick(zh, en)
        said = f"{text}{'' if unit.startswith('%') or not unit else ' '}{unit}"
        if kind.per is None:
            return said
        each = k.Kind(kind.per).unit or ""
        zh_said = f"每{each} {said}" if ratio else f"{said}/{each}"
        return self.pick(zh_said, f"{said} per {_ONE.get(each, each)}")

    # ---- names

    def name(self, column: str, table: str | None = None) -> str:
        """A name as the document calls it, or its English words; a helper column says what it holds."""
        table = table or self.row.table
        if column.endswith(MET):
            name = self.name(column.removesuffix(MET), table)
            return self.pick(f"{name}达到目标", f"target of the {name} met")
        if column.startswith(GIVEN):
            name = self.word(column.removeprefix(GIVEN), table)
            return self.pick(f"填报的{name}", f"{name} as given")
        match self.makers.by.get((table, column)):
            case Aggregate() as step:
                return self._aggregate(step)
            case Spread(above=above, source=source):
                parent = above or (self.row.parent.table if self.row.parent is not None else None)
                owner = self.kind(parent) if parent else self.pick("所属单位", "owner")
                return self.pick(f"{owner}的{self.word(source, parent)}", f"{self.word(source, parent)} of the {owner}")
            case Carry() as step:
                return self._carry(step)
            case Sequence(source=source):
                return self.pick(f"{self.word(source, table)}的名次", f"rank by {self.word(source, table)}")
            case Derive(figure=c.Figure(title=str(title))) if self.language == "zh":
                return self.keep(title)
            case _:
                return self.word(column, table)

    def earlier(self, column: str) -> str:
        """What a column says there is of the period before, or is not; nothing where it says no such thing."""
        step = self.makers.by.get((self.row.table, column))
        if not isinstance(step, Carry) or step.function != "exists":
            return ""
        zh, en = _BEFORE[step.grain]
        source = self.word(step.source, step.table)
        return self.pick(f"{zh}的{source}", f"last {en}'s {source}")

    def opening(self, column: str) -> str:
        """Where the period before gave no such figure: that the opening value stands for it."""
        step = self.makers.by.get((self.row.table, column))
        if not isinstance(step, Carry) or step.opening is None or self.row.decided.get(column) != ():
            return ""
        read = self.bare(step.opening, article=True)
        zh, en = _BEFORE[step.grain]
        if isinstance(step.opening, c.Constant):
            return self.pick(
                f"（{zh}没有这个数，从 {read} 起算）", f" (there is none for last {en}; {read} to start with)"
            )
        return self.pick(f"（{zh}没有这个数，用{read}）", f" (there is none for last {en}; {read} is used)")

    def kind(self, table: str) -> str:
        """A kind of rows as the document calls it."""
        return self.pick(self.scheme.labels.here(table), self.scheme.labels.words(table))

    def period(self, period: Period) -> str:
        """A period as a person says it: ``2026 年度``, ``2026 年 1 月``."""
        year = self.keep(str(period.year))
        number = "" if period.grain in {"year", "row"} else self.keep(str(period.number))
        match period.grain:
            case "month":
                return self.pick(f"{year} 年 {number} 月", f"{_MONTHS[period.number - 1]} {year}")
            case "quarter":
                return self.pick(f"{year} 年第 {number} 季度", f"quarter {number} of {year}")
            case "half":
                return self.pick(
                    f"{year} 年{'上' if period.number == 1 else '下'}半年", f"half-year {number} of {year}"
                )
            case _:
                return self.pick(f"{year} 年度", year)

    def the(self, name: str) -> str:
        """A name with its article, which Chinese has none of."""
        return name if self.language == "zh" or name.startswith(("last ", "there is ")) else f"the {name}"

    def bare(self, node: Core, *, article: bool = False) -> str:
        """A condition or a side of one by its names alone, without what they came to."""
        named = self.the if article else str
        match node:
            case c.Constant(value=value, kind=kind):
                text = self.amount(value, kind)
                return self.pick(f"“{text}”", f"“{text}”") if isinstance(value, str) else text
            case c.Read(column=name):
                return named(self.name(name))
            case c.ReadParameter(name=name):
                return named(self.word(name, None))
            case c.Before(grain="row", column=name):
                word = self.word(name, self.row.table)
                return self.pick(f"前一笔的{word}", f"{named(word)} of the row before")
            case c.LeftOut(read=inner) | c.Round(value=inner):
                return self.bare(inner, article=article)
            case c.Given(column=column):
                return self.pick(f"已填{self.name(column)}", f"{named(self.name(column))} is given")
            case c.Apply(operator="not", args=(inner,)):
                return self._denied(inner)
            case c.Apply(operator="negate", args=(inner,)):
                return self.pick(f"{self.bare(inner)}的相反数", f"minus {self.bare(inner, article=article)}")
            case c.Apply(operator="in" | "not_in" as operator, args=(subject, *options)):
                word = OPERATORS[operator].words.say(self.language)
                said = self.joined([self.bare(o) for o in options])
                return f"{self.bare(subject, article=article)}{self._gap(word)}{said}"
            case c.Apply(operator=operator, args=(left, right)):
                word, said = OPERATORS[operator].words.say(self.language), self.bare(right, article=article)
                if self.language == "zh" and said[:1].isdigit():
                    word += " "
                if self.language == "en" and operator == "part":
                    return f"{said} of {self.bare(left, article=article)}"
                if operator in {"most", "least"}:
                    limit = f"{word}{said}" if self.language == "zh" else f"{word} {said}"
                    return self.pick(f"{self.bare(left)}（{limit}）", f"{self.bare(left, article=article)} ({limit})")
                return f"{self.bare(left, article=article)}{self._gap(word)}{said}"
            case _:
                return self.pick("另行规定的条件", "a condition stated elsewhere")

    def _denied(self, node: Core) -> str:
        match node:
            case c.Read(column=name) if (step := self.makers.by.get((self.row.table, name))) and isinstance(
                step, Carry
            ):
                if step.function == "exists":
                    source = self.word(step.source, self.row.table)
                    return self.pick(f"没有上期的{source}", f"there is no earlier {source}")
                return self.pick(f"不是“{self.name(name)}”", f"not “{self.name(name)}”")
            case c.Given(column=column):
                return self.pick(f"没有填报{self.name(column)}", f"{self.name(column)} is not given")
            case _:
                return self.pick(f"不是“{self.bare(node)}”", f"not “{self.bare(node)}”")

    def _gap(self, word: str) -> str:
        return word if self.language == "zh" else f" {word} "

    def word(self, name: str, table: str | None = None) -> str:
        """A name as declared: the document's own word, or the English words."""
        return self.pick(
            self.scheme.labels.here(name), _OF_EVERY_ROW.get(name) or self.scheme.labels.words(name, table)
        )

    def _aggregate(self, step: Aggregate) -> str:
        tables = self.joined([self.pick(self.kind(t), plural(self.kind(t))) for t in step.tables])
        source = self.word(step.source, step.tables[0])
        zh, en = _FUNCTIONS[step.function]
        name = self.pick(f"各{tables}的{source}{zh}", f"{en} {source} of the {tables}")
        if step.function == "count":
            name = self.pick(f"{tables}的个数", f"number of {tables}")
        if step.where is None:
            return name
        other = Phrases(self.scheme, self.makers, _as(self.row, step.tables[0]), self.language, self.shown, self.wan)
        only = other.bare(step.where, article=True)
        return self.pick(f"{name}（只计{only}的）", f"{name} (only where {only})")

    def _carry(self, step: Carry) -> str:
        table = step.child or step.table
        source = self.word(step.source, table)
        zh, en = _BEFORE[step.grain]
        if step.function == "value":
            return self.pick(f"{zh}的{source.removeprefix('本年')}", f"last {en}'s {source}")
        if step.function == "exists":
            return self.pick(f"{zh}有{source}", f"there is last {en}'s {source}")
        ending_zh, ending_en = _FUNCTIONS[step.function]
        of_zh = f"{self.kind(step.child)}的" if step.child else ""
        of_en = f" of the {plural(self.kind(step.child))}" if step.child else ""
        if step.count is None:
            return self.pick(f"本年至今{of_zh}{source}{ending_zh}", f"{ending_en} {source}{of_en} this year so far")
        count = self.count(step.count)
        return self.pick(
            f"前 {count} {_GRAINS[step.grain][0]}{of_zh}{source}{ending_zh}",
            f"{ending_en} {source}{of_en} over the {count} {_GRAINS[step.grain][1]} before",
        )


def _as(row: Row, table: str) -> Row:
    """A row of another kind, for names only."""
    return Row(table, row.unit, row.insurance, row.period, row, (), {}, frozenset(), False, None, {})


def plural(word: str) -> str:
    """An English word for several of a thing."""
    return f"{word[:-1]}ies" if word.endswith("y") else f"{word}s"


_OF_EVERY_ROW = {"险种": "insurance type", "年度": "year", "名称": "name", "期次": "period number"}
_UNITS = {
    "元": "yuan",
    "分": "points",
    "人": "persons",
    "人次": "visits",
    "床日": "bed days",
    "个百分点": "percentage points",
}
_ONE = {
    "元": "yuan",
    "分": "point",
    "人": "person",
    "人次": "visit",
    "床日": "bed day",
    "个百分点": "percentage point",
}
_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
_FUNCTIONS: dict[str, tuple[str, str]] = {
    "sum": ("合计", "total"), "mean": ("的平均数", "mean"), "largest": ("的最大数", "largest"),
    "smallest": ("的最小数", "smallest"), "count": ("的个数", "number of"), "only": ("", "only"),
    "every": ("全部成立", "all of"), "some": ("有一项成立", "any of"),
}  # fmt: skip
_BEFORE = {
    "year": ("上年", "year"), "half": ("上个半年", "half-year"), "quarter": ("上季", "quarter"), "month": ("上月", "month"),
    "row": ("上年", "year"),
}  # fmt: skip
_GRAINS = {
    "year": ("年", "years"), "half": ("个半年", "half-years"), "quarter": ("个季度", "quarters"), "month": ("个月", "months"),
    "row": ("笔", "rows"),
}  # fmt: skip
