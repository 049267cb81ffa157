"""A generic worker: it is handed a function and its arguments, and runs it. What to run is decided elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import ray

from actors import placement
from actors.accounting import cpu_seconds


class Worker:
    """Runs functions; the loop gives it one at a time."""

    def run(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """`function(*arguments)`; what it raises reaches the caller."""
        return function(*arguments)

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
