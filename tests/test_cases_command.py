"""``xiance cases``: suggested cases stand where they say, a recorded run comes out the same, a file is changed whole or not."""

from pathlib import Path

import pytest
from trial_desk import CASES, RULES, Desk, desk

from engine.api import open_policy
from engine.load.cases import cases_in
from engine.load.policy import policies_folder
from engine.trial.probe import ran, stands
from engine.trial.run import covered, try_cases

DATA = (
    "年度: 2026\n医共体:\n  - {名称: 甲, 预算: 1000.00, 花费: 700.00, 得分: 90}\n  - {名称: 乙, 预算: 900, 花费: 800}\n"
)


@pytest.fixture
def at(tmp_path: Path) -> Desk:
    return desk(tmp_path)


@pytest.fixture
def data(tmp_path: Path) -> str:
    path = tmp_path / "data.yaml"
    path.write_text(DATA, encoding="utf-8")
    return str(path)


def confirmed(at: Desk) -> None:
    """Every case of the file taken as confirmed."""
    at.cases().write_text(at.cases().read_text(encoding="utf-8").replace("待核:", "结果:"), encoding="utf-8")


# ---- suggest


def test_suggested_cases_touch_every_boundary_and_exception_once_confirmed(at: Desk) -> None:
    out = at.run("cases", "suggest", "NAME", "--out", str(at.cases()))
    assert (out.code, out.err) == (0, "")
    assert out.out.startswith("写出待核的案例 15 个")
    before = at.told("test", "NAME")["policies"][0]
    assert (before["cases"], len(before["unconfirmed"]), before["coverage"]["boundaries"]["touched"]) == (1, 15, 0)
    confirmed(at)
    after = at.told("test", "NAME")["policies"][0]
    assert (after["passed"], after["coverage"]["boundaries"]["percent"]) == (16, 100)
    assert after["coverage"]["exceptions"]["percent"] == 100
    assert at.run("cases", "suggest", "NAME").out == ""


def test_a_suggested_case_names_the_boundary_it_stands_on(at: Desk) -> None:
    at.run("cases", "suggest", "NAME", "--out", str(at.cases()))
    policy = open_policy(at.folder)
    _, coverer = covered(policy)
    cases = {case.name: case for case in cases_in(at.cases().read_bytes(), "cases.yaml")}
    for key, untouched in coverer.boundaries.items():
        boundary, side = coverer.edges[key]
        here = ran(policy, cases[untouched.what.zh].data)
        assert here is not None
        assert {boundary.side(left, right) for _, left, right in stands(here, boundary)} == {side}


def test_each_exception_is_suggested_alone_and_each_two_together(at: Desk) -> None:
    at.run("cases", "suggest", "NAME", "--out", str(at.cases()))
    rows = [
        case.data.tables[0].rows[0].cells
        for case in cases_in(at.cases().read_bytes(), "cases.yaml")
        if "成立" in case.name
    ]
    assert [sorted(name for name in ("推诿", "造假") if name in cells) for cells in rows] == [
        ["推诿"],
        ["造假"],
        ["推诿", "造假"],
    ]


def test_suggesting_twice_suggests_nothing_new(at: Desk) -> None:
    at.run("cases", "suggest", "NAME", "--out", str(at.cases()))
    before = at.cases().read_bytes()
    again = at.run("cases", "suggest", "NAME", "--out", str(at.cases()))
    assert (again.code, again.out) == (0, "")
    assert "边界和例外都有案例了" in again.err
    assert at.cases().read_bytes() == before


def test_suggestions_on_the_screen_are_a_file_of_cases(at: Desk) -> None:
    out = at.run("cases", "suggest", "NAME").out
    assert {case.pending for case in cases_in(out.encode(), "screen")} == {True}
    assert at.cases().read_text(encoding="utf-8") == CASES


def test_what_nothing_gets_to_is_told_and_not_made_up(tmp_path: Path) -> None:
    rules = RULES.replace("除非 造假: 0元", "除非 上限 超过 5亿元 且 推诿: 0元")
    at = desk(tmp_path, rules)
    told = at.run("cases", "suggest", "NAME")
    assert told.code == 0
    assert "L222" in told.err
    assert "“上限 超过 5亿元 且 推诿”" in told.err


@pytest.mark.parametrize("name", ["gaotai", "guangdong"])
def test_a_shipped_policy_left_with_three_cases_is_led_to_seventeen_boundaries_in_twenty(
    name: str, tmp_path: Path
) -> None:
    folder = tmp_path / name
    folder.mkdir()
    for file in ("rules.policy", "source.yaml", "sample.yaml"):
        (folder / file).write_bytes((policies_folder() / name / file).read_bytes())
    whole = (policies_folder() / name / "cases.yaml").read_text(encoding="utf-8")
    (folder / "cases.yaml").write_text("- 案例: ".join(whole.split("- 案例: ")[:4]), encoding="utf-8")
    at = Desk(folder)
    assert at.run("cases", "suggest", "NAME", "--out", str(at.cases())).code == 0
    confirmed(at)
    trial = try_cases(open_policy(folder))
    assert [r.case.name for r in trial.results if not r.passed] == []
    # Days between two rows of a merge are no figure of one row: for those no case is suggested.
    led = [point for point in trial.coverage.boundaries.missing if "日期至" not in point.what.zh]
    total = trial.coverage.boundaries.total
    share = 100 * (total - len(led)) // total
    assert share >= 85


# ---- record


def test_a_recorded_run_holds_every_figure_with_its_state_and_waits_for_a_person(at: Desk, data: str) -> None:
    ran_ = at.run("cases", "record", "NAME", "--data", data, "--as", "一次结算")
    assert (ran_.code, ran_.out) == (0, f"已记下案例“一次结算”，8 个数，标作待核：{at.cases()}\n")
    case = cases_in(at.cases().read_bytes(), "cases.yaml")[-1]
    assert (case.name, case.pending, len(case.rows)) == ("一次结算", True, 2)
    states = {(row.unit, f.name): (f.value, f.state, f.missing) for row in case.rows for f in row.figures}
    assert states["甲", "留用"] == ("300.00", "明确", ())
    assert states["乙", "留用"] == (None, "未定", ("得分",))
    confirmed(at)
    assert at.run("test", "NAME").code == 0


def test_a_recorded_run_keeps_the_bytes_that_were_there(at: Desk, data: str) -> None:
    before = "\ufeff# 抬头\r\n".encode() + CASES.replace("\n", "\r\n").rstrip().encode()
    at.cases().write_bytes(before)
    assert at.run("cases", "record", "NAME", "--data", data, "--as", "一次结算").code == 0
    after = at.cases().read_bytes()
    assert after.startswith(before)
    assert after.count(b"\r\n") == after.count(b"\n")
    assert len(cases_in(after, "cases.yaml")) == 2


def test_a_file_in_another_encoding_stays_in_it(at: Desk, data: str) -> None:
    at.cases().write_bytes(CASES.encode("gb18030"))
    assert at.run("cases", "record", "NAME", "--data", data, "--as", "一次结算").code == 0
    assert "案例: 一次结算" in at.cases().read_bytes().decode("gb18030")


def test_a_name_that_is_taken_is_refused_and_nothing_is_written(at: Desk, data: str) -> None:
    told = at.run("cases", "record", "NAME", "--data", data, "--as", "结余不到上限时乘系数留用")
    assert told.code == 1
    assert "错误[L203]" in told.err
    assert "--> sample/cases.yaml:2" in told.err
    assert at.cases().read_text(encoding="utf-8") == CASES


def test_the_one_who_confirmed_is_written_and_the_case_counts(at: Desk, data: str) -> None:
    words = ("cases", "record", "NAME", "--data", data, "--as", "算过的", "--confirmed-by", "张三", "--unit", "甲")
    assert at.run(*words).code == 0
    case = cases_in(at.cases().read_bytes(), "cases.yaml")[-1]
    assert (case.pending, case.confirmed_by, [row.unit for row in case.rows]) == (False, "张三", ["甲"])
    assert at.told("test", "NAME")["policies"][0]["passed"] == 2


def test_names_that_mean_something_to_yaml_come_back_as_they_were(at: Desk, data: str) -> None:
    for name in ("甲: 乙, {丙}", "# 不是注释", "是", "2026", "“引号” 'x' \"y\"", "- 项", "a: &b", "【】|>"):
        assert at.run("cases", "record", "NAME", "--data", data, "--as", name).code == 0
        assert cases_in(at.cases().read_bytes(), "cases.yaml")[-1].name == name


def test_another_file_may_take_the_case(at: Desk, data: str, tmp_path: Path) -> None:
    path = tmp_path / "新的.yaml"
    for name in ("一", "二"):
        assert at.run("cases", "record", "NAME", "--data", data, "--as", name, "--out", str(path)).code == 0
    assert [case.name for case in cases_in(path.read_bytes(), "新的.yaml")] == ["一", "二"]
    assert at.cases().read_text(encoding="utf-8") == CASES


@pytest.mark.parametrize(
    ("text", "words", "code"),
    [
        (DATA, ("--unit", "丙"), "L205"),
        (DATA.replace("700.00", "-1"), (), "D060"),
        (DATA + "".join(f"  - {{名称: 单位{n}, 预算: 1, 花费: 1}}\n" for n in range(500)), (), "L204"),
    ],
)
def test_what_cannot_be_recorded_is_told_and_nothing_is_written(
    at: Desk, tmp_path: Path, text: str, words: tuple[str, ...], code: str
) -> None:
    path = tmp_path / "wrong.yaml"
    path.write_text(text, encoding="utf-8")
    told = at.run("cases", "record", "NAME", "--data", str(path), "--as", "一", *words)
    assert (told.code, f"[{code}]" in told.err, told.out) == (1, True, "")
    assert at.cases().read_text(encoding="utf-8") == CASES


def test_a_write_that_breaks_off_leaves_the_file_as_it_was(
    at: Desk, data: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def torn(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", torn)
    assert at.run("cases", "record", "NAME", "--data", data, "--as", "一").code == 2
    monkeypatch.undo()
    assert at.cases().read_text(encoding="utf-8") == CASES
    assert {path.name for path in at.folder.iterdir()} == {"rules.policy", "source.yaml", "cases.yaml"}


@pytest.mark.parametrize(
    "words", [("record", "NAME", "--as", "一"), ("record", "NAME", "--data", "x"), ("suggest", "nowhere")]
)
def test_wrong_usage_of_cases_exits_with_two(at: Desk, words: tuple[str, ...]) -> None:
    assert at.run("cases", *words).code == 2


def test_help_and_messages_are_in_both_languages(at: Desk, data: str) -> None:
    assert "把一次结算记成案例" in at.run("cases", "--help").out
    told = at.run("cases", "record", "NAME", "--data", data, "--as", "one", "--lang", "en")
    assert told.out.startswith("recorded `one`, 8 figures, to be confirmed")
    assert (
        "error[L203]: there is already a case"
        in at.run("cases", "record", "NAME", "--data", data, "--as", "one", "--lang", "en").err
    )
