"""A hundred schemes on the data of forty units: comparing them against only settling each by itself."""

import shutil
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from county import county
from measure import Line, line, seconds

from engine.api import Asked, Policy, bind_data, open_policy, settle, side_by_side
from engine.compare.fit import fitted
from engine.load.yaml_data import read_yaml

SCHEMES = 100


def lines() -> list[Line]:
    """The matrix, the runs and the differences of every scheme from the first; and with every scheme's curve."""
    whole = read_yaml("\n".join(county()) + "\n", "county.yaml")
    raw = replace(whole, tables=tuple(table for table in whole.tables if table.name != "月度"))
    with TemporaryDirectory() as folder:
        policies = [_scheme(Path(folder), number) for number in range(SCHEMES)]
        for policy in policies:
            settle(policy, bind_data(policy, raw))
        schemes = [policy.scheme() for policy in policies]

        def alone() -> float:
            def run() -> None:
                for policy, scheme in zip(policies, schemes, strict=True):
                    settle(policy, bind_data(policy, fitted(raw, scheme, [])[0]))

            return seconds(run)

        units = sum(len(table.rows) for table in raw.tables if table.name in {"医共体", "非医共体机构"})
        peer = f"settling each by itself ({units} rows of units, a year)"
        return [
            line(
                f"{SCHEMES} schemes compared: rules, results, differences", peer, "",
                lambda: seconds(lambda: side_by_side(policies, "zh", raw)), alone,
            ),
            line(
                f"{SCHEMES} schemes compared, with curves", peer, "",
                lambda: seconds(lambda: side_by_side(policies, "zh", raw, Asked(curve=True))), alone,
            ),
        ]  # fmt: skip


def _scheme(folder: Path, number: int) -> Policy:
    """Gaotai with a cap of its own."""
    name = f"county{number:03}"
    shutil.copytree(Path(__file__).parent.parent / "policies" / "gaotai", folder / name)
    rules = folder / name / "rules.policy"
    text = rules.read_text(encoding="utf-8")
    text = text.replace("方案 gaotai", f"方案 {name}", 1).replace("比例 = 30% ", f"比例 = {20 + number / 10}% ", 1)
    rules.write_text(text, encoding="utf-8")
    return open_policy(str(folder / name))
