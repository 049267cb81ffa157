"""The trainings of `memory_quality.py`: one, and all of a plan in one directory that several processes may share.

Invariants: a file in DIR/runs is the result of a run that finished; no two processes train a run at once.
"""

from __future__ import annotations

import fcntl
import json
import math
import shutil
import tempfile
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypeAlias

import torch
from torch import nn

from bench.memory_quality_plan import Plan, Run
from library_store.files import write_atomically
from models.memoryformer.storage import int8_rows
from models.training.packing import TokenFile
from models.training.recipe import Recipe
from models.training.tokenizer import byte_lengths, load_tokenizer
from models.training.trainer import METRICS, Trainer, evaluate
from pipeline.training.settings import TrainSettings

EVALUATIONS = 10
"""During a run, of `SAMPLE` held-out tokens each; all of the held-out text is read at its end."""
SAMPLE = 16_384
POINTS = 40
"""Of the curve of the training loss."""
WAIT = 5.0
"""Seconds until it is looked again whether another process has finished a run that is waited for."""

Result: TypeAlias = dict[str, Any]


# ------------------------------------------------------------------------------------------------------------ one run


class Clocked(Trainer):
    """A trainer that adds up the CPU seconds of its steps, and leaves no checkpoint: a run that stops begins again."""

    cpu_seconds = 0.0

    def train_step(self) -> dict[str, Any]:
        begun = time.process_time()
        line = super().train_step()
        self.cpu_seconds += time.process_time() - begun
        return line | {"cpu_seconds": round(self.cpu_seconds, 3)}

    def _save(self) -> None:
        pass


@torch.no_grad()
def round_to_int8(model: nn.Module) -> None:
    """Give each matrix, table, embedding and head the values that it has when its rows are stored in 8 bits."""
    for parameter in model.parameters():
        if parameter.dim() > 1:
            integers, scales = int8_rows(parameter)
            parameter.copy_(integers * scales[:, None].float())


def train(run: Run, settings: TrainSettings, out: Path) -> Result:
    """Train one model and evaluate it, in float32 and with int8 rows."""
    recipe = settings.recipe
    folder = out / "corpus"
    lengths = byte_lengths(load_tokenizer(folder))
    held_out = TokenFile(folder / "held_out.bin", recipe.context, settings.seed)
    text = TokenFile(folder / "train.bin", recipe.context, run.seed)
    working = Path(tempfile.mkdtemp(prefix=f"{run.model.name}-", dir=out / "work"))
    try:
        torch.manual_seed(run.seed)
        begun = time.process_time()
        try:
            model, recipe_here = run.model.build(), recipe_of(settings, run)
            trainer = Clocked(model, recipe_here, text, held_out, lengths, working, say=lambda _: None)
            trainer.run()
        except FloatingPointError as error:
            return told(run) | {"diverged": str(error), "bits_per_byte": {}, "curve": [], "training": []}
        found: dict[str, float] = {}
        for stored in ("float32", "int8"):
            if stored == "int8":
                round_to_int8(trainer.model)
            whole = evaluate(trainer.model, held_out.sample(len(held_out.tokens), recipe.batch), lengths)
            found[stored] = whole.bits_per_byte
            held_out_size = {"held_out_tokens": whole.tokens, "held_out_bytes": whole.bytes}
        other = time.process_time() - begun - trainer.cpu_seconds
        times = {"cpu_seconds": round(trainer.cpu_seconds, 2), "other_cpu_seconds": round(other, 2)}
        return told(run) | times | held_out_size | {"bits_per_byte": found} | curves(working / METRICS)
    finally:
        shutil.rmtree(working)


def recipe_of(settings: TrainSettings, run: Run) -> Recipe:
    """The recipe of a run: warm-up for a twentieth of the steps."""
    steps = run.steps
    changed = {"steps": steps, "learning_rate": run.rate, "warm_up": steps // 20}
    changed |= {"evaluate_every": -(-steps // EVALUATIONS), "evaluation_tokens": SAMPLE}
    return Recipe.model_validate(settings.recipe.model_dump() | changed)


def told(run: Run) -> Result:
    """What was trained."""
    settings = {"family": run.model.family, **asdict(run.model.settings), "ngram_rows": run.model.rows}
    return {"name": run.model.name, "seed": run.seed, "learning_rate": run.rate, "steps": run.steps, "model": settings}


def curves(metrics: Path) -> Result:
    """Loss against tokens and CPU seconds: `curve` on held-out text, `training` as means over equal parts."""
    lines = [json.loads(line) for line in metrics.read_text(encoding="utf-8").splitlines()]
    steps = [line for line in lines if line["kind"] == "train"]
    spent = {0: 0.0} | {line["step"]: line["cpu_seconds"] for line in steps}
    curve = [
        {"tokens": line["tokens"], "cpu_seconds": spent[line["step"]], "bits_per_byte": round(line["bits_per_byte"], 4)}
        for line in lines
        if line["kind"] == "evaluation"
    ]
    training = [
        {
            "tokens": part[-1]["tokens"],
            "bits_per_byte": round(sum(line["bits_per_byte"] for line in part) / len(part), 4),
        }
        for part in (steps[len(steps) * at // POINTS : len(steps) * (at + 1) // POINTS] for at in range(POINTS))
        if part
    ]
    return {"curve": curve, "training": training}


# ----------------------------------------------------------------------------------------------------------- all runs


@contextmanager
def held(file: Path, *, wait: bool = False) -> Generator[bool]:
    """Hold a lock while this lasts; yields whether it was to be had."""
    with file.open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        yield True


def file_of(run: Run, out: Path) -> Path:
    """Where the result of a run is, whose rate is known."""
    heads, rows = run.model.settings.heads, run.model.rows
    return out / "runs" / f"{run.model.name}-{heads}-{rows}-seed{run.seed}-rate{run.rate:g}-steps{run.steps}.json"


def read(run: Run | None, out: Path) -> Result | None:
    """The result of a run whose rate is known, if it has finished."""
    if run is None or not (file := file_of(run, out)).is_file():
        return None
    return json.loads(file.read_text(encoding="utf-8"))


def loss(result: Result, stored: str = "float32") -> float:
    """Bits per byte; infinite for a training that diverged."""
    return result["bits_per_byte"].get(stored, math.inf)


def with_rate(run: Run, planned: Plan, out: Path) -> Run | None:
    """The run at the rate whose trial has the least loss; None while a trial of its family is missing."""
    if run.rate is not None:
        return run
    results = [read(trial, out) for trial in planned.trials if trial.model.family == run.model.family]
    done = [result for result in results if result is not None]
    return run._replace(rate=min(done, key=loss)["learning_rate"]) if len(done) == len(results) else None


def train_all(planned: Plan, settings: TrainSettings, out: Path) -> None:
    """Train what has no result yet and is trained by no other process, until all has one."""

    def missing() -> list[Run]:
        everything = [*planned.trials, *planned.runs]
        return [run for run in everything if read(with_rate(run, planned, out), out) is None]

    while waiting := missing():
        idle = True
        for run in waiting:
            known = with_rate(run, planned, out)
            if known is None:
                continue
            file = file_of(known, out)
            with held(out / "locks" / file.stem) as mine:
                if not mine or file.is_file():
                    continue
                idle = False
                result = train(known, settings, out)
                write_atomically(file, (json.dumps(result, indent=1) + "\n").encode())
            print(f"{file.stem}: {line_of(result)}", flush=True)
        if idle:
            time.sleep(WAIT)


def line_of(result: Result) -> str:
    if "diverged" in result:
        return result["diverged"]
    return (
        f"rate {result['learning_rate']:g}, {loss(result):.4f} bits per byte, {loss(result, 'int8'):.4f} with int8, "
        f"{result['cpu_seconds'] / 60:.1f} CPU minutes and {result['other_cpu_seconds'] / 60:.1f} of evaluation"
    )
