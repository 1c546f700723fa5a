"""A bureau's own sheets settle to the same figures as the kind tables that say the same."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from engine.api import Policy, bind_data, open_policy, settle
from engine.doors.json_form import figure_json
from engine.load.bureau_layout import read_layout
from engine.load.policy import policies_folder
from engine.load.read import read_data
from grammar.diagnostic import Finding

ROSTER = """机构编码,机构名称,等级,类型,所属医共体,是否牵头,起始日期,终止日期,系统对接日期
H001,县人民医院,二级,综合医院,县人民医院医共体,是,2024-01-01,,2025-11-30
H002,县中医医院,二级,中医医院,县中医医院医共体,是,2024-01-01,,2025.12
H101,巷道镇卫生院,一级,卫生院,县人民医院医共体,否,2024-01-01,,
H102,巷道镇卫生院正远分院,一级,卫生院,县中医医院医共体,否,2024-01-01,,
H103,新坝镇中心卫生院,一级,卫生院,县人民医院医共体,否,2024-01-01,2026-06-30,
H103,新坝镇中心卫生院,一级,卫生院,县中医医院医共体,否,2026-07-01,,
H201,县妇幼保健站,二级,专科,,,2020-01-01,2025-12-31,
H201,县妇幼保健院,二级,专科,,,2026-01-01,,
H202,高台丝路慈仁医院,一级,综合医院,,,,,
P001,惠民大药房,,零售药店,,,,,
"""
ISSUE = """年度,险种,文号,下达金额(万元),风险调剂金,大病/大额,个人账户,生育津贴,DIP调剂金,备注
2026,居民,张医保发〔2026〕1号,12000,800000,,,,,
"""
HISTORY = """年度,机构编码,险种,类别,人次,总费用,统筹基金支付
2023,H001,390,DIP,1,1,20000000
2023,H001,390,非DIP,1,1,1000000.50
2023,H001,390,合计,2,2,21000000.50
2024,H001,390,DIP,1,1,22000000
2025,H001,390,DIP,1,1,24000000
2023,H002,390,DIP,1,1,15000000
2024,H002,390,DIP,1,1,15500000
2025,H002,390,DIP,1,1,16000000
2023,H101,390,DIP,1,1,1000000
2024,H101,390,DIP,1,1,1100000
2025,H101,390,DIP,1,1,1200000
2023,H102,390,DIP,1,1,500000
2024,H102,390,DIP,1,1,500000
2025,H102,390,DIP,1,1,500000
2023,H103,390,DIP,1,1,700000
2024,H103,390,DIP,1,1,700000
2025,H103,390,DIP,1,1,700000
2023,H201,390,DIP,1,1,6000000
2024,H201,390,DIP,1,1,6000000
2025,H201,390,DIP,1,1,6000000
2023,H202,390,DIP,1,1,3000000
2024,H202,390,DIP,1,1,3000000
2025,H202,390,DIP,1,1,3000000
2025,P001,390,,1,1,900000
"""
MONTHS = """setlym,fixmedins_code,insutype,fund_appy_sum,审核扣减,核定应付,扣保证金,实拨,暂缓
202603,H001,390,21000000,1000000,20000000,600000,19400000,
202603,H101,390,1000000,0,1000000.10,30000,970000.10,
202603,H103,390,500000,0,500000,15000,485000,
202609,H103,390,500000,0,500000,15000.01,484999.99,
202609,H002,390,16000000,0,16000000,480000,15520000,
202609,H001,390,-12345.67,0,-12345.67,0,-12345.67,
202612,H201,390,6000000,0,6000000,180000,5820000,
202612,H202,390,3000000,0,3000000,90000,2910000,
"""
SCORES = """年度,对象,指标,权重,得分,等次,文号
2026,H201,费用控制,40%,95,,
2026,县妇幼保健院,服务质量,60%,90.5,,
2026,县人民医院医共体,,,96,优,〔2026〕9号
2026,H002,,,91.25,,
"""
EVENTS = """年度,对象,险种,类型,认定金额,起止日期,认定文号
2026,高台丝路慈仁医院,居民,推诿,,,〔2026〕3号
2026,县中医医院医共体,居民,突发,12万元,2026-05,〔2026〕4号
2026,县中医医院医共体,居民,突发公共卫生事件,80000.55,2026-08,〔2026〕5号
2026,H001,,未返还预付金,,,〔2026〕6号
"""
PARAMETERS = """参数,取值,状态,依据,假设人,日期
超支分担比例,60%,假设,,张三,2026-11-01
特殊超支分担比例,0.8,假设,,张三,2026-11-01
留用上限比例,30%,明确规定,五(四)④,,
保证金返还比例,95%,假设,,,
服务量权重,,未规定,,,
"""
# What no sheet of a bureau's holds: the cleared amounts and the pools.
ALLIANCES = """名称,险种,年度清算总额
县人民医院医共体,居民,55000000
县中医医院医共体,居民,49123456.78
"""
STANDALONES = """名称,险种,年度清算总额
H201,居民,10000000
高台丝路慈仁医院,居民,6000000.01
"""
POOLS = """名称,险种,年度总额预算,年度清算总额
异地就医,居民,5000000,4765432.11
零售药店,居民,1000000,999999
"""
GAOTAI = {
    "案.yaml": "方案: gaotai\n年度: 2026\n",
    "机构名录.csv": ROSTER, "预算下达.csv": ISSUE, "历史基金使用.csv": HISTORY, "月度结算.csv": MONTHS,
    "考核得分.csv": SCORES, "特殊情形.csv": EVENTS, "参数与假设.csv": PARAMETERS, "医共体.csv": ALLIANCES,
    "非医共体机构.csv": STANDALONES, "资金池.csv": POOLS,
}  # fmt: skip
# The same county as a person would write it in kind tables; sums and factors worked out by hand.
GAOTAI_BY_KIND = """
方案: gaotai
年度: 2026
险种: 居民
假设: {超支分担比例: 60%, 特殊超支分担比例: 80%, 保证金返还比例: 95%}
县:
  - {市级下达总额: 1.2亿元}
医共体:
  - {名称: 县人民医院医共体, 年度清算总额: 55000000, 系统对接: 是, 考核系数: 96%, 未按时足额返还预付金: 是}
  - {名称: 县中医医院医共体, 年度清算总额: 49123456.78, 系统对接: 是, 特殊原因超支额: 200000.55}
非医共体机构:
  - {名称: 县妇幼保健院, 年度清算总额: 10000000, 考核系数: 92.3%}
  - {名称: 高台丝路慈仁医院, 年度清算总额: 6000000.01, 推诿患者属实: 是}
资金池:
  - {名称: 异地就医, 年度总额预算: 5000000, 年度清算总额: 4765432.11}
  - {名称: 零售药店, 年度总额预算: 1000000, 年度清算总额: 999999}
成员单位:
  - {名称: 县人民医院, 所属医共体: 县人民医院医共体, 是否牵头: 是}
  - {名称: 县中医医院, 所属医共体: 县中医医院医共体, 是否牵头: 是, 考核得分: 91.25}
  - {名称: 巷道镇卫生院, 所属医共体: 县人民医院医共体, 是否牵头: 否}
  - {名称: 巷道镇卫生院正远分院, 所属医共体: 县中医医院医共体, 是否牵头: 否}
  - {名称: 新坝镇中心卫生院, 所属医共体: 县人民医院医共体, 是否牵头: 否}
历史基金使用:
  - {年度: 2023, 单位: 县人民医院医共体, 历年基金使用额: 22700000.50}
  - {年度: 2024, 单位: 县人民医院医共体, 历年基金使用额: 23800000}
  - {年度: 2025, 单位: 县人民医院医共体, 历年基金使用额: 25900000}
  - {年度: 2023, 单位: 县中医医院医共体, 历年基金使用额: 15500000}
  - {年度: 2024, 单位: 县中医医院医共体, 历年基金使用额: 16000000}
  - {年度: 2025, 单位: 县中医医院医共体, 历年基金使用额: 16500000}
  - {年度: 2023, 单位: 县妇幼保健院, 历年基金使用额: 6000000}
  - {年度: 2024, 单位: 县妇幼保健院, 历年基金使用额: 6000000}
  - {年度: 2025, 单位: 县妇幼保健院, 历年基金使用额: 6000000}
  - {年度: 2023, 单位: 高台丝路慈仁医院, 历年基金使用额: 3000000}
  - {年度: 2024, 单位: 高台丝路慈仁医院, 历年基金使用额: 3000000}
  - {年度: 2025, 单位: 高台丝路慈仁医院, 历年基金使用额: 3000000}
月度:
  - {单位: 县人民医院医共体, 月份: 2026-03, 核定应付: 21500000.10, 扣保证金: 645000, 实拨: 20855000.10}
  - {单位: 县人民医院医共体, 月份: 2026-09, 核定应付: -12345.67, 扣保证金: 0, 实拨: -12345.67}
  - {单位: 县中医医院医共体, 月份: 2026-09, 核定应付: 16500000, 扣保证金: 495000.01, 实拨: 16004999.99}
  - {单位: 县妇幼保健院, 月份: 2026-12, 核定应付: 6000000, 扣保证金: 180000, 实拨: 5820000}
  - {单位: 高台丝路慈仁医院, 月份: 2026-12, 核定应付: 3000000, 扣保证金: 90000, 实拨: 2910000}
"""


def written(folder: Path, files: Mapping[str, str]) -> Path:
    """A folder with these files."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def figures(policy: Policy, path: Path) -> dict[tuple[object, ...], tuple[object, ...]]:
    """Every figure of a run, by whose and what it is: its value, state and what it waits for."""
    settlement = settle(policy, bind_data(policy, read_data(path)))
    told = [figure_json(result) for result in settlement.figures]
    return {
        (f["kind"], f["unit"], f["insurance"], f["period"], f["id"]): (
            f["value"], f["state"], f.get("range"), f["missing"], f["assumptions"], f["defaults"]
        )
        for f in told
    }  # fmt: skip


def told(policy: Policy, path: Path) -> list[Finding]:
    """What binding says of data that are right."""
    return list(bind_data(policy, read_data(path)).findings)


def same(policy: Policy, tmp_path: Path, bureau: Mapping[str, str], by_kind: str) -> None:
    """Hold a bureau's folder against the kind tables of the same county."""
    (tmp_path / "kinds.yaml").write_text(by_kind, encoding="utf-8")
    mine, due = figures(policy, written(tmp_path / "bureau", bureau)), figures(policy, tmp_path / "kinds.yaml")
    assert mine.keys() == due.keys()
    assert {key: value for key, value in mine.items() if value != due[key]} == {}


def test_a_bureaus_county_settles_as_its_kind_tables_do_under_gaotai(tmp_path: Path) -> None:
    same(open_policy("gaotai"), tmp_path, GAOTAI, GAOTAI_BY_KIND)
