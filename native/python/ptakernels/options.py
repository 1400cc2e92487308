"""Every switch of the alignment, and the three presets of SPEC A1 and A2. Names and values are those of `pta explain-mode`."""

from __future__ import annotations

import dataclasses
import functools
import math
from typing import Any, Dict, Tuple

from . import _abi

__all__ = ["DEFAULT_PRESET", "Options", "PRESETS"]

DEFAULT_PRESET = "fusion"
"""The one of the three that teaches (SPEC A1)."""

_CHOICES: Dict[str, Tuple[str, ...]] = {
    "pairing": ("dtw-strings", "dtw-texts", "byte-offsets"),
    "transfer": ("string-hard", "string", "groups", "boundary", "boundary+prefix"),
    "fallback": ("one-hot-current", "mask", "label", "target"),
    "cost": ("official-strings", "texts"),
    "columns": ("target-topk", "union"),
    "mass": ("official", "renormalised", "tail"),
    "transport": ("none", "official", "balanced", "semi-relaxed", "unbalanced", "exact"),
    "solver": ("newton", "greenkhorn"),
    "projection": ("top1", "topk", "barycentric", "byte"),
    "output": ("official", "probabilities"),
    "sources": ("independent", "recursive"),
    "fusion_function": ("none", "official-min-ce", "min-ce", "avg-ce"),
}

_DECIDING = ("pairing", "transfer", "cost", "columns", "mass", "transport", "solver", "projection", "output")
"""Switches that decide a form of the native library; the others are free."""


@dataclasses.dataclass(frozen=True)
class Options:
    """One alignment's switches; the defaults are preset fusion's. Start from Options.preset.

    pairing: how target positions find source positions. transfer: which source row a target row receives. fallback: what a row holds that no source
    reaches: nothing (mask), probability 1 on the current token (one-hot-current, the official code's quirk 3.A) or on the next one (label), or the
    target's own distribution (target). cost, columns, mass, transport, solver, projection: how candidates become a row (SPEC A3.3, A3.4). output: the unit of the
    values. sources, fusion_function, fill: how several sources meet (SPEC A3.5), for merge and align_sources.
    projection_columns: r of projection topk. rho: target penalty of transport unbalanced, in edits.
    window: leading candidates used on each side, 0 = all given. fused_k: heaviest tokens kept in a row, 0 = the target's k. epsilon: in edits, the official
    lambda is 1 / epsilon. tolerance, max_iterations: of the official loop. temperature: of both sides' softmax. byte_tail: bits that each byte beyond the
    candidate takes from a token outside of the target's candidates, projection byte only. measure_signal: also measure the teacher signal kept.

    The native library aligns the presets' forms. Free in every form: fallback, epsilon, temperature, window, measure_signal, and the switches for several
    sources. Beyond that: reference tolerance and max_iterations; paper fused_k, solver, projection top1, topk or barycentric; fusion fused_k, mass tail or
    renormalised, transfer boundary+prefix or boundary, transport semi-relaxed or unbalanced, any projection, byte_tail. Anything else raises ValueError that names it; `pta align` takes those switches too.
    """

    pairing: str = "byte-offsets"
    transfer: str = "boundary+prefix"
    fallback: str = "mask"
    cost: str = "texts"
    columns: str = "union"
    mass: str = "tail"
    transport: str = "semi-relaxed"
    solver: str = "newton"
    projection: str = "byte"
    output: str = "probabilities"
    sources: str = "independent"
    fusion_function: str = "min-ce"
    fill: bool = False
    window: int = 0
    fused_k: int = 0
    epsilon: float = 1 / 30
    tolerance: float = 1e-5
    max_iterations: int = 1_000_000
    temperature: float = 1.0
    byte_tail: float = 2.0
    projection_columns: int = 2
    rho: float = 0.05
    measure_signal: bool = True

    def __post_init__(self) -> None:
        for name, values in _CHOICES.items():
            if getattr(self, name) not in values:
                raise ValueError(f"{name} is {getattr(self, name)!r}; expected {' | '.join(values)}.")
        for name in ("window", "fused_k"):
            _require_whole(name, getattr(self, name), 0, _abi.MAX_CANDIDATES)
        _require_whole("max_iterations", self.max_iterations, 0, 2**31 - 1)
        _require_whole("projection_columns", self.projection_columns, 1, _abi.MAX_CANDIDATES)
        for name in ("epsilon", "tolerance", "temperature", "rho"):
            value = getattr(self, name)
            if not isinstance(value, (int, float)) or not value > 0 or not math.isfinite(value):
                raise ValueError(f"{name} is {value!r}; it must be a number over 0.")
        if not 0 <= self.byte_tail <= 64:
            raise ValueError(f"byte_tail is {self.byte_tail!r}; it must be 0..64 bits per byte.")
        self._refuse_what_means_nothing()
        self.form  # refuses what the native library has no form for

    @staticmethod
    def preset(name: str = DEFAULT_PRESET, **overrides: Any) -> "Options":
        """A preset's options, some of them changed. Raises ValueError for a name, a value or a combination that is none."""
        if name not in PRESETS:
            raise ValueError(f"preset {name!r} is unknown; use {', '.join(PRESETS)}.")
        if not overrides:
            return PRESETS[name]
        try:
            return dataclasses.replace(PRESETS[name], **overrides)
        except TypeError:
            unknown = next(o for o in overrides if o not in {f.name for f in dataclasses.fields(Options)})
            raise TypeError(f"{unknown} is no switch; Options names them.") from None

    @property
    def form(self) -> str:
        """Which preset's form the options are: reference, paper or fusion. Raises ValueError that names the switches that are no form's."""
        differing = {name: [d for d in _DECIDING if getattr(self, d) not in allowed[d]] for name, allowed in _forms().items()}
        name = min(differing, key=lambda form: len(differing[form]))
        if differing[name]:
            switches = ", ".join(f"{d} {getattr(self, d)}" for d in differing[name])
            raise ValueError(
                f"{switches} {'is' if len(differing[name]) == 1 else 'are'} not preset {name}'s, and the native library aligns documents in the presets' forms; "
                "use pta align for other combinations."
            )
        return name

    def _refuse_what_means_nothing(self) -> None:
        """Combinations without a meaning (SPEC A3.4, A3.5), in the words of pta."""
        if self.mass == "tail" and self.temperature != 1:
            raise ValueError("mass tail needs the log-sum-exp at the same temperature and the input holds it at temperature 1: use mass renormalised.")
        if self.solver != "newton" and self.transport != "balanced":
            raise ValueError(f"solver {self.solver} solves transport balanced, not {self.transport}: use solver newton.")
        if self.projection == "byte" and self.transport != "semi-relaxed":
            raise ValueError(f"projection byte has no costs that transport {self.transport} could read: use projection top1, or transport semi-relaxed.")
        if self.sources == "recursive" and self.transport in ("semi-relaxed", "none"):
            raise ValueError(
                f"sources recursive with transport {self.transport} would let the last source overwrite the better ones: use sources independent and "
                "fusion_function min-ce."
            )
        if self.sources == "recursive" and self.output == "official":
            raise ValueError("sources recursive passes probabilities on: use output probabilities.")
        if self.sources == "recursive" and self.fusion_function != "none":
            raise ValueError(f"fusion_function {self.fusion_function} chooses between independent sources: use fusion_function none.")
        if self.sources == "independent" and self.fusion_function == "none":
            raise ValueError("sources independent needs a choice between them: use fusion_function min-ce.")
        if self.output == "official" and self.fusion_function in ("min-ce", "avg-ce"):
            raise ValueError(
                f"fusion_function {self.fusion_function} compares sources, and values of output official are not comparable: use output probabilities."
            )
        if self.output == "probabilities" and self.fusion_function == "official-min-ce":
            raise ValueError("fusion_function official-min-ce reads columns of output official: use fusion_function min-ce.")
        if self.fusion_function == "avg-ce":
            raise ValueError("fusion_function avg-ce is pta align's; here use fusion_function min-ce.")


@functools.lru_cache(maxsize=64)
def native_options(options: Options, threads: int) -> _abi.AlignOptions:
    """The struct of ptakernels.h. Not to be written to: it is shared."""
    form = options.form
    byte, soft = options.projection == "byte", options.transport == "unbalanced"
    return _abi.AlignOptions(
        preset=_abi.PRESETS[form], mass=_abi.MASS_TAIL if options.mass == "tail" else _abi.MASS_RENORMALISED, window=options.window, fused_k=options.fused_k,
        measure_signal=int(options.measure_signal), max_iterations=options.max_iterations, threads=threads, epsilon=options.epsilon,
        tolerance=options.tolerance, temperature=options.temperature, projection=_abi.PROJECTIONS[options.projection],
        transfer=_abi.TRANSFER_BOUNDARY if options.transfer == "boundary" else _abi.TRANSFER_PREFIX, byte_tail=options.byte_tail if byte else 0.0,
        transport=_abi.TRANSPORTS["unbalanced"] if soft else 0, projection_columns=options.projection_columns if options.projection == "topk" else 0,
        rho=options.rho if soft else 0.0, solver=_abi.SOLVERS[options.solver],
    )


@functools.lru_cache(maxsize=1)
def _forms() -> Dict[str, Dict[str, Tuple[str, ...]]]:
    """By form: what each deciding switch may be."""
    reference = ("dtw-strings", "string", "official-strings", "target-topk", "official", "official", "newton", "top1", "official")
    paper = ("dtw-texts", "groups", "texts", "target-topk", "renormalised", "balanced", "newton", "top1", "probabilities")
    fusion = ("byte-offsets", "boundary+prefix", "texts", "union", "tail", "semi-relaxed", "newton", "byte", "probabilities")
    forms: Dict[str, Dict[str, Tuple[str, ...]]] = {name: {d: (v,) for d, v in zip(_DECIDING, values)} for name, values in (("reference", reference), ("paper", paper), ("fusion", fusion))}
    forms["fusion"].update(transfer=("boundary+prefix", "boundary"), mass=("tail", "renormalised"), transport=("semi-relaxed", "unbalanced"), projection=("byte", "top1", "topk", "barycentric"))
    forms["paper"].update(solver=("newton", "greenkhorn"), projection=("top1", "topk", "barycentric"))
    return forms


def _require_whole(name: str, value: Any, low: int, high: int) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        raise ValueError(f"{name} is {value!r}; it must be a whole number {low}..{high}.")


PRESETS: Dict[str, Options] = {
    "reference": Options(
        pairing="dtw-strings", transfer="string", fallback="one-hot-current", cost="official-strings", columns="target-topk", mass="official",
        transport="official", projection="top1", output="official", fusion_function="official-min-ce", window=10, byte_tail=0.0,
    ),
    "paper": Options(
        pairing="dtw-texts", transfer="groups", columns="target-topk", mass="renormalised", transport="balanced", projection="top1", sources="recursive",
        fusion_function="none", byte_tail=0.0,
    ),
    "fusion": Options(),
}
"""The outputs of the official code, its quirks included; equations 1-5 as published, done right; ours."""
