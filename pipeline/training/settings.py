"""Typed configuration of `train`: corpus, held-out text, tokenizer, model and recipe. Imports neither ray nor torch."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field, model_validator

from models.training.recipe import Architecture, Recipe
from models.training.tokenizer import LARGEST, SMALLEST
from pipeline.config import ProblemSource
from pipeline.typed_yaml import Fraction, Group, Natural, Positive


class TextSource(Group):
    source: str
    """What to read: `coq-stdlib`, Coq's own standard library; `leandojo`, the files of LeanDojo Benchmark 4; `text`, a
    folder of .v, .lean, .thy and .txt files or a JSONL file whose lines have `text`; or a dataset of problems
    (`python -m pipeline datasets` lists them), of which headers, statements and known proofs are read."""
    path: Path | None = None
    """Where it lies. `coq-stdlib` needs none where Rocq is installed; `leandojo` is the .tar.gz of lean-dojo 4.20.0 or
    its unpacked folder."""
    split: str | None = None
    """Only problems of this split."""
    share: float = Field(default=1.0, gt=0.0, le=1.0)
    """Share of its documents that is read, drawn by the seed."""
    if_present: bool = False
    """Whether to go on without it, and say so, when there is nothing at `path`, or no Rocq."""


class HeldOutSettings(Group):
    """Text that is only for evaluation. Problems that are held out altogether are under `hold_out`."""

    share: Fraction = 0.05
    """Share of the files or folders whose text is held out, drawn by the seed."""
    unit: Literal["file", "folder"] = "file"
    """What is held out as a whole: `file`, or `folder`, a harder test since files of a folder resemble each other."""


class TokenizerSettings(Group):
    vocabulary: int = Field(default=2048, ge=SMALLEST, le=LARGEST)
    """Tokens at most, the 256 bytes and the end of a document among them."""
    sample_mib: float = Field(default=32.0, gt=0.0)
    """Training text from which the tokens are learned: so much of its beginning."""


class TrainSettings(Group):
    """Everything that `train` needs; `config.yaml` of its directory is this, resolved."""

    seed: Natural = 0
    """Fixes the held-out text, the order of training, and the values that the model starts from."""
    corpus: tuple[TextSource, ...] = (TextSource(source="coq-stdlib"),)
    """What is trained and evaluated on."""
    hold_out: tuple[ProblemSource, ...] = (ProblemSource(dataset="bundled"),)
    """Problems that never reach training: every statement of the corpus that a reader of words cannot tell from one of
    theirs is cut out with its proof, and counted (docs/memoryformer.md)."""
    held_out: HeldOutSettings = HeldOutSettings()
    tokenizer: TokenizerSettings = TokenizerSettings()
    model: Architecture = Architecture()
    recipe: Recipe = Recipe()
    workers: Positive = 1
    """Processes that train together. More than one are started by Ray Train."""
    ray_address: str | None = None
    """Cluster that the workers run on; empty starts a local one. Every node must see `--out` under one path."""

    @model_validator(mode="after")
    def _workers_share_a_step(self) -> TrainSettings:
        if self.recipe.accumulate % self.workers:
            raise ValueError(
                f"recipe.accumulate {self.recipe.accumulate} must be a multiple of workers {self.workers}, which share "
                "the micro-batches of a step"
            )
        return self

    @model_validator(mode="after")
    def _something_is_held_out(self) -> TrainSettings:
        if not 0 < self.held_out.share < 1:
            raise ValueError("held_out.share must be above 0 and below 1: without held-out text nothing is evaluated")
        return self
