"""Several actors with the same model, as one engine: each prompt goes to the one that has least to do.

A replica that dies is started again by Ray. What it was asked is sent to another one at once, or to itself when it is
back: the answer to a prompt has no other effect, so it may be computed twice.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import ray
import ray.exceptions

from actors.model_port import Engine, Generation, Start
from domain import Completion, ModelCard, OutsideError

log = logging.getLogger(__name__)

TRIES = 4
"""How often a prompt is sent before its caller hears that replicas die over it."""

PAUSE_SECONDS = 1.0
"""Between two questions whether a replica that died is back."""


def loaded(starts: Sequence[Any]) -> list[ModelCard]:
    """What actors say of their models, once these are ready.

    Raises:
        OutsideError: one did not start; the message is the one line that its process gave.
    """
    try:
        return ray.get(list(starts))
    except ray.exceptions.RayTaskError as error:
        if isinstance(error.cause, OutsideError):
            raise OutsideError(str(error.cause)) from None
        raise
    except ray.exceptions.RayActorError as error:
        why = " ".join(str(error).split())[:200]
        raise OutsideError(f"the model did not start: its process died, perhaps for want of memory: {why}") from error


class Replicas(Engine):
    """Actors with the methods of `SharedModel`, all of the same model.

    Raises:
        OutsideError: one of them did not start.
    """

    def __init__(self, handles: Sequence[Any]) -> None:
        self._handles = list(handles)
        self._under_way = [0] * len(self._handles)
        self.away: set[int] = set()
        """Those that died and are not back."""
        self._lock = threading.Lock()
        self._closed = False
        self._again = ThreadPoolExecutor(1, thread_name_prefix="resend")  # Ray's own thread, which tells, must not wait
        self._card = loaded([handle.start.remote() for handle in self._handles])[0]
        starts: list[Start] = ray.get([handle.start_cost.remote() for handle in self._handles])
        self._start = Start(max(one.seconds for one in starts), sum(one.cpu_seconds for one in starts))

    def submit(self, generation: Generation) -> Future[Completion]:
        answer: Future[Completion] = Future()
        answer.set_running_or_notify_cancel()
        self._send(generation, answer, TRIES)
        return answer

    def _send(self, generation: Generation, answer: Future[Completion], tries: int) -> None:
        """Asks the replica with least under way, one that is there if any is."""
        with self._lock:
            chosen = min(range(len(self._handles)), key=lambda place: (place in self.away, self._under_way[place]))
            self._under_way[chosen] += 1

        def take(sent: Future[Completion]) -> None:
            with self._lock:
                self._under_way[chosen] -= 1
            error = sent.exception()
            if error is None:
                answer.set_result(sent.result())
            elif not isinstance(error, ray.exceptions.RayActorError):
                answer.set_exception(error.cause if isinstance(error, ray.exceptions.RayTaskError) else error)
            elif tries > 1:
                self._again.submit(self._resend, generation, answer, tries - 1, chosen)
            else:
                answer.set_exception(OutsideError("the model's processes died again and again; see Ray's log"))

        self._handles[chosen].answer.remote(generation).future().add_done_callback(take)

    def _resend(self, generation: Generation, answer: Future[Completion], tries: int, died: int) -> None:
        with self._lock:
            known = died in self.away
            self.away.add(died)
        if not known:
            log.warning("replica %d of the model died; what it was asked is sent again", died)
            threading.Thread(target=self._wait_for, args=(died,), daemon=True).start()
        self._send(generation, answer, tries)

    def _wait_for(self, place: int) -> None:
        """Waits until a replica that died is back; until then it is given nothing if another one is there."""
        while not self._closed:
            try:
                ray.get(self._handles[place].start.remote())
            except ray.exceptions.RayActorError:  # Ray is still about to start it
                time.sleep(PAUSE_SECONDS)
            except ray.exceptions.RayError as error:
                log.warning("replica %d of the model does not come back: %s", place, error)
                return
            else:
                with self._lock:
                    self.away.discard(place)
                log.warning("replica %d of the model is back", place)
                return

    def describe(self) -> ModelCard:
        return self._card

    def start_cost(self) -> Start:
        return self._start

    def cpu_seconds(self) -> float:
        """Of those that live; what a replica spent before it died is not known."""
        asked = [handle.cpu_seconds.remote() for handle in self._handles]
        total = 0.0
        for one in asked:
            try:
                spent: float = ray.get(one)
            except ray.exceptions.RayActorError:
                continue
            total += spent
        return total

    def close(self) -> None:
        self._closed = True
        self._again.shutdown(cancel_futures=True)
        for handle in self._handles:
            ray.kill(handle)
