"""Explanations: every figure of every sample and case, both languages; numbers that can be worked out again from the words."""

import json
import re
import subprocess
import sys
import tracemalloc
from collections.abc import Iterator
from decimal import ROUND_DOWN, ROUND_HALF_UP, ROUND_UP, Decimal, localcontext
from fractions import Fraction
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent / "agreement"))

from roads import case_of, dataset_of

from engine.api import Policy, bind_data, explainer, open_policy
from engine.doors.explain_form import text_of
from engine.doors.telling import write_pieces_whole
from engine.explain.explain import Explainer
from engine.explain.explanation import Explanation
from engine.explain.trace_form import explanation_json
from engine.load.cases import read_cases
from engine.load.read import read_data
from engine.load.tables import RawData
from engine.load.yaml_data import read_yaml
from engine.nouns.core import NoFigure
from engine.nouns.numbers import round_to
from engine.nouns.pipeline import Derive
from engine.nouns.possible import is_point
from grammar.diagnostic import FindingsError, Language

ROOT = Path(__file__).resolve().parent.parent
XIANCE = str(Path(sys.executable).with_name("xiance"))
POLICIES = ("gaotai", "yunxian", "guangdong", "jilin", "qingshan")


@cache
def policy(name: str) -> Policy:
    return open_policy(name)


def data_of(name: str) -> list[RawData]:
    folder = ROOT / "policies" / name
    sample = read_data(folder / "sample.yaml", "sample.yaml")
    return [sample, *(case.data for case in read_cases(folder / "cases.yaml", "cases.yaml"))]


def explainers(name: str, raws: list[RawData] | None = None) -> Iterator[Explainer]:
    for raw in data_of(name) if raws is None else raws:
        try:
            yield explainer(policy(name), bind_data(policy(name), raw))
        except FindingsError:
            # A case that shows a finding has no figures to explain.
            continue


def everything(name: str) -> Iterator[tuple[Explainer, Explanation]]:
    for whole in explainers(name):
        for result in whole.background.settlement.figures:
            for language in ("zh", "en"):
                yield whole, whole.explain(result, language)


_NUMBER = re.compile(r"\d(?:[\d,]*\d)?(?:\.\d+)?")


@pytest.mark.parametrize("name", POLICIES)
def test_no_number_stands_in_a_text_that_is_not_in_its_trace(name: str) -> None:
    told = 0
    for whole, explanation in everything(name):
        form = explanation_json(explanation, whole.background)
        trace = json.dumps(form["trace"], ensure_ascii=False)
        texts = (form["headline"], form["text"], (form["next_threshold"] or {}).get("words", ""))
        for text in texts:
            for number in _NUMBER.findall(text):
                assert number in trace or number.replace(",", "") in trace, (explanation.title, number, text)
        told += 1
    assert told > 100


@pytest.mark.parametrize("name", POLICIES)
def test_the_whole_chain_and_why_not_keep_to_the_trace_as_well(name: str) -> None:
    whole = next(explainers(name))
    for result in whole.background.settlement.figures:
        explanation = whole.explain(result, "zh", None, why_not=True)
        trace = json.dumps(explanation_json(explanation, whole.background)["trace"], ensure_ascii=False)
        missing = [n for n in _NUMBER.findall(explanation.text) if n not in trace and n.replace(",", "") not in trace]
        assert not missing, (explanation.title, missing)


# ---- random programs, whose explanations nobody has read

FIRST, GROUPS, IN_GROUP = 5_000_000, 4, 75
# Random names end in digits, which are no amounts.
_NAMED = re.compile(r"(?<=[\u4e00-\u9fff])\d+")


@cache
def random_group(group: int) -> tuple[Explainer, ...]:
    found = []
    for seed in range(FIRST + group * IN_GROUP, FIRST + (group + 1) * IN_GROUP):
        case, made = case_of(seed)
        try:
            found.append(explainer(made, dataset_of(case, made)))
        except FindingsError:
            continue
    return tuple(found)


@pytest.mark.parametrize("group", range(GROUPS))
def test_what_a_figure_is_said_to_be_worked_out_from_comes_to_it(group: int) -> None:
    checked = 0
    for whole in random_group(group):
        for result in whole.background.settlement.figures:
            step = whole.telling(result, "zh").accounts.step(result.row, result.name)
            if step is None or step.term is None or not isinstance(step.maker, Derive) or not is_point(step.value.now):
                continue
            said = step.decided[0].branch.value if step.decided else step.maker.default
            assert not isinstance(said, NoFigure)
            value = whole.background.trace(result.pipeline, result.row)(said).now
            if isinstance(value, int | Fraction) and not isinstance(value, bool) and step.maker.step is not None:
                value = round_to(value, step.maker.step, step.maker.mode)
            if is_point(value):
                assert value == step.value.now, (result.row.unit, result.name)
                checked += 1
    assert checked > 50


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("group", range(GROUPS))
def test_random_figures_are_explained_in_whole_sentences_by_numbers_of_their_trace(
    group: int, language: Language
) -> None:
    told: dict[tuple[int, str, str, str], Explanation] = {}
    for whole in random_group(group):
        for result in whole.background.settlement.figures:
            key = (id(whole), result.row.table, result.name, result.value.state)
            if key in told:
                continue
            told[key] = explanation = whole.explain(result, language, why_not=True)
            form = explanation_json(explanation, whole.background)
            trace = json.dumps(form["trace"], ensure_ascii=False)
            for number in _NUMBER.findall(_NAMED.sub("", f"{form['headline']} {form['text']}")):
                assert number in trace or number.replace(",", "") in trace, (explanation.title, number)
            for sentence in (explanation.headline, *(s for x in explanation.sections for s in x.sentences)):
                own = re.sub("“[^”]*”", "“”", sentence)
                assert not [word for word in _ENGINE_WORDS if word in own], sentence
                assert not re.search(r"。。|，，|；。|：：|，。|\.\.|, ,|\( |[元%] [\u4e00-\u9fff]", own), sentence
    assert len(told) > 50


# ---- what is printed can be worked out again

_AMOUNT = r"-?[\d,]+(?:\.\d+)?(?: ?%| 个百分点)?"
_CHAIN = re.compile(rf"(加上|减去|乘以|除以|的(?= ?{_AMOUNT}（)|取其中的|^)?[^；，。]*?({_AMOUNT})")


def worked_again(clause: str, before: Fraction | None) -> Fraction | None:
    """What a clause of plus, minus, times and shares comes to, from its own printed numbers; None for other clauses."""
    if not re.search(r"加上|减去|乘以|除以|[0-9]% ?（|取其中的", clause):
        return None
    total = before if re.match(r"再|取其中", clause) else None
    for piece in re.split(r"，?再?(?=加上|减去|乘以|除以|取其中的)|(?<=元)的|(?<=%）)的", clause):
        numbers = re.findall(_AMOUNT, re.sub(r"（[^（）]*）", "", piece.replace("元 的", "元的")))
        if not numbers:
            continue
        value = amount(numbers[0])
        if total is None:
            total = value
        elif piece.startswith("加上"):
            total += value
        elif piece.startswith("减去"):
            total -= value
        elif piece.startswith("除以"):
            total /= value
        else:
            total *= value
    return total


def amount(text: str) -> Fraction:
    percent = "%" in text or "百分点" in text
    number = Fraction(Decimal(re.sub(r"[^\d.\-]", "", text)))
    return number / 100 if percent else number


def results_of(clause: str) -> tuple[str, list[Fraction]]:
    """What stands before the first result, and the results in order: unrounded, then rounded."""
    head, *rest = re.split(r"，(?:余下的就是|得(?=[^到]))", clause)
    return head, [amount(m) for part in rest for m in re.findall(_AMOUNT, part)[:1]]


@pytest.mark.parametrize("name", POLICIES)
def test_each_printed_calculation_gives_its_printed_result_when_worked_out_again(name: str) -> None:
    checked = 0
    for whole in explainers(name, data_of(name)[:6]):
        for result in whole.background.settlement.figures:
            explanation = whole.explain(result, "zh")
            for section in explanation.sections:
                for sentence in section.sentences if section.sort == "how" else ():
                    checked += again(sentence)
    assert checked > 50


def again(sentence: str) -> int:
    """How many clauses of a sentence were worked out again."""
    before: Fraction | None = None
    checked = 0
    for written in sentence.rstrip("。").split("；"):
        clause = written.rsplit("因此", 1)[-1]
        head, results = results_of(clause)
        if (
            "约 " in clause
            or "未定" in clause
            or re.search(r"平均分|名录|包括|各数平均|的部分|以上 |先分去|舍到分|照原来的算法", clause)
        ):
            before = results[-1] if results else None
            continue
        if LIMITED.search(clause):
            before = held(clause)
            checked += 1
            continue
        total = worked_again(head, before)
        if total is None:
            found = re.findall(_AMOUNT, clause)
            before = amount(found[-1]) if found and results else None
            continue
        if not results:
            before = total
            continue
        step = re.search(rf"(四舍五入|舍去尾数|进位)到(?:(分)| ({_AMOUNT}))", clause)
        if step:
            mode = {"四舍五入": ROUND_HALF_UP, "舍去尾数": ROUND_DOWN, "进位": ROUND_UP}[step[1]]
            size = Fraction(1, 100) if step[2] else amount(step[3])
            assert len(results) == 1 or total == results[0], (sentence, clause, float(total), results)
            total = rounded(total, size, mode)
        assert total == results[-1], (sentence, clause, float(total), results)
        before = results[-1]
        checked += 1
    return checked


def rounded(value: Fraction, size: Fraction, mode: str) -> Fraction:
    with localcontext() as context:
        context.prec = 60
        steps = (Decimal((value / size).numerator) / Decimal((value / size).denominator)).quantize(Decimal(1), mode)
    return Fraction(steps) * size


LIMITED = re.compile(rf"，(多出|还差|少|高出) ({_AMOUNT})，(?:按|所以不)")


def held(clause: str) -> Fraction:
    """The result of a limit, which is the lesser (or the greater) of its two amounts, with the gap it prints."""
    head, results = results_of(clause)
    gap = LIMITED.search(clause)
    assert gap is not None
    outside = [amount(x) for x in re.findall(_AMOUNT, re.sub(r"（[^（）]*）", "", head[: gap.start()]))]
    left, right = outside
    assert results[0] == (min if "超过" in clause else max)(left, right), clause
    assert amount(gap[2]) == abs(left - right), clause
    return results[-1]


def test_a_wrong_result_in_a_sentence_would_be_noticed() -> None:
    right = "调整后预算 12,000,000.00 元减去年度清算总额 7,800,000.00 元，得结余或超支 4,200,000.00 元。"
    assert again(right) == 1
    with pytest.raises(AssertionError):
        again(right.replace("4,200,000.00", "4,200,000.01"))
    half = "结余 487,654.33 元的 50%（留转比例），得 243,827.165 元，四舍五入到分，得结余留转 243,827.17 元。"
    assert again(half) == 1
    with pytest.raises(AssertionError):
        again(half.replace("243,827.17 元", "243,827.16 元"))


# ---- wording

_ENGINE_WORDS = (
    "null", "True", "False", "pipeline", "derive", "aggregate", "helper", "column", "引擎", "系统认为", "字段", "变量",
    "函数", "优秀", "突出", "遗憾", "值得", "按文件规定", "·达标", "填报数·", "  ", "前者比后者", "the the ", "the last year",
)  # fmt: skip
_SIGNS = re.compile(r"[+×÷=<>≤≥*]|(?<!元)/")


@pytest.mark.parametrize("name", POLICIES)
def test_texts_hold_no_engine_words_no_signs_and_no_doubled_stops(name: str) -> None:
    for _, explanation in everything(name):
        told = [explanation.headline, *(s for x in explanation.sections for s in x.sentences)]
        for sentence in told:
            own = re.sub("“[^”]*”", "“”", sentence)
            assert not [w for w in _ENGINE_WORDS if w in own], (
                explanation.title,
                sentence,
            )
            assert not re.search(r"\bNone\b(?! of)", own), (explanation.title, sentence)
            assert not re.search(r"(?<![\d,.])1 (?:\w+ )?(?:points|persons|visits|days)\b", own), (
                explanation.title,
                sentence,
            )
            assert not re.search(r"[元%] [\u4e00-\u9fff]|） [\u4e00-\u9fff]", own), (explanation.title, sentence)
            assert not re.search(r"。。|，，|；。|：：|，。|\.\.|, ,|\( ", own), (explanation.title, sentence)
        how = "".join(s for x in explanation.sections if x.sort == "how" for s in x.sentences)
        assert not _SIGNS.search(how), (explanation.title, how)


@pytest.mark.parametrize("name", POLICIES)
def test_english_holds_chinese_only_in_proper_names_and_quotations(name: str) -> None:
    for whole, explanation in everything(name):
        if explanation.language == "zh":
            continue
        scheme = whole.background.settlement.scheme
        proper = {result.row.unit for result in whole.background.settlement.figures}
        proper |= {
            row.unit for r in whole.background.settlement.figures for rows in r.row.children.values() for row in rows
        }
        proper |= {p.referred for p in scheme.parameters.values() if p.referred}
        text = re.sub("“[^”]*”", "", explanation.text)
        for word in sorted(proper, key=len, reverse=True):
            text = text.replace(word, "")
        assert not re.search("[\u4e00-\u9fff]", text), (explanation.title, re.findall("[\u4e00-\u9fff]+", text))


@pytest.mark.parametrize("name", POLICIES)
def test_both_languages_work_with_the_same_amounts(name: str) -> None:
    whole = next(explainers(name))
    for result in whole.background.settlement.figures:
        amounts = []
        for language in ("zh", "en"):
            explanation = whole.explain(result, language)
            told = [
                explanation.headline,
                *(s for x in explanation.sections if x.sort in {"how", "effect"} for s in x.sentences),
            ]
            amounts.append({n for n in _NUMBER.findall(" ".join(told)) if "." in n or "," in n})
        assert amounts[0] == amounts[1], result.name


# ---- the command


def run(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([XIANCE, *words], capture_output=True, text=True, cwd=ROOT, check=False)


def told(*words: str) -> dict[str, Any]:
    done = run("explain", *words, "--format", "json")
    assert done.returncode == 0, done.stderr
    form = json.loads(done.stdout)
    assert isinstance(form, dict)
    return form


SAMPLE = ("--data", "policies/gaotai/sample.yaml")


def test_the_answer_has_the_shape_the_contract_gives() -> None:
    form = told("gaotai", "retained", *SAMPLE, "--unit", "县妇幼保健院", "--insurance", "居民")
    (one,) = form["explanations"]
    keys = {"unit", "insurance", "period", "figure", "id", "value", "state", "headline", "text", "citations"}
    assert keys | {"next_threshold", "trace"} <= one.keys()
    assert (one["figure"], one["id"], one["value"], one["state"]) == ("结余留用", "retained", "3600000.00", "stated")
    assert one["headline"] == "县妇幼保健院本年度可留用结余 3,600,000.00 元，另 600,000.00 元由医保经办机构留用。"
    assert one["citations"] == ["五(四)④"]
    assert one["next_threshold"]["distance"] == "600000.00"


def test_a_figure_goes_by_its_id_its_name_and_the_documents_own_word() -> None:
    data = ("--data", "policies/yunxian/sample.yaml", "--year", "2025")
    forms = [
        told("yunxian", word, *data) for word in ("agency_retained", "经办机构留用", "不留转部分（去向文件未规定）")
    ]
    assert forms[0] == forms[1] == forms[2]
    assert forms[0]["explanations"]


def test_all_explains_every_figure_of_the_run_open_ones_too() -> None:
    form = told("gaotai", "--all", *SAMPLE)
    settled = json.loads(run("settle", "gaotai", *SAMPLE, "--format", "json").stdout)
    keys = [(x["unit"], x["insurance"], x["period"], x["id"], x["value"], x["state"]) for x in form["explanations"]]
    assert keys == [
        (x["unit"], x["insurance"], x["period"], x["id"], x["value"], x["state"]) for x in settled["figures"]
    ]
    assert [x for x in form["explanations"] if x["state"] == "open"]
    for one in form["explanations"]:
        if one["state"] == "open":
            assert "还不能确定" in one["headline"]
            assert "没有写" in one["text"] or "没有填报" in one["text"] or "没有提供" in one["text"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("gaotai", "resource", *SAMPLE), "没有“resource”这个数"),
        (("gaotai", "cleared", *SAMPLE), "是填报的数"),
        (
            ("gaotai", "超支分担比例", *SAMPLE),
            "是参数，不是算出来的数：这份文件没有写定，转引《全市风险调剂金使用规定》，0% 至 100%〔五(四)①〕。可以解释的有：基金分担、",
        ),
        (("gaotai", "retention_cap_rate", *SAMPLE), "是参数，不是算出来的数：30%〔五(四)④〕"),
        (("gaotai", "特殊超支分担比例", *SAMPLE), "文件没有规定，0% 至 100%〔五(四)⑤〕；这次按假设 80% 算"),
        (
            ("qingshan", "超支分担比例", "--data", "policies/qingshan/sample.yaml", "--lang", "en"),
            "is a parameter, not a figure: 50% (to 2026-12-31), 40% (from 2027-01-01) [三(二)]",
        ),
        (("gaotai", "retained", *SAMPLE, "--unit", "县妇幼保健"), "是不是“县妇幼保健院”"),
        (("gaotai", *SAMPLE), "--all"),
        (("gaotai", "retained", "--all", *SAMPLE), "--all"),
        (("gaotai", "retained", *SAMPLE, "--insurance", "生育"), "没有“生育”这个险种"),
        (("guangdong", "retained", "--data", "policies/guangdong/sample.yaml", "--unit", "示例丙县医共体"), "准入"),
    ],
)
def test_what_cannot_be_explained_is_wrong_usage_and_says_what_can(words: tuple[str, ...], said: str) -> None:
    done = run("explain", *words)
    assert done.returncode == 2
    assert said in done.stderr
    assert not done.stdout


def test_one_line_is_shorter_than_the_steps_and_these_than_the_whole_chain() -> None:
    words = ("explain", "gaotai", "final_due", *SAMPLE, "--unit", "县妇幼保健院", "--insurance", "居民")
    lengths = [len(run(*words, "--depth", depth).stdout) for depth in ("1", "2", "all")]
    assert lengths == sorted(lengths)
    assert len(set(lengths)) == 3


def test_the_whole_chain_ends_at_file_and_line() -> None:
    words = ("explain", "gaotai", "retained", *SAMPLE, "--unit", "县妇幼保健院", "--insurance", "居民")
    text = run(*words, "--depth", "all").stdout
    assert "年度清算总额 7,800,000.00 元（policies/gaotai/sample.yaml，第 18 行）" in text
    assert "留用上限比例 30%（五（四）④）" in text


def test_why_not_says_what_each_exception_read_and_what_it_would_have_made() -> None:
    words = ("explain", "gaotai", "retained", *SAMPLE, "--unit", "县妇幼保健院", "--insurance", "居民")
    assert (
        "“推诿患者属实”为“否”（五（四）⑤），没有适用；如果成立，结余留用为 0.00 元" in run(*words, "--why-not").stdout
    )


HOSTILE = """方案: gaotai
年度: 2026
非医共体机构:
  - {名称: "<script>alert(1)</script>", 险种: 居民, 年度总额预算: 100, 年度清算总额: 90}
  - {名称: "{{ 7*7 }}[x](http://e.x)", 险种: 居民, 年度总额预算: 100, 年度清算总额: 90}
"""


def test_names_from_files_stay_names_in_every_form(tmp_path: Path) -> None:
    data = tmp_path / "data.yaml"
    data.write_text(HOSTILE, encoding="utf-8")
    words = ("explain", "gaotai", "retained", "--data", str(data))
    page = run(*words, "--format", "html").stdout
    assert "<script" not in page
    assert "49" not in run(*words).stdout
    markdown = run(*words, "--format", "md").stdout
    assert "[x](http" not in markdown
    assert "\\<script\\>" in markdown


def test_the_page_asks_nothing_of_the_network(tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    assert run("explain", "gaotai", "--all", *SAMPLE, "--format", "html", "--out", str(page)).returncode == 0
    text = page.read_text(encoding="utf-8")
    assert not re.search(r"(?:src|href)=\"(?!#)|url\(|@import|<script|https?:", text)
    assert "default-src 'none'" in text
    assert text.count("<article") == 2 * text.count("</article>") - text.count("<article") > 100


def test_the_same_figure_is_explained_in_the_same_words_twice() -> None:
    words = ("explain", "jilin", "--all", "--data", "policies/jilin/sample.yaml", "--format", "json")
    assert run(*words).stdout == run(*words).stdout


# ---- a whole county


def county() -> str:
    """Sixty units of two insurance types with a year of months: invented amounts, the same on every run."""
    lines = ["方案: gaotai", "年度: 2026", "假设: {特殊超支分担比例: 80%, 保证金返还比例: 95%}", "医共体:"]
    heads = [(unit, kind) for unit in range(30) for kind in ("职工", "居民")]
    for table, more in (("医共体", ", 系统对接: 是"), ("非医共体机构", ", 考核系数: 92%")):
        lines += [f"{table}:"] if table != "医共体" else []
        for unit, kind in heads:
            budget, cleared = 1_000_000 + 7919 * unit, 900_000 + 9973 * unit
            amounts = f"年度总额预算: {budget}, 年度清算总额: {cleared}"
            lines.append(f"  - {{名称: {table}{unit:02}, 险种: {kind}, {amounts}{more}}}")
    lines += ["资金池:", "  - {名称: 异地就医, 险种: 居民, 年度总额预算: 500000, 年度清算总额: 400000.01}", "月度:"]
    for unit, kind in heads:
        for month in range(1, 13):
            amounts = "核定应付: 70000, 扣保证金: 2100.55, 实拨: 67899.45"
            lines.append(f"  - {{单位: 医共体{unit:02}, 险种: {kind}, 月份: 2026-{month:02}, {amounts}}}")
    return "\n".join(lines) + "\n"


def test_a_county_of_two_thousand_figures_is_told_without_holding_what_was_told() -> None:
    (whole,) = explainers("gaotai", [read_yaml(county(), "county.yaml")])
    figures = whole.background.settlement.figures
    assert len(figures) >= 2000
    settled = whole.background

    def peak(depth: int | None) -> tuple[int, int]:
        one, length = Explainer(settled), 0
        tracemalloc.start()
        start = tracemalloc.get_traced_memory()[0]
        for piece in text_of(one.explain(r, "zh", depth) for r in figures):
            length += len(piece)
        most = tracemalloc.get_traced_memory()[1] - start
        tracemalloc.stop()
        return most, length

    one_line, whole_chain = peak(1), peak(None)
    assert whole_chain[1] > 2 * one_line[1]
    assert whole_chain[0] < 1.5 * one_line[0] + 1_000_000


# ---- what there is no explanation of

JILIN = ("--data", "policies/jilin/sample.yaml", "--unit", "示例乙市医共体")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("jilin", "advance", *JILIN), "2026 年度：没有预拨金这个数，因为没有填报预拨月数（三（一））"),
        (("jilin", "下年预算基数", *JILIN, "--year", "2026"), "因为“合理结余认定”为“否”（二（一））"),
        (("jilin", "advance", *JILIN, "--lang", "en"), "there is no advance, because the months of advance is not given (3(1))"),
        (("gaotai", "retained", *SAMPLE, "--unit", "异地就医"), "有它的是：医共体、非医共体机构"),
        (("gaotai", "retained", *SAMPLE, "--unit", "异地就医", "--lang", "en"), "it belongs to: county medical alliance"),
        (("gaotai", "retained", *SAMPLE, "--year", "2025"), "所选的年度没有数据"),
        (("gaotai", "retained", *SAMPLE, "--out", "policies"), "是文件夹"),
    ],
)  # fmt: skip
def test_a_figure_that_is_not_there_is_told_with_the_rule_that_takes_it_away(words: tuple[str, ...], said: str) -> None:
    done = run("explain", *words)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_a_pools_unit_and_an_insurance_type_by_its_id_are_found() -> None:
    form = told("gaotai", "结余或超支", *SAMPLE, "--unit", "异地就医", "--insurance", "resident")
    assert [(x["trace"]["kind_id"], x["insurance"]) for x in form["explanations"]] == [("pool", "居民")]


def test_a_name_that_several_kinds_have_is_explained_for_each() -> None:
    form = told("gaotai", "结余或超支", *SAMPLE, "--insurance", "居民")
    assert {x["trace"]["kind_id"] for x in form["explanations"]} == {"alliance", "standalone", "pool"}


def test_only_the_years_asked_for_are_explained() -> None:
    form = told("yunxian", "retained", "--data", "policies/yunxian/sample.yaml", "--years", "2025..2026")
    assert {x["period"] for x in form["explanations"]} == {"2025"}


@pytest.mark.parametrize("language", ["zh", "en"])
def test_wrong_data_ends_with_its_findings_alone(tmp_path: Path, language: str) -> None:
    data = tmp_path / "data.yaml"
    data.write_text(HOSTILE.replace("年度清算总额: 90", "年度清算总额: -90"), encoding="utf-8")
    words = ("explain", "gaotai", "retained", "--data", str(data), "--lang", language)
    done = run(*words)
    assert (done.returncode, done.stdout) == (1, "")
    assert ("错误[" if language == "zh" else "error[") in done.stderr
    form = run(*words, "--format", "json")
    assert form.returncode == 1
    assert list(json.loads(form.stdout)) == ["findings"]


def test_a_file_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    place = tmp_path / "text.txt"
    place.write_text("as before", encoding="utf-8")

    def broken() -> Iterator[str]:
        yield "half"
        raise RuntimeError

    with pytest.raises(RuntimeError):
        write_pieces_whole(place, broken(), "zh")
    assert place.read_text(encoding="utf-8") == "as before"
    assert [p.name for p in tmp_path.iterdir()] == ["text.txt"]


def test_a_reason_given_on_an_exception_is_said_where_that_exception_decided_and_not_elsewhere() -> None:
    data = "年度: 2026\n险种: 居民\n非医共体机构:\n  - {名称: 甲, 年度总额预算: 100, 年度清算总额: 90%s}\n"
    said = []
    for more in (", 推诿患者属实: 是", ""):
        (whole,) = explainers("gaotai", [read_yaml(data % more, "data.yaml")])
        (result,) = (r for r in whole.background.settlement.figures if r.id == "retained")
        said.append("成员单位推诿是否及于整个医共体没有写" in whole.explain(result, "zh").text)
    assert said == [True, False]


class Tags(HTMLParser):
    """The open tags of a page; a tag closed that is not the last one opened is kept as a fault."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.faults: list[str] = []
        self.articles: list[str] = []
        self.links: list[str] = []

    def handle_starttag(  # noqa: D102 # the parser's own method
        self, tag: str, attrs: list[tuple[str, str | None]]
    ) -> None:
        if tag != "meta":
            self.open.append(tag)
        given = dict(attrs)
        if tag == "article":
            self.articles.append(given["id"] or "")
        if tag == "a":
            self.links.append((given["href"] or "").removeprefix("#"))

    def handle_endtag(self, tag: str) -> None:  # noqa: D102 # the parser's own method
        if not self.open or self.open.pop() != tag:
            self.faults.append(tag)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_page_is_well_formed_and_its_contents_lead_to_each_explanation(language: str) -> None:
    page = run("explain", "gaotai", "--all", *SAMPLE, "--format", "html", "--lang", language, "--why-not").stdout
    tags = Tags()
    tags.feed(page)
    assert (tags.faults, tags.open) == ([], [])
    assert len(tags.articles) > 100
    assert tags.links == tags.articles
    assert f'<html lang="{"zh-CN" if language == "zh" else "en"}">' in page


def test_amounts_are_said_in_ten_thousands_where_that_is_asked_for_and_small_ones_are_not() -> None:
    words = ("explain", "gaotai", "retained", *SAMPLE, "--unit", "县妇幼保健院", "--insurance", "居民", "--wan")
    text = run(*words).stdout
    assert "可留用结余 360 万元，另 60 万元由医保经办机构留用" in text
    assert "按缺省的 0.00 元计" in text
    assert "3,600,000.00" not in text
    assert "3,600,000.00 yuan" in run(*words, "--lang", "en").stdout
