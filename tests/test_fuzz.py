"""Broken files end in a result or a numbered finding, what once failed does not fail again, and a rule file is not trusted."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any, NoReturn

import fuzz
import pytest
from click.testing import CliRunner
from fuzz_subjects import DATA_FORMS, SUBJECTS, Trial, draw

from engine.doors import check_form
from engine.doors.command import cli
from engine.load.policy import policies_folder
from engine.load.read import read_data

POLICIES = policies_folder()


@pytest.mark.parametrize("seed", [2026, 1123])
def test_what_ships_broken_a_little_ends_in_a_result_or_a_numbered_finding(seed: int) -> None:
    run = subprocess.run(
        [sys.executable, fuzz.__file__, "--trials", "150", "--seed", str(seed)],
        capture_output=True, text=True, encoding="utf-8", check=False, timeout=280,
    )  # fmt: skip
    assert run.returncode == 0, run.stdout + run.stderr


@pytest.mark.parametrize("folder", sorted(fuzz.FOUND.iterdir()), ids=lambda folder: folder.name)
def test_what_once_failed_does_not_fail_again(folder: Path) -> None:
    assert fuzz.attempt(fuzz.kept(folder)) is None


def test_a_seed_draws_the_same_trials_and_another_draws_others() -> None:
    one, same, other = ([next(trials) for _ in range(30)] for trials in (draw(1), draw(1), draw(2)))
    assert one == same
    assert one != other
    assert {trial.subject for trial, _ in zip(draw(3), range(300), strict=False)} == {*SUBJECTS}


def test_every_form_of_data_that_is_broken_is_read_when_it_is_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fuzz_subjects.broken", lambda _, text, __: text.encode())
    text = (POLICIES / "gaotai" / "sample.yaml").read_text(encoding="utf-8")
    tables = []
    for form, (place, written) in DATA_FORMS.items():
        for name, data in written(Random(1), text).items():  # noqa: S311
            path = tmp_path / form / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        data_ = read_data(tmp_path / form / place)
        tables.append({table.name: len(table.rows) for table in data_.tables})
    assert all(each == tables[0] for each in tables)


# ---- faults that are planted are seen


def _planted(monkeypatch: pytest.MonkeyPatch, fault: Callable[..., Any]) -> str | None:
    monkeypatch.setattr(check_form, "checked", fault)
    return fuzz.attempt(Trial("rules", ("check", "gaotai", "--format", "json")))


def test_a_traceback_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    def fault(_: str) -> NoReturn:
        raise KeyError("x")

    assert (_planted(monkeypatch, fault) or "").startswith("KeyError in test_fuzz.py:fault")


def test_a_command_that_does_not_end_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    def fault(_: str) -> NoReturn:
        while True:
            pass

    monkeypatch.setattr(fuzz, "SECONDS", 0.2)
    assert (_planted(monkeypatch, fault) or "").startswith("took more than")


def test_a_command_that_takes_much_memory_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    def fault(_: str) -> NoReturn:
        len(bytearray(64 << 20))
        sys.exit(0)

    monkeypatch.setattr(fuzz, "MEBIBYTES", 4)
    monkeypatch.setattr(fuzz, "_complaint", lambda *_: None)
    grown = iter([_Usage(100 << 10), _Usage(164 << 10)])
    monkeypatch.setattr("fuzz.resource.getrusage", lambda _: next(grown))
    assert _planted(monkeypatch, fault) == "took 64 MiB"


class _Usage:
    """What a process has used."""

    def __init__(self, kibibytes: int) -> None:
        self.ru_maxrss = kibibytes


@pytest.mark.parametrize(
    ("code", "out", "err", "seen"),
    [
        (0, '{"findings": []}', "", False),
        (0, "{", "", True),
        (1, "{}", "", True),
        (1, '{"code": "D001"}', "", False),
        (2, "", "没有这个方案", False),
        (2, "", "", True),
        (2, "{}", "x", True),
        (70, "", "程序出错", True),
        (1, "", "输入过大", True),
    ],
)
def test_an_outcome_that_says_too_little_is_seen(code: int, out: str, err: str, *, seen: bool) -> None:
    assert (fuzz._complaint(("check", "x", "--format", "json"), code, out, err) is not None) == seen


def test_a_failure_is_cut_down_to_what_makes_it_and_is_kept_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = b"\n".join(b"line %d" % number for number in range(40))
    trial = Trial("rules", ("check", "x"), {"x/rules.policy": lines, "x/cases.yaml": b"- 1\n"})

    def fails(tried: Trial) -> str | None:
        return "ValueError in x: 1" if b"line 17" in tried.files.get("x/rules.policy", b"") else None

    small = fuzz.cut_down(trial, "ValueError in x: 2", fails)
    assert small.files == {"x/rules.policy": b"line 17"}
    monkeypatch.setattr(fuzz, "FOUND", tmp_path)
    again = fuzz.kept(fuzz.keep(small, "ValueError in x: 2"))
    assert (again.command, again.files) == (small.command, small.files)


def test_an_input_beyond_all_bounds_is_a_numbered_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    def fault(_: str) -> NoReturn:
        raise RecursionError

    monkeypatch.setattr(check_form, "checked", fault)
    for words in (("check", "gaotai"), ("check", "gaotai", "--format", "json")):
        with fuzz._desk(Trial("rules", words)):
            code, out, err, complaint = fuzz._run(words)
        assert (code, complaint) == (1, None)
        assert "L230" in out + err


# ---- a rule file is not trusted


def _checked(folder: Path) -> tuple[int, list[str], str]:
    result = CliRunner().invoke(cli, ["check", str(folder), "--format", "json"])
    return result.exit_code, [finding["code"] for finding in json.loads(result.stdout)["findings"]], result.stdout


@pytest.mark.parametrize(
    "name",
    [
        "../secret",
        "..",
        "../../etc",
        "/etc",
        "secret/../secret",
        "C:\\secret",
        "\\\\host\\share",
        "~",
        "secret\\x",
        "﹒﹒",
    ],
)
def test_a_rule_file_inherits_nothing_by_a_path(name: str, tmp_path: Path) -> None:
    for place in ("secret", "a/secret", "a/p/secret"):
        (tmp_path / place).mkdir(parents=True)
        (tmp_path / place / "rules.policy").write_text(
            "方案 secret 「密」\n  施行 2026-01-01 起\n参数 密 = 1\n", encoding="utf-8"
        )
    policy = tmp_path / "a" / "p"
    (policy / "rules.policy").write_text(f"方案 p 「试」\n  施行 2026-01-01 起\n  承接 {name}\n", encoding="utf-8")
    code, codes, text = _checked(policy)
    assert code == 1
    assert codes
    assert "密" not in text


def _linked(tmp_path: Path, name: str) -> tuple[Path, Path]:
    """A policy one of whose files is a link to a file elsewhere that holds a secret."""
    secret = tmp_path / "elsewhere" / "shadow"
    secret.parent.mkdir()
    secret.write_text("root:hunter2:密码\n- [\n", encoding="utf-8")
    policy = tmp_path / "policies" / "gaotai"
    shutil.copytree(POLICIES / "gaotai", policy)
    (policy / name).unlink(missing_ok=True)
    (policy / name).symlink_to(secret)
    return policy, secret


@pytest.mark.parametrize("name", ["rules.policy", "补充.policy", "source.yaml", "cases.yaml"])
def test_a_file_of_a_policy_that_is_a_link_elsewhere_is_not_read(name: str, tmp_path: Path) -> None:
    policy, _ = _linked(tmp_path, name)
    result = CliRunner().invoke(cli, ["test" if name == "cases.yaml" else "check", str(policy)])
    assert result.exit_code == 1
    assert "L232" in result.output
    assert "hunter2" not in result.output
    assert "密码" not in result.output


def test_a_link_within_the_policies_is_read(tmp_path: Path) -> None:
    policy = tmp_path / "policies" / "gaotai"
    shutil.copytree(POLICIES / "gaotai", policy)
    (tmp_path / "policies" / "shared.yaml").write_bytes((policy / "cases.yaml").read_bytes())
    (policy / "cases.yaml").unlink()
    (policy / "cases.yaml").symlink_to("../shared.yaml")
    assert CliRunner().invoke(cli, ["test", str(policy)]).exit_code == 0


def test_a_parent_that_is_a_link_elsewhere_is_no_neighbour(tmp_path: Path) -> None:
    outside = tmp_path / "elsewhere" / "province"
    shutil.copytree(POLICIES / "jilin", outside)
    policy = tmp_path / "policies" / "p"
    policy.mkdir(parents=True)
    (tmp_path / "policies" / "province").symlink_to(outside)
    (policy / "rules.policy").write_text("方案 p 「试」\n  施行 2026-01-01 起\n  承接 province\n", encoding="utf-8")
    code, codes, _ = _checked(policy)
    assert (code, "C606" in codes) == (1, True)


def test_a_file_beside_a_policy_is_bounded(tmp_path: Path) -> None:
    policy = tmp_path / "policies" / "gaotai"
    shutil.copytree(POLICIES / "gaotai", policy)
    for name in ("cases.yaml", "source.yaml"):
        with (policy / name).open("wb") as file:
            file.truncate(1 << 34)
        result = CliRunner().invoke(cli, ["test" if name == "cases.yaml" else "check", str(policy)])
        assert result.exit_code == 1
        assert "D003" in result.output
