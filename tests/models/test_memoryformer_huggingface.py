"""transformers reads the saved model and computes what the reference computes, with and without its cache."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer

from domain import UserError
from models.memoryformer.huggingface import MemoryFormerForCausalLM, register
from models.memoryformer.model import MemoryFormer
from models.memoryformer.settings import Settings
from models.memoryformer.storage import TableType, store_tables, table_type
from models.training.tokenizer import END, save_tokenizer, train_tokenizer

register()
TOKENS = torch.tensor([[1, 2, 3, 4]])


@pytest.fixture(params=["float32", "int8"])
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    torch.manual_seed(0)
    model = MemoryFormer(Settings(vocabulary=300, width=16, blocks=2, heads=2, bits=4))
    stored: TableType = request.param
    store_tables(model, stored)
    tokenizer = train_tokenizer(["Lemma a : b. Proof. auto. Qed."] * 3, 300)
    model.save_pretrained(tmp_path / "one", lambda whole: save_tokenizer(tokenizer, whole, 64))
    return tmp_path / "one"


def loaded(folder: Path) -> Any:
    return AutoModelForCausalLM.from_pretrained(folder)


@torch.no_grad()
def test_it_is_the_same_model(folder: Path) -> None:
    ours, theirs = MemoryFormer.from_pretrained(folder), loaded(folder)
    assert isinstance(theirs, MemoryFormerForCausalLM)
    assert table_type(theirs) == table_type(ours)
    assert torch.equal(theirs(TOKENS).logits, ours(TOKENS))
    assert torch.allclose(theirs(TOKENS, logits_to_keep=1).logits, ours(TOKENS)[:, -1:], atol=1e-6)
    config = AutoConfig.from_pretrained(folder)
    assert (config.vocab_size, config.hidden_size, config.num_hidden_layers, config.num_attention_heads) == (
        300,
        16,
        2,
        2,
    )


def test_it_generates_what_the_reference_generates(folder: Path) -> None:
    ours, theirs = MemoryFormer.from_pretrained(folder), loaded(folder)
    expected = ours.generate(TOKENS, 6)
    for cached in (True, False):
        options = {"max_new_tokens": 6, "do_sample": False, "use_cache": cached, "pad_token_id": 0}
        assert torch.equal(theirs.generate(TOKENS, attention_mask=torch.ones_like(TOKENS), **options), expected)


def test_what_it_saves_the_reference_reads(folder: Path, tmp_path: Path) -> None:
    theirs = loaded(folder)
    theirs.save_pretrained(tmp_path / "two")
    ours = MemoryFormer.from_pretrained(tmp_path / "two")
    with torch.no_grad():
        assert torch.equal(ours(TOKENS), theirs(TOKENS).logits)


@pytest.mark.parametrize(("blocks", "said"), [(3, "lacks blocks.2."), (1, "has too many: blocks.1.")])
def test_weights_of_another_shape_than_the_config_are_refused(
    folder: Path, tmp_path: Path, blocks: int, said: str
) -> None:
    other = tmp_path / "other"
    shutil.copytree(folder, other)
    config = json.loads((other / "config.json").read_text())
    assert config["blocks"] == 2
    (other / "config.json").write_text(json.dumps(config | {"blocks": blocks}))
    with pytest.raises(UserError, match=said):
        AutoModelForCausalLM.from_pretrained(other)


def test_its_loss_is_that_of_the_next_token(folder: Path) -> None:
    theirs = loaded(folder)
    with torch.no_grad():
        told = theirs(TOKENS, labels=TOKENS)
        bits = told.logits[0, :-1].log_softmax(-1)[torch.arange(3), TOKENS[0, 1:]]
    assert told.loss.item() == pytest.approx(-bits.mean().item(), rel=1e-5)


def test_prompts_of_unequal_length_are_continued_as_if_alone(folder: Path) -> None:
    theirs = loaded(folder).double()
    padded, mask = torch.tensor([[0, 0, 5, 6], [1, 2, 3, 4]]), torch.tensor([[0, 0, 1, 1], [1, 1, 1, 1]])
    alone = [torch.tensor([[5, 6]]), torch.tensor([[1, 2, 3, 4]])]
    for cached in (True, False):
        options = {"max_new_tokens": 6, "do_sample": False, "use_cache": cached, "pad_token_id": 0}
        together = theirs.generate(padded, attention_mask=mask, **options)[:, 4:]
        for row, prompt in zip(together, alone, strict=True):
            expected = theirs.generate(prompt, attention_mask=torch.ones_like(prompt), **options)
            assert torch.equal(row, expected[0, prompt.shape[1] :])


def test_the_tokenizer_is_one_of_transformers(folder: Path) -> None:
    tokenizer = AutoTokenizer.from_pretrained(folder)
    text = "Lemma ∀ x,\n  b."
    assert tokenizer.decode(tokenizer(text).input_ids) == text
    assert tokenizer.eos_token == END
    assert tokenizer.model_max_length == 64
