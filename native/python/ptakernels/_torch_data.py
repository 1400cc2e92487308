"""Aligned stores as datasets of PyTorch, and batches as the fusion loss takes them."""

from __future__ import annotations

import os
from typing import Any, List, NamedTuple, Optional, Sequence, Tuple, Union

import torch
from torch import Tensor

from ._numpy import numpy as np
from ._store_reader import AlignedRows, AlignedStore


class FusionBatch(NamedTuple):
    """Sequences of one length, and what their positions are to learn; positions N = B * L of the flattened batch.

    ``input_ids`` [B, L]; ``next_ids`` [B, L], -1 where a position has no next token; ``segments`` [B, L], number of the document within the sequence, -1 for
    padding; ``positions`` [B, L], from 0 in each document; ``starts`` [N + 1], ``tokens`` and ``probs`` [starts[N]], ``missing`` [N] as in fusion_loss.
    """

    input_ids: Tensor
    next_ids: Tensor
    segments: Tensor
    positions: Tensor
    starts: Tensor
    tokens: Tensor
    probs: Tensor
    missing: Tensor

    @property
    def targets(self) -> Tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
        """The arguments of fusion_loss after the logits."""
        return self.next_ids, self.starts, self.tokens, self.probs, self.missing

    def counts(self) -> Tensor:
        """[2] float64: next tokens and taught positions, for adding up over micro-batches and ranks."""
        return torch.stack([(self.next_ids >= 0).sum(), (self.starts[1:] > self.starts[:-1]).sum()]).double()

    def attention(self) -> Tensor:
        """[B, 1, L, L] bool: whether a position sees another: itself and those before it in its own document. Padding sees itself."""
        length = self.segments.shape[1]
        same = self.segments[:, None, :, None] == self.segments[:, None, None, :]
        return same & torch.ones(length, length, dtype=torch.bool, device=same.device).tril()

    def to(self, device: Any) -> "FusionBatch":
        """The batch on another device."""
        return FusionBatch(*(tensor.to(device, non_blocking=True) for tensor in self))


class AlignedDataset(torch.utils.data.Dataset):
    """The documents of an aligned store, as AlignedRows; for a DataLoader with Collate, also with workers, each of which maps the shards for itself."""

    def __init__(self, store: Union[str, "os.PathLike[str]", AlignedStore], split: Optional[str] = None) -> None:
        """``store``: a path, or a store. ``split``: of a path, as in AlignedStore. DataError where it is no such store."""
        self.store = store if isinstance(store, AlignedStore) else AlignedStore(store, split)

    def __len__(self) -> int:
        return len(self.store)

    def __getitem__(self, index: int) -> AlignedRows:
        return self.store[index]


class _Part(NamedTuple):
    """Positions of a document."""

    rows: AlignedRows
    start: int
    end: int


class Collate:
    """Makes a FusionBatch of documents: a DataLoader's ``collate_fn``.

    With ``pack`` each document goes whole into the fullest sequence that has room for it, the oldest of equals, as in ``pta pack``; without, each has a
    sequence of its own. Only documents longer than a sequence are cut, every ``length`` tokens; a part's last position still learns the token that comes
    next in the document, and a document's last position has no next token. What a sequence has left is filled with ``pad_id``.
    """

    def __init__(self, length: int, pack: bool = True, pad_id: int = 0) -> None:
        """``length``: positions of a sequence, at least 1."""
        if length < 1:
            raise ValueError(f"length is {length}; it must be at least 1.")
        self.length, self.pack, self.pad_id = length, pack, pad_id

    def __call__(self, documents: Sequence[AlignedRows]) -> FusionBatch:
        """The batch of some documents, in order; the number of sequences depends on their lengths."""
        sequences: List[List[_Part]] = []
        filled: List[int] = []
        for rows in documents:
            for start in range(0, len(rows.input_ids), self.length):
                part = _Part(rows, start, min(start + self.length, len(rows.input_ids)))
                place = self._place(filled, part.end - part.start)
                if place == len(sequences):
                    sequences.append([])
                    filled.append(0)
                sequences[place].append(part)
                filled[place] += part.end - part.start
        return self._batch(sequences)

    def _place(self, filled: List[int], size: int) -> int:
        room = [i for i, used in enumerate(filled) if used + size <= self.length] if self.pack else []
        return max(room, key=lambda i: (filled[i], -i)) if room else len(filled)

    def _batch(self, sequences: List[List[_Part]]) -> FusionBatch:
        shape = (len(sequences), self.length)
        inputs, next_ids = np.full(shape, self.pad_id, np.int64), np.full(shape, -1, np.int64)
        segments, positions = np.full(shape, -1, np.int64), np.zeros(shape, np.int64)
        counts, missing = np.zeros(shape, np.int64), np.zeros(shape, np.float32)
        tokens, probs = [np.empty(0, np.int64)], [np.empty(0, np.float32)]
        for row, parts in enumerate(sequences):
            at = 0
            for number, (rows, start, end) in enumerate(parts):
                place = (row, slice(at, at + end - start))
                inputs[place], segments[place], positions[place] = rows.input_ids[start:end], number, np.arange(end - start)
                following = rows.input_ids[start + 1:end + 1]
                next_ids[row, at:at + len(following)] = following
                counts[place], missing[place] = np.diff(rows.starts[start:end + 1]), rows.missing[start:end]
                taught = slice(int(rows.starts[start]), int(rows.starts[end]))
                tokens.append(rows.tokens[taught].astype(np.int64))
                probs.append(rows.values[taught].astype(np.float32))
                at += end - start
        starts = np.concatenate([[0], np.cumsum(counts)])
        arrays = (inputs, next_ids, segments, positions, starts, np.concatenate(tokens), np.concatenate(probs), missing.reshape(-1))
        return FusionBatch(*map(torch.from_numpy, arrays))
