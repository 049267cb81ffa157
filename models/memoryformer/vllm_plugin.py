"""vLLM's plugin: `register()` tells vLLM and transformers of MemoryFormer, and loads neither's heavy parts.

It is the entry point `memoryformer` of the group `vllm.general_plugins`, which vLLM finds where this project is
installed as a package, there under the name `lemmary.models.memoryformer`; `actors.language_model` calls it before it
starts an engine, so a checkout needs no installation. vLLM inspects the class of `vllm_model` in a process of its own
when it first meets it, which takes some seconds and is cached.
"""

ARCHITECTURES = ("MemoryFormer", "MemoryFormerForCausalLM")
"""What `architectures` in `config.json` says: as this project saves a model, and as transformers does."""


def register() -> None:
    """Make vLLM know the architecture; a second call does nothing, under whichever name this folder was loaded."""
    from vllm import ModelRegistry

    if unknown := set(ARCHITECTURES) - set(ModelRegistry.get_supported_archs()):
        from . import huggingface

        huggingface.register()
        for name in unknown:
            ModelRegistry.register_model(name, f"{__package__}.vllm_model:MemoryFormerForVLLM")
