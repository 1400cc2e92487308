"""Training on aligned rows with PyTorch: the fusion loss, and stores as datasets.

The loss of an optimiser step is ``w * L_CLM + (1 - w) * L_F`` (SPEC A3.6): L_CLM is the mean of the next tokens' cross-entropies over all labels, L_F the mean
of the fusion loss over all taught positions, both over all micro-batches and ranks of the step. So the functions here give sums and counts; add up the counts
first (``FusionBatch.counts``, ``all_reduce``), then let ``FusionLoss.total`` divide.
"""

from __future__ import annotations

from ._torch_data import AlignedDataset, Collate, FusionBatch
from ._torch_loss import FusionLoss, fused_head_loss, fusion_loss

__all__ = ["AlignedDataset", "Collate", "FusionBatch", "FusionLoss", "fused_head_loss", "fusion_loss"]
