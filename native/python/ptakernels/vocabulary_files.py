"""Vocabularies from the files that tokenizers come in, recognised by content:

- Hugging Face tokenizer.json: byte-level BPE, BPE with markers and byte fallback, Unigram;
- vocab.json with merges.txt beside it: byte-level BPE as GPT-2's;
- a SentencePiece .model;
- a tiktoken rank file: of a known encoding, or with its special tokens beside it in NAME.special.json;
- our own JSON: {"name", "class", "special", "eos_id", "tokens": [id -> string or null]}.

Each of them plain or gzip, or a folder that holds one. Roles of Hugging Face files come from tokenizer_config.json, special_tokens_map.json and
added_tokens.json beside them.
"""

from __future__ import annotations

import glob
import os
import re
from typing import List, Optional, Tuple

from . import _abi, _token_text
from ._json_place import FORMATS, JsonPlace, read_content
from ._token_table import TokenTable, TokenTableBuilder
from .errors import DataError

__all__ = ["FORMATS", "read"]

_IN_FOLDER = ("tokenizer.json", "tokenizer.json.gz", "vocab.json", "vocab.json.gz", "*.model", "*.tiktoken")
"""The files a folder is searched for, best first: the first one says the most about markers and special tokens."""

_ENDINGS = (".gz", ".json", ".model", ".tiktoken")
_NAMELESS = ("tokenizer", "vocab", "spiece", "sentencepiece", "sentencepiece.bpe")
"""File names that say nothing: the folder's name is the tokenizer's."""

CONTROL_TOKEN = re.compile(r"<\|[a-zA-Z0-9_]+\|>")
"""The usual spelling of a control token."""

_ROLE_IDS = (("eos_id", _abi.ROLE_EOS), ("bos_id", _abi.ROLE_BOS), ("pad_id", _abi.ROLE_PAD), ("unk_id", _abi.ROLE_UNK))
_ROLE_SPELLINGS = {"<s>": _abi.ROLE_BOS, "</s>": _abi.ROLE_EOS, "<unk>": _abi.ROLE_UNK, "<pad>": _abi.ROLE_PAD}


def read(path: str) -> TokenTable:
    """Reads a vocabulary. Raises DataError whose sentence names the file, the place in it and what is expected."""
    file = _find_in(path) if os.path.isdir(path) else path
    return parse(file, read_content(file))


def parse(file: str, content: bytes) -> TokenTable:
    """Reads unpacked content; the path is for messages, the name and the files beside it."""
    from .vocabulary_models import is_sentencepiece, is_tiktoken, read_sentencepiece, read_tiktoken

    text = content.lstrip(b" \t\r\n")
    if not text:
        raise DataError(f"{file}: is empty; expected a vocabulary: {FORMATS}.")
    if text.startswith(b"version https://git-lfs"):
        raise DataError(f"{file}: is a Git LFS pointer, not the file it stands for; fetch that with git lfs pull.")
    if text[:1] == b"{":
        return _read_json(JsonPlace.parse(file, content))
    ending = file[:-3] if file.lower().endswith(".gz") else file
    if is_tiktoken(content) or ending.lower().endswith(".tiktoken"):
        return read_tiktoken(file, content, name_of(file))
    if is_sentencepiece(content):
        return read_sentencepiece(file, content, name_of(file))
    if text.startswith(b"#version"):
        raise DataError(f"{file}: holds merges, not tokens; name the vocab.json beside it.")
    raise DataError(f"{file}: starts like none of the vocabulary formats; expected {FORMATS}.")


def name_of(file: str) -> str:
    """A short name for messages."""
    name = os.path.basename(file)
    for ending in _ENDINGS:
        if name.lower().endswith(ending):
            name = name[: -len(ending)]
    folder = os.path.basename(os.path.dirname(os.path.abspath(file)))
    if name.lower() in _NAMELESS and folder:
        name = folder
    return name or "vocabulary"


def _read_json(root: JsonPlace) -> TokenTable:
    from .vocabulary_json import is_vocab_json, read_tokenizer_json, read_vocab_json

    # A vocab.json may well have tokens named "tokens" and "model", but those are ids.
    tokens, model = root.find("tokens"), root.find("model")
    if tokens is not None and tokens.is_list:
        return _read_own(root, tokens)
    if model is not None and model.is_object:
        return read_tokenizer_json(root, name_of(root.file))
    if is_vocab_json(root):
        return read_vocab_json(root, name_of(root.file))
    raise DataError(f"{root.file}: is JSON without tokens (our form), model (tokenizer.json) or ids of strings (vocab.json); expected one of the three.")


def _find_in(folder: str) -> str:
    for pattern in _IN_FOLDER:
        found = sorted(glob.glob(os.path.join(glob.escape(folder), pattern)))
        if len(found) > 1:
            raise DataError(f"{folder}: holds {len(found)} files {pattern}; name the one that is meant.")
        if found:
            return found[0]
    raise DataError(f"{folder}: holds no vocabulary; expected tokenizer.json, vocab.json with merges.txt, a .model or a .tiktoken in it.")


# ---- Our own JSON. class is the tokenizer class of the official code: LlamaTokenizer (SentencePiece, marker U+2581, dummy prefix) or GPTNeoXTokenizerFast
# (byte-level BPE, marker U+0120). Roles come from eos_id and from the usual spellings. Optional: bos_id, pad_id, unk_id, and dummy_prefix.


def _read_own(root: JsonPlace, tokens: JsonPlace) -> TokenTable:
    name, marker, kind = root.text_of("name"), root.text_of("special"), root.text_of("class")
    if not name or not marker or not tokens.value:
        raise DataError(f"{root.file}: name, special or tokens are missing or empty; expected vocabulary JSON with name, class, special and tokens.")
    if kind not in ("GPTNeoXTokenizerFast", "GPT2TokenizerFast", "LlamaTokenizer", "LlamaTokenizerFast"):
        raise DataError(f"{root.file}: class '{kind or ''}' is unknown; use LlamaTokenizer or GPTNeoXTokenizerFast.")
    byte_level = kind.startswith("GPT")
    named: List[Tuple[Optional[int], int]] = []
    for member, role in _ROLE_IDS:
        found = root.find(member)
        named.append((None if found is None else found.integer(), role))
        if found is not None and not 0 <= found.integer() < len(tokens.value):
            raise DataError(f"{root.file}: {member} is {found.integer()}; expected null or an id below {len(tokens.value)}.")
    builder = TokenTableBuilder(root.file)
    for i, item in enumerate(tokens.items()):
        if item.value is not None:
            _add_own(builder, item, i, byte_level, sum(role for named_id, role in named if named_id == i))
    builder.reserve(len(tokens.value))
    return builder.build(name, marker, byte_level, root.flag("dummy_prefix", missing=not byte_level))


def _add_own(builder: TokenTableBuilder, item: JsonPlace, token: int, byte_level: bool, named: int) -> None:
    string = item.text()
    roles = named | _ROLE_SPELLINGS.get(string, 0)
    if roles or CONTROL_TOKEN.fullmatch(string):
        builder.add(item.where, token, string, b"", roles | _abi.ROLE_SPECIAL)
        return
    if byte_level:
        text = _token_text.bytes_of_byte_level(string)
    else:
        text = _token_text.byte_of_fallback(string) or _token_text.bytes_of_piece(string, _token_text.SENTENCEPIECE_MARKER)
    builder.add(item.where, token, string, b"" if text is None else text, _abi.ROLE_SPECIAL if text is None else 0)
