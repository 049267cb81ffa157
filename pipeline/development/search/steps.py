"""A proof as a tree of tactics: as the prover is given it, and as it is written into a file.

Invariant: both texts have the same tactics in the same order; they differ in braces and bullets alone.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Step:
    """A tactic, and how each goal that it leaves is proved."""

    tactic: str
    then: tuple[Step, ...] = ()

    def __len__(self) -> int:
        return 1 + sum(len(step) for step in self.then)


def sentences(step: Step) -> tuple[str, ...]:
    """A proof as the sentences that the prover is given."""
    if len(step.then) == 1:
        return (f"{step.tactic}.", *sentences(step.then[0]))
    return (f"{step.tactic}.", *(one for child in step.then for one in ("{", *sentences(child), "}")))


BULLETS = ("-", "+", "*", "--", "++", "**", "---", "+++", "***")


def written(step: Step, depth: int = 0) -> str:
    """A proof as text: a bullet for each goal where a tactic leaves several."""
    lines = [f"{step.tactic}."]
    if len(step.then) == 1:
        lines.append(written(step.then[0], depth))
    elif len(step.then) > 1:
        bullet = BULLETS[min(depth, len(BULLETS) - 1)]
        for child in step.then:
            inner = written(child, depth + 1).splitlines()
            lines.append(
                "\n".join([f"{bullet} {inner[0]}", *(f"{' ' * (len(bullet) + 1)}{line}" for line in inner[1:])])
            )
    return "\n".join(lines)


def joined(step: Step) -> Step:
    """Two introductions of names in a row as one."""
    if len(step.then) == 1 and step.tactic.startswith("intros ") and step.then[0].tactic.startswith("intros "):
        (then,) = step.then
        return Step(f"{step.tactic} {then.tactic.removeprefix('intros ')}", then.then)
    return step
