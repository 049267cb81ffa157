"""Questions about names, put to a warm prover many at once.

Invariant: a name is told with what the prover says of it, or as one of which it says nothing, or not at all.
"""

from __future__ import annotations

import math
import time
from collections.abc import Sequence

from verifiers.rocq.session import Session

AT_A_TIME = 10
"""Questions that the prover is given together, at first: where it is stopped at one, the answers to all are lost."""


def answers(
    session: Session, question: str, names: Sequence[str], *, before: str, limit: float, seconds: float = math.inf
) -> list[tuple[str, str | None]]:
    """Each name with what the prover says to a question about it, None where it refuses the question.

    Args:
        session: the prover.
        question: with `{}` in the place of the name.
        names: in order.
        before: sentences said first.
        limit: CPU seconds for the questions that are put together.
        seconds: CPU seconds for all, of this process too. The names that they do not suffice for are left out.
    """

    def left() -> float:
        return end - time.process_time() - session.prover_seconds

    end = seconds + time.process_time() + session.prover_seconds
    found: list[tuple[str, str | None]] = []
    together = AT_A_TIME
    while len(found) < len(names) and left() > 0:
        asked = names[len(found) :][:together]
        text = "\n".join([question.format(name) for name in asked])
        outcome = session.run(text, min(limit, left()), before=before, goals=False)
        said = [message.text for message in outcome.messages if message.level == "notice" and message.start >= 0]
        found += zip(asked, said, strict=False)
        if len(said) < len(asked):
            if outcome.reason == "does_not_compile" or len(asked) == 1:
                found.append((asked[len(said)], None))
            else:
                together = len(asked) // 2
    return found
