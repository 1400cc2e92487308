"""A `pta serve` as a child process: how it is found, started, talked to and ended."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import signal
import subprocess
import threading
from collections import deque
from pathlib import Path
from typing import Any, Callable, Deque, Dict, Iterable, List, Optional, Sequence, Union

from ._arrow import ArrowStream, ArrowWriter, RecordBatch
from ._serve_messages import REQUESTS, VERSION, VERSION_KEY
from .errors import DataError, PtaError

VARIABLE = "PTAKERNELS_PTA"

Program = Union[None, str, "os.PathLike[str]", Sequence[str]]

_USAGE = 2  # exit status of a command line that pta does not understand
_LINES = 20  # of standard error that are kept
_PATIENCE = 10.0  # seconds for a child to end once its pipes are closed
_PIPE_BYTES, _SET_PIPE_SIZE = 1 << 20, 1031  # fcntl has the name from 3.10 on
_PIECE = 1 << 20


class DeviceError(PtaError):
    """`pta serve` was not found, is too old, could not start, or ended; what it said on standard error is in the message."""


def command_of(program: Program) -> List[str]:
    """How pta is called: the argument, else PTAKERNELS_PTA, else the pta on PATH, else a checkout's scripts/pta.

    An argument is a program, the folder of an unpacked GPU bundle, or a list of a program and its first arguments. Raises DeviceError.
    """
    if program is not None and not isinstance(program, (str, os.PathLike)):
        return list(program)
    named = os.fspath(program) if program is not None else os.environ.get(VARIABLE)
    if named:
        found = _at(named)
        if found is None:
            raise DeviceError(f"{'pta' if program is not None else VARIABLE} is {named}, which is neither a program nor an unpacked GPU bundle; name pta itself.")
        return found
    on_path = shutil.which("pta")
    if on_path:
        return [on_path]
    script = Path(__file__).resolve().parent.joinpath("..", "..", "..", "scripts", "pta").resolve()
    if os.access(script, os.X_OK):
        return [str(script)]
    raise DeviceError(f"The program pta was not found: no argument names it, {VARIABLE} is not set, PATH has none, and there is no {script}; install it, or name it.")


def _at(named: str) -> Optional[List[str]]:
    place = Path(named).absolute()
    host, assembly = place / "dotnet" / "dotnet", place / "pta" / "pta.dll"
    if host.is_file() and assembly.is_file():
        return [str(host), str(assembly)]
    if os.sep in named:
        return [str(place)] if place.is_file() and os.access(place, os.X_OK) else None
    on_path = shutil.which(named)
    return None if on_path is None else [on_path]


def _environment(command: Sequence[str]) -> Dict[str, str]:
    environment = dict(os.environ)
    environment.setdefault("DOTNET_GCgen0size", "0x8000000")  # documents' arrays die young, as scripts/pta says
    if os.path.isabs(command[0]) and os.path.basename(command[0]) == "dotnet":  # a bundle's own
        environment["DOTNET_ROOT"] = os.path.dirname(command[0])
    return environment


class _Pieces:
    """The reading end of a pipe; a read makes room for what a pipe can hold, not for all that is awaited."""

    def __init__(self, pipe: Any) -> None:
        self._pipe = pipe

    def read(self, size: int) -> bytes:
        return self._pipe.read(min(size, _PIECE))


class ServeProcess:
    """A child that answers requests, one exchange at a time; callers keep others away.

    Its pipes have no buffers of their own, so that a child of fork can drop them without a lock that another thread held.
    """

    def __init__(self, command: Sequence[str]) -> None:
        """Starts it and waits until it is ready. Raises DeviceError that says why it is not."""
        self._command = list(command)
        try:
            self._process = subprocess.Popen(
                self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, bufsize=0, start_new_session=True,
                env=_environment(command),
            )
        except OSError as error:
            raise DeviceError(f"{command[0]} cannot be started: {error.strerror}.") from error
        self._lines: Deque[str] = deque(maxlen=_LINES)
        self._listener = threading.Thread(target=self._listen, name="pta serve, standard error", daemon=True)
        self._listener.start()
        try:
            for pipe in (self._process.stdin, self._process.stdout):
                with contextlib.suppress(OSError):
                    fcntl.fcntl(pipe.fileno(), _SET_PIPE_SIZE, _PIPE_BYTES)
            self._greet()
        except (OSError, DataError) as error:
            reason = self._failure()
            self.drop()
            raise reason from error
        except BaseException:
            self.kill()
            raise

    def _greet(self) -> None:
        self._writer = ArrowWriter(self._process.stdin, REQUESTS)
        self._answers = ArrowStream(_Pieces(self._process.stdout), "pta serve")  # type: ignore[arg-type]
        self.about: Dict[str, str] = dict(self._answers.schema.metadata)
        version = self.about.pop(VERSION_KEY, "0")
        if version != VERSION:
            self.kill()
            raise DeviceError(f"{self.name} speaks version {version} of the protocol and this package version {VERSION}; use the pta of the same release.")

    @property
    def name(self) -> str:
        """How messages call it."""
        return " ".join(self._command[: self._command.index("serve") + 1])

    def exchange(self, requests: Iterable[Any], count: int, receive: Callable[[RecordBatch], None]) -> None:
        """Sends record batches of requests, count of them, and hands each one's answer to receive.

        A thread of its own sends, so that neither side waits for the other to read. Whatever is raised, the child is ended first: it may be in the middle of
        a message. Raises DeviceError where it ended by itself.
        """
        failure: List[BaseException] = []

        def send() -> None:
            try:
                for columns in requests:
                    self._writer.write(columns)
            except BaseException as error:  # raised again by the thread that waits for answers
                failure.append(error)
                if not isinstance(error, OSError):
                    self._process.kill()

        sender = threading.Thread(target=send, name="pta serve, requests", daemon=True)
        sender.start()
        try:
            for _ in range(count):
                batch = self._answers.read()
                if batch is None:
                    raise DataError("its answers ended")
                receive(batch)
        except (OSError, DataError) as error:
            reason = self._failure()
            sender.join()  # before its pipe is closed
            self.drop()
            raise next((f for f in failure if not isinstance(f, OSError)), reason) from error
        except BaseException:
            self._end()
            sender.join()
            self.drop()
            raise
        sender.join()

    def close(self) -> None:
        """Lets it end by itself, and sees that it does."""
        with contextlib.suppress(OSError):
            self._process.stdin.close()
        try:
            self._process.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            pass
        self.kill()

    def kill(self) -> None:
        """Ends it now."""
        self._end()
        self.drop()

    def drop(self) -> None:
        """Closes this process's ends of the pipes and leaves the child alone, as a child of fork must."""
        for pipe in (self._process.stdin, self._process.stdout, self._process.stderr):
            with contextlib.suppress(OSError):
                pipe.close()

    def disown(self) -> None:
        """After a fork, in the new process: the child is its parent's."""
        self.drop()
        self._process.returncode = 0  # nothing to wait for here

    def _end(self) -> None:
        self._process.kill()  # does nothing where it has ended
        self._process.wait()
        self._listener.join(_PATIENCE)

    def _listen(self) -> None:
        rest = b""
        with contextlib.suppress(OSError, ValueError):
            while True:
                piece = self._process.stderr.read(1 << 16)
                if not piece:
                    break
                *lines, rest = (rest + piece).split(b"\n")
                self._lines.extend(line.decode("utf-8", "replace") for line in lines)
        if rest:
            self._lines.append(rest.decode("utf-8", "replace"))

    def _failure(self) -> DeviceError:
        """Why there is no answer; afterwards the child has ended."""
        try:
            status: Optional[int] = self._process.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            status = None
        self._end()
        lines = [line for line in self._lines if line.strip()]
        if status == _USAGE and any("'serve'" in line for line in lines):
            return DeviceError(f"{self._command[0]} has no verb serve: it is older than this package; use the pta of the same release.")
        own = [line[len("pta: ") :] for line in lines if line.startswith("pta: ")]
        said = own[-1:] or lines
        return DeviceError(f"{self.name} {_how(status)}" + (": " + "\n".join(said) if said else ", and said nothing on standard error."))


def _how(status: Optional[int]) -> str:
    if status is None:
        return "gave an answer that is none"
    if status >= 0:
        return f"ended with status {status}"
    with contextlib.suppress(ValueError):
        return f"was ended by {signal.Signals(-status).name}"
    return f"was ended by signal {-status}"
