"""`submit` against a real cluster on this machine: a head node and one worker node, with Ray's token required."""

import os
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import httpx
import pytest

from domain import OutsideError, UserError
from pipeline.__main__ import main
from pipeline.commands import submit as command
from tests.actors.servers import end, free_port, ray_node

TOKEN = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
COUNT_NODES = """
import pathlib, sys, time, ray
import datasets, verifiers
ray.init(log_to_driver=False)
for _ in range(60):
    nodes = [node for node in ray.nodes() if node["Alive"]]
    if len(nodes) == 2:
        break
    time.sleep(1)

@ray.remote(num_cpus=1)
def rooms():
    import datasets, verifiers, time
    time.sleep(1)
    return ray.get_runtime_context().get_node_id(), datasets.__file__, verifiers.__file__

here = pathlib.Path.cwd()
answers = ray.get([rooms.remote() for _ in range(2)])
ours = all(here in pathlib.Path(file).parents for answer in answers for file in answer[1:])
used = len({answer[0] for answer in answers})
print("NODES", len(nodes), "USED", used, "OURS", ours, "TESTS", (here / "tests").exists())
sys.exit(int(sys.argv[1]))
"""

ACTORS = """
import pathlib, sys, time, ray
ray.init(log_to_driver=False)

@ray.remote(num_cpus=0)
class Prover:
    def ready(self):
        return True

provers = [Prover.remote() for _ in range(2)]
ray.get([prover.ready.remote() for prover in provers])
for number in range(40):
    print("line", number, flush=True)
ends = time.monotonic() + 120
while time.monotonic() < ends and not pathlib.Path(sys.argv[1]).exists():
    time.sleep(0.1)
"""
"""Two actors and forty lines; ends when the file that is its argument is there, or after two minutes."""


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("cluster")
    sockets = Path(tempfile.mkdtemp(prefix="ray"))  # the path of a socket may not be long
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("RAY_")}
    environment = inherited | {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": TOKEN}
    port, dashboard = free_port(), free_port()
    head = ray_node(
        environment,
        folder / "head.log",
        *("--head", f"--port={port}", "--dashboard-host=127.0.0.1", f"--dashboard-port={dashboard}"),
        *("--dashboard-agent-listen-port=0", f"--temp-dir={sockets}"),
    )
    address = f"http://127.0.0.1:{dashboard}"
    worker = None
    try:
        wait_for(address, folder / "head.log")
        worker = ray_node(
            environment, folder / "worker.log", f"--address=127.0.0.1:{port}", "--dashboard-agent-listen-port=0"
        )
        yield address
    finally:
        if worker is not None:
            end(worker)
        end(head)
        shutil.rmtree(sockets, ignore_errors=True)


def wait_for(address: str, log: Path) -> None:
    for _ in range(120):
        try:
            if httpx.get(f"{address}/api/version", timeout=2).status_code in (200, 401):
                return
        except httpx.HTTPError:
            pass
        time.sleep(1)
    pytest.fail(f"the head node did not start: {log.read_text()[-2000:]}")


@pytest.fixture
def token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAY_AUTH_TOKEN", TOKEN)


def python(code: str, *arguments: str) -> str:
    return shlex.join([sys.executable, "-c", code, *arguments])


def test_a_job_runs_on_both_nodes_and_its_log_and_exit_code_come_back(
    address: str, token: None, capsys: pytest.CaptureFixture[str]
) -> None:
    client = command.connect(address)
    code = command.watch(client, command.start(client, python(COUNT_NODES, "2")), address)
    log = capsys.readouterr().out
    if "FileNotFoundError" in log:  # Ray was seen, once, to start a job whose working folder was gone already
        code = command.watch(client, command.start(client, python(COUNT_NODES, "2")), address)
        log = capsys.readouterr().out
    assert code == 2
    assert "NODES 2 USED 2 OURS True TESTS False" in log


def test_watching_shows_the_actors_on_each_node_and_the_end_of_the_log(
    address: str, token: None, tmp_path: Path
) -> None:
    seen = tmp_path / "seen"
    job = command.start(command.connect(address), python(ACTORS, str(seen)))
    ours, theirs = os.openpty()
    watching = subprocess.Popen(
        [sys.executable, "-m", "pipeline", "submit", "follow", job, "--address", address, "--watch"],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env={**os.environ, "TERM": "xterm", "COLUMNS": "120", "LINES": "40"},
    )
    os.close(theirs)
    drawn = b""
    with suppress(OSError):  # the terminal ends with its last process
        while part := os.read(ours, 65536):
            drawn += part
            if b"2 Prover" in drawn and b"line 39" in drawn:
                seen.touch()
    os.close(ours)
    assert watching.wait() == 0, drawn.decode()
    told = drawn.decode()
    assert "2 Prover" in told
    assert "(head)" in told
    assert f"job {job}: running" in told
    assert "line 39" in told


def test_watching_needs_a_terminal(address: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["submit", "follow", "no-job", "--address", address, "--watch"]) == 2
    assert "--watch: standard output is not a terminal" in one_line(capsys)


def test_a_detached_job_can_be_asked_for_and_stopped(
    address: str, token: None, capsys: pytest.CaptureFixture[str]
) -> None:
    job = command.start(command.connect(address), python("import time; time.sleep(600)"))
    assert main(["submit", "status", job, "--address", address]) == 0
    assert capsys.readouterr().out.startswith(("pending", "running"))
    assert main(["submit", "stop", job, "--address", address]) == 0
    for _ in range(60):
        if main(["submit", "status", job, "--address", address, "--json"]) == 1:
            break
        time.sleep(0.5)
    assert '"status": "STOPPED"' in capsys.readouterr().out
    assert main(["submit", "stop", job, "--address", address]) == 1


def test_a_run_is_sent_with_its_configuration_and_directory(
    address: str, token: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sent = ["submit", "configs/quickstart.yaml", "--address", address, "--out", str(tmp_path / "run"), "--rounds", "1"]
    assert main([*sent, "--detach"]) == 0
    job = capsys.readouterr().out.strip()
    main(["submit", "stop", job, "--address", address])
    capsys.readouterr()
    main(["submit", "status", job, "--address", address, "--json"])
    assert f"-m pipeline run configs/quickstart.yaml --out {tmp_path / 'run'} --rounds 1" in capsys.readouterr().out


def test_another_token_is_one_line(
    address: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("RAY_AUTH_TOKEN", "f" * 64)
    assert main(["submit", "status", "raysubmit_x", "--address", address]) == 3
    assert "does not accept this machine's Ray token" in one_line(capsys)


def test_an_unknown_job_is_the_users_mistake(address: str, token: None, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["submit", "follow", "raysubmit_unknown", "--address", address]) == 2
    assert "there is no job raysubmit_unknown" in one_line(capsys)


def test_an_address_where_nobody_answers_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    nowhere = f"http://127.0.0.1:{free_port()}"
    assert main(["submit", "configs/quickstart.yaml", "--out", "/shared/run", "--address", nowhere]) == 3
    assert f"{nowhere}: no Ray job server answers" in one_line(capsys)


def test_a_relative_run_directory_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["submit", "configs/quickstart.yaml", "--out", "runs/a"]) == 2
    assert "--out runs/a: has to be an absolute path" in one_line(capsys)


def test_an_address_without_http_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["submit", "configs/quickstart.yaml", "--out", "/shared/run", "--address", "HEAD:8265"]) == 2
    assert "has to begin with http://" in one_line(capsys)


def test_a_configuration_that_is_not_sent_is_refused(repository: Path, tmp_path: Path) -> None:
    inside = repository / "configs" / "quickstart.yaml"
    assert command.for_the_cluster(inside) == "configs/quickstart.yaml"
    outside = tmp_path / "mine.yaml"
    assert command.for_the_cluster(outside) == str(outside)
    with pytest.raises(UserError, match="not sent to the cluster"):
        command.for_the_cluster(repository / "runs" / "mine.yaml")


def test_a_server_that_is_not_ray_is_one_line(tmp_path: Path) -> None:
    port = free_port()
    server = subprocess.Popen(
        [sys.executable, "-m", "http.server", str(port), "--bind", "127.0.0.1", "--directory", str(tmp_path)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        for _ in range(50):
            try:
                httpx.get(f"http://127.0.0.1:{port}", timeout=2)
                break
            except httpx.HTTPError:
                time.sleep(0.2)
        with pytest.raises(OutsideError, match="is not a Ray job server"):
            command.connect(f"http://127.0.0.1:{port}")
    finally:
        server.terminate()
        server.wait()


def one_line(capsys: pytest.CaptureFixture[str]) -> str:
    lines = capsys.readouterr().err.strip().splitlines()
    assert len(lines) == 1
    return lines[0]
