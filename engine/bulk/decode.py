"""What an engine made of the rows of a run, put back on the rows the interpreter would have worked on."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from functools import reduce
from operator import or_
from typing import Any

from sqlglot import exp

from engine.bulk.fill import Tables, flat
from engine.compile.compile import columns_of
from engine.nouns import possible as p
from engine.nouns import value as n
from engine.nouns.numbers import exact
from engine.nouns.pipeline import Allocate, Pipeline
from engine.nouns.world import Row
from engine.sql.engines import Engine
from engine.sql.forms import ALWAYS, NEVER, PERHAPS, Number, Plain, Possible, Rational, Value
from engine.sql.layout import ROW
from engine.sql.levels import quoted
from engine.sql.marks import BITS, Mask
from engine.sql.program import Program, read_of
from engine.sql.rows import Rows
from engine.sql.scope import Names

_Cells = tuple[Any, ...]
_Read = Callable[[_Cells], Any]


@dataclass(slots=True)
class Decoded:
    """The rows in doubt, and of the others what was checked: true, false, or not known yet."""

    doubtful: list[Row] = field(default_factory=list)
    checks: list[tuple[Row, bool | None]] = field(default_factory=list)
    shared: dict[tuple[int, int], Row] = field(default_factory=dict)


def decode(
    engine: Engine,
    program: Program,
    pipelines: Mapping[int, Pipeline],
    tables: Mapping[int, Tables],
    merged: Mapping[tuple[int, str], Mapping[int, Row]],
) -> Decoded:
    """Fill the columns of all rows; ``merged`` gives rows made of others by the numbers that the engine knows them by."""
    decoded = Decoded()
    for year, kinds in program.years.items():
        made: dict[str, list[str]] = {}
        for step in flat(pipelines[year]):
            for table, column in columns_of(step):
                made.setdefault(table, []).append(column)
        for kind, rows in kinds.items():
            numbered = merged.get((year, kind))
            mine = dict(enumerate(tables[year].get(kind, ()))) if numbered is None else numbered
            if mine:
                reader = _Reader(rows, made.get(kind, []), program.doubts[year, kind], program.names)
                reader.read(engine, mine, decoded, numbered=numbered is not None)
    return decoded


class Decoder:
    """Makes values of cells; ``asked`` are the columns that the cells are of."""

    def __init__(self, asked: list[str], names: Names) -> None:
        self.asked = asked
        self.names = names
        self.places = {name: i for i, name in enumerate(asked)}
        self.sets: dict[int, frozenset[str]] = {}

    def value(self, value: Value) -> Callable[[_Cells], n.Value]:
        """What makes a value of the cells."""
        now = self.possible(value.now)
        base = None if value.base is value.now else self.possible(value.base)
        masks = [self.marks(mask) for mask in (value.missing, value.assumed, value.defaults)]
        missing, assumed, defaults = masks
        if base is None and not any(mask.may for mask in (value.missing, value.assumed, value.defaults)):

            def plain(cells: _Cells) -> n.Value:
                return n.stated(now(cells))

            return plain

        def made(cells: _Cells) -> n.Value:
            one = now(cells)
            other = one if base is None else base(cells)
            return n.Value(one, one if _same(one, other) else other, missing(cells), assumed(cells), defaults(cells))

        return made

    def possible(self, possible: Possible) -> Callable[[_Cells], p.Possible]:
        """What makes what a value can be of the cells."""
        what = self.number(possible.what) if isinstance(possible.what, Number) else self.plain(possible.what)
        if possible.gone == NEVER:
            return what
        gone: _Read = (lambda _: possible.gone) if isinstance(possible.gone, int) else self.tree(possible.gone)
        reads = self.marks(possible.reads)

        def made(cells: _Cells) -> p.Possible:
            absent = gone(cells)
            if absent == ALWAYS:
                return p.Absent(reads(cells))
            if absent == PERHAPS:
                return p.Maybe(what(cells), reads(cells))
            return what(cells)

        return made

    def number(self, number: Number) -> Callable[[_Cells], p.Possible]:
        """What makes a number or range of the cells."""
        low = self.rational(number.low)
        if number.is_one:

            def one(cells: _Cells) -> p.Possible:
                value = low(cells)
                return p.ANYTHING if value is None else value

            return one
        high = self.rational(number.high)
        return lambda cells: p.between(low(cells), high(cells))

    def rational(self, rational: Rational | None) -> Callable[[_Cells], int | Fraction | None]:
        """What makes a number of the cells."""
        if rational is None:
            return lambda _: None
        above, below = rational.above.static, rational.below.static
        if above is not None and below is not None:
            fixed = exact(Fraction(above, below))
            return lambda _: fixed
        over = (lambda _: above) if above is not None else self.tree(rational.above.sql)
        if below == 1:
            return over
        under = (lambda _: below) if below is not None else self.tree(rational.below.sql)

        def made(cells: _Cells) -> int | Fraction | None:
            value = over(cells)
            return None if value is None else exact(Fraction(value, under(cells)))

        return made

    def plain(self, plain: Plain) -> Callable[[_Cells], p.Possible]:
        """What makes a yes/no, text or date of the cells."""
        if plain.value is not None:
            fixed = plain.value
            return lambda _: fixed
        tree = self.tree(plain.sql)

        def made(cells: _Cells) -> p.Possible:
            value = tree(cells)
            return p.UNKNOWN if value is None else value

        return made

    def bits(self, mask: Mask) -> Callable[[_Cells], int]:
        """What makes a set of bits of the cells."""
        always = mask.always
        if not mask.words:
            return lambda _: always
        words = [(at * BITS, self.tree(tree)) for at, tree in mask.words]
        if len(words) == 1:
            ((shift, word),) = words
            return lambda cells: always | (word(cells) or 0) << shift
        return lambda cells: reduce(or_, ((word(cells) or 0) << shift for shift, word in words), always)

    def marks(self, mask: Mask) -> Callable[[_Cells], frozenset[str]]:
        """What makes a set of names of the cells."""
        bits = self.bits(mask)

        def made(cells: _Cells) -> frozenset[str]:
            found = bits(cells)
            if found not in self.sets:
                self.sets[found] = self.names.of(found)
            return self.sets[found]

        return made

    def answer(self, tree: exp.Expression) -> Callable[[_Cells], bool | None]:
        """What makes a yes, a no or neither of the cells."""
        if isinstance(tree, exp.Boolean):
            fixed = bool(tree.this)
            return lambda _: fixed
        return self.tree(tree)

    def tree(self, tree: exp.Expression) -> _Read:
        """A cell."""
        if isinstance(tree, exp.Cast) and isinstance(tree.this, exp.Null):
            return lambda _: None
        assert isinstance(tree, exp.Column), tree.sql()
        place = self.places[tree.name]
        return lambda cells: cells[place]


class _Reader(Decoder):
    """Reads the rows of one kind in one year."""

    def __init__(self, rows: Rows, made: list[str], doubt: exp.Expression, names: Names) -> None:
        asked = [ROW, *read_of(rows), *([doubt.name] if isinstance(doubt, exp.Column) else [])]
        super().__init__(list(dict.fromkeys(asked)), names)
        self.rows = rows
        self.doubt = doubt
        self.columns = [(name, self.value(rows.columns[name])) for name in made if name in rows.columns]
        self.decided = [(name, self.bits(mask)) for name, mask in rows.decided.items()]
        self.opened = [(name, self.answer(tree)) for name, tree in rows.opened.items()]
        self.checks = [self.answer(tree) for _, tree in rows.checks]
        self.shared = [(step, self.answer(tree)) for step, tree in rows.shared]
        self.refused = self.answer(rows.refused) if rows.refused is not None else None

    def read(self, engine: Engine, mine: Mapping[int, Row], decoded: Decoded, *, numbered: bool) -> None:
        """Put what the engine made on the rows: one after another, or each by its number."""
        select = exp.select(*(exp.column(name) for name in self.asked)).from_(exp.to_table(self.rows.frame.source))
        if self.rows.frame.where is not None:
            select = select.where(self.rows.frame.where.copy())
        found = engine.rows(quoted(select.order_by(exp.column(ROW))))
        in_doubt = self.answer(self.doubt)
        number = self.places[ROW]
        for place, cells in enumerate(found):
            # What is made of rows that nobody can link is made by nobody: its unit is in doubt.
            row = mine.get(cells[number] if numbered else place)
            if row is None:
                continue
            for name, value in self.columns:
                row.columns[name] = value(cells)
            for name, bits in self.decided:
                mask = bits(cells)
                if mask:
                    row.decided[name] = tuple(i for i in range(mask.bit_length()) if mask >> i & 1)
            for name, answer in self.opened:
                if answer(cells):
                    row.decided[name] = ()
            if self.refused is not None:
                row.refused = bool(self.refused(cells))
            if in_doubt(cells):
                decoded.doubtful.append(row)
            decoded.checks += [(row, answer(cells)) for answer in self.checks]
            for step, answer in self.shared:
                if answer(cells) and (row.table == step.table or not row.columns[step.column].is_absent):
                    above = _above(row, step)
                    decoded.shared[id(step), id(above)] = above


def tally(decoded: Decoded, is_left_out: Callable[[Row], bool]) -> tuple[int, int]:
    """How many identities were checked, and how many wait, on the rows that are not left out."""
    told = [answer for row, answer in decoded.checks if not is_left_out(row)]
    shared = sum(1 for row in decoded.shared.values() if not is_left_out(row))
    waiting = sum(1 for answer in told if answer is None)
    return len(told) - waiting + shared, waiting


def _above(row: Row, step: Allocate) -> Row:
    above = row
    while above.table != step.table:
        assert above.parent is not None
        above = above.parent
    return above


def _same(left: p.Possible, right: p.Possible) -> bool:
    return type(left) is type(right) and left == right
