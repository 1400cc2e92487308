"""Arrow IPC streams: round trips, pipes, forged and damaged headers, and a reader that shares nothing with ours."""

from __future__ import annotations

import io
import json
import os
import random
import struct
import subprocess
import sys
import tempfile
import threading
import time
import unittest
from unittest import mock

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "native", "python"))

try:
    import numpy as np
except ImportError:
    np = None
else:
    from ptakernels import _arrow_codecs
    from ptakernels._arrow import ArrowFile, ArrowStream, ArrowWriter
    from ptakernels._arrow_columns import Column, column_of, list_column
    from ptakernels._arrow_schema import DataType, Field, Schema, fixed_size_list, type_of
    from ptakernels._flatbuffers import Builder, longs, table, tables, text
    from ptakernels.errors import DataError

needs_numpy = unittest.skipIf(np is None, "NumPy is not installed")


def everything():
    """A column of every type, with nulls, empty rows and rows of different lengths: name, type, rows as Python values."""
    struct_type = DataType("struct", (Field("a", type_of("int16")), Field("b", type_of("list<utf8>"))))
    return [
        ("null", type_of("null"), [None, None, None]),
        ("bool", type_of("bool"), [True, None, False]),
        ("int8", type_of("int8"), [-128, 0, 127]),
        ("int16", type_of("int16"), [-32768, None, 32767]),
        ("int32", type_of("int32"), [-2 ** 31, 5, 2 ** 31 - 1]),
        ("int64", type_of("int64"), [-2 ** 63, None, 2 ** 63 - 1]),
        ("uint8", type_of("uint8"), [0, 7, 255]),
        ("uint16", type_of("uint16"), [0, None, 65535]),
        ("uint32", type_of("uint32"), [0, 7, 2 ** 32 - 1]),
        ("uint64", type_of("uint64"), [0, 7, 2 ** 63]),
        ("float16", type_of("float16"), [0.5, None, -65504.0]),
        ("float32", type_of("float32"), [0.5, -0.0, 2.0 ** -126]),
        ("float64", type_of("float64"), [0.1, float("-inf"), None]),
        ("date32", type_of("date32"), [0, 20000, None]),
        ("utf8", type_of("utf8"), ["", "vier Käse 🧀", None]),
        ("large_utf8", type_of("large_utf8"), [None, "", "x"]),
        ("binary", type_of("binary"), [b"", b"\0\xff", None]),
        ("large_binary", type_of("large_binary"), [b"a" * 100, None, b""]),
        ("list", type_of("list<int32>"), [[1, 2, 3], [], None]),
        ("holes", type_of("list<float32>"), [[1.0, None], None, [None]]),
        ("large_list", type_of("large_list<float16>"), [None, [1.5], []]),
        ("nested", type_of("list<list<int64>>"), [[[1], [], [2, 3]], [], [None, [4]]]),
        ("deep", type_of("large_list<list<large_list<utf8>>>"), [[[["a"], []]], None, [[], [["b", None]]]]),
        ("fixed", fixed_size_list(type_of("float64"), 2), [[1.0, 2.0], None, [3.0, None]]),
        ("fixed_in_list", DataType("list", (Field("item", fixed_size_list(type_of("uint8"), 3)),)), [[[1, 2, 3], [4, 5, 6]], [], None]),
        ("struct", struct_type, [{"a": 1, "b": ["x"]}, None, {"a": None, "b": []}]),
    ]


def written(columns, batches=1, metadata=None):
    """A stream of these columns as bytes."""
    sink = io.BytesIO()
    with ArrowWriter(sink, Schema(tuple(Field(n, t) for n, t, _ in columns), metadata or {})) as writer:
        for _ in range(batches):
            writer.write([column_of(t, rows) for _, t, rows in columns])
    return sink.getvalue()


@needs_numpy
class RoundTripTests(unittest.TestCase):
    def test_every_type_comes_back_as_it_was(self):
        columns = everything()
        stream = ArrowFile(written(columns, batches=2, metadata={"key": "value ✓", "empty": ""}))
        self.assertEqual(dict(stream.schema.metadata), {"key": "value ✓", "empty": ""})
        self.assertEqual((len(stream), stream.rows), (2, 6))
        for (name, kind, rows), field in zip(columns, stream.schema.fields):
            self.assertEqual((field.name, str(field.type)), (name, str(kind)))
            for batch in stream:
                self.assertEqual(batch.column(name).to_list(), rows, name)

    def test_slices_are_written_from_their_own_first_row(self):
        for name, kind, rows in everything():
            for first, last in ((0, 3), (1, 3), (1, 2), (2, 2)):
                with self.subTest(name=name, first=first, last=last):
                    sink = io.BytesIO()
                    with ArrowWriter(sink, Schema((Field("c", kind),))) as writer:
                        writer.write([column_of(kind, rows).slice(first, last)])
                    self.assertEqual(ArrowFile(sink.getvalue()).batch(0).column("c").to_list(), rows[first:last])

    def test_no_rows_and_no_batches(self):
        empty = ArrowFile(written([(n, t, []) for n, t, _ in everything()]))
        self.assertEqual([c.to_list() for c in empty.batch(0).columns()], [[]] * len(everything()))
        self.assertEqual(len(ArrowFile(written(everything(), batches=0))), 0)

    def test_a_row_of_numbers_points_into_the_mapped_file(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "a.arrow")
            rows = [np.arange(5, dtype=np.int32), np.arange(7, dtype=np.int32)]
            with open(path, "wb") as file, ArrowWriter(file, Schema((Field("c", type_of("list<int32>")),))) as writer:
                writer.write([column_of(type_of("list<int32>"), rows)])
            row = ArrowFile(path).batch(0).column("c")[1]
            self.assertEqual(row.tolist(), rows[1].tolist())
            self.assertFalse(row.flags.owndata or row.flags.writeable)

    def test_matrix_of_a_row_of_lists(self):
        kind = type_of("list<list<float16>>")
        wide = [np.arange(6, dtype=np.float16).reshape(3, 2), np.zeros((1, 4), np.float16)]
        column = column_of(kind, wide)
        self.assertEqual([column.matrix(i).tolist() for i in (0, 1)], [w.tolist() for w in wide])
        with self.assertRaisesRegex(ValueError, "different lengths"):
            column_of(kind, [[[1.0], [2.0, 3.0]]]).matrix(0)
        with self.assertRaisesRegex(ValueError, "null number"):
            column_of(kind, [[[1.0], [None]]]).matrix(0)
        self.assertEqual(column_of(kind, [[]]).matrix(0).shape, (0, 0))

    def test_list_column_from_flat_items(self):
        column = list_column(type_of("list<int8>"), column_of(type_of("int8"), [1, 2, 3]), [2, 0, 1])
        self.assertEqual(column.to_list(), [[1, 2], [], [3]])
        with self.assertRaisesRegex(ValueError, "do not fit"):
            list_column(type_of("list<int8>"), column_of(type_of("int8"), [1, 2, 3]), [2, 0])

    def test_values_that_do_not_fit_are_refused(self):
        for kind, rows in (("int8", [128]), ("uint16", [-1]), ("int32", [1.5]), ("float16", [70000.0]), ("uint64", [-1]), ("int64", [2 ** 63]), ("utf8", [b"x"]), ("binary", ["x"]), ("int32", ["x"])):
            with self.subTest(kind=kind, rows=rows), self.assertRaises(ValueError):
                column_of(type_of(kind), rows)
        with self.assertRaisesRegex(ValueError, "has not 2 items"):
            column_of(fixed_size_list(type_of("int8"), 2), [[1]])

    def test_writer_refuses_other_columns(self):
        writer = ArrowWriter(io.BytesIO(), Schema((Field("a", type_of("int8")), Field("b", type_of("int8")))))
        one, two = column_of(type_of("int8"), [1]), column_of(type_of("int8"), [1, 2])
        for columns, message in (([one], "1 columns"), ([one, two], "2 rows"), ({"a": one, "c": one}, "a, c"), ([one, column_of(type_of("int16"), [1])], "int16")):
            with self.assertRaisesRegex(ValueError, message):
                writer.write(columns)
        writer.close()
        with self.assertRaisesRegex(ValueError, "closed"):
            writer.write([one, one])


@needs_numpy
class PipeTests(unittest.TestCase):
    def test_batches_arrive_while_the_writer_is_open(self):
        columns = everything()
        reading, writing = os.pipe()
        with os.fdopen(reading, "rb", buffering=0) as source, os.fdopen(writing, "wb", buffering=0) as sink:
            writer = ArrowWriter(sink, Schema(tuple(Field(n, t) for n, t, _ in columns)))
            stream = ArrowStream(source, "a pipe")
            for _ in range(2):
                writer.write([column_of(t, rows) for _, t, rows in columns])
                self.assertEqual([c.to_list() for c in stream.read().columns()], [rows for _, _, rows in columns])
            writer.close()
            self.assertIsNone(stream.read())
            self.assertIsNone(stream.read())

    def test_more_than_a_pipe_holds(self):
        kind = type_of("list<int64>")
        rows = [np.arange(i * 100_000, dtype=np.int64) for i in range(3)]
        reading, writing = os.pipe()

        def write():
            with os.fdopen(writing, "wb", buffering=0) as sink, ArrowWriter(sink, Schema((Field("c", kind),))) as writer:
                writer.write([column_of(kind, rows)])

        thread = threading.Thread(target=write)
        thread.start()
        with os.fdopen(reading, "rb", buffering=0) as source:
            batches = list(ArrowStream(source))
        thread.join()
        self.assertEqual([r.tolist() for r in batches[0].column("c")], [r.tolist() for r in rows])

    def test_a_sink_that_takes_a_few_bytes_at_a_time(self):
        class Slow(io.BytesIO):
            def write(self, data):
                return super().write(data[:5])

        columns, sink = everything(), Slow()
        with ArrowWriter(sink, Schema(tuple(Field(n, t) for n, t, _ in columns))) as writer:
            writer.write([column_of(t, rows) for _, t, rows in columns])
        self.assertEqual(sink.getvalue(), written(columns))

    def test_a_writer_that_goes_away_is_no_end(self):
        whole = written(everything())
        for size in (0, 5, 8, 100, len(whole) - 9, len(whole) - 8, len(whole) - 1):
            with self.subTest(size=size), self.assertRaisesRegex(DataError, "the stream: cut off: it ends at byte"):
                list(ArrowStream(io.BytesIO(whole[:size])))

    def test_a_forged_length_takes_no_memory(self):
        schema = written([("c", type_of("int8"), [1])], batches=0)[:-8]
        batch = table({0: ("q", 1), 1: longs([(1, 0)]), 2: longs([(0, 0), (0, 1)])})
        for claim, message in ((1 << 39, "cut off"), (1 << 62, "does not belong there")):
            header = Builder().finish(table({0: ("h", 4), 1: ("B", 3), 2: batch, 3: ("q", claim)}))
            forged = schema + struct.pack("<II", 0xFFFFFFFF, len(header)) + header + bytes(100)
            with self.assertRaisesRegex(DataError, message):
                list(ArrowStream(io.BytesIO(forged)))
            with self.assertRaisesRegex(DataError, message):
                ArrowFile(forged)


@needs_numpy
class DamageTests(unittest.TestCase):
    def test_every_cut_is_found_with_its_place(self):
        whole = written(everything())
        for size in range(0, len(whole), 7):
            with self.assertRaisesRegex(DataError, r"^x\.arrow: cut off: it ends at byte \d+ inside the message that goes on from byte \d+; copy or save it again\.$"):
                ArrowFile(whole[:size], "x.arrow")

    def test_flipped_bits_end_in_one_sentence_or_in_values(self):
        whole, chance, began = written(everything(), batches=2), random.Random(1), time.monotonic()
        refused = 0
        for _ in range(1500):
            damaged = bytearray(whole)
            for _ in range(chance.choice((1, 1, 4))):
                damaged[chance.randrange(len(damaged))] ^= 1 << chance.randrange(8)
            try:
                for batch in ArrowFile(damaged, "x.arrow"):
                    for column in batch.columns():
                        column.to_list()
            except DataError as error:
                refused += 1
                self.assertEqual(str(error).count("\n"), 0)
        self.assertGreater(refused, 300)
        self.assertLess(time.monotonic() - began, 60)

    def test_offsets_outside_their_items(self):
        for kind, rows in (("list<int32>", [[1, 2], [3]]), ("utf8", ["ab", "c"]), ("large_list<int8>", [[1], [2]])):
            whole = bytearray(written([("c", type_of(kind), rows)]))
            column = ArrowFile(bytes(whole)).batch(0).column("c")
            at = bytes(whole).index(column.offsets.tobytes())
            width = column.offsets.itemsize
            for forged in (-1, 1 << 20):
                whole[at + width:at + 2 * width] = forged.to_bytes(width, "little", signed=True)
                with self.subTest(kind=kind, forged=forged), self.assertRaisesRegex(DataError, "column c: damaged: its offsets"):
                    ArrowFile(bytes(whole)).batch(0).column("c")

    def test_buffers_outside_the_body(self):
        schema = written([("c", type_of("int64"), [1])], batches=0)[:-8]
        for offset, size in ((-8, 8), (8, 16), (0, -8), (1 << 62, 8)):
            batch = table({0: ("q", 1), 1: longs([(1, 0)]), 2: longs([(0, 0), (offset, size)])})
            header = Builder().finish(table({0: ("h", 4), 1: ("B", 3), 2: batch, 3: ("q", 16)}))
            whole = schema + struct.pack("<II", 0xFFFFFFFF, len(header)) + header + bytes(16) + struct.pack("<II", 0xFFFFFFFF, 0)
            with self.subTest(offset=offset, size=size), self.assertRaisesRegex(DataError, f"column c: damaged: a buffer of {size} bytes at {offset} of a body of 16"):
                ArrowFile(whole).batch(0).column("c")

    def test_other_files(self):
        for data in (b"", b"PAR1" + bytes(100), b"ARROW1\0\0" + bytes(100), b"{}"):
            with self.assertRaises(DataError):
                ArrowFile(data)
        with self.assertRaisesRegex(DataError, "is no Arrow stream"):
            ArrowFile(b"PAR1" + bytes(100))
        with self.assertRaises(OSError):
            ArrowFile("/does/not/exist.arrow")


def forged_stream(header, kind=1, version=4, body=b""):
    """A stream of one message with a header of our making, and the end."""
    message = Builder().finish(table({0: ("h", version), 1: ("B", kind), 2: header, 3: ("q", len(body))}))
    end = struct.pack("<II", 0xFFFFFFFF, 0)
    return struct.pack("<II", 0xFFFFFFFF, len(message)) + message + body + end


def forged_field(kind, details, extra=None):
    return table({0: text("c"), 1: ("B", 1), 2: ("B", kind), 3: table(details), 5: tables([]), **(extra or {})})


@needs_numpy
class HeaderTests(unittest.TestCase):
    def test_numbers_stand_at_multiples_of_their_size(self):
        # Readers in C++ look at them where they stand. A number that occurs nowhere else shows where that is.
        mark = 0x1122334455667788
        for length in range(9):
            for fields in range(1, 6):
                name = text("x" * length)
                inner = table({**{i: ("B", 1) for i in range(fields)}, 7: ("q", mark)})
                data = Builder().finish(table({0: name, 1: ("B", 1), 2: inner, fields + 2: longs([(mark, 2), (3, mark)])}))
                places = [at for at in range(len(data)) if data[at:at + 8] == struct.pack("<q", mark)]
                self.assertEqual(([at % 8 for at in places], len(data) % 8), ([0, 0, 0], 0))


@needs_numpy
class RefusalTests(unittest.TestCase):
    def test_what_is_not_read_is_refused_by_name(self):
        dictionary = {4: table({0: ("q", 0)})}
        for field, message in (
            (forged_field(10, {0: ("h", 2)}), "column c of type timestamp"), (forged_field(7, {}), "decimal"), (forged_field(14, {}), "union"),
            (forged_field(5, {}, dictionary), "column c in a dictionary"), (forged_field(24, {}), "string view"),
        ):
            with self.assertRaisesRegex(DataError, message):
                ArrowFile(forged_stream(table({0: ("h", 0), 1: tables([field])})))
        with self.assertRaisesRegex(DataError, "big-endian"):
            ArrowFile(forged_stream(table({0: ("h", 1), 1: tables([])})))
        with self.assertRaisesRegex(DataError, "metadata version 3"):
            ArrowFile(forged_stream(table({0: ("h", 0), 1: tables([])}), version=2))
        with self.assertRaisesRegex(DataError, "has a dictionary"):
            ArrowFile(forged_stream(table({0: ("q", 0)}), kind=2))

    def test_fields_that_share_one_table_do_not_multiply(self):
        # Forty levels, each with two references to the next: 2^40 fields in two kilobytes.
        def shared(builder):
            if not hasattr(builder, "made"):
                builder.made = {}
            depth = builder.depth = getattr(builder, "depth", 0) + 1
            if depth not in builder.made:
                children = tables([shared, shared]) if depth < 40 else tables([])
                builder.made[depth] = None
                builder.made[depth] = table({0: text("c"), 1: ("B", 1), 2: ("B", 13), 3: table({}), 5: children})(builder)
            builder.depth -= 1
            return builder.made[depth]

        with self.assertRaisesRegex(DataError, "more fields than its bytes can hold"):
            ArrowFile(forged_stream(table({0: ("h", 0), 1: tables([shared])})))

    def test_compression_by_what_is_installed(self):
        batch = table({0: ("q", 1), 1: longs([(1, 0)]), 2: longs([(0, 0), (0, 9)]), 3: table({0: ("b", 1)})})
        message = Builder().finish(table({0: ("h", 4), 1: ("B", 3), 2: batch, 3: ("q", 16)}))
        schema = written([("c", type_of("int8"), [1])], batches=0)[:-8]

        def stream(body):
            return schema + struct.pack("<II", 0xFFFFFFFF, len(message)) + message + body.ljust(16, b"\0") + struct.pack("<II", 0xFFFFFFFF, 0)

        self.assertEqual(ArrowFile(stream(struct.pack("<qb", -1, 5))).batch(0).column("c").to_list(), [5])
        with mock.patch.dict(_arrow_codecs._found, {"zstd": None}), self.assertRaisesRegex(DataError, "column c: is compressed by zstd; install the package zstandard"):
            ArrowFile(stream(struct.pack("<qb", 1, 5))).batch(0).column("c")
        with mock.patch.dict(_arrow_codecs._found, {"zstd": lambda data, size: data * size}):
            self.assertEqual(ArrowFile(stream(struct.pack("<qb", 1, 5))).batch(0).column("c").to_list(), [5])
            for claim in (2 ** 62, -2, 7):
                with mock.patch.dict(_arrow_codecs._found, {"zstd": lambda data, size: data}), self.assertRaisesRegex(DataError, "damaged: a compressed buffer"):
                    ArrowFile(stream(struct.pack("<qb", claim, 5))).batch(0).column("c")


@needs_numpy
class IndependentReaderTests(unittest.TestCase):
    """Apache Arrow for JavaScript, from where the C# tests have it installed."""

    def test_javascript_reads_what_is_written_here(self):
        modules = os.environ.get("PTAKERNELS_NODE_MODULES") or os.path.join(ROOT, "artifacts", "independent", "node_modules")
        if not os.path.isdir(os.path.join(modules, "apache-arrow")):
            self.skipTest("apache-arrow for JavaScript is not installed")
        columns = [c for c in everything() if c[0] not in ("int64", "uint64", "struct", "null", "date32", "binary", "large_binary", "deep")]
        with tempfile.TemporaryDirectory() as folder:
            with open(os.path.join(folder, "data.arrow"), "wb") as file:
                file.write(written(columns, batches=2))
            with open(os.path.join(folder, "state.json"), "w") as file:
                json.dump({"_data_files": [{"filename": "data.arrow"}]}, file)
            script = os.path.join(ROOT, "tests", "independent", "read-dataset.cjs")
            done = subprocess.run(["node", script, folder], env={**os.environ, "NODE_PATH": modules}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
        self.assertEqual(done.returncode, 0, done.stderr.decode())
        found = json.loads(done.stdout)
        self.assertEqual((found["rows"], found["batches"]), (6, 2))
        self.assertEqual(found["first"], {name: rows[0] for name, _, rows in columns})


if __name__ == "__main__":
    unittest.main()
