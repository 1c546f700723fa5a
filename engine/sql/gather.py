"""Rows gathered to the row they belong to, and what a row above gives to those below, as SQL: mirrors interpret/gather.py."""

from collections.abc import Callable, Mapping

from sqlglot import exp

from engine.nouns.core import Scheme
from engine.nouns.pipeline import Aggregate, Spread
from engine.sql import domain as d
from engine.sql import marks as m
from engine.sql import ranges
from engine.sql import rational as r
from engine.sql import values as v
from engine.sql.carried import changed, trees
from engine.sql.conditions import BOOLEAN, all_of, any_of, certainly, is_given, is_null, known, no, truth
from engine.sql.forms import ANY_NUMBER, ANYTHING, Number, Plain, Possible, Rational, Value
from engine.sql.gathered import Gathered, column_of, lacking, marked, may, on_both_sides
from engine.sql.layout import FROM_DATA, ROW, Relation
from engine.sql.levels import Bound, Join, of_own
from engine.sql.picked import picked
from engine.sql.rows import Beside, Rows, bound_truth, sort_of
from engine.sql.scope import Unsayable
from engine.sql.whole import Whole
from grammar.diagnostic import Words

# ---- down


def spread(rows: Mapping[str, Rows], step: Spread) -> None:
    """Add a column of a row above."""
    mine = rows[step.table]
    scheme = mine.scheme
    kinds = (step.above,) if step.above is not None else mine.relation.parents
    ways: list[tuple[exp.Expression, Value]] = []
    hint = f"{scheme.labels.id(step.above or '所属')}_{scheme.labels.id(step.source, step.above)}"
    for kind in kinds:
        up = mine.up(kind)
        above = rows.get(kind)
        if up is None or above is None or step.source not in above.columns:
            continue
        ways.append(
            (is_given(up[0]) if not up[1] else truth(value=True), _from_above(mine, above, up[0], step.source, hint))
        )
    anything = Value(ANYTHING, ANYTHING, m.fixed(mine.names.mask([step.above or "所属"])))
    mine.put(step.column, v.choose(mine, ways, anything))


def _from_above(mine: Rows, above: Rows, up: exp.Expression, source: str, hint: str) -> Value:
    above.frame.stores(names_of(above.columns[source], above))
    return Beside(mine, joined_above(mine, above, up)).value(above.columns[source], hint)


def joined_above(mine: Rows, above: Rows, up: exp.Expression) -> Join:
    """The row above beside each row."""
    assert isinstance(up, exp.Column)
    way = mine.frame.inlined(up)
    if way is None:
        mine.frame.stores([up.name])
        way = up
    alias = mine.scheme.labels.id(above.table.name)
    on = exp.EQ(this=exp.column(ROW, table=alias), expression=of_own(way))
    return mine.frame.join(alias, above.frame.source, on, above.frame.where)


def refuse(rows: Mapping[str, Rows], gate: Rows, column: str) -> None:
    """A gate takes out the rows on which it says no, with all below them."""
    answer = d.plain(gate.column(column).now, "yes_no")
    out = no(answer.sql) if not answer.blank else certainly(no(answer.sql))
    if known(out) is False:
        return
    gate.refused = bound_truth(gate, "refused", out if gate.refused is None else any_of(gate.refused, out))
    found = [gate]
    for above in found:
        for mine in rows.values():
            if above.table.name not in mine.relation.parents or above.refused is None:
                continue
            way = mine.ups[above.table.name][0]
            if isinstance(above.refused, exp.Column):
                above.frame.stores([above.refused.name])
                there = Beside(mine, joined_above(mine, above, way)).tree(above.refused, "refused_above")
            else:
                there = above.refused
            out = certainly(there)
            mine.refused = bound_truth(mine, "refused", out if mine.refused is None else any_of(mine.refused, out))
            found.append(mine)


# ---- up


def aggregate(rows: Mapping[str, Rows], step: Aggregate, gates: frozenset[str]) -> None:
    """Add an aggregate over rows below."""
    mine = rows[step.table]
    gathered = [
        Gathered(mine, child, step.source, hidden=_is_hidden(mine.scheme, child.table.name, step.source),
                 gated=child.table.name in gates)
        for child in _children(rows, step)
    ]  # fmt: skip
    for each in gathered:
        if _two_ways(mine.scheme, each.child.table.name, mine.table.name):
            raise Unsayable(Words("下级行有两条归属路径", "rows that belong to a row in two ways"))
        each.begin(step)
    value = combined(mine, step, gathered, missing=_is_missing(rows, step))
    for each in gathered:
        for condition in each.in_doubt():
            mine.doubt(each.some(condition))
    mine.put(step.column, value)


def _children(rows: Mapping[str, Rows], step: Aggregate) -> list[Rows]:
    """The rows of each kind that are gathered."""
    mine = rows[step.table]
    link = mine.scheme.links.get(step.table)
    if link is not None:
        if set(step.tables) != {link.source}:
            raise Unsayable(Words("合并的行下面还有别的行", "other rows below merged ones"))
        return list(mine.parts)
    return [
        rows[t] for t in step.tables if t in rows and mine.table.name in rows[t].ups and step.source in rows[t].columns
    ]


def _two_ways(scheme: Scheme, child: str, above: str) -> bool:
    parents = scheme.tables[child].parents
    return above in parents and any(above in _all_above(scheme, p) for p in parents if p != above)


def _all_above(scheme: Scheme, kind: str) -> set[str]:
    found: set[str] = set()
    for parent in scheme.tables[kind].parents:
        found |= {parent, *_all_above(scheme, parent)}
    return found


def _is_hidden(scheme: Scheme, table: str, column: str) -> bool:
    figure = scheme.figures.get((table, column))
    return figure is not None and figure.kind.is_money and not figure.also_input and not figure.unrounded


def _is_missing(rows: Mapping[str, Rows], step: Aggregate) -> exp.Expression:
    """Whether no rows mean that they are not handed in: TRUE, FALSE, or where any data will do what these tell."""
    mine = rows[step.table]
    tables = mine.scheme.tables
    # Only of rows that stand alone: the kinds above these have parents.
    units = all(step.table in tables[t].parents and not tables[step.table].parents for t in step.tables)
    if units and all(tables[t].grain == "year" for t in step.tables):
        return truth(value=True)
    if mine.names.ranges or not step.from_data:
        return truth(value=step.from_data and not any(t in mine.supplied for t in step.tables))
    return no(any_of(*(_is_handed_in(mine, rows[t].relation) for t in step.tables if t in rows)))


def _is_handed_in(mine: Rows, relation: Relation) -> exp.Expression:
    """Whether the data has any row of a kind."""
    join = mine.frame.gather_by(f"all_{mine.scheme.labels.id(relation.kind)}", relation.sql, {}, exp.column(FROM_DATA))
    if not join.columns:
        join.columns.append(Bound("n", exp.Count(this=exp.Star())))
    number = mine.frame.bind("handed_in", exp.column("n", table=join.alias))
    return exp.GT(this=number, expression=exp.Literal.number(0))


def combined(mine: Rows, step: Aggregate, gathered: list[Gathered], *, missing: exp.Expression) -> Value:
    """What the rows of all kinds come to."""
    match step.function:
        case "count":
            value = _counted(mine, gathered)
        case "sum":
            value = _summed(mine, gathered)
        case "mean" | "largest" | "smallest":
            value = picked(mine, step, gathered)
        case "every" | "some":
            value = _answered(mine, step, gathered)
        case "only":
            value = _only(mine, step, gathered, missing=missing)
        case _:
            raise Unsayable(Words(f"{step.source} 的汇总", f"an aggregate of {step.source}"))
    if known(missing) is False:
        return value
    if gathered and all(g.never_empty for g in gathered):
        return value
    lacks = all_of(missing, *(no(g.some(g.among)) for g in gathered if known(missing)))
    links = mine.scheme.links
    handed_in = tuple(links[t].source if t in links else t for t in step.tables)
    return v.choose(mine, [(lacks, lacking(mine, handed_in, step.kind))], value)


def _both(mine: Rows, gathered: list[Gathered], one: Callable[[Gathered, Plain, Possible], Possible], start: Possible,
          combine: Callable[[Possible, Possible], Possible]) -> Value:  # fmt: skip
    def side(which: int) -> Possible:
        total = start
        for g in gathered:
            total = combine(total, one(g, g.holds[which], g.value.now if which == 0 else g.value.base))
        return total

    now = side(0)
    return marked(mine, now, side(1) if on_both_sides(gathered) else now, gathered)


def _counted(mine: Rows, gathered: list[Gathered]) -> Value:
    def one(g: Gathered, holds: Plain, _value: Possible) -> Possible:
        weight = exp.column("count")
        sure = r.whole(mine, g.count(all_of(g.among, certainly(holds.sql, blank=holds.blank)), weight))
        if not holds.blank:
            return d.point(sure)
        if not mine.names.ranges:
            some = g.some(all_of(g.among, is_null(holds.sql)))
            counted = r.choose(mine, [(some, None)], sure)
            return Possible(Number(counted, counted))
        most = r.whole(mine, g.count(all_of(g.among, may(holds.sql)), weight))
        return Possible(Number(sure, most))

    return _both(mine, gathered, one, d.exact(mine, 0), lambda a, b: d.add(mine, a, b))


def _summed(mine: Rows, gathered: list[Gathered]) -> Value:
    def one(g: Gathered, holds: Plain, value: Possible) -> Possible:
        sure = all_of(g.among, certainly(holds.sql, blank=holds.blank))
        maybe = all_of(g.among, is_null(holds.sql)) if holds.blank else truth(value=False)
        number = d.number(g.child, value)
        if number.is_sure and not holds.blank:
            assert number.low is not None
            return d.point(g.total(sure, number.low, "total"))
        if not mine.names.ranges and number.low is not None:
            lacks = is_null(number.low.above.sql) if number.low.blank else truth(value=False)
            total = g.total(sure, number.low, "total")
            told = r.choose(mine, [(g.some(any_of(all_of(sure, lacks), maybe)), None)], total)
            return Possible(Number(told, told))
        zero = r.constant(g.child, 0)
        both = [(truth(value=True), ranges.exactly(zero)), (truth(value=True), number)]
        perhaps = ranges.hull(g.child, both) if mine.names.ranges else ANY_NUMBER
        counted = ranges.choose(g.child, [(sure, number), (maybe, perhaps)], ranges.exactly(zero))
        counted = ranges.settled(g.child, counted)
        low = _end(g, counted.low)
        return Possible(Number(low, low if counted.is_one else _end(g, counted.high)))

    def _end(g: Gathered, end: Rational | None) -> Rational | None:
        if end is None:
            endless = g.some(g.kept)
            return r.choose(mine, [(endless, None)], r.constant(mine, 0))
        total = g.total(truth(value=True), end, "total")
        if not end.blank:
            return total
        return r.choose(mine, [(g.some(is_null(end.above.sql)), None)], total)

    return _both(mine, gathered, one, d.exact(mine, 0), lambda a, b: d.add(mine, a, b))


def _answered(mine: Rows, step: Aggregate, gathered: list[Gathered]) -> Value:
    every = step.function == "every"

    def one(g: Gathered, holds: Plain, value: Possible) -> Possible:
        answer = d.plain(value, "yes_no")
        sure = all_of(g.among, certainly(holds.sql, blank=holds.blank))
        maybe = all_of(g.among, is_null(holds.sql)) if holds.blank else truth(value=False)
        against = no(answer.sql) if every else answer.sql
        decided = g.some(all_of(sure, certainly(against, blank=answer.blank)))
        loose = all_of(any_of(sure, maybe), certainly(against, blank=False) if not answer.blank else may(against))
        return d.answer(_three(decided, g.some(loose), every=every), blank=answer.blank or holds.blank)

    def join(a: Possible, b: Possible) -> Possible:
        return d.both(a, b) if every else d.one_of(a, b)

    return _both(mine, gathered, one, d.exact(mine, every), join)


def _three(decided: exp.Expression, loose: exp.Expression, *, every: bool) -> exp.Expression:
    if known(loose) is False:
        return truth(value=every)
    return exp.Case(
        ifs=[
            exp.If(this=decided.copy(), true=truth(value=not every)),
            exp.If(this=loose.copy(), true=exp.cast(exp.Null(), BOOLEAN.copy())),
        ],
        default=truth(value=every),
    )


def _only(mine: Rows, step: Aggregate, gathered: list[Gathered], *, missing: exp.Expression) -> Value:
    n = mine.arithmetic
    lacks = lacking(mine, step.tables, step.kind)
    if not gathered:
        return lacks
    kept, sure = n.constant(0), n.constant(0)
    cases: list[tuple[exp.Expression, Value]] = []
    for g in gathered:
        counts = all_of(g.kept, certainly(g.holds[0].sql, blank=g.holds[0].blank))
        mine_kept = Whole(column_of(mine, "n", g.count(g.kept).sql), 0, 2**40)
        kept = n.add(kept, mine_kept)
        certain = mine_kept
        if g.holds[0].blank or g.holds[1] is not g.holds[0]:
            # An assumption may keep out a row that could count without it.
            certain = Whole(column_of(mine, "n", g.count(counts).sql), 0, 2**40)
        sure = n.add(sure, certain)

        def change(tree: exp.Expression, part: str, kind: exp.DataType, g: Gathered = g) -> exp.Expression:
            if kind == BOOLEAN:
                number = exp.Case(
                    ifs=[
                        exp.If(this=tree.copy(), true=exp.Literal.number(1)),
                        exp.If(this=exp.Not(this=exp.Paren(this=tree.copy())), true=exp.Literal.number(0)),
                    ]
                )
                found = g.pick(exp.Max, g.kept, exp.cast(number, "SMALLINT"), f"only_{part}".strip("_"))
                return column_of(mine, "only", exp.EQ(this=found, expression=exp.Literal.number(1)))
            return g.pick(exp.Max, g.kept, tree, f"only_{part}".strip("_"))

        cases.append((n.equal(certain, n.constant(1)), changed(g.value, n, change)))
    one = n.equal(kept, n.constant(1))
    anything = ANYTHING if step.kind.is_number else d.unknown(sort_of(step.kind))
    several = marked(mine, anything, anything, gathered)
    none = n.equal(kept, n.constant(0))
    # None or several are for the interpreter to tell, save where rows of the kind are not handed in at all.
    some = any_of(*(g.some(g.among) for g in gathered)) if known(missing) else no(missing)
    mine.doubt(all_of(some, any_of(none, all_of(no(one), n.equal(sure, kept)))))
    return v.choose(mine, [(none, lacks), *((all_of(one, alone), found) for alone, found in cases)], several)


def names_of(value: Value, rows: Rows) -> list[str]:
    """The columns in SQL that hold a value."""
    return [column.name for tree in trees(value, rows.arithmetic) for column in tree.find_all(exp.Column)]
