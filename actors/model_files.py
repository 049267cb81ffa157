"""The files of a language model: where they lie, their fingerprint, and the number type of the weights."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from domain import OutsideError
from models import DEFAULT_MODEL, model_path


def model_folder(path: Path | None, name: str = DEFAULT_MODEL) -> Path:
    """The folder to load: `path`, or that of our own model `name`.

    Raises:
        OutsideError: there is no model in that folder.
    """
    folder = path or model_path(name)
    mend = "`make setup` installs it" if name == DEFAULT_MODEL else "it comes with the project: restore models/weights"
    if path:
        mend = "set model.path to the folder of a Hugging Face model"
    if not folder.is_dir():
        raise OutsideError(f"the model did not start: {folder}: no such folder; {mend}")
    if not (folder / "config.json").is_file() or not any(folder.glob("*.safetensors")):
        raise OutsideError(f"the model did not start: {folder}: no config.json with *.safetensors; {mend}")
    return folder


def fingerprint(folder: Path) -> str:
    """Twelve hexadecimal digits over the model's configuration, tokenizer and each weight file's size and first MiB."""
    digest = hashlib.sha256()
    for file in sorted([*folder.glob("*.json"), *folder.glob("*.safetensors")]):
        digest.update(f"{file.name} {file.stat().st_size}\n".encode())
        with file.open("rb") as stream:
            digest.update(stream.read(2**20))
    return digest.hexdigest()[:12]


def dtype(folder: Path, wanted: str) -> str:
    """What vLLM is told: its own `auto` halves the precision of float32 weights, which flips bits of a MemoryFormer."""
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    of_weights = config.get("dtype") or config.get("torch_dtype")
    return "float32" if (wanted, of_weights) == ("auto", "float32") else wanted
