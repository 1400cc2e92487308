"""Mirror of native/include/ptakernels.h: numbers, structs and prototypes, in its order. Pointers to arrays are plain addresses here."""

from __future__ import annotations

import ctypes
from ctypes import POINTER, Structure, c_char_p, c_double, c_int32, c_int64, c_uint32, c_void_p
from typing import Any, Dict, List, Tuple, Type

ABI_VERSION = 2

OK, RANGE = 0, 1
ERROR_ARGUMENT, ERROR_STRUCT, ERROR_MEMORY, ERROR_ISA, ERROR_DATA, ERROR_INTERNAL = -1, -2, -3, -4, -5, -6

ROLE_NONE, ROLE_SPECIAL, ROLE_BOS, ROLE_EOS, ROLE_PAD, ROLE_UNK, ROLE_HOLE = 0, 1, 2, 4, 8, 16, 128

STYLE_SENTENCEPIECE, STYLE_BYTE_LEVEL = 0, 1

TRANSPORTS = {"none": 0, "official": 1, "balanced": 2, "semi-relaxed": 3, "unbalanced": 4, "exact": 5}
SOLVER_NEWTON, SOLVER_GREENKHORN = 0, 1
SOLVERS = {"newton": SOLVER_NEWTON, "greenkhorn": SOLVER_GREENKHORN}
TRANSPORT_STATUSES = ("converged", "exact-fallback", "iteration-limit", "not-finite")

PRESETS = {"reference": 0, "paper": 1, "fusion": 2}
MASS_RENORMALISED, MASS_TAIL = 1, 2
PROJECTION_TOP1, PROJECTION_BYTE, PROJECTION_TOPK, PROJECTION_BARYCENTRIC = range(4)
PROJECTIONS = {"top1": PROJECTION_TOP1, "byte": PROJECTION_BYTE, "topk": PROJECTION_TOPK, "barycentric": PROJECTION_BARYCENTRIC}
TRANSFER_PREFIX, TRANSFER_BOUNDARY = 0, 1
COST_TEXTS, COST_EMBEDDING, COST_HYBRID = 0, 1, 2

MAX_CANDIDATES = 64
"""Largest k of SPEC A3.3."""


class _Sized(Structure):
    """A struct that begins with its own size."""

    def __init__(self, **values: Any) -> None:
        super().__init__(struct_size=ctypes.sizeof(type(self)), **values)


class TapeView(_Sized):
    _fields_ = [("struct_size", c_uint32), ("count", c_int32), ("symbols", c_void_p), ("offsets", c_void_p), ("roles", c_void_p)]


class TransportOptions(_Sized):
    _fields_ = [
        ("struct_size", c_uint32), ("kind", c_int32), ("epsilon", c_double), ("tolerance", c_double), ("rho", c_double), ("max_iterations", c_int32),
        ("solver", c_int32),
    ]


class TransportOutcome(Structure):
    _fields_ = [("marginal_error", c_double), ("status", c_int32), ("iterations", c_int32)]


class EmbeddingsView(_Sized):
    _fields_ = [
        ("struct_size", c_uint32), ("dimensions", c_int32), ("source_count", c_int32), ("target_count", c_int32), ("source", c_void_p), ("target", c_void_p),
    ]


class VocabularyView(_Sized):
    _fields_ = [
        ("struct_size", c_uint32), ("count", c_int32), ("texts", c_void_p), ("bytes", c_void_p), ("byte_offsets", c_void_p), ("adds_dummy_prefix", c_int32),
        ("reserved", c_int32),
    ]


class OfficialView(_Sized):
    _fields_ = [
        ("struct_size", c_uint32), ("reserved", c_uint32), ("keys", c_void_p), ("target_strings", c_void_p), ("source_stripped", c_void_p),
        ("target_stripped", c_void_p), ("target_without_source_marker", c_void_p), ("same_string", c_void_p), ("prefixed_same_string", c_void_p),
        ("prefixed_key_owner", c_void_p), ("target_starts_with_marker", c_void_p), ("map", c_void_p),
    ]


class TokenStrings(_Sized):
    _fields_ = [
        ("struct_size", c_uint32), ("count", c_int32), ("strings", c_char_p), ("string_offsets", c_void_p), ("roles", c_void_p), ("texts", c_void_p),
        ("text_offsets", c_void_p), ("marker", c_char_p), ("style", c_int32), ("adds_dummy_prefix", c_int32),
    ]


class AlignOptions(_Sized):
    _fields_ = [
        ("struct_size", c_uint32), ("preset", c_int32), ("mass", c_int32), ("window", c_int32), ("fused_k", c_int32), ("measure_signal", c_int32),
        ("max_iterations", c_int32), ("threads", c_int32), ("epsilon", c_double), ("tolerance", c_double), ("temperature", c_double),
        ("projection", c_int32), ("transfer", c_int32), ("byte_tail", c_double), ("transport", c_int32), ("projection_columns", c_int32), ("rho", c_double),
        ("solver", c_int32), ("cost", c_int32), ("embedding_share", c_int32), ("reserved", c_int32),
    ]


class TokenizedDocument(Structure):
    _fields_ = [
        ("ids", c_void_p), ("indices", c_void_p), ("values", c_void_p), ("lse", c_void_p), ("spans", c_void_p), ("length", c_int32), ("k", c_int32),
    ]


class Row(Structure):
    _fields_ = [
        ("rule", c_int32), ("source_row", c_int32), ("transport_status", c_int32), ("iterations", c_int32), ("missing", c_double), ("kappa", c_double),
        ("signal", c_double), ("marginal_error", c_double),
    ]


class Document(Structure):
    _fields_ = [
        ("source", TokenizedDocument), ("target", TokenizedDocument), ("prior_starts", c_void_p), ("prior_tokens", c_void_p), ("prior_values", c_void_p),
        ("capacity", c_int64), ("starts", c_void_p), ("tokens", c_void_p), ("values", c_void_p), ("rows", c_void_p), ("status", c_int32),
        ("repaired", c_int32), ("ties", c_int64), ("seconds", c_double * 5),
    ]


STRUCTS: Dict[str, Type[Structure]] = {
    "pta_tape_view": TapeView,
    "pta_transport_options": TransportOptions,
    "pta_transport_outcome": TransportOutcome,
    "pta_embeddings_view": EmbeddingsView,
    "pta_vocabulary_view": VocabularyView,
    "pta_official_view": OfficialView,
    "pta_token_strings": TokenStrings,
    "pta_align_options": AlignOptions,
    "pta_tokenized_document": TokenizedDocument,
    "pta_row": Row,
    "pta_document": Document,
}
"""The C names of the structs above."""

FirstToken = ctypes.CFUNCTYPE(c_int32, c_void_p, c_void_p, c_int32)
"""pta_first_token."""

_STATUS = c_int32
_HANDLE, _ARRAY, _OUT = c_void_p, c_void_p, POINTER(c_void_p)

_COST = [_HANDLE, _HANDLE, _ARRAY, c_int64, _HANDLE, _ARRAY, c_int64, _ARRAY, c_int64]
_PATH = [
    _HANDLE, _ARRAY, c_int64, _ARRAY, c_int64, _ARRAY, c_int64, c_int64, c_int64, _ARRAY, c_int64, POINTER(c_int64), POINTER(c_int64),
]
_TRANSPORT = [_HANDLE, POINTER(TransportOptions), c_int64, c_int32, c_int32, _ARRAY, _ARRAY, _ARRAY, _ARRAY, _ARRAY, _ARRAY, _ARRAY]

PROTOTYPES: Dict[str, Tuple[Any, List[Any]]] = {
    "pta_abi_version": (c_uint32, []),
    "pta_version": (c_char_p, []),
    "pta_last_error": (c_char_p, []),
    "pta_default_isa": (_STATUS, [POINTER(c_char_p)]),
    "pta_check_isa": (_STATUS, [c_char_p]),
    "pta_workspace_create": (_STATUS, [c_char_p, _OUT]),
    "pta_workspace_destroy": (None, [_HANDLE]),
    "pta_workspace_isa": (c_char_p, [_HANDLE]),
    "pta_tape_create": (_STATUS, [POINTER(TapeView), _OUT]),
    "pta_tape_destroy": (None, [_HANDLE]),
    "pta_cost_matrix_u8": (_STATUS, _COST),
    "pta_cost_matrix_u16": (_STATUS, _COST),
    "pta_cost_matrices_u8": (_STATUS, [_HANDLE, _HANDLE, _ARRAY, _HANDLE, _ARRAY, c_int64, c_int32, c_int32, _ARRAY]),
    "pta_embeddings_create": (_STATUS, [POINTER(EmbeddingsView), _OUT]),
    "pta_embeddings_destroy": (None, [_HANDLE]),
    "pta_embedding_costs_u8": (_STATUS, [_HANDLE, _HANDLE, _ARRAY, c_int64, _ARRAY, c_int64, _ARRAY, c_int64]),
    "pta_find_nearest_tokens": (_STATUS, [_HANDLE, _HANDLE, _ARRAY, c_int64, _HANDLE, _ARRAY, _ARRAY]),
    "pta_find_alignment_path_u8": (_STATUS, _PATH),
    "pta_find_alignment_path_u16": (_STATUS, _PATH),
    "pta_solve_transport_u8": (_STATUS, _TRANSPORT),
    "pta_solve_transport_f64": (_STATUS, _TRANSPORT),
    "pta_vocabulary_create": (_STATUS, [POINTER(TokenStrings), _OUT]),
    "pta_vocabulary_destroy": (None, [_HANDLE]),
    "pta_vocabulary_count": (c_int32, [_HANDLE]),
    "pta_vocabulary_find": (_STATUS, [_HANDLE, c_char_p, c_int32, POINTER(c_int32)]),
    "pta_vocabulary_token": (_STATUS, [_HANDLE, c_int32, POINTER(c_void_p), POINTER(c_int32), POINTER(ctypes.c_uint8)]),
    "pta_vocabulary_texts": (_HANDLE, [_HANDLE]),
    "pta_vocabulary_strings": (_STATUS, [_HANDLE, _OUT]),
    "pta_find_official_map": (_STATUS, [_HANDLE, _HANDLE, _HANDLE, _ARRAY, c_int64, _ARRAY, _ARRAY]),
    "pta_vocabulary_pair_create": (_STATUS, [POINTER(VocabularyView), POINTER(VocabularyView), POINTER(OfficialView), _OUT]),
    "pta_vocabulary_pair_join": (_STATUS, [_HANDLE, _HANDLE, c_int32, _ARRAY, _OUT]),
    "pta_vocabulary_pair_destroy": (None, [_HANDLE]),
    "pta_vocabulary_pair_set_encoder": (_STATUS, [_HANDLE, FirstToken, c_void_p]),
    "pta_vocabulary_pair_set_embeddings": (_STATUS, [_HANDLE, _HANDLE]),
    "pta_align_capacity": (c_int64, [POINTER(AlignOptions), c_int32, c_int32, c_int32]),
    "pta_align_batch": (_STATUS, [_HANDLE, _HANDLE, POINTER(AlignOptions), _ARRAY, c_int64]),
}
"""Every function of the header: what it returns and what it takes."""
