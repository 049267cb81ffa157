"""One Ray for the runs of modules that come one after the other: to start it costs more than most runs of a test."""

from __future__ import annotations

from collections.abc import Generator, Iterator

import pytest
import ray

from actors import cluster


@pytest.fixture(scope="module")
def one_ray() -> Iterator[None]:
    """Runs in this process have one Ray: actors of their own, which see the environment as it was when Ray started.

    Its module comes before those without it (`tests/conftest.py`), and the last of them ends it.
    """
    if not ray.is_initialized():
        cluster.connect(address=None, cpus=2, object_store_mib=500)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cluster, "connect", lambda **_: True)
        patch.setattr(cluster, "leave", lambda: None)
        yield


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> Generator[None]:
    """Ends Ray when a module comes next whose tests know nothing of it."""
    yield
    if ray.is_initialized() and (nextitem is None or not has_one_ray(nextitem)):
        cluster.leave()


def has_one_ray(item: pytest.Item) -> bool:
    """Whether the module of this test has some that use the Ray of this process."""
    beside = (one for one in item.session.items if one.path == item.path)
    return any("one_ray" in getattr(one, "fixturenames", ()) for one in beside)
