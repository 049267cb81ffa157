"""What a boxed process can and cannot do. Needs bubblewrap, as a run does."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from actors.accounting import cpu_seconds as tree_cpu_seconds
from verifiers.audit.sandbox import MEBIBYTE, Finished, Limits, Sandbox, kill
from verifiers.warm import prover_pid


@pytest.fixture
def sandbox() -> Sandbox:
    box = Sandbox()
    if box.degraded:
        pytest.skip(box.degraded)
    return box


@pytest.fixture
def folder(sandbox: Sandbox) -> Iterator[Path]:
    with sandbox.folder() as path:
        yield path


def run(sandbox: Sandbox, folder: Path, script: str, limits: Limits | None = None, *readable: Path) -> Finished:
    return sandbox.run(["sh", "-c", script], folder, limits or Limits(), readable)


def test_a_boxed_process_writes_only_to_its_scratch_folder(sandbox: Sandbox, folder: Path) -> None:
    done = run(sandbox, folder, "touch mine; for d in / /usr /etc /var; do touch $d/x && echo wrote; done")
    assert "wrote" not in done.output
    assert (folder / "mine").exists()


def test_a_boxed_process_cannot_see_other_folders(sandbox: Sandbox, folder: Path, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret")
    with sandbox.folder() as other:
        done = run(sandbox, folder, f"ls {other} && echo seen; cat {tmp_path}/secret; ls {Path(__file__).parent}")
    assert done.returncode != 0
    assert "seen" not in done.output
    assert "secret" not in done.output.replace(f"{tmp_path}/secret", "")


def test_readable_folders_can_be_read_and_not_written(sandbox: Sandbox, folder: Path) -> None:
    trusted = sandbox.make_folder(trusted=True)
    try:
        (trusted / "input").write_text("hello")
        script = f"cat {trusted}/input; echo bad > {trusted}/input; rm -f {trusted}/input; touch {trusted}/more"
        done = run(sandbox, folder, script, None, trusted)
        assert done.output.startswith("hello")
        assert sorted(path.name for path in trusted.iterdir()) == ["input"]
        assert (trusted / "input").read_text() == "hello"
    finally:
        (trusted / "input").unlink(missing_ok=True)
        trusted.rmdir()


def test_a_boxed_process_is_nobody_and_has_no_capabilities(sandbox: Sandbox, folder: Path) -> None:
    done = run(sandbox, folder, "id -u; test -e /proc/self/status && grep CapEff /proc/self/status")
    uid, *rest = done.output.split()
    assert uid != "0"
    assert not rest or rest[1] == "0" * 16


def test_a_boxed_process_has_no_network_and_no_environment(
    sandbox: Sandbox, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET_KEY", "hunter2")
    done = run(sandbox, folder, "env; cat /sys/class/net/*/address; test -e /proc/net/dev && cat /proc/net/dev")
    assert "hunter2" not in done.output
    assert "eth0" not in done.output


def test_a_boxed_process_sees_no_other_process(sandbox: Sandbox, folder: Path) -> None:
    done = run(sandbox, folder, f"kill -0 {os.getpid()} && echo seen")
    assert "seen" not in done.output


def test_wall_clock_ends_a_sleeper(sandbox: Sandbox, folder: Path) -> None:
    assert run(sandbox, folder, "sleep 60", Limits(wall_seconds=0.3)).stopped == "wall"


def test_cpu_clock_ends_a_loop(sandbox: Sandbox, folder: Path) -> None:
    done = run(sandbox, folder, "while :; do :; done", Limits(cpu_seconds=1))
    assert done.stopped == "cpu"
    assert done.cpu_seconds > 0.7


def test_a_flood_of_output_is_cut(sandbox: Sandbox, folder: Path) -> None:
    done = run(sandbox, folder, "while :; do echo AAAAAAAAAAAAAAAAAAAAAAAAAAAA; done", Limits(output_bytes=50_000))
    assert done.stopped == "output"
    assert len(done.output) <= 50_000


def test_a_large_file_is_cut(sandbox: Sandbox, folder: Path) -> None:
    run(sandbox, folder, "dd if=/dev/zero of=big bs=1M count=50", Limits(output_bytes=1 << 20))
    assert (folder / "big").stat().st_size <= 1 << 20


def test_processes_are_counted(sandbox: Sandbox, folder: Path) -> None:
    done = run(sandbox, folder, "for i in 1 2 3 4 5 6 7 8; do sleep 1 & done; wait", Limits(processes=4))
    assert "fork" in done.output.lower()


def test_memory_is_limited(sandbox: Sandbox, folder: Path) -> None:
    done = run(sandbox, folder, "dd if=/dev/zero of=/dev/null bs=500M count=1", Limits(memory_bytes=200 << 20))
    assert done.returncode != 0


def test_cpu_seconds_of_children_are_counted(sandbox: Sandbox, folder: Path) -> None:
    done = run(sandbox, folder, "sh -c 'i=0; while [ $i -lt 300000 ]; do i=$((i+1)); done'; true")
    assert done.cpu_seconds > 0.05


def test_killing_a_box_kills_all_that_runs_in_it(sandbox: Sandbox, folder: Path) -> None:
    process = sandbox.spawn(["sh", "-c", "sleep 50 & sleep 50 & echo up; wait"], folder, Limits())
    assert process.stdout is not None
    process.stdout.read(3)
    inside = [process.pid, *(child.pid for child in psutil.Process(process.pid).children(recursive=True))]
    assert len(inside) >= 4
    assert prover_pid(process.pid) in inside
    kill(process)
    process.stdout.close()
    deadline = time.monotonic() + 10
    while any(map(psutil.pid_exists, inside)) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not any(map(psutil.pid_exists, inside))


def test_a_killed_driver_leaves_no_box_behind(sandbox: Sandbox, repository: Path) -> None:
    script = """
import threading
from verifiers.audit.sandbox import Limits, Sandbox
box = Sandbox()
folder = box.make_folder()
def start():
    print(folder, box.spawn(["sh", "-c", "while :; do :; done"], folder, Limits(cpu_seconds=60)).pid, flush=True)
thread = threading.Thread(target=start)
thread.start()
thread.join()
input()
"""
    command = [sys.executable, "-c", script]
    with subprocess.Popen(command, cwd=repository, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as driver:
        assert driver.stdout is not None
        folder, pid = driver.stdout.readline().split()
        time.sleep(0.2)
        assert psutil.pid_exists(int(pid))  # the thread that asked for it has ended, the box has not
        driver.kill()
    deadline = time.monotonic() + 10
    while psutil.pid_exists(int(pid)) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not psutil.pid_exists(int(pid))
    Path(folder).rmdir()


def test_cpu_time_of_a_killed_box_stays_counted_in_the_process_tree(sandbox: Sandbox, folder: Path) -> None:
    before = tree_cpu_seconds()
    finished = run(sandbox, folder, "while :; do :; done", Limits(wall_seconds=1.0, cpu_seconds=30.0))
    assert finished.stopped == "wall"
    assert tree_cpu_seconds() - before > 0.8 * finished.cpu_seconds


@pytest.mark.parametrize(("script", "stopped"), [("m = mapped(200)", None), ("m = bytearray(200 << 20)", "memory")])
def test_own_memory_is_limited_without_the_files_that_are_mapped(
    sandbox: Sandbox, folder: Path, script: str, stopped: str | None
) -> None:
    code = f"""
import mmap, time
def mapped(size):
    with open("big", "wb+") as file:
        file.truncate(size << 20)
        view = mmap.mmap(file.fileno(), 0, mmap.MAP_PRIVATE, mmap.PROT_READ)
    return view, sum(view[at] for at in range(0, size << 20, 4096))
{script}
time.sleep(1)
"""
    (folder / "program.py").write_text(code)
    limits = Limits(wall_seconds=20, own_bytes=100 * MEBIBYTE, output_bytes=256 * MEBIBYTE)
    assert run(sandbox, folder, "/usr/bin/python3 program.py", limits).stopped == stopped
