"""The LALR machine: stacks of states and values that take one word after another."""

from collections.abc import Callable, Sequence
from typing import Any

from grammar.build import Builder
from grammar.frozen import dataclass
from grammar.lexer import Token
from grammar.source import Span
from grammar.tables import END, Production, tables

Position = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Mark:
    """The machine's stacks at one moment."""

    states: list[int]
    values: list[Any]
    starts: list[Position]
    end: Position


class Machine:
    """Feeds words to the tables and what they make up to the builder."""

    def __init__(self, builder: Builder) -> None:
        self._tables = tables()
        self._source = builder.source
        self._methods: list[tuple[Production, Callable[..., Any]]] = [
            (p, getattr(builder, p.method, _no_method)) for p in self._tables.productions
        ]
        self._units: dict[tuple[int, int, str], int] = {}
        self._states = [self._tables.start]
        self._values: list[Any] = []
        self._starts: list[Position] = []
        self.end: Position = (1, 1)  # where the last word ends

    def mark(self) -> Mark:
        """The present moment, to come back to."""
        return Mark(self._states[:], self._values[:], self._starts[:], self.end)

    def back_to(self, mark: Mark) -> None:
        """Return to a moment; lists that grew meanwhile keep what they got, so the tree is not to be used any more."""
        self._states, self._values, self._starts = mark.states[:], mark.values[:], mark.starts[:]
        self.end = mark.end

    @property
    def depth(self) -> int:
        """How many states are stacked."""
        return len(self._states)

    @property
    def admitted(self) -> dict[str, int]:
        """The terminals that the present state has an action for: all that can follow, and at times a few more."""
        return self._tables.actions[self._states[-1]]

    def admits(self, *terminals: str) -> bool:
        """Whether these terminals can follow one after another."""
        return admits(self._states, terminals)

    def feed(self, token: Token) -> bool:
        """Take a word; False where it cannot follow, and then the stacks are as they were found or half reduced."""
        states, units = self._states, self._units
        actions, methods = self._tables.actions, self._methods
        terminal = token.terminal
        while True:
            action = actions[states[-1]].get(terminal)
            if action is None:
                return False
            if action >= 0:
                states.append(action)
                self._values.append(token)
                self._starts.append((token.line, token.column))
                self.end = (token.line, token.end_column)
                return True
            production, method = methods[-action - 1]
            if production.unit:
                known = (states[-2], states[-1], terminal)
                if known not in units:
                    units[known] = self._after_units(*known)
                states[-1] = units[known]
                continue
            self._reduce(production, method)
            if terminal == END and states[-1] == self._tables.end:
                return True

    def result(self) -> Any:
        """What the whole text became."""
        return self._values[0]

    def _after_units(self, below: int, state: int, terminal: str) -> int:
        """The state after all the productions that hand their only child on: a name is a term, a sum, a condition."""
        while (action := self._tables.actions[state].get(terminal)) is not None and action < 0:
            production = self._methods[-action - 1][0]
            if not production.unit:
                break
            state = self._tables.gotos[below][production.origin]
        return state

    def _reduce(self, production: Production, method: Callable[..., Any]) -> None:
        states, values, starts = self._states, self._values, self._starts
        first = len(values) - production.size
        children = values[first:]
        value: Any
        if not production.is_list:
            kept = children if production.whole else _kept(production, children)
            value = method(Span(self._source, *starts[first], *self.end), *kept)
        elif production.plan[0] == (0, True):
            value = children[0]
            value.extend(children[part[0]] for part in production.plan[1:] if part)
        else:
            value = _kept(production, children)
        del states[first + 1 :], values[first:], starts[first + 1 :]
        states.append(self._tables.gotos[states[-1]][production.origin])
        values.append(value)


def admits(states: Sequence[int], terminals: Sequence[str]) -> bool:
    """Whether terminals can follow one after another on a stack of states, without touching it."""
    known = tables()
    stack = list(states)
    for terminal in terminals:
        while True:
            action = known.actions[stack[-1]].get(terminal)
            if action is None:
                return False
            if action >= 0:
                stack.append(action)
                break
            production = known.productions[-action - 1]
            del stack[len(stack) - production.size :]
            stack.append(known.gotos[stack[-1]][production.origin])
            if terminal == END and stack[-1] == known.end:
                break
    return True


def _kept(production: Production, children: list[Any]) -> list[Any]:
    """The children a method gets."""
    kept: list[Any] = []
    for part in production.plan:
        if part is None:
            kept.append(None)
        elif part[1]:
            kept.extend(children[part[0]])
        else:
            kept.append(children[part[0]])
    return kept


def _no_method(*_: object) -> None:
    raise NotImplementedError
