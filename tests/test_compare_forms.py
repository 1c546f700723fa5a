"""Comparison drawn and written: curves that turn where the rules turn, a page that reads by itself, a workbook of texts."""

import io
import json
import re
import shutil
import subprocess
import sys
import zipfile
from decimal import Decimal
from fractions import Fraction
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from python_calamine import CalamineWorkbook

from engine.api import Asked, SideBySide, open_policy, side_by_side
from engine.compare.curve import Curve
from engine.doors.compare_book import comparison_book
from engine.doors.compare_drawing import drawn_curves, waterfall
from engine.doors.compare_form import comparison_json
from engine.doors.compare_page import comparison_page
from engine.load.read import read_data
from engine.load.yaml_data import read_yaml
from engine.nouns.numbers import grouped, money_text
from grammar.diagnostic import Language

ROOT = Path(__file__).resolve().parent.parent
XIANCE = str(Path(sys.executable).with_name("xiance"))
FOUR = ("gaotai", "yunxian", "guangdong", "jilin")
SAMPLE = ROOT / "policies" / "gaotai" / "sample.yaml"
ONE = "年度: 2026\n险种: 居民\n医共体:\n  - {{名称: 县人民医院医共体, 年度总额预算: {budget}, 年度清算总额: {cleared}, 系统对接: 是{more}}}\n{rest}"


def run(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([XIANCE, "compare", *words], capture_output=True, text=True, cwd=ROOT, check=False)


def curves(names: tuple[str, ...], text: str | None = None) -> dict[str, Curve]:
    raw = read_yaml(text, "data.yaml") if text is not None else None
    told = side_by_side([open_policy(name) for name in names], "zh", raw, Asked(curve=True))
    assert not told.refused
    return {curve.scheme: curve for curve in told.curves}


def spans(curve: Curve) -> list[tuple[Fraction, Fraction, Fraction | None]]:
    return [(s.start, s.end, s.slope) for s in curve.segments]


@pytest.fixture(scope="module")
def sample() -> SideBySide:
    names = ("gaotai", "yunxian")
    return side_by_side([open_policy(n) for n in names], "zh", read_data(SAMPLE, "sample.yaml"), Asked(curve=True))


def test_gaotais_line_turns_at_exactly_seventy_and_a_hundred_per_cent() -> None:
    found = curves(FOUR)
    seventy, hundred, end = Fraction(7, 10), Fraction(1), Fraction(6, 5)
    assert spans(found["gaotai"]) == [
        (Fraction(3, 5), seventy, Fraction(0)), (seventy, hundred, Fraction(-1)), (hundred, end, Fraction(-2, 5)),
    ]  # fmt: skip
    assert [kink.x for kink in found["gaotai"].kinks] == [seventy, hundred]
    cap, zero = found["gaotai"].kinks
    assert (cap.words.zh, cap.citations) == ("结余等于留用上限", ("五(四)④",))
    assert cap.jump == 0
    assert {"五(四)④", "五(四)①"} <= set(zero.citations)
    assert spans(found["yunxian"]) == [(Fraction(3, 5), end, Fraction(-1))]
    assert (found["gaotai"].invented, found["gaotai"].scenario) == (True, "基金承担六成")


def test_what_is_open_is_left_out_and_said() -> None:
    found = curves(FOUR)
    assert [(s.slope, s.waits) for s in found["jilin"].segments] == [
        (None, ("结余留用比例",)),
        (None, ("超支分担比例",)),
    ]
    why = found["guangdong"].why
    assert why is not None
    assert "风险调节金比例" in why.zh
    shown = run("gaotai", "yunxian", "--data", str(SAMPLE), "--curve").stdout
    assert "100% 至 120%：未定，还缺超支分担比例" in shown


def test_kinks_stay_where_they_are_whatever_the_unit_reported() -> None:
    for budget, cleared in ((100, "99.37"), ("33333333.33", "41000000.01"), (7, 1)):
        text = ONE.format(budget=budget, cleared=cleared, more="", rest="假设: {超支分担比例: 60%}\n")
        found = curves(("gaotai", "yunxian"), text)["gaotai"]
        # The cap itself is rounded to the fen: the turn stands at that cap, not at the rate.
        size = round(Fraction(str(budget)) * 100)
        cap = (Fraction(size) * 3 / 10 + Fraction(1, 2)).__floor__()
        assert [kink.x for kink in found.kinks] == [Fraction(size - cap, size), 1]
        assert [s.slope for s in found.segments] == [0, -1, Fraction(-2, 5)]


def test_what_holds_for_one_cleared_amount_only_is_not_carried_along() -> None:
    more, rest = ", 特殊原因超支额: 2000000", "假设: {超支分担比例: 60%, 特殊超支分担比例: 80%}\n"
    found = curves(("gaotai", "yunxian"), ONE.format(budget="1亿元", cleared="1.1亿元", more=more, rest=rest))["gaotai"]
    assert found.left_out == ("特殊原因超支额",)
    assert [s.slope for s in found.segments] == [0, -1, Fraction(-2, 5)]


def test_a_cliff_is_told_with_its_height(tmp_path: Path) -> None:
    folder = tmp_path / "cliff"
    folder.mkdir()
    text = (
        (ROOT / "policies" / "gaotai" / "rules.policy").read_text(encoding="utf-8").replace("方案 gaotai", "方案 cliff")
    )
    old = "结余留用 = (余下, 最高 留用上限) × 考核系数           依据 五(四)④\n"
    new = "结余留用 = 结余 × 考核系数 依据 五(四)④\n        除非 结余 超过 留用上限: 结余 × 留用上限比例 × 考核系数 依据 五(四)④\n"
    assert old in text
    (folder / "rules.policy").write_text(text.replace(old, new), encoding="utf-8")
    found = curves((str(folder), "yunxian"))["cliff"]
    first = found.kinks[0]
    # Just above the cap 30 % of the surplus is kept, just below it all of it: 9 % of the budget, then 30 %.
    assert (first.x, first.jump) == (Fraction(7, 10), Fraction(21, 100))
    assert [s.slope for s in found.segments] == [Fraction(-3, 10), -1, Fraction(-2, 5)]


def test_every_point_of_a_line_is_what_a_settlement_gives() -> None:
    def settled(cleared: int) -> Fraction:
        rest = "假设: {超支分担比例: 60%}\n"
        raw = read_yaml(ONE.format(budget=1_000_000, cleared=cleared, more="", rest=rest), "data.yaml")
        told = side_by_side([open_policy("gaotai"), open_policy("yunxian")], "zh", raw)
        results = comparison_json(told, "zh")["results"]
        values = {
            r["id"]: Decimal(r["value"])
            for r in results
            if r["scheme"] == "gaotai" and r["id"] in {"retained", "provider_share"}
        }
        return Fraction(values["retained"] - values["provider_share"]) * 100

    found = curves(("gaotai", "yunxian"))["gaotai"]
    for cleared in (600_000, 650_000, 700_000, 812_345, 1_000_000, 1_133_330, 1_200_000):
        x = Fraction(cleared, 1_000_000)
        part = next(s for s in found.segments if s.start <= x <= s.end)
        assert part.slope is not None
        assert (part.first + part.slope * (x - part.start)) * 100_000_000 == settled(cleared)


def test_curves_are_exact_in_json() -> None:
    told: dict[str, Any] = json.loads(run("gaotai", "yunxian", "--curve", "--format", "json").stdout)
    first = told["curves"][0]
    assert [s["per_yuan_saved"] for s in first["segments"]] == ["0", "1", "0.4"]
    assert [(k["x"], k["jump"]) for k in first["kinks"]] == [("0.7", "0"), ("1", "0")]
    assert "curves" not in json.loads(run("gaotai", "yunxian", "--format", "json").stdout)


class Page(HTMLParser):
    """What a page is made of: its tags with what they say, its texts."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """A tag with what it says."""
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        """A piece of text."""
        self.texts.append(data)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_page_asks_nothing_of_the_network_and_runs_nothing(sample: SideBySide, language: Language) -> None:
    page = Page(comparison_page(sample, language))
    assert {"script", "link", "img", "iframe", "object"}.isdisjoint(tag for tag, _ in page.tags)
    policy = next(
        a["content"] for t, a in page.tags if t == "meta" and a.get("http-equiv") == "Content-Security-Policy"
    )
    assert policy == "default-src 'none'; style-src 'unsafe-inline'"
    assert not any(name in {"src", "href", "action"} or name.startswith("on") for _, a in page.tags for name in a)


def test_every_cell_says_its_state_in_words(sample: SideBySide) -> None:
    text = comparison_page(sample, "zh")
    said = re.findall(r'<span class="state (\w+)">([^<]+)</span>', text)
    assert len(said) == sum(len(cells) for _, cells in sample.matrix)
    assert set(said) <= {("stated", "明确规定"), ("referred", "援引"), ("open", "未规定"), ("not_applicable", "不适用")}


def test_the_page_labels_drafts_and_unlike_bases_and_holds_every_difference(sample: SideBySide) -> None:
    text = comparison_page(sample, "zh")
    assert '征求意见稿 <span class="tag">草案</span>' in text
    assert text.count("不比高低") + text.count("不能直接比高低") == 3
    falls = text[text.index('<div class="falls">') : text.index('<figure class="plot">')]
    assert falls.count("<figcaption>") == len([a for a in sample.attributions if a.parts])
    assert "拐点 70%：结余等于留用上限〔五(四)④〕" in text
    together = text[text.index('<figure class="plot">') : text.index('<div class="small">')]
    lines = re.findall(r"<polyline ([^>]*)>", together)
    assert len({re.sub(r'points="[^"]*"', "", line) for line in lines}) == 2


def test_each_line_also_stands_by_itself_among_the_others_on_one_scale(sample: SideBySide) -> None:
    text = comparison_page(sample, "zh")
    small = re.findall(r"<figure>.*?</figure>", text[text.index('<div class="small">') :], re.DOTALL)
    drawn = drawn_curves(sample)
    assert len(small) == len(drawn) > 1
    for curve, figure in zip(drawn, small, strict=True):
        assert f"<figcaption>{curve.scheme} · " in figure
        runs = sum(len([s for s in c.segments if s.slope is not None]) for c in drawn)
        assert figure.count('stroke="#bbb"') == runs
        assert figure.count('stroke-width="2.5"') == len([s for s in curve.segments if s.slope is not None])
    # One scale: the same marks up and across.
    assert len({tuple(re.findall(r"<text [^>]*>(-?[\d.]+%)</text>", f.split("<polyline")[0])) for f in small}) == 1


def test_bars_of_a_waterfall_end_at_the_other_schemes_figure(sample: SideBySide) -> None:
    for a in sample.attributions:
        bars = waterfall(a, {}, "zh").bars
        assert len(bars) == len(a.parts) + 2
        before = a.row.columns.get(a.figure)
        start = before.now if before is not None and isinstance(before.now, int) else 0
        assert bars[0].value == f"{grouped(money_text(start))} 元"
        assert bars[-1].value == f"{grouped(money_text(start + a.total))} 元"


def test_names_from_files_are_data_in_every_form() -> None:
    name = '<b>=1+1&"'
    cells = "年度总额预算: 100, 年度清算总额: 60"
    text = f"年度: 2026\n险种: 居民\n非医共体机构:\n  - {{名称: '{name}', {cells}}}\n"
    told = side_by_side(
        [open_policy("gaotai"), open_policy("yunxian")], "zh", read_yaml(text, "data.yaml"), Asked(curve=True)
    )
    assert not told.refused
    page = comparison_page(told, "zh")
    assert "<b>" not in page
    assert "&lt;b&gt;=1+1&amp;" in page
    book = CalamineWorkbook.from_filelike(io.BytesIO(comparison_book(told, "zh")))
    assert book.get_sheet_by_name("结果").to_python()[1][0] == name


def test_the_workbook_is_the_same_twice_and_holds_the_whole_comparison(sample: SideBySide) -> None:
    data = comparison_book(sample, "zh")
    assert data == comparison_book(sample, "zh")
    book = CalamineWorkbook.from_filelike(io.BytesIO(data))
    rows = {name: book.get_sheet_by_name(name).to_python() for name in book.sheet_names}
    assert len(rows["规则对照"]) == 1 + sum(len(cells) for _, cells in sample.matrix)
    assert ["县妇幼保健院", "居民", "2026", "结余留用", 3600000.0, 0.0] in rows["结果"]
    assert ["县妇幼保健院", "居民", "2026", "结余留用", "gaotai", "yunxian", "留用上限", 600000.0, "五(四)④"] in rows[
        "差在哪里"
    ]
    assert ["gaotai", 0.7, 0.3, 0.0] in rows["曲线数据"]
    with zipfile.ZipFile(io.BytesIO(data)) as parts:
        chart = parts.read("xl/charts/chart1.xml").decode()
    assert chart.count("<c:ser>") == len([c for c in sample.curves if any(s.slope is not None for s in c.segments)])
    assert "'曲线数据'!" in chart or "曲线数据!" in chart


def test_steps_in_the_workbook_add_up_to_the_total_in_it(sample: SideBySide) -> None:
    book = CalamineWorkbook.from_filelike(io.BytesIO(comparison_book(sample, "zh")))
    total = Decimal(0)
    for *_, topic, fen, _ in book.get_sheet_by_name("差在哪里").to_python()[1:]:
        value = Decimal(str(fen))
        if topic == "总差":
            assert value == total
            total = Decimal(0)
        else:
            total += value


def test_english_forms_are_written(tmp_path: Path) -> None:
    page, book = tmp_path / "page.html", tmp_path / "book.xlsx"
    assert run("gaotai", "jilin", "--curve", "--lang", "en", "--format", "html", "--out", str(page)).returncode == 0
    assert "kink 70%: surplus equals retention cap" in page.read_text(encoding="utf-8")
    assert run("gaotai", "jilin", "--curve", "--lang", "en", "--format", "xlsx", "--out", str(book)).returncode == 0
    assert CalamineWorkbook.from_path(str(book)).sheet_names == ["Rules", "Not stated", "Curves", "Curve data"]


@pytest.mark.skipif(shutil.which("chromium") is None, reason="no browser here")
def test_a_browser_finds_nothing_to_complain_of(sample: SideBySide, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    page.write_text(comparison_page(sample, "zh"), encoding="utf-8")
    words = ["--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr"]
    profile = f"--user-data-dir={tmp_path / 'profile'}"
    done = subprocess.run(
        ["chromium", *words, profile, "--virtual-time-budget=2000", "--dump-dom", page.as_uri()],
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert "方案比较" in done.stdout
    assert "CONSOLE" not in done.stderr


def test_a_unit_that_is_not_admitted_is_passed_over() -> None:
    rows = "".join(
        f"  - {{名称: {name}医院医共体, 年度总额预算: 100, 年度清算总额: 90, 系统对接: {yes}}}\n"
        for name, yes in (("县人民", "否"), ("县中医", "是"))
    )
    found = curves(("gaotai", "yunxian"), f"年度: 2026\n险种: 居民\n医共体:\n{rows}")
    assert {curve.unit for curve in found.values()} == {"县中医医院医共体"}
    refused = curves(("gaotai", "yunxian"), f"年度: 2026\n险种: 居民\n医共体:\n{rows.splitlines()[0]}\n")
    why = refused["gaotai"].why
    assert why is not None
    assert why.zh == "这份数据里没有它清算的单位"
    assert refused["yunxian"].segments


def test_the_filter_of_the_page_hides_topics_on_which_all_agree() -> None:
    policy = open_policy("gaotai")
    told = side_by_side([policy, policy], "zh")
    page = comparison_page(told, "zh", only_differences=True)
    assert page.count('<tr class="same">') == len(told.matrix)
    assert "#differing:checked ~ .scroll tr.same { display: none; }" in page
    assert 'id="differing" class="filter" checked>' in page
    assert " checked>" not in comparison_page(told, "zh")
