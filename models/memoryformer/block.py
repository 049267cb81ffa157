"""One block of a MemoryFormer (arXiv 2411.12992, "MemoryFormer" block), pre-norm and without any matrix of weights.

* (attention)     X' = Norm(X);  Q, K, V = M_Q(X'), M_K(X'), M_V(X'), three memory layers that share one hash of X';
                  Z = X + MultiHead(Q, K, V): the heads are concatenated, and no output projection follows.
* (feed-forward)  Y = Z + M_2(Norm(M_1(Norm(Z)))); M_1 has (τ + 2) · K outputs, M_2 reads them as K chunks of τ' = τ + 2
                  entries, so its tables have four times the rows. No activation function: the hash is the nonlinearity.

Norm is the paper's word for all of them. As in the official code, those before a sublayer are root-mean-square norms
with a scale, and the one between M_1 and M_2 is a layer norm, which centres what is hashed next. Rotary positions turn
the first entries of each head (pairs half of them apart), by default a quarter of it.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

from .layer import MemoryHash, MemoryLayer, MemoryTables, memory_layers
from .settings import Settings


class BlockCache:
    """Keys and values of the positions that one block has seen: room for `capacity`, `length` of it filled."""

    def __init__(self, keys: Tensor, values: Tensor) -> None:
        self._keys = keys
        self._values = values
        self.length = 0

    @classmethod
    def empty(cls, settings: Settings, batch: int, capacity: int, like: Tensor) -> "BlockCache":
        """Room for `capacity` positions: two tensors (batch, heads, capacity, head width), of the type of `like`."""
        shape = (batch, settings.heads, capacity, settings.head_width)
        return cls(like.new_empty(shape), like.new_empty(shape))

    def extend(self, keys: Tensor, values: Tensor) -> tuple[Tensor, Tensor]:
        """Append (batch, heads, new, head width) keys and values; returns those of all positions so far."""
        end = self.length + keys.shape[2]
        if end > self._keys.shape[2]:
            raise ValueError(f"the cache has room for {self._keys.shape[2]} positions, and {end} are needed")
        self._keys[:, :, self.length : end] = keys
        self._values[:, :, self.length : end] = values
        self.length = end
        return self._keys[:, :, :end], self._values[:, :, :end]


def rotate(x: Tensor, positions: Tensor, entries: int, base: float) -> Tensor:
    """Rotary position embedding of the first `entries` of each head, computed in single precision or better.

    Args:
        x: (batch, heads, tokens, head width).
        positions: (tokens) place of each token in its sequence, or (batch, 1, tokens).
        entries: how many entries are turned; even. Entry i is paired with entry i + entries / 2.
        base: pair i turns by position · base^(−2 i / entries).

    Returns:
        x with these entries turned.
    """
    if not entries:
        return x
    exact = torch.promote_types(x.dtype, torch.float32)
    steps = torch.arange(0, entries, 2, dtype=exact, device=x.device) / entries
    angles = positions.to(exact)[..., None] * base**-steps
    cosine, sine = angles.cos().to(x.dtype), angles.sin().to(x.dtype)
    first, second, rest = x.split((entries // 2, entries // 2, x.shape[-1] - entries), dim=-1)
    return torch.cat((first * cosine - second * sine, second * cosine + first * sine, rest), dim=-1)


def attend(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    settings: Settings,
    cache: BlockCache | None,
    present: Tensor | None = None,
) -> Tensor:
    """MultiHead(Q, K, V), causal, rotary positions included; fills `cache`.

    Args:
        query: (batch, heads, tokens, head width), as are `key` and `value`: the positions after those in `cache`.
        key: what the queries are compared with.
        value: what is mixed.
        settings: which entries are turned by position.
        cache: keys and values of earlier positions.
        present: (batch, past + tokens) bool, False for padding: it is not counted as a position and no token sees it.

    Returns:
        (batch, tokens, d): the heads, concatenated. What stands at padding means nothing.
    """
    past = cache.length if cache is not None else 0
    tokens = query.shape[2]
    places = positions = torch.arange(past, past + tokens, device=query.device)
    if present is not None:
        positions = (present.cumsum(-1)[:, None, past:] - 1).clamp_min(0)
    entries, base = settings.rotary_entries, settings.rotary_base
    query, key = rotate(query, positions, entries, base), rotate(key, positions, entries, base)
    if cache is not None:
        key, value = cache.extend(key, value)
    # With a past, row i sees all of it and the new positions up to i; the mask of `is_causal` would start at zero.
    seen = None
    if (past and tokens > 1) or present is not None:
        all_places = torch.arange(past + tokens, device=query.device)
        seen = all_places <= places[:, None]
        if present is not None:  # padding sees itself, since a row that sees nothing has no softmax
            seen = seen & present[:, None, None] | (all_places == places[:, None])
    mixed = functional.scaled_dot_product_attention(
        query, key, value, attn_mask=seen, is_causal=not past and present is None
    )
    return mixed.transpose(1, 2).flatten(2)


class MemoryAttention(nn.Module):
    """MultiHead(Q, K, V) of (attention), causal."""

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        self.settings = settings
        self.hashing = MemoryHash(settings.bits, settings.score, settings.temperature)
        self.query = _tables(settings, settings.bits, settings.width)
        self.key = _tables(settings, settings.bits, settings.width)
        self.value = _tables(settings, settings.bits, settings.width)

    def forward(self, x: Tensor, cache: BlockCache | None = None, present: Tensor | None = None) -> Tensor:
        """x: (batch, tokens, d), the positions after those in `cache` → (batch, tokens, d). Fills `cache`.

        `present` is that of `attend`.
        """
        query, key, value = (
            part.unflatten(-1, (self.settings.heads, -1)).transpose(1, 2)
            for part in memory_layers(self.hashing, (self.query, self.key, self.value), x)
        )
        return attend(query, key, value, self.settings, cache, present)


class MemoryBlock(nn.Module):
    """(attention) and (feed-forward)."""

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        longer = settings.bits + settings.extra_bits
        score, temperature = settings.score, settings.temperature
        self.attention_norm = nn.RMSNorm(settings.width, eps=settings.norm_epsilon)
        self.attention = MemoryAttention(settings)
        self.expand_norm = nn.RMSNorm(settings.width, eps=settings.norm_epsilon)
        self.expand = MemoryLayer(
            MemoryHash(settings.bits, score, temperature), _tables(settings, settings.bits, settings.hidden_width)
        )
        self.contract_norm = nn.LayerNorm(settings.hidden_width, eps=settings.norm_epsilon)
        self.contract = MemoryLayer(MemoryHash(longer, score, temperature), _tables(settings, longer, settings.width))

    def forward(self, x: Tensor, cache: BlockCache | None = None, present: Tensor | None = None) -> Tensor:
        """x: (batch, tokens, d) → (batch, tokens, d). Fills `cache`. `present` is that of `attend`."""
        z = x + self.attention(self.attention_norm(x), cache, present)
        return z + self.contract(self.contract_norm(self.expand(self.expand_norm(z))))


def _tables(settings: Settings, bits: int, outputs: int) -> MemoryTables:
    return MemoryTables(settings.chunks, bits, outputs, settings.table_std, settings.bias_std)
