"""The fusion loss in closed form: sparse targets, a few positions at a time, no dense distribution of the vocabulary's width beside the logits."""

from __future__ import annotations

import contextlib
from typing import Any, NamedTuple, Optional, Sequence, Tuple, Union

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

LEAST_ROOM = 1e-6
"""Least probability outside of the support that the tail's log leaves (SPEC A3.3)."""

_CPU_CHUNK, _DEVICE_CHUNK = 16 << 20, 256 << 20

Counts = Union[Tensor, Tuple[float, float]]


class FusionLoss(NamedTuple):
    """Sums of a batch's losses in nats, and what they are sums over; float64 scalars, the sums differentiable.

    ``clm_sum`` over the ``clm_count`` positions with a next token: its cross-entropy. ``fusion_sum`` over the ``fusion_count`` taught positions: the
    cross-entropy of the fused distribution, with the tail's term.
    """

    clm_sum: Tensor
    clm_count: Tensor
    fusion_sum: Tensor
    fusion_count: Tensor

    @property
    def counts(self) -> Tensor:
        """[2] float64: next tokens and taught positions."""
        return torch.stack([self.clm_count, self.fusion_count])

    def total(self, weight: float, counts: Optional[Counts] = None) -> Tensor:
        """weight * L_CLM + (1 - weight) * L_F, or this batch's share of it; L_CLM alone where no position is taught (SPEC A3.6).

        ``weight``: w, in [0, 1]. ``counts``: [2], next tokens and taught positions of the whole optimiser step, over all micro-batches and ranks; None: this
        batch's. The shares of a step's batches add up to its loss. DistributedDataParallel averages gradients over ranks: multiply by their number.
        """
        next_token, fusion = _scales(weight, self.counts if counts is None else counts, self.clm_sum.device)
        return self.clm_sum * next_token + self.fusion_sum * fusion


def _scales(weight: float, counts: Counts, device: torch.device) -> Tensor:
    """[2] float64: factors of the two sums, such that the loss of an optimiser step is their sum."""
    if not 0 <= weight <= 1:
        raise ValueError(f"weight is {weight}; it must be in [0, 1].")
    both = torch.as_tensor(counts, dtype=torch.float64, device=device)
    next_token = torch.where(both[1] > 0, torch.full_like(both[1], weight), torch.ones_like(both[1]))
    return torch.stack([next_token, 1 - next_token]) / both.clamp(min=1)


def fusion_loss(
    logits: Tensor, next_ids: Tensor, starts: Tensor, tokens: Tensor, probs: Tensor, missing: Tensor, *, weight: Optional[float] = None,
    counts: Optional[Counts] = None, reduction: str = "sum", check: bool = True, chunk_bytes: Optional[int] = None,
) -> Union[FusionLoss, Tensor]:
    """Next-token and fusion losses of logits (SPEC A3.3, A3.6).

    For a position with logits z, q = softmax(z), next token y, taught tokens with probabilities t, missing mass s and S the sum of q where t > 0: next
    token -log q[y]; fusion -sum t log q - s log(max(1e-6, 1 - S)).

    ``logits`` [..., V], float16, bfloat16, float32 or float64, positions N in all. ``next_ids`` [...] integers, negative where a position has no next token.
    ``starts`` [N + 1]: position i is taught ``tokens[starts[i]:starts[i + 1]]`` with ``probs``, none where it is masked. ``missing`` [N]: mass outside
    of these. Everything on one device. Computed in float32 (float64 where the logits are), 1 - S and the sums in float64. Positions without next token
    and taught tokens are never looked at. Gradients are written down, not recorded, and come a few positions at a time (``chunk_bytes`` of logits).

    ``reduction``: ``sum`` returns a FusionLoss; ``mean`` needs ``weight`` and returns ``total(weight, counts)``. ``check=False`` leaves the checks of the
    targets out, which wait for the device. ValueError where shapes do not fit, an id is outside of V or stands twice in a row, or a mass is not in [0, 1].
    """
    targets = _Targets(next_ids, starts, tokens, probs, missing, logits.shape[:-1], logits.shape[-1], check)
    flat = logits.reshape(-1, logits.shape[-1])
    _require_reduction(reduction, weight)
    loss = targets.loss_of(_OverLogits.apply(flat, targets, _chunk_rows(flat, flat.shape[1], chunk_bytes)))
    return loss.total(weight, counts) if reduction == "mean" and weight is not None else loss


def fused_head_loss(
    hidden: Tensor, output_weight: Tensor, next_ids: Tensor, starts: Tensor, tokens: Tensor, probs: Tensor, missing: Tensor, *, weight: Optional[float] = None,
    counts: Optional[Counts] = None, reduction: str = "sum", check: bool = True, chunk_bytes: Optional[int] = None,
) -> Union[FusionLoss, Tensor]:
    """The same with the output matrix inside: logits are ``hidden @ output_weight.T``, made a few positions at a time, so that no [N, V] tensor exists.

    ``hidden`` [..., D], ``output_weight`` [V, D]; where their types differ the product is of hidden's. Under ``reduction="mean"`` the gradients are made from
    the same logits as the loss, for one backward pass; otherwise the backward pass makes each chunk's logits again, which takes a third longer. Everything
    else as in fusion_loss.
    """
    if hidden.shape[-1] != output_weight.shape[-1] or output_weight.dim() != 2:
        raise ValueError(f"hidden states {tuple(hidden.shape)} do not fit an output matrix {tuple(output_weight.shape)}.")
    targets = _Targets(next_ids, starts, tokens, probs, missing, hidden.shape[:-1], output_weight.shape[0], check)
    flat, step = hidden.reshape(-1, hidden.shape[-1]), _chunk_rows(hidden, output_weight.shape[0], chunk_bytes)
    _require_reduction(reduction, weight)
    if reduction == "mean" and weight is not None:
        scales = _scales(weight, targets.totals if counts is None else counts, hidden.device)
        return _ShareOverHidden.apply(flat, output_weight, targets, step, scales, torch.is_grad_enabled())
    return targets.loss_of(_OverHidden.apply(flat, output_weight, targets, step))


def _require_reduction(reduction: str, weight: Optional[float]) -> None:
    if reduction not in ("sum", "mean") or (reduction == "mean" and weight is None):
        raise ValueError(f"reduction is {reduction!r} with weight {weight}; it must be 'sum', or 'mean' with a weight.")


def _chunk_rows(sample: Tensor, vocabulary: int, chunk_bytes: Optional[int]) -> int:
    size = chunk_bytes or (_CPU_CHUNK if sample.device.type == "cpu" else _DEVICE_CHUNK)
    return max(1, size // (vocabulary * (8 if sample.dtype == torch.float64 else 4)))


class _Targets:
    """What the positions of a batch are to learn."""

    def __init__(
        self, next_ids: Tensor, starts: Tensor, tokens: Tensor, probs: Tensor, missing: Tensor, shape: torch.Size, vocabulary: int, check: bool,
    ) -> None:
        rows = shape.numel()
        if next_ids.shape != shape or starts.shape != (rows + 1,) or missing.numel() != rows or tokens.dim() != 1 or tokens.shape != probs.shape:
            given = {"next_ids": next_ids, "starts": starts, "tokens": tokens, "probs": probs, "missing": missing}
            raise ValueError(f"{', '.join(f'{n} {tuple(t.shape)}' for n, t in given.items())} do not fit positions {tuple(shape)}.")
        self.labels = next_ids.reshape(-1).long()
        self.starts, self.tokens, self.probs, self.missing = starts.long(), tokens.long(), probs, missing.reshape(-1)
        self.counts = self.starts[1:] - self.starts[:-1]
        self.labelled, self.taught = self.labels >= 0, self.counts > 0
        if check:
            self._check(vocabulary)
        self.width = max(1, int(self.counts.max())) if rows else 1
        if not len(tokens):  # something to point at
            self.tokens, self.probs = self.tokens.new_zeros(1), probs.new_zeros(1)
        self.active = torch.nonzero(self.labelled | self.taught)[:, 0]

    @property
    def totals(self) -> Tensor:
        """[2] float64: positions with a next token, and taught ones."""
        return torch.stack([self.labelled.sum(), self.taught.sum()]).double()

    def loss_of(self, sums: Tensor) -> FusionLoss:
        """The two sums with what they are sums over."""
        totals = self.totals
        return FusionLoss(sums[0], totals[0], sums[1], totals[1])

    def _check(self, vocabulary: int) -> None:
        if len(self.labels) and int(self.labels.max()) >= vocabulary:
            raise ValueError(f"next_ids: {int(self.labels.max())} is none of {vocabulary} tokens.")
        if int(self.starts[0]) != 0 or int(self.starts[-1]) != len(self.tokens) or bool((self.counts < 0).any()):
            raise ValueError(f"starts do not rise from 0 to {len(self.tokens)}.")
        if len(self.tokens):
            if int(self.tokens.min()) < 0 or int(self.tokens.max()) >= vocabulary:
                raise ValueError(f"tokens: {int(self.tokens.min())} to {int(self.tokens.max())} are none of {vocabulary} tokens.")
            keys, _ = (torch.repeat_interleave(torch.arange(len(self.counts), device=self.tokens.device), self.counts) * vocabulary + self.tokens).sort()
            twice = torch.nonzero(keys[1:] == keys[:-1])
            if len(twice):
                key = int(keys[twice[0, 0]])
                raise ValueError(f"position {key // vocabulary}: token {key % vocabulary} stands twice.")
            if not bool(((self.probs >= 0) & (self.probs <= 1.01)).all()):
                raise ValueError("a probability is not in [0, 1].")
        if not bool(((self.missing >= 0) & (self.missing <= 1) | ~self.taught).all()):
            raise ValueError("a missing mass is not in [0, 1].")

    def of(self, rows: Tensor, kind: torch.dtype) -> "_Chunk":
        """What some positions are to learn, as rectangles as wide as the widest, filled up with copies of each one's first token."""
        counts = self.counts[rows, None]
        column = torch.arange(self.width, device=rows.device)[None, :]
        inside = column < counts
        places = (self.starts[rows, None] + torch.where(inside, column, torch.zeros_like(column))).clamp(max=len(self.tokens) - 1)
        taught = counts > 0
        none = torch.zeros((), dtype=kind, device=rows.device)
        masses = torch.where(taught, self.probs[places].to(kind), none)
        labels = self.labels[rows, None]
        return _Chunk(
            labels.clamp(min=0), (labels >= 0).to(kind), torch.where(taught, self.tokens[places], torch.zeros_like(places)), masses, inside & (masses > 0),
            torch.where(taught, self.missing[rows, None].to(kind), none),
        )


class _Chunk(NamedTuple):
    """Some positions' targets: ``ids``, ``masses``, ``support`` [rows, width], a masked position with token 0 without mass; the others [rows, 1]."""

    labels: Tensor
    labelled: Tensor
    ids: Tensor
    masses: Tensor
    support: Tensor
    missing: Tensor

    def room(self, log_of_ids: Tensor) -> Tensor:
        """1 - S in float64: where the student is sure of the support, float32 would leave few digits of it."""
        inside = torch.where(self.support, log_of_ids.double().exp(), torch.zeros((), dtype=torch.float64, device=log_of_ids.device))
        return 1 - inside.sum(1, keepdim=True)

    def losses(self, log_of_labels: Tensor, log_of_ids: Tensor) -> Tensor:
        """[2] float64: next-token and fusion losses."""
        none = torch.zeros((), dtype=torch.float64, device=log_of_ids.device)
        next_token = torch.where(self.labelled > 0, log_of_labels.double(), none).sum()
        fusion = torch.where(self.support, (self.masses * log_of_ids).double(), none).sum()
        tail = torch.where(self.missing > 0, self.missing * self.room(log_of_ids).clamp(min=LEAST_ROOM).log(), none).sum()
        return -torch.stack([next_token, fusion + tail])

    def gradient(self, log_probabilities: Tensor, scales: Tensor) -> Tensor:
        """[rows, V] by the logits, in place of log_probabilities: c (q - e_y) + f (T q - t) + f s / (1 - S) (q on the support - S q).

        ``scales``: c and f, the factors of the two losses; T is the sum of t. The last term is 0 where 1 - S is at most 1e-6.
        """
        kind = log_probabilities.dtype
        log_of_ids = log_probabilities.gather(1, self.ids)
        on_ids, room = log_of_ids.exp(), self.room(log_of_ids)
        has_room = room > LEAST_ROOM
        none = torch.zeros((), dtype=torch.float64, device=room.device)
        slope = torch.where(has_room, self.missing / room.clamp(min=LEAST_ROOM), none)
        mass = torch.where(self.support, self.masses, torch.zeros_like(self.masses)).sum(1, keepdim=True)
        per_row = scales[0] * self.labelled
        # On the support the tail's part is s q, by (s / (1 - S)) (q - S q): written so, nothing large is subtracted.
        outside = (per_row + scales[1] * (mass - slope * (1 - room))).to(kind)
        inside = (per_row + scales[1] * (mass + torch.where(has_room, self.missing.double(), none))).to(kind) * on_ids - scales[1].to(kind) * self.masses
        values = torch.where(self.masses > 0, inside, outside * on_ids)
        slopes = log_probabilities.exp_().mul_(outside)
        slopes.scatter_(1, self.ids, values)
        return slopes.scatter_add_(1, self.labels, -per_row.to(kind))


def _wide(kind: torch.dtype) -> torch.dtype:
    return torch.float64 if kind == torch.float64 else torch.float32


def _as_given(device: torch.device) -> Any:
    """A context in which types are those of the tensors, whatever autocast would choose."""
    return torch.autocast(device.type, enabled=False) if device.type in ("cpu", "cuda") else contextlib.nullcontext()


class _OverLogits(torch.autograd.Function):
    """Sums of losses over logits [N, V]: [2] float64."""

    @staticmethod
    def forward(ctx: Any, logits: Tensor, targets: _Targets, step: int) -> Tensor:  # type: ignore[override]
        kind, sums, normalisers = _wide(logits.dtype), torch.zeros(2, dtype=torch.float64, device=logits.device), []
        for rows in targets.active.split(step):
            chunk, wide = targets.of(rows, kind), logits[rows].to(kind)
            normaliser = torch.logsumexp(wide, 1, keepdim=True)
            sums += chunk.losses(wide.gather(1, chunk.labels) - normaliser, wide.gather(1, chunk.ids) - normaliser)
            normalisers.append(normaliser)
        ctx.save_for_backward(logits, *normalisers)
        ctx.targets, ctx.step = targets, step
        return sums

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, scales: Tensor) -> Tuple[Optional[Tensor], None, None]:
        logits, *normalisers = ctx.saved_tensors
        gradient, kind = torch.zeros_like(logits), _wide(logits.dtype)
        for rows, normaliser in zip(ctx.targets.active.split(ctx.step), normalisers):
            slopes = ctx.targets.of(rows, kind).gradient(logits[rows].to(kind).sub_(normaliser), scales)
            gradient.index_copy_(0, rows, slopes.to(gradient.dtype))
        return gradient, None, None


class _OverHidden(torch.autograd.Function):
    """Sums of losses over hidden states [N, D] and an output matrix [V, D]: [2] float64."""

    @staticmethod
    def forward(ctx: Any, hidden: Tensor, output_weight: Tensor, targets: _Targets, step: int) -> Tensor:  # type: ignore[override]
        ctx.save_for_backward(hidden, output_weight)
        ctx.targets, ctx.step = targets, step
        return _through_head(hidden, output_weight, targets, step)[0]

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, scales: Tensor) -> Tuple[Optional[Tensor], Optional[Tensor], None, None]:
        hidden, output_weight = ctx.saved_tensors
        _, by_hidden, by_weight = _through_head(hidden, output_weight, ctx.targets, ctx.step, scales, ctx.needs_input_grad[:2])
        return by_hidden, by_weight, None, None


class _ShareOverHidden(torch.autograd.Function):
    """The same sums, each by a factor that is known beforehand, added: a float64 scalar. Its gradients are made on the way, from the same logits."""

    @staticmethod
    def forward(  # type: ignore[override]
        ctx: Any, hidden: Tensor, output_weight: Tensor, targets: _Targets, step: int, scales: Tensor, gradients: bool,
    ) -> Tensor:
        wanted = ctx.needs_input_grad[:2] if gradients else (False, False)
        sums, *ctx.gradients = _through_head(hidden, output_weight, targets, step, scales if any(wanted) else None, wanted)
        return (sums * scales).sum()

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, factor: Tensor) -> Tuple[Optional[Tensor], ...]:
        if ctx.gradients is None:
            raise RuntimeError("the gradients of this loss were given out already; compute it again for another backward pass.")
        gradients, ctx.gradients = ctx.gradients, None  # scaled in place, and so good for one pass
        return (*(None if g is None else g.mul_(factor.to(g.dtype)) for g in gradients), None, None, None, None)


def _through_head(
    hidden: Tensor, output_weight: Tensor, targets: _Targets, step: int, scales: Optional[Tensor] = None, wanted: Sequence[bool] = (False, False),
) -> Tuple[Tensor, Optional[Tensor], Optional[Tensor]]:
    """Sums of the losses, and where ``scales`` are given the wanted gradients of their scaled sum, a few positions at a time."""
    kind, sums = _wide(hidden.dtype), torch.zeros(2, dtype=torch.float64, device=hidden.device)
    by_hidden = torch.zeros_like(hidden) if wanted[0] else None
    by_weight = torch.zeros_like(output_weight, dtype=_wide(output_weight.dtype)) if wanted[1] else None
    with _as_given(hidden.device):
        head = output_weight.to(hidden.dtype)
        for rows in targets.active.split(step):
            chunk, states = targets.of(rows, kind), hidden[rows]
            log_probabilities = torch.log_softmax(states.matmul(head.t()).to(kind), 1)
            sums += chunk.losses(log_probabilities.gather(1, chunk.labels), log_probabilities.gather(1, chunk.ids))
            if scales is None:
                continue
            slopes = chunk.gradient(log_probabilities, scales).to(hidden.dtype)
            if by_hidden is not None:
                by_hidden.index_copy_(0, rows, slopes.matmul(head))
            if by_weight is not None:
                by_weight += slopes.t().matmul(states)
    return sums, by_hidden, None if by_weight is None else by_weight.to(output_weight.dtype)
