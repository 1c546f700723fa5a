"""Marks as SQL: a set of names is whole numbers, each name a bit; what can be in it is known before the run."""

from collections.abc import Callable, Iterable

from sqlglot import exp

from engine.sql.conditions import all_of, any_of, known, own, truth
from engine.sql.conditions import case as case_
from grammar.frozen import dataclass

MASK = exp.DataType.build("BIGINT")
# A word of a set is a 64-bit integer whose sign stays clear; the names past it have the next word.
BITS = 62
_WORD: int = (1 << BITS) - 1


@dataclass(frozen=True, slots=True)
class Mask:
    """The names in ``always`` on every row, and those that ``words`` give on a row; ``may`` covers both.

    ``words`` are trees by their place: the first has the first 62 names, and so on.
    """

    always: int = 0
    words: tuple[tuple[int, exp.Expression], ...] = ()
    may: int = 0

    @property
    def places(self) -> range:
        """The places of the words that can hold a name."""
        return range(-(-self.may.bit_length() // BITS))

    def word(self, place: int) -> exp.Expression:
        """A whole word as one tree."""
        always = _word_of(self.always, place)
        fixed = exp.cast(exp.Literal.number(always), MASK.copy())
        for at, tree in self.words:
            if at == place:
                return exp.BitwiseOr(this=_operand(tree), expression=fixed) if always else own(tree)
        return fixed

    def each(self, change: Callable[[exp.Expression, int], exp.Expression]) -> "Mask":
        """The set with every word that rows can tell apart changed; it is told the word's place."""
        return Mask(self.always, tuple((place, change(tree, place)) for place, tree in self.words), self.may)

    def whole(self, change: Callable[[exp.Expression, int], exp.Expression]) -> "Mask":
        """The set with every word that can hold a name changed, as aggregates over rows do that may be none."""
        return Mask(0, tuple((at, change(self.word(at), at)) for at in self.places), self.may)


NO_MARKS = Mask()


def fixed(mask: int) -> Mask:
    """The same names on every row."""
    return Mask(mask, (), mask) if mask else NO_MARKS


def either(masks: Iterable[Mask]) -> Mask:
    """The names of all."""
    always = may = 0
    trees: dict[int, list[exp.Expression]] = {}
    for mask in masks:
        always |= mask.always
        may |= mask.may
        for place, tree in mask.words:
            if tree not in trees.setdefault(place, []):
                trees[place].append(tree)
    if not may:
        return NO_MARKS
    words: list[tuple[int, exp.Expression]] = []
    for place, found in sorted(trees.items()):
        if _word_of(may, place) == _word_of(always, place):
            continue
        sql = _operand(found[0])
        for tree in found[1:]:
            sql = exp.BitwiseOr(this=sql, expression=_operand(tree))
        words.append((place, sql))
    return Mask(always, tuple(words), may)


def when(condition: exp.Expression, mask: Mask) -> Mask:
    """The names where a condition holds, elsewhere none; NULL counts as no."""
    return chosen([(condition, mask)], NO_MARKS)


def chosen(cases: list[tuple[exp.Expression, Mask]], otherwise: Mask) -> Mask:
    """The names that go with the first condition that holds."""
    kept = [(condition, mask) for condition, mask in cases if known(condition) is not False]
    for place, (condition, mask) in enumerate(kept):
        if known(condition):
            kept, otherwise = kept[:place], mask
            break
    masks = [*(mask for _, mask in kept), otherwise]
    may = 0
    for mask in masks:
        may |= mask.may
    if not may:
        return NO_MARKS
    if all(mask == otherwise for mask in masks):
        return otherwise
    whole = Mask(0, (), may)
    return whole.whole(
        lambda _, at: case_([(condition, mask.word(at)) for condition, mask in kept], otherwise.word(at))
    )


def some(mask: Mask) -> exp.Expression:
    """Whether there is any name."""
    if mask.always:
        return truth(value=True)
    return any_of(*(_unlike(tree, exp.Literal.number(0)) for _, tree in mask.words))


def among(mask: Mask, names: int) -> exp.Expression:
    """Whether any of some names is there."""
    if mask.always & names:
        return truth(value=True)
    found: list[exp.Expression] = []
    for place, tree in mask.words:
        if bits := _word_of(names & mask.may, place):
            both = exp.BitwiseAnd(this=_operand(tree), expression=exp.Literal.number(bits))
            found.append(_unlike(both, exp.Literal.number(0)))
    return any_of(*found)


def are(mask: Mask, names: int) -> exp.Expression:
    """Whether the names are these and no others."""
    if names & ~mask.may or mask.always & ~names:
        return truth(value=False)
    tests: list[exp.Expression] = [
        exp.EQ(this=_operand(mask.word(at)), expression=exp.Literal.number(_word_of(names, at))) for at, _ in mask.words
    ]
    rest = sum(_WORD << BITS * at for at, _ in mask.words)
    return all_of(truth(value=mask.always & ~rest == names & ~rest), *tests)


def differ(left: Mask, right: Mask) -> exp.Expression:
    """Whether the names of two are not the same."""
    if left == right:
        return truth(value=False)
    places = max(left.places, right.places, key=len)
    return any_of(*(_unlike(left.word(at), right.word(at)) for at in places if left.word(at) != right.word(at)))


def _unlike(left: exp.Expression, right: exp.Expression) -> exp.Expression:
    return exp.NEQ(this=_operand(left), expression=_operand(right))


def _word_of(mask: int, place: int) -> int:
    return (mask >> BITS * place) & _WORD


def _operand(sql: exp.Expression) -> exp.Expression:
    return own(sql) if isinstance(sql, exp.Column | exp.Func | exp.Literal | exp.Paren) else exp.Paren(this=own(sql))
