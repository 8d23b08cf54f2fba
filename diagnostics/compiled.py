"""The door to numba: the one way in which loops over readings are compiled."""

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import numba

_Function = TypeVar("_Function", bound=Callable[..., Any])
# NaN is our "not read": the fast-math flags that assume there are none stay off.
_FAST: Any = {"reassoc", "contract", "arcp", "nsz"}


@cache
def _written() -> tuple[float, int]:
    """Give when the sources of this package were written last, and their size together."""
    found = [path.stat() for path in Path(__file__).parent.rglob("*.py")]
    return max(it.st_mtime for it in found), sum(it.st_size for it in found)


def compiled(function: _Function) -> _Function:
    """Compile a function on its first call, and keep the result beside the file for the next process."""
    made: Any = numba.njit(cache=True, nogil=True, fastmath=_FAST, error_model="numpy")(function)
    # By itself numba looks at the function's own file alone, and would keep the constants of another that changed.
    made._cache._cache_file._source_stamp = _written()  # noqa: SLF001 - numba has no other way
    result: _Function = made
    return result
