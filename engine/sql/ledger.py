"""Steps that read their own earlier periods of the year, period by period: each is a table that the next reads."""

from collections.abc import Callable, Iterator, Mapping
from typing import TypeVar

from sqlglot import exp

from engine.nouns.periods import periods_of
from engine.nouns.pipeline import Allocate, Step
from engine.sql import marks as m
from engine.sql import values as v
from engine.sql.carried import changed
from engine.sql.conditions import BOOLEAN, any_of, case, certainly, known, own, truth
from engine.sql.forms import Value
from engine.sql.layout import NUMBER
from engine.sql.levels import Stack
from engine.sql.marks import MASK, Mask
from engine.sql.rows import Rows, bound_truth
from engine.sql.scope import Names, Unsayable
from engine.sql.whole import Arithmetic
from grammar.diagnostic import Words

# The rows of each kind that a period works on: those of its own, and of other kinds all.
OfPeriod = Mapping[str, Rows]
_T = TypeVar("_T")
_OTHERS = Words("逐期的账里有不按期的行", "a ledger with rows that are of no period")


def by_period(
    rows: Mapping[str, Rows], steps: tuple[Step, ...], do: Callable[[Step, OfPeriod, list[OfPeriod]], None]
) -> None:
    """Do the steps period by period; ``do`` is told the rows of the period, and those of the periods before it."""
    kinds = list(dict.fromkeys(kind for step in steps for kind in _worked_on(step) if kind in rows))
    grains = {rows[kind].table.grain for kind in kinds}
    if len(grains) > 1 or grains & {"year", "row"}:
        raise Unsayable(_OTHERS)
    if not kinds:
        return
    for kind in kinds:
        rows[kind].frame.put_down()
    done: list[OfPeriod] = []
    for period in periods_of(rows[kinds[0]].year, grains.pop()):
        now: OfPeriod = {**rows, **{kind: rows[kind].of_period(period.number) for kind in kinds}}
        for step in steps:
            do(step, now, done)
        done.append(now)
    for kind in kinds:
        _Joined(rows[kind], [of[kind] for of in done]).lay()


def _worked_on(step: Step) -> Iterator[str]:
    """The kinds whose rows a step works on."""
    yield step.table
    if isinstance(step, Allocate):
        yield from step.receivers


class _Joined:
    """The rows of all periods of a kind, one under another again."""

    def __init__(self, whole: Rows, parts: list[Rows]) -> None:
        self.whole = whole
        self.parts = parts
        self.laid: dict[str, tuple[exp.Expression, exp.DataType]] = {}
        self.doubts: list[exp.Expression] = []

    # ---- what a scope is asked

    @property
    def arithmetic(self) -> Arithmetic:
        """Whole numbers in the engine's dialect."""
        return self.whole.arithmetic

    @property
    def names(self) -> Names:
        """The names of marks."""
        return self.whole.names

    def column(self, name: str) -> Value:
        """Columns are each period's own."""
        raise Unsayable(Words(name, name))

    def parameter(self, name: str) -> Value:
        """Parameters are each period's own."""
        raise Unsayable(Words(name, name))

    def given(self, name: str) -> exp.Expression:
        """What is given is each period's own."""
        raise Unsayable(Words(name, name))

    def bind(self, hint: str, sql: exp.Expression, kind: exp.DataType) -> exp.Expression:
        """A column of its own in the table of all periods."""
        del hint, kind
        return sql

    def doubt(self, condition: exp.Expression) -> None:
        """Rows that are settled again."""
        if known(condition) is not False:
            self.doubts.append(condition)

    # ---- laying

    def lay(self) -> None:
        """Put every column that the periods made into one table."""
        whole, frame = self.whole, self.whole.frame
        made = [name for name in self.parts[0].columns if self._is_made(name)]
        for name in made:
            whole.columns[name] = self._value(name)
        for name in dict.fromkeys(x for part in self.parts for x in part.decided):
            chosen = m.chosen(
                *self._choice([_placed_mask(p.decided.get(name, m.NO_MARKS), i) for i, p in self._each()])
            )
            hint = f"{whole.scheme.labels.id(name, whole.table.name)}_by"
            whole.decided[name] = chosen.each(lambda tree, _, hint=hint: self._column(hint, tree, MASK))  # type: ignore[misc]
        for name in dict.fromkeys(x for part in self.parts for x in part.opened):
            opened = [_placed(p.opened.get(name, truth(value=False)), i) for i, p in self._each()]
            whole.opened[name] = self._truth("opened", opened)
        for place, (step, _) in enumerate(self.parts[0].shared):
            whole.shared.append(
                (step, self._truth("weighted", [_placed(p.shared[place][1], i) for i, p in self._each()]))
            )
        if any(part.refused is not whole.refused for part in self.parts):
            refused = [_placed(p.refused if p.refused is not None else truth(value=False), i) for i, p in self._each()]
            whole.refused = self._truth("refused", refused)
        doubts = [_placed(bound_truth(p, "doubt", p.doubtful()), i) for i, p in self._each()]
        doubt = self._truth("doubt", doubts, any_of(*(certainly(x) for x in self.doubts)))
        for part in self.parts:
            part.frame.put_down()
        parts: list[tuple[str, exp.Expression | None, dict[str, exp.Expression]]] = []
        for i, part in self._each():
            trees: dict[str, exp.Expression] = {name: exp.column(name) for name in frame.stored}
            trees |= {name: exp.cast(_in_period(tree, i), kind.copy()) for name, (tree, kind) in self.laid.items()}
            parts.append((part.frame.source, part.frame.where, trees))
        table = frame.tables_of.new(f"{frame.name}_periods")
        frame.program.append(Stack(table, parts))
        frame.is_now(table, [*frame.stored, *self.laid])
        whole.doubt(doubt)

    def _is_made(self, name: str) -> bool:
        if name == "期次":
            return False
        before = self.whole.columns.get(name)
        return any(part.columns[name] is not before for part in self.parts)

    def _each(self) -> Iterator[tuple[int, Rows]]:
        return enumerate(self.parts, 1)

    def _value(self, name: str) -> Value:
        def placed(part: Rows, number: int) -> Value:
            return changed(part.columns[name], self.arithmetic, lambda tree, _part, _kind: _placed(tree, number))

        cases, last = self._choice([placed(part, i) for i, part in self._each()])
        value = v.choose(self, cases, last)
        wanted = self.whole.scheme.labels.id(name, self.whole.table.name)
        return changed(
            value,
            self.arithmetic,
            lambda tree, part, kind: self._column(f"{wanted}_{part}" if part else wanted, tree, kind),
        )

    def _choice(self, items: list[_T]) -> tuple[list[tuple[exp.Expression, _T]], _T]:
        return [(_is_period(i), item) for i, item in enumerate(items[:-1], 1)], items[-1]

    def _truth(self, hint: str, each: list[exp.Expression], also: exp.Expression | None = None) -> exp.Expression:
        cases, last = self._choice(each)
        tree = any_of(case(cases, last), *([also] if also is not None else []))
        return tree if known(tree) is not None else self._column(hint, tree, BOOLEAN)

    def _column(self, hint: str, tree: exp.Expression, kind: exp.DataType) -> exp.Column:
        name = self.whole.frame.names.new(hint)
        self.laid[name] = (tree, kind)
        return exp.column(name)


def _is_period(number: int) -> exp.Expression:
    return exp.EQ(this=exp.column(NUMBER), expression=exp.Literal.number(number))


def _placed(tree: exp.Expression, number: int) -> exp.Expression:
    """A tree of one period's rows, told from those of other periods."""
    copy = tree.copy()
    for column in copy.find_all(exp.Column):
        column.set("table", exp.to_identifier(_alias(number)))
    return copy


def _placed_mask(mask: Mask, number: int) -> Mask:
    return mask.each(lambda tree, _: _placed(tree, number))


def _in_period(tree: exp.Expression, number: int) -> exp.Expression:
    """A choice by period where the period is known."""

    def folded(node: exp.Expression) -> exp.Expression:
        if isinstance(node, exp.Case) and all(_periods_in(x.this) for x in node.args["ifs"]):
            for one in node.args["ifs"]:
                if number in _periods_in(one.this):
                    return own(one.args["true"].copy())
            return own(node.args["default"].copy()) if node.args.get("default") is not None else exp.Null()
        return node

    copy: exp.Expression = tree.copy()
    while (made := copy.transform(folded)) != copy:
        copy = made
    for column in copy.find_all(exp.Column):
        assert column.table == _alias(number), copy.sql()
        column.set("table", None)
    return copy


def _alias(number: int) -> str:
    return f"period_{number}"


def _periods_in(condition: exp.Expression) -> frozenset[int]:
    """The periods for which a condition holds, if it asks for nothing else."""
    match condition:
        case exp.EQ(this=exp.Column() as column, expression=exp.Literal() as literal) if column.name == NUMBER:
            return frozenset() if column.table else frozenset({int(literal.this)})
        case exp.Or(this=left, expression=right):
            first, other = _periods_in(left), _periods_in(right)
            return first | other if first and other else frozenset()
        case exp.Paren(this=inner):
            return _periods_in(inner)
        case _:
            return frozenset()
