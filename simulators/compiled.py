"""The door to numba: the one way in which loops over trips and seconds are compiled."""

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba

_Function = TypeVar("_Function", bound=Callable[..., Any])
# NaN is our "not read": the fast-math flags that assume there are none stay off.
_FAST: Any = {"reassoc", "contract", "arcp", "nsz"}


def compiled(function: _Function) -> _Function:
    """Compile a function on its first call, and keep the result beside the file for the next process."""
    made = numba.njit(cache=True, nogil=True, fastmath=_FAST, error_model="numpy")(function)
    return cast("_Function", made)
