"""Where a scheme's rows lie in an engine: one relation per kind of rows, with what is known of each column before a run."""

from collections.abc import Mapping

from engine.nouns.kinds import Base, Kind
from grammar.frozen import dataclass

# Columns every relation has; see `Relation`.
ROW, PARENT, PARENT_KIND = "row", "parent", "parent_kind"
YEAR, NUMBER, UNIT, INSURANCE = "year", "number", "unit", "insurance"
FROM_DATA, COUNT, PLACE = "from_data", "count", "place"
# The relation of one row that gives the parameters a rule file leaves open.
OPEN = "open_parameters"
# Where every row stands once for each of many scenarios: the number of its scenario.
SCENARIO = "scenario_no"
OWN = (ROW, PARENT, PARENT_KIND, YEAR, NUMBER, UNIT, INSURANCE, FROM_DATA, COUNT, PLACE)


@dataclass(frozen=True, slots=True)
class Column:
    """A datum of a kind of rows as stored: a number is the whole number stored over ``scale``; NULL is not given.

    ``low`` and ``high`` are the ends of the whole numbers stored (as observed in the data of the run, or as declared); None
    where the column holds no number, or no end is known. ``blanks``: some row does not give it. ``given``: some row does.
    """

    name: str
    sql: str
    kind: Kind
    scale: int = 1
    low: int | None = None
    high: int | None = None
    blanks: bool = True
    given: bool = True

    @property
    def sort(self) -> str:
        """How it is stored: ``whole``, ``yes_no``, ``date`` or ``text``."""
        match self.kind.base:
            case Base.YES_NO:
                return "yes_no"
            case Base.DATE:
                return "date"
            case Base.TEXT | Base.CHOICE:
                return "text"
            case _:
                return "whole"


@dataclass(frozen=True, slots=True)
class Relation:
    """All rows of a kind, of all settled years; ``parents`` are the kinds that ``parent_kind`` counts from 0.

    ``row`` numbers the rows from 0 in the order of the results within a year, years ascending; ``parent`` is the ``row`` of
    the parent in its relation. ``place`` orders the rows under one top row, of whatever kind, as allocations take them.
    ``unique``: a unit's name and insurance type tell it from every other of the kind in its year; of rows of all years, that
    each says whose it is.
    ``one_year``: it holds rows of one year and no others; ``all_from_data``: no row stands in for data that are lacking.
    ``years`` gives how many rows each settled year has, ``insurances`` which values ``insurance`` takes (None for none).
    ``made`` are columns that were added to its rows, or to the rows that were made of others.
    """

    kind: str
    sql: str
    parents: tuple[str, ...]
    columns: Mapping[str, Column]
    years: Mapping[int, int]
    insurances: tuple[str | None, ...] = (None,)
    most_children: Mapping[str, int] | None = None
    unique: bool = False
    one_year: bool = False
    all_from_data: bool = False
    made: tuple[str, ...] = ()

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return sum(self.years.values())


@dataclass(frozen=True, slots=True)
class Layout:
    """The relations of a run by kind, the kinds that were supplied, and the settled years.

    ``varying``: every row stands there once for each scenario, with a column for each name whose assumed value is not the
    same in all; ``rows`` and ``years`` of relations count the rows of one scenario. ``taken`` are names of other tables there.
    """

    relations: Mapping[str, Relation]
    supplied: frozenset[str]
    years: tuple[int, ...]
    varying: Mapping[str, Column] | None = None
    taken: tuple[str, ...] = ()


def of_scenario(varying: Mapping[str, Column] | None) -> list[str]:
    """The columns that every row has of its scenario; none where there is one alone."""
    return [] if varying is None else [SCENARIO, *(column.sql for column in varying.values())]
