"""Compact stores of a teacher's candidates and of aligned rows: for corpora that are too large for JSON lines or dataset folders.

A store is a folder of Arrow shards and ``manifest.jsonl``, which knows every byte of them; ``pta store check`` looks for damage, ``pta align`` reads teachers'
stores and writes aligned ones. TeacherStoreWriter writes a teacher's rows from a program's own loop, from_hugging_face and from_vllm are such loops.
TeacherStore and AlignedStore read any document by its number.
"""

from __future__ import annotations

from ._recipes import from_hugging_face, from_vllm
from ._store_format import StoreTokenizer
from ._store_reader import AlignedRows, AlignedStore, TeacherRows, TeacherStore
from ._teacher_writer import TeacherStoreWriter

__all__ = ["AlignedRows", "AlignedStore", "StoreTokenizer", "TeacherRows", "TeacherStore", "TeacherStoreWriter", "from_hugging_face", "from_vllm"]
