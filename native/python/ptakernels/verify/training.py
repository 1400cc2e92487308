"""collator_loss and packing: the official target distributions, losses and blocks."""

from __future__ import annotations

import struct
from typing import Any, Dict

from ..fusellm.packing import packing_dataset
from .golden import GoldenCheck, Result, difference, failed, numbers, skipped

__all__ = ["CollatorLossCheck", "PackingCheck"]


class CollatorLossCheck(GoldenCheck):
    """The official target distributions of a batch in bfloat16, and its loss given the student's logits; needs NumPy."""

    NEXT_TOKEN_TOLERANCE = 1e-6
    """The mean of next tokens is float32 in the official code."""

    def check(self, row: Any) -> Result:
        try:
            from ..fusellm import distill
        except ImportError:
            return skipped("needs NumPy; install the package numpy")
        arguments = distill.DistillArguments(**{name: row["args"][name] for name in distill.DistillArguments._fields})
        features = [{name: numbers(v) if "logits" in name or "metric" in name else v for name, v in feature.items()} for feature in row["features"]]
        collated = distill.collate(features, arguments, row["max_length"], row["pad_id"])
        for name, samples in collated.items():
            for sample, wanted in enumerate(row["collated"].get(name, [])):
                for position, expected in enumerate(wanted):
                    if not _is_close(samples[sample].row(position), expected):
                        return failed(f"sample {sample}, position {position}: {name} differs by more than 1 ulp of bfloat16")
        loss = distill.compute_loss(features, [numbers(z) for z in row["student_logits"]], arguments, row["global_step"], row["max_steps"])
        if not _near(loss.clm_loss, float(row["clm_loss"]), self.NEXT_TOKEN_TOLERANCE):
            return failed(f"next-token loss {loss.clm_loss!r}, expected {row['clm_loss']!r}")
        tolerance = self._tolerance(arguments)
        if not _near(loss.loss, float(row["loss"]), tolerance):
            return failed(f"loss {loss.loss!r}, expected {row['loss']!r} within {tolerance:g} of it")
        return Result()

    def _tolerance(self, arguments: Any) -> float:
        """What the official bfloat16 rewards and weights leave uncertain."""
        if not (arguments.distill_greater_as_gt or arguments.distill_weighted_as_gt):
            return self.NEXT_TOKEN_TOLERANCE
        schedule = arguments.distill_greater_as_gt_type if arguments.distill_greater_as_gt else arguments.distill_weighted_as_gt_type
        return 5e-3 if schedule == "soft" else 1e-3 if arguments.distill_weighted_as_gt else 1e-4


class PackingCheck(GoldenCheck):
    """The official blocks of some documents, metrics at level sequence."""

    METRIC_TOLERANCE = 1e-12

    def check(self, row: Any) -> Result:
        expected = row["output"]
        blocks = packing_dataset({name: numbers(v) if _is_float(name) else v for name, v in row["input"].items()}, row["block_size"])
        if sorted(blocks) != sorted(expected):
            return failed(f"columns {', '.join(blocks)}, expected {', '.join(expected)}")
        for name, values in blocks.items():
            wanted = numbers(expected[name]) if _is_float(name) else expected[name]
            if len(values) != len(wanted):
                return failed(f"{len(values)} blocks, expected {len(wanted)}")
            for b, (ours, theirs) in enumerate(zip(values, wanted)):
                same = difference([ours], [theirs]) <= self.METRIC_TOLERANCE * max(1, abs(theirs)) if "metric_ce" in name else ours == theirs
                if not same:
                    return failed(f"block {b} differs in {name}")
        return Result()


def _is_float(name: str) -> bool:
    return "logits" in name or "metric_ce" in name


def _is_close(row: Any, expected: Any) -> bool:
    """Sparse rows that agree in every token to 1 ulp of bfloat16."""
    wanted: Dict[int, float] = {token: float(mass) for token, mass in expected}
    for token, mass in zip(row[0].tolist(), row[1].tolist()):
        if abs(_ordinal(mass) - _ordinal(wanted.pop(token, 0.0))) > 1:
            return False
    return not any(wanted.values())


def _ordinal(value: float) -> int:
    """Number of a non-negative bfloat16 among all."""
    return struct.unpack("<I", struct.pack("<f", value))[0] >> 16


def _near(actual: float, expected: float, relative: float) -> bool:
    return abs(actual - expected) <= relative * abs(expected)
