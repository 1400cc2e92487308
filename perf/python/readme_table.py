"""Writes README.md's table of speeds from Python out of results of bench.py.

    python3 perf/python/readme_table.py perf/results/MACHINE/DATE-python.json
"""

import json
import os
import sys

README = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "README.md")
BEGIN, END = "<!-- python:begin -->\n", "<!-- python:end -->\n"
SETS = {"samples": "`samples/`, most of them short", "long": "long ones"}


def table(results):
    lines = ["| documents | from Python | of the native call alone | with new arrays each time | published functions in Python | ratio |", "|---|---:|---:|---:|---:|---:|"]
    for name, found in results["sets"].items():
        rates, share = found["tokens_per_second"], found["share_of_native"]
        lines.append(
            f"| {SETS[name]}, {found['documents']} of at most {found['longest']:,} tokens | {rates['align']['median']:,} tokens/s | {100 * share['align']:.0f} % | "
            f"{100 * share['arrays']:.0f} % | {rates['published']['median']:,} tokens/s | {found['times_published']:,.0f} |"
        )
    versions, machine = results["versions"], results["machine"]
    peer = next(iter(results["sets"].values()))["published_distances"]
    lines += [
        "",
        f"`align_batch`, preset `{results['preset']}`, one thread, answers compared first, all ways interleaved in one run (`perf/python/bench.py`). {results['date']}. {machine['cpu']}, "
        f"{machine['logical_cores']} logical cores. ptakernels {versions['ptakernels']} ({versions['isa']}), Python {versions['python']}, NumPy {versions['numpy']}; the published functions with {peer}.",
    ]
    return "\n".join(lines) + "\n"


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    with open(sys.argv[1], encoding="utf-8") as file:
        results = json.load(file)
    if any("times_published" not in found for found in results["sets"].values()):
        sys.exit(f"{sys.argv[1]}: was measured without the published functions; run bench.py without --no-peer.")
    with open(README, encoding="utf-8") as file:
        text = file.read()
    if BEGIN not in text or END not in text:
        sys.exit("README.md has no place for it: <!-- python:begin --> and <!-- python:end --> are missing.")
    start, stop = text.index(BEGIN) + len(BEGIN), text.index(END)
    with open(README, "w", encoding="utf-8") as file:
        file.write(text[:start] + table(results) + text[stop:])


if __name__ == "__main__":
    main()
