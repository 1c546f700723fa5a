"""Which ways of writing a column filters tell apart: days within one month are alike where only the month is asked."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date

from engine.load.bind_cells import value_of
from engine.load.binding import Binding
from engine.load.tables import Cell
from engine.load.values import parse_year
from engine.nouns import core as c
from engine.nouns.operators import OPERATORS
from engine.nouns.possible import Possible, Scalar
from grammar.diagnostic import Place

# A column written in more ways is taken as it is written.
WAYS_AT_MOST = 100_000


def questions(where: c.Core | None) -> Iterator[tuple[str, c.Core | None]]:
    """What a filter asks of each column it reads: a question about it alone, or None where it is asked with others."""
    if where is None:
        return
    if isinstance(where, c.Apply) and where.operator in {"and", "or", "not"}:
        for arg in where.args:
            yield from questions(arg)
        return
    nodes = list(c.walk(where))
    columns = {node.column for node in nodes if isinstance(node, c.Read | c.Given)} - {"年度"}
    is_closed = all(isinstance(node, c.Constant | c.Read | c.Given | c.Apply) for node in nodes)
    for column in columns:
        yield column, where if is_closed and len(columns) == 1 else None


def years_written(head: int | None, texts: Iterable[str]) -> frozenset[int]:
    """The years that rows can be of by what the data says of them."""
    found = {parse_year(text) for text in texts} | {head}
    return frozenset(year for year in found if year is not None)


def alike(
    b: Binding, datum: c.Input, unit: str | None, texts: Iterable[str], asked: tuple[c.Core, ...], years: frozenset[int]
) -> Mapping[str, str]:
    """Every way of writing a datum, with the first one that no filter tells from it."""
    first: dict[object, str] = {}
    found: dict[str, str] = {}
    for text in texts:
        mark = b.mark()
        value = value_of(b, datum, Cell(text, Place("")), unit)
        is_wrong = value is None or b.told_since(mark) > 0
        b.back_to(mark)
        # What is wrong is looked at by itself.
        found[text] = text if is_wrong or value is None else first.setdefault(_answers(value, asked, years), text)
    return found


def _answers(value: Scalar, asked: tuple[c.Core, ...], years: frozenset[int]) -> object:
    """What filters are told of a row by a value, whichever year the row is of; a day may give it its year."""
    own = value.year if isinstance(value, date) else None
    of = sorted(years if own is None else years | {own})
    return own, tuple(_answer(question, value, year) for question in asked for year in of)


def _answer(node: c.Core, value: Scalar, year: int) -> Possible | None:
    match node:
        case c.Constant(value=constant):
            return constant
        case c.Read(column="年度"):
            return year
        case c.Given():
            return True
        case c.Apply(operator=operator, args=args):
            return OPERATORS[operator].apply(*(_answer(arg, value, year) for arg in args))
        case _:
            return value
