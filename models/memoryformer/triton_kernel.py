"""The fused memory layer for GPUs, in Triton: hash, score and sum of weighted rows in one launch, without gradients.

Formulas by their names in `models/memoryformer/layer.py`. A program of the kernel computes some columns of one token of
one layer: chunk by chunk it hashes, scores, fetches the rows' columns and adds them. So all programs of a token repeat
its hash, which reads and computes far less than the rows do, and layers that share an input share a launch.

Invariant: a bit of an index is that of the reference, z ≥ 0 for the number in memory. It is read off the number's
pattern of bits, because a GPU's arithmetic may take the smallest negative numbers for zero. So no index leaves its
table, whatever x holds. Products and sums are in single precision whatever the types of input and tables.

With `TRITON_INTERPRET=1` in the environment at the first import, Triton interprets the kernel on the CPU: that is how
the tests run it.
"""

# Triton is not in the environment that is type-checked, and gives the kernel's arguments types of its own.
# pyright: reportMissingImports=false, reportUntypedFunctionDecorator=false, reportMissingParameterType=false

import torch
import triton
from torch import Tensor
from torch._C import DispatchKeySet, _dispatch_keys, _len_torch_dispatch_stack  # pyright: ignore[reportPrivateUsage]
from triton import language as tl
from triton.errors import TritonError

CHUNKS, COLUMNS = 16, 64
"""Rows that a program adds at once, and columns of them; powers of two. Chosen without a measurement."""

HALVES = (torch.bfloat16, torch.float16)

SERVED = (torch.float32, *HALVES)
"""Types of input that the kernel serves."""


def fused(
    x: Tensor, bits: int, official: bool, temperature: float, *memories: Tensor | None
) -> tuple[Tensor, ...] | None:
    """Several memory layers that read one input, or None where the kernel does not serve them.

    Arguments and results are those of `models.memoryformer.kernel.fused`, all on the device of x.

    Raises:
        RuntimeError: Triton cannot compile or launch the kernel; `torch.OutOfMemoryError` among these.
    """
    layers = list(zip(memories[::3], memories[1::3], memories[2::3], strict=True))
    if _len_torch_dispatch_stack() or torch.jit.is_tracing():  # pyright: ignore[reportPrivateImportUsage]
        return None
    if x.dtype not in SERVED or x.dim() < 1 or not 1 <= bits <= 16:
        return None
    chunks, rest = divmod(x.shape[-1], bits)
    if not chunks or rest or not all(_is_served(x, chunks << bits, *layer) for layer in layers):
        return None
    with torch.inference_mode(False):  # what is made in it lacks keys that parameters have
        ordinary = _dispatch_keys(torch.empty(0, device=x.device))
    if not all(_is_plain(part, ordinary) for part in (x, *memories) if part is not None):
        return None
    x = x.contiguous()
    arguments: list[tuple[Tensor | int | None, ...]] = []
    results: list[Tensor] = []
    for tables, bias, scales in layers:
        assert tables is not None
        y = x.new_empty((*x.shape[:-1], tables.shape[1]))
        arguments.append((tables, bias, scales, y, tables.shape[1]))
        results.append(y)
    tokens, widest = x.numel() // x.shape[-1], max(y.shape[-1] for y in results)
    if tokens and widest:
        launch = layers_kernel[tokens, triton.cdiv(widest, COLUMNS), len(layers)]  # pyright: ignore[reportIndexIssue]
        try:
            with torch.cuda.device_of(x):
                launch(x, tuple(arguments), chunks, -2 / temperature, bits, official, CHUNKS, COLUMNS)
        except TritonError as error:
            raise RuntimeError(str(error)) from error
    return tuple(results)


def _is_plain(tensor: Tensor, ordinary: DispatchKeySet) -> bool:
    """Whether a tensor is like an ordinary one in memory (no subclass, wrapper, lazy view) and wants no gradient."""
    wanted = torch.is_grad_enabled() and tensor.requires_grad
    return (_dispatch_keys(tensor) | ordinary) == ordinary and not wanted


def _is_served(x: Tensor, rows: int, tables: Tensor | None, bias: Tensor | None, scales: Tensor | None) -> bool:
    """Whether the kernel reads these tables of so many rows for this input."""
    if tables is None or bias is None or (tables.dtype == torch.int8) != (scales is not None):
        return False
    stored = scales is not None or tables.dtype == x.dtype or (x.dtype == torch.float32 and tables.dtype in HALVES)
    parts = (tables, bias) if scales is None else (tables, bias, scales)
    return (
        stored
        and all(part.device == x.device and part.layout == torch.strided and part.is_contiguous() for part in parts)
        and tables.dim() == 2
        and tables.shape[0] == rows < 2**31
        and bias.shape == tables.shape[1:]
        and bias.dtype == x.dtype
        and (scales is None or (scales.dtype == torch.float16 and scales.shape == tables.shape[:1]))
    )


@triton.jit
def hash_chunks(x, chunks, inside, slope, bits: tl.constexpr, official: tl.constexpr):
    """(hash) and (score) of the vector at x: (n) numbers of chunks → (n) rows in their tables, (n) weights."""
    rows = tl.zeros_like(chunks)
    norm = tl.zeros_like(chunks).to(tl.float32)
    inverse = norm + 1.0
    infinity: tl.constexpr = 0x7C000000 if x.dtype.element_ty == tl.float16 else 0x7F800000  # as a pattern
    for i in tl.static_range(bits):
        z = tl.load(x + chunks * bits + i, mask=inside, other=0.0)
        if z.dtype == tl.float32:
            pattern = z.to(tl.int32, bitcast=True)
        else:
            pattern = z.to(tl.int16, bitcast=True).to(tl.int32) << 16
        # Positive up to infinity and no NaN, or a zero of either sign.
        positive = ((pattern >= 0) & (pattern <= infinity)) | ((pattern & 0x7FFFFFFF) == 0)
        rows += positive.to(tl.int32) << i
        magnitude = tl.abs(z.to(tl.float32))
        norm += magnitude
        inverse *= 1.0 + tl.exp(magnitude * slope)
    return rows, (norm if official else 1.0) / inverse


@triton.jit
def layer_columns(
    x, memory, chunks, slope, bits: tl.constexpr, official: tl.constexpr, group: tl.constexpr, span: tl.constexpr
):
    """(sum) for one token and `span` columns of one layer, `group` chunks at a time."""
    tables, bias, scales, y, outputs = memory
    token = tl.program_id(0).to(tl.int64)
    columns = tl.program_id(1) * span + tl.arange(0, span)
    wanted = columns < outputs
    sums = tl.load(bias + columns, mask=wanted, other=0.0).to(tl.float32)
    for first in range(0, chunks, group):
        some = first + tl.arange(0, group)
        inside = some < chunks
        rows, weights = hash_chunks(x + token * chunks * bits, some, inside, slope, bits, official)
        rows += some << bits
        if scales is not None:
            weights *= tl.load(scales + rows, mask=inside, other=0.0).to(tl.float32)
        places = rows.to(tl.int64)[:, None] * outputs + columns[None, :]
        entries = tl.load(tables + places, mask=inside[:, None] & wanted[None, :], other=0.0).to(tl.float32)
        sums += tl.sum(weights[:, None] * entries, axis=0)
    tl.store(y + token * outputs + columns, sums.to(y.dtype.element_ty), mask=wanted)


@triton.jit
def layers_kernel(
    x, memories, chunks, slope, bits: tl.constexpr, official: tl.constexpr, group: tl.constexpr, span: tl.constexpr
):
    """The grid: tokens, groups of columns, layers."""
    for i in tl.static_range(len(memories)):
        if tl.program_id(2) == i:
            layer_columns(x, memories[i], chunks, slope, bits, official, group, span)
