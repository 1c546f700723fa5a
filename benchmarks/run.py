"""The benchmarks: ratios against a peer in the same, interleaved run; written to REPORT.md beside this file.

Absolute times are no claims and are not printed.
"""

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import claims
import claims_at_size
import comparison
import contests
import county
import crossing
import explanations
import institutions
import national
import shares
import starts
import structure
from measure import ROUNDS, machine
from race import Peers

REPORT = Path(__file__).parent / "REPORT.md"
# Every line that is of no race, in the order of the report; the largest come last, for what they leave in memory of files.
PARTS = (
    structure,
    shares,
    starts,
    institutions,
    county,
    explanations,
    comparison,
    claims,
    crossing,
    claims_at_size,
    national,
)
_HEAD = ["| what | peer | ratio (median) | min–max | goal | met |", "|---|---|---|---|---|---|"]


def main() -> None:
    """Run everything and write the report."""
    before = os.getloadavg()[0]
    with TemporaryDirectory() as folder:
        versions = Peers(Path(folder)).versions()
        found = contests.run(Path(folder))
    for line in contests.lines(found):
        print(line, file=sys.stderr, flush=True)
    rest = list(_lines())
    parts = [
        "# Benchmarks",
        "",
        f"{machine()}; {', '.join(f'{name} {version}' for name, version in versions.items())}.",
        f"Other work on the machine: a load of {before:.1f} when this began, {os.getloadavg()[0]:.1f} when it ended, this one's own",
        "in it. So processor time is what counts; the time by the clock stands beside it where a peer uses fewer cores. A ratio is",
        f"taken round by round, ours and the peers' turn by turn; told are the median of the rounds ({ROUNDS} where nothing else is",
        "said), the least and the greatest.",
        "",
        "## Goals",
        "",
        *_HEAD,
        *map(str, contests.goals(found)),
        (f"| wrong fen of the SQL made of the rules | fractions | {contests.wrong_of(found, contests.MADE)} | | 0 | |"),
        *(line for line in rest if _has_goal(line)),
        "",
        "## W1 and W2",
        "",
        "W1: a row an institution and year, balance, cap of 30 %, two exceptions, sharing: seven figures. W2: claim rows gathered by",
        "category, then W1, then an equal split within each area. Data stand in memory as each likes them best, results are kept in",
        "memory; all times are told over the SQL by hand, row for row.",
        *contests.lines(found),
        "",
        "Of 100,000 rows each: as invented; where figures tie or lie beside a cap, up to 3·10^14 fen; the same up to 10^16 fen, where",
        f"what is in between passes 64 bits. W2: of {contests.HOSPITALS:,} hospitals. «stops» is an error, told; wrong fen are not.",
        "",
        "## Everything else",
        "",
        *_HEAD,
        *(line for line in rest if not _has_goal(line)),
    ]
    text = "\n".join(parts) + "\n"
    print(text)
    REPORT.write_text(text, encoding="utf-8")


def _lines() -> Iterator[str]:
    """Every line that is of no race, told as soon as it is there: a run takes half an hour."""
    for part in PARTS:
        for line in part.lines():
            print(line, file=sys.stderr, flush=True)
            yield str(line)


def _has_goal(line: str) -> bool:
    return any(sign in line.split("|")[-3] for sign in "≤≥")


if __name__ == "__main__":
    main()
