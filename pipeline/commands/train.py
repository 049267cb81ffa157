"""`train`: trains a small language model on formal text, in this process or in the workers of Ray Train."""

from __future__ import annotations

import json as json_text
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from domain import OutsideError, UserError
from pipeline import typed_yaml

if TYPE_CHECKING:
    from models.training.session import Job
    from pipeline.training.settings import TrainSettings


def train(
    configuration: Annotated[Path, Parameter(name="CONFIG")],
    /,
    *,
    out: Path | None = None,
    resume: bool = False,
    until: int | None = None,
    set: Annotated[tuple[str, ...], Parameter(name="--set", show_default=False)] = (),  # noqa: A002 (the option's name)
    json: bool = False,
) -> int:
    """Train a MemoryFormer, or a dense transformer to compare it with, on Rocq and Lean text.

    Writes `corpus/`, `metrics.jsonl`, `checkpoints/`, `model/` and `model-int8/` (with their tokenizer),
    `summary.json` and a page with the loss curves.

    Examples:
        python -m pipeline train configs/memoryformer_small.yaml --out runs/memoryformer_small
        python -m pipeline train configs/memoryformer_small.yaml --out runs/memoryformer_small --resume
        python -m pipeline train configs/memoryformer_small.yaml --set model.kind=dense --out runs/dense_small

    Args:
        configuration: YAML file; docs/configuration.md lists its keys under `train`.
        out: directory of the training; by default runs/ and the configuration's name.
        resume: go on from the newest checkpoint in the directory.
        until: stop after this step, with a checkpoint to resume from.
        set: key=value, overrides one setting, for example recipe.steps=100; may be given several times.
        json: print summary.json, or what is known of a training that is not at its end.
    """
    from pipeline.training.settings import TrainSettings

    if until is not None and until < 1:
        raise UserError(f"--until {until}: must be 1 or more")
    settings = typed_yaml.read(TrainSettings, configuration, set)
    directory = out or Path("runs") / configuration.stem
    from pipeline.training import corpus
    from pipeline.training.directory import alone, settle

    with alone(directory):
        settle(settings, directory, resume=resume)
        from pipeline.loop.progress import Progress
        from pipeline.training.page import write_report

        with Progress(directory / "logs" / "train.log") as progress:
            if not (directory / "summary.json").is_file():
                corpus.prepare(settings, directory, progress.say)
                _train(settings, directory, until, progress)
            else:
                progress.say(f"{directory} is at its end already")
            page = write_report(directory)
    told = _told(directory)
    if json:
        print(json_text.dumps(told | {"report": str(page)}))
    elif "stored" not in told:
        print(f"stopped after step {told['step']} of {settings.recipe.steps}: add --resume to go on\nReport: {page}")
    else:
        for stored, of_it in told["stored"].items():
            print(f"{stored} tables: {of_it['bits_per_byte']:.4f} bits per byte, {of_it['bytes'] / 1e6:.1f} MB")
        print(f"Model: {directory / 'model'}\nReport: {page}")
    return 0


def _train(settings: TrainSettings, directory: Path, until: int | None, progress: Any) -> None:
    from models.training.session import Job, train

    job = Job(directory.resolve(), settings.model, settings.recipe, settings.seed, until)
    progress.stage(f"training for {settings.recipe.steps:,} steps of {settings.recipe.tokens_per_step:,} tokens")
    try:
        if settings.workers > 1:
            _in_ray(job, settings)
        else:
            train(job, say=progress.say)
    except FloatingPointError as error:
        raise OutsideError(f"{error}; {directory}: the newest checkpoint is kept") from error


def _told(directory: Path) -> dict[str, Any]:
    summary = directory / "summary.json"
    if summary.is_file():
        return json_text.loads(summary.read_text(encoding="utf-8"))
    lines = (directory / "metrics.jsonl").read_text(encoding="utf-8").splitlines()
    return next((line for line in map(json_text.loads, reversed(lines)) if line["kind"] == "evaluation"), {"step": 0})


# ------------------------------------------------------------------------------------------------------- Ray Train


def _in_ray(job: Job, settings: TrainSettings) -> None:
    """Runs the job in `settings.workers` processes that add up their gradients; they must see its directory.

    Raises:
        OutsideError: the cluster is not there, or a worker failed.
    """
    from ray.train import FailureConfig, RunConfig, ScalingConfig
    from ray.train.torch import TorchConfig, TorchTrainer

    from actors.cluster import connect, leave

    connect(address=settings.ray_address, cpus=settings.workers, object_store_mib=100)
    try:
        TorchTrainer(
            _work,
            train_loop_config={"job": job},
            torch_config=TorchConfig(backend="gloo"),
            scaling_config=ScalingConfig(num_workers=settings.workers, resources_per_worker={"CPU": 1}),
            run_config=RunConfig(
                name="train", storage_path=str(job.directory / "ray"), failure_config=FailureConfig(max_failures=0)
            ),
        ).fit()
    except Exception as error:  # Ray Train wraps whatever a worker raised
        said = " ".join(str(error).split())
        raise OutsideError(f"a worker failed: {said[-300:]}; the newest checkpoint is kept: --resume") from error
    finally:
        leave()


def _work(given: dict[str, Any]) -> None:
    """What each worker does."""
    from models.training.session import train
    from models.training.together import Together

    train(given["job"], workers=Together())
