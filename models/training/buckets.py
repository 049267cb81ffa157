"""Which rows of a MemoryFormer's tables are hit: by held-out text in one evaluation, and by training so far.

A place is one hash and all tables that it serves: the attention of a block (tables of Q, K and V), and each memory
layer of its feed-forward part. Counting needs no change to the model: hooks see the buckets that its hashes return.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from models.memoryformer.kernel import reference_only
from models.memoryformer.layer import Buckets, MemoryHash, MemoryTables

POINTS = 33
"""Points of the curve that tells how hits are spread over rows."""


class BucketUse(NamedTuple):
    """How the rows behind one hash are used. Shares are over its K · 2^τ rows, one set of tables of those it serves."""

    place: str
    """The hash, for example `blocks.0.attention.hashing`."""
    tables: int
    """K."""
    rows: int
    """2^τ: rows of one table."""
    hits_per_row: float
    """Mean: tokens of the evaluation / 2^τ."""
    unhit: float
    """Share of rows that the evaluation did not hit."""
    effective: float
    """2^entropy of the hits of a table, as a share of its rows, mean over tables: 1 when all rows are hit alike."""
    largest: float
    """Share of a table's hits that its most hit row takes, mean over tables."""
    dead: float
    """Share of rows that no step of training has hit: they are as they were drawn."""
    curve: list[float]
    """Hits of the rows in units of the mean, most hit first, mean over tables: `POINTS` ranks, evenly spaced."""


class BucketCounts:
    """Hits of each row, by place; fills while `counting` is open."""

    def __init__(self) -> None:
        self.hits: dict[str, Tensor] = {}
        """(K, 2^τ) int64."""

    @contextmanager
    def counting(self, model: nn.Module) -> Generator[None]:
        """Count the hits of what `model` computes while this is open."""
        hooks = [
            module.register_forward_hook(self._hook(name))
            for name, module in model.named_modules()
            if isinstance(module, MemoryHash)
        ]
        try:
            with reference_only():  # hooks do not run where the kernel computes a layer
                yield
        finally:
            for hook in hooks:
                hook.remove()

    def _hook(self, name: str) -> Any:
        def count(module: MemoryHash, _: Any, buckets: Buckets) -> None:
            tables, rows = buckets.rows.shape[-1], 1 << module.bits
            places = buckets.rows.view(-1, tables) + torch.arange(tables) * rows
            hits = torch.bincount(places.view(-1), minlength=tables * rows).view(tables, rows)
            self.hits[name] = self.hits[name] + hits if name in self.hits else hits

        return count


def bucket_use(counts: BucketCounts, model: nn.Module, optimizer: torch.optim.Optimizer) -> list[BucketUse]:
    """What the counts of an evaluation and the optimizer's counts of steps tell, in the order of the model."""
    modules = dict(model.named_modules())
    found: list[BucketUse] = []
    for name, hits in counts.hits.items():
        tables, rows = hits.shape
        share = hits / hits.sum(1, keepdim=True)
        entropy = -(share * share.clamp_min(1e-30).log2()).sum(1)
        spread = (share * rows).sort(1, descending=True).values.mean(0)
        ranks = torch.linspace(0, rows - 1, min(POINTS, rows)).round().long()
        served = [
            module.tables for module in modules[name.rpartition(".")[0]].modules() if isinstance(module, MemoryTables)
        ]
        steps = [optimizer.state[parameter]["step"] for parameter in served if optimizer.state[parameter]]
        found.append(
            BucketUse(
                name,
                tables,
                rows,
                hits.sum().item() / (tables * rows),
                hits.eq(0).double().mean().item(),
                (entropy.exp2() / rows).mean().item(),
                share.max(1).values.mean().item(),
                torch.stack(steps).eq(0).all(0).double().mean().item() if steps else 1.0,
                [round(value, 4) for value in spread[ranks].tolist()],
            )
        )
    return found
