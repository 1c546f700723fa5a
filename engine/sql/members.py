"""Rows as parts of what they are linked into, as SQL: gathered to it, and looking up to it; mirrors interpret/gather.py."""

from collections.abc import Iterable, Mapping
from copy import copy

from sqlglot import exp

from engine.nouns.pipeline import Spread
from engine.sql import domain as d
from engine.sql import marks as m
from engine.sql import rational as r
from engine.sql import values as v
from engine.sql.carried import changed
from engine.sql.conditions import all_of, any_of, case, certainly, is_given, is_null, no, truth
from engine.sql.conditions import own as own_
from engine.sql.forms import ALWAYS, ANYTHING, NEVER, Number, Plain, Possible, Rational, Value
from engine.sql.layout import ROW, YEAR
from engine.sql.levels import Bound, Frame, own
from engine.sql.linking import Linked
from engine.sql.marks import Mask
from engine.sql.pairs import Pairs
from engine.sql.rows import Beside, Rows, sort_of
from engine.sql.whole import Whole


class Members(Rows):
    """The rows of a year, each beside every row that it is, or may be, part of; expressions are worked out on the rows."""

    def __init__(self, rows: Rows, pairs: Pairs, above: str) -> None:
        # Nothing begins here: what the rows have is brought over where it is asked for.
        self.scheme, self.table, self.relation, self.year = rows.scheme, rows.table, rows.relation, rows.year
        self.facts, self.arithmetic, self.names, self.supplied = rows.facts, rows.arithmetic, rows.names, rows.supplied
        self.varying = rows.varying
        where = exp.EQ(this=exp.column(YEAR), expression=exp.Literal.number(rows.year))
        name = f"{rows.frame.name}_in"
        self.frame = Frame(name, pairs.sql, where, pairs.stored, rows.frame.program, rows.frame.tables_of)
        self.columns = rows.columns
        self.doubts = []
        self.refused = None
        self.ups = {above: (pairs.whole.copy(), True)}
        self.standing = pairs.holds
        self.parts = ()
        self.rows = rows
        self.given_before = frozenset(rows.relation.made) | {x.sql for x in rows.relation.columns.values()}

    @property
    def own(self) -> Rows:
        """The rows themselves."""
        return self.rows

    def here(self, value: Value, hint: str) -> Value:
        """A value of the rows, beside each row that one is part of."""

        def put(tree: exp.Expression, part: str, _kind: exp.DataType) -> exp.Expression:
            if isinstance(tree, exp.Column) and tree.name in self.rows.frame.level:
                return tree
            return self.rows.frame.bind(f"{hint}_{part}" if part else hint, own_(tree))

        bound = changed(value, self.arithmetic, put)
        return changed(bound, self.arithmetic, lambda tree, _part, _kind: self.here_too(tree))

    def here_too(self, tree: exp.Expression) -> exp.Expression:
        """A column of the rows, beside each row that one is part of."""
        if not isinstance(tree, exp.Column) or tree.name in self.given_before:
            return tree.copy()
        self.rows.frame.stores([tree.name])
        on = exp.EQ(this=exp.column(ROW, table="part"), expression=own(ROW))
        join = self.frame.join("part", self.rows.frame.source, on, self.rows.frame.where)
        return self.frame.bind(tree.name, exp.column(tree.name, table=join.alias))


def parts_of(linked: Linked, year: int, years: Mapping[int, Mapping[str, Rows]]) -> tuple[Rows, ...]:
    """The rows that the made ones of a year can be made of: those of the year, and of the years before."""
    found: list[Rows] = []
    for number, of_year in years.items():
        if number <= year and linked.source.years.get(number):
            rows = of_year[linked.source.kind]
            found.append(rows if number == year else _at_rest(rows))
    return tuple(x if linked.pairs is None else Members(x, linked.pairs, linked.step.table) for x in found)


def _at_rest(rows: Rows) -> Rows:
    """The rows of a year that is settled: what is worked out on them now is no part of what that year left."""
    frame = rows.frame
    other = copy(rows)
    other.frame = Frame(
        frame.name, frame.source, frame.where, frame.stored, frame.program, frame.tables_of, frame.given
    )
    other.columns, other.doubts = dict(rows.columns), []
    return other


def spread_joined(mine: Rows, above: Rows, step: Spread, linked: Linked) -> None:
    """Add a column of what a row is linked into; where that may be one of several, what it is on any of them."""
    anything = ANYTHING if step.kind.is_number else d.unknown(sort_of(step.kind))
    assert step.above is not None
    lacking = Value(anything, anything, m.fixed(mine.names.mask([step.above])))
    if step.source not in above.columns:
        mine.put(step.column, lacking)
        return
    value = above.columns[step.source]
    above.frame.stores(_names(value, above))
    hint = f"{mine.scheme.labels.id(step.above)}_{mine.scheme.labels.id(step.source, step.above)}"
    on = exp.EQ(this=exp.column(ROW, table="joined"), expression=own(linked.part.name))
    beside = Beside(mine, mine.frame.join("joined", above.frame.source, on, above.frame.where))
    one = beside.value(value, hint)
    several_years = len(linked.source.years) > 1
    if linked.pairs is None:
        # What ends in a later year is worked out then.
        ways = [(is_given(beside.tree(exp.column(ROW), f"{hint}_row")) if several_years else truth(value=True), one)]
        mine.put(step.column, v.choose(mine, ways, lacking))
        return
    any_ = _Any(mine, above, linked.pairs, linked.step.table, value, hint)
    count = any_.count("joined", truth(value=True))
    alone = _is(count, 1)
    later = truth(value=False)
    if several_years:
        later = exp.LT(this=any_.count("worked_out", is_given(any_.row)), expression=count.copy())
    mine.put(step.column, v.choose(mine, [(later, lacking), (alone, one)], any_.of(alone)))


class _Any:
    """What a column is on any of the rows that each row is, or may be, part of."""

    def __init__(self, mine: Rows, above: Rows, pairs: Pairs, kind: str, value: Value, hint: str) -> None:
        self.mine = mine
        self.members = Members(mine, pairs, kind)
        self.holds = pairs.holds
        on = exp.EQ(this=exp.column(ROW, table="joined"), expression=own(pairs.whole.name))
        join = self.members.frame.join("joined", above.frame.source, on, above.frame.where)
        beside = Beside(self.members, join)
        self.row = beside.tree(exp.column(ROW), "joined_row")
        self.value = beside.value(value, hint)

    def of(self, alone: exp.Expression) -> Value:
        """The hull; what has no fixed ends is for the interpreter wherever there are several."""
        mine, theirs = self.mine, self.value
        sides = (theirs.now,) if theirs.base is theirs.now else (theirs.now, theirs.base)
        if any(x.gone == ALWAYS or _is_ragged(x.what) for x in sides):
            mine.doubt(no(alone))
            return Value(ANYTHING, ANYTHING)
        for x in sides:
            if x.gone != NEVER:
                gap = self.count("gaps", d.has_gap(x))
                mine.doubt(all_of(no(alone), exp.GT(this=gap, expression=exp.Literal.number(0))))
        now, base = d.plain(self.holds.now, "yes_no"), d.plain(self.holds.base, "yes_no")
        one_side = theirs.base is theirs.now and self.holds.base is self.holds.now
        hull = self._hull(theirs.now, any_of(now.sql, is_null(now.sql)))
        other = hull if one_side else self._hull(theirs.base, any_of(base.sql, is_null(base.sql)))
        masks = [
            m.either((self._marks(a), self._marks(b)))
            for a, b in (
                (theirs.missing, self.holds.missing),
                (theirs.assumed, self.holds.assumed),
                (theirs.defaults, self.holds.defaults),
            )
        ]
        return v.tidied(mine, hull, other, *masks)

    def _hull(self, side: Possible, may: exp.Expression) -> Possible:
        number = side.what
        if isinstance(number, Plain):
            return Possible(self._same(number, may))
        low, high = self._end(number.low, may, exp.Min), self._end(number.high, may, exp.Max)
        if not self.mine.names.ranges and low is not None and high is not None:
            # What they all are, if they are all the same.
            low = high = r.choose(self.mine, [(certainly(r.equal(self.mine, low, high), low.blank), low)], None)
        return Possible(Number(low, high))

    def _same(self, plain: Plain, may: exp.Expression) -> Plain:
        """What all of them say; not known where they do not say the same."""
        tree = plain.sql
        if plain.sort == "yes_no":
            # Not every engine takes the lesser of two answers.
            one, zero = (exp.cast(exp.Literal.number(x), "SMALLINT") for x in (1, 0))
            tree = case([(own_(tree), one), (no(tree), zero)])
        least, most = (self._gathered("said", pick(this=case([(may, tree)]))) for pick in (exp.Min, exp.Max))
        silent = self.count("silent", all_of(may, is_null(plain.sql)))
        alike = all_of(_is(silent, 0), exp.EQ(this=least, expression=most))
        said = _is(least, 1) if plain.sort == "yes_no" else least
        return Plain(case([(alike, said)]), plain.sort, blank=True)

    def _end(self, end: Rational | None, may: exp.Expression, pick: type[exp.Expression]) -> Rational | None:
        if end is None:
            return None
        tree = case([(may, self.members.arithmetic.stored(end.above))])
        found = self._gathered("end", pick(this=tree))
        if end.blank:
            endless = self.count("endless", all_of(may, is_null(end.above.sql)))
            found = self.mine.frame.bind("end", case([(_is(endless, 0), found)]))
        return Rational(Whole(found, end.above.low, end.above.high), end.below, end.blank)

    def _marks(self, mask: Mask) -> Mask:
        return mask.whole(lambda tree, _: self._gathered("marks", exp.BitwiseOrAgg(this=tree)))

    def count(self, hint: str, condition: exp.Expression) -> exp.Expression:
        """How many of them hold a condition."""
        one = exp.Case(ifs=[exp.If(this=own_(condition).copy(), true=exp.Literal.number(1))])
        return self._gathered(hint, exp.Count(this=one))

    def _gathered(self, hint: str, tree: exp.Expression) -> exp.Column:
        frame = self.members.frame
        frame.stores([ROW, *(x.name for x in tree.find_all(exp.Column))])
        join = self.mine.frame.gather("any_of", frame.source, exp.column(ROW), frame.where)
        name = f"{hint}_{len(join.columns) + 1}"
        join.columns.append(Bound(name, tree))
        return self.mine.frame.bind(hint, exp.column(name, table=join.alias))


def _is(count: exp.Expression, number: int) -> exp.Expression:
    return exp.EQ(this=count.copy(), expression=exp.Literal.number(number))


def _is_ragged(what: Number | Plain) -> bool:
    if isinstance(what, Plain):
        return False
    return any(end is not None and not end.is_fixed for end in (what.low, what.high))


def _names(value: Value, rows: Rows) -> Iterable[str]:
    found: list[str] = []

    def keep(tree: exp.Expression, _part: str, _kind: exp.DataType) -> exp.Expression:
        found.extend(x.name for x in tree.find_all(exp.Column))
        return tree

    changed(value, rows.arithmetic, keep)
    return found
