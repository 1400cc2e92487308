"""Several sources of one target (SPEC A3.5): the choice between independent ones, and the fold of recursive ones."""

from __future__ import annotations

from array import array
from typing import Any, List, Optional, Sequence, Tuple, Union

from ._arrays import numpy
from ._fallback import own_rows
from .alignment import DocumentPair, TokenizedDocument, align_batch
from .options import DEFAULT_PRESET, Options
from .rows import ROW_BYTES, ROW_TYPE, RULE_TARGET, TRANSFERRED, AlignedDocument, Rows
from .vocabulary import VocabularyPair
