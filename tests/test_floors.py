"""The house as drawn: imports go down, packages hold no code, every finding is worded, no file knows a machine."""

import ast
import re
from collections.abc import Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from string import Formatter

import pytest

from grammar.diagnostic import Entry, catalogue

ROOT = Path(__file__).resolve().parent.parent

# From the ground up; those on one floor do not know each other.
FLOORS = (
    ("grammar",),
    ("engine.nouns",),
    ("engine.load", "engine.check"),
    ("engine.compile",),
    ("engine.interpret", "engine.sql", "engine.explain"),
    ("engine.compare", "engine.bulk"),
    ("engine.api",),
    ("engine.trial",),
    ("engine.scaffold",),
    ("engine.doors",),
)
LEVELS = {name: level for level, names in enumerate(FLOORS) for name in names}

FILES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts): path
    for package in ("grammar", "engine")
    for path in sorted((ROOT / package).rglob("*.py"))
}
PACKAGES = {name.removesuffix(".__init__") for name in FILES if name.endswith(".__init__")}
MODULES = {name: path for name, path in FILES.items() if not name.endswith(".__init__")}
TREES = {name: ast.parse(path.read_text(encoding="utf-8")) for name, path in FILES.items()}


def room(module: str) -> str | None:
    """The name on the drawing that a module belongs to."""
    return next((name for name in LEVELS if f"{module}.".startswith(f"{name}.")), None)


def imports(tree: ast.Module) -> Iterator[str]:
    """The modules of our own that a tree imports, early or late."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name.split(".")[0] in PACKAGES)
        elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in PACKAGES:
            below = [f"{node.module}.{alias.name}" for alias in node.names]
            yield from ([name for name in below if name in MODULES] or [str(node.module)])


def wrong_imports(module: str, tree: ast.Module) -> list[str]:
    """The imports that do not go down, save those within one room."""
    here = room(module)
    assert here is not None, f"{module} stands on no floor of the drawing"
    others = ((name, room(name)) for name in imports(tree))
    return [name for name, there in others if there is None or (there != here and LEVELS[there] >= LEVELS[here])]


@pytest.mark.parametrize("module", MODULES)
def test_imports_go_down(module: str) -> None:
    assert wrong_imports(module, TREES[module]) == []


@pytest.mark.parametrize(
    ("module", "line", "wrong"),
    [
        ("grammar.parse", "from engine.nouns.numbers import exact", ["engine.nouns.numbers"]),
        ("engine.load.read", "from engine.nouns import numbers", []),
        ("engine.load.read", "import engine.check.symbols", ["engine.check.symbols"]),
        ("engine.nouns.core", "def late():\n    from engine.load import read", ["engine.load.read"]),
        ("engine.explain.words", "from engine.interpret.run import run", ["engine.interpret.run"]),
        ("engine.doors.command", "from engine.api import settle", []),
        ("engine.load.read", "from engine.cellar import barrel", ["engine.cellar"]),
    ],
)
def test_an_import_that_does_not_go_down_is_seen(module: str, line: str, wrong: list[str]) -> None:
    assert wrong_imports(module, ast.parse(line)) == wrong


def test_modules_import_in_no_circle() -> None:
    graph = {name: set(imports(tree)) for name, tree in TREES.items()}
    try:
        list(TopologicalSorter(graph).static_order())
    except CycleError as error:
        pytest.fail(f"a circle: {' → '.join(error.args[1])}")


@pytest.mark.parametrize("package", sorted(PACKAGES))
def test_a_package_file_holds_its_sentence_and_nothing_else(package: str) -> None:
    tree = TREES[f"{package}.__init__"]
    assert ast.get_docstring(tree)
    assert len(tree.body) == 1


@pytest.mark.parametrize("module", MODULES)
def test_a_module_opens_with_a_sentence(module: str) -> None:
    assert (ast.get_docstring(TREES[module]) or "").split("\n")[0].endswith(".")


def codes_in_use() -> Mapping[str, set[str]]:
    """The finding codes that stand in the source, each with the modules it stands in."""
    used: dict[str, set[str]] = {}
    for module, tree in TREES.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and _CODE.fullmatch(node.value):
                used.setdefault(node.value, set()).add(module)
    return used


_CODE = re.compile(r"[PCDRLS][0-9]{3}")


def test_every_code_in_use_is_worded() -> None:
    assert {code: modules for code, modules in codes_in_use().items() if code not in catalogue()} == {}


def test_every_code_that_is_worded_is_in_use() -> None:
    assert catalogue().keys() - codes_in_use().keys() == set()


def slots(wording: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(wording) if name is not None}


@pytest.mark.parametrize("entry", catalogue().values(), ids=lambda entry: entry.code)
def test_a_finding_says_the_same_in_both_languages(entry: Entry) -> None:
    assert _CODE.fullmatch(entry.code)
    assert entry.severity in {"error", "warning", "note"}
    assert entry.zh
    assert entry.en
    assert bool(entry.hint_zh) == bool(entry.hint_en)
    assert slots(entry.zh) == slots(entry.en)
    assert slots(entry.hint_zh) == slots(entry.hint_en)


def unfilled(tree: ast.Module) -> Iterator[tuple[int, str, set[str]]]:
    """The findings made with their values written out that leave a slot of their wording empty."""
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Name("Finding"), args=[ast.Constant(str(code)), *rest], keywords=[]):
                values = rest[1] if len(rest) > 1 else ast.Dict([], [])
                if isinstance(values, ast.Dict) and all(isinstance(key, ast.Constant) for key in values.keys):
                    given = {key.value for key in values.keys if isinstance(key, ast.Constant)}
                    entry = catalogue().get(code)
                    wanted = slots(f"{entry.zh}{entry.hint_zh}") if entry else set()
                    if wanted - given:
                        yield node.lineno, code, wanted - given
            case _:
                pass


@pytest.mark.parametrize("module", MODULES)
def test_a_finding_brings_every_value_its_wording_needs(module: str) -> None:
    assert list(unfilled(TREES[module])) == []


def test_a_finding_without_a_value_of_its_wording_is_seen() -> None:
    assert list(unfilled(ast.parse('Finding("D018", place, {"name": name})'))) == [(1, "D018", {"line"})]


_NOT_OURS = re.compile(r"__pycache__|build|dist|.*\.egg-info|\.(?!ci$|github$).*")
_MACHINE_PATHS = tuple(f"/{name}/".encode() for name in ("work", "root"))
_TEMPORARY = f"/{'tmp'}/".encode()
_REGISTRIES = re.compile(rb"pythonhosted\.org|\bpypi\.org|index[-_]url|https?://[^\s\"']+/simple\b|registry\.npmjs")


def our_files(folder: Path) -> Iterator[Path]:
    """Every file of the project: what tools leave behind (caches, builds, environments) is not part of it."""
    for path in sorted(folder.iterdir()):
        if path.is_dir() and not _NOT_OURS.fullmatch(path.name):
            yield from our_files(path)
        elif path.is_file():
            yield path


def machine_words(data: bytes, *, is_page: bool) -> list[bytes]:
    """What a file says of a machine it was made on; a page for readers names no temporary folder either."""
    paths = (*_MACHINE_PATHS, _TEMPORARY) if is_page else _MACHINE_PATHS
    return [path for path in paths if path in data] + _REGISTRIES.findall(data)


def test_no_file_knows_the_machine_it_was_made_on() -> None:
    told = {
        str(path.relative_to(ROOT)): words
        for path in our_files(ROOT)
        if path != Path(__file__).resolve()
        and (words := machine_words(path.read_bytes(), is_page=path.suffix in {".md", ".policy", ".yaml"}))
    }
    assert told == {}


@pytest.mark.parametrize(
    ("text", "is_page"),
    [("cd /root/x", False), ("see /tmp/out", True), ("--index-url x", False), ("https://host.example/simple", False)],
)
def test_a_file_that_knows_a_machine_is_seen(text: str, is_page: bool) -> None:
    assert machine_words(text.encode(), is_page=is_page)
