"""One Ray for the runs of a module, since starting it costs more than most runs of a test."""

from collections.abc import Iterator

import pytest

from actors import accounting, cluster


@pytest.fixture(scope="module")
def one_ray() -> Iterator[None]:
    """Runs in this process have one Ray: actors of their own, which see the environment as it was when Ray started.

    A run is charged for what is spent from its beginning on, not for the tests before it.
    """
    cluster.connect(address=None, cpus=2, object_store_mib=500)
    before = 0.0
    of_tree = accounting.cpu_seconds

    def connect(**_: object) -> bool:
        nonlocal before
        before = of_tree()
        return True

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cluster, "connect", connect)
        patch.setattr(cluster, "leave", lambda: None)
        patch.setattr(accounting, "cpu_seconds", lambda: of_tree() - before)
        yield
    cluster.leave()
