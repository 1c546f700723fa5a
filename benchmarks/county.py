"""A county of 40 units, 2 insurance types and 12 months, in one YAML file: where the time of a settlement goes."""

import random
from collections.abc import Iterator
from datetime import date

from measure import Line, line, seconds

from engine.api import bind_data, open_policy
from engine.interpret.interpret import interpret
from engine.interpret.report import report
from engine.load.yaml_data import read_yaml
from engine.load.yaml_events import plain_events
from engine.load.yaml_parser import parsed_events

UNITS = 20
INSURANCES = ("职工", "居民")


def lines() -> list[Line]:
    """Reading, binding and telling against the settling itself; and the two ways of reading YAML."""
    policy = open_policy("gaotai")
    policy.pipeline(date(2026, 1, 1))
    text = "\n".join(county()) + "\n"
    raw = read_yaml(text, "county.yaml")
    data = bind_data(policy, raw)
    run = interpret(policy.pipeline, data)
    rows = sum(len(table.rows) for table in raw.tables)
    peer = f"settling it (gaotai, {rows:,} rows of data, {len(report(run, data).figures):,} figures)"

    def settling() -> float:
        return seconds(lambda: interpret(policy.pipeline, data))

    return [
        line("county: reading its YAML", peer, "", lambda: seconds(lambda: read_yaml(text, "county.yaml")), settling),
        line("county: binding the data", peer, "", lambda: seconds(lambda: bind_data(policy, raw)), settling),
        line("county: the report", peer, "", lambda: seconds(lambda: report(run, data)), settling),
        line(
            "county: its YAML by the YAML parser", "its YAML line by line, the plain form", "",
            lambda: seconds(lambda: list(parsed_events(text, "county.yaml"))),
            lambda: seconds(lambda: plain_events(text)),
        ),
    ]  # fmt: skip


def county(units: int = UNITS) -> Iterator[str]:
    """Invented amounts, the same on every run; ``units`` of either kind."""
    chance = random.Random(20261123)  # noqa: S311 - not a secret

    def yuan(low: int, high: int) -> str:
        return f"{chance.randrange(low, high)}.{chance.randrange(100):02}"

    names = {
        "医共体": [f"医共体{n:02}" for n in range(units)],
        "非医共体机构": [f"机构{n:02}" for n in range(units)],
        "资金池": ["异地就医"],
    }
    yield "方案: gaotai\n年度: 2026\n假设: {特殊超支分担比例: 80%, 保证金返还比例: 95%, 超支分担比例: 60%}"
    for kind, members in names.items():
        yield f"{kind}:"
        for unit in members:
            for insurance in INSURANCES:
                more = {"医共体": ", 考核系数: 96%, 系统对接: 是", "非医共体机构": ", 考核系数: 92%"}.get(kind, "")
                budget, cleared = yuan(10**6, 10**7), yuan(10**6, 10**7)
                yield f"  - {{名称: {unit}, 险种: {insurance}, 年度总额预算: {budget}, 年度清算总额: {cleared}{more}}}"
    yield "月度:"
    for unit in (*names["医共体"], *names["非医共体机构"]):
        for insurance in INSURANCES:
            for month in range(1, 13):
                due, kept, paid = yuan(10**5, 10**6), yuan(10**2, 10**4), yuan(10**5, 10**6)
                yield (
                    f"  - {{单位: {unit}, 险种: {insurance}, 月份: 2026-{month:02}, "
                    f"核定应付: {due}, 扣保证金: {kept}, 实拨: {paid}}}"
                )
