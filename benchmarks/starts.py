"""Whole processes from a cold start, against one that only imports lark; and the public cases from end to end."""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from measure import ROOT, Line, Starts, line

PEER = '`python -c "import lark"`'
CASES = ROOT / "tests" / "conformance"


def lines() -> list[Line]:
    """Checking, compiling and settling; the length of the scheme is counted, not claimed."""
    with TemporaryDirectory() as folder:
        return list(_lines(Starts(folder)))


def _lines(starts: Starts) -> Iterator[Line]:
    sample = ROOT / "policies" / "gaotai" / "sample.yaml"

    def lark() -> float:
        return starts.code("import lark")

    for name in ("guangdong", "gaotai"):
        texts = [ROOT / "policies" / name / "rules.policy", ROOT / "policies" / "common" / "vocabulary.policy"]
        size = sum(len(path.read_text(encoding="utf-8").splitlines()) for path in texts)
        code = f"from engine.api import open_policy; open_policy('{name}').pipeline()"
        goal = "≤ 2.0×" if name == "guangdong" else ""
        yield from (
            line(
                f"cold process: parse, check and compile {size} lines ({name} and the vocabulary)", PEER, goal,
                lambda code=code: starts.code(code), lark,  # type: ignore[misc]
            ),
            line(
                f"cold process: `xiance check {name}`, its clauses too", PEER, goal,
                lambda name=name: starts.command("check", name), lark,  # type: ignore[misc]
            ),
        )  # fmt: skip
    yield from (
        line(
            'cold process: `python -c "import click"`, for comparison', PEER, "", lambda: starts.code("import click"), lark
        ),
        line(
            "cold process: `xiance settle gaotai` on its sample", PEER, "",
            lambda: starts.command("settle", "gaotai", "--data", str(sample)), lark,
        ),
        line(
            f"cold process: the {len(_cases())} public cases from file to JSON", PEER, "",
            lambda: starts.code(_CONFORMANCE.format(cases=[(p.name.partition("-")[0], str(p)) for p in _cases()])), lark,
        ),
    )  # fmt: skip


def _cases() -> list[Path]:
    return sorted(CASES.glob("*.yaml"))


_CONFORMANCE = """
from pathlib import Path
from engine.api import bind_data, open_policy, settle
from engine.doors.json_form import settlement_json
from engine.load.read import read_data
for name, path in {cases!r}:
    policy = open_policy(name)
    settlement_json(settle(policy, bind_data(policy, read_data(Path(path), "case"))), "zh")
"""
