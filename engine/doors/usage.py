"""What the command line says of itself: its help and what is wrong with a command, in Chinese or in English."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise

import click

from grammar.diagnostic import Language


def language_of(words: Sequence[str]) -> Language:
    """The language a command line asks for, also where the rest of it cannot be understood."""
    pairs = pairwise([*words, ""])
    return "en" if any(pair == ("--lang", "en") or pair[0] == "--lang=en" for pair in pairs) else "zh"


def usage_text(error: click.UsageError, language: Language) -> str:
    """What is wrong with a command line, and where its help is."""
    if isinstance(error, _ONLY_ITS_NAME):
        return error.format_message()
    path = error.ctx.command_path if error.ctx else "xiance"
    if language == "en":
        return f"{error.format_message()}\nSee: {path} --help"
    return f"{_chinese(error)}\n用法见：{path} --help"


# A bare `xiance` is answered with the help; older releases of click do that without an error.
_ONLY_ITS_NAME: tuple[type[click.UsageError], ...] = tuple(
    error for error in (getattr(click.exceptions, "NoArgsIsHelpError", None),) if error
)


def _chinese(error: click.UsageError) -> str:
    match error:
        case click.MissingParameter(param=click.Option() as option):
            return f"缺少选项 {option.opts[0]}"
        case click.MissingParameter(param=click.Argument() as argument):
            return f"缺少参数 {argument.human_readable_name}"
        case click.NoSuchOption(option_name=name, possibilities=near):
            return f"没有选项 {name}" + (f"。是不是 {near[0]}？" if near else "")
        case NoSuchCommandError(name=name):
            return f"没有“{name}”这个命令"
        case click.BadOptionUsage(option_name=name):
            return f"选项 {name} 不带值" if "not take" in error.message else f"选项 {name} 后面缺一个值"
        case click.BadParameter(param=click.Parameter(type=click.Choice(choices=choices)) as param):
            return f"{param.opts[0]} 只能是 {'、'.join(map(str, choices))}"
        case click.BadParameter(param=click.Parameter(type=click.types.IntParamType()) as param):
            return f"{param.opts[0]} 应是整数"
        case _:
            return "命令里有多出来的词，或者写法不对"


class NoSuchCommandError(click.UsageError):
    """A word where a command is due that is none."""

    def __init__(self, name: str, ctx: click.Context) -> None:
        self.name = name
        super().__init__(f"No such command {name!r}.", ctx)


class _Help(click.HelpFormatter):
    """Help with its headings in Chinese, as its sentences are."""

    def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:
        del prefix
        super().write_usage(prog, args, "用法：")

    @contextmanager
    def section(self, name: str) -> Iterator[None]:
        with super().section(_HEADINGS.get(name, name)):
            yield

    def write_dl(self, rows: Iterable[tuple[str, str]], col_max: int = 30, col_spacing: int = 2) -> None:
        super().write_dl([(word, _labelled(text)) for word, text in rows], col_max, col_spacing)


_HEADINGS = {"Options": "选项", "Commands": "命令"}
_LABELS = {
    "[required]": "[必填]",
    "[default: ": "[缺省：",
    "Show this message and exit.": "显示这段说明。",
    "Show the version and exit.": "显示版本。",
}


def _labelled(text: str) -> str:
    for english, chinese in _LABELS.items():
        text = text.replace(english, chinese)
    return text


class _Context(click.Context):
    """A context whose help is in Chinese."""

    formatter_class = _Help


class Command(click.Command):
    """A command of the group."""

    context_class = _Context


class Group(click.Group):
    """The group of all commands."""

    context_class = _Context
    command_class = Command

    def add_command(self, cmd: click.Command, name: str | None = None) -> None:
        """Take in a command, whose help is then in Chinese however it was made."""
        cmd.context_class = _Context
        super().add_command(cmd, name)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command a line names."""
        if args and not args[0].startswith("-") and self.get_command(ctx, args[0]) is None:
            raise NoSuchCommandError(args[0], ctx)
        return super().resolve_command(ctx, args)
