"""What a header's own theorems are used as: tactics, which stand beside those that Lean's libraries bring.

Invariant: a tactic is a function of the names that the header's text gives; whether it does anything, Lean says.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet

from verifiers.audit.lean.headers import declared
from verifiers.audit.refusals import Malformed, Unterminated
from verifiers.lean.asking import Run

SORTING = ("Nat.add_comm", "Nat.add_left_comm", "Nat.add_assoc")
"""By which sums are the same in whatever order."""

MOST = 12
"""Of a header's theorems those that stand last: what is near is about the same."""

TOO_DEEP = "maximum recursion depth"
"""How Lean tells that a tactic went on for ever. No `first` sees it as a failure: what stands behind is not tried."""

PREMISES = "simp [*, "
"""How simplification with premises begins; their names follow."""


def premise_tactics(prelude: str, looping: AbstractSet[str] = frozenset()) -> tuple[str, ...]:
    """Tactics that use the theorems of a header, then such that use what it assumes too (its holes, say).

    None simplifies with those that are `looping`.
    """
    proved, assumed = _premises(prelude)
    together = _tactics([*proved, *assumed], looping) if assumed else ()
    return tuple(dict.fromkeys([*_tactics(proved, looping), *together]))


def looping_rules(prelude: str, run: Run) -> frozenset[str]:
    """The theorems and axioms of a header by which Lean simplifies for ever, alone or with others that stand below."""

    def loops(names: Sequence[str]) -> bool:
        known = "".join(f"  have h{number} := @{name}\n" for number, name in enumerate(names))
        rewritten = " ".join(f"h{number}" for number in range(len(names)))
        ran = run(prelude, [f"example : True := by\n{known}  simp [{', '.join(names)}] at {rewritten}\n  trivial"])
        return any(TOO_DEEP in (answer.error or "") for answer in ran.answers)

    proved, assumed = _premises(prelude)
    names = [*proved, *assumed]
    if not names or not loops(names):
        return frozenset()
    kept: list[str] = []
    for name in names:
        kept += [] if loops([*kept, name]) else [name]
    return frozenset(names) - {*kept}


def completing_tactics(header: str) -> tuple[str, ...]:
    """Tactics for steps that are missing in a proof: with the equations of the header's functions, and as above."""
    functions, (proved, assumed) = _named(header, "def", "abbrev"), _premises(header)
    together = (functions, [*functions, *proved], [*functions, *proved, *assumed])
    found = [one for names in together if names for one in (*simplifying(names), simplifying([*names, *SORTING])[0])]
    return tuple(dict.fromkeys([*found, *premise_tactics(header)]))


def simplifying(names: Sequence[str]) -> tuple[str, str]:
    """Simplification with names and the hypotheses, of the goal and of all."""
    return f"{PREMISES}{', '.join(names)}]", f"simp_all [{', '.join(names)}]"


def premises_of(tactic: str) -> list[str]:
    """The names in a simplification with premises."""
    return tactic.removeprefix(PREMISES).removesuffix("]").split(", ")


def _premises(prelude: str) -> tuple[list[str], list[str]]:
    """What a header proves, and what it assumes."""
    return _named(prelude, "theorem", "lemma"), _named(prelude, "axiom")


def _named(text: str, *words: str) -> list[str]:
    """The names that commands with these words give in a text, those that stand last first."""
    try:
        known = declared(text)
    except (Malformed, Unterminated):
        return []
    found = [one.name for one in known if one.command.word in words and one.name and "\n" not in one.name]
    return found[-MOST:][::-1]


def _tactics(names: Sequence[str], looping: AbstractSet[str]) -> Iterator[str]:
    """By simplification with all, by one rewriting, by one step backwards."""
    if not names:
        return
    if rules := [name for name in names if name not in looping]:
        yield simplifying(rules)[0]
    yield _first(f"rw [{way}{name}]; done" for name in names for way in ("", "← "))
    yield _first(f"apply {name}; all_goals first | assumption | rfl | simp [*]" for name in names)


def _first(tactics: Iterator[str]) -> str:
    return "first " + " ".join(f"| ({tactic})" for tactic in tactics)
