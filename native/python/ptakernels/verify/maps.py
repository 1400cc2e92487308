"""vocab_map and align_mapping: nearest tokens by the official rule over whole vocabularies."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Dict, List, Sequence, Tuple

from .. import kernels
from ..fusellm.model_tokenizers import read_mapping
from ..vocabulary import Vocabulary
from .golden import GoldenCheck, Result, attempt, failed

__all__ = ["AlignMappingCheck", "VocabularyMapCheck", "nearest"]

_CHUNK = 256
"""Tokens of a search; calls release the GIL, so several run at once."""


class VocabularyMapCheck(GoldenCheck):
    """One source token, its key, the nearest target token over the whole target vocabulary, the distance."""

    def check_all(self, rows: Sequence[Any]) -> List[Result]:
        self._searched: Dict[Tuple[str, str], Dict[int, Tuple[int, int]]] = {}
        wanted: Dict[Tuple[str, str], List[int]] = {}

        def find(row: Any) -> Result:
            names = row["source"], row["target"]
            both = self.context.both(*names)
            token = None if both is None else both[0].find(row["source_token"])
            if token is not None:
                wanted.setdefault(names, []).append(token)
            return Result()

        for row in rows:
            attempt(find, row)
        for names, tokens in wanted.items():
            both = self.context.both(*names)
            self._searched[names] = dict(zip(tokens, nearest(*both, tokens)))  # type: ignore[misc]
        return super().check_all(rows)

    def check(self, row: Any) -> Result:
        names = row["source"], row["target"]
        both = self.context.both(*names)
        if both is None:
            return self.context.missing(*names)
        source, target = both
        token = source.find(row["source_token"])
        if token is None:
            return failed(f"{names[0]} has no token {row['source_token']!r}")
        nearest_token, distance = self._searched[names][token]
        found = target.string(nearest_token) if nearest_token >= 0 else None
        if found == row["mapped"] and distance == row["distance"]:
            return Result()
        return failed(f"{row['source_token']!r} maps to {found!r} at {distance}, expected {row['mapped']!r} at {row['distance']}")


class AlignMappingCheck(GoldenCheck):
    """An official mapping file; each entry is one row, checked as a search over the whole target vocabulary."""

    def rows(self, path: str) -> List[Any]:
        return list(read_mapping(path).items())

    def check_all(self, rows: Sequence[Any]) -> List[Result]:
        names = self.name.split(".")[1].split("-")
        both = self.context.both(*names) if len(names) == 2 else None
        if both is None:
            return [self.context.missing(*names)] * len(rows)
        source, target = both
        ids: Dict[str, int] = {}
        for i in range(len(source)):
            string = source.string(i)
            if string is not None:
                ids[string.replace(source.marker, target.marker)] = i  # of two tokens with one key the later one owns it
        known = [ids[key] for key, _ in rows if key in ids]
        self._target, self._found = target, dict(zip(known, nearest(source, target, known)))
        return [self.check((key, mapped, ids[key])) if key in ids else failed(f"no {names[0]} token has the key {key!r}") for key, mapped in rows]

    def check(self, row: Any) -> Result:
        key, mapped, token = row
        nearest_token, _ = self._found[token]
        found = self._target.string(nearest_token) if nearest_token >= 0 else None
        return Result() if found == mapped else failed(f"{key!r} maps to {found!r}, expected {mapped!r}")


def nearest(source: Vocabulary, target: Vocabulary, ids: Sequence[int]) -> List[Tuple[int, int]]:
    """(nearest target token, distance) of each source token, found on as many threads as there are cores."""
    chunks = [ids[start : start + _CHUNK] for start in range(0, len(ids), _CHUNK)]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        found = pool.map(lambda chunk: kernels.find_official_map(source, target, chunk), chunks)
        return [pair for part in found for pair in zip(part.nearest.tolist(), part.distance.tolist())]
