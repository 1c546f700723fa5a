"""``dataclass`` for the nouns, which are all frozen and slotted: the same classes, made in a tenth of the time.

The standard one writes and compiles six functions for each class, and every start of the command makes some two hundred
classes. Here only ``__init__`` is compiled, when the first instance is made; the rest is shared.
"""

import dataclasses
from collections.abc import Callable
from operator import attrgetter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dataclasses import dataclass as dataclass  # noqa: PLC0414 - handed on
else:

    def dataclass(**options: bool) -> Callable[[type[Any]], type[Any]]:
        """What ``dataclasses.dataclass`` makes of a class; quickly where it is frozen and slotted and no more."""
        return _frozen if options == {"frozen": True, "slots": True} else dataclasses.dataclass(**options)


def _frozen(cls: type[Any]) -> type[Any]:
    made: type[Any] = dataclasses.dataclass(init=False, repr=False, eq=False, slots=True)(cls)
    fields = dataclasses.fields(made)
    compared = _getter([f.name for f in fields if f.compare])

    def init(self: Any, *args: Any, **kwargs: Any) -> None:
        made.__init__ = _init(made, fields)
        made.__init__(self, *args, **kwargs)

    def same(self: Any, other: object) -> Any:
        return compared(self) == compared(other) if other.__class__ is self.__class__ else NotImplemented

    methods: dict[str, Callable[..., Any]] = {
        "__init__": init,
        "__eq__": same,
        "__hash__": lambda self: hash(compared(self)),
        "__repr__": _repr,
        "__setattr__": _refuse,
        "__delattr__": _refuse,
        "__getstate__": _state,
        "__setstate__": _restore,
    }
    for name, method in methods.items():
        if name not in cls.__dict__:
            setattr(made, name, method)
    return made


def _getter(names: list[str]) -> Callable[[Any], Any]:
    return attrgetter(*names) if names else lambda _: ()


def _init(cls: type, fields: tuple["dataclasses.Field[Any]", ...]) -> Callable[..., None]:
    """The constructor, each field put straight into its slot: ``object.__setattr__`` takes twice as long."""
    known: dict[str, Any] = {"_absent": _ABSENT}
    positional: list[str] = []
    by_name: list[str] = []
    body: list[str] = []
    for f in fields:
        known[f"_put_{f.name}"] = cls.__dict__[f.name].__set__
        value, parameter = f.name, f.name
        if f.default is not dataclasses.MISSING:
            known[f"_default_{f.name}"] = f.default
            parameter = f"{f.name}=_default_{f.name}"
        elif f.default_factory is not dataclasses.MISSING:
            known[f"_make_{f.name}"] = f.default_factory
            parameter = f"{f.name}=_absent"
            value = f"_make_{f.name}() if {f.name} is _absent else {f.name}"
        (by_name if f.kw_only else positional).append(parameter)
        body.append(f" _put_{f.name}(self, {value})")
    parameters = [*positional, *(["*", *by_name] if by_name else [])]
    text = f"def __init__(self, {', '.join(parameters)}):\n" + "\n".join(body or [" pass"])
    exec(text, known)  # noqa: S102 - names of fields only, as the standard one does
    made: Callable[..., None] = known["__init__"]
    return made


_ABSENT = object()


def _repr(self: Any) -> str:
    told = ", ".join(f"{f.name}={getattr(self, f.name)!r}" for f in dataclasses.fields(self) if f.repr)
    return f"{type(self).__qualname__}({told})"


def _refuse(self: Any, name: str, *_: object) -> None:
    raise dataclasses.FrozenInstanceError(f"cannot change field {name!r} of {type(self).__qualname__}")


def _state(self: Any) -> list[Any]:
    return [getattr(self, f.name) for f in dataclasses.fields(self)]


def _restore(self: Any, state: list[Any]) -> None:
    for f, value in zip(dataclasses.fields(self), state, strict=True):
        object.__setattr__(self, f.name, value)
