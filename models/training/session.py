"""One training from a prepared corpus to saved models: what `train` runs, in one process or in each worker."""

from __future__ import annotations

import copy
import json
import shutil
from pathlib import Path
from typing import Any, NamedTuple, get_args

from models.memoryformer.model import CONFIG, MemoryFormer
from models.memoryformer.storage import TableType, store_tables
from models.training.packing import TokenFile
from models.training.recipe import Architecture, Recipe
from models.training.tokenizer import END, byte_lengths, load_tokenizer, save_tokenizer
from models.training.trainer import Evaluation, Say, Trainer, Workers, evaluate, new_model

SUMMARY = "summary.json"
"""Written when all steps are done and the models are saved."""

MODEL, SMALL_MODEL = "model", "model-int8"
"""Folders of the trained model: as it was trained, and with int8 tables."""


class Job(NamedTuple):
    """What a worker is told; plain values."""

    directory: Path
    """Holds `corpus/`; gets `metrics.jsonl`, `checkpoints/`, `model/` and the rest."""
    architecture: Architecture
    recipe: Recipe
    seed: int
    until: int | None = None
    """The step to stop at, to be resumed later; None trains to the end."""


def train(job: Job, *, workers: Workers | None = None, say: Say = print) -> None:
    """Train, from the newest checkpoint if there is one; at the end worker 0 saves the models and `summary.json`."""
    corpus = job.directory / "corpus"
    tokenizer = load_tokenizer(corpus)
    lengths = byte_lengths(tokenizer)
    model = new_model(job.architecture, len(lengths), job.seed)
    texts, held_out = (
        TokenFile(corpus / f"{split}.bin", job.recipe.context, job.seed) for split in ("train", "held_out")
    )
    trainer = Trainer(model, job.recipe, texts, held_out, lengths, job.directory, workers=workers, say=say)
    done = trainer.resume()
    if done:
        say(f"going on after step {done}")
    trainer.run(job.until)
    if trainer.step < job.recipe.steps or (workers is not None and workers.rank):
        return

    def more(folder: Path) -> None:
        save_tokenizer(tokenizer, folder, job.recipe.context)
        end = tokenizer.token_to_id(END)
        config = json.loads((folder / CONFIG).read_text())
        config |= {"bos_token_id": end, "eos_token_id": end, "pad_token_id": end}
        config["max_position_embeddings"] = job.recipe.context
        (folder / CONFIG).write_text(json.dumps(config, indent=2) + "\n")

    summary: dict[str, Any] = {
        "kind": job.architecture.kind,
        "steps": trainer.step,
        "tokens": trainer.step * job.recipe.tokens_per_step,
        "seconds": round(trainer.seconds, 1),
        "parameters": sum(parameter.numel() for parameter in model.parameters()),
    }
    _save(model, job.directory / MODEL, more)
    types: tuple[TableType, ...] = get_args(TableType) if job.architecture.kind == "memoryformer" else ("float32",)
    told: dict[TableType, Evaluation] = {}
    sizes: dict[TableType, int] = {}
    for stored in types:
        rounded = copy.deepcopy(model)
        store_tables(rounded, stored)
        sample = held_out.sample(job.recipe.evaluation_tokens, job.recipe.batch)
        told[stored], sizes[stored] = evaluate(rounded, sample, lengths), _size(rounded)
        if stored == "int8":
            _save(rounded, job.directory / SMALL_MODEL, more)
    summary["stored"] = {
        stored: {"bits_per_byte": found.bits_per_byte, "bytes": sizes[stored]} for stored, found in told.items()
    }
    summary["held_out"] = {"tokens": told["float32"].tokens, "bytes": told["float32"].bytes}
    summary["bits_per_byte"] = told["float32"].bits_per_byte
    fresh = job.directory / f".{SUMMARY}"
    fresh.write_text(json.dumps(summary, indent=1) + "\n")
    fresh.replace(job.directory / SUMMARY)


def _save(model: MemoryFormer, folder: Path, more: Any) -> None:
    shutil.rmtree(folder, ignore_errors=True)  # of an earlier end of the same training
    model.save_pretrained(folder, more)


def _size(model: MemoryFormer) -> int:
    """Bytes of all tensors, which is the file without its header."""
    return sum(tensor.numel() * tensor.element_size() for tensor in model.state_dict().values())
