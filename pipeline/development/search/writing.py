"""A language model as a writer of proofs for holes: what stands above is shown as it is in the file.

Invariant: what it writes is text to be checked; only tactic blocks are taken.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from domain import Prompt
from pipeline.config import ModelSettings, ProveSettings, RunSettings
from pipeline.development.project.document import Document, Hole
from pipeline.loop.context import Model
from pipeline.proposers.language_model.batch import estimate_tokens
from verifiers.rocq.prompt_language import RocqPrompts

LANGUAGE = RocqPrompts()
SYSTEM = "You write proofs for the Rocq prover (Coq 8.16). Answer with the tactics of the last proof and nothing else."


class Answers(NamedTuple):
    """Tactic blocks in the order in which they were written, without repetitions, and the tokens they cost."""

    blocks: tuple[str, ...]
    tokens: int


@dataclass(frozen=True)
class Writer:
    """Asks `model` for `settings.samples` proofs of a hole."""

    model: Model
    limits: ModelSettings
    settings: ProveSettings
    seed: int

    def proofs(self, document: Document, hole: Hole) -> Answers:
        """Proofs of a hole. The prompt is the end of the file up to the hole, as much as the context holds."""
        opening = f"{hole.statement}\nProof.\n"
        room = self.limits.context - self.limits.max_tokens - estimate_tokens(SYSTEM + opening) - 64
        if room < 0 or not self.settings.samples:
            return Answers((), 0)
        above: list[str] = []
        for line in reversed(document.text[: hole.start].splitlines()):
            room -= estimate_tokens(line) + 1
            if room < 0:
                break
            above.insert(0, line)
        user = "```coq\n" + "\n".join([*above, opening]) + "```"
        completions = self.model.generate(
            [Prompt(SYSTEM, user, "```coq\nProof.\n")] * self.settings.samples,
            max_tokens=self.limits.max_tokens,
            temperature=self.limits.temperature,
            seed=self.seed,
            stop=LANGUAGE.proof_ends,
        )
        blocks = dict.fromkeys(block for one in completions for block in LANGUAGE.proofs(one.text))
        return Answers(tuple(blocks), sum(one.tokens_in + one.tokens_out for one in completions))


def open_writer(settings: RunSettings) -> Writer | None:
    """The writer that a configuration names, None where it names no model.

    Raises:
        OutsideError: the model does not start.
    """
    if settings.model.kind == "none":
        return None
    from actors.language_model import open_model
    from pipeline.loop.workers import model_settings

    return Writer(open_model(model_settings(settings.model)), settings.model, settings.prove, settings.seed)
