"""Configuration: what is read is what was written, and each mistake names its key."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from domain import UserError
from models import OWN_MODELS
from pipeline.config import read, resolve
from pipeline.typed_yaml import dump


def test_every_shipped_configuration_reads(repository: Path) -> None:
    files = [file for file in (repository / "configs").glob("*.yaml") if not file.name.startswith("memoryformer_")]
    assert files
    for file in files:
        settings = read(file)
        assert resolve(yaml.safe_load(dump(settings))) == settings


def test_an_unknown_key_is_named_with_its_file(tmp_path: Path) -> None:
    file = tmp_path / "c.yaml"
    file.write_text("prove:\n  lemas: 3\n")
    with pytest.raises(UserError, match=r"c\.yaml: unknown key `prove\.lemas`"):
        read(file)


def test_a_bound_is_held_and_named() -> None:
    with pytest.raises(UserError, match=r"rounds: .*greater than or equal to 1"):
        resolve({"rounds": 0})


def test_overrides_reach_into_groups_and_lists() -> None:
    tree = {"problems": [{"dataset": "bundled"}]}
    settings = resolve(tree, ("prove.lemmas=7", "problems.0.limit=2"))
    assert settings.prove.lemmas == 7
    assert settings.problems[0].limit == 2


@pytest.mark.parametrize("override", ["rounds", "problems.4.limit=1", "seed.deep=1"])
def test_an_override_that_fits_nowhere_is_refused(override: str) -> None:
    with pytest.raises(UserError, match="--set"):
        resolve({"seed": 1, "problems": [{"dataset": "bundled"}]}, (override,))


def test_an_endpoint_without_a_model_name_is_refused() -> None:
    with pytest.raises(UserError, match=r"^configuration: model\.name: an endpoint needs the name of its model$"):
        resolve({"model": {"kind": "endpoint"}})


def test_only_a_local_model_has_replicas() -> None:
    assert resolve({"model": {"replicas": 2}}).model.replicas == 2
    with pytest.raises(UserError, match=r"model\.replicas: only a model of kind local"):
        resolve({"model": {"kind": "endpoint", "name": "large", "replicas": 2}})


def test_a_local_model_is_one_that_is_known_or_a_folder() -> None:
    for name in ("", *OWN_MODELS):
        assert resolve({"model": {"name": name}}).model.name == name
    assert resolve({"model": {"name": "mine", "path": "models/mine"}}).model.path == Path("models/mine")
    with pytest.raises(
        UserError, match=r"model\.name: 'mine' is none of SmolLM2.*, memoryformer_small; or set model\."
    ):
        resolve({"model": {"name": "mine"}})


def test_a_missing_file_says_where_examples_are(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="configs/"):
        read(tmp_path / "none.yaml")
