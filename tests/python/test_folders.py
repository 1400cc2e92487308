"""Dataset folders: what is written comes back, C# reads what Python writes and the other way round, and half a folder never has a name."""

from __future__ import annotations

import json
import os
import sys
import unittest

from pta_program import ROOT, InFolder, json_lines, needs_pta, pta, samples, vocabulary

sys.path.insert(0, os.path.join(ROOT, "native", "python"))

try:
    import numpy as np
except ImportError:
    np = None
else:
    from ptakernels.errors import DataError
    from ptakernels.folders import DatasetFolder, DatasetWriter, Field, Schema, column_of, features_of, fixed_size_list, type_of

    DOCUMENT = Schema((
        Field("id", type_of("utf8")), Field("input_ids", type_of("list<int32>")), Field("attention_mask", type_of("list<int8>")),
        Field("per_step_logits", type_of("list<list<float16>>")), Field("per_step_indices", type_of("list<list<int64>>")), Field("kind", type_of("utf8")),
    ))


def documents(name, count):
    return [{**d, "attention_mask": [1] * len(d["input_ids"])} for d in samples(name, count)]


@unittest.skipIf(np is None, "NumPy is not installed")
class FolderTests(InFolder):
    def write(self, name="d", rows=((1, 2), (3,)), **options):
        with DatasetWriter(self.path(name), **options) as out:
            out.begin("train", Schema((Field("input_ids", type_of("list<int32>")),)))
            out.write_rows({"input_ids": list(r)} for r in rows)
        return self.path(name)

    def test_a_dict_of_several_shards_comes_back(self):
        rows = [{"id": f"row {i}", "input_ids": list(range(i)), "mean": i / 2 if i % 3 else None} for i in range(25)]
        schema = Schema((Field("id", type_of("utf8")), Field("input_ids", type_of("list<int32>")), Field("mean", type_of("float64"))))
        with DatasetWriter(self.path("d"), splits=["train", "test"], max_shard_bytes=1000) as out:
            out.begin("train", schema)
            out.write_rows(rows, batch_rows=10)
            out.begin("test", schema)
        folder = DatasetFolder(self.path("d"))
        self.assertTrue(folder.is_dict)
        self.assertEqual((folder.splits, len(folder["train"]), len(folder["test"])), (("train", "test"), 25, 0))
        self.assertEqual(sorted(os.listdir(self.path("d", "train"))), [f"data-0000{i}-of-00003.arrow" for i in range(3)] + ["dataset_info.json", "state.json"])
        self.assertEqual([{**r, "input_ids": r["input_ids"].tolist()} for r in folder["train"].rows()], rows)
        self.assertEqual([r["id"] for r in folder["train"].rows(["id"])], [r["id"] for r in rows])
        self.assertEqual([folder["train"][i]["id"] for i in (0, 9, 10, 24, -1)], ["row 0", "row 9", "row 10", "row 24", "row 24"])
        for i in (25, -26):
            with self.assertRaises(IndexError):
                folder["train"][i]
        with self.assertRaisesRegex(KeyError, "no split dev, but train, test"):
            folder["dev"]

    def test_a_dataset_and_its_features(self):
        schema = Schema((
            Field("n", type_of("int64")), Field("big", type_of("large_list<large_utf8>")), Field("pair", fixed_size_list(type_of("float16"), 2)), Field("label", type_of("int64")),
        ))
        given = {"label": {"names": ["a", "b"], "_type": "ClassLabel"}, "absent": {}}
        expected = {
            "n": {"dtype": "int64", "_type": "Value"},
            "big": {"feature": {"dtype": "large_string", "_type": "Value"}, "_type": "LargeList"},
            "pair": {"feature": {"dtype": "float16", "_type": "Value"}, "length": 2, "_type": "Sequence"},
            "label": given["label"],
        }
        with DatasetWriter(self.path("d")) as out:
            out.begin("all", schema, given)
            out.write([column_of(f.type, rows) for f, rows in zip(schema.fields, ([1], [["x"]], [[1.0, 2.0]], [0]))])
        split = DatasetFolder(self.path("d"))["all"]
        self.assertEqual(split.features, expected)
        self.assertEqual(json.loads(split.schema.metadata["huggingface"]), {"info": {"features": expected}})
        self.assertEqual(features_of(split.schema), {**expected, "label": {"dtype": "int64", "_type": "Value"}})
        with open(self.path("d", "state.json"), encoding="utf-8") as file:
            state = json.load(file)
        self.assertEqual((state["_data_files"], state["_split"], len(state["_fingerprint"])), ([{"filename": "data-00000-of-00001.arrow"}], "all", 16))

    def test_the_same_rows_give_the_same_bytes(self):
        for name, rows in (("a", ((1, 2), (3,))), ("b", ((1, 2), (3,))), ("c", ((1, 2), (4,)))):
            self.write(name, rows)
        self.assertEqual(self.contents("a"), self.contents("b"))
        self.assertNotEqual(self.contents("c")["state.json"], self.contents("a")["state.json"])

    def test_an_error_leaves_nothing_and_the_old_folder_whole(self):
        self.write()
        with self.assertRaisesRegex(ValueError, "column input_ids"), DatasetWriter(self.path("d"), replace=True) as out:
            out.begin("train", Schema((Field("input_ids", type_of("list<int32>")),)))
            out.write_rows([{"input_ids": [2 ** 40]}])
        self.assertEqual(os.listdir(self.folder), ["d"])
        self.assertEqual(len(DatasetFolder(self.path("d"))["train"]), 2)
        self.write(rows=((9,),), replace=True)
        self.assertEqual(DatasetFolder(self.path("d"))["train"][0]["input_ids"].tolist(), [9])
        self.assertEqual(os.listdir(self.folder), ["d"])

    def test_names_that_are_taken(self):
        self.write()
        os.makedirs(self.path("other", "thing"))
        open(self.path("file"), "w").close()
        for name, replace, message in (("d", False, "exists already"), ("other", True, "is a folder but no dataset"), ("file", True, "this is a file"), ("no/d", False, "its folder does not exist")):
            with self.assertRaisesRegex(DataError, message):
                DatasetWriter(self.path(name), replace=replace)
        with self.assertRaisesRegex(ValueError, "no name of a split"):
            DatasetWriter(self.path("new"), splits=["../up"])
        with self.assertRaisesRegex(ValueError, "split test was not begun"), DatasetWriter(self.path("new"), splits=["train", "test"]) as out:
            out.begin("train", DOCUMENT)
        self.assertFalse(os.path.exists(self.path("new")))

    def test_damaged_folders_are_refused_with_one_sentence(self):
        state, shard = self.path("d", "state.json"), self.path("d", "data-00000-of-00001.arrow")
        self.write()
        with open(state, encoding="utf-8") as file:
            good = file.read()
        with open(shard, "rb") as file:
            whole = file.read()
        for content, message in (
            ("{", "not whole JSON"), ("[]", "no JSON object"), ("{}", "no list _data_files"), (good.replace("data-00000", "../data"), "no name inside the folder"),
            (good.replace("data-00000", "data-00009"), "data-00009-of-00001.arrow: missing"), (good.replace('"_split"', '"_indices_data_files": [1], "_split"'), "flatten_indices"),
        ):
            with open(state, "w", encoding="utf-8") as file:
                file.write(content)
            with self.assertRaisesRegex(DataError, message):
                DatasetFolder(self.path("d"))
        with open(state, "w", encoding="utf-8") as file:
            file.write(good)
        with open(shard, "wb") as file:
            file.write(whole[:-20])
        with self.assertRaisesRegex(DataError, "arrow: cut off"):
            DatasetFolder(self.path("d"))
        with self.assertRaisesRegex(DataError, "is no dataset folder"):
            DatasetFolder(self.folder)

    @needs_pta
    def test_c_sharp_aligns_what_python_writes_and_python_reads_what_it_wrote(self):
        count = 6
        for name in ("spA", "spB"):
            with DatasetWriter(self.path(name), splits=["train"], max_shard_bytes=100_000) as out:
                out.begin("train", DOCUMENT)
                out.write_rows(documents(name, count), batch_rows=2)
            with open(self.path(name + ".jsonl"), "w", encoding="utf-8") as file:
                file.writelines(json.dumps(d) + "\n" for d in documents(name, count))
        common = ["align", "--preset", "paper", "--target-vocab", vocabulary("spA"), "--source-vocab", vocabulary("spB")]
        pta(*common, "--target", self.path("spA"), "--source", self.path("spB"), "--out", self.path("folder"))
        pta(*common, "--target", self.path("spA.jsonl"), "--source", self.path("spB.jsonl"), "--out", self.path("lines.jsonl"))
        aligned = DatasetFolder(self.path("folder"))["train"]
        self.assertEqual(len(aligned), count)
        with open(self.path("lines.jsonl"), encoding="utf-8") as file:
            for row, line, source in zip(aligned.rows(), map(json.loads, file), documents("spA", count)):
                self.assertEqual(row["per_step_logits"].to_list(), source["per_step_logits"])
                self.assertEqual((row["id"], row["kind"]), (source["id"], source["kind"]))
                self.assertEqual(row["fused_indices"].to_list(), line["fused_indices"])
                self.assertEqual(row["fused_probs"].to_list(), line["fused_probs"])
                self.assertEqual(row["rules"], line["rules"])

    @needs_pta
    def test_the_official_columns_of_an_exported_store(self):
        with open(self.path("in.jsonl"), "w", encoding="utf-8") as file:
            file.writelines(json.dumps(d) + "\n" for d in samples("spA", 4))
        pta("store", "import", self.path("in.jsonl"), "--vocab", vocabulary("spA"), "--out", self.path("s.store"))
        pta("store", "export", self.path("s.store"), "--out", self.path("exported"))
        folder = DatasetFolder(self.path("exported"))
        split = folder[folder.splits[0]]
        for row, source in zip(split.rows(), samples("spA", 4)):
            self.assertEqual((row["id"], row["input_ids"].tolist(), row["attention_mask"].tolist()), (source["id"], source["input_ids"], [1] * len(source["input_ids"])))
        batch, place = split.find(2)
        self.assertEqual(batch.column("per_step_indices").matrix(place).tolist(), samples("spA", 4)[2]["per_step_indices"])
        # Copied, with what the folder says of its columns, it is imported to the same rows.
        with DatasetWriter(self.path("copy")) as out:
            out.begin(split.name, split.schema, split.features)
            for batch in split.batches():
                out.write(batch.columns())
        self.assertEqual(DatasetFolder(self.path("copy"))[split.name].features, split.features)
        pta("store", "import", self.path("copy"), "--vocab", vocabulary("spA"), "--out", self.path("again.store"))
        for name in ("s", "again"):
            pta("store", "export", self.path(f"{name}.store"), "--out", self.path(f"{name}.jsonl"))
        self.assertEqual(json_lines(self.path("s.jsonl")), json_lines(self.path("again.jsonl")))


if __name__ == "__main__":
    unittest.main()
