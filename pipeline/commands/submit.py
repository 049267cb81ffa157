"""`python -m pipeline submit`: send `run` or `prove` to a Ray cluster as a job, and follow its log.

Ray's own client (`JobSubmissionClient`) sends, asks and stops; what is added is the check of the address and the token
within seconds, and one line for what goes wrong. The job runs in a copy of this checkout (Ray's `working_dir`) with the
cluster's own interpreter. Invariant: what can be wrong here (configuration, paths, address, token) is found before
anything is sent, and ends in one line. Following is only watching: ending it leaves the job alone, and `submit follow`
goes on.
"""

import asyncio
import json
import shlex
import sys
import time
from collections.abc import Callable, Iterable
from contextlib import nullcontext
from pathlib import Path, PurePosixPath
from typing import Annotated, Any

from cyclopts import App, Parameter

from domain import UserError
from pipeline import config
from pipeline.commands.job_server import asked, connect, info, line_of
from pipeline.commands.live_view import LiveView, terminal

ROOT = Path(__file__).resolve().parents[2]

LEFT_BEHIND = (
    *(".git", ".venv", ".ci", "/runs", "/tests", "/docs", "/bench", "*.egg-info"),
    *("**/__pycache__", "**/.pytest_cache", "**/.ruff_cache", "**/.hypothesis"),
)
"""What the copy does not need, as gitignore patterns; Ray leaves out what `.gitignore` names too."""

PAUSE_SECONDS = 1.0
"""Between two looks at a job whose log has ended."""

DONE, NO, OUTSIDE_FAILED = 0, 1, 3
EXITS = (0, 1, 2, 3, 130)
"""Exit codes of a job's command that are passed on."""

Address = Annotated[str, Parameter(env_var="RAY_API_SERVER_ADDRESS")]
Json = Annotated[bool, Parameter(name="--json")]
Watch = Annotated[bool, Parameter(name="--watch", negative="")]

submit = App(name="submit")


@submit.default
def send(
    config_file: Annotated[Path, Parameter(name="CONFIG")],
    /,
    *,
    out: Path,
    address: Address = "http://127.0.0.1:8265",
    prove: str | None = None,
    rounds: int | None = None,
    cpu_seconds: float | None = None,
    overrides: Annotated[tuple[str, ...], Parameter(name="--set")] = (),
    python: str = sys.executable,
    detach: bool = False,
    live: Watch = False,
    json_output: Json = False,
) -> int:
    """Send a run to a Ray cluster and follow its log; the exit code is that of the run.

    The cluster was started with `ray start` (docs/cluster.md) on nodes that have this project's environment and, for
    the prover's workers, the prover. Ctrl-C ends the following, not the job.

    Examples:
        python -m pipeline submit configs/quickstart.yaml --out /shared/run --address http://HEAD:8265
        python -m pipeline submit configs/quickstart.yaml --out /shared/run --prove tip:prod --detach
        python -m pipeline submit status ID
        python -m pipeline submit follow ID
        python -m pipeline submit stop ID

    Args:
        config_file: Configuration; in the checkout, or at an absolute path that every node sees.
        out: Run directory: an absolute path that every node sees.
        address: The head node's job server.
        prove: Prove these problems with the configuration instead of running the round loop.
        rounds: As in `run`.
        cpu_seconds: As in `run`.
        overrides: key=value, as in `run`.
        python: The interpreter of the environment on the cluster's nodes.
        detach: Print the job's id and return, instead of following its log.
        live: Instead of the whole log, show its last lines and what stands on each node, redrawn in place.
        json_output: With --detach, print `{"id", "address"}`.
    """
    if not out.is_absolute():
        raise UserError(f"--out {out}: has to be an absolute path that every node of the cluster sees")
    if live and detach:
        raise UserError("--watch and --detach: choose one")
    if live:
        terminal()
    config.read(config_file, overrides)
    named = for_the_cluster(config_file)
    if prove is None:
        command = ["run", named, "--out", str(out)]
        command += ["--rounds", str(rounds)] if rounds is not None else []
        command += ["--cpu-seconds", str(cpu_seconds)] if cpu_seconds is not None else []
        command += [part for override in overrides for part in ("--set", override)]
    elif rounds is not None or cpu_seconds is not None or overrides:
        raise UserError("--prove: takes neither --rounds, --cpu-seconds nor --set; put them into the configuration")
    else:
        command = ["prove", prove, "--config", named, "--out", str(out)]
    client = connect(address)
    job = start(client, shlex.join([python, "-m", "pipeline", *command]))
    if detach:
        print(json.dumps({"id": job, "address": address}) if json_output else job)
        return DONE
    print(f"job {job} at {address}, run directory {out}", file=sys.stderr)
    return watch(client, job, address, live=live)


@submit.command
def status(
    job: Annotated[str, Parameter(name="ID")],
    /,
    *,
    address: Address = "http://127.0.0.1:8265",
    json_output: Json = False,
) -> int:
    """Print what a job does: its state, and the message of its end. Exit code 0 unless it failed or was stopped.

    Args:
        job: The id that `submit` printed.
        address: The head node's job server.
        json_output: Print `{"id", "status", "message", "entrypoint"}`.
    """
    found = info(connect(address), job)
    if json_output:
        print(json.dumps({"id": job, "status": found.status, "message": found.message, "entrypoint": found.entrypoint}))
    else:
        print(f"{found.status.lower()}: {' '.join((found.message or '').split())}")
    return NO if found.status in ("FAILED", "STOPPED") else DONE


@submit.command
def follow(
    job: Annotated[str, Parameter(name="ID")],
    /,
    *,
    address: Address = "http://127.0.0.1:8265",
    live: Watch = False,
) -> int:
    """Print a job's log from its beginning until it ends; the exit code is that of its run.

    Args:
        job: The id that `submit` printed.
        address: The head node's job server.
        live: Instead of the whole log, show its last lines and what stands on each node, redrawn in place.
    """
    if live:
        terminal()
    client = connect(address)
    info(client, job)
    return watch(client, job, address, live=live)


@submit.command
def stop(job: Annotated[str, Parameter(name="ID")], /, *, address: Address = "http://127.0.0.1:8265") -> int:
    """Stop a job; its run directory can be resumed. Exit code 1 if it had ended already.

    Args:
        job: The id that `submit` printed.
        address: The head node's job server.
    """
    client = connect(address)
    info(client, job)
    stopped = asked(client, "stop_job", job)
    print("stopped" if stopped else "had ended already")
    return DONE if stopped else NO


def start(client: Any, entrypoint: str, *, left_behind: Iterable[str] = LEFT_BEHIND) -> str:
    """Sends a command line as a job in a copy of this checkout; returns the job's id."""
    environment = {"working_dir": str(ROOT), "excludes": list(left_behind)}
    return str(asked(client, "submit_job", entrypoint=entrypoint, runtime_env=environment))


def for_the_cluster(path: Path) -> str:
    """How the job names a file: relative to the copy if it is in the checkout, otherwise by its absolute path."""
    resolved = path.resolve()
    if resolved.is_relative_to(ROOT):
        inside = PurePosixPath(resolved.relative_to(ROOT))
        if inside.parts[0] in ("runs", "tests", "docs", "bench", ".git", ".venv"):
            raise UserError(
                f"{path}: {inside.parts[0]}/ is not sent to the cluster; put the configuration into configs/"
            )
        return str(inside)
    return str(resolved)


def watch(client: Any, job: str, address: str, *, live: bool = False) -> int:
    """Copies the job's log to stdout until the job ends, or shows its last lines and where the job stands."""
    view = LiveView(client, job) if live else None
    try:
        with view or nullcontext():
            asyncio.run(_copy_log(client, job, print_log if view is None else view.log))
            while (found := info(client, job)).status in ("PENDING", "RUNNING"):
                time.sleep(PAUSE_SECONDS)
    except KeyboardInterrupt:
        where = f"--address {address}"
        print(
            f"\nthe job goes on; `submit follow {job} {where}` shows it, `submit stop {job} {where}` stops it",
            file=sys.stderr,
        )
        raise
    print(f"job {job}: {found.status.lower()}", file=sys.stderr)
    if found.status == "SUCCEEDED":
        return DONE
    if found.status == "STOPPED":
        return NO
    if found.driver_exit_code not in EXITS:
        print(f"error: {line_of(found.message)}", file=sys.stderr)
        return OUTSIDE_FAILED
    return int(found.driver_exit_code)


def print_log(lines: str) -> None:
    print(lines, end="", flush=True)


async def _copy_log(client: Any, job: str, write: Callable[[str], None]) -> None:
    """Ray's stream ends with the job. A broken stream is no failure of the job, which is looked at afterwards."""
    try:
        async for lines in client.tail_job_logs(job):
            write(lines)
    except (RuntimeError, OSError) as error:
        print(f"the log broke off ({line_of(error)}); waiting for the end of the job", file=sys.stderr)
