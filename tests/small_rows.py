"""A few rows twice over: as the interpreter has them, and as a table of DuckDB that expressions are said over."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from random import Random
from typing import Any

from sqlglot import exp

from engine.interpret.evaluate import Evaluator
from engine.interpret.world import input_value, parameter_value
from engine.nouns import kinds as k
from engine.nouns import possible as p
from engine.nouns import value as n
from engine.nouns.core import Core, Entry, Input, Parameter, Range
from engine.nouns.dataset import Assumption
from engine.nouns.periods import Period
from engine.nouns.possible import Scalar
from engine.nouns.world import Row
from engine.sql import domain as d
from engine.sql import marks as m
from engine.sql import values as v
from engine.sql.carried import changed
from engine.sql.conditions import BOOLEAN, certainly, is_given, known, truth
from engine.sql.duckdb_engine import DuckDB
from engine.sql.expressions import evaluate
from engine.sql.forms import ALWAYS, PERHAPS, Number, Plain, Possible, Rational, Sort, Value
from engine.sql.levels import quoted
from engine.sql.marks import BITS, Mask
from engine.sql.scope import Names
from engine.sql.whole import Arithmetic, Whole
from grammar.diagnostic import Finding
from grammar.source import Source, Span

SPAN = Span(Source("small.policy", "规则"), 1, 1, 1, 2)
CHOICES = k.Kind(k.Base.CHOICE, options=("甲", "乙", "丙"))
SIZES = (0, 1, 2, 3, 50, 99, 100, 101, 2**53, 2**53 + 1, 10**15)
DAYS = tuple(date(2024, month, 28) for month in (1, 2, 12))

# A number is stored over this.
_SCALES = {"甲数": 1, "乙数": 1, "丙数": 1, "丁率": 10_000, "戊数": 1}


def _datum(name: str, kind: k.Kind, limits: Range, default: Scalar | None = None, *, event: bool = False) -> Input:
    return Input("行", name, kind, limits, None, default, False, False, event, None, (), SPAN)


# What is declared of the data of a row; 甲数, 甲否, 甲文 and 甲日 are given on every row.
DATA = {
    datum.name: datum
    for datum in (
        _datum("甲数", k.SIGNED, Range()),
        _datum("乙数", k.MONEY, Range(0)),
        _datum("丙数", k.NUMBER, Range()),
        _datum("丁率", k.RATIO, Range(0, 1)),
        _datum("戊数", k.NUMBER, Range(), 5),
        _datum("甲否", k.YES_NO, Range()),
        _datum("乙否", k.YES_NO, Range()),
        _datum("丙否", k.YES_NO, Range()),
        _datum("丁否", k.YES_NO, Range(), event=True),
        _datum("甲文", CHOICES, Range()),
        _datum("乙文", CHOICES, Range()),
        _datum("甲日", k.DATE, Range()),
        _datum("乙日", k.DATE, Range()),
    )
}
ASSUMPTIONS = {
    "丁率": Assumption("丁率", Fraction(3, 10), "估计"),
    "丙否": Assumption("丙否", value=True, source="估计"),
}  # fmt: skip
SURE = frozenset({"甲数", "甲否", "甲文", "甲日"})
# Figures that may be absent, or perhaps absent.
GONE = ("空数", "空否")


def _parameter(name: str, kind: k.Kind, limits: Range, value: Scalar | None, assumed: Scalar | None) -> Parameter:
    entries = () if value is None else (Entry(value, None, None, (), (), SPAN),)
    state = "open" if value is None else "stated"
    return Parameter(name, kind, state, entries, limits, assumed, False, False, None, (), "", span=SPAN)  # type: ignore[arg-type]


PARAMETERS = {
    one.name: one
    for one in (
        _parameter("定参", k.RATIO, Range(0, 1), Fraction(85, 100), None),
        _parameter("未参", k.RATIO, Range(0, 1), None, None),
        _parameter("假参", k.RATIO, Range(), None, Fraction(1, 3)),
    )
}


@dataclass(slots=True)
class Small:
    """A scope over a table: what is bound lies in one select about another; ``doubts`` are kept apart."""

    columns: dict[str, Value]
    parameters: dict[str, Value]
    there: dict[str, exp.Expression]
    names: Names
    arithmetic: Arithmetic = field(default_factory=lambda: Arithmetic("duckdb"))
    doubts: list[exp.Expression] = field(default_factory=list)
    levels: dict[str, int] = field(default_factory=dict)
    bound: dict[str, exp.Expression] = field(default_factory=dict)

    def column(self, name: str) -> Value:
        """A column of the row as it stands."""
        return self.columns[name]

    def parameter(self, name: str) -> Value:
        """A parameter."""
        return self.parameters[name]

    def given(self, name: str) -> exp.Expression:
        """Whether the data gives a column."""
        return self.there[name]

    def bind(self, hint: str, sql: exp.Expression, kind: exp.DataType) -> exp.Expression:
        """A column of its own for a tree."""
        del kind
        for name, made in self.bound.items():
            if made == sql:
                return exp.column(name)
        name = f"{hint}_{len(self.bound)}"
        self.levels[name] = 1 + max((self.levels.get(x.name, 0) for x in sql.find_all(exp.Column)), default=0)
        self.bound[name] = sql.copy()
        return exp.column(name)

    def doubt(self, condition: exp.Expression) -> None:
        """Rows that are in doubt."""
        if known(condition) is not False:
            self.doubts.append(condition)

    def query(self, table: str, wanted: Sequence[str]) -> exp.Expression:
        """The columns wanted of every row."""
        source: Any = exp.to_table(table)
        for level in range(1, max(self.levels.values(), default=0) + 1):
            mine = [exp.alias_(self.bound[name].copy(), name) for name, at in self.levels.items() if at == level]
            source = exp.select(exp.Star(), *mine).from_(source).subquery(f"level_{level}")
        return exp.select(*map(exp.column, wanted)).from_(source).order_by(exp.column("row"))


def cells(random: Random, count: int) -> list[dict[str, Any]]:
    """What the data gives on some rows; None is a blank."""
    return [dict(_cells(random)) for _ in range(count)]


def _cells(random: Random) -> Iterator[tuple[str, Any]]:
    for name, datum in DATA.items():
        blank = name not in SURE and random.random() < 0.4
        yield name, None if blank else _given(random, datum)
    yield "空数", (random.choice((0, 0, 1, 2)), random.choice(SIZES), random.choice((0, 1, 10**15)))
    yield "空否", (random.choice((0, 0, 1, 2)), random.choice((True, False, None)))


def _given(random: Random, datum: Input) -> Scalar:
    match datum.kind.base:
        case k.Base.YES_NO:
            return random.random() < 0.5
        case k.Base.CHOICE:
            return random.choice(CHOICES.options)
        case k.Base.DATE:
            return random.choice(DAYS)
        case k.Base.RATIO:
            return Fraction(random.choice((0, 1, 3333, 5000, 9999, 10_000)), 10_000)
    size = random.choice((*SIZES, random.randrange(10**6)))
    return -size if datum.range.low is None and random.random() < 0.4 else size


def rows_of(data: Sequence[dict[str, Any]]) -> list[Row]:
    """The rows as the interpreter has them."""
    return [_row(given) for given in data]


def _row(given: dict[str, Any]) -> Row:
    columns = {name: input_value(datum, given[name], ASSUMPTIONS.get(name)) for name, datum in DATA.items()}
    how, low, more = given["空数"]
    columns["空数"] = n.stated(_gone(how, p.between(low, low + more), "缘由甲"))
    how, answer = given["空否"]
    columns["空否"] = n.stated(_gone(how, p.UNKNOWN if answer is None else answer, "缘由乙"))
    there = {name for name in DATA if given[name] is not None}
    return Row("行", "户", None, Period(2024), None, (), columns, there, True, None, {})


def _gone(how: int, what: p.Possible, reads: str) -> p.Possible:
    return (what, p.Absent(frozenset({reads})), p.Maybe(what, frozenset({reads})))[how]


def parameter_on(name: str, row: Row) -> n.Value:
    """A parameter as the interpreter has it."""
    return parameter_value(PARAMETERS[name], None, row.period.first_day, row.insurance)


def laid_out(engine: DuckDB, table: str, data: Sequence[dict[str, Any]]) -> Small:
    """The rows as a table, and the scope over it."""
    small = Small({}, {}, {}, Names())
    whole, yes_no, small_int = (exp.DataType.build(x) for x in ("BIGINT", "BOOLEAN", "SMALLINT"))
    types: list[tuple[str, exp.DataType]] = [("row", whole)]
    lines: list[list[Any]] = [[i] for i in range(len(data))]
    for name, datum in DATA.items():
        scale = _SCALES.get(name)
        types.append((name, whole if scale else d.TYPES[_sort(datum)]))
        stored = [given[name] if scale is None or given[name] is None else int(given[name] * scale) for given in data]
        for line, cell in zip(lines, stored, strict=True):
            line.append(cell)
        blank = any(x is None for x in stored)
        small.there[name] = is_given(exp.column(name)) if blank else truth(value=True)
        if scale is None:
            possible = Possible(Plain(exp.column(name), _sort(datum), blank))
        else:
            there = [x for x in stored if x is not None] or [0]
            number = Rational(Whole(exp.column(name), min(there), max(there)), small.arithmetic.constant(scale), blank)
            possible = d.point(number)
        assumption = ASSUMPTIONS.get(name)
        assumed = None if assumption is None else d.exact(small, assumption.value)
        small.columns[name] = v.datum(small, possible, datum, assumed)
    types += [("数缺", small_int), ("数低", whole), ("数高", whole), ("否缺", small_int), ("否", yes_no)]
    for line, given in zip(lines, data, strict=True):
        how, low, more = given["空数"]
        line += [how, low, low + more, *given["空否"]]
    ends = [Rational(Whole(exp.column(x), 0, 2 * 10**15), small.arithmetic.constant(1)) for x in ("数低", "数高")]
    small.columns["空数"] = _perhaps(small, Number(*ends), "数缺", "缘由甲")
    small.columns["空否"] = _perhaps(small, Plain(exp.column("否"), "yes_no", blank=True), "否缺", "缘由乙")
    for name, declared in PARAMETERS.items():
        value = declared.entries[0].value if declared.entries else None
        small.parameters[name] = v.parameter(small, declared, value, None)
    engine.create(table, types)
    engine.fill(table, lines)
    return small


def _sort(datum: Input) -> Sort:
    return {k.Base.YES_NO: "yes_no", k.Base.DATE: "date"}.get(datum.kind.base, "text")  # type: ignore[return-value]


def _perhaps(s: Small, what: Number | Plain, gone: str, reads: str) -> Value:
    column = exp.column(gone)
    gap = exp.NEQ(this=column.copy(), expression=exp.Literal.number(0))
    return v.stated(Possible(what, column, m.when(gap, m.fixed(s.names.mask([reads])))))


def by_interpreter(node: Core, rows: Sequence[Row]) -> list[tuple[n.Value | None, bool]]:
    """What an expression comes to on each row, None where there is none, and whether anything was told of it."""
    found: list[tuple[n.Value | None, bool]] = []
    for row in rows:
        findings: list[Finding] = []
        evaluator = Evaluator(None, parameter_on, findings)  # type: ignore[arg-type] # an expression asks for none
        try:
            value = evaluator.of(node)(row)
        except IndexError:
            # Whatever may hold clashes: the interpreter has no word for that yet.
            found.append((None, True))
            continue
        found.append((value, bool(findings)))
    return found


def by_engine(engine: DuckDB, table: str, small: Small, node: Core) -> list[tuple[n.Value, bool]]:
    """What an expression comes to on each row of a table, and whether the row is in doubt."""
    value = evaluate(small, node)
    asked: dict[str, int] = {"row": 0}

    def place(tree: exp.Expression, part: str = "", kind: exp.DataType = BOOLEAN) -> exp.Expression:
        column = small.bind(part or "value", tree, kind)
        assert isinstance(column, exp.Column)
        asked.setdefault(column.name, len(asked))
        return column

    kept = changed(value, small.arithmetic, place)
    doubts = [place(certainly(x)).name for x in small.doubts if known(x) is None]
    sure = any(known(x) is True for x in small.doubts)
    lines = engine.rows(quoted(small.query(table, list(asked))))
    read = _Reader(asked, small.names)
    return [(read.value(kept, line), sure or any(line[asked[x]] for x in doubts)) for line in lines]


@dataclass(slots=True)
class _Reader:
    """What a value is on one line of an answer."""

    asked: dict[str, int]
    names: Names

    def value(self, value: Value, line: tuple[Any, ...]) -> n.Value:
        """The value as the interpreter would have it."""
        marks = [self.marks(mask, line) for mask in (value.missing, value.assumed, value.defaults)]
        return n.Value(self.possible(value.now, line), self.possible(value.base, line), *marks)

    def possible(self, possible: Possible, line: tuple[Any, ...]) -> p.Possible:
        """What it can be."""
        gone = possible.gone if isinstance(possible.gone, int) else self.tree(possible.gone, line)
        reads = self.marks(possible.reads, line)
        if gone == ALWAYS:
            return p.Absent(reads)
        what = possible.what
        if isinstance(what, Plain):
            found = what.value if what.value is not None else self.tree(what.sql, line)
            solid: p.Possible = p.UNKNOWN if found is None else found
        else:
            solid = p.between(*(self.end(end, line) for end in (what.low, what.high)))
        return p.Maybe(solid, reads) if gone == PERHAPS else solid

    def end(self, end: Rational | None, line: tuple[Any, ...]) -> Fraction | None:
        """An end of a range."""
        if end is None or (above := self.whole(end.above, line)) is None:
            return None
        return Fraction(above, self.whole(end.below, line) or 1)

    def whole(self, whole: Whole, line: tuple[Any, ...]) -> int | None:
        """A whole number."""
        return whole.static if whole.static is not None else self.tree(whole.sql, line)

    def marks(self, mask: Mask, line: tuple[Any, ...]) -> frozenset[str]:
        """The names of a mask."""
        words = sum((self.tree(tree, line) or 0) << BITS * at for at, tree in mask.words)
        return self.names.of(mask.always | words)

    def tree(self, tree: exp.Expression, line: tuple[Any, ...]) -> Any:
        """What a column holds."""
        match tree:
            case exp.Column():
                return line[self.asked[tree.name]]
            case exp.Cast(this=exp.Null()) | exp.Null():
                return None
        raise AssertionError(tree.sql())


def alike(kind: k.Kind) -> Callable[[n.Value], object]:
    """A value as it is compared: what is no number is unknown where it may be anything."""

    def one(possible: p.Possible) -> object:
        match possible:
            case p.Maybe(inner=inner, reads=reads):
                return ("maybe", one(inner), reads)
            case p.Between() | p.Unknown() if not kind.is_number:
                return "unknown"
            case bool():
                return ("answer", possible)
        return possible

    def told(value: n.Value) -> object:
        return (one(value.now), one(value.base), value.missing, value.assumed, value.defaults)

    return told
