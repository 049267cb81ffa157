"""The context of a step, as far as a test needs one: what is not given is asked for nothing."""

from collections.abc import Sequence
from typing import Any

from domain import Elaboration
from pipeline.config import RunSettings
from pipeline.loop.context import RunContext, build


def context_of(
    elaborations: Sequence[Elaboration],
    settings: RunSettings | None = None,
    *,
    verifier: Any = None,
    library: Any = None,
    model: Any = None,
) -> RunContext:
    """A run on these problems, through these actors."""
    return build(settings or RunSettings(), elaborations, verifier, library, model)
