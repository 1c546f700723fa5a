"""Where the numbers of an explanation were reported: file, sheet and row, or a parameter's dates and clause."""

from collections.abc import Iterator

from engine.explain.account import Step, counted, looked_at, owner_of
from engine.explain.explanation import Section
from engine.explain.telling import Telling
from engine.explain.terms import Leaf
from engine.nouns import core as c
from engine.nouns.dataset import DataRow
from engine.nouns.pipeline import GIVEN, Aggregate, Carry, Spread
from engine.nouns.possible import is_point
from engine.nouns.world import Row


def inputs(t: Telling, steps: list[Step]) -> Section:
    """Every reported figure and parameter the steps read, with its file, sheet and row, or its dates and clause."""
    told: dict[tuple[int, str], str] = {}
    for step in steps:
        for leaf in step.reads:
            if leaf.name is None or not is_point(leaf.value.now):
                continue
            if leaf.parameter:
                told.setdefault((0, leaf.name), _in_force(t, leaf, step))
                continue
            row, column = _reported(t, step.row, leaf.name)
            if column in row.given:
                phrases = t.phrases_of(row)
                name = phrases.name(column)
                if row is not t.result.row and row.unit != t.result.row.unit:
                    name = phrases.pick(f"{row.unit}的{name}", f"{name} of {row.unit}")
                elif row.period != t.result.row.period:
                    period = phrases.period(row.period)
                    name = phrases.pick(f"{period}的{name}", f"{name} of {period}")
                amount = phrases.amount(leaf.value.now, leaf.kind)
                told.setdefault((id(row), column), t.say("input", name, amount, _place(t, row, column)))
        if isinstance(step.maker, Aggregate):
            for row in counted(step.maker, step.row):
                source = step.maker.source
                if source in row.given and is_point(row.columns[source].now):
                    below = t.phrases_of(row)
                    name = f"{_part_name(t, row, step.row)} {below.name(source)}"
                    amount = below.amount(row.columns[source].now, step.maker.kind)
                    told.setdefault((id(row), source), t.say("input", name, amount, _place(t, row, source)))
        if isinstance(step.maker, Carry):
            told.update({key: said for key, said in _looked(t, step, step.maker) if key not in told})
    return t.section("inputs", list(told.values()))


def _looked(t: Telling, step: Step, maker: Carry) -> Iterator[tuple[tuple[int, str], str]]:
    """What a window over earlier periods took from the data."""
    phrases, source = t.phrases_of(step.row), maker.source
    name = phrases.word(source, maker.child or maker.table)
    for looked in looked_at(step):
        row = looked.row
        if row is None or not is_point(looked.value.now):
            continue
        if (source not in row.given) if isinstance(row, Row) else (row.cells.get(source) is None):
            continue
        owner = row.unit if isinstance(row, Row) else row.parent or row.unit
        period = phrases.period(looked.period)
        own = owner == t.result.row.unit
        said = phrases.pick(
            f"{'' if own else f'{owner} '}{period}的{name}", f"{name} of {period}{'' if own else f' of {owner}'}"
        )
        amount = phrases.amount(looked.value.now, maker.kind)
        yield (id(row), source), t.say("input", said, amount, _place(t, row, source))


def _reported(t: Telling, row: Row, name: str) -> tuple[Row, str]:
    """Where a value that is read may have been reported: on a row above, or as the opening of a period before the first."""
    maker = t.makers.by.get((row.table, name))
    if isinstance(maker, Carry) and isinstance(maker.opening, c.Read) and row.decided.get(maker.column) == ():
        return row, maker.opening.column
    if isinstance(maker, Spread):
        above = owner_of(row, maker.above)
        return (above, maker.source) if above is not None else (row, name)
    return row, name.removeprefix(GIVEN)


def _part_name(t: Telling, row: Row, above: Row) -> str:
    return row.unit if row.unit != above.unit else t.phrases.period(row.period)


def _in_force(t: Telling, leaf: Leaf, step: Step) -> str:
    assert leaf.name is not None
    parameter = t.result.pipeline.scheme.parameters[leaf.name]
    entry = t.whole.entry_of(t.result.pipeline, leaf.name, step.row)
    p = t.phrases
    since = p.keep(entry.start.isoformat()) if entry is not None and entry.start else ""
    until = p.keep(entry.end.isoformat()) if entry is not None and entry.end else ""
    clauses = (entry.clauses if entry is not None else ()) or parameter.clauses
    where = p.joined([t.locator(x) for x in clauses]) if clauses else ""
    return t.say("value_in_force", p.word(leaf.name, None), p.amount(leaf.value.now, leaf.kind), since, until, where)


def _place(t: Telling, row: Row | DataRow, column: str) -> str:
    place = row.places.get(column) or row.place
    if place is None or place.file is None:
        return ""
    p = t.phrases
    parts = [place.file]
    table = place.line is None
    if place.sheet and table:
        parts.append(p.pick(f"工作表“{place.sheet}”", f"sheet “{place.sheet}”"))
    if table and place.row:
        parts.append(p.pick(f"第 {p.count(place.row)} 行", f"row {p.count(place.row)}"))
    elif place.line:
        parts.append(p.pick(f"第 {p.count(place.line)} 行", f"line {p.count(place.line)}"))
    p.keep(place.file)
    return p.pick("，", ", ").join(parts)
