"""Joining or starting a Ray cluster, and calling actors as if they were local objects.

Every worker has the repository root first on its import path, so that the packages `datasets` and `verifiers` are
always of this project: in a cluster of ours, in one that was there, and in a job, whose copy Ray puts there itself.
"""

from __future__ import annotations

import logging
import os
import signal
import socket
from collections.abc import Callable, Generator, Sequence
from contextlib import chdir, contextmanager
from pathlib import Path
from typing import Any

import ray
from ray.exceptions import RayActorError, RayError, RayTaskError

from domain import OutsideError

ROOT = Path(__file__).resolve().parents[1]

IN_JOB = "RAY_JOB_CONFIG_JSON_ENV_VAR"
"""What Ray sets in the process of a job, which has an environment already: that of the job."""

PATIENCE_SECONDS = 10.0
"""How long a given head may take to accept a connection."""


def address_of(address: str | None) -> str | None:
    """Where the cluster is that is joined: a given address, or the one whose job this is; None for a local one."""
    return address or os.environ.get("RAY_ADDRESS") or None


def connect(*, address: str | None, cpus: int | None, object_store_mib: int) -> bool:
    """Joins the cluster at `address` (or the one whose job this is), otherwise starts a local one.

    A local one offers so many cores, without a number those of the machine.

    Returns:
        Whether the cluster is local, that is, a child of this process.

    Raises:
        OutsideError: the cluster cannot be reached or started.
    """
    address = address_of(address)
    _expect_somebody(address or "")
    # Of an answer that was an error and that nobody waited for, Ray would print a traceback by chance.
    os.environ.setdefault("RAY_IGNORE_UNHANDLED_ERRORS", "1")
    if address is None:  # a Ray that was there has settings of its own; asked by ray:// for others, it fails
        os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
        # Ray's own 15 keeps two verification actors on two cores at 1.3 times the speed of one, 10 and less at 2 times.
        os.environ.setdefault("RAY_worker_niceness", "5")
        # A worker process a core that Ray starts before it is asked for one; our actors have processes of their own.
        os.environ.setdefault("RAY_prestart_worker_first_driver", "0")
    terminated = signal.getsignal(signal.SIGTERM)
    try:
        environment: dict[str, Any] = {"env_vars": {"PYTHONPATH": str(ROOT)}}
        if not (address or "").startswith("ray://"):  # which takes no function
            environment["worker_process_setup_hook"] = _back_to(str(Path.cwd()))
        cluster: dict[str, Any] = {"address": address, "ignore_reinit_error": True}
        if address is None:
            memory = object_store_mib * 2**20
            # Without the word Ray would join one that was started on this machine.
            cluster = {"address": "local", "num_cpus": cpus, "object_store_memory": memory, "include_dashboard": False}
        # Ray puts the current folder first on the import path of all workers: a `verifiers` there would judge.
        with chdir(ROOT):
            ray.init(
                log_to_driver=False,
                logging_level=logging.ERROR,
                runtime_env=None if IN_JOB in os.environ else environment,
                **cluster,
            )
        return address is None
    except Exception as error:  # Ray raises it bare when a node is slow to start
        where = address or "a local cluster"
        said = " ".join(str(error).split())[:200]
        raise OutsideError(f"Ray: {where} did not answer: {said} Give the same command again to resume") from error
    finally:
        signal.signal(signal.SIGTERM, terminated)  # Ray has put its own handler there, which shows a traceback


def _back_to(here: str) -> Callable[[], None]:
    """What a worker does first: it goes to where the command was given, as relative paths mean it, if that is there.

    The function reaches a worker as a value: it refers to nothing that the worker would have to import first.
    """

    def setup() -> None:
        import os

        if os.path.isdir(here):  # noqa: PTH112 (nothing more is imported before our rooms are)
            os.chdir(here)

    return setup


def _expect_somebody(address: str) -> None:
    """Fails at once where nothing listens; Ray itself would try for minutes."""
    host, colon, port = address.removeprefix("ray://").rpartition(":")
    if not colon or not port.isdigit():
        return
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=PATIENCE_SECONDS).close()
    except OSError as error:
        raise OutsideError(f"Ray: nothing answers at {address} ({error.strerror or error}): is the head up?") from error


@contextmanager
def deaths_told() -> Generator[None]:
    """Makes the death of an actor or a node that nothing could mend an `OutsideError`; errors of our own stay."""
    try:
        yield
    except RayError as error:
        if isinstance(error, RayTaskError):
            raise
        said = " ".join(str(error).split())[:160]
        raise OutsideError(f"Ray: {said} … What was recorded is kept: give the same command again to resume") from error


class Remote:
    """An actor's methods as plain calls: `Remote(handle).check(batch)` waits for the answer."""

    def __init__(self, handle: Any) -> None:
        self.handle = handle

    def __getattr__(self, method: str) -> Callable[..., Any]:
        if method.startswith("__"):
            raise AttributeError(method)

        def call(*arguments: Any, **named: Any) -> Any:
            return ray.get(getattr(self.handle, method).remote(*arguments, **named))

        return call

    def __reduce__(self) -> tuple[type[Remote], tuple[Any]]:
        return Remote, (self.handle,)


def gather(references: Sequence[Any]) -> list[Any]:
    """The answers of calls that run at the same time, in order."""
    return [*ray.get(list(references))]


def gather_known(references: Sequence[Any], seconds: float) -> list[Any | None]:
    """As `gather`, with None for actors that died or do not answer within so many seconds."""
    ready, _ = ray.wait(list(references), num_returns=len(references), timeout=seconds)
    known: dict[Any, Any] = {}
    for one in ready:
        try:
            known[one] = ray.get(one)
        except RayActorError:
            continue
    return [known.get(one) for one in references]


def stop(actors: Sequence[Any]) -> None:
    """Ends actors at once, whatever they are doing."""
    for actor in actors:
        ray.kill(actor)


def joined() -> bool:
    """Whether this process is in a cluster."""
    return ray.is_initialized()


def leave() -> None:
    """Leaves the cluster; a local one ends."""
    ray.shutdown()
