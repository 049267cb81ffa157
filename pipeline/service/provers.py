"""Provers behind Ray Serve: each replica holds one verifier and works on one thing at a time.

Serve queues what is asked and starts a replica again that dies. What it was asked is asked again, since verification is
idempotent; a text over which provers died `TRIES` times is not tried any more.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections import OrderedDict
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from ray import serve
from ray.exceptions import RayActorError, RayTaskError

from domain import Candidate, Elaboration, Message, OutsideError, Problem, Verdict
from verifiers.protocol import Verifier
from verifiers.whole_file import FileAnswer, RunsFiles

TRIES = 3
"""How often a text is tried over which a prover died."""

DEATHS = 40
"""How often something is asked whose replicas die, which start again meanwhile."""

MOST_QUARANTINED = 10_000

PAUSE_SECONDS = 0.5
"""Before something is asked again that a replica died over."""


# Texts queue at the replicas: with one at a time, Serve's router would ask for their queues again and again.
@serve.deployment(max_ongoing_requests=1000, health_check_timeout_s=60)
class ProverReplica:
    """A verifier in a process of its own."""

    def __init__(self, opener: Callable[[], Verifier]) -> None:
        self._verifier = opener()
        self._thread = ThreadPoolExecutor(
            1
        )  # a verifier belongs to one thread; the loop stays free to say that we live

    async def describe(self) -> str:
        return await self._do(self._verifier.describe)

    async def run_file(self, text: str, seconds: float) -> FileAnswer:
        assert isinstance(self._verifier, RunsFiles)
        return await self._do(self._verifier.run_file, text, seconds)

    async def audit(self, batch: Sequence[Candidate], recheck: bool) -> list[Verdict]:
        return await self._do(lambda: self._verifier.audit(batch, recheck=recheck))

    async def elaborate(self, problem: Problem) -> Elaboration | Verdict:
        return (await self._do(self._verifier.elaborate, [problem]))[0]

    async def _do(self, ask: Callable[..., Any], *arguments: Any) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._thread, ask, *arguments)


class Asking:
    """Asks a deployment of `ProverReplica`, again where a process died."""

    def __init__(self, handle: Any) -> None:
        self._handle = handle
        self._quarantined: OrderedDict[str, None] = OrderedDict()

    async def run_file(self, text: str, seconds: float) -> FileAnswer:
        """What the prover says of a text; the reason is `prover_error` where provers died over it."""
        key = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
        answer = FileAnswer(False, "prover_error", (Message("error", "provers died over this text before"),))
        for _ in range(0 if key in self._quarantined else TRIES):
            try:
                answer = await self._answer(self._handle.run_file, text, seconds)
            except OutsideError as error:
                answer = FileAnswer(False, "prover_error", (Message("error", str(error)),))
            if answer.reason != "prover_error":
                return answer
        self._quarantined[key] = None
        if len(self._quarantined) > MOST_QUARANTINED:
            self._quarantined.popitem(last=False)
        return answer

    async def audit(self, candidate: Candidate, *, recheck: bool) -> Verdict:
        """The verdict that counts."""
        for tried in range(TRIES):
            try:
                verdict: Verdict = (await self._answer(self._handle.audit, [candidate], recheck))[0]
            except OutsideError as error:
                verdict = _failed(error)
            if verdict.reason != "prover_error" or tried == TRIES - 1:
                return verdict
        raise AssertionError

    async def elaborate(self, problem: Problem) -> Elaboration | Verdict:
        """The problem in canonical form, or why it has none."""
        try:
            return await self._answer(self._handle.elaborate, problem)
        except OutsideError as error:
            return _failed(error)

    async def _answer(self, method: Any, *arguments: Any) -> Any:
        """The answer of a replica; of another one, or of the same when it is back, where the one that was asked died.

        A text ends the prover in its sandbox, never the replica: it is not to blame for that death.
        """
        for again in range(DEATHS):
            try:
                return await method.remote(*arguments)
            except RayTaskError as error:
                raise error.cause if isinstance(error.cause, OutsideError) else error from None
            except RayActorError:
                if again == DEATHS - 1:
                    raise
                await asyncio.sleep(PAUSE_SECONDS)
        raise AssertionError


def _failed(error: OutsideError) -> Verdict:
    return Verdict("error", "prover_error", "none", (Message("error", str(error)),))
