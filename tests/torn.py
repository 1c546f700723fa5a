"""Ends writing processes at random moments and at every step they take, and counts what is left torn.

    python tests/torn.py FOLDER random 200     ended after a random time
    python tests/torn.py FOLDER steps          ended before each call that touches the file system
    python tests/torn.py FOLDER plain 40       as random, with plain writing instead: this must tear

Each time a file and a folder of three tables are being replaced over and over, always by content of one run; prints the
number of endings and of torn files, and what the endings left lying about.
"""

import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from random import Random

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from engine.doors.whole import replace_file, replace_folder  # noqa: E402

TABLES = ("医共体.csv", "县.csv", "非医共体机构.csv")
SIZE = 200_000


def content(run: int, name: str) -> bytes:
    """What a run writes into a file: all of one run's bytes tell which run it was."""
    return f"{name} {run % 10}\n".encode() * (SIZE // len(f"{name} 0\n".encode()))


def write(folder: Path, run: int) -> None:
    """Write a file and a folder of tables; every second run has a table less."""
    replace_file(folder / "结果.json", content(run, "结果.json"))
    tables = TABLES if run % 2 else TABLES[:2]
    replace_folder(folder / "结果", {name: content(run, name) for name in tables}, is_ours)


def write_plainly(folder: Path, run: int) -> None:
    """The same without any care."""
    (folder / "结果.json").write_bytes(content(run, "结果.json"))
    for name in TABLES:
        (folder / "结果" / name).write_bytes(content(run, name))


def is_ours(path: Path) -> bool:
    """Whether a file is a table of some run."""
    return path.name in TABLES


def torn(folder: Path) -> list[str]:
    """What is neither of one run nor of another."""
    found = []
    if (folder / "结果.json").exists() and _run_of(folder / "结果.json") is None:
        found.append("结果.json")
    tables = sorted(path for path in (folder / "结果").glob("*.csv"))
    runs = {_run_of(path) for path in tables}
    expected = {run: len(TABLES if run % 2 else TABLES[:2]) for run in runs if run is not None}
    if (folder / "结果").exists() and (len(runs) != 1 or [len(tables)] != list(expected.values())):
        found.append(f"结果: {[(path.name, _run_of(path)) for path in tables]}")
    if (folder / "结果").exists() and (folder / "结果" / "说明.txt").exists() != (folder / "foreign").exists():
        found.append("结果/说明.txt is gone")
    return found


def _run_of(path: Path) -> int | None:
    data = path.read_bytes()
    last = data[-2:-1].decode("utf-8", "replace")
    return int(last) if last.isdigit() and data == content(int(last), path.name) else None


def ended(action: Callable[[], None], end: Callable[[int], bool]) -> bool:
    """Do something in a process of its own that ``end`` is to end; whether it was ended."""
    pid = os.fork()
    if pid == 0:
        try:
            action()
        finally:
            os._exit(0)
    end(pid)
    _, status = os.waitpid(pid, 0)
    return os.WIFSIGNALED(status)


def at_random(folder: Path, times: int, written: Callable[[Path, int], None] = write) -> tuple[int, list[str]]:
    """Endings after a random time of a process that writes without a pause."""
    random = Random(7)  # noqa: S311
    count, found = 0, []
    for _ in range(times):

        def action() -> None:
            for run in range(1_000_000):
                written(folder, run)

        def end(pid: int) -> bool:
            time.sleep(random.uniform(0, 0.04))
            os.kill(pid, signal.SIGKILL)
            return True

        count += ended(action, end)
        found += torn(folder)
    return count, found


def at_every_step(folder: Path) -> tuple[int, list[str]]:
    """Endings before the first, second, third … call of a process that writes twice and then is done."""
    count, found = 0, []
    for step in range(1, 10_000):

        def action(step: int = step) -> None:
            seen = 0

            def hook(event: str, _: object) -> None:
                nonlocal seen
                if event == "open" or event.startswith(("os.", "shutil.", "ctypes.")):
                    seen += 1
                    if seen == step:
                        os.kill(os.getpid(), signal.SIGKILL)

            sys.addaudithook(hook)
            write(folder, step)
            write(folder, step + 1)

        if not ended(action, lambda _: True):
            break
        count += 1
        found += torn(folder)
    return count, found


def _from_the_command_line() -> None:
    folder, way, *times = sys.argv[1:]
    place = Path(folder)
    (place / "结果").mkdir(parents=True)
    (place / "结果" / "说明.txt").write_text("别人的文件", encoding="utf-8")
    (place / "结果" / "附件").mkdir()
    (place / "结果" / "附件" / "扫描.pdf").write_bytes(b"%PDF")
    (place / "foreign").touch()
    write(place, 0)
    if way == "steps":
        count, found = at_every_step(place)
    else:
        count, found = at_random(place, int(times[0]), write if way == "random" else write_plainly)
    write(place, 4)
    left = sorted(path.name for path in place.iterdir() if path.name not in {"结果", "结果.json", "foreign"})
    kept = sorted(path.name for path in (place / "结果").iterdir())
    print(f"ended {count}, torn {len(found)} {found[:3]}, left {left}, kept {kept}")  # noqa: T201


if __name__ == "__main__":
    _from_the_command_line()
