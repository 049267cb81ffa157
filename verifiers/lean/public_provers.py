"""How public models that write whole Lean proofs are asked, each as it was trained, and how their answers are read.

A prompt is the problem's own file with the library's lemmas in front of the theorem. The first two formats are those of
the models' own repositories. The third was read from public scripts that ask the model and name its card, which was not
to be had:

* DeepSeek-Prover-V2: "Quick Start" of https://github.com/deepseek-ai/DeepSeek-Prover-V2;
* Goedel-Prover-V2: "Quick Start" of https://github.com/Goedel-LM/Goedel-Prover-V2, the same but for a line break;
* Kimina-Prover: as such scripts ask AI-MO/Kimina-Prover-Preview-Distill-7B; its file ends with `:= by`.

Invariant: of an answer only proofs are taken, as text to be verified, and only if its last block of code states the
theorem that was asked for.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal, TypeAlias

from domain import Problem, Prompt
from verifiers.answers import Taken, code_of
from verifiers.audit.lean.headers import Command, commands
from verifiers.audit.lean.scan import scan
from verifiers.audit.lean.source import parse_statement
from verifiers.audit.refusals import Unterminated
from verifiers.lean.prompt_language import LeanPrompts, block_of, cut, gives_up

Public: TypeAlias = Literal["deepseek-prover-v2", "goedel-prover-v2", "kimina-prover"]

_COMPLETE = "Complete the following Lean 4 code:\n\n```lean4\n"
_PLAN = (
    "Before producing the Lean 4 code to formally prove the given theorem, provide a detailed proof plan outlining the "
    "main proof steps and strategies.\nThe plan should highlight key ideas, intermediate lemmas, and proof structures "
    "that will guide the construction of the final formal proof."
)
_KIMINA_SYSTEM = "You are an expert in mathematics and Lean 4."
_KIMINA = "Think about and solve the following problem step by step in Lean 4."

_THOUGHTS = re.compile(r"<think>|◁think▷"), re.compile(r"</think>|◁/think▷")
"""Where the thoughts of a model begin and end. A chat template may have begun them in the prompt."""

_BLOCK = re.compile(r"```lean4?[ \t]*\r?\n")
"""Where a block of Lean begins."""


def prompt(form: Public, problem: Problem, lemmas: Sequence[str]) -> Prompt:
    """What the model is asked for a problem; `lemmas` are theorems with their proofs, in the problem's names."""
    informal = " ".join((problem.informal_prefix or "").split())
    said = informal.removeprefix("/--").removeprefix("/-").removesuffix("-/").strip()
    comment = f"/-- {LeanPrompts().in_comment(said)} -/\n" if said else ""
    theorem = f"{comment}{parse_statement(problem.formal_statement).text} := by"
    file = "\n\n".join(part for part in (problem.header.strip(), *lemmas, theorem) if part)
    match form:
        case "deepseek-prover-v2":
            return Prompt("", f"{_COMPLETE}{file}\n  sorry\n```\n\n{_PLAN}")
        case "goedel-prover-v2":
            return Prompt("", f"{_COMPLETE}{file}\n  sorry```\n\n{_PLAN}")
        case "kimina-prover":
            user = f"{_KIMINA}\n# Problem:{said}\n# Formal statement:\n```lean4\n{file}\n```\n"
            return Prompt(_KIMINA_SYSTEM, user)


def taken(answer: str, formal_statement: str) -> Taken:
    """The candidates in an answer: the proof of the theorem that was asked for, with the lemmas in front of it first.

    Thoughts are left out, and all but the last block of code is. What is wrong with the answer is said instead.
    """
    begins, ends = _THOUGHTS
    *_, after = ends.split(answer)
    if begins.search(after):
        return Taken((), "the answer ends within its thoughts: raise model.max_tokens")
    blocks = [found.start() for found in _BLOCK.finditer(after)]
    if not blocks:
        return Taken((), "the answer has no block of code that begins with ```lean4")
    code = code_of(after[blocks[-1] :]).fenced[0]
    asked = parse_statement(formal_statement)
    try:
        theorems = [one for one in commands(code) if one.word in ("theorem", "lemma")]
    except Unterminated as error:
        return Taken((), f"in the answer's last block of code, {error}")
    named = [place for place, one in enumerate(theorems) if _words(cut(one)[0])[1:2] == [asked.name]]
    if not named:
        return Taken((), f"the answer's last block of code has no theorem {asked.name}")
    before, theorem = theorems[: named[-1]], theorems[named[-1]]
    if _words(cut(theorem)[0])[1:] != _words(asked.text)[1:]:
        return Taken((), f"the answer states another {asked.name} than the one that was asked for")
    proof = _proof(theorem)
    if not proof:
        return Taken((), f"the answer leaves {asked.name} without a proof")
    if before and all(_proof(one) for one in before):
        return Taken((code[before[0].start : theorem.end], proof))
    return Taken((proof,))


def _proof(theorem: Command) -> str:
    """The tactic block of a theorem, empty where something is left open."""
    block = block_of(theorem)
    return "" if block is None or gives_up(block.proof) else block.proof


def _words(text: str) -> list[str]:
    """A text without white space and comments."""
    return [token.text for token in scan(text).tokens]
