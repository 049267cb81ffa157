"""What a MemoryFormer's quality is beside dense transformers that cost as much, in bits per byte of held-out text.

    python bench/memory_quality.py --plan                               # models, costs and CPU minutes; trains nothing
    python bench/memory_quality.py --out DIR --json quality.json --figure quality.svg
    python bench/memory_quality.py --out DIR --only flops bytes         # some of the comparisons
    python bench/memory_quality.py --out DIR --only flops --widths 96 --rates 0.01 --set recipe.start_temperature=2

Each run trains one model with the project's trainer, on the corpus of a configuration of `pipeline train`, for the same
tokens and in the same order for a seed. `memory_quality_plan.py` says what is compared with what. Each family tries the
same learning rates, on its middle size and with a share of the tokens; the one with the least loss on the held-out text
is that of all its sizes. So the held-out text chose one of four rates, for each side alike.

A finished run is a file in DIR/runs, so the same command goes on where it was stopped. Several processes may share DIR:
a run is trained by the one that holds its lock, which the system opens when that process ends, however it ends.
A run that was stopped begins again. CPU seconds are those of steps; evaluations are told apart.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
import torch

from bench.memory_quality_figure import draw
from bench.memory_quality_plan import COMPARISONS, Comparison, Model, Options, Plan, costs, plan
from bench.memory_quality_runs import Clocked, Result, held, loss, read, train_all, with_rate
from bench.script import REPOSITORY, command_line, ended, machine, tell, versions
from domain import UserError
from models.training.packing import TYPE, TokenFile
from models.training.recipe import Recipe
from pipeline import typed_yaml
from pipeline.training import corpus
from pipeline.training.directory import settle
from pipeline.training.settings import TrainSettings

TOKENS = 1_800_000
"""By default, of one run."""


def settle_directory(options: argparse.Namespace, asked: Options) -> TrainSettings:
    """The settings of the corpus and of each training; DIR is theirs from now on.

    Raises:
        UserError: the configuration is wrong, or DIR has runs of other settings.
    """
    fixed = {
        "tokenizer.vocabulary": asked.vocabulary,
        "model.blocks": asked.blocks,
        "recipe.context": asked.context,
        "recipe.batch": asked.batch,
        "recipe.accumulate": 1,
        "recipe.threads": options.threads,
        "workers": 1,
    }
    overrides = (*options.set, *(f"{key}={value}" for key, value in fixed.items()))
    settings = typed_yaml.read(TrainSettings, options.config, overrides)
    settle(settings, options.out, resume=True)
    for folder in ("locks", "runs", "work"):
        (options.out / folder).mkdir(exist_ok=True)
    with held(options.out / "locks" / "corpus", wait=True):
        corpus.prepare(settings, options.out, print)
    return settings


# ------------------------------------------------------------------------------------------------------------- speeds


def speed(model: Model, asked: Options, steps: int) -> float:
    """Tokens of training for each CPU second of one thread, after a step that is not counted.

    The tokens are drawn at random, so more rows of tables are hit, and updated, than by text: it errs on the slow side.
    """
    recipe = Recipe(steps=steps + 1, context=asked.context, batch=asked.batch, warm_up=0, threads=1)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "tokens.bin"
        size = (steps + 1) * recipe.tokens_per_step + 1
        np.random.default_rng(0).integers(0, asked.vocabulary, size).astype(TYPE).tofile(file)
        text = TokenFile(file, asked.context, 0)
        trainer = Clocked(model.build(), recipe, text, text, np.ones(asked.vocabulary, int), Path(folder))
        trainer.train_step()
        begun = trainer.cpu_seconds
        for trainer.step in range(1, steps + 1):
            trainer.train_step()
    return steps * recipe.tokens_per_step / (trainer.cpu_seconds - begun)


def print_plan(planned: Plan, asked: Options, steps: int) -> None:
    """Models, costs, measured speeds, and the CPU minutes that follow."""
    print("\n".join(comparison_lines(planned, asked)))
    print(
        f"\n{'model':17} {'heads':>5} {'parameters':>11} {'in tables':>11} {'tokens/CPU s':>12} {'runs':>4}"
        f" {'minutes each':>12}"
    )
    total = longest = 0.0
    everything = [*planned.trials, *planned.runs]
    for model in dict.fromkeys(run.model for run in everything):
        measured, cost = speed(model, asked, steps), costs(model, asked.context)
        minutes = [run.steps * asked.batch * asked.context / measured / 60 for run in everything if run.model == model]
        total, longest = total + sum(minutes), max(longest, *minutes)
        print(
            f"{model.name:17} {model.settings.heads:5} {cost.parameters:11,} {cost.table_parameters:11,}"
            f" {measured:12,.0f} {len(minutes):4} {max(minutes):12.1f}",
            flush=True,
        )
    print(
        f"\n{len(planned.trials)} trials of a rate, {len(planned.runs)} runs: {total:.0f} CPU minutes of training, the "
        f"longest {longest:.1f}; evaluations come on top.\nMeasured in {steps} steps of random tokens on {machine()}."
    )


# ------------------------------------------------------------------------------------------------------------ results


def comparison_lines(planned: Plan, asked: Options) -> list[str]:
    """What is compared, and how near to equal it is."""
    lines = [f"{'equal':10} {'memory model':>17} {'rival':>12} {'cost':>12} {'of the rival':>12} {'off by':>7}"]
    for one in planned.comparisons:
        for memory, rival in one.pairs:
            mine, other = one.cost(memory), one.cost(rival)
            lines.append(
                f"{one.name:10} {memory.name:>17} {rival.name:>12} {mine:12,} {other:12,} {other / mine - 1:+7.1%}"
            )
    lines.append(
        f"{asked.steps():,} steps of {asked.batch * asked.context:,} tokens, vocabulary {asked.vocabulary}, context "
        f"{asked.context}, {asked.blocks} blocks"
    )
    return lines


def compared(one: Comparison, planned: Plan, out: Path) -> list[Result]:
    """For each pair: both losses for each seed, and memory − rival: below 0, the memory model is the better one."""
    rows: list[Result] = []
    for memory, rival in one.pairs:
        runs = {run: found for run in planned.runs if (found := read(with_rate(run, planned, out), out)) is not None}
        sides = [
            [loss(result, one.stored) for run, result in runs.items() if run.model == model and run.seed in one.seeds]
            for model in (memory, rival)
        ]
        finite = [[value for value in side if math.isfinite(value)] for side in sides]
        paired = [mine - other for mine, other in zip(*sides, strict=True) if math.isfinite(mine - other)]
        rows.append(
            {
                "equal": one.name,
                "stored": one.stored,
                "memory": memory.name,
                "rival": rival.name,
                "cost_memory": one.cost(memory),
                "cost_rival": one.cost(rival),
                "seeds": list(one.seeds),
                "memory_bits_per_byte": finite[0],
                "rival_bits_per_byte": finite[1],
                "differences": [round(value, 5) for value in paired],
                "mean_difference": round(sum(paired) / len(paired), 5) if paired else None,
            }
        )
    return rows


def result_of(planned: Plan, asked: Options, settings: TrainSettings, out: Path) -> Result:
    """Everything that is known of the runs of a plan, all of which have finished."""
    runs: list[Result] = []
    for run in (*planned.trials, *planned.runs):
        result = read(with_rate(run, planned, out), out)
        assert result is not None
        tokens = run.steps * settings.recipe.tokens_per_step
        kind = "trial" if run in planned.trials else "run"
        runs.append({"kind": kind, "tokens": tokens, **costs(run.model, asked.context)._asdict(), **result})
    rows = [row for one in planned.comparisons for row in compared(one, planned, out)]
    chosen = {run["model"]["family"]: run["learning_rate"] for run in runs if run["kind"] == "run"}
    ends = (min(asked.rates), max(asked.rates))
    return {
        "versions": versions(torch=torch.__version__),
        "options": asdict(asked),
        "settings": settings.model_dump(mode="json"),
        "corpus": json.loads((out / "corpus" / corpus.MANIFEST).read_text(encoding="utf-8")),
        "cpu_minutes": round(sum(run.get("cpu_seconds", 0.0) for run in runs) / 60, 1),
        "trials": [
            {key: run[key] for key in ("name", "seed", "learning_rate", "tokens", "bits_per_byte")}
            for run in runs
            if run["kind"] == "trial"
        ],
        "best_at_the_edge": {family: rate for family, rate in chosen.items() if rate in ends},
        "rows": rows,
        "runs": runs,
        "headline": {f"{row['equal']}_{row['memory']}_minus_{row['rival']}": row["mean_difference"] for row in rows},
    }


def print_result(found: Result) -> None:
    print(f"\n{'trial of a rate':17} {'rate':>6} {'tokens':>10} {'bits per byte':>13}")
    for trial in found["trials"]:
        print(f"{trial['name']:17} {trial['learning_rate']:6g} {trial['tokens']:10,} {loss(trial):13.4f}")
    for name, rate in found["best_at_the_edge"].items():
        print(f"{name}: {rate:g} is the best and an end of the rates tried; a rate beyond it may be better")
    print(f"\n{'equal':10} {'memory model':>17} {'rival':>12} {'bits per byte':>13} {'rival':>7}  difference by seed")
    for row in found["rows"]:
        mine, other = (
            f"{sum(values) / len(values):.4f}" if (values := row[f"{side}_bits_per_byte"]) else "-"
            for side in ("memory", "rival")
        )
        by_seed = ", ".join(f"{value:+.4f}" for value in row["differences"])
        print(f"{row['equal']:10} {row['memory']:>17} {row['rival']:>12} {mine:>13} {other:>7}  {by_seed}")


def options_of(told: argparse.Namespace) -> Options:
    """What a plan follows from, by the command line."""
    asked: dict[str, Any] = {}
    for field in fields(Options):
        value = getattr(told, field.name, field.default)
        asked[field.name] = tuple(value) if isinstance(value, list) else value
    return Options(**asked)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = command_line(__doc__, seed=False)
    parser.add_argument("--plan", action="store_true", help="print models, costs and CPU minutes, and train nothing")
    parser.add_argument("--plan-steps", type=int, default=3, help="steps that --plan times of each model")
    parser.add_argument("--out", type=Path, help="directory of the runs")
    parser.add_argument("--only", nargs="+", choices=COMPARISONS, default=COMPARISONS, help="these comparisons")
    parser.add_argument("--tokens", type=int, default=TOKENS, help="of training, for each run")
    parser.add_argument("--widths", type=int, nargs="+", default=Options.widths, help="d of the memory models")
    parser.add_argument("--blocks", type=int, default=Options.blocks)
    parser.add_argument("--vocabulary", type=int, default=Options.vocabulary)
    parser.add_argument("--context", type=int, default=Options.context)
    parser.add_argument("--batch", type=int, default=Options.batch, help="sequences of a step")
    parser.add_argument("--seeds", type=int, nargs="+", default=Options.seeds)
    parser.add_argument("--rates", type=float, nargs="+", default=Options.rates, help="that each family tries")
    parser.add_argument("--threads", type=int, default=1, help="of torch, in this process")
    parser.add_argument("--config", type=Path, default=REPOSITORY / "configs" / "memoryformer_small.yaml")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="of the configuration")
    parser.add_argument("--figure", type=Path, help="SVG of the results")
    options = parser.parse_args(arguments)
    where = machine(f"torch {torch.__version__}")
    asked = options_of(options)
    planned = plan(asked)
    if options.plan:
        print_plan(planned, asked, options.plan_steps)
        return
    if options.out is None:
        raise UserError("--out is missing: name the directory of the runs, or ask for --plan")
    settings = settle_directory(options, asked)
    print("\n".join(comparison_lines(planned, asked)), flush=True)
    train_all(planned, settings, options.out)
    found = result_of(planned, asked, settings, options.out)
    print_result(found)
    if options.figure:
        draw(found, options.figure)
    rows, headline = found.pop("rows"), found.pop("headline")
    tell(options, where, rows, headline, **found)


if __name__ == "__main__":
    sys.exit(ended(main))
