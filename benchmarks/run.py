"""The benchmarks: ratios against a peer in the same, interleaved run; written to REPORT.md beside this file.

Processor time, not the clock on the wall; absolute times are no claims and are not printed.
"""

from pathlib import Path

import claims
import comparison
import county
import explanations
import institutions
import starts
from measure import ROUNDS, machine

REPORT = Path(__file__).parent / "REPORT.md"


def main() -> None:
    """Run everything and write the report."""
    parts = [
        "# Benchmarks",
        "",
        f"{machine()}. Each line is the median of {ROUNDS} rounds, ours and the peer's turn by turn; the ratio of processor time",
        "is taken round by round. Processes start with their bytecode and the grammar tables kept, as after an installation.",
        "",
        "| what | peer | ratio (median) | min–max | goal |",
        "|---|---|---|---|---|",
        *starts.lines(),
        *institutions.lines(),
        *county.lines(),
        *comparison.lines(),
        *explanations.lines(),
        *claims.lines(),
    ]
    text = "\n".join(parts) + "\n"
    print(text)
    REPORT.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
