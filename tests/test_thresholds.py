"""Distances and margins: settled again with the cleared amount moved, the data shows what the words promised."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from test_explain import POLICIES, amount, data_of, policy

from engine.api import Policy, bind_data, explainer, open_policy, settle
from engine.explain.explanation import Explanation
from engine.load.yaml_data import read_yaml
from engine.nouns.dataset import Dataset
from engine.nouns.settlement import FigureResult
from engine.nouns.world import Row
from grammar.diagnostic import FindingsError

CLEARED = "年度清算总额"
YUAN = 100
FAR = 1_000_000
# What a rule that rounds to whole yuan, on the way and at the end, may be off.
SLACK = 2 * YUAN + 2


@dataclass(slots=True)
class Moves:
    """Settlements of the same data with one row's cleared amount moved, each worked out once."""

    policy: Policy
    dataset: Dataset
    known: dict[object, Mapping[object, FigureResult] | None] = field(default_factory=dict)

    def figure(self, row: Row, name: str, by: int) -> int | None:
        """A figure in fen after the move; None where the moved data is refused or the figure is not known."""
        key = (row.key, by)
        if key not in self.known:
            self.known[key] = self._settled(row, by)
        found = (self.known[key] or {}).get((row.key, name))
        now = found.value.now if found is not None else None
        return now if isinstance(now, int) and not isinstance(now, bool) else None

    def _settled(self, row: Row, by: int) -> Mapping[object, FigureResult] | None:
        rows = []
        for known in self.dataset.rows[row.table]:
            mine = (known.unit, known.insurance, known.period) == (row.unit, row.insurance, row.period)
            given = known.cells.get(CLEARED)
            if mine and isinstance(given, int):
                rows.append(replace(known, cells={**known.cells, CLEARED: given + by}))
            else:
                rows.append(known)
        try:
            moved = replace(self.dataset, rows={**self.dataset.rows, row.table: tuple(rows)})
            return {(r.row.key, r.name): r for r in settle(self.policy, moved).figures}
        except FindingsError:
            return None


def kept(policy: Policy, dataset: Dataset) -> tuple[int, int]:
    """How many margins and how many distances of a run were held against settling again."""
    whole, moves = explainer(policy, dataset), Moves(policy, dataset)
    margins = distances = 0
    for result in whole.background.settlement.figures:
        if CLEARED not in result.row.given or not result.kind.is_money:
            continue
        told = whole.explain(result, "zh")
        margins += margin_holds(told, moves)
        distances += distance_holds(told, moves)
    return margins, distances


_MARGIN = re.compile(r"再少 1 元，.*?(?:不变|(多|少) ([\d,.]+) 元)")


def margin_holds(told: Explanation, moves: Moves) -> int:
    found = _MARGIN.search(told.text)
    row, name = told.result.row, told.result.name
    now, other = moves.figure(row, name, 0), moves.figure(row, name, -YUAN)
    if found is None or now is None or other is None:
        return 0
    change = amount("0") if found[1] is None else (1 if found[1] == "多" else -1) * amount(found[2]) * YUAN
    assert abs(other - now - change) <= 1, (told.title, found[0], now, other)
    return 1


def distance_holds(told: Explanation, moves: Moves) -> int:
    """Up to the distance the figure goes straight, beyond it no more; and what is said to meet does meet."""
    row, name, turn = told.result.row, told.result.name, told.threshold
    if turn is None:
        return 0
    far = int(amount(turn.distance) * YUAN)
    way = -1 if turn.less else 1
    left = row.columns[CLEARED].now
    assert isinstance(left, int)
    beyond = min(FAR, left - far) if turn.less else FAR
    # Two fen before the point: at the point itself a whole band may change already.
    near = 2 * ((far - 2) // 2)
    steps = (0, near // 2, near, far + beyond)
    values = [moves.figure(row, name, way * by) for by in steps]
    if None in values or far < YUAN or beyond < YUAN:
        return 0
    start, half, there, past = (x for x in values if x is not None)
    assert abs((there - start) - 2 * (half - start)) <= SLACK, (told.title, turn.words, values)
    straight = (there - start) * (far + beyond) / near
    assert abs(past - start - straight) > min(SLACK, beyond // 200), (told.title, turn.words, values)
    meets(told, moves, way * far)
    return 1


def meets(told: Explanation, moves: Moves, by: int) -> None:
    assert told.threshold is not None
    row, words = told.result.row, told.threshold.words
    vanishing = re.search(r"，([^，]+)就变为零", words)
    meeting = re.search(r"，([^，]+)就等于([^，]+)。", words)
    begins = re.search(r"开始有([^，]+)的界线", words)
    for found in (vanishing, begins):
        value = moves.figure(row, found[1], by) if found is not None else None
        assert value is None or abs(value) <= 1, (told.title, words, value)
    if meeting is not None:
        sides = [moves.figure(row, meeting[1], by), moves.figure(row, meeting[2], by)]
        assert None in sides or abs((sides[0] or 0) - (sides[1] or 0)) <= 1, (told.title, words, sides)


@pytest.mark.parametrize("name", POLICIES)
def test_moving_the_cleared_amount_by_the_printed_distance_reaches_the_turn(name: str) -> None:
    found = (0, 0)
    for raw in data_of(name)[:8]:
        try:
            dataset = bind_data(policy(name), raw)
            some = kept(policy(name), dataset)
        except FindingsError:
            # A case that shows a finding has no figures to explain.
            continue
        found = (found[0] + some[0], found[1] + some[1])
    assert min(found) > 10, found


RULES = """方案 sample 「试」
  施行 2026-01-01 起
数据 医共体
  年度总额预算
  年度清算总额
环节 年终清算
  对 医共体:
    结余 = 年度总额预算 - 年度清算总额, 最低 0元
    超支 = 年度清算总额 - 年度总额预算, 最低 0元
    结余率 = 结余 ÷ 年度总额预算
    分段分担 = 超支 分段, 以 年度总额预算 为基数:
      不超过 3% 的部分: 70%
      超过 3% 不超过 6% 的部分: 40%
      超过 6% 的部分: 0%
    整档奖励 按 结余率 定档:
      不超过 5%: 结余 的 80%
      超过 5% 不超过 10%: 结余 的 60%
      超过 10%: 结余 的 30%
    双重封顶 = 结余 的 60%, 最高 年度总额预算 的 6%, 最高 500万元
    先封后乘 = (结余, 最高 年度总额预算 的 4%) 的 55%
    分情形 按 情形:
      结余 超过 300万元 且 超支 不超过 0元: 结余 的 10%
      其余: 超支 的 5%
    有例外 = 结余 的 50%
      除非 结余 超过 400万元: 200万元
"""


def test_it_holds_for_bands_whole_bands_cases_caps_and_exceptions(tmp_path: Path) -> None:
    rules = tmp_path / "sample" / "rules.policy"
    rules.parent.mkdir()
    rules.write_text(RULES, encoding="utf-8")
    opened = open_policy(rules.parent)
    cleared = (
        "70000000", "72000000", "74123456.78", "76000000", "76400000", "78000000", "80000000", "81000000.01",
        "83600000", "86000000",
    )  # fmt: skip
    units = "\n".join(
        f"  - {{名称: 第{i}家, 年度总额预算: 80000000, 年度清算总额: {value}}}" for i, value in enumerate(cleared)
    )
    margins, distances = kept(opened, bind_data(opened, read_yaml(f"年度: 2026\n医共体:\n{units}\n", "data.yaml")))
    assert margins > 60
    assert distances > 50


def test_a_row_at_the_edge_of_a_whole_band_is_told_the_jump(tmp_path: Path) -> None:
    rules = tmp_path / "sample" / "rules.policy"
    rules.parent.mkdir()
    rules.write_text(RULES, encoding="utf-8")
    opened = open_policy(rules.parent)
    # A surplus of exactly 5%: one yuan more of it and the whole of it counts at 60% in place of 80%.
    data = "年度: 2026\n医共体:\n  - {名称: 甲, 年度总额预算: 80000000, 年度清算总额: 76000000}\n"
    whole = explainer(opened, bind_data(opened, read_yaml(data, "data.yaml")))
    (result,) = (r for r in whole.background.settlement.figures if r.name == "整档奖励")
    assert "年度清算总额再少 1 元，整档奖励少 799,999.40 元" in whole.explain(result, "zh").text


def test_where_the_threshold_lies_in_something_else_nothing_is_said(tmp_path: Path) -> None:
    rules = tmp_path / "sample" / "rules.policy"
    rules.parent.mkdir()
    rules.write_text(
        "方案 sample 「试」\n  施行 2026-01-01 起\n数据 医共体\n  年度清算总额\n  考核得分: 分值, 0分 至 100分\n"
        "环节 年终清算\n  对 医共体:\n    系数 按 考核得分 定档:\n      85分 以上: 100%\n      不满 85分: 80%\n"
        "    拨付额 = 年度清算总额 的 系数\n",
        encoding="utf-8",
    )
    opened = open_policy(rules.parent)
    data = "年度: 2026\n医共体:\n  - {名称: 甲, 年度清算总额: 76000000, 考核得分: 84}\n"
    whole = explainer(opened, bind_data(opened, read_yaml(data, "data.yaml")))
    told = {r.name: whole.explain(r, "zh") for r in whole.background.settlement.figures}
    assert told["系数"].threshold is None
    assert told["拨付额"].threshold is None
    assert "再少 1 元，拨付额少 0.80 元" in told["拨付额"].text
