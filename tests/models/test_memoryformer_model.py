"""Block and model: the formulas of the block, causality, cache against none, sampling, and files.

Where two ways of computing are compared, it is in double precision: a rounding of 1e-7 can flip a bit of a hash.
"""

import dataclasses
import json
import math
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from domain import UserError
from models.memoryformer.block import BlockCache, MemoryBlock, rotate
from models.memoryformer.model import MemoryFormer, read_settings
from models.memoryformer.settings import PUBLISHED, Settings

SMALL = Settings(vocabulary=19, width=32, blocks=2, heads=2, bits=4)


def model(settings: Settings = SMALL) -> MemoryFormer:
    torch.manual_seed(0)
    return MemoryFormer(dataclasses.replace(settings, table_std=0.5)).double()


def tokens(batch: int, length: int) -> Tensor:
    return torch.randint(SMALL.vocabulary, (batch, length), generator=torch.Generator().manual_seed(3))


# -------------------------------------------------------------------------------------------------------------- block


def test_block_is_what_the_formulas_say() -> None:
    """Head by head and position by position, from the block's parameters."""
    torch.manual_seed(0)
    settings = dataclasses.replace(SMALL, table_std=0.5, score="paper")
    block = MemoryBlock(settings).double()
    x = torch.randn(1, 6, settings.width, dtype=torch.double)
    attention, size, turned = block.attention, settings.head_width, settings.rotary_entries
    buckets = attention.hashing(x / (x.square().mean(-1, keepdim=True) + settings.norm_epsilon).sqrt())
    query, key, value = (tables(buckets)[0] for tables in (attention.query, attention.key, attention.value))

    def turn(head: Tensor, place: int) -> Tensor:
        out = head.clone()
        for i in range(turned // 2):
            angle = torch.tensor(place * settings.rotary_base ** (-2 * i / turned), dtype=torch.double)
            a, b = head[i], head[i + turned // 2]
            out[i], out[i + turned // 2] = a * angle.cos() - b * angle.sin(), b * angle.cos() + a * angle.sin()
        return out

    z = x[0].clone()
    for place in range(6):
        for head in range(settings.heads):
            part = slice(head * size, (head + 1) * size)
            fits = [turn(query[place, part], place) @ turn(key[j, part], j) / size**0.5 for j in range(place + 1)]
            z[place, part] += torch.stack(fits).softmax(0) @ value[: place + 1, part]
    hidden = block.expand(z / (z.square().mean(-1, keepdim=True) + settings.norm_epsilon).sqrt())
    centred = hidden - hidden.mean(-1, keepdim=True)
    hidden = centred / (centred.square().mean(-1, keepdim=True) + settings.norm_epsilon).sqrt()
    assert torch.allclose(block(x)[0], z + block.contract(hidden), rtol=1e-10, atol=1e-12)


def test_shapes_of_the_published_sizes() -> None:
    for settings in PUBLISHED.values():
        with torch.device("meta"):
            block = MemoryBlock(settings)
            x = torch.empty(3, 5, settings.width)
        k, d = settings.chunks, settings.width
        assert block.attention.query.tables.shape == (k * 256, d)
        assert block.expand.memory.tables.shape == (k * 256, 10 * k)
        assert block.contract.memory.tables.shape == (k * 1024, d)
        assert block(x).shape == (3, 5, d)


def test_rotation_depends_on_the_distance_of_positions_alone() -> None:
    head = torch.randn(2, 1, 1, 1, 8, dtype=torch.double)

    def fit(first: int, second: int) -> Tensor:
        turned = [rotate(head[i], torch.tensor([place]), 4, 100.0) for i, place in enumerate((first, second))]
        return (turned[0] * turned[1]).sum()

    assert torch.allclose(fit(3, 5), fit(10, 12))
    assert not torch.allclose(fit(3, 5), fit(3, 6))


# -------------------------------------------------------------------------------------------------------------- model


def test_a_token_changes_nothing_before_it() -> None:
    one = tokens(2, 9)
    other = one.clone()
    other[:, 5] = (other[:, 5] + 1) % SMALL.vocabulary
    before, after = model()(one), model()(other)
    assert before.shape == (2, 9, SMALL.vocabulary)
    assert torch.allclose(before[:, :5], after[:, :5], rtol=0, atol=1e-12)
    assert (before[:, 5:] - after[:, 5:]).abs().amax(-1).min() > 1e-6


@pytest.mark.parametrize("parts", [(9,), (1,) * 9, (4, 1, 1, 3), (1, 5, 3)])
@torch.no_grad()
def test_cache_gives_the_logits_that_no_cache_gives(parts: tuple[int, ...]) -> None:
    language_model, text = model(), tokens(3, 9)
    cache = language_model.new_cache(3, 9)
    pieces = [language_model(piece, cache) for piece in text.split(parts, dim=1)]
    assert torch.allclose(torch.cat(pieces, dim=1), language_model(text), rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("parts", [(9,), (1,) * 9, (4, 2, 3)])
@torch.no_grad()
def test_padding_changes_nothing(parts: tuple[int, ...]) -> None:
    """Wherever it stands: before, between and after the tokens of a row."""
    language_model, text = model(), tokens(4, 9)
    present = torch.ones(4, 9, dtype=torch.bool)
    present[1, :4] = present[2, 7:] = present[3, 2:5] = False
    cache = language_model.new_cache(4, 9)
    pieces = [
        language_model(piece, cache, present[:, : cache[0].length + piece.shape[1]]) for piece in text.split(parts, 1)
    ]
    for row, kept, logits in zip(text, present, torch.cat(pieces, dim=1), strict=True):
        assert torch.allclose(logits[kept], language_model(row[kept][None])[0], rtol=1e-10, atol=1e-12)


def test_shorter_prompts_are_continued_as_if_alone() -> None:
    language_model, prompt = model(), tokens(2, 6)
    present = torch.tensor([[True] * 6, [False] * 4 + [True] * 2])
    together = language_model.generate(prompt, 5, present=present)
    assert torch.equal(together[:1], language_model.generate(prompt[:1], 5))
    assert torch.equal(together[1:, 4:], language_model.generate(prompt[1:, 4:], 5))


def test_a_full_cache_says_so() -> None:
    language_model = model()
    cache = language_model.new_cache(1, 4)
    with torch.no_grad(), pytest.raises(ValueError, match="room for 4 positions, and 5 are needed"):
        language_model(tokens(1, 5), cache)


def test_an_empty_cache_is_a_cache() -> None:
    cache = BlockCache.empty(SMALL, 1, 2, torch.empty(0, dtype=torch.double))
    with torch.no_grad():
        MemoryBlock(SMALL).double()(torch.randn(1, 2, SMALL.width, dtype=torch.double), cache)
    assert cache.length == 2


def test_greedy_generation_takes_the_likeliest_token_each_time() -> None:
    language_model, prompt = model(), tokens(2, 3)
    text = language_model.generate(prompt, 5)
    assert text.shape == (2, 8)
    assert torch.equal(text[:, :3], prompt)
    assert torch.equal(text[:, 3:], language_model(text[:, :-1])[:, 2:].argmax(-1))


def test_sampling_follows_its_seed() -> None:
    language_model, prompt = model(), tokens(4, 2)
    first, again, other = (language_model.generate(prompt, 12, temperature=1.0, seed=seed) for seed in (7, 7, 8))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_a_few_steps_of_descent_lower_the_loss() -> None:
    language_model, text = model(), tokens(4, 10)
    optimizer = torch.optim.Adam(language_model.parameters(), lr=0.02)
    losses: list[float] = []
    for _ in range(8):
        logits = language_model(text[:, :-1])
        loss = torch.nn.functional.cross_entropy(logits.flatten(0, 1), text[:, 1:].flatten())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.6 * losses[0]


# -------------------------------------------------------------------------------------------------------------- files


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_a_saved_model_comes_back_bit_for_bit(tmp_path: Path, dtype: torch.dtype) -> None:
    saved = model(dataclasses.replace(SMALL, score="paper", temperature=0.75)).to(dtype)
    saved.save_pretrained(tmp_path / "models" / "one")
    loaded = MemoryFormer.from_pretrained(tmp_path / "models" / "one")
    assert loaded.settings == saved.settings
    assert loaded.state_dict().keys() == saved.state_dict().keys()
    for name, tensor in saved.state_dict().items():
        assert loaded.state_dict()[name].dtype == dtype
        assert torch.equal(loaded.state_dict()[name], tensor)
    assert torch.equal(loaded(tokens(2, 6)), saved(tokens(2, 6)))
    assert all(parameter.requires_grad for parameter in loaded.parameters())
    assert json.loads((tmp_path / "models" / "one" / "config.json").read_text())["model_type"] == "memoryformer"
    assert [folder.name for folder in (tmp_path / "models").iterdir()] == ["one"]


def test_a_model_is_not_saved_over_another(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="exists"):
        model().save_pretrained(tmp_path)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"model_type": "llama"}, "model_type is 'llama'"),
        ({"heads": 3}, "no multiple of"),
        ({"score": "best"}, "score: Input should be 'paper' or 'official'"),
        ({"temperature": "warm"}, "temperature: Input should be a valid number"),
        ({"temperature": math.nan}, "temperature is nan"),
        ({"width": None}, "width: Input should be a valid integer"),
        ({"blocks": 3}, "Missing key"),
        ({"width": 64}, "size mismatch"),
    ],
)
def test_a_wrong_config_is_one_line(tmp_path: Path, change: dict[str, Any], complaint: str) -> None:
    model().save_pretrained(tmp_path / "one")
    file = tmp_path / "one" / "config.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | change))
    with pytest.raises(UserError, match=complaint) as failure:
        MemoryFormer.from_pretrained(tmp_path / "one")
    assert "\n" not in str(failure.value)


def test_a_folder_without_a_model_is_said_to_be_none(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"config\.json"):
        read_settings(tmp_path)


def test_the_example_of_the_page_runs(repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    example = (repository / "docs" / "memoryformer.md").read_text().partition("```python\n")[2].partition("```")[0]
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    exec(example, names)
    assert names["text"].shape == (1, 8)
    assert names["model"].settings.vocabulary == 256


def test_settings_are_read_without_torch(repository: Path) -> None:
    code = "import sys; from models.memoryformer.settings import PUBLISHED; print('torch' in sys.modules)"
    said = subprocess.run([sys.executable, "-c", code], cwd=repository, capture_output=True, text=True, check=True)
    assert said.stdout == "False\n"


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"bits": 15}, "bits 15 and extra_bits 2"),
        ({"width": 30}, "width 30"),
        ({"blocks": 0}, "blocks is 0"),
        ({"temperature": 0.0}, "temperature is 0"),
        ({"temperature": math.inf}, "temperature is inf"),
        ({"blocks": 10**7}, "blocks is 10000000"),
        ({"norm_epsilon": math.nan}, "norm_epsilon is nan"),
        ({"score": "best"}, "score is 'best'"),
        ({"rotary_fraction": 0.2}, "rotary_fraction"),
    ],
)
def test_impossible_settings_are_refused(change: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        dataclasses.replace(SMALL, **change)
