"""The command line as a user meets it: exit codes, what goes where, what never changes, and what data it refuses."""

import csv
import io
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from click.testing import CliRunner

from engine.doors.command import cli
from engine.load.policy import known_policies, policies_folder

POLICIES = policies_folder()
COMMAND = [sys.executable, "-c", "from engine.doors.command import main; main()"]
ROOT = POLICIES.parent
SAMPLES = {name: str(POLICIES / name / "sample.yaml") for name in ("gaotai", "yunxian", "guangdong", "jilin")}


class Ran(NamedTuple):
    """What a run of the command left."""

    code: int
    out: str
    err: str


def xiance(*words: str) -> Ran:
    """Run a command in this process."""
    result = CliRunner().invoke(cli, list(words))
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return Ran(result.exit_code, result.stdout, result.stderr)


def started(
    *words: str, folder: Path | None = None, env: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[bytes]:
    """Run the command in a process of its own, as it is installed."""
    own = {**os.environ, "PYTHONPATH": str(ROOT), **(env or {})}
    return subprocess.run([*COMMAND, *words], capture_output=True, cwd=folder, env=own, check=False, timeout=60)


def settled(*words: str) -> dict[str, Any]:
    """The JSON of a settlement that succeeds."""
    ran = xiance("settle", *words, "--format", "json")
    assert ran.code == 0, ran.out
    told: dict[str, Any] = json.loads(ran.out)
    return told


@pytest.fixture
def write(tmp_path: Path) -> Any:
    """Writes a case and gives its path."""

    def written(text: str | bytes, name: str = "case.yaml") -> str:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return str(path)

    return written


# ---- exit codes and wrong usage


@pytest.mark.parametrize("name", SAMPLES)
def test_a_settlement_that_succeeds_exits_with_nought(name: str) -> None:
    for form in ("json", "csv", "table"):
        ran = xiance("settle", name, "--data", SAMPLES[name], "--format", form)
        # A CSV has no room for warnings; the others carry them in what they print.
        assert ran.code == 0
        assert not ran.err or (form == "csv" and "错误" not in ran.err)


SETTLE = ("settle", "gaotai", "--data", SAMPLES["gaotai"])
WRONG = [
    ("settle", "gaotaj", "--data", SAMPLES["gaotai"]),
    ("settle", "gaotai", "--data", "nowhere.yaml"),
    ("settle", "gaotai"),
    ("settle",),
    ("settle", "gaotai", "--data"),
    ("settel", "gaotai"),
    (*SETTLE, "surplus"),
    (*SETTLE, "--form", "json"),
    (*SETTLE, "--format", "jsn"),
    (*SETTLE, "--backend", "pandas"),
    (*SETTLE, "--lang", "fr"),
    (*SETTLE, "--year", "next"),
    (*SETTLE, "--years", "2026.."),
    (*SETTLE, "--years", "2027..2026"),
    (*SETTLE, "--years", "２０２６"),
    (*SETTLE, "--years", "²..³"),
    (*SETTLE, "--years", "1..99999999999"),
    (*SETTLE, "--year", "2026", "--years", "2026..2027"),
    (*SETTLE, "--assume", "超支分担比例"),
    (*SETTLE, "--assume", "=60%"),
    (*SETTLE, "--assume", "超支分担比例="),
    (*SETTLE, "--scenario", "nowhere"),
    (*SETTLE, "--readings=1"),
    ("check", "gaotaj"),
    ("test", "gaotaj"),
    ("plan", "gaotaj"),
    ("fmt", "gaotaj"),
    ("plan", str(ROOT)),
]


@pytest.mark.parametrize("words", WRONG, ids=" ".join)
def test_wrong_usage_exits_with_two_and_says_why_on_standard_error_alone(words: tuple[str, ...]) -> None:
    ran = started(*words)
    assert (ran.returncode, ran.stdout) == (2, b"")
    text = ran.stderr.decode()
    assert "Traceback" not in text
    assert any("\u4e00" <= char <= "\u9fff" for char in text), "Chinese is the default"


def test_wrong_usage_is_told_in_english_where_that_is_asked_for() -> None:
    for words in ((*SETTLE, "--format", "jsn"), ("settle",), (*SETTLE, "--assume", "x"), (*SETTLE, "--scenario", "x")):
        text = started(*words, "--lang", "en").stderr.decode()
        assert not any("\u4e00" <= char <= "\u9fff" for char in text.replace("基金承担六成", "")), text


def test_a_near_name_is_offered() -> None:
    assert "gaotai" in started("settle", "gaotia", "--data", "x").stderr.decode().split("？")[0]


def test_help_is_in_chinese_and_names_every_option_of_settle() -> None:
    text = started("settle", "--help").stdout.decode()
    assert "用法：" in text
    for option in (
        "--data",
        "--year",
        "--years",
        "--assume",
        "--scenario",
        "--backend",
        "--out",
        "--readings",
        "--receipt",
    ):
        assert option in text
    assert "Show this message" not in text


@pytest.mark.parametrize("name", cli.commands)
def test_the_help_of_every_command_has_its_headings_in_chinese(name: str) -> None:
    text = xiance(name, "--help").out
    assert text.startswith("用法：")
    assert not re.search(r"Usage|Options|required|default|Show this", text), text


def test_a_year_that_the_data_lacks_prints_nothing_and_says_so() -> None:
    ran = xiance(*SETTLE, "--year", "2030", "--format", "json")
    told = json.loads(ran.out)
    assert (ran.code, told["figures"]) == (0, [])
    assert [found["code"] for found in told["warnings"] if found["severity"] == "warning"] == ["D093"]
    assert "2026" in told["warnings"][0]["hint"]
    assert "2026" in xiance(*SETTLE, "--year", "2030", "--format", "csv").err


# ---- the shape of the JSON

FIGURE_KEYS: Mapping[str, type | tuple[type, ...]] = {
    "kind": str, "kind_id": str, "unit": str, "insurance": (str, type(None)), "period": str, "figure": str, "id": str,
    "value": (str, bool, type(None)), "value_unit": (str, type(None)), "state": str, "citations": list,
    "missing": list, "assumptions": list, "defaults": list,
}  # fmt: skip
FINDING_KEYS: Mapping[str, type | tuple[type, ...]] = {
    "code": str, "severity": str, "message": str, "hint": (str, type(None)), "file": (str, type(None)),
    "line": (int, type(None)), "column": (int, type(None)), "end_line": (int, type(None)),
    "end_column": (int, type(None)), "sheet": (str, type(None)), "row": (int, type(None)), "key": (str, type(None)),
}  # fmt: skip


@pytest.mark.parametrize("name", SAMPLES)
def test_every_key_of_the_contract_is_there_with_its_type(name: str) -> None:
    told = settled(name, "--data", SAMPLES[name])
    assert told["scheme"] == name
    assert told["engine"] == "exact"
    assert told["years"] == sorted({int(figure["period"][:4]) for figure in told["figures"]})
    assert told["figures"]
    for figure in told["figures"]:
        for key, kind in FIGURE_KEYS.items():
            assert isinstance(figure[key], kind), (key, figure)
        assert figure.keys() - FIGURE_KEYS.keys() <= {"range", "exact", "reached"}
        assert figure["state"] in {"stated", "assumed", "open"}
    for item in told["open"]:
        assert {key: type(item[key]) for key in ("name", "clause", "waits")} == {
            "name": str,
            "clause": str,
            "waits": int,
        }
    assert isinstance(told["checks"]["identities"], int)
    assert told["checks"]["broken"] == 0
    for warning in told["warnings"]:
        _is_a_finding(warning)
    assert told["receipt"].keys() >= {"rules", "data", "engine", "figures"}
    for digest in ("rules", "data", "figures"):
        assert told["receipt"][digest].startswith("sha256:")


def _is_a_finding(found: Mapping[str, Any]) -> None:
    assert found.keys() == FINDING_KEYS.keys()
    for key, kind in FINDING_KEYS.items():
        assert isinstance(found[key], kind), (key, found)
    assert found["severity"] in {"error", "warning", "note"}


@pytest.mark.parametrize("name", SAMPLES)
def test_values_are_exact_decimal_strings(name: str) -> None:
    for figure in settled(name, "--data", SAMPLES[name])["figures"]:
        if figure["value_unit"] == "元" and figure["value"] is not None:
            whole, fen = figure["value"].removeprefix("-").split(".")
            assert whole.isdigit()
            assert len(fen) == 2
            assert figure["value"] != "-0.00"
        elif isinstance(figure["value"], str):
            assert "e" not in figure["value"].lower()


def test_json_stands_alone_on_standard_output() -> None:
    ran = started(*SETTLE, "--format", "json")
    assert ran.stderr == b""
    json.loads(ran.stdout.decode("utf-8"))


def test_on_exit_one_settle_prints_the_findings_and_nothing_else(write: Any) -> None:
    ran = xiance(
        "settle",
        "gaotai",
        "--data",
        write("年度: 2026\n险种: 居民\n医共体: [{名称: 甲, 预算: 1}]\n"),
        "--format",
        "json",
    )
    assert ran.code == 1
    told = json.loads(ran.out)
    assert told.keys() == {"findings"}
    for finding in told["findings"]:
        _is_a_finding(finding)


def test_check_prints_findings_and_coverage_of_every_policy() -> None:
    ran = xiance("check", "--format", "json")
    told = json.loads(ran.out)
    assert told.keys() == {"findings", "coverage"}
    assert set(known_policies()) <= told["coverage"].keys()
    assert ran.code == (1 if any(finding["severity"] == "error" for finding in told["findings"]) else 0)


def test_check_of_a_wrong_rule_file_exits_with_one_at_its_line(tmp_path: Path) -> None:
    folder = tmp_path / "wrong"
    folder.mkdir()
    (folder / "rules.policy").write_text(
        "方案 wrong 「试」\n环节 预算\n  对 医共体:\n    结余 = (超支\n    甲 = 1\n", "utf-8"
    )
    ran = xiance("check", str(folder), "--format", "json")
    assert ran.code == 1
    lines = [finding["line"] for finding in json.loads(ran.out)["findings"] if finding["severity"] == "error"]
    assert 4 in lines


# ---- worked cases

CASE = "- 案例: 试\n  依据: 五(四)④\n  数据: {{年度: 2026, 险种: 居民, 非医共体机构: [{{名称: 甲, 年度总额预算: {budget}, 年度清算总额: 90}}]}}\n  {expected}\n"


@pytest.mark.parametrize(
    ("expected", "code"),
    [
        ("结果: [{单位: 甲, 年度: 2026, 结余留用: 10.00, 结余留转: 无}]", 0),
        ("结果: [{单位: 甲, 年度: 2026, 结余留用: 10.00, 次年预付金停拨: 无}]", 0),
        ("结果: [{单位: 甲, 年度: 2026, 结余留用: {值: 10.00, 状态: 明确}}]", 0),
        ("结果: [{单位: 甲, 年度: 2026, 结余留用: 10.01}]", 1),
        ("结果: [{单位: 甲, 年度: 2026, 结余留用: {值: 10.00, 状态: 假设}}]", 1),
        ("结果: [{单位: 甲, 年度: 2026, 保证金扣留: {状态: 未定, 还缺: [月度]}}]", 0),
        ("结果: [{单位: 甲, 年度: 2026, 保证金扣留: {状态: 未定, 还缺: [实拨]}}]", 1),
        ("结果: [{单位: 甲, 年度: 2026, 保证金扣留: {状态: 未定, 还缺: 月度}}]", 1),
        ("结果: [{单位: 甲, 年度: 2026, 结余留佣: 无}]", 1),
        ("结果: [{单位: 甲, 年度: 2026, 结余留用: {}}]", 1),
        ("结果: [{单位: 甲, 年度: 2026}]", 1),
        ("结果: []", 1),
        ("结果: {单位: 甲}", 1),
        ("发现: D060", 1),
        ("发现: [D060]", 1),
        ("依据2: 五", 1),
    ],
)
def test_a_worked_case_passes_for_what_it_expects_and_never_for_expecting_nothing(
    expected: str, code: int, tmp_path: Path
) -> None:
    folder = tmp_path / "gaotai"
    folder.mkdir()
    shutil.copy(POLICIES / "gaotai" / "rules.policy", folder)
    (folder / "cases.yaml").write_text(CASE.format(budget="100", expected=expected), encoding="utf-8")
    assert xiance("test", str(folder)).code == code


@pytest.mark.parametrize(("codes", "code"), [("[D060]", 0), ("[D060, D079]", 1), ("[D079]", 1)])
def test_a_worked_case_of_wrong_data_names_all_its_findings(codes: str, code: int, tmp_path: Path) -> None:
    folder = tmp_path / "gaotai"
    folder.mkdir()
    shutil.copy(POLICIES / "gaotai" / "rules.policy", folder)
    (folder / "cases.yaml").write_text(CASE.format(budget="-100", expected=f"发现: {codes}"), encoding="utf-8")
    assert xiance("test", str(folder)).code == code


# ---- languages


@pytest.mark.parametrize("name", SAMPLES)
def test_the_language_changes_prose_only(name: str) -> None:
    chinese, english = (settled(name, "--data", SAMPLES[name], "--lang", language) for language in ("zh", "en"))
    prose = {"message", "hint"}
    for told in (chinese, english):
        told["warnings"] = [{key: text for key, text in w.items() if key not in prose} for w in told["warnings"]]
    assert chinese == english


def test_messages_follow_the_language_and_names_stay(write: Any) -> None:
    path = write("年度: 2026\n险种: 居民\n医共体: [{名称: 甲, 年度总额预算: -1, 预算: 1}]\n")
    chinese, english = (
        json.loads(xiance("settle", "gaotai", "--data", path, "--format", "json", "--lang", language).out)["findings"]
        for language in ("zh", "en")
    )
    for one, other in zip(chinese, english, strict=True):
        assert one["message"] != other["message"]
        assert {**one, "message": "", "hint": ""} == {**other, "message": "", "hint": ""}


def test_the_table_has_headings_of_the_language() -> None:
    chinese, english = (xiance(*SETTLE, "--lang", language).out for language in ("zh", "en"))
    assert "年终清算表" in chinese
    assert "Year-end settlement" in english
    assert "年终清算表" not in english


# ---- years, assumptions, scenarios


def test_years_choose_what_is_printed_and_not_what_is_settled() -> None:
    everything = settled("yunxian", "--data", SAMPLES["yunxian"])
    last = everything["years"][-1]
    for words in (("--year", str(last)), ("--years", str(last)), ("--years", f"{last}..{last + 5}")):
        chosen = settled("yunxian", "--data", SAMPLES["yunxian"], *words)
        assert chosen["years"] == [last]
        assert chosen["figures"] == [f for f in everything["figures"] if f["period"][:4] == str(last)]
        assert chosen["checks"] == everything["checks"]
    assert settled("yunxian", "--data", SAMPLES["yunxian"], "--years", "2000..2100")["figures"] == everything["figures"]


OVERSPENT = """年度: 2026
险种: 居民
{assumed}医共体:
  - {{名称: 县人民医院医共体, 年度总额预算: 100.00, 年度清算总额: 110.00}}
  - {{名称: 县中医医院医共体, 年度总额预算: 100.00, 年度清算总额: 100.00}}
"""


def share(*words: str) -> tuple[str | None, str]:
    """The fund's share of the one overspend, and its state."""
    told = settled("gaotai", *words)
    (figure,) = [f for f in told["figures"] if f["id"] == "fund_share" and f["unit"] == "县人民医院医共体"]
    return figure["value"], figure["state"]


def test_the_command_line_goes_over_a_scenario_and_a_scenario_over_the_data(write: Any) -> None:
    nothing = write(OVERSPENT.format(assumed=""), "nothing.yaml")
    assumed = write(OVERSPENT.format(assumed="假设: {超支分担比例: 10%}\n"), "assumed.yaml")
    scenario = write("超支分担比例: 20%\n", "scenario.yaml")
    other = write("假设: {overspend_share_rate: 0.3}\n", "other.yaml")
    over = ("--assume", "超支分担比例=40%")
    assert share("--data", nothing) == (None, "open")
    assert share("--data", assumed) == ("1.00", "assumed")
    assert share("--data", assumed, "--scenario", scenario) == ("2.00", "assumed")
    assert share("--data", assumed, "--scenario", scenario, "--scenario", other) == ("3.00", "assumed")
    assert share("--data", assumed, "--scenario", "基金承担六成") == ("6.00", "assumed")
    assert share("--data", assumed, "--scenario", scenario, *over) == ("4.00", "assumed")
    assert share("--data", nothing, "--assume", "overspend_share_rate=0.5") == ("5.00", "assumed")


def test_an_assumption_over_a_stated_parameter_is_allowed(write: Any) -> None:
    path = write("年度: 2026\n险种: 居民\n非医共体机构: [{名称: 甲, 年度总额预算: 100.00, 年度清算总额: 50.00}]\n")
    told = settled("gaotai", "--data", path, "--assume", "留用上限比例=10%")
    (kept,) = [f for f in told["figures"] if f["id"] == "retained"]
    assert (kept["value"], kept["state"], kept["assumptions"]) == ("10.00", "assumed", ["留用上限比例"])


@pytest.mark.parametrize(
    "words",
    [
        ("--assume", "超支分坦比例=60%"),
        ("--assume", "超支分担比例=六成"),
        ("--assume", "超支分担比例=160%"),
        ("--assume", "结余留用=1"),
    ],
)
def test_an_unknown_name_or_an_impossible_value_of_an_assumption_is_an_error(words: tuple[str, str]) -> None:
    ran = xiance(*SETTLE, *words, "--format", "json")
    assert ran.code == 1
    (finding,) = json.loads(ran.out)["findings"]
    assert (finding["severity"], finding["file"], finding["key"]) == ("error", "--assume", words[1].split("=")[0])


@pytest.mark.parametrize(
    "text", ["超支分坦比例: 60%\n", "超支分担比例: 160%\n", "- 1\n", "医共体: [{名称: 甲}]\n", "a: {b: 1}\n"]
)
def test_a_scenario_file_is_judged_as_data_is(text: str, write: Any) -> None:
    ran = xiance(*SETTLE, "--scenario", write(text, "scenario.yaml"), "--format", "json")
    assert ran.code == 1
    assert all(f["file"].endswith("scenario.yaml") and f["line"] == 1 for f in json.loads(ran.out)["findings"])


# ---- where results go


def test_json_goes_to_a_file_and_nothing_to_the_screen(tmp_path: Path) -> None:
    target = tmp_path / "new" / "result.json"
    ran = xiance(*SETTLE, "--format", "json", "--out", str(target))
    assert ran == Ran(0, "", "")
    written = json.loads(target.read_text(encoding="utf-8"))
    # In a file it carries its receipt, by which it can be explained.
    assert written.pop("run")["figures"] == written["receipt"]["figures"]
    assert written == settled(*SETTLE[1:])
    assert [path.name for path in target.parent.iterdir()] == ["result.json"]


def test_tables_go_to_a_folder_one_per_kind_with_figures_as_columns(tmp_path: Path) -> None:
    ran = xiance(*SETTLE, "--format", "csv", "--out", str(tmp_path / "out"))
    assert (ran.code, ran.out) == (0, "")
    told = settled(*SETTLE[1:])["figures"]
    assert {path.stem for path in (tmp_path / "out").iterdir()} == {"回执"} | {figure["kind"] for figure in told}
    for path in (tmp_path / "out").glob("*.csv"):
        rows = list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8-sig"))))
        cells = {(row["名称"], row["险种"], row["期"], name): row[name] for row in rows for name in row}
        for figure in told:
            if figure["kind"] == path.stem:
                place = (figure["unit"], figure["insurance"] or "", figure["period"])
                assert cells[*place, figure["figure"]] == _printed(figure["value"])
                assert cells[*place, f"{figure['figure']}·状态"] == figure["state"]


def test_csv_on_the_screen_has_a_line_for_every_figure() -> None:
    rows = list(csv.DictReader(io.StringIO(xiance(*SETTLE, "--format", "csv").out)))
    told = settled(*SETTLE[1:])["figures"]
    assert [(row["unit"], row["id"], row["value"], row["state"]) for row in rows] == [
        (figure["unit"], figure["id"], _printed(figure["value"]), figure["state"]) for figure in told
    ]


def _printed(value: object) -> str:
    return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def test_a_name_that_a_spreadsheet_would_run_stays_text(write: Any) -> None:
    names = ("=HYPERLINK(1)", "+1+1", "-1+1", "@SUM(A1)", "＝1+1", "＋1", "－1", "＠x")
    rows = "".join(f"  - {{名称: '{name}', 年度总额预算: 1, 年度清算总额: 2}}\n" for name in names)
    ran = xiance(
        "settle", "gaotai", "--data", write(f"年度: 2026\n险种: 居民\n非医共体机构:\n{rows}"), "--format", "csv"
    )
    units = {row[2] for row in csv.reader(io.StringIO(ran.out)) if row[0] == "非医共体机构"}
    assert units == {f"'{name}" for name in names}
    # A negative amount is a number and stays one.
    assert {row[7] for row in csv.reader(io.StringIO(ran.out)) if row[6] == "balance"} == {"-1.00"}


def test_a_receipt_is_written_and_is_that_of_the_run(tmp_path: Path) -> None:
    told = settled(*SETTLE[1:], "--receipt", str(tmp_path / "receipt.json"))
    receipt = json.loads((tmp_path / "receipt.json").read_text(encoding="utf-8"))
    assert told["receipt"].items() <= receipt.items()
    assert not (tmp_path / "none").exists()


def test_a_run_that_fails_writes_nothing(write: Any, tmp_path: Path) -> None:
    path = write("年度: 2026\n险种: 居民\n医共体: [{名称: 甲, 年度总额预算: -1}]\n")
    out, receipt = tmp_path / "out.json", tmp_path / "receipt.json"
    ran = xiance("settle", "gaotai", "--data", path, "--format", "json", "--out", str(out), "--receipt", str(receipt))
    assert ran.code == 1
    assert not out.exists()
    assert not receipt.exists()


def test_a_place_that_cannot_be_written_to_is_wrong_usage(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    for words in (
        ("--format", "json", "--out", str(tmp_path)),
        ("--format", "csv", "--out", str(tmp_path / "file")),
        ("--format", "json", "--out", str(tmp_path / "file" / "x")),
        ("--format", "json", "--receipt", str(tmp_path)),
    ):
        ran = xiance(*SETTLE, *words)
        assert (ran.code, ran.out) == (2, "")
        assert ran.err.strip()
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


# ---- policies anywhere, and runs that do not depend on where, when or in what locale


def test_a_policy_folder_may_lie_anywhere(tmp_path: Path) -> None:
    there = tmp_path / "某地 policies" / "gaotai"
    shutil.copytree(POLICIES / "gaotai", there)
    expected = settled(*SETTLE[1:])
    assert settled(str(there), "--data", SAMPLES["gaotai"]) == expected
    assert settled(str(there / "rules.policy"), "--data", SAMPLES["gaotai"]) == expected
    ran = started("settle", "gaotai", "--data", SAMPLES["gaotai"], "--format", "json", folder=there.parent)
    assert json.loads(ran.stdout) == expected
    ran = started("settle", ".", "--data", SAMPLES["gaotai"], "--format", "json", folder=there)
    assert json.loads(ran.stdout) == expected


def test_a_vocabulary_beside_the_policy_goes_before_the_installed_one(tmp_path: Path) -> None:
    for name in ("gaotai", "common"):
        shutil.copytree(POLICIES / name, tmp_path / name)
    words = tmp_path / "common" / "vocabulary.policy"
    words.write_text(words.read_text(encoding="utf-8").replace("结余留用 = retained", "结余留用 = kept_here"), "utf-8")
    told = settled(str(tmp_path / "gaotai"), "--data", SAMPLES["gaotai"])
    ids = {figure["id"] for figure in told["figures"]}
    assert "kept_here" in ids
    assert "retained" not in ids
    assert told["receipt"]["rules"] != settled(*SETTLE[1:])["receipt"]["rules"]


def test_the_same_bytes_whatever_the_hash_seed_the_locale_or_the_folder(tmp_path: Path) -> None:
    shutil.copy(SAMPLES["gaotai"], tmp_path / "sample.yaml")
    runs = [
        started(*SETTLE, "--format", "json", env=environment).stdout
        for environment in (
            {"PYTHONHASHSEED": "0"},
            {"PYTHONHASHSEED": "1"},
            {"PYTHONHASHSEED": "2", "LC_ALL": "C"},
            {"LC_ALL": "POSIX", "TZ": "Asia/Shanghai", "COLUMNS": "20"},
        )
    ]
    runs.append(started("settle", "gaotai", "--data", "sample.yaml", "--format", "json", folder=tmp_path).stdout)
    assert len(set(runs)) == 1
    assert runs[0].decode("utf-8").startswith("{")


def test_text_and_csv_are_the_same_bytes_too() -> None:
    for form in ("csv", "table"):
        runs = {started(*SETTLE, "--format", form, env={"PYTHONHASHSEED": seed}).stdout for seed in ("0", "1", "2")}
        assert len(runs) == 1


def test_a_piped_table_has_no_colours_and_fits_odd_widths() -> None:
    for environment in ({}, {"FORCE_COLOR": "1"}, {"COLUMNS": "abc"}, {"COLUMNS": "0"}, {"COLUMNS": "100000"}):
        ran = started(*SETTLE, env=environment)
        assert (ran.returncode, ran.stderr) == (0, b"")
        assert b"\x1b" not in ran.stdout


def test_a_console_of_another_encoding_does_not_break_and_loses_no_name(write: Any) -> None:
    rare = "\U00020bb7田医院"  # a character that GBK does not have
    path = write(f"年度: 2026\n险种: 居民\n非医共体机构: [{{名称: {rare}, 年度总额预算: 1, 年度清算总额: 2}}]\n")
    for form in ("table", "csv"):
        ran = started("settle", "gaotai", "--data", path, "--format", form, env={"PYTHONIOENCODING": "gbk"})
        assert (ran.returncode, ran.stderr) == (0, b"")
        assert "\\U00020bb7田医院" in ran.stdout.decode("gbk")
    for encoding in ("gbk", "ascii", "utf-8"):
        ran = started("settle", "gaotai", "--data", path, "--format", "json", env={"PYTHONIOENCODING": encoding})
        assert rare in {figure["unit"] for figure in json.loads(ran.stdout)["figures"]}
    refused = started("settle", "gaotai", "--data", "nowhere", env={"PYTHONIOENCODING": "gbk"})
    assert "没有这个文件" in refused.stderr.decode("gbk")


@pytest.mark.parametrize(
    "words",
    [(*SETTLE, "--format", "json"), SETTLE, (*SETTLE, "--format", "csv"), ("plan", "gaotai"), ("check",), ("--help",)],
    ids=" ".join,
)
def test_a_reader_that_goes_away_early_gets_no_traceback(words: tuple[str, ...]) -> None:
    with subprocess.Popen([*COMMAND, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as run:
        assert run.stdout is not None
        assert run.stderr is not None
        run.stdout.close()
        told = run.stderr.read()
    assert told == b""
    assert run.returncode not in {0, 1, 2}, "neither done nor a finding"


def test_a_fault_of_our_own_is_told_without_a_traceback(tmp_path: Path) -> None:
    breaking = tmp_path / "sitecustomize.py"
    breaking.write_text("import engine.load.read\nengine.load.read.read_data = lambda *_: 1 / 0\n", encoding="utf-8")
    ran = started(*SETTLE, env={"PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}"})
    assert ran.returncode not in {0, 1, 2}
    assert "ZeroDivisionError" in ran.stderr.decode()
    assert "Traceback" not in ran.stderr.decode()


# ---- wrong data: each with its file, row and column, all at once

HEAD = "年度: 2026\n险种: 居民\n"


def findings(scheme: str, path: str, *words: str) -> list[dict[str, Any]]:
    """The findings that a case is refused with."""
    ran = xiance("settle", scheme, "--data", path, "--format", "json", *words)
    assert ran.code == 1, ran.out
    told = json.loads(ran.out)
    assert told.keys() == {"findings"}
    return list(told["findings"])


def errors(scheme: str, path: str) -> list[tuple[str, int | None, int | None]]:
    """Code, line and column of the errors."""
    return [(f["code"], f["line"], f["column"]) for f in findings(scheme, path) if f["severity"] == "error"]


def test_every_kind_of_wrong_cell_is_told_at_once_with_its_row_and_column(write: Any) -> None:
    path = write(
        "年度: 2025\n险种: 居民\n附注: 1\n"
        "医共体:\n"
        "  - {名称: 甲, 年度总额预算: -1.00, 年度清算总额: 1.005, 考核系数: 101%}\n"
        "  - {名称: 甲, 年度总额预标: 1, 年度清算总额: 一百, 系统对接: 有}\n"
        "  - {名称: [乙], 年度总额预算: 1.0000001万元}\n"
        "  - {名称: 丙, 险种: 生育, 结余留用: 1}\n"
        "月度:\n"
        "  - {单位: 丁, 月份: 2026-13, 实拨: 1}\n"
    )
    found = findings("gaotai", path)
    assert [(f["code"], f["line"], f["sheet"], f["row"], f["key"]) for f in found if f["severity"] == "error"] == [
        ("D084", 1, None, None, "年度"),
        ("D053", 3, None, None, "附注"),
        ("D060", 5, "医共体", 1, "年度总额预算"),
        ("D066", 5, "医共体", 1, "年度清算总额"),
        ("D060", 5, "医共体", 1, "考核系数"),
        ("D079", 6, "医共体", 2, None),
        ("D057", 6, "医共体", 2, "年度总额预标"),
        ("D064", 6, "医共体", 2, "年度清算总额"),
        ("D061", 6, "医共体", 2, "系统对接"),
        ("D022", 7, "医共体", 3, "名称"),
        ("D066", 7, "医共体", 3, "年度总额预算"),
        ("D054", 8, "医共体", 4, "险种"),
        ("D055", 8, "医共体", 4, "结余留用"),
        ("D077", 10, "月度", 1, "月份"),
    ]
    assert all(f["file"] == path and f["column"] for f in found)


def test_csv_faults_of_all_tables_are_told_at_once_with_row_and_column(write: Any, tmp_path: Path) -> None:
    write("年度: 2026\n险种: 居民\n", "数据/案.yaml")
    write("名称,年度总额预算(万元),年度清算总额\n甲,1.0000001,-5\n乙,2\n甲,3,=1+1\n", "数据/医共体.csv")
    write("名称,年度总额预算(%)\n异地,3\n", "数据/资金池.csv")
    found = findings("gaotai", str(tmp_path / "数据"))
    assert [(f["code"], Path(f["file"]).name, f["line"], f["column"], f["row"]) for f in found] == [
        ("D066", "医共体.csv", 2, 3, 2),
        ("D060", "医共体.csv", 2, 13, 2),
        ("D030", "医共体.csv", 3, 1, 3),
        ("D079", "医共体.csv", 4, 1, 4),
        ("D064", "医共体.csv", 4, 5, 4),
        ("D065", "资金池.csv", 1, 4, 1),
    ]


@pytest.mark.parametrize(
    ("scheme", "year", "insurance"),
    [("gaotai", 2025, "险种: 居民\n"), ("yunxian", 2019, ""), ("guangdong", 2024, ""), ("jilin", 2024, "")],
)
def test_a_year_that_ends_before_the_scheme_is_in_force_is_an_error(
    scheme: str, year: int, insurance: str, write: Any
) -> None:
    text = "年度: {}\n" + insurance + "医共体: [{{名称: 甲}}]\n"
    assert [code for code, *_ in errors(scheme, write(text.format(year)))] == ["D084"]
    assert xiance("settle", scheme, "--data", write(text.format(year + 1))).code == 0


WRONG_AMOUNTS = [
    "1e3", "1.0e2", "NaN", ".nan", "inf", ".inf", "-.inf", "+5", "0x10", "0o17", "0b1", "1_000", "10^30", "1" * 41, "9" * 5000,
    "１e3", "1..5", ".5", "5.", "--5", "(100)", "100%", "=1+1", "true", "是", "—", "无", "N/A", "未定", "壹佰", "1 200",
    "1,20", "12,00", "100万元元", "100千元", "¥100", "1/3", "٣", "²",
]  # fmt: skip


@pytest.mark.parametrize("text", WRONG_AMOUNTS, ids=lambda text: text[:20])
def test_what_is_no_amount_is_never_taken_for_one(text: str, write: Any) -> None:
    path = write(f"{HEAD}医共体:\n  - {{名称: 甲, 年度清算总额: '{text}'}}\n")
    assert errors("gaotai", path) == [("D064", 4, 21)]


@pytest.mark.parametrize(
    ("text", "fen"),
    [
        ("１，２３４．５６", "1234.56"),
        ("1,234.50", "1234.50"),
        ("－0", "0.00"),
        ("-0.00", "0.00"),
        ("1.2亿元", "120000000.00"),
        ("0.000001万元", "0.01"),
        ("0.0000000001亿元", "0.01"),
        ("3 元", "3.00"),
        ("1.000", "1.00"),
        ("1000000000000000000000000000000", "1000000000000000000000000000000.00"),
    ],
)
def test_an_amount_is_taken_to_the_fen_however_it_is_spelt(text: str, fen: str, write: Any) -> None:
    path = write(f"{HEAD}非医共体机构:\n  - {{名称: 甲, 年度总额预算: '{text}', 年度清算总额: 0}}\n")
    (budget,) = [f["value"] for f in settled("gaotai", "--data", path)["figures"] if f["id"] == "adjusted_budget"]
    assert budget == fen


@pytest.mark.parametrize("text", ["0.001", "1.005", "0.0000001万元", "0.00000000001亿元", "1.2345678万元", "1.005元"])
def test_an_amount_finer_than_a_fen_is_the_senders_error(text: str, write: Any) -> None:
    path = write(f"{HEAD}医共体:\n  - {{名称: 甲, 年度清算总额: {text}}}\n")
    assert errors("gaotai", path) == [("D066", 4, 21)]


@pytest.mark.parametrize(
    "year", ["2026.5", "2026.0", "26", "20260", "２０２６", "2026-01-01", "二〇二六", "9999", "-2026", "2,026"]
)
def test_what_is_no_year_is_told_once_and_not_for_every_row(year: str, write: Any) -> None:
    path = write(f"年度: '{year}'\n险种: 居民\n医共体:\n  - {{名称: 甲}}\n  - {{名称: 乙}}\n")
    assert errors("gaotai", path) == [("D052", 1, 5)]


@pytest.mark.parametrize(
    "month", ["2026-13", "2026-00", "1", "2026", "2026-1-5", "２０２６-０１", "Jan-26", "2026-1月份"]
)
def test_what_is_no_month_is_an_error(month: str, write: Any) -> None:
    path = write(f"{HEAD}医共体: [{{名称: 甲}}]\n月度: [{{单位: 甲, 月份: '{month}', 实拨: 1}}]\n")
    assert [code for code, *_ in errors("gaotai", path)] == ["D077"]


ROW = "名称: 甲, 年度总额预算: 1"
SHAPES = {
    "an empty file": ("", ["D021"]),
    "only a comment": ("# 空\n", ["D021"]),
    "a list": ("- 1\n", ["D021"]),
    "a single word": ("甲\n", ["D021"]),
    "no unit": (HEAD, ["D078"]),
    "tables without rows": (f"{HEAD}医共体: []\n", ["D078"]),
    "tables of nothing": (f"{HEAD}医共体:\n资金池: ~\n", ["D078"]),
    "a table that is a number": (f"{HEAD}医共体: 3\n资金池: {{甲: 1}}\n", ["D024", "D024"]),
    "rows that are no rows": (f"{HEAD}医共体:\n  - 甲\n  - [1, 2]\n  -\n", ["D023", "D023", "D023"]),
    "cells that are no cells": (
        f"{HEAD}医共体:\n  - {{名称: 甲, 年度总额预算: {{元: 1}}, 年度清算总额: [1]}}\n",
        ["D022", "D022"],
    ),
    "a year that is a list": ("年度: [2026]\n险种: 居民\n医共体: [{名称: 甲}]\n", ["D022"]),
    "assumptions that are a list": (f"{HEAD}假设: [1]\n医共体: [{{{ROW}}}]\n", ["D025"]),
    "the same key twice": (f"{HEAD}医共体: [{{{ROW}, 年度总额预算: 1}}]\n", ["D018"]),
    "the same datum under two words": (f"{HEAD}医共体: [{{{ROW}, budget: 1}}]\n", ["D058"]),
    "the same datum in two units": (f"{HEAD}医共体: [{{{ROW}, 年度总额预算(万元): 1}}]\n", ["D058"]),
    "the same table under two words": (f"{HEAD}医共体: [{{{ROW}}}]\nalliance: [{{名称: 乙}}]\n", ["D040"]),
    "the same head under two words": (f"year: 2027\n{HEAD}医共体: [{{{ROW}}}]\n", ["D018"]),
    "the same assumption under two words": (
        f"{HEAD}假设: {{超支分担比例: 10%, overspend_share_rate: 20%}}\n医共体: [{{{ROW}}}]\n",
        ["D018"],
    ),
    "an unknown head": (f"{HEAD}附注:\n医共体: [{{{ROW}}}]\n", ["D053"]),
    "an unknown table": (f"{HEAD}医院: [{{{ROW}}}]\n", ["D050"]),
    "an unknown column without a value": (f"{HEAD}医共体: [{{{ROW}, 附注: }}]\n", ["D057"]),
    "a column of another table": (f"{HEAD}非医共体机构: [{{{ROW}, 系统对接: 是}}]\n", ["D056"]),
    "a computed figure": (f"{HEAD}医共体: [{{{ROW}, 调整后预算: 1, 资金池结余份额: 1}}]\n", ["D055", "D055"]),
    "the same unit twice": (f"{HEAD}医共体: [{{{ROW}}}, {{{ROW}}}]\n", ["D079"]),
    "the same month twice": (
        f"{HEAD}医共体: [{{{ROW}}}]\n月度:\n  - {{单位: 甲, 月份: 2026-01}}\n  - {{单位: 甲, 月份: 2026年1月}}\n",
        ["D079"],
    ),
    "a unit in two tables with months of one": (
        f"{HEAD}医共体: [{{{ROW}}}]\n非医共体机构: [{{{ROW}}}]\n月度: [{{单位: 甲, 月份: 2026-01, 实拨: 1}}]\n",
        ["D079"],
    ),
    "months of nobody": (f"{HEAD}医共体: [{{{ROW}}}]\n月度: [{{单位: 乙, 月份: 2026-01}}]\n", ["D081"]),
    "a month of no unit": (f"{HEAD}医共体: [{{{ROW}}}]\n月度: [{{月份: 2026-01}}]\n", ["D073"]),
    "a row without a name": (f"{HEAD}医共体: [{{年度总额预算: 1}}]\n", ["D072"]),
    "no insurance type": (f"年度: 2026\n医共体: [{{{ROW}}}]\n", ["D074"]),
    "no year": (f"险种: 居民\n医共体: [{{{ROW}}}]\n", ["D075"]),
    "an unknown insurance type": (f"年度: 2026\n险种: 生育\n医共体: [{{{ROW}}}, {{名称: 乙}}]\n", ["D054"]),
    "an order that is no whole number": (f"{HEAD}医共体: [{{{ROW}, 序号: 1.5}}]\n", ["D070"]),
    "a day that does not exist": (
        f"{HEAD}医共体: [{{{ROW}}}]\n成员单位: [{{名称: 乙, 所属医共体: 甲, 起始日期: 2026-02-30}}]\n",
        ["D063"],
    ),
    "an invisible character in a name": (f"{HEAD}医共体: [{{名称: 甲\u200b}}]\n", ["D002"]),
    "one behind an escape": (f'{HEAD}医共体: [{{名称: "甲\\u202e"}}]\n', ["D002"]),
    "an anchor and its alias": (f"{HEAD}医共体: &甲 [{{{ROW}}}]\n资金池: *甲\n", ["D011", "D011"]),
    "a tag": (f"{HEAD}医共体: !!python/object:os.system [{{{ROW}}}]\n", ["D012"]),
    "a merge key": (f"{HEAD}医共体: [{{{ROW}, <<: 1}}]\n", ["D013"]),
}


@pytest.mark.parametrize("name", SHAPES)
def test_a_case_of_a_wrong_shape_is_told_in_chinese_at_its_place(name: str, write: Any) -> None:
    text, codes = SHAPES[name]
    found = findings("gaotai", write(text))
    assert [f["code"] for f in found if f["severity"] == "error"] == codes
    for finding in found:
        assert any("\u4e00" <= char <= "\u9fff" for char in finding["message"])
        assert finding["line"] is not None or finding["code"] == "D078"


@pytest.mark.parametrize(
    ("scheme", "row", "code"),
    [
        ("guangdong", "拟定增长率: 100.01%", "D060"),
        ("guangdong", "统筹区支出增长率: -100.01%", "D060"),
        ("guangdong", "年度总额预算: 1", "D055"),
        ("guangdong", "上年付费总额: -1", "D060"),
        ("guangdong", "合理超支额: -0.01", "D060"),
        ("jilin", "本年异地占比: 100.01%", "D060"),
        ("jilin", "预拨月数: 0.99", "D060"),
        ("jilin", "参保人医疗总费用: -1", "D060"),
        ("yunxian", "期初结转: 1", "D056"),
        ("yunxian", "考核系数: 90%", "D057"),
    ],
)
def test_a_value_outside_its_range_or_scheme_is_an_error(scheme: str, row: str, code: str, write: Any) -> None:
    assert [found for found, *_ in errors(scheme, write(f"年度: 2026\n医共体: [{{名称: 甲, {row}}}]\n"))] == [code]


OPENINGS = {
    "guangdong": (
        "医共体",
        "上年付费总额: 100, 拟定增长率: 0, 统筹区支出增长率: 0",
        "上年付费总额: 101, 拟定增长率: 0, 统筹区支出增长率: 0",
    ),
    "jilin": (
        "医共体",
        "年度总额预算: 1, 本年异地占比: 3%, 上年异地占比: 3%",
        "年度总额预算: 1, 本年异地占比: 3%, 上年异地占比: 2%",
    ),
    "yunxian": ("非医共体机构", "年度总额预算: 9, 年度清算总额: 1", "年度总额预算: 9, 年度清算总额: 1, 期初结转: 3"),
}


@pytest.mark.parametrize("scheme", OPENINGS)
def test_an_opening_that_differs_from_the_year_before_is_an_error_at_its_cell(scheme: str, write: Any) -> None:
    kind, first, second = OPENINGS[scheme]
    path = write(f"{kind}:\n  - {{名称: 甲, 年度: 2025, {first}}}\n  - {{名称: 甲, 年度: 2026, {second}}}\n")
    (found,) = [f for f in findings(scheme, path) if f["severity"] == "error"]
    assert (found["code"], found["line"], found["row"]) == ("R131", 3, 2)
    assert found["key"] in {"上年付费总额", "上年异地占比", "期初结转"}


@pytest.mark.parametrize(
    ("scheme", "row", "key"),
    [
        ("gaotai", "险种: 居民, 年度总额预算: 10, 年度清算总额: 11, 特殊原因超支额: 1.01", "特殊原因超支额"),
        (
            "guangdong",
            "上年付费总额: 10, 拟定增长率: 0, 统筹区支出增长率: 0, 年度清算总额: 11, 合理超支额: 11.01",
            "合理超支额",
        ),
    ],
)
def test_a_part_above_the_overspend_is_an_error_at_its_cell(scheme: str, row: str, key: str, write: Any) -> None:
    path = write(f"年度: 2026\n医共体:\n  - {{名称: 甲, {row}}}\n")
    assert ("R150", 3, key) in [(f["code"], f["line"], f["key"]) for f in findings(scheme, path)]


def test_months_of_a_year_that_is_not_settled_are_told_and_not_dropped_in_silence(write: Any) -> None:
    months = "".join(f"  - {{单位: 甲, 月份: 2025-{month:02d}, 实拨: 1}}\n" for month in range(1, 13))
    told = settled("gaotai", "--data", write(f"{HEAD}医共体: [{{{ROW}}}]\n月度:\n{months}"))
    assert [warning["code"] for warning in told["warnings"]].count("D083") == 1


def test_another_scheme_named_in_the_data_is_a_warning(write: Any) -> None:
    told = settled("gaotai", "--data", write(f"方案: yunxian\n{HEAD}非医共体机构: [{{{ROW}}}]\n"))
    assert [warning["code"] for warning in told["warnings"]] == ["D051"]


# ---- hostile data


def _hostile() -> Iterator[tuple[str, str, str]]:
    yield "a million brackets", "[" * 1_000_000, "D016"
    yield "a bomb of aliases", "甲: &a [1]\n" + "".join(f"乙{i}: [*a, *a]\n" for i in range(1000)), "D011"
    yield "a long key", f"{'甲' * 900}: 1\n", "D053"
    yield "a long value", f"{HEAD}医共体: [{{名称: 甲, 年度总额预算: {'9' * 500_000}}}]\n", "D064"
    yield "a long name", f"{HEAD}医共体: [{{名称: {'甲' * 100_000}, 年度总额预算: -1}}]\n", "D060"
    yield "nothing but controls", "\x01" * 100_000, "D002"


@pytest.mark.parametrize(("name", "text", "code"), list(_hostile()), ids=lambda value: value[:20])
def test_hostile_yaml_is_answered_soon_and_shortly(name: str, text: str, code: str, write: Any) -> None:
    ran = started("settle", "gaotai", "--data", write(text))
    assert ran.returncode == 1, name
    assert code in ran.stderr.decode()
    assert "Traceback" not in ran.stderr.decode()
    assert len(ran.stderr) < 400_000


def test_bytes_that_are_no_text_are_refused(write: Any) -> None:
    for data in (b"\xff\xfe\x00", bytes(range(256)) * 10, b"PK\x03\x04" + b"\x00" * 100):
        assert {code for code, *_ in errors("gaotai", write(data))} <= {"D001", "D002"}


def test_a_table_of_nothing_but_errors_is_told_up_to_a_number_with_the_rest_counted(write: Any, tmp_path: Path) -> None:
    write(HEAD, "数据/案.yaml")
    write("名称,年度总额预算,年度清算总额\n" + "".join(f"机构{i},x,-1\n" for i in range(20_000)), "数据/医共体.csv")
    found = findings("gaotai", str(tmp_path / "数据"))
    assert 100 < len(found) <= 2_001
    assert found[-1]["code"] == "D043"
    assert str(40_000 - len(found) + 1) in found[-1]["message"]
    printed = xiance("settle", "gaotai", "--data", str(tmp_path / "数据")).err
    assert printed.count("D064") + printed.count("D060") == 200
    assert "D043" in printed


def test_warnings_never_crowd_out_an_error(write: Any, tmp_path: Path) -> None:
    write("年度: 2026\n险种: 居民\n", "数据/案.yaml")
    write("名称,年度总额预算,年度清算总额\n甲,1,1\n乙,1,-1\n", "数据/医共体.csv")
    past = "".join(f"机构{i},2023,1\n" for i in range(5_000))
    write(f"单位,年度,历年基金使用额\n{past}", "数据/历史基金使用.csv")
    found = findings("gaotai", str(tmp_path / "数据"))
    assert [f["code"] for f in found if f["severity"] == "error"] == ["D060"]


def test_a_file_too_large_to_read_is_refused_with_its_limit(tmp_path: Path) -> None:
    path = tmp_path / "案.yaml"
    with path.open("wb") as file:
        file.truncate((16 << 20) + 1)
    (found,) = findings("gaotai", str(path))
    assert (found["code"], "16 MiB" in found["message"]) == ("D003", True)
