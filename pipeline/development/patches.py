"""Changes of a user's file as a unified diff, for all provers.

Invariant: `patch` makes of the old text the new one, byte for byte: lines end at line feeds alone, unlike those of
`str.splitlines`, and a last line without one is marked.
"""

from __future__ import annotations

import difflib
import re


def unified(old: str, new: str, name: str) -> str:
    """What changes in a file of this name; empty if nothing does."""
    difference = difflib.unified_diff(lines_of(old), lines_of(new), f"a/{name}", f"b/{name}")
    return "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in difference)


def lines_of(text: str) -> list[str]:
    """The lines of a text with their ends."""
    return re.findall(r"[^\n]*\n|[^\n]+", text)
