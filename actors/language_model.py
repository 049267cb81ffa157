"""The language model as Ray actors: vLLM or a server behind `SharedModel`, one of it or several.

`LocalEngine` (in `actors.local_engine`) runs vLLM, `OpenAIEndpoint` (in `actors.endpoint`) asks a server, and
`Replicas` (in `actors.replicas`) asks other actors; all are plain classes with the port of `actors.model_port`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple
from uuid import uuid4

import ray

from actors import placement
from actors.endpoint import EndpointSettings, OpenAIEndpoint
from actors.local_engine import EngineSettings, LocalEngine
from actors.model_port import Engine, Generation
from actors.replicas import Replicas, loaded
from actors.shared_model import SharedModel
from domain import Completion

ModelSettings = EngineSettings | EndpointSettings


def open_model(settings: ModelSettings) -> Engine:
    """Starts the engine, or reaches the server, that the settings name."""
    return OpenAIEndpoint(settings) if isinstance(settings, EndpointSettings) else LocalEngine(settings)


class AskedModel(SharedModel):
    """The one that callers ask: what it answers is counted for Prometheus."""

    def __init__(self, open_engine: Callable[[], Engine], *, largest: int) -> None:
        from actors.metrics import ModelMetrics  # the driver, which loads this module, has no use for them

        super().__init__(open_engine, largest=largest)
        self._metrics = ModelMetrics()

    async def answer(self, generation: Generation) -> Completion:
        began = time.monotonic()
        answer = await super().answer(generation)
        self._metrics.answered(answer, time.monotonic() - began)
        return answer


LanguageModelActor: Any = ray.remote(max_restarts=1, max_task_retries=1)(AskedModel)
Replica: Any = ray.remote(max_restarts=-1)(SharedModel)


class Starting(NamedTuple):
    """A model that is on its way."""

    handle: Any
    """Of the actor to ask."""
    loaded: Any
    replicas: tuple[Any, ...] = ()
    """The actors that it asks, if there are several; they live as long as somebody has their handles."""


def start(settings: ModelSettings, replicas: int = 1, *, local: bool = True) -> Starting:
    """Starts the actor, and one for each replica if there are several; the model loads while other actors start.

    In a cluster that is not `local` an engine declares its GPUs, or without any its threads as cores.
    """
    if isinstance(settings, EndpointSettings):
        gpus, largest, cores = 0.0, settings.concurrency, 0
    else:
        gpus, largest, cores = settings.gpus, settings.batch, 0 if local or settings.gpus else settings.threads
    opening = partial(open_model, settings)
    if replicas == 1:
        handle = LanguageModelActor.options(num_cpus=cores, num_gpus=gpus).remote(opening, largest=largest)
        return Starting(handle, handle.start.remote())
    names = [f"model {uuid4().hex}" for _ in range(replicas)]
    where: dict[str, Any] = {"num_cpus": cores, "num_gpus": gpus, **placement.SPREAD}
    handles = [Replica.options(name=name, **where).remote(opening, largest=largest) for name in names]
    # By name, because Ray cannot start an actor again whose arguments are handles.
    handle = LanguageModelActor.options(num_cpus=0).remote(partial(_by_name, names), largest=replicas * largest)
    return Starting(handle, handle.start.remote(), tuple(handles))


def _by_name(names: Sequence[str]) -> Replicas:
    return Replicas([ray.get_actor(name) for name in names])


def wait_for(starting: Starting) -> Any:
    """The handle of an actor, once its model is ready; whoever asks it keeps `starting`, for the replicas' sake.

    Raises:
        OutsideError: the model did not start; the message is the one line that the actor's process gave.
    """
    loaded([starting.loaded])
    return starting.handle
