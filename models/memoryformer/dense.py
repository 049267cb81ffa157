"""A dense transformer of the same settings, to compare a MemoryFormer with: same embedding, attention, norms and head.

A block is the one that the paper counts as dense, 12 d² for each token: Q, K, V and an output projection of d × d, and
a feed-forward part of 4 d with GELU. There are no biases. Matrices are drawn from N(0, 2 / (5 d)), the two that write
into the residual stream from N(0, 2 / (5 d) / (2 L)). `bits`, `score` and the other settings of tables mean nothing.
"""

import math
from typing import ClassVar

from torch import Tensor, nn
from torch.nn import functional

from .block import BlockCache, attend
from .model import MemoryFormer
from .settings import Settings


class DenseBlock(nn.Module):
    """Z = X + O · MultiHead(Q, K, V) of Norm(X); Y = Z + D · gelu(U · Norm(Z))."""

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        self.settings = settings
        width = settings.width
        self.attention_norm = nn.RMSNorm(width, eps=settings.norm_epsilon)
        self.mixing = nn.Linear(width, 3 * width, bias=False)
        self.output = nn.Linear(width, width, bias=False)
        self.feed_norm = nn.RMSNorm(width, eps=settings.norm_epsilon)
        self.expand = nn.Linear(width, 4 * width, bias=False)
        self.contract = nn.Linear(4 * width, width, bias=False)
        std = math.sqrt(2 / (5 * width))
        for matrix in (self.mixing, self.expand):
            nn.init.normal_(matrix.weight, std=std)
        for matrix in (self.output, self.contract):
            nn.init.normal_(matrix.weight, std=std / math.sqrt(2 * settings.blocks))

    def forward(self, x: Tensor, cache: BlockCache | None = None, present: Tensor | None = None) -> Tensor:
        """x: (batch, tokens, d) → (batch, tokens, d). Fills `cache`. `present` is that of `attend`."""
        mixing = self.mixing(self.attention_norm(x)).chunk(3, dim=-1)
        query, key, value = (part.unflatten(-1, (self.settings.heads, -1)).transpose(1, 2) for part in mixing)
        z = x + self.output(attend(query, key, value, self.settings, cache, present))
        return z + self.contract(functional.gelu(self.expand(self.feed_norm(z))))


class DenseFormer(MemoryFormer):
    """The causal language model of dense blocks."""

    model_type: ClassVar[str] = "lemmary_dense"
    block_type: ClassVar[type[nn.Module]] = DenseBlock
