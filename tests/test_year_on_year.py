"""One year held against another: what moved is put down to data and to rules, and the steps add up to the fen."""

import json
import random
import subprocess
import sys
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from engine.api import open_policy
from engine.load.read import read_data
from engine.load.yaml_data import read_yaml
from engine.trial.years import NoSuchYearError, YearOnYear, year_on_year

ROOT = Path(__file__).resolve().parent.parent
XIANCE = str(Path(sys.executable).with_name("xiance"))


def told_of(name: str, one: int, two: int, text: str | None = None) -> YearOnYear:
    """Two years of a policy, on its sample or on data written out."""
    raw = (
        read_data(ROOT / "policies" / name / "sample.yaml", "sample.yaml")
        if text is None
        else read_yaml(text, "data.yaml")
    )
    return year_on_year(open_policy(name), raw, one, two, "zh")


def assert_adds_up(told: YearOnYear) -> int:
    """Every amount known in both years moved by the sum of its steps; how many moved."""
    moved = 0
    for key, (before, after) in told.figures.items():
        if not after.kind.is_money or "open" in {before.value.state, after.value.state}:
            continue
        one, two = before.value.now, after.value.now
        if not isinstance(one, int | Fraction) or not isinstance(two, int | Fraction):
            continue
        steps = [step.shares[key].in_turn for step in told.steps if key in step.shares]
        assert sum(map(Fraction, steps)) == Fraction(two) - one, (key, steps)
        moved += one != two
    return moved


def steps_of(told: YearOnYear, unit: str, figure: str) -> list[tuple[str, int | Fraction]]:
    """The steps of a unit's figure by name, those that move it."""
    found: list[tuple[str, int | Fraction]] = []
    for step in told.steps:
        for key, share in step.shares.items():
            if unit in key and key[-1] == figure and share.in_turn:
                names = [name or kind for kind, name in step.data] or [n for c in step.changes for n in c.names]
                found.append(("、".join(names), share.in_turn))
    return found


@pytest.mark.parametrize(("name", "one", "two"), [("qingshan", 2026, 2027), ("yunxian", 2024, 2025)])
def test_the_steps_of_every_figure_add_up_on_the_samples(name: str, one: int, two: int) -> None:
    assert assert_adds_up(told_of(name, one, two)) > 5
    assert assert_adds_up(told_of(name, two, one)) > 5


def test_what_data_and_what_a_dated_rate_make_of_a_figure_are_told_apart() -> None:
    told = told_of("qingshan", 2026, 2027)
    # 2033120.08 overspent halves to 1016560.04; 2884417.55 at four tenths is 1153767.02, at a half 1442208.78.
    assert steps_of(told, "示例中医院医共体", "基金分担") == [
        ("年度总额预算", -101656004),
        ("年度清算总额", 116020878),
        ("本年异地占比", 27200000),
        ("参保人医疗总费用", 1000000),
        ("超支分担比例", -28844176),
    ]


def test_what_the_year_before_brings_is_a_step_of_its_own() -> None:
    told = told_of("qingshan", 2026, 2027)
    assert steps_of(told, "示例人民医院医共体", "异地扣减") == [("", -109600000)]
    assert (told.steps[0].data, told.steps[0].changes) == ((), ())


def _yunxian(draw: random.Random) -> str:
    """Two years of a county whose units come and go."""
    lines = ["方案: yunxian", "险种: 居民", "医共体:"]
    for year in (2024, 2025):
        spent = draw.choice([0, 1, draw.randrange(10**11), 20_000_000_000])
        lines.append(
            f"  - {{名称: 云县紧密型医共体, 年度: {year}, 年度指标: 200000000, 年度清算总额: {spent / 100:.2f}}}"
        )
    lines.append("非紧密型医共体成员单位:")
    for year in (2024, 2025):
        for number in draw.sample(range(3), draw.randrange(1, 4)):
            spent = draw.randrange(0, 2_000_000_000)
            lines.append(
                f"  - {{名称: 机构{number}, 年度: {year}, 年度指标: 10000000, 年度清算总额: {spent / 100:.2f}}}"
            )
    return "\n".join(lines)


def test_the_steps_add_up_whatever_the_data_and_whoever_comes_and_goes() -> None:
    draw = random.Random("year on year")  # noqa: S311 - a test's own draw
    assert sum(assert_adds_up(told_of("yunxian", 2024, 2025, _yunxian(draw))) for _ in range(25)) > 100


def test_a_year_the_data_does_not_have_is_refused_with_those_it_has() -> None:
    with pytest.raises(NoSuchYearError) as caught:
        told_of("yunxian", 2023, 2024)
    assert caught.value.years == (2024, 2025)


def run(*words: str) -> subprocess.CompletedProcess[str]:
    """The command as a user types it."""
    return subprocess.run([XIANCE, "diff", *words], capture_output=True, text=True, cwd=ROOT, check=False)


def test_the_command_tells_it_in_both_languages_and_as_json() -> None:
    words = ("qingshan", "--years", "2026..2027", "--data", "policies/qingshan/sample.yaml")
    assert "规则 超支分担比例〔三(二)〕：少 288,441.76 元" in run(*words).stdout
    english = run(*words, "--lang", "en").stdout
    assert "rule overspend share rate [三(二)]: 288,441.76 yuan less" in english
    told: dict[str, Any] = json.loads(run(*words, "--format", "json").stdout)
    for figure in told["figures"]:
        assert sum(Fraction(step["difference"]) for step in figure["steps"]) == Fraction(figure["difference"])


@pytest.mark.parametrize(
    "words",
    [
        ("qingshan", "--years", "2026"),
        ("qingshan", "--years", "2026..2026", "--data", "policies/qingshan/sample.yaml"),
        ("qingshan", "--years", "2026..2027"),
        ("qingshan", "gaotai", "--years", "2026..2027", "--data", "policies/qingshan/sample.yaml"),
        ("qingshan", "--years", "2026..2040", "--data", "policies/qingshan/sample.yaml"),
    ],
)
def test_wrong_usage_is_told_and_ends_with_two(words: tuple[str, ...]) -> None:
    done = run(*words)
    assert (done.returncode, done.stdout) == (2, "")
    assert "years" in done.stderr or "年" in done.stderr
