"""A dense transformer with hashed n-gram tables, a rival of the MemoryFormer (Engram's idea, arXiv 2601.07372).

Memory is looked up by the text itself, not by what a layer computed: a hash of the last 2 tokens, and one of the last
3, each names a row, and both rows are added to the token's embedding x, each through a gate:

    x + Σ_n σ(⟨Norm_n(x), Norm'_n(e_n)⟩ / √d) · e_n        with e_n = T_n[h_n(t_i, …, t_{i−n+1})]

The gate is Engram's without its projections, since here keys and values are the rows themselves. Left out of Engram:
several hashes for each n, the short convolution after the gate, memory in deeper layers, and tokens that are made alike
before they are hashed. Rows start at zero, so a fresh model computes what the dense one computes.

It exists to be measured: it has no cache, so it does not generate, and it is not saved.
"""

import math
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from .dense import DenseFormer
from .settings import Settings

ORDERS = (2, 3)
"""How many of the last tokens each hash reads."""

_FACTORS = (0x1F3D5B79A2C4E687, 0x2C9277B5E1D0A34B, 0x165667B19E3779F9)
"""Odd numbers, one for each place of an n-gram; the products wrap around in 64 bits."""


def ngram_rows(tokens: Tensor, order: int, rows: int) -> Tensor:
    """h_n: the row of each n-gram. Different n-grams may share one.

    Args:
        tokens: (batch, length) int64. What is before the first counts as one more token.
        order: n, 1 to 3.
        rows: of the table.

    Returns:
        (batch, length) int64 in [0, rows).
    """
    mixed = torch.full_like(tokens, order)
    for back in range(order):
        earlier = functional.pad(tokens + 1, (back, 0))[:, : tokens.shape[1]]
        mixed = mixed ^ (earlier * _FACTORS[back])
        mixed = mixed ^ (mixed >> 29)  # or low bits of a row's number would come from low bits of tokens alone
    return mixed.remainder(rows)


class NgramMemory(nn.Module):
    """The table of one order and its gate."""

    def __init__(self, order: int, rows: int, settings: Settings) -> None:
        super().__init__()
        self.order = order
        self.table = nn.Embedding(rows, settings.width)
        self.text_norm = nn.RMSNorm(settings.width, eps=settings.norm_epsilon)
        self.row_norm = nn.RMSNorm(settings.width, eps=settings.norm_epsilon)
        nn.init.zeros_(self.table.weight)

    def forward(self, tokens: Tensor, x: Tensor) -> Tensor:
        """tokens: (batch, length), x: (batch, length, d) their embeddings → (batch, length, d), to be added to x."""
        row = self.table(ngram_rows(tokens, self.order, self.table.num_embeddings))
        match = (self.text_norm(x) * self.row_norm(row)).sum(-1, keepdim=True) / math.sqrt(x.shape[-1])
        return match.sigmoid() * row


class NgramFormer(nn.Module):
    """The causal language model."""

    def __init__(self, settings: Settings, rows: int) -> None:
        """Args:
        settings: of the dense transformer.
        rows: of each of the two tables.
        """
        super().__init__()
        self.dense = DenseFormer(settings)
        self.memories = nn.ModuleList(NgramMemory(order, rows, settings) for order in ORDERS)

    def forward(self, tokens: Tensor) -> Tensor:
        """(batch, length) int64 → (batch, length, vocabulary) logits of the token after each."""
        x = cast("Tensor", self.dense.embedding(tokens))
        x = x + sum(memory(tokens, x) for memory in self.memories)
        for block in self.dense.blocks:
            x = block(x)
        return self.dense.head(self.dense.norm(x))
