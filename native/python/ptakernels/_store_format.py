"""The format of compact stores, as C# has it: header, manifest, columns, token ids (README, "Massive corpora")."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass, field
from typing import Any, Dict, List, Mapping, Optional, Sequence, Tuple

from ._arrow_schema import Field, Schema, type_of
from ._numpy import numpy as np
from .errors import DataError

FORMAT, SCHEMA_VERSION = "pta-store", 1
MANIFEST = "manifest.jsonl"
HEADER_KEY = "pta.store"
MAX_K, MAX_SOURCES = 64, 15
NUMBER_TYPES = ("float16", "float32", "float64")
VALUE_KINDS = ("raw_logit", "logprob")
ID_ENCODINGS = ("u16", "u32", "packed")
TEACHER, ALIGNED = "teacher", "aligned"
RULES = ".OSNXMGBPZLTCW"
"""Letters of the rules that fill a row, by number; ``.`` is a masked row (C#'s RowRule)."""

PREFIX_RULE = RULES.index("P")
"""The only rule whose kappa is stored; by every other it is 1."""

_MAX_MANIFEST = 1 << 30
_CHECK, _CHECK_DIGITS = b',"check":"', 16


@dataclass(frozen=True)
class StoreTokenizer:
    """The tokenizer whose ids a store holds: its name, its fingerprint (of every id's string and role), and the number of its ids."""

    name: str
    fingerprint: str
    tokens: int

    def __post_init__(self) -> None:
        if not self.name or not self.fingerprint or not 0 < self.tokens < 2 ** 31:
            raise ValueError(f"a tokenizer needs a name, a fingerprint and at least one token, not {self}.")

    @classmethod
    def of(cls, vocabulary: Any) -> "StoreTokenizer":
        """A vocabulary's, which has ``name``, ``fingerprint`` and a length; one of these is returned as it is."""
        return vocabulary if isinstance(vocabulary, cls) else cls(vocabulary.name, vocabulary.fingerprint, len(vocabulary))


def usual_encoding(tokens: int) -> str:
    """How ids are kept where nothing else is asked for: 16 bits where the vocabulary fits, else packed."""
    return "packed" if tokens > 1 << 16 else "u16"


@dataclass(frozen=True)
class TokenIds:
    """Token ids as a column's values: ``u16``, ``u32``, or ``packed``, as many bits each as the vocabulary needs, least significant first."""

    encoding: str
    tokens: int

    @property
    def bits(self) -> int:
        """Bits of a packed id."""
        return max(1, (self.tokens - 1).bit_length())

    @property
    def type_name(self) -> str:
        """Type of a column of them."""
        return {"u16": "list<uint16>", "u32": "list<uint32>", "packed": "binary"}[self.encoding]

    def encode(self, ids: np.ndarray) -> np.ndarray:
        """Ids, which must fit, as the items of a row."""
        return pack(ids, self.bits) if self.encoding == "packed" else ids.astype(np.uint16 if self.encoding == "u16" else np.uint32)

    def decode(self, items: np.ndarray, count: int) -> np.ndarray:
        """The items of a row as ids: int32 where they were packed, else as stored. ValueError where they are not ``count`` ids below the vocabulary's size."""
        expected = (count * self.bits + 7) // 8 if self.encoding == "packed" else count
        if len(items) != expected:
            raise ValueError(f"{len(items)} items are not {count} ids")
        ids = unpack(items, self.bits, count) if self.encoding == "packed" else items
        if count and int(ids.max()) >= self.tokens:
            raise ValueError(f"{int(ids.max())} is no id of {self.tokens} tokens")
        return ids


def pack(values: np.ndarray, bits: int) -> np.ndarray:
    """Numbers below 2^bits one after another, least significant bit first, in whole bytes; unused bits of the last are 0."""
    each = np.unpackbits(np.ascontiguousarray(values, "<u4").view(np.uint8).reshape(-1, 4), axis=1, bitorder="little")[:, :bits]
    return np.packbits(each.reshape(-1), bitorder="little")


def unpack(packed: np.ndarray, bits: int, count: int) -> np.ndarray:
    """The numbers as int32."""
    padded = np.zeros(len(packed) + 8, np.uint8)
    padded[:len(packed)] = packed
    at = np.arange(count, dtype=np.int64) * bits
    # The eight bytes from each byte on: a number and the bits before it in its first byte fit into them.
    windows: np.ndarray = np.ndarray(len(packed) + 1, "<u8", padded, strides=(1,))
    return ((windows[at >> 3] >> (at & 7).astype(np.uint64)) & np.uint64((1 << bits) - 1)).astype(np.int32)


def sum_type(values: str) -> str:
    """Type of log-sum-exps: they are in the tens, where float16 would lose the probabilities."""
    return "float32" if values == "float16" else "float64"


@dataclass(frozen=True)
class StoreHeader:
    """The first line of a manifest: what holds for all shards. ``content`` is its JSON object, without the check."""

    content: Mapping[str, Any]

    @property
    def kind(self) -> str:
        """``teacher`` or ``aligned``."""
        return self.content["kind"]

    @property
    def tokenizer(self) -> StoreTokenizer:
        """The tokenizer of all ids: the model's, or the target's."""
        return StoreTokenizer(**self.content["tokenizer"])

    @property
    def ids(self) -> TokenIds:
        """How ids are kept."""
        return TokenIds(self.content["ids"], self.content["tokenizer"]["tokens"])

    @property
    def values(self) -> str:
        """Type of the values."""
        return self.content["values"]

    @property
    def k(self) -> int:
        """Teacher: candidates per position."""
        return self.content["k"]

    @property
    def sources(self) -> Tuple[StoreTokenizer, ...]:
        """Aligned: the sources' tokenizers in listing order."""
        return tuple(StoreTokenizer(**s) for s in self.content["sources"])

    @property
    def groups(self) -> Tuple[str, ...]:
        """Aligned: suffixes of the groups of fused rows, one without a name where sources are merged, else one for each source."""
        return tuple(f"_{s}" for s in range(len(self.content["sources"]))) if self.content["unit"] == "official" else ("",)

    def schema(self, others: Sequence[Field] = ()) -> Schema:
        """The schema of a shard; ``others`` are columns that the store does not know."""
        content, ids, values = self.content, self.ids.type_name, f"list<{self.values}>"
        if self.kind == TEACHER:
            columns = {
                "candidates": ids, "values": values, "log_sum_exp": f"list<{sum_type(self.values)}>", "label_cross_entropy": f"list<{content['label_type']}>",
                "mean_cross_entropy": "float64", "byte_lengths": "list<uint16>", "byte_offsets": "list<int32>",
            }
            if content["official"]:
                columns.update({"attention_mask": "list<int8>", "labels": "list<int64>"})
        else:
            columns = {"row": "int64"}
            for group in self.groups:
                columns.update({
                    f"counts{group}": "list<uint8>", f"tokens{group}": ids, f"values{group}": values, f"missing{group}": values, f"kappa{group}": values,
                    f"provenance{group}": "list<uint8>", f"mean_cross_entropy{group}": "float64",
                })
        named = {"id": "utf8", "text_bytes": "int64", "input_ids": ids, **columns}
        return Schema(tuple(Field(n, type_of(t)) for n, t in named.items()) + tuple(others), {HEADER_KEY: json_of(content)})


def json_of(value: Any) -> str:
    """JSON as C# writes it: no white space, everything but what must be escaped as it is."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def line_of(value: Mapping[str, Any]) -> bytes:
    """A line of a manifest: the object, and at its end a check of the bytes before it."""
    body = json_of(value).encode()[:-1]
    return body + _CHECK + _check_of(body) + b'"}\n'


def _check_of(body: bytes) -> bytes:
    return hashlib.sha256(body).hexdigest()[:_CHECK_DIGITS].encode()


def totals_of(shards: Sequence[Mapping[str, Any]]) -> Dict[str, int]:
    """The last line that belongs to some shards."""
    return {"shards": len(shards), **{key: sum(s.get(key) or 0 for s in shards) for key in ("documents", "tokens", "text_bytes", "quarantined")}}


@dataclass
class Manifest:
    """As much of a manifest as is whole, and what is wrong with the rest, a phrase for each line."""

    header: Optional[StoreHeader] = None
    shards: List[Dict[str, Any]] = field(default_factory=list)
    totals: Optional[Dict[str, int]] = None
    damage: List[str] = field(default_factory=list)


def read_manifest(folder: str) -> Manifest:
    """The manifest of a complete store. DataError where there is none, or it is damaged."""
    path = os.path.join(folder, MANIFEST)
    if not os.path.exists(path):
        raise DataError(f"{folder}: is no store: it has no {MANIFEST}.")
    manifest = scan_manifest(path)
    if manifest.damage:
        raise DataError(f"{path}: {manifest.damage[0]}; run `pta store repair {folder}`, or copy the store again.")
    return manifest


def scan_manifest(path: str) -> Manifest:
    """Reads as much of a manifest as is whole. DataError where it is larger than any, or of a newer schema."""
    if os.path.getsize(path) > _MAX_MANIFEST:
        raise DataError(f"{path}: has {os.path.getsize(path)} bytes, and a manifest has {_MAX_MANIFEST} at most; copy the store again.")
    with open(path, "rb") as file:
        lines = file.read().split(b"\n")
    manifest = Manifest()
    cut = lines.pop()
    for number, line in enumerate(lines, 1):
        body, check, rest = line[:-len(_CHECK) - _CHECK_DIGITS - 2], line[-len(_CHECK) - _CHECK_DIGITS - 2:-2], line[-2:]
        if check != _CHECK + _check_of(body) or rest != b'"}':
            manifest.damage.append(f"line {number} is damaged")
        elif manifest.totals is not None:
            manifest.damage.append(f"line {number} stands behind the last one")
        else:
            _take(manifest, number, body, path)
    if cut:
        manifest.damage.append(f"line {len(lines) + 1} was cut off")
    if not manifest.damage:
        if manifest.header is None:
            manifest.damage.append("is empty")
        elif manifest.totals is None:
            manifest.damage.append("has no last line: the store is not complete")
        elif manifest.totals != totals_of(manifest.shards):
            manifest.damage.append("its last line disagrees with its shards")
    return manifest


def _take(manifest: Manifest, number: int, body: bytes, path: str) -> None:
    """Takes a line that is whole."""
    try:
        content = json.loads(body + b"}")
    except (ValueError, RecursionError):
        content = {}
    if number == 1:
        if content.get("format") == FORMAT and isinstance(content.get("schema"), int) and content["schema"] > SCHEMA_VERSION:
            raise DataError(f"{path}: is of schema {content['schema']}, and this program reads up to {SCHEMA_VERSION}; take a newer one.")
        if _is_header(content):
            manifest.header = StoreHeader(content)
        else:
            manifest.damage.append("line 1 describes no store")
    elif body.startswith(b'{"shards":'):
        manifest.totals = content
    elif _is_shard(content):
        manifest.shards.append(content)
    else:
        manifest.damage.append(f"line {number} describes no shard")


def _is_tokenizer(value: Any) -> bool:
    try:
        StoreTokenizer(**value)
        return isinstance(value["tokens"], int)
    except (TypeError, ValueError):
        return False


def _is_header(content: Dict[str, Any]) -> bool:
    common = (content.get("format") == FORMAT and content.get("schema") == SCHEMA_VERSION and _is_tokenizer(content.get("tokenizer"))
              and content.get("ids") in ID_ENCODINGS and content.get("values") in NUMBER_TYPES and isinstance(content.get("splits"), list)
              and isinstance(content.get("producer"), dict))
    if content.get("kind") == ALIGNED:
        sources = content.get("sources")
        return (common and content.get("unit") in ("probabilities", "official") and isinstance(sources, list) and 0 < len(sources) <= MAX_SOURCES
                and all(map(_is_tokenizer, sources)))
    return (common and content.get("kind") == TEACHER and isinstance(content.get("k"), int) and 0 < content["k"] <= MAX_K
            and content.get("value_kind") in VALUE_KINDS and content.get("label_type") in NUMBER_TYPES and isinstance(content.get("official"), bool))


def _is_shard(content: Dict[str, Any]) -> bool:
    file, numbers = content.get("file"), ("bytes", "documents", "tokens", "text_bytes", "first_row", "rows")
    return (isinstance(file, str) and file == os.path.basename(file) and file not in ("", ".", "..") and isinstance(content.get("sha256"), str)
            and isinstance(content.get("split"), str) and all(isinstance(content.get(n), int) and content[n] >= 0 for n in numbers))


def shard_file(number: int) -> str:
    """The file of a shard."""
    return f"shard-{number:06d}.arrow"


def damage_of(folder: str, shard: Mapping[str, Any]) -> Optional[str]:
    """What is wrong with a shard's file, or None."""
    path, digest = os.path.join(folder, shard["file"]), hashlib.sha256()
    if not os.path.exists(path):
        return "is missing"
    if os.path.getsize(path) != shard["bytes"]:
        return f"has {os.path.getsize(path)} bytes instead of {shard['bytes']}"
    with open(path, "rb", buffering=0) as file:
        while piece := file.read(1 << 20):
            digest.update(piece)
    return None if digest.hexdigest() == shard["sha256"] else "is damaged: its SHA-256 is not the manifest's"
