"""Workers on a real Ray: what one may spend on a step is bounded, and stays counted when it has died."""

import time

import pytest
import ray
from ray.exceptions import RayActorError

from actors import worker
from actors.accounting import Account
from actors.cluster import stop

SECONDS = 5.0
A_LOOK = 0.5


def spin() -> None:
    while True:
        pass


def test_what_a_worker_spent_that_computed_without_end_and_was_ended_stays_counted(ray_cluster: None) -> None:
    [one] = worker.start(1)
    ray.get(one.cpu_seconds.remote())
    account = Account()
    before = account.cpu_seconds()
    running = one.run.remote(SECONDS, spin)
    while not ray.wait([running], timeout=A_LOOK)[0]:
        account.cpu_seconds()
    with pytest.raises(RayActorError):
        ray.get(running)
    ray.get(one.cpu_seconds.remote())  # it has been started again
    time.sleep(A_LOOK)
    assert account.cpu_seconds() - before > SECONDS - 3 * A_LOOK
    stop([one])
