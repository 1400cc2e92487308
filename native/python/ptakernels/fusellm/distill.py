"""The official collator and losses (SPEC B 5, 6) in NumPy, sparse: for checking a training program's numbers against the official ones.

Row t is taught the distribution of row t and the token t + 1: the official losses do not shift the distributions (quirk 3.A).
"""

from __future__ import annotations

from typing import Any, Dict, List, Mapping, NamedTuple, Sequence, Tuple

from .._numpy import numpy as np

__all__ = ["DistillArguments", "DistillLoss", "SparseRows", "collate", "compute_loss", "fuse", "reward_of", "round_bfloat16"]

_IGNORED = -100
"""A label that no loss looks at."""


class _Model(NamedTuple):
    """One distribution: the argument that asks for it, what it is called when it is collated, and its columns."""

    flag: str
    collated: str
    indices: str
    logits: str
    metric: str


_BASE = _Model("distill_with_ref_model", "base_target_dist", "per_step_indices", "per_step_logits", "metric_ce")
_ALIGNED = tuple(
    _Model(
        f"distill_with_aligned_model_{k}", f"aligned_target_dist_{k}", f"per_step_aligned_indices_{k}", f"per_step_aligned_logits_{k}", f"metric_ce_aligned_{k}",
    )
    for k in (0, 1)
)


class SparseRows(NamedTuple):
    """Distributions over tokens: row t is entries starts[t] to starts[t + 1] of ids (int64) and masses (float32 that hold bfloat16 values)."""

    starts: Any
    ids: Any
    masses: Any

    def __len__(self) -> int:
        """Number of rows."""
        return len(self.starts) - 1

    def row(self, t: int) -> Tuple[Any, Any]:
        """Tokens and masses of a row."""
        return self.ids[self.starts[t] : self.starts[t + 1]], self.masses[self.starts[t] : self.starts[t + 1]]

    def owners(self) -> Any:
        """The row of each entry."""
        return np.repeat(np.arange(len(self)), np.diff(self.starts))


class DistillArguments(NamedTuple):
    """The official training arguments that the collator and the loss look at, with their defaults."""

    distill_with_ref_model: bool = True
    distill_with_aligned_model_0: bool = True
    distill_with_aligned_model_1: bool = True
    distill_loss_type: str = "ce"
    distill_teacher_temperature: float = 1.0
    lm_loss_weight: float = 1.0
    distill_greater_as_gt: bool = False
    distill_greater_as_gt_type: str = "hard"
    distill_weighted_as_gt: bool = False
    distill_weighted_as_gt_type: str = "hard"


class DistillLoss(NamedTuple):
    """The loss that is minimised; the mean over labels of the next token's; the mean over tokens of the distributions', 0 where none is used."""

    loss: float
    clm_loss: float
    distill_loss: float


def round_bfloat16(values: Any) -> Any:
    """float32 values at the nearest bfloat16, ties to even."""
    bits = np.asarray(values, np.float32).view(np.uint32)
    rounded = ((bits + 0x7FFF + ((bits >> 16) & 1)) & 0xFFFF0000).astype(np.uint32).view(np.float32)
    return np.where(np.isnan(values), np.float32("nan"), rounded)


def reward_of(cross_entropy: float) -> float:
    """exp(-cross entropy) as the official code rounds it on the way: the entropy, its exponential and the inverse of that in bfloat16."""
    return float(round_bfloat16(np.float32(1) / round_bfloat16(np.exp(round_bfloat16(np.float32(cross_entropy))))))


def collate(features: Sequence[Mapping[str, Any]], arguments: DistillArguments, max_length: int, pad_id: int) -> Dict[str, List[SparseRows]]:
    """The collated distributions of a batch by their official names, a SparseRows of max_length rows per sample; base_target_dist is always made.

    features: per sample the official columns. Rows without tokens of an aligned model (its bad cases) are the base's; rows beyond a sample put everything
    on pad_id.
    """
    models = [_BASE, *(m for m in _ALIGNED if getattr(arguments, m.flag) and m.logits in features[0])]
    collated: Dict[str, List[SparseRows]] = {model.collated: [] for model in models}
    for feature in features:
        base = list(zip(feature[_BASE.indices], feature[_BASE.logits]))[:max_length]
        for model in models:
            rows = [own if len(own[0]) else of_base for own, of_base in zip(zip(feature[model.indices], feature[model.logits]), base)]
            own = _softmax_rows(rows, arguments.distill_teacher_temperature)
            collated[model.collated].append(_padded(own, max_length - len(base), pad_id))
    return collated


def fuse(distributions: Sequence[SparseRows], cross_entropies: Sequence[float], with_base: bool, weighted: bool) -> Tuple[SparseRows, float]:
    """What one sample is taught, and its reward: that of the best model and the largest reward, or the mean weighted by rewards and their mean.

    Of equal rewards the first wins; without the base among the models the last one does, because the official comparison is strict there.
    """
    rewards = [reward_of(metric) for metric in cross_entropies]
    if not weighted:
        best = max(range(len(rewards)), key=lambda m: (rewards[m], -m if with_base else m))
        return distributions[best], max(rewards)
    weights = _softmax_rows([(range(len(rewards)), rewards)], 1.0).masses
    span = 1 + max((int(d.ids.max()) for d in distributions if len(d.ids)), default=0)
    keys = [d.owners() * span + d.ids for d in distributions]
    every = np.unique(np.concatenate(keys))
    sums = np.zeros(len(every), np.float32)
    for weight, distribution, own in zip(weights, distributions, keys):
        at = np.searchsorted(every, own)
        sums[at] = round_bfloat16(sums[at] + round_bfloat16(weight * distribution.masses))
    starts = np.searchsorted(every, np.arange(len(distributions[0]) + 1) * span)
    return SparseRows(starts, every % span, sums), sum(rewards) / len(rewards)


def compute_loss(
    features: Sequence[Mapping[str, Any]], student_logits: Sequence[Any], arguments: DistillArguments, global_step: int = 0, max_steps: int = 1,
) -> DistillLoss:
    """The official loss of a batch, sums in float64.

    student_logits: per sample [at least its length, vocabulary]; what lies beyond the sample is padding and not read. Averages are the official ones: the
    next token's over all labels of the batch, the distributions' over all its tokens.
    """
    distils = arguments.distill_greater_as_gt or arguments.distill_weighted_as_gt
    with_base = arguments.distill_with_ref_model
    next_token = taught = reward = 0.0
    labelled = rows = 0
    for feature, logits in zip(features, student_logits):
        length = len(feature["input_ids"])
        log_probabilities = _log_softmax(np.asarray(logits[:length], np.float64))
        labels = np.asarray(feature.get("labels", feature["input_ids"])[1:length], np.int64)
        counted = np.flatnonzero(labels != _IGNORED)
        next_token -= float(log_probabilities[counted, labels[counted]].sum())
        labelled += len(counted)
        if not distils:
            continue
        collated = collate([feature], arguments, length, 0)
        models = [m for m in (_BASE, *_ALIGNED) if m.collated in collated and (with_base or m is not _BASE)]
        fused, own_reward = fuse(
            [collated[m.collated][0] for m in models], [feature[m.metric] for m in models], with_base, not arguments.distill_greater_as_gt,
        )
        reward = reward or own_reward
        taught += _divergence(log_probabilities, fused, arguments.distill_loss_type == "kl")
        rows += length
    clm_loss = next_token / labelled
    if not distils:
        return DistillLoss(arguments.lm_loss_weight * clm_loss, clm_loss, 0.0)
    schedule = arguments.distill_greater_as_gt_type if arguments.distill_greater_as_gt else arguments.distill_weighted_as_gt_type
    weight = arguments.lm_loss_weight
    if schedule == "hard_and_decay":
        weight += (1 - weight) * global_step / max_steps
    elif schedule == "soft":
        weight = 1 - reward
    return DistillLoss(weight * clm_loss + (1 - weight) * taught / rows, clm_loss, taught / rows)


def _softmax_rows(rows: Sequence[Tuple[Any, Any]], temperature: float) -> SparseRows:
    """Softmax of ragged (ids, values), none of them empty: bfloat16 in and out, wider inside, as PyTorch does it."""
    counts = np.array([len(ids) for ids, _ in rows], np.int64)
    starts = np.concatenate([[0], np.cumsum(counts)])
    if not len(rows):
        return SparseRows(starts, np.empty(0, np.int64), np.empty(0, np.float32))
    ids = np.concatenate([np.asarray(own, np.int64) for own, _ in rows])
    values = np.concatenate([np.asarray(own, np.float64) for _, own in rows])
    scaled = round_bfloat16(round_bfloat16(values.astype(np.float32)) / np.float32(temperature)).astype(np.float64)
    powers = np.exp(scaled - np.repeat(np.maximum.reduceat(scaled, starts[:-1]), counts))
    masses = round_bfloat16((powers / np.repeat(np.add.reduceat(powers, starts[:-1]), counts)).astype(np.float32))
    return _without_duplicates(SparseRows(starts, ids, masses))


def _without_duplicates(rows: SparseRows) -> SparseRows:
    """Of a token that stands twice in a row the last one, as in a scatter."""
    owners = rows.owners()
    keys = (owners * (int(rows.ids.max()) + 1) + rows.ids)[::-1]
    kept = np.sort(len(keys) - 1 - np.unique(keys, return_index=True)[1])
    if len(kept) == len(keys):
        return rows
    return SparseRows(np.searchsorted(owners[kept], np.arange(len(rows) + 1)), rows.ids[kept], rows.masses[kept])


def _padded(rows: SparseRows, more: int, pad_id: int) -> SparseRows:
    ones = np.arange(1, more + 1)
    return SparseRows(
        np.concatenate([rows.starts, rows.starts[-1] + ones]), np.concatenate([rows.ids, np.full(more, pad_id, np.int64)]),
        np.concatenate([rows.masses, np.ones(more, np.float32)]),
    )


def _log_softmax(logits: Any) -> Any:
    largest = logits.max(axis=1, keepdims=True)
    return logits - largest - np.log(np.exp(logits - largest).sum(axis=1, keepdims=True))


def _divergence(log_probabilities: Any, rows: SparseRows, kullback_leibler: bool) -> float:
    """Summed over rows: -sum m log q, or sum m log(m / q)."""
    held = rows.masses > 0
    masses = rows.masses[held].astype(np.float64)
    surprise = -log_probabilities[rows.owners()[held], rows.ids[held]]
    return float((masses * (surprise + (np.log(masses) if kullback_leibler else 0))).sum())
