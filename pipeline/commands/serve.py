"""`serve`: verification and retrieval over HTTP, for those who train provers."""

from __future__ import annotations

import os
import signal
import sys
import threading
from pathlib import Path

from domain import Prover, UserError
from pipeline.commands import MOST_SECONDS
from verifiers.backend import BACKENDS

TOKEN_VARIABLE = "LEMMARY_TOKEN"  # noqa: S105 (its name)
"""The environment variable with the token that requests have to bring."""

LOCAL = ("127.0.0.1", "localhost", "::1")


def serve(
    *,
    provers: str = "rocq,lean4",
    processes: int | None = None,
    host: str = "127.0.0.1",
    port: int = 8000,
    library: Path | None = None,
    audit_seconds: float = 30.0,
    memory_mib: int = 4096,
    body_mib: int = 8,
    waiting: int = 1000,
    rate: float | None = None,
    address: str | None = None,
) -> int:
    """Serve verification over HTTP until it is interrupted. docs/service.md describes requests and answers.

    `/verify` and `/api/check` take whole files, as Kimina Lean Server does; `/audit` gives the verdicts that count;
    `/retrieve` finds lemmas of a run; `/health` and `/metrics` are for those who watch over it.

    Examples:
        python -m pipeline serve --provers lean4 --processes 4
        LEMMARY_TOKEN=secret python -m pipeline serve --host 0.0.0.0 --library runs/quickstart

    Args:
        provers: which provers are started, with commas between them.
        processes: prover processes for each of them; by default the number of cores.
        host: the address to listen at; any other than this machine's own wants a token in LEMMARY_TOKEN.
        port: the port to listen at.
        library: a run whose lemmas `/retrieve` finds.
        audit_seconds: CPU seconds for each process of an audit.
        memory_mib: memory of one prover process.
        body_mib: size of the largest request.
        waiting: how many texts may wait or be worked on; more are refused with 503.
        rate: requests a second of one address; more are refused with 429.
        address: a Ray cluster to run on, in place of one on this machine.
    """
    wanted = [*dict.fromkeys(name.strip() for name in provers.split(","))]
    named: list[Prover] = [prover for prover in BACKENDS if prover in wanted]
    if len(named) < len(wanted):
        raise UserError(f"--provers {provers}: expected some of {', '.join(BACKENDS)}, with commas between them")
    token = os.environ.get(TOKEN_VARIABLE) or None
    count = (os.cpu_count() or 1) if processes is None else processes
    if token is None and host not in LOCAL:
        raise UserError(
            f"--host {host}: set a token in the environment variable {TOKEN_VARIABLE}, or listen at 127.0.0.1"
        )
    if min(count, memory_mib, body_mib, waiting) < 1 or not 0 < audit_seconds <= MOST_SECONDS or (rate or 1) <= 0:
        raise UserError(f"numbers must be greater than zero, and --audit-seconds at most {MOST_SECONDS}")
    if not 0 < port < 65536:
        raise UserError(f"--port {port}: expected a number from 1 to 65535")
    if library is not None and not (library / "rounds").is_dir():
        raise UserError(f"--library {library}: not a run directory with a finished round")
    from pipeline.service.gate import Limits
    from pipeline.service.start import Settings, start, stop

    limits = Limits(token, body_mib * 2**20, rate, waiting)
    settings = Settings(tuple(named), count, host, port, library, audit_seconds, memory_mib, address)
    stopped = threading.Event()
    before = [signal.signal(which, lambda *_: stopped.set()) for which in (signal.SIGINT, signal.SIGTERM)]
    try:
        start(settings, limits)
        print(f"serving {' and '.join(settings.provers)} at http://{host}:{port}; Ctrl-C ends it", file=sys.stderr)
        stopped.wait()
    finally:
        for which, handler in zip((signal.SIGINT, signal.SIGTERM), before, strict=True):
            signal.signal(which, handler)
        stop(settings)
    return 0
