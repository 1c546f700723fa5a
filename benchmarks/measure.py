"""Measuring two ways of doing a thing against one another: turn by turn, in processor time, told as a ratio only."""

import gc
import os
import platform
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import NamedTuple

ROUNDS = 7
ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Line:
    """A line of the report: ours over the peer's, round by round; a goal reads ``≤ 2.0×`` or ``≥ 3×``, or there is none."""

    what: str
    peer: str
    goal: str
    ratios: Sequence[float]

    @property
    def met(self) -> bool:
        """Whether the median reaches the goal."""
        number = float(self.goal.strip("≤≥× ").replace(",", ""))
        middle = statistics.median(self.ratios)
        return middle <= number if self.goal.startswith("≤") else middle >= number

    def __str__(self) -> str:
        told = f"{figure(statistics.median(self.ratios))}×"
        spread = f"{figure(min(self.ratios))}–{figure(max(self.ratios))}"
        met = "" if not self.goal else "yes" if self.met else "**no**"
        return f"| {self.what} | {self.peer} | {told} | {spread} | {self.goal} | {met} |"


def figure(number: float) -> str:
    """Three digits that say something, no more."""
    if number >= 100:
        return f"{number:,.0f}"
    return f"{number:.1f}" if number >= 10 else f"{number:.2f}"


def line(
    what: str, peer: str, goal: str, ours: Callable[[], float], theirs: Callable[[], float], rounds: int = ROUNDS
) -> Line:
    """A line of the report; either way is done once before it counts."""
    ours()
    theirs()
    return Line(what, peer, goal, [ours() / theirs() for _ in range(rounds)])


def seconds(action: Callable[[], object]) -> float:
    """Processor seconds of an action, with no garbage left over from the one before."""
    gc.collect()
    start = time.process_time()
    action()
    return time.process_time() - start


class Process(NamedTuple):
    """Seconds by the clock, of the processor on all its cores, and the most memory held, in KiB."""

    elapsed: float
    busy: float
    memory: int


# A process tells itself what it held at most: what its parent tells of it begins with what the parent holds.
_HELD = """
try:
    main()
finally:
    try:
        sys.stderr.write(next(line for line in open("/proc/self/status") if line.startswith("VmHWM")))
    except OSError:
        pass
"""
_HELD_TOLD = re.compile(rb"VmHWM:\s+([0-9]+) kB")


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
        return self.settled(*arguments).busy

    def settled(self, *arguments: str) -> "Process":
        """A ``xiance`` command from its start to its end."""
        code = f"import sys; sys.argv = {['xiance', *arguments]!r}; from engine.doors.command import main\n{_HELD}"
        return self.whole([sys.executable, "-c", code])

    def code(self, code: str) -> float:
        """Processor seconds of a process that runs a line of Python, its start included."""
        return self._process([sys.executable, "-c", code])

    def whole(self, command: Sequence[str]) -> "Process":
        """A process from its start to its end; raises where it fails."""
        elapsed = time.perf_counter()
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=self._environment)
        assert process.stderr is not None
        told = process.stderr.read()
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise SystemExit(f"{' '.join(command)}\n{told.decode(errors='replace')[-2000:]}")
        held = _HELD_TOLD.findall(told)
        return Process(
            time.perf_counter() - elapsed, used.ru_utime + used.ru_stime, int(held[-1]) if held else used.ru_maxrss
        )

    def _process(self, command: Sequence[str]) -> float:
        return self.whole(command).busy


def machine() -> str:
    """The processor, its cores, memory, and what is measured, in general terms."""
    name = platform.processor() or platform.machine()
    cores = os.cpu_count() or 1
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        text = ""
    models = [row.partition(":")[2].strip() for row in text.splitlines() if row.startswith("model name")]
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    versions = ", ".join(f"{package} {metadata.version(package)}" for package in ("duckdb", "sqlglot", "lark"))
    return (
        f"{models[0] if models else name}, {cores} cores, {memory:.0f} GiB of memory, {platform.system()}; "
        f"Python {platform.python_version()}, {versions}"
    )
