"""The port of a language model: what the engine in this process and a server's client have in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass

from domain import Completion, ModelCard, Prompt


@dataclass(frozen=True, slots=True)
class Generation:
    """One prompt with its sampling parameters."""

    prompt: Prompt
    max_tokens: int
    temperature: float
    seed: int
    stop: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Start:
    """What starting a model cost, apart from the answers."""

    seconds: float
    cpu_seconds: float


class Engine(ABC):
    """Answers prompts, several at a time; each has parameters of its own."""

    @abstractmethod
    def submit(self, generation: Generation) -> Future[Completion]:
        """The answer to come. Many may be under way; may be called from any thread, and waits for nothing."""

    def generate(
        self, prompts: Sequence[Prompt], *, max_tokens: int, temperature: float, seed: int, stop: Sequence[str] = ()
    ) -> list[Completion]:
        """Answers in the order of the prompts; prompt `i` samples with `seed + i`. Temperature 0 is greedy."""
        batch = generations(prompts, max_tokens=max_tokens, temperature=temperature, seed=seed, stop=stop)
        return [answer.result() for answer in [self.submit(generation) for generation in batch]]

    @abstractmethod
    def describe(self) -> ModelCard: ...

    @abstractmethod
    def start_cost(self) -> Start: ...

    @abstractmethod
    def cpu_seconds(self) -> float:
        """CPU seconds of the model's process trees since it was ready."""

    @abstractmethod
    def close(self) -> None: ...


def generations(
    prompts: Sequence[Prompt], *, max_tokens: int, temperature: float, seed: int, stop: Sequence[str] = ()
) -> list[Generation]:
    """One generation per prompt; prompt `i` samples with `seed + i`, so equal prompts get different answers."""
    return [
        Generation(prompt, max_tokens, temperature, seed + index, tuple(stop)) for index, prompt in enumerate(prompts)
    ]


def plain_text(prompt: Prompt) -> str:
    """The prompt for a model without a chat template."""
    return "\n\n".join(part for part in (prompt.system, prompt.user, prompt.opening) if part)
