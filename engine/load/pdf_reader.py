"""A program of its own that prints the text of a PDF's pages as JSON; started by `pdf`, which bounds its time."""

import json
import sys
from importlib import import_module

_BYTES_AT_MOST = 2 << 30
_PAGES_AT_MOST = 1000
_CHARACTERS_AT_MOST = 8 << 20


def main(path: str) -> int:
    """Print the pages of the file; 1 where it cannot be read."""
    _bound()
    pages: list[str] = []
    try:
        reader = import_module("pypdf").PdfReader(path)
        for page in reader.pages[:_PAGES_AT_MOST]:
            pages.append(page.extract_text())
            if sum(map(len, pages)) > _CHARACTERS_AT_MOST:
                return 1
    except Exception:  # noqa: BLE001 - a broken file makes the library raise whatever it stumbled over
        return 1
    sys.stdout.write(json.dumps(pages))
    return 0


def _bound() -> None:
    try:
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (_BYTES_AT_MOST, _BYTES_AT_MOST))
    except (ImportError, ValueError):  # a system without such bounds, or with a narrower one already
        return


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
