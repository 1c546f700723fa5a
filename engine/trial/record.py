"""Recording: a run becomes a case, its figures as they came out, for a person to confirm."""

from collections.abc import Collection

from engine.api import Policy, bind_data, settle
from engine.load.tables import RawData
from engine.trial.case_text import LARGEST, case_text, rows_in, told_as
from grammar.diagnostic import Finding, FindingsError, Place


def recorded(
    policy: Policy, data: RawData, shown: str, name: str, units: Collection[str] = (), confirmed_by: str | None = None
) -> tuple[str, int]:
    """The text of the case that a run gives and how many figures it holds; raises FindingsError where there is none."""
    if rows_in(data) > LARGEST:
        raise FindingsError([Finding("L204", Place(shown), {"rows": rows_in(data), "limit": LARGEST})])
    settlement = settle(policy, bind_data(policy, data))
    results = [r for r in settlement.figures if not units or r.row.unit in units]
    known = {r.row.unit for r in settlement.figures}
    unknown = [unit for unit in units if unit not in known]
    if unknown or not results:
        about = {"name": "、".join(unknown) or shown, "known": "、".join(sorted(known)) or "—"}
        raise FindingsError([Finding("L205", Place(shown), about)])
    clauses = [clause for result in results for clause in result.citations]
    working = ["由一次结算记下，不是人算出来的：请按条款算一遍，把算法写在这里。"]
    if confirmed_by is not None:
        working = [f"由一次结算记下，{confirmed_by} 核对过。"]
    left_out = [r.name for r in results if told_as(r) is None]
    if left_out:
        working.append(f"除不尽的比率没有记下：{'、'.join(dict.fromkeys(left_out))}。")
    text = case_text(name, clauses, working, data, results, confirmed_by=confirmed_by)
    return text, len(results) - len(left_out)
