"""Rows given twice in long tables: the same are told as among single rows, however they are written and however many there are."""

from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest
from test_claims import COLUMNS, RULES, Table, both, folder_of, random_claims, written
from test_claims import by_groups as by_groups  # noqa: PLC0414 - a fixture, used by its name

from engine.api import Policy, open_policy
from engine.load import repeated

ROW = ["\u00c91", "甲医共体", "2026", "居民", "12.30", "统筹基金", "住院", "1", "2026-03-05", "3"]


@pytest.fixture(scope="module")
def policy(tmp_path_factory: pytest.TempPathFactory) -> Policy:
    folder = tmp_path_factory.mktemp("policies") / "sample"
    folder.mkdir()
    (folder / "rules.policy").write_text(RULES, encoding="utf-8")
    return open_policy(folder)


def changed(**cells: str) -> list[str]:
    return [cells.get(name, text) for name, text in zip(COLUMNS, ROW, strict=True)]


SAME = {
    "as it is": {},
    "another way to write the day": {"出院日期": "2026年3月5日"},
    "a serial day": {"出院日期": "46086"},
    "another way to write the year": {"年度": "2026年"},
    "the insurance by its id": {"险种": "resident"},
    "the option by its id": {"类别": "inpatient"},
    "the amount with a zero more": {"统筹基金支付": "012.300"},
    "the amount with its unit": {"统筹基金支付": "12.3元"},
    "the amount in ten thousands": {"统筹基金支付": "0.00123万元"},
    "the amount in full width": {"统筹基金支付": "１２．３"},
    "the count with its unit": {"就诊人数": "1人"},
    "the number in two characters": {"编号": "E\u03011"},
}
OTHER = {
    "a refund": {"统筹基金支付": "-12.30"},
    "a part of another payer": {"支付方": "大病保险"},
    "no payer": {"支付方": ""},
    "another day": {"出院日期": "2026-03-06"},
    "no day": {"出院日期": ""},
    "another year": {"年度": "2025"},
    "another insurance": {"险种": "职工"},
    "another unit": {"单位": "乙医共体"},
    "another amount in ten thousands": {"统筹基金支付": "0.00124万元"},
    "no count": {"就诊人数": ""},
    "no number of its own": {"编号": ""},
}


@pytest.mark.parametrize(("cells", "told"), [(c, True) for c in SAME.values()] + [(c, False) for c in OTHER.values()],
                         ids=[*SAME, *OTHER])  # fmt: skip
def test_a_row_that_says_the_same_is_told_however_it_is_written(
    policy: Policy, tmp_path: Path, by_groups: Callable[[bool], None], cells: dict[str, str], told: bool
) -> None:
    table = [ROW, *(changed(编号=f"J{number}") for number in range(20)), changed(**cells)]
    one_by_one, grouped = both(policy, folder_of(tmp_path / "data", written(table).encode()), by_groups)
    assert grouped == one_by_one
    assert isinstance(grouped, list) is told
    if isinstance(grouped, list):
        assert [(code, where.row) for code, where, _ in grouped] == [("D220", 23)]


def twice(rows: int) -> Table:
    """Claims of which the second half is the first again, its amounts written another way; each number has a refund besides."""
    first = [changed(编号=f"J{number}", 统筹基金支付=f"{number}.50") for number in range(rows)]
    refunds = [changed(编号=f"J{number}", 统筹基金支付=f"-{number}.50") for number in range(rows)]
    return [*first, *refunds, *(changed(编号=f"J{number}", 统筹基金支付=f"{number}.5") for number in range(rows))]


@pytest.mark.parametrize("slice_", [90, 2000, 1 << 40])
def test_of_many_rows_given_twice_the_first_are_told_and_the_rest_counted(
    policy: Policy, tmp_path: Path, by_groups: Callable[[bool], None], monkeypatch: pytest.MonkeyPatch, slice_: int
) -> None:
    monkeypatch.setattr(repeated, "SLICE", slice_)
    one_by_one, grouped = both(policy, folder_of(tmp_path / "data", written(twice(3100)).encode()), by_groups)
    assert isinstance(grouped, list)
    assert grouped == one_by_one
    assert [values for code, _, values in grouped if code == "D043"] == [(("count", "2100"),)]


@pytest.mark.parametrize("read", [3, 100])
def test_rows_whose_ways_of_writing_are_too_many_are_still_held_to_what_they_say(
    policy: Policy, tmp_path: Path, by_groups: Callable[[bool], None], monkeypatch: pytest.MonkeyPatch, read: int
) -> None:
    monkeypatch.setattr(repeated, "WAYS_AT_MOST", 2)
    monkeypatch.setattr(repeated, "READ", read)
    table = [[*row[:4], f"{float(row[4]):,.2f}元", *row[5:]] for row in twice(300)]
    one_by_one, grouped = both(policy, folder_of(tmp_path / "data", written(table).encode()), by_groups)
    assert isinstance(grouped, list)
    assert grouped == one_by_one
    assert len(grouped) == 300


def test_two_numbers_of_one_digest_are_not_taken_for_one(
    policy: Policy, tmp_path: Path, by_groups: Callable[[bool], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = folder_of(tmp_path / "data", written(random_claims(Random(4), 60)).encode())  # noqa: S311 - the same
    told = repeated.Repeated._any_alike
    seen: list[bool] = []

    def any_alike(self: repeated.Repeated, _: str, where: str) -> bool:
        seen.append(told(self, "n, 1::UBIGINT AS h", where))
        return seen[-1]

    monkeypatch.setattr(repeated.Repeated, "_any_alike", any_alike)
    one_by_one, grouped = both(policy, folder, by_groups)
    assert seen == [True, True]
    assert grouped == one_by_one
    assert isinstance(grouped, dict)
