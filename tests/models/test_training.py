"""Training: exact resumption, losses in bits per byte, hits of rows, the tokenizer, and the order of text."""

import itertools
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from domain import UserError
from models.memoryformer.dense import DenseFormer
from models.memoryformer.layer import MemoryHash
from models.memoryformer.model import MemoryFormer
from models.memoryformer.settings import Settings
from models.training import checkpoint
from models.training.buckets import BucketCounts, bucket_use
from models.training.packing import TYPE, TokenFile, write_tokens
from models.training.recipe import Architecture, Recipe
from models.training.tokenizer import END, byte_lengths, load_tokenizer, save_tokenizer, train_tokenizer
from models.training.trainer import Alone, Trainer, evaluate, heat, learning_rate, new_model

VOCABULARY = 19
SMALL: dict[str, Any] = {"width": 16, "blocks": 1, "heads": 2, "bits": 4}
RECIPE = Recipe(
    steps=5,
    context=8,
    batch=2,
    accumulate=2,
    warm_up=1,
    threads=1,
    evaluate_every=2,
    evaluation_tokens=64,
    checkpoint_every=2,
    start_temperature=3.0,
)
TEXTS = [f"Lemma l{n} : {n} + {m} = {m} + {n}. Proof. auto. Qed.\n" for n in range(9) for m in range(9)]


@pytest.fixture
def tokens(tmp_path: Path) -> Path:
    file = tmp_path / "tokens.bin"
    np.random.default_rng(0).integers(0, VOCABULARY, 700).astype(TYPE).tofile(file)
    return file


def trainer(tokens: Path, directory: Path, kind: str = "memoryformer", workers: Any = None) -> Trainer:
    text = TokenFile(tokens, RECIPE.context, seed=0)
    model = new_model(Architecture(kind=kind, **SMALL), VOCABULARY, seed=0)  # type: ignore[arg-type]
    lengths = np.arange(VOCABULARY) % 3
    return Trainer(model, RECIPE, text, text, lengths, directory, workers=workers, say=lambda _: None)


def told(directory: Path) -> list[dict[str, Any]]:
    """The metrics without times."""
    lines = [json.loads(line) for line in (directory / "metrics.jsonl").read_text().splitlines()]
    return [{k: v for k, v in line.items() if k not in ("seconds", "tokens_per_second")} for line in lines]


# ---------------------------------------------------------------------------------------------------- resumption


@pytest.mark.parametrize("kind", ["memoryformer", "dense"])
def test_a_resumed_training_tells_the_same_losses_bit_for_bit(tokens: Path, tmp_path: Path, kind: str) -> None:
    through = trainer(tokens, tmp_path / "through", kind)
    through.run()
    trainer(tokens, tmp_path / "stopped", kind).run(until=3)  # its last checkpoint is of step 3
    again = trainer(tokens, tmp_path / "stopped", kind)
    assert again.resume() == 3
    again.run()
    # What is evaluated at the stop is more than an uninterrupted training evaluates.
    more = [line for line in told(tmp_path / "stopped") if line["kind"] == "train" or line["step"] != 3]
    assert more == told(tmp_path / "through")
    for name, value in through.model.state_dict().items():
        assert torch.equal(value, again.model.state_dict()[name]), name


def test_what_a_killed_training_told_after_its_checkpoint_is_told_again(tokens: Path, tmp_path: Path) -> None:
    trainer(tokens, tmp_path / "through").run()
    killed = trainer(tokens, tmp_path / "killed")
    killed.run(until=4)
    file = tmp_path / "killed" / "metrics.jsonl"
    file.write_text(file.read_text() + json.dumps({"kind": "train", "step": 5, "bits_per_byte": 0}) + '\n{"kind": "tr')
    again = trainer(tokens, tmp_path / "killed")
    assert again.resume() == 4
    again.run()
    assert told(tmp_path / "killed") == told(tmp_path / "through")


def test_only_the_newest_checkpoints_stay(tokens: Path, tmp_path: Path) -> None:
    (tmp_path / "checkpoints" / ".step-half").mkdir(parents=True)  # of a process that was killed
    trainer(tokens, tmp_path).run()
    assert sorted(path.name for path in (tmp_path / "checkpoints").iterdir()) == ["step=000004", "step=000005"]


def test_checkpoints_are_in_the_order_of_their_steps(tokens: Path, tmp_path: Path) -> None:
    one = trainer(tokens, tmp_path)
    for step in (999_998, 999_999, 1_000_000, 1_000_001):
        checkpoint.save(tmp_path, step, one.model, one.optimizer, {"seconds": 0.0})
    kept = {path.name for path in (tmp_path / "checkpoints").iterdir()}
    assert kept == {"step=1000000", "step=1000001"}
    newest = checkpoint.newest(tmp_path)
    assert newest is not None
    assert checkpoint.load(newest, one.model, one.optimizer)["step"] == 1_000_001


def test_a_training_of_one_step_has_the_temperature_of_the_architecture() -> None:
    assert heat(RECIPE.model_copy(update={"steps": 1}), 0) == 1.0


def test_a_damaged_checkpoint_is_one_line(tokens: Path, tmp_path: Path) -> None:
    trainer(tokens, tmp_path).run(until=2)
    found = checkpoint.newest(tmp_path)
    assert found is not None
    (found / "optimizer.pt").write_bytes(b"half")
    with pytest.raises(UserError, match="damaged") as failure:
        trainer(tokens, tmp_path).resume()
    assert "\n" not in str(failure.value)


class Half(Alone):
    """One of two workers; the other one's gradients are computed by a trainer in the same process."""

    def __init__(self, rank: int, sent: list[list[torch.Tensor]]) -> None:
        self.rank, self.count, self.sent = rank, 2, sent

    def add(self, tensors: list[torch.Tensor]) -> None:
        if self.rank:
            self.sent.append([tensor.clone() for tensor in tensors])
            return
        for mine, theirs in zip(tensors, self.sent[-1], strict=True):
            mine.add_(theirs)


def test_two_workers_make_the_step_that_one_makes(tokens: Path, tmp_path: Path) -> None:
    alone = trainer(tokens, tmp_path / "alone")
    expected = alone.train_step()
    sent: list[list[torch.Tensor]] = []
    trainer(tokens, tmp_path / "b", workers=Half(1, sent)).train_step()
    first = trainer(tokens, tmp_path / "a", workers=Half(0, sent))
    got = first.train_step()
    assert got["bits_per_byte"] == pytest.approx(expected["bits_per_byte"], rel=1e-6)
    assert got["gradient_norm"] == pytest.approx(expected["gradient_norm"], rel=1e-5)
    for one, other in zip(alone.model.parameters(), first.model.parameters(), strict=True):
        assert torch.allclose(one, other, atol=1e-4)


# ---------------------------------------------------------------------------------------------------------- losses


def test_a_model_that_knows_nothing_pays_the_bits_of_a_token_over_its_bytes(tokens: Path) -> None:
    model = MemoryFormer(Settings(vocabulary=VOCABULARY, **SMALL))
    torch.nn.init.zeros_(model.head.weight)
    text = TokenFile(tokens, 8, seed=0)
    lengths = np.arange(VOCABULARY)
    told = evaluate(model, text.sample(10_000, 4), lengths)
    targets = text.tokens[1 : text.sequences * 8 + 1].astype(int)  # every token but the first is a target once
    assert (told.tokens, told.bytes) == (len(targets), int(lengths[targets].sum()))
    assert told.bits_per_token == pytest.approx(math.log2(VOCABULARY), rel=1e-5)
    assert told.bits_per_byte == pytest.approx(math.log2(VOCABULARY) * told.tokens / told.bytes, rel=1e-5)


@pytest.mark.parametrize("kind", ["memoryformer", "dense"])
def test_training_learns(tokens: Path, tmp_path: Path, kind: str) -> None:
    np.tile(np.arange(7), 100).astype(TYPE).tofile(tokens)
    one = trainer(tokens, tmp_path, kind)
    losses = [one.train_step()["bits_per_token"] for _ in range(20)]
    assert losses[-1] < 0.8 * losses[0]


def test_bfloat16_trains_float32_parameters(tokens: Path, tmp_path: Path) -> None:
    np.tile(np.arange(7), 100).astype(TYPE).tofile(tokens)
    exact, half = trainer(tokens, tmp_path / "a"), trainer(tokens, tmp_path / "b")
    half._recipe = RECIPE.model_copy(update={"arithmetic": "bfloat16"})  # pyright: ignore[reportPrivateUsage]
    losses = [half.train_step()["bits_per_token"] for _ in range(20)]
    assert losses[0] != exact.train_step()["bits_per_token"]
    assert losses[-1] < 0.8 * losses[0]
    assert {parameter.dtype for parameter in half.model.parameters()} == {torch.float32}


def test_the_learning_rate_rises_and_falls_as_said() -> None:
    recipe = Recipe(steps=101, warm_up=10, learning_rate=1.0, final_share=0.1)
    rates = [learning_rate(recipe, step) for step in range(101)]
    assert rates[0] == pytest.approx(1 / 11)
    assert rates[10] == pytest.approx(1.0) == max(rates)
    assert rates[55] == pytest.approx(0.55)
    assert rates[100] == pytest.approx(0.1)
    assert all(a > b for a, b in itertools.pairwise(rates[10:]))


def test_the_temperature_falls_geometrically_to_that_of_the_architecture(tokens: Path, tmp_path: Path) -> None:
    texts = TokenFile(tokens, RECIPE.context, seed=0)
    model = new_model(Architecture(temperature=0.5, **SMALL), VOCABULARY, seed=0)
    hot = Trainer(model, RECIPE, texts, texts, np.ones(VOCABULARY, int), tmp_path, say=lambda _: None)
    seen: list[float] = []
    model.register_forward_hook(
        lambda *_: seen.extend({part.temperature for part in model.modules() if isinstance(part, MemoryHash)})
    )
    for hot.step in range(RECIPE.steps):
        hot.train_step()
    assert seen[:: RECIPE.accumulate] == seen[1 :: RECIPE.accumulate]  # all micro-batches of a step
    assert seen[:: RECIPE.accumulate] == pytest.approx([0.5 * 3 ** (1 - step / 4) for step in range(5)])
    assert seen[-1] == 0.5


# ----------------------------------------------------------------------------------------------------- hits of rows


def test_hits_are_those_of_the_hashes_and_dead_rows_those_of_no_step(tokens: Path, tmp_path: Path) -> None:
    one = trainer(tokens, tmp_path)
    buckets: list[torch.Tensor] = []
    module = one.model.get_submodule("blocks.0.expand.hashing")
    assert isinstance(module, MemoryHash)
    module.register_forward_hook(lambda _, __, found: buckets.append(found.rows))
    counts = BucketCounts()
    with counts.counting(one.model), torch.no_grad():
        one.model(torch.arange(12).view(2, 6))
    hits = counts.hits["blocks.0.expand.hashing"]
    expected = [[(buckets[0][..., k] == row).sum().item() for row in range(16)] for k in range(4)]
    assert hits.tolist() == expected
    one.train_step()
    use = {use.place: use for use in bucket_use(counts, one.model, one.optimizer)}["blocks.0.expand.hashing"]
    steps = one.optimizer.state[one.model.get_parameter("blocks.0.expand.memory.tables")]["step"]
    assert use.hits_per_row == 12 / 16
    assert use.unhit == pytest.approx(hits.eq(0).double().mean().item())
    assert use.dead == pytest.approx((steps == 0).double().mean().item())
    assert 0 < use.effective < 1
    assert use.curve[0] == pytest.approx((hits.max(1).values / 12 * 16).double().mean().item(), abs=1e-3)


# ----------------------------------------------------------------------------------------------- tokenizer and text


def test_the_same_texts_give_the_same_tokenizer() -> None:
    assert train_tokenizer(TEXTS, 300).to_str() == train_tokenizer(iter(TEXTS), 300).to_str()


def test_tokens_are_bytes_of_any_text(tmp_path: Path) -> None:
    tokenizer = train_tokenizer(TEXTS, 300)
    save_tokenizer(tokenizer, tmp_path, context=8)
    again = load_tokenizer(tmp_path)
    lengths = byte_lengths(again)
    text = "Lemma ünïcode : ∀ x, x ≤ 𝔸\t\r\n  x."
    ids = again.encode(text).ids
    assert again.decode(ids) == text
    assert lengths[ids].sum() == len(text.encode())
    assert lengths[again.token_to_id(END)] == 0


def test_documents_are_packed_with_an_end_before_each(tmp_path: Path) -> None:
    tokenizer = train_tokenizer(TEXTS, 280)
    count = write_tokens(TEXTS, tokenizer, tmp_path / "t.bin")
    written = np.fromfile(tmp_path / "t.bin", TYPE)
    assert len(written) == count
    end = tokenizer.token_to_id(END)
    assert (written == end).sum() == len(TEXTS)
    assert tokenizer.decode(list(written)) == "".join(TEXTS)


def test_an_epoch_reads_each_sequence_once_in_an_order_of_its_own(tokens: Path) -> None:
    text = TokenFile(tokens, 8, seed=3)
    count = text.sequences
    two = text.draw(0, 2 * count)
    everything = sorted(map(tuple, text.read(range(count))))
    assert sorted(map(tuple, two[:count])) == sorted(map(tuple, two[count:])) == everything
    assert not np.array_equal(two[:count], two[count:])
    assert np.array_equal(TokenFile(tokens, 8, seed=3).draw(count - 3, 6), two[count - 3 : count + 3])
    assert not np.array_equal(TokenFile(tokens, 8, seed=4).draw(0, count), two[:count])


# ------------------------------------------------------------------------------------------------- the dense model


@torch.no_grad()
def test_the_dense_model_with_a_cache_is_the_one_without() -> None:
    torch.manual_seed(0)
    model = DenseFormer(Settings(vocabulary=11, width=16, blocks=2, heads=2)).double()
    tokens = torch.arange(9).view(1, 9)
    cache = model.new_cache(1, 9)
    parts = torch.cat((model(tokens[:, :5], cache), model(tokens[:, 5:], cache)), dim=1)
    assert torch.allclose(parts, model(tokens), atol=1e-12)


def test_a_saved_dense_model_is_a_dense_model(tmp_path: Path) -> None:
    model = DenseFormer(Settings(vocabulary=11, width=16, blocks=2, heads=2))
    model.save_pretrained(tmp_path / "one")
    again = DenseFormer.from_pretrained(tmp_path / "one")
    assert torch.equal(again(torch.tensor([[1, 2]])), model(torch.tensor([[1, 2]])))
    with pytest.raises(UserError, match="lemmary_dense"):
        MemoryFormer.from_pretrained(tmp_path / "one")


def test_a_dense_block_has_the_parameters_that_the_paper_counts() -> None:
    model = DenseFormer(Settings(vocabulary=11, width=16, blocks=1, heads=2))
    matrices = sum(parameter.numel() for parameter in model.blocks.parameters() if parameter.dim() == 2)
    assert matrices == 12 * 16**2
