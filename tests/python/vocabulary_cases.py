"""Small vocabulary files of every format and many of their corners. expected/vocabularies.json holds what the C# readers say of each of them."""

import base64
import json
import os

from support import GOLDEN, SAMPLES

METASPACE = {"type": "Metaspace", "replacement": "\u2581", "prepend_scheme": "always", "split": False}
PIECES = {"<unk>": 0, "<s>": 1, "</s>": 2, "<0x0A>": 3, "<0xe9>": 4, "\u2581the": 5, "\u2581": 6, "a": 7, "\u00e9": 8, "\u2581\u2581": 9, "<0xZZ>": 10}
BYTES = {"!": 0, "a": 1, "\u0120a": 2, "\u010a": 3, "\u00c3\u00a9": 4, "\u00e2\u0124\u00ac": 5, "\u20ac": 6, "<|endoftext|>": 7, "<s>": 8}
LLAMA_NORMALIZER = {
    "type": "Sequence", "normalizers": [{"type": "Prepend", "prepend": "\u2581"}, {"type": "Replace", "pattern": {"String": " "}, "content": "\u2581"}],
}
LLAMA_DECODER = {"type": "Sequence", "decoders": [{"type": "Replace", "pattern": {"String": "\u2581"}, "content": " "}, {"type": "ByteFallback"}, {"type": "Fuse"}]}
ADDED = [
    {"id": 0, "content": "<unk>", "special": True}, {"id": 1, "content": "<s>", "special": True}, {"id": 2, "content": "</s>", "special": True},
    {"id": 11, "content": "\u2581literal ", "special": False}, {"id": 20, "content": "<|im_start|>", "special": True},
]


def pairs(vocab, added=(), **more):
    model = {"type": "BPE", "vocab": vocab, "merges": [["a", "a"]]}
    model.update(more.pop("model", {}))
    return {"version": "1.0", "added_tokens": list(added), "model": model, **more}


def pieces(vocab, added=(), **more):
    model = {"type": "Unigram", "unk_id": 0, "vocab": [[piece, -1.0] for piece in vocab]}
    model.update(more.pop("model", {}))
    return {"version": "1.0", "added_tokens": list(added), "model": model, **more}


def byte_level(prefix=False):
    return {"type": "ByteLevel", "add_prefix_space": prefix, "trim_offsets": True}


TOKENIZERS = {
    "byte-level": pairs(BYTES, [{"id": 7, "content": "<|endoftext|>", "special": True}], pre_tokenizer=byte_level(), decoder=byte_level(True)),
    "byte-level-prefix": pairs(BYTES, [{"id": 7, "content": "<|endoftext|>", "special": True}], pre_tokenizer=byte_level(True)),
    "byte-level-sequence": pairs(BYTES, pre_tokenizer={"type": "Sequence", "pretokenizers": [{"type": "Split", "pattern": {"Regex": "x"}}, byte_level()]}),
    "byte-level-unknown": pairs(BYTES, [{"id": 7, "content": "<|endoftext|>", "special": True}], pre_tokenizer=byte_level(), model={"unk_token": "<|endoftext|>"}),
    "byte-level-added": pairs(BYTES, [{"id": 9, "content": "\u00e9 x", "special": False}, {"id": 6, "content": "\u20ac", "special": False}], decoder=byte_level()),
    "llama": pairs(PIECES, ADDED, normalizer=LLAMA_NORMALIZER, decoder=LLAMA_DECODER, model={"unk_token": "<unk>", "byte_fallback": True}),
    "llama-fallback-in-decoder": pairs(PIECES, ADDED, normalizer=LLAMA_NORMALIZER, decoder=LLAMA_DECODER),
    "metaspace": pairs(PIECES, ADDED, pre_tokenizer=METASPACE, model={"byte_fallback": True}),
    "metaspace-never": pairs(PIECES, ADDED, pre_tokenizer=dict(METASPACE, prepend_scheme="never")),
    "metaspace-first": pairs(PIECES, ADDED, pre_tokenizer=dict(METASPACE, prepend_scheme="first")),
    "metaspace-old": pairs(PIECES, ADDED, pre_tokenizer={"type": "Metaspace", "replacement": "\u2581", "add_prefix_space": False}),
    "metaspace-oldest": pairs(PIECES, ADDED, pre_tokenizer={"type": "Metaspace", "str_rep": "_"}),
    "metaspace-in-decoder": pairs(PIECES, ADDED, decoder=dict(METASPACE, replacement="_"), model={"byte_fallback": True}),
    "own-marker": pairs(PIECES, ADDED, normalizer={"type": "Replace", "pattern": {"String": " "}, "content": "_"}),
    "fallback-only": pairs(PIECES, ADDED, model={"byte_fallback": True}),
    "untyped": {"model": {"vocab": BYTES, "merges": ["a a"]}, "pre_tokenizer": byte_level(), "added_tokens": None},
    "unigram": pieces(list(PIECES), ADDED, pre_tokenizer=METASPACE),
    "unigram-plain": pieces(list(PIECES)[:8], model={"unk_id": None}),
    "unigram-unknown": pieces(list(PIECES)[:8], model={"unk_id": 7}, pre_tokenizer=METASPACE),
    "unigram-fallback": pieces(list(PIECES), ADDED, model={"byte_fallback": True}),
    "unigram-untyped": {"model": {"vocab": [["<unk>", 0], ["\u2581a", -1.5]], "unk_id": 0}},
    # What is wrong.
    "wrong-model": {"model": {"type": "WordPiece", "vocab": {"a": 0}}},
    "wrong-model-unnamed": {"model": {"vocab": {"a": 0}}},
    "wrong-affix": pairs(BYTES, pre_tokenizer=byte_level(), model={"end_of_word_suffix": "</w>"}),
    "wrong-style": pairs(BYTES),
    "wrong-merges": {"model": {"type": "BPE", "vocab": BYTES}, "pre_tokenizer": byte_level()},
    "wrong-id": pairs({"a": "x"}, pre_tokenizer=byte_level()),
    "wrong-negative-id": pairs({"a": -1}, pre_tokenizer=byte_level()),
    "wrong-far-id": pairs({"a": 3999999}, pre_tokenizer=byte_level()),
    "wrong-same-id": pairs({"a": 1, "b": 1}, pre_tokenizer=byte_level()),
    "wrong-added-elsewhere": pairs(BYTES, [{"id": 30, "content": "a", "special": False}], pre_tokenizer=byte_level()),
    "wrong-added": pairs(BYTES, [{"content": "a"}], pre_tokenizer=byte_level()),
    "wrong-flag": pairs(BYTES, [{"id": 9, "content": "b", "special": "yes"}], pre_tokenizer=byte_level()),
    "wrong-scheme": pairs(PIECES, pre_tokenizer=dict(METASPACE, prepend_scheme="often")),
    "wrong-unk-id": pieces(list(PIECES)[:8], model={"unk_id": 8}),
    "wrong-piece": {"model": {"type": "Unigram", "vocab": [["a", 0], ["b"]]}},
    "wrong-sequence": pairs(BYTES, pre_tokenizer={"type": "Sequence"}),
}

BESIDE = {
    "roles-config": (pairs(PIECES, ADDED, pre_tokenizer=METASPACE), {
        "tokenizer_config.json": {"bos_token": "<s>", "eos_token": {"content": "</s>"}, "pad_token": "<unk>", "unk_token": "<unk>", "mask_token": "a",
                                  "additional_special_tokens": ["\u2581the", {"content": "nowhere"}]}}),
    "roles-map-first": (pairs(PIECES, ADDED, pre_tokenizer=METASPACE), {
        "special_tokens_map.json": {"eos_token": "<s>"}, "tokenizer_config.json": {"eos_token": "</s>", "extra_special_tokens": {"image": "a"}}}),
    "roles-decoder-first": (pairs(PIECES, ADDED, pre_tokenizer=METASPACE), {
        "special_tokens_map.json": {"eos_token": "<s>"},
        "tokenizer_config.json": {"eos_token": "</s>", "added_tokens_decoder": {"2": {"content": "</s>", "special": True}, "12": {"content": "<new>"},
                                                                                "13": {"content": "<ctl>", "special": True}}}}),
    "roles-added": (pairs(PIECES, ADDED, pre_tokenizer=METASPACE), {"added_tokens.json": {"<extra>": 15, "a": 40}}),
    "roles-unknown": (pairs(PIECES, ADDED, pre_tokenizer=METASPACE, model={"unk_token": "<unk>"}), {
        "special_tokens_map.json": {"unk_token": "</s>", "pad_token": "</s>"}}),
    "roles-bytes": (pairs(BYTES, pre_tokenizer=byte_level()), {"special_tokens_map.json": dict.fromkeys(("bos_token", "eos_token", "unk_token"), "<|endoftext|>")}),
    "wrong-decoder": (pairs(PIECES, pre_tokenizer=METASPACE), {"tokenizer_config.json": {"added_tokens_decoder": {"two": {"content": "x"}}}}),
    "wrong-config": (pairs(PIECES, pre_tokenizer=METASPACE), {"tokenizer_config.json": {"eos_token": 5}}),
}

VOCAB_JSON = {
    "gpt2": (BYTES, "#version: 0.2\na a\n", {}),
    "gpt2-added": (BYTES, "a a\r\n", {"added_tokens.json": {"\u20ac": 6, "<new>": 12}, "tokenizer_config.json": {"add_prefix_space": True, "eos_token": "!"}}),
    "foreign": ({f"\u20ac{i}": i for i in range(40)}, "a a\n", {}),
    "wrong-merges": (BYTES, "a a a\n", {}),
    "wrong-no-merges": (BYTES, None, {}),
}

OWN = {
    "own": {"name": "own", "class": "LlamaTokenizer", "special": "\u2581", "eos_id": 2, "tokens": list(PIECES) + [None, "<|x|>", "<pad>"]},
    "own-bytes": {"name": "own", "class": "GPTNeoXTokenizerFast", "special": "\u0120", "eos_id": 7, "bos_id": 1, "tokens": list(BYTES), "dummy_prefix": True},
    "own-pad": {"name": "own", "class": "LlamaTokenizerFast", "special": "_", "eos_id": None, "pad_id": 3, "unk_id": 3, "tokens": ["a", "_b", "\u2581c", "d"]},
    "wrong-own-class": {"name": "own", "class": "BertTokenizer", "special": "_", "tokens": ["a"]},
    "wrong-own-twice": {"name": "own", "class": "LlamaTokenizer", "special": "_", "tokens": ["a", "a"]},
    "wrong-own-eos": {"name": "own", "class": "LlamaTokenizer", "special": "_", "eos_id": 2, "tokens": ["a", "b"]},
    "wrong-own-empty": {"name": "own", "class": "LlamaTokenizer", "special": "_", "eos_id": 2, "tokens": []},
    "wrong-own-number": {"name": "own", "class": "LlamaTokenizer", "special": "_", "tokens": ["a", 3]},
    "wrong-json": {"nothing": "here"},
}

RANKS = [b"!", b"a", b" a", b"\n", "\u00e9".encode(), b"\xff\xfe"]
TIKTOKEN = {
    "ranks": {"<|endoftext|>": 8, "<|x|>": 9, "pat_str": "whatever"},
    "ranks-named": {"<|endoftext|>": 8, "<|x|>": 9, "bos_token": "<|x|>"},
    "ranks-none": {},
    "wrong-ranks": None,
    "wrong-ranks-role": {"<|x|>": 9, "bos_token": "a"},
}

RAW = {
    "empty.json": b" \n", "half.json": b'{"tokens": ["a"', "lfs.json": b"version https://git-lfs.github.com/spec/v1\n", "text.model": b"no model\n",
    "merges.txt": b"#version: 0.2\na a\n", "surrogate.json": b'{"name":"own","class":"LlamaTokenizer","special":"_","tokens":["\\ud800"]}',
    "line.tiktoken": b"IQ== 0\nno rank\n", "twice.tiktoken": b"IQ== 0\nIQ== 1\n", "cut.model": b"\x0a\x05\x0a\x03a", "unknown.model": b"\x0a\x05\x0a\x01a\x18\x01",
    "type.model": b"\x0a\x05\x0a\x01a\x18\x09", "suffix.model": b"\x0a\x05\x0a\x01a\x18\x02\x12\x03\xc0\x01\x01",
    "small.model": b"\x0a\x05\x0a\x01u\x18\x02\x0a\x05\x0a\x01s\x18\x03\x0a\x05\x0a\x01e\x18\x03\x0a\x0b\x0a\x04\xe2\x96\x81a\x15\x00\x00\x80\xbf\x0a\x0a\x0a\x06<0x41>\x18\x06\x1a\x02\x18\x00",
}


def write(folder):
    """Writes all cases; returns their paths inside the folder."""
    paths = []

    def put(name, content, is_case=True):
        path = os.path.join(folder, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(content if isinstance(content, bytes) else json.dumps(content).encode("ascii"))
        if is_case:
            paths.append(name)

    for name, content in TOKENIZERS.items():
        put(f"{name}/tokenizer.json", content)
    for name, (content, beside) in BESIDE.items():
        put(f"{name}/tokenizer.json", content)
        for other, text in beside.items():
            put(f"{name}/{other}", text, False)
    for name, (vocab, merges, beside) in VOCAB_JSON.items():
        put(f"vocab-{name}/vocab.json", vocab)
        if merges is not None:
            put(f"vocab-{name}/merges.txt", merges.encode(), False)
        for other, text in beside.items():
            put(f"vocab-{name}/{other}", text, False)
    for name, content in OWN.items():
        put(f"own/{name}.json", content)
    for name, specials in TIKTOKEN.items():
        put(f"tiktoken/{name}.tiktoken", b"".join(base64.b64encode(text) + b" %d\n" % rank for rank, text in enumerate(RANKS)))
        if specials is not None:
            put(f"tiktoken/{name}.special.json", specials, False)
    for name, content in RAW.items():
        put(f"raw/{name}", content)
    paths += ["llama", "vocab-gpt2", "own", "raw", "tiktoken", "missing.json"]  # folders, and what is not there
    return paths


def in_repository():
    """Whole vocabularies, by path."""
    return [os.path.join(SAMPLES, "vocab", name + ".json.gz") for name in ("cl100k", "gpt2", "spA", "spB")] + [
        os.path.join(GOLDEN, "tokenizers", "spA.model.gz"), os.path.join(GOLDEN, "tokenizers", "spB.model.gz"),
        os.path.join(GOLDEN, "encoders", "o200k-part.tiktoken.gz"), *(os.path.join(SAMPLES, "demo", name, "tokenizer.model") for name in ("mpt", "neox", "target")),
    ]
