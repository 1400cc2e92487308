"""Whole documents: rows of the official code, rows of pta, fallbacks, bad documents."""

import gc
import gzip
import json
import math
import os
import pickle
import tempfile
import unittest

import support
from pta_program import needs_pta, pta
from support import long_test, needs_numpy, numpy, pair, rows_of, sample_documents, sample_rows, view

from ptakernels.rows import TRANSFERS
from ptakernels import AlignmentReport, DataError, Options, TokenizedDocument, VocabularyPair, align_batch, align_sources

RENORMALISED = Options.preset("fusion", mass="renormalised")


def log_sum_exps(row):
    """Made up, but larger than that of the candidates."""
    found = []
    for logits in row["per_step_logits"]:
        top = max(logits)
        found.append(top + math.log(math.fsum(math.exp(v - top) for v in logits)) + 0.125)
    return found


def view_with_lse(row):
    return TokenizedDocument(row["input_ids"], row["per_step_indices"], row["per_step_logits"], log_sum_exps(row), id=row["id"])


@needs_pta
class TestAgainstPta(support.TestCase):
    """`pta align` on the samples, in which the same documents are refused and the same rows come out."""

    def align(self, *switches, sources=("gpt2",), extra=None):
        """What pta makes of the samples: lines by document id. extra: row -> fields to add to each input line."""
        samples = os.path.join(support.SAMPLES, "{}.jsonl.gz")
        with tempfile.TemporaryDirectory() as folder:
            inputs = {name: samples.format(name) for name in (*sources, "spA")}
            if extra is not None:
                for name in inputs:
                    inputs[name] = os.path.join(folder, name + ".jsonl")
                    with open(inputs[name], "w", encoding="utf-8") as file:
                        file.writelines(json.dumps({**row, **extra(row, name)}) + "\n" for row in sample_rows(name))
            arguments = ["align", "--target", inputs["spA"], "--target-vocab", os.path.join(support.SAMPLES, "vocab", "spA.json.gz"), "--backend", "native"]
            for name in sources:
                arguments += ["--source", inputs[name], "--source-vocab", os.path.join(support.SAMPLES, "vocab", name + ".json.gz")]
            out = os.path.join(folder, "out.jsonl")
            pta(*arguments, "--out", out, "--on-error", "quarantine", *switches)
            return {line["id"]: line for line in support.read_lines(out)}

    def compare(self, found, expected, ids, places=None):
        self.assertGreater(len(expected), 20)
        for name, document in zip(ids, found):
            if isinstance(document, DataError):
                self.assertNotIn(name, expected)
                continue
            line = expected[name]
            official = "rules_0" in line
            self.assertEqual(document.rows.letters, line["rules_0" if official else "rules"], name)
            rows = rows_of(document)
            self.assertEqual([tokens for tokens, _ in rows], line["per_step_aligned_indices_0" if official else "fused_indices"], name)
            values = line["per_step_aligned_logits_0" if official else "fused_probs"]
            if places is None:
                self.assertEqual([v for _, v in rows], values, name)
            else:
                for (_, v), e in zip(rows, values):
                    for a, b in zip(v, e):
                        self.assertAlmostEqual(a, b, places)
            if not official:
                for a, b in zip(document.rows.missing.tolist(), line["fused_missing"]):
                    self.assertAlmostEqual(a, b, 15)
                self.assertEqual(document.rows.kappa.tolist(), line["kappa"])

    @long_test
    def test_presets(self):
        ids = [row["id"] for row in sample_rows("spA")]
        for name, switches in (("reference", ()), ("paper", ()), ("fusion", ("--mass", "renormalised"))):
            with self.subTest(name):
                options = RENORMALISED if switches else name
                self.compare(align_batch(pair(), sample_documents(), options, on_error="return"), self.align("--preset", name, *switches), ids)

    @long_test
    def test_tail_and_fallbacks(self):
        ids = [row["id"] for row in sample_rows("spA")]
        documents = [(view_with_lse(s), view_with_lse(t)) for s, t in zip(sample_rows("gpt2"), sample_rows("spA"))]

        def lse(row, _):
            return {"per_step_lse": log_sum_exps(row)}

        for preset, overrides, switches, places in (
            ("fusion", {"fallback": "target"}, ("--fallback", "target"), 14),
            ("fusion", {"projection": "top1", "transfer": "boundary", "byte_tail": 0}, ("--projection", "top1", "--transfer", "boundary"), None),
            ("reference", {"fallback": "label"}, ("--fallback", "label"), None),
        ):
            with self.subTest(switches):
                found = align_batch(pair(), documents, Options.preset(preset, **overrides), on_error="return")
                self.compare(found, self.align("--preset", preset, *switches, extra=lse), ids, places)

    @long_test
    def test_several_sources(self):
        names = ("gpt2", "spB")
        pairs = [pair(name) for name in names]

        def entropies(row, name):
            return {"metric_ce": 1 + (hash_of(row["id"] + name) % 97) / 50}

        for options, switches in (
            (Options.preset("paper", fallback="target"), ("--preset", "paper", "--fallback", "target", "--source-order", "2,1")),
            (Options.preset("fusion", mass="renormalised", fill=True, fallback="label"),
             ("--preset", "fusion", "--mass", "renormalised", "--fill", "on", "--fallback", "label", "--source-order", "2,1")),
        ):
            expected = self.align(*switches, sources=names, extra=entropies)
            kept = [d for d, row in enumerate(sample_rows("spA")) if row["id"] in expected]
            documents = [(view(sample_rows("spA")[d]), [view(sample_rows(name)[d]) for name in names]) for d in kept]
            scores = [[entropies(sample_rows(name)[d], name)["metric_ce"] * (len(sample_rows(name)[d]["input_ids"]) - 1) for name in names] for d in kept]
            found = align_sources(pairs, documents, options, scores=scores, order=[1, 0])
            self.compare(found, expected, [sample_rows("spA")[d]["id"] for d in kept], 14)
            for d, document in zip(kept, found):
                self.assertEqual(document.sources.tolist(), expected[sample_rows("spA")[d]["id"]]["source"])

    def test_options_are_the_presets(self):
        lines = pta("explain-mode").splitlines()
        table = {columns[0]: columns[1:4] for columns in (line.split() for line in lines) if len(columns) > 4 and not columns[0].startswith("-")}
        checked = 0
        for name in ("reference", "paper", "fusion"):
            for switch, value in vars(Options.preset(name)).items():
                row = table.get(switch.replace("_", "-"))
                if row is None:
                    self.assertIn(switch, ("max_iterations", "measure_signal"))
                    continue
                text = row[table["switch"].index(name)]
                shown = {"on": True, "off": False}.get(text, text)
                if isinstance(value, float) or isinstance(value, int) and not isinstance(value, bool):
                    shown = 1 / float(text[2:]) if text.startswith("1/") else float(text)
                self.assertEqual(value, shown, f"{switch} of {name}")
                checked += 1
        self.assertGreater(checked, 50)


def hash_of(text):
    """A number that is the same everywhere."""
    value = 7
    for character in text:
        value = value * 31 + ord(character)
    return value


class TestGolden(support.TestCase):
    """Rows that the official code made (SPEC B 3b)."""

    def check(self, source, target, most):
        with gzip.open(os.path.join(support.GOLDEN, f"align_mapping.{source}-{target}.json.gz"), "rt", encoding="utf-8") as file:
            mapping = json.load(file)
        pair = VocabularyPair(support.vocabulary(source), support.vocabulary(target), official_map=mapping)
        rows = ties = 0
        for line in support.read_lines(os.path.join(support.GOLDEN, f"align.{source}-{target}.jsonl.gz"))[:most]:
            if line["mode"] != "default":
                continue
            options = Options.preset("reference", window=line["logits_number"], epsilon=1 / line["lambda"], tolerance=line["epsilon"])
            document = tuple(TokenizedDocument(*(line[f"{side}_{part}"] for part in ("ids", "indices", "logits"))) for side in ("source", "target"))
            aligned, = align_batch(pair, [document], options)
            for (tokens, values), expected_tokens, expected in zip(rows_of(aligned), line["ot"]["indices"], line["ot"]["logits"]):
                rows += 1
                if tokens != expected_tokens or any(abs(a - b) > 1e-9 for a, b in zip(values, expected)):
                    ties += 1
        self.assertGreater(rows, 50)
        self.assertLessEqual(ties, 0.002 * rows)

    def test_byte_level_to_sentencepiece(self):
        self.check("gpt2", "spA", 6)

    @long_test
    def test_other_pairs(self):
        self.check("spB", "spA", 6)
        self.check("spA", "cl100k", 3)


class TestBatches(support.TestCase):
    def test_batches_and_threads_change_nothing(self):
        documents = sample_documents(most=12)
        for options in ("reference", "paper", RENORMALISED):
            together = [rows_of(d) for d in align_batch(pair(), documents, options)]
            self.assertEqual([rows_of(align_batch(pair(), [d], options)[0]) for d in documents], together)
            self.assertEqual([rows_of(d) for d in align_batch(pair(), documents, options, threads=3)], together)
            self.assertEqual([rows_of(d) for d in align_batch(pair(), documents[::-1], options, threads=0)][::-1], together)

    def test_results_keep_their_memory(self):
        documents = sample_documents(most=6)
        aligned = align_batch(pair(), documents, "reference")
        expected = rows_of(aligned[3])
        kept, tokens, rule = aligned[3], aligned[3].tokens, aligned[3].rows.rule
        first, letters = tokens.tolist(), aligned[3].rows.letters
        del aligned, documents
        gc.collect()
        self.assertEqual(rows_of(kept), expected)
        del kept
        gc.collect()
        self.assertEqual((tokens.tolist(), len(rule)), (first, len(letters)))

    def test_a_document(self):
        document = align_batch(pair(), sample_documents(most=1), "reference")[0]
        self.assertEqual((len(document), len(document.starts), len(document.rows)), (44, 45, 44))
        self.assertEqual(int(document.starts[-1]), len(document.tokens))
        tokens, values = document[3]
        self.assertEqual(tokens.tolist(), document.tokens[document.starts[3]:document.starts[4]].tolist())
        self.assertEqual(document[-1][0].tolist(), document[43][0].tolist())
        with self.assertRaises(IndexError):
            document[44]
        row = document.rows[0]
        self.assertEqual((row.letter, row.rule, row.transport_status), ("O", 1, 0))
        self.assertEqual([r.letter for r in document.rows], list(document.rows.letters))
        self.assertEqual((document.repaired, len(document.seconds)), (False, 5))

    @needs_numpy
    def test_types_change_nothing(self):
        rows = sample_rows("gpt2")[:5], sample_rows("spA")[:5]
        expected = [rows_of(d) for d in align_batch(pair(), [(view(s), view(t)) for s, t in zip(*rows)], RENORMALISED)]
        for ids, values in (("i4", "f8"), ("i8", "f4"), ("i8", "f2")):
            documents = [
                tuple(TokenizedDocument(numpy.array(r["input_ids"], ids), numpy.array(r["per_step_indices"], ids), numpy.array(r["per_step_logits"], values)) for r in both)
                for both in zip(*rows)
            ]
            self.assertEqual([rows_of(d) for d in align_batch(pair(), documents, RENORMALISED)], expected)

    @needs_numpy
    def test_pickled_documents(self):
        document = align_batch(pair(), sample_documents(most=3), "reference")[2]
        copy = pickle.loads(pickle.dumps(document))
        self.assertEqual((rows_of(copy), copy.rows.letters), (rows_of(document), document.rows.letters))

    def test_spans_are_read(self):
        source, target = support.vocabulary("gpt2"), support.vocabulary("spA")
        ids = [source.find("ab"), source.find("c")], [target.find("a"), target.find("b"), target.find("c")]
        spans = [[0, 2], [2, 3]], [[0, 1], [1, 2], [2, 3]]
        views = [TokenizedDocument(i, [[i[0], i[1]]] * len(i), [[2.0, 1.0]] * len(i), spans=s) for i, s in zip(ids, spans)]
        aligned, = align_batch(pair(), [tuple(views)], Options.preset("fusion", mass="renormalised", projection="top1", byte_tail=0))
        self.assertEqual(aligned.rows.letters, ".B.")
        self.assertEqual(aligned.rows.source_row.tolist(), [-1, 0, -1])

    def test_nothing_to_do(self):
        self.assertEqual(align_batch(pair(), [], "reference"), [])

    def test_the_report(self):
        report, other = AlignmentReport(), AlignmentReport()
        documents = sample_documents(most=14)
        align_batch(pair(), documents, "paper", on_error="return", report=report)
        self.assertEqual((report.documents, report.refused, sum(report.rows.values())), (13, 1, report.target_tokens))
        self.assertEqual(set(report.rows), {"G", "."})
        self.assertEqual(report.transports["converged"], report.rows["G"])
        self.assertGreater(report.seconds["transport"], 0)
        self.assertTrue(0 < report.signal_kept < report.signal_rows)
        align_batch(pair(), documents[:3], "paper", report=other)
        report += other
        self.assertEqual(report.documents, 16)


class TestFallbacks(support.TestCase):
    """Rows that a source reaches are the same under every fallback; the others are as SPEC A2 has them."""

    def test_all_of_them(self):
        documents = sample_documents(most=5)
        for preset in ("reference", "paper"):
            masked = align_batch(pair(), documents, Options.preset(preset, fallback="mask"))
            for fallback in ("one-hot-current", "label", "target"):
                filled = align_batch(pair(), documents, Options.preset(preset, fallback=fallback))
                for (_, target), with_gaps, without in zip(documents, masked, filled):
                    ids, k = target.ids.tolist(), target.k
                    for t in range(len(with_gaps)):
                        letter, now = with_gaps.rows.letters[t], without.rows.letters[t]
                        tokens, values = (a.tolist() for a in without[t])
                        if letter in TRANSFERS:
                            self.assertEqual((now, tokens, values), (letter, with_gaps[t][0].tolist(), with_gaps[t][1].tolist()))
                        elif fallback == "one-hot-current":
                            self.assertEqual((now, tokens, values), ("C" if letter == "." else letter, [ids[t]], [1.0]))
                        elif fallback == "label":
                            last = t + 1 == len(ids)
                            self.assertEqual((tokens, values), ([], []) if last else ([ids[t + 1]], [1.0]))
                            self.assertEqual(now, "." if last else "L")
                        else:
                            logits = target.values.tolist()[t * k:(t + 1) * k]
                            weights = {token: math.exp(v - max(logits)) for token, v in zip(target.indices.tolist()[t * k:(t + 1) * k], logits)}
                            total = sum(weights.values())
                            self.assertEqual((now, tokens), ("T", sorted(weights, key=lambda token: (-weights[token], token))))
                            for token, value in zip(tokens, values):
                                self.assertAlmostEqual(value, weights[token] / total, 14)

    def test_a_refused_document_among_others(self):
        documents = sample_documents(most=4)
        bad = (TokenizedDocument([10**6], [[1]], [[0.0]]), documents[1][1])
        for fallback in ("one-hot-current", "label", "target"):
            options = Options.preset("reference", fallback=fallback)
            expected = [rows_of(d) for d in align_batch(pair(), documents, options)]
            with_bad = align_batch(pair(), [bad, documents[0], bad, *documents[1:], bad], options, on_error="return")
            self.assertEqual([rows_of(d) for d in with_bad if not isinstance(d, DataError)], expected)


class TestBadDocuments(support.TestCase):
    def test_each_has_its_sentence(self):
        good = sample_documents(most=2)
        source, target = good[0]
        nan = TokenizedDocument(target.ids, list(zip(*[iter(target.indices.tolist())] * 10)), [[math.nan] * 10] * len(target))
        outside = TokenizedDocument([50300], [[1]], [[0.0]])
        bad = [(outside, target), (source, nan), (TokenizedDocument([], [], []), target), (source, TokenizedDocument([], [], []))]
        sentences = ["50300", "NaN", "the source has no tokens; remove empty documents", "the target has no tokens"]
        options = Options.preset("paper")
        found = align_batch(pair(), [good[0], *bad, good[1]], options, on_error="return")
        self.assertEqual([isinstance(d, DataError) for d in found], [False, True, True, True, True, False])
        for at, (error, sentence) in enumerate(zip(found[1:5], sentences), 1):
            self.assertIn(sentence, error.reason)
            self.assertEqual((error.index, str(error)), (at, f"document {at}: {error.reason}"))
        self.assertEqual(rows_of(found[5]), rows_of(align_batch(pair(), [good[1]], options)[0]))
        with self.assertRaises(DataError) as raised:
            align_batch(pair(), [good[0], bad[3], bad[0]], options)
        self.assertEqual(raised.exception.index, 1)
        copy = pickle.loads(pickle.dumps(found[1]))
        self.assertEqual((copy.index, str(copy)), (1, str(found[1])))

    def test_mass_tail_needs_log_sum_exps(self):
        with self.assertRaisesRegex(DataError, "document 0: .*source has no log-sum-exp"):
            align_batch(pair(), sample_documents(most=1), "fusion")
        document = (view_with_lse(sample_rows("gpt2")[0]), view(sample_rows("spA")[0]))
        align_batch(pair(), [document], "fusion")
        with self.assertRaisesRegex(DataError, "document 0: the target has no log-sum-exp"):
            align_batch(pair(), [document], Options.preset("fusion", fallback="target"))

    def test_views_of_wrong_shapes(self):
        for arguments, kind, sentence in (
            (([1, 2], [[1], [2], [3]], [[0.0]] * 3), ValueError, r"indices has shape \[3, 1\]; expected \[2, any\]"),
            (([1, 2], [[1], [2]], [[0.0, 1.0]] * 2), ValueError, r"values has shape \[2, 2\]; expected \[2, 1\]"),
            (([1], [[1] * 65], [[0.0] * 65]), ValueError, "indices has 65 candidates a row; expected 1..64"),
            (([1], [[]], [[]]), ValueError, "indices has 0 candidates"),
            (([[1]], [[1]], [[0.0]]), ValueError, "ids has 2 dimensions; expected 1"),
            (([1], [[1]], [["x"]]), TypeError, "values holds 'x'"),
            (([1], [[1]], [[0.0]], [0.0, 1.0]), ValueError, r"lse has shape \[2\]; expected \[1\]"),
            (([1], [[1]], [[0.0]], None, [[0]]), ValueError, r"spans has shape \[1, 1\]; expected \[1, 2\]"),
        ):
            with self.assertRaisesRegex(kind, sentence):
                TokenizedDocument(*arguments)

    def test_wrong_arguments(self):
        document = sample_documents(most=1)[0]
        for call, kind, sentence in (
            (lambda: align_batch(None, [document]), TypeError, "pair is a NoneType"),
            (lambda: align_batch(pair(), [document], "best"), ValueError, "preset 'best' is unknown; use reference, paper, fusion"),
            (lambda: align_batch(pair(), [document], 5), TypeError, "options is a int"),
            (lambda: align_batch(pair(), [document], on_error="ignore"), ValueError, "on_error is 'ignore'"),
            (lambda: align_batch(pair(), [(1, 2)]), TypeError, r"documents\[0\] is no pair"),
            (lambda: align_batch(pair(), [document], "reference", threads=-1), ValueError, "threads"),
            (lambda: align_batch(pair(), [(*document, 5)], "paper"), TypeError, r"documents\[0\].prior is a int"),
        ):
            with self.assertRaisesRegex(kind, sentence):
                call()

    def test_priors(self):
        documents = sample_documents(most=2)
        first = align_batch(pair(), documents, "paper")
        with self.assertRaisesRegex(ValueError, r"documents\[0\].prior has \d+ rows for \d+ target tokens"):
            align_batch(pair(), [(*documents[0], first[1])], "paper")
        with self.assertRaisesRegex(ValueError, "only preset paper takes a prior"):
            align_batch(pair(), [(*documents[0], first[0])], RENORMALISED)


if __name__ == "__main__":
    unittest.main()
