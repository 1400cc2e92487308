"""Hugging Face files as vocabularies: tokenizer.json, and vocab.json with merges.txt, with what the files beside them say of special tokens.

Ids are as in the files. Added tokens are literal text; the special ones have none. A token that no encoder step can make (a character outside of the
byte-level alphabet) decodes to its UTF-8, as the library's own decoder has it.
"""

from __future__ import annotations

import os
from typing import Any, Dict, List, NamedTuple, Optional, Tuple

from . import _abi
from ._json_place import JsonPlace, beside, read_content, stem
from ._token_table import TokenTable, TokenTableBuilder, quoted
from ._token_text import BYTE_LEVEL_MARKER, SENTENCEPIECE_MARKER, byte_of_fallback, bytes_of_byte_level, bytes_of_piece
from .errors import DataError

__all__ = ["Roles", "is_vocab_json", "read_tokenizer_json", "read_vocab_json"]

_SUPPORTED = "expected BPE (byte-level, or with \u2581 markers) or Unigram"

_NAMED = (
    ("bos_token", _abi.ROLE_BOS), ("eos_token", _abi.ROLE_EOS), ("pad_token", _abi.ROLE_PAD), ("unk_token", _abi.ROLE_UNK),
    ("cls_token", _abi.ROLE_SPECIAL), ("sep_token", _abi.ROLE_SPECIAL), ("mask_token", _abi.ROLE_SPECIAL),
)
_LISTS = ("additional_special_tokens", "extra_special_tokens")

_SPELLINGS = {
    "<s>": _abi.ROLE_BOS, "<bos>": _abi.ROLE_BOS, "<|begin_of_text|>": _abi.ROLE_BOS, "<|startoftext|>": _abi.ROLE_BOS,
    "</s>": _abi.ROLE_EOS, "<eos>": _abi.ROLE_EOS, "<|endoftext|>": _abi.ROLE_EOS, "<|end_of_text|>": _abi.ROLE_EOS,
    "<unk>": _abi.ROLE_UNK, "<pad>": _abi.ROLE_PAD, "<|pad|>": _abi.ROLE_PAD,
}

_ONE_FOREIGN_IN = 20
"""Tokens outside of the byte-level alphabet, as one in so many, that a vocab.json may have as special ones before it is of another kind."""


class Roles:
    """What is said of special tokens beside a vocabulary. A role of a token that the vocabulary does not have names nothing."""

    def __init__(self) -> None:
        self._roles: Dict[str, int] = {}
        self._given = 0
        self.added: List[Tuple[str, int, str, Optional[bool]]] = []
        """Tokens added after training: place, id, content, and whether they are special where that is said."""
        self.adds_prefix_space = False

    @staticmethod
    def beside(file: str) -> "Roles":
        """From tokenizer_config.json, special_tokens_map.json and added_tokens.json beside a file."""
        roles = Roles()
        config, names, added = (JsonPlace.open(beside(file, name)) for name in ("tokenizer_config.json", "special_tokens_map.json", "added_tokens.json"))
        decoder = None if config is None else config.find("added_tokens_decoder")
        # As transformers has it: a configuration with added_tokens_decoder is complete, an older one is overruled by the map.
        for place in (names, config) if decoder is None else (config, names):
            if place is not None:
                roles._add_named(place)
        if decoder is not None:
            roles._add_decoder(decoder)
        if added is not None:
            for content, token in added.members():
                roles.added.append((f"{os.path.basename(added.file)} {quoted(content)}", token.integer(), content, None))
        roles.adds_prefix_space = config is not None and config.flag("add_prefix_space")
        return roles

    def give(self, token: str, role: int) -> None:
        """Gives a token a role; a role that has been given to another one stays there too."""
        self._roles[token] = self._roles.get(token, 0) | role | _abi.ROLE_SPECIAL
        self._given |= role

    def give_unknown(self, token: str) -> None:
        """The token that the model itself puts for unknown text; what else is called unknown is none then."""
        for other in self._roles:
            self._roles[other] &= ~_abi.ROLE_UNK
        self.give(token, _abi.ROLE_UNK)

    def apply(self, builder: TokenTableBuilder, byte_level: bool, listed: bool) -> None:
        """Gives the builder's tokens their roles.

        byte_level: every text has bytes, so a token that is "unknown" beside another role is only the other one. listed: the file lists its special
        tokens, so a spelling makes none special.
        """
        from .vocabulary_files import CONTROL_TOKEN

        for i, token in builder.tokens():
            roles = self._roles.get(token.string, 0)
            special = roles != 0 or token.roles & _abi.ROLE_SPECIAL != 0
            spelled = _SPELLINGS.get(token.string, 0) & ~self._given if special or not listed else 0
            if not listed and spelled == 0 and CONTROL_TOKEN.fullmatch(token.string):
                spelled = _abi.ROLE_SPECIAL
            roles |= spelled
            if byte_level and roles & (_abi.ROLE_BOS | _abi.ROLE_EOS | _abi.ROLE_PAD):
                roles &= ~_abi.ROLE_UNK
            if special or roles:
                builder.mark(i, roles)

    def _add_named(self, root: JsonPlace) -> None:
        """First file first: a role that has been given stays."""
        for name, role in _NAMED:
            token = root.find(name)
            if token is not None and (role == _abi.ROLE_SPECIAL or not self._given & role) and _content(token):
                self.give(_content(token), role)
        for name in _LISTS:
            listed = root.find(name)
            if listed is not None:
                for token in [m for _, m in listed.members()] if listed.is_object else listed.items():
                    self.give(_content(token), _abi.ROLE_SPECIAL)

    def _add_decoder(self, entries: JsonPlace) -> None:
        for name, token in entries.members():
            if not name.strip().lstrip("+-").isdigit():
                raise DataError(f"{entries.file}: {token.where} is not named by an id; expected {{id: token}}.")
            self.added.append((f"{os.path.basename(entries.file)} {token.where}", int(name), _content(token), token.flag("special")))


def _content(token: JsonPlace) -> str:
    """A token is its string, or an object with its content."""
    content = token.text() if token.is_string else token.text_of("content")
    if content is None:
        raise token.wrong("a token: a string, or an object with its content")
    return content


class Style(NamedTuple):
    """How a tokenizer's strings stand for text: byte-level, or with a marker for the space and perhaps <0xNN> for bytes."""

    byte_level: bool
    marker: str
    byte_fallback: bool
    dummy_prefix: bool

    def text_of(self, token: str) -> bytes:
        """The bytes of a token of the model."""
        if self.byte_level:
            text = bytes_of_byte_level(token)
            return token.encode("utf-8") if text is None else text
        return (byte_of_fallback(token) if self.byte_fallback else None) or bytes_of_piece(token, self.marker)


def read_tokenizer_json(root: JsonPlace, name: str, roles: Optional[Roles] = None) -> TokenTable:
    """tokenizer.json: BPE (byte-level, or with markers and byte fallback) and Unigram. roles: by default what the files beside it say. Raises DataError."""
    model = root.find("model")
    if model is None or not model.is_object:
        raise root.wrong("an object with a model")
    kind = _type_of(model)
    if kind not in ("BPE", "Unigram"):
        raise DataError(f"{root.file}: its model is {kind}, which is not supported; {_SUPPORTED}.")
    for affix in ("continuing_subword_prefix", "end_of_word_suffix"):
        spelling = model.text_of(affix)
        if spelling:
            raise DataError(f"{root.file}: model.{affix} is {quoted(spelling)}, which is not supported; {_SUPPORTED}.")
    style = _style_of(root, model)
    if style is None:
        if kind == "BPE":
            raise DataError(f"{root.file}: its BPE is neither byte-level nor marks spaces, so tokens do not say their text; {_SUPPORTED}.")
        style = Style(False, SENTENCEPIECE_MARKER, False, False)
    roles = roles or Roles.beside(root.file)
    builder = TokenTableBuilder(root.file)
    (_add_pairs if kind == "BPE" else _add_pieces)(builder, model, style, roles)
    _add_added(builder, root, style, roles)
    roles.apply(builder, style.byte_level, True)
    return builder.build(name, style.marker, style.byte_level, style.dummy_prefix)


def _type_of(model: JsonPlace) -> str:
    """Old files leave the type out: merges make it BPE, a list of pieces Unigram."""
    merges, vocab = model.find("merges"), model.find("vocab")
    return model.text_of("type") or ("BPE" if merges is not None and merges.is_list else "Unigram" if vocab is not None and vocab.is_list else "of no known type")


def _add_pairs(builder: TokenTableBuilder, model: JsonPlace, style: Style, roles: Roles) -> None:
    merges, vocab = model.find("merges"), model.find("vocab")
    if merges is None or not merges.is_list:
        raise DataError(f"{model.file}: model.merges is missing or no list; expected a whole BPE model.")
    if vocab is None:
        raise model.wrong("a model with vocab")
    for token, token_id in vocab.members():
        builder.add("model.vocab", token_id.integer(), token, style.text_of(token))
    unknown = model.text_of("unk_token")
    if unknown:
        roles.give_unknown(unknown)


def _add_pieces(builder: TokenTableBuilder, model: JsonPlace, style: Style, roles: Roles) -> None:
    vocab = model.find("vocab")
    if vocab is None:
        raise model.wrong("a model with vocab")
    for i, item in enumerate(vocab.items()):
        if not item.is_list or len(item.value) != 2:
            raise item.wrong("[piece, score]")
        piece, score = item.items()
        if not score.is_number:
            raise score.wrong("a piece's score")
        builder.add(item.where, i, piece.text(), style.text_of(piece.text()))
    unknown = model.find("unk_id")
    if unknown is not None:
        token = builder.find(unknown.integer())
        if token is None:
            raise unknown.wrong(f"null or an id below {len(vocab.value)}")
        roles.give_unknown(token.string)


def _add_added(builder: TokenTableBuilder, root: JsonPlace, style: Style, roles: Roles) -> None:
    added = root.find("added_tokens")
    if added is not None:
        for token in added.items():
            token_id, content = token.find("id"), token.text_of("content")
            if token_id is None or content is None:
                raise token.wrong("an added token with id and content")
            _literal(builder, token.where, token_id.integer(), content, token.flag("special"), style)
    for where, number, content, special in roles.added:
        # What the file has already keeps its id; the files beside it may be older.
        known = builder.id_of(content)
        _literal(builder, where, number if known < 0 else known, content, bool(special), style)


def _literal(builder: TokenTableBuilder, where: str, token: int, content: str, special: bool, style: Style) -> None:
    """An added token is matched in the text itself, so it stands for its own spelling. Only where the model makes the same piece from marked spaces (runs of
    the marker) is that piece what a document has."""
    known = builder.find(token)
    if known is None or known.string != content:
        builder.add(where, token, content, content.encode("utf-8"))
    elif style.byte_level:
        builder.retext(token, content.encode("utf-8"))
    if special:
        builder.mark(token, _abi.ROLE_SPECIAL)


# ---- The style that the steps of a tokenizer.json amount to.


def _style_of(root: JsonPlace, model: JsonPlace) -> Optional[Style]:
    """None where the steps neither work on bytes nor mark spaces."""
    normalizers = _steps(root.find("normalizer"), "normalizers")
    pre_tokenizers = _steps(root.find("pre_tokenizer"), "pretokenizers")
    decoders = _steps(root.find("decoder"), "decoders")
    if any(_is(s, "ByteLevel") for s in (*normalizers, *pre_tokenizers, *decoders)):
        return Style(True, BYTE_LEVEL_MARKER, False, any(_is(s, "ByteLevel") and s.flag("add_prefix_space") for s in pre_tokenizers))
    metaspaces = [s for s in pre_tokenizers if _is(s, "Metaspace")]
    markers: List[Any] = [s.text_of("replacement") or s.text_of("str_rep") for s in (*metaspaces, *(d for d in decoders if _is(d, "Metaspace")))]
    markers += [s.text_of("content") for s in (*normalizers, *pre_tokenizers) if _is(s, "Replace") and _pattern(s) == " "]
    markers += [_pattern(s) for s in decoders if _is(s, "Replace") and s.value.get("content") == " "]
    marker = next((m for m in markers if m), None)
    prefixes = [s.text_of("prepend") or "" for s in normalizers if _is(s, "Prepend")]
    fallback = model.flag("byte_fallback") or any(_is(s, "ByteFallback") for s in decoders)
    if marker is None and not metaspaces and not prefixes and not fallback:
        return None
    marker = marker or SENTENCEPIECE_MARKER
    return Style(False, marker, fallback, any(_prepends(s) for s in metaspaces) or any(p in (marker, " ") for p in prefixes))


def _steps(step: Optional[JsonPlace], name: str) -> List[JsonPlace]:
    """A step, or the steps of a sequence; sequences may hold sequences."""
    if step is None:
        return []
    if not _is(step, "Sequence"):
        return [step]
    inner = step.find(name)
    if inner is None:
        raise step.wrong(f"a Sequence with {name}")
    return [one for item in inner.items() for one in _steps(item, name)]


def _is(step: JsonPlace, kind: str) -> bool:
    return step.is_object and step.value.get("type") == kind


def _pattern(step: JsonPlace) -> Optional[str]:
    pattern = step.find("pattern")
    return None if pattern is None else pattern.text_of("String") or pattern.text_of("Regex")


def _prepends(metaspace: JsonPlace) -> bool:
    """prepend_scheme says never, first or always; before it there was add_prefix_space, true unless it said otherwise."""
    scheme = metaspace.text_of("prepend_scheme")
    if scheme is None:
        return metaspace.flag("add_prefix_space", missing=True)
    if scheme not in ("always", "first", "never"):
        raise DataError(f"{metaspace.file}: {metaspace.where}.prepend_scheme is {quoted(scheme)}; expected always, first or never.")
    return scheme != "never"


# ---- vocab.json {token: id} with merges.txt beside it: byte-level BPE as GPT-2's. Special tokens are those that the files beside it name, those of the usual
# spellings, and those that no bytes can make.


def is_vocab_json(root: JsonPlace) -> bool:
    """Whether the first member of an object is an id."""
    return root.is_object and bool(root.value) and JsonPlace(root.file, "", next(iter(root.value.values()))).is_number


def read_vocab_json(root: JsonPlace, name: str) -> TokenTable:
    """GPT-2's two files. Raises DataError."""
    _require_merges(root.file)
    roles = Roles.beside(root.file)
    style = Style(True, BYTE_LEVEL_MARKER, False, roles.adds_prefix_space)
    builder = TokenTableBuilder(root.file)
    added = {content for _, _, content, _ in roles.added}
    foreign = []
    for token, token_id in root.members():
        text = bytes_of_byte_level(token)
        special = text is None and token not in added
        builder.add("vocab", token_id.integer(), token, text or b"", _abi.ROLE_SPECIAL if special else 0)
        if special:
            foreign.append(token)
    if len(foreign) * _ONE_FOREIGN_IN > len(root.value) + _ONE_FOREIGN_IN:
        raise DataError(
            f"{root.file}: {len(foreign)} tokens such as {quoted(foreign[0])} are not byte-level; expected GPT-2's kind, or name the tokenizer.json or the .model "
            "of this one."
        )
    for where, number, content, said in roles.added:
        _literal(builder, where, number, content, bool(said), style)
    roles.apply(builder, True, False)
    return builder.build(name, style.marker, True, style.dummy_prefix)


def _require_merges(file: str) -> None:
    name = os.path.basename(stem(file))
    merges = beside(file, (name[:-5] if name.endswith("vocab") else "") + "merges.txt")
    if not os.path.isfile(merges) and os.path.isfile(merges + ".gz"):
        merges += ".gz"
    if not os.path.isfile(merges):
        raise DataError(f"{file}: {os.path.basename(merges)} is not beside it; expected both files of a byte-level BPE.")
    for number, line in enumerate(read_content(merges).decode("utf-8", "replace").split("\n")):
        pair = line.rstrip("\r")
        if pair and not (number == 0 and pair.startswith("#version")) and (len(pair.split(" ")) != 2 or "" in pair.split(" ")):
            raise DataError(f"{merges}: line {number + 1} is {quoted(pair)}; expected two tokens with a space between them.")
