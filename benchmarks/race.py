"""Entrants run in turn, round by round, so that whatever else the machine does falls on all of them alike."""

import gc
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, NamedTuple, Self

from measure import figure

# Beside the environment this runs in, as `make bench` puts it.
ENVIRONMENT = Path(f"{sys.prefix}-peers")


class Time(NamedTuple):
    """Seconds by the clock, and of the processor on all its cores."""

    elapsed: float
    busy: float


Entrant = Callable[[], Time]


class Ratio(NamedTuple):
    """The median over the rounds, and the least and the greatest."""

    median: float
    least: float
    most: float

    @classmethod
    def of(cls, ratios: Sequence[float]) -> "Ratio":
        """Of a round each."""
        return cls(statistics.median(ratios), min(ratios), max(ratios))

    def __str__(self) -> str:
        return f"{figure(self.median)}× | {figure(self.least)}–{figure(self.most)}"


@dataclass(frozen=True)
class Race:
    """The times of every entrant, round by round; ``rows`` is how many rows each settles in a round."""

    times: Mapping[str, list[Time]]
    rows: Mapping[str, int]

    def elapsed(self, name: str, over: str) -> Ratio:
        """How many times as long an entrant takes by the clock, row for row."""
        return Ratio.of(self.ratios(name, over, "elapsed"))

    def busy(self, name: str, over: str) -> Ratio:
        """How many times as long it keeps the processor busy, row for row."""
        return Ratio.of(self.ratios(name, over, "busy"))

    def ratios(self, name: str, over: str, which: Literal["elapsed", "busy"]) -> list[float]:
        """How many times as long, round by round and row for row."""
        each = self.rows[over] / self.rows[name]
        pairs = zip(self.times[name], self.times[over], strict=True)
        return [getattr(mine, which) / getattr(theirs, which) * each for mine, theirs in pairs]


def race(entrants: Mapping[str, Entrant], rows: Mapping[str, int] | int, rounds: int) -> Race:
    """Every entrant once before it counts, then all of them in turn."""
    for run in entrants.values():
        run()
    times: dict[str, list[Time]] = {name: [] for name in entrants}
    for _ in range(rounds):
        for name, run in entrants.items():
            times[name].append(run())
    return Race(times, dict.fromkeys(entrants, rows) if isinstance(rows, int) else rows)


def timed(action: Callable[[], object]) -> Entrant:
    """An entrant of this process."""

    def run() -> Time:
        gc.collect()
        elapsed, busy = time.perf_counter(), time.process_time()
        action()
        return Time(time.perf_counter() - elapsed, time.process_time() - busy)

    return run


class Peers:
    """Processes in the peers' environment, one a peer, so that none holds another's memory or threads."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.processes: list[Peer] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.leave()

    def enter(self, name: str, *files: Path) -> "Peer":
        """A peer with its data in hand."""
        peer = Peer(self.folder)
        self.processes.append(peer)
        peer.ask({"prepare": [name, *(str(file) for file in files)]})
        return peer

    def versions(self) -> Mapping[str, str]:
        """What the peers are, by package."""
        peer = Peer(self.folder)
        try:
            return dict(peer.ask({"versions": True}))
        finally:
            peer.leave()

    def leave(self) -> None:
        """Let all of them go."""
        while self.processes:
            self.processes.pop().leave()


class RefusedError(Exception):
    """A peer stopped on what it could not hold, and said so."""


class Peer:
    """One process of the peers' half."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        worker = Path(__file__).parent / "peers" / "worker.py"
        self.process = subprocess.Popen(
            [ENVIRONMENT / "bin" / "python", worker], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def ask(self, request: Mapping[str, object]) -> Any:
        """A request and its answer."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit(f"a peer gave up: {request}")
        return json.loads(line)

    def run(self) -> Time:
        """Settle once."""
        told = self.ask({"run": True})
        if "refused" in told:
            raise RefusedError(told["refused"])
        return Time(told["elapsed"], told["busy"])

    def answers(self) -> list[tuple[int, ...]]:
        """The figures of the last run, row by row."""
        file = self.folder / "answers.json"
        self.ask({"answers": str(file)})
        columns = json.loads(file.read_text(encoding="utf-8"))
        file.unlink()
        return list(zip(*columns, strict=True))

    def leave(self) -> None:
        """End it."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait()
        if self.process.stdout is not None:
            self.process.stdout.close()
