"""The fused memory layer against the reference: indices, values given those, what it declines, and its absence."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any, cast

import pytest
import torch
from torch import Tensor
from torch.autograd import forward_ad

from models.memoryformer import kernel
from models.memoryformer.layer import MemoryHash, MemoryLayer, MemoryTables, bucket_index, bucket_score, memory_layers
from models.memoryformer.model import MemoryFormer
from models.memoryformer.settings import Score, Settings
from models.memoryformer.storage import TableType, int8_rows
from tests.models.memory_cases import ROUNDING, SCORES, Case, assert_close, served, views

SHAPES = [(1, 64, 8, 512), (5, 7, 10, 33), (17, 5, 3, 130), (300, 13, 8, 70), (2, 4, 1, 1), (3, 3, 16, 100)]
"""Tokens, K, τ, d_out: with and without rows that fill a cache line, groups of chunks, a tile of tokens."""


@pytest.fixture(scope="module", autouse=True)
def fused() -> kernel.Fused:
    """The kernel of this machine; where nothing can be compiled, these tests have nothing to test."""
    try:
        return kernel.load()
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("no compiler, or no headers of Python")


@pytest.fixture(params=[1, 2], ids=["1 thread", "2 threads"])
def threads(request: pytest.FixtureRequest) -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(request.param)
    yield
    torch.set_num_threads(before)


@pytest.fixture(autouse=True)
def no_grad() -> Iterator[None]:
    with torch.no_grad():
        yield


# ------------------------------------------------------------------------------------------------- indices and scores


def probe(fused: kernel.Fused, x: Tensor, bits: int, score: Score, temperature: float) -> tuple[Tensor, Tensor]:
    """Indices and scores of the chunks of x, read off tables whose entries are the bits of their rows.

    The outputs of chunk k are 1 + τ columns of its own: the score, then the score times each bit of the index.
    """
    chunks = x.shape[-1] // bits
    rows = torch.arange(1 << bits)
    columns = torch.cat([torch.ones(1 << bits, 1), (rows[:, None] >> torch.arange(bits)) & 1], dim=1)
    tables = torch.block_diag(*[columns] * chunks).to(x.dtype)
    bias = torch.zeros(tables.shape[1], dtype=x.dtype)
    (y,) = served(fused(x, bits, score == "official", temperature, tables, bias, None))
    y = y.view(*x.shape[:-1], chunks, 1 + bits)
    return ((y[..., 1:] > 0).long() << torch.arange(bits)).sum(-1), y[..., 0]


@pytest.mark.parametrize("dtype", ROUNDING)
@pytest.mark.parametrize(("chunks", "bits"), [(1, 1), (6, 3), (9, 8), (5, 10)])
def test_indices_are_those_of_the_signs(fused: kernel.Fused, chunks: int, bits: int, dtype: torch.dtype) -> None:
    """Of numbers in memory the sign is exact, so no bit may differ, not at zero either."""
    x = torch.randn(40, chunks * bits, generator=torch.Generator().manual_seed(2)).to(dtype)
    x[::3, ::2] = 0.0
    x[1::3, ::2] = -0.0
    x[2::3, ::2] = torch.finfo(dtype).smallest_normal * -torch.ones(()).to(dtype)
    indices, _ = probe(fused, x, bits, "paper", 1.0)
    assert torch.equal(indices, bucket_index(x.unflatten(-1, (chunks, bits))))


@pytest.mark.parametrize("dtype", ROUNDING)
@pytest.mark.parametrize("score", SCORES)
@pytest.mark.parametrize("temperature", [1.0, 0.3])
def test_scores_are_those_of_the_reference(
    fused: kernel.Fused, score: Score, temperature: float, dtype: torch.dtype
) -> None:
    x = (torch.randn(200, 48, generator=torch.Generator().manual_seed(5)) * 2).to(dtype)
    _, scores = probe(fused, x, 8, score, temperature)
    expected = bucket_score(x.double().unflatten(-1, (6, 8)), score, temperature)
    assert torch.allclose(scores.double(), expected, rtol=4 * ROUNDING[dtype], atol=1e-7)


@pytest.mark.parametrize("score", SCORES)
def test_extreme_entries_score_as_in_the_reference(fused: kernel.Fused, score: Score) -> None:
    huge, infinite, missing = 3e38, float("inf"), float("nan")
    x = torch.tensor([[0.0, 0.0], [1e-40, -1e-40], [50.0, 1.0], [huge, 1.0], [-infinite, 1.0], [missing, 1.0]])
    _, scores = probe(fused, x, 2, score, 1.0)
    expected = bucket_score(x.unflatten(-1, (1, 2)), score, 1.0)
    assert torch.allclose(scores, expected, rtol=1e-6, atol=1e-37, equal_nan=True)


# ------------------------------------------------------------------------------------------------------------- values


@pytest.mark.usefixtures("threads")
@pytest.mark.parametrize("dtype", ROUNDING)
@pytest.mark.parametrize("score", SCORES)
@pytest.mark.parametrize(("tokens", "chunks", "bits", "outputs"), SHAPES)
def test_values_are_those_of_the_reference(
    fused: kernel.Fused, tokens: int, chunks: int, bits: int, outputs: int, score: Score, dtype: torch.dtype
) -> None:
    case = Case(tokens, chunks, bits, outputs, dtype)
    (y,) = served(fused(case.x, bits, score == "official", 0.8, case.tables, case.bias, None))
    assert y.dtype == dtype
    assert_close(y, case.expected(score, 0.8), ROUNDING[dtype])


@pytest.mark.usefixtures("threads")
@pytest.mark.parametrize("tokens", [1, 3, 40])
def test_work_that_threads_share_is_all_done(fused: kernel.Fused, tokens: int) -> None:
    case = Case(tokens, 128, 4, 1001)
    (y,) = served(fused(case.x, 4, True, 1.0, case.tables, case.bias, None))
    assert_close(y, case.expected("official"), ROUNDING[torch.float32])


@pytest.mark.parametrize("dtype", ROUNDING)
@pytest.mark.parametrize(("tokens", "outputs"), [(1, 512), (9, 75)])
@pytest.mark.parametrize("stored", ["bfloat16", "float16", "int8"])
def test_stored_tables_are_read_as_they_are(
    fused: kernel.Fused, tokens: int, outputs: int, stored: TableType, dtype: torch.dtype
) -> None:
    case = Case(tokens, 6, 8, outputs, dtype)
    kept = case.kept(stored)
    result = fused(case.x, 8, False, 1.0, *kept.operands)
    if stored != "int8" and dtype not in (torch.float32, kept.get_buffer("tables").dtype):
        assert result is None
        return
    (y,) = served(result)
    assert y.dtype == dtype
    case.tables = kept.get_buffer("tables").double() * (kept.scales.double()[:, None] if kept.scales is not None else 1)
    assert_close(y, case.expected("paper"), ROUNDING[dtype])


@pytest.mark.usefixtures("threads")
@pytest.mark.parametrize("dtype", ROUNDING)
@pytest.mark.parametrize(("tokens", "entries", "outputs"), [(1, 128, 512), (3, 7, 33), (40, 130, 75)])
def test_without_bits_it_is_a_linear_layer(
    fused: kernel.Fused, tokens: int, entries: int, outputs: int, dtype: torch.dtype
) -> None:
    case = Case(tokens, entries, 1, outputs, dtype)
    matrix, scales = int8_rows(case.tables[::2].float() * torch.arange(1, 1 + entries)[:, None] / 100)
    (y,) = served(fused(case.x, 0, False, 1.0, matrix, case.bias, scales))
    assert y.dtype == dtype
    expected = case.x.double() @ (matrix.double() * scales.double()[:, None]) + case.bias.double()
    assert_close(y, expected, ROUNDING[dtype])


def test_input_has_any_number_of_dimensions_and_any_strides(fused: kernel.Fused) -> None:
    case = Case(12, 5, 4, 20)
    operands = (4, True, 1.0, case.tables, case.bias, None)
    for x, of in views(case.x, case.expected("official")):
        (y,) = served(fused(x, *operands))
        assert_close(y, of, ROUNDING[torch.float32])


def test_layers_that_share_an_input_are_each_computed(fused: kernel.Fused) -> None:
    first, second = Case(2, 5, 4, 20), Case(2, 5, 4, 37)
    both = served(fused(first.x, 4, True, 1.0, first.tables, first.bias, None, second.tables, second.bias, None))
    second.x = first.x
    for y, case in zip(both, (first, second), strict=True):
        assert_close(y, case.expected("official"), ROUNDING[torch.float32])


@pytest.mark.acceptance
@pytest.mark.parametrize("capability", ["AVX2", "DEFAULT"])
def test_other_vector_instructions_give_the_same(capability: str) -> None:
    fused = kernel.load(capability)
    for tokens, chunks, bits, outputs in SHAPES:
        for dtype, rounding in ROUNDING.items():
            case = Case(tokens, chunks, bits, outputs, dtype)
            (y,) = served(fused(case.x, bits, True, 1.0, case.tables, case.bias, None))
            assert_close(y, case.expected("official"), rounding)


# --------------------------------------------------------------------------------------- which way a layer is computed


def declines(fused: kernel.Fused, case: Case, **changed: Any) -> bool:
    operands = {"x": case.x, "bits": case.bits, "tables": case.tables, "bias": case.bias, "scales": None} | changed
    result = fused(operands["x"], operands["bits"], True, 1.0, operands["tables"], operands["bias"], operands["scales"])
    return result is None


def test_what_is_not_served_is_declined(fused: kernel.Fused) -> None:
    case = Case(2, 5, 4, 20)
    assert not declines(fused, case)
    assert declines(fused, case, x=case.x.double())
    assert declines(fused, case, x=case.x.bfloat16())
    assert declines(fused, case, x=case.x.to("meta"))
    assert declines(fused, case, x=case.x.to_sparse())
    assert declines(fused, case, x=case.x[:, :16])
    assert declines(fused, case, bits=3)
    assert declines(fused, case, bits=0)
    assert declines(fused, case, tables=case.tables[:-1])
    assert declines(fused, case, tables=case.tables.T.contiguous().T)
    assert declines(fused, case, tables=case.tables.to(torch.int8))
    assert declines(fused, case, bias=case.bias[1:])
    assert declines(fused, case, bias=case.bias.double())
    assert declines(fused, case, tables=case.tables[:, :0].contiguous(), bias=case.bias[:0])
    half = torch.ones(80, dtype=torch.float16)
    assert declines(fused, case, scales=half)
    assert not declines(fused, case, tables=case.tables.to(torch.int8), scales=half)
    assert declines(fused, case, tables=case.tables.to(torch.int8), scales=half.float())
    assert declines(fused, case, tables=case.tables.to(torch.int8), scales=half[1:])
    with torch.enable_grad():
        assert not declines(fused, case)
        assert declines(fused, case, x=case.x.clone().requires_grad_())
        assert declines(fused, case, tables=case.tables.clone().requires_grad_())
        assert declines(fused, case, bias=case.bias.clone().requires_grad_())


def test_arguments_that_cannot_be_are_an_error_and_no_crash(fused: kernel.Fused) -> None:
    case = Case(2, 5, 4, 20)
    whole = (case.x, 4, True, 1.0, case.tables, case.bias, None)
    wrong: list[tuple[Any, ...]] = [(), whole[:3], whole[:6], (*whole, case.tables)]
    wrong += [(*whole[:place], "x", *whole[place + 1 :]) for place in (0, 1, 3, 4, 5, 6)]
    wrong += [(*whole[:place], None, *whole[place + 1 :]) for place in (0, 1, 3, 4, 5)]
    for arguments in wrong:
        with pytest.raises(TypeError):
            fused(*arguments)


def test_dispatch_modes_see_the_reference(fused: kernel.Fused) -> None:
    from torch.utils.flop_counter import FlopCounterMode

    case = Case(2, 5, 4, 20)
    with FlopCounterMode(display=False):
        assert declines(fused, case)


@pytest.mark.filterwarnings("ignore::torch.jit.TracerWarning", "ignore::DeprecationWarning")
def test_a_traced_layer_is_the_layer_for_other_inputs() -> None:
    memory, x = layer(), torch.randn(3, 20)
    with torch.no_grad():
        traced = cast("Callable[[Tensor], Tensor]", torch.jit.trace(memory, x))
        torch.testing.assert_close(traced(-x), memory(-x))


def test_a_forward_derivative_is_the_reference_s(fused: kernel.Fused) -> None:
    case = Case(2, 5, 4, 20)
    with forward_ad.dual_level():
        assert declines(fused, case, x=forward_ad.make_dual(case.x, torch.ones_like(case.x)))
        assert declines(fused, case, bias=forward_ad.make_dual(case.bias, torch.ones_like(case.bias)))
    assert not declines(fused, case)


def test_inference_mode_is_served_and_what_follows_it_too(repository: Path) -> None:
    """With parameters that were made outside of it, as vLLM has them, and from the first call of a process on."""
    code = """
import torch
from models.memoryformer import kernel

x, tables, bias = torch.randn(3, 20), torch.randn(80, 7), torch.randn(7)
for mode in torch.inference_mode, torch.no_grad:
    with mode():
        assert kernel.fused(x, 4, True, 1.0, tables, bias, None) is not None
"""
    command = [sys.executable, "-c", code]
    result = subprocess.run(command, cwd=repository, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr


def layer(dtype: torch.dtype = torch.float32, score: Score = "official", temperature: float = 1.0) -> MemoryLayer:
    torch.manual_seed(0)
    return MemoryLayer(MemoryHash(4, score, temperature), MemoryTables(5, 4, 7, table_std=1.0)).to(dtype)


@pytest.mark.parametrize("score", SCORES)
@pytest.mark.parametrize("temperature", [1.0, 0.5])
def test_a_layer_is_the_same_with_and_without_the_kernel(score: Score, temperature: float) -> None:
    memory, x = layer(score=score, temperature=temperature), torch.randn(3, 20)
    y = memory(x)
    with kernel.reference_only():
        assert torch.allclose(y, memory(x), rtol=1e-4, atol=1e-6)


def test_a_layer_uses_the_kernel_unless_a_gradient_is_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    memory, x = layer(), torch.randn(3, 20)
    marked = (torch.full((3, 7), 9.0),)

    def mark(x: Tensor, *rest: Any) -> tuple[Tensor, ...] | None:
        return None if kernel.load()(x, *rest) is None else marked

    monkeypatch.setattr(kernel.choice, "cpu", mark)
    assert memory(x) is marked[0]
    with torch.enable_grad():
        assert memory(x).requires_grad
    with kernel.reference_only():
        assert memory(x) is not marked[0]
    assert memory(x) is marked[0]


@pytest.mark.parametrize("dtype", [torch.float32, torch.double], ids=["fused", "reference"])
def test_an_input_of_another_width_is_refused_in_one_line(dtype: torch.dtype) -> None:
    for width in (16, 18, 24):
        with pytest.raises(ValueError, match=rf"^an input of {width} entries for 5 tables that read 4 each$"):
            layer(dtype)(torch.randn(2, width, dtype=dtype))


@pytest.mark.parametrize("dtype", ROUNDING)
def test_decoding_computes_each_memory_layer_in_the_kernel(dtype: torch.dtype, monkeypatch: pytest.MonkeyPatch) -> None:
    """Layer by layer on the same input, since a bit that rounding flips would part two models for good."""
    fused, calls = kernel.load(), 0

    def compare(x: Tensor, bits: int, official: bool, temperature: float, *memories: Any) -> tuple[Tensor, ...]:
        nonlocal calls
        calls += 1
        results = served(fused(x, bits, official, temperature, *memories))
        hashing = MemoryHash(bits, "official" if official else "paper", temperature)
        for y, tables, bias in zip(results, memories[::3], memories[1::3], strict=True):
            memory = MemoryTables(x.shape[-1] // bits, bits, bias.shape[0])
            memory.tables, memory.bias = torch.nn.Parameter(tables.double()), torch.nn.Parameter(bias.double())
            assert_close(y, memory(hashing(x.double())), ROUNDING[dtype])
        return results

    monkeypatch.setattr(kernel.choice, "cpu", compare)
    torch.manual_seed(0)
    model = MemoryFormer(Settings(vocabulary=19, width=32, blocks=2, heads=2, bits=4)).to(dtype)
    model.generate(torch.tensor([[1, 2, 3], [4, 5, 6]]), new_tokens=4)
    assert calls == 4 * 2 * 3  # steps, blocks, and Q, K and V together besides two of the feed-forward part


@pytest.mark.parametrize(("compiler", "reason"), [("no-such-compiler", "no-such-compiler"), ("c++ '", "No closing")])
def test_without_a_compiler_the_reference_computes_and_one_line_says_so(
    tmp_path: Path, repository: Path, compiler: str, reason: str
) -> None:
    code = """
import torch
from models.memoryformer import kernel
from models.memoryformer.layer import MemoryHash, MemoryLayer, MemoryTables
layer = MemoryLayer(MemoryHash(4, "official"), MemoryTables(5, 4, 7))
x = torch.randn(3, 20)
with torch.no_grad():
    y = layer(x), layer(x)
    assert torch.equal(y[0], layer.memory(layer.hashing(x)))
"""
    environment = os.environ | {"CXX": compiler, "XDG_CACHE_HOME": str(tmp_path)}
    command = [sys.executable, "-c", code]
    result = subprocess.run(command, cwd=repository, env=environment, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    said = [line for line in result.stderr.splitlines() if "kernel" in line]
    assert said[-1].startswith("the memory layer's kernel cannot be compiled, the slower reference computes: ")
    assert reason in said[-1]
    assert len(said) == 2
    assert not list(tmp_path.rglob("*.so"))


def test_layers_of_other_devices_need_no_kernel() -> None:
    with torch.device("meta"):
        memory = MemoryTables(5, 4, 7)
        (y,) = memory_layers(MemoryHash(4, "paper"), (memory,), torch.empty(2, 20))
    assert y.shape == (2, 7)


# ---------------------------------------------------------------------------------------------------------- for a GPU


def test_an_input_on_a_gpu_goes_to_the_kernel_for_gpus(monkeypatch: pytest.MonkeyPatch) -> None:
    from torch._subclasses.fake_tensor import FakeTensorMode

    with FakeTensorMode():
        x = torch.empty(3, 20, device="cuda")
    marked = (torch.zeros(1),)
    monkeypatch.setattr(kernel.choice, "gpu", lambda *_: marked)
    assert kernel.fused(x, 4, True, 1.0) is marked
    assert kernel.fused(torch.empty(3, 20), 4, True, 1.0) is not marked
    with kernel.reference_only():
        assert kernel.fused(x, 4, True, 1.0) is None
    assert kernel.fused(x, 4, True, 1.0) is marked


class Failing(ModuleType):
    """In the place of `triton_kernel`, where Triton is and cannot compile."""

    def __init__(self, error: Exception) -> None:
        super().__init__("triton_kernel")
        self.error = error

    def fused(self, *_: Any) -> None:
        raise self.error


@pytest.mark.parametrize(
    ("module", "said"),
    [(None, "triton_kernel"), (Failing(RuntimeError("Failed to find C compiler.")), "Failed to find C compiler.")],
    ids=["no Triton", "no compiler"],
)
def test_where_triton_cannot_be_used_the_reference_computes_and_one_line_says_so(
    module: ModuleType | None, said: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    from models import memoryformer

    monkeypatch.delattr(memoryformer, "triton_kernel", raising=False)
    monkeypatch.setitem(sys.modules, "models.memoryformer.triton_kernel", module)
    monkeypatch.setattr(kernel, "choice", kernel.Choice(kernel.choice.cpu, kernel.choice.gpu))
    for _ in range(2):
        assert kernel.choice.gpu(torch.empty(3, 20), 4, True, 1.0) is None
    (line,) = caplog.messages
    assert line.startswith("the memory layer's kernel for GPUs cannot be used, the slower reference computes: ")
    assert said in line


def test_too_little_memory_on_a_gpu_is_no_reason_to_go_without_the_kernel(monkeypatch: pytest.MonkeyPatch) -> None:
    from models import memoryformer

    monkeypatch.delattr(memoryformer, "triton_kernel", raising=False)
    monkeypatch.setitem(sys.modules, "models.memoryformer.triton_kernel", Failing(torch.OutOfMemoryError()))
    before = kernel.choice.gpu
    with pytest.raises(torch.OutOfMemoryError):
        kernel.choice.gpu(torch.empty(3, 20), 4, True, 1.0)
    assert kernel.choice.gpu is before
