"""One language model, many callers.

`SharedModel` stands in front of an engine. A caller's prompts join what the engine is at as soon as there is room, and
each leaves when it is answered; nobody waits for the longest answer of somebody else. How many prompts are under way is
bounded, so callers wait when the engine is behind. Tokens are counted against a budget. It lives in one event loop (a
Ray actor's, say); the engine has threads or processes of its own.

What it keeps: every call gets the answers to its own prompts, in order, or the error that the engine raised; no more
tokens are generated than were allowed. Who else is under way can change rounding, and with it a sample: that the seed
does not fix (design, invariant 10).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

from actors.model_port import Engine, Generation, Start, generations
from domain import Completion, ModelCard, OutsideError, Prompt


@dataclass(slots=True)
class Usage:
    """What a model did so far; tokens are those of finished answers."""

    prompts: int = 0
    most_at_once: int = 0
    """Prompts that were under way at the same time."""
    tokens_in: int = 0
    tokens_out: int = 0
    refused: int = 0
    """Prompts not answered because the token budget was spent."""


class SharedModel:
    """One engine, and who may ask it next.

    States: not started → started → closed. `start` may be called by everyone; the first call starts the engine and all
    get its card, or the same error.
    """

    def __init__(self, open_engine: Callable[[], Engine], *, largest: int) -> None:
        """`largest` is how many prompts the engine works on at once; twice as many are handed to it."""
        self._open = open_engine
        self._room = asyncio.Semaphore(2 * largest)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="engine")
        self._starting: asyncio.Future[Engine] | None = None
        self._closed = asyncio.Event()
        self._left: int | None = None
        self._under_way = 0
        self._usage = Usage()

    async def start(self) -> ModelCard:
        return (await self._engine()).describe()

    async def generate(
        self, prompts: Sequence[Prompt], *, max_tokens: int, temperature: float, seed: int, stop: Sequence[str] = ()
    ) -> list[Completion]:
        """As the engine's `generate`; waits while too many prompts are under way."""
        batch = generations(prompts, max_tokens=max_tokens, temperature=temperature, seed=seed, stop=stop)
        return list(await asyncio.gather(*map(self.answer, batch)))

    async def answer(self, generation: Generation) -> Completion:
        """As the engine's `submit`."""
        engine = await self._engine()
        async with self._room:
            if self._closed.is_set():
                raise OutsideError("the model was closed")
            tokens = self._reserve(generation.max_tokens)
            if tokens == 0:
                self._usage.refused += 1
                return Completion("", 0, 0, "budget")
            self._under_way += 1
            self._usage.most_at_once = max(self._usage.most_at_once, self._under_way)
            spent = 0
            try:
                answer = await self._or_closed(
                    asyncio.wrap_future(engine.submit(replace(generation, max_tokens=tokens)))
                )
                spent = answer.tokens_out
            finally:
                self._under_way -= 1
                if self._left is not None:
                    self._left += tokens - spent
            self._usage.prompts += 1
            self._usage.tokens_in += answer.tokens_in
            self._usage.tokens_out += spent
            return answer

    async def allow(self, tokens: int | None) -> None:
        """Sets how many more tokens may be generated; None is no limit. Prompts beyond it finish with `budget`."""
        self._left = tokens

    async def describe(self) -> ModelCard:
        return await self.start()

    async def usage(self) -> Usage:
        return self._usage

    async def cpu_seconds(self) -> float:
        engine = await self._engine()
        return await asyncio.get_running_loop().run_in_executor(self._thread, engine.cpu_seconds)

    async def start_cost(self) -> Start:
        return (await self._engine()).start_cost()

    async def close(self) -> None:
        """Ends the engine. Calls that still wait get an `OutsideError`."""
        self._closed.set()
        if self._starting is not None and self._starting.done() and self._starting.exception() is None:
            await asyncio.get_running_loop().run_in_executor(self._thread, self._starting.result().close)
        self._thread.shutdown(wait=False)

    async def _engine(self) -> Engine:
        if self._closed.is_set():
            raise OutsideError("the model was closed")
        if self._starting is None:
            self._starting = asyncio.get_running_loop().run_in_executor(self._thread, self._open)
        return await asyncio.shield(self._starting)

    async def _or_closed(self, answer: asyncio.Future[Completion]) -> Completion:
        """An answer, unless the model is closed before."""
        closed = asyncio.ensure_future(self._closed.wait())
        try:
            await asyncio.wait([answer, closed], return_when=asyncio.FIRST_COMPLETED)
        finally:
            closed.cancel()
        if not answer.done():
            raise OutsideError("the model was closed")
        return answer.result()

    def _reserve(self, tokens: int) -> int:
        """How many of the tokens that a prompt may take are left for it."""
        if self._left is not None:
            tokens = max(0, min(tokens, self._left))
            self._left -= tokens
        return tokens
