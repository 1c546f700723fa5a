"""Who knows less is told less and never something else: what is settled of data with cells left blank holds when they are filled."""

import sys
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent / "agreement"))

from programs import COURSE
from roads import Case, case_of, dataset_of, interpreted

from engine.api import Policy
from engine.nouns.possible import Between, Maybe, Possible, is_point
from engine.nouns.settlement import FigureResult, Settlement
from grammar.diagnostic import FindingsError

Key = tuple[str, str, str | None, str, str]
FIRST, IN_GROUP = 7_000_000, 300
# Rules that ask whether something is given, and a gate that nobody answers (it holds nothing back), hang on what is blank.
ASKS = ("已填", "未填时", "准入")
ANYTHING = Between(None, None)


def with_blanks(case: Case, policy: Policy, seed: int) -> Case | None:
    """A case with some cells left blank, of data whose blanks have no meaning of their own; None where it has none."""
    inputs = policy.scheme().inputs
    cells = [
        (table, number, name)
        for table, rows in case.data.tables.items()
        for number, row in enumerate(rows)
        for name in row
        if (datum := inputs.get((table, name))) is not None
        and not (datum.default is not None or datum.event or datum.left_out)
    ]
    if not cells:
        return None
    chance = Random(f"blanks {seed}")  # noqa: S311 - the same chance again
    blank = set(chance.sample(cells, min(len(cells), chance.choice((1, 1, 2, 5, 20)))))
    tables = {
        table: tuple({k: v for k, v in row.items() if (table, n, k) not in blank} for n, row in enumerate(rows))
        for table, rows in case.data.tables.items()
    }
    return replace(case, data=replace(case.data, tables=tables))


def figures_of(settlement: Settlement) -> Mapping[Key, FigureResult]:
    """The figures of rows that alone have their name; merged rows are other rows where less is known of their members."""
    rows: dict[tuple[str, str, str | None, str], set[int]] = {}
    for each in settlement.figures:
        rows.setdefault(_row(each), set()).add(id(each.row))
    return {
        (*_row(each), each.name): each
        for each in settlement.figures
        if len(rows[_row(each)]) == 1 and each.row.table != COURSE
    }


def _row(result: FigureResult) -> tuple[str, str, str | None, str]:
    row = result.row
    return row.table, row.unit, row.insurance, str(row.period)


def contradictions(more: Mapping[Key, FigureResult], less: Mapping[Key, FigureResult]) -> Iterator[tuple[object, ...]]:
    """Where what is told of less is not true of more."""
    for key, known in more.items():
        if key not in less:
            yield key, "is there only where more is known", known.value
            continue
        told, value = less[key].value, known.value
        if told.state != "open" and (value.state == "open" or value.now != told.now):
            yield key, "was known", told, value
        elif told.state == "stated" and value.state != "stated":
            yield key, "rested on no assumption", told, value
        elif told.state == "open" and not _within(value.now, told.now):
            yield key, "was told in a narrower range", told, value
    yield from (
        (key, "was known", told.value) for key, told in less.items() if told.value.state != "open" and key not in more
    )


def _within(value: Possible, told: Possible) -> bool:
    inner, outer = (x.inner if isinstance(x, Maybe) else x for x in (value, told))
    if not isinstance(outer, Between) or outer == ANYTHING:
        return True
    ends = inner if isinstance(inner, Between) else Between(inner, inner) if is_point(inner) else ANYTHING  # type: ignore[arg-type]
    low = outer.low is None or (ends.low is not None and outer.low <= ends.low)
    return low and (outer.high is None or (ends.high is not None and ends.high <= outer.high))


@pytest.mark.parametrize("group", range(5))
def test_what_is_told_of_less_data_is_true_of_more(group: int) -> None:
    compared = 0
    for seed in range(FIRST + group * IN_GROUP, FIRST + (group + 1) * IN_GROUP):
        case, policy = case_of(seed)
        blanks = with_blanks(case, policy, seed)
        if blanks is None or any(word in case.program.text() for word in ASKS):
            continue
        try:
            more, less = (figures_of(interpreted(policy, dataset_of(each, policy))) for each in (case, blanks))
        except FindingsError:
            continue
        assert list(contradictions(more, less)) == [], f"seed {seed}\n{case.text()}\n{blanks.data.text()}"
        compared += len(less)
    assert compared
