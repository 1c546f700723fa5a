"""Results are written whole or not at all, whenever a run is ended and wherever it is told to write."""

import json
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from engine.doors.csv_form import is_table
from engine.doors.whole import replace_file, replace_folder

ROOT = Path(__file__).resolve().parent.parent
COMMAND = [sys.executable, "-c", "from engine.doors.command import main; main()"]
SAMPLE = ROOT / "policies" / "gaotai" / "sample.yaml"
POSIX = pytest.mark.skipif(sys.platform == "win32", reason="processes are not forked and ended so on Windows")


def typed(*words: str, folder: Path, before: Callable[[], None] | None = None) -> subprocess.CompletedProcess[str]:
    """A settlement of the sample, with more words behind."""
    return subprocess.run(
        [*COMMAND, "settle", "gaotai", "--data", str(SAMPLE), *words],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1"},
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
        timeout=60,
        preexec_fn=before,  # the child is not threaded before it starts
    )


@POSIX
@pytest.mark.parametrize(("way", "at_least"), [(("random", "200"), 200), (("steps",), 60)])
def test_whenever_writing_is_ended_the_old_is_there_or_the_new_and_never_a_mix(
    way: tuple[str, ...], at_least: int, tmp_path: Path
) -> None:
    run = subprocess.run(
        [sys.executable, str(ROOT / "tests" / "torn.py"), str(tmp_path / "desk"), *way],
        capture_output=True, text=True, encoding="utf-8", check=True, timeout=300,
    )  # fmt: skip
    count, told = run.stdout.split(",", 1)
    assert int(count.removeprefix("ended ")) >= at_least
    assert told.strip() == "torn 0 [], left [], kept ['医共体.csv', '县.csv', '说明.txt', '附件']"


@POSIX
def test_writing_without_care_is_seen_to_tear(tmp_path: Path) -> None:
    run = subprocess.run(
        [sys.executable, str(ROOT / "tests" / "torn.py"), str(tmp_path / "desk"), "plain", "40"],
        capture_output=True, text=True, encoding="utf-8", check=True, timeout=300,
    )  # fmt: skip
    assert "torn 0" not in run.stdout


@POSIX
def test_the_command_itself_ended_at_any_moment_leaves_a_whole_result(tmp_path: Path) -> None:
    first = _written(tmp_path)
    chance, moments = random.Random(3), 12  # noqa: S311
    for _ in range(moments):
        running = subprocess.Popen(
            [*COMMAND, "settle", "gaotai", "--data", str(SAMPLE), "--format", "csv", "--out", "结果", "--receipt", "r.json",
             "--assume", f"超支分担比例={chance.randint(1, 99)}%"],
            cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(ROOT)}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        time.sleep(chance.uniform(0.1, 0.6))
        running.send_signal(signal.SIGKILL)
        running.wait()
        assert {path.name for path in (tmp_path / "结果").iterdir()} == first
        for path in (tmp_path / "结果").iterdir():
            assert path.read_bytes().endswith(b"\n")
        json.loads((tmp_path / "r.json").read_bytes())
    assert _written(tmp_path) == first
    assert {path.name for path in tmp_path.iterdir()} == {"结果", "r.json"}


def _written(folder: Path) -> set[str]:
    run = typed("--format", "csv", "--out", "结果", "--receipt", "r.json", folder=folder)
    assert (run.returncode, run.stdout) == (0, "")
    return {path.name for path in (folder / "结果").iterdir()}


# ---- a folder of tables


def test_a_folder_is_replaced_whole_and_what_is_foreign_stays(tmp_path: Path) -> None:
    folder = tmp_path / "结果"
    run = typed("--format", "csv", "--out", "结果", folder=tmp_path)
    tables = {path.name for path in folder.iterdir()}
    (folder / "资金池.csv").rename(folder / "月度.csv")
    (folder / "抄送.csv").write_text("名称,险种,期\n", encoding="utf-8")
    (folder / "附件" / "深处").mkdir(parents=True)
    (folder / "附件" / "深处" / "扫描.pdf").write_bytes(b"x")
    (folder / "链接").symlink_to("nowhere")
    run = typed("--format", "csv", "--out", "结果", folder=tmp_path)
    assert run.returncode == 0
    # A table of an earlier run goes, or one run would be read with another; a table that is none of ours stays.
    assert {path.name for path in folder.iterdir()} == {*tables, "抄送.csv", "附件", "链接"}
    assert (folder / "附件" / "深处" / "扫描.pdf").read_bytes() == b"x"
    assert [path.name for path in tmp_path.iterdir()] == ["结果"]


def test_a_folder_somebody_stands_in_keeps_being_that_folder(tmp_path: Path) -> None:
    (tmp_path / "note.txt").write_text("x", encoding="utf-8")
    number = tmp_path.stat().st_ino
    for _ in range(2):
        assert typed("--format", "csv", "--out", ".", folder=tmp_path).returncode == 0
    assert tmp_path.stat().st_ino == number
    assert {"医共体.csv", "note.txt"} <= {path.name for path in tmp_path.iterdir()}
    assert not list(tmp_path.glob(".xiance*"))


def test_only_a_table_as_written_here_is_taken_for_one(tmp_path: Path) -> None:
    typed("--format", "csv", "--out", "结果", folder=tmp_path)
    assert all(is_table(path) for path in (tmp_path / "结果").glob("*.csv"))
    other = tmp_path / "医共体.csv"
    for text in ("名称,险种,期\n", "\ufeff名称,险种,期,结余留用\n", "\ufeff名称,年度总额预算·状态\n", ""):
        other.write_text(text, encoding="utf-8")
        assert not is_table(other)
    assert not is_table(tmp_path / "nowhere.csv")


def test_where_a_file_cannot_stand_twice_the_tables_are_replaced_one_by_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "out"
    replace_folder(folder, {"a": b"1", "b": b"1"})
    (folder / "note").write_bytes(b"n")
    monkeypatch.setattr(os, "link", _refuse)
    replace_folder(folder, {"a": b"2"}, lambda path: path.name == "b")
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == {"a": b"2", "note": b"n"}
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def _refuse(*_: object, **__: object) -> None:
    raise OSError(1, "not here")


def test_what_a_killed_run_left_is_cleaned_unless_something_would_be_lost_with_it(tmp_path: Path) -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    replace_file(tmp_path / "probe", b"")
    mine = next(iter(_neighbours(tmp_path)))
    prefix = mine.rsplit(".", 2)[0]
    (tmp_path / f"{prefix}.{gone.pid}.0000").write_bytes(b"half")
    (tmp_path / f"{prefix}.{os.getpid()}.0000").write_bytes(b"under way")
    (tmp_path / f"{prefix}.{gone.pid}.0001").mkdir()
    (tmp_path / f"{prefix}.{gone.pid}.0001" / "somebody's").write_bytes(b"x")
    (tmp_path / f"{prefix}.{gone.pid}.0002").mkdir()
    (tmp_path / f"{prefix}.{gone.pid}.0002" / "table").write_bytes(b"x")
    replace_folder(tmp_path / "out", {"table": b"1"}, lambda path: path.name == "table")
    left = sorted(path.name for path in tmp_path.glob(".xiance*"))
    assert left == sorted([f"{prefix}.{os.getpid()}.0000", f"{prefix}.{gone.pid}.0001"])


def _neighbours(folder: Path) -> list[str]:
    """The names under which a file is being written."""
    code = (
        "import os, signal, sys; from pathlib import Path; from engine.doors import whole;"
        "os.fsync = lambda _: os.kill(os.getpid(), signal.SIGKILL); whole.replace_file(Path(sys.argv[1]), b'x')"
    )
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    subprocess.run([sys.executable, "-c", code, str(folder / "probe")], env=env, check=False)
    return [path.name for path in folder.glob(".xiance*")]


# ---- hard places


@pytest.mark.parametrize("name", ["中文 文件夹/结果.json", "a/b/c/r.json", "名" * 80 + ".json", "r 'x\" $(id).json"])
def test_a_result_is_written_under_any_name_the_system_takes(name: str, tmp_path: Path) -> None:
    run = typed("--format", "json", "--out", name, folder=tmp_path)
    assert (run.returncode, run.stdout, run.stderr) == (0, "", "")
    assert json.loads((tmp_path / name).read_bytes())["scheme"] == "gaotai"


def test_a_link_stays_a_link_and_its_target_gets_the_result(tmp_path: Path) -> None:
    (tmp_path / "shared").mkdir()
    (tmp_path / "r.json").symlink_to("shared/r.json")
    (tmp_path / "结果").symlink_to("shared/tables")
    (tmp_path / "shared" / "tables").mkdir()
    assert typed("--format", "json", "--out", "r.json", folder=tmp_path).returncode == 0
    assert typed("--format", "csv", "--out", "结果", folder=tmp_path).returncode == 0
    assert (tmp_path / "r.json").is_symlink()
    assert (tmp_path / "结果").is_symlink()
    assert json.loads((tmp_path / "shared" / "r.json").read_bytes())["scheme"] == "gaotai"
    assert (tmp_path / "shared" / "tables" / "医共体.csv").is_file()


def test_the_permissions_of_a_file_stay(tmp_path: Path) -> None:
    (tmp_path / "r.json").write_text("{}", encoding="utf-8")
    (tmp_path / "r.json").chmod(0o600)
    assert typed("--format", "json", "--out", "r.json", folder=tmp_path).returncode == 0
    assert (tmp_path / "r.json").stat().st_mode & 0o777 == 0o600


@POSIX
def test_a_device_is_written_to_and_not_replaced(tmp_path: Path) -> None:
    run = typed("--format", "json", "--out", "/dev/null", folder=tmp_path)
    assert run.returncode == 0
    assert Path("/dev/null").is_char_device()


def _small_disk() -> None:
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))


@POSIX
@pytest.mark.parametrize("form", [("--format", "json", "--out", "r.json"), ("--format", "csv", "--out", "结果")])
def test_where_there_is_no_room_the_old_result_stays(form: tuple[str, ...], tmp_path: Path) -> None:
    (tmp_path / "r.json").write_text("old", encoding="utf-8")
    (tmp_path / "结果").mkdir()
    (tmp_path / "结果" / "医共体.csv").write_text("old", encoding="utf-8")
    run = typed(*form, folder=tmp_path, before=_small_disk)
    assert (run.returncode, run.stdout) == (2, "")
    assert "写不了" in run.stderr
    assert "文件太大" in run.stderr
    assert (tmp_path / "r.json").read_text(encoding="utf-8") == "old"
    assert [path.read_text(encoding="utf-8") for path in (tmp_path / "结果").iterdir()] == ["old"]
    assert {path.name for path in tmp_path.iterdir()} == {"r.json", "结果"}


@POSIX
def test_a_full_disk_is_told_in_chinese_and_in_english(tmp_path: Path) -> None:
    assert "磁盘已满" in typed("--format", "json", "--out", "/dev/full", folder=tmp_path).stderr
    english = typed("--format", "json", "--out", "/dev/full", "--lang", "en", folder=tmp_path)
    assert english.returncode == 2
    assert "No space left" in english.stderr


@pytest.mark.parametrize(
    ("out", "said"),
    [("file/x.json", "不是文件夹"), ("folder", "是文件夹"), ("名" * 300, "名称太长"), ("loop", "绕成了圈")],
)
def test_a_place_that_cannot_be_is_told_and_nothing_is_left(out: str, said: str, tmp_path: Path) -> None:
    from click.testing import CliRunner

    from engine.doors.command import cli

    (tmp_path / "file").write_text("x", encoding="utf-8")
    (tmp_path / "folder").mkdir()
    (tmp_path / "loop").symlink_to("loop")
    before = sorted(tmp_path.rglob("*"))
    words = ["settle", "gaotai", "--data", str(SAMPLE), "--format", "json", "--out", str(tmp_path / out)]
    run = CliRunner().invoke(cli, words)
    assert (run.exit_code, run.stdout) == (2, "")
    assert said in run.stderr
    assert sorted(tmp_path.rglob("*")) == before


@POSIX
def test_a_folder_one_may_not_write_to_is_told(tmp_path: Path) -> None:
    locked = tmp_path / "locked"
    locked.mkdir(mode=0o555)
    code = "import os, sys, engine.doors.whole\nfrom pathlib import Path\nfrom engine.doors.telling import {0}\n"
    # The one user whom no permission stops becomes another.
    code += "os.geteuid() or os.setuid(65534)\n{0}(Path(sys.argv[1]) / 'x', {1}, 'zh')\n"
    for form in (("write_whole", "'x'"), ("write_folder", "{'a': 'x'}")):
        tmp_path.parent.parent.chmod(0o755)
        tmp_path.parent.chmod(0o755)
        tmp_path.chmod(0o755)
        run = subprocess.run(
            [sys.executable, "-c", code.format(*form), str(locked)],
            env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, encoding="utf-8", check=False,
        )  # fmt: skip
        assert run.returncode == 2, run.stderr
        assert "没有权限" in run.stderr


def test_data_is_never_written_over(tmp_path: Path) -> None:
    shutil.copy(SAMPLE, tmp_path / "data.yaml")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "县.csv").write_text("名称\n甲\n", encoding="utf-8")
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    for words in (
        ("--data", "data.yaml", "--format", "json", "--out", "data.yaml"),
        ("--data", "data.yaml", "--receipt", "./data.yaml"),
        ("--data", "folder", "--format", "csv", "--out", "folder/"),
        ("--data", "folder", "--format", "json", "--out", "folder/县.csv"),
    ):
        run = typed(*words, folder=tmp_path)
        assert (run.returncode, run.stdout) == (2, ""), words
        assert "不能写在上面" in run.stderr
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before
