"""A receipt: it holds what settling again needs, and verifying it tells which part is no longer the same."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from engine.doors.command import cli
from engine.doors.receipt_form import exact_text
from engine.load.values import Wrong, parse_value
from engine.nouns import kinds as k

POLICIES = Path(__file__).resolve().parent.parent / "policies"


def run(*words: str | Path) -> Result:
    return CliRunner().invoke(cli, [str(word) for word in words])


class Desk:
    """A folder with the policies, a case and its receipt."""

    def __init__(self, folder: Path, name: str, *options: str) -> None:
        shutil.copytree(POLICIES, folder / "policies")
        self.folder, self.policy = folder, folder / "policies" / name
        self.data, self.receipt = folder / "case.yaml", folder / "receipt.json"
        shutil.copy(self.policy / "sample.yaml", self.data)
        self.settle(*options)

    def settle(self, *options: str) -> None:
        """The case settled, its receipt written."""
        result = run("settle", self.policy, "--data", self.data, "--receipt", self.receipt, *options)
        assert result.exit_code == 0, result.stderr

    def verify(self, *options: str | Path) -> Result:
        """The receipt verified, told as JSON."""
        return run("verify", self.receipt, "--format", "json", *options)

    def edit(self, path: Path, before: str, after: str) -> None:
        """One place of a file changed."""
        text = path.read_text(encoding="utf-8")
        assert before in text
        path.write_text(text.replace(before, after, 1), encoding="utf-8")

    def rewrite(self, change: Callable[[dict[str, Any]], object]) -> None:
        """The receipt changed by hand."""
        receipt = json.loads(self.receipt.read_text(encoding="utf-8"))
        change(receipt)
        self.receipt.write_text(json.dumps(receipt, ensure_ascii=False), encoding="utf-8")


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path, "gaotai")


def codes(result: Result) -> list[str]:
    return [finding["code"] for finding in json.loads(result.stdout)["findings"]]


def different(result: Result) -> list[tuple[str, str]]:
    return [(part["part"], part["name"]) for part in json.loads(result.stdout)["parts"] if not part["same"]]


# ---- the same


@pytest.mark.parametrize("name", ["gaotai", "yunxian", "guangdong", "jilin", "qingshan"])
def test_a_receipt_of_unchanged_inputs_is_verified(name: str, tmp_path: Path) -> None:
    result = Desk(tmp_path, name).verify()
    assert (result.exit_code, codes(result), different(result)) == (0, [], [])
    assert json.loads(result.stdout)["same"] is True


def test_the_same_inputs_give_the_same_bytes(desk: Desk) -> None:
    first = desk.receipt.read_bytes()
    desk.settle()
    assert desk.receipt.read_bytes() == first


def test_a_receipt_names_every_file_that_took_part_and_every_assumption(tmp_path: Path) -> None:
    desk = Desk(tmp_path, "qingshan", "--assume", "中医倾斜比例=3%")
    receipt = json.loads(desk.receipt.read_text(encoding="utf-8"))
    assert [layer["name"] for layer in receipt["layers"]] == ["common", "jilin", "qingshan"]
    assert {"name": "中医倾斜比例", "value": "3%", "source": "command"} in receipt["assumptions"]
    assert receipt["command"]["assume"] == ["中医倾斜比例=3%"]


def test_an_amendment_that_was_in_force_in_an_earlier_year_is_among_the_files(tmp_path: Path) -> None:
    desk = Desk(tmp_path, "qingshan")
    amendment = "修订 qingshan 「一年试行」\n  施行 2026-01-01 起 至 2026-12-31   依据 六\n"
    (desk.policy / "trial.policy").write_text(amendment, encoding="utf-8")
    desk.settle("--year", "2027")
    receipt = json.loads(desk.receipt.read_text(encoding="utf-8"))
    assert "一年试行" in [layer["title"] for layer in receipt["layers"]]
    assert desk.verify().exit_code == 0
    desk.edit(desk.policy / "trial.policy", "一年试行", "一年")
    assert {part for part, _ in different(desk.verify())} == {"rules"}


def test_a_chosen_year_is_verified_as_chosen(tmp_path: Path) -> None:
    desk = Desk(tmp_path, "qingshan", "--year", "2027")
    assert json.loads(desk.receipt.read_text(encoding="utf-8"))["years"] == [2027]
    assert desk.verify().exit_code == 0


def test_a_scenario_need_not_be_there_any_more(tmp_path: Path) -> None:
    scenario = tmp_path / "data.yaml"
    scenario.write_text("超支分担比例: 55.5%\n特殊超支分担比例: 0.123456789012345\n", encoding="utf-8")
    desk = Desk(tmp_path / "desk", "gaotai", "--scenario", str(scenario))
    scenario.unlink()
    result = desk.verify()
    assert (result.exit_code, different(result)) == (0, [])
    values = {a["name"]: a["value"] for a in json.loads(desk.receipt.read_text(encoding="utf-8"))["assumptions"]}
    assert values["特殊超支分担比例"] == "12.3456789012345%"


def test_receipt_data_and_policies_may_be_carried_to_another_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = Desk(tmp_path / "here", "gaotai")
    there = tmp_path / "there"
    there.mkdir()
    shutil.move(desk.receipt, there)
    shutil.move(desk.data, there)
    shutil.move(desk.policy.parent / "common", there)
    shutil.move(desk.policy, there)
    shutil.rmtree(desk.folder)
    monkeypatch.chdir(tmp_path)
    assert run("verify", "there/receipt.json").exit_code == 0


def test_a_policy_that_is_gone_may_be_the_one_that_comes_with_the_engine(desk: Desk) -> None:
    shutil.rmtree(desk.policy.parent)
    result = desk.verify()
    assert (result.exit_code, json.loads(result.stdout)["policy"]) == (0, "gaotai")


def test_what_was_carried_elsewhere_may_be_named(desk: Desk, tmp_path: Path) -> None:
    moved = tmp_path / "elsewhere" / "case.yaml"
    moved.parent.mkdir()
    shutil.move(desk.data, moved)
    policy = shutil.move(desk.policy, desk.policy.with_name("other"))
    assert desk.verify().exit_code == 2
    assert desk.verify("--data", moved).exit_code == 0
    result = desk.verify("--data", moved, "--policy", policy)
    assert (result.exit_code, different(result)) == (0, [])


# ---- different


def test_a_rule_file_that_changed_is_named(desk: Desk) -> None:
    desk.edit(desk.policy / "rules.policy", "30%", "20%")
    result = desk.verify()
    assert (result.exit_code, codes(result)) == (1, ["S122", "S126"])
    assert [part for part, _ in different(result)] == ["rules", "figures"]
    assert different(result)[0][1].startswith("gaotai")


def test_a_rule_file_that_changed_without_a_figure_changing_is_told_apart(desk: Desk) -> None:
    with (desk.policy.parent / "common" / "vocabulary.policy").open("a", encoding="utf-8") as file:
        file.write("# 一句注\n")
    result = desk.verify()
    assert (result.exit_code, codes(result)) == (1, ["S122", "S128"])
    assert different(result)[0][1].startswith("common")


def test_data_that_changed_is_told(desk: Desk) -> None:
    with desk.data.open("a", encoding="utf-8") as file:
        file.write("# 一句注\n")
    result = desk.verify()
    assert (result.exit_code, codes(result)) == (1, ["S123", "S128"])


def test_an_assumption_of_the_data_that_changed_is_told_with_both_values(desk: Desk) -> None:
    desk.edit(desk.data, "保证金返还比例: 95%", "保证金返还比例: 70%")
    result = desk.verify()
    assert (result.exit_code, codes(result)) == (1, ["S123", "S124", "S126"])
    assert "95%" in result.stdout
    assert "70%" in result.stdout


def test_figures_that_differ_though_nothing_changed_are_told_as_that(desk: Desk) -> None:
    desk.rewrite(lambda receipt: receipt.update(figures="sha256:0"))
    assert codes(desk.verify()) == ["S127"]
    assert desk.verify().exit_code == 1


def test_a_figure_of_the_receipt_that_rests_on_another_value_does_not_pass(tmp_path: Path) -> None:
    desk = Desk(tmp_path, "gaotai", "--assume", "超支分担比例=60%")
    desk.rewrite(lambda receipt: receipt["assumptions"][0].update(value="61%"))
    assert desk.verify().exit_code == 1


def test_a_list_of_rule_files_that_was_altered_does_not_pass(desk: Desk) -> None:
    desk.rewrite(lambda receipt: receipt.update(rules="sha256:0"))
    result = desk.verify()
    assert (result.exit_code, codes(result)) == (1, ["S122", "S128"])
    desk.rewrite(lambda receipt: receipt.update(layers=receipt["layers"][1:]))
    assert desk.verify().exit_code == 1


def test_another_engine_is_a_warning_while_the_figures_are_the_same(desk: Desk) -> None:
    desk.rewrite(lambda receipt: receipt.update(engine="xiance 0.0.1"))
    result = desk.verify()
    assert (result.exit_code, codes(result)) == (0, ["S125"])
    desk.rewrite(lambda receipt: receipt.update(figures="sha256:0"))
    assert codes(desk.verify()) == ["S125", "S126"]


@pytest.mark.parametrize(
    ("file", "before", "after"), [("case.yaml", "医共体:", "医工体:"), ("policies/gaotai/rules.policy", "方案", "方")]
)
def test_rules_or_data_that_are_wrong_now_are_told_with_what_is_wrong(
    desk: Desk, file: str, before: str, after: str
) -> None:
    desk.edit(desk.folder / file, before, after)
    result = desk.verify()
    assert result.exit_code == 1
    assert codes(result)[0] == "S129"
    assert len(codes(result)) > 1


# ---- missing, and not a receipt


def test_a_missing_file_is_wrong_usage(desk: Desk) -> None:
    assert run("verify", desk.folder / "none.json").exit_code == 2
    assert run("verify", desk.folder).exit_code == 2
    assert run("verify", "x" * 5000).exit_code == 2
    desk.data.unlink()
    assert desk.verify().exit_code == 2


@pytest.mark.parametrize(
    "text",
    ["", "{}", "[]", "\x00\x01", "[" * 100_000, '{"receipt": 2}', '{"receipt": NaN}', "null", '"' + "x" * (5 << 20)],
)
def test_what_is_no_receipt_is_told_so(text: str, tmp_path: Path) -> None:
    (tmp_path / "receipt.json").write_text(text, encoding="utf-8")
    result = run("verify", tmp_path / "receipt.json")
    assert result.exit_code == 1
    assert "[S121]" in result.stderr


@pytest.mark.parametrize("given", ["", "\0", "x" * 5000, "/", "..", "/dev/null", "a/b\\c", "💥"])
@pytest.mark.parametrize("what", ["policy", "data"])
def test_a_receipt_that_names_nonsense_ends_without_a_traceback(desk: Desk, what: str, given: str) -> None:
    desk.rewrite(lambda receipt: receipt["command"].update({what: given}))
    result = desk.verify()
    assert result.exit_code in {1, 2}
    assert isinstance(result.exception, SystemExit)


@pytest.mark.parametrize(
    "change",
    [
        lambda receipt: receipt.update(years=[10**30, -5]),
        lambda receipt: receipt["assumptions"].append({"name": "没有的", "value": "1", "source": "command"}),
        lambda receipt: receipt["assumptions"].append({"name": "超支分担比例", "value": "1e999", "source": "command"}),
        lambda receipt: receipt.update(years="2026"),
        lambda receipt: receipt.update(layers=[{"name": 1}]),
        lambda receipt: receipt.pop("command"),
    ],
)
def test_a_receipt_with_wrong_parts_does_not_pass(desk: Desk, change: Callable[[dict[str, Any]], object]) -> None:
    desk.rewrite(change)
    result = desk.verify()
    assert result.exit_code == 1
    assert isinstance(result.exception, SystemExit)


def test_the_summary_speaks_both_languages(desk: Desk) -> None:
    assert run("verify", desk.receipt).stdout.endswith("与回执一致。\n")
    assert run("verify", desk.receipt, "--lang", "en").stdout.endswith("As the receipt says.\n")
    desk.rewrite(lambda receipt: receipt.update(figures="sha256:0"))
    assert "数字：不同\n与回执不一致。\n" in run("verify", desk.receipt).stdout
    assert "figures: different\nNot as the receipt says.\n" in run("verify", desk.receipt, "--lang", "en").stdout


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("0.123456789012345678", k.RATIO),
        ("60%", k.RATIO),
        ("-1.25个百分点", k.POINTS),
        ("1234567.89", k.SIGNED),
        ("12.5", k.SCORE),
        ("是", k.Kind(k.Base.YES_NO)),
        ("2026-01-31", k.Kind(k.Base.DATE)),
        ("0.333", k.Kind(k.Base.MONEY, per=k.Base.HEADS)),
    ],
)
def test_a_value_in_a_receipt_reads_back_exactly(text: str, kind: k.Kind) -> None:
    value = parse_value(text, kind)
    assert not isinstance(value, Wrong)
    assert parse_value(exact_text(value, kind), kind) == value
