"""A settlement as Parquet tables: the same figures as JSON tells, typed, whole or not at all; and the limits of an engine."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from decimal import Decimal
from io import StringIO
from pathlib import Path
from typing import Any

import duckdb
import pytest
from click.testing import CliRunner, Result

from engine.doors.command import cli
from engine.doors.csv_form import is_table
from engine.doors.parquet_form import is_parquet_table
from engine.doors.progress import progress_bar
from grammar.diagnostic import Words

ROOT = Path(__file__).resolve().parent.parent
COMMAND = (sys.executable, "-c", "from engine.doors.command import main; main()")
POSIX = pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")


def sample(name: str) -> str:
    return str(ROOT / "policies" / name / "sample.yaml")


def settled(name: str, *words: str) -> Result:
    return CliRunner().invoke(cli, ["settle", name, "--data", sample(name), *words])


def table(path: Path) -> tuple[dict[str, str], list[dict[str, Any]]]:
    """The columns with their types, and the rows."""
    answer = duckdb.connect().execute(f"FROM read_parquet('{path}')")
    names = [column[0] for column in answer.description]
    sorts = {column[0]: str(column[1]) for column in answer.description}
    return sorts, [dict(zip(names, row, strict=True)) for row in answer.fetchall()]


@pytest.mark.parametrize("name", ["gaotai", "guangdong", "jilin", "yunxian"])
def test_the_tables_hold_every_figure_with_its_state_and_what_it_waits_for(name: str, tmp_path: Path) -> None:
    assert settled(name, "--format", "parquet", "--out", str(tmp_path / "out")).exit_code == 0
    figures = json.loads(settled(name, "--format", "json").stdout)["figures"]
    assert {path.stem for path in (tmp_path / "out").iterdir()} == {"回执"} | {figure["kind"] for figure in figures}
    rows = {
        (path.stem, row["名称"], row["险种"], row["期"]): row
        for path in (tmp_path / "out").glob("*.parquet")
        for row in table(path)[1]
    }
    cells = 0
    for figure in figures:
        row = rows[figure["kind"], figure["unit"], figure["insurance"], figure["period"]]
        name, value = figure["figure"], row[figure["figure"]]
        if isinstance(value, Decimal):
            assert value == Decimal(figure["value"])
        else:
            assert value == figure["value"] or str(value) == figure["value"]
        assert (row[f"{name}·状态"], row[f"{name}·缺"] or "") == (figure["state"], "、".join(figure["missing"]))
        cells += 1
    assert cells == sum(
        value is not None for row in rows.values() for key, value in row.items() if key.endswith("·状态")
    )


def test_money_is_exact_to_the_fen_and_yes_or_no_is_no_text(tmp_path: Path) -> None:
    settled("gaotai", "--format", "parquet", "--out", str(tmp_path / "out"))
    sorts, _ = table(tmp_path / "out" / "医共体.parquet")
    assert "DECIMAL(38,2)" in sorts["最终应补拨"]
    assert "BOOL" in sorts["准入"].upper()


def test_both_ways_of_settling_write_the_same_bytes(tmp_path: Path) -> None:
    for form in ("parquet", "csv"):
        for backend in ("exact", "duckdb"):
            out = str(tmp_path / form / backend)
            assert settled("gaotai", "--format", form, "--backend", backend, "--out", out).exit_code == 0
        one, other = (
            {path.name: path.read_bytes() for path in (tmp_path / form / backend).glob(f"*.{form}")}
            for backend in ("exact", "duckdb")
        )
        assert one == other


def test_tables_of_one_form_are_not_left_beside_those_of_the_other(tmp_path: Path) -> None:
    out = tmp_path / "out"
    settled("gaotai", "--out", str(out))
    (out / "抄送.parquet").write_bytes(b"PAR1 of somebody else PAR1")
    assert all(is_table(path) for path in out.glob("*.csv"))
    settled("gaotai", "--format", "parquet", "--out", str(out))
    assert not list(out.glob("*.csv"))
    assert {path.name for path in out.iterdir() if not is_parquet_table(path)} == {"抄送.parquet", "回执.json"}
    settled("gaotai", "--out", str(out))
    assert [path.name for path in out.glob("*.parquet")] == ["抄送.parquet"]


def test_parquet_is_written_to_a_folder_only() -> None:
    ran = settled("gaotai", "--format", "parquet")
    assert (ran.exit_code, ran.stdout) == (2, "")
    assert "--out" in ran.stderr


@POSIX
def test_a_run_killed_at_any_moment_leaves_the_old_tables_or_the_new(tmp_path: Path) -> None:
    words = [*COMMAND, "settle", "gaotai", "--data", sample("gaotai"), "--format", "parquet", "--out", "结果"]
    surroundings = {**os.environ, "PYTHONPATH": str(ROOT)}
    written: set[tuple[tuple[str, bytes], ...]] = set()
    for share in (30, 40):
        subprocess.run([*words, "--assume", f"超支分担比例={share}%"], cwd=tmp_path, env=surroundings, check=True)
        written.add(_bytes(tmp_path / "结果"))
    assert len(written) == 2
    chance = random.Random(7)  # noqa: S311 - moments, no secret
    for _ in range(10):
        share = chance.choice((30, 40))
        running = subprocess.Popen([*words, "--assume", f"超支分担比例={share}%"], cwd=tmp_path, env=surroundings)
        time.sleep(chance.uniform(0.2, 1.2))
        running.send_signal(signal.SIGKILL)
        running.wait()
        assert _bytes(tmp_path / "结果") in written
    subprocess.run(words, cwd=tmp_path, env=surroundings, check=True)
    assert [path.name for path in tmp_path.iterdir()] == ["结果"]


def _bytes(folder: Path) -> tuple[tuple[str, bytes], ...]:
    return tuple(sorted((path.name, path.read_bytes()) for path in folder.iterdir()))


# ---- limits of an engine, and its end


def test_an_engine_kept_to_its_limits_settles_the_same() -> None:
    free = json.loads(settled("gaotai", "--format", "json", "--backend", "duckdb").stdout)
    bound = settled("gaotai", "--format", "json", "--backend", "duckdb", "--memory", "512MiB", "--threads", "1")
    assert json.loads(bound.stdout) == free


@pytest.mark.parametrize(
    "words",
    [
        ("--backend", "exact", "--memory", "1GiB"),
        ("--backend", "spark", "--threads", "2"),
        ("--backend", "duckdb", "--memory", "viel"),
        ("--backend", "duckdb", "--memory", "0GiB"),
        ("--backend", "duckdb", "--memory", "1GiB'; DROP TABLE t"),
    ],
)
def test_limits_that_mean_nothing_are_wrong_usage(words: tuple[str, ...]) -> None:
    ran = settled("gaotai", *words)
    assert (ran.exit_code, ran.stdout) == (2, "")
    assert "memory" in ran.stderr or "内存" in ran.stderr


_LONG = """
import signal
import sys
from engine.bulk import run
from engine.doors.command import main
def endless(engine, *_):
    print("ready", file=sys.stderr, flush=True)
    list(engine.rows("SELECT count(*) FROM range(100000000) a, range(100000000) b WHERE a.range * b.range % 7 = 1"))
run.settle_in = endless
# Begun in the background a program hears of no interruption, unless it asks.
signal.signal(signal.SIGINT, signal.default_int_handler)
main()
"""


@POSIX
@pytest.mark.parametrize("after", [0, 0.5])
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_engine_that_is_ended_says_so_and_writes_nothing(
    tmp_path: Path, number: signal.Signals, code: int, after: float
) -> None:
    words = ["settle", "gaotai", "--data", sample("gaotai"), "--backend", "duckdb", "--out", "结果"]
    kept = tmp_path / "tmp"
    kept.mkdir()
    running = subprocess.Popen(
        [sys.executable, "-c", _LONG, *words],
        cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": str(kept)},
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert running.stderr is not None
        assert running.stderr.readline() == "ready\n"
        time.sleep(after)
        running.send_signal(number)
        out, err = running.communicate(timeout=60)
    finally:
        running.kill()
    assert (running.returncode, out, err.strip()) == (code, "", "")
    assert [*tmp_path.iterdir(), *kept.iterdir()] == [kept]


def test_how_far_a_run_is_shows_on_a_terminal_and_nowhere_else(monkeypatch: pytest.MonkeyPatch) -> None:
    assert settled("gaotai").stderr == ""
    shown: list[str] = []
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr("sys.stderr", _Terminal(shown))
    with progress_bar(2, "en") as step:
        step(Words("读", "reading"))
        step(Words("算", "settling"))
    text = "".join(shown)
    assert text.index("reading") < text.index("settling")


class _Terminal(StringIO):
    def __init__(self, shown: list[str]) -> None:
        super().__init__()
        self.shown = shown

    def isatty(self) -> bool:
        return True

    def write(self, text: str) -> int:
        self.shown.append(text)
        return len(text)
