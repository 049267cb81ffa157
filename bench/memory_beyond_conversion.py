"""A dense model converted to a MemoryFormer by product quantisation, and then distilled.

The dense model is the MemoryFormer of the same settings with a linear layer in the place of each memory layer, and with
GELU before the second one of the feed-forward part. So what comes out is the architecture that all variants have, at
their cost; a dense model with an output projection and a wider feed-forward part, SmolLM2 for one, would come out as
another, with another tokenizer and size.

(prototypes)  A linear layer W u of chunks is Σ_k W_k u_k. Where inputs hash to row j of table k with weights s, that
              row should be the T that minimises Σ ‖W_k u_k − s T‖² over them: T = W_k c with the prototype
              c = Σ s u_k / Σ s². The signs of a chunk decide its prototype, so the step of k-means that assigns inputs
              is fixed, and one step of the other kind finds the best prototypes. One made-up input counts in each row,
              the row's corner with the chunk's mean magnitudes, or a row that the sample does not hit would be zero.

The first half of the tokens trains the dense model, the other half the converted one, on text and on what the dense
model says of it, alike. Each half has a learning rate of its own family, warm-up and cosine.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import ClassVar, TypeAlias, cast

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from bench.memory_beyond_layers import NORMS
from bench.memory_quality_plan import Run
from bench.memory_quality_runs import Clocked, Result, Texts, recipe_of
from models.memoryformer.block import BlockCache, MemoryBlock, attend
from models.memoryformer.layer import MemoryHash, MemoryLayer, bucket_score
from models.memoryformer.model import MemoryFormer
from models.memoryformer.settings import Settings
from models.training.packing import TokenFile
from models.training.trainer import evaluate
from pipeline.training.settings import TrainSettings

SAMPLE = 128
"""Sequences of training text that prototypes are made from."""

Read: TypeAlias = Callable[[Tensor], Tensor]
"""What comes before a linear layer."""


class LinearBlock(nn.Module):
    """A `MemoryBlock` with linear layers, drawn as those of `DenseBlock` are."""

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        self.settings = settings
        width, hidden = settings.width, settings.hidden_width
        self.attention_norm = nn.RMSNorm(width, eps=settings.norm_epsilon)
        self.mixing = nn.Linear(width, 3 * width)
        self.expand_norm = nn.RMSNorm(width, eps=settings.norm_epsilon)
        self.expand = nn.Linear(width, hidden)
        self.contract_norm = nn.LayerNorm(hidden, eps=settings.norm_epsilon)
        self.contract = nn.Linear(hidden, width)
        std = math.sqrt(2 / (5 * width))
        for layer in (self.mixing, self.expand, self.contract):
            nn.init.normal_(
                layer.weight, std=std if layer is not self.contract else std / math.sqrt(2 * settings.blocks)
            )
            nn.init.zeros_(layer.bias)

    def forward(self, x: Tensor, cache: BlockCache | None = None, present: Tensor | None = None) -> Tensor:
        """x: (batch, tokens, d) → (batch, tokens, d). Fills `cache`. `present` is that of `attend`."""
        mixing = self.mixing(self.attention_norm(x)).chunk(3, dim=-1)
        query, key, value = (part.unflatten(-1, (self.settings.heads, -1)).transpose(1, 2) for part in mixing)
        z = x + attend(query, key, value, self.settings, cache, present)
        return z + self.contract(functional.gelu(self.contract_norm(self.expand(self.expand_norm(z)))))


class LinearFormer(MemoryFormer):
    """The causal language model of these blocks."""

    block_type: ClassVar[type[nn.Module]] = LinearBlock


@torch.no_grad()
def prototypes(hashing: MemoryHash, x: Tensor, read: Read) -> Tensor:
    """(prototypes) of each row.

    Args:
        hashing: what decides the rows and their weights.
        x: (n, K · τ) what is hashed.
        read: what the linear layer reads of it.

    Returns:
        (K, 2^τ, τ).
    """
    made_up = corner_inputs(x, hashing.bits)
    chunks, rows, bits = made_up.shape
    buckets = hashing(x)
    places = (buckets.rows + torch.arange(chunks) * rows).flatten()
    weights = bucket_score(made_up, hashing.score, hashing.temperature)
    above = (weights[..., None] * read(made_up)).flatten(0, 1)
    above.index_add_(0, places, (buckets.scores[..., None] * read(x).unflatten(-1, (-1, bits))).flatten(0, 1))
    below = weights.square().flatten().index_add_(0, places, buckets.scores.square().flatten())
    return (above / below[:, None]).view(chunks, rows, bits)


def corner_inputs(x: Tensor, bits: int) -> Tensor:
    """(n, K · τ) → (K, 2^τ, τ): for each row, the chunk that hashes to it and has its entries' mean magnitudes."""
    signs = 2 * (torch.arange(1 << bits)[:, None] >> torch.arange(bits) & 1) - 1
    return x.abs().mean(0).view(-1, 1, bits) * signs


@torch.no_grad()
def fit(layer: MemoryLayer, x: Tensor, weight: Tensor, bias: Tensor, read: Read = lambda x: x) -> None:
    """Make a memory layer that reads x compute nearly what a linear layer computes that reads u = read(x).

    Args:
        layer: its tables and bias are changed.
        x: (…, K · τ) a sample of inputs.
        weight: (d_out, K · τ) of the linear layer.
        bias: (d_out) of it; the memory layer's makes up for the mean error too.
        read: acts on each entry alone.
    """
    x = x.flatten(0, -2)
    parts = weight.unflatten(1, (-1, layer.hashing.bits)).permute(1, 2, 0)  # (K, τ, d_out)
    layer.memory.tables.copy_(torch.bmm(prototypes(layer.hashing, x, read), parts).flatten(0, 1))
    layer.memory.bias.copy_(bias)
    layer.memory.bias.add_((functional.linear(read(x), weight, bias) - layer(x)).mean(0))


@torch.no_grad()
def convert(dense: LinearFormer, model: MemoryFormer, tokens: Tensor) -> None:
    """Give a MemoryFormer what a dense model of its settings has learned.

    Block after block: prototypes are of the inputs that the converted layers before give.

    Args:
        dense: is read.
        model: is changed.
        tokens: (sequences, length) of text.
    """
    for name in ("embedding", "norm", "head"):
        model.get_submodule(name).load_state_dict(dense.get_submodule(name).state_dict())
    x = model.embedding(tokens)
    for old, new in zip(dense.blocks, model.blocks, strict=True):
        linear, memory = cast("LinearBlock", old), cast("MemoryBlock", new)
        for name in NORMS:
            memory.get_submodule(name).load_state_dict(linear.get_submodule(name).state_dict())
        inside, attention = memory.attention_norm(x), memory.attention
        weights, biases = linear.mixing.weight.chunk(3), linear.mixing.bias.chunk(3)
        for tables, weight, bias in zip(
            (attention.query, attention.key, attention.value), weights, biases, strict=True
        ):
            fit(MemoryLayer(attention.hashing, tables), inside, weight, bias)
        z = x + attention(inside)
        inside = memory.expand_norm(z)
        fit(memory.expand, inside, linear.expand.weight, linear.expand.bias)
        inside = memory.contract_norm(memory.expand(inside))
        fit(memory.contract, inside, linear.contract.weight, linear.contract.bias, functional.gelu)
        x = z + memory.contract(inside)


# ------------------------------------------------------------------------------------------------------------ training


class Later(TokenFile):
    """The sequences of a file that come after the first `skipped` ones."""

    def __init__(self, texts: TokenFile, skipped: int) -> None:
        self.__dict__.update(vars(texts))
        self.skipped = skipped

    def draw(self, first: int, count: int) -> np.ndarray:
        return super().draw(self.skipped + first, count)


class Distilled(Clocked):
    """A trainer that descends the mean of the loss on text and of the divergence from the `teacher`'s predictions."""

    teacher: nn.Module
    earlier: Result
    """What is told of the dense model's training."""

    def loss(self, sequences: np.ndarray) -> Tensor:
        tokens = torch.from_numpy(sequences)
        with torch.no_grad():
            wanted = self.teacher(tokens[:, :-1]).flatten(0, 1).log_softmax(-1)
        found = self.model(tokens[:, :-1]).flatten(0, 1).log_softmax(-1)
        text = functional.nll_loss(found, tokens[:, 1:].flatten(), reduction="sum")
        return (text + functional.kl_div(found, wanted, reduction="sum", log_target=True)) / 2

    def results(self) -> Result:
        """The training loss is not told: it is not that of text."""
        return {"training": [], **self.earlier}


def prepare_converted(run: Run, settings: TrainSettings, texts: Texts, working: Path, dense_rate: float) -> Distilled:
    """Train a dense model for half of the steps and convert it; the trainer is of the other half.

    Args:
        run: of the converted model, with the learning rate of its half.
        settings: of the training.
        texts: what is read.
        working: an empty folder.
        dense_rate: the highest learning rate of the dense model.
    """
    steps = run.steps // 2
    dense = LinearFormer(run.model.settings)
    recipe = recipe_of(settings, run._replace(rate=dense_rate, steps=steps))
    first = Clocked(dense, recipe, *texts, working / "dense", say=lambda _: None)
    first.run()
    begun = time.process_time()
    model = run.model.build()
    sample = texts.train.draw(0, min(SAMPLE, steps * recipe.batch))
    convert(dense, cast("MemoryFormer", model), torch.from_numpy(sample[:, :-1]))
    converting = time.process_time() - begun
    later = Later(texts.train, steps * recipe.batch)
    second = recipe_of(settings, run._replace(steps=run.steps - steps))
    trainer = Distilled(model, second, later, *texts[1:], working, say=lambda _: None)
    trainer.teacher = dense
    trainer.cpu_seconds = first.cpu_seconds + converting
    whole = texts.held_out.sample(len(texts.held_out.tokens), recipe.batch)
    trainer.earlier = {
        "earlier_tokens": steps * recipe.tokens_per_step,
        "earlier_cpu_seconds": round(trainer.cpu_seconds, 2),
        "dense_bits_per_byte": evaluate(dense, whole, texts.lengths).bits_per_byte,
        "dense_learning_rate": dense_rate,
    }
    return trainer
