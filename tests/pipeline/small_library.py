"""A real library, empty, over the small theory, with the world and the prover of a step that works on it."""

from pathlib import Path
from typing import Any

from actors.library import SharedLibrary
from pipeline.config import RunSettings
from pipeline.loop.context import Ports, RunContext, build
from tests.pipeline.small_theory import theory
from verifiers.rocq.verifier import RocqVerifier


class SmallLibrary:
    """The library in a directory; statements of the small theory are known to it by name."""

    def __init__(self, verifier: RocqVerifier, directory: Path) -> None:
        self.world: RunContext = build(RunSettings(), list(theory().values()), "rocq", None)
        self.library = SharedLibrary(directory)
        self.library.add_definitions(list(self.world.definitions.values()))
        library: Any = self.library
        self.ports = Ports(verifier, library, None)
