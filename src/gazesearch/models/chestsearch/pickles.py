"""Pickles of weights, gone through as data; nothing that stands in them is run.

A small machine knows the instructions that `torch.save` and pickled numpy arrays consist of, and
builds nothing but containers, numbers, texts and stand-ins for what the pickle names. Python's own
reader would run what it is told, fill 64 GB for a memory slot of a high number, and take for ever
to hash a tuple of the same tuples of the same tuples: here only texts and whole numbers are keys,
what is claimed but not there is never allocated, and instructions are counted.
"""

from __future__ import annotations

import pickletools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from io import BytesIO
from mmap import mmap
from typing import Any, Final, NoReturn, cast

from gazesearch.errors import DataError, first_line

MAX_INSTRUCTIONS: Final = 2**18
"""Far more than the published checkpoint and its optimiser need, about 50,000."""


class StandIn:
    """For what a pickle builds by name; takes its state as plain data."""

    def set_state(self, state: Any) -> None:
        """What the pickle says of it after it was made."""
        raise ValueError(f"{type(self).__name__} with a state")


@dataclass(frozen=True, kw_only=True, eq=False)
class Name:
    """A name that a pickle looked up; not yet called."""

    full: str
    make: Callable[..., Any]


Named = Mapping[str, Callable[..., Any]]
"""What a pickle may name, `module.name`, and what makes the stand-in from its arguments."""


def refuse(name: str, file: object) -> NoReturn:
    """Say what a file tried to import."""
    raise DataError(
        f"{file}: wants to import {name[:200]!r}, which no weights need: refused, nothing was run"
    )


def interpret(
    source: mmap | BytesIO,
    file: object,
    *,
    named: Named,
    refer: Callable[[Any], Any] | None = None,
    by_stack: bool = True,
) -> Any:
    """What a pickle describes.

    Args:
        source: the pickle; a read that asks for more than there is allocates no more than that.
        file: its name, for errors.
        named: what it may name.
        refer: makes what a persistent id stands for; None where there are none.
        by_stack: whether names may be put together on the stack.

    Raises:
        DataError: cut off, broken, with an instruction or a name that no weights need, or with too
            many instructions.
    """
    machine = _Machine(file, named, refer, by_stack=by_stack)
    try:
        for count, (opcode, argument, _) in enumerate(pickletools.genops(cast(Any, source))):
            if opcode.name == "STOP":
                return machine.pop()
            if count == MAX_INSTRUCTIONS:
                raise ValueError(f"over {MAX_INSTRUCTIONS:,} instructions")
            machine.do(opcode.name, argument)
        raise ValueError("no end")
    except DataError:
        raise
    except Exception as error:  # a pickle can be broken in any way
        raise DataError(f"{file}: is cut off or broken: {first_line(error)}") from error


_PUSHED: Final = frozenset(
    {
        *("BININT", "BININT1", "BININT2", "LONG1", "BINFLOAT"),
        *("BINUNICODE", "SHORT_BINUNICODE", "BINUNICODE8", "BINSTRING", "SHORT_BINSTRING"),
        *("BINBYTES", "SHORT_BINBYTES", "BINBYTES8", "BYTEARRAY8"),
    }
)
"""Instructions that push their own argument."""

_CONSTANTS: Final = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False, "EMPTY_TUPLE": ()}
_TUPLES: Final = {"TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}
_IGNORED: Final = frozenset(("PROTO", "FRAME"))


class _Machine:
    """The stack and the memory of a pickle that is read."""

    def __init__(
        self, file: object, named: Named, refer: Callable[[Any], Any] | None, *, by_stack: bool
    ) -> None:
        self.file, self.named, self.refer, self.by_stack = file, named, refer, by_stack
        self.stack: list[Any] = []
        self.marks: list[int] = []
        self.memory: dict[int, Any] = {}

    def do(self, instruction: str, argument: Any) -> None:
        """One instruction."""
        push = self.stack.append
        if instruction in _PUSHED:
            push(argument)
        elif instruction in _CONSTANTS:
            push(_CONSTANTS[instruction])
        elif instruction in ("BINPUT", "LONG_BINPUT"):
            self.memory[argument] = self.stack[-1]
        elif instruction == "MEMOIZE":
            self.memory[len(self.memory)] = self.stack[-1]
        elif instruction in ("BINGET", "LONG_BINGET"):
            push(self.memory[argument])
        elif instruction == "MARK":
            self.marks.append(len(self.stack))
        elif instruction in _TUPLES:
            push(tuple(self.taken(len(self.stack) - _TUPLES[instruction])))
        elif instruction == "TUPLE":
            push(tuple(self.since_mark()))
        elif instruction == "EMPTY_LIST":
            push([])
        elif instruction == "EMPTY_DICT":
            push({})
        elif instruction in ("APPEND", "APPENDS"):
            items = [self.pop()] if instruction == "APPEND" else self.since_mark()
            self.top(list).extend(items)
        elif instruction in ("SETITEM", "SETITEMS"):
            items = self.taken(-2) if instruction == "SETITEM" else self.since_mark()
            self.set_items(items)
        elif instruction in ("GLOBAL", "STACK_GLOBAL"):
            push(self.looked_up(argument))
        elif instruction == "REDUCE":
            arguments, name = self.pop(), self.pop()
            if not isinstance(arguments, tuple) or not isinstance(name, Name):
                raise ValueError("a call of what is no name")
            push(name.make(*arguments))
        elif instruction == "BUILD":
            state, made = self.pop(), self.stack[-1]
            if isinstance(made, StandIn):
                made.set_state(state)
            elif not isinstance(made, dict):  # attributes of an OrderedDict are of no use here
                raise ValueError(f"{type(made).__name__} with a state")
        elif instruction == "BINPERSID" and self.refer is not None:
            push(self.refer(self.pop()))
        elif instruction not in _IGNORED:
            raise DataError(f"{self.file}: does {instruction}, which no weights need: refused")

    def looked_up(self, argument: Any) -> Name:
        """What a name stands for."""
        if argument is None:
            if not self.by_stack:
                raise DataError(
                    f"{self.file}: imports by STACK_GLOBAL, as torch.save does not by default: "
                    "refused"
                )
            name, module = self.pop(), self.pop()
            if not isinstance(name, str) or not isinstance(module, str):
                raise ValueError("a name that is no text")
            full = f"{module}.{name}"
        else:
            full = str(argument).replace(" ", ".")
        if full not in self.named:
            refuse(full, self.file)
        return Name(full=full, make=self.named[full])

    def pop(self) -> Any:
        """The topmost value; none below the last mark is touched."""
        (value,) = self.taken(-1)
        return value

    def taken(self, start: int) -> list[Any]:
        """The values from an index on, off the stack."""
        start = start if start >= 0 else len(self.stack) + start
        if start < (self.marks[-1] if self.marks else 0):
            raise ValueError("the stack is empty")
        values = self.stack[start:]
        del self.stack[start:]
        return values

    def since_mark(self) -> list[Any]:
        """The values since the last mark, off the stack."""
        mark = self.marks[-1]
        values = self.taken(mark)
        self.marks.pop()
        return values

    def top(self, kind: type) -> Any:
        """The topmost value, left there."""
        if not isinstance(self.stack[-1], kind):
            raise ValueError(f"{type(self.stack[-1]).__name__} where {kind.__name__} must be")
        return self.stack[-1]

    def set_items(self, items: list[Any]) -> None:
        """Keys and values for the topmost dictionary."""
        if len(items) % 2 or not all(isinstance(key, str | int) for key in items[::2]):
            raise ValueError("a key that is no text or whole number")
        self.top(dict).update(zip(items[::2], items[1::2], strict=True))
