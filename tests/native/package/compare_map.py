"""Runs samples/c/map on two of the repository's vocabularies and compares what it prints with rows of the official code.

    compare_map.py MAP_PROGRAM REPOSITORY FOLDER
"""
import gzip
import json
import os
import subprocess
import sys

program, repository, folder = sys.argv[1:]
names = ["gpt2", "spA"]
for name in names:
    with gzip.open(os.path.join(repository, "samples", "vocab", name + ".json.gz"), "rt", encoding="utf-8") as file:
        tokens = json.load(file)["tokens"]
    # A line per id: a hole is a string that nothing else has and nothing is near to.
    with open(os.path.join(folder, name + ".txt"), "w", encoding="utf-8", newline="\n") as file:
        file.writelines((token if token is not None else "\U0010ffff" * 40 + str(id)) + "\n" for id, token in enumerate(tokens))
output = subprocess.run([program] + [os.path.join(folder, name + ".txt") for name in names], check=True, stdout=subprocess.PIPE).stdout.decode("utf-8")
found = {line.split("\t")[0]: tuple(line.split("\t")[1:]) for line in output.split("\n") if line}
compared = 0
with gzip.open(os.path.join(repository, "tests", "golden", "vocab_map.jsonl.gz"), "rt", encoding="utf-8") as file:
    for row in map(json.loads, file):
        if [row["source"], row["target"]] == names:
            compared += 1
            if found[row["source_token"]] != (row["mapped"], str(row["distance"])):
                sys.exit(f'{row["source_token"]}: {found[row["source_token"]]}, expected {row["mapped"]}, {row["distance"]}')
if compared < 100:
    sys.exit(f"only {compared} rows were compared")
