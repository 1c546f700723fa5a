"""A bureau's own sheets settle to the same figures as the kind tables that say the same."""

import random
import time
from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.api import Policy, bind_data, open_policy, settle
from engine.doors.json_form import figure_json
from engine.load.bureau import translate
from engine.load.bureau_layout import read_layout
from engine.load.bureau_work import exact_text
from engine.load.policy import known_policies
from engine.load.read import read_data
from engine.load.values import parse_value
from engine.nouns import kinds as k
from grammar.diagnostic import Finding, FindingsError, Place

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


def test_a_bureaus_county_settles_as_its_kind_tables_do_under_yunxian(tmp_path: Path) -> None:
    bureau = {
        "案.yaml": "方案: yunxian\n",
        "机构名录.csv": "fixmedins_code,fixmedins_name,所属医共体,是否牵头\nY1,云县人民医院,云县紧密型医共体,是\n"
        "Y2,云县凯达医院,,\n",
        "预算下达.csv": "年度,险种,下达金额(亿元),参保人数\n2025,390,2.5,385200\n2025,310,1.1,\n",
        "月度结算.csv": "setlym,fixmedins_code,insutype,实拨\n202506,Y1,390,112500000\n202506,Y1,310,4000000\n"
        "202512,Y1,390,-500.25\n202512,Y2,390,8790406.12\n",
        "特殊情形.csv": "年度,对象,类型,认定文号\n2025,Y2,推诿,〔2025〕1号\n",
        "医共体.csv": "名称,年度,年度总额预算,年度清算总额\n云县紧密型医共体,2025,225000000,226318904.10\n",
        "非医共体机构.csv": "名称,年度,年度总额预算,年度清算总额,期初结转\nY2,2025,8600000,8112345.67,100.10\n",
        "县.csv": "年度,住院率\n2025,12.3%\n",
    }
    by_kind = """
方案: yunxian
年度: 2025
县: [{可用指标: 250000000, 参保人数: 385200, 住院率: 0.123}]
医共体: [{名称: 云县紧密型医共体, 年度总额预算: 2.25亿元, 年度清算总额: 226318904.10}]
非医共体机构: [{名称: 云县凯达医院, 年度总额预算: 860万元, 年度清算总额: 8112345.67, 期初结转: 100.10, 推诿拒收查实: 是}]
月度:
  - {单位: 云县紧密型医共体, 月份: 2025-06, 实拨: 112500000}
  - {单位: 云县紧密型医共体, 月份: 2025-12, 实拨: -500.25}
  - {单位: 云县凯达医院, 月份: 2025-12, 实拨: 8790406.12}
"""
    policy = open_policy("yunxian")
    same(policy, tmp_path, bureau, by_kind)
    assert ("D163", "月度结算") in {(f.code, f.values.get("sheet")) for f in told(policy, tmp_path / "bureau")}


def test_a_bureaus_county_settles_as_its_kind_tables_do_under_guangdong(tmp_path: Path) -> None:
    bureau = {
        "案.yaml": "方案: guangdong\n假设: {保证金比例: 5%}\n",
        "机构名录.csv": "机构编码,机构名称,所属医共体,是否牵头\nG1,甲县总医院,甲县医共体,是\nG2,甲镇卫生院,甲县医共体,否\n",
        "月度结算.csv": "结算年月,机构编码,险种,实拨(万元)\n2026.3,G1,310,100\n2026.3,G1,390,250.5\n2026.3,G2,390,30\n",
        "特殊情形.csv": "年度,对象,类型,认定金额\n2026,甲县医共体,突发,1250万元\n2026,G1,虹吸,\n",
        "参数与假设.csv": "参数,取值,状态\n风险调节金比例,3%,假设\nretention_rate,80%,假设\n",
        "医共体.csv": "名称,年度,市医保核定,上年付费总额,拟定增长率,统筹区支出增长率,年度清算总额\n"
        "甲县医共体,2026,是,315880000,7%,5.2%,355120733.08\n",
    }
    by_kind = """
假设: {保证金比例: 5%, 风险调节金比例: 3%, 结余留用比例: 80%}
医共体: [{名称: 甲县医共体, 年度: 2026, 市医保核定: 是, 上年付费总额: 315880000, 拟定增长率: 7%, 统筹区支出增长率: 5.2%,
  年度清算总额: 355120733.08, 合理超支额: 12500000, 总医院虹吸查实: 是}]
月度: [{单位: 甲县医共体, 月份: 2026-03, 实拨: 3805000}]
"""
    same(open_policy("guangdong"), tmp_path, bureau, by_kind)


def test_a_bureaus_county_settles_as_its_kind_tables_do_under_jilin(tmp_path: Path) -> None:
    bureau = {
        "案.yaml": "方案: jilin\n年度: 2026\n",
        "机构名录.csv": "机构编码,机构名称,所属医共体,是否牵头\nJ1,示例医院,示例医共体,是\n",
        "月度结算.csv": "结算年月,机构编码,险种,实拨\n2026年3月,J1,职工,100.01\n2026年3月,J1,居民,200.02\n",
        # 24% a year before, and 1/3 this year, which no decimal writes out.
        "异地与占比.csv": "年度,参保人总费用,异地费用,县域总费用,医共体费用,基层费用\n2025,400000000,96000000,,,\n"
        "2026,300000000,100000000,500000000,240000000,80000000\n",
        "参数与假设.csv": "参数,取值,状态\n扣减系数,50%,假设\n最少预拨月数,1,明确规定\n",
        "医共体.csv": "名称,年度总额预算,年度清算总额\n示例医共体,268500000,257914326.45\n",
    }
    by_kind = """
年度: 2026
假设: {扣减系数: 50%}
县: [{医共体费用占比: 48%, 基层费用占比: 1/3}]
医共体: [{名称: 示例医共体, 年度总额预算: 268500000, 年度清算总额: 257914326.45, 本年异地占比: 1/3, 上年异地占比: 24%,
  参保人医疗总费用: 3亿元}]
月度: [{单位: 示例医共体, 月份: 2026-03, 实拨: 300.03}]
"""
    policy = open_policy("jilin")
    same(policy, tmp_path, bureau, by_kind)
    cut = figures(policy, tmp_path / "bureau")["医共体", "示例医共体", None, "2026", "out_of_area_cut"]
    # 300,000,000 × (1/3 − 24/100) × 1/2
    assert cut[:2] == ("14000000.00", "assumed")


def test_the_sheets_may_stand_in_one_yaml_file(tmp_path: Path) -> None:
    data = """
年度: 2026
险种: 居民
机构名录: [{机构编码: H2, 机构名称: 县妇幼保健院}]
月度结算: [{结算年月: 2026-03, 机构编码: H2, 实拨: 100, 扣保证金: 3}]
非医共体机构: [{名称: H2, 年度总额预算: 1200万元, 年度清算总额: 7800000}]
"""
    (tmp_path / "data.yaml").write_text(data, encoding="utf-8")
    found = figures(open_policy("gaotai"), tmp_path / "data.yaml")
    assert found["非医共体机构", "县妇幼保健院", "居民", "2026", "deposit_withheld"][0] == "3.00"
    assert found["非医共体机构", "县妇幼保健院", "居民", "2026", "retained"][0] == "3600000.00"


def test_what_a_sheet_makes_of_a_cell_is_still_told_at_that_cell(tmp_path: Path) -> None:
    folder = written(tmp_path / "bureau", {**GAOTAI, "预算下达.csv": "年度,险种,下达金额(万元)\n2026,居民,-1\n"})
    with pytest.raises(FindingsError) as stopped:
        told(open_policy("gaotai"), folder)
    (finding,) = [f for f in stopped.value.findings if f.severity == "error"]
    assert finding.code == "D060"
    assert isinstance(finding.where, Place)
    assert (finding.where.file.rsplit("/", 1)[-1], finding.where.row, finding.where.key) == (
        "预算下达.csv", 2, "下达金额(万元)"
    )  # fmt: skip


def test_the_order_of_rows_changes_no_figure(tmp_path: Path) -> None:
    policy = open_policy("gaotai")
    turned = {
        name: "\n".join([text.splitlines()[0], *reversed(text.splitlines()[1:])]) + "\n"
        if name.endswith(".csv")
        else text
        for name, text in GAOTAI.items()
    }
    one, other = written(tmp_path / "one", GAOTAI), written(tmp_path / "other", turned)
    assert figures(policy, one) == figures(policy, other)


def test_kind_tables_alone_are_left_as_they_are(tmp_path: Path) -> None:
    (tmp_path / "kinds.yaml").write_text(GAOTAI_BY_KIND, encoding="utf-8")
    policy, raw = open_policy("gaotai"), read_data(tmp_path / "kinds.yaml")
    assert translate(policy.scheme(), raw, ()).raw is raw


def test_every_input_a_sheet_names_is_an_input_of_some_policy() -> None:
    layout = read_layout(())
    schemes = [open_policy(name).scheme() for name in known_policies()]
    inputs = {name for scheme in schemes for _, name in scheme.inputs}
    named = {name for sheet in layout.sheets for c in sheet.columns for name in (*c.to, *sum(c.to_of.values(), ()))}
    named |= {name for event in layout.events for name in event.to}
    named |= {name for share in layout.shares for name in (*share.to, *share.before)}
    assert named - inputs == set()
    assert set(layout.kinds.values()) <= set(schemes[0].tables)


def test_a_policy_may_describe_more_of_its_own_sheets(tmp_path: Path) -> None:
    folder = tmp_path / "sample"
    written(folder, {
        "rules.policy": "方案 sample 「试」\n  施行 2026-01-01 起\n数据 医共体\n  年度清算总额\n  批复额: 金额\n事项 数据有误 对 医共体\n"
        "环节 年终清算\n  对 医共体:\n    合成额 = 年度清算总额 + 批复额\n      除非 数据有误: 0元\n",
        "workbook.toml": '[[event]]\nname = "填报有误"\nto = ["数据有误"]\n[[event]]\nname = "批复"\namount = true\nto = ["批复额"]\n',
    })  # fmt: skip
    (tmp_path / "data.yaml").write_text(
        "年度: 2026\n医共体: [{名称: 甲, 年度清算总额: 10}, {名称: 乙, 年度清算总额: 10}]\n"
        "特殊情形: [{年度: 2026, 对象: 甲, 类型: 填报有误}, {年度: 2026, 对象: 乙, 类型: 批复, 认定金额: 1.5}]\n",
        encoding="utf-8",
    )
    found = figures(open_policy(str(folder)), tmp_path / "data.yaml")
    assert {key[1]: value[0] for key, value in found.items() if "合成额" in key} == {"甲": "0.00", "乙": "11.50"}


@given(st.integers(-(10**9), 10**9), st.integers(1, 10**6))
def test_a_share_is_written_out_exactly(above: int, below: int) -> None:
    value = Fraction(above, below)
    text = exact_text(value)
    assert Fraction(text) == value
    assert parse_value(text, k.RATIO) == value


def test_weights_may_be_points_out_of_a_hundred(tmp_path: Path) -> None:
    scores = "年度,对象,指标,权重,得分\n2026,乙,费用,40,95\n2026,乙,质量,60,90.5\n2026,乙,总分,,92.3\n"
    folder = written(tmp_path / "bureau", {
        "考核得分.csv": scores, "非医共体机构.csv": "名称,年度,险种,年度总额预算,年度清算总额\n乙,2026,居民,100,90\n",
    })  # fmt: skip
    # 0.4 × 95 + 0.6 × 90.5 = 92.3; 10 × 92.3 %
    assert figures(open_policy("gaotai"), folder)["非医共体机构", "乙", "居民", "2026", "retained"][0] == "9.23"


def test_a_blank_in_a_members_month_leaves_the_alliances_month_open(tmp_path: Path) -> None:
    months = MONTHS.replace("202603,H103,390,500000,0,500000,15000,485000,", "202603,H103,390,500000,0,500000,15000,,")
    policy = open_policy("gaotai")
    found = figures(policy, written(tmp_path / "bureau", {**GAOTAI, "月度结算.csv": months}))
    paid = found["医共体", "县人民医院医共体", "居民", "2026", "paid"]
    assert paid[:2] == (None, "open")
    assert found["医共体", "县人民医院医共体", "居民", "2026", "deposit_withheld"][0] == "645000.00"


def test_a_member_that_is_settled_over_two_years_keeps_what_it_carries_under_its_present_name(tmp_path: Path) -> None:
    folder = written(tmp_path / "bureau", {
        "机构名录.csv": "机构编码,机构名称,起始日期,终止日期\nY2,云县老凯达医院,,2024-12-31\nY2,云县凯达医院,2025-01-01,\n",
        "非医共体机构.csv": "名称,年度,年度总额预算,年度清算总额\n云县老凯达医院,2024,8600000,8112345.67\nY2,2025,8600000,8600000\n",
        "月度结算.csv": "结算年月,机构编码,机构名称,险种,实拨\n2024-12,Y2,云县老凯达医院,390,1\n",
    })  # fmt: skip
    found = figures(open_policy("yunxian"), folder)
    # Half of 487,654.33 carried into the next year, and its payments under the earlier name.
    assert found["非医共体机构", "云县凯达医院", "居民", "2025", "adjusted_budget"][0] == "8843827.17"
    assert found["非医共体机构", "云县凯达医院", "居民", "2024", "paid"][0] == "1.00"


def test_whatever_stands_in_a_cell_ends_in_figures_or_in_findings(tmp_path: Path) -> None:
    policy, chance = open_policy("gaotai"), random.Random(3)  # noqa: S311 - the same each time is meant
    folder = written(tmp_path / "bureau", GAOTAI)
    odd = [
        "",
        "0",
        "-1",
        "1e9",
        "NaN",
        "H001",
        "H999",
        "2026",
        "2026-02-30",
        "合计",
        "是",
        "100%",
        "1/0",
        "1/3",
        "万元",
        "٣",
        "x" * 300,
    ]
    stopped = 0
    for _ in range(_MUTANTS):
        name = chance.choice([name for name in GAOTAI if name.endswith(".csv")])
        lines = [line.split(",") for line in GAOTAI[name].splitlines()]
        line = chance.choice(lines)
        line[chance.randrange(len(line))] = chance.choice(odd)
        (folder / name).write_text("\n".join(",".join(line) for line in lines) + "\n", encoding="utf-8")
        found = stopping(policy, folder)
        if found:
            stopped += 1
            assert any(finding.severity == "error" for finding in found)
            assert all(finding.message("zh") and finding.message("en") for finding in found)
        (folder / name).write_text(GAOTAI[name], encoding="utf-8")
    assert _MUTANTS > stopped > _MUTANTS // 4


def stopping(policy: Policy, path: Path) -> tuple[Finding, ...]:
    """What stops a settlement; nothing where it comes to its figures."""
    try:
        figures(policy, path)
    except FindingsError as error:
        return error.findings
    return ()


_MUTANTS = 120


def test_a_county_of_four_hundred_institutions_is_taken_in_seconds(tmp_path: Path) -> None:
    codes = [f"C{number:04d}" for number in range(400)]
    roster = "机构编码,机构名称,所属医共体,是否牵头\n" + "".join(
        f"{code},机构{code},{'甲医共体' if at % 2 else '乙医共体'},{'是' if at < 2 else '否'}\n"
        for at, code in enumerate(codes)
    )
    months = "结算年月,机构编码,险种,扣保证金,实拨\n" + "".join(
        f"2026{month:02d},{code},{insurance},0.03,1.01\n"
        for month in range(1, 13)
        for code in codes
        for insurance in (310, 390)
    )
    folder = written(tmp_path / "bureau", {"机构名录.csv": roster, "月度结算.csv": months})
    begun = time.perf_counter()
    found = figures(open_policy("gaotai"), folder)
    assert time.perf_counter() - begun < 10
    # 200 institutions, 12 months
    assert found["医共体", "甲医共体", "职工", "2026", "paid"][0] == "2424.00"
    assert found["医共体", "乙医共体", "居民", "2026", "deposit_withheld"][0] == "72.00"


def test_rows_of_claims_and_months_may_name_the_member_by_its_code(tmp_path: Path) -> None:
    policy = open_policy("gaotai")
    claims = (
        "单位,年度,险种,统筹基金支付,费用类别\nH001,2026,居民,30,日间手术\n县人民医院医共体,2026,居民,20,日间手术\n"
    )
    claims += "巷道镇卫生院,2026,居民,7,日间手术\nH201,2026,居民,4,日间手术\n"
    units = "名称,险种,年度总额预算\n县人民医院医共体,居民,100\n县中医医院医共体,居民,100\n"
    months = "单位,月份,险种,实拨\nH103,2026-06,居民,1\nH103,2026-07,居民,2\n"
    folder = written(tmp_path / "bureau", {
        "案.yaml": "年度: 2026\n", "机构名录.csv": ROSTER, "明细.csv": claims, "月度.csv": months, "医共体.csv": units,
        "非医共体机构.csv": "名称,险种,年度总额预算\nH201,居民,100\n",
    })  # fmt: skip
    found = figures(policy, folder)
    cleared = {key[1]: value[0] for key, value in found.items() if key[4] == "cleared"}
    assert cleared == {"县人民医院医共体": "57.00", "县中医医院医共体": "0.00", "县妇幼保健院": "4.00"}
    paid = {key[1]: value[0] for key, value in found.items() if key[4] == "paid"}
    assert paid == {"县人民医院医共体": "1.00", "县中医医院医共体": "2.00", "县妇幼保健院": "0.00"}


def test_a_receipt_tells_when_the_description_of_sheets_changed(tmp_path: Path) -> None:
    files = {
        "rules.policy": "方案 sample 「试」\n  施行 2026-01-01 起\n数据 医共体\n  年度清算总额\n事项 数据有误 对 医共体\n"
        "环节 年终清算\n  对 医共体:\n    合成额 = 年度清算总额\n      除非 数据有误: 0元\n",
        "workbook.toml": '[[event]]\nname = "有误"\nto = ["数据有误"]\n',
    }
    data = tmp_path / "data.yaml"
    data.write_text(
        "年度: 2026\n医共体: [{名称: 甲, 年度清算总额: 10}]\n特殊情形: [{年度: 2026, 对象: 甲, 类型: 有误}]\n",
        encoding="utf-8",
    )
    policy = str(written(tmp_path / "sample", files))
    digests = [bind_data(open_policy(policy), read_data(data)).digest for _ in range(2)]
    written(tmp_path / "sample", {"workbook.toml": files["workbook.toml"] + "# \n"})
    digests.append(bind_data(open_policy(policy), read_data(data)).digest)
    assert digests[0] == digests[1] != digests[2]


def test_a_sheet_of_which_the_scheme_has_no_use_changes_nothing_and_is_told(tmp_path: Path) -> None:
    policy = open_policy("gaotai")
    shares = "年度,参保人总费用,异地费用\n2025,400,100\n2026,400,100\n"
    plain, more = written(tmp_path / "plain", GAOTAI), written(tmp_path / "more", {**GAOTAI, "异地与占比.csv": shares})
    assert figures(policy, plain) == figures(policy, more)
    names = [f.values["names"] for f in told(policy, more) if f.code == "D152" and f.values["sheet"] == "异地与占比"]
    assert names == ["参保人总费用、异地费用"]
