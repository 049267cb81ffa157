"""Which variants of the MemoryFormer `memory_beyond.py` trains, and what each costs: pure functions of the options.

All have as many blocks, one vocabulary and one context as the base, a size of `memory_quality.py`. Most have its width,
and at a seed start from its values in all parameters that the base has. Where that costs more FLOPs in the blocks, a
narrower twin costs as many, as nearly as widths allow.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache, partial
from typing import NamedTuple, cast

import torch
from torch import nn

from bench.memory_beyond_layers import (
    PROJECTION_PARTS,
    DifferenceTables,
    SignedHadamard,
    TwoProbeTables,
    probe,
    project,
    share_tables,
)
from bench.memory_quality_plan import Model, Options, Run, heads, parameters, plan
from models.memoryformer.flops import count
from models.memoryformer.layer import MemoryTables
from models.memoryformer.model import MemoryFormer

CHANGES: dict[str, str] = {
    "difference": "local-difference gradient for the least certain bit",
    "two-probes-evaluated": "one probe in training, two in evaluation",
    "two-probes": "two probes, weighted",
    "two-probes-equal": "that, narrower by so much that the FLOPs are equal",
    "hadamard": "fixed signed Hadamard projection before each hash",
    "projection": "learned projection before each hash",
    "projection-equal": "that, narrower by so much that the FLOPs are equal",
    "fewer-bits": "chunks one bit shorter",
    "more-bits": "chunks one bit longer",
    "cooling": "temperature falls from 2 to 1",
    "shared": "pairs of blocks share tables",
    "converted": "half of the tokens train a dense model, which is converted and distilled",
    "cooling+difference": "both",
    "cooling+two-probes-equal": "both",
    "hotter": "temperature falls from 4 to 1",
}
"""Variant → in words. The last three were added when the others had been trained with one seed, by what that showed."""

WIDER = range(16, 65)
"""Entries that an attention head may have where the bits decide the width."""

HOT = {"cooling": 2.0, "hotter": 4.0}
"""Change → `recipe.start_temperature`."""


@dataclass(frozen=True)
class Variant(Model):
    """The base, changed in one respect, or in those that a `+` joins."""

    change: str = ""

    @property
    def changes(self) -> list[str]:
        return self.change.split("+")

    @property
    def name(self) -> str:
        return f"{self.change}-{self.settings.width}"

    def build(self) -> nn.Module:
        """A fresh model. `cooling`, `hotter` and `converted` are ways to train the base."""
        model = MemoryFormer(self.settings)
        for change in self.changes:
            if change == "difference":
                probe(model, DifferenceTables)
            elif change.startswith("two-probes"):
                probe(model, partial(TwoProbeTables, in_training=change != "two-probes-evaluated"))
            elif change.startswith("projection") or change == "hadamard":
                project(model, learned=change != "hadamard")
            elif change == "shared":
                share_tables(model)
        return model


class Beyond(NamedTuple):
    """What is trained: the trials, then the base and all variants with the first seed."""

    base: Model
    variants: list[Variant]
    trials: list[Run]
    """Of learning rates, those of `memory_quality.py`: all variants have that of the family of the base, and the dense
    model that is converted has that of the dense family."""
    runs: list[Run]


def plan_variants(options: Options) -> Beyond:
    """The base is the middle one of the widths."""
    equal = plan(replace(options, only=("flops",)))
    pairs = equal.comparisons[0].pairs
    base = pairs[len(pairs) // 2].memory
    bits, width = base.settings.bits, base.settings.width
    variants: list[Variant] = []
    for change in CHANGES:
        same = Variant(base.family, base.settings, change=change)
        if change in ("fewer-bits", "more-bits"):
            same = of_equal_cost(same, base, bits + (1 if change == "more-bits" else -1), 2 * width, options.context)
        elif change.endswith("-equal"):
            same = of_equal_cost(same, base, bits, width, options.context)
        variants.append(same)
    steps, seed = options.steps(), options.seeds[0]
    return Beyond(base, variants, equal.trials, [Run(model, seed, None, steps) for model in (base, *variants)])


def of_equal_cost(variant: Variant, base: Model, bits: int, below: int, context: int) -> Variant:
    """The variant whose blocks cost as many FLOPs as the base's, as nearly as the possible widths allow: multiples of
    the bits, from three quarters of its width to less than `below`, with heads of `WIDER` entries."""
    width = variant.settings.width
    possible = [
        replace(variant, settings=replace(variant.settings, width=other, heads=number, bits=bits))
        for other in range(-(-width * 3 // 4 // bits) * bits, min(below, width * 5 // 4), bits)
        if (number := heads(other, variant.settings.rotary_fraction, WIDER))
    ]
    target = costs(base, context).block_flops
    return min(possible, key=lambda model: abs(costs(model, context).block_flops - target))


class Costs(NamedTuple):
    """Of one model, for one token in one sequence of the context; as those of `memory_quality_plan`."""

    parameters: int
    table_parameters: int
    block_flops: int
    """Multiply-accumulates of the blocks."""
    block_operations: int
    """All operations of the blocks, additions alone, hashes and norms among them."""
    moved: int
    """Bytes, in float32; of a fixed projection a bit for each sign."""


@cache
def costs(model: Model, context: int) -> Costs:
    """What a base or a variant costs, from its modules on the meta device."""
    settings = model.settings
    with torch.device("meta"):
        whole = cast("MemoryFormer", model.build())
        x = torch.empty(1, context, settings.width)
        counts = [count(block, x, parts=PROJECTION_PARTS) for block in whole.blocks]
    tables = [module.tables.numel() for module in whole.modules() if isinstance(module, MemoryTables)]
    cached = 2 * context * settings.width * settings.blocks
    outside = settings.width + whole.norm.weight.numel() + whole.head.weight.numel()
    # Blocks that share tables each read rows of them.
    inside = sum(_numbers_read(module, settings.chunks) for block in whole.blocks for module in block.modules())
    return Costs(
        parameters(model),
        sum(tables),
        sum(counted.paper for counted in counts) // context,
        sum(counted.all for counted in counts) // context,
        int(4 * (cached + outside + inside)),
    )


def _numbers_read(module: nn.Module, chunks: int) -> float:
    """Numbers of four bytes that a module's own parameters and buffers have a token read."""
    if isinstance(module, SignedHadamard):
        return module.get_buffer("matrix").numel() / 32
    numbers = sum(parameter.numel() for parameter in module.parameters(recurse=False))
    if isinstance(module, MemoryTables):
        probes = module.probes if isinstance(module, TwoProbeTables) else 1
        numbers += probes * chunks * module.tables.shape[1] - module.tables.numel()
    return numbers
