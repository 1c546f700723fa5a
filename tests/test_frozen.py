"""Quickly made dataclasses are what the standard ones are."""

import copy
import dataclasses
import pickle
from collections.abc import Callable
from dataclasses import field
from typing import Any

import pytest

from grammar import frozen


def classes(dataclass: Callable[..., Any]) -> tuple[type[Any], type[Any], type[Any]]:
    """The same classes, made by the standard decorator or by ours."""

    @dataclass(frozen=True, slots=True)
    class Pair:
        """Two values, one of them left out of comparisons."""

        left: int
        right: int = 2
        note: str = field(default="", compare=False, repr=False)

    @dataclass(frozen=True, slots=True)
    class Bag:
        """A default that is made anew each time, and a value given by name only."""

        items: list[int] = field(default_factory=list)
        name: str = field(kw_only=True)

    @dataclass(frozen=True, slots=True)
    class Nothing:
        """No field at all."""

    return Pair, Bag, Nothing


OURS, STANDARD = classes(frozen.dataclass), classes(dataclasses.dataclass)
Made = tuple[type[Any], type[Any], type[Any]]


@pytest.mark.parametrize(
    "tell",
    [
        lambda pair, _, __: repr(pair(1)),
        lambda pair, _, __: repr(pair(1, right=3, note="x")),
        lambda pair, _, __: (pair(1) == pair(1, 2, "other"), pair(1) == pair(2), pair(1) == 1),
        lambda pair, _, __: len({pair(1), pair(1, 2, "other"), pair(2)}),
        lambda pair, _, __: dataclasses.astuple(dataclasses.replace(pair(1), right=5)),
        lambda pair, _, __: dataclasses.asdict(pair(1)),
        lambda pair, _, __: pair.__match_args__,
        lambda pair, _, __: dataclasses.astuple(copy.deepcopy(pair(1, 2, "x"))),
        lambda pair, _, __: hasattr(pair(1), "__dict__"),
        lambda pair, _, __: [f.name for f in dataclasses.fields(pair)],
        lambda _, bag, __: repr(bag(name="a")),
        lambda _, bag, __: bag(name="a").items is bag(name="a").items,
        lambda _, bag, __: bag([1], name="a").items,
        lambda _, __, nothing: (nothing() == nothing(), len({nothing(), nothing()})),
    ],
)
def test_they_tell_the_same(tell: Callable[..., object]) -> None:
    assert tell(*OURS) == tell(*STANDARD)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda pair, _: pair(),
        lambda pair, _: pair(1, 2, "", 4),
        lambda pair, _: pair(1, left=1),
        lambda pair, _: pair(1, other=1),
        lambda _, bag: bag(),
        lambda _, bag: bag([], "a"),
        lambda pair, _: setattr(pair(1), "left", 2),
        lambda pair, _: delattr(pair(1), "left"),
    ],
)
def test_they_refuse_the_same(wrong: Callable[..., object]) -> None:
    kinds = []
    for pair, bag, _ in (OURS, STANDARD):
        with pytest.raises((TypeError, AttributeError)) as refused:
            wrong(pair, bag)
        kinds.append(isinstance(refused.value, AttributeError))
    assert kinds[0] == kinds[1]


@frozen.dataclass(frozen=True, slots=True)
class Kept:
    """A class that pickle finds by its name."""

    left: int
    right: str


def test_they_survive_being_kept_and_taken_out_again() -> None:
    assert pickle.loads(pickle.dumps(Kept(1, "x"))) == Kept(1, "x")  # noqa: S301 - our own


def test_other_dataclasses_are_made_by_the_standard_decorator() -> None:
    @frozen.dataclass(slots=True)
    class Counter:
        """A class whose values change."""

        count: int = 0

    counter = Counter()
    counter.count += 1
    assert counter == Counter(1)
