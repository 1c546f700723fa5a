"""The receipt of a run: digests of all that took part and of what came out, and what is needed to settle it again."""

from collections.abc import Iterable, Sequence
from datetime import date
from fractions import Fraction
from pathlib import Path

from engine.api import Policy
from engine.nouns import kinds as k
from engine.nouns.core import Scheme
from engine.nouns.dataset import Dataset
from engine.nouns.kinds import Kind
from engine.nouns.numbers import Number, decimal_text
from engine.nouns.possible import Scalar
from engine.nouns.settlement import Settlement

FORM = 1
# What the receipt of a folder of tables is called, and under what it stands in a settlement written as JSON.
BESIDE, WITHIN = "回执.json", "run"


def receipt_json(
    settlement: Settlement,
    policy: Policy,
    dataset: Dataset,
    *,
    name: str,
    data: str,
    scenarios: Iterable[str] = (),
    assume: Iterable[str] = (),
) -> dict[str, object]:
    """What ``settle --receipt`` writes and ``verify`` reads; the same inputs give the same bytes.

    ``name``, ``data``, ``scenarios`` and ``assume`` are what the command was given. Assumptions stand with their values:
    a scenario's file need not be there to settle again.
    """
    return {
        "receipt": FORM,
        "engine": settlement.receipt["engine"],
        "backend": settlement.engine,
        "scheme": settlement.scheme.id,
        "command": {"policy": name, "data": data, "scenarios": list(scenarios), "assume": list(assume)},
        "years": list(settlement.years),
        "rules": settlement.receipt["rules"],
        "layers": layers_of(policy, dataset.years),
        "data": settlement.receipt["data"],
        "assumptions": [
            {"name": a.name, "value": exact_text(a.value, kind_of(settlement.scheme, a.name)), "source": a.source}
            for a in settlement.assumptions.values()
        ],
        "figures": settlement.receipt["figures"],
    }


def is_receipt(path: Path) -> bool:
    """Whether a file is the receipt of a folder of tables, so that a later run may put its own in its place."""
    try:
        with path.open("rb") as file:
            return path.name == BESIDE and file.read(len(_BEGINNING)) == _BEGINNING
    except OSError:
        return False


_BEGINNING = f'{{\n "receipt": {FORM},'.encode()


def layers_of(policy: Policy, years: Sequence[int]) -> list[dict[str, str]]:
    """Every text that takes part in any of the years, outermost first, with its digest."""
    layers = (layer for year in years for layer in policy.scheme(date(year, 1, 1)).layers)
    return [{"name": x.name, "title": x.title, "digest": x.digest} for x in dict.fromkeys(layers)]


def exact_text(value: Scalar, kind: Kind) -> str:
    """A value as data writes it, with all its decimals: ``60%``, ``是``, ``1.50个百分点``."""
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, str):
        return value
    if isinstance(value, date):
        return value.isoformat()
    if kind.base in k.MONEYS:
        return _decimals(Fraction(value, kind.scale))
    if kind.base is k.Base.RATIO:
        return f"{_decimals(value * 100)}%"
    if kind.base is k.Base.POINTS:
        return f"{_decimals(value * 100)}个百分点"
    return _decimals(value)


def _decimals(value: Number) -> str:
    """All decimals of a number; what was written in figures always comes to an end."""
    places = next((n for n in range(_PLACES_AT_MOST) if 10**n % value.denominator == 0), _PLACES_AT_MOST)
    return decimal_text(value, places)


_PLACES_AT_MOST = 40


def kind_of(scheme: Scheme, name: str) -> Kind:
    """Of what kind a value is that is assumed: a parameter's, or a datum's."""
    parameter = scheme.parameters.get(name)
    return parameter.kind if parameter is not None else next(i.kind for (_, n), i in scheme.inputs.items() if n == name)
