"""Vocabularies and encoders of tokenizer objects, by what they can do and without importing the libraries they come from:

- Hugging Face tokenizers, fast ones by the JSON of their backend, slow ones by their SentencePiece model or by their strings;
- sentencepiece processors, by their serialized model;
- tiktoken encodings.
"""

from __future__ import annotations

import re
from typing import Any, Callable, Dict, List, Optional

from . import _abi
from ._json_place import JsonPlace
from ._token_table import TokenTable, TokenTableBuilder
from ._token_text import BYTE_LEVEL_MARKER, SENTENCEPIECE_MARKER
from .vocabulary import Vocabulary
from .vocabulary_json import Roles, Style, read_tokenizer_json
from .vocabulary_models import read_sentencepiece, tiktoken_table

__all__ = ["encoder_of", "table_of"]

_ROLE_NAMES = (("bos_token", _abi.ROLE_BOS), ("eos_token", _abi.ROLE_EOS), ("pad_token", _abi.ROLE_PAD), ("unk_token", _abi.ROLE_UNK))

_BYTE_LEVEL_CLASS = re.compile(r"GPT|Roberta|Bart|Qwen|CodeGen|Bloom|OPT|Phi|Longformer|LED|Blenderbot(?!Small)|Whisper|Deberta(?!V2)", re.IGNORECASE)
"""Slow tokenizer classes of GPT-2's kind, where nothing in the object says so."""


def table_of(tokenizer: Any) -> TokenTable:
    """The tokens of a tokenizer object. Raises TypeError where it is none of these, DataError where it is of a kind that is not supported."""
    name = _name_of(tokenizer)
    if hasattr(tokenizer, "_special_tokens") and hasattr(tokenizer, "decode_single_token_bytes"):
        return _tiktoken(tokenizer, name)
    if hasattr(tokenizer, "id_to_piece") or hasattr(tokenizer, "IdToPiece"):
        return _sentencepiece(tokenizer, name)
    if not hasattr(tokenizer, "get_vocab"):
        raise TypeError(
            f"tokenizer is a {type(tokenizer).__name__}; expected a Hugging Face tokenizer, a sentencepiece processor or a tiktoken encoding; "
            "Vocabulary.from_tokens takes any other."
        )
    backend = getattr(tokenizer, "backend_tokenizer", tokenizer)
    if hasattr(backend, "to_str"):
        root = JsonPlace.parse(f"tokenizer {name}", backend.to_str().encode("utf-8", "surrogatepass"))
        return read_tokenizer_json(root, name, _roles_of(tokenizer))
    return _slow(tokenizer, name)


def _name_of(tokenizer: Any) -> str:
    name = getattr(tokenizer, "name_or_path", None) or getattr(tokenizer, "name", None)
    return str(name).rstrip("/").rsplit("/", 1)[-1] if isinstance(name, str) and name else type(tokenizer).__name__


def _roles_of(tokenizer: Any) -> Roles:
    """Roles from a Hugging Face tokenizer's attributes; its added tokens are in the backend's JSON."""
    roles = Roles()
    for name, role in _ROLE_NAMES:
        token = getattr(tokenizer, name, None)
        if token:
            roles.give(str(token), role)
    for token in getattr(tokenizer, "all_special_tokens", None) or ():
        roles.give(str(token), _abi.ROLE_SPECIAL)
    return roles


def _tiktoken(encoding: Any, name: str) -> TokenTable:
    specials: Dict[str, int] = dict(encoding._special_tokens)
    ranks = getattr(encoding, "_mergeable_ranks", None)
    if ranks is None:
        ranks = {}
        taken = set(specials.values())
        for token in range(encoding.n_vocab):
            if token not in taken:
                try:
                    ranks[encoding.decode_single_token_bytes(token)] = token
                except KeyError:  # an id without a token
                    continue
    return tiktoken_table(name, ranks, specials)


def _sentencepiece(processor: Any, name: str) -> TokenTable:
    serialized = getattr(processor, "serialized_model_proto", None)
    if serialized is not None:
        return read_sentencepiece(f"tokenizer {name}", bytes(serialized()), name)

    def call(snake: str, *arguments: Any) -> Any:
        method = getattr(processor, snake, None) or getattr(processor, "".join(part.capitalize() for part in snake.split("_")))
        return method(*arguments)

    builder = TokenTableBuilder(f"tokenizer {name}")
    style = Style(False, SENTENCEPIECE_MARKER, True, True)
    for token in range(call("get_piece_size")):
        piece = call("id_to_piece", token)
        special = call("is_control", token) or call("is_unknown", token)
        roles = (_abi.ROLE_SPECIAL | (_abi.ROLE_UNK if call("is_unknown", token) else 0)) if special else 0
        text = style.text_of(piece) if call("is_byte", token) else style._replace(byte_fallback=False).text_of(piece)
        builder.add(f"piece {token}", token, piece, b"" if special else text, roles)
    for method, role in (("bos_id", _abi.ROLE_BOS), ("eos_id", _abi.ROLE_EOS), ("pad_id", _abi.ROLE_PAD)):
        token = call(method)
        if token >= 0 and builder.find(token) is not None and call("is_control", token):
            builder.mark(token, role)
    # Only an encoding says whether the normaliser puts a space before the text.
    first = call("id_to_piece", call("encode_as_ids", "a")[0])
    return builder.build(name, SENTENCEPIECE_MARKER, False, first.startswith(SENTENCEPIECE_MARKER))


def _slow(tokenizer: Any, name: str) -> TokenTable:
    """A slow Hugging Face tokenizer: by its SentencePiece model where it has one, else by its strings, of which the class says what they stand for."""
    processor = getattr(tokenizer, "sp_model", None)
    byte_level = processor is None and (hasattr(tokenizer, "byte_encoder") or _BYTE_LEVEL_CLASS.search(type(tokenizer).__name__) is not None)
    prefix = getattr(tokenizer, "add_prefix_space", None)
    if processor is not None and hasattr(processor, "serialized_model_proto"):
        model = read_sentencepiece(f"tokenizer {name}", bytes(processor.serialized_model_proto()), name)
        texts = {string: text for string, text in zip(model.strings, model.texts or ())}
        dummy_prefix = model.dummy_prefix if prefix is None else bool(prefix)
    else:
        texts = {}
        dummy_prefix = bool(prefix) if byte_level else prefix is not False
    style = Style(byte_level, BYTE_LEVEL_MARKER if byte_level else SENTENCEPIECE_MARKER, not byte_level, dummy_prefix)
    builder = TokenTableBuilder(f"tokenizer {name}")
    added = set((getattr(tokenizer, "get_added_vocab", dict)() or {}))
    for string, token in sorted(tokenizer.get_vocab().items(), key=lambda entry: int(entry[1])):
        text = texts.get(string)
        if text is None:
            text = string.encode("utf-8") if string in added else style.text_of(string)
        builder.add("get_vocab()", token, string, text)
    roles = _roles_of(tokenizer)
    for token in getattr(tokenizer, "all_special_ids", None) or ():
        if builder.find(token) is not None:
            builder.mark(token, _abi.ROLE_SPECIAL)
    roles.apply(builder, byte_level, True)
    return builder.build(name, style.marker, byte_level, dummy_prefix)


# ---- The target's encoder for projection byte.

_PROBES = ("\n", "\n\n", "|")
"""Texts that no token continues in most tokenizers; put before a text, they take the dummy prefix away from it."""


def encoder_of(tokenizer: Any, vocabulary: Optional[Vocabulary] = None) -> Callable[[bytes], Optional[int]]:
    """The first token that a tokenizer makes of some bytes from inside of a document, for VocabularyPair's encoder: no special tokens, no space put before.

    vocabulary: the tokenizer's, made of it where it is not given; it answers where the tokenizer cannot.

    What is exact: tiktoken encodings, and tokenizers that put no space before the text, on whole UTF-8. What is not:
    - A tokenizer that puts a space before the text (Llama-2's kind) is given a line break before it, whose tokens are then taken away. Where these do not
      stand alone (a normaliser turns line breaks into spaces, or a token goes across), the longest token that the text begins with is the answer.
    - Bytes that end within a character are encoded without that rest; bytes that begin within one get the longest token that they begin with.
    """
    if vocabulary is None:
        vocabulary = Vocabulary.from_tokenizer(tokenizer)
    longest = _LongestToken(vocabulary)
    encode = _encode_of(tokenizer)
    probe = _probe_of(encode) if vocabulary.dummy_prefix else None
    trusted = probe is not None or not vocabulary.dummy_prefix

    def first_token(text: bytes) -> Optional[int]:
        whole = _whole_part(text)
        if not whole or not trusted:
            return longest(text)
        if probe is None:
            tokens = encode(whole)
            return tokens[0] if tokens else None
        before = encode(probe)
        tokens = encode(probe + whole)
        if tokens[: len(before)] != before:
            return longest(text)
        return tokens[len(before)] if len(tokens) > len(before) else None

    return first_token


def _encode_of(tokenizer: Any) -> Callable[[str], List[int]]:
    if hasattr(tokenizer, "encode_ordinary"):
        return lambda text: list(tokenizer.encode_ordinary(text))
    if hasattr(tokenizer, "encode_as_ids"):
        return lambda text: list(tokenizer.encode_as_ids(text))
    if not hasattr(tokenizer, "encode"):
        raise TypeError(f"tokenizer is a {type(tokenizer).__name__}, which has no encode; pass a callable of your own as the pair's encoder.")

    def encode(text: str) -> List[int]:
        encoded = tokenizer.encode(text, add_special_tokens=False)
        return list(getattr(encoded, "ids", encoded))

    return encode


def _probe_of(encode: Callable[[str], List[int]]) -> Optional[str]:
    """A text whose tokens stay the same whatever follows, or None."""
    for probe in _PROBES:
        alone = encode(probe)
        if alone and all(encode(probe + rest)[: len(alone)] == alone and len(encode(probe + rest)) > len(alone) for rest in ("a", " a", "1", "The", "\u00e9")):
            return probe
    return None


def _whole_part(text: bytes) -> str:
    """The text up to its first byte that is no whole character, usually one that is cut off at the end."""
    try:
        return text.decode("utf-8")
    except UnicodeDecodeError as error:
        return text[: error.start].decode("utf-8")


class _LongestToken:
    """The longest ordinary token that a text begins with, the lowest id of several."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._ids: Dict[bytes, int] = {}
        for token in range(len(vocabulary) - 1, -1, -1):
            text = vocabulary.text(token)
            if text:
                self._ids[text] = token
        self._longest = max(map(len, self._ids), default=0)

    def __call__(self, text: bytes) -> Optional[int]:
        for length in range(min(len(text), self._longest), 0, -1):
            found = self._ids.get(text[:length])
            if found is not None:
                return found
        return None
