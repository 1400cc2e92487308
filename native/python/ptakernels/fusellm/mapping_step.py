"""The official script vocab_mapping: the map as a JSON file, by either mode."""

from __future__ import annotations

import argparse
from typing import Any, List, Tuple

from ..errors import DataError
from .model_tokenizers import load_tokenizer, write_json
from .progress import Progress
from .tokenizers import TokenizerView, view_of
from .vocab_mapping import NearestStrings, find_nearest_strings, mapping_of

__all__ = ["run"]

_COUNTED_SPLIT = "validation"
"""The official code counts this split only; the training split is too large."""


def run(arguments: argparse.Namespace) -> int:
    """Runs the step with its official arguments and prints what the official one logs. Raises DataError with one sentence."""
    names = (arguments.base_model_name_or_path, arguments.blending_model_name_or_path)
    base_tokenizer, blending_tokenizer = (load_tokenizer(name, arguments.cache_dir, arguments.model_max_length) for name in names)
    refines = arguments.vocab_mapping_type == "co_occurrence"
    texts = _texts(arguments.dataset_dir) if refines else []
    corpora = [_encoded(tokenizer, texts) for tokenizer in (blending_tokenizer, base_tokenizer)] if refines else []
    base, blending = view_of(base_tokenizer), view_of(blending_tokenizer)
    with Progress("mapping", "tokens", len(blending.strings)) as progress:
        found = find_nearest_strings(blending, base, progress.add)
        mapping = mapping_of(blending, base, found.nearest)
        if refines:
            found, updated = _refined(blending, base, found, corpora, arguments.window_size)
            mapping = mapping_of(blending, base, found.nearest)
            write_json(arguments.vocab_mapping_save_dir.replace(".json", "_updated_log.json"), updated)
            print(f"Co-occurrence updated {len(updated)} tokens.")
        write_json(arguments.vocab_mapping_save_dir, mapping)
        exact = sum(key == value for key, value in mapping.items())
        print(
            f"{arguments.vocab_mapping_save_dir}: {blending.count} tokens in the blending vocabulary, {len(mapping)} in the map, {exact} best matched, "
            f"{progress.seconds:.1f} s"
        )
    return 0


def _texts(folder: str) -> List[str]:
    from ..folders import DatasetFolder

    dataset = DatasetFolder(folder)
    if _COUNTED_SPLIT not in dataset.splits or "text" not in dataset[_COUNTED_SPLIT].columns:
        raise DataError(f"{folder}: has no split {_COUNTED_SPLIT} with a column text, which co_occurrence counts; give the dataset of step 1.")
    return [row["text"] for row in dataset[_COUNTED_SPLIT].rows(["text"]) if row["text"] is not None]


def _encoded(tokenizer: Any, texts: List[str]) -> List[List[int]]:
    from .co_occurrence import encode

    return encode(tokenizer, texts)


def _refined(blending: TokenizerView, base: TokenizerView, found: NearestStrings, corpora: List[Any], window: int) -> Tuple[NearestStrings, Any]:
    """The refined nearest tokens, and the official log of what changed."""
    from .co_occurrence import refine

    nearest = list(found.nearest)
    updated = {}
    for token, (before, after) in refine(blending, base, found, corpora[0], corpora[1], window).items():
        nearest[token] = after
        key = blending.string(token).replace(blending.marker, base.marker)
        updated[key] = {"default": base.string(before), "co-occurrence": base.string(after)}
    return NearestStrings(nearest, found.distance), updated
