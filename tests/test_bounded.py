"""A run within a bound of memory: millions of claims, and the whole program never holds more than it may."""

import json
import os
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

ROOT = Path(__file__).parent.parent
_STATUS = Path("/proc/self/status")
RULES = """方案 sample 「试」
  施行 2026-01-01 起
  险种 职工、居民 合并核算

数据 医共体
  年度清算总额
数据 明细
  类别: 选项 {住院、门诊}
  出院日期: 日期
环节 年终清算
  对 医共体:
    上半年住院 = 合计 明细.统筹基金支付 其中 类别 是 住院 且 出院日期 不满 当年7月1日   依据 一

译名
  类别 = category
  住院 = inpatient
  门诊 = outpatient
  出院日期 = discharged
  上半年住院 = first_half
"""
_RUN = (
    "import sys\n"
    "from engine.doors.command import main\n"
    "try:\n"
    "    main()\n"
    "finally:\n"
    "    held = next(line for line in open('/proc/self/status') if line.startswith('VmHWM:'))\n"
    "    print(held.split()[1], file=sys.stderr)\n"
)


@pytest.mark.skipif(not _STATUS.exists(), reason="only Linux tells what a process held at most")
def test_millions_of_claims_with_numbers_of_their_own_settle_within_a_bound(tmp_path: Path) -> None:
    rows, bound = 2_000_000, 256
    (tmp_path / "sample").mkdir()
    (tmp_path / "sample" / "rules.policy").write_text(RULES, encoding="utf-8")
    data = tmp_path / "data"
    (data / "明细").mkdir(parents=True)
    (data / "医共体.csv").write_text("名称,年度\n" + "".join(f"医共体{i},2026\n" for i in range(9)), encoding="utf-8")
    source = (
        "SELECT 'J' || i AS 编号, '医共体' || (i * 7 % 9) AS 单位, 2026 AS 年度, (['住院', '门诊'])[1 + i * 5 % 11 % 2] AS 类别, "
        "DATE '2026-01-01' + (i * 3 % 365)::INTEGER AS 出院日期, ((i * 13 % 100000 - 5000) * 0.01)::DECIMAL(18, 2) AS 统筹基金支付 "
        "FROM range({}, {}) t(i)"
    )
    for number in range(2):
        part = source.format(rows // 2 * number, rows // 2 * (number + 1))
        duckdb.sql(f"COPY ({part}) TO '{data / '明细' / f'{number}.parquet'}' (FORMAT parquet)")
    words = ["settle", str(tmp_path / "sample"), "--data", str(data), "--format", "json", "--memory", f"{bound}MiB"]
    ran = subprocess.run(
        [sys.executable, "-c", _RUN, *words, "--backend", "duckdb"],
        check=False, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    *told, held = ran.stderr.splitlines()
    assert (ran.returncode, told) == (0, []), ran.stdout[:2000]
    assert int(held) < bound << 10
    figures = json.loads(ran.stdout)["figures"]
    plain = duckdb.execute(
        f"SELECT 单位, sum(统筹基金支付) FROM read_parquet('{data / '明细'}/*.parquet') "  # noqa: S608 - our own path
        "WHERE 类别 = '住院' AND 出院日期 < DATE '2026-07-01' GROUP BY 1"
    ).fetchall()
    assert {f["unit"]: Decimal(f["value"]) for f in figures if f["id"] == "first_half"} == dict(plain)
