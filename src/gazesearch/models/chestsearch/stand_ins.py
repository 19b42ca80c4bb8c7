"""What weights in a pickle may name, as plain data: arrays of numpy, tensors of torch."""

from __future__ import annotations

import math
import re
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any, Final, NoReturn

import numpy as np
from numpy.typing import NDArray

from gazesearch.models.chestsearch.pickles import Name, Named, StandIn

_MAX_AXES: Final = 8
_MAX_COUNT: Final = 2**40


def whole_numbers(values: Any) -> tuple[int, ...]:
    """A shape or strides, if they are small enough to reckon with.

    Raises:
        ValueError: no tuple of at most 8 whole numbers from 0 to 2**40.
    """
    if not isinstance(values, tuple) or len(values) > _MAX_AXES:
        raise ValueError("a shape that is no short tuple")
    if not all(type(value) is int and 0 <= value <= _MAX_COUNT for value in values):
        raise ValueError("a shape with what is no size")
    return values


# -- numpy


class Dtype(StandIn):
    """A numpy dtype of plain numbers."""

    def __init__(self, code: Any = None, *_: Any) -> None:
        self.code = code
        self.order: Any = "<"

    def set_state(self, state: Any) -> None:
        """Version, byte order, and what only dtypes with fields have."""
        self.order = state[1]

    def numpy(self) -> np.dtype[Any]:
        """The real one.

        Raises:
            ValueError: not of plain little-endian numbers.
        """
        code = self.code.decode("ascii") if isinstance(self.code, bytes) else self.code
        order = self.order.decode("ascii") if isinstance(self.order, bytes) else self.order
        if not isinstance(code, str) or not isinstance(order, str):
            raise ValueError("a dtype that is no text")
        if not re.fullmatch(r"[fiu][1248]|b1", code) or order not in ("<", "|", "="):
            raise ValueError(f"numbers of type {order[:9]!r} {code[:9]!r}")
        return np.dtype(code)


class Array(StandIn):
    """An array as it stands in the file."""

    def __init__(self, *_: Any) -> None:
        self.state: Any = ()

    def set_state(self, state: Any) -> None:
        """Version, shape, dtype, whether columns come first, numbers."""
        self.state = state

    def numpy(self) -> NDArray[Any]:
        """The numbers, if they are as many as the shape claims.

        Raises:
            ValueError, TypeError: they are not, or are no plain numbers.
        """
        _, shape, dtype, fortran, data = self.state
        shape = whole_numbers(shape)
        if not isinstance(dtype, Dtype) or not isinstance(data, bytes | bytearray | str):
            raise ValueError("an array of what are no numbers")
        kind = dtype.numpy()
        data = data.encode("latin-1") if isinstance(data, str) else data
        if math.prod(shape) * kind.itemsize != len(data):
            raise ValueError(f"an array of shape {shape} in {len(data):,} bytes")
        numbers: NDArray[Any] = np.frombuffer(data, kind).copy()
        by_column = fortran is True or fortran == "F"
        return numbers.reshape(shape, order="F" if by_column else "C")


def _from_buffer(data: Any, dtype: Any, shape: Any, order: Any) -> Array:
    array = Array()
    array.set_state((1, shape, dtype, order, data))
    return array


def _scalar(dtype: Any, data: Any) -> Array:
    return _from_buffer(data, dtype, (), "C")


def _ordered() -> OrderedDict[Any, Any]:
    return OrderedDict()


_CORE: Final[Named] = {
    "multiarray._reconstruct": Array,
    "multiarray.scalar": _scalar,
    "numeric._frombuffer": _from_buffer,
}
NUMPY: Final[Named] = {
    "numpy.ndarray": Array,
    "numpy.dtype": Dtype,
    "collections.OrderedDict": _ordered,
    **{f"numpy.{core}.{name}": _CORE[name] for core in ("core", "_core") for name in _CORE},
}

# -- torch

_ITEMSIZES: Final = {
    f"torch.{name}Storage": itemsize
    for itemsize, names in (
        (8, ("Double", "Long")),
        (4, ("Float", "Int")),
        (2, ("Half", "BFloat16", "Short")),
        (1, ("Char", "Byte", "Bool")),
    )
    for name in names
}


class Storage(StandIn):
    """A member of the archive that holds numbers."""

    def __init__(self, count: int) -> None:
        self.count = count


class Tensor(StandIn):
    """A view of a storage that stays within it."""


def _tensor(storage: Any, offset: Any, size: Any, stride: Any, *rest: Any) -> Tensor:
    size, stride, (start,) = (whole_numbers(v) for v in (size, stride, (offset,)))
    if not isinstance(storage, Storage) or len(size) != len(stride):
        raise ValueError("a tensor without a storage, or of two shapes")
    _check_flags(*rest)
    last = start + sum((n - 1) * step for n, step in zip(size, stride, strict=True))
    count = math.prod(size)
    if count and (last >= storage.count or count > storage.count):
        raise ValueError(f"a tensor of shape {size} in {storage.count:,} numbers")
    return Tensor()


def _parameter(tensor: Any, *rest: Any) -> Tensor:
    if not isinstance(tensor, Tensor):
        raise ValueError("a parameter that is no tensor")
    _check_flags(*rest)
    return tensor


def _check_flags(requires_grad: Any, hooks: Any) -> None:
    if not isinstance(requires_grad, bool) or not isinstance(hooks, dict) or hooks:
        raise ValueError("a tensor with hooks")


def _uncalled() -> NoReturn:
    raise ValueError("a call of a kind of storage")


TORCH: Final[Named] = {
    "torch._utils._rebuild_tensor_v2": _tensor,
    "torch._utils._rebuild_parameter": _parameter,
    "collections.OrderedDict": _ordered,
    **dict.fromkeys(_ITEMSIZES, _uncalled),
}


def refer(persistent_id: Any, sizes: Mapping[str, int]) -> Storage:
    """The storage that a persistent id of torch stands for.

    Args:
        persistent_id: "storage", its kind, key, device and how many numbers it has.
        sizes: bytes of each storage of the archive, by key.

    Raises:
        ValueError: it is none, or claims what the archive does not hold.
    """
    word, kind, key, device, count = persistent_id
    itemsize = _ITEMSIZES.get(kind.full) if isinstance(kind, Name) else None
    texts = all(isinstance(value, str) for value in (word, key, device))
    if itemsize is None or not texts or word != "storage":
        raise ValueError("a reference to what is no storage")
    (count,) = whole_numbers((count,))
    if sizes.get(key) != count * itemsize:
        raise ValueError(f"a storage of {count:,} numbers in {sizes.get(key, 0):,} bytes")
    return Storage(count)
