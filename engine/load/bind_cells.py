"""One cell of a datum to its value: of its kind, within its range, at its step; or a finding at the cell."""

import re
from datetime import date
from fractions import Fraction

from engine.load.binding import Binding
from engine.load.tables import Cell
from engine.load.values import Wrong, parse_value
from engine.nouns import kinds as k
from engine.nouns.core import Input, Range
from engine.nouns.kinds import Kind
from engine.nouns.possible import Scalar
from engine.nouns.ranges import number_text, range_words
from engine.nouns.suggest import nearest
from grammar.diagnostic import Words


def value_of(b: Binding, datum: Input, cell: Cell, unit: str | None) -> Scalar | None:
    """The value of a cell that is not empty; None where it is wrong, which is told."""
    text = cell.text
    if datum.kind.base is k.Base.CHOICE:
        text = {b.scheme.labels.id(o): o for o in datum.kind.options}.get(text, text)
    if datum.kind.base is k.Base.DATE and may_be_october(cell):
        b.tell("D125", cell.place, text=cell.text, year=cell.text[:4])
        return None
    # 单位：万元 above a table speaks of amounts, not of what a head or a visit costs.
    above = cell.unit if unit is None and datum.kind.is_money and datum.kind.per is None else None
    value = parse_value(text, datum.kind, unit or above)
    if isinstance(value, Wrong):
        known = nearest(text, datum.kind.options) if datum.kind.options else per_cent(text, datum.kind, datum.range)
        b.tell(value.code, cell.place, name=datum.name, text=cell.text, kind=datum.kind.words,
               options="、".join(datum.kind.options), unit=unit or "", **known)  # fmt: skip
        return None
    if datum.kind.is_number and not isinstance(value, str | date):
        if not datum.range.holds(value):
            near = per_cent(cell.text, datum.kind, datum.range)
            limits = range_words(datum.range, datum.kind)
            b.tell("D060", cell.place, name=datum.name, text=cell.text, range=limits, **near)
            return None
        if datum.step is not None and Fraction(value) % datum.step != 0:
            step = number_text(datum.step, datum.kind)
            b.tell("D071", cell.place, name=datum.name, text=cell.text, step=step)
            return None
    return value


def per_cent(text: str, kind: Kind, limits: Range) -> dict[str, object]:
    """A ``suggestion`` where a number without its sign would be a fitting percentage: 96 or 96分 for 96%."""
    number = _LEADING.match(text)
    if kind.base is not k.Base.RATIO or kind.per is not None or number is None or "%" in text or "/" in text:
        return {}
    # A little above what it may be at most is a share too large, not one without its sign: 1.05 is not 1.05%.
    if abs(Fraction(number[0])) < max(1, 2 * (limits.high or 0)):
        return {}
    meant = parse_value(f"{number[0]}%", kind)
    if not isinstance(meant, int | Fraction) or not limits.holds(meant):
        return {}
    return {"suggestion": Words(f"是不是 {number[0]}%？", f"did you mean {number[0]}%?")}


_LEADING = re.compile(r"-?[0-9]+(?:\.[0-9]+)?")


def may_be_october(cell: Cell) -> bool:
    """Whether a workbook holds a number that was typed as 2025.1 or as 2025.10: nobody can tell which."""
    return cell.number and re.fullmatch(r"[12][0-9]{3}\.1", cell.text) is not None
