"""The official code of FuseLLM and PTA-LLM, function by function, with its signatures and results, on the native library.

Instead of ``from src.utils.others import transform_step_logits_ot`` write ``from ptakernels.fusellm import transform_step_logits_ot``; or call
transform_step_logits_ot_batch once for many documents, which uses every core. The steps over dataset folders are commands with the official flags:
``python -m ptakernels.fusellm token_alignment_ot ...``, ``token_alignment`` and ``vocab_mapping``.

Values are those of preset reference: bit for bit the official ones, but for SPEC A4.
"""

from __future__ import annotations

from .packing import packing_dataset
from .tokenizers import TOKENIZER_TO_SPECIAL_TOKEN, TokenizerClassError, VocabularyTokenizer, clear_cache, register_tokenizer
from .transfer import transform_step_logits, transform_step_logits_ot, transform_step_logits_ot_batch
from .transport import compute_optimal_transport, merge_lists, return_pair
from .vocab_mapping import find_best_mapping, vocabulary_mapping
from .warping import TokenDistance, dtw, token_distance

__all__ = [
    "TOKENIZER_TO_SPECIAL_TOKEN", "TokenDistance", "TokenizerClassError", "VocabularyTokenizer", "clear_cache", "compute_optimal_transport", "dtw",
    "find_best_mapping", "merge_lists", "packing_dataset", "register_tokenizer", "return_pair", "token_distance", "transform_step_logits",
    "transform_step_logits_ot", "transform_step_logits_ot_batch", "vocabulary_mapping",
]
