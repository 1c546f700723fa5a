"""A small invented policy with worked cases, laid out in a folder of its own, for the tests of trying cases."""

import json
from pathlib import Path
from typing import Any, NamedTuple

from click.testing import CliRunner

from engine.doors.command import cli

RULES = """方案 sample 「试」
  施行 2026-01-01 起                                        依据 末段

参数 上限比例 = 30%                                         依据 二

数据 医共体
  预算: 金额                                                依据 一
  花费: 金额                                                依据 一
  得分: 分值, 0分 至 100分, 到 1分                          依据 三

事项 推诿 对 医共体                                         依据 四
事项 造假 对 医共体                                         依据 四

环节 年终清算
  对 医共体:
    结余 = 预算 - 花费, 最低 0元                            依据 一
    上限 = 预算 的 上限比例                                 依据 二
    留用系数 按 得分 定档:                                  依据 三
      85分 以上: 100%
      达到 60分 不满 85分: 80%
      不满 60分: 0%
    留用 = (结余, 最高 上限) × 留用系数                     依据 二
      除非 推诿: 0元                                        依据 四
      除非 造假: 0元                                        依据 四
"""

SOURCE = """文件: {名称: 试, 文号: 无, 状态: 虚构}
条款:
  - {条: 一, 摘要: 结余怎样算, 作用: [计算]}
  - {条: 二, 摘要: 留用有上限, 作用: [计算]}
  - {条: 三, 摘要: 按得分留用, 作用: [计算]}
  - {条: 四, 摘要: 有情形的不留用, 作用: [计算]}
  - {条: 末段, 摘要: 施行日, 作用: [仅作要求]}
"""

CASES = """# 人算的案例
- 案例: 结余不到上限时乘系数留用
  依据: 二
  算法: 结余 200.00，上限 300.00，80% 是 160.00
  数据:
    年度: 2026
    医共体:
      - {名称: 甲, 预算: 1000.00, 花费: 800.00, 得分: 70}
  结果:
    - {单位: 甲, 年度: 2026, 结余: 200.00, 留用: 160.00}
"""


class Ran(NamedTuple):
    """What a run of the command left."""

    code: int
    out: str
    err: str


class Desk(NamedTuple):
    """A policy's folder, and the command run on it."""

    folder: Path

    def write(self, name: str, text: str) -> Path:
        """Write one of its files."""
        path = self.folder / name
        path.write_text(text, encoding="utf-8")
        return path

    def cases(self) -> Path:
        """The file of cases."""
        return self.folder / "cases.yaml"

    def run(self, *words: str) -> Ran:
        """Run a command; the name of the policy stands where NAME is written."""
        named = [str(self.folder) if word == "NAME" else word for word in words]
        result = CliRunner().invoke(cli, named)
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return Ran(result.exit_code, result.stdout, result.stderr)

    def told(self, *words: str) -> dict[str, Any]:
        """What the command tells as JSON of its one policy."""
        ran = self.run(*words, "--format", "json")
        form: dict[str, Any] = json.loads(ran.out)
        return form


def desk(folder: Path, rules: str = RULES, cases: str | None = CASES) -> Desk:
    """The policy laid out."""
    made = Desk(folder / "sample")
    made.folder.mkdir()
    made.write("rules.policy", rules)
    made.write("source.yaml", SOURCE)
    if cases is not None:
        made.write("cases.yaml", cases)
    return made
