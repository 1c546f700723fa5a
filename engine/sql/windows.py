"""Windows over rows in an order of their own: what stands before and after each, and running counts."""

from collections.abc import Sequence

from sqlglot import exp

from engine.sql.carried import changed
from engine.sql.conditions import own as own_
from engine.sql.forms import Value
from engine.sql.levels import Frame
from engine.sql.whole import Arithmetic

SO_FAR = exp.WindowSpec(kind="ROWS", start="UNBOUNDED", start_side="PRECEDING", end="CURRENT ROW")
BEFORE = exp.WindowSpec(
    kind="ROWS", start="UNBOUNDED", start_side="PRECEDING", end=exp.Literal.number(1), end_side="PRECEDING"
)


class Windows:
    """Rows with equal keys (``by``) in an order, and the frame that holds what is told of them."""

    def __init__(self, frame: Frame, by: Sequence[exp.Expression], order: Sequence[exp.Expression]) -> None:
        self.frame = frame
        self.by = by
        self.order = order

    def over(self, function: exp.Expression, spec: exp.WindowSpec | None = None) -> exp.Window:
        """A function over the rows of a key."""
        ordered = [exp.Ordered(this=x.copy(), nulls_first=True) for x in self.order]
        return exp.Window(
            this=function,
            partition_by=[x.copy() for x in self.by],
            order=exp.Order(expressions=ordered),
            spec=None if spec is None else spec.copy(),
        )

    def before(self, tree: exp.Expression) -> exp.Window:
        """What the row before has."""
        return self.over(exp.Lag(this=tree.copy()))

    def after(self, tree: exp.Expression) -> exp.Window:
        """What the next row has."""
        return self.over(exp.Lead(this=tree.copy()))

    def count(self, hint: str, condition: exp.Expression) -> exp.Column:
        """How many rows of the key so far hold a condition."""
        one = exp.Case(ifs=[exp.If(this=condition.copy(), true=exp.Literal.number(1))])
        return self.frame.bind(hint, self.over(exp.Count(this=one), SO_FAR))


def bound_in(frame: Frame, arithmetic: Arithmetic, hint: str, value: Value) -> Value:
    """The value in columns of a frame."""

    def change(tree: exp.Expression, part: str, _kind: exp.DataType) -> exp.Expression:
        if isinstance(tree, exp.Column) and tree.name in frame.level:
            return tree
        return frame.bind(f"{hint}_{part}" if part else hint, own_(tree))

    return changed(value, arithmetic, change)
