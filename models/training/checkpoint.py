"""What a training run leaves on disk to go on from: `checkpoints/step=000200/`.

Invariant: a folder of this name is whole. It is written under another name, synced and renamed; only then is an older
one removed. Parameters, optimizer and position are stored exactly, so what follows is what would have followed.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import tempfile
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import nn

from domain import UserError

FOLDER = "checkpoints"
KEPT = 2
"""Checkpoints that are kept; older ones are removed."""

_WEIGHTS, _OPTIMIZER, _STATE = "model.safetensors", "optimizer.pt", "state.json"
_NAME = re.compile(r"step=(\d+)")


def save(directory: Path, step: int, model: nn.Module, optimizer: torch.optim.Optimizer, state: dict[str, Any]) -> Path:
    """Write the checkpoint after `step` steps; returns its folder."""
    folder = directory / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    whole = Path(tempfile.mkdtemp(prefix=".step-", dir=folder))
    target = folder / f"step={step:06d}"
    try:
        save_file({name: value.contiguous() for name, value in model.state_dict().items()}, whole / _WEIGHTS)
        torch.save(optimizer.state_dict(), whole / _OPTIMIZER)
        (whole / _STATE).write_text(json.dumps(state | {"step": step}, indent=1) + "\n")
        for file in whole.iterdir():
            _sync(file)
        whole.chmod(0o755)
        if target.exists():  # left by a run that was stopped before it wrote its metrics; removed below
            target.rename(whole.with_name(f"{whole.name}-before"))
        whole.rename(target)
        _sync(folder)
    except BaseException:
        shutil.rmtree(whole, ignore_errors=True)
        raise
    for old in [*_whole(directory)[:-KEPT], *folder.glob(".step-*")]:
        shutil.rmtree(old)
    return target


def newest(directory: Path) -> Path | None:
    """The checkpoint with the most steps, if there is one."""
    found = _whole(directory)
    return found[-1] if found else None


def load(folder: Path, model: nn.Module, optimizer: torch.optim.Optimizer) -> dict[str, Any]:
    """Bring model and optimizer to the state of a checkpoint; returns what `save` was given as `state`, and `step`.

    Raises:
        UserError: the folder is damaged, or is of another model.
    """
    try:
        model.load_state_dict(load_file(folder / _WEIGHTS))
        optimizer.load_state_dict(torch.load(folder / _OPTIMIZER, weights_only=True))
        state = json.loads((folder / _STATE).read_text())
        if state["step"] != int(folder.name.partition("=")[2]):
            raise ValueError(f"{_STATE} is of step {state['step']}")
        return state
    except Exception as error:  # torch and safetensors raise many kinds for a file that is cut short
        raise UserError(f"{folder} is damaged ({' '.join(str(error).split())[:120]}): remove it to resume") from error


def _whole(directory: Path) -> list[Path]:
    """Checkpoints by their steps; from a million on the names have more digits than before."""
    found = {path: _NAME.fullmatch(path.name) for path in (directory / FOLDER).glob("step=*")}
    return sorted((path for path, name in found.items() if name), key=lambda path: int(path.name.partition("=")[2]))


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
