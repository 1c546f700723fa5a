"""The rows of one kind gathered to the rows above, as SQL: which count, what each gives, and sums over them."""

from collections.abc import Callable

from sqlglot import exp

from engine.nouns import kinds as k
from engine.nouns.kinds import Kind
from engine.nouns.pipeline import Aggregate
from engine.sql import domain as d
from engine.sql import marks as m
from engine.sql import values as v
from engine.sql.carried import settled
from engine.sql.conditions import all_of, any_of, known, no, truth
from engine.sql.expressions import evaluate
from engine.sql.forms import ALWAYS, ANYTHING, Plain, Possible, Rational, Value
from engine.sql.layout import FROM_DATA
from engine.sql.levels import Bound, Join
from engine.sql.marks import Mask
from engine.sql.rows import BIGINT, Rows, bound_truth, sort_of
from engine.sql.scope import Unsayable
from engine.sql.whole import Whole, ends
from grammar.diagnostic import Words


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
        self.never_empty = False
        self.begun = 0
        self.doubts: list[exp.Expression] = []

    def in_doubt(self) -> list[exp.Expression]:
        """What is in doubt of rows that are told of already, or that stand for others: it falls on those they are gathered to."""
        child, rows = self.child, self.child.own
        found = list(self.doubts)
        if rows.year != self.mine.year:
            found += [child.here_too(bound_truth(rows, "doubt", x)) for x in rows.doubts[self.begun :]]
        if child is not rows:
            found += child.doubts
            child.doubts = []
        return found

    def begin(self, step: Aggregate) -> None:
        """Work out on each row whether it counts, and lay the rows out to be gathered."""
        child, rows = self.child, self.child.own
        self.begun = len(rows.doubts)
        if self.source in rows.columns:
            value = child.here(rows.column(self.source), "gathered")
        else:
            # A row of an earlier year may stand under rules that had no such figure.
            value = lacking(self.mine, (self.source,), step.kind)
        kept: list[exp.Expression] = []
        if step.from_data and child.table.grain != "row" and not child.relation.all_from_data:
            # Single rows are there because the data gives them.
            kept.append(exp.column(FROM_DATA))
        if rows.refused is not None and known(rows.refused) is not False:
            refused = child.here_too(rows.refused)
            kept.append(no(all_of(refused, d.is_gone(value.now, ALWAYS))))
            if self.hidden and rows.year != self.mine.year:
                self.doubts.append(refused)
            if self.hidden and self.gated:
                out: exp.Expression = refused
                if self.mine.refused is not None and known(self.mine.refused) is not False:
                    raise Unsayable(Words("合计的上下都有准入", "gates above and below a total"))
                kept.append(no(out))
        self.among = bound_truth(child, "among", all_of(*kept))
        # What is made of rows has one at least, the last of them, which is certain to be part of it.
        self.never_empty = bool(self.mine.parts) and step.where is None and known(self.among) is True
        answer = v.exactly(child, value=True)
        if step.where is not None:
            answer = child.here(evaluate(rows, step.where), "counts")
        if child.standing is not None:
            answer = v.lift(child, d.both, child.standing, answer)
        now = d.plain(answer.now, "yes_no")
        now = Plain(bound_truth(child, "counts", now.sql), "yes_no", now.blank, now.value)
        base = now
        if answer.base is not answer.now:
            base = d.plain(answer.base, "yes_no")
            base = Plain(bound_truth(child, "counts_base", base.sql), "yes_no", base.blank, base.value)
        self.holds = now, base
        maybe = any_of(*(x if not blank else may(x) for x, blank in ((now.sql, now.blank), (base.sql, base.blank))))
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
        flat, key = child.frame.inlined(aggregate_), child.frame.inlined(up)
        if flat is None or key is None:
            child.frame.stores(x.name for tree in (aggregate_, up) for x in tree.find_all(exp.Column))
            flat, key = child.frame.inlined(aggregate_), up
        aggregate_ = flat or aggregate_
        alias = f"of_{mine.scheme.labels.id(child.table.name)}"
        by = key if isinstance(key, exp.Column) else exp.Alias(this=key, alias=exp.to_identifier(up.name))
        join = mine.frame.gather(alias, child.frame.source, by, child.frame.where)
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
        if known(condition):
            tree = one.copy()
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
        # Engines add up nothing faster than they pass NULL over.
        tree = exp.Case(
            ifs=[exp.If(this=condition.copy(), true=child.arithmetic.stored(number.above).copy())],
            default=exp.Literal.number(0),
        )
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

        def of_all(tree: exp.Expression, _at: int) -> exp.Expression:
            column = self.over("marks", exp.BitwiseOrAgg(this=tree))
            return exp.Coalesce(this=column, expressions=[exp.Literal.number(0)])

        return mask.whole(of_all)

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


def column_of(rows: Rows, hint: str, tree: exp.Expression) -> exp.Expression:
    """A tree as a column of its own."""
    return tree if isinstance(tree, exp.Column) else rows.frame.bind(hint, tree.copy() if tree.parent else tree)


def may(sql: exp.Expression) -> exp.Expression:
    """Whether a condition holds or may hold."""
    return exp.Coalesce(this=sql.copy(), expressions=[truth(value=True)])


def lacking(mine: Rows, tables: tuple[str, ...], kind: Kind) -> Value:
    """What waits for rows of some kinds."""
    if not kind.is_number:
        anything = ANYTHING if sort_of(kind) is None else d.unknown(sort_of(kind))
    elif kind.base is k.Base.MONEY:
        anything = d.between(mine, 0, None)
    else:
        anything = ANYTHING
    return Value(anything, anything, m.fixed(mine.names.mask(tables)))


def marked(mine: Rows, now: Possible, base: Possible, gathered: list[Gathered]) -> Value:
    """What the rows come to, with the marks of all that may count."""
    masks = [m.either(g.mask(g.masks[i]) for g in gathered) for i in range(3)]
    return v.tidied(mine, now, base, *masks)


def on_both_sides(gathered: list[Gathered]) -> bool:
    """Whether anything tells with and without assumptions apart."""
    return any(g.holds[0] is not g.holds[1] or g.value.now is not g.value.base for g in gathered)
