"""What a header's own theorems are used as: tactics, which stand beside those that Lean's libraries bring.

Invariant: a tactic is a function of the names that the header's text gives; whether it does anything, Lean says.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from verifiers.audit.lean.headers import declared
from verifiers.audit.refusals import Malformed, Unterminated

MOST = 12
"""Of a header's theorems those that stand last: what is near is about the same."""


def premise_tactics(prelude: str) -> tuple[str, ...]:
    """Tactics that use the theorems of a header, then such that use what it assumes too (its holes, say)."""
    try:
        known = declared(prelude)
    except (Malformed, Unterminated):
        return ()
    stated = [(one.command.word, one.name) for one in known if one.name and "\n" not in one.name]
    proved = [name for word, name in stated if word in ("theorem", "lemma")][-MOST:]
    assumed = [name for word, name in stated if word == "axiom"][-MOST:]
    return tuple(dict.fromkeys([*_tactics(proved[::-1]), *(_tactics([*assumed, *proved][::-1]) if assumed else ())]))


def _tactics(names: Sequence[str]) -> Iterator[str]:
    """By simplification with all, by one rewriting, by one step backwards."""
    if not names:
        return
    yield f"simp [*, {', '.join(names)}]"
    yield _first(f"rw [{way}{name}]; done" for name in names for way in ("", "← "))
    yield _first(f"apply {name}; all_goals first | assumption | rfl | simp [*]" for name in names)


def _first(tactics: Iterator[str]) -> str:
    return "first " + " ".join(f"| ({tactic})" for tactic in tactics)
