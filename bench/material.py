"""What a prover brings to `acceptance.py`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from domain import Candidate, Problem, Prover
from verifiers.protocol import Verifier


@dataclass(frozen=True)
class Material:
    """A prover under test. `open` raises `OutsideError` where there is no real one."""

    prover: Prover
    open: Callable[[], Verifier]
    one_by_one: Callable[[], Verifier]
    """The same, with nothing shared between audits."""
    minif2f: str
    unread: Callable[[Verifier, Problem], str | None]
    """Why the prover does not read a statement, or None."""
    comment: str
    """A comment with a number in it, which makes a text another one."""
    honest: tuple[Candidate, ...]
    cheats: Mapping[str, Candidate]
    broken: tuple[Candidate, ...]
    left_out: Callable[[Verifier], str | None] = lambda _: None
    """Why miniF2F cannot be read at all here, which is told and is no failure; None where it can."""
