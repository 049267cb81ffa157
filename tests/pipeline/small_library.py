"""A real library, empty, over the small theory, with the context of a step that works on it."""

from pathlib import Path

from actors.library import SharedLibrary
from pipeline.config import RunSettings
from pipeline.loop.context import RunContext, build
from tests.pipeline.small_theory import theory
from verifiers.rocq.verifier import RocqVerifier


class SmallLibrary:
    """The library in a directory; statements of the small theory are known to it by name."""

    def __init__(self, verifier: RocqVerifier, directory: Path) -> None:
        self.library = SharedLibrary(directory)
        self.context: RunContext = build(RunSettings(), list(theory().values()), verifier, self.library)
        self.library.add_definitions(list(self.context.definitions.values()))
