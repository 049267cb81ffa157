"""The memory layer against loops that are written from the paper's formulas, number by number, in double precision."""

import math
from itertools import product

import pytest
import torch
from torch import Tensor

from models.memoryformer.layer import (
    Buckets,
    MemoryHash,
    MemoryLayer,
    MemoryTables,
    bucket_index,
    bucket_score,
    weighted_rows,
)
from models.memoryformer.settings import Score

SCORES: tuple[Score, ...] = ("paper", "official")
TEMPERATURES = (1.0, 0.6)


def chunk_vectors(*shape: int, seed: int = 0) -> Tensor:
    """Double precision, each entry at least 0.05 from zero, where a bit flips."""
    x = torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.double)
    return x + 0.05 * torch.where(x < 0, -1.0, 1.0)


def layer(chunks: int, bits: int, outputs: int, score: Score, temperature: float = 1.0) -> MemoryLayer:
    torch.manual_seed(1)
    tables = MemoryTables(chunks, bits, outputs, table_std=1.0, bias_std=1.0)
    return MemoryLayer(MemoryHash(bits, score, temperature), tables).double()


# --------------------------------------------------------------------------------------- the formulas, as slow loops


def slow_index(z: list[float]) -> int:
    return sum(2**i for i, entry in enumerate(z) if entry >= 0)


def slow_score(z: list[float], score: Score, t: float) -> float:
    p = 1.0
    for entry in z:
        p *= 1 / (1 + math.exp(-2 * abs(entry) / t))
    return p if score == "paper" else p * sum(abs(entry) for entry in z)


def slow_slopes(z: list[float], score: Score, t: float) -> list[float]:
    """∂s/∂z_i."""
    p = slow_score(z, "paper", t)
    norm = sum(abs(entry) for entry in z)
    slopes: list[float] = []
    for entry in z:
        sign = math.copysign(1.0, entry)
        of_p = p * 2 / t * sign / (1 + math.exp(2 * abs(entry) / t))
        slopes.append(of_p if score == "paper" else norm * of_p + p * sign)
    return slopes


def slow_layer(x: Tensor, memory: MemoryTables, bits: int, score: Score, t: float) -> Tensor:
    """One vector x (K · τ) → (d_out)."""
    y = memory.bias.tolist()
    for k, z in enumerate(x.view(-1, bits).tolist()):
        row = memory.tables[k * 2**bits + slow_index(z)].tolist()
        s = slow_score(z, score, t)
        y = [total + s * entry for total, entry in zip(y, row, strict=True)]
    return torch.tensor(y, dtype=torch.double)


class SlowGradients:
    """(row), (weight) and (chunk) for vectors x (n, K · τ) and g = ∂L/∂y (n, d_out)."""

    def __init__(self, x: Tensor, g: Tensor, tables: Tensor, bits: int, score: Score, t: float) -> None:
        self.tables = torch.zeros_like(tables)
        self.x = torch.zeros_like(x)
        for n in range(x.shape[0]):
            for k, z in enumerate(x[n].view(-1, bits).tolist()):
                row = k * 2**bits + slow_index(z)
                weight = sum(a * b for a, b in zip(g[n].tolist(), tables[row].tolist(), strict=True))
                for i, slope in enumerate(slow_slopes(z, score, t)):
                    self.x[n, k * bits + i] = weight * slope
                for j in range(tables.shape[1]):
                    self.tables[row, j] += slow_score(z, score, t) * g[n, j]


# ------------------------------------------------------------------------------------------------------------- values


@pytest.mark.parametrize("score", SCORES)
@pytest.mark.parametrize("temperature", TEMPERATURES)
def test_layer_is_the_sum_that_the_formulas_say(score: Score, temperature: float) -> None:
    chunks, bits, outputs = 5, 4, 7
    memory_layer = layer(chunks, bits, outputs, score, temperature)
    x = chunk_vectors(9, chunks * bits)
    expected = torch.stack([slow_layer(vector, memory_layer.memory, bits, score, temperature) for vector in x])
    assert torch.allclose(memory_layer(x), expected, rtol=1e-12, atol=1e-12)


def test_paper_score_is_the_softmax_over_the_corners_of_the_cube() -> None:
    t = 0.7
    for z in chunk_vectors(20, 5):
        fits = torch.tensor(list(product((-1.0, 1.0), repeat=5)), dtype=torch.double) @ z / t
        assert bucket_score(z, "paper", t).item() == pytest.approx(fits.softmax(0).max().item(), rel=1e-12)


def test_index_has_a_bit_for_each_entry_the_first_one_lowest() -> None:
    z = torch.tensor([[0.5, -0.5, -0.5], [-0.5, 0.5, -0.5], [-0.5, -0.5, 0.5], [1.0, 1.0, 1.0], [-1.0, -1.0, -1.0]])
    assert bucket_index(z).tolist() == [1, 2, 4, 7, 0]


def test_zero_and_negative_zero_are_positive() -> None:
    assert bucket_index(torch.tensor([0.0, -0.0])).item() == 3


def test_values_follow_from_given_buckets_whatever_was_hashed() -> None:
    tables = torch.arange(2 * 4 * 3, dtype=torch.double).view(8, 3)
    buckets = Buckets(torch.tensor([[3, 0], [1, 2]]), torch.tensor([[1.0, 0.0], [0.5, 2.0]], dtype=torch.double))
    assert torch.equal(weighted_rows(tables, buckets), torch.stack([tables[3], 0.5 * tables[1] + 2 * tables[6]]))


def test_one_hash_serves_tables_of_several_widths() -> None:
    buckets = MemoryHash(4, "paper")(torch.randn(2, 3, 20))
    assert buckets.rows.shape == buckets.scores.shape == (2, 3, 5)
    assert MemoryTables(5, 4, 7)(buckets).shape == (2, 3, 7)
    assert MemoryTables(5, 4, 11)(buckets).shape == (2, 3, 11)


def test_half_precision_is_scored_without_leaving_its_range() -> None:
    z = torch.full((8,), 2.0**14, dtype=torch.float16)  # the sum of absolute values is 2^17, above float16
    assert bucket_score(z, "official").item() == 2.0**17
    tiny = torch.full((16,), 2.0**-12, dtype=torch.float16)  # the product of probabilities is about 2^-16
    assert bucket_score(tiny, "paper").item() == pytest.approx(2.0**-16, rel=0.02)


def test_large_entries_give_finite_scores_and_slopes() -> None:
    z = torch.tensor([1e4, -1e4, 1e-30], requires_grad=True)
    for score in SCORES:
        (slope,) = torch.autograd.grad(bucket_score(z, score), z)
        assert torch.isfinite(slope).all()


def test_tables_are_drawn_as_asked() -> None:
    torch.manual_seed(0)
    memory = MemoryTables(16, 8, 64)
    assert memory.tables.shape == (16 * 256, 64)
    assert memory.tables.std().item() == pytest.approx(0.02, rel=0.02)
    assert memory.bias.std().item() == pytest.approx(0.001, rel=0.4)


# ---------------------------------------------------------------------------------------------------------- gradients


@pytest.mark.parametrize("score", SCORES)
@pytest.mark.parametrize("temperature", TEMPERATURES)
@pytest.mark.parametrize("sparse", [False, True], ids=["dense", "sparse"])
def test_gradients_are_those_of_the_formulas(score: Score, temperature: float, sparse: bool) -> None:
    chunks, bits, outputs = 3, 4, 5
    memory_layer = layer(chunks, bits, outputs, score, temperature)
    memory_layer.memory.sparse_gradients = sparse
    x = chunk_vectors(24, chunks * bits).requires_grad_()  # 24 vectors in tables of 16 rows: many hit a row together
    g = chunk_vectors(24, outputs, seed=2)
    memory_layer(x).backward(g)
    tables, bias = memory_layer.memory.tables, memory_layer.memory.bias
    expected = SlowGradients(x.detach(), g, tables.detach(), bits, score, temperature)
    assert x.grad is not None
    assert tables.grad is not None
    assert bias.grad is not None
    assert tables.grad.is_sparse == sparse
    assert torch.allclose(x.grad, expected.x, rtol=1e-10, atol=1e-12)
    assert torch.allclose(tables.grad.to_dense(), expected.tables, rtol=1e-10, atol=1e-12)
    assert torch.allclose(bias.grad, g.sum(0))


@pytest.mark.parametrize("score", SCORES)
def test_gradients_are_finite_differences_away_from_flips(score: Score) -> None:
    memory_layer = layer(3, 4, 5, score, 0.8)

    def values(x: Tensor, tables: Tensor) -> Tensor:
        return weighted_rows(tables, memory_layer.hashing(x))

    inputs = (chunk_vectors(6, 12).requires_grad_(), memory_layer.memory.tables)
    assert torch.autograd.gradcheck(values, inputs, eps=1e-6, atol=1e-7)


def test_rows_that_nothing_hit_have_no_gradient() -> None:
    memory_layer = layer(2, 3, 4, "official")
    x = chunk_vectors(1, 6)
    memory_layer(x).sum().backward()
    hit = memory_layer.hashing(x).rows[0] + torch.tensor([0, 8])
    assert memory_layer.memory.tables.grad is not None
    assert memory_layer.memory.tables.grad.any(1).nonzero().view(-1).tolist() == sorted(hit.tolist())
