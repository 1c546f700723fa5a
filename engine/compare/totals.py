"""What a run comes to in all: each figure over its units, and whether what is handed out is what there was."""

from collections.abc import Mapping, Sequence

from engine.nouns.settlement import FigureResult, Settlement
from grammar.frozen import dataclass

# What there is, and whom it goes to, by ids.
WHOLES: Mapping[str, tuple[str, ...]] = {
    "surplus": ("retained", "carried", "agency_retained"),
    "overspend": ("fund_share", "provider_share"),
}


@dataclass(frozen=True, slots=True)
class Total:
    """A figure over all units of a year, in fen: of how many known it is the sum, how many are open, whether any is assumed."""

    period: str
    result: FigureResult
    fen: int
    known: int
    open: int
    assumed: bool


@dataclass(frozen=True, slots=True)
class Conservation:
    """What there was in a year, what was handed out of it, in fen, over the units of which all is known; how many are open."""

    period: str
    whole: FigureResult
    there: int
    out: int
    units: int
    open: int

    @property
    def holds(self) -> bool:
        """Whether nothing is lost and nothing handed out twice."""
        return self.there == self.out


def totals(settlement: Settlement, ids: Sequence[str]) -> list[Total]:
    """The figures of whole years by year, in the order of the ids."""
    found = []
    for period in dict.fromkeys(str(r.row.period) for r in settlement.figures if r.row.period.grain == "year"):
        for identifier in ids:
            here = [r for r in settlement.figures if (r.id, str(r.row.period)) == (identifier, period)]
            here = [r for r in here if r.row.period.grain == "year"]
            if here:
                known = [fen for r in here if (fen := _fen(r)) is not None]
                assumed = any(r.value.state == "assumed" for r in here)
                found.append(Total(period, here[0], sum(known), len(known), len(here) - len(known), assumed))
    return found


def conservation(settlement: Settlement) -> list[Conservation]:
    """For each year, surplus and overspend against whom they go to; kinds of rows that share nothing out are left aside."""
    rows: dict[int, dict[str, FigureResult]] = {}
    for result in settlement.figures:
        if result.row.period.grain == "year":
            rows.setdefault(id(result.row), {})[result.id] = result
    found = []
    for period in dict.fromkeys(str(next(iter(row.values())).row.period) for row in rows.values()):
        here = [row for row in rows.values() if str(next(iter(row.values())).row.period) == period]
        for whole, parts in WHOLES.items():
            sharing = [row for row in here if whole in row and any(part in row for part in parts)]
            sums = [(_fen(row[whole]), [_fen(row[part]) for part in parts if part in row]) for row in sharing]
            known = [
                (fen, sum(part for part in out if part is not None))
                for fen, out in sums
                if fen is not None and None not in out
            ]
            if sharing:
                there, out_ = sum(fen for fen, _ in known), sum(part for _, part in known)
                found.append(
                    Conservation(period, sharing[0][whole], there, out_, len(known), len(sharing) - len(known))
                )
    return found


def _fen(result: FigureResult) -> int | None:
    now = result.value.now
    is_known = result.value.state != "open" and isinstance(now, int) and not isinstance(now, bool)
    return now if is_known and isinstance(now, int) else None
