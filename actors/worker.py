"""A generic worker: it is handed a function and its arguments, and runs it. What to run is decided elsewhere."""

from __future__ import annotations

import resource
import time
from collections.abc import Callable
from math import ceil
from typing import Any

import ray

from actors import placement
from actors.accounting import cpu_seconds


class Worker:
    """Runs functions; the loop gives it one at a time."""

    def run(self, seconds: float, function: Callable[..., Any], *arguments: Any) -> Any:
        """`function(*arguments)`; what it raises reaches the caller.

        The kernel ends this process if it computes for more than so many CPU seconds over it; what other processes do
        for it, the prover's and the model's, does not count. The caller sees an actor that died.
        """
        before, most = resource.getrlimit(resource.RLIMIT_CPU)
        until = ceil(time.process_time() + seconds)
        resource.setrlimit(resource.RLIMIT_CPU, (until if most == resource.RLIM_INFINITY else min(until, most), most))
        try:
            return function(*arguments)
        finally:
            resource.setrlimit(resource.RLIMIT_CPU, (before, most))

    @ray.method(max_task_retries=-1)
    def cpu_seconds(self) -> float:
        """Answered by a worker that died too, once Ray has started it again."""
        return cpu_seconds()


def start(count: int) -> list[Any]:
    """Starts `count` workers. A worker that dies is restarted; its step is not, since the loop plans it again.

    They declare no cores: most of their time they wait for provers and the model.
    """
    actor: Any = ray.remote(Worker)
    # Two calls at once: a step, and asking what it has spent.
    options = {"num_cpus": 0, "max_restarts": -1, "max_concurrency": 2, **placement.SPREAD}
    return [actor.options(**options).remote() for _ in range(count)]
