"""A proof's text as steps in blocks: what repair needs to know of a prover's language, and nothing of the prover.

Invariant: steps are in order, do not overlap, and `text[step.start : step.end] == step.text`; what lies between two of
them (blanks, comments) means nothing to the prover.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal, NamedTuple, Protocol

from domain import Candidate

Kind = Literal["step", "gap", "opens", "closes", "frame"]
"""`step`: a tactic. `gap`: a place left open (`admit`), or text that was cut off. `opens`, `closes`: marks of a block.
`frame`: what no repair may touch (a statement, a definition, the end of a proof)."""


class Step(NamedTuple):
    """One step; offsets are in characters of the whole text."""

    text: str
    start: int
    end: int
    kind: Kind
    path: tuple[int, ...] = ()
    """The blocks that it stands in, outermost first; a mark stands outside of the block that it opens."""
    tails: tuple[int, ...] = ()
    """Offsets where a last part begins that automation may take the place of: behind a final `by`, say."""


class StepLanguage(Protocol):
    """How a prover's proofs are written."""

    def steps(self, text: str) -> list[Step]:
        """The steps of a text. Raises `ValueError` if the text cannot be cut into steps."""
        ...

    def closing(self, tactic: str) -> str:
        """A step in which the tactic closes the first goal, or fails."""
        ...

    def any_of(self, tactics: Sequence[str]) -> str:
        """A tactic that does what the first of these does that closes the goal."""
        ...

    def moving(self, tactic: str) -> str:
        """A step in which the tactic may change the first goal."""
        ...

    def with_tail(self, text: str, step: Step, tail: int, tactic: str) -> str:
        """The text in which a closing tactic takes the place of a step's last part."""
        ...

    def marks(self, steps: Sequence[Step]) -> list[str]:
        """Marks with which the next open goal may come into focus after these steps, likeliest first."""
        ...

    def replace(self, text: str, steps: Sequence[Step], begin: int, end: int, new: str) -> str:
        """The text with a new step (or none, if empty) in place of the steps from `begin` up to `end` (or of none)."""
        ...

    def finished(self, text: str, steps: Sequence[Step]) -> str:
        """The text with the end of its last proof, if that is missing."""
        ...

    def unread(self, message: str) -> bool:
        """Whether an error says that the text could not be read on from there, whatever was said of what is before."""
        ...

    def unknown(self, message: str) -> str | None:
        """The name of the tactic that does not exist here, as an error says; empty if it does not say the name."""
        ...

    def with_imports(
        self, candidate: Candidate, tactics: Sequence[str], works: Callable[[Candidate], bool]
    ) -> Candidate | None:
        """The candidate as a whole text that first imports what tactics come from; None where no text can do that.

        Only what `works` on its own under the problem's header is imported.
        """
        ...

    def of_header(self, header: str) -> Sequence[str]:
        """Tactics that use what a header defines and states, for steps that its author left out."""
        ...

    def without_idle_imports(self, text: str) -> str:
        """The text of `with_imports` after repair, without imports of which it calls no tactic."""
        ...


def block_end(steps: Sequence[Step], index: int) -> int:
    """Where the block of the step at `index` ends: the index of the next step outside of it."""
    path = steps[index].path
    end = index + 1
    while end < len(steps) and steps[end].path[: len(path)] == path and steps[end].kind != "frame":
        end += 1
    return end


def block_start(steps: Sequence[Step], index: int, depth: int) -> int:
    """The index of the first step of the block of that depth around the step at `index`."""
    path = steps[index].path[:depth]
    start = index
    while start > 0 and steps[start - 1].path[:depth] == path and steps[start - 1].kind != "frame":
        start -= 1
    return start


def replace_between_blanks(text: str, steps: Sequence[Step], begin: int, end: int, new: str) -> str:
    """`StepLanguage.replace` where blanks mean nothing; the new step is laid out like its neighbours."""
    if begin < end:
        before, after = text[: steps[begin].start], text[steps[end - 1].end :]
        if not new:
            after = after.lstrip(" \t")
            if not after or after.startswith("\n"):
                before = before.rstrip(" \t")
                after = after[1:] if before.endswith("\n") else after
        return f"{before}{new}{after}"
    if begin < len(steps):
        at = steps[begin].start
        between = f"\n{_indent(text, at)}" if _begins_line(text, at) else " "
        return f"{text[:at]}{new}{between}{text[at:]}"
    before = text.rstrip()
    if not steps:
        return f"{before}\n{new}\n".lstrip()
    like = [step for step in steps if step.text == new and _begins_line(text, step.start)]
    if steps[-1].kind == "opens" and not like:
        return f"{before} {new}\n"
    line = text.rfind("\n", 0, steps[-1].start) + 1
    tactics = [step for step in steps if step.start >= line and step.kind != "opens"]
    return f"{before}\n{_indent(text, (like[-1:] or tactics or [steps[-1]])[0].start)}{new}\n"


def _begins_line(text: str, at: int) -> bool:
    return not text[text.rfind("\n", 0, at) + 1 : at].strip()


def _indent(text: str, at: int) -> str:
    """Blanks up to the column of an offset."""
    return " " * (at - text.rfind("\n", 0, at) - 1)
