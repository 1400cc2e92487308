"""A target's encoder in Python as the native side calls it."""

from __future__ import annotations

import contextlib
import ctypes
import operator
import threading
from typing import Any, Callable, Dict, Iterator, Optional

from . import _abi
from ._library import put_back, set_aside

__all__ = ["Encoder"]

_NOTHING, _FAILED = -1, -2


class Encoder:
    """Wraps a callable bytes -> id or None. No exception passes through native frames: it is kept and raised by the call that they serve."""

    def __init__(self, function: Callable[[bytes], Optional[int]], count: int) -> None:
        self.function = function
        self._count = count
        self._failures: Dict[int, BaseException] = {}
        self._calls = 0
        self._lock = threading.Lock()
        self.callback = _abi.FirstToken(self._first_token)

    def _first_token(self, _user: Any, text: int, length: int) -> int:
        busy = set_aside()
        try:
            token = self.function(ctypes.string_at(text, length))
            if token is None:
                return _NOTHING
            token = operator.index(token)
            if not 0 <= token < self._count:
                raise ValueError(f"encoder answered {token}; expected None or an id below {self._count}.")
            return token
        except BaseException as error:  # KeyboardInterrupt too
            self._failures[threading.get_ident()] = error
            return _FAILED
        finally:
            put_back(busy)

    @contextlib.contextmanager
    def serving(self) -> Iterator[None]:
        """Around a call that may ask the encoder: raises what it raised, on this thread first, else on a thread that the call started."""
        with self._lock:
            self._calls += 1
        try:
            yield
        except ValueError:
            failure = self._take()
            if failure is None:
                raise
            raise failure from None
        finally:
            with self._lock:
                self._calls -= 1
                if self._calls == 0:
                    self._failures.clear()

    def _take(self) -> Optional[BaseException]:
        with self._lock:
            own = self._failures.pop(threading.get_ident(), None)
            if own is None and self._failures:
                own = self._failures.popitem()[1]
            return own
