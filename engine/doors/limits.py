"""The memory and the threads that a run may use, as the command line gives them."""

import re
from collections.abc import Callable
from typing import Any, TypeVar

import click

from engine.doors.telling import stop
from grammar.diagnostic import Language
from grammar.frozen import dataclass

_UNITS = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}
_THOUSANDS = {"": 1, "K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}
_LEAST = 256 << 20
# What the program itself takes beside the database.
_OWN = 256 << 20
_Command = TypeVar("_Command", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Limits:
    """What a database may use in a run; None leaves it to its own measure."""

    memory: str | None = None
    threads: int | None = None


def limits_options(command: _Command) -> _Command:
    """The options ``--memory`` and ``--threads``."""
    memory = click.option("--memory", metavar="1GiB", help="整个程序最多用多少内存；放不下的写到临时文件里。")
    threads = click.option("--threads", type=click.IntRange(1, 256), help="数据库最多用几个线程。")
    return memory(threads(command))


def limits_of(memory: str | None, threads: int | None, language: Language) -> Limits:
    """The limits as the database is told them; what is no size is wrong usage."""
    if memory is None:
        return Limits(None, threads)
    match = re.fullmatch(r"([0-9]{1,12})(?:\.([0-9]{1,3}))?\s*([KMGT]?)(i?)B?", memory.strip(), re.IGNORECASE)
    unit = match[3].upper() if match else ""
    if match is None:
        stop(
            f"内存写成 1GiB 或 800MB，而不是 {memory}"
            if language == "zh"
            else f"write memory as 1GiB or 800MB, not {memory}"
        )
    size = (_UNITS if match[4] or not match[0].upper().endswith("B") else _THOUSANDS)[unit]
    whole = int(match[1]) * size + int((match[2] or "0").ljust(3, "0")) * size // 1000
    if whole < _LEAST:
        stop(
            f"内存至少 256MiB，而不是 {memory}" if language == "zh" else f"give at least 256MiB of memory, not {memory}"
        )
    return Limits(f"{max(whole - _OWN, whole // 4) >> 20}MiB", threads)
