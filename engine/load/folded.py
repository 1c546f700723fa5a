"""A text with everything folded away that two copies of one document may differ in without saying different things.

What is folded, in this order: the composed form of characters, and the radicals that PDF files put for characters;
full-width letters, digits and signs to narrow ones; Chinese stops and commas, quotation marks, dashes, tildes, dots and
square brackets each to one form; then white space, line ends and the marks of Markdown (``#``, ``*``, a backslash, a
back quote, ``>`` at the head of a line) are taken out. Digits, ①, 、 and 《》 stay as they are.
"""

import hashlib
import re
from unicodedata import normalize


def folded(text: str) -> str:
    """The text as it is compared: ``"５％ ， **含**"`` and ``"5%,含"`` are the same."""
    return _DROPPED.sub("", plain_radicals(normalize("NFC", text)).translate(_NARROW))


def digest_of(text: str) -> str:
    """The digest of a text as folded."""
    return "sha256:" + hashlib.sha256(folded(text).encode("utf-8", "surrogatepass")).hexdigest()


def plain_radicals(text: str) -> str:
    """The text with the signs for radicals, which look like characters and are none, as the characters."""
    return _RADICAL.sub(lambda sign: normalize("NFKC", sign[0]), text)


_RADICAL = re.compile("[\u2e80-\u2fd5]")
_DROPPED = re.compile(r"(?m)^[ \t]*>|[\s#*\\`\ufeff\u200b-\u200f\u00ad\u2060]")
_NARROW = {
    **{code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)},
    **str.maketrans("。．｡，；：！？", "...,;:!?"),
    **str.maketrans("“”„‟＂「」『』‘’‚‛＇", '"' * 9 + "'" * 5),
    **str.maketrans("－—–―−‐‑‒─", "-" * 9),
    **str.maketrans("～〜∼", "~" * 3),
    **str.maketrans("•・‧∙", "·" * 4),
    **str.maketrans("〔【［〕】］", "[[[]]]"),
}
