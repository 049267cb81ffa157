"""Rocq proofs as steps: sentences, bullets and braces.

Invariant: the blocks are those that the prover opens if it accepts the text: a bullet ends the blocks of the same
bullet and of those inside it, up to the nearest brace.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace

from domain import Candidate
from verifiers.audit.rocq.lint import DECLARATIONS
from verifiers.audit.rocq.sentences import Sentence, identifiers, split
from verifiers.audit.rocq.source import parse_statement, surround, without_header
from verifiers.steps import Kind, Step, replace_between_blanks

_BULLET = re.compile(r"-+|\++|\*+")
_GAP = re.compile(r"(?:admit|give_up|Admitted|Abort)\b|\.\.\.")
_FRAME = re.compile(r"[A-Z]\w*\b(?!\.\w)")
_UNKNOWN = re.compile(r"The (?:reference|variable) ([\w'.]+) was not found in the current environment|Syntax error")
_PROVIDED_BY = {
    **dict.fromkeys(("lia", "nia"), "Lia"),
    **dict.fromkeys(("lra", "nra"), "Lra"),
    **dict.fromkeys(("psatz",), "Psatz"),
    **dict.fromkeys(("btauto",), "Btauto"),
    **dict.fromkeys(("ring", "ring_simplify"), "Ring"),
    **dict.fromkeys(("field", "field_simplify"), "Field"),
}
"""Modules of the standard library that bring tactics with them."""


class RocqSteps:
    """Implements `verifiers.steps.StepLanguage`."""

    def steps(self, text: str) -> list[Step]:
        """The sentences of a text in their blocks. Raises `Unterminated`."""
        found: list[Step] = []
        marks: list[str] = []
        path: list[int] = []
        for number, sentence in enumerate(split(text), 1):
            kind = _kind(sentence.text)
            if kind == "closes":
                while marks and not marks[-1].endswith("{"):
                    marks.pop()
                if marks:
                    marks.pop()
                del path[len(marks) :]
            elif kind == "opens" and sentence.text in _open_bullets(marks):
                while marks.pop() != sentence.text:
                    pass
                del path[len(marks) :]
            elif kind == "frame":
                marks, path = [], []
            tails = _tails(sentence) if kind == "step" else ()
            found.append(
                Step(sentence.text, sentence.start, sentence.start + len(sentence.text), kind, tuple(path), tails)
            )
            if kind == "opens":
                marks.append(sentence.text)
                path.append(number)
        return found

    def closing(self, tactic: str) -> str:
        return f"solve [{tactic}]."

    def any_of(self, tactics: Sequence[str]) -> str:
        return " | ".join(tactics)

    def moving(self, tactic: str) -> str:
        return f"{tactic}."

    def with_tail(self, text: str, step: Step, tail: int, tactic: str) -> str:
        return f"{text[:tail].rstrip()} solve [{tactic}].{text[step.end :]}"

    def marks(self, steps: Sequence[Step]) -> list[str]:
        """The bullets that are open at the end of the steps, innermost first, up to the brace that must be closed."""
        marks: list[str] = []
        for step in steps:
            if step.kind == "frame":
                marks = []
            elif step.kind == "closes":
                while marks and not marks.pop().endswith("{"):
                    pass
            elif step.kind == "opens":
                if step.text in _open_bullets(marks):
                    while marks.pop() != step.text:
                        pass
                marks.append(step.text)
        bullets = list(reversed(_open_bullets(marks)))
        return [*bullets, "}"] if len(bullets) < len(marks) else bullets

    def replace(self, text: str, steps: Sequence[Step], begin: int, end: int, new: str) -> str:
        return replace_between_blanks(text, steps, begin, end, new)

    def finished(self, text: str, steps: Sequence[Step]) -> str:
        begun = any(step.text.split(None, 1)[0] in DECLARATIONS for step in steps)
        ended = bool(steps) and re.match(r"(?:Qed|Defined)\b", steps[-1].text) is not None
        return f"{text.rstrip()}\nQed.\n" if begun and not ended else text

    def unread(self, message: str) -> bool:  # noqa: ARG002 (sentences are read one by one)
        return False

    def unknown(self, message: str) -> str | None:
        found = _UNKNOWN.match(message)
        return None if found is None else found[1] or ""

    def with_imports(
        self, candidate: Candidate, tactics: Sequence[str], works: Callable[[Candidate], bool]
    ) -> Candidate | None:
        """Modules that the problem's header names are not imported again; None for a text that cannot be read."""
        header = candidate.problem.header
        try:
            named = {name.text for tactic in tactics for name in identifiers(tactic)}
            placed = surround(
                parse_statement(candidate.problem.formal_statement), without_header(candidate.proof, header)
            )
        except ValueError:
            return None
        modules = dict.fromkeys(_PROVIDED_BY[name] for name in _PROVIDED_BY if name in named)
        lines: list[str] = []
        for module in modules:
            if re.search(rf"\b{module}\b", header) is None:
                line = f"Require Import {module}."
                if works(replace(candidate, proof=f"{line}\nLemma imported : True.\nProof. exact I. Qed.")):
                    lines.append(line)
        return replace(candidate, proof="\n".join([*lines, f"{placed.before}{placed.text.strip()}{placed.after}\n"]))

    def of_header(self, header: str) -> Sequence[str]:
        del header
        return ()

    def without_idle_imports(self, text: str) -> str:
        lines = text.splitlines(keepends=True)
        needed = {_PROVIDED_BY.get(name.text) for name in identifiers(text)}
        idle = {f"Require Import {module}." for module in _PROVIDED_BY.values() if module not in needed}
        return "".join(line for line in lines if line.strip() not in idle)


def _kind(sentence: str) -> Kind:
    if _BULLET.fullmatch(sentence) or sentence.endswith("{"):
        return "opens"
    if sentence == "}":
        return "closes"
    if _GAP.match(sentence) or not sentence.endswith("."):
        return "gap"
    return "frame" if _FRAME.match(sentence) else "step"


def _open_bullets(marks: Sequence[str]) -> list[str]:
    """The bullets since the last open brace, outermost first."""
    opened: list[str] = []
    for mark in marks:
        opened = [] if mark.endswith("{") else [*opened, mark]
    return opened


def _tails(sentence: Sentence) -> tuple[int, ...]:
    """Offsets behind the last `by`, then behind every `;`, last one first, outside of brackets."""
    text = sentence.text
    names = {name.start: name.end for name in identifiers(text)}
    depth = 0
    by: list[int] = []
    semicolons: list[int] = []
    at = 0
    while at < len(text):
        if at in names:
            if depth == 0 and text[at : names[at]] == "by":
                by = [names[at]]
            at = names[at]
            continue
        depth += (text[at] in "([{") - (text[at] in ")]}")
        if text[at] == ";" and depth == 0:
            semicolons.insert(0, at + 1)
        at += 1
    return tuple(sentence.start + offset for offset in (*by, *semicolons))
