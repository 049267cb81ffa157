"""The page about the configuration is what the code says."""

from pathlib import Path

from pipeline.config import RunSettings
from pipeline.config_page import page


def test_the_committed_page_is_the_generated_one(repository: Path) -> None:
    committed = (repository / "docs" / "configuration.md").read_text()
    assert committed == page(), "the settings have changed: run `make docs`"


def test_every_setting_of_a_run_has_its_line() -> None:
    for name in RunSettings.model_fields:
        assert f"`{name}`" in page() or f"## {name}" in page()
