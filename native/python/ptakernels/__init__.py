"""PtaKernels: exact kernels of probabilistic token alignment, called in-process from Python.

>>> import ptakernels
>>> source, target = ptakernels.Vocabulary.load("gpt2.json.gz"), ptakernels.Vocabulary.load("spA.json.gz")
>>> pair = ptakernels.VocabularyPair(source, target)
>>> aligned = ptakernels.align_batch(pair, [(source_view, target_view)], "fusion")

Arguments are NumPy arrays, anything with the buffer protocol, CPU tensors by DLPack, or lists; results are NumPy arrays, or memoryviews without NumPy.
Wrong arguments raise TypeError and ValueError, bad documents and files DataError; all functions may be called from any number of threads.
"""

from __future__ import annotations

from .alignment import DocumentPair, TokenizedDocument, align_batch
from .errors import AbiError, DataError, IsaError, PtaError
from .kernels import (
    NearestTokens, Path, Tape, cost_matrices, cost_matrix, edit_distances, find_alignment_path, find_nearest_tokens, find_official_map, isa, official_map,
    version,
)
from .merging import align_sources, fold, merge
from .options import Options
from .report import AlignmentReport
from .rows import AlignedDocument, Row, Rows
from .tokenizers import encoder_of
from .transport import TransportOutcomes, TransportResult, solve_transport
from .vocabulary import Vocabulary, VocabularyPair

__version__ = "0.1.0"

__all__ = [
    "AbiError", "AlignedDocument", "AlignmentReport", "DataError", "DocumentPair", "IsaError", "NearestTokens", "Options", "Path", "PtaError", "Row", "Rows",
    "Tape", "TokenizedDocument", "TransportOutcomes", "TransportResult", "Vocabulary", "VocabularyPair", "align_batch", "align_sources", "cost_matrices",
    "cost_matrix", "edit_distances", "encoder_of", "find_alignment_path", "find_nearest_tokens", "find_official_map", "fold", "isa", "merge", "official_map",
    "solve_transport", "version",
]
