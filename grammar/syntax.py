"""The tree a rule file is read into: names are words here, nothing is resolved; every node knows its span.

Two trees are equal when their texts mean the same to the parser: spans do not take part in comparison.
Names stand as written (Chinese or an English id); ``grammar.respell`` turns one spelling into the other.
"""

from dataclasses import field
from typing import Literal

from grammar.diagnostic import Language
from grammar.frozen import dataclass
from grammar.source import Span


def _span() -> Span:
    return field(compare=False, repr=False)  # type: ignore[no-any-return]


@dataclass(frozen=True, slots=True)
class Word:
    """A keyword that has several words: its terminal in keywords.tsv and which of its words was written."""

    terminal: str
    choice: int


@dataclass(frozen=True, slots=True)
class Name:
    """A name as written: ``结余留用`` or ``retained``."""

    text: str
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Text:
    """A text in 「」, without its brackets."""

    text: str
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Locator:
    """Where in the document: ``五(四)④``."""

    text: str
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Citation:
    """``依据 五(四)⑤ 先于 五(四)④``."""

    locators: tuple[Locator, ...]
    before: tuple[Locator, ...]
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class DateText:
    """A date or a year as written: ``2026-01-01`` or ``2026年度`` (the year alone, ``whole_year``)."""

    text: str
    whole_year: bool
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Period:
    """``2026-01-01 起 至 2028-12-31``; ``end`` is inclusive."""

    start: DateText
    end: DateText | None
    span: Span = _span()


# ---- expressions


@dataclass(frozen=True, slots=True)
class Path:
    """A name, alone or on another row: ``结余``, ``县.点值``, ``所属.点值``."""

    owner: bool
    kind: Name | None
    name: Name
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number with its unit: ``12,000.5万元`` (``number`` without group commas), ``2%/分``, ``3``."""

    number: str
    unit: str | None
    per: str | None
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class RelativeDay:
    """A day of this, last or next year: ``次年3月1日``; ``year`` is -1, 0 or 1."""

    year: int
    month: int
    day: int
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Remaining:
    """``余下``: what the parts above have left."""

    span: Span = _span()


@dataclass(frozen=True, slots=True)
class AsGiven:
    """``填报数``: what the data gave for the figure being defined."""

    span: Span = _span()


@dataclass(frozen=True, slots=True)
class YesNo:
    """``是`` or ``否`` standing as a value."""

    value: bool
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Brackets:
    """A bracketed expression; kept, so that print gives back what was written."""

    inner: "Expr"
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Binary:
    """``+ - × ÷`` between two amounts."""

    sign: Literal["+", "-", "×", "÷"]
    left: "Expr"
    right: "Expr"
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Part:
    """``调整后预算 的 30%``."""

    whole: "Expr"
    rate: "Expr"
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Negate:
    """``-结余或超支``."""

    value: "Expr"
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Limit:
    """``结余, 最高 留用上限`` (``most``) or ``…, 最低 0元`` (``least``)."""

    side: Literal["most", "least"]
    value: "Expr"
    limit: "Expr"
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Rounded:
    """``…, 舍去 到 1元``."""

    mode: Literal["half_up", "up", "down", "half_even"]
    value: "Expr"
    step: "Expr"
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Unrounded:
    """``…, 不取整``."""

    value: "Expr"
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Window:
    """``前3年`` (``count`` 3, ``grain`` year) or ``本年至今`` (``count`` None)."""

    count: int | None
    grain: Literal["year", "half", "quarter", "month"]
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Aggregate:
    """``合计 前3年 月度.实拨 其中 …``; ``function`` is a word of AGGREGATE."""

    function: Word
    window: Window | None
    path: Path
    where: "Expr | None"
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Previous:
    """``上年 下年预算增加额 期初用 期初结转``; ``word`` is a word of PREVIOUS."""

    word: Word
    path: Path
    opening: "Expr | None"
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Rank:
    """``排名 考核得分 从高到低``."""

    name: Name
    highest_first: bool
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Bound:
    """``超过 3%``; ``word`` is a word of OVER, UP_TO, FROM or BELOW."""

    word: Word
    value: "Expr"
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Or:
    """Either side holds."""

    left: "Expr"
    right: "Expr"
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class And:
    """Both sides hold."""

    left: "Expr"
    right: "Expr"
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Also:
    """``得分 达到 60分 且 不满 80分``: the bound repeats the left side of the nearest comparison of ``left``."""

    left: "Expr"
    bound: Bound
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Not:
    """The condition does not hold."""

    value: "Expr"
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Compare:
    """``结余 超过 留用上限``."""

    left: "Expr"
    bound: Bound
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Equal:
    """``甲 = 乙`` between amounts or counts."""

    left: "Expr"
    right: "Expr"
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Same:
    """``支付方 是 「大病保险」`` or ``不是``: choices and texts."""

    left: "Expr"
    right: "Expr"
    negated: bool
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Member:
    """``类别 属于 {住院、日间}`` or ``不属于``."""

    left: "Expr"
    names: tuple[Name, ...]
    negated: bool
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Met:
    """``住院率 达标``."""

    name: Name
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Filled:
    """``已填 协商确定额`` or ``已填 上年 年度总额预算``; ``previous`` is a word of PREVIOUS."""

    previous: Word | None
    name: Name
    span: Span = _span()


Expr = (
    Path
    | Quantity
    | Text
    | DateText
    | RelativeDay
    | Remaining
    | AsGiven
    | YesNo
    | Brackets
    | Binary
    | Part
    | Negate
    | Limit
    | Rounded
    | Unrounded
    | Aggregate
    | Previous
    | Rank
    | Or
    | And
    | Also
    | Not
    | Compare
    | Equal
    | Same
    | Member
    | Met
    | Filled
)


# ---- attributes of parameters and data


@dataclass(frozen=True, slots=True)
class KindOfValue:
    """``比率``, ``金额/人`` (``per``) or ``选项 {甲、乙}`` (``options``, then ``name`` is None)."""

    name: Name | None
    per: Name | None
    options: tuple[Name, ...]
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Flag:
    """An attribute without a value.

    ``terminal`` is OPEN, NOT_APPLICABLE, LEFT_OUT, LOCKED, ALL_INSURANCES, AT_START or AT_END.
    """

    terminal: str
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Referred:
    """``转引 《全市分担办法》``."""

    document: str
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Bounds:
    """``不超过 40%`` or ``超过 0元 不超过 超支``."""

    bounds: tuple[Bound, ...]
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Between:
    """``0% 至 100%``."""

    low: Expr
    high: Expr
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Grain:
    """``到 1分``."""

    step: Expr
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Default:
    """``缺省 0元`` or ``缺省 否``."""

    value: Expr
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Assumed:
    """``假设 0%``."""

    value: Expr
    span: Span = _span()


Attribute = Flag | Referred | Bounds | Between | Grain | Default | Assumed


# ---- rules


@dataclass(frozen=True, slots=True)
class Absent:
    """``无`` in place of a value."""

    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Reason:
    """``理由 「…」``."""

    text: Text
    span: Span = _span()


Detail = Literal["brief", "full"]


@dataclass(frozen=True, slots=True)
class Worded:
    """``说法 「可留用的结余」, 略``: how explanations call a figure, and whether they tell its working in those of others."""

    title: Text | None
    detail: Detail | None
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Locked:
    """``锁定`` under a figure."""

    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Reading:
    """``另解 按结余计 = …`` with its own exceptions, reasons and nested lines."""

    name: Name
    value: Expr
    cite: Citation | None
    subs: tuple["Sub", ...]
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Unless:
    """``除非 停业: 0元`` under a figure; ``subs`` holds readings and reasons only."""

    condition: Expr
    value: "Expr | Absent"
    cite: Citation | None
    subs: tuple["Sub", ...]
    span: Span = _span()


Sub = Unless | Reading | Reason | Worded | Locked


@dataclass(frozen=True, slots=True)
class BoundsCell:
    """``超过 4% 不超过 9% 的部分``; ``slice`` where 的部分 stands."""

    bounds: tuple[Bound, ...]
    slice: bool
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class SuffixCell:
    """``85分 以上``; ``word`` is a word of SUFFIX (以内 以下 以上 以外)."""

    value: Expr
    word: Word
    slice: bool
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class ValuesCell:
    """``二级、一级``: values or, in a 情形 table, one condition."""

    values: tuple[Expr, ...]
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class AnyCell:
    """``不限``."""

    span: Span = _span()


@dataclass(frozen=True, slots=True)
class OtherwiseCell:
    """``其余``."""

    span: Span = _span()


Cell = BoundsCell | SuffixCell | ValuesCell | AnyCell | OtherwiseCell


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a table: its cells, the value after the colon, its clause."""

    cells: tuple[Cell, ...]
    value: "Expr | Absent"
    cite: Citation | None
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Marginal:
    """``超支 分段, 以 年度总额预算 为基数:`` and its rows."""

    subject: Expr
    base: Expr | None
    rows: tuple[Row, ...]
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Lookup:
    """``按 考核得分 | 险种 定档:`` and its rows."""

    subjects: tuple[Expr, ...]
    rows: tuple[Row, ...]
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Cases:
    """``按 情形:`` and its rows; each row has one ValuesCell with one condition, or 其余."""

    rows: tuple[Row, ...]
    span: Span = _span()


Table = Marginal | Lookup | Cases


@dataclass(frozen=True, slots=True)
class Figure:
    """``结余留用 = …`` or ``返还比例 按 … 定档:``, with what stands under it."""

    override: bool
    name: Name
    when_blank: bool
    body: Expr | Table
    cite: Citation | None
    subs: tuple[Sub, ...]
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Exceptions:
    """``结余留用、基金分担 除非 推诿属实: 0元``: an exception written where the document has it."""

    names: tuple[Name, ...]
    condition: Expr
    value: Expr | Absent
    cite: Citation | None
    subs: tuple[Sub, ...]
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Split:
    """``拆分 结余:`` and its parts, the last of which is 余下."""

    whole: Expr
    cite: Citation | None
    parts: tuple[Figure, ...]
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Allocate:
    """``分配 可分总额 给 结算单位 按 分配权重, 记为 测算预算, 余分 归 余数大者``.

    ``weight`` is None for 平均分 and 依次; ``spare`` is "first_listed", "largest_remainder", a unit's name or None.
    """

    whole: Expr
    receiver: Name
    method: Literal["equally", "by_weight", "in_order"]
    weight: Expr | None
    part: Name | None
    spare: Literal["first_listed", "largest_remainder"] | Text | None
    each: Bound | None
    left: Name | None
    cite: Citation | None
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Indicator:
    """``指标 住院率 = …, 目标 不超过 14%, 后果 无``; ``target`` is empty where it is 未定."""

    name: Name
    value: Expr
    target: tuple[Bound, ...]
    consequence: Literal["none", "points", "money"]
    cite: Citation | None
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Test:
    """A line of a gate: a condition, the document it must come with, its clause."""

    condition: Expr
    evidence: Text | None
    cite: Citation | None
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Gate:
    """``准入 全部满足, 不满足时 不结算:``; ``name`` is None for the kind's own gate 准入."""

    name: Name | None
    every: bool
    not_settled: bool
    tests: tuple[Test, ...]
    cite: Citation | None
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Uses:
    """``用途 结余留用 限于 「人才培养」、「设备配置」``."""

    name: Name
    allowed: tuple[Text, ...]
    cite: Citation | None
    span: Span = _span()


Statement = Figure | Exceptions | Split | Allocate | Indicator | Gate | Uses


@dataclass(frozen=True, slots=True)
class Block:
    """``对 医共体、非医共体机构:`` and its statements."""

    kinds: tuple[Name, ...]
    statements: tuple[Statement, ...]
    span: Span = _span()


# ---- the header's lines


@dataclass(frozen=True, slots=True)
class Region:
    """``地区 某省 某市 示例县``."""

    text: str
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class DocumentLine:
    """``文件 征求意见稿``."""

    text: str
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Effective:
    """``施行 2026-01-01 起 依据 末段 理由 「…」``."""

    period: Period
    cite: Citation | None
    reason: Text | None
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Insurances:
    """``险种 职工、居民 分别核算``."""

    names: tuple[Name, ...]
    separate: bool
    cite: Citation | None
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Inherits:
    """``承接 jilin``."""

    name: Name
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class StageOrder:
    """``环节次序 预算、年终清算``."""

    names: tuple[Name, ...]
    span: Span = _span()


Meta = Region | DocumentLine | Effective | Insurances | Inherits | StageOrder


@dataclass(frozen=True, slots=True)
class Header:
    """``方案 gaotai 「…」`` with its lines; ``sort`` says whether it is a scheme, the vocabulary or an amendment."""

    sort: Literal["scheme", "vocabulary", "amendment"]
    name: Name
    title: Text
    lines: tuple[Meta, ...]
    span: Span = _span()


# ---- declarations


@dataclass(frozen=True, slots=True)
class KindPart:
    """A part of a 主体 line: 属于 (``in``), 包括 (``covers``) or 按 (``by``, one name)."""

    sort: Literal["in", "covers", "by"]
    names: tuple[Name, ...]
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Kind:
    """``主体 月度 属于 医共体、非医共体机构 按 月``."""

    names: tuple[Name, ...]
    parts: tuple[KindPart, ...]
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Roster:
    """``名录 医共体 「甲」、「乙」``."""

    kind: Name
    units: tuple[Text, ...]
    cite: Citation | None
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Alias:
    """``文中称 年度总额预算 「年度指标」`` (``called_here``) or ``又称 …``."""

    called_here: bool
    name: Name
    words: tuple[Text, ...]
    cite: Citation | None
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Link:
    """``主体 住院次 合并自 明细`` with its keys, gap and exceptions."""

    name: Name
    source_kind: Name
    same: tuple[Name, ...]
    gap_from: Name
    gap_to: Name
    bound: Bound
    unless: tuple[Expr, ...]
    cite: Citation | None
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Term:
    """``名词 结余: 金额 「…」``."""

    name: Name
    type: KindOfValue
    attributes: tuple[Attribute, ...]
    meaning: Text | None
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class When:
    """When a dated value holds: a period, insurance types, or both."""

    period: Period | None
    insurances: tuple[Name, ...]
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Dated:
    """``2027-07-01 起: 45%``."""

    when: When
    value: Expr
    cite: Citation | None
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Parameter:
    """``参数 留用上限比例 = 30%`` or ``参数 甲: 比率, 未定`` or one with dated lines under it."""

    override: bool
    name: Name
    type: KindOfValue | None
    value: Expr | None
    attributes: tuple[Attribute, ...]
    cite: Citation | None
    lines: tuple[Dated | Reading | Reason, ...]
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Field:
    """A line of 数据: ``特殊超支额: 金额, 缺省 0元``."""

    override: bool
    name: Name
    type: KindOfValue | None
    attributes: tuple[Attribute, ...]
    cite: Citation | None
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Inputs:
    """``数据 结算单位`` and its lines."""

    kinds: tuple[Name, ...]
    fields: tuple[Field, ...]
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Event:
    """``事项 推诿属实 对 结算单位 须附 「认定文号」``."""

    name: Name
    kinds: tuple[Name, ...]
    evidence: Text | None
    cite: Citation | None
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Stage:
    """``环节 年终清算`` and its blocks."""

    name: Name
    blocks: tuple[Block, ...]
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Identity:
    """A line of 校核: a condition that holds for every row."""

    condition: Expr
    cite: Citation | None
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class IdentityBlock:
    """Identities under ``对 医共体:``."""

    kinds: tuple[Name, ...]
    identities: tuple[Identity, ...]
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Checks:
    """``校核`` and its lines."""

    entries: tuple[Identity | IdentityBlock, ...]
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Assumption:
    """A line of 情景: ``弹性比例 = 20% 理由 「幅度中位」``."""

    name: Name
    value: Expr
    reason: Text | None
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Scenario:
    """``情景 中性 「…」`` and its values."""

    name: Name
    title: Text | None
    assumptions: tuple[Assumption, ...]
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Translation:
    """A line of 译名: ``月度.实拨 = paid 「paid in the month」``."""

    kind: Name | None
    name: Name
    identifier: Name
    words: Text | None
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Translations:
    """``译名`` and its lines."""

    lines: tuple[Translation, ...]
    span: Span = _span()


Item = Kind | Roster | Alias | Link | Term | Parameter | Inputs | Event | Stage | Checks | Scenario | Translations


@dataclass(frozen=True, slots=True)
class Comment:
    """``# …`` to the end of its line; ``own_line`` where nothing stands before it."""

    text: str
    line: int
    own_line: bool


@dataclass(frozen=True, slots=True)
class Document:
    """A whole rule file."""

    language: Language
    header: Header
    items: tuple[Item, ...]
    comments: tuple[Comment, ...] = field(compare=False)
    span: Span = _span()
