"""Tokenizers as the official functions expect them, golden documents, and official dataset folders made of the samples."""

import functools
import gzip
import json
import os

from support import GOLDEN, SAMPLES, read_lines, sample_rows


class _Tokenizer:
    """The two methods that the official functions call; subclasses have the official classes' names."""

    def __init__(self, tokens):
        self.tokens = list(tokens)

    def convert_ids_to_tokens(self, ids):
        return [self.tokens[i] for i in ids]

    def get_vocab(self):
        return {token: i for i, token in enumerate(self.tokens) if token is not None}


class LlamaTokenizer(_Tokenizer):
    pass


class GPTNeoXTokenizerFast(_Tokenizer):
    pass


@functools.lru_cache(maxsize=None)
def tokenizer(name):
    """A sample vocabulary as a tokenizer of the class that the official code saw."""
    with gzip.open(vocabulary_file(name), "rt", encoding="utf-8") as file:
        content = json.load(file)
    return {"LlamaTokenizer": LlamaTokenizer, "GPTNeoXTokenizerFast": GPTNeoXTokenizerFast}[content["class"]](content["tokens"])


def vocabulary_file(name):
    return os.path.join(SAMPLES, "vocab", name + ".json.gz")


@functools.lru_cache(maxsize=None)
def mapping(source, target):
    with gzip.open(os.path.join(GOLDEN, f"align_mapping.{source}-{target}.json.gz"), "rt", encoding="utf-8") as file:
        return json.load(file)


@functools.lru_cache(maxsize=None)
def golden_documents():
    """Golden align rows with their numbers as floats; not to be changed."""
    rows = [row for name in sorted(os.listdir(GOLDEN)) if name.startswith("align.") for row in read_lines(os.path.join(GOLDEN, name))]
    for row in rows:
        for field in ("source_logits", "target_logits"):
            row[field] = numbers(row[field])
    return rows


def numbers(value):
    return [numbers(item) for item in value] if isinstance(value, list) else float(value)


def soft_arguments(row):
    """Keyword arguments of transform_step_logits for a golden row, in soft mode."""
    base = tokenizer(row["target"])
    return dict(
        base_model_tokenizer=base, blending_model_tokenizer=tokenizer(row["source"]), base_model_vocab=base.get_vocab(), base_model_input_ids=row["target_ids"],
        blending_model_input_ids=row["source_ids"], blending_model_per_step_logits=row["source_logits"], blending_model_per_step_indices=row["source_indices"],
        vocab_align_type="soft", blending_to_base_mapping=mapping(row["source"], row["target"]),
    )


def ot_arguments(row):
    """The same for transform_step_logits_ot."""
    return dict(
        soft_arguments(row), base_model_per_step_logits=row["target_logits"], base_model_per_step_indices=row["target_indices"], epsilon_input=row["epsilon"],
        logits_number=row["logits_number"],
    )


PER_DOCUMENT = (
    "base_model_input_ids", "blending_model_input_ids", "blending_model_per_step_logits", "base_model_per_step_logits", "base_model_per_step_indices",
    "blending_model_per_step_indices",
)


def batch_arguments(rows):
    """The same for transform_step_logits_ot_batch; rows are of one pair and one mode."""
    each = [ot_arguments(row) for row in rows]
    return dict(each[0], **{name: [one[name] for one in each] for name in PER_DOCUMENT})


PADDED = 200
"""Positions of the per_step columns; longer documents have one each."""


def write_folder(path, name, splits, change=None, drop=()):
    """Sample documents as the official step 2 writes them: splits {name: (first, last)}, padded rows, float16 logits and metrics.

    change(split, place, row) may alter a row; drop names columns to leave out.
    """
    import numpy
    from ptakernels.folders import DatasetWriter, Field, Schema, type_of

    types = {
        "text": "utf8", "input_ids": "list<int32>", "attention_mask": "list<int8>", "labels": "list<int64>", "per_step_logits": "list<list<float16>>",
        "per_step_indices": "list<list<int64>>", "metric_ce": "float16", "per_step_metric_ce": "list<float16>",
    }
    schema = Schema(tuple(Field(n, type_of(t)) for n, t in types.items() if n not in drop))
    with DatasetWriter(path, splits=list(splits)) as output:
        for split, (first, last) in splits.items():
            output.begin(split, schema)
            rows = []
            for place, document in enumerate(sample_rows(name)[first:last]):
                ids = document["input_ids"]
                padding = max(0, PADDED - len(ids))
                rows.append({
                    "text": document["text"], "input_ids": ids, "attention_mask": [1] * len(ids), "labels": ids, "metric_ce": 1 + place / 8,
                    "per_step_logits": numpy.array(document["per_step_logits"] + [[0.0] * 10] * padding, "f2"),
                    "per_step_indices": numpy.array(document["per_step_indices"] + [[0] * 10] * padding, "i8"),
                    "per_step_metric_ce": numpy.arange(len(ids) + padding - 1) / 16,
                })
                if change is not None:
                    change(split, place, rows[-1])
            output.write_rows(rows, batch_rows=4)
    return path


def read_folder(path):
    """{split: {column: rows}} of a dataset folder."""
    from ptakernels.folders import DatasetFolder

    return {
        split.name: {name: [value for batch in split.batches() for value in batch.column(name).to_list()] for name in split.columns}
        for split in DatasetFolder(path)
    }
