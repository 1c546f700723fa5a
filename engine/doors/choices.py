"""What a user chooses on the command line for a run: years, assumptions, scenarios."""

import os
import re
from typing import TYPE_CHECKING

from engine.doors.telling import stop
from grammar.diagnostic import Language, Place

if TYPE_CHECKING:
    from engine.api import Limits, Policy
    from engine.load.tables import Cell
    from engine.nouns.dataset import Assumption


def years_chosen(year: int | None, years: str | None, language: Language) -> range | None:
    """The years asked for; None is all of them."""
    if year is not None and years is not None:
        stop("--year 和 --years 只写一个" if language == "zh" else "give either --year or --years")
    if year is not None:
        return range(year, year + 1)
    if years is None:
        return None
    match = re.fullmatch(r"([0-9]{4})(?:\.\.([0-9]{4}))?", years)
    first, last = (int(match[1]), int(match[2] or match[1])) if match else (1, 0)
    if first > last:
        stop(f"年度写成 2025..2027，而不是 {years}" if language == "zh" else f"write years as 2025..2027, not {years}")
    return range(first, last + 1)


def assumed_values(pairs: tuple[str, ...], language: Language) -> "dict[str, Cell]":
    """Assumptions of the command line, as cells; what is not ``名=值`` is wrong usage."""
    from engine.load.tables import Cell

    found: dict[str, Cell] = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals or not name.strip() or not value.strip():
            stop(
                f"假设写成 名=值，而不是 {pair}"
                if language == "zh"
                else f"write an assumption as name=value, not {pair}"
            )
        found[name.strip()] = Cell(value.strip(), Place("--assume", key=name.strip()))
    return found


def limits_chosen(backend: str | None, memory: str | None, threads: int | None, language: Language) -> "Limits":
    """How much of the machine the database may take, where the program takes its own part beside it."""
    from engine.api import Limits

    zh = language == "zh"
    if backend not in {None, "duckdb"} and (memory is not None or threads is not None):
        stop(
            "--memory 和 --threads 只用于 --backend duckdb" if zh else "--memory and --threads go with --backend duckdb"
        )
    if memory is None:
        return Limits(None, threads)
    match = re.fullmatch(r"([0-9]{1,6})(?:\.([0-9]{1,3}))? ?([KMGT])(i?)B", memory.strip(), re.IGNORECASE)
    if match is None:
        stop(f"内存写成 1GiB、512MiB，而不是 {memory}" if zh else f"write memory as 1GiB or 512MiB, not {memory}")
    unit = (1024 if match[4] else 1000) ** ("KMGT".index(match[3].upper()) + 1)
    whole = int(match[1]) * unit + int((match[2] or "0").ljust(3, "0")) * unit // 1000
    if whole < _LEAST_MEMORY:
        stop(f"内存至少 256MiB，而不是 {memory}" if zh else f"give at least 256MiB of memory, not {memory}")
    return Limits(f"{max(whole - _OWN_MEMORY, whole // 4) >> 20}MiB", threads)


_LEAST_MEMORY = 256 << 20
# What the program itself takes beside the database.
_OWN_MEMORY = 512 << 20


def keep_the_data(data: str, written: list[str], language: Language) -> None:
    """End as wrong usage where a result would take the place of the data it is made from."""
    source = os.path.realpath(data)
    for path in written:
        target = os.path.realpath(path)
        is_inside = os.path.dirname(target) == source and os.path.lexists(target)  # noqa: PTH120
        if target == source or is_inside:
            stop(
                f"{path} 是数据，不能写在上面；换一个地方"
                if language == "zh"
                else f"{path} is data and is not written over; name another place"
            )


def scenarios_named(policy: "Policy", names: tuple[str, ...], language: Language) -> "list[Assumption]":
    """Scenarios in the order named, the later over the earlier: names in the rule file, or files of values."""
    from engine.doors.scenarios import NoSuchScenarioError, assumptions_of

    try:
        return [assumption for name in names for assumption in assumptions_of(policy, name)]
    except NoSuchScenarioError as error:
        known = "、".join(error.known) or "—"
        if language == "zh":
            stop(f"没有情景“{error.name}”：既不是文件，规则文件里也没有。规则文件里的有：{known}")
        stop(f"no scenario `{error.name}`: neither a file nor named in the rule file. Named there: {known}")
