"""What is kept of a model's logits: the best candidates, log-sum-exps, cross-entropies of the next tokens. NumPy arrays, or torch tensors on any device."""

from __future__ import annotations

from typing import Any, NamedTuple, Optional, Tuple

from ._numpy import numpy as np

_CHUNK_BYTES = 16 << 20


class CandidateRows(NamedTuple):
    """What is kept of the logits of a document's positions.

    ``ids`` [length, k] int32 and ``logits`` [length, k] (float32, or float64 where the input is), best first, equal ones by id ascending;
    ``log_sum_exp`` [length] float64; ``own`` [length - 1] the next tokens' logits.
    """

    ids: np.ndarray
    logits: np.ndarray
    log_sum_exp: np.ndarray
    own: np.ndarray


def candidates_of(logits: Any, input_ids: np.ndarray, k: int, tokens: int, chosen: Optional[np.ndarray] = None) -> CandidateRows:
    """Keeps the k best of the ids below ``tokens``; what a padded vocabulary has above takes no part, in log-sum-exps neither (SPEC A5).

    ``chosen`` are the ids that have a token, ascending, where some below ``tokens`` have none and take no part either.

    ``logits`` is [length, at least tokens], of any floating type. The rows are taken in chunks of about 16 MB; a tensor's chunks stay on its device, and only
    the k columns come over. ValueError with a phrase where a row holds NaN or +Infinity, or nothing but -Infinity.
    """
    if len(logits.shape) != 2 or logits.shape[0] != len(input_ids):
        raise ValueError(f"logits of shape {tuple(logits.shape)} are no rows for {len(input_ids)} tokens")
    if logits.shape[1] < tokens:
        raise ValueError(f"logits are {logits.shape[1]} wide and the tokenizer has {tokens} tokens; give the tokenizer that the model was made with")
    take = _of_tensor if hasattr(logits, "detach") else _of_array
    step = max(1, _CHUNK_BYTES // (4 * tokens))
    next_ids = np.append(input_ids[1:], 0 if chosen is None else chosen[0]).astype(np.int64)
    if chosen is not None:
        next_ids = np.searchsorted(chosen, next_ids)
    columns = slice(tokens) if chosen is None else chosen
    parts = [take(logits[at:at + step][:, columns], next_ids[at:at + step], k, at) for at in range(0, len(input_ids), step)]
    ids, values, sums, own = (np.concatenate([p[i] for p in parts]) for i in range(4))
    if chosen is not None:
        ids = chosen[ids]
    order = np.lexsort((ids, -values), axis=-1)
    return CandidateRows(np.take_along_axis(ids, order, 1).astype(np.int32), np.take_along_axis(values, order, 1), sums, own[:-1])


Part = Tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]
"""Ids, logits, log-sum-exps and next tokens' logits of some rows."""


def _bad_row(sums: np.ndarray) -> int:
    """The first row whose log-sum-exp is no number, or -1."""
    return -1 if np.isfinite(sums).all() else int(np.flatnonzero(~np.isfinite(sums))[0])


def _refusal(row: np.ndarray, number: int) -> ValueError:
    bad = np.flatnonzero(np.isnan(row) | (row == np.inf))
    what = f"the logit of id {bad[0]} is {'NaN' if np.isnan(row[bad[0]]) else '+Infinity'}" if len(bad) else "every logit is -Infinity"
    return ValueError(f"row {number}: {what}; compute in float32 if it was a narrower type, else the checkpoint is damaged")


def _of_array(logits: np.ndarray, next_ids: np.ndarray, k: int, first: int) -> Part:
    rows = np.asarray(logits)
    rows = rows if rows.dtype == np.float64 else rows.astype(np.float32)
    largest = rows.max(axis=1, keepdims=True)
    with np.errstate(invalid="ignore"):
        sums = largest[:, 0].astype(np.float64) + np.log(np.exp(rows - largest).sum(axis=1, dtype=np.float64))
    if (bad := _bad_row(sums)) >= 0:
        raise _refusal(rows[bad], first + bad)
    width = rows.shape[1]
    least = np.partition(rows, width - k, axis=1)[:, width - k, None]  # the k-th best; of several that equal it, the smallest ids are kept
    above, equal = rows > least, rows == least
    kept = above | (equal & (np.cumsum(equal, axis=1) <= k - above.sum(axis=1, keepdims=True)))
    ids = np.nonzero(kept)[1].reshape(len(rows), k)
    return ids, np.take_along_axis(rows, ids, 1), sums, np.take_along_axis(rows, next_ids[:, None], 1)[:, 0]


def _of_tensor(logits: Any, next_ids: np.ndarray, k: int, first: int) -> Part:
    import torch

    with torch.no_grad():
        rows = logits.detach()
        rows = rows if rows.dtype == torch.float64 else rows.to(torch.float32)
        wide = min(k + 1, rows.shape[1])
        values, ids = rows.topk(wide, dim=1)
        own = rows.gather(1, torch.from_numpy(next_ids).to(rows.device)[:, None])[:, 0]
        largest = values[:, :1]
        sums = largest[:, 0].double() + (rows - largest).exp_().sum(1, dtype=torch.float64).log()
        found = sums.cpu().numpy()
        if (bad := _bad_row(found)) >= 0:
            raise _refusal(rows[bad].cpu().numpy(), first + bad)
        if wide > k:
            _settle_ties(torch, rows, ids, values, k)
        return ids[:, :k].cpu().numpy(), values[:, :k].cpu().numpy(), found, own.cpu().numpy()


def _settle_ties(torch: Any, rows: Any, ids: Any, values: Any, k: int) -> None:
    """Where the k-th value stands outside the k as well, the smallest ids that have it are taken."""
    tied = torch.nonzero(values[:, k] == values[:, k - 1])[:, 0]
    if len(tied) == 0:
        return
    some, least = rows[tied], values[tied, k - 1:k]
    above, equal = some > least, some == least
    kept = above | (equal & (equal.cumsum(1) <= k - above.sum(1, keepdim=True)))
    ids[tied, :k] = kept.nonzero()[:, 1].reshape(len(tied), k)
    values[tied, :k] = some[kept].reshape(len(tied), k)
