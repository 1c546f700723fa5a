"""A user's copy of a document: its clauses are found whatever its layout, compared by digest, and kept to be quoted."""

import json
import os
import re
import shutil
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from office_files import archive, archive_of_many, listed, pdf_file, word_file, word_lists

from engine.check.clauses import citations
from engine.doors.command import cli
from engine.load import pdf
from engine.load.attach import attached_clause, compare, data_folder, digests_of
from engine.load.clauses_of import clauses_of
from engine.load.document import Line, read_document
from engine.load.folded import digest_of, folded
from engine.load.numerals import chinese_numeral, numeral_value
from engine.load.policy import load_policy
from engine.load.source import SourceIndex, read_index
from engine.load.stamp import stamped
from grammar.diagnostic import FindingsError

ROOT = Path(__file__).resolve().parent.parent
DOCUMENTS = ROOT / "tests" / "documents"
PLAIN, PAGE, POLICY = DOCUMENTS / "qingxi.md", DOCUMENTS / "qingxi_page.txt", DOCUMENTS / "qingxi"
TITLE = "青溪县医疗服务共同体基金包干办法"
REAL = ("gaotai", "yunxian", "guangdong", "jilin")


@pytest.fixture(autouse=True)
def _own_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))


def index(policy: str = str(POLICY)) -> SourceIndex:
    folder = load_policy(policy).folder
    found = read_index(folder, folder.name)
    assert found is not None
    return found


def attach(*words: str | Path, name: str | Path = POLICY) -> Result:
    return CliRunner().invoke(cli, ["source", "attach", str(name), *map(str, words)])


def told(result: Result) -> dict[str, object]:
    form: dict[str, object] = json.loads(result.stdout)
    return form


def codes(result: Result) -> list[str]:
    return [finding["code"] for finding in json.loads(result.stdout)["findings"]]


def states(result: Result) -> dict[str, str]:
    return {clause["locator"]: clause["state"] for clause in json.loads(result.stdout)["clauses"]}


def lines_of(*texts: str) -> Sequence[Line]:
    return [Line(text, number) for number, text in enumerate(texts, start=1)]


def locators(*texts: str, title: str = "") -> list[str]:
    return [clause.locator for clause in clauses_of(lines_of(*texts), title)]


def copy_with(path: Path, **changes: tuple[str, str]) -> Path:
    text = PLAIN.read_text(encoding="utf-8")
    for before, after in changes.values():
        assert before in text
        text = text.replace(before, after)
    path.write_text(text, encoding="utf-8")
    return path


# ---- finding clauses


def test_every_number_of_a_document_gives_a_locator() -> None:
    found = [clause.locator for clause in clauses_of(read_document(PLAIN), TITLE)]
    assert " ".join(found) == (
        "印发通知 首段 一 二 二(一) 二(二) 二(二)1 二(二)2 二(二)〔第二处〕 三 三① 三② 三③ 四 四(一) 四(一)一 四(一)二 四(二) 四(二)1 "
        "四(二)2 末段"
    )


def test_a_sentence_that_a_page_broke_is_whole_again() -> None:
    words = {clause.locator: clause.words for clause in clauses_of(read_document(PLAIN), TITLE)}
    assert words["二(二)2"].endswith("由一级、二、三级医院按实际人次分。")
    assert words["二(二)〔第二处〕"] == "例外。遇到大水大旱，由县里另行商定，不受前款约束。"


def test_a_heading_on_its_own_line_is_no_part_of_the_words() -> None:
    (clause,) = [clause for clause in clauses_of(read_document(PLAIN), TITLE) if clause.locator == "三"]
    assert (clause.label, clause.heading, clause.words) == (
        "三、",
        "年终结账",
        "年终结账分三步：算差额、分差额、付清。",
    )


@pytest.mark.parametrize(
    ("texts", "found"),
    [
        (["一、甲", "（一）乙。", "1.丙。", "（1）丁。", "①戊。", "2.己。"], ["一", "一(一)", "一(一)1", "一(一)1(1)", "一(一)1(1)①", "一(一)2"]),
        (["一、甲", "①乙。", "②丙。", "二、丁", "①戊。"], ["一", "一①", "一②", "二", "二①"]),
        (["一、甲。", "二、乙。", "二、丙。", "三、丁。"], ["一", "二", "二〔第二处〕", "三"]),
        (["一、甲", "(一)乙。", "(一)丙。", "(一)丁。"], ["一", "一(一)", "一(一)〔第二处〕", "一(一)〔第三处〕"]),
        (["## 一、甲", "**（一）乙。**丙。", "> 1\\. 丁。"], ["一", "一(一)", "一(一)1"]),
        (["一、甲", "⒈乙。", "⒉丙。", "㈠丁。"], ["一", "一1", "一2", "一(一)"]),
        (["⼀、甲。", "⼆、乙。"], ["一", "二"]),
        (["九、甲。", "十、乙。", "一、丙。", "十一、丁。", "二十二、戊。"], ["一", "十一", "二十二"]),
        (["一、甲。", "1.5倍的，照付。", "2026.1月起。"], ["一"]),
        (["一、共有", "二、三级医院各一家。"], ["一"]),
        (["一、按照上面所说，凡是属于第", "五、六条的都算。"], ["一"]),
        (["一、要点：一是甲；二是乙；三是丙。"], ["一", "一一", "一二", "一三"]),
        (["一、只说一是一，不说二。", "二、他说二是二，三是三。"], ["一", "二"]),
        (["目录", "一、甲……………… 1", "二、乙\t2", "一、甲", "二、乙"], ["一", "二"]),
        (["（一）甲。", "（二）乙。"], ["(一)", "(二)"]),
        (["没有编号的一段话。"], []),
        (["一、甲。", "附件：1.乙", "2.丙", "某局", "附件1", "一、丁。", "附件2：", "戊"], ["一", "附件1", "附件2"]),
    ],
)  # fmt: skip
def test_numbers_nest_by_their_kind(texts: list[str], found: list[str]) -> None:
    assert locators(*texts) == found


def test_what_stands_around_the_text_on_a_page_is_no_part_of_it() -> None:
    found = {clause.locator: clause.words for clause in clauses_of(read_document(PAGE), TITLE)}
    assert "〔第三处〕" not in "".join(found)
    assert found["末段"].endswith("以本办法为准。")
    assert "一〔第二处〕" not in found


def test_a_signature_and_a_date_are_no_part_of_the_last_clause() -> None:
    last = clauses_of(
        lines_of("一、甲。", "二、各单位照办。", "青溪县卫生局 青溪县医疗保障局", "2031年3月9日", "（此件公开发布）")
    )[-1]
    assert (last.locator, last.words) == ("二", "各单位照办。")


def test_a_last_paragraph_is_its_own_only_where_it_says_when_the_document_takes_effect() -> None:
    assert locators("一、甲。", "二、乙。", "本县自筹的钱另算。") == ["一", "二"]
    assert locators("一、甲。", "二、乙。", "本通知自印发之日起施行。") == ["一", "二", "末段"]
    assert locators("一、甲", "本办法由县医保局解释。") == ["一"]
    assert locators("一、甲。", "二、本通知自印发之日起施行。") == ["一", "二"]


def test_the_same_title_again_below_the_text_does_not_hide_the_text() -> None:
    assert locators("办法", "为了把甲做好，订立这个办法。", "一、乙。", "相关链接：", "办法", title="办法") == [
        "首段",
        "一",
    ]


@pytest.mark.parametrize("number", range(1, 100))
def test_numerals_read_back(number: int) -> None:
    assert numeral_value(chinese_numeral(number)) == number


@pytest.mark.parametrize("text", ["", "十十", "二三", "零", "百", "٣", "1234"])
def test_what_is_no_numeral_has_no_value(text: str) -> None:
    assert numeral_value(text) is None


# ---- digests


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("留用 30％，其余退回。", "**留用30%,其余退回.**"),
        ("# “甲”（乙）：丙；丁", '"甲"(乙):丙;丁'),
        ("甲－乙", "甲-乙"),
        ("〔2025〕１号", "[2025]1号"),
        ("上一行\n　　下一行", "上一行下一行"),
        ("⼀⽉", "一月"),
    ],
)
def test_layout_and_width_change_no_digest(one: str, other: str) -> None:
    assert digest_of(one) == digest_of(other)


@pytest.mark.parametrize(
    ("one", "other"), [("30%", "31%"), ("①", "1"), ("以上", "以下"), ("甲、乙", "甲乙"), ("不超过", "超过")]
)
def test_other_words_have_another_digest(one: str, other: str) -> None:
    assert digest_of(one) != digest_of(other)


def test_a_digest_is_that_of_the_folded_text() -> None:
    assert folded(" ５％ ，\n**含** ") == "5%,含"
    assert digest_of(" 甲*") == "sha256:33e3580c093111e1c4cac922872c40371f7896bb3fa4e23be5840bd1834fc622"


def word_copy() -> bytes:
    """The document as Word holds it: 一、 and （一） written by Word, a deleted phrase, a table, soft hyphens."""
    levels = {0: ("chineseCounting", "%1、"), 1: ("chineseCountingThousand", "（%2）"), 2: ("decimal", "%3.")}
    paragraphs = []
    for line in read_document(PLAIN):
        text = line.text.replace("*", "").lstrip("# ")
        if text.startswith(("一、目的", "二、包", "三、", "四、")):
            paragraphs.append(listed(text.partition("、")[2], 0))
        elif text == "(试用本)":
            paragraphs.append("<w:p><w:del><w:r><w:t>一、删去的一条。</w:t></w:r></w:del></w:p>")
        elif text.startswith("③"):
            paragraphs.append(
                f"<w:tbl><w:tr><w:tc><w:p><w:r><w:t>③</w:t></w:r><w:r><w:t>{text[1:4]}\u00ad{text[4:]}</w:t></w:r></w:p></w:tc></w:tr></w:tbl>"
            )
        else:
            paragraphs.append(text)
    return word_file(paragraphs, word_lists(levels))


def pdf_copy() -> bytes:
    """The document as a PDF: lines of one width, page after page, a page head and a page number on each."""
    wrapped = []
    for line in read_document(PLAIN):
        text = line.text.replace("*", "").lstrip("# ")
        if not text.startswith("- "):
            wrapped += [text[at : at + 32] for at in range(0, len(text), 32)]
    pages = [wrapped[at : at + 12] for at in range(0, len(wrapped), 12)]
    return pdf_file([["青溪县文件", *page, f"— {number} —"] for number, page in enumerate(pages, start=1)])


@pytest.mark.parametrize("name", ["copy.docx", "copy.txt", "copy.pdf", "utf16.txt", "gb18030.md"])
def test_every_form_of_a_document_has_the_same_digests(name: str, tmp_path: Path) -> None:
    text = PAGE.read_text(encoding="utf-8")
    path = tmp_path / name
    if name == "copy.pdf":
        pytest.importorskip("pypdf", reason="pypdf, which reads PDF files, is not installed here")
    forms: dict[str, Callable[[], bytes]] = {
        "copy.docx": word_copy,
        "copy.pdf": pdf_copy,
        "copy.txt": lambda: text.replace("\n", "\r\n\x0c").encode(),
        "utf16.txt": lambda: text.encode("utf-16"),
        "gb18030.md": lambda: text.encode("gb18030"),
    }
    path.write_bytes(forms[name]())
    indexed = {clause.locator: clause.digest for clause in index().clauses}
    assert len(set(indexed.values())) == len(indexed)
    assert digests_of(index(), read_document(path)) == indexed


def test_word_counts_its_lists_by_level_and_by_style(tmp_path: Path) -> None:
    path = tmp_path / "copy.docx"
    styled = '<w:p><w:pPr><w:pStyle w:val="Head{}"/></w:pPr><w:r><w:t>{}</w:t></w:r></w:p>'
    paragraphs = [
        styled.format("", "甲"),
        listed("乙。", 1),
        listed("丙。", 1),
        styled.format("Below", "丁"),
        listed("戊。", 1),
    ]
    levels = {0: ("japaneseCounting", "%1、"), 1: ("decimalEnclosedCircle", "%2")}
    path.write_bytes(word_file(paragraphs, word_lists(levels, "Head")))
    assert [line.text for line in read_document(path)] == ["一、甲", "①乙。", "②丙。", "二、丁", "①戊。"]


def test_what_word_shows_once_is_read_once(tmp_path: Path) -> None:
    inner = "<w:r><w:txbxContent><w:p><w:r><w:t>框里</w:t></w:r></w:p></w:txbxContent></w:r>"
    outer = "<w:r><w:t>框外</w:t></w:r>"
    alternate = '<m:AlternateContent xmlns:m="http://schemas.openxmlformats.org/markup-compatibility/2006">'
    path = tmp_path / "copy.docx"
    paragraphs = [
        f"<w:p>{alternate}<m:Choice>{inner}</m:Choice><m:Fallback>{inner}</m:Fallback></m:AlternateContent>{outer}</w:p>",
        "<w:p><w:moveFrom><w:r><w:t>移走</w:t></w:r></w:moveFrom><w:ins><w:r><w:t>一</w:t><w:br/><w:t>二</w:t></w:r></w:ins></w:p>",
        listed("", 0),
        listed("第二个", 0),
    ]
    path.write_bytes(word_file(paragraphs, word_lists({0: ("decimal", "%1.")})))
    assert [line.text for line in read_document(path)] == ["框里", "框外", "一", "二", "2.第二个"]


# ---- comparing


@pytest.mark.parametrize("path", [PLAIN, PAGE])
def test_a_copy_of_the_document_is_the_same_clause_by_clause(path: Path) -> None:
    result = attach(path, "--format", "json")
    assert result.exit_code == 0
    assert set(states(result).values()) == {"same"}
    assert codes(result) == []
    assert told(result)["counts"] == {"same": 16, "changed": 0, "found": 0, "missing": 0, "new": 0}


def test_a_changed_clause_is_told_and_the_copy_kept(tmp_path: Path) -> None:
    copy = copy_with(tmp_path / "copy.md", one=("８％", "９％"))
    result = attach(copy, "--format", "json")
    assert result.exit_code == 0
    assert codes(result) == ["S112"]
    assert {locator for locator, state in states(result).items() if state != "same"} == {"三②"}
    assert "９％" in str(attached_clause("qingxi", "三②"))


def test_a_missing_clause_that_rules_cite_is_an_error_and_nothing_is_kept(tmp_path: Path) -> None:
    copy = copy_with(tmp_path / "copy.md", one=("③透支由医疗服务共同体自己承担一半。\n", ""))
    result = attach(copy, "--format", "json")
    assert result.exit_code == 1
    assert codes(result) == ["S110"]
    assert told(result)["kept"] is None
    assert attached_clause("qingxi", "三②") is None


def test_a_missing_clause_that_no_rule_cites_is_a_warning(tmp_path: Path) -> None:
    copy = copy_with(tmp_path / "copy.md", one=("，二是每年请人查一次账", ""))
    result = attach(copy, "--format", "json")
    assert result.exit_code == 0
    assert codes(result) == ["S111", "S111", "S113"]


def test_a_clause_beyond_the_index_is_noted(tmp_path: Path) -> None:
    copy = copy_with(tmp_path / "copy.md", one=("本办法自", "（三）奖励。办得好的给奖。\n\n本办法自"))
    result = attach(copy, "--format", "json")
    assert (result.exit_code, codes(result)) == (0, ["S113"])
    assert states(result)["四(三)"] == "new"


def test_what_is_below_an_entry_without_entries_of_its_own_belongs_to_it(tmp_path: Path) -> None:
    copy = copy_with(tmp_path / "copy.md", one=("每天加付万分之五", "每天加付万分之六"))
    assert {k for k, v in states(attach(copy, "--format", "json")).items() if v == "changed"} == {"四(二)"}


def test_a_clause_whose_number_moved_is_told_where_it_stands_now(tmp_path: Path) -> None:
    copy = copy_with(tmp_path / "copy.md", one=("③透支", "④透支"), two=("②剩余", "③剩余"))
    result = attach(copy)
    assert result.exit_code == 1
    assert "原来的文字现在是“三③”" in result.stderr
    assert "now stand under `三④`" in attach(copy, "--lang", "en").stderr


def test_another_document_is_told_to_be_another_and_is_not_kept(tmp_path: Path) -> None:
    other = tmp_path / "other.txt"
    other.write_text("另外的办法\n一、甲。\n二、乙\n（一）丙。\n末了。\n", encoding="utf-8")
    result = attach(other, "--format", "json")
    assert (result.exit_code, codes(result)) == (1, ["S116"])
    assert not data_folder().exists()


def test_a_document_without_its_title_is_told_so(tmp_path: Path) -> None:
    copy = tmp_path / "copy.md"
    copy.write_text(PLAIN.read_text(encoding="utf-8").replace(TITLE, "本县办法"), encoding="utf-8")
    assert "S109" in codes(attach(copy, "--format", "json"))


def test_the_summary_speaks_both_languages() -> None:
    assert "相同 16 条；规则引用的 7 条找到 7 条" in attach(PLAIN).stdout
    assert "unchanged 16; of 7 clauses that rules cite, 7 are there" in attach(PLAIN, "--lang", "en").stdout


def test_a_policy_without_an_index_has_nothing_to_compare_with(tmp_path: Path) -> None:
    (tmp_path / "sample").mkdir()
    (tmp_path / "sample" / "rules.policy").write_text("方案 sample 「试」\n  施行 2026-01-01 起\n", encoding="utf-8")
    result = attach(PLAIN, "--format", "json", name=tmp_path / "sample")
    assert (result.exit_code, codes(result)) == (1, ["S114"])


def test_a_policy_or_a_file_that_is_not_there_is_wrong_usage(tmp_path: Path) -> None:
    assert attach(PLAIN, name="nowhere").exit_code == 2
    assert attach(tmp_path / "nothing.txt").exit_code == 2
    assert attach("x" * 5000).exit_code == 2


# ---- what is kept


def test_the_texts_are_kept_for_the_user_alone_and_outside_the_policies() -> None:
    before = {path: path.read_bytes() for path in DOCUMENTS.rglob("*") if path.is_file()}
    kept = Path(str(told(attach(PLAIN, "--format", "json"))["kept"]))
    assert kept == data_folder() / "qingxi.json"
    assert kept.stat().st_mode & 0o077 == 0
    assert {path: path.read_bytes() for path in DOCUMENTS.rglob("*") if path.is_file()} == before
    assert [path.name for path in kept.parent.iterdir()] == ["qingxi.json"]


def test_a_clause_is_quoted_by_its_locator_however_that_is_spelled() -> None:
    assert attach(PLAIN).exit_code == 0
    words = "算法。包干数等于上一年参保人数乘以每人 300 元。"
    assert [attached_clause("qingxi", locator) for locator in ("二(一)", "二（一）", " 二 (一)")] == [words] * 3
    assert attached_clause("qingxi", "三 首段") == "年终结账分三步：算差额、分差额、付清。"
    assert str(attached_clause("qingxi", "四(二)")).startswith("责任\n1.虚报人数。")
    assert attached_clause("qingxi", "九") is None
    assert attached_clause("gaotai", "二(一)") is None


def test_a_copy_attached_anew_takes_the_place_of_the_old_one(tmp_path: Path) -> None:
    assert attach(PLAIN).exit_code == 0
    assert "300" in str(attached_clause("qingxi", "二(一)"))
    assert attach(copy_with(tmp_path / "copy.md", one=("300", "4000"))).exit_code == 0
    assert "4000" in str(attached_clause("qingxi", "二(一)"))


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"clauses": [1]}', '{"clauses": {"一": "甲"}}', "[" * 100_000, "\xff"]
)
def test_a_kept_file_that_someone_broke_holds_no_clause(text: str) -> None:
    data_folder().mkdir(parents=True)
    (data_folder() / "qingxi.json").write_bytes(text.encode("latin-1") if text == "\xff" else text.encode())
    assert attached_clause("qingxi", "一") is None


def test_where_nothing_can_be_written_the_command_says_so(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file where the folder should be", encoding="utf-8")
    result = attach(PLAIN, "--format", "json")
    assert (result.exit_code, codes(result)) == (1, ["S115"])


def test_a_failure_while_writing_leaves_the_old_copy_and_no_other(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert attach(PLAIN).exit_code == 0

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    assert attach(copy_with(tmp_path / "copy.md", one=("300", "4000"))).exit_code == 1
    assert [path.name for path in data_folder().iterdir()] == ["qingxi.json"]
    assert "300" in str(attached_clause("qingxi", "二(一)"))


def test_a_relative_data_folder_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", "here")
    monkeypatch.setenv("HOME", "/home/someone")
    assert data_folder() == Path("/home/someone/.local/share/xiance")


# ---- files from unknown hands


def refusal(path: Path) -> list[str]:
    with pytest.raises(FindingsError) as caught:
        read_document(path)
    return [finding.code for finding in caught.value.findings]


_ENTITIES = '<!DOCTYPE x [<!ENTITY a "一、甲。"><!ENTITY b SYSTEM "file:///etc/hostname">]><w:document xmlns:w="w">&a;&b;</w:document>'


@pytest.mark.parametrize(
    ("name", "data", "code"),
    [
        ("bomb.docx", lambda: archive({"word/document.xml": b"<a>" + b" " * (40 << 20)}), "S104"),
        ("many.docx", lambda: archive_of_many(200_000), "S104"),
        ("entities.docx", lambda: archive({"word/document.xml": _ENTITIES}), "S105"),
        ("entities_in_styles.docx", lambda: word_file(["一、甲。"], {"word/styles.xml": _ENTITIES}), "S105"),
        ("book.docx", lambda: archive({"xl/workbook.xml": "<a/>"}), "S103"),
        ("broken.docx", lambda: archive({"word/document.xml": "<a><b></a>"}), "S103"),
        ("cut.docx", lambda: word_file(["一、甲。"])[:-30], "S103"),
        ("flipped.docx", lambda: bytes(b ^ 0x55 if at > 60 and at < 90 else b for at, b in enumerate(word_file(["一、甲。"]))), "S103"),
        ("empty.docx", lambda: word_file([" "]), "S107"),
        ("old.doc", lambda: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "S101"),
        ("locked.docx", lambda: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "S101"),
        ("page.html", lambda: b"<p>" + "一、甲。</p>".encode(), "S101"),
        ("noise.bin", lambda: bytes(range(256)) * 40, "S101"),
        ("noise.txt", lambda: bytes(range(128, 256)) * 40, "D001"),
        ("nulls.txt", lambda: bytes(100), "D002"),
        ("empty.txt", lambda: b"", "S107"),
        ("blank.md", lambda: b"\n \n", "S107"),
        ("long.txt", lambda: b"a\n" * 100_001, "S102"),
    ],
)  # fmt: skip
def test_a_file_that_is_no_document_is_told_what_it_is(
    name: str, data: Callable[[], bytes], code: str, tmp_path: Path
) -> None:
    path = tmp_path / name
    path.write_bytes(data())
    assert set(refusal(path)) == {code}
    result = attach(path)
    assert result.exit_code == 1
    assert f"[{code}]" in result.stderr


def test_a_huge_file_is_not_read_to_its_end(tmp_path: Path) -> None:
    path = tmp_path / "huge.txt"
    path.touch()
    os.truncate(path, 1 << 40)
    assert refusal(path) == ["S102"]


def test_a_folder_or_a_pipe_is_no_document(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.txt")
    assert refusal(tmp_path / "pipe.txt") == ["D004"]
    assert refusal(tmp_path) == ["D004"]


def test_a_document_without_numbers_has_no_clauses(tmp_path: Path) -> None:
    path = tmp_path / "letter.txt"
    path.write_text("一封信，没有编号。\n", encoding="utf-8")
    assert codes(attach(path, "--format", "json")) == ["S108"]


def test_a_pdf_without_its_reader_tells_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "copy.pdf"
    path.write_bytes(pdf_copy())
    monkeypatch.setattr(pdf, "find_spec", lambda _: None)
    result = attach(path)
    assert result.exit_code == 1
    assert "[S106]" in result.stderr
    assert "pip install 'xiance[documents]'" in result.stderr


@pytest.mark.parametrize("data", [b"%PDF-1.7\n" + bytes(range(256)) * 20, b"%PDF-", pdf_copy()[:900]])
def test_a_broken_pdf_is_told_to_be_broken(data: bytes, tmp_path: Path) -> None:
    pytest.importorskip("pypdf", reason="pypdf, which reads PDF files, is not installed here")
    (tmp_path / "copy.pdf").write_bytes(data)
    assert set(refusal(tmp_path / "copy.pdf")) <= {"S103", "S107"}


def test_a_scanned_pdf_is_told_to_hold_no_text(tmp_path: Path) -> None:
    pytest.importorskip("pypdf", reason="pypdf, which reads PDF files, is not installed here")
    (tmp_path / "copy.pdf").write_bytes(pdf_file([[], []]))
    assert refusal(tmp_path / "copy.pdf") == ["S107"]


@pytest.mark.parametrize(
    "texts",
    [
        ["一、" + "…" * 300_000],
        ["一、" + "局" * 200_000, "局" * 90 + "x"],
        ["一、甲。", *["局" * 99] * 8_000],
        ["一、甲", *["（一）乙，"] * 20_000],
        ["办法"] * 30_000 + ["一、甲。"],
        ["一、甲", *["丙丁，"] * 40_000],
        ["一、" + "一是甲，" * 100_000],
        [" " * 500_000 + "一、甲。"],
        ["附件：" * 50_000, "一、甲。"],
    ],
    ids=range(9),
)
def test_a_text_made_to_take_long_does_not(texts: list[str]) -> None:
    begin = time.perf_counter()
    compare(index(), ["一"], lines_of(*texts), "copy.txt")
    assert time.perf_counter() - begin < 20


# ---- writing an index


def test_digests_are_written_into_an_index_and_nothing_else_changes(tmp_path: Path) -> None:
    folder = tmp_path / "qingxi"
    shutil.copytree(POLICY, folder)
    path = folder / "source.yaml"
    full = path.read_text(encoding="utf-8")
    lines = [line for line in full.split("\n") if not line.startswith("    指纹")]
    bare = "\n".join(
        line.partition(", 指纹:")[0] + ("}" + line.partition("}")[2] if ", 指纹:" in line else "") for line in lines
    )
    assert "指纹:" not in bare
    path.write_text(bare, encoding="utf-8")
    for _ in range(2):
        result = CliRunner().invoke(cli, ["source", "digest", str(folder), str(PAGE), "--write"])
        assert result.exit_code == 0
        assert sorted(path.read_text(encoding="utf-8").split("\n")) == sorted(full.split("\n"))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("- {条: 一, 作用: [计算]}", "- {条: 一, 作用: [计算], 指纹: 新}"),
        ("- {条: 一, 指纹: 旧, 作用: [计算]} # 注", "- {条: 一, 指纹: 新, 作用: [计算]} # 注"),
        ('- {条: "一", 指纹: "旧"}', '- {条: "一", 指纹: "新"}'),
        ("- {条: 一,\n   作用: [计算]}  # }", "- {条: 一,\n   作用: [计算], 指纹: 新}  # }"),
        ("- 条: 一\n  作用: [计算]", "- 条: 一\n  指纹: 新\n  作用: [计算]"),
        ("- 条: 一\n  指纹:\n  作用: [计算]", "- 条: 一\n  指纹: 新\n  作用: [计算]"),
        ("- {条: 二}", "- {条: 二}"),
    ],
)
def test_a_digest_finds_its_place_however_the_entry_is_written(before: str, after: str) -> None:
    assert stamped(f"条款:\n{before}\n", {"一": "新"}, "x") == f"条款:\n{after}\n"


# ---- the four documents, where copies of them are


def real_copy(policy: str) -> Path:
    """The copy of a policy's document, known by the title in it."""
    folder = os.environ.get("XIANCE_DOCUMENTS", "")
    if not folder or not Path(folder).is_dir():
        pytest.skip("no copies of the four documents here: XIANCE_DOCUMENTS names no folder")
    wanted = folded(index(policy).title)
    # A document bears its title at its head; another may name it further down.
    found = [
        path for path in sorted(Path(folder).iterdir()) if wanted in folded(path.read_text(encoding="utf-8"))[:300]
    ]
    assert len(found) == 1, f"{policy}: {len(found)} copies in XIANCE_DOCUMENTS"
    return found[0]


@pytest.mark.parametrize("policy", REAL)
def test_every_clause_that_rules_cite_stands_in_the_document(policy: str) -> None:
    path = real_copy(policy)
    cited = {x.text for cite in citations(load_policy(policy).own.document) for x in (*cite.locators, *cite.before)}
    comparison = compare(index(policy), sorted(cited), read_document(path), path.name)
    assert len(cited) > 5
    assert [clause.locator for clause in comparison.clauses if clause.state not in {"same", "new"}] == []
    assert attach(path, name=policy).exit_code == 0


@pytest.mark.parametrize("policy", REAL)
def test_every_clause_of_the_index_has_a_digest(policy: str) -> None:
    assert [clause.locator for clause in index(policy).clauses if not clause.digest.startswith("sha256:")] == []


@pytest.mark.parametrize("policy", REAL)
def test_the_index_leaves_out_nothing_that_the_document_numbers(policy: str) -> None:
    path = real_copy(policy)
    comparison = compare(index(policy), (), read_document(path), path.name)
    assert [clause.locator for clause in comparison.clauses if clause.state == "new"] in ([], ["首段"])


@pytest.mark.parametrize("policy", REAL)
def test_no_sentence_of_the_document_stands_in_the_project(policy: str) -> None:
    clauses = clauses_of(read_document(real_copy(policy)), index(policy).title)
    sentences = {folded(part) for clause in clauses for part in re.split("[。；;]", clause.words)}
    sentences = {sentence for sentence in sentences if len(sentence) >= 12}
    assert len(sentences) > 20
    for name in ("engine", "grammar", "policies", "tests", "docs", "benchmarks"):
        for path in (ROOT / name).rglob("*.*"):
            if path.suffix in {".py", ".policy", ".yaml", ".md", ".txt", ".toml", ".tsv", ".j2", ".csv"}:
                text = folded(path.read_text(encoding="utf-8"))
                assert [sentence for sentence in sentences if sentence in text] == [], path
