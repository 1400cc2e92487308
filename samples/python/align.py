"""Aligns two tokenizations of the same documents: what a teacher says of each next token, over the student's own tokens.

    python3 samples/python/align.py
"""

import gzip
import json
import pathlib

import ptakernels

SAMPLES = pathlib.Path(__file__).resolve().parents[1]


def read(name):
    """Documents as one model saw them: token ids, and for each position the ten most probable next tokens with their logits."""
    with gzip.open(SAMPLES / f"{name}.jsonl.gz", "rt", encoding="utf-8") as file:
        rows = [json.loads(line) for line in file]
    return [ptakernels.TokenizedDocument(row["input_ids"], row["per_step_indices"], row["per_step_logits"], id=row["id"]) for row in rows]


teacher = ptakernels.Vocabulary.load(SAMPLES / "vocab" / "gpt2.json.gz")  # or Vocabulary.from_tokenizer(tokenizer)
student = ptakernels.Vocabulary.load(SAMPLES / "vocab" / "spA.json.gz")
pair = ptakernels.VocabularyPair(teacher, student)

# These samples hold no log-sum-exps, which mass tail needs; yours should.
options = ptakernels.Options.preset("fusion", mass="renormalised")
documents = list(zip(read("gpt2"), read("spA")))
report = ptakernels.AlignmentReport()
aligned = ptakernels.align_batch(pair, documents, options, on_error="return", report=report)

(_, target), fused = documents[1], aligned[1]
for t in range(5):
    tokens, probabilities = fused[t]
    shown = ", ".join(f"{student.text(token)!r} {p:.3f}" for token, p in list(zip(tokens.tolist(), probabilities.tolist()))[:4])
    print(f"after {student.text(int(target.ids[t]))!r:12} {fused.rows[t].letter}  {shown}")

print(f"{report.documents} documents, {report.target_tokens} rows: {dict(sorted(report.rows.items()))}")
for refused in aligned:
    if isinstance(refused, ptakernels.DataError):
        print(f"refused: {refused}")
