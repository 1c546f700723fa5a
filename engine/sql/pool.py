"""Rows of one kind or several that share a whole, laid in one table in the order in which they take their parts."""

from sqlglot import exp

from engine.nouns.pipeline import Allocate
from engine.sql import domain as d
from engine.sql import marks as m
from engine.sql import values as v
from engine.sql.carried import changed
from engine.sql.conditions import any_of, case, certainly, known, no, truth
from engine.sql.forms import ALWAYS, Number, Possible, Value, is_sure
from engine.sql.layout import PLACE, ROW, UNIT
from engine.sql.levels import Frame, Stack, own
from engine.sql.marks import Mask
from engine.sql.rows import BIGINT, Beside, Rows
from engine.sql.scope import Names, Unsayable
from engine.sql.whole import Arithmetic, Whole, ends
from grammar.diagnostic import Words
from grammar.frozen import dataclass

_UP, _KIND = "up", "kind"
_MARKS = ("missing", "assumed", "defaults")
# A column of all receivers: a tree for each, and the ends of what it holds.
Laid = tuple[list[exp.Expression], int | None, int | None]


@dataclass(slots=True)
class Receiver:
    """The rows of a kind that receive parts; ``under``: whether a row lies under one that shares out, ``among``: shares."""

    rows: Rows
    whole: Value
    weight: Value
    up: exp.Expression
    under: exp.Expression
    among: exp.Expression


class Pool:
    """The rows of all kinds that share a whole, together."""

    def __init__(self, parent: Rows, step: Allocate, receivers: list[Receiver]) -> None:
        self.parent = parent
        self.step = step
        self.receivers = receivers
        self.one_side = all(x.whole.now is x.whole.base and x.weight.now is x.weight.base for x in receivers)
        self.alone = len(receivers) == 1
        self.frame: Frame
        self.by: list[exp.Expression]
        self.parts: list[Possible] = []
        self.masks: list[Mask] = []
        self.limits: list[Number] = []
        self.weighted: exp.Expression | None = None
        # Where nothing is shared among rows of no weight: nothing for each, whatever that waits for.
        self.nothing: exp.Expression = truth(value=False)
        every = all(x.rows.ups[parent.table.name][1] for x in receivers)
        self.known_whole = every and all(x.whole.now is x.whole.base and is_sure(x.whole.now) for x in receivers)

    # ---- what a scope is asked

    @property
    def arithmetic(self) -> Arithmetic:
        """Whole numbers in the engine's dialect."""
        return self.parent.arithmetic

    @property
    def names(self) -> Names:
        """The names of marks."""
        return self.parent.names

    def column(self, name: str) -> Value:
        """Columns by name are each kind's own."""
        raise Unsayable(Words(name, name))

    def parameter(self, name: str) -> Value:
        """Parameters are each kind's own."""
        raise Unsayable(Words(name, name))

    def given(self, name: str) -> exp.Expression:
        """What is given is each kind's own."""
        raise Unsayable(Words(name, name))

    def bind(self, hint: str, sql: exp.Expression, kind: exp.DataType) -> exp.Expression:
        """A column of its own."""
        del kind
        return self.frame.bind(hint, sql)

    def doubt(self, condition: exp.Expression) -> None:
        """Rows that are settled again."""
        if known(condition) is not False:
            self.doubts.append(condition)

    # ---- the columns that all receivers have alike

    def share(self) -> None:
        """Work the parts out."""
        sides = [self.columns_of(which) for which in ((0,) if self.one_side else (0, 1))]
        masks = [self._mask(i) for i in range(3)]
        self.doubts: list[exp.Expression] = []
        if self.alone:
            only = self.receivers[0]
            self.frame = only.rows.frame
            self.by = [only.up]
            order: list[exp.Expression] = [exp.column(PLACE), exp.column(ROW)]
            among = only.among
            laid = [[x[0][0] for x in side] for side in sides]
            laid_masks = [each[0] for each in masks]
        else:
            laid, laid_masks, among = self._stacked(sides, masks)
            order = [exp.column(PLACE), exp.column(_KIND), exp.column(ROW)]
            self.by = [exp.column(_UP)]
        self.order = order
        self.among = among
        for side, trees in zip(sides, laid, strict=True):
            self.parts.append(self.parts_of(side, trees))
        self.masks = [m.chosen([(self.nothing, m.NO_MARKS)], self.together(mask)) for mask in laid_masks]
        if self.alone:
            self.receivers[0].rows.doubts += self.doubts
        else:
            self._give_back()

    def columns_of(self, which: int) -> list[Laid]:
        """For one side, with assumptions or without, the columns that the parts are worked out from."""
        raise NotImplementedError

    def parts_of(self, side: list[Laid], trees: list[exp.Expression]) -> Possible:
        """For one side the part of each row; ``trees`` are the columns as they lie."""
        raise NotImplementedError

    def _mask(self, i: int) -> list[Mask]:
        """For one kind of marks those of each receiver."""
        found = []
        for x in self.receivers:
            whole = (x.whole.missing, x.whole.assumed, x.whole.defaults)[i]
            if i == 0:
                whole = v.readable(x.rows, x.whole).missing
            found.append(m.either((whole, (x.weight.missing, x.weight.assumed, x.weight.defaults)[i])))
        return found

    def _stacked(
        self,
        sides: list[list[Laid]],
        masks: list[list[Mask]],
    ) -> tuple[list[list[exp.Expression]], list[Mask], exp.Expression]:
        """The rows of all kinds in one table."""
        name = self.parent.frame.tables_of.new(f"{self.parent.frame.name}_shared")
        parts: list[tuple[str, exp.Expression | None, dict[str, exp.Expression]]] = []
        columns = [_UP, _KIND, ROW, PLACE, UNIT, "among"]
        names = [
            [f"{end}_{which}" for end in ("low", "high", "weight", "size")[: len(side)]]
            for which, side in enumerate(sides)
        ]
        of_all = [Mask(0, (), m.either(each).may) for each in masks]
        mask_names = [[f"{name}_{at}" for at in mask.places] for name, mask in zip(_MARKS, of_all, strict=True)]
        for place, x in enumerate(self.receivers):
            trees: dict[str, exp.Expression] = {
                _UP: x.up,
                _KIND: exp.cast(exp.Literal.number(place), "SMALLINT"),
                ROW: exp.column(ROW),
                PLACE: exp.column(PLACE),
                UNIT: exp.column(UNIT),
                "among": x.among,
            }
            for side, mine in zip(sides, names, strict=True):
                for (laid, low, high), column in zip(side, mine, strict=True):
                    kind = self.arithmetic.type_of(low or 0, high or 0)
                    trees[column] = exp.cast(laid[place].copy(), kind)
            for each, marks in zip(masks, mask_names, strict=True):
                for at, column in enumerate(marks):
                    trees[column] = exp.cast(each[place].word(at), BIGINT.copy())
            x.rows.frame.stores(c.name for t in trees.values() for c in t.find_all(exp.Column))
            parts.append((x.rows.frame.source, x.rows.frame.where, {k: t.copy() for k, t in trees.items()}))
        self.parent.frame.program.append(Stack(name, parts))
        columns += [c for mine in (*names, *mask_names) for c in mine]
        self.frame = Frame(f"{name}_parts", name, None, columns, self.parent.frame.program, self.parent.frame.tables_of)
        return (
            [[exp.column(c) for c in mine] for mine in names],
            [_laid(mask, mine) for mask, mine in zip(of_all, mask_names, strict=True)],
            exp.column("among"),
        )

    def together(self, mask: Mask) -> Mask:
        """The marks of all that share."""

        def of_all(tree: exp.Expression, _at: int) -> exp.Expression:
            inner = tree if known(self.among) else case([(self.among, tree)], exp.Literal.number(0))
            window = exp.Window(this=exp.BitwiseOrAgg(this=inner), partition_by=[x.copy() for x in self.by])
            return self.frame.bind("marks", window)

        return mask.whole(of_all)

    def put_in_column(self, hint: str, whole: Whole) -> Whole:
        """A whole number in a column of its own."""
        if whole.static is not None or isinstance(whole.sql, exp.Column):
            return whole
        if isinstance(whole.sql.find(exp.Window), exp.Window):
            # Two wholes are often shared among the same rows by the same weights.
            for bound in self.frame.waiting.values():
                if bound.expression == whole.sql:
                    return Whole(exp.column(bound.name), whole.low, whole.high)
        return Whole(
            self.frame.bind(hint, whole.sql if whole.sql.parent is None else whole.sql.copy()), whole.low, whole.high
        )

    def most(self) -> int:
        """How many rows there can be under one that shares out."""
        found = 0
        for x in self.receivers:
            found += (x.rows.relation.most_children or {}).get(self.parent.table.name, x.rows.relation.rows)
        return max(1, found)

    # ---- back to the rows of each kind

    def _give_back(self) -> None:
        """Parts, marks and doubts in columns that each kind reads again."""
        now, *base = self.parts
        value = Value(now, base[0] if base else now, *self.masks)

        def change(tree: exp.Expression, part: str, _kind: exp.DataType) -> exp.Expression:
            return self.frame.bind(f"part_{part}".strip("_"), tree if tree.parent is None else tree.copy())

        value = changed(value, self.arithmetic, change)
        doubt = any_of(*(certainly(x) for x in self.doubts))
        self.doubt_column = None if known(doubt) is False else self.frame.bind("in_doubt", doubt)
        self.frame.put_down()
        self.value = value

    def part(self, receiver: Receiver) -> Value:
        """The part of each row of a kind; absent where the whole is, or a gate took the row out."""
        mine = receiver.rows
        if self.alone:
            now, *base = self.parts
            found = Value(now, base[0] if base else now, *self.masks)
            if self.weighted is not None:
                mine.shared.append((self.step, self.weighted))
        else:
            place = self.receivers.index(receiver)
            on = exp.And(
                this=exp.EQ(this=exp.column(ROW, table="part"), expression=own(ROW)),
                expression=exp.EQ(this=exp.column(_KIND, table="part"), expression=exp.Literal.number(place)),
            )
            beside = Beside(mine, mine.frame.join("part", self.frame.source, on))
            found = beside.value(self.value, "part")
            if self.weighted is not None:
                mine.shared.append((self.step, beside.tree(self.weighted, "weighted")))
            if self.doubt_column is not None:
                mine.doubt(beside.tree(self.doubt_column, "part_in_doubt"))
        value = v.tidied(mine, found.now, found.base, found.missing, found.assumed, found.defaults)
        sides = (
            (receiver.whole.now,)
            if receiver.whole.base is receiver.whole.now
            else (receiver.whole.now, receiver.whole.base)
        )
        reads = m.either(m.when(d.has_gap(x), x.reads) for x in sides)
        gone = d.is_gone(receiver.whole.now, ALWAYS)
        cases = [(gone, v.stated(d.absent(reads)))]
        if self.step.method == "equally" and mine.refused is not None:
            cases.insert(0, (mine.refused, v.stated(d.absent(m.NO_MARKS))))
        if known(receiver.under) is None:
            cases.insert(0, (no(receiver.under), passed_by(mine, self.step)))
        return v.choose(mine, cases, value)


def passed_by(mine: Rows, step: Allocate) -> Value:
    """What a row has that lies under no row that shares out: no part."""
    return v.stated(d.absent(m.fixed(mine.names.mask([step.column]))))


def _laid(mask: Mask, columns: list[str]) -> Mask:
    """Marks as they lie in columns."""
    return mask.whole(lambda _, at: exp.column(columns[at]))


def hull_of(items: list[Whole]) -> tuple[int | None, int | None]:
    """The ends of all."""
    if not items:
        return None, None
    both = [ends(x) for x in items]
    return min(low for low, _ in both), max(high for _, high in both)
