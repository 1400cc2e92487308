"""The device of another process: the same results as in this one, bit for bit, and clear ends."""

import contextlib
import os
import signal
import stat
import subprocess
import sys
import tempfile
import textwrap
import threading
import unittest
from unittest import mock

from support import SAMPLES, long_test, needs_numpy, numpy, pair, sample_documents
from pta_program import needs_pta, program

import ptakernels

if numpy is not None:
    from ptakernels import _serve_messages, _serve_process, device as device_module
    from ptakernels.device import Device, DeviceError

FUSION = ptakernels.Options.preset("fusion", mass="renormalised")
OLD = "pta: Unrecognized command or argument 'serve'. Type `pta --help` for what it takes."


def same(test, found, expected):
    """Every bit of every result; ties are those of all documents, because they are counted by call."""
    test.assertEqual(len(found), len(expected))
    for d, (one, other) in enumerate(zip(found, expected)):
        if isinstance(other, ptakernels.DataError):
            test.assertIsInstance(one, ptakernels.DataError)
            test.assertEqual(one.index, other.index)
            continue
        test.assertEqual(one.starts.tobytes(), other.starts.tobytes(), d)
        test.assertEqual(one.tokens.tobytes(), other.tokens.tobytes(), d)
        test.assertEqual(one.values.tobytes(), other.values.tobytes(), d)
        test.assertEqual(one.rows.records.tobytes(), other.rows.records.tobytes(), d)
        test.assertEqual(one.repaired, other.repaired, d)
    test.assertEqual(*(sum(r.ties for r in results if not isinstance(r, ptakernels.DataError)) for results in (found, expected)))


def alive(pid):
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, 0)
        return True
    return False


@needs_numpy
@needs_pta
class DeviceTest(unittest.TestCase):
    """Over one device on the native backend."""

    @classmethod
    def setUpClass(cls):
        cls.device = Device("native", program())
        cls.documents = sample_documents(most=12)

    @classmethod
    def tearDownClass(cls):
        cls.device.close()

    def process(self, options):
        return self.device._children.of(pair(), options).process

    def test_results_are_those_of_this_process(self):
        for options in (ptakernels.Options.preset("reference"), FUSION):
            expected = ptakernels.align_batch(pair(), self.documents, options, on_error="return")
            report = ptakernels.AlignmentReport()
            same(self, self.device.align_batch(pair(), iter(self.documents), options, on_error="return", report=report), expected)
            first = self.process(options)
            same(self, self.device.align_batch(pair(), self.documents[3:], options, on_error="return"), ptakernels.align_batch(pair(), self.documents[3:], options, on_error="return"))
            self.assertIs(self.process(options), first, "one child for a pair and options")
            self.assertEqual(report.documents + report.refused, len(self.documents))
            self.assertGreater(sum(report.seconds.values()), 0)
        about = self.device.running[0]
        self.assertEqual((about["backend"], about["isa"]), ("native", ptakernels.isa()))
        self.assertEqual((about["source_fingerprint"], about["target_fingerprint"]), (pair().source.fingerprint, pair().target.fingerprint))

    @long_test
    def test_a_prior_and_a_given_map_go_along(self):
        options = ptakernels.Options.preset("paper")
        documents = [d for d, a in zip(self.documents, ptakernels.align_batch(pair(), self.documents, options, on_error="return")) if not isinstance(a, Exception)]
        priors = ptakernels.align_batch(pair(), documents, options)
        asked = [(source, target, None if d == 1 else prior) for d, ((source, target), prior) in enumerate(zip(documents, priors))]
        same(self, self.device.align_batch(pair(), asked, options), ptakernels.align_batch(pair(), asked, options))
        nearest = numpy.arange(len(pair().source), dtype="i4") % 256 + 3
        nearest[1::5] = -3
        mapped = ptakernels.VocabularyPair(pair().source, pair().target, official_map=nearest)
        same(self, self.device.align_batch(mapped, documents, "reference"), ptakernels.align_batch(mapped, documents, "reference"))

    def test_no_documents_are_no_child(self):
        self.assertEqual(self.device.align_batch(ptakernels.VocabularyPair(pair().source, pair().source), []), [])

    def test_bad_documents_are_named(self):
        documents = list(self.documents[:3])
        source, target = documents[1]
        ids = source.ids.copy()
        ids[0] = -7
        documents[1] = (ptakernels.TokenizedDocument(ids, source.indices.reshape(-1, source.k), source.values.reshape(-1, source.k)), target)
        empty = ptakernels.TokenizedDocument([], [], [])
        documents.append((source, empty))
        results = self.device.align_batch(pair(), documents, FUSION, on_error="return")
        self.assertEqual([isinstance(r, ptakernels.DataError) for r in results], [False, True, False, True])
        self.assertEqual((results[1].index, results[3].index), (1, 3))
        self.assertTrue(results[1].reason.startswith("row 0: source id -7 has no token in gpt2"), results[1].reason)
        self.assertEqual(results[3].reason, "the target has no tokens; remove empty documents.")
        with self.assertRaises(ptakernels.DataError) as raised:
            self.device.align_batch(pair(), documents, FUSION)
        self.assertEqual(str(raised.exception), "document 1: " + results[1].reason)

    def test_wrong_arguments_are_refused_here(self):
        for arguments, error in (
            ((pair(), [], 3), TypeError), ((pair(), [], "best"), ValueError), ((None, [], FUSION), TypeError), ((pair(), [(1, 2)], FUSION), TypeError),
            ((pair(), [(*self.documents[0], 5)], FUSION), TypeError),
        ):
            self.assertRaises(error, self.device.align_batch, *arguments)
        self.assertRaises(ValueError, self.device.align_batch, pair(), [], FUSION, on_error="skip")
        encoding = ptakernels.VocabularyPair(pair().source, pair().target, encoder=lambda text: None)
        with self.assertRaisesRegex(ValueError, r"^pair has an encoder in Python, which pta cannot ask; name .* Device\(tokenizer=...\)"):
            self.device.align_batch(encoding, self.documents[:1], FUSION)

    def test_many_documents_go_through_small_pipes(self):
        documents = self.documents * 20
        with mock.patch.object(_serve_process, "_PIPE_BYTES", 4096), mock.patch.object(device_module, "_MOST_DOCUMENTS", 5), Device("native", program(), threads=1) as small:
            same(self, small.align_batch(pair(), documents, FUSION, on_error="return"), ptakernels.align_batch(pair(), documents, FUSION, on_error="return"))

    def test_threads_wait_for_one_another(self):
        choices = [FUSION, ptakernels.Options.preset("reference")]
        expected = [ptakernels.align_batch(pair(), self.documents, options, on_error="return") for options in choices]
        found = {}
        threads = [
            threading.Thread(target=lambda n=n: found.setdefault(n, self.device.align_batch(pair(), self.documents, choices[n % 2], on_error="return")))
            for n in range(6)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for n in range(6):
            same(self, found[n], expected[n % 2])

    def test_a_killed_child_is_named_and_started_again(self):
        expected = ptakernels.align_batch(pair(), self.documents, FUSION, on_error="return")
        self.device.align_batch(pair(), self.documents[:1], FUSION)
        os.kill(self.process(FUSION)._process.pid, signal.SIGKILL)
        with self.assertRaisesRegex(DeviceError, "serve was ended by SIGKILL"):
            self.device.align_batch(pair(), self.documents * 30, FUSION, on_error="return")
        self.assertIsNone(self.process(FUSION))
        same(self, self.device.align_batch(pair(), self.documents, FUSION, on_error="return"), expected)

    def test_an_interrupted_call_leaves_no_child_in_the_middle_of_a_message(self):
        self.device.align_batch(pair(), self.documents[:1], FUSION)
        pid = self.process(FUSION)._process.pid
        with mock.patch.object(device_module, "results_of", side_effect=KeyboardInterrupt), self.assertRaises(KeyboardInterrupt):
            self.device.align_batch(pair(), self.documents, FUSION, on_error="return")
        self.assertFalse(alive(pid))
        with mock.patch.object(device_module, "columns_of", side_effect=MemoryError), self.assertRaises(MemoryError):
            self.device.align_batch(pair(), self.documents[:1], FUSION)
        self.assertEqual(len(self.device.align_batch(pair(), self.documents[:1], FUSION)), 1)

    def test_a_forked_process_starts_its_own(self):
        expected = self.device.align_batch(pair(), self.documents[:2], FUSION)
        pid = self.process(FUSION)._process.pid
        read, write = os.pipe()
        fork = os.fork()
        if fork == 0:
            status = 1
            with contextlib.suppress(BaseException):
                os.write(write, b"own" if not self.device.running else b"parent's")
                same(self, self.device.align_batch(pair(), self.documents[:2], FUSION), expected)
                self.assertNotEqual(self.process(FUSION)._process.pid, pid)
                self.device.close()
                status = 0
            os._exit(status)
        os.close(write)
        _, status = os.waitpid(fork, 0)
        self.assertEqual((os.read(read, 100), status), (b"own", 0))
        os.close(read)
        self.assertEqual(self.process(FUSION)._process.pid, pid)
        same(self, self.device.align_batch(pair(), self.documents[:2], FUSION), expected)

    @long_test
    def test_combinations_that_only_pta_has(self):
        with Device("native", program(), switches={"transport": "unbalanced", "projection": "top1", "fused_k": 3}) as device:
            found = device.align_batch(pair(), self.documents[:2], FUSION)
        for document in found:
            sums = [float(values.sum()) for _, values in document if len(values)]
            self.assertTrue(sums and all(abs(s - 1) < 1e-12 for s in sums))
            self.assertLessEqual(max(len(tokens) for tokens, _ in document), 3)
        with Device("native", program(), switches={"transport": "teleport"}) as device:
            with self.assertRaisesRegex(DeviceError, "ended with status 1: --transport 'teleport' is unknown"):
                device.align_batch(pair(), self.documents[:1], FUSION)

    @long_test
    def test_the_emulator_gives_what_the_processor_gives(self):
        shortest = min(self.documents, key=lambda d: d[1].length)
        expected, = ptakernels.align_batch(pair(), [shortest], FUSION)
        with Device("ilgpu-cpu", program()) as device:
            found, = device.align_batch(pair(), [shortest], FUSION)
            self.assertEqual(device.running[0]["backend"], "ilgpu-cpu")
        self.assertEqual(found.tokens.tolist(), expected.tokens.tolist())
        self.assertEqual(found.rows.letters, expected.rows.letters)
        self.assertTrue(numpy.abs(found.values - expected.values).max() <= 1e-8)

    @long_test
    def test_a_tokenizer_stands_for_the_encoder(self):
        path = os.path.join(SAMPLES, "demo", "target", "tokenizer.model")
        target = ptakernels.Vocabulary.load(path)
        both = ptakernels.VocabularyPair(target, target, encoder=lambda text: None)
        count = 40
        ids = numpy.arange(300, 300 + count)
        indices = (numpy.arange(count * 4).reshape(count, 4) * 7) % 500 + 300
        view = ptakernels.TokenizedDocument(ids, indices, -numpy.arange(4.0) + numpy.zeros((count, 4)))
        with Device("native", program(), tokenizer=path) as device:
            document, = device.align_batch(both, [(view, view)], FUSION)
        self.assertGreater(sum(len(tokens) > 0 for tokens, _ in document), count // 2)

    def test_surrogates_and_holes_arrive_as_they_are(self):
        odd = ptakernels.Vocabulary.from_tokens(["\u2581a", "b\ud800", None, "\udc00\ud800", "<s>", "\U0001F600", "<0xFF>"], style="sentencepiece", bos_id=4, name="odd")
        documents = [(ptakernels.TokenizedDocument([4, 0, 5], [[0, 1]] * 3, [[1.0, 0.5]] * 3),) * 2]
        both = ptakernels.VocabularyPair(odd, odd)
        with Device("native", program()) as device:
            same(self, device.align_batch(both, documents, FUSION), ptakernels.align_batch(both, documents, FUSION))
            self.assertEqual(device.running[0]["target_fingerprint"], odd.fingerprint)

    @long_test
    def test_the_end_of_python_is_the_end_of_its_children(self):
        script = textwrap.dedent("""
            import sys
            from support import pair, sample_documents
            from pta_program import program
            from ptakernels.device import Device
            device = Device("native", program())
            device.align_batch(pair(), sample_documents(most=1), "reference")
            child, = device._children.all()
            print(child.process._process.pid, device._children._folder)
        """)
        done = subprocess.run([sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=os.path.dirname(os.path.abspath(__file__)))
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        pid, folder = done.stdout.split()
        self.assertFalse(alive(int(pid)))
        self.assertFalse(os.path.exists(folder))

    def test_a_backend_that_is_not_there_is_named(self):
        with Device("ilgpu-ether", program()) as device:
            with self.assertRaisesRegex(DeviceError, "ended with status 1: backend 'ilgpu-ether' is unknown; use "):
                device.align_batch(pair(), self.documents[:1], FUSION)


@needs_numpy
class FindingTest(unittest.TestCase):
    """Where pta is looked for, and programs that are not what is looked for; none of them is pta."""

    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.documents = sample_documents(most=1)

    def program(self, text, name="pta"):
        path = os.path.join(self.folder.name, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(f"#!{sys.executable}\n" + textwrap.dedent(text))
        os.chmod(path, os.stat(path).st_mode | stat.S_IXUSR)
        return path

    def refused(self, text, sentence):
        with Device("native", self.program(text)) as device, self.assertRaisesRegex(DeviceError, sentence):
            device.align_batch(pair(), self.documents, FUSION)

    def test_an_argument_goes_before_the_environment_and_that_before_the_path(self):
        here, there = self.program("", "pta"), self.program("", "other")
        with mock.patch.dict(os.environ, {"PATH": self.folder.name}):
            os.environ.pop("PTAKERNELS_PTA", None)
            self.assertEqual(_serve_process.command_of(None), [here])
            os.environ["PTAKERNELS_PTA"] = there
            self.assertEqual(_serve_process.command_of(None), [there])
            self.assertEqual(_serve_process.command_of("pta"), [here])
            self.assertEqual(_serve_process.command_of(["dotnet", "pta.dll"]), ["dotnet", "pta.dll"])
            os.environ["PTAKERNELS_PTA"] = os.path.join(self.folder.name, "none")
            with self.assertRaisesRegex(DeviceError, "^PTAKERNELS_PTA is .*none, which is neither a program nor an unpacked GPU bundle"):
                Device()

    def test_an_unpacked_bundle_is_taken(self):
        for path in ("dotnet/dotnet", "pta/pta.dll"):
            os.makedirs(os.path.join(self.folder.name, os.path.dirname(path)), exist_ok=True)
            with open(os.path.join(self.folder.name, path), "w", encoding="utf-8"):
                pass
        self.assertEqual(_serve_process.command_of(self.folder.name), [os.path.join(self.folder.name, p) for p in ("dotnet/dotnet", "pta/pta.dll")])

    def test_not_found_says_where_it_was_looked_for(self):
        with mock.patch.dict(os.environ, {"PATH": self.folder.name}), mock.patch.object(_serve_process, "__file__", os.path.join(self.folder.name, "a", "b", "c", "d.py")):
            os.environ.pop("PTAKERNELS_PTA", None)
            with self.assertRaisesRegex(DeviceError, "^The program pta was not found: no argument names it, PTAKERNELS_PTA is not set, PATH has none, and there is no .*scripts/pta; "):
                Device()

    def test_an_old_program_is_named(self):
        self.refused(f"import sys; sys.exit(print({OLD!r}, file=sys.stderr) or 2)", "has no verb serve: it is older than this package")

    def test_another_protocol_is_named(self):
        answers = _serve_messages.Schema(_serve_messages.REQUESTS.fields, {_serve_messages.VERSION_KEY: "9"})
        package = os.path.dirname(os.path.dirname(_serve_messages.__file__))
        self.refused(
            f"import sys; sys.path.insert(0, {package!r})\n"
            f"from ptakernels._arrow import ArrowWriter\nfrom ptakernels._serve_messages import REQUESTS, Schema\n"
            f"ArrowWriter(sys.stdout.buffer, Schema(REQUESTS.fields, {answers.metadata!r})); sys.stdin.buffer.read()",
            "serve speaks version 9 of the protocol and this package version 1")

    def test_the_last_lines_of_standard_error_are_told(self):
        self.refused("import sys; print('notice: a', 'pta: it broke.', sep='\\n', file=sys.stderr); sys.exit(1)", "serve ended with status 1: it broke.$")
        self.refused("import sys; print(*range(100), 'the end', sep='\\n', file=sys.stderr)", "serve ended with status 0: 81\n82\n[0-9\n]*the end$")
        self.refused("import sys; sys.exit(3)", "serve ended with status 3, and said nothing on standard error.$")
        self.refused("print('Hello, who are you?')", "serve ended with status 0, and said nothing")


if __name__ == "__main__":
    unittest.main()
