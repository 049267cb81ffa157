"""What a MemoryFormer costs, counted from what it executes; `python -m models.memoryformer.flops` prints it.

The modules run on the meta device, where tensors have shapes and no numbers, under a dispatch mode that sees every
operation and knows by forward hooks which module asked for it. So the counts follow the code, at any size.

Conventions, the paper's: a multiply-accumulate is 1; a multiplication alone is 1 as well. Additions alone, comparisons,
integer operations, exponentials and the like are *other operations*, 1 for each element; the paper counts none of them.
Attention is counted in full, though a causal mask hides half of it, as the paper does for both architectures.

For s tokens, a dense block costs 2 s² d + 12 s d². The paper gives 2 s² d + 6 K s d for its block, which reproduces its
table. The operations that it describes add up to less: Q, K and V read 3 K rows of d, M_1 reads K rows of (τ + 2) K,
M_2 K rows of d; together 2 s² d + s (3 K d + (τ + 2) K² + K d), which is s (2 s d + 5.25 K d) for τ = 8 and K = d / 8.
So the paper's figure is 0.75 K s d above the sum of its parts, 1.1 % (tiny) to 2.0 % (base) of a block at s = 2,048.

What FLOPs do not show: tables hold 22 times the parameters of the dense matrices in whose place they stand.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode

from .block import MemoryAttention, MemoryBlock
from .layer import MemoryHash, MemoryTables
from .model import MemoryFormer
from .optimizer import parameter_groups
from .settings import PUBLISHED, Settings

CONTEXTS = (256, 2048)
"""Positions in the cache at which bytes per token are printed."""


# ------------------------------------------------------------------------------------------------------------ counting


@dataclass(frozen=True)
class Operations:
    """Floating-point work of one pass, by the kind of module that asked for it."""

    multiplications: Counter[str]
    """Multiply-accumulates and lone multiplications: `rows`, `attention`, `hashing`, `head`, `norm`, `other`."""
    others: Counter[str]
    """Everything else that computes an element, under the same names."""

    @property
    def paper(self) -> int:
        """What the paper counts, with hashing and scores, which it does not count."""
        return sum(self.multiplications[part] for part in ("rows", "attention", "hashing", "head"))

    @property
    def all(self) -> int:
        """Every operation that computes an element of a tensor."""
        return self.multiplications.total() + self.others.total()


Parts = tuple[tuple[type[nn.Module], str], ...]

PARTS: Parts = (
    (MemoryTables, "rows"),
    (MemoryHash, "hashing"),
    (nn.RMSNorm, "norm"),
    (nn.LayerNorm, "norm"),
    (nn.Linear, "head"),
    (MemoryAttention, "other"),
    (MemoryBlock, "other"),
)
"""Which part of the count the own operations of a module of this class belong to, its subclasses' too; products of
matrices in attention are `attention`. No module is of two of the classes."""


def count(module: nn.Module, *inputs: Tensor, parts: Parts = PARTS) -> Operations:
    """The operations of `module(*inputs)`; both on the meta device."""
    counter = _Counter()
    with torch.no_grad(), counter.watch(module, parts), counter:
        module(*inputs)
    return Operations(counter.multiplications, counter.others)


LONE = frozenset({"mul", "div", "pow"})
"""Operations with one multiplication for each element."""

MASKS = frozenset({"arange", "empty", "ones", "scalar_tensor", "tril", "where", "zeros"})
"""Operations that make places and the causal mask, once for all heads and sequences; not counted."""

FREE = MASKS | {"cat", "clone", "copy_", "embedding", "_to_copy", "_unsafe_view"}
"""Operations that compute no number; views say of themselves that they are such."""


class _Counter(TorchDispatchMode):
    def __init__(self) -> None:
        super().__init__()
        self.multiplications: Counter[str] = Counter()
        self.others: Counter[str] = Counter()
        self._parts = ["other"]

    @contextmanager
    def watch(self, module: nn.Module, parts: Parts) -> Generator[None]:
        """Know which module computes, while this lasts."""
        hooks = [
            hook
            for part in module.modules()
            for kind, name in parts
            if isinstance(part, kind)
            for hook in (
                part.register_forward_pre_hook(lambda *_, name=name: self._parts.append(name)),
                part.register_forward_hook(lambda *_: cast("None", self._parts.pop() and None)),
            )
        ]
        try:
            yield
        finally:
            for hook in hooks:
                hook.remove()

    def __torch_dispatch__(self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        part = self._parts[-1]
        name = func.name().removeprefix("aten::").partition(".")[0]
        elements = max((value.numel() for value in (*args, result) if isinstance(value, Tensor)), default=0)
        if name == "bmm":
            self.multiplications["attention"] += args[0].numel() * args[1].shape[-1]
        elif name == "mm":
            self.multiplications[part] += args[0].numel() * args[1].shape[-1]
        elif name in ("_embedding_bag", "_embedding_bag_forward_only"):
            self.multiplications[part] += args[1].numel() * args[0].shape[1]
        elif name == "native_layer_norm":
            self.multiplications[part] += 3 * elements  # the square, by the deviation, by the scale
            self.others[part] += 4 * elements  # two sums, less the mean, plus the shift
        elif name == "_safe_softmax":
            self.multiplications["softmax"] += elements  # by the sum
            self.others["softmax"] += 4 * elements  # maximum, difference, exponential, sum
        elif name in LONE:
            self.multiplications[part] += elements
        elif name not in FREE and not func.is_view:
            self.others[part] += elements
        return result


# ------------------------------------------------------------------------------------------------------------- figures


def dense_block(settings: Settings, tokens: int) -> int:
    """2 s² d + 12 s d²: the dense block of the same width."""
    return 2 * tokens**2 * settings.width + 12 * tokens * settings.width**2


def paper_block(settings: Settings, tokens: int) -> int:
    """2 s² d + 6 K s d: the memory block as the paper gives it."""
    return 2 * tokens**2 * settings.width + 6 * settings.chunks * tokens * settings.width


def parts_block(settings: Settings, tokens: int) -> int:
    """2 s² d + s (3 K d + K (τ + 2) K + K d): the sum of the memory block's parts; s (2 s d + 5.25 K d) for τ = 8."""
    k, d = settings.chunks, settings.width
    return 2 * tokens**2 * d + tokens * (4 * k * d + k * settings.hidden_width)


def block_operations(settings: Settings, tokens: int) -> Operations:
    """What one block executes for one sequence."""
    with torch.device("meta"):
        return count(MemoryBlock(settings), torch.empty(1, tokens, settings.width))


def flops_error(settings: Settings, tokens: int) -> float:
    """How far a block's multiplications, those of hash and score included, are above `parts_block`, as a share."""
    return block_operations(settings, tokens).paper / parts_block(settings, tokens) - 1


@dataclass(frozen=True)
class Memory:
    """What a model stores and moves; bytes for numbers of `itemsize` bytes."""

    parameters: int
    table_parameters: int
    """Those in tables."""
    table_bytes: int
    optimizer_bytes: int
    """State of `RowAdamW`: two single-precision moments for each parameter, one count for each row."""
    moved: dict[int, int]
    """Positions in the cache → bytes read for one more token of one sequence: rows, head, embedding, norms and biases,
    keys and values."""
    moved_dense: dict[int, int]
    """The same for a dense model of this width, its blocks' matrices in place of the rows."""
    dense_parameters: int
    """12 d² for each block: the matrices in whose place the tables stand."""


def memory(settings: Settings, itemsize: int = 4) -> Memory:
    """Sizes of a model, from the shapes of its modules."""
    with torch.device("meta"):
        model = MemoryFormer(settings)
    parameters = sum(parameter.numel() for parameter in model.parameters())
    tables = [module.tables for module in model.modules() if isinstance(module, MemoryTables)]
    table_parameters = sum(table.numel() for table in tables)
    rows = sum(settings.chunks * table.shape[1] for table in tables)
    embedding = model.embedding.weight
    fixed = parameters - table_parameters - embedding.numel() + embedding.shape[1]  # head, norms, biases, one embedding
    dense = 12 * settings.width**2 * settings.blocks
    cached = {context: 2 * context * settings.width * settings.blocks for context in CONTEXTS}
    groups = parameter_groups(model, weight_decay=0.0)
    counts = sum(p.shape[0] if group.get("by_row") else 1 for group in groups for p in group["params"])
    return Memory(
        parameters=parameters,
        table_parameters=table_parameters,
        table_bytes=table_parameters * itemsize,
        optimizer_bytes=4 * (2 * parameters + counts),
        moved={context: (rows + fixed + numbers) * itemsize for context, numbers in cached.items()},
        moved_dense={context: (dense + fixed + numbers) * itemsize for context, numbers in cached.items()},
        dense_parameters=dense,
    )


def model_operations(settings: Settings, tokens: int) -> Operations:
    """What the whole model, head included, executes for one sequence."""
    with torch.device("meta"):
        return count(MemoryFormer(settings), torch.empty(1, tokens, dtype=torch.long))


# ------------------------------------------------------------------------------------------------------------ printing


def block_table(tokens: int) -> list[str]:
    """One line for each published size: what a block costs, by formula and as counted."""
    lines = [
        f"One block, {tokens:,} tokens, in 10⁹ multiply-accumulates",
        "size   dense  paper's formula  sum of parts  counted  of it hash, score  flops_error  all operations",
    ]
    for name, settings in PUBLISHED.items():
        done = block_operations(settings, tokens)
        lines.append(
            f"{name:5}  {dense_block(settings, tokens) / 1e9:5.2f}  {paper_block(settings, tokens) / 1e9:15.3f}"
            f"  {parts_block(settings, tokens) / 1e9:12.3f}  {done.paper / 1e9:7.3f}"
            f"  {done.multiplications['hashing'] / 1e9:17.4f}  {flops_error(settings, tokens):11.3%}"
            f"  {done.all / 1e9:14.3f}"
        )
    return lines


def model_table(tokens: int) -> list[str]:
    """One line for each published size: what the whole model executes and stores."""
    lines = [
        f"Whole model, head included: 10⁹ multiply-accumulates for {tokens:,} tokens; storage in float32",
        "size     MACs  dense  ratio  parameters   tables  ÷ dense matrices  table GB  optimizer GB",
    ]
    for name, settings in PUBLISHED.items():
        done = model_operations(settings, tokens)
        dense = settings.blocks * dense_block(settings, tokens) + done.multiplications["head"]
        size = memory(settings)
        lines.append(
            f"{name:5}  {done.paper / 1e9:6.1f}  {dense / 1e9:5.1f}  {dense / done.paper:5.2f}"
            f"  {size.parameters / 1e6:9.1f}M  {size.table_parameters / 1e6:6.1f}M"
            f"  {size.table_parameters / size.dense_parameters:16.1f}  {size.table_bytes / 1e9:8.2f}"
            f"  {size.optimizer_bytes / 1e9:12.2f}"
        )
    return lines


def moved_table() -> list[str]:
    """One line for each published size and context: bytes read for one more token."""
    lines = [
        "MB read for one more token, float32, head and keys and values included",
        "size   context     MB   dense  ratio",
    ]
    for name, settings in PUBLISHED.items():
        size = memory(settings)
        lines += [
            f"{name:5}  {context:7,}  {size.moved[context] / 1e6:5.1f}  {size.moved_dense[context] / 1e6:6.1f}"
            f"  {size.moved_dense[context] / size.moved[context]:5.2f}"
            for context in CONTEXTS
        ]
    return lines


def main() -> None:
    print("\n".join([*block_table(2048), "", *model_table(2048), "", *moved_table()]))


if __name__ == "__main__":
    main()
