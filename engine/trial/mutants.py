"""Mutants: a policy's rules with one thing changed, each named so that the name outlives moved lines."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from typing import Any

from engine.nouns.core import Scheme
from engine.trial.edits import KINDS, Edit, Others, divides, edges_moved, edits, negated
from grammar import syntax as s
from grammar.diagnostic import Language
from grammar.frozen import dataclass
from grammar.printer import print_lines
from grammar.source import Span

# A statement or an item with a change in it; None where the whole of it is dropped.
_Changed = tuple[str, str, Span, Any]


@dataclass(frozen=True, slots=True)
class Mutant:
    """One change: its name, the rule file with it, where it was made, the lines before and after."""

    name: str
    subject: str
    kind: str
    document: s.Document
    span: Span
    node: s.Item | s.Statement
    changed: s.Item | s.Statement | None

    def lines(self, language: Language) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """What the rule said and what it says now, as the language prints it; only the lines that differ."""
        before = print_lines(self.node, language)
        after = print_lines(self.changed, language) if self.changed is not None else ()
        return (
            tuple(line.strip() for line in before if line not in after),
            tuple(line.strip() for line in after if line not in before),
        )


def mutants(document: s.Document, scheme: Scheme) -> Iterator[Mutant]:
    """Every change of a rule file, in the order of its lines; whether it still checks is for the checker to say."""
    seen: Counter[tuple[str, str]] = Counter()
    for index, item in enumerate(document.items):
        for subject, kind, span, node, changed, whole in _of_item(item, scheme):
            seen[subject, kind] += 1
            name = f"{subject} {KINDS[kind].zh} {seen[subject, kind]}"
            items = (*document.items[:index], *((whole,) if whole is not None else ()), *document.items[index + 1 :])
            yield Mutant(name, subject, kind, replace(document, items=items), span, node, changed)


_Found = tuple[str, str, Span, Any, Any, Any]


def _of_item(item: s.Item, scheme: Scheme) -> Iterator[_Found]:
    """Subject, kind, place, the printed node before and after, and the whole item with the change."""
    match item:
        case s.Parameter():
            for kind, span, new in _parameter(item):
                yield f"参数 {item.name.text}", kind, span, item, new, new
        case s.Inputs(fields=lines):
            kinds = "、".join(name.text for name in item.kinds)
            for index, line in enumerate(lines):
                for kind, span, new in _field(line):
                    whole = replace(item, fields=(*lines[:index], new, *lines[index + 1 :]))
                    yield f"数据 {kinds}.{line.name.text}", kind, span, item, whole, whole
        case s.Roster(units=units, kind=kind_name):
            receives = any(kind_name.text in a.receivers for a in scheme.allocations)
            if receives and len(units) > 1:
                new = replace(item, units=(units[1], units[0], *units[2:]))
                yield f"名录 {kind_name.text}", "roster", item.span, item, new, new
        case s.Link():
            for kind, span, new in _link(item):
                yield f"合并 {item.name.text}", kind, span, item, new, new
        case s.Stage(blocks=blocks):
            for number, block in enumerate(blocks):
                for subject, kind, span, old, new, inside in _of_block(block, scheme):
                    yield (
                        subject,
                        kind,
                        span,
                        old,
                        new,
                        replace(item, blocks=(*blocks[:number], inside, *blocks[number + 1 :])),
                    )
        case _:
            return


def _of_block(block: s.Block, scheme: Scheme) -> Iterator[_Found]:
    kinds = "、".join(name.text for name in block.kinds)
    others = _others(block, scheme)
    for index, statement in enumerate(block.statements):
        for subject, kind, span, new in _statement(statement, others, scheme):
            changed = () if new is None else (new,)
            inside = replace(block, statements=(*block.statements[:index], *changed, *block.statements[index + 1 :]))
            yield f"{kinds}.{subject}", kind, span, statement, new, inside


# ---- statements


def _statement(statement: s.Statement, others: Others, scheme: Scheme) -> Iterator[_Changed]:
    match statement:
        case s.Figure(name=name):
            for kind, span, new in _figure(statement, others, scheme):
                yield name.text, kind, span, new
        case s.Exceptions(names=names, condition=condition, value=value):
            subject = "、".join(name.text for name in names)
            yield subject, "exception", statement.span, None
            if len(names) > 1:
                for index, name in enumerate(names):
                    yield (
                        subject,
                        "exception",
                        name.span,
                        replace(statement, names=(*names[:index], *names[index + 1 :])),
                    )
            yield subject, "negate", condition.span, replace(statement, condition=negated(condition))
            for kind, span, new in (*_in(statement, "condition", others), *_in(statement, "value", others)):
                yield subject, kind, span, new
            for kind, new_value in _roundings(value):
                yield subject, kind, value.span, replace(statement, value=new_value)
        case s.Split(parts=parts):
            for kind, span, new in _in(statement, "whole", others):
                yield f"拆分 {parts[0].name.text}", kind, span, new
            for index, part in enumerate(parts):
                for kind, span, new in _figure(part, others, scheme):
                    yield (
                        part.name.text,
                        kind,
                        span,
                        replace(statement, parts=(*parts[:index], new, *parts[index + 1 :])),
                    )
        case s.Allocate():
            for kind, span, new in _allocation(statement, others, scheme):
                yield f"分配 {statement.part.text if statement.part else ''}", kind, span, new
        case s.Indicator(name=name):
            for kind, span, new in (*_in(statement, "value", others), *_in(statement, "target", others)):
                yield f"指标 {name.text}", kind, span, new
        case s.Gate(tests=tests, every=every, not_settled=not_settled):
            subject = f"准入 {statement.name.text}" if statement.name else "准入"
            for index, test in enumerate(tests):
                if len(tests) > 1:
                    yield subject, "test", test.span, replace(statement, tests=(*tests[:index], *tests[index + 1 :]))
                changes: list[Edit] = [("negate", test.span, replace(test, condition=negated(test.condition)))]
                for kind, span, new in (*changes, *_in(test, "condition", others)):
                    yield subject, kind, span, replace(statement, tests=(*tests[:index], new, *tests[index + 1 :]))
            if len(tests) > 1:
                yield subject, "every", statement.span, replace(statement, every=not every)
            if not_settled:
                yield subject, "settled", statement.span, replace(statement, not_settled=False)
        case s.Uses():
            return


def _figure(figure: s.Figure, others: Others, scheme: Scheme) -> Iterator[Edit]:
    body = figure.body
    if isinstance(body, s.Remaining):
        pass
    elif isinstance(body, s.Marginal | s.Lookup | s.Cases):
        for kind, span, new in _table(body, others):
            yield kind, span, replace(figure, body=new)
    else:
        yield from _in(figure, "body", others)
        if _is_money(figure.name.text, scheme):
            for kind, new in _roundings(body):
                yield kind, body.span, replace(figure, body=new)
            if isinstance(body, s.Unrounded) and divides(body.value):
                yield "rounded", body.span, replace(figure, body=body.value)
    if figure.when_blank:
        yield "blank", figure.name.span, replace(figure, when_blank=False)
    subs = figure.subs
    for index, sub in enumerate(subs):
        if not isinstance(sub, s.Unless):
            continue
        yield "exception", sub.span, replace(figure, subs=(*subs[:index], *subs[index + 1 :]))
        changes: list[Edit] = [("negate", sub.condition.span, replace(sub, condition=negated(sub.condition)))]
        changes += [*_in(sub, "condition", others), *_in(sub, "value", others)]
        changes += [(kind, sub.value.span, replace(sub, value=value)) for kind, value in _roundings(sub.value)]
        for kind, span, new in changes:
            yield kind, span, replace(figure, subs=(*subs[:index], new, *subs[index + 1 :]))
    yield from _exchanged(figure)


def _exchanged(figure: s.Figure) -> Iterator[Edit]:
    """Two exceptions that follow one another with their values exchanged, and which of two goes before the other."""
    places = [i for i, sub in enumerate(figure.subs) if isinstance(sub, s.Unless)]
    for first, second in pairwise(places):
        one, two = figure.subs[first], figure.subs[second]
        assert isinstance(one, s.Unless)
        assert isinstance(two, s.Unless)
        if one.value != two.value:
            subs = list(figure.subs)
            subs[first], subs[second] = replace(one, value=two.value), replace(two, value=one.value)
            yield "swapped", one.span, replace(figure, subs=tuple(subs))
        for upper, lower in ((first, second), (second, first)):
            above, below = figure.subs[upper], figure.subs[lower]
            assert isinstance(above, s.Unless)
            assert isinstance(below, s.Unless)
            if above.cite is not None and below.cite is not None and above.cite.before:
                subs = list(figure.subs)
                subs[upper] = replace(above, cite=replace(above.cite, before=()))
                subs[lower] = replace(below, cite=replace(below.cite, before=above.cite.locators))
                yield "order", above.span, replace(figure, subs=tuple(subs))


def _roundings(value: s.Expr | s.Absent) -> Iterator[tuple[str, s.Expr]]:
    """The value rounded up and down, where it is rounded half up and can come to less than a fen."""
    if isinstance(value, s.Absent | s.Rounded | s.Unrounded) or not divides(value):
        return
    fen = s.Quantity("0.01", "元", None, value.span)
    yield "round_up", s.Rounded("up", value, fen, value.span)
    yield "round_down", s.Rounded("down", value, fen, value.span)


def _allocation(a: s.Allocate, others: Others, scheme: Scheme) -> Iterator[Edit]:
    for field in ("whole", "weight", "each"):
        yield from _in(a, field, others)
    if a.method == "by_weight":
        yield "method", a.span, replace(a, method="equally", weight=None)
    roster = scheme.rosters.get(a.receiver.text, ())
    if a.spare == "largest_remainder":
        yield "spare", a.span, replace(a, spare="first_listed")
    elif a.spare == "first_listed" and len(roster) > 1:
        yield "spare", a.span, replace(a, spare=s.Text(roster[-1], a.span))
    elif isinstance(a.spare, s.Text) and len(roster) > 1:
        other = next(name for name in roster if name != a.spare.text)
        yield "spare", a.span, replace(a, spare=replace(a.spare, text=other))


def _in(node: Any, field: str, others: Others) -> Iterator[Edit]:
    """The changes inside one field of a node."""
    value = getattr(node, field)
    for index, item in enumerate(value if isinstance(value, tuple) else (value,)):
        if item is None or isinstance(item, str):
            continue
        for kind, span, new in edits(item, others):
            whole = (*value[:index], new, *value[index + 1 :]) if isinstance(value, tuple) else new
            yield kind, span, replace(node, **{field: whole})


def _link(link: s.Link) -> Iterator[Edit]:
    """Other rows taken for one: another window, another day it runs from, a key or a condition fewer."""
    nothing: Others = lambda _: iter(())  # noqa: E731 - which other datum could stand there, only the document knows
    yield from _in(link, "bound", nothing)
    if link.gap_from.text != link.gap_to.text:
        yield "since", link.gap_from.span, replace(link, gap_from=replace(link.gap_from, text=link.gap_to.text))
    for index, name in enumerate(link.same) if len(link.same) > 1 else ():
        yield "key", name.span, replace(link, same=(*link.same[:index], *link.same[index + 1 :]))
    for index, condition in enumerate(link.unless):
        before, after = link.unless[:index], link.unless[index + 1 :]
        yield "exception", condition.span, replace(link, unless=(*before, *after))
        yield "negate", condition.span, replace(link, unless=(*before, negated(condition), *after))
    yield from _in(link, "unless", nothing)


# ---- tables


def _table(table: s.Table, others: Others) -> Iterator[Edit]:
    rows = table.rows
    if not isinstance(table, s.Cases):
        for field in ("subject", "base") if isinstance(table, s.Marginal) else ("subjects",):
            yield from _in(table, field, others)
    for index, row in enumerate(rows):
        if len(rows) > 1:
            yield "row", row.span, replace(table, rows=(*rows[:index], *rows[index + 1 :]))
        changes = list(_in(row, "value", others))
        if isinstance(table, s.Cases) and isinstance(row.cells[0], s.ValuesCell):
            condition = row.cells[0].values[0]
            turned = replace(row.cells[0], values=(negated(condition),))
            changes.append(("negate", row.cells[0].span, replace(row, cells=(turned,))))
            changes += _in(row, "cells", others)
        for kind, span, new in changes:
            yield kind, span, replace(table, rows=(*rows[:index], new, *rows[index + 1 :]))
    for index, (one, two) in enumerate(pairwise(rows)):
        if one.value != two.value:
            pair = (replace(one, value=two.value), replace(two, value=one.value))
            yield "rows", one.span, replace(table, rows=(*rows[:index], *pair, *rows[index + 2 :]))
    yield from edges_moved(table)


# ---- declarations


def _parameter(item: s.Parameter) -> Iterator[Edit]:
    nothing: Others = lambda _: iter(())  # noqa: E731 - a parameter's value names no other
    if item.value is not None:
        yield from _in(item, "value", nothing)
    for index, attribute in enumerate(item.attributes):
        rest = (*item.attributes[:index], *item.attributes[index + 1 :])
        if isinstance(attribute, s.Assumed):
            yield "assumed", attribute.span, replace(item, attributes=rest)
            for kind, span, new in edits(attribute, nothing):
                yield (
                    kind,
                    span,
                    replace(item, attributes=(*item.attributes[:index], new, *item.attributes[index + 1 :])),
                )
    lines = item.lines
    dated = [i for i, line in enumerate(lines) if isinstance(line, s.Dated)]
    for index in dated:
        for kind, span, new in _in(lines[index], "value", nothing):
            yield kind, span, replace(item, lines=(*lines[:index], new, *lines[index + 1 :]))
    for first, second in pairwise(dated):
        one, two = lines[first], lines[second]
        assert isinstance(one, s.Dated)
        assert isinstance(two, s.Dated)
        new_lines = list(lines)
        new_lines[first], new_lines[second] = replace(one, value=two.value), replace(two, value=one.value)
        yield "periods", one.span, replace(item, lines=tuple(new_lines))
        put_off = _put_off(one, two)
        if put_off is not None:
            new_lines[first], new_lines[second] = put_off
            yield "put_off", two.span, replace(item, lines=tuple(new_lines))


def _put_off(one: s.Dated, two: s.Dated) -> tuple[s.Dated, s.Dated] | None:
    """The day one value follows another, a year later; only where whole years are written."""
    first, second = one.when.period, two.when.period
    if first is None or second is None or first.end is None or not (first.end.whole_year and second.start.whole_year):
        return None

    def later(day: s.DateText) -> s.DateText:
        return replace(day, text=str(int(day.text) + 1))

    return (
        replace(one, when=replace(one.when, period=replace(first, end=later(first.end)))),
        replace(two, when=replace(two.when, period=replace(second, start=later(second.start)))),
    )


def _field(line: s.Field) -> Iterator[Edit]:
    """Changes of what a datum may be: its default, a bound that names a figure, 暂不计; plain ranges are not rules."""
    for index, attribute in enumerate(line.attributes):
        rest = (*line.attributes[:index], *line.attributes[index + 1 :])
        changes: list[Edit] = []
        match attribute:
            case s.Default():
                yield "default", attribute.span, replace(line, attributes=rest)
                changes = list(edits(attribute, lambda _: iter(())))
            case s.Flag(terminal="LEFT_OUT"):
                yield "left_out", attribute.span, replace(line, attributes=rest)
            case s.Bounds(bounds=bounds) if any(isinstance(b.value, s.Path) for b in bounds):
                yield "bound", attribute.span, replace(line, attributes=rest)
                changes = list(edits(attribute, lambda _: iter(())))
            case _:
                pass
        for kind, span, new in changes:
            yield kind, span, replace(line, attributes=(*line.attributes[:index], new, *line.attributes[index + 1 :]))


# ---- names


def _is_money(name: str, scheme: Scheme) -> bool:
    return any(f.kind.is_money for (_, n), f in scheme.figures.items() if n == name)


def _others(block: s.Block, scheme: Scheme) -> Others:
    """For an amount of a row, the two amounts of such rows that are declared nearest to it."""
    own = {
        table
        for (table, _), figure in scheme.figures.items()
        if figure.span.source is block.span.source and block.span.line <= figure.span.line <= block.span.end_line
    }

    def others(path: s.Path) -> Iterator[str]:
        if path.owner:
            return
        tables = {path.kind.text} if path.kind is not None else own
        columns = [[*_amounts(scheme, table)] for table in tables if table in scheme.tables]
        if not columns or any(path.name.text not in names for names in columns):
            return
        names = [name for name in columns[0] if all(name in more for more in columns[1:])]
        place = names.index(path.name.text)
        yield from names[max(0, place - 1) : place]
        yield from names[place + 1 : place + 2]

    return others


def _amounts(scheme: Scheme, table: str) -> Iterator[str]:
    """The amounts of a kind of rows, data first, figures in the order they are worked out."""
    names = [name for (t, name), datum in scheme.inputs.items() if t == table and datum.kind.is_money]
    names += [
        n for t, n in scheme.order if t == table and (t, n) in scheme.figures and scheme.figures[t, n].kind.is_money
    ]
    yield from dict.fromkeys(names)
