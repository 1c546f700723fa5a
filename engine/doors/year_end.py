"""What the year-end table shows: the units of a year and insurance type, and the values that stand in their row."""

from engine.nouns.settlement import Settlement
from engine.nouns.value import Value
from engine.nouns.world import Row


def insurances_of(settlement: Settlement, year: int) -> list[str | None]:
    """The insurance types of a year, None where rows carry none."""
    return list(dict.fromkeys(r.row.insurance for r in settlement.figures if r.row.period.year == year))


def units_of(settlement: Settlement, year: int, insurance: str | None) -> list[Row]:
    """The units of a year and insurance type: rows that are measured against a budget."""
    rows: dict[int, Row] = {}
    for result in settlement.figures:
        row = result.row
        if (
            row.period.grain == "year"
            and row.period.year == year
            and row.insurance == insurance
            and "调整后预算" in row.columns
        ):
            rows[id(row)] = row
    return list(rows.values())


def is_shown(settlement: Settlement, row: Row, name: str) -> bool:
    """Whether a row has a value to show under a name."""
    value = shown_value(row, name)
    if value is None or value.is_absent:
        return False
    return (row.table, name) in settlement.scheme.inputs or not row.refused


def shown_value(row: Row, name: str) -> Value | None:
    """The value of a row under a name; of a unit that the gate refuses only what the data gave."""
    if name not in row.columns or (row.refused and name not in row.given):
        return None
    return row.columns[name]
