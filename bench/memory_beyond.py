"""Whether ideas beyond the paper make a MemoryFormer better: variants of one, in bits per byte of held-out text.

    python bench/memory_beyond.py                # a tiny plan on made-up text, in seconds; its losses mean nothing
    python bench/memory_beyond.py --plan         # variants, costs and CPU minutes; trains nothing
    python bench/memory_beyond.py --out DIR --json beyond.json --figure beyond.svg

Corpus, held-out files, tokens, order of the tokens and trials of learning rates are those of `memory_quality.py`, whose
DIR may be the same: then the base's runs, its middle size, are shared. `memory_beyond_plan.py` says what the variants
are. Each is trained with the first seed, at the learning rate that is best for the base, so a variant that wants
another rate is measured below its worth. The best five of equal FLOPs are trained with the other seeds too, as is the
base. A finished run is a file in DIR/runs: the same command goes on where it was stopped, and several processes may
share DIR.
"""

from __future__ import annotations

import math
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))


from bench.memory_beyond_conversion import prepare_converted
from bench.memory_beyond_figure import draw
from bench.memory_beyond_plan import CHANGES, HOT, Beyond, Variant, costs, plan_variants
from bench.memory_quality import asked_of, circumstances, machine, parser_of, settle_directory, speed, tell
from bench.memory_quality_plan import Model, Options, Plan, Run
from bench.memory_quality_runs import Clocked, Result, Texts, loss, prepare, read, train_all, with_rate
from domain import UserError
from pipeline.training.settings import TrainSettings

REPEATED = 5
"""Variants that are trained with the other seeds too."""

EQUAL = 1.07
"""At most so many times the base's FLOPs in blocks has a variant that is repeated: others cannot be kept."""

TINY = "--widths 32 --blocks 2 --vocabulary 270 --context 16 --batch 2 --tokens 512 --rates 0.01"
"""Options of the tiny plan."""


# ----------------------------------------------------------------------------------------------------------- training


def train_beyond(beyond: Beyond, asked: Options, settings: TrainSettings, out: Path) -> list[Run]:
    """Train what is missing; returns the runs with the other seeds, of the base and of the best variants."""
    train_all(Plan([], beyond.trials, []), settings, out)

    def prepare_variant(run: Run, settings: TrainSettings, texts: Texts, working: Path) -> Clocked:
        changes = run.model.changes if isinstance(run.model, Variant) else []
        if "converted" in changes:
            dense = next(trial for trial in beyond.trials if trial.model.family == "dense")
            known = with_rate(dense._replace(rate=None), planned, out)
            assert known is not None
            assert known.rate is not None
            return prepare_converted(run, settings, texts, working, known.rate)
        for change in HOT.keys() & changes:
            hot = settings.recipe.model_copy(update={"start_temperature": HOT[change]})
            settings = settings.model_copy(update={"recipe": hot})
        return prepare(run, settings, texts, working)

    planned = Plan([], beyond.trials, beyond.runs)
    train_all(planned, settings, out, prepare_variant)
    losses = {run.model: loss(found) for run in beyond.runs if (found := read(with_rate(run, planned, out), out))}
    most = EQUAL * costs(beyond.base, asked.context).block_flops
    equal = [variant for variant in beyond.variants if costs(variant, asked.context).block_flops <= most]
    best = sorted(equal, key=losses.__getitem__)[:REPEATED]
    again = [Run(model, seed, None, asked.steps()) for model in (beyond.base, *best) for seed in asked.seeds[1:]]
    train_all(Plan([], beyond.trials, again), settings, out, prepare_variant)
    return again


# ------------------------------------------------------------------------------------------------------------ results


def cost_lines(beyond: Beyond, asked: Options) -> list[str]:
    """What each variant costs, for one token, as shares of the base's costs."""
    base = costs(beyond.base, asked.context)
    told = (
        f"base {beyond.base.name}: {base.parameters:,} parameters; {base.block_flops:,} multiply-accumulates "
        f"and {base.block_operations:,} operations in blocks; {base.moved:,} bytes moved; {asked.steps():,} steps of "
        f"{asked.batch * asked.context:,} tokens, {asked.blocks} blocks"
    )
    lines = [
        told,
        f"{'as shares of the base':26} {'parameters':>10} {'FLOPs':>6} {'operations':>10} {'bytes':>6}",
    ]
    for variant in beyond.variants:
        cost = costs(variant, asked.context)
        shares = (mine / other for mine, other in zip(cost, base, strict=True))
        parameters, _, flops, operations, moved = shares
        lines.append(f"{variant.name:26} {parameters:10.3f} {flops:6.3f} {operations:10.3f} {moved:6.3f}")
    return lines


def print_plan(beyond: Beyond, asked: Options, steps: int) -> None:
    """Variants, costs, measured speeds, and the CPU minutes that follow."""
    print("\n".join(cost_lines(beyond, asked)))
    print(f"\n{'model':26} {'heads':>5} {'tokens/CPU s':>12} {'minutes':>7}")
    minutes: dict[Model, float] = {}
    trials = 0.0
    for model in dict.fromkeys(run.model for run in (*beyond.runs, *beyond.trials)):
        # `converted` is told as a base: half of it is a dense model, which is faster, half a base with its predictions.
        measured = speed(model, asked, steps)
        minutes[model] = asked.tokens / measured / 60
        tried = sum(run.steps for run in beyond.trials if run.model == model)
        trials += tried / asked.steps() * minutes[model]
        print(f"{model.name:26} {model.settings.heads:5} {measured:12,.0f} {minutes[model]:7.1f}", flush=True)
    first = sum(minutes[run.model] for run in beyond.runs)
    slowest = sorted((minutes[variant] for variant in beyond.variants), reverse=True)
    again = (len(asked.seeds) - 1) * (minutes[beyond.base] + sum(slowest[:REPEATED]))
    print(
        f"\nCPU minutes of training: {len(beyond.trials)} trials of a rate {trials:.0f}, {len(beyond.runs)} runs "
        f"{first:.0f}, the longest {slowest[0]:.1f}; other seeds of the base and the best {REPEATED} at most "
        f"{again:.0f}; together at most {trials + first + again:.0f}.\n"
        f"Evaluations come on top. Measured in {steps} steps of random tokens on {machine()}."
    )


def rows_of(beyond: Beyond, runs: Sequence[Run], asked: Options, out: Path) -> list[Result]:
    """For the base and each variant: costs, losses by seed, and the differences from the base of the same seed."""
    planned = Plan([], beyond.trials, [])
    found = {(run.model, run.seed): read(with_rate(run, planned, out), out) for run in runs}
    base = {seed: loss(result) for (model, seed), result in found.items() if model == beyond.base and result}
    rows: list[Result] = []
    for model in (beyond.base, *beyond.variants):
        mine = {seed: result for (other, seed), result in found.items() if other == model and result}
        losses = {seed: loss(result) for seed, result in mine.items()}
        apart = {
            seed: round(value - base[seed], 5) for seed, value in losses.items() if math.isfinite(value - base[seed])
        }
        cost = costs(model, asked.context)
        change = model.change if isinstance(model, Variant) else "base"
        rows.append(
            {
                "change": change,
                "words": CHANGES.get(change, "as the other bench trains it"),
                "name": model.name,
                **cost._asdict(),
                "flops_share": round(cost.block_flops / costs(beyond.base, asked.context).block_flops, 4),
                "moved_share": round(cost.moved / costs(beyond.base, asked.context).moved, 4),
                "bits_per_byte": {seed: value for seed, value in losses.items() if math.isfinite(value)},
                "differences": apart if model != beyond.base else {},
                "mean_difference": round(sum(apart.values()) / len(apart), 5) if apart else None,
                "cpu_seconds": [result.get("cpu_seconds") for result in mine.values()],
            }
        )
    return rows


def result_of(beyond: Beyond, again: Sequence[Run], asked: Options, settings: TrainSettings, out: Path) -> Result:
    """Everything that is known of the runs, all of which have finished."""
    planned = Plan([], beyond.trials, [])
    runs = (*beyond.runs, *again)
    results = [result for run in runs if (result := read(with_rate(run, planned, out), out))]
    trials = [result for run in beyond.trials if (result := read(run, out))]
    rows = rows_of(beyond, runs, asked, out)
    base = list(rows[0]["bits_per_byte"].values())
    return circumstances(asked, settings, out) | {
        "cpu_minutes": round(sum(run.get("cpu_seconds", 0.0) for run in (*trials, *results)) / 60, 1),
        "trials": [{key: run[key] for key in ("name", "seed", "learning_rate", "bits_per_byte")} for run in trials],
        "base_by_seed_apart": round(max(base) - min(base), 5) if base else None,
        "variants": rows,
        "runs": results,
        "headline": {row["change"]: row["mean_difference"] for row in rows[1:]},
    }


def print_result(found: Result) -> None:
    print(f"\n{'trial of a rate':26} {'rate':>6} {'bits per byte':>13}")
    for trial in found["trials"]:
        print(f"{trial['name']:26} {trial['learning_rate']:6g} {loss(trial):13.4f}")
    print(
        f"\n{'variant':26} {'parameters':>11} {'FLOPs':>9} {'/ base':>6} {'bytes':>10} {'/ base':>6} {'CPU s':>7} "
        f"{'bits per byte':>16}  less the base of the seed"
    )
    for row in found["variants"]:
        losses = ", ".join(f"{value:.4f}" for value in row["bits_per_byte"].values()) or "-"
        apart = ", ".join(f"{value:+.4f}" for value in row["differences"].values())
        spent = [time for time in row["cpu_seconds"] if time is not None]
        seconds = f"{sum(spent) / len(spent):.1f}" if spent else "-"
        print(
            f"{row['name']:26} {row['parameters']:11,} {row['block_flops']:9,} {row['flops_share']:6.3f} "
            f"{row['moved']:10,} {row['moved_share']:6.3f} {seconds:>7} {losses:>16}  {apart}"
        )
    print(
        f"The base's seeds lie {found['base_by_seed_apart']} apart. FLOPs: multiply-accumulates of the blocks for a "
        f"token at {found['options']['context']} positions.\nAll variants have the base's learning rate. What was "
        f"repeated was chosen by its first seed, the best of those of at most {EQUAL} times the base's FLOPs: the "
        "other seeds tell what it is worth."
    )


# ------------------------------------------------------------------------------------------------------------ command


def made_up(folder: Path) -> Path:
    """Writes twelve short files and a configuration that reads them; returns the configuration."""
    texts = folder / "texts"
    texts.mkdir()
    for file in range(12):
        lines = [f"Lemma l{file}_{n} : {n} + {file} = {file} + {n}. Proof. auto. Qed." for n in range(12)]
        (texts / f"{file}.v").write_text("\n".join(lines))
    configuration = folder / "tiny.yaml"
    configuration.write_text(f"corpus: [{{source: text, path: {texts}}}]\nheld_out: {{share: 0.3}}\n")
    return configuration


def tiny(folder: Path) -> list[str]:
    """Options for short trainings on made-up text."""
    return [*TINY.split(), "--config", str(made_up(folder)), "--out", str(folder / "out")]


def main(arguments: Sequence[str] | None = None) -> int:
    parser = parser_of(__doc__)
    options = parser.parse_args(arguments)
    if not options.plan and options.out is None:
        with tempfile.TemporaryDirectory() as folder:
            return main([*(sys.argv[1:] if arguments is None else arguments), *tiny(Path(folder))])
    try:
        asked = asked_of(options, ())
        beyond = plan_variants(asked)
        if options.plan:
            print_plan(beyond, asked, options.plan_steps)
            return 0
        settings = settle_directory(options, asked)
        print("\n".join(cost_lines(beyond, asked)), flush=True)
        again = train_beyond(beyond, asked, settings, options.out)
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    tell(result_of(beyond, again, asked, settings, options.out), options, print_result, draw)
    return 0


if __name__ == "__main__":
    sys.exit(main())
