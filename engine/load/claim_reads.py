"""What rules read of the single rows of a kind (明细): whether they may be added up before any rule sees them."""

from collections.abc import Iterable, Iterator, Mapping

from engine.load.told_apart import questions
from engine.nouns import core as c
from engine.nouns import kinds as k
from engine.nouns.core import Input, Scheme
from grammar.frozen import dataclass

# In a filter these ask nothing of a row but its own columns, its unit's, and parameters of its year.
_PLAIN = (c.Constant, c.Read, c.ReadParameter, c.ReadUp, c.Apply, c.Choose, c.Round, c.LeftOut, c.Branch, c.NoFigure)
_OF_THE_ROW = frozenset({"年度", "险种", "期次"})


@dataclass(frozen=True, slots=True)
class Reads:
    """The columns that rules sum, those that filters read, and those of which it matters only whether they are blank.

    ``questions`` are of each column that filters ask nothing but yes or no, and of it alone, all that they ask.
    """

    summed: frozenset[str]
    asked: frozenset[str]
    noticed: frozenset[str]
    questions: Mapping[str, tuple[c.Core, ...]]


def reads_of(schemes: Iterable[Scheme], table: str) -> Reads | str:
    """What all states of a scheme read of a kind of single rows, or the name of what looks at each row by itself.

    Adding up rows that agree in their unit, year, insurance type and in every column a filter reads changes no sum: a
    filter then answers the same for all of them. Anything but sums and counts over such filters is left row by row.
    """
    summed: set[str] = set()
    asked: set[str] = set()
    noticed: set[str] = set()
    of_one: dict[str, list[c.Core]] = {}
    otherwise: set[str] = set()
    for scheme in schemes:
        if scheme.tables[table].grain != "row":
            return table
        if (merged := scheme.tables[table].merged_into) is not None:
            # Which rows are one hangs on the days of each.
            return merged
        if (own := _rules_of_its_own(scheme, table)) is not None:
            return own
        for owner, root in _roots(scheme):
            for node in _inside(root):
                if isinstance(node, c.History) and node.table == table:
                    if node.function != "sum":
                        return owner
                    summed.add(node.column)
                if not (isinstance(node, c.Gather) and table in node.tables):
                    continue
                if node.function not in {"sum", "count"} or not _is_plain(node.where):
                    return owner
                (summed if node.function == "sum" else noticed).add(node.column)
                asked |= _columns(node.where)
                for column, question in questions(node.where):
                    if question is None:
                        otherwise.add(column)
                    else:
                        of_one.setdefault(column, []).append(question)
        noticed |= {name for (t, name), datum in scheme.inputs.items() if t == table and datum.left_out}
        data = {name: datum for (t, name), datum in scheme.inputs.items() if t == table}
        for name, datum in data.items():
            if datum.evidence is not None or datum.all_insurances or (name in summed and not adds_up(datum)):
                return name
    if summed & asked:
        return min(summed & asked)
    asked_alone = {column: tuple(found) for column, found in of_one.items() if column not in otherwise}
    return Reads(frozenset(summed), frozenset(asked - _OF_THE_ROW), frozenset(noticed - summed - asked), asked_alone)


def _rules_of_its_own(scheme: Scheme, table: str) -> str | None:
    """What works something out on the rows themselves."""
    for t, name in scheme.figures:
        if t == table:
            return name
    for allocation in scheme.allocations:
        if table in allocation.receivers or allocation.table == table:
            return allocation.part
    if any(limit.table == table for limit in scheme.limits) or any(i.table == table for i in scheme.identities):
        return table
    return next((uses.name for uses in scheme.uses if table in uses.spending or uses.table == table), None)


def _roots(scheme: Scheme) -> Iterator[tuple[str, object]]:
    """Everything of a scheme that holds expressions, with the name it goes by; other readings too."""
    yield from ((name, figure) for (_, name), figure in scheme.figures.items())
    yield from ((a.part, a) for a in scheme.allocations)
    yield from ((limit.name, limit) for limit in scheme.limits)
    yield from ((identity.text, identity) for identity in scheme.identities)


def _inside(root: object) -> Iterator[object]:
    """Every node inside a declaration, filters and readings with it: nothing of its fields is passed over."""
    if isinstance(root, tuple):
        for item in root:
            yield from _inside(item)
    elif isinstance(root, Mapping):
        yield from _inside(tuple(root.values()))
    elif hasattr(root, "__dataclass_fields__"):
        yield root
        for _, value in c.node_fields(root):
            yield from _inside(value)


def _is_plain(where: c.Core | None) -> bool:
    """Whether a filter answers the same for rows that agree in the columns it reads."""
    if where is None:
        return True
    for node in _inside(where):
        if isinstance(node, c.Read) and node.column == "名称":
            return False
        if isinstance(node, c.Given) and node.grain is None:
            continue
        if not isinstance(node, (*_PLAIN, k.Kind)):
            return False
    return True


def _columns(where: c.Core | None) -> set[str]:
    nodes = () if where is None else _inside(where)
    return {node.column for node in nodes if isinstance(node, c.Read | c.Given)}


def adds_up(datum: Input) -> bool:
    """Whether amounts may be added up before they are looked at: whole fen or whole counts, bounded by nothing but zero."""
    limits, kind = datum.range, datum.kind
    whole = (kind.base in {k.Base.MONEY, k.Base.SIGNED} and kind.per is None) or k.whole_only(kind)
    bounded = limits.low not in {None, 0} or limits.open_low or limits.high is not None or datum.step is not None
    return whole and not bounded and datum.default in {None, 0}
