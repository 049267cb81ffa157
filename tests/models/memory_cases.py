"""Numbers for one memory layer, what the reference makes of them, and how near a kernel has to come."""

import torch
from torch import Tensor

from models.memoryformer.layer import MemoryHash, MemoryTables
from models.memoryformer.settings import Score

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

    def expected(self, score: Score, temperature: float = 1.0) -> Tensor:
        """By the reference, in double precision from the same numbers."""
        memory = MemoryTables(self.tables.shape[0] >> self.bits, self.bits, self.bias.shape[0]).double()
        memory.tables.copy_(self.tables)
        memory.bias.copy_(self.bias)
        return memory(MemoryHash(self.bits, score, temperature)(self.x.double()))


def served(results: tuple[Tensor, ...] | None) -> tuple[Tensor, ...]:
    assert results is not None, "the kernel declined"
    return results


def assert_close(result: Tensor, expected: Tensor, rounding: float) -> None:
    """Within the rounding of the largest sum; NaN and infinity where they are expected."""
    assert result.shape == expected.shape
    scale = expected[expected.isfinite()].abs().max().item() if expected.isfinite().any() else 1.0
    assert torch.allclose(result.double(), expected, rtol=0, atol=4 * rounding * scale, equal_nan=True)
