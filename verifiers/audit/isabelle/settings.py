"""Where Isabelle is, and what a question to it may cost.

Layer: the server.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from verifiers.audit.sandbox import GIBIBYTE

COMMAND_VARIABLE = "LEMMARY_ISABELLE"
SERVER_VARIABLE = "LEMMARY_ISABELLE_SERVER"
PASSWORD_VARIABLE = "LEMMARY_ISABELLE_PASSWORD_FILE"  # noqa: S105 (where it is, not what it is)
SESSION_VARIABLE = "LEMMARY_ISABELLE_SESSION"


@dataclass(frozen=True, slots=True)
class IsabelleSettings:
    """Where Isabelle is, limits and sizes."""

    command: tuple[str, ...] = ()
    """How `isabelle` is called; empty means the one on PATH."""
    server: str = ""
    """A server that already listens: its name (as in `isabelle server -l`) or its address, like `127.0.0.1:4711`."""
    password_file: Path | None = None
    """File with the password of a server that is given by address."""
    session: str = "HOL"
    """Session whose image is loaded. `HOL-Number_Theory` holds what most of miniF2F imports."""
    session_folders: tuple[Path, ...] = ()
    """Further folders with ROOT files, the Archive of Formal Proofs for example."""
    check_seconds: float = 10.0
    """For one candidate in a warm session, wall time."""
    audit_seconds: float = 60.0
    """For one candidate in an audit, wall time."""
    recheck_seconds: float = 600.0
    """For one batch build of a recheck, wall time."""
    start_seconds: float = 900.0
    """For starting a session, wall time; an image that is missing is built first."""
    memory_bytes: int = 32 * GIBIBYTE
    """Address space of each process of our own server; Java and Poly/ML reserve much more than they use."""
    batch: int = 16
    """Candidates of one question to a warm session."""
    audits_per_session: int = 16
    """Candidates audited in one fresh session, each in theories of its own, whose names no candidate can know."""
    cache_entries: int = 20_000
    """Verdicts kept in memory."""

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> IsabelleSettings:
        """The defaults, with what the environment variables say."""
        known = os.environ if environment is None else environment
        password = known.get(PASSWORD_VARIABLE, "")
        return cls(
            command=tuple(known.get(COMMAND_VARIABLE, "").split()),
            server=known.get(SERVER_VARIABLE, ""),
            password_file=Path(password) if password else None,
            session=known.get(SESSION_VARIABLE, "") or cls().session,
        )

    @property
    def found(self) -> bool:
        """Whether there is a server, or a command to start one."""
        return bool(self.server) or shutil.which((*self.command, "isabelle")[0]) is not None
