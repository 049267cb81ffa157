"""MemoryFormer for transformers: after `register()`, `AutoConfig` and `AutoModelForCausalLM` read a saved model.

The files are those of `MemoryFormer.save_pretrained`, and what this `save_pretrained` writes `MemoryFormer` reads. What
it computes is `models.memoryformer.block` and nothing else.
"""

import dataclasses
from typing import Any, ClassVar

from huggingface_hub.dataclasses import strict
from torch import Tensor, nn
from torch.nn import functional
from transformers import AutoConfig, AutoModelForCausalLM, DynamicCache, GenerationMixin, PreTrainedModel
from transformers.configuration_utils import PreTrainedConfig
from transformers.modeling_outputs import CausalLMOutputWithPast

from .mistakes import UserError
from .model import MODEL_TYPE, MemoryFormer
from .settings import Score, Settings
from .storage import TableType, store_tables


@strict
class MemoryFormerConfig(PreTrainedConfig):
    """`config.json`: the fields of `Settings`, how tables are stored, and the tokens that end and pad."""

    model_type = MODEL_TYPE
    keys_to_ignore_at_inference: ClassVar[list[str]] = ["past_key_values"]
    attribute_map: ClassVar[dict[str, str]] = {
        "vocab_size": "vocabulary",
        "hidden_size": "width",
        "num_hidden_layers": "blocks",
        "num_attention_heads": "heads",
    }

    vocabulary: int = 256
    width: int = 128
    blocks: int = 2
    heads: int = 4
    bits: int = Settings.bits
    extra_bits: int = Settings.extra_bits
    score: Score = Settings.score
    temperature: float = Settings.temperature
    rotary_fraction: float = Settings.rotary_fraction
    rotary_base: float = Settings.rotary_base
    norm_epsilon: float = Settings.norm_epsilon
    table_std: float = Settings.table_std
    bias_std: float = Settings.bias_std
    table_type: TableType = "float32"
    max_position_embeddings: int = 2048
    use_cache: bool = True
    tie_word_embeddings: bool = False
    bos_token_id: int | None = None
    eos_token_id: int | list[int] | None = None
    pad_token_id: int | None = None

    @property
    def settings(self) -> Settings:
        """The settings of the model. Raises ValueError: they are impossible."""
        return Settings(**{field.name: getattr(self, field.name) for field in dataclasses.fields(Settings)})


class _Layer:
    """One layer of a transformers cache, as a block wants its cache."""

    def __init__(self, cache: Any, layer: int) -> None:
        self._cache = cache
        self._layer = layer

    @property
    def length(self) -> int:
        return self._cache.get_seq_length(self._layer)

    def extend(self, keys: Tensor, values: Tensor) -> tuple[Tensor, Tensor]:
        return self._cache.update(keys, values, self._layer)


class MemoryFormerForCausalLM(PreTrainedModel, GenerationMixin):
    """A `MemoryFormer` with the interface of transformers; its parameters have the same names."""

    config_class = MemoryFormerConfig

    def __init__(self, config: MemoryFormerConfig) -> None:
        super().__init__(config)
        model = MemoryFormer(config.settings)
        store_tables(model, config.table_type)
        self.embedding = model.embedding
        self.blocks = model.blocks
        self.norm = model.norm
        self.head = model.head
        self.post_init()

    def _init_weights(self, module: nn.Module) -> None:
        """Nothing: every part draws its own parameters when it is made."""

    @classmethod
    def from_pretrained(cls, *arguments: Any, output_loading_info: bool = False, **options: Any) -> Any:
        """As transformers' own, but for parts that the files lack or have too many of, which it leaves as they come.

        Raises:
            UserError: there are such parts.
        """
        loaded: Any = super().from_pretrained(*arguments, output_loading_info=True, **options)
        model, told = loaded
        for key, word in (("missing_keys", "lacks"), ("unexpected_keys", "has too many:")):
            if told[key]:
                raise UserError(
                    f"{arguments[0]}: the file of weights {word} {min(told[key])}, by `config.json` beside it"
                )
        return (model, told) if output_loading_info else model

    def get_input_embeddings(self) -> nn.Module:
        return self.embedding

    def get_output_embeddings(self) -> nn.Module:
        return self.head

    def forward(
        self,
        input_ids: Tensor,
        attention_mask: Tensor | None = None,
        past_key_values: Any = None,
        labels: Tensor | None = None,
        use_cache: bool | None = None,
        logits_to_keep: int = 0,
        **_: Any,
    ) -> CausalLMOutputWithPast:
        """Logits of the token after each.

        Args:
            input_ids: (batch, length) tokens, the positions after those in `past_key_values`.
            attention_mask: (batch, positions in `past_key_values` + length), 0 for padding.
            past_key_values: cache of earlier positions; it is filled.
            labels: (batch, length) tokens; position i's loss is on label i + 1, −100 counts as none.
            use_cache: whether to make a cache where none is given.
            logits_to_keep: compute only the last so many; 0 for all.
        """
        present = None
        if attention_mask is not None and not bool(attention_mask.all()):
            present = attention_mask.bool()
        if past_key_values is None and (self.config.use_cache if use_cache is None else use_cache):
            past_key_values = DynamicCache(config=self.config)
        x = self.embedding(input_ids)
        for place, block in enumerate(self.blocks):
            x = block(x, _Layer(past_key_values, place) if past_key_values is not None else None, present)
        logits = self.head(self.norm(x[:, -logits_to_keep:] if logits_to_keep else x))
        loss: Any = None
        if labels is not None:
            loss = functional.cross_entropy(logits[:, :-1].float().flatten(0, 1), labels[:, 1:].flatten())
        return CausalLMOutputWithPast(loss=loss, logits=logits, past_key_values=past_key_values)


def register() -> None:
    """Make `AutoConfig` and `AutoModelForCausalLM` know `memoryformer`; a second call does nothing."""
    AutoConfig.register(MODEL_TYPE, MemoryFormerConfig, exist_ok=True)
    AutoModelForCausalLM.register(MemoryFormerConfig, MemoryFormerForCausalLM, exist_ok=True)
