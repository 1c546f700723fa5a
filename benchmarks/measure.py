"""Measuring two ways of doing a thing against one another: turn by turn, in processor time, told as a ratio only."""

import gc
import os
import platform
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

ROUNDS = 7
ROOT = Path(__file__).resolve().parent.parent


def line(what: str, peer: str, goal: str, ours: Callable[[], float], theirs: Callable[[], float]) -> str:
    """A line of the report; either way is done once before it counts."""
    ours()
    theirs()
    ratios = [ours() / theirs() for _ in range(ROUNDS)]
    return f"| {what} | {peer} | {statistics.median(ratios):.1f}× | {min(ratios):.1f}–{max(ratios):.1f} | {goal} |"


def seconds(action: Callable[[], object]) -> float:
    """Processor seconds of an action, with no garbage left over from the one before."""
    gc.collect()
    start = time.process_time()
    action()
    return time.process_time() - start


class Starts:
    """Whole processes, as after an installation: bytecode and grammar tables are kept, in a folder of their own."""

    def __init__(self, folder: str) -> None:
        kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        self._environment = {
            **kept,
            "PYTHONPATH": str(ROOT),
            "PYTHONPYCACHEPREFIX": str(Path(folder, "bytecode")),
            "XDG_CACHE_HOME": str(Path(folder, "cache")),
        }

    def command(self, *arguments: str) -> float:
        """Processor seconds of a ``xiance`` command."""
        code = f"import sys; sys.argv = {['xiance', *arguments]!r}; from engine.doors.command import main; main()"
        return self.code(code)

    def code(self, code: str) -> float:
        """Processor seconds of a process that runs a line of Python, its start included."""
        return self._process([sys.executable, "-c", code])

    def _process(self, command: Sequence[str]) -> float:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=self._environment)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def machine() -> str:
    """The processor, its cores and Python, in general terms."""
    name = platform.processor() or platform.machine()
    cores = os.cpu_count() or 1
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        text = ""
    models = [row.partition(":")[2].strip() for row in text.splitlines() if row.startswith("model name")]
    return f"{models[0] if models else name}, {cores} cores, Python {platform.python_version()}"
