"""Starts the deployments of the service on a Ray cluster."""

from __future__ import annotations

import logging
import socket
from dataclasses import dataclass
from pathlib import Path

from ray import serve

from actors import cluster
from domain import OutsideError, Prover
from pipeline.service.app import Service
from pipeline.service.gate import Limits
from pipeline.service.provers import ProverReplica
from verifiers.backend import VerifierLimits, backend_of

NAME = "lemmary"


@dataclass(frozen=True, slots=True)
class Settings:
    """What is served, and where."""

    provers: tuple[Prover, ...]
    processes: int
    """Of each prover."""
    host: str
    port: int
    library: Path | None
    audit_seconds: float
    memory_mib: int
    address: str | None
    """Of a Ray cluster; None starts one on this machine."""


def start(settings: Settings, limits: Limits) -> None:
    """Returns once requests are answered.

    Raises:
        OutsideError: a prover, Ray or the port is not to be had.
    """
    for prover in settings.provers:
        backend_of(prover).require()
    _expect_free(settings.host, settings.port)
    cpus = settings.processes * len(settings.provers)
    cluster.connect(address=settings.address, cpus=cpus, object_store_mib=200)
    logging.getLogger("ray.serve").setLevel(logging.ERROR)
    given = VerifierLimits(audit_seconds=settings.audit_seconds, memory_bytes=settings.memory_mib * 2**20)
    handles = {
        prover: ProverReplica.options(  # type: ignore[attr-defined]
            name=f"prover_{prover}", num_replicas=settings.processes, ray_actor_options={"num_cpus": 1}
        ).bind(backend_of(prover).opener(given))
        for prover in settings.provers
    }
    service = Service.options(ray_actor_options={"num_cpus": 0})  # type: ignore[attr-defined]
    library = None if settings.library is None else settings.library.resolve()
    serve.start(http_options={"host": settings.host, "port": settings.port})
    try:
        serve.run(service.bind(handles, limits, library), name=NAME)
    except RuntimeError as error:
        raise OutsideError(f"the service did not start: {' '.join(str(error).split())[:300]}") from error


def stop(settings: Settings) -> None:
    """Ends the service; a cluster of its own ends with it."""
    if cluster.joined():
        if cluster.address_of(settings.address):
            serve.delete(NAME)
        cluster.leave()


def _expect_free(host: str, port: int) -> None:
    try:
        with socket.create_server((host, port)):
            return
    except OSError as error:
        raise OutsideError(f"{host}:{port} is not free ({error.strerror or error}): choose another --port") from None
