"""Where an expression stands, and what the parts of the checker that turn expressions into checked ones share."""

from typing import Protocol

from engine.check.symbols import Symbols
from engine.nouns import core as c
from engine.nouns import kinds as k
from engine.nouns.core import Core
from engine.nouns.kinds import Kind
from grammar import syntax as s
from grammar.frozen import dataclass
from grammar.source import Span


@dataclass(frozen=True, slots=True)
class Scope:
    """Where an expression stands: the kind of rows, the figure being defined, what 余下 is, what may be read.

    ``table`` None is a parameter's value, where only parameters may stand; ``linking`` where rows are compared with
    the row before them (合并自).
    """

    table: str | None
    figure: str | None = None
    remaining: c.Remaining | None = None
    filtering: bool = False
    options: tuple[str, ...] = ()
    linking: bool = False


class Typing(Protocol):
    """What checks expressions, as its parts see it."""

    symbols: Symbols
    read_columns: set[tuple[str, str]]

    def expression(self, node: s.Expr, scope: Scope) -> Core | None:
        """The checked expression; None where a finding was told."""

    def condition(self, node: s.Expr, scope: Scope) -> Core | None:
        """A checked yes/no; anything else is told."""

    def column(self, scope: Scope, name: s.Name, span: Span) -> Core | None:
        """A bare name: a built-in, a column of the row, a parameter, a value of the subject's choice."""

    def known_column(self, table: str, name: s.Name) -> Kind | None:
        """The kind of a column of another kind of rows; told where there is none."""


@dataclass(frozen=True, slots=True)
class Pending:
    """A column whose kind is being worked out right now; it takes the kind of what it is used with."""

    column: str
    span: Span


def resolve_pending(left: Core | None, right: Core | None) -> tuple[Core | None, Core | None]:
    """Two operands, where one that is being worked out takes the kind of the other."""
    if isinstance(left, Pending) and right is not None and not isinstance(right, Pending):
        return c.Read(left.column, right.kind, left.span), right
    if isinstance(right, Pending) and left is not None and not isinstance(left, Pending):
        return left, c.Read(right.column, left.kind, right.span)
    return left, right


def joined_kind(symbols: Symbols, kinds: list[Kind], span: Span) -> Kind | None:
    """The one kind that several columns share; told where they are unlike."""
    if not kinds:
        return None
    result: Kind | None = kinds[0]
    for kind in kinds[1:]:
        result = k.joined(result, kind) if result else None
    if result is None:
        symbols.tell("C226", span)
    return result


def tell_unlike(symbols: Symbols, left: Core, right: Core, code: str, span: Span, **values: object) -> None:
    """Tell that two kinds do not go together; a number without its unit is told where it stands."""
    own = unlike(left, right, code)
    if own == "C302":
        one, other = (left, right) if _unitless(left) else (right, left)
        symbols.tell(own, one.span, wanted=other.kind.words)
    else:
        symbols.tell(own, span, left=left.kind.words, right=right.kind.words, **values)


def _unitless(core: Core) -> bool:
    return isinstance(core, c.Constant) and core.kind.base is k.Base.NUMBER


def unlike(left: Core, right: Core, code: str) -> str:
    """The code of a finding about two kinds: a bare percentage beside money has its own (of what is it one?).

    So have a number without a unit beside what has one, and a ratio beside a change of one.
    """
    if {left.kind.base, right.kind.base} == {k.Base.RATIO, k.Base.POINTS}:
        return "C204"
    for one, other in ((left, right), (right, left)):
        if _unitless(one) and other.kind.is_number:
            return "C302"
        literal = isinstance(one, c.Constant | c.ReadParameter)
        if literal and one.kind.base is k.Base.RATIO and other.kind.is_money:
            return "C200"
    return code
