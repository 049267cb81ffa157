"""Numbers for one memory layer, what the reference makes of them, and how near a kernel has to come."""

from collections.abc import Iterator

import torch
from torch import Tensor

from models.memoryformer.layer import MemoryHash, MemoryTables
from models.memoryformer.settings import Score
from models.memoryformer.storage import StoredTables, TableType

SCORES: tuple[Score, ...] = ("paper", "official")
ROUNDING = {torch.float32: 1e-6, torch.bfloat16: 2**-8, torch.float16: 2**-11}
"""Half a unit in the last place of a result, or what sums of single precision lose."""


class Case:
    """Numbers for one layer of a shape, in a type."""

    def __init__(self, tokens: int, chunks: int, bits: int, outputs: int, dtype: torch.dtype = torch.float32) -> None:
        random = torch.Generator().manual_seed(tokens + chunks)
        self.bits = bits
        self.x = torch.randn(tokens, chunks * bits, generator=random).to(dtype)
        self.tables = torch.randn(chunks << bits, outputs, generator=random).to(dtype)
        self.bias = torch.randn(outputs, generator=random).to(dtype)

    def kept(self, stored: TableType) -> StoredTables:
        """The tables with fewer bits, after they were scaled so that no two rows have one scale."""
        memory = MemoryTables(self.tables.shape[0] >> self.bits, self.bits, self.bias.shape[0]).to(self.tables.dtype)
        memory.tables.copy_(self.tables * torch.arange(1, 1 + len(self.tables))[:, None] / 100)
        memory.bias.copy_(self.bias)
        return StoredTables.of(memory, stored)

    def expected(self, score: Score, temperature: float = 1.0) -> Tensor:
        """By the reference, in double precision from the same numbers."""
        memory = MemoryTables(self.tables.shape[0] >> self.bits, self.bits, self.bias.shape[0]).double()
        memory.tables.copy_(self.tables)
        memory.bias.copy_(self.bias)
        return memory(MemoryHash(self.bits, score, temperature)(self.x.double()))


def views(x: Tensor, y: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
    """(12, 20) inputs and their outputs in other shapes and strides, empty ones among them."""
    outputs = y.shape[1]
    yield x.view(3, 4, 20), y.view(3, 4, outputs)
    yield x[7], y[7]
    yield x.T.contiguous().T, y
    yield x[::3], y[::3]
    yield torch.cat([x, x], dim=1)[:, 20:], y
    yield x[:1].expand(5, 20), y[:1].expand(5, outputs)
    yield x[:0], y[:0]
    yield x.view(3, 4, 20)[:, :0], y.view(3, 4, outputs)[:, :0]


def served(results: tuple[Tensor, ...] | None) -> tuple[Tensor, ...]:
    assert results is not None, "the kernel declined"
    return results


def assert_close(result: Tensor, expected: Tensor, rounding: float) -> None:
    """Within the rounding of the largest sum; NaN and infinity where they are expected."""
    assert result.shape == expected.shape
    scale = expected[expected.isfinite()].abs().max().item() if expected.isfinite().any() else 1.0
    assert torch.allclose(result.double(), expected, rtol=0, atol=4 * rounding * scale, equal_nan=True)
