"""Tables in fewer bits, for a trained model: bfloat16, float16, or int8 with one scale for each row.

A stored table is only read. int8: a row is q · scale with integers q from −127 to 127 and a float16 scale, the row's
largest absolute value / 127; so the scale multiplies into the score of the row, and y = Σ_k (s_k · scale) · q. Sums are
taken in single precision whatever the tables are stored in. With int8 tables the head, which is most of what a small
model reads for a token, is int8 too, one scale for each entry of its input. Embedding, norms and biases stay as they
are, and so does the head with tables in half precision.
"""

from typing import Literal, NamedTuple, TypeAlias, cast

import torch
from torch import Tensor, nn

from . import kernel
from .layer import Buckets, MemoryTables

TableType: TypeAlias = Literal["float32", "bfloat16", "float16", "int8"]

_TYPES: dict[TableType, torch.dtype] = {"bfloat16": torch.bfloat16, "float16": torch.float16, "int8": torch.int8}

_AT_ONCE = 1024
"""Vectors whose rows are fetched at once: K · d_out numbers each."""

_FEW = 16
"""Vectors up to which the kernel computes an int8 head faster than the product of matrices does."""


class Int8Rows(NamedTuple):
    """A matrix in 8 bits."""

    integers: Tensor
    """(rows, width) int8, from −127 to 127."""
    scales: Tensor
    """(rows) float16: what a row's integers are multiplied by."""


def int8_rows(matrix: Tensor) -> Int8Rows:
    """Round (rows, width) numbers to the nearest multiples of 1/127 of their row's largest absolute value."""
    scales = (matrix.abs().amax(1) / 127).to(torch.float16)
    # By the scale as it is stored; a row whose scale is 0 there is a row of zeros.
    whole = matrix / scales.to(matrix.dtype).clamp_min(2**-24)[:, None]
    return Int8Rows(whole.round().clamp(-127, 127).to(torch.int8), scales)


class StoredTables(nn.Module):
    """K tables of 2^τ rows and a bias, as `MemoryTables` and in its place, without gradients."""

    def __init__(self, tables: Tensor, scales: Tensor | None, bias: Tensor) -> None:
        """Args:
        tables: (K · 2^τ, d_out) bfloat16, float16 or int8.
        scales: (K · 2^τ) float16 where the tables are int8.
        bias: (d_out).
        """
        super().__init__()
        self.register_buffer("tables", tables)
        self.register_buffer("scales", scales)
        self.scales: Tensor | None
        self.bias = nn.Parameter(bias, requires_grad=False)

    @classmethod
    def of(cls, memory: MemoryTables, stored: TableType) -> "StoredTables":
        """The tables of a layer, rounded."""
        tables, bias = memory.tables.detach(), memory.bias.detach()
        if stored != "int8":
            return cls(tables.to(_TYPES[stored]), None, bias)
        return cls(*int8_rows(tables), bias)

    @property
    def operands(self) -> tuple[Tensor | None, ...]:
        """Tables, bias and scales: what `kernel.fused` takes for a layer."""
        buffers = self._buffers
        return buffers["tables"], self._parameters["bias"], buffers["scales"]

    def forward(self, buckets: Buckets) -> Tensor:
        """(…, K) buckets → (…, d_out) in the type of the bias."""
        tables: Tensor = self.get_buffer("tables")
        *before, chunks = buckets.rows.shape
        firsts = torch.arange(0, tables.shape[0], tables.shape[0] // chunks, device=tables.device)
        places = (buckets.rows + firsts).view(-1, chunks)
        weights = buckets.scores.float().view(-1, chunks)
        if tables.dtype == torch.int8:
            weights = weights * self.get_buffer("scales")[places].float()
        sums = [
            torch.bmm(weight.unsqueeze(1), tables[place].float()).squeeze(1)
            for place, weight in zip(places.split(_AT_ONCE), weights.split(_AT_ONCE), strict=True)
        ]
        return torch.cat(sums).view(*before, tables.shape[1]).to(self.bias.dtype) + self.bias


class StoredHead(nn.Module):
    """A linear layer without a bias in 8 bits, without gradients.

    It is a sum of weighted rows too, y = Σ_i (x_i · scale_i) · q_i, of all of them; so the kernel of the tables
    computes it for few vectors, and for many the integers are made numbers again, which pays then.
    """

    def __init__(self, integers: Tensor, scales: Tensor) -> None:
        """Args:
        integers: (d, outputs) int8.
        scales: (d) float16.
        """
        super().__init__()
        self.register_buffer("integers", integers)
        self.register_buffer("scales", scales)

    def forward(self, x: Tensor) -> Tensor:
        """(…, d) → (…, outputs), in the type of x."""
        integers, scales = self.get_buffer("integers"), self.get_buffer("scales")
        if x.numel() <= _FEW * x.shape[-1] and not torch.compiler.is_compiling():
            bias = x.new_zeros(integers.shape[1])
            results = kernel.fused(x, 0, False, 1.0, integers, bias, scales)
            if results is not None:
                return results[0]
        return ((x.float() * scales.float()) @ integers.float()).to(x.dtype)


def store_tables(model: nn.Module, stored: TableType) -> None:
    """Round all tables of a model, and with int8 its `head`, in place; `float32` leaves it as it is."""
    if stored == "float32":
        return
    if stored == "int8":
        head = cast("nn.Linear", model.head)
        model.head = StoredHead(*int8_rows(head.weight.detach().T.contiguous()))
    for module in list(model.modules()):
        for name, part in module.named_children():
            if isinstance(part, MemoryTables):
                setattr(module, name, StoredTables.of(part, stored))


def table_type(model: nn.Module) -> TableType:
    """How the tables of a model are stored."""
    for module in model.modules():
        if isinstance(module, StoredTables):
            dtype = module.get_buffer("tables").dtype
            return next(name for name, of_it in _TYPES.items() if of_it == dtype)
    return "float32"
