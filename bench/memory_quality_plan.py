"""Which models `memory_quality.py` trains: a pure function from options to comparisons and runs.

Each comparison sets three memory models (or one) beside as many rivals that cost as much in one respect: the rival's
width is the one, among those with heads of 16 to 48 entries, whose cost is nearest. All models have as many blocks,
one vocabulary and one context. Costs are those of whole models for one token, but `block_flops`:

* FLOPs: multiply-accumulates counted by `models.memoryformer.flops` in one sequence of `context` tokens, divided by it.
* bytes moved: what one more token of one sequence reads at `context` positions: rows of tables and of embeddings,
  all other parameters, keys and values. In int8, matrices, tables, embedding and head take a byte for each number and
  two for each row's scale; norms, biases, keys and values stay in float32.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Literal, NamedTuple, TypeAlias

import torch
from torch import nn

from domain import UserError
from models.memoryformer.block import MemoryBlock
from models.memoryformer.dense import DenseBlock, DenseFormer
from models.memoryformer.flops import count
from models.memoryformer.layer import MemoryTables
from models.memoryformer.model import MemoryFormer
from models.memoryformer.ngram import ORDERS, NgramFormer
from models.memoryformer.settings import Settings

Family = Literal["memoryformer", "dense", "ngram"]
Stored = Literal["float32", "int8"]

COMPARISONS = ("flops", "bytes", "parameters", "int8", "ngram")
"""Equal FLOPs of the blocks; bytes moved; parameters; bytes moved by int8 models on both sides; bytes moved, rival with
n-gram tables that are as large as the memory model's."""

HEAD = range(16, 49)
"""Entries that an attention head may have; as near to 32 as the width allows."""


@dataclass(frozen=True)
class Options:
    """What the plan follows from."""

    tokens: int
    """Of training, for each run; rounded down to whole steps."""
    widths: tuple[int, ...] = (64, 96, 160)
    """d of the memory models, increasing."""
    equal_parameters_width: int = 48
    """d of the memory model that is compared at equal parameters: a dense model with as many as the others have would
    cost far more of everything else."""
    blocks: int = 4
    vocabulary: int = 1024
    context: int = 256
    batch: int = 16
    """Sequences of a step."""
    seeds: tuple[int, ...] = (0, 1)
    rates: tuple[float, ...] = (1e-3, 3e-3, 1e-2, 3e-2)
    """Learning rates that each family tries on its middle size."""
    trial_share: float = 0.25
    """Share of the tokens that a trial of a rate gets."""
    only: tuple[str, ...] = COMPARISONS

    def steps(self, share: float = 1.0) -> int:
        """Steps of a run with this share of the tokens."""
        return max(2, int(self.tokens * share) // (self.batch * self.context))


@dataclass(frozen=True)
class Model:
    """An architecture that is trained."""

    family: Family
    settings: Settings
    rows: int = 0
    """Of each n-gram table."""

    @property
    def name(self) -> str:
        return f"{self.family}-{self.settings.width}"

    def build(self) -> nn.Module:
        """A model with fresh values, drawn by torch's seed."""
        if self.family == "ngram":
            return NgramFormer(self.settings, self.rows)
        return (DenseFormer if self.family == "dense" else MemoryFormer)(self.settings)


class Run(NamedTuple):
    """One training."""

    model: Model
    seed: int
    rate: float | None
    """The highest learning rate; None is the best of the family's trials."""
    steps: int


Cost: TypeAlias = Callable[[Model], int]


class Pair(NamedTuple):
    memory: Model
    rival: Model


class Comparison(NamedTuple):
    name: str
    cost: Cost
    """What is equal in each pair."""
    stored: Stored
    """How the models of both sides are stored when they are evaluated."""
    pairs: tuple[Pair, ...]
    seeds: tuple[int, ...]


class Plan(NamedTuple):
    """What is trained. A run that several comparisons share stands in it once, trials first."""

    comparisons: list[Comparison]
    trials: list[Run]
    runs: list[Run]


class Costs(NamedTuple):
    """Of one model, for one token; see the module."""

    parameters: int
    table_parameters: int
    """In memory layers or n-gram tables."""
    block_flops: int
    flops: int
    moved: int
    """Bytes, in float32."""
    moved_int8: int


def costs(model: Model, context: int) -> Costs:
    """What a model costs, from its modules on the meta device."""
    with torch.device("meta"):
        whole = model.build()
        everything = count(whole, torch.empty(1, context, dtype=torch.long)).paper
    tables = [part.tables for part in whole.modules() if isinstance(part, MemoryTables)]
    if isinstance(whole, NgramFormer):
        tables = [table.weight for table in whole.memories.modules() if isinstance(table, nn.Embedding)]
    return Costs(
        parameters(model),
        sum(table.numel() for table in tables),
        block_flops(model, context),
        everything // context,
        moved(model, context, "float32"),
        moved(model, context, "int8"),
    )


@cache
def parameters(model: Model) -> int:
    with torch.device("meta"):
        return sum(parameter.numel() for parameter in model.build().parameters())


@cache
def block_flops(model: Model, context: int) -> int:
    """Multiply-accumulates of all blocks for one token."""
    settings = model.settings
    with torch.device("meta"):
        block = (MemoryBlock if model.family == "memoryformer" else DenseBlock)(settings)
        return settings.blocks * count(block, torch.empty(1, context, settings.width)).paper // context


@cache
def moved(model: Model, context: int, stored: Stored) -> int:
    """Bytes that one more token of one sequence reads."""
    settings = model.settings
    with torch.device("meta"):
        modules = list(model.build().modules())
    total = 4 * 2 * context * settings.width * settings.blocks
    for module in modules:
        for parameter in module.parameters(recurse=False):
            if parameter.dim() == 1:
                total += 4 * parameter.numel()
                continue
            rows, width = parameter.shape
            if isinstance(module, MemoryTables):
                rows = settings.chunks
            elif isinstance(module, nn.Embedding):
                rows = 1
            total += rows * (4 * width if stored == "float32" else width + 2)
    return total


def heads(width: int, fraction: float = Settings.rotary_fraction, entries: range = HEAD) -> int | None:
    """How many heads a model of this width gets, or None if no number of them gives `entries` and even rotary ones."""
    possible = [h for h in range(1, width + 1) if width % h == 0 and width // h in entries]
    possible = [h for h in possible if int(width // h * fraction) % 2 == 0]
    return min(possible, key=lambda h: abs(width // h - 32), default=None)


def _settings(options: Options, width: int, bits: int = 1) -> Settings:
    """Of a model of this width. Without tables `bits` means nothing, and 1 divides every width."""
    number = heads(width)
    if number is None or width % bits:
        raise UserError(f"width {width} has no heads of {HEAD[0]} to {HEAD[-1]} entries, or is no multiple of {bits}")
    return Settings(options.vocabulary, width, options.blocks, number, bits)


def nearest(make: Callable[[int], Model], cost: Cost, target: int) -> Model:
    """The model whose cost is nearest to the target; costs grow with the width."""
    widths = [width for width in range(HEAD[0], 640) if heads(width)]
    low, high = 0, len(widths) - 1
    while low < high:
        middle = (low + high) // 2
        if cost(make(widths[middle])) < target:
            low = middle + 1
        else:
            high = middle
    around = [make(width) for width in widths[max(0, low - 1) : low + 1]]
    return min(around, key=lambda model: abs(cost(model) - target))


def plan(options: Options) -> Plan:
    """The comparisons that are asked for, and the runs that they need."""
    context = options.context
    equal: dict[str, tuple[Cost, Stored]] = {
        "flops": (lambda model: block_flops(model, context), "float32"),
        "bytes": (lambda model: moved(model, context, "float32"), "float32"),
        "parameters": (parameters, "float32"),
        "int8": (lambda model: moved(model, context, "int8"), "int8"),
        "ngram": (lambda model: moved(model, context, "float32"), "float32"),
    }

    def rival(name: str, memory: Model) -> Model:
        cost, _ = equal[name]

        def make(width: int) -> Model:
            settings = _settings(options, width)
            if name != "ngram":
                return Model("dense", settings)
            return Model("ngram", settings, tables // (len(ORDERS) * width))

        tables = costs(memory, context).table_parameters if name == "ngram" else 0
        return nearest(make, cost, cost(memory))

    def of_width(*widths: int) -> list[Model]:
        return [Model("memoryformer", _settings(options, width, Settings.bits)) for width in widths]

    memories = of_width(*options.widths)
    middle = memories[len(memories) // 2]
    comparisons = [
        Comparison(
            name,
            *equal[name],
            tuple(
                Pair(memory, rival(name, memory))
                for memory in (of_width(options.equal_parameters_width) if name == "parameters" else memories)
            ),
            options.seeds[:1] if name == "parameters" else options.seeds,
        )
        for name in COMPARISONS
        if name in options.only
    ]
    # Which comparisons are asked for does not change which model a family tries its rates on.
    families = dict.fromkeys(model.family for one in comparisons for pair in one.pairs for model in pair)
    tried = {
        family: middle if family == "memoryformer" else rival("ngram" if family == "ngram" else "flops", middle)
        for family in families
    }
    trials = [
        Run(tried[family], options.seeds[0], rate, options.steps(options.trial_share))
        for family in families
        for rate in options.rates
    ]
    runs = dict.fromkeys(
        Run(model, seed, None, options.steps())
        for one in comparisons
        for seed in one.seeds
        for pair in one.pairs
        for model in pair
    )
    return Plan(comparisons, trials, list(runs))
