"""What a development is proved with."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

HOLE_SECONDS = 10.0
"""CPU seconds for one hole, if nothing else is said: of the prover and of the search together."""


@dataclass(frozen=True, slots=True)
class Options:
    """What a development is proved with."""

    seconds: float
    """CPU seconds for one hole, of the prover and of this process together."""
    seed: int
    memory_bytes: int
    names: tuple[str, ...] = ()
    limit: int | None = None
    erase: bool = False
    sample: tuple[int, int] | None = None
    """With `erase`: how many finished proofs are left out, all others staying, and the seed by which they are drawn."""
    retrieves: bool = True
    """Whether lemmas of the file and of what it requires are premises."""
    library: Path | None = None
    """A run whose lemmas about the same definitions are tried as auxiliary lemmas."""
    library_round: int | None = None
    steps: Path | None = None
    """A folder of recorded steps of other developments: tactics that were used at like goals are tried."""
    jobs: int = 1
    """Files that are worked on at once, each by a process of its own."""
    use: tuple[str, ...] = ()
    """Lemmas that are tried before all others."""
