"""Loops that fill a teacher's store: a causal language model of Hugging Face's shape, and the answers of vLLM."""

from __future__ import annotations

import math
from itertools import islice
from typing import Any, Dict, Iterable, Iterator, List, Optional, Tuple, Union

from ._numpy import numpy as np
from ._teacher_writer import TeacherStoreWriter
from .errors import DataError

Text = Union[str, Tuple[str, str]]


def from_hugging_face(
    model: Any, tokenizer: Any, texts: Iterable[Text], writer: TeacherStoreWriter, *, batch_size: int = 8, max_length: int = 2048, device: Optional[Any] = None,
) -> int:
    """Runs a causal language model over texts and adds every document to a store (SPEC B 2).

    ``model``: called with ``input_ids`` and ``attention_mask`` [batch, length], returns an object with ``logits``, or the logits [batch, length, at least the
    vocabulary's size]; in evaluation mode. ``tokenizer``: called with a text and ``add_special_tokens=False``, returns ``input_ids``; its ``eos_token_id`` ends every document,
    which has no other special token. ``texts``: texts, or pairs of a name and a text. Batches are padded on the right, so that no position sees padding.
    ``device``: where the inputs go; None: where the model's weights are. The first ``writer.documents`` texts are passed over: a writer with
    ``resume=True`` goes on where a stopped run was. transformers is not needed, torch is.

    Returns the number of documents added. DataError for an empty text, and for one longer than ``max_length`` tokens: cut texts for all models at once
    with ``pta split``, so that every model sees the same ones.
    """
    import torch

    if getattr(model, "training", False):
        raise ValueError("the model is in training mode, where dropout changes what it says; call model.eval() first.")
    place = next(iter(model.parameters())).device if device is None else device
    added, documents = 0, _encoded(tokenizer, islice(texts, writer.documents, None), writer.documents, max_length)
    with torch.inference_mode():
        while batch := list(islice(documents, batch_size)):
            length = max(len(ids) for _, _, ids in batch)
            inputs = torch.full((len(batch), length), tokenizer.eos_token_id, dtype=torch.long)
            mask = torch.zeros_like(inputs)
            for row, (_, _, ids) in enumerate(batch):
                inputs[row, :len(ids)] = torch.tensor(ids)
                mask[row, :len(ids)] = 1
            output = model(input_ids=inputs.to(place), attention_mask=mask.to(place))
            logits = getattr(output, "logits", output)
            for row, (name, text, ids) in enumerate(batch):
                writer.add(name, ids, logits[row, :len(ids)], text=text)
            added += len(batch)
    return added


def _encoded(tokenizer: Any, texts: Iterable[Text], number: int, max_length: int) -> Iterator[Tuple[Optional[str], str, List[int]]]:
    if tokenizer.eos_token_id is None:
        raise ValueError("the tokenizer has no eos_token_id, which every document ends with.")
    for number, given in enumerate(texts, number):
        name, text = (None, given) if isinstance(given, str) else given
        where = f"document {number}" if name is None else f"document {number} ({name})"
        if not text:
            raise DataError(f"{where}: is empty; remove it, as pta split does.")
        output = tokenizer(text, add_special_tokens=False)
        ids = [*(output["input_ids"] if isinstance(output, dict) else output.input_ids), tokenizer.eos_token_id]
        if len(ids) > max_length:
            raise DataError(f"{where}: has {len(ids)} tokens, where {max_length} are the most; "
                            f"cut the corpus for all models at once with `pta split --length {max_length}`.")
        yield name, text, ids


def from_vllm(request_outputs: Iterable[Any], writer: TeacherStoreWriter, *, names: Optional[Iterable[str]] = None) -> int:
    """Adds the answers of vLLM to a store: prompts are the documents.

    ``request_outputs``: what ``LLM.generate`` returns for ``SamplingParams(prompt_logprobs=k, logprobs=k, max_tokens=1, temperature=1.0)``, with k at least
    the store's; give the prompts' token ids, which end with EOS and have no other special token (SPEC B 2). Each has ``prompt_token_ids`` and
    ``prompt_logprobs``, for every position but the first a dict of token ids to objects with ``logprob``. Entry t + 1 becomes row t; the last row
    comes from the generated token's ``outputs[0].logprobs[0]``, or, where there is none, stands for nothing: the candidates before it, equally probable (a
    document's last row is never aligned). The store must be one of log-probabilities. Text is taken from ``prompt`` where that is a string.
    ``names``: the documents' names; None: their ``request_id``. The first ``writer.documents`` answers are passed over.

    Returns the number of documents added. DataError where an answer lacks log-probabilities, or has fewer candidates than the store.
    """
    if writer.value_kind != "logprob":
        raise ValueError("vLLM gives log-probabilities; make the store with value_kind='logprob'.")
    added, there, given = 0, writer.documents, None if names is None else iter(names)
    for number, output in enumerate(request_outputs):
        name = str(output.request_id) if given is None else next(given)
        if number < there:
            continue
        ids, text = list(output.prompt_token_ids), getattr(output, "prompt", None)
        where = f"document {number} ({name})"
        entries = getattr(output, "prompt_logprobs", None)
        if entries is None or len(entries) != len(ids):
            raise DataError(f"{where}: has no prompt_logprobs for each of its {len(ids)} tokens; ask for prompt_logprobs={writer.k}.")
        positions = [_position(entry, ids[t], writer, f"{where}, prompt_logprobs {t}") for t, entry in enumerate(entries) if t]
        candidates, values = [p[0] for p in positions], [p[1] for p in positions]
        last = _generated(output, writer, where)
        if last is None and not candidates:
            raise DataError(f"{where}: has one token, and nothing was generated after it; ask for max_tokens=1 and logprobs={writer.k}.")
        candidates.append(candidates[-1] if last is None else last[0])
        values.append(np.full(writer.k, -math.log(writer.k)) if last is None else last[1])
        writer.add_rows(name, ids, np.stack(candidates), np.stack(values), label_cross_entropy=[max(0.0, -p[2]) for p in positions],
                        text=text if isinstance(text, str) and text else None)
        added += 1
    return added


Position = Tuple[np.ndarray, np.ndarray, float]
"""Candidates, their log-probabilities, and that of the token which stands there."""


def _position(entry: Optional[Dict[int, Any]], own: Optional[int], writer: TeacherStoreWriter, where: str) -> Position:
    """The k best of a position, equal ones by id ascending; ids that the tokenizer does not have are left out before."""
    found = {} if entry is None else {id: float(e.logprob) for id, e in entry.items() if id < writer.tokenizer.tokens}
    if len(found) < writer.k:
        raise DataError(f"{where}: has {len(found)} candidates, and the store has {writer.k}; ask for prompt_logprobs={writer.k}.")
    if own is not None and own not in found:
        raise DataError(f"{where}: lacks the token that stands there, {own}; take vLLM's own answer, unfiltered.")
    ids, values = np.fromiter(found, np.int64, len(found)), np.fromiter(found.values(), np.float64, len(found))
    order = np.lexsort((ids, -values))[:writer.k]
    return ids[order], values[order], 0.0 if own is None else found[own]


def _generated(output: Any, writer: TeacherStoreWriter, where: str) -> Optional[Position]:
    """The candidates for the token after the prompt, where enough of them were asked for."""
    outputs = getattr(output, "outputs", None)
    entries = getattr(outputs[0], "logprobs", None) if outputs else None
    return _position(entries[0], None, writer, f"{where}, logprobs 0") if entries and len(entries[0]) >= writer.k else None
