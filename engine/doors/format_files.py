"""Rule files in the one canonical layout, in their own spelling or the other."""

from collections.abc import Iterable
from pathlib import Path

from engine.load.policy import NoSuchPolicyError, find_policy, folder_documents, known_policies
from grammar.diagnostic import Language
from grammar.parse import parse, read_source
from grammar.printer import print_document
from grammar.respell import names_of, respell


def rule_files(paths: Iterable[str]) -> list[Path]:
    """The rule files that names, folders and paths stand for; raises NoSuchPolicyError for what is none of these."""
    found: list[Path] = []
    for name in paths:
        path = Path(name)
        if path.is_file():
            found.append(path)
        elif path.is_dir() and any(path.glob("*.policy")):
            found.extend(sorted(path.glob("*.policy")))
        elif path.is_dir() and any(path.glob("*/*.policy")):
            found.extend(sorted(path.glob("*/*.policy")))
        elif "/" not in name:
            found.extend(sorted(find_policy(name).glob("*.policy")))
        else:
            raise NoSuchPolicyError(name, known_policies())
    return list(dict.fromkeys(found))


def formatted(path: Path, target: Language | None) -> tuple[str, str]:
    """A file's text and its canonical layout; raises FindingsError where it does not parse."""
    source = read_source(path, f"{path.resolve().parent.name}/{path.name}")
    document = parse(source)
    language = target or document.language
    if language != document.language:
        document = respell(document, language, names_of(*folder_documents(path.parent), document))
    with path.open(encoding="utf-8", newline="") as file:
        before = file.read()
    return before, print_document(document, language)
