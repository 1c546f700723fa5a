"""The peers' half of the benchmarks, in the peers' own environment: told what to do line by line, it answers with times.

A request is a line of JSON: ``{"prepare": [PEER, FILE, …]}`` reads data into the peer's own form, ``{"run": true}`` settles it
once, ``{"answers": FILE}`` writes the figures of the last run as whole fen, ``{"forget": true}`` drops the data.
"""

import gc
import json
import sys
import time
from collections.abc import Callable
from importlib import import_module, metadata
from pathlib import Path
from typing import Any

# Each peer by the module that holds it; a module is loaded when its peer is first asked for.
PEERS = {
    "polars": "frames", "polars_floats": "frames", "numpy": "arrays", "pandas": "frames", "openfisca": "openfisca_peer",
    "zen": "expressions_peer", "jdm": "expressions_peer", "cel": "expressions_peer", "ints": "loops", "decimals": "loops",
    "polars_claims": "frames", "pandas_claims": "frames", "numpy_claims": "arrays", "ints_claims": "loops",
}  # fmt: skip
TOLD = ("common-expression-language", "numpy", "OpenFisca-Core", "pandas", "polars", "zen-engine")
Figures = list[list[int]]


class Worker:
    """The peer in hand, its data, and the figures it last gave."""

    def __init__(self) -> None:
        self.settle: Callable[[], Any] | None = None
        self.whole: Callable[[Any], Figures] | None = None
        self.found: Any = None

    def prepare(self, peer: str, *files: str) -> dict[str, float]:
        """The data of files, in the form the peer likes best."""
        self.forget()
        made = getattr(import_module(PEERS[peer]), peer)
        self.settle, self.whole = made(*(Path(file) for file in files))
        return {}

    def run(self) -> dict[str, float] | dict[str, str]:
        """Seconds, by the clock and of the processor, of settling it all once; or what the peer refused it with."""
        assert self.settle is not None
        self.found = None
        gc.collect()
        elapsed, busy = time.perf_counter(), time.process_time()
        try:
            self.found = self.settle()
        except ArithmeticError as error:
            return {"refused": str(error)}
        return {"elapsed": time.perf_counter() - elapsed, "busy": time.process_time() - busy}

    def answers(self, file: str) -> dict[str, float]:
        """The figures of the last run, a list for each, as whole fen."""
        assert self.whole is not None
        Path(file).write_text(json.dumps(self.whole(self.found)), encoding="utf-8")
        return {}

    def forget(self) -> dict[str, float]:
        """Give back the memory."""
        self.settle = self.whole = self.found = None
        gc.collect()
        return {}


def main() -> None:
    """Answer until there is nothing more to read."""
    worker = Worker()
    for line in sys.stdin:
        match json.loads(line):
            case {"prepare": [peer, *files]}:
                answer: object = worker.prepare(peer, *files)
            case {"run": _}:
                answer = worker.run()
            case {"answers": file}:
                answer = worker.answers(file)
            case {"versions": _}:
                answer = {name: metadata.version(name) for name in TOLD}
            case _:
                answer = worker.forget()
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
