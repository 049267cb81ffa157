"""The rival with n-gram tables: what a row's number depends on, the gate, and what a fresh model computes."""

import math

import torch
from torch import Tensor

from models.memoryformer.ngram import ORDERS, NgramFormer, NgramMemory, ngram_rows
from models.memoryformer.optimizer import RowAdamW, parameter_groups
from models.memoryformer.settings import Settings

SETTINGS = Settings(vocabulary=50, width=16, blocks=1, heads=2, bits=1, rotary_fraction=0.5)
ROWS = 1009
TEXT = torch.tensor([[3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5]])


def filled(rows: int = ROWS) -> NgramFormer:
    torch.manual_seed(0)
    model = NgramFormer(SETTINGS, rows)
    for parameter in model.memories.parameters():
        torch.nn.init.normal_(parameter)
    return model


def test_a_row_is_named_by_the_last_tokens_alone_and_by_all_of_them() -> None:
    for order in ORDERS:
        rows = ngram_rows(TEXT, order, ROWS)
        for place in range(TEXT.shape[1]):
            other = TEXT.clone()
            other[0, place] = 40
            moved = (ngram_rows(other, order, ROWS) != rows)[0].nonzero().view(-1).tolist()
            assert moved == [at for at in range(place, place + order) if at < TEXT.shape[1]]


def test_rows_of_different_ngrams_collide_no_more_than_by_chance() -> None:
    first, second = torch.meshgrid(torch.arange(100), torch.arange(100), indexing="ij")
    pairs = torch.stack((first.flatten(), second.flatten()), dim=1)
    for rows in (1 << 14, 10_007):
        distinct = ngram_rows(pairs, 2, rows)[:, 1].unique().numel()
        expected = rows * (1 - math.exp(-len(pairs) / rows))
        assert abs(distinct / expected - 1) < 0.02


def test_a_fresh_model_is_the_dense_one_and_a_trained_one_is_not() -> None:
    torch.manual_seed(0)
    model = NgramFormer(SETTINGS, ROWS)
    assert torch.equal(model(TEXT), model.dense(TEXT))
    assert not torch.allclose(filled()(TEXT), filled().dense(TEXT))


def test_the_future_is_not_seen() -> None:
    model, other = filled(), TEXT.clone()
    other[0, 6] = 40
    changed = (model(other) != model(TEXT)).any(-1)[0]
    assert changed.tolist() == [False] * 6 + [True] * 5


def normed(vector: list[float], scale: list[float]) -> list[float]:
    size = math.sqrt(sum(value**2 for value in vector) / len(vector) + SETTINGS.norm_epsilon)
    return [value / size * factor for value, factor in zip(vector, scale, strict=True)]


def test_the_gate_is_that_of_the_formula() -> None:
    memory: NgramMemory = next(part for part in filled().modules() if isinstance(part, NgramMemory))
    x = torch.randn(1, TEXT.shape[1], SETTINGS.width)
    rows = ngram_rows(TEXT, memory.order, ROWS)
    added: Tensor = memory(TEXT, x)
    for at in range(TEXT.shape[1]):
        row = memory.table.weight[rows[0, at]].tolist()
        left = normed(x[0, at].tolist(), memory.text_norm.weight.tolist())
        right = normed(row, memory.row_norm.weight.tolist())
        match = sum(a * b for a, b in zip(left, right, strict=True)) / math.sqrt(SETTINGS.width)
        expected = [value / (1 + math.exp(-match)) for value in row]
        torch.testing.assert_close(added[0, at], torch.tensor(expected), rtol=1e-5, atol=1e-6)


def test_a_step_moves_the_rows_that_were_hit_and_no_others() -> None:
    model = filled()
    before = {name: value.clone() for name, value in model.named_parameters()}
    optimizer = RowAdamW(parameter_groups(model, weight_decay=0.1), lr=0.1)
    model(TEXT).square().sum().backward()
    optimizer.step()
    for place, order in enumerate(ORDERS):
        name = f"memories.{place}.table.weight"
        moved = (model.get_parameter(name) != before[name]).any(1).nonzero().view(-1)
        assert torch.equal(moved, ngram_rows(TEXT, order, ROWS).unique())
