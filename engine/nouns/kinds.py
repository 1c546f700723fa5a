"""Kinds of value: what a number is, and which kind comes of an operation; the one table the checker reads."""

from enum import Enum

from grammar.diagnostic import Words
from grammar.frozen import dataclass


class Base(Enum):
    """A kind of value; money is held in fen inside the engine."""

    MONEY = "金额"
    SIGNED = "正负金额"
    RATIO = "比率"
    POINTS = "百分点"
    SCORE = "分值"
    HEADS = "人数"
    VISITS = "人次"
    BED_DAYS = "床日"
    NUMBER = "数量"
    YES_NO = "是否"
    DATE = "日期"
    TEXT = "文字"
    CHOICE = "选项"


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of value: ``Kind(Base.MONEY)``, ``Kind(Base.MONEY, per=Base.HEADS)``, a choice with its options."""

    base: Base
    per: Base | None = None
    options: tuple[str, ...] = ()

    @property
    def words(self) -> Words:
        """What a finding calls it."""
        if self.base is Base.CHOICE:
            return Words("选项 {" + "、".join(self.options) + "}", "choice {" + ", ".join(self.options) + "}")
        zh, en = self.base.value, _ENGLISH[self.base]
        return Words(f"{zh}/{self.per.value}", f"{en} per {_ENGLISH[self.per]}") if self.per else Words(zh, en)

    @property
    def is_money(self) -> bool:
        """Whether it is an amount of money, signed or not, and not money per something."""
        return self.base in MONEYS and self.per is None

    @property
    def is_number(self) -> bool:
        """Whether arithmetic may be done on it."""
        return self.base not in {Base.YES_NO, Base.DATE, Base.TEXT, Base.CHOICE}

    @property
    def unit(self) -> str | None:
        """The unit printed beside a value, in Chinese as the contract asks; None for ratios and plain numbers."""
        unit = _UNITS.get(self.base)
        return f"{unit or ''}/{_UNITS[self.per]}" if self.per else unit

    @property
    def scale(self) -> int:
        """How many inner units make one printed unit: 100 for money (fen), else 1."""
        return 100 if self.base in MONEYS else 1


MONEYS = frozenset({Base.MONEY, Base.SIGNED})
COUNTS = frozenset({Base.HEADS, Base.VISITS, Base.BED_DAYS})

MONEY = Kind(Base.MONEY)
SIGNED = Kind(Base.SIGNED)
RATIO = Kind(Base.RATIO)
POINTS = Kind(Base.POINTS)
SCORE = Kind(Base.SCORE)
NUMBER = Kind(Base.NUMBER)
YES_NO = Kind(Base.YES_NO)
DATE = Kind(Base.DATE)
TEXT = Kind(Base.TEXT)

_ENGLISH = {
    Base.MONEY: "money",
    Base.SIGNED: "signed money",
    Base.RATIO: "ratio",
    Base.POINTS: "percentage points",
    Base.SCORE: "score",
    Base.HEADS: "heads",
    Base.VISITS: "visits",
    Base.BED_DAYS: "bed days",
    Base.NUMBER: "number",
    Base.YES_NO: "yes/no",
    Base.DATE: "date",
    Base.TEXT: "text",
    Base.CHOICE: "choice",
}
_UNITS = {
    Base.MONEY: "元",
    Base.SIGNED: "元",
    Base.SCORE: "分",
    Base.HEADS: "人",
    Base.VISITS: "人次",
    Base.BED_DAYS: "床日",
    Base.POINTS: "个百分点",
}
_FACTORS = frozenset({Base.RATIO, Base.POINTS, Base.NUMBER})
_INTEGERS = COUNTS


def fits(value: Kind, wanted: Kind) -> bool:
    """Whether a value of one kind may stand where the other is wanted; signed money may be assigned to money."""
    if value.base in MONEYS and wanted.base in MONEYS:
        return value.per == wanted.per
    if wanted.base is Base.CHOICE:
        return value.base is Base.CHOICE and set(value.options) <= set(wanted.options)
    return value.base is wanted.base and value.per == wanted.per


def alike(left: Kind, right: Kind) -> bool:
    """Whether two values may be compared or limited by one another."""
    if left.base in MONEYS and right.base in MONEYS:
        return left.per == right.per
    return left.base is right.base and left.per == right.per


def added(left: Kind, right: Kind, *, minus: bool) -> Kind | None:
    """The kind of a sum or difference; None where there is none.

    A ratio less a ratio is a change in percentage points; the exceptions (``100% - r``, ``a ÷ b - 100%``) are the
    checker's, which sees the literal.
    """
    if not (left.is_number and right.is_number) or left.per != right.per:
        return None
    pair = (left.base, right.base)
    if left.base in MONEYS and right.base in MONEYS:
        signed = minus or Base.SIGNED in pair
        return Kind(Base.SIGNED if signed else Base.MONEY, left.per)
    if pair == (Base.RATIO, Base.RATIO):
        return Kind(Base.POINTS if minus else Base.RATIO, left.per)
    if pair in {(Base.RATIO, Base.POINTS), (Base.POINTS, Base.RATIO)}:
        return RATIO
    if set(pair) == {Base.NUMBER, Base.RATIO}:
        return NUMBER
    return left if left.base is right.base else None


def multiplied(left: Kind, right: Kind) -> Kind | None:
    """The kind of a product; None where there is none (money × money)."""
    if not (left.is_number and right.is_number):
        return None
    for one, other in ((left, right), (right, left)):
        if one.per is not None:
            if one.per is other.base and other.per is None:
                return Kind(one.base)
            return one if other.base in _FACTORS and other.per is None else None
    for one, other in ((left, right), (right, left)):
        if one.base in MONEYS or one.base is Base.SCORE or one.base in COUNTS:
            return one if other.base in _FACTORS else None
    if Base.POINTS in {left.base, right.base}:
        return POINTS
    if left.base is right.base:
        return left
    return RATIO


def divided(left: Kind, right: Kind) -> Kind | None:
    """The kind of a quotient; None where there is none."""
    if not (left.is_number and right.is_number) or right.per is not None:
        return None
    if left.per is not None:
        return left if right.base in _FACTORS else None
    if left.base in MONEYS:
        if right.base in MONEYS:
            return RATIO
        return left if right.base in _FACTORS else Kind(left.base, right.base)
    if right.base in MONEYS:
        return None
    if left.base in COUNTS and right.base in COUNTS:
        return RATIO
    if left.base is right.base:
        return NUMBER if left.base is Base.NUMBER else RATIO
    if right.base in _FACTORS:
        return left
    if left.base in _FACTORS and (right.base in COUNTS or right.base is Base.SCORE):
        return Kind(left.base, right.base)
    return None


def limited(value: Kind, limit: Kind, *, least: bool) -> Kind | None:
    """The kind of the lesser or greater of two; money at least a non-negative amount is not negative."""
    if not (value.is_number and alike(value, limit)):
        return None
    if value.base in MONEYS:
        either = Base.MONEY in {value.base, limit.base}
        both = {value.base, limit.base} == {Base.MONEY}
        return Kind(Base.MONEY if (either if least else both) else Base.SIGNED, value.per)
    return value


def joined(left: Kind, right: Kind) -> Kind | None:
    """The kind of a value that is one or the other; None where they are unlike."""
    if left.base in MONEYS and right.base in MONEYS and left.per == right.per:
        return left if left.base is Base.SIGNED else right
    if left.base is Base.CHOICE and right.base is Base.CHOICE:
        return Kind(Base.CHOICE, None, tuple(dict.fromkeys(left.options + right.options)))
    return left if alike(left, right) else None


def whole_only(kind: Kind) -> bool:
    """Whether data of this kind must be whole numbers (heads, visits, bed days)."""
    return kind.base in _INTEGERS and kind.per is None


def reserved(name: str) -> Base | None:
    """The kind of value a reserved name stands for; None where it is no kind of value."""
    return next((base for base in Base if base.value == name and base is not Base.CHOICE), None)
