"""The official vocabulary map (SPEC B 3a): each blending token's nearest base token by edit distance of strings, and its co-occurrence mode."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Callable, Dict, List, NamedTuple, Optional, Sequence, Tuple, Union

from .. import kernels
from .tokenizers import TokenizerView, view_of

__all__ = ["NearestStrings", "find_best_mapping", "find_nearest_strings", "vocabulary_mapping"]

_CHUNK = 128
"""Tokens of a search; calls release the GIL, so several run at once."""


def find_best_mapping(
    x: str, base_tokens: Sequence[str], blending_model_special_token: str, base_model_special_token: str, best_one: bool = True,
) -> Tuple[str, Union[str, List[str]]]:
    """(x with its marker replaced by the base's, the nearest of base_tokens): itself where it is one of them, else the first at the smallest distance.

    best_one False: all at the smallest distance instead, in order. Raises ValueError where base_tokens is empty.
    """
    key = x.replace(blending_model_special_token, base_model_special_token)
    if key in base_tokens:
        return key, key
    if not len(base_tokens):
        raise ValueError("base_tokens is empty; expected the base's tokens.")
    distances = kernels.cost_matrix([key], base_tokens).tolist()[0]
    least = min(distances)
    return key, base_tokens[distances.index(least)] if best_one else [token for token, d in zip(base_tokens, distances) if d == least]


class NearestStrings(NamedTuple):
    """By blending id: the nearest base id, -1 where there is no token, and the distance."""

    nearest: List[int]
    distance: List[int]


def find_nearest_strings(blending: TokenizerView, base: TokenizerView, report: Optional[Callable[[int], None]] = None) -> NearestStrings:
    """Every blending token's nearest base token, in id order, ties by the smallest base id; on as many threads as there are cores.

    report is told how many more tokens are done.
    """
    source, target = blending.vocabulary, base.vocabulary
    nearest: List[int] = []
    distance: List[int] = []
    chunks = [range(start, min(start + _CHUNK, len(source))) for start in range(0, len(source), _CHUNK)]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for found in pool.map(lambda ids: kernels.find_official_map(source, target, ids), chunks):
            nearest += found.nearest.tolist()
            distance += found.distance.tolist()
            if report is not None:
                report(len(found.nearest))
    return NearestStrings(nearest, distance)


def vocabulary_mapping(base_tokenizer: Any, blending_tokenizer: Any, report: Optional[Callable[[int], None]] = None) -> Dict[str, str]:
    """The map of mode "default": {blending token with its marker replaced by the base's: base token}, both in id order.

    The official order is that of get_vocab(), which fast tokenizers give out in another order in each process; by id it is the same every time.
    Of two blending tokens with one key the later one wins, at the place of the first.
    """
    base, blending = view_of(base_tokenizer), view_of(blending_tokenizer)
    return mapping_of(blending, base, find_nearest_strings(blending, base, report).nearest)


def mapping_of(blending: TokenizerView, base: TokenizerView, nearest: Sequence[int]) -> Dict[str, str]:
    """The map that nearest base ids by blending id make."""
    mapping: Dict[str, str] = {}
    for string, token in zip(blending.strings, nearest):
        if string is not None and token >= 0:
            mapping[string.replace(blending.marker, base.marker)] = base.string(token)
    return mapping
