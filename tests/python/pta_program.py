"""The program pta, the samples, and a folder for each test."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import tempfile
import unittest
from typing import Any, Dict, List, Optional

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SAMPLES = os.path.join(ROOT, "samples")


def program() -> Optional[str]:
    """PTAKERNELS_PTA, or this repository's scripts/pta where the solution is built."""
    named = os.environ.get("PTAKERNELS_PTA")
    if named:
        return named
    built = os.path.join(ROOT, "src", "PtaKernels.Cli", "bin", "Release", "net10.0", "pta.dll")
    return os.path.join(ROOT, "scripts", "pta") if os.path.exists(built) else None


needs_pta = unittest.skipIf(program() is None, "pta is not built, and PTAKERNELS_PTA names none")


def pta(*arguments: str, fails: bool = False) -> str:
    """Runs pta and returns what it prints; ``fails``: it must end with an error, and its sentence is returned."""
    done = subprocess.run([program(), *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, universal_newlines=True, check=False)
    if (done.returncode != 0) != fails:
        raise AssertionError(f"pta {' '.join(arguments)}: exit status {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout + done.stderr if fails else done.stdout


def vocabulary(name: str) -> str:
    """A sample vocabulary's file."""
    return os.path.join(SAMPLES, "vocab", f"{name}.json.gz")


def samples(name: str, count: int = 100) -> List[Dict[str, Any]]:
    """The first documents of a sample model."""
    with gzip.open(os.path.join(SAMPLES, f"{name}.jsonl.gz"), "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line, _ in zip(lines, range(count))]


def json_lines(path: str) -> List[Dict[str, Any]]:
    """The objects of a file of JSON lines, plain or .gz."""
    with (gzip.open if path.endswith(".gz") else open)(path, "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


class InFolder(unittest.TestCase):
    """A test with a folder of its own."""

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def path(self, *names: str) -> str:
        """A name in the folder."""
        return os.path.join(self.folder, *names)

    def contents(self, store: str) -> Dict[str, bytes]:
        """The files of a folder in it."""
        found = {}
        for name in os.listdir(self.path(store)):
            with open(self.path(store, name), "rb") as file:
                found[name] = file.read()
        return found
