"""The settings of a MemoryFormer and the sizes that the paper publishes. Imports no torch.

Invariant: settings that exist are possible; an impossible combination is refused when it is made, and its fields named.
"""

import math
from dataclasses import dataclass
from typing import Literal, get_args

Score = Literal["paper", "official"]
"""How a fetched row is weighted (`models.memoryformer.layer.bucket_score`)."""


@dataclass(frozen=True)
class Settings:
    """The architecture of one model, as `config.json` stores it."""

    vocabulary: int
    """Number of tokens."""
    width: int
    """d: entries of a token's vector between blocks."""
    blocks: int
    """L: number of blocks."""
    heads: int
    """Attention heads; a head has width / heads entries."""
    bits: int = 8
    """τ: entries of a chunk, hence bits of a bucket index; a table has 2^τ rows. At most 16."""
    extra_bits: int = 2
    """τ' − τ: by how many bits the chunks of the second memory layer of a feed-forward part are longer."""
    score: Score = "official"
    """Weight of a fetched row: `paper`, the probability of its bucket, or `official`, that times the chunk's 1-norm."""
    temperature: float = 1.0
    """t of the bucket's probability; above 0. The official code has 1."""
    rotary_fraction: float = 0.25
    """Share of a head's entries that rotary position embedding turns; 0 for none."""
    rotary_base: float = 10_000.0
    """Base of the rotary frequencies."""
    norm_epsilon: float = 1e-5
    """Added to a mean square before its root is taken."""
    table_std: float = 0.02
    """Standard deviation of the tables' entries at initialisation."""
    bias_std: float = 0.001
    """Standard deviation of a memory layer's bias at initialisation."""

    def __post_init__(self) -> None:
        for name, most in (("vocabulary", 1 << 24), ("width", 1 << 20), ("blocks", 1 << 12), ("heads", 1 << 20)):
            if not 1 <= getattr(self, name) <= most:
                raise ValueError(f"{name} is {getattr(self, name)}, and must be from 1 to {most:,}")
        for name in ("rotary_base", "norm_epsilon", "table_std", "bias_std"):
            if not 0 <= getattr(self, name) < math.inf:
                raise ValueError(f"{name} is {getattr(self, name)}, and must be 0 or more and finite")
        if not 1 <= self.bits <= self.bits + self.extra_bits <= 16:
            raise ValueError(f"bits {self.bits} and extra_bits {self.extra_bits}: a chunk has 1 to 16 entries")
        if self.width % self.bits or self.width % self.heads:
            raise ValueError(f"width {self.width} is no multiple of bits {self.bits} and of heads {self.heads}")
        if self.score not in get_args(Score):
            raise ValueError(f"score is {self.score!r}, and must be one of {', '.join(get_args(Score))}")
        if not 0 < self.temperature < math.inf:
            raise ValueError(f"temperature is {self.temperature}, and must be above 0 and finite")
        if not 0 <= self.rotary_fraction <= 1 or self.rotary_entries % 2:
            raise ValueError(
                f"rotary_fraction {self.rotary_fraction} of {self.head_width} entries of a head must be an even number"
            )

    @property
    def chunks(self) -> int:
        """K = d / τ: chunks of a vector, hence tables of a memory layer."""
        return self.width // self.bits

    @property
    def head_width(self) -> int:
        return self.width // self.heads

    @property
    def rotary_entries(self) -> int:
        """Entries of a head that are turned by position."""
        return int(self.head_width * self.rotary_fraction)

    @property
    def hidden_width(self) -> int:
        """(τ + 2) · K for the published settings: outputs of the first memory layer of a feed-forward part."""
        return (self.bits + self.extra_bits) * self.chunks


PYTHIA_VOCABULARY = 50_304
"""Rows of Pythia's embedding, whose tokenizer the paper uses."""

PUBLISHED = {
    "tiny": Settings(vocabulary=PYTHIA_VOCABULARY, width=512, blocks=6, heads=8),
    "small": Settings(vocabulary=PYTHIA_VOCABULARY, width=768, blocks=12, heads=12),
    "base": Settings(vocabulary=PYTHIA_VOCABULARY, width=1024, blocks=24, heads=16),
}
"""The paper's three sizes. It trains them with sequences of 2,048 tokens."""
