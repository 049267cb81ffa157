"""The language model as Ray actors: vLLM or a server behind `SharedModel`, one of it or several.

`LocalEngine` (in `actors.local_engine`) runs vLLM, `OpenAIEndpoint` (in `actors.endpoint`) asks a server, and
`Replicas` (in `actors.replicas`) asks other actors; all are plain classes with the port of `actors.model_port`.
"""

from __future__ import annotations

from functools import partial
from typing import Any, NamedTuple

import ray
import ray.exceptions

from actors.endpoint import EndpointSettings, OpenAIEndpoint
from actors.local_engine import EngineSettings, LocalEngine
from actors.model_port import Engine
from actors.replicas import Replicas
from actors.shared_model import SharedModel
from domain import OutsideError

ModelSettings = EngineSettings | EndpointSettings


def open_model(settings: ModelSettings) -> Engine:
    """Starts the engine, or reaches the server, that the settings name."""
    return OpenAIEndpoint(settings) if isinstance(settings, EndpointSettings) else LocalEngine(settings)


LanguageModelActor: Any = ray.remote(max_restarts=1, max_task_retries=1)(SharedModel)
Replica: Any = ray.remote(max_restarts=-1)(SharedModel)


class Starting(NamedTuple):
    """The handle of an actor whose model is on its way."""

    handle: Any
    loaded: Any


def start(settings: ModelSettings, replicas: int = 1) -> Starting:
    """Starts the actor, and one for each replica if there are several; the model loads while other actors start."""
    if isinstance(settings, EndpointSettings):
        gpus, largest = 0.0, settings.concurrency
    else:
        gpus, largest = settings.gpus, settings.batch
    opening = partial(open_model, settings)
    if replicas == 1:
        handle = LanguageModelActor.options(num_cpus=0, num_gpus=gpus).remote(opening, largest=largest)
    else:
        actor = Replica.options(num_cpus=0, num_gpus=gpus, scheduling_strategy="SPREAD")
        handles = [actor.remote(opening, largest=largest) for _ in range(replicas)]
        handle = LanguageModelActor.options(num_cpus=0).remote(partial(Replicas, handles), largest=replicas * largest)
    return Starting(handle, handle.start.remote())


def wait_for(starting: Starting) -> Any:
    """The handle of an actor, once its model is ready.

    Raises:
        OutsideError: the model did not start; the message is the one line that the actor's process gave.
    """
    try:
        ray.get(starting.loaded)
    except ray.exceptions.RayTaskError as error:
        if isinstance(error.cause, OutsideError):
            raise OutsideError(str(error.cause)) from None
        raise
    except ray.exceptions.RayActorError as error:
        why = " ".join(str(error).split())[:200]
        raise OutsideError(f"the model did not start: its process died, perhaps for want of memory: {why}") from error
    return starting.handle
