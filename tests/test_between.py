"""What moved between two versions is put down to single changes: the shares add up to the fen, whatever the data."""

import random
import shutil
from fractions import Fraction
from pathlib import Path

import pytest

from engine.api import Policy, open_policy
from engine.compare.mixed import keys_of
from engine.load.read import read_data
from engine.load.tables import RawData
from engine.trial.between import key_of
from engine.trial.coverage import own_documents
from engine.trial.moved import Move, Moves, moved_on
from engine.trial.mutants import mutants
from engine.trial.mutate import with_document
from engine.trial.versions import versions
from grammar.diagnostic import FindingsError

ROOT = Path(__file__).resolve().parent.parent
ALL = ("gaotai", "yunxian", "guangdong", "jilin", "qingshan")
_CAP = ("参数 留用上限比例 = 30% ", "参数 留用上限比例 = 2% ")
_NINE = ("(余下, 最高 留用上限) × 考核系数 ", "(余下, 最高 留用上限) × 90% × 考核系数 ")


def edited(folder: Path, name: str, *changes: tuple[str, str]) -> Policy:
    """A policy with parts of its rule file exchanged."""
    copy = folder / name
    shutil.copytree(ROOT / "policies" / name, copy)
    rules = copy / "rules.policy"
    text = rules.read_text(encoding="utf-8")
    for before, after in changes:
        assert text.count(before) == 1, (before, text.count(before))
        text = text.replace(before, after)
    rules.write_text(text, encoding="utf-8")
    return open_policy(str(copy))


def sample(name: str) -> RawData:
    """The sample that comes with a policy."""
    path = ROOT / "policies" / name / "sample.yaml"
    return read_data(path, path.name)


def moves_of(old: Policy, new: Policy, raw: RawData) -> Moves:
    """What moved, put down to the changes between the versions."""
    return moved_on(old, new, raw, "data", versions(old, new, "zh").changes)


def assert_adds_up(moves: Moves) -> int:
    """Every figure known on both sides moved by the sum of its shares; how many such figures there were."""
    assert moves.between is not None
    known = [move for move in moves.moves if move.difference is not None and "open" not in _states(move)]
    for move in known:
        shares = [share.in_turn for _, share in moves.between.of(key_of(move.result))]
        assert sum(map(Fraction, shares)) == move.difference, move.result.name
    return len(known)


def _states(move: Move) -> set[str]:
    return {side.value.state for side in (move.before, move.after) if side is not None}


def test_each_of_two_changes_gets_its_share_in_the_order_told_and_alone(tmp_path: Path) -> None:
    moves = moves_of(open_policy("gaotai"), edited(tmp_path, "gaotai", _CAP, _NINE), sample("gaotai"))
    assert assert_adds_up(moves) > 0
    move = next(m for m in moves.moves if m.result.name == "结余留用" and m.result.row.unit == "县人民医院医共体")
    assert moves.between is not None
    told = [
        (turn.changes[0].names, share.in_turn, share.alone) for turn, share in moves.between.of(key_of(move.result))
    ]
    # 1387319.50 kept: nine tenths of it are 1248587.55; the cap of 736000 then leaves 662400, by itself 736000.
    assert told == [
        (("结余留用",), -13873195, -13873195),
        (("留用上限比例",), -58618755, -65131950),
    ]


def test_new_figures_move_nothing_until_a_rule_reads_them(tmp_path: Path) -> None:
    added = (
        "    应得合计 = (年度清算总额, 最高 调整后预算) + 结余留用 + 基金分担 ",
        (
            "    甲折算 = 乙折算 × 50%  依据 三(三)5\n    乙折算 = 结余留用 × 50%  依据 三(三)5\n"
            "    应得合计 = (年度清算总额, 最高 调整后预算) + 甲折算 + 基金分担 "
        ),
    )
    new = edited(tmp_path, "gaotai", added)
    moves = moves_of(open_policy("gaotai"), new, sample("gaotai"))
    assert assert_adds_up(moves) > 0
    assert moves.between is not None
    told = [[name for change in turn.changes for name in change.names] for turn in moves.between.turns]
    assert told == [["应得合计"]]


@pytest.mark.parametrize("name", ALL)
def test_the_shares_of_many_changes_at_once_add_up_on_every_shipped_policy(name: str) -> None:
    old = open_policy(name)
    draw = random.Random(f"between {name}")  # noqa: S311 - a test's own draw
    tried = moved = 0
    for _ in range(12):
        new = old
        for _ in range(3):
            new = _changed(new, draw) or new
        changes = versions(old, new, "zh").changes
        if not any(map(keys_of, changes)):
            continue
        try:
            moves = moved_on(old, new, sample(name), "sample", changes)
        except FindingsError:
            # A change may make data wrong that were right.
            continue
        tried += 1
        moved += assert_adds_up(moves)
    assert tried
    assert moved


def _changed(policy: Policy, draw: random.Random) -> Policy | None:
    document = draw.choice(own_documents(policy))
    mutant = draw.choice(list(mutants(document, policy.scheme())))
    changed = with_document(policy, mutant.span.source.name, mutant)
    try:
        changed.findings()
    except FindingsError:
        return None
    return changed
