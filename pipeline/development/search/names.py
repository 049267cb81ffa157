"""What the prover says of names at one place of a file: whether it knows them, and which stand for something short.

Invariant: what is told here is a guess about what helps; a wrong one costs seconds, never a proof.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence

from pipeline.development.search.premises import LOGIC, bound_names, symbols_of

LONGEST = 400
"""Characters of a definition of another file that a proof may look into."""

MOST = 8
"""Definitions that are told at one goal."""

Asks = Callable[[str, Sequence[str]], "list[tuple[str, str | None]]"]
"""Puts a question about each name; what the prover says, None where it refuses the question."""

_RECURS = re.compile(r"\b(?:fix|cofix)\b")
_LOOKS_AT = re.compile(r"\bmatch\b|\blet \(")


class Names:
    """Names as they are printed at one place."""

    def __init__(self, ask: Asks) -> None:
        self._ask = ask
        self._known: dict[str, bool] = {}
        self._reached: dict[str, frozenset[str] | None] = {}
        """For each name the names in its definition, None where it has none that proofs may look into."""

    def clear(self) -> None:
        """Forgets what was said at another place."""
        self._known.clear()
        self._reached.clear()

    def knows(self, name: str) -> bool:
        """Whether the prover knows a name."""
        if name not in self._known:
            self._known[name] = self._ask("Check @{}.", [name])[0][1] is not None
        return self._known[name]

    def definitions(self, file: Sequence[str], symbols: Iterable[str]) -> list[str]:
        """Those of some names that are defined without recursion, and what they reach of such.

        Of what is not defined in the file, the short ones that look at nothing by cases.
        """
        found: list[str] = []
        new = sorted(set(symbols), key=lambda name: (name not in file, name))
        while new and len(found) < MOST:
            asked = [name for name in new if name not in self._reached]
            answers = self._ask("Print {}.", asked)
            self._reached |= {name: _reached(name, text, cases=name in file) for name, text in answers}
            defined = [name for name in new if self._reached[name] is not None]
            found += defined
            behind = {name for one in defined for name in self._reached[one] or ()}
            new = sorted(behind.difference(found, LOGIC))
        return found[:MOST]


def _reached(name: str, text: str | None, *, cases: bool) -> frozenset[str] | None:
    """The names in a definition that the prover printed; None for anything else that it may have printed."""
    stands = re.compile(rf"(?:[\w'.]*\.)?{re.escape(name.rpartition('.')[2])} =\s")
    if text is None or not stands.match(text) or _RECURS.search(text):
        return None
    if not cases and (len(text) > LONGEST or _LOOKS_AT.search(text)):
        return None
    return symbols_of(text.partition("=")[2], bound_names(text))
