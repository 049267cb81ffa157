"""RowAdamW: dense AdamW on the steps that hit a row, and nothing on the others."""

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from models.memoryformer.layer import MemoryTables
from models.memoryformer.model import MemoryFormer
from models.memoryformer.optimizer import RowAdamW, parameter_groups
from models.memoryformer.settings import Settings

OPTIONS: dict[str, Any] = {"lr": 0.01, "betas": (0.9, 0.95), "eps": 1e-8, "weight_decay": 0.1}
ROWS, WIDTH = 6, 4


def start() -> nn.Parameter:
    torch.manual_seed(0)
    return nn.Parameter(torch.randn(ROWS, WIDTH, dtype=torch.double))


def gradients(steps: int) -> Tensor:
    return torch.randn(steps, ROWS, WIDTH, generator=torch.Generator().manual_seed(1), dtype=torch.double)


def path(optimizer: torch.optim.Optimizer, parameter: nn.Parameter, slopes: list[Tensor]) -> list[Tensor]:
    values: list[Tensor] = []
    for slope in slopes:
        parameter.grad = slope.clone()
        optimizer.step()
        values.append(parameter.detach().clone())
    return values


def sparse(slope: Tensor, rows: list[int]) -> Tensor:
    """The gradient of `rows` alone, not coalesced: each row's is there in two halves."""
    values = torch.cat((slope[rows], slope[rows])) / 2
    return torch.sparse_coo_tensor(torch.tensor([rows + rows]), values, slope.shape, check_invariants=True)


@pytest.mark.parametrize("by_row", [True, False])
def test_when_every_row_is_hit_it_is_dense_adamw(by_row: bool) -> None:
    ours, theirs = start(), start()
    slopes = list(gradients(20))
    one = path(RowAdamW([ours], by_row=by_row, **OPTIONS), ours, slopes)
    other = path(torch.optim.AdamW([theirs], **OPTIONS), theirs, slopes)
    for a, b in zip(one, other, strict=True):
        assert torch.allclose(a, b, rtol=1e-12, atol=1e-14)


HITS = [[0, 1, 2], [0], [0, 3], [4], [0, 1, 4], [0, 1, 2, 3, 4], [2]]
"""Rows that each step hits; none hits row 5."""


def some_rows(kind: str) -> list[Tensor]:
    slopes: list[Tensor] = []
    for slope, rows in zip(gradients(len(HITS)), HITS, strict=True):
        mask = torch.zeros(ROWS, 1, dtype=torch.double)
        mask[rows] = 1
        slopes.append(slope * mask if kind == "dense" else sparse(slope, rows))
    return slopes


@pytest.mark.parametrize("kind", ["dense", "sparse"])
def test_each_row_goes_as_dense_adamw_over_the_steps_that_hit_it(kind: str) -> None:
    ours = start()
    path(RowAdamW([ours], by_row=True, **OPTIONS), ours, some_rows(kind))
    for row in range(ROWS):
        alone = nn.Parameter(start()[row].detach().clone())
        hits = [slope[row] for slope, rows in zip(gradients(len(HITS)), HITS, strict=True) if row in rows]
        path(torch.optim.AdamW([alone], **OPTIONS), alone, hits)
        assert torch.allclose(ours[row], alone, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("kind", ["dense", "sparse"])
def test_a_row_that_is_not_hit_stays_as_it_is_bit_for_bit(kind: str) -> None:
    parameter = start()
    optimizer = RowAdamW([parameter], by_row=True, **OPTIONS)
    before = parameter.detach().clone()
    state: dict[str, Tensor] = {}
    for slope, rows in zip(some_rows(kind), HITS, strict=True):
        parameter.grad = slope
        optimizer.step()
        others = [row for row in range(ROWS) if row not in rows]
        assert torch.equal(parameter[others], before[others])
        assert not torch.eq(parameter[rows], before[rows]).any()
        for name, value in state.items():
            assert torch.equal(optimizer.state[parameter][name][others], value[others])
        before = parameter.detach().clone()
        state = {name: value.clone() for name, value in optimizer.state[parameter].items()}
    assert state["step"].tolist() == [5, 3, 3, 2, 3, 0]


def test_dense_adamw_moves_rows_that_are_not_hit() -> None:
    """What the row-wise one is for: the claim above is not true of any AdamW."""
    parameter = start()
    after = path(torch.optim.AdamW([parameter], **OPTIONS), parameter, some_rows("dense"))
    assert not torch.equal(after[0][1], after[1][1])  # step 1 does not hit row 1
    assert not torch.equal(after[0][5], start()[5])  # no step hits row 5


def test_a_resumed_optimizer_goes_on_bit_for_bit() -> None:
    through, stopped = (nn.Parameter(start().detach().float()) for _ in range(2))
    slopes = [slope.float() for slope in some_rows("dense")]
    path(RowAdamW([through], by_row=True, **OPTIONS), through, slopes)
    first = RowAdamW([stopped], by_row=True, **OPTIONS)
    path(first, stopped, slopes[:3])
    second = RowAdamW([stopped], by_row=True, **OPTIONS)
    second.load_state_dict(first.state_dict())
    path(second, stopped, slopes[3:])
    assert torch.equal(through, stopped)


def test_half_precision_needs_master_weights() -> None:
    parameter = nn.Parameter(torch.ones(2, 2, dtype=torch.bfloat16))
    parameter.grad = torch.ones_like(parameter)
    with pytest.raises(TypeError, match="keep master weights"):
        RowAdamW([parameter], lr=0.1).step()


@pytest.mark.parametrize("sparse_gradients", [False, True])
def test_a_step_of_a_model_moves_only_the_rows_that_its_tokens_hit(sparse_gradients: bool) -> None:
    torch.manual_seed(0)
    model = MemoryFormer(Settings(vocabulary=11, width=16, blocks=1, heads=2, bits=4))
    for module in model.modules():
        if isinstance(module, MemoryTables):
            module.sparse_gradients = sparse_gradients
    optimizer = RowAdamW(parameter_groups(model, weight_decay=0.1), lr=0.01)
    before = {name: parameter.detach().clone() for name, parameter in model.named_parameters()}
    model(torch.tensor([[3, 7]])).square().sum().backward()
    optimizer.step()
    moved = {name: parameter.ne(before[name]) for name, parameter in model.named_parameters()}
    assert moved["embedding.weight"].any(1).nonzero().view(-1).tolist() == [3, 7]
    assert 1 <= moved["blocks.0.attention.query.tables"].any(1).sum() <= 2 * 4  # two tokens, four tables
    assert moved["head.weight"].all()


def test_every_parameter_is_in_one_group() -> None:
    model = MemoryFormer(Settings(vocabulary=11, width=16, blocks=1, heads=2, bits=4))
    groups = parameter_groups(model, weight_decay=0.1)
    grouped = [id(parameter) for group in groups for parameter in group["params"]]
    assert sorted(grouped) == sorted(id(parameter) for parameter in model.parameters())
    assert [group["weight_decay"] for group in groups] == [0.1, 0.1, 0.0]
    assert {tuple(parameter.shape) for parameter in groups[1]["params"]} == {(11, 16)}
