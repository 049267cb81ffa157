"""Lean proofs as steps: lines by their columns, bullets, and what stands behind `by` or `=>`.

Invariant: a step's block is told by columns alone, as Lean tells it: steps in one column are one block, and what begins
further right belongs to the step before. A line that goes on further right, without opening a block, is one step.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from domain import Candidate
from verifiers.audit.lean.scan import scan
from verifiers.lean.premises import TOO_DEEP, completing_tactics
from verifiers.steps import Kind, Step

_BULLET = re.compile(r"(?:·|\.(?= ))[ \t]*")
_ARM = re.compile(r"(?:\||case\b|next\b)[^\n]*?=>[ \t]*")
_OPENS = re.compile(r"(?:\bby|=>|\bwith|\bdo)\s*\Z")
_GAP = re.compile(r"(?:sorry|admit)\b(?P<rest>(?![ \t]*(?:--|$))[\s\S]*)?", re.MULTILINE)
_FRAME = re.compile(
    r"(?:@\[|theorem\b|lemma\b|def\b|example\b|open\b|namespace\b|end\b|section\b|variable\b|inductive\b)"
)
_PROOF = re.compile(r":=[ \t]*(?:\(?by\b)?[ \t]*")
_TAIL = re.compile(r"(?::= |\b)by[ \t]+|<;>[ \t]*")
_UNREAD = re.compile(r"unknown tactic|unexpected |expected |<input>")


class LeanSteps:
    """Implements `verifiers.steps.StepLanguage`."""

    def steps(self, text: str) -> list[Step]:
        """The steps of a text, whose comments are between them. Raises `Unterminated`."""
        _ = scan(text)
        found: list[Step] = []
        blocks: list[tuple[int, int]] = []
        at = 0
        while (begin := _next(text, at)) < len(text):
            column = _column(text, begin)
            kind, end = _extent(text, begin, column)
            while blocks and blocks[-1][0] > column:
                blocks.pop()
            if kind == "frame":
                blocks = []
            elif not blocks or blocks[-1][0] < column:
                blocks.append((column, len(found) + 1))
            step = text[begin:end]
            path = tuple(number for _, number in blocks[1:])
            tails = tuple(begin + one.end() for one in reversed(list(_TAIL.finditer(step)))) if kind == "step" else ()
            found.append(Step(step, begin, end, kind, path, tails))
            at = end
        return found

    def closing(self, tactic: str) -> str:
        return f"focus ({tactic}; done)"

    def any_of(self, tactics: Sequence[str]) -> str:
        return "first " + " ".join(f"| ({tactic}; done)" for tactic in tactics)

    def moving(self, tactic: str) -> str:
        return tactic

    def with_tail(self, text: str, step: Step, tail: int, tactic: str) -> str:
        return f"{text[:tail]}({tactic}; done){text[step.end :]}"

    def marks(self, steps: Sequence[Step]) -> list[str]:
        """Bullets in the columns of the blocks that are open behind the steps, innermost first.

        A bullet's own column stands in front of it as blanks.
        """
        if not steps:
            return []
        last = steps[-1].path
        heads = [step for step in steps if step.kind != "frame" and step.path == last[: len(step.path)]]
        columns = {len(step.path): step for step in heads}
        return [f"{depth}·" for depth in sorted(columns, reverse=True) if depth < len(last)]

    def replace(self, text: str, steps: Sequence[Step], begin: int, end: int, new: str) -> str:
        if begin < end:
            before, after = text[: steps[begin].start], text[steps[end - 1].end :]
            if not new:
                line = before.rfind("\n") + 1
                if not before[line:].strip():
                    return before[:line] + after.removeprefix("\n")
                new = "skip"
            return f"{before}{new}{after}"
        bullet = re.fullmatch(r"(\d+)·", new)
        at = steps[begin].start if begin < len(steps) else len(text.rstrip())
        if bullet is not None:
            like = next(step for step in reversed(steps[:begin]) if len(step.path) == int(bullet[1]))
            column, new = _column(text, like.start), "·"
        elif begin < len(steps):
            column = _column(text, at)
        elif steps and steps[-1].kind == "opens" and not _OPENS.search(steps[-1].text):
            return f"{text.rstrip()} {new}\n"
        else:
            column = _column(text, steps[-1].start) if steps else 0
            column += 2 if steps and steps[-1].kind == "opens" else 0
        if begin < len(steps):
            return f"{text[:at]}{new}\n{' ' * column}{text[at:]}"
        return f"{text[:at]}\n{' ' * column}{new}\n"

    def finished(self, text: str, steps: Sequence[Step]) -> str:  # noqa: ARG002 (Lean proofs have no end of their own)
        return text

    def unread(self, message: str) -> bool:
        return _UNREAD.match(message) is not None

    def unknown(self, message: str) -> str | None:
        return "" if _UNREAD.match(message) or TOO_DEEP in message else None

    def with_imports(self, candidate: Candidate, tactics: Sequence[str], works: Callable[[Candidate], bool]) -> None:
        del candidate, tactics, works  # imports stand at the beginning of a file alone

    def of_header(self, header: str) -> Sequence[str]:
        return completing_tactics(header)

    def without_idle_imports(self, text: str) -> str:
        return text


def _next(text: str, at: int) -> int:
    """Where the next thing that is no blank or comment begins."""
    tokens = [token.start for token in scan(text).tokens if token.start >= at]
    return tokens[0] if tokens else len(text)


def _column(text: str, at: int) -> int:
    return at - text.rfind("\n", 0, at) - 1


def _extent(text: str, begin: int, column: int) -> tuple[Kind, int]:
    """The kind of the step that begins there, and its end."""
    mark = _BULLET.match(text, begin) or _ARM.match(text, begin)
    if mark is not None:
        return "opens", begin + len(mark.group().rstrip())
    frame = column == 0 and _FRAME.match(text, begin) is not None
    lines = text[begin:].split("\n")
    kept = [lines[0]]
    for line in lines[1:]:
        if _OPENS.search(kept[-1]) or (line.strip() and len(line) - len(line.lstrip()) <= column):
            break
        kept.append(line)
    step = "\n".join(kept).rstrip()
    if frame:
        proof = _PROOF.search(step)
        return "frame", begin + (len(step[: proof.end()].rstrip()) if proof else len(step))
    if gap := _GAP.match(step):
        return "gap", begin + len(gap.group())
    return ("opens" if _OPENS.search(step) else "step"), begin + len(step)
