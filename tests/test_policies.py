"""The policies that come with the engine: true to their documents, the same in both spellings, hard to break unseen."""

from __future__ import annotations

import csv
import json
import re
import shutil
import sys
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from click.testing import CliRunner

from engine.api import Policy, bind_data, open_policy, settle
from engine.check.clauses import citations
from engine.check.rules import fold_locator
from engine.doors.check_form import checked
from engine.doors.command import cli
from engine.doors.json_form import settlement_json
from engine.load.read import read_data
from engine.load.source import SourceIndex, read_index
from engine.nouns.settlement import Settlement
from engine.trial.run import try_cases
from grammar.diagnostic import Severity

HERE = Path(__file__).parent
POLICIES = HERE.parent / "policies"
CONFORMANCE = HERE / "conformance"
sys.path.insert(0, str(HERE / "oracle"))

import casefile  # noqa: E402

NAMES = ("gaotai", "yunxian", "guangdong", "jilin", "qingshan")
SAMPLE_WAITS_FOR = {
    "gaotai": {"超支分担比例"},
    "yunxian": set(),
    "guangdong": {"保证金返还比例", "普通超支分担比例"},
    "jilin": {"超支分担比例", "备案"},
    "qingshan": {"合理结余认定"},
}


@pytest.mark.parametrize("name", NAMES)
def test_a_policy_checks_without_an_error_or_a_warning(name: str) -> None:
    assert [finding for finding in checked(name).findings if finding.severity != "note"] == []


@pytest.mark.parametrize("name", NAMES)
def test_every_clause_that_does_something_has_a_rule_and_none_is_put_off(name: str) -> None:
    coverage = checked(name).coverage
    assert coverage is not None
    assert (coverage["uncovered"], coverage["uncited"]) == ((), ())
    assert coverage["later"] == ()


@pytest.mark.parametrize("name", NAMES)
def test_no_rule_cites_a_clause_that_only_instructs(name: str) -> None:
    instructs = {fold_locator(clause.locator) for clause in index_of(name).clauses if clause.roles == ("仅作要求",)}
    own = policy_of(name).loaded.own.document
    cited = {fold_locator(locator.text) for citation in citations(own) for locator in citation.locators}
    assert not cited & instructs


@pytest.mark.parametrize("name", NAMES)
def test_the_head_of_a_policy_is_the_head_of_its_document(name: str) -> None:
    scheme, index = policy_of(name).scheme(), index_of(name)
    assert scheme.title == index.title
    assert index.status in scheme.document or index.number in scheme.document
    assert str(scheme.start) == casefile.load(POLICIES / name / "source.yaml")["文件"]["施行"]


@pytest.mark.parametrize("name", NAMES)
def test_what_a_parameter_leaves_open_stands_among_what_its_clause_leaves_open(name: str) -> None:
    left = {fold_locator(clause.locator): clause.open for clause in index_of(name).clauses}
    lost = [
        parameter.name
        for parameter in policy_of(name).scheme().parameters.values()
        if parameter.layer == name and parameter.state in {"open", "referred"}
        if not any(parameter.name in left[fold_locator(clause)] for clause in parameter.clauses)
    ]
    assert lost == []


@pytest.mark.parametrize("name", NAMES)
def test_the_names_and_ids_of_the_contract_stand(name: str) -> None:
    words = {**casefile.WORDS, **import_module(name).WORDS}
    scheme = policy_of(name).scheme()
    named = [*scheme.figures, *scheme.inputs, *((None, parameter) for parameter in scheme.parameters)]
    ids = {(table, column): scheme.labels.id(column, table) for table, column in named if column in words}
    assert ids == {place: words[place[1]] for place in ids}
    assert len(ids) > len(casefile.WORDS) / 2


@pytest.mark.parametrize("name", NAMES)
def test_everything_a_report_names_has_english_words(name: str) -> None:
    scheme = policy_of(name).scheme()
    figures = [place for place, figure in scheme.figures.items() if figure.sort != "met"]
    named = [*figures, *scheme.inputs, *((None, parameter) for parameter in scheme.parameters)]
    english = scheme.labels.english
    assert [column for table, column in named if not {(table, column), (None, column)} & english.keys()] == []


@pytest.mark.parametrize("name", NAMES)
def test_every_worked_case_holds_and_together_they_reach_every_rule_branch_clause_and_boundary(name: str) -> None:
    trial = try_cases(policy_of(name))
    assert [result.case.name for result in trial.results if not result.passed] == []
    coverage = trial.coverage
    for measure in (coverage.rules, coverage.exceptions, coverage.branches, coverage.clauses, coverage.boundaries):
        assert measure.missing == ()
        assert measure.touched == measure.total


@pytest.mark.parametrize("path", sorted(CONFORMANCE.glob("*.yaml")), ids=lambda path: path.stem)
def test_every_figure_of_a_public_case_comes_out(path: Path) -> None:
    found = {
        (figure["unit"], figure["insurance"], figure["period"], figure["id"]): figure["value"]
        for figure in settlement_json(settled(path.stem.split("-")[0], path), "zh")["figures"]
    }
    with path.with_suffix(".expected.csv").open(encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines))
    assert rows
    wrong = [row for row in rows if _found_at(found, row) != row["value"]]
    assert wrong == []


@pytest.mark.parametrize("name", NAMES)
def test_the_sample_waits_for_nothing_but_what_it_leaves_out_on_purpose(name: str) -> None:
    sample = settled(name, POLICIES / name / "sample.yaml")
    assert {word for result in sample.figures for word in result.value.missing} == SAMPLE_WAITS_FOR[name]


@pytest.mark.parametrize("name", ["gaotai", "yunxian", "guangdong", "jilin"])
def test_the_sample_shows_what_other_readings_of_the_document_would_change(name: str) -> None:
    policy = policy_of(name)
    data = bind_data(policy, read_data(POLICIES / name / "sample.yaml", "sample.yaml"))
    assert settle(policy, data, other_readings=True).differences


def test_the_rule_files_stand_in_the_one_layout() -> None:
    run = CliRunner().invoke(cli, ["fmt", "--check", *(str(POLICIES / name) for name in (*NAMES, "common"))])
    assert (run.exit_code, run.output) == (0, "")


@pytest.fixture(scope="module")
def english(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All policies in their English spelling."""
    folder = tmp_path_factory.mktemp("spelt") / "policies"
    shutil.copytree(POLICIES, folder)
    _respell(folder, "en")
    return folder


@pytest.mark.parametrize("name", [*NAMES, "common"])
def test_a_rule_file_comes_back_from_english_byte_for_byte(name: str, english: Path, tmp_path: Path) -> None:
    folder = tmp_path / "policies"
    shutil.copytree(english, folder)
    (file,) = (folder / name).glob("*.policy")
    before = (POLICIES / name / file.name).read_bytes()
    assert file.read_bytes() != before
    _respell(folder, "zh")
    assert file.read_bytes() == before


@pytest.mark.parametrize("name", NAMES)
def test_no_chinese_word_is_left_outside_titles_reasons_and_locators_in_english(name: str, english: Path) -> None:
    left = []
    for line in (english / name / "rules.policy").read_text(encoding="utf-8").splitlines():
        code = re.sub(r"#.*|「[^」]*」|《[^》]*》|\b(per|before) .*", "", line)
        if re.search(r"[\u4e00-\u9fff]", code) and not line.startswith(("  region", "  document")):
            left.append(line)
    at_names = [line for line in left if re.fullmatch(r"  \S+ = \w+ *(「.*」)?", line)]
    assert left == at_names


@pytest.mark.parametrize("name", NAMES)
def test_the_english_spelling_settles_to_the_same_json(name: str, english: Path) -> None:
    ours, theirs = (_settled_by_command(folder / name) for folder in (POLICIES, english))
    assert ours["figures"]
    assert ours["receipt"].pop("rules") != theirs["receipt"].pop("rules")
    codes = [[warning["code"] for warning in run.pop("warnings")] for run in (ours, theirs)]
    assert codes[0] == codes[1]
    assert ours == theirs


class Break(NamedTuple):
    """A way to break a rule file: what is written instead of what, and the finding that must stand on that line."""

    claim: str
    pattern: str
    written: str
    code: str
    severity: Severity = "error"
    at: str = ""
    """Where the finding stands on another line than the broken one: the pattern of that line."""


BREAKS = (
    Break("a name is mistyped", r"\(年度清算总额, 最高", "(年度清算总颔, 最高", "C201"),
    Break("a percentage has no base", r"最高 调整后预算\)", "最高 30%)", "C200"),
    Break("a ratio is added to money", r"\+ 结余留用 \+ 基金分担", "+ 结余留用 + 5%", "C200"),
    Break("an exception has no colon", r"(除非 [^:\n]+): (0元|无)", r"\1 \2", "P141"),
    Break("a block has no colon", r"(?m)^(  对 \S+):$", r"\1", "P141"),
    Break("a rule has no equals sign", r"应得合计 = \(", "应得合计 (", "P142"),
    Break("a bracket is not closed", r"最高 调整后预算\)", "最高 调整后预算", "P131"),
    Break("a bracket too many", r"最高 调整后预算\)", "最高 调整后预算))", "P132"),
    Break(
        "a figure is defined twice", r"(?m)^(    (?:改 )?应得合计 = .*\n)", r"\1    应得合计 = 0元  依据 六\n", "C131"
    ),
    Break("a clause does not exist", r"依据 [一二三四五]\(一\)", "依据 九(九)", "C401"),
    Break("a citation names no clause", r"(应得合计 = .*?  依据) .*", r"\1", "P153"),
    Break("a rule cites nothing", r"(应得合计 = .*?)  依据 .*", r"\1", "C403", "warning"),
    Break("a stage is misnamed", r"环节 留用与分担", "环节 留用和分担", "C130"),
    Break("a stage holds nothing", r"(?m)^(环节 .*\n)", r"环节 预付\n\1", "P111"),
    Break(
        "a later stage is read",
        r"(?m)^(    (?:按人头测算预算|三年基金使用|年度总额预算) = [^,\n]*?)(,|  )",
        r"\1 + 结余留用\2",
        "C370",
    ),
    Break(
        "two figures wait for each other",
        r"调整后预算 = 年度总额预算",
        "调整后预算 = 结余或超支",
        "C371",
        at=r"调整后预算 =|结余或超支 =",
    ),
    Break("the ends of a range are swapped", r"0% 至 100%", "100% 至 0%", "C317"),
    Break(
        "a parameter is outside its range",
        r"(?m)^(参数 \S+: 比率, )0% 至 100%, 未定(?=[, ])",
        r"\1不超过 50%, 未定, 假设 130%",
        "C312",
    ),
    Break("a parameter is declared twice", r"(?m)^(参数 (\S+?):? .*\n)(?! )", r"\1参数 \2: 比率, 未定\n", "C110"),
    Break("a parameter is never read", r"(?m)^(参数 .*\n)", r"\1参数 没有用到的 = 3%\n", "C374", "warning"),
    Break("a kind of rows is unknown", r"(?m)^(  对 )医共体:", r"\1医工体:", "C101"),
    Break("a kind of value is unknown", r": 比率", ": 比例", "C304"),
    Break("a unit is unknown", r": 0元", ": 0圆", "P144"),
    Break("a currency sign stands before money", r": 0元", ": ¥0", "P143"),
    Break("money is finer than a fen", r"(应得合计 = .*?)基金分担(?=,| )", r"\g<1>基金分担 + 0.005元", "C237"),
    Break("money is rounded to nothing", r"(应得合计 = .*?基金分担)(, 舍去 到 1元)?", r"\1, 四舍五入 到 0元", "C351"),
    Break("a keyword is English in a Chinese file", r"除非 ", "unless ", "P146"),
    Break("a keyword is mistyped", r"(?m)^(    .*)依据 ", r"\1根据 ", "P147"),
    Break("a line is set in by five", r"(?m)^    (应得合计 =)", r"     \1", "P123"),
    Break("a line is set in by a tab and a space", r"(?m)^    (应得合计 =)", r"\t \1", "P124"),
    Break("a full stop ends a rule", r"(应得合计 = .*?基金分担)", r"\1。", "P112"),
    Break("a sign is doubled", r"最高 调整后预算\) \+", "最高 调整后预算) ++", "P199"),
    Break("the last part of a split is not what remains", r"机构承担 = 余下", "机构承担 = 超支", "C160"),
    Break("what remains is read outside a split", r"应得合计 = \(年度清算总额", "应得合计 = (余下", "C161"),
    Break("a month does not exist", r"施行 (\d{4})-\d\d-\d\d", r"施行 \1-13-01", "P157"),
    Break("a text is not closed", r"「([^」\n]*)」\n", r"「\1\n", "P133"),
    Break("a space is lacking beside a word", r"的 (留用上限比例|留转比例|结余留用比例)", r"的\1", "P160"),
    Break(
        "two names have one id",
        r"(?m)^(译名\n(?:.*\n)*?  \S+(?:比例|不合格) = )(\w+)(.*\n  \S+ = )\w+",
        r"\1\2\3\2",
        "C394",
    ),
    Break(
        "an id is given to a name that is not there",
        r"(?m)^译名\n",
        "译名\n  没有这个名称 = no_such_name\n",
        "C392",
        "warning",
    ),
    Break("a rule that replaces nothing says it does", r"(?m)^    应得合计 =", "    改 应得合计 =", "C120"),
    Break("an inherited rule is replaced without saying so", r"(?m)^    改 应得合计 =", "    应得合计 =", "C122"),
    Break("a table has no last row", r"(?m)^      其余: 0元.*\n", "", "C360", at=r"(?:倾斜额|签约服务费兑现) 按 情形"),
    Break("a row is there twice", r"(?m)^(      居民: )", r"      职工: 0元\n\1", "C361"),
    Break("an exception can never hold", r"除非 (推诿患者属实|考核不合格):", "除非 结余 不满 0元:", "C363"),
    Break("two exceptions clash", r"除非 (服务重大变化|数据造假属实): 0元", r"除非 \1: 结余", "C364"),
    Break("an exception goes before nothing", r"(?m)(结余留用 除非 .*依据 \S+)", r"\1 先于 一", "C340"),
    Break("a condition is an amount", r"除非 (推诿患者属实|考核不合格):", "除非 结余:", "C206"),
    Break("money is compared with a percentage", r"超过 0元", "超过 0%", "C200"),
    Break("many rows are read as one", r"合计 月度\.实拨", "月度.实拨", "C212"),
    Break("a column of other rows is mistyped", r"合计 月度\.实拨", "合计 月度.实播", "C210"),
    Break("nobody is to get the spare fen", r", 余分 归 名录在前者", "", "C175"),
    Break("an allocation has no name for the parts", r", 记为 \w+", "", "C171"),
    Break("a choice is mistyped", r"不是 其他费用", "不是 其它费用", "C235"),
    Break("an indicator claims an effect on money", r"后果 无", "后果 影响金额", "C373"),
    Break("a shared name is declared as another kind", r"(预算调整额)(?=\s+依据)", r"\1: 比率", "C320"),
)
BROKEN = [
    pytest.param(name, broken, id=f"{name}-{broken.claim}")
    for name in NAMES
    for broken in BREAKS
    if re.search(broken.pattern, (POLICIES / name / "rules.policy").read_text(encoding="utf-8"))
]


@pytest.mark.parametrize(("name", "broken"), BROKEN)
def test_a_broken_rule_file_is_told_on_the_broken_line(name: str, broken: Break, tmp_path: Path) -> None:
    folder = tmp_path / name
    shutil.copytree(POLICIES / name, folder)
    before = (folder / "rules.policy").read_text(encoding="utf-8")
    after = re.sub(broken.pattern, broken.written, before, count=1)
    (folder / "rules.policy").write_text(after, encoding="utf-8")
    lines = {_first_change(before, after)} if not broken.at else set(_lines_like(after, broken.at))
    told = [finding.as_json("zh") for finding in checked(str(folder)).findings]
    where = [(finding["file"], finding["line"]) for finding in told if finding["code"] == broken.code]
    assert {(f"{name}/rules.policy", line) for line in lines} & set(where), told
    assert {finding["severity"] for finding in told if finding["code"] == broken.code} == {broken.severity}


@pytest.mark.parametrize("name", NAMES)
def test_each_rule_file_is_broken_in_some_twenty_five_ways(name: str) -> None:
    assert sum(param.values[0] == name for param in BROKEN) >= 25


def test_each_way_to_break_a_rule_file_breaks_one() -> None:
    tried = {param.values[1] for param in BROKEN}
    assert [broken.claim for broken in BREAKS if broken not in tried] == []


@cache
def policy_of(name: str) -> Policy:
    """A policy that comes with the engine."""
    return open_policy(name)


@cache
def index_of(name: str) -> SourceIndex:
    """The clauses of a policy's document."""
    index = read_index(POLICIES / name, name)
    assert index is not None
    return index


def settled(name: str, data: Path) -> Settlement:
    """Data settled by a policy."""
    policy = policy_of(name)
    return settle(policy, bind_data(policy, read_data(data, data.name)))


def _found_at(found: dict[tuple[str, str | None, str, str], Any], row: dict[str, str]) -> Any:
    """The value where a row of expected figures points; nothing where the results lack it."""
    return found.get((row["unit"], row["insurance"] or None, row["period"], row["id"]), "none at all")


def _respell(folder: Path, language: str) -> None:
    paths = [str(folder / name) for name in (*NAMES, "common")]
    run = CliRunner().invoke(cli, ["fmt", "--lang", language, *paths])
    assert run.exit_code == 0, run.output


def _settled_by_command(folder: Path) -> Any:
    sample = POLICIES / folder.name / "sample.yaml"
    run = CliRunner().invoke(cli, ["settle", str(folder), "--data", str(sample), "--format", "json"])
    assert run.exit_code == 0, run.output
    return json.loads(run.stdout)


def _first_change(before: str, after: str) -> int:
    pairs = zip(before.split("\n"), after.split("\n"), strict=False)
    return next(number for number, (old, new) in enumerate(pairs, 1) if old != new)


def _lines_like(text: str, pattern: str) -> list[int]:
    return [number for number, line in enumerate(text.split("\n"), 1) if re.search(pattern, line)]
