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
from engine.nouns.pipeline import GIVEN, MET, Aggregate, Carry, Sequence, Spread
from engine.nouns.possible import Possible
from engine.nouns.printed import plain, spoken
from engine.nouns.world import Row
from grammar.diagnostic import Language

_PLACES = 12


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
            text, exact = self._digits(value, kind)
            unit = self._unit(kind)
            self.shown[text] = Shown(text, str(plain(value, kind)) if exact is None else text.replace(",", ""), exact)
            if exact is not None:
                return self.pick(f"约 {text}{unit}", f"about {text}{unit}")
            return f"{text}{unit}"
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

    def _digits(self, value: Number, kind: Kind) -> tuple[str, str | None]:
        ratio = kind.base in {k.Base.RATIO, k.Base.POINTS}
        shown = Fraction(value) * 100 if ratio else Fraction(value, kind.scale)
        least = 2 if kind.base in k.MONEYS else 0
        if (shown * 10**_PLACES).denominator == 1:
            text = decimal_text(shown, _PLACES).rstrip("0")
            whole, _, decimals = text.partition(".")
            return grouped(f"{whole}.{decimals.ljust(least, '0')}".rstrip(".")), None
        return grouped(decimal_text(shown, max(least, 4))), f"{shown.numerator}/{shown.denominator}"

    def _unit(self, kind: Kind) -> str:
        if kind.base is k.Base.RATIO and kind.per is None:
            return "%"
        zh = "%" if kind.base is k.Base.RATIO else (k.Kind(kind.base).unit or "")
        en = "%" if kind.base is k.Base.RATIO else _UNITS.get(zh, zh)
        if kind.per is not None:
            zh, en = f"{zh}/{k.Kind(kind.per).unit or ''}", f"{en} per {_EACH.get(k.Kind(kind.per).unit or '', '')}"
        unit = self.pick(zh, en)
        return unit if unit.startswith("%") or not unit else f" {unit}"

    # ---- names

    def name(self, column: str, table: str | None = None) -> str:
        """A name as the document calls it, or its English words; a helper column says what it holds."""
        table = table or self.row.table
        if column.endswith(MET):
            name = self.name(column.removesuffix(MET), table)
            return self.pick(f"{name}的目标达到", f"the target of {name} is met")
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
        """Where the period before was not settled: that the opening value stands for its figure."""
        step = self.makers.by.get((self.row.table, column))
        if not isinstance(step, Carry) or step.opening is None or self.row.decided.get(column) != ():
            return ""
        read = self.bare(step.opening)
        return self.pick(f"（没有结算过，用{read}）", f" (not settled; {read} is used)")

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

    def bare(self, node: Core) -> str:
        """A condition by its names alone, without what they came to."""
        match node:
            case c.Constant(value=value, kind=kind):
                text = self.amount(value, kind)
                return self.pick(f"“{text}”", f"“{text}”") if isinstance(value, str) else text
            case c.Read(column=name):
                return self.name(name)
            case c.ReadParameter(name=name):
                return self.word(name, None)
            case c.LeftOut(read=inner) | c.Round(value=inner):
                return self.bare(inner)
            case c.Given(column=column):
                return self.pick(f"已填{self.name(column)}", f"{self.name(column)} is given")
            case c.Apply(operator="not", args=(inner,)):
                return self._denied(inner)
            case c.Apply(operator="negate", args=(inner,)):
                return self.pick(f"{self.bare(inner)}的相反数", f"minus {self.bare(inner)}")
            case c.Apply(operator="in" | "not_in" as operator, args=(subject, *options)):
                word = OPERATORS[operator].words.say(self.language)
                return f"{self.bare(subject)}{self._gap(word)}{self.joined([self.bare(o) for o in options])}"
            case c.Apply(operator=operator, args=(left, right)):
                word = OPERATORS[operator].words.say(self.language)
                return f"{self.bare(left)}{self._gap(word)}{self.bare(right)}"
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
        tables = self.joined([self.kind(t) for t in step.tables])
        source = self.word(step.source, step.tables[0])
        zh, en = _FUNCTIONS[step.function]
        name = self.pick(f"各{tables}的{source}{zh}", f"{en} {source} of the {tables} rows")
        if step.function == "count":
            name = self.pick(f"{tables}的个数", f"number of {tables} rows")
        if step.where is None:
            return name
        other = Phrases(self.scheme, self.makers, _as(self.row, step.tables[0]), self.language, self.shown)
        return self.pick(f"{name}（只计{other.bare(step.where)}的）", f"{name} (only where {other.bare(step.where)})")

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
        of_en = f" of {self.kind(step.child)}" if step.child else ""
        if step.count is None:
            return self.pick(f"本年至今{of_zh}{source}{ending_zh}", f"{ending_en} {source}{of_en} this year so far")
        count = self.count(step.count)
        return self.pick(
            f"前 {count} {_GRAINS[step.grain][0]}{of_zh}{source}{ending_zh}",
            f"{ending_en} {source}{of_en} of the {count} {_GRAINS[step.grain][1]} before",
        )


def _as(row: Row, table: str) -> Row:
    """A row of another kind, for names only."""
    return Row(table, row.unit, row.insurance, row.period, row, (), {}, frozenset(), False, None, {})


_OF_EVERY_ROW = {"险种": "insurance type", "年度": "year", "名称": "name", "期次": "period number"}
_UNITS = {
    "元": "yuan",
    "分": "points",
    "人": "persons",
    "人次": "visits",
    "床日": "bed days",
    "个百分点": "percentage points",
}
_EACH = {"元": "yuan", "分": "point", "人": "person", "人次": "visit", "床日": "bed day"}
_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
_FUNCTIONS: dict[str, tuple[str, str]] = {
    "sum": ("合计", "total"), "mean": ("的平均数", "mean"), "largest": ("的最大数", "largest"),
    "smallest": ("的最小数", "smallest"), "count": ("的个数", "number of"), "only": ("", "the one"),
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
