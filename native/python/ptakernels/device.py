"""Alignments on another backend, a GPU above all: the program pta does them as a child process, and gives the results that align_batch gives in this one.

Nothing here is needed for the CPU. `pta` is C#, optional and not part of this package: a checkout's scripts/pta, an unpacked GPU bundle, or a pta on PATH.

>>> from ptakernels.device import Device
>>> with Device("ilgpu-cuda") as device:
...     aligned = device.align_batch(pair, documents, "fusion")
"""

from __future__ import annotations

import os
import shutil
import tempfile
import threading
import weakref
from typing import Any, Dict, Iterable, Iterator, List, Mapping, Optional, Sequence, Tuple, Union

from ._arrays import take
from ._serve_messages import Request, columns_of, results_of, write_vocabulary
from ._serve_process import DeviceError, Program, ServeProcess, command_of
from .alignment import PairLike, TokenizedDocument, checked_options
from .errors import DataError
from .options import DEFAULT_PRESET, Options
from .report import AlignmentReport
from .rows import AlignedDocument
from .vocabulary import Vocabulary, VocabularyPair

__all__ = ["Device", "DeviceError"]

_MOST_DOCUMENTS, _MOST_BYTES = 512, 64 << 20
"""Of a request: enough to fill a device several times over, little enough to hold a few times in memory."""

_SWITCHES = (
    "pairing", "transfer", "fallback", "cost", "columns", "mass", "transport", "projection", "output", "sources", "fusion_function", "fill", "window", "fused_k",
    "epsilon", "tolerance", "max_iterations", "temperature", "byte_tail",
)
"""Options that pta has by the same names."""


class Device:
    """A backend of pta, used from this process: a context manager, or closed by close, at the latest when Python ends.

    backend: "auto" (a GPU where there is one), "ilgpu-cuda", "native", "reference" or "ilgpu-cpu". pta: the program, or the folder of an unpacked GPU bundle; by
    default the environment's PTAKERNELS_PTA, then the pta on PATH, then a checkout's scripts/pta. threads: documents aligned at a time on a CPU; 0 is one on
    each core. tokenizer: the target's tokenizer, a file or a folder as pta takes it, for options with projection byte: it cuts text into tokens exactly, where a
    pair's encoder in Python cannot be asked by another process. switches: further switches of `pta align` by name, for combinations that Options does not have,
    for instance {"transport": "unbalanced"}.

    A child is started for each pair and options when they are first used, and kept with its pair until close. Any number of threads may call align_batch; calls
    for the same pair and options wait for one another. A process made by fork leaves its parent's children alone and starts its own.
    """

    def __init__(
        self, backend: str = "auto", pta: Program = None, *, threads: int = 0, tokenizer: Union[None, str, "os.PathLike[str]"] = None,
        switches: Optional[Mapping[str, Any]] = None,
    ) -> None:
        """Looks for pta and starts nothing yet. Raises DeviceError where it is not found."""
        if not isinstance(threads, int) or isinstance(threads, bool) or threads < 0:
            raise ValueError(f"threads is {threads!r}; expected a number of threads, or 0 for one on each core.")
        self._command = command_of(pta)
        self._backend = backend
        self._threads = threads
        self._tokenizer = None if tokenizer is None else os.fspath(tokenizer)
        self._switches = {name.replace("_", "-"): _text(value) for name, value in (switches or {}).items()}
        self._children = _Children()
        self._finalizer = weakref.finalize(self, _Children.close, self._children)

    def __enter__(self) -> "Device":
        return self

    def __exit__(self, kind: Any, error: Any, trace: Any) -> None:
        self.close()

    def close(self) -> None:
        """Ends the children, after the calls that use them. A call of align_batch starts new ones."""
        self._children.close()

    @property
    def running(self) -> List[Dict[str, str]]:
        """What the children that run say of themselves: program, backend, isa, and the fingerprints of both vocabularies."""
        return [dict(child.process.about) for child in self._children.all() if child.process is not None]

    def align_batch(
        self, pair: VocabularyPair, documents: Iterable[PairLike], options: Union[str, Options] = DEFAULT_PRESET, *, on_error: str = "raise",
        report: Optional[AlignmentReport] = None,
    ) -> List[Union[AlignedDocument, DataError]]:
        """Aligns documents as ptakernels.align_batch does; arguments and results are the same.

        Ties and seconds of documents that pta aligned in one call stand with the first of them. Raises DeviceError where pta is too old, has no such backend
        here, refuses a switch, or ended; the next call starts it again.
        """
        options = checked_options(pair, options, on_error)
        documents = list(documents)
        requests = [_request(d, document) for d, document in enumerate(documents)]
        results: List[Union[AlignedDocument, DataError]] = []
        if requests:
            self._ask(pair, options, list(_batches(requests)), results)
        if on_error == "raise":
            for result in results:
                if isinstance(result, DataError):
                    raise result
        if report is not None:
            report.count(documents, results)
        return results

    def _ask(self, pair: VocabularyPair, options: Options, batches: List[List[Request]], results: List[Any]) -> None:
        child = self._children.of(pair, options)
        with child.lock:
            if child.process is None:
                child.process = ServeProcess(self._arguments(pair, options))
            asked = iter(batches)
            try:
                child.process.exchange(map(columns_of, batches), len(batches), lambda batch: results.extend(results_of(batch, next(asked))))
            except BaseException:
                child.process = None
                raise

    def _arguments(self, pair: VocabularyPair, options: Options) -> List[str]:
        """The command line of a child."""
        switches = {name.replace("_", "-"): _text(getattr(options, name)) for name in _SWITCHES}
        switches.update(self._switches)
        if switches["projection"] == "byte" and pair.encoder is not None and self._tokenizer is None:
            raise ValueError("pair has an encoder in Python, which pta cannot ask; name the target's tokenizer file as Device(tokenizer=...), or use a pair without one.")
        source, target = self._children.vocabulary(pair.source, pair._map), self._children.vocabulary(pair.target, None)
        arguments = ["serve", "--preset", options.form, "--backend", self._backend, "--workers", str(self._threads), "--source-vocab", source, "--target-vocab", target]
        if self._tokenizer is not None:
            arguments += ["--target-tokenizer", self._tokenizer]
        arguments += ["--signal", _text(options.measure_signal)]
        return self._command + arguments + [part for name, value in switches.items() for part in ("--" + name, value)]


class _Child:
    """The child of a pair and options; its lock is held while it starts, answers and ends."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.process: Optional[ServeProcess] = None


class _Children:
    """A device's children and the vocabulary files that they read, apart from the device, so that they can be ended when it is gone."""

    def __init__(self) -> None:
        self._forget()
        _all_children.add(self)

    def _forget(self) -> None:
        self._lock = threading.Lock()
        self._by_use: Dict[Tuple[VocabularyPair, Options], _Child] = {}
        self._files: Dict[Tuple[int, int], Tuple[str, Any]] = {}
        self._folder: Optional[str] = None

    def of(self, pair: VocabularyPair, options: Options) -> _Child:
        with self._lock:
            return self._by_use.setdefault((pair, options), _Child())

    def all(self) -> List[_Child]:
        with self._lock:
            return list(self._by_use.values())

    def vocabulary(self, vocabulary: Vocabulary, official_map: Optional[Any]) -> str:
        """The file of a vocabulary, written at first."""
        key = (id(vocabulary), id(official_map))
        with self._lock:
            if key not in self._files:
                if self._folder is None:
                    self._folder = tempfile.mkdtemp(prefix="ptakernels-")
                path = os.path.join(self._folder, f"{len(self._files)}.arrow")
                with open(path, "wb") as file:
                    write_vocabulary(file, vocabulary, None if official_map is None else official_map.array())
                self._files[key] = (path, (vocabulary, official_map))  # kept, so that no other object gets their numbers
            return self._files[key][0]

    def close(self) -> None:
        with self._lock:
            children, folder = list(self._by_use.values()), self._folder
            self._by_use, self._files, self._folder = {}, {}, None
        for child in children:
            with child.lock:
                process, child.process = child.process, None
                if process is not None:
                    process.close()
        if folder is not None:
            shutil.rmtree(folder, ignore_errors=True)

    def disown(self) -> None:
        """After a fork, in the new process: locks may be held by threads that are not there, and children and files are the parent's."""
        for child in self._by_use.values():
            if child.process is not None:
                child.process.disown()
        self._forget()


_all_children: "weakref.WeakSet[_Children]" = weakref.WeakSet()


def _disown_all() -> None:
    for children in list(_all_children):
        children.disown()


os.register_at_fork(after_in_child=_disown_all)


def _request(d: int, document: PairLike) -> Request:
    source, target, *rest = document
    if not isinstance(source, TokenizedDocument) or not isinstance(target, TokenizedDocument):
        raise TypeError(f"documents[{d}] is no pair of TokenizedDocuments; expected (source, target).")
    prior = rest[0] if rest else None
    if prior is None:
        return Request(d, source, target, None)
    if not isinstance(prior, AlignedDocument):
        raise TypeError(f"documents[{d}].prior is a {type(prior).__name__}; expected an AlignedDocument.")
    if len(prior) != target.length:
        raise ValueError(f"documents[{d}].prior has {len(prior)} rows for {target.length} target tokens; expected one each.")
    parts = (("starts", prior.starts, "i4"), ("tokens", prior.tokens, "i4"), ("values", prior.values, "f8"))
    return Request(d, source, target, tuple(take(f"prior.{name}", value, type, 1).array() for name, value, type in parts))


def _batches(requests: Sequence[Request]) -> Iterator[List[Request]]:
    """In order, each within the limits, or one document that alone is beyond them."""
    batch: List[Request] = []
    size = 0
    for request in requests:
        if batch and (len(batch) == _MOST_DOCUMENTS or size + request.bytes > _MOST_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(request)
        size += request.bytes
    yield batch


def _text(value: Any) -> str:
    """A switch's value on the command line."""
    return ("off", "on")[value] if isinstance(value, bool) else value if isinstance(value, str) else repr(value)
