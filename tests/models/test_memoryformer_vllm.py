"""vLLM computes what the reference computes: log-probabilities and greedy text, with int8 tables."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any, cast

import pytest
import torch

from models.memoryformer.model import MemoryFormer
from models.memoryformer.settings import Settings
from models.memoryformer.storage import TableType, store_tables
from models.training.tokenizer import save_tokenizer, train_tokenizer

IN_VLLM = """
import sys
from pathlib import Path

import torch
from vllm import SamplingParams

from actors.local_engine import EngineSettings, LocalEngine
from models.memoryformer.model import MemoryFormer

PROMPTS = ([5, 9, 200, 41, 7, 7, 120, 33], [250, 3, 17])
folder = Path(sys.argv[1])
engine = LocalEngine(EngineSettings(path=folder, context=64, batch=4))
answers = engine._llm.generate(
    [{"prompt_token_ids": prompt} for prompt in PROMPTS],
    SamplingParams(max_tokens=6, temperature=0, prompt_logprobs=20, ignore_eos=True),
    use_tqdm=False,
)
model = MemoryFormer.from_pretrained(folder)
for prompt, answer in zip(PROMPTS, answers, strict=True):
    with torch.no_grad():
        expected = model(torch.tensor([prompt]))[0].log_softmax(-1)
    for place, told in enumerate(answer.prompt_logprobs[1:]):
        assert len(told) >= 20
        for token, found in told.items():
            assert abs(found.logprob - expected[place, token].item()) < 1e-3, (place, token)
    text = model.generate(torch.tensor([prompt]), 6)[0].tolist()
    assert prompt + list(answer.outputs[0].token_ids) == text
engine.close()
print("the same")
"""


@pytest.mark.parametrize("stored", ["int8"])
def test_vllm_gives_the_probabilities_of_the_reference(repository: Path, tmp_path: Path, stored: TableType) -> None:
    torch.manual_seed(0)
    model = MemoryFormer(Settings(vocabulary=300, width=64, blocks=2, heads=2, bits=4))
    for parameter in model.parameters():
        parameter.data *= 4  # logits that differ
    store_tables(model, stored)
    tokenizer = train_tokenizer(["Lemma a : b. Proof. auto. Qed."] * 3, 300)
    model.save_pretrained(tmp_path / "one", lambda whole: save_tokenizer(tokenizer, whole, 64))
    command = [sys.executable, "-c", IN_VLLM, str(tmp_path / "one")]
    env = {**os.environ, "TORCHDYNAMO_DISABLE": "1"}  # vLLM compiles the sums of prompt_logprobs: no C++ compiler here
    said = subprocess.run(command, cwd=repository, capture_output=True, text=True, check=False, env=env)
    assert said.returncode == 0, said.stderr[-3000:]
    assert said.stdout.splitlines()[-1] == "the same"


def test_vllm_takes_no_weights_of_another_configuration() -> None:
    from models.memoryformer.vllm_model import MemoryFormerForVLLM

    model = MemoryFormer(Settings(vocabulary=30, width=16, blocks=2, heads=2, bits=4))
    store_tables(model, "int8")
    weights = dict(model.state_dict())
    table = next(name for name in weights if name.endswith("tables"))

    def load(weights: dict[str, torch.Tensor]) -> set[str]:
        return MemoryFormerForVLLM.load_weights(cast("Any", model), weights.items())

    assert load(weights) == set(weights)
    for other, said in (
        (weights | {table: weights[table].float()}, f"{table}, of torch.float32, is not"),
        (weights | {"blocks.2.bias": weights[table]}, "blocks.2.bias"),
        ({name: tensor for name, tensor in weights.items() if name != table}, f"lacks {table}"),
    ):
        with pytest.raises(ValueError, match=said):
            load(other)
