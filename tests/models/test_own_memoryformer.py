"""The MemoryFormer that comes with the project is what its configuration made, and vLLM serves it under its name."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from models import MEMORYFORMER, model_path
from models.memoryformer.model import MemoryFormer
from models.memoryformer.storage import table_type
from models.training.packing import TokenFile
from models.training.tokenizer import byte_lengths, load_tokenizer
from models.training.trainer import evaluate
from pipeline.corpora.rocq import stdlib_folder
from pipeline.training.corpus import prepare
from pipeline.training.settings import TrainSettings
from pipeline.typed_yaml import read

FOLDER = model_path(MEMORYFORMER)

IN_VLLM = """
from actors.local_engine import EngineSettings, LocalEngine
from domain import Prompt
from models import MEMORYFORMER

engine = LocalEngine(EngineSettings(name=MEMORYFORMER, context=512))
prompt = Prompt("", "Lemma add_comm : forall n m : nat, n + m = m + n.", "Proof.")
(answer,) = engine.generate([prompt], max_tokens=48, temperature=0.0, seed=0)
engine.close()
print(engine.describe().name, answer.tokens_out, repr(answer.text))
"""


@pytest.fixture(scope="module")
def settings(repository: Path) -> TrainSettings:
    return read(TrainSettings, repository / "configs" / f"{MEMORYFORMER}.yaml")


def test_it_is_small_and_of_its_configuration(settings: TrainSettings) -> None:
    model = MemoryFormer.from_pretrained(FOLDER)
    assert table_type(model) == "int8"
    assert model.settings == settings.model.settings(settings.tokenizer.vocabulary)
    assert json.loads((FOLDER / "summary.json").read_text())["steps"] == settings.recipe.steps
    assert sum(file.stat().st_size for file in FOLDER.iterdir()) < 20e6


def test_it_predicts_held_out_text_as_well_as_was_recorded(settings: TrainSettings, tmp_path: Path) -> None:
    """With the same standard library the corpus is the same, so a change of how it is made is seen."""
    if not stdlib_folder().is_dir():
        pytest.skip("Coq's standard library is not installed")
    version = subprocess.run(["coqc", "-print-version"], capture_output=True, text=True, check=True).stdout.split()[0]
    if version != "8.16.1":
        pytest.skip(f"it was trained on the standard library of Coq 8.16.1, and this is {version}")
    manifest = prepare(settings, tmp_path, lambda _: None)
    recorded = json.loads((FOLDER / "corpus.json").read_text())
    assert manifest["sha256"] == recorded["sha256"]
    recipe, corpus = settings.recipe, tmp_path / "corpus"
    lengths = byte_lengths(load_tokenizer(corpus))
    sample = TokenFile(corpus / "held_out.bin", recipe.context, settings.seed)
    found = evaluate(
        MemoryFormer.from_pretrained(FOLDER), sample.sample(recipe.evaluation_tokens, recipe.batch), lengths
    )
    told = json.loads((FOLDER / "summary.json").read_text())["stored"]["int8"]["bits_per_byte"]
    assert found.bits_per_byte == pytest.approx(told, abs=2e-3)


@pytest.mark.acceptance
def test_vllm_serves_it_by_name_and_it_writes_rocq(repository: Path) -> None:
    done = subprocess.run([sys.executable, "-c", IN_VLLM], cwd=repository, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    name, tokens, text = done.stdout.splitlines()[-1].split(maxsplit=2)
    assert (name, tokens) == (MEMORYFORMER, "48")
    assert any(tactic in text for tactic in ("intro", "induction", "simpl", "auto", "rewrite"))
