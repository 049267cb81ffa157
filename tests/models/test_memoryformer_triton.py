"""The memory layer's Triton kernel against the reference: indices, values given those, what it declines.

Triton interprets it, in a process of the environment that `make setup-triton` makes; no GPU takes part. Triton also
compiles it for GPUs, which shows that there is a kernel to launch there, and not what it computes.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from models.memoryformer import kernel
from models.memoryformer.layer import MemoryHash, MemoryTables, bucket_index, bucket_score
from models.memoryformer.model import MemoryFormer
from models.memoryformer.settings import Score, Settings
from models.memoryformer.storage import TableType
from tests.models.memory_cases import ROUNDING, SCORES, Case, assert_close, served, views
from tests.models.triton_worker import worker

SHAPES = [(1, 64, 8, 130), (5, 7, 10, 33), (17, 5, 3, 70), (2, 4, 1, 1), (3, 3, 16, 64), (2, 17, 4, 65)]
"""Tokens, K, τ, d_out: with and without a rest behind the last full group of chunks, or of columns."""

Ask = Callable[..., Any]


@pytest.fixture(scope="module")
def python(repository: Path) -> Path:
    """The interpreter of Triton's environment."""
    file = repository / ".venv-triton" / "bin" / "python"
    if not file.exists():
        pytest.skip("Triton's environment is absent: `make setup-triton` makes it")
    return file


@pytest.fixture(scope="module")
def ask(python: Path, repository: Path) -> Iterator[Ask]:
    with worker(python, repository, interpret=True) as ask:
        yield ask


@pytest.fixture
def fused(ask: Ask) -> kernel.Fused:
    """The kernel, interpreted."""
    return lambda *arguments: ask("fused", *(padded(one) for one in arguments))


def padded(argument: Any) -> Any:
    """A tensor with the same entries, behind which lies what spoils any sum that reads too far."""
    if not isinstance(argument, Tensor) or argument.device.type != "cpu" or not argument.is_contiguous():
        return argument
    flat = argument.detach().flatten()
    spoiling = torch.full((1024,), 127 if argument.dtype == torch.int8 else torch.nan, dtype=argument.dtype)
    longer = torch.cat([flat, spoiling])[: flat.numel()].view(argument.shape)
    return longer.requires_grad_(argument.requires_grad)


@pytest.fixture(autouse=True)
def no_grad() -> Iterator[None]:
    with torch.no_grad():
        yield


# ------------------------------------------------------------------------------------------------- indices and scores


@pytest.mark.parametrize("dtype", ROUNDING)
@pytest.mark.parametrize("bits", [1, 3, 8, 16])
def test_indices_are_those_of_the_reference(ask: Ask, bits: int, dtype: torch.dtype) -> None:
    """Bit for bit: at both zeros, at the smallest numbers of either sign, at infinity and without a number."""
    least = torch.tensor(1, dtype=torch.int32 if dtype == torch.float32 else torch.int16).view(dtype).item()
    special = (0.0, -0.0, least, -least, torch.inf, -torch.inf, torch.nan, -torch.nan)
    z = torch.randn(100, bits, generator=torch.Generator().manual_seed(bits)).to(dtype)
    for row, number in enumerate(special):
        z[row :: 2 * len(special), ::2] = number
    rows, _ = ask("hashed", z, False, 1.0)
    assert torch.equal(rows.long(), bucket_index(z))


@pytest.mark.parametrize("dtype", ROUNDING)
@pytest.mark.parametrize("score", SCORES)
@pytest.mark.parametrize("temperature", [1.0, 0.3])
def test_scores_are_those_of_the_reference(ask: Ask, score: Score, temperature: float, dtype: torch.dtype) -> None:
    z = (torch.randn(200, 8, generator=torch.Generator().manual_seed(5)) * 2).to(dtype)
    _, scores = ask("hashed", z, score == "official", temperature)
    assert torch.allclose(scores.double(), bucket_score(z.double(), score, temperature), rtol=4e-6, atol=1e-30)


@pytest.mark.parametrize("score", SCORES)
def test_extreme_entries_score_as_in_the_reference(ask: Ask, score: Score) -> None:
    huge, infinite, missing = 3e38, torch.inf, torch.nan
    z = torch.tensor([[0.0, 0.0], [1e-40, -1e-40], [50.0, 1.0], [huge, 1.0], [-infinite, 1.0], [missing, 1.0]])
    _, scores = ask("hashed", z, score == "official", 1.0)
    assert torch.allclose(scores, bucket_score(z, score), rtol=1e-6, atol=1e-37, equal_nan=True)


# ------------------------------------------------------------------------------------------------------------- values


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


@pytest.mark.parametrize("dtype", ROUNDING)
@pytest.mark.parametrize(("tokens", "outputs"), [(1, 128), (3, 75)])
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


def test_input_has_any_number_of_dimensions_and_any_strides(fused: kernel.Fused) -> None:
    case = Case(12, 5, 4, 20)
    for x, of in views(case.x, case.expected("official")):
        (y,) = served(fused(x, 4, True, 1.0, case.tables, case.bias, None))
        assert_close(y, of, ROUNDING[torch.float32])


def test_layers_that_share_an_input_are_each_computed(fused: kernel.Fused) -> None:
    """Of any widths, and stored in any way."""
    cases = [Case(2, 5, 4, 20), Case(2, 5, 4, 97), Case(2, 5, 4, 64)]
    whole, scales = torch.randint(-127, 128, (80, 64), dtype=torch.int8), torch.rand(80).half()
    operands = [(cases[0].tables, cases[0].bias, None), (cases[1].tables, cases[1].bias, None)]
    operands += [(whole, cases[2].bias, scales)]
    cases[2].tables = whole.double() * scales.double()[:, None]
    results = served(fused(cases[0].x, 4, True, 1.0, *(operand for layer in operands for operand in layer)))
    for y, case in zip(results, cases, strict=True):
        case.x = cases[0].x
        assert_close(y, case.expected("official"), ROUNDING[torch.float32])


def test_decoding_computes_each_memory_layer_in_the_kernel(
    fused: kernel.Fused, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Layer by layer on the same input, since a bit that rounding flips would part two models for good."""
    calls = 0

    def compare(x: Tensor, bits: int, official: bool, temperature: float, *memories: Any) -> tuple[Tensor, ...]:
        nonlocal calls
        calls += 1
        results = served(fused(x, bits, official, temperature, *memories))
        hashing = MemoryHash(bits, "official" if official else "paper", temperature)
        for y, tables, bias in zip(results, memories[::3], memories[1::3], strict=True):
            memory = MemoryTables(x.shape[-1] // bits, bits, bias.shape[0])
            memory.tables, memory.bias = torch.nn.Parameter(tables.double()), torch.nn.Parameter(bias.double())
            assert_close(y, memory(hashing(x.double())), ROUNDING[torch.float32])
        return results

    monkeypatch.setattr(kernel.choice, "cpu", compare)
    torch.manual_seed(0)
    model = MemoryFormer(Settings(vocabulary=19, width=32, blocks=2, heads=2, bits=4))
    model.generate(torch.tensor([[1, 2, 3], [4, 5, 6]]), new_tokens=3)
    assert calls == 3 * 2 * 3  # steps, blocks, and Q, K and V together besides two of the feed-forward part


# ------------------------------------------------------------------------------------------------------ what is served


def declines(fused: kernel.Fused, case: Case, **changed: Any) -> bool:
    operands = {"x": case.x, "bits": case.bits, "tables": case.tables, "bias": case.bias, "scales": None} | changed
    result = fused(operands["x"], operands["bits"], True, 1.0, operands["tables"], operands["bias"], operands["scales"])
    return result is None


def test_what_is_not_served_is_declined(fused: kernel.Fused) -> None:
    case = Case(2, 5, 4, 20)
    assert not declines(fused, case)
    assert declines(fused, case, x=case.x.double())
    assert declines(fused, case, x=case.x.double(), tables=case.tables.double(), bias=case.bias.double())
    assert declines(fused, case, x=case.x.bfloat16())
    assert declines(fused, case, x=case.x.to("meta"))
    assert declines(fused, case, x=case.x.to_sparse())
    assert declines(fused, case, x=case.x[:, :16])
    assert declines(fused, case, bits=3)
    assert declines(fused, case, bits=0)
    assert declines(fused, Case(1, 1, 17, 1))
    assert declines(fused, case, x=torch.tensor(1.0))
    assert declines(fused, case, tables=case.tables[:-1])
    assert declines(fused, case, tables=case.tables.T.contiguous().T)
    assert declines(fused, case, tables=case.tables.to(torch.int8))
    assert declines(fused, case, tables=case.tables.to("meta"))
    assert declines(fused, case, bias=case.bias[1:])
    assert declines(fused, case, bias=case.bias.double())
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


def test_dispatch_modes_see_the_reference(ask: Ask) -> None:
    case = Case(2, 5, 4, 20)
    arguments = (case.x, 4, True, 1.0, case.tables, case.bias, None)
    assert ask("fused", *arguments) is not None
    assert ask("fused_while_counted", *arguments) is None


def test_inference_mode_is_served(ask: Ask) -> None:
    """With parameters that were made outside of it, as vLLM has them."""
    case = Case(2, 5, 4, 20)
    assert ask("fused_in_inference_mode", case.x, 4, True, 1.0, case.tables, case.bias, None) is not None


# --------------------------------------------------------------------------------------------------------- for a GPU


@pytest.mark.parametrize("capability", [80, 90], ids=["A100", "H100"])
def test_there_is_machine_code_for_a_gpu(
    python: Path, repository: Path, capability: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Compiled with nothing to run it on: for all types of input and tables, and three layers in one launch."""
    monkeypatch.setenv("TRITON_CACHE_DIR", str(tmp_path))
    with worker(python, repository, interpret=False) as ask:
        for dtype in ROUNDING:
            case = Case(2, 16, 4, 64, dtype)
            whole, scales = torch.ones(256, 64, dtype=torch.int8), torch.ones(256, dtype=torch.float16)
            layers = (case.tables, case.bias, None, case.tables, case.bias, None, whole, case.bias, scales)
            (code,) = ask("compiled", capability, case.x, 4, True, 1.0, *layers)
            assert code > 0
            assert ask("compiled", capability, case.x[:0], 4, True, 1.0, *layers) == []
