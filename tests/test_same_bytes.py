"""The same rules and data give the same bytes, whatever the hash seed, language, time zone, folder or order of rows."""

import json
import os
import random
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import pytest
import yaml_rows

from engine.api import bind_data, open_policy, settle
from engine.doors.csv_form import tables_csv
from engine.doors.json_form import settlement_json
from engine.load.read import read_data

ROOT = Path(__file__).resolve().parent.parent
POLICIES = ROOT / "policies"
NAMES = ("gaotai", "yunxian", "guangdong", "jilin", "qingshan")
COMMAND = [sys.executable, "-c", "from engine.doors.command import main; main()"]

PLACES: Mapping[str, Mapping[str, str]] = {
    "seed 0": {"PYTHONHASHSEED": "0"},
    "seed 1": {"PYTHONHASHSEED": "1", "TZ": "Asia/Shanghai"},
    "seed 4242": {"PYTHONHASHSEED": "4242", "TZ": "America/St_Johns"},
    "plain C": {"LC_ALL": "C", "PYTHONHASHSEED": "7"},
    "Turkish": {"LC_ALL": "tr_TR.UTF-8", "LANG": "tr_TR.UTF-8", "TZ": "Pacific/Kiritimati"},
}


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The samples under one name each, in a folder and in another with a name of its own."""
    folder = tmp_path_factory.mktemp("desk")
    for place in ("here", "另一处 文件夹"):
        (folder / place).mkdir()
        for name in NAMES:
            shutil.copy(POLICIES / name / "sample.yaml", folder / place / f"{name}.yaml")
    return folder


def run(folder: Path, words: tuple[str, ...], given: Mapping[str, str]) -> bytes:
    """What a command prints in a surrounding of its own."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("LC_", "LANG", "PYTHON"))}
    done = subprocess.run(
        [*COMMAND, *words],
        cwd=folder,
        env={**kept, "PYTHONPATH": str(ROOT), **given},
        capture_output=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr.decode("utf-8", "replace")
    return done.stdout


def bytes_of(folder: Path, name: str, given: Mapping[str, str]) -> dict[str, bytes]:
    """All the bytes a run of a policy makes: tables, JSON, receipt."""
    out = folder / "out"
    shutil.rmtree(out, ignore_errors=True)
    data = ("settle", name, "--data", f"{name}.yaml")
    run(folder, (*data, "--format", "csv", "--out", "out/tables", "--receipt", "out/receipt.json"), given)
    run(folder, (*data, "--format", "json", "--readings", "--out", "out/r.json"), given)
    return {str(path.relative_to(out)): path.read_bytes() for path in sorted(out.rglob("*")) if path.is_file()}


@cache
def first_bytes(folder: Path, name: str) -> dict[str, bytes]:
    return bytes_of(folder, name, {"PYTHONHASHSEED": "99"})


# Every surrounding for the policy with most in it, one surrounding for each of the others.
PAIRS = [
    *(("gaotai", place) for place in PLACES),
    *zip(NAMES[1:], ("seed 1", "plain C", "Turkish", "seed 0"), strict=True),
]


@pytest.mark.parametrize(("name", "place"), PAIRS)
def test_results_and_receipts_are_the_same_bytes_everywhere(name: str, place: str, desk: Path) -> None:
    expected = first_bytes(desk / "here", name)
    assert {"receipt.json", "r.json"} < expected.keys()
    assert bytes_of(desk / "另一处 文件夹", name, PLACES[place]) == expected


@pytest.mark.parametrize("place", ["seed 1", "plain C", "Turkish"])
@pytest.mark.parametrize(
    "words",
    [
        ("check", "--format", "json"),
        ("plan", "gaotai", "--format", "json"),
        ("plan", "jilin"),
        ("test", "qingshan"),
        ("settle", "gaotai", "--data", "gaotai.yaml"),
        ("settle", "gaotai", "--data", "gaotai.yaml", "--format", "json", "--lang", "en"),
    ],
    ids=" ".join,
)
def test_what_is_printed_is_the_same_everywhere(words: tuple[str, ...], place: str, desk: Path) -> None:
    # A console that is not UTF-8 gets JSON in escapes: the same values, and that is all that may differ.
    given = {**PLACES[place], "PYTHONIOENCODING": "utf-8"}
    assert run(desk / "另一处 文件夹", words, given) == run(desk / "here", words, {"PYTHONHASHSEED": "99"})


def test_where_the_console_has_no_chinese_json_says_the_same_in_escapes(desk: Path) -> None:
    words = ("settle", "gaotai", "--data", "gaotai.yaml", "--format", "json")
    plain = run(desk / "here", words, {**PLACES["plain C"], "PYTHONIOENCODING": "ascii"})
    assert plain.isascii()
    assert json.loads(plain) == json.loads(run(desk / "here", words, {"PYTHONUTF8": "1"}))


@pytest.mark.parametrize(("locale", "charset"), [("zh_CN", "GBK"), ("tr_TR", "UTF-8")])
def test_files_are_the_same_bytes_under_a_locale_of_this_machine(
    locale: str, charset: str, desk: Path, tmp_path: Path
) -> None:
    made = tmp_path / f"{locale}.{charset}"
    if shutil.which("localedef") is None:
        pytest.skip("localedef is not installed here, so no locale can be made")
    # Its warnings end it with 1; the locale is there all the same.
    subprocess.run(["localedef", "-c", "-i", locale, "-f", charset, str(made)], capture_output=True, check=False)
    if not made.is_dir():
        pytest.skip(f"the sources of the locale {locale} are not installed here")
    given = {"LOCPATH": str(tmp_path), "LC_ALL": made.name, "PYTHONUTF8": "0"}
    encoding = "import sys, locale; locale.setlocale(locale.LC_ALL, ''); print(sys.getfilesystemencoding())"
    told = subprocess.run([sys.executable, "-c", encoding], env=given, capture_output=True, text=True, check=True)
    assert told.stdout.strip() == charset.lower()
    data = ("settle", "gaotai", "--data", "gaotai.yaml", "--format", "json", "--readings")
    run(desk / "here", (*data, "--out", "r.json", "--receipt", "receipt.json"), given)
    expected = first_bytes(desk / "here", "gaotai")
    assert (desk / "here" / "r.json").read_bytes() == expected["r.json"]
    receipt = json.loads((desk / "here" / "receipt.json").read_bytes())
    assert receipt == json.loads(expected["receipt.json"])
    # What is written to a file also carries what it was made of.
    shown = {key: value for key, value in json.loads(expected["r.json"]).items() if key != "run"}
    assert json.loads(run(desk / "here", data, given)) == shown


def test_where_file_names_cannot_be_chinese_that_is_said_and_nothing_is_left(desk: Path, tmp_path: Path) -> None:
    shutil.copy(desk / "here" / "gaotai.yaml", tmp_path)
    done = subprocess.run(
        [*COMMAND, "settle", "gaotai", "--data", "gaotai.yaml", "--format", "csv", "--out", "out"],
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "HOME": str(tmp_path), **_ASCII},
        capture_output=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 2
    assert b"PYTHONUTF8=1" in done.stderr
    assert not (tmp_path / "out").exists()


_ASCII = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}


@pytest.mark.parametrize("name", NAMES)
def test_the_order_of_rows_and_columns_changes_no_figure_and_no_table(name: str, tmp_path: Path) -> None:
    policy = open_policy(name)
    text = (POLICIES / name / "sample.yaml").read_text(encoding="utf-8")
    expected = _told(policy, _written(tmp_path, text))
    chance = random.Random(5)  # noqa: S311
    for _ in range(6):
        assert _told(policy, _written(tmp_path, yaml_rows.shuffled(text, chance))) == expected


def _told(policy: object, path: Path) -> tuple[object, ...]:
    settlement = settle(policy, bind_data(policy, read_data(path, "data.yaml")))  # type: ignore[arg-type]
    form = settlement_json(settlement, "zh")
    receipt = form.pop("receipt")
    warnings = form.pop("warnings")
    # The digest of the data is that of its bytes, and a warning names the row's place.
    figures = {key: value for key, value in receipt.items() if key != "data"}
    return form, figures, sorted((w["code"], w["message"]) for w in warnings), tables_csv(settlement)


def _written(folder: Path, text: str) -> Path:
    path = folder / "data.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_rows_are_indeed_put_in_another_order() -> None:
    text = (POLICIES / "gaotai" / "sample.yaml").read_text(encoding="utf-8")
    other = yaml_rows.shuffled(text, random.Random(1))  # noqa: S311
    assert other != text
    assert sorted(re.sub(r"[{}\s,]", "", other)) == sorted(re.sub(r"[{}\s,]", "", text))


@pytest.mark.parametrize("origin", ["blank", "gaotai", "jilin"])
def test_a_new_policy_is_the_same_bytes_everywhere(origin: str, tmp_path: Path) -> None:
    found = []
    for place in ("seed 0", "seed 4242", "Turkish"):
        folder = tmp_path / place
        (folder / "policies").mkdir(parents=True)
        words = ("new", "linshui", "--from", origin, "--start", "2026-01-01", "--format", "json")
        printed = run(folder, words, {**PLACES[place], "PYTHONIOENCODING": "utf-8"})
        files = {path.name: path.read_bytes() for path in (folder / "policies" / "linshui").iterdir()}
        found.append((printed, files))
    assert found[0] == found[1] == found[2]
