"""Maps one vocabulary to another: nearest target tokens by text, and the official code's map as its JSON file has it.

    python3 samples/python/map.py            prints some tokens
    python3 samples/python/map.py OUT.json   also writes the whole official map
"""

import json
import pathlib
import sys

import ptakernels

VOCABULARIES = pathlib.Path(__file__).resolve().parents[1] / "vocab"

source = ptakernels.Vocabulary.load(VOCABULARIES / "gpt2.json.gz")
target = ptakernels.Vocabulary.load(VOCABULARIES / "spA.json.gz")

strings = ["\u0120the", "\u0120tokenizer", "ization", "\u010a", "\u0120caf\u00c3\u00a9", "<|endoftext|>"]
tokens = [token for token in map(source.find, strings) if token is not None]

# By decoded bytes: special tokens go to special tokens with the same role, spellings do not matter (SPEC A3.1).
by_text = ptakernels.find_nearest_tokens(source, target, tokens)
# As the official code: by strings, with the source's word marker replaced by the target's (SPEC B 3a).
by_string = ptakernels.find_official_map(source, target, tokens)

for i, token in enumerate(tokens):
    near, official = (target.string(int(found.nearest[i])) for found in (by_text, by_string))
    print(f"{source.string(token)!r:16} text {near!r} ({int(by_text.distance[i])})   official {official!r} ({int(by_string.distance[i])})")

if len(sys.argv) > 1:
    with open(sys.argv[1], "w", encoding="utf-8") as file:
        json.dump(ptakernels.official_map(source, target), file, ensure_ascii=False)
    print(f"wrote {sys.argv[1]}")
