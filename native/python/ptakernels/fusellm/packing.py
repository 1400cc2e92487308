"""The official packing of aligned documents into blocks (SPEC B 4), for checking what was packed elsewhere; nothing keeps documents apart, by definition."""

from __future__ import annotations

import operator
from functools import reduce
from itertools import chain
from typing import Any, Dict, List, Mapping, Sequence

__all__ = ["packing_dataset"]

_METRIC = "metric_ce"
"""What the name of a column of one number per document contains."""


def packing_dataset(examples: Mapping[str, Sequence[Any]], block_size: int = 2048, metric_level: str = "sequence") -> Dict[str, List[Any]]:
    """The blocks of one batch: every column's documents one after another, cut every block_size tokens, the short rest kept.

    examples: by column, a value per document: a list with an entry per token, or a number where the column's name contains "metric_ce", whose block value is
    the mean over the block's tokens. What comes out depends on the batch, 1,000 documents in the official step. The arguments are not changed.
    Raises ValueError for metric_level "token", where the official code always fails, and for columns of other lengths than input_ids.
    """
    if metric_level != "sequence":
        raise ValueError(f"metric_level is {metric_level!r}; expected 'sequence': the official packing fails at any other level.")
    if block_size < 1:
        raise ValueError(f"block_size is {block_size}; expected 1 or more.")
    if "input_ids" not in examples:
        raise ValueError("examples have no column input_ids, which says how long each document is.")
    lengths = [len(ids) for ids in examples["input_ids"]]
    blocks: Dict[str, List[Any]] = {}
    for name, values in examples.items():
        is_metric = _METRIC in name
        whole = list(chain.from_iterable([value] * length for value, length in zip(values, lengths)) if is_metric else chain.from_iterable(values))
        if len(whole) != sum(lengths):
            raise ValueError(f"column {name} has {len(whole)} entries for {sum(lengths)} tokens; expected one for each.")
        cut = [whole[start : start + block_size] for start in range(0, len(whole), block_size)]
        # From left to right: sum() compensates rounding from Python 3.12 on, which the official numbers do not.
        blocks[name] = [reduce(operator.add, block, 0) / len(block) for block in cut] if is_metric else cut
    return blocks
