"""The default model is whole where `model_path` says, and asking where it is costs nothing."""

import json
import struct
import subprocess
import sys
from pathlib import Path

import pytest

from models import model_path


def python(repository: Path, *arguments: str) -> str:
    command = [sys.executable, *arguments]
    return subprocess.run(command, cwd=repository, capture_output=True, text=True, check=True).stdout.strip()


def test_every_tensor_of_the_converted_model_is_bf16_and_no_longer_quantized() -> None:
    config = json.loads((model_path() / "config.json").read_text())
    assert config["dtype"] == "bfloat16"
    assert "quantization_config" not in config
    with (model_path() / "model.safetensors").open("rb") as weights:
        (length,) = struct.unpack("<Q", weights.read(8))
        tensors = json.loads(weights.read(length))
    assert {tensor["dtype"] for name, tensor in tensors.items() if name != "__metadata__"} == {"BF16"}
    assert len(tensors) > config["num_hidden_layers"]


def test_a_second_conversion_does_nothing(repository: Path) -> None:
    before = (model_path() / "model.safetensors").stat().st_mtime_ns
    assert python(repository, "-m", "models.smollm2") == f"have {model_path()}"
    assert (model_path() / "model.safetensors").stat().st_mtime_ns == before


def test_a_failed_conversion_leaves_nothing_behind(repository: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken.gguf"
    broken.write_bytes(b"GGUF but no more")
    target = tmp_path / "models" / "broken"
    code = "import sys, pathlib, models.smollm2 as s; s.convert(*map(pathlib.Path, sys.argv[1:]))"
    with pytest.raises(subprocess.CalledProcessError):
        python(repository, "-c", code, str(broken), str(target))
    assert list(target.parent.iterdir()) == []


def test_where_the_model_lies_is_known_without_torch(repository: Path) -> None:
    loaded = python(repository, "-c", "import sys, models; models.model_path(); print('torch' in sys.modules)")
    assert loaded == "False"
