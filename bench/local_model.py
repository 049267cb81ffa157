"""How fast the local models write in vLLM, as a run has them do it: the small MemoryFormer and SmolLM2-135M.

    python bench/local_model.py --json local_model.json                     (two or three minutes on an idle machine)
    python bench/local_model.py --memoryformer runs/memoryformer_small/model-int8

Each model has a process of its own, one thread, and eager mode. Prompts are the end of a Rocq file; an answer has at
most `--tokens` tokens. Tokens a second are the median of `--repeats` calls after one that does not count, in wall
time. `active_bytes` is what one more token of one sequence reads: rows, head, norms, biases and one row of the
embedding, as they are stored (for a dense model all weights but the rest of an untied embedding), and, apart, the keys
and values of the positions before it.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench.script import Row, command_line, ended, machine, table, tell
from models import MEMORYFORMER, model_path

COLUMNS = {
    "model": "{model}",
    "file bytes": "{file_bytes:,}",
    "start s": "{start_seconds:.1f}",
    "active bytes": "{active_bytes:,}",
    "cache bytes": "{cache_bytes:,}",
    "batch": "{batch}",
    "tokens/s": "{tokens_per_second:,.0f}",
}
BATCHES = (1, 8, 16)
CONTEXT = 512
PROMPT = """Inductive num : Type := zero : num | next : num -> num.

Fixpoint add (n m : num) : num := match n with zero => m | next k => next (add k m) end.

Theorem goal : forall n m, add n (next m) = next (add n m)."""


def measured(folder: Path, tokens: int, repeats: int) -> Row:
    """One model, in this process."""
    from actors.local_engine import EngineSettings, LocalEngine
    from domain import Prompt

    engine = LocalEngine(EngineSettings(folder, context=CONTEXT, batch=max(BATCHES)))
    prompt = Prompt("", PROMPT, "Proof.\n  intros n m.")
    rows: list[Row] = []
    for batch in BATCHES:
        rates: list[float] = []
        for repeat in range(repeats + 1):
            began = time.perf_counter()
            answers = engine.generate([prompt] * batch, max_tokens=tokens, temperature=1.0, seed=repeat)
            rates.append(sum(answer.tokens_out for answer in answers) / (time.perf_counter() - began))
        rows.append({"batch": batch, "tokens_per_second": round(statistics.median(rates[1:]), 1)})
    start = engine.start_cost()
    engine.close()
    of_start = {"start_seconds": round(start.seconds, 1), "start_cpu_seconds": round(start.cpu_seconds, 1)}
    files = sum(file.stat().st_size for file in folder.glob("*.safetensors"))
    return {"model": folder.name, "file_bytes": files, **of_start, **active_bytes(folder), "rows": rows}


def active_bytes(folder: Path) -> dict[str, int]:
    """What one more token reads, without keys and values; and these for a full context."""
    config = json.loads((folder / "config.json").read_text())
    if config["model_type"] != "memoryformer":
        from safetensors import safe_open

        with safe_open(next(folder.glob("*.safetensors")), "pt") as weights:
            sizes = {name: weights.get_tensor(name).nbytes for name in weights.keys()}  # noqa: SIM118
        tied = config.get("tie_word_embeddings", False)
        read = sum(size for name, size in sizes.items() if tied or "embed_tokens" not in name)
        cached = config["num_hidden_layers"] * config["num_key_value_heads"]
        cached *= config["hidden_size"] // config["num_attention_heads"]
        return {"active_bytes": read, "cache_bytes": 2 * 2 * cached * CONTEXT}
    from models.memoryformer.model import MemoryFormer
    from models.memoryformer.storage import StoredTables

    model = MemoryFormer.from_pretrained(folder)
    read = sum(tensor.nbytes for tensor in model.state_dict().values())
    read -= model.embedding.weight.nbytes - model.embedding.weight[0].nbytes
    for name, module in model.named_modules():
        if isinstance(module, StoredTables):
            bits = model.settings.bits + (model.settings.extra_bits if "contract" in name else 0)
            stored = [t for t in (module.get_buffer("tables"), module.scales) if t is not None]
            read -= sum(tensor.nbytes - (tensor.nbytes >> bits) for tensor in stored)
    return {"active_bytes": read, "cache_bytes": 2 * 4 * model.settings.blocks * model.settings.width * CONTEXT}


def main() -> None:
    parser = command_line(__doc__, seed=False)
    parser.add_argument("--memoryformer", type=Path, default=model_path(MEMORYFORMER))
    parser.add_argument("--dense", type=Path, default=model_path())
    parser.add_argument("--tokens", type=int, default=64, help="of an answer")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--one", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one is not None:
        print(json.dumps(measured(options.one, options.tokens, options.repeats)))
        return
    where = machine()
    models: list[Row] = []
    for folder in (options.memoryformer, options.dense):
        command = [sys.executable, __file__, "--one", str(folder), "--tokens", str(options.tokens)]
        command += ["--repeats", str(options.repeats)]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, check=True)
        models.append(json.loads(done.stdout.splitlines()[-1]))
    ours, dense = models
    ratios = {
        str(row["batch"]): round(row["tokens_per_second"] / other["tokens_per_second"], 2)
        for row, other in zip(ours["rows"], dense["rows"], strict=True)
    }
    print(table(COLUMNS, [model | row for model in models for row in model["rows"]]))
    print("ratio by batch:", ", ".join(f"{batch}: {ratio}" for batch, ratio in ratios.items()))
    headline = {"memoryformer_tokens_per_second_batch_16": ours["rows"][-1]["tokens_per_second"]}
    tell(options, where, models, headline, context=CONTEXT, tokens=options.tokens, ratio_by_batch=ratios)


if __name__ == "__main__":
    sys.exit(ended(main))
