"""Progress of long work on standard error: one line that changes on a terminal, a line every few seconds elsewhere."""

from __future__ import annotations

import sys
import time
from typing import Any, Optional, TextIO

__all__ = ["Progress"]

_SECONDS_ON_TERMINAL, _SECONDS_ELSEWHERE = 0.2, 5.0


class Progress:
    """How much of a known total is done, at which rate, and how long the rest takes at that rate."""

    def __init__(self, title: str, unit: str, total: int, stream: Optional[TextIO] = None) -> None:
        self._title, self._unit, self._total = title, unit, total
        self._stream = sys.stderr if stream is None else stream
        self._terminal = self._stream.isatty()
        self._start = self._last = time.monotonic()
        self._shown = False
        self.done = 0

    @property
    def seconds(self) -> float:
        """Since it began."""
        return time.monotonic() - self._start

    def add(self, more: int, part: str = "") -> None:
        """More units are done, in a part of the work that is named."""
        self.done += more
        now = time.monotonic()
        if now - self._last < (_SECONDS_ON_TERMINAL if self._terminal else _SECONDS_ELSEWHERE) or self.done == 0:
            return
        self._last = now
        rate = self.done / max(1e-9, now - self._start)
        left = (self._total - self.done) / rate
        line = f"{self._title}: {self.done} of {self._total} {self._unit}, {rate:.0f} {self._unit}/s, {left:.0f} s left" + (f", {part}" if part else "")
        print(f"\r\x1b[K{line}" if self._terminal else line, end="" if self._terminal else "\n", file=self._stream, flush=True)
        self._shown = True

    def __enter__(self) -> "Progress":
        return self

    def __exit__(self, *_: Any) -> None:
        if self._terminal and self._shown:
            print("\r\x1b[K", end="", file=self._stream, flush=True)
