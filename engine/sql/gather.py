"""Rows gathered to the row they belong to, and what a row above gives to those below, as SQL: mirrors interpret/steps.py."""

from collections.abc import Callable, Mapping

from sqlglot import exp

from engine.nouns import kinds as k
from engine.nouns.core import Scheme
from engine.nouns.kinds import Kind
from engine.nouns.pipeline import Aggregate, Spread
from engine.sql import domain as d
from engine.sql import marks as m
from engine.sql import ranges
from engine.sql import rational as r
from engine.sql import values as v
from engine.sql.carried import changed, settled, trees
from engine.sql.conditions import BOOLEAN, all_of, any_of, certainly, is_given, is_null, known, no, truth
from engine.sql.expressions import evaluate
from engine.sql.forms import ALWAYS, ANYTHING, Number, Plain, Possible, Rational, Value
from engine.sql.layout import FROM_DATA, ROW
from engine.sql.levels import Bound, Join, own
from engine.sql.marks import Mask
from engine.sql.rows import BIGINT, Beside, Rows, bound_truth, sort_of
from engine.sql.scope import Unsayable
from engine.sql.whole import Whole, ends
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
    mine.frame.stores([up.name])
    alias = mine.scheme.labels.id(above.table.name)
    on = exp.EQ(this=exp.column(ROW, table=alias), expression=own(up.name))
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
        Gathered(mine, rows[t], step.source, hidden=_is_hidden(mine.scheme, t, step.source), gated=t in gates)
        for t in step.tables
        if t in rows and mine.table.name in rows[t].ups and step.source in rows[t].columns
    ]
    for each in gathered:
        if _two_ways(mine.scheme, each.child.table.name, mine.table.name):
            raise Unsayable(Words("下级行有两条归属路径", "rows that belong to a row in two ways"))
        each.begin(step)
    value = combined(mine, step, gathered, missing=_is_missing(mine, step))
    mine.put(step.column, value)


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


def _is_missing(mine: Rows, step: Aggregate) -> bool:
    tables = mine.scheme.tables
    # Only of rows that stand alone: the kinds above these have parents.
    units = all(step.table in tables[t].parents and not tables[step.table].parents for t in step.tables)
    if units and all(tables[t].grain == "year" for t in step.tables):
        return True
    return step.from_data and not any(t in mine.supplied for t in step.tables)


class Gathered:
    """The rows of one kind gathered to the rows above: what each gives, and what all come to."""

    def __init__(self, mine: Rows, child: Rows, source: str, *, hidden: bool, gated: bool) -> None:
        self.mine = mine
        self.child = child
        self.source = source
        self.hidden = hidden
        self.gated = gated
        self.most = max(1, (child.relation.most_children or {}).get(mine.table.name, child.relation.rows))
        self.among: exp.Expression = truth(value=True)
        self.holds: tuple[Plain, Plain]
        self.value: Value
        self.join: Join

    def begin(self, step: Aggregate) -> None:
        """Work out on each row whether it counts, and lay the rows out to be gathered."""
        child = self.child
        value = child.column(self.source)
        kept: list[exp.Expression] = []
        if step.from_data:
            kept.append(exp.column(FROM_DATA))
        if child.refused is not None and known(child.refused) is not False:
            kept.append(no(all_of(child.refused, d.is_gone(value.now, ALWAYS))))
            if self.hidden and self.gated:
                out: exp.Expression = child.refused
                if self.mine.refused is not None and known(self.mine.refused) is not False:
                    raise Unsayable(Words("合计的上下都有准入", "gates above and below a total"))
                kept.append(no(out))
        self.among = bound_truth(child, "among", all_of(*kept))
        answer = evaluate(child, step.where) if step.where is not None else v.exactly(child, value=True)
        now = d.plain(answer.now, "yes_no")
        now = Plain(bound_truth(child, "counts", now.sql), "yes_no", now.blank, now.value)
        base = now
        if answer.base is not answer.now:
            base = d.plain(answer.base, "yes_no")
            base = Plain(bound_truth(child, "counts_base", base.sql), "yes_no", base.blank, base.value)
        self.holds = now, base
        maybe = any_of(*(x if not blank else _may(x) for x, blank in ((now.sql, now.blank), (base.sql, base.blank))))
        self.kept = bound_truth(child, "kept", all_of(self.among, maybe))
        plain = settled(child, v.readable(child, value), "gathered")
        self.value = plain
        self.masks = [
            m.when(self.kept, m.either((answer.missing, plain.missing))),
            m.when(self.kept, m.either((answer.assumed, plain.assumed))),
            m.when(self.kept, m.either((answer.defaults, plain.defaults))),
        ]

    # ---- sums over the rows, each a column beside the rows above

    def over(self, hint: str, aggregate_: exp.Expression) -> exp.Expression:
        """An aggregate over the rows below, beside each row; NULL where there are none."""
        child, mine = self.child, self.mine
        up = child.ups[mine.table.name][0]
        assert isinstance(up, exp.Column)
        child.frame.stores([up.name])
        flat = child.frame.inlined(aggregate_)
        if flat is None:
            child.frame.stores(x.name for x in aggregate_.find_all(exp.Column))
        else:
            aggregate_ = flat
        alias = f"of_{mine.scheme.labels.id(child.table.name)}"
        join = mine.frame.gather(alias, child.frame.source, up.name, child.frame.where)
        name = f"{hint}_{len(join.columns) + 1}"
        for bound in join.columns:
            if bound.expression == aggregate_:
                name = bound.name
                break
        else:
            join.columns.append(Bound(name, aggregate_))
        return mine.frame.bind(hint, exp.column(name, table=join.alias))

    def count(self, condition: exp.Expression, weight: exp.Expression | None = None) -> Whole:
        """How many rows hold a condition."""
        if known(condition) is False:
            return self.mine.arithmetic.constant(0)
        one = weight if weight is not None else exp.Literal.number(1)
        tree: exp.Expression = exp.Case(
            ifs=[exp.If(this=condition.copy(), true=one.copy())], default=exp.Literal.number(0)
        )
        summed = exp.cast(exp.Sum(this=tree), BIGINT.copy())
        column = self.over("n", summed)
        return Whole(exp.Coalesce(this=column, expressions=[exp.Literal.number(0)]), 0, 2**40)

    def total(self, condition: exp.Expression, number: Rational, hint: str) -> Rational:
        """The sum of a number over the rows that hold a condition; NULL is nothing."""
        child = self.child
        if number.below.static is None:
            raise Unsayable(
                Words(
                    f"{self.source} 的合计各行分母不同",
                    f"a sum of {self.source}, whose rows have divisors of their own",
                )
            )
        if number.above.static is not None:
            count = self.count(condition)
            return Rational(self.mine.arithmetic.multiply(count, number.above), number.below)
        tree = exp.Case(ifs=[exp.If(this=condition.copy(), true=child.arithmetic.stored(number.above).copy())])
        sql = number.above.sql if known(condition) else tree
        low, high = ends(number.above)
        whole = Whole(sql, min(low, 0), max(high, 0))
        total = child.arithmetic.total(whole, self.most)
        kind = self.mine.arithmetic.type_of(*ends(total))
        column = self.over(hint, exp.cast(total.sql.copy(), kind))
        zero = self.mine.arithmetic.stored(self.mine.arithmetic.constant(0))
        return Rational(Whole(exp.Coalesce(this=column, expressions=[zero]), total.low, total.high), number.below)

    def mask(self, mask: Mask) -> Mask:
        """The marks of all rows that may count."""
        if not mask.may:
            return m.NO_MARKS
        column = self.over("marks", exp.BitwiseOrAgg(this=mask.tree.copy()))
        return Mask(0, exp.Coalesce(this=column, expressions=[exp.Literal.number(0)]), mask.may)

    def some(self, condition: exp.Expression) -> exp.Expression:
        """Whether some row holds a condition."""
        if known(condition) is False:
            return truth(value=False)
        return self.mine.arithmetic.over(self.count(condition), self.mine.arithmetic.constant(0))

    def pick(
        self, function: Callable[..., exp.Expression], condition: exp.Expression, tree: exp.Expression, hint: str
    ) -> exp.Expression:
        """The largest or smallest of a tree over the rows that hold a condition."""
        inner = tree if known(condition) else exp.Case(ifs=[exp.If(this=condition.copy(), true=tree.copy())])
        return self.over(hint, function(this=inner.copy()))


def _column(rows: Rows, hint: str, tree: exp.Expression) -> exp.Expression:
    return tree if isinstance(tree, exp.Column) else rows.frame.bind(hint, tree.copy() if tree.parent else tree)


def _may(sql: exp.Expression) -> exp.Expression:
    return exp.Coalesce(this=sql.copy(), expressions=[truth(value=True)])


def combined(mine: Rows, step: Aggregate, gathered: list[Gathered], *, missing: bool) -> Value:
    """What the rows of all kinds come to."""
    match step.function:
        case "count":
            value = _counted(mine, gathered)
        case "sum":
            value = _summed(mine, gathered)
        case "mean" | "largest" | "smallest":
            value = _picked(mine, step, gathered)
        case "every" | "some":
            value = _answered(mine, step, gathered)
        case "only":
            value = _only(mine, step, gathered, missing=missing)
        case _:
            raise Unsayable(Words(f"{step.source} 的汇总", f"an aggregate of {step.source}"))
    if not missing:
        return value
    lacks = all_of(*(no(g.some(g.among)) for g in gathered))
    return v.choose(mine, [(lacks, lacking(mine, step.tables, step.kind))], value)


def lacking(mine: Rows, tables: tuple[str, ...], kind: Kind) -> Value:
    """What waits for rows of some kinds."""
    if not kind.is_number:
        anything = ANYTHING if sort_of(kind) is None else d.unknown(sort_of(kind))
    elif kind.base is k.Base.MONEY:
        anything = d.between(mine, 0, None)
    else:
        anything = ANYTHING
    return Value(anything, anything, m.fixed(mine.names.mask(tables)))


def _marked(mine: Rows, now: Possible, base: Possible, gathered: list[Gathered]) -> Value:
    masks = [m.either(g.mask(g.masks[i]) for g in gathered) for i in range(3)]
    return v.tidied(mine, now, base, *masks)


def _sides(gathered: list[Gathered]) -> bool:
    """Whether anything tells with and without assumptions apart."""
    return any(g.holds[0] is not g.holds[1] or g.value.now is not g.value.base for g in gathered)


def _both(mine: Rows, gathered: list[Gathered], one: Callable[[Gathered, Plain, Possible], Possible], start: Possible,
          combine: Callable[[Possible, Possible], Possible]) -> Value:  # fmt: skip
    def side(which: int) -> Possible:
        total = start
        for g in gathered:
            total = combine(total, one(g, g.holds[which], g.value.now if which == 0 else g.value.base))
        return total

    now = side(0)
    return _marked(mine, now, side(1) if _sides(gathered) else now, gathered)


def _counted(mine: Rows, gathered: list[Gathered]) -> Value:
    def one(g: Gathered, holds: Plain, _value: Possible) -> Possible:
        weight = exp.column("count")
        sure = r.whole(mine, g.count(all_of(g.among, certainly(holds.sql, blank=holds.blank)), weight))
        if not holds.blank:
            return d.point(sure)
        most = r.whole(mine, g.count(all_of(g.among, _may(holds.sql)), weight))
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
        zero = r.constant(g.child, 0)
        counted = ranges.choose(
            g.child,
            [
                (sure, number),
                (maybe, ranges.hull(g.child, [(truth(value=True), ranges.exactly(zero)), (truth(value=True), number)])),
            ],
            ranges.exactly(zero),
        )
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


def _all_sure(g: Gathered) -> None:
    """Where anything about a row that may count is open, or rests on an assumption, the row is in doubt."""
    g.child.doubt(all_of(g.among, no(all_of(d.is_point(g.child, g.value.now), is_given(g.holds[0].sql)))))
    if g.value.base is not g.value.now:
        g.child.doubt(all_of(g.among, no(d.is_point(g.child, g.value.base))))
    if g.holds[1] is not g.holds[0]:
        g.child.doubt(all_of(g.among, is_null(g.holds[1].sql)))


def _picked(mine: Rows, step: Aggregate, gathered: list[Gathered]) -> Value:
    n = mine.arithmetic
    if len(gathered) > 1:
        raise Unsayable(Words("几种行的平均、最大或最小", f"{step.function} over several kinds of rows"))
    value = lacking(mine, step.tables, step.kind)
    for g in gathered:
        _all_sure(g)
        sure = all_of(g.among, certainly(g.holds[0].sql, blank=g.holds[0].blank))
        number = d.number(g.child, g.value.now).low
        if number is None or number.below.static is None:
            raise Unsayable(Words("各行分母不同", "rows with divisors of their own"))
        count = Whole(_column(mine, "n", g.count(sure).sql), 0, 2**40)
        there = n.over(count, n.constant(0))
        if step.function == "mean":
            total = g.total(sure, Rational(number.above, number.below), "total")
            divided = Whole(exp.Nullif(this=count.sql.copy(), expression=exp.Literal.number(0)), 1, 2**40)
            picked = r.multiply(mine, total, Rational(n.constant(1), divided))
        else:
            function = exp.Max if step.function == "largest" else exp.Min
            tree = g.pick(function, sure, g.child.arithmetic.stored(number.above), step.function)
            picked = Rational(Whole(tree, number.above.low, number.above.high), number.below)
        found = _marked(mine, d.point(Rational(picked.above, picked.below)), d.point(picked), gathered)
        value = v.choose(mine, [(there, v.stated(found.now))], value)
        value = Value(
            value.now,
            value.base,
            value.missing,
            value.assumed,
            m.either((value.defaults, m.when(there, found.defaults))),
        )
    return value


def _answered(mine: Rows, step: Aggregate, gathered: list[Gathered]) -> Value:
    every = step.function == "every"

    def one(g: Gathered, holds: Plain, value: Possible) -> Possible:
        answer = d.plain(value, "yes_no")
        sure = all_of(g.among, certainly(holds.sql, blank=holds.blank))
        maybe = all_of(g.among, is_null(holds.sql)) if holds.blank else truth(value=False)
        against = no(answer.sql) if every else answer.sql
        decided = g.some(all_of(sure, certainly(against, blank=answer.blank)))
        loose = all_of(any_of(sure, maybe), certainly(against, blank=False) if not answer.blank else _may(against))
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


def _only(mine: Rows, step: Aggregate, gathered: list[Gathered], *, missing: bool) -> Value:
    if len(gathered) > 1:
        raise Unsayable(Words("几种行里的唯一一行", "the only row of several kinds"))
    n = mine.arithmetic
    lacks = lacking(mine, step.tables, step.kind)
    for g in gathered:
        sure = all_of(g.kept, certainly(g.holds[0].sql, blank=g.holds[0].blank))
        kept = Whole(_column(mine, "n", g.count(g.kept).sql), 0, 2**40)
        one = n.equal(kept, n.constant(1))
        alone = all_of(one, g.some(sure))

        def change(tree: exp.Expression, part: str, kind: exp.DataType, g: Gathered = g) -> exp.Expression:
            if kind == BOOLEAN:
                number = exp.Case(
                    ifs=[
                        exp.If(this=tree.copy(), true=exp.Literal.number(1)),
                        exp.If(this=exp.Not(this=exp.Paren(this=tree.copy())), true=exp.Literal.number(0)),
                    ]
                )
                found = g.pick(exp.Max, g.kept, exp.cast(number, "SMALLINT"), f"only_{part}".strip("_"))
                return _column(mine, "only", exp.EQ(this=found, expression=exp.Literal.number(1)))
            return g.pick(exp.Max, g.kept, tree, f"only_{part}".strip("_"))

        found = changed(g.value, n, change)
        anything = ANYTHING if step.kind.is_number else d.unknown(sort_of(step.kind))
        several = _marked(mine, anything, anything, gathered)
        none = n.equal(kept, n.constant(0))
        # None or several are for the interpreter to tell, save where rows of the kind are not handed in at all.
        some = g.some(g.among) if missing else truth(value=True)
        mine.doubt(all_of(some, no(one)))
        return v.choose(mine, [(none, lacks), (alone, found)], several)
    return lacks


def names_of(value: Value, rows: Rows) -> list[str]:
    """The columns in SQL that hold a value."""
    return [column.name for tree in trees(value, rows.arithmetic) for column in tree.find_all(exp.Column)]
