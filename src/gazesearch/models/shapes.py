"""Shapes in signatures: `Float[Tensor, "b t d"]`; checked where tests run, comments elsewhere."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:  # type checkers see the plain tensor, also where jaxtyping is not installed
    from typing import Annotated as Bool
    from typing import Annotated as Float
    from typing import Annotated as Int
else:
    from jaxtyping import Bool, Float, Int

__all__ = ["Bool", "Float", "Int"]
