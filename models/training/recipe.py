"""What is trained and how: the architecture of a model and the recipe of its training, as typed settings.

Invariant: settings that exist are possible; an impossible combination is refused when it is made, and its fields named.
Imports no torch.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from models.memoryformer.settings import Score, Settings

Positive = Annotated[int, Field(ge=1)]
Kind = Literal["memoryformer", "dense"]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True, allow_inf_nan=False)


class Architecture(_Part):
    """The model; without its vocabulary, which the tokenizer decides."""

    kind: Kind = "memoryformer"
    """`memoryformer`, or `dense`: a transformer of the same width, depth and heads, to compare with."""
    width: Positive = 128
    """d: entries of a token's vector between blocks."""
    blocks: Positive = 4
    """L: number of blocks."""
    heads: Positive = 4
    """Attention heads."""
    bits: Positive = 8
    """τ: entries of a chunk; a table has 2^τ rows. Of no effect in a dense model, like the three settings below it."""
    extra_bits: Annotated[int, Field(ge=0)] = 2
    """By how many bits the chunks of the second memory layer of a feed-forward part are longer."""
    score: Score = "official"
    """Weight of a fetched row: `paper`, the probability of its bucket, or `official`, that times the chunk's 1-norm."""
    temperature: float = Field(default=1.0, gt=0.0)
    """t of the bucket's probability."""
    rotary_fraction: float = Field(default=0.25, ge=0.0, le=1.0)
    """Share of a head's entries that rotary position embedding turns."""

    @model_validator(mode="after")
    def _is_possible(self) -> Architecture:
        self.settings(vocabulary=2)
        return self

    def settings(self, vocabulary: int) -> Settings:
        """The settings of the model with so many tokens. Raises ValueError: they are impossible."""
        return Settings(vocabulary=vocabulary, **self.model_dump(exclude={"kind"}))


class Recipe(_Part):
    """How it is trained: AdamW, by rows where a MemoryFormer has tables, with warm-up and a cosine."""

    steps: Positive = 1000
    """Optimizer steps."""
    context: Annotated[int, Field(ge=2)] = 256
    """Tokens of a sequence."""
    batch: Positive = 8
    """Sequences of a micro-batch: what is computed at once."""
    accumulate: Positive = 1
    """Micro-batches whose gradients make one step; workers share them, so their number must divide it."""
    learning_rate: float = Field(default=3e-3, gt=0.0)
    """Highest learning rate, reached after the warm-up."""
    warm_up: Annotated[int, Field(ge=0)] = 50
    """Steps over which the learning rate rises, linearly."""
    final_share: float = Field(default=0.1, ge=0.0, le=1.0)
    """Share of the highest learning rate to which the cosine falls at the last step."""
    start_temperature: float = Field(default=1.0, ge=0.01, le=100.0)
    """How many times as high as `model.temperature` t is at the first step; it falls geometrically to that at the last.
    Above 1, rows near each other are weighted more alike at first. Of no effect in a dense model."""
    weight_decay: float = Field(default=0.1, ge=0.0)
    """Decoupled decay of tables, embeddings and matrices; of a table's row only in steps that hit it."""
    clip: float = Field(default=1.0, gt=0.0)
    """Largest norm of a step's gradient; a longer one is scaled down."""
    arithmetic: Literal["float32", "bfloat16"] = "float32"
    """Type in which matrices are multiplied (autocast). Parameters, tables and optimizer are float32 either way."""
    threads: Positive = 2
    """Threads of torch in one worker. Losses are reproduced exactly with the same number."""
    evaluate_every: Positive = 100
    """Steps between evaluations on held-out text; the last step is always followed by one."""
    evaluation_tokens: Positive = 65_536
    """Held-out tokens of one evaluation, drawn by the seed."""
    checkpoint_every: Positive = 100
    """Steps between checkpoints; the last step always leaves one."""

    @model_validator(mode="after")
    def _warms_up_within_its_steps(self) -> Recipe:
        if self.warm_up >= self.steps:
            raise ValueError(f"warm_up {self.warm_up} must be below steps {self.steps}")
        return self

    @property
    def tokens_per_step(self) -> int:
        return self.batch * self.accumulate * self.context
