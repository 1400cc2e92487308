"""Aligned stores as datasets, batches of them, and training on two processes against one."""

from __future__ import annotations

import os
import pickle
import socket
import subprocess
import sys
import unittest

from pta_program import ROOT, InFolder, needs_pta, pta

sys.path.insert(0, os.path.join(ROOT, "native", "python"))

try:
    import numpy as np
    import torch
except ImportError:
    np = torch = None
else:
    from ptakernels._arrow_columns import column_of
    from ptakernels._store_format import StoreHeader, TokenIds
    from ptakernels._store_writer import ShardedWriter
    from ptakernels.store import AlignedRows, AlignedStore
    from ptakernels.torch import AlignedDataset, Collate, FusionBatch

needs_torch = unittest.skipIf(torch is None, "torch is not installed")


def document(number, length, vocabulary=30):
    """A document of aligned rows, of which some are masked."""
    generator = np.random.default_rng(number)
    counts = generator.integers(0, 4, length)
    starts = np.concatenate([[0], np.cumsum(counts)])
    tokens = np.concatenate([generator.permutation(vocabulary)[:c] for c in counts] or [[]]).astype(np.int64)
    missing = np.where(counts > 0, 0.25, 0).astype(np.float32)
    values = np.repeat(0.75 / np.maximum(counts, 1), counts).astype(np.float32)
    return AlignedRows(f"d{number}", number, generator.integers(0, vocabulary, length), starts, tokens, values, missing, "B" * length, np.zeros(length, np.int8), np.ones(length))


def write_aligned(path, documents, vocabulary=30):
    """An aligned store; the package writes none, pta align does."""
    header = StoreHeader({
        "format": "pta-store", "schema": 1, "kind": "aligned", "tokenizer": {"name": "tiny", "fingerprint": "0123456789abcdef", "tokens": vocabulary}, "ids": "u16",
        "values": "float32", "splits": [""], "producer": {"program": "a test", "command": [], "options": {}, "inputs": []}, "shard_tokens": 100, "zstd": False, "official": False,
        "others": [], "sources": [{"name": "source", "fingerprint": "fedcba9876543210", "tokens": 10}], "source_order": [0], "unit": "probabilities",
    })
    ids, writer = TokenIds("u16", vocabulary), ShardedWriter(path, header, (), "", False, False)
    for number, d in enumerate(documents):
        counts = np.diff(d.starts)
        row = {
            "id": d.id, "input_ids": ids.encode(d.input_ids), "row": d.row, "counts": counts.astype(np.uint8), "tokens": ids.encode(d.tokens), "values": d.values,
            "missing": d.missing, "provenance": np.where(counts > 0, 7, 0xF0).astype(np.uint8),
        }
        writer.append([column_of(f.type, [row.get(f.name)]) for f in header.schema().fields], number, len(d.input_ids), 0)
    writer.commit()


@needs_torch
class DataTests(InFolder):
    def setUp(self):
        super().setUp()
        self.store = self.path("aligned.store")

    def rows_of(self, batch):
        """What each position of a batch is to learn, by the document's name and place."""
        labels, missing = batch.next_ids.reshape(-1), batch.missing
        return [(int(i), int(labels[n]), batch.tokens[a:b].tolist(), [round(p, 5) for p in batch.probs[a:b].tolist()], round(float(missing[n]), 5))
                for n, (i, a, b) in enumerate(zip(batch.input_ids.reshape(-1), batch.starts, batch.starts[1:]))]

    def expected(self, d, start, end):
        return [(int(d.input_ids[t]), int(d.input_ids[t + 1]) if t + 1 < len(d.input_ids) else -1, d.tokens[d.starts[t]:d.starts[t + 1]].tolist(),
                 [round(float(v), 5) for v in d.values[d.starts[t]:d.starts[t + 1]]], round(float(d.missing[t]), 5)) for t in range(start, end)]

    def test_packing_goes_into_the_fullest_sequence_with_room(self):
        documents = [document(i, length) for i, length in enumerate((5, 7, 3, 23, 2, 1))]
        batch = Collate(10, pad_id=29)(documents)
        # The document of 3 has room beside 5 and beside 7, and 7 is the fuller; what is left of 23 and then 2 go beside 5.
        places = [(0, 0, 5), (3, 20, 23), (4, 0, 2)], [(1, 0, 7), (2, 0, 3)], [(3, 0, 10)], [(3, 10, 20)], [(5, 0, 1)]
        padding = (29, -1, [], [], 0.0)
        wanted = []
        for parts in places:
            rows = [row for number, start, end in parts for row in self.expected(documents[number], start, end)]
            wanted += rows + [padding] * (10 - len(rows))
        self.assertEqual(self.rows_of(batch), wanted)
        self.assertEqual(batch.segments.tolist(), [[0] * 5 + [1] * 3 + [2] * 2, [0] * 7 + [1] * 3, [0] * 10, [0] * 10, [0] + [-1] * 9])
        self.assertEqual(batch.positions.tolist()[0], [0, 1, 2, 3, 4, 0, 1, 2, 0, 1])
        self.assertEqual(batch.counts().tolist(), [sum(w[1] >= 0 for w in wanted), sum(bool(w[2]) for w in wanted)])

    def test_a_position_sees_its_own_document_up_to_itself(self):
        batch = Collate(6)([document(0, 3), document(1, 2)])
        seen = batch.attention()[0, 0].int().tolist()
        self.assertEqual(seen, [[1, 0, 0, 0, 0, 0], [1, 1, 0, 0, 0, 0], [1, 1, 1, 0, 0, 0], [0, 0, 0, 1, 0, 0], [0, 0, 0, 1, 1, 0], [0, 0, 0, 0, 0, 1]])

    def test_padding_gives_each_document_its_own_sequence(self):
        documents = [document(i, length) for i, length in enumerate((3, 5, 2))]
        batch = Collate(4, pack=False)(documents)
        self.assertEqual(batch.segments.tolist(), [[0, 0, 0, -1], [0] * 4, [0, -1, -1, -1], [0, 0, -1, -1]])
        self.assertEqual([r for r in self.rows_of(batch)[:3]], self.expected(documents[0], 0, 3))
        with self.assertRaisesRegex(ValueError, "length is 0"):
            Collate(0)

    def test_a_loader_with_workers_gives_what_the_store_holds(self):
        documents = [document(i, 1 + i % 9) for i in range(40)]
        write_aligned(self.store, documents)
        dataset = AlignedDataset(self.store)
        self.assertEqual((len(dataset), dataset[7].id, pickle.loads(pickle.dumps(dataset))[39].id), (40, "d7", "d39"))
        for workers in (0, 2):
            loader = torch.utils.data.DataLoader(dataset, 8, collate_fn=Collate(9, pack=False), num_workers=workers)
            batches = list(loader)
            self.assertTrue(all(isinstance(b, FusionBatch) for b in batches))
            wanted = [row for d in documents for row in self.expected(d, 0, len(d.input_ids))]
            self.assertEqual([r for b in batches for r, s in zip(self.rows_of(b), b.segments.reshape(-1).tolist()) if s >= 0], wanted)
        self.assertEqual(batches[0].to("cpu").input_ids.tolist(), batches[0].input_ids.tolist())

    @needs_pta
    def test_pta_reads_the_store_that_these_tests_make(self):
        write_aligned(self.store, [document(i, 1 + i % 9) for i in range(40)])
        pta("store", "check", "--documents", self.store)
        self.assertGreater(len(AlignedStore(self.store).header.content), 10)

    def train(self, world, *options):
        """Runs the sample on some processes, as torchrun does, and returns the losses that it prints."""
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = str(free.getsockname()[1])
        command = [sys.executable, os.path.join(ROOT, "samples", "python", "train.py"), self.store, "--length", "16", "--steps", "3", *options]
        common = {**os.environ, "PYTHONPATH": os.path.join(ROOT, "native", "python"), "OMP_NUM_THREADS": "1", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port, "WORLD_SIZE": str(world)}
        running = [subprocess.Popen(command, env={**common, "RANK": str(rank)}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, universal_newlines=True) for rank in range(world)]
        outputs = [process.communicate() for process in running]
        self.assertEqual([process.returncode for process in running], [0] * world, outputs)
        return [float(line.rsplit(" ", 1)[1]) for line in outputs[0][0].splitlines()]

    def test_two_processes_train_like_one(self):
        write_aligned(self.store, [document(i, 3 + i % 9) for i in range(16)])
        saved = [self.path("one.pt"), self.path("two.pt")]
        printed = [self.train(1, "--documents", "4", "--save", saved[0]), self.train(2, "--documents", "2", "--save", saved[1])]
        self.assertEqual(len(printed[0]), 3)
        self.assertLess(printed[0][2], printed[0][0])
        np.testing.assert_allclose(printed[1], printed[0], rtol=0, atol=2e-5)
        for one, two in zip(*map(torch.load, saved)):
            torch.testing.assert_close(one, two, rtol=0, atol=1e-4)


if __name__ == "__main__":
    unittest.main()
