"""One language model, many callers.

`SharedModel` stands in front of an engine. It puts the requests of several workers that arrive within a short window
into one batch, through a bounded queue that makes callers wait when the engine is behind, and it counts tokens against
a budget. It lives in one event loop (a Ray actor's, say), the engine in one thread of its own.

What it keeps: every call gets the answers to its own prompts, in order, or the error that the engine raised; no more
tokens are generated than were allowed. Who else is in a batch can change rounding, and with it a sample: that the seed
does not fix (design, invariant 10).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

from actors.model_port import Engine, Generation, Start, generations
from domain import Completion, ModelCard, OutsideError, Prompt


@dataclass(frozen=True, slots=True)
class Usage:
    """What a model did so far; tokens are those of finished answers."""

    batches: int = 0
    prompts: int = 0
    largest_batch: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    refused: int = 0
    """Prompts not answered because the token budget was spent."""


@dataclass(slots=True)
class _Call:
    batch: list[Generation]
    answer: asyncio.Future[list[Completion]]


class SharedModel:
    """One engine behind a bounded queue.

    States: not started → started → closed. `start` may be called by everyone; the first call starts the engine and all
    get its card, or the same error.
    """

    def __init__(
        self, open_engine: Callable[[], Engine], *, largest: int, window_seconds: float = 0.02, waiting: int = 64
    ) -> None:
        """`largest` is how many prompts one batch gathers (a single call may be larger), `waiting` bounds the queue."""
        self._open = open_engine
        self._largest = largest
        self._window = window_seconds
        self._queue: asyncio.Queue[_Call] = asyncio.Queue(waiting)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="engine")
        self._starting: asyncio.Future[Engine] | None = None
        self._server: asyncio.Task[None] | None = None
        self._closed = False
        self._left: int | None = None
        self._usage = Usage()

    async def start(self) -> ModelCard:
        return (await self._engine()).describe()

    async def generate(
        self, prompts: Sequence[Prompt], *, max_tokens: int, temperature: float, seed: int, stop: Sequence[str] = ()
    ) -> list[Completion]:
        """As the engine's `generate`; waits while the queue is full."""
        await self._engine()
        if not prompts:
            return []
        batch = generations(prompts, max_tokens=max_tokens, temperature=temperature, seed=seed, stop=stop)
        call = _Call(batch, asyncio.get_running_loop().create_future())
        await self._queue.put(call)
        return await call.answer

    async def allow(self, tokens: int | None) -> None:
        """Sets how many more tokens may be generated; None is no limit. Prompts beyond it finish with `budget`."""
        self._left = tokens

    async def describe(self) -> ModelCard:
        return await self.start()

    async def usage(self) -> Usage:
        return self._usage

    async def cpu_seconds(self) -> float:
        return (await self._engine()).cpu_seconds()

    async def start_cost(self) -> Start:
        return (await self._engine()).start_cost()

    async def close(self) -> None:
        """Ends the engine. Calls that still wait get an `OutsideError`."""
        self._closed = True
        if self._server is not None:
            self._server.cancel()
        while not self._queue.empty():
            self._queue.get_nowait().answer.set_exception(OutsideError("the model was closed"))
        if self._starting is not None and self._starting.done() and self._starting.exception() is None:
            await asyncio.get_running_loop().run_in_executor(self._thread, self._starting.result().close)
        self._thread.shutdown(wait=False)

    async def _engine(self) -> Engine:
        if self._closed:
            raise OutsideError("the model was closed")
        if self._starting is None:
            loop = asyncio.get_running_loop()
            self._starting = loop.run_in_executor(self._thread, self._open)
            self._server = loop.create_task(self._serve())
        return await asyncio.shield(self._starting)

    async def _serve(self) -> None:
        engine = await self._engine()
        loop = asyncio.get_running_loop()
        while True:
            calls = [await self._queue.get()]
            try:
                await asyncio.sleep(self._window)
                while not self._queue.empty() and sum(len(call.batch) for call in calls) < self._largest:
                    calls.append(self._queue.get_nowait())
                asked = self._within_budget([generation for call in calls for generation in call.batch])
                try:
                    run = [generation for generation in asked if generation.max_tokens]
                    answered = iter(await loop.run_in_executor(self._thread, engine.run, run) if run else [])
                except Exception as error:  # noqa: BLE001 - handed to the callers, who see it as if they had run the engine
                    for call in calls:
                        if not call.answer.done():
                            call.answer.set_exception(error)
                    self._settle(asked, [])
                    continue
            except asyncio.CancelledError:
                for call in calls:
                    call.answer.cancel()
                raise
            answers = [next(answered) if one.max_tokens else Completion("", 0, 0, "budget") for one in asked]
            self._settle(asked, answers)
            begin = 0
            for call in calls:
                end = begin + len(call.batch)
                if not call.answer.done():
                    call.answer.set_result(answers[begin:end])
                begin = end

    def _within_budget(self, batch: list[Generation]) -> list[Generation]:
        """Reserves each prompt's tokens; what does not fit is cut, down to 0 tokens (which is not run)."""
        if self._left is None:
            return batch
        kept: list[Generation] = []
        for generation in batch:
            tokens = max(0, min(generation.max_tokens, self._left))
            self._left -= tokens
            kept.append(replace(generation, max_tokens=tokens))
        return kept

    def _settle(self, asked: list[Generation], answers: list[Completion]) -> None:
        """Counts what was spent and gives back what was reserved and not used."""
        spent = sum(answer.tokens_out for answer in answers)
        if self._left is not None:
            self._left += sum(generation.max_tokens for generation in asked) - spent
        run = [answer for answer in answers if answer.finish != "budget"]
        self._usage = Usage(
            batches=self._usage.batches + bool(run),
            prompts=self._usage.prompts + len(run),
            largest_batch=max(self._usage.largest_batch, len(run)),
            tokens_in=self._usage.tokens_in + sum(answer.tokens_in for answer in run),
            tokens_out=self._usage.tokens_out + spent,
            refused=self._usage.refused + len(answers) - len(run),
        )
