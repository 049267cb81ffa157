"""docs/check.md, run as it stands: the files that it makes, the commands that it shows and what they print."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.__main__ import main


def measured_away(text: str) -> str:
    """The text without what differs from run to run and from installation to installation."""
    text = re.sub(r'\d+\.\d+ CPU seconds|"seconds": \d+\.\d+', "SECONDS", text)
    return re.sub(r"rocq \d[\d.]*", "rocq VERSION", text).strip()


def test_the_page_shows_what_its_commands_print(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")  # as if activated
    blocks = re.findall(
        r"^```(\w*)\n(.*?)^```$", (repository / "docs" / "check.md").read_text(), re.DOTALL | re.MULTILINE
    )
    shown = 0
    for language, block in blocks:
        if language == "sh":
            subprocess.run(["bash", "-e"], input=block, text=True, check=True)
        elif block.startswith("$ python -m pipeline "):
            command, _, output = block.partition("\n")
            main(shlex.split(command)[4:])
            assert measured_away(capsys.readouterr().out) == measured_away(output)
            shown += 1
    assert shown == 4
