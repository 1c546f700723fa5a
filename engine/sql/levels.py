"""Levels: the columns of each kind of rows, gathered into common table expressions by what they wait for."""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import reduce
from typing import Any

from sqlglot import exp

from engine.nouns.core import Labels
from engine.sql.conditions import all_of, known, never_null, truth
from engine.sql.layout import ROW
from engine.sql.names import Called
from engine.sql.scope import nodes

# A statement with more levels than this is planned slowly; what was reached is put down in a table first.
MOST_LEVELS = 20
# An expression with more nodes than this is not written a second time where an aggregate reads it.
_MOST_INLINED = 80
_OWN_ALIAS = "own"
_NO_LABELS = Labels({}, {}, {}, {})


@dataclass(slots=True)
class Bound:
    """A column as it is made; ``about`` is told beside it."""

    name: str
    expression: exp.Expression
    about: str | None = None


@dataclass(slots=True)
class Join:
    """Another table, or rows of one gathered by ``key``, beside a frame's own rows."""

    alias: str
    table: str
    on: exp.Expression
    where: exp.Expression | None = None
    key: tuple[exp.Expression, ...] = ()
    columns: list[Bound] = field(default_factory=list)

    @property
    def gathers(self) -> bool:
        """Whether its rows are gathered: by their keys or, without any, all of them into one."""
        return bool(self.key or self.columns)


@dataclass(slots=True)
class Statement:
    """A table made of another one, of joins, and of columns level by level; ``kept`` are those the table has."""

    table: str
    source: str
    where: exp.Expression | None
    joins: list[Join]
    levels: list[list[Bound]]
    kept: list[str]
    temporary: bool = True
    about: str | None = None


@dataclass(slots=True)
class Stack:
    """A table of the rows of several, one under another: of each its source, which rows, and a tree for each column."""

    table: str
    parts: list[tuple[str, exp.Expression | None, dict[str, exp.Expression]]]


class Frame:
    """The rows of one kind in one year while columns are added to them.

    ``stored`` are the columns the table at hand has; what is bound since then waits for ``put_down``.
    """

    def __init__(
        self,
        name: str,
        source: str,
        where: exp.Expression | None,
        stored: Iterable[str],
        program: list[Statement | Stack],
        tables: Called,
        given: Iterable[str] = (),
    ) -> None:
        self.name = name
        self.source = source
        self.where = where
        self.stored = list(stored)
        self.program = program
        self.names = Called(_NO_LABELS, self.stored)
        self.level: dict[str, int] = dict.fromkeys(self.stored, 0)
        self.waiting: dict[str, Bound] = {}
        # The columns that are NULL on no row.
        self.given = {name for name in given if name in self.level}
        self.joins: list[Join] = []
        self.tables_of = tables

    # ---- columns

    def bind(self, wanted: str, expression: exp.Expression, about: str | None = None) -> exp.Column:
        """The expression as a column of its own, named as wanted or nearly so."""
        columns = list(columns_in(expression))
        level = 1 + max((self.level[c.name] for c in columns if not c.table), default=0)
        if level > MOST_LEVELS:
            self.put_down()
            level = 1
        if level > 1 and any(c.table for c in columns):
            raise AssertionError(expression.sql())
        name = self.names.new(wanted)
        self.level[name] = level
        self.waiting[name] = Bound(name, expression, about)
        if never_null(expression, self.given):
            self.given.add(name)
        return exp.column(name)

    def is_new(self, name: str, wanted: str) -> bool:
        """Whether a column waits under the name wanted, or nearly so, and nothing is told of it yet."""
        rest = name.removeprefix(wanted)
        nearly = len(rest) < len(name) and (not rest or rest.removeprefix("_").isdecimal())
        return nearly and name in self.waiting and self.waiting[name].about is None

    def about(self, name: str, about: str) -> None:
        """What is told beside a column."""
        if name in self.waiting:
            self.waiting[name].about = about

    def join(self, wanted: str, table: str, on: exp.Expression, where: exp.Expression | None = None) -> Join:
        """Another table beside this one's rows; ``on`` names its columns by ``alias``, which is given as ``wanted``."""
        for join in self.joins:
            if (join.table, join.on, join.where, join.key) == (table, _aliased(on, wanted, join.alias), where, ()):
                return join
        alias = self._alias(wanted)
        join = Join(alias, table, _aliased(on, wanted, alias), where)
        self.joins.append(join)
        return join

    def gather(
        self, wanted: str, table: str, key: exp.Column | exp.Alias, where: exp.Expression | None, own: str = ROW
    ) -> Join:
        """Rows of another table gathered by what comes to this one's ``own`` column."""
        for join in self.joins:
            if (join.table, join.where, join.key) == (table, where, (key,)):
                return join
        alias = self._alias(wanted)
        on = exp.EQ(this=exp.column(key.alias_or_name, table=alias), expression=exp.column(own, table=_OWN_ALIAS))
        join = Join(alias, table, on, where, (key,))
        self.joins.append(join)
        return join

    def gather_by(
        self, wanted: str, table: str, keys: Mapping[str, exp.Expression], where: exp.Expression | None
    ) -> Join:
        """Rows of another table gathered by columns, each the same as a tree of this one's; NULL is the same as NULL."""
        by = tuple(exp.column(key) for key in keys)

        def on(alias: str) -> exp.Expression:
            tests: list[exp.Expression] = [
                exp.NullSafeEQ(this=exp.column(key, table=alias), expression=tree.copy()) for key, tree in keys.items()
            ]
            return reduce(lambda a, b: exp.And(this=a, expression=b), tests) if tests else truth(value=True)

        for join in self.joins:
            if (join.table, join.where, join.key, join.on) == (table, where, by, on(join.alias)):
                return join
        alias = self._alias(wanted)
        join = Join(alias, table, on(alias), where, by)
        self.joins.append(join)
        return join

    def _alias(self, wanted: str) -> str:
        taken = {join.alias for join in self.joins}
        alias, number = wanted, 1
        while alias in taken or alias == _OWN_ALIAS:
            number += 1
            alias = f"{wanted}_{number}"
        return alias

    # ---- reading from elsewhere

    def inlined(self, expression: exp.Expression) -> exp.Expression | None:
        """The expression over stored columns alone; None where that takes too long an expression, or other rows."""
        size = _MOST_INLINED

        def replaced(node: exp.Expression) -> exp.Expression:
            nonlocal size
            size -= 1
            if size < 0 or isinstance(node, exp.Window) or (isinstance(node, exp.Column) and node.table):
                raise _TooLongError
            if isinstance(node, exp.Column) and node.name in self.waiting:
                inner = self.waiting[node.name].expression.copy().transform(replaced)
                return inner if _stands_alone(inner, node.parent) else exp.paren(inner)
            return node

        try:
            return expression.copy().transform(replaced)
        except _TooLongError:
            return None

    def stores(self, names: Iterable[str]) -> None:
        """Have the columns in a table that others can read."""
        if any(name in self.waiting for name in names):
            self.put_down()

    def put_down(self, table: str | None = None, *, temporary: bool = True) -> None:
        """A table with all columns so far."""
        if not self.waiting and table is None:
            return
        levels: list[list[Bound]] = [[] for _ in range(max(self.level[n] for n in self.waiting) if self.waiting else 0)]
        for name, bound in self.waiting.items():
            levels[self.level[name] - 1].append(bound)
        made = table or self.tables_of.new(self.name)
        self.stored += self.waiting
        self.program.append(Statement(made, self.source, self.where, self.joins, levels, list(self.stored), temporary))
        self.source, self.where, self.joins = made, None, []
        self.level = dict.fromkeys(self.stored, 0)
        self.waiting = {}

    def is_now(self, table: str, stored: Iterable[str]) -> None:
        """The rows are those of another table from now on, which has what was stored and maybe more."""
        assert not self.waiting
        self.source, self.where, self.joins = table, None, []
        self.stored = list(stored)
        self.level = dict.fromkeys(self.stored, 0)


class _TooLongError(Exception):
    pass


def _stands_alone(inner: exp.Expression, above: object) -> bool:
    """Whether a tree needs no brackets under another."""
    # SQLGlot counts AND and OR among its functions.
    tight = isinstance(inner, exp.Column | exp.Literal | exp.Paren | exp.Func) and not isinstance(inner, exp.Connector)
    return tight or isinstance(above, exp.Coalesce | exp.If)


def columns_in(expression: exp.Expression) -> Iterator[exp.Column]:
    """The columns an expression reads."""
    return (node for node in nodes(expression) if isinstance(node, exp.Column))


def _aliased(expression: exp.Expression, old: str, new: str) -> exp.Expression:
    if old == new:
        return expression
    copy = expression.copy()
    for column in copy.find_all(exp.Column):
        if column.table == old:
            column.set("table", exp.to_identifier(new))
    return copy


def own(name: str) -> exp.Column:
    """A column of a frame's own rows, as the condition of a join names it."""
    return exp.column(name, table=_OWN_ALIAS)


def of_own(expression: exp.Expression) -> exp.Expression:
    """A tree over a frame's own rows, as the condition of a join reads it."""
    return _qualified(expression, _OWN_ALIAS)


# ---- a program put in order


def pruned(program: list[Statement | Stack], wanted: Mapping[str, Iterable[str]]) -> list[Statement | Stack]:
    """The program without what nothing reads; ``wanted`` are the columns of each table that are read at the end."""
    needed: dict[str, set[str]] = {table: set(columns) for table, columns in wanted.items()}
    left: list[Statement | Stack] = []
    for statement in reversed(program):
        if statement.table not in needed:
            continue
        mine = needed.pop(statement.table)
        if isinstance(statement, Stack):
            left.append(_needed_of_stack(statement, mine, needed))
            continue
        left.append(_needed_of(statement, mine, needed))
    return _without_copies(left[::-1], wanted.keys())


def _without_copies(program: list[Statement | Stack], kept: Collection[str]) -> list[Statement | Stack]:
    """The program in which nobody makes a table of rows of another one as they are: who reads it reads those."""
    copied: dict[str, tuple[str, exp.Expression | None]] = {}
    left: list[Statement | Stack] = []

    def through(table: str, where: exp.Expression | None) -> tuple[str, exp.Expression | None]:
        if table not in copied:
            return table, where
        source, condition = copied[table]
        both = [x.copy() for x in (condition, where) if x is not None]
        return source, all_of(*both) if both else None

    for statement in program:
        if isinstance(statement, Stack):
            left.append(Stack(statement.table, [(*through(s, w), trees) for s, w, trees in statement.parts]))
            continue
        statement.source, statement.where = through(statement.source, statement.where)
        for join in statement.joins:
            join.table, join.where = through(join.table, join.where)
        if statement.table not in kept and not (statement.levels or statement.joins):
            copied[statement.table] = statement.source, statement.where
        else:
            left.append(statement)
    return left


def _needed_of_stack(stack: Stack, mine: set[str], needed: dict[str, set[str]]) -> Stack:
    parts = [(source, where, {k: x for k, x in trees.items() if k in mine}) for source, where, trees in stack.parts]
    for source, where, trees in parts:
        there = needed.setdefault(source, set())
        for tree in (*trees.values(), *([where] if where is not None else [])):
            there.update(column.name for column in columns_in(tree))
    return Stack(stack.table, parts)


def _needed_of(statement: Statement, mine: set[str], needed: dict[str, set[str]]) -> Statement:
    """A statement with only what is read of it; what it reads of others is added to ``needed``."""
    kept = [name for name in statement.kept if name in mine]
    reads = set(kept)
    aliased: dict[str, set[str]] = {}
    levels: list[list[Bound]] = []
    for level in reversed(statement.levels):
        live = [bound for bound in level if bound.name in reads]
        for bound in live:
            for column in columns_in(bound.expression):
                (aliased.setdefault(column.table, set()) if column.table else reads).add(column.name)
        levels.append(live)
    joins: list[Join] = []
    for join in statement.joins:
        if join.alias not in aliased:
            continue
        for column in columns_in(join.on):
            (reads if column.table == _OWN_ALIAS else aliased.setdefault(column.table, set())).add(column.name)
        gathered = [bound for bound in join.columns if bound.name in aliased[join.alias]]
        there = needed.setdefault(join.table, set())
        expressions = [*(b.expression for b in gathered), *join.key, *([join.where] if join.where else [])]
        for expression in expressions:
            there.update(c.name for c in columns_in(expression) if not c.table)
        if not join.gathers:
            there.update(aliased[join.alias])
        joins.append(Join(join.alias, join.table, join.on, join.where, join.key, gathered))
    if statement.where is not None:
        reads.update(c.name for c in columns_in(statement.where))
    made = {bound.name for level in statement.levels for bound in level}
    needed.setdefault(statement.source, set()).update(reads - made)
    return Statement(
        statement.table, statement.source, statement.where, joins, [x for x in levels[::-1] if x], kept,
        statement.temporary, statement.about,
    )  # fmt: skip


# ---- a statement as a query


def query(statement: Statement | Stack) -> exp.Select | exp.Union:
    """The rows of a statement's table, level by level."""
    if isinstance(statement, Stack):
        return _stacked(statement)
    levels = statement.levels or [[]]
    result = exp.Select()
    source = exp.to_table(statement.source)
    for join in statement.joins:
        if join.gathers:
            result = result.with_(join.alias, as_=_gathered(join), copy=False)
    for number, level in enumerate(levels):
        last = number == len(levels) - 1
        first = number == 0
        alone = first and not statement.joins
        select = result if last else exp.Select()
        made = {bound.name for bound in level}
        stored = [name for name in statement.kept if name not in made] if last else None
        prefix = None if alone or not first else _OWN_ALIAS
        if stored is None:
            select.select(exp.Column(this=exp.Star(), table=_identifier(prefix)), append=True, copy=False)
        else:
            for name in stored:
                select.select(exp.column(name, table=prefix), append=True, copy=False)
        for bound in level:
            select.select(_projected(bound, prefix), append=True, copy=False)
        if first:
            _from_source(select, statement, source, prefix)
        else:
            select.from_(exp.to_table(f"level_{number}"), copy=False)
        if not last:
            result = result.with_(f"level_{number + 1}", as_=select, copy=False)
    return result


def _stacked(stack: Stack) -> exp.Select | exp.Union:
    selects = []
    for source, where, trees in stack.parts:
        select = exp.Select()
        for name, tree in trees.items():
            select.select(exp.alias_(tree.copy(), name), append=True, copy=False)
        select.from_(exp.to_table(source), copy=False)
        if where is not None:
            select.where(where.copy(), copy=False)
        selects.append(select)
    result: exp.Select | exp.Union = selects[0]
    for select in selects[1:]:
        result = exp.union(result, select, distinct=False)
    return result


def _from_source(select: exp.Select, statement: Statement, source: exp.Table, prefix: str | None) -> None:
    select.from_(exp.alias_(source, prefix, table=True) if prefix else source, copy=False)
    for join in statement.joins:
        on = join.on
        if join.gathers:
            table: exp.Table = exp.to_table(join.alias)
        else:
            table = _aliased_table(join.table, join.alias)
            if join.where is not None:
                on = exp.And(this=on.copy(), expression=_qualified(join.where, join.alias))
        select.join(table, on=on.copy(), join_type="left", copy=False)
    if statement.where is not None:
        select.where(_qualified(statement.where, prefix), copy=False)


def _aliased_table(name: str, alias: str) -> exp.Table:
    table = exp.to_table(name)
    table.set("alias", exp.TableAlias(this=exp.to_identifier(alias)))
    return table


def _gathered(join: Join) -> exp.Select:
    """The subquery of a join that gathers rows."""
    select = exp.select(*(key.copy() for key in join.key)).from_(exp.to_table(join.table))
    common, columns = _apart(join.columns)
    for bound in columns:
        select.select(_projected(bound, None), append=True, copy=False)
    for condition in (*([join.where] if join.where is not None else []), *common):
        select.where(condition.copy(), copy=False)
    return select.group_by(*(key.unalias().copy() for key in join.key)) if join.key else select


def _apart(columns: list[Bound]) -> tuple[list[exp.Expression], list[Bound]]:
    """What every aggregate asks of a row, and the aggregates without it: of no row an aggregate gives NULL or nothing."""
    asked = [_asked(bound.expression) for bound in columns]
    common = [x for x in asked[0] if all(x in other for other in asked[1:])] if asked else []
    if not common:
        return [], columns
    freed = []
    for bound, mine in zip(columns, asked, strict=True):
        expression = bound.expression.copy()
        branch = expression.find(exp.Case)
        assert branch is not None
        rest = all_of(*(x.copy() for x in mine if x not in common))
        (one,) = branch.args["ifs"]
        branch.replace(one.args["true"].copy() if known(rest) else _case_of(rest, branch))
        freed.append(Bound(bound.name, expression, bound.about))
    return common, freed


def _case_of(condition: exp.Expression, branch: exp.Case) -> exp.Case:
    (one,) = branch.args["ifs"]
    default = branch.args.get("default")
    return exp.Case(ifs=[exp.If(this=condition, true=one.args["true"].copy())], default=default and default.copy())


def _asked(expression: exp.Expression) -> list[exp.Expression]:
    """The conditions of which all must hold for a row to count in an aggregate; none where that is not plain."""
    inner = expression.this if isinstance(expression, exp.Cast) else expression
    if not isinstance(inner, exp.Sum | exp.Max | exp.Min) or not isinstance(inner.this, exp.Case):
        return []
    default = inner.this.args.get("default")
    nothing = default is None or (
        isinstance(inner, exp.Sum) and isinstance(default, exp.Literal) and default.this == "0"
    )
    if not nothing or len(inner.this.args["ifs"]) != 1:
        return []
    condition = inner.this.args["ifs"][0].this
    parts: list[Any] = list(condition.flatten()) if isinstance(condition, exp.And) else [condition]
    return parts


def _projected(bound: Bound, prefix: str | None) -> exp.Expression:
    expression = _qualified(bound.expression, prefix)
    if isinstance(expression, exp.Column) and expression.name == bound.name:
        projected: exp.Expression = expression
    else:
        projected = exp.Alias(this=expression, alias=exp.to_identifier(bound.name))
    if bound.about:
        projected.add_comments([bound.about])
    return projected


def _qualified(expression: exp.Expression, prefix: str | None) -> exp.Expression:
    copy = expression.copy()
    if prefix is not None:
        for column in list(columns_in(copy)):
            if not column.table:
                column.set("table", _identifier(prefix))
    return copy


def _identifier(name: str | None) -> exp.Identifier | None:
    return exp.to_identifier(name) if name is not None else None


_PLAIN = re.compile("[a-z_][a-z0-9_]*")


def quoted(tree: exp.Expression) -> exp.Expression:
    """The tree with quotes about the names that need them, and about no others."""
    for identifier in tree.find_all(exp.Identifier):
        plain = _PLAIN.fullmatch(identifier.name) is not None and identifier.name not in _RESERVED
        identifier.set("quoted", not plain)
    return tree


# Words that one engine or another takes for its own where a name may stand.
_RESERVED = frozenset(
    {
        "all", "and", "any", "array", "as", "asc", "between", "both", "by", "case", "cast", "check", "collate",
        "column", "constraint", "create", "cross", "current_date", "current_time", "current_user", "date", "default",
        "desc", "describe", "distinct", "do", "else", "end", "except", "exists", "false", "fetch", "filter", "for",
        "foreign", "from", "full", "grant", "group", "having", "in", "initially", "inner", "intersect", "interval",
        "into", "is", "join", "lateral", "leading", "left", "like", "limit", "natural", "not", "null", "offset", "on",
        "only", "or", "order", "outer", "over", "partition", "pivot", "placing", "primary", "qualify", "references",
        "returning", "right", "row", "rows", "select", "session_user", "set", "show", "some", "summarize", "symmetric",
        "table", "then", "time", "timestamp", "to", "trailing", "true", "union", "unique", "unpivot", "user", "using",
        "values", "variadic", "when", "where", "window", "with",
    }
)  # fmt: skip
