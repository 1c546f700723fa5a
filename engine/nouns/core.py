"""The checked tree: every name is resolved, every expression has a kind of value; after ``check`` nobody asks again."""

from collections.abc import Iterator, Mapping
from dataclasses import field, fields
from datetime import date
from typing import Literal

from engine.nouns.kinds import Kind
from engine.nouns.numbers import Number
from engine.nouns.possible import Scalar
from grammar.frozen import dataclass
from grammar.source import Span, source_text

Grain = Literal["year", "half", "quarter", "month", "row"]
Mode = Literal["half_up", "up", "down", "half_even"]
Function = Literal["sum", "mean", "largest", "smallest", "count", "only", "every", "some"]


def _span() -> Span:
    return field(compare=False, repr=False)  # type: ignore[no-any-return]


def _span_by_name() -> Span:
    """The span of a node whose fields before it have defaults: given by name."""
    return field(compare=False, repr=False, kw_only=True)  # type: ignore[no-any-return]


# ---- expressions


@dataclass(frozen=True, slots=True)
class Constant:
    """A value written in the rule file; money in fen."""

    value: Scalar
    kind: Kind
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Read:
    """A column of the row itself: a figure, a datum, or a built-in (年度, 险种, 名称, 期次)."""

    column: str
    kind: Kind
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class ReadParameter:
    """A parameter, at the row's date and insurance type."""

    name: str
    kind: Kind
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class ReadUp:
    """A column of the row's ancestor of kind ``table``, or of its direct parent (``table`` None)."""

    table: str | None
    column: str
    kind: Kind
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Apply:
    """An operator of ``engine.nouns.operators`` and what it is applied to; ``written`` is the author's sugar."""

    operator: str
    args: tuple["Core", ...]
    kind: Kind
    written: str | None = None
    span: Span = _span_by_name()


@dataclass(frozen=True, slots=True)
class NoFigure:
    """``无``: the row has no such figure."""

    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Branch:
    """A condition and the value that goes with it; ``above`` are the indexes of the branches it ranks above.

    ``reason`` is why an exception is read as it is.
    """

    condition: "Core"
    value: "Core | NoFigure"
    clauses: tuple[str, ...]
    above: frozenset[int] = frozenset()
    reason: str | None = None
    span: Span = _span_by_name()


@dataclass(frozen=True, slots=True)
class Choose:
    """A choice of value by condition.

    ``unless``: the branches that hold and that no other holding branch ranks above decide, else ``otherwise``.
    ``cases``: exactly one branch holds (情形 or 定档); ``otherwise`` is the 其余 row or None.
    """

    sort: Literal["unless", "cases"]
    branches: tuple[Branch, ...]
    otherwise: "Core | NoFigure | None"
    kind: Kind
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Gather:
    """An aggregate over the rows of ``tables`` that belong to this row, those for which ``where`` holds."""

    function: Function
    tables: tuple[str, ...]
    column: str
    where: "Core | None"
    kind: Kind
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class History:
    """An aggregate over the ``count`` periods before the row's own (None: this year's up to it).

    ``table`` is a kind of child rows, None for the rows of the same kind.
    """

    function: Function
    count: int | None
    grain: Grain
    table: str | None
    column: str
    kind: Kind
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Before:
    """A column of the same unit one period earlier, as closed; ``opening`` where there is none."""

    grain: Grain
    column: str
    opening: "Core | None"
    kind: Kind
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Given:
    """Whether the data gives a column, or (``grain``) whether there is a closed figure one period earlier."""

    column: str
    grain: Grain | None
    kind: Kind
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class AsGiven:
    """What the data gave for the figure being defined."""

    column: str
    kind: Kind
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Remaining:
    """The whole of a split less the parts above."""

    whole: "Core"
    parts: tuple["Core", ...]
    kind: Kind
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Rank:
    """The row's place among the rows of its kind under one parent, by a column."""

    column: str
    highest_first: bool
    kind: Kind
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Round:
    """A value rounded to a multiple of ``step``."""

    value: "Core"
    mode: Mode
    step: Number
    kind: Kind
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A datum or parameter marked 暂不计 as a whole factor or term: ``neutral`` stands for it while it is missing."""

    read: "Core"
    neutral: Number
    kind: Kind
    span: Span = _span()


Core = (
    Constant
    | Read
    | ReadParameter
    | ReadUp
    | Apply
    | Choose
    | Gather
    | History
    | Before
    | Given
    | AsGiven
    | Remaining
    | Rank
    | Round
    | LeftOut
)


def children(node: Core) -> Iterator[Core]:
    """The expressions directly inside one."""
    match node:
        case Apply(args=args):
            yield from args
        case Choose(branches=branches, otherwise=otherwise):
            for branch in branches:
                yield branch.condition
                if not isinstance(branch.value, NoFigure):
                    yield branch.value
            if otherwise is not None and not isinstance(otherwise, NoFigure):
                yield otherwise
        case Before(opening=opening) if opening is not None:
            yield opening
        case Remaining(whole=whole, parts=parts):
            yield whole
            yield from parts
        case Round(value=value):
            yield value
        case LeftOut(read=read):
            yield read
        case _:
            return


def label_of(node: "Core") -> str:
    """What an expression is called among what others wait for: its name, else as the rules write it."""
    match node:
        case Read(column=name) | ReadParameter(name=name):
            return name
        case _:
            return source_text(node.span)


def walk(node: Core) -> Iterator[Core]:
    """The expression and everything inside it on the same row, outermost first (not the filters of aggregates)."""
    yield node
    for child in children(node):
        yield from walk(child)


# ---- declarations


@dataclass(frozen=True, slots=True)
class Table:
    """A kind of rows (主体): its parents, its grain; ``merged_into`` is the kind its rows are linked into (合并自).

    The parents are those the data names: rows that are linked stay rows of their unit as well.
    """

    name: str
    parents: tuple[str, ...]
    grain: Grain
    merged_into: str | None = None
    span: Span | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Range:
    """What a value must lie in; ``None`` is no end, ``open_*`` where the end itself is outside."""

    low: Number | None = None
    high: Number | None = None
    open_low: bool = False
    open_high: bool = False

    def holds(self, value: Number) -> bool:
        """Whether the value lies in it."""
        if self.low is not None and (value < self.low or (self.open_low and value == self.low)):
            return False
        return not (self.high is not None and (value > self.high or (self.open_high and value == self.high)))


@dataclass(frozen=True, slots=True)
class Entry:
    """A value of a parameter and when it holds: dates inclusive, ``insurances`` empty for all that have no own line."""

    value: Scalar
    start: date | None
    end: date | None
    insurances: tuple[str, ...]
    clauses: tuple[str, ...]
    span: Span = _span()


ParameterState = Literal["stated", "referred", "open", "not_applicable"]


@dataclass(frozen=True, slots=True)
class ParameterReading:
    """Another reading of a parameter's value."""

    name: str
    value: Scalar
    clauses: tuple[str, ...]
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter in one of four states, with its range; ``assumed`` is used unless another value is given."""

    name: str
    kind: Kind
    state: ParameterState
    entries: tuple[Entry, ...]
    range: Range
    assumed: Scalar | None
    left_out: bool
    at_end: bool
    referred: str | None
    clauses: tuple[str, ...]
    layer: str
    readings: tuple[ParameterReading, ...] = ()
    reason: str | None = None
    span: Span = _span_by_name()


@dataclass(frozen=True, slots=True)
class Input:
    """A datum of a kind of rows; an event is a yes/no datum whose default is no."""

    table: str
    name: str
    kind: Kind
    range: Range
    step: Number | None
    default: Scalar | None
    left_out: bool
    all_insurances: bool
    event: bool
    evidence: str | None
    clauses: tuple[str, ...]
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Limit:
    """A bound of a datum that names a figure, checked once that figure is known: ``不超过 超支``."""

    table: str
    name: str
    condition: Core
    clauses: tuple[str, ...]
    span: Span = _span()


# ---- rules


@dataclass(frozen=True, slots=True)
class Reading:
    """Another reading: ``value`` in place of the default (``branch`` None) or of an exception's value."""

    name: str
    branch: int | None
    value: Core
    clauses: tuple[str, ...]
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class SplitPart:
    """Where a figure is a part of a split: the whole, and the parts above it."""

    whole: Core
    above: tuple[str, ...]
    last: bool


@dataclass(frozen=True, slots=True)
class Test:
    """A test of a gate: its condition, its document, its clause."""

    condition: Core
    evidence: str | None
    clauses: tuple[str, ...]
    text: str
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class GateNote:
    """What a gate's figure needs beyond its value: its tests, and whether a refused unit is not settled."""

    every: bool
    not_settled: bool
    tests: tuple[Test, ...]


@dataclass(frozen=True, slots=True)
class Target:
    """What an indicator is held against: ``None`` where the target is open."""

    condition: Core | None
    text: str
    consequence: Literal["none", "points", "money"]


@dataclass(frozen=True, slots=True)
class Figure:
    """A rule for one figure of one kind of rows: its default, its exceptions, how it is rounded, its clauses.

    ``range`` is what its name is declared to lie in (名词, or 数据 of the same name); None where nothing is declared.
    ``title`` and ``detail`` are the author's wishes for explanations: what to call it, and whether its working is told
    where other figures are explained.
    """

    table: str
    name: str
    kind: Kind
    stage: int
    default: Core | NoFigure
    exceptions: tuple[Branch, ...]
    mode: Mode
    step: Number | None
    unrounded: bool
    when_blank: bool
    also_input: bool
    locked: bool
    clauses: tuple[str, ...]
    sort: Literal["figure", "split", "gate", "indicator", "met"]
    part: SplitPart | None = None
    gate: GateNote | None = None
    target: Target | None = None
    readings: tuple[Reading, ...] = ()
    reason: str | None = None
    range: Range | None = None
    title: str | None = None
    detail: Literal["brief", "full"] | None = None
    layer: str = ""
    span: Span = _span_by_name()


@dataclass(frozen=True, slots=True)
class Allocation:
    """A whole on the parent allocated to the rows of ``receivers``; ``weight`` and ``each`` are per receiver kind."""

    table: str
    stage: int
    whole: Core
    receivers: tuple[str, ...]
    method: Literal["equally", "by_weight", "in_order"]
    weight: Mapping[str, Core]
    each: Mapping[str, Core]
    part: str
    left: str | None
    spare: str
    kind: Kind
    clauses: tuple[str, ...]
    layer: str = ""
    span: Span = _span_by_name()


@dataclass(frozen=True, slots=True)
class Link:
    """Rows of ``source`` linked into rows of ``table``: equal ``keys``, and a gap between two dates within ``bound`` days.

    The gap runs from the latest ``start`` of the rows before to the row's own ``end``; ``within`` where the bound itself
    still links. A row for which one of ``unless`` holds begins anew. In these ``上笔 x`` is a ``Before`` of grain "row".
    """

    table: str
    source: str
    keys: tuple[str, ...]
    start: str
    end: str
    bound: Core
    within: bool
    unless: tuple[Core, ...]
    clauses: tuple[str, ...]
    layer: str = ""
    span: Span = _span_by_name()


@dataclass(frozen=True, slots=True)
class Uses:
    """What a figure may be spent on: the rows of ``spending`` must name one of ``allowed``."""

    table: str
    name: str
    allowed: tuple[str, ...]
    spending: tuple[str, ...]
    clauses: tuple[str, ...]
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Identity:
    """What must hold for every row of ``table`` where its figures exist."""

    table: str
    left: Core
    right: Core
    text: str
    clauses: tuple[str, ...]
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Scenario:
    """Named assumptions of the rule file: name → value as written."""

    name: str
    title: str
    values: Mapping[str, Scalar]


@dataclass(frozen=True, slots=True)
class Layer:
    """A text that took part: a policy's own file, a parent, an amendment or the vocabulary."""

    name: str
    title: str
    digest: str


@dataclass(frozen=True, slots=True)
class Labels:
    """Where the words meet: ids, English words, the document's own words."""

    ids: Mapping[tuple[str | None, str], str]
    english: Mapping[tuple[str | None, str], str]
    called: Mapping[str, tuple[str, ...]]
    also: Mapping[str, tuple[str, ...]]

    def id(self, name: str, table: str | None = None) -> str:
        """The English id of a name; the name itself where it has none."""
        return self.ids.get((table, name)) or self.ids.get((None, name)) or name

    def words(self, name: str, table: str | None = None) -> str:
        """The English words of a name: as declared, else its id with spaces, else the name."""
        english = self.english.get((table, name)) or self.english.get((None, name))
        return english or self.id(name, table).replace("_", " ")

    def here(self, name: str) -> str:
        """The document's own word for a name."""
        return self.called[name][0] if name in self.called else name


@dataclass(frozen=True, slots=True)
class Scheme:
    """A whole scheme as it stands in one year, checked."""

    id: str
    title: str
    region: str
    document: str
    start: date | None
    end: date | None
    insurances: tuple[str, ...]
    separate: bool
    stages: tuple[str, ...]
    tables: Mapping[str, Table]
    rosters: Mapping[str, tuple[str, ...]]
    parameters: Mapping[str, Parameter]
    inputs: Mapping[tuple[str, str], Input]
    limits: tuple[Limit, ...]
    figures: Mapping[tuple[str, str], Figure]
    allocations: tuple[Allocation, ...]
    uses: tuple[Uses, ...]
    identities: tuple[Identity, ...]
    scenarios: Mapping[str, Scenario]
    order: tuple[tuple[str, str], ...]
    labels: Labels
    layers: tuple[Layer, ...]
    links: Mapping[str, Link] = field(default_factory=dict)


def node_fields(node: object) -> Iterator[tuple[str, object]]:
    """The fields of a node but its span, for printing."""
    for item in fields(node):  # type: ignore[arg-type]
        if item.name != "span":
            yield item.name, getattr(node, item.name)
