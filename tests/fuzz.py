"""Fuzzing: what ships, broken a little, is given to the commands; every outcome is a result or a numbered finding.

    python tests/fuzz.py --minutes 15             another draw every time
    python tests/fuzz.py --trials 300 --seed 1    the same draw every time

What fails is cut down and kept in ``tests/fuzz_found/``; ``test_fuzz.py`` tries all of it again on every run.
"""

import argparse
import atexit
import contextlib
import faulthandler
import hashlib
import io
import json
import os
import re
import resource
import shutil
import signal
import sys
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from functools import cache
from itertools import pairwise
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import NoReturn

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

from fuzz_subjects import Trial, draw  # noqa: E402

from engine.doors.command import main  # noqa: E402
from engine.load import policy  # noqa: E402

FOUND = HERE / "fuzz_found"
# The processor's seconds, so that a busy machine makes nothing slow; and what a command may take over what was there.
SECONDS, MEBIBYTES = 10, 800
_HANGS_AFTER = 120


class TooSlowError(BaseException):
    """A command that took more time than any may; no handler of ordinary errors sees it."""


def attempt(trial: Trial) -> str | None:
    """Run a trial in this process; what is wrong with its outcome, or None."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with _desk(trial):
        code, out, err, complaint = _run(trial.command)
    if complaint is None:
        complaint = _complaint(trial.command, code, out, err)
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) >> 10
    return complaint or (f"took {grown} MiB" if grown > MEBIBYTES else None)


@contextlib.contextmanager
def _desk(trial: Trial) -> Iterator[None]:
    """The folder of a trial to stand in; its parent is its own too, so that `..` leads nowhere else."""
    here, environment, installed = Path.cwd(), dict(os.environ), policy.policies_folder
    with TemporaryDirectory() as name:
        desk = Path(name) / "desk"
        desk.mkdir()
        for path, data in trial.files.items():
            (desk / path).parent.mkdir(parents=True, exist_ok=True)
            (desk / path).write_bytes(data)
        os.chdir(desk)
        # A command without a name works on all that is installed, and may write there: it gets a copy.
        policy.policies_folder = _copy_of_the_installed
        os.environ.update({"XIANCE_DEBUG": "1", "XDG_DATA_HOME": f"{name}/data"})
        try:
            yield
        finally:
            policy.policies_folder = installed
            os.chdir(here)
            os.environ.clear()
            os.environ.update(environment)


@cache
def _copy_of_the_installed() -> Path:
    folder = TemporaryDirectory()
    atexit.register(folder.cleanup)
    shutil.copytree(HERE.parent / "policies", folder.name, dirs_exist_ok=True)
    return Path(folder.name)


def _run(command: tuple[str, ...]) -> tuple[int, str, str, str | None]:
    """Exit code, standard output and error, and a complaint where the command did not end by itself."""
    streams = [io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True) for _ in range(2)]
    kept = sys.argv, sys.stdout, sys.stderr
    code, complaint = 0, None
    old = signal.signal(signal.SIGPROF, _too_slow)
    signal.setitimer(signal.ITIMER_PROF, SECONDS)
    try:
        sys.argv, sys.stdout, sys.stderr = ["xiance", *command], streams[0], streams[1]
        main()
    except SystemExit as ending:
        code = ending.code if isinstance(ending.code, int) else 0 if ending.code is None else 1
    except TooSlowError:
        complaint = f"took more than {SECONDS} s"
    except BaseException as error:  # noqa: BLE001  # whatever it is, no user may meet it
        last = traceback.extract_tb(error.__traceback__)[-1]
        complaint = f"{type(error).__name__} in {Path(last.filename).name}:{last.name}: {str(error)[:200]}"
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, old)
        sys.argv, sys.stdout, sys.stderr = kept
    out, err = (stream.buffer.getvalue().decode("utf-8", "replace") for stream in streams)
    return code, out, err, complaint


def _too_slow(*_: object) -> NoReturn:
    raise TooSlowError


def _complaint(command: tuple[str, ...], code: int, out: str, err: str) -> str | None:
    """What is wrong with an outcome: an exit code of no meaning, a refusal without a number, words where JSON is due."""
    if code not in {0, 1, 2}:
        return f"exit {code}: {err[:200]}"
    if "Traceback (most" in out + err:
        return "a traceback"
    if code == 2 and (out or not err.strip()):
        return "wrong usage told on standard output, or without a word"
    if code == 1 and not (_CODE.search(out + err) or any(word in out for word in _WITHOUT_A_NUMBER)):
        return f"exit 1 without a numbered finding: {(out + err)[:200]}"
    forms = [after for before, after in pairwise(command) if before == "--format"]
    if code != 2 and forms[-1:] == ["json"] and not {"--out", "-h", "--help", "--version"} & {*command}:
        try:
            json.loads(out)
        except ValueError:
            return "asked for JSON, got something else"
    return None


_CODE = re.compile(r"\b[PCDRLSTX][0-9]{3}\b")
# A case that misses, a layout that differs and a run that is not the same again are results.
_WITHOUT_A_NUMBER = ("未通过", "failed", "需要改写", "不同", "没有找到", '"same": false')


def cut_down(trial: Trial, complaint: str, fails: Callable[[Trial], str | None] = attempt) -> Trial:
    """A trial with as few files and lines as still give the same complaint."""
    kind = _kind(complaint)
    for path in trial.files:
        smaller = Trial(
            trial.subject, trial.command, {name: data for name, data in trial.files.items() if name != path}
        )
        if _kind(fails(smaller) or "") == kind:
            trial = smaller
            continue
        size = max(1, trial.files[path].count(b"\n") // 2)
        while size:
            lines = trial.files[path].split(b"\n")
            for at in range(0, len(lines), size):
                fewer = b"\n".join(lines[:at] + lines[at + size :])
                smaller = Trial(trial.subject, trial.command, {**trial.files, path: fewer})
                if len(lines) > 1 and _kind(fails(smaller) or "") == kind:
                    trial = smaller
                    break
            else:
                size //= 2
    return trial


def _kind(complaint: str) -> str:
    return complaint.split(": ", maxsplit=1)[0]


def keep(trial: Trial, complaint: str) -> Path:
    """Keep a trial that failed, to be tried on every run of the tests."""
    digest = hashlib.sha256(repr((trial.command, sorted(trial.files.items()))).encode()).hexdigest()[:8]
    folder = FOUND / f"{trial.subject.replace(' ', '-')}-{digest}"
    for path, data in trial.files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data)
    folder.mkdir(parents=True, exist_ok=True)
    told = {"command": list(trial.command), "was": complaint}
    (folder / "trial.json").write_text(json.dumps(told, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    return folder


def kept(folder: Path) -> Trial:
    """A trial as it was kept."""
    told = json.loads((folder / "trial.json").read_text(encoding="utf-8"))
    paths = [path for path in folder.rglob("*") if path.is_file() and path.name != "trial.json"]
    files = {path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(paths)}
    return Trial(folder.name.rsplit("-", 1)[0], tuple(told["command"]), files)


def fuzz(trials: Iterator[Trial], until: float) -> tuple[Counter[str], dict[str, Path]]:
    """How many trials of each subject and exit were made, and where the first of each kind of failure is kept."""
    counted: Counter[str] = Counter()
    failures: dict[str, Path] = {}
    for trial in trials:
        faulthandler.dump_traceback_later(_HANGS_AFTER, exit=True)
        complaint = attempt(trial)
        counted[trial.subject] += 1
        if complaint is not None and _kind(complaint) not in failures:
            faulthandler.cancel_dump_traceback_later()
            failures[_kind(complaint)] = keep(cut_down(trial, complaint), complaint)
            print(f"{trial.subject}: {complaint}\n  kept in {failures[_kind(complaint)]}", flush=True)  # noqa: T201
        if time.monotonic() > until:
            break
    faulthandler.cancel_dump_traceback_later()
    return counted, failures


def _from_the_command_line() -> None:
    options = argparse.ArgumentParser(description="Give broken files to the commands.")
    options.add_argument("--minutes", type=float, default=0.0, help="go on so long")
    options.add_argument("--trials", type=int, default=0, help="or make so many trials")
    options.add_argument("--seed", type=int, default=None, help="the same draw every time")
    options.add_argument("--subject", default="", help="only subjects whose name begins so")
    given = options.parse_args()
    seed = given.seed if given.seed is not None else Random().randrange(1 << 32)  # noqa: S311
    until = time.monotonic() + given.minutes * 60 if given.minutes else float("inf")
    made = draw(seed, given.subject)
    trials = (next(made) for _ in range(given.trials)) if given.trials else made
    if not (given.trials or given.minutes):
        options.error("give --minutes or --trials")
    counted, failures = fuzz(trials, until)
    told = ", ".join(f"{subject} {count}" for subject, count in sorted(counted.items()))
    print(f"seed {seed}: {sum(counted.values())} trials ({told}); {len(failures)} kinds of failure")  # noqa: T201
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    _from_the_command_line()
