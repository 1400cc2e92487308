"""Tokenizers as the official code sees them: strings by id, the word marker that belongs to a class, and what is kept of them from call to call."""

from __future__ import annotations

import os
import threading
import weakref
from collections import OrderedDict
from typing import Any, Dict, List, Mapping, Optional, Sequence, Tuple, Union

from ..errors import DataError, PtaError
from ..vocabulary import Vocabulary, VocabularyPair

__all__ = [
    "TOKENIZER_TO_SPECIAL_TOKEN", "TokenizerClassError", "TokenizerView", "VocabularyTokenizer", "clear_cache", "pair_of", "register_tokenizer", "view_of",
]

_SENTENCEPIECE, _BYTE_LEVEL = "\u2581", "\u0120"

TOKENIZER_TO_SPECIAL_TOKEN: Dict[Union[str, type], str] = {"LlamaTokenizer": _SENTENCEPIECE, "GPTNeoXTokenizerFast": _BYTE_LEVEL}
"""The official table: word markers by tokenizer class, or by its name, so that transformers need not be imported. register_tokenizer adds to it."""

_MOST_PAIRS = 8
"""Pairs of vocabularies that are kept; each holds the official strings of both."""


class TokenizerClassError(PtaError, KeyError):
    """A tokenizer of a class whose word marker is not known: a KeyError, as in the official code."""

    def __str__(self) -> str:
        return str(self.args[0])


def register_tokenizer(kind: Union[str, type], marker: str) -> None:
    """Names the word marker of a tokenizer class, given as the class or as its name: "\u2581" of SentencePiece or "\u0120" of byte-level BPE.

    A class with the byte-level marker gets the target's marker before its first token where that has one, as the official code does for GPT tokenizers.
    """
    if not isinstance(kind, (str, type)):
        raise TypeError(f"kind is a {type(kind).__name__}; expected a class or its name.")
    if not marker:
        raise ValueError("marker is empty; expected the character that stands for a space, such as \u2581.")
    TOKENIZER_TO_SPECIAL_TOKEN[kind] = marker


class VocabularyTokenizer:
    """A Vocabulary with the methods that the official functions ask a tokenizer for. It encodes nothing."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self.vocabulary = vocabulary
        self._ids = {s: i for i, s in enumerate(map(vocabulary.string, range(len(vocabulary)))) if s is not None}

    def __len__(self) -> int:
        return len(self._ids)

    def convert_ids_to_tokens(self, ids: Sequence[int]) -> List[Optional[str]]:
        """Strings of ids; None for an id without a token."""
        return [self.vocabulary.string(i) if 0 <= i < len(self.vocabulary) else None for i in ids]

    def get_vocab(self) -> Dict[str, int]:
        """Ids by string, in id order."""
        return dict(self._ids)


class TokenizerView:
    """What is kept of a tokenizer: strings by id (None: no token), the marker, and whether it is byte-level."""

    __slots__ = ("strings", "marker", "byte_level", "count", "is_unique", "_vocabulary", "_making")

    def __init__(self, tokenizer: Any) -> None:
        if isinstance(tokenizer, VocabularyTokenizer):
            own = tokenizer.vocabulary
            self.strings: List[Optional[str]] = [own.string(i) for i in range(len(own))]
            self.marker, self.byte_level = own.marker, own.style == "byte-level"
        else:
            own = None
            self.marker = _marker_of(tokenizer)
            self.byte_level = self.marker == _BYTE_LEVEL
            self.strings = _strings_of(tokenizer)
        self.count = sum(s is not None for s in self.strings)
        self.is_unique = len(set(self.strings) - {None}) == self.count
        self._vocabulary = own
        self._making = threading.Lock()

    def string(self, token: int) -> str:
        """The string of an id. DataError where it has none."""
        found = self.strings[token] if 0 <= token < len(self.strings) else None
        if found is None:
            raise DataError(f"id {token} has no token in its vocabulary of {len(self.strings)} ids; use the tokenizer that made the ids.")
        return found

    def stripped(self, token: int) -> str:
        """The string of an id without the marker."""
        return self.string(token).replace(self.marker, "")

    @property
    def vocabulary(self) -> Vocabulary:
        """The same for the native side: strings only, because the official code knows neither texts nor roles. ValueError where a string stands twice."""
        with self._making:
            if self._vocabulary is None:
                style = "byte-level" if self.byte_level else "sentencepiece"
                self._vocabulary = Vocabulary.from_tokens(self.strings, style=style, marker=self.marker, name="tokenizer")
        return self._vocabulary


def _marker_of(tokenizer: Any) -> str:
    kind = tokenizer.__class__
    for key in (kind, kind.__name__):
        if key in TOKENIZER_TO_SPECIAL_TOKEN:
            return TOKENIZER_TO_SPECIAL_TOKEN[key]
    known = ", ".join(k if isinstance(k, str) else k.__name__ for k in TOKENIZER_TO_SPECIAL_TOKEN)
    raise TokenizerClassError(
        f"{kind.__name__} is none of the tokenizer classes whose word marker is known ({known}); pass a tokenizer of one of these, or name its marker with "
        f"ptakernels.fusellm.register_tokenizer({kind.__name__!r}, \"\u2581\") or \"\u0120\"."
    )


def _strings_of(tokenizer: Any) -> List[Optional[str]]:
    ids = sorted(set(tokenizer.get_vocab().values()))
    if not ids or ids[0] < 0:
        raise ValueError("the tokenizer's get_vocab() is empty or has negative ids; expected its tokens.")
    strings: List[Optional[str]] = [None] * (ids[-1] + 1)
    for i, string in zip(ids, tokenizer.convert_ids_to_tokens(ids)):
        strings[i] = string
    return strings


# ---- What is kept. A view lives as long as its tokenizer; a pair as long as it is among the last ones used.

_lock = threading.RLock()
_views: Dict[int, Tuple[Any, Any, TokenizerView]] = {}
_pairs: "OrderedDict[Tuple[int, int, int], Tuple[TokenizerView, TokenizerView, Optional[Mapping[str, str]], int, VocabularyPair]]" = OrderedDict()


def view_of(tokenizer: Any) -> TokenizerView:
    """The view of a tokenizer, kept weakly by the object itself and its number of tokens, so that added tokens make it anew.

    A token that is exchanged for another one is not noticed: call clear_cache then. TokenizerClassError where the class is not known.
    """
    size = _size_of(tokenizer)
    key = id(tokenizer)
    with _lock:
        known = _views.get(key)
        if known is not None and known[0]() is tokenizer and known[1] == size:
            return known[2]
        view = TokenizerView(tokenizer)
        try:
            reference = weakref.ref(tokenizer, lambda _, key=key: _views.pop(key, None))
        except TypeError:  # a class with slots: nothing is kept
            return view
        _views[key] = (reference, size, view)
        return view


def _size_of(tokenizer: Any) -> Any:
    """What changes when tokens are added; transformers' len() makes the whole vocabulary for it in some versions."""
    if hasattr(tokenizer, "vocab_size") and hasattr(tokenizer, "added_tokens_encoder"):
        return tokenizer.vocab_size, len(tokenizer.added_tokens_encoder)
    return len(tokenizer) if hasattr(tokenizer, "__len__") else len(tokenizer.get_vocab())


def pair_of(source: TokenizerView, target: TokenizerView, mapping: Mapping[str, str]) -> VocabularyPair:
    """The native pair of two views and a map, kept with its map by identity and length; the last few are kept.

    A map that is changed without growing or shrinking is not noticed: call clear_cache, or pass a new dict. ValueError where a string stands twice.
    """
    key = (id(source), id(target), id(mapping))
    with _lock:
        known = _pairs.get(key)
        if known is None or known[3] != len(mapping):
            made = VocabularyPair(source.vocabulary, target.vocabulary, official_map=mapping)
            known = _pairs[key] = (source, target, mapping, len(mapping), made)
            while len(_pairs) > _MOST_PAIRS:
                _pairs.popitem(last=False)
        _pairs.move_to_end(key)
        return known[4]


def clear_cache() -> None:
    """Forgets all tokenizers and maps."""
    with _lock:
        _views.clear()
        _pairs.clear()


def _renew_lock() -> None:
    # The parent's lock may be held by a thread that the child does not have; what is kept is usable there, as datasets' worker processes do.
    global _lock
    _lock = threading.RLock()


os.register_at_fork(after_in_child=_renew_lock)
