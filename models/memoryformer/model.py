"""A causal language model of memory blocks: embedding, L blocks, a root-mean-square norm, an untied head.

Embedding and head are drawn from N(0, 2 / (5 d)), as in the official code ("small init"). `save_pretrained` writes
`config.json` and `model.safetensors`; invariant: the folder appears under its name only when it is whole.
"""

import dataclasses
import json
import math
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar, Self, get_args

import torch
from pydantic import TypeAdapter, ValidationError
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from .block import BlockCache, MemoryBlock
from .mistakes import UserError
from .settings import Settings
from .storage import TableType, store_tables, table_type

CONFIG, WEIGHTS = "config.json", "model.safetensors"
"""The files of a saved model."""

TABLE_TYPE = "table_type"
"""Key in `config.json` for how the tables are stored."""

MODEL_TYPE = "memoryformer"
"""`model_type` in `config.json`."""

_SETTINGS = TypeAdapter(Settings)


class MemoryFormer(nn.Module):
    """The model. Build it under `torch.device("meta")` to look at shapes alone."""

    model_type: ClassVar[str] = MODEL_TYPE
    """What `config.json` says of it."""
    block_type: ClassVar[type[nn.Module]] = MemoryBlock
    """A block is made from the settings and is called with (batch, tokens, d), its cache, and what is padding."""

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        self.settings = settings
        self.embedding = nn.Embedding(settings.vocabulary, settings.width)
        self.blocks = nn.ModuleList(self.block_type(settings) for _ in range(settings.blocks))
        self.norm = nn.RMSNorm(settings.width, eps=settings.norm_epsilon)
        self.head = nn.Linear(settings.width, settings.vocabulary, bias=False)
        for matrix in (self.embedding, self.head):
            nn.init.normal_(matrix.weight, std=math.sqrt(2 / (5 * settings.width)))

    def forward(self, tokens: Tensor, cache: list[BlockCache] | None = None, present: Tensor | None = None) -> Tensor:
        """Logits of the token after each.

        Args:
            tokens: (batch, length) int64, below the vocabulary.
            cache: what `new_cache` made; `tokens` follow on the positions in it, and are added to it.
            present: (batch, positions in the cache + length) bool, False for padding; None if there is none.

        Returns:
            (batch, length, vocabulary); after padding they mean nothing.
        """
        x = self.embedding(tokens)
        for place, block in enumerate(self.blocks):
            x = block(x, cache[place] if cache is not None else None, present)
        return self.head(self.norm(x))

    def new_cache(self, batch: int, capacity: int) -> list[BlockCache]:
        """One empty cache for each block: 2 · L · batch · capacity · d numbers."""
        like = self.embedding.weight.detach()
        return [BlockCache.empty(self.settings, batch, capacity, like) for _ in self.blocks]

    @torch.no_grad()
    def generate(
        self,
        prompt: Tensor,
        new_tokens: int,
        temperature: float = 0.0,
        seed: int = 0,
        present: Tensor | None = None,
    ) -> Tensor:
        """Continue prompts.

        Args:
            prompt: (batch, length) int64, length 1 or more; shorter prompts have padding before them.
            new_tokens: how many tokens to add, 1 or more; there is no end token.
            temperature: of the sampled distribution; 0 takes the likeliest token.
            seed: of the sampling.
            present: (batch, length) bool, False for padding; None if all prompts are of this length.

        Returns:
            (batch, length + new_tokens) prompts and their continuations.
        """
        random = torch.Generator(prompt.device).manual_seed(seed)
        cache = self.new_cache(prompt.shape[0], prompt.shape[1] + new_tokens - 1)
        text = fresh = prompt
        for _ in range(new_tokens):
            logits = self(fresh, cache, present)[:, -1]
            if temperature:
                fresh = torch.multinomial((logits.float() / temperature).softmax(-1), 1, generator=random)
            else:
                fresh = logits.argmax(-1, keepdim=True)
            text = torch.cat((text, fresh), dim=1)
            if present is not None:
                present = torch.cat((present, torch.ones_like(fresh, dtype=torch.bool)), dim=1)
        return text

    def save_pretrained(self, folder: Path, more: Callable[[Path], object] | None = None) -> None:
        """Write the model to `folder`, which must not exist; `more` writes further files, a tokenizer for example.

        Raises:
            UserError: something has that name already.
        """
        if folder.exists():
            raise UserError(f"{folder} exists: a model is saved to a folder of its own")
        folder.parent.mkdir(parents=True, exist_ok=True)
        whole = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
        try:
            save_file(self.state_dict(), whole / WEIGHTS)
            kind = {"architectures": [type(self).__name__], "model_type": self.model_type, "dtype": self._dtype_name()}
            kind[TABLE_TYPE] = table_type(self)
            (whole / CONFIG).write_text(json.dumps(kind | dataclasses.asdict(self.settings), indent=2) + "\n")
            if more is not None:
                more(whole)
            whole.chmod(0o755)
            whole.rename(folder)
        except BaseException:
            shutil.rmtree(whole, ignore_errors=True)
            raise

    @classmethod
    def from_pretrained(cls, folder: Path) -> Self:
        """The model of a folder that `save_pretrained` wrote, in the data type that it was saved in.

        The file is mapped into memory, not read: of the tables, what is hit is what is loaded.

        Raises:
            UserError: the folder holds no such model, or one of other shapes than its `config.json` says.
        """
        settings, stored = read_settings(folder, cls.model_type), read_table_type(folder)
        with torch.device("meta"):
            model = cls(settings)
            store_tables(model, stored)
        try:
            weights = load_file(folder / WEIGHTS)
            _check_types(model, weights, folder)
            model.load_state_dict(weights, assign=True)
        except (OSError, SafetensorError, RuntimeError, ValueError) as error:
            reason = " ".join(str(error).split())
            raise UserError(f"{folder / WEIGHTS} is not what {CONFIG} beside it describes: {reason}") from error
        return model

    def _dtype_name(self) -> str:
        return str(self.embedding.weight.dtype).removeprefix("torch.")


def _check_types(model: nn.Module, weights: dict[str, Tensor], folder: Path) -> None:
    """`load_state_dict` takes any type. Raises ValueError: one is not of that which the configuration says."""
    whole = json.loads((folder / CONFIG).read_text()).get("dtype", "float32")
    stored = dict(model.named_buffers())
    for name, tensor in weights.items():
        wanted = str(stored[name].dtype).removeprefix("torch.") if name in stored else whole
        if tensor.dtype != getattr(torch, str(wanted), None):
            raise ValueError(f"{name} is of {tensor.dtype}, and not of {wanted}")


def read_table_type(folder: Path) -> TableType:
    """How the tables of the model in `folder` are stored.

    Raises:
        UserError: in a way that nothing here knows.
    """
    stored = json.loads((folder / CONFIG).read_text()).get(TABLE_TYPE, "float32")
    if stored not in get_args(TableType):
        raise UserError(f"{folder / CONFIG}: {TABLE_TYPE} {stored!r} is none of {', '.join(get_args(TableType))}")
    return stored


def read_settings(folder: Path, model_type: str = MODEL_TYPE) -> Settings:
    """The settings in `folder`'s `config.json`.

    Raises:
        UserError: there is no such file, or it is not one of a model of this type.
    """
    try:
        config: dict[str, Any] = json.loads((folder / CONFIG).read_text())
        if config["model_type"] != model_type:
            raise ValueError(f"model_type is {config['model_type']!r}, and must be {model_type!r}")
        known = {field.name: config[field.name] for field in dataclasses.fields(Settings)}
        return _SETTINGS.validate_python(known)
    except KeyError as error:
        raise UserError(f"{folder / CONFIG} lacks {error}") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = "".join(f"{key}: " for key in first["loc"])
        said = first["msg"].removeprefix("Value error, ")
        raise UserError(f"{folder / CONFIG} is no {model_type}'s: {where}{said}") from error
    except (OSError, ValueError, TypeError) as error:
        raise UserError(f"{folder / CONFIG} is no {model_type}'s: {error}") from error
