"""Vocabularies mean what the C# readers say they mean: strings, roles and texts of every format, and the sentences about files that are wrong."""

import hashlib
import json
import os
import pickle
import struct
import tempfile
import threading
import unittest

import support
import vocabulary_cases

from ptakernels import DataError, Vocabulary, VocabularyPair, encoder_of, official_map, find_official_map


def texts_hash(vocabulary):
    digest = hashlib.sha256()
    for token in range(len(vocabulary)):
        text = vocabulary.text(token)
        digest.update(struct.pack("<i", len(text)) + text)
    return digest.hexdigest()[:16]


def described(path):
    """The same record that the C# side wrote."""
    try:
        read = Vocabulary.load(path)
    except DataError as error:
        return {"error": str(error)}
    return {
        "name": read.name, "count": len(read), "marker": read.marker, "byte_level": read.style == "byte-level", "dummy_prefix": read.dummy_prefix,
        "fingerprint": read.fingerprint, "texts": texts_hash(read),
    }


class TestFiles(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        with open(os.path.join(os.path.dirname(__file__), "expected", "vocabularies.json"), encoding="utf-8") as file:
            cls.expected = json.load(file)

    def test_small_files_of_every_format(self):
        with tempfile.TemporaryDirectory() as folder:
            paths = vocabulary_cases.write(folder)
            for path in paths:
                with self.subTest(path):
                    found = described(os.path.join(folder, path))
                    if "error" in found:
                        found["error"] = found["error"].replace(folder + os.sep, "")
                    self.assertEqual(found, self.expected[path])
        self.assertGreater(len(paths), 80)

    @support.first_test
    def test_whole_vocabularies(self):
        for path in vocabulary_cases.in_repository():
            with self.subTest(path):
                self.assertEqual(described(path), self.expected[os.path.relpath(path, support.REPOSITORY)])

    def test_a_cut_gzip_file(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "v.json.gz")
            with open(os.path.join(support.SAMPLES, "vocab", "spB.json.gz"), "rb") as whole, open(path, "wb") as cut:
                cut.write(whole.read()[:-1000])
            with self.assertRaisesRegex(DataError, "v.json.gz: not a whole gzip file; expected a vocabulary"):
                Vocabulary.load(path)

    def test_names_twice_in_json(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "tokenizer.json")
            with open(path, "w", encoding="ascii") as file:
                file.write('{"model": {"type": "BPE", "vocab": {"a": 0, "a": 1}, "merges": []}, "pre_tokenizer": {"type": "ByteLevel"}}')
            with self.assertRaisesRegex(DataError, 'model.vocab has the name "a" twice'):
                Vocabulary.load(path)


class TestTokens(unittest.TestCase):
    def test_sentencepiece(self):
        made = Vocabulary.from_tokens(["<unk>", "<s>", "\u2581a", "<0x0A>", None, "\u00e9"], style="sentencepiece", unk_id=0, bos_id=1)
        self.assertEqual([made.text(t) for t in range(6)], [b"", b"", b" a", b"\n", b"", "\u00e9".encode()])
        self.assertEqual([made.roles(t) for t in range(6)], [17, 3, 0, 0, 128, 0])
        self.assertEqual((made.string(2), made.string(4), made.find("<s>"), made.find("x"), len(made)), ("\u2581a", None, 1, None, 6))
        self.assertTrue(made.dummy_prefix)

    def test_byte_level(self):
        made = Vocabulary.from_tokens(["\u0120a", "\u00c3\u00a9", "<|x|>", "\u20ac"], style="byte-level", special=[2], eos_id=2)
        self.assertEqual([made.text(t) for t in range(4)], [b" a", "\u00e9".encode(), b"", b""])
        self.assertEqual([made.roles(t) for t in range(4)], [0, 0, 5, 1])
        self.assertFalse(made.dummy_prefix)

    def test_texts_markers_and_surrogates(self):
        made = Vocabulary.from_tokens(["_a", "b", "\ud800"], style="sentencepiece", marker="_", texts=[b"\xff", b"xyz", b"?"], dummy_prefix=False)
        self.assertEqual([made.text(t) for t in range(3)], [b"\xff", b"xyz", b"?"])
        self.assertEqual((made.marker, made.dummy_prefix, made.find("\ud800")), ("_", False, 2))
        self.assertEqual(Vocabulary.from_tokens(["_a"], style="sentencepiece", marker="_").text(0), b" a")

    def test_what_is_refused(self):
        for arguments, kind, sentence in (
            ((["a"],), ValueError, "style is 'other'; expected 'sentencepiece' or 'byte-level'"),
            (([],), ValueError, "strings is empty"),
            ((["a", 5],), TypeError, r"strings\[1\] is a int; expected a str, or None"),
        ):
            with self.assertRaisesRegex(kind, sentence):
                Vocabulary.from_tokens(*arguments, style="other" if "style" in sentence else "byte-level")
        for more, sentence in (
            ({"eos_id": 2}, "eos_id is 2, which has no token"), ({"special": [-1]}, "special is -1"), ({"roles": [0]}, "roles has 1 entries for 2 strings"),
            ({"texts": [b""]}, "texts has 1 entries"),
        ):
            with self.assertRaisesRegex(ValueError, sentence):
                Vocabulary.from_tokens(["a", "b"], style="byte-level", **more)
        with self.assertRaisesRegex(ValueError, "ids 0 and 1 have one string"):
            Vocabulary.from_tokens(["a", "a"], style="byte-level")
        for wrong in (-1, 2):
            with self.assertRaises(IndexError):
                Vocabulary.from_tokens(["a", "b"], style="byte-level").text(wrong)

    def test_it_is_itself_and_can_be_pickled(self):
        made = Vocabulary.from_tokens(["a", None, "<s>"], style="sentencepiece", bos_id=2, name="mine")
        self.assertEqual({made: 1}[made], 1)
        copy = pickle.loads(pickle.dumps(made))
        self.assertNotEqual(copy, made)
        self.assertEqual((copy.fingerprint, copy.name, texts_hash(copy)), (made.fingerprint, "mine", texts_hash(made)))


class FastTokenizer:
    """A Hugging Face fast tokenizer as far as this package looks at it."""

    def __init__(self, content, **attributes):
        self.backend_tokenizer = self
        self._content = content
        self.name_or_path = "someone/model"
        self.all_special_tokens = []
        self.__dict__.update(attributes)

    def to_str(self):
        return json.dumps(self._content)

    def get_vocab(self):
        raise AssertionError("the backend's JSON says more")


class Llama:
    """A slow tokenizer by its strings: single characters and the marker."""

    add_prefix_space = None
    bos_token, eos_token, unk_token, pad_token = "<s>", "</s>", "<unk>", None
    all_special_tokens, all_special_ids = ["<s>", "</s>", "<unk>"], [1, 2, 0]
    strings = ["<unk>", "<s>", "</s>", "<0x0A>", "\u2581", "a", "b", "\u2581a", "ab", "<added>"]

    def get_vocab(self):
        return {string: token for token, string in enumerate(self.strings)}

    def get_added_vocab(self):
        return {"<added>": 9}

    def encode(self, text, add_special_tokens):
        assert not add_special_tokens
        text, tokens = "\u2581" + text.replace(" ", "\u2581"), []
        while text:
            best = max((s for s in self.strings[4:9] if text.startswith(s)), key=len, default=None)
            tokens.append(3 if text[0] == "\n" else 0 if best is None else self.strings.index(best))
            text = text[len(best) if best else 1:]
        return tokens


class GPT2Like:
    """The name says what the strings are."""

    all_special_tokens, eos_token, add_prefix_space = ["<|endoftext|>"], "<|endoftext|>", False

    def get_vocab(self):
        return {"\u0120a": 1, "<|endoftext|>": 0, "\u00c3": 3}


class Processor:
    """A sentencepiece processor; with its model or without."""

    def __init__(self, model=None):
        self._pieces = [("<unk>", "unknown"), ("<s>", "control"), ("</s>", "control"), ("<0x0A>", "byte"), ("\u2581a", ""), ("<0x0B>", "")]
        if model is not None:
            self.serialized_model_proto = lambda: model

    def get_piece_size(self):
        return len(self._pieces)

    def id_to_piece(self, token):
        return self._pieces[token][0]

    def is_control(self, token):
        return self._pieces[token][1] == "control"

    def is_unknown(self, token):
        return self._pieces[token][1] == "unknown"

    def is_byte(self, token):
        return self._pieces[token][1] == "byte"

    def bos_id(self):
        return 1

    def eos_id(self):
        return 2

    def pad_id(self):
        return -1

    def encode_as_ids(self, text):
        return [4]


class Encoding:
    """A tiktoken encoding."""

    name, n_vocab, _special_tokens = "tiny", 6, {"<|endoftext|>": 5}
    _bytes = [b"a", b"b", b" a", b"ab", None]

    def decode_single_token_bytes(self, token):
        if self._bytes[token] is None:
            raise KeyError(token)
        return self._bytes[token]

    def encode_ordinary(self, text):
        raw, tokens = text.encode(), []
        while raw:
            best = max((b for b in self._bytes[:4] if raw.startswith(b)), key=len)
            tokens.append(self._bytes.index(best))
            raw = raw[len(best):]
        return tokens


class TestTokenizers(unittest.TestCase):
    def test_fast_ones_mean_what_their_files_mean(self):
        for name in ("byte-level", "llama", "metaspace", "unigram", "byte-level-added"):
            content = vocabulary_cases.TOKENIZERS[name]
            with tempfile.TemporaryDirectory() as folder:
                with open(os.path.join(folder, "tokenizer.json"), "w", encoding="utf-8") as file:
                    json.dump(content, file)
                with open(os.path.join(folder, "special_tokens_map.json"), "w", encoding="utf-8") as file:
                    json.dump({"bos_token": "<s>", "additional_special_tokens": ["a"]}, file)
                from_file = Vocabulary.load(folder)
            made = Vocabulary.from_tokenizer(FastTokenizer(content, bos_token="<s>", all_special_tokens=["<s>", "a"]))
            self.assertEqual((made.fingerprint, texts_hash(made), made.dummy_prefix), (from_file.fingerprint, texts_hash(from_file), from_file.dummy_prefix))
            self.assertEqual(made.name, "model")

    def test_a_tokenizers_object_alone(self):
        backend = FastTokenizer(vocabulary_cases.TOKENIZERS["byte-level"])
        del backend.backend_tokenizer
        self.assertEqual(Vocabulary.from_tokenizer(backend).text(2), b" a")

    def test_slow_ones_by_their_strings(self):
        made = Vocabulary.from_tokenizer(Llama())
        self.assertEqual([made.text(t) for t in range(10)], [b"", b"", b"", b"\n", b" ", b"a", b"b", b" a", b"ab", b"<added>"])
        self.assertEqual([made.roles(t) for t in range(4)], [17, 3, 5, 0])
        self.assertEqual((made.style, made.dummy_prefix), ("sentencepiece", True))
        made = Vocabulary.from_tokenizer(GPT2Like())
        self.assertEqual(([made.text(t) for t in range(4)], made.style, made.dummy_prefix), ([b"", b" a", b"", b"\xc3"], "byte-level", False))
        self.assertEqual([made.roles(t) for t in range(4)], [5, 0, 128, 0])

    def test_sentencepiece_processors(self):
        made = Vocabulary.from_tokenizer(Processor())
        self.assertEqual([made.text(t) for t in range(6)], [b"", b"", b"", b"\n", b" a", b"<0x0B>"])
        self.assertEqual(([made.roles(t) for t in range(6)], made.dummy_prefix), ([17, 3, 5, 0, 0, 0], True))
        made = Vocabulary.from_tokenizer(Processor(vocabulary_cases.RAW["small.model"]))
        self.assertEqual([made.text(t) for t in range(len(made))], [b"", b"", b"", b" a", b"A"])

    def test_tiktoken_encodings(self):
        made = Vocabulary.from_tokenizer(Encoding())
        self.assertEqual([made.text(t) for t in range(6)], [b"a", b"b", b" a", b"ab", b"", b""])
        self.assertEqual([made.roles(t) for t in range(6)], [0, 0, 0, 0, 128, 5])

    def test_what_is_no_tokenizer(self):
        with self.assertRaisesRegex(TypeError, "tokenizer is a int; expected a Hugging Face tokenizer"):
            Vocabulary.from_tokenizer(5)


class TestEncoders(unittest.TestCase):
    def test_without_a_dummy_prefix(self):
        encoder = encoder_of(Encoding())
        self.assertEqual([encoder(b"abb"), encoder(b" a"), encoder(b"b")], [3, 2, 1])

    def test_a_dummy_prefix_is_taken_away(self):
        encoder = encoder_of(Llama())
        self.assertEqual(Llama().encode("ab", add_special_tokens=False)[0], 7)
        self.assertEqual([encoder(b"ab"), encoder(b" ab"), encoder(b"b"), encoder(b"\na")], [8, 7, 6, 3])

    def test_bytes_within_characters(self):
        encoder = encoder_of(Llama())
        self.assertEqual(encoder(b"ab\xc3"), 8)
        self.assertIsNone(encoder(b"\xa9ab"))

    def test_answers_go_into_the_projection_and_errors_come_out(self):
        source, target = support.vocabulary("gpt2"), support.vocabulary("spA")
        asked = []

        def encoder(text):
            asked.append(text)
            return None

        from ptakernels import Options, align_batch

        options = Options.preset("fusion", mass="renormalised")
        document = support.sample_documents(most=1)
        align_batch(VocabularyPair(source, target, encoder=encoder), document, options)
        self.assertTrue(asked and all(isinstance(text, bytes) for text in asked))

        for answer, kind, sentence in ((1 / 2, TypeError, "float"), (32000, ValueError, "encoder answered 32000; expected None or an id below 32000"), (-5, ValueError, "-5")):
            with self.assertRaisesRegex(kind, sentence):
                align_batch(VocabularyPair(source, target, encoder=lambda text: answer), document, options)
        with self.assertRaisesRegex(TypeError, "encoder is a int"):
            VocabularyPair(source, target, encoder=5)


class TestPairs(unittest.TestCase):
    def test_official_maps(self):
        source = Vocabulary.from_tokens(["\u0120a", "\u2581a", "xyz", None, "\u0120b"], style="byte-level")
        target = Vocabulary.from_tokens(["\u2581a", "xy", "b", "\u2581"], style="sentencepiece")
        self.assertEqual(official_map(source, target), {"\u2581a": "\u2581a", "xyz": "xy", "\u2581b": "\u2581a"})
        self.assertEqual(list(official_map(source, target)), ["\u2581a", "xyz", "\u2581b"])
        self.assertEqual(find_official_map(source, target).nearest.tolist(), [0, 0, 1, -1, 0])
        with self.assertRaisesRegex(ValueError, r"official_map has shape \[2\]; expected \[5\]"):
            VocabularyPair(source, target, official_map=[0, 1])
        with self.assertRaisesRegex(TypeError, "source is a str; expected a Vocabulary"):
            VocabularyPair("gpt2", target)

    def test_a_given_map_is_used(self):
        from ptakernels import align_batch

        source, target = support.vocabulary("gpt2"), support.vocabulary("spA")
        documents = support.sample_documents(most=4)
        found = align_batch(VocabularyPair(source, target), documents, "reference")
        by_id = [-1] * len(source)
        given = find_official_map(source, target, sorted({i for s, _ in documents for i in (*s.ids.tolist(), *s.indices.tolist())}))
        for token, nearest in zip(sorted({i for s, _ in documents for i in (*s.ids.tolist(), *s.indices.tolist())}), given.nearest.tolist()):
            by_id[token] = nearest
        same = align_batch(VocabularyPair(source, target, official_map=by_id), documents, "reference")
        names = {source.string(i).replace(source.marker, target.marker): target.string(n) for i, n in enumerate(by_id) if n >= 0}
        named = align_batch(VocabularyPair(source, target, official_map=names), documents, "reference")
        none = align_batch(VocabularyPair(source, target, official_map={}), documents, "reference", on_error="return")
        self.assertEqual([support.rows_of(d) for d in same], [support.rows_of(d) for d in found])
        self.assertEqual([support.rows_of(d) for d in named], [support.rows_of(d) for d in found])
        self.assertTrue(any(isinstance(d, DataError) or support.rows_of(d) != support.rows_of(f) for d, f in zip(none, found)))

    def test_pairs_are_made_once_by_many_threads(self):
        pair = VocabularyPair(support.vocabulary("spB"), support.vocabulary("spA"))
        handles = []
        threads = [threading.Thread(target=lambda: handles.append(pair._native(False))) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(len(set(handles)), 1)


if __name__ == "__main__":
    unittest.main()
