"""Workers of a run import our rooms on a Ray that was there, whatever lies where that was started.

On one of our own: `tests/test_house.py`.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.actors.servers import end, free_port, ray_node

ROOT = Path(__file__).parents[2]
DRIVER = """
import json, sys
sys.path.insert(0, sys.argv[1])  # ours, before the folder where the command is given
from actors import cluster, worker
from actors.cluster import Remote

def look():
    import os
    import datasets, verifiers
    return [datasets.__file__, verifiers.__file__, os.getcwd()]

cluster.connect(address=sys.argv[2], cpus=1, object_store_mib=100)
print(json.dumps(Remote(worker.start(1)[0]).run(60.0, look)))
"""


@pytest.fixture(scope="module")
def decoy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with modules that are called like ours, and leave a trace where they are imported."""
    folder = tmp_path_factory.mktemp("decoy")
    for file in ("datasets/__init__.py", "verifiers/__init__.py", "domain.py"):
        (folder / file).parent.mkdir(exist_ok=True)
        (folder / file).write_text("from pathlib import Path\nPath(__file__).with_name('was_imported').touch()\n")
    return folder


@pytest.fixture(scope="module")
def environment() -> dict[str, str]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("RAY_", "PYTHONPATH"))}
    return inherited | {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": "0123456789abcdef" * 4}


@pytest.fixture(scope="module")
def addresses(decoy: Path, environment: dict[str, str]) -> Iterator[dict[str, str]]:
    """A Ray that was started in the decoy's folder, with that on its import path: directly, and through its server."""
    sockets = Path(tempfile.mkdtemp(prefix="ray"))  # the path of a socket may not be long
    port, server = free_port(), free_port()
    head = ray_node(
        environment | {"PYTHONPATH": str(decoy)},
        decoy / "head.log",
        *("--head", f"--port={port}", "--include-dashboard=false", f"--temp-dir={sockets}"),
        *("--dashboard-agent-listen-port=0", f"--ray-client-server-port={server}"),
        folder=decoy,
    )
    try:
        for _ in range(120):
            if "Ray runtime started" in (decoy / "head.log").read_text():
                break
            time.sleep(1)
        yield {"there": f"127.0.0.1:{port}", "served": f"ray://127.0.0.1:{server}"}
    finally:
        end(head)
        shutil.rmtree(sockets, ignore_errors=True)


@pytest.mark.parametrize("where", ["there", pytest.param("served", marks=pytest.mark.acceptance)])
def test_workers_import_our_rooms_and_not_what_lies_around(
    decoy: Path, environment: dict[str, str], addresses: dict[str, str], where: str
) -> None:
    command = [sys.executable, "-c", DRIVER, str(ROOT), addresses[where]]
    done = subprocess.run(command, cwd=decoy, env=environment, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    datasets, verifiers, folder = json.loads(done.stdout.splitlines()[-1])
    assert (datasets, verifiers) == (str(ROOT / "datasets/__init__.py"), str(ROOT / "verifiers/__init__.py"))
    assert folder == str(decoy), "relative paths mean what they mean where the command was given"
    assert not list(decoy.rglob("was_imported"))


ALONE = """
import sys, time
sys.path.insert(0, sys.argv[1])
import ray
from actors import cluster

print(cluster.connect(address=None, cpus=1, object_store_mib=100))

@ray.remote(num_cpus=0)
class Failing:
    def fails(self):
        raise ValueError
    def answers(self):
        return None

actor = Failing.remote()
for method in (actor.fails, actor.answers):
    left = method.remote()
ray.get(left)
time.sleep(6)  # Ray tells of what nobody has waited for after 5 seconds
"""


def test_a_run_starts_a_cluster_of_its_own_although_one_was_started_on_the_machine(
    environment: dict[str, str], addresses: dict[str, str]
) -> None:
    folder = Path(tempfile.mkdtemp(prefix="ray"))
    try:
        (folder / "ray").mkdir()
        (folder / "ray" / "ray_current_cluster").write_text(addresses["there"])  # where Ray looks for one to join
        command = [sys.executable, "-c", ALONE, str(ROOT)]
        there = environment | {"RAY_TMPDIR": str(folder)}
        done = subprocess.run(command, env=there, capture_output=True, text=True, timeout=300, check=False)
        assert (done.returncode, done.stdout.split()[-1:]) == (0, ["True"]), done.stderr
        assert "Unhandled" not in done.stderr  # of an answer that was an error and that nobody waited for
    finally:
        shutil.rmtree(folder, ignore_errors=True)


WITHOUT_ROOM = """
import sys
sys.path.insert(0, sys.argv[1])
import ray
from actors import cluster, placement, worker

cluster.connect(address=sys.argv[2], cpus=None, object_store_mib=100)
larger = ray.remote(**placement.needing(2**44, local=False))(worker.Worker).remote()
standing, waiting = placement.standing([*worker.start(2), larger], 40.0)
print(sum(standing.values()), waiting)
"""


def test_actors_for_which_there_is_no_room_are_told_from_those_that_stand(
    environment: dict[str, str], addresses: dict[str, str]
) -> None:
    command = [sys.executable, "-c", WITHOUT_ROOM, str(ROOT), addresses["there"]]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split()[-2:] == ["2", "1"]
