"""How far a long command is, on a terminal's standard error; nothing where nobody looks at one."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from grammar.diagnostic import Language, Words

Step = Callable[[Words], None]


@contextmanager
def progress_bar(steps: int, language: Language) -> Iterator[Step]:
    """A bar of so many steps; what it yields is called as each begins, and the bar is gone in the end."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.completed}/{task.total}"))
    with Progress(*columns, TimeElapsedColumn(), console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=steps, completed=-1, visible=False)

        def step(words: Words) -> None:
            bar.update(task, description=words.say(language), advance=1, visible=True, refresh=True)

        yield step
