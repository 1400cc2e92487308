"""``python -m ptakernels.fusellm STEP ...``: steps of the official pipeline over its folders and files, with the official flags and defaults."""

from __future__ import annotations

import argparse
import sys
from typing import List, Optional

from ..errors import PtaError

_INTERRUPTED = 130
"""What a shell says of a program that Ctrl-C has ended."""

_TWO_MODELS = "a file or folder with its tokenizer, or a model's name where the package transformers is installed"


def main(arguments: Optional[List[str]] = None) -> int:
    """Runs a step and returns its exit status: 0 done, 1 bad input, 2 wrong use, 130 interrupted."""
    parser = argparse.ArgumentParser(
        prog="ptakernels.fusellm", allow_abbrev=False,
        description="Steps of FuseLLM and PTA-LLM with their official flags. An output appears only when it is complete; a step that was stopped starts again.",
    )
    steps = parser.add_subparsers(dest="step", metavar="STEP", required=True)
    _add_alignment(steps, "token_alignment_ot", "step 3: align the blending model's rows with the base's tokens, with transport", True)
    _add_alignment(steps, "token_alignment", "step 3 of FuseLLM: the same without transport", False)
    _add_mapping(steps)
    parsed = parser.parse_args(arguments)
    try:
        return parsed.run(parsed)
    except KeyboardInterrupt:
        print(f"ptakernels.fusellm {parsed.step}: stopped; nothing was written.", file=sys.stderr)
        return _INTERRUPTED
    except (ImportError, OSError, PtaError) as error:
        print(f"ptakernels.fusellm {parsed.step}: {error}", file=sys.stderr)
        return 1


def _add_models(step: argparse.ArgumentParser) -> None:
    step.add_argument("--base_model_name_or_path", required=True, help=f"the model that receives: {_TWO_MODELS}")
    step.add_argument("--blending_model_name_or_path", required=True, help="the model that gives, likewise")
    step.add_argument("--cache_dir", default=None, help="where transformers keeps its files")
    step.add_argument("--model_max_length", type=int, default=2048, help="handed to transformers; documents are as long as their input_ids [2048]")


def _add_alignment(steps: "argparse._SubParsersAction[argparse.ArgumentParser]", name: str, summary: str, with_transport: bool) -> None:
    step = steps.add_parser(name, help=summary, description=summary, allow_abbrev=False)
    _add_models(step)
    step.add_argument("--base_dataset_dir", required=True, help="the base's dataset folder of step 2, or of step 3 with another blending model")
    step.add_argument("--blending_dataset_dir", required=True, help="the blending model's dataset folder of the same documents")
    step.add_argument("--dataset_save_dir", required=True, help="the folder to write; an older dataset there is replaced when the new one is complete")
    step.add_argument("--preprocessing_num_workers", type=int, default=80, help="threads, of which at most one per core is used [80]")
    step.add_argument("--batch_size", type=int, default=1000, help="documents at once, of which at most 64 are taken; results do not depend on it [1000]")
    step.add_argument("--blending_model_index", type=int, default=0, help="the number at the end of the new columns' names [0]")
    step.add_argument("--vocab_align_type", choices=("hard", "soft"), default="hard", help="equal strings only, or through the vocabulary map too [hard]")
    step.add_argument("--vocab_mapping_save_dir", default=None, help="the vocabulary map's file, which soft needs")
    step.add_argument("--metric_level", choices=("sequence", "token"), default="sequence", help="which cross-entropies are kept [sequence]")
    if with_transport:
        step.add_argument("--epsilon_input", type=float, default=1e-5, help="the transport's stop [1e-5]")
        step.add_argument("--logits_number", type=int, default=10, help="candidates of the transport [10]")
    step.set_defaults(run=_align)


def _add_mapping(steps: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    summary = "the vocabulary map: each blending token's nearest base token"
    step = steps.add_parser("vocab_mapping", help=summary, description=summary, allow_abbrev=False)
    _add_models(step)
    step.add_argument("--dataset_dir", required=True, help="a dataset folder with texts; only co_occurrence reads it, its split validation")
    step.add_argument("--vocab_mapping_save_dir", required=True, help="the file to write")
    step.add_argument("--vocab_mapping_type", choices=("default", "co_occurrence"), default="default", help="how ties are decided [default]")
    step.add_argument("--window_size", type=int, default=5, help="neighbours on each side that co-occur [5]")
    step.add_argument("--num_process", type=int, default=1, help="accepted; every core takes part in the search, and counting needs no processes")
    step.set_defaults(run=_map)


def _align(parsed: argparse.Namespace) -> int:
    if parsed.step == "token_alignment":
        from .token_alignment import run

        return run(parsed, None, 1e-5)
    for flag, value, is_good, expected in (
        ("logits_number", parsed.logits_number, parsed.logits_number >= 1, "1 or more"),
        ("epsilon_input", parsed.epsilon_input, parsed.epsilon_input > 0, "over 0"),
    ):
        if not is_good:
            print(f"ptakernels.fusellm {parsed.step}: --{flag} is {value}; it must be {expected}.", file=sys.stderr)
            return 2
    from .token_alignment import run

    return run(parsed, parsed.logits_number, parsed.epsilon_input)


def _map(parsed: argparse.Namespace) -> int:
    from .mapping_step import run

    return run(parsed)


if __name__ == "__main__":
    sys.exit(main())
