"""Whose rows of the data are, as looking back asks: the same as asking each row by itself."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.api import open_policy
from engine.interpret.histories import Histories
from engine.nouns.core import Grain, Scheme
from engine.nouns.dataset import DataRow, Dataset
from engine.nouns.periods import Period
from grammar.diagnostic import Place

NATIONAL = Path(__file__).parent.parent / "benchmarks" / "schemes" / "national"
SCHEMES = {name: open_policy(name).scheme() for name in ("gaotai", NATIONAL)}
_PLACE = Place("data.yaml")


@st.composite
def _rows(draw: st.DrawFn, scheme: Scheme) -> dict[str, tuple[DataRow, ...]]:
    found = {}
    name = st.sampled_from(["甲", "乙", "丙"])
    for kind, table in scheme.tables.items():
        grain: Grain = "month" if table.grain == "month" else "year"
        found[kind] = tuple(
            DataRow(
                kind, draw(name), draw(st.none() | name), draw(st.sampled_from(["职工", "居民"])),
                Period(draw(st.sampled_from([2024, 2025])), grain), {}, {}, None, _PLACE,
            )
            for _ in range(draw(st.integers(0, 4)))
        )  # fmt: skip
    return found


def _belongs(scheme: Scheme, rows: dict[str, tuple[DataRow, ...]], child: DataRow, table: str, unit: str, alone: frozenset[str]) -> bool:  # fmt: skip
    """Whether a row is a unit's, asked of the row itself."""
    if table == "县":
        return True
    parents = scheme.tables[child.table].parents
    owner = child.parent or child.unit
    if table in parents:
        return owner == unit or (child.parent is None and bool(alone & set(parents)))
    return any(
        _belongs(scheme, rows, above, table, unit, alone)
        for parent in parents
        for above in rows[parent]
        if (above.unit, above.insurance, above.period.year) == (owner, child.insurance, child.period.year)
    )


def _asked(scheme: Scheme) -> Iterator[tuple[str, str]]:
    yield from ((kind, table) for kind in scheme.tables for table in scheme.tables)


@pytest.mark.parametrize("name", SCHEMES, ids=str)
@given(data=st.data())
def test_rows_are_those_that_say_so_themselves(name: str, data: st.DataObject) -> None:
    scheme = SCHEMES[name]
    rows = data.draw(_rows(scheme))
    alone = data.draw(st.frozensets(st.sampled_from(sorted(scheme.tables))))
    histories = Histories(scheme, Dataset(rows, frozenset(rows), (2025,), {}, (), ""))
    for kind, table in _asked(scheme):
        wanted = [
            row
            for row in rows[kind]
            if (row.period.year, row.insurance) == (2024, "职工") and _belongs(scheme, rows, row, table, "甲", alone)
        ]
        found = histories.rows(kind, 2024, "职工", table, "甲", lambda kinds: bool(alone & set(kinds)))
        assert [id(row) for row in found] == [id(row) for row in wanted]
        there = any((row.period.year, row.insurance) == (2024, "职工") for row in rows[kind])
        assert histories.are_there(kind, 2024, "职工") == there
