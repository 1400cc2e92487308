"""The tokenizer that a model name or a path stands for, and the map between two of them as a file."""

from __future__ import annotations

import gzip
import json
import os
import tempfile
import zlib
from typing import Any, Dict, Mapping, Optional

from .._durable import flush_file, flush_folder
from ..errors import DataError
from ..vocabulary import Vocabulary
from .tokenizers import VocabularyTokenizer

__all__ = ["load_tokenizer", "read_mapping", "write_json"]


def load_tokenizer(name: str, cache_dir: Optional[str] = None, model_max_length: int = 2048) -> Any:
    """A file or folder with a vocabulary (see Vocabulary.load), else a model's name, for which the package transformers is asked as the official code does.

    Names that contain "llama" get the slow tokenizer, whose class has a word marker; no code from elsewhere is run, and nobody is logged in.
    Raises DataError where the name is neither.
    """
    if os.path.exists(name):
        return VocabularyTokenizer(Vocabulary.load(name))
    try:
        import transformers
    except ImportError:
        raise DataError(
            f"{name}: is no file or folder, and as a model's name it needs the package transformers; name a folder with the model's tokenizer."
        ) from None
    try:
        return transformers.AutoTokenizer.from_pretrained(
            name, cache_dir=cache_dir, model_max_length=model_max_length, padding_side="right", use_fast="llama" not in name.lower(), trust_remote_code=False,
        )
    except (OSError, ValueError) as error:
        said = " ".join(str(error).split())
        raise DataError(f"{name}: transformers has no tokenizer of that name ({said}); name a folder with the model's tokenizer.") from None


def read_mapping(path: str) -> Dict[str, str]:
    """A vocabulary map, plain or gzip. DataError where the file is missing, damaged or none."""
    try:
        with open(path, "rb") as file:
            content = file.read()
        entries = json.loads(gzip.decompress(content) if content[:2] == b"\x1f\x8b" else content)
    except (EOFError, OSError, ValueError, zlib.error) as error:
        raise DataError(f"{path}: cannot be read as a vocabulary map ({error}); name the file that vocab_mapping has written.") from None
    if not isinstance(entries, dict) or not all(isinstance(value, str) for value in entries.values()):
        raise DataError(f"{path}: is no JSON object of strings; name the file that vocab_mapping has written.")
    return entries


def write_json(path: str, content: Mapping[str, Any]) -> None:
    """Writes a file that has its name only when it is complete; an older one of that name is replaced."""
    folder = os.path.dirname(os.path.abspath(path))
    if not os.path.isdir(folder):
        raise DataError(f"{path}: its folder does not exist; make it first.")
    descriptor, partial = tempfile.mkstemp(prefix=os.path.basename(path) + ".", suffix=".partial", dir=folder)
    try:
        with open(descriptor, "w", encoding="utf-8") as file:
            json.dump(content, file)
            file.flush()
            flush_file(file.fileno())
        mask = os.umask(0)
        os.umask(mask)
        os.chmod(partial, 0o666 & ~mask)
        os.replace(partial, path)
    except BaseException:
        os.unlink(partial)
        raise
    flush_folder(folder)
