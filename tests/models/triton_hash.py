"""A launch of the Triton kernel's hash alone, so that its indices can be read; imported where Triton is."""

# pyright: reportMissingImports=false, reportUntypedFunctionDecorator=false, reportMissingParameterType=false

import triton
from triton import language as tl

from models.memoryformer.triton_kernel import hash_chunks


@triton.jit
def hash_kernel(z, rows, weights, chunks, slope, bits: tl.constexpr, official: tl.constexpr, group: tl.constexpr):
    some = tl.program_id(0) * group + tl.arange(0, group)
    inside = some < chunks
    row, weight = hash_chunks(z, some, inside, slope, bits, official)
    tl.store(rows + some, row, mask=inside)
    tl.store(weights + some, weight, mask=inside)
