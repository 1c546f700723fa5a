"""A parameter taken through a range on the same data: what every figure comes to at each value."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass as mutable
from dataclasses import field, replace
from fractions import Fraction
from math import inf

from engine.api import Policy, bind_data, settle
from engine.load.bind_assumptions import parse_assumption
from engine.load.tables import Cell, RawData
from engine.nouns import kinds as k
from engine.nouns.dataset import Assumption, Dataset
from engine.nouns.kinds import Kind
from engine.nouns.numbers import Number, exact
from engine.nouns.possible import Between, Maybe, ends, is_point, number
from engine.nouns.settlement import FigureResult, Settlement
from engine.nouns.world import Row
from grammar.diagnostic import Finding, FindingsError, Place, Words
from grammar.frozen import dataclass

USUAL, LIMIT = 200, 10_000
USUAL_FIGURES = ("retained", "carried", "agency_retained", "fund_share", "provider_share", "entitlement")
_OF_COUNTS = 20


@dataclass(frozen=True, slots=True)
class Total:
    """A figure over all rows chosen: the sum, or None where one of them is open; ``known`` sums those that are not."""

    amount: Number | None
    known: Number
    rows: int
    open: int
    assumed: bool


@dataclass(frozen=True, slots=True)
class At:
    """The figures at one value of the parameter: in all, and row by row; ``refused`` says why there are none."""

    value: Number
    totals: Mapping[str, Total]
    rows: Mapping[tuple[object, ...], FigureResult]
    refused: Finding | None = None


@dataclass(frozen=True, slots=True)
class Over:
    """The least and the most a figure can come to in all over a range of values; None where it has no sum.

    ``settled`` is whether no value leaves it open.
    """

    least: Fraction | float | None
    most: Fraction | float | None
    settled: bool


@dataclass(frozen=True, slots=True)
class Chosen:
    """Which rows are looked at: years, a unit, an insurance type; None is all."""

    years: Collection[int] | None = None
    unit: str | None = None
    insurance: str | None = None

    def takes(self, row: Row) -> bool:
        """Whether a row is one of them."""
        return self.unit in {None, row.unit} and self.insurance in {None, row.insurance}


@mutable(slots=True)
class Sweep:
    """A policy and data with one parameter free; every value is settled once."""

    policy: Policy
    dataset: Dataset
    name: str
    kind: Kind
    chosen: Chosen
    _known: dict[Number, At] = field(default_factory=dict)

    def at(self, value: Number) -> At:
        """What the figures come to at a value, as ``settle --assume`` would have them."""
        if value not in self._known:
            self._known[value] = self._settled(value)
        return self._known[value]

    def settlement(self, value: Number) -> Settlement:
        """The whole run at a value; raises FindingsError where the data refuse it."""
        given = {**self.dataset.assumptions, self.name: Assumption(self.name, value, "command")}
        return settle(self.policy, replace(self.dataset, assumptions=given), self.chosen.years)

    def present(self) -> Number | None:
        """The value the rule file gives or assumes, where it is one."""
        parameter = self.policy.scheme().parameters.get(self.name)
        if parameter is None:
            return None
        values = {entry.value for entry in parameter.entries}
        value = next(iter(values)) if len(values) == 1 else parameter.assumed if not values else None
        return value if isinstance(value, int | Fraction) and not isinstance(value, bool) else None

    def over(self, low: Number, high: Number, id_: str) -> Over | None:
        """What a figure comes to in all at the values between two; None where the data refuse one of them."""
        try:
            run = settle(self.policy, replace(self.dataset, within={self.name: Between(low, high)}), self.chosen.years)
        except FindingsError:
            return None
        found = self._by_name(self._rows(run)).get(id_, [])
        if not found or not _adds(found):
            return Over(None, None, settled=False)
        inner = [r.value.now.inner if isinstance(r.value.now, Maybe) else r.value.now for r in found]
        least, most = zip(*(ends(number(x)) for x in inner), strict=True)
        settled = all(r.value.missing <= {self.name} and not isinstance(r.value.now, Maybe) for r in found)
        return Over(
            -inf if None in least else sum(map(Fraction, least)),
            inf if None in most else sum(map(Fraction, most)),
            settled,
        )

    def _settled(self, value: Number) -> At:
        try:
            run = self.settlement(value)
        except FindingsError as error:
            return At(value, {}, {}, next(f for f in error.findings if f.severity == "error"))
        rows = self._rows(run)
        totals = {id_: _total(found) for id_, found in self._by_name(rows).items()}
        return At(value, totals, {key_of(r): r for r in rows})

    def _rows(self, run: Settlement) -> list[FigureResult]:
        return [r for r in run.figures if self.chosen.takes(r.row) and r.kind.is_number]

    def _by_name(self, rows: Sequence[FigureResult]) -> dict[str, list[FigureResult]]:
        names = {(r.name, id(r.row)) for r in rows}
        by_name: dict[str, list[FigureResult]] = {}
        for result in rows:
            # A part of a row that has the figure itself is in it already.
            if result.row.parent is None or (result.name, id(result.row.parent)) not in names:
                by_name.setdefault(result.id, []).append(result)
        return by_name


def key_of(result: FigureResult) -> tuple[object, ...]:
    """What tells a figure of a run from all others."""
    return (*result.row.key, result.id)


def sweep_of(
    policy: Policy,
    raw: RawData,
    name: str,
    ends: tuple[str, str],
    given: "tuple[Collection[Assumption], Mapping[str, Cell]]",
    chosen: Chosen,
) -> tuple[Sweep, tuple[Number, Number]]:
    """A sweep and the ends of its range as numbers; raises FindingsError where the parameter does not admit them."""
    findings: list[Finding] = []
    scheme = policy.scheme()
    cells = [Cell(text, Place("sweep", key=name)) for text in ends]
    found = [parse_assumption(scheme, name, cell, "command", findings) for cell in cells]
    if findings:
        raise FindingsError(list({(f.code, str(f.values)): f for f in findings}.values()))
    one, two = found
    assert one is not None
    assert two is not None
    kind = kind_of(policy, one.name)
    if not kind.is_number or not _is_number(one.value) or not _is_number(two.value):
        raise FindingsError([Finding("L281", Place("sweep", key=name), {"name": one.name, "kind": kind.words})])
    scenarios, assumed = given
    dataset = bind_data(policy, raw, scenarios, {**assumed, one.name: cells[0]})
    assert isinstance(one.value, int | Fraction)
    assert isinstance(two.value, int | Fraction)
    return Sweep(policy, dataset, one.name, kind, chosen), (one.value, two.value)


def values_of(kind: Kind, low: Number, high: Number, step: Number | None, *, limit: int = LIMIT) -> list[Number]:
    """The values from one end to the other, both included; without a step so many as are read with ease."""
    if step is None:
        step = _usual_step(kind, low, high)
    count = (Fraction(high) - low) // step + 1
    if count > limit:
        from engine.nouns.printed import spoken

        said = {word: spoken(value, kind) for word, value in (("low", low), ("high", high), ("step", step))}
        raise FindingsError([Finding("L282", None, {**said, "count": f"{count:,}", "limit": f"{limit:,}"})])
    values = [exact(Fraction(low) + i * Fraction(step)) for i in range(count)]
    return values if values[-1] == high else [*values, high]


def whole_values(kind: Kind) -> bool:
    """Whether values between two neighbours mean nothing: fen and heads."""
    return kind.is_money or k.whole_only(kind)


def differs(runs: Sequence[At]) -> set[tuple[object, ...]]:
    """The figures that are not the same at every value."""
    first = next((run for run in runs if run.refused is None), None)
    if first is None:
        return set()
    others = [run for run in runs if run.refused is None]
    keys = {key for run in others for key in run.rows}
    return {key for key in keys if len({_now(run.rows.get(key)) for run in others}) > 1}


def reaches(sweep: Sweep, id_: str, holds: Callable[[Number], bool]) -> Callable[[Number], bool]:
    """Whether a figure in all meets a goal at a value; one that is open does not."""

    def reach(value: Number) -> bool:
        total = sweep.at(value).totals.get(id_)
        return total is not None and total.amount is not None and holds(total.amount)

    return reach


def surely(sweep: Sweep, id_: str, holds: Callable[[Number | float], bool]) -> Callable[[Number, Number], bool | None]:
    """Whether a figure in all meets a goal at every value between two, at none, or (None) that is not known.

    ``holds`` asks for no less, or no more, than an amount, so that what holds of both ends of a range holds within it.
    """

    def certain(low: Number, high: Number) -> bool | None:
        over = sweep.over(low, high, id_)
        if over is None:
            return None
        if over.least is None or over.most is None:
            return False
        least, most = holds(over.least), holds(over.most)
        return None if least != most or (least and not over.settled) else least

    return certain


def _now(result: FigureResult | None) -> object:
    return None if result is None else (result.value.state == "open" or result.value.now)


def kind_of(policy: Policy, name: str) -> Kind:
    """The kind of value of a parameter or datum."""
    scheme = policy.scheme()
    if name in scheme.parameters:
        return scheme.parameters[name].kind
    return next(datum.kind for (_, other), datum in scheme.inputs.items() if other == name)


def _usual_step(kind: Kind, low: Number, high: Number) -> Number:
    """A percentage point of a ratio, a twentieth of any other range; never more than so many steps."""
    span = Fraction(high) - low
    if span == 0:
        return 1
    if kind.base in {k.Base.RATIO, k.Base.POINTS}:
        return max(Fraction(1, 100), span / USUAL)
    step = exact(span / _OF_COUNTS)
    return max(1, round(step)) if whole_values(kind) else step


def _total(results: list[FigureResult]) -> Total:
    now = [result.value.now for result in results if result.value.state != "open"]
    known = [value for value in now if isinstance(value, int | Fraction) and is_point(value)]
    total = exact(sum((Fraction(value) for value in known), Fraction(0)))
    missing = len(results) - len(known)
    assumed = any(result.value.state == "assumed" for result in results)
    return Total(total if _adds(results) and not missing else None, total, len(results), missing, assumed)


def _adds(results: Sequence[FigureResult]) -> bool:
    """Whether figures have a sum: ratios of several units have none."""
    return results[0].kind.is_money or len(results) == 1


def _is_number(value: object) -> bool:
    return isinstance(value, int | Fraction) and not isinstance(value, bool)


def said_why(finding: Finding) -> Words:
    """A finding's message as a part of another's."""
    return Words(finding.message("zh"), finding.message("en"))
