"""AdamW for tables of which a step hits some rows: what was not hit does not move.

Adam's momentum and AdamW's decay move every entry of a table in every step, and the table of a rare bucket drifts on
gradients of long ago, or decays to nothing between two hits. Here each row is its own small parameter:

* A row is *hit* in a step when its gradient has an entry that is not zero (dense gradient), or when it stands in the
  gradient and has one (sparse gradient). A row whose gradient vanishes exactly counts as not hit.
* A row that is not hit keeps its value, both moments and its count of steps, bit for bit.
* A row that is hit gets AdamW's whole update: decay by lr · weight_decay, moments, and bias correction by the number of
  its own hits, not of the optimizer's steps. So its path is that of dense AdamW over just the steps that hit it.

Two choices in that deserve their reason. With the global step in the bias correction (as in `torch.optim.SparseAdam`),
a row's first hit late in training would be divided by a second moment that is still (1 − β2) g², and scaled by a first
moment of (1 − β1) g: at β = (0.9, 0.95) 0.45 of the step that a fresh row takes early. And decay per step would weigh
rare rows down by how rare they are: the paper trains with a decay of 0.1 and a learning rate of 3e-3, by which a row
that is hit once in a thousand steps would lose a quarter of itself between hits. Decay per hit keeps the balance of
gradient and decay the same for all rows. What is given up: second moments of rare rows average over more of training.
"""

from collections.abc import Callable, Iterable
from typing import Any, cast, overload

import torch
from torch import Tensor, nn

from .layer import MemoryTables


class RowAdamW(torch.optim.Optimizer):
    """Decoupled AdamW (arXiv 1711.05101) whose groups say with `by_row` whether their rows count on their own.

    A parameter of a group without `by_row` is treated as one row that every step hits: that is `torch.optim.AdamW`.

    State of each parameter: `exp_avg` and `exp_avg_sq`, shaped like it, and `step`, the hits of each row (single
    precision, exact to 2^24; PyTorch loads a state of this name as it is). Parameters are float32 or float64: a half
    precision model keeps its master weights so.
    """

    def __init__(
        self,
        params: Iterable[Tensor] | Iterable[dict[str, Any]],
        lr: float,
        betas: tuple[float, float] = (0.9, 0.95),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        by_row: bool = False,
    ) -> None:
        defaults = {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay, "by_row": by_row}
        super().__init__(params, defaults)

    @overload
    def step(self, closure: None = None) -> None: ...

    @overload
    def step(self, closure: Callable[[], float]) -> float: ...

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> float | None:
        """One update of every parameter that has a gradient.

        Returns:
            What `closure` returned, which is called first with gradients on, to compute loss and gradients.
        """
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            for parameter in cast("list[Tensor]", group["params"]):
                if parameter.grad is not None:
                    self._update(parameter, parameter.grad, group)
        return loss

    def _update(self, parameter: Tensor, gradient: Tensor, group: dict[str, Any]) -> None:
        if parameter.dtype not in (torch.float32, torch.float64):
            raise TypeError(f"a parameter is {parameter.dtype}: keep master weights in float32")
        rows = parameter.view(parameter.shape[0], -1) if group["by_row"] else parameter.view(1, -1)
        state: dict[str, Tensor] = self.state[parameter]
        if not state:
            state["step"] = torch.zeros(rows.shape[0], dtype=torch.float32, device=parameter.device)
            state["exp_avg"] = torch.zeros_like(parameter)
            state["exp_avg_sq"] = torch.zeros_like(parameter)
        steps, first, second = state["step"], state["exp_avg"].view_as(rows), state["exp_avg_sq"].view_as(rows)
        hit, slopes = hit_rows(gradient) if group["by_row"] else (None, gradient.to_dense().view(1, -1))
        if hit is None:  # every row: no copies
            update_rows(rows, slopes, first, second, steps, group)
            return
        part, part_first, part_second, part_steps = rows[hit], first[hit], second[hit], steps[hit]
        update_rows(part, slopes, part_first, part_second, part_steps, group)
        rows[hit], first[hit], second[hit], steps[hit] = part, part_first, part_second, part_steps


def hit_rows(gradient: Tensor) -> tuple[Tensor | None, Tensor]:
    """Which rows a gradient hits, and its rows there.

    Args:
        gradient: (rows, …) dense, or sparse in its first dimension.

    Returns:
        (hits) int64 places of the rows, or None for all of them; (hits, width) their gradients.
    """
    places = None
    values = gradient
    if gradient.is_sparse:
        gradient = gradient.coalesce()
        places, values = gradient.indices()[0], gradient.values()
    values = values.view(values.shape[0], -1)
    nonzero = values.ne(0).any(1)
    if places is None and bool(nonzero.all()):
        return None, values
    return (nonzero.nonzero().view(-1) if places is None else places[nonzero]), values[nonzero]


def update_rows(
    rows: Tensor, slopes: Tensor, first: Tensor, second: Tensor, steps: Tensor, group: dict[str, Any]
) -> None:
    """AdamW on rows that are all hit, in place.

    Args:
        rows: (n, width) parameters.
        slopes: (n, width) their gradients.
        first: (n, width) first moments.
        second: (n, width) second moments.
        steps: (n) earlier hits of each row.
        group: `lr`, `betas`, `eps`, `weight_decay`.
    """
    beta1, beta2 = group["betas"]
    steps += 1
    rows.mul_(1 - group["lr"] * group["weight_decay"])
    first.lerp_(slopes, 1 - beta1)
    second.mul_(beta2).addcmul_(slopes, slopes, value=1 - beta2)
    exact = steps.double()[:, None]
    sizes = (group["lr"] / (1 - beta1**exact)).to(rows.dtype)
    roots = (1 - beta2**exact).sqrt().to(rows.dtype)
    rows.sub_(sizes * first / (second.sqrt() / roots + group["eps"]))


def parameter_groups(model: nn.Module, weight_decay: float) -> list[dict[str, Any]]:
    """The groups of a model for `RowAdamW`: which of its parameters decay, and which move by row.

    Tables and embeddings move by row and decay; other matrices (the head) decay; biases and scales of norms do neither.
    The paper trains with a decay of 0.1.
    """
    by_row: list[Tensor] = []
    for module in model.modules():
        if isinstance(module, MemoryTables):
            by_row.append(module.tables)
        elif isinstance(module, nn.Embedding):
            by_row.append(module.weight)
    known = {id(parameter) for parameter in by_row}
    others = [parameter for parameter in model.parameters() if id(parameter) not in known]
    return [
        {"params": by_row, "weight_decay": weight_decay, "by_row": True},
        {"params": [p for p in others if p.dim() > 1], "weight_decay": weight_decay},
        {"params": [p for p in others if p.dim() == 1], "weight_decay": 0.0},
    ]
