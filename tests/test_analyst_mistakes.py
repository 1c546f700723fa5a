"""Mistakes of analysts are told at their line, and the first thing told names the right fix."""

from functools import cache

import pytest
from analyst_mistakes import CASE, Mistake, Told, mistakes, told_of

ALL = [mistake for mistake in mistakes() if mistake.category != "taken_as_meant"]
MEANT = [mistake for mistake in mistakes() if mistake.category == "taken_as_meant"]
CATEGORIES = sorted({mistake.category for mistake in ALL})
# Mistakes whose first hint does not name the fix, each with the reason; at most one in ten of a category.
MISSED = {"年度倒置": "the gap it leaves is told at the line before it, where the value that ends too early stands"}
_AT_LEAST, _OF_TEN = 300, 10


@cache
def _told(mistake: Mistake) -> tuple[tuple[Told, ...], int]:
    told, line = told_of(mistake)
    return tuple(told), line


@pytest.mark.parametrize("mistake", ALL, ids=lambda m: f"{m.category}: {m.says}")
def test_a_mistake_is_told_by_its_code_at_its_line(mistake: Mistake) -> None:
    told, line = _told(mistake)
    found = [each for each in told if each.code in mistake.codes]
    assert found, told
    # A worked case that no longer comes out stands in another file than the rule.
    assert mistake.says in MISSED or mistake.codes == (CASE,) or line in {each.line for each in found}, (line, found)


@pytest.mark.parametrize("mistake", ALL, ids=lambda m: f"{m.category}: {m.says}")
def test_the_first_thing_told_names_the_fix(mistake: Mistake) -> None:
    if mistake.says in MISSED:
        pytest.skip(MISSED[mistake.says])
    assert _names_the_fix(mistake), _told(mistake)


def _names_the_fix(mistake: Mistake) -> bool:
    told, line = _told(mistake)
    first = told[: None if mistake.codes == (CASE,) else 1]
    here = [each for each in first if each.code == CASE or each.line == line]
    return any(words in each.words for each in here for words in mistake.hint)


@pytest.mark.parametrize("category", CATEGORIES)
def test_nine_of_ten_first_hints_of_a_category_are_right(category: str) -> None:
    here = [mistake for mistake in ALL if mistake.category == category]
    missed = [mistake.says for mistake in here if mistake.says in MISSED]
    assert len(missed) * _OF_TEN <= len(here), missed


def test_there_are_many_mistakes_and_no_two_are_the_same() -> None:
    assert len(ALL) >= _AT_LEAST
    assert len({(m.file, m.old, m.new) for m in ALL}) == len(ALL)
    assert set(MISSED) <= {m.says for m in ALL}


@pytest.mark.parametrize("mistake", MEANT, ids=lambda m: m.says)
def test_what_people_are_used_to_write_is_taken_as_it_is_meant(mistake: Mistake) -> None:
    assert _told(mistake)[0] == ()
