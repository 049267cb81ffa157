"""Tables in fewer bits: what is rounded, how far, and that saved models come back mapped into memory."""

import copy
import json
from pathlib import Path
from typing import Any, get_args

import pytest
import torch
from safetensors.torch import save_file

from domain import UserError
from models.memoryformer import kernel
from models.memoryformer.layer import Buckets, MemoryTables
from models.memoryformer.model import MemoryFormer
from models.memoryformer.settings import Settings
from models.memoryformer.storage import StoredTables, TableType, store_tables, table_type

TOKENS = torch.tensor([[1, 2, 3, 4]])


def model(**changes: Any) -> MemoryFormer:
    torch.manual_seed(0)
    settings: dict[str, Any] = {"width": 16, "blocks": 2, "heads": 2, "bits": 4} | changes
    return MemoryFormer(Settings(vocabulary=11, **settings))


def stored_model(stored: TableType) -> MemoryFormer:
    rounded = copy.deepcopy(model())
    store_tables(rounded, stored)
    return rounded


@pytest.mark.parametrize(("stored", "error"), [("bfloat16", 2**-7), ("float16", 2**-10), ("int8", 1 / 127)])
def test_the_sum_is_that_of_the_rounded_rows(stored: TableType, error: float) -> None:
    torch.manual_seed(0)
    memory = MemoryTables(3, 4, 5)
    memory.tables.data[7] = 0  # a row of zeros has no scale
    buckets = Buckets(torch.randint(16, (2, 6, 3)), torch.rand(2, 6, 3))
    tables = StoredTables.of(memory, stored)
    y = tables(buckets)
    assert y.shape == (2, 6, 5)
    rows = tables.get_buffer("tables").float()
    if stored == "int8":
        rows = rows * tables.get_buffer("scales").float()[:, None]
    dequantised = copy.deepcopy(memory)
    dequantised.tables.data = rows
    assert torch.allclose(y, dequantised(buckets), atol=1e-7)
    largest = memory.tables.abs().amax(1, keepdim=True)
    assert (rows - memory.tables).abs().le(largest * error * 0.51 + 1e-9).all()
    assert not torch.equal(rows, memory.tables)


def test_many_vectors_are_summed_in_parts() -> None:
    memory = MemoryTables(2, 3, 4)
    buckets = Buckets(torch.randint(8, (2500, 2)), torch.rand(2500, 2))
    assert torch.allclose(StoredTables.of(memory, "float16")(buckets), memory(buckets), atol=1e-4)


@pytest.mark.parametrize("stored", get_args(TableType))
def test_a_saved_model_keeps_its_tables_as_they_are_stored(tmp_path: Path, stored: TableType) -> None:
    rounded = stored_model(stored)
    rounded.save_pretrained(tmp_path / "one")
    again = MemoryFormer.from_pretrained(tmp_path / "one")
    assert table_type(again) == stored == json.loads((tmp_path / "one" / "config.json").read_text())["table_type"]
    with torch.no_grad():
        assert torch.equal(again(TOKENS), rounded(TOKENS))
        assert torch.allclose(again(TOKENS), model()(TOKENS), atol=0.02)
        assert torch.equal(again.generate(TOKENS, 3), rounded.generate(TOKENS, 3))


def test_int8_is_a_quarter_on_disk(tmp_path: Path) -> None:
    sizes: list[int] = []
    for stored in ("float32", "int8"):
        rounded = model(width=64, bits=8)
        tables = sum(part.tables.numel() for part in rounded.modules() if isinstance(part, MemoryTables))
        store_tables(rounded, stored)
        rounded.save_pretrained(tmp_path / stored)
        sizes.append((tmp_path / stored / "model.safetensors").stat().st_size)
    rows, head = 2 * (4 * 8 * 256 + 8 * 1024) + 64, 11 * 64
    assert sizes[0] - sizes[1] == pytest.approx(3 * (tables + head) - 2 * rows, abs=1000)


@pytest.mark.parametrize("vectors", [1, 16, 17, 300])
def test_an_int8_head_is_the_product_with_its_rounded_rows(vectors: int) -> None:
    """For few vectors, which the kernel computes, and for many."""
    torch.manual_seed(0)
    whole = model(width=64, bits=8)
    matrix, x = whole.head.weight.detach().clone(), torch.randn(1, vectors, 64)
    store_tables(whole, "int8")
    integers, scales = whole.head.get_buffer("integers"), whole.head.get_buffer("scales")
    rounded = (integers.double() * scales.double()[:, None]).T
    assert (rounded - matrix).abs().le(matrix.abs().amax(0) / 127 * 0.51).all()
    with torch.no_grad():
        y = whole.head(x)
    assert y.shape == (1, vectors, 11)
    assert torch.allclose(y.double(), x.double() @ rounded.T, atol=1e-5)
    with kernel.reference_only(), torch.no_grad():
        assert torch.allclose(whole.head(x), y, atol=1e-5)


def test_tables_are_mapped_not_read(tmp_path: Path) -> None:
    stored_model("int8").save_pretrained(tmp_path / "one")
    again = MemoryFormer.from_pretrained(tmp_path / "one")
    maps = Path("/proc/self/maps").read_text().splitlines()
    ranges = [line.split()[0].split("-") for line in maps if "one/model.safetensors" in line]
    mapped = [range(int(start, 16), int(end, 16)) for start, end in ranges]
    places = [part.get_buffer("tables").data_ptr() for part in again.modules() if isinstance(part, StoredTables)]
    assert len(places) == 10
    assert all(any(place in one for one in mapped) for place in places)


@pytest.mark.parametrize("stored", ["float32", "float16", "int8"])
def test_weights_of_another_type_than_the_config_says_are_refused(tmp_path: Path, stored: TableType) -> None:
    whole = stored_model(stored)
    whole.save_pretrained(tmp_path / "one")
    file = tmp_path / "one" / "model.safetensors"
    for name, tensor in whole.state_dict().items():
        other = torch.bfloat16 if tensor.dtype != torch.bfloat16 else torch.float32
        save_file(whole.state_dict() | {name: tensor.to(other)}, file)
        with pytest.raises(UserError, match=f"{name} is of {other}"):
            MemoryFormer.from_pretrained(tmp_path / "one")


def test_an_unknown_storage_is_one_line(tmp_path: Path) -> None:
    model().save_pretrained(tmp_path / "one")
    file = tmp_path / "one" / "config.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"table_type": "int3"}))
    with pytest.raises(UserError, match="int3"):
        MemoryFormer.from_pretrained(tmp_path / "one")
