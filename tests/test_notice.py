"""The notice of settlement: what it says and in which order, its capitals, its two forms."""

import io
import re
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pytest

from engine.doors.notice_form import notice_docx
from engine.explain.capitals import capitals
from engine.explain.notice import Notice, NoticeRow

ROOT = Path(__file__).resolve().parent.parent
XIANCE = str(Path(sys.executable).with_name("xiance"))
SAMPLE = ("--data", "policies/gaotai/sample.yaml")


def run(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([XIANCE, "notice", *words], capture_output=True, text=True, cwd=ROOT, check=False)


@pytest.mark.parametrize(
    ("fen", "words"),
    [
        (0, "零元整"),
        (1, "壹分"),
        (10, "壹角整"),
        (105, "壹元零伍分"),
        (110, "壹元壹角整"),
        (600500, "陆仟零伍元整"),
        (10000100, "壹拾万零壹元整"),
        (24382717, "贰拾肆万叁仟捌佰贰拾柒元壹角柒分"),
        (1200000000, "壹仟贰佰万元整"),
        (100000100, "壹佰万零壹元整"),
        (10000000001, "壹亿元零壹分"),
        (10001000100, "壹亿零壹万零壹元整"),
        (-360000000, "负叁佰陆拾万元整"),
    ],
)
def test_amounts_stand_in_capitals_as_cheques_write_them(fen: int, words: str) -> None:
    assert capitals(fen) == words


def test_the_notice_goes_basis_result_handling_money_open_matters_objections() -> None:
    text = run("gaotai", *SAMPLE, "--unit", "县妇幼保健院", "--insurance", "居民", "--days", "10").stdout
    parts = [
        "根据《高台县医保资金总额打包付费实施方案》（征求意见稿）",
        "一、清算结果。",
        "二、结余或超支的处理。",
        "三、资金拨付。",
        "四、未尽事项。",
        "五、异议。",
    ]
    assert [text.index(part) for part in parts] == sorted(text.index(part) for part in parts)
    assert "年度总额预算12,000,000.00元（壹仟贰佰万元整）" in text
    assert "结余率35%" in text
    assert "按照五（四）④，结余留用3,600,000.00元。" in text
    assert "保证金返还222,300.00元（按本次测算假设：保证金返还比例 95%）。" in text
    assert "应补拨3,822,300.00元（叁佰捌拾贰万贰仟叁佰元整）（按本次测算假设：保证金返还比例 95%）。" in text
    assert "收到本通知之日起10个工作日内" in text


def test_what_is_open_is_said_to_be_open_and_never_an_amount() -> None:
    text = run("gaotai", *SAMPLE, "--unit", "县中医医院医共体", "--insurance", "居民").stdout
    assert "基金分担还不能确定，待超支分担比例明确后另行通知。" in text
    assert "超支分担比例（五（四）①）文件没有规定或没有录入。" in text
    assert not re.search(r"基金分担\d", text.split("附件1")[0])


def test_every_settled_unit_gets_one_and_pools_none() -> None:
    text = run("gaotai", *SAMPLE).stdout
    assert text.count("# 关于2026年度医保基金清算结果的通知") == 10
    assert "异地就医：" not in text


def test_a_refused_unit_is_told_so_without_amounts() -> None:
    text = run(
        "guangdong", "--data", "policies/guangdong/sample.yaml", "--year", "2025", "--unit", "示例丙县医共体"
    ).stdout
    assert "没有通过准入，不予清算" in text
    assert "应补拨" not in text


def test_the_word_document_says_the_same_and_has_the_same_bytes_twice(tmp_path: Path) -> None:
    pytest.importorskip("docx", reason="python-docx, which writes Word files, is not installed here")
    files = [tmp_path / "a.docx", tmp_path / "b.docx"]
    for file in files:
        done = run("gaotai", *SAMPLE, "--format", "docx", "--out", str(file), "--unit", "县妇幼保健院")
        assert done.returncode == 0, done.stderr
    assert files[0].read_bytes() == files[1].read_bytes()
    with zipfile.ZipFile(files[0]) as archive:
        body = archive.read("word/document.xml").decode()
    said = re.sub("<[^>]+>", "", body)
    assert "结余留用3,600,000.00元" in said
    assert "年终清算表" in said


def test_notices_to_thousands_of_units_stand_in_one_document_in_order() -> None:
    docx = pytest.importorskip("docx", reason="python-docx, which writes Word files, is not installed here")
    notices = [
        Notice(
            f"通知 {n}", f"第{n}院：", ("一、<结果> & 处理。",) * 40, "附件1", ("项目", "金额", "依据条款", "备注"),
            (NoticeRow("结余", "1.00", "一", "甲\n乙"),), ("盖章",), "附件2", (),
        )
        for n in range(3000)
    ]  # fmt: skip
    before = time.process_time()
    data = notice_docx(notices)
    assert time.process_time() - before < 30
    body = zipfile.ZipFile(io.BytesIO(data)).read("word/document.xml").decode()
    assert re.findall("通知 ([0-9]+)<", body) == [str(n) for n in range(3000)]
    document = docx.Document(io.BytesIO(notice_docx(notices[:2])))
    assert [p.text for p in document.paragraphs][:3] == ["通知 0", "第0院：", "一、<结果> & 处理。"]
    cells = [[cell.text for cell in row.cells] for row in document.tables[1].rows]
    assert cells == [["项目", "金额", "依据条款", "备注"], ["结余", "1.00", "一", "甲\n乙"]]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("gaotai", *SAMPLE, "--format", "docx"), "--out"),
        (("gaotai", *SAMPLE, "--unit", "某医院"), "没有“某医院”这个单位"),
        (("gaotai", *SAMPLE, "--days", "十"), "--days"),
        (("yunxian", "--data", "policies/yunxian/sample.yaml"), "--year"),
        (("gaotai", *SAMPLE, "--year", "1999"), "数据里没有 1999 年，没有可以显示的数；数据里的年度有：2026"),
    ],
)
def test_wrong_usage_says_what_is_wanted(words: tuple[str, ...], said: str) -> None:
    done = run(*words)
    assert done.returncode == 2
    assert said in done.stderr


def test_the_english_notice_is_in_sentences_with_the_same_amounts() -> None:
    words = ("gaotai", "--data", "policies/gaotai/sample.yaml", "--unit", "县中医医院医共体", "--insurance", "居民")
    zh, en = run(*words).stdout, run(*words, "--lang", "en").stdout
    body = en.split("## Annex 1")[0]
    assert (
        "The share borne by the fund cannot be fixed yet; you will be told once this is settled: overspend share rate."
        in body
    )
    assert not re.search(r"[.:] [a-z][a-z ]*: [\d,]+\.\d\d yuan", body)
    amounts = [sorted(set(re.findall(r"\d[\d,]*\.\d\d", text))) for text in (zh, en)]
    assert amounts[0] == amounts[1]
