"""The port of a language model: what the engine in this process and a server's client have in common."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

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


class Engine(Protocol):
    """Answers batches of prompts, in order."""

    def run(self, batch: Sequence[Generation]) -> list[Completion]:
        """One batch; each prompt with parameters of its own."""
        ...

    def generate(
        self, prompts: Sequence[Prompt], *, max_tokens: int, temperature: float, seed: int, stop: Sequence[str] = ()
    ) -> list[Completion]:
        """`run` with the same parameters for all; see `generations` for the seeds."""
        ...

    def describe(self) -> ModelCard: ...

    def start_cost(self) -> Start: ...

    def cpu_seconds(self) -> float:
        """CPU seconds of this process tree since the model was ready."""
        ...

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
