"""How a command ends: findings or JSON told, a file written whole or not at all, an exit code; never a traceback."""

import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

import click

from grammar.diagnostic import Finding, Language, render

if TYPE_CHECKING:
    from engine.nouns.settlement import HandedBack

WRONG_USAGE = 2
_MOST_TOLD = 200
_MOST_IN_JSON = 2000
_Command = TypeVar("_Command", bound=Callable[..., Any])
_Result = TypeVar("_Result")


def language_option(command: _Command) -> _Command:
    """The option ``--lang``."""
    return click.option(
        "--lang", "language", type=click.Choice(["zh", "en"]), default="zh", help="提示和表头用中文还是英文。"
    )(command)


def format_option(*names: str) -> Callable[[_Command], _Command]:
    """The option ``--format`` with its forms; the first is the default."""
    return click.option(
        "--format", "form", type=click.Choice(names), default=names[0], show_default=True, help="输出形式。"
    )


def named(action: Callable[[], _Result], language: Language) -> _Result:
    """What an action gives; where it names a policy or a file that is not there, the command ends as wrong usage."""
    from engine.load.policy import NoSuchPolicyError
    from engine.load.read import NoSuchFileError
    from engine.nouns.suggest import closest

    zh = language == "zh"
    try:
        return action()
    except NoSuchPolicyError as error:
        near = closest(error.name, error.known)
        if zh:
            guess, known = f"是不是“{near}”？" if near else "", "、".join(error.known)
            stop(f"没有“{error.name}”这个方案。{guess}自带的有：{known}；也可以写方案文件夹的路径。")
        guess, known = f"Did you mean `{near}`? " if near else "", ", ".join(error.known)
        stop(f"no policy `{error.name}`. {guess}Known: {known}; the path of a policy folder will do as well.")
    except NoSuchFileError as error:
        stop(f"没有这个文件或文件夹：{error.path}" if zh else f"no such file or folder: {error.path}")


def stop(message: str) -> NoReturn:
    """End as wrong usage."""
    click.echo(message, err=True)
    sys.exit(WRONG_USAGE)


def fail(findings: Iterable[Finding], form: str, language: Language) -> NoReturn:
    """End with findings alone, as text or as JSON."""
    if form == "json":
        told = _first_of(list(findings), _MOST_IN_JSON)
        tell_json({"findings": [finding.as_json(language) for finding in told]})
    else:
        tell(findings, language)
    sys.exit(1)


def tell(findings: Iterable[Finding], language: Language) -> None:
    """Findings as text, beside what the command prints."""
    for finding in _first_of(list(findings), _MOST_TOLD):
        click.echo(render(finding, language) + "\n", err=True)


def _first_of(findings: list[Finding], most: int) -> list[Finding]:
    """So many of the findings, errors before the rest where there are more, and how many more there are."""
    if len(findings) <= most:
        return findings
    kept = sorted(findings, key=lambda finding: finding.severity != "error")[:most]
    return [*kept, Finding("D043", None, {"count": len(findings) - most})]


def tell_json(value: object) -> None:
    """A value as JSON, alone on standard output; where that is not UTF-8, with escapes that any reader of JSON takes."""
    click.echo(json_text(value, escaped=not is_utf8()), nl=False)


def is_utf8() -> bool:
    """Whether standard output takes every character as it is."""
    return (sys.stdout.encoding or "utf-8").lower().replace("-", "") == "utf8"


def tell_pieces(pieces: Iterable[str]) -> None:
    """A long text on standard output, piece by piece as it is made."""
    for piece in pieces:
        click.echo(piece, nl=False)


def json_text(value: object, *, escaped: bool = False) -> str:
    """A value as JSON that a person can read."""
    return json.dumps(value, ensure_ascii=escaped, indent=1) + "\n"


def write_whole(path: Path, content: str | bytes, language: Language) -> None:
    """Write a file whole or not at all; a place that cannot be written to is wrong usage."""
    from engine.doors.whole import replace_file

    with _writing(path, language):
        if path.is_dir():
            stop(f"{path} 是文件夹，这里要一个文件" if language == "zh" else f"{path} is a folder; a file is due here")
        replace_file(path, _bytes(content))


def write_pieces_whole(path: Path, pieces: Iterable[str], language: Language) -> None:
    """The same for a text that is made piece by piece and never held as a whole."""
    from engine.doors.whole import replace_file

    with _writing(path, language):
        if path.is_dir():
            stop(f"{path} 是文件夹，这里要一个文件" if language == "zh" else f"{path} is a folder; a file is due here")
        replace_file(path, (piece.encode() for piece in pieces))


def write_folder(
    folder: Path, files: Mapping[str, str | bytes], language: Language, ours: Callable[[Path], bool] = lambda _: False
) -> None:
    """Write the files of one run into a folder, all or none; ``ours`` tells what an earlier run left from what is foreign."""
    from engine.doors.whole import replace_folder

    with _writing(folder, language):
        if folder.exists() and not folder.is_dir():
            stop(f"{folder} 不是文件夹" if language == "zh" else f"{folder} is not a folder")
        replace_folder(folder, {name: _bytes(content) for name, content in files.items()}, ours)


@contextmanager
def _writing(path: Path, language: Language) -> Iterator[None]:
    from engine.doors.whole import why

    try:
        yield
    except (OSError, ValueError) as error:
        # A zero byte in a path is refused before the system is asked.
        if isinstance(error, UnicodeEncodeError):
            reason = (
                "这里的语言设置写不了中文文件名；先设 PYTHONUTF8=1"
                if language == "zh"
                else "file names in Chinese cannot be written under this locale; set PYTHONUTF8=1"
            )
        else:
            reason = why(error, language) if isinstance(error, OSError) else str(error)
        stop(f"写不了 {path}：{reason}" if language == "zh" else f"cannot write {path}: {reason}")


def _bytes(content: str | bytes) -> bytes:
    return content.encode() if isinstance(content, str) else content


def chosen_words(backend: str, language: Language) -> str:
    """Which engine was chosen where nobody named one, and how to have it otherwise."""
    if language == "zh":
        return f"数据多，用 {backend} 清算，与逐行计算结果相同；要逐行计算，加 --backend exact"
    return f"much data: settled by {backend}, to the same figures as row by row; for the latter add --backend exact"


def handed_back_words(back: "HandedBack", backend: str, language: Language) -> str:
    """How much an engine left to the interpreter, and why."""
    if language == "zh":
        why = f"（SQL 说不了：{back.why.zh}）" if back.why else "（这些单位由逐行计算复核）"
        return f"{backend}：{back.of} 个独立单位中有 {back.units} 个交回逐行计算{why}"
    why = f" (SQL cannot say: {back.why.en})" if back.why else " (settled row by row for certainty)"
    return f"{backend}: {back.units} of {back.of} separate units were handed back to the interpreter{why}"
