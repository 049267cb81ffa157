"""A Ray of its own for the tests of a module."""

from collections.abc import Iterator

import pytest

from actors import cluster


@pytest.fixture(scope="module")
def ray_cluster() -> Iterator[None]:
    cluster.connect(address=None, cpus=2, object_store_mib=100)
    yield
    cluster.leave()
