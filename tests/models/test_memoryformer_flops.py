"""The analyser against the formulas, the paper's published figures, and arithmetic by hand."""

import dataclasses
import math
from pathlib import Path

import pytest
import torch

from models.memoryformer import flops
from models.memoryformer.block import MemoryBlock
from models.memoryformer.layer import MemoryHash, MemoryTables
from models.memoryformer.settings import PUBLISHED, Settings

SEQUENCE = 2048
"""Tokens for which the paper gives its figures."""


@pytest.mark.parametrize(
    ("name", "dense", "memory", "parts"),
    [("tiny", 10.74, 4.7, 4.647), ("small", 20.94, 7.4, 7.235), ("base", 34.36, 10.2, 9.999)],
)
def test_formulas_give_the_published_table(name: str, dense: float, memory: float, parts: float) -> None:
    settings = PUBLISHED[name]
    assert round(flops.dense_block(settings, SEQUENCE) / 1e9, 2) == dense
    assert flops.paper_block(settings, SEQUENCE) / 1e9 == pytest.approx(memory, rel=0.01)
    assert round(flops.parts_block(settings, SEQUENCE) / 1e9, 3) == parts
    k, d = settings.chunks, settings.width
    assert flops.parts_block(settings, SEQUENCE) == SEQUENCE * (2 * SEQUENCE * d + 5.25 * k * d)


@pytest.mark.parametrize("name", PUBLISHED)
@pytest.mark.parametrize("score", ["paper", "official"])
def test_a_block_executes_what_the_formula_says_within_a_thousandth(name: str, score: str) -> None:
    settings = dataclasses.replace(PUBLISHED[name], score=score)
    assert 0 < flops.flops_error(settings, SEQUENCE) < 0.001
    done = flops.block_operations(settings, SEQUENCE)
    assert done.multiplications["rows"] + done.multiplications["attention"] == flops.parts_block(settings, SEQUENCE)


@pytest.mark.parametrize("bits", [2, 4, 8])
def test_rows_and_attention_follow_the_general_formula(bits: int) -> None:
    settings = Settings(vocabulary=10, width=64, blocks=1, heads=4, bits=bits)
    done = flops.block_operations(settings, 33)
    assert done.multiplications["rows"] + done.multiplications["attention"] == flops.parts_block(settings, 33)


def test_hash_and_score_are_counted_element_by_element() -> None:
    x = torch.empty(3, 40, device="meta")  # 3 vectors of 5 chunks of 8 entries
    paper = flops.count(MemoryHash(8, "paper"), x)
    assert paper.multiplications == {"hashing": 120}  # 2 |z| / t
    assert paper.others == {"hashing": 120 * 3 + 120 * 3 + 15}  # [z ≥ 0], shift, sum; |z|, log σ, sum; exp
    official = flops.count(MemoryHash(8, "official"), x)
    assert official.multiplications == {"hashing": 120 + 15}  # and p · ‖z‖₁
    assert official.others["hashing"] == paper.others["hashing"] + 120  # and the sum of ‖z‖₁


def test_what_the_paper_counts_leaves_out_norms_and_softmax_and_all_does_not() -> None:
    done = flops.block_operations(PUBLISHED["tiny"], 64)
    assert done.multiplications["norm"] > 0
    assert done.multiplications["softmax"] == 8 * 64 * 64
    assert done.all > done.paper + done.multiplications["norm"] + done.multiplications["softmax"]


def test_counting_leaves_no_hooks_behind() -> None:
    with torch.device("meta"):
        block = MemoryBlock(Settings(vocabulary=10, width=64, blocks=1, heads=4))
    flops.count(block, torch.empty(1, 2, 64, device="meta"))
    hooks = ("_forward_hooks", "_forward_pre_hooks")
    assert not any(vars(module)[name] for module in block.modules() for name in hooks)


@pytest.mark.parametrize(
    ("name", "tables", "ratio"), [("tiny", 415e6, 1.45), ("small", 1.87e9, 1.97), ("base", 6.64e9, 2.66)]
)
def test_whole_models_have_the_published_tables_and_the_saving_that_is_left(
    name: str, tables: float, ratio: float
) -> None:
    settings = PUBLISHED[name]
    size = flops.memory(settings)
    assert size.table_parameters == pytest.approx(tables, rel=0.002)
    assert size.table_parameters / size.dense_parameters == pytest.approx(22, abs=0.01)
    assert size.table_bytes == 4 * size.table_parameters
    head = SEQUENCE * settings.width * settings.vocabulary
    done = flops.model_operations(settings, SEQUENCE)
    assert done.multiplications["head"] == head
    dense = settings.blocks * flops.dense_block(settings, SEQUENCE) + head
    by_paper = settings.blocks * flops.paper_block(settings, SEQUENCE) + head
    assert dense / by_paper == pytest.approx(ratio, abs=0.005)
    assert dense / done.paper == pytest.approx(
        ratio, rel=0.015
    )  # the sum of the parts is less than the paper's formula


def test_bytes_of_a_small_model_by_hand() -> None:
    settings = Settings(vocabulary=100, width=16, blocks=2, heads=2, bits=4)  # K = 4, hidden 24
    size = flops.memory(settings, itemsize=2)
    tables = 2 * (3 * 4 * 16 * 16 + 4 * 16 * 24 + 4 * 64 * 16)
    biases, norms = 2 * (3 * 16 + 24 + 16), 2 * (16 + 16 + 2 * 24) + 16
    assert size.table_parameters == tables
    assert size.parameters == tables + biases + norms + 2 * 100 * 16
    assert size.table_bytes == 2 * tables
    rows = 2 * 4 * (3 * 16 + 24 + 16)
    fixed = biases + norms + 16 + 100 * 16
    assert size.moved == {c: 2 * (rows + fixed + 2 * 2 * c * 16) for c in (256, 2048)}
    assert size.moved_dense == {c: 2 * (2 * 12 * 256 + fixed + 2 * 2 * c * 16) for c in (256, 2048)}
    table_rows = 2 * (4 * 4 * 16 + 4 * 64) + 100
    others = 1 + 2 * (5 + 4) + 1  # the head; biases and norms of two blocks; the last norm
    assert size.optimizer_bytes == 4 * (2 * size.parameters + table_rows + others)


@torch.no_grad()
def test_output_of_a_layer_grows_with_the_root_of_its_chunks() -> None:
    torch.manual_seed(0)
    sizes: list[float] = []
    for chunks in (16, 64):
        buckets = MemoryHash(8, "official")(torch.randn(256, chunks * 8))
        sizes.append(MemoryTables(chunks, 8, 64)(buckets).square().mean().sqrt().item())
    assert sizes[1] / sizes[0] == pytest.approx(math.sqrt(64 / 16), rel=0.1)


def test_the_page_shows_what_the_analyser_prints(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    flops.main()
    assert capsys.readouterr().out in (repository / "docs" / "memoryformer.md").read_text()
