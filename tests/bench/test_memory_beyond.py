"""The variants beyond the paper: each computes what it says, costs what is told, and is trained once."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import cast

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from bench.memory_beyond import EQUAL, REPEATED, main, tiny
from bench.memory_beyond_conversion import Distilled, Later, LinearFormer, Read, convert, fit
from bench.memory_beyond_layers import (
    DifferenceTables,
    ProbingHash,
    SignedHadamard,
    TwoProbeTables,
    hadamard,
)
from bench.memory_beyond_plan import CHANGES, Beyond, Variant, costs, plan_variants
from bench.memory_quality_plan import Model, Options
from bench.memory_quality_plan import costs as quality_costs
from models.memoryformer.block import MemoryBlock
from models.memoryformer.layer import MemoryHash, MemoryLayer, MemoryTables, bucket_score
from models.memoryformer.model import MemoryFormer
from models.memoryformer.settings import Score, Settings
from models.training.packing import TYPE, TokenFile
from models.training.recipe import Recipe

CHUNKS, BITS, OUTPUTS = 3, 4, 5
SMALL = Settings(vocabulary=30, width=32, blocks=2, heads=1)
TOKENS = torch.arange(24).view(2, 12) % 30


def layers(
    kind: type[DifferenceTables] | type[TwoProbeTables], score: Score = "official", temperature: float = 0.7
) -> tuple[MemoryLayer, MemoryLayer]:
    """A memory layer in double precision, and its variant with the same parameters."""
    torch.manual_seed(0)
    tables = MemoryTables(CHUNKS, BITS, OUTPUTS, table_std=1.0).double()
    variant = TwoProbeTables(tables, in_training=True) if kind is TwoProbeTables else DifferenceTables(tables)
    plain = MemoryLayer(MemoryHash(BITS, score, temperature), tables)
    return plain, MemoryLayer(ProbingHash(BITS, score, temperature), variant)


def two_rows_by_hand(layer: MemoryLayer, z: Tensor, chunk: int, scores: Tensor) -> Tensor:
    """s · (P · T[h] + (1 − P) · T[h']) of one chunk of one token; every step spelled out."""
    entries = z.tolist()
    least = min(range(BITS), key=lambda place: abs(entries[place]))
    row = sum(1 << place for place in range(BITS) if entries[place] >= 0)
    across = row - (1 << least) if entries[least] >= 0 else row + (1 << least)
    sure = 1 / (1 + torch.exp(-2 * z[least].abs() / layer.hashing.temperature))
    tables = layer.memory.tables.detach().view(CHUNKS, 1 << BITS, OUTPUTS)[chunk]
    return scores * (sure * tables[row] + (1 - sure) * tables[across])


# ---------------------------------------------------------------------------------------------------------- two rows


@pytest.mark.parametrize("score", ["paper", "official"])
def test_two_probes_are_the_weighted_sum_of_the_nearest_row_and_the_one_across_the_least_certain_bit(
    score: Score,
) -> None:
    _, layer = layers(TwoProbeTables, score)
    x = torch.randn(6, CHUNKS * BITS, dtype=torch.double)
    for token, y in zip(x, layer(x), strict=True):
        parts = [
            two_rows_by_hand(layer, z, chunk, bucket_score(z, score, 0.7)) for chunk, z in enumerate(token.split(BITS))
        ]
        torch.testing.assert_close(y, sum(parts) + layer.memory.bias)


def test_two_probes_are_continuous_where_the_least_certain_bit_flips_and_one_is_not() -> None:
    plain, layer = layers(TwoProbeTables)
    x = torch.randn(CHUNKS * BITS, dtype=torch.double)
    x += x.sign()  # no other entry is near zero
    below, above = x.clone(), x.clone()
    below[1], above[1] = -1e-9, 1e-9
    torch.testing.assert_close(layer(below), layer(above), rtol=0, atol=1e-6)
    assert (plain(below) - plain(above)).abs().max() > 0.1


def test_probes_in_evaluation_alone_leave_training_as_it_is_and_are_not_computed_by_the_kernel() -> None:
    torch.manual_seed(1)
    base = MemoryFormer(SMALL)
    torch.manual_seed(1)
    model = Variant("memoryformer", SMALL, change="two-probes-evaluated").build()
    torch.manual_seed(1)
    both = Variant("memoryformer", SMALL, change="two-probes").build()
    assert torch.equal(model(TOKENS), base(TOKENS))
    with torch.no_grad():
        evaluated = model(TOKENS)
        assert not torch.allclose(evaluated, base(TOKENS))
        assert torch.equal(evaluated, both(TOKENS))
    torch.testing.assert_close(both(TOKENS), evaluated)


@pytest.mark.parametrize("score", ["paper", "official"])
def test_the_local_difference_adds_to_the_gradient_what_the_two_rows_differ_by(score: Score) -> None:
    plain, layer = layers(DifferenceTables, score)
    x = torch.randn(CHUNKS * BITS, dtype=torch.double)
    slope = torch.randn(OUTPUTS, dtype=torch.double)
    ours, paper = x.clone().requires_grad_(), x.clone().requires_grad_()
    assert torch.equal(layer(ours), plain(paper))

    table = layer.memory.tables
    (layer(ours) @ slope).backward()
    rows = table.grad
    table.grad = None
    (plain(paper) @ slope).backward()
    assert rows is not None
    assert ours.grad is not None
    assert paper.grad is not None
    assert table.grad is not None
    assert torch.equal(rows, table.grad)

    expected, step = torch.zeros_like(x), 1e-6
    for chunk, z in enumerate(x.split(BITS)):
        fixed = bucket_score(z, score, 0.7)
        for place in range(BITS):
            moved = [z.clone(), z.clone()]
            moved[0][place] -= step
            moved[1][place] += step
            low, high = (two_rows_by_hand(layer, one, chunk, fixed) @ slope for one in moved)
            expected[chunk * BITS + place] = (high - low) / (2 * step)
    assert (expected != 0).sum() == CHUNKS
    torch.testing.assert_close(ours.grad - paper.grad, expected, rtol=1e-5, atol=1e-7)


# -------------------------------------------------------------------------------------------------------- projections


@pytest.mark.parametrize("size", [1, 2, 12, 32, 40, 96, 120])
def test_hadamard_matrices_have_orthogonal_rows_of_signs(size: int) -> None:
    matrix = hadamard(size)
    assert set(np.unique(matrix)) <= {-1, 1}
    assert np.array_equal(matrix @ matrix.T, size * np.eye(size, dtype=np.int64))


def test_a_size_without_a_hadamard_matrix_is_refused() -> None:
    with pytest.raises(ValueError, match="no Hadamard matrix of size 3"):
        hadamard(6)


def test_the_signed_hadamard_projection_is_orthonormal_and_its_signs_are_drawn_by_the_seed() -> None:
    projection, other = SignedHadamard(96, seed=0), SignedHadamard(96, seed=1)
    matrix = projection(torch.eye(96))
    torch.testing.assert_close(matrix @ matrix.T, torch.eye(96))
    assert not torch.equal(matrix, other(torch.eye(96)))
    assert list(projection.parameters()) == []


def test_a_learned_projection_starts_as_the_base_and_is_learned_and_a_fixed_one_changes_the_hash() -> None:
    def built(change: str) -> nn.Module:
        torch.manual_seed(2)
        return Variant("memoryformer", SMALL, change=change).build()

    base, learned, fixed = built("cooling"), built("projection"), built("hadamard")
    logits = learned(TOKENS)
    assert torch.equal(logits, base(TOKENS))
    assert not torch.allclose(fixed(TOKENS), logits)
    logits.square().sum().backward()
    projection = learned.get_parameter("blocks.0.contract_norm.1.weight")
    assert projection.grad is not None
    assert projection.grad.any()


# --------------------------------------------------------------------------------------------------------------- tables


def test_shared_tables_are_one_storage_which_both_blocks_change() -> None:
    model = cast("MemoryFormer", Variant("memoryformer", SMALL, change="shared").build())
    first, second = (cast("MemoryBlock", block) for block in model.blocks)
    for one, other in zip(_tables(first), _tables(second), strict=True):
        assert one.tables.data_ptr() == other.tables.data_ptr()
        assert one.bias.data_ptr() == other.bias.data_ptr()
    assert first.attention_norm.weight.data_ptr() != second.attention_norm.weight.data_ptr()
    expand = first.expand.memory.tables
    model(TOKENS).square().sum().backward()
    assert expand.grad is not None
    both = expand.grad.clone()
    model.zero_grad()
    x = model.embedding(TOKENS)
    with torch.no_grad():
        x = first(x)
    model.head(model.norm(second(x))).square().sum().backward()
    assert not torch.allclose(expand.grad if expand.grad is not None else torch.zeros(1), both)


def _tables(block: MemoryBlock) -> list[MemoryTables]:
    return [module for module in block.modules() if isinstance(module, MemoryTables)]


# --------------------------------------------------------------------------------------------------------- conversion


@pytest.mark.parametrize("read", [lambda x: x, functional.gelu])
def test_a_converted_layer_is_far_nearer_to_the_linear_one_than_the_mean_is(read: Read) -> None:
    torch.manual_seed(0)
    linear = nn.Linear(CHUNKS * BITS, OUTPUTS)
    layer = MemoryLayer(MemoryHash(BITS, "official"), MemoryTables(CHUNKS, BITS, OUTPUTS))
    x, fresh = torch.randn(2, 4000, CHUNKS * BITS).unbind()
    fit(layer, x, linear.weight, linear.bias, read)
    with torch.no_grad():
        wanted, found = linear(read(fresh)), layer(fresh)
    # A bit of each entry leaves 1 − 2/π = 0.36 of the variance of normal inputs, and the mean leaves 1.
    assert (wanted - found).square().mean() < 0.5 * wanted.var(0).mean()


def test_a_row_that_the_sample_does_not_hit_is_that_of_its_corner() -> None:
    torch.manual_seed(0)
    linear = nn.Linear(CHUNKS * BITS, OUTPUTS)
    layer = MemoryLayer(MemoryHash(BITS, "paper"), MemoryTables(CHUNKS, BITS, OUTPUTS))
    fit(layer, torch.full((10, CHUNKS * BITS), 2.0), linear.weight, linear.bias)  # the last row of each table alone
    signs = torch.tensor([1.0, -1.0, 1.0, -1.0] * CHUNKS)
    with torch.no_grad():
        off = layer.memory.bias - linear.bias
        torch.testing.assert_close(layer(2 * signs) - off, linear(2 * signs))


def test_a_converted_model_predicts_as_the_dense_one_does_and_a_fresh_one_does_not() -> None:
    torch.manual_seed(0)
    dense, model, fresh = LinearFormer(SMALL), MemoryFormer(SMALL), MemoryFormer(SMALL)
    with torch.no_grad():
        for weight in dense.parameters():  # what fresh blocks add would hardly be seen
            if weight.dim() > 1:
                weight.mul_(3)
    sample = torch.randint(0, 30, (64, 12))
    convert(dense, model, sample)
    for name in ("embedding", "head", "norm"):
        fresh.get_submodule(name).load_state_dict(model.get_submodule(name).state_dict())
    with torch.no_grad():
        wanted = dense(TOKENS)
        near, far = ((wanted - one(TOKENS)).square().mean() for one in (model, fresh))
    assert near < 0.5 * far
    block = cast("MemoryBlock", model.blocks[0])
    assert block.attention_norm.weight.data_ptr() != dense.get_parameter("blocks.0.attention_norm.weight").data_ptr()


@pytest.fixture
def texts(tmp_path: Path) -> TokenFile:
    np.random.default_rng(0).integers(0, 30, 16 * 8 + 1).astype(TYPE).tofile(tmp_path / "tokens.bin")
    return TokenFile(tmp_path / "tokens.bin", 8, 0)


def test_distillation_descends_the_mean_of_text_and_divergence(texts: TokenFile, tmp_path: Path) -> None:
    torch.manual_seed(0)
    model, teacher = MemoryFormer(SMALL), MemoryFormer(SMALL)
    recipe = Recipe(steps=5, context=8, batch=2, warm_up=1, threads=1)
    distilled = Distilled(model, recipe, texts, texts, np.ones(30, int), tmp_path, say=lambda _: None)
    distilled.teacher = teacher
    sequences = texts.draw(0, 2)
    tokens = torch.from_numpy(sequences)
    found, wanted = (one(tokens[:, :-1]).softmax(-1).double() for one in (model, teacher))
    text = -found.log().gather(-1, tokens[:, 1:, None]).sum()
    divergence = (wanted * (wanted / found).log()).sum()
    assert distilled.loss(sequences).item() == pytest.approx(((text + divergence) / 2).item(), rel=1e-5)
    distilled.teacher = model
    assert distilled.loss(sequences).item() == pytest.approx(text.item() / 2, rel=1e-5)


def test_the_second_half_reads_what_the_first_did_not(texts: TokenFile) -> None:
    later = Later(texts, 6)
    assert np.array_equal(later.draw(2, 3), texts.draw(8, 3))
    assert not np.array_equal(later.draw(2, 3), texts.draw(2, 3))


# --------------------------------------------------------------------------------------------------------------- plan


@pytest.fixture(scope="module")
def beyond() -> Beyond:
    """What is planned by default."""
    return plan_variants(Options(tokens=1_000_000))


def test_every_change_is_planned_once_and_costs_as_many_flops_as_the_base_or_has_a_twin_that_does(
    beyond: Beyond,
) -> None:
    assert [variant.change for variant in beyond.variants] == list(CHANGES)
    assert [run.model for run in beyond.runs] == [beyond.base, *beyond.variants]
    assert len({model.name for model in (beyond.base, *beyond.variants)}) == len(CHANGES) + 1
    base = costs(beyond.base, 256)
    shares = {variant.change: costs(variant, 256).block_flops / base.block_flops for variant in beyond.variants}
    dear = {change for change, share in shares.items() if share > 1.07}
    assert dear == {"two-probes-evaluated", "two-probes", "projection"}
    assert 0.85 < shares["two-probes-equal"] < 1.07
    assert 0.93 < shares["projection-equal"] < 1.07
    bits = {variant.change: variant.settings.bits for variant in beyond.variants}
    assert (bits["fewer-bits"], bits["more-bits"]) == (7, 9)


def test_costs_are_those_of_the_other_bench_and_what_a_change_adds(beyond: Beyond) -> None:
    by_change: dict[str, Model] = {variant.change: variant for variant in beyond.variants}
    base, told = costs(beyond.base, 256), quality_costs(beyond.base, 256)
    assert (base.parameters, base.table_parameters, base.block_flops, base.moved) == (
        told.parameters,
        told.table_parameters,
        told.block_flops,
        told.moved,
    )
    d, k, blocks = 96, 12, 4
    hidden, rows = 10 * k, 3 * k * d + k * 10 * k + k * d
    two, fixed, learned, shared = (
        costs(by_change[change], 256) for change in ("two-probes", "hadamard", "projection", "shared")
    )
    assert two.moved - base.moved == 4 * blocks * rows
    assert two.block_flops - base.block_flops == pytest.approx(blocks * rows, rel=0.05)  # and another score
    products = 2 * d * d + hidden * hidden
    assert learned.block_flops - base.block_flops == blocks * products
    assert learned.moved - base.moved == 4 * blocks * products
    assert learned.parameters - base.parameters == blocks * products
    assert fixed.block_flops == base.block_flops
    assert fixed.block_operations - base.block_operations == blocks * products
    assert fixed.moved - base.moved == blocks * products / 8
    assert (shared.moved, shared.block_flops) == (base.moved, base.block_flops)
    assert shared.table_parameters == base.table_parameters // 2


# --------------------------------------------------------------------------------------------------------------- runs


def test_variants_are_trained_once_and_the_best_of_equal_flops_with_the_second_seed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = tiny(tmp_path)
    first, second, figure = (str(tmp_path / name) for name in ("first.json", "second.json", "figure.svg"))
    assert main([*command, "--json", first, "--figure", figure]) == 0
    told = json.loads(Path(first).read_text())
    base, *variants = told["variants"]
    assert [row["change"] for row in variants] == list(CHANGES)
    repeated = [row for row in variants if len(row["bits_per_byte"]) == 2]
    equal = [row for row in variants if row["flops_share"] <= EQUAL]
    by_loss = sorted(equal, key=lambda row: row["bits_per_byte"]["0"])
    assert REPEATED < len(equal) < len(variants)
    assert sorted(row["name"] for row in repeated) == sorted(row["name"] for row in by_loss[:REPEATED])
    assert len(base["bits_per_byte"]) == 2
    for row in variants:
        for seed, apart in row["differences"].items():
            assert apart == round(row["bits_per_byte"][seed] - base["bits_per_byte"][seed], 5)
    runs = {run["name"].rpartition("-")[0]: run for run in told["runs"] if run["seed"] == 0}
    assert runs["two-probes-evaluated"]["training"] == runs["memoryformer"]["training"]
    assert runs["two-probes-evaluated"]["bits_per_byte"] != runs["memoryformer"]["bits_per_byte"]
    assert runs["difference"]["training"][0] == runs["memoryformer"]["training"][0]
    seen = [
        runs[name]["training"] for name in ("memoryformer", "difference", "cooling", "hotter", "cooling+difference")
    ]
    assert all(one != other for place, one in enumerate(seen) for other in seen[:place])
    converted = runs["converted"]
    assert converted["earlier_tokens"] + converted["curve"][-1]["tokens"] == 512
    assert math.isfinite(converted["dense_bits_per_byte"])
    assert Path(figure).read_text().count("converted-32") >= 2

    missing = next((tmp_path / "out" / "runs").glob("converted-*"))
    missing.unlink()
    times = {file: file.stat().st_mtime_ns for file in missing.parent.iterdir()}
    capsys.readouterr()
    assert main([*command, "--json", second]) == 0
    assert {file: file.stat().st_mtime_ns for file in times} == times
    assert capsys.readouterr().out.count("bits per byte, ") == 1
    assert json.loads(Path(second).read_text())["headline"] == told["headline"]
