"""MemoryFormer as vLLM runs it: blocks and head of the reference, and vLLM's attention with its paged cache.

Everything but the mixing of positions is the reference's own modules, so given the same bucket indices the logits are
those of the reference up to rounding. One process holds the whole model: tensor parallelism is refused.
"""

from collections.abc import Iterable
from typing import Any, cast

from torch import Tensor, nn
from vllm.model_executor.layers.attention import Attention
from vllm.model_executor.models.utils import maybe_prefix

from .block import MemoryBlock, rotate
from .layer import memory_layers
from .model import MemoryFormer
from .settings import Settings
from .storage import store_tables


class MemoryFormerForVLLM(nn.Module):
    """The model; its parameters have the names that `MemoryFormer.save_pretrained` writes."""

    def __init__(self, *, vllm_config: Any, prefix: str = "") -> None:
        super().__init__()
        if vllm_config.parallel_config.tensor_parallel_size > 1:
            raise ValueError("a MemoryFormer runs in one process: set model.gpus to 1 or less")
        config = vllm_config.model_config.hf_config
        settings: Settings = config.settings
        model = MemoryFormer(settings)
        store_tables(model, config.table_type)
        self.settings = settings
        self.embedding = model.embedding
        self.blocks = model.blocks
        self.norm = model.norm
        self.head = model.head
        self.mixers = nn.ModuleList(
            Attention(
                settings.heads,
                settings.head_width,
                settings.head_width**-0.5,
                num_kv_heads=settings.heads,
                cache_config=vllm_config.cache_config,
                prefix=maybe_prefix(prefix, f"mixers.{place}"),
            )
            for place in range(settings.blocks)
        )

    def embed_input_ids(self, input_ids: Tensor) -> Tensor:
        return self.embedding(input_ids)

    def forward(
        self,
        input_ids: Tensor,
        positions: Tensor,
        intermediate_tensors: Any = None,
        inputs_embeds: Tensor | None = None,
    ) -> Tensor:
        """(tokens) of all sequences in a row, with their positions → (tokens, d)."""
        del intermediate_tensors
        x = self.embedding(input_ids) if inputs_embeds is None else inputs_embeds
        for block, mixer in zip(self.blocks, self.mixers, strict=True):
            memory = cast("MemoryBlock", block)
            z = x + self._mix(memory, mixer, memory.attention_norm(x), positions)
            x = z + memory.contract(memory.contract_norm(memory.expand(memory.expand_norm(z))))
        return self.norm(x)

    def _mix(self, block: MemoryBlock, mixer: nn.Module, x: Tensor, positions: Tensor) -> Tensor:
        settings, attention = self.settings, block.attention
        query, key, value = memory_layers(attention.hashing, (attention.query, attention.key, attention.value), x)
        entries, base = settings.rotary_entries, settings.rotary_base
        query, key = (
            rotate(part.view(-1, settings.heads, settings.head_width).transpose(0, 1), positions, entries, base)
            .transpose(0, 1)
            .reshape(-1, settings.width)
            for part in (query, key)
        )
        return mixer(query, key, value)

    def compute_logits(self, hidden_states: Tensor) -> Tensor:
        return self.head(hidden_states)

    def load_weights(self, weights: Iterable[tuple[str, Tensor]]) -> set[str]:
        """Copy a saved model's tensors; returns their names.

        Raises:
            ValueError: they are not those of the configuration.
        """
        stored = dict(self.named_buffers())
        own: dict[str, Any] = dict(self.named_parameters()) | stored
        missing = {name for name in own if not name.startswith("mixers.")}  # vLLM's attention has buffers of its own
        loaded: set[str] = set()
        for name, tensor in weights:
            if name not in missing or (name in stored and stored[name].dtype != tensor.dtype):
                raise ValueError(f"the model's {name}, of {tensor.dtype}, is not what config.json describes")
            own[name].data.copy_(tensor)
            missing.remove(name)
            loaded.add(name)
        if missing:
            raise ValueError(f"the model lacks {min(missing)}, which config.json describes")
        return loaded
