"""Training: steps of gradient descent, evaluation on held-out text, metrics, checkpoints.

Invariants: a training that is stopped and resumed gives the same losses, bit for bit, as one that is not (with the same
threads on the same machine): what a step reads follows from the seed and its number, and a checkpoint holds everything
else. `metrics.jsonl` has no line of a step after the checkpoint that training resumed from.

Losses are bits per byte of text: the bits with which the model encodes the tokens, those of document ends included,
over the bytes that the tokens stand for. So models with different tokenizers compare.
"""

from __future__ import annotations

import json
import math
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from models.memoryformer.dense import DenseFormer
from models.memoryformer.layer import MemoryHash
from models.memoryformer.model import MemoryFormer
from models.memoryformer.optimizer import RowAdamW, parameter_groups
from models.training import checkpoint
from models.training.buckets import BucketCounts, BucketUse, bucket_use
from models.training.packing import TokenFile
from models.training.recipe import Architecture, Recipe

METRICS = "metrics.jsonl"

Say = Callable[[str], None]


class Workers(Protocol):
    """The processes that train together. Worker 0 alone writes."""

    rank: int
    count: int

    def add(self, tensors: list[Tensor]) -> None:
        """Replace each tensor by its sum over the workers."""
        ...


class Alone:
    """One process."""

    rank = 0
    count = 1

    def add(self, tensors: list[Tensor]) -> None:
        del tensors


class Evaluation(NamedTuple):
    """The loss on held-out text."""

    bits_per_byte: float
    bits_per_token: float
    tokens: int
    bytes: int


def new_model(architecture: Architecture, vocabulary: int, seed: int) -> MemoryFormer:
    """A fresh model, drawn by the seed."""
    torch.manual_seed(seed)
    settings = architecture.settings(vocabulary)
    return DenseFormer(settings) if architecture.kind == "dense" else MemoryFormer(settings)


def learning_rate(recipe: Recipe, step: int) -> float:
    """That of step `step`, from 0: a line up to the highest, then half a cosine down to its `final_share`."""
    if step < recipe.warm_up:
        return recipe.learning_rate * (step + 1) / (recipe.warm_up + 1)
    done = (step - recipe.warm_up) / max(1, recipe.steps - 1 - recipe.warm_up)
    fall = (1 + math.cos(math.pi * min(1.0, done))) / 2
    return recipe.learning_rate * (recipe.final_share + (1 - recipe.final_share) * fall)


def heat(recipe: Recipe, step: int) -> float:
    """What the temperature of all hashes is multiplied by in step `step`, from 0: geometrically, to 1 in the last."""
    last = recipe.steps - 1
    return recipe.start_temperature ** ((last - step) / max(1, last))


def loss_of(model: nn.Module, sequences: np.ndarray) -> Tensor:
    """The natural-log loss of all tokens but the first of each sequence, summed."""
    tokens = torch.from_numpy(sequences)
    logits = model(tokens[:, :-1])
    return functional.cross_entropy(logits.float().flatten(0, 1), tokens[:, 1:].flatten(), reduction="sum")


@torch.no_grad()
def evaluate(model: nn.Module, text: Iterator[np.ndarray], lengths: np.ndarray) -> Evaluation:
    """The loss on batches of sequences; `lengths` has the bytes of each token."""
    nats, tokens, size = 0.0, 0, 0
    for sequences in text:
        nats += loss_of(model, sequences).item()
        tokens += sequences[:, 1:].size
        size += int(lengths[sequences[:, 1:]].sum())
    bits = nats / math.log(2)
    return Evaluation(bits / max(1, size), bits / max(1, tokens), tokens, size)


class Trainer:
    """One training in one directory; several workers each have their own, with the same arguments but `workers`."""

    def __init__(
        self,
        model: nn.Module,
        recipe: Recipe,
        texts: TokenFile,
        held_out: TokenFile,
        lengths: np.ndarray,
        directory: Path,
        *,
        workers: Workers | None = None,
        say: Say = print,
    ) -> None:
        """Args:
        model: fresh, the same in all workers.
        recipe: how to train.
        texts: the training split.
        held_out: the held-out split.
        lengths: the bytes of each token.
        directory: where checkpoints and metrics go.
        workers: the processes that train together; by default this one alone.
        say: takes a line of progress.
        """
        torch.set_num_threads(recipe.threads)
        self.model = model
        self.step = 0
        self.seconds = 0.0
        self._recipe = recipe
        self._texts = texts
        self._held_out = held_out
        self._lengths = lengths
        self._directory = directory
        self._workers = workers or Alone()
        self._say: Say = say if self._workers.rank == 0 else lambda _: None
        self._hashes = [(part, part.temperature) for part in model.modules() if isinstance(part, MemoryHash)]
        self.optimizer = RowAdamW(parameter_groups(model, recipe.weight_decay), lr=recipe.learning_rate)

    def resume(self) -> int:
        """Go on from the newest checkpoint, if there is one; returns the steps that are done."""
        found = checkpoint.newest(self._directory)
        if found is not None:
            state = checkpoint.load(found, self.model, self.optimizer)
            self.step, self.seconds = state["step"], state["seconds"]
        if self._workers.rank == 0:
            _cut_metrics(self._directory / METRICS, self.step)
        return self.step

    def run(self, until: int | None = None) -> None:
        """Train up to step `until`, by default all steps of the recipe."""
        recipe, last = self._recipe, min(self._recipe.steps if until is None else until, self._recipe.steps)
        began, told = time.monotonic() - self.seconds, time.monotonic()
        if self.step == 0:
            self._evaluate()
        while self.step < last:
            at = time.monotonic()
            line = self.train_step()
            self.step += 1
            now = time.monotonic()
            self.seconds = now - began
            line |= {"step": self.step, "tokens": self.step * recipe.tokens_per_step, "seconds": round(self.seconds, 3)}
            line["tokens_per_second"] = round(recipe.tokens_per_step / (now - at), 1)
            self._write(line)
            if now - told > 10 or self.step == last:
                told = now
                self._say(
                    f"step {self.step} of {recipe.steps}: {line['bits_per_byte']:.3f} bits per byte, "
                    f"{line['tokens_per_second']:,.0f} tokens/s"
                )
            if self.step % recipe.evaluate_every == 0 or self.step == last:
                self._evaluate()
            if self.step % recipe.checkpoint_every == 0 or self.step == last:
                self._save()

    def train_step(self) -> dict[str, Any]:
        """One step of the optimizer, the same in all workers; returns what `metrics.jsonl` tells of it."""
        recipe, workers = self._recipe, self._workers
        nats, size = 0.0, 0
        self.optimizer.zero_grad()
        for hashing, temperature in self._hashes:
            hashing.temperature = temperature * heat(recipe, self.step)
        for part in range(workers.rank, recipe.accumulate, workers.count):
            sequences = self._texts.draw((self.step * recipe.accumulate + part) * recipe.batch, recipe.batch)
            with torch.autocast("cpu", torch.bfloat16, enabled=recipe.arithmetic == "bfloat16"):
                loss = self.loss(sequences)
            (loss / recipe.tokens_per_step).backward()
            nats += loss.item()
            size += int(self._lengths[sequences[:, 1:]].sum())
        gradients = [parameter.grad for parameter in self.model.parameters() if parameter.grad is not None]
        told = torch.tensor([nats, size], dtype=torch.double)
        workers.add([*gradients, told])
        norm = nn.utils.clip_grad_norm_(self.model.parameters(), recipe.clip)
        rate = learning_rate(recipe, self.step)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        self.optimizer.step()
        nats, size = told.tolist()
        if not math.isfinite(nats):
            raise FloatingPointError(f"the loss of step {self.step + 1} is {nats}: lower recipe.learning_rate")
        bits = nats / math.log(2)
        return {
            "kind": "train",
            "bits_per_byte": bits / max(1, size),
            "bits_per_token": bits / recipe.tokens_per_step,
            "learning_rate": rate,
            "gradient_norm": float(norm),
        }

    def loss(self, sequences: np.ndarray) -> Tensor:
        """What a step descends: `loss_of` the sequences (batch, context + 1)."""
        return loss_of(self.model, sequences)

    def _evaluate(self) -> None:
        if self._workers.rank:
            return
        counts = BucketCounts()
        self.model.eval()
        with counts.counting(self.model):
            text = self._held_out.sample(self._recipe.evaluation_tokens, self._recipe.batch)
            evaluation = evaluate(self.model, text, self._lengths)
        self.model.train()
        where = {"step": self.step, "tokens": self.step * self._recipe.tokens_per_step}
        told = {"bits_per_byte": evaluation.bits_per_byte, "bits_per_token": evaluation.bits_per_token}
        told |= {"held_out_tokens": evaluation.tokens, "held_out_bytes": evaluation.bytes}
        self._write({"kind": "evaluation", **where, **told})
        uses: list[BucketUse] = bucket_use(counts, self.model, self.optimizer)
        for use in uses:
            self._write({"kind": "buckets", **where, **use._asdict()})
        self._say(f"step {self.step}: {evaluation.bits_per_byte:.4f} bits per byte on held-out text")

    def _save(self) -> None:
        if self._workers.rank == 0:
            checkpoint.save(self._directory, self.step, self.model, self.optimizer, {"seconds": self.seconds})

    def _write(self, line: dict[str, Any]) -> None:
        if self._workers.rank == 0:
            self._directory.mkdir(parents=True, exist_ok=True)
            with (self._directory / METRICS).open("a", encoding="utf-8") as sink:
                sink.write(json.dumps(line) + "\n")


def _cut_metrics(file: Path, step: int) -> None:
    """Leave the lines up to a step: a training that was killed after its checkpoint wrote more, and half a line."""
    if not file.is_file():
        return
    lines: list[str] = []
    for line in file.read_text(encoding="utf-8").splitlines():
        try:
            kept = step > 0 and json.loads(line)["step"] <= step
        except (ValueError, TypeError, KeyError):
            continue
        if kept:
            lines.append(line + "\n")
    fresh = file.with_suffix(".tmp")
    with fresh.open("w", encoding="utf-8") as sink:
        sink.writelines(lines)
        sink.flush()
        os.fsync(sink.fileno())
    fresh.replace(file)
