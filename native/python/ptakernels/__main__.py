"""``python -m ptakernels``: what this package can be asked for from a shell."""

from __future__ import annotations

import argparse
import platform
import sys
from typing import List, Optional

from . import kernels
from ._arrays import numpy
from ._library import path
from .errors import PtaError


def main(arguments: Optional[List[str]] = None) -> int:
    """Runs a verb and returns its exit status: 0 done, 1 something is wrong, 2 wrong use, and what verify says."""
    parser = argparse.ArgumentParser(prog="ptakernels", description="Probabilistic token alignment: checks of this installation.")
    verbs = parser.add_subparsers(dest="verb", metavar="VERB")
    verifying = verbs.add_parser("verify", help="check the native library against golden files made by the official code")
    verifying.add_argument("folder", metavar="DIR", help="folder of golden files (align.*, dtw.*, sinkhorn.*, ...)")
    verifying.add_argument("--vocab", metavar="DIR", help="folder of vocabularies, NAME.json or NAME.json.gz; default: DIR/vocab")
    verifying.add_argument("--sample", metavar="K", type=int, default=1, help="check every K-th row of each file")
    verifying.add_argument("--allow-skips", action="store_true", help="rows that cannot be checked here are no failure")
    verbs.add_parser("info", help="versions, the instruction set and where the native library is")
    parsed = parser.parse_args(arguments)
    try:
        if parsed.verb == "verify":
            from .verify import verify

            return verify(parsed.folder, parsed.vocab, parsed.sample, parsed.allow_skips)
        if parsed.verb == "info":
            return _info()
    except (PtaError, OSError) as error:
        print(f"ptakernels: {error}", file=sys.stderr)
        return 1
    parser.print_help()
    return 0


def _info() -> int:
    print(f"ptakernels {kernels.version()}, instruction set {kernels.isa()}")
    print(f"library {path()}")
    print(f"Python {platform.python_version()}, NumPy {'not installed' if numpy is None else numpy.__version__}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
