"""What checking and settling find in the blocks of a page, laid out as files in a folder of their own."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from engine.api import Policy, bind_data, settle
from engine.doors.check_form import checked
from engine.load.policy import load_policy
from engine.load.read import read_data
from engine.nouns.dataset import Assumption
from grammar.diagnostic import Finding, FindingsError, Language, in_order, render

Blocks = Mapping[str, str]

PAGES = Path(__file__).parent / "stages"
RULES = "sample/rules.policy"
INDEX = "sample/source.yaml"
_FENCE = re.compile(r"(?ms)^```([^\n`]+)\n(.*?)^```")
_NAMED = {"policy": RULES, "yaml": "data.yaml", "source": INDEX, "english": "sample/source.en.yaml"}


def found_by_check(blocks: Blocks) -> list[Finding]:
    """Every finding of the rule files; with a block ``source`` (the index of clauses) those of citations too."""
    with TemporaryDirectory() as name:
        folder = _laid_out(blocks, Path(name))
        if (folder / INDEX).is_file():
            return checked(str(folder / "sample")).findings
        try:
            return Policy(load_policy(str(folder / "sample"))).findings()
        except FindingsError as error:
            return in_order(error.findings)


def found_by_run(blocks: Blocks) -> list[Finding]:
    """Every finding of rule files, data and settlement; blocks ``scenario``, ``years``, ``readings`` choose as the command does."""
    with TemporaryDirectory() as name:
        folder = _laid_out(blocks, Path(name))
        data = "data.yaml" if (folder / "data.yaml").is_file() else "data"
        try:
            policy = Policy(load_policy(str(folder / "sample")))
            scenarios = policy.scheme().scenarios
            given = [
                Assumption(parameter, value, scenario)
                for scenario in blocks.get("scenario", "").split()
                for parameter, value in scenarios[scenario].values.items()
            ]
            dataset = bind_data(policy, read_data(folder / data, data), given)
            years = [int(year) for year in blocks.get("years", "").split()] or None
            return list(settle(policy, dataset, years, other_readings="readings" in blocks).warnings)
        except FindingsError as error:
            return in_order(error.findings)


def cases(phase: str) -> Iterator[tuple[str, Blocks]]:
    """Every case of the pages of a phase: its title and what goes in."""
    for page in sorted((PAGES / phase).glob("*.md")):
        for case in re.split(r"(?m)^## ", page.read_text(encoding="utf-8"))[1:]:
            blocks = dict(_FENCE.findall(case))
            blocks.pop("result", None)
            yield f"{page.stem}: {case.splitlines()[0]}", blocks


def rendered(findings: list[Finding], language: Language) -> str:
    """The findings as a reader sees them, with an empty line between."""
    return "\n\n".join(render(finding, language) for finding in findings) or _NOTHING[language]


def language_of(blocks: Blocks) -> Language:
    """The language the rules on a page are written in."""
    return "en" if blocks["policy"].startswith("scheme") else "zh"


_NOTHING: Mapping[Language, str] = {"zh": "没有发现", "en": "nothing found"}


def _parquet(place: Path, query: str) -> None:
    """The answer of a query as a Parquet file."""
    import duckdb

    duckdb.connect().execute(f"COPY ({query}) TO '{place}' (FORMAT parquet)")


def _laid_out(blocks: Blocks, folder: Path) -> Path:
    """The folder with a file for every block: ``policy``, ``policy city/rules.policy``, ``yaml``, ``csv 医共体``, ``parquet 明细`` (a query)."""
    for key, body in blocks.items():
        sort, _, name = key.partition(" ")
        place = f"data/{name}.{sort}" if sort in {"csv", "parquet"} else name or _NAMED.get(sort)
        if place is None:
            continue
        (folder / place).parent.mkdir(parents=True, exist_ok=True)
        if sort == "parquet":
            _parquet(folder / place, body)
            continue
        (folder / place).write_text(body, encoding="utf-8")
    return folder
