"""Data and assumptions held to the ranges in force in their own year, which an amendment may have set otherwise since."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date
from fractions import Fraction

from engine.load.binding import Binding
from engine.load.tables import Cell
from engine.nouns.core import Range, Scheme
from engine.nouns.dataset import Assumption
from engine.nouns.kinds import Kind
from engine.nouns.possible import Scalar
from engine.nouns.ranges import number_text, range_words
from grammar.diagnostic import Place


def held_to_their_years(
    b: Binding,
    in_force: Callable[[date], Scheme],
    years: Iterable[int],
    assumed: Mapping[str, Assumption],
    cells: Mapping[str, Cell],
) -> None:
    """Tell of values that fit what stands at the end, and not what stood when they were settled."""
    all_years = {*years, *(row.period.year for rows in b.rows.values() for row in rows)}
    earlier = {year: s for year in all_years if (s := in_force(date(year, 1, 1))) is not b.scheme}
    for table, rows in b.rows.items():
        for row in rows if earlier else ():
            scheme = earlier.get(row.period.year)
            if scheme is None:
                continue
            for name, value in row.cells.items():
                datum = scheme.inputs.get((table, name))
                if datum is not None:
                    _hold(b, name, value, datum.kind, datum.range, row.places.get(name, row.place))
    places = {b.words.get(key, key): cell.place for key, cell in cells.items()}
    for name, assumption in assumed.items():
        for kind, limits in _ranges(name, [earlier[year] for year in years if year in earlier]):
            _hold(b, name, assumption.value, kind, limits, places.get(name))


def _ranges(name: str, schemes: Iterable[Scheme]) -> Iterator[tuple[Kind, Range]]:
    """What a name is declared as in some states of the scheme, each once."""
    found: dict[tuple[Kind, Range], None] = {}
    for scheme in schemes:
        data = [datum for (_, n), datum in scheme.inputs.items() if n == name]
        parameter = scheme.parameters.get(name)
        found |= dict.fromkeys((x.kind, x.range) for x in ([parameter] if parameter is not None else data))
    yield from found


def _hold(b: Binding, name: str, value: Scalar, kind: Kind, limits: Range, place: Place | None) -> None:
    if not kind.is_number or isinstance(value, bool) or not isinstance(value, int | Fraction) or limits.holds(value):
        return
    b.tell("D060", place, name=name, text=number_text(value, kind), range=range_words(limits, kind))
