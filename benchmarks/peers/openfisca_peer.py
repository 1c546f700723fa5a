"""W1 in OpenFisca-Core: every amount a float of 32 bits, as its variables keep them; the inputs are set beforehand."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from openfisca_core.entities import build_entity
from openfisca_core.parameters import ParameterNode
from openfisca_core.periods import YEAR
from openfisca_core.simulations import SimulationBuilder
from openfisca_core.taxbenefitsystems import TaxBenefitSystem
from openfisca_core.variables import Variable

Made = tuple[Callable[[], Any], Callable[[Any], list[list[int]]]]
PERIOD = "2026"
INPUTS = {"budget": float, "cleared": float, "factor": float, "special": float, "refusal": bool, "change": bool}
PARAMETERS = {"cap_rate": 0.3, "special_rate": 0.85, "plain_rate": 0.6}
FORMULAS: dict[str, Callable[[Any, Any, Any], Any]] = {
    "balance": lambda unit, year, _: unit("budget", year) - unit("cleared", year),
    "surplus": lambda unit, year, _: np.maximum(unit("balance", year), 0),
    "over": lambda unit, year, _: np.maximum(-unit("balance", year), 0),
    "retained": lambda unit, year, parameters: np.where(
        unit("refusal", year) | unit("change", year),
        0,
        np.round(
            np.minimum(unit("surplus", year), unit("budget", year) * parameters(year).cap_rate) * unit("factor", year),
            2,
        ),
    ),
    "handed_in": lambda unit, year, _: unit("surplus", year) - unit("retained", year),
    "fund_share": lambda unit, year, parameters: np.round(
        unit("special", year) * parameters(year).special_rate
        + (unit("over", year) - unit("special", year)) * parameters(year).plain_rate,
        2,
    ),
    "own_share": lambda unit, year, _: unit("over", year) - unit("fund_share", year),
}


def openfisca(file: Path) -> Made:
    """One row per institution and year."""
    data = pl.read_parquet(file)
    entity = build_entity(key="institution", plural="institutions", label="an institution", is_person=True)
    system = TaxBenefitSystem([entity])
    values = {name: {"values": {"2026-01-01": value}} for name, value in PARAMETERS.items()}
    system.parameters = ParameterNode("", data=values)
    for name, kind in INPUTS.items():
        system.add_variable(_variable(name, entity, value_type=kind))
    for name, formula in FORMULAS.items():
        system.add_variable(_variable(name, entity, value_type=float, formula=formula))
    builder = SimulationBuilder()
    builder.create_entities(system)
    builder.declare_person_entity("institution", np.arange(data.height))
    simulation = builder.build(system)
    for name, scale in {"budget": 100, "cleared": 100, "special": 100, "factor": 10_000}.items():
        simulation.set_input(name, PERIOD, data[name].to_numpy() / scale)
    for name in ("refusal", "change"):
        simulation.set_input(name, PERIOD, data[name].to_numpy())

    def settle() -> list[Any]:
        for name in FORMULAS:
            simulation.delete_arrays(name)
        return [simulation.calculate(name, PERIOD) for name in FORMULAS]

    return settle, _fen


def _variable(name: str, entity: Any, **more: object) -> type:
    return type(name, (Variable,), {"entity": entity, "definition_period": YEAR, "label": name, **more})


def _fen(found: list[Any]) -> list[list[int]]:
    return [np.round(column.astype(np.float64) * 100).astype(np.int64).tolist() for column in found]
