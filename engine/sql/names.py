"""What things are called in SQL: ids where the rule file gives them, else the names themselves, short enough for all."""

from collections.abc import Iterable

from engine.nouns.core import Labels

# PostgreSQL cuts a name off at 63 bytes and DuckDB does not tell capitals from small letters.
_MOST_BYTES = 60


class Called:
    """Hands out names, each once; what is taken already gets a number."""

    def __init__(self, labels: Labels, taken: Iterable[str] = ()) -> None:
        self.labels = labels
        self.taken = {name.casefold() for name in taken}

    def of(self, name: str, table: str | None = None) -> str:
        """A name of its own for a thing of the rule file."""
        return self.new(self.labels.id(name, table))

    def new(self, wanted: str) -> str:
        """The wanted name, cut to what every engine takes, or that with the next number."""
        short = cut(wanted, _MOST_BYTES)
        name, number = short, 1
        while name.casefold() in self.taken:
            number += 1
            end = f"_{number}"
            name = cut(short, _MOST_BYTES - len(end)) + end
        self.taken.add(name.casefold())
        return name


def cut(name: str, most: int) -> str:
    """A name cut to so many bytes, no letter in two."""
    return name.encode()[:most].decode(errors="ignore")


def earlier(kind: str) -> str:
    """What the relation of a kind's rows in all years is called in a layout, beside that of its rows in settled years."""
    return f"{kind}（历年）"
