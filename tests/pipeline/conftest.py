"""One Ray for the runs of a module, since starting it costs more than most runs of a test."""

from collections.abc import Iterator

import pytest

from actors import cluster


@pytest.fixture(scope="module")
def one_ray() -> Iterator[None]:
    """Runs in this process have one Ray: actors of their own, which see the environment as it was when Ray started."""
    cluster.connect(address=None, cpus=2, object_store_mib=500)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cluster, "connect", lambda **_: True)
        patch.setattr(cluster, "leave", lambda: None)
        yield
    cluster.leave()
