"""Variants of the memory layer that the paper does not have; `memory_beyond.py` measures what each is worth.

With the names of `models/memoryformer/layer.py`: z is a chunk, h(z) its bucket, s(z) the weight of a row, t the
temperature. Let i be the least certain bit, that of the entry nearest to zero, and h' the bucket across it. Given the
other bits, the hash lands in h with probability P = σ(2 |z_i| / t), in h' with 1 − P.

* (two probes)        y = Σ_k s · (P · T_k[h] + (1 − P) · T_k[h']) + bias. The weights of both rows add up to s, and y
                      is continuous where bit i flips: there P is 1/2, and h and h' change places.
* (local difference)  y is the paper's. The gradient of z is the paper's, which knows one row of each table, and for
                      entry i that of (two probes) with s held fixed, which compares two:
                      s · ⟨g, T_k[h] − T_k[h']⟩ · ∂P/∂z_i. Rows get no gradient by it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from models.memoryformer.block import MemoryBlock
from models.memoryformer.flops import PARTS, Parts
from models.memoryformer.layer import Buckets, MemoryHash, MemoryTables
from models.memoryformer.model import MemoryFormer

NORMS = ("attention_norm", "expand_norm", "contract_norm")
"""The norms of a block, each before what is cut into chunks."""


# ---------------------------------------------------------------------------------------------------------- two rows


class Probed(Buckets):
    """The buckets of some chunks, and for each the one across its least certain bit."""

    other: Tensor
    """(…, K) int64: h'."""
    sure: Tensor
    """(…, K): P, from 1/2 to 1."""


class ProbingHash(MemoryHash):
    """A hash that tells the second bucket too."""

    def forward(self, x: Tensor) -> Probed:
        """x: (…, K · τ) → (…, K) for its chunks."""
        nearest = super().forward(x)
        least = x.unflatten(-1, (-1, self.bits)).abs().min(-1)
        probed = Probed(*nearest)
        probed.other = nearest.rows ^ (torch.ones_like(nearest.rows) << least.indices)
        probed.sure = torch.sigmoid(least.values.to(nearest.scores.dtype) * (2 / self.temperature))
        return probed


def two_rows(tables: Tensor, probed: Probed, scores: Tensor) -> Tensor:
    """(two probes) without the bias.

    Args:
        tables: (K · 2^τ, d_out).
        probed: both buckets of each chunk.
        scores: (…, K): s.

    Returns:
        (…, d_out).
    """
    *before, chunks = probed.rows.shape
    firsts = torch.arange(0, tables.shape[0], tables.shape[0] // chunks, device=tables.device)
    rows = torch.cat((probed.rows + firsts, probed.other + firsts), -1)
    weights = torch.cat((scores * probed.sure, scores * (1 - probed.sure)), -1).to(tables.dtype)
    flat = rows.view(-1, 2 * chunks), weights.view(-1, 2 * chunks)
    y = functional.embedding_bag(flat[0], tables, per_sample_weights=flat[1], mode="sum")
    return y.view(*before, tables.shape[1])


class VariantTables(MemoryTables):
    """Tables that take over the parameters of others."""

    def __init__(self, memory: MemoryTables) -> None:
        nn.Module.__init__(self)
        self.tables = memory.tables
        self.bias = memory.bias
        self.sparse_gradients = False


class TwoProbeTables(VariantTables):
    """(two probes)."""

    probes = 2
    """Rows of each table that a token reads where no gradient is wanted."""

    def __init__(self, memory: MemoryTables, *, in_training: bool) -> None:
        """Args:
        memory: whose parameters these tables have.
        in_training: whether both rows are read where gradients are wanted too.
        """
        super().__init__(memory)
        self.in_training = in_training

    @property
    def operands(self) -> tuple[Tensor | None, ...]:
        """A vector in the place of the tables, so that the kernel, which reads one row of a table, declines."""
        return self.bias, self.bias, None

    def forward(self, buckets: Buckets) -> Tensor:
        """(…, K) → (…, d_out)."""
        if torch.is_grad_enabled() and not self.in_training:
            return super().forward(buckets)
        return two_rows(self.tables, cast("Probed", buckets), buckets.scores) + self.bias


class DifferenceTables(VariantTables):
    """(local difference): it computes what `MemoryTables` computes."""

    def forward(self, buckets: Buckets) -> Tensor:
        """(…, K) → (…, d_out)."""
        y = super().forward(buckets)
        if not torch.is_grad_enabled():
            return y
        smooth = two_rows(self.tables.detach(), cast("Probed", buckets), buckets.scores.detach())
        return y + (smooth - smooth.detach())


def probe(model: MemoryFormer, make: Callable[[MemoryTables], MemoryTables]) -> None:
    """Give all memory layers of a model a probing hash, and the tables that `make` makes of those that they have."""
    for module in list(model.modules()):
        for name, part in module.named_children():
            if type(part) is MemoryHash:
                setattr(module, name, ProbingHash(part.bits, part.score, part.temperature))
            elif type(part) is MemoryTables:
                setattr(module, name, make(part))


# -------------------------------------------------------------------------------------------------------- projections


def hadamard(size: int) -> np.ndarray:
    """A matrix (size, size) of 1 and −1 whose rows are orthogonal.

    Paley's first construction where size − 1 is a prime of the form 4 n + 3; else that of half the size, doubled as
    Sylvester does: [[H, H], [H, −H]].

    Raises:
        ValueError: neither leads to such a matrix of this size.
    """
    prime = size - 1
    if size == 1:
        return np.ones((1, 1), np.int64)
    if prime % 4 == 3 and all(prime % divisor for divisor in range(2, int(prime**0.5) + 1)):
        squares = {n * n % prime for n in range(1, prime)}
        signs = np.array([0] + [1 if n in squares else -1 for n in range(1, prime)])
        skew = np.zeros((size, size), np.int64)
        skew[0, 1:], skew[1:, 0] = 1, -1
        skew[1:, 1:] = signs[np.subtract.outer(np.arange(prime), np.arange(prime)) % prime]
        return skew + np.eye(size, dtype=np.int64)
    if size % 2:
        raise ValueError(f"no Hadamard matrix of size {size} is made here")
    half = hadamard(size // 2)
    return np.block([[half, half], [half, -half]])


class SignedHadamard(nn.Module):
    """x → H D x / √n, orthonormal and fixed: signs D drawn by a seed, then a Hadamard matrix H.

    It multiplies by a matrix of signs, which is n² additions; a fast transform would need fewer.
    """

    def __init__(self, size: int, seed: int) -> None:
        super().__init__()
        signs = np.random.default_rng(seed).choice((-1, 1), size)
        matrix = torch.tensor((hadamard(size) * signs / size**0.5).tolist(), dtype=torch.float32)
        self.register_buffer("matrix", matrix, persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """(…, n) → (…, n)."""
        return functional.linear(x, self.get_buffer("matrix"))


PROJECTION_PARTS: Parts = (*PARTS, (SignedHadamard, "signs"))
"""The analyser's parts, and one that the paper would not count, since it adds and does not multiply. A learned
projection is a `Linear`, which is counted as the head is."""


def project(model: MemoryFormer, *, learned: bool) -> None:
    """Put a projection between each norm of a block and the hash: a learned matrix that starts as 1, or a fixed one."""
    for block in model.blocks:
        for place, name in enumerate(NORMS):
            norm = block.get_submodule(name)
            weight = cast("Tensor", norm.weight)
            size = weight.shape[0]
            if learned:
                projection = nn.Linear(size, size, bias=False)
                nn.init.eye_(projection.weight)
            else:
                projection = SignedHadamard(size, seed=place)
            setattr(block, name, nn.Sequential(norm, projection))


# ------------------------------------------------------------------------------------------------------------- tables


def share_tables(model: MemoryFormer) -> None:
    """Let blocks 2 n + 1 use the tables and biases of memory layers of blocks 2 n; norms stay their own."""
    blocks = [cast("MemoryBlock", block) for block in model.blocks]
    for first, second in zip(blocks[::2], blocks[1::2], strict=False):
        second.attention.query = first.attention.query
        second.attention.key = first.attention.key
        second.attention.value = first.attention.value
        second.expand.memory = first.expand.memory
        second.contract.memory = first.contract.memory
