"""What the actors do, as metrics for Prometheus: each node of a Ray exports them (docs/cluster.md).

Ray puts `ray_` before each name, and the node's address and the process beside the tags.
"""

from __future__ import annotations

from collections.abc import Sequence

from ray.util.metrics import Counter, Histogram

from domain import Completion, Prover, Verdict
from library_store.admission import Inserted
from library_store.attempts import Attempt

SECONDS = [0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0]
"""Upper ends of the histograms' classes."""


class VerificationMetrics:
    """Candidates by what was said of them, and how long the prover worked at each."""

    def __init__(self, prover: Prover) -> None:
        tags = ("prover", "call")
        self._prover: str = prover
        self._verdicts = Counter(
            "lemmary_verdicts_total", "candidates checked (warm) or audited, by verdict", (*tags, "verdict")
        )
        self._seconds = Histogram("lemmary_verdict_seconds", "of the prover for one candidate", SECONDS, tags)

    def count(self, call: str, verdicts: Sequence[Verdict]) -> None:
        tags = {"prover": self._prover, "call": call}
        for verdict in verdicts:
            self._verdicts.inc(1, tags | {"verdict": verdict.verdict})
            self._seconds.observe(verdict.seconds, tags)


class LibraryMetrics:
    """Proposed lemmas by what became of them, and attempts by their end."""

    def __init__(self) -> None:
        self._proposals = Counter("lemmary_proposals_total", "lemmas proposed to the library", ("reason",))
        self._attempts = Counter(
            "lemmary_attempts_total", "tries at a problem, a request or an evolution", ("kind", "verdict")
        )

    def proposed(self, answers: Sequence[Inserted]) -> None:
        for answer in answers:
            self._proposals.inc(1, {"reason": answer.reason})

    def attempted(self, attempt: Attempt) -> None:
        self._attempts.inc(1, {"kind": attempt.kind, "verdict": attempt.verdict})


class ModelMetrics:
    """Prompts by how their answers ended, tokens read and written, and how long an answer took."""

    def __init__(self) -> None:
        self._prompts = Counter("lemmary_prompts_total", "prompts answered", ("finish",))
        self._tokens = Counter("lemmary_tokens_total", "tokens read and written", ("direction",))
        self._seconds = Histogram("lemmary_answer_seconds", "from a prompt to its answer", SECONDS)

    def answered(self, answer: Completion, seconds: float) -> None:
        self._prompts.inc(1, {"finish": answer.finish})
        for direction, tokens in (("in", answer.tokens_in), ("out", answer.tokens_out)):
            if tokens:  # Ray refuses to count nothing
                self._tokens.inc(tokens, {"direction": direction})
        self._seconds.observe(seconds)
