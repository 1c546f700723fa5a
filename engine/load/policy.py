"""Find a policy's files and what they inherit: the vocabulary, parents, amendments, the policy itself."""

import hashlib
import itertools
from datetime import date
from pathlib import Path

from engine.load.text import refuse_outside
from engine.nouns.periods import day_of
from engine.nouns.suggest import nearest
from grammar.diagnostic import Finding, FindingsError, Place, has_errors
from grammar.frozen import dataclass
from grammar.parse import parse, read_source
from grammar.respell import names_of, respell
from grammar.syntax import Document, Effective, Inherits

RULES = "rules.policy"
VOCABULARY = "vocabulary.policy"
_HERE = Path("policies")
LONGEST_CHAIN = 6


class NoSuchPolicyError(Exception):
    """A name that is no folder of policies; the command turns it into a wrong usage."""

    def __init__(self, name: str, known: tuple[str, ...]) -> None:
        self.name, self.known = name, known
        super().__init__(name)


@dataclass(frozen=True, slots=True)
class LoadedText:
    """One rule file, parsed, its names in Chinese; ``start`` and ``end`` are its 施行."""

    document: Document
    layer: str
    digest: str
    start: date | None
    end: date | None
    folder: Path

    def __hash__(self) -> int:
        # Texts are keys of what is made of them: the digest tells them apart without a walk through the whole tree.
        return hash((self.layer, self.digest))

    @property
    def is_amendment(self) -> bool:
        """Whether it amends the scheme whose folder it lies in."""
        return self.document.header.sort == "amendment"


@dataclass(frozen=True, slots=True)
class LoadedPolicy:
    """A policy with everything it stands on: the vocabulary, then each ancestor with its amendments, then itself."""

    name: str
    folder: Path
    texts: tuple[LoadedText, ...]

    @property
    def own(self) -> LoadedText:
        """The policy's own rule file."""
        return next(t for t in reversed(self.texts) if not t.is_amendment)

    def in_force(self, day: date) -> tuple[LoadedText, ...]:
        """The texts that take part in a period whose first day is given: all but amendments not in force."""
        return tuple(t for t in self.texts if not t.is_amendment or _covers(t, day))


def policies_folder() -> Path:
    """The folder of the policies that come with the engine: the sibling of the engine's own."""
    return Path(__file__).resolve().parent.parent.parent / "policies"


def known_policies() -> tuple[str, ...]:
    """The names of the policies that come with the engine or stand in the folder ``policies`` here."""
    found = {path.parent.name for root in (policies_folder(), _HERE) for path in root.glob(f"*/{RULES}")}
    return tuple(sorted(name for name in found if not name.startswith(".")))


def find_policy(name: str) -> Path:
    """The folder of a policy: a path to it (or its rule file), else one in ``policies`` here or that comes with the engine."""
    path = Path(name)
    if path.is_file() and path.suffix == ".policy":
        return path.parent
    if path.is_dir() and ((path / RULES).is_file() or (path / VOCABULARY).is_file()):
        return path
    if "/" not in name and "\\" not in name and name not in {"", ".", ".."}:
        for folder in (_HERE / name, policies_folder() / name):
            if (folder / RULES).is_file() or (folder / VOCABULARY).is_file():
                return folder
    raise NoSuchPolicyError(name, known_policies())


def load_policy(name: str) -> LoadedPolicy:
    """Read a policy and everything it stands on; raises FindingsError with what is wrong in any of the files.

    ``common`` and parents are siblings of its folder, else the installed ones. A path to a rule file of another name
    is read in place of the folder's ``rules.policy``.
    """
    folder = find_policy(name)
    findings: list[Finding] = []
    chain = _chain(folder, findings, Path(name).name if Path(name).is_file() else RULES)
    raw = [text for link in chain for text in link]
    if has_errors(findings):
        raise FindingsError(findings)
    names = names_of(*[document for document, *_ in raw])
    texts = tuple(_text(respell(document, "zh", names), digest, where) for document, digest, where in raw)
    return LoadedPolicy(folder.resolve().name, folder, texts)


def folder_documents(folder: Path) -> tuple[Document, ...]:
    """Every text a folder's files stand on, as written: for names, whatever the spelling of each."""
    findings: list[Finding] = []
    chain = _chain(folder, findings)
    if has_errors(findings):
        raise FindingsError(findings)
    return tuple(document for link in chain for document, *_ in link)


_Raw = tuple[Document, str, Path]


def _chain(folder: Path, findings: list[Finding], rules: str = RULES) -> list[list[_Raw]]:
    """The files of each ancestor, outermost first, the vocabulary before all; ``rules`` is the policy's own file."""
    links: list[list[_Raw]] = []
    seen: list[Path] = []
    here: Path | None = folder
    while here is not None:
        own_file = here / (RULES if seen else rules)
        if rules == VOCABULARY or ((here / VOCABULARY).is_file() and not own_file.is_file()):
            read = _read(here / VOCABULARY, findings)
            return [[read]] if read else []
        seen.append(here.resolve())
        own = _read(own_file, findings)
        if own is None:
            break
        amended = _amendments(here, own[0], findings) if own_file.name == RULES else []
        links.insert(0, [own, *amended])
        here = _parent(own[0], here, seen, findings)
    common = _sibling(folder, "common") / VOCABULARY
    vocabulary = _read(common, findings) if common.is_file() else None
    return [[vocabulary], *links] if vocabulary else links


def _read(path: Path, findings: list[Finding]) -> _Raw | None:
    try:
        refuse_outside(path, _shown(path))
        source = read_source(path, _shown(path))
        return parse(source), "sha256:" + hashlib.sha256(source.text.encode()).hexdigest(), path.parent
    except FindingsError as error:
        findings.extend(error.findings)
        return None
    except OSError:
        findings.append(Finding("D004", Place(_shown(path))))
        return None


def _shown(path: Path) -> str:
    """A path as findings show it: the folder and the file, the same on every machine."""
    return f"{path.parent.resolve().name}/{path.name}"


def _amendments(folder: Path, own: Document, findings: list[Finding]) -> list[_Raw]:
    found = []
    for path in sorted(folder.glob("*.policy")):
        if path.name in {RULES, VOCABULARY}:
            continue
        read = _read(path, findings)
        if read is None:
            continue
        header = read[0].header
        if header.sort != "amendment" or header.name.text != own.header.name.text:
            findings.append(Finding("C601", header.span, {"file": path.name, "scheme": own.header.name.text}))
            continue
        found.append(read)
    found.sort(key=lambda raw: _effective(raw[0])[0] or date.min)
    _judge_amendments([raw[0] for raw in found], findings)
    return found


def _judge_amendments(documents: list[Document], findings: list[Finding]) -> None:
    """Amendments follow one another without a gap or an overlap; one without an end goes on beside the next."""
    for document in documents:
        start, end = _effective(document)
        if start is None:
            findings.append(Finding("C602", document.header.span, {}))
        elif end is not None and end < start:
            findings.append(Finding("C151", document.header.span, {}))
    for earlier, later in itertools.pairwise(documents):
        (start, end), (following, _) = _effective(earlier), _effective(later)
        if start is None or following is None:
            continue
        if following == start or (end is not None and following <= end):
            findings.append(Finding("C603", later.header.span, {"day": following.isoformat()}))
        elif end is not None and (following - end).days > 1:
            gap = date.fromordinal(end.toordinal() + 1)
            findings.append(Finding("C604", later.header.span, {"day": gap.isoformat()}))


def _parent(document: Document, folder: Path, seen: list[Path], findings: list[Finding]) -> Path | None:
    lines = [line for line in document.header.lines if isinstance(line, Inherits)]
    for extra in lines[1:]:
        findings.append(Finding("C605", extra.span, {}))
    if not lines:
        return None
    parent = _sibling(folder, lines[0].name.text)
    if not (parent / RULES).is_file():
        name = lines[0].name.text
        known = {path.parent.name for path in folder.parent.glob(f"*/{RULES}")} - {folder.name} | set(known_policies())
        findings.append(Finding("C606", lines[0].span, {"name": name, **nearest(name, known)}))
        return None
    if parent.resolve() in seen:
        findings.append(Finding("C607", lines[0].span, {"name": lines[0].name.text}))
        return None
    if len(seen) >= LONGEST_CHAIN:
        findings.append(Finding("C608", lines[0].span, {"limit": LONGEST_CHAIN}))
        return None
    return parent


def _sibling(folder: Path, name: str) -> Path:
    """A folder beside the policy's, else the installed one; a name with a path in it is never followed."""
    if not name.replace("_", "").replace("-", "").isalnum():
        return folder / "\0"
    beside = folder.resolve().parent / name
    if beside.resolve().parent != beside.parent:
        # A link to somewhere else is no neighbour.
        return policies_folder() / name
    if (beside / RULES).is_file() or (beside / VOCABULARY).is_file():
        return beside
    return policies_folder() / name


def _text(document: Document, digest: str, folder: Path) -> LoadedText:
    start, end = _effective(document)
    header = document.header
    layer = header.name.text if header.sort != "amendment" else f"{header.name.text} {header.title.text}"
    return LoadedText(document, layer, digest, start, end, folder)


def _effective(document: Document) -> tuple[date | None, date | None]:
    for line in document.header.lines:
        if isinstance(line, Effective):
            return day_of(line.period.start.text, last=False), (
                day_of(line.period.end.text, last=True) if line.period.end else None
            )
    return None, None


def _covers(text: LoadedText, day: date) -> bool:
    return (text.start is None or text.start <= day) and (text.end is None or day <= text.end)
