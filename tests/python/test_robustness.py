"""Threads, forks, freed owners, exceptions in callbacks and interrupted calls; also run under AddressSanitizer."""

import array
import ctypes
import gc
import os
import subprocess
import sys
import threading
import unittest

import support
from support import needs_numpy, numpy, pair, rows_of, sample_documents, sample_rows
from test_arrays import FakeTensor

import ptakernels
from ptakernels import Options, Tape, TokenizedDocument, Vocabulary, VocabularyPair, align_batch, cost_matrix, solve_transport

RENORMALISED = Options.preset("fusion", mass="renormalised")


class TestThreads(unittest.TestCase):
    def test_64_threads_on_one_pair(self):
        shared = VocabularyPair(support.vocabulary("gpt2"), support.vocabulary("spA"))
        documents = sample_documents(most=4)
        expected = {name: [rows_of(d) for d in align_batch(pair(), documents, name)] for name in ("reference", "paper", RENORMALISED)}
        options = list(expected)
        start, wrong = threading.Barrier(64), []

        def work(n):
            start.wait()
            for turn in range(3):
                name = options[(n + turn) % 3]
                try:
                    found = [rows_of(d) for d in align_batch(shared, documents, name, threads=2 if n % 16 == 0 else 1)]
                    if found != expected[name]:
                        wrong.append(n)
                except BaseException as error:
                    wrong.append(error)

        run_all(work, 64)
        self.assertEqual(wrong, [])

    def test_workspaces_die_with_their_threads(self):
        from ptakernels import _library

        made = []

        def work(_):
            cost_matrix(["a"], ["b"])
            made.append(_library._workspaces.handle)

        run_all(work, 4)
        self.assertEqual(len({handle.address for handle in made}), 4)
        destroyed = []
        for handle in made:
            handle._destroy = lambda address, destroy=handle._destroy: (destroyed.append(address), destroy(address))
        addresses = [handle.address for handle in made]
        del made[:], handle
        gc.collect()
        self.assertEqual(sorted(destroyed), sorted(addresses))

    def test_encoders_of_many_threads_keep_their_exceptions_apart(self):
        class Wrong(Exception):
            pass

        def encoder(text):
            raise Wrong(threading.get_ident())

        failing = VocabularyPair(support.vocabulary("gpt2"), support.vocabulary("spA"), encoder=encoder)
        documents = sample_documents(most=1)
        found = []

        def work(_):
            try:
                align_batch(failing, documents, RENORMALISED)
            except Wrong as error:
                found.append(error.args[0] == threading.get_ident())

        run_all(work, 8)
        self.assertEqual(found, [True] * 8)
        with self.assertRaises(Wrong):
            align_batch(failing, sample_documents(most=6), RENORMALISED, threads=3)
        self.assertEqual(failing._encoder._failures, {})


class TestCallsWithinCalls(unittest.TestCase):
    def test_an_encoder_may_align(self):
        documents = sample_documents(most=2)
        options = Options.preset("fusion", mass="renormalised", fallback="label")
        plain = VocabularyPair(support.vocabulary("gpt2"), support.vocabulary("spA"), encoder=lambda text: 5)
        expected = [rows_of(d) for d in align_batch(plain, documents, options)]
        inner = [rows_of(d) for d in align_batch(pair(), documents, "reference")]
        wrong = []

        def encoder(text):
            if len(calls) < 20:
                calls.append(text)
                if [rows_of(d) for d in align_batch(pair(), documents, "reference")] != inner:
                    wrong.append(text)
            return 5

        calls = []
        nested = VocabularyPair(support.vocabulary("gpt2"), support.vocabulary("spA"), encoder=encoder)
        self.assertEqual([rows_of(d) for d in align_batch(nested, documents, options)], expected)
        self.assertEqual((wrong, len(calls)), ([], 20))


def run_all(work, count):
    threads = [threading.Thread(target=work, args=(n,)) for n in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


class TestFork(unittest.TestCase):
    @unittest.skipIf(support.SANITIZED, "a sanitizer's allocator does not outlive a fork of many threads")
    def test_child_and_parent_both_align(self):
        documents = sample_documents(most=3)
        expected = [rows_of(d) for d in align_batch(pair(), documents, "reference")]
        reader, writer = os.pipe()
        child = os.fork()
        if child == 0:
            status = 1
            try:
                from ptakernels import _library

                fresh = _library._workspaces.handle is None
                found = [rows_of(d) for d in align_batch(pair(), documents, "reference", threads=2)]
                status = 0 if fresh and found == expected else 2
            finally:
                os.write(writer, b"done")
                os._exit(status)
        os.close(writer)
        self.assertEqual([rows_of(d) for d in align_batch(pair(), documents, "reference")], expected)
        self.assertEqual(os.read(reader, 4), b"done")
        os.close(reader)
        self.assertEqual(os.waitpid(child, 0)[1], 0)

    @unittest.skipIf(support.SANITIZED, "a sanitizer's allocator does not outlive a fork of many threads")
    def test_multiprocessing(self):
        import multiprocessing

        context = multiprocessing.get_context("fork")
        with context.Pool(2) as pool:
            self.assertEqual(pool.map(align_one, range(4)), [align_one(n) for n in range(4)])


def align_one(n):
    return rows_of(align_batch(pair(), sample_documents(most=4)[n:n + 1], "reference")[0])


class TestOwners(unittest.TestCase):
    def test_documents_keep_what_they_were_made_of(self):
        row, other = sample_rows("gpt2")[2], sample_rows("spA")[2]
        expected = rows_of(align_batch(pair(), sample_documents(most=3), "reference")[2])

        def made(row):
            ids = array.array("i", row["input_ids"])
            indices, values = (memoryview(array.array(kind, [v for line in row[name] for v in line])).cast("B").cast(kind, [len(ids), 10])
                               for kind, name in (("i", "per_step_indices"), ("d", "per_step_logits")))
            return TokenizedDocument(ids, indices, values)

        documents = [(made(row), made(other))]
        gc.collect()
        churn = [bytearray(4096) for _ in range(500)]
        aligned = align_batch(pair(), documents, "reference")
        del documents, churn
        gc.collect()
        self.assertEqual(rows_of(aligned[0]), expected)

    def test_tensors_are_given_back_once(self):
        row = sample_rows("spA")[2]
        flat = [v for line in row["per_step_logits"] for v in line]
        tensors = [FakeTensor(row["input_ids"], code=0, bits=64, kind="q"), FakeTensor(flat, shape=(len(row["input_ids"]), 10), versioned=True)]
        document = TokenizedDocument(tensors[0], row["per_step_indices"], tensors[1])
        gc.collect()
        self.assertEqual([t.deleted for t in tensors], [1, 0])  # the ids were converted
        aligned = align_batch(pair("spA"), [(document, document)], RENORMALISED)
        self.assertEqual(tensors[1].deleted, 0)
        del document
        gc.collect()
        self.assertEqual([t.deleted for t in tensors], [1, 1])
        self.assertEqual(len(aligned[0]), len(row["input_ids"]))

    def test_vocabularies_and_pairs_may_go_first(self):
        source = Vocabulary.from_tokens(["a", "b", "ab"], style="sentencepiece")
        target = Vocabulary.from_tokens(["a", "b", "ab"], style="sentencepiece")
        own = VocabularyPair(source, target)
        document = TokenizedDocument([0, 1], [[0, 1], [1, 2]], [[1.0, 0.0], [2.0, 1.0]])
        first = rows_of(align_batch(own, [(document, document)], RENORMALISED)[0])
        del source, target
        gc.collect()
        aligned = align_batch(own, [(document, document)], RENORMALISED)
        del own, document
        gc.collect()
        self.assertEqual(rows_of(aligned[0]), first)

    def test_arrays_of_a_call_may_go_after_it(self):
        plan = solve_transport(array_of("d", [0, 1, 1, 0], [2, 2]), array.array("d", [0.5, 0.5]), array.array("d", [0.5, 0.5])).plan
        gc.collect()
        self.assertAlmostEqual(sum(map(sum, plan.tolist())), 1, 12)

    @needs_numpy
    def test_no_copies_of_what_fits(self):
        row = sample_rows("spA")[0]
        ids, indices, values = numpy.array(row["input_ids"], "i4"), numpy.array(row["per_step_indices"], "i4"), numpy.array(row["per_step_logits"])
        document = TokenizedDocument(ids, indices, values)
        packed = ctypes.cast(ctypes.create_string_buffer(document._packed, 48), ctypes.POINTER(ctypes.c_uint64))
        self.assertEqual([packed[i] for i in range(3)], [ids.ctypes.data, indices.ctypes.data, values.ctypes.data])


def array_of(kind, values, shape):
    return memoryview(array.array(kind, values)).cast("B").cast(kind, shape)


class TestRefusals(unittest.TestCase):
    """What would read or write where nothing is, is refused before the native side sees it, or by it."""

    def test_ids_outside_of_vocabularies(self):
        document = sample_documents(most=1)[0]
        for ids in ([-1], [2**31 - 1], [-(2**31)]):
            for bad in (TokenizedDocument(ids, [[0]], [[0.0]]), TokenizedDocument([0], [ids], [[0.0]])):
                for name in ("paper", RENORMALISED, "reference"):
                    options = name if name != "reference" else Options.preset("reference", window=1)
                    for both in ((bad, document[1]), (document[0], bad)):
                        with self.assertRaises(ptakernels.DataError):
                            align_batch(pair(), [both], options)

    def test_tokens_outside_of_tapes(self):
        tape = Tape(["a", "b"])
        for tokens in ([2], [-1], [2**31 - 1]):
            with self.assertRaises(ValueError):
                cost_matrix(tape, tape, tokens)
            with self.assertRaises(ValueError):
                ptakernels.find_nearest_tokens(tape, tape, tokens)
            with self.assertRaises(ValueError):
                ptakernels.cost_matrices(tape, tape, [tokens], [[0]])

    def test_outputs_that_overlap_inputs(self):
        cost = array_of("d", [0, 1, 1, 0], [2, 2])
        with self.assertRaisesRegex(ValueError, "overlap"):
            solve_transport(cost, [0.5, 0.5], [0.5, 0.5], out=cost)

    def test_odd_values(self):
        nan, inf = float("nan"), float("inf")
        for bad in ([nan, 0.5], [inf, 0.5], [-0.5, 1.5]):
            for kind in ("balanced", "exact", "semi-relaxed", "unbalanced", "official"):
                b = None if kind == "semi-relaxed" else [0.5, 0.5]
                try:
                    solve_transport([[0, 1], [1, 0]], bad, b, kind=kind)
                except ValueError:
                    pass  # either an outcome or a sentence

    def test_documents_of_one_token(self):
        one = TokenizedDocument([5], [[5]], [[0.0]])
        for options in ("paper", RENORMALISED, Options.preset("reference", window=1), Options.preset("reference", window=1, fallback="label")):
            aligned, = align_batch(pair("spA"), [(one, one)], options)
            self.assertEqual(len(aligned), 1)

    def test_many_batches_leave_nothing_behind(self):
        documents = sample_documents(most=2)
        pages = []
        for turn in range(120):
            align_batch(pair(), documents, "reference")
            if turn in (40, 119):
                gc.collect()
                with open("/proc/self/statm", encoding="ascii") as file:
                    pages.append(int(file.read().split()[1]))
        if not support.SANITIZED:
            self.assertLess((pages[1] - pages[0]) * 4096, 8 << 20)


class TestInterrupts(unittest.TestCase):
    def test_an_interrupt_in_the_encoder_comes_out(self):
        def encoder(text):
            raise KeyboardInterrupt

        with self.assertRaises(KeyboardInterrupt):
            align_batch(VocabularyPair(support.vocabulary("gpt2"), support.vocabulary("spA"), encoder=encoder), sample_documents(most=1), RENORMALISED)

    @support.long_test
    def test_an_interrupted_process_goes_on(self):
        code = (
            "import signal, sys, threading\n"
            "sys.path[:0] = sys.argv[1:3]\n"
            "import support\n"
            "from ptakernels import align_batch\n"
            "documents = support.sample_documents(most=8)\n"
            "expected = [support.rows_of(d) for d in align_batch(support.pair(), documents, 'reference')]\n"
            "interrupted = 0\n"
            "signal.setitimer(signal.ITIMER_REAL, 0.002, 0.003)\n"
            "signal.signal(signal.SIGALRM, signal.default_int_handler)\n"
            "for _ in range(60):\n"
            "    try:\n"
            "        align_batch(support.pair(), documents, 'reference')\n"
            "    except KeyboardInterrupt:\n"
            "        interrupted += 1\n"
            "signal.signal(signal.SIGALRM, signal.SIG_IGN)\n"
            "assert [support.rows_of(d) for d in align_batch(support.pair(), documents, 'reference')] == expected\n"
            "print(interrupted)\n"
        )
        # An interrupt between the loop's own lines ends the process as it should; such runs say nothing.
        for _ in range(20):
            done = subprocess.run([sys.executable, "-c", code, os.path.dirname(os.path.abspath(__file__)), support.PACKAGE], capture_output=True, text=True)
            if done.returncode == 0:
                self.assertGreater(int(done.stdout), 0)
                return
            self.assertIn("KeyboardInterrupt", done.stderr)
        self.fail("every run was interrupted outside of a call")


class TestTheEnd(unittest.TestCase):
    @support.long_test
    def test_a_process_ends_quietly(self):
        code = "import sys; sys.path[:0] = sys.argv[1:3]; import support; kept = support.pair(); documents = support.sample_documents(most=2)\n" \
               "from ptakernels import align_batch; results = align_batch(kept, documents, 'reference')"
        done = subprocess.run([sys.executable, "-c", code, os.path.dirname(os.path.abspath(__file__)), support.PACKAGE], capture_output=True, text=True)
        self.assertEqual((done.returncode, done.stderr), (0, ""))


if __name__ == "__main__":
    unittest.main()
