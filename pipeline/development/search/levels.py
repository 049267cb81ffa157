"""How far a search goes, pass after pass.

Invariant: what fails at a level that covers another fails at that one too, so it is not tried there again.
"""

from __future__ import annotations

from typing import NamedTuple


class Level(NamedTuple):
    """How far one pass of the search goes. `strength` is 0 (quick closing tactics only), 1 or 2 (those that search)."""

    depth: int
    strength: int
    wide: bool = True
    """Whether other moves than inductions are tried."""
    seconds: float = 0.15
    """CPU seconds of a closing tactic that searches."""

    others: bool = True
    """Whether other moves than splits are tried."""

    def covers(self, other: Level) -> bool:
        """Whether what fails at this level fails at the other one."""
        return all(theirs <= mine for mine, theirs in zip(self, other, strict=True))


LONG = 1.0
"""CPU seconds of such a tactic when less was not enough; most that close a goal do so at once."""

INDUCTIONS = (Level(0, 1), Level(2, 1, wide=False), Level(2, 2, wide=False))
LEVELS = (
    *(*INDUCTIONS, Level(2, 1), Level(2, 2), Level(3, 1), Level(3, 2), Level(2, 2, seconds=LONG)),
    *(Level(4, 1), Level(4, 2), Level(5, 2), Level(4, 2, seconds=LONG), Level(6, 2), Level(8, 2, seconds=LONG)),
)

SPLITS = Level(6, 0, others=False)
"""Splits on what matches look at, and quick closing tactics."""
