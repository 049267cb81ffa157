"""How fast a memory layer is beside `nn.Linear`, and a MemoryFormer beside a dense transformer, on this CPU.

    python bench/memory_layer.py --json memory_layer.json                    (an idle machine; half an hour)
    python bench/memory_layer.py --widths 512 1024 --tokens 1 --types f32 --threads 1 --models     (one minute)

Sides take turns in one process; a figure is the median over seeds of the median over calls, in wall time.

* cold: a call finds nothing of its tables or weights in the caches. Layers rotate until they hold at least four times
  the last cache; inputs are made so that each row of each table is read once before any is read again, hence no two
  tokens of a call share a row. That is the worst case for a memory layer and, at many tokens, worse than real text.
* warm: one layer and one input, again and again.

`f32` and `bf16` compare modules (`MemoryLayer`, `nn.Linear`); `int8` compares tables and weights of 8 bits under an
input of 32 (`kernel.fused`, `quantized.linear_dynamic`). Where nothing is compiled the reference computes; it is shown
in a column of its own. A whole model decodes random tokens after 256; `bandwidth` is that of sums over 256 MiB, and the
roofline of a model is what that bandwidth allows if each byte that a token needs is read once.
"""

from __future__ import annotations

import statistics
import sys
import warnings
from collections.abc import Iterator, Sequence
from itertools import cycle, product
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import torch
from torch import Tensor, nn

from bench.clock import Budget, Call, medians, timed
from bench.script import Row, command_line, ended, machine, table, tell
from models.memoryformer import kernel
from models.memoryformer.dense import DenseFormer
from models.memoryformer.flops import memory as model_memory
from models.memoryformer.layer import MemoryHash, MemoryLayer, MemoryTables
from models.memoryformer.model import MemoryFormer
from models.memoryformer.settings import PUBLISHED

LAYERS = {
    "d": "{width}",
    "type": "{type}",
    "threads": "{threads}",
    "caches": "{caches}",
    "tokens": "{tokens}",
    "memory µs": "{memory_us:.1f}",
    "dense µs": "{dense_us:.1f}",
    "ratio": "{ratio:.2f}",
    "of the reference": "{reference_ratio}",
    "GB/s": "{memory_gb_s:.1f}",
    "dense GB/s": "{dense_gb_s:.1f}",
}
MODELS = {
    "size": "{size}",
    "type": "{type}",
    "threads": "{threads}",
    "tokens/s": "{memory_tokens_per_second:.1f}",
    "dense": "{dense_tokens_per_second:.1f}",
    "ratio": "{ratio:.2f}",
    "reference": "{reference_tokens_per_second:.1f}",
    "MB": "{memory_mb_per_token:.1f}",
    "dense MB": "{dense_mb_per_token:.1f}",
    "of roofline": "{memory_share_of_roofline:.0%}",
    "dense of it": "{dense_share_of_roofline:.0%}",
}
"""What is printed of each row."""

BITS = 8
TYPES = {"f32": torch.float32, "bf16": torch.bfloat16, "int8": torch.int8}
CONTEXT = 256
"""Positions in the cache before a model's tokens are timed."""


def cache_bytes() -> int:
    """Size of the last cache; 32 MiB where the system does not say."""
    sizes = sorted(Path("/sys/devices/system/cpu/cpu0/cache").glob("index*/size"))
    return max((int(file.read_text().strip().removesuffix("K")) << 10 for file in sizes), default=32 << 20)


# -------------------------------------------------------------------------------------------------------------- timing


def bandwidth(threads: int) -> float:
    """GB that are read a second: the median over sums of 4 MiB each, which rotate over 256 MiB."""
    torch.set_num_threads(threads)
    parts = torch.ones(64 << 20).split(1 << 20)
    return parts[0].nbytes / statistics.median(timed(part.sum) for part in 4 * parts)


# --------------------------------------------------------------------------------------------------------- one layer


def covering_inputs(width: int, tokens: int, seed: int) -> list[Tensor]:
    """Inputs (tokens, width) which together hit each row of each table of a layer once, in an order drawn at random."""
    random = torch.Generator().manual_seed(seed)
    rows = torch.stack([torch.randperm(1 << BITS, generator=random) for _ in range(width // BITS)], dim=1)
    signs = ((rows[..., None] >> torch.arange(BITS)) & 1) * 2 - 1
    entries = torch.randn(signs.shape, generator=random).abs() * signs
    return list(entries.view(-1, width)[: (1 << BITS) // tokens * tokens].split(tokens))


def memory_calls(width: int, inputs: Sequence[Tensor], layers: int, name: str) -> list[list[Call]]:
    """For each input the call of each layer. What the tables hold does not change what a call costs."""
    chunks = width // BITS
    if name == "int8":
        operands = [
            (
                torch.ones(chunks << BITS, width, dtype=torch.int8),
                torch.zeros(width),
                torch.ones(chunks << BITS, dtype=torch.float16),
            )
            for _ in range(layers)
        ]
        fused = kernel.load()
        return [[lambda x=x, o=o: fused(x, BITS, True, 1.0, *o) for o in operands] for x in inputs]
    modules: list[MemoryLayer] = []
    for _ in range(layers):
        with torch.device("meta"):
            module = MemoryLayer(MemoryHash(BITS, "official"), MemoryTables(chunks, BITS, width))
        module = module.to(TYPES[name]).to_empty(device="cpu")
        for parameter in module.parameters():
            parameter.fill_(0.02)
        modules.append(module)
    return [[lambda x=x, m=m: m(x) for m in modules] for x in inputs]


def dense_calls(width: int, inputs: Sequence[Tensor], layers: int, name: str) -> list[list[Call]]:
    """For each input the call of each layer."""
    if name == "int8":
        scales, zeros = torch.full((width,), 0.01), torch.zeros(width, dtype=torch.long)
        packed: list[Any] = []
        for _ in range(layers):
            weight = torch.quantize_per_channel(torch.randn(width, width), scales, zeros, 0, torch.qint8)
            packed.append(torch.ops.quantized.linear_prepack(weight, torch.zeros(width)))
        dynamic = torch.ops.quantized.linear_dynamic
        return [[lambda x=x, p=p: dynamic(x, p, True) for p in packed] for x in inputs]
    modules = [nn.Linear(width, width).to(TYPES[name]) for _ in range(layers)]
    return [[lambda x=x, m=m: m(x) for m in modules] for x in inputs]


def rotating(calls: list[list[Call]]) -> Iterator[Call]:
    return cycle([call for by_layer in calls for call in by_layer])


def without_kernel(calls: Iterator[Call]) -> Iterator[Call]:
    def slow(call: Call) -> None:
        with kernel.reference_only():
            call()

    return (lambda call=call: slow(call) for call in calls)


def compare_layers(width: int, tokens: int, name: str, warm: bool, seed: int, budget: Budget) -> dict[str, float]:
    """Side → median microseconds, at the number of threads that is set."""
    size, table = TYPES[name].itemsize, (width // BITS << BITS) * width * TYPES[name].itemsize
    torch.manual_seed(seed)
    if warm:
        inputs, layers, matrices = [torch.randn(tokens, width)], 1, 1
    else:
        inputs, layers = covering_inputs(width, tokens, seed), -(-4 * cache_bytes() // table)
        matrices = max(2, -(-4 * cache_bytes() // (width * width * size)))
    inputs = [x.to(torch.bfloat16 if name == "bf16" else torch.float32) for x in inputs]
    memories = memory_calls(width, inputs, layers, name)
    sides = {"memory": rotating(memories), "dense": rotating(dense_calls(width, inputs[:16], matrices, name))}
    if name != "int8":
        sides["reference"] = without_kernel(rotating(memories))
    return medians(sides, budget)


def layer_row(
    width: int, tokens: int, name: str, threads: int, warm: bool, seeds: Sequence[int], budget: Budget
) -> Any:
    torch.set_num_threads(threads)
    runs = [compare_layers(width, tokens, name, warm, seed, budget) for seed in seeds]
    us = {side: statistics.median(run[side] for run in runs) for side in runs[0]}
    ratios = [run["dense"] / run["memory"] for run in runs]
    size = TYPES[name].itemsize
    return {
        "width": width,
        "type": name,
        "threads": threads,
        "tokens": tokens,
        "caches": "warm" if warm else "cold",
        **{f"{side}_us": round(value, 2) for side, value in us.items()},
        "ratio": round(statistics.median(ratios), 3),
        "ratio_range": [round(min(ratios), 3), round(max(ratios), 3)],
        "reference_ratio": round(us["dense"] / us["reference"], 3) if "reference" in us else None,
        "memory_gb_s": round(tokens * width // BITS * width * size / us["memory"] / 1e3, 2),
        "dense_gb_s": round(width * width * size / us["dense"] / 1e3, 2),
    }


# ----------------------------------------------------------------------------------------------------- a whole model


@torch.no_grad()
def compare_models(size: str, name: str, threads: int, seed: int, steps: int) -> Row:
    """Milliseconds of one more token of one sequence: the model, a dense one of its settings, the reference."""
    torch.set_num_threads(threads)
    torch.manual_seed(seed)
    settings, dtype = PUBLISHED[size], TYPES[name]
    memory, dense = MemoryFormer(settings).to(dtype).eval(), DenseFormer(settings).to(dtype).eval()
    tokens = torch.randint(settings.vocabulary, (1, CONTEXT + steps))

    def decoding(model: MemoryFormer) -> Iterator[Call]:
        cache = model.new_cache(1, CONTEXT + steps)
        model(tokens[:, :CONTEXT], cache)
        return iter([lambda i=i: model(tokens[:, i : i + 1], cache) for i in range(CONTEXT, CONTEXT + steps)])

    sides = {"memory": decoding(memory), "dense": decoding(dense), "reference": without_kernel(decoding(memory))}
    found: dict[str, list[int]] = {side: [] for side in sides}
    for step in range(steps):
        for side, calls in sides.items():
            nanoseconds = timed(next(calls))
            if step >= 2:
                found[side].append(nanoseconds)
    return {side: statistics.median(times) / 1e6 for side, times in found.items()}


def model_row(size: str, name: str, threads: int, seeds: Sequence[int], steps: int, gb_s: float) -> Row:
    runs = [compare_models(size, name, threads, seed, steps) for seed in seeds]
    ms = {side: statistics.median(run[side] for run in runs) for side in runs[0]}
    moved = model_memory(PUBLISHED[size], TYPES[name].itemsize)
    needed = {"memory": moved.moved[CONTEXT], "dense": moved.moved_dense[CONTEXT]}
    roofline = {side: gb_s * 1e9 / count for side, count in needed.items()}
    return {
        "size": size,
        "type": name,
        "threads": threads,
        **{f"{side}_tokens_per_second": round(1e3 / value, 2) for side, value in ms.items()},
        "ratio": round(ms["dense"] / ms["memory"], 3),
        **{f"{side}_mb_per_token": round(count / 1e6, 1) for side, count in needed.items()},
        **{f"{side}_roofline_tokens_per_second": round(value, 1) for side, value in roofline.items()},
        **{f"{side}_share_of_roofline": round(1e3 / ms[side] / value, 3) for side, value in roofline.items()},
    }


# ---------------------------------------------------------------------------------------------------------------- main


def dense_wins(rows: Sequence[Row]) -> list[str]:
    """Where `nn.Linear` is faster, by type, threads and caches."""
    kinds = dict.fromkeys((row["type"], row["threads"], row["caches"]) for row in rows)
    lines: list[str] = []
    for kind in kinds:
        of = [row for row in rows if (row["type"], row["threads"], row["caches"]) == kind and row["ratio"] < 1]
        where = ", ".join(f"{row['width']}×{row['tokens']}" for row in of)
        lines.append(f"dense is faster, {kind[0]}, threads {kind[1]}, {kind[2]}: {where or 'nowhere'}")
    return lines


def main() -> None:
    parser = command_line(__doc__, seed=False)
    parser.add_argument("--widths", type=int, nargs="+", default=[512, 768, 1024, 4096])
    parser.add_argument("--tokens", type=int, nargs="+", default=[1, 4, 16, 64, 256])
    parser.add_argument("--types", nargs="+", choices=TYPES, default=list(TYPES))
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--seconds", type=float, default=0.2, help="spent on each side of a comparison and seed")
    parser.add_argument("--models", nargs="*", choices=PUBLISHED, default=["tiny"], help="sizes that decode")
    parser.add_argument("--steps", type=int, default=64, help="tokens that each model decodes")
    options = parser.parse_args()
    warnings.filterwarnings("ignore", category=DeprecationWarning)  # torch's of its quantized tensors
    warnings.filterwarnings("ignore", category=UserWarning)
    torchs = f"torch {torch.__version__}"
    where = machine(torch.backends.cpu.get_cpu_capability(), f"last cache {cache_bytes() >> 20} MiB", torchs)
    budget = Budget(options.seconds, 5, 1000)
    read = {threads: bandwidth(threads) for threads in options.threads}
    print("bandwidth: " + ", ".join(f"{value:.1f} GB/s with {threads}" for threads, value in read.items()) + "\n")
    rows: list[Row] = []
    with torch.no_grad():
        for name, threads, warm, width, tokens in product(
            options.types, options.threads, (False, True), options.widths, options.tokens
        ):
            rows.append(layer_row(width, tokens, name, threads, warm, options.seeds, budget))
            print(f"{width} {name}, {tokens} tokens: {rows[-1]['ratio']}", file=sys.stderr, flush=True)
    models = [
        model_row(size, name, threads, options.seeds[:1], options.steps, read[threads])
        for size, name, threads in product(options.models, ("f32", "bf16"), options.threads)
        if name in options.types
    ]
    print(table(LAYERS, rows) + "\n\n" + "\n".join(dense_wins(rows)) + "\n")
    print(table(MODELS, models))
    tell(options, where, rows, {}, seed=options.seeds, bandwidth_gb_s=read, models=models)


if __name__ == "__main__":
    sys.exit(ended(main))
