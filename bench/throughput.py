"""Tokens a second through the model's actor, beside the bare engine and beside closed batches.

    python bench/throughput.py --json throughput.json                         (the small MemoryFormer, some minutes)
    python bench/throughput.py --model SmolLM2-135M-Instruct --prompts 60

The same prompts in all arms, with answers of mixed length (8 tokens and more, most of them short), drawn by seed.

* `bare`: vLLM alone in a process, which has all prompts from the beginning. This is the most that can be had.
* `actor`: callers, each with one prompt at a time, ask the Ray actor, as workers do. Answers leave when they are done.
* `closed`: the same callers, but whoever arrives within 20 ms makes a batch, and the next one begins when all of it is
  answered. This is how the actor worked before.
* `replicas`: two actors behind one.

A caller waits for its answer, then asks the next. `seconds_to_answer` is the median of what callers waited; in `bare`
all wait from the beginning.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from actors.local_engine import EngineSettings, LocalEngine
from actors.model_port import Engine, Generation
from bench.script import Row, command_line, ended, machine, tell
from domain import Completion, ModelCard, Prompt
from models import MEMORYFORMER

ARMS = ("bare", "actor", "closed", "replicas")
CONTEXT = 512
SHORTEST, LONGEST = 8, 384
STEM = "Theorem goal : forall n m, add n (next m) = next (add n m).\nProof.\n"
COLUMNS = {
    "arm": "{arm}",
    "callers": "{callers}",
    "tokens": "{tokens:,}",
    "tokens/s": "{tokens_per_second:,.0f}",
    "median s to an answer": "{seconds_to_answer:.2f}",
}


def drawn(prompts: int, seed: int) -> list[Generation]:
    """Prompts with limits from `SHORTEST` to `LONGEST` tokens, of which half are at most some 50."""
    rng = random.Random(seed)
    limits = [min(LONGEST, round(SHORTEST * (LONGEST / SHORTEST) ** rng.random())) for _ in range(prompts)]
    return [Generation(Prompt("", "", STEM), limit, 1.0, place) for place, limit in enumerate(limits)]


class ClosedBatches:
    """Whoever arrives within a short window is answered together, once the longest answer is written."""

    def __init__(self, open_engine: Callable[[], Engine], *, largest: int) -> None:
        self._engine = open_engine()
        self._largest = largest
        self._waiting: asyncio.Queue[tuple[Generation, asyncio.Future[Completion]]] = asyncio.Queue()
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> ModelCard:
        return self._engine.describe()

    async def answer(self, generation: Generation) -> Completion:
        if self._task is None:
            self._task = asyncio.create_task(self._serve())
        answer: asyncio.Future[Completion] = asyncio.get_running_loop().create_future()
        await self._waiting.put((generation, answer))
        return await answer

    async def _serve(self) -> None:
        while True:
            batch = [await self._waiting.get()]
            await asyncio.sleep(0.02)
            while not self._waiting.empty() and len(batch) < self._largest:
                batch.append(self._waiting.get_nowait())
            sent = [asyncio.wrap_future(self._engine.submit(generation)) for generation, _ in batch]
            for (_, answer), written in zip(batch, await asyncio.gather(*sent), strict=True):
                answer.set_result(written)


def bare(settings: EngineSettings, asked: list[Generation]) -> Row:
    """All prompts at once, in this process."""
    engine = LocalEngine(settings)
    engine.generate([asked[0].prompt] * settings.batch, max_tokens=SHORTEST, temperature=1.0, seed=0)
    began, waited = time.perf_counter(), list[float]()
    answers = [engine.submit(generation) for generation in asked]
    for answer in answers:
        answer.add_done_callback(lambda _: waited.append(time.perf_counter() - began))
    tokens = sum(answer.result().tokens_out for answer in answers)
    seconds = time.perf_counter() - began
    engine.close()
    return {
        "tokens": tokens,
        "tokens_per_second": tokens / seconds,
        "seconds_to_answer": statistics.median(waited),
    }


def through(handle: Any, asked: list[Generation], callers: int) -> Row:
    """What callers get who ask one prompt after the other."""
    import ray

    ray.get([handle.answer.remote(Generation(one.prompt, SHORTEST, 1.0, 0)) for one in asked[:callers]])
    waiting: SimpleQueue[Generation] = SimpleQueue()
    for generation in asked:
        waiting.put(generation)

    def call(_: int) -> list[tuple[float, int]]:
        return list(_calls(handle, waiting))

    began = time.perf_counter()
    with ThreadPoolExecutor(callers) as threads:
        told = [one for found in threads.map(call, range(callers)) for one in found]
    seconds = time.perf_counter() - began
    tokens = sum(written for _, written in told)
    waited = statistics.median(took for took, _ in told)
    return {"tokens": tokens, "tokens_per_second": tokens / seconds, "seconds_to_answer": waited}


def _calls(handle: Any, waiting: SimpleQueue[Generation]) -> Iterator[tuple[float, int]]:
    import ray

    while True:
        try:
            generation = waiting.get_nowait()
        except Empty:
            return
        began = time.perf_counter()
        answer: Completion = ray.get(handle.answer.remote(generation))
        yield time.perf_counter() - began, answer.tokens_out


def measured(arm: str, settings: EngineSettings, asked: list[Generation], callers: int) -> Row:
    if arm == "bare":
        return bare(settings, asked)
    import ray

    from actors import cluster
    from actors.language_model import open_model, start, wait_for

    cluster.connect(address=None, cpus=2, object_store_mib=100)
    if arm == "closed":
        actor: Any = ray.remote(num_cpus=0)(ClosedBatches)
        handle = actor.remote(partial(open_model, settings), largest=settings.batch)
        ray.get(handle.start.remote())
    else:
        starting = start(settings, replicas=2 if arm == "replicas" else 1)  # which keeps the replicas alive
        handle = wait_for(starting)
    found = through(handle, asked, callers)
    cluster.leave()
    return found


def main() -> int:
    parser = command_line(__doc__)
    parser.add_argument("--model", default=MEMORYFORMER, help="one of our own")
    parser.add_argument("--prompts", type=int, default=160)
    parser.add_argument("--batch", type=int, default=8, help="sequences decoded at once")
    parser.add_argument("--callers", type=int, default=16, help="that wait for one answer each")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--one", help=argparse.SUPPRESS)
    options = parser.parse_args()
    settings = EngineSettings(name=options.model, context=CONTEXT, batch=options.batch, chat_template=False)
    asked = drawn(options.prompts, options.seed)
    if options.one is not None:
        print(json.dumps(measured(options.one, settings, asked, options.callers)))
        return 0
    where, rows = machine(), list[Row]()
    for _ in range(options.repeats):  # the arms take turns, so that a slow minute of the machine is no arm's own
        for arm in ARMS:
            command = [sys.executable, __file__, "--one", arm, "--model", options.model, "--seed", str(options.seed)]
            command += ["--prompts", str(options.prompts), "--batch", str(options.batch)]
            command += ["--callers", str(options.callers)]
            done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, check=True)
            row: Row = json.loads(done.stdout.splitlines()[-1])
            rows.append({"arm": arm, "callers": options.callers if arm != "bare" else 1} | row)
    rates = {arm: statistics.median(row["tokens_per_second"] for row in rows if row["arm"] == arm) for arm in ARMS}
    headline = {
        "tokens_ratio_vs_bare_engine": round(rates["actor"] / rates["bare"], 3),
        "ratio_vs_closed_batches": round(rates["actor"] / rates["closed"], 2),
        "ratio_of_two_replicas": round(rates["replicas"] / rates["actor"], 2),
    }
    tell(options, where, rows, headline, COLUMNS)
    return 0


if __name__ == "__main__":
    sys.exit(ended(main))
