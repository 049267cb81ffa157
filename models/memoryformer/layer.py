"""The memory layer (MemoryFormer, arXiv 2411.12992, the section "Memory Layer"): hash, score, fetch, add.

Formulas, with the names that the other modules and the tests refer to. x ∈ R^d is one token's vector.

* (split)    x is cut into K = d / τ chunks z_1 … z_K of τ entries. The published models have no projection before it.
* (hash)     h(z) = Σ_i [z_i ≥ 0] · 2^i, an integer below 2^τ: the corner of {−1, 1}^τ that is nearest to z.
* (score)    p(z) = Π_i 1 / (1 + exp(−2 |z_i| / t)): the softmax over all corners c of ⟨z, c⟩ / t, at the nearest.
             `paper`: s = p.   `official`: s = p · ‖z‖₁.
* (sum)      y = Σ_k s(z_k) · T_k[h(z_k)] + bias, with one table T_k ∈ R^(2^τ × d_out) for each chunk.
* (row)      ∂L/∂T_k[j] = Σ over the tokens with h(z_k) = j of s(z_k) · g, where g = ∂L/∂y; zero for rows not hit.
* (weight)   ∂L/∂s_k = ⟨g, T_k[h(z_k)]⟩.
* (chunk)    ∂p/∂z_i = p · (2 / t) · sign(z_i) / (1 + exp(2 |z_i| / t)).
             `paper`: ∂s/∂z_i = ∂p/∂z_i.   `official`: ∂s/∂z_i = ‖z‖₁ · ∂p/∂z_i + p · sign(z_i).

So z learns through its score alone; the hash is piecewise constant and has no gradient. These gradients are those of
the functions as they are written, so autograd computes them; nothing here is estimated "straight through".

Where the official code (C0-Design/MemoryFormer) differs from the paper: its score is `official` with t = 1; the first
entry of a chunk is the highest bit of the index, not the lowest (the same layer with the rows of each table in another
order); the tables of Q, K and V are drawn with variance 2 / (5 d) (0.028² at d = 512), those of the feed-forward part
with 0.02², which is what is used for all of them here.

Half-precision input is scored in single precision: a sum of absolute values or a product of probabilities leaves the
range of float16 before the result does. Bits flip at zero between data types and kernels, so indices and values are
tested apart.
"""

from collections.abc import Sequence
from typing import NamedTuple, cast

import torch
from torch import Tensor, nn
from torch.compiler import is_compiling
from torch.nn import functional

from . import kernel
from .settings import Score


class Buckets(NamedTuple):
    """What the chunks of some vectors fetch; several layers may fetch by the same buckets."""

    rows: Tensor
    """(…, K) int64: for each chunk, the row of its table; below 2^τ."""
    scores: Tensor
    """(…, K) float: the weight of that row."""


def bucket_index(z: Tensor) -> Tensor:
    """(hash) for chunks z.

    Args:
        z: (…, τ) chunks.

    Returns:
        (…) int64 in [0, 2^τ). Zero and negative zero count as positive.
    """
    places = torch.arange(z.shape[-1], device=z.device)
    return (torch.ge(z, 0).long() << places).sum(-1)


def bucket_score(z: Tensor, score: Score, temperature: float = 1.0) -> Tensor:
    """(score) for chunks z; its gradient is (chunk), with 0 at z_i = 0.

    Args:
        z: (…, τ) chunks.
        score: which of the two weights.
        temperature: t, above 0.

    Returns:
        (…) weights: for `paper` between 2^−τ and 1; for `official` 0 or more, without bound. Single precision for input
        of half precision.
    """
    magnitude = z.abs().to(torch.promote_types(z.dtype, torch.float32))
    probability = functional.logsigmoid(magnitude * (2 / temperature)).sum(-1).exp()
    return probability if score == "paper" else probability * magnitude.sum(-1)


def weighted_rows(tables: Tensor, buckets: Buckets, *, sparse: bool = False) -> Tensor:
    """(sum) without the bias, and with autograd (row) and (weight): the reference.

    It is `embedding_bag`, which adds each weighted row without storing all K of them for each token.

    Args:
        tables: (K · 2^τ, d_out); row h of table k is at k · 2^τ + h.
        buckets: what each of the K chunks fetches, for any number of vectors.
        sparse: give `tables` a sparse gradient that holds the rows that were hit, not a dense one.

    Returns:
        (…, d_out) in the type of `tables`.
    """
    *before, chunks = buckets.rows.shape
    firsts = torch.arange(0, tables.shape[0], tables.shape[0] // chunks, device=tables.device)
    y = functional.embedding_bag(
        (buckets.rows + firsts).view(-1, chunks),
        tables,
        per_sample_weights=buckets.scores.to(tables.dtype).view(-1, chunks),
        mode="sum",
        sparse=sparse,
    )
    return y.view(*before, tables.shape[1])


class MemoryHash(nn.Module):
    """(split), (hash) and (score); without parameters. One result may serve several `MemoryTables`."""

    def __init__(self, bits: int, score: Score, temperature: float = 1.0) -> None:
        super().__init__()
        self.bits = bits
        self.score: Score = score
        self.temperature = temperature

    def forward(self, x: Tensor) -> Buckets:
        """x: (…, K · τ) → the buckets of its chunks, (…, K)."""
        z = x.unflatten(-1, (-1, self.bits))
        return Buckets(bucket_index(z), bucket_score(z, self.score, self.temperature))


class MemoryTables(nn.Module):
    """K tables of 2^τ rows and a bias: what a memory layer learns, (sum) given the buckets.

    Parameters are drawn from N(0, table_std²) and N(0, bias_std²).
    """

    def __init__(self, chunks: int, bits: int, outputs: int, table_std: float = 0.02, bias_std: float = 0.001) -> None:
        super().__init__()
        self.tables = nn.Parameter(torch.empty(chunks << bits, outputs))
        """(K · 2^τ, d_out)"""
        self.bias = nn.Parameter(torch.empty(outputs))
        """(d_out)"""
        self.sparse_gradients = False
        """Whether backward gives `tables` a sparse gradient: less work when a batch hits few of the rows."""
        nn.init.normal_(self.tables, std=table_std)
        nn.init.normal_(self.bias, std=bias_std)

    @property
    def operands(self) -> tuple[Tensor | None, ...]:
        """Tables, bias and no scales: what `kernel.fused` takes for a layer.

        Read without the search of `nn.Module.__getattr__`, whose 0.8 µs each would be a fifth of a small layer's time.
        """
        parameters = self._parameters
        return parameters["tables"], parameters["bias"], None

    def forward(self, buckets: Buckets) -> Tensor:
        """(…, K) buckets → (…, d_out)."""
        return weighted_rows(self.tables, buckets, sparse=self.sparse_gradients) + self.bias


class MemoryLayer(nn.Module):
    """A hash and its tables: stands where a transformer has a linear layer from K · τ to d_out entries."""

    def __init__(self, hashing: MemoryHash, tables: MemoryTables) -> None:
        super().__init__()
        self.hashing = hashing
        self.memory = tables

    def forward(self, x: Tensor) -> Tensor:
        """x: (…, K · τ) → (…, d_out)."""
        parts = self._modules  # `self.hashing` would be searched for first
        hashing, memory = cast("MemoryHash", parts["hashing"]), cast("MemoryTables", parts["memory"])
        (y,) = memory_layers(hashing, (memory,), x)
        return y


def memory_layers(hashing: MemoryHash, memories: Sequence[MemoryTables], x: Tensor) -> tuple[Tensor, ...]:
    """Memory layers that share one hash of x: the one function by which a model computes them.

    Where no gradient is wanted and all is plain on the CPU or a GPU, it is one call of `models.memoryformer.kernel`,
    and hooks of the modules do not run. Elsewhere, while torch compiles, and where the kernel cannot be compiled, it is
    the reference.

    Args:
        hashing: what x is hashed by.
        memories: the tables of each layer.
        x: (…, K · τ).

    Returns:
        (…, d_out) of each layer.

    Raises:
        ValueError: x has no whole number of chunks, or another number of them than some layer has tables.
    """
    if not is_compiling():
        alone = len(memories) == 1  # then there is nothing to join
        operands = memories[0].operands if alone else [one for memory in memories for one in memory.operands]
        results = kernel.fused(x, hashing.bits, hashing.score == "official", hashing.temperature, *operands)
        if results is not None:
            return results
    width, bits = x.shape[-1], hashing.bits
    for memory in memories:
        if width % bits or width // bits << bits != memory.tables.shape[0]:
            tables = memory.tables.shape[0] >> bits
            raise ValueError(f"an input of {width} entries for {tables} tables that read {bits} each")
    buckets = hashing(x)
    return tuple(memory(buckets) for memory in memories)
