"""A new policy: from any origin it checks and its cases hold at once, and what is undecided is listed and left open."""

import json
import re
import shutil
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from engine.api import open_policy
from engine.doors.check_form import checked
from engine.doors.command import cli
from engine.load.policy import known_policies, policies_folder
from engine.scaffold.make import is_code
from engine.scaffold.readiness import Readiness, readiness
from grammar.diagnostic import render

POLICIES = policies_folder()
ORIGINS = ("blank", *(name for name in known_policies() if (POLICIES / name).is_dir()))


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with an empty folder of policies, to type commands in."""
    (tmp_path / "policies").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def xiance(*words: str) -> Result:
    result = CliRunner().invoke(cli, list(words))
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def told(*words: str) -> Any:
    result = xiance(*words, "--format", "json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


@pytest.mark.parametrize("origin", ORIGINS)
def test_a_new_policy_checks_tests_settles_and_is_laid_out_at_once(origin: str, desk: Path) -> None:
    made = told("new", "linshui", "--from", origin, "--title", "「临水县办法」")
    folder = desk / "policies" / "linshui"
    assert (
        {path.name for path in folder.iterdir()}
        == {"rules.policy", "source.yaml", "cases.yaml", "sample.yaml"}
        == {*made["files"]}
    )
    assert [render(finding, "zh") for finding in checked("linshui").findings if finding.severity != "note"] == []
    run = xiance("test", "linshui")
    assert run.exit_code == 0, run.output
    run_and_passed = re.search(r"案例 ([0-9]+) 个，通过 ([0-9]+) 个", run.stdout)
    assert run_and_passed
    assert int(run_and_passed[1]) == int(run_and_passed[2]) >= 2
    settlement = told("settle", "linshui", "--data", "policies/linshui/sample.yaml")
    assert settlement["scheme"] == "linshui"
    assert settlement["figures"]
    assert {w["code"] for w in settlement["warnings"] if w["severity"] == "warning"} <= {"R120", "R130"}
    assert xiance("fmt", "--check", "policies/linshui").exit_code == 0
    assert "临水县办法" in (folder / "rules.policy").read_text(encoding="utf-8").split("\n方案 ")[-1].split("\n")[0]


@pytest.mark.parametrize("origin", ORIGINS)
def test_nothing_a_county_decides_is_decided_for_it(origin: str, desk: Path) -> None:
    made = told("new", "linshui", "--from", origin)
    scheme = open_policy("linshui").scheme()
    own = [p for p in scheme.parameters.values() if p.layer == "linshui"]
    assert [p.name for p in own if p.state == "stated"] == []
    listed = {item["name"] for item in made["undecided"] if item["sort"] == "parameter"}
    assert listed == {p.name for p in scheme.parameters.values() if p.state in {"open", "referred"}}
    assert all(item["clauses"] for item in made["undecided"] if item["sort"] != "start")
    assert [item["name"] for item in made["undecided"] if item["sort"] == "start"] == ["施行"]
    # No assumption and no name of another county's document goes along.
    assert "假设: {" not in (desk / "policies/linshui/sample.yaml").read_text(encoding="utf-8")
    rules = (desk / "policies/linshui/rules.policy").read_text(encoding="utf-8")
    assert "TODO" not in rules
    assert not re.search(r"(?m)^(名录|情景|文中称|  地区|  文件)", rules)


@pytest.mark.parametrize("origin", ["jilin", "guangdong"])
def test_a_frame_of_a_province_is_inherited_and_a_filled_parameter_decides(origin: str, desk: Path) -> None:
    made = told("new", "linshui", "--from", origin)
    assert made["way"] == "inherit"
    path = desk / "policies" / "linshui" / "rules.policy"
    text = path.read_text(encoding="utf-8")
    assert f"承接 {origin}" in text
    # What the province refers to another document stays referred to it.
    referred = {p.name for p in open_policy(origin).scheme().parameters.values() if p.referred and not p.left_out}
    assert {p.name for p in open_policy("linshui").scheme().parameters.values() if p.referred} == referred
    filled, count = re.subn(
        r"(?m)^参数 结余留用比例: 比率, 0% 至 100%, (未定|转引 《\S+》)", "参数 结余留用比例 = 65%", text
    )
    assert count == 1
    path.write_text(filled, encoding="utf-8")
    parameter = open_policy("linshui").scheme().parameters["结余留用比例"]
    assert (parameter.state, parameter.layer) == ("stated", "linshui")


@pytest.mark.parametrize(
    ("origin", "numbers"),
    [("gaotai", ["30%", "10%"]), ("yunxian", ["50%", "12%", "65%"]), ("qingshan", ["70%", "40%"])],
)
def test_a_countys_rules_are_copied_without_its_numbers(origin: str, numbers: list[str], desk: Path) -> None:
    made = told("new", "linshui", "--from", origin)
    assert made["way"] == "copy"
    rules = (desk / "policies/linshui/rules.policy").read_text(encoding="utf-8").split("\n译名\n")[0]
    origin_rules = (POLICIES / origin / "rules.policy").read_text(encoding="utf-8")
    for number in numbers:
        assert re.search(rf"(?<![0-9]){number}", origin_rules)
        assert not re.search(rf"(?<![0-9]){number}", rules)
    # Whether an indicator without a target is met is no figure.
    kept = {place for place, figure in open_policy(origin).scheme().figures.items() if figure.sort != "met"}
    assert {*open_policy("linshui").scheme().figures} == kept


def test_numbers_that_stand_in_a_copied_rule_are_listed_to_be_confirmed(desk: Path) -> None:
    folder = desk / "policies" / "qingxi"
    shutil.copytree(Path(__file__).parent / "documents" / "qingxi", folder)
    text = (folder / "rules.policy").read_text(encoding="utf-8")
    old = "    机构承担 = 超支 的 透支承担比例                         依据 三③\n"
    assert old in text
    more = "    用途分值 = 超支 的 37%                                  依据 三③\n"
    (folder / "rules.policy").write_text(text.replace(old, old + more), encoding="utf-8")
    made = told("new", "linshui", "--from", "qingxi", "--copy")
    numbers = [item for item in made["undecided"] if item["sort"] == "number"]
    assert [(item["name"], item["clauses"]) for item in numbers] == [("用途分值", ["三③"])]
    assert "37%" in numbers[0]["words"]


def test_the_origin_may_be_a_folder_anywhere(desk: Path) -> None:
    shutil.copytree(POLICIES / "gaotai", desk / "elsewhere" / "gaotai2")
    made = told("new", "linshui", "--from", str(desk / "elsewhere" / "gaotai2"), "--out", "计划")
    assert made["folder"] == "计划/linshui"
    assert xiance("test", "计划/linshui").exit_code == 0


def test_what_would_be_inherited_must_stand_where_inheritance_looks(desk: Path) -> None:
    shutil.copytree(POLICIES / "jilin", desk / "elsewhere" / "province")
    text = (desk / "elsewhere" / "province" / "rules.policy").read_text(encoding="utf-8")
    (desk / "elsewhere" / "province" / "rules.policy").write_text(
        text.replace("方案 jilin", "方案 province"), encoding="utf-8"
    )
    refused = xiance("new", "linshui", "--from", "elsewhere/province", "--format", "json")
    assert refused.exit_code == 1
    assert [finding["code"] for finding in json.loads(refused.stdout)["findings"]] == ["L231"]
    assert not (desk / "policies" / "linshui").exists()
    assert told("new", "linshui", "--from", "elsewhere/province", "--out", "elsewhere")["way"] == "inherit"
    assert xiance("test", "elsewhere/linshui").exit_code == 0
    made = told("new", "lintian", "--from", "elsewhere/province", "--copy")
    # The bound of a datum cannot be open: it stays, and is listed to be confirmed.
    numbers = [(item["name"], item["words"]) for item in made["undecided"] if item["sort"] == "number"]
    assert made["way"] == "copy"
    assert ("最少预拨月数", "规则里照抄的 1；对照本县文件改") in numbers


def test_the_first_day_and_the_title_are_taken_as_given(desk: Path) -> None:
    told("new", "linshui", "--from", "jilin", "--title", "临水县“总额付费”'细则'", "--start", "2027-03-01")
    assert str(open_policy("linshui").scheme().start) == "2027-03-01"
    assert "  名称: '临水县“总额付费”''细则'''" in (desk / "policies/linshui/source.yaml").read_text(encoding="utf-8")
    for origin in ("blank", "gaotai"):
        told("new", f"{origin}2", "--from", origin, "--start", "2027-03-01")
        assert str(open_policy(f"{origin}2").scheme().start) == "2027-03-01"


@pytest.mark.parametrize(
    "words",
    [
        ("Linshui", "--from", "blank"),
        ("临水", "--from", "blank"),
        ("../linshui", "--from", "blank"),
        ("con", "--from", "blank"),
        ("lpt1", "--from", "blank"),
        ("common", "--from", "blank"),
        ("scheme", "--from", "blank"),
        ("x" * 40, "--from", "blank"),
        ("gaotai", "--from", "blank"),
        ("taken", "--from", "blank"),
        ("linshui", "--from", "gaotia"),
        ("linshui",),
        ("linshui", "--from", "blank", "--start", "明年"),
        ("linshui", "--from", "blank", "--title", "甲「乙」丙"),
        ("linshui", "--from", "blank", "--title", "「」"),
        ("linshui", "--from", "blank", "--out", "file"),
    ],
    ids=" ".join,
)
def test_what_cannot_be_made_is_wrong_usage_and_leaves_nothing(words: tuple[str, ...], desk: Path) -> None:
    (desk / "policies" / "taken").mkdir()
    (desk / "file").write_text("x", encoding="utf-8")
    before = sorted(desk.rglob("*"))
    result = xiance("new", *words)
    assert result.exit_code == 2
    assert (result.stdout, bool(result.stderr.strip())) == ("", True) or "gaotai" in result.stderr or result.exception
    assert sorted(desk.rglob("*")) == before


def test_without_a_folder_of_policies_the_place_is_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    result = xiance("new", "linshui", "--from", "blank")
    assert result.exit_code == 2
    assert "--out" in result.stderr
    assert list(tmp_path.iterdir()) == []


def test_an_origin_with_errors_makes_nothing_and_its_errors_are_told(desk: Path) -> None:
    shutil.copytree(POLICIES / "gaotai", desk / "policies" / "wrong")
    path = desk / "policies" / "wrong" / "rules.policy"
    path.write_text(path.read_text(encoding="utf-8").replace("结余或超支, 最低", "结余或超标, 最低"), encoding="utf-8")
    result = xiance("new", "linshui", "--from", "wrong", "--format", "json")
    assert result.exit_code == 1
    assert "C201" in {finding["code"] for finding in json.loads(result.stdout)["findings"]}
    assert not (desk / "policies" / "linshui").exists()


@pytest.mark.parametrize("code", ["a1", "lin_shui", "x2026"])
def test_a_plain_word_will_do_as_a_code(code: str) -> None:
    assert is_code(code)


def test_both_languages_say_the_same(desk: Path) -> None:
    chinese = xiance("new", "aa", "--from", "jilin").stdout
    english = xiance("new", "bb", "--from", "jilin", "--lang", "en").stdout
    assert (desk / "policies" / "bb").is_dir()
    assert "就绪度" in chinese
    assert "ready (mean" in english
    assert len(chinese.splitlines()) == len(english.splitlines())


# ---- readiness


@cache
def counted(name: str) -> Readiness:
    return readiness(open_policy(name))


def part(name: str, id_: str) -> tuple[int, int]:
    (found,) = (part for part in counted(name).parts if part.id == id_)
    return found.done, found.of


def test_readiness_counts_what_is_there() -> None:
    scheme = open_policy("gaotai").scheme()
    decided = [p for p in scheme.parameters.values() if p.state not in {"open", "referred"}]
    assert part("gaotai", "parameters") == (len(decided), len(scheme.parameters)) == (3, 12)
    index = (POLICIES / "gaotai" / "source.yaml").read_text(encoding="utf-8")
    assert part("gaotai", "digests") == (index.count("指纹: "), index.count("{条: "))
    for name in ("gaotai", "yunxian", "guangdong", "jilin", "qingshan"):
        for id_ in ("rules", "exceptions", "gates", "identities", "clauses", "citations"):
            done, of = part(name, id_)
            assert done == of, (name, id_)
    assert part("qingshan", "digests")[0] == 0


def test_readiness_rises_with_every_step_of_an_analyst(desk: Path) -> None:
    told("new", "linshui", "--from", "blank")
    folder = desk / "policies" / "linshui"
    scores = [readiness(open_policy("linshui")).score]

    def step(name: str, old: str, new: str) -> None:
        text = (folder / name).read_text(encoding="utf-8")
        assert old in text
        (folder / name).write_text(text.replace(old, new), encoding="utf-8")
        scores.append(readiness(open_policy("linshui")).score)

    step("rules.policy", "参数 结余留用比例: 比率, 0% 至 100%, 未定 ", "参数 结余留用比例 = 60% ")
    step("source.yaml", "待填(留用)", "三(二)")
    before = scores.pop()
    step("rules.policy", "待填(留用)", "三(二)")
    assert scores[-1] > before >= 0
    step("source.yaml", "{条: 三(二),", "{条: 三(二), 指纹: sha256:0,")
    assert scores == sorted(set(scores))


def test_a_case_taken_away_lowers_readiness(desk: Path) -> None:
    shutil.copytree(POLICIES / "gaotai", desk / "policies" / "gaotai9")
    full = readiness(open_policy("policies/gaotai9"))
    (desk / "policies" / "gaotai9" / "cases.yaml").unlink()
    none = readiness(open_policy("policies/gaotai9"))
    assert none.score < full.score
    assert {p.id for p in none.parts if p.of and p.done == 0} == {"rules", "exceptions", "gates", "identities"}


def test_check_tells_readiness_where_it_is_asked_for(desk: Path) -> None:
    plain, ready = told("check", "jilin"), told("check", "jilin", "--ready")
    assert "readiness" not in plain
    assert ready["readiness"]["jilin"]["score"] == readiness(open_policy("jilin")).score
    assert {**ready, "readiness": 0} == {**plain, "readiness": 0}
    assert "就绪度" in xiance("check", "jilin", "--ready").stdout
    assert "就绪度" not in xiance("check", "jilin").stdout
    assert desk.is_dir()
